"""Repeated lines and paragraphs, against a count that anybody can read."""

from __future__ import annotations

import pickle
import random
import re
import time
import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter import Pipeline
from webfilter.dedup import columns, pieces
from webfilter.dedup.lines import LineDedup, RepeatedLines
from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.testing import check_stage

POOL = (
    "Home | About",
    "home, about!",
    "3 comments",
    "1,200 Comments",
    "Café",
    "cafe\u0301",
    "---",
    "",
    "  ",
    "Leaves are green.",
    "Ice floats on water.",
    "光合作用",
)
HOSTS = ("http://a.example/", "https://A.example:8080/x", "http://b.example/", None, "::::")


def normalized(text: str) -> tuple[str, ...]:
    """Return the words of `text`, by regular expressions and the standard library."""
    text = unicodedata.normalize("NFD", re.sub(r"\d+(?:[.,]\d+)*", "0", text.lower()))
    plain = "".join(char for char in text if not unicodedata.combining(char))
    return tuple(re.findall(r"[^\W_\u4e00-\u9fff]+|[\u4e00-\u9fff]", plain))


def host_of(doc: Document) -> str | None:
    found = re.match(r"https?://(\w\.example)", (doc.url or "").lower())
    return found[1] if found else None


def units(text: str, unit: str) -> list[str]:
    if unit == "line":
        return [line for line in text.split("\n") if line.strip()]
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def oracle(stage: LineDedup, docs: list[Document]) -> dict[str, list[str]]:
    """Return what must be left of each document: its units, in order."""
    pages: dict[object, set[str]] = defaultdict(set)
    for doc in docs:
        for unit in units(doc.text, stage.unit):
            words = normalized(unit)
            if len(words) >= stage.unit_min_words:
                pages[scope(stage, doc), words].add(doc.id)
    order = {
        doc.id: place
        for place, doc in enumerate(
            sorted(docs, key=lambda d: (-len(d.text), d.url is None, d.url or "", d.id))
        )
    }
    left = {}
    for doc in docs:
        left[doc.id] = []
        for unit in units(doc.text, stage.unit):
            having = pages.get((scope(stage, doc), normalized(unit)), set())
            outside = stage.scope is not None and scope(stage, doc) is None
            stays = len(having) <= stage.max_pages or outside
            if stage.keep == "first" and having and min(having, key=order.__getitem__) == doc.id:
                stays = True
            if stays:
                left[doc.id].append(unit)
    return left


def scope(stage: LineDedup, doc: Document) -> str | None:
    return None if stage.scope is None else host_of(doc)


documents = st.lists(
    st.tuples(st.lists(st.sampled_from(POOL), max_size=7), st.sampled_from(HOSTS)), max_size=9
).map(
    lambda rows: [
        Document(f"d{n}", "\n".join(lines), url=url) for n, (lines, url) in enumerate(rows)
    ]
)
stages = st.builds(
    LineDedup,
    unit=st.sampled_from(["line", "paragraph"]),
    max_pages=st.integers(1, 3),
    unit_min_words=st.integers(1, 3),
    scope=st.sampled_from(["host", None]),
    keep=st.sampled_from(["none", "first"]),
)


def resolved(stage: LineDedup, docs: list[Document], size: int = 100) -> RepeatedLines:
    parts = [docs[at : at + size] for at in range(0, len(docs), size)]
    return stage.resolve([stage.sketch(part) for part in parts])


@settings(max_examples=80, deadline=None)
@given(stages, documents)
def test_what_stays_is_what_counting_says(stage: LineDedup, docs: list[Document]) -> None:
    marked = resolved(stage, docs).process(docs)
    wanted = oracle(stage, docs)
    for doc, after in zip(docs, marked, strict=True):
        assert units(after.text, stage.unit) == wanted[doc.id]
        went = len(units(doc.text, stage.unit)) - len(wanted[doc.id])
        inside = stage.scope is None or host_of(doc) is not None
        assert after.signals["repeated_lines"] == (went if inside else None)
        assert after.live == bool(after.text.strip())
        if not went:
            assert after.text == doc.text


@settings(max_examples=30, deadline=None)
@given(stages, documents, st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_batches_and_small_memory_do_not_matter(
    stage: LineDedup, docs: list[Document], rng: random.Random, size: int
) -> None:
    expected = resolved(stage, docs)
    shuffled = rng.sample(docs, len(docs))
    assert resolved(stage, shuffled, size) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "ROWS", 16)
        patch.setattr(pieces, "CHARACTERS", 5)
        assert resolved(stage, shuffled, size) == expected
        in_pieces = expected.process(docs)
    assert in_pieces == expected.process(docs)


