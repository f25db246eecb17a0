"""What the model sees of a text: hashed words and pairs of words, and its style.

One NumPy pass over the code points of many windows at once. Everything counted here is an integer,
so every sum is exact and a window's features do not depend on what else is in the batch.

A token is a run of letters, digits and underscores, or one other visible character: punctuation
carries much of what tells teaching from selling. Case is folded, digits become 0, curly quotes and
long dashes their plain forms. What it does not: stem, or split words without spaces (Chinese).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.score.alphabet import (
    DIGIT,
    KINDS,
    LOWER,
    NEWLINE,
    SPACE,
    STOPS,
    UPPER,
    WORD,
    alphabet,
    folded,
    is_lower,
    is_newline,
    is_space,
    is_word,
    kinds,
    rare_letters,
)  # fmt: skip
from webfilter.text.points import mix

__all__ = ["BITS", "CHUNK", "STYLE", "TF", "Features", "features", "sums"]

BITS = 18
"""Feature hashes are cut to this many bits: 2**18 buckets."""

CHUNK = 256
"""Most windows for one call of `features`: its arrays fit the processor's caches, and their bounds
9 bits."""

TF = 16
"""Scale of the integer term frequencies: ``round(TF * (1 + ln count))``."""

_PART = 128  # windows whose characters are read at once: they take more memory than tokens
_PAIR = np.uint64(0xD6E8FEB86659FD93)
_SIZE_BITS = 5  # with 9 bits of window and BITS of bucket, a key fills 32
_LONGEST = (1 << _SIZE_BITS) - 1
_BUCKET = np.uint32((1 << BITS) - 1)
_LOW, _HIGH = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.array([(1 << 8 * min(i, 8)) - 1 for i in range(17)], dtype=np.uint64)
_NEXT = np.array([(1 << 8 * max(i - 8, 0)) - 1 for i in range(17)], dtype=np.uint64)

STYLE = (
    *(f"kind_{i}" for i in range(KINDS)),
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
    hashes, kind, sizes, lengths, number, inner = map(np.concatenate, zip(*parts, strict=True))
    bounds = np.append(0, np.cumsum(number))
    owner = np.repeat(np.arange(count, dtype=np.uint32), number)
    windows = owner << np.uint32(BITS)

    tokens = (hashes >> np.uint64(64 - BITS)).astype(np.uint32)
    keys = (windows | tokens) << np.uint32(_SIZE_BITS)
    keys |= sizes * ((kind <= WORD) & (kind != DIGIT))
    keys, one_tf, one_ends = _distinct(keys, count, _SIZE_BITS)
    ones = ((keys >> np.uint32(_SIZE_BITS)) & _BUCKET).astype(np.int64)
    letters = (keys & np.uint32(_LONGEST)).astype(np.int64)

    pairs = (hashes[:-1] * _PAIR) ^ (hashes[1:] + (hashes[:-1] >> np.uint64(29)))
    pairs *= _PAIR
    keys = (pairs >> np.uint64(64 - BITS)).astype(np.uint32) | windows[:-1]
    keys, two_tf, two_ends = _distinct(keys[owner[:-1] == owner[1:]], count, 0)
    twos = (keys & _BUCKET).astype(np.int64)
    distinct = (np.diff(one_ends), np.diff(two_ends))
    style = _style(owner, kind, sizes, lengths, number, inner, distinct)
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
    text = "\n".join([*texts, ""])
    chars = alphabet(text)
    word = is_word(chars)
    inside = np.zeros(len(chars), dtype=bool)  # of a word, but not first
    np.logical_and(word[1:], word[:-1], out=inside[1:])
    seen = ~is_space(chars)
    first = np.flatnonzero(seen > inside)
    seen[:-1] = seen[:-1] > inside[1:]
    sizes = np.flatnonzero(seen) + 1
    sizes -= first
    bounds = first.searchsorted(ends)
    number = np.diff(bounds)
    hashes = _hashes(folded(chars), first, sizes)
    where, codes = rare_letters(text, chars)
    if len(where):  # beyond ASCII, a byte is not enough to tell words apart
        token = first.searchsorted(where, "right") - 1
        place = (where - first.take(token)).astype(np.uint64)
        np.add.at(hashes, token, mix(codes + (place << np.uint64(32))))

    # most characters inside of words are small letters: the others are counted, the rest is theirs
    inside &= ~is_lower(chars)
    inside |= is_newline(chars)
    at = np.flatnonzero(inside)
    cells = np.repeat(np.arange(0, count * KINDS, KINDS), np.diff(at.searchsorted(ends)))
    cells += kinds().take(chars.take(at))
    inner = np.bincount(cells, minlength=count * KINDS).reshape(count, KINDS)
    inner[:, LOWER] = sums(sizes, bounds) - number - inner[:, UPPER : WORD + 1].sum(axis=1)
    inner[:, NEWLINE] -= 1  # the one we put after each window
    sizes = np.minimum(sizes, _LONGEST).astype(np.uint8)
    return hashes, kinds().take(chars.take(first)), sizes, lengths, number, inner


def _hashes(
    folded: npt.NDArray[np.uint8], first: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp]
) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each token: of its first 16 characters and its length."""
    padded = folded.tobytes() + bytes(16)
    eight = np.ndarray(len(folded) + 8, "<u8", padded, strides=(1,)).copy()  # from each byte on
    low = eight.take(first)
    high = eight.take(first + 8)
    low &= _FIRST.take(sizes, mode="clip")
    high &= _NEXT.take(sizes, mode="clip")
    high += sizes.astype(np.uint64)
    high *= _HIGH
    low ^= high
    low *= _LOW
    low ^= low >> np.uint64(32)
    low *= _PAIR
    return low


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
    owner: npt.NDArray[np.uint32],
    kind: npt.NDArray[np.uint8],
    sizes: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.int64],
    number: npt.NDArray[np.int64],
    inner: npt.NDArray[np.int64],
    distinct: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> npt.NDArray[np.float64]:
    count, width = len(lengths), 3 * KINDS
    cells = owner * np.uint32(width)
    cells += kind
    cells += np.add(sizes > 3, sizes >= 8, dtype=np.uint8) * np.uint8(KINDS)
    table = np.bincount(cells, minlength=count * width).reshape(count, 3, KINDS)
    short, middle, long = table[:, :, : WORD + 1].sum(axis=2).T
    first = table.sum(axis=1)
    shares = first + inner
    shares[:, SPACE] = lengths - shares.sum(axis=1)

    words = short + middle + long
    some = np.maximum(words, 1)
    letters = shares[:, : WORD + 1].sum(axis=1)
    marks = shares[:, STOPS].sum(axis=1)
    columns = [
        letters / some, long / some, short / some,
        distinct[0] / np.maximum(number, 1), first[:, UPPER] / some,
        words / np.maximum(marks, 1), distinct[1] / np.maximum(number - 1, 1),
    ]  # fmt: skip
    return np.column_stack([shares / np.maximum(lengths, 1)[:, None], *columns])


def sums(
    values: npt.NDArray[Any], ends: npt.NDArray[np.int64], kind: npt.DTypeLike = np.int64
) -> npt.NDArray[Any]:
    """Return the sums of ``values[..., ends[i]:ends[i + 1]]`` in numbers of `kind`, shape (..., n).

    >>> sums(np.array([1, 2, 3]), np.array([0, 1, 1, 3])).tolist()
    [1, 0, 5]
    """
    found = np.zeros((*values.shape[:-1], len(ends) - 1), dtype=kind)
    some = np.flatnonzero(ends[1:] > ends[:-1])
    if len(some):  # reduceat knows no empty spans
        found[..., some] = np.add.reduceat(values, ends[some], axis=-1, dtype=kind)
    return found
