"""Drop duplicates of every kind, look at the clusters, and remember what was kept.

    python examples/drop_duplicates.py

The pages are made here, so that it is plain what is a copy of what.
"""

import tempfile
from pathlib import Path

import webfilter as wf

STORY = (
    "The old bridge over the river was closed on Monday, after divers had found that two of its "
    "nine piers were hollow. Nobody knows how long they had been so. The town will build a ferry "
    "for the summer, and hopes that the ministry pays for new piers before the ice comes, since a "
    "ferry cannot run in the ice and the next bridge is an hour away. Until then the school on the "
    "far side teaches its pupils in the fire station, which is glad of the company. The mayor says "
    "that she has crossed the bridge every day of her life and never once looked down."
)
KINDS = ("kept", "dropped")
MENU = "Home | News | Sport | Log in"


def page(name: str, text: str, host: str) -> wf.Document:
    """Return a page of a site, menu and all."""
    return wf.Document(name, f"{MENU}\n\n{text}", url=f"https://{host}/{name}")


PAGES = [
    page("bridge", STORY, "paper.example"),
    page("bridge-print", STORY, "paper.example"),
    page("bridge-edited", STORY.replace("Monday", "Tuesday") + " (Updated.)", "paper.example"),
    page("quote", f"The paper writes: {STORY[:420]} We disagree.", "blog.example"),
    page("ice", "Ice floats because it is lighter than the water around it.", "paper.example"),
    page("salt", "Salt dissolves because water pulls its ions apart.", "paper.example"),
]


def main() -> None:
    """Run the stages and print what became of each page."""
    pipe = (
        wf.ExactDedup()
        | wf.MinHash(prefer="-length, url")
        | wf.LineDedup(max_pages=2)
        | wf.SubstringDedup()
    )
    # Windows removes no index that is open
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        report = pipe.run(PAGES, Path(folder, "run"), progress=False)
        for doc in wf.read([Path(folder, "run", kind) for kind in KINDS], verdicts=True):
            print(f"== {doc.id}: {doc.verdict or 'kept'}")
            if doc.live:
                print(doc.text)
        print(report.clusters("minhash").diff(0))

        index = wf.MinHashIndex.create(Path(folder, "index"), wf.MinHash(threshold=0.6))
        index.add(wf.read(Path(folder, "run", "kept")))
        tomorrow = [wf.Document("copy", STORY + " Read more."), wf.Document("new", STORY[::-1])]
        for doc in wf.SeenIn(Path(folder, "index"))(tomorrow):
            print(f"== {doc.id}: {doc.verdict or 'kept'}")


if __name__ == "__main__":
    main()
