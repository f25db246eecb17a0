"""The parent's end of the pipe that a child answers on: the next frame, or that none came in time.

The counterpart of `webfilter.serve`; `webfilter.child` uses it. Where the system can wait for a
pipe, the thread that wants the answer reads it: handing over from a thread of its own costs more
than all the rest. Windows cannot, so there a thread reads ahead.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from webfilter.serve import HEADER_BYTES, read_frame

__all__ = ["Answers", "answers_of"]

_READ_BYTES, _MOST_READ_BYTES = 2**16, 2**20
_LONGEST_WAIT = 1.0  # seconds until the child is looked after


class Answers(Protocol):
    """Frames as they come."""

    def get(self, timeout: float | None) -> bytes | bytearray | None:
        """Return the next frame; None: there will be no more.

        Raises:
            queue.Empty: none came within `timeout` seconds.
        """

    def close(self) -> None:
        """Let the pipe go."""


def answers_of(pipe: Any, alive: Callable[[], bool]) -> Answers:
    """Return the frames that come through the unbuffered `pipe` while the child is `alive`."""
    return _Polled(pipe, alive) if hasattr(select, "poll") else _Threaded(pipe)


class _Polled:
    """Reads when asked.

    The end of the pipe does not come with that of the child where a fork of it goes on, such as a
    process of a pool, so the child itself is looked after, too.
    """

    def __init__(self, pipe: Any, alive: Callable[[], bool]) -> None:
        self._pipe, self._alive = pipe, alive
        self._poll = select.poll()
        self._poll.register(pipe, select.POLLIN)
        self._come = bytearray()

    def get(self, timeout: float | None) -> bytes | bytearray | None:
        end = None if timeout is None else time.monotonic() + timeout
        ended = False
        while True:
            size = HEADER_BYTES
            if len(self._come) >= HEADER_BYTES:
                size += int.from_bytes(self._come[:HEADER_BYTES], "little")
                if len(self._come) >= size:
                    frame = self._come[HEADER_BYTES:size]
                    del self._come[:size]
                    return frame
            left = _LONGEST_WAIT if end is None else min(end - time.monotonic(), _LONGEST_WAIT)
            if not self._poll.poll(max(left, 0) * 1000):
                if ended:
                    return None
                if left < _LONGEST_WAIT:
                    raise queue.Empty
                ended = not self._alive()  # it may have answered before, so look once more
                continue
            more = min(max(size - len(self._come), _READ_BYTES), _MOST_READ_BYTES)
            chunk = os.read(self._pipe.fileno(), more)
            if not chunk:
                return None
            self._come += chunk

    def close(self) -> None:
        self._pipe.close()


class _Threaded:
    """Reads ahead, in a thread."""

    def __init__(self, pipe: Any) -> None:
        self._frames: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: Any) -> None:
        with pipe, contextlib.suppress(OSError, ValueError):
            while (frame := read_frame(pipe)) is not None:
                self._frames.put(frame)
        self._frames.put(None)

    def get(self, timeout: float | None) -> bytes | bytearray | None:
        wait = None if timeout is None else min(timeout, threading.TIMEOUT_MAX)
        return self._frames.get(timeout=wait)

    def close(self) -> None:
        self._thread.join(timeout=0.5)
