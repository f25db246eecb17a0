"""The best part of a corpus: where the cut lies, from counts that merge.

Documents are ordered by a number, the largest first, and where it is equal by a hash of the id. A
document weighs one (top shares) or its tokens (budgets); what is asked is how far down the order
the weight reaches. `Bins` answer it in a few bytes for each *distinct* number, so for a score of
four digits from 0 to 5 it is exact in 1.2 MB however large the corpus is. Beyond a million distinct
numbers, bins are made twice as wide until they are few enough: the last bits of the floating-point
number go, at most 48 of 64, so a bin is never wider than 1/16 of its numbers. How wide they become
follows from the set of numbers alone: neither the order nor the parts in which they came matter.

Bins do not say who goes first among equals, or inside a wide bin. So there is a second look, at
the documents of the one bin that the cut goes through: 32 bytes each, sorted. Then the cut is exact
to the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "BINS",
    "Bins",
    "Cuts",
    "Rows",
    "Standing",
    "binned",
    "cuts",
    "keys",
    "merged",
    "rows",
    "values",
]

BINS = 1 << 20
"""Bins from which on they are made wider: 24 MB."""
_COARSEST = 48
_LAST = np.iinfo(np.int64).max
_SIGN = np.uint64(1 << 63)

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Rows(NamedTuple):
    """Documents, a row each."""

    group: Keys
    """Hash of what it is compared within; 0 where all are compared."""
    key: Keys
    """The number it is ranked by, as bits that sort: see `keys`."""
    tie: Ints
    """Hash of its id, not below 0; among equals the least goes first."""
    weight: Ints

    def take(self, places: npt.NDArray[np.intp]) -> Rows:
        """Return the rows at `places`."""
        return Rows(self.group[places], self.key[places], self.tie[places], self.weight[places])


class Bins(NamedTuple):
    """What documents weigh, by number; sorted by group and key, each pair once."""

    group: Keys
    key: Keys
    """Bits of the numbers, without the last `shift` of them."""
    weight: Ints
    shift: int


def keys(numbers: Floats) -> Keys:
    """Return the bits of `numbers` as integers in the same order; -0.0 is 0.0.

    >>> bits = keys(np.array([-1.5, -0.0, 0.0, 2.0]))
    >>> bool(bits[0] < bits[1] == bits[2] < bits[3])
    True
    """
    bits = (numbers + 0.0).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def values(bits: Keys) -> Floats:
    """Return the numbers of which `keys` made `bits`.

    >>> values(keys(np.array([1.5, -2.0]))).tolist()
    [1.5, -2.0]
    """
    return np.where(bits & _SIGN, bits ^ _SIGN, ~bits).view(np.float64)


def rows(parts: Iterable[Rows]) -> Rows:
    """Return all rows of `parts`."""
    held = list(parts) or [_NONE]
    return Rows(*(np.concatenate(column) for column in zip(*held, strict=True)))


def binned(found: Rows) -> Bins:
    """Return the bins of documents, as narrow as they can be."""
    return _added(found.group, found.key, found.weight, 0)


def merged(parts: Iterable[Bins]) -> Bins:
    """Return the bins of all `parts`, as wide as it takes to have at most `BINS` of them."""
    most = BINS
    whole = binned(_NONE)
    held: list[Bins] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part.key)
        if size > most:
            whole, held, size = _joined([whole, *held], most), [], 0
    return _joined([whole, *held], most)


def _joined(parts: list[Bins], most: int) -> Bins:
    shift = max(part.shift for part in parts)
    moved = [part.key >> np.uint64(shift - part.shift) for part in parts]
    group = np.concatenate([part.group for part in parts])
    weight = np.concatenate([part.weight for part in parts])
    found = _added(group, np.concatenate(moved), weight, shift)
    while len(found.key) > most and found.shift < _COARSEST:
        half = found.key >> np.uint64(1)
        found = _summed(found.group, half, found.weight, found.shift + 1)
    return found


def _added(group: Keys, key: Keys, weight: Ints, shift: int) -> Bins:
    order = np.lexsort((key, group))
    return _summed(group[order], key[order], weight[order], shift)


def _summed(group: Keys, key: Keys, weight: Ints, shift: int) -> Bins:
    """Return bins of sorted rows."""
    if not len(key):
        return Bins(group, key, weight, shift)
    new = np.ones(len(key), dtype=np.bool_)
    new[1:] = (group[1:] != group[:-1]) | (key[1:] != key[:-1])
    starts = np.flatnonzero(new)
    return Bins(group[starts], key[starts], np.add.reduceat(weight, starts), shift)


class Cuts(NamedTuple):
    """How far down the order each group is kept; sorted by group."""

    group: Keys
    bin: Keys
    """The bin that the cut goes through, or where it ends."""
    key: Keys
    """Bits of the last number that is kept, or of the first that is not where `tie` is below 0."""
    tie: Ints
    """The last hash that is kept of those that have exactly this number."""
    room: Ints
    """Weight that fits into the bin which the cut goes through."""
    partial: Mask
    """Whether that bin has to be looked into."""
    whole: Mask
    """Whether a bin above it is kept, so that `key` is the last one of that."""
    shift: int
    """Of the bins."""

    def keep(self, found: Rows) -> Mask:
        """Return which rows are kept; of a group that is not known, all."""
        place, there = _places(self.group, found.group)
        kept = ~there
        key, tie = found.key[there], found.tie[there]
        cut, last = self.key[place], self.tie[place]
        kept[there] = (key > cut) | ((key == cut) & (tie <= last))
        return kept

    def limits(self, group: Keys) -> Floats:
        """Return the number at the cut of each of `group`; NaN where that is not known."""
        place, there = _places(self.group, group)
        found = np.full(len(group), np.nan)
        found[there] = values(self.key[place])
        return found

    def inside(self, found: Rows) -> Rows:
        """Return the rows in bins that have to be looked into."""
        place, there = _places(self.group, found.group)
        bins = found.key[there] >> np.uint64(self.shift)
        chosen = np.flatnonzero(there)[self.partial[place] & (bins == self.bin[place])]
        return found.take(chosen)

    def refined(self, found: Rows) -> Cuts:
        """Return the cuts after a look at all rows that are `inside`."""
        found = found.take(np.lexsort((found.tie, ~found.key, found.group)))
        key, tie = self.key.copy(), self.tie.copy()
        for place, start, end in _spans(found.group):
            at = int(np.searchsorted(self.group, place))
            fits = np.cumsum(found.weight[start:end]) <= self.room[at]
            last = start + int(fits.sum()) - 1
            if last >= start:
                key[at], tie[at] = found.key[last], found.tie[last]
            elif not self.whole[at]:  # nothing at all is kept
                key[at], tie[at] = found.key[start], -1
        return self._replace(key=key, tie=tie, partial=np.zeros_like(self.partial))


def cuts(found: Bins, target: Callable[[int], int], *, light: bool = False) -> Cuts:
    """Return where the order of each group is cut.

    Args:
        found: what documents weigh, by number.
        target: returns the weight to keep at most, of a group of some weight.
        light: whether a document may weigh nothing, so that it fits where there is no room.

    >>> ones, none = np.ones(4, np.int64), np.zeros(4, np.uint64)
    >>> four = Rows(none, keys(np.array([3.0, 1.0, 2.0, 2.0])), np.arange(4), ones)
    >>> edges = cuts(merged([binned(four)]), lambda whole: whole // 2)
    >>> edges.inside(four).tie.tolist(), edges.refined(edges.inside(four)).keep(four).tolist()
    ([2, 3], [True, False, True, False])
    """
    shift = np.uint64(found.shift)
    columns: list[tuple[Any, ...]] = []
    for group, start, end in _spans(found.group):
        down = found.weight[start:end][::-1]
        sums = np.cumsum(down)
        wanted = target(int(sums[-1]))
        fit = int((sums <= wanted).sum())
        if fit == len(down):  # all of it
            columns.append((group, 0, 0, _LAST, 0, False, True))
            continue
        cut = found.key[end - 1 - fit]
        room = wanted - (int(sums[fit - 1]) if fit else 0)
        edge = (found.key[end - fit] if fit else cut) << shift
        look = light or room > 0 or (not fit and found.shift > 0)
        columns.append((group, cut, edge, _LAST if fit else -1, room, look, fit > 0))
    made: list[Any] = list(zip(*columns, strict=True)) or [()] * 7
    return Cuts(
        np.array(made[0], np.uint64),
        np.array(made[1], np.uint64),
        np.array(made[2], np.uint64),
        np.array(made[3], np.int64),
        np.array(made[4], np.int64),
        np.array(made[5], np.bool_),
        np.array(made[6], np.bool_),
        found.shift,
    )


class Standing(NamedTuple):
    """How much is below each number, to tell percentiles by."""

    group: Keys
    key: Keys
    sums: Ints
    """Weight of all bins before, over all groups; one more than there are bins."""
    shift: int

    @classmethod
    def of(cls, found: Bins) -> Standing:
        """Return the standing in `found`."""
        sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(found.weight)))
        return cls(found.group, found.key, sums, found.shift)

    def percentiles(self, of: Rows) -> list[float]:
        """Return how many percent of its group each row is above, equal ones counted by half.

        All numbers of a wide bin count as equal. NaN for a group that is not known.

        >>> ones, none = np.ones(4, np.int64), np.zeros(4, np.uint64)
        >>> four = Rows(none, keys(np.array([3.0, 1.0, 2.0, 2.0])), np.arange(4), ones)
        >>> Standing.of(binned(four)).percentiles(four)
        [87.5, 12.5, 50.0, 50.0]
        """
        bins = of.key >> np.uint64(self.shift)
        ranks = np.full(len(bins), np.nan)
        for group in np.unique(of.group):
            start = int(self.group.searchsorted(group))
            end = int(self.group.searchsorted(group, side="right"))
            here = of.group == group
            low = start + self.key[start:end].searchsorted(bins[here])
            high = start + self.key[start:end].searchsorted(bins[here], side="right")
            whole = self.sums[end] - self.sums[start]
            if whole:
                below = (self.sums[low] + self.sums[high]) / 2 - self.sums[start]
                ranks[here] = 100 * below / whole
        found: list[float] = ranks.tolist()
        return found


def _spans(group: Keys) -> list[tuple[int, int, int]]:
    """Return each group of sorted rows, where it starts and where it ends."""
    if not len(group):
        return []
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    ends = [*starts[1:].tolist(), len(group)]
    return list(zip(group[starts].tolist(), starts.tolist(), ends, strict=True))


def _places(known: Keys, group: Keys) -> tuple[npt.NDArray[np.intp], Mask]:
    """Return which of `group` are `known`, and the places of those."""
    if not len(known):
        return np.zeros(0, np.intp), np.zeros(len(group), np.bool_)
    place = np.minimum(np.searchsorted(known, group), len(known) - 1)
    there = known[place] == group
    return place[there], there


_NONE = Rows(
    np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64)
)
