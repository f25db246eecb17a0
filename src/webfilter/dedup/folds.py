"""The most that two sets of hashes can have in common, from 1,024 counts of each: a cheap bound.

A hash goes into the bin that its leading bits name. What two sets have in common is in the same
bins of both, so it is at most the sum of the lesser counts, bin by bin. That is never too low,
whatever the hashes are; sets that fill the bins thinly leave it little too high. Sandes, Teodoro
and de Melo (Bitmap filter, arXiv:1711.07295) do so with one bit a bin; counts are tighter in the
same room, and need no correction where two hashes of one set meet.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["BINS", "MOST", "folded", "overlap"]

Counts = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]

_BITS = 10
BINS = 1 << _BITS
MOST = 1 << 12
"""Larger sets crowd the bins, and a fold says little of them: they are not to be folded."""
_FULL = 255
_PAIRS = 1 << 12  # compared at once


def folded(hashes: npt.NDArray[np.uint32], offsets: Places) -> Counts:
    """Return the counts of sets of at most `MOST` hashes, shape (sets, `BINS`).

    Set i is ``hashes[offsets[i]:offsets[i + 1]]``.
    """
    size = len(offsets) - 1
    bins = (hashes[: offsets[-1]] >> np.uint32(32 - _BITS)).astype(np.intp)
    bins += np.repeat(np.arange(size) << _BITS, np.diff(offsets))
    counts = np.bincount(bins, minlength=size << _BITS).reshape(size, BINS)
    counts[(counts > _FULL).any(axis=1)] = _FULL  # one bin holds too much: it may share all it has
    return counts.astype(np.uint8)


def overlap(counts: Counts, left: Places, right: Places) -> Places:
    """Return of each pair of folded sets (left[i], right[i]) how much they share at most.

    >>> sets = np.array([5, 9 << 22, 5, 6, 7 << 22], dtype=np.uint32), np.array([0, 2, 5])
    >>> overlap(folded(*sets), np.array([0]), np.array([1])).tolist()
    [1]
    """
    found = np.empty(len(left), dtype=np.intp)
    for begin in range(0, len(left), _PAIRS):
        some = slice(begin, begin + _PAIRS)
        lesser = np.minimum(counts[left[some]], counts[right[some]])
        found[some] = lesser.sum(axis=1, dtype=np.uint32)
    return found
