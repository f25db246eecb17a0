"""Which limits together: a short list that removes much of the bad corpus within a budget.

Forward selection. Each signal offers a limit at a few depths of the good corpus; again and again
the one is taken that adds most, counted on the documents that those taken before have left: bad
removed minus a price times good lost, in shares. An offer counts only if it adds a share worth a
rule, more than chance would, and leaves the whole within the budget. Each limit is charged one good
document beyond those that it loses: one set at the (k+1)-th least of n loses (k+1)/(n+1) of new
ones. The price decides between a few deep limits and many shallow ones; several are tried, and the
best result stays. Last, a limit that those taken after it have made needless is taken out again.

All of this looks at one half of the documents. Its counts flatter; those of the other half do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from webfilter.tuning.evidence import chance
from webfilter.tuning.knobs import Knob

__all__ = ["Demands", "Offer", "choose", "fluke"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

_PRICES = (1, 2, 4, 8, 16)
_FLUKE = 0.05


@dataclass(frozen=True)
class Demands:
    """What is asked of limits, in shares of the documents."""

    max_loss: float
    """Most of the good corpus that all limits together may lose."""
    min_gain: float
    """Least worth of a limit: share removed of bad, minus `min_lift` times that lost of good."""
    min_lift: float
    """Share of bad that pays for the same share of good: 1 or more."""


@dataclass(frozen=True)
class Offer:
    """A limit that could be set."""

    depth: int
    """Good documents that it may lose by itself."""
    limit: float


def fluke(offers: Sequence[Sequence[Offer]]) -> float:
    """Return how likely a limit's success may be by chance: 5 % for all that are looked at."""
    return _FLUKE / max(1, sum(map(len, offers)))


def choose(
    knobs: Sequence[Knob],
    offers: Sequence[Sequence[Offer]],
    good: Floats,
    bad: Floats,
    demands: Demands,
) -> dict[int, Offer]:
    """Return which offers to take, by the index of their knob, in the order of what they add.

    Args:
        knobs: the limits there are.
        offers: for each of them what could be set, the tightest first.
        good: their values on the good corpus, a row a limit.
        bad: the same on the bad corpus.
        demands: budget and least gain.
    """
    ours, theirs = (_codes(knobs, offers, side) for side in (good, bad))
    best: dict[int, int] = {}
    best_worth = 0.0
    for price in _PRICES:
        price_of_good = price * demands.min_lift
        taken = _forward(offers, ours, theirs, demands, price_of_good, fluke(offers))
        taken = _pruned(taken, ours, theirs, demands)
        lost, removed = (float(_union(taken, side).mean()) for side in (ours, theirs))
        worth = removed - demands.min_lift * lost
        if worth > best_worth:
            best, best_worth = taken, worth
    return {row: offers[row][place] for row, place in best.items()}


def _codes(knobs: Sequence[Knob], offers: Sequence[Sequence[Offer]], values: Floats) -> Codes:
    """Return how many of its knob's offers remove each document: they are nested."""
    codes = np.zeros(values.shape, dtype=np.int8)
    for row, (knob, offered) in enumerate(zip(knobs, offers, strict=True)):
        for offer in offered:
            codes[row] += knob.removes(values[row], knob.sign * offer.limit)
    return codes


def _union(taken: Mapping[int, int], codes: Codes) -> Mask:
    gone = np.zeros(codes.shape[1], dtype=np.bool_)
    for row, place in taken.items():
        gone |= codes[row] > place
    return gone


def _forward(
    offers: Sequence[Sequence[Offer]],
    good: Codes,
    bad: Codes,
    demands: Demands,
    price: float,
    luck: float,
) -> dict[int, int]:
    taken: dict[int, int] = {}
    all_good, all_bad = good.shape[1], bad.shape[1]
    most = int(all_good * demands.max_loss + 1e-9)
    left_good, left_bad = good, bad
    while True:
        may_lose = most - (all_good - left_good.shape[1]) - len(taken)
        worths = []
        for row, offered in enumerate(offers):
            lost, removed = (_removed(side[row], len(offered)) for side in (left_good, left_bad))
            for place in range(taken.get(row, len(offered))):
                g, b = lost[place], removed[place]
                worth = b / all_bad - demands.min_lift * g / all_good
                if g + (row not in taken) <= may_lose and worth >= demands.min_gain:
                    worths.append((price * g / all_good - b / all_bad, row, place, g, b))
        for _, row, place, g, b in sorted(worths):
            if chance(b, left_bad.shape[1], g, left_good.shape[1]) <= luck:
                taken[row] = place
                left_good, left_bad = (
                    side[:, side[row] <= place] for side in (left_good, left_bad)
                )
                break
        else:
            return taken


def _removed(codes: Codes, count: int) -> list[int]:
    """Return how many documents each of `count` offers removes, the tightest first."""
    counts = np.bincount(codes, minlength=count + 1)
    found: list[int] = counts[::-1].cumsum()[::-1][1:].tolist()
    return found


def _pruned(taken: dict[int, int], good: Codes, bad: Codes, demands: Demands) -> dict[int, int]:
    """Return `taken` without limits that add too little beside all others."""
    while taken:
        worths = []
        for row in taken:
            rest = {other: place for other, place in taken.items() if other != row}
            lost, removed = (
                float((_union(taken, side) & ~_union(rest, side)).mean()) for side in (good, bad)
            )
            worths.append((removed - demands.min_lift * lost, row))
        least, row = min(worths)
        if least >= demands.min_gain:
            break
        taken = {other: place for other, place in taken.items() if other != row}
    return taken
