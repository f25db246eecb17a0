"""A reusable child process: a callable that can be given a time limit, crash, and be killed.

`Child` starts a fresh interpreter by `subprocess` and speaks with it in frames over pipes. It is
not `multiprocessing`: that imports the user's ``__main__`` again, which breaks scripts without a
guard and notebooks. It works the same on Linux, macOS and Windows.

What it sees to:

- The child's answers go over a private copy of its stdout; whatever a library prints lands in
  stderr, of which the end is kept for error messages. Nothing reaches the user's terminal.
- A child never outlives its parent: at the end of its stdin it exits, busy or not.
- Ctrl-C is the parent's business: children ignore it.
- A memory limit is set by the child on itself (Linux: ``RLIMIT_DATA``, the private writable memory.
  ``RLIMIT_AS`` would also count address space that is only reserved, such as the 64 MiB arena of
  every thread). macOS does not enforce such limits and Windows has none: there it does nothing.

What it does not: balance work over several children (that is `webfilter.run`), or protect from
malice. A child has the rights of its user; this is a guard against accidents, not a jail.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple

from webfilter.answers import answers_of
from webfilter.serve import (
    NOT_SENT,
    READY,
    RESULT,
    Packed,
    Unpicklable,
    dumps,
    pack,
    widen,
    write_all,
    write_frame,
)

__all__ = [
    "Child",
    "ChildDied",
    "ChildError",
    "ChildFailure",
    "ChildNotSent",
    "ChildNotStarted",
    "ChildTimeout",
    "unpack_answer",
]

_STARTUP_SECONDS = 120.0
_GOODBYE_SECONDS = 2.0
_STDERR_BYTES = 4096
_MESSAGE_BYTES = 4 * 2**20
_TOGETHER_BYTES = 2**16
_PAGE_BYTES = 4096  # a pipe is counted in pages, and the last one may hold a single byte

# The path comes first: without it the child may not find webfilter itself. -P keeps the working
# directory out of it until then, so no json.py there is taken for Python's.
_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from webfilter.serve import serve; serve()"
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ChildFailure(Exception):
    """Base of what can go wrong with a task in a child."""


class ChildTimeout(ChildFailure):
    """The task took longer than its time limit; the child was killed.

    >>> str(ChildTimeout(30.0))
    'timeout after 30 s'
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"timeout after {self.seconds:g} s"


class ChildDied(ChildFailure):
    """The child ended while it worked; one that never became ready is a `ChildNotStarted`.

    >>> print(ChildDied("killed by SIGSEGV", "bad pointer"))
    killed by SIGSEGV; its last words:
    bad pointer
    """

    def __init__(self, how: str, stderr: str = "") -> None:
        super().__init__(how, stderr)
        self.how = how
        """Signal or exit code, on one line."""
        self.stderr = stderr
        """The end of what the child wrote to stdout and stderr, at most 4 KB."""

    def __str__(self) -> str:
        return f"{self.how}; its last words:\n{self.stderr}" if self.stderr else self.how


class ChildNotStarted(ChildDied):
    """The child never became ready, or was given up: no task's fault."""


class ChildError(ChildFailure):
    """The callable or its factory raised; where pickling did, it is a `ChildNotSent`.

    >>> str(ChildError("ValueError", "no text"))
    'ValueError: no text'
    """

    def __init__(self, type_name: str, message: str, formatted: str = "") -> None:
        super().__init__(type_name, message, formatted)
        self.type_name = type_name
        """Name of the exception's class, such as ``ValueError``."""
        self.message = message
        self.traceback = formatted
        """The traceback in the child, formatted; empty if it happened in the parent."""

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


class ChildNotSent(ChildError):
    """A task or its result could not be pickled or unpickled: it has to be done elsewhere."""


