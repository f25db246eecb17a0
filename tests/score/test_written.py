"""The texts written for training: what they are, and that they meet no text that judges."""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from webfilter.score.fit import Pseudo

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import educational_texts as own  # noqa: E402 - it lies beside the benchmark


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("data", "written"):  # other scripts have modules of these names
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(ROOT / "classifiers" / "educational"))
    module = importlib.import_module("written")
    yield module
    for name in ("data", "written"):
        sys.modules.pop(name, None)


def runs(text: str, length: int = 6) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_written_texts_are_labeled_short_and_of_both_sorts(written: Any) -> None:
    rows = list(written.lines(written.PATH))
    assert len({row["text"][:40] for row in rows}) == len(rows) > 800
    for row in rows:
        assert list(row) == ["kind", "text", *written.LABELS]
        assert 440 <= len(row["text"]) <= 1_000
        for name, top in zip(written.LABELS, (5, 3, 2, 2), strict=True):
            assert row[name] in range(top + 1)
    sorts = Counter("good" if row["edu"] >= 3 else "bad" for row in rows if row["edu"] != 2)
    assert min(sorts.values()) > 350


@pytest.mark.parametrize(("name", "good", "bad"), [("voices", 163, 77), ("fables", 122, 169)])
def test_what_is_for_the_reader_is_labeled_short_and_of_both_sorts(
    written: Any, name: str, good: int, bad: int
) -> None:
    [path] = [path for path in written.FOR_READER if path.stem == name]
    rows = list(written.lines(path))
    assert len({row["text"] for row in rows}) == len(rows) == good + bad
    for row in rows:
        assert list(row) == ["kind", "text", *written.LABELS]
        assert 440 <= len(row["text"]) <= 1_000
        for label, top in zip(written.LABELS, (5, 3, 2, 2), strict=True):
            assert row[label] in range(top + 1)
        assert (row["edu"] >= 3) == row["kind"].startswith("good: ")
    assert Counter(row["edu"] >= 3 for row in rows) == {True: good, False: bad}


def test_all_that_is_for_the_reader_comes_together(written: Any) -> None:
    texts, labels = written.for_reader()
    each = [written.everything(path) for path in written.FOR_READER]
    assert texts == [text for some, _ in each for text in some]
    assert (labels == np.concatenate([some for _, some in each])).all()


def test_no_written_text_shares_six_words_with_the_texts_that_judge(written: Any) -> None:
    judging = [page.text for page in own.adversarial()]
    judging += [text for name in own.varieties() for text in own.lessons(name).values()]
    judging += own.topics().values()
    known = set().union(*map(runs, judging))
    idiom = set(runs("everything you need to know about"))
    for path in (written.PATH, *written.FOR_READER):
        for row in written.lines(path):
            assert runs(row["text"]) & known <= idiom, row["kind"]


def test_they_join_what_a_teacher_labeled(written: Any) -> None:
    count = len(list(written.lines(written.PATH)))
    alone = written.joined(None, 0.2)
    assert len(alone.texts) == len(alone.labels) == count
    assert alone.weights.tolist() == [0.2] * count
    assert alone.by_fold is None
    told = np.arange(40.0).reshape(5, 2, 4) / 40
    both = written.joined(Pseudo(["a", "b"], told[0], 0.5, told), 0.2)
    assert both.texts[:3] == ["a", "b", alone.texts[0]]
    assert both.weights.tolist() == [0.5, 0.5] + [0.2] * count
    assert both.by_fold.shape == (5, count + 2, 4)
    assert (both.by_fold[3, :2] == told[3]).all()
    assert (both.by_fold[:, 2:] == alone.labels).all()
    assert (both.labels[2:] == alone.labels).all()
