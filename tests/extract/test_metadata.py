"""What a page declares about itself: told where it is declared, and never slowly."""

from __future__ import annotations

import json
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import page

from webfilter.document import Document
from webfilter.extract import Extract
from webfilter.extract.dates import iso_date
from webfilter.extract.jsonld import declared, texts
from webfilter.extract.metadata import FIELDS, TYPES, page_metadata


def ld(value: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ('<meta property="og:title" content="Bees &amp; I">', {"title": "Bees & I"}),
        ("<meta content='Bees | Us' property='og:title'><meta name=application-name content=Us>",
         {"title": "Bees", "site": "Us"}),
        ("<title>Field Notes » Bees</title><meta name=application-name content='Field notes'>",
         {"title": "Bees", "site": "Field notes"}),
        ("<meta name=application-name content=Us>", {"site": "Us"}),
        ("<title>Us</title><meta name=application-name content=Us>", {"title": "Us", "site": "Us"}),
        ("<title>Us and | Bees</title><meta name=application-name content=Us>",
         {"title": "Us and | Bees", "site": "Us"}),
        ("<title>List<Bee> &lt; Set</TITLE><title>No</title>", {"title": "List<Bee> < Set"}),
        (f"<title>{'Bees ' * 60}</title>", {"title": ("Bees " * 60).strip()}),
        ("<title>Bees<meta name=x>", {"title": "Bees"}),
        ("<title>Field Notes: on bees</title>", {"title": "Field Notes: on bees"}),
        ("<!-- <title>Old</title> --><svg><title>Logo</title></svg><title></title><title>New",
         {"title": "New"}),
        ("<script>'<title>Old</title>'</script><TITLE>New</TITLE>", {"title": "New"}),
        ('<meta name="author" content="By Ada Bee">', {"author": "Ada Bee"}),
        ('<meta name="author" content="- Ada Bee | ">', {"author": "Ada Bee"}),
        ('<META NAME=AUTHOR CONTENT=Ada>', {"author": "Ada"}),
        ('<meta name="author" content="admin">', {}),
        ('<meta property="article:author" content="https://a.example/ada">', {}),
        ('<meta name="citation_author" content="Bee, A."><meta name="citation_author" '
         'content="Cee, D.">', {"author": "Bee, A.; Cee, D."}),
        ('<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" '
         'content="Ada Bee">', {"author": "Ada Bee"}),
        ('<meta name="twitter:label1" content="Price"><meta name="twitter:data1" '
         'content="$ 5">', {}),
        ('<meta property="article:published_time" content="2024-05-04T23:10:00-08:00">',
         {"date_published": "2024-05-04"}),
        ('<meta property="article:modified_time" content="2024-05-04">', {}),
        ('<meta name="date" content="yesterday">', {}),
        ('<link rel="canonical" href="/bees?x=1&amp;y=2">',
         {"canonical_url": "https://a.example/bees?x=1&y=2"}),
        ("<link rel='canonical' href='/c'>", {"canonical_url": "https://a.example/c"}),
        ('<link href=https://b.example/ rel=canonical>', {"canonical_url": "https://b.example/"}),
        ('<link rel="canonical" href="javascript:void(0)">', {}),
        ('<link rel="canonical" href="http://[::1">', {}),
        ('<meta property="og:url" content="https://b.example/q">',
         {"canonical_url": "https://b.example/q"}),
        ('<meta http-equiv="Content-Language" content="de, en">', {"language_declared": "de"}),
        ('<meta property="og:type" content="Product">', {"page_type": "product"}),
        ('<meta property="og:type" content="website">', {}),
        ('<meta name="description" content="24" screen"><meta name="author" content="Ada">',
         {"author": "Ada"}),
        ('<meta name="x" data-content="no" content="">', {}),
        ('<meta name="author" class="" id=\'\' content="Ada">', {"author": "Ada"}),
    ],
)  # fmt: skip
def test_the_head_is_read(head, found):
    assert page_metadata(f"<html><head>{head}</head>", "https://a.example/b/c") == found


