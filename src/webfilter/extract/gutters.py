"""The numbers beside the lines of code, which nobody who copies the code wants.

They stand in a cell before that of the code (Pygments, Rouge, Hexo, SyntaxHighlighter, Crayon),
beside a ``pre`` (VitePress), or in it, in elements that count on by one: all lines begin with such
an element (Pygments, Chroma), or stand after all of them (react-syntax-highlighter) or each after
one. A number that is coloured as one of the language is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

__all__ = ["is_gutter", "take_out"]

_CELLS = re.compile(r"gutter|crayon-nums|line-?num|lineno", re.IGNORECASE)
_NEAR = 4
_MOST_DIGITS = 6
_TEXT = "-text"
_TAGS = frozenset(("span", "a", "div", "td"))
_UNSEEN = frozenset(("style", "script", "title"))
_BREAKS = frozenset(("br", "div", "p", "li", "ol", "ul", "table", "tr", "td"))
_OF_LINES = re.compile(r"(?<![a-zA-Z])line|Line|gutter|(?:^|[\s_-])lnt?(?:$|[\s_-])")
_LITERAL = re.compile(
    r"(?:^|[\s_-])(?:m[bfhio]?|il|num(?:ber)?|numeric|nu\d|lit(?:eral)?|const\w*|mtk\d+|pl-c1)(?:$|\s)"
)


def is_gutter(node: Any) -> bool:
    """Whether a ``pre`` or ``td`` holds but the numbers of the lines of code in the next cell."""
    if node.tag == "td":
        cell, held = node, "pre, code, .crayon-line"
        if not _CELLS.search(_class(cell)) or cell.css_first("table") is not None:
            return False
    else:
        cell, held = node, "pre"
        for _ in range(_NEAR):
            if _next(cell) is not None or cell.parent is None:  # else each of many would look on
                return False
            cell = cell.parent
            if cell.tag == "td":
                break
        else:
            return False
    code = _next(cell)
    return code is not None and code.css_first(held) is not None and _counts(_words(node))


def take_out(pre: Any) -> None:
    """Take the numbers of its lines out of a ``pre``, and those that stand after it."""
    numbers: list[Any] = []
    if _are_of_lines("".join(_marks(pre, numbers))) and _number_lines(numbers):
        for number in numbers:
            number.decompose()
    after = _next(pre)
    if after is None or after.tag != "div" or not _OF_LINES.search(_class(after)):
        return
    if _counts(_words(after)):
        after.decompose()


def _marks(pre: Any, numbers: list[Any]) -> Iterator[str]:
    """Yield a mark for each line that is not blank, and collect the elements of the numbers.

    N is a number alone, B a number with code beside it, C code alone.
    """
    line = ""  # its mark, "" as long as nothing stands in it
    own = unseen = False  # whether the text that comes is that of a number, of a style sheet
    for node in pre.traverse(include_text=True):
        if node.tag != _TEXT:
            if node.tag in _BREAKS and line:
                yield line
                line = ""
            unseen = node.tag in _UNSEEN and node.child is not None
            own = not line and node.tag in _TAGS and _is_number(node)
            if own:
                numbers.append(node)
                line = "N"
        elif not unseen:
            for i, part in enumerate(node.text_content.split("\n")):
                if i and line:
                    yield line
                    line = ""
                if own or not part.strip():
                    continue
                line = "B" if line == "N" else line or "C"
                if line == "C" and not numbers:
                    yield line  # no line before it had a number, so none will
                    return
            own = False
        else:
            unseen = False
    if line:
        yield line


def _are_of_lines(marks: str) -> bool:
    """Whether each line has a number: at its beginning, before it, or before them all."""
    if "C" not in marks:
        return "B" in marks
    if "B" in marks:
        return False
    before = marks.rstrip("C")
    if "C" not in before:
        return len(before) >= len(marks) - len(before)
    return "CC" not in marks


def _is_number(node: Any) -> bool:
    """Whether an element holds a number and nothing else."""
    text = node.child
    if text is None or text.tag != _TEXT or text.next is not None:
        return False
    said = text.text_content.strip()
    return said.isdecimal() and len(said) <= _MOST_DIGITS


def _number_lines(numbers: list[Any]) -> bool:
    """Whether elements count on: by one, or anyhow if of a class for lines; none is a literal."""
    words = [number.text(deep=True).strip() for number in numbers]
    names = {_class(number) for number in numbers}
    if all(map(_OF_LINES.search, names)):  # doxygen leaves out lines of comments
        values = [*map(int, words)]
        return all(a < b for a, b in pairwise(values))
    style = numbers[0].attributes.get("style") or ""
    if len(numbers) == 1 or any(map(_LITERAL.search, names)) or ("" in names and "color" in style):
        return False
    return _counts(words)


def _counts(words: list[str]) -> bool:
    """Whether words are whole numbers, each one more than the one before."""
    if not words or not all(word.isdecimal() and len(word) <= _MOST_DIGITS for word in words):
        return False
    first = int(words[0])
    return [int(word) for word in words] == list(range(first, first + len(words)))


def _words(node: Any) -> list[str]:
    return node.text(deep=True, separator="\n").split()  # type: ignore[no-any-return]


def _class(node: Any) -> str:
    return node.attributes.get("class") or ""


def _next(node: Any) -> Any:
    """Return the next element beside a node."""
    node = node.next
    while node is not None and node.tag == _TEXT:
        node = node.next
    return node
