"""Pictures of a trained model, as SVG drawn by hand: no plotting library, no scripts, no fonts.

Light and dark after the reader's preference. What it does not do: compute a figure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count

from webfilter.score.training import HeadReport, Step

__all__ = [
    "learning_curve",
    "pictures",
    "precision_recall",
    "reliability",
    "score_histogram",
    "stems",
]

_STYLE = """
svg{--paper:#fcfbf9;--ink:#1c2024;--soft:#5d646d;--line:#e5e2dc;--one:#1f6f78;--two:#b0762a;
font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
@media (prefers-color-scheme:dark){svg{--paper:#15181b;--ink:#e8e5df;--soft:#a0a6ad;--line:#2c3136;
--one:#56b3b7;--two:#e5b35a}}
.paper{fill:var(--paper)}text{fill:var(--soft)}.title{fill:var(--ink);font-weight:650;
font-size:15px}.grid{stroke:var(--line)}.axis{stroke:var(--soft)}.ideal{stroke:var(--soft);
stroke-dasharray:4 3}path{fill:none;stroke-width:2}.one{stroke:var(--one)}.two{stroke:var(--two)}
.three{stroke:var(--soft);stroke-width:1.5}.dot{fill:var(--one);fill-opacity:.85}
.bar1{fill:var(--one)}.bar2{fill:var(--two)}.t1{fill:var(--one);font-weight:600}
.t2{fill:var(--two);font-weight:600}
"""
_WIDTH, _HEIGHT = 560, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 110, 52, 52


@dataclass(frozen=True)
class _Plot:
    """A frame with linear axes."""

    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point in pixels."""
        (x0, x1), (y0, y1) = self.x, self.y
        across = (x - x0) / (x1 - x0) * (_WIDTH - _LEFT - _RIGHT)
        up = (y - y0) / (y1 - y0) * (_HEIGHT - _TOP - _BOTTOM)
        return _LEFT + across, _HEIGHT - _BOTTOM - up

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> str:
        """Return a line through points."""
        places = (self.at(*point) for point in points)
        d = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        return f'<path class="{kind}" d="M{d}"/>' if points else ""

    def frame(self, title: str, across: str, up: str, *, percent: bool = False) -> str:
        """Return title, axes, grid and their captions."""
        parts = [f'<text class="title" x="{_LEFT}" y="28">{escape(title)}</text>']
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        for value in _ticks(*self.y):
            y = self.at(self.x[0], value)[1]
            said = f"{100 * value:.0f} %" if percent else _said(abs(value))
            parts.append(
                f'<path class="grid" style="stroke-width:1" d="M{_LEFT} {y:.1f}H{right}"/>'
                f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{said}</text>'
            )
        for value in _ticks(*self.x):
            x = self.at(value, self.y[0])[0]
            parts.append(
                f'<path class="axis" style="stroke-width:1" d="M{x:.1f} {bottom}v5"/>'
                f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{_said(value)}</text>'
            )
        middle = (_LEFT + right) / 2
        parts.append(
            f'<path class="axis" style="stroke-width:1" d="M{_LEFT} {bottom}H{right}"/>'
            f'<text x="{middle}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>'
            f'<text x="{_LEFT}" y="44">{escape(up)}</text>'
        )
        return "".join(parts)


def pictures(heads: Sequence[HeadReport], learning: Sequence[Step] = ()) -> Mapping[str, str]:
    """Return file names and their SVG: three pictures a head, and the learning curve if any."""
    found = {}
    for head, stem in zip(heads, stems([head.name for head in heads]), strict=True):
        found[f"{stem}-reliability.svg"] = reliability(head)
        found[f"{stem}-scores.svg"] = score_histogram(head)
        found[f"{stem}-thresholds.svg"] = precision_recall(head)
    if learning:
        found["learning-curve.svg"] = learning_curve(learning)
    return found


def stems(names: Sequence[str]) -> list[str]:
    """Return a distinct beginning of file names for each head.

    >>> stems(["clean", "good / bad", "Good bad"])
    ['clean', 'good_bad', 'Good_bad_2']
    """
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "head"
        stem = next(
            s for n in count(1) if (s := plain if n == 1 else f"{plain}_{n}").lower() not in taken
        )
        taken.add(stem.lower())
        found.append(stem)
    return found


def reliability(head: HeadReport) -> str:
    """Return mean label against mean score, by bin; a calibrated model lies on the broken line."""
    plot = _Plot((0, head.top), (0, head.top))
    most = max((b.count for b in head.bins), default=1)
    parts = [
        plot.frame(f"{head.name}: reliability", "mean score", "mean label"),
        plot.path([(0, 0), (head.top, head.top)], "ideal"),
    ]
    parts += [_note(plot, head.top, head.top, "calibrated")]
    for b in head.bins:
        x, y = plot.at(b.score, b.label)
        radius = 3 + 9 * math.sqrt(b.count / most)
        parts.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
            f"<title>{b.count:,} texts: score {b.score:.2f}, label {b.label:.2f}</title></circle>"
        )
    said = f"error {head.calibration_error:.3f}"
    parts.append(_note(plot, head.top, 0.14 * head.top, said))
    parts.append(_note(plot, head.top, 0.08 * head.top, f"{head.labels:,} texts"))
    parts.append(_note(plot, head.top, 0.02 * head.top, "area: count"))
    return _svg(f"Reliability diagram of {head.name}", parts)


def score_histogram(head: HeadReport) -> str:
    """Return how many texts have which score (above the line) and which label (below)."""
    total = max(1, head.labels)
    shares = [
        [n / total for n in counts] for counts in (head.score_histogram, head.label_histogram)
    ]
    up, down = (max(0.01, *row) for row in shares)
    plot = _Plot((0, head.top), (-1.05 * down, 1.05 * up))
    parts = [_bars_frame(plot, f"{head.name}: scores and labels")]
    step = head.top / 10
    for kind, sign, row in (("bar1", 1, shares[0]), ("bar2", -1, shares[1])):
        for place, share in enumerate(row):
            if share:
                x0, y0 = plot.at(place * step, max(0.0, sign * share))
                x1, y1 = plot.at((place + 1) * step, min(0.0, sign * share))
                parts.append(
                    f'<rect class="{kind}" x="{x0 + 1:.1f}" y="{y0:.1f}" '
                    f'width="{x1 - x0 - 2:.1f}" height="{max(0.5, y1 - y0):.1f}"/>'
                )
    x, y = plot.at(head.top, 0)
    parts.append(f'<path class="axis" style="stroke-width:1" d="M{_LEFT} {y:.1f}H{x:.1f}"/>')
    parts.append(f'<text class="t1" x="{x + 10:.1f}" y="{y - 10:.1f}">scores</text>')
    parts.append(f'<text class="t2" x="{x + 10:.1f}" y="{y + 20:.1f}">labels</text>')
    return _svg(f"Histogram of scores and labels of {head.name}", parts)


def precision_recall(head: HeadReport) -> str:
    """Return what a threshold of the score does for finding labels of half the top or more."""
    plot = _Plot((0, head.top), (0, 1))
    title = f"{head.name}: finding labels of {head.top / 2:g} or more"
    parts = [plot.frame(title, "threshold of the score", "share", percent=True)]
    named = (("precision", "one", "t1"), ("recall", "two", "t2"), ("kept", "three", ""))
    for place, (name, kind, tone) in enumerate(named):
        points = [
            (at, getattr(found, name))
            for at, found in head.sweep
            if found.kept or name != "precision"
        ]
        parts.append(plot.path(points, kind))
        parts.append(_note(plot, head.top, 0.97 - 0.07 * place, name, tone))
    x, _ = plot.at(head.top / 2, 0)
    parts.append(
        f'<path class="ideal" style="stroke-width:1" d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>'
    )
    return _svg(f"Precision and recall of {head.name} by threshold", parts)


def learning_curve(steps: Sequence[Step]) -> str:
    """Return kappa and Pearson of the first head against the number of texts trained on."""
    plot = _Plot((0, max(step.texts for step in steps)), (0, 1))
    parts = [plot.frame("Learning curve", "texts trained on", "first head, held out")]
    lines = (("pearson", "one", "t1"), ("kappa", "two", "t2"))
    for place, (name, kind, tone) in enumerate(lines):
        points = [
            (float(step.texts), max(0.0, step.figures[name]))
            for step in steps
            if math.isfinite(step.figures[name])
        ]
        parts.append(plot.path(points, kind))
        last = f" {points[-1][1]:.2f}" if points else ""
        parts.append(_note(plot, plot.x[1], 0.97 - 0.07 * place, name + last, tone))
    return _svg("Learning curve", parts)


def _bars_frame(plot: _Plot, title: str) -> str:
    framed = plot.frame(title, "score or label", "share of texts", percent=True)
    return framed.replace(">-", ">")  # shares below the line are shares too


def _note(plot: _Plot, x: float, y: float, text: str, tone: str = "") -> str:
    left, top = plot.at(x, y)
    return f'<text class="{tone}" x="{left + 10:.1f}" y="{top + 4:.1f}">{escape(text)}</text>'


def _svg(label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"<style>{_STYLE.strip()}</style>"
        f'<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}"/>{"".join(parts)}</svg>\n'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return four to ten round numbers from `low` to `high`."""
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _said(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.6g}"
