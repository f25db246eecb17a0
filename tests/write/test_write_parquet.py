import json
import random
from sys import modules
from threading import Event, Thread
from time import sleep

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from webfilter.document import Document, Verdict
from webfilter.errors import ConfigError
from webfilter.read import read
from webfilter.stage import Signal
from webfilter.write import open_sink, parquet, to_arrow

SIGNALS = (
    Signal("words", "int", "Words."),
    Signal("score", "float", "Score."),
    Signal("flag", "bool", "Flag."),
    Signal("language", "str", "Language."),
)
WORDS = ["water", "boils", "at", "a", "hundred", "degrees", "☕", "é"]
DROPPED = Verdict("gopher_quality", "words", "words", 12, 50.0, op="<", of="b\ud800")


def pages(count, seed=0):
    draw = random.Random(seed)
    for i in range(count):
        yield Document(
            f"https://example.org/{i}",
            " ".join(draw.choices(WORDS, k=i % 97)),
            html=b"<p>%d" % i,
            url=f"https://example.org/{i}" if i % 3 else None,
            signals={"words": i, "score": i / 7, "flag": i % 2 == 0, "language": "en"},
            meta={"source": "test", "at": i},
            verdict=DROPPED if i % 5 == 0 else None,
        )


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def written(folder, docs, **options):
    with parquet(folder, **options) as sink:
        sink.write(docs)
    return pq.read_table(folder)


def test_bytes_do_not_depend_on_how_documents_were_batched(tmp_path):
    docs = list(pages(500))
    sizes = {"group_rows": 64, "group_bytes": 6_000, "part_bytes": 9_000}
    results = []
    for name, cuts in {
        "whole": [500],
        "one by one": [1] * 500,
        "odd": [3, 0, 96, 1, 200, 63, 137],
    }.items():
        rest = iter(docs)
        metadata = {"fingerprint": "abc"}
        folder = tmp_path / name
        with parquet(folder, signals=SIGNALS, metadata=metadata, html=True, **sizes) as sink:
            for cut in cuts:
                sink.write([next(rest) for _ in range(cut)])
        results.append(files(folder))
    assert len(results[0]) >= 3
    assert results[0] == results[1] == results[2]


def test_schema_is_the_declared_one(tmp_path):
    settings = {"signals": SIGNALS, "metadata": {"fingerprint": "abc"}, "html": True}
    for sink in (
        parquet(tmp_path / "directly", **settings),
        open_sink(tmp_path / "kept", **settings),
    ):
        sink.write(list(pages(10)))
        sink.close()
    assert files(tmp_path / "directly") == files(tmp_path / "kept")
    path = tmp_path / "kept" / "part-00000.parquet"
    schema = pq.read_schema(path)
    text = pa.string()
    names = ("stage", "reason", "signal", "value", "limit", "op", "kind", "of")
    verdict = pa.struct([(n, pa.float64() if n == "limit" else text) for n in names])
    assert schema.remove_metadata() == pa.schema(
        [
            *(("id", text), ("text", text), ("url", text), ("meta", text)),
            *(("words", pa.int64()), ("score", pa.float64()), ("flag", pa.bool_())),
            *(("language", text), ("verdict", verdict), ("html", pa.binary())),
        ]
    )
    said = json.loads(pq.read_metadata(path).metadata[b"webfilter"])
    assert said == {
        "signals": ["words", "score", "flag", "language"],
        "version": 1,
        "fingerprint": "abc",
        "documents": 10,
    }
    assert json.loads(schema.metadata[b"webfilter"])["signals"] == said["signals"]


def test_no_documents_make_one_valid_empty_file_with_the_schema(tmp_path):
    assert written(tmp_path, [], signals=SIGNALS).num_rows == 0
    assert "words" in pq.read_schema(tmp_path / "part-00000.parquet").names


