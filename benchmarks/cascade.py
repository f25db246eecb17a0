"""How much faster is a recipe with a cascade, and what does its screen lose?

    python benchmarks/cascade.py pages-00.warc.gz pages-01.warc.gz pages-02.warc.gz --runs 3

Speed: slack is fitted on all files but the last; then the last is run from WARC to kept documents,
with accurate extraction of everything and with the cascade, in one process, alternately. Figures
are CPU seconds of this process (no sandbox, so nothing happens in another one), medians.

Loss: every page is measured once, on its drafts and on its final text. Pages are cut into thirds
by a hash; each third is judged by slack fitted on the other two, so no page is judged by slack that
was chosen with it. As few pages are kept, the recipe is also judged with a lower limit on the
educational score (``--scores``), and by the hundred pages of each third that come nearest to being
kept, taken as though they just reached the limits. Intervals are exact (Clopper-Pearson, 95 %). The
default slack needs no fit and is judged on all pages.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import webfilter as wf
from webfilter.extract import Cascade
from webfilter.extract.slack import loosened
from webfilter.report.exact import Counted
from webfilter.tuning.cascade import CascadeFit, fitted
from webfilter.tuning.drafts import Drafts, measured
from webfilter.tuning.slack import lost, nearest, needed, ways

SCORE = "educational.educational.ge"
HERE = {"seconds": None, "memory_mb": None}


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure a cascade.")
    parser.add_argument("warc", nargs="+", type=Path)
    parser.add_argument("--recipe", default="educational")
    parser.add_argument("--engine", default="trafilatura", help="the accurate one")
    parser.add_argument("--draft", default="resiliparse", help="the fast one")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--max-loss", type=float, default=0.01)
    parser.add_argument("--scores", type=float, nargs="*", default=[2.5, 2.0, 1.5, 1.0])
    args = parser.parse_args()
    plain = wf.Pipeline(
        tuple(
            replace(step, engine=args.engine, **HERE) if isinstance(step, wf.Extract) else step
            for step in wf.recipe(args.recipe).steps
        )
    )
    draft = wf.Extract(engine=args.draft, fallback=None, **HERE)
    pipe = with_second(plain.cascaded(draft=draft))
    parts = [measured(pipe, wf.read.files([path])) for path in args.warc]
    drafts = joined(parts)
    fit = fitted(pipe, joined(parts[:-1] or parts), max_loss=args.max_loss)
    print(f"fitted on all files but the last ({fit.pages:,} pages)\n\n```\n{fit}\n```\n")
    speed(plain, {"default slack": pipe, "fitted slack": fit.pipe}, args.warc[-1], args.runs)
    costs(drafts)
    judged(pipe, drafts, args.max_loss, args.scores)
    alone(pipe, drafts)


def with_second(pipe: wf.Pipeline) -> wf.Pipeline:
    """Return `pipe` with both drafts made in this process."""
    second = wf.Extract(engine="plain", fallback=None, **HERE)
    return wf.Pipeline(
        tuple(replace(s, second=second) if isinstance(s, Cascade) else s for s in pipe.steps)
    )


def joined(parts: Sequence[Drafts]) -> Drafts:
    """Return the pages of several files, in order of their hash."""
    ranks = np.concatenate([part.ranks for part in parts])
    order = np.argsort(ranks, kind="stable")
    first = parts[0]
    assert first.second is not None
    return replace(
        first,
        final=np.concatenate([part.final for part in parts], axis=1)[:, order],
        draft=np.concatenate([part.draft for part in parts], axis=1)[:, order],
        second=np.concatenate([part.second for part in parts], axis=1)[:, order],
        drafted=np.concatenate([part.drafted for part in parts])[order],
        kept=np.concatenate([part.kept for part in parts])[order],
        ranks=ranks[order],
        seconds={
            what: sum(part.seconds[what] * len(part) for part in parts) / len(ranks)
            for what in first.seconds
        },
    )


def speed(plain: wf.Pipeline, ours: dict[str, wf.Pipeline], path: Path, runs: int) -> None:
    """Print how long the whole pipeline takes with and without a cascade."""
    pipes = {"accurate extraction of everything": plain, **ours}
    seconds: dict[str, list[float]] = {name: [] for name in pipes}
    kept: dict[str, dict[str, str]] = {}
    count = sum(1 for _ in wf.read.files([path]))
    for pipe in pipes.values():
        list(pipe.kept(doc for doc, _ in zip(wf.read.files([path]), range(5), strict=False)))
    for _ in range(runs):
        for name, pipe in pipes.items():
            start = time.process_time()
            kept[name] = {doc.id: doc.text for doc in pipe.kept(wf.read.files([path]))}
            seconds[name].append(time.process_time() - start)
    base = statistics.median(seconds["accurate extraction of everything"])
    whole = kept["accurate extraction of everything"]
    print(f"{count} records of the last file, {runs} runs, medians\n")
    print("| | CPU s | pages / CPU s | ratio | kept | of these without cascade, same text |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in pipes:
        middle = statistics.median(seconds[name])
        same = sum(whole.get(doc) == text for doc, text in kept[name].items())
        row = f"{middle:.1f} | {count / middle:.1f} | {base / middle:.2f} | {len(kept[name])}"
        print(f"| {name} | {row} | {same} of {len(whole)} |", flush=True)


def costs(drafts: Drafts) -> None:
    """Print what a page costs where."""
    print("\n| a page costs | ms |\n| --- | --- |")
    for what, seconds in drafts.seconds.items():
        print(f"| {what} | {1e3 * seconds:.2f} |")


def judged(pipe: wf.Pipeline, drafts: Drafts, max_loss: float, scores: Sequence[float]) -> None:
    """Print what is lost on pages that the slack was not chosen on."""
    print("\n| limit on the score | slack | decides | kept pages lost | nearest pages lost | extracted | ratio |")  # fmt: skip  # noqa: E501
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for score in [*scores, None]:
        moved = with_score(drafts, score)
        thirds = np.arange(len(moved)) % 3
        rows: dict[str, list[tuple[Counted, Counted, int, float]]] = {"default": [], "fitted": []}
        decides = []
        for third in range(3):
            test = moved.part(thirds == third)
            fit = fitted(pipe, moved.part(thirds != third), max_loss=max_loss)
            decides.append(fit.drafts)
            rows["fitted"].append(outcome(test, fit.drafts, slack_of(fit, moved)))
            rows["default"].append(outcome(test, "both", default_of(pipe, moved, score is None)))
        for name, found in rows.items():
            kept, near = (
                Counted(sum(row[n].count for row in found), sum(row[n].of for row in found))
                for n in (0, 1)
            )
            passed = sum(row[2] for row in found) / len(moved)
            ratio = drafts.seconds["final"] * len(moved) / sum(row[3] for row in found)
            by = ", ".join(decides) if name == "fitted" else "both"
            print(
                f"| {'none' if score is None else score} | {name} | {by} | {kept} | {near} "
                f"| {100 * passed:.1f} % | {ratio:.1f} |",
                flush=True,
            )


def with_score(drafts: Drafts, score: float | None) -> Drafts:
    """Return what was measured as it is with another limit on the score; None: without it."""
    place = [limit.key for limit in drafts.limits].index(SCORE)
    limit = drafts.limits[place].limit
    assert limit is not None
    assert drafts.second is not None
    tables = []
    for table in (drafts.final, drafts.draft, drafts.second):
        row = table[place] - (limit - score) if score is not None else -math.inf
        tables.append(table.copy())
        tables[-1][place] = row
    final, draft, second = tables
    kept = (final <= 0).all(axis=0)
    return replace(drafts, final=final, draft=draft, second=second, kept=kept)


def slack_of(fit: CascadeFit, drafts: Drafts) -> np.ndarray:
    """Return a fitted slack in the order of the limits."""
    said = {row.limit.key: row.slack for row in fit.slacks}
    return np.array([said.get(limit.key, math.inf) for limit in drafts.limits])


def default_of(pipe: wf.Pipeline, drafts: Drafts, unscored: bool) -> np.ndarray:
    """Return the default slack in the order of the limits."""
    [cascade] = (step for step in pipe.steps if isinstance(step, Cascade))
    declared = {signal.name: signal for _, stage in cascade.follows for signal in stage.measures}
    rules = {(name, rule.signal): rule for name, s in cascade.follows for rule in s.rules}
    found = []
    for limit in drafts.limits:
        rule = rules[limit.stage, limit.signal]
        slack = math.inf
        for loose in loosened(limit.stage, [rule], declared, {}, cascade.default_slack):
            if limit.op == "in" and loose.sure is not None:
                slack = loose.sure.bounds()[0][1]
            for op, at in loose.rule.bounds():
                if op == limit.op and limit.limit is not None:
                    slack = abs(at - limit.limit)
        found.append(math.inf if unscored and limit.key == SCORE else slack)
    return np.array(found)


def outcome(test: Drafts, name: str, slack: np.ndarray) -> tuple[Counted, Counted, int, float]:
    """Return kept and nearest pages lost, pages extracted, and seconds, with a slack."""
    [way] = (each for each in ways(test) if each.name == name)
    needs = needed(way.drafts)
    kept = np.flatnonzero(test.kept)
    near = nearest(way.drafts, 100)[:100] if len(kept) < 100 else kept
    passed = int((~(way.drafts.draft >= slack[:, None]).any(axis=0)).sum())
    return (
        Counted(int(lost(needs[:, kept], slack).sum()), len(kept)),
        Counted(int(lost(needs[:, near], slack).sum()), len(near)),
        passed,
        way.times.of(way.drafts, slack),
    )


def alone(pipe: wf.Pipeline, drafts: Drafts) -> None:
    """Print what each limit loses by itself, with the default slack, of what keeps it."""
    print("\n| limit | at | default slack | kept by it, lost: first draft | both | dropped |")
    print("| --- | --- | --- | --- | --- | --- |")
    tables = {way.name: way.drafts.draft for way in ways(drafts)}
    for place, (limit, slack) in enumerate(
        zip(drafts.limits, default_of(pipe, drafts, False), strict=True)
    ):
        if math.isinf(slack):
            continue
        keeps = drafts.final[place] <= 0
        drops = {name: table[place] >= slack for name, table in tables.items()}
        if not drops["first"].any():
            continue
        cells = [
            str(Counted(int((drops[n] & keeps).sum()), int(keeps.sum()))) for n in ("first", "both")
        ]
        at = "" if limit.limit is None else f"{limit.limit:g}"
        dropped = int(drops["both"].sum())
        print(f"| {limit.key} | {at} | {slack:.3g} | {' | '.join(cells)} | {dropped} |")


if __name__ == "__main__":
    main()
