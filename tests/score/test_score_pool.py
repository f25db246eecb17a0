"""The teacher's windows: whose scores train which model."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from webfilter.score.fit import key

SCRIPTS = Path(__file__).parents[2] / "classifiers" / "educational"
URLS = ("http://a.example/1", "http://a.example/2", "http://b.example/1", None)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("data", "teacher", "pool"):  # other scripts have modules of these names
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    module = importlib.import_module("pool")
    yield module
    for name in ("data", "teacher", "pool"):
        sys.modules.pop(name, None)


def made(pool: Any, folder: Path) -> Any:
    rows = [
        {"id": f"book:{i}@{i}", "src": "book", "url": url, "text": f"text {i}"}
        for i, url in enumerate(URLS)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "pool.jsonl").write_text(lines, "utf-8")
    labels = np.array([[i, 1, 2, 0.5] for i in range(4)], dtype=float)
    folds = np.stack([np.minimum(labels + k / 10, 5) for k in range(5)])
    # the file is in another order than the windows
    digests = [key(f"text {i}")[:16] for i in reversed(range(4))]
    back = slice(None, None, -1)
    pool.teacher.write(
        folder / "teacher.npz", digests, labels[back], folds[:, back], folds[:, back] + 0.04, []
    )
    return pool.read(folder / "pool.jsonl", folder / "teacher.npz")


def test_windows_carry_what_their_teacher_said(pool: Any, tmp_path: Path) -> None:
    windows = made(pool, tmp_path)
    assert windows.all(0.5).labels[:, 0].tolist() == [0, 1, 2, 3]
    assert windows.all(0.5).by_fold[3][:, 0] == pytest.approx([0.3, 1.3, 2.3, 3.3])
    assert windows.by_page[4][:, 2].max() == 2  # the top, though the teacher said 2.44


def test_held_out_places_stay_away(pool: Any, tmp_path: Path) -> None:
    windows = made(pool, tmp_path)
    by_page = windows.without("page", 2, {"http://a.example/2"}, 0.5)
    assert by_page.texts == ["text 0", "text 2", "text 3"]
    assert by_page.labels[:, 0] == pytest.approx([0.24, 2.24, 3.24])
    assert by_page.by_fold is None
    by_group = windows.without("group", 1, {"a.example", "book"}, 0.5)
    assert by_group.texts == ["text 2"]
    assert by_group.labels[:, 0] == pytest.approx([2.1])
    assert windows.without("page", 0, {"book:3"}, 1.0).texts == ["text 0", "text 1", "text 2"]


def test_a_window_that_no_teacher_read_is_an_error(pool: Any, tmp_path: Path) -> None:
    made(pool, tmp_path)
    with (tmp_path / "pool.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"id": "x", "src": "x", "url": None, "text": "new"}) + "\n")
    with pytest.raises(SystemExit, match="does not know"):
        pool.read(tmp_path / "pool.jsonl", tmp_path / "teacher.npz")
