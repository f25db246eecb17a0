"""How fast are the four heuristics, beside datatrove's, and where does the time go?

GopherRepetition, GopherQuality, C4Quality and FineWebQuality (profile ``datatrove-2024-12``, whose
decisions are datatrove's: `benchmarks/conformance.py`), in pipeline order, each on every document,
the last on C4's text. Ours measures every rule; datatrove's filters stop at the first violated one,
so its figures are, if anything, flattered; with ``--first`` a document that one of its filters
drops is not shown to the next. Both run in this process on one core and take turns in slices of 50
documents, so that a busy machine slows both; time is of the processor. Medians of --runs.

Needs ``pip install datatrove[processing] spacy warcio trafilatura`` beside webfilter; sources as in
`benchmarks/conformance.py`::

    python benchmarks/heuristics.py pages.warc.gz texts.jsonl.xz --cache /tmp/texts
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from conformance import texts
from datatrove.data import Document as Theirs
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

from webfilter import C4Quality, Document, FineWebQuality, GopherQuality, GopherRepetition
from webfilter.stage import Stage
from webfilter.text import tokenize_all

NAMES = ("gopher_repetition", "gopher_quality", "c4_quality", "fineweb_quality")
SLICE = 50


def theirs() -> list[Callable[[Theirs], Any]]:
    """Return the four filters of datatrove, with its defaults."""
    built = (GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter())
    return [*(each.filter for each in built), FineWebQualityFilter().filter]


def ours(words: str) -> list[Stage]:
    """Return our four stages."""
    families = (GopherRepetition, GopherQuality, C4Quality, FineWebQuality)
    return [family.profile("datatrove-2024-12", words=words) for family in families]


def run_theirs(
    filters: Sequence[Callable[[Theirs], Any]], part: list[tuple[str, str]], first: bool
) -> list[float]:
    """Return the seconds that each filter takes."""
    spent = [0.0] * len(filters)
    for name, text in part:
        doc = Theirs(text=text, id=name)
        for place, judge in enumerate(filters):
            began = time.process_time()
            try:
                kept = judge(doc)
            except ZeroDivisionError:
                kept = False
            spent[place] += time.process_time() - began
            if first and kept is not True:
                break
    return spent


def run_ours(stages: Sequence[Stage], part: list[tuple[str, str]]) -> list[float]:
    """Return the seconds that each stage takes; what is tokenized first pays for the others."""
    batch: Sequence[Document] = [Document(name, text) for name, text in part]
    spent = []
    for stage in stages:
        began = time.process_time()
        batch = stage.process(batch)
        spent.append(time.process_time() - began)
    return spent


def measure(
    documents: list[tuple[str, str]], words: str, first: bool
) -> tuple[list[float], list[float]]:
    """Return seconds of theirs and of ours on all documents, by filter."""
    filters, stages = theirs(), ours(words)
    run_theirs(filters, documents[:SLICE], first)
    run_ours(stages, documents[:SLICE])
    tokenize_all([str(n) for n in range(10_000)], words)  # so that all other tokens are forgotten
    spent = ([0.0] * 4, [0.0] * 4)
    for start in range(0, len(documents), SLICE):
        part = documents[start : start + SLICE]
        for total, found in zip(
            spent, (run_theirs(filters, part, first), run_ours(stages, part)), strict=True
        ):
            total[:] = [a + b for a, b in zip(total, found, strict=True)]
    return spent


def report(documents: list[tuple[str, str]], words: str, first: bool, runs: int) -> None:
    """Print the table for our `words`."""
    found = [measure(documents, words, first) for _ in range(runs)]
    n = len(documents)
    print(
        f"\n| words: {words}{', theirs stop at the first drop' if first else ''} | datatrove /s |",
        end="",
    )
    print(" webfilter /s | ratio |\n| --- | --- | --- | --- |")
    for place, name in enumerate(NAMES):
        rates = [n / median(run[who][place] for run in found) for who in (0, 1)]
        print(f"| {name} | {rates[0]:.0f} | {rates[1]:.0f} | {rates[1] / rates[0]:.1f} |")
    totals = [[sum(run[who]) for run in found] for who in (0, 1)]
    rates = [n / median(each) for each in totals]
    ratios = sorted(a / b for a, b in zip(*totals, strict=True))
    print(f"| **all four** | {rates[0]:.1f} | {rates[1]:.0f} | {median(ratios):.1f} |")
    print(f"\nratio of each run: {', '.join(f'{ratio:.1f}' for ratio in ratios)}")


def profile(documents: list[tuple[str, str]]) -> None:
    """Print where our time goes, by function."""
    stages, watch = ours("english"), cProfile.Profile()
    run_ours(stages, documents[:SLICE])
    watch.enable()
    for start in range(0, len(documents), SLICE):
        run_ours(stages, documents[start : start + SLICE])
    watch.disable()
    pstats.Stats(watch).sort_stats("tottime").print_stats(25)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="folder for extracted texts")
    parser.add_argument("--documents", type=int, default=1264, help="how many, evenly spread")
    parser.add_argument("--words", nargs="*", default=["english", "spacy"], help="our tokens")
    parser.add_argument("--first", action="store_true", help="theirs stop at the first drop")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="only where our time goes")
    args = parser.parse_args()
    every = [(n, t) for path in args.paths for n, t in texts(path, args.cache) if t]
    documents = every[:: max(1, len(every) // args.documents)][: args.documents]
    characters = sum(len(text) for _, text in documents)
    print(f"{len(documents)} documents, {characters / len(documents):.0f} characters each")
    if args.profile:
        profile(documents)
        return
    for words in args.words:
        report(documents, words, args.first, args.runs)


if __name__ == "__main__":
    main()
