"""Lists and tables of WCXB that come through extraction whole, cut, or not at all.

    python classifiers/extraction/train.py WCXB/pages.jsonl.xz --crawl WARC ... --folds FOLDS
    python benchmarks/lists_kept.py WCXB/pages.jsonl.xz --folds FOLDS

A bag of words does not say that a definition came without its term, or a question with three of
its four answers. Here each ``ul``, ``ol``, ``dl`` and ``table`` of three parts or more (blocks that
stand right in it, not in a list or table within) is looked up in the gold text and in that of each
engine: a part is there if its letters and digits are, in a row. What has 97 % of a list by
characters has it whole; less than 3 %, not at all. So are blocks that stand alike without being a
list, such as the fronts of cards (as `blocks` sees it: `webfilter.extract.blocks.engine`).

As everywhere, ``blocks`` judges each page by the model that saw no page of its site.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from extraction import read as pages_of
from extraction import runner

from webfilter.extract.blocks.engine import _alike, _around
from webfilter.extract.blocks.tree import tree
from webfilter.extract.dom import Dom
from webfilter.extract.dom import read as dom_of
from webfilter.extract.engine import ENGINES, Options, Unfit

KINDS = {"lists": ("ul", "ol", "dl"), "tables": ("table",), "alike": ()}
LEAST_PARTS = 3
ALL, NONE = 0.97, 0.03


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Count the lists that engines keep whole.")
    parser.add_argument("data", type=Path, help="WCXB pages, .jsonl or .jsonl.xz")
    parser.add_argument("--folds", type=Path, help="models by fold, of classifiers/extraction")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES))
    parser.add_argument("--every", type=int, default=1, help="take every n-th page only")
    args = parser.parse_args()
    runs = {name: runner(name, args.folds, Options()) for name in args.engines}
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for page in list(pages_of(args.data))[:: args.every]:
        found = wholes(page)
        if not found:
            continue
        gold = squeezed(page["gold_text"])
        for name, run in runs.items():
            text = squeezed(run(page).text)
            for kind, parts in found:
                counts[kind, share(parts, gold), name, share(parts, text)] += 1
    print("| engine | " + " | ".join(f"{k}: whole, cut, gone | kept unasked" for k in KINDS) + " |")
    print("|" + " --- |" * (2 * len(KINDS) + 1))
    for name in runs:
        cells = []
        for kind in KINDS:
            cells.append(", ".join(f"{counts[kind, 'all', name, s]:,}" for s in SHARES))
            cells.append(f"{sum(counts[kind, 'none', name, s] for s in SHARES[:2]):,}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    for kind in KINDS:
        wanted, unwanted = (
            sum(counts[kind, said, args.engines[0], s] for s in SHARES) for said in ("all", "none")
        )
        print(
            f"{kind}: {wanted:,} that gold texts have whole, {unwanted:,} of which they have none"
        )


SHARES = ("all", "some", "none")


def wholes(page: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the lists and tables of a page: their kind, and the squeezed text of each part."""
    try:
        dom = dom_of(page["html"])
    except Unfit:
        return []
    return [
        (kind, parts)
        for kind, names in KINDS.items()
        for parts in (within(dom, *names) if dom.blocks else ())
        if len(parts) >= LEAST_PARTS
    ]


def within(dom: Dom, *names: str) -> list[list[str]]:
    """Return the parts of each element called one of `names`, without those of one within it.

    Without names, those of each group of blocks that stand alike.
    """
    owner = (_around(dom, *names) if names else _alike(tree(dom))).tolist()
    parts: dict[int, list[str]] = {}
    for block, at in zip(dom.blocks, owner, strict=True):
        if at >= 0 and (text := squeezed(block.text)):
            parts.setdefault(at, []).append(text)
    return list(parts.values())


def squeezed(text: str) -> str:
    """Return the letters and digits of `text` in lower case."""
    return "".join(filter(str.isalnum, text.lower()))


def share(parts: list[str], text: str) -> str:
    """Return how much of `parts` is in `text`: all, some or none."""
    kept = sum(len(part) for part in parts if part in text) / sum(map(len, parts))
    return "all" if kept >= ALL else "none" if kept < NONE else "some"


if __name__ == "__main__":
    main()
