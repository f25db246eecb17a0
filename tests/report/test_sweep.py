import json
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reruns import Cut, Vowels, again, kept, measured, texts
from toys import Breaks, FirstOf, Length, Quota, Upper

import webfilter as wf
from webfilter import (
    ByLanguage,
    C4Quality,
    ConfigError,
    Document,
    FineWebQuality,
    GopherQuality,
    GopherRepetition,
    Judge,
    Pipeline,
    Report,
    Rule,
    Signal,
    SourceError,
    UnknownName,
)

PIPE = (
    Length(5, 360)
    | Vowels()
    | C4Quality(min_sentences=2, line_min_words=4, terminal_punctuation=False)
    | Cut(180, max_cut=120)
    | GopherQuality(min_words=12, max_words=30, min_stop_words=3, max_ellipsis_word_ratio=0.02)
)
"""Two transforms change the text on the way; some signals are undefined on some texts."""

MOVES = [  # signal, bound, place of the stage, field, least and most that go with its other limits
    ("length", "ge", 0, "min_length", 0, 300),
    ("length", "le", 0, "max_length", 5, 500),
    ("vowel_ratio", "gt", 1, "min_vowel_ratio", 0, 0.44),
    ("vowel_ratio", "lt", 1, "max_vowel_ratio", 0.31, 1),
    ("c4_sentences", "ge", 2, "min_sentences", 0, 8),
    ("cut", "le", 3, "max_cut", 0, 250),
    ("words", "ge", 4, "min_words", 0, 30),
    ("words", "le", 4, "max_words", 12, 80),
    ("ellipsis_word_ratio", "le", 4, "max_ellipsis_word_ratio", 0, 1),
    ("stop_words", "ge", 4, "min_stop_words", 0, 9),
]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_a_sweep_keeps_what_running_again_keeps(seed, data):
    docs = texts(random.Random(seed), 60)
    report = measured(PIPE, docs)
    for signal, bound, place, field, low, high in MOVES:
        number = st.floats(low, high) if "ratio" in field else st.integers(low, high)
        limit = data.draw(st.none() | number)
        current = getattr(PIPE.steps[place], field)
        swept = report.sweep(signal, [limit, current], bound=bound)
        moved, same = swept.rows
        assert moved.kept == len(kept(again(PIPE, place, **{field: limit}), docs)), field
        assert (same.kept, same.change) == (report.kept, 0)
        assert moved.change == moved.kept - report.kept
        assert swept.exact
        assert moved.undecided == moved.uncompared == 0
        rule = None if limit is None else Rule(signal, **{bound: limit})
        broken = [rule and rule.violated(doc.signals.get(signal)) for doc in report.documents]
        assert moved.violated == sum(map(bool, broken))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), limit=st.integers(0, 60))
def test_without_every_signal_the_truth_lies_between_the_bounds(seed, limit):
    docs = texts(random.Random(seed), 60)
    report = measured(PIPE, docs, measure_all=False)
    for signal, bound, place, field, low, high in MOVES:
        share = low + (high - low) * limit / 60
        value = share if "ratio" in field else round(share)
        row = report.sweep(signal, [value], bound=bound).rows[0]
        truth = len(kept(again(PIPE, place, **{field: value}), docs))
        assert row.kept <= truth <= row.kept + row.undecided, field
    tighter = report.sweep("length", [200], bound="ge").rows[0]
    assert tighter.undecided == 0  # what is dropped more was measured


@pytest.fixture(scope="module")
def docs():
    return texts(random.Random(7), 200)


