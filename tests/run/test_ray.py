import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
import toys
from toys import Breaks, FirstOf, Length, Lingers, Locks, Quota, Tells, Upper

import webfilter as wf
from webfilter.run import journal
from webfilter.run import ray as runner

ray = pytest.importorskip("ray")

SAMPLE = Path(__file__).parents[2] / "examples" / "data" / "sample.warc.gz"


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """One local cluster for all tests here; stages of test modules travel by value."""
    modules = (toys, sys.modules[__name__])
    for module in modules:
        ray.cloudpickle.register_pickle_by_value(module)
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=100_000_000,
    )
    yield
    ray.shutdown()
    for module in modules:
        ray.cloudpickle.unregister_pickle_by_value(module)


def written(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for kind in ("kept", "dropped", "failed")
        for path in sorted((folder / kind).rglob("*"))
        if path.is_file()
    }


def counts(report):
    said = report.to_dict()
    for row in said["stages"]:
        del row["seconds"]
    return {key: said[key] for key in ("stages", "in", "kept", "dropped", "failed", "fingerprint")}


@dataclass(frozen=True)
class Vowels(wf.Filter):
    """A stage that workers cannot import; it says in which process it worked."""

    measures: ClassVar = (wf.Signal("vowels", "float", "Share of vowels", "share", 0, 1),)
    min_vowels: float | None = 0.2
    told: str = field(default="", compare=False)

    @property
    def rules(self) -> tuple[wf.Rule, ...]:
        return () if self.min_vowels is None else (wf.Rule("vowels", ge=self.min_vowels),)

    def measure(self, doc: wf.Document) -> Mapping[str, float]:
        if self.told:
            Path(self.told, str(os.getpid())).touch()
        return {"vowels": sum(c in "aeiou" for c in doc.text) / max(1, len(doc.text))}


def real(*more):
    return wf.Pipeline(
        (
            wf.Extract(),
            wf.Language({"en"}),
            wf.GopherRepetition(),
            *more,
            wf.MinHash(),
            wf.Educational(min_score=None),
            wf.TopShare("educational", 0.5),
            wf.Tiers({"best": {"educational": 2.0}}),
        )
    )


def test_output_and_report_are_those_of_one_process(tmp_path):
    pids = tmp_path / "pids"
    pids.mkdir()
    pipe = real(Vowels(told=str(pids)))
    source = wf.read(SAMPLE)
    here = pipe.run(source, tmp_path / "here", batch_size=4)
    assert [path.name for path in pids.iterdir()] == [str(os.getpid())]
    there = pipe.run(source, tmp_path / "there", workers=wf.RayWorkers(2), batch_size=4)
    assert written(tmp_path / "there") == written(tmp_path / "here")
    assert counts(there) == counts(here)
    assert there.total == there.kept + there.dropped + there.failed > 10
    assert (there.workers, there.peak_worker is not None) == (2, True)
    assert len(list(pids.iterdir())) == 3  # ours, and two actors for all batches


TEXTS = ["alpha", "b", "boom", "alpha", "gamma", "lose", "delta", "", "unsketchable"] * 3


def docs(texts=TEXTS):
    return [wf.Document(f"d{n:02}", text, html=b"<p>") for n, text in enumerate(texts)]


def test_what_stages_break_on_fails_alone(tmp_path):
    pipe = Length(2) | Breaks() | FirstOf() | Upper() | Quota(5)
    here = pipe.run(docs(), tmp_path / "here", batch_size=4)
    there = pipe.run(docs(), tmp_path / "there", batch_size=4, workers=wf.RayWorkers(2))
    assert written(tmp_path / "there") == written(tmp_path / "here")
    assert counts(there) == counts(here)
    assert there.failed == 9


def test_all_that_the_cluster_has_place_for_is_the_default():
    pipe = wf.Pipeline((Upper(),))
    assert pipe.run(docs(), workers=wf.RayWorkers()).workers == 2
    assert pipe.run(docs(), workers=wf.RayWorkers(None, {"num_cpus": 0.5})).workers == 4


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_document_that_kills_its_worker_fails_alone_with_the_stage_named(tmp_path):
    pipe = Length(2) | Breaks() | Upper()
    given = docs(["first", "die", "second", "third", "fourth"])
    report = pipe.run(given, tmp_path, workers=wf.RayWorkers(1), batch_size=3)
    texts = [doc.text for doc in wf.read(tmp_path / "kept")]
    assert texts == ["FIRST", "SECOND", "THIRD", "FOURTH"]
    [dead] = wf.read(tmp_path / "failed", verdicts=True)
    assert (dead.id, dead.verdict.stage, dead.html) == ("d01", "breaks", b"<p>")
    assert dead.verdict.reason.startswith("worker process died: SYSTEM_ERROR")
    assert (report.total, report.kept, report.failed) == (5, 4, 1)