GRAPH = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": ["WebPage", "FAQPage"], "name": "Not it", "datePublished": "2020-01-02"},
        {"@type": "WebSite", "name": "Field Notes"},
        {
            "@type": "BlogPosting", "headline": "Of bees", "datePublished": "2021-03-04T01:02:03Z",
            "author": [{"@type": "Person", "name": "Ada"}, {"name": "Bo"}],
            "publisher": {"name": "A House"},
        },
    ],
}  # fmt: skip


def test_json_ld_is_read():
    assert page_metadata("<html><body>" + ld(GRAPH)) == {
        "title": "Of bees", "author": "Ada, Bo", "date_published": "2020-01-02",
        "site": "Field Notes", "page_type": "article",
    }  # fmt: skip


def test_a_site_without_a_name_leaves_that_of_the_publisher():
    article = {"@type": "Article", "publisher": {"name": "A House"}}
    assert declared(ld([article, {"@type": "WebSite"}])).site == "A House"


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ({"@id": "#ada"}, "Ada"),
        ([{"@id": "#ada"}, {"@id": "#gone"}, {"@id": ["#ada"]}, "Bo"], "Ada, Bo"),
        ({"@id": "#ada", "name": "Ada Bee"}, "Ada Bee"),
        ({"@id": "#loop"}, None),
        ({"@id": "#team"}, "Bo, Cy"),
    ],
)
def test_authors_who_are_referred_to_are_found_in_any_block(author, name):
    people = [
        {"@id": "#ada"},
        {"@id": "#ada", "@type": "Person", "name": "Ada"},
        {"@id": "#ada", "name": "A namesake"},
        {"@id": "#loop", "name": {"@id": "#loop"}},
        {"@id": "#team", "name": ["Bo", "Cy"]},
        {"@id": 3, "name": "No one"},
    ]
    article = {"@type": "Article", "@id": "#article", "author": author}
    html = ld(article) + ld({"@graph": people})
    assert page_metadata(html).get("author") == name
    assert declared(html).site is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"@type": "https://schema.org/NewsArticle"}, "article"),
        ([{"@type": "BreadcrumbList"}, {"@type": "Product", "review": {"@type": "Article"}}],
         "product"),
        ([{"@type": "Product"}, {"@type": "Product"}], None),
        ({"@type": "WebPage", "mainEntity": {"@type": "DiscussionForumPosting"}}, "forum"),
        ({"@type": "CollectionPage"}, "collection"),
        ({"@type": ["Organization", 3, None]}, None),
        ("text", None), (3, None), ([[[{"@type": "QAPage"}]]], "forum"),
    ],
)  # fmt: skip
def test_the_type_is_that_of_the_page_not_of_what_it_mentions(value, kind):
    assert page_metadata(ld(value)).get("page_type") == kind


def test_every_type_is_meant_once():
    names = [name for names in TYPES.values() for name in names.split()]
    assert len(names) == len(set(names))


def test_broken_json_ld_does_not_hide_the_next_block():
    html = '<script type="application/ld+json">{"@type": "Artic</script>' + ld({"@type": "QAPage"})
    assert declared(html).types == ["QAPage"]
    made = ld({"@type": "QAPage"}).replace('json"', 'json" class="yoast-schema-graph" data-n="1"')
    assert declared(made.replace("</script", "</SCRIPT")).types == ["QAPage"]
    named = "<p>Write application/ld+json, <b>not</b> application/ldap.</p>"
    assert declared(named + ld({"@type": "QAPage"})).types == ["QAPage"]
    long = ld({"@type": "Article", "articleBody": "x" * 300_000})
    assert declared(long + ld({"@type": "QAPage"})).types == ["QAPage"]
    odd = '<!--\n{"headline":"a\nb","@type":"Article"};\n-->'
    assert declared(f"<script type=application/ld+json>{odd}</script>").headline == "a\nb"


@pytest.mark.parametrize("plus", ["+", "&#x2B;", "&#43;"])
def test_json_ld_is_known_however_its_plus_is_written(plus):
    html = ld({"@type": "Article", "headline": "Bees", "articleBody": "They fly."})
    html = html.replace("ld+json", f"ld{plus}json")
    assert declared(html).headline == "Bees"
    assert texts(html) == ["They fly."]


