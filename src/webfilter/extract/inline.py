"""The text within a block as Markdown: code, formulas, emphasis, links, what must be escaped."""

from __future__ import annotations

import re
from string import punctuation
from typing import NamedTuple
from unicodedata import category
from urllib.parse import quote, urljoin

from webfilter.extract.dom import Block, Dom
from webfilter.tex import FORMULA

__all__ = ["Inline", "escaped", "joined", "started"]

_STRONG = frozenset(("b", "strong"))
_EMPHASIS = frozenset(("i", "em", "cite", "dfn", "var"))
_CODE = frozenset(("code", "kbd", "samp", "tt"))
_TICKS = re.compile("`+")
_UNSAFE = re.compile(r"(?:javascript|data|vbscript):", re.IGNORECASE)
_AROUND = "".join(map(chr, range(33)))  # what browsers take off the ends of addresses
_WITHIN = str.maketrans("", "", "\t\r\n")  # and out of them
_UNFIT = re.compile(r"[\0- <>()\\|`\"]")
_LONGEST_TARGET = 2000
_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|$)|`|\*(?!\s)|(?<!\s)\*|(?<![^\W_])_|_(?![^\W_])|<(?=[a-zA-Z/!?])"
    r"|&(?=#?\w{1,40};)|\](?=[(\[:])"
)
_BRACKETS = re.compile(_SPECIAL.pattern.removesuffix(r"(?=[(\[:])") + r"|\[")
_ANY = re.compile(r"[\\`*_<&\]]")  # most texts have none
_FORMULA = re.compile(
    FORMULA.pattern
    + r"|(?<![\w$\\])\$(?P<inlines>(?=[^$]*[\\^_{])[^\s$](?:[^$]*[^\s$\\])?)\$(?![\w$])"
)
_START = re.compile(  # the last: what stands below the head of a table, and lines across
    r"(?:#{1,6}|[-+*])(?=\s|$)|>|~~~|=+$|(?=[|: ]*-[|: -]*$)"
)
_NUMBERED = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")


class _Style(NamedTuple):
    code: bool = False
    strong: bool = False
    emphasis: bool = False
    target: str = ""


def escaped(text: str) -> str:
    """Return `text` with a backslash before what would be read as a mark within a line.

    >>> escaped("2 * 3, *note*, snake_case, <b>")
    '2 * 3, \\\\*note\\\\*, snake_case, \\\\<b>'

    A formula is written as Markdown has it, between dollars, and nothing in it is escaped.

    >>> escaped(r"The area \\(a_b * c_d\\) of *b*")
    'The area $a_b * c_d$ of \\\\*b\\\\*'
    """
    if not _ANY.search(text):
        return text
    parts, end = [], 0
    if "$" in text or "\\(" in text or "\\[" in text:
        for found in _FORMULA.finditer(text):
            name = found.lastgroup or ""
            if formula := found[name].strip():
                parts.append(_SPECIAL.sub(r"\\\g<0>", text[end : found.start()]))
                parts.append(f"${formula}$" if name.startswith("inline") else f"$${formula}$$")
                end = found.end()
    parts.append(_SPECIAL.sub(r"\\\g<0>", text[end:]))
    return "".join(parts)


def started(line: str) -> str:
    """Return an escaped line with a backslash before what would be read as a mark at its start.

    >>> started("1. May"), started("# of bees"), started("#hive")
    ('1\\\\. May', '\\\\# of bees', '#hive')
    """
    if _START.match(line):
        return "\\" + line
    if number := _NUMBERED.match(line):
        return f"{number[0]}\\{line[number.end() :]}"
    return line


