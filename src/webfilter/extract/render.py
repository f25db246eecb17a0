"""Blocks of a page as text: plain or Markdown.

Plain text has one line a block: paragraphs, ``- `` before the items of a list, the cells of a data
table between bars on one line, code with its own line breaks. Markdown has the same with ``#``
before headings, fenced code, tables with their line, emphasis, nested lists and, where wanted,
links. A table that only lays out the page (a cell with several blocks or much text) is no table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from urllib.parse import urljoin

from webfilter.extract.dom import Block, Dom

__all__ = ["render"]

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_STOPS = frozenset(("body", "html", "article", "main", "section", "form"))
_STRONG = frozenset(("b", "strong"))
_EMPHASIS = frozenset(("i", "em", "cite", "dfn", "var"))
_CODE = frozenset(("code", "kbd", "samp", "tt"))
_CELL_CHARACTERS = 200
_LANGUAGE = re.compile(r"\b(?:language|lang|brush|highlight-source)[-:]\s*([\w+#-]{1,20})")
_FENCES = re.compile(r"^ {0,3}(`{3,})", re.MULTILINE)
_TICKS = re.compile("`+")
_UNSAFE = re.compile(r"^\s*(?:javascript|data|vbscript):", re.IGNORECASE)


class _Place:
    """What is around a block, as far as it matters for writing it."""

    __slots__ = ("cell", "heading", "items", "pre", "quote", "row", "table", "term")

    def __init__(self, dom: Dom, block: Block) -> None:
        self.heading = ""
        self.pre = self.row = self.cell = self.table = -1
        self.items: list[int] = []
        self.quote = 0
        self.term = False
        elements = dom.elements
        at = block.element
        while at >= 0:
            tag, parent, _ = elements[at]
            if tag in _HEADINGS and not self.heading:
                self.heading = _HEADINGS[tag]
            elif tag == "li":
                self.items.append(at)
            elif tag == "pre" and self.pre < 0:
                self.pre = at
            elif tag in ("td", "th") and self.cell < 0:
                self.cell = at
            elif tag == "tr" and self.row < 0 <= self.cell:
                self.row = at
            elif tag == "table" and self.table < 0 <= self.row:
                self.table = at
            elif tag == "blockquote":
                self.quote += 1
            elif tag == "dt":
                self.term = True
            at = parent


def render(
    dom: Dom,
    kept: Sequence[int],
    markdown: bool = False,
    links: bool = False,
    url: str | None = None,
) -> str:
    """Return the blocks numbered `kept` (ascending) as text.

    Args:
        dom: the page; read with its links if these are wanted.
        kept: indices of blocks.
        markdown: Markdown instead of plain text.
        links: keep the targets of links, relative ones made absolute by `url`; Markdown only.
        url: address of the page.
    """
    places = {i: _Place(dom, dom.blocks[i]) for i in kept}
    tables = _data_tables(dom, kept, places)
    write = _Markdown(dom, places, links, url) if markdown else _Plain(dom, places)
    lines: list[str] = []
    for table, group in groupby(kept, key=lambda i: places[i].table if i in places else -1):
        members = list(group)
        if table in tables:
            rows = [
                [
                    [write.inline(i) for i in cell]
                    for _, cell in groupby(row, key=lambda i: places[i].cell)
                ]
                for _, row in groupby(members, key=lambda i: places[i].row)
            ]
            head = dom.elements[places[members[0]].cell].tag == "th"
            write.table([[" ".join(cell) for cell in row] for row in rows], head, lines)
        else:
            for i in members:
                write.block(i, lines)
    return write.joined(lines)


def _data_tables(dom: Dom, kept: Sequence[int], places: dict[int, _Place]) -> set[int]:
    """Return the tables of data: rows of several short cells with one block each, mostly."""
    found: dict[int, dict[int, dict[int, int]]] = {}
    bad: set[int] = set()
    for i in kept:
        place = places[i]
        if place.table < 0:
            continue
        if place.pre >= 0 or place.items or len(dom.blocks[i].text) > _CELL_CHARACTERS:
            bad.add(place.table)
        row = found.setdefault(place.table, {}).setdefault(place.row, {})
        row[place.cell] = row.get(place.cell, 0) + 1
    good = set()
    for table, rows in found.items():
        cells = [count for row in rows.values() for count in row.values()]
        several = sum(len(row) > 1 for row in rows.values())
        if table not in bad and 2 * several >= len(rows) and sum(cells) <= 1.3 * len(cells):
            good.add(table)
    return good


class _Plain:
    def __init__(self, dom: Dom, places: dict[int, _Place]) -> None:
        self._dom = dom
        self._places = places
        self._item = -1

    def inline(self, i: int) -> str:
        return self._dom.blocks[i].text.replace("\n", " ")

    def block(self, i: int, lines: list[str]) -> None:
        place, text = self._places[i], self._dom.blocks[i].text
        if place.items and place.items[0] != self._item:
            self._item = place.items[0]
            text = "- " + text
        lines.append(text)

    def table(self, rows: list[list[str]], head: bool, lines: list[str]) -> None:
        lines.extend(" | ".join(row) for row in rows)

    def joined(self, lines: list[str]) -> str:
        return "\n".join(lines)


class _Markdown(_Plain):
    def __init__(self, dom: Dom, places: dict[int, _Place], links: bool, url: str | None) -> None:
        super().__init__(dom, places)
        self._links = links
        self._url = url
        self._last = ""

    def _add(self, lines: list[str], kind: str, text: str) -> None:
        """Append `text`; an empty line before it unless both it and the last are of one list."""
        if lines and not (kind == self._last == "item"):
            lines.append("")
        lines.append(text)
        self._last = kind

    def inline(self, i: int) -> str:
        return self._written(self._dom.blocks[i]).replace("\n", " ").replace("|", "\\|")

    def block(self, i: int, lines: list[str]) -> None:
        place, block = self._places[i], self._dom.blocks[i]
        quote = "> " * place.quote
        if place.pre >= 0:
            longest = max((len(run) for run in _FENCES.findall(block.text)), default=2)
            fence = "`" * max(3, longest + 1)
            text = f"{fence}{self._language(place.pre)}\n{block.text}\n{fence}"
            kind = "code"
        else:
            text = self._written(block).replace("\n", "  \n")
            kind = "text"
            if place.heading:
                text = f"{place.heading} {' '.join(text.split())}"
        if place.items:
            depth = len(place.items) - 1
            indent = "  " * depth
            if place.items[0] != self._item:
                self._item = place.items[0]
                mark, kind = self._mark(place.items[0]), "item"
                text = mark + text.replace("\n", "\n" + " " * len(mark))
            else:
                text = "  " + text.replace("\n", "\n  ")
            text = indent + text.replace("\n", "\n" + indent)
        if quote:
            text = quote + text.replace("\n", "\n" + quote)
        self._add(lines, kind, text)

    def table(self, rows: list[list[str]], head: bool, lines: list[str]) -> None:
        width = max(map(len, rows))
        filled = [row + [""] * (width - len(row)) for row in rows]
        if not head:
            filled.insert(0, [""] * width)
        filled.insert(1, ["---"] * width)
        self._add(lines, "table", "\n".join(f"| {' | '.join(row)} |" for row in filled))

    def _mark(self, item: int) -> str:
        parent = self._dom.elements[item].parent
        if parent < 0 or self._dom.elements[parent].tag != "ol":
            return "- "
        before = sum(
            self._dom.elements[at].tag == "li" and self._dom.elements[at].parent == parent
            for at in range(max(parent + 1, item - 2000), item)
        )
        return f"{before + 1}. "

    def _language(self, pre: int) -> str:
        at = self._dom.elements[pre].attributes
        found = _LANGUAGE.search(f"{at.get('class') or ''} {at.get('data-lang') or ''}")
        return found[1] if found else ""

    def _written(self, block: Block) -> str:
        """Return the pieces of `block` with code, emphasis and links marked."""
        if not any(at != block.element for _, at in block.pieces):
            return block.text
        marked: list[tuple[str, tuple[bool, bool, bool, str]]] = []
        styles: dict[int, tuple[bool, bool, bool, str]] = {}
        for text, at in block.pieces:
            if at not in styles:
                styles[at] = self._style(at, block.element)
            style = styles[at]
            if marked and (marked[-1][1] == style or text.isspace()):
                marked[-1] = (marked[-1][0] + text, marked[-1][1])
            else:
                marked.append((text, style))
        whole = "".join(_dressed(text, style) for text, style in marked)
        lines = (" ".join(line.split()) for line in whole.split("\v"))
        return "\n".join(line for line in lines if line)

    def _style(self, at: int, block: int) -> tuple[bool, bool, bool, str]:
        code = strong = emphasis = False
        target = ""
        elements = self._dom.elements
        while at >= 0 and at != block:
            tag, parent, attributes = elements[at]
            code |= tag in _CODE
            strong |= tag in _STRONG
            emphasis |= tag in _EMPHASIS
            if tag == "a" and self._links and not target:
                target = self._target(attributes.get("href"))
            at = parent
        return code, strong, emphasis, target

    def _target(self, href: str | None) -> str:
        href = (href or "").strip()
        if not href or href.startswith("#") or _UNSAFE.match(href):
            return ""
        try:
            found = urljoin(self._url or "", href)
        except ValueError:
            return ""
        return found.replace(" ", "%20").replace("(", "%28").replace(")", "%29").replace("\n", "")

    def joined(self, lines: list[str]) -> str:
        return "\n".join(lines)


def _dressed(text: str, style: tuple[bool, bool, bool, str]) -> str:
    """Return `text` with its marks, the space at its ends outside of them."""
    code, strong, emphasis, target = style
    core = text.strip()
    if not core or not (code or strong or emphasis or target):
        return text
    head = text[: len(text) - len(text.lstrip())]
    tail = text[len(text.rstrip()) :]
    core = core.replace("\v", " ")
    if code:
        ticks = "`" * (max(map(len, _TICKS.findall(core)), default=0) + 1)
        space = " " if "`" in core else ""
        core = f"{ticks}{space}{core}{space}{ticks}"
    if emphasis:
        core = f"*{core}*"
    if strong:
        core = f"**{core}**"
    if target:
        core = f"[{core}]({target})"
    return f"{head}{core}{tail}"