@dataclass(frozen=True)
class KilledOnce(wf.Stage):
    """Kills its process at the first text "last", and when it is asked again it does not."""

    mark: str

    def process(self, batch: Sequence[wf.Document]) -> Sequence[wf.Document]:
        if any(doc.text == "last" for doc in batch) and not Path(self.mark).exists():
            Path(self.mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return batch


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_an_actor_that_is_killed_from_outside_costs_no_document(tmp_path):
    pipe = KilledOnce(str(tmp_path / "mark")) | Upper()
    given = docs(["a", "b", "c", "last", "e", "f"] + ["more"] * 20)
    report = pipe.run(given, tmp_path / "out", workers=wf.RayWorkers(2), batch_size=2)
    assert (tmp_path / "mark").exists()
    assert (report.total, report.kept) == (26, 26)
    assert [doc.id for doc in wf.read(tmp_path / "out" / "kept")] == [doc.id for doc in given]


def test_a_document_that_cannot_be_sent_is_worked_on_here(tmp_path, caplog):
    pipe = Locks() | Upper()
    report = pipe.run(docs(["a", "b"]), tmp_path, workers=wf.RayWorkers(1))
    assert report.kept == 2
    assert "is worked on without workers" in caplog.text


@dataclass(frozen=True)
class Holds(wf.Stage):
    """Cannot travel."""

    def __reduce__(self):
        raise TypeError("it holds a lock")

    def process(self, batch):
        return batch


@dataclass(frozen=True)
class Arrives(wf.Stage):
    """Travels, and cannot be loaded where it arrives."""

    def __reduce__(self):
        return int, ("not a number",)

    def process(self, batch):
        return batch


@dataclass(frozen=True)
class Dies(wf.Stage):
    """Kills the worker that loads it."""

    def __reduce__(self):
        return os._exit, (3,)

    def process(self, batch):
        return batch


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Holds(), "it holds a lock"),
        (Arrives(), "not a number"),
        (Dies(), "cannot start.*died:"),
    ],
)
def test_a_stage_that_cannot_travel_is_one_clear_error(tmp_path, stage, said):
    with pytest.raises(wf.RunError, match=said):
        wf.Pipeline((stage,)).run(docs(), tmp_path, workers=wf.RayWorkers(1))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


