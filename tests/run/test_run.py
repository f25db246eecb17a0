import hashlib
import json
import logging
import os
import sys
from dataclasses import dataclass

import pyarrow.parquet as pq
import pytest
from toys import Breaks, FirstOf, Length, Quota, Upper

import webfilter as wf
from webfilter import ConfigError, Document, OutputError, Pipeline, Report, Rule, RunError, write
from webfilter.run.memory import peak_memory
from webfilter.write.lock import lock

PIPE = Length(2) | Breaks() | FirstOf() | Upper() | Quota(7)
TEXTS = ["alpha", "b", "boom", "alpha", "gamma", "lose", "delta", "", "unsketchable", "eps", "eta"]


def documents():
    return [Document(f"d{n:03}", f"{text}{n % 4}") for n in range(12) for text in TEXTS[n % 11 :]]


def digest(folder):
    parts = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in parts}


def test_every_document_is_found_in_exactly_one_place(tmp_path):
    report = PIPE.run(documents(), tmp_path / "out")
    ids = {}
    for kind in ("kept", "dropped", "failed"):
        for name in pq.read_table(tmp_path / "out" / kind)["id"].to_pylist():
            assert ids.setdefault(name, kind) == kind
    assert len(ids) == report.total == len(documents())
    assert (report.kept, report.dropped, report.failed) == tuple(
        sum(k == kind for k in ids.values()) for kind in ("kept", "dropped", "failed")
    )
    assert report.failed > 5
    assert report.workers == 1
    assert (report.peak_parent or 0) >= peak_memory() // 2  # 0 where it cannot be told
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report.to_dict()


def test_the_bytes_are_the_same_for_any_workers_and_batches(tmp_path):
    found = []
    for workers, size in ((1, 64), (1, 1), (1, 7), (2, 5), (3, 64)):
        out = tmp_path / f"{workers}-{size}"
        PIPE.run(iter(documents()), out, workers=workers, batch_size=size)
        found.append([digest(out / kind) for kind in ("kept", "dropped", "failed")])
    assert all(one == found[0] for one in found)


def test_the_order_of_the_input_files_does_not_matter(tmp_path):
    for n in range(3):
        lines = [json.dumps({"id": f"{n}-{k}", "text": f"text {k % 5} {n % 2}"}) for k in range(9)]
        (tmp_path / f"{n}.jsonl").write_text("\n".join(lines))
    paths = [tmp_path / f"{n}.jsonl" for n in range(3)]
    pipe = Length(2) | FirstOf()
    pipe.run(wf.read.files(paths), tmp_path / "a")
    pipe.run(wf.read.files(paths[::-1]), tmp_path / "b", workers=2)
    assert digest(tmp_path / "a" / "kept") == digest(tmp_path / "b" / "kept")


def test_sinks_may_be_objects_and_nothing_need_be_written(tmp_path):
    kept, failed = write.memory(), write.memory()
    report = PIPE.run(documents(), kept=kept, failed=failed)
    assert len(kept.docs) == report.kept
    assert len(failed.docs) == report.failed
    assert PIPE.run(documents()).kept == report.kept


def test_documents_judged_by_the_reader_are_counted_first():
    report = Pipeline((Length(1),)).run(["fine", 7, "good"])
    assert [row.name for row in report.stages] == ["read", "length"]
    assert (report.total, report.kept, report.failed) == (3, 2, 1)


def test_every_stage_has_a_row_even_where_nothing_came():
    report = (Length(100) | FirstOf() | Upper()).run(["a", "b"])
    assert [(row.name, row.docs_in) for row in report.stages] == [
        ("read", 2),
        ("length", 2),
        ("first_of", 0),
        ("upper", 0),
    ]


def test_undefined_signals_are_counted():
    judge = wf.Judge((Rule("score", ge=1),), given=True)
    report = Pipeline((judge,)).run([Document("a", signals={"score": 3}), Document("b")])
    assert report.stages[-1].undefined == {"score": 1}
    assert "abstained" in str(report)
    assert "not judged" in report.to_html()
    assert Report.from_dict(report.to_dict()).stages[-1].undefined == {"score": 1}


