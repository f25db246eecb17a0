"""JSON Lines: layouts, compression, bad lines."""

import base64
import bz2
import gzip
import json
import lzma
import tracemalloc

import pytest
import zstandard

import webfilter.read as read
from webfilter.document import Document, Verdict

ROWS = [
    {"id": f"r{n}", "text": f"Text {n}.", "url": f"https://a.example/{n}", "n": n} for n in range(5)
]


def lines(rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def docs_of(tmp_path, data, name="a.jsonl", **options):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else lines(data))
    return list(read.jsonl(path, **options))


def reasons(docs):
    return [doc.verdict.reason for doc in docs if not doc.live]


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        ("", bytes),
        (".gz", gzip.compress),
        (".zst", zstandard.ZstdCompressor().compress),
        (".xz", lzma.compress),
        (".bz2", bz2.compress),
        ("", gzip.compress),  # what the name says does not matter
        (".gz", bytes),
    ],
)
def test_rows_come_back(tmp_path, suffix, compress):
    docs = docs_of(tmp_path, compress(lines(ROWS)), f"a.jsonl{suffix}")
    assert [(d.id, d.text, d.url) for d in docs] == [(r["id"], r["text"], r["url"]) for r in ROWS]
    assert [d.meta for d in docs] == [{"n": n} for n in range(5)]


def test_a_long_file_is_read_across_chunks(tmp_path):
    rows = [{"id": str(n), "text": f"{n} " * (n % 997)} for n in range(1, 3000)]
    docs = docs_of(tmp_path, gzip.compress(lines(rows)), "a.jsonl.gz")
    assert [(d.id, d.text) for d in docs] == [(r["id"], r["text"]) for r in rows]


def test_datatrove_layout(tmp_path):
    row = {
        "text": "Tide.",
        "id": "<urn:uuid:1>",
        "metadata": {"url": "https://a.example/", "date": "2024-05-18", "dump": "CC"},
    }
    (doc,) = docs_of(tmp_path, [row])
    assert (doc.id, doc.url) == ("<urn:uuid:1>", "https://a.example/")
    assert doc.meta == row["metadata"]


def test_own_layout_gives_back_signals_and_drops_verdicts_unless_asked(tmp_path):
    row = {
        "id": "a",
        "text": "Tide.",
        "url": None,
        "meta": {"date": "2024"},
        "signals": {"words": 1, "language": "en", "lorem": False, "mean": 0.5, "none": None},
        "verdict": {
            "stage": "gopher_quality",
            "reason": "words",
            "signal": "words",
            "value": 1,
            "limit": 50.0,
            "op": "<",
            "kind": "dropped",
            "of": None,
        },
        "html_base64": base64.b64encode(b"<p>Tide.").decode(),
    }
    (doc,) = docs_of(tmp_path, [row])
    assert doc == Document("a", "Tide.", b"<p>Tide.", None, row["signals"], {"date": "2024"})
    assert list(read.read([row])) == list(read.read([tmp_path / "a.jsonl"])) == [doc]
    (doc,) = docs_of(tmp_path, [row], verdicts=True)
    assert doc.verdict == Verdict("gopher_quality", "words", "words", 1, 50.0, op="<")


def test_fields_can_be_named(tmp_path):
    row = {"key": 7, "body": "Tide.", "link": "https://a.example/", "text": "not this"}
    (doc,) = docs_of(tmp_path, [row], text="body", id="key", url="link")
    assert (doc.id, doc.text, doc.url) == ("7", "Tide.", "https://a.example/")
    assert doc.meta == {"text": "not this"}


def test_bad_lines_fail_one_by_one_and_say_where(tmp_path):
    data = b"\n".join(
        [
            b'{"text": "one"}',
            b'{"text": ',
            b"[1, 2]",
            b'{"text": "\xff"}',
            b'{"text": 5}',
            b"",
            b'{"body": "x"}',
            b'{"text": "ok", "id": [1]}',
            b"[" * 100_000,
            b'{"text": "two"}',
        ]
    )
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    source = read.jsonl(path)
    docs = list(source)
    assert [doc.text for doc in docs if doc.live] == ["one", "two"]
    assert source.skipped == {"blank line": 1}
    said = reasons(docs)
    assert len(said) == 7
    for number, (reason, part) in enumerate(
        zip(
            said,
            [
                "Expecting value: line 1 column 10",
                "a line holds list, not an object; jq -c '.[]' makes lines from an array (",
                "byte 10 of the line is not UTF-8",
                "text is int, not str",
                "no field 'text' or 'html' (fields: body)",
                "id is list, not str or int",
                "nested too deeply",
            ],
            strict=True,
        )
    ):
        assert part in reason
        assert f"{path}, line {[2, 3, 4, 5, 7, 8, 9][number]}" in reason
    assert len({doc.id for doc in docs}) == len(docs)


