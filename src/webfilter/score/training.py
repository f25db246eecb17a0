"""What a training run found, as data: `TrainingReport`, with one `HeadReport` for each head.

Every figure comes from group-wise cross-validation: of texts that the scoring model has seen
nothing of. What it does not do: format (`model_card` and `pictures` do).
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.score.figures import (
    Bin,
    Cut,
    Interval,
    agreement,
    at_cut,
    calibration,
    calibration_error,
    coverage,
)
from webfilter.score.validate import bounds, leaks

__all__ = ["Disagreement", "HeadReport", "Step", "TrainingReport", "flaws", "head_report"]

Floats = npt.NDArray[np.float64]
CUTS = (0.3, 0.5, 0.7)
"""Cuts that are reported, as shares of the top: 1.5, 2.5 and 3.5 of 5."""


@dataclass(frozen=True)
class Disagreement:
    """A text where score and label differ most."""

    id: str
    group: str
    label: float
    score: float
    low: float
    high: float
    """Ends of the interval."""
    text: str | None = None
    """Only where it was asked for."""


@dataclass(frozen=True)
class HeadReport:
    """One head, on texts held out."""

    name: str
    top: float
    labels: int
    """Texts with a label."""
    figures: Mapping[str, float]
    """Kappa, Pearson, Spearman, mean absolute error; NaN where not defined."""
    bounds: Mapping[str, tuple[float, float]]
    """95 % intervals of kappa and Pearson, by sampling groups."""
    cuts: Mapping[float, Cut]
    bins: tuple[Bin, ...]
    """Calibration."""
    calibration_error: float
    interval: Interval
    label_histogram: tuple[int, ...]
    """Labels in ten bins of 0 to `top`."""
    score_histogram: tuple[int, ...]
    sweep: tuple[tuple[float, Cut], ...]
    """51 thresholds of the score from 0 to `top`, for finding labels of half of it or more."""
    worst: tuple[Disagreement, ...]


@dataclass(frozen=True)
class Step:
    """One step of a learning curve."""

    texts: int
    """Texts trained on, mean of folds."""
    figures: Mapping[str, float]
    """Of the first head."""


@dataclass(frozen=True)
class TrainingReport:
    """What `EducationalTrainer.train` found and wrote; print it for a summary."""

    heads: tuple[HeadReport, ...]
    texts: int
    groups: int
    folds: int
    seed: int
    coverage_wanted: float
    """Share of labels that the interval is to hold."""
    settings: Mapping[str, float]
    texts_sha256: str
    labels_sha256: str
    model_sha256: str
    model_bytes: int
    unlabeled: int = 0
    warnings: tuple[str, ...] = ()
    learning: tuple[Step, ...] = ()
    """Learning curve, smallest first; empty unless asked for."""
    teacher: Mapping[str, Any] | None = None
    """What the teacher was found to change (`Distilled.to_dict`); None without one."""
    files: tuple[str, ...] = ()
    """Names of what was written to the folder."""

    def __getitem__(self, name: str) -> HeadReport:
        """Return the report of the head `name`."""
        for head in self.heads:
            if head.name == name:
                return head
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold; NaN becomes None."""
        found: dict[str, Any] = _plain(dataclasses.asdict(self))
        return found

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=True) + "\n"

    def __str__(self) -> str:
        lines = [
            f"{self.texts:,} texts in {self.groups:,} groups, {self.folds} folds by group, "
            f"seed {self.seed}"
        ]
        for head in self.heads:
            said = ", ".join(f"{name} {value:.3f}" for name, value in head.figures.items())
            lines.append(
                f"{head.name} 0-{head.top:g}: {said}, calibration error "
                f"{head.calibration_error:.3f}, interval holds {head.interval.holds:.3f}"
            )
        lines += [f"warning: {text}" for text in self.warnings]
        return "\n".join(lines)


def head_report(
    name: str,
    top: float,
    labels: Floats,
    scores: Floats,
    ends: Floats,
    groups: npt.NDArray[Any],
    ids: Sequence[str],
    *,
    worst: int = 20,
    texts: Sequence[str] | None = None,
    seed: int = 0,
) -> HeadReport:
    """Return every figure of one head from labels, held-out scores and interval ends."""
    known = ~np.isnan(labels)
    edges = np.linspace(0.0, top, 11)
    bins = calibration(labels, scores, top)
    distance = np.abs(np.where(known, labels, scores) - scores)
    order = [i for i in np.argsort(-distance, kind="stable")[:worst].tolist() if known[i]]
    return HeadReport(
        name=name,
        top=top,
        labels=int(known.sum()),
        figures=agreement(labels, scores, top),
        bounds=bounds(labels, scores, groups, top, seed),
        cuts={share * top: at_cut(labels, scores, share * top) for share in CUTS},
        bins=bins,
        calibration_error=calibration_error(bins),
        interval=coverage(labels, ends),
        label_histogram=tuple(np.histogram(labels[known], edges)[0].tolist()),
        score_histogram=tuple(np.histogram(scores[known], edges)[0].tolist()),
        sweep=tuple(
            (float(at), at_cut(labels, scores, top / 2, float(at)))
            for at in np.linspace(0, top, 51)
        ),
        worst=tuple(
            Disagreement(
                id=ids[i],
                group=str(groups[i]),
                label=float(labels[i]),
                score=float(scores[i]),
                low=float(ends[i, 0]),
                high=float(ends[i, 1]),
                text=None if texts is None else texts[i],
            )
            for i in order
        ),
    )


def flaws(
    texts: list[str],
    labels: Floats,
    groups: npt.NDArray[Any],
    alone: bool,
    heads: Sequence[HeadReport],
    wanted: float,
) -> list[str]:
    """Return what a reader of the figures should know.

    Args:
        texts: labeled texts.
        labels: shape (n, t).
        groups: shape (n,).
        alone: whether no groups were given.
        heads: what was measured.
        wanted: share of labels that an interval is to hold.
    """
    found = []
    if alone:
        found.append(
            "no groups were given: figures flatter where texts share a page, a site or a book"
        )
    shared = leaks(texts, groups)
    if shared:
        found.append(
            f"{shared:,} texts stand in more than one group too: held-out figures are flattered"
        )
    blank = sum(not text.strip() for text in texts)
    if blank:
        found.append(f"{blank:,} texts are blank: they score 0 and taught nothing")
    for t, head in enumerate(heads):
        known = labels[:, t][~np.isnan(labels[:, t])]
        if np.ptp(known) == 0:
            found.append(f"every label of {head.name!r} is {known[0]:g}: it learned a constant")
        elif head.labels < 300:
            found.append(f"{head.name!r} has {head.labels} labels: figures are rough, see brackets")
        if head.bounds["pearson"][0] <= 0:
            found.append(f"{head.name!r} may be no better than chance on groups held out")
        off = head.interval.holds - wanted
        if abs(off) > max(0.05, 1 / np.sqrt(len(known))) and np.ptp(known) > 0:
            found.append(
                f"the interval of {head.name!r} holds {head.interval.holds:.3f} of the labels, it "
                f"was to hold {wanted:g}"
            )
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
