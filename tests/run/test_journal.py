import errno
import hashlib
import json
import logging
import os
import pickle
import random
import subprocess
import sys
import textwrap
from dataclasses import astuple, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from toys import KILLED, Breaks, FirstOf, Length, Notes, Quota, Tells, Upper

import webfilter as wf
from webfilter import Document, OutputError, Pipeline, Report, SeenBefore, Stage
from webfilter.dedup.store import Store
from webfilter.run import journal
from webfilter.run.record import digest, packed
from webfilter.write import memory
from webfilter.write.parts import PartSink

TEXTS = ["alpha", "b", "boom", "drop it", "odd one", "gamma \ud800", "lose", "", "unsketchable"]


@pytest.fixture(autouse=True)
def _all_is_worth_it(monkeypatch):
    monkeypatch.setattr(journal, "WORTH", 0.0)


def documents(count=60):
    for n in range(count):
        meta = {"n": n, "when": datetime(2026, 1, 1 + n % 28), "array": np.arange(n % 3)}
        html = f"<p>{n}\0".encode() if n % 2 else None
        yield Document(
            f"d{n:03}", f"{TEXTS[n % 9]} {n % 2}", html, f"https://a.example/{n}", {}, meta
        )


def broken_off(count, error=KeyboardInterrupt):
    yield from documents(count)
    raise error


def written(folder):
    return {
        (kind, path.name): hashlib.sha256(path.read_bytes()).hexdigest()
        for kind in ("kept", "dropped", "failed")
        for path in sorted((folder / kind).iterdir())
    }


def counts(report):
    said = report.to_dict()
    for row in said["stages"]:
        del row["seconds"]
    return said["stages"], said["in"], said["kept"], said["dropped"], said["failed"]


def chain(tmp_path, name="told"):
    (tmp_path / name).touch()
    return Length(2) | Tells(str(tmp_path / name)) | Breaks() | FirstOf() | Upper() | Quota(9)


def told(tmp_path, name="told"):
    return (tmp_path / name).read_text().split()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("at", [1, 23, 59, 60])
def test_an_interrupted_run_goes_on_and_writes_what_one_without_interruption_writes(
    tmp_path, workers, at
):
    whole = chain(tmp_path, "other").run(documents(), tmp_path / "whole", batch_size=4)
    pipe, out = chain(tmp_path), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pipe.run(broken_off(at), out, batch_size=4, workers=workers)
    assert not list(out.glob("kept/*.parquet"))
    before = told(tmp_path)
    report = pipe.run(documents(), out, batch_size=4, workers=workers)
    assert written(out) == written(tmp_path / "whole")
    assert counts(report) == counts(whole)
    assert report.resumed <= at
    again = told(tmp_path)[len(before) :]
    if at > 20 and workers == 1:
        # every ninth batch or so holds what JSON does not give back, and is done again
        assert report.resumed > 0
        assert len(again) < len(set(told(tmp_path, "other")))
    assert not (out / ".journal").exists()


@pytest.mark.parametrize("text", ["plain", "die"])
def test_what_workers_did_is_known_though_one_died_on_it(tmp_path, text):
    pipe, out = Breaks() | Upper(), tmp_path / "out"
    docs = [Document(f"d{n}", text if n == 1 else f"text {n}") for n in range(40)]

    def some():
        yield from docs
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipe.run(some(), out, batch_size=2, workers=2)
    report = pipe.run(docs, out, batch_size=2, workers=1)
    assert report.resumed >= 26  # 2 workers have 6 batches in flight, which are given up
    assert report.failed == (text == "die")


def test_what_is_known_is_not_worked_on_again(tmp_path):
    pipe = Tells(str(tmp_path / "told")) | Length(2)
    docs = [Document(f"d{n}", f"text {n}") for n in range(20)]

    def some():
        yield from docs[:14]
        raise OutputError("the disk is full")

    with pytest.raises(OutputError):
        pipe.run(some(), tmp_path / "out", batch_size=4)
    assert len(told(tmp_path)) == 12  # the fourth batch was not full
    report = pipe.run(docs, tmp_path / "out", batch_size=4)
    assert told(tmp_path) == [doc.id for doc in docs]
    assert report.resumed == 12
    assert report.to_dict()["resumed"] == 12
    assert type(report).load(tmp_path / "out").resumed == 12
    assert "12 done before an interruption" in str(report)
    assert "12 done before" in report.to_html()


