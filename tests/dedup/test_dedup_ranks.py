"""The order of documents as bytes, against sorting the values; ranks on disk; tables."""

from __future__ import annotations

import pickle
from functools import cmp_to_key

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.dedup import columns, ranks
from webfilter.dedup.frequent import frequent
from webfilter.dedup.ranks import Ranking
from webfilter.dedup.removal import preferred
from webfilter.dedup.table import Table
from webfilter.document import Document, Value

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**50), 2**50),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.sampled_from("ab\0\x01é光"), max_size=3),
)


def compared(one: Value, other: Value, descending: bool) -> int:
    """Compare two values of a preference, as its documentation says it."""
    kinds = [2 if v is None else 1 if isinstance(v, str) else 0 for v in (one, other)]
    if kinds[0] != kinds[1]:
        return -1 if kinds[0] < kinds[1] else 1
    if one is None or one == other:
        return 0
    return (-1 if one < other else 1) * (-1 if descending else 1)  # type: ignore[operator]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(values, values), max_size=6), st.booleans(), st.booleans())
def test_bytes_sort_as_the_values_do(
    rows: list[tuple[Value, Value]], first: bool, second: bool
) -> None:
    docs = [Document(f"{n}", signals={"a": a, "b": b}) for n, (a, b) in enumerate(rows)]
    keys = preferred(docs, ["-a" if first else "a", "-b" if second else "b"])

    def order(one: int, other: int) -> int:
        return (
            compared(rows[one][0], rows[other][0], first)
            or compared(rows[one][1], rows[other][1], second)
            or compared(docs[one].id, docs[other].id, False)
        )

    wanted = sorted(range(len(rows)), key=cmp_to_key(order))
    assert sorted(range(len(rows)), key=keys.__getitem__) == wanted


def test_huge_integers_have_a_place() -> None:
    docs = [Document(f"{n}", signals={"a": a}) for n, a in enumerate([10**400, 1, -(10**400)])]
    keys = preferred(docs, ("a",))
    assert sorted(keys) == keys[::-1]


@given(parts=st.lists(st.lists(st.binary(max_size=2), max_size=5), max_size=5))
@settings(max_examples=40, deadline=None)
def test_ranks_are_those_of_sorting(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[bytes]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranks, "_AT_ONCE", 2)
        ranking = Ranking(tmp_path_factory.mktemp("ranks"))
        for part in parts:
            ranking.add(part)
        found = ranking.ranks().tolist()
    keys = [key for part in parts for key in part]
    ordered = sorted(set(keys))
    assert found == [ordered.index(key) for key in keys]


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3)), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_frequent_keys_are_those_that_counting_finds(
    tmp_path_factory: pytest.TempPathFactory, keys: list[int], most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "ROWS", 12)
        given_ = np.array(keys, dtype=np.uint64)
        parts = list(frequent(given_, most, tmp_path_factory.mktemp("parts")))
    found = [(key, at) for part, places_ in parts for key, at in zip(part, places_, strict=True)]
    assert [key for key, _ in found] == sorted(key for key in keys if keys.count(key) > most)
    assert all(keys[at] == key for key, at in found)
    assert len({at for _, at in found}) == len(found)


def test_a_table_is_a_value() -> None:
    one = Table(np.array([3, 1, 3]), np.array([5, 6, 4]))
    assert one == Table(np.array([1, 3, 3, 1]), np.array([6, 4, 5, 6]))
    assert one != Table(np.array([3, 1, 3]))
    assert one != Table(np.array([3, 1, 3]), np.array([5, 6, 5]))
    assert Table() == Table(np.zeros(0)) != one
    assert pickle.loads(pickle.dumps(one)) == one
    assert {one: 1}[Table(*one.columns)] == 1
    others = [Table(), Table([3]), Table([3], [5]), Table([3], [6]), Table([5], [3])]
    assert len({table.digest for table in (one, *others)}) == 6
    assert one != "table"
    assert repr(one) == repr(Table(*one.columns)) != repr(Table(one.columns[0]))