@settings(max_examples=40, deadline=None)
@given(stages, documents)
def test_running_it_again_removes_nothing(stage: LineDedup, docs: list[Document]) -> None:
    once = resolved(stage, docs).process(docs)
    left = [Document(doc.id, doc.text, url=doc.url) for doc in once]
    again = resolved(stage, left).process(left)
    if stage.keep == "none":  # with "first", the document that kept a copy may not be so long now
        assert [doc.text for doc in again] == [doc.text for doc in once]
    assert sum(doc.signals["repeated_lines"] or 0 for doc in again) == 0


def pages(*texts: str, host: str = "a") -> list[Document]:
    return [
        Document(f"{host}{n}", text, url=f"https://{host}.example/{n}")
        for n, text in enumerate(texts)
    ]


def texts(stage: LineDedup, docs: list[Document]) -> list[str]:
    return [doc.text for doc in resolved(stage, docs).process(docs)]


def test_pages_count_and_not_occurrences() -> None:
    docs = pages("Menu\nMenu\nMenu\nIce floats.", "Salt dissolves.")
    assert texts(LineDedup(max_pages=1), docs) == [doc.text for doc in docs]


def test_another_host_is_another_count() -> None:
    docs = pages("Menu\none") + pages("Menu\ntwo", host="b")
    assert texts(LineDedup(max_pages=1), docs) == ["Menu\none", "Menu\ntwo"]
    assert texts(LineDedup(max_pages=1, scope=None), docs) == ["one", "two"]


def test_the_boundary_is_more_than_max_pages() -> None:
    docs = pages("Menu\none", "Menu\ntwo", "Menu\nthree")
    assert texts(LineDedup(max_pages=3), docs)[0] == "Menu\none"
    assert texts(LineDedup(max_pages=2), docs) == ["one", "two", "three"]


def test_a_document_sketched_twice_is_one_page() -> None:
    docs = pages("Menu\none", "Menu\ntwo")
    for keep in ("none", "first"):
        stage = LineDedup(max_pages=2, keep=keep)
        twice = stage.resolve([stage.sketch(docs), stage.sketch(docs)])
        assert twice.process(docs)[0].text == "Menu\none"


def test_the_preferred_document_keeps_all_its_copies() -> None:
    docs = [
        Document("a", "Menu\nMenu\none", url="http://a.example", signals={"educational": 1.0}),
        Document("b", "Menu\ntwo", url="http://a.example", signals={"educational": 3.0}),
        Document("c", "menu!\nthree", url="http://a.example", signals={"educational": None}),
    ]
    stage = LineDedup(max_pages=1, keep="first")
    assert texts(stage, docs) == ["Menu\nMenu\none", "two", "three"]
    stage = LineDedup(max_pages=1, keep="first", prefer="-educational")
    assert stage.needs == ("educational",)
    assert texts(stage, docs) == ["one", "Menu\ntwo", "three"]
    stage = LineDedup(max_pages=1, keep="first", prefer="educational")
    assert texts(stage, docs) == ["Menu\nMenu\none", "two", "three"]
    assert texts(LineDedup(max_pages=1, keep="first", prefer=()), docs)[0] == docs[0].text


def test_signals_that_it_asks_for_are_needed_and_no_others() -> None:
    prefer = "-educational, id, meta.n"
    assert LineDedup(prefer=prefer).needs == ()  # no copy stays, so none is preferred
    assert LineDedup(prefer=prefer, keep="first").needs == ("educational",)
    assert LineDedup(prefer=prefer, scope="language").needs == ("language",)


def test_scope_may_be_a_signal() -> None:
    docs = [
        Document("a", "Menu\none", signals={"language": "en"}),
        Document("b", "Menu\ntwo", signals={"language": "en"}),
        Document("c", "Menu\nthree", signals={"language": "de"}),
        Document("d", "Menu\nfour", signals={"language": None}),
    ]
    stage = LineDedup(max_pages=1, scope="language")
    assert stage.needs == ("language",)
    assert texts(stage, docs) == ["one", "two", "Menu\nthree", "Menu\nfour"]
    with pytest.raises(UnknownName, match="language"):
        Pipeline((stage,))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("One.\n\nMenu\n\nTwo.", "One.\n\nTwo."),
        ("Menu\n\nOne.\nMenu", "One."),
        ("One.\r\nMenu\r\nTwo.\r\n", "One.\r\nTwo.\r\n"),
        ("  One.\n\n\n\nTwo.\nMenu\n", "  One.\n\n\n\nTwo."),
        ("One.\u2028Menu\u2028Two.", "One.\u2028Two."),
        ("One.\nMenu \n---\nTwo.", "One.\n---\nTwo."),
    ],
)
def test_what_is_left_is_joined_as_it_came(text: str, left: str) -> None:
    docs = pages(text, "Menu\nother")
    assert texts(LineDedup(max_pages=1), docs)[0] == left


