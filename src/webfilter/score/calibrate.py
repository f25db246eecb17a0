"""From raw scores to scores that mean what they say, and how sure they are.

Both come from predictions on texts whose labels the predicting model has not seen. What it does
not do: train, or evaluate.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from operator import itemgetter
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
_LEVEL, _LEVELS = 0.01, 20
"""Least share of the labels that makes a value a level; most levels."""
_ENOUGH = 100
"""Least number of labels that say which levels are likely where."""
_GRID = 150
"""Pieces of the range of scores for each of which levels are chosen."""
_NEAR, _WIDTH = 80, 0.04
"""Labels around a score that say which levels are likely there; share of the range, at least."""
_LEAST = 0.5
"""Least share of labels that an interval is to hold at any score."""
_LIKELY = 0.02
"""Least share of the labels there for which an interval reaches to a level."""
_DEBT = 0.005
"""Most labels, as a share of all, that intervals may hold too many or too few before it shows."""
_MARGIN = 0.03
"""Share of a step by which an end lies beyond a level, or short of it."""


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
    # it takes numbers that nearly are one for one of them: the others are just outside
    isotonic = need("sklearn.isotonic").IsotonicRegression(out_of_bounds="clip")
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
    will be drawn between the parts, holds `share` of the labels there, as nearly as it can. Of a
    few levels it cannot: then ends step over them, see `_stepped`.
    """
    at, low, high = _smooth(scores, labels, weights, share)
    levels, number = np.unique(labels, return_counts=True)
    levels = levels[number >= _LEVEL * len(labels)]
    common = np.isin(labels, levels).mean() >= share
    few = common and 2 <= len(levels) <= _LEVELS
    if not few or len(labels) < _ENOUGH or np.ptp(scores) < 1e-6:
        return at, low, high
    grid = np.linspace(scores.min(), scores.max(), _GRID + 1)
    ends = grid + np.array([np.interp(grid, at, low), np.interp(grid, at, high)])
    offsets = _stepped(grid, ends, scores, labels, weights, levels, share) - grid
    outer = np.pad(offsets, ((0, 0), (1, 1)), mode="edge")  # level beyond what was seen
    return np.concatenate([[grid[0] - 1], grid, [grid[-1] + 1]]), outer[0], outer[1]


def _stepped(
    grid: Floats,
    ends: Floats,
    scores: Floats,
    labels: Floats,
    weights: Floats,
    levels: Floats,
    share: float,
) -> Floats:
    """Return `ends`, low and high at each point of `grid`, moved over levels or short of them.

    Where labels have few levels, those from 1 to 2 may be 98 of a hundred and 2 alone 60: no end
    between holds 90. So with rising score the interval holds now more, now fewer levels, whichever
    brings the labels that it has held so far nearer to `share` (error diffusion; what conformal
    prediction does by lot where scores are tied: Vovk et al. 2005, Algorithmic Learning in a Random
    World, 2.2). Ends stay where they are if they hold the right levels, else just beyond them.
    """
    level = np.abs(labels[:, None] - levels).argmin(axis=1)
    likely = _nearby(grid, scores, level, weights, len(levels))
    edges = np.concatenate([[-np.inf], (grid[1:] + grid[:-1]) / 2, [np.inf]])
    mass = np.histogram(scores, edges, weights=weights)[0] / weights.sum()
    margin = _MARGIN * float(np.median(np.diff(levels)))
    found, debt = ends.copy(), 0.0
    for i, (low, high) in enumerate(ends.T):
        below = np.append(0.0, np.cumsum(likely[i]))
        first, last = np.searchsorted(levels, low), np.searchsorted(levels, high, "right") - 1
        spans = [
            (below[b + 1] - below[a], a, b)
            for a in range(max(first - 1, 0), min(first + 2, len(levels)))
            for b in range(max(last - 1, 0), min(last + 2, len(levels)))
            if a == b or (a < b and min(likely[i, a], likely[i, b]) >= _LIKELY)
        ] or [(below[last + 1] - below[first], first, last)]  # no level near an end is likely
        wide = min((span for span in spans if span[0] >= share), key=itemgetter(0), default=None)
        narrow = max(
            (span for span in spans if _LEAST <= span[0] < share), key=itemgetter(0), default=None
        )
        either = [span for span in (wide, narrow) if span] or [max(spans, key=itemgetter(0))]
        held, a, b = min(either, key=lambda span: abs(debt + mass[i] * (share - span[0])))
        debt = float(np.clip(debt + mass[i] * (share - held), -_DEBT, _DEBT))
        low, high = min(low, levels[a] - margin), max(high, levels[b] + margin)
        if a > 0:
            low = max(low, levels[a - 1] + margin)
        if b + 1 < len(levels):
            high = min(high, levels[b + 1] - margin)
        found[:, i] = low, high
    return found


def _nearby(
    grid: Floats, scores: Floats, level: npt.NDArray[np.intp], weights: Floats, count: int
) -> Floats:
    """Return how likely each level is at each point of `grid`, shape (points, count).

    The nearer a score, the more its label counts, down to nothing at the distance of the `_NEAR`
    nearest ones.
    """
    near = min(len(scores), max(_BIN, min(_NEAR, len(scores) // 10))) - 1
    found = np.empty((len(grid), count))
    for i, point in enumerate(grid):
        away = np.abs(scores - point)
        reach = max(np.partition(away, near)[near], _WIDTH * (grid[-1] - grid[0]))
        counts = np.maximum(1 - away / reach, 0.0) * weights
        if not counts.any():  # equal scores with a gap beside them: all are just that far
            counts = (away <= reach) * weights
        found[i] = np.bincount(level, counts, count) / counts.sum()
    return found


def _smooth(
    scores: Floats, labels: Floats, weights: Floats, share: float
) -> tuple[Floats, Floats, Floats]:
    """Return the same as `spread`, without steps."""
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
