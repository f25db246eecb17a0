"""Any stage in a process of its own, one document at a time, with limits on time and memory.

A page that hangs, crashes or eats memory becomes a failed document; its neighbors in the batch do
not notice. Pages are sent ahead while the child works, so they cost about .1 ms of processor time
in each process and nearly no waiting; the text and the signals come back, never the HTML. A page
that broke the child can be saved: see `webfilter.extract.failures`.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from webfilter.child import Child, ChildDied, ChildError, ChildFailure
from webfilter.config import AnyPath
from webfilter.document import Document
from webfilter.errors import ConfigError, RunError
from webfilter.extract.failures import save_failure
from webfilter.stage import Rule, Signal, Stage, Step

__all__ = ["Sandboxed", "check_limits", "process_apart"]

_MEGABYTE = 2**20


@dataclass(frozen=True)
class Sandboxed(Stage):
    """Runs `stage` in a child process with a time limit and a memory limit for each document.

    A document that exceeds one, or during which the child crashes, fails with the reason; the
    others go on. The verdicts of `stage` itself are its own. `Extract` has this built in.

    Threads may share it. As many children work at a time as there are cores, or four; more threads
    wait for one, which does not count against `seconds`.

    Raises:
        ConfigError: a limit is not positive.

    >>> from webfilter import Sample
    >>> Sandboxed(Sample(rate=1.0), seconds=10)([Document("a", "Water boils.")])[0].live
    True
    """

    stage: Stage
    """What to run."""
    seconds: float | None = 30.0
    """Time limit for one document, wall clock; None: no limit."""
    memory_mb: int | None = 1024
    """Limit on the private memory of the child in MiB, interpreter, libraries and models included;
    None: no limit. Enforced on Linux only."""
    save_failures: AnyPath | None = None
    """Folder for the pages that time out, crash or run out of memory, so that it can be replayed:
    see `webfilter.extract.failures`. None: they are not saved."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_limits(self.name, self.seconds, self.memory_mb)

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """What the inner stage measures."""
        return self.stage.measures

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the inner stage."""
        return self.stage.rules

    def rules_for(self, doc: Document) -> tuple[Rule, ...]:
        """Return the inner stage's rules for `doc`."""
        return self.stage.rules_for(doc)

    @property
    def needs(self) -> tuple[str, ...]:
        """What the inner stage needs."""
        return self.stage.needs

    @property
    def artifacts(self) -> Mapping[str, str]:
        """Those of the inner stage."""
        return self.stage.artifacts

    def placed(self, later: Sequence[tuple[str, Step]]) -> Step:
        """Return the sandbox with the inner stage as it runs before `later`."""
        inner = self.stage.placed(later)
        assert isinstance(inner, Stage)
        return replace(self, stage=inner)

    @property
    def thorough(self) -> Step:
        """The sandbox of what the inner stage says."""
        inner = self.stage.thorough
        assert isinstance(inner, Stage)
        return self if inner is self.stage else replace(self, stage=inner)

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Run the inner stage on each document of `batch` in the child."""
        return process_apart(
            self.stage, batch, self.seconds, self.memory_mb, self.name, self.save_failures
        )


def check_limits(name: str, seconds: float | None, memory_mb: int | None) -> None:
    """Raise `ConfigError` unless the limits of the stage called `name` are positive or None."""
    if seconds is not None and seconds <= 0:
        raise ConfigError(f"{name}: seconds = {seconds} is not positive; None sets no limit")
    if memory_mb is not None and memory_mb <= 0:
        raise ConfigError(f"{name}: memory_mb = {memory_mb} is not positive; None sets no limit")


def process_apart(
    stage: Stage,
    batch: Sequence[Document],
    seconds: float | None,
    memory_mb: int | None,
    name: str,
    save: AnyPath | None = None,
) -> list[Document]:
    """Run `stage` on each document of `batch` in a child; failures are of the stage `name`.

    Those of the child (not verdicts of `stage`) are saved in the folder `save`, if there is one.

    Raises:
        RunError: the child cannot be started, or `stage` raised one: neither is a document's fault.
    """
    if not batch:
        return []
    memory = None if memory_mb is None else memory_mb * _MEGABYTE
    try:
        with _child(stage, memory) as child:
            outcomes = child.call_each([_packed(doc) for doc in batch], seconds)
    except ChildFailure as failure:
        said = f"{name}: its child process cannot be started: {failure}"
        if memory_mb is not None and _short_of_memory(failure):
            said += f"; memory_mb = {memory_mb} must hold Python, libraries and models too"
        raise RunError(said) from failure
    marked = []
    for doc, outcome in zip(batch, outcomes, strict=True):
        if not isinstance(outcome, ChildFailure):
            marked.append(_changed(doc, outcome))
            continue
        if isinstance(outcome, ChildError) and outcome.type_name == RunError.__name__:
            raise RunError(f"{name}: {outcome.message}")
        reason = _reason(outcome, memory_mb)
        marked.append(doc.fail(name, reason))
        if save is not None:
            save_failure(Path(save), doc, {
                "stage": name, "reason": reason, "details": _details(outcome),
                "configuration": repr(stage), "engine": getattr(stage, "engine", None),
                "versions": _versions(stage), "seconds": seconds, "memory_mb": memory_mb,
            })  # fmt: skip
    return marked


def _details(failure: ChildFailure) -> str:
    """Return the traceback or the last words of the child."""
    return getattr(failure, "traceback", "") or getattr(failure, "stderr", "")


def _versions(stage: Stage) -> dict[str, str]:
    from webfilter import __version__

    return {
        "webfilter": __version__,
        "python": sys.version.split()[0],
        "system": sys.platform,
        **stage.artifacts,
    }


def _reason(failure: ChildFailure, memory_mb: int | None) -> str:
    if _short_of_memory(failure):
        return f"out of memory ({memory_mb} MiB allowed)" if memory_mb else "out of memory"
    return failure.how if isinstance(failure, ChildDied) else str(failure)


def _short_of_memory(failure: ChildFailure) -> bool:
    """Whether Python was, or a library that then ends the process and says so (OpenBLAS)."""
    if isinstance(failure, ChildDied):
        return failure.how.startswith("exit code") and "emory" in failure.stderr
    return isinstance(failure, ChildError) and failure.type_name == "MemoryError"


_FIELDS = tuple(field.name for field in fields(Document))


def _packed(doc: Document) -> tuple[Any, ...]:
    """Return the fields of `doc`: a pickled tuple costs a fifth of a pickled dataclass."""
    html = None if doc.html is None else pickle.PickleBuffer(doc.html)
    return (doc.id, doc.text, html, doc.url, doc.signals, doc.meta, doc.verdict)


def _changed(doc: Document, changes: Mapping[int, Any]) -> Document:
    """Return `doc` with the fields that the child changed."""
    values: list[Any]
    values = [doc.id, doc.text, doc.html, doc.url, doc.signals, doc.meta, doc.verdict]
    for at, value in changes.items():
        values[at] = value
    return Document(*values)


def worker(stage: Stage) -> Callable[[tuple[Any, ...]], dict[int, Any]]:
    """Return what the child does with a document: mark it, and send back what is new."""
    load = getattr(stage, "load", None)
    if load is not None:
        load()

    def work(task: tuple[Any, ...]) -> dict[int, Any]:
        [marked] = stage.process([Document(*task)])
        new = ((at, getattr(marked, name)) for at, name in enumerate(_FIELDS))
        return {at: value for at, value in new if value is not task[at]}

    return work


_idle: list[tuple[tuple[bytes | int, int | None], Child]] = []
_MOST = max(4, os.cpu_count() or 1)
"""Most children at work at a time. A service may have many more threads: they wait. More children
than cores only cost memory."""
_KEPT = max(8, _MOST)
"""Most that are kept idle: a pipeline with more sandboxed stages would start each again for every
batch, and that costs a second."""
_lock = threading.Lock()
_places = threading.BoundedSemaphore(_MOST)


def _renew() -> None:
    """Free what threads hold that a forked child does not have."""
    global _lock, _places
    _lock, _places = threading.Lock(), threading.BoundedSemaphore(_MOST)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def _key(stage: Stage) -> bytes | int:
    """Return what is equal for equal stages; a stage that only cloudpickle can do is its own."""
    try:
        return pickle.dumps(stage)
    except Exception:
        return id(stage)  # nobody else's as long as its child holds it


@contextmanager
def _child(stage: Stage, memory: int | None) -> Iterator[Child]:
    """Lend a child for `stage` once there is a place; kept when idle, the longest idle closed."""
    key = (_key(stage), memory)
    with _places:
        with _lock:
            at = next((i for i in reversed(range(len(_idle))) if _idle[i][0] == key), None)
            child = None if at is None else _idle.pop(at)[1]
        if child is None:
            child = Child("webfilter.extract.sandbox:worker", stage, memory=memory)
        try:
            yield child
        finally:
            with _lock:
                _idle.append((key, child))
                surplus = [_idle.pop(0)[1] for _ in range(len(_idle) - _KEPT)]
            for other in surplus:
                other.close()
