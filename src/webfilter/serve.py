"""The inside of a child process: read tasks from stdin, answer on a private copy of stdout.

The counterpart of `webfilter.child`, which starts it; `webfilter.run.ray` answers as it does, and
nobody else imports it. Frames are a length
(8 bytes, little endian) and that many bytes. The first frame from the parent names the callable,
then come messages: a frame with a time limit and, for each task, the sizes of its pickle and its
buffers (bytes that are not copied into the pickle: protocol 5), and then those bytes one after
another. Each answer is a frame: one byte that says what it is (ready, result, error, an error of
pickling) and a pickle.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import queue
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = [
    "ERROR",
    "HEADER_BYTES",
    "NOT_SENT",
    "READY",
    "RESULT",
    "Packed",
    "Unpicklable",
    "answer",
    "dumps",
    "pack",
    "read_frame",
    "serve",
    "widen",
    "write_all",
    "write_frame",
]

READY, RESULT, ERROR, NOT_SENT = b"K", b"R", b"E", b"N"
_MAIN_HINT = (
    'defined in a script or notebook; put it in a module, or pip install "webfilter[workers]"'
)
HEADER_BYTES = 8
_GOODBYE_SECONDS = 1.0
_LONGEST_ALARM = 1e6  # seconds; beyond it some systems refuse
_PIPE_BYTES = 2**20
_READ_BYTES = 2**20
_MOST_PIECES = 512  # of one call; systems stop at 1,024

Packed = tuple[bytes, list[pickle.PickleBuffer]]
"""A pickled task, and what it leaves out of the pickle."""
Message = tuple[float | None, list[list[bytes]]]
"""Time limit for each task, and the tasks: pickle and buffers."""


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
    for timeout, tasks in _messages(tasks_in):
        while tasks:
            _alarm(timeout)
            said = answer(work, tasks.pop(0))
            _alarm(None)
            write_frame(answers, *said)
            del said


def answer(work: Callable[[Any], Any], parts: list[bytes]) -> tuple[bytes, bytes]:
    """Return what comes of doing a task: what it is, and its pickle (see this module).

    Args:
        work: does the task.
        parts: the task's pickle and its buffers; emptied.
    """
    problem = NOT_SENT
    try:
        value = _loads(*parts)
        parts.clear()  # they may be large
        problem = ERROR
        value = work(value)
        problem = NOT_SENT
        return RESULT, dumps(value)
    except BaseException as error:
        return problem, _describe(error)


class Unpicklable(Exception):
    """What a value that cannot be pickled raises: name of the first error's class, and why."""


def dumps(value: object, buffers: list[pickle.PickleBuffer] | None = None) -> bytes:
    """Pickle `value`; by cloudpickle only where needed, as that is several times slower.

    Args:
        value: anything picklable.
        buffers: gets what is wrapped in a `pickle.PickleBuffer`, which then is not copied; None:
            it goes into the pickle.
    """
    data: bytes | None = None
    problem: Exception | None = None
    keep = None if buffers is None else buffers.append
    try:
        data = pickle.dumps(value, protocol=5, buffer_callback=keep)
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
    if buffers is not None:
        buffers.clear()
    try:
        return bytes(cloudpickle.dumps(value, protocol=5, buffer_callback=keep))
    except Exception as error:
        raise Unpicklable(type(error).__name__, f"cannot be pickled: {error}") from error


def pack(timeout: float | None, tasks: Sequence[Packed]) -> list[bytes | memoryview]:
    """Return the pieces of the message with these tasks, to be written one after another."""
    parts: list[list[bytes | memoryview]] = [
        [data, *(buffer.raw() for buffer in buffers)] for data, buffers in tasks
    ]
    head = pickle.dumps((timeout, [[len(part) for part in task] for task in parts]), protocol=5)
    pieces: list[bytes | memoryview] = [len(head).to_bytes(HEADER_BYTES, "little") + head]
    for task in parts:
        pieces += task
    return pieces


def read_frame(pipe: Any) -> bytearray | None:
    """Return the next frame of the unbuffered `pipe`, or None at its end."""
    header = _read_exactly(pipe, HEADER_BYTES)
    return None if header is None else _read_exactly(pipe, int.from_bytes(header, "little"))


def write_frame(pipe: Any, *parts: bytes) -> None:
    """Write `parts` as one frame to the unbuffered `pipe`."""
    size = sum(map(len, parts))
    pieces = (size.to_bytes(HEADER_BYTES, "little"), *parts)
    write_all(pipe, pieces if size > 65536 else (b"".join(pieces),))


def write_all(pipe: Any, pieces: Sequence[bytes | memoryview]) -> None:
    """Write `pieces` one after another to the unbuffered `pipe`, in one call where that goes."""
    done = 0
    if len(pieces) > 1 and hasattr(os, "writev"):
        done = os.writev(pipe.fileno(), pieces[:_MOST_PIECES])
    for piece in pieces:
        if done >= len(piece):
            done -= len(piece)
            continue
        view = memoryview(piece)[done:]
        done = 0
        while view:
            view = view[pipe.write(view) :]


def widen(pipe: Any) -> int:
    """Let `pipe` hold more, where the system can; return how many bytes it holds, 0: not known."""
    if sys.platform != "linux":
        return 0
    import fcntl

    try:
        return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:  # the user has too many pipes that are wide
        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)


def _read_bytes(pipe: Any, size: int) -> bytes | None:
    """Return the next `size` bytes of `pipe`, without a copy where they come in one go."""
    chunks: list[bytes] = []
    while size > 0:
        chunk = pipe.read(min(size, _READ_BYTES))
        if not chunk:
            return None
        chunks.append(chunk)
        size -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _read_exactly(pipe: Any, size: int) -> bytearray | None:
    buffer = bytearray(size)
    view, done = memoryview(buffer), 0
    while done < size:
        count = pipe.readinto(view[done:])
        if not count:
            return None
        done += count
    return buffer


def _messages(pipe: Any) -> Iterator[Message]:
    """Yield messages; when the parent is gone, leave, even if a task is at work."""
    if hasattr(select, "poll"):
        threading.Thread(target=_await_end, args=(pipe,), daemon=True).start()
        yield from iter(lambda: _read_message(pipe), None)
        return
    inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    threading.Thread(target=_read_messages, args=(pipe, inbox), daemon=True).start()
    yield from iter(inbox.get, None)


def _read_message(pipe: Any) -> Message | None:
    """Return the next message when it is there as a whole, None at the end.

    Were its first task begun before, and to hang, the parent would wait for ever to be rid of the
    others.
    """
    try:
        head = read_frame(pipe)
        if head is None:
            return None
        timeout, sizes = pickle.loads(head)
        tasks = []
        for parts in sizes:
            task = [part for size in parts if (part := _read_bytes(pipe, size)) is not None]
            if len(task) < len(parts):
                return None
            tasks.append(task)
    except MemoryError:
        os.write(2, b"the task alone exceeds the memory limit\n")
        os._exit(1)
    return timeout, tasks


def _read_messages(pipe: Any, inbox: queue.SimpleQueue[Message | None]) -> None:
    while (message := _read_message(pipe)) is not None:
        inbox.put(message)
    inbox.put(None)
    _leave()


def _await_end(pipe: Any) -> None:
    """Wait until nobody can write to `pipe` any more."""
    end = select.poll()
    end.register(pipe, 0)
    end.poll()
    _leave()


def _leave() -> None:
    time.sleep(_GOODBYE_SECONDS)
    os._exit(0)


def _loads(data: bytes | bytearray, *buffers: bytes) -> Any:
    try:
        return pickle.loads(data, buffers=buffers)
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
