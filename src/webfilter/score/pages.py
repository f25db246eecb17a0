"""From the scores of windows to that of a page: `pages`, for the stage and for training alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from webfilter.score.model import Model
from webfilter.score.windows import windows

__all__ = ["pages"]

Floats = npt.NDArray[np.float64]
_LONG = 40
"""Characters of a line that says something: shorter ones repeat on good pages, too."""


def pages(model: Model, texts: Sequence[str]) -> Floats:
    """Return the scores of whole texts, shape (n, t); each the same bits whatever else is there.

    The mean of a text's windows by their lengths, times the share of its characters outside of
    lines that stood there before. A blank text scores 0 on every head.
    """
    pieces = [windows(text) for text in texts]
    scores = model.predict([piece for group in pieces for piece in group]).values
    fresh = np.array([_fresh(text) for text in texts])
    means: Floats = _means(scores, pieces) * fresh[:, None]
    return means


def _fresh(text: str) -> float:
    """Return the share of a text's characters outside of long lines that it has had before."""
    lines = [line for line in text.split("\n") if len(line) >= _LONG]
    again = sum(map(len, lines)) - sum(map(len, set(lines)))
    return 1.0 - again / len(text) if again else 1.0


def _means(scores: Floats, pieces: Sequence[Sequence[str]]) -> Floats:
    """Return the mean of each document's windows, weighted by their lengths; zeros for none."""
    means = np.zeros((len(pieces), scores.shape[1]))
    at = 0
    for i, group in enumerate(pieces):
        if len(group) == 1:
            means[i] = scores[at]
        elif group:
            lengths = [len(piece) for piece in group]
            rows = scores[at : at + len(group)].tolist()
            means[i] = [
                sum(n * value for n, value in zip(lengths, column, strict=True)) / sum(lengths)
                for column in zip(*rows, strict=True)
            ]
        at += len(group)
    return means
