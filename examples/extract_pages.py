"""HTML to Markdown: one engine after another on the same page, then a whole crawl by drafts.

    python examples/extract_pages.py [INPUT ...]

The default engine says how sure it is of each text; the others are there to compare. The second
half filters fast drafts of all pages first, and extracts with care only what can still be kept.
Without an input it takes the embedded sample.
"""

import argparse
import tempfile
from pathlib import Path

import webfilter as wf

SAMPLE = Path(__file__).parent / "data" / "sample.warc.gz"


def main() -> None:
    """Extract the first page five ways; filter all of them by drafts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", default=[str(SAMPLE)])
    args = parser.parse_args()

    first = next(doc for doc in wf.read.files(args.inputs) if doc.html)
    for engine in ("auto", "blocks", "trafilatura", "resiliparse", "plain"):
        [page] = wf.Extract(engine=engine, markdown=True)([first])
        sure = page.signals["extract_confidence"]
        print(f"{engine}: {len(page.text)} characters, confidence {sure}")
        if engine == "auto":
            print({key: value for key, value in page.meta.items() if key in ("title", "author")})
            print(page.text[:400])
    print()

    fast = wf.recipe("educational").cascaded()
    out = Path(tempfile.mkdtemp(prefix="webfilter-"))
    report = fast.run(wf.read.files(args.inputs), out)
    print(report)
    print(report.audit())


if __name__ == "__main__":
    main()
