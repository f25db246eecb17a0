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
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.text import code_points, hash_spans

__all__ = ["BITS", "CHUNK", "STYLE", "TF", "Features", "features", "sums"]

BITS = 18
"""Feature hashes are cut to this many bits: 2**18 buckets."""

CHUNK = 256
"""Most windows for one call of `features`: its arrays fit the processor's caches, and their bounds
9 bits."""

TF = 16
"""Scale of the integer term frequencies: ``round(TF * (1 + ln count))``."""

_PART = 128  # windows whose characters are read at once: they take more memory than tokens
_TOP = 0x3000  # code points from here are CJK, Hangul and the like: letters without case
_ASTRAL = 0x10000  # beyond the basic plane: emoji and rare scripts, seen as symbols
_PAIR = np.uint64(0xD6E8FEB86659FD93)
_SIZE_BITS = 5  # with 9 bits of window and BITS of bucket, a key fills 32
_LONGEST = (1 << _SIZE_BITS) - 1
_BUCKET = np.uint32((1 << BITS) - 1)

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
    one_tf: npt.NDArray[np.int32]
    """Its scaled term frequency, shape (a,)."""
    one_ends: npt.NDArray[np.int64]
    """Rows of window i: ``one_ends[i]:one_ends[i + 1]``, shape (n + 1,)."""
    twos: npt.NDArray[np.int64]
    """The same for pairs of neighboring tokens."""
    two_tf: npt.NDArray[np.int32]
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
def _frequencies() -> npt.NDArray[np.int32]:
    counts = np.maximum(np.arange(4_096), 1)
    return np.rint(TF * (1.0 + np.log(counts))).astype(np.int32)


def features(texts: Sequence[str]) -> Features:
    """Return the features of up to `CHUNK` windows.

    >>> found = features(["Water boils. Water cools.", ""])
    >>> found.one_ends.tolist(), sorted(set(found.one_tf.tolist()))
    ([0, 4, 4], [16, 27])
    """
    if len(texts) > CHUNK:
        raise ValueError(f"{len(texts)} windows at once, the most is {CHUNK}")
    count = len(texts)
    parts = [_tokens(texts[i : i + _PART]) for i in range(0, max(count, 1), _PART)]
    hashes, kinds, sizes, lengths, number, inner = map(np.concatenate, zip(*parts, strict=True))
    bounds = np.append(0, np.cumsum(number))
    owner = np.repeat(np.arange(count, dtype=np.uint32), number)
    windows = owner << np.uint32(BITS)

    tokens = (hashes >> np.uint64(64 - BITS)).astype(np.uint32)
    keys = (windows | tokens) << np.uint32(_SIZE_BITS)
    keys |= sizes * ((kinds <= _WORD) & (kinds != _DIGIT))
    keys, one_tf, one_ends = _distinct(keys, count, _SIZE_BITS)
    ones = ((keys >> np.uint32(_SIZE_BITS)) & _BUCKET).astype(np.int64)
    letters = (keys & np.uint32(_LONGEST)).astype(np.int64)

    pairs = (hashes[:-1] * _PAIR) ^ (hashes[1:] + (hashes[:-1] >> np.uint64(29)))
    pairs *= _PAIR
    keys = (pairs >> np.uint64(64 - BITS)).astype(np.uint32) | windows[:-1]
    keys, two_tf, two_ends = _distinct(keys[owner[:-1] == owner[1:]], count, 0)
    twos = (keys & _BUCKET).astype(np.int64)
    distinct = (np.diff(one_ends), np.diff(two_ends))
    style = _style(kinds, sizes, lengths, number, inner, distinct)
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