def test_what_judges_other_languages_has_not_abstained():
    score, words = (wf.Judge((Rule(name, ge=1),), given=True) for name in ("score", "words"))
    speaks = wf.Language(None)
    pipe = speaks | wf.ByLanguage({"en": score, "de": words})
    texts = ("The water of the sea boils at a hundred degrees.",
             "Das Wasser im Meer kocht bei hundert Grad, und es ist sehr heiß.",
             "L'eau de la mer bout à cent degrés, et elle est très chaude.")  # fmt: skip
    docs = [Document(f"{n}", text, signals={"score": 3}) for n, text in enumerate(texts)]
    report = pipe.run(docs)
    assert [doc.signals["language"] for doc in speaks(docs)] == ["en", "de", "fr"]
    assert report.stages[-1].undefined == {"words": 1}  # the French one is nobody's
    assert Report.of(pipe, pipe(docs)).stages[-1].undefined == {"words": 1}


@pytest.mark.parametrize("measure_all", [False, True])
def test_any_workers_give_sinks_the_same_and_read_pages_of_dropped_documents(measure_all):
    page = b"<p>Bees see a light that we cannot see.</p>"
    pages = [Document(f"d{n}", html=page * n, url=f"http://a.example/{n}") for n in range(1, 9)]
    pipe = wf.Sample(0.5) | wf.ExactDedup(by="url") | wf.Extract(seconds=None, memory_mb=None)
    found = []
    for workers in (1, 2):
        kept, dropped = write.memory(), write.memory()
        pipe.run(pages, kept=kept, dropped=dropped, measure_all=measure_all, workers=workers)
        assert kept.docs
        read = [
            doc.signals.get("html_bytes") == len(pages[int(doc.id[1:]) - 1].html)
            for doc in dropped.docs
        ]
        assert read == [measure_all] * len(read) != []
        assert all(doc.html is None for doc in dropped.docs)
        found.append((kept.docs, dropped.docs))
    assert found[0] == found[1]


def test_measure_all_measures_what_was_dropped_and_changes_no_verdict():
    pipe = Length(3) | Upper(cut=2) | FirstOf()
    plain, full = write.memory(), write.memory()
    pipe.run(documents(), dropped=plain)
    pipe.run(documents(), dropped=full, measure_all=True)
    assert {(d.id, d.verdict) for d in plain.docs} == {(d.id, d.verdict) for d in full.docs}
    assert all("cut" in doc.signals for doc in full.docs)
    assert not all("cut" in doc.signals for doc in plain.docs)


def test_a_stage_that_keeps_nothing_is_called_out(caplog):
    with caplog.at_level(logging.WARNING, "webfilter"):
        report = Pipeline((Length(99),)).run(["too short"] * 20)
    [said] = report.warnings
    assert said.startswith("length kept none of the first 20 documents: ")
    assert "kept none" in caplog.text


def test_a_source_that_breaks_leaves_no_output_behind(tmp_path):
    def broken():
        yield "one"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        PIPE.run(broken(), tmp_path / "out", batch_size=1)
    left = [p for p in (tmp_path / "out").glob("[!.]*/*") if p.is_file()]
    assert left == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_second_run_into_the_same_folder_is_refused_and_harms_nothing(tmp_path, overwrite):
    out, alone = tmp_path / "out", tmp_path / "alone"
    second = []

    def source():
        for n, doc in enumerate(documents()):
            if n == 30:
                with pytest.raises(OutputError, match="another run") as refused:
                    PIPE.run(["b"], out, overwrite=overwrite)
                second.append(refused)
            yield doc

    report = PIPE.run(source(), out, batch_size=5)
    PIPE.run(documents(), alone)
    assert len(second) == 1
    assert digest(out / "kept") == digest(alone / "kept")
    assert pq.read_table(out / "kept").num_rows == report.kept


