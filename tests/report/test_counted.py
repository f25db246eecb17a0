"""The counts of sweeps and removals, against loops over the documents themselves."""

import random
import re
from collections import Counter

import pytest
from reruns import Vowels, measured, texts
from test_sweep import Tongue
from toys import FirstOf, Length

import webfilter as wf
from webfilter import (
    ByLanguage,
    ConfigError,
    Document,
    Filter,
    GopherQuality,
    Judge,
    Report,
    Rule,
    Signal,
)

QUALITY = {
    "en": GopherQuality(min_words=9, max_words=40),
    "de": GopherQuality(min_words=20, max_words=40),
}


class Startled(Filter):
    """Raises on one text in nine."""

    measures = (Signal("nine", "int", "Rest"),)

    def measure(self, doc):
        if len(doc.text) % 9 == 4:
            raise ValueError("nine")
        return {"nine": len(doc.text) % 9}


PIPE = (
    Tongue()
    | Length(30, 320)
    | Vowels(0.3, 0.45)
    | Startled()
    | ByLanguage(QUALITY, default=None)
    | Judge((Rule("language", isin={"en", "de"}),))
)
OWNERS = {"language": 0, "length": 1, "vowel_ratio": 2, "shouts": 2, "nine": 3}
"""Place of the stage that measures a signal; 4 for what is not here."""


@pytest.fixture(scope="module", params=["memory", "parquet", "jsonl"])
def stored(request, tmp_path_factory):
    """Return, for a run that measures everything and one that does not, report and documents."""
    docs = texts(random.Random(11), 200)
    found = []
    for full in (True, False):
        if request.param == "memory":
            report = measured(PIPE, docs, measure_all=full)
            found.append((report, report.documents))
            continue
        out = tmp_path_factory.mktemp("run") / "out"
        report = PIPE.run(docs, out, measure_all=full, format=request.param, progress=False)
        kinds = ("kept", "dropped", "failed")
        marked = [doc for kind in kinds for doc in wf.read(out / kind, verdicts=True)]
        found.append((report, marked))
    return found


def reached(doc, signal, measure_all):
    """Return whether the stage that measures a signal has measured a document."""
    if doc.verdict is None:
        return True
    at, owner = PIPE.names.index(doc.verdict.stage), OWNERS.get(signal, 4)
    if doc.verdict.kind == "failed" or owner < at:
        return owner < at
    return owner == at or (
        measure_all and (signal != "nine" or doc.signals.get("nine") is not None)
    )


def speaks(doc, language):
    return language is None or doc.signals.get("language") == language


ASKED = [
    *(("length", "ge", None), ("length", "le", None), ("vowel_ratio", "gt", None)),
    *(("vowel_ratio", "lt", None), ("words", "ge", "en"), ("words", "ge", "de")),
    *(("stop_words", "ge", "en"), ("words", "le", None), ("nine", "ge", None)),
]


@pytest.mark.parametrize(("signal", "bound", "language"), ASKED)
def test_a_sweep_counts_what_was_measured_undefined_and_violated(stored, signal, bound, language):
    for report, marked in stored:
        full = report.measure_all
        limit = 0.36 if signal == "vowel_ratio" else 25 if signal in ("words", "length") else 3
        swept = report.sweep(signal, [limit], bound=bound, language=language, pipe=PIPE)
        rule = Rule(signal, **{bound: limit})
        judged = {"en", "de"} if language is None and OWNERS.get(signal, 4) == 4 else {language}
        mine = [doc for doc in marked if judged == {None} or doc.signals.get("language") in judged]
        known = [doc for doc in mine if reached(doc, signal, full)]
        values = [doc.signals.get(signal) for doc in known]
        assert swept.rows[0].violated == sum(rule.violated(v) is not None for v in values)
        assert swept.undefined == values.count(None)
        assert swept.unmeasured == sum(
            doc.verdict.kind == "dropped" for doc in mine if doc not in known
        )
        assert (swept.documents, swept.kept) == (200, report.kept)
        said = str(swept)
        assert ("had been dropped before" in said) == bool(swept.unmeasured)
        assert ("undefined on" in said) == bool(swept.undefined)


