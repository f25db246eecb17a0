"""Which indexed document does each of a batch duplicate: candidates by bands, then verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from webfilter.dedup.archive import Segment
from webfilter.dedup.postings import MOST_ROWS, Hashes, Places
from webfilter.dedup.verify import Sets, verified

__all__ = ["REACH", "Match", "matches"]

REACH = 64
"""Documents of one bucket that stand for all of it: those of the least names."""
_AT_ONCE = 1 << 21  # n-grams compared at once

Shares = npt.NDArray[np.float64]


class Match(NamedTuple):
    """An indexed document that another one duplicates."""

    id: str
    similarity: float | None
    """Jaccard similarity of the n-gram sets, 0 to 1; None where nothing was verified."""


class _Pairs(NamedTuple):
    """Documents of a batch and indexed ones that share a band: rows of three arrays."""

    document: Places
    segment: Places
    row: Places

    def pick(self, rows: npt.NDArray[np.bool_] | Places) -> _Pairs:
        return _Pairs(self.document[rows], self.segment[rows], self.row[rows])


def matches(
    segments: Sequence[Segment],
    keys: Hashes,
    least: float | None,
    sets_of: Callable[[Places], Sets | None],
) -> list[Match | None]:
    """Return the best match of each document: see `MinHashIndex.query`.

    Args:
        segments: of the index.
        keys: of the documents, shape (documents, bands).
        least: similarity of duplicates; None: sharing a band.
        sets_of: returns the n-gram sets of some of the documents: of those that share a band.
    """
    found: list[Match | None] = [None] * len(keys)
    if not len(keys) or not segments:
        return found
    pairs, score = _sharing(segments, keys)
    if least is not None and len(score):
        asked, which = np.unique(pairs.document, return_inverse=True)
        sets = sets_of(asked)
        assert sets is not None
        pairs, score = _verified(segments, pairs, which, sets, least)
    for document, share, name in _best(segments, pairs, score):
        found[document] = Match(name, None if least is None else share)
    return found


def _sharing(segments: Sequence[Segment], keys: Hashes) -> tuple[_Pairs, Shares]:
    """Return the pairs that share a band, and how many bands each shares.

    Of the documents in one bucket the first `REACH` in the order of names, whatever their segments.
    """
    found = [segment.find(keys, REACH) for segment in segments]
    document, band, row = (np.concatenate(parts) for parts in zip(*found, strict=True))
    segment = np.repeat(np.arange(len(segments)), [len(rows) for _, _, rows in found])
    pairs = _Pairs(document, segment, row)
    bucket = document * keys.shape[1] + band
    if len(bucket) and np.bincount(bucket).max() > REACH:
        names = np.concatenate(
            [part.names[rows] for part, (_, _, rows) in zip(segments, found, strict=True)]
        )
        order = np.lexsort((names, bucket))
        ordered = bucket[order]
        rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
        pairs = pairs.pick(order[rank < REACH])
    code = (pairs.document * len(segments) + pairs.segment) * MOST_ROWS + pairs.row
    _, first, shared = np.unique(code, return_index=True, return_counts=True)
    return pairs.pick(first), shared.astype(np.float64)


def _verified(
    segments: Sequence[Segment], pairs: _Pairs, which: Places, sets: Sets, least: float
) -> tuple[_Pairs, Shares]:
    """Return the pairs that are similar enough, and how similar they are.

    Pair i is of the set ``which[i]`` among `sets`.
    """
    score = np.zeros(len(which))
    own = np.diff(sets.offsets)[which]
    for n, segment in enumerate(segments):
        here = np.flatnonzero(pairs.segment == n)
        sizes = segment.sizes(pairs.row[here])
        # the smaller set can be all that they share: most candidates by chance end here
        near = np.minimum(sizes, own[here]) / np.maximum(sizes, own[here]) >= least
        here, sizes = here[near], sizes[near]
        for some in _portions(sizes + own[here]):
            at = here[some]
            asked, left = np.unique(which[at], return_inverse=True)
            rows, right = np.unique(pairs.row[at], return_inverse=True)
            both = Sets.join([sets.take(asked), segment.sets(rows)])
            score[at] = verified(both, left, right + len(asked), least)
    passed = (score >= least) & (score > 0)
    return pairs.pick(passed), score[passed]


def _portions(cost: Places) -> Iterator[slice]:
    """Yield slices whose `cost` adds up to about `_AT_ONCE`."""
    total = np.cumsum(cost)
    begin = 0
    while begin < len(cost):
        spent = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, spent + _AT_ONCE)))
        yield slice(begin, end)
        begin = end


def _best(
    segments: Sequence[Segment], pairs: _Pairs, score: Shares
) -> Iterator[tuple[int, float, str]]:
    """Yield for each document that has a pair: itself, the best score, the least id that has it."""
    best = np.zeros(int(pairs.document.max(initial=-1)) + 1)
    np.maximum.at(best, pairs.document, score)
    pairs = pairs.pick(score == best[pairs.document])
    names: dict[int, str] = {}
    for n, segment in enumerate(segments):
        here = pairs.segment == n
        found = segment.named(pairs.row[here])
        for document, name in zip(pairs.document[here].tolist(), found, strict=True):
            if document not in names or name < names[document]:
                names[document] = name
    for document, name in names.items():
        yield document, float(best[document]), name
