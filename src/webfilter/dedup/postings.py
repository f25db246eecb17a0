"""Which rows have a key, in 8 bytes a row and band: sorted, packed, found in a mapped file.

An entry holds the number of its row in its low bits and the low bits of the key above them. The
high bits of the key are not stored: `heads` says where the entries with each value of them begin,
and a value has about 256 entries, so a key is found within one page of the file. Keys are
compared by 56 of their 64 bits, whatever the number of rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_ROWS", "Hashes", "Places", "column", "find", "pack"]

Hashes = npt.NDArray[np.uint64]
Heads = npt.NDArray[np.uint32]
Places = npt.NDArray[np.intp]

MOST_ROWS = 1 << 24
"""Most rows that may be packed together: about 2 GB of work memory when they are written."""
_UNUSED = 8  # low bits of a key that are not compared
_LEAST_BITS = 8


def _bits(rows: int) -> int:
    """Return how many bits of an entry hold the row."""
    return max((rows - 1).bit_length(), _LEAST_BITS)


def _high(keys: Hashes, bits: int) -> Places:
    """Return the bits of `keys` that entries do not hold."""
    return (keys >> np.uint64(64 - bits + _UNUSED)).astype(np.intp)


def _low(keys: Hashes, bits: int) -> Hashes:
    """Return the bits of `keys` that entries hold, where they hold them."""
    return (keys >> np.uint64(_UNUSED)) << np.uint64(bits)


def pack(keys: Hashes) -> tuple[Hashes, Heads]:
    """Return entries and heads of one band; row i has ``keys[i]``. At most `MOST_ROWS`.

    >>> entries, heads = pack(np.array([7 << 8, 5 << 8, 7 << 8], dtype=np.uint64))
    >>> (entries & np.uint64(255)).tolist(), heads.tolist()
    ([1, 0, 2], [0, 3])
    """
    bits = _bits(len(keys))
    rows = np.argsort(keys >> np.uint64(_UNUSED), kind="stable")
    ordered = keys[rows]
    wanted = np.arange((1 << (bits - _LEAST_BITS)) + 1)
    heads = np.searchsorted(_high(ordered, bits), wanted).astype(np.uint32)
    entries = _low(ordered, bits)
    entries |= rows.astype(np.uint64)
    return entries, heads


def column(entries: Hashes, heads: Heads) -> Hashes:
    """Return the keys that `pack` took, with zeros for the bits that are not compared."""
    size = len(entries)
    bits = _bits(size)
    high = np.repeat(np.arange(len(heads) - 1, dtype=np.uint64), np.diff(heads))
    packed = (entries >> np.uint64(bits)) << np.uint64(_UNUSED)
    if bits > _LEAST_BITS:
        packed |= high << np.uint64(64 - bits + _UNUSED)
    keys = np.empty(size, dtype=np.uint64)
    keys[(entries & _rows_mask(bits)).astype(np.intp)] = packed
    return keys


def _rows_mask(bits: int) -> np.uint64:
    return np.uint64((1 << bits) - 1)


def find(bands: Hashes, heads: Heads, keys: Hashes, most: int) -> tuple[Places, Places, Places]:
    """Return who has the same key in the same band: places in `keys`, bands, and rows.

    Args:
        bands: the entries, shape (bands, rows).
        heads: their heads, shape (bands, ...).
        keys: what to look for, shape (documents, bands).
        most: of the rows that have a key, so many are returned, the first ones.
    """
    count, size = bands.shape
    bits = _bits(size)
    width = heads.shape[1]
    base = np.arange(count) * size
    high = _high(keys, bits) + np.arange(count) * width
    low = (heads.reshape(-1)[high] + base).reshape(-1)
    end = (heads.reshape(-1)[high + 1] + base).reshape(-1)
    wanted = _low(keys, bits).reshape(-1)
    entries = bands.reshape(-1)
    begin = _bisect(entries, wanted, low, end)
    held = entries[np.minimum(begin, len(entries) - 1)]
    hit = np.flatnonzero((begin < end) & (held >> np.uint64(bits) == wanted >> np.uint64(bits)))
    after = _bisect(entries, wanted[hit] | _rows_mask(bits), begin[hit], end[hit], after=True)
    counts = np.minimum(after - begin[hit], most)
    at = np.repeat(begin[hit] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    rows = (entries[at] & _rows_mask(bits)).astype(np.intp)
    document, band = np.divmod(np.repeat(hit, counts), count)
    return document, band, rows


def _bisect(
    entries: Hashes, wanted: Hashes, low: Places, high: Places, after: bool = False
) -> Places:
    """Return the first place between low[i] and high[i] whose entry is not below wanted[i].

    With `after` the first whose entry is above it. All at once.
    """
    low, high = low.copy(), high.copy()
    active = np.flatnonzero(low < high)
    while len(active):
        middle = (low[active] + high[active]) >> 1
        held = entries[middle]
        below = held <= wanted[active] if after else held < wanted[active]
        low[active] = np.where(below, middle + 1, low[active])
        high[active] = np.where(below, high[active], middle)
        active = active[low[active] < high[active]]
    return low
