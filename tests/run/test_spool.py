import enum
import os
import pickle
import sys
import threading
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType

import numpy as np
import pytest
from toys import FirstOf, Length

from webfilter import Document, OutputError, Pipeline, Verdict, read, write
from webfilter.run.spool import Spool
from webfilter.write.jsontext import json_text

DOCS = [
    Document("a", "text", url="https://x.example", signals={"n": 1, "f": 0.1, "b": True, "s": "x"}),
    Document("\ud800", "lone \udfff", html=b"\x00\xff", url="http://\ud800"),
    Document("nothing", signals={"undefined": None}),
    Document(
        "meta",
        meta={
            "when": datetime(2024, 5, 1, tzinfo=UTC),
            "day": date(2024, 5, 1),
            "price": Decimal("1.10"),
            "raw": b"\x00",
            "list": [1, {"a": (2, None)}],
        },
    ),
    Document("judged", "x", verdict=Verdict("s", "r", "n", 3, 4.0, of="a", op="<")),
]


def test_documents_come_back_as_they_were_in_order(tmp_path):
    spool = Spool(tmp_path / "s.arrow")
    spool.write(DOCS[:2])
    spool.write([])
    spool.write(DOCS[2:])
    assert [doc for batch in spool.read() for doc in batch] == DOCS
    spool.delete()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_spool_reads_as_nothing(tmp_path):
    assert list(Spool(tmp_path / "s.arrow").read()) == []


