"""Shingles (hashed n-grams) to MinHash signatures, and signatures to band keys.

The signature is a *fast similarity sketch* (Dahlgaard, Knudsen and Thorup, FOCS 2017,
arXiv:1704.04370), not one permutation a value: each shingle is thrown into one random bin, in
rounds, until every bin of the document holds a shingle; a bin keeps the least value of the first
round that reached it. Each bin agrees between two documents with probability equal to the Jaccard
similarity of their shingle sets, as with independent permutations, and the estimate concentrates
no worse; but a document of n shingles costs about 2 * n + 7 * 112 hashes in place of 112 * n.

The values of one sketch are of different shingles, so they agree a little less often *together*
than independent ones would, where documents are short: .136 in place of .158 of pairs at a
similarity of .57, with bands of 8. Therefore a signature is two independent sketches, value by
value in turn, which takes more than half of that difference away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from webfilter.dedup.words import character_hashes, word_hashes
from webfilter.text.points import mix

__all__ = ["band_keys", "shingles", "signatures"]

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_POWER = np.uint64(0xD1342543DE82EF95)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_EMPTY = np.uint64(2**64 - 1)


def shingles(
    texts: Sequence[str], ngram: int, seed: int, unit: Literal["word", "character"] = "word"
) -> tuple[Hashes, Places]:
    """Return the hashes of all n-grams of all `texts`, and where each text's begin.

    A text of fewer than `ngram` words (or characters) has none. Repeated n-grams are repeated.
    """
    words, offsets = (word_hashes if unit == "word" else character_hashes)(texts)
    size = max(len(words) - ngram + 1, 0)
    if size == 0:
        return np.zeros(0, np.uint64), np.zeros(len(texts) + 1, np.intp)
    hashes = words[:size].copy()
    for place in range(1, ngram):
        hashes *= _POWER
        hashes += words[place : place + size]
    hashes += np.uint64(seed * int(_STEP) % 2**64)
    keep = np.ones(len(words), dtype=np.bool_)
    for back in range(1, ngram):  # an n-gram that reaches into the next text is none
        keep[np.maximum(offsets[1:] - back, 0)[offsets[1:] > 0]] = False
    counts = np.maximum(np.diff(offsets) - ngram + 1, 0)
    begins = np.concatenate(([0], np.cumsum(counts)))
    return mix(hashes[keep[:size]]), begins


def signatures(hashes: Hashes, offsets: Places, size: int) -> Hashes:
    """Return the signature of each set of shingles, shape (len(offsets) - 1, size).

    Set i is ``hashes[offsets[i]:offsets[i + 1]]`` and not empty; repeats do not count.
    """
    signs = np.empty((len(offsets) - 1, size), dtype=np.uint64)
    signs[:, 0::2] = _sketched(hashes, offsets, (size + 1) // 2)
    if size > 1:
        signs[:, 1::2] = _sketched(mix(hashes ^ _STEP), offsets, size // 2)
    return signs


def _sketched(hashes: Hashes, offsets: Places, size: int) -> Hashes:
    counts = np.diff(offsets)
    table = np.full(len(counts) * size, _EMPTY)
    if len(counts):
        bases = np.arange(len(counts)) * size
        _throw(table, np.repeat(bases, counts), hashes, None, size)
    signs = table.reshape(len(counts), size)
    done = np.ones(len(counts), dtype=np.intp)  # rounds, by set
    open_ = np.flatnonzero((signs == _EMPTY).any(axis=1))
    filled = (signs[open_] != _EMPTY).sum(axis=1)  # few for so many shingles: they are the same few
    awaited = size * -np.expm1(-counts[open_] / size)
    crowded = open_[(counts[open_] > 8 * size) | (2 * filled < awaited)]
    if len(crowded):
        hashes, counts = hashes.copy(), counts.copy()
    for row in crowded:
        distinct = np.unique(hashes[offsets[row] : offsets[row + 1]])
        counts[row] = len(distinct)
        hashes[offsets[row] : offsets[row] + len(distinct)] = distinct
    while len(open_):
        here = counts[open_]
        rounds = -(-4 * size // here)
        many = np.repeat(here, rounds)  # by round of a set, from here on
        first = np.repeat(np.cumsum(rounds) - rounds, rounds)
        turn = np.arange(len(many)) - first + np.repeat(done[open_], rounds)
        begin = np.cumsum(many) - many
        source = np.repeat(np.repeat(offsets[open_], rounds) - begin, many)
        source += np.arange(len(source))
        base = np.repeat(np.repeat(open_ * size, rounds), many)
        _throw(table, base, hashes[source], np.repeat(turn.astype(np.uint64), many), size)
        done[open_] += rounds
        open_ = open_[(signs[open_] == _EMPTY).any(axis=1)]
    return signs


def _throw(table: Hashes, base: Places, hashes: Hashes, turn: Hashes | None, size: int) -> None:
    """Throw each hash into a bin of its set; `turn` is the round, None the first."""
    if turn is not None:
        hashes = mix(hashes + turn * _STEP)
    values = hashes & _LOW
    if turn is not None:
        values |= turn << _HALF
    bins = hashes >> _HALF
    bins *= np.uint64(size)
    bins >>= _HALF
    np.minimum.at(table, base + bins.astype(np.intp), values)


def band_keys(signs: Hashes, bands: int, rows: int) -> Hashes:
    """Return one 64-bit key a band of `rows` values, shape (len(signs), bands)."""
    split = signs.reshape(len(signs), bands, rows)
    keys = np.tile(np.arange(1, bands + 1, dtype=np.uint64) * _STEP, (len(signs), 1))
    for row in range(rows):
        keys ^= split[:, :, row]
        mix(keys)
    return keys
