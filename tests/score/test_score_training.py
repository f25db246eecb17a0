"""Training on a toy set: deterministic, learns what it is shown, writes what the package loads."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from webfilter.score.packaged import load

pytest.importorskip("sklearn")
SCRIPTS = Path(__file__).parents[2] / "classifiers" / "educational"
TEACH = ("because", "therefore", "energy", "equation", "explains", "example", "theorem", "suppose")
SELL = ("cart", "buy", "sale", "discount", "shipping", "checkout", "price", "offer", "subscribe")
COMMON = ("the", "of", "and", "to", "in", "is", "that", "for", "it", "on", "with", "as", "this")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = random.Random(0)
    path = tmp_path_factory.mktemp("toy") / "toy.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for i in range(300):
            label = i % 6
            words = [
                rng.choice(
                    COMMON if rng.random() < 0.4 else TEACH if rng.random() * 5 < label else SELL
                )
                for _ in range(60)
            ]
            row = {
                "id": f"toy:{i}", "src": "toy", "url": f"http://site{i % 40}.example/{i}",
                "offset": 0, "text": " ".join(words), "edu": label, "reason": label // 2,
                "lasting": label // 3, "clean": 2 - label // 3,
            }  # fmt: skip
            out.write(json.dumps(row) + "\n")
    return path


def run(script: str, *args: object) -> str:
    done = subprocess.run(
        [sys.executable, SCRIPTS / script, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_training_twice_gives_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("train.py", toy, "--out", tmp_path / name)
    files = [(tmp_path / name / "educational.npz").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())["educational"]
    assert manifest["sha256"] == hashlib.sha256(files[0]).hexdigest()
    model = load("educational", tmp_path / "one")
    teach, sell = model.predict([" ".join(TEACH + COMMON), " ".join(SELL + COMMON)]).values
    assert teach[0] > 3.5
    assert sell[0] < 1.5
    assert teach[3] < sell[3]


@pytest.mark.slow
def test_evaluation_finds_the_signal_in_the_toy_set(toy: Path) -> None:
    found = json.loads(run("evaluate.py", toy, "--json", "--folds", 3))
    assert found["targets"]["educational"]["kappa"] > 0.85
    assert found["excerpts"] == sum(row["count"] for row in found["calibration"])
    assert 0.6 < found["interval"]["educational"]["holds"] <= 1.0


@pytest.mark.slow
def test_evaluation_of_the_packaged_model_needs_one_command(toy: Path) -> None:
    assert "| educational |" in run("evaluate.py", "--model", toy)
