"""The reading of a page: no word lost or doubled, ranges right, monsters refused at once."""

from __future__ import annotations

import contextlib
import gc
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from selectolax.lexbor import LexborHTMLParser

from webfilter.extract.blocks.hints import head_of, hints, title_of
from webfilter.extract.dom import INLINE, Dom, read
from webfilter.extract.engine import Unfit
from webfilter.extract.render import render
from webfilter.extract.shape import check, most_open

TAGS = "div p span b i a ul li table tr td h2 blockquote pre section label em button"
SKIPPED = ["script", "style", "svg", "textarea"]


def texts(html: str, links: bool = False) -> list[str]:
    return [block.text for block in read(html, links).blocks]


@st.composite
def trees(draw, depth=4):
    """Markup of a small tree whose words are single and marked off by spaces."""
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        kinds = ["text", "text", "blank", "br", "comment", "php", "skip", "element"]
        kind = draw(st.sampled_from(kinds))
        if kind == "text":
            parts.append(draw(st.sampled_from([" one ", " two two ", " äöü ", " 1 &lt; 2 ", "\v"])))
        elif kind == "blank":
            parts.append(draw(st.sampled_from([" ", "\n", "&nbsp;"])))
        elif kind == "br":
            parts.append("<br>")
        elif kind == "comment":
            parts.append("<!-- no word -->")
        elif kind == "php":
            parts.append("<?php no word ?>")
        elif kind == "skip":
            name = draw(st.sampled_from(SKIPPED))
            parts.append(f"<{name}>hidden</{name}>")
        elif depth:
            name = draw(st.sampled_from(TAGS.split()))
            inner = draw(trees(depth=depth - 1))
            end = f"</{name}>" if draw(st.booleans()) else ""
            parts.append(f"<{name}>{inner}{end}")
    return "".join(parts)


def visible(html: str) -> list[str]:
    """Return the words of a page by another reading of lexbor's tree: lxml over its markup."""
    tree = lxml_html.fromstring(LexborHTMLParser(html.replace("\v", " ")).html)
    for element in list(tree.iter(*SKIPPED, "head")):
        element.drop_tree()
    return "".join(tree.itertext(with_tail=True)).split()


@given(trees())
def test_no_word_is_lost_or_doubled(markup):
    page = f"<html><head><title>t</title></head><body>{markup}</body></html>"
    found = " ".join(texts(page)).split()
    assert found == visible(re.sub(r"<!--.*?-->|<\?.*?>", "", page))


@given(trees())
def test_ranges_are_those_of_the_tree(markup):
    dom = read(f"<body>{markup}")
    of_each = (dom.tags, dom.parents, dom.attributes, dom.ends, dom.first, dom.last)
    assert len(set(map(len, of_each))) == 1
    around: dict[int, set[int]] = {}
    for i, parent in enumerate(dom.parents):
        assert -1 <= parent < i
        around[i] = around.get(parent, set()) | {i}
    for i in range(len(dom.tags)):
        inside = [j for j in range(len(dom.tags)) if i in around[j]]
        assert inside == list(range(i, dom.ends[i]))
        held = [b for b, block in enumerate(dom.blocks) if i in around[block.element]]
        if dom.tags[i] not in INLINE:
            assert held == list(range(dom.first[i], dom.last[i]))
    for block in dom.blocks:
        assert "".join(block.text.split()) == "".join("".join(t for t, _ in block.pieces).split())
        assert 0 <= block.linked <= sum(len(text) for text, _ in block.pieces)


