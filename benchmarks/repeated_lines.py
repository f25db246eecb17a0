"""Do pages teach less whose lines repeat?

    python benchmarks/repeated_lines.py pages-*.warc.gz --pages wcxb-dev/pages.jsonl.xz \
        --labels train.jsonl.xz

FineWeb drops a page if lines that it has had before hold .01 of its characters; FineWeb-2, and the
recipe `educational`, if they hold .1. Lines of code do not count here. Pages that pass every other
filter of the recipe are sorted by that share, and the labels of their excerpts by readers, who saw
no pages, are averaged. Then the pages are counted that the recipe keeps with each of three limits.
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import webfilter as wf

SHARE = "fineweb_duplicate_line_character_ratio"
BANDS = ((-1, 0), (0, 0.01), (0.01, 0.03), (0.03, 0.1), (0.1, 1))
"""From more than the first number to the second."""
LIMITS = (0.01, 0.03, 0.1)
LEFT = ("extract", "exact_dedup", "minhash", "educational")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("crawl", nargs="+", help="WARC files")
    parser.add_argument("--pages", type=Path, help="JSON Lines with html and url")
    parser.add_argument(
        "--labels", type=Path, required=True, help="JSON Lines with url, edu, clean"
    )
    options = parser.parse_args()

    labels = defaultdict(list)
    for row in rows(options.labels):
        if row["url"]:
            labels[row["url"]].append((row["edu"], row["clean"]))
    recipe = [step for step in wf.recipe("educational").steps if step.name != "extract"]
    steps = [step for step in recipe if step.name not in LEFT]
    pipe = wf.Pipeline(tuple(with_limit(steps, None)))
    found = defaultdict(list)
    texts = list(pages(options.crawl, options.pages))
    for doc in pipe.kept(texts):
        if doc.url in labels:
            found[band(float(doc.signals[SHARE] or 0))].append(labels[doc.url])
    print("repeated lines          pages  excerpts  educational  at least 2.5  clean")
    for low, high in BANDS:
        read = np.array([label for page in found[low, high] for label in page] or [(0, 0)])
        name = f"above {low} up to {high}" if high else "none"
        print(
            f"{name:<22}  {len(found[low, high]):>6}  {len(read):>8}  {read[:, 0].mean():>11.2f}  "
            f"{(read[:, 0] >= 2.5).mean():>12.3f}  {read[:, 1].mean():>5.2f}"
        )
    for most in LIMITS:
        kept = sum(1 for _ in wf.Pipeline(tuple(with_limit(recipe, most))).kept(texts))
        print(f"the recipe with a limit of {most} keeps {kept} pages")


def with_limit(steps: Sequence[Any], most: float | None) -> list[Any]:
    """Return the steps with this limit on repeated lines in FineWeb's rules."""
    return [
        replace(step, max_duplicate_line_character_ratio=most)
        if isinstance(step, wf.FineWebQuality)
        else step
        for step in steps
    ]


def band(share: float) -> tuple[float, float]:
    """Return the band of `BANDS` that a share is in."""
    return next((low, high) for low, high in BANDS if low < share <= high)


def pages(crawl: Sequence[str], more: Path | None) -> Iterator[wf.Document]:
    """Yield the English pages of the files as texts."""
    english = wf.Extract() | wf.Language({"en"}, count_code=False)
    for doc in english.kept(as_fetched(crawl, more)):
        yield wf.Document(doc.id, doc.text, url=doc.url)


def as_fetched(crawl: Sequence[str], more: Path | None) -> Iterator[wf.Document]:
    """Yield the pages of WARC files and of JSON Lines as HTML."""
    yield from wf.read(list(crawl))
    if more is not None:
        for row in rows(more):
            yield wf.Document(row["id"], html=row["html"].encode(), url=row["url"])


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a compressed file of JSON Lines."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    main()
