"""From the scores of windows to that of a page, for the stage and for training alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from webfilter.score.model import Model
from webfilter.score.reader import Reader
from webfilter.score.windows import windows

__all__ = ["pages", "read_pages"]

Floats = npt.NDArray[np.float64]
_LONG = 40
"""Characters of a line that says something: shorter ones repeat on good pages, too."""


def pages(model: Model, texts: Sequence[str]) -> Floats:
    """Return the scores of whole texts, shape (n, t); each the same bits whatever else is there.

    The mean of a text's windows by their lengths, times the share of its characters outside of
    lines that stood there before. A blank text scores 0 on every head.
    """
    return read_pages(model, texts, None, None)[0]


def read_pages(
    model: Model, texts: Sequence[str], reader: Reader | None, at: float | None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the same, and which texts were read: shapes (n, t) and (n,).

    Read are those with a first score of at least `at`, if there is a `reader`: all their windows
    then have its scores instead.
    """
    pieces = [windows(text) for text in texts]
    found = model.predict([piece for group in pieces for piece in group])
    fresh = np.array([_fresh(text) for text in texts])
    means: Floats = _means(found.values, pieces) * fresh[:, None]
    if reader is None or at is None:
        return means, np.zeros(len(texts), dtype=bool)
    read = np.array([bool(group) for group in pieces], dtype=bool) & (means[:, 0] >= at)
    chosen = np.flatnonzero(np.repeat(read, [len(group) for group in pieces]))
    groups = [group for group, of in zip(pieces, read.tolist(), strict=True) if of]
    values = reader.predict([piece for group in groups for piece in group], found.raw[chosen])
    means[read] = _means(values * found.trust[chosen, None], groups) * fresh[read, None]
    return means, read


def _fresh(text: str) -> float:
    """Return the share of a text's characters outside of long lines that it has had before.

    White space around a line makes it no longer.
    """
    if "\n" not in text:
        return 1.0
    lines = [x for x in text.split("\n") if len(x) >= _LONG]
    if len(set(lines)) == len(lines):
        return 1.0
    lines = [x for x in lines if len(x.strip()) >= _LONG]
    kept = set(lines)
    return 1.0 - (sum(map(len, lines)) - sum(map(len, kept))) / len(text)


def _means(scores: Floats, pieces: Sequence[Sequence[str]]) -> Floats:
    """Return the mean of each document's windows, weighted by their lengths; zeros for none."""
    number = np.array([len(group) for group in pieces], dtype=np.intp)
    lengths = np.array([len(piece) for group in pieces for piece in group], dtype=np.float64)
    weighted = scores * lengths[:, None]
    starts = np.cumsum(number) - number
    means = np.zeros((len(pieces), scores.shape[1]))
    total = np.zeros(len(pieces))
    for i in range(int(number.max(initial=0))):  # one by one: sums in the order of the text
        some = np.flatnonzero(number > i)
        means[some] += weighted[starts[some] + i]
        total[some] += lengths[starts[some] + i]
    means /= np.maximum(total, 1)[:, None]
    single = np.flatnonzero(number == 1)
    means[single] = scores[starts[single]]
    return means
