"""Blocks as text: what is written, and that a parser of Markdown reads the same words in it."""

from __future__ import annotations

import re
import time
from html import escape
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pages import FIRST, SECOND, page
from test_dom import trees

from webfilter.extract.dom import read
from webfilter.extract.engine import Options, engine
from webfilter.extract.inline import joined
from webfilter.extract.matched import as_markdown, matched
from webfilter.extract.render import _Markdown, render

PARSER = MarkdownIt("commonmark").enable("table")


def markdown(html: str, links: bool = False, url: str | None = None) -> str:
    dom = read(html, links)
    return render(dom, range(len(dom.blocks)), True, links, url)


def plain(html: str) -> str:
    dom = read(html)
    return render(dom, range(len(dom.blocks)))


def text_of(source: str, numbers: bool = False) -> str:
    """Return what a reader of the Markdown sees; with `numbers`, those of items, too."""
    parts = []
    for token in PARSER.parse(source):
        if numbers and token.type == "list_item_open":
            parts.append(f"{token.info} ")
        if token.type in ("fence", "code_block"):
            parts.append(token.content)
        for child in token.children or []:
            parts.append("\n" if child.type.endswith("break") else child.content)
            if child.type == "html_inline":
                raise AssertionError(f"read as HTML: {child.content}")
        parts.append("\n")
        assert token.type != "html_block", token.content
    return "".join(parts)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


# ---- round trip ---------------------------------------------------------------------------------

MARKS = st.text(alphabet="ab1 *_`[]()<>#-+.!&;:|\\~=/\n", min_size=1, max_size=20)
SNIPPETS = MARKS.map(lambda s: escape(s).replace("\n", "<br>"))


def within(parts: list[tuple[str, str]]) -> str:
    """Return a page of pairs of tags and what stands within them."""
    markup = ""
    for tags, text in parts:
        inner = text
        for tag in reversed(tags.split()):
            inner = f'<{tag} href="/t">{inner}</{tag}>'
        markup += f"<table><tr><td>x</td>{inner}</tr></table>" if tags == "td" else inner
    return f"<body>{markup}"


@given(trees())
@example("<ul><li><ul><li>one<p>two</ul>three</ul>")
@example("<ol><li>one<blockquote>two<ul><li>three")
@example("<blockquote><pre>one\n\n two</pre>")
@example("<table><tr><td>one<td><pre>two")
@example("<b>one</b><i>two</i><b>three</b>")
def test_markdown_is_read_with_the_same_words(markup):
    html = f"<body>{markup}"
    expected = words(" ".join(block.text for block in read(html).blocks))
    assert words(text_of(markdown(html))) == expected
    unnumbered = re.sub(r"^\d+\. ", "", plain(html), flags=re.MULTILINE)
    assert words(unnumbered) == expected


@given(
    st.lists(st.tuples(st.sampled_from(["p", "li", "h2", "td", "b", "i", "code", "a"]), SNIPPETS))
)
@example([("p", "__init__"), ("p", "a\\*b*c* _d_"), ("p", "[x]: http://y"), ("p", "![x](y)")])
@example([("p", "&lt;b&gt;"), ("p", "&lt;!-- x"), ("p", "&amp;lt;"), ("p", "1. x"), ("p", "---")])
@example([("p", "`a"), ("p", "b`"), ("code", "``a`"), ("i", "*a"), ("td", "a\\|b"), ("h2", "a #")])
@example(
    [("b", "a"), ("i", "b"), ("b", "c"), ("a", "[b]"), ("a", "]("), ("li", "+ a"), ("li", "1) a")]
)
@example([("li", "1. a"), ("li", "2) 3. b"), ("b", "c"), ("li", "3. d"), ("li", "5. e")])
@example(
    [("li", "1. a"), ("h2", "b"), ("li", "- # c"), ("li", "3. d"), ("li", "- - "), ("li", "5. ")]
)
def test_what_looks_like_a_mark_is_none(parts):
    html = within(parts)
    expected = words(" ".join(block.text for block in read(html).blocks))
    assert words(text_of(markdown(html), True)) == expected
    assert words(text_of(markdown(html, links=True, url="http://a.example/"), True)) == expected


