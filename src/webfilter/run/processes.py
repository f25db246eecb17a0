"""Run segments in worker processes, results in the order of the batches.

Each worker is led by one thread of the parent: a `webfilter.child.Child`, or an actor of a cluster
(`webfilter.run.ray`). A worker that dies takes nothing along: its batch is done again document by
document in a fresh one, and the document that kills it becomes a failed document of the stage that
died on it. A document that cannot be sent (its `meta` holds a lock, or nests too deep for a pickle)
is worked on by the parent itself, in the thread that asks for results: so it comes out as from a
run without workers.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter
from typing import NamedTuple, Protocol

from webfilter.child import Child, ChildDied, ChildError, ChildNotSent, ChildNotStarted
from webfilter.document import Document
from webfilter.errors import RunError
from webfilter.report.figures import visible
from webfilter.report.ledger import Ledger
from webfilter.run.local import Done, Segment, Task, perform, unpaged
from webfilter.run.memory import peak_memory
from webfilter.run.record import record
from webfilter.serve import Unpicklable, dumps

__all__ = ["Config", "Crew", "PoolRunner", "idle_workers", "make_worker"]

logger = logging.getLogger("webfilter")

_AHEAD = 3
"""Batches in flight a worker: enough that none waits for a slow neighbor's turn."""
_LONG = 60.0
"""Seconds from which on it is said that workers had too little to do."""


class Config(NamedTuple):
    """What a worker needs to know beforehand."""

    cut: Sequence[Segment]
    measure_all: bool
    worth: float | None
    """Where there is a journal, and each answer brings its record: as `record` takes it."""


def make_worker(config: Config) -> Callable[[Task], Done]:
    """Return what a worker does with a task. Called once in the child."""
    cut, measure_all, worth = config

    def work(task: Task) -> Done:
        done = perform(cut, task, measure_all)
        last = task.segment == len(cut) - 1 and task.only is None
        if last or not measure_all:  # else a later stage may read the page yet
            done.docs = [unpaged(doc) for doc in done.docs]
        if worth is not None and task.only is None and cut[task.segment].stages:
            done.record = record(task.docs, done, worth)
        done.memory = peak_memory()
        return done

    return work


class Crew(Protocol):
    """Who does tasks in other processes, each for the thread that asks."""

    def call(self, task: Task) -> Done:
        """Return what a worker made of `task`.

        Raises:
            ChildDied: the worker died on it; `ChildNotStarted`: none can be started.
            ChildError: the worker's loop raised; `ChildNotSent`: the task cannot be sent there.
            RunError: the crew was closed.
        """

    def close(self) -> None:
        """End the workers, and the calls that wait for them."""


