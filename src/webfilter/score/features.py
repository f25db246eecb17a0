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

CHUNK = 128
"""Most windows for one call of `features`: keeps the arrays in the processor's caches, and owners
of tokens in 9 bits."""

TF = 16
"""Scale of the integer term frequencies: ``round(TF * (1 + ln count))``."""

_TOP = 0x3000  # code points from here are CJK, Hangul and the like: letters without case
_ASTRAL = 0x10000  # beyond the basic plane: emoji and rare scripts, seen as symbols
_PAIR = np.uint64(0xD6E8FEB86659FD93)
_SIZE_BITS = 5  # with 9 bits of window and BITS of bucket, a key fills 32
_LONGEST = (1 << _SIZE_BITS) - 1

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
    "distinct_pairs",
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
    """Length of each of `ones` in characters, at most 31, if it starts with a letter, else 0; shape
    (a,). The least of those that share a bucket."""
    tokens: npt.NDArray[np.uint32]
    """Bucket of every token, in order, shape (m,)."""
    owner: npt.NDArray[np.uint32]
    """Its window, shape (m,)."""
    token_ends: npt.NDArray[np.int64]
    """Tokens of window i: ``token_ends[i]:token_ends[i + 1]``, shape (n + 1,)."""


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
    codes = code_points("\n".join(texts) + "\n" if texts else "")
    starts = np.concatenate(([0], np.cumsum(lengths + 1)))  # of windows, and one past the last
    kind_of, folded = _tables()
    kinds = kind_of.take(codes, mode="clip")  # all beyond the table are as its last
    word = kinds <= _WORD
    begins = (kinds != _SPACE) & (kinds != _NEWLINE)
    begins[1:] &= ~(word[1:] & word[:-1])
    first = np.flatnonzero(begins)
    last = first + 1
    wordy = word[first]
    last[wordy] = np.flatnonzero(word[:-1] & ~word[1:]) + 1
    hashes = hash_spans(folded.take(codes, mode="clip"), first, last)
    bounds = np.searchsorted(first, starts)
    owner = np.repeat(np.arange(count, dtype=np.uint32), np.diff(bounds))

    sizes = np.minimum(last - first, _LONGEST).astype(np.uint32)
    sizes[~wordy | (kinds[first] == _DIGIT)] = 0
    tokens = (hashes >> np.uint64(64 - BITS)).astype(np.uint32)
    keys = (((owner << np.uint32(BITS)) | tokens) << np.uint32(_SIZE_BITS)) | sizes
    ones, one_tf, one_ends, letters = _distinct(keys, count, _SIZE_BITS)
    pairs = (hashes[:-1] * _PAIR) ^ (hashes[1:] + (hashes[:-1] >> np.uint64(29)))
    pairs *= _PAIR
    keys = (pairs >> np.uint64(64 - BITS)).astype(np.uint32)
    keys |= owner[:-1] << np.uint32(BITS)
    twos, two_tf, two_ends, _ = _distinct(keys[owner[:-1] == owner[1:]], count, 0)
    distinct = (np.diff(one_ends), np.diff(two_ends))
    style = _style(kinds, first, last, wordy, owner, bounds, distinct, lengths)
    return Features(
        count,
        ones,
        one_tf,
        one_ends,
        twos,
        two_tf,
        two_ends,
        style,
        letters,
        tokens,
        owner,
        bounds,
    )


def _distinct(
    keys: npt.NDArray[np.uint32], count: int, extra: int
) -> tuple[npt.NDArray[np.int64], ...]:
    """Return bucket, frequency, bounds and extra bits of the distinct buckets of each window.

    A key is window, bucket and extra bits; of those that differ in the extra bits only, the least
    stands for all.
    """
    keys = np.sort(keys)
    found = keys >> np.uint32(extra)
    new = np.ones(len(keys), dtype=bool)
    new[1:] = found[1:] != found[:-1]
    at = np.flatnonzero(new)
    counts = np.diff(np.append(at, len(keys)))
    table = _frequencies()
    found = found[at]
    ends = np.searchsorted(found, np.arange(count, dtype=np.uint64) << np.uint64(BITS))
    ends = np.append(ends, len(found))
    buckets = (found & np.uint32((1 << BITS) - 1)).astype(np.int64)
    bits = (keys[at] & np.uint32((1 << extra) - 1)).astype(np.int64)
    return buckets, table[np.minimum(counts, len(table) - 1)], ends, bits


def _style(
    kinds: npt.NDArray[np.uint8],
    first: npt.NDArray[np.intp],
    last: npt.NDArray[np.intp],
    wordy: npt.NDArray[np.bool_],
    owner: npt.NDArray[np.uint32],
    bounds: npt.NDArray[np.intp],
    distinct: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    lengths: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    count = len(lengths)
    # lower case is what is left: three characters in four need no counting
    at = np.flatnonzero(kinds != _LOWER)
    starts = np.append(0, np.cumsum(lengths + 1))
    of_char = np.repeat(np.arange(0, count * _KINDS, _KINDS), np.diff(at.searchsorted(starts)))
    of_char += kinds[at]
    shares = np.bincount(of_char, minlength=count * _KINDS).reshape(count, _KINDS)
    shares[:, _LOWER] = lengths + 1 - shares.sum(axis=1)
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
        distinct[0] / np.maximum(np.diff(bounds), 1), words(kinds[first[wordy]] == _UPPER) / some,
        number / np.maximum(marks, 1), distinct[1] / np.maximum(np.diff(bounds) - 1, 1),
    ]  # fmt: skip
    return np.column_stack([shares / chars[:, None], *columns]).astype(np.float64)