INLINE = ["p", "h2", "td", "b", "i", "code", "a", "a code", "i code", "b i", "b a"]


@given(st.lists(st.tuples(st.sampled_from(INLINE), SNIPPETS)))
@example([("p", "a\\"), ("b", "*"), ("i", "a`"), ("code", "`a"), ("a", "![a"), ("a code", "`|`")])
@example(
    [
        ("p", "`a`"),
        ("p", "\\^ \\: \\~ \\*a\\*"),
        ("td", "a\\|b"),
        ("p", "&lt;b&gt;&lt;/b&gt;&amp;#35;"),
    ]
)
@example([("p", "a|b<br>-|-<br>a|b"), ("p", "|a|b|<br>| :-: | -- |"), ("p", "a|b<br>--: | --")])
@example([("p", "a<br>---"), ("p", "a<br>=="), ("p", "&lt;B&gt;&lt;?b?&gt;"), ("p", "a<br>-- -")])
@example([("p", "- - -"), ("p", "a<br>* b"), ("p", "## a"), ("p", "~~~"), ("b i", "1. a<br>- b")])
@example([("code", "a"), ("a code", "b"), ("p", "!"), ("code", "a"), ("i code", "b"), ("i", "*")])
def test_readers_see_every_character_and_no_more(parts):
    parts = [(tags, re.sub(r"\\+(?=[(\[])", "", text)) for tags, text in parts]  # no formulas
    html = within(parts)
    expected = "".join("".join(block.text for block in read(html).blocks).split())
    assert "".join(text_of(markdown(html)).split()) == expected
    assert "".join(text_of(markdown(html, True, "http://a.example/")).split()) == expected


def test_what_is_no_mark_is_not_escaped():
    said = r"5 * 3 = 15|snake_case|a < b|R&D, AT&T|C:\Users\me|[1] (2)|#hive|-5 - 2|1.5|= 1|::|~~"
    for text in said.split("|"):
        assert markdown(f"<p>{escape(text)}") == text
        assert markdown(f"<p><b>{escape(text)}</b> a") in (f"**{text}** a", f"{text} a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\( a_b \), \[ a_b\]", "$a_b$, $$a_b$$"),
        ("$$a_b*c*$$ $x_1*y*$", "$$a_b*c*$$ $x_1*y*$"),
        (r"\( \) *", r"\\( \\) \*"),
        ("$5_ or $6_", r"$5\_ or $6\_"),
    ],
)
def test_formulas_stand_between_dollars_and_nothing_in_them_is_escaped(text, expected):
    assert markdown(f"<p>{text}") == expected


