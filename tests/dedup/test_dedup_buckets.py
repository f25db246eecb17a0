"""Buckets on disk, and who stays among their documents, against brute force."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webfilter.dedup import columns
from webfilter.dedup import stars as module
from webfilter.dedup.buckets import Buckets
from webfilter.dedup.clusters import Clusters
from webfilter.dedup.columns import Column, flags, parted
from webfilter.dedup.minhash import MinHash
from webfilter.dedup.sketch import Keys
from webfilter.dedup.stars import firsts, stars
from webfilter.document import Document
from webfilter.errors import ConfigError, OutputError

SMALL = st.integers(0, 4)
ROWS = st.lists(st.tuples(SMALL, SMALL, SMALL), max_size=25)
SCHEME = {"seed": 1}


def sketches(keys: np.ndarray, cut: int = 4) -> list[Keys]:
    names = np.arange(len(keys), dtype=np.uint64) * 3 + 7
    return [
        Keys(names[at : at + cut], keys[at : at + cut], SCHEME) for at in range(0, len(keys), cut)
    ]


def groups(keys: np.ndarray, band: int) -> list[list[int]]:
    """Return the documents that share a key of `band`, the long way."""
    found: dict[tuple[int, ...], list[int]] = {}
    for row, key in enumerate(keys[:, band]):
        if key.any():
            found.setdefault(tuple(key), []).append(row)
    return sorted(group for group in found.values() if len(group) > 1)


def as_groups(documents: np.ndarray, bucket: np.ndarray) -> list[list[int]]:
    return sorted(documents[bucket == n].tolist() for n in np.unique(bucket))


@given(ROWS, st.sampled_from([1, 2, 3, 100]), st.booleans())
def test_buckets_are_the_documents_that_share_a_key_and_zero_is_no_key(
    rows: list[tuple[int, ...]], at_once: int, wide: bool
) -> None:
    spread = np.uint64(0x2545F4914F6CDD1D)  # keys are hashes: over the whole range
    keys = np.array(rows, dtype=np.uint64).reshape(-1, 3) * spread
    keys = keys[:, None, :] if wide else keys[:, :, None]
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(columns, "ROWS", at_once)
        buckets = Buckets("toy", sketches(keys), Path(folder))
        expected = [groups(keys, band) for band in range(keys.shape[1] if len(keys) else 0)]
        members = sorted({row for band in expected for group in band for row in group})
        assert buckets.candidates.tolist() == [row * 3 + 7 for row in members]
        buckets.place(np.arange(len(keys), dtype=np.uint64) * 3 + 7)
        assert len(buckets) == len(expected)
        for band, wanted in enumerate(expected):
            documents, bucket = buckets.band(band)
            assert as_groups(documents, bucket) == wanted
            both = bucket * 100 + documents
            assert (np.diff(both) > 0).all()
        there = np.array([1, 7, 10, 2**63], dtype=np.uint64)
        assert buckets.among(there).tolist() == [
            name in set(buckets.candidates.tolist()) for name in there.tolist()
        ]


def test_documents_that_never_came_again_and_those_that_came_twice_are_left_out() -> None:
    keys = np.ones((4, 1, 1), dtype=np.uint64)
    names = np.array([5, 6, 5, 9], dtype=np.uint64)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        buckets = Buckets("toy", [Keys(names, keys, SCHEME)], Path(folder))
        assert buckets.candidates.tolist() == [5, 6, 9]
        buckets.place(np.array([9, 5], dtype=np.uint64))
        documents, bucket = buckets.band(0)
        assert documents.tolist() == [0, 1]
        assert bucket.tolist() == [0, 0]


def test_keys_of_two_schemes_are_refused() -> None:
    keys = np.ones((1, 1, 1), dtype=np.uint64)
    one = Keys(np.zeros(1, np.uint64), keys, {"seed": 1})
    with TemporaryDirectory() as folder, pytest.raises(ConfigError, match=r"toy: .* seed = 1 and"):
        Buckets("toy", [one, Keys(one.names, keys, {"seed": 2})], Path(folder))


class Given:
    """Buckets as lists of documents."""

    def __init__(self, bands: list[list[list[int]]]) -> None:
        self._bands = bands

    def __len__(self) -> int:
        return len(self._bands)

    def band(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        groups = self._bands[number]
        documents = [doc for group in groups for doc in sorted(group)]
        bucket = [n for n, group in enumerate(groups) for _ in group]
        return np.array(documents, dtype=np.intp), np.array(bucket, dtype=np.intp)


def random_bands(rng: random.Random, size: int) -> list[list[list[int]]]:
    bands = []
    for _ in range(rng.randint(1, 4)):
        groups: dict[int, list[int]] = {}
        count = rng.choice([1, 2, max(size // 3, 1)])
        for doc in range(size):
            groups.setdefault(rng.randrange(count), []).append(doc)
        bands.append([group for group in groups.values() if len(group) > 1])
    return bands


@given(st.integers(0, 30), st.floats(0, 1), st.randoms(use_true_random=False))
def test_those_stay_that_have_no_better_one_like_them_that_stays(
    size: int, dense: float, rng: random.Random
) -> None:
    like = {(a, b) for a in range(size) for b in range(a + 1, size) if rng.random() < dense}
    bands = random_bands(rng, size)
    together = {
        (a, b) for band in bands for group in band for a in group for b in group if a < b
    } & like
    asked: list[tuple[int, int]] = []

    def test(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        pairs = list(zip(left.tolist(), right.tolist(), strict=True))
        asked.extend(pairs)
        return np.array([0.8 if pair in like else 0.2 for pair in pairs])

    of, similarity = stars(Given(bands), size, test, 0.5)
    stays: list[int] = []
    for doc in range(size):
        if not any((better, doc) in together for better in stays):
            stays.append(doc)
    assert [doc for doc in range(size) if of[doc] == doc] == stays
    for doc in range(size):
        if of[doc] != doc:
            assert (int(of[doc]), doc) in together
            assert of[doc] == min(a for a in stays if (a, doc) in like and (a, doc) in asked)
            assert similarity[doc] == 0.8
    assert len(asked) == len(set(asked)), "a pair was compared twice"
    assert all(a < b for a, b in asked)


def test_of_several_that_stay_the_best_is_named() -> None:
    def test(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.where((right == 7) & (left >= 3) & (left <= 5), left / 10 + 0.4, 0.1)

    of, similarity = stars(Given([[list(range(8))]]), 8, test, 0.5)
    assert of.tolist() == [0, 1, 2, 3, 4, 5, 6, 3]
    assert similarity[7] == pytest.approx(0.7)


@pytest.mark.parametrize("own", [True, False])
def test_copies_that_are_each_like_a_better_one_elsewhere_all_go(own: bool, monkeypatch) -> None:
    monkeypatch.setattr("webfilter.dedup.stars.PASSES", 4)
    # 0 to 39 are alone, or 0 alone is; 40 to 79 are alike, and each is like a better one, too
    size = 40
    better = [number if own else 0 for number in range(size)]

    def test(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        copies = (left >= size) & (right >= size)
        return np.where(copies | (left == np.array(better)[right - size]), 0.9, 0.1)

    apart = [[number, size + number] for number in range(size)]
    bands = [[list(range(size, 2 * size))], apart if own else [[0, *range(size, 2 * size)]]]
    of, _ = stars(Given(bands), 2 * size, test, 0.5)
    assert of.tolist() == [*range(size), *better]


def test_it_is_said_where_passes_do_not_suffice(monkeypatch, caplog) -> None:
    def test(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.full(len(left), 0.9)

    bands = [[[1, 2]], [[0, 1]]]  # 1 takes 2 away, and 0 takes 1: so 2 rises again
    of, _ = stars(Given(bands), 3, test, 0.5)
    assert of.tolist() == [0, 0, 2]
    assert not caplog.messages
    monkeypatch.setattr("webfilter.dedup.stars.PASSES", 1)
    of, _ = stars(Given(bands), 3, test, 0.5)
    assert of.tolist() == [0, 0, 2]
    assert "after 1 passes 1 documents stay" in caplog.text


def test_many_copies_are_each_compared_once() -> None:
    asked = []

    def test(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        asked.append(len(left))
        return np.ones(len(left))

    of, _ = stars(Given([[list(range(5_000))]] * 28), 5_000, test, 0.5)
    assert not of.any()
    assert sum(asked) == 4_999


def test_a_crowd_of_unlike_documents_costs_few_comparisons_and_those_alike_are_found() -> None:
    rng = random.Random(3)
    size, bands = 3_000, 28
    of = [doc - 1 if doc % 3 == 1 else doc for doc in range(size)]  # 0 1, 3 4, ... are alike
    keys = np.array([[rng.randrange(size) for _ in range(bands)] for _ in range(size)])
    for doc in range(size):
        if of[doc] != doc:
            shared = rng.sample(range(bands), 9)
            keys[doc, shared] = keys[of[doc], shared]
    keys[:, ::7] = 1  # and in these bands all of them are one bucket
    groups = [
        [np.flatnonzero(keys[:, b] == key).tolist() for key in {*keys[:, b]}] for b in range(28)
    ]
    asked: list[tuple[int, int]] = []

    def test(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        asked.extend(zip(left.tolist(), right.tolist(), strict=True))
        return (np.array(of)[right] == left).astype(float)

    found, _ = stars(Given([[g for g in band if len(g) > 1] for band in groups]), size, test, 0.5)
    assert found.tolist() == of
    assert len(asked) == len(set(asked)) < 80 * size < size * size / 20


def test_the_pairs_tried_in_a_crowd_that_cannot_be_split_are_bounded() -> None:
    asked: list[tuple[int, int]] = []

    def test(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        asked.extend(zip(left.tolist(), right.tolist(), strict=True))
        return np.zeros(len(left))

    of, _ = stars(Given([[list(range(200))]] * 3), 200, test, 0.5)
    assert of.tolist() == list(range(200))
    assert len(asked) == len(set(asked)) <= 200 * (module.CROWD + 3)


def test_what_is_forgotten_is_compared_again_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def test(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return ((left * 7 + right * 13) % 5 == 0).astype(float)

    bands = [random_bands(random.Random(n), 60)[0] for n in range(6)]
    whole = stars(Given(bands), 60, test, 0.5)[0].tolist()
    monkeypatch.setattr(module, "_REMEMBERED", 0)
    assert stars(Given(bands), 60, test, 0.5)[0].tolist() == whole


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11))))
def test_firsts_are_the_greedy_ones(size: int, drawn: list[tuple[int, int]]) -> None:
    pairs = {(min(p), max(p)) for p in drawn if max(p) < size and p[0] != p[1]}
    stays: list[int] = []
    for doc in range(size):
        if not any((better, doc) in pairs for better in stays):
            stays.append(doc)
    better, worse = (np.array([p[n] for p in sorted(pairs)], dtype=np.intp) for n in (0, 1))
    assert np.flatnonzero(firsts(size, better, worse)).tolist() == stays


IDS = st.lists(st.text(max_size=4), unique=True, max_size=12)


@given(IDS, st.randoms(use_true_random=False))
def test_clusters_are_a_sequence_of_tuples_that_finds_ids(
    ids: list[str], rng: random.Random
) -> None:
    plain = []
    left = list(ids)
    while left:
        size = rng.randint(1, len(left))
        plain.append(tuple(left[:size]))
        left = left[size:]
    packed = Clusters.of(plain)
    assert packed == plain == list(packed)
    assert packed[:] == tuple(plain)
    assert packed.members == len(ids)
    assert packed.sizes.tolist() == [len(group) for group in plain]
    wanted = [*ids, "elsewhere"]
    expected = [n for n, group in enumerate(plain) for _ in group] + [-1]
    assert packed.find(wanted).tolist() == expected
    assert packed == Clusters.of(plain)
    assert hash(packed) == hash(Clusters.of(plain))
    assert packed != [*plain, ("more",)]


def test_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def same(ids: list[str]) -> tuple[np.ndarray, list[bytes]]:
        return np.full(len(ids), 7, dtype=np.uint64), [name.encode() for name in ids]

    monkeypatch.setattr("webfilter.dedup.clusters.named", same)
    packed = Clusters.of([("b", "a"), ("x", "y")])
    assert packed.find(["y", "z", "a", "b", "x"]).tolist() == [1, -1, 0, 0, 1]


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_parts_hold_every_key_once_and_equal_keys_together(tmp_path: Path, rows: int) -> None:
    rng = np.random.default_rng(rows)
    keys = rng.choice(rng.integers(0, 2**64, 40, dtype=np.uint64), 200)
    seen: dict[int, int] = {}
    places = []
    for number, (part, at) in enumerate(parted(keys, tmp_path, rows)):
        assert (keys[at] == part).all()
        places.extend(at.tolist())
        for key in part.tolist():
            assert seen.setdefault(key, number) == number
    assert sorted(places) == list(range(200))
    assert not list(tmp_path.iterdir())


def test_parts_of_hashes_are_about_as_large_as_was_asked(tmp_path: Path) -> None:
    keys = np.random.default_rng(0).integers(0, 2**64, 10_000, dtype=np.uint64)
    sizes = [len(part) for part, _ in parted(keys, tmp_path, 1_000)]
    assert len(sizes) == 10
    assert all(800 < size < 1_200 for size in sizes)  # seven standard deviations


def test_a_full_disk_is_said() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    column = Column(Path("/dev/full"), np.uint64)
    with pytest.raises(OutputError, match=r"cannot write /dev/full: .*; make room"):
        column.append(np.zeros(100_000, np.uint64))


def test_there_may_be_more_bands_than_open_files() -> None:
    resource = pytest.importorskip("resource")
    words = [f"word{chr(97 + n)}" for n in range(20)]
    docs = [Document(f"{n}{m}", " ".join(words[m:])) for n in "ab" for m in range(10)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 128), hard))
    try:
        found = MinHash(threshold=None, bands=200, rows=6).clusters(docs)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found.members == len(docs)


def test_flags_have_their_room_on_disk_before_they_are_mapped(tmp_path: Path) -> None:
    held = flags(tmp_path / "flags", 300_000)
    assert len(held) == 300_000
    assert not held.any()
    held[299_999] = True
    assert held.sum() == 1
    assert not len(flags(tmp_path / "none", 0))
    about = (tmp_path / "flags").stat()
    assert getattr(about, "st_blocks", 1_000_000) * 512 >= 300_000  # no holes


def test_flags_on_a_full_disk_are_an_error() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OutputError, match=r"cannot write /dev/full: .*; make room"):
        flags(Path("/dev/full"), 300_000)
