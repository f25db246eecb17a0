"""What the teacher made of the unlabeled texts, in a file small enough to keep beside the scripts.

``teacher.npz`` holds no texts: `digests` are the first 64 bits of their SHA-256 (`data.digest`).
Scores are kept in steps of 1/50: `labels` as they are, and the teachers that have not seen a fold
as differences from these, which are small and thus compress well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
STEPS = 50
"""Of one point."""


@dataclass(frozen=True)
class Teacher:
    """Scores of unlabeled texts, each within half a step of what the teachers said."""

    digests: npt.NDArray[np.uint64]
    """Shape (n,): ``int(data.digest(text), 16)``."""
    labels: Floats
    """Mean of all teachers, shape (n, 4), in the order of `data.LABELS`."""
    by_group: Floats
    """Scores, shape (5, n, 4), of the teachers that have not seen the k-th fold by group."""
    by_page: Floats
    """The same for folds by page."""
    excerpts: int
    """Digest of the labeled excerpts, in their order: the folds are theirs."""


def write(
    path: Path,
    digests: Sequence[str],
    labels: Floats,
    by_group: Floats,
    by_page: Floats,
    excerpts: Sequence[str],
) -> None:
    """Write scores, shaped as in `Teacher`; `digests` as `data.digest` returns them.

    `excerpts` are those of the labeled texts, in the order of which the folds were made.

    A teacher that is more than 2.5 points off the mean is recorded as 2.5 points off.
    """
    mean = np.rint(labels * STEPS).astype(np.uint8)
    np.savez_compressed(
        path,
        digests=np.array([int(digest, 16) for digest in digests], dtype=np.uint64),
        labels=mean,
        by_group=_apart(by_group, mean),
        by_page=_apart(by_page, mean),
        excerpts=np.uint64(together(excerpts)),
    )


def read(path: Path) -> Teacher:
    """Read what `write` wrote."""
    with np.load(path) as file:
        mean = file["labels"].astype(np.int64)
        by_group, by_page = (mean + file[name] for name in ("by_group", "by_page"))
        return Teacher(
            file["digests"],
            mean / STEPS,
            by_group / STEPS,
            by_page / STEPS,
            int(file["excerpts"]),
        )


def together(digests: Sequence[str]) -> int:
    """Return one digest of many, in their order."""
    return int(hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16], 16)


def _apart(scores: Floats, mean: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    return np.clip(np.rint(scores * STEPS) - mean, -127, 127).astype(np.int8)