# ---- single marks -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>A <b>big</b> title</h1><h3>C #</h3>", "# A big title\n\n### C \\#"),
        ("<h2>a ##</h2><h2># C#</h2>", "## a \\##\n\n## # C#"),
        ("<p>a <b>b</b> <b>c</b><i> d </i>e", "a **b c** *d* e"),
        ("<p>a<b> </b>b <b></b>c", "a b c"),
        ("<p>a\\<b>b</b>* c<i>*</i>", "a\\\\**b**\\* c\\*"),
        ("<p><b><strong>a</strong></b> <i><em>b</em></i> <b><i>c</i></b>", "**a** *b* ***c***"),
        ("<p>x<b>y.</b>z", "xy.z"),
        ("<p><b>x</b><i>y</i>", "**x**y"),
        ("<p>x<b>y</b>z", "x**y**z"),
        ("<p>+ x<p>+x", "\\+ x\n\n+x"),
        ("<p><code>a`b</code> <code>`</code> <kbd>c</kbd>", "``a`b`` `` ` `` `c`"),
        ("<p><code>a</code> <i><code>b</code></i><code>c</code>", "`a` *`b`*`c`"),
        ("<p><code>a</code><b><code>b</code></b>", "`a`**`b`**"),
        ("<p><code>a</code><i><code>b</code></i>", "`a`*`b`*"),
        ("<p><code>`a</code> <code>a`</code> <code>a``b</code>", "`` `a `` `` a` `` ```a``b```"),
        ("<p>a<b>\u200d</b>.<i>b\u200d</i>", "a\u200d.*b\u200d*"),
        ("<p><span><i>a</i> b</span> [c]<b>d</b> &amp;<i>e</i>", "*a* b [c]**d** &*e*"),
        ("<p>a<b> (b. </b>c<b>d.</b> e", "a **(b.** c**d.** e"),
        ("<p>«<b>a.</b>»<i>(b)</i>", "«**a.**»*(b)*"),
        (
            "<p><strong>a</strong> <em>b</em>, <cite>c</cite>, <dfn>d</dfn>, <var>e</var>"
            " <samp>f</samp> <tt>g</tt>",
            "**a** *b*, *c*, *d*, *e* `f` `g`",
        ),
        ("<p>a<br>b", "a  \nb"),
        ("<p>a<br>=", "a  \n\\="),
        ("<p>a<br>b <b>c</b><br>", "a  \nb **c**"),
        ("<p><b>a<br>- b<br></b>c", "**a  \n\\- b**  \nc"),
        ("<p><code>a<br>b</code>", "`a b`"),
        ("<ul><li>a<li>b</ul><p>c", "- a\n- b\n\nc"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ul><li>a<ul><li>b</ul>c</ul>", "- a\n  - b\n\n  c"),
        ("<ul><li><p>a</p><p>b</p></ul>", "- a\n\n  b"),
        ("<ol start=9><li>a<li>b<ul><li>c</ul></ol>", "9. a\n10. b\n    - c"),
        ("<ol><li>a<li value=7>b<li>c</ol>", "1. a\n7. b\n8. c"),
        ("<ol start=x><li>a</ol><ol start=-3><li>b</ol>", "1. a\n1. b"),
        ("<ol type=A start=26><li>a<li>b</ol>", "- Z. a\n27. b"),
        (
            "<ol type=a><li>a<ol type=A><li>b<pre>c</pre></ol></ol>",
            "- a. a\n  - A. b\n\n    ```\n    c\n    ```",
        ),
        ("<ol start='5th'><li>a<li value=' 9px'>b</ol>", "5. a\n9. b"),
        ("<ol start=99999999999999><li>a</ol>", "1. a"),
        ("<ul><li><ul><li>a</ul></ul>", "- a"),
        ("<blockquote><p>a<br>b<p>c</blockquote>d", "> a  \n> b\n>\n> c\n\nd"),
        ("<ul><li>a<blockquote>b</blockquote></ul>", "- a\n\n  > b"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("<pre>a\n```\nb</pre>", "````\na\n```\nb\n````"),
        ('<pre class="brush: js">a</pre>', "```js\na\n```"),
        ('<pre><code class="hljs language-c++">a</code></pre>', "```c++\na\n```"),
        ('<div class="highlight-source-python"><pre>a</pre></div>', "```python\na\n```"),
        ('<pre class=code data-lang="objective-c">a</pre>', "```objective-c\na\n```"),
        ('<pre class="lang-c# x">a</pre>', "```c#\na\n```"),
        ("<pre class=slang-x>a</pre>", "```\na\n```"),
        ("<pre>a\n  ```\nb `````</pre>", "````\na\n  ```\nb `````\n````"),
        ("<ul><li>a<li><pre>b</pre></ul>", "- a\n\n- ```\n  b\n  ```"),
        ("<pre><p>a<p>b</pre>", "```\na\nb\n```"),
        ("<pre><div>a</div><div>  b</div></pre>", "```\na\n  b\n```"),
        ("<ul><li>a<pre>b\n\n c</pre></ul>", "- a\n\n  ```\n  b\n\n   c\n  ```"),
    ],
)
def test_markdown(html, expected):
    assert markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>A</h1><p>b <b>c</b></p>", "A\nb c"),
        ("<ul><li><p>a</p><p>b</p><li>c<ul><li>d</ul>e</ul>", "- a\nb\n- c\n- d\ne"),
        (
            "<ol><li>a<ul><li>b</ul><li value=4>c<ol start=7><li>d</ol><li>e</ol>",
            "1. a\n- b\n4. c\n7. d\n5. e",
        ),
        (
            "<ol type=A><li>a<li>b</ol><ol type=a start=26><li>c<li>d</ol><ol type=i><li>e</ol>",
            "A. a\nB. b\nz. c\n27. d\n1. e",
        ),
        ("<ol type=a start=0><li>a<li>b</ol>", "0. a\na. b"),
        ("<ol start=999999999><p>x</p><li>a<li>b</ol>", "x\n999999999. a\n999999999. b"),
        ("<ol><p>x</p><li>a<li>b</li><ol><li>c</ol><li>d</ol>", "x\n1. a\n2. b\n1. c\n3. d"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<table><tr><td>a<td><pre>b\n  c</pre><tr><td>d<td>e</table>", "a\nb\n  c\nd\ne"),
        ("<table><tr><td>a<td>b<tr><td>c<tr><td>d</table>", "a\nb\nc\nd"),
        ("<table><tr><th>a<th>b<br>c<tr><td>1<td>2|</table>", "a | b c\n1 | 2|"),
        ("<blockquote>a</blockquote><li><blockquote>b</blockquote>", "a\n- b"),
        ("<p># *a*", "# *a*"),
    ],
)
def test_plain_text(html, expected):
    assert plain(html) == expected


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>हिन्दी<b>(शब्द)</b>", "हिन्दी(शब्द)"),  # a vowel sign is as a letter
        ("<p>a\u200b<i>!</i> b", "a\u200b!b"),
        ("<p>2 *<code>n</code>* 3", "2 *n* 3"),
        ("<p><b>* a *</b>", "* a *"),
        ("<p><code>a</code><b><code>b</code></b>c", "abc"),
        ("<p><b>---</b><p><i>=</i>", "---\n=\n"),
        ("<blockquote><pre>a\n\t```\nb</pre></blockquote>", "a\n\t```\nb"),
        ("<p>a<b><code>b</code></b><code>c</code>", "abc"),
        ("<h3>#</h3>", "#"),
        ("<p>a<b>&lt;</b>b&gt; c<b>[d]</b>(e) f<b>&amp;</b>lt;", "a<b> c[d](e) f&lt;"),
    ],
)
def test_readers_see_what_was_written_and_no_mark(html, seen):
    said = "".join(text_of(markdown(html)).split())
    assert said == "".join(seen.split())


