"""Numbers of lines beside code go, as its generators write them; other numbers stay."""

from __future__ import annotations

import re
import time
from html import escape

import pytest

from webfilter.extract.dom import read

LINES = ["import os", "", "def f(x):", "    return x < 2", "", "f(3)", "1 + 1"]
CODE = "\n".join(LINES)


def texts(html: str) -> list[str]:
    return [block.text for block in read(html).blocks]


def each(form: str, between: str = "\n", lines: list[str] = LINES) -> str:
    """Write lines by a form: ``#`` is the number, ``@`` the line, ``~`` a break."""
    form = form.replace("~", "\n")
    rows = enumerate(lines, 1)
    return between.join(form.replace("#", str(i)).replace("@", escape(line)) for i, line in rows)


def beside(numbers: str, code: str) -> str:
    return f"<table><tr>{numbers}{code}</tr></table>"


PYGMENTS = (
    f"<td class=linenos><div class=linenodiv><pre>{each('<span class=normal>#</span>')}</pre></div>"
)
ROUGE = f"<td class='rouge-gutter gl'><pre class=lineno>{each('#')}\n</pre>"
HEXO = f"<td class=gutter><pre>{each('<span class=line>#</span><br>', '')}</pre>"
CHROMA = f"<td class=lntd><pre><code>{each('<span class=lnt>#~</span>', '')}</code></pre>"
CGIT = f"<td class=linenumbers><pre>{each('<a id=n#>#</a>')}</pre>"
WRITTEN = f"<td><pre>{each('@')}</pre>"


@pytest.mark.parametrize("numbers", [PYGMENTS, ROUGE, HEXO, CHROMA, CGIT])
def test_in_a_cell_before_the_code(numbers):
    assert texts(beside(numbers, WRITTEN)) == [CODE]
    assert texts(beside(numbers, "\n" + WRITTEN)) == [CODE]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("<td><pre>9\n10\n</pre></td>@", ["a = 1\nb = 2"]),
        ("<td>\n<div><b><pre>1\n</pre></b></div></td>@", ["a = 1\nb = 2"]),
        ("<td><pre>1\n3\n</pre></td>@", ["1\n3", "a = 1\nb = 2"]),
        ("<td><pre>x\n</pre></td>@", ["x", "a = 1\nb = 2"]),
        ("<td><pre>²</pre></td>@", ["²", "a = 1\nb = 2"]),
        ("<td><pre>1234567</pre></td>@", ["1234567", "a = 1\nb = 2"]),
        ("<td class=gutter>x</td>@", ["x", "a = 1\nb = 2"]),
        ("<td class=gutter></td>@", ["a = 1\nb = 2"]),
        ("<td class=gutter><table><tr><td>1</table></td>@", ["1", "a = 1\nb = 2"]),
        ("<td><pre></pre></td>@", ["a = 1\nb = 2"]),
        ("<td><pre>1\n2\n</pre></td><td>text</td>", ["1\n2", "text"]),
        ("<td><pre>1\n2\n</pre></td><td><code>x</code></td>", ["1\n2", "x"]),
        ("<td><pre>1\n2\n</pre></td>", ["1\n2"]),
        (f"<td>{'<div>' * 9}<pre>1\n</pre>{'</div>' * 9}</td>@", ["1", "a = 1\nb = 2"]),
    ],
)
def test_cells_before_code_that_may_hold_numbers_of_its_lines(cells, expected):
    code = "<td><pre>a = 1\nb = 2\n</pre></td>"
    assert texts(f"<table><tr>{cells.replace('@', code)}</tr></table>") == expected


def test_in_a_cell_before_code_that_is_no_pre():
    numbers = f"<td class=gutter>{each('<div>#</div>', '')}"
    code = f"<td>{each('<div><code>@</code></div>', '')}"
    assert texts(beside(numbers, code)) == [line.strip() for line in LINES if line]
    assert texts(beside(numbers, "<td>text"))[:2] == ["1", "2"]
    assert texts(beside(numbers.replace("gutter", "place"), code))[:2] == ["1", "2"]
    assert texts(beside(numbers.replace("5", "6"), code))[:2] == ["1", "2"]


@pytest.mark.parametrize(
    "form",
    [
        "<span class=linenos>#</span>@\n",
        "<span class=codeLineNumber_x>#</span>@~",
        "<span class=lineno> # </span>@\n",
        "<span class=line><span class=ln>#</span><span class=cl>@\n</span></span>",
        "<span><span class='linenumber x' style='color: red'>#</span><span>@</span>\n</span>",
        "<a id=x#>#</a>@\n",
        "<span class=q style='color: red'>#</span>@~",
        "<div><span class=css-1>#</span><div><div><span>@</span>\n</div></div></div>",
        "<style>a\n{}</style><span class=q>#</span><style></style>@~",
        "<span>#</span>@<br>",
        "<span class='c#'>#</span>@~",
        "<div><!-- # --><a></a><span class=n1>#</span>@<br></div>",
    ],
)
def test_at_the_beginning_of_each_line(form):
    assert texts(f"<pre><code>{each(form, '')}</code></pre>") == [CODE]


