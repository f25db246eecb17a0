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
    def gaps(self) -> Places:
        """Characters between each run and the next, shape (len - 1,)."""
        return self.starts[1:] - self.ends[:-1]

    def chains(self, joined: Mask) -> Chains:
        """Return the chains of runs that `joined` (run to next, shape (len - 1,)) holds together."""
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
        return self.runs.ends[self.firsts + self.counts - 1]

    def lengths(self, most: int) -> Places:
        """Return the digits of each chain's first `most` runs, 0 for none, shape (n, most)."""
        runs = self.firsts[:, None] + np.arange(most)
        there = np.arange(most) < self.counts[:, None]
        return np.where(there, self.runs.lengths.take(runs, mode="clip"), 0)

    def values(self, most: int) -> Bytes:
        """Return the first `most` digits of each chain, 0 where there are fewer, (n, most)."""
        found = np.zeros((len(self), most), dtype=np.uint8)
        run = self.firsts.copy()
        place = self.starts.copy()
        last = self.firsts + self.counts
        ends = self.runs.ends
        begins = self.runs.starts
        there = np.arange(len(self))
        for digit in range(most):
            found[there, digit] = self.runs.codes[place[there]] - 48
            place[there] += 1
            over = there[place[there] >= ends[run[there]]]
            if len(over):
                run[over] += 1
                over_last = run[over] >= last[over]
                again = over[~over_last]
                place[again] = begins[run[again]]
                if over_last.any():
                    there = there[run[there] < last[there]]
            if not len(there):
                break
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
