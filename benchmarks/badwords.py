"""What do the lists of `BadWords` meet, and what does it drop?

    python benchmarks/badwords.py train.jsonl.xz fineweb_sample.jsonl.xz [--crawl pages-*.warc.gz]

JSON Lines with ``text``; ``edu`` where careful readers labeled them. The crawl is extracted by the
fast engine. For each: texts, those with any match (what C4's rule drops), those that the default
drops, and of those labeled 2.5 or more.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import webfilter as wf


def main() -> None:
    """Count from the command line."""
    parser = argparse.ArgumentParser(description="Count what BadWords meets and drops.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--crawl", nargs="*", default=[])
    args = parser.parse_args()
    sets = {path.name: [d for d in wf.read.jsonl(path) if d.live] for path in args.files}
    if args.crawl:
        pages = wf.Extract(engine="resiliparse").process(list(wf.read(args.crawl)))
        sets["crawl"] = [doc for doc in pages if doc.live and doc.text]
    print("| texts | number | any match | dropped | labeled 2.5 or more | of these any | dropped |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, docs in sets.items():
        good = [doc for doc in docs if float(doc.meta.get("edu") or 0) >= 2.5]
        counts = (*met(docs), *(met(good) if good else ("", "", "")))
        print(f"| {name} | " + " | ".join(map(str, counts)) + " |")


def met(docs: Sequence[wf.Document]) -> tuple[int, int, int]:
    """Return the number of documents, of those with any match and of those dropped."""
    marked = wf.BadWords().process(docs)
    matched = sum(bool(doc.signals["bad_words"]) for doc in marked)
    return len(docs), matched, sum(not doc.live for doc in marked)


if __name__ == "__main__":
    main()