def test_batches_after_a_corpus_stage_are_known_too(tmp_path):
    first, second = (str(tmp_path / name) for name in ("first", "second"))
    pipe = Tells(first) | FirstOf() | replace(Tells(second)) | Length(1)
    docs = [Document(f"d{n}", f"text {n}") for n in range(20)]

    class Full:
        count = 0

        def write(self, docs):
            self.count += len(docs)
            if self.count > 8:
                raise OSError("full")

        def close(self): ...
        def abort(self): ...

    with pytest.raises(OSError, match="full"):
        pipe.run(docs, tmp_path / "out", kept=Full(), batch_size=4)
    done = len(told(tmp_path, "second"))
    assert len(told(tmp_path, "first")) == 20
    assert 8 < done < 20
    pipe.run(docs, tmp_path / "out", batch_size=4)
    assert len(told(tmp_path, "first")) == 20
    assert told(tmp_path, "second") == [doc.id for doc in docs]


@pytest.mark.parametrize("seed", range(8))
def test_damage_costs_the_work_on_what_follows_and_nothing_else(tmp_path, seed):
    chain(tmp_path, "other").run(documents(), tmp_path / "whole", batch_size=3)
    pipe, out = chain(tmp_path), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pipe.run(broken_off(50), out, batch_size=3)
    rng = random.Random(seed)
    log = out / ".journal" / "0.log"
    data = bytearray(log.read_bytes())
    if seed % 2:
        del data[rng.randrange(len(data)) :]
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    log.write_bytes(data)
    pipe.run(documents(), out, batch_size=3)
    assert written(out) == written(tmp_path / "whole")


@pytest.mark.parametrize("workers", [1, 2])
def test_later_stages_and_sinks_get_what_they_would_have_got(tmp_path, workers):
    """Types too: True is no 1, a tuple no list, whatever stands in meta."""
    found = []
    for broken in (False, True):
        out = tmp_path / f"out-{broken}"
        pipe = Tells(str(tmp_path / "told")) | Length(2)
        if broken:
            with pytest.raises(KeyboardInterrupt):
                pipe.run(broken_off(48), out, batch_size=3, workers=workers)
        sink = memory()
        report = pipe.run(documents(48), out, kept=sink, batch_size=3, workers=workers)
        found.append(sorted(repr(astuple(doc)) for doc in sink.docs))
    assert found[0] == found[1]
    assert report.resumed > 10


def test_other_documents_are_worked_on(tmp_path):
    pipe = Tells(str(tmp_path / "told")) | Length(2)
    docs = [Document(f"d{n}", f"text {n}", b"html", meta={"a": 1}) for n in range(20)]

    def cut():
        yield from docs
        raise KeyboardInterrupt

    for changed in (
        {"text": "other"}, {"id": "x"}, {"url": "https://b.example/"}, {"html": b"HTML"},
        {"meta": {"a": 2}}, {"signals": {"share": 0.5}},
    ):  # fmt: skip
        out = tmp_path / "-".join(changed)
        with pytest.raises(KeyboardInterrupt):
            pipe.run(cut(), out, batch_size=4)
        others = [*docs[:9], replace(docs[9], **changed), *docs[10:]]
        assert pipe.run(others, out, batch_size=4).resumed == 8, changed