LINES = (
    "<span class='{0}'><b>if</b> x<b>:</b></span><span class='{1}'></span>"
    "<span class='{1}'>  y</span></pre>"
)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a<br>b", ["a\nb"]),
        ("<p>a<br><br>b", ["a", "b"]),
        ("<p>a<br> <br/>b", ["a", "b"]),
        ("<pre>\n a\n\n  b<br>c\n</pre>d", [" a\n\n  b\nc", "d"]),
        ("<pre>  <b>a</b>\n  b</pre>", ["  a\n  b"]),
        ("<pre><div><b></b></div><div>a</div></pre>", ["a"]),
        ("<div>a<p>b</p>c</div>", ["a", "b", "c"]),
        ("<p>a<span>b</span><span>c</span>", ["ab c"]),
        ("<p>a<b>b</b>c", ["abc"]),
        ("<div><span></span><span>a</span><span><div>b</div></span></div>", ["a", "b"]),
        ("<p><span>I</span><span>’m</span> <a>a</a><a>, b</a> (<i>c</i><i>)</i>", ["I’m a, b (c)"]),
        ("<p><span>(</span><span>a</span><span>(b)</span><span><b>.</b></span>", ["(a (b)."]),
        (
            "<p><span>a</span><span> </span><span>.</span><div><span>a</span><span></span>",
            ["a .", "a"],
        ),
        ("<h2>To fly<a href=#fly>¶</a></h2><p>a", ["To fly", "a"]),
        (
            "<h2><a href=#fly>§</a>To fly</h2><dl><dt>bee()<a href=#bee>\uf0c1</a>",
            ["To fly", "bee()"],
        ),
        (
            "<h2>To fly <a href=#fly>#</a></h2><p><a href=/others>#</a> <a href=/a>A</a>",
            ["To fly", "# A"],
        ),
        (
            "<p>a ¶ <a href=/law>§ 1</a> <a href=/2><b>§</b></a> <a href=/2>§<!-- --></a>",
            ["a ¶ § 1 § §"],
        ),
        ("<pre><span>bee</span><span>.</span><span>fly</span>()</pre>", ["bee.fly()"]),
        ("<pre><div><b>if</b> x:</div> <div>  <b>y</b></div></pre>", ["if x:\n  y"]),
        (
            "<p>a <code><i><span>b</span><span>=c</span></i></code><span>d</span><span>e</span>",
            ["a b=cd e"],
        ),
        ("<pre>" + LINES.format("line", "line hot"), ["if x:\n\n  y"]),
        ("<pre>" + LINES.format("code-line", "code-line"), ["if x:\n\n  y"]),
        ("<pre>" + LINES.format("line-of-code", "line-of-code"), ["if x:\n\n  y"]),
        ("<pre>" + LINES.format("inline", "line"), ["if x:\n  y"]),
        ("<pre>" + LINES.format("line", "underline"), ["if x:  y"]),
        ("<pre>" + LINES.replace(":</b>", ":</b>\n").format("line", "line"), ["if x:\n\n  y"]),
        ("<pre><span class=line-number>1</span><span class=line>a</span>", ["a"]),
        ("<pre><span class=line>a</span><!-- --><span class=line>b</span>", ["ab"]),
        ("<p>a <?php if ($x) { ?>b<?php } ?> c", ["a b c"]),
        ("<select><option>a<option>b</select>", ["a b"]),
        ("<table><tr><td>a<td><table><tr><td>b</table>c</table>", ["a", "b", "c"]),
        ("<noscript><p>a</p></noscript>", ["a"]),
        ("<body><template><p>no</p></template>a", ["a"]),
        ("<body><iframe>no</iframe><iframe><p>no</p></iframe>a", ["a"]),
        ("<noembed><p>no</p></noembed>a<noframes><b>no</b></noframes>b", ["ab"]),
        ("<title>a</title><script>b</script><p>c", ["c"]),
        ("<p>a<title>no</title>b<div><title>no</title>c</div>", ["ab", "c"]),
        ("<p>a<progress>no</progress>b<meter>no</meter>", ["ab"]),
        ("<p>a <st1:City w:st='on'>b</st1:City>, c<o:p>&nbsp;</o:p></p>d", ["a b, c", "d"]),
        ("", []),
        ("\0\ud800", []),
    ],
)
def test_blocks(html, expected):
    assert texts(html) == expected


