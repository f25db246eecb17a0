"""A page as two tables, elements and blocks, in the order of the document.

A *block* is a run of inline text between two block-level borders (start or end of a ``div``, ``p``,
``li``, ``td`` ..., two ``br`` in a row): the unit that is kept or left out. Its pieces remember the
innermost element, so that links and code can be written as such. Elements are in preorder, so what
an element contains is a range in both tables.

Text of ``script``, ``style`` and ``svg`` is not read, nor that of ``title`` (on two of 100 pages it
stands in the body, where no browser shows it), nor that of ``template``, which lexbor keeps apart
(9 of 200 real pages have any; none of it was wanted); ``noscript`` is. Nor is what stands in for
pictures, sounds, frames and bars (``object``, ``canvas``, ``video``, ``noframes``, ``meter`` ...),
nor ``textarea``: on 39 of 3,508 pages one holds text, mostly hints for who writes a message, then
terms and code to copy; nor what is there for who edits or cites: a link to the heading that it
stands in, or from a note or quote to the text, if its text is nothing but a mark (¶, #, ◆, ↩, ↑,
^), ``[edit]`` and ``[source]`` beside a heading, the numbers of lines beside code
(`webfilter.extract.gutters`). An ``iframe`` that swallowed markup (it was never closed) is parsed
again.

Formulas and exponents are text where they stand (`webfilter.extract.formulas`,
`webfilter.extract.raised`). A line break of the source between two Chinese or Japanese characters
is nothing, as in browsers (CSS Text, 4.1.2); any other one is a space.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from webfilter.extract.engine import Unfit
from webfilter.extract.formulas import Drawn, sign, undrawn
from webfilter.extract.gutters import is_gutter, take_out
from webfilter.extract.shape import check

__all__ = ["HEADINGS", "INLINE", "Block", "Dom", "read", "uncollected"]

_INLINE_NAMES = (
    "a abbr acronym b bdi bdo big blink cite code data del dfn em font i img input ins kbd label "
    "mark nobr optgroup option output picture q rb rp rt rtc ruby s samp small source span strike "
    "strong sub sup time tt u var wbr"
)
INLINE = frozenset(_INLINE_NAMES.split())
"""Elements that do not end a block."""

_OTHER = (
    "style head title svg canvas object embed applet datalist audio video map textarea "
    "frameset noembed noframes progress meter -comment !doctype"
)
_SKIPPED = frozenset(_OTHER.split())
_APART = frozenset(("span", "a", "label", "time", "option", "i", "b"))  # seen apart in a row
_OPENING, _CLOSING = frozenset("([{/_'’“„"), frozenset(".,;:!?)]}/_’”")
_OPENING_ALONE = frozenset(("$", "£", "€", "¥", "@", "#", "**"))
_NO_LINES = (
    "p, table, ul, dl, form, section, article, blockquote, h1, h2, h3, h4, h5, h6, pre pre, hr, "
    "header, nav, footer, main, aside, figure, fieldset, details, address, center, iframe"
)
_AS_PRE = {"fragment": "line", "crayon-pre": "crayon-line"}  # doxygen and Crayon: code, its lines
_DOTTED = re.compile(r"(?:\w+\.)+")
_CODE = frozenset(("code", "kbd", "samp", "tt"))  # but not here: each colour of code is a span
_PERMALINKS = frozenset(  # or back from a note or quote; \uf0c1 is a glyph of Font Awesome
    ["¶", "§", "#", "🔗", "◆", "\uf0c1", "↩", "↩\ufe0e", "↩\ufe0f", "↑", "^"]
)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADED = frozenset((*HEADINGS, "dt"))
_GUTTERED = frozenset(("pre", "td"))
_HOLDERS = ("table", "ul", "ol", "dl", "li", "dt", "dd", "pre", *HEADINGS)
_LINE = re.compile(r"(?<![a-zA-Z])line(?![a-zA-Z]|[-_]?num)")
_WIDE = "[\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]"
_WIDE_BOTH = re.compile(rf"{_WIDE}{{2}}")
_BREAK_WITHIN = re.compile(rf"(?<={_WIDE})[ \t\r]*\n\s*(?={_WIDE})")
_MOST_NODES = 300_000
_DEEPEST = 2_000
_LEAST_SWALLOWED = 1_000
_NEAR = 3

_INLINE, _BLOCK, _BREAK, _SIGN, _SKIP = range(5)
_APART_KINDS = {"br": _BREAK} | dict.fromkeys(("math", "img", "rt", "script", "sub", "sup"), _SIGN)
_TEXT = 2  # lexbor's number of text nodes
_STATIC = 1000  # numbers below are the same on all pages
_KNOWN: dict[int, tuple[str, int]] = {}
_UNREAD: Mapping[str, str | None] = MappingProxyType({})
_new: Any = tuple.__new__


class Block(NamedTuple):
    """A run of inline text."""

    element: int
    """Index of the innermost block-level element."""
    text: str
    """With single spaces, but for a newline at ``br`` and text as written in ``pre``."""
    pieces: list[tuple[str, int]]
    """The text as written, in pieces with the index of the element right around each."""
    linked: int
    """Characters of the text in links, spaces included."""
    links: int


class Dom:
    """What `read` makes of a page: its blocks, and of each element that may hold text one entry in
    every other list."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.tags: list[str] = []
        self.parents: list[int] = []
        """For each element, the one around it; -1 for the first."""
        self.attributes: list[Mapping[str, str | None]] = []
        """Of inline elements only those of links, and only when they are wanted."""
        self.ends: list[int] = []
        """For each element, one past the last element in it."""
        self.first: list[int] = []
        """For each element, its first block, or the first after it if it has none."""
        self.last: list[int] = []
        """For each element, one past its last block."""
        self.holders: dict[str, list[int]] = {name: [] for name in _HOLDERS}
        """The elements that are tables, lists, their parts, ``pre`` and headings, if not empty."""
        self.code: dict[int, str] = {}
        """Class of ``code`` elements in ``pre``: it names the language."""
        self.base = ""
        """What ``base`` says relative links start from, as written; read only with links."""


