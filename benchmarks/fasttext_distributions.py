"""Which distributions of fastText answer right?

    python benchmarks/fasttext_distributions.py --folder /tmp/fasttexts

Several distributions install a module called ``fasttext``. Each is installed by pip into an
environment of its own under `--folder` (kept, and used again; one of them is compiled), beside the
newest NumPy, and asked for the labels of a few lines by a small model that the first one trains: by
its own ``predict`` for a list and for a string, and as `webfilter.language` asks. The truth is a
softmax of our own over the model's matrices. Then it trains a model that small itself.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

DISTRIBUTIONS = (
    *("fasttext-community", "fasttext-wheel", "fasttext", "fasttext-numpy2"),
    *("fasttext-numpy2-wheel", "fasttext-predict", "fasttext-predict-v2", "fasttext-new"),
)
LINES = (
    "water boils at sea level",
    "buy cheap shoes now",
    "wasser kocht",
    "die sonne scheint",
    "a",
)
TOPICS = {
    "science": "water boils light sun energy level sea moves the of",
    "shop": "buy cheap shoes now cart offer price the of",
    "german": "wasser kocht die sonne scheint der und hell",
}
SOURCE = str(Path(__file__).resolve().parent.parent / "src")


def train(path: Path) -> None:
    """Train a small model of three labels and write it to `path`."""
    import fasttext

    texts = path.with_suffix(".txt")
    rows = []
    for number in range(300):
        for label, said in TOPICS.items():
            words = said.split()
            row = " ".join(words[(number * step) % len(words)] for step in range(1, 9))
            rows.append(f"__label__{label} {row}\n")
    texts.write_text("".join(rows), encoding="utf-8", newline="\n")
    model = fasttext.train_supervised(
        str(texts), dim=4, epoch=20, lr=0.5, minn=2, maxn=3, bucket=500, thread=1, verbose=0
    )
    model.save_model(str(path))


def truth(model: Any) -> list[dict[str, float]]:
    """Return the probability of each label for each line, from the matrices."""
    output, labels = model.get_output_matrix(), model.get_labels()
    found = []
    for line in LINES:
        words, _ = model.get_line(line)
        ids = [index for word in words for index in model.get_subwords(word)[1]]
        rows = model.get_input_matrix()[ids]
        hidden = rows.mean(axis=0)
        raw = [float(value) for value in output @ hidden]
        top = max(raw)
        parts = [math.exp(value - top) for value in raw]
        found.append({label: part / sum(parts) for label, part in zip(labels, parts, strict=True)})
    return found


def right(labels: Sequence[Any], scores: Sequence[Any], expected: list[dict[str, float]]) -> str:
    """Return ``right``, or what is wrong with answers of all labels."""
    for names, values, wanted in zip(labels, scores, expected, strict=True):
        got = [float(value) for value in values]
        if set(names) != set(wanted) or len(got) != len(names):
            return "labels and texts mispaired"
        off = max(abs(value - wanted[name]) for name, value in zip(names, got, strict=True))
        if off > 1e-3:
            return "the first probability for every label" if len(set(got)) == 1 else "wrong"
    return "right"


def asked(ask: Callable[[], str]) -> str:
    """Return what `ask` says, or what it raises."""
    try:
        return ask()
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:50]}"


def seconds(ask: Callable[[], object]) -> float:
    """Return the median time of five calls."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def child(path: Path) -> dict[str, str]:
    """Return what the distribution that is installed here answers."""
    from webfilter.errors import WebfilterError
    from webfilter.language.fasttext_module import open_model

    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    try:
        ours = open_model(str(path), "model")
    except WebfilterError as error:
        return {"Predictor": type(error).__name__}
    import fasttext

    model = fasttext.load_model(str(path))

    def lists() -> str:
        return right(*model.predict(list(LINES), k=-1), expected)

    def strings() -> str:
        pairs = [model.predict(line, k=-1) for line in LINES]
        return right([names for names, _ in pairs], [values for _, values in pairs], expected)

    def trains() -> str:
        if not hasattr(fasttext, "train_supervised"):
            return "no"
        train(path.with_name(f"own-{os.getpid()}.bin"))
        return "yes"

    found = {
        "list": asked(lists),
        "string": asked(strings),
        "trains": asked(trains),
        "Predictor": asked(lambda: right(*ours.predict(list(LINES), k=-1), expected)),
    }
    many = list(LINES) * 2_000
    if not found["list"].startswith(("ValueError", "TypeError")):
        ratio = seconds(lambda: ours.predict(many)) / seconds(lambda: model.predict(many))
        found["time"] = f"{ratio:.2f}"
    return found


def environments(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield each distribution with the Python it is installed for, and its version."""
    for name in DISTRIBUTIONS:
        place = folder / name
        python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if not python.exists():
            venv.create(place, with_pip=True)
            wanted = [str(python), "-m", "pip", "install", "--quiet", name, "numpy>=2"]
            if subprocess.run(wanted, check=False).returncode:
                print(f"{name} cannot be installed here", file=sys.stderr)
                continue
        version = f"import importlib.metadata as m; print(m.version({name!r}))"
        told = subprocess.run([str(python), "-c", version], capture_output=True, text=True)
        if told.returncode == 0:
            yield name, python, told.stdout.strip()


def main() -> None:
    """Make the environments, ask in each, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.train is not None:
        import fasttext

        train(args.train)
        expected = truth(fasttext.load_model(str(args.train)))
        args.train.with_suffix(".json").write_text(json.dumps(expected), "utf-8")
        return
    if args.child is not None:
        print(json.dumps(child(args.child)))
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    path = args.folder / "small.bin"
    columns = ("list", "string", "trains", "Predictor", "time")
    print("| distribution | list, k=-1 | string | trains | `Predictor` | its time by the list's |")
    print("| --- | --- | --- | --- | --- | --- |")
    env = {**os.environ, "PYTHONPATH": SOURCE}
    for place, (name, python, version) in enumerate(environments(args.folder)):
        script = [str(python), __file__, "--folder", str(args.folder)]
        if place == 0:
            subprocess.run([*script, "--train", str(path)], env=env, check=True)
        done = subprocess.run(
            [*script, "--child", str(path)], env=env, capture_output=True, text=True
        )
        lines = done.stdout.splitlines()
        said = json.loads(lines[-1]) if done.returncode == 0 and lines else {}
        cells = [said.get(column, "") for column in columns]
        if not said:
            cells[0] = f"ends with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}"
        print(f"| {name} {version} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
