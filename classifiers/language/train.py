"""Trains, quantizes and calibrates the embedded language model.

    python classifiers/language/train.py DATA [ENGLISH ...] [--code FOLDER ...] [--out DIR]

DATA holds the three `.jsonl.xz` files that `data.py` names; ENGLISH are `.jsonl.xz` files of
English pages (`text`); FOLDER holds source files in many programming languages. Writes
`language.npz` and `manifest.json`. One thread: the same data, seed and versions of NumPy and SciPy
give the same numbers on the same machine. Needs scikit-learn (which brings SciPy).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

sys.path.insert(0, str(Path(__file__).parent))
from characters import character_runs
from clean import clean
from data import Example, Part, cut, english, examples
from fit import fit
from nonlanguage import generate, salads
from sources import source_texts

from webfilter.language.embedded import handicaps, softmax
from webfilter.language.features import BITS, Characters, letters, points_of
from webfilter.language.prepare import prepare
from webfilter.language.scripts import main_script, main_scripts
from webfilter.language.weights import Weights

HERE = Path(__file__).parent
SOURCES = ("hplt2_weak", "lingua_sentences", "udhr")
SIZES = (20, 40, 60, 100, 150, 250, 450)


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
    by: Mapping[str, Sequence[Example]],
    config: Mapping[str, Any],
    share: float,
    seed: int,
    code: Callable[[int, random.Random], list[tuple[str, str]]],
) -> list[tuple[str, str]]:
    """Return shuffled pairs (label, text): a share of the configured counts of every label."""
    rng, counts = random.Random(seed), config["lines"]
    weights = {name: float(w) for w, names in config["weights"].items() for name in names}
    rows = [
        (label, text)
        for label in sorted(by)
        for text in lines_of(by[label], counts, share * weights.get(label, 1.0), rng)
    ]
    words = [word for _, text in rows[::20] for word in text.split()[:2]]
    real = [text for _, text in code(round(counts["code"] * share), rng)]
    for i in rng.sample(range(len(rows)), round(counts["mixed"] * len(rows))):
        label, text = rows[i]
        if len(text) >= 60:  # a page with code or figures in it is still in its language
            made = rng.choice(real) if real and rng.random() < 0.3 else generate(1, rng)[0][1]
            made = made[: rng.randint(20, len(text))]
            rows[i] = (label, f"{text} {made}" if rng.random() < 0.5 else f"{made} {text}")
    rows += [("und", text) for _, text in generate(round(counts["none"] * share), rng)]
    rows += [("und", text) for text in salads(round(counts["salad"] * share), rng, words)]
    rows += [("und", text) for text in real]
    rows = [(n, text.upper() if rng.random() < counts["upper"] else text) for n, text in rows]
    rng.shuffle(rows)
    return rows


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
    weights: Weights,
    scripts: Mapping[str, Sequence[str]],
    pairs: Sequence[tuple[str, str]],
    ends: Sequence[int],
) -> list[dict[str, Any]]:
    """Return one monotone table a length: from raw softmax to the share that is right.

    Args:
        weights: the packed model.
        scripts: its labels in order, with their scripts.
        pairs: (label, text), not trained on.
        ends: rising upper ends of the tables, in characters; one more is for longer texts.
    """
    codes = np.array([name.partition("_")[0] for name in scripts])
    lost, hits, scores, sizes = handicaps(scripts), [], [], []
    for start in range(0, len(pairs), 64):
        some = pairs[start : start + 64]
        points, bounds = points_of([prepare(text) for _, text in some])
        found = letters(points, bounds)
        places = main_scripts(found, len(some))
        shares = softmax(weights.scores(points, bounds, found)[0] + lost[places])[places >= 0]
        wanted = np.array([name.partition("_")[0] for name, _ in some])[places >= 0]
        hits.append(codes[shares.argmax(axis=1)] == wanted)
        scores.append(shares.max(axis=1))
        sizes.append((np.diff(bounds) - 1)[places >= 0])
    right, raw, lengths = (np.concatenate(each) for each in (hits, scores, sizes))
    tables, low = [], 0
    knots = np.concatenate([np.linspace(0, 0.9, 10), [0.95, 0.98, 0.99, 0.999, 1.0]])
    for high in (*ends, None):
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the .jsonl.xz files")
    parser.add_argument("english", type=Path, nargs="*", help=".jsonl.xz files of English pages")
    parser.add_argument("--code", type=Path, nargs="*", default=[], help="folders of source files")
    default = HERE.parents[1] / "src" / "webfilter" / "language" / "models"
    parser.add_argument("--out", type=Path, default=default)
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    options = parser.parse_args()
    config = tomllib.loads((HERE / "config.toml").read_text("utf-8"))
    if options.seed is not None:
        config["seed"] = options.seed
    started = time.perf_counter()

    def say(line: str) -> None:
        print(f"{time.perf_counter() - started:6.0f} s  {line}", flush=True)

    def rows_of(
        of: Mapping[str, Sequence[Example]],
        part: Part,
        share: float,
        seed: int,
        counts: Mapping[str, Any] = config,
    ) -> list[tuple[str, str]]:
        return texts_of(
            of, counts, share, seed, lambda n, rng: source_texts(options.code, part, n, rng)
        )

    runs = character_runs()
    characters = Characters.of(*runs)
    by = load_examples(options.data, options.english, config, "train")
    share, seed = config["clean"]["share"], config["seed"]
    by, gone = clean(by, lambda of: rows_of(of, "train", share, seed), characters, config["clean"])
    say(f"{sum(gone.values()):,} excerpts taken out: {dict(list(gone.items())[:20])}")
    scripts = scripts_of(by)
    place = {name: number for number, name in enumerate(scripts)}
    rows = rows_of(by, "train", 1.0, seed)
    say(f"{len(rows):,} lines, {len(scripts)} labels")
    labels = np.array([place[name] for name, _ in rows])
    model = fit([t for _, t in rows], labels, len(scripts), characters, config["model"], say)
    assert model.scale is not None
    kept = np.zeros(1 << BITS, bool)
    kept[model.kept] = True
    data = Weights.pack(kept, model.numbers(), model.scale, model.output, model.bias, runs)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "language.npz"
    file.write_bytes(data)
    held_out = load_examples(options.data, options.english, config, "calibrate")
    fitted = config["calibration"]
    counts = {**config, "lines": {**config["lines"], **fitted["lines"]}}
    pairs = rows_of(held_out, "calibrate", fitted["share"], seed + 1, counts)
    read = [*(options.data / f"{source}.jsonl.xz" for source in SOURCES), *options.english]
    card = {
        "file": file.name,
        "version": config["version"],
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "trained": {
            "with": {name: version(name) for name in ("numpy", "scipy")},
            "data": {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in read},
            "lines": len(rows),
            "taken_out": gone,
            "config": config,
        },
        "labels": scripts,
        "calibration": calibration(Weights.read(data), scripts, pairs, fitted["lengths"]),
    }
    text = json.dumps({"language": card}, indent=1, ensure_ascii=False)
    (options.out / "manifest.json").write_text(text + "\n", "utf-8")
    say(f"{len(data):,} bytes: {file}")


if __name__ == "__main__":
    main()
