"""How often is what a page declares about itself right, and what does finding it cost?

    python benchmarks/extraction_metadata.py WCXB/pages.jsonl.xz [--peers]

WCXB is the development set of the Web Content Extraction Benchmark: pages with title, author and
publication date as people read them, where there is one. Compared without case and punctuation
(dates: as ``yyyy-mm-dd``).

- right: equal, of the pages that have a value.
- precise: equal, of the pages that have a value and where the program told one.
- told: pages on which it told something, with or without a known value.
- word F1: mean over the pages that have a value.

``--peers`` adds trafilatura's ``extract_metadata``. One thread; milliseconds are processor time.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import statistics
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from webfilter.extract.metadata import page_metadata

GOLD = {"title": "title", "author": "author", "date_published": "publish_date"}


def words(text: str | None) -> str:
    """Return `text` without case and punctuation."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text or "").lower()))


def f1(one: str, other: str) -> float:
    """Return the word F1 of two texts."""
    both = (Counter(one.split()) & Counter(other.split())).total()
    return 2 * both / (len(one.split()) + len(other.split())) if both else 0.0


def ours(page: dict[str, Any]) -> dict[str, str]:
    """Return what we find."""
    return page_metadata(page["html"], page["url"])


def trafilatura(page: dict[str, Any]) -> dict[str, str | None]:
    """Return what trafilatura finds."""
    from trafilatura import extract_metadata

    found = extract_metadata(page["html"], default_url=page["url"])
    return {"title": found.title, "author": found.author, "date_published": found.date}


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--peers", action="store_true", help="measure trafilatura too")
    options = parser.parse_args()
    with lzma.open(options.pages, "rt", encoding="utf-8") as file:
        pages = [json.loads(line) for line in file]
    finders: dict[str, Callable[[dict[str, Any]], Any]] = {"webfilter": ours}
    if options.peers:
        finders["trafilatura"] = trafilatura
    found, cost = {}, {}
    for name, find in finders.items():
        results, seconds = [], []
        find(pages[0])
        for page in pages:
            began = time.process_time()
            results.append(find(page))
            seconds.append(time.process_time() - began)
        found[name], cost[name] = results, seconds
    print("| | ms, mean | median | most |\n| --- | --- | --- | --- |")
    for name, seconds in cost.items():
        figures = (statistics.mean(seconds), statistics.median(seconds), max(seconds))
        print(f"| {name} |", " | ".join(f"{1000 * figure:.2f}" for figure in figures), "|")
    print("\n| field | | known | told | right | precise | word F1 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for field, gold in GOLD.items():
        for name, results in found.items():
            pairs = [
                (words(page[gold]), words(result.get(field)))
                for page, result in zip(pages, results, strict=True)
            ]
            known = [pair for pair in pairs if pair[0]]
            right = sum(wanted == got for wanted, got in known)
            told = sum(bool(got) for _, got in known)
            print(
                f"| {field} | {name} | {len(known)} | {sum(bool(got) for _, got in pairs)} "
                f"| {right / len(known):.3f} | {right / max(told, 1):.3f} "
                f"| {statistics.mean(f1(*pair) for pair in known):.3f} |"
            )
    kinds = [
        (page["page_type"], kind)
        for page, result in zip(pages, found["webfilter"], strict=True)
        if (kind := result.get("page_type"))
    ]
    agree = sum(one == other for one, other in kinds)
    print(f"\npage type declared on {len(kinds)} pages, as read by people on {agree}")


if __name__ == "__main__":
    main()
