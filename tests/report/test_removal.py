import json
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reruns import Vowels, again, kept, measured, texts
from test_sweep import MOVES, PIPE, Tongue
from toys import Breaks, FirstOf, Length

import webfilter as wf
from webfilter import (
    ByLanguage,
    Document,
    GopherQuality,
    Judge,
    Pipeline,
    Report,
    Rule,
    Verdict,
    Where,
)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_only_one_rule_removes_is_what_switching_it_off_keeps(seed):
    docs = texts(random.Random(seed), 60)
    report = measured(PIPE, docs)
    removed = report.removal()
    assert removed.exact
    rows = {(row.reason, row.op): row for row in removed}
    for signal, bound, place, field, *_ in MOVES:
        row = rows[signal, bound]
        without = kept(again(PIPE, place, **{field: None}), docs)
        assert row.only == len(without) - report.kept
        rule = Rule(signal, **{bound: getattr(PIPE.steps[place], field)})
        assert row.violated == sum(
            rule.violated(doc.signals.get(signal)) is not None for doc in report.documents
        )
    normal = measured(PIPE, docs, measure_all=False).removal()
    for exact, bounded in zip(removed, normal, strict=True):
        assert bounded.violated <= exact.violated <= bounded.violated + bounded.unmeasured
        assert bounded.only <= exact.only <= bounded.only + bounded.undecided
        assert bounded.decided == exact.decided


def reasons(report):
    """Return what the report's own counts say that each rule decided."""
    return Counter(
        {
            f"{row.name}: {reason.name} {reason.limit}".strip(): reason.count
            for row in report.stages
            for reason in row.reasons()
            if reason.kind == "dropped"
        }
    )


@pytest.mark.parametrize("measure_all", [True, False])
def test_what_each_rule_decided_is_what_the_report_counts(tmp_path, measure_all):
    docs = [*texts(random.Random(3), 100), *texts(random.Random(3), 20), Document("b", "boom " * 9)]
    pipe = Length(9, 300) | Breaks() | FirstOf() | GopherQuality(min_words=9)
    source = [{"text": doc.text, "id": f"{n}"} for n, doc in enumerate(docs)] + [{"text": ""}]
    report = pipe.run(source, tmp_path / "out", measure_all=measure_all)
    removed = report.removal()
    told = Counter({f"{row.stage}: {row.rule}": row.decided for row in removed if row.decided})
    assert told == reasons(report)
    assert sum(row.decided for row in removed) == report.dropped
    assert (removed.documents, removed.kept) == (report.total, report.kept)
    copies = next(row for row in removed if row.stage == "first_of")
    assert (copies.reason, copies.op, copies.limit) == ("copy", None, None)
    assert "first_of compares documents with each other" in str(removed)


def test_shares_of_words_and_characters(tmp_path):
    docs = [Document(str(n), "the water boils and steams " * n) for n in range(1, 9)]
    pipe = Pipeline((GopherQuality(min_words=12, max_words=30),))
    report = pipe.run(docs, tmp_path / "out", measure_all=True)
    short, long, *_ = report.removal()
    assert (short.violated_size, long.violated_size) == (5 + 10, 35 + 40)
    assert (short.only, long.only_size) == (2, 75)
    removed = report.removal(characters=True)
    assert (removed.unit, removed.size) == ("characters", 27 * 36)
    assert next(iter(removed)).violated_size == 27 * 3
    assert report.removal().size == 5 * 36
    assert report.removal().kept_size == 5 * (3 + 4 + 5 + 6)


def test_without_measuring_all_the_counts_are_bounds_and_say_so():
    docs = texts(random.Random(5), 80)
    removed = measured(PIPE, docs, measure_all=False).removal()
    assert not removed.exact
    assert removed.unit == ""
    said = str(removed)
    for part in (">= ", "<= ", "measure_all=True", "shares of words are left out"):
        assert part in said
    said.encode("cp1252")  # as on Windows, where what is printed goes to a file
    page = removed.to_html()
    assert {"≥", "≤"} <= set(page)
    assert not {"&gt;=", "&lt;="} & set(page.split())
    assert "measure_all=True" not in str(measured(PIPE, docs).removal())


