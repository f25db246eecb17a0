"""What the embedded model reads in a text: hashed character n-grams of each word, and the words.

Everything is array arithmetic over the code points of a whole batch, which is why it is fast: no
string is made per word or n-gram, and the cost is the same for any text. A word is a run of letters
and combining marks, or a run of digits and signs; an n-gram lies within one word and knows whether
it begins or ends it. Letters are folded to lower case, digits to one digit. A capital after a small
letter (``camelCase``, base64) makes another n-gram.

The same code makes training data, so it is part of the model: change it, and train again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BITS",
    "LETTER",
    "SIGN",
    "SPACE",
    "TOP",
    "UPPER",
    "Characters",
    "mixed",
    "ngrams",
    "points_of",
]

BITS = 21
"""Features are numbers below ``2 ** BITS``."""
SPACE, LETTER, SIGN, UPPER = range(4)
"""Kinds of characters: white space and controls; letters; digits, marks and symbols; capitals."""

_LONGEST = 4
_WORD = 64  # letters of a word that its own feature depends on
TOP = 0x20000
"""Code points above (rarer ideographs) all count as the last one below, as one letter."""

_NEXT = np.uint32(0x9E3779B1)
_SALTS = np.array(
    [
        sum(salt for bit, salt in enumerate((0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F)) if at >> bit & 1)
        & 0xFFFFFFFF
        for at in range(8)
    ],
    np.uint32,
)
"""What makes a character another one where it begins a word, ends it, or is a capital inside."""
_ORDERS = [np.uint32(n) for n in (0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1, 0xFD7046C5)]
_SHIFT = np.uint32(32 - BITS)


def mixed(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return `numbers` with their bits well mixed (a 32-bit finalizer; Wellons' lowbias32)."""
    h: NDArray[np.uint32] = numbers ^ (numbers >> np.uint32(16))
    h *= np.uint32(0x21F0AAAD)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x735A2D97)
    h ^= h >> np.uint32(15)
    return h


def _powers() -> NDArray[np.uint32]:
    found = [1]
    for _ in range(_WORD - 1):
        found.append(found[-1] * 0x5851F42D & 0xFFFFFFFF)
    return np.array(found, np.uint32)


_POWERS = _powers()


@dataclass(frozen=True)
class Characters:
    """A symbol and a kind for every code point; part of the model, as Unicode grows."""

    symbols: NDArray[np.uint32]
    """A well mixed number for each code point below 0x20000, equal for both cases of a letter."""
    kinds: NDArray[np.uint8]
    """`SPACE`, `LETTER`, `SIGN` or `UPPER`."""

    @classmethod
    def of(
        cls,
        starts: NDArray[np.uint32],
        kinds: NDArray[np.uint8],
        folded: NDArray[np.uint32],
    ) -> Characters:
        """Build the tables from what a model file holds.

        Args:
            starts: first code points of runs of one kind, rising from 0.
            kinds: the kind of each run.
            folded: (n, 2), code point and what it is read as.
        """
        runs = np.repeat(kinds, np.diff(starts, append=np.uint32(TOP)).astype(np.int64))
        points = np.arange(TOP, dtype=np.uint32)
        points[folded[:, 0]] = folded[:, 1]
        symbols = mixed(points * np.uint32(2654435761) + np.uint32(12345))
        return cls(symbols, runs)


def points_of(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the code points of all texts, a line end after each, and where each text ends."""
    joined = "\n".join(texts) + "\n"
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return np.minimum(points, TOP - 1, dtype=np.int64), np.cumsum(lengths + 1)


def ngrams(
    points: NDArray[np.int64], characters: Characters
) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.bool_], NDArray[np.int64] | None]]:
    """Yield features, whether each is one, and places; for 1 to 4 letters, and for words.

    Args:
        points: code points as of `points_of`.
        characters: the model's.

    Yields:
        features, each below ``2 ** BITS``; True where they are in a word; where in `points` each
        begins, or None if that is its own place in the array.
    """
    raw = characters.kinds.take(points)
    symbols = characters.symbols.take(points)
    capital = raw == UPPER
    kinds = raw - 2 * capital.view(np.uint8)
    n = len(points)
    flags = np.ones(n, np.uint8)  # the first bit: begins a word
    np.not_equal(kinds[1:], kinds[:-1], out=flags[1:], casting="unsafe")
    begins = np.flatnonzero(flags)
    camel = capital[1:] & ~capital[:-1] & (flags[1:] == 0)
    flags[:-1] += 2 * flags[1:]  # the second: ends one
    flags[1:] += 4 * camel.view(np.uint8)  # the third: a capital inside
    marked = _SALTS.take(flags)
    marked += symbols
    lengths = np.diff(begins, append=n)
    real = kinds.take(begins) != SPACE
    places = np.arange(n, dtype=np.int32)
    starts = begins.astype(np.int32)
    left = np.repeat(starts + (lengths * real).astype(np.int32), lengths)
    left -= places  # letters to the end of the word; none in spaces
    rolling = symbols
    for order in range(1, _LONGEST + 1):
        if order == 2:
            rolling = marked
        if order > 1:
            rolling = rolling[:-1] * _NEXT
            rolling += marked[order - 1 :]
        yield (rolling * _ORDERS[order - 1]) >> _SHIFT, left[: len(rolling)] >= order, None
    places -= np.repeat(starts, lengths)
    marked *= _POWERS.take(places, mode="clip")
    words = np.add.reduceat(marked, begins, dtype=np.uint32)
    yield (mixed(words) * _ORDERS[-1]) >> _SHIFT, real, begins
