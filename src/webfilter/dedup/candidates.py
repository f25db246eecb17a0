"""Documents that share a key with another: on disk until it is decided which of them stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.dedup.buckets import Buckets
from webfilter.dedup.clusters import Clusters
from webfilter.dedup.columns import Column
from webfilter.dedup.components import components
from webfilter.dedup.ranks import Ranking
from webfilter.dedup.sketch import Details
from webfilter.dedup.stars import Test, stars
from webfilter.dedup.verify import StoredSets, verified

__all__ = ["Candidates"]

Places = npt.NDArray[np.intp]


class Candidates:
    """Collects the details of candidates, then says which are duplicates of which.

    Args:
        buckets: who shares a key with whom.
        folder: an existing folder for the files.
    """

    def __init__(self, buckets: Buckets, folder: Path) -> None:
        self._buckets = buckets
        self._names = Column(folder / "candidates.names", np.uint64)
        self._hashes = Column(folder / "candidates.hashes", np.uint32)
        self._sizes = Column(folder / "candidates.sizes", np.int64)
        self._heads = Column(folder / "candidates.heads", np.int32)
        self._ranking = Ranking(folder, "candidates")

    def add(self, details: Details) -> None:
        """Take the details of some documents; those that are no candidates are left out."""
        rows = np.flatnonzero(self._buckets.among(details.names))
        if not len(rows):
            return
        some = details if len(rows) == len(details) else details.take(rows)
        self._names.append(some.names)
        self._heads.append(np.array([len(place) for place in some.order], dtype=np.int32))
        self._ranking.add([place + name for place, name in zip(some.order, some.ids, strict=True)])
        if some.sets is not None:
            self._hashes.append(some.sets.hashes)
            self._sizes.append(np.diff(some.sets.offsets))

    def clusters(self, least: float | None, similarity: Test | None = None) -> Clusters:
        """Return the clusters, `least` the similarity of duplicates; None: sharing a key.

        `similarity` takes candidates by number, in the order in which they were added; by default
        it is the Jaccard similarity of their `Details.sets`.
        """
        rows = self._ranking.order()  # by preference, ties by id
        names = self._names.array()[rows]
        _, once = np.unique(names, return_index=True)
        once.sort()
        rows, names = rows[once], names[once]
        self._buckets.place(names)
        if least is None:
            of = _components(self._buckets, len(rows))
        else:
            similar = similarity or self._jaccard(least)

            def test(left: Places, right: Places) -> npt.NDArray[np.float64]:
                return similar(rows[left], rows[right])

            of, _ = stars(self._buckets, len(rows), test, least)
        return self._packed(rows, of)

    def _jaccard(self, least: float) -> Test:
        """Return what compares candidates, by number, by their `Details.sets`."""
        offsets = np.concatenate(([0], np.cumsum(self._sizes.array())))
        sets = StoredSets(self._hashes.finish(), offsets)
        return lambda left, right: verified(sets, left, right, least)

    def _packed(self, rows: Places, of: Places) -> Clusters:
        """Return the clusters of the documents that have the same `of`, by their survivors' ids."""
        sizes = np.bincount(of, minlength=len(of))
        members = np.flatnonzero(sizes[of] > 1)
        members = members[np.argsort(of[members], kind="stable")]
        heads, sizes = np.flatnonzero(sizes > 1), sizes[sizes > 1]
        heads_of = self._heads.array()[rows[members]].tolist()
        named = zip(self._ranking.take(rows[members]), heads_of, strict=True)
        ids = [row[head:] for row, head in named]
        starts = np.concatenate(([0], np.cumsum(sizes)))
        order = sorted(range(len(heads)), key=lambda n: ids[starts[n]])
        return Clusters.packed(
            [name for n in order for name in ids[starts[n] : starts[n + 1]]], sizes[order]
        )


def _components(buckets: Buckets, size: int) -> Places:
    """Return the least document that each is linked with, through shared keys, transitively."""
    labels = np.arange(size)
    for number in range(len(buckets)):
        documents, bucket = buckets.band(number)
        same = np.flatnonzero(bucket[1:] == bucket[:-1])
        left, right = documents[same].astype(np.intp), documents[same + 1].astype(np.intp)
        labels = components(labels, left, right)
    return labels
