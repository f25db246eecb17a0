"""When to ask again: what a server says about it, how long to back off, and how many at once.

One server answers all threads, so what one of them is told concerns all: after a 429 nobody asks
until the time is up, and then fewer at once. The number grows back by one for each full round of
answers (additive increase, multiplicative decrease, as TCP does).
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["Clock", "Gate", "Stopped", "backoff", "retry_after"]

_FIRST, _LONGEST = 1.0, 60.0  # seconds of back-off


class Stopped(Exception):
    """The run was ended while a thread waited."""


class Clock:
    """The time, and how to wait. Tests give one that does not."""

    def now(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        return time.monotonic()

    def today(self) -> float:
        """Return seconds since 1970, as dates in headers mean them."""
        return time.time()

    def sleep(self, seconds: float, stop: threading.Event) -> None:
        """Wait for `seconds`, or until `stop` is set."""
        stop.wait(seconds)


def backoff(faults: int, draw: float | None = None) -> float:
    """Return seconds to wait after so many faults in a row: doubled each time, with jitter.

    Between half of 1, 2, 4, ... 60 s and the whole, so that threads that failed together do not
    come back together.

    >>> [backoff(n, draw=1.0) for n in (1, 2, 3, 100)], backoff(2, draw=0.0)
    ([1.0, 2.0, 4.0, 60.0], 1.0)
    """
    drawn = random.random() if draw is None else draw
    longest = _LONGEST if faults > 10 else min(_LONGEST, _FIRST * 2.0 ** (faults - 1))
    return longest * (0.5 + 0.5 * drawn)


def retry_after(headers: Mapping[str, str], today: float) -> float | None:
    """Return how many seconds the headers ask to wait, None where they do not say (clearly).

    Reads ``retry-after-ms`` and ``retry-after`` (seconds or an HTTP date, taken against the
    server's own ``date`` where there is one, since clocks differ). Keys are in lower case.

    >>> retry_after({"retry-after": "2"}, 0.0)
    2.0
    >>> retry_after({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, 50.0)
    10.0
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    until = _moment(headers.get("retry-after"))
    if until is None:
        return None
    said = _moment(headers.get("date"))
    return max(0.0, until - (today if said is None else said))


def _moment(text: str | None) -> float | None:
    if text is None or len(text) > 100:
        return None
    try:
        found: datetime = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class Gate:
    """Lets at most so many threads ask at once, and none while the server wants a rest."""

    def __init__(self, slots: int, clock: Clock, stop: threading.Event) -> None:
        self._slots, self._clock, self._stop = slots, clock, stop
        self._limit = float(slots)
        self._asking = 0
        self._until = -math.inf
        self._free = threading.Condition()

    @property
    def limit(self) -> int:
        """How many may ask at once now."""
        return int(self._limit)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a slot, and until the rest is over.

        Raises:
            Stopped: the run ended meanwhile.
        """
        with self._free:
            while self._asking >= self.limit and not self._stop.is_set():
                self._free.wait(0.1)
            self._asking += 1
        try:
            while (rest := self._until - self._clock.now()) > 0 and not self._stop.is_set():
                self._clock.sleep(rest, self._stop)
            if self._stop.is_set():
                raise Stopped
            yield
        finally:
            with self._free:
                self._asking -= 1
                self._free.notify()

    def slow(self, seconds: float) -> None:
        """Let nobody ask for `seconds`, and half as many at once afterwards."""
        with self._free:
            now = self._clock.now()
            if now >= self._until:  # the others that asked at the same time hear the same
                self._limit = max(1.0, self._limit / 2)
            self._until = max(self._until, now + seconds)

    def went_well(self) -> None:
        """Let a few more ask at once, up to the number of slots."""
        with self._free:
            self._limit = min(float(self._slots), self._limit + 1 / self._limit)
