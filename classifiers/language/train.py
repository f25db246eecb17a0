"""Trains, quantizes and calibrates the embedded language model.

    python classifiers/language/train.py DATA [--out DIR] [--seed N]

DATA holds the three `.jsonl.xz` files that `data.py` names. Writes `language.ftz` and
`manifest.json`. One thread, so the same data and seed give the same bytes (with the same
fasttext-community and libm). About three minutes on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

sys.path.insert(0, str(Path(__file__).parent))
from data import Example, cut, examples
from nonlanguage import generate

from webfilter.language.prepare import prepare
from webfilter.language.scripts import main_script

HERE = Path(__file__).parent
SIZES = (20, 40, 60, 100, 150, 250, 450)
LENGTHS = (25, 60, 150, None)
"""Upper ends of the calibration tables, in characters of the prepared text."""


def load_examples(folder: Path, config: Mapping[str, Any], part: Any) -> dict[str, list[Example]]:
    """Return the examples of `part` by label, in file order."""
    by: dict[str, list[Example]] = defaultdict(list)
    for example in examples(folder, config["data"]["sources"], part):
        by[example.label].append(example)
    wanted = set(config["data"]["scarce"]) - set(by)
    for example in examples(folder, ["udhr"], part):
        if example.label in wanted:
            by[example.label].append(example)
    return dict(by)


def lines_of(
    found: Sequence[Example], counts: Mapping[str, int], rng: random.Random
) -> Iterator[str]:
    """Yield training texts for one label, of many lengths."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for example in found:
        kinds["scarce" if example.source == "udhr" else example.kind].append(example.text)
    for _ in range(counts["web"] if kinds["text"] else 0):
        yield cut(rng.choice(kinds["text"]), rng.choice(SIZES), rng)
    for _ in range(counts["scarce"] if kinds["scarce"] else 0):
        yield cut(rng.choice(kinds["scarce"]), rng.choice(SIZES), rng)
    for _ in range(counts["sentences"] if kinds["sentences"] else 0):
        text = rng.choice(kinds["sentences"])
        yield cut(text, rng.choice((20, 40, 60)), rng) if rng.random() < 0.3 else text
    words = kinds["single-words"] or kinds["word-pairs"]
    for _ in range(counts["words"] if words else 0):
        number = rng.choice((1, 1, 2, 2, 3, 4))
        if number == 2 and kinds["word-pairs"]:
            yield rng.choice(kinds["word-pairs"])
        else:
            yield " ".join(rng.choice(words) for _ in range(number))


def training_lines(by: Mapping[str, Sequence[Example]], config: Mapping[str, Any]) -> list[str]:
    """Return the shuffled lines for fastText."""
    rng, counts = random.Random(config["seed"]), config["lines"]
    rows = [(label, text) for label in sorted(by) for text in lines_of(by[label], counts, rng)]
    words = [word for _, text in rows[::50] for word in text.split()[:3]]
    rows += [("und", text) for _, text in generate(counts["none"], rng, words)]
    rng.shuffle(rows)
    found = []
    for label, text in rows:
        line = prepare(text.upper() if rng.random() < counts["upper"] else text)
        if line:
            found.append(f"__label__{label} {line}\n")
    return found


def scripts_of(by: Mapping[str, Sequence[Example]]) -> dict[str, list[str]]:
    """Return the scripts that at least a tenth of each label's texts are written in."""
    found = {}
    for label in sorted(by):
        counts = Counter(main_script(example.text) for example in by[label])
        total = sum(counts.values())
        found[label] = sorted(s for s, n in counts.items() if s is not None and n >= total / 10)
    # Han alone may be Japanese or any Chinese, and Hangul goes with Han
    for label, more in {"ja": "Hani", "zh_Hans": "Hani", "zh_Hant": "Hani", "yue": "Hani"}.items():
        found[label] = sorted({*found.get(label, ()), more})
    return {**found, "und": []}


def calibration(
    model: Any, by: Mapping[str, Sequence[Example]], config: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return one monotone table a length: from raw softmax to the share that is right."""
    rng = random.Random(config["seed"] + 1)
    rows = [
        (label.partition("_")[0], prepare(text))
        for label in sorted(by)
        for text in lines_of(by[label], {k: max(1, v // 20) for k, v in _counts(config)}, rng)
    ]
    rows += [("und", prepare(text)) for _, text in generate(400, rng)]
    rows = [(code, line) for code, line in rows if line]
    labels, scores = model.predict([line for _, line in rows], k=1)
    right = np.array(
        [
            names[0][9:].partition("_")[0] == code
            for (code, _), names in zip(rows, labels, strict=True)
        ]
    )
    raw = np.clip([float(values[0]) for values in scores], 0, 1)
    lengths = np.array([len(line) for _, line in rows])
    tables, low = [], 0
    knots = np.concatenate([np.linspace(0, 0.9, 10), [0.95, 0.98, 0.99, 0.999, 1.0]])
    for high in LENGTHS:
        of = (lengths > low) & (lengths <= (high or 10**9))
        fit = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(raw[of], right[of])
        # read the steps off as the mean around each knot, so that few points make no cliff
        width = np.diff(knots, prepend=0, append=1)
        grid = [
            float(np.mean(fit.predict(np.linspace(max(k - a / 2, 0), min(k + b / 2, 1), 9))))
            for k, a, b in zip(knots, width[:-1], width[1:], strict=True)
        ]
        table = {
            "up_to": high,
            "texts": int(of.sum()),
            "raw": [round(float(k), 4) for k in knots],
            "probability": [round(p, 4) for p in np.maximum.accumulate(grid)],
        }
        tables.append(table)
        low = high or low
    return tables


def _counts(config: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(k, v) for k, v in config["lines"].items() if isinstance(v, int)]


def main() -> None:
    """Train on the folder given, and write the model and its manifest."""
    import fasttext

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the .jsonl.xz files")
    default = HERE.parents[1] / "src" / "webfilter" / "language" / "models"
    parser.add_argument("--out", type=Path, default=default)
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    options = parser.parse_args()
    config = tomllib.loads((HERE / "config.toml").read_text("utf-8"))
    if options.seed is not None:
        config["seed"] = options.seed
    started = time.perf_counter()

    by = load_examples(options.data, config, "train")
    lines = training_lines(by, config)
    print(f"{len(lines):,} lines, {len(by) + 1} labels, {time.perf_counter() - started:.0f} s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("".join(lines), "utf-8")
        common = {"thread": 1, "verbose": 0}
        model = fasttext.train_supervised(
            str(path), seed=config["seed"], **config["model"], **common
        )
        print(f"trained, {time.perf_counter() - started:.0f} s")
        model.quantize(input=str(path), **config["quantize"], **common)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "language.ftz"
    model.save_model(str(file))
    data = file.read_bytes()
    card = {
        "file": file.name,
        "version": config["version"],
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "trained": {
            "with": f"fasttext-community {version('fasttext-community')}",
            "lines": len(lines),
            "config": config,
        },
        "labels": scripts_of(by),
        "calibration": calibration(model, load_examples(options.data, config, "calibrate"), config),
    }
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (options.out / "manifest.json").write_text(text + "\n", "utf-8")
    print(f"{len(data):,} bytes, {time.perf_counter() - started:.0f} s: {file}")


if __name__ == "__main__":
    main()
