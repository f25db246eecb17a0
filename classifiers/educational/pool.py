"""The windows that nobody labeled and the teacher read: what more.py finds, with teacher.npz.

They train with what the teacher made of them, and never calibrate or evaluate. Where a fold is held
out, its teacher is one that has not seen the fold, and windows of the fold's pages or groups stay
away.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import teacher
from data import TOPS, digest, group, lines, page

from webfilter.score.fit import Pseudo

Floats = npt.NDArray[np.float64]
FOLDS = 5


@dataclass(frozen=True)
class Pool:
    """Windows as columns."""

    texts: list[str]
    groups: list[str]
    pages: list[str]
    labels: Floats
    """Shape (n, 4)."""
    by_group: Floats
    """By teachers without one fold by group, shape (5, n, 4)."""
    by_page: Floats
    """The same by page."""
    excerpts: int
    """Digest of the excerpts whose folds these are (`teacher.together`)."""

    def all(self, weight: float) -> Pseudo:
        """Return the windows for a model of all excerpts."""
        return Pseudo(self.texts, self.labels, weight, self.by_group)

    def without(self, by: str, k: int, held: Collection[str], weight: float) -> Pseudo:
        """Return the windows for a model that must know nothing of fold `k` by group or page."""
        names, labels = (
            (self.groups, self.by_group) if by == "group" else (self.pages, self.by_page)
        )
        rows = [i for i, name in enumerate(names) if name not in held]
        return Pseudo([self.texts[i] for i in rows], labels[k][rows], weight)


def read(path: Path, read_by: Path) -> Pool:
    """Read windows, ``.jsonl.xz``, and the scores of a teacher file.

    Raises:
        SystemExit: a window is not in the teacher file.
    """
    rows, scores = list(lines(path)), teacher.read(read_by)
    place = {number: i for i, number in enumerate(scores.digests.tolist())}
    try:
        at = np.array([place[int(digest(row["text"]), 16)] for row in rows], dtype=np.intp)
    except KeyError:
        raise SystemExit(f"{path}: holds windows that {read_by} does not know") from None
    tops = np.array(TOPS)
    return Pool(
        [row["text"] for row in rows],
        [group(row) for row in rows],
        [page(row) for row in rows],
        np.clip(scores.labels[at], 0, tops),
        np.clip(scores.by_group[:, at], 0, tops),
        np.clip(scores.by_page[:, at], 0, tops),
        scores.excerpts,
    )
