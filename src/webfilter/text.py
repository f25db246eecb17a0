"""Text as arrays: code points, and hashes of spans of code points, by NumPy over a whole text.

Everything that counts words, n-grams or shingles starts here, so that a text is decoded and hashed
once and without a Python loop over its words.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["BASE", "code_points", "hash_spans"]

BASE = 0x9E3779B97F4A7C15
"""Odd multiplier of the polynomial hash, modulo 2**64 (odd, so it has an inverse)."""

_INVERSE = pow(BASE, -1, 2**64)


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Return the code points of `text`, shape (len(text),). Lone surrogates pass through."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _powers(base: int, count: int) -> npt.NDArray[np.uint64]:
    powers = np.full(count, base, dtype=np.uint64)
    powers[:1] = 1
    return np.multiply.accumulate(powers)


def hash_spans(
    codes: npt.NDArray[np.uint32], starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each span ``codes[start:end]``, shape (len(starts),).

    Equal spans have equal hashes wherever they stand: a polynomial over the code points by prefix
    sums modulo 2**64, shifted back to the origin, then mixed (splitmix64). Not cryptographic.

    >>> codes = code_points("to be or not to be")
    >>> h = hash_spans(codes, np.array([0, 3, 13]), np.array([2, 5, 15]))
    >>> bool(h[0] == h[2]), bool(h[0] == h[1])
    (True, False)
    """
    if len(starts) == 0:
        return np.zeros(0, dtype=np.uint64)
    size = len(codes)
    sums = np.zeros(size + 1, dtype=np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * _powers(BASE, size), out=sums[1:])
    hashes = (sums[ends] - sums[starts]) * _powers(_INVERSE, size + 1)[starts]
    hashes ^= hashes >> np.uint64(30)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    hashes ^= hashes >> np.uint64(27)
    hashes *= np.uint64(0x94D049BB133111EB)
    hashes ^= hashes >> np.uint64(31)
    return hashes
