"""From sketches to clusters: what exact and near-duplicate search share.

A `Sketch` holds, for a batch of documents, ids, keys and what their preference needs. Documents
that share a key are linked, after a test where one is given; linked documents are one cluster; the
preferred one comes first. The result depends on the set of documents only: not on batches, their
order, or the order of documents.

Everything is held in memory: ids as str, the rest as arrays. Keys on disk are another module's
business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from webfilter.dedup.prefer import ranks
from webfilter.dedup.verify import Sets
from webfilter.document import Value

__all__ = ["REACH", "Sketch", "Test", "clusters", "components", "linked"]

Places = npt.NDArray[np.intp]
Keys = npt.NDArray[np.uint64]
Test = Callable[[Places, Places], npt.NDArray[np.bool_]]
"""Says of each pair of rows (left[i], right[i]) whether to link it."""

REACH = 64
"""With a test, each document of a bucket is tried against this many that follow it by id."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """What a batch of documents leaves behind for deduplication; rows are documents."""

    ids: list[str]
    """Ids of the documents that have a key."""
    keys: Keys
    """Shape (len(ids), bands, width): `width` words of 64 bits a key. A key of zeros is none."""
    order: tuple[list[Value], ...]
    """For each key of the preference, the documents' values."""
    sets: Sets | None = None
    """Their hashed n-grams, where candidates are to be verified."""

    def __len__(self) -> int:
        return len(self.ids)


def clusters(
    sketches: Iterable[Sketch],
    prefer: Sequence[str],
    test: Callable[[Sets], Test] | None = None,
) -> tuple[tuple[str, ...], ...]:
    """Return the clusters of two or more documents: ids, best first by `prefer`, ties by id.

    Args:
        sketches: in any order and number; a document that is in two of them counts once.
        prefer: the keys that `Sketch.order` follows; ``-`` in front means largest first.
        test: makes, from the documents' sets, the test that a pair must pass to be linked;
            None: sharing a key is enough.
    """
    parts = [part for part in sketches if len(part)]
    if not parts:
        return ()
    ids = [name for part in parts for name in part.ids]
    keys = np.concatenate([part.keys for part in parts])
    rows = _sharing(keys, ids)  # by id from here on, which makes all that follows canonical
    names = [ids[row] for row in rows]
    checked = None
    if test is not None:
        sets = Sets.join([part.sets for part in parts if part.sets is not None])
        checked = test(sets.take(rows))
    labels = linked(keys[rows], checked)
    columns = []
    for place, key in enumerate(prefer):
        column = [value for part in parts for value in part.order[place]]
        columns.append(ranks([column[row] for row in rows], key.startswith("-")))
    ordered = np.lexsort((np.arange(len(rows)), *reversed(columns), labels))
    edges = np.flatnonzero(np.diff(labels[ordered])) + 1
    found = [
        tuple(names[row] for row in group.tolist())
        for group in np.split(ordered, edges)
        if len(group) > 1
    ]
    return tuple(sorted(found))


def linked(keys: Keys, test: Test | None = None) -> Places:
    """Return a label for each row of `keys`; rows linked by shared keys have the same.

    With `test`, only pairs that pass are linked. A bucket of m rows has m * m / 2 pairs, so pairs
    of rows that are connected already are not tried (that changes nothing), nor those more than
    `REACH` rows apart in their bucket (that may miss some in very large buckets of unlike texts).
    """
    size = len(keys)
    labels = np.arange(size)
    refused = np.zeros(0, dtype=np.intp)
    for band in range(keys.shape[1]):
        rows, ends = _buckets(keys[:, band])
        reach = 1
        if test is not None:
            rows, ends = _unconnected(rows, ends, labels)
            reach = REACH
        for step in range(1, reach + 1):
            at = np.flatnonzero(np.arange(len(rows)) + step < ends)
            if not len(at):
                break
            left, right = rows[at], rows[at + step]
            if test is not None:
                fresh = labels[left] != labels[right]
                codes = np.unique(left[fresh] * size + right[fresh])
                codes = codes[~np.isin(codes, refused)]
                left, right = np.divmod(codes, size)
                passed = test(left, right)
                refused = np.concatenate((refused, codes[~passed]))
                left, right = left[passed], right[passed]
            labels = components(labels, left, right)
    return labels


def components(labels: Places, left: Places, right: Places) -> Places:
    """Return `labels` after linking the rows left[i] and right[i], for all i.

    A label is the least row of its component. By hooking larger labels to smaller ones and jumping
    pointers, all rows at once; no Python loop over rows.

    >>> components(np.arange(6), np.array([1, 4, 2]), np.array([2, 5, 5])).tolist()
    [0, 1, 1, 3, 1, 1]
    """
    labels = labels.copy()
    while True:
        one, other = labels[left], labels[right]
        apart = one != other
        if not apart.any():
            return labels
        left, right = left[apart], right[apart]
        one, other = one[apart], other[apart]
        np.minimum.at(labels, np.maximum(one, other), np.minimum(one, other))
        while True:
            jumped = labels[labels]
            if np.array_equal(jumped, labels):
                break
            labels = jumped


def _sharing(keys: Keys, ids: Sequence[str]) -> Places:
    """Return the rows that share a key with another row, by id, each id once."""
    shares = np.zeros(len(keys), dtype=np.bool_)
    for band in range(keys.shape[1]):
        rows, _ = _buckets(keys[:, band])
        shares[rows] = True
    by_id = sorted(np.flatnonzero(shares).tolist(), key=ids.__getitem__)
    before = [None, *(ids[row] for row in by_id)]
    once = [row for row, last in zip(by_id, before, strict=False) if ids[row] != last]
    return np.array(once, dtype=np.intp)


def _buckets(keys: Keys) -> tuple[Places, Places]:
    """Return the rows that share a key, bucket after bucket, rows ascending, and bucket ends.

    `ends` has, for each place in `rows`, the place where its bucket ends.
    """
    size, width = keys.shape
    if not size:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    order = np.argsort(keys[:, 0]) if width == 1 else np.lexsort(keys.T)
    found = keys[order]
    same = (found[1:] == found[:-1]).all(axis=1) & found[1:].any(axis=1)
    inside = np.concatenate((same, [False])) | np.concatenate(([False], same))
    begins = ~np.concatenate(([False], same))[inside]
    rows = order[inside]
    bucket = np.cumsum(begins)
    ends = np.concatenate((np.flatnonzero(begins)[1:], [len(rows)]))
    return rows[np.lexsort((rows, bucket))], ends[bucket - 1]


def _unconnected(rows: Places, ends: Places, labels: Places) -> tuple[Places, Places]:
    """Return `rows` and `ends` without the buckets whose rows all have the same label."""
    if not len(rows):
        return rows, ends
    begins = np.concatenate(([0], np.unique(ends)[:-1]))
    found = labels[rows]
    apart = np.minimum.reduceat(found, begins) != np.maximum.reduceat(found, begins)
    sizes = np.diff(np.append(begins, len(rows)))
    kept = np.repeat(apart, sizes)
    return rows[kept], np.repeat(np.cumsum(sizes[apart]), sizes[apart])
