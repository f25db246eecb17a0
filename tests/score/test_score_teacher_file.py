"""The file of the fine-tuned teacher, and the script that makes it, on a tiny random encoder."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_tokenizer import tiny_tokenizer

from webfilter.score.fit import key

SCRIPTS = Path(__file__).parents[2] / "classifiers" / "educational"
TOPS = (5, 3, 2, 2)
WORDS = ("the", "of", "because", "energy", "theorem", "buy", "cart", "sale", "price", "offer")


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec: Any = importlib.util.spec_from_file_location("teacher_file", SCRIPTS / "teacher.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_what_is_read_is_what_was_written_to_half_a_step(teacher: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    by_group, by_page = rng.uniform(0, TOPS, (5, 40, 4)), rng.uniform(0, TOPS, (5, 40, 4))
    labels = np.concatenate([by_group, by_page]).mean(axis=0)
    by_group = labels + np.clip(by_group - labels, -2.5, 2.5)
    by_page = labels + np.clip(by_page - labels, -2.5, 2.5)
    digests = [key(f"text {i}")[:16] for i in range(40)]
    of = [key("labeled")[:16], key("too")[:16]]
    teacher.write(tmp_path / "teacher.npz", digests, labels, by_group, by_page, of)
    found = teacher.read(tmp_path / "teacher.npz")
    assert [f"{digest:016x}" for digest in found.digests.tolist()] == digests
    for name, scores in (("labels", labels), ("by_group", by_group), ("by_page", by_page)):
        np.testing.assert_allclose(getattr(found, name), scores, rtol=0, atol=0.01 + 1e-9)
    assert found.excerpts == teacher.together(of) != teacher.together(of[::-1])


def test_ends_of_the_scale_and_teachers_far_off(teacher: Any, tmp_path: Path) -> None:
    labels = np.array([[0.0, 0.0, 0.0, 0.0], TOPS])
    far = np.stack([labels[::-1]] * 5)
    teacher.write(
        tmp_path / "teacher.npz", ["0" * 16, "f" * 16], labels, far, np.stack([labels] * 5), []
    )
    found = teacher.read(tmp_path / "teacher.npz")
    assert found.digests.tolist() == [0, 2**64 - 1]
    assert found.labels.tolist() == labels.tolist()
    assert found.by_page[4].tolist() == labels.tolist()
    assert found.by_group[0].tolist() == [[2.54, 2.54, 2, 2], [2.46, 0.46, 0, 0]]


@pytest.mark.slow
def test_a_tiny_encoder_is_taught(teacher: Any, tmp_path: Path) -> None:
    for package in ("sklearn", "torch", "transformers"):
        pytest.importorskip(package)
    encoder_of(tmp_path / "encoder")
    rng = random.Random(0)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(5, 40))) for _ in range(80)]
    rows = [
        {
            "id": f"toy:{i}", "src": "toy", "url": f"http://site{i % 12}.example/{i // 2}",
            "text": text, "edu": i % 6, "reason": i % 4, "lasting": i % 3, "clean": 2 - i % 3,
        }
        for i, text in enumerate(texts)
    ]  # fmt: skip
    for name, part in (("main", rows[:40]), ("more", rows[40:60]), ("unlabeled", rows[60:])):
        lines = "".join(json.dumps(row) + "\n" for row in part)
        (tmp_path / f"{name}.jsonl").write_text(lines, "utf-8")
    out = tmp_path / "teacher.npz"
    done = subprocess.run(
        [sys.executable, SCRIPTS / "finetune.py", tmp_path / "main.jsonl",
         "--more", tmp_path / "more.jsonl", "--unlabeled", tmp_path / "unlabeled.jsonl",
         "--encoder", tmp_path / "encoder", "--out", out, "--epochs", "1", "--device", "cpu"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("without ") == 11
    assert "| page | clean |" in done.stdout
    found = teacher.read(out)
    assert [f"{digest:016x}" for digest in found.digests.tolist()] == [
        key(text)[:16] for text in texts[60:]
    ]
    assert found.by_group.shape == found.by_page.shape == (5, 20, 4)
    assert (found.labels >= 0).all()
    assert (found.labels <= TOPS).all()
    assert len(np.unique(found.by_group[:, 0, 0])) > 1
    assert found.excerpts == teacher.together([key(text)[:16] for text in texts[:60]])


def encoder_of(folder: Path) -> None:
    tokenizer = tiny_tokenizer(WORDS)
    transformers: Any = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
