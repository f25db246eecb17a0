"""Text as arrays: code points, and hashes of spans of code points, by NumPy over a whole text.

It knows nothing of words: where they begin and end is the business of `webfilter.text.tokens`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BASE", "code_points", "hash_spans", "mix", "powers", "sum_spans"]

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


def sum_spans(
    codes: npt.NDArray[Any], starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
) -> npt.NDArray[np.uint64]:
    """Return the polynomial of each span ``codes[start:end]`` modulo 2**64, shape (len(starts),).

    The sum of ``(code + 1) * BASE**place``, place counted from the start of the span, by prefix
    sums. Polynomials of neighbors add up (``left + right * BASE**len(left)``), hashes do not.
    """
    if len(starts) == 0:
        return np.zeros(0, dtype=np.uint64)
    size = len(codes)
    sums = np.empty(size + 1, dtype=np.uint64)
    sums[0] = 0
    terms = codes.astype(np.uint64)
    terms += np.uint64(1)
    terms *= powers(size)
    np.cumsum(terms, out=sums[1:])
    found: npt.NDArray[np.uint64] = sums[ends] - sums[starts]
    found *= powers(size + 1, inverse=True)[starts]
    return found


def hash_spans(
    codes: npt.NDArray[Any], starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each span ``codes[start:end]``, shape (len(starts),).

    Equal spans have equal hashes wherever they stand: the polynomial of `sum_spans`, then mixed
    (splitmix64). Not cryptographic.

    >>> codes = code_points("to be or not to be")
    >>> h = hash_spans(codes, np.array([0, 3, 13]), np.array([2, 5, 15]))
    >>> bool(h[0] == h[2]), bool(h[0] == h[1])
    (True, False)
    """
    return mix(sum_spans(codes, starts, ends))