def _tokens(texts: Sequence[str]) -> tuple[npt.NDArray[Any], ...]:
    """Return hash, kind and length (at most 31) of each token; then, of each window, its length,
    its number of tokens, and its characters that begin no token by kind, shape (n, kinds).

    A token's kind is that of its first character. Of white space only newlines are counted.
    """
    count = len(texts)
    lengths = np.fromiter(map(len, texts), np.int64, count)
    ends = np.append(0, np.cumsum(lengths + 1))
    codes = code_points("\n".join([*texts, ""])).astype(np.intp)
    kind_of, folded = _tables()
    kinds = kind_of.take(codes, mode="clip")  # all beyond the table are as its last
    word = kinds <= _WORD
    inside = np.zeros(len(kinds), dtype=bool)  # of a word, but not first
    np.logical_and(word[1:], word[:-1], out=inside[1:])
    newline = kinds == _NEWLINE
    seen = ~(newline | (kinds == _SPACE))
    first = np.flatnonzero(seen & ~inside)
    seen[:-1] &= ~inside[1:]
    last = np.flatnonzero(seen) + 1
    hashes = hash_spans(folded.take(codes, mode="clip"), first, last)
    bounds = first.searchsorted(ends)
    sizes, number = last - first, np.diff(bounds)

    # most characters inside of words are lower case: the others are counted, the rest is theirs
    at = np.flatnonzero(((kinds - np.uint8(_UPPER) < _WORD) & inside) | newline)
    cells = np.repeat(np.arange(0, count * _KINDS, _KINDS), np.diff(at.searchsorted(ends)))
    cells += kinds.take(at)
    inner = np.bincount(cells, minlength=count * _KINDS).reshape(count, _KINDS)
    inner[:, _LOWER] = sums(sizes, bounds) - number - inner[:, _UPPER : _WORD + 1].sum(axis=1)
    inner[:, _NEWLINE] -= 1  # the one we put after each window
    sizes = np.minimum(sizes, _LONGEST).astype(np.uint8)
    return hashes, kinds.take(first), sizes, lengths, number, inner


def _distinct(
    keys: npt.NDArray[np.uint32], count: int, extra: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return keys, frequencies and bounds of the distinct buckets of each window.

    A key is window, bucket and extra bits; of those that differ in the extra bits only, the least
    stands for all.
    """
    keys = np.sort(keys)
    found = keys >> np.uint32(extra)
    new = np.ones(len(keys) + 1, dtype=bool)  # the last one ends the last run
    np.not_equal(found[1:], found[:-1], out=new[1:-1])
    at = np.flatnonzero(new)
    tf = _frequencies().take(at[1:] - at[:-1], mode="clip")
    keys = keys.take(at[:-1])
    windows = np.arange(count + 1, dtype=np.uint32) << np.uint32(BITS + extra)
    return keys, tf, keys.searchsorted(windows)


def _style(
    kinds: npt.NDArray[np.uint8],
    sizes: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.int64],
    number: npt.NDArray[np.int64],
    inner: npt.NDArray[np.int64],
    distinct: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> npt.NDArray[np.float64]:
    count, width = len(lengths), 3 * _KINDS
    cells = np.repeat(np.arange(0, count * width, width), number)
    cells += kinds
    cells += np.add(sizes > 3, sizes >= 8, dtype=np.uint8) * np.uint8(_KINDS)
    table = np.bincount(cells, minlength=count * width).reshape(count, 3, _KINDS)
    short, middle, long = table[:, :, : _WORD + 1].sum(axis=2).T
    first = table.sum(axis=1)
    shares = first + inner
    shares[:, _SPACE] = lengths - shares.sum(axis=1)

    words = short + middle + long
    some = np.maximum(words, 1)
    letters = shares[:, : _WORD + 1].sum(axis=1)
    marks = shares[:, 7] + shares[:, 9] + shares[:, 10]
    columns = [
        letters / some, long / some, short / some,
        distinct[0] / np.maximum(number, 1), first[:, _UPPER] / some,
        words / np.maximum(marks, 1), distinct[1] / np.maximum(number - 1, 1),
    ]  # fmt: skip
    return np.column_stack([shares / np.maximum(lengths, 1)[:, None], *columns])


def sums(values: npt.NDArray[Any], ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the sums of ``values[..., ends[i]:ends[i + 1]]``, shape (..., n).

    >>> sums(np.array([1, 2, 3]), np.array([0, 1, 1, 3])).tolist()
    [1, 0, 5]
    """
    found = np.zeros((*values.shape[:-1], len(ends) - 1), dtype=np.int64)
    some = np.flatnonzero(ends[1:] > ends[:-1])
    if len(some):  # reduceat knows no empty spans
        found[..., some] = np.add.reduceat(values, ends[some], axis=-1, dtype=np.int64)
    return found