SQUARE = "<mi>r</mi>\n<msup><mi>a</mi><mn>2</mn></msup>"
NOTE = '<annotation encoding="application/x-tex"> r\n a^2 </annotation>'
TEX = f"<semantics><mrow>{SQUARE}</mrow>{NOTE}</semantics>"
EYE = '<span aria-hidden="true"><i>ra</i>2</span>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (f"<p>The <math>{SQUARE}</math>, x", [r"The \(r a^2\), x"]),
        ("<p>a <math>\n<mi>b</mi>\n</math>,<br><math></math><br>c", ["a b,", "c"]),
        ("<p>a<math><mi>b</mi></math><br><br>c", ["ab", "c"]),
        ("<p><span>a</span><span><math><mi>b</mi></math>.</span>", ["a b."]),
        ("<p><br>a<br><math><mi>b</mi></math><br>c", ["a\nb\nc"]),
        ("<p>a<math><mtext>b <b>c</b></mtext></math>", ["ab c"]),
        ("<p>a <math><mi>b</mi></math><math><mi>c</mi></math> d", ["a bc d"]),
        (f"<p>a <math>{TEX}</math> b", [r"a \(r a^2\) b"]),
        (f"<p>a <math display=block>{TEX}</math> b", [r"a \[r a^2\] b"]),
        ("<p>a <math><semantics><mi>b</mi><annotation encoding='x'>no</annotation><annotation-xml>"
         "<ci>no</ci></annotation-xml></semantics></math> c", ["a b c"]),
        (f"<p>a <span><span><math>{TEX}</math></span>{EYE}</span> b", [r"a \(r a^2\) b"]),
        (f"<p>a <span>{EYE}<span><math>{TEX}</math></span></span> b", ["a ra2 b"]),
        (f"<p>a <span><nobr aria-hidden=true>no</nobr><span><math>{TEX}</math></span></span> b",
         ["a no b"]),
        (f"<p>a <span><math>{TEX}</math></span><i aria-hidden=true>no</i> b", [r"a \(r a^2\) b"]),
        (f"<p>a <span><math>{TEX}</math></span><span>b</span> c", [r"a \(r a^2\) b c"]),
        (f"<p>a <span aria-hidden=true> </span><span><math>{TEX}</math></span> b",
         [r"a \(r a^2\) b"]),
        (f"<p>a {EYE}<span>b <math>{TEX}</math></span>", [r"a ra2 b \(r a^2\)"]),
        (f"<p>a <span><math>{TEX}</math></span><img aria-hidden=true alt=x> b",
         [r"a \(r a^2\) b"]),
        (f"<p><math>{SQUARE}</math></p><p aria-hidden=true>b", [r"\(r a^2\)", "b"]),
        (f"<p><math>{SQUARE}</math></p><b aria-hidden=true>b</b>", [r"\(r a^2\)", "b"]),
        (f"<p><img aria-hidden=true><span><math>{SQUARE}</math></span>", [r"\(r a^2\)"]),
        (f"<div><span><math>{SQUARE}</math></span><p aria-hidden=true>b</div>",
         [r"\(r a^2\)", "b"]),
        ("<p>a<textarea>no</textarea><object>no</object><svg><text>no</text></svg>", ["a"]),
    ],
)  # fmt: skip
def test_formulas_are_text_and_read_once(html, expected):
    assert texts(html) == expected


def test_a_formula_in_a_link_is_text_of_the_link():
    [block] = read("<p>a <a href=/><math><mi>b</mi><mi>c</mi></math></a>").blocks
    assert (block.linked, block.links) == (2, 1)


def test_a_formula_is_one_for_a_reader_of_markdown():
    dom = read(f"<p>The <b>area</b> is <math>{TEX}</math>.")
    assert render(dom, [0], True) == "The **area** is $r a^2$."


def test_an_iframe_that_was_never_closed_is_read():
    html = "<body><p>a</p><iframe src='x'><p>b</p>" + "<p>c</p>" * 200
    assert texts(html) == ["a", "b", *["c"] * 200]
    dom = read(f"{html}</iframe>d")
    assert dom.tags[dom.blocks[-1].element] == "body"


