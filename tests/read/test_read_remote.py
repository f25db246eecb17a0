"""Files far away: a way that breaks for a while changes nothing, one that is lost ends the run."""

import io
import logging
import random
from types import SimpleNamespace
from typing import ClassVar

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from warcbuild import Warc

import webfilter as wf
from webfilter.read.remote import WAITS, Lost


class Refused(Exception):
    """As HTTP clients raise it."""

    def __init__(self, status, within=False):
        super().__init__(f"status {status}")
        if within:
            self.response = SimpleNamespace(status_code=status)
        else:
            self.status = status


class Shaky(MemoryFileSystem):
    """A memory whose files raise what `plan` says at that access: of all files, from 1."""

    protocol = "shaky"
    plan: ClassVar = {}
    count = 0
    always = None

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("shaky://"))

    @classmethod
    def access(cls):
        cls.count += 1
        if cls.count in cls.plan:
            raise cls.plan[cls.count]
        if cls.always is not None and cls.count >= cls.always:
            raise ConnectionResetError("the network is gone")

    def _open(self, path, mode="rb", **more):
        if mode != "rb":
            return super()._open(path, mode, **more)
        Shaky.access()
        return File(self.store[path].getvalue())


class File(io.BytesIO):
    """Once broken it stays so: only another one can be read."""

    broken = None

    def read(self, size=-1):
        if self.broken is not None:
            raise self.broken
        try:
            Shaky.access()
        except Exception as error:
            self.broken = error
            raise
        return super().read(size)


@pytest.fixture
def waited(monkeypatch):
    """Start with a store in which nothing breaks; return the seconds that were waited."""
    fsspec.register_implementation("shaky", Shaky, clobber=True)
    seconds = []
    monkeypatch.setattr("webfilter.read.remote.sleep", seconds.append)
    monkeypatch.setattr(Shaky, "plan", {})
    monkeypatch.setattr(Shaky, "always", None)
    monkeypatch.setattr(Shaky, "count", 0)
    yield seconds
    Shaky.store.clear()
    Shaky.pseudo_dirs[:] = [""]


def words(seed, count=20_000):
    chance = random.Random(seed)
    return " ".join(f"{chance.getrandbits(40):x}" for _ in range(count))


def store(compressed):
    """Fill the store with a file of each kind, each longer than what is read at once."""
    system = fsspec.filesystem("shaky")
    warc, texts = Warc(compressed), [words(seed) for seed in range(4)]
    for text in texts:
        warc.add(body=f"<p>{text}</p>".encode())
    rows = pa.table({"id": [f"row-{n}" for n in range(4)], "text": texts})
    lines = "".join(f'{{"id": "line-{n}", "text": "{text}"}}\n' for n, text in enumerate(texts))
    name = "a.warc.gz" if compressed else "a.warc"
    system.pipe(f"/far/{name}", warc.data)
    system.pipe("/far/b.jsonl", lines.encode())
    out = io.BytesIO()
    pq.write_table(rows, out, row_group_size=1)
    system.pipe("/far/c.parquet", out.getvalue())


@pytest.mark.parametrize("compressed", [True, False])
def test_whichever_access_breaks_the_same_documents_are_read(waited, compressed):
    store(compressed)
    sound = list(wf.read("shaky://far"))
    accesses = Shaky.count
    assert len(sound) == 12
    assert all(doc.live for doc in sound)
    assert accesses > 20
    for at in range(1, accesses + 1):
        Shaky.plan, Shaky.count = {at: ConnectionResetError("gone"), at + 1: Refused(503)}, 0
        del waited[:]
        assert list(wf.read("shaky://far")) == sound, at
        assert waited == [*WAITS[:2]]


def refuse(*_):
    raise ValueError("Cannot seek streaming HTTP file")


@pytest.mark.parametrize("compressed", [True, False])
def test_a_stream_that_takes_itself_for_a_file_is_read_whichever_access_breaks(
    waited, compressed, monkeypatch
):
    """As fsspec opens what a web server sends without saying how long it is."""
    store(compressed)
    fsspec.filesystem("shaky").rm("/far/c.parquet")
    sound = list(wf.read("shaky://far"))
    monkeypatch.setattr(File, "seek", refuse)
    Shaky.count = 0
    assert list(wf.read("shaky://far")) == sound
    for at in range(1, Shaky.count + 1):
        Shaky.plan, Shaky.count = {at: ConnectionResetError("gone"), at + 1: Refused(503)}, 0
        assert list(wf.read("shaky://far")) == sound, at


def test_what_is_behind_a_large_record_of_a_stream_is_read(waited, monkeypatch):
    monkeypatch.setattr(File, "seek", refuse)
    data = Warc(compressed=False).add(body=b"<p>" * 100_000).add().data
    fsspec.filesystem("shaky").pipe("/far/a.warc", data)
    large, small = wf.read("shaky://far", max_bytes=1000)
    assert (large.verdict.reason, small.live) == ("too_large", True)


