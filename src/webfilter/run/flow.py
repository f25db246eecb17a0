"""Lead batches of documents through the steps of a pipeline.

`Flow` is the one loop behind `Pipeline.kept`, `fit` and `run`. A segment of ordinary stages is
mapped over the batches by a runner. At a corpus stage the live documents are spooled while they are
sketched, in the same pass; then the sketches are resolved and the spool streams on. At an online
stage the batches pass through its state in arrival order.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webfilter.document import Document
from webfilter.errors import ConfigError, RunError
from webfilter.read import read
from webfilter.report.ledger import Ledger
from webfilter.run.corpus import resolved, unlost
from webfilter.run.ids import UniqueIds
from webfilter.run.local import (
    ENDS,
    Done,
    LocalRunner,
    Runner,
    Task,
    apply,
    describe,
    perform,
    segments,
    settled,
)
from webfilter.run.spool import Spool
from webfilter.run.watch import FIRST, Watch
from webfilter.run.work import inner_folder, work_folder
from webfilter.stage import CorpusStage, OnlineStage, Stage

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline

__all__ = ["Flow", "batched", "check_count", "fit", "kept", "run_in_memory"]

logger = logging.getLogger("webfilter")

BATCH_BYTES = 4_000_000
"""A batch is cut when its pages and texts reach about this size, so that memory stays bounded."""


def batched(docs: Iterable[Document], size: int) -> Iterator[list[Document]]:
    """Cut `docs` into lists of at most `size` documents and about `BATCH_BYTES`."""
    batch: list[Document] = []
    weight = 0
    for doc in docs:
        batch.append(doc)
        weight += len(doc.text) + len(doc.html or b"")
        if len(batch) >= size or weight >= BATCH_BYTES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


class Flow:
    """One passage of documents through a pipeline, with what it counted on the way.

    Args:
        pipe: the pipeline.
        runner: who does the work of ordinary stages.
        settle: gets every document that leaves early (dropped, failed), as it leaves.
        work: an existing folder for spools.
        measure_all: dropped documents travel on, to be measured.
        batch_size: documents a batch after a corpus stage.
        watch: sees the documents that came out of some steps.
    """

    def __init__(
        self,
        pipe: Pipeline,
        runner: Runner,
        settle: Callable[[Sequence[Document]], None],
        work: Path,
        measure_all: bool = False,
        batch_size: int = 64,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self.ledger = Ledger(pipe.names)
        self.resolved: dict[str, Stage] = {}
        self.memory = 0
        self._runner, self._settle, self._work = runner, settle, work
        self._measure_all, self._batch_size = measure_all, batch_size
        self._cut = segments(pipe.names, pipe.steps)
        self._observers: list[_Observer] = []

    def finishing(self) -> Callable[[], None]:
        """Let the online stages write what they have seen; return what saves it.

        Call that once the output is complete.
        """
        return _finishing(self._observers)

    def through(self, batches: Iterable[list[Document]]) -> Iterator[list[Document]]:
        """Yield the live documents that come out at the end, batch by batch, in order."""
        # settled documents travel along to the end or the next spool, so that they are settled in
        # the order of the source, however the batches are cut and whoever works on them
        stream = iter(batches)
        for index, segment in enumerate(self._cut):
            barrier = None if segment.barrier is None else segment.barrier[1]
            if isinstance(barrier, CorpusStage):
                stream = self._corpus(index, stream)
            elif isinstance(barrier, OnlineStage):
                stream = self._online(index, stream)
            else:
                stream = self._stages(index, stream)
        for docs in stream:
            live = [doc for doc in docs if doc.live]
            if len(live) < len(docs):
                self._settle([doc for doc in docs if not doc.live])
            if live:
                yield live

    def _goes_on(self, doc: Document) -> bool:
        verdict = doc.verdict
        if verdict is None:
            return True
        return self._measure_all and verdict.kind == "dropped" and verdict.stage != "read"

    def _take(self, index: int, done: Done) -> list[Document]:
        self.ledger.merge(done.ledger)
        self.memory = max(self.memory, done.memory)
        return self._seen(done.docs, {name for name, _ in self._cut[index].stages})

    def _seen(self, docs: list[Document], names: Set[str]) -> list[Document]:
        if self._watch is not None:
            self._watch.see(docs, names, self.ledger)
        return docs

    def _stages(self, index: int, batches: Iterable[list[Document]]) -> Iterator[list[Document]]:
        if not self._cut[index].stages:
            yield from batches
            return
        for done in self._runner.map(index, batches):
            yield self._take(index, done)

    def _corpus(self, index: int, batches: Iterable[list[Document]]) -> Iterator[list[Document]]:
        assert self._cut[index].barrier is not None
        name, step = self._cut[index].barrier  # type: ignore[misc]
        assert isinstance(step, CorpusStage)
        folder = inner_folder(self._work, f"{index}-{name}")
        spool = Spool(self._work / f"{index}-{name}.arrow")
        try:
            sketches = self._sketched(name, index, batches, spool)
            stage, lost = resolved(step, name, sketches, spool.read, folder, self.ledger)
            logger.info(f"{name} has compared them")
            self.resolved[name] = stage
            spooled = (doc for docs in spool.read() for doc in docs)
            for docs in batched(spooled, self._batch_size):
                # a dropped document was not sketched: the resolved stage has nothing to say of it
                yield self._seen(apply(stage, name, unlost(docs, lost), self.ledger), {name})
        finally:
            spool.delete()
            shutil.rmtree(folder, ignore_errors=True)

    def _sketched(
        self, name: str, index: int, batches: Iterable[list[Document]], spool: Spool
    ) -> Iterator[Any]:
        """Spool the live documents; yield their sketches."""
        count = 0
        for done in self._runner.map(index, batches):
            docs = self._take(index, done)
            gone = [doc for doc in docs if not self._goes_on(doc)]
            if gone:
                self._settle(gone)
            live = [doc for doc in docs if self._goes_on(doc)]
            spool.write(live)
            count += len(live)
            yield from done.sketches
        logger.info(f"{name} compares {count:,} documents")

    def _online(self, index: int, batches: Iterable[list[Document]]) -> Iterator[list[Document]]:
        assert self._cut[index].barrier is not None
        name, step = self._cut[index].barrier  # type: ignore[misc]
        assert isinstance(step, OnlineStage)
        observer = _Observer(step)
        self._observers.append(observer)
        for docs in self._stages(index, batches):
            yield self._seen(apply(observer, name, docs, self.ledger), {name})


class _Observer(Stage):
    """An online stage with its state, seen as an ordinary stage by the code that counts."""

    def __init__(self, step: OnlineStage[Any]) -> None:
        self._step, self._state = step, step.start()

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        # whatever is wrong with documents is said here: asked again, the state would see some twice
        try:
            if self._step.whole and len(batch) > 1:
                try:
                    answer = self._step.observe(self._state, batch)
                except (*ENDS, SystemExit):
                    raise
                except BaseException:  # the state is as it was: find out whose fault it is
                    pass
                else:
                    return settled(batch, answer, self._step.name)
            return [self._one(doc) for doc in batch]
        except SystemExit as error:
            raise RunError(f"{self._step.name}: sys.exit while it was at work") from error

    def _one(self, doc: Document) -> Document:
        try:
            answer = self._step.observe(self._state, [doc])
        except (*ENDS, SystemExit):
            raise
        except BaseException as error:
            return doc.fail(self._step.name, describe(error))
        return settled([doc], answer, self._step.name)[0]

    def finishing(self) -> Callable[[], object]:
        return self._step.finishing(self._state)


def _finishing(observers: Sequence[_Observer]) -> Callable[[], None]:
    """Return what saves what online stages have seen: all of them, since each could be written."""
    places = [observer.finishing() for observer in observers]

    def save() -> None:
        for place in places:
            place()

    return save


def _nothing(docs: Sequence[Document]) -> None:
    pass


def check_count(where: str, name: str, number: object) -> None:
    """Raise ConfigError unless `number` is a whole number, 1 or more."""
    if type(number) is not int or number < 1:
        raise ConfigError(f"{where}: {name} = {number!r}; it takes a whole number, 1 or more")


def kept(pipe: Pipeline, source: Any, *, batch_size: int) -> Iterator[Document]:
    """Yield the kept documents of `source`; see `Pipeline.kept`."""
    docs = UniqueIds().over(read(source))
    with work_folder() as work:
        runner = LocalRunner(segments(pipe.names, pipe.steps))
        watch = Watch(pipe)
        flow = Flow(pipe, runner, _nothing, work, watch=watch)
        for batch in flow.through(batched(docs, batch_size)):
            yield from batch
        watch.finish(flow.ledger)
        flow.finishing()()


def fit(pipe: Pipeline, source: Any, *, batch_size: int) -> Pipeline:
    """Resolve every corpus stage of `pipe` on `source`; see `Pipeline.fit`."""
    from webfilter.pipeline import Pipeline

    check_count("fit", "batch_size", batch_size)
    corpus = [i for i, step in enumerate(pipe.steps) if isinstance(step, CorpusStage)]
    if not corpus:
        return pipe
    head = Pipeline(pipe.steps[: corpus[-1] + 1])
    docs = UniqueIds().over(read(source))
    with work_folder() as work:
        runner = LocalRunner(segments(head.names, head.steps))
        flow = Flow(head, runner, _nothing, work)
        for _ in flow.through(batched(docs, batch_size)):
            pass
    named = zip(pipe.names, pipe.steps, strict=True)
    return Pipeline(tuple(flow.resolved.get(name, step) for name, step in named))


def run_in_memory(pipe: Pipeline, source: Any) -> list[Document]:
    """Return all documents of `source`, marked, in order; see `Pipeline.__call__`."""
    docs = list(UniqueIds().over(read(source)))
    cut = segments(pipe.names, pipe.steps)
    observers: list[_Observer] = []
    ledger, watch = Ledger(pipe.names), Watch(pipe)
    for index, segment in enumerate(cut):
        parts = [perform(cut, Task(index, batch), False) for batch in batched(docs, 1_000)]
        docs = [doc for part in parts for doc in part.docs]
        for part in parts:
            ledger.merge(part.ledger)
        watch.see(docs, {name for name, _ in segment.stages}, ledger)
        if segment.barrier is None:
            continue
        name, step = segment.barrier
        if isinstance(step, CorpusStage):
            sketches = (sketch for part in parts for sketch in part.sketches)
            again = partial(batched, docs, 1_000)
            with work_folder() as work:
                stage, lost = resolved(step, name, sketches, again, work, ledger)
            docs = apply(stage, name, unlost(docs, lost), ledger)
            watch.see(docs, {name}, ledger)
            continue
        observers.append(_Observer(step))
        pieces = batched(docs, 1_000)
        docs = [doc for some in pieces for doc in apply(observers[-1], name, some, ledger)]
        watch.see(docs, {name}, ledger)
    _finishing(observers)()
    watch.finish(ledger, FIRST)
    return docs
