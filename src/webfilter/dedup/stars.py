"""Which of the candidates stays, when pairs are verified: the best first, each with its copies.

Documents are numbered by preference, 0 the best. One is dropped exactly where a better one that
stays is as similar as was asked, so every dropped document has been compared with the one it is
said to duplicate, and chains (a like b, b like c, a unlike c) are cut: a and c stay. That is the
lexicographically first maximal independent set of the graph of verified pairs, with its stars.

Only some pairs are compared. In each bucket the best document is compared with the others; those
like it leave; then the next best one, `REACH` times at most. A document that left early may rise
again, because the one it is like was dropped itself: then its buckets are looked at once more, and
so on until nothing changes. What comes out depends on the set of documents only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["REACH", "Test", "firsts", "stars"]

Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Shares = npt.NDArray[np.float64]
Test = Callable[[Places, Places], Shares]
"""Returns the similarity of each pair of documents (left[i], right[i]), 0 to 1."""

REACH = 64
"""So many documents of a bucket, the best ones, are compared with all others in it. Beyond it,
documents of very large buckets that are unlike each other may stay uncompared."""
_REMEMBERED = 1 << 24  # pairs found to be unlike; more are forgotten, and compared again


class Bands(Protocol):
    """Where buckets come from: see `webfilter.dedup.buckets.Buckets`."""

    def __len__(self) -> int: ...
    def band(self, number: int) -> tuple[Places, Places]: ...


def stars(bands: Bands, size: int, test: Test, least: float) -> tuple[Places, Shares]:
    """Return whom each document duplicates (itself if it stays), and how similar they are.

    Args:
        bands: the buckets, documents numbered by preference.
        size: number of documents.
        test: tells how similar two documents are.
        least: similarity from which two are duplicates.
    """
    edges = _Edges(size, test, least)
    free = np.ones(size, dtype=np.bool_)  # not known to be like a better one
    risen = free.copy()
    while True:
        for number in range(len(bands)):
            _compare(*bands.band(number), free, risen, edges)
            edges.settle()
        stays, of, similarity = edges.firsts()
        risen = stays & ~free
        free = stays
        if not risen.any():
            return of, similarity


def _compare(documents: Places, bucket: Places, free: Flags, risen: Flags, edges: _Edges) -> None:
    """Compare within the buckets of a band; documents like a better one are free no more."""
    documents, bucket = _where(free[documents], documents, bucket)
    for _ in range(REACH):
        documents, bucket = _worth(documents, bucket, risen)
        if not len(documents):
            return
        begins = np.flatnonzero(np.diff(bucket, prepend=-1))
        pivot = np.repeat(documents[begins], np.diff(begins, append=len(documents)))
        others = np.ones(len(documents), dtype=np.bool_)
        others[begins] = False
        asked = others & (risen[documents] | risen[pivot])
        alike = np.zeros(len(documents), dtype=np.bool_)
        alike[asked] = edges.alike(pivot[asked], documents[asked])
        free[documents[alike]] = False
        documents, bucket = _where(others & ~alike, documents, bucket)


def _worth(documents: Places, bucket: Places, risen: Flags) -> tuple[Places, Places]:
    """Leave out the buckets of one document, and those in which nobody has risen."""
    if not len(documents):
        return documents, bucket
    begins = np.flatnonzero(np.diff(bucket, prepend=-1))
    sizes = np.diff(begins, append=len(documents))
    wanted = (sizes > 1) & np.logical_or.reduceat(risen[documents], begins)
    return _where(np.repeat(wanted, sizes), documents, bucket)


def _where(chosen: Flags, documents: Places, bucket: Places) -> tuple[Places, Places]:
    return documents[chosen], bucket[chosen]


class _Edges:
    """Pairs (better, worse) that were compared, as better * size + worse."""

    def __init__(self, size: int, test: Test, least: float) -> None:
        self._size, self._test, self._least = size, test, least
        self._alike, self._similarity = np.zeros(0, dtype=np.int64), np.zeros(0)
        self._unlike = np.zeros(0, dtype=np.int64)
        self._new: list[tuple[Places, Shares]] = []

    def alike(self, better: Places, worse: Places) -> Flags:
        """Return which pairs are duplicates; within one band no pair comes twice."""
        codes = better * self._size + worse
        known = _among(codes, self._alike)
        open_ = np.flatnonzero(~known & ~_among(codes, self._unlike))
        similarity = self._test(better[open_], worse[open_])
        self._new.append((codes[open_], similarity))
        known[open_] = similarity >= self._least
        return known

    def settle(self) -> None:
        """Remember what was compared since the last time."""
        if not self._new:
            return
        codes = np.concatenate([pairs for pairs, _ in self._new])
        similarity = np.concatenate([found for _, found in self._new])
        self._new.clear()
        passed = similarity >= self._least
        merged = np.concatenate((self._alike, codes[passed]))
        order = np.argsort(merged)
        self._alike = merged[order]
        self._similarity = np.concatenate((self._similarity, similarity[passed]))[order]
        known = self._unlike if len(self._unlike) < _REMEMBERED else self._unlike[:0]
        self._unlike = np.sort(np.concatenate((known, codes[~passed])))

    def firsts(self) -> tuple[Flags, Places, Shares]:
        """Return who stays, whom each document duplicates, and how similar they are."""
        better, worse = np.divmod(self._alike, self._size)
        stays = firsts(self._size, better, worse)
        of = np.arange(self._size)
        similarity = np.ones(self._size)
        good = np.flatnonzero(stays[better] & ~stays[worse])[::-1]  # the best one comes last
        of[worse[good]] = better[good]
        similarity[worse[good]] = self._similarity[good]
        return stays, of, similarity


def _among(codes: Places, known: Places) -> Flags:
    """Return which `codes` are in `known`, which is sorted."""
    if not len(known):
        return np.zeros(len(codes), dtype=np.bool_)
    at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.asarray(known[at] == codes)


def firsts(size: int, better: Places, worse: Places) -> Flags:
    """Return which of `size` documents stay: those without a better neighbor that stays.

    >>> firsts(4, np.array([0, 1, 2]), np.array([1, 2, 3])).tolist()
    [True, False, True, False]
    """
    stays = np.ones(size, dtype=np.bool_)
    while len(better):
        waits = np.zeros(size, dtype=np.bool_)  # has a better neighbor that is not decided
        waits[worse] = True
        stays[worse[~waits[better]]] = False
        left = waits[better] & stays[better] & stays[worse]
        better, worse = better[left], worse[left]
    return stays
