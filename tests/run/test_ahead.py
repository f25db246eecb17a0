"""What a thread reads ahead: the same items, in order, and no thread that outlives its use."""

from __future__ import annotations

import io
import threading
from itertools import count, islice

import fsspec
import pytest

import webfilter as wf
from webfilter.run import run as runs
from webfilter.run.ahead import ahead


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "webfilter-read"]


@pytest.mark.parametrize("most", [1, 2, 100])
def test_all_items_come_in_order_and_the_thread_ends(most):
    assert list(ahead(iter(range(50)), most)) == [*range(50)]
    assert list(ahead([], most)) == []
    assert readers() == []


def test_items_are_fetched_by_another_thread_but_not_too_many():
    fetched, enough = [], threading.Event()

    def items():
        for number in count():
            fetched.append((number, threading.current_thread().name))
            if number == 4:
                enough.set()
            yield number

    got = ahead(items(), 3)
    assert next(got) == 0
    assert enough.wait(60)  # 1, 2 and 3 wait for their turn, and 4 for room
    threading.Event().wait(0.05)
    assert fetched == [(number, "webfilter-read") for number in range(5)]
    got.close()
    assert readers() == []


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), SystemExit(3)])
def test_what_is_raised_is_raised_in_its_turn(error):
    def items():
        yield 1
        yield 2
        raise error

    got = ahead(items(), 5)
    assert [next(got), next(got)] == [1, 2]
    with pytest.raises(type(error)) as raised:
        next(got)
    assert raised.value is error
    assert readers() == []


def test_who_stops_does_not_wait_for_what_never_comes(monkeypatch):
    monkeypatch.setattr("webfilter.run.ahead._PATIENCE", 0.05)
    never = threading.Event()

    def items():
        yield 1
        never.wait(60)

    got = ahead(items(), 1)
    assert next(got) == 1
    got.close()
    [left] = readers()
    assert left.daemon
    never.set()
    left.join(60)
    assert readers() == []


def test_files_are_read_ahead_for_several_workers_and_from_far_away_alone(tmp_path, monkeypatch):
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(f'{{"text": "{n} texts."}}\n' for n in range(300)), encoding="utf-8")
    threads = set()

    documents = wf.read.Source.__iter__

    def noted(source):
        for doc in documents(source):
            threads.add(threading.current_thread().name)
            yield doc

    monkeypatch.setattr(wf.read.Source, "__iter__", noted)
    far = fsspec.filesystem("memory")
    far.put_file(str(path), "/ahead/texts.jsonl")
    outputs = {}
    for name, source, workers in (
        ("one", lambda: wf.read(path), 1),
        ("memory", lambda: wf.read([doc.text for doc in wf.read(path)]), 2),
        ("stream", lambda: wf.read(io.BytesIO(path.read_bytes())), 2),
        ("files", lambda: wf.read(path), 2),
        ("far", lambda: wf.read("memory://ahead"), 1),
    ):
        docs = source()
        threads.clear()
        pipe = wf.Length(min_characters=10)
        report = pipe.run(docs, tmp_path / name, workers=workers, batch_size=7, progress=False)
        assert (report.total, report.kept) == (300, 200)
        outputs[name] = [doc.text for doc in wf.read(tmp_path / name / "kept")]
        assert ("webfilter-read" in threads) == (name in ("files", "far")), name
    assert len({tuple(texts) for texts in outputs.values()}) == 1
    far.rm("/ahead", recursive=True)


@pytest.mark.parametrize("where", ["reading", "writing"])
def test_an_interrupt_ends_the_reader_too(tmp_path, monkeypatch, where):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "A text."}\n' * 2000, encoding="utf-8")

    def interrupted(docs, *_):
        yield from islice(docs, 100)
        raise KeyboardInterrupt

    def written(router, batch):
        raise KeyboardInterrupt

    if where == "reading":
        monkeypatch.setattr(runs, "shown", interrupted)
    else:
        monkeypatch.setattr(runs._Router, "keep", written)
    with pytest.raises(KeyboardInterrupt) as raised:
        wf.Length().run(wf.read(path), tmp_path / "out", workers=2, batch_size=10, progress=False)
    assert readers() == []  # although the traceback holds on to all that was there
    assert raised.traceback
