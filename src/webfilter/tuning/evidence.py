"""How sure a count is: shares with intervals, and whether a limit beats chance.

Two different questions are asked. Of a limit that is fixed (on the half of the documents that it
was not chosen on), how large are the shares that it removes? That is a binomial share with Wilson's
interval, which is honest at counts of zero, where a bootstrap would be certain. And of a limit that
was picked at the k-th least good document: could it remove so many bad ones if the two corpora were
the same? That is the precedence test, exact for any distribution, and the same number as Fisher's
exact test of the four counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["Share", "chance"]

_Z = 1.959963984540054


@dataclass(frozen=True)
class Share:
    """A count of a whole, with its 95 % interval (Wilson 1927).

    >>> share = Share(0, 100)
    >>> share.value, round(share.low, 3), round(share.high, 3)
    (0.0, 0.0, 0.037)
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
        return self._ends()[0]

    @property
    def high(self) -> float:
        """High end of the interval."""
        return self._ends()[1]

    def _ends(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        n, p, square = self.of, self.value, _Z * _Z
        middle = (p + square / (2 * n)) / (1 + square / n)
        half = _Z / (1 + square / n) * math.sqrt(p * (1 - p) / n + square / (4 * n * n))
        low = 0.0 if self.count == 0 else max(0.0, middle - half)
        return low, 1.0 if self.count == n else min(1.0, middle + half)

    def __add__(self, other: Share) -> Share:
        return Share(self.count + other.count, self.of + other.of)


@lru_cache(maxsize=8)
def _log_factorials(most: int) -> npt.NDArray[np.float64]:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, most + 1)))))


def chance(bad_removed: int, bad: int, good_lost: int, good: int) -> float:
    """Return how likely at least `bad_removed` are, if both corpora were drawn from one.

    The hypergeometric tail: of all that is removed, so many or more are bad.

    >>> round(chance(5, 100, 0, 100), 4)
    0.0297
    """
    removed, total = bad_removed + good_lost, bad + good
    logs = _log_factorials(1 << max(4, total.bit_length()))
    count = np.arange(bad_removed, min(removed, bad) + 1)
    terms = (
        logs[bad]
        - logs[count]
        - logs[bad - count]
        + logs[good]
        - logs[removed - count]
        - logs[good - removed + count]
        - (logs[total] - logs[removed] - logs[total - removed])
    )
    return min(1.0, float(np.exp(terms).sum()))
