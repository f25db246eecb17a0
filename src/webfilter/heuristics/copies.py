"""Characters in runs of words that occur more than once, every copy counted, for many documents.

DCLM and Dolma count so; datatrove counts the later copies only (`webfilter.heuristics.ngrams`).
Lengths are of the words alone, without what is between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.ngrams import TokenRuns

__all__ = ["Copies"]

_Places: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Copies:
    """The n-grams of `runs` that occur more than once in their document, shape (c,) each."""

    runs: TokenRuns
    n: int
    """Words an n-gram."""
    places: _Places
    """Token with which each begins."""
    counts: _Places
    """How often it occurs."""

    @classmethod
    def of(cls, runs: TokenRuns, n: int) -> Copies:
        """Return the copies among the n-grams of `runs`."""
        places, hashes = runs.recurring_ngrams(n)
        _, which, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        times = counts.take(which.reshape(-1))
        return cls(runs, n, places[times > 1], times[times > 1])

    @property
    def lengths(self) -> _Places:
        """Characters of each."""
        offsets = self.runs.offsets
        found: _Places = offsets.take(self.places + self.n) - offsets.take(self.places)
        return found

    @property
    def documents(self) -> _Places:
        """Number of the document of each."""
        return self.runs.documents.take(self.places).astype(np.intp)

    def covered(self, spaces: int = 0) -> list[int]:
        """Return for each document the characters of its words that are in any copy, once each.

        With each word, `spaces` more count.
        """
        steps = np.zeros(len(self.runs.lengths) + 1, dtype=np.intp)
        np.add.at(steps, self.places, 1)
        np.add.at(steps, self.places + self.n, -1)
        inside = np.cumsum(steps[:-1]) > 0
        sums = np.zeros(len(inside) + 1, dtype=np.intp)
        np.cumsum((self.runs.lengths + spaces) * inside, out=sums[1:])
        found: list[int] = np.diff(sums.take(self.runs.bounds)).tolist()
        return found

    def longest_of_most_common(self) -> list[int | None]:
        """Return length times count of the most common n-gram, the longest of those; None: none."""
        best = np.zeros(len(self.runs.bounds) - 1, dtype=np.int64)
        np.maximum.at(best, self.documents, (self.counts.astype(np.int64) << 32) | self.lengths)
        return [(key >> 32) * (key & 0xFFFFFFFF) if key else None for key in best.tolist()]

    def share_of_all(self) -> list[float | None]:
        """Return the characters in all copies by those in all n-grams, overlaps counted each time.

        None where a document has no n-gram.
        """
        runs, n = self.runs, self.n
        copied = np.zeros(len(runs.bounds) - 1, dtype=np.intp)
        np.add.at(copied, self.documents, self.lengths)
        starts = runs.bounds[:-1]
        ends = np.maximum(runs.bounds[1:] - n + 1, starts)
        size = len(runs.offsets) - n
        sums = np.zeros(max(size, 0) + 1, dtype=np.intp)
        if size > 0:
            np.cumsum(runs.offsets[n:] - runs.offsets[:size], out=sums[1:])
        last = len(sums) - 1
        whole = sums.take(np.minimum(ends, last)) - sums.take(np.minimum(starts, last))
        pairs = zip(copied.tolist(), whole.tolist(), strict=True)
        return [part / every if every else None for part, every in pairs]
