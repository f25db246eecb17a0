"""Bins in which a person sees where two distributions part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from webfilter.tuning.result import Histogram

__all__ = ["histogram"]

Floats = npt.NDArray[np.float64]

_BINS = 40
_SKEWED = 20.0
"""How many times the median the end may be before bins widen."""
_WHOLE = 1e15
"""Up to here numbers have room for half a unit."""
_ATOM = 0.02
"""Share of a corpus with one and the same least value that gets a bin of its own."""


def histogram(good: Floats, bad: Floats) -> Histogram | None:
    """Return shares in bins from the 0.5th to the 99.5th percentile of both; None for no values.

    Each corpus counts the same, whatever its size. Counts with a long tail get bins that widen in
    proportion; counts within a narrow range get one bin for each.
    """
    sides = [side[~np.isnan(side)] for side in (good, bad)]
    filled = [side for side in sides if len(side)]
    if not filled:
        return None
    low = float(min(np.quantile(side, 0.005) for side in filled))
    high = float(max(np.quantile(side, 0.995) for side in filled))
    middle = float(max(np.quantile(side, 0.5) for side in filled))
    counts = all(bool((side == np.floor(side)).all()) for side in filled)
    ends = (low, high)
    if counts and high - low < _BINS and max(-low, high) < _WHOLE:
        ends = (float(np.floor(low)), float(np.floor(high)))
        edges = np.arange(ends[0], ends[1] + 2) - 0.5
    elif counts and low >= 0 and high > _SKEWED * max(4.0, middle):
        edges = np.geomspace(max(1.0, low), high, _BINS + 1)
    elif low == high:
        half = max(0.5, abs(low) / _WHOLE)
        edges = np.array([low - half, low + half])
    else:
        edges = np.linspace(low, high, _BINS + 1)
        if any(float((side == low).mean()) > _ATOM for side in filled):  # often 0: a bin of its own
            after = np.linspace(np.nextafter(low, np.inf), high, _BINS)
            edges = np.concatenate(([2 * low - edges[1]], after))
    edges = np.unique(edges)  # neighbors in floating point leave no room for bins
    shares = []
    for side, whole in zip(sides, (good, bad), strict=True):
        found, _ = np.histogram(np.clip(side, edges[0], edges[-1]), edges)
        shares.append(tuple((found / max(1, len(whole))).tolist()))
    undefined = [
        1 - len(side) / max(1, len(whole)) for side, whole in zip(sides, (good, bad), strict=True)
    ]
    return Histogram(
        tuple(edges.tolist()), ends, shares[0], shares[1], (undefined[0], undefined[1])
    )
