"""How what the encoder says and what the regression says are mixed, calibrated and judged.

    python classifiers/educational/mixing.py train.jsonl.xz --more MORE --pool POOL

All on the one fold by page that the encoder was trained without: a regression is trained without it
too, and the excerpts of the fold say how both go together. From the command line the packaged
reader is judged, without PyTorch; training (`reader.py`) does the same before it writes the file.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pool
import teacher
from data import TARGETS, TOPS, Excerpts, digest, read
from train import TEACHER, settings, train

from webfilter.score.calibrate import curve, same_length, spread
from webfilter.score.figures import agreement, at_cut, coverage
from webfilter.score.fit import Pseudo, folds
from webfilter.score.model import Model, along
from webfilter.score.packaged import load_reader
from webfilter.score.reader import Reader
from webfilter.score.readout import mix

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

BY, FOLD = "page", 1
"""The fold that the encoder must not see."""
BOUNDS = (0.5, 1.0, 1.5, 2.0, 2.25)
"""Of `Educational.read_from`, that figures are printed for."""


def main() -> None:
    """Judge the packaged reader from the command line."""
    args = inputs("Judge the packaged reader.").parse_args()
    config = tomllib.loads(args.config.read_text(encoding="utf-8"))
    judge(args.data, args.more, args.pool, args.teacher, config)


def inputs(about: str) -> argparse.ArgumentParser:
    """Return a parser of what training and judging both take."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("data", type=Path, help="labeled excerpts, .jsonl or .jsonl.xz")
    parser.add_argument("--more", type=Path, required=True, help="further excerpts (more.py)")
    parser.add_argument("--pool", type=Path, required=True, help="windows the teacher read")
    parser.add_argument("--teacher", type=Path, default=TEACHER, help="what it made of them")
    parser.add_argument("--config", type=Path, default=Path(__file__).parent / "config.toml")
    return parser


def judge(data: Path, more: Path, windows: Path, said: Path, config: Mapping[str, Any]) -> None:
    """Print the figures of the packaged reader."""
    weight = config["pool"]["weight"]
    seen, held, pseudo = parted(read(data, more), pool.read(windows, said), weight)
    regression, reader = train(seen, config, 0, pseudo), load_reader()
    calibrated(reader, reader.encode(held.texts), held, regression, config)


def parted(
    excerpts: Excerpts, windows: pool.Pool, weight: float
) -> tuple[Excerpts, Excerpts, Pseudo]:
    """Return the excerpts to learn from, those held out, and the windows that go with the former.

    Raises:
        SystemExit: the teacher's folds are of other excerpts.
    """
    if windows.excerpts != teacher.together([digest(text) for text in excerpts.texts]):
        raise SystemExit("the teacher's folds are of other excerpts than these")
    fold = folds(excerpts.labels[:, 0], excerpts.pages, pool.FOLDS, 0)
    away = set(excerpts.pages[fold == FOLD].tolist())
    seen = excerpts.take(np.flatnonzero(fold != FOLD))
    held = excerpts.take(np.flatnonzero((fold == FOLD) & excerpts.main))
    return seen, held, windows.without(BY, FOLD, away, weight)


def calibrated(
    reader: Reader, said: Floats, held: Excerpts, regression: Model, config: Mapping[str, Any]
) -> Reader:
    """Return the reader mixed with the regression's raw score and calibrated, and print figures.

    Both are fitted to excerpts that neither has seen. The figures are of scores, and the intervals
    of errors, that four fifths of these give for the last fifth.

    Args:
        reader: the encoder; how it is mixed and calibrated so far is forgotten.
        said: what the encoder says of the held excerpts on the scale of labels, shape (n, 4).
        held: excerpts that neither has seen.
        regression: trained without them.
        config: settings of the regression, as ``config.toml`` has them.
    """
    labels, raw = held.labels, regression.predict(held.texts).raw
    made, ones = settings(config), np.ones(len(held))
    fold = folds(labels[:, 0], held.pages, 5, 0)
    crossed, mixed, constants, curves, spreads = np.zeros(labels.shape), [], [], [], []
    for t, top in enumerate(TOPS):
        both = np.column_stack([said[:, t], raw[:, t]])

        def fitted(rows: Rows, t: int = t, both: Floats = both) -> tuple[Floats, Floats, Floats]:
            weights = mix(both[rows], labels[rows, t], ones[rows])
            found = both[rows] @ weights[:2] + weights[2]
            return weights, *curve(found, labels[rows, t], ones[rows], made.calibration_bins)

        for k in range(5):
            weights, xs, ys = fitted(np.flatnonzero(fold != k))
            away = np.flatnonzero(fold == k)
            found = both[away] @ weights[:2] + weights[2]
            crossed[away, t] = np.clip(along(found, xs, ys), 0.0, top)
        weights, xs, ys = fitted(np.arange(len(held)))
        mixed.append(weights[:2])
        constants.append(weights[2])
        curves.append((xs, ys))
        spreads.append(spread(crossed[:, t], labels[:, t], ones, made.calibration_interval))
    done = replace(
        reader,
        mixed=np.array(mixed),
        constant=np.array(constants),
        curve=same_length(curves, rise=0.05),
        spread=same_length(spreads, rise=0.0),
    )
    alone = regression.predict(held.texts).values
    ends = np.stack([done.intervals(crossed[:, t], t) for t in range(len(TARGETS))], axis=1)
    report(labels, {"regression": alone, "with the reader": crossed}, ends)
    for at in BOUNDS:
        some = np.where(alone[:, :1] >= at, crossed, alone)
        report(labels, {f"read from {at:g} ({(alone[:, 0] >= at).mean():.0%})": some})
    print("weights of reader and regression:", np.round(done.mixed, 2).tolist())
    return done


def report(labels: Floats, scores: Mapping[str, Floats], ends: Floats | None = None) -> None:
    """Print how well scores agree with labels."""
    for name, values in scores.items():
        print(f"\n{name}")
        for t, head in enumerate(TARGETS):
            found = agreement(labels[:, t], values[:, t], TOPS[t])
            print(f"| {head} | " + " | ".join(f"{key} {value:.3f}" for key, value in found.items()))
        for cut in (1.5, 2.5, 3.5):
            print(f"| F1 at {cut} | {at_cut(labels[:, 0], values[:, 0], cut).f1:.3f}")
    if ends is not None:
        for t, head in enumerate(TARGETS):
            print(f"| interval of {head} | {coverage(labels[:, t], ends[:, t])}")


if __name__ == "__main__":
    main()