def test_the_posts_of_a_thread_come_in_order():
    answers = [
        {"@type": "Answer", "text": "b", "comment": [{"@type": "Comment", "text": "c"}]},
        {"@type": "Answer", "text": "d"},
        {"@type": "Answer", "text": "a"},
        {"@type": "Person", "text": "not a post"},
        {"@type": "Answer", "text": " "},
    ]
    question = {"@type": "Question", "text": "a", "suggestedAnswer": answers}
    article = {"@type": "Article", "text": "not its body", "articleBody": "e"}
    assert texts(ld([{"@graph": [question, article]}])) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<h1 class=x> How <b>bees</b>\n dance </h1>", {"title": "How bees dance"}),
        ("<h1>A</h1><h1>B</h1>", {}),
        ('<p>By <a href="/ada" rel="author"><b>Ada Bee</b></a></p>', {"author": "Ada Bee"}),
        ('<span itemprop="author" itemscope><span itemprop="name">Ada</span></span>',
         {"author": "Ada"}),
        ('<b class="author">nobody</b>', {}),
        ('<title>A frame</title><meta name="author" content="Of a frame">', {}),
        ('<i itemprop="datePublished" content="2024-01-02">', {"date_published": "2024-01-02"}),
        ('<time datetime="2024-01-02T10:00">', {"date_published": "2024-01-02"}),
        ('<time datetime="2024-01-02">x</time><time datetime="2023-01-02">y</time>', {}),
        ('<time>May 3, 2020</time><time class="entry-date" datetime="2024-01-02">',
         {"date_published": "2024-01-02"}),
        ('<time class="updated" datetime="2024-01-02">', {}),
        ('<time class="entry-date published updated" datetime="2024-01-02"><time class="side" '
         'datetime="2023-01-02">', {"date_published": "2024-01-02"}),
        ('<time class="entry-date updated" datetime="2024-01-02">', {}),
        ('<time itemprop="dateModified" datetime="2024-01-02">', {}),
        ("<!-- <h1>Old</h1> --><script>'<h1>Old</h1>'</script><h1>New</h1>", {"title": "New"}),
        ("<template><h1>Row</h1></template><H1>New</H1><svg/><!--", {"title": "New"}),
        ("<svg/><h1>New</h1><svg><h1>Old</h1></svg>", {"title": "New"}),
        ("<h1>A</h1><!-- <h1>B</h1>", {"title": "A"}),
        ("<style><h1>A</h1></style><script><h1>B</h1></script>" * 5 + "<h1>C</h1>",
         {"title": "C"}),
        ("<h1><svg><title>Logo</title></svg >Of <!-- a >\n b -->bees<style>b{}</style></h1>",
         {"title": "Of bees"}),
        ("<p>Published on: <b>3rd March 2019</b>", {"date_published": "2019-03-03"}),
        ('<script>x = {"publishedAt":"2019-03-04T00:00"}', {"date_published": "2019-03-04"}),
        ("<p>Published by us", {}),
    ],
)  # fmt: skip
def test_the_body_is_read(body, found):
    assert page_metadata(f"<html><head></head><body>{body}</body>") == found


def test_the_language_may_stand_behind_much_else():
    html = f"<!doctype html>\n<html class='{'has-this ' * 100}' xml:lang = 'de-AT' data-lang=en>"
    assert page_metadata(html) == {"language_declared": "de-AT"}
    assert page_metadata("<html lang=de xml:lang=en>") == {"language_declared": "de"}


def test_a_body_in_capitals_ends_the_head_too():
    assert page_metadata("<HTML><HEAD><BODY><META NAME=author CONTENT=Nobody>") == {}


def test_a_sixth_heading_is_not_looked_at():
    html = "<title>F is it</title><body>" + "".join(f"<h1>{name}</h1>" for name in "ABCDEF")
    assert page_metadata(html) == {"title": "F is it"}
    assert page_metadata(html.replace("<h1>A</h1>", "")) == {"title": "F"}


