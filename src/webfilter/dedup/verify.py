"""Sets of hashed n-grams, and the Jaccard similarity of pairs of them, by NumPy.

Bands find candidates; where a threshold is set, this decides. Similarities are exact, but for
collisions of 32-bit hashes: about 1 pair in 4,000 of texts of 1,000 words is off by one n-gram.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.dedup import folds

__all__ = ["Sets", "StoredSets", "jaccard", "verified"]

_AT_ONCE = 1 << 21  # hashes compared at once, which bounds memory
_PAIRS = 1 << 12  # glanced at at once
_FEW = 128  # hashes looked at first
_OFTEN = 0.75  # pairs a document from which it is worth to fold it: one with three others
_FOLDED = 1 << 15  # documents whose folds are held at once: 32 MB
_TAKEN = 1 << 10  # documents folded at once: 8 MB
_APART = 6  # standard errors by which that look may be wrong: about 1 pair in 10**9

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets of 32-bit hashes, one after the other, each ascending."""

    hashes: npt.NDArray[np.uint32]
    offsets: Places
    """Set i is ``hashes[offsets[i]:offsets[i + 1]]``."""

    @classmethod
    def of(cls, hashes: npt.NDArray[np.uint64], offsets: Places) -> Sets:
        """Return the sets of the 64-bit `hashes` that lie between `offsets`."""
        owner = np.repeat(np.arange(len(offsets) - 1, dtype=np.uint64), np.diff(offsets))
        packed = np.sort(owner << np.uint64(32) | hashes >> np.uint64(32))
        if len(packed):
            packed = packed[np.concatenate(([True], packed[1:] != packed[:-1]))]
        owner = packed >> np.uint64(32)
        begins = np.searchsorted(owner, np.arange(len(offsets), dtype=np.uint64))
        return cls(packed.astype(np.uint32), begins)

    @classmethod
    def join(cls, parts: Sequence[Sets]) -> Sets:
        """Return the sets of all `parts`, in order."""
        hashes = np.concatenate([np.zeros(0, np.uint32), *(part.hashes for part in parts)])
        sizes = np.concatenate([np.zeros(0, np.intp), *(np.diff(part.offsets) for part in parts)])
        return cls(hashes, np.concatenate(([0], np.cumsum(sizes))))

    def take(self, rows: Places, most: int | None = None) -> Sets:
        """Return the sets `rows`, in that order; of each the `most` least hashes."""
        sizes = _sizes(self, rows)
        return self._pick(self.offsets[rows], sizes if most is None else np.minimum(sizes, most))

    def _pick(self, begins: Places, sizes: Places) -> Sets:
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        source = np.repeat(begins - offsets[:-1], sizes)
        source += np.arange(len(source))
        return Sets(self.hashes[source], offsets)


class StoredSets:
    """Sets in a file of hashes, one after the other, read when they are compared.

    Read, not mapped: a page that is asked for here and there maps megabytes around it, which count
    as memory of this process.

    Args:
        path: the file: 32-bit hashes.
        offsets: as in `Sets`.
    """

    def __init__(self, path: Path, offsets: Places) -> None:
        self.offsets = offsets
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - until the last comparison

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def take(self, rows: Places, most: int | None = None) -> Sets:
        """Return the sets `rows`, in that order; of each the `most` least hashes."""
        wanted, place = np.unique(rows, return_inverse=True)
        sizes = _sizes(self, wanted)
        if most is not None:
            sizes = np.minimum(sizes, most)
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        held = np.empty(int(offsets[-1]) + 1, dtype=np.uint32)
        into, width = held.data.cast("B"), held.itemsize
        ends = (offsets * width).tolist()
        for at, begin, end in zip(
            (self.offsets[wanted] * width).tolist(), ends[:-1], ends[1:], strict=True
        ):
            self._file.seek(at)
            self._file.readinto(into[begin:end])
        return Sets(held, offsets).take(place)


def _sizes(sets: Sets | StoredSets, rows: Places) -> Places:
    return sets.offsets[rows + 1] - sets.offsets[rows]


