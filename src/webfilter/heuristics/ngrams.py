"""Repeated runs of words, measured for many documents in one pass.

Gopher's two measures: the characters in the most common n-gram, and the characters in n-grams that
occurred before. Everything is over hashes: n-grams that occur only once, which is nearly all of
them, are ruled out by one scatter and one gather, and never sorted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.text import BASE, Tokens
from webfilter.text.points import powers

__all__ = ["TokenRuns", "duplicate_characters", "most_common", "recurring", "top_characters"]

_Hashes: TypeAlias = npt.NDArray[np.uint64]
_Places: TypeAlias = npt.NDArray[np.intp]

_DOCUMENT_BITS = 8
_ODD = 0xD6E8FEB86659FD93
MOST_DOCUMENTS = 1 << _DOCUMENT_BITS
"""Most documents that can be measured together."""


@dataclass(frozen=True, eq=False)
class TokenRuns:
    """The tokens of up to `MOST_DOCUMENTS` documents, one behind the other: n in d documents."""

    hashes: _Hashes
    """Hash of each token, shape (n,)."""
    sums: _Hashes
    """Polynomial of each token (`webfilter.text.points.sum_spans`), shape (n,)."""
    lengths: _Places
    """Characters of each token, shape (n,)."""
    bounds: _Places
    """First token of each document, and n, shape (d + 1,)."""
    _again: dict[int, tuple[_Places, _Hashes]] = field(default_factory=dict)

    @classmethod
    def of(cls, tokens: Sequence[Tokens]) -> TokenRuns:
        """Return the runs of `tokens`, one `Tokens` a document."""
        none = np.zeros(0, dtype=np.uint64)
        return cls(
            np.concatenate([none, *(each.hashes for each in tokens)]),
            np.concatenate([none, *(each.sums for each in tokens)]),
            np.concatenate([np.zeros(0, dtype=np.intp), *(each.lengths for each in tokens)]),
            np.cumsum([0, *map(len, tokens)], dtype=np.intp),
        )

    @cached_property
    def documents(self) -> _Hashes:
        """Number of each token's document, shape (n,)."""
        sizes = self.bounds[1:] - self.bounds[:-1]
        return np.arange(len(sizes), dtype=np.uint64).repeat(sizes)

    @cached_property
    def offsets(self) -> _Places:
        """Characters in the first 0, 1, ... n tokens together, shape (n + 1,)."""
        found = np.zeros(len(self.lengths) + 1, dtype=np.intp)
        np.cumsum(self.lengths, out=found[1:])
        return found

    @cached_property
    def _joined(self) -> tuple[_Hashes, _Hashes]:
        total = int(self.offsets[-1]) + 1
        found = np.zeros(len(self.sums) + 1, dtype=np.uint64)
        np.cumsum(self.sums * powers(total).take(self.offsets[:-1]), out=found[1:])
        return found, powers(total, inverse=True).take(self.offsets[:-1])

    @cached_property
    def _salts(self) -> _Hashes:
        return self.documents * np.uint64(BASE)

    def _parted(self, hashes: _Hashes, n: int) -> _Hashes:
        """Make the hashes of runs of `n` differ between documents, and those across two, unique."""
        hashes ^= self._salts[: len(hashes)]
        for bound in self.bounds[1:-1].tolist():
            across = slice(max(0, bound - n + 1), min(bound, len(hashes)))
            hashes[across] = self._unique[across]
        return hashes

    @cached_property
    def _unique(self) -> _Hashes:
        return np.arange(1, len(self.hashes) + 1, dtype=np.uint64) * np.uint64(_ODD)

    def recurring_ngrams(self, n: int) -> tuple[_Places, _Hashes]:
        """Return where n-grams begin that occur more than once in their document, and their hashes.

        In order, and a few others among them; a hash is of the `n` tokens, one by one. An n-gram
        can recur only where the shorter one does, so but for the first only those are looked at.
        """
        if n not in self._again:
            if n <= 2:
                size = max(0, len(self.hashes) - n + 1)
                hashes = self.hashes[:size].copy()
                for k in range(1, n):
                    hashes += self.hashes[k : k + size] * np.uint64(pow(BASE, k, 2**64))
                places = recurring(self._parted(hashes, n))
                self._again[n] = places, hashes.take(places)
            else:
                places, hashes = self.recurring_ngrams(n - 1)
                ends = self.bounds[1:].take(self.documents.take(places).view(np.intp))
                inside = np.flatnonzero(places + n <= ends)
                places, hashes = places.take(inside), hashes.take(inside)
                more = self.hashes.take(places + (n - 1))
                # the salt that tells documents apart is in the shorter one's hash, and stays
                hashes = hashes + more * np.uint64(pow(BASE, n - 1, 2**64))
                again = recurring(hashes)
                self._again[n] = places.take(again), hashes.take(again)
        return self._again[n]

    def joined(self, n: int) -> _Hashes:
        """Return a hash of the `n` tokens from each token on, written without separator.

        It is of the characters alone: ("ab", "c") and ("a", "bc") have the same.
        """
        sums, origin = self._joined
        size = max(0, len(self.sums) - n + 1)
        found = sums[n:] - sums[:size]
        found *= origin[:size]
        return self._parted(found, n)


