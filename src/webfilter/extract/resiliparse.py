"""The fast engine: resiliparse, a C++ parser with simple rules for what is main content.

On 300 pages of the WCXB development set (word F1, mean over pages; pages a second on one core):

======================================  =====  =========  ======  =======
options                                    F1  precision  recall  pages/s
======================================  =====  =========  ======  =======
as here: main content, comments kept     .808       .801    .877      175
comments left out (``precision``)        .806       .807    .869      170
hidden elements kept                     .806       .804    .873      190
``noscript`` kept                        .802       .803    .866      179
alternative texts kept                   .792       .780    .876      180
all text                                 .705       .601    .959      280
======================================  =====  =========  ======  =======

Comments are kept by default as they are the content of forums (.836 against .804 there, .907
against .909 on articles).

Four elements are ``div`` to it. A ``figure`` it leaves out as a picture, though tables, code and
quotes stand in it on many pages (its ``figcaption`` is still left out); the text of ``summary``,
``legend`` and ``dialog`` it glues to what follows. On 679 pages of that set F1 is .797 so, without
.796 (all text: .705 both).

It takes every text of one character that is three bytes of UTF-8 for an icon, and leaves it out: in
Chinese, Japanese, Korean or Thai what stands alone between two links. Letters and the marks beside
them are given company, which goes afterwards.

Some shapes of page it is not given. Its search for the main content takes time that grows with the
square of the nesting or worse (2,000 ``div`` .1 s, 20,000 15 s), so 5,000 is the end. And its
parser, lexbor, is not given what takes it for ever: see `webfilter.extract.shape`.
"""

from __future__ import annotations

import re
from typing import ClassVar

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree, Node

from webfilter.extract.engine import Extracted, Options, Unfit
from webfilter.extract.matched import as_markdown
from webfilter.extract.shape import check, most_open

__all__ = ["Resiliparse", "parsed", "written"]

_DEEPEST = 5_000
_DEEPEST_INDENT = 40 * " "
_INDENTED = re.compile(r"^ {41,}", re.MULTILINE)
_WITH = "\u2060"  # nobody sees it
_ALONE = re.compile(
    r">\s*+(?:(?=[\u0800-\uffff])[^\W_]|[、。，：；！？（）「」『』【】《》€])(?=\s*+<)"
)
_AS_DIV = re.compile(r"<(/?)(?:figure|summary|legend|dialog)(?=[\s/>])")  # any case: twice as slow


class Resiliparse:
    """Main content by the names and places of elements.

    With ``precision`` it leaves out comments, and so the posts of some forums. Its own
    ``minimal_html`` has no tables and no lists within them; Markdown is made as
    `webfilter.extract.matched` says.
    """

    packages: ClassVar[tuple[str, ...]] = ("resiliparse",)

    def __init__(self, options: Options) -> None:
        self._options = options

    def extract(self, html: str, url: str | None) -> Extracted:
        """Return the text of the main content; see `Engine`."""
        asked = self._options
        return written(html, url, asked, main_content=True, comments=not asked.precision)


def written(
    html: str, url: str | None, options: Options, *, main_content: bool, comments: bool
) -> Extracted:
    """Return the visible text of a page, all of it or its main content, as `options` ask.

    Raises:
        Unfit: see `parsed`.
    """
    page = _AS_DIV.sub(r"<\1div", html)
    if main_content and not page.isascii():
        page = _ALONE.sub(rf"\g<0>{_WITH}", page)
    text: str = extract_plain_text(
        parsed(page),
        main_content=main_content,
        preserve_formatting=True,
        comments=comments,
        list_bullets=False,
        alt_texts=False,
        links=False,
        form_fields=False,
        noscript=False,
    )
    text = shallow(text.replace(_WITH, ""))
    if options.markdown:
        text = as_markdown(html, text, options.links, url)
    return Extracted(text)


def parsed(html: str) -> HTMLTree:
    """Return the tree of `html`.

    Raises:
        Unfit: parsing it, or finding the main content in it, would take minutes.
    """
    check(html)
    tree = HTMLTree.parse(html)
    if html.count("<") > _DEEPEST and most_open(html) > _DEEPEST and _nests(tree):
        raise Unfit(f"nested more than {_DEEPEST} deep")
    return tree


def shallow(text: str) -> str:
    """Return `text` without the indentation of lists nested so deep that it is most of the text."""
    return _INDENTED.sub(_DEEPEST_INDENT, text) if "\n" + _DEEPEST_INDENT in text else text


def _nests(tree: HTMLTree) -> bool:
    """Whether the tree has a branch deeper than the limit."""
    node: Node | None = tree.document
    depth = 0
    while node is not None:
        if node.first_child is not None:
            node, depth = node.first_child, depth + 1
            if depth > _DEEPEST:
                return True
            continue
        while node is not None and node.next is None:
            node, depth = node.parent, depth - 1
        node = None if node is None else node.next
    return False
