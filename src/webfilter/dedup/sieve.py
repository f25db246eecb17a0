"""One bit for each value of the leading bits of a key: tells most strangers without the disk.

Of a batch of keys nearly all are new. A sieve of a bit or more a key, in memory, lets through those
that may be there; only these are looked for in the files. It is a Bloom filter with one hash, which
is the key itself: keys are hashes already, and sorted ones set neighboring bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Sieve"]

Keys = npt.NDArray[np.uint64]

_PER_KEY = 8  # bits: then it lets 12 % of the strangers through


class Sieve:
    """Which leading bits occur among the keys.

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
        byte, bit = self._places(keys)
        np.bitwise_or.at(self._bits, byte, bit)

    def passes(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Return which of `keys` may be there: all that are, and some others."""
        byte, bit = self._places(keys)
        return np.asarray(self._bits[byte] & bit, dtype=np.bool_)

    def _places(self, keys: Keys) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint8]]:
        slots = (keys >> np.uint64(64 - self._log)).astype(np.intp)
        return slots >> 3, np.left_shift(np.uint8(1), (slots & 7).astype(np.uint8))
