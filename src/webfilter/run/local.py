"""Run stages on a batch in this process: isolate errors, count, keep the first verdict.

A stage that raises on a batch is asked again one document at a time, so that one bad document costs
itself only. What it raises becomes that document's verdict, of kind ``failed``; so does an answer
that is no `Document` as others can read it. Ctrl-C ends the run, and so does a `RunError`: the
machine is broken, not the document. ``sys.exit`` in a stage is the document's failure if it comes
again when asked again; else it came from outside (the handler of a signal) and is obeyed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar

from webfilter.document import Document, Verdict, plain
from webfilter.errors import RunError
from webfilter.report.abstained import abstained
from webfilter.report.ledger import Ledger
from webfilter.stage import CorpusStage, Filter, OnlineStage, Scorer, Stage, Step, Transform

__all__ = [
    "ENDS",
    "Done",
    "LocalRunner",
    "Runner",
    "Segment",
    "Task",
    "apply",
    "describe",
    "perform",
    "segments",
    "settled",
    "sketch",
    "unpaged",
]

ENDS = (KeyboardInterrupt, GeneratorExit, RunError)
"""What ends a run, wherever it is raised."""

T = TypeVar("T")


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
    record: bytes = b""
    """What the journal keeps of it, where whoever did it was asked to see to that."""


class Runner(Protocol):
    """Who maps a segment's stages over batches: `LocalRunner`, or the process pool."""

    def map(self, segment: int, batches: Iterable[Sequence[Document] | Done]) -> Iterator[Done]:
        """Yield what becomes of each batch, in order; what is `Done` already comes in its turn."""

    def close(self) -> None:
        """Give up what is in flight."""


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


def unpaged(doc: Document) -> Document:
    """Leave the page of a dropped document behind: only failed ones are written with theirs."""
    if doc.html is None or doc.verdict is None or doc.verdict.kind == "failed":
        return doc
    return replace(doc, html=None)


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
    ledger.abstain(name, abstained(stage, counted))
    return result


def _goes(doc: Document, measure_all: bool) -> bool:
    verdict = doc.verdict
    if verdict is None:
        return True
    return measure_all and verdict.kind == "dropped" and verdict.stage != "read"


def _isolated(stage: Stage, name: str, batch: Sequence[Document]) -> list[Document]:
    check = _trusted if type(stage).process in _BY_RULES else _checked
    marked: list[Document] = []
    for docs, answer in _asked(lambda docs: check(docs, list(stage.process(docs))), batch):
        if isinstance(answer, _Broke):
            marked += [doc.fail(name, answer.reason) for doc in docs]
        else:
            marked += answer
    return marked


_BY_RULES = (Filter.process, Scorer.process, Transform.process)
"""What makes documents of measurements, and checks those."""


def _trusted(batch: Sequence[Document], marked: list[Document]) -> list[Document]:
    return marked


class _Broke(NamedTuple):
    """Instead of an answer."""

    reason: str
    left: bool
    """Whether it was by ``sys.exit``."""


def _asked(
    ask: Callable[[Sequence[Document]], T], batch: Sequence[Document]
) -> list[tuple[Sequence[Document], T | _Broke]]:
    """Ask about `batch`, and if that raises about each document; return each with its answer.

    Raises:
        KeyboardInterrupt, GeneratorExit, RunError, SystemExit: see this module.
    """
    left: SystemExit | None = None
    try:
        return [(batch, ask(batch))]
    except ENDS:
        raise
    except SystemExit as error:
        left = error
    except BaseException as error:
        if len(batch) == 1:
            return [(batch, _Broke(describe(error), False))]
    answers: list[tuple[Sequence[Document], T | _Broke]] = []
    for doc in batch:
        try:
            answers.append(([doc], ask([doc])))
        except ENDS:
            raise
        except BaseException as error:
            answers.append(([doc], _Broke(describe(error), isinstance(error, SystemExit))))
    if left is not None and not any(isinstance(a, _Broke) and a.left for _, a in answers):
        raise left
    return answers


def _checked(batch: Sequence[Document], marked: Sequence[Document]) -> list[Document]:
    if len(batch) != len(marked):
        raise TypeError(f"{_OTHERS} ({len(batch)} in, {len(marked)} out)")
    return [_valid(doc, after) for doc, after in zip(batch, marked, strict=True)]