@pytest.fixture(scope="module")
def report(docs, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    return PIPE.run(docs, out, measure_all=True, progress=False)


def test_the_documents_try_the_rules(report):
    assert 20 < report.kept < 100
    assert all(row.decided or row.violated for row in report.removal() if row.reason in DECIDES)


DECIDES = {signal for signal, *_ in MOVES}


@pytest.mark.parametrize("form", ["parquet", "jsonl", "jsonl.zst", "jsonl.gz"])
@pytest.mark.parametrize("measure_all", [True, False])
def test_every_format_and_the_memory_tell_the_same(docs, tmp_path, form, measure_all):
    told = measured(PIPE, docs, measure_all=measure_all)
    PIPE.run(docs, tmp_path / "out", measure_all=measure_all, format=form, workers=1)
    loaded = Report.load(tmp_path / "out")
    for signal, bound, *_ in MOVES:
        asked = (signal, [0.1, 5, 50, None])
        assert loaded.sweep(*asked, bound=bound, pipe=PIPE) == told.sweep(*asked, bound=bound)


def test_the_terminal_shows_a_table(report):
    said = str(report.sweep("words", [12, 20, None]))
    assert said.splitlines()[:2] == [
        "words in gopher_quality: dropped where < limit",
        f"the run: < 12, {report.kept} of 200 documents kept",
    ]
    head, run, *_, off = said.splitlines()[3:7]
    assert head.split() == ["limit", "violated", "kept", "change"]
    assert run.endswith("as run")
    assert off.split()[:3] == ["off", "0", "0"]
    assert "measure_all" not in said


def test_the_data_is_json(report):
    said = json.loads(json.dumps(report.sweep("words", [20]).to_dict(), allow_nan=False))
    assert said["rows"][0].keys() == {
        *("limit", "violated", "kept", "change", "undecided", "uncompared")
    }
    assert (said["signal"], said["op"], said["limit"], said["exact"]) == ("words", "ge", 12, True)


def test_the_bound_that_moves_is_the_first_one_unless_said(report):
    assert report.sweep("words", [9]).op == "ge"
    assert report.sweep("words", [9], bound="le").limit == 30
    new = report.sweep("stop_words", [2], bound="le")
    assert (new.limit, new.rows[0].kept) == (
        None,
        len(kept(PIPE | Judge((Rule("stop_words", le=2),)), list_of(report))),
    )


def list_of(report):
    return texts(random.Random(7), report.total)


def test_a_signal_that_no_rule_judges_can_be_tried(docs):
    pipe = Length() | Vowels(None, None) | GopherQuality(min_words=8)
    report = measured(pipe, docs)
    with pytest.raises(ConfigError, match="bound='ge'"):
        report.sweep("vowel_ratio", [0.3])
    swept = report.sweep("vowel_ratio", [0.3, 0.4], bound="ge")
    assert (swept.stage, swept.limit) == ("vowels", None)
    for row in swept:
        tried = Length() | Vowels(None, None) | Judge((Rule("vowel_ratio", ge=row.limit),))
        assert row.kept == len(kept(tried | GopherQuality(min_words=8), docs))


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (("wrods", [1]), UnknownName, "did you mean 'words'"),
        (("words", []), ConfigError, "empty"),
        (("words", ["many"]), ConfigError, "no number"),
        (("words", [True]), ConfigError, "no number"),
        (("words", [float("nan")]), ConfigError, "not finite"),
        (("words", "20"), ConfigError, "list of numbers"),
        (("words", 20), ConfigError, "list of numbers"),
    ],
)
def test_bad_questions_are_clear_errors(report, asked, error, said):
    with pytest.raises(error, match=said):
        report.sweep(*asked)


def test_bad_choices_are_clear_errors(report):
    with pytest.raises(UnknownName, match="unknown bound 'min'"):
        report.sweep("words", [1], bound="min")
    with pytest.raises(UnknownName, match="did you mean 'gopher_quality'"):
        report.sweep("words", [1], stage="gofer_quality")
    with pytest.raises(ConfigError, match="c4_quality does not judge 'words': gopher_quality"):
        report.sweep("words", [1], stage="c4_quality")
    with pytest.raises(ConfigError, match="not judged by language"):
        report.sweep("words", [1], language="en")
    with pytest.raises(ConfigError, match="not the pipeline that ran"):
        report.sweep("words", [1], pipe=Length() | Upper())


def test_a_set_has_no_limit_to_move():
    pipe = Judge((Rule("language", isin={"en"}),), given=True)
    report = Report.of(pipe, pipe([Document("a", signals={"language": "de"})]))
    with pytest.raises(ConfigError, match="isin"):
        report.sweep("language", [1])
    with pytest.raises(ConfigError, match="isin"):
        report.borderline("language")