@pytest.mark.parametrize(
    ("html", "expected", "written"),
    [
        ("<div>1.</div><h3>a</h3><div>2)</div><p>b", "1. a\n2) b", "### 1. a\n\n2\\) b"),
        ("<div>123.</div>a", "123. a", "123\\. a"),
        ("<div>1234.</div>a", "1234.\na", "1234\\.\n\na"),
        ("<div>12</div>a", "12\na", "12\n\na"),
        ("<li><b>7.</b><p>a<p>b", "- 7. a\nb", "- 7\\. a\n\n  b"),
        ("<li>1.<li>a", "- 1.\n- a", "- 1\\.\n- a"),
        ("<div>1.</div><div>2.</div>a", "1.\n2.\na", "1\\.\n\n2\\.\n\na"),
        ("<p>a<p>1.", "a\n1.", "a\n\n1\\."),
        ("<div>1.</div><pre>a</pre>", "1.\na", "1\\.\n\n```\na\n```"),
        ("<table><tr><td>1.<td>a<tr><td>2.<td>b</table>", "1. | a\n2. | b", None),
        ("<p>1.<table><tr><td>a<td>b<tr><td>c<td>d</table>", "1.\na | b\nc | d", None),
        ("<table><tr><td>a<td>b<tr><td>c<td>1.</table>d", "a | b\nc | 1.\nd", None),
        ("<table><tr><td>1.<td><p>a<p>b</table>", "1. a\nb", "1\\. a\n\nb"),
        ("<pre>1.</pre>a", "1.\na", "```\n1.\n```\n\na"),
    ],
)
def test_a_number_alone_is_put_before_what_it_numbers(html, expected, written):
    assert plain(html) == expected
    if written is not None:
        assert markdown(html) == written