def settled(batch: Sequence[Document], answer: Iterable[Any], name: str) -> list[Document]:
    """Return `answer`, of a stage called `name` that must not be asked again about `batch`.

    Documents for which it has nothing, or nothing valid, have failed.
    """
    try:
        marked = list(answer)
    except (*ENDS, SystemExit):
        raise
    except BaseException as error:
        reason = describe(error)
        return [doc.fail(name, reason) for doc in batch]
    found = {after.id: after for after in marked if isinstance(after, Document)}
    result = []
    for at, doc in enumerate(batch):
        try:
            after = found.get(doc.id, marked[at] if at < len(marked) else None)
            result.append(_valid(doc, after))
        except Exception as error:
            result.append(doc.fail(name, describe(error)))
    return result


_OTHERS = "the stage must return the documents it was given, in the same order"
_STRINGS = frozenset({str})
_VALUES = frozenset({float, int, bool, str, type(None)})


def _valid(doc: Document, after: Any) -> Document:
    """Return `after`, what a stage made of `doc`; signals of NumPy's types as plain values.

    Raises:
        TypeError, ValueError: it is not `doc` marked, so that later stages or the writer would
            break on it.
    """
    if not isinstance(after, Document):
        raise TypeError(f"{_OTHERS}: {type(after).__name__} came for {doc.id!r}")
    if after.id != doc.id:
        raise TypeError(f"{_OTHERS}: {after.id!r} came for {doc.id!r}")
    made, signals = after, after.signals
    if signals is not doc.signals:
        _mapping("signals", signals)
        if not (
            _STRINGS.issuperset(map(type, signals)) or all(isinstance(k, str) for k in signals)
        ):
            raise TypeError(f"names of signals must be str: {[*signals]!r}")
        if not _VALUES.issuperset(map(type, signals.values())):
            made = replace(made, signals={k: plain(k, v) for k, v in signals.items()})
    if after.meta is not doc.meta:
        _mapping("meta", after.meta)
    verdict = after.verdict
    if verdict is None or verdict is doc.verdict:
        return made
    said = _verdict(verdict)
    return made if said is verdict else replace(made, verdict=said)


def _mapping(what: str, value: Any) -> None:
    if type(value) is not dict and not isinstance(value, Mapping):
        raise TypeError(f"{what} must be a mapping, not {type(value).__name__}")


def _verdict(said: Any) -> Verdict:
    if not isinstance(said, Verdict):
        raise TypeError(
            f"a verdict must be a Verdict, not {type(said).__name__}: doc.drop(Verdict(...))"
        )
    if said.kind != "dropped" and said.kind != "failed":
        raise ValueError(f"Verdict.kind is {said.kind!r}; there are 'dropped' and 'failed'")
    for name in ("stage", "reason", "signal", "of", "op"):
        value = getattr(said, name)
        if not isinstance(value, str) and (value is not None or name in ("stage", "reason")):
            raise TypeError(f"Verdict.{name} must be a str, not {type(value).__name__}")
    value, limit = plain("Verdict.value", said.value), plain("Verdict.limit", said.limit)
    if isinstance(limit, str):
        raise TypeError(f"Verdict.limit must be a number, not {type(said.limit).__name__}")
    if limit is not None and abs(limit) > sys.float_info.max:
        raise ValueError("Verdict.limit is an int beyond all floats")
    if value is said.value and limit is said.limit:
        return said
    return replace(said, value=value, limit=limit)


def sketch(step: CorpusStage[Any], name: str, done: Done) -> None:
    """Sketch the live documents of `done` for `step`, called `name` here; count in its ledger."""
    live = [doc for doc in done.docs if doc.live]
    start = perf_counter()
    failed: list[Document] = []
    for docs, answer in _asked(step.sketch, live) if live else ():
        if isinstance(answer, _Broke):
            failed += [doc.fail(name, answer.reason) for doc in docs]
        else:
            done.sketches.append(answer)
    done.ledger.add(name, len(failed), failed, perf_counter() - start)
    broken = {doc.id: doc for doc in failed}
    if broken:
        done.docs = [broken.get(doc.id, doc) for doc in done.docs]


def describe(error: BaseException) -> str:
    """Return ``Type: message`` on one line, at most 300 characters."""
    try:
        message = " ".join(str(error).split())
    except Exception:
        message = "(its message cannot be shown)"
    return f"{type(error).__name__}: {message}"[:300] if message else type(error).__name__


class LocalRunner:
    """Does the work in this process, one batch after the other."""

    def __init__(self, cut: Sequence[Segment], measure_all: bool = False) -> None:
        self._cut, self._measure_all = cut, measure_all

    def map(self, segment: int, batches: Iterable[Sequence[Document] | Done]) -> Iterator[Done]:
        """Yield what becomes of each batch at `segment`, in order."""
        for batch in batches:
            if isinstance(batch, Done):
                yield batch
            else:
                yield perform(self._cut, Task(segment, batch), self._measure_all)

    def close(self) -> None:
        """Nothing to close."""