def test_it_is_removed_while_somebody_reads_it(tmp_path):
    """A run that fails leaves readers behind, in its traceback; Windows removes no open file."""
    spool = Spool(tmp_path / "a.arrow")
    spool.write([Document("a")])
    spool.write([Document("b")])
    reading = spool.read()
    assert next(reading) == [Document("a")]
    spool.delete()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="closed"):
        next(reading)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_folder_may_have_a_name_that_is_no_text(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    pipe = Pipeline((FirstOf(),))
    pipe.run(DOCS[:1] * 2, folder / "out")
    assert [doc.text for doc in read(folder / "out" / "kept")] == ["text"]


def test_floats_and_types_survive_exactly(tmp_path):
    signals = {"f": 0.1 + 0.2, "whole": 2.0, "int": 2, "big": 2**60}
    spool = Spool(tmp_path / "s.arrow")
    spool.write([Document("a", signals=signals)])
    [[doc]] = spool.read()
    assert [(k, type(v), v) for k, v in doc.signals.items()] == [
        (k, type(v), v) for k, v in signals.items()
    ]


class Color(enum.StrEnum):
    RED = "red"


class Unreadable:
    """Is pickled, but cannot be unpickled."""

    def __reduce__(self):
        return int, ("not a number",)

    def __repr__(self):
        return "Unreadable"


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def circular():
    value = {"a": 1}
    value["self"] = value
    return value


PICKLED = [
    {"$webfilter": "tuple"},
    {1: "a", (2, 3): "b"},
    OrderedDict(a=1),
    {"b", "a"},
    frozenset({1}),
    10**5000,
    float("inf"),
    np.float32(1.5),
    np.datetime64("2024-05-01T00:00:00.123456789"),
    time(3, 4),
    timedelta(1),
    bytearray(b"\xff"),
    PurePosixPath("a/b"),
    Color.RED,
    1j,
    "\ud800",
    nested(60),
]
NOT_PICKLED = [
    threading.Lock(),
    memoryview(b"ab"),
    nested(3000),
    [Unreadable()],
    MappingProxyType({"a": {1}}),
]


def through(tmp_path, *docs):
    spool = Spool(tmp_path / "s.arrow")
    spool.write(docs)
    [back] = spool.read()
    return back


@pytest.mark.parametrize("value", PICKLED, ids=lambda value: type(value).__name__)
def test_whatever_a_source_says_comes_back_as_it_was(tmp_path, value):
    [doc] = through(tmp_path, Document("a", meta={"odd": value, "$webfilter": 1}))
    assert doc.meta == {"odd": value, "$webfilter": 1}
    assert type(doc.meta["odd"]) is type(value)


def test_arrays_and_time_stamps_come_back_whole(tmp_path):
    pd = pytest.importorskip("pandas")
    when = pd.Timestamp("2024-05-01 00:00:00.123456789", tz="Europe/Paris")
    given = {"array": np.arange(2000), "none": pd.NaT, "when": when, "missing": pd.NA}
    [doc] = through(tmp_path, Document("a", meta=given))
    assert (doc.meta.pop("array") == np.arange(2000)).all()
    assert doc.meta["none"] is pd.NaT
    assert doc.meta["missing"] is pd.NA
    assert doc.meta["when"] == when
    assert doc.meta["when"].nanosecond == 789


@pytest.mark.parametrize("value", NOT_PICKLED, ids=lambda value: type(value).__name__)
def test_what_cannot_be_pickled_becomes_what_is_written_of_it(tmp_path, value):
    given = {"odd": value, "when": datetime(2024, 5, 1), "n": float("nan"), 7: b"x"}
    before, odd, after = through(
        tmp_path, Document("a", "x"), Document("b", meta=given), Document("c", signals={"n": 1})
    )
    assert (before, after) == (Document("a", "x"), Document("c", signals={"n": 1}))
    assert json_text(odd.meta) == json_text(given)
    assert (odd.meta["when"], odd.meta[7]) == (given["when"], b"x")


def test_what_nests_just_as_deep_as_can_be_pickled_ends_no_run(tmp_path):
    def boxes(depth):
        value = 1
        for _ in range(depth):
            value = [value]
        return value

    def pickled(depth):
        try:
            return bool(pickle.dumps(boxes(depth), protocol=5))
        except RecursionError:
            return False

    low, high = 1, 20_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if pickled(middle) else (low, middle)
    docs = [Document(f"d{depth}", meta={"m": boxes(depth)}) for depth in range(low - 9, high + 1)]
    spool = Spool(tmp_path / "x.arrow")
    for doc in docs:
        spool.write([doc])
    assert [doc.id for [doc] in spool.read()] == [doc.id for doc in docs]


def test_a_mapping_of_another_kind_and_a_circle_are_written_as_without_a_spool(tmp_path):
    given = {"a": 1, "when": date(2024, 5, 1)}
    docs = through(
        tmp_path,
        Document("a", signals=MappingProxyType({"n": 1.5}), meta=MappingProxyType(given)),
        Document("b", meta=circular()),
        Document("c", meta=nested(3000)),
    )
    assert (docs[0].signals, docs[0].meta) == ({"n": 1.5}, given)
    assert json_text(docs[1].meta) == json_text(circular())
    assert json_text(docs[2].meta) == json_text(nested(3000))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_corpus_stage_changes_no_meta_and_ends_no_run(workers):
    values = [*PICKLED, *NOT_PICKLED, circular(), np.arange(3)]
    docs = [Document(str(n), f"text {n}", meta={"odd": v}) for n, v in enumerate(values)]
    kept = []
    for pipe, how in ((Pipeline((Length(),)), {}), (Length() | FirstOf(), {"workers": workers})):
        sink = write.memory()
        report = pipe.run(iter(docs), kept=sink, batch_size=5, **how)
        assert report.kept == len(docs)
        kept.append([json_text(doc.meta) for doc in sink.docs])
    assert kept[0] == kept[1]


def test_a_full_disk_is_an_error_that_says_where_and_what_to_do(tmp_path):
    resource = pytest.importorskip("resource")
    rng = np.random.default_rng(0)
    docs = [Document(str(n), rng.bytes(2_000).hex()) for n in range(100)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OutputError, match=r"cannot spool to .*arrow: .*work="):
            Pipeline((FirstOf(),)).run(docs, kept=write.memory(), work=tmp_path)
        assert not list(tmp_path.iterdir())
        spool = Spool(tmp_path / "a.arrow")
        with pytest.raises(
            OutputError, match=r"cannot spool to .*a\.arrow: File too large; make room"
        ):
            spool.write(docs)  # it is told at once, not when all of them are there
        spool.delete()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(OutputError, match=r"cannot spool to .*b\.arrow: No such file"):
        Spool(tmp_path / "nowhere" / "b.arrow")
    assert not list(tmp_path.iterdir())
