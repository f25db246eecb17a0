from __future__ import annotations

import time

import pytest

from webfilter.document import Document
from webfilter.extract import ENGINES, Extract
from webfilter.extract.xhtml import opened

PARAGRAPHS = (
    "The river rises in the northern hills and runs for two hundred miles before it reaches the "
    "sea, where the first settlers built their mill.",
    "For a long time the valley was known only to trappers, who came up in the spring when the ice "
    "had gone and left again before the first snow.",
    "In the nineteenth century a railway was built along the bank, and with it came farmers, "
    "shopkeepers and the teachers who opened the school.",
)
PAGE = (
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js"/>'
    '<style type="text/css" /></head><body><div><h1>The river</h1>'
    + "".join(f'<p><a id="p1"/>{text}</p>' for text in PARAGRAPHS)
    + "</div></body></html>"
)
HEADERS = ("application/xhtml+xml", "Application/XHTML+XML; charset=utf-8", "text/xml")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_ends_at_once_hides_nothing_of_a_page_in_xml(engine):
    docs = [
        Document(str(n), html=PAGE.encode(), meta={"content_type": header})
        for n, header in enumerate(HEADERS)
    ]
    docs.append(Document("no header", html=b'\n<?xml version="1.0"?>' + PAGE.encode()))
    extract = Extract(engine=engine, fallback=None, seconds=None, memory_mb=None)
    for doc in extract(docs):
        assert all(text in doc.text for text in PARAGRAPHS)


@pytest.mark.parametrize(
    ("html", "content_type"),
    [
        ("<script/>x</script>", "text/html"),
        ('<?xml version="1.0"?><script/>x</script>', "text/html; charset=utf-8"),
        ("<script/>x</script>", None),
        ("<br/><img src='a/>b'/><HR/><p title='/>'>x", "text/xml"),
        ("<a href=x/>y", None),
    ],
)
def test_other_pages_stay_as_they_are(html, content_type):
    assert opened(html, content_type) == html


def test_names_that_begin_like_those_without_an_end_have_one():
    assert opened("<link-list/><b\n/><colgroup/>", "text/xml") == (
        "<link-list></link-list><b\n></b><colgroup></colgroup>"
    )


@pytest.mark.parametrize(
    "unit", ["<a", "<a ", "<a/", "<a '", '<a "', "<a b='c'", "/>", "<a/>", "x"]
)
def test_it_takes_linear_time(unit):
    began = time.process_time()
    for html in (unit * 100_000, unit + unit[-1:] * 1_000_000):
        opened(html + "/>", "text/xml")
    assert time.process_time() - began < 5
