"""Links, buckets and clusters against a dictionary union-find and brute force."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from webfilter.dedup import components as module
from webfilter.dedup.components import Sketch, clusters, components, linked
from webfilter.dedup.verify import MOST, Sets, jaccard

PAIRS = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60)


def plain_components(size: int, pairs: list[tuple[int, int]]) -> list[int]:
    labels = list(range(size))
    for _ in range(size):
        for left, right in pairs:
            labels[left] = labels[right] = min(labels[left], labels[right])
    return labels


@given(PAIRS)
def test_components_are_those_of_plain_union(pairs: list[tuple[int, int]]) -> None:
    left = np.array([a for a, _ in pairs], dtype=np.intp)
    right = np.array([b for _, b in pairs], dtype=np.intp)
    assert components(np.arange(30), left, right).tolist() == plain_components(30, pairs)


def test_a_long_chain_is_one_component() -> None:
    rows = np.random.default_rng(0).permutation(20_000)
    assert not components(np.arange(20_000), rows[:-1], rows[1:]).any()


KEYS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25
)


def brute(keys: np.ndarray, passes: object = None) -> list[int]:
    size, bands, _ = keys.shape
    pairs = [
        (i, j)
        for i in range(size)
        for j in range(i)
        if any((keys[i, b] == keys[j, b]).all() and keys[i, b].any() for b in range(bands))
        and (passes is None or passes[i, j])  # type: ignore[index]
    ]
    return plain_components(size, pairs)


@given(KEYS)
def test_rows_that_share_a_key_are_linked_and_zero_is_no_key(rows: list[tuple[int, ...]]) -> None:
    keys = np.array(rows, dtype=np.uint64)[:, :, None]
    assert linked(keys).tolist() == brute(keys)


@given(KEYS, KEYS)
def test_all_words_of_a_key_count(one: list[tuple[int, ...]], two: list[tuple[int, ...]]) -> None:
    size = min(len(one), len(two))
    keys = np.stack([np.array(one[:size]), np.array(two[:size])], axis=2).astype(np.uint64)
    assert linked(keys).tolist() == brute(keys)


@given(KEYS, st.integers(0, 10**6))
def test_with_a_test_only_pairs_that_pass_are_linked(
    rows: list[tuple[int, ...]], seed: int
) -> None:
    keys = np.array(rows, dtype=np.uint64)[:, :, None]
    passes = np.random.default_rng(seed).random((len(rows), len(rows))) < 0.3
    passes |= passes.T
    found = linked(keys, lambda left, right: passes[left, right])
    assert found.tolist() == brute(keys, passes)


def test_reach_bounds_the_pairs_tried_in_a_bucket_of_unlike_rows() -> None:
    tried = []

    def refuse(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        tried.extend(zip(left.tolist(), right.tolist(), strict=True))
        return np.zeros(len(left), dtype=np.bool_)

    linked(np.ones((200, 3, 1), dtype=np.uint64), refuse)
    assert len(tried) == len(set(tried)) <= 200 * module.REACH
    assert max(right - left for left, right in tried) == module.REACH


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), max_size=30), st.randoms())
def test_clusters_depend_on_the_set_of_documents_only(
    rows: list[tuple[int, int]], rng: random.Random
) -> None:
    docs = [(f"id{n}", key, value) for n, (key, value) in enumerate(rows)]

    def found(cut: int) -> tuple[tuple[str, ...], ...]:
        parts = [docs[at : at + cut] for at in range(0, len(docs), cut)]
        return clusters([sketch(part) for part in parts], ("-value",))

    first = found(1000)
    for cut in (1, 7):
        rng.shuffle(docs)
        assert found(cut) == first
    groups: dict[int, list[tuple[int, str]]] = {}
    for name, key, value in docs:
        groups.setdefault(key, []).append((-value, name))
    expected = [tuple(n for _, n in sorted(g)) for g in groups.values() if len(g) > 1]
    assert first == tuple(sorted(expected))


def sketch(part: list[tuple[str, int, int]]) -> Sketch:
    keys = np.array([[[key]] for _, key, _ in part], dtype=np.uint64).reshape(-1, 1, 1)
    return Sketch([name for name, _, _ in part], keys, ([value for _, _, value in part],))


def test_a_document_in_two_sketches_is_no_duplicate_of_itself() -> None:
    assert clusters([sketch([("a", 1, 0)]), sketch([("a", 1, 0)])], ("-value",)) == ()


SETS = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=30), min_size=2, max_size=8)


def sets_of(lists: list[list[int]]) -> Sets:
    spread = [np.array(found, dtype=np.uint64) * np.uint64(2**59 // 3) for found in lists]
    return Sets.of(np.concatenate(spread), np.cumsum([0, *map(len, lists)]))


@given(SETS)
def test_jaccard_is_that_of_python_sets(lists: list[list[int]]) -> None:
    left, right = np.triu_indices(len(lists), 1)
    expected = [
        len({*lists[i]} & {*lists[j]}) / len({*lists[i]} | {*lists[j]})
        for i, j in zip(left, right, strict=True)
    ]
    assert jaccard(sets_of(lists), left, right).tolist() == expected


def test_jaccard_of_sets_cut_short_is_estimated_closely() -> None:
    hashes = np.random.default_rng(5).integers(0, 2**64, 8000, dtype=np.uint64)
    sets = Sets.of(
        np.concatenate((hashes[:7000], hashes[1000:], hashes[:2000])),
        np.array([0, 7000, 14000, 16000]),
    )
    assert np.diff(sets.offsets).tolist() == [MOST] * 3
    found = jaccard(sets, np.array([0, 0, 1]), np.array([1, 2, 2]))
    expected = np.array([6 / 8, 2 / 7, 1 / 8])
    assert (np.abs(found - expected) < 4 * (expected * (1 - expected) / MOST) ** 0.5).all()


def test_jaccard_is_the_same_in_pieces(monkeypatch: object) -> None:
    lists = [[n, n + 1, n + 2] for n in range(20)]
    left, right = np.triu_indices(20, 1)
    whole = jaccard(sets_of(lists), left, right)
    monkeypatch.setattr("webfilter.dedup.verify._AT_ONCE", 4)  # type: ignore[attr-defined]
    assert jaccard(sets_of(lists), left, right).tolist() == whole.tolist()
