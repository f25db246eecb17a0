"""Parquet files and data frames."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from toys import Length

import webfilter as wf
import webfilter.read as read
from webfilter import write
from webfilter.document import Document, Verdict
from webfilter.errors import SourceError

COLUMNS = {
    "id": ["a", "b", "c"],
    "text": ["One.", "Two.", None],
    "url": ["https://a.example/", None, None],
    "score": [0.5, None, 1.5],
}
STRUCT = pa.struct(
    [
        (name, pa.float64() if name == "limit" else pa.string())
        for name in ("stage", "reason", "signal", "value", "limit", "op", "kind", "of")
    ]
)


def check(docs):
    assert [(doc.id, doc.text, doc.url) for doc in docs] == [
        ("a", "One.", "https://a.example/"),
        ("b", "Two.", None),
        ("c", "", None),
    ]
    assert docs[0].meta == {"score": 0.5}
    assert [doc.live for doc in docs] == [True, True, False]
    assert (docs[2].verdict.kind, docs[2].verdict.reason) == ("dropped", "empty")


@pytest.mark.parametrize(
    "make",
    [
        pa.table,
        lambda c: pa.record_batch(pa.table(c).to_pandas()),
        pd.DataFrame,
        lambda c: pd.DataFrame(c, index=[5, 3, 9]),
        pl.DataFrame,
        lambda c: pl.DataFrame(c).lazy(),
        lambda c: pa.dataset.dataset(pa.table(c)),
    ],
)
def test_tables_of_every_library_are_read_and_read_again(make):
    table = make(COLUMNS)
    source = read.read(table)
    check(list(source))
    check(list(source))
    check(list(read.frame(table)))


def test_parts_of_tables_are_read_one_after_the_other(tmp_path):
    pq.write_table(pa.table(COLUMNS), tmp_path / "a.parquet")
    frame = pd.DataFrame(COLUMNS)
    for parts in (
        pq.ParquetFile(tmp_path / "a.parquet").iter_batches(2),
        (frame[n : n + 1] for n in range(3)),
        pl.DataFrame(COLUMNS).iter_slices(2),
        [frame[:0], frame],
    ):
        check(list(read.read(parts)))
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    with pd.read_json(tmp_path / "a.jsonl", lines=True, chunksize=2) as chunks:
        check(list(read.read(chunks)))
    named = read.read([frame.rename(columns={"text": "body"})], text="body")
    assert [doc.text for doc in named] == ["One.", "Two.", ""]


def test_a_part_without_texts_is_one_failure_and_the_others_are_read():
    one = pa.table({"text": ["One."]})
    docs = list(read.read(["Zero.", one, pa.table({"body": ["Two."]}), one.slice(0, 0), {"n": 1}]))
    assert [doc.text for doc in docs] == ["Zero.", "One.", "", ""]
    assert "Table: no column 'text' or 'html'" in docs[2].verdict.reason
    assert [doc.live for doc in docs] == [True, True, False, False]


@pytest.mark.parametrize(
    "kind",
    [pa.binary(), pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int8(), pa.binary())],
)
def test_columns_of_texts_and_urls_may_be_of_bytes(tmp_path, kind):
    texts = pa.array(["Größe.".encode(), None, b"bad \xff", b""], kind)
    table = pa.table({"text": texts, "url": pa.array([b"http://a.example/"] * 4, kind)})
    pq.write_table(table, tmp_path / "a.parquet")
    for docs in (list(read.read(tmp_path / "a.parquet")), list(read.read(table))):
        assert [doc.text for doc in docs] == ["Größe.", "", "bad \ufffd", ""]
        assert [doc.live for doc in docs] == [True, False, True, False]
        assert {doc.url for doc in docs} == {"http://a.example/"}
    named = read.read(table.rename_columns(["body", "link"]), text="body", url="link")
    assert [doc.text for doc in named] == ["Größe.", "", "bad \ufffd", ""]


def test_a_column_of_texts_that_is_named_for_pages_holds_pages():
    for column in (["<p>a"], [b"<p>a"]):
        for source in (pa.table({"text": column}), [{"text": column[0]}]):
            (doc,) = read.read(source, html="text")
            assert (doc.text, doc.html) == ("", b"<p>a")
    for column in (["<p>a"], [b"<p>a"]):
        (doc,) = read.read(pa.table({"html": column}), text="html")
        assert (doc.text, doc.html) == ("<p>a", None)
    (doc,) = read.read([{"html": "<p>a"}], text="html")
    assert (doc.text, doc.html) == ("<p>a", None)


def test_a_record_batch_reader_is_read_once():
    source = read.frame(pa.table(COLUMNS).to_reader())
    check(list(source))
    with pytest.raises(SourceError, match="used up"):
        iter(source)


def test_a_table_that_gives_itself_out_once_is_asked_once():
    class Table:
        def __init__(self):
            self.streams = [pa.table(COLUMNS)]

        def __arrow_c_stream__(self, requested_schema=None):
            return self.streams.pop().__arrow_c_stream__(requested_schema)

    check(list(read.read(Table())))


def test_columns_of_texts_are_lists_of_texts():
    for column in (
        pd.Series(["One.", "Two."]),
        pl.Series(["One.", "Two."]),
        np.array(["One.", "Two."]),
        pa.chunked_array([["One.", "Two."]]),
        pa.array(["One.", "Two."]),
        pa.array(["One.", "Two."]).dictionary_encode(),
    ):
        assert [doc.text for doc in read.read(column)] == ["One.", "Two."]
    assert [doc.text for doc in read.read(pa.array([{"text": "One."}]))] == ["One."]  # a table


class Batch:
    """What other libraries give for a table in one piece."""

    def __init__(self, table):
        self.batch = table.to_batches()[0]

    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__(requested_schema)


def old_frame(columns):
    """A frame of pandas before 2.2, which knows nothing of Arrow."""
    kind = type("DataFrame", (pd.DataFrame,), {"__arrow_c_stream__": property()})
    return kind(columns)


@pytest.mark.parametrize("make", [lambda columns: Batch(pa.table(columns)), old_frame])
def test_tables_that_know_less_of_arrow_are_read(make):
    check(list(read.read(make(COLUMNS))))


@pytest.mark.parametrize(
    "error", [pa.ArrowNotImplementedError, TypeError, ValueError, AttributeError]
)
def test_a_table_that_cannot_be_given_out_is_one_clear_error(error):
    class Table:
        def __arrow_c_stream__(self, requested_schema=None):
            raise error("no room\nfor it")

    with pytest.raises(SourceError, match=r"^Table cannot be read as a table: no room$"):
        read.read(Table())


def test_numbers_as_ids_become_text_however_the_frame_keeps_them():
    frame = pd.DataFrame({"id": [1.0, None], "text": ["One.", "Two."], "url": [np.nan, None]})
    docs = list(read.frame(frame))
    assert docs[0].id == "1"
    assert len(docs[1].id) == 32
    assert [doc.url for doc in docs] == [None, None]


def test_a_large_batch_is_cut():
    table = pa.table({"text": [f"Text {n}." for n in range(2000)]})
    assert [doc.text for doc in read.frame(table)] == [f"Text {n}." for n in range(2000)]


@pytest.mark.parametrize("options", [{"text": "txet"}, {"id": "idd"}])
def test_unknown_columns_are_named_with_the_nearest(options, tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(COLUMNS), path)
    with pytest.raises(SourceError, match=r"did you mean '(text|id)'"):
        read.frame(pa.table(COLUMNS), **options)
    with pytest.raises(SourceError, match=r"did you mean '(text|id)'"):
        read.parquet(path, **options)


def test_a_table_without_texts_is_refused():
    with pytest.raises(
        SourceError, match=r"no column 'text' or 'html'; name the one .* columns: a, b"
    ):
        read.frame(pa.table({"a": [1], "b": [2]}))


def test_parquet_rows_come_back_in_order(tmp_path):
    rows = 3000
    table = pa.table({"id": list(range(rows)), "text": [f"Text {n}." for n in range(rows)]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=700)
    source = read.read(path)
    docs = list(source)
    assert [doc.id for doc in docs] == [str(n) for n in range(rows)]
    assert source.position == source.size == path.stat().st_size


def test_html_in_tables_is_bytes_or_text():
    table = pa.table(
        {"html": [b"<p>\xe9", b""], "content_type": ["text/html; charset=latin-1", None]}
    )
    docs = list(read.frame(table))
    assert docs[0].html == b"<p>\xe9"
    assert docs[0].meta == {"content_type": "text/html; charset=latin-1"}
    (doc,) = read.frame(
        pa.table({"html": ["<p>é"], "content_type": ["text/html; charset=latin-1"]})
    )
    assert doc.html == "<p>é".encode()
    assert doc.meta["content_type"] == "text/html; charset=utf-8"


def own_table():
    verdict = {
        "stage": "gopher_quality",
        "reason": "words",
        "signal": "words",
        "value": "12",
        "limit": 50.0,
        "op": "<",
        "kind": "dropped",
        "of": None,
    }
    meta = {"date": "2024", "_signals": {"extra": 0.25}, "__signals": "the source's own"}
    return pa.table(
        {
            "id": ["a", "b"],
            "text": ["One.", "Two."],
            "url": ["https://a.example/", None],
            "meta": [json.dumps(meta), "{}"],
            "words": pa.array([12, None], pa.int64()),
            "language": ["en", "de"],
            "verdict": pa.array([verdict, None], STRUCT),
            "html": pa.array([None, b"<p>"], pa.binary()),
        }
    ).replace_schema_metadata(
        {b"webfilter": json.dumps({"signals": ["words", "language"], "version": 1}).encode()}
    )


@pytest.mark.parametrize("stored", ["parquet", "frame"])
def test_what_webfilter_wrote_gives_back_signals_and_meta(tmp_path, stored):
    path = tmp_path / "part-00000.parquet"
    pq.write_table(own_table(), path)

    def back(**options):
        return list(
            read.parquet(path, **options)
            if stored == "parquet"
            else read.frame(own_table(), **options)
        )

    signals = {"words": 12, "language": "en", "extra": 0.25}
    meta = {"date": "2024", "_signals": "the source's own"}
    first, second = back()
    assert first == Document("a", "One.", None, "https://a.example/", signals, meta)
    assert second == Document("b", "Two.", b"<p>", None, {"words": None, "language": "de"}, {})
    first, second = back(verdicts=True)
    assert first.verdict == Verdict("gopher_quality", "words", "words", 12, 50.0, op="<")
    assert second.live


@pytest.mark.parametrize("library", ["pandas", "polars", "rows"])
def test_what_webfilter_wrote_is_known_without_its_metadata(library):
    table = own_table().drop(["html"])
    through = {
        "pandas": lambda: pytest.importorskip("pandas").DataFrame(table.to_pydict()),
        "polars": lambda: pytest.importorskip("polars").DataFrame(table),
        "rows": lambda: table.to_pylist(),
    }[library]()
    first, second = read.read(through)
    expected, other = read.frame(table)
    assert first == expected
    assert second.signals["language"] == other.signals["language"] == "de"
    assert (second.signals["words"], second.meta) == (None, {})


def test_a_row_that_only_looks_like_one_of_webfilter_s_is_read_as_it_is():
    row = {"id": "a", "text": "One.", "url": None, "verdict": None, "words": 3}
    for meta, verdict in (("no JSON", None), ("[1]", None), ("{}", "good"), ({}, None)):
        [doc] = read.read([{**row, "meta": meta, "verdict": verdict}])
        assert doc.live
        assert doc.signals == {}
        assert doc.meta["words"] == 3


@pytest.mark.parametrize("said", [b"webfilter", b"[]", b"{}", b'{"signals": 3}', b"[" * 100_000])
def test_metadata_that_webfilter_did_not_write_makes_a_table_like_any_other(said, tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"id": ["a"], "text": ["One."], "words": [3]})
    pq.write_table(table.replace_schema_metadata({"webfilter": said}), path)
    [doc] = read.read(path)
    assert (doc.id, doc.text, doc.meta) == ("a", "One.", {"words": 3})


def test_meta_that_somebody_took_away_is_empty():
    nothing = pa.array([None, ""], pa.string())
    place = own_table().schema.get_field_index("meta")
    for table in (own_table().drop(["meta"]), own_table().set_column(place, "meta", nothing)):
        first, second = read.frame(table)
        assert (first.text, first.signals, first.meta) == (
            "One.",
            {"words": 12, "language": "en"},
            {},
        )
        assert (second.text, second.meta) == ("Two.", {})


def test_a_column_of_signals_that_somebody_took_away_is_missed_by_nobody(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(own_table().drop(["words"]), path)
    source = read.read(path)
    assert [signal.name for signal in source.signals] == ["language"]
    assert [doc.signals for doc in source] == [
        {"language": "en", "extra": 0.25},
        {"language": "de"},
    ]


def test_a_column_that_somebody_added_is_meta():
    label = pa.array([["x"], None], pa.list_(pa.string()))
    for table in (own_table(), own_table().replace_schema_metadata(None)):
        first, second = read.frame(table.append_column("label", label))
        assert (first.meta["label"], first.meta["date"]) == (["x"], "2024")
        assert first.signals == {"words": 12, "language": "en", "extra": 0.25}
        assert second.text == "Two."
    first, second = read.frame(own_table().append_column("label", pa.array([1, None])))
    assert (first.meta["label"], second.meta["label"]) == (1, None)
    assert "label" not in first.signals


def test_a_file_that_is_not_parquet_is_refused_at_once(tmp_path):
    path = tmp_path / "a.parquet"
    for data in (b"", b"PAR1", b"not at all" * 10):
        path.write_bytes(data)
        with pytest.raises(SourceError, match=r"a\.parquet: not a readable Parquet file"):
            read.parquet(path)


def test_a_broken_row_group_is_one_failure_and_the_others_are_read(tmp_path):
    path = tmp_path / "a.parquet"
    texts = [f"Text {n} and {n * 7919}." for n in range(4000)]
    pq.write_table(pa.table({"text": texts}), path, row_group_size=1000, compression="zstd")
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)
    docs = list(read.parquet(path))
    failed = [doc for doc in docs if not doc.live]
    assert len(failed) == 1
    assert "row group 1 of 4 cannot be read" in failed[0].verdict.reason
    assert failed[0].verdict.reason.count("a.parquet") == 1
    assert [doc.text for doc in docs if doc.live] == texts[:1000] + texts[2000:]


@pytest.mark.parametrize("page", ["dictionary", "data"])
def test_a_flipped_byte_where_there_are_checksums_is_a_failure_and_no_other_text(page, tmp_path):
    path = tmp_path / "a.parquet"
    texts = [f"Text {n} and {n * 7919}." for n in range(400)]
    pq.write_table(
        pa.table({"text": texts}),
        path,
        row_group_size=200,
        compression="none",
        write_page_checksum=True,
        use_dictionary=page == "dictionary",
    )
    data = bytearray(path.read_bytes())
    data[data.index(b"Text 300 and")] ^= 1
    path.write_bytes(data)
    docs = list(read.parquet(path))
    assert [doc.text for doc in docs if doc.live] == texts[:200]
    [said] = [doc.verdict.reason for doc in docs if not doc.live]
    assert said.startswith("row group 1 of 2 cannot be read: ")


def test_a_file_with_other_numbers_of_rows_than_it_says_is_told_of(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["One.", "Two."]}), path)
    source = read.parquet(path)
    whole = pq.ParquetFile.iter_batches
    monkeypatch.setattr(  # what flipped bytes in the footer did
        pq.ParquetFile,
        "iter_batches",
        lambda self, *args, **more: [next(whole(self, *args, **more)).slice(0, 1)],
    )
    one, said = source
    assert one.text == "One."
    assert said.verdict.kind == "failed"
    assert said.verdict.reason == f"damaged: it has 1 rows and says it has 2 ({path})"


def test_a_stream_of_batches_that_is_cut_gives_what_came_before_and_a_failure():
    out = pa.BufferOutputStream()
    table = pa.table({"text": [f"Text {n}." for n in range(30)]})
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table, max_chunksize=10)
    data = out.getvalue().to_pybytes()
    for size, rows in ((len(data) - 20, 20), (len(data) // 2, 10)):
        *docs, last = read.frame(pa.ipc.open_stream(data[:size]))
        assert [doc.text for doc in docs] == table["text"].to_pylist()[:rows]
        assert last.verdict.kind == "failed"
        assert f"cannot be read from row {rows} on: Expected" in last.verdict.reason


def test_a_dataset_with_a_damaged_file_is_a_failure_with_a_fix(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"Text {n}." for n in range(3000)]}), path)
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(2000) + data[2004:])
    dataset = pa.dataset.dataset(path, format="parquet")
    report = wf.Pipeline((Length(),)).run(dataset, kept=write.memory())
    [reason] = report.stages[0].examples.popitem()[1]
    assert "read its files by their paths" in reason
    assert (report.total, report.failed) == (1, 1)


def test_values_that_python_does_not_have_do_not_stop_a_table():
    far = pa.array([10**17, 0], pa.timestamp("s"))
    docs = list(read.frame(pa.table({"text": ["One.", "Two."], "when": far})))
    assert [doc.text for doc in docs] == ["One.", "Two."]


BAD = pa.Array.from_buffers(  # "a", "b" and a byte that is no UTF-8, "c"
    pa.string(),
    3,
    [None, pa.array([0, 1, 3, 4], pa.int32()).buffers()[1], pa.py_buffer(b"ab\xffc")],
)
AT = pa.array([0, 1, 3, 3], pa.int32())
ONE, XYZ = pa.array([1, 2, 3]), pa.array(["x", "y", "z"])
LISTS = [["a"], ["b\ufffd", "c"], []]


class Named(pa.ExtensionType):
    def __init__(self):
        super().__init__(pa.string(), "webfilter.test")

    def __arrow_ext_serialize__(self):
        return b""


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (BAD, ["a", "b\ufffd", "c"]),
        (pa.ExtensionArray.from_storage(Named(), BAD), ["a", "b\ufffd", "c"]),
        (pa.DictionaryArray.from_arrays(pa.array([0, 2, 1]), BAD), ["a", "c", "b\ufffd"]),
        (pa.ListArray.from_arrays(AT, BAD), LISTS),
        (pa.LargeListArray.from_arrays(AT.cast(pa.int64()), BAD), LISTS),
        (
            pa.ListArray.from_arrays(AT, pa.ListArray.from_arrays(AT, BAD)),
            [LISTS[:1], LISTS[1:], []],
        ),
        (
            pa.StructArray.from_arrays([BAD, ONE], ["k", "n"]),
            [{"k": "a", "n": 1}, {"k": "b\ufffd", "n": 2}, {"k": "c", "n": 3}],
        ),
        (
            pa.StructArray.from_arrays([BAD, ONE], ["k", "k"]),
            [[("k", "a"), ("k", 1)], [("k", "b\ufffd"), ("k", 2)], [("k", "c"), ("k", 3)]],
        ),
        (
            pa.MapArray.from_arrays(AT, XYZ, BAD),
            [[("x", "a")], [("y", "b\ufffd"), ("z", "c")], []],
        ),
        (
            pa.array([[10**15], [None], None], pa.list_(pa.timestamp("ms"))),
            [[str(10**15)], [None], None],
        ),
        (pa.array([7, None, 8], pa.timestamp("ms", "Nowhere/Land")), ["7", None, "8"]),
    ],
    ids=lambda given: str(given.type)[:30] if isinstance(given, pa.Array) else "",
)
def test_one_bad_value_costs_no_more_than_itself(column, values, tmp_path):
    table = pa.table({"text": ["One.", "Two.", "Three."], "extra": column})
    path = tmp_path / "a.parquet"
    sources = [table]
    if not pa.types.is_dictionary(column.type):  # Arrow itself reads no such row group
        pq.write_table(table, path)
        sources.append(path)
    for source in sources:
        docs = list(read.read(source))
        assert [doc.text for doc in docs] == ["One.", "Two.", "Three."]
        assert [doc.meta["extra"] for doc in docs] == values


def test_columns_of_structs_are_read_by_row_whatever_stands_in_them():
    structs = pa.StructArray.from_arrays(
        [BAD, pa.array([10**15, None, 1], pa.timestamp("s"))],
        ["text", "at"],
        mask=pa.array([False, False, True]),
    )
    for source in (structs, pa.chunked_array([structs[:1], structs[1:]]), list(structs)):
        one, two, null = read.read(source)
        assert (one.text, one.meta) == ("a", {"at": str(10**15)})
        assert (two.text, two.meta) == ("b\ufffd", {"at": None})
        assert null.verdict is not None
    for source in (BAD, pa.chunked_array([BAD]), list(BAD)):
        assert [doc.text for doc in read.read(source)] == ["a", "b\ufffd", "c"]


def test_what_cannot_be_given_out_at_all_is_none(monkeypatch):
    def broken(item):
        raise RuntimeError

    monkeypatch.setattr("webfilter.read.cells._plain", broken)
    table = pa.table(
        {"text": ["One.", "Two.", "Three."], "extra": pa.ListArray.from_arrays(AT, BAD)}
    )
    assert [doc.meta["extra"] for doc in read.read(table)] == [None] * 3


def test_a_bad_byte_in_a_large_row_group_loses_no_document(tmp_path):
    rows = 3000
    at = pa.array(range(rows + 1), pa.int32())
    data = bytearray(b"x" * rows)
    data[rows // 2] = 0xFF
    letters = pa.Array.from_buffers(pa.string(), rows, [None, at.buffers()[1], pa.py_buffer(data)])
    table = pa.table(
        {"text": [f"Text {n}." for n in range(rows)], "tags": pa.ListArray.from_arrays(at, letters)}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    for source in (table, tmp_path / "a.parquet"):
        docs = list(read.read(source))
        assert [doc.text for doc in docs if doc.live] == [f"Text {n}." for n in range(rows)]
        assert docs[rows // 2].meta == {"tags": ["\ufffd"]}
        assert wf.Pipeline((Length(1),)).run(source, progress=False).kept == rows


@pytest.mark.parametrize("name", ["text", "id"])
def test_two_columns_for_one_role_are_refused(tmp_path, name):
    columns = {"id": pa.array(["a"]), "text": pa.array(["One."]), name + " ": pa.array(["b"])}
    table = pa.table(columns).rename_columns([column.strip() for column in columns])
    pq.write_table(table, tmp_path / "a.parquet")
    for given in (table, tmp_path / "a.parquet"):
        with pytest.raises(SourceError, match=f"2 columns are called '{name}': rename all but"):
            read.read(given)


def _shared(value, rows, **more):
    """Return a table of `rows` in which all have the same `value`, which is stored once."""
    note = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))
    return pa.table({"text": [f"Row {n}." for n in range(rows)], "note": note, **more})


@pytest.mark.parametrize("kind", ["text", "list"])
def test_a_small_file_with_gigabytes_in_it_is_loaded_in_parts(kind, tmp_path):
    table = pa.table({"text": ["One."] * 256, "list": [[0] * 100_000] * 256})
    if kind == "text":
        table = _shared("a" * 3_000_000, 256)
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd", store_schema=False)
    assert (tmp_path / "a.parquet").stat().st_size < 20_000
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(pool)
    try:
        assert sum(doc.live for doc in read.read(tmp_path / "a.parquet")) == 256
    finally:
        pa.set_memory_pool(usual)
    assert pool.max_memory() < 180_000_000  # of 770 million, and 200 million


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("given", ["text", "html", "note"])
def test_rows_that_are_too_large_are_dropped_and_not_loaded(given, shared, tmp_path):
    cells = ["small", "é" * 600, None, "small"]
    column = pa.array(cells).dictionary_encode() if shared else pa.array(cells)
    rest = {"id": ["a", "b", "c", "d"], "url": ["https://a.example/"] * 4, "n": [1, 2, 3, 4]}
    table = pa.table({"text": ["One."] * 4, **rest, given: column})
    pq.write_table(table, tmp_path / "a.parquet")
    source = str(tmp_path / "a.parquet")
    docs = list(read.read(source, max_bytes=1_100))
    assert [doc.id for doc in docs] == ["a", "b", "c", "d"]
    large = docs[1]
    assert (large.verdict.kind, large.verdict.reason) == ("dropped", "too_large")
    assert (large.text, large.html, large.url) == ("", None, "https://a.example/")
    size = 1_200 + len("bhttps://a.example/") + (4 if given != "text" else 0)
    assert large.meta == {"source": source, "content_length": size}
    assert docs[3] == list(read.read(source))[3]
    assert list(read.parquet(source, max_bytes=size)) == list(read.parquet(source, max_bytes=None))


def test_a_row_that_is_too_large_and_has_no_id_is_named_by_its_content(tmp_path):
    table = pa.table({"text": ["a" * 50, "b" * 50, "a" * 50, "c"], "n": [1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "a.parquet")
    a, b, again, small = read.parquet(tmp_path / "a.parquet", max_bytes=10)
    assert a.id == again.id != b.id
    assert small.text == "c"


def test_few_large_rows_are_loaded_at_a_time_and_many_small_ones(tmp_path):
    from webfilter.read.rowsizes import ROWS, rows_at_a_time

    def told(table, **options):
        with open(tmp_path / "a.parquet", "w+b") as handle:
            pq.write_table(table, handle, **options)
            handle.flush()
            return rows_at_a_time(pq.ParquetFile(handle), 0, handle)

    assert told(pa.table({"text": ["Water boils."] * 5_000})) == ROWS
    assert told(pa.table({"text": ["a" * 1_000_000] * 90}), use_dictionary=False) == 67
    for size in (300, 1_000_000, 9_000_000):  # whatever the header's numbers look like
        pages = {"dictionary_pagesize_limit": 1 << 26}
        expected = min(ROWS, (1 << 26) // (size + 4))
        assert told(_shared("a" * size, 5_000), **pages) == expected
    assert told(_shared("a" * 100_000_000, 3)) == 1


_EVERY_BYTE = """
import sys
import webfilter as wf

whole = open(sys.argv[1], "rb").read()
footer = int.from_bytes(whole[-8:-4], "little")
for at in range(len(whole) - 8 - footer, len(whole) - 8):
    data = bytearray(whole)
    data[at] ^= 1
    open(sys.argv[1], "wb").write(data)
    try:
        assert len(list(wf.read.parquet(sys.argv[1]))) < 100
    except wf.errors.SourceError:
        pass
print("done")
"""


def test_no_damage_of_a_footer_ends_the_process(tmp_path):
    """Pyarrow's own view of the metadata of a column does, by C++'s terminate."""
    table = pa.table({"text": ["One.", "Two."], "list": [[1, 2], [3]]})
    pq.write_table(table, tmp_path / "a.parquet", store_schema=False)
    given = [sys.executable, "-c", _EVERY_BYTE, str(tmp_path / "a.parquet")]
    ran = subprocess.run(given, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("done\n", 0), ran.stderr[-500:]