_COUNTING = np.arange(1 << 15, dtype=np.int32)


def recurring(hashes: _Hashes) -> _Places:
    """Return the places, in order, of hashes that occur more than once (and a few others)."""
    places: _Places | None = None
    for shift in (0, 20, 40):
        size = len(hashes)
        bits = max(8, size.bit_length() + 4)
        slots = (hashes << np.uint64(shift) if shift else hashes) >> np.uint64(64 - bits)
        here = _COUNTING[:size] if size <= len(_COUNTING) else np.arange(size, dtype=np.int32)
        table = np.empty(1 << bits, dtype=np.int32)
        table[slots.view(np.intp)] = here
        winners = table.take(slots.view(np.intp))
        shared = winners != here
        losers = np.flatnonzero(shared)
        if not len(losers):
            return losers
        shared[winners.take(losers)] = True
        kept = np.flatnonzero(shared)
        places = kept if places is None else places.take(kept)
        if 4 * len(kept) > size:  # hardly worth another round
            break
        hashes = hashes.take(kept)
    assert places is not None
    return places


def duplicate_characters(runs: TokenRuns, n: int) -> list[int]:
    """Return for each document the characters in n-grams that occurred before, without spaces.

    It is a walk from left to right: a repeated n-gram adds its characters and the walk goes on
    behind it, else one word further. Only n-grams that occur twice need be visited.
    """
    hashes = runs.joined(n)
    again = recurring(hashes)
    places, values = again.tolist(), hashes.take(again).tolist()
    repeated: list[int] = []
    seen: set[int] = set()
    i = 0
    while i < len(places):
        if values[i] in seen:
            repeated.append(places[i])
            behind = places[i] + n
            dense = places[i + n : i + n + 1] == [behind]
            i = i + n if dense else bisect_left(places, behind, i + 1, min(i + n, len(places)))
        else:
            seen.add(values[i])
            i += 1
    found = np.zeros(len(runs.bounds) - 1, dtype=np.intp)
    if repeated:
        begins = np.array(repeated)
        lengths = runs.offsets.take(begins + n) - runs.offsets.take(begins)
        np.add.at(found, runs.documents.take(begins).astype(np.intp), lengths)
    as_list: list[int] = found.tolist()
    return as_list


def top_characters(runs: TokenRuns, n: int, spaces: int = 1) -> list[int | None]:
    """Return for each document length times count of its most common n-gram, None if it has none.

    Between each two words `spaces` characters count.
    """
    firsts, counts = most_common(runs, n)
    some = (runs.bounds[1:] - runs.bounds[:-1] >= n).tolist()
    last = np.minimum(firsts + n, len(runs.offsets) - 1)
    lengths = runs.offsets.take(last) - runs.offsets.take(firsts) + spaces * (n - 1)
    found = (lengths * counts).tolist()
    return [characters if has else None for characters, has in zip(found, some, strict=True)]


def most_common(runs: TokenRuns, n: int) -> tuple[_Places, _Places]:
    """Return with which token the most common n-gram of each document begins, and its count.

    The first of those equally common is taken; where a document has none, its first token and 1.
    """
    firsts, counts = runs.bounds[:-1].copy(), np.ones(len(runs.bounds) - 1, dtype=np.intp)
    again, hashes = runs.recurring_ngrams(n)
    if len(again):
        keys = runs.documents.take(again) << np.uint64(64 - _DOCUMENT_BITS)
        keys |= hashes >> np.uint64(_DOCUMENT_BITS)
        _most_common(keys, again, firsts, counts)
    return firsts, counts


def _most_common(keys: _Hashes, places: _Places, firsts: _Places, counts: _Places) -> None:
    """Set, for documents with a key that recurs, the place and count of the most common one.

    Args:
        keys: document number in the high bits, hash in the low ones.
        places: where each of `keys` stands, in order.
        firsts: set to the first place of the most common, one a document.
        counts: set to its count.
    """
    ordered = np.sort(keys)
    new = np.ones(len(ordered) + 1, dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:-1])
    bounds = np.flatnonzero(new)
    times = bounds[1:] - bounds[:-1]
    values = ordered.take(bounds[:-1])
    shift = np.uint64(64 - _DOCUMENT_BITS)
    documents = (values >> shift).astype(np.intp)
    np.maximum.at(counts, documents, times)
    best = (times == counts.take(documents)) & (times > 1)
    values = values[best]
    if not len(values):
        return
    among = np.minimum(np.searchsorted(values, keys), len(values) - 1)
    hits = np.flatnonzero(values.take(among) == keys)
    hit_documents = (keys.take(hits) >> shift).astype(np.intp)
    firsts[hit_documents[::-1]] = places.take(hits)[::-1]