def read(html: str, links: bool = False) -> Dom:
    """Return the elements and blocks of a page, with the attributes of links if wanted.

    Raises:
        Unfit: the page nests too deeply, has too many nodes, or is of a shape that takes the parser
            for ever (see `webfilter.extract.shape`).
    """
    raw = html.encode("utf-8", "ignore")
    check(html, raw)
    dom = Dom()
    with uncollected():
        root = LexborHTMLParser(raw).root
        if root is not None:
            if links and (base := root.css_first("base[href]")) is not None:
                dom.base = base.attributes.get("href") or ""
            try:
                _Walk(dom, links).walk(root, -1, 0)
            except Drawn:
                undrawn(root)
                said = dom.base
                dom = Dom()
                dom.base = said
                _Walk(dom, links).walk(root, -1, 0)
    return dom


@contextmanager
def uncollected() -> Iterator[None]:
    """Stop the collector of garbage: it looks at thousands of tuples that are all still needed."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _known(node: Any, code: int) -> tuple[str, int]:
    """Return tag and kind of an element; remembered if its number is that of a known tag."""
    tag = node.tag or ""
    if not tag:
        kind = _SKIP  # a processing instruction, such as "<?php ... ?>": a comment to browsers
    elif tag in _APART_KINDS or tag.endswith(":math"):
        kind = _APART_KINDS.get(tag, _SIGN)
    elif tag in INLINE or ":" in tag:  # of Word's, "st1:city", stand within sentences
        kind = _INLINE
    else:
        kind = _SKIP if tag in _SKIPPED else _BLOCK
    if code < _STATIC:
        _KNOWN[code] = tag, kind
    return tag, kind


def _is_one(left: str, right: str) -> bool:
    """Whether two texts in a row are one: "(" and "12", "$" and "40", "os.path." and "join"."""
    if left[-1:] in _OPENING or right[0] in _CLOSING or left in _OPENING_ALONE:
        return True
    if left[-1:] == '"':
        return not left[-2:-1].strip()
    if right[0] == '"':
        return not right[1:2].isalnum()
    if left[-1:] == "." and (right[0].islower() or left.count(".") > 1):
        return _DOTTED.fullmatch(left) is not None
    return right in ("(", "[")


def _is_permalink(text: Any) -> bool:
    """Whether a mark is all the text of a link: to the heading or term beside it, or back."""
    link = text.parent
    if link.tag != "a" or text.prev is not None or text.next is not None:
        return False
    if text.text_content.strip() != "#":
        return True
    around = link.parent
    for _ in range(_NEAR):
        if around is None or around.tag in _HEADED:
            break
        around = around.parent
    return around is not None and around.tag in _HEADED


def _are_lines(before: Any, node: Any) -> bool:
    """Whether two spans of code in a row are lines by their class, with no break between them."""
    for span in (before, node):
        if not _LINE.search(span.attributes.get("class") or ""):
            return False
    last = before
    while last.last_child is not None:
        last = last.last_child
    return last.tag_id != _TEXT or not last.text_content.endswith("\n")


def _are_elements(pre: Any) -> bool:
    """Whether elements in a ``pre`` are lines, and there are no other ones but inline."""
    return pre.css_first("div, li") is not None and pre.css_first(_NO_LINES) is None


def _is_code(div: Any) -> bool:
    """Whether a ``div`` of a class in `_AS_PRE` holds lines of code."""
    line = div.child
    while line is not None and line.tag_id == _TEXT:
        line = line.next
    lines = _AS_PRE[div.attributes["class"]]
    return line is not None and (line.attributes.get("class") or "").startswith(lines)


class _Walk:
    def __init__(self, dom: Dom, wanted: bool) -> None:
        self._dom = dom
        self._wanted = wanted
        self._pieces: list[tuple[str, int]] = []
        self._linked = 0
        self._links = 0
        self._within: list[int] = []  # block-level elements around
        self._link = 0
        self._pre = 0
        self._nodes = 0

    def _flush(self) -> list[tuple[str, int]]:
        """End the block, if there is one, and return the pieces of the next."""
        pieces = self._pieces
        if not pieces:
            return pieces
        raw = pieces[0][0] if len(pieces) == 1 else "".join([piece for piece, _ in pieces])
        if self._pre:
            text = raw.strip("\n") if raw.strip() else ""
        elif "\v" in raw:  # what stands for br
            lines = [" ".join(line.split()) for line in raw.split("\v")]
            text = "\n".join([line for line in lines if line])
        else:
            text = " ".join(raw.split())
        if text:
            block = (self._within[-1], text, pieces, self._linked, self._links)
            self._dom.blocks.append(_new(Block, block))
        self._linked = self._links = 0
        self._pieces = []
        return self._pieces

    def walk(self, root: Any, parent: int, level: int) -> None:
        """Add what is under `root`, whose parent is the element `parent`."""
        dom, within, wanted, known = self._dom, self._within, self._wanted, _KNOWN
        tags, parents, ends, last = dom.tags, dom.parents, dom.ends, dom.last
        blocks, pieces, holders = dom.blocks, self._pieces, dom.holders
        add_tag, add_parent, add_attributes, add_first, add_end, add_last = (
            tags.append, parents.append, dom.attributes.append,
            dom.first.append, ends.append, last.append,
        )  # fmt: skip
        node, at, breaks, before = root, parent, 0, ""
        nodes = code = 0  # of code within lines, how many elements are open
        pre = self._pre
        gap: tuple[str, int] | None = None  # put between elements in a row, not in the page
        part = ""  # their tag
        lined = False  # in a ``pre`` whose lines are elements
        border: tuple[str, int] | None = None  # the break after the last of these
        stack: list[tuple[Any, int, str, bool]] = []  # open elements: node, index, tag, inline
        within.append(parent)
        while True:
            nodes += 1
            number = node.tag_id
            if number == _TEXT:
                if pieces or pre or not node.is_empty_text_node:
                    text = node.text_content
                    if not text or text.isspace():
                        if text and (pieces[-1] is not border if pieces else pre):
                            pieces.append((text.replace("\xa0", " "), at))
                    elif not (self._link and text.strip() in _PERMALINKS and _is_permalink(node)):
                        breaks = 0
                        if gap is not None:
                            if pieces and pieces[-1] is gap:
                                left = pieces[-2][0] if len(pieces) > 1 else ""
                                if _is_one(left, text) or (
                                    part == "span" and _WIDE_BOTH.fullmatch(left[-1:] + text[0])
                                ):
                                    pieces.pop()
                            gap = None
                        if "\v" in text:
                            text = text.replace("\v", " ")
                        if pre:
                            text = text.replace("\xa0", " ")
                        elif "\n" in text and not text.isascii():
                            text = _BREAK_WITHIN.sub("", text)
                        pieces.append((text, at))
                        if self._link:
                            self._linked += len(text)
                before = ""
            else:
                tag, kind = known.get(number) or _known(node, number)
                if kind == _SIGN:
                    written = sign(node)
                    if written is None:
                        kind = _SKIP if tag == "script" else _INLINE
                    elif written:
                        breaks, before = 0, ""
                        pieces.append((written, at))
                        if self._link:
                            self._linked += len(written)
                if kind <= _BLOCK:
                    inline = kind == _INLINE
                    if not inline:
                        if not pieces:
                            pass
                        elif lined:
                            if not pieces[-1][0].endswith("\n"):
                                pieces.append(("\n", at))
                            border = None
                        else:
                            pieces = self._flush()
                        breaks = 0
                    elif before == tag and tag in _APART:
                        if pre:
                            if tag == "span" and _are_lines(node.prev, node):
                                pieces.append(("\n", at))
                        elif not (code or (tag == "span" and tags[within[-1]] == "dt")):
                            gap, part = (" ", at), tag
                            pieces.append(gap)
                    role = ""  # of spans in terms, as docutils and Sphinx have it
                    if tag == "span" and tags[within[-1]] == "dt":
                        role = node.attributes.get("class") or ""
                        if role == "classifier":  # the colon is left to the style
                            pieces.append((" : ", at))
                    unread = inline and not (wanted and tag == "a")
                    said = _UNREAD if unread else node.attributes
                    if tag == "div" and said.get("class") in _AS_PRE and _is_code(node):
                        tag = "pre"
                        for tip in reversed(node.css("div.ttc")):  # doxygen's, seen under the mouse
                            tip.decompose()
                    index = len(tags)
                    add_tag(tag)
                    add_parent(at)
                    add_attributes(said)
                    here = len(blocks)
                    add_first(here)
                    add_end(index + 1)
                    add_last(here)
                    if tag == "body" and "mediawiki" in (said.get("class") or ""):
                        for tool in reversed(node.css(".mw-editsection")):  # the inner ones first
                            tool.decompose()
                    child = node.child
                    if role == "viewcode-link" or (tag in _GUTTERED and is_gutter(node)):
                        child = None
                    elif tag == "pre" and not pre:
                        take_out(node)
                        child = node.child
                        lined = _are_elements(node)
                    elif tag == "iframe":
                        child = None
                        self._inside(node, index, level)
                        pieces = self._pieces
                        ends[index] = len(tags)
                        last[index] = len(blocks)
                    if pre and tag == "code":
                        dom.code[index] = node.attributes.get("class") or ""
                    if child is not None:
                        stack.append((node, index, tag, inline))
                        if len(stack) > _DEEPEST:
                            raise Unfit(f"nested more than {_DEEPEST} deep")
                        at = index
                        if tag == "a":
                            self._link += 1
                            self._links += 1
                        elif not inline:
                            within.append(index)
                            if tag in holders:
                                holders[tag].append(index)
                            if tag == "pre":
                                pre = self._pre = pre + 1
                        elif tag in _CODE:
                            code += 1
                        node = child
                        before = ""
                        continue
                    before = tag
                elif kind == _BREAK:
                    breaks += 1
                    if pre:
                        pieces.append(("\n", at))
                    elif breaks > 1:
                        pieces = self._flush()
                    elif pieces:
                        pieces.append(("\v", at))
            while True:
                if not stack:
                    within.pop()
                    self._count(nodes)
                    return
                after = node.next
                if after is not None:
                    break
                node, index, tag, inline = stack.pop()
                if not inline:
                    if tag == "pre":
                        lined, border = False, None
                    if not pieces:
                        pass
                    elif lined:
                        if not pieces[-1][0].endswith("\n"):
                            pieces.append(("\n", at))
                        border = pieces[-1]
                    else:
                        pieces = self._flush()
                    within.pop()
                    if tag == "pre":
                        pre = self._pre = pre - 1
                elif tag == "a":
                    self._link -= 1
                elif tag in _CODE:
                    code -= 1
                ends[index] = len(tags)
                last[index] = len(blocks)
                at = parents[index]
                before = tag
            node = after
            if nodes > _MOST_NODES:
                self._count(nodes)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            raise Unfit(f"more than {_MOST_NODES} nodes")

    def _inside(self, node: Any, index: int, level: int) -> None:
        """Read the markup that is text to the parser, in an iframe left open."""
        markup = node.text(deep=True)
        if not markup or "<" not in markup or level > 2 or len(markup) < _LEAST_SWALLOWED:
            return
        check(markup)
        root = LexborHTMLParser(markup).body
        if root is not None:
            undrawn(root)
            self.walk(root, index, level + 1)
