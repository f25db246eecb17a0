"""What does the order of filters cost, and what does `fit_order` save?

    python benchmarks/ordering.py pages-00.warc.gz texts.jsonl.xz --runs 3

For each packaged recipe and file: the order of the recipe, the order found on the file's first
documents, and the worst of all orders of the stages that may change places, which `fit_order` then
gets as the given one. Without extraction: the stages between extraction and whatever bounds them,
on texts that resiliparse extracted before (JSONL as it is). With extraction: the whole recipe with
its own engine, in this process. CPU seconds, medians; orders take turns.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import webfilter as wf
from webfilter.text.tokens import forget
from webfilter.tuning.commuting import bound, stretches

HERE = {"seconds": None, "memory_mb": None}


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure orders of filters.")
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument(
        "--recipes", nargs="*", default=["fineweb", "gopher", "dclm", "educational"]
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--most", type=int, default=1_000, help="documents of each source")
    parser.add_argument("--whole", action="store_true", help="with extraction, too (WARC)")
    args = parser.parse_args()
    print("| source | recipe | | found / given | worst / given | found from worst / given |")
    print("| --- | --- | --- | --- | --- | --- |")
    for path in args.sources:
        pages = list(itertools.islice(wf.read.files([path]), args.most))
        texts = extracted(pages)
        for name in args.recipes:
            pipe = here(wf.recipe(name))
            part = next(part for part in stretches(pipe.steps))
            filters = wf.Pipeline(pipe.steps[part.start : part.stop])
            worst = slowest(filters, texts)
            found = wf.fit_order(filters, texts).pipe
            again = wf.fit_order(worst, texts).pipe
            orders = [filters, found, worst, again]
            row(f"{path.name} | {name} | filters", orders, texts, args.runs)
            print(f"|  |  | order | {said(found)} | {said(worst)} | {said(again)} |", flush=True)
            if args.whole and any(page.html for page in pages):
                wholes = [put(pipe, part, order) for order in orders]
                row(f"{path.name} | {name} | whole", wholes, pages, args.runs)


def said(pipe: wf.Pipeline) -> str:
    """Return the names of the stages."""
    return ", ".join(pipe.names)


def here(pipe: wf.Pipeline) -> wf.Pipeline:
    """Return `pipe` without a sandbox, so that all its time is this process's."""
    steps = (replace(step, **HERE) if isinstance(step, wf.Extract) else step for step in pipe.steps)
    return wf.Pipeline(tuple(steps))


def extracted(pages: Sequence[wf.Document]) -> list[wf.Document]:
    """Return the texts of pages; what has a text stays."""
    extract = wf.Extract(engine="resiliparse", **HERE)
    docs = extract(pages) if any(page.html for page in pages) else pages
    return [replace(doc, html=None) for doc in docs if doc.live]


def put(pipe: wf.Pipeline, part: range, order: wf.Pipeline) -> wf.Pipeline:
    """Return `pipe` with the stages of `part` in that order."""
    return wf.Pipeline((*pipe.steps[: part.start], order, *pipe.steps[part.stop :]))


def slowest(filters: wf.Pipeline, docs: Sequence[wf.Document]) -> wf.Pipeline:
    """Return the slowest of the orders that are allowed, as they ran."""
    steps = filters.steps
    orders = [
        wf.Pipeline(tuple(steps[n] for n in order))
        for order in itertools.permutations(range(len(steps)))
        if not any(bound(steps[b], steps[a]) for a, b in itertools.combinations(order, 2) if b < a)
    ]
    return max(orders, key=lambda pipe: min(seconds(pipe, docs) for _ in range(3)))


def seconds(pipe: wf.Pipeline, docs: Sequence[wf.Document]) -> float:
    """Return the CPU seconds that a pass over `docs` takes."""
    forget()
    start = time.process_time()
    for _ in pipe.kept(docs):
        pass
    return time.process_time() - start


def row(name: str, orders: Sequence[wf.Pipeline], docs: Sequence[wf.Document], runs: int) -> None:
    """Print the speed of each order against the first."""
    spent: list[list[float]] = [[] for _ in orders]
    for _ in range(runs):
        for pipe, times in zip(orders, spent, strict=True):
            times.append(seconds(pipe, docs))
    base, *others = (statistics.median(times) for times in spent)
    cells = " | ".join(f"{base / other:.2f}" for other in others)
    print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
