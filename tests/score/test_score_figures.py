"""Figures of agreement, against scikit-learn and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.errors import ConfigError
from webfilter.score.figures import (
    agreement,
    at_cut,
    auc,
    calibration,
    calibration_error,
    coverage,
    kappa,
    mae,
    pearson,
    quadratic_kappa,
    r2,
    spearman,
)

metrics = pytest.importorskip("sklearn.metrics")
stats = pytest.importorskip("scipy.stats")


def some(seed: int, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 11, count) / 2
    return labels, np.clip(labels + rng.normal(0, 1, count), 0, 5)


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_the_libraries(seed: int) -> None:
    labels, scores = some(seed)
    whole = np.floor(labels + 0.5).astype(int), np.floor(scores + 0.5).astype(int)
    assert kappa(labels, scores) == pytest.approx(
        metrics.cohen_kappa_score(*whole, weights="quadratic")
    )
    assert pearson(labels, scores) == pytest.approx(stats.pearsonr(labels, scores).statistic)
    assert spearman(labels, scores) == pytest.approx(stats.spearmanr(labels, scores).statistic)
    assert mae(labels, scores) == pytest.approx(metrics.mean_absolute_error(labels, scores))
    assert auc(labels >= 2.5, scores) == pytest.approx(metrics.roc_auc_score(labels >= 2.5, scores))
    weights = np.random.default_rng(seed).random(len(labels))
    assert r2(labels, scores) == pytest.approx(metrics.r2_score(labels, scores))
    assert r2(labels, scores, weights) == pytest.approx(
        metrics.r2_score(labels, scores, sample_weight=weights)
    )
    for cut, threshold in ((1.5, 1.5), (2.5, 2.5), (2.5, 3.2), (9, 9), (0, 0)):
        found = at_cut(labels, scores, cut, threshold)
        wanted, got = labels >= cut, scores >= threshold
        scored = metrics.precision_recall_fscore_support(
            wanted, got, average="binary", zero_division=0
        )
        assert (found.precision, found.recall, found.f1) == pytest.approx(scored[:3])
        assert (found.share, found.kept) == (wanted.mean(), got.mean())


def test_what_is_not_defined_is_nan_and_not_a_number_that_flatters() -> None:
    nothing: list[float] = []
    for figure in (kappa, pearson, spearman, mae, r2):
        assert math.isnan(figure(nothing, nothing))
    assert math.isnan(pearson([1, 1, 1], [0, 1, 2]))
    assert math.isnan(spearman([0, 1, 2], [3, 3, 3]))
    assert math.isnan(kappa([2, 2], [2, 2]))
    assert math.isnan(auc([True, True], [0, 1]))
    assert math.isnan(coverage([], np.zeros((0, 2))).holds)
    assert math.isnan(calibration_error(calibration([], [], 5)))
    assert (r2([1, 1], [1, 1]), r2([1, 1], [1, 2])) == (1.0, 0.0)
    assert at_cut([], [], 1).f1 == 0


def test_rows_without_a_label_are_left_out() -> None:
    labels, scores = some(1)
    padded = np.append(labels, [np.nan] * 3), np.append(scores, [0, 1, 2])
    assert agreement(*padded, 5) == agreement(labels, scores, 5)
    assert calibration(*padded, 5) == calibration(labels, scores, 5)
    assert at_cut(*padded, 2.5) == at_cut(labels, scores, 2.5)
    assert r2(*padded, np.ones(203)) == r2(labels, scores)
    ends = np.column_stack([padded[1] - 1, padded[1] + 1])
    assert coverage(padded[0], ends) == coverage(labels, ends[:-3])


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        kappa([1, 2], [1, 2, 3])


def test_calibration_by_bin() -> None:
    bins = calibration([0, 1, 5, 5], [0.1, 0.3, 4.6, 5.0], 5)
    assert [(b.low, b.high, b.count) for b in bins] == [(0, 0.5, 2), (4.5, 5, 2)]
    assert bins[0].score == pytest.approx(0.2)
    assert bins[0].label == pytest.approx(0.5)
    assert calibration_error(bins) == pytest.approx((2 * 0.3 + 2 * 0.2) / 4)


def test_coverage_counts_the_ends() -> None:
    found = coverage([1, 2, 9], np.array([[1, 2], [0, 2], [0, 1]]))
    assert found.holds == pytest.approx(2 / 3)
    assert found.mean_width == pytest.approx(4 / 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 5)), min_size=2, max_size=40))
def test_figures_are_bounded(rows: list[tuple[int, float]]) -> None:
    labels, scores = zip(*rows, strict=True)
    for figure in (kappa, pearson, spearman):
        value = figure(labels, scores)
        assert math.isnan(value) or -1 - 1e-9 <= value <= 1 + 1e-9
    bins = calibration(labels, scores, 5)
    assert sum(b.count for b in bins) == len(rows)
    assert kappa(labels, labels) == 1 or len(set(labels)) == 1


FIGURES = {
    "kappa": kappa,
    "quadratic_kappa": quadratic_kappa,
    "pearson": pearson,
    "spearman": spearman,
    "mae": mae,
    "r2": r2,
    "auc": auc,
    "at_cut": lambda labels, scores: at_cut(labels, scores, 2.5),
    "calibration": lambda labels, scores: calibration(labels, scores, 5.0),
    "coverage": lambda labels, scores: coverage(labels, [scores] if scores else []),
    "weighted": lambda labels, scores: r2([1.0, 2.0], [1.0, 2.0], scores),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("scores", [[1.0], [1.0, 2.0, 3.0], ["a", "b"], [[1.0, 2.0]]], ids=str)
def test_what_is_not_one_number_of_each_a_row_is_refused(name: str, scores: list[float]) -> None:
    with pytest.raises(ConfigError, match="figures: "):
        FIGURES[name]([1.0, 2.0], scores)


@pytest.mark.parametrize("name", sorted(FIGURES.keys() - {"weighted", "at_cut", "calibration"}))
def test_nothing_has_no_figure(name: str) -> None:
    found = FIGURES[name]([], [])
    assert found is None or math.isnan(getattr(found, "holds", found))
