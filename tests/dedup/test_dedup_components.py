"""Components and Jaccard similarity against plain Python."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from webfilter.dedup.components import components
from webfilter.dedup.verify import Sets, StoredSets, jaccard, verified

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


def test_jaccard_is_the_same_in_pieces(monkeypatch: object) -> None:
    lists = [[n, n + 1, n + 2] for n in range(20)]
    left, right = np.triu_indices(20, 1)
    whole = jaccard(sets_of(lists), left, right)
    monkeypatch.setattr("webfilter.dedup.verify._AT_ONCE", 4)  # type: ignore[attr-defined]
    assert jaccard(sets_of(lists), left, right).tolist() == whole.tolist()


@given(SETS, st.floats(0.05, 0.95), st.booleans())
def test_what_may_be_alike_has_its_similarity_and_the_rest_is_below(
    lists: list[list[int]], least: float, stored: bool
) -> None:
    held: Sets | StoredSets = sets_of(lists)
    left, right = np.triu_indices(len(lists), 1)
    expected = jaccard(held, left, right)
    with TemporaryDirectory() as folder:
        if stored:
            path = Path(folder, "hashes")
            path.write_bytes(held.hashes.tobytes())  # type: ignore[union-attr]
            held = StoredSets(path, held.offsets)
        assert jaccard(held, left, right).tolist() == expected.tolist()
        found = verified(held, left, right, least)
        del held
    assert (found[expected >= least] == expected[expected >= least]).all()
    assert (found[expected < least] < least).all()


def test_a_glance_at_long_sets_refuses_none_that_are_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    base = rng.integers(0, 2**64, 2_000, dtype=np.uint64)
    lists = []
    for shared in np.linspace(0.5, 1, 60):
        own = rng.integers(0, 2**64, int(2_000 * (1 - shared)), dtype=np.uint64)
        lists.append(np.concatenate((base[: 2_000 - len(own)], own)))
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in lists])))
    sets = Sets.of(np.concatenate(lists), offsets)
    left, right = np.triu_indices(len(lists), 1)
    exact = jaccard(sets, left, right)
    (tmp_path / "hashes").write_bytes(sets.hashes.tobytes())
    stored = StoredSets(tmp_path / "hashes", sets.offsets)
    for least in (0.5, 0.75, 0.9):
        found = verified(sets, left, right, least)
        assert found.tolist() == verified(stored, left, right, least).tolist()
        assert (found[exact >= least] == exact[exact >= least]).all()
        assert (found == 0).sum() > (exact < least - 0.35).sum() * 0.9


def test_a_set_within_another_may_be_exactly_as_similar_as_asked() -> None:
    sets = sets_of([[1, 2, 3], [1, 2, 3, 4]])
    pair = np.array([0]), np.array([1])
    assert verified(sets, *pair, 0.75).tolist() == [0.75]
    assert verified(sets, *pair, 0.76).tolist() == [0]