class Inline:
    """Writes the text of blocks.

    Args:
        dom: the page.
        links: keep the targets of links.
        url: address of the page, for relative targets.
    """

    def __init__(self, dom: Dom, links: bool, url: str | None) -> None:
        self._dom = dom
        self._links = links
        self._url = joined(url or "", dom.base) or url or ""

    def written(self, block: Block, strong: bool = True) -> str:
        """Return the text of `block`, a newline at ``br``; `strong`: with strong emphasis."""
        if all(at == block.element for _, at in block.pieces):
            return escaped(block.text)
        marked: list[tuple[str, _Style]] = []
        styles = {block.element: _Style(), -1: _Style()}
        for text, at in block.pieces:
            style = styles.get(at) or self._style(at, styles, strong)
            if marked and (marked[-1][1] == style or (text.isspace() and not marked[-1][1].code)):
                marked[-1] = (marked[-1][0] + text, marked[-1][1])
            else:
                marked.append((text, style))
        whole: list[str] = []
        for i, (text, style) in enumerate(marked):
            before = whole[-1][-1:] if whole else ""
            if (before == "!" and style.target) or (  # else it is an image
                before in ("<", "&", "]") and _SPECIAL.match(before + text)
            ):
                whole[-1] = f"{whole[-1][:-1]}\\{before}"
            after = ""
            if i + 1 < len(marked) and not marked[i + 1][1].code:
                after = marked[i + 1][0][:1]
            whole.append(_dressed(text, style, before, after))
        lines = (" ".join(line.split()) for line in "".join(whole).split("\v"))
        return "\n".join(line for line in lines if line)

    def _style(self, at: int, known: dict[int, _Style], wanted: bool) -> _Style:
        path = []
        while at not in known:
            path.append(at)
            at = self._dom.parents[at]
        style = known[at]
        for at in reversed(path):
            tag = self._dom.tags[at]
            if tag in _CODE:
                style = style._replace(code=True)
            elif tag in _STRONG and wanted:
                style = style._replace(strong=True)
            elif tag in _EMPHASIS:
                style = style._replace(emphasis=True)
            elif (
                tag == "a"
                and self._links
                and (to := self._target(self._dom.attributes[at].get("href")))
            ):
                style = style._replace(target=to)
            known[at] = style
        return style

    def _target(self, href: str | None) -> str:
        href = (href or "").strip(_AROUND)
        found = "" if href.startswith("#") else joined(self._url, href)
        found = _UNFIT.sub(lambda c: quote(c[0], safe=""), found)
        return "" if len(found) > _LONGEST_TARGET else found


def joined(start: str, href: str) -> str:
    """Return `href` as it leads from the address `start`; empty if it leads nowhere or runs.

    >>> joined("https://a.example/x/y", " z "), joined("", "javascript:go()")
    ('https://a.example/x/z', '')
    """
    href = href.strip(_AROUND).translate(_WITHIN)
    if not href or _UNSAFE.match(href):
        return ""
    try:
        return urljoin(start, href)
    except ValueError:
        return ""


def _dressed(text: str, style: _Style, before: str, after: str) -> str:
    """Return `text` with its marks, the space at its ends outside of them.

    Emphasis that no parser would see, as letters follow a mark after a full stop or other marks
    stand before it, is left out.
    """
    core = text.strip()
    if not core or not any(style):
        return escaped(text)
    head = text[: len(text) - len(text.lstrip())]
    tail = text[len(text.rstrip()) :]
    before, after = "" if head else before, "" if tail else after
    seen = before != "*"
    seen = seen and any(category(c) != "Cf" for c in core)  # more than joiners without width
    seen = seen and (_apart(before) or _letter(core[0]))
    seen = seen and (_apart(after) or _letter(core[-1]))
    if style.code:
        seen = seen and _apart(before) and _apart(after)
    marked = (seen and (style.emphasis or style.strong)) or style.target
    if style.code and (marked or before != "`"):  # else it would be no end and no begin of code
        core = core.replace("\v", " ")
        ticks = "`" * (max(map(len, _TICKS.findall(core)), default=0) + 1)
        space = " " if core[0] == "`" or core[-1] == "`" else ""
        core = f"{ticks}{space}{core}{space}{ticks}"
    else:
        core = _BRACKETS.sub(r"\\\g<0>", core) if style.target else escaped(core)
    if style.emphasis and seen:
        core = f"*{core}*"
    if style.strong and seen:
        core = f"**{core}**"
    if style.target:
        core = f"[{core}]({style.target})"
    return f"{head}{core}{tail}"


def _apart(c: str) -> bool:
    """Whether `c` is space, a punctuation mark to every version of CommonMark, or nothing."""
    return not c or c.isspace() or c in punctuation or category(c)[0] == "P"


def _letter(c: str) -> bool:
    """Whether `c` is as a letter to every version of CommonMark; vowel signs and controls are."""
    return category(c)[0] not in "PS"
