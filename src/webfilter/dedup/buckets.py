"""Which documents share a key, band by band, on disk: memory for one band at a time.

A bucket is a set of documents with the same key in the same band. `Buckets` are made from the
sketches of all documents as they come: keys go to one file a band, then each band is sorted and its
buckets of two or more documents are written. Names are the 64-bit hashes of ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.dedup.columns import Column, forget, parted
from webfilter.dedup.sketch import Keys, compared

__all__ = ["Buckets"]

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.int32]


class Buckets:
    """The buckets of all documents.

    Args:
        stage: called so in errors.
        sketches: the keys of batches of documents; all of one scheme.
        folder: an existing folder for the files.

    Attributes:
        candidates: names of the documents that share a key with another, ascending.

    Raises:
        ConfigError: sketches of different schemes.
    """

    def __init__(self, stage: str, sketches: Iterable[Keys], folder: Path) -> None:
        names, bands = _written(stage, sketches, folder)
        shares = np.zeros(len(names), dtype=np.bool_)
        self._bands: list[tuple[Column, Column]] = []
        for number, words in enumerate(bands):
            rows = Column(folder / f"bucket-{number}.rows", np.int64)
            sizes = Column(folder / f"bucket-{number}.sizes", np.int64)
            for found, counts in _shared([word.array() for word in words], folder):
                shares[found] = True
                rows.append(found)
                sizes.append(counts)
            for word in words:
                word.delete()
            rows.finish()
            sizes.finish()
            self._bands.append((rows, sizes))
        self._rows = np.flatnonzero(shares)
        self._names = np.array(names[self._rows])
        forget(names)
        self._placed: list[tuple[Column, Column]] = []
        self._folder = folder
        self.candidates: Hashes = np.unique(self._names)

    def __len__(self) -> int:
        """Return the number of bands."""
        return len(self._bands)

    def among(self, names: Hashes) -> npt.NDArray[np.bool_]:
        """Return which of `names` are candidates."""
        if not len(self.candidates):
            return np.zeros(len(names), dtype=np.bool_)
        at = np.searchsorted(self.candidates, names)
        return np.asarray(self.candidates[np.minimum(at, len(self.candidates) - 1)] == names)

    def place(self, names: Hashes) -> None:
        """Say who is who from here on: the document called ``names[i]`` is i; others are nobody."""
        order = np.argsort(names)
        ordered = names[order]
        places = np.full(len(self._names), -1, dtype=np.intp)
        if len(names):
            at = np.minimum(np.searchsorted(ordered, self._names), len(names) - 1)
            places = np.where(ordered[at] == self._names, order[at], -1)
        self._placed = [self._settled(n, places, len(names)) for n in range(len(self._bands))]

    def _settled(self, number: int, places: Places, size: int) -> tuple[Column, Column]:
        rows, sizes = (column.array() for column in self._bands[number])
        bucket = np.repeat(np.arange(len(sizes)), sizes)
        documents = places[np.searchsorted(self._rows, rows)]
        known = documents >= 0
        both = np.sort(bucket[known] * max(size, 1) + documents[known])
        both = both[np.diff(both, prepend=-1) > 0]  # np.unique hashes first: several times slower
        columns = []
        for kind, values in zip(("bucket", "document"), np.divmod(both, max(size, 1)), strict=True):
            column = Column(self._folder / f"placed-{number}.{kind}", np.int32)
            column.append(values)
            column.finish()
            columns.append(column)
        return columns[1], columns[0]

    def band(self, number: int) -> tuple[Numbers, Numbers]:
        """Return the documents of a band's buckets, and the number of its bucket for each.

        Documents are those that `place` knows; buckets ascend, documents ascend in each, each once.
        """
        documents, bucket = self._placed[number]
        return documents.array(), bucket.array()


def _written(
    stage: str, sketches: Iterable[Keys], folder: Path
) -> tuple[Hashes, list[list[Column]]]:
    """Write the keys to one file a band and word; return the names and the files."""
    names = Column(folder / "names", np.uint64)
    bands: list[list[Column]] = []
    scheme = None
    for sketch in sketches:
        if scheme is None:
            scheme = sketch.scheme
            _, count, width = sketch.keys.shape
            bands = [
                [Column(folder / f"band-{n}-{word}.keys", np.uint64) for word in range(width)]
                for n in range(count)
            ]
        compared(stage, scheme, sketch.scheme)
        if not len(sketch):
            continue
        names.append(sketch.names)
        for number, words in enumerate(bands):
            for word, column in enumerate(words):
                column.append(sketch.keys[:, number, word])
    return names.array(), bands


def _shared(
    words: list[Hashes], folder: Path
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield the rows that share a key of one band, bucket after bucket, and sizes of buckets."""
    for part, rows in parted(words[0], folder):
        keys = [part, *(word[rows] for word in words[1:])]
        order = np.argsort(part) if len(keys) == 1 else np.lexsort(keys[::-1])
        keys = [key[order] for key in keys]
        again = np.zeros(len(part), dtype=np.bool_)  # whether it has the key of the one before
        if len(part):
            again[1:] = np.logical_and.reduce([key[1:] == key[:-1] for key in keys])
            again[1:] &= np.logical_or.reduce([key[1:] != 0 for key in keys])
        inside = again.copy()
        inside[:-1] |= again[1:]
        begins = np.flatnonzero(~again[inside])
        found = rows[order[inside]]
        yield found, np.diff(begins, append=len(found))
