"""Fit the slack of a cascade on a sample of pages: `fit_cascade`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from webfilter.errors import ConfigError
from webfilter.extract.cascade import Cascade
from webfilter.pipeline import Pipeline
from webfilter.report.exact import Counted, at_most
from webfilter.report.figures import aligned, label, number, remarks
from webfilter.stage import Stage, Step
from webfilter.tuning.drafts import Drafts, Limit, measured
from webfilter.tuning.recipe import save_recipe
from webfilter.tuning.slack import Chosen, Way, choose, lost, nearest, needed, ways

__all__ = ["CascadeFit", "Slack", "fit_cascade", "fitted"]

_DECIDES = {
    "both": "both drafts decide",
    "first": "the first draft decides",
    "second": "the second draft decides alone",
}
_SPARE = 2
"""Pages that may be lost when it is decided how many are looked at."""


@dataclass(frozen=True)
class Slack:
    """A limit that judges drafts."""

    limit: Limit
    slack: float
    dropped: int
    """Pages of the sample whose drafts miss it by more."""
    alone: int
    """Pages that no other limit would drop."""


@dataclass(frozen=True)
class CascadeFit:
    """A pipeline with a cascade, and what its slack rests on."""

    pipe: Pipeline
    """The pipeline to run."""
    drafts: str
    """What decides: ``both`` drafts (a page is dropped if both miss a limit), or the ``first`` or
    ``second`` alone; the fastest within the bound."""
    max_loss: float
    confidence: float
    slacks: tuple[Slack, ...]
    """The limits that judge drafts, in pipeline order; all others save next to nothing."""
    pages: int
    """Pages that took part."""
    kept: Counted
    """Pages dropped wrongly, of those that the pipeline keeps. The slack was chosen with them."""
    pool: Counted
    """Pages that would be, of those nearest to being kept, by slacks chosen without them."""
    close: Counted
    """The same of those that are kept, or of the hundred that come nearest to it."""
    at_most: float
    """The share of these that are lost, with the confidence asked for."""
    proved: bool
    """Whether the sample is large enough to state the bound at that confidence."""
    passed: int
    """Pages that are extracted with care."""
    speedup: float
    """How many times faster extraction and screen are expected to be, audit included."""
    gone: dict[str, int]
    """Documents that took no part, by stage."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known to trust it."""
        said = []
        if not self.slacks:
            said.append("no slack within the bound makes it faster: nothing judges drafts")
        elif not self.proved:
            need = _enough(self.max_loss, self.confidence, 0)
            said.append(
                f"{label(self.pool.of, 'page')} are too few to state {100 * self.max_loss:g} % "
                f"with confidence {self.confidence:g}, even if none is lost: it takes {need:,}; "
                "the slack was chosen by the share that was seen"
            )
        if self.kept.of < self.pool.of:
            said.append(
                f"only {label(self.kept.of, 'page')} of the sample are kept; the others of the "
                f"{self.pool.of:,} come nearest to it, taken as though they just reached the limits"
            )
        return tuple(said)

    def save(self, path: str | Path) -> None:
        """Write the pipeline as a recipe.

        Raises:
            ConfigError: it holds what no recipe can.
            OutputError: it cannot be written.
        """
        save_recipe(path, self.pipe, str(self))

    def __str__(self) -> str:
        lines = [
            f"{number(self.passed)} of {label(self.pages, 'page')} are extracted with care: "
            f"{self.speedup:.1f} times faster ({_DECIDES[self.drafts]})",
            f"wrongly dropped, of what is kept: {self.kept}",
            f"by slacks chosen without them, of the nearest to it: {self.close}",
            f"of the {self.pool.of:,} nearest: {self.pool}; "
            f"at most {100 * self.at_most:.2g} % with confidence {self.confidence:g}",
            "",
        ]
        cells: list[tuple[str, ...]] = [("limit", "", "slack", "dropped", "only by it")]
        for row in self.slacks:
            at = "" if row.limit.limit is None else f"{row.limit.limit:g}"
            cells.append(
                (row.limit.key, at, f"{row.slack:g}", number(row.dropped), number(row.alone))
            )
        lines += aligned(cells, right=range(1, 5)) if self.slacks else []
        return "\n".join([*lines, *([""] if self.notes else []), *remarks(self.notes)])


