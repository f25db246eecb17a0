"""Online stages in pipelines: whole batches, errors, and the state that outlives a run."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from toys import FirstOf, Length, Quota

import webfilter as wf
from webfilter.dedup.minhash_online import MinHashOnline
from webfilter.dedup.seen import SeenBefore
from webfilter.document import Document
from webfilter.errors import RunError
from webfilter.stage import Transform
from webfilter.testing import check_stage


def docs(*texts):
    return [Document(str(n), text) for n, text in enumerate(texts)]


TEXTS = docs("a", "b", "a", "c", "b", "d")


@dataclass(frozen=True)
class Batches(SeenBefore):
    """`SeenBefore` that tells what it was handed."""

    name: ClassVar[str] = "batches"
    handed: ClassVar[list[int]] = []

    def observe(self, state, batch):
        self.handed.append(len(batch))
        for doc in batch:
            if "broken disk" in doc.text:
                raise RunError("the disk is full")
            if "bad" in doc.text:
                raise ValueError("bad text")
        return super().observe(state, batch)


@dataclass(frozen=True)
class Single(Batches):
    """The same, without the promise."""

    name: ClassVar[str] = "single"
    whole: ClassVar[bool] = False
    handed: ClassVar[list[int]] = []


def test_a_stage_that_promises_it_gets_whole_batches():
    for stage, handed in ((Batches(), [6]), (Single(), [1] * 6)):
        stage.handed.clear()
        marked = wf.Pipeline((stage,))(TEXTS)
        assert [doc.live for doc in marked] == [True, True, False, True, False, True]
        assert stage.handed == handed


@pytest.mark.parametrize("stage", [Batches(), Single()], ids=lambda stage: stage.name)
def test_one_bad_document_costs_itself_only(stage):
    batch = docs("a", "b", "bad", "a", "c", "c")
    marked = wf.Pipeline((stage,))(batch)
    kinds = [doc.verdict.kind if doc.verdict else "kept" for doc in marked]
    assert kinds == ["kept", "kept", "failed", "dropped", "kept", "dropped"]
    assert marked[2].verdict.reason == "ValueError: bad text"


@pytest.mark.parametrize("stage", [Batches(), Single()], ids=lambda stage: stage.name)
def test_a_broken_machine_stops_the_run(stage):
    with pytest.raises(RunError, match="the disk is full"):
        list(wf.Pipeline((stage,)).kept(docs("a", "broken disk", "b")))


class Panic(BaseException):
    """What an extension in another language raises."""


@dataclass(frozen=True)
class Careless(SeenBefore):
    """`SeenBefore` that spoils its answers."""

    name: ClassVar[str] = "careless"

    def observe(self, state, batch):
        if any(doc.text == "panic" for doc in batch):
            raise Panic("out of bounds")
        marked = list(SeenBefore.observe(self, state, batch))
        spoiled = [replace(d, verdict="bad") if d.text == "str" else d for d in marked]
        return [None if d.text == "none" else d for d in spoiled if d.text != "lose"]


@dataclass(frozen=True)
class CarelessAlone(Careless):
    """The same, one document at a time."""

    name: ClassVar[str] = "careless_alone"
    whole: ClassVar[bool] = False


@pytest.mark.parametrize("stage", [Careless(), CarelessAlone()], ids=lambda stage: stage.name)
@pytest.mark.parametrize("odd", ["str", "lose", "none", "panic"])
def test_no_answer_makes_the_state_see_a_document_twice(stage, odd):
    marked = wf.Pipeline((stage,))(docs("a", "b", odd, "a", "c"))
    kinds = [doc.verdict.kind if doc.verdict else "kept" for doc in marked]
    assert kinds == ["kept", "kept", "failed", "dropped", "kept"]
    assert marked[2].verdict.stage == stage.name


@dataclass(frozen=True)
class Silent(SeenBefore):
    """Answers nothing."""

    name: ClassVar[str] = "silent"
    seen: ClassVar[list[str]] = []
    answers: ClassVar[list[object]] = []

    def observe(self, state, batch):
        self.seen.extend(doc.id for doc in batch)
        return self.answers[0]


@pytest.mark.parametrize(
    ("answer", "said"), [(None, "'NoneType' object is not iterable"), ([], "NoneType came for")]
)
def test_an_online_stage_without_answers_fails_each_document_once(answer, said):
    Silent.seen.clear()
    Silent.answers[:] = [answer]
    marked = wf.Pipeline((Silent(),))(docs("a", "b", "c"))
    assert Silent.seen == ["0", "1", "2"]
    assert [said in doc.verdict.reason for doc in marked] == [True] * 3


@pytest.mark.parametrize("whole", [True, False])
def test_an_exit_at_an_online_stage_ends_the_run_and_is_not_asked_again(whole):
    handed = []

    @dataclass(frozen=True)
    class Exits(SeenBefore):
        def observe(self, state, batch):
            handed.append(len(batch))
            raise SystemExit(1)

    Exits.whole = whole
    with pytest.raises(RunError, match=r"exits: sys\.exit while it was at work"):
        list(wf.Pipeline((Exits(),)).kept(docs("a", "b")))
    assert handed == [2 if whole else 1]


def test_two_stages_may_not_keep_their_state_in_one_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, other = (
        SeenBefore(state="seen"),
        SeenBefore(by="url", state=tmp_path / "x" / ".." / "seen"),
    )
    with pytest.raises(
        wf.ConfigError, match=r"seen_before and seen_before_2 both keep their state in '.*seen': "
    ):
        one | Length(1) | other
    with pytest.raises(wf.ConfigError, match="seen_before and minhash_online both keep"):
        one | MinHashOnline(state="seen")
    assert len(one | SeenBefore(by="url", state="urls") | SeenBefore(by="url") | SeenBefore()) == 4


@dataclass(frozen=True)
class Hasty(SeenBefore):
    """Remembers before it knows that all is well."""

    name: ClassVar[str] = "hasty"

    def observe(self, state, batch):
        return [doc for one in batch for doc in SeenBefore.observe(self, state, [one])]


def test_the_promise_is_checked():
    with pytest.raises(AssertionError, match="is marked by a batch on which `observe` raised"):
        check_stage(Hasty())
    check_stage(Quota())


@dataclass(frozen=True)
class Breaks(Transform):
    """Ends the run at a text."""

    at: str = "d"

    def transform(self, doc):
        if doc.text == self.at:
            raise RunError("the machine broke")
        return doc.text, {}


@pytest.fixture(params=["exact", "bloom", "near"])
def stage(request, tmp_path):
    state = str(tmp_path / "state")
    if request.param == "near":
        return MinHashOnline(ngram=1, state=state)
    rate = 0.0 if request.param == "exact" else 1e-6
    return SeenBefore(false_positive_rate=rate, capacity=1000, state=state)


def kept(pipe, source, out, **how):
    report = pipe.run(source, out, progress=False, **how)
    return report, [doc.id for doc in wf.read(out / "kept")]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_goes_on_where_the_last_one_stopped(stage, tmp_path, workers):
    pipe = Length(0) | stage | FirstOf()
    _, first = kept(pipe, TEXTS[:3], tmp_path / "1", workers=workers, batch_size=2)
    _, second = kept(pipe, TEXTS, tmp_path / "2", workers=workers, batch_size=2)
    assert (first, second) == (["0", "1"], ["3", "5"])
    _, third = kept(pipe, TEXTS, tmp_path / "3", workers=workers)
    assert third == []


def test_after_a_failed_run_the_documents_come_again(stage, tmp_path):
    pipe = wf.Pipeline((stage, Breaks()))
    with pytest.raises(RunError, match="the machine broke"):
        pipe.run(TEXTS, tmp_path / "1", progress=False, batch_size=1)
    assert not (tmp_path / "state").exists()
    _, again = kept(wf.Pipeline((stage,)), TEXTS, tmp_path / "2")
    assert again == ["0", "1", "3", "5"]


def test_a_sink_that_fails_at_the_end_leaves_the_state_as_it_was(stage, tmp_path):
    class Full(list):
        write = list.extend

        def close(self):
            raise OSError("no space left")

        def abort(self):
            pass

    with pytest.raises(OSError, match="no space left"):
        wf.Pipeline((stage,)).run(TEXTS, kept=Full(), progress=False)
    assert not (tmp_path / "state").exists()


def test_an_abandoned_generator_saves_nothing(stage, tmp_path):
    pipe = wf.Pipeline((stage,))
    stream = pipe.kept(TEXTS, batch_size=1)
    assert next(stream).id == "0"
    stream.close()
    assert not (tmp_path / "state").exists()
    assert [doc.id for doc in pipe.kept(TEXTS)] == ["0", "1", "3", "5"]
    assert [doc.id for doc in pipe.kept(TEXTS)] == []


def test_in_memory_the_state_is_saved_too(stage):
    pipe = wf.Pipeline((stage,))
    assert sum(doc.live for doc in pipe(TEXTS)) == 4
    assert sum(doc.live for doc in pipe(TEXTS)) == 0


def test_fitting_saves_nothing(stage, tmp_path):
    fitted = (stage | FirstOf()).fit(TEXTS)
    assert not (tmp_path / "state").exists()
    assert [doc.id for doc in fitted.kept(TEXTS)] == ["0", "1", "3", "5"]


def test_a_state_of_another_configuration_stops_before_anything_is_read(stage, tmp_path):
    wf.Pipeline((stage,))(TEXTS)

    def source() -> Iterable[Document]:
        raise AssertionError("read")
        yield

    fields = {"ngram": 2} if isinstance(stage, MinHashOnline) else {"by": "url"}
    with pytest.raises(wf.ConfigError, match="cannot be compared"):
        wf.Pipeline((replace(stage, **fields),)).run(source(), tmp_path / "out", progress=False)
    assert not list((tmp_path / "out").glob("kept/*"))


@pytest.mark.parametrize("first", [True, False])
def test_where_one_state_cannot_be_saved_none_is(stage, tmp_path, first):
    _, before = kept(wf.Pipeline((stage,)), TEXTS[:2], tmp_path / "before")
    (tmp_path / "taken").write_bytes(b"")  # where a folder has to be
    lost = SeenBefore(by="url", state=tmp_path / "taken" / "state")
    pipe = wf.Pipeline((lost, stage) if first else (stage, lost))
    for work in (
        lambda: pipe.run(TEXTS, tmp_path / "broken", progress=False),
        lambda: list(pipe.kept(TEXTS)),
        lambda: pipe(TEXTS),
    ):
        with pytest.raises(wf.OutputError, match=r"cannot save to .*taken"):
            work()
    _, after = kept(wf.Pipeline((stage,)), TEXTS, tmp_path / "after")
    assert (before, after) == (["0", "1"], ["3", "5"])


def test_a_stage_with_a_finish_of_its_own_is_finished_once_others_are_written(stage, tmp_path):
    finished = []

    class Mine(Quota):
        def finish(self, state):
            finished.append([*tmp_path.glob("state*")])

    pipe = wf.Pipeline((Mine(), stage, Mine()))
    assert len(pipe(TEXTS)) == len(TEXTS)
    assert [len(there) for there in finished] == [1, 1]
