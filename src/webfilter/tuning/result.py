"""What tuning found: limits with the evidence for each, and the pipeline that has them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from webfilter.errors import OutputError, because
from webfilter.report.figures import aligned, label, limit, number, share, visible
from webfilter.stage import SIGNS
from webfilter.tuning.evidence import Share
from webfilter.tuning.knobs import Knob

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline

__all__ = ["Counts", "Effect", "Histogram", "Profile", "Proposal", "Tuning"]


Status = Literal[
    "proposed", "needless", "no room", "no gain", "no difference", "constant", "undefined"
]
REMARKS: Mapping[Status, str] = {
    "proposed": "",
    "needless": "adds too little beside the others, within the loss",
    "no room": "costs more than the loss allows",
    "no gain": "removes too little, or no more than chance could",
    "no difference": "the tail of bad is no longer than that of good",
    "constant": "the same value everywhere",
    "undefined": "undefined everywhere",
}


@dataclass(frozen=True)
class Histogram:
    """One signal on both corpora, in the same bins; the outermost bins hold all that is beyond."""

    edges: tuple[float, ...]
    ends: tuple[float, float]
    """The values at both ends, as a person would name them."""
    good: tuple[float, ...]
    """Share of all good documents in each bin."""
    bad: tuple[float, ...]
    undefined: tuple[float, float] = (0.0, 0.0)
    """Share of good and of bad documents without a value."""


@dataclass(frozen=True)
class Proposal:
    """What was found for one limit of the pipeline."""

    knob: Knob
    """The limit: stage, field, signal, and how they compare."""
    status: Status
    """``proposed``, or why not."""
    proposed: float | None = None
    """The limit to set; None: it was not proposed."""
    interval: tuple[float, float] | None = None
    """95 % bootstrap interval of the limit. Where no good document may be lost it is one-sided:
    no sample has a value beyond the most extreme one."""
    gain: tuple[float, float] | None = None
    """95 % bootstrap interval of bad removed minus good lost, by this limit alone, in shares."""
    good_lost: Share | None = None
    """Share of the good corpus that this limit alone removes, on the half held out."""
    bad_removed: Share | None = None
    """The same of the bad corpus."""
    distance: float = 0.0
    """The most that any limit on this side could remove of bad beyond its loss of good, 0 to 1."""
    histogram: Histogram | None = field(default=None, repr=False)

    def said(self, value: float | None) -> str:
        """Return a limit in words, such as ``>= 50``; ``min off`` or ``max off`` for none."""
        if value is None or value == self.knob.off:
            return "min off" if self.knob.sign > 0 else "max off"
        return f"{SIGNS[self.knob.op]} {limit(value)}"

    @property
    def remark(self) -> str:
        """Why there is no proposal; empty where there is one."""
        return REMARKS[self.status]


@dataclass(frozen=True)
class Effect:
    """What all limits together keep of those documents that come to them, on the half held out."""

    good: Share
    bad: Share

    def __add__(self, other: Effect) -> Effect:
        return Effect(self.good + other.good, self.bad + other.bad)


@dataclass(frozen=True)
class Counts:
    """Documents of one corpus."""

    chosen_on: int
    """Those that limits were chosen on."""
    held_out: int
    """Those that their effect was measured on."""
    gone: Mapping[str, int] = field(default_factory=dict)
    """Dropped by what is not tuned, by stage: they took no part."""
    failed: Mapping[str, int] = field(default_factory=dict)
    """Those that a stage or the reader broke on, by stage: they took no part."""

    @property
    def used(self) -> int:
        """Documents that took part."""
        return self.chosen_on + self.held_out


@dataclass(frozen=True)
class Profile:
    """The limits for one language, or for all documents."""

    proposals: tuple[Proposal, ...]
    """One for each limit of the pipeline: proposed ones first, then by distance."""
    before: Effect
    """What the limits as they were keep."""
    after: Effect
    """What the tuned limits keep."""
    good: Counts
    bad: Counts

    @property
    def limits(self) -> dict[Knob, float]:
        """The limits proposed."""
        return {p.knob: p.proposed for p in self.proposals if p.proposed is not None}


@dataclass(frozen=True)
class Tuning:
    """Limits that two corpora call for, and what they do."""

    pipe: Pipeline
    """The pipeline with the tuned limits."""
    pooled: Profile
    """The limits chosen on all documents; with profiles, those for all other languages. Only a
    language that neither corpus has, and whose macrolanguage has a profile, goes with that."""
    languages: Mapping[str, Profile]
    """The limits of each language that has its own."""
    few: Mapping[str, tuple[int, int]]
    """Languages with too few documents for limits of their own, which have the pooled ones: good
    and bad documents."""
    before: Effect
    """What the limits as they were keep of the half held out."""
    after: Effect
    """What the tuned limits keep, each document under the limits of its language."""
    max_loss: float
    """The loss of the good corpus that was allowed."""
    seed: int = 0
    warnings: tuple[str, ...] = ()
    """What a person should know before using the limits."""

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """Those of the pooled profile."""
        return self.pooled.proposals

    def to_toml(self) -> str:
        """Return the recipe of the tuned pipeline, with the evidence for each limit as comments.

        Raises:
            ConfigError: a stage is not in the catalogue.
        """
        profiles = {"all": self.pooled, **self.languages}
        about = f"{_headline(self)}; {_effect(self.after)} on documents held out"
        lines = ['name = "tuned"', f'about = "{about}"', ""]
        for name, profile in profiles.items():
            if len(profiles) > 1:
                lines.append(f"# {name}: {_effect(profile.after)}")
            lines += [f"# {line}" for line in _proposed(profile)]
        return "\n".join([*lines, "", self.pipe.to_toml()])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the recipe to `path`, or a page with the figures if that ends in ``.html``.

        Raises:
            OutputError: it cannot be written.
            ConfigError: a stage is not in the catalogue.
        """
        whole = Path(path)
        text = self.to_html() if whole.suffix == ".html" else self.to_toml()
        part = whole.with_name(whole.name + ".tmp")
        try:
            part.write_text(text, "utf-8", errors="replace", newline="\n")
            part.replace(whole)
        except OSError as error:
            raise OutputError(f"cannot write {os.fspath(path)!r}: {because(error)}") from error

    def __str__(self) -> str:
        parts = [f"{_headline(self)}; shares are of the documents held out", "", *_effects(self)]
        parts += ["", *_table(self.pooled)]
        for name, profile in self.languages.items():
            parts += [
                "",
                f"{visible(name)}: {_effect(profile.after)}",
                *_table(profile, brief=True),
            ]
        if self.few:
            said = ", ".join(f"{visible(n)} ({g:,} + {b:,})" for n, (g, b) in self.few.items())
            parts += ["", f"too few documents for limits of their own: {said}"]
        parts += [f"warning: {visible(text)}" for text in self.warnings]
        return "\n".join(parts)

    def to_html(self) -> str:
        """Return the findings as one page that needs nothing else: no scripts, no network."""
        from webfilter.tuning.page import tuning_page

        return tuning_page(self)

    def _repr_html_(self) -> str:
        from webfilter.tuning.page import tuning_fragment

        return tuning_fragment(self)


