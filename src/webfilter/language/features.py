"""What the embedded model reads in a text: its characters, n-grams within each word, and the words.

Everything is array arithmetic over the code points of a whole batch, which is why it is fast: no
string is made per word or n-gram, and the cost is the same for any text. A word is a run of letters
and combining marks, or a run of digits and signs; an n-gram lies within one word and knows whether
it begins or ends it. A word is known by its length, its first letters and its last: two of each, or
four where it has five or more. Letters are folded to lower case, digits to one digit. A capital
after a small letter (``camelCase``, base64) makes another n-gram.

The same code makes training data, so it is part of the model: change it, and train again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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
    "Letters",
    "letters",
    "mixed",
    "ngrams",
    "points_of",
]

BITS = 21
"""Features are numbers below ``2 ** BITS``."""
SPACE, LETTER, SIGN, UPPER = range(4)
"""Kinds of characters: white space and controls; letters; digits, marks and symbols; capitals."""

_LONGEST = 4
_TABLE = 4_000_000  # pairs of text and code point that are counted without sorting
TOP = 0x20000
"""Code points above (rarer ideographs) all count as the last one below, as one letter."""
_NO_LETTERS = 0x40000  # the tags of flags, variation selectors, private use: white space to us

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

    @property
    def singles(self) -> NDArray[np.int64]:
        """The feature of each code point; -1 for white space."""
        found = ((self.symbols * _ORDERS[0]) >> _SHIFT).astype(np.int64)
        return np.where(self.kinds == SPACE, -1, found)


def points_of(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the code points of all texts, a line end after each, and their bounds.

    Text ``i`` and its line end lie between bounds ``i`` and ``i + 1``.
    """
    joined = "\n".join(texts) + "\n"
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
    points[points >= _NO_LETTERS] = ord(" ")
    bounds = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1, out=bounds[1:])
    return np.minimum(points, TOP - 1, out=points), bounds


class Letters(NamedTuple):
    """The different code points of each text, white space included, and how often it has them."""

    owners: NDArray[np.int64]
    """Number of the text, rising."""
    points: NDArray[np.int64]
    times: NDArray[np.int64]


def letters(points: NDArray[np.int64], bounds: NDArray[np.int64]) -> Letters:
    """Count the code points of each text; both as of `points_of`."""
    texts = len(bounds) - 1
    seen = np.zeros(TOP, bool)
    seen[points] = True
    every = np.flatnonzero(seen)
    place = np.empty(TOP, np.int64)
    place[every] = np.arange(len(every))
    places = np.repeat(np.arange(texts) * len(every), bounds[1:] - bounds[:-1])
    places += place.take(points)
    if texts * len(every) < _TABLE:
        times = np.bincount(places, minlength=texts * len(every))
        held = np.flatnonzero(times > 0)
        times = times.take(held)
    else:
        held, times = np.unique(places, return_counts=True)
    owners, at = np.divmod(held, len(every))
    return Letters(owners, every.take(at), times)


def ngrams(
    points: NDArray[np.int64], characters: Characters
) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
    """Yield features and where in `points` each begins, rising.

    First 2, 3 and 4 letters, then words of more, words of 2 to 4 letters, and letters that stand
    alone. The short words are n-grams, too: twice, they count as much as longer ones.

    Args:
        points: code points as of `points_of`.
        characters: the model's.
    """
    raw = characters.kinds.take(points)
    symbols = characters.symbols.take(points)
    capital = raw == UPPER
    kinds = raw - 2 * capital.view(np.uint8)
    inside = kinds != SPACE
    begins = np.ones(len(points), bool)
    np.not_equal(kinds[1:], kinds[:-1], out=begins[1:])
    ends = np.ones(len(points), bool)
    ends[:-1] = begins[1:]
    flags = begins + 2 * ends.view(np.uint8)
    flags[1:] += 4 * (capital[1:] & ~(capital[:-1] | begins[1:])).view(np.uint8)
    marked = _SALTS.take(flags)
    marked += symbols
    goes = inside & ~ends  # on to another letter of the word
    rolled = {1: marked}
    real = goes
    for order in range(2, _LONGEST + 1):
        rolling = rolled[order - 1][:-1] * _NEXT
        rolling += marked[order - 1 :]
        rolled[order] = rolling
        at = np.flatnonzero(real)
        yield (rolling.take(at) * _ORDERS[order - 1]) >> _SHIFT, at
        real = real[:-1] & goes[order - 1 :]
    first, last = np.flatnonzero(begins & inside), np.flatnonzero(ends & inside)
    more = last - first  # letters but one
    for width, some in ((_LONGEST, more >= _LONGEST), (2, (more > 0) & (more < _LONGEST))):
        held = np.flatnonzero(some)
        at = first.take(held)
        words = rolled[width].take(at) * _NEXT
        words += rolled[width].take(last.take(held) - (width - 1))
        words += more.take(held).astype(np.uint32)
        yield (mixed(words) * _ORDERS[-1]) >> _SHIFT, at
    at = first.take(np.flatnonzero(more == 0))
    at = at.take(np.flatnonzero(kinds.take(at) == LETTER))
    yield (marked.take(at) * _ORDERS[0]) >> _SHIFT, at
