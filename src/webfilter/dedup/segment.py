"""Records with their keys, sorted, in files that never change: what a `Store` puts on disk.

A segment holds a run of records in order of arrival. Four arrays, each a file of raw little-endian
values: the keys, ascending; beside each key the record that has it; the index of the records; and
one blob with their payloads and ids. They are mapped, not read: the system keeps in memory what is
looked at, and can take it back. A `Sieve` in memory spares most searches.

Two segments merge into one in a fixed amount of memory, whatever their size.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from webfilter.dedup.files import file_checksum, replacing, write_arrays
from webfilter.dedup.sieve import Sieve

__all__ = ["REACH", "Record", "Segment", "latest"]

Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]

REACH = 64
"""Of the records that share a key, the latest so many are found; earlier ones are forgotten."""

_AT_ONCE = 1 << 16  # keys merged at once: about 4 MB
_COPIED = 1 << 16  # values copied at once: at most 2 MB

PARTS = {"keys": "<u8", "rows": "<u4", "index": "<u8", "blob": "<u1"}
"""The arrays of a segment: name, type."""


class Record(NamedTuple):
    """What is remembered of one document."""

    arrival: int
    """Documents that came before it."""
    id: str
    payload: bytes


@dataclass(frozen=True, eq=False)
class Segment:
    """Records `first`, `first` + 1, ... and their keys."""

    first: int
    keys: Keys
    """Ascending; a key that several records share comes several times, at most `REACH`."""
    rows: npt.NDArray[np.uint32]
    """The record of each key, counted from `first`; ascending where keys are equal."""
    index: npt.NDArray[np.uint64]
    """Shape (records, 3): arrival, end of its payload in the blob, end of its id."""
    blob: npt.NDArray[np.uint8]
    sieve: Sieve
    maps: tuple[mmap.mmap, ...] = ()
    """The mapped files, where the arrays lie in files."""
    home: tuple[Path, Mapping[str, Any]] | None = None
    """The folder where it was saved and what the manifest there says of it."""

    def __len__(self) -> int:
        return len(self.index)

    @property
    def last(self) -> int:
        """Number of the last record."""
        return self.first + len(self) - 1

    @classmethod
    def of(
        cls, first: int, keys: Keys, rows: Places, records: Iterable[Record], sieve: int
    ) -> Segment:
        """Return, in memory, the segment of `records`; record ``rows[i]`` has ``keys[i]``.

        `sieve` is the bytes that its sieve may take.
        """
        order = np.lexsort((rows, keys))
        blob, index = bytearray(), []
        for record in records:
            blob += record.payload
            middle = len(blob)
            blob += record.id.encode("utf-8", "surrogatepass")
            index.append((record.arrival, middle, len(blob)))
        made = Sieve(len(keys), sieve)
        made.add(keys)
        return cls(
            first,
            keys[order],
            rows[order].astype(np.uint32),
            np.array(index, dtype=np.uint64).reshape(-1, 3),
            np.frombuffer(blob, dtype=np.uint8),
            made,
        )

    def find(self, keys: Keys, most: Places) -> tuple[Places, Places]:
        """Return which records have which of the ascending `keys`: places in `keys`, numbers.

        Of key i at most ``most[i]``, the latest.
        """
        begin = np.searchsorted(self.keys, keys)
        there = np.flatnonzero(begin < len(self.keys))
        there = there[self.keys[begin[there]] == keys[there]]
        end = np.searchsorted(self.keys, keys[there], side="right")
        counts = np.minimum(end - begin[there], most[there])
        places = np.repeat(there, counts)
        at = np.repeat(end - np.cumsum(counts), counts) + np.arange(len(places))
        return places, self.rows[at].astype(np.intp) + self.first

    def record(self, number: int) -> Record:
        """Return the record of that number."""
        row = number - self.first
        begin = int(self.index[row - 1, 2]) if row else 0
        arrival, middle, end = (int(value) for value in self.index[row])
        name = self.blob[middle:end].tobytes().decode("utf-8", "surrogatepass")
        return Record(arrival, name, self.blob[begin:middle].tobytes())

    def from_arrival(self, arrival: int) -> int:
        """Return the number of the first record that arrived then or later."""
        return self.first + int(np.searchsorted(self.index[:, 0], np.uint64(max(arrival, 0))))

    def let_go(self) -> None:
        """Let the system take back the memory of what was looked at."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self.maps:
                mapped.madvise(mmap.MADV_DONTNEED)

    def _pieces(self, part: str, begin: int = 0) -> Iterator[npt.NDArray[Any]]:
        """Yield an array a few megabytes at a time, and keep no more of it in memory."""
        array = getattr(self, part)
        for at in range(begin, len(array), _COPIED):
            yield array[at : at + _COPIED]
            self.let_go()

    def moved(self, folder: Path) -> Segment:
        """Return the segment as files of `folder`, a passing one, and no more in memory."""
        with _Writer(folder) as writer:
            for part in PARTS:
                for piece in self._pieces(part):
                    writer.add(part, piece)
        return writer.segment(self.first, self.sieve)

    def merged(self, later: Segment, oldest: int, folder: Path, sieve: int) -> Segment:
        """Return this and the one that follows as one, without records before `oldest`.

        Its files are in `folder`, its sieve takes up to `sieve` bytes.
        """
        skip = min(max(oldest - self.first, 0), len(self))
        first = self.first + skip
        pieces = -(-(len(self.keys) + len(later.keys)) // _AT_ONCE)
        here, there = slice(0, 0), slice(0, 0)
        gone = int(self.index[skip - 1, 2]) if skip else 0
        made = Sieve(len(self.keys) + len(later.keys), sieve)
        with _Writer(folder) as writer:
            for n in range(1, pieces + 1):
                # keys are hashes, so equal ranges hold about equal numbers of them
                bound = np.uint64(2**64 // pieces * n) if n < pieces else None
                here = slice(here.stop, _below(self.keys, bound))
                there = slice(there.stop, _below(later.keys, bound))
                alive = self.rows[here] >= skip
                keys = np.concatenate((self.keys[here][alive], later.keys[there]))
                rows = np.concatenate(
                    (
                        self.rows[here][alive] - np.uint32(skip),
                        later.rows[there] + np.uint32(later.first - first),
                    )
                )
                order = np.argsort(keys, kind="stable")
                keys, rows = latest(keys[order], rows[order])
                made.add(keys)
                writer.add("keys", keys)
                writer.add("rows", rows)
                self.let_go()
                later.let_go()
            ends = len(self.blob) - gone
            for one, begin, shift in ((self, skip, -gone), (later, 0, ends)):
                for piece in one._pieces("index", begin):
                    index = piece.astype(np.int64)
                    index[:, 1:] += shift
                    writer.add("index", index.astype(np.uint64))
            for one, begin in ((self, gone), (later, 0)):
                for piece in one._pieces("blob", begin):
                    writer.add("blob", piece)
        return writer.segment(first, made)

    def saved(self, folder: Path) -> Segment:
        """Return the segment as files of `folder` that stay; it may be there already.

        Raises:
            OutputError: they cannot be written.
        """
        if self.home is not None and self.home[0] == folder:
            names = (folder / f"{self.home[1]['name']}.{part}" for part in PARTS)
            if all(name.exists() for name in names):
                return self
        name = secrets.token_hex(8)
        sums = {}
        for part, kind in PARTS.items():
            with replacing(folder / f"{name}.{part}") as file:
                pieces = (np.asarray(piece, dtype=kind) for piece in self._pieces(part))
                sums[part] = write_arrays(file, pieces)
        entry = {"name": name, "first": self.first, "records": len(self), "checksums": sums}
        arrays = {part: _mapped(folder / f"{name}.{part}") for part in PARTS}
        return _segment(self.first, arrays, self.sieve, (folder, entry))

    @classmethod
    def opened(cls, folder: Path, entry: Mapping[str, Any], sieve: int) -> Segment:
        """Return the segment that a manifest's `entry` describes, mapped."""
        arrays = {part: _mapped(folder / f"{entry['name']}.{part}") for part in PARTS}
        made = Sieve(len(arrays["keys"]) // 8, sieve)
        read = _segment(entry["first"], arrays, made, (folder, entry))
        for keys in read._pieces("keys"):
            made.add(keys)
        return read

    @staticmethod
    def damage(folder: Path, entry: Mapping[str, Any]) -> str | None:
        """Return the name of a file that is not as it was written, or None; reads all of it."""
        for part in PARTS:
            path = folder / f"{entry['name']}.{part}"
            if not path.exists() or file_checksum(path) != entry["checksums"][part]:
                return path.name
        return None


def _below(keys: Keys, bound: np.uint64 | None) -> int:
    """Return how many of the ascending `keys` are below `bound`; None: all."""
    return len(keys) if bound is None else int(np.searchsorted(keys, bound))


def latest(keys: Keys, rows: npt.NDArray[np.uint32]) -> tuple[Keys, npt.NDArray[np.uint32]]:
    """Return sorted `keys` and their `rows` without those that `REACH` later ones follow."""
    if len(keys) <= REACH:
        return keys, rows
    kept = np.ones(len(keys), dtype=np.bool_)
    kept[:-REACH] = keys[:-REACH] != keys[REACH:]
    return keys[kept], rows[kept]


class _Writer:
    """Writes the four files of a segment, piece by piece; they are deleted once they are mapped."""

    def __init__(self, folder: Path) -> None:
        name = secrets.token_hex(8)
        self._paths = {part: folder / f"{name}.{part}" for part in PARTS}

    def __enter__(self) -> _Writer:
        with contextlib.ExitStack() as stack:
            self._files = {p: stack.enter_context(open(q, "wb")) for p, q in self._paths.items()}
            self._close = stack.pop_all().close
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self._close()
        if kind is not None:
            self._delete()

    def add(self, part: str, array: npt.NDArray[Any]) -> None:
        if array.size:  # not by `tofile`, which does not say that a disk is full
            data = np.ascontiguousarray(array, dtype=PARTS[part]).data.cast("B")
            self._files[part].write(data)

    def segment(self, first: int, sieve: Sieve) -> Segment:
        arrays = {part: _mapped(path, once=True) for part, path in self._paths.items()}
        self._delete()  # the maps keep them, and nothing is left behind whatever happens
        return _segment(first, arrays, sieve, None)

    def _delete(self) -> None:
        for path in self._paths.values():
            with contextlib.suppress(OSError):  # Windows deletes what is mapped with the map
                path.unlink(missing_ok=True)


def _mapped(path: Path, *, once: bool = False) -> bytes | mmap.mmap:
    """Return the content of a file; `once`: Windows removes it when the map goes."""
    flags = getattr(os, "O_TEMPORARY", 0) if once else 0
    with open(path, "rb", opener=lambda name, given: os.open(name, given | flags)) as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _segment(
    first: int,
    raw: Mapping[str, bytes | mmap.mmap],
    sieve: Sieve,
    home: tuple[Path, Mapping[str, Any]] | None,
) -> Segment:
    arrays = {part: np.frombuffer(raw[part], dtype=kind) for part, kind in PARTS.items()}
    return Segment(
        first,
        arrays["keys"],
        arrays["rows"],
        arrays["index"].reshape(-1, 3),
        arrays["blob"],
        sieve,
        tuple(one for one in raw.values() if isinstance(one, mmap.mmap)),
        home,
    )
