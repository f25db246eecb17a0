import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from toys import Breaks, FirstOf, Length, Lingers, Locks, Quota, Upper

from webfilter import Document, Pipeline, RunError, Verdict
from webfilter.run import processes
from webfilter.run.flow import Flow, batched
from webfilter.run.local import LocalRunner, Task, segments
from webfilter.run.memory import peak_memory
from webfilter.run.processes import Config, PoolRunner, idle_workers, make_worker
from webfilter.run.record import HEAD, digest, made, packed

TEXTS = ["alpha", "b", "boom", "alpha", "gamma", "lose", "delta", "", "gamma"] * 3
PIPE = Length(2) | Breaks() | FirstOf() | Upper() | Quota(5)


def through(pipe, runner, docs, tmp_path, size=4):
    left = []
    flow = Flow(pipe, runner, left.extend, tmp_path)
    try:
        kept = [doc for batch in flow.through(batched(docs, size)) for doc in batch]
    finally:
        runner.close()
    return kept, left, flow


def docs(texts=TEXTS):
    return [Document(f"d{n:02}", text, html=b"<p>") for n, text in enumerate(texts)]


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_give_what_one_process_gives(workers, tmp_path):
    cut = segments(PIPE.names, PIPE.steps)
    here, here_left, _ = through(PIPE, LocalRunner(cut), docs(), tmp_path)
    there, there_left, flow = through(PIPE, PoolRunner(cut, workers), docs(), tmp_path)
    assert there == here
    assert sorted((d.id, d.verdict) for d in there_left) == sorted(
        (d.id, d.verdict) for d in here_left
    )
    assert flow.memory > 0 or not peak_memory()  # nobody counts it on Windows


def test_pages_of_dropped_documents_stay_behind_and_those_of_failed_ones_come(tmp_path):
    cut = segments(PIPE.names, PIPE.steps)
    _, left, _ = through(PIPE, PoolRunner(cut, 1), docs(["", "boom"]), tmp_path)
    assert {doc.verdict.kind: doc.html for doc in left} == {"dropped": None, "failed": b"<p>"}


def test_pages_stay_behind_where_no_later_stage_can_read_them():
    pipe = Length() | FirstOf() | Upper()
    work = make_worker(Config(segments(pipe.names, pipe.steps), True, None))
    given = [Document("a", "a", html=b"<p>").drop(Verdict("length", "length"))]
    left = {task: work(Task(task[0], given, task[1])).docs[0].html for task in [(0, None), (1, 0)]}
    assert left == {(0, None): b"<p>", (1, 0): b"<p>"}
    assert work(Task(1, given)).docs[0].html is None


def test_a_document_that_kills_its_worker_fails_alone_with_the_stage_named(tmp_path):
    cut = segments(PIPE.names, PIPE.steps)
    given = docs(["first", "die", "second", "third", "fourth"])
    kept, left, flow = through(PIPE, PoolRunner(cut, 2), given, tmp_path, size=3)
    assert [doc.text for doc in kept] == ["FIRST", "SECOND", "THIRD", "FOURTH"]
    [dead] = left
    assert (dead.id, dead.verdict.stage, dead.verdict.kind) == ("d01", "breaks", "failed")
    assert ("exit code 15" if sys.platform == "win32" else "SIGKILL") in dead.verdict.reason
    flow.ledger.check(5)


def test_a_stage_that_cannot_travel_is_one_clear_error(tmp_path):
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Local(Length):
        """A class that no other process can import."""

        def __reduce__(self):
            raise TypeError("it holds a lock")

    pipe = Length() | Local()
    runner = PoolRunner(segments(pipe.names, pipe.steps), 1)
    with pytest.raises(RunError, match="it holds a lock; it is in a field of local: keep locks"):
        through(pipe, runner, docs(), tmp_path)


class Unreadable:
    """Is pickled, but cannot be unpickled."""

    def __reduce__(self):
        return int, ("not a number",)


def nested(depth):
    value = 0
    for _ in range(depth):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    ("busy", "seconds", "waited", "said"),
    [
        (100.0, 100.0, 5.0, "1 of 2"),
        (100.0, 100.0, 50.0, ""),  # the source was slow at times, or a batch was
        (180.0, 100.0, 5.0, ""),
        (10.0, 10.0, 0.0, ""),
    ],
)
def test_workers_without_work_are_told_of(busy, seconds, waited, said):
    assert idle_workers(2, busy, seconds, waited)[: len("1 of 2")] == said