def test_two_stages_that_judge_one_signal_are_told_apart(docs):
    pipe = Length(2) | GopherQuality(min_words=5) | Judge((Rule("words", ge=9, le=40),))
    report = measured(pipe, docs)
    with pytest.raises(ConfigError, match="gopher_quality and judge: say which with stage="):
        report.sweep("words", [7])
    for stage, place, make in (
        ("gopher_quality", 1, lambda n: GopherQuality(min_words=n)),
        ("judge", 2, lambda n: Judge((Rule("words", ge=n, le=40),))),
    ):
        for row in report.sweep("words", [3, 7, 20], stage=stage):
            steps = list(pipe.steps)
            steps[place] = make(int(row.limit))
            assert row.kept == len(kept(Pipeline(tuple(steps)), docs))


def test_a_signal_that_is_measured_twice_is_refused_where_it_is_lost(docs):
    pipe = GopherQuality(min_words=9) | Upper(cut=80) | GopherQuality(min_words=6)
    report = measured(pipe, docs)
    with pytest.raises(ConfigError, match="gopher_quality_2 measures 'median_word_length' again"):
        report.sweep("median_word_length", [5], stage="gopher_quality", bound="ge")
    with pytest.raises(ConfigError, match="gopher_quality_2 measures it again"):
        report.sweep("words", [5], stage="gopher_quality")
    for limit in (0, 5, 8, 12):
        row = report.sweep("words", [limit], stage="gopher_quality_2").rows[0]
        truth = len(kept(again(pipe, 2, min_words=limit), docs))
        assert row.kept <= truth <= row.kept + row.undecided


def test_each_language_has_its_own_limit(docs):
    stages = {"en": GopherQuality(min_words=9, min_stop_words=None),
              "de": GopherQuality(min_words=20)}  # fmt: skip
    for default in (None, Length(40)):
        spoken = Judge((Rule("language", isin={"en", "de", "fr"}),))
        pipe = Tongue() | Length(3) | spoken | ByLanguage(stages, default)
        report = measured(pipe, docs)
        with pytest.raises(ConfigError, match="en: 9, de: 20"):
            report.sweep("words", [5])
        with pytest.raises(UnknownName, match="unknown language 'enn'"):
            report.sweep("words", [5], language="enn")
        in_full = report.sweep("words", [5, 15], stage="by_language", language="English")
        same = zip(in_full, report.sweep("words", [5, 15], language="en"), strict=True)
        assert all(one.kept == other.kept for one, other in same)
        for code in ("en", "de"):
            for row in report.sweep("words", [5, 15, 30], language=code):
                moved = {**stages, code: GopherQuality(
                    min_words=int(row.limit),
                    min_stop_words=None if code == "en" else 2)}  # fmt: skip
                steps = (*pipe.steps[:-1], ByLanguage(moved, default))
                assert row.kept == len(kept(Pipeline(steps), docs))
        if default is not None:
            for row in report.sweep("length", [20, 90], stage="by_language", language="other"):
                steps = (*pipe.steps[:-1], ByLanguage(stages, Length(int(row.limit))))
                assert row.kept == len(kept(Pipeline(steps), docs))


@dataclass(frozen=True)
class Tongue(wf.Filter):
    """Says that the language is the one that was given."""

    measures: ClassVar[tuple[Signal, ...]] = (Signal("language", "str", "Language"),)

    def measure(self, doc):
        return {"language": doc.signals.get("language")}


def test_what_is_freed_before_dedup_counts_as_not_deduplicated(docs):
    twice = [*docs, *(Document(f"e{doc.id}", doc.text) for doc in docs)]
    pipe = Length(150) | FirstOf() | GopherQuality(min_words=9)
    report = measured(pipe, twice)
    row = report.sweep("length", [60]).rows[0]
    truth = len(kept(again(pipe, 0, min_length=60), twice))
    assert row.kept > truth >= row.kept - row.uncompared
    assert "not deduplicated" in str(report.sweep("length", [20]))
    for limit in (3, 20):  # after the dedup everything is known
        later = report.sweep("words", [limit])
        assert later.exact
        assert later.rows[0].kept == len(kept(again(pipe, 2, min_words=limit), twice))


