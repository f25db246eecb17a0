"""Trains, quantizes and calibrates the embedded language model.

    python classifiers/language/train.py DATA [ENGLISH ...] [--out DIR] [--seed N]

DATA holds the three `.jsonl.xz` files that `data.py` names; ENGLISH are `.jsonl.xz` files of
English pages (`text`). Writes `language.ftz` and
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
from clean import clean
from data import Example, cut, english, examples
from nonlanguage import generate

from webfilter.language.prepare import prepare
from webfilter.language.scripts import main_script

HERE = Path(__file__).parent
SIZES = (20, 40, 60, 100, 150, 250, 450)
LENGTHS = (25, 60, 150, None)
"""Upper ends of the calibration tables, in characters of the prepared text."""


def load_examples(
    folder: Path, english_pages: Sequence[Path], config: Mapping[str, Any], part: Any
) -> dict[str, list[Example]]:
    """Return the examples of `part` by label, in file order."""
    by: dict[str, list[Example]] = defaultdict(list)
    for example in examples(folder, config["data"]["sources"], part):
        by[example.label].append(example)
    by["en"] += english(english_pages, part)
    wanted = set(config["data"]["scarce"]) | set(by)
    for example in examples(folder, ["udhr"], part):
        if example.label in wanted:
            by[example.label].append(example)
    return dict(by)


def lines_of(
    found: Sequence[Example], counts: Mapping[str, float], weight: float, rng: random.Random
) -> Iterator[str]:
    """Yield training texts for one label, of many lengths."""
    kinds: dict[str, list[str]] = defaultdict(list)
    names = {"udhr": "declaration", "english": "english"}
    for example in found:
        kinds[names.get(example.source, example.kind)].append(example.text)

    def times(name: str) -> range:
        return range(max(1, round(counts[name] * weight)))

    scarce = 1 if kinds["text"] or kinds["sentences"] else 4
    for name, kind in (("web", "text"), ("declaration", "declaration"), ("english", "english")):
        for _ in [*times(name)] * (scarce if name == "declaration" else 1) if kinds[kind] else ():
            yield cut(rng.choice(kinds[kind]), rng.choice(SIZES), rng)
    for _ in times("sentences") if kinds["sentences"] else ():
        text = rng.choice(kinds["sentences"])
        yield cut(text, rng.choice((20, 40, 60)), rng) if rng.random() < 0.3 else text
    words = kinds["single-words"] or kinds["word-pairs"]
    for _ in times("words") if words else ():
        number = rng.choice((1, 1, 2, 2, 3, 4))
        if number == 2 and kinds["word-pairs"]:
            yield rng.choice(kinds["word-pairs"])
        else:
            yield " ".join(rng.choice(words) for _ in range(number))


def texts_of(
    by: Mapping[str, Sequence[Example]], config: Mapping[str, Any], share: float, seed: int
) -> list[tuple[str, str]]:
    """Return shuffled pairs (label, text): a share of the configured counts of every label."""
    rng, counts = random.Random(seed), config["lines"]
    weights = {name: float(w) for w, names in config["weights"].items() for name in names}
    rows = [
        (label, text)
        for label in sorted(by)
        for text in lines_of(by[label], counts, share * weights.get(label, 1.0), rng)
    ]
    words = [word for _, text in rows[::50] for word in text.split()[:3]]
    for i in rng.sample(range(len(rows)), round(counts["mixed"] * len(rows))):
        label, text = rows[i]
        if len(text) >= 60:  # a page with code or figures in it is still in its language
            made = generate(1, rng)[0][1][: rng.randint(20, len(text))]
            rows[i] = (label, f"{text} {made}" if rng.random() < 0.5 else f"{made} {text}")
    rows += [("und", text) for _, text in generate(round(counts["none"] * share), rng, words)]
    rows = [(n, text.upper() if rng.random() < counts["upper"] else text) for n, text in rows]
    rng.shuffle(rows)
    return [(name, line) for name, text in rows if (line := prepare(text))]


def training_lines(
    by: Mapping[str, Sequence[Example]], config: Mapping[str, Any], share: float = 1.0
) -> list[str]:
    """Return the lines for fastText."""
    rows = texts_of(by, config, share, config["seed"])
    return [f"__label__{name} {line}\n" for name, line in rows]


def scripts_of(by: Mapping[str, Sequence[Example]]) -> dict[str, list[str]]:
    """Return the scripts that at least a tenth of each label's texts are written in."""
    found = {}
    for label in sorted(by):
        counts = Counter(main_script(example.text) for example in by[label])
        total = sum(counts.values())
        found[label] = sorted(s for s, n in counts.items() if s is not None and n >= total / 10)
    han = ["Hani", "Hans", "Hant"]  # which of them is chance in a short text
    found |= {"ja": [*han, "Jpan"], "yue": han, "zh": han}
    return {**found, "und": []}


def calibration(
    model: Any, by: Mapping[str, Sequence[Example]], config: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return one monotone table a length: from raw softmax to the share that is right."""
    pairs = texts_of(by, config, 0.05, config["seed"] + 1)
    rows = [(name.partition("_")[0], line) for name, line in pairs]
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


def main() -> None:
    """Train on the folder given, and write the model and its manifest."""
    import fasttext

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the .jsonl.xz files")
    parser.add_argument("english", type=Path, nargs="*", help=".jsonl.xz files of English pages")
    default = HERE.parents[1] / "src" / "webfilter" / "language" / "models"
    parser.add_argument("--out", type=Path, default=default)
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    options = parser.parse_args()
    config = tomllib.loads((HERE / "config.toml").read_text("utf-8"))
    if options.seed is not None:
        config["seed"] = options.seed
    started = time.perf_counter()

    by = load_examples(options.data, options.english, config, "train")
    share = config["clean"]["share"]
    by, gone = clean(by, lambda part: training_lines(part, config, share), config["clean"])
    print(f"{sum(gone.values()):,} excerpts taken out: {dict(list(gone.items())[:20])}")
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
    held_out = load_examples(options.data, options.english, config, "calibrate")
    card = {
        "file": file.name,
        "version": config["version"],
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "trained": {
            "with": f"fasttext-community {version('fasttext-community')}",
            "lines": len(lines),
            "taken_out": gone,
            "config": config,
        },
        "labels": scripts_of(by),
        "calibration": calibration(model, held_out, config),
    }
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (options.out / "manifest.json").write_text(text + "\n", "utf-8")
    print(f"{len(data):,} bytes, {time.perf_counter() - started:.0f} s: {file}")


if __name__ == "__main__":
    main()
