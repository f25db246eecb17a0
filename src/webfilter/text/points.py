"""Text as arrays: code points, and hashes of spans of code points, by NumPy over a whole text.

It knows nothing of words: where they begin and end is the business of `webfilter.text.tokens`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["BASE", "code_points", "hash_spans", "mix", "powers"]

BASE = 0x9E3779B97F4A7C15
"""Odd multiplier of the polynomial hash, modulo 2**64 (odd, so it has an inverse)."""

_INVERSE = pow(BASE, -1, 2**64)
_KEPT = 1 << 16  # code points for which the powers are kept: one long page


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Return the code points of `text`, shape (len(text),). Lone surrogates pass through.

    >>> code_points("a€").tolist()
    [97, 8364]
    """
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _powers(base: int, count: int) -> npt.NDArray[np.uint64]:
    found = np.full(count, base, dtype=np.uint64)
    found[:1] = 1
    return np.multiply.accumulate(found)


@lru_cache(maxsize=2)
def _kept_powers(base: int) -> npt.NDArray[np.uint64]:
    found = _powers(base, _KEPT)
    found.flags.writeable = False
    return found


def powers(count: int, *, inverse: bool = False) -> npt.NDArray[np.uint64]:
    """Return ``BASE**0 ... BASE**(count - 1)`` modulo 2**64, or those of its inverse.

    >>> first, second = powers(2)
    >>> int(first), int(second) == BASE
    (1, True)
    """
    base = _INVERSE if inverse else BASE
    return _kept_powers(base)[:count] if count <= _KEPT else _powers(base, count)


def mix(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Mix 64-bit values in place (splitmix64), so that every bit depends on every bit."""
    hashes ^= hashes >> np.uint64(30)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    hashes ^= hashes >> np.uint64(27)
    hashes *= np.uint64(0x94D049BB133111EB)
    hashes ^= hashes >> np.uint64(31)
    return hashes


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
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers(size), out=sums[1:])
    return mix((sums[ends] - sums[starts]) * powers(size + 1, inverse=True)[starts])