def test_documents_that_do_not_add_up_fail_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr("webfilter.run.run._Router.settle", lambda self, docs: None)
    with pytest.raises(RunError, match=r"2 documents came in, but 1 kept \+ 0 dropped \+ 0 failed"):
        Pipeline((Length(2),)).run(["long", "x"], tmp_path)
    assert not list(tmp_path.glob("*/part-*"))
    with pytest.raises(ConfigError, match="the pipeline is empty"):
        Pipeline(()).run(["long"], tmp_path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"workers": 0}, "workers = 0"),
        ({"batch_size": 1.5}, "batch_size = 1.5"),
        ({"format": "csv"}, "csv"),
        ({"kept": "same", "dropped": "same"}, "two folders"),
        ({"kept": 7}, "no place to write"),
    ],
)
def test_wrong_settings_are_refused_before_any_work(more, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []

    def source():
        seen.append(1)
        yield "text"

    with pytest.raises(ConfigError, match=said):
        PIPE.run(source(), **more)
    assert not seen
    assert not list(tmp_path.iterdir())


def test_one_folder_by_two_names_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").mkdir()
    links = [] if sys.platform == "win32" else ["link"]
    for link in links:
        (tmp_path / link).symlink_to(tmp_path / "kept")
    urls = [f"{scheme}://{tmp_path.as_posix()}/kept" for scheme in ("file", "local")]
    for other in (*urls, *links, tmp_path / "kept", "./kept/", "nothing/../kept"):
        with pytest.raises(ConfigError, match=r"kept and dropped both go to .*; give two fol"):
            PIPE.run(documents(), kept="kept", dropped=other)
        assert not list((tmp_path / "kept").iterdir())
    for url in ("memory://kept", "memory://kept/"):
        with pytest.raises(ConfigError, match="two folders"):
            PIPE.run(documents(), kept="memory://kept", failed=url)
    for wrong in ("", "a\0b", "x" * 5_000):
        with pytest.raises(OutputError, match="cannot write"):
            PIPE.run(documents(), kept=wrong)


def test_an_output_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        PIPE.run(["x"], tmp_path / "file")
    with pytest.raises(OutputError):
        PIPE.run(["x"], tmp_path / "file" / "out")


def test_a_run_folder_is_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for more in ({"out": "memory://run"}, {"work": "memory://work", "kept": "kept"}):
        with pytest.raises(OutputError, match=r"is not on this machine.*kept=, dropped= and fai"):
            PIPE.run(documents(), **more)
    assert not list(tmp_path.iterdir())
    PIPE.run(documents(), f"file://{tmp_path.as_posix()}/out", work=tmp_path / "w")
    assert Report.load(tmp_path / "out").total == len(documents())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "w"]


def test_signals_of_an_earlier_run_keep_their_columns(tmp_path):
    (Length(2) | Breaks() | FirstOf()).run(documents(), tmp_path / "first")
    first = pq.read_table(tmp_path / "first" / "kept")
    measured = json.loads(first.schema.metadata[b"webfilter"])["signals"]
    source = wf.read([tmp_path / "first" / "kept", tmp_path / "first" / "dropped"])
    assert [signal.name for signal in source.signals] == measured
    again = wf.Judge((Rule("length", ge=4),), given=True) | wf.Length()
    report = again.run(source, tmp_path / "second")
    second = pq.read_table(tmp_path / "second" / "kept")
    assert set(measured) | {"words"} <= set(second.column_names)
    assert second.schema.field("length") == first.schema.field("length")
    assert not any("_signals" in meta for meta in second["meta"].to_pylist())
    given = {doc.id: doc.signals for doc in source}
    for doc in wf.read(tmp_path / "second" / "kept"):
        assert {name: doc.signals[name] for name in measured} == given[doc.id]
    assert report.sweep("length", [4]).kept == report.kept


