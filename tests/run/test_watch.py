"""A stage that keeps nothing is told of early, once, with what to look at."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from toys import Breaks, FirstOf, Length, Quota

import webfilter as wf
from webfilter import Pipeline
from webfilter.document import Document
from webfilter.language import Language
from webfilter.run.watch import FIRST, Watch
from webfilter.stage import Filter, Rule, Signal

EN = "The committee meets every second Thursday in the old library near the station."


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, "webfilter")
    return caplog


def docs(count: int = FIRST + 50, text: str = EN) -> list[Document]:
    return [Document(str(n), f"{text} {n}") for n in range(count)]


@dataclass(frozen=True)
class Spoken(Filter):
    """Says that nineteen of twenty texts are English, the others French; keeps German."""

    measures = (Signal("language", "str", "Language"),)
    rules = (Rule("language", isin=frozenset({"de", "nl", "sv", "da", "no", "is"})),)

    def measure(self, doc: Document) -> dict[str, str]:
        return {"language": "fr" if int(doc.id) % 20 == 0 else "en"}


def test_a_wrong_language_is_named_with_what_was_asked_for(said: pytest.LogCaptureFixture) -> None:
    report = Pipeline((Spoken(),)).run(docs(), progress=False)
    [text] = report.warnings
    assert text == said.records[0].getMessage()
    assert len(said.records) == 1
    assert text.startswith(f"spoken kept none of the first {FIRST + 24:,} documents: language is")
    assert "language is 'en' for 95 %; asked for: da, de, is, nl, no, ...; check what" in text


def test_the_language_stage_says_so(said: pytest.LogCaptureFixture) -> None:
    report = Pipeline((Language({"deu_Latn"}, shares=False),)).run(docs(20), progress=False)
    assert "language is 'en' for 100 %; asked for: de; check" in report.warnings[0]
    strict = Language({"en"}, min_score=1.0)
    report = Pipeline((strict,)).run(docs(20), progress=False)
    assert "100 % by language_score <= 1; language_score is" in report.warnings[0]


def test_a_number_is_named_or_its_median(said: pytest.LogCaptureFixture) -> None:
    [text] = Pipeline((Length(99),)).run(["too short"] * 20, progress=False).warnings
    assert text == (
        "length kept none of the first 20 documents: 100 % by length < 99; length is 9 for 100 %; "
        "check that limit, and what these documents are"
    )
    many = ["x" * n for n in range(1, 52)]
    [text] = Pipeline((Length(99),)).run(many, progress=False).warnings
    assert "length is 26 in the median" in text


def test_pages_without_a_text_lead_to_the_extraction(said: pytest.LogCaptureFixture) -> None:
    pages = [Document(str(n), html=b"<p>Text") for n in range(20)]
    [text] = Pipeline((Length(1),)).run(pages, progress=False).warnings
    assert "100 % have no text: is the extraction missing?" in text


def test_pages_without_a_text_are_in_no_language(said: pytest.LogCaptureFixture) -> None:
    pages = [Document(str(n), html=b"<p>Text") for n in range(20)]
    [text] = Pipeline((wf.Language({"de", "ar"}),)).run(pages, progress=False).warnings
    assert "language is 'und' for 100 %; asked for: ar, de, " in text
    assert text.endswith("; 100 % have no text: is the extraction missing?")


def test_an_extraction_that_is_there_is_not_missed(said: pytest.LogCaptureFixture) -> None:
    extract = wf.Extract(engine="plain", seconds=None, memory_mb=None)
    pages = [Document(str(n), html=b"<p>Text", url="http://a.example/") for n in range(20)]
    early = wf.UrlFilter(blocked_hosts=("a.example",)) | extract
    [text] = early.run(pages, progress=False).warnings
    assert text.endswith("; 100 % have no text yet: the extraction comes later")
    pages = [Document(str(n), html=b"<p>") for n in range(20)]
    [text, *_] = (extract | Length(1)).run(pages, progress=False).warnings
    assert text.startswith("extract kept none of the first 20 documents")
    assert text.endswith("; check that limit, and what these documents are")


def test_a_stage_that_only_fails(said: pytest.LogCaptureFixture) -> None:
    @dataclass(frozen=True)
    class Judged(Breaks):
        rules = (Rule("x", ge=1),)
        given = True

    [text] = Pipeline((Judged(),)).run([f"boom {n}" for n in range(20)], progress=False).warnings
    assert text == "judged kept none of the first 20 documents: 100 % failed with ValueError"


def test_it_is_said_once_and_early_in_a_long_run(said: pytest.LogCaptureFixture) -> None:
    seen: list[int] = []

    def source():  # type: ignore[no-untyped-def]
        for doc in docs(4 * FIRST):
            seen.append(len(said.records))
            yield doc

    Pipeline((Spoken(),)).run(source(), progress=False)
    assert len(said.records) == 1
    assert seen[FIRST // 2] == 0
    assert seen[FIRST + 200] == 1


class Recorder:
    """A sink that notes, at each call, how many documents came and what `look` finds."""

    def __init__(self, look: Callable[[], int]) -> None:
        self.total, self.noted = 0, list[tuple[int, int]]()
        self._look = look

    def write(self, docs: Sequence[Document]) -> None:
        self.total += len(docs)
        self.noted.append((self.total, self._look()))

    def close(self) -> None: ...
    def abort(self) -> None: ...


def different(count: int) -> list[Document]:
    return [Document(str(n), "x" * (n % 4000 + 5)) for n in range(count)]


@pytest.mark.parametrize("barrier", [FirstOf(), Quota(10**6)])
@pytest.mark.parametrize("workers", [1, 2])
def test_behind_a_barrier_it_is_said_as_early(
    said: pytest.LogCaptureFixture, barrier: wf.CorpusStage | wf.OnlineStage, workers: int
) -> None:
    sink = Recorder(lambda: len(said.records))
    pipe = barrier | Length(9_999)
    report = pipe.run(different(3 * FIRST), dropped=sink, workers=workers, progress=False)
    first = next(total for total, records in sink.noted if records)
    assert first < FIRST + 64
    assert report.warnings[-1].startswith(f"length kept none of the first {first:,} documents")


def test_what_it_holds_does_not_grow_with_the_stream(
    said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    watches: list[Watch] = []
    original = Watch.__init__

    def spied(self: Watch, pipe: Pipeline) -> None:
        original(self, pipe)
        watches.append(self)

    monkeypatch.setattr(Watch, "__init__", spied)
    for pipe in (Length(9_999) | FirstOf(), FirstOf() | Length(9_999)):
        sink = Recorder(lambda: sum(map(len, watches[-1]._verdicts.values())))
        pipe.run(different(3 * FIRST), dropped=sink, progress=False)
        assert max(held for _, held in sink.noted) < FIRST
        assert sink.noted[-1] == (3 * FIRST, 0)


def test_worker_processes_do_not_say_it_again(said: pytest.LogCaptureFixture) -> None:
    one = Pipeline((Length(999),)).run(docs(), progress=False)
    two = Pipeline((Length(999),)).run(docs(), workers=2, progress=False)
    assert len(said.records) == 2
    for report in (one, two):
        assert ": 100 % by length < 999; length is 82 for 8" in report.warnings[0]


def test_streams_and_lists_are_watched_too(said: pytest.LogCaptureFixture) -> None:
    assert list(Pipeline((Spoken(),)).kept(docs())) == []
    assert len(said.records) == 1
    Pipeline((Spoken(),))(docs())
    assert len(said.records) == 2
    Spoken()(docs(50))  # so few on their own are nothing to speak of
    assert len(said.records) == 2
    assert len(list(Pipeline((Length(1),)).kept(docs()))) == FIRST + 50
    assert len(said.records) == 2


def test_what_is_dropped_behind_a_barrier_or_measured_on_is_counted_once(
    said: pytest.LogCaptureFixture,
) -> None:
    pipe = Length(3) | FirstOf() | Length(999)
    for everything in (False, True):
        report = pipe.run(docs(), measure_all=everything, progress=False)
        [text] = [
            text for text in report.warnings if "none of the first" in text and "kept" in text
        ]
        assert text.startswith("length_2 kept none")
        assert "100 % by length < 999" in text
    pipe = Length(999) | FirstOf() | Length(3)
    [text] = pipe.run(docs(30), measure_all=True, progress=False).warnings
    assert "100 % by length < 999" in text


def test_hostile_values_are_shown_short_and_on_one_line(said: pytest.LogCaptureFixture) -> None:
    evil = "<script>\n\ud800" + "x" * 9999
    judge = wf.Judge((Rule("topic", isin={"a"}),), given=True)
    given = [Document(str(n), signals={"topic": evil}) for n in range(20)]
    report = Pipeline((judge,)).run(given, progress=False)
    assert len(report.warnings[0]) < 250
    assert "\n" not in report.warnings[0]
    report.warnings[0].encode()
    assert "<script>" not in report.to_html()


def test_numbers_beyond_all_floats_do_not_end_the_run(said: pytest.LogCaptureFixture) -> None:
    judge = wf.Judge((Rule("visits", le=100),), given=True)
    given = [Document(str(n), signals={"visits": 10**400 + n}) for n in range(20)]
    [text] = Pipeline((judge,)).run(given, progress=False).warnings
    assert "100 % by visits > 100" in text


def test_a_given_signal_that_no_document_has_is_told_of(said: pytest.LogCaptureFixture) -> None:
    rows = [{"text": f"{EN} {n}", "score": n % 5} for n in range(30)]
    judge = wf.Judge((wf.Rule("score", ge=3), wf.Rule("words", ge=99)), given=True)
    assert len(list(judge.kept(rows))) == 30
    [record] = said.records
    assert record.getMessage() == (
        "judge: none of the first 30 documents has the signal 'score', so its rule drops nothing; "
        "if a field of the source is meant, make it a signal: "
        "doc.with_signals({'score': doc.meta['score']})"
    )
    given = (doc.with_signals({"score": doc.meta["score"]}) for doc in wf.read(rows))
    assert len(list(judge.kept(given))) == 12
    report = judge.run(docs(), progress=False)
    assert [text.partition(" documents")[0] for text in report.warnings] == [
        f"judge: none of the first {FIRST + 24:,}"
    ]


def test_a_given_signal_that_some_have_and_a_measured_one_that_none_has_are_no_news(
    said: pytest.LogCaptureFixture,
) -> None:
    judge = wf.Judge((wf.Rule("score", ge=3),), given=True)
    some = [Document(str(n), EN, signals={"score": 4} if n == 7 else {}) for n in range(30)]
    assert len(list(judge.kept(some))) == 30
    assert len(list(wf.UrlFilter().kept(some))) == 30
    assert not said.records