BLOCKED = """
import sys
class Blocks:
    def find_spec(name, path=None, target=None):
        if name == "webfilter":
            raise ModuleNotFoundError("No module named 'webfilter'")
sys.meta_path.insert(0, Blocks)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ray sets no environment of workers there")
def test_a_machine_without_webfilter_is_one_clear_error(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BLOCKED)
    there = {"runtime_env": {"env_vars": {"PYTHONPATH": str(tmp_path)}}}
    with pytest.raises(wf.RunError, match=r"No module named 'webfilter' \(is the same webfilter"):
        wf.Pipeline((Upper(),)).run(docs(), workers=wf.RayWorkers(1, there))


@pytest.mark.parametrize("at", [1, 27])
def test_an_interrupted_run_goes_on(tmp_path, monkeypatch, at):
    monkeypatch.setattr(journal, "WORTH", 0.0)
    (tmp_path / "told").touch()
    pipe = Length(2) | Tells(str(tmp_path / "told")) | FirstOf() | Upper()

    def broken_off():
        yield from docs()[:at]
        raise KeyboardInterrupt

    pipe.run(docs(), tmp_path / "whole", batch_size=3)
    with pytest.raises(KeyboardInterrupt):
        pipe.run(broken_off(), tmp_path / "out", batch_size=3, workers=wf.RayWorkers(1))
    before = (tmp_path / "told").read_text()
    report = pipe.run(docs(), tmp_path / "out", batch_size=3, workers=wf.RayWorkers(2))
    assert written(tmp_path / "out") == written(tmp_path / "whole")
    assert report.resumed <= at
    if at > 20:
        assert report.resumed > 0
        again = (tmp_path / "told").read_text()[len(before) :].split()
        assert len(again) < len(docs())


def test_an_error_of_the_source_does_not_wait_for_stages_at_work(tmp_path):
    mark, raised = tmp_path / "mark", []

    def source():
        yield wf.Document("slow", str(mark))
        end = time.monotonic() + 150
        while not mark.exists() and time.monotonic() < end:
            time.sleep(0.05)
        raised.append(time.monotonic())
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        wf.Pipeline((Lingers(),)).run(source(), workers=wf.RayWorkers(1), batch_size=1)
    assert mark.exists()
    assert time.monotonic() - raised[0] < 150  # it lingers for five minutes


def test_batches_in_flight_are_bounded(tmp_path):
    pipe = wf.Pipeline((Upper(),))
    drawn = 0

    def source():
        nonlocal drawn
        for doc in docs(["text"] * 200):
            drawn += 1
            yield doc

    class Sink:
        ahead = 0

        def write(self, docs):
            self.wrote = getattr(self, "wrote", 0) + len(docs)
            self.ahead = max(self.ahead, drawn - self.wrote)

        def close(self): ...
        def abort(self): ...

    sink = Sink()
    pipe.run(source(), kept=sink, workers=wf.RayWorkers(1), batch_size=2)
    assert sink.wrote == 200
    assert sink.ahead <= 8


def test_more_workers_than_the_cluster_has_place_for_do_not_stop_it(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_PATIENCE", 0.01)
    report = (Length(2) | Upper()).run(docs(), workers=wf.RayWorkers(5), batch_size=1)
    assert (report.workers, report.total) == (5, len(docs()))


def test_what_a_worker_waits_for_is_said(monkeypatch, caplog):
    monkeypatch.setattr(runner, "_PATIENCE", 0.01)
    wf.Pipeline((Upper(),)).run(docs(["a"]), workers=wf.RayWorkers(1))
    [said] = caplog.messages
    assert "each of 1 needs {'num_cpus': 1}" in said


def test_actors_are_gone_after_the_run():
    wf.Pipeline((Upper(),)).run(docs(), workers=wf.RayWorkers(2))
    end = time.monotonic() + 150
    while ray.available_resources().get("CPU", 0) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    assert ray.available_resources()["CPU"] == 2


def test_wrong_fields_are_refused():
    with pytest.raises(wf.ConfigError, match="count = 0"):
        wf.RayWorkers(0)
    with pytest.raises(wf.ConfigError, match="count = 'two'"):
        wf.RayWorkers("two")
    with pytest.raises(wf.ConfigError, match="max_restarts cannot be chosen"):
        wf.RayWorkers(1, {"max_restarts": 3})
    with pytest.raises(wf.ConfigError, match=r"options: .*num_gpu"):
        wf.Pipeline((Upper(),)).run(docs(), workers=wf.RayWorkers(1, {"num_gpu": 3}))


def test_a_missing_extra_speaks_at_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(wf.MissingExtra, match=r'pip install "webfilter\[ray\]"'):
        wf.RayWorkers(2)


@pytest.mark.filterwarnings("ignore")  # Ray Data warns of itself
@pytest.mark.parametrize("form", ["pyarrow", "pandas"])
def test_a_fitted_pipeline_marks_the_batches_of_ray_data(form):
    pipe = Length(3) | Vowels(0.1) | Breaks() | wf.MinHash() | wf.TopShare("vowels", 0.8)
    prose = "The old bridge over the river was shut on Monday by the town"
    rows = [{"id": f"d{n:02}", "text": f"{prose} {'again ' * (n // 2)}", "n": n} for n in range(30)]
    rows += [{"id": "boom", "text": "boom", "n": 0}, {"id": "short", "text": "a", "n": 1}]
    rows[4]["text"] = rows[9]["text"]
    fitted = pipe.fit(rows)
    here = wf.write.to_arrow(fitted(rows), fitted.signals).to_pylist()
    done = ray.data.from_items(rows, override_num_blocks=3).map_batches(
        wf.TableWorker,
        fn_constructor_args=(fitted,),
        batch_format=form,
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    there = done.take_all()
    assert sorted(there, key=lambda row: row["id"]) == sorted(here, key=lambda row: row["id"])
    kinds = [row["verdict"] and row["verdict"]["kind"] for row in there]
    assert len(kinds) == 32
    assert 0 < kinds.count(None) < 30
    assert kinds.count("failed") == 1
    assert {"minhash", "top_share"} <= {row["verdict"]["stage"] for row in there if row["verdict"]}


SCRIPT = """
import logging, sys, ray
from dataclasses import dataclass
import webfilter as wf

logging.basicConfig(format="%(name)s: %(message)s", stream=sys.stdout)

@dataclass(frozen=True)
class Mine(wf.Transform):
    def transform(self, doc):
        return doc.text[::-1], {}

report = wf.Pipeline((Mine(),)).run(["abc"], sys.argv[1], workers=wf.RayWorkers(1))
print([doc.text for doc in wf.read(sys.argv[1] + "/kept")], ray.is_initialized())
"""


def test_a_script_without_ray_init_gets_a_cluster_and_its_own_stages_travel(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "out")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "webfilter: RayWorkers: Ray was not initialized" in done.stdout
    assert "['cba'] False" in done.stdout.splitlines()  # Ray may have a last word
