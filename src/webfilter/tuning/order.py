"""Put filters that commute in the order that costs least, measured on a sample: `fit_order`.

The pipeline that comes back is another configuration, with another fingerprint: what it keeps is
the same, and an order never changes while a run goes on, since a run that is interrupted, or has
more workers, must write the same.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.extract.cascade import Cascade
from webfilter.pipeline import Pipeline
from webfilter.read import read
from webfilter.report.exact import Counted
from webfilter.report.figures import aligned, duration, label, remarks, share
from webfilter.report.ledger import READ, Ledger
from webfilter.run.corpus import resolved, unlost
from webfilter.run.flow import batched
from webfilter.run.ids import UniqueIds
from webfilter.run.local import Done, apply, sketch
from webfilter.run.work import work_folder
from webfilter.stage import CorpusStage, OnlineStage, Stage, Step
from webfilter.tuning.commuting import stretches
from webfilter.tuning.recipe import save_recipe
from webfilter.tuning.stretch import LEAST, Stretch, measured

__all__ = ["OrderFit", "Place", "fit_order"]

_BATCH = 64
_FEW = 100
"""Documents at a stretch, fewer than which are worth a word."""


@dataclass(frozen=True)
class Place:
    """Where a stage stands, and why."""

    name: str
    """Its unique name in the pipeline."""
    place: int
    """Its place now, from 1."""
    was: int
    """Its place in the pipeline that was given."""
    alone: float
    """Seconds that it takes for a document of which no stage has seen the text before."""
    shared: float
    """The same right after that other stage which spares it most: tokens, say."""
    passed: Counted
    """Documents that pass it, whatever others say, of those that come to its stretch."""


@dataclass(frozen=True)
class OrderFit:
    """A pipeline in the order that costs least, and what that rests on."""

    pipe: Pipeline
    """The pipeline to run: what it keeps is what the one that was given keeps."""
    places: tuple[Place, ...]
    """The stages that may change places, in the order found."""
    documents: int
    """Documents of the sample."""
    given: float
    """Seconds that the filters that may change places take for the sample, in the given order."""
    found: float
    """The same in the order found."""
    others: float
    """Seconds that all other stages take for it, as far as they were run."""
    notes: tuple[str, ...] = ()
    """What must be known to trust it."""

    @property
    def changed(self) -> bool:
        """Whether another order was found."""
        return any(place.place != place.was for place in self.places)

    def save(self, path: str | Path) -> None:
        """Write the pipeline as a recipe.

        Raises:
            ConfigError: it holds what no recipe can.
            OutputError: it cannot be written.
        """
        save_recipe(path, self.pipe, str(self))

    def __str__(self) -> str:
        if not self.places:
            return "\n".join(["the order stays as it is", "", *remarks(self.notes)])
        size = max(1, self.documents)
        now = duration(self.given / size)
        head = f"filters take {now} a document in the given order; no other saves {LEAST:.0%} of it"
        if self.changed:
            times = self.given / self.found if self.found else 1.0
            whole, of = self.given - self.found, self.given + self.others
            head = (
                f"filters take {duration(self.found / size)} a document instead of {now}, "
                f"{times:.2f} times faster; that saves {share(whole, of)} of the whole pipeline"
            )
        cells: list[tuple[str, ...]] = [
            ("stage", "place", "was", "first", "after another", "passed")
        ]
        cells += [
            (row.name, str(row.place), str(row.was), duration(row.alone), duration(row.shared),
             share(row.passed.count, row.passed.of))
            for row in self.places
        ]  # fmt: skip
        said = remarks(self.notes)
        head = f"{label(self.documents, 'document')}: {head}"
        return "\n".join(
            [head, "", *aligned(cells, right=range(1, 6)), *([""] if said else []), *said]
        )


def fit_order(pipe: Pipeline, source: Any, *, documents: int = 1_000) -> OrderFit:
    """Put the filters of `pipe` that commute in the order that costs least.

    The same documents are kept, with equal text and signals. What changes is which stage is blamed
    for a document that several would drop, and so the counts of the report, stage by stage; and
    where a stage breaks on a document that another one drops, whichever stands first decides
    whether it counts as failed or as dropped. Signals that only dropped documents have may differ,
    and so may the order of columns in the output.

    Only stages that are `pure` move, and only past each other: filters and scorers between the
    steps that change texts or see other documents. Whoever reads a signal stays behind the stage
    that measures it. Another order must save a tenth of the filters' time, as it was measured here;
    else the given one stays. Where extraction is part of the pipeline, it is what costs: see what
    the answer says of the whole pipeline.

    It costs some twenty times what the filters take for the documents, and the rest of the pipeline
    once. Corpus stages see the sample only; what follows an online stage keeps its order.

    Args:
        pipe: the pipeline; order it before it gets a cascade, whose screen keeps its order.
        source: documents as they come: whatever `webfilter.read` takes.
        documents: at most so many, from the beginning.

    Raises:
        ConfigError: there is no document, or a stage that says it is `pure` is not.

    >>> from webfilter import GopherQuality, Length
    >>> found = fit_order(GopherQuality() | Length(), ["Water boils at 100 degrees."])
    >>> found.pipe.names, found.changed
    (('gopher_quality', 'length'), False)
    """
    if documents < 1:
        raise ConfigError(f"fit_order: documents = {documents}; give 1 or more")
    docs = _sample(source, documents)
    if not docs:
        raise ConfigError("fit_order: the sample has no documents")
    steps, named = list(pipe.steps), list(zip(pipe.names, pipe.steps, strict=True))
    parts = {part.start: part for part in stretches(steps)}
    notes = _unordered(steps)
    live, at, others = docs, 0, 0.0
    found: dict[range, Stretch] = {}
    while at < len(steps):
        name, step = named[at]
        part = parts.get(at)
        if part is not None:
            stages = [
                (name, step) for name, step in named[at : part.stop] if isinstance(step, Stage)
            ]
            if len(live) < _FEW:
                notes.append(f"only {label(len(live), 'document')} came to {name}: take more")
            found[part] = measured(stages, live)
            live, at = list(found[part].kept), part.stop
            continue
        if isinstance(step, OnlineStage):
            notes.append(f"what follows {name} was not run: it goes by what came before")
            break
        start = perf_counter()
        live = [doc for doc in _through(name, step, live) if doc.live]
        others += perf_counter() - start
        at += 1
    return OrderFit(
        pipe=Pipeline(_ordered(steps, found)),
        places=_places(named, found),
        documents=len(docs),
        given=sum(part.given for part in found.values()),
        found=sum(part.found for part in found.values()),
        others=others,
        notes=tuple(notes),
    )


def _sample(source: Any, most: int) -> list[Document]:
    """Return the first documents; those that a run has judged come in afresh."""
    read_well = (
        doc if doc.verdict is None else replace(doc, verdict=None)
        for doc in UniqueIds().over(read(source))
        if doc.verdict is None or (doc.verdict.kind == "dropped" and doc.verdict.stage != READ)
    )
    return list(islice(read_well, min(most, sys.maxsize)))


def _unordered(steps: Sequence[Step]) -> list[str]:
    if any(isinstance(step, Cascade) and step.screen is None for step in steps):
        return ["what follows the cascade stays: it is its screen; order first, then cascade"]
    return [] if stretches(steps) else ["no two filters stand side by side that may change places"]


def _through(name: str, step: Step, docs: Sequence[Document]) -> list[Document]:
    batches = list(batched(docs, _BATCH))
    if isinstance(step, Stage):
        return [doc for batch in batches for doc in apply(step, name, batch, Ledger())]
    assert isinstance(step, CorpusStage)
    lean, done = step.lean, [Done(batch, Ledger()) for batch in batches]
    for part in done:
        sketch(lean, name, part)
    sketches = (made for part in done for made in part.sketches)
    whole = [doc for part in done for doc in part.docs if doc.live]
    with work_folder() as work:
        again = lambda: batched(whole, _BATCH)  # noqa: E731 - as short as it is
        stage, lost = resolved(lean, name, sketches, again, work, Ledger())
        return apply(stage, name, unlost(whole, lost), Ledger())


def _ordered(steps: Sequence[Step], found: dict[range, Stretch]) -> tuple[Step, ...]:
    made = list(steps)
    for part, stretch in found.items():
        made[part.start : part.stop] = [steps[part.start + number] for number in stretch.order]
    return tuple(made)


def _places(named: Sequence[tuple[str, Step]], found: dict[range, Stretch]) -> tuple[Place, ...]:
    return tuple(
        Place(
            name=named[part.start + number][0],
            place=part.start + rank + 1,
            was=part.start + number + 1,
            alone=stretch.alone[number],
            shared=stretch.shared[number],
            passed=stretch.passed[number],
        )
        for part, stretch in found.items()
        for rank, number in enumerate(stretch.order)
    )
