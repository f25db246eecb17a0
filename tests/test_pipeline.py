import re
from dataclasses import dataclass
from typing import ClassVar

import pytest
from toys import Breaks, FirstOf, Length, Quota, Upper

import webfilter as wf
from webfilter import (
    ConfigError,
    Document,
    Judge,
    Pipeline,
    Rule,
    Sample,
    Signal,
    UnknownName,
)


def docs(*texts):
    return [Document(f"d{n}", text) for n, text in enumerate(texts)]


def test_bars_and_tuples_are_the_same_thing():
    a, b, c = Length(1), Upper(), FirstOf()
    assert a | b | c == Pipeline((a, b, c)) == a | (b | c) == Pipeline((Pipeline((a, b)), c))
    assert len(a | b | c) == 3


def test_names_are_unique():
    assert (Length(1) | Upper() | Length(2)).names == ("length", "upper", "length_2")

    class Second(Length):
        name = "length_2"

    two = Length(1)
    assert (two | two | Second(1) | two).names == ("length", "length_2", "length_2_2", "length_3")
    assert (Second(1) | two | two).names == ("length_2", "length", "length_3")


def test_no_stage_is_called_like_the_reader():
    class Read(Length):
        pass

    with pytest.raises(ConfigError, match="cannot be called 'read'"):
        Pipeline((Read(1),))


def test_a_verdict_carries_the_unique_name():
    [doc] = (Length(1) | Length(5))(docs("abc"))
    assert doc.verdict.stage == "length_2"


@dataclass(frozen=True)
class OneSignal(Length):
    """Forgot the comma."""

    measures: ClassVar = Signal("length", "int", "Characters")


@dataclass(frozen=True)
class OtherSignal(Length):
    """Declares another signal than its rule judges."""

    measures: ClassVar = (Signal("lenght", "int", "Characters"),)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Pipeline((Length,)), "Length is a class: write Length"),
        (lambda: Pipeline(("length",)), "made of stages, not of str"),
        (lambda: Length() | 3, "made of stages, not of int"),
        (lambda: Pipeline((Judge((Rule("length", ge=2),)), Length())), "no earlier stage"),
        (lambda: Length() | Judge((Rule("lenght", ge=2),)), "did you mean 'length'"),
        (lambda: Length() | OneSignal(), r"one_signal: measures must be a tuple of Signal"),
        (lambda: Upper() | OtherSignal(), "signal in a rule of other_signal.*'lenght'"),
    ],
)
def test_what_cannot_work_is_refused_when_built(make, said):
    with pytest.raises(ConfigError, match=said):
        make()


def test_signals_that_come_with_the_documents_may_be_judged():
    judge = Judge((Rule("score", ge=2),), given=True)
    marked = judge([Document("a", signals={"score": 1}), Document("b", signals={"score": 3})])
    assert [doc.live for doc in marked] == [False, True]


def test_later_stages_skip_what_is_dropped():
    [doc] = (Length(3) | Upper())(docs("ab"))
    assert doc.text == "ab"
    assert "cut" not in doc.signals


def test_a_dropped_document_keeps_the_text_it_was_judged_on():
    [doc] = (Upper(cut=2, max_cut=0))(docs("abcd"))
    assert not doc.live
    assert doc.text == "abcd"


def test_one_bad_document_fails_alone_and_says_why():
    marked = (Breaks() | Length())(docs("fine", "boom", "lose", "good"))
    assert [doc.live for doc in marked] == [True, False, False, True]
    assert marked[1].verdict.kind == marked[2].verdict.kind == "failed"
    assert marked[1].verdict.reason == "ValueError: cannot digest boom"
    assert "must return the documents it was given" in marked[2].verdict.reason


