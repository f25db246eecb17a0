"""The inside of a child process: read tasks from stdin, answer on a private copy of stdout.

The counterpart of `webfilter.child`, which starts it; nobody else imports it. Frames are a length
(8 bytes, little endian) and that many bytes. The first frame from the parent names the callable,
then come batches: a frame with a time limit and a count, and as many with a pickled task; each
answer is one byte that says what it is (ready, result, error) and a pickle.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from typing import Any

__all__ = [
    "ERROR",
    "READY",
    "RESULT",
    "Unpicklable",
    "dumps",
    "read_frame",
    "serve",
    "widen",
    "write_frame",
]

READY, RESULT, ERROR = b"K", b"R", b"E"
_MAIN_HINT = (
    "defined in a script or notebook; put it in a module, install webfilter[workers], "
    "or run with workers=1"
)
_HEADER_BYTES = 8
_GOODBYE_SECONDS = 1.0
_LONGEST_ALARM = 1e6  # seconds; beyond it some systems refuse
_PIPE_BYTES = 2**20

Batch = tuple[float | None, list[bytearray]]
"""Time limit for each task, and the pickled tasks."""


def serve() -> None:
    """Do tasks until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks_in = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    hello = read_frame(tasks_in)
    if hello is None:
        return
    try:
        target, config, memory = pickle.loads(hello)
        _limit(memory)
        module, _, factory = target.partition(":")
        work = getattr(importlib.import_module(module), factory)(_loads(config))
    except BaseException as error:
        write_frame(answers, ERROR, _describe(error))
        return
    write_frame(answers, READY)
    inbox: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
    threading.Thread(target=_read_tasks, args=(tasks_in, inbox), daemon=True).start()
    while (batch := inbox.get()) is not None:
        timeout, tasks = batch
        while tasks:
            _alarm(timeout)
            try:
                answer = (RESULT, dumps(work(_loads(tasks.pop(0)))))
            except BaseException as error:
                answer = (ERROR, _describe(error))
            _alarm(None)
            write_frame(answers, *answer)
            del answer


class Unpicklable(Exception):
    """What a value that cannot be pickled raises: name of the first error's class, and why."""


def dumps(value: object) -> bytes:
    """Pickle `value`; by cloudpickle only where needed, as that is several times slower."""
    data: bytes | None = None
    problem: Exception | None = None
    try:
        data = pickle.dumps(value, protocol=5)
    except Exception as error:
        problem = error
    if data is not None and b"__main__" not in data:
        return data
    try:
        import cloudpickle
    except ImportError:
        if data is not None:  # perhaps only a text that says __main__: the child will find out
            return data
        message = f"cannot be pickled ({problem}): {_MAIN_HINT}"
        raise Unpicklable(type(problem).__name__, message) from problem
    try:
        return bytes(cloudpickle.dumps(value, protocol=5))
    except Exception as error:
        raise Unpicklable(type(error).__name__, f"cannot be pickled: {error}") from error


def read_frame(pipe: Any) -> bytearray | None:
    """Return the next frame of the unbuffered `pipe`, or None at its end."""
    header = _read_exactly(pipe, _HEADER_BYTES)
    return None if header is None else _read_exactly(pipe, int.from_bytes(header, "little"))


def write_frame(pipe: Any, *parts: bytes) -> None:
    """Write `parts` as one frame to the unbuffered `pipe`."""
    size = sum(map(len, parts))
    pieces = (size.to_bytes(_HEADER_BYTES, "little"), *parts)
    for piece in pieces if size > 65536 else (b"".join(pieces),):
        view = memoryview(piece)
        while view:
            view = view[pipe.write(view) :]


def widen(pipe: Any) -> None:
    """Let `pipe` hold more, where the system can: a page of 100 KB then goes over in one go."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _read_exactly(pipe: Any, size: int) -> bytearray | None:
    buffer = bytearray(size)
    view, done = memoryview(buffer), 0
    while done < size:
        count = pipe.readinto(view[done:])
        if not count:
            return None
        done += count
    return buffer


def _read_tasks(pipe: Any, inbox: queue.SimpleQueue[Batch | None]) -> None:
    """Pass batches on; when the parent is gone, leave, even if the main thread is busy.

    A batch is passed on when it is there as a whole: were the first task begun before, and to hang
    with the interpreter's lock held, the parent would wait for ever to be rid of the second.
    """
    try:
        while (head := read_frame(pipe)) is not None:
            timeout, count = pickle.loads(head)
            tasks = [task for _ in range(count) if (task := read_frame(pipe)) is not None]
            if len(tasks) == count:
                inbox.put((timeout, tasks))
    except MemoryError:
        os.write(2, b"the task alone exceeds the memory limit\n")
        os._exit(1)
    inbox.put(None)
    time.sleep(_GOODBYE_SECONDS)
    os._exit(0)


def _loads(data: bytes | bytearray) -> Any:
    try:
        return pickle.loads(data)
    except AttributeError as error:
        if "__main__" in str(error):
            raise AttributeError(f"{error}: {_MAIN_HINT}") from None
        raise


def _describe(error: BaseException) -> bytes:
    """Return the exception as plain data; its own `str` may be broken too."""
    try:
        name, message = type(error).__name__, str(error)
        if isinstance(error, Unpicklable):
            name, message = error.args[0], f"the result {error.args[1]}"
        formatted = "".join(traceback.format_exception(error))
    except Exception:
        name, message, formatted = type(error).__name__, "(its message cannot be shown)", ""
    return pickle.dumps((name, message, formatted), protocol=5)


def _limit(memory: int | None) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if memory is not None and sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _alarm(timeout: float | None) -> None:
    """Let the kernel end a task that hangs in native code when the parent is no longer there."""
    if sys.platform != "win32":
        seconds = 0.0 if timeout is None else min(2 * timeout + 5, _LONGEST_ALARM)
        signal.setitimer(signal.ITIMER_REAL, seconds)
