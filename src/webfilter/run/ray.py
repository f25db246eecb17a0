"""Run segments on the workers of a Ray cluster, results in the order of the batches.

`RayWorkers` is what a user gives as ``workers``. Each worker is an actor that holds the stages, so
a model is loaded once in each. All else is as with worker processes (`webfilter.run.processes`):
order, batches in flight, and what a death costs. An actor dies for other reasons than a document,
too: its machine is gone, or Ray takes it because memory is short. So a document fails only when
three workers in a row have died on it: with its batch, alone, and at the stage that is named.

What it does not do: the process that calls reads, writes, and resolves corpus stages, as it does
with worker processes. So it is for stages that are slow against reading (extraction, models), until
reading and writing in one place are what the run waits for. Beyond that, apply a fitted pipeline
within Ray Data: `webfilter.TableWorker`.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from webfilter.child import ChildDied, ChildError, ChildNotSent, ChildNotStarted, unpack_answer
from webfilter.config import conform
from webfilter.errors import ConfigError, MissingExtra, RunError
from webfilter.run.local import Done, Segment, Task
from webfilter.run.processes import Config, PoolRunner, make_worker
from webfilter.serve import Unpicklable, answer, dumps

__all__ = ["RayRunner", "RayWorkers"]

logger = logging.getLogger("webfilter")

_OURS = {"max_restarts": 0, "max_task_retries": 0, "max_concurrency": 1}
_STARTS = 3
"""How often each actor may die while it starts, if no other comes to be ready."""
_PATIENCE = 60.0
"""Seconds without a free worker after which it is said what they wait for."""
_DETAIL = re.compile(r"exit type: (\w+)\s+Worker exit detail: (.+)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=\.)\s+")


@dataclass(frozen=True)
class RayWorkers:
    """Workers on a Ray cluster, for ``Pipeline.run(workers=...)``.

    They run on the Ray that is initialized (``ray.init(address=...)``). Where there is none,
    ``ray.init()`` is called, which takes the cluster that ``RAY_ADDRESS`` names or starts one on
    this machine, and it is shut down after the run; the log says so.

    The same version of webfilter must be installed on every machine, and so must modules that your
    stages are defined in. Stages of a script or notebook travel with the run, and so do those of a
    module that was given to ``ray.cloudpickle.register_pickle_by_value``. Files that stages name
    are looked for where the worker is.

    Raises:
        MissingExtra: Ray is not installed.
        ConfigError: a field does not fit.
    """

    count: int | None = None
    """How many, at least 1; None: as many as the cluster has place for when the run begins."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What Ray shall give to each worker, as in ``actor.options``: ``num_cpus`` (1 where nothing is
    said), ``num_gpus``, ``resources``, ``runtime_env`` and others."""

    def __post_init__(self) -> None:
        conform(self, "RayWorkers")
        if self.count is not None and self.count < 1:
            raise ConfigError(f"RayWorkers: count = {self.count}; it takes 1 or more, or None")
        ours = sorted(_OURS.keys() & self.options.keys())
        if ours:
            raise ConfigError(f"RayWorkers: options: {', '.join(ours)} cannot be chosen")
        try:
            import ray  # noqa: F401
        except ImportError:
            raise MissingExtra("RayWorkers", "ray") from None


class RayRunner(PoolRunner):
    """Maps segments over batches by the actors that `workers` describes.

    Args:
        cut: the pipeline's segments; every stage must be picklable.
        workers: how many actors, and what each needs.
        measure_all: measure dropped documents too.
        worth: as in `webfilter.run.processes.Config`.

    Raises:
        ConfigError: Ray does not know one of the options.
        RunError: Ray cannot be initialized.
    """

    def __init__(
        self,
        cut: Sequence[Segment],
        workers: RayWorkers,
        measure_all: bool = False,
        worth: float | None = None,
    ) -> None:
        import ray

        options = {"num_cpus": 1, **workers.options, **_OURS}
        try:
            made = ray.remote(**options)(_Worker)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"RayWorkers: options: {error}") from error
        self._ours = not ray.is_initialized()
        if self._ours:
            try:
                ray.init()
            except Exception as error:
                raise RunError(f"Ray cannot be initialized: {error}") from error
            cpus = ray.cluster_resources().get("CPU", 0)
            logger.warning(
                f"RayWorkers: Ray was not initialized; until the run ends it is, with {cpus:g} "
                "CPUs: call ray.init(address=...) first for another cluster"
            )
        self.count = workers.count or _places(ray.cluster_resources(), options)
        """How many actors there are."""
        crew = _Actors(made, Config(cut, measure_all, worth), self.count, options)
        super().__init__(cut, self.count, measure_all, worth, crew)

    def close(self) -> None:
        """Stop the actors; batches in flight are given up."""
        super().close()
        self._threads.shutdown()  # their actors are dead, so they end
        if self._ours:
            import ray

            ray.shutdown()


def _places(has: Mapping[str, float], options: Mapping[str, Any]) -> int:
    """Return how many workers with `options` find place in a cluster that `has` so much."""
    wanted = {"CPU": options["num_cpus"], "GPU": options.get("num_gpus")}
    wanted |= options.get("resources") or {}
    rooms = [has.get(name, 0) / amount for name, amount in wanted.items() if amount]
    return max(1, int(min(rooms, default=1)))


class _Worker:
    """What an actor is: it answers as a child does."""

    def load(self, config: bytes) -> tuple[bytes, bytes]:
        return answer(self._load, [config])

    def _load(self, config: Config) -> None:
        self._work = make_worker(config)

    def work(self, task: bytes) -> tuple[bytes, bytes]:
        return answer(self._work, [task])


class _Actors:
    """The actors of a run; whoever has a task takes the one that was free first.

    Args:
        made: the class of actors.
        config: for `make_worker`.
        count: how many there shall be.
        options: what each needs, for what is said when there is none.
    """

    def __init__(
        self,
        made: Any,
        config: Config,
        count: int,
        options: Mapping[str, Any],
    ) -> None:
        self._made, self._given, self._count, self._options = made, config, count, options
        self._lock = threading.Lock()
        self._actors: list[Any] = []
        self._config: Any = None
        self._closed = False
        self._deaths = 0
        self._told = False
        # a free actor, with what its start came to if that is new; None: the run was stopped.
        # Ray calls back while it holds what others wait for, so nothing there may take the lock
        self._free: queue.SimpleQueue[tuple[Any, Any] | None] = queue.SimpleQueue()

    def call(self, task: Task) -> Done:
        """Return what a worker made of `task`; see `Crew`."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            data = dumps(task)
        except Unpicklable as error:
            raise ChildNotSent(*error.args) from error
        actor = self._take()
        try:
            tag, body = ray.get(actor.work.remote(data))
        except RayTaskError as error:
            raise ChildError(type(error).__name__, str(error)) from error
        except RayError as error:
            self._forget(actor)
            raise ChildDied(_how(error)) from error
        self._free.put((actor, None))
        done = unpack_answer(tag, body)
        if isinstance(done, ChildError):
            raise done
        assert isinstance(done, Done)
        return done

    def close(self) -> None:
        """End the actors, and the calls that wait for them."""
        with self._lock:
            self._closed = True
            actors, self._actors = self._actors, []
        for actor in actors:
            _kill(actor)
        for _ in range(self._count):  # as many as there are threads
            self._free.put(None)

    def _take(self) -> Any:
        """Return an actor that is free and has its stages."""
        from ray.exceptions import RayError, RayTaskError

        self._fill()
        while True:
            try:
                item = self._free.get(timeout=_PATIENCE)
            except queue.Empty:
                self._tell()
                continue
            if item is None:
                raise RunError("the run was stopped")
            actor, started = item
            if started is None:
                return actor
            try:
                problem = unpack_answer(*started.result())
            except RayError as error:
                self._forget(actor)
                self._deaths += 1
                if isinstance(error, RayTaskError) or getattr(error, "actor_init_failed", False):
                    raise ChildNotStarted(
                        f"{str(error).splitlines()[-1]} (is the same webfilter installed there?)"
                    ) from error
                if self._deaths >= _STARTS * self._count:
                    raise ChildNotStarted(_how(error)) from error
                self._fill()
                continue
            if problem is not None:  # the stages cannot be loaded there
                raise ChildError(problem.type_name, problem.message)
            self._deaths = 0
            return actor

    def _fill(self) -> None:
        """Start the actors that are missing."""
        with self._lock:
            if self._closed:
                raise RunError("the run was stopped")
            if self._config is None:
                self._config = _shared(self._given)
            while len(self._actors) < self._count:
                actor = self._made.remote()
                self._actors.append(actor)
                started = actor.load.remote(self._config).future()
                started.add_done_callback(partial(self._started, actor))

    def _started(self, actor: Any, started: Any) -> None:
        self._free.put((actor, started))

    def _forget(self, actor: Any) -> None:
        _kill(actor)  # it may be there and only be out of reach
        with self._lock:
            if actor in self._actors:
                self._actors.remove(actor)

    def _tell(self) -> None:
        """Say once what there is to wait for."""
        import ray

        with self._lock:
            told, self._told = self._told, True
        if not told and ray.is_initialized():
            wanted = {key: value for key, value in self._options.items() if key not in _OURS}
            logger.warning(
                f"no Ray worker has been free for {_PATIENCE:g} s: each of {self._count} needs "
                f"{wanted}; the cluster has {ray.available_resources()} left"
            )


def _shared(config: Config) -> Any:
    """Put `config` where every actor finds it.

    Raises:
        ChildError: it cannot be pickled.
    """
    import ray

    try:
        data = ray.cloudpickle.dumps(config, protocol=5)
    except Exception as error:
        raise ChildError(type(error).__name__, f"cannot be pickled: {error}") from error
    return ray.put(data)


def _kill(actor: Any) -> None:
    import ray

    with suppress(Exception):  # it is dead, or all of Ray is gone
        ray.kill(actor)


def _how(error: Exception) -> str:
    """Return on one line why a worker is gone, without its numbers.

    >>> _how(ValueError("Worker exit type: SYSTEM_ERROR Worker exit detail: It ends. Code 3. Hm."))
    'died: SYSTEM_ERROR, It ends. Code 3.'
    >>> _how(ValueError("The node is gone.\\nid: 17"))
    'died: The node is gone.'
    """
    found = _DETAIL.search(str(error))
    if found is None:
        return f"died: {(str(error).splitlines() or [type(error).__name__])[0][:200]}"
    said = " ".join(_SENTENCE.split(" ".join(found[2].split()))[:2])
    return f"died: {found[1]}, {said[:200]}"
