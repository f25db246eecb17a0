"""Runs of digits and the chains that separators make of them: what numbers are read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from webfilter.heuristics.personal.folded import Bytes, Mask, Places

__all__ = ["Chains", "Runs", "digit_runs"]


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of digits of a folded text, in order."""

    codes: Bytes
    starts: Places
    ends: Places

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> Places:
        """Digits of each run."""
        return self.ends - self.starts

    @cached_property
    def digits(self) -> tuple[Places, Places]:
        """Where each digit of all runs stands, and the number of digits before each run."""
        places = np.flatnonzero((self.codes - np.uint8(48)) < 10)
        return places, np.cumsum(self.lengths) - self.lengths

    @cached_property
    def short(self) -> Bytes:
        """Digits of each run, 15 for more."""
        return np.minimum(self.lengths, 15).astype(np.uint8)

    @cached_property
    def gaps(self) -> Places:
        """Characters between each run and the next, shape (len - 1,)."""
        return self.starts[1:] - self.ends[:-1]

    def chains(self, joined: Mask) -> Chains:
        """Return the chains of runs that `joined` (run to next, (len - 1,)) holds together."""
        firsts = np.flatnonzero(np.concatenate(([True], ~joined)))
        counts = np.diff(np.concatenate((firsts, [len(self)])))
        digits = np.add.reduceat(self.lengths, firsts)
        return Chains(self, firsts, counts, digits)


@dataclass(frozen=True, eq=False)
class Chains:
    """Chains of runs: the first run of each, the number of its runs and of its digits."""

    runs: Runs
    firsts: Places
    counts: Places
    digits: Places

    def __len__(self) -> int:
        return len(self.firsts)

    def __getitem__(self, chosen: Mask | Places) -> Chains:
        return Chains(self.runs, self.firsts[chosen], self.counts[chosen], self.digits[chosen])

    @cached_property
    def starts(self) -> Places:
        """Where the first digit of each stands."""
        return self.runs.starts[self.firsts]

    @cached_property
    def ends(self) -> Places:
        """Where each ends, exclusive."""
        result: Places = self.runs.ends[self.firsts + self.counts - 1]
        return result

    def rows(self, each: Bytes, most: int) -> Bytes:
        """Return what `each` (one byte a run) has for the first `most` runs, shape (most, n).

        0 where a chain has fewer.
        """
        found = np.empty((most, len(self)), dtype=np.uint8)
        for run in range(most):
            each.take(self.firsts + run, mode="clip", out=found[run])
            found[run] *= self.counts > run
        return found

    def values(self, most: int) -> Bytes:
        """Return the first `most` digits of each chain, shape (most, n); 0 where it has fewer."""
        places, before = self.runs.digits
        first = before[self.firsts]
        found = np.empty((most, len(self)), dtype=np.uint8)
        for digit in range(most):
            self.runs.codes.take(places.take(first + digit, mode="clip"), out=found[digit])
            found[digit] -= 48
            found[digit] *= self.digits > digit
        return found


def digit_runs(codes: Bytes) -> Runs:
    """Return the runs of digits of a folded text.

    >>> from webfilter.heuristics.personal.folded import fold, PAD
    >>> runs = digit_runs(fold("am 3.10.1998"))
    >>> (runs.starts - PAD).tolist(), runs.lengths.tolist()
    ([3, 5, 8], [1, 2, 4])
    """
    digit = (codes - np.uint8(48)) < 10
    edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
    return Runs(codes, edges[::2], edges[1::2])
