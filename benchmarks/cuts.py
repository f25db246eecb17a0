"""What does a top share or a token budget cost, and how exact is it?

    python benchmarks/cuts.py --documents 200000
    python benchmarks/cuts.py --documents 200000 --bins 20000

Scores are drawn (no texts), in three kinds: four digits from 0 to 5 as `Educational` gives them,
the same with a third of all at exactly 0, and numbers without an end (log-normal). Each corpus goes
through the form that a pipeline runs, in batches of 64: CPU microseconds a document of the first
look, of merging, of the second look and of marking; the bins that are held, the documents that were
looked at again, and by how many documents what is kept differs from a full sort.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from webfilter import Document
from webfilter.score import ranking
from webfilter.score.threshold import TokenBudget, TopShare
from webfilter.stage import CorpusStage


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure top shares and token budgets.")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--bins", type=int, default=ranking.BINS, help="held at most")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    ranking.BINS = args.bins
    rng = np.random.default_rng(args.seed)
    scores = np.round(rng.beta(2, 5, args.documents) * 5, 4)
    kinds = {
        "0 to 5, four digits": scores,
        "a third at 0": np.where(rng.random(args.documents) < 1 / 3, 0.0, scores),
        "without an end": np.exp(rng.normal(0, 10, args.documents)),
    }
    tokens = rng.integers(50, 2_000, args.documents)
    half = int(tokens.sum() // 2)
    print(
        "| numbers | stage | first look | merging | second look | marking | bins | looked at again "
        "| off by |\n| --- | --- " + "| ---: " * 7 + "|"
    )
    for name, values in kinds.items():
        for step in (TopShare(share=0.1), TopShare(share=0.8), TokenBudget(half)):
            measure(name, step, values, tokens)


def measure(
    name: str, step: TopShare | TokenBudget, values: np.ndarray, tokens: np.ndarray
) -> None:
    """Print the row of one stage on one corpus."""
    rows = list(zip(values.tolist(), tokens.tolist(), strict=True))

    def batches() -> Iterator[list[Document]]:
        stream = (
            Document(f"d{n}", signals={"educational": value, "tokens": count})
            for n, (value, count) in enumerate(rows)
        )
        while batch := list(islice(stream, 64)):
            yield batch

    lean = step.lean
    first, sketches = timed(lean.sketch, batches())
    begun = time.process_time()
    found = lean.resolve_in(iter(sketches), None)  # type: ignore[arg-type]
    merging = time.process_time() - begun
    bins, second, again = len(ranking.merged(sketches).key), 0.0, 0
    if isinstance(found, CorpusStage):
        second, looks = timed(found.sketch, batches())
        again = sum(len(look.key) for look in looks)
        found = found.resolve_in(iter(looks), None)  # type: ignore[arg-type]
    marking, marked = timed(found.process, batches())
    kept = {doc.id for batch in marked for doc in batch if doc.live}
    off = difference(step, values, tokens, kept)
    each = [f"{1e6 * spent / len(rows):.1f} µs" for spent in (first, merging, second, marking)]
    label = f"{step.name} {getattr(step, 'share', '')}".strip()
    print(f"| {name} | {label} | {' | '.join(each)} | {bins:,} | {again:,} | {off} |", flush=True)


def difference(
    step: TopShare | TokenBudget, values: np.ndarray, tokens: np.ndarray, kept: set[str]
) -> int:
    """Return by how many documents `kept` differs from a sort, ties aside."""
    order = np.argsort(-values, kind="stable")
    if isinstance(step, TopShare):
        wanted = step.target(len(values))
        chosen = np.array([int(name[1:]) for name in kept])
        return abs(len(kept) - wanted) + int((values[chosen] < values[order[wanted - 1]]).sum())
    spent = sum(int(tokens[int(name[1:])]) for name in kept)
    worst = min(values[int(name[1:])] for name in kept)
    assert spent <= step.tokens
    better = int((values > worst).sum())
    return max(0, better - len(kept)) + int(step.tokens - spent > tokens.max())


def timed(work: Callable[[list[Document]], object], batches: Iterator[list[Document]]) -> tuple:
    """Return the CPU seconds of `work` on all batches (made outside), and what it returned."""
    spent, results = 0.0, []
    for batch in batches:
        begun = time.process_time()
        results.append(work(batch))
        spent += time.process_time() - begun
    return spent, results


if __name__ == "__main__":
    main()