def test_the_path_of_the_address_gives_a_date():
    assert page_metadata("", "https://a.example/2019/3/04/x") == {"date_published": "2019-03-04"}
    assert page_metadata("", "https://a.example/2019/13/04/x") == {}


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2024-02-30", None), ("1970-01-01", None), ("20240504", "2024-05-04"),
        ("20240504T101112Z", "2024-05-04"), ("2024.5.4", "2024-05-04"), ("2024", None),
        ("Sat, 04 May 2024 10:00:00 GMT", "2024-05-04"), ("on May 4th, 2024", "2024-05-04"),
        ("4. Mai 2024", None), ("1714780800", None), ("0000-00-00", None), ("", None),
        ("2024-05-041", None),
    ],
)  # fmt: skip
def test_dates(said, day):
    assert iso_date(said) == day


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2099, 12, 31)))
def test_every_way_to_write_a_date_gives_it_back(day):
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y/%m/%d", "%Y%m%d", "%B %d, %Y", "%d %b %Y"):
        assert iso_date(day.strftime(form)) == day.isoformat()


DEEP = '<script type="application/ld+json">' + '{"author":[' * 50_000 + "</script>"
HOSTILE = {
    "metas": "<meta " * 170_000,
    "open quotes": '<meta content="' * 70_000 + "<meta content='" * 70_000,
    "attributes": "<meta " + "name " * 200_000,
    "equals": "<meta name=" + "=" * 1_000_000,
    "blanks of a name": ("<meta name=" + " " * 3_900 + ">") * 100,
    "blanks of a language": "<html lang=" + " " * 500_000 + ">",
    "titles": "<title" * 170_000,
    "titles with spaces": ("<title " + " " * 490) * 2000,
    "html": "<html " + "lang " * 200_000,
    "links": "<link canonical " * 70_000,
    "headings": "<h1>" * 250_000,
    "headings not shown": "<svg><!-- -->" * 80_000 + "<script></script ><h1" * 10_000,
    "headings that hide": "<h1>" + "<svg " * 590 + "</h1><h1>" + "<!--" * 700,
    "times": "<time " * 170_000,
    "published": "published " * 100_000,
    "published tags": "published" + "<b>" * 300_000,
    "authors": '<i itemprop="author">' * 50_000,
    "json": "application/ld+json " * 50_000,
    "json tags": '<script type="application/ld+json">' * 30_000,
    "deep": DEEP,
    "deep closed": ld({"@type": "Article"}).replace(
        "}", ',"author":' + "[" * 900 + "]" * 900 + "}"
    ),
    "wide": ld([{"@type": "Article"}] * 10_000),
    "number": '<script type="application/ld+json">' + "9" * 200_000 + "</script>",
    "entities": "<title>" + "&amp;" * 200_000,
    "spaces": "<head>" + " " * 1_000_000,
    "angle": "<" * 1_000_000,
}


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_hostile_pages_take_no_time(case):
    began = time.process_time()
    page_metadata(HOSTILE[case], "https://a.example/")
    assert time.process_time() - began < 0.5


@given(st.text(alphabet="<>=\"' /metaliknhrfjsonld+cpygb:1{}[],&;\ud800\0\n", max_size=300))
def test_any_text_gives_clean_fields(text):
    for wrapped in (text, f"<meta name=author content={text}>", f"<h1>{text}</h1>"):
        for key, value in page_metadata(wrapped, "https://a.example/").items():
            assert key in FIELDS
            assert value == " ".join(value.split())
            assert "\0" not in value
            value.encode()


def test_the_stage_tells_it_unless_told_not_to_and_never_over_the_source():
    html = page(head='<meta name="author" content="Ada">' + ld(GRAPH)).encode()
    doc = Document("a", html=html, meta={"author": "Mine", "date": "2024-06-01T00:00:00Z"})
    here = {"seconds": None, "memory_mb": None, "engine": "resiliparse"}
    [told] = Extract(**here).process([doc])
    assert told.meta == {
        "author": "Mine", "date": "2024-06-01T00:00:00Z", "title": "How bees find food",
        "date_published": "2020-01-02", "site": "Field Notes", "language_declared": "en",
        "page_type": "article",
    }  # fmt: skip
    [silent] = Extract(**here, metadata=False).process([doc])
    assert silent.meta == doc.meta