def test_dictionaries_stand_only_where_values_recur(tmp_path):
    written(tmp_path, list(pages(50)), signals=SIGNALS)
    group = pq.read_metadata(tmp_path / "part-00000.parquet").row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    names = {column.path_in_schema for column in columns if column.has_dictionary_page}
    verdict = ("stage", "reason", "signal", "limit", "kind", "op")
    assert names == {"words", "language", *(f"verdict.{name}" for name in verdict)}


def test_ranges_of_values_are_told_but_not_of_texts(tmp_path):
    written(tmp_path, list(pages(50)), signals=SIGNALS, html=True)
    group = pq.read_metadata(tmp_path / "part-00000.parquet").row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    told = {column.path_in_schema for column in columns if column.statistics is not None}
    assert told.isdisjoint({"text", "meta", "html"})
    assert told >= {"id", "url", "words", "score", "flag", "language", "verdict.stage"}


def test_parts_and_row_groups_end_where_they_should(tmp_path):
    written(tmp_path, list(pages(250)), group_rows=100, part_bytes=1)
    parts = [pq.read_metadata(path) for path in sorted(tmp_path.iterdir())]
    rows = [
        [group.num_rows for i in range(file.num_row_groups) for group in [file.row_group(i)]]
        for file in parts
    ]
    assert rows == [[100], [100], [50]]
    said = [json.loads(file.metadata[b"webfilter"])["documents"] for file in parts]
    assert said == [100, 100, 50]


@pytest.mark.parametrize(
    ("large", "rows"),
    [
        ({"text": "x" * 1_000}, [3, 3, 3, 1]),
        ({"url": "x" * 1_000}, [3, 3, 3, 1]),
        ({"meta": {"title": "x" * 1_000}}, [3, 3, 3, 1]),
        ({"signals": {"stranger": "x" * 1_000}}, [3, 3, 3, 1]),
        ({"html": b"x" * 1_000}, [3, 3, 3, 1]),
        ({}, [10]),
    ],
    ids=["text", "url", "meta", "signals", "html", "nothing"],
)
def test_a_row_group_ends_with_the_document_that_reaches_its_bytes(tmp_path, large, rows):
    docs = [Document(str(i), **large) for i in range(10)]
    written(tmp_path, docs, signals=SIGNALS, group_bytes=3_000, html=True)
    file = pq.read_metadata(tmp_path / "part-00000.parquet")
    assert [file.row_group(i).num_rows for i in range(file.num_row_groups)] == rows
    if "html" in large:  # a page that is not written takes no room
        written(tmp_path, docs, group_bytes=3_000, overwrite=True)
        assert pq.read_metadata(tmp_path / "part-00000.parquet").num_row_groups == 1


@pytest.mark.parametrize(
    ("name", "value", "column", "extra"),
    [
        ("words", 7, 7, None),
        ("words", 2**63 - 1, 2**63 - 1, None),
        ("words", 2**63, None, 2**63),
        ("words", -(2**63), -(2**63), None),
        ("words", -(2**63) - 1, None, -(2**63) - 1),
        ("words", "seven", None, "seven"),
        ("words", 7.5, None, 7.5),
        ("words", True, None, True),
        ("words", None, None, None),
        ("score", 0.25, 0.25, None),
        ("score", 3, 3.0, None),
        ("score", 2**53 + 1, None, 2**53 + 1),
        ("score", 10**400, None, 10**400),
        ("score", float("nan"), None, None),
        ("score", float("inf"), None, None),
        ("score", True, None, True),
        ("flag", False, False, None),
        ("flag", 1, None, 1),
        ("language", "é", "é", None),
        ("language", "a\ud800", "a\ufffd", None),
        ("language", 3, None, 3),
        ("words", [1, 2], None, [1, 2]),
        ("stranger", 5, None, 5),
    ],
)
def test_a_value_stands_in_its_column_or_under_signals_in_meta(
    tmp_path, name, value, column, extra
):
    doc = Document("a", signals={name: value}, meta={"kept": 1})
    [row] = written(tmp_path, [doc], signals=SIGNALS).to_pylist()
    meta = json.loads(row["meta"])
    assert row.get(name) == column
    assert type(row.get(name)) is type(column)
    assert meta.get("_signals", {}).get(name) == extra
    assert meta["kept"] == 1
    assert ("_signals" in meta) == (extra is not None)