@pytest.mark.parametrize("order", ["le", "be"])
def test_a_file_in_utf_16_says_what_it_is(tmp_path, order):
    (tmp_path / "a.jsonl").write_bytes("\ufeff{}\n{}\n".encode(f"utf-16-{order}"))
    first = reasons(read.jsonl(tmp_path))[0]
    assert first.startswith("malformed JSON: the file is UTF-16: iconv -f UTF-16 -t UTF-8 makes")


def test_unicode_separators_and_lone_surrogates_stay_in_texts(tmp_path):
    text = "a\u2028b\x85c\r\nd \ud800 e"
    (doc,) = docs_of(tmp_path, [{"text": text}])
    assert doc.text == text
    raw = '{"text": "a\u2028b"}\r\n'.encode()
    docs = docs_of(tmp_path, 2 * (b"\xef\xbb\xbf" + raw * 2))  # as `cat` makes of two files
    assert [doc.text for doc in docs] == ["a\u2028b"] * 4


def test_lines_over_the_limit_are_dropped_and_not_kept_in_memory(tmp_path):
    rows = [{"text": "a"}, {"text": "b" * 5_000_000}, {"text": "c" * 100}, {"text": "d"}]
    docs = docs_of(tmp_path, gzip.compress(lines(rows)), max_bytes=90)
    assert [doc.text for doc in docs if doc.live] == ["a", "d"]
    assert [doc.verdict.reason for doc in docs if not doc.live] == ["too_large"] * 2
    assert docs[1].meta["content_length"] == 5_000_012
    for end in (b"", b"\n"):  # of the file
        [last] = docs_of(tmp_path, lines(rows[2:3]).rstrip() + end, max_bytes=90)
        assert (last.id, last.meta["content_length"]) == (docs[2].id, 112)
    path = tmp_path / "long.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * 40_000_000 + b"\n"))
    tracemalloc.start()
    (doc,) = read.jsonl(path, max_bytes=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert doc.verdict.reason == "too_large"
    assert peak < 10_000_000


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, zstandard.compress])
def test_a_clipped_file_gives_its_whole_lines_and_one_failure(tmp_path, compress):
    data = compress(lines(ROWS))
    for cut in range(8, len(data), 5):
        docs = docs_of(tmp_path, data[:cut], "a.jsonl.x")
        live = [doc.id for doc in docs if doc.live]
        assert live == [row["id"] for row in ROWS][: len(live)]
        assert len(reasons(docs)) == 1
        assert "at byte 0 of" in reasons(docs)[0]


def test_the_next_gzip_member_is_found_behind_a_broken_one(tmp_path):
    members = [gzip.compress(lines([row])) for row in ROWS]
    members[2] = members[2][:20] + b"\0\0\0\0" + members[2][24:]
    docs = docs_of(tmp_path, b"".join(members))
    assert [doc.id for doc in docs if doc.live] == ["r0", "r1", "r3", "r4"]
    assert len(reasons(docs)) == 1


def test_ids_are_the_given_ones_or_made_from_url_and_content(tmp_path):
    rows = [{"text": "a"}, {"text": "a", "url": "https://a.example/"}, {"text": "a", "id": 12}]
    docs = docs_of(tmp_path, rows)
    again = docs_of(tmp_path, list(reversed(rows)), "b.jsonl")
    assert [doc.id for doc in docs] == [doc.id for doc in reversed(again)]
    assert len({doc.id for doc in docs}) == 3
    assert docs[2].id == "12"


@pytest.mark.parametrize(
    ("value", "back"), [([1], "[1]"), (float("nan"), None), (1, 1), ("en", "en"), (False, False)]
)
def test_the_value_of_a_verdict_is_a_scalar(tmp_path, value, back):
    verdict = {"stage": "a", "reason": "words", "kind": "dropped", "value": value}
    row = {"id": "a", "text": "x", "url": None, "meta": {}, "signals": {}, "verdict": verdict}
    (doc,) = docs_of(tmp_path, [row], verdicts=True)
    assert doc.verdict == Verdict("a", "words", value=back)


@pytest.mark.parametrize(
    "field",
    [{"limit": "50"}, {"limit": [50]}, {"limit": 10**400}, {"signal": ["words"]}, {"op": 1}],
)
def test_a_verdict_that_is_none_is_a_failed_document(tmp_path, field):
    verdict = {"stage": "a", "reason": "words", "kind": "dropped", "op": "<", "limit": 50, **field}
    row = {"id": "a", "text": "x", "url": None, "meta": {}, "signals": {}, "verdict": verdict}
    (doc,) = docs_of(tmp_path, [row], verdicts=True)
    assert doc.verdict.kind == "failed"
    assert f"the verdict's {next(iter(field))} is " in doc.verdict.reason
