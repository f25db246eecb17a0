"""Limits for one set of documents: chosen on one half of it, measured on the other."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from webfilter.tuning.choose import Demands, Offer, choose, fluke
from webfilter.tuning.evidence import Share, chance
from webfilter.tuning.histogram import histogram
from webfilter.tuning.knobs import Knob
from webfilter.tuning.measure import Corpus
from webfilter.tuning.result import Counts, Effect, Profile, Proposal, Status
from webfilter.tuning.tails import Tail, depths, most_gain, resampled

__all__ = ["Settings", "chosen_limits", "effect_of", "profiled"]


@dataclass(frozen=True)
class Settings:
    """How limits are chosen; see `webfilter.tuning.tune`."""

    demands: Demands
    others: Literal["off", "keep"]
    resamples: int
    seed: int


def profiled(tuned: Sequence[Knob], good: Corpus, bad: Corpus, settings: Settings) -> Profile:
    """Choose limits on one half of the documents; measure them on the other."""
    demands = settings.demands
    halves = [(side.part(side.chosen), side.part(~side.chosen)) for side in (good, bad)]
    (good_in, good_out), (bad_in, bad_out) = halves
    tails = [
        Tail.of(good_in.values[row], bad_in.values[row], knob.sign, knob.strict, knob.whole)
        for row, knob in enumerate(tuned)
    ]
    offers = [_offers(tail, demands) for tail in tails]
    taken = choose(tuned, offers, good_in.values, bad_in.values, demands)
    found = []
    for row, (knob, tail, offered) in enumerate(zip(tuned, tails, offers, strict=True)):
        whole = Tail.of(good.values[row], bad.values[row], knob.sign, knob.strict, knob.whole)
        shown = Proposal(
            knob,
            _status(tail, offered, row in taken, demands, fluke(offers)),
            distance=most_gain(whole),
            histogram=histogram(good.values[row], bad.values[row]),
        )
        offer = taken.get(row)
        if offer is not None:
            shown = _proposal(
                shown, tail, offer, good_out.values[row], bad_out.values[row], settings
            )
        found.append(shown)
    order = {row: place for place, row in enumerate(taken)}
    places = sorted(range(len(found)), key=lambda r: (order.get(r, len(found)), -found[r].distance))
    profile = Profile(
        tuple(found[row] for row in places),
        effect_of(tuned, good, bad, {knob: knob.current for knob in tuned}),
        Effect(Share(0, 0), Share(0, 0)),
        _counts(good, good_in),
        _counts(bad, bad_in),
    )
    after = effect_of(tuned, good, bad, chosen_limits(tuned, profile, settings))
    return replace(profile, after=after)


def _offers(tail: Tail, demands: Demands) -> list[Offer]:
    """Return the limits there are to choose from, the tightest first, each once."""
    found: dict[float, Offer] = {}
    if not tail.constant():
        for depth in depths(tail.good_size, demands.max_loss):
            limit = tail.limit(depth)
            if limit is not None:
                found[limit] = Offer(depth, limit)  # the least depth that gives it
    return [found[limit] for limit in sorted(found, reverse=True)]


def _status(
    tail: Tail, offers: Sequence[Offer], taken: bool, demands: Demands, luck: float
) -> Status:
    if taken:
        return "proposed"
    if not len(tail.good) + len(tail.bad):
        return "undefined"
    if tail.constant():
        return "constant"
    if not offers:
        return "no difference"
    costs = []
    for offer in offers:
        lost, removed = tail.removed(offer.limit)
        worth = removed / tail.bad_size - demands.min_lift * lost / tail.good_size
        likely = chance(removed, tail.bad_size, lost, tail.good_size)
        if worth >= demands.min_gain and likely <= luck:
            costs.append(lost + 1)
    if not costs:
        return "no gain"
    return "needless" if min(costs) <= demands.max_loss * tail.good_size + 1e-9 else "no room"


def _proposal(
    shown: Proposal,
    tail: Tail,
    offer: Offer,
    good: npt.NDArray[np.float64],
    bad: npt.NDArray[np.float64],
    settings: Settings,
) -> Proposal:
    knob = shown.knob
    rng = np.random.default_rng(
        [settings.seed, zlib.crc32(knob.name.encode("utf-8", "surrogatepass")), offer.depth]
    )
    again = resampled(tail, offer.depth, settings.resamples, rng)
    limit = knob.sign * offer.limit + 0.0  # no negative zero
    ends = np.quantile(knob.sign * again.limits, (0.025, 0.975), method="inverted_cdf").tolist()
    if knob.whole:
        limit, ends = int(limit), [int(end) for end in ends]
    gain = np.quantile(again.gains, (0.025, 0.975)).tolist()
    return replace(
        shown,
        proposed=limit,
        interval=(min(limit, ends[0]), max(limit, ends[1])),
        gain=(gain[0], gain[1]),
        good_lost=Share(int(knob.removes(good, limit).sum()), len(good)),
        bad_removed=Share(int(knob.removes(bad, limit).sum()), len(bad)),
    )


def chosen_limits(
    tuned: Sequence[Knob], profile: Profile, settings: Settings
) -> dict[Knob, float | None]:
    """Return what each limit is to be set to."""
    rest = {k: k.current if settings.others == "keep" else k.off for k in tuned}
    return {**rest, **profile.limits}


def effect_of(
    tuned: Sequence[Knob], good: Corpus, bad: Corpus, limits: dict[Knob, float | None]
) -> Effect:
    """Return what `limits` keep on the halves held out."""
    shares = []
    for side in (good, bad):
        held = side.part(~side.chosen)
        gone = np.zeros(len(held), dtype=np.bool_)
        for row, knob in enumerate(tuned):
            gone |= knob.removes(held.values[row], limits[knob])
        shares.append(Share(int((~gone).sum()), len(held)))
    return Effect(*shares)


def _counts(whole: Corpus, half: Corpus) -> Counts:
    return Counts(len(half), len(whole) - len(half), whole.gone, whole.failed)
