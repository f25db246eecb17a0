"""The look that pages of this package share: one style sheet, and a few helpers that escape.

A page is one file: no scripts, no fonts, no images, nothing from the network, and a policy in its
head that forbids them, whatever a hostile page's text may have smuggled in. It follows the reader's
light or dark setting, prints, and works at the width of a telephone. Everything foreign passes
through `esc`.
"""

from __future__ import annotations

import html as _html
from collections.abc import Container, Iterable, Sequence
from functools import cache
from importlib.resources import files

from webfilter.report.figures import visible

__all__ = [
    "bar",
    "block",
    "compared",
    "details",
    "esc",
    "facts",
    "fragment",
    "notes",
    "page",
    "pairs",
    "section",
    "table",
]


@cache
def _style() -> str:
    return files("webfilter.report").joinpath("style.css").read_text("utf-8")


def esc(text: str, most: int | None = None) -> str:
    """Return foreign `text` for HTML, escaped, on one line, cut at `most` characters.

    >>> esc("<script>alert('1')</script>", 12)
    '&lt;script&gt;ale…'
    """
    return _html.escape(visible(text, most))


def compared(text: str) -> str:
    """Return escaped text with comparisons as a person writes them.

    >>> compared(esc(">= 0.67"))
    '≥ 0.67'
    """
    return text.replace("&lt;=", "≤").replace("&gt;=", "≥")


def block(text: str) -> str:
    """Return foreign `text` of several lines for HTML, escaped; line breaks stay."""
    return "\n".join(esc(line) for line in text.splitlines())


def bar(parts: Iterable[tuple[str, float]]) -> str:
    """Return a bar of colored parts.

    Args:
        parts: class of the color (``kept``, ``dropped``, ``failed``, ``plain``) and share (0 to 1).
    """
    drawn = "".join(
        f'<i class="{kind}" style="width:{max(0.0, min(1.0, part)) * 100:.4g}%"></i>'
        for kind, part in parts
        if part > 0
    )
    return f'<span class="bar" aria-hidden="true">{drawn}</span>'


def section(title: str, body: str, lead: str = "") -> str:
    """Return a section with a heading; nothing where `body` is empty. All of it is HTML."""
    if not body:
        return ""
    said = f'<p class="lead">{lead}</p>' if lead else ""
    return f"<section><h2>{title}</h2>{said}{body}</section>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], figures: Container[int] = ()) -> str:
    """Return a table; its cells are HTML, the first of each row names it.

    Args:
        head: the headings.
        rows: the cells.
        figures: indexes of the columns that hold figures.
    """

    def cell(place: int, text: str, opening: str) -> str:
        kind = ' class="n"' if place in figures else ""
        return f"<{opening}{kind}>{text}</{opening[:2]}>"

    top = "".join(cell(place, text, 'th scope="col"') for place, text in enumerate(head))
    body = "".join(
        "<tr>"
        + "".join(
            cell(place, text, "td" if place else 'th scope="row"') for place, text in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def pairs(items: Iterable[tuple[str, str]]) -> str:
    """Return names with what they stand for; nothing where there are none. Both are HTML."""
    said = "".join(f"<div><dt>{name}</dt><dd>{what}</dd></div>" for name, what in items)
    return f"<dl>{said}</dl>" if said else ""


def facts(items: Iterable[tuple[str, str, str]]) -> str:
    """Return figures with their names, and what is said below them. All of it is HTML."""
    said = "".join(
        f"<div><dt>{name}</dt><dd>{value}<small>{more}</small></dd></div>"
        for name, value, more in items
    )
    return f'<dl class="facts">{said}</dl>'


def notes(texts: Iterable[str], title: str = "How to read it") -> str:
    """Return foreign `texts` as a list to be read first; nothing where there are none."""
    said = "".join(f"<li>{compared(esc(text, 500))}</li>" for text in texts)
    return f'<aside class="notes"><h2>{title}</h2><ul>{said}</ul></aside>' if said else ""


def details(summary: str, body: str) -> str:
    """Return something that opens on a click. Both are HTML."""
    return f"<details><summary>{summary}</summary>{body}</details>"


def fragment(body: str) -> str:
    """Return `body` with the style sheet, to stand inside another page (a notebook).

    The selectors are repeated so that they outweigh those of the page: Jupyter has its own ideas
    of tables and lists.
    """
    style = _style().replace(".wf ", ".wf.wf.wf ")
    return f'<style>{style}</style><div class="wf inset">{body}</div>'


def page(title: str, body: str) -> str:
    """Return a whole page. `title` is plain text, `body` HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="color-scheme" content="light dark">'
        f"<title>{esc(title, 120)}</title>"
        f"<style>html,body{{margin:0}}{_style()}.wf{{min-height:100vh}}</style></head>"
        f'<body><main class="wf"><div class="sheet">{body}</div></main></body></html>\n'
    )