def test_arrival_cannot_be_judged_again(docs):
    report = measured(Length(9) | Quota(30), docs)
    with pytest.raises(ConfigError, match="quota does not judge each document by its signals"):
        report.sweep("arrival", [50])
    assert report.sweep("length", [1]).rows[0].uncompared > 0


def test_documents_that_break_a_stage_are_never_said_to_be_kept():
    docs = [Document(str(n), "boom" * (n % 2) + "x" * n) for n in range(20)]
    pipe = Length(9) | Breaks() | Vowels(None, None, quiet=False)
    for measure_all in (True, False):
        report = measured(pipe, docs, measure_all=measure_all)
        row = report.sweep("length", [2]).rows[0]
        truth = len(kept(again(pipe, 0, min_length=2), docs))
        assert row.kept <= truth <= row.kept + row.undecided


@dataclass(frozen=True)
class Picky(wf.Filter):
    """Judges nothing, and raises on "boom"."""

    measures: ClassVar[tuple[Signal, ...]] = (Signal("calm", "bool", "No boom"),)

    def measure(self, doc):
        if "boom" in doc.text:
            raise ValueError("boom")
        return {"calm": True}


def test_what_might_fail_later_is_undecided(tmp_path):
    docs = [Document(str(n), "boom" * (n % 2) + "x" * n) for n in range(20)]
    pipe = Length(9) | Picky()
    truth = len(kept(again(pipe, 0, min_length=2), docs))
    for measure_all, least in ((True, truth), (False, 0)):
        for form in ("parquet", "jsonl"):
            out = tmp_path / f"{form}{measure_all}"
            report = pipe.run(docs, out, format=form, measure_all=measure_all)
            row = report.sweep("length", [2]).rows[0]
            assert least <= row.kept <= truth <= row.kept + row.undecided
            assert row.undecided > 0


def test_pages_too_large_to_extract_are_undecided():
    said = b"".join(b"Water boils at %d degrees on the sea with that salt. " % n for n in range(9))
    page = b"<html><body><article><p>" + said + b"</p></article></body></html>"
    docs = [Document("small", html=page), Document("large", html=page + b" " * 9_000)]
    extract = wf.Extract(engine="resiliparse", seconds=None, memory_mb=None, max_bytes=5_000)
    report = measured(extract | GopherQuality(), docs)
    row = report.sweep("html_bytes", [20_000]).rows[0]
    assert (row.kept, row.undecided) == (1, 1)
    removed = {row.reason: row for row in report.removal()}
    assert removed["words"].violated == 0
    assert (removed["html_bytes"].only, removed["html_bytes"].undecided) == (0, 1)


def test_a_stage_that_no_recipe_can_name_needs_the_pipeline(docs, tmp_path):
    report = PIPE.run(docs, tmp_path / "out", measure_all=True)
    truth = report.sweep("words", [20])
    loaded = Report.load(tmp_path / "out" / "report.json")
    assert loaded.sweep("words", [20], pipe=PIPE) == truth
    alone = loaded.sweep("words", [20])
    assert alone.rows[0].violated == truth.rows[0].violated
    assert alone.rows[0].kept >= truth.rows[0].kept
    assert "not in the catalogue" in alone.notes[0]
    assert not alone.exact
    assert sum(row.decided for row in loaded.removal()) == report.dropped


def test_a_recipe_is_enough(docs, tmp_path):
    pipe = GopherRepetition() | GopherQuality(min_words=9) | FineWebQuality()
    report = pipe.run(docs, tmp_path / "out", measure_all=True)
    loaded = Report.load(tmp_path / "out")
    assert loaded.pipe is None
    assert loaded.sweep("words", [4, 20]) == report.sweep("words", [4, 20])
    assert loaded.removal() == report.removal()


def test_given_signals_are_found_where_they_were_written(docs, tmp_path):
    (Length(2) | Vowels(None, None)).run(docs, tmp_path / "a")
    again_read = list(wf.read(tmp_path / "a" / "kept"))
    judge = Judge((Rule("vowel_ratio", ge=0.35), Rule("length", ge=60)), given=True)
    for form in ("parquet", "jsonl"):
        report = judge.__or__(Upper()).run(again_read, tmp_path / form, format=form)
        for row in report.sweep("vowel_ratio", [0.1, 0.4]):
            moved = Judge((Rule("vowel_ratio", ge=row.limit), Rule("length", ge=60)), given=True)
            assert row.kept == len(kept(Pipeline((moved, Upper())), again_read))
            assert row.undecided == 0


