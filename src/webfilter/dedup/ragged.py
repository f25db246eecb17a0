"""Arrays of different lengths in one: ids as bytes, sets of n-grams; in memory or mapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Ragged", "offsets_of"]

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Ragged:
    """Arrays of different lengths, one after the other.

    >>> Ragged(np.array([5, 6, 7]), np.array([0, 1, 3])).take(np.array([1])).values.tolist()
    [6, 7]
    """

    values: npt.NDArray[Any]
    offsets: npt.NDArray[np.int64]
    """Array i is ``values[offsets[i]:offsets[i + 1]]``."""

    @classmethod
    def join(cls, parts: Sequence[Ragged]) -> Ragged:
        """Return the arrays of all `parts`, in order; at least one part."""
        sizes = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls(np.concatenate([part.values for part in parts]), offsets_of(sizes))

    def sizes(self, rows: Places) -> Places:
        """Return the lengths of the arrays `rows`.

        Raises:
            ValueError: the offsets make no sense: they do not come from us, or are damaged.
        """
        begins, ends = self.offsets[rows], self.offsets[rows + 1]
        if len(rows) and not (begins.min() >= 0 and (begins <= ends).all()):
            raise ValueError("offsets do not ascend")
        if len(rows) and ends.max() > len(self.values):
            raise ValueError("offsets lead beyond the end")
        return np.asarray(ends - begins, dtype=np.intp)

    def take(self, rows: Places) -> Ragged:
        """Return the arrays `rows`, in that order.

        Raises:
            ValueError: see `sizes`.
        """
        sizes = self.sizes(rows)
        offsets = offsets_of(sizes)
        source = np.repeat(self.offsets[rows] - offsets[:-1], sizes)
        source += np.arange(len(source))
        return Ragged(self.values[source], offsets)


def offsets_of(sizes: Places) -> npt.NDArray[np.int64]:
    """Return where arrays of these `sizes` begin, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
