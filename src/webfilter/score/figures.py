"""How far scores agree with labels: kappa, correlations, errors, calibration, coverage.

NumPy only, so that a report can be made where nothing is trained. A figure that is not defined (no
rows, constant labels) is NaN, never an error or a flattering number. Rows where a label is NaN
(nobody judged it) are left out; a score must be finite. What is not one number of each a row is a
`ConfigError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError

__all__ = [
    "SCORING",
    "Bin",
    "Cut",
    "Interval",
    "agreement",
    "at_cut",
    "auc",
    "calibration",
    "calibration_error",
    "coverage",
    "kappa",
    "mae",
    "pearson",
    "quadratic_kappa",
    "r2",
    "spearman",
]

Floats = npt.NDArray[np.float64]
SCORING = ("r2", "kappa", "pearson", "spearman", "mae")
"""Figures by which a trainer can be compared; `mae` counts as its negative."""


@dataclass(frozen=True)
class Cut:
    """What keeping everything at or above a score would do."""

    share: float
    """Share of rows whose label is at or above the cut: what should be kept."""
    kept: float
    """Share of rows whose score is."""
    precision: float
    """Share of the kept that should be; 0 where nothing is kept."""
    recall: float
    """Share of what should be kept that is; 0 where nothing should."""
    f1: float


@dataclass(frozen=True)
class Bin:
    """One bin of scores."""

    low: float
    high: float
    count: int
    score: float
    """Mean score."""
    label: float
    """Mean label: equal to `score` where the model is calibrated."""


@dataclass(frozen=True)
class Interval:
    """How well intervals hold the labels."""

    holds: float
    """Share of labels inside, ends included."""
    mean_width: float


def quadratic_kappa(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Return the quadratic kappa of two lists of labels as they are; None where it is not defined.

    >>> quadratic_kappa([0, 1, 2, 3], [0, 1, 2, 2])
    0.875
    """
    one, two = _columns(first, second)
    if not len(one):
        return None
    # the expected squared difference of independent draws, from the moments of both
    by_chance = one.var() + two.var() + (one.mean() - two.mean()) ** 2
    return float(1 - ((one - two) ** 2).mean() / by_chance) if by_chance > 0 else None


def kappa(labels: npt.ArrayLike, scores: npt.ArrayLike, top: float | None = None) -> float:
    """Return Cohen's kappa with quadratic weights (1968) of the rounded values.

    Halves round up; scores are clipped to 0..`top` first where it is given. 1 is agreement, 0 what
    chance would give.

    >>> round(kappa([0, 1, 2, 3], [0.2, 0.9, 2.4, 2.2]), 3)
    0.875
    """
    y, s = _paired(labels, scores)
    if not len(y):
        return float("nan")
    if top is not None:
        s = np.clip(s, 0.0, top)
    y, s = np.floor(y + 0.5), np.floor(s + 0.5)
    found = quadratic_kappa(y, s)
    return float("nan") if found is None else found


