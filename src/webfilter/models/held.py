"""Models of files that this process holds in memory: of each file as it is now, and no older one.

`functools.lru_cache` would do for one stage. But a pipeline asks each of its models about every
batch, and one too many, in turn, would drop each before it is asked again; and what a file held
before it changed would stay.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Held", "held"]

T = TypeVar("T")

MOST = 32
"""Models that one function holds, unless told otherwise."""


class Held(Generic[T]):
    """A function that loads, and what it has loaded.

    Args:
        load: the function.
        most: how many it holds; of more, the one that was loaded first goes.
    """

    def __init__(self, load: Callable[..., T], most: int = MOST) -> None:
        self._load, self._most = load, most
        self._known: dict[tuple[Hashable, ...], tuple[Hashable, T]] = {}

    def __call__(self, *args: Hashable) -> T:
        """Return what the function makes of `args`, of which the last is the state of the file."""
        *parts, state = args
        name = tuple(parts)
        known = self._known.get(name)
        if known is None or known[0] != state:
            known = None
            self._known.pop(name, None)  # first: two may not fit into memory
            if len(self._known) >= self._most:
                self._known.pop(next(iter(self._known)), None)
            known = self._known[name] = (state, self._load(*args))
        return known[1]

    def cache_clear(self) -> None:
        """Forget everything."""
        self._known.clear()


def held(load: Callable[..., T], most: int = MOST) -> Held[T]:
    """Hold what `load` returns until its last argument, the state of a file, is another one.

    >>> @held
    ... def model(path, state):
    ...     return [path, state]
    >>> model("a", 1) is model("a", 1), model("a", 2)
    (True, ['a', 2])
    """
    return Held(load, most)