def test_links_are_counted_and_their_targets_kept_if_wanted():
    html = '<p>one <a href="/a">two</a> <a href="/b" class="x">three</a> four <b class="y">five</b>'
    [block] = read(html).blocks
    assert (block.linked, block.links) == (8, 2)
    [_, block] = read("<p>a<br><div><a href=/><i></i><i></i><br>b</a></div>").blocks
    assert (block.linked, block.links) == (1, 1)
    dom = read(html, links=True)
    said = dict(zip(dom.tags, dom.attributes, strict=True))
    assert said["a"] == {"href": "/b", "class": "x"}
    assert not said["b"]
    assert not any(read(html).attributes)


@pytest.mark.parametrize("html", ["<p>a", "<div>" * 3000])
def test_the_collector_of_garbage_is_left_as_it_was(html):
    for on in (False, True):
        (gc.enable if on else gc.disable)()
        with contextlib.suppress(Unfit):
            read(html)
        assert gc.isenabled() == on


N = 100_000
MONSTERS = {
    "options": ("<select>" + "<option>x" * N, "options"),
    "attributes": ("<div " + " ".join(f'a{i}="1"' for i in range(N)) + ">x", "attributes"),
    "attributes, quoted": ("<p " + " ".join(f"a{i}='>'" for i in range(N)) + ">x", "attributes"),
    "attributes of body": ("".join(f"<body a{i}=1>" for i in range(N)), "attributes of body"),
    "nested": ("<div>" * N, "nested"),
    "nested and closed": ("<div>" * N + "x" + "</div>" * N, "nested"),
    "nested 2001": ("<div>" * 2001 + "x", "nested more than 2000 deep"),
    "lists": ("<ul><li>x" * N, "nested"),
    "glossaries": ("<dl><dt>x<dd>y" * N, "nested"),
    "tables": ("<table><tr><td>x" * N, "nested"),
    "drawings": ("<svg>" + "<g>" * N + "</x>" * N, "nested"),
    "strangers closed": ("<a><div>" * N + "x", "nested"),
    "closed by another name": ("<article></p>" * N, "nested"),
    "closed by a name alike": ("<div></dir>" * N, "nested"),
    "with a slash": ("<div/>" * N, "nested"),
    "groups of options": ("<optgroup>" * N, "nested"),
    "spans left open": ("<span><div></span></div>" * 20_000, "nested: tags"),
    "spans left open by paragraphs": ("<span><p></span></p>" * 40_000, "nested: tags"),
    "items in items": ("<li><dd>" * N, "nested: tags"),
    "items in items that seem to end": ("<li><dt></dd><div></div><dd>" * N, "nested: tags"),
    "items in items, some ended": ("<li><dd><li></li>" * N, "nested: tags"),
    "ruby without ruby": ("<rt>" * N, "nested: tags"),
    "fonts": ("".join(f"<font size={i}><p>x" for i in range(N)), "formatting"),
    "fonts alone": ("".join(f"<font size={i}>" for i in range(N)), "formatting"),
    "fonts, some": ("".join(f"<font size={i}><p>x" for i in range(1800)), "formatting"),
    "swallowed by an iframe": ("<iframe>" + "<div>" * N, "nested"),
    "links": ("<a href='/'>x</a> " * 150_001, "nodes"),
    "cells": ("<table><tr>" + "<td>1</td>" * 150_001, "nodes"),
}