BULLETS = "-•◦‣▪▫■□●○·∙–—»›►▶➤→✓✔"


@pytest.mark.parametrize(
    ("html", "expected", "written"),
    [
        ("<ul><li>• a<li>- – b<li>►\ufe0f c</ul>", "- a\n- b\n- c", None),
        ("<ul>" + "".join(f"<li>{c} a" for c in BULLETS) + "</ul>", "\n".join(["- a"] * 22), None),
        ("<ul><li>* a<li>-5 °C<li>•a<li>•<li>+ b</ul>",
         "- * a\n- -5 °C\n- •a\n- •\n- + b",
         "- \\* a\n- -5 °C\n- •a\n- •\n- \\+ b"),
        ("<ol><li>- a<li>b</ol>", "1. a\n2. b", None),
        ("<ul><li>• a<p>• b</ul>", "- a\n• b", "- a\n\n  • b"),
        ("<ul><li>- # a<li>• - 1. b</ul>", "- # a\n- 1. b", "- \\# a\n- 1\\. b"),
        ("<ol><li>1. a<li>2) b<li>2. c</ol>", "1. a\n2. b\n3. 2. c", "1. a\n2. b\n3. 2\\. c"),
        ("<ol start=7><li>7. a</ol><ol start=10><li>10. a</ol>", "7. a\n10. a", None),
        ("<ol><li><pre>- a\n- b</pre></ol>", "1. - a\n- b", "1. ```\n   - a\n   - b\n   ```"),
        ("<ol type=a><li>1. x</ol>", "a. x", "- a. x"),
        ("<ul><li>1. a<li>2. b<p>3. c</p><li>3.d</ul>", "1. a\n2. b\n3. c\n- 3.d",
         "1. a\n2. b\n\n   3\\. c\n\n- 3.d"),
        ("<ul><li>a<li>2. Bundesliga</ul>", "- a\n- 2. Bundesliga", "- a\n- 2\\. Bundesliga"),
        ("<ul><li>1. a<li>b<li>3. c</ul>", "1. a\n- b\n- 3. c", "1. a\n- b\n- 3\\. c"),
        ("<ul><li>1. Liga</ul>", "- 1. Liga", "- 1\\. Liga"),
        ("<ul><li>1. a<ul><li>1. b<li>2. c</ul><li>2. d</ul>", "1. a\n1. b\n2. c\n2. d",
         "1. a\n   1. b\n   2. c\n2. d"),
        ("<ul><li><h3>1. a</h3>b<li><h3>2. c</h3></ul>", "1. a\nb\n2. c",
         "- ### 1. a\n\n  b\n\n- ### 2. c"),
    ],
)  # fmt: skip
def test_an_item_that_brings_its_mark_has_one(html, expected, written):
    assert plain(html) == expected
    assert markdown(html) == (written or expected)


def test_an_item_goes_by_the_number_that_it_brings_only_behind_the_one_before():
    dom = read("<ul><li>1. a<li>2. b<li>3. c</ul>")
    assert render(dom, [0, 1]) == "1. a\n2. b"
    assert render(dom, [0, 2]) == "1. a\n- 3. c"
    assert render(dom, [1, 2]) == "- 2. b\n- 3. c"


def test_a_number_is_not_put_before_what_stands_further_on():
    dom = read("<p>1.<p>a<p>b")
    assert render(dom, [0, 2]) == "1.\nb"
    assert render(dom, [1, 2]) == "a\nb"


def test_a_link_behind_an_exclamation_mark_is_no_image():
    source = markdown("<p>Look!<a href=/t>b</a>", True, "http://a.example/")
    assert source == "Look\\![b](http://a.example/t)"
    kinds = [child.type for token in PARSER.parse(source) for child in token.children or []]
    assert "link_open" in kinds
    assert "image" not in kinds


def test_a_list_that_does_not_begin_at_one_is_a_list_within_an_item():
    html = "<ul><li>a<ol start=5><li>b<li>c</ol></ul>"
    assert markdown(html) == "- a\n\n  5. b\n  6. c"