def test_in_memory_and_kept_and_fit_agree():
    pipe = Length(2) | FirstOf() | Upper()
    given = docs("aa", "b", "aa", "cc", "unsketchable", "cc", "dd")
    here = [doc for doc in pipe(given) if doc.live]
    assert [doc.id for doc in here] == ["d0", "d3", "d6"]
    for size in (1, 2, 100):
        assert list(pipe.kept(iter(given), batch_size=size)) == here
    alone = Length(2) | Upper()
    assert alone.fit(given) is alone
    fitted = pipe.fit(given)
    assert [doc for doc in fitted(given) if doc.live and "UN" not in doc.text] == here


def test_a_failed_sketch_is_a_failed_document():
    marked = FirstOf() | Length(1)
    [ok, bad] = marked(docs("a", "unsketchable"))
    assert ok.live
    assert (bad.verdict.stage, bad.verdict.kind) == ("first_of", "failed")


def test_an_online_stage_sees_documents_in_order():
    pipe = Length(1) | Quota(2) | Upper()
    for size in (1, 3, 100):
        found = [doc.text for doc in pipe.kept(docs("a", "", "b", "c", "d"), batch_size=size)]
        assert found == ["A", "B"]
    assert [doc.live for doc in pipe(docs("a", "b", "c"))] == [True, True, False]


def test_batches_of_no_size_are_refused_before_anything_is_read():
    pipe = Pipeline((Length(1),))
    for size in (0, -1, 2.0, True):
        with pytest.raises(ConfigError, match="kept: batch_size"):
            pipe.kept(["a"], batch_size=size)
        with pytest.raises(ConfigError, match="run: batch_size"):
            pipe.run(["a"], batch_size=size)
    with pytest.raises(ConfigError, match="fit: batch_size"):
        pipe.fit(["a"], batch_size=0)


def test_kept_is_lazy():
    def endless():
        n = 0
        while True:
            yield Document(str(n), "abc" if n % 2 else "")
            n += 1

    stream = (Length(1) | Upper()).kept(endless(), batch_size=4)
    assert [next(stream).id for _ in range(3)] == ["1", "3", "5"]


def test_equal_texts_get_distinct_ids():
    marked = (Length(0) | FirstOf())(["same", "same", "same"])
    assert len({doc.id for doc in marked}) == 3
    assert sum(doc.live for doc in marked) == 1


def test_explain_answers_for_every_rule_of_every_stage():
    pipe = Length(5, max_length=8) | FirstOf() | Upper(cut=1, max_cut=2) | Breaks()
    found = pipe.explain(text="boom")
    rows = [(r.stage, r.signal, r.value, r.op, r.limit, r.margin, r.passed) for r in found.rows]
    assert rows[0] == ("length", "length", 4, ">=", 5.0, -1.0, False)
    assert rows[1] == ("length", "length", 4, "<=", 8.0, 4.0, True)
    assert rows[2][0] == "first_of"
    assert "corpus" in found.rows[2].note
    assert rows[3] == ("upper", "cut", 3, "<=", 2.0, -1.0, False)
    assert str(found.verdict) == "length: length 4 < 5"
    assert "no rules" in found.rows[4].note
    with pytest.raises(ConfigError, match="exactly one"):
        pipe.explain()


def test_explain_says_whether_a_stage_without_rules_changed_the_text():
    url = "See http://leaf.com now"
    stages = wf.TextUrls() | wf.TextUrls() | Length(5, max_length=8)
    notes = [row.note for row in stages.explain(text=url).rows[:2]]
    assert notes == [
        "no rules: changes the text, 23 characters before, 7 after",
        "no rules: measures only",
    ]


def test_explain_names_a_stage_that_breaks():
    found = (Breaks() | Length()).explain(text="boom boom")
    assert found.verdict.kind == "failed"
    assert "cannot digest" in found.rows[0].note
    assert found.rows[1].passed


def test_the_fingerprint_follows_the_configuration():
    prints = {
        (Length(3) | Judge((Rule("length", ge=4),))).fingerprint(),
        (Length(3) | Judge((Rule("length", ge=5),))).fingerprint(),
        (Length(3) | Upper()).fingerprint(),
        (Length(4) | Upper()).fingerprint(),
        (Upper() | Length(3)).fingerprint(),
        Pipeline((Length(3),)).fingerprint(),
    }
    assert len(prints) == 6
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in prints)
    assert (Length(3) | Upper()).fingerprint() in prints


