"""Arrays on disk that grow at their end, and a way to sort what does not fit into memory.

Plain little-endian binary files without headers, in a folder of the run: they are scratch space,
deleted with it, and nothing else reads them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.errors import OutputError, because

__all__ = ["ROWS", "Column", "flags", "forget", "parted"]

ROWS = 1 << 25
"""Rows sorted at once: about 1 GB at work; up to 33 million documents need no second file."""
_BUFFER = 1 << 17
_HALF = np.uint64(32)

Array = npt.NDArray[Any]


class Column:
    """An array of one type on disk: append to it, then read it as one array.

    Its file is open only while it is written to, so there may be more columns than a process may
    have open files (1,024 on most systems, 256 on some).

    Args:
        path: the file to write.
        dtype: type of the values.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     column = Column(Path(folder, "sizes"), np.uint32)
    ...     column.append(np.array([3, 1]))
    ...     column.append(np.array([2]))
    ...     column.array().tolist()
    [3, 1, 2]
    """

    def __init__(self, path: Path, dtype: npt.DTypeLike) -> None:
        self._path, self._dtype = path, np.dtype(dtype)
        self._size = 0
        self._held: list[bytes] = []
        self._weight = 0  # bytes held
        self._write("wb")

    def __len__(self) -> int:
        return self._size

    def append(self, values: Array) -> None:
        """Write `values` at the end.

        Raises:
            OutputError: it cannot be written (the disk is full).
        """
        self._held.append(values.astype(self._dtype, copy=False).tobytes())
        self._weight += len(self._held[-1])
        self._size += len(values)
        if self._weight >= _BUFFER:
            self._write("ab")

    def finish(self) -> Path:
        """Return the file, written to its end.

        Raises:
            OutputError: it cannot be written (the disk is full).
        """
        if self._held:
            self._write("ab")
        return self._path

    def _write(self, mode: str) -> None:
        try:
            with open(self._path, mode) as file:
                file.write(b"".join(self._held))
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {because(error)}") from error
        self._held.clear()
        self._weight = 0

    def array(self) -> Array:
        """Return what was written, mapped into memory, to read only.

        The map has an open file of its own as long as somebody holds the array.
        """
        self.finish()
        if not self._size:
            return np.zeros(0, self._dtype)
        return np.memmap(self._path, self._dtype, "r", shape=(self._size,))

    def delete(self) -> None:
        """Remove the file; what is mapped stays readable."""
        self._held.clear()
        self._path.unlink(missing_ok=True)


def flags(path: Path, size: int) -> npt.NDArray[np.bool_]:
    """Return `size` flags in a file, mapped into memory, all False, to be changed.

    The file is written whole first: where a mapped file has holes and the disk is full, the system
    kills whoever writes there.

    Raises:
        OutputError: it cannot be written (the disk is full).
    """
    column = Column(path, np.bool_)
    for begin in range(0, size, _BUFFER):
        column.append(np.zeros(min(_BUFFER, size - begin), np.bool_))
    column.finish()
    if not size:
        return np.zeros(0, np.bool_)
    return np.memmap(path, np.bool_, "r+", shape=(size,))


def forget(array: Array) -> None:
    """Let go of the memory that the pages of a mapped `array` take; they are read again if needed.

    The system would do so itself when memory is short, but until then they count as this process's.
    """
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        mapped.madvise(mmap.MADV_DONTNEED)


def parted(keys: Array, folder: Path, rows: int | None = None) -> Iterator[tuple[Array, Array]]:
    """Yield the 64-bit `keys` with their places, in parts that fit into memory.

    Equal keys are in one part; a part has about `rows` of them (`ROWS` unless given) where keys are
    hashes. More rows than that are first thrown into one file a part, in `folder`.

    >>> [(part.tolist(), places.tolist()) for part, places in parted(np.array([7, 9]), Path())]
    [([7, 9], [0, 1])]
    """
    most = ROWS if rows is None else rows
    parts = -(-len(keys) // most)
    if parts <= 1:
        yield np.asarray(keys), np.arange(len(keys))
        return
    thrown = [
        (Column(folder / f"part-{n}.keys", np.uint64), Column(folder / f"part-{n}.rows", np.int64))
        for n in range(parts)
    ]
    for begin in range(0, len(keys), most):
        some = np.asarray(keys[begin : begin + most])
        part = (some >> _HALF) * np.uint64(parts) >> _HALF
        order = np.argsort(part, kind="stable")
        edges = np.searchsorted(part[order], np.arange(parts + 1, dtype=np.uint64))
        for n, (held, places) in enumerate(thrown):
            here = order[edges[n] : edges[n + 1]]
            held.append(some[here])
            places.append(here + begin)
    for columns in thrown:
        some, here = (np.array(column.array()) for column in columns)
        for column in columns:
            column.delete()
        yield some, here
