"""Eight bytes at once: what stands at, before or behind many places, each as one number.

Byte 0 of a number is the first of the eight (the numbers are little-endian), so that arithmetic on
one array of numbers does what would take eight arrays of bytes.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.personal.folded import LETTER, Bytes, Places

__all__ = [
    "EACH",
    "FIRST",
    "Eights",
    "Lookup",
    "eights",
    "is_alnum",
    "is_byte",
    "ones_after",
    "ones_before",
]

Eights: TypeAlias = npt.NDArray[np.uint64]

EACH = 0x0101010101010101
"""1 in every byte: times a byte, that byte eight times."""
FIRST: Eights = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)
"""All bits of the first n bytes, for n from 0 to 8."""


def eights(each: Bytes, places: Places) -> Eights:
    """Return ``each[place : place + 8]`` for each of `places`; `each` must be as long.

    >>> [hex(int(eight)) for eight in eights(np.arange(12, dtype=np.uint8), np.array([1]))]
    ['0x807060504030201']
    """
    found: Eights = np.ndarray((len(each) - 7,), "<u8", each, strides=(1,))[places]
    return found


def is_byte(found: Eights, byte: int) -> Eights:
    """Return 1 in each byte of `found` that is `byte`, 0 in the others."""
    result: Eights = (found.view(np.uint8) == byte).view(np.uint64)
    return result


def is_alnum(found: Eights) -> Eights:
    """Return 1 in each byte of `found` that is a letter or digit, 0 in the others."""
    each = found.view(np.uint8)
    letter = ((each | 32) - np.uint8(97) < 26) | (each == LETTER)
    result: Eights = (letter | (each - np.uint8(48) < 10)).view(np.uint64)
    return result


def ones_before(flags: Eights) -> Places:
    """Return how many of the last bytes (all 0 or 1) of each are 1, at most 8.

    >>> ones_before(np.array([0x0101000100000000], dtype=np.uint64)).tolist()
    [2]
    """
    zeros = ~flags & EACH
    for shift in (8, 16, 32):  # zeros stay, and reach all bytes before them
        zeros |= zeros >> shift
    result: Places = 8 - ((zeros * EACH) >> 56).view(np.int64)
    return result


def ones_after(flags: Eights) -> Places:
    """Return how many of the first bytes (all 0 or 1) of each are 1, at most 8."""
    zeros = ~flags & EACH
    before = (zeros & -zeros) - np.uint64(1) & EACH  # all bytes before the first zero
    result: Places = ((before * EACH) >> 56).view(np.int64)
    return result


class Lookup:
    """A byte for each of some numbers, 0 for all others: a hash table without collisions.

    >>> Lookup({5: 1, 70: 2}).of(np.array([70, 6, 5], dtype=np.uint64)).tolist()
    [2, 0, 1]
    """

    def __init__(self, values: dict[int, int]) -> None:
        keys = np.array([*values], dtype=np.uint64)
        bits = max((len(values) ** 2).bit_length() - 2, 1)  # one factor in eight at least will do
        self._shift = 64 - bits
        self._factor = np.uint64(0x9E3779B97F4A7C15)
        while len(np.unique(keys * self._factor >> self._shift)) < len(keys):
            self._factor = np.uint64((int(self._factor) * 0xD1342543DE82EF95 + 2) & (1 << 64) - 1)
        slots = (keys * self._factor) >> self._shift
        self._keys = np.full(1 << bits, keys[0], dtype=np.uint64)
        self._values = np.zeros(1 << bits, dtype=np.uint8)
        self._keys[slots] = keys
        self._values[slots] = [*values.values()]

    def of(self, keys: Eights) -> Bytes:
        """Return what belongs to each of `keys`."""
        slots = ((keys * self._factor) >> self._shift).view(np.int64)
        found: Bytes = self._values.take(slots)
        found *= self._keys.take(slots) == keys
        return found
