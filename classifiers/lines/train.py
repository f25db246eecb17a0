"""Fit how the limit of a fragment shrinks (`webfilter.heuristics.surroundings`).

    python classifiers/lines/train.py turku_lines.jsonl.xz

One JSON object a line: ``id``, ``lang``, ``lines``, ``line_labels`` (1 keep, 0 noise). Documents
are split in halves by a hash of their id; the first half tunes, the second is for reporting
(`benchmarks/lines.py`). The fit is a logistic regression of the label on the logarithm of a line's
width and its surroundings, every language with the same weight in all and a page with the root of
its lines. Divided by the weight of the width it gives the exponents of the limit; the length is
the one with the best mean F1 over the tuning half. Then the same with each language held out:
fitted on the others' tuning halves, measured on its reporting half.

The stage has the exponents rounded to .1; its length is 1,000, from where the mean F1 of
the tuning half is flat.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from webfilter.heuristics.lines import Lines
from webfilter.heuristics.surroundings import surroundings

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from lines import Labeled, is_tuning, read

Floats = npt.NDArray[np.float64]
LENGTHS = range(100, 2001, 100)


@dataclass(frozen=True)
class Examples:
    """The lines of some documents, one after the other."""

    features: Floats
    """Shape (n, 4): log of the width, running lines around, log of sentences after, own."""
    noise: npt.NDArray[np.bool_]
    removed: npt.NDArray[np.bool_]
    """What goes for other causes than being a fragment."""
    safe: npt.NDArray[np.bool_]
    """What is no fragment anywhere."""
    weights: Floats
    """So that each language has the same sum, and a page the root of its lines."""


def examples(docs: Sequence[Labeled]) -> Examples:
    """Measure `docs`."""
    stage = Lines(fragment_length=None)
    rows: list[tuple[float, float, float, float]] = []
    noise: list[bool] = []
    removed: list[bool] = []
    safe: list[bool] = []
    weights: list[float] = []
    for doc in docs:
        each = surroundings(doc.text)
        rows += [(np.log(s.width), s.running, log1p(s.after), float(s.own)) for s in each]
        noise += doc.noise
        safe += [s.safe for s in each]
        removed += [cause is not None for _, _, cause in stage.judge_lines(doc.text)]
        weights += [len(each) ** -0.5] * len(each)
    total = sum(weights)
    return Examples(
        np.array(rows),
        np.array(noise),
        np.array(removed),
        np.array(safe),
        np.array(weights) / total,
    )


def fit(parts: Sequence[Examples]) -> Floats:
    """Return the exponents: of running lines around, sentences after, own."""
    left = [~part.removed for part in parts]
    x = np.concatenate([part.features[keep] for part, keep in zip(parts, left, strict=True)])
    y = np.concatenate([part.noise[keep] for part, keep in zip(parts, left, strict=True)])
    w = np.concatenate([part.weights[keep] for part, keep in zip(parts, left, strict=True)])
    model = LogisticRegression(C=1e3, max_iter=1000).fit(x, y, sample_weight=w * len(w))
    found: Floats = model.coef_[0][1:] / -model.coef_[0][0]
    return found


def predict(part: Examples, exponents: Floats, length: float) -> npt.NDArray[np.bool_]:
    """Return which lines go."""
    limits = np.log(length) + part.features[:, 1:] @ exponents
    found: npt.NDArray[np.bool_] = part.removed | (~part.safe & (part.features[:, 0] < limits))
    return found


def f1(part: Examples, gone: npt.NDArray[np.bool_]) -> float:
    """Return the F1 of noise removal by line."""
    hits = np.count_nonzero(gone & part.noise)
    return 2 * hits / max(np.count_nonzero(gone) + np.count_nonzero(part.noise), 1)


def best_length(parts: Sequence[Examples], exponents: Floats) -> int:
    """Return the length with the best mean F1."""
    return max(
        LENGTHS,
        key=lambda length: np.mean([f1(p, predict(p, exponents, length)) for p in parts]),
    )


def main() -> None:
    """Print the exponents and the length, and F1 with each language held out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    docs = read(parser.parse_args().data)
    by_language: Mapping[str, Any] = {
        code: [doc for doc in docs if doc.language == code]
        for code in sorted({doc.language for doc in docs})
    }
    tuning = {c: examples([d for d in ds if is_tuning(d.id)]) for c, ds in by_language.items()}
    report = {c: examples([d for d in ds if not is_tuning(d.id)]) for c, ds in by_language.items()}
    exponents = fit(list(tuning.values()))
    length = best_length(list(tuning.values()), exponents)
    print(f"all tuning halves: exponents {exponents.round(2).tolist()}, length {length}\n")
    print("| held out | running | after | own | length | F1 on its reporting half |")
    print("| --- | --- | --- | --- | --- | --- |")
    scores: list[float] = []
    for code, part in report.items():
        others = [each for other, each in tuning.items() if other != code]
        found = fit(others)
        length = best_length(others, found)
        scores.append(f1(part, predict(part, found, length)))
        cells = " | ".join(f"{value:.2f}" for value in found)
        print(f"| {code} | {cells} | {length} | {scores[-1]:.3f} |")
    print(f"| mean | | | | | {np.mean(scores):.3f} |")


if __name__ == "__main__":
    main()
