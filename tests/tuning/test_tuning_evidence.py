import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from webfilter.tuning.evidence import Share, chance


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.data())
def test_chance_is_the_hypergeometric_tail_of_scipy(bad, good, data):
    removed, lost = data.draw(st.integers(0, bad)), data.draw(st.integers(0, good))
    expected = stats.hypergeom.sf(removed - 1, bad + good, bad, removed + lost)
    assert chance(removed, bad, lost, good) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_chance_is_fishers_exact_test():
    table = [[30, 170], [4, 296]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert chance(30, 200, 4, 300) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10_000), st.data())
def test_the_interval_of_a_share_is_wilsons(n, data):
    count = data.draw(st.integers(0, n))
    truth = stats.binomtest(count, n).proportion_ci(method="wilson")
    share = Share(count, n)
    assert (share.low, share.high) == pytest.approx((truth.low, truth.high), abs=1e-9)
    assert share.low <= share.value <= share.high


def test_shares_of_nothing_and_sums():
    assert (Share(0, 0).value, Share(0, 0).low, Share(0, 0).high) == (0.0, 0.0, 1.0)
    assert Share(1, 4) + Share(2, 6) == Share(3, 10)
