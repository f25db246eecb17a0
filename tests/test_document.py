import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from webfilter import Document, DocumentError, Verdict
from webfilter.document import broken, marked


def test_the_first_verdict_decides():
    first, second = Verdict("a", "x"), Verdict("b", "y")
    assert Document("1").drop(first).drop(second).verdict == first


def test_signals_accumulate_and_the_given_document_stays_as_it_was():
    doc = Document("1", signals={"a": 1})
    assert doc.with_signals({"b": 2.5}).signals == {"a": 1, "b": 2.5}
    assert doc.signals == {"a": 1}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float32("nan")])
def test_a_value_that_is_not_finite_is_undefined(value):
    assert Document("1").with_signals({"a": value}).signals["a"] is None


def test_numpy_scalars_become_plain():
    signals = {"i": np.int64(3), "f": np.float32(0.5), "b": np.bool_(True)}
    found = Document("1").with_signals(signals).signals
    assert [type(v) for v in found.values()] == [int, float, bool]


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", np.zeros(2), object()])
def test_a_signal_that_is_not_a_scalar_is_refused_by_name(value):
    with pytest.raises(DocumentError, match="'spam'"):
        Document("1").with_signals({"spam": value})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "a", "text": None}, "'a': text must be str, not NoneType"),
        ({"id": "a", "html": "<p>"}, "'a': html must be bytes or None, not str"),
        ({"id": "a", "url": 5}, "'a': url must be str or None, not int"),
    ],
)
def test_wrong_field_types_are_named(fields, said):
    with pytest.raises(DocumentError, match=said):
        Document(**fields)


def test_a_marked_document_is_the_same_but_for_signals_and_verdict():
    meta = {"source": "x"}
    doc = Document("a", "text", b"<p>", "http://a.example/", {"words": 1}, meta)
    verdict = Verdict("length", "words")
    found = marked(doc, {"lines": 2}, verdict)
    assert found == replace(doc, signals={"lines": 2}, verdict=verdict)
    assert type(found) is Document
    assert doc.signals == {"words": 1}
    with pytest.raises(FrozenInstanceError):
        found.text = "other"


def test_documents_are_frozen_and_survive_pickling():
    doc = Document("1", "x", signals={"a": None}, verdict=Verdict("s", "r", of="2"))
    with pytest.raises(FrozenInstanceError):
        doc.text = "y"
    assert pickle.loads(pickle.dumps(doc)) == doc


def test_verdicts_read_as_sentences():
    assert str(Verdict("g", "words", "words", 12, 50.0, op="<")) == "g: words 12 < 50"
    said = str(Verdict("l", "language", "language", "de", op="not in"))
    assert said == "l: language 'de' not in the accepted set"
    assert str(Verdict("m", "near_duplicate", of="b")) == "m: near_duplicate (of b)"
    assert str(Verdict("x", "ValueError: no", kind="failed")) == "x failed: ValueError: no"


def test_a_broken_rule_makes_the_verdict_that_the_constructor_makes():
    found = broken("gopher_quality", "words", 12, 50.0, "<")
    assert found == Verdict("gopher_quality", "words", "words", 12, 50.0, op="<")
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_repr_of_a_page_is_a_line_that_tells_it():
    verdict = Verdict("length", "words", "words", 3, 50.0, op="<")
    doc = Document("a", "One word." * 10_000, b"<p>" * 5000, "http://a.example/", {"words": 3})
    assert repr(doc.drop(verdict)) == (
        f"Document(id='a', text={doc.text[:60]!r}... (90,000 characters), html=15,000 bytes, "
        "url='http://a.example/', signals={'words': 3}, verdict='length: words 3 < 50')"
    )
    assert repr(Document("a")) == "Document(id='a', text='' (0 characters))"


@pytest.mark.parametrize(
    "odd",
    ["\ud800", "\0\n\r\u2028", "\u202e", "x" * 100_000, 10**5000],
    ids=["surrogate", "control", "turned", "long", "huge"],
)
def test_the_repr_of_any_document_is_short_and_can_be_printed(odd):
    text = str(odd) if isinstance(odd, str) else ""
    signals = {f"{text}{n}": odd for n in range(100)}
    verdict = Verdict("s", text, "signal", odd, op="<", limit=1.0, of=text)
    said = repr(Document(f"{text}.", text, b"\xff", text, signals, {"a": odd}, verdict))
    assert len(said) < 3000
    assert said.isprintable()
    assert "... 88 more" in said
    said.encode()
