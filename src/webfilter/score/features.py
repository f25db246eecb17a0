"""What the model sees of a text: hashed words and pairs of words, and its style.

One NumPy pass over the code points of many windows at once. Everything counted here is an integer,
so every sum is exact and a window's features do not depend on what else is in the batch.

A token is a run of letters, digits and underscores, or one other visible character: punctuation
carries much of what tells teaching from selling. Case is folded, digits become 0, curly quotes and
long dashes their plain forms. What it does not: stem, or split words without spaces (Chinese).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from webfilter.text import code_points, hash_spans

__all__ = ["BITS", "CHUNK", "STYLE", "TF", "Features", "features"]

BITS = 18
"""Feature hashes are cut to this many bits: 2**18 buckets."""

CHUNK = 512
"""Most windows for one call of `features`: keeps the arrays in the processor's caches."""

TF = 16
"""Scale of the integer term frequencies: ``round(TF * (1 + ln count))``."""

_TOP = 0x3000  # code points from here are CJK, Hangul and the like: letters without case
_ASTRAL = 0x10000  # beyond the basic plane: emoji and rare scripts, seen as symbols
_PAIR = np.uint64(0xD6E8FEB86659FD93)

# kinds of characters; those up to _WORD make words
_LOWER, _UPPER, _DIGIT, _LETTER, _WORD = 0, 1, 2, 3, 4
_SPACE, _NEWLINE = 5, 6
_MARKS = (".", ",", "!", "?", ":", ";", "()[]{}", '"“”„', "'’‘", "$£€¥¢", "|", "=+<>^~%×÷±", "-–—",
          "/", "\\", "@&", "*", "#", "`", "•·»›▪◦►", "…", "©®™")  # fmt: skip
_OTHER = 7 + len(_MARKS)
_CONTROL = _OTHER + 1
_KINDS = _CONTROL + 1
_FOLD = {"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-", "—": "-"}

STYLE = (
    *(f"kind_{i}" for i in range(_KINDS)),
    "word_length", "long_words", "short_words", "distinct", "capitalized", "sentence",
)  # fmt: skip
"""The columns of `Features.style`: shares of kinds of characters, then of kinds of words."""


@dataclass(frozen=True)
class Features:
    """Features of n windows, as rows sorted by window."""

    count: int
    ones: npt.NDArray[np.int64]
    """Bucket of each distinct token of each window, shape (a,)."""
    one_tf: npt.NDArray[np.int64]
    """Its scaled term frequency, shape (a,)."""
    one_ends: npt.NDArray[np.int64]
    """Rows of window i: ``one_ends[i]:one_ends[i + 1]``, shape (n + 1,)."""
    twos: npt.NDArray[np.int64]
    """The same for pairs of neighboring tokens."""
    two_tf: npt.NDArray[np.int64]
    two_ends: npt.NDArray[np.int64]
    style: npt.NDArray[np.float64]
    """Shape (n, len(STYLE)), each in its own unit; compare by rank."""
    letters: npt.NDArray[np.int64]
    """Length of each of `ones` in characters if it starts with a letter, else 0; shape (a,)."""


@cache
def _tables() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32]]:
    """Return the kind and the folded form of each code point up to _ASTRAL."""
    kinds = np.full(_ASTRAL + 1, _LETTER, dtype=np.uint8)
    folded = np.arange(_ASTRAL + 1, dtype=np.uint32)
    for code in range(_TOP):
        char = chr(code)
        category = unicodedata.category(char)
        kind = _OTHER
        if char.isspace():
            kind = _NEWLINE if char in "\n\r\x0b\x0c\x85\u2028\u2029" else _SPACE
        elif category in ("Lu", "Lt"):
            kind = _UPPER
        elif category == "Ll":
            kind = _LOWER
        elif category == "Nd":
            kind = _DIGIT
            folded[code] = ord("0")
        elif category[0] in "LMN":
            kind = _LETTER
        elif category[0] == "C":
            kind = _CONTROL
        kinds[code] = kind
        lower = char.lower()
        if kind == _UPPER and len(lower) == 1:
            folded[code] = ord(lower)
    for i, marks in enumerate(_MARKS):
        for mark in marks:
            kinds[ord(mark)] = 7 + i
    kinds[ord("_")] = _WORD
    for mark, plain in _FOLD.items():
        folded[ord(mark)] = ord(plain)
    kinds[0xD800:0xE000] = _CONTROL  # lone surrogates
    kinds[0xE000:0xF900] = _CONTROL  # private use
    kinds[0xFFF0:] = _OTHER
    kinds[0x3000] = _SPACE
    return kinds, folded


