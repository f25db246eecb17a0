"""Measure stages that may change places, find the order that costs least, and try it.

What stages cost is timed on a part of the sample in pairs, since one does work that another then
finds done (tokens are remembered, see `webfilter.text`): each stage as the first to see a text, and
right after each other one. Whom a stage lets pass is counted on all documents, whatever the others
say. An order that promises to save a tenth of the time then runs beside the given one, on all
documents, and is taken if it keeps the promise: so an error of the model (longer documents pass,
some work is shared by three) or of a clock costs at most the gain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from time import perf_counter

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.report.exact import Counted
from webfilter.report.ledger import Ledger
from webfilter.run.flow import batched
from webfilter.run.local import apply
from webfilter.stage import Stage
from webfilter.text.tokens import forget
from webfilter.tuning.cheapest import Costs, cheapest
from webfilter.tuning.commuting import bound, reads

__all__ = ["Stretch", "measured"]

Named = tuple[str, Stage]

LEAST = 0.1
"""Share of a stretch's time that another order must save."""
_SWAP = 0.01
"""The same for each pair of stages that leaves the given order."""
_BATCH = 64
_TIMED = 256
"""Documents that pairs are timed on."""
_TIMES = 3


@dataclass(frozen=True)
class Stretch:
    """Stages that stand side by side, in the order that is best; numbers as they were given."""

    order: tuple[int, ...]
    alone: tuple[float, ...]
    """Seconds that each takes for a document, the first to see its text."""
    shared: tuple[float, ...]
    """The same after that one which spares it most."""
    passed: tuple[Counted, ...]
    """Documents that pass each, whatever the others say, of all that come to the stretch."""
    given: float
    """Seconds for all documents in the given order."""
    found: float
    """The same in the order that is best."""
    kept: tuple[Document, ...]
    """Documents that pass all."""


def measured(stages: Sequence[Named], docs: Sequence[Document]) -> Stretch:
    """Return the best order of `stages` for `docs`, and what it rests on.

    Raises:
        ConfigError: a stage that says it is `pure` is not.
    """
    given = tuple(range(len(stages)))
    if not docs:
        nothing = (0.0,) * len(stages)
        return Stretch(given, nothing, nothing, (Counted(0, 0),) * len(stages), 0.0, 0.0, ())
    inputs, fail = _judged(stages, docs)
    alone, after = _timed(stages, inputs)
    needs = [
        sum(1 << a for a in range(b) if bound(stages[a][1], stages[b][1]))
        for b in range(len(stages))
    ]
    costs = Costs(alone, after, Counter(fail), needs)
    whole = costs.whole(given)
    order = cheapest(costs, _SWAP * whole)
    if costs.whole(order) > (1.0 - LEAST) * whole:
        order = given
    (first, *others), kept = _raced(stages, docs, [given] if order == given else [given, order])
    found = others[0] if others else first
    if found > (1.0 - LEAST) * first:
        order, found = given, first
    return Stretch(
        order=order,
        alone=tuple(alone),
        shared=tuple(min(after[a][b] for a in given if a != b) for b in given),
        passed=tuple(
            Counted(sum(not failed >> n & 1 for failed in fail), len(docs)) for n in given
        ),
        given=first,
        found=found,
        kept=kept,
    )


def _judged(
    stages: Sequence[Named], docs: Sequence[Document]
) -> tuple[list[list[Document]], list[int]]:
    """Return what each stage gets where as few as possible stand before it, and who fails.

    The second is for each document the set of stages that it does not pass, as a bit mask. Each
    stage runs where it was given, and alone with the signals that it says it goes by: if it is
    pure, it says the same both times.
    """
    inputs: list[list[Document]] = []
    fail = [0] * len(docs)
    marked = list(docs)
    for number, (name, stage) in enumerate(stages):
        wanted = reads(stage) | {signal.name for signal in stage.measures}
        bare = [
            replace(
                doc,
                signals={**doc.signals, **{k: v for k, v in now.signals.items() if k in wanted}},
            )
            for doc, now in zip(docs, marked, strict=True)
        ]
        inputs.append(bare)
        in_place = _applied(name, stage, marked)
        for one, before, after in zip(_applied(name, stage, bare), bare, in_place, strict=True):
            _check_pure(stage, name, before, one, after)
        for place, doc in enumerate(in_place):
            fail[place] |= (not doc.live) << number
        marked = [replace(doc, verdict=None) for doc in in_place]
    return inputs, fail