class Child:
    """A callable in a process of its own; started at the first call, and again after a death.

    One thread at a time: calls from several threads wait for each other; only `give_up` does not.

    Args:
        target: ``"module:factory"``; called once in the child with `config`, returns the callable
            that does the tasks.
        config: anything picklable. What is defined in a script or notebook needs cloudpickle
            (``pip install "webfilter[workers]"``).
        memory: limit on the private writable memory of the whole child, in bytes, interpreter and
            libraries included; Linux only, see above. None: no limit.

    >>> with Child("functools:partial", len) as child:
    ...     child.call("four", timeout=10)
    4
    """

    def __init__(self, target: str, config: object, *, memory: int | None = None) -> None:
        self._target = target
        self._config = config
        self._memory = memory
        self._lock = threading.Lock()
        self._given_up = False
        self._running: _Running | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None

    def call(self, task: object, timeout: float | None = None) -> Any:
        """Return the callable's result for `task`.

        Args:
            task: anything picklable.
            timeout: seconds, not counting the start of the child; None: no limit.

        Raises:
            ChildTimeout: it took longer; the child was killed.
            ChildDied: the child crashed; `ChildNotStarted`: it could not be started.
            ChildError: the callable raised; `ChildNotSent`: the task or result cannot be sent.
        """
        with self._lock:
            (outcome,) = self._send([task], timeout)
        if isinstance(outcome, ChildFailure):
            raise outcome
        return outcome

    def call_each(self, tasks: Sequence[object], timeout: float | None = None) -> list[Any]:
        """Return, for each of `tasks`, its result or the `ChildFailure` that it came to.

        Small ones go over together, and some ahead while the child works (where the system says how
        much a pipe holds), so it seldom waits; `timeout` is for each task alone. What a task wraps
        in a `pickle.PickleBuffer` is not copied into the pickle and arrives as bytes.

        A task that kills the child fails, those behind it go to a fresh one. A task during which
        the child dies or runs out of memory is tried once more in a fresh child, if the child had
        done others before: so no result depends on what the child did earlier.

        Raises:
            ChildNotStarted, ChildError: the child could not be started: no task's fault.

        >>> with Child("functools:partial", len) as child:
        ...     [str(outcome) for outcome in child.call_each(["four", 4])]
        ['4', "TypeError: object of type 'int' has no len()"]
        """
        outcomes: list[Any] = []
        with self._lock:
            while len(outcomes) < len(tasks):
                done = len(outcomes)
                worn = self._running is not None and self._running.served > 0
                outcomes += self._send(tasks[done:], timeout)
                worn = worn or len(outcomes) > done + 1
                if worn and _lethal(outcomes[-1]):
                    outcomes.pop()
        return outcomes

    def close(self) -> None:
        """End the child, if one runs. It may be called again; a later call starts a new child."""
        with self._lock:
            self._stop(kill=False)

    def give_up(self) -> None:
        """End the child for good, by force if it is at work: that call and later ones raise.

        It does not wait for the work, so a thread may be freed that waits for the child.
        """
        self._given_up = True  # first: a child that is about to start looks at it when it has
        if self._lock.acquire(blocking=False):
            try:
                self._stop(kill=False)
            finally:
                self._lock.release()
        elif (running := self._running) is not None:
            running.kill()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, tasks: Sequence[object], timeout: float | None) -> list[Any]:
        """Return the outcomes of the first tasks, at least one; the last may have ended the child.

        Raises:
            ChildNotStarted, ChildError: the child could not be started.
        """
        waiting = _Waiting(tasks)
        message = waiting.message(timeout, _TOGETHER_BYTES)
        if message is None:
            return [waiting.problem]
        outcomes: list[Any] = []
        try:
            running = self._start()
            ahead: deque[tuple[int, int]] = deque()  # tasks done when it is, room it takes
            room = running.room
            while message is not None or len(outcomes) < waiting.sent:
                while message is not None and (not ahead or room >= message.size):
                    running.write(*message.pieces)
                    ahead.append((message.last, message.size))
                    room -= message.size
                    message = waiting.message(timeout, running.together)
                outcomes.append(running.receive(timeout))
                running.served += 1
                if _lethal(outcomes[-1]):
                    self._stop(kill=True)
                    break
                if len(outcomes) == ahead[0][0]:
                    room += ahead.popleft()[1]
        except (ChildTimeout, _Gone) as failure:
            self._stop(kill=True)
            outcomes.append(failure.died if isinstance(failure, _Gone) else failure)
        except BaseException:  # KeyboardInterrupt: an answer would be left over for the next call
            self._stop(kill=True)
            raise
        return outcomes

    def _start(self) -> _Running:
        """Return the running child, ready for tasks."""
        running = self._running
        if running is not None and (running.owner != os.getpid() or not running.alive()):
            self._stop(kill=True)  # in a fork of its parent it is only forgotten
            running = None
        if running is None:
            if self._given_up:
                raise ChildNotStarted("given up")
            try:
                hello = (self._target, dumps(self._config), self._memory)
            except Unpicklable as error:
                raise ChildError(*error.args) from error
            running = self._running = _Running(pickle.dumps(hello, protocol=5))
            self._finalizer = weakref.finalize(self, _Running.stop, running, False)
            if self._given_up:
                self._stop(kill=True)
                raise ChildNotStarted("given up")
            running.await_ready()
        return running

    def _stop(self, *, kill: bool) -> None:
        running, finalizer = self._running, self._finalizer
        self._running = self._finalizer = None
        if finalizer is not None:
            finalizer.detach()
        if running is not None:
            running.stop(kill)


class _Message(NamedTuple):
    """Tasks that go over together."""

    pieces: list[bytes | memoryview]
    size: int
    """Room that it takes in a pipe, at most."""
    last: int
    """How many tasks there are up to its end."""


