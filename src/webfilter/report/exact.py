"""Exact intervals for shares: what so many of so many say of the share behind them.

Clopper and Pearson's: never narrower than stated, whatever the share. Near 0, where the questions
about rare mistakes are, approximations promise more than they hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Counted", "at_most"]

_STEPS = 60


@dataclass(frozen=True)
class Counted:
    """So many of so many, with the 95 % interval of the share behind it.

    >>> share = Counted(0, 100)
    >>> share.value, share.low, round(share.high, 3)
    (0.0, 0.0, 0.036)
    """

    count: int
    of: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; 0 of nothing is 0."""
        return self.count / self.of if self.of else 0.0

    @property
    def low(self) -> float:
        """Low end of the interval."""
        return 1.0 - at_most(self.of - self.count, self.of, 0.975)

    @property
    def high(self) -> float:
        """High end of the interval."""
        return at_most(self.count, self.of, 0.975)

    def __str__(self) -> str:
        ends = f"{_percent(self.low)} to {_percent(self.high)} %"
        return f"{self.count:,} of {self.of:,} ({_percent(self.value)} %, {ends})"


def _percent(share: float) -> str:
    """Return two digits that count, and 100 as 100."""
    return f"{100 * share:.3g}" if share > 0.995 else f"{100 * share:.2g}"


def at_most(count: int, of: int, confidence: float = 0.95) -> float:
    """Return the share that is not exceeded, at that confidence, where `count` of `of` were seen.

    The largest share under which so few are not less likely than ``1 - confidence``.

    >>> round(at_most(0, 300), 5)  # the rule of three
    0.00994
    >>> at_most(0, 0)
    1.0
    """
    if count >= of:
        return 1.0
    low, high = count / of, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _so_few(count, of, middle) < 1.0 - confidence:
            high = middle
        else:
            low = middle
    return high


def _so_few(count: int, of: int, share: float) -> float:
    """Return how likely at most `count` of `of` are, `share` being more than that, and below 1."""
    total = 0.0
    whole, win, lose = math.lgamma(of + 1), math.log(share), math.log1p(-share)
    for hits in range(count, -1, -1):  # each less likely than the one before
        chosen = whole - math.lgamma(hits + 1) - math.lgamma(of - hits + 1)
        term = math.exp(chosen + hits * win + (of - hits) * lose)
        total += term
        if term <= total * 1e-17:
            break
    return total
