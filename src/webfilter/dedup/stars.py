"""Which of the candidates stays, when pairs are verified: the best first, each with its copies.

Documents are numbered by preference, 0 the best. One is dropped exactly where a better one that
stays is as similar as was asked, so every dropped document has been compared with the one it is
said to duplicate, and chains (a like b, b like c, a unlike c) are cut: a and c stay. That is the
lexicographically first maximal independent set of the graph of verified pairs, with its stars.

Only some pairs are compared. In each bucket the best document is compared with the others; those
like it leave; then the next best one. A bucket of more than `CROWD` documents that hardly shrinks
by that (pages made from one template share keys without being alike) is split: documents have to
share one of the `SPLITS` bands that follow, too, which those that are alike nearly always do. A
document that left early may rise again, because the one it is like was dropped itself: then its
buckets are looked at once more, and so on until nothing changes, or `PASSES` times: then those that
rose last stay. Each time those that stayed come first: else, of a hundred copies of a page that are
like a better one in other buckets, the best copy would take away all others again and again, and
only itself be dropped. What comes out depends on the set of documents only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["CROWD", "Test", "firsts", "stars"]

logger = logging.getLogger("webfilter")

Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Shares = npt.NDArray[np.float64]
Test = Callable[[Places, Places], Shares]
"""Returns the similarity of each pair of documents (left[i], right[i]), 0 to 1."""

CROWD = 64
"""A bucket of more documents is split unless each comparison takes an eighth of it away. After the
split, so many documents are compared with all others, and no more."""
SPLITS = 9
"""Of 28 bands, two that share three have two of them within 9 of each other."""
PASSES = 256
"""Most passes; corpora take 2 to 20, and a later one costs a hundredth of the first."""
_SHRINKS = 8
_TURNS = 3  # documents of a bucket compared one by one, before all the others at once
_PAIRS = 1 << 20  # compared at once
_REMEMBERED = 1 << 24  # pairs found to be unlike; more are forgotten, and compared again


class Bands(Protocol):
    """Where buckets come from: see `webfilter.dedup.buckets.Buckets`."""

    def __len__(self) -> int: ...
    def band(self, number: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]: ...


def stars(bands: Bands, size: int, test: Test, least: float) -> tuple[Places, Shares]:
    """Return whom each document duplicates (itself if it stays), and how similar they are.

    Args:
        bands: the buckets, documents numbered by preference.
        size: number of documents.
        test: tells how similar two documents are.
        least: similarity from which two are duplicates.
    """
    edges = _Edges(size, test, least)
    everyone = np.ones(size, dtype=np.bool_)
    free, risen = everyone.copy(), everyone  # free: not known to be like a better one
    splits = range(1, min(SPLITS, len(bands) - 1) + 1)
    for _ in range(PASSES):
        for leads in (~risen, everyone):
            for number in range(len(bands)) if leads.any() else ():
                crowd = _compare(*bands.band(number), free, risen, leads, edges)
                for step in splits if len(crowd[0]) else ():
                    split = _split(*crowd, *bands.band((number + step) % len(bands)), size)
                    _compare(*split, free, risen, leads, edges, last=True)
        stays, of, similarity = edges.firsts()
        risen = stays & ~free
        free = stays
        if not risen.any():
            break
    else:
        logger.warning(
            f"near-duplicates: after {PASSES} passes {risen.sum():,} documents stay without being "
            "compared with all others that share a band with them"
        )
    return of, similarity


def _compare(
    documents: Places,
    bucket: Places,
    free: Flags,
    risen: Flags,
    leads: Flags,
    edges: _Edges,
    last: bool = False,
) -> tuple[Places, Places]:
    """Compare within buckets; documents like a better one are free no more. Return the crowds.

    First the best ones, one by one, which takes away what is much the same; then all at once. Only
    those with `leads` are compared with worse ones.
    """
    touched = np.zeros(int(bucket.max(initial=-1)) + 1, dtype=np.bool_)
    touched[bucket[risen[documents]]] = True
    chosen = touched[bucket] & free[documents]
    documents, bucket = documents[chosen].astype(np.intp), bucket[chosen].astype(np.intp)
    rest = [(documents[:0], bucket[:0])]
    for turn in count(1):
        documents, bucket = _worth(*_led(documents, bucket, leads), risen)
        if not len(documents):
            break
        begins = np.flatnonzero(np.diff(bucket, prepend=-1))
        sizes = np.diff(begins, append=len(documents))
        pivot = np.repeat(documents[begins], sizes)
        others = np.ones(len(documents), dtype=np.bool_)
        others[begins] = False
        asked = others & (risen[documents] | risen[pivot])
        alike = np.zeros(len(documents), dtype=np.bool_)
        alike[asked] = edges.alike(pivot[asked], documents[asked])
        free[documents[alike]] = False
        others &= ~alike
        taken = np.add.reduceat(alike, begins, dtype=np.intp)
        on = np.where(sizes - taken > CROWD, taken * _SHRINKS >= sizes, turn < _TURNS)
        goes_on = np.repeat(on, sizes)
        rest.append(_where(others & ~goes_on, documents, bucket))
        documents, bucket = _where(others & goes_on, documents, bucket)
    documents, bucket = (np.concatenate(parts) for parts in zip(*rest, strict=True))
    order = np.argsort(bucket, kind="stable")
    documents, bucket = _worth(documents[order], bucket[order], risen)
    crowded = np.zeros(len(documents), dtype=np.bool_)
    if not last and len(documents):
        crowded = np.bincount(bucket)[bucket] > CROWD
    _all_pairs(*_where(~crowded, documents, bucket), free, risen, leads, edges)
    edges.settle()
    return _where(crowded, documents, bucket)


def _all_pairs(
    documents: Places, bucket: Places, free: Flags, risen: Flags, leads: Flags, edges: _Edges
) -> None:
    """Compare the `CROWD` best documents of each bucket with all others in it."""
    begins = np.flatnonzero(np.diff(bucket, prepend=-1))
    sizes = np.diff(begins, append=len(documents))
    places = np.arange(len(documents))
    follow = np.repeat(begins + sizes, sizes) - places - 1
    follow[places - np.repeat(begins, sizes) >= CROWD] = 0
    total = np.cumsum(follow)
    begin = 0
    while begin < len(documents):
        spent = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, spent + _PAIRS)))
        counts = follow[begin:end]
        first = np.repeat(places[begin:end], counts)
        second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
        better, worse = documents[first], documents[second]
        asked = (risen[better] | risen[worse]) & free[better] & free[worse] & leads[better]
        better, worse = better[asked], worse[asked]
        free[worse[edges.alike(better, worse)]] = False
        begin = end


def _led(documents: Places, bucket: Places, leads: Flags) -> tuple[Places, Places]:
    """Leave out what stands in a bucket before the first that leads."""
    leading = leads[documents]
    if leading.all():
        return documents, bucket
    begins = np.flatnonzero(np.diff(bucket, prepend=-1))
    so_far = np.cumsum(leading)
    before: Places = np.repeat((so_far - leading)[begins], np.diff(begins, append=len(documents)))
    return _where(so_far > before, documents, bucket)


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


def _split(
    documents: Places, bucket: Places, others: Places, key: Places, size: int
) -> tuple[Places, Places]:
    """Split buckets by those of another band, whose documents are `others`."""
    also = np.full(size, -1, dtype=np.intp)
    also[others] = key
    further = also[documents]
    there = further >= 0
    documents, bucket, further = documents[there], bucket[there], further[there]
    order = np.lexsort((documents, further, bucket))
    documents, bucket, further = documents[order], bucket[order], further[order]
    begins = (np.diff(bucket, prepend=-1) != 0) | (np.diff(further, prepend=-1) != 0)
    return documents, np.cumsum(begins) - 1


class _Edges:
    """Pairs (better, worse) that were compared, as better * size + worse."""

    def __init__(self, size: int, test: Test, least: float) -> None:
        self._size, self._test, self._least = size, test, least
        self._alike, self._unlike = _Runs(), _Runs()
        self._new: list[tuple[Places, Shares]] = []
        self._found: list[tuple[Places, Shares]] = []

    def alike(self, better: Places, worse: Places) -> Flags:
        """Return which pairs are duplicates; between two calls of `settle` no pair comes twice."""
        codes = better * self._size + worse
        known = self._alike.among(codes)
        open_ = np.flatnonzero(~known & ~self._unlike.among(codes))
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
        self._found.append((codes[passed], similarity[passed]))
        self._alike.add(codes[passed])
        if self._unlike.size > _REMEMBERED:
            self._unlike = _Runs()
        self._unlike.add(codes[~passed])

    def firsts(self) -> tuple[Flags, Places, Shares]:
        """Return who stays, whom each document duplicates, and how similar they are."""
        codes = np.concatenate([np.zeros(0, np.intp), *(pairs for pairs, _ in self._found)])
        found = np.concatenate([np.zeros(0), *(similar for _, similar in self._found)])
        order = np.argsort(codes)[::-1]
        better, worse = np.divmod(codes[order], self._size)
        stays = firsts(self._size, better, worse)
        of = np.arange(self._size)
        similarity = np.ones(self._size)
        good = np.flatnonzero(stays[better] & ~stays[worse])  # the best one comes last
        of[worse[good]] = better[good]
        similarity[worse[good]] = found[order][good]
        return stays, of, similarity


class _Runs:
    """A set of numbers as sorted arrays, each more than twice as long as the next."""

    def __init__(self) -> None:
        self.size = 0
        self._runs: list[Places] = []

    def add(self, codes: Places) -> None:
        """Add numbers that are not in the set."""
        if not len(codes):
            return
        self.size += len(codes)
        codes = np.sort(codes)
        while self._runs and len(self._runs[-1]) <= 2 * len(codes):
            codes = np.concatenate((self._runs.pop(), codes))
            codes.sort(kind="stable")  # merges what is sorted
        self._runs.append(codes)

    def among(self, codes: Places) -> Flags:
        """Return which of `codes` are in the set."""
        found = np.zeros(len(codes), dtype=np.bool_)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, codes), len(run) - 1)
            found |= run[at] == codes
        return found


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
