"""A page as two tables, elements and blocks, in the order of the document.

A *block* is a run of inline text between two block-level borders (start or end of a ``div``, ``p``,
``li``, ``td`` ..., two ``br`` in a row): the unit that is kept or left out. Its pieces remember the
innermost element, so that links and code can be written as such. Elements are in preorder, so what
an element contains is a range in both tables.

Text of ``script``, ``style`` and ``svg`` is not read; ``noscript`` and ``template`` are, and
marked. An ``iframe`` that swallowed markup (it was never closed) is parsed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from webfilter.extract.engine import Unfit

__all__ = ["INLINE", "Block", "Dom", "Element", "read"]

_INLINE = (
    "a abbr acronym b bdi bdo big blink cite code data del dfn em font i img input ins kbd label "
    "mark nobr optgroup option output picture q rb rp rt rtc ruby s samp small source span strike "
    "strong sub sup time tt u var wbr"
)
INLINE = frozenset(_INLINE.split())
"""Elements that do not end a block."""

_OTHER = (
    "script style head svg math canvas object embed applet datalist audio video map textarea "
    "frameset -comment !doctype"
)
_SKIPPED = frozenset(_OTHER.split())
_APART = frozenset(("span", "a", "label", "time", "option", "i", "b"))  # seen apart in a row
_WITHIN = frozenset(("iframe", "template"))
_MOST_NODES = 300_000
_DEEPEST = 2_000


class Element(NamedTuple):
    """An element that may hold text."""

    tag: str
    parent: int
    """Index among the elements; -1 for the first."""
    attributes: Mapping[str, str | None]
    """Of inline elements only those of links, and only when they are wanted."""


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
    """What `read` makes of a page."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.blocks: list[Block] = []
        self.ends: list[int] = []
        """For each element, one past the last element in it."""
        self.first: list[int] = []
        """For each element, its first block, or the first after it if it has none."""
        self.last: list[int] = []
        """For each element, one past its last block."""


def read(html: str, links: bool = False) -> Dom:
    """Return the elements and blocks of a page, with the attributes of links if wanted.

    Raises:
        Unfit: the page nests too deeply, or has too many nodes.
    """
    dom = Dom()
    root = LexborHTMLParser(html).root
    if root is not None:
        _Walk(dom, links).walk(root, -1, 0)
    return dom


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

    def _flush(self) -> None:
        pieces = self._pieces
        if not pieces:
            return
        raw = pieces[0][0] if len(pieces) == 1 else "".join([piece for piece, _ in pieces])
        if self._pre:
            text = raw.strip("\n") if raw.strip() else ""
        elif "\v" in raw:  # what stands for br
            lines = [" ".join(line.split()) for line in raw.split("\v")]
            text = "\n".join(line for line in lines if line)
        else:
            text = " ".join(raw.split())
        if text:
            block = Block(self._within[-1], text, pieces, self._linked, self._links)
            self._dom.blocks.append(block)
        self._pieces = []
        self._linked = self._links = 0

    def walk(self, root: Any, parent: int, level: int) -> None:
        """Add what is under `root`, whose parent is the element `parent`."""
        dom, within, wanted = self._dom, self._within, self._wanted
        elements, ends, first, last, blocks = (
            dom.elements,
            dom.ends,
            dom.first,
            dom.last,
            dom.blocks,
        )
        node, at, breaks, before = root, parent, 0, ""
        nodes = 0
        stack: list[tuple[Any, int, str]] = []  # open elements: node, index, tag
        within.append(parent)
        while True:
            nodes += 1
            tag = node.tag
            child = None
            if tag == "-text":
                text = node.text_content
                if text:
                    if text.isspace():
                        if self._pieces:
                            self._pieces.append((text, at))
                    else:
                        breaks = 0
                        self._pieces.append((text.replace("\v", " "), at))
                        if self._link:
                            self._linked += len(text)
                before = ""
            elif tag == "br":
                breaks += 1
                if self._pre:
                    self._pieces.append(("\n", at))
                elif breaks > 1:
                    self._flush()
                elif self._pieces:
                    self._pieces.append(("\v", at))
            elif tag not in _SKIPPED:
                inline = tag in INLINE
                if not inline:
                    self._flush()
                    breaks = 0
                elif tag in _APART and before == tag:
                    self._pieces.append((" ", at))
                index = len(elements)
                elements.append(
                    Element(
                        tag, at, {} if inline and not (wanted and tag == "a") else node.attributes
                    )
                )
                first.append(len(blocks))
                ends.append(index + 1)
                last.append(len(blocks))
                child = node.child
                if tag in _WITHIN:
                    child = None
                    self._inside(node, tag, index, level)
                    ends[index] = len(elements)
                    last[index] = len(blocks)
                if child is not None:
                    stack.append((node, index, tag))
                    if len(stack) > _DEEPEST:
                        raise Unfit(f"nested more than {_DEEPEST} deep")
                    at = index
                    if tag == "a":
                        self._link += 1
                        self._links += 1
                    elif not inline:
                        within.append(index)
                        if tag == "pre":
                            self._pre += 1
                    node = child
                    before = ""
                    continue
                before = tag
            while node.next is None or not stack:
                if not stack:
                    self._flush()
                    within.pop()
                    self._count(nodes)
                    return
                node, index, tag = stack.pop()
                if tag not in INLINE:
                    self._flush()
                    within.pop()
                    if tag == "pre":
                        self._pre -= 1
                elif tag == "a":
                    self._link -= 1
                ends[index] = len(elements)
                last[index] = len(blocks)
                at = elements[index].parent
                before = tag
            node = node.next
            if nodes > _MOST_NODES:
                self._count(nodes)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            raise Unfit(f"more than {_MOST_NODES} nodes")

    def _inside(self, node: Any, tag: str, index: int, level: int) -> None:
        """Read the markup that is text to the parser: of templates, and of iframes left open."""
        markup = node.inner_html if tag == "template" else node.text(deep=True)
        if not markup or "<" not in markup or level > 2:
            return
        if tag == "iframe" and len(markup) < 1000:
            return
        root = LexborHTMLParser(markup).body
        if root is not None:
            self._flush()
            self.walk(root, index, level + 1)
