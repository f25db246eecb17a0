"""The cascade: what clearly fails on a draft is dropped, and nothing else changes."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import pytest
from halves import Cut, Half, Letters, Tongue, two
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import page
from toys import FirstOf, Quota

import webfilter as wf
from webfilter import catalog
from webfilter.document import Document
from webfilter.errors import ConfigError, RunError, UnknownName
from webfilter.extract import Cascade, Extract
from webfilter.pipeline import Pipeline
from webfilter.testing import check_stage

HERE = {"seconds": None, "memory_mb": None}
DRAFT = Extract(engine="resiliparse", fallback=None, **HERE)


@dataclass(frozen=True)
class Wants(Cut):
    """Changes a text by what dedup said of it."""

    needs = ("exact_duplicate_cluster",)


@dataclass(frozen=True)
class Loses(Half):
    """Returns other documents than it was given."""

    def process(self, batch):
        return [replace(doc, id="other") for doc in super().process(batch)]


@dataclass(frozen=True)
class Stops(Half):
    """Finds the machine broken."""

    def process(self, batch):
        raise RunError("no child process can be started")


def cascade(**fields) -> Cascade:
    given = {"draft": Half(0), "final": Half(1), "second": None, "audit": 0.0, **fields}
    return Cascade(**given)


def run(pipe: Pipeline, *pages: bytes) -> list[Document]:
    return pipe([Document(f"p{n}", html=html) for n, html in enumerate(pages)])


def verdicts(pipe: Pipeline, *pages: bytes) -> list[str]:
    return [str(doc.verdict) for doc in run(pipe, *pages)]


def test_contract():
    check_stage(cascade(screen=(Letters(),)))
    check_stage(
        Cascade(Extract(**HERE), DRAFT, Extract(engine="plain", fallback=None, **HERE),
                screen=(wf.Length(min_words=9),), audit=0.3),
        [Document("page", html=page().encode()), Document("short", html=b"<p>Too short.")],
    )  # fmt: skip


def test_a_draft_that_clearly_fails_is_dropped_with_its_value_and_the_limit_after_slack():
    pipe = cascade() | Letters()
    [doc] = run(pipe, two("b" * 49, "b" * 500))
    assert str(doc.verdict) == "cascade: letters.letters 49 < 50"
    assert doc.text == "b" * 49
    assert doc.html is not None
    assert doc.signals == {
        "draft_characters": 49,
        "screened_by": "letters.letters",
        "cascade_audit": False,
    }


def test_what_passes_is_what_the_final_stage_makes_of_it_and_is_judged_by_it():
    pages = [two("b" * 50, "b" * 500), two("b" * 500, "b" * 99), two("b" * 500, "b" * 100)]
    plain = run(Half(1) | Letters(), *pages)
    ours = run(cascade() | Letters(), *pages)
    for one, other in zip(plain, ours, strict=True):
        added = {"draft_characters": len(pages[int(other.id[1:])].split(b"|")[0])}
        added |= {"screened_by": None, "cascade_audit": False}
        assert other == replace(one, signals={**one.signals, **added})
    assert [str(doc.verdict) for doc in ours] == ["None", "letters: letters 99 < 100", "None"]


def test_a_failing_draft_is_not_a_drop():
    pipe = cascade() | Letters()
    pages = [two("unfit", "b" * 500), two("boom", "b" * 500), two("break", "b" * 500)]
    assert verdicts(pipe, *pages) == ["None"] * 3
    assert [doc.signals["draft_characters"] for doc in run(pipe, *pages)] == [None, None, 5]
    alone = cascade(screen=(Letters(),))
    docs = [Document(str(n), html=html) for n, html in enumerate(pages)]
    assert [doc.text for doc in alone.process(docs)] == ["b" * 500] * 3
    assert verdicts(pipe, two("b" * 99, "boom")) == ["cascade failed: ValueError: boom"]


def test_a_draft_of_another_document_is_none_and_a_broken_machine_is_nobody_s_draft():
    [doc] = run(cascade(draft=Loses()) | Letters(), two("b" * 9, "b" * 500))
    assert (doc.id, str(doc.verdict), doc.text) == ("p0", "None", "b" * 500)
    with pytest.raises(RunError):
        cascade(draft=Stops(), screen=(Letters(),)).process([Document("a", html=two("b", "b"))])


def test_an_empty_draft_is_no_draft():
    pipe = Cascade(Extract(**HERE), DRAFT, None, audit=0.0) | wf.Length(min_words=10)
    [doc] = pipe([Document("a", html=b"<nav><a href=/>Home</a></nav>")])
    assert doc.signals["draft_characters"] is None
    assert doc.verdict.reason == "extracted_characters" or doc.signals["extract_engine"]


def test_documents_without_html_go_straight_to_the_final_stage():
    [doc] = (cascade() | Letters())([Document("a", "b" * 99)])
    assert str(doc.verdict) == "letters: letters 99 < 100"
    assert doc.signals["draft_characters"] is None


def test_both_drafts_must_miss_the_same_limit():
    pipe = cascade(second=Half(2)) | Letters() | Tongue()
    few, many, other = "X" * 10, "X" * 500, "a" * 500
    assert verdicts(pipe, two(few, many, few)) == ["cascade: letters.letters 10 < 50"]
    assert verdicts(pipe, two("Z" * 10, many, few)) == ["cascade: letters.letters 10 < 50"]
    assert verdicts(pipe, two(few, many, many)) == ["None"]
    assert verdicts(pipe, two(few, many, other)) == ["None"]  # it misses another one
    assert verdicts(pipe, two("Z" * 10, many, "Z" * 500)) == [
        "cascade: tongue.tongue 'other' not in the accepted set"
    ]
    assert verdicts(pipe, two(few, many, "unfit")) == ["None"]
    assert verdicts(pipe, two(few, many, "break")) == ["None"]
    assert verdicts(pipe, two(few, many, "boom")) == ["None"]


def test_the_second_draft_stands_in_for_the_first():
    pipe = cascade(second=Half(2)) | Letters()
    few, many = "b" * 10, "b" * 500
    pages = [two("boom", many, few), two("unfit", many, few), two("unfit", many, many), two("boom", many, "boom")]  # fmt: skip  # noqa: E501
    assert verdicts(pipe, *pages) == ["cascade: letters.letters 10 < 50"] * 2 + ["None"] * 2


def test_a_text_counts_only_where_it_is_sure():
    pipe = cascade() | Tongue()
    assert verdicts(pipe, two("Z", "x"), two("z", "x"), two("z", "z")) == [
        "cascade: tongue.tongue 'other' not in the accepted set",
        "None",
        "tongue: tongue 'other' not in the accepted set",
    ]
    never = cascade(slack={"tongue.tongue": float("inf")}) | Tongue()
    assert verdicts(never, two("Z", "x")) == ["None"]
    judge = wf.Judge((wf.Rule("part", isin={"9"}),))  # how sure that is nobody says
    assert verdicts(cascade() | judge, two("z", "x"))[0].startswith("judge: part")
    told = cascade(slack={"judge.part": 0}, screen=(judge,))
    assert verdicts(Pipeline((told,)), two("z", "x"))[0].startswith("cascade: judge.part")
    always = cascade(slack={"tongue.tongue.in": 0.5}) | Tongue()
    assert verdicts(always, two("z", "x")) == ["cascade: tongue.tongue 'other' not in the accepted set"]  # fmt: skip  # noqa: E501


def test_slack_by_limit_and_by_signal_and_off():
    half = two("b" * 60, "b" * 500)
    assert verdicts(cascade(slack={"letters.letters.ge": 40}) | Letters(), half) == ["None"]
    assert verdicts(cascade(slack={"letters.letters": 39.5}) | Letters(), half) == [
        "cascade: letters.letters 60 < 60.5"
    ]
    none = two("", "b" * 500)
    assert verdicts(cascade(slack={"letters.letters": float("inf")}) | Letters(), none) == ["None"]
    assert verdicts(cascade(default_slack=1.0) | Letters(), none) == ["None"]
    few = wf.Length(min_words=None, max_words=5)  # of a signal without an end on that side
    assert verdicts(cascade(default_slack=1.0) | few, two("b " * 99, "b")) == ["None"]
    part = wf.Judge((wf.Rule("part", ge=9),))  # of a signal that no stage of the screen measures
    assert verdicts(Pipeline((cascade(screen=(part,)),)), two("b", "b")) == ["None"]
    nothing = wf.Judge((wf.Rule("letters", le=0),))
    assert verdicts(cascade() | Letters(min_letters=None) | nothing, two("b", "")) == ["None"]
    assert verdicts(cascade(default_slack=0.0) | Letters(), two("b" * 99, "b" * 500)) == [
        "cascade: letters.letters 99 < 100"
    ]


def test_flags_do_not_judge_drafts_unless_told_to():
    loud = two("b" * 100 + "!", "b" * 500)
    assert verdicts(cascade() | Letters(quiet=True), loud) == ["None"]
    calm = cascade() | Letters(max_a_share=None) | wf.Judge((wf.Rule("shouts", ge=1),))
    assert verdicts(calm, two("b" * 100, "b" * 500 + "!")) == ["None"]
    told = cascade(slack={"letters.shouts": 0}) | Letters(quiet=True)
    assert verdicts(told, loud) == ["cascade: letters.shouts True > 0"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.text("abX! ", max_size=120)] * 3), max_size=8),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_more_slack_never_drops_more_and_batches_do_not_matter(parts, one, other):
    docs = [Document(str(n), html=two(*part)) for n, part in enumerate(parts)]
    dropped = []
    for share in sorted((one, other)):
        stage = cascade(second=Half(2), screen=(Tongue(), Letters()), default_slack=share)
        marked = list(stage.process(docs))
        assert marked == [doc for d in docs for doc in stage.process([d])]
        dropped.append({doc.id for doc in marked if not doc.live})
    assert dropped[1] <= dropped[0]


def test_the_screen_is_what_follows_and_moves_with_it():
    pipe = cascade() | Tongue() | Letters()
    assert [name for name, _ in pipe.steps[0].follows] == ["tongue", "letters"]
    own = cascade(screen=(wf.Judge((wf.Rule("asked_for", ge=1), wf.Rule("part", ge=0))),))
    assert own.needs == ("asked_for",)
    longer = Pipeline((*pipe.steps, Letters(min_letters=7)))
    assert [name for name, _ in longer.steps[0].follows] == ["tongue", "letters", "letters_2"]
    moved = Pipeline((pipe.steps[0], Letters(min_letters=7)))
    assert moved.steps[0].follows == (("letters", Letters(min_letters=7)),)
    assert pipe == cascade() | Tongue() | Letters()
    assert pipe.fingerprint() == Pipeline(pipe.steps).fingerprint()
    assert pickle.loads(pickle.dumps(pipe)).steps[0].follows == pipe.steps[0].follows


def test_it_looks_past_dedup_but_not_past_a_quota():
    dedup = cascade() | wf.ExactDedup() | wf.MinHash() | Letters()
    assert [name for name, _ in dedup.steps[0].follows] == ["letters"]
    wants = cascade() | wf.ExactDedup() | Wants() | Letters()  # who knows what text it would make
    assert wants.steps[0].follows == ()
    for stop in (Quota(), FirstOf()):  # a corpus stage that does not say that it may
        assert (cascade() | stop | Letters()).steps[0].follows == ()


def test_what_judges_nothing_is_left_out_unless_it_changes_the_text():
    pipe = cascade() | wf.Sample(0.5) | Cut() | Letters(min_letters=None, max_a_share=None)
    assert [name for name, _ in pipe.steps[0].follows] == ["sample"]
    cut = cascade() | Cut() | Letters()
    assert [name for name, _ in cut.steps[0].follows] == ["cut", "letters"]
    assert verdicts(cut, two("b#" + "b" * 500, "b" * 100)) == ["cascade: letters.letters 1 < 50"]
    needs = (
        cascade() | wf.ExactDedup() | wf.Judge((wf.Rule("exact_duplicate_cluster", isin={"a"}),))
    )
    assert needs.steps[0].follows == ()


def test_by_language_judges_drafts_by_their_language():
    by = wf.ByLanguage({"en": wf.Length(min_words=40)}, default=wf.Length(min_words=4))
    pipe = Cascade(Half(1), Half(0), None, audit=0.0) | wf.Language(None) | by
    english = "The sun gives light to all the plants. " * 2
    german = "Die Sonne gibt allen Pflanzen ihr Licht. " * 2
    found = verdicts(pipe, two(english, english), two(german, german))
    assert found == ["cascade: by_language.words 16 < 20", "None"]


def test_the_audit_takes_a_share_by_id_and_marks_it():
    docs = [Document(str(n), html=two("b", "b" * 500)) for n in range(400)]
    audited = {}
    for audit in (0.1, 0.3, 1.0):
        marked = (cascade(audit=audit) | Letters())(docs)
        audited[audit] = {doc.id for doc in marked if doc.live}
        for doc in marked:
            assert doc.signals["screened_by"] == "letters.letters"
            assert doc.signals["cascade_audit"] is doc.live
    assert audited[0.1] < audited[0.3] < audited[1.0] == {doc.id for doc in docs}
    assert 20 < len(audited[0.1]) < 60
    other = (cascade(audit=0.1, seed=1) | Letters())(docs)
    assert {doc.id for doc in other if doc.live} != audited[0.1]
    sampled = (wf.Sample(0.1) | cascade(audit=0.1) | Letters())(docs)  # not the same draw
    assert len([doc for doc in sampled if doc.live]) < 15


def test_what_passes_is_not_of_the_audit_and_only_what_was_extracted_is_judged():
    stage = Cascade(Extract(**HERE), DRAFT, None, (wf.Length(min_words=20),), audit=1.0)
    docs = [Document("a", html=page().encode()), Document("b", html=b"<p>Bees see colors.")]
    long, short = stage.process(docs)
    assert (long.signals["screened_by"], long.signals["cascade_audit"]) == (None, False)
    assert stage.rules_for(long) == stage.rules_for(short) == stage.final.rules
    assert (short.signals["screened_by"], short.signals["cascade_audit"]) == ("length.words", True)
    [unread] = replace(stage, audit=0.0).process(docs[1:])
    assert stage.rules_for(unread) == ()


@pytest.mark.parametrize("workers", [1, 2])
def test_every_document_is_somewhere(workers, tmp_path):
    pages = [two("b", "b" * 500), two("b" * 500, "b" * 500), two("b" * 80, "b"), two("b" * 80, "boom")]  # fmt: skip  # noqa: E501
    docs = [Document(str(n), html=pages[n % 4]) for n in range(80)]
    pipe = cascade(audit=0.2) | Letters() | wf.ExactDedup()
    report = pipe.run(docs, tmp_path, workers=workers, batch_size=7, progress=False)
    assert (report.total, report.failed) == (80, 20)
    assert report.kept + report.dropped + report.failed == 80
    row = next(row for row in report.stages if row.name == "cascade")
    assert not row.undefined
    found = report.audit()
    assert found.dropped == row.dropped["letters.letters"]
    assert found.audited.of == 20 - found.dropped > 0


def test_a_screen_that_drops_everything_is_worth_a_warning(tmp_path):
    docs = [Document(str(n), html=two("b", "b" * 500)) for n in range(20)]
    report = (cascade() | Letters()).run(docs, tmp_path, progress=False)
    assert any("cascade kept none" in text for text in report.warnings)


def test_cascaded_takes_the_place_of_extract_and_its_settings_can_be_changed():
    plain = wf.recipe("educational")
    pipe = plain.cascaded(audit=0.5, slack={"educational.educational.ge": 1.0})
    assert pipe.names == tuple("cascade" if n == "extract" else n for n in plain.names)
    stage = pipe.steps[1]
    assert (stage.final, stage.audit) == (plain.steps[1], 0.5)
    assert stage.slack == {"educational.educational.ge": 1.0}
    assert stage.follows[0] == ("language", plain.steps[2])
    assert stage.follows[-1] == ("educational", plain.steps[-1])
    again = pipe.cascaded(draft=Extract(engine="plain"))
    assert again.steps[1].final == plain.steps[1]
    assert again.steps[1].draft.engine == "plain"
    with pytest.raises(ConfigError, match="no stage Extract"):
        Pipeline((Letters(),)).cascaded()
    with pytest.raises(ConfigError, match="2 stages Extract"):
        (Extract() | Extract()).cascaded()


def test_a_recipe_switches_it_on(monkeypatch):
    monkeypatch.setitem(catalog.STAGES, "cascade", "webfilter.extract:Cascade")
    text = '[[stage]]\nuse = "cascade"\n\n[[stage]]\nuse = "length"\nmin_words = 50\n'
    pipe = Pipeline.from_toml(text)
    assert pipe == Cascade() | wf.Length(min_words=50)
    assert pipe.to_toml() == text
    full = Cascade(
        Extract(engine="trafilatura", precision=True),
        Extract(engine="resiliparse", seconds=None),
        None,
        slack={"length.words.ge": 20.0, "length.words.le": float("inf")},
        default_slack=0.8,
        audit=0.02,
        seed=3,
    ) | wf.Length(min_words=50)
    assert Pipeline.from_toml(full.to_toml()) == full
    assert Pipeline.from_toml(full.to_toml(full=True)) == full
    own = Pipeline((Cascade(screen=(wf.Length(min_words=9),)),))
    assert Pipeline.from_toml(own.to_toml()).steps[0].follows == own.steps[0].follows


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"audit": 1.5}, "audit = 1.5 is not between 0 and 1"),
        ({"default_slack": -0.1}, "default_slack = -0.1 is not between 0 and 1"),
        ({"slack": {"letters.letters": -1}}, "slack of letters.letters = -1"),
        ({"draft": "resiliparse"}, "draft = 'resiliparse' does not fit"),
        ({"screen": ("letters",)}, "screen = "),
        ({"final": Cascade()}, "one cascade in another"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields, says):
    with pytest.raises(ConfigError, match=says):
        cascade(**fields)


def test_the_hash_is_that_of_what_is_equal():
    one, other, third = (cascade(slack={"letters.letters": n}) for n in (1, 1.0, 2))
    assert (one == other, hash(one) == hash(other)) == (True, True)
    assert (one == third, hash(one) == hash(third)) == (False, False)


@pytest.mark.parametrize("key", ["letters.leters", "letters.letters.in", "letters"])
def test_a_slack_for_a_limit_that_is_not_there_is_an_error(key):
    with pytest.raises(UnknownName, match="did you mean"):
        cascade(slack={key: 1.0}) | Letters()
    with pytest.raises(UnknownName, match="did you mean"):
        cascade(slack={key: 1.0}, screen=(Letters(),))


def test_explain_goes_on_with_the_final_text():
    found = (cascade() | Letters()).explain(two("b" * 10, "b" * 500))
    assert str(found.verdict) == "cascade: letters.letters 10 < 50"
    assert found.text == "b" * 500
    said = {(row.stage, row.signal): (row.value, row.passed) for row in found.rows}
    assert said["cascade", "letters.letters"] == (10, False)
    assert said["letters", "letters"] == (500, True)
    assert found.deciding.signal == "letters.letters"


def test_measure_all_audits_everything_so_no_draft_is_measured_for_a_final_text(tmp_path):
    docs = [Document(str(n), html=two("b" * n, "b" * (2 * n))) for n in range(10, 200, 10)]
    pipe = cascade() | Letters()
    report = pipe.run(docs, tmp_path, measure_all=True, progress=False)
    assert [row.kept for row in report.sweep("letters", [20, 100], bound="ge")] == [19, 15]
    found = report.audit()
    assert (found.dropped, found.audited.of, found.audited.count) == (0, 4, 0)


def test_a_sandbox_around_it_gets_the_screen_too():
    pipe = wf.Sandboxed(cascade(), seconds=20) | Letters()
    assert [name for name, _ in pipe.steps[0].stage.follows] == ["letters"]
    [doc] = run(pipe, two("b" * 49, "b" * 500))
    assert str(doc.verdict) == "sandboxed: letters.letters 49 < 50"


def test_limits_of_later_stages_can_be_swept_around_it():
    docs = [Document(str(n), html=two("b" * n, "b" * n)) for n in range(10, 200, 10)]
    pipe = cascade() | Letters()
    report = wf.Report.of(pipe, pipe(docs))
    rows = {row.limit: row for row in report.sweep("letters", [80, 100, 150], bound="ge")}
    assert [rows[n].kept for n in (80, 100, 150)] == [12, 10, 5]
    assert str(report.removal())


def test_real_pages_are_kept_or_dropped_as_without_it():
    short = "<html><body><article><p>Bees see colors.</p></article></body></html>"
    docs = [Document("long", html=page().encode()), Document("short", html=short.encode())]
    plain = Extract(**HERE) | wf.Language({"en"}) | wf.GopherQuality()
    ours = plain.cascaded(draft=DRAFT, audit=0.0)
    assert [doc.live for doc in plain(docs)] == [doc.live for doc in ours(docs)] == [True, False]
    assert plain(docs)[0].text == ours(docs)[0].text
