"""The order of documents by preference, for more of them than fit into memory.

Each document becomes bytes that sort as it is preferred (`places`). `Ranking` sorts those on disk
and says who comes first, second and so on.
"""

from __future__ import annotations

import heapq
import math
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.dedup.prefer import values
from webfilter.document import Document, Value

__all__ = ["HELD", "Ranking", "places"]

HELD = 1 << 19
"""Documents sorted at once: about 100 MB of keys."""
_ROW = struct.Struct("<QI")
_AT_ONCE = 1 << 16
_TURNED = bytes(range(255, -1, -1))

Array = npt.NDArray[Any]


def places(batch: Sequence[Document], prefer: Sequence[str]) -> list[bytes]:
    """Return bytes for each document that sort as `prefer` does, ties by id: the best is least.

    Numbers come first, then strings, then what is undefined, whichever the direction.

    Args:
        batch: the documents.
        prefer: keys as `webfilter.dedup.prefer.keys` returns them.

    >>> docs = [Document("a", "short"), Document("b", "longer"), Document("c", "longer")]
    >>> sorted(places(docs, ("-length",))) == [places(docs, ("-length",))[n] for n in (1, 2, 0)]
    True
    """
    columns = [
        [_sortable(value, key.startswith("-")) for value in values(batch, key)] for key in prefer
    ]
    names = [doc.id.encode("utf-8", "surrogatepass") for doc in batch]
    return [b"".join(parts) for parts in zip(*columns, names, strict=True)]


def _sortable(value: Value, descending: bool) -> bytes:
    if value is None:
        return b"\x02"
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass").replace(b"\0", b"\0\xff") + b"\0\0"
        return b"\x01" + (raw.translate(_TURNED) if descending else raw)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf if value > 0 else -math.inf
    signed = (-number if descending else number) + 0.0  # one zero, not two
    bits = int.from_bytes(struct.pack(">d", signed), "big")
    bits = bits ^ (2**64 - 1) if bits >> 63 else bits | 1 << 63
    return b"\0" + bits.to_bytes(8, "big")


class Ranking:
    """Ranks rows by bytes, least first: sorted runs on disk, then merged.

    Args:
        folder: an existing folder for the runs.

    >>> ranking = Ranking(Path())
    >>> ranking.add([b"pear", b"fig", b"pear"])
    >>> ranking.ranks().tolist()
    [1, 0, 1]
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[tuple[bytes, int]] = []
        self._runs: list[Path] = []
        self._size = 0

    def add(self, keys: Sequence[bytes]) -> None:
        """Add rows: the first is row 0."""
        self._held.extend(zip(keys, range(self._size, self._size + len(keys)), strict=True))
        self._size += len(keys)
        if len(self._held) >= HELD:
            self._spill()

    def ranks(self) -> Array:
        """Return the rank of each row; rows with equal keys share one, and none is left out."""
        self._held.sort()
        if not self._runs:
            found = np.zeros(self._size, dtype=np.int64)
        else:
            shape = (self._size,)
            found = np.memmap(self._folder / "ranks", dtype=np.int64, mode="w+", shape=shape)
        merged = heapq.merge(*map(_read, self._runs), self._held)
        last, rank = None, -1
        rows: list[int] = []
        ranks: list[int] = []
        for key, row in merged:
            if key != last:
                last, rank = key, rank + 1
            rows.append(row)
            ranks.append(rank)
            if len(rows) == _AT_ONCE:
                found[rows] = ranks
                rows.clear()
                ranks.clear()
        found[rows] = ranks
        self._held = []
        for run in self._runs:
            run.unlink()
        return found

    def _spill(self) -> None:
        self._held.sort()
        path = self._folder / f"ranks-{len(self._runs)}"
        with open(path, "wb") as file:
            file.writelines(_ROW.pack(row, len(key)) + key for key, row in self._held)
        self._runs.append(path)
        self._held = []


def _read(path: Path) -> Iterator[tuple[bytes, int]]:
    with open(path, "rb") as file:
        while head := file.read(_ROW.size):
            row, size = _ROW.unpack(head)
            yield file.read(size), row
