"""Bloom filters against their theory, and against a set."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.dedup.bloom import BloomFilter, bloom_size, key_hashes
from webfilter.errors import ConfigError, OutputError, SourceError


def keys(count, seed):
    return np.random.default_rng(seed).integers(0, 2**64, (count, 2), dtype=np.uint64)


def capacity_for(bits, rate):
    return int(bits * math.log(2) ** 2 / -math.log(rate))


SIZES = [(2**n, rate) for n in (10, 12, 14, 16, 18) for rate in (0.2, 0.05, 0.01, 0.001)]
SIZES += [(2**20, 0.1), (2**22, 0.01), (2**24, 0.001)]


@pytest.mark.parametrize(("bits", "rate"), SIZES)
def test_the_false_positive_rate_is_that_of_theory(bits, rate):
    capacity = capacity_for(bits, rate)
    asked = 20_000
    rounds = max(1, min(16, 2**14 // bits))
    hits, expected = 0, 0.0
    for seed in range(rounds):
        bloom = BloomFilter(capacity, rate)
        assert 0.9 * bits <= bloom.bits <= 1.1 * bits + 64
        bloom.add(keys(capacity, 2 * seed))
        hits += np.count_nonzero(bloom.contains(keys(asked, 2 * seed + 1)))
        expected += asked * bloom.expected_rate
        # the share of bits set: its mean as for independent positions, its deviation at most that
        # of throwing each position alone
        mean = 1 - (1 - 1 / bloom.bits) ** (bloom.hashes * capacity)
        assert abs(bloom.fill - mean) < 5 * math.sqrt(mean * (1 - mean) / bloom.bits)
    assert abs(hits - expected) < 5 * math.sqrt(expected) + 1
    assert expected / (asked * rounds) < 1.25 * rate  # 71 keys, as at 1,024 bits, scatter


def test_the_rate_is_kept_on_average_and_the_size_is_the_least():
    for rate in (0.3, 0.1, 0.03, 1e-2, 1e-3, 1e-6):
        for capacity in (1, 10, 1_000, 1_000_000):
            bits, hashes = bloom_size(capacity, rate)
            assert (1 - math.exp(-hashes * capacity / bits)) ** hashes <= rate
            least = -capacity * math.log(rate) / math.log(2) ** 2
            assert bits <= least * 1.08 + 64
            others = [(-k * capacity / math.log1p(-(rate ** (1 / k)))) for k in range(1, 40)]
            assert bits <= min(others) + 64


@pytest.mark.parametrize("bits", [2**10, 2**13, 2**16])
def test_every_bit_can_be_reached(bits):
    bloom = BloomFilter(capacity_for(bits, 0.01), 0.01)
    bloom.add(keys(bloom.bits * 4, 5))
    assert bloom.fill == 1.0


def test_a_megabyte_is_used_to_its_ends():
    bloom = BloomFilter(capacity_for(2**23, 0.01), 0.01)
    found = bloom._positions(keys(200_000, 1)).ravel()
    share = np.bincount((found * np.uint64(64) // np.uint64(bloom.bits)).astype(int), minlength=64)
    assert len(share) == 64
    assert np.abs(share / share.mean() - 1).max() < 5 * math.sqrt(64 / len(found))
    low = np.bincount((found % np.uint64(64)).astype(int), minlength=64)
    assert np.abs(low / low.mean() - 1).max() < 5 * math.sqrt(64 / len(found))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), max_size=120),
    st.lists(st.integers(1, 40), max_size=12),
    st.sampled_from([0.5, 0.1, 1e-9]),
)
def test_any_batching_says_what_one_by_one_says(names, cuts, rate):
    hashed = key_hashes(str(name) for name in names)
    alone, batched = BloomFilter(40, rate), BloomFilter(40, rate)
    one_by_one = [bool(alone.add(hashed[n : n + 1])[0]) for n in range(len(names))]
    edges = [0, *np.cumsum(cuts).tolist(), len(names)]
    together = [
        new for begin, end in pairwise(edges) for new in batched.add(hashed[begin:end]).tolist()
    ]
    assert together[: len(names)] == one_by_one
    assert np.array_equal(alone._words, batched._words)
    assert alone.count == sum(one_by_one)
    if rate == 1e-9:  # then it is a set
        assert one_by_one == [name not in names[:n] for n, name in enumerate(names)]
    assert batched.contains(hashed).all()


def test_batches_of_any_size_are_cut_alike():
    many = keys(70_000, 1)
    alone, halves = BloomFilter(70_000, 0.01), BloomFilter(70_000, 0.01)
    new = alone.add(many)
    assert np.array_equal(
        new, np.concatenate((halves.add(many[:40_001]), halves.add(many[40_001:])))
    )
    assert alone.count == new.sum()
    assert not alone.add(many).any()
    assert alone.add(many[:0]).tolist() == []


def test_a_union_holds_both():
    one, other = BloomFilter(5_000, 0.01), BloomFilter(5_000, 0.01)
    one.add(keys(2_000, 1))
    other.add(keys(2_500, 2))
    both = one.union(other)
    assert both.contains(np.concatenate((keys(2_000, 1), keys(2_500, 2)))).all()
    assert abs(both.count - 4_500) < 100
    whole = BloomFilter(5_000, 0.01)
    whole.add(np.concatenate((keys(2_000, 1), keys(2_500, 2))))
    assert np.array_equal(whole._words, both._words)
    assert both.fill == whole.fill
    with pytest.raises(ConfigError, match="capacity = 5000 and 5001"):
        one.union(BloomFilter(5_001, 0.01))
    with pytest.raises(ConfigError, match=r"false_positive_rate = 0\.01 and 0\.02"):
        one.union(BloomFilter(5_000, 0.02))


def test_saved_and_loaded_it_goes_on_alike(tmp_path):
    bloom = BloomFilter(1_000, 0.05)
    bloom.add(keys(900, 1))
    bloom.save(tmp_path / "new" / "f.bloom", {"by": "text"})
    read = BloomFilter.load(tmp_path / "new" / "f.bloom")
    assert (read.count, read.fill, read.bits) == (bloom.count, bloom.fill, bloom.bits)
    assert read.about == {"by": "text"}
    assert np.array_equal(read.add(keys(500, 2)), bloom.add(keys(500, 2)))
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["f.bloom"]


def test_where_it_cannot_be_saved_the_path_is_said_and_nothing_left(tmp_path):
    (tmp_path / "f").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*f: "):
        BloomFilter(1_000, 0.05).save(tmp_path / "f")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot write .*file.f: "):
        BloomFilter(1_000, 0.05).written(tmp_path / "file" / "f")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f", "file"]


def test_damage_is_said(tmp_path):
    path = tmp_path / "f"
    bloom = BloomFilter(1_000, 0.05)
    bloom.add(keys(900, 1))
    bloom.save(path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 13):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(SourceError, match=r"damaged|version|not a Bloom"):
            BloomFilter.load(path)
    for cut in (whole[:-1], whole + b"x", whole[:40], b"", b"[" * 9_000):
        path.write_bytes(cut)
        with pytest.raises(SourceError, match=r"damaged"):
            BloomFilter.load(path)
    path.write_bytes(json.dumps({"kind": "webfilter bloom filter", "version": 2}).encode() + b"\n")
    with pytest.raises(SourceError, match="version 2"):
        BloomFilter.load(path)
    with pytest.raises(SourceError, match="cannot read"):
        BloomFilter.load(tmp_path / "none")


@pytest.mark.parametrize(("capacity", "rate"), [(0, 0.1), (10, 0), (10, 1), (10, -1.0)])
def test_impossible_sizes(capacity, rate):
    with pytest.raises(ConfigError, match="must be"):
        BloomFilter(capacity, rate)


def test_keys_are_hashed_whatever_they_are():
    hashed = key_hashes(["", "a", b"a", "\ud800", "é"])
    assert hashed.shape == (5, 2)
    assert len(np.unique(hashed[:, 0])) == 4
    assert (hashed[1] == hashed[2]).all()
    assert key_hashes([]).shape == (0, 2)
