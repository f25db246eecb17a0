"""From raw scores to scores that mean what they say, and how sure they are.

Both come from predictions on texts whose labels the predicting model has not seen. What it does
not do: train, or evaluate.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.errors import MissingExtra

__all__ = ["curve", "need", "same_length", "spread"]

Floats = npt.NDArray[np.float64]

_BIN = 20
"""Least number of labels for one more bin of the curve."""
_PART = 30
"""Least number of labels for one more part of the interval."""
_FACTORS = np.linspace(0.5, 1.6, 56)
"""By which a part of the interval may be widened."""
_SWEEPS = 3


def need(module: str) -> Any:
    """Return a module of the training extra.

    Raises:
        MissingExtra: it is not installed.

    >>> need("scipy.sparse").__name__
    'scipy.sparse'
    """
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtra("training the educational model", "train") from None


def curve(raw: Floats, labels: Floats, weights: Floats, bins: int) -> tuple[Floats, Floats]:
    """Return knots of a strictly rising curve from raw score to mean label.

    Bins are finer at the top, where the scale is decided; above the highest the curve is almost
    level, because there is no evidence for more. It rises by at least 0.05 per point everywhere.
    """
    bins = max(1, min(bins, len(raw) // _BIN))
    shares = [*np.arange(1, bins) / bins, 1 - 0.5 / bins, 1 - 0.25 / bins]
    parts = np.split(np.argsort(raw, kind="stable"), [round(len(raw) * s) for s in shares])
    parts = [part for part in parts if len(part)]
    xs = np.array([np.average(raw[part], weights=weights[part]) for part in parts])
    ys = np.array([np.average(labels[part], weights=weights[part]) for part in parts])
    mass = [weights[part].sum() for part in parts]
    isotonic = need("sklearn.isotonic").IsotonicRegression()
    ys = isotonic.fit_transform(xs, ys, sample_weight=mass)
    xs, ys = np.append(xs, max(raw.max(), xs[-1] + 1e-3)), np.append(ys, ys[-1])
    rising = np.append(True, np.diff(np.maximum.accumulate(xs)) > 0)  # many equal texts: equal bins
    xs, ys = xs[rising], ys[rising]
    for i in range(1, len(xs)):  # no level piece, so that the order stays
        ys[i] = max(ys[i], ys[i - 1] + 0.05 * (xs[i] - xs[i - 1]))
    return xs, ys


def spread(
    scores: Floats, labels: Floats, weights: Floats, share: float
) -> tuple[Floats, Floats, Floats]:
    """Return scores, and offsets from them, between which `share` of the labels lie.

    Labels are mostly whole numbers. So that no end of the interval lies just where very many of
    them are, each label counts as spread over a quarter of a step to both sides; and as quantiles
    then hold too many, each part of the offsets is narrowed or widened until the interval, as it
    will be drawn between the parts, holds `share` of the labels there, as nearly as it can.
    """
    order = np.argsort(scores, kind="stable")
    count = max(1, min(12, len(scores) // _PART))
    if np.ptp(scores) < 1e-6:
        count = 1
    parts = np.array_split(order, count)
    tails = ((1 - share) / 2, (1 + share) / 2)
    at = np.array([np.average(scores[part], weights=weights[part]) for part in parts])
    at += 1e-9 * np.arange(len(at))
    gaps = np.diff(np.unique(labels))
    shifts = np.linspace(-0.25, 0.25, 9) * (np.median(gaps) if len(gaps) else 0.0)
    offsets = np.array(
        [
            _quantiles(
                (labels[part] - scores[part] + shifts[:, None]).ravel(),
                np.tile(weights[part], len(shifts)),
                tails,
            )
            for part in parts
        ]
    )
    if count == 1:  # the same at every score
        at, offsets = np.array([at[0], at[0] + 1.0]), np.repeat(offsets, 2, axis=0)
        return at, offsets[:, 0], offsets[:, 1]
    offsets = np.column_stack([np.minimum(offsets[:, 0], -0.01), np.maximum(offsets[:, 1], 0.01)])
    factors = np.ones(count)
    for _ in range(_SWEEPS):
        for i, part in enumerate(parts):
            held = [
                _held(scores[part], labels[part], weights[part], at, offsets * f[:, None])
                for f in (np.where(np.arange(count) == i, g, factors) for g in _FACTORS)
            ]
            smooth = np.convolve(np.pad(held, 4, mode="edge"), np.ones(9) / 9, "valid")
            off = np.abs(smooth - share)
            best = _FACTORS[off <= off.min() + 0.005]
            factors[i] = best[np.argmin(np.abs(best - 1))]
    offsets = offsets * factors[:, None]
    return at, offsets[:, 0], offsets[:, 1]


def _held(scores: Floats, labels: Floats, weights: Floats, at: Floats, offsets: Floats) -> float:
    """Return the share of labels between the two offsets, drawn between the points `at`."""
    low = scores + np.interp(scores, at, offsets[:, 0])
    high = scores + np.interp(scores, at, offsets[:, 1])
    inside = (low <= labels) & (labels <= high)
    return float(np.average(inside, weights=weights))


def same_length(knots: Sequence[tuple[Floats, ...]], rise: float) -> Floats:
    """Return knots of several targets as one array, shorter ones extended level.

    The first row of each is where the knots are. `rise` per point keeps a curve from being level.
    """
    most = max(len(rows[0]) for rows in knots)
    out = []
    for rows in knots:
        steps = np.arange(1, most - len(rows[0]) + 1)
        out.append(
            [np.append(rows[0], rows[0][-1] + steps)]
            + [np.append(row, row[-1] + rise * steps) for row in rows[1:]]
        )
    return np.array(out)


def _quantiles(values: Floats, weights: Floats, shares: tuple[float, float]) -> Floats:
    if np.ptp(weights) == 0:
        found: Floats = np.quantile(values, shares)
        return found
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weights[order])
    middles = (mass - weights[order] / 2) / mass[-1]
    return np.asarray(np.interp(shares, middles, values[order]), dtype=np.float64)
