"""Rows of 64-bit integers as a field of a stage: comparable, picklable, and searched by their key.

Arrays are no good as fields: they have no single truth when compared and print their values.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

__all__ = ["Table"]

Numbers = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]


class Table:
    """Rows of one key and any number of other columns, sorted, each row once; never changed.

    Args:
        columns: the key first; all of one length.

    >>> table = Table(np.array([9, 4, 9]), np.array([1, 2, 1]))
    >>> table.columns[0].tolist(), table.columns[1].tolist()
    ([4, 9], [2, 1])
    >>> begins, ends = table.find(np.array([9, 5], dtype=np.uint64))
    >>> begins.tolist(), ends.tolist()
    ([1, 1], [2, 1])
    """

    def __init__(self, *columns: npt.ArrayLike) -> None:
        given = [np.asarray(column, dtype=np.uint64) for column in columns or ((),)]
        order = np.lexsort(given[::-1])
        again = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
        found = []
        for column in given:
            ordered = column[order]
            again &= ordered[1:] == ordered[:-1]
            found.append(ordered)
        if again.any():
            once = np.concatenate(([True], ~again))
            found = [column[once] for column in found]
        self.columns: Sequence[Numbers] = tuple(found)

    def __len__(self) -> int:
        return len(self.columns[0])

    def find(self, keys: Numbers) -> tuple[Places, Places]:
        """Return where the rows of each key begin and end; nowhere where there are none."""
        own = self.columns[0]
        return np.searchsorted(own, keys, "left"), np.searchsorted(own, keys, "right")

    @cached_property
    def digest(self) -> str:
        """16 hex digits that stand for the contents."""
        total = blake2b(digest_size=8)
        for column in self.columns:
            total.update(column.astype("<u8", copy=False).tobytes())
        return total.hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        pairs = zip(self.columns, other.columns, strict=False)
        return len(self.columns) == len(other.columns) and all(
            np.array_equal(one, another) for one, another in pairs
        )

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Table({len(self)} rows of {len(self.columns)}, {self.digest})"
