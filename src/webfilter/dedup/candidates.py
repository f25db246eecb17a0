"""Documents that share a key with another: on disk until it is decided which of them stay."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.dedup.buckets import Buckets
from webfilter.dedup.clusters import Clusters
from webfilter.dedup.columns import Column
from webfilter.dedup.components import components
from webfilter.dedup.sketch import Details
from webfilter.dedup.stars import Test, stars
from webfilter.dedup.verify import Sets, jaccard

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
        self._strings = _Strings(folder)

    def add(self, details: Details) -> None:
        """Take the details of some documents; those that are no candidates are left out."""
        rows = np.flatnonzero(self._buckets.among(details.names))
        if not len(rows):
            return
        some = details if len(rows) == len(details) else details.take(rows)
        self._names.append(some.names)
        self._strings.add(some.order, some.ids)
        if some.sets is not None:
            self._hashes.append(some.sets.hashes)
            self._sizes.append(np.diff(some.sets.offsets))

    def clusters(self, least: float | None, similarity: Test | None = None) -> Clusters:
        """Return the clusters, `least` the similarity of duplicates; None: sharing a key.

        `similarity` takes candidates by number, in the order in which they were added; by default
        it is the Jaccard similarity of their `Details.sets`.
        """
        rows = self._strings.order()  # by preference, ties by id
        names = self._names.array()[rows]
        _, once = np.unique(names, return_index=True)
        once.sort()
        rows, names = rows[once], names[once]
        self._buckets.place(names)
        if least is None:
            of = _components(self._buckets, len(rows))
        else:
            offsets = np.concatenate(([0], np.cumsum(self._sizes.array())))
            similar = similarity or partial(jaccard, Sets(self._hashes.array(), offsets))

            def test(left: Places, right: Places) -> npt.NDArray[np.float64]:
                return similar(rows[left], rows[right])

            of, _ = stars(self._buckets, len(rows), test, least)
        return self._packed(rows, of)

    def _packed(self, rows: Places, of: Places) -> Clusters:
        """Return the clusters of the documents that have the same `of`, by their survivors' ids."""
        sizes = np.bincount(of, minlength=len(of))
        members = np.flatnonzero(sizes[of] > 1)
        members = members[np.argsort(of[members], kind="stable")]
        heads, sizes = np.flatnonzero(sizes > 1), sizes[sizes > 1]
        ids = self._strings.ids(rows[members])
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
        labels = components(labels, documents[same], documents[same + 1])
    return labels


class _Strings:
    """For each document the bytes of its preference and then of its id, on disk."""

    def __init__(self, folder: Path) -> None:
        self._bytes = Column(folder / "candidates.bytes", np.uint8)
        self._lengths = Column(folder / "candidates.lengths", np.int64)
        self._heads = Column(folder / "candidates.heads", np.int64)

    def add(self, order: Sequence[bytes], ids: Sequence[bytes]) -> None:
        parts = [part for pair in zip(order, ids, strict=True) for part in pair]
        self._bytes.append(np.frombuffer(b"".join(parts), dtype=np.uint8))
        heads = np.array([len(part) for part in order], dtype=np.int64)
        self._heads.append(heads)
        self._lengths.append(heads + [len(part) for part in ids])

    def order(self) -> Places:
        """Return the rows, the preferred one first."""
        import pyarrow as pa
        import pyarrow.compute as pc

        self._offsets = np.concatenate(([0], np.cumsum(self._lengths.array())))
        buffers = [None, pa.py_buffer(self._offsets), pa.py_buffer(self._bytes.array())]
        rows = len(self._offsets) - 1
        strings = pa.LargeBinaryArray.from_buffers(pa.large_binary(), rows, buffers)
        return np.asarray(pc.array_sort_indices(strings)).astype(np.intp)

    def ids(self, rows: Places) -> list[bytes]:
        """Return the ids of `rows`."""
        raw = self._bytes.array()
        begins = (self._offsets[rows] + self._heads.array()[rows]).tolist()
        ends = self._offsets[rows + 1].tolist()
        return [raw[begin:end].tobytes() for begin, end in zip(begins, ends, strict=True)]
