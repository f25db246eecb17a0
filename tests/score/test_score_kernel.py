"""The regression without its kernel, against scikit-learn's with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from webfilter.score.kernel import Kernel, Weights
from webfilter.score.settings import Settings

sp = pytest.importorskip("scipy.sparse")
ridge = pytest.importorskip("sklearn.kernel_ridge")
Floats = npt.NDArray[np.float64]
SETTINGS = Settings(meaning_share=0.7, style_share=0.2, style_bend=0.4)


def made(count: int, seed: int = 0, buckets: int = 400) -> tuple[Kernel, Floats, Floats, Floats]:
    """Return a kernel, the matrix that it stands for, labels and weights."""
    rng = np.random.default_rng(seed)
    words = sp.random(count, buckets, 20 / buckets, "csr", random_state=seed)
    place, manner = (rng.normal(size=(count, width)) / width**0.5 for width in (6, 4))
    alike = manner @ manner.T
    matrix = (
        (words @ words.T).toarray()
        + 0.7 * (0.25 + place @ place.T + 0.4 * alike) ** 2
        + 0.2 * alike
    )
    labels = rng.normal(size=(count, 3)) + place[:, :1] * 5
    labels[:, 2] = 0.0
    return Kernel.of(words, place, manner, SETTINGS), matrix, labels, rng.uniform(0.3, 2, count)


def test_the_weights_are_those_of_the_matrix() -> None:
    kernel, matrix, labels, _ = made(60)
    assert kernel.apply(kernel.weights(labels)) == pytest.approx(matrix @ labels)
    some = np.array([3, 5, 58])
    part = kernel.rows(some).apply(kernel.weights(labels))
    assert part == pytest.approx(matrix[some] @ labels)


@pytest.mark.parametrize("penalty", [0.05, 0.5, 20.0])
def test_the_solution_is_that_of_scikit_learn(penalty: float) -> None:
    kernel, matrix, labels, weights = made(300)
    peer = ridge.KernelRidge(alpha=penalty, kernel="precomputed")
    wanted = peer.fit(matrix, labels, sample_weight=weights).dual_coef_
    found = kernel.solve(labels, weights, penalty)
    assert matrix @ found == pytest.approx(matrix @ wanted, abs=2e-3)
    assert not found[:, 2].any()  # nothing to explain: exactly nothing


def test_more_texts_than_the_rest_is_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, matrix, labels, weights = made(2_000, buckets=9_000)
    steps = 0
    apply = Kernel.apply

    def counted(self: Kernel, found: Weights) -> Floats:
        nonlocal steps
        steps += 1
        return apply(self, found)

    monkeypatch.setattr(Kernel, "apply", counted)
    peer = ridge.KernelRidge(alpha=0.1, kernel="precomputed")
    wanted = peer.fit(matrix, labels, sample_weight=weights).dual_coef_
    found = kernel.solve(labels, weights, 0.1)
    assert matrix @ found == pytest.approx(matrix @ wanted, abs=1e-2)
    assert 3 < steps < 60
    steps = 0
    kernel.solve(labels, weights, 0.1, found)
    assert steps == 1  # only to see that it is there


def test_a_start_changes_the_way_and_not_the_solution() -> None:
    kernel, matrix, labels, weights = made(200)
    alone = kernel.solve(labels, weights, 0.5)
    near = kernel.solve(labels + 0.01, weights, 0.5)
    assert matrix @ kernel.solve(labels, weights, 0.5, near) == pytest.approx(
        matrix @ alone, abs=2e-3
    )
    far = np.random.default_rng(1).normal(size=labels.shape)
    assert matrix @ kernel.solve(labels, weights, 0.5, far) == pytest.approx(
        matrix @ alone, abs=5e-3
    )


@pytest.mark.parametrize("penalty", [1e-9, 1e9])
def test_extreme_penalties_leave_numbers(penalty: float) -> None:
    kernel, _, labels, weights = made(300)
    same = kernel.rows(np.repeat(np.arange(100), 3))  # every text three times
    found = same.solve(np.repeat(labels[:100], 3, axis=0), np.repeat(weights[:100], 3), penalty)
    said = same.apply(same.weights(found))
    assert np.isfinite(said).all()
    if penalty < 1:
        assert np.abs(said - np.repeat(labels[:100], 3, axis=0)).mean() < 0.1
    else:
        assert np.abs(said).max() < 1e-3


def test_few_texts_that_stand_there_often_score_their_mean_label() -> None:
    rng = np.random.default_rng(0)
    at = rng.integers(0, 50, 2_000)
    words = sp.random(50, 400, 20 / 400, "csr", random_state=0)
    place, manner = (rng.normal(size=(50, width)) / width**0.5 for width in (16, 6))
    kernel = Kernel.of(words[at].tocsr(), place[at], manner[at], SETTINGS)
    labels = rng.normal(size=(2_000, 1))
    said = kernel.apply(kernel.weights(kernel.solve(labels, np.ones(2_000), 1e-9)))
    means = np.bincount(at, labels[:, 0]) / np.bincount(at)
    assert said[:, 0] == pytest.approx(means[at], abs=0.01)