def _applied(name: str, stage: Stage, docs: Sequence[Document]) -> list[Document]:
    return [doc for batch in batched(docs, _BATCH) for doc in apply(stage, name, batch, Ledger())]


def _check_pure(
    stage: Stage, name: str, before: Document, alone: Document, in_place: Document
) -> None:
    own = {signal.name for signal in stage.measures}
    others = {key: value for key, value in before.signals.items() if key not in own}
    told = {key: value for key, value in alone.signals.items() if key not in own}
    said = ""
    if replace(alone, signals={}, verdict=None) != replace(before, signals={}, verdict=None):
        said = "changes more than signals; make it a Transform"
    elif told != others:
        changed = sorted(k for k in told | others if told.get(k) != others.get(k))
        said = f"sets signals that it does not declare ({', '.join(changed)}); add them to measures"
    elif _kind(alone) != _kind(in_place) or any(
        alone.signals.get(key) != in_place.signals.get(key) for key in own
    ):
        said = "says other things without the stages before it; name the signals it reads in needs"
    if said:
        raise ConfigError(
            f"fit_order: {name} is not pure: on document {before.id!r} it {said}, or set "
            "pure = False in its class, so that it keeps its place"
        )


def _kind(doc: Document) -> str | None:
    return None if doc.verdict is None else doc.verdict.kind


def _timed(
    stages: Sequence[Named], inputs: Sequence[Sequence[Document]]
) -> tuple[list[float], list[list[float]]]:
    """Return the seconds that a document takes at each stage alone, and at each after each other.

    Of each batch the least of a few runs: what else the machine does only adds. The documents are
    taken evenly from all.
    """
    numbers = range(len(stages))
    every = max(1, len(inputs[0]) // _TIMED)
    parts = [[*batched(docs[::every], _BATCH)] for docs in inputs]
    size = sum(map(len, parts[0]))
    alone: list[list[list[float]]] = [[] for _ in numbers]
    after: list[list[list[list[float]]]] = [[[] for _ in numbers] for _ in numbers]
    for _ in range(_TIMES):
        for a, b in permutations(numbers, 2):
            first, second = [], []
            for one, other in zip(parts[a], parts[b], strict=True):
                forget()
                first.append(_seconds(stages[a], one))
                second.append(_seconds(stages[b], other))
            alone[a].append(first)
            after[a][b].append(second)
    return (
        [_least(runs) / size for runs in alone],
        [[_least(runs) / size for runs in row] for row in after],
    )


def _least(runs: Sequence[Sequence[float]]) -> float:
    """Return the sum over batches of the least of all runs."""
    return sum((min(times) for times in zip(*runs, strict=True)), 0.0)


def _seconds(stage: Named, batch: Sequence[Document]) -> float:
    start = perf_counter()
    apply(stage[1], stage[0], batch, Ledger())
    return perf_counter() - start


def _raced(
    stages: Sequence[Named], docs: Sequence[Document], orders: Sequence[Sequence[int]]
) -> tuple[list[float], tuple[Document, ...]]:
    """Return the seconds that all documents take in each order, as `_timed`; and who passes."""
    spent: list[list[list[float]]] = [[] for _ in orders]
    kept: list[Document] = []
    for _ in range(_TIMES):
        for order, runs in zip(orders, spent, strict=True):
            kept = []
            runs.append([])
            for batch in batched(docs, _BATCH):
                forget()
                start = perf_counter()
                for number in order:
                    name, stage = stages[number]
                    batch = apply(stage, name, batch, Ledger())
                runs[-1].append(perf_counter() - start)
                kept += [doc for doc in batch if doc.live]
    return [_least(runs) for runs in spent], tuple(kept)