@pytest.mark.parametrize("name", MONSTERS)
def test_monsters_are_refused_at_once(name):
    html, why = MONSTERS[name]
    began = time.process_time()
    with pytest.raises(Unfit, match=why):
        read(html)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "honest",
    [
        "<span><b>x</b></span>",
        "<div><span><div>x</span></div></div>",
        "<table>{}</table>|<tr><td><span><div>x</span></div></td></tr>",
        "<ul>{}</ul>|<li><span><div>x</span></div>",
        "<p>x<p><span>y",
        "<p><span>y</p>",
        "<div><p><span>y</div>",
        "<ul>{}</ul>|<li><p><span>y",
        "<ul>{}</ul>|<li>x<dd>y</li>",
        "<ul>{}</ul>|<li>x</li><dd>y</dd>",
        "<ul>{}</ul>|<li><span>x<dl><dt>y<dd>z</dl>",
        "<dl>{}</dl>|<dt>x<dd>y",
        "<dl>{}</dl>|<dd>x<ul><li>y<li>z</ul>",
        "<ruby>x<rp>(<rt>y<rp>)</ruby>",
        "<ruby><rb>x</rb><rt>y</rt></ruby>",
    ],
)
def test_what_is_left_open_ends_with_what_is_around_it(honest):
    around, _, unit = honest.rpartition("|")
    check((around or "{}").format(unit * 20_000))


@pytest.mark.parametrize(
    ("html", "most"),
    [
        ("", 0),
        ("<", 0),
        ("</", 0),
        ("<a", 1),
        ('<a href="/">x</a> <B>y</b\n><P/>z</p>' * 9, 3),
        ("<div></p>" * 9, 9),
        ("</p><p>" * 9, 1),
        ("<ul><li>x</li><li>y</li></ul>" * 9, 2),
        ("<div><h1>x</h1><h2>x</h2></div>" * 9, 3),
    ],
)
def test_how_many_are_open_at_once_at_most(html, most):
    assert most_open(html) == most