class _Waiting:
    """Tasks that are to be sent, pickled when it is their turn."""

    def __init__(self, tasks: Sequence[object]) -> None:
        self._tasks = tasks
        self.sent = 0
        """How many are in the messages so far."""
        self.problem: ChildNotSent | None = None
        """Why the next one cannot be sent."""

    def message(self, timeout: float | None, together: int) -> _Message | None:
        """Return the next message, of about `together` bytes or one task; None: there is none."""
        packed: list[Packed] = []
        size = 0
        while size < together and self.problem is None and self.sent < len(self._tasks):
            buffers: list[pickle.PickleBuffer] = []
            try:
                data = dumps(self._tasks[self.sent], buffers)
            except Unpicklable as error:
                self.problem = ChildNotSent(*error.args)
                break
            packed.append((data, buffers))
            size += len(data) + sum(buffer.raw().nbytes for buffer in buffers)
            self.sent += 1
        if not packed:
            return None
        pieces = pack(timeout, packed)
        total = sum(map(len, pieces))
        return _Message(pieces, (total // _PAGE_BYTES + 2) * _PAGE_BYTES, self.sent)


class _Gone(Exception):
    """The child ended while it had a task."""

    def __init__(self, died: ChildDied) -> None:
        self.died = died


class _Running:
    """One living interpreter: its pipes, and the threads that keep them empty."""

    def __init__(self, hello: bytes) -> None:
        self.owner = os.getpid()
        self.served = 0
        if not sys.executable:
            raise ChildNotStarted("could not be started: sys.executable is not known")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOTSTRAP, json.dumps([str(p) for p in sys.path])],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **dict.fromkeys(_THREADS, "1")},
                close_fds=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            why = error.strerror or error  # Windows names no file
            raise ChildNotStarted(f"{sys.executable} could not be started: {why}") from error
        self.room = widen(self._process.stdin)
        """How many bytes can be sent while the child is busy, without waiting for it."""
        self.together = _TOGETHER_BYTES if self.room else _MESSAGE_BYTES
        self._stderr = bytearray()
        drain = (self._process.stderr, self._stderr)
        self._drain = threading.Thread(target=_keep_end, args=drain, daemon=True)
        self._drain.start()
        self._answers = answers_of(self._process.stdout, self.alive)
        with contextlib.suppress(OSError):
            write_frame(self._process.stdin, hello)

    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process at once; who waits for its answer is told."""
        if self.owner == os.getpid():
            self._process.kill()

    def write(self, *pieces: bytes | memoryview) -> None:
        """Send `pieces` of a message; if the child is gone, `receive` will tell."""
        with contextlib.suppress(OSError):
            write_all(self._process.stdin, pieces)

    def await_ready(self) -> None:
        try:
            problem = self.receive(_STARTUP_SECONDS)
        except ChildTimeout:
            how = f"not ready {_STARTUP_SECONDS:g} s after its start"
            raise ChildNotStarted(how, self._last_words()) from None
        except _Gone as gone:
            raise ChildNotStarted(gone.died.how, gone.died.stderr) from None
        if problem is not None:
            raise problem

    def receive(self, timeout: float | None) -> Any:
        """Return a result or a `ChildError`; raise `ChildTimeout` or `_Gone`."""
        try:
            answer = self._answers.get(timeout)
        except queue.Empty:
            raise ChildTimeout(timeout or 0.0) from None
        if answer is None:
            raise _Gone(ChildDied(self._how(), self._last_words()))
        tag, body = bytes(answer[:1]), memoryview(answer)[1:]
        return None if tag == READY else unpack_answer(tag, body)

    def _how(self) -> str:
        try:
            code = self._process.wait(timeout=_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            return "closed its answers"
        if code < 0:
            known = {int(s) for s in signal.Signals}
            return (
                f"killed by {signal.Signals(-code).name if -code in known else f'signal {-code}'}"
            )
        return f"exit code {code}" if code < 256 else f"exit code {code:#x}"

    def _last_words(self) -> str:
        self._drain.join(timeout=0.5)  # a grandchild may hold the pipe open
        return bytes(self._stderr).decode("utf-8", "replace").strip()

    def stop(self, kill: bool) -> None:
        """End the process: by itself if it can, by force if not."""
        if self.owner != os.getpid():
            self._forget()
            return
        if kill:
            self._process.kill()
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(timeout=_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._drain.join(timeout=0.5)
        self._answers.close()

    def _forget(self) -> None:
        """Let go of the process of another: a fork has copies of its pipes, and no threads."""
        self._process.returncode = 0  # else subprocess warns that it is still running
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            pipe.close()  # type: ignore[union-attr]


def unpack_answer(tag: bytes, body: bytes | memoryview) -> Any:
    """Return what an answer of `webfilter.serve.answer` tells: a result or a `ChildError`."""
    try:
        content = pickle.loads(body)
    except Exception as error:
        return ChildNotSent(type(error).__name__, f"the result cannot be unpickled: {error}")
    if tag == RESULT:
        return content
    return ChildNotSent(*content) if tag == NOT_SENT else ChildError(*content)


def _lethal(outcome: object) -> bool:
    """Whether the child must not be used again: it is dead, or was short of memory."""
    return isinstance(outcome, ChildDied) or (
        isinstance(outcome, ChildError) and outcome.type_name == "MemoryError"
    )


def _keep_end(pipe: Any, end: bytearray) -> None:
    with pipe, contextlib.suppress(OSError, ValueError):
        while chunk := pipe.read(65536):
            end += chunk
            del end[:-_STDERR_BYTES]