def test_an_empty_source_gives_empty_outputs(tmp_path):
    report = PIPE.run([], tmp_path / "out")
    assert report.total == 0
    assert pq.read_table(tmp_path / "out" / "kept").num_rows == 0
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_stage_that_cannot_work_at_all_stops_the_run(tmp_path):
    @dataclass(frozen=True)
    class Broken(Length):
        """Its machine is broken, not the documents."""

        def process(self, batch):
            raise RunError("no child process can be started")

    with pytest.raises(RunError, match="no child process"):
        Pipeline((Broken(),)).run(documents(), tmp_path / "out")
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]


def test_renamed_ids_are_counted():
    report = Pipeline((Length(0),)).run(["same", "same", "same"])
    assert report.renamed_ids == 2


def test_failed_documents_are_written_with_their_page(tmp_path):
    pages = [Document("bad", "boom", html=b"<p>boom"), Document("ok", "fine", html=b"<p>fine")]
    Pipeline((Breaks(),)).run(pages, tmp_path / "out")
    failed = pq.read_table(tmp_path / "out" / "failed").to_pylist()
    assert [(row["id"], row["html"]) for row in failed] == [("bad", b"<p>boom")]
    assert "html" not in pq.read_schema(tmp_path / "out" / "kept" / "part-00000.parquet").names


def test_the_work_folders_of_killed_runs_are_removed_and_no_others(tmp_path):
    pytest.importorskip("fcntl")
    names = (".webfilter-killed", ".webfilter-at_work", ".webfilter-other", ".webfilter-new")
    killed, at_work, link, new = (tmp_path / name for name in names)
    other = tmp_path / "other"
    for folder in (killed, at_work, other, new):
        folder.mkdir()
        (folder / "0-first_of.arrow").write_bytes(b"x" * 9)
        if folder != new:
            os.utime(folder, (0, 0))
    link.symlink_to(other)
    unlock = lock(at_work, test_every_document_is_found_in_exactly_one_place)
    PIPE.run(documents(), kept=write.memory(), work=tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted((at_work, link, new, other))
    assert list(other.iterdir())
    unlock()


def test_a_report_that_cannot_be_put_in_place_leaves_nothing_and_the_run_goes_on(tmp_path):
    out = tmp_path / "out"
    (out / "report.json").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"cannot write .*report\.json: "):
        Pipeline((Length(2),)).run(documents(), out)
    assert not list(out.rglob("*.tmp"))
    (out / "report.json").rmdir()
    report = Pipeline((Length(2),)).run(documents(), out)
    assert json.loads((out / "report.json").read_text()) == report.to_dict()


def test_what_is_read_is_not_replaced(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "alpha"}\n{"text": "b"}\n', "utf-8", newline="\n")
    pipe, out = Pipeline((Length(2),)), tmp_path / "out"
    assert pipe.run(str(tmp_path), out).total == 2
    before = digest(out)
    for given in (tmp_path, out / "kept", tmp_path / "**" / "*.parquet"):
        with pytest.raises(OutputError, match=r"part-00000\.parquet' would be read, and replaced"):
            pipe.run(str(given), out, overwrite=True)
    assert digest(out) == before
    assert pipe.run(str(tmp_path / "a.jsonl"), out, overwrite=True).total == 2
    assert pipe.run(str(out / "kept"), tmp_path / "out2").total == 1


def test_a_run_ended_amid_replacing_does_not_read_what_it_wrote(tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_text('{"text": "alpha"}\n{"text": "b"}\n', "utf-8", newline="\n")
    pipe, out = Pipeline((Length(2),)), tmp_path / "out"

    def ended(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("webfilter.run.run._put", ended)
        with pytest.raises(KeyboardInterrupt):
            pipe.run(str(tmp_path), out)
    with pytest.raises(OutputError, match="would be read"):
        pipe.run(str(tmp_path), out)
    assert pipe.run(str(tmp_path / "*.jsonl"), out).total == 2