def test_a_removal_counts_each_rule_of_each_language(stored):
    for report, marked in stored:
        verdicts = Counter(
            (doc.verdict.stage, doc.verdict.signal, doc.verdict.limit, doc.verdict.op)
            for doc in marked
            if doc.verdict is not None and doc.verdict.kind == "dropped"
        )
        removed = report.removal(pipe=PIPE)
        assert sum(row.decided for row in removed) == report.dropped
        ops = {"ge": "<", "gt": "<=", "le": ">", "lt": ">=", "in": "not in"}
        for row in removed:
            isin = {"en", "de"} if row.op == "in" else None
            limits = {} if isin else {row.op: row.limit}
            rule = Rule(row.reason, isin=isin, **limits)
            known = [doc for doc in marked if reached(doc, row.reason, report.measure_all)]
            assert row.violated == sum(
                rule.violated(doc.signals.get(row.reason)) is not None
                for doc in known
                if speaks(doc, row.language)
            )
            mine = [doc for doc in marked if speaks(doc, row.language)]
            assert row.unmeasured == sum(
                doc.verdict.kind == "dropped" for doc in mine if doc not in known
            )
            rows = [r for r in removed if (r.stage, r.reason, r.op, r.limit)
                    == (row.stage, row.reason, row.op, row.limit)]  # fmt: skip
            decided = verdicts[row.stage, row.reason, row.limit, ops[row.op]]
            assert sum(r.decided for r in rows) == decided


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_what_verdicts_alone_tell_is_what_the_pipeline_tells(tmp_path, form):
    judge = Judge((Rule("language", isin={"en", "de"}),))
    pipe = Tongue() | Length(30) | judge | FirstOf() | Vowels(0.3, 0.45)
    docs = texts(random.Random(3), 80)
    docs += [Document(f"e{doc.id}", doc.text, signals=doc.signals) for doc in docs]
    known = pipe.run(docs, tmp_path / "run", format=form, progress=False)
    alone = Report.load(tmp_path / "run")
    decided = [
        sorted((row.stage, row.decided) for row in report.removal() if row.decided)
        for report in (known, alone)
    ]
    assert decided[0] == decided[1]
    assert sum(count for _, count in decided[0]) == known.dropped
    for signal, limits in (("length", [0, 30, 50]), ("shouts", [0, 1])):
        asked, told = (report.sweep(signal, limits).rows for report in (known, alone))
        if signal == "shouts":  # nothing comes after it
            assert told == asked
        assert [row.violated for row in told] == [row.violated for row in asked]
    notes = alone.sweep("length", [50]).notes
    assert any(note.startswith("first_of compares documents") for note in notes)
    assert not any("judge" in note for note in notes)
    with pytest.raises(ConfigError, match="'language' cannot be judged again: judge does not"):
        alone.sweep("language", [1])
    assert not alone.sweep("shouts", [0]).exact


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_documents_are_found_wherever_they_are_stored(tmp_path, monkeypatch, form):
    monkeypatch.setattr("webfilter.report.stored.ROWS", 7)
    docs = texts(random.Random(9), 100)
    pipe = Length(30, 320) | Vowels(0.3, 0.45)
    pipe.run(docs, tmp_path / "run", measure_all=True, format=form, progress=False)
    stored, held = Report.load(tmp_path / "run"), measured(pipe, docs)
    for n in (3, 40):
        near, truth = (
            report.borderline("length", n, bound="ge", others=True, pipe=pipe)
            for report in (stored, held)
        )
        assert [
            (c.document.id, c.document.text, c.value, c.margin, c.kept) for c in near.cases
        ] == [(c.document.id, c.document.text, c.value, c.margin, c.kept) for c in truth.cases]
        assert (near.others, near.notes, near.language) == (True, truth.notes, None)


def test_a_comparison_after_the_rule_makes_its_counts_bounds():
    docs = [Document(str(n), "water " * (n % 5 + 1)) for n in range(10)]
    later = Length(13) | FirstOf()
    report = measured(later, docs)
    assert report.sweep("length", [13, 20]).exact is False
    assert report.removal().exact is False
    assert len(report.removal()) == 2
    before = measured(FirstOf() | Length(13), docs)
    assert before.sweep("length", [13, 20]).exact
    assert not any("compares" in note for note in before.sweep("length", [20]).notes)


def cells(text):
    return [re.split(r"  +", line.strip()) for line in text.splitlines()]


def test_a_removal_shows_what_each_rule_violates_decides_and_alone_removes():
    words = (50, 3, 4, 200, 20, 20, 7, 5)
    pipe = wf.Judge(
        (Rule("words", ge=5, le=100), Rule("loud", le=0), Rule("calm", ge=0)), given=True
    ) | Judge((Rule("of", isin={"a"}),), given=True)  # fmt: skip
    docs = [
        Document(str(n), signals={
            "words": count, "loud": int(n in (1, 4)), "calm": 1, "of": "ab"[n in (1, 6)],
        })
        for n, count in enumerate(words)
    ]  # fmt: skip
    removed = Report.of(pipe, pipe(docs), measure_all=True).removal()
    assert removed.exact
    assert (removed.size, removed.kept_size, removed.unit) == (0, 0, "")
    assert cells(str(removed))[:8] == [
        ["3 of 8 documents kept"],
        [""],
        ["stage", "broken", "violated", "decided", "only this"],
        ["judge", "words < 5", "2", "25.0 %", "2", "1"],
        ["words > 100", "1", "12.5 %", "1", "1"],
        ["loud > 0", "2", "25.0 %", "1", "1"],
        ["1 rule, never broken", "-"],
        ["judge_2", "of not in the accepted set", "2", "25.0 %", "1", "1"],
    ]
    assert [row.rule for row in removed][:2] == ["words < 5", "words > 100"]


def test_shares_of_words_are_of_what_is_violated_and_of_what_nothing_else_removes():
    docs = [Document(str(n), "the water boils and steams " * n) for n in range(1, 9)]
    pipe = GopherQuality(min_words=12, max_words=30) | Length(30)
    said = cells(str(measured(pipe, docs).removal()))
    assert said[2:5] == [
        ["stage", "broken", "violated", "decided", "only this", "words", "only this"],
        ["gopher_quality", "words < 12", "2", "25.0 %", "2", "1", "8.3 %", "5.6 %"],
        ["words > 30", "2", "25.0 %", "2", "2", "41.7 %", "41.7 %"],
    ]
    assert said[-4][:5] == ["length", "length < 30", "1", "12.5 %", "-"]


def test_without_the_pipeline_a_signal_that_no_verdict_names_wants_its_stage(tmp_path):
    pipe = Vowels(None, None, quiet=False) | wf.Length(min_words=5)
    pipe.run(texts(random.Random(1), 60), tmp_path / "out", progress=False)
    report = wf.Report.load(tmp_path / "out")
    with pytest.raises(ConfigError, match="which stage measured 'vowel_ratio' is not known"):
        report.sweep("vowel_ratio", [0.3, 0.4], bound="gt")
    told, known = (
        report.sweep("vowel_ratio", [0.3, 0.4], bound="gt", **more)
        for more in ({"stage": "vowels"}, {"pipe": pipe})
    )
    assert told.rows == known.rows
    assert (told.undefined, told.unmeasured) == (known.undefined, known.unmeasured) == (8, 0)