def pearson(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the linear correlation, -1 to 1; NaN where either side is constant.

    >>> round(pearson([0, 1, 2], [1.0, 2.0, 3.0]), 6)
    1.0
    """
    y, s = _paired(labels, scores)
    if len(y) < 2 or np.ptp(y) == 0 or np.ptp(s) == 0:
        return float("nan")
    y, s = y - y.mean(), s - s.mean()
    y, s = y / np.abs(y).max(), s / np.abs(s).max()  # squares of tiny numbers would be 0
    return float(np.clip(y @ s / np.sqrt((y @ y) * (s @ s)), -1.0, 1.0))


def spearman(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the correlation of ranks, ties at their mean rank.

    >>> round(spearman([0, 1, 2], [1.0, 10.0, 100.0]), 6)
    1.0
    """
    y, s = _paired(labels, scores)
    return pearson(_ranks(y), _ranks(s))


def mae(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the mean absolute error, in points of the scale."""
    y, s = _paired(labels, scores)
    return float(np.abs(y - s).mean()) if len(y) else float("nan")


def r2(labels: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Return the coefficient of determination, as scikit-learn's regressors score themselves.

    Constant labels give 1 where every score hits them and 0 otherwise.
    """
    y, s = _paired(labels, scores)
    given, w = _columns(labels, np.ones(np.shape(labels)) if weights is None else weights)
    w = w[~np.isnan(given)]
    if not w.any():
        return float("nan")
    error = float((w * (y - s) ** 2).sum())
    spread = float((w * (y - np.average(y, weights=w)) ** 2).sum())
    if spread == 0:
        return 1.0 if error == 0 else 0.0
    return 1 - error / spread


def auc(wanted: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return how often a wanted row scores above an unwanted one; ties count half.

    >>> auc([False, True, True], [0.1, 0.1, 0.9])
    0.75
    """
    known, s = _columns(wanted, scores)
    yes = known != 0
    of, others = int(yes.sum()), int((~yes).sum())
    if not of or not others:
        return float("nan")
    ranks = _ranks(s) + 1
    return float((ranks[yes].sum() - of * (of + 1) / 2) / (of * others))


def at_cut(
    labels: npt.ArrayLike, scores: npt.ArrayLike, cut: float, threshold: float | None = None
) -> Cut:
    """Return precision, recall and F1 of keeping scores at or above `threshold`.

    Labels at or above `cut` should be kept; the threshold is the cut itself where None.

    >>> at_cut([0, 3, 3], [0.5, 2.6, 1.0], 2.5).recall
    0.5
    """
    y, s = _paired(labels, scores)
    wanted, got = y >= cut, s >= (cut if threshold is None else threshold)
    hits, wants, gets = int((wanted & got).sum()), int(wanted.sum()), int(got.sum())
    return Cut(
        share=wants / len(y) if len(y) else 0.0,
        kept=gets / len(y) if len(y) else 0.0,
        precision=hits / gets if gets else 0.0,
        recall=hits / wants if wants else 0.0,
        f1=2 * hits / (wants + gets) if wants + gets else 0.0,
    )


def calibration(labels: npt.ArrayLike, scores: npt.ArrayLike, top: float) -> tuple[Bin, ...]:
    """Return mean score and mean label in ten bins of 0..`top`; empty bins are left out."""
    y, s = _paired(labels, scores)
    edges = np.linspace(0.0, top, 11)
    place = np.clip(np.searchsorted(edges, s, "right") - 1, 0, 9)
    return tuple(
        Bin(
            float(edges[b]),
            float(edges[b + 1]),
            int(of.sum()),
            float(s[of].mean()),
            float(y[of].mean()),
        )
        for b in range(10)
        for of in [place == b]
        if of.any()
    )


def calibration_error(bins: Iterable[Bin]) -> float:
    """Return the expected calibration error: mean distance of score and label, by bin."""
    found = list(bins)
    total = sum(b.count for b in found)
    if not total:
        return float("nan")
    return sum(b.count * abs(b.score - b.label) for b in found) / total


def coverage(labels: npt.ArrayLike, ends: npt.ArrayLike) -> Interval:
    """Return how many labels lie within `ends`, shape (n, 2), and how wide these are."""
    y, both = _floats(labels), _floats(ends)
    if y.ndim != 1 or (both.shape != (len(y), 2) and (len(y) or both.size)):
        raise ConfigError(
            f"figures: labels have shape {y.shape} and ends {both.shape}: (n,) and (n, 2)"
        )
    known = ~np.isnan(y)
    if not known.any():
        return Interval(float("nan"), float("nan"))
    y, both = y[known], both[known]
    inside = (both[:, 0] <= y) & (y <= both[:, 1])
    return Interval(float(inside.mean()), float((both[:, 1] - both[:, 0]).mean()))


def agreement(
    labels: npt.ArrayLike, scores: npt.ArrayLike, top: float | None = None
) -> dict[str, float]:
    """Return kappa, Pearson, Spearman and mean absolute error.

    >>> agreement([0, 1, 2], [0, 1, 2])["kappa"]
    1.0
    """
    return {
        "kappa": kappa(labels, scores, top),
        "pearson": pearson(labels, scores),
        "spearman": spearman(labels, scores),
        "mae": mae(labels, scores),
    }


def _paired(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[Floats, Floats]:
    y, s = _columns(labels, scores)
    known = ~np.isnan(y)
    return y[known], s[known]


def _columns(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[Floats, Floats]:
    y, s = _floats(labels), _floats(scores)
    if y.shape != s.shape or y.ndim != 1:
        raise ConfigError(
            f"figures: labels have shape {y.shape} and scores {s.shape}: one of each a row"
        )
    return y, s


def _floats(values: npt.ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"figures: labels and scores must be numbers: {error}") from None


def _ranks(values: Floats) -> Floats:
    """Return ranks from 0, ties at their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks
