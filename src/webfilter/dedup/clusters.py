"""Clusters of duplicates by id, packed: millions of them in a few bytes each beside their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from webfilter.dedup.sketch import named

__all__ = ["Clusters"]

Places = npt.NDArray[np.intp]
_SHOWN = 3


class Clusters(Sequence[tuple[str, ...]]):
    """A sequence of clusters, each a tuple of ids: the one that stays, then the others.

    >>> clusters = Clusters.of([("b", "a"), ("x", "y", "z")])
    >>> clusters[1], len(clusters), clusters.members
    (('x', 'y', 'z'), 2, 5)
    >>> clusters.find(["a", "b", "c"]).tolist()
    [0, 0, -1]
    """

    __slots__ = ("_begins", "_ids", "_order", "_starts")

    def __init__(self, ids: bytes, starts: Places, begins: Places) -> None:
        """Take the ids one after the other, where each starts, and where each cluster begins.

        Both arrays have one entry more than there are ids and clusters.
        """
        self._ids, self._starts, self._begins = ids, starts, begins
        self._order: tuple[npt.NDArray[np.uint64], Places] | None = None

    @classmethod
    def of(cls, clusters: Iterable[Sequence[str]]) -> Clusters:
        """Return `clusters` packed."""
        groups = [[name.encode("utf-8", "surrogatepass") for name in group] for group in clusters]
        return cls.packed([name for group in groups for name in group], [len(g) for g in groups])

    @classmethod
    def packed(cls, ids: Sequence[bytes], sizes: Sequence[int] | Places) -> Clusters:
        """Return the clusters of so many `ids` each."""
        lengths = np.array([len(name) for name in ids], dtype=np.intp)
        starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.intp)
        begins = np.concatenate(([0], np.cumsum(sizes))).astype(np.intp)
        return cls(b"".join(ids), starts, begins)

    @property
    def members(self) -> int:
        """How many documents are in them."""
        return len(self._starts) - 1

    @property
    def sizes(self) -> Places:
        """How many documents are in each, as an array."""
        return np.diff(self._begins)

    def size(self, number: int) -> int:
        """Return how many documents are in cluster `number`."""
        return int(self._begins[number + 1] - self._begins[number])

    def __len__(self) -> int:
        return len(self._begins) - 1

    @overload
    def __getitem__(self, at: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[tuple[str, ...], ...]: ...
    def __getitem__(self, at: int | slice) -> tuple[Any, ...]:
        if isinstance(at, slice):
            return tuple(self[n] for n in range(*at.indices(len(self))))
        number = range(len(self))[at]
        return tuple(map(self._id, range(self._begins[number], self._begins[number + 1])))

    def survivor(self, number: int) -> str:
        """Return the id of the document that stays for cluster `number`."""
        return self._id(self._begins[number])

    def find(self, ids: Sequence[str]) -> Places:
        """Return the number of the cluster that each of `ids` is in, -1 where it is in none."""
        found = np.full(len(ids), -1, dtype=np.intp)
        if not len(self) or not ids:
            return found
        wanted, raw = named(ids)
        names, rows = self._sorted()
        low = np.searchsorted(names, wanted)
        high = np.searchsorted(names, wanted, side="right")
        for at in np.flatnonzero(low < high).tolist():
            for row in rows[low[at] : high[at]].tolist():  # more than one: equal hashes
                if self._ids[self._starts[row] : self._starts[row + 1]] == raw[at]:
                    found[at] = np.searchsorted(self._begins, row, side="right") - 1
        return found

    def _sorted(self) -> tuple[npt.NDArray[np.uint64], Places]:
        if self._order is None:
            some = 1 << 16
            parts = [
                named([self._id(row) for row in range(at, min(at + some, self.members))])[0]
                for at in range(0, self.members, some)
            ]
            names = np.concatenate(parts)
            order = np.argsort(names)
            self._order = names[order], order
        return self._order

    def _id(self, row: int) -> str:
        raw = self._ids[self._starts[row] : self._starts[row + 1]]
        return raw.decode("utf-8", "surrogatepass")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Clusters):
            if isinstance(other, (tuple, list)):
                return len(self) == len(other) and all(
                    one == tuple(two) for one, two in zip(self, other, strict=True)
                )
            return NotImplemented
        return (
            self._ids == other._ids
            and np.array_equal(self._starts, other._starts)
            and np.array_equal(self._begins, other._begins)
        )

    def __hash__(self) -> int:
        return hash((self._ids, self._begins.tobytes()))

    def __reduce__(self) -> tuple[Any, ...]:
        return Clusters, (self._ids, self._starts, self._begins)

    def __repr__(self) -> str:
        if len(self) <= _SHOWN:
            return repr(tuple(self))
        return f"<{len(self):,} clusters of {self.members:,} documents>"
