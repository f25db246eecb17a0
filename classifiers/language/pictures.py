"""Draws how far the score can be trusted: calibration by length, precision and recall of English.

    python classifiers/language/pictures.py DATA CRAWL [--model lid.176.ftz] [--cache FILE]
        [--each 60] [--out DIR]

DATA and CRAWL are the folders of `train.py` and `pages.py`. Writes `calibration.svg` (held-out
sentences of 20 to 300 characters in 75 languages; the area of a dot is the number of texts) and
`thresholds.svg` (what `min_score` does on the labelled crawl pages; pages half in another language
are left out), and prints their figures as Markdown. SVG by hand: no plotting library, no script.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from data import Example, examples
from evaluate import calibration_error
from lengths import of_length
from pages import labelled

from webfilter.codes import accepted
from webfilter.language.engines import Engine, engine

HERE = Path(__file__).parent
LENGTHS = (20, 50, 100, 300)
BINS = 15
MARKED = 0.65
THRESHOLDS = tuple(n / 100 for n in range(100))
_COLORS = ("#1f6f78", "#b0762a", "#7a4f9a")
_STYLE = (
    'svg{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}'
    "text{fill:#4d545c}.title{fill:#1c2024;font-weight:650;font-size:15px}"
    ".grid{stroke:#e5e2dc}.axis{stroke:#8a9098}.ideal{stroke:#8a9098;stroke-dasharray:4 3}"
    "path{fill:none}"
)


class Frame(NamedTuple):
    """A plot with linear axes, at a place on the picture."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a point."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + across * self.width, self.top + (1 - up) * self.height

    def axes(self, xs: Sequence[float], ys: Sequence[float], across: str, up: str) -> list[str]:
        """Return grid, ticks and captions."""
        right, bottom = self.left + self.width, self.top + self.height
        parts = []
        for value in ys:
            y = self.at(self.x[0], value)[1]
            parts.append(f'<path class="grid" d="M{self.left:.1f} {y:.1f}H{right:.1f}"/>')
            parts.append(_text(self.left - 8, y + 4, f"{value:g}", "end"))
        for value in xs:
            x = self.at(value, self.y[0])[0]
            parts.append(f'<path class="grid" d="M{x:.1f} {self.top:.1f}V{bottom:.1f}"/>')
            parts.append(_text(x, bottom + 18, f"{value:g}", "middle"))
        parts.append(f'<path class="axis" d="M{self.left:.1f} {bottom:.1f}H{right:.1f}"/>')
        parts.append(_text((self.left + right) / 2, bottom + 36, across, "middle"))
        parts.append(_text(self.left - 30, self.top - 10, up, "start"))
        return parts

    def line(self, points: Sequence[tuple[float, float]], color: str, width: float = 2) -> str:
        """Return a line through points."""
        path = "L".join("{:.1f} {:.1f}".format(*self.at(*point)) for point in points)
        return f'<path d="M{path}" stroke="{color}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'


def svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    """Return a whole picture on a light ground."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(label)}"><style>{_STYLE}</style>'
        f'<rect width="{width}" height="{height}" fill="#fcfbf9"/>{"".join(parts)}</svg>\n'
    )


class Reliability(NamedTuple):
    """How scores and truth agree on some texts."""

    name: str
    texts: int
    right: float
    error: float
    """Expected calibration error, 15 bins."""
    bins: list[tuple[float, float, int]]
    """Mean score, share that is right, texts."""


def reliability(name: str, found: Sequence[Example], with_: Engine) -> Reliability:
    """Measure `with_` on texts in the languages that it has."""
    able = [e for e in found if accepted({e.code}) & with_.languages]
    guesses = with_.predict([e.text for e in able])
    scores = np.array([g.probability or 0.0 for g in guesses])
    right = np.array([g.code in accepted({e.code}) for g, e in zip(guesses, able, strict=True)])
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    bins = [
        (float(scores[of].mean()), float(right[of].mean()), int(of.sum()))
        for of in (place == b for b in range(BINS))
        if of.any()
    ]
    error = calibration_error(scores.tolist(), right.tolist(), BINS)
    return Reliability(name, len(able), float(right.mean()), error, bins)


def calibration_picture(measured: Sequence[Reliability]) -> str:
    """Return four reliability diagrams beside each other; calibrated dots lie on the line."""
    parts = [_text(40, 30, "How often a score is right, by length of the text", extra=_TITLE)]
    ticks = (0, 0.25, 0.5, 0.75, 1)
    for place, one in enumerate(measured):
        frame = Frame(50 + 235 * place, 92, 185, 185, (0, 1), (0, 1))
        parts += frame.axes(ticks, ticks, "score", "")
        (x0, y0), (x1, y1) = frame.at(0, 0), frame.at(1, 1)
        parts.append(f'<path class="ideal" d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"/>')
        for score, right, count in one.bins:
            x, y = frame.at(score, right)
            radius = 2 + 9 * math.sqrt(count / one.texts)
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{_COLORS[0]}" '
                f'fill-opacity=".85"><title>{count:,} texts: score {score:.3f}, right '
                f"{right:.3f}</title></circle>"
            )
        said = f"{one.texts:,} texts, error {one.error:.3f}"
        parts.append(_text(frame.left, 60, one.name, extra=' style="fill:#1c2024"'))
        parts.append(_text(frame.left, 78, said))
    return svg(1000, 330, "Reliability diagrams of the language score by length", parts)


_TITLE = ' class="title"'
Curve = list[tuple[float, float, float, int, int]]
"""Threshold, precision, recall, pages kept, of them not English."""


def curve(with_: Engine, found: Sequence[tuple[str, str]]) -> Curve:
    """Return what each threshold does for finding English among (language, text)."""
    guesses = with_.predict([text for _, text in found])
    score = np.array([(g.probability or 0.0) if g.code == "en" else -1.0 for g in guesses])
    gold = np.array([code == "en" for code, _ in found])
    rows = []
    for limit in THRESHOLDS:
        kept = score > limit
        wrong = int((kept & ~gold).sum())
        precision = 1 - wrong / max(1, int(kept.sum()))
        rows.append((limit, precision, float(kept[gold].mean()), int(kept.sum()), wrong))
    return rows


def threshold_picture(curves: dict[str, Curve], pages: int) -> str:
    """Return precision against recall, a dot each tenth and a ring at the default."""
    least_p = min(row[1] for rows in curves.values() for row in rows)
    least_r = min(row[2] for rows in curves.values() for row in rows if row[0] <= 0.9)
    low_p = min(0.99, math.floor(least_p * 200) / 200)
    low_r = math.floor(least_r * 20) / 20
    frame = Frame(70, 90, 520, 300, (low_r, 1), (low_p, 1 + (1 - low_p) * 0.08))
    parts = [
        _text(40, 30, "English on real pages: precision against recall", extra=_TITLE),
        _text(40, 50, f"{pages:,} labelled crawl pages; dots: score > .0, .1 ... .9; ring: > .65"),
        *frame.axes(_ticks(low_r), _ticks(low_p), "recall of English pages", "precision"),
    ]
    for place, (name, rows) in enumerate(curves.items()):
        color = _COLORS[place]
        inside = [row for row in rows if row[2] >= low_r]
        parts.append(frame.line([(row[2], row[1]) for row in inside], color))
        for limit, precision, recall, kept, wrong in inside:
            x, y = frame.at(recall, precision)
            said = f"score > {limit:g}: precision {precision:.4f}, recall {recall:.4f}"
            title = f"<title>{said}, {kept:,} kept, {wrong} not English</title>"
            if limit == MARKED:
                parts.append(
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="none" stroke="{color}" '
                    f'stroke-width="2.5">{title}</circle>'
                )
            elif round(limit * 100) % 10 == 0:
                parts.append(
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}">{title}</circle>'
                )
        style = f' style="fill:{color};font-weight:600"'
        parts.append(_text(610, 120 + 22 * place, name, extra=style))
    return svg(740, 450, "Precision against recall of English by threshold", parts)


def _ticks(low: float) -> list[float]:
    step = next(s for s in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if (1 - low) / s <= 6)
    return [round(1 - n * step, 4) for n in range(int((1 - low) / step + 1e-9) + 1)][::-1]


def main() -> None:
    """Draw both pictures and print their figures."""
    parser = argparse.ArgumentParser(description="Draw calibration and threshold curves.")
    parser.add_argument("data", type=Path)
    parser.add_argument("crawl", type=Path)
    parser.add_argument("--model", type=Path, help="a fastText language model, beside ours")
    parser.add_argument("--cache", type=Path, help="file to keep the extracted texts in")
    parser.add_argument("--each", type=int, default=60, help="texts a language and length")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    ours = engine("embedded", None)

    print("| held-out texts | characters | texts | right | expected calibration error |")
    print("|---|---|---|---|---|")
    drawn = []
    for source in ("lingua_sentences", "udhr", "hplt2_weak"):
        found = [e for e in examples(options.data, [source], "test")
                 if e.kind in ("sentences", "text") and e.label != "sr_Latn"]  # fmt: skip
        for size in LENGTHS:
            texts = of_length(found, size, options.each)
            one = reliability(f"{size} characters", texts, ours)
            print(f"| {source} | {size} | {one.texts:,} | {one.right:.3f} | {one.error:.3f} |")
            drawn += [one] if source == "lingua_sentences" else []
    (options.out / "calibration.svg").write_text(calibration_picture(drawn), "utf-8")

    engines: dict[str, Engine] = {"embedded": ours}
    if options.model:
        engines[options.model.name] = engine("fasttext", options.model)
    found_pages = [row for row in labelled(options.crawl, options.cache) if row[0] != "mul"]
    curves = {name: curve(with_, found_pages) for name, with_ in engines.items()}
    picture = threshold_picture(curves, len(found_pages))
    (options.out / "thresholds.svg").write_text(picture, "utf-8")
    columns = " | ".join(f"{name}: precision | recall | not English" for name in curves)
    print(f"\n| score above | {columns} |\n|---|{'---|' * 3 * len(curves)}")
    for place, limit in enumerate(THRESHOLDS):
        if round(limit * 100) % 10 == 0 or limit in (MARKED, 0.95, 0.99):
            cells = " | ".join(
                f"{rows[place][1]:.4f} | {rows[place][2]:.4f} | {rows[place][4]}"
                for rows in curves.values()
            )
            print(f"| {limit:g} | {cells} |")


if __name__ == "__main__":
    main()