def test_other_stages_work_themselves(tmp_path):
    path = str(tmp_path / "told")
    docs = [Document(f"d{n}", f"text {n}") for n in range(20)]

    def cut():
        yield from docs
        raise KeyboardInterrupt

    def resumed(pipe, measure_all=False):
        out = tmp_path / "out"
        with pytest.raises(KeyboardInterrupt):
            (Tells(path) | Length(2) | FirstOf() | Upper()).run(
                cut(), out, batch_size=4, overwrite=True
            )
        settings = {"batch_size": 4, "overwrite": True, "measure_all": measure_all}
        return pipe.run(docs, out, **settings).resumed

    assert resumed(Tells(path) | Length(2) | FirstOf() | Upper()) == 20
    assert resumed(Tells(path) | Length(2) | FirstOf() | Upper(cut=3)) == 20  # it comes later
    assert resumed(Tells(path) | Length(3) | FirstOf() | Upper()) == 0
    assert resumed(Tells(path) | FirstOf() | Length(2) | Upper()) == 0
    assert resumed(Tells(path) | Length(2) | Quota(99) | Upper()) == 0  # what it cannot take fails
    assert resumed(Tells(path) | Length(2) | FirstOf() | Upper(), measure_all=True) == 0


def test_a_journal_of_no_use_is_told_of(tmp_path, caplog, monkeypatch):
    docs = [Document(f"d{n}", f"text {n}") for n in range(20)]
    old = pipe = Tells(str(tmp_path / "told")) | Length(2) | FirstOf() | Upper()

    def interrupted():
        yield from docs
        raise KeyboardInterrupt

    def warnings(pipe, given, batch_size=4, damage=None):
        out = tmp_path / "out"
        with pytest.raises(KeyboardInterrupt):
            old.run(interrupted(), out, batch_size=4, overwrite=True)
        if damage is not None:
            damage(out / ".journal" / "0.log")
        caplog.clear()
        report = pipe.run(given, out, batch_size=batch_size, overwrite=True)
        said = [text for text in report.warnings if "work begins anew" in text]
        assert said == [r.getMessage() for r in caplog.records if "begins anew" in r.getMessage()]
        assert (report.resumed == 0) == bool(said)
        return said

    assert warnings(pipe, docs) == []
    assert warnings(pipe, [*docs[:4], Document("x", "other")]) == []  # some of it can be used
    [said] = warnings(pipe, docs, batch_size=5)
    assert repr(str(tmp_path / "out" / ".journal")) in said
    assert said.endswith("work begins anew: its batches have 4 documents, this run's 5")
    [said] = warnings(pipe, docs[1:])
    assert "the paths they are read from, or the size of its batches, are others" in said
    assert warnings(pipe | Length(3), docs) == []  # it comes later
    [said] = warnings(Length(3) | pipe, docs)
    assert "its stages, their settings or models, the version of webfilter, or that of the" in said

    def cut(path):
        path.write_bytes(path.read_bytes()[:-200])

    assert warnings(pipe, docs, damage=cut) == []
    assert warnings(pipe, docs, damage=lambda path: path.write_bytes(b"\xff" * 900))

    def another_python(path):
        monkeypatch.setattr("unicodedata.unidata_version", "1.0.0")

    [said] = warnings(pipe, docs, damage=another_python)
    assert said.endswith("or that of the Unicode tables of Python, are others")


def own(code):
    """Return a stage of one's own, as somebody writes it in a notebook."""
    names = {"__name__": "__main__"}
    exec(
        textwrap.dedent(f"""
            from dataclasses import dataclass, replace
            from typing import ClassVar
            import webfilter as wf

            @dataclass(frozen=True)
            class Mine(wf.Transform):
                name: ClassVar[str] = "mine"
                def transform(self, doc):
                    return {code}, {{}}
        """),
        names,
    )
    return names["Mine"]()


