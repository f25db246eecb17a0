import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from webfilter.tuning.tails import Tail, depths, most_gain, resampled

NUMBERS = st.one_of(
    st.integers(-5, 5).map(float),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(0, 1, allow_nan=False),
    st.just(float("nan")),
)
VALUES = st.lists(NUMBERS, min_size=1, max_size=30).map(np.array)


def tail(good, bad, strict=False, whole=False, sign=1):
    good, bad = np.asarray(good, dtype=float), np.asarray(bad, dtype=float)
    return Tail.of(good, bad, sign, strict, whole)


@settings(max_examples=120, deadline=None)
@given(VALUES, VALUES, st.integers(0, 5), st.booleans(), st.booleans(), st.sampled_from([1, -1]))
def test_a_limit_never_loses_more_than_its_depth(good, bad, depth, strict, whole, sign):
    one = tail(good, bad, strict, whole, sign)
    if one.constant():
        return
    limit = one.limit(depth)
    if limit is None:
        return
    lost, removed = one.removed(limit)
    assert removed > 0
    assert lost <= depth or depth >= len(one.good)
    if whole:
        assert limit == int(limit)
    best = (one.bad < one.edge(depth)).sum()
    assert removed >= 0.98 * best


@pytest.mark.parametrize(
    ("edge", "bad", "strict", "whole", "expected"),
    [
        (0.12345, [0.11, 0.1229], False, False, 0.123),
        (0.12345, [*[0.11] * 98, 0.1229], False, False, 0.12),  # 98 of 99 are worth a digit
        (0.3, [0.29], False, False, 0.3),
        (0.3, [0.25], True, False, 0.29),
        (37.9, [36.5], False, True, 37),
        (37, [36], True, True, 36),
        (0.0, [-0.2], True, False, -0.1),
        (-0.0512, [-0.0525, -0.058], False, False, -0.052),
        (12_345, [11_000, 12_200], False, True, 12_300),
    ],
)
def test_limits_are_rounded_to_the_loose_side(edge, bad, strict, whole, expected):
    assert tail([edge, edge + 1], [*bad, edge + 1], strict, whole).limit(0) == expected


def test_an_edge_between_near_values_gets_the_digits_that_it_needs():
    good, bad = [0.5000123, 0.9], [0.5000101, 0.5000110, 0.5000111, 0.8]
    limit = tail(good, bad).limit(0)
    assert 0.5000111 < limit <= 0.5000123
    assert tail(good, [*bad, 0.50001229999], strict=True).limit(0) < 0.5000123


def test_undefined_values_are_never_removed_but_count():
    one = tail([1, 2, np.nan, np.nan], [0, 0, np.nan])
    assert (one.good_size, one.bad_size) == (4, 3)
    assert one.removed(1.5) == (1, 2)
    assert most_gain(one) == pytest.approx(2 / 3)


def test_a_tail_without_good_values_may_all_be_removed():
    one = tail([np.nan] * 5, [1.0, 2.0, 3.0])
    assert one.removed(one.limit(0))[1] == 2  # all but the largest: a limit is a value that stays


def test_depths_halve_and_end_at_none():
    assert depths(1_000, 0.01) == (10, 5, 2, 1, 0)
    assert depths(10, 0.01) == (0,)
    assert depths(700, 0.01)[0] == 7  # 700 * 0.01 is 7.000000000000001
    assert depths(100, 0.29)[0] == 29  # and this one 28.999999999999996


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
def test_distance_is_the_one_sided_one_of_kolmogorov_and_smirnov(good, bad):
    truth = stats.ks_2samp(bad, good, alternative="greater", method="asymp").statistic
    assert most_gain(tail(good, bad)) == pytest.approx(truth)
    mirrored = stats.ks_2samp(bad, good, alternative="less", method="asymp").statistic
    assert most_gain(tail(good, bad, sign=-1)) == pytest.approx(mirrored)


@pytest.mark.parametrize("depth", [0, 3, 20])
@pytest.mark.parametrize("values", ["continuous", "discrete", "half undefined"])
def test_the_bootstrap_is_that_of_resampled_documents(values, depth):
    """Against the plain one: draw documents, sort, take the (k+1)-th least, count."""
    rng = np.random.default_rng(1)
    good, bad = rng.normal(size=300), rng.normal(-0.7, 1.5, size=200)
    if values == "discrete":
        good, bad = np.round(2 * good), np.round(2 * bad)
    if values == "half undefined":
        good[:150] = bad[:100] = np.nan
    one = tail(good, bad)
    fast = resampled(one, depth, 3_000, np.random.default_rng(2))
    drawn = np.sort(rng.choice(good, (3_000, 300)))  # NaN last
    others = rng.choice(bad, (3_000, 200))
    limits = drawn[:, depth, None]
    gains = (others < limits).mean(axis=1) - (drawn < limits).mean(axis=1)
    for q in (0.025, 0.25, 0.5, 0.75, 0.975):
        assert np.quantile(fast.gains, q) == pytest.approx(np.quantile(gains, q), abs=0.02)
        assert np.mean(fast.limits <= np.quantile(limits, q)) == pytest.approx(
            np.mean(limits <= np.quantile(limits, q)), abs=0.05
        )


def test_the_interval_of_a_limit_covers_the_true_quantile_about_as_often_as_it_says():
    truth = stats.norm.ppf(0.05)
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        one = tail(rng.normal(size=400), [-9.0])
        found = resampled(one, 20, 400, rng).limits
        low, high = np.quantile(found, (0.025, 0.975))
        covered += low <= truth <= high
    assert 0.91 <= covered / 400 <= 0.985
