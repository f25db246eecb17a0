"""Blocks of a page as text: plain or Markdown.

Plain text has one line a block: paragraphs, ``- `` or a number before the items of a list, the
cells of a data table between bars on one line, code with its own line breaks. Markdown has the same
with ``#`` before headings, fenced code, tables with their line, formulas between dollars, emphasis,
quotes, nested lists and, where wanted, links. A table that only lays out the page (a cell with
several blocks or much text) is no table. One within a cell of a table is text of that cell. A
number that stands alone above what it numbers ("1.", in a box of its own) is put before it. An item
that brings a mark of its own ("• bees", "2. wasps" as the second) has only one.

Markdown is CommonMark with the tables of GitHub; what would be read as a mark and is none, is
escaped; the items of a list of letters are bullets with these. Of colspan and rowspan nothing is
kept but that a cell moves others to the right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from webfilter.extract.dom import Dom
from webfilter.extract.inline import Inline, started

__all__ = ["render"]

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_CELL_CHARACTERS = 200
_MOST_COLUMNS = 100
_SECTIONS = frozenset(("thead", "tbody", "tfoot"))
_DEEPEST = 20  # lists and quotes written as nested
_LANGUAGE = re.compile(r"\b(?:language|lang|brush|highlight-source)[-:]\s*([\w+#-]{1,20})")
_FENCES = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)
_ALONE = re.compile(r"\d{1,3}[.)]")
_BULLET = re.compile(r"(?:[-•◦‣▪▫■□●○·∙–—»›►▶➤→✓✔]\ufe0f? )+")
_NUMBERED = re.compile(r"(\d{1,3})[.)] ")
_NUMBER = re.compile(r"\s*(\d{1,9})(?!\d)")  # as browsers do: what stands behind it is let be


class _Place(NamedTuple):
    """What is around a block, as far as it matters for writing it; indices of elements."""

    heading: str = ""
    pre: int = -1
    cell: int = -1
    row: int = -1
    table: int = -1
    item: int = -1
    """The innermost ``li``."""
    around: tuple[int, ...] = ()
    """Items and quotes, the outermost first."""
    last_row: int = -1
    """The innermost ``tr``, not only that of the cell; so the next."""
    last_table: int = -1
    row_table: int = -1


class _Places:
    """The places of elements, each found once."""

    def __init__(self, dom: Dom) -> None:
        self._tags, self._parents = dom.tags, dom.parents
        self._known: dict[int, _Place] = {-1: _Place()}

    def of(self, element: int) -> _Place:
        path = []
        while element not in self._known:
            path.append(element)
            element = self._parents[element]
        place = self._known[element]
        for at in reversed(path):
            place = self._known[at] = self._within(place, at)
        return place

    def _within(self, place: _Place, at: int) -> _Place:
        tag = self._tags[at]
        if tag in _HEADINGS:
            return place._replace(heading=_HEADINGS[tag])
        if tag == "pre":
            return place._replace(pre=at)
        if tag in ("li", "blockquote"):
            around = (*place.around[: _DEEPEST - 1], at)
            return place._replace(around=around, item=at if tag == "li" else place.item)
        if tag in ("td", "th"):
            return place._replace(cell=at, row=place.last_row, table=place.row_table)
        if tag == "tr":
            return place._replace(last_row=at, row_table=place.last_table)
        if tag == "table":
            return place._replace(last_table=at)
        return place


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
    known = _Places(dom)
    places = {i: known.of(dom.blocks[i].element) for i in kept}
    cells = _cells_around(known, places)
    tables = _data_tables(dom, kept, places, cells)
    places = _outermost(places, cells, tables)
    before = _numbers_before(dom, kept, places, tables)
    write = _Markdown(dom, places, before, links, url) if markdown else _Plain(dom, places, before)
    kept = [i for i in kept if i + 1 not in before]
    for (table, pre), group in groupby(kept, key=lambda i: (places[i].table, places[i].pre)):
        members = list(group)
        if table in tables:
            write.table([list(row) for _, row in groupby(members, key=lambda i: places[i].row)])
        elif pre >= 0:
            write.code(members)
        else:
            for i in members:
                write.block(i)
    return "\n".join(write.lines)


def _cells_around(known: _Places, places: Mapping[int, _Place]) -> dict[int, _Place]:
    """Return the tables of `places` and those around them, ascending, with the place of each."""
    found: dict[int, _Place] = {}
    for table in {place.table for place in places.values()}:
        while table >= 0 and table not in found:
            found[table] = known.of(table)
            table = found[table].table
    return dict(sorted(found.items()))


def _data_tables(
    dom: Dom, kept: Sequence[int], places: Mapping[int, _Place], around: dict[int, _Place]
) -> set[int]:
    """Return the tables of data: rows of several short cells with one block each, mostly.

    What is in a table within a cell counts as what is in that cell.
    """
    found: dict[int, dict[int, dict[int, int]]] = {table: {} for table in around}
    bad: set[int] = set()

    def add(place: _Place, count: int) -> None:
        row = found[place.table].setdefault(place.row, {})
        row[place.cell] = row.get(place.cell, 0) + count

    for i in kept:
        place = places[i]
        if place.table < 0:
            continue
        text = dom.blocks[i].text
        if place.pre >= 0 or place.item >= 0 or len(text) > _CELL_CHARACTERS:
            bad.add(place.table)
        if text.startswith("\\[") and text.endswith("\\]"):  # an equation and its number
            bad.add(place.table)
        add(place, 1)
    good = set()
    for table in reversed(around):  # the inner ones first
        rows = found[table].values()
        cells = [count for row in rows for count in row.values()]
        several = sum(len(row) > 1 for row in rows)
        if table not in bad and 2 * several >= len(rows) and sum(cells) <= 1.3 * len(cells):
            good.add(table)
        if around[table].table >= 0:
            add(around[table], sum(cells))
            if table in bad:
                bad.add(around[table].table)
    return good


def _outermost(
    places: dict[int, _Place], around: Mapping[int, _Place], tables: set[int]
) -> dict[int, _Place]:
    """Return `places` with the cells of the outermost of `tables` that each is in."""
    outer: dict[int, _Place] = {}
    for table, place in around.items():
        if place.table in outer:
            outer[table] = outer[place.table]
        elif place.table in tables:
            outer[table] = place
    if not outer:
        return places
    return {
        i: place._replace(cell=cell.cell, row=cell.row, table=cell.table)
        if (cell := outer.get(place.table))
        else place
        for i, place in places.items()
    }


def _numbers_before(
    dom: Dom, kept: Sequence[int], places: Mapping[int, _Place], tables: set[int]
) -> dict[int, str]:
    """Return the blocks right above which a number stands alone in the same item, and these."""
    found: dict[int, str] = {}
    after = -1  # the block after the last number alone
    for i in kept:
        text, place = dom.blocks[i].text, places[i]
        if len(text) > 4 or place.pre >= 0 or place.table in tables or not _ALONE.fullmatch(text):
            continue
        lone, after = i != after, i + 1
        following = places.get(after)
        if (
            lone
            and following is not None
            and following.item == place.item
            and following.pre < 0
            and following.table not in tables
            and not _ALONE.fullmatch(dom.blocks[after].text)
        ):
            found[after] = text
    return found


class _Plain:
    _lettered = "{}. "
    """How the items of a list of letters begin."""

    def __init__(self, dom: Dom, places: dict[int, _Place], before: Mapping[int, str]) -> None:
        self.lines: list[str] = []
        self._dom = dom
        self._places = places
        self._before = before
        self._marked: set[int] = set()  # items that have their mark
        self._numbers: dict[int, dict[int, int]] = {}  # of the items of each list
        self._numbered: dict[int, int] = {}  # in other lists, the last number that an item brought

    def _begins(self, item: int) -> bool:
        """Whether this is the first of `item`, which is so once."""
        if item < 0 or item in self._marked:
            return False
        self._marked.add(item)
        return True

    def block(self, i: int) -> None:
        text, place = self._dom.blocks[i].text, self._places[i]
        item = place.item
        if i in self._before:
            text = f"{self._before[i]} {text}"
        if item >= 0 > place.pre:
            text = self._without_mark(item, text)
        self.lines.append(self._mark(item) + text if self._begins(item) else text)

    def _without_mark(self, item: int, text: str) -> str:
        """Return `text` without the mark that it brings, if it begins `item`, which has one."""
        if item < 0 or item in self._marked:
            return text
        if bullet := _BULLET.match(text):
            return text[bullet.end() :]
        written = _NUMBERED.match(text)
        if written is None or (number := int(written[1])) != self._number(item):
            return text
        parent = self._dom.parents[item]
        if self._dom.tags[parent] != "ol":
            if number == 1:
                follows = len(self._numbers[parent]) > 1
            else:
                follows = self._numbered.get(parent) == number - 1
            if not follows:  # "2. Bundesliga"
                return text
            self._numbered[parent] = number
        return text[written.end() :]

    def _mark(self, item: int) -> str:
        dom = self._dom
        parent = dom.parents[item]
        number = min(self._number(item), 999_999_999)
        ordered = dom.tags[parent] == "ol"
        if not ordered and self._numbered.get(parent) != number:
            return "- "
        first = dom.attributes[parent].get("type") if ordered else ""
        if first in ("a", "A") and 1 <= number <= 26:
            return self._lettered.format(chr(ord(first) + number - 1))
        return f"{number}. "

    def _number(self, item: int) -> int:
        """Return which item of its list this is, as an ordered one counts."""
        dom = self._dom
        parent = dom.parents[item]
        if parent not in self._numbers:
            numbers = self._numbers[parent] = {}
            ordered = dom.tags[parent] == "ol"
            at, number = parent + 1, 1
            if ordered:
                number = _number(dom.attributes[parent].get("start"), 1)
            while at < dom.ends[parent]:
                if dom.tags[at] == "li":
                    if ordered:
                        number = _number(dom.attributes[at].get("value"), number)
                    numbers[at] = number
                    number += 1
                at = dom.ends[at]
        return self._numbers[parent][item]

    def code(self, members: list[int]) -> None:
        for i in members:
            self.block(i)

    def table(self, rows: list[list[int]]) -> None:
        for row in rows:
            texts: dict[int, str] = {}
            for i in row:
                text = self._dom.blocks[i].text.replace("\n", " ")
                cell = self._places[i].cell
                texts[cell] = f"{texts[cell]} {text}" if cell in texts else text
            self.lines.append(" | ".join(texts.values()))


class _Markdown(_Plain):
    _lettered = "- {}. "  # CommonMark has none

    def __init__(
        self,
        dom: Dom,
        places: dict[int, _Place],
        before: Mapping[int, str],
        links: bool,
        url: str | None,
    ) -> None:
        super().__init__(dom, places, before)
        self._inline = Inline(dom, links, url)
        self._open: list[tuple[int, str]] = []  # items and quotes, and how their lines begin
        self._kind = ""
        self._columns: dict[int, dict[int, int]] = {}  # of the cells of each table

    def block(self, i: int) -> None:
        place = self._places[i]
        number = self._before.get(i, "")
        if place.heading:
            text = self._inline.written(self._dom.blocks[i], strong=False)
            text = " ".join(f"{number} {text}".split())
            text = re.sub(r"(?<!\S)(#+)$", r"\\\1", text)
            self._add("text", f"{place.heading} {text}", place)
            return
        text = f"{number} {self._inline.written(self._dom.blocks[i])}".lstrip()
        text = self._without_mark(place.item, text)
        text = "\n".join(map(started, text.split("\n")))
        self._add("text", text.replace("\n", "  \n"), place)

    def code(self, members: list[int]) -> None:
        text = "\n".join(self._dom.blocks[i].text for i in members)
        fence = "`" * (max(map(len, _FENCES.findall(text)), default=2) + 1)
        place = self._places[members[0]]
        language = self._language(place.pre, members[0])
        self._add("code", f"{fence}{language}\n{text}\n{fence}", place)

    def table(self, rows: list[list[int]]) -> None:
        table = self._places[rows[0][0]].table
        if table not in self._columns:
            self._columns[table] = _columns(self._dom, table)
        written = [self._cells(row, self._columns[table]) for row in rows]
        heads = {self._dom.tags[self._places[i].cell] for i in rows[0]}
        width = max(max(row) for row in written) + 1
        if heads != {"th"}:
            written.insert(0, {})
        lines = [[row.get(column, "") for column in range(width)] for row in written]
        lines.insert(1, ["---"] * width)
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        self._add("table", text, self._places[rows[0][0]])

    def _cells(self, row: list[int], columns: Mapping[int, int]) -> dict[int, str]:
        """Return the texts of the cells of a row by column."""
        texts: dict[int, str] = {}
        for i in row:
            text = self._inline.written(self._dom.blocks[i]).replace("\n", " ").replace("|", "\\|")
            column = columns.get(self._places[i].cell, 0)
            texts[column] = f"{texts[column]} {text}" if column in texts else text
        return texts

    def _add(self, kind: str, text: str, place: _Place) -> None:
        """Append `text` within its lists and quotes, after an empty line unless both are items."""
        same = 0
        while (
            same < min(len(self._open), len(place.around))
            and self._open[same][0] == place.around[same]
        ):
            same += 1
        inner = same == len(self._open)
        late = False  # such items begin no list right behind a text
        del self._open[same:]
        within = "".join(start for _, start in self._open)
        begin = within
        for at in place.around[same:]:
            if self._dom.tags[at] == "blockquote":
                mark = start = "> "
            else:
                # of items that begin at once, only the innermost is marked
                mark = self._mark(at) if at == place.item and self._begins(at) else ""
                start = " " * (2 if mark.startswith("- ") else len(mark))
                kind = "item" if mark and kind == "text" else kind
                late = inner and not mark.startswith(("- ", "1. "))
            begin += mark
            self._open.append((at, start))
        if self.lines and (late or not (kind == self._kind == "item")):
            self.lines.append(within.rstrip())
        self._kind = kind
        indent = "".join(start for _, start in self._open)
        first, *rest = text.split("\n")
        self.lines.append(begin + first)
        self.lines.extend(indent + line if line else indent.rstrip() for line in rest)

    def _language(self, pre: int, first: int) -> str:
        dom = self._dom
        said = [dom.code.get(at, "") for _, at in dom.blocks[first].pieces[:3]]
        at = pre
        for _ in range(3):
            of = dom.attributes[at]
            said.append(f"{of.get('class') or ''} lang-{of.get('data-lang') or ''}")
            at = dom.parents[at]
        found = next(filter(None, map(_LANGUAGE.search, said)), None)
        return found[1] if found else ""


def _columns(dom: Dom, table: int) -> dict[int, int]:
    """Return the columns of the cells of a table, which wide and high ones move."""
    found: dict[int, int] = {}
    high: dict[int, int] = {}  # columns of cells that go on below, and for how many rows
    at = table + 1
    while at < dom.ends[table]:
        if dom.tags[at] == "tr":
            high = _row(dom, at, high, found)
        elif dom.tags[at] in _SECTIONS:
            high = {}
            at += 1
            continue
        at = dom.ends[at]
    return found


def _row(dom: Dom, row: int, high: dict[int, int], found: dict[int, int]) -> dict[int, int]:
    """Add the columns of the cells of `row` to `found`; return what is `high` in the next one."""
    after = {column: rows - 1 for column, rows in high.items() if rows > 1}
    at, column = row + 1, 0
    while at < dom.ends[row]:
        if dom.tags[at] in ("td", "th"):
            while column in high:
                column += 1
            found[at] = min(column, _MOST_COLUMNS)
            said = dom.attributes[at]
            wide, rows = _number(said.get("colspan"), 1), _number(said.get("rowspan"), 1)
            end = column + (wide if 1 <= wide <= _MOST_COLUMNS else 1)
            if rows > 1:
                after |= dict.fromkeys(range(column, min(end, _MOST_COLUMNS)), rows - 1)
            column = end
        at = dom.ends[at]
    return after


def _number(written: str | None, otherwise: int) -> int:
    found = _NUMBER.match(written or "")
    return int(found[1]) if found else otherwise