@pytest.mark.parametrize("other", ["stages", "documents", "batches"])
def test_who_ends_a_run_that_says_its_journal_is_of_no_use_still_has_it(tmp_path, other):
    pipe, docs, out = Tells(str(tmp_path / "told")), list(documents(20)), tmp_path / "out"

    def cut(docs, at):
        yield from docs[:at]
        raise KeyboardInterrupt

    (tmp_path / "told").touch()
    with pytest.raises(KeyboardInterrupt):
        (Length(2) | pipe).run(cut(docs, 12), out, batch_size=4)
    before = (out / ".journal" / "0.log").read_bytes()
    changed, other_docs, size = {
        "stages": (Length(3), docs, 4),
        "documents": (Length(2), [Document("x", "another one"), *docs], 4),
        "batches": (Length(2), docs, 5),
    }[other]

    class Ends(logging.Handler):
        def emit(self, record):
            if "work begins anew" in record.getMessage():
                raise KeyboardInterrupt

    handler = Ends()
    logging.getLogger("webfilter").addHandler(handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            (changed | pipe).run(other_docs, out, batch_size=size)
    finally:
        logging.getLogger("webfilter").removeHandler(handler)
    assert (out / ".journal" / "0.log").read_bytes() == before
    report = (Length(2) | pipe).run(docs, out, batch_size=4)
    assert report.resumed == 8


def test_a_stage_of_ones_own_works_again_when_its_code_was_changed(tmp_path):
    def cut():
        yield from documents(20)
        raise KeyboardInterrupt

    out = tmp_path / "out"
    for code, known in (("doc.text + 'a'", 20), ("doc.text + 'b'", 0)):
        with pytest.raises(KeyboardInterrupt):
            (own("doc.text + 'a'") | Length(1)).run(cut(), out, batch_size=4, overwrite=True)
        sink = memory()
        pipe = own(code) | Length(1)
        report = pipe.run(documents(20), out, kept=sink, batch_size=4, overwrite=True)
        assert report.resumed == known
        assert all(doc.text.endswith(code[-2]) for doc in sink.docs)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_stage_changed_in_place_is_done_again(tmp_path, workers):
    def some(count):
        for n in range(count):
            yield Document(f"d{n:03}", "text", meta={"n": n, "list": [n]})

    def interrupted():
        yield from some(59)
        raise KeyboardInterrupt

    Notes().run(some(60), tmp_path / "whole", batch_size=2)
    for count in (workers, 3 - workers):
        with pytest.raises(KeyboardInterrupt):
            Notes().run(interrupted(), tmp_path / "out", batch_size=2, workers=count)
    Notes().run(some(60), tmp_path / "out", batch_size=2)
    assert written(tmp_path / "out") == written(tmp_path / "whole")


def test_quick_work_is_done_again_rather_than_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "WORTH", 1e9)
    pipe, out = chain(tmp_path), tmp_path / "out"
    chain(tmp_path, "other").run(documents(), tmp_path / "whole", batch_size=4)
    with pytest.raises(KeyboardInterrupt):
        pipe.run(broken_off(40), out, batch_size=4)
    assert (out / ".journal" / "0.log").stat().st_size < 600
    monkeypatch.setattr(journal, "WORTH", 0.0)
    report = pipe.run(documents(), out, batch_size=4)
    assert report.resumed == 0
    assert written(out) == written(tmp_path / "whole")


def test_no_journal_where_none_is_wanted_or_there_is_no_run_folder(tmp_path):
    pipe, out = chain(tmp_path), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pipe.run(broken_off(40), out, batch_size=4)
    assert (out / ".journal").is_dir()
    with pytest.raises(KeyboardInterrupt):
        pipe.run(broken_off(40), out, batch_size=4, resume=False)
    assert not (out / ".journal").exists()
    with pytest.raises(KeyboardInterrupt):
        pipe.run(broken_off(40), kept=tmp_path / "kept", batch_size=4)
    assert not list(tmp_path.rglob(".journal"))


def test_nothing_in_a_journal_is_unpickled(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "evil"),))

    pipe, out = Tells(str(tmp_path / "told")) | Length(2), tmp_path / "out"
    docs = [Document("a", "one"), Document("b", "two")]
    [segment] = journal_segments(pipe)
    log = journal._Log(make(out / ".journal") / "0.log", journal._key(segment, False))
    log.append(packed(digest(docs), pickle.dumps(Evil())))
    log.close()
    assert pipe.run(docs, out).kept == 2
    assert told(tmp_path) == ["a", "b"]
    assert not (tmp_path / "evil").exists()