def test_the_fingerprint_follows_the_characters_that_python_knows(monkeypatch):
    before = [Pipeline((stage,)).fingerprint() for stage in (wf.Lines(), wf.Pii(), Length(3))]
    monkeypatch.setattr("unicodedata.unidata_version", "1.0.0")  # of another Python
    after = [Pipeline((stage,)).fingerprint() for stage in (wf.Lines(), wf.Pii(), Length(3))]
    assert not set(before) & set(after)


def test_equal_stages_have_one_fingerprint_whatever_the_sign_of_zero():
    plus, minus = Pipeline((wf.Sample(0.0),)), Pipeline((wf.Sample(-0.0),))
    assert plus == minus
    assert plus.fingerprint() == minus.fingerprint()


def test_sampling_is_stable_and_nested():
    given = [Document(f"doc-{n}") for n in range(2000)]
    first = [doc.id for doc in Sample(0.002)(given) if doc.live]
    assert first == ["doc-85", "doc-476", "doc-588", "doc-607", "doc-996", "doc-1240"]  # for ever
    few = {doc.id for doc in Sample(0.1)(given) if doc.live}
    many = {doc.id for doc in Sample(0.3)(given) if doc.live}
    assert few < many
    assert 150 < len(few) < 250
    assert {doc.id for doc in Sample(0.1, seed=1)(given) if doc.live} != few
    tenth = list(Sample(0.1).kept(given))
    assert list(Sample(0.5).kept(tenth)) == tenth
    assert 0.3 < len(list(Sample(0.5, seed=1).kept(tenth))) / len(tenth) < 0.7
    with pytest.raises(ConfigError, match="rate"):
        Sample(1.5)


def test_by_language_sends_each_document_to_its_stage():
    from webfilter import ByLanguage

    stage = ByLanguage({"en": Length(3), "de": Length(1)}, default=Length(5))
    given = [
        Document("1", "ab", signals={"language": "en"}),
        Document("2", "ab", signals={"language": "de"}),
        Document("3", "abc", signals={"language": "fr"}),
        Document("4", "abcde", signals={"language": None}),
    ]
    assert [doc.live for doc in stage.process(given)] == [False, True, False, True]
    with pytest.raises(UnknownName, match="language"):
        Pipeline((Length(), stage))
    with pytest.raises(ConfigError, match=r"by_language: stages = \{'en': 3\}"):
        ByLanguage({"en": 3})
    turned = ByLanguage({"de": Length(1), "en": Length(3)}, default=Length(5))
    assert (turned, turned.rules) == (stage, stage.rules)


def test_by_language_tells_lists_of_one_name_apart(tmp_path):
    from webfilter import BadWords, ByLanguage, Language

    def stage():
        lists = {code: tmp_path / code / "bad.txt" for code in ("de", "en")}
        return ByLanguage({code: BadWords(lists=[path]) for code, path in lists.items()})

    for code in ("de", "en"):
        (tmp_path / code).mkdir()
        (tmp_path / code / "bad.txt").write_text(f"{code}word\n", "utf-8")
    seen = {Pipeline((Language(None), stage())).fingerprint()}
    for code in ("de", "en"):
        (tmp_path / code / "bad.txt").write_text(f"{code}other\n", "utf-8")
        seen.add(Pipeline((Language(None), stage())).fingerprint())
    assert len(seen) == 3
    assert len(stage().artifacts["lists[0] bad.txt"].split(", ")) == 2


def test_reserved_signal_names_are_refused():
    from dataclasses import dataclass
    from typing import ClassVar

    @dataclass(frozen=True)
    class Bad(Length):
        measures: ClassVar[tuple[wf.Signal, ...]] = (wf.Signal("text", "int", "x"),)

    with pytest.raises(ConfigError, match="cannot be called 'text'"):
        Pipeline((Bad(None),))
