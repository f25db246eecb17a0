"""Train the packaged educational model: one command, the same bytes each time.

    python classifiers/educational/more.py DATA more.jsonl.xz --pool pool.jsonl.xz
    python classifiers/educational/train.py train.jsonl.xz --more more.jsonl.xz --pool pool.jsonl.xz

What is fitted, and how it is calibrated, is in ``webfilter/score/fit.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pool
import teacher
import written
from data import TARGETS, TOPS, Excerpts, digest, read

from webfilter.score.fit import Pseudo, Settings, fit
from webfilter.score.model import Model

HERE = Path(__file__).parent
TEACHER = HERE / "teacher.npz"
PACKAGE = HERE.parents[1] / "src" / "webfilter" / "score" / "models"


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Train the educational model.")
    parser.add_argument("data", type=Path, help="labeled excerpts, .jsonl or .jsonl.xz")
    parser.add_argument("--more", type=Path, help="further excerpts, to train on only (more.py)")
    parser.add_argument("--pool", type=Path, help="windows that the teacher read (more.py)")
    parser.add_argument("--teacher", type=Path, default=TEACHER, help="what it made of them")
    parser.add_argument("--out", type=Path, default=PACKAGE, help="folder for model and manifest")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, default=HERE / "config.toml")
    args = parser.parse_args()
    excerpts = read(args.data, args.more)
    config = tomllib.loads(args.config.read_text(encoding="utf-8"))
    pseudo = None
    if args.pool:
        windows = pool.read(args.pool, args.teacher)
        pseudo = windows.all(config["pool"]["weight"])
        if windows.excerpts != teacher.together([digest(text) for text in excerpts.texts]):
            print("not the teacher's excerpts: its folds are others, and intervals too narrow")
    read_by = args.teacher if args.pool else None
    model = train(excerpts, config, args.seed, pseudo)
    data = model.save()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "educational.npz").write_bytes(data)
    manifest = args.out / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    entries["educational"] = {
        "file": "educational.npz",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "trained_on": {
            "excerpts": len(excerpts),
            "windows": len(pseudo.texts) if pseudo else 0,
            "sha256": [
                hashlib.sha256(path.read_bytes()).hexdigest()
                for path in (args.data, args.more, args.pool, read_by, written.PATH)
                if path is not None
            ],
        },
        "seed": args.seed,
    }
    manifest.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{args.out / 'educational.npz'}: {len(data):,} bytes, {len(excerpts):,} excerpts")


def train(
    excerpts: Excerpts, config: Mapping[str, Any], seed: int = 0, pseudo: Pseudo | None = None
) -> Model:
    """Return a calibrated model; the same arrays for the same arguments."""
    weight = config["more"]["weight"]
    pseudo = written.joined(pseudo, config["written"]["weight"])
    return fit(
        excerpts.texts,
        excerpts.labels,
        groups=excerpts.groups,
        tops=TOPS,
        names=TARGETS,
        settings=settings(config),
        seed=seed,
        weights=np.where(excerpts.main, 1.0, weight),
        calibrating=excerpts.main,
        pseudo=pseudo,
    )


def settings(config: Mapping[str, Any]) -> Settings:
    """Return the settings of the regression: the other parts of the file are these scripts'."""
    return Settings.from_config(
        {key: value for key, value in config.items() if key not in ("pool", "more", "written")}
    )


if __name__ == "__main__":
    main()