def test_what_other_stages_noted_does_not_follow_what_these_note(tmp_path):
    first, second = b"a" * 16, b"b" * 16

    def noted(key, record):
        log = journal._Log(tmp_path / "0.log", key)
        log.append(packed(first, record))
        if key == "old":
            log.append(packed(second, record))
        log.close()

    noted("old", b"1")
    noted("new", b"2")  # as long, so that the next record would follow without a gap
    log = journal._Log(tmp_path / "0.log", "new")
    assert [log.next(first, 1), log.next(second, 1)] == [b"2", None]
    log.close()


@pytest.mark.parametrize("torn", ["", '["/run/kept"', "3", "\0\0"])
def test_a_note_of_outputs_that_is_torn_names_none(tmp_path, torn):
    (tmp_path / "placing").write_text(torn)
    assert journal.half_placed(tmp_path) == frozenset()


def test_outputs_that_cannot_be_noted_are_not_put_in_place(tmp_path):
    (tmp_path / ".journal" / "placing").mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot keep the journal of the run"):
        Pipeline((Length(2),)).run(["one"], tmp_path)
    assert not list(tmp_path.glob("*/part-*"))


def test_a_full_disk_says_what_to_do(tmp_path):
    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    log = journal._Log(tmp_path / "0.log", "key")
    log.close()
    log._file = Full()
    with pytest.raises(OutputError, match=r"0\.log.*No space left.*resume=False"):
        log.append(b"record")
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(OutputError):
        journal.Journal(None, (), False, blocked / "folder")


@pytest.mark.parametrize("worth", [0.0, 1e9])
@pytest.mark.parametrize("at", [1, 2, 3, "report"])
def test_a_run_that_ends_while_outputs_are_put_in_place_goes_on(tmp_path, monkeypatch, at, worth):
    monkeypatch.setattr(journal, "WORTH", worth)
    pipe = Length(2) | Breaks() | FirstOf()
    pipe.run(documents(), tmp_path / "whole")
    with monkeypatch.context() as patch:
        fail(patch, at)
        with pytest.raises(OutputError, match="full"):
            pipe.run(documents(), tmp_path / "out")
    assert len(list((tmp_path / "out").glob("*/part-*"))) == (3 if at == "report" else at - 1)
    report = pipe.run(documents(), tmp_path / "out")
    assert written(tmp_path / "out") == written(tmp_path / "whole")
    assert report.resumed == (0 if worth else 60)
    with pytest.raises(OutputError, match="already holds"):
        pipe.run(documents(), tmp_path / "out")


