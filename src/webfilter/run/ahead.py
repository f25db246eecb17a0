"""Read ahead: a thread fetches, decompresses and parses files while others are busy.

It pays where a process feeds several workers. Most of what it costs to read pages is decompression,
and what it costs to read from far away is waiting; Python does both without holding other threads
up. What comes, and in which order, is the same.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from time import monotonic
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")

_PATIENCE = 5.0
"""Seconds for which a thread that is no longer needed is waited for: it may wait for a network."""


def ahead(items: Iterable[T], most: int) -> Generator[T, None, None]:
    """Yield `items`, which a thread has ready, at most so many before their turn.

    Whatever they raise is raised here, in its turn. Who stops iterating closes what this returns,
    which ends the thread.

    >>> list(ahead(range(5), 2))
    [0, 1, 2, 3, 4]
    """
    ready: queue.Queue[T | _End] = queue.Queue(most)
    stopped = threading.Event()

    def fetch() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                ready.put(item)
                if stopped.is_set():
                    return
        except BaseException as raised:
            error = raised
        ready.put(_End(error))

    thread = threading.Thread(target=fetch, name="webfilter-read", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        until = monotonic() + _PATIENCE
        while thread.is_alive() and monotonic() < until:
            with suppress(queue.Empty):  # it may wait for room
                ready.get_nowait()
            thread.join(0.01)


class _End:
    """Comes after the last item."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