def jaccard(sets: Sets | StoredSets, left: Places, right: Places) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of each pair of sets (left[i], right[i]).

    >>> hashes = np.array([1, 2, 3, 4, 2, 3, 4, 5], dtype=np.uint64) << np.uint64(32)
    >>> jaccard(Sets.of(hashes, np.array([0, 4, 8])), np.array([0]), np.array([1])).tolist()
    [0.6]
    """
    found = np.zeros(len(left))
    cost = np.cumsum(_sizes(sets, left) + _sizes(sets, right))
    begin = 0
    while begin < len(left):
        spent = cost[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(cost, spent + _AT_ONCE)))
        found[begin:end] = _jaccard(sets.take(left[begin:end]), sets.take(right[begin:end]))
        begin = end
    return found


def verified(
    sets: Sets | StoredSets, left: Places, right: Places, least: float
) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of each pair where it may be `least` or more, else 0.

    Most candidates are far from alike, and need no full comparison: their sizes differ too much,
    they share too little by their `folds` (asked where documents are in many pairs, as pages made
    from one template are), or their least hashes do (a bottom-k estimate, six standard errors below
    `least`).
    """
    found = np.zeros(len(left))
    less, more = np.sort((_sizes(sets, left), _sizes(sets, right)), axis=0)
    open_ = np.flatnonzero(less / np.maximum(more, 1) >= least)  # rounded as `jaccard` is
    small = more[open_] <= folds.MOST
    folded = open_[small]
    may = _may(sets, left[folded], right[folded], least)
    open_ = np.concatenate((folded[may], open_[~small]))
    long = np.flatnonzero(less[open_] >= 2 * _FEW)
    apart = np.zeros(len(open_), dtype=np.bool_)
    doubt = _APART * (least * (1 - least) / _FEW) ** 0.5
    for begin in range(0, len(long), _PAIRS):
        some = long[begin : begin + _PAIRS]
        at = open_[some]
        apart[some] = _glance(sets, left[at], right[at]) < least - doubt
    open_ = open_[~apart]
    found[open_] = jaccard(sets, left[open_], right[open_])
    return found


def _may(sets: Sets | StoredSets, left: Places, right: Places, least: float) -> Flags:
    """Return which pairs may be as similar as `least`, by how much they share at most."""
    both, place = np.unique(np.concatenate((left, right)), return_inverse=True)
    if len(left) < _OFTEN * len(both):
        return np.ones(len(left), dtype=np.bool_)
    if len(both) > _FOLDED:
        half = len(left) // 2
        parts = [_may(sets, left[s], right[s], least) for s in (slice(half), slice(half, None))]
        return np.concatenate(parts)
    counts = np.empty((len(both), folds.BINS), dtype=np.uint8)
    for begin in range(0, len(both), _TAKEN):
        some = sets.take(both[begin : begin + _TAKEN])
        counts[begin : begin + _TAKEN] = folds.folded(some.hashes, some.offsets)
    most = folds.overlap(counts, place[: len(left)], place[len(left) :])
    total = _sizes(sets, left) + _sizes(sets, right)
    return np.asarray(most / np.maximum(total - most, 1) >= least)


def _glance(sets: Sets | StoredSets, left: Places, right: Places) -> npt.NDArray[np.float64]:
    """Estimate the similarity of pairs by the `_FEW` least hashes of their union."""
    sides = [sets.take(rows, _FEW).hashes.reshape(-1, _FEW) for rows in (left, right)]
    both = np.concatenate(sides, axis=1)
    both.sort(axis=1)
    again = both[:, 1:] == both[:, :-1]
    distinct = np.arange(1, 2 * _FEW) - np.cumsum(again, axis=1)  # place among the distinct ones
    return np.asarray((again & (distinct < _FEW)).sum(axis=1) / _FEW)


def _jaccard(left: Sets, right: Sets) -> npt.NDArray[np.float64]:
    sizes = np.diff(left.offsets), np.diff(right.offsets)
    owner = np.arange(len(sizes[0]), dtype=np.uint64) << np.uint64(32)
    packed = [
        np.repeat(owner, size) | side.hashes
        for size, side in zip(sizes, (left, right), strict=True)
    ]
    both = np.sort(np.concatenate(packed), kind="stable")  # two sorted runs: it merges them
    again = np.append(both[1:] == both[:-1], [False, False])
    common = np.add.reduceat(again, left.offsets[:-1] + right.offsets[:-1], dtype=np.intp)
    total = sizes[0] + sizes[1]
    common[total == 0] = 0
    return np.asarray(common / np.maximum(total - common, 1), dtype=np.float64)
