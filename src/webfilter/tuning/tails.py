"""Limits in the tail of a signal: where the good corpus ends and the bad one goes on.

Small values and large ones are the same thing mirrored, so everything here removes small values.
A limit is looked for at a few depths of the good corpus: where it loses at most k of its n
documents, the tightest limit is its (k+1)-th least value. Being an order statistic, it can be
bootstrapped without drawing samples of documents (see `resampled`), and being found on the good
corpus only, what it removes of the bad one is not flattered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np
import numpy.typing as npt

__all__ = ["Resampled", "Tail", "depths", "most_gain", "resampled"]

Floats = npt.NDArray[np.float64]

_WORTH = 0.98
"""Share of what a limit removes that must be left when its digits are rounded off."""


@dataclass(frozen=True)
class Tail:
    """Values of one signal on both corpora, mirrored where large ones are to be removed."""

    good: Floats
    """Sorted, without undefined values."""
    bad: Floats
    good_size: int
    """Documents, those without a value counted."""
    bad_size: int
    strict: bool
    """Whether a value that equals the limit is removed."""
    whole: bool
    """Whether limits are whole numbers."""

    @classmethod
    def of(cls, good: Floats, bad: Floats, sign: int, strict: bool, whole: bool) -> Tail:
        """Return the tail of unsorted values with NaN for undefined."""
        sides = [np.sort(sign * side[~np.isnan(side)]) for side in (good, bad)]
        return cls(sides[0], sides[1], len(good), len(bad), strict, whole)

    def constant(self) -> bool:
        """Return whether fewer than two different values occur."""
        ends = [side[place] for side in (self.good, self.bad) if len(side) for place in (0, -1)]
        return not ends or min(ends) == max(ends)

    def removed(self, limit: float) -> tuple[int, int]:
        """Return how many good and bad documents `limit` removes."""
        side = "right" if self.strict else "left"
        return (
            int(self.good.searchsorted(limit, side)),  # type: ignore[call-overload]
            int(self.bad.searchsorted(limit, side)),  # type: ignore[call-overload]
        )

    def edge(self, depth: int) -> float:
        """Return the least value that must stay when `depth` good documents may go."""
        if depth < len(self.good):
            return float(self.good[depth])
        return float(max(side[-1] for side in (self.good, self.bad) if len(side)))

    def limit(self, depth: int) -> float | None:
        """Return the limit that removes most when `depth` good documents may be lost.

        It is rounded to the loose side, to the fewest digits that leave 98 % of what it removes.
        None: it removes no bad document.
        """
        edge = self.edge(depth)
        most = int(self.bad.searchsorted(edge, "left"))
        if not most:
            return None
        for limit in _rounded(edge, self.strict, self.whole):
            if self.removed(limit)[1] >= _WORTH * most:
                return limit
        return None


def _rounded(edge: float, strict: bool, whole: bool) -> Sequence[float]:
    """Return numbers not above `edge` (below it, if `strict`), with more and more digits."""
    exact = Decimal(repr(edge))
    found = []
    for digits in range(1, 8):
        power = (exact.adjusted() if exact else -1) - digits + 1
        unit = Decimal(1).scaleb(max(power, 0) if whole else power)
        near = (exact / unit).to_integral_value(ROUND_FLOOR) * unit
        if strict and near >= exact:
            near -= unit
        if float(near) < edge or not strict:  # near zero the difference may have no float
            found.append(float(near))
    if not whole:
        found.append(float(np.nextafter(edge, -math.inf)) if strict else edge)
    return found


def depths(size: int, max_loss: float) -> tuple[int, ...]:
    """Return how many of `size` good documents a limit may lose: the deepest first, then none.

    >>> depths(1_000, 0.01)
    (10, 5, 2, 1, 0)
    """
    most = math.floor(size * max_loss + 1e-9)
    return (*(most >> n for n in range(most.bit_length())), 0)


def most_gain(tail: Tail) -> float:
    """Return the most that any limit could remove of bad beyond what it loses of good, 0 to 1.

    The one-sided distance of Kolmogorov and Smirnov. FineWeb ranked by Wasserstein distance, which
    depends on the scale of the signal and grows with differences that no limit can use; this one is
    in shares of documents and is the ceiling of what the limit is for.
    """
    at = np.unique(np.concatenate((tail.good, tail.bad)))
    bad = tail.bad.searchsorted(at, "right") / max(1, tail.bad_size)
    good = tail.good.searchsorted(at, "right") / max(1, tail.good_size)
    return float(max(0.0, (bad - good).max(initial=0.0)))


@dataclass(frozen=True)
class Resampled:
    """A limit and its gain on resampled corpora."""

    limits: Floats
    gains: Floats
    """Share removed of bad minus share lost of good."""


def resampled(tail: Tail, depth: int, count: int, rng: np.random.Generator) -> Resampled:
    """Choose the limit at `depth` again on `count` bootstrap samples of both corpora.

    What sorting each sample would give is drawn directly. A sample of n documents is n uniform
    numbers u, each standing for the document at place floor(n * u) in sorted order; the (k+1)-th
    least of them has the distribution Beta(k + 1, n - k), the k below it are uniform, and the bad
    documents that a limit removes are binomial. So it costs the same for any number of documents.
    """
    n = tail.good_size
    uniform = rng.beta(depth + 1, n - depth, count)
    places = np.minimum((uniform * n).astype(np.intp), n - 1)
    last = tail.edge(n)
    limits = np.append(tail.good, last)[np.minimum(places, len(tail.good))]
    bad = tail.bad.searchsorted(limits, "left") / tail.bad_size
    below = np.minimum(1.0, tail.good.searchsorted(limits, "left") / n / uniform)
    gains = rng.binomial(tail.bad_size, bad) / tail.bad_size - rng.binomial(depth, below) / n
    return Resampled(limits, gains)
