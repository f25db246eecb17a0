"""The engine that takes all visible text: nothing is chosen, so nothing is missed."""

from __future__ import annotations

import time

from pages import FIRST, SECOND, page

from webfilter.document import Document
from webfilter.extract import Extract
from webfilter.testing import check_stage

HERE = {"seconds": None, "memory_mb": None}
PLAIN = Extract(engine="plain", fallback=None, **HERE)


def text(html: str) -> str:
    [doc] = PLAIN.process([Document("a", html=html.encode())])
    assert doc.signals["extract_engine"] == "plain"
    return doc.text


def test_menus_and_footers_are_there_and_scripts_are_not():
    found = text(page("<script>var hidden = 1;</script><style>p {color: red}</style>"))
    for part in (FIRST, SECOND, "Section 3", "cookies"):
        assert part in found
    for part in ("hidden", "color", "<p>"):
        assert part not in found


def test_paragraphs_stand_on_lines_of_their_own():
    assert text("<p>One</p><p>Two</p><ul><li>Three</li></ul>").split() == ["One", "Two", "Three"]
    assert "\n" in text("<p>One</p><p>Two</p>")


def test_words_of_elements_that_browsers_set_apart_are_not_glued():
    html = "<details><summary>One</summary>two</details><fieldset><legend>three</legend>four"
    assert text(f"{html}</fieldset><dialog open>five</dialog>six<p>seven").split() == [
        "One", "two", "three", "four", "five", "six", "seven",
    ]  # fmt: skip


def test_what_stands_in_a_figure_is_read_if_it_is_more_than_a_picture_and_its_caption():
    table = "<figure class=wp-block-table><table><tr><td>bees</td><td>12</td></tr></table></figure>"
    code = "<figure\n><pre>x = 1</pre></figure>"
    picture = "<figure><img src=b.png alt=wing><figcaption>A wing</figcaption></figure>"
    found = text(f"<p>One</p>{table}{code}{picture}<p>two <figures>of</figures></p>")
    assert found.split() == ["One", "bees", "12", "x", "=", "1", "two", "of"]


def test_contract():
    check_stage(PLAIN, [Document("page", html=page().encode())])


def test_hostile_pages_take_little_time_or_are_refused():
    start = time.perf_counter()
    assert text("<p>a</p>" + "<a href=/>x</a>" * 100_000)
    assert text("<table><tr>" + "<td>1</td>" * 100_000)
    deep = "<div>" * 20_000 + "text"
    [doc] = PLAIN.process([Document("deep", html=deep.encode())])
    assert doc.verdict.kind == "failed"
    assert "nested" in doc.verdict.reason
    assert time.perf_counter() - start < 10