class _Children:
    """A child process for each thread that calls."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._local = threading.local()
        self._children: list[Child] = []
        self._closed = False

    def call(self, task: Task) -> Done:
        child: Child | None = getattr(self._local, "child", None)
        if child is None:
            child = self._local.child = Child("webfilter.run.processes:make_worker", self._config)
            self._children.append(child)
        if self._closed:  # killed by `close`, not by the document: do not start again
            raise RunError("the run was stopped")
        done: Done = child.call(task)
        return done

    def close(self) -> None:
        self._closed = True
        for child in self._children:
            child.give_up()


class PoolRunner:
    """Maps segments over batches in `workers` processes.

    Args:
        cut: the pipeline's segments; every stage must be picklable.
        workers: number of processes, at least 1.
        measure_all: measure dropped documents too.
        worth: as in `Config`.
        crew: does the tasks, `workers` at a time; by default child processes of this one.

    Raises:
        RunError: a worker cannot start, or a stage cannot be sent to it.
    """

    def __init__(
        self,
        cut: Sequence[Segment],
        workers: int,
        measure_all: bool = False,
        worth: float | None = None,
        crew: Crew | None = None,
    ) -> None:
        self._cut, self._workers, self._measure_all = cut, workers, measure_all
        self._told = False
        self._busy: list[float] = []  # seconds of each task
        self._crew = _Children(Config(cut, measure_all, worth)) if crew is None else crew
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="webfilter-worker")

    def map(self, segment: int, batches: Iterable[Sequence[Document] | Done]) -> Iterator[Done]:
        """Yield what becomes of each batch at `segment`, in order."""
        pending: deque[Future[list[Done | Task]]] = deque()
        start, waited = perf_counter(), 0.0
        self._busy.clear()

        def result() -> Done:
            nonlocal waited
            asked = perf_counter()
            parts = pending.popleft().result()
            waited += perf_counter() - asked
            return self._joined(parts)

        for batch in batches:
            if isinstance(batch, Done):
                ready: Future[list[Done | Task]] = Future()
                ready.set_result([batch])
                pending.append(ready)
            else:
                pending.append(self._threads.submit(self._timed, Task(segment, batch)))
            while len(pending) >= self._workers * _AHEAD:
                yield result()
        while pending:
            yield result()
        idle = idle_workers(self._workers, sum(self._busy), perf_counter() - start, waited)
        if idle:
            logger.warning(idle)

    def close(self) -> None:
        """Stop the workers; batches in flight are given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._crew.close()

    def _call(self, task: Task) -> Done:
        try:
            return self._crew.call(task)
        except ChildNotStarted as error:
            said = f"a worker process cannot start (workers=1 needs none): {error}"
            raise RunError(said) from error
        except ChildNotSent:
            raise
        except ChildError as error:  # our own loop raised, or the pipeline cannot be loaded there
            said = f"a worker process could not do its work (workers=1 needs none): {error}"
            said += _unsent(self._cut)
            raise RunError(said) from error

    def _timed(self, task: Task) -> list[Done | Task]:
        start = perf_counter()
        try:
            return self._work(task)
        finally:
            self._busy.append(perf_counter() - start)

    def _work(self, task: Task) -> list[Done | Task]:
        """Return what becomes of `task`, in parts; a `Task` among them cannot be sent."""
        try:
            return [self._call(task)]
        except (ChildDied, ChildNotSent) as error:
            if len(task.docs) > 1:
                alone = (replace(task, docs=[doc]) for doc in task.docs)
                return [part for one in alone for part in self._work(one)]
            if isinstance(error, ChildDied):
                return [self._stage_by_stage(task)]
            if not self._told:  # once: it only takes longer
                self._told = True
                name = visible(task.docs[0].id, 120)
                logger.warning(f"{name} is worked on without workers: {visible(str(error))}")
            return [task]

    def _joined(self, parts: Sequence[Done | Task]) -> Done:
        """Return `parts` as one, after the work that is left to this process."""
        done = [
            perform(self._cut, part, self._measure_all) if isinstance(part, Task) else part
            for part in parts
        ]
        return done[0] if len(done) == 1 else _joined(done)

    def _stage_by_stage(self, task: Task) -> Done:
        """Find out which stage kills the worker on the one document of `task`."""
        total = Done(list(task.docs), Ledger())
        segment = self._cut[task.segment]
        names = [name for name, _ in segment.stages]
        if segment.barrier is not None:
            names.append(segment.barrier[0])
        for index, name in enumerate(names):
            doc = total.docs[0]
            try:
                part = self._call(Task(task.segment, [doc], only=index))
            except (ChildDied, ChildNotSent) as error:  # not here: the parent would die on it, too
                failed = doc.fail(name, f"worker process {error}")
                part = Done([failed], Ledger())
                part.ledger.add(name, int(doc.live), [failed] if doc.live else [], 0.0)
            total.docs = part.docs
            total.ledger.merge(part.ledger)
            total.sketches += part.sketches
        return total


def idle_workers(workers: int, busy: float, seconds: float, waited: float) -> str:
    """Return what is to be said of workers that had too little to do; nothing if they had enough.

    Args:
        workers: how many there are.
        busy: seconds of work, of all together.
        seconds: how long they were there.
        waited: seconds of these in which the process that feeds them waited for results.

    >>> idle_workers(64, 1000.0, 100.0, 3.0)[:59]
    '10 of 64 workers at a time had work: the process that feeds'
    """
    used = busy / max(seconds, 1e-9)
    if seconds < _LONG or used > 0.75 * workers or waited > 0.2 * seconds:
        return ""
    return (
        f"{used:.0f} of {workers} workers at a time had work: the process that feeds them, reads "
        "and writes was busy itself, so more of them bring nothing; runs of their own for parts of "
        "the files do"
    )


def _unsent(cut: Sequence[Segment]) -> str:
    """Return which step cannot be sent to a worker, and what to do; nothing where all can."""
    steps = (step for part in cut for step in (*part.stages, part.barrier) if step is not None)
    for name, step in steps:
        try:
            dumps(step)
        except Unpicklable:
            return (
                f"; it is in a field of {name}: keep locks, open files and connections out of "
                "its fields, or run with workers=1"
            )
    return ""


def _joined(parts: Iterable[Done]) -> Done:
    total = Done([], Ledger())
    for part in parts:
        total.docs += part.docs
        total.ledger.merge(part.ledger)
        total.sketches += part.sketches
        total.memory = max(total.memory, part.memory)
    return total
