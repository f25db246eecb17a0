"""Numbers and foreign text as a person reads them, the same in terminal, page and card."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Container, Iterable, Sequence

__all__ = [
    "aligned",
    "duration",
    "label",
    "limit",
    "number",
    "quantity",
    "rate",
    "remarks",
    "share",
    "size",
    "visible",
]

_MOST = sys.float_info.max
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def number(value: int) -> str:
    """Return an integer with its thousands apart.

    >>> number(1234567)
    '1,234,567'
    """
    return f"{value:,}"


def share(part: float, whole: float) -> str:
    """Return `part` of `whole` in percent; what is neither none nor all never looks like it.

    >>> share(1, 3), share(0, 3), share(1, 100_000), share(99_999, 100_000), share(0, 0)
    ('33.3 %', '0 %', '<0.1 %', '>99.9 %', '')
    """
    if not whole:
        return ""
    percent = 100 * part / whole
    if part == whole or part == 0:
        return f"{percent:.0f} %"
    if percent < 0.1:
        return "<0.1 %"
    return ">99.9 %" if percent >= 99.95 else f"{percent:.1f} %"


def duration(seconds: float) -> str:
    """Return a time.

    >>> [duration(s) for s in (0.0, 1.5e-5, 0.0021, 0.25, 12.34, 754, 9000)]
    ['0 s', '15 µs', '2.1 ms', '250 ms', '12.3 s', '12 min 34 s', '2 h 30 min']
    """
    if seconds <= 0:
        return "0 s"
    if seconds < 0.0009995:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min"


def rate(count: int, seconds: float) -> str:
    """Return how many a second: three digits that count.

    >>> rate(4300, 2.0), rate(1, 3.0), rate(5, 0.0)
    ('2,150', '0.333', '')
    """
    if seconds <= 0:
        return ""
    value = count / seconds
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def size(count: int) -> str:
    """Return a number of bytes.

    >>> size(512), size(169_000_000), size(3_400)
    ('512 B', '169 MB', '3.4 kB')
    """
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5 or unit == "TB":
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


def quantity(value: object) -> str:
    """Return the value of a signal, or a limit; nothing for None.

    >>> quantity(100000), quantity(0.123456), quantity(True), quantity("en"), quantity(None)
    ('100,000', '0.1235', 'true', 'en', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < 1e30:
        return number(value)
    if isinstance(value, (int, float)):
        value = max(-_MOST, min(_MOST, value))
        if value == int(value) if abs(value) < 1e15 else False:
            return number(int(value))
        return f"{value:,.1f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"
    return visible(str(value))


def limit(value: float) -> str:
    """Return a limit, with all the digits that it was given.

    >>> limit(100_000.0), limit(0.018112), limit(0.0)
    ('100,000', '0.018112', '0')
    """
    return number(int(value)) if value == value // 1 and abs(value) < 1e15 else f"{value:.9g}"


def visible(text: str, most: int | None = None) -> str:
    r"""Return foreign `text` on one line, safe to print: what does not print is written out.

    Control characters (of terminals too), lone surrogates and marks that change the direction of
    what follows become escapes.

    Args:
        text: anything.
        most: characters to keep at most; the rest becomes an ellipsis.

    >>> visible("a\x1b[31m\u202eb")
    'a\\x1b[31m\\u202eb'
    >>> visible("abcdef", 4)
    'abc…'
    """
    if most is not None and len(text) > most:
        text = text[: most - 1] + "…"
    if text.isprintable() and not _BIDI.search(text):
        return text
    return "".join(c if c.isprintable() or c == "\u3000" else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def label(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun.

    >>> label(1, "page"), label(2000, "page")
    ('1 page', '2,000 pages')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def remarks(texts: Iterable[str]) -> list[str]:
    """Return remarks as lines for a terminal, safe to print.

    >>> remarks(["short"])
    ['short']
    """
    return [
        line
        for text in texts
        for line in textwrap.wrap(visible(text), 100, subsequent_indent="  ") or [""]
    ]


def aligned(
    cells: Sequence[Sequence[str]], right: Container[int], rule_before: int | None = None
) -> list[str]:
    """Return `cells` as lines of columns, two spaces apart; empty columns take no room.

    Args:
        cells: rows of the same length.
        right: indexes of the columns that are flush right: figures.
        rule_before: index of a row to set off by a rule.

    >>> aligned([("words", "12"), ("a", "1,000")], right={1})
    ['words     12', 'a      1,000']
    """
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for index, row in enumerate(cells):
        if index == rule_before:
            lines.append("-" * (sum(widths) + 2 * (sum(map(bool, widths)) - 1)))
        padded = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            if width
        ]
        lines.append("  ".join(padded).rstrip())
    return lines
