"""Extraction: main text out of pages as they are, and out of pages as they should not be."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import unicodedata

import pytest
from pages import FIRST, MENU, SECOND, page

import webfilter.extract.trafilatura
from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.extract import ENGINES, Extract
from webfilter.extract.engine import Extracted, Options, Unfit, _class, engine, versions
from webfilter.testing import check_stage

HERE = {"seconds": None, "memory_mb": None}
both = pytest.mark.parametrize(
    "name", sorted({*ENGINES, "auto"} - {"plain"})
)  # that takes all text


def extract(html: bytes | str, **fields) -> Document:
    """Extract one page in this process."""
    raw = html.encode() if isinstance(html, str) else html
    [doc] = Extract(**{**HERE, **fields}).process(
        [Document("a", html=raw, url="https://a.example/")]
    )
    return doc


@both
def test_the_text_is_kept_and_what_surrounds_it_is_not(name):
    doc = extract(page(), engine=name)
    used = "blocks" if name == "auto" else name
    assert (doc.signals["extract_confidence"] is not None) == (used == "blocks")
    assert doc.live
    assert FIRST in doc.text
    assert SECOND in doc.text
    assert ("Section 3" in doc.text) == ("cookies" in doc.text) == (name == "plain")
    assert doc.signals == {
        "html_bytes": len(page()), "encoding": "utf-8", "encoding_from": "detected",
        "extract_engine": used, "extract_version": next(iter(versions(used).values())),
        "repaired": None, "extract_confidence": doc.signals["extract_confidence"],
        "extract_fallback": None,
        "extracted_characters": len(doc.text),
    }  # fmt: skip
    assert doc.meta == {"title": "How bees find food", "language_declared": "en"}


@both
def test_tables_are_text(name):
    rows = "".join(
        f"<tr><td>{name}</td><td>{share} parts of a hundred are sugar</td></tr>"
        for name, share in (("Clover", 40), ("Lime", 34), ("Rape", 52), ("Heather", 24))
    )
    table = f"<table><tr><th>Flower</th><th>Sugar in the nectar</th></tr>{rows}</table>"
    assert "Clover" in extract(page(table), engine=name).text


@both
@pytest.mark.parametrize("limits", [HERE, {"seconds": 30.0, "memory_mb": 1024}])
def test_contract(name, limits):
    check_stage(
        Extract(engine=name, **limits),
        [Document("page", html=page().encode()), Document("menu", html=MENU.encode())],
    )


def test_html_is_let_go_unless_it_is_wanted_or_the_page_is_dropped():
    assert extract(page()).html is None
    assert extract(page(), keep_html=True).html == page().encode()
    dropped = extract("<html><body></body></html>")
    assert dropped.html is not None
    assert str(dropped.verdict) == "extract: extracted_characters 0 < 1"
    assert extract("<html><body></body></html>", min_characters=None).live


def test_a_text_without_html_passes():
    doc = Document("a", "A text.\r\n", signals={"x": 1}, meta={"title": "T"})
    [same] = Extract().process([doc])
    assert same.text == doc.text
    assert same.meta == doc.meta
    assert same.signals["extract_engine"] is None
    assert same.signals["x"] == 1
    [empty] = Extract().process([Document("b")])
    assert empty.verdict is not None
    assert empty.verdict.reason == "extracted_characters"


def test_fields_of_the_source_are_not_overwritten():
    doc = Document("a", html=page(lang="de").encode(), meta={"title": "Mine", "k": 1})
    [marked] = Extract(**HERE).process([doc])
    assert marked.meta == {"title": "Mine", "k": 1, "language_declared": "de"}


def test_the_header_of_the_source_decides_the_encoding():
    raw = page("<p>Gr\xfc\xdfe an alle, die Bl\xfcten m\xf6gen.</p>").encode("latin-1")
    doc = Document("a", html=raw, meta={"content_type": "text/html; charset=ISO-8859-1"})
    [marked] = Extract(**HERE).process([doc])
    assert "Grüße an alle, die Blüten mögen." in marked.text
    assert (marked.signals["encoding"], marked.signals["encoding_from"]) == (
        "windows-1252",
        "header",
    )


def test_pages_beyond_max_bytes_are_dropped_unread():
    doc = extract(page(), max_bytes=100)
    assert str(doc.verdict) == f"extract: html_bytes {len(page())} > 100"
    assert doc.signals["encoding"] is None
    assert extract(page(), max_bytes=None).live


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"engine": "trafilatur"}, UnknownName, "did you mean 'trafilatura'"),
        ({"fallback": "boilerpipe"}, UnknownName, "fallback engine of extract 'boilerpipe'"),
        ({"seconds": 0}, ConfigError, "extract: seconds = 0"),
        ({"memory_mb": 0}, ConfigError, "extract: memory_mb = 0"),
        ({"links": True}, ConfigError, "links = True needs markdown = True"),
        ({"engine": None}, ConfigError, "engine = None does not fit"),
    ],
)
def test_wrong_fields_are_refused_when_it_is_built(fields, error, said):
    with pytest.raises(error, match=said):
        Extract(**fields)


def test_artifacts_name_the_engines_in_use():
    assert set(Extract().artifacts) >= {"trafilatura", "lxml", "resiliparse"}
    assert set(Extract(engine="resiliparse").artifacts) == {"resiliparse"}
    assert len(Extract().artifacts["blocks.npz"]) == 64


# ---- pages as they should not be ----------------------------------------------------------------

HOSTILE = {
    "nothing": b"",
    "binary": bytes(range(256)) * 200,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "cut utf-8": page("<p>Köln</p>").encode()[:300] + b"\xc3",
    "utf-16 with mark": page().encode("utf-16"),
    "utf-16 without": page().encode("utf-16-be"),
    "NUL bytes": page().replace("Bees", "B\0e\0es").encode(),
    "unclosed": b"<html><body><div><p><b>" + FIRST.encode() + b"<table><tr><td><i><a href='x" * 50,
    "entity bomb": b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">'
    + b"".join(b'<!ENTITY b%d "&b%d;&b%d;&b%d;">' % (n, n - 1, n - 1, n - 1) for n in range(1, 30))
    + b"]><html><body><p>&b29;&b29;</p></body></html>",
    "wild entities": page("<p>&#xD800;&#0;&#x110000;&#99999999999;&nosuch;&lt</p>").encode(),
    "only script": b"<html><script>" + b"if (a < b) { go('<div>') }" * 5000 + b"</script></html>",
    "comment without end": page("<!-- " + "x" * 100_000).encode(),
    "only less-than": b"<" * 50_000,
    "titles": b"<title" * 50_000 + b"<html " * 50_000 + b"<meta " * 50_000,
    "frames": b"<html><frameset><frame src='a'></frameset></html>",
    "fragment": b"<p>" + FIRST.encode() + b"</p>",
    "text": FIRST.encode() * 3,
    "xml": b'<?xml version="1.0"?><rss><channel><title>x</title></channel></rss>',
    "deep": page("<div>" * 300 + f"<p>{FIRST}</p>").encode(),
}


@both
@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_hostile_pages_neither_raise_nor_hang(name, case):
    began = time.process_time()
    doc = extract(HOSTILE[case], engine=name)
    assert time.process_time() - began < 5
    assert "\0" not in doc.text
    assert "\r" not in doc.text
    doc.text.encode()
    if "extracted_characters" in doc.signals:
        assert doc.signals["extracted_characters"] == len(doc.text)


@both
@pytest.mark.parametrize("case", ["utf-16 with mark", "utf-16 without", "NUL bytes", "fragment"])
def test_the_text_of_odd_pages_is_found(name, case):
    assert FIRST in extract(HOSTILE[case], engine=name).text


@both
def test_what_nobody_sees_is_left_out(name):
    words = "GR\xd6\xadSSE: A hon\xadey\xad\xadcomb \ufeffholds\u2060 5\x01 kilos\u200b of it, "
    words += "m\xc3\xads o menos"
    thai = "\u0e19\u0e49\u0e33\u200b\u0e1c\u0e36\u0e49\u0e07"  # water, bee: honey
    joined = "\u0645\u06cc\u200c\u0631\u0648\u062f \U0001f469\u200d\U0001f52c"
    html = page(f"<p>{words} {thai} {joined} {FIRST}</p>")
    text = extract(html.encode(), engine=name).text
    assert "GR\xd6SSE: A honeycomb holds 5 kilos of it, m" in text
    assert f"s o menos {thai} {joined}" in text
    if name != "trafilatura":  # it takes out all that does not print
        assert "m\xc3\xads" in text


@both
def test_a_character_that_stands_alone_between_elements_is_no_icon(name):
    words = "<b>叶子</b>和<a href='/'>花</a>、<i>根</i>的<b>糖</b>。<i>€</i>5 <b> 한 </b> <i>ก</i>"
    text = extract(page(f"<p>{FIRST} {words}</p>"), engine=name).text
    assert "叶子和花、根的糖。€5 한 ก" in text
    icon = extract(
        page(f"<p>{FIRST} <i>\ue000</i><i>→</i></p>").encode(), engine="resiliparse"
    ).text
    assert not {"\ue000", "→"} & set(icon)


@pytest.mark.parametrize("spelled", ["\u200c", "&zwnj;", "&#8204;", "&#x200C;"])
def test_trafilatura_is_kept_from_taking_joiners_out_of_words(spelled):
    """Only from there: they mean nothing in English, and what stands for them may be itself."""
    words = f"\u0645\u06cc{spelled}\u0631\u0648\u062f, bee{spelled}hive"
    asked = engine("trafilatura", Options())
    text = asked.extract(page(f"<p>{words}. {FIRST}</p>"), None).text
    assert "\u0645\u06cc\u200c\u0631\u0648\u062f, beehive." in text
    odd = asked.extract(page(f"<p>{words}, \u168b. {FIRST}</p>"), None).text
    assert "\u0645\u06cc\u0631\u0648\u062f, beehive, \u168b." in odd
    empty = asked.extract(page(f"<p>{spelled}</p><p>\x01{words}</p>{'<p></p>' * 3}"), None).text
    assert not {"\u168b", "\u168c"} & set(empty)


@both
def test_soft_hyphens_go_after_every_small_letter_of_german(name):
    """Of the bytes that begin a letter of UTF-8 one stands for a small letter in Latin-1."""
    html = page(
        f"<p>Die Ma\xdf\xadnahmen sind gro\xdf\xadartig f\xfc\xadr B\xe4\xadren. {FIRST}</p>"
    )
    text = extract(html.encode(), engine=name).text
    assert "Die Ma\xdfnahmen sind gro\xdfartig f\xfcr B\xe4ren." in text


@both
def test_controls_that_were_quotes_of_windows_1252_are_quotes(name):
    html = page(
        f"<p>L\x92\x9cuf \x96 dit-il\x85 co\xfbte 5 \x80, \x93cher\x94 &#145;non&#146;. {FIRST}</p>"
    )
    doc = extract(html.replace("How bees", "\x93How\x94 bees").encode(), engine=name)
    text = " ".join(doc.text.split("\n"))
    assert "L’œuf – dit-il… coûte 5 €, “cher” ‘non’." in text
    assert doc.meta["title"] == "“How” bees find food"


@both
def test_letters_and_their_marks_are_one_character_where_there_is_one(name):
    """Mac OS writes the second form; nobody sees a difference, but every counter of words does."""
    words = "K\xe4se f\xfcr M\xfcller, ti\u1ebfng Vi\u1ec7t, \ud55c\uad6d\uc5b4, \u0439\u043e\u0434"
    html = page(f"<p>{unicodedata.normalize('NFD', words)}: {FIRST}</p>")
    assert words in extract(html.encode(), engine=name).text


def test_a_long_run_of_links_goes_to_the_engine_that_can():
    """trafilatura takes 13 to 19 s for it."""
    began = time.process_time()
    doc = extract(page('<a href="/x">link</a> ' * 100_000), engine="trafilatura")
    assert time.process_time() - began < 4
    assert doc.signals["extract_engine"] == "resiliparse"
    assert doc.signals["extract_fallback"] == "200071 tags > 100000"
    assert SECOND in doc.text


def test_what_trafilatura_remembers_of_pages_is_let_go_now_and_then(monkeypatch):
    resets = []
    monkeypatch.setattr(webfilter.extract.trafilatura, "_PAGES_A_RESET", 2)
    monkeypatch.setattr(webfilter.extract.trafilatura, "reset_caches", lambda: resets.append(1))
    asked = webfilter.extract.trafilatura.Trafilatura(Options())
    assert [asked.extract(page(), None) and len(resets) for _ in range(4)] == [0, 1, 1, 2]


def test_text_nested_too_deeply_for_lxml_is_not_lost():
    html = page("<div>" * 300 + "<p>Here lies the treasure.</p>" + "</div>" * 300)
    alone = webfilter.extract.trafilatura.trafilatura.extract(html)
    assert "treasure" not in alone  # the day this fails the guard may go
    assert "treasure" in extract(html, engine="blocks").text
    doc = extract(html, engine="trafilatura")
    assert "treasure" in doc.text
    assert doc.signals["extract_fallback"] == "nested more than 256 deep"


def test_nesting_that_takes_resiliparse_for_ever_fails_at_once():
    """20,000 take 15 s."""
    html = page("<div>" * 10_000 + FIRST + "</div>" * 10_000)
    began = time.process_time()
    doc = extract(html, engine="trafilatura")
    assert extract(html).verdict.kind == "failed"
    assert time.process_time() - began < 6
    assert doc.verdict is not None
    assert doc.verdict.kind == "failed"
    assert doc.verdict.reason == (
        "trafilatura: nested more than 256 deep; resiliparse: nested more than 5000 deep"
    )
    assert extract(html, engine="resiliparse").verdict.reason == "nested more than 5000 deep"


@pytest.mark.parametrize("name", ["resiliparse", "plain"])
def test_options_that_take_its_parser_for_ever_fail_at_once(name):
    """100,000 take more than a minute."""
    html = page("<select>" + "<option>x" * 100_000 + "</select>")
    began = time.process_time()
    assert extract(html, engine=name).verdict.reason.startswith(
        ("100000 options", "plain: 100000 options")
    )
    assert time.process_time() - began < 4


@pytest.mark.parametrize("name", ["resiliparse", "plain"])
def test_lists_nested_deeply_are_not_all_indentation(name):
    doc = extract(page("<ul><li>item" * 1000), engine=name)
    assert len(doc.text) < 60_000


def test_many_tags_without_an_end_are_not_mistaken_for_nesting():
    doc = extract(page("line<br>" * 8000), engine="resiliparse")
    assert doc.live
    assert SECOND in doc.text


@both
def test_a_big_table_and_much_text_pass(name):
    rows = "<tr>" + "<td>12</td>" * 10 + "</tr>"
    assert SECOND in extract(page(f"<table>{rows * 200}</table>"), engine=name).text
    doc = extract(page(f"<p>{'A word. ' * 250_000}</p>"), engine=name)
    assert len(doc.text) > 1_900_000


class Unsure:
    """An engine that has a text and does not trust it."""

    packages = ("webfilter",)

    def __init__(self, options: Options) -> None:
        pass

    def extract(self, html: str, url: str | None) -> Extracted:
        return Extracted("Something or other.", 0.2)


class Nothing:
    """An engine that finds nothing."""

    packages = ("webfilter",)

    def __init__(self, options: Options) -> None:
        pass

    def extract(self, html: str, url: str | None) -> Extracted:
        return Extracted("\r\n \0")


class Trips(Nothing):
    """An engine that trips."""

    def extract(self, html: str, url: str | None) -> Extracted:
        raise KeyError("tail")


class Dirty(Nothing):
    """An engine that gives what no text should hold."""

    def extract(self, html: str, url: str | None) -> Extracted:
        return Extracted("\r\n a\r\nb\rc\0\ud800 \n")


class Hungry(Nothing):
    """An engine that gets no memory."""

    def extract(self, html: str, url: str | None) -> Extracted:
        raise MemoryError


@pytest.fixture
def odd_engines(monkeypatch):
    for made in (Nothing, Trips, Dirty, Hungry):
        monkeypatch.setitem(ENGINES, made.__name__.lower(), f"{__name__}:{made.__name__}")
    yield
    engine.cache_clear()


@pytest.mark.usefixtures("odd_engines")
def test_the_fallback_steps_in_where_the_first_finds_nothing_or_trips():
    for first, why in (("nothing", "nothing found"), ("trips", "KeyError: 'tail'")):
        doc = extract(page(), engine=first)
        assert FIRST in doc.text
        assert (doc.signals["extract_engine"], doc.signals["extract_fallback"]) == (
            "resiliparse",
            why,
        )
    nothing = extract(page(), engine="nothing", fallback=None)
    assert str(nothing.verdict) == "extract: extracted_characters 0 < 1"
    assert nothing.signals["extract_engine"] == "nothing"
    with pytest.raises(KeyError):
        extract(page(), engine="trips", fallback=None)
    with pytest.raises(MemoryError):  # is not for another engine to try
        extract(page(), engine="hungry")
    empty = extract("<html></html>", engine="trips")
    assert empty.signals["extract_fallback"] == "KeyError: 'tail'"
    empty = extract("<html></html>", engine="nothing")
    assert (empty.signals["extract_engine"], empty.signals["extract_fallback"]) == ("nothing", None)


def test_auto_asks_trafilatura_where_our_own_is_unsure(monkeypatch):
    assert extract(page()).signals["extract_engine"] == "blocks"
    monkeypatch.setitem(ENGINES, "blocks", f"{__name__}:Unsure")
    for cached in (engine, versions, _class):
        cached.cache_clear()
    try:
        doc = extract(page())
        assert FIRST in doc.text
        assert doc.signals["extract_engine"] == "trafilatura"
        assert doc.signals["extract_fallback"] == "blocks is unsure: 0.20 < 0.5"
        assert doc.signals["extract_confidence"] is None
        assert extract(page(), engine="blocks").text == "Something or other."
        for other in ("<html><body></body></html>", "<p>" * 100_001):  # nothing there, or unfit
            kept = extract(other)
            assert kept.text == "Something or other."
            assert kept.signals["extract_engine"] == "blocks"
            assert kept.signals["extract_fallback"] is None
    finally:
        monkeypatch.undo()
        for cached in (engine, versions, _class):
            cached.cache_clear()


@pytest.mark.usefixtures("odd_engines")
def test_the_text_of_any_engine_is_tidied():
    assert extract(page(), engine="dirty").text == "a\nb\nc\ufffd"


@both
def test_neither_repetition_nor_order_changes_a_text(name):
    pages = [page(f"<p>Paragraph {n} is here, and {'so ' * n} on it goes.</p>") for n in range(12)]
    docs = [Document(str(n), html=html.encode()) for n, html in enumerate([*pages, *pages[:1] * 4])]
    stage = Extract(engine=name, **HERE)
    texts = {doc.id: doc.text for doc in stage.process(docs)}
    assert len({texts[i] for i in ("0", "12", "13", "14", "15")}) == 1
    random.Random(5).shuffle(docs)
    assert {doc.id: doc.text for doc in stage.process(docs)} == texts
    assert {doc.id: doc.text for doc in Extract(engine=name).process(docs)} == texts


def test_engines_say_nothing_on_the_terminal():
    code = (
        "from webfilter.document import Document\n"
        "from webfilter.extract import Extract\n"
        "stage = Extract(fallback=None, seconds=None, memory_mb=None)\n"
        "stage.process([Document('a', html=b'\\x89PNG'), Document('b', html=b'')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_engines_can_be_used_alone():
    assert FIRST in engine("resiliparse").extract(page(), None).text
    with pytest.raises(Unfit):
        engine("trafilatura").extract("<p>" * 100_001, None)
    with pytest.raises(UnknownName):
        engine("none")