@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "word " * 1_000_000,
        "<p>" + "x" * 5_000_000,
        "<" * 500_000,
        "<!--" * 100_000,
        "<iframe><p>x" * 50_000,
        "<body>" + "<template>" * 1500 + "x",
        "<script>" + "if (a <b && c) { go('<div><ul><li>') } " * 50_000 + "</script><p>x",
        "<script>for (i=0;i<n" + ", some words" * 20_000 + "</script><p>x",
        "<!-- <a " + "b " * 50_000 + "--><p>x",
        "<p>" + "x <br>" * 40_000,
        "<table>" + "<tr><td><font color=red>x" * 20_000,
        "<ul>" + "<li>x" * 60_000,
        "<UL>" + "<LI>x" * 60_000,
        "<p>" + '<i class="a">x</i> ' * 40_000,
        "<p><svg>" + "<path/>" * 100_000 + "</svg>",
        "<p><math>" + "<mspace/>" * 100_000 + "</math>",
        "<p>x<!-- " + "<div>" * 100_000 + " --><p>y",
    ],
)
def test_what_is_only_long_is_read(html):
    began = time.process_time()
    assert isinstance(read(html), Dom)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "unit",
    [
        "<title",
        "<title>",
        'og:type"',
        '"@type":',
        '"@type" ',
        'rel="canonical"',
        'name="generator"',
    ],
)
def test_hints_take_linear_time(unit):
    whole = (unit * 1_000_000)[:1_000_000]
    spaced = unit + " " * 1_000_000
    began = time.process_time()
    for html in (whole, spaced):
        head = head_of(html)
        title_of(head)
        hints(html, head, Dom(), None)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        # seen apart
        ("<p><span>3</span><span>apples</span>", "3 apples"),
        ("<p><span>Cool.</span><span>Crisp</span>", "Cool. Crisp"),
        ("<p><span>Size</span><span>6\"</span>", 'Size 6"'),
        ("<dl><dt><a>a</a><a>b</a></dl>", "a b"),
        ("<p><span>It ends.</span><span>so it goes</span>", "It ends. so it goes"),
        ("<p><span>Shoes</span><span>(12)</span>", "Shoes (12)"),
        ("<p><span>12 $</span><span>40</span>", "12 $ 40"),
        ("<p><a>首页</a><a>新闻</a>", "首页 新闻"),
        ("<p><span>한국</span><span>어</span>", "한국 어"),
        # one
        ("<p><span>(</span><span>12</span><span>)</span>", "(12)"),
        ("<p><span>$</span><span>40</span>", "$40"),
        ("<p><span>老师</span><span>你好</span>", "老师你好"),
        ("<p><span>os.path.join</span><span>(</span>a<span>)</span>", "os.path.join(a)"),
        ("<p>the <span>\"best</span><span>\" of</span>", 'the "best" of'),
        ("<p><span>@</span><span>user</span>", "@user"),
        ('<p>the <span>"</span><span>best</span><span>"</span> <span>of</span><span>"all"</span>',
         'the "best" of "all"'),
        ("<p><span>“</span><span>a</span><span>” b</span>", "“a” b"),
        ('<p><span>f(</span><span>a</span> <span>so "</span><span>b</span> <span>6"</span>'
         "<span>c</span>", 'f(a so "b 6" c'),
        ("<p><span>os.</span><span>join</span><span>(</span>a<span>)</span>", "os.join(a)"),
        ("<dl><dt><span>stat.</span><span>S_IFMT</span>(<span>*</span><span>a</span>)</dt></dl>",
         "stat.S_IFMT(*a)"),
        ("<p><span>a.b.</span><span>Class</span><span>[</span>T<span>]</span>", "a.b.Class[T]"),
        ("<p>f(<em><span>**</span><span>kwargs</span></em>)", "f(**kwargs)"),
        ("<p><span>a</span>=<span>b</span>", "a=b"),
        ("<p><em>a</em><em>b</em>", "ab"),
        ("<pre>a<div>b</div>c<div>d</div></pre>", "a\nb\nc\nd"),
    ],
)  # fmt: skip
def test_elements_in_a_row_are_apart_but_for_the_parts_of_one_name(html, expected):
    assert texts(html) == [expected]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<dl><dt><strong>n</strong><span class=classifier>int</span><dd>How many.</dl>",
         ["n : int", "How many."]),
        ("<p><strong>n</strong><span class=classifier>int</span>", ["nint"]),
        ("<dl><dt>f()<a href=x><span class=viewcode-link><span>[source]</span></span></a>"
         "<a class=headerlink href=#f>#</a></dt></dl>", ["f()"]),
        ("<h2>A<a href=#a> ¶</a></h2>", ["A"]),
        ("<h2>A<a href=#a><b>b</b>¶</a></h2>", ["Ab¶"]),
        ("<h3><code>a()</code><span><a href=#a> # </a></span></h3>", ["a()"]),
        ("<h3><i><i><i><i><a href=#a>#</a></i></i></i></i></h3>", ["#"]),
        ("<p>see <a href=#a> # </a>", ["see #"]),
        ("<body><a href=/others>#</a> others", ["# others"]),
        ("<h2><span class=permalink><a href=#a>&#9670;&nbsp;</a></span>f()</h2>", ["f()"]),
        ("<li><b><a href=#a>^</a></b> Note <a href=#b>\u21a9\ufe0e</a><a href=#c> \u21a9 </a>",
         ["Note"]),
        ("<p>anna wrote: <a href=#a>↑</a><p><a href=/up>↑ 5</a> x ^ y ↑",
         ["anna wrote:", "↑ 5 x ^ y ↑"]),
        ("<body class='x mediawiki ltr'><h2>A<span class=mw-editsection>[<a>edit</a>"
         "<span class=mw-editsection>no</span>]</span></h2>b",
         ["A", "b"]),
        ("<body><h2>A<span class=mw-editsection>[edit]</span></h2>", ["A[edit]"]),
    ],
)  # fmt: skip
def test_what_is_there_for_editors_is_left_out(html, expected):
    assert texts(html) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("これは\n  日本語です。\r\n次の行。", "これは日本語です。次の行。"),
        ("中文\n<b>字</b>", "中文 字"),  # the break stands at the end of a text
        ("（一）\n二", "（一）二"),
        ("한국어\n문장", "한국어 문장"),
        ("日本\nABC\n中国", "日本 ABC 中国"),
        ("日本 中国", "日本 中国"),
        ("тут\nтам", "тут там"),
    ],
)
def test_a_line_break_between_chinese_or_japanese_characters_is_nothing(written, expected):
    assert texts(f"<p>{written}</p>") == [expected]


