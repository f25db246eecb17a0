import io
import json
import random
import threading

import pytest
from reruns import Cut, Vowels, measured, texts
from test_report_page import EVIL, Checker
from test_sweep import MOVES, PIPE
from toys import Length

import webfilter as wf
from webfilter import ConfigError, Document, GopherQuality, Judge, Report, Rule


@pytest.fixture(scope="module")
def docs():
    return texts(random.Random(11), 120)


@pytest.fixture(scope="module")
def report(docs):
    return measured(PIPE, docs)


BOUNDS = [
    (each.signal, op, Rule(each.signal, **{op: edge}))
    for step in PIPE.steps
    for each in step.rules
    for op, edge in each.bounds()
]


def by_hand(report, signal, bound, limit, n, others):
    """Return (id, kept by the rule) of the nearest, told from whole documents."""
    rule = Rule(signal, **{bound: limit})
    found = []
    for doc in report.documents:
        value = doc.signals.get(signal)
        broken = [
            name
            for name, op, each in BOUNDS
            if (name, op) != (signal, bound) and each.violated(doc.signals.get(name))
        ]
        if value is not None and (others or not broken):
            found.append((abs(value - limit), doc.id, rule.violated(value) is None))
    return [(name, kept) for _, name, kept in sorted(found)[:n]]


@pytest.mark.parametrize("others", [True, False])
@pytest.mark.parametrize("n", [7, 500])
def test_the_nearest_come_first_and_ties_by_id(report, others, n):
    for signal, bound, place, field, *_ in MOVES:
        limit = getattr(PIPE.steps[place], field)
        near = report.borderline(signal, n, bound=bound, others=others)
        told = [(case.document.id, case.kept) for case in near.cases]
        assert told == by_hand(report, signal, bound, limit, n, others)
        assert [doc.id for doc in near] == [name for name, _ in told]


def test_it_is_a_sequence_of_documents(report):
    near = report.borderline("words", n=6, others=True)
    assert len(near) == 6
    assert near[0] is report.borderline("words", n=1, others=True)[0]
    assert near[:2] == tuple(near)[:2]
    assert near[-1] in near
    assert wf.write.to_arrow(near).num_rows == 6
    case = near.cases[0]
    assert case.value == case.document.signals["words"]
    assert abs(case.margin) == abs(case.value - near.limit)
    assert (case.margin < 0) == (case.side == "dropped")


def test_margins_are_negative_where_the_rule_drops(report):
    for case in report.borderline("vowel_ratio", 50, bound="lt", others=True).cases:
        assert case.kept == (case.value < 0.45)
        assert case.margin == pytest.approx(0.45 - case.value)


@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_documents_come_back_whole_from_the_run_folder(docs, tmp_path, form, report):
    stored = PIPE.run(docs, tmp_path / "out", format=form, measure_all=True)
    for signal in ("words", "length", "vowel_ratio"):
        found = stored.borderline(signal, n=12, others=True)
        assert [c.margin for c in found.cases] == [
            c.margin for c in report.borderline(signal, n=12, others=True).cases
        ]
        for mine, theirs in zip(found, report.borderline(signal, n=12, others=True), strict=True):
            assert (mine.id, mine.text, mine.signals) == (theirs.id, theirs.text, theirs.signals)
            assert mine.verdict == theirs.verdict or not mine.text


def test_rows_are_found_across_row_groups(tmp_path):
    docs = [Document(f"d{n:05}", "x" * (n % 700)) for n in range(3_000)]
    pipe = Length(350) | Vowels(None, None)
    report = pipe.run(docs, tmp_path / "out")
    near = report.borderline("length", 9)
    assert [len(doc.text) for doc in near] == [350] * 4 + [349, 351] * 2 + [349]
    assert [doc.id for doc in near][:4] == ["d00350", "d01050", "d01750", "d02450"]


def test_no_thread_of_pyarrow_reads_the_files(docs, tmp_path, monkeypatch):
    # one that is at work when the process ends aborts it
    seen = set()

    class Watched(io.FileIO):
        def read(self, size=-1):
            seen.add(threading.get_ident())
            return super().read(size)

    stored = PIPE.run(docs, tmp_path / "out", measure_all=True)
    monkeypatch.setattr("webfilter.read.paths._open", lambda path, storage: Watched(path))
    assert len(stored.borderline("words", n=12, others=True)) == 12
    assert seen == {threading.get_ident()}


def test_the_terminal_draws_the_limit(report):
    said = str(report.borderline("words", 8, others=True)).splitlines()
    assert said[0] == "words in gopher_quality: 8 documents nearest to < 12"
    assert said[2].split() == ["words", "margin", "by", "this", "rule", "document"]
    rule = next(i for i, line in enumerate(said) if line.startswith("---"))
    assert all("dropped" in line for line in said[3:rule])
    assert all("kept" in line for line in said[rule + 1 :])


def test_the_data_is_json(report):
    said = json.loads(json.dumps(report.borderline("words", 2).to_dict(), allow_nan=False))
    assert said["limit"] == 12
    assert said["cases"][0].keys() == {"id", "url", "value", "margin", "side", "verdict", "text"}


def test_bad_questions_are_clear_errors(report):
    for n in (0, -1, 2.0, True):
        with pytest.raises(ConfigError, match="whole number"):
            report.borderline("words", n)
    with pytest.raises(ConfigError, match="had no limit 'le' on 'stop_words'"):
        report.borderline("stop_words", bound="le")
    with pytest.raises(ConfigError, match="bound='ge'"):
        measured(Vowels(None, None) | Cut(), []).borderline("vowel_ratio")


def test_nothing_foreign_breaks_out():
    signal = wf.Signal(EVIL, "float", EVIL, EVIL)
    pipe = Judge((Rule(EVIL, ge=1.0),), given=True)
    docs = [
        Document(f"{n}{EVIL}", EVIL, url=EVIL if n else None, signals={EVIL: n}) for n in range(3)
    ]
    report = Report.of(pipe, pipe(docs))
    assert signal.name in report.stages[0].dropped
    for said in (report.borderline(EVIL), report.sweep(EVIL, [1, 2]), report.removal()):
        for page in (said.to_html(), said._repr_html_()):
            Checker(page)
            page.encode()
            assert "\u202e" not in page
        assert not {"\u202e", "\x00", "\ud800"} & set(str(said))


def test_pages_need_nothing_else(report):
    for said in (
        report.borderline("words"),
        report.sweep("words", [1, None]),
        report.removal(),
    ):
        assert "default-src 'none'" in said.to_html()
        assert said.to_html().count("<h1>") == 1
        Checker(said._repr_html_())


def test_a_stage_alone_is_a_pipeline():
    gopher = GopherQuality(min_words=3, min_stop_words=None)
    docs = gopher([Document("a", "Water boils here today."), Document("b", "Water boils")])
    assert [c.side for c in Report.of(gopher, docs).borderline("words").cases] == [
        "kept",
        "dropped",
    ]


def test_numbers_beyond_all_floats_have_a_margin():
    judge = Judge((Rule("visits", ge=10),), given=True)
    doc = Document("a", signals={"visits": 10**400})
    for said in (
        Report.of(judge, judge([doc])).borderline("visits"),
        wf.Pipeline((judge,)).explain(doc),
    ):
        json.dumps(said.to_dict(), allow_nan=False)
        assert "1.798e+308" in str(said)
        assert "1.798e+308" in said.to_html()