def test_tables():
    head = "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert markdown("<table><tr><th>a<th>b<tr><td>1<td>2</table>") == head
    assert markdown("<table><tr><th>a<td>1<tr><th>b<td>2</table>") == (
        "|  |  |\n| --- | --- |\n| a | 1 |\n| b | 2 |"
    )
    assert markdown("<table><tr><th>a<th>b<br>c<tr><td>1<td>2</table>").startswith("| a | b c |")
    # an empty cell keeps its place, a wide one moves the next
    assert markdown("<table><tr><th>a<th>b<th>c<tr><td><td>x|y<td>2</table>").endswith(
        "|  | x\\|y | 2 |"
    )
    assert markdown("<table><tr><th>a<th>b<th>c<tr><td colspan=2>1<td>2</table>").endswith(
        "| 1 |  | 2 |"
    )
    for wide in (0, 999, 2**53):
        assert markdown(f"<table><tr><th>a<th>b<tr><td colspan={wide}>1<td>2</table>") == head
    # and so does a high one, as far down as its part of the table goes
    high = markdown(
        "<table><thead><tr><th rowspan=9>a<th colspan=2 rowspan=2>b<th>c<tr><th>d</thead>"
        "<tr><td>e<td>f<td rowspan=2>g<td>h<tr><td rowspan=1>i<td>j<td>k</table>"
    )
    assert high.split("\n")[2:] == ["|  |  |  | d |", "| e | f | g | h |", "| i | j |  | k |"]
    assert markdown(
        "<table><tr><td>a<td rowspan=9>b<tr><td>c<tfoot><tr><td>d<td>e</table>"
    ).endswith("| c |  |\n| d | e |")
    # forms are no cells
    assert markdown(
        "<table><tr><td rowspan=3>a<td>b<tr><td>c</tr><form></form><tr><form></form><td>d"
        "<tr><td>e<td>f</table>"
    ).endswith("|  | c |\n|  | d |\n| e | f |")
    # so does one of a row that is left out
    dom = read("<table><tr><td>a<td>b<tr><td rowspan=2>c<td>d<tr><td>e</table>")
    assert render(dom, [0, 1, 4], True).endswith("| a | b |\n|  | e |")
    # one that lays out the page is none
    assert "|" not in markdown(f"<table><tr><td>{FIRST * 2}<td>{SECOND}</table>")
    assert "|" not in markdown("<p>x<table><tr><td><ul><li>a</ul><td>b</table>")
    assert markdown(
        f"<table><tr><td><p>{FIRST}<p>{SECOND}<td><table><tr><th>a<th>b<tr><td>1<td>2</table></table>"
    ).endswith(head)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("w<table><tr><td>i<td>j</table>", "w i j"),
        ("<table><tr><td>i<tr><td>j</table>", "i j"),
        ("<table><tr><td>i<td><table><tr><td>j</table></table>w", "i j w"),
        ("<table><caption>i</caption><tr><td>j</table>", "i j"),
    ],
)
def test_a_table_within_a_cell_is_text_of_the_cell(cell, written):
    html = (
        "<table><tr><th>a<th>b<th>c<tr><td>1<td>2<td>3"
        f"<tr><td>4<td>{cell}</td><td>5<tr><td>6<td>7<td>8</table>"
    )
    assert plain(html) == f"a | b | c\n1 | 2 | 3\n4 | {written} | 5\n6 | 7 | 8"
    assert markdown(html) == (
        f"| a | b | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |\n| 4 | {written} | 5 |\n| 6 | 7 | 8 |"
    )


DATA = "<table><tr><th>a<th>b<tr><td>1<td>2<tr><td>3<td>4</table>"


@pytest.mark.parametrize(
    ("html", "parts"),
    [
        (f"<table><tr><td>x<td>y<tr><td>z<td>{DATA}</table>", ["x", "y", "z", DATA]),
        (f"<table><tr><td>x<td>y<tr><td>z<td><table><tr><td>{DATA}</table></table>",
         ["x", "y", "z", DATA]),
        (f"<table><tr><td>x<td>y<tr><td>z<td><table><tr><td>{FIRST * 2}</table></table>",
         ["x", "y", "z", FIRST * 2]),
        (f"<table><tr><td>{DATA}<td>{DATA}</table>", [DATA, DATA]),
    ],
)  # fmt: skip
def test_a_table_around_much_only_lays_out_the_page(html, parts):
    assert markdown(html) == "\n\n".join(markdown(part) for part in parts)


