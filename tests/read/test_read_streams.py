"""Standard input, pipes and open files: what comes by once."""

import bz2
import gzip
import io
import json
import lzma
import os
import sys
import threading
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from warcbuild import PAGE, pages

import webfilter.read as read
from webfilter import Length, Pipeline
from webfilter.errors import SourceError

ROWS = [{"id": f"r{n}", "text": f"Text {n}. " * (n % 90)} for n in range(1, 4000)]
LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)


class Trickle(io.RawIOBase):
    """Gives a few bytes at a time, as a socket does, and cannot be sought."""

    def __init__(self, data):
        self._inner = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._inner.readinto(memoryview(buffer)[:7])


def unnamed(docs):
    """Return `docs` without the name of what they were read from."""
    return [
        replace(doc, meta={key: value for key, value in doc.meta.items() if key != "source"})
        for doc in docs
    ]


def given(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Trickle(data))))


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", b"\xef\xbb\xbf" + LINES[:9_000] + b"\n{broken\n" + LINES[:200]),
        ("a.warc", pages(3, compressed=False).data),
        ("a.html", b"\n " + PAGE),
    ],
)
def test_what_a_stream_holds_is_told_by_how_it_begins(tmp_path, monkeypatch, name, data, compress):
    data = compress(data)
    (tmp_path / name).write_bytes(data)
    wanted = unnamed(read.read(tmp_path / name))
    given(monkeypatch, data)
    for source in (read.read("-"), read.read(Trickle(data)), read.files(io.BytesIO(data))):
        docs = unnamed(source)
        if name.endswith(".html"):
            docs = [replace(doc, id=name) for doc in docs]
        assert [(d.id, d.text, d.html, d.live) for d in docs] == [
            (d.id, d.text, d.html, d.live) for d in wanted
        ]
        assert (source.size, source.position) == (None, len(data))


def test_a_long_stream_is_read_to_its_end(monkeypatch):
    given(monkeypatch, zstandard.compress(LINES))
    docs = list(read.read("-"))
    assert [(doc.id, doc.text) for doc in docs] == [(row["id"], row["text"]) for row in ROWS]


def test_what_cannot_be_read_says_where_it_came_from(monkeypatch):
    given(monkeypatch, b'{"text": "One."}\n{broken\n')
    good, bad = read.read("-")
    assert good.text == "One."
    assert bad.verdict.reason.endswith("(<stdin>, line 2)")


def test_a_stream_is_read_once_and_stays_open():
    handle = io.BytesIO(LINES)
    source = read.read(handle)
    assert len(list(source)) == len(ROWS)
    assert not handle.closed
    with pytest.raises(SourceError, match="used up"):
        iter(source)


def test_a_stream_given_twice_is_read_once(tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    given(monkeypatch, LINES)
    source = read.files(["-", tmp_path / "a.jsonl", "-"])
    assert len(list(source)) == 2 * len(ROWS)


def test_open_files_of_one_name_are_all_read():
    for reader in (read.jsonl, read.read):
        handles = [io.BytesIO(b'{"text": "%d"}\n' % n) for n in range(12)]
        assert [doc.text for doc in reader([*handles, handles[0]])] == [*map(str, range(12))]


def test_open_files_beside_paths_are_read_and_beside_words_refused(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    both = read.read([tmp_path / "a.jsonl", io.BytesIO(LINES)])
    assert len(list(both)) == 2 * len(ROWS)
    with pytest.raises(SourceError, match=r"BytesIO.* looks like a path and 'water' does not"):
        read.read([io.BytesIO(LINES), "water"])


def test_who_is_told_the_kind_reads_what_begins_otherwise():
    broken, whole = read.jsonl(io.BytesIO(b'from a log\n{"text": "One."}\n'))
    assert "malformed JSON" in broken.verdict.reason
    assert whole.text == "One."
    assert list(read.jsonl(io.BytesIO(b""))) == []


def parquet():
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["Row."]}), out)
    return out.getvalue()


class Waiting(io.RawIOBase):
    """Has nothing yet, and does not wait for it."""

    def readable(self):
        return True

    def readinto(self, buffer):
        return None


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        (io.BytesIO(), "is empty"),
        (io.BytesIO(b"from a log\n"), "begins like none of JSON Lines, WARC and HTML"),
        (io.BytesIO(b'[{"text": "One."}]'), r"jq -c '\.\[\]'"),
        (io.StringIO('{"text": "One."}'), "gives str, not bytes: open it with mode 'rb'"),
        (io.BytesIO(parquet()), r"pyarrow\.parquet\.read_table"),
        (Waiting(), "cannot be read: it does not wait"),
        (io.BufferedWriter(io.BytesIO()), "cannot be read: read"),
    ],
)
def test_streams_that_cannot_be_read_say_why(handle, said):
    with pytest.raises(SourceError, match=said):
        read.read(handle)


def test_standard_input_that_is_closed_or_a_terminal_says_so(monkeypatch):
    class Terminal(io.BytesIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Terminal()))
    with pytest.raises(SourceError, match="<stdin> is a terminal"):
        read.read("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match="standard input is closed"):
        read.read("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("name", ["pipe.jsonl", "pipe"])
def test_a_named_pipe_is_opened_once(tmp_path, name):
    os.mkfifo(tmp_path / name)
    writer = threading.Thread(target=(tmp_path / name).write_bytes, args=(LINES,), daemon=True)
    writer.start()
    assert len(list(read.read(tmp_path / name))) == len(ROWS)
    writer.join(10)
    assert not writer.is_alive()


def test_a_run_over_a_stream_goes_on_where_it_stopped(tmp_path):
    class Stops(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > len(LINES) // 2:
                raise KeyboardInterrupt
            return super().read(min(size, 1 << 16))

    pipe = Pipeline((Length(min_words=100),))
    whole = pipe.run(io.BytesIO(LINES), tmp_path / "whole", batch_size=16)
    assert (whole.total, whole.kept + whole.dropped) == (len(ROWS), len(ROWS))
    with pytest.raises(KeyboardInterrupt):
        pipe.run(Stops(LINES), tmp_path / "out", batch_size=16)
    pipe.run(io.BytesIO(LINES), tmp_path / "out", batch_size=16)
    for kind in ("kept", "dropped"):
        file = f"{kind}/part-00000.parquet"
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