def test_what_an_earlier_run_wrote_is_safe_from_a_run_that_broke_off(tmp_path, monkeypatch):
    pipe = Length(2) | Upper()
    pipe.run(documents(), kept=tmp_path / "kept")
    with monkeypatch.context() as patch:
        fail(patch, 2)
        with pytest.raises(OutputError, match="full"):
            pipe.run(documents(), tmp_path / "out")
    before = list((tmp_path / "kept").iterdir())
    with pytest.raises(OutputError, match="already holds"):
        pipe.run(documents(), tmp_path / "out", kept=tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == before


@pytest.mark.parametrize("at", ["report", "state"])
def test_a_run_that_ends_before_its_report_is_there_has_seen_nothing(tmp_path, monkeypatch, at):
    pipe = SeenBefore(state=tmp_path / "seen") | Length(1)
    with monkeypatch.context() as patch:
        fail(patch, at)
        with pytest.raises(OutputError, match="full"):
            pipe.run(documents(), tmp_path / "out")
    broken = written(tmp_path / "out")
    assert {kind for kind, _ in broken} == {"kept", "dropped", "failed"}  # all was in place
    assert pipe.run(documents(), tmp_path / "out").kept == 18
    assert written(tmp_path / "out") == broken
    with pytest.raises(OutputError, match="already holds"):
        pipe.run(documents(), tmp_path / "out")
    assert pipe.run(documents(), tmp_path / "again").kept == 0


def test_a_run_that_has_saved_what_it_saw_is_complete(tmp_path):
    """It is not begun again: all of it would be taken for repeated."""
    out = tmp_path / "out"

    class Told(Quota):
        def finish(self, state):
            raise OutputError(f"full, with {Report.load(out).total} in the report")

    pipe = Told() | Length(1)
    with pytest.raises(OutputError, match="full, with 60 in the report"):
        pipe.run(documents(), out)
    with pytest.raises(OutputError, match="already holds"):
        pipe.run(documents(), out)


def fail(patch, at):
    """Let the disk be full when the `at`-th output is put in place, or the report is written."""
    closed = []

    def close(sink, close=PartSink.close):
        closed.append(sink)
        if len(closed) == at:
            raise OutputError("full")
        close(sink)

    def to_html(report):
        raise OutputError("full")

    def written(*args):
        raise OutputError("full")

    patch.setattr(PartSink, "close", close)
    if at == "state":
        patch.setattr(Store, "written", written)
    if at == "report":
        patch.setattr(Report, "to_html", to_html)


def journal_segments(pipe):
    from webfilter.run.local import segments

    return segments(pipe.names, pipe.steps)


def make(folder):
    folder.mkdir(parents=True)
    return folder


def test_two_runs_do_not_share_a_journal(tmp_path):
    out = tmp_path / "out"
    sinks = {kind: memory() for kind in ("kept", "dropped", "failed")}

    class Nested(Stage):
        def process(self, batch):
            with pytest.raises(OutputError, match="another run keeps its journal"):
                Length(1).__or__(Upper()).run(["a"], out, **{k: memory() for k in sinks})
            return batch

    report = (Nested() | Length(1)).run(["a", "b"], out, **sinks)
    assert report.failed == 0
    assert len(sinks["kept"].docs) == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on(tmp_path, workers):
    """At a moment that nobody chose, with spools open and workers busy."""
    source = tmp_path / "in.jsonl"
    rows = [{"id": f"d{n:03}", "text": f"{TEXTS[n % 9]} {n}"} for n in range(200)]
    source.write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "told").touch()
    script = textwrap.dedent(f"""
        import os, threading, time
        from toys import KILL, FirstOf, Tells, Upper
        from webfilter.run import journal
        journal.WORTH = 0.0

        def kill():
            while os.path.getsize({str(tmp_path / "told")!r}) < 600:
                time.sleep(0.001)
            os.kill(os.getpid(), KILL)

        threading.Thread(target=kill, daemon=True).start()
        pipe = Tells({str(tmp_path / "told")!r}) | FirstOf() | Upper()
        pipe.run({str(source)!r}, {str(tmp_path / "out")!r}, workers={workers}, batch_size=4)
        time.sleep(60)
    """)
    here = str(Path(__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])}
    ended = subprocess.run([sys.executable, "-c", script], env=env, timeout=120)
    assert ended.returncode == KILLED
    (tmp_path / "other").touch()
    pipe = Tells(str(tmp_path / "told")) | FirstOf() | Upper()
    report = pipe.run(str(source), tmp_path / "out", workers=workers, batch_size=4, overwrite=True)
    whole = Tells(str(tmp_path / "other")) | FirstOf() | Upper()
    expected = whole.run(str(source), tmp_path / "whole", batch_size=4)
    assert written(tmp_path / "out") == written(tmp_path / "whole")
    assert counts(report) == counts(expected)
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="makes a link")
def test_a_complete_run_whose_journal_is_a_link_is_not_written_over(tmp_path):
    out = tmp_path / "out"
    for folder in (out, tmp_path / "fast"):
        folder.mkdir()
    (out / ".journal").symlink_to(tmp_path / "fast")
    pipe = Pipeline((Upper(),))
    pipe.run(documents(9), out)
    with pytest.raises(OutputError, match="already holds"):
        pipe.run(documents(2), out)
    assert Report.load(out).total == 9


