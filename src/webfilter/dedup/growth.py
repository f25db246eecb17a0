"""How an index grows: new segments are written beside the old ones, and merged as they double.

A segment joins what comes after it where that is as large, all at once, as the digits of a binary
counter do. So n documents lie in about log2(n) segments at most, and a document is written about
log2(n) / 2 times.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from webfilter.dedup.archive import Rows, Segment
from webfilter.dedup.manifest import Manifest
from webfilter.dedup.postings import MOST_ROWS, Places
from webfilter.dedup.segmentfiles import Part, check, write

__all__ = ["Growth", "merged_from"]


class Growth:
    """The segments that are being added to an index, until its manifest names them.

    Args:
        folder: the index.
        manifest: of the index as it is.
        bands: number of bands.
        verifies: whether it has n-grams.

    Attributes:
        fresh: the new segments.
        next: number of the next segment.
    """

    def __init__(self, folder: Path, manifest: Manifest, bands: int, verifies: bool) -> None:
        self._folder, self._bands, self._verifies = folder, bands, verifies
        self._old = manifest.segments
        self.next = manifest.next
        self.fresh: list[Segment] = []

    def take(self, part: Rows, rows: Places) -> None:
        """Add `rows` of `part`; documents that are nowhere else."""
        if not len(rows):
            return
        begin = merged_from([*map(len, self.fresh), len(rows)], len(self.fresh))
        merged = [segment.path for segment in self.fresh[begin:]]
        self.fresh[begin:] = [self._written([*map(_whole, self.fresh[begin:]), (part, rows)])]
        for path in merged:  # never part of the index: nobody reads them, or has them mapped
            shutil.rmtree(path, ignore_errors=True)

    def after(self, old: Sequence[Segment]) -> list[Segment]:
        """Return the segments of the index: the `old` ones, and the new ones after them."""
        whole = [*old, *self.fresh]
        begin = merged_from([*map(len, whole)], len(old))
        return whole if begin == len(old) else [*whole[:begin], self.joined(whole[begin:])]

    def joined(self, segments: Sequence[Segment]) -> Segment:
        """Return one segment of all `segments`; at least one."""
        return segments[0] if len(segments) == 1 else self._written([*map(_whole, segments)])

    def _written(self, parts: Sequence[Part]) -> Segment:
        """Write a segment of `parts`; what is old is checked first, so damage is not copied."""
        for part, _ in parts:
            if isinstance(part, Segment):
                folder = part.path.parent
                if folder != self._folder or part.entry in self._old:
                    check(folder, part.entry)
        entry = write(self._folder, f"segment-{self.next:06d}", parts, self._bands)
        self.next += 1
        return Segment(self._folder, entry, self._bands, self._verifies)


def _whole(rows: Rows) -> Part:
    return rows, np.arange(len(rows))


def merged_from(sizes: Sequence[int], begin: int) -> int:
    """Return from which segment on they are to be one, where those from `begin` on are new.

    >>> merged_from([100, 7, 4, 2, 1, 1], 5), merged_from([100, 7, 4, 2, 1], 4)
    (1, 4)
    """
    total = sum(sizes[begin:])
    while begin and sizes[begin - 1] <= total and total + sizes[begin - 1] <= MOST_ROWS:
        begin -= 1
        total += sizes[begin]
    return begin
