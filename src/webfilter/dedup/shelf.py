"""What is held of short texts until all have been seen: on disk, read back in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.dedup.columns import Column, forget
from webfilter.dedup.sketch import Details, Scheme
from webfilter.dedup.terms import Bags

__all__ = ["PassageSketch", "Shelf"]

_CHUNK = 1 << 14  # documents read back at once

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PassageSketch:
    """The words of a batch of documents, and who they are; those without words are left out."""

    details: Details
    bags: Bags
    scopes: npt.NDArray[np.uint64]
    """Documents may be compared where this is equal."""

    def __len__(self) -> int:
        return len(self.bags)


class Shelf:
    """Sketches on disk.

    Args:
        scheme: that of all sketches.
        folder: an existing folder for the files.

    >>> import tempfile
    >>> details = Details(np.array([5], np.uint64), [b"a"], [b""], None, {})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shelf = Shelf({}, Path(folder))
    ...     shelf.add(PassageSketch(details, Bags.of(["red fish"]), np.zeros(1, np.uint64)))
    ...     [(some.details.ids, len(some.bags.terms)) for some in shelf.chunks()]
    [([b'a'], 2)]
    """

    def __init__(self, scheme: Scheme, folder: Path) -> None:
        self._scheme = scheme
        self._names = Column(folder / "shelf.names", np.uint64)
        self._scopes = Column(folder / "shelf.scopes", np.uint64)
        self._terms = Column(folder / "shelf.terms", np.uint32)
        self._counts = Column(folder / "shelf.counts", np.uint16)
        self._sizes = Column(folder / "shelf.sizes", np.uint32)
        self._ids, self._order = (_Strings(folder, name) for name in ("ids", "order"))

    def add(self, sketch: PassageSketch) -> None:
        """Take a sketch."""
        self._names.append(sketch.details.names)
        self._scopes.append(sketch.scopes)
        self._terms.append(sketch.bags.terms)
        self._counts.append(sketch.bags.counts)
        self._sizes.append(sketch.bags.sizes)
        self._ids.add(sketch.details.ids)
        self._order.add(sketch.details.order)

    def chunks(self) -> Iterator[PassageSketch]:
        """Yield all documents in the order of their sketches; nothing can be added now."""
        names, scopes, sizes = self._names.array(), self._scopes.array(), self._sizes.array()
        terms, counts = self._terms.array(), self._counts.array()
        strings = zip(self._ids.chunks(), self._order.chunks(), strict=True)
        low = 0
        for begin, (ids, order) in zip(range(0, len(names), _CHUNK), strings, strict=True):
            here = slice(begin, begin + _CHUNK)
            offsets = _offsets(sizes[here])
            high = low + int(offsets[-1])
            bags = Bags(np.asarray(terms[low:high]), np.asarray(counts[low:high]), offsets)
            details = Details(np.asarray(names[here]), ids, order, None, self._scheme)
            yield PassageSketch(details, bags, np.asarray(scopes[here]))
            low = high
            forget(terms)
            forget(counts)


class _Strings:
    """Bytes of any length, on disk."""

    def __init__(self, folder: Path, name: str) -> None:
        self._bytes = Column(folder / f"shelf.{name}", np.uint8)
        self._sizes = Column(folder / f"shelf.{name}.sizes", np.uint32)

    def add(self, strings: Sequence[bytes]) -> None:
        self._bytes.append(np.frombuffer(b"".join(strings), dtype=np.uint8))
        self._sizes.append(np.array([len(string) for string in strings], dtype=np.uint32))

    def chunks(self) -> Iterator[list[bytes]]:
        raw, sizes = self._bytes.array(), self._sizes.array()
        low = 0
        for begin in range(0, len(sizes), _CHUNK):
            offsets = _offsets(sizes[begin : begin + _CHUNK]).tolist()
            held = raw[low : low + offsets[-1]].tobytes()
            yield [held[one:two] for one, two in pairwise(offsets)]
            low += offsets[-1]
            forget(raw)


def _offsets(sizes: npt.NDArray[np.uint32]) -> Places:
    return np.concatenate(([0], np.cumsum(sizes, dtype=np.intp)))