def test_rules_by_language_stand_apart():
    docs = texts(random.Random(2), 60)
    stages = {"en": GopherQuality(min_words=9), "de": GopherQuality(min_words=20)}
    pipe = Pipeline((Judge((Rule("language", isin={"en", "de", "fr"}),), given=True),))
    removed = measured(Tongue() | ByLanguage(stages), docs).removal()
    rules = {row.rule for row in removed}
    assert {"words < 9 (en)", "words < 20 (de)"} <= rules
    assert sum(row.decided for row in removed) == removed.documents - removed.kept
    first = measured(pipe, docs).removal().rows[0]
    assert (first.rule, first.decided) == (
        "language not in the accepted set",
        first.violated,
    )


@pytest.mark.parametrize("measure_all", [True, False])
def test_a_function_is_judged_again_like_any_rule(measure_all):
    def loud(doc):
        return None if doc.id.endswith("7") else "!" not in doc.text

    docs = texts(random.Random(5), 60)
    pipe = Pipeline((Vowels(None, 0.4, quiet=False), Where(loud, "too loud")))
    report = measured(pipe, docs, measure_all=measure_all)
    row = report.removal().rows[-1]
    without = Pipeline(pipe.steps[:1])
    more = len(kept(without, docs)) - report.kept
    assert more > 0
    assert (row.reason, row.decided, row.only) == ("where_too_loud", more, more)
    assert not any("do not lead" in note for note in report.removal().notes)
    [off] = report.sweep("where_too_loud", [None])
    assert off.change == more


def test_resolved_stages_are_taken_at_their_word():
    docs = texts(random.Random(4), 50)
    docs += [Document(f"e{doc.id}", doc.text) for doc in docs]
    pipe = (Length(60) | wf.ExactDedup() | GopherQuality(min_words=9)).fit(docs)
    report = measured(pipe, docs)
    copies = next(row for row in report.removal() if row.reason == "duplicate")
    assert copies.decided > 0
    row = report.sweep("length", [20]).rows[0]
    assert row.kept == report.kept
    truth = len(kept(again(pipe, 0, min_length=20), docs))
    assert row.kept <= truth <= row.kept + row.undecided


def test_another_pipeline_is_found_out():
    docs = texts(random.Random(6), 60)
    report = measured(Length(9) | GopherQuality(min_words=9), docs)
    other = Length(9) | GopherQuality(min_words=25)
    said = report.sweep("words", [9], pipe=other)
    assert report.sweep("words", [25], pipe=other).rows[0].change == 0  # its own "as run"
    assert "do not lead to the verdicts" in said.notes[-1]
    assert not said.exact
    assert report.removal(pipe=other).notes == said.notes


def test_documents_that_came_judged_belong_to_no_rule():
    docs = [Document("a", "xxxx"), Document("b", "x").drop(Verdict("elsewhere", "odd"))]
    docs += [Document(name, "x").drop(Verdict("elsewhere", "even")) for name in "cd"]
    pipe = Length(3)
    report = Report.of(pipe, pipe(docs))
    assert report.total == 4
    rows = {(row.stage, row.reason): row for row in report.removal()}
    for reason, count in (("odd", 1), ("even", 2)):
        row = rows["read", reason]
        assert (row.decided, row.violated, row.unmeasured, row.only) == (count, count, 0, 0)
    assert report.sweep("length", [0]).rows[0].kept == 1


def test_the_data_is_json():
    said = measured(PIPE, texts(random.Random(1), 20)).removal().to_dict()
    said = json.loads(json.dumps(said, allow_nan=False))
    assert {"stage", "reason", "op", "limit", "violated", "decided", "only"} <= said["rows"][
        0
    ].keys()


def test_bad_words_are_judged_again_unless_some_pages_are_let_through():
    texts = ["flat earth", "round", "flat earth and chemtrails", "chemtrails", "flat"]
    words = {"words": ("flat earth", "chemtrails"), "lists": (), "max_bad_word_ratio": None}
    pipe = wf.Length(min_words=2) | wf.BadWords(max_bad_words=0, **words)
    report = wf.Report.of(pipe, pipe(texts))
    assert [row.kept for row in report.sweep("bad_words", [0, 2]).rows] == [0, 2]
    some = Pipeline((wf.BadWords(max_bad_words=0, keep_fraction=0.5, **words),))
    with pytest.raises(wf.ConfigError, match="bad_words"):
        wf.Report.of(some, some(texts)).sweep("bad_words", [2])
