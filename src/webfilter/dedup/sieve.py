"""A few bits for each key on disk: they tell most strangers without looking there.

Of a batch of keys nearly all are new. A sieve in memory lets through those that may be there, and
only these are looked for in the files. It is a Bloom filter with two hashes, both cheap: the
leading bits of the key, which is a hash already, and those of a multiple of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Sieve"]

Keys = npt.NDArray[np.uint64]

_PER_KEY = 8  # bits, at least: then it lets 5 % of the strangers through at most
_MULTIPLE = np.uint64(0x9E3779B97F4A7C15)


class Sieve:
    """Which keys may be there.

    Args:
        keys: how many are to come.
        most: bytes that it may take; with many more keys than bits it lets more through.

    >>> sieve = Sieve(keys=2, most=1000)
    >>> sieve.add(np.array([5 << 60, 9 << 60], dtype=np.uint64))
    >>> sieve.passes(np.array([5 << 60, 6 << 60, 9 << 60], dtype=np.uint64)).tolist()
    [True, False, True]
    """

    def __init__(self, keys: int, most: int) -> None:
        wanted = max(keys * _PER_KEY - 1, 1).bit_length()
        self._log = max(3, min(wanted, (most * 8).bit_length() - 1))
        self._bits = np.zeros(1 << self._log - 3, dtype=np.uint8)

    @property
    def nbytes(self) -> int:
        """Memory that it takes, in bytes."""
        return self._bits.nbytes

    def add(self, keys: Keys) -> None:
        """Let `keys` through from now on."""
        for hashed in (keys, keys * _MULTIPLE):
            byte, bit = self._places(hashed)
            np.bitwise_or.at(self._bits, byte, bit)

    def passes(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Return which of `keys` may be there: all that are, and some others."""
        byte, bit = self._places(keys)
        passed = np.asarray(self._bits[byte] & bit, dtype=np.bool_)
        first = np.flatnonzero(passed)
        byte, bit = self._places(keys[first] * _MULTIPLE)
        passed[first] = (self._bits[byte] & bit) != 0
        return passed

    def _places(self, hashed: Keys) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint8]]:
        slots = (hashed >> np.uint64(64 - self._log)).astype(np.intp)
        return slots >> 3, np.left_shift(np.uint8(1), (slots & 7).astype(np.uint8))