def test_tables_within_a_row_take_linear_time_and_space(monkeypatch):
    written = []
    cells = _Markdown._cells
    monkeypatch.setattr(
        _Markdown, "_cells", lambda self, row, at: written.append(row) or cells(self, row, at)
    )
    inner = "<table><tr><td>x<td>y</table>"
    for html in (
        "<table><tr>" + f"<td>ab<td>{inner}" * 500 + "</table>",
        "<table><tr>" + f"<td>ab<td>cd<td>ef<td>{inner}" * 500 + "</table>",
        "<table><tr><td>ab<td>" * 400 + inner,
    ):
        assert len(markdown(html)) < 2 * len(html)
        assert len(written) <= html.count("<tr>")
        written.clear()


def test_links():
    def link(href: str, text: str = "x") -> str:
        return markdown(f'<p><a href="{href}">{text}</a>', True, "https://a.example/b/c")

    assert link("d") == "[x](https://a.example/b/d)"
    assert link("data/d") == "[x](https://a.example/b/data/d)"
    assert link("/e f(g)|") == "[x](https://a.example/e%20f%28g%29%7C)"
    assert link("//[") == "x"
    scripts = ("javascript:a()", " java\nscript:a()", "\x01DATA:x", "vbscript:x")
    for href in (*scripts, "#top", " #top", "", "x" * 5000):
        assert link(href) == "x"
    assert link("d", "[a] b]") == "[\\[a\\] b\\]](https://a.example/b/d)"
    assert link("d", "<img src=x>") == ""
    [_, inline, _] = PARSER.parse(link("/&lt;a&gt;&quot;\\", "a *b* `c`"))
    assert inline.children[0].attrGet("href").startswith("https://a.example/%3Ca%3E")
    for c in ' <>()\\|`"*_[]!':
        [_, inline, _] = PARSER.parse(link(f"/a{escape(c)}b", "a") + " `c`")
        assert unquote(inline.children[0].attrGet("href")) == f"https://a.example/a{c}b"
    assert markdown("<p><a href=/t>y</a>", True) == "[y](/t)"
    code = "<p><code>a</code><a href=/t><code>b</code> </a><code>c</code><a href=/t> </a>"
    assert markdown(code, True) == "`a`[`b`](/t) `c`"
    assert markdown("<p><a name=x>y</a> <a href>z</a>", True, "https://a.example/") == "y z"
    assert markdown('<p><a href="d">x</a>') == "x"


@pytest.mark.parametrize(
    ("base", "target"),
    [
        ("/docs/", "https://a.example/docs/t"),
        ("//b.example/x/y", "https://b.example/x/t"),
        ("", "https://a.example/x/t"),
        ("javascript:void(0)", "https://a.example/x/t"),
        ("http://[", "https://a.example/x/t"),
    ],
)
def test_links_start_from_the_base_that_the_page_declares(base, target):
    html = f'<head><base target=_top><base href="{base}"><body><p>a <a href=t>b</a>'
    assert markdown(html, True, "https://a.example/x/y") == f"a [b]({target})"


@pytest.mark.parametrize("name", ["trafilatura", "plain"])
def test_every_engine_takes_links_from_where_the_page_is(name):
    body = f"<p>{FIRST} <a href=t>b</a> and more.</p><p>{SECOND} <a href='\1?'>c</a></p>"
    options = Options(markdown=True, links=True)
    for base, target in (
        ("", "https://a.example/x/t"),
        ("<base href=/z/>", "https://a.example/z/t"),
    ):
        text = engine(name, options).extract(page(body, base), "https://a.example/x/y").text
        assert f"[b]({target})" in text


