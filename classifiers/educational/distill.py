"""Ask whether a slow encoder helps the fast model, and train with its help where it does.

    python classifiers/educational/distill.py train.jsonl.xz --encoder FOLDER --unlabeled more.jsonl

The encoder is a local folder of sentence-transformers (or a wheel that holds one); nothing is
fetched. Vectors are cached under `--cache`, so that an interrupted run goes on. `--limit` draws a
part of the labeled excerpts at random; `--hide` takes so many more of them as unlabeled texts.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import lzma
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from data import TARGETS, TOPS, read
from train import HERE, settings

from webfilter.score.teacher import Teacher
from webfilter.score.trainer import EducationalTrainer


def main() -> None:
    """Distill from the command line."""
    parser = argparse.ArgumentParser(description="Train the educational model with a teacher.")
    parser.add_argument("data", type=Path, help="labeled excerpts, .jsonl or .jsonl.xz")
    parser.add_argument("--encoder", type=Path, required=True, help="folder or wheel")
    parser.add_argument("--unlabeled", type=Path, help=".jsonl or .jsonl.xz with the key text")
    parser.add_argument("--out", type=Path, help="folder for model, card and pictures")
    parser.add_argument("--cache", type=Path, help="folder for vectors")
    parser.add_argument("--limit", type=int, help="labeled excerpts to use")
    parser.add_argument("--hide", type=int, default=0, help="more of them, without their labels")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, default=HERE / "config.toml")
    args = parser.parse_args()
    excerpts = read(args.data)
    order = np.random.default_rng(args.seed).permutation(len(excerpts))
    used = excerpts.take(order[: args.limit])
    more = [] if args.unlabeled is None else texts(args.unlabeled)
    if args.hide:
        more += excerpts.take(order[len(used) : len(used) + args.hide]).texts
    config = tomllib.loads(args.config.read_text(encoding="utf-8"))
    trainer = EducationalTrainer(TARGETS, TOPS, settings(config), args.seed)
    report = trainer.train(
        used.texts,
        used.labels,
        groups=used.groups,
        out=args.out,
        unlabeled=more,
        teacher=Teacher(encoder(args.encoder), args.cache, name=args.encoder.name),
        folds=args.folds,
    )
    found: Any = report.teacher
    print(f"{len(used):,} labeled, {len(more):,} unlabeled texts\n")
    print("| educational, held out | kappa | pearson | spearman | mae |\n" + "| --- " * 5 + "|")
    for row in found["rows"]:
        cells = " | ".join(f"{row[name]:.3f}" for name in ("kappa", "pearson", "spearman", "mae"))
        print(f"| {row['name']} | {cells} |")
    print(f"\n{found['verdict']}")


def encoder(path: Path) -> Any:
    """Return an encoder from a local path: sentence-transformers' where it is installed."""
    if path.is_dir() and importlib.util.find_spec("sentence_transformers"):
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(path))
    from encoder import Encoder

    return Encoder(path)


def texts(path: Path) -> list[str]:
    """Return the texts of a JSONL file."""
    data = path.read_bytes()
    lines = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8").split("\n")
    return [json.loads(line)["text"] for line in lines if line.strip()]


if __name__ == "__main__":
    main()