@cache
def _frequencies() -> npt.NDArray[np.int64]:
    counts = np.maximum(np.arange(4_096), 1)
    return np.rint(TF * (1.0 + np.log(counts))).astype(np.int64)


def features(texts: Sequence[str]) -> Features:
    """Return the features of up to `CHUNK` windows.

    >>> found = features(["Water boils. Water cools.", ""])
    >>> found.one_ends.tolist(), sorted(set(found.one_tf.tolist()))
    ([0, 4, 4], [16, 27])
    """
    if len(texts) > CHUNK:
        raise ValueError(f"{len(texts)} windows at once, the most is {CHUNK}")
    count = len(texts)
    lengths = np.fromiter((len(text) for text in texts), np.int64, count)
    codes = code_points("\n".join(texts) + "\n")
    starts = np.concatenate(([0], np.cumsum(lengths + 1)))  # of windows, and one past the last
    kind_of, folded = _tables()
    short = np.minimum(codes, _ASTRAL)
    kinds = kind_of[short]
    word = kinds <= _WORD
    space = (kinds == _SPACE) | (kinds == _NEWLINE)

    begins = ~space
    begins[1:] &= ~(word[1:] & word[:-1])
    first = np.flatnonzero(begins)
    last = first + 1
    wordy = word[first]
    last[wordy] = np.flatnonzero(word[:-1] & ~word[1:]) + 1
    hashes = hash_spans(folded[short], first, last)
    bounds = np.searchsorted(first, starts)
    owner = np.repeat(np.arange(count), np.diff(bounds))

    ones, one_tf, one_ends, at = _distinct(owner, hashes, count)
    pairs = (hashes[:-1] * _PAIR) ^ (hashes[1:] + (hashes[:-1] >> np.uint64(29)))
    pairs *= _PAIR
    same = owner[:-1] == owner[1:] if len(owner) else np.zeros(0, dtype=bool)
    twos, two_tf, two_ends, _ = _distinct(owner[:-1][same], pairs[same], count)
    letters = np.where(wordy & (kinds[first] != _DIGIT), last - first, 0)
    style = _style(kinds, first, last, wordy, owner, bounds, np.diff(one_ends), lengths)
    return Features(count, ones, one_tf, one_ends, twos, two_tf, two_ends, style, letters[at])


def _distinct(
    owner: npt.NDArray[np.int64], hashes: npt.NDArray[np.uint64], count: int
) -> tuple[npt.NDArray[np.int64], ...]:
    """Return bucket, frequency and bounds of the distinct buckets of each window."""
    keys = (owner << BITS) | (hashes >> np.uint64(64 - BITS)).astype(np.int64)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = keys[1:] != keys[:-1]
    at = np.flatnonzero(new)
    counts = np.diff(np.append(at, len(keys)))
    table = _frequencies()
    found = keys[at]
    ends = np.searchsorted(found, np.arange(count + 1) << BITS)
    return found & ((1 << BITS) - 1), table[np.minimum(counts, len(table) - 1)], ends, order[at]


def _style(
    kinds: npt.NDArray[np.uint8],
    first: npt.NDArray[np.intp],
    last: npt.NDArray[np.intp],
    wordy: npt.NDArray[np.bool_],
    owner: npt.NDArray[np.int64],
    bounds: npt.NDArray[np.intp],
    distinct: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    count = len(lengths)
    of_char = np.repeat(np.arange(count) * _KINDS, lengths + 1)
    shares = np.bincount(of_char + kinds, minlength=count * _KINDS).reshape(count, _KINDS)
    shares[:, _NEWLINE] -= 1  # the one we put between windows
    chars = np.maximum(lengths, 1)

    sizes, whose = (last - first)[wordy], owner[wordy]

    def words(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.bincount(whose[mask], minlength=count)

    number = np.bincount(whose, minlength=count)
    some = np.maximum(number, 1)
    letters = np.bincount(whose, weights=sizes, minlength=count)
    marks = shares[:, 7] + shares[:, 9] + shares[:, 10]
    columns = [
        letters / some, words(sizes >= 8) / some, words(sizes <= 3) / some,
        distinct / np.maximum(np.diff(bounds), 1), words(kinds[first[wordy]] == _UPPER) / some,
        number / np.maximum(marks, 1),
    ]  # fmt: skip
    return np.column_stack([shares / chars[:, None], *columns]).astype(np.float64)