def test_a_moved_run_folder_is_read_where_it_is(docs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = PIPE.run(docs, "run-1", measure_all=True)
    truth = report.sweep("words", [20])
    (tmp_path / "run-1").rename(tmp_path / "elsewhere")
    other = PIPE.run(docs[:50], "run-1", measure_all=True)  # another run where the first one was
    assert Report.load("elsewhere").sweep("words", [20], pipe=PIPE) == truth
    assert Report.load("run-1/report.json").sweep("words", [20], pipe=PIPE).documents == 50
    monkeypatch.chdir("/")
    assert Report.load(tmp_path / "elsewhere").sweep("words", [20], pipe=PIPE) == truth
    with pytest.raises(SourceError, match="kept documents of the run are not there"):
        other.sweep("words", [20])


def test_files_of_another_run_are_refused(docs, tmp_path):
    report = PIPE.run(docs, tmp_path / "out", measure_all=True)
    PIPE.run(docs[:99], tmp_path / "out", measure_all=True, overwrite=True)
    with pytest.raises(SourceError, match="these are not the files"):
        report.sweep("words", [20])
    again(PIPE, 4, min_words=9).run(docs, tmp_path / "out", overwrite=True)
    with pytest.raises(SourceError, match="is of another run"):
        report.sweep("words", [20])
    (tmp_path / "out" / "kept" / "part-00000.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(SourceError, match="not a readable Parquet file"):
        report.sweep("words", [20])


def test_documents_that_nobody_stored_are_asked_for(docs, tmp_path):
    with pytest.raises(SourceError, match=r"run with out=\.\.\."):
        PIPE.run(docs, kept=wf.write.memory()).sweep("words", [20])
    with pytest.raises(SourceError, match="did not write its dropped documents"):
        PIPE.run(docs, kept=tmp_path / "kept").sweep("words", [20])


def test_damaged_lines_are_refused(docs, tmp_path):
    report = PIPE.run(docs, tmp_path / "out", format="jsonl")
    path = tmp_path / "out" / "dropped" / "part-00000.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SourceError, match="damaged"):
        report.sweep("words", [20])


def test_damaged_signals_are_refused_and_never_other_signals(docs, tmp_path):
    report = PIPE.run(docs, tmp_path / "out", measure_all=True)
    truth = report.sweep("words", [20])
    path = tmp_path / "out" / "dropped" / "part-00000.parquet"
    group, data = pq.ParquetFile(path).metadata.row_group(0), path.read_bytes()
    columns = [group.column(index) for index in range(group.num_columns)]
    (words,) = (column for column in columns if column.path_in_schema == "words")
    for start in {words.data_page_offset, words.dictionary_page_offset} - {None}:
        for at in range(start + 40, start + 100, 3):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            with suppress(SourceError):
                assert report.sweep("words", [20]) == truth, at


def test_nothing_at_all_can_be_asked():
    report = Report.of(PIPE, [])
    assert report.sweep("words", [20]).rows[0].kept == 0
    assert len(report.borderline("words")) == 0
    assert "0 of 0 documents" in str(report.removal())
    for said in (report.sweep("words", [1]), report.borderline("words"), report.removal()):
        assert said.to_html()


def test_documents_in_memory_have_a_report(docs):
    report = Report.of(PIPE, PIPE(docs))
    ran = PIPE.run(docs, kept=wf.write.memory())
    assert (report.total, report.kept, report.dropped) == (ran.total, ran.kept, ran.dropped)
    assert [(r.name, r.dropped, r.undefined) for r in report.stages] == [
        (r.name, r.dropped, r.undefined) for r in ran.stages if r.name != "read"
    ]
    assert report.sweep("words", [12]).rows[0].change == 0
    with pytest.raises(ConfigError, match="give documents"):
        Report.of(PIPE, ["text"])
