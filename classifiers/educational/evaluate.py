"""Measure the educational model: by group-wise cross-validation, or on a labeled file.

    python classifiers/educational/evaluate.py train.jsonl.xz --more MORE --pool POOL
    python classifiers/educational/evaluate.py --model other.jsonl.xz

The first cross-validates: it trains everything anew in each fold, vocabulary, calibration and
quantization included, and scores the held-out fold through the same code that the package runs.
`--by group` (default) holds out whole domains, books and sets; `--by page` keeps windows of a page
together. With `--pool`, windows of held-out places stay away and the others carry what a teacher
said that has not seen the fold either (calibration inside a fold sees its labels a little, through
the teacher). The second scores with the packaged model as it is.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pool
import teacher
from data import TARGETS, TOPS, Excerpts, digest, read
from train import HERE, TEACHER, train

from webfilter.score.figures import agreement, at_cut, calibration, coverage
from webfilter.score.fit import folds
from webfilter.score.model import Model
from webfilter.score.packaged import load

Floats = npt.NDArray[np.float64]
CUTS = (1.5, 2.5, 3.5)


def main() -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description="Measure the educational model.")
    parser.add_argument("data", type=Path, help="labeled excerpts, .jsonl or .jsonl.xz")
    parser.add_argument("--more", type=Path, help="further excerpts, to train on only (more.py)")
    parser.add_argument("--pool", type=Path, help="windows that the teacher read (more.py)")
    parser.add_argument("--teacher", type=Path, default=TEACHER, help="what it made of them")
    parser.add_argument("--model", action="store_true", help="score with the packaged model")
    parser.add_argument("--by", choices=("group", "page"), default="group")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, default=HERE / "config.toml")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    args = parser.parse_args()
    excerpts = read(args.data, args.more)
    if args.model:
        scores, ends = apply(load("educational"), excerpts.texts)
    else:
        config = tomllib.loads(args.config.read_text(encoding="utf-8"))
        windows = pool.read(args.pool, args.teacher) if args.pool else None
        scores, ends = cross_validate(excerpts, config, args.by, args.folds, args.seed, windows)
        excerpts = excerpts.take(np.flatnonzero(excerpts.main))
    found = figures(excerpts, scores, ends)
    print(json.dumps(found, indent=2) if args.json else table(found))


def apply(model: Model, texts: list[str]) -> tuple[Floats, Floats]:
    """Return scores, shape (n, 4), and the ends of their intervals, shape (n, 4, 2)."""
    scores = model.predict(texts).values
    return scores, np.stack([model.intervals(scores[:, t], t) for t in range(4)], axis=1)


def cross_validate(
    excerpts: Excerpts,
    config: Mapping[str, Any],
    by: str,
    count: int,
    seed: int,
    windows: pool.Pool | None = None,
) -> tuple[Floats, Floats]:
    """Return the same as `apply` for the main excerpts.

    Each is scored by a model that saw nothing of its group.

    Raises:
        SystemExit: the folds are not those of the windows' teachers.
    """
    if windows and (count, seed, windows.excerpts) != (
        pool.FOLDS,
        0,
        teacher.together([digest(text) for text in excerpts.texts]),
    ):
        raise SystemExit("the teacher's folds are 5, with seed 0, of other excerpts than these")
    groups = excerpts.groups if by == "group" else excerpts.pages
    fold = folds(excerpts.labels[:, 0], groups, count, seed)
    scores, ends = np.zeros((len(excerpts), 4)), np.zeros((len(excerpts), 4, 2))
    for k in range(count):
        pseudo = None
        if windows:
            away = set(groups[fold == k].tolist())
            pseudo = windows.without(by, k, away, config["pool"]["weight"])
        model = train(excerpts.take(np.flatnonzero(fold != k)), config, seed, pseudo)
        held = np.flatnonzero((fold == k) & excerpts.main)
        scores[held], ends[held] = apply(model, [excerpts.texts[i] for i in held])
    return scores[excerpts.main], ends[excerpts.main]


def figures(excerpts: Excerpts, scores: Floats, ends: Floats) -> dict[str, Any]:
    """Return every figure: by target, by cut, by source, and the calibration."""
    labels, main = excerpts.labels, excerpts.labels[:, 0]
    return {
        "excerpts": len(excerpts),
        "targets": {
            name: agreement(labels[:, t], scores[:, t], TOPS[t]) for t, name in enumerate(TARGETS)
        },
        "cuts": {str(cut): _cut(main, scores[:, 0], cut) for cut in CUTS},
        "calibration": [
            {"from": b.low, "count": b.count, "score": b.score, "label": b.label}
            for b in calibration(main, scores[:, 0], TOPS[0])
        ],
        "interval": {
            name: asdict(coverage(labels[:, t], ends[:, t])) for t, name in enumerate(TARGETS)
        },
        "sources": {
            str(name): _source(main[of], scores[of, 0])
            for name in np.unique(excerpts.sources)
            for of in [excerpts.sources == name]
        },
    }


def _cut(labels: Floats, scores: Floats, cut: float) -> dict[str, float]:
    found = at_cut(labels, scores, cut)
    return {
        "share": found.share,
        "f1": found.f1,
        "precision": found.precision,
        "recall": found.recall,
    }


def _source(labels: Floats, scores: Floats) -> dict[str, float]:
    return {
        "count": len(labels),
        "label": float(labels.mean()),
        "score": float(scores.mean()),
        "mae": float(np.abs(labels - scores).mean()),
        "kept": float((scores >= 2.5).mean()),
        "should": float((labels >= 2.5).mean()),
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    rows = [f"{found['excerpts']:,} excerpts"]
    for title in ("targets", "cuts", "sources"):
        rows += ["", _markdown(title, found[title])]
    error = sum(r["count"] * abs(r["score"] - r["label"]) for r in found["calibration"])
    rows += [
        "",
        _markdown("score", {f"{r['from']:g}-{r['from'] + 0.5:g}": r for r in found["calibration"]}),
    ]
    rows += [
        "",
        f"Expected calibration error {error / found['excerpts']:.3f}.",
        "",
        _markdown("interval", found["interval"]),
    ]
    return "\n".join(rows)


def _markdown(title: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    names = [name for name in next(iter(rows.values())) if name != "from"]
    lines = [f"| {title} | " + " | ".join(names) + " |", "| --- " * (len(names) + 1) + "|"]
    for key, row in rows.items():
        cells = (f"{row[n]:.3f}" if isinstance(row[n], float) else f"{row[n]:,}" for n in names)
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