def test_paragraphs_go_as_a_whole_or_not_at_all() -> None:
    notice = "We use cookies.\nDo you mind?"
    docs = pages(
        f"One.\n\n{notice}\n\nTwo.", f"{notice}\n \nWe use cookies.", "We use cookies.\nNo."
    )
    stage = LineDedup(unit="paragraph", max_pages=1)
    assert texts(stage, docs) == ["One.\n\nTwo.", "We use cookies.", "We use cookies.\nNo."]


def test_signals_say_what_went_and_only_what_is_empty_is_dropped() -> None:
    docs = pages("Menu\nIce", "Menu", "Menu\nSalt")
    stage = LineDedup(max_pages=2)
    first, second, _ = resolved(stage, docs).process(docs)
    assert dict(first.signals) == {
        "repeated_lines": 1,
        "repeated_line_ratio": 5 / 8,
        "characters_left": 3,
    }
    assert first.live
    assert str(second.verdict) == "line_dedup: characters_left 0 < 1"
    kept = resolved(LineDedup(max_pages=2, min_characters_left=None), docs).process(docs)
    assert all(doc.live for doc in kept)


def test_a_pipeline_gives_the_same_and_loses_nothing(tmp_path: Path) -> None:
    rng = random.Random(1)
    docs = [
        Document(
            f"{n}",
            "\n".join(rng.choices(["Menu", "Login", "Ice floats.", *map(str, range(50))], k=5))
            + f"\nText {n} {'x' * (n % 3)}",
            url=f"http://{n % 5}.example/{n}",
        )
        for n in range(60)
    ] + [Document(f"empty{n}", "Menu", url=f"http://1.example/e{n}") for n in range(4)]
    for stage in (LineDedup(), LineDedup(max_pages=1, keep="first")):
        expected = resolved(stage, docs).process(docs)
        pipe = Pipeline((stage,))
        assert [doc.signals for doc in pipe(docs)] == [doc.signals for doc in expected]
        assert list(pipe.kept(docs, batch_size=7)) == [doc for doc in expected if doc.live]
        assert pipe.fit(docs)(docs) == pipe(docs)
    report = Pipeline((LineDedup(),)).run(docs, tmp_path / "out", batch_size=9)
    assert (report.total, report.kept + report.dropped + report.failed) == (64, 64)


def test_what_resolves_is_data() -> None:
    docs = pages("Menu\none", "Menu\ntwo")
    for keep in ("none", "first"):
        found = resolved(LineDedup(max_pages=1, keep=keep), docs)
        assert pickle.loads(pickle.dumps(found)) == found
        assert hash(found) == hash(resolved(LineDedup(max_pages=1, keep=keep), docs))
        assert found != RepeatedLines()
        assert "Table(1 rows" in repr(found)
        prints = {Pipeline((stage,)).fingerprint() for stage in (found, RepeatedLines())}
        assert len(prints) == 2


@pytest.mark.parametrize(
    "stage",
    [
        LineDedup(),
        LineDedup(max_pages=1, scope=None, keep="first"),
        LineDedup(unit="paragraph", scope="language", unit_min_words=3),
    ],
)
def test_the_contract_holds(stage: LineDedup) -> None:
    check_stage(stage)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_pages", 0),
        ("unit_min_words", 0),
        ("scope", " "),
        ("unit", "word"),
        ("keep", "last"),
        ("prefer", "id, id"),
    ],
)
def test_an_impossible_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"line_dedup: {field}"):
        LineDedup(**{field: value})  # type: ignore[arg-type]


def test_many_short_lines_take_linear_time() -> None:
    stage = LineDedup(max_pages=1, scope=None)
    seconds = []
    for size in (20_000, 80_000):
        docs = [Document(name, "\n".join(f"a{n}" for n in range(size))) for name in "xy"]
        start = time.process_time()
        assert not any(doc.live for doc in resolved(stage, docs).process(docs))
        seconds.append(time.process_time() - start)
    assert seconds[1] < 16 * seconds[0] + 1
