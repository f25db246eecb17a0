"""Text as arrays: code points, and hashes of spans of code points, by NumPy over a whole text.

It knows nothing of words: where they begin and end is the business of `webfilter.text.tokens`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BASE", "code_points", "hash_spans", "mix", "powers", "sum_spans", "union_spans"]

BASE = 0x9E3779B97F4A7C15
"""Odd multiplier of the polynomial hash, modulo 2**64 (odd, so it has an inverse)."""

_INVERSE = pow(BASE, -1, 2**64)
_KEPT = 1 << 17  # code points for which the powers are kept: one long page


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Return the code points of `text`, shape (len(text),). Lone surrogates pass through.

    >>> code_points("a€").tolist()
    [97, 8364]
    """
    if not text:
        return np.zeros(0, dtype=np.uint32)
    return np.array([text]).view(np.uint32)  # a copy, eight times as fast as to encode


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
    terms = sums[1:]
    terms[:] = codes
    terms += np.uint64(1)
    terms *= powers(size)
    np.cumsum(terms, out=terms)
    found = sums.take(ends)
    found -= sums.take(starts)
    found *= powers(size + 1, inverse=True).take(starts)
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


_WINDOWS = (1, 2, 4, 8)
_LEVELS = np.repeat(np.arange(len(_WINDOWS)), (2, 2, 4, 8))
"""Which of them is the largest within 0, 1, ... 15 characters."""


def union_spans(
    bits: npt.NDArray[np.uint16], starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
) -> npt.NDArray[np.uint16]:
    """Return the union of the bits in each span ``bits[start:end]``, shape (len(starts),).

    Any span of up to 16 characters is two windows of 1, 2, 4 or 8 that may overlap, and the unions
    of all windows take one pass a size. NumPy's ``reduceat``, for longer ones, is much slower.

    >>> bits = np.array([1, 2, 4, 8], dtype=np.uint16)
    >>> union_spans(bits, np.array([0, 1]), np.array([1, 4])).tolist()
    [1, 14]
    """
    size = len(bits)
    windows = np.empty((len(_WINDOWS), size), dtype=np.uint16)
    windows[0] = bits
    for level, half in enumerate(_WINDOWS[:-1]):
        shorter, window = windows[level], windows[level + 1]
        window[:] = shorter
        window[:-half] |= shorter[half:]
    lengths = ends - starts
    levels = _LEVELS.take(lengths, mode="clip")
    first = levels * size
    last = first + ends
    first += starts
    last -= np.left_shift(1, levels)
    flat = windows.ravel()
    found: npt.NDArray[np.uint16] = flat.take(first)
    found |= flat.take(last)
    long = np.flatnonzero(lengths > 2 * _WINDOWS[-1])
    if len(long):
        bounds = np.stack((starts.take(long), ends.take(long)), axis=1).ravel()
        found[long] = np.bitwise_or.reduceat(np.append(bits, np.uint16(0)), bounds)[::2]
    return found
