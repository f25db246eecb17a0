"""The texts that were written for training, our own.

They look like teaching and are not, or teach and do not look like it, with what a stern reader
would say of each. They train, with a small weight, and never calibrate or evaluate. What kinds
there are and how they came about is in WRITING.md, what they change in README.md. `reader.py`, and
nothing else, learns from ``voices.jsonl`` (lessons and worthless texts in Nigerian, Indian and
other Englishes) and ``fables.jsonl`` (what is false, empty or in no order, and the truth beside
it); the packaged reader has learned from neither.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from data import LABELS, lines

from webfilter.score.fit import Pseudo

PATH = Path(__file__).parent / "written.jsonl"
FOR_READER = tuple(PATH.with_name(name) for name in ("voices.jsonl", "fables.jsonl"))


def everything(path: Path = PATH) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return all texts of a file, and their labels, shape (n, 4)."""
    rows = list(lines(path))
    labels = np.array([[row[name] for name in LABELS] for row in rows], dtype=np.float64)
    return [row["text"] for row in rows], labels


def for_reader() -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return all texts of `FOR_READER`, and their labels, shape (n, 4)."""
    texts, labels = zip(*map(everything, FOR_READER), strict=True)
    return [text for some in texts for text in some], np.concatenate(labels)


def joined(pseudo: Pseudo | None, weight: float) -> Pseudo:
    """Return `pseudo`, which may be none, with the written texts; each of them counts `weight`."""
    texts, labels = everything()
    weights = np.full(len(texts), weight)
    if pseudo is None:
        return Pseudo(texts, labels, weights)
    before = np.asarray(pseudo.labels, dtype=np.float64)
    by_fold = pseudo.by_fold
    if by_fold is not None:
        same = np.broadcast_to(labels, (len(by_fold), *labels.shape))
        by_fold = np.concatenate([by_fold, same], axis=1)
    return Pseudo(
        [*pseudo.texts, *texts],
        np.concatenate([before, labels]),
        np.concatenate([np.broadcast_to(pseudo.weights, len(before)), weights]),
        by_fold,
    )
