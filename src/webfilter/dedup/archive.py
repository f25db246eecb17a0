"""A segment of an index: some documents in plain NumPy files that never change once written.

Rows are documents in the order of their names (hashes of ids), so that a name is found by halving
and that it does not matter in which order documents came. Files of a segment, each as `np.load`
reads it: ``names``; ``bands`` and ``heads`` (see `postings`); ``ids`` and ``id_offsets``, the ids
in UTF-8 one after the other; ``grams`` and ``gram_offsets``, the n-gram sets, where the index
verifies; ``digests``, 64 bits of all that is known of a document, for the index's fingerprint.

Files are mapped, so they take memory that the system can have back, and nothing is unpickled. How
they are written: `webfilter.dedup.segmentfiles`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.dedup.postings import Hashes, Places, column, find
from webfilter.dedup.ragged import Ragged, offsets_of
from webfilter.dedup.sketch import Keys, Sketch
from webfilter.dedup.verify import Sets
from webfilter.errors import SourceError
from webfilter.text.points import mix

__all__ = ["Entry", "Fresh", "Rows", "Segment"]

_STEP = np.uint64(0x9E3779B97F4A7C15)

Array = npt.NDArray[Any]


class Rows:
    """Documents, as a segment has them or is to have them."""

    def __init__(self, names: Hashes, digests: Hashes, ids: Ragged, grams: Ragged | None) -> None:
        self.names, self.digests, self.ids, self.grams = names, digests, ids, grams

    def __len__(self) -> int:
        return len(self.names)

    def column(self, band: int) -> Hashes:
        """Return the keys of all rows in `band`."""
        raise NotImplementedError


class Fresh(Rows):
    """Documents that have just been sketched, each once: the first of those with one name.

    Args:
        sketches: at least one.
        verifies: whether to take n-grams.
    """

    def __init__(self, sketches: Sequence[Sketch], verifies: bool) -> None:
        names = np.concatenate([sketch.keys.names for sketch in sketches])
        names, rows = np.unique(names, return_index=True)
        raw = [name for sketch in sketches for name in sketch.details.ids]
        sizes = np.array([len(name) for name in raw], dtype=np.intp)
        ids = Ragged(np.frombuffer(b"".join(raw), dtype=np.uint8), offsets_of(sizes))
        held = [_grams(sketch) if verifies else None for sketch in sketches]
        pairs = zip(sketches, held, strict=True)
        digests = np.concatenate([_digests(sketch.keys, grams) for sketch, grams in pairs])
        kept = [grams for grams in held if grams is not None]
        self._keys = np.concatenate([sketch.keys.keys[:, :, 0] for sketch in sketches])[rows]
        grams = Ragged.join(kept).take(rows) if kept else None
        super().__init__(names, digests[rows], ids.take(rows), grams)

    def column(self, band: int) -> Hashes:
        """Return the keys of all rows in `band`."""
        return self._keys[:, band]


def _grams(sketch: Sketch) -> Ragged:
    sets = sketch.details.sets
    assert sets is not None
    return Ragged(sets.hashes, sets.offsets)


def _digests(keys: Keys, grams: Ragged | None) -> Hashes:
    """Return for each document 64 bits that stand for all that an index holds of it."""
    found = mix(keys.names.copy())
    for band in range(keys.keys.shape[1]):
        found ^= keys.keys[:, band, 0]
        mix(found)
    if grams is not None:
        sums = np.cumsum(mix(grams.values + _STEP), dtype=np.uint64)
        found ^= np.diff(np.concatenate((np.zeros(1, np.uint64), sums))[grams.offsets])
        mix(found)
    return found


@dataclass(frozen=True)
class Entry:
    """What the manifest says of a segment."""

    name: str
    rows: int
    digest: int
    """Sum of the digests of its documents, modulo 2**64."""
    files: Mapping[str, tuple[int, str]]
    """Size in bytes and BLAKE2b checksum (16 bytes, as hex digits) of each file."""


class Segment(Rows):
    """A segment on disk, mapped into memory, to read only.

    Args:
        folder: the index.
        entry: what the manifest says of the segment.
        bands: number of bands.
        verifies: whether it has n-grams.

    Raises:
        FileNotFoundError: a file is missing.
        SourceError: a file is not what the manifest says.
    """

    def __init__(self, folder: Path, entry: Entry, bands: int, verifies: bool) -> None:
        self.path, self.entry = folder / entry.name, entry
        rows = entry.rows
        super().__init__(
            self._load("names", np.uint64, (rows,)),
            self._load("digests", np.uint64, (rows,)),
            self._ragged("ids", "id_offsets", np.uint8),
            self._ragged("grams", "gram_offsets", np.uint32) if verifies else None,
        )
        self._bands = self._load("bands", np.uint64, (bands, rows))
        self._heads = self._load("heads", np.uint32, (bands, None))

    def _load(self, name: str, dtype: Any, shape: tuple[int | None, ...]) -> Array:
        path = self.path / f"{name}.npy"
        if path.name not in self.entry.files:
            raise SourceError(f"the manifest of {self.path.parent} does not list {path.name}")
        wanted, _ = self.entry.files[path.name]
        size = path.stat().st_size
        if size != wanted:
            raise SourceError(
                f"{path} is damaged: it has {size:,} bytes, the manifest says {wanted:,}"
            )
        try:
            array = np.lib.format.open_memmap(path, mode="r")  # no pickles, nor talk of them
        except OSError:
            raise
        except Exception as error:  # NumPy hands on what Python's tokenizer says of a header
            raise SourceError(f"{path} is damaged or not ours: {error}") from None
        fits = array.dtype == np.dtype(dtype) and array.ndim == len(shape)
        if not fits or any(n not in (m, None) for m, n in zip(array.shape, shape, strict=True)):
            raise SourceError(f"{path} is not ours: it holds {array.dtype} of shape {array.shape}")
        return np.asarray(array)

    def _ragged(self, values: str, offsets: str, dtype: Any) -> Ragged:
        return Ragged(
            self._load(values, dtype, (None,)),
            self._load(offsets, np.int64, (self.entry.rows + 1,)),
        )

    def column(self, band: int) -> Hashes:
        """Return the keys of all rows in `band`."""
        return column(self._bands[band], self._heads[band])

    def has(self, names: Hashes) -> npt.NDArray[np.bool_]:
        """Return which of `names` are in the segment."""
        at = np.minimum(np.searchsorted(self.names, names), len(self) - 1)
        return np.asarray(self.names[at] == names)

    def find(self, keys: Hashes, most: int) -> tuple[Places, Places, Places]:
        """Return who has the same key: see `postings.find`.

        Raises:
            SourceError: the files are damaged.
        """
        try:
            found = find(self._bands, self._heads, keys, most)
        except IndexError:
            raise self._damaged("heads.npy") from None
        if len(found[2]) and found[2].max() >= len(self):
            raise self._damaged("bands.npy")
        return found

    def named(self, rows: Places) -> list[str]:
        """Return the ids of `rows`.

        Raises:
            SourceError: the files are damaged.
        """
        try:
            taken = self.ids.take(rows)
        except ValueError:
            raise self._damaged("id_offsets.npy") from None
        raw, ends = taken.values.tobytes(), taken.offsets.tolist()
        try:
            return [raw[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(ends)]
        except UnicodeDecodeError:
            raise self._damaged("ids.npy") from None

    def sizes(self, rows: Places) -> Places:
        """Return how many n-grams each of `rows` has.

        Raises:
            SourceError: the files are damaged.
        """
        assert self.grams is not None
        try:
            return self.grams.sizes(rows)
        except ValueError:
            raise self._damaged("gram_offsets.npy") from None

    def sets(self, rows: Places) -> Sets:
        """Return the n-gram sets of `rows`."""
        assert self.grams is not None
        taken = self.grams.take(rows)
        return Sets(taken.values, taken.offsets)

    def _damaged(self, name: str) -> SourceError:
        return SourceError(
            f"{self.path / name} is damaged: restore it, or make the index again from its documents"
        )
