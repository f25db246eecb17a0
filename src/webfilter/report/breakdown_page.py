"""A breakdown as a page, in the look of the report."""

from __future__ import annotations

from webfilter.report.breakdown import SAID, Breakdown, Group, legend, named, unlike
from webfilter.report.figures import label, number, quantity, share
from webfilter.report.html import bar, compared, esc, fragment, notes, page, table

__all__ = ["breakdown_fragment", "breakdown_page"]

_NAME, _REASON = 80, 80


def breakdown_page(found: Breakdown) -> str:
    """Return the whole page."""
    return page(f"By {found.by}: webfilter breakdown", _breakdown(found))


def breakdown_fragment(found: Breakdown) -> str:
    """Return the breakdown, for a notebook."""
    return fragment(_breakdown(found))


def _breakdown(found: Breakdown) -> str:
    kept = share(found.kept, found.documents)
    lead = (
        f"{number(found.kept)} of {label(found.documents, 'document')} kept"
        f"{f' ({kept})' if kept else ''}. "
        '<span class="keys">Each bar is a group: <span><i class="key kept"></i>kept</span>, '
        '<span><i class="key dropped"></i>dropped</span>, '
        '<span><i class="key failed"></i>failed</span>.</span>'
    )
    head = [esc(found.by, 30), "", "documents", "kept", "of group", "of kept"]
    head += [f"{esc(found.unit)} kept"] * bool(found.unit)
    head += [f"mean {esc(found.mean or '', 30)}"] * (found.mean is not None)
    figures = set(range(2, len(head)))
    rows = [*found.rows, *([found.rest] if found.rest else [])]
    drawn = table((*head, "why documents left"), (_row(found, row) for row in rows), figures)
    return (
        f'<header><p class="over">webfilter breakdown</p><h1>By {esc(found.by, 60)}</h1>'
        f'<p class="lead">{lead}</p></header><div class="groups">{drawn}</div>'
        f"{notes(legend(found))}"
    )


def _row(found: Breakdown, row: Group) -> list[str]:
    of = row.documents or 1
    parts = (
        ("kept", row.kept / of),
        ("dropped", (row.documents - row.kept - row.failed) / of),
        ("failed", row.failed / of),
    )
    mark = {1: "+", -1: "−", 0: ""}[unlike(found, row)]
    name = esc(named(found, row), _NAME)
    told = f"<bdi>{name}</bdi>" if row.value is not None else f'<span class="soft">{name}</span>'
    cells = [
        told,
        bar(parts),
        number(row.documents),
        number(row.kept) if row.kept else "-",
        f"{share(row.kept, row.documents)}{mark and f' <b>{mark}</b>'}",
        share(row.kept, found.kept) if row.kept else "",
    ]
    cells += [share(row.size, found.size) if row.kept else ""] * bool(found.unit)
    cells += [esc(quantity(row.mean))] * (found.mean is not None)
    why = ", ".join(
        f"{compared(esc(reason, _REASON))} {share(count, row.documents).replace(' ', '&nbsp;')}"
        for reason, count in row.reasons[:SAID]
    )
    return [*cells, f'<span class="soft">{why}</span>']
