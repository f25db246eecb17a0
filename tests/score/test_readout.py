"""From vectors to scores, against scikit-learn's ridge and SciPy's bounded least squares."""

from __future__ import annotations

import numpy as np
import pytest

from webfilter.score.readout import Ridge, mix

linear_model = pytest.importorskip("sklearn.linear_model")
optimize = pytest.importorskip("scipy.optimize")


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
def test_each_head_is_the_regression_of_the_rows_that_somebody_judged(penalty: float) -> None:
    rng = np.random.default_rng(0)
    vectors, weights = rng.normal(size=(80, 5)) + 3, rng.uniform(0.2, 3, 80)
    labels = vectors @ rng.normal(size=(5, 4)) + rng.normal(size=(80, 4))
    labels[vectors[:, 0] > 3.3, 1] = np.nan  # those left lie elsewhere
    labels[vectors[:, 1] > 3.3, 2] = np.nan
    labels[:, 3] = np.nan
    ridge = Ridge(vectors, labels, weights)
    found = ridge.solve(penalty)(vectors)
    for t in range(3):
        known = ~np.isnan(labels[:, t])
        peer = linear_model.Ridge(alpha=penalty * ridge.unit)
        peer.fit(vectors[known], labels[known, t], sample_weight=weights[known])
        assert found[:, t] == pytest.approx(peer.predict(vectors))
    assert not found[:, 3].any()


@pytest.mark.parametrize("slopes", [(0.7, 0.4), (0.9, -0.5), (-0.5, 0.9), (-0.4, -0.3)])
def test_a_mix_is_the_bounded_least_squares(slopes: tuple[float, float]) -> None:
    rng = np.random.default_rng(1)
    inputs, weights = rng.normal(size=(60, 2)), rng.uniform(0.1, 4, 60)
    labels = inputs @ slopes + 2 + rng.normal(size=60) / 5
    root = np.sqrt(weights)
    whole = np.column_stack([inputs, np.ones(60)])
    peer = optimize.lsq_linear(whole * root[:, None], labels * root, ([0, 0, -np.inf], np.inf))
    assert mix(inputs, labels, weights) == pytest.approx(peer.x, abs=1e-6)
