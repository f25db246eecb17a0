"""Fitting: what it learns, weighs, leaves out and refuses."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lessons import HOSTILE, SELL, TEACH, lessons

from webfilter.errors import ConfigError, UnknownName
from webfilter.score.blocks import Blocks
from webfilter.score.calibrate import _nearby, _quantiles, _smooth, curve, same_length, spread
from webfilter.score.fit import GOOD, Pseudo, Settings, _guards, fit, folds
from webfilter.score.model import _KINDS, OFF, Model

pytest.importorskip("sklearn")
CONFIG = Path(__file__).parents[2] / "classifiers" / "educational" / "config.toml"
ONE: dict[str, Any] = {"tops": [5], "names": ["educational"]}


def sell_and_teach(model: Model) -> tuple[float, float]:
    sell, teach = model.predict([" ".join(SELL * 6), " ".join(TEACH * 6)]).values[:, 0]
    return float(sell), float(teach)


def test_the_settings_are_those_of_the_script() -> None:
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    assert config.pop("more")["weight"] > 0  # of train.py, not of the model
    assert config.pop("pool")["weight"] > 0
    assert config.pop("written")["weight"] > 0
    assert Settings.from_config(config) == Settings()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ridge_penalty": 0}, "ridge_penalty = 0 must be from"),
        ({"ridge_penalty": float("nan")}, "ridge_penalty"),
        ({"meaning_directions": 2.5}, "meaning_directions = 2.5 must be a whole number"),
        ({"words_min_texts": True}, "words_min_texts"),
        ({"calibration_folds": 1}, "calibration_folds"),
        ({"guard_low": 0.5, "guard_full": 0.5}, "guard_low = 0.5 must be below"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Settings(**wrong)
    with pytest.raises(UnknownName, match="ridge_penalty"):
        Settings.from_config({"ridge": {"penalti": 1}})


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("words_min_texts", 1, 1_000), ("meaning_min_texts", 1, 1_000),
        ("meaning_directions", 1, 256), ("meaning_share", 0, 1_000), ("style_knots", 1, 1_000),
        ("calibration_folds", 2, 100), ("calibration_bins", 1, 1_000),
        ("calibration_interval", 0.01, 0.99), ("guard_low", 0, 0.44), ("guard_full", 0.31, 1),
    ],
)  # fmt: skip
def test_the_ends_of_a_range_are_in_it(name: str, low: float, high: float) -> None:
    for value in (low, high):
        assert getattr(Settings(**{name: value}), name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ConfigError, match=f"{name} = {value} must be"):
            Settings(**{name: value})


def test_fifty_texts_are_enough_and_the_same_bytes_come_out() -> None:
    texts, labels = lessons(50)
    model = fit(texts, labels, **ONE)
    sell, teach = sell_and_teach(model)
    assert sell < 1.5
    assert teach > 3.5
    assert model.save() == fit(texts, labels, **ONE).save()
    assert model.save() != fit(texts, labels, **ONE, seed=1).save()


def test_a_saved_model_names_its_heads_and_scores_the_same() -> None:
    texts, labels = lessons(60)
    both = np.column_stack([labels, np.array(labels) > 2])
    model = fit(texts, both, tops=[5, 1], names=["educational", "is it good?"])
    again = Model.load(model.save())
    assert again.names.tolist() == ["educational", "is it good?"]
    assert again.top.tolist() == [5, 1]
    assert (again.predict(texts).values == model.predict(texts).values).all()


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(Model)])
def test_a_file_whose_arrays_do_not_fit_each_other_is_refused(name: str, tmp_path: Path) -> None:
    model = fit(*lessons(50), **ONE)
    arrays = {f.name: getattr(model, f.name) for f in dataclasses.fields(model)}
    whole = tmp_path / "model.npz"
    whole.write_bytes(model.save())
    assert Model.load(whole.read_bytes()).predict(["water"]).values.shape == (1, 1)
    arrays[name] = np.concatenate([arrays[name], arrays[name]])
    if name == "hashing":
        arrays[name] = arrays[name] + np.uint64(1)
    np.savez(whole, **arrays)
    with pytest.raises(ValueError, match=r"shape|features|hash"):
        Model.load(whole.read_bytes())


@pytest.mark.parametrize("top", [float("nan"), -5.0, 0.0])
def test_a_file_without_an_end_of_its_scale_is_refused(top: float) -> None:
    model = dataclasses.replace(fit(*lessons(50), **ONE), top=np.array([top]))
    with pytest.raises(ValueError, match="its array top"):
        Model.load(model.save())


@pytest.mark.parametrize("name", ["knots", "scales", "constant", "spread"])
def test_a_file_with_numbers_that_are_not_finite_is_refused(name: str) -> None:
    model = fit(*lessons(50), **ONE)
    broken = getattr(model, name).copy()
    broken.flat[-1] = np.nan
    with pytest.raises(ValueError, match=f"its array {name} holds numbers that are not finite"):
        Model.load(dataclasses.replace(model, **{name: broken}).save())


@pytest.mark.parametrize("name", sorted(_KINDS))
def test_a_file_with_larger_numbers_than_its_sums_are_exact_for_is_refused(name: str) -> None:
    model = fit(*lessons(50), **ONE)
    wide = dataclasses.replace(model, **{name: getattr(model, name).astype(np.int64)})
    with pytest.raises(ValueError, match=f"its array {name} is of int64"):
        Model.load(wide.save())


@pytest.mark.parametrize("kind", [np.complex128, np.int64, np.bool_])
@pytest.mark.parametrize("name", ["knots", "scales", "constant", "curve", "spread", "top", "guard"])
def test_a_file_whose_floats_are_others_is_refused(name: str, kind: type) -> None:
    model = fit(*lessons(50), **ONE)
    other = dataclasses.replace(model, **{name: getattr(model, name).astype(kind)})
    with pytest.raises(ValueError, match=f"its array {name} is of {np.dtype(kind)}, not floats"):
        Model.load(other.save())


def test_a_file_whose_names_are_numbers_is_refused() -> None:
    model = fit(*lessons(50), **ONE)
    other = dataclasses.replace(model, names=np.arange(len(model.names)))
    with pytest.raises(ValueError, match="its array names is of int64, not texts"):
        Model.load(other.save())


def test_the_form_is_summed_in_as_many_bits_as_it_needs() -> None:
    texts, labels = lessons(60)
    model = fit(texts, labels, **ONE)
    assert model._form.dtype == np.float32
    exact = dataclasses.replace(model)
    exact.__dict__["_form"] = model._form.astype(np.float64)
    assert model.predict(texts).raw.tolist() == exact.predict(texts).raw.tolist()
    many = fit(texts, labels, **ONE, settings=Settings(style_knots=400))
    assert many._form.dtype == np.float64  # ranks up to 400 could pass 2**24


@pytest.mark.parametrize("count", [20, 33, 60, 150])
def test_few_labels_give_an_interval_that_holds_about_what_it_should(count: int) -> None:
    rng = np.random.default_rng(count)
    held = []
    for _ in range(12):
        scores = rng.uniform(0, 5, count + 2_000)
        labels = np.clip(np.rint(scores + rng.normal(scale=0.6, size=len(scores))), 0, 5)
        at, low, high = spread(scores[:count], labels[:count], np.ones(count), 0.9)
        assert (low <= high).all()
        fresh, truth = scores[count:], labels[count:]
        ends = fresh + np.interp(fresh, at, low), fresh + np.interp(fresh, at, high)
        held.append(((ends[0] <= truth) & (truth <= ends[1])).mean())
    assert np.mean(held) == pytest.approx(0.9, abs=0.06)


def test_rows_that_do_not_calibrate_still_train() -> None:
    texts, labels = lessons(120)
    # the second half is labeled the other way round, and only the first is like what will be scored
    turned = labels[:60] + [5 - label for label in labels[60:]]
    like = [True] * 60 + [False] * 60
    both = fit(texts, turned, calibrating=like, weights=[1.0] * 60 + [0.01] * 60, **ONE)
    sell, teach = both.predict([" ".join(SELL * 6), " ".join(TEACH * 6)]).values[:, 0]
    assert sell < 1.0 < 4.0 < teach
    with pytest.raises(ConfigError, match="calibrating must be 120 times"):
        fit(texts, labels, calibrating=[True], **ONE)


def test_a_row_counts_as_often_as_its_weight_says() -> None:
    # the same texts with opposite labels: weights decide whom to believe
    texts, labels = lessons(60)
    twice, both = texts * 2, labels + [5 - label for label in labels]
    right = fit(twice, both, weights=[1.0] * 60 + [0.01] * 60, **ONE)
    wrong = fit(twice, both, weights=[0.01] * 60 + [1.0] * 60, **ONE)
    assert sell_and_teach(right)[1] > 3.5 > 1.5 > sell_and_teach(right)[0]
    assert sell_and_teach(wrong)[0] > 3.5 > 1.5 > sell_and_teach(wrong)[1]
    none = fit(twice, both, weights=[1.0] * 60 + [0.0] * 60, **ONE)
    assert none.save() == fit(texts, labels, **ONE).save()


def test_a_label_may_be_missing_for_a_head() -> None:
    texts, labels = lessons(90)
    second = [5 - label if i % 2 else None for i, label in enumerate(labels)]
    model = fit(texts, list(zip(labels, second, strict=True)), tops=[5, 5], names=["a", "b"])
    sell, teach = model.predict([" ".join(SELL * 6), " ".join(TEACH * 6)]).values
    assert sell[0] < 1.5 < 3.5 < teach[0]
    assert teach[1] < 1.5 < 3.0 < sell[1]
    # what is missing for one head changes nothing for the other
    alone = fit(texts, labels, tops=[5], names=["a"])
    found = model.predict(texts).values[:, 0]
    assert found == pytest.approx(alone.predict(texts).values[:, 0], abs=1e-3)


def test_constant_labels_and_equal_texts_give_a_constant() -> None:
    texts, _ = lessons(50)
    model = fit(texts, [2.0] * 50, **ONE)
    assert model.predict(texts).values == pytest.approx(2.0)
    assert model.intervals(np.array([2.0])) == pytest.approx(np.array([[2.0, 2.0]]))
    same = fit(["water boils because it is hot"] * 60, [0.0, 4.0] * 30, groups=range(60), **ONE)
    assert same.predict(["water boils because it is hot"]).values == pytest.approx(2.0, abs=0.3)
    assert np.isfinite(same.intervals(np.linspace(0, 5, 11))).all()


def test_labels_of_a_teacher_train_but_do_not_calibrate() -> None:
    texts, labels = lessons(40, noise=1.0)
    more, truths = lessons(120, seed=5)
    plain = fit(texts, labels, **ONE)
    taught = fit(texts, labels, pseudo=Pseudo(more, truths, 1.0), **ONE)
    test, real = lessons(200, seed=9)
    errors = [np.abs(m.predict(test).values[:, 0] - real).mean() for m in (plain, taught)]
    assert errors[1] < errors[0]
    # noisy labels need a wide interval, however sure the teacher is
    width = np.diff(taught.intervals(np.array([2.5])))[0, 0]
    assert width > 1.0


def test_unlabeled_texts_widen_the_vocabulary() -> None:
    texts, labels = lessons(50)
    plain = fit(texts, labels, **ONE)
    more = fit(texts, labels, unlabeled=["zebra giraffe savanna " * 5] * 4, **ONE)
    assert len(more.vectors) == len(plain.vectors) + 3
    assert more.predict(["zebra giraffe savanna"]).known[0] == 1.0


def test_labels_by_fold_keep_the_interval_honest() -> None:
    # a teacher that has seen noisy labels repeats their noise on copies of the texts
    texts, labels = lessons(120, noise=1.5)
    leaking = Pseudo(texts, labels, 1.0)
    fresh, truth = lessons(600, seed=8, noise=1.5)
    clean = np.array([i % 6 for i in range(120)], dtype=float)[:, None]
    honest = Pseudo(texts, labels, 1.0, np.stack([clean] * 5))
    holds = []
    for pseudo in (leaking, honest):
        model = fit(texts, labels, pseudo=pseudo, **ONE)
        ends = model.intervals(model.predict(fresh).values[:, 0])
        holds.append(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean())
    assert holds[0] < holds[1]
    assert holds[1] > 0.7
    with pytest.raises(ConfigError, match=r"by_fold has shape \(3, 120, 1\), not \(5, 120, 1\)"):
        fit(texts, labels, pseudo=Pseudo(texts, labels, 1.0, np.stack([clean] * 3)), **ONE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"texts": "one text"}, "a list of texts is needed"),
        ({"texts": [*lessons(49)[0], 3]}, "text 49 is of type int"),
        ({"labels": [1.0] * 49}, r"shape \(49, 1\), 50 texts and 1 heads \(educational\)"),
        ({"labels": [1.0] * 48 + [6.0, 1.0]}, "label 6 of row 48 and head 'educational'.*0 to 5"),
        ({"labels": [-0.1] + [1.0] * 49}, "label -0.1 of row 0"),
        ({"labels": [float("inf")] + [1.0] * 49}, "label inf of row 0"),
        ({"labels": ["good"] * 50}, "must be numbers"),
        ({"labels": [{}] * 50}, "must be numbers"),
        ({"labels": [1.0] * 19 + [None] * 31}, "'educational' has 19 labels to train on"),
        ({"groups": ["a", "b"] * 25}, "2 groups .* 5 folds.*fewer calibration_folds in Settings"),
        ({"groups": ["a"]}, "1 groups for 50 texts"),
        ({"weights": [1.0] * 49 + [-1.0]}, "weights must be 50"),
        ({"weights": [float("nan")] * 50}, "weights must be 50"),
        ({"weights": [1e308] * 50}, "weights must be 50"),
        ({"seed": -1}, "seed = -1 must be a whole number from 0"),
        ({"seed": None}, "seed = None must be"),
        ({"tops": 5}, "tops = 5 must be lists"),
        ({"tops": ["high"]}, "must be lists of names and of numbers"),
        ({"tops": [10**400]}, "must be lists of names and of numbers"),
        ({"tops": [5, 3]}, "1 names and 2 tops"),
        ({"tops": [0]}, "top 0"),
        ({"names": ["a", "a"], "tops": [1, 1]}, "distinct names"),
        ({"names": "educational"}, "a list of distinct names"),
        ({"names": [], "tops": []}, "a list of distinct names"),
        ({"texts": [chr(97 + i % 25) * (2 + i) for i in range(50)]}, "0 words stand in at least"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_on_is_refused(change: dict[str, Any], said: str) -> None:
    texts, labels = lessons(50)
    given: dict[str, Any] = {"texts": texts, "labels": labels, **ONE, **change}
    with pytest.raises(ConfigError, match=said):
        fit(given.pop("texts"), given.pop("labels"), **given)


def test_groups_without_a_word_in_common_are_told() -> None:
    texts = [" ".join(chr(97 + i % 10) * (2 + n) for n in range(20)) for i in range(50)]
    with pytest.raises(ConfigError, match="different groups have no words in common"):
        fit(texts, [float(i % 6) for i in range(50)], groups=[i % 10 for i in range(50)], **ONE)


def test_hostile_texts_train_and_score() -> None:
    texts, labels = lessons(50)
    pieces = [text[:8_000] for text in HOSTILE]
    model = fit(texts + pieces, labels + [0.0] * len(pieces), **ONE)
    found = model.predict(pieces)
    assert np.isfinite(found.values).all()
    assert ((found.values >= 0) & (found.values <= 5)).all()
    sell, teach = sell_and_teach(model)
    assert sell < teach


def test_folds_keep_groups_whole_and_mix_labels() -> None:
    groups = np.array([f"g{i % 23}" for i in range(300)])
    labels = np.array([i % 6 for i in range(300)], dtype=float)
    fold = folds(labels, groups, 5, 0)
    assert set(fold.tolist()) == set(range(5))
    for group in np.unique(groups):
        assert len(np.unique(fold[groups == group])) == 1
    means = [labels[fold == k].mean() for k in range(5)]
    assert max(means) - min(means) < 1
    assert (folds(labels, groups, 5, 0) == fold).all()
    assert len(np.unique(folds(np.arange(8.0), np.arange(8).astype(str), 4, 0))) == 4


@pytest.mark.parametrize("count", [1, 5, 40, 400])
def test_the_curve_rises_and_means_what_it_says(count: int) -> None:
    rng = np.random.default_rng(count)
    raw = rng.normal(size=count)
    labels = np.clip(2 + raw + rng.normal(size=count), 0, 5)
    xs, ys = curve(raw, labels, np.ones(count), 16)
    assert (np.diff(xs) > 0).all()
    assert (np.diff(ys) > 0).all()
    found = np.interp(raw, xs, ys)
    assert found.mean() == pytest.approx(labels.mean(), abs=0.25 if count > 1 else 1e-9)


def test_scores_that_differ_in_their_last_bits_have_a_curve() -> None:
    raw = 3 + np.repeat([0.0, 1, 2, 4], 20) * 2.0**-51
    for seed in range(20):  # constant labels are predicted so, and weighted means differ as much
        weights = np.random.default_rng(seed).random(80)
        xs, ys = curve(raw, np.full(80, 3.0), weights, 16)
        assert np.interp(raw, xs, ys) == pytest.approx(3.0)
        assert (np.diff(xs) > 0).all()


def test_labels_that_scores_say_nothing_of_have_an_interval() -> None:
    counts = (19, 12, 21, 23, 27, 22)  # around some scores no level near an end is likely
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = rng.permutation(np.repeat(np.arange(6.0), counts))
        scores = 2.8 + 0.25 * rng.random(len(labels))
        at, low, high = spread(scores, labels, np.ones(len(labels)), 0.9)
        ends = scores + np.interp(scores, at, low), scores + np.interp(scores, at, high)
        held = ((ends[0] <= labels) & (labels <= ends[1])).mean()
        assert 0.8 < held <= 1


def test_the_interval_holds_what_it_promises() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 5, 6_000)
    labels = scores + rng.normal(size=6_000) * (0.2 + scores / 5)  # wider at the top
    at, low, high = spread(scores[:3_000], labels[:3_000], np.ones(3_000), 0.8)
    fresh, truth = scores[3_000:], labels[3_000:]
    inside = (fresh + np.interp(fresh, at, low) <= truth) & (
        truth <= fresh + np.interp(fresh, at, high)
    )
    assert inside.mean() == pytest.approx(0.8, abs=0.03)
    for part in (fresh < 1, fresh > 4):
        assert inside[part].mean() == pytest.approx(0.8, abs=0.06)


def whole_labels(scores: np.ndarray, top: int, seed: int) -> np.ndarray:
    """Return a label near each score, sure enough that one level holds too few, two too many."""
    rng = np.random.default_rng(seed)
    return np.clip(np.rint(scores + rng.normal(scale=0.35, size=len(scores))), 0, top)


def off(ends: np.ndarray, scores: np.ndarray, labels: np.ndarray, top: int) -> tuple[float, float]:
    """Return how far from 90 % the share of labels held is, over ten bands, and the least share."""
    inside = (ends[0] <= labels) & (labels <= ends[1])
    band = np.minimum(scores / top * 10, 9).astype(int)
    held = np.array([inside[band == b].mean() for b in range(10)])
    return float(np.abs(held - 0.9).mean()), float(held.min())


@pytest.mark.parametrize("top", [2, 3, 5])
def test_of_a_few_levels_each_band_holds_what_it_promises(top: int) -> None:
    scores = np.random.default_rng(top).uniform(0, top, 12_000)
    labels = whole_labels(scores, top, top)
    old, new = slice(4_000), slice(4_000, None)
    found = {}
    for fit_ends in (_smooth, spread):
        at, low, high = fit_ends(scores[old], labels[old], np.ones(4_000), 0.9)
        ends = scores[new] + np.array(
            [np.interp(scores[new], at, low), np.interp(scores[new], at, high)]
        )
        found[fit_ends.__name__] = off(ends, scores[new], labels[new], top)
        assert (np.diff(at) > 0).all()
    assert found["spread"][0] < 0.015
    assert found["spread"][1] > 0.85  # no band pays for another
    assert found["spread"][0] < found["_smooth"][0]


def test_ends_step_over_levels_and_no_further() -> None:
    scores = np.random.default_rng(1).uniform(0, 2, 4_000)
    labels = whole_labels(scores, 2, 1)
    at, low, high = spread(scores, labels, np.ones(4_000), 0.9)
    smooth = _smooth(scores, labels, np.ones(4_000), 0.9)
    for offsets, before in ((low, smooth[1]), (high, smooth[2])):
        ends, drawn = at + offsets, at + np.interp(at, smooth[0], before)
        moved = np.abs(ends - drawn)[1:-1] > 1e-9
        levels = np.abs(ends[1:-1][:, None] - [0, 1, 2]).min(axis=1)
        assert moved.any()
        assert levels[moved] == pytest.approx(0.03)  # just beyond a level or short of it
    assert low[0] == low[1]  # level beyond what was seen
    assert high[-1] == high[-2]


def test_equal_scores_beside_a_gap_leave_the_others_their_share() -> None:
    rng = np.random.default_rng(0)
    scores = np.append(np.full(400, 0.1), rng.uniform(2.0, 4.5, 2_000))
    noise = rng.normal(scale=0.7, size=2_000)
    labels = np.append(
        np.repeat([0.0, 1.0], [320, 80]), np.rint(np.clip(scores[400:] + noise, 0, 5))
    )
    at, low, high = spread(scores, labels, np.ones(2_400), 0.9)
    down, up = scores + np.interp(scores, at, low), scores + np.interp(scores, at, high)
    inside = (down <= labels) & (labels <= up)
    assert inside[400:].mean() == pytest.approx(0.9, abs=0.02)


def test_of_many_levels_the_interval_is_smooth() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 5, 500)
    labels = scores + rng.normal(size=500)
    of = (scores, labels, np.ones(500), 0.9)
    for found, wanted in zip(spread(*of), _smooth(*of), strict=True):
        assert found.tolist() == wanted.tolist()


def test_weights_move_curve_and_interval() -> None:
    raw = np.zeros(400)
    labels = np.tile([0.0, 4.0], 200)
    heavy = np.tile([1.0, 3.0], 200)
    assert curve(raw, labels, heavy, 16)[1][0] == pytest.approx(3.0, abs=0.2)
    tenth = np.where(labels == 4, 0.01, 1.0)
    _, _, high = spread(raw, labels, tenth, 0.8)
    assert high[0] < 4


def test_levels_nearby_count_by_their_weight_and_nearness() -> None:
    rng = np.random.default_rng(0)
    grid, scores = np.linspace(0, 5, 11), rng.uniform(0, 5, 400)
    level, weights = rng.integers(0, 3, 400), rng.uniform(0.1, 3, 400)
    found = _nearby(grid, scores, level, weights, 3)
    for point, row in zip(grid, found, strict=True):
        away = np.abs(scores - point)
        reach = max(np.sort(away)[39], 0.2)  # the nearest tenth, or 4 % of the range
        near = [max(0.0, 1 - a / reach) * w for a, w in zip(away, weights, strict=True)]
        wanted = [sum(n for n, at in zip(near, level, strict=True) if at == k) for k in range(3)]
        assert row == pytest.approx(np.array(wanted) / sum(wanted))


def test_quantiles_of_weighted_values_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    values, tails = rng.normal(size=31), (0.05, 0.95)
    nearly = 1 + rng.uniform(0, 1e-12, 31)  # then each stands for the middle of its share
    hazen = np.quantile(values, tails, method="hazen")
    assert _quantiles(values, nearly, tails) == pytest.approx(hazen, abs=1e-9)
    counts = rng.integers(1, 40, 31)
    often = np.quantile(np.repeat(values, counts * 100), tails)
    gap = np.diff(np.sort(values)).max()
    assert _quantiles(values, counts.astype(float), tails) == pytest.approx(often, abs=gap)


def test_knots_of_unequal_number_fit_in_one_array() -> None:
    found = same_length(
        [(np.array([0.0, 1.0]), np.array([0.0, 2.0])), (np.arange(4.0), np.arange(4.0))], 0.05
    )
    assert found.shape == (2, 2, 4)
    assert found[0].tolist() == [[0, 1, 2, 3], [0, 2, 2.05, 2.1]]


def test_the_written_model_is_the_regression_in_its_dual_form() -> None:
    texts, labels = lessons(80)
    blocks = Blocks(texts, Settings(), seed=0)
    ys, ws = np.array(labels, dtype=float)[:, None], np.ones(80)
    dual, base = blocks._dual(ys, ws, np.ones(80, dtype=bool))
    wanted = blocks.kernel.apply(blocks.kernel.weights(dual)) + base
    model = blocks.solve(ys, ws, [5], ["educational"])
    assert model.predict(texts).raw == pytest.approx(wanted, abs=1e-2)  # weights are 8 bits
    moved = dataclasses.replace(model, constant=base)
    assert moved.predict(texts).raw != pytest.approx(wanted, abs=1e-2)


def test_only_rows_that_calibrate_say_what_a_score_means() -> None:
    texts, labels = lessons(120)
    high = labels[:60] + [5.0] * 60
    fresh, _ = lessons(200, seed=9)
    means = [
        fit(texts, high, calibrating=like, **ONE).predict(fresh).values.mean()
        for like in ([True] * 60 + [False] * 60, None)
    ]
    assert means[0] == pytest.approx(np.mean(labels[:60]), abs=0.4)
    assert means[1] > means[0] + 0.4


def test_guards_stay_below_good_texts_of_every_kind() -> None:
    rng = np.random.default_rng(0)
    measured = rng.normal(1.0, 0.1, (2_000, 3))
    labels = np.where(np.arange(2_000) % 2, 4.0, 1.0)
    like = np.ones(1_000, dtype=bool)
    measured[::2] -= 5  # what is bad sets no limit
    (low, full), *_ = _guards(measured, labels, like, 5)
    good = measured[1:1_000:2, 0]
    assert good.min() <= full < np.quantile(good, 0.01)
    assert low == pytest.approx(full - 0.5 * (np.median(good) - full), abs=0.05)
    shares = _guards(measured / 4, labels, like, 5)[0]  # a limit near 0 does not fall below it
    assert shares[0] == pytest.approx(max(low, full / 2) / 4, abs=0.01)
    wide = _guards(np.where(labels[:, None] == 4, measured * 2 - 1.1, -9), labels, like, 5)[0]
    assert wide[1] > 0
    assert wide[0] == pytest.approx(wide[1] / 2)
    # a kind that only the teacher knows, lower: the limit gives way
    measured[1_001::20] -= 0.7
    assert _guards(measured, labels, like, 5)[0][1] < full - 0.3
    # higher: it stays, for those that calibrate are as before
    measured[1_001:] += 3
    assert _guards(measured, labels, like, 5)[0][1] == full
    many, told = np.vstack([measured] + [measured[1_001::2]] * 18), np.append(labels, [4.0] * 9_000)
    assert np.quantile(many[told >= 2.5, 0], 0.001) > full
    assert _guards(many, told, like, 5)[0][1] == full
    few = np.arange(2_000) < 2 * GOOD - 2
    assert _guards(measured[few], labels[few], like[: few.sum()], 5) == [OFF] * 3
