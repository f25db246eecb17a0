"""Sweep, borderline and removal as pages, in the look of the report."""

from __future__ import annotations

from collections.abc import Iterable

from webfilter.report.borderline import Borderline, Case, beginning
from webfilter.report.bounds import OPS
from webfilter.report.explanation import signed
from webfilter.report.figures import label, limit, number, quantity, share
from webfilter.report.html import bar, compared, esc, fragment, notes, page
from webfilter.report.removal import (
    Removal,
    RuleRemoval,
    at_least,
    between,
    broken,
    legend,
    unbroken,
)
from webfilter.report.sweep import Sweep, changed, unjudged

__all__ = [
    "borderline_fragment",
    "borderline_page",
    "removal_fragment",
    "removal_page",
    "sweep_fragment",
    "sweep_page",
]

_TEXT = 240


def sweep_page(swept: Sweep) -> str:
    """Return the whole page."""
    return page(f"{swept.title}: webfilter sweep", _sweep(swept))


def sweep_fragment(swept: Sweep) -> str:
    """Return the sweep, for a notebook."""
    return fragment(_sweep(swept))


def borderline_page(near: Borderline) -> str:
    """Return the whole page."""
    return page(f"{near.title}: webfilter borderline", _borderline(near))


def borderline_fragment(near: Borderline) -> str:
    """Return the documents near a limit, for a notebook."""
    return fragment(_borderline(near))


def removal_page(removed: Removal) -> str:
    """Return the whole page."""
    return page("What each rule removes: webfilter", _removal(removed))


def removal_fragment(removed: Removal) -> str:
    """Return what each rule removes, for a notebook."""
    return fragment(_removal(removed))


def _head(over: str, title: str, lead: str) -> str:
    return f'<header><p class="over">{over}</p><h1>{title}</h1><p class="lead">{lead}</p></header>'


def _limit(op: str, value: float | None) -> str:
    return "off" if value is None else compared(esc(f"{OPS[op]} {limit(value)}"))


def _sweep(swept: Sweep) -> str:
    total = swept.documents
    unit = f" {esc(swept.unit, 30)}" if swept.unit else ""
    was = "no such limit" if swept.limit is None else f"{_limit(swept.op, swept.limit)}{unit}"
    of = f", {share(swept.kept, total)}" if total else ""
    lead = f"The run: {was}; {number(swept.kept)} of {label(total, 'document')} kept{of}."
    open_ = any(row.undecided for row in swept.rows)
    keys = [("kept", "kept"), *([("open", "undecided")] if open_ else [])]
    rows = []
    for row in swept.rows:
        parts = (("kept", row.kept), ("open", row.undecided))
        drawn = bar((kind, count / total if total else 0) for kind, count in parts)
        now = ' class="end"' if row.limit == swept.limit else ""
        as_run = " <small>as run</small>" if row.limit == swept.limit else ""
        change = changed(row.change, "−")
        rows.append(
            f"<li{now}><span>{_limit(swept.op, row.limit)}{as_run}</span>{drawn}"
            f'<span class="n">{_range(row.kept, row.undecided)}</span>'
            f'<span class="n part">{share(row.kept, total)}</span>'
            f'<span class="n">{change}</span>'
            f'<span class="n lost soft">{number(row.violated)}</span></li>'
        )
    head = (
        '<li class="head" aria-hidden="true"><span>dropped where</span><span class="bar" '
        'style="visibility:hidden"></span><span class="n">kept</span>'
        '<span class="n part">of all</span><span class="n">change</span>'
        '<span class="n lost">violated</span></li>'
    )
    wide = " ranged" if open_ else ""
    body = f'<ol class="funnel swept{wide}">{head}{"".join(rows)}</ol>'
    return (
        _head("webfilter sweep", esc(swept.title, 160), f"{lead} {_keys(keys)}")
        + body
        + notes([*unjudged(swept), *swept.notes])
    )


def _range(count: int, more: int) -> str:
    return (
        between(count, more) if more and count else f"≤ {number(more)}" if more else number(count)
    )


def _keys(keys: Iterable[tuple[str, str]]) -> str:
    said = ", ".join(f'<span><i class="key {kind}"></i>{name}</span>' for kind, name in keys)
    return f'<span class="keys">Each bar is a share of all documents: {said}.</span>'


