"""Measures the language engines on held-out texts: accuracy by length, calibration, speed.

    python classifiers/language/evaluate.py DATA [--engine embedded] [--model lid.176.ftz]
        [--each 60] [--code FOLDER] [--json FILE]

DATA is the folder that `train.py` reads; only its test parts are used. Accuracy is over the labels
that the engine has, told from those it lacks by the column `languages`. Micro counts texts, macro
languages. A label that a corpus uses loosely (bs for hr) costs an engine points: compare engines,
not numbers with those of other pages. Web excerpts carry labels by OpenLID, so agreement with them
is not accuracy.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from data import Example, cut, examples
from nonlanguage import generate

from webfilter.codes import accepted
from webfilter.language.engines import Engine, engine

LENGTHS = (20, 50, 100, 300)


def drawn(folder: Path, source: str, each: int, seed: int = 3) -> dict[str, list[Example]]:
    """Return up to `each` test examples of every label and kind, by kind."""
    by: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples(folder, [source], "test"):
        by[example.kind, example.label].append(example)
    found: dict[str, list[Example]] = defaultdict(list)
    rng = random.Random(seed)
    for (kind, _), texts in sorted(by.items()):
        rng.shuffle(texts)
        found[kind] += texts[:each]
    return found


def at_length(found: Sequence[Example], size: int, seed: int = 4) -> list[Example]:
    """Return the examples that are long enough, cut to about `size` characters."""
    rng = random.Random(seed)
    return [
        Example(cut(example.text, size, rng), example.label, example.source)
        for example in found
        if len(example.text) >= 0.8 * size
    ]


def calibration_error(scores: Sequence[float], right: Sequence[bool], bins: int = 15) -> float:
    """Return the expected calibration error: mean gap of score and accuracy over equal bins."""
    place = np.minimum((np.asarray(scores) * bins).astype(int), bins - 1)
    hit, score = np.asarray(right, dtype=float), np.asarray(scores)
    gaps = [
        abs(hit[place == b].mean() - score[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))


def measure(with_: Engine, found: Iterable[Example]) -> dict[str, Any]:
    """Return accuracy, calibration error and the commonest confusions of `with_` on the texts."""
    able = [e for e in found if accepted({e.code}) & with_.languages]
    guesses = with_.predict([e.text for e in able])
    right, by = [], defaultdict(list)
    mixed: Counter[str] = Counter()
    for example, guess in zip(able, guesses, strict=True):
        hit = guess.code in accepted({example.code})
        right.append(hit)
        by[example.code].append(hit)
        if not hit:
            mixed[f"{example.code}>{guess.code}"] += 1
    sure = [g.probability is not None and g.probability > 0.65 for g in guesses]
    kept = [hit for hit, s in zip(right, sure, strict=True) if s]
    return {
        "texts": len(able),
        "languages": len(by),
        "micro": round(float(np.mean(right)), 4),
        "macro": round(float(np.mean([np.mean(hits) for hits in by.values()])), 4),
        "ece": round(calibration_error([g.probability or 0.0 for g in guesses], right), 4),
        "above_065": round(float(np.mean(sure)), 4),
        "right_above_065": round(float(np.mean(kept)), 4) if kept else None,
        "mixed": [f"{pair} {n}" for pair, n in mixed.most_common(6)],
    }


def no_language(with_: Engine, count: int = 2000) -> dict[str, float]:
    """Return the share of generated non-language, by kind, that is called ``und``."""
    made = generate(count, random.Random(99))
    by = defaultdict(list)
    for (kind, _), guess in zip(made, with_.predict([text for _, text in made]), strict=True):
        by[kind].append(guess.code == "und")
    return {kind: round(float(np.mean(hits)), 3) for kind, hits in sorted(by.items())}


def source_code(with_: Engine, folder: Path, size: int = 600) -> dict[str, dict[str, float]]:
    """Return what real source files below `folder` are called, by extension."""
    rng, found = random.Random(5), {}
    for ending in (".py", ".js", ".css", ".c", ".h"):
        paths = sorted(folder.rglob(f"*{ending}"))
        rng.shuffle(paths)
        texts = [cut(p.read_text("utf-8", "replace"), size, rng) for p in paths[:300]]
        texts = [text for text in texts if len(text) > 100]
        if texts:
            codes = Counter(guess.code for guess in with_.predict(texts))
            found[ending] = {c: round(n / len(texts), 3) for c, n in codes.most_common(4)}
    return found


def speed(with_: Engine, texts: Sequence[str]) -> float:
    """Return texts a second of processor time."""
    with_.predict(texts[:10])
    started = time.process_time()
    with_.predict(texts)
    return round(len(texts) / (time.process_time() - started))


def main() -> None:
    """Print every figure as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--engine", default="embedded")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--each", type=int, default=60, help="texts a label")
    parser.add_argument("--code", type=Path, help="folder with source files, for und")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    tested = engine(options.engine, options.model)
    report: dict[str, Any] = {}
    sets = {s: drawn(options.data, s, options.each) for s in
            ("lingua_sentences", "udhr", "hplt2_weak")}  # fmt: skip
    for source, kinds in sets.items():
        for kind, found in kinds.items():
            report[f"{source} {kind}"] = measure(tested, found)
    for size in LENGTHS:
        source = "lingua_sentences" if size <= 100 else "hplt2_weak"
        found = sets[source]["sentences" if size <= 100 else "text"]
        report[f"{source} {size} characters"] = measure(tested, at_length(found, size))
    capitals = [Example(e.text.upper(), e.label, e.source)
                for e in sets["lingua_sentences"]["sentences"]]  # fmt: skip
    report["lingua_sentences sentences, upper case"] = measure(tested, capitals)
    report["und of generated"] = no_language(tested)
    if options.code:
        report["source files"] = source_code(tested, options.code)
    report["texts a second"] = speed(tested, [e.text for e in sets["hplt2_weak"]["text"][:2000]])
    text = json.dumps(report, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
