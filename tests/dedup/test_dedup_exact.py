"""Exact duplicates by text and by URL."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from datetime import date

import pytest

from webfilter.dedup import ExactDedup, ExactDuplicates
from webfilter.dedup.exact import normalized_text
from webfilter.document import Document, Verdict
from webfilter.errors import ConfigError
from webfilter.testing import check_stage


def clusters(stage: ExactDedup, docs: list[Document]) -> tuple[tuple[str, ...], ...]:
    return stage.resolve([stage.sketch(docs)]).clusters


def of_texts(*texts: str) -> list[Document]:
    return [Document(str(n), text) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A b", "a  B"),
        ("a\nb", "a b\r\n"),
        ("caf\u00e9", "cafe\u0301"),
        ("Stra\u00dfe", "STRASSE"),
        ("a\u00a0b", "a b"),
        ("\ufeffab", "a\u00adb"),
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"),
        ("\ud800x", "\ud800X"),
        ("a\x00b", "A\x00B"),
    ],
)
def test_texts_that_read_the_same_are_duplicates(one: str, other: str) -> None:
    assert len(clusters(ExactDedup(), of_texts(one, other))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("a b", "ab"), ("a.", "a"), ("1", "2"), ("caf\u00e9", "cafe"), ("\ud800x", "\ud801x")],
)
def test_texts_that_read_otherwise_are_not(one: str, other: str) -> None:
    assert clusters(ExactDedup(), of_texts(one, other)) == ()


def test_normalizing_twice_is_once() -> None:
    for text in ("\u0130stanbul \u1e9e", "\u0345\u03b1", "\ufb01 \u01f0", "A \t B"):
        assert normalized_text(normalized_text(text)) == normalized_text(text)


def test_documents_without_text_are_not_dropped_for_it() -> None:
    assert clusters(ExactDedup(), of_texts("", "", " \n", "\u200b")) == ()


def test_by_url_looks_at_the_url_only() -> None:
    docs = [
        Document("a", "one", url="http://e.org/x?utm_source=q"),
        Document("b", "two", url="https://E.org/x/"),
        Document("c", "two", url="http://e.org/y"),
        Document("d", "two"),
        Document("e", "two", url=""),
    ]
    assert clusters(ExactDedup(by="url", prefer=()), docs) == (("a", "b"),)
    assert clusters(ExactDedup(prefer=()), docs) == (("b", "c", "d", "e"),)


def test_by_both_either_is_enough_and_it_is_transitive() -> None:
    docs = [
        Document("a", "one", url="http://e.org/x"),
        Document("b", "two", url="http://e.org/x"),
        Document("c", "two", url="http://e.org/y"),
        Document("d", "", url="http://e.org/z"),
        Document("e", "", url="http://e.org/w"),
        Document("f", "three"),
        Document("g", "four"),
    ]
    both = ExactDedup(by=("url", "text"), prefer=())
    assert clusters(both, docs) == (("a", "b", "c"),)
    assert both == ExactDedup(by=["text", "url", "text"], prefer=())  # type: ignore[arg-type]


def test_by_a_field_of_the_source_its_value_must_be_the_same() -> None:
    found = [7, 7.0, "7", None, "", ["a"], ["a"], "x", "x ", date(2024, 5, 1), "2024-05-01"]
    docs = [Document(f"{n:02}", "same", meta={"key": value}) for n, value in enumerate(found)]
    docs += [Document("11", "same"), Document("12", "same", meta={"key": None, "other": "x"})]
    by_key = ExactDedup(by="meta.key", prefer=())
    assert clusters(by_key, docs) == (("00", "01"), ("09", "10"))
    either = ExactDedup(by=("meta.key", "meta.other"), prefer=())
    assert clusters(either, docs) == (("00", "01"), ("09", "10"))  # an x each, of other fields
    assert len(clusters(ExactDedup(by=("meta.key", "text"), prefer=()), docs)) == 1


def test_raw_pages_are_told_by_the_digest_that_their_record_has() -> None:
    pages = [
        Document(name, html=b"<p>", meta={"payload_digest": f"sha1:{name[0]}"})
        for name in ("a1", "b1", "a2")
    ]
    kept = ExactDedup(by="meta.payload_digest", prefer="-id").kept(pages)
    assert [doc.id for doc in kept] == ["b1", "a2"]
    assert clusters(ExactDedup(), pages) == ()


def test_within_a_scope_a_document_without_a_url_has_no_key_of_that_kind() -> None:
    docs = [Document(name, f"text {name}", url=url) for name, url in (("a", None), ("b", ""))]
    both = ExactDedup(by=("text", "url"), scope="meta.crawl")
    assert clusters(both, docs) == ()
    assert clusters(both, [*docs, Document("c", "text b")]) == (("b", "c"),)


def test_marks_say_which_document_stays_and_how_many_there_are() -> None:
    stage = ExactDedup()
    docs = [Document("b", "x y"), Document("a", "X Y"), Document("c", "z")]
    b, a, c = stage.resolve([stage.sketch(docs)]).process(docs)
    assert a.live
    assert b.verdict == Verdict("exact_dedup", "duplicate", of="a")
    assert c.live
    named, sized = "exact_duplicate_cluster", "exact_duplicate_cluster_size"
    assert dict(a.signals) == dict(b.signals) == {named: "a", sized: 2}
    assert dict(c.signals) == {named: None, sized: None}
    assert [signal.name for signal in stage.measures] == [named, sized]


def test_batches_and_their_order_do_not_matter() -> None:
    rng = random.Random(0)
    docs = [Document(f"{n}", f"text {rng.randrange(30)}", url=f"u{n % 7}") for n in range(100)]
    stage = ExactDedup(by=("text", "url"))
    expected = stage.resolve([stage.sketch(docs)])
    for size in (1, 7, 40):
        parts = [docs[at : at + size] for at in range(0, len(docs), size)]
        rng.shuffle(parts)
        sketches = [pickle.loads(pickle.dumps(stage.sketch(part))) for part in parts]
        assert stage.resolve(iter(sketches)) == expected
    assert expected == replace(expected)
    assert expected != ExactDuplicates()
    assert pickle.loads(pickle.dumps(expected)) == expected
    few = ExactDuplicates((("a", "b"), ("c", "d")))  # type: ignore[arg-type]
    assert eval(repr(few)) == few != expected


def test_a_resolved_stage_that_has_run_pickles_no_more_than_its_clusters() -> None:
    stage = ExactDuplicates((("a", "b"),))
    before = len(pickle.dumps(stage))
    stage.process([Document("a")])
    assert len(pickle.dumps(stage)) == before


@pytest.mark.parametrize("by", ["text", "url", ("text", "url"), ("meta.date", "text")])
def test_the_contract_holds(by: str) -> None:
    check_stage(ExactDedup(by=by))


@pytest.mark.parametrize("by", ["html", (), "", ("text", "id"), "meta.", ("meta.a", 1), None])
def test_an_impossible_by_is_refused(by: object) -> None:
    with pytest.raises(ConfigError, match="exact_dedup: by"):
        ExactDedup(by=by)  # type: ignore[arg-type]