def fit_cascade(
    pipe: Pipeline,
    source: Any,
    *,
    max_loss: float = 0.01,
    confidence: float = 0.95,
    near: int | None = None,
    draft: Stage | None = None,
    audit: float = 0.01,
    seed: int = 0,
) -> CascadeFit:
    """Give `pipe` a cascade, with the least slack that a bound on wrongly dropped pages allows.

    Every page of the sample is drafted, extracted and measured, so it costs a little more than a
    run of the pipeline. Take pages as they come: some thousands, better so many that some hundreds
    are kept. Where few are kept, the pages nearest to it stand in for them, and it says so.

    Args:
        pipe: a pipeline with an `Extract`, or with a `Cascade`, whose stages are then used.
        source: pages, as HTML: whatever `webfilter.read` takes.
        max_loss: share of the pages kept that may be lost, between 0 and 1.
        confidence: with which that is stated, between 0 and 1.
        near: least number of pages that it is judged by; by default as many as it takes to state
            the bound if two of them are lost (some 800 for 1 %).
        draft: the fast extraction; see `Cascade`.
        audit: see `Cascade`.
        seed: see `Cascade`.

    Raises:
        ConfigError: a share is not between 0 and 1, or the pipeline has no extraction, no limits
            after it, or the sample no pages.
    """
    for name, value in (("max_loss", max_loss), ("confidence", confidence)):
        if not 0.0 < value < 1.0:
            raise ConfigError(f"fit_cascade: {name} = {value} is not between 0 and 1")
    cascades = [step for step in pipe.steps if isinstance(step, Cascade)]
    if not cascades or draft is not None:
        pipe = pipe.cascaded(draft=draft)
    asked = _changed(pipe, slack={}, default_slack=0.5, audit=audit, seed=seed)
    drafts = measured(asked, source, seed=seed)
    if not len(drafts):
        raise ConfigError("fit_cascade: the sample has no pages as HTML that reach the extraction")
    return fitted(asked, drafts, max_loss=max_loss, confidence=confidence, near=near, audit=audit)


def fitted(
    pipe: Pipeline,
    drafts: Drafts,
    *,
    max_loss: float = 0.01,
    confidence: float = 0.95,
    near: int | None = None,
    audit: float = 0.01,
) -> CascadeFit:
    """Return what `fit_cascade` does, for pages that were measured by a cascaded `pipe` before."""
    found = ways(drafts)
    sure = 1.0 - (1.0 - confidence) / len(found)  # each has its chance to look good by luck
    least = _enough(max_loss, sure, _SPARE) if near is None else near
    tried = [
        (way, choose(way.drafts, nearest(way.drafts, least), way.times, max_loss, sure))
        for way in found
    ]
    way, chosen = min(tried, key=lambda each: each[0].times.of(each[0].drafts, each[1].slack))
    return _fit(pipe, way, chosen, max_loss, confidence, sure, audit)


def _fit(
    asked: Pipeline,
    way: Way,
    chosen: Chosen,
    max_loss: float,
    confidence: float,
    sure: float,
    audit: float,
) -> CascadeFit:
    drafts, slack, times = way.drafts, chosen.slack, way.times
    active = np.flatnonzero(np.isfinite(slack))
    broken = drafts.draft[active] >= slack[active, None]
    by = broken.sum(axis=0)
    passed = int((by == 0).sum())
    audited = (len(drafts) - passed) * audit * times.final
    settings = {
        "slack": {drafts.limits[n].key: float(slack[n]) for n in active},
        "default_slack": 1.0,
    }
    return CascadeFit(
        pipe=Pipeline(tuple(_fitted(step, way.name, settings) for step in asked.steps)),
        drafts=way.name,
        max_loss=max_loss,
        confidence=confidence,
        slacks=tuple(
            Slack(drafts.limits[n], float(slack[n]), int(row.sum()), int((row & (by == 1)).sum()))
            for n, row in zip(active, broken, strict=True)
        ),
        pages=len(drafts),
        kept=_lost_of(drafts, slack),
        pool=Counted(chosen.wrong, chosen.pool),
        close=Counted(chosen.wrong_close, chosen.close),
        at_most=at_most(chosen.wrong, chosen.pool, sure),
        proved=chosen.proved,
        passed=passed,
        speedup=times.final * len(drafts) / (times.of(drafts, slack) + audited),
        gone=dict(drafts.gone),
    )


def _fitted(step: Step, name: str, settings: dict[str, Any]) -> Step:
    if not isinstance(step, Cascade):
        return step
    if name == "second" and step.second is not None:
        step = replace(step, draft=step.second)
    return replace(step, **settings) if name == "both" else replace(step, second=None, **settings)


def _lost_of(drafts: Drafts, slack: Any) -> Counted:
    kept = drafts.part(drafts.kept)
    return Counted(int(lost(needed(kept), slack).sum()), len(kept))


def _changed(pipe: Pipeline, **settings: Any) -> Pipeline:
    return Pipeline(
        tuple(replace(s, **settings) if isinstance(s, Cascade) else s for s in pipe.steps)
    )


def _enough(max_loss: float, confidence: float, spare: int) -> int:
    """Return of how many pages `spare` may be lost for the bound to hold.

    >>> _enough(0.01, 0.95, 0), _enough(0.01, 0.95, 2)
    (299, 628)
    """
    high = math.ceil((spare + 1) / max_loss)
    while at_most(spare, high, confidence) > max_loss:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if at_most(spare, middle, confidence) > max_loss:
            low = middle
        else:
            high = middle
    return high
