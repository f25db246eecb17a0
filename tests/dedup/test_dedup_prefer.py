"""Which document of a cluster stays, by every form of `prefer`."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webfilter.dedup import ExactDedup, LineDedup, MinHash, PassageDedup, SubstringDedup
from webfilter.dedup.prefer import keys, places
from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.heuristics.length import Length

TEXT = "one two three four five six seven"


def survivor(prefer: str | tuple[str, ...], *docs: Document) -> str:
    for stage in (ExactDedup(prefer=prefer), MinHash(prefer=prefer)):
        found = stage.resolve([stage.sketch([doc]) for doc in docs]).clusters
        assert len(found) == 1
        assert len(found[0]) == len(docs)
    return found[0][0]


def doc(
    name: str, text: str = TEXT, url: str | None = None, date: Any = None, **signals: Any
) -> Document:
    return Document(name, text, url=url, signals=signals, meta={"date": date})


def test_the_longest_text_stays_by_default_then_the_first_url_then_the_first_id() -> None:
    default = MinHash().prefer
    assert survivor(default, doc("a"), doc("b", TEXT.replace(" ", "  "))) == "b"
    assert survivor(default, doc("a", url="http://z.org"), doc("b", url="http://a.org")) == "b"
    assert survivor(default, doc("a"), doc("b", url="http://a.org")) == "b"
    assert survivor(default, doc("b"), doc("a"), doc("c")) == "a"


def test_signals_decide_in_the_order_given() -> None:
    docs = doc("a", score=1.0, words=9), doc("b", score=2.0, words=7), doc("c", score=2.0, words=8)
    assert survivor("-score, -words", *docs) == "c"
    assert survivor("-score, words", *docs) == "b"
    assert survivor("score", *docs) == "a"
    assert survivor(("-words",), *docs) == "a"


def test_dates_decide() -> None:
    early, late = datetime.date(2019, 1, 2), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    assert survivor("date", doc("b", date=early), doc("a", date=late)) == "b"
    assert survivor("-date", doc("b", date=early), doc("a", date=late)) == "a"
    assert survivor("-date", doc("b", date="2024-05-01"), doc("a", date="2023-12-31")) == "b"
    east = datetime.timezone(datetime.timedelta(hours=5))
    first = datetime.datetime(2020, 1, 1, 4, tzinfo=east)  # an hour before midnight in UTC
    assert survivor("date", doc("b", date=first), doc("a", date=late)) == "b"
    last = datetime.datetime.max.replace(tzinfo=datetime.timezone(-datetime.timedelta(hours=5)))
    assert survivor("-date", doc("b", date=last), doc("a", date=late)) == "b"


@pytest.mark.parametrize("prefer", ["score", "-score"])
def test_what_is_undefined_comes_last_in_both_directions(prefer: str) -> None:
    assert survivor(prefer, doc("a"), doc("b", score=0)) == "b"
    assert survivor(prefer, doc("a", score=None), doc("b", score="x")) == "b"


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), [2020], b"2020", object()])
def test_dates_of_no_known_kind_are_undefined(odd: object) -> None:
    assert survivor("-date", doc("a", date=odd), doc("b", date="1999")) == "b"


def test_a_time_that_pandas_has_not_is_undefined() -> None:
    pandas = pytest.importorskip("pandas")
    assert survivor("-date", doc("a", date=pandas.NaT), doc("b", date="1999")) == "b"


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (np.int64(20), np.int64(3)),
        (np.float32(20), 3),
        (np.datetime64("2020-01-02"), np.datetime64("2019-12-31T12:00")),
        (Decimal("20"), Decimal("3.5")),
        (Decimal("sNaN"), 3),
    ],
)
def test_scalars_of_numpy_and_decimal_fractions_count_as_numbers(worse: Any, better: Any) -> None:
    docs = [Document("a", "Text.", meta={"k": worse}), Document("b", "Text.", meta={"k": better})]
    assert ExactDedup(prefer="meta.k").clusters(docs) == (("b", "a"),)
    assert ExactDedup(scope="meta.k").clusters(docs) == ()


@pytest.mark.parametrize(("one", "other"), [(2024, 2024.0), (0, -0.0), (0.0, -0.0)])
@pytest.mark.parametrize("scope", ["year", "meta.year"])
def test_equal_numbers_are_one_scope(scope: str, one: float, other: float) -> None:
    docs = [
        Document(name, f"{TEXT}\n{name}" * 2, signals={"year": year}, meta={"year": year})
        for name, year in zip("abc", (one, other, 7.5), strict=True)
    ]
    same = [replace(doc, text=TEXT) for doc in docs]
    for stage in (ExactDedup(scope=scope), MinHash(scope=scope), PassageDedup(scope=scope)):
        assert stage.clusters(same) == (("a", "b"),)
    lines = LineDedup(max_pages=1, scope=scope)
    left = [doc.text for doc in lines.resolve([lines.sketch(docs)]).process(docs)]
    assert left == ["a" + TEXT + "\na", "b" + TEXT + "\nb", docs[2].text]


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())


def kind(value: Any) -> int:
    return 2 if value is None else 1 if isinstance(value, str) else 0


@given(st.lists(VALUES), st.booleans())
def test_places_put_numbers_before_strings_before_none(found: list[Any], descending: bool) -> None:
    sign = "-" if descending else ""
    docs = [Document("a", signals={"key": value}) for value in found]
    ordered = places(docs, (f"{sign}key",))
    for value, place in zip(found, ordered, strict=True):
        for other, there in zip(found, ordered, strict=True):
            if kind(value) != kind(other):
                assert (place < there) == (kind(value) < kind(other))
            elif value is not None and (kind(value) or abs(value) < 2**63 > abs(other)):
                assert (place < there) == (value > other if descending else value < other)


PAIRS = st.lists(st.tuples(VALUES, st.one_of(st.none(), st.text("\0a\xff", max_size=3))))


@given(PAIRS, st.randoms())
def test_places_compare_key_after_key_then_id(found: list[Any], rng: Any) -> None:
    signs = [rng.choice(["", "-"]) for _ in range(2)]
    docs = [Document("a", signals={"one": a, "two": b}) for a, b in found]
    both = places(docs, (f"{signs[0]}one", f"{signs[1]}two"))
    first, second = places(docs, (f"{signs[0]}one",)), places(docs, (f"{signs[1]}two",))
    by_both = sorted(range(len(docs)), key=both.__getitem__)
    by_each = sorted(range(len(docs)), key=lambda n: (first[n], second[n]))
    assert by_both == by_each


def test_zeros_are_equal_and_a_nul_ends_no_string() -> None:
    for prefer in ("key", "-key"):
        zeros = [Document("a", signals={"key": value}) for value in (0, 0.0, -0.0, False)]
        assert len({*places(zeros, (prefer,))}) == 1
    pairs = [("a", "\0b"), ("a\0", "b"), ("a\0\0", "b"), ("a\0\0\0", "")]
    docs = [Document("a", signals={"one": one, "two": two}) for one, two in pairs]
    for keys_ in (("one", "two"), ("-one", "two")):
        ordered = places(docs, keys_)
        assert len({*ordered}) == len(docs)
        assert (sorted(ordered) == ordered) == (keys_[0] == "one")
        assert (sorted(ordered, reverse=True) == ordered) == (keys_[0] == "-one")


def test_the_source_and_the_host_decide() -> None:
    docs = [
        Document("a", TEXT, url="https://B.org/1", meta={"source": "x", "offset": 20}),
        Document("b", TEXT, url="http://a.org/2", meta={"source": "x", "offset": 3}),
        Document("c", TEXT, url="http://c.org/2", meta={"source": "y", "offset": 1}),
    ]
    assert survivor("meta.source, meta.offset", *docs) == "b"
    assert survivor("-meta.source", *docs) == "c"
    assert survivor("-host", *docs) == "c"
    assert survivor("host", *docs) == "b"
    assert MinHash(prefer="meta.source, host").needs == ()


def test_a_string_is_read_as_the_tuple() -> None:
    assert MinHash(prefer="- educational ,url") == MinHash(prefer=("-educational", "url"))
    assert MinHash(prefer=["-words"]).prefer == ("-words",)
    assert keys("id", "minhash") == ("id",)


def test_signals_that_decide_are_needed_and_what_is_built_in_is_not() -> None:
    assert MinHash(prefer="-educational, -length, date, url, words, id").needs == (
        "educational",
        "words",
    )
    assert ExactDedup().needs == ()


@pytest.mark.parametrize("prefer", ["", "-", "a,,b", "a, -a", ("",), ()])
@pytest.mark.parametrize("stage", [ExactDedup, MinHash])
def test_an_impossible_order_is_refused(stage: type, prefer: Any) -> None:
    if prefer == ():
        assert stage(prefer=()).prefer == ()  # by id alone
        return
    for field in ("prefer", "scope"):
        with pytest.raises(ConfigError, match=f"{stage.name}: {field}"):
            stage(**{field: prefer})


def test_a_list_of_numbers_is_refused() -> None:
    with pytest.raises(ConfigError, match="minhash: prefer"):
        MinHash(prefer=(1, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "stage", [ExactDedup, MinHash, PassageDedup, SubstringDedup, partial(LineDedup, keep="first")]
)
def test_a_key_that_is_no_signal_is_told_what_keys_there_are(stage: Any) -> None:
    with pytest.raises(UnknownName, match=r"length, url, host, id, date, meta\.FIELD") as caught:
        Length() | stage(prefer="-length, doc_id")
    assert caught.value.near == "id"
