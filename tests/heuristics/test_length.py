from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter import Pipeline
from webfilter.document import Document
from webfilter.heuristics.gopher import GopherQuality
from webfilter.heuristics.length import Length
from webfilter.heuristics.repetition import GopherRepetition
from webfilter.testing import check_stage


def measured(text, **given_):
    return dict(Length(**given_).measure(Document("a", text)))


def test_the_contract():
    check_stage(Length())
    check_stage(Length(min_characters=10, max_words=20, min_lines=2, max_bytes=1000))


@pytest.mark.parametrize(
    ("text", "characters", "words", "lines", "bytes_"),
    [
        ("", 0, 0, 0, 0),
        (" \n\t\n", 4, 0, 0, 4),
        ("Tea is hot.\r\n\r\nSo?", 18, 4, 2, 18),
        ("... !!! —", 9, 0, 1, 11),
        ("über\u2028Maß", 8, 2, 2, 12),
        ("a\ud800", 2, 1, 1, 4),
        ("😀", 1, 1, 1, 4),
    ],
)
def test_counts(text, characters, words, lines, bytes_):
    assert measured(text) == {
        "characters": characters,
        "words": words,
        "lines": lines,
        "bytes": bytes_,
    }


@pytest.mark.parametrize("noun", ["characters", "words", "lines", "bytes"])
def test_limits_are_inclusive_and_the_verdict_names_them(noun):
    doc = Document("a", "One two.\nThree é")
    value = measured(doc.text)[noun]
    for fits in ({f"min_{noun}": value}, {f"max_{noun}": value}):
        assert Length(**fits)([doc])[0].live
    [low] = Length(**{f"min_{noun}": value + 1})([doc])
    [high] = Length(**{f"max_{noun}": value - 1})([doc])
    assert str(low.verdict) == f"length: {noun} {value} < {value + 1}"
    assert str(high.verdict) == f"length: {noun} {value} > {value - 1}"


def test_without_limits_it_only_measures():
    assert Length().rules == ()
    [doc] = Length()([Document("a", "")])
    assert doc.live
    assert doc.signals["words"] == 0


def test_zero_is_a_limit():
    assert Length(max_words=0)([Document("a", "One.")])[0].verdict.limit == 0


def test_every_signal_has_both_limits():
    names = {field.name for field in fields(Length)}
    for signal in Length.measures:
        assert {f"min_{signal.name}", f"max_{signal.name}"} <= names


def test_profiles_count_their_words():
    assert measured("well-known facts", words="whitespace")["words"] == 2
    assert measured("光合作用", words="scripts")["words"] == 4
    assert measured("光合作用")["words"] == 1


def test_it_goes_with_the_stages_that_measure_the_same():
    pipe = Pipeline((Length(), GopherRepetition(), GopherQuality()))
    assert sum(signal.name == "words" for signal in pipe.signals) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_words_and_characters_are_those_of_gopher(texts):
    docs = [Document(str(k), text) for k, text in enumerate(texts)]
    found = Length().measure_batch(docs)
    assert [f["words"] for f in found] == [f["words"] for f in GopherQuality().measure_batch(docs)]
    assert [f["characters"] for f in found] == [
        f["characters"] for f in GopherRepetition().measure_batch(docs)
    ]
    for doc, signals in zip(docs, found, strict=True):
        assert signals["bytes"] == len(doc.text.encode("utf-8", "surrogatepass"))
        assert signals["lines"] == len([ln for ln in doc.text.splitlines() if ln.strip()])