def test_what_is_behind_damage_of_a_stream_is_read(waited, monkeypatch):
    warc = Warc()
    for seed in range(9):
        warc.add(body=f"<p>{words(seed)}</p>".encode())
    data = bytearray(warc.data)
    data[100_000] ^= 255
    fsspec.filesystem("shaky").pipe("/far/a.warc.gz", bytes(data))
    monkeypatch.setattr(File, "seek", refuse)
    docs = list(wf.read("shaky://far"))
    assert [doc.id for doc in docs if not doc.live] == [warc.ids[0]]
    assert [doc.id for doc in docs if doc.live][-6:] == warc.ids[-6:]


def test_a_stream_that_is_shorter_when_opened_anew_is_no_file_any_more(waited, monkeypatch):
    store(True)
    monkeypatch.setattr(File, "seek", refuse)
    docs = iter(wf.read("shaky://far/b.jsonl"))
    assert next(docs).live
    Shaky.plan = {Shaky.count + 1: ConnectionResetError("gone")}
    fsspec.filesystem("shaky").pipe("/far/b.jsonl", b'{"text": "Short."}\n')
    [failed] = docs
    assert "cannot be read: ValueError: Cannot seek" in failed.verdict.reason


def test_a_break_is_told_in_the_log(waited, caplog):
    fsspec.filesystem("shaky").pipe("/far/a.jsonl", b'{"text": "One."}\n')
    Shaky.plan = {1: Refused(429)}
    with caplog.at_level(logging.WARNING, "webfilter"):
        assert len(list(wf.read("shaky://far/a.jsonl"))) == 1
    assert caplog.messages == ["shaky://far/a.jsonl: Refused: status 429; tried again in 1 s"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError("not yours"), "PermissionError: not yours"),
        (FileNotFoundError("deleted"), "FileNotFoundError: deleted"),
        (Refused(403), "Refused: status 403"),
        (Refused(410, within=True), "Refused: status 410"),
    ],
)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_what_lasts_costs_its_file_alone_and_no_time(waited, error, said, at):
    system = fsspec.filesystem("shaky")
    system.pipe("/far/a.jsonl", "".join(f'{{"text": "{words(n)}"}}\n' for n in range(9)).encode())
    system.pipe("/far/b.jsonl", b'{"text": "One."}\n')
    Shaky.plan = {at: error}
    docs = list(wf.read("shaky://far"))
    failed = [doc for doc in docs if not doc.live]
    assert len(failed) == 1
    assert said in failed[0].verdict.reason
    assert docs[-1].text == "One."
    assert waited == []


@pytest.mark.parametrize("kind", ["a.warc.gz", "b.jsonl", "c.parquet"])
@pytest.mark.parametrize("damaged", [False, True])
def test_wherever_the_way_is_lost_it_is_told_and_not_taken_for_damage(waited, kind, damaged):
    store(True)
    system = fsspec.filesystem("shaky")
    if damaged:
        data = system.cat(f"/far/{kind}")
        system.pipe(f"/far/{kind}", data[:300_000] + b"?" * 2_000 + data[302_000:])
    source = wf.read(f"shaky://far/{kind}")
    Shaky.count = 0
    list(source)
    accesses = Shaky.count
    assert accesses > 3
    for at in range(1, accesses + 1):
        source = wf.read(f"shaky://far/{kind}")
        Shaky.always, Shaky.count = at, 0
        with pytest.raises(Lost):
            list(source)
        Shaky.always = None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_way_that_is_lost_ends_the_run_which_goes_on_when_it_is_found(waited, tmp_path, workers):
    lines = "".join(f'{{"id": "{n}", "text": "{words(n, 3_000)}"}}\n' for n in range(100))
    fsspec.filesystem("shaky").pipe("/far/a.jsonl", lines.encode())
    pipe, out = wf.Length(min_words=1) | wf.GopherRepetition(), tmp_path / "out"
    Shaky.always = 20
    with pytest.raises(Lost, match="7 tries: ConnectionResetError: the network is gone; when"):
        pipe.run(wf.read("shaky://far"), out, workers=workers, batch_size=4, progress=False)
    assert waited == [*WAITS]
    assert not list(out.glob("kept/*.parquet"))
    Shaky.always = None
    report = pipe.run(wf.read("shaky://far"), out, workers=workers, batch_size=4, progress=False)
    assert report.resumed > 0
    pipe.run(wf.read("shaky://far"), tmp_path / "whole", progress=False)
    written = [(folder / "kept" / "part-00000.parquet") for folder in (out, tmp_path / "whole")]
    assert written[0].read_bytes() == written[1].read_bytes()