@pytest.mark.parametrize(
    ("ruby", "expected"),
    [
        (
            "東<rp>(</rp><rt>とう</rt><rp>)</rp>京<rp>(</rp><rt>きょう</rt><rp>)</rp>",
            "東(とう)京(きょう)",
        ),
        ("東<rt>とう</rt>京<rt>きょう</rt>", "東(とう)京(きょう)"),
        ("<rb>東</rb> <rt> とう </rt>", "東 (とう)"),
        ("東<rt></rt>京", "東京"),
        ("<rt>tō \n kyō</rt>東京", "(tō kyō)東京"),
    ],
)
def test_readings_above_characters_stand_in_brackets(ruby, expected):
    assert texts(f"<p>a <ruby>{ruby}</ruby> b") == [f"a {expected} b"]


def test_line_breaks_of_code_stay_between_any_characters():
    assert texts("<pre>日本\n中国</pre>") == ["日本\n中国"]


def test_what_is_blank_is_no_block_and_a_vertical_tab_no_break():
    assert texts("<p>a\vb</p><pre> \n\n</pre><p> <b> </b><p>c") == ["a b", "c"]


def test_holders_are_the_elements_that_hold_something():
    dom = read("<table><tr><td>a</table><ul><li>b<li></ul><h2>c</h2><pre></pre>")
    found = {name: [dom.tags[at] for at in all_] for name, all_ in dom.holders.items() if all_}
    assert found == {"table": ["table"], "ul": ["ul"], "li": ["li"], "h2": ["h2"]}


@pytest.mark.parametrize(
    "form",
    [
        "<div class=cm-line>@</div>",
        "<div class=token-line>@<br></div>",
        "<div><span>@\n</span></div>",
        "<div><div class=code>@</div></div>",
        "<div>@</div>\n",
        "<li><div>@</div></li>",
    ],
)
def test_lines_of_code_that_are_elements_are_one_block(form):
    code = ["if x:", "", "  y", "", "", "z"]
    lines = [form.replace("@", line) if line else form.replace("@", "<br>") for line in code]
    if "<br></div>" in form or "\n</span>" in form:
        lines = [form.replace("@", line) for line in code]
    html = f"a<pre><code>{''.join(lines)}</code></pre>b"
    assert texts(html) == ["a", "\n".join(code), "b"]


def test_of_a_page_within_pre_each_part_is_a_block():
    assert texts("<pre><div>a</div>b<p>c</p><div>d</div>") == ["a", "b", "c", "d"]
    assert texts("<pre><div>a</div><pre><div>b</div>c</pre>d") == ["a", "b", "c", "d"]


def test_code_is_known_by_its_class_where_it_is_no_pre():
    doxygen = "<div class=line>&#160;  x;</div>\n<div class=line><a></a>&#160;</div>\n<div>y;</div>"
    assert texts(f"<div class=fragment>{doxygen}</div>") == ["   x;\n \ny;"]
    tip = "<div class=ttc><div class=ttname>tip</div></div>"
    assert texts(f"<div class=fragment>{doxygen}{tip}</div>{tip}") == ["   x;\n \ny;", "tip"]
    assert texts("<div class=fragment><div>a</div><div class=line>b</div></div>") == ["a", "b"]
    assert texts("<div class=fragment>a</div><div class=fragment></div>b") == ["a", "b"]
    crayon = "<div class=crayon-pre><div class='crayon-line x'>a  b</div>\n<div>c</div></div>"
    assert texts(crayon) == ["a  b\nc"]
    assert read(crayon).tags.count("pre") == 1


def test_spaces_that_do_not_break_are_spaces_in_code():
    assert texts("<pre>if x:\n&nbsp; <b>y</b>&nbsp;<b>&nbsp;z</b></pre>") == ["if x:\n  y  z"]