def test_all_before_the_code():
    numbers = f"<code style='float: left'>{each('<span class=k>#~</span>', '')}</code>"
    assert texts(f"<pre>{numbers}<code>{each('@')}</code></pre>") == [CODE]
    full = [line or "." for line in LINES]
    assert texts(f"<pre>{numbers}<code>{each('@', lines=full)}</code>") == ["\n".join(full)]
    more = f"<pre>{numbers}<code>{each('@', lines=LINES + LINES)}</code></pre>"
    assert texts(more)[0].startswith("1\n2\n")  # more lines than numbers


def test_after_the_code():
    wrapper = f"<div class=line-numbers-wrapper>{each('<span>#</span><br>', '')}</div>"
    code = f"<div><pre>{each('@')}</pre>\n{wrapper}</div>"
    assert texts(code + "<p>b") == [CODE, "b"]
    assert texts(code.replace("line-numbers-wrapper", "places"))[1:] == ["1\n2\n3\n4\n5\n6\n7"]
    assert texts(code.replace("#", "").replace("<span>7", "<span>9"))[1][-1] == "9"
    assert texts(code.replace("<div class", "<p class"))[1][:3] == "1\n2"


def test_of_a_single_line_only_where_they_are_called_so():
    assert texts("<pre><span class=lineno>1</span>a") == ["a"]
    assert texts("<pre><span class=ln>12</span>a") == ["a"]
    assert texts("<pre><span class=line-no>1\n</span>a") == ["a"]
    assert texts("<pre><span class=x>1\n</span>a") == ["1\na"]
    assert texts("<pre><span class=x>1</span>a") == ["1a"]
    assert texts("<pre><span>1</span> + 1") == ["1 + 1"]


def test_of_lines_some_may_be_left_out_where_they_are_called_so():
    html = "<span class=lineno>    1</span> a\n<span class=lineno>    4</span> b"
    assert texts(f"<pre>{html}</pre>") == [" a\n b"]
    assert texts(f"<pre>{html.replace('lineno', 'x')}</pre>") == ["    1 a\n    4 b"]
    assert texts(f"<pre>{html.replace('4', '1')}</pre>") == ["    1 a\n    1 b"]


@pytest.mark.parametrize(
    "html",
    [
        "1\n2\n3",
        "<span>1</span>\n<span>2</span>",  # nothing beside them
        "<span>1</span>a\n<span>3</span>b",
        "<span>2</span>a\n<span>1</span>b",
        "<span>1</span>a\n<span>2</span>b\nc",
        "c\n<span>1</span>a\n<span>2</span>b",
        "<span>1</span>\na\n<span>2</span>\nb\nc",
        "<span class=a>1</span>a\n<span class=mi>2</span>b",
        "<span class=mi>1</span>, a\n<span class=mi>2</span>, b",
        "<span class=hljs-number>1</span>, a\n<span class=hljs-number>2</span>, b",
        "<span class='token number'>1</span>, a\n<span class='token number'>2</span>, b",
        "<span style='color: red'>1</span>, a\n<span style='color: red'>2</span>, b",
        "<b>1</b>In the beginning\n<b>2</b>And the earth",
        "<span>1</span>.5\n<span><i>2</i></span>.5",
        "<span>1x</span>a\n<span>2x</span>b",
        "<span class=inline>5</span> a\n<span class=underline>9</span> b",
        "<span>1<i>a</i></span>b\n<span>2<i>a</i></span>b",
        "<span>1</span>a\n<span>1000000</span>b",
    ],
)
def test_other_numbers_stay(html):
    assert texts(f"<pre>{html}</pre>") == [re.sub("<[^>]*>", "", html)]


def test_nothing_but_the_numbers_goes():
    html = f"<p>a</p><pre>{each('<span class=ln>#</span>@')}</pre><p>b<div><span>1</span> c</div>"
    assert texts(html) == ["a", CODE, "b", "1 c"]


def test_twice_is_once():
    inner = each("<span class=ln>#</span>@")
    math = "<script type='math/tex'>x</script>"  # makes the page be read again
    assert texts(f"<p>{math}</p><pre>{inner}</pre>")[1] == CODE


def test_many_cells_of_numbers_take_linear_time():
    start = time.process_time()
    texts(f"<table><tr><td>{'<pre>1</pre>' * 8_000}<td>{'<b>x</b>' * 8_000}")
    assert time.process_time() - start < 0.5
