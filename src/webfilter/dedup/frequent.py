"""Keys that occur often, of more keys than fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.dedup import columns

__all__ = ["frequent"]

Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]


def frequent(keys: Keys, most: int, folder: Path) -> Iterator[tuple[Keys, Places]]:
    """Yield the `keys` that occur more than `most` times, ascending, with their places.

    Part by part: keys ascend from one part to the next, and equal keys are in one. Memory is about
    0.5 GB, what is yielded, and pages of mapped files that the system may drop.

    Args:
        keys: 64-bit hashes, in memory or mapped.
        most: occurrences that are not yet too many.
        folder: an existing folder for parts, where there is more than one.

    >>> [(found, at)] = frequent(np.array([7, 9, 7, 8], dtype=np.uint64), 1, Path())
    >>> found.tolist(), sorted(at.tolist())
    ([7, 7], [0, 2])
    """
    for part, places in columns.parted(keys, folder, max(columns.ROWS // 4, 1)):
        order = np.argsort(part)
        part = part[order]
        begins = np.flatnonzero(np.append(True, part[1:] != part[:-1]))[: len(part)]
        sizes = np.diff(begins, append=len(part))
        kept = np.repeat(sizes > most, sizes)
        yield part[kept], places[order[kept]]