def _borderline(near: Borderline) -> str:
    at = _limit(near.op, near.limit)
    among = "" if near.others else " Documents that another rule drops are left out."
    lead = f"{label(len(near), 'document')} nearest to the limit.{among}"
    lines = []
    before: bool | None = None
    for case in near.sorted:
        if case.kept and before is False:
            lines.append(f'<li class="limit"><span>dropped where {at}</span></li>')
        lines.append(_case(case))
        before = case.kept
    head = (
        '<li class="head" aria-hidden="true"><span class="n">value</span>'
        '<span class="n">margin</span><span>by this rule</span><span>document</span></li>'
    )
    unit = f" {esc(near.unit, 30)}" if near.unit else ""
    title = f"{esc(near.title, 160)} <small>{at}{unit}</small>"
    return (
        _head("webfilter borderline", title, lead)
        + f'<ol class="near">{head}{"".join(lines)}</ol>'
        + notes(near.notes)
    )


def _case(case: Case) -> str:
    doc = case.document
    text = esc(beginning(doc.text, _TEXT), _TEXT) or '<span class="soft">no text</span>'
    return (
        f'<li><span class="n">{esc(quantity(case.value), 40)}</span>'
        f'<span class="n soft">{signed(case.margin, "−")}</span>'
        f'<span><span class="verdict {case.side}">{case.side}</span></span>'
        f"<div><p><bdi>{text}</bdi></p>"
        f'<p class="over"><bdi>{esc(doc.url or doc.id, 200)}</bdi></p></div></li>'
    )


def _removal(removed: Removal) -> str:
    most = max((row.violated for row in removed.rows), default=0) or 1
    sized = bool(removed.unit)
    names = ["rule", "", "violated", "of all", "decided", "only this"]
    names += [f"{esc(removed.unit)}, all", "only this"] if sized else []
    head = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for name, kind in ((n, ' class="n"' if i > 1 else "") for i, n in enumerate(names))
    )
    body = []
    for stage, rows in removed.stages():
        gone = sum(row.decided for row in rows)
        tally = f"<span>{number(gone)} left here</span>"
        span = f'<th scope="rowgroup" colspan="{len(names)}">{tally}<b>{esc(stage, 80)}</b></th>'
        body.append(f'<tr class="stage">{span}</tr>')
        body += [_rule(row, removed, most, sized) for row in rows if broken(row)]
        idle = sum(1 for row in rows if not broken(row))
        if idle:
            told = f'<th scope="row" class="soft">{unbroken(idle)}</th>'
            body.append(
                f'<tr>{told}<td></td><td class="n">-</td>{"<td></td>" * (len(names) - 3)}</tr>'
            )
    keys = (
        '<span class="keys"><span><i class="key only"></i>only this rule removes it</span>, '
        + (
            '<span><i class="key maybe"></i>perhaps only this one</span>, '
            if any(row.undecided for row in removed.rows)
            else ""
        )
        + '<span><i class="key dropped"></i>another one does too</span>.</span>'
    )
    kept = f"{number(removed.kept)} of {label(removed.documents, 'document')} kept."
    return (
        _head("webfilter removal", "What each rule removes", f"{kept} {keys}")
        + f'<div class="wide removed"><table><thead><tr>{head}</tr></thead>'
        + f"<tbody>{''.join(body)}</tbody></table></div>"
        + notes([*legend(removed), *removed.notes])
    )


def _rule(row: RuleRemoval, removed: Removal, most: int, sized: bool) -> str:
    name, said = esc(row.reason, 80), row.rule.removeprefix(row.reason).strip()
    shown = f' <span class="soft">{compared(esc(said, 60))}</span>' if said else ""
    also = max(0, row.violated - row.only - row.undecided)
    parts = (("only", row.only), ("maybe", row.undecided), ("dropped", also))
    cells = [
        at_least(row.violated, row.unmeasured),
        share(row.violated, removed.documents) if row.violated else "",
        number(row.decided) if row.decided else "-",
        between(row.only, row.undecided),
    ]
    if sized:
        sizes = (row.violated_size, row.only_size)
        cells += [share(size, removed.size) if size else "" for size in sizes]
    drawn = bar((kind, count / most) for kind, count in parts)
    figures = "".join(f'<td class="n">{compared(esc(cell))}</td>' for cell in cells)
    return f'<tr><th scope="row">{name}{shown}</th><td>{drawn}</td>{figures}</tr>'
