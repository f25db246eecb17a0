"""The order of stages that costs least: the exact optimum, by dynamic programming over subsets.

The classic rule sorts by cost / (1 - share passed). It is the optimum where stages fail documents
independently of each other and each costs the same wherever it stands. Neither holds here: what
fails one heuristic often fails the next, and the first to count words pays for the tokens of all.
So how many documents pass a set of stages is counted, not multiplied, and a stage costs one thing
by itself and another after a stage that has done a part of its work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Costs", "cheapest"]


@dataclass(frozen=True)
class Costs:
    """What stages cost, and whom they let pass; stages by number, sets of them as bit masks."""

    alone: Sequence[float]
    """What a stage costs for a document, the first to see its text."""
    after: Sequence[Sequence[float]]
    """``after[a][b]``: what b costs right after a."""
    fail: Mapping[int, int]
    """How many documents fail just that set of stages."""
    needs: Sequence[int]
    """The set of stages that must come before each."""

    def passing(self, done: int) -> int:
        """Return how many documents pass all stages of a set."""
        return sum(count for failed, count in self.fail.items() if not failed & done)

    def of(self, stage: int, done: int) -> float:
        """Return what `stage` costs for a document after a set of others, in any order."""
        others = (row[stage] for place, row in enumerate(self.after) if done >> place & 1)
        return min((self.alone[stage], *others))

    def whole(self, order: Sequence[int]) -> float:
        """Return what all documents cost in an order."""
        done, cost = 0, 0.0
        for stage in order:
            cost += self.passing(done) * self.of(stage, done)
            done |= 1 << stage
        return cost


def cheapest(costs: Costs, swap: float = 0.0) -> tuple[int, ...]:
    """Return the order that costs least.

    Args:
        costs: of all stages, numbered in the given order.
        swap: what it must save for each pair of stages that leaves the given order, so that
            near-ties stay as they are.

    >>> costs = Costs([5.0, 1.0], [[5.0, 1.0], [5.0, 1.0]], {0: 2, 1: 1, 2: 7}, [0, 0])
    >>> cheapest(costs), costs.whole((0, 1)), costs.whole((1, 0))
    ((1, 0), 59.0, 25.0)
    """
    count = len(costs.alone)
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for done in range(1 << count):
        if done not in best:
            continue
        spent, order = best[done]
        passing = costs.passing(done)
        for stage in range(count):
            if done >> stage & 1 or costs.needs[stage] & ~done:
                continue
            swapped = (done >> stage + 1).bit_count()
            cost = spent + passing * costs.of(stage, done) + swapped * swap
            more = done | 1 << stage
            if more not in best or (cost, (*order, stage)) < best[more]:
                best[more] = (cost, (*order, stage))
    return best[(1 << count) - 1][1]