def test_the_time_of_workers_is_taken(caplog, monkeypatch):
    asked = []
    monkeypatch.setattr(
        processes, "idle_workers", lambda *told: asked.append(told) or "had nothing"
    )
    pipe = Pipeline((Length(2),))
    runner = PoolRunner(segments(pipe.names, pipe.steps), 2)
    assert len(list(runner.map(0, batched(docs(), 1)))) == len(docs())
    runner.close()
    [(workers, busy, seconds, waited)] = asked
    assert workers == 2
    assert 0 < busy <= 2 * seconds
    assert 0 < waited < seconds
    assert "had nothing" in caplog.text


def test_workers_bring_the_record_of_a_whole_batch():
    cut = segments(["length", "upper"], [Length(2), Upper()])
    work, given = make_worker(Config(cut, False, 0.0)), docs(["alpha", "b", "gamma"])
    done = work(Task(0, given))
    size, of = HEAD.unpack_from(done.record)
    assert size == len(done.record) - HEAD.size
    assert of == digest(given)
    assert made(given, zlib.decompress(done.record[HEAD.size :])).docs == done.docs
    assert work(Task(0, given, only=0)).record == b""
    assert make_worker(Config(cut, False, None))(Task(0, given)).record == b""
    none = make_worker(Config(cut, False, 1e9))(Task(0, given)).record
    assert none == packed(digest(given), b"")
    assert make_worker(Config(segments([], []), False, 0.0))(Task(0, given)).record == b""


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("odd", [nested(200_000), threading.Lock(), Unreadable()])
def test_a_document_that_cannot_be_sent_comes_out_as_without_workers(tmp_path, caplog, odd, size):
    given = docs()
    for at in (3, 4, 12):
        given[at] = replace(given[at], id=f"{given[at].id}\x1b[31m\n", meta={"odd": odd})
    pipe = Length(2) | Breaks() | Upper() | Quota(5)
    cut = segments(pipe.names, pipe.steps)
    here, here_left, _ = through(pipe, LocalRunner(cut), given, tmp_path)
    there, there_left, flow = through(pipe, PoolRunner(cut, 2), given, tmp_path, size)
    for doc, other in zip(here + here_left, there + there_left, strict=True):
        assert (doc.id, doc.text, doc.verdict) == (other.id, other.text, other.verdict)
        assert doc.meta.get("odd") is other.meta.get("odd")
    flow.ledger.check(len(given))
    assert len(caplog.messages) == 1
    assert "is worked on without workers" in caplog.text
    assert caplog.messages[0].isprintable()


def test_a_document_that_comes_to_be_unsendable_and_kills_fails_alone(tmp_path):
    pipe = Locks() | Breaks()
    runner = PoolRunner(segments(pipe.names, pipe.steps), 2)
    kept, left, flow = through(pipe, runner, docs(["a", "die", "b"]), tmp_path)
    assert [doc.text for doc in kept] == ["a", "b"]
    assert [(doc.id, doc.verdict.kind) for doc in left] == [("d01", "failed")]
    flow.ledger.check(3)


def test_workers_that_cannot_start_are_an_error_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(RunError, match=r"cannot start.*/nowhere/python"):
        PIPE.run(docs(), tmp_path / "out", workers=2)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_batches_are_cut_by_count_and_by_size(monkeypatch):
    monkeypatch.setattr("webfilter.run.flow.BATCH_BYTES", 10)
    given = [Document(str(n), "x" * size) for n, size in enumerate([1, 1, 1, 30, 4, 4, 4, 1])]
    assert [len(b) for b in batched(given, 3)] == [3, 1, 3, 1]


def appears(path, seconds=150):
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    return path.exists()


def test_an_error_of_the_source_does_not_wait_for_stages_at_work(tmp_path):
    mark, raised = tmp_path / "mark", []

    def source():
        yield Document("slow", str(mark))
        assert appears(mark)
        raised.append(time.monotonic())
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        Pipeline((Lingers(),)).run(source(), workers=2, batch_size=1)
    assert time.monotonic() - raised[0] < 150


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from toys import Lingers
from webfilter import Document, Pipeline
docs = (Document(str(n), sys.argv[1]) for n in range(100))
Pipeline((Lingers(),)).run(docs, sys.argv[2], workers=2, batch_size=4)
"""


@pytest.mark.skipif(os.name != "posix", reason="interrupts by signal")
def test_an_interrupt_does_not_wait_for_stages_at_work(tmp_path):
    here = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "mark"), str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([here, *sys.path])},
        stderr=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        try:
            assert appears(tmp_path / "mark")
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=150)
        finally:
            run.kill()
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert not [path for path in (tmp_path / "out").glob("[!.]*/*") if path.is_file()]