def test_a_value_is_written_the_same_beside_any_other():
    values = [0, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**53 + 1, 10**400, 0.5, 1e308]
    values += [float("nan"), float("inf"), True, "en", "é", "a\ud800", None, [1]]
    names = [signal.name for signal in SIGNALS]
    docs = [Document("a", signals=dict.fromkeys(names, value)) for value in values]
    alone = [to_arrow([doc], SIGNALS).to_pylist() for doc in docs]
    for one, row in zip(docs, alone, strict=True):
        for other, beside in zip(docs, alone, strict=True):
            assert to_arrow([one, other], SIGNALS).to_pylist() == row + beside


def test_a_field_of_the_source_cannot_pose_as_signals(tmp_path):
    fields = {"_signals": {"words": 1}, "__signals": 2, 7: "seven"}
    doc = Document("a", meta=fields, signals={"new": 3})
    [row] = written(tmp_path, [doc]).to_pylist()
    assert json.loads(row["meta"]) == {
        "__signals": {"words": 1},
        "___signals": 2,
        "7": "seven",
        "_signals": {"new": 3},
    }


@pytest.mark.parametrize(
    "name", ["id", "text", "url", "meta", "verdict", "html", "_signals", "__signals"]
)
def test_a_signal_with_the_name_of_a_column_is_not_lost(tmp_path, name):
    doc = Document("a", "the text", url="https://a.test/", signals={name: 5}, meta={"kept": 1})
    table = written(tmp_path, [doc], signals=[Signal(name, "int", "Clash.")])
    [row] = table.to_pylist()
    assert (row["id"], row["text"], row["url"]) == (doc.id, doc.text, doc.url)
    assert json.loads(row["meta"]) == {"kept": 1, "_signals": {name: 5}}
    assert table.column_names == ["id", "text", "url", "meta", "verdict"]
    assert list(read(tmp_path)) == [doc]


@pytest.mark.parametrize("kinds", [["int", "float"], ["float", "int"]])
def test_a_signal_declared_as_int_and_as_float_has_one_float_column(tmp_path, kinds):
    twice = [Signal("x", kind, "") for kind in kinds]
    table = written(tmp_path, [Document("a", signals={"x": 1})], signals=twice)
    assert table.column("x").type == pa.float64()
    assert table.column("x").to_pylist() == [1.0]


def test_verdicts_come_back_field_by_field(tmp_path):
    values = [12, 0.5, True, "eng", None]
    docs = [
        Document(str(i), verdict=Verdict("s", "r", "x", v, 1.0, "failed", "o", "<"))
        for i, v in enumerate(values)
    ]
    rows = written(tmp_path, [*docs, Document("kept")]).column("verdict").to_pylist()
    assert rows[-1] is None
    assert [json.loads(row["value"]) for row in rows[:-1]] == values
    rows[0].pop("value")
    assert rows[0] == {
        "stage": "s",
        "reason": "r",
        "signal": "x",
        "limit": 1.0,
        "op": "<",
        "kind": "failed",
        "of": "o",
    }


def test_hostile_strings_become_valid_unicode_everywhere(tmp_path):
    bad = "a\x00\ud800\udfff\u202e\U0001f600"
    doc = Document(
        bad, bad, url=bad, meta={bad: bad}, signals={bad: bad, "language": bad},
        verdict=Verdict(bad, bad, bad, bad, None, "dropped", bad, bad),
    )  # fmt: skip
    good = "a\x00\ufffd\ufffd\u202e\U0001f600"
    [row] = written(tmp_path, [doc], signals=SIGNALS).to_pylist()
    assert [row["id"], row["text"], row["url"], row["language"]] == [good] * 4
    assert json.loads(row["meta"]) == {good: good, "_signals": {good: good}}
    verdict = row["verdict"]
    assert json.loads(verdict.pop("value")) == good
    assert {verdict[k] for k in ("stage", "reason", "signal", "of", "op")} == {good}


