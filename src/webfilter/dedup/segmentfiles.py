"""Write the files of a segment, and check them.

A segment is written under a temporary name and renamed when all of it is on disk, so under its name
it is complete or not there. Memory is bounded by `postings.MOST_ROWS`, not by how long texts are.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.dedup.archive import Entry, Rows
from webfilter.dedup.postings import MOST_ROWS, Places, pack
from webfilter.dedup.ragged import Ragged, offsets_of
from webfilter.errors import OutputError, SourceError, because

__all__ = ["Part", "check", "sync", "write"]

_AT_ONCE = 1 << 22  # values of ragged arrays moved at once
_CHUNK = 1 << 22  # bytes read at once

Array = npt.NDArray[Any]
Part = tuple[Rows, Places]
"""Documents, and which of them are meant."""


def write(folder: Path, name: str, parts: Sequence[Part], bands: int) -> Entry:
    """Write a segment of the rows chosen from all `parts`; no document may come twice.

    Raises:
        OutputError: it cannot be written (the disk is full).
    """
    half = folder / f"{name}.tmp"
    try:
        half.mkdir()
        files = _files(half, parts, bands)
        sync(half)
        os.rename(half, folder / name)
        sync(folder)
    except OSError as error:
        raise OutputError(f"cannot write {half}: {because(error)}") from error
    digest = sum(int(part.digests[rows].sum(dtype=np.uint64)) for part, rows in parts) % 2**64
    return Entry(name, sum(len(rows) for _, rows in parts), digest, files)


def _files(half: Path, parts: Sequence[Part], bands: int) -> dict[str, tuple[int, str]]:
    names = np.concatenate([part.names[rows] for part, rows in parts])
    assert 0 < len(names) <= MOST_ROWS
    order = np.argsort(names)
    size = len(names)
    digests = np.concatenate([part.digests[rows] for part, rows in parts])
    heads: list[Array] = []

    def packed() -> Iterator[Array]:
        for band in range(bands):
            keys = np.concatenate([part.column(band)[rows] for part, rows in parts])
            entries, starts = pack(keys[order])
            heads.append(starts)
            yield entries

    put = _Files(half)
    put("names", "<u8", (size,), iter([names[order]]))
    put("digests", "<u8", (size,), iter([digests[order]]))
    put("bands", "<u8", (bands, size), packed())
    put("heads", "<u4", (bands, len(heads[0])), iter(heads))
    chosen = [rows for _, rows in parts]
    put.ragged("id", "|u1", [part.ids for part, _ in parts], chosen, order)
    grams = [part.grams for part, _ in parts if part.grams is not None]
    if grams:
        put.ragged("gram", "<u4", grams, chosen, order)
    return put.written


class _Files:
    """Writes arrays as `np.load` reads them, and remembers their checksums."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: dict[str, tuple[int, str]] = {}

    def __call__(
        self, name: str, dtype: str, shape: tuple[int, ...], blocks: Iterator[Array]
    ) -> None:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": dtype, "fortran_order": False, "shape": shape}
        )
        digest = blake2b(header.getvalue(), digest_size=16)
        with open(self._folder / f"{name}.npy", "wb") as file:
            file.write(header.getvalue())
            for block in blocks:
                raw = np.ascontiguousarray(block, dtype=dtype).data
                digest.update(raw)
                file.write(raw)
            file.flush()
            os.fsync(file.fileno())
            self.written[f"{name}.npy"] = file.tell(), digest.hexdigest()

    def ragged(
        self, noun: str, dtype: str, held: list[Ragged], chosen: list[Places], order: Places
    ) -> None:
        sizes = np.concatenate([one.sizes(rows) for one, rows in zip(held, chosen, strict=True)])
        offsets = offsets_of(sizes[order])
        self(f"{noun}_offsets", "<i8", (len(offsets),), iter([offsets]))
        values = _gathered(held, chosen, order, offsets)
        self(f"{noun}s", dtype, (int(offsets[-1]),), values)


def _gathered(
    held: list[Ragged], chosen: list[Places], order: Places, offsets: Places
) -> Iterator[Array]:
    """Yield the values of the chosen arrays in `order`, some at a time."""
    owner = np.repeat(np.arange(len(held)), [len(rows) for rows in chosen])[order]
    rows = np.concatenate(chosen)[order]
    begin = 0
    while begin < len(rows):
        beyond = int(np.searchsorted(offsets, offsets[begin] + _AT_ONCE, side="right"))
        end = max(begin + 1, beyond - 1)
        here = owner[begin:end]
        taken = [one.take(rows[begin:end][here == n]) for n, one in enumerate(held)]
        back = np.argsort(np.argsort(here, kind="stable"))
        yield (Ragged.join(taken).take(back) if len(taken) > 1 else taken[0]).values
        begin = end


def check(folder: Path, entry: Entry) -> None:
    """Read the files of a segment whole and compare their checksums.

    Raises:
        SourceError: a file is damaged or cannot be read; names it.
    """
    for name, (size, wanted) in entry.files.items():
        path = folder / entry.name / name
        digest = blake2b(digest_size=16)
        read = 0
        try:
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    read += len(chunk)
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}") from None
        if read != size or digest.hexdigest() != wanted:
            raise SourceError(
                f"{path} is damaged: it is not what was written; restore it, or make the index "
                "again from its documents"
            )


def sync(folder: Path) -> None:
    """Make what was created or renamed in `folder` outlast a power cut, where that is possible."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
