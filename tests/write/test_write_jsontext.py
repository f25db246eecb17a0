import array
import datetime as dt
import decimal
import enum
import json
import pathlib
import threading
import uuid
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webfilter.write.jsontext import json_text, utf8


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Tone(str, enum.Enum):  # noqa: UP042 - the str() of a StrEnum is its value
    LOW = "low"


class Half(float):
    pass


class Opaque:
    pass


class Hostile:
    def __str__(self):
        raise RuntimeError("no")


@dataclass
class Point:
    x: int = 1


CASES = [
    ({"b": 1, "a": [True, None]}, {"a": [True, None], "b": 1}),
    (float("nan"), None),
    (float("-inf"), None),
    (dt.datetime(2024, 2, 29, 12, 30), "2024-02-29T12:30:00"),
    (dt.date(2024, 2, 29), "2024-02-29"),
    (dt.time(1, 2), "01:02:00"),
    (b"hi", "aGk="),
    (bytearray(b"hi"), "aGk="),
    (memoryview(b"hi"), "aGk="),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"b", "a"}), ["a", "b"]),
    ((1, (2,)), [1, [2]]),
    ({1: "a", "b": 2, None: 3, b"k": 4}, {"1": "a", "None": 3, "b": 2, "k": 4}),
    ({"a", 1}, ["a", 1]),  # in the order of their JSON texts
    ({1: {}, "1": {"a": 1}}, {"1": {"a": 1}}),  # there is but one
    (decimal.Decimal("1.10"), "1.10"),
    (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    (pathlib.PurePosixPath("a/b"), "a/b"),
    (np.float32(0.5), 0.5),
    (np.float64(0.5), 0.5),
    (np.int64(7), 7),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.float64("nan"), None),
    (array.array("i", [1, 2]), [1, 2]),
    (pa.array([[1], None]), [[1], None]),
    (Half(0.5), 0.5),
    (Tone.LOW, "low"),
    (Color.RED, "Color.RED"),
    (Level.HIGH, 3),
    (Point(), "Point(x=1)"),
    (Opaque(), "<Opaque>"),
    (Hostile(), "<Hostile>"),
    (utf8, "<function utf8>"),
    (threading.Lock(), "<unlocked _thread.lock object>"),
    ({Tone.LOW: 1, b"\xff": 2}, {"low": 1, "\ufffd": 2}),
    ({utf8: 1}, {"<function utf8>": 1}),
    ("a\ud800b", "a\ufffdb"),
    (10**5000, hex(10**5000)),
]


IDS = [f"{i}-{type(value).__name__}" for i, (value, _) in enumerate(CASES)]


@pytest.mark.parametrize(("value", "expected"), CASES, ids=IDS)
def test_values_follow_the_table(value, expected):
    assert json_text(value) == json.dumps(expected, ensure_ascii=False)  # 1 is not True, nor 1.0


def test_circular_and_deep_values_end():
    loop: list = [1]
    loop.append(loop)
    assert json.loads(json_text(loop)) == [1, "..."]
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert json_text(deep).count("[") == 64


def test_a_value_may_stand_in_several_places():
    part = [1, {"a": 2}]
    assert json.loads(json_text({"x": part, "y": [part, part]})) == {"x": part, "y": [part, part]}


def test_the_same_value_gives_the_same_text_in_any_order():
    assert json_text(set("hgfedcba")) == json_text([*"abcdefgh"])
    assert json_text({"a": 1, "b": {"d": 2, "c": 3}}) == json_text({"b": {"c": 3, "d": 2}, "a": 1})


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20,
))  # fmt: skip
def test_json_comes_back_as_it_was(value):
    assert json.loads(json_text(value)) == value


@given(st.text(st.characters()))
def test_any_text_becomes_utf8(text):
    assert utf8(text).decode() == json.loads(json_text(text))
