"""The comparison of two runs as a page, in the look of the report."""

from __future__ import annotations

from collections.abc import Sequence

from webfilter.report.comparison import KINDS, MOVES, REWRITTEN, RULES, Comparison, Example, figures
from webfilter.report.figures import label, number, share
from webfilter.report.html import (
    bar,
    compared,
    details,
    esc,
    facts,
    fragment,
    notes,
    page,
    section,
    table,
)
from webfilter.report.sweep import changed

__all__ = ["comparison_fragment", "comparison_page"]

_SHOWN = 5


def comparison_page(found: Comparison) -> str:
    """Return the whole page."""
    return page("From run to run: webfilter compare", _whole(found))


def comparison_fragment(found: Comparison) -> str:
    """Return the comparison, for a notebook."""
    return fragment(_whole(found))


def _whole(found: Comparison) -> str:
    transitions = [
        (one, other, n)
        for name, n in found.transitions.items()
        for one, other in [name.split(" -> ")]
    ]
    moved = [(str(move.before), str(move.after), move.documents) for move in found.moved]
    lead = "Each document of either run is counted once."
    if found.rewritten:
        lead += f" {label(found.rewritten, 'document')} kept in both have another text."
    moves, others = _more(len(moved) - MOVES, "move"), _more(len(found.rules) - RULES, "rule")
    settings = [
        (esc(each.name, 120), _value(each.before), _value(each.after)) for each in found.changes
    ]
    rules = [
        tuple(compared(esc(cell)).replace("-&gt;", "→") for cell in rule.cells("−"))
        for rule in found.largest
    ]
    altered = table(("", "before", "after"), settings)
    head = ("stage", "rule", "limit", "before", "after", "change")
    return (
        _top(found)
        + section("What is different", f'<div class="altered">{altered}</div>' * bool(settings))
        + section("What became of the documents", _moves(transitions), lead)
        + section("Which ended otherwise", _moves(moved[:MOVES]), moves)
        + section("What rules took out", table(head, rules, {3, 4, 5}) * bool(rules), others)
        + section("Examples", _examples(found))
    )


def _more(count: int, what: str) -> str:
    return f"And {label(count, f'more {what}')}." if count > 0 else ""


def _top(found: Comparison) -> str:
    runs = " → ".join(f"<bdi>{esc(run, 200)}</bdi>" for run in found.runs)
    told = []
    for name, both in found.counted:
        old, new, change = figures(both, "−")
        more = f"{old} before{', ' * bool(change)}{change}"
        told.append((name, new, more))
    one, other = (count or 0 for count in found.counts["kept"])
    return (
        f'<header><p class="over">webfilter compare · {runs}</p><h1>{label(other, "document")} '
        f"kept <small>{changed(other - one, '−')}</small></h1>{facts(told)}"
        f"</header>{notes(found.notes)}"
    )


def _value(said: str | None) -> str:
    return '<span class="soft">-</span>' if said is None else f"<code>{esc(said, 100)}</code>"


def _moves(rows: Sequence[tuple[str, str, int]]) -> str:
    """Return what became of documents as a table with bars: before, after, how many."""
    most, whole = max((n for *_, n in rows), default=1), sum(n for *_, n in rows)
    cells = []
    for one, other, count in rows:
        kind = other.split(" ")[0]
        color = kind if kind in KINDS[:3] else "plain" if kind in KINDS else "dropped"
        shown = (compared(esc(name)) for name in (one, other))
        cells.append((*shown, bar([(color, count / most)]), number(count), share(count, whole)))
    drawn = table(("before", "after", "", "documents", "of these"), cells, {3, 4})
    return f'<div class="moves">{drawn}</div>' if cells else ""


def _examples(found: Comparison) -> str:
    said = ""
    for name, (count, examples) in found.shown().items():
        rows = [_example(each) for each in examples]
        named = esc(name).replace("-&gt;", "→")
        said += f"<h3>{named} <small>{label(count, 'document')}</small></h3>{_list(rows[:_SHOWN])}"
        if len(rows) > _SHOWN:
            said += details(label(len(rows) - _SHOWN, "more example"), _list(rows[_SHOWN:]))
    return said


def _list(rows: Sequence[str]) -> str:
    return f'<ol class="drawn">{"".join(rows)}</ol>'


def _example(each: Example) -> str:
    text = esc(each.excerpt) or '<span class="soft">no text</span>'
    said = f"<p><bdi>{text}</bdi></p>"
    if each.transition == REWRITTEN:
        both = (("before", text), ("after", esc(each.rewritten)))
        said = "".join(f'<p><span class="soft">{k}</span> <bdi>{t}</bdi></p>' for k, t in both)
    name = f'<bdi title="{esc(each.id, 200)}">{esc(each.url or each.id, 200)}</bdi>'
    why = f" · {compared(esc(each.said, 300))}" if each.said else ""
    return f'<li>{said}<p class="over">{name}{why}</p></li>'
