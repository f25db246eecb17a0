"""Who is trained on whom, with models that only note it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from webfilter.errors import ConfigError
from webfilter.score.validate import bounds, cross_validate, cut, learning

pytest.importorskip("sklearn")

GROUPS = np.array([f"g{i % 40}" for i in range(200)])
TEXTS = [f"text {i}" for i in range(200)]
LABELS = (np.arange(200) % 6).astype(float)[:, None]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """Rows of each model that was made; a model says of a row 1,000 x itself + the row."""
    made: list[set[int]] = []

    def judged(model: int, texts: list[str]) -> tuple[Any, Any]:
        rows = np.array([1_000.0 * model + int(text.split()[1]) for text in texts])[:, None]
        return rows, np.stack([rows - 0.25, rows + 0.25], axis=-1)

    monkeypatch.setattr("webfilter.score.validate.judge", judged)
    return made


def noting(made: list[set[int]]) -> Any:
    def make(rows: npt.NDArray[np.intp]) -> int:
        if len(rows) < 30:
            raise ConfigError("too few")
        made.append(set(rows.tolist()))
        return len(made) - 1

    return make


def test_the_windows_of_a_text_share_its_weight() -> None:
    rows = cut(["word " * 900, "water", " ", "word " * 300], np.array([2.0, 3.0, 5.0, 1.0]))
    assert np.bincount(rows.owner).tolist() == [5, 1, 0, 2]
    assert np.bincount(rows.owner, rows.weights) == pytest.approx([2, 3, 0, 1])
    assert np.bincount(cut(["word " * 900, "water"]).owner).tolist() == [5, 1]


def test_the_score_of_a_text_is_the_mean_of_its_windows_by_length() -> None:
    rows = cut(["word " * 900, "water", " ", "word " * 300])
    scores = np.random.default_rng(0).uniform(0, 5, (len(rows.texts), 2))
    found = rows.means(scores, 4)
    lengths = np.array(list(map(len, rows.texts)))
    for i in (0, 1, 3):
        of = rows.owner == i
        wanted = np.average(scores[of], axis=0, weights=lengths[of])
        assert found[i] == pytest.approx(wanted)
    assert (found[1] == scores[rows.owner == 1][0]).all()
    assert not found[2].any()


def test_each_text_is_scored_once_by_a_model_of_other_groups(trained: list[set[int]]) -> None:
    scores, ends = cross_validate(TEXTS, LABELS, GROUPS, noting(trained), 5, 0)
    models, rows = np.divmod(scores[:, 0].astype(int), 1_000)
    assert rows.tolist() == list(range(200))
    assert (ends[:, 0, 0] == scores[:, 0] - 0.25).all()
    assert (ends[:, 0, 1] == scores[:, 0] + 0.25).all()
    assert len(trained) == 5
    for k, known in enumerate(trained):
        held = set(np.flatnonzero(models == k).tolist())
        assert known == set(range(200)) - held
        assert not {GROUPS[i] for i in known} & {GROUPS[i] for i in held}


def test_a_learning_curve_has_ever_more_groups_each_whole(trained: list[set[int]]) -> None:
    steps = learning(TEXTS, LABELS, GROUPS, noting(trained), 5, 0)
    # an eighth of 160 texts is too little here
    assert [size for size, _ in steps] == pytest.approx([40, 80, 160], abs=12)
    known = [set.union(*trained[i : i + 5]) for i in (0, 5, 10)]
    assert known[0] < known[1] < known[2] == set(range(200))
    assert [len({GROUPS[i] for i in rows}) for rows in known] == [10, 20, 40]
    assert [len(rows) for rows in known] == [50, 100, 200]
    whole, _ = cross_validate(TEXTS, LABELS, GROUPS, noting([]), 5, 0)
    assert (steps[-1][1] % 1_000 == whole[:, 0] % 1_000).all()


def test_bounds_are_as_wide_as_groups_are_alike() -> None:
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(60), 10)
    labels = rng.integers(0, 6, 60)[place].astype(float)
    scores = np.clip(labels + rng.normal(size=60)[place], 0, 5)
    alone = bounds(labels, scores, np.arange(600).astype(str), 5.0, 0)
    whole = bounds(labels, scores, place.astype(str), 5.0, 0)
    figure = np.corrcoef(labels, scores)[0, 1]
    for low, high in (alone["pearson"], whole["pearson"]):
        assert low < figure < high
    widths = [ends["pearson"][1] - ends["pearson"][0] for ends in (alone, whole)]
    assert widths[1] > 2 * widths[0]  # ten copies are one row: the root of ten
    draws = [bounds(labels, scores, place.astype(str), 5.0, seed)["kappa"] for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    few = bounds(np.array([0.0, 0, 5, 5]), np.array([0.0, 1, 4, 5]), np.arange(4), 5.0, 0)
    assert few["pearson"][1] == pytest.approx(1)  # samples of one label have no figure
    shown = labels.copy()
    shown[place == 7] = np.nan  # nobody judged that group
    assert bounds(shown, scores, place.astype(str), 5.0, 0)["kappa"][0] > 0
