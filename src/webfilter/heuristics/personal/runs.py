"""Runs of digits and the chains that separators make of them: what numbers are read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.personal.eights import FIRST, Eights, eights
from webfilter.heuristics.personal.folded import PAD, Bytes, Mask, Places
from webfilter.text import code_points

__all__ = ["Chains", "Runs", "digit_runs", "padded"]


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of digits of a folded text, in order."""

    codes: Bytes
    starts: Places
    ends: Places
    text: str
    """The text before it was folded."""

    @cached_property
    def points(self) -> npt.NDArray[np.uint32]:
        """The code points of the text, with as many line ends around as the folded text has."""
        return np.pad(code_points(self.text), PAD, constant_values=10)

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> Places:
        """Digits of each run."""
        return self.ends - self.starts

    @cached_property
    def before(self) -> Places:
        """Digits before each run, and of all runs, shape (len + 1,)."""
        found = np.zeros(len(self) + 1, dtype=np.intp)
        np.cumsum(self.lengths, out=found[1:])
        return found

    @cached_property
    def figures(self) -> Bytes:
        """The values of all digits, without what is between them, and 24 zeros."""
        values = self.codes - np.uint8(48)
        return padded(values.compress(values < 10), 24)

    @cached_property
    def short(self) -> Bytes:
        """Digits of each run, 15 for more, and 8 zeros."""
        return padded(np.minimum(self.lengths, 15).astype(np.uint8))

    @cached_property
    def pairs(self) -> Bytes:
        """The first two digits of each run as a number, and 8 zeros; no sense for runs of one."""
        tens = self.codes.take(self.starts) - np.uint8(48)
        ones = self.codes.take(self.starts + 1) - np.uint8(48)
        return padded(tens * np.uint8(10) + ones)

    @cached_property
    def gaps(self) -> Places:
        """Characters between each run and the next, shape (len - 1,)."""
        return self.starts[1:] - self.ends[:-1]

    def chains(self, joined: Mask) -> Chains:
        """Return the chains of runs that `joined` (run to next, (len - 1,)) holds together."""
        return self.parts(np.arange(len(self)), np.append(joined, False))

    def parts(self, members: Places, joined: Mask) -> Chains:
        """Return the chains of the runs `members` that `joined` (run to next) holds together."""
        lasts = np.flatnonzero(~joined)
        counts = lasts.copy()
        counts[1:] -= lasts[:-1]
        counts[:1] += 1
        return Chains(self, members[lasts] - counts + 1, counts)


@dataclass(frozen=True, eq=False)
class Chains:
    """Chains of runs: the first run of each, and the number of its runs."""

    runs: Runs
    firsts: Places
    counts: Places

    def __len__(self) -> int:
        return len(self.firsts)

    def __getitem__(self, chosen: Mask) -> Chains:
        places = np.flatnonzero(chosen)
        return Chains(self.runs, self.firsts.take(places), self.counts.take(places))

    @cached_property
    def digits(self) -> Places:
        """Digits of each."""
        before = self.runs.before
        result: Places = before.take(self.firsts + self.counts) - before.take(self.firsts)
        return result

    @cached_property
    def starts(self) -> Places:
        """Where the first digit of each stands."""
        return self.runs.starts.take(self.firsts)

    @cached_property
    def ends(self) -> Places:
        """Where each ends, exclusive."""
        return self.runs.ends.take(self.firsts + self.counts - 1)

    def members(self) -> Places:
        """Return the runs of all chains."""
        found = np.ones(self.counts.sum(), dtype=np.intp)
        begins = np.cumsum(self.counts[:-1])
        found[:1] = self.firsts[:1]
        found[begins] = self.firsts[1:] - self.firsts[:-1] - self.counts[:-1] + 1
        return np.cumsum(found)

    def eights(self, each: Bytes) -> Eights:
        """Return what `each` (a byte a run, and 8 more) has for the first 8 runs, 0 for none."""
        result: Eights = eights(each, self.firsts) & FIRST.take(self.counts, mode="clip")
        return result

    def figures(self, skipped: int = 0) -> Eights:
        """Return 8 digits of each chain behind the first `skipped`; 0 where it has fewer."""
        first = self.runs.before.take(self.firsts) + skipped
        there = self.digits - skipped if skipped else self.digits
        result: Eights = eights(self.runs.figures, first) & FIRST.take(there, mode="clip")
        return result


def padded(each: Bytes, more: int = 8) -> Bytes:
    """Return `each` with `more` zeros behind it."""
    found = np.zeros(len(each) + more, dtype=np.uint8)
    found[: len(each)] = each
    return found


def digit_runs(codes: Bytes, text: str) -> Runs:
    """Return the runs of digits of a text, `codes` when folded.

    >>> from webfilter.heuristics.personal.folded import fold, PAD
    >>> text = "am 3.10.1998"
    >>> runs = digit_runs(fold(text), text)
    >>> (runs.starts - PAD).tolist(), runs.lengths.tolist()
    ([3, 5, 8], [1, 2, 4])
    """
    digit = (codes - np.uint8(48)) < 10
    edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
    return Runs(codes, edges[::2], edges[1::2], text)
