"""The script around the teacher, with an encoder of our own and the settings that lie beside it."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from lessons import lessons

pytest.importorskip("sklearn")
SCRIPTS = Path(__file__).parents[2] / "classifiers" / "educational"
MODULES = ("data", "distill", "pool", "teacher", "train", "written")


class Lengths:
    def encode(self, texts: list[str]) -> list[list[float]]:
        return [[len(text), text.count("because")] for text in texts]


@pytest.fixture
def distill(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in MODULES:  # other scripts have modules of these names
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield importlib.import_module("distill")
    for name in MODULES:
        sys.modules.pop(name, None)


def test_the_script_trains_with_a_teacher(
    distill: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    data = tmp_path / "labels.jsonl"
    rows = [
        {"id": str(i), "src": f"book {i}", "text": text, "edu": label, "reason": label / 2}
        for i, (text, label) in enumerate(zip(*lessons(70), strict=True))
    ]
    data.write_text("".join(json.dumps({**r, "lasting": 1, "clean": 1}) + "\n" for r in rows))
    monkeypatch.setattr(distill, "encoder", lambda path: Lengths())
    asked = f"distill.py {data} --encoder ours --limit 60 --hide 10 --folds 2"
    monkeypatch.setattr(sys, "argv", [*asked.split(), "--out", str(tmp_path / "out")])
    distill.main()
    assert "60 labeled, 10 unlabeled texts" in capsys.readouterr().out
    assert (tmp_path / "out" / "model.npz").exists()