def files(tmp_path, count=60):
    lines = [{"id": f"d{n:03}", "text": f"{TEXTS[n % 9]} {n % 2}"} for n in range(count)]
    for at in range(4):
        said = "".join(json.dumps(line) + "\n" for line in lines[at * 15 : at * 15 + 15])
        (tmp_path / f"in{at}.jsonl").write_text(said, "utf-8", newline="\n")
    return wf.read([tmp_path / f"in{at}.jsonl" for at in range(4)])


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize(("limit", "said"), [(1, True), (23, True), (60, True), (61, False)])
def test_a_run_over_the_first_documents_reads_just_those(tmp_path, workers, limit, said):
    source = files(tmp_path)
    pipe = Breaks() | FirstOf() | Upper()
    pipe.run(list(source)[:limit], tmp_path / "whole")
    report = pipe.run(source.take(limit), tmp_path / "out", batch_size=4, workers=workers)
    assert written(tmp_path / "out") == written(tmp_path / "whole")
    count = min(limit, 60)
    assert (report.total, report.kept + report.dropped + report.failed) == (count, count)
    told = [f"only the first {limit:,} documents of the input were read, as asked"] if said else []
    assert Report.load(tmp_path / "out").warnings == tuple(told) == report.warnings
    for page in (str(report), report.card(), report.to_html()):
        assert ("only the first" in page) is said


@pytest.mark.parametrize("limit", [7, 23, 60])
def test_a_trial_that_was_interrupted_is_not_taken_for_the_whole_run(tmp_path, monkeypatch, limit):
    source, pipe, out = files(tmp_path), chain(tmp_path), tmp_path / "out"
    chain(tmp_path, "other").run(source, tmp_path / "whole", batch_size=4)
    with monkeypatch.context() as patch:
        patch.setattr(PartSink, "close", lambda sink: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            pipe.run(source.take(limit), out, batch_size=4)
    report = pipe.run(source, out, batch_size=4)
    assert written(out) == written(tmp_path / "whole")
    assert (report.total, report.warnings) == (60, ())
    assert 0 < report.resumed <= limit


@pytest.mark.parametrize("limit", [3, 8, 22, 40])
def test_a_trial_leaves_what_a_longer_run_noted(tmp_path, caplog, limit):
    source, pipe, out = files(tmp_path), chain(tmp_path), tmp_path / "out"
    chain(tmp_path, "other").run(source, tmp_path / "whole", batch_size=4)
    with pytest.raises(KeyboardInterrupt):
        pipe.run(chain_of(source, 40), out, batch_size=4)
    chain(tmp_path, "third").run(list(source)[:limit], tmp_path / "part", batch_size=4)
    for _ in range(2):
        pipe.run(source.take(limit), out, batch_size=4, overwrite=True)
        assert written(out) == written(tmp_path / "part")
        assert caplog.text.count("a longer run was interrupted there") == (limit < 40)
        caplog.clear()
    report = pipe.run(source, out, batch_size=4, overwrite=True)
    assert written(out) == written(tmp_path / "whole")
    assert report.resumed == (24 if limit < 40 else 0)  # some batches are not told of
    assert not (out / ".journal").exists()


def test_a_trial_cuts_off_what_is_damaged(tmp_path, caplog):
    source, pipe, out = files(tmp_path), Length(2) | Upper(), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pipe.run(chain_of(source, 8), out, batch_size=4)
    [log] = (out / ".journal").glob("*.log")
    log.write_bytes(log.read_bytes()[:-3])
    assert pipe.run(source.take(12), out, batch_size=4).resumed == 4
    assert "a longer run" not in caplog.text
    assert not (out / ".journal").exists()


def chain_of(source, count):
    """Yield the first documents, then break off."""
    yield from source.take(count)
    raise KeyboardInterrupt


def test_after_a_trial_the_whole_run_needs_another_folder(tmp_path):
    source, pipe, out = files(tmp_path), Length(2) | Upper(), tmp_path / "out"
    pipe.run(source.take(9), out)
    with pytest.raises(OutputError, match="already holds a part file"):
        pipe.run(source, out)
    assert pipe.run(source, out, overwrite=True).resumed == 0
