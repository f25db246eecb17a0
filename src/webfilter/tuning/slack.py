"""Choose the slack of a cascade: as little as a bound on wrongly dropped pages allows.

Pages that the pipeline keeps are what counts, and in most samples they are few. So the pages that
come nearest to being kept stand in for those: where the final text misses a limit, the page is
taken as though it just reached it and its draft were off by as much as it is. What a limit needs is
the slack at which no such page is lost.

From there the slack is widened by a few factors, or tightened at the cost of the pages that need
most (those whose loss saves most time first). These levels are nested, so how many pages are lost
falls with the slack; each is tried on pages that it was not chosen on (ten-fold), from the loosest
on, until the bound can no longer be stated with confidence (fixed-sequence testing, as in Learn
Then Test, Angelopoulos et al. 2021). As pages far from the limits are less at risk, the share seen
to be lost of the hundred nearest must not be larger than the bound, either. Limits that save next
to nothing do not judge drafts at all: each would be one more chance of being wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from webfilter.report.exact import at_most
from webfilter.tuning.drafts import Drafts

__all__ = ["Chosen", "Times", "Way", "choose", "lost", "nearest", "needed", "ways"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_FOLDS = 10
_WIDER = (1.5, 1.2)
"""Factors of the slack at which no page is lost."""
_LOST = (0.0, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03)
"""Shares of the pages at hand that tighter and tighter levels give up."""
_LEAST = 1e-6
_WORTH = 0.01
"""A limit that saves less of the time is left out."""
_AHEAD = 3
_CLOSE = 100
"""Pages nearest to being kept of which no larger share may be lost, where fewer are kept."""


@dataclass(frozen=True)
class Chosen:
    """A slack for each limit, and how often it was wrong on pages that it was not chosen on."""

    slack: Floats
    """In the order of the limits; inf: the limit does not judge drafts."""
    wrong: int
    """Pages lost, of `pool`, each by slacks chosen without it."""
    pool: int
    wrong_close: int
    """The same of those that are kept, or of the `close` pages that come nearest to it."""
    close: int
    proved: bool
    """Whether the bound holds with the confidence asked for."""


def nearest(drafts: Drafts, least: int) -> npt.NDArray[np.intp]:
    """Return the places of what is kept, then of the pages nearest to it until there are `least`.

    How far a page is from being kept: for each limit that it misses, the share of pages that miss
    it by less; summed, so that signals of all scales count alike. Pages in other languages, and
    pages that have no draft, are none of them.
    """
    texts = [n for n, limit in enumerate(drafts.limits) if limit.op == "in"]
    fit = (drafts.final[texts] <= 0).all(axis=0) & (drafts.draft > -math.inf).any(axis=0)
    far = np.zeros(len(drafts))
    for row in drafts.final:
        missed = np.sort(row[fit & (row > 0)])
        below = missed.searchsorted(row, "left") + 1.0
        far += np.where(row > 0, below / max(1, fit.sum()), 0.0)
    far[~drafts.kept & (far == 0)] += 0.5 / max(1, len(drafts))  # something else dropped it
    far[drafts.kept] = -1.0
    far[~fit] = math.inf
    count = max(least, int((drafts.kept & fit).sum()))
    order = np.argsort(far, kind="stable")[:count]
    return order[np.isfinite(far[order])]


def needed(drafts: Drafts) -> Floats:
    """Return the slack that each page needs on each limit, at which it is lost; -inf: none."""
    missed = np.where(np.isfinite(drafts.final), np.maximum(drafts.final, 0.0), 0.0)
    return drafts.draft - missed


def choose(
    drafts: Drafts,
    pool: npt.NDArray[np.intp],
    times: Times,
    max_loss: float,
    confidence: float,
) -> Chosen:
    """Return the slack that saves most time within the bound.

    Args:
        drafts: what was measured.
        pool: places of the pages that must not be lost, the nearest to being kept first.
        times: what a page costs.
        max_loss: the share of `pool` that may be lost.
        confidence: of that statement.
    """
    close = np.zeros(len(drafts), dtype=np.bool_)
    close[pool[: max(_CLOSE, int(drafts.kept[pool].sum()))]] = True
    pool = np.sort(pool)  # by a hash: the folds are drawn by lot
    needs, close = needed(drafts)[:, pool], close[pool]
    count, closest = len(pool), int(close.sum())
    levels = len(_WIDER) + len(_LOST)
    wrong = np.zeros((levels, 2), dtype=np.int64)
    for fold in range(min(_FOLDS, count)):
        out = np.arange(count) % _FOLDS == fold
        for level, slack in enumerate(_levels(drafts, needs[:, ~out], times)):
            gone = lost(needs[:, out], slack)
            wrong[level] += int(gone.sum()), int((gone & close[out]).sum())
    off = np.full(len(drafts.limits), math.inf)
    best, proved = (
        Chosen(off, 0, count, 0, closest, True),
        at_most(0, count, confidence) <= max_loss,
    )
    least = times.of(drafts, off)
    for level, slack in enumerate(_levels(drafts, needs, times)):
        every, near = wrong[level].tolist()
        high = at_most(every, count, confidence) if proved else every / max(1, count)
        if high > max_loss or near > max_loss * closest:
            break
        seconds = times.of(drafts, slack)
        if seconds < least:
            least, best = seconds, Chosen(slack, every, count, near, closest, proved)
    return best


def lost(needs: Floats, slack: Floats) -> Mask:
    """Return which pages a slack loses."""
    found: Mask = np.logical_or.reduce(needs >= slack[:, None], axis=0)
    return found


@dataclass(frozen=True)
class Times:
    """Seconds that one page costs."""

    draft: float
    second: float
    """For those that the first draft would drop; 0: there is no second one."""
    final: float
    stages: Sequence[tuple[str, float, bool]]
    """Each stage of the screen on one draft, and whether it must run where a later one judges."""

    def of(self, drafts: Drafts, slack: Floats) -> float:
        """Return the seconds that all pages cost with a screen of that slack; none: no drafts."""
        rows: dict[str, list[int]] = {name: [] for name, _, _ in self.stages}
        for place in np.flatnonzero(np.isfinite(slack)):
            rows[drafts.limits[place].stage].append(int(place))
        last = max((n for n, (name, _, _) in enumerate(self.stages) if rows[name]), default=-1)
        if last < 0:
            return self.final * len(drafts)
        left = np.ones(len(drafts), dtype=np.bool_)
        total = self.draft * len(drafts)
        again = 2.0 if self.second else 1.0
        for name, seconds, always in self.stages[: last + 1]:
            if rows[name] or always:
                total += again * seconds * int(left.sum())
            if rows[name]:
                left &= ~(drafts.draft[rows[name]] >= slack[rows[name], None]).any(axis=0)
        passed = int(left.sum())
        return float(total + self.second * (len(drafts) - passed) + self.final * passed)


@dataclass(frozen=True)
class Way:
    """One way of drafting: by both drafts, or by one of them."""

    name: str
    """``both``, ``first`` or ``second``."""
    drafts: Drafts
    """With what decides as the draft, and no second one."""
    times: Times


def ways(drafts: Drafts) -> list[Way]:
    """Return the ways of drafting that were measured; a page misses by both what both miss by."""
    said = drafts.seconds
    stages = [(name, said[name], always) for name, always in drafts.always.items()]
    first = replace(drafts, second=None)
    found = [Way("first", first, Times(said["draft"], 0.0, said["final"], stages))]
    if drafts.second is not None:
        least = np.where(drafts.drafted, np.minimum(drafts.draft, drafts.second), drafts.second)
        both = Times(said["draft"], said["second"], said["final"], stages)
        other = Times(said["second"], 0.0, said["final"], stages)
        found.insert(0, Way("both", replace(first, draft=least), both))
        found.append(Way("second", replace(first, draft=drafts.second), other))
    return found


def _levels(drafts: Drafts, needs: Floats, times: Times) -> list[Floats]:
    """Return slacks for pages that need `needs`, tighter and tighter."""
    texts = np.array([limit.op == "in" for limit in drafts.limits], dtype=np.bool_)
    slack = np.maximum(needs.max(axis=1, initial=0.0), 0.0) + _LEAST
    gone = np.zeros(needs.shape[1], dtype=np.bool_)
    found: list[Floats] = []
    for share in _LOST:
        slack, gone = _tighter(drafts, needs, times, slack, gone, int(share * needs.shape[1]))
        kept = _pruned(drafts, times, slack)
        if not found:
            for factor in _WIDER:
                wide = np.where(texts, 1.0 - (1.0 - np.minimum(kept, 1.0)) / factor, kept * factor)
                found.append(_rounded(np.where(np.isinf(kept), math.inf, wide), texts))
        found.append(_rounded(kept, texts))
    return found


def _tighter(
    drafts: Drafts, needs: Floats, times: Times, slack: Floats, gone: Mask, most: int
) -> tuple[Floats, Mask]:
    """Lower slacks, at the cost of at most `most` pages, where each page saves most."""
    now = times.of(drafts, slack)
    while True:
        best: tuple[float, float, Floats, Mask] | None = None
        for place in np.flatnonzero(np.isfinite(slack)):
            own = np.where(gone, -math.inf, needs[place])
            values = np.unique(own[(own > 0) & (own < slack[place])])[::-1]
            for ahead in range(1, min(_AHEAD, len(values)) + 1):
                lower = slack.copy()
                lower[place] = (values[ahead] if ahead < len(values) else 0.0) + _LEAST
                out = gone | (own >= lower[place])
                extra = int(out.sum()) - int(gone.sum())
                if lower[place] >= slack[place] or not extra or int(out.sum()) > most:
                    continue
                seconds = times.of(drafts, lower)
                worth = (now - seconds) / extra
                if worth > 0 and (best is None or worth > best[0]):
                    best = (worth, seconds, lower, out)
        if best is None:
            return slack, gone
        _, now, slack, gone = best


def _pruned(drafts: Drafts, times: Times, slack: Floats) -> Floats:
    """Switch off the limits that save next to nothing: whole stages first, then single limits."""
    names = list(dict.fromkeys(limit.stage for limit in drafts.limits))
    groups = [
        np.array([limit.stage == name for limit in drafts.limits], dtype=np.bool_) for name in names
    ]
    singles = list(np.eye(len(drafts.limits), dtype=np.bool_))
    now = times.of(drafts, slack)
    for parts in (groups, singles):
        while True:
            tried = [
                (times.of(drafts, np.where(part, math.inf, slack)), n)
                for n, part in enumerate(parts)
                if np.isfinite(slack[part]).any()
            ]
            least, n = min(tried, default=(math.inf, -1))
            if least > now * (1 + _WORTH):
                break
            slack = np.where(parts[n], math.inf, slack)
            now = min(now, least)
    return slack


def _rounded(slack: Floats, texts: Mask) -> Floats:
    """Return the next larger numbers of three digits; scores of 1 and more: off."""
    found = np.array([_above(value) for value in slack.tolist()])
    found[texts & (found > 1.0)] = math.inf
    return found


def _above(value: float) -> float:
    """Return the least number of three digits that is larger.

    >>> _above(1.2344), _above(0.0), _above(41.0)
    (1.24, 1e-06, 41.1)
    """
    if math.isinf(value):
        return value
    if value < 1e-6:
        return 1e-6
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{(math.floor(value / unit + 1e-9) + 1) * unit:.12g}")
