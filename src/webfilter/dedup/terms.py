"""Bags of words: the terms of each text and how often it has them, and in how many texts each is.

A term is the upper half of the 64-bit hash of a word (`words.term_hashes`), 32 bits: of a million
different words about a hundred share theirs with another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.dedup.columns import Column
from webfilter.dedup.pieces import pieces
from webfilter.dedup.words import term_hashes

__all__ = ["Bags", "Frequencies", "Vocabulary"]

Terms = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.uint16]
Places = npt.NDArray[np.intp]

_MOST = 65_535
_PARTS = 64
_HELD = 1 << 20  # terms counted at once
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, eq=False)
class Bags:
    """The terms of texts, one text after the other, ascending in each, and their counts.

    >>> bags = Bags.of(["One fish, two fish", "", "fish"])
    >>> bags.offsets.tolist(), sorted(bags.counts.tolist())
    ([0, 3, 3, 4], [1, 1, 1, 2])
    """

    terms: Terms
    counts: Counts
    """At most 65,535; beyond it they are not counted further."""
    offsets: Places
    """Text i has ``terms[offsets[i]:offsets[i + 1]]``."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, texts: Sequence[str]) -> Bags:
        """Return the bags of `texts`."""
        return cls.join([_bags(piece) for piece in pieces(texts)])

    @classmethod
    def join(cls, parts: Sequence[Bags]) -> Bags:
        """Return the bags of all `parts`, in order."""
        terms = np.concatenate([np.zeros(0, np.uint32), *(part.terms for part in parts)])
        counts = np.concatenate([np.zeros(0, np.uint16), *(part.counts for part in parts)])
        sizes = np.concatenate([np.zeros(0, np.intp), *(part.sizes for part in parts)])
        return cls(terms, counts, np.concatenate(([0], np.cumsum(sizes))))

    @property
    def sizes(self) -> Places:
        """How many different terms each text has."""
        return np.diff(self.offsets)

    def take(self, rows: Places) -> Bags:
        """Return the bags `rows`, in that order."""
        sizes = self.sizes[rows]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        source = np.repeat(self.offsets[rows] - offsets[:-1], sizes)
        source += np.arange(len(source))
        return Bags(self.terms[source], self.counts[source], offsets)


def _bags(texts: Sequence[str]) -> Bags:
    hashes, offsets = term_hashes(texts)
    owner = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(offsets))
    packed = np.sort(owner << _HALF | hashes >> _HALF)
    begins = _begins(packed)
    packed, counts = packed[begins], np.diff(begins, append=len(packed))
    owner = packed >> _HALF
    offsets = np.searchsorted(owner, np.arange(len(texts) + 1, dtype=np.uint64))
    return Bags(packed.astype(np.uint32), np.minimum(counts, _MOST).astype(np.uint16), offsets)


def _begins(values: npt.NDArray[np.uint64]) -> Places:
    """Return where each run of equal `values` begins."""
    if not len(values):
        return np.zeros(0, np.intp)
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))


class Vocabulary:
    """In how many of `size` texts each term is.

    Args:
        size: number of texts.
        terms: those that several texts have, ascending.
        texts: how many have it, for each of `terms`.
    """

    def __init__(self, size: int, terms: Terms, texts: npt.NDArray[np.uint32]) -> None:
        self.size = size
        self._terms, self._texts = terms, texts

    def __len__(self) -> int:
        """Return how many terms there are that several texts have."""
        return len(self._terms)

    def idf(self, terms: Terms) -> npt.NDArray[np.float64]:
        """Return ``ln((1 + size) / (1 + texts)) + 1`` of each term; the rest are in one text.

        >>> vocabulary = Vocabulary(3, np.array([7], np.uint32), np.array([3], np.uint32))
        >>> vocabulary.idf(np.array([7, 9], np.uint32)).round(4).tolist()
        [1.0, 1.6931]
        """
        texts = np.ones(len(terms), dtype=np.uint32)
        if len(self._terms):
            at = np.minimum(np.searchsorted(self._terms, terms), len(self._terms) - 1)
            found = self._terms[at] == terms
            texts[found] = self._texts[at[found]]
        counts, which = np.unique(texts, return_inverse=True)
        # not np.log: its last digit may depend on the place in the array
        values = [math.log((1 + self.size) / (1 + count)) + 1 for count in counts.tolist()]
        return np.array(values, dtype=np.float64)[which]


class Frequencies:
    """Counts in how many texts each term is: exactly, on disk, in memory one part of it.

    Args:
        folder: an existing folder for the files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     counted = Frequencies(Path(folder))
    ...     counted.add(Bags.of(["a fish", "two fish", "fish", "two"]))
    ...     len(counted.vocabulary())
    2
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._size = 0
        self._held: list[Terms] = []
        self._count = 0  # terms held
        self._parts = [Column(folder / f"terms-{n}.runs", np.uint64) for n in range(_PARTS)]

    def add(self, bags: Bags) -> None:
        """Count the terms of `bags`."""
        self._size += len(bags)
        self._held.append(bags.terms)
        self._count += len(bags.terms)
        if self._count >= _HELD:
            self._write()

    def _write(self) -> None:
        terms = np.sort(np.concatenate([np.zeros(0, np.uint32), *self._held])).astype(np.uint64)
        self._held.clear()
        self._count = 0
        begins = _begins(terms)
        runs = terms[begins] << _HALF | np.diff(begins, append=len(terms)).astype(np.uint64)
        starts = np.arange(_PARTS, dtype=np.uint64) << np.uint64(58)
        edges = [*np.searchsorted(runs, starts).tolist(), len(runs)]
        for number, part in enumerate(self._parts):
            part.append(runs[edges[number] : edges[number + 1]])

    def vocabulary(self) -> Vocabulary:
        """Return what was counted; nothing can be added now."""
        self._write()
        terms = Column(self._folder / "terms.hashes", np.uint32)
        texts = Column(self._folder / "terms.texts", np.uint32)
        for part in self._parts:
            runs = np.sort(part.array())
            part.delete()
            if not len(runs):
                continue
            begins = _begins(runs >> _HALF)
            counts = np.add.reduceat(runs & _LOW, begins)
            several = counts > 1
            terms.append((runs[begins[several]] >> _HALF).astype(np.uint32))
            texts.append(counts[several].astype(np.uint32))
        return Vocabulary(self._size, terms.array(), texts.array())
