"""Resolve a corpus stage: from its sketches, and where it asks twice from the documents again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from webfilter.document import Document, Verdict
from webfilter.errors import RunError
from webfilter.report.ledger import Ledger
from webfilter.run.local import Done, sketch
from webfilter.run.work import inner_folder
from webfilter.stage import CorpusStage, Stage

__all__ = ["resolved", "unlost"]

Lost = dict[str, Verdict]


def resolved(
    step: CorpusStage[Any],
    name: str,
    sketches: Iterable[Any],
    again: Callable[[], Iterable[Sequence[Document]]],
    folder: Path,
    ledger: Ledger,
) -> tuple[Stage, Lost]:
    """Return the stage that `step` resolves into, and verdicts of documents that broke on the way.

    Args:
        step: the corpus stage, in its lean form.
        name: what it is called in the pipeline.
        sketches: of all documents, made as they are asked for; all are asked for.
        again: gives the same documents once more.
        folder: an existing folder for what does not fit into memory.
        ledger: counts the time it takes, and what breaks when it is sketched again.

    Raises:
        RunError: it resolves into something else.
    """
    lost: Lost = {}
    found: Stage | CorpusStage[Any] = step
    rounds = 0
    while isinstance(found, CorpusStage):
        place = inner_folder(folder, f"{name}-{rounds}")
        clock = _Clock(sketches)
        start = perf_counter()
        found = found.resolve_in(clock, place)
        for _ in clock:  # sketching is what spools the documents
            pass
        ledger.add(name, 0, [], perf_counter() - start - clock.seconds)
        if isinstance(found, CorpusStage):
            sketches = _again(found, name, again(), lost, ledger)
        rounds += 1
    if not isinstance(found, Stage):
        raise RunError(
            f"{name}: resolve returned {type(found).__name__}; it must return a Stage, which marks "
            "the documents"
        )
    return found, lost


def unlost(docs: Sequence[Document], lost: Lost) -> list[Document]:
    """Return `docs` with the verdicts of `lost`."""
    if not lost:
        return list(docs)
    return [replace(doc, verdict=lost.get(doc.id, doc.verdict)) for doc in docs]


def _again(
    step: CorpusStage[Any],
    name: str,
    batches: Iterable[Sequence[Document]],
    lost: Lost,
    ledger: Ledger,
) -> Iterator[Any]:
    for docs in batches:
        done = Done([doc for doc in docs if doc.live and doc.id not in lost], Ledger())
        sketch(step, name, done)
        ledger.merge(done.ledger)
        lost.update((doc.id, doc.verdict) for doc in done.docs if doc.verdict is not None)
        yield from done.sketches


class _Clock:
    """An iterator that knows how long it took to get its items."""

    def __init__(self, items: Iterable[Any]) -> None:
        self.seconds = 0.0
        self._items = iter(items)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        start = perf_counter()
        try:
            return next(self._items)
        finally:
            self.seconds += perf_counter() - start
