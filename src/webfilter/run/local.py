"""Run stages on a batch in this process: isolate errors, count, keep the first verdict.

A stage that raises on a batch is asked again one document at a time, so that one bad document costs
itself only. What it raises becomes that document's verdict, of kind ``failed``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from webfilter.document import Document
from webfilter.errors import RunError
from webfilter.report.ledger import Ledger
from webfilter.stage import CorpusStage, OnlineStage, Stage, Step

__all__ = ["Done", "LocalRunner", "Segment", "Task", "apply", "perform", "segments", "sketch"]


@dataclass(frozen=True)
class Segment:
    """Stages that a batch passes without waiting, then the step that must wait, if any."""

    stages: tuple[tuple[str, Stage], ...]
    barrier: tuple[str, CorpusStage[Any] | OnlineStage[Any]] | None


@dataclass(frozen=True)
class Task:
    """A batch at a segment. `only` narrows the work to one stage (len(stages) is the sketch)."""

    segment: int
    docs: Sequence[Document]
    only: int | None = None


@dataclass
class Done:
    """What comes back from a batch: the documents marked, the counts, the sketches."""

    docs: list[Document]
    ledger: Ledger
    sketches: list[Any] = field(default_factory=list)
    memory: int = 0
    """Peak memory of the process that did it, in bytes; 0 where that is unknown."""


def segments(names: Sequence[str], steps: Sequence[Step]) -> tuple[Segment, ...]:
    """Cut a pipeline's steps at its corpus and online stages."""
    cut: list[Segment] = []
    stages: list[tuple[str, Stage]] = []
    for name, step in zip(names, steps, strict=True):
        if isinstance(step, Stage):
            stages.append((name, step))
        elif isinstance(step, (CorpusStage, OnlineStage)):
            waits = step.lean if isinstance(step, CorpusStage) else step
            cut.append(Segment(tuple(stages), (name, waits)))
            stages = []
    return (*cut, Segment(tuple(stages), None))


def perform(cut: Sequence[Segment], task: Task, measure_all: bool) -> Done:
    """Run the stages of a segment on a batch, and sketch it where a corpus stage waits."""
    segment = cut[task.segment]
    done = Done(list(task.docs), Ledger())
    for index, (name, stage) in enumerate(segment.stages):
        if task.only in (None, index):
            done.docs = apply(stage, name, done.docs, done.ledger, measure_all)
    if segment.barrier is not None and task.only in (None, len(segment.stages)):
        name, step = segment.barrier
        if isinstance(step, CorpusStage):
            sketch(step, name, done)
    return done


def apply(
    stage: Stage, name: str, docs: Sequence[Document], ledger: Ledger, measure_all: bool = False
) -> list[Document]:
    """Run `stage`, called `name` here, on the live documents among `docs`; count in `ledger`.

    With `measure_all` the dropped ones are measured too, and keep the verdict they have.
    """
    chosen = [i for i, doc in enumerate(docs) if _goes(doc, measure_all)]
    if not chosen:
        return list(docs)
    given = [docs[i] if docs[i].verdict is None else replace(docs[i], verdict=None) for i in chosen]
    start = perf_counter()
    marked = _isolated(stage, name, given)
    seconds = perf_counter() - start
    result = list(docs)
    judged = {rule.signal for rule in stage.rules}
    counted = []
    for i, before, after in zip(chosen, given, marked, strict=True):
        if docs[i].verdict is not None:
            if after.verdict is not None and after.verdict.kind == "failed":
                ledger.unmeasured(name)
            result[i] = replace(after, verdict=docs[i].verdict)
            continue
        verdict = after.verdict
        if verdict is not None:
            if verdict.stage != name:
                verdict = replace(verdict, stage=name)
            # what was dropped can be read as it came, not as the stage left it
            text = before.text if before.text and not measure_all else after.text
            after = replace(after, text=text, verdict=verdict)
        result[i] = after
        counted.append(after)
    ledger.add(name, len(counted), counted, seconds)
    for doc in counted:
        undefined = [s for s in judged if doc.signals.get(s) is None]
        if undefined and (doc.verdict is None or doc.verdict.kind == "dropped"):
            ledger.abstain(name, undefined)
    return result


def _goes(doc: Document, measure_all: bool) -> bool:
    verdict = doc.verdict
    if verdict is None:
        return True
    return measure_all and verdict.kind == "dropped" and verdict.stage != "read"


def _isolated(stage: Stage, name: str, batch: Sequence[Document]) -> list[Document]:
    try:
        marked = list(stage.process(batch))
        _same(batch, marked)
        return marked
    except RunError:  # the machine is broken, not the document
        raise
    except Exception as error:
        if len(batch) == 1:
            return [batch[0].fail(name, describe(error))]
    return [doc for one in batch for doc in _isolated(stage, name, [one])]


def _same(batch: Sequence[Document], marked: Sequence[Document]) -> None:
    if [doc.id for doc in batch] != [getattr(doc, "id", None) for doc in marked]:
        raise TypeError(
            "the stage must return the documents it was given, in the same order "
            f"({len(batch)} in, {len(marked)} out)"
        )


def sketch(step: CorpusStage[Any], name: str, done: Done) -> None:
    """Sketch the live documents of `done` for `step`, called `name` here; count in its ledger."""
    live = [doc for doc in done.docs if doc.live]
    start = perf_counter()
    failed: list[Document] = []
    try:
        if live:
            done.sketches.append(step.sketch(live))
    except Exception:
        for doc in live:
            try:
                done.sketches.append(step.sketch([doc]))
            except Exception as error:
                failed.append(doc.fail(name, describe(error)))
    done.ledger.add(name, len(failed), failed, perf_counter() - start)
    broken = {doc.id: doc for doc in failed}
    if broken:
        done.docs = [broken.get(doc.id, doc) for doc in done.docs]


def describe(error: BaseException) -> str:
    """Return ``Type: message`` on one line, at most 300 characters."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}"[:300] if message else type(error).__name__


class LocalRunner:
    """Does the work in this process, one batch after the other."""

    def __init__(self, cut: Sequence[Segment], measure_all: bool = False) -> None:
        self._cut, self._measure_all = cut, measure_all

    def map(self, segment: int, batches: Iterable[Sequence[Document]]) -> Iterator[Done]:
        """Yield what becomes of each batch at `segment`, in order."""
        for batch in batches:
            yield perform(self._cut, Task(segment, batch), self._measure_all)

    def close(self) -> None:
        """Nothing to close."""