def _headline(tuning: Tuning) -> str:
    good, bad = (label(c.used, f"{n} document") for n, c in _sides(tuning.pooled))
    return f"tuned on {good} and {bad}, for a loss of at most {share(tuning.max_loss, 1)}"


def _sides(profile: Profile) -> tuple[tuple[str, Counts], tuple[str, Counts]]:
    return ("good", profile.good), ("bad", profile.bad)


def _effect(effect: Effect) -> str:
    return f"good kept {_percent(effect.good)}, bad kept {_percent(effect.bad)}"


def _percent(part: Share | None) -> str:
    return "" if part is None else share(part.count, part.of)


def ends(part: Share) -> str:
    """Return the interval of a share in percent, such as ``97.1 to 99.0 %``."""
    return f"{100 * part.low:.1f} to {100 * part.high:.1f} %"


def span(interval: tuple[float, float] | None) -> str:
    """Return the interval of a limit."""
    if interval is None:
        return ""
    low, high = (f"{end:.4g}" if abs(end) < 1000 else number(round(end)) for end in interval)
    return low if low == high else f"{low} to {high}"


def _effects(tuning: Tuning) -> list[str]:
    rows = [("", "good kept", "", "bad kept", "")]
    for name, effect in (("limits before", tuning.before), ("tuned limits", tuning.after)):
        cells = (name, _percent(effect.good), ends(effect.good))
        rows.append((*cells, _percent(effect.bad), ends(effect.bad)))
    return aligned(rows, right=range(1, 5))


def _proposed(profile: Profile) -> list[str]:
    return _table(profile, brief=True)


def _table(profile: Profile, brief: bool = False) -> list[str]:
    """Return the limits as lines; only those proposed, if `brief`."""
    head: Sequence[str] = (
        *("stage", "signal", "before", "tuned", "95 % interval"),
        *("good lost", "bad removed", "distance", ""),
    )
    rows = [
        (
            visible(p.knob.stage, 40),
            visible(p.knob.signal, 60),
            p.said(p.knob.current),
            p.said(p.proposed) if p.proposed is not None else "-",
            span(p.interval),
            _percent(p.good_lost),
            _percent(p.bad_removed),
            f"{p.distance:.3f}",
            p.remark,
        )
        for p in profile.proposals
        if p.status == "proposed" or not brief
    ]
    if not rows:
        return ["no limit proposed"]
    return aligned([head, *rows], right={5, 6, 7})
