import bz2
import gzip
import json
import lzma

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from webfilter.errors import SourceError, UnknownName
from webfilter.heuristics.items import read_items

ROWS = [{"q": "One?", "meta": {"n": 1, "options": ["a", "b"]}}, {"q": "Zwö?", "meta": {"n": 2}}]
TEXTS = [["One?", "a", "b"], ["Zwö?"]]


def lines(rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def items(path, content, fields=None):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_items(path, fields)[0]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.jsonl", bytes),
        ("a.ndjson.gz", gzip.compress),
        ("a.jsonl.xz", lzma.compress),
        ("a.jsonl.bz2", bz2.compress),
        ("a.jsonl.zst", zstandard.compress),
        ("a.jsonl", gzip.compress),
        ("A.JSON", bytes),  # JSON Lines by another name
    ],
)
def test_lines_plain_and_compressed(tmp_path, name, pack):
    assert items(tmp_path / name, pack(f"\ufeff{lines(ROWS)}\r\n\n".encode())) == TEXTS


@pytest.mark.parametrize(
    "whole", [ROWS, {"data": ROWS, "version": "1"}, {"splits": ["x"], "rows": ROWS}]
)
def test_json_is_a_list_or_holds_one(tmp_path, whole):
    assert items(tmp_path / "a.json", json.dumps(whole, indent=1)) == TEXTS


def test_json_that_is_one_object_is_one_item(tmp_path):
    assert items(tmp_path / "a.json", '{"a": "x", "b": ["y", {"c": "z"}]}') == [["x", "y", "z"]]


def test_text_has_an_item_a_line(tmp_path):
    assert items(tmp_path / "a.txt", "One line\n\n  \nand another\r\n") == [
        ["One line"],
        ["and another"],
    ]


def test_tables(tmp_path):
    assert items(tmp_path / "a.csv", 'q,a\n"One, or\ntwo?",x\ny\n', ("q",)) == [
        ["One, or\ntwo?"],
        ["y"],
    ]
    headless = "How many legs has an ant?\t6\t8\t4\n"
    assert items(tmp_path / "a.tsv", headless + headless)[0][0] == "How many legs has an ant?"
    assert items(tmp_path / "b.csv", "q\nx,more\n") == [["x", "more"]]


def test_parquet(tmp_path):
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    assert read_items(tmp_path / "a.parquet")[0] == TEXTS
    with pytest.raises(SourceError, match="not a readable Parquet file"):
        items(tmp_path / "a.parquet", b"PAR1")


def test_fields_are_keys_or_paths(tmp_path):
    path = tmp_path / "a.jsonl"
    assert items(path, lines(ROWS), ("q",)) == [["One?"], ["Zwö?"]]
    assert items(path, lines(ROWS), ("options",)) == [["a", "b"], []]
    assert items(path, lines(ROWS), ("meta.options",)) == [["a", "b"], []]
    assert read_items(path, ("q", "meta", "x"))[1] == {"q", "meta"}
    with pytest.raises(UnknownName, match="'option': did you mean 'options'"):
        read_items(path, ("option",))


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.jsonl", b"", "has no items"),
        ("a.jsonl", b"\n \n", "has no items"),
        ("a.jsonl", b'{"a": "b"}\n{"a": ', "line 2: malformed JSON"),
        ("a.jsonl", b"[" * 100_000, "line 1: "),
        ("a.json", b"[1, ", "malformed JSON"),
        ("a.json", b"[" * 100_000, "malformed JSON"),
        ("a.txt", b"caf\xe9", "byte 3 is not UTF-8"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 99)[:-9], "damaged"),
        ("a.jsonl.xz", lzma.compress(b"{}" * 99)[:-9], "damaged"),
        ("a.jsonl.zst", zstandard.compress(b"{}" * 99)[:9] + b"x" * 20, "damaged"),
        ("a.docx", b"PK", "cannot tell what it holds; name it .jsonl"),
    ],
)
def test_what_cannot_be_read_to_the_end_is_an_error(tmp_path, name, content, match):
    with pytest.raises(SourceError, match=match) as raised:
        items(tmp_path / name, content)
    assert name in str(raised.value)


def test_a_field_of_any_size(tmp_path):
    long = "x" * 300_000
    assert items(tmp_path / "a.csv", f"q\n{long}\n") == [[long]]