def test_pages_are_written_only_where_asked_for(tmp_path):
    doc = Document("a", html=b"\xff\x00<p>")
    assert "html" not in written(tmp_path / "a", [doc]).column_names
    assert written(tmp_path / "b", [doc], html=True).column("html").to_pylist() == [b"\xff\x00<p>"]


@pytest.mark.parametrize("size", ["part_bytes", "group_rows", "group_bytes"])
def test_sizes_below_one_are_refused(tmp_path, size):
    with pytest.raises(ConfigError, match="at least 1"):
        parquet(tmp_path / "out", **{size: 0})
    assert not (tmp_path / "out").exists()


def test_arrow_table_has_the_same_columns_as_the_files(tmp_path):
    docs = list(pages(2_500))
    table = to_arrow(docs, SIGNALS)
    assert table.equals(written(tmp_path / "texts", docs, signals=SIGNALS))
    pages_too = to_arrow(docs, SIGNALS, html=True)
    assert pages_too.equals(written(tmp_path / "pages", docs, signals=SIGNALS, html=True))
    assert to_arrow(docs).column_names == table.column_names
    assert to_arrow([], SIGNALS).schema == table.schema
    assert not any("_signals" in cell for cell in table.column("meta").to_pylist())
    assert json.loads(to_arrow(docs[:1], []).column("meta")[0].as_py())["_signals"]


def test_arrow_table_of_mixed_kinds_loses_nothing():
    docs = [
        Document("a", signals={"x": 1, "y": None}),
        Document("b", signals={"x": "one", "": 2}),  # JSON has such names; no signal is declared so
    ]
    rows = to_arrow(docs).to_pylist()
    assert rows[0]["x"] == 1
    assert json.loads(rows[1]["meta"]) == {"_signals": {"x": "one", "": 2}}
    assert rows[0]["y"] is None
    assert to_arrow([]).num_rows == 0


def test_arrow_table_has_columns_of_the_kinds_that_its_values_are():
    table = to_arrow([Document("a", signals={"i": 2, "f": 0.5, "b": True, "s": "en", "n": None})])
    kinds = {name: str(table.schema.field(name).type) for name in "ifbsn"}
    assert kinds == {"i": "int64", "f": "double", "b": "bool", "s": "string", "n": "double"}


def test_pandas_and_polars_take_the_table():
    table = to_arrow(list(pages(3)), SIGNALS)
    assert pl.DataFrame(table)["words"].to_list() == [0, 1, 2]
    assert table.to_pandas()["language"].tolist() == ["en"] * 3
    assert isinstance(table.to_pandas(), pd.DataFrame)


PARQUET = modules["webfilter.write.parquet"]


def test_where_no_thread_can_start_row_groups_are_written_all_the_same(tmp_path, monkeypatch):
    def refused(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(PARQUET.Thread, "start", refused)
    assert written(tmp_path, pages(100), group_rows=10).num_rows == 100


@pytest.mark.parametrize("begun", [True, False])
def test_an_interrupt_while_a_thread_starts_leaves_nothing_at_work(tmp_path, monkeypatch, begun):
    began, closed = Event(), []

    class Slow(pq.ParquetWriter):
        def write_table(self, *args, **settings):
            began.set()
            sleep(0.2)
            closed.append(not self.is_open)
            super().write_table(*args, **settings)

    class Interrupted(Thread):
        def start(self):
            if begun:
                super().start()
                began.wait()
            raise KeyboardInterrupt

    monkeypatch.setattr(pq, "ParquetWriter", Slow)
    monkeypatch.setattr(PARQUET, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt), parquet(tmp_path, group_rows=10) as sink:
        sink.write(list(pages(10)))
    assert closed == ([False] if begun else [])
    assert not [*tmp_path.glob("part-*")]