def test_long_lists_and_deep_ones_take_linear_time():
    began = time.process_time()
    assert "59999. x" in markdown("<ol>" + "<li>x" * 60_000)
    assert len(markdown("<ul><li>x" * 900)) < 100_000
    assert markdown("<table>" + "<tr><td>1<td>2" * 20_000)
    assert markdown("<p>" + "<b>a</b><i>b</i> " * 20_000)
    assert markdown("<p>" + "<span>" * 1900 + "<b>a</b> b <i>c</i>" * 8_000)
    assert time.process_time() - began < 8


# ---- engines ------------------------------------------------------------------------------------

BODY = (
    f"<h2>What they eat</h2><p>{SECOND} {FIRST}</p><ul><li>Sugar, which is in the flowers of the "
    "field and of the garden, and which they need to fly.</li><li>Pollen, which is on the flowers, "
    "and which they carry home on their legs for the young.</li></ul>"
    f'<p>{FIRST} It is said <a href="/more">in the book</a> that she knew it of old.</p>'
    "<ol><li>First she dances on the comb for a while.</li><li>Then the others fly.</li></ol>"
    "<table><tr><th>Flower</th><th>Sugar</th></tr><tr><td>Clover</td><td>40</td></tr></table>"
    "<pre><code>if bee:\n    fly(home)</code></pre>"
)


@pytest.mark.parametrize("name", ["plain", "resiliparse", "trafilatura", "justext"])
def test_every_engine_writes_markdown(name):
    html = page(BODY)
    found = engine(name, Options(markdown=True)).extract(html, "https://a.example/b").text
    assert "# How bees find food\n" in found
    assert "\n## What they eat\n" in found
    if name != "resiliparse":  # leaves this list out
        assert "\n- Sugar, which" in found
    if name != "justext":  # keeps only what reads like sentences
        assert "\n1. First she" in found
        assert "\n2. Then" in found
        assert re.search(r"^\| Clover \| 40 \|", found, re.MULTILINE)
        assert "```\nif bee:\n    fly(home)\n```" in found
    assert "](" not in found
    linked = engine(name, Options(markdown=True, links=True)).extract(html, "https://a.example/b")
    assert "[in the book](https://a.example/more)" in linked.text
    text = engine(name).extract(html, None).text
    assert "# How" not in text
    assert words(text_of(found)) == words(text.replace("- ", ""))


def test_lines_are_found_in_order_where_they_stand_more_than_once():
    dom = read("<p>menu<p>home<p>a b<p>home<p>c<p>c<p>d<p>menu")
    assert matched(dom, "a  b\nhome\nc\nd") == [2, 3, 4, 6]
    assert matched(dom, "new\na b\nnew\nd") == ["new", 2, "new", 6]
    assert matched(read("<p>a<p>b<p>c<p>d"), "b\nc\nd\na") == [1, 2, 3, "a"]
    assert matched(read("<p>a<p>b<p>c<p>d"), "d\na\nb\nc") == ["d", 0, 1, 2]
    assert matched(dom, "") == []
    assert matched(read(""), "a") == ["a"]


def test_text_that_is_not_found_stays_as_it_is():
    assert as_markdown("<h1>a</h1><p>b", "something else\nb", False, None) == "something else\nb"
    assert as_markdown("<div>" * 2500 + "<h1>b", "b", False, None) == "b"
    assert as_markdown("<h1>a</h1><p>b", "a\n- c\nb", False, None) == "# a\n\n\\- c\n\nb"


def test_matching_takes_linear_time():
    cells = "<table>" + "<tr><td>12<td>ab" * 20_000
    began = time.process_time()
    assert as_markdown(cells, "12\tab\n" * 20_000, False, None).count("| 12 |") == 20_000
    assert time.process_time() - began < 5


def test_what_browsers_take_out_of_an_address_takes_linear_time():
    """Hours, if the blanks within are searched for an end of the address from each of them."""
    assert joined("https://a.example/x/", "\0 \t../X\n\tz! \t ") == "https://a.example/Xz!"
    said = "a" + " " * 1_000_000 + "b"
    assert joined("https://a.example/", f" {said} ") == f"https://a.example/{said}"
