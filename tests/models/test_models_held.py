"""What has been loaded is held for as many stages as there are, and only as the file is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from webfilter import ByLanguage, Educational
from webfilter.document import Document
from webfilter.models.held import MOST, held
from webfilter.score import packaged
from webfilter.score.trainer import EducationalTrainer

CODES = ("en", "de", "fr", "es", "it", "pt")


def test_each_model_of_a_stage_with_many_is_loaded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn")
    texts = [f"{word} {n % 7} because of a cart" for n in range(30) for word in ("energy", "sale")]
    trainer = EducationalTrainer(tops=[5]).fit(texts, [4, 0] * 30)
    loaded: list[bytes] = []

    def load(data: bytes) -> packaged.Model:
        loaded.append(data)
        return trainer.model_

    monkeypatch.setattr(packaged, "tried", load)
    paths = {code: trainer.save(tmp_path / f"{code}.npz") for code in CODES}
    stage = ByLanguage({code: Educational(min_score=None, model=paths[code]) for code in CODES})
    docs = [Document(code, "energy", signals={"language": code}) for code in CODES]
    for _ in range(3):
        stage.process(docs)
    assert len(loaded) == len(CODES)


def test_what_a_file_held_before_it_changed_is_not_held() -> None:
    loaded: list[tuple[str, int]] = []

    @held
    def load(path: str, state: int) -> list[int]:
        loaded.append((path, state))
        return [state]

    first = load("a", 1)
    assert load("a", 1) is first
    assert load("b", 1) is not first
    assert load("a", 2) == [2]
    assert load("a", 1) is not first
    assert loaded == [("a", 1), ("b", 1), ("a", 2), ("a", 1)]


def test_so_many_are_held_and_one_that_cannot_be_loaded_is_not() -> None:
    loaded: list[int] = []

    @held
    def load(name: int, state: int) -> int:
        loaded.append(name)
        return 1 // (name + 1)

    with pytest.raises(ZeroDivisionError):
        load(-1, 0)
    for name in [*range(MOST + 1), MOST, 1, 0]:
        load(name, 0)
    assert loaded == [-1, *range(MOST + 1), 0]
    load.cache_clear()
    load(0, 0)
    assert loaded[-1] == 0


def test_fewer_are_held_where_that_is_asked_for() -> None:
    loaded: list[int] = []

    def load(name: int, state: int) -> int:
        loaded.append(name)
        return name

    few = held(load, most=2)
    for name in (0, 1, 0, 2, 1, 0):
        assert few(name, 7) == name
    assert loaded == [0, 1, 2, 0]
