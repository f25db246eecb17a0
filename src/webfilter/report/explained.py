"""An explanation as a page, in the look of the report."""

from __future__ import annotations

from collections.abc import Sequence

from webfilter.report.explanation import Explanation, Row, signed
from webfilter.report.figures import label, quantity
from webfilter.report.html import block, compared, details, esc, fragment, page, pairs, section

__all__ = ["explanation_fragment", "explanation_page"]

_TEXT = 20_000


def explanation_page(said: Explanation) -> str:
    """Return the whole page."""
    return page(f"{said.decision}: webfilter", _top(said) + _rules(said) + _text(said))


def explanation_fragment(said: Explanation) -> str:
    """Return decision and rules, for a notebook."""
    return fragment(_top(said) + _rules(said))


def _top(said: Explanation) -> str:
    name = f"<bdi>{esc(said.document.url or said.document.id, 300)}</bdi>"
    kind = "kept" if said.verdict is None else said.verdict.kind
    kind = kind if kind in ("kept", "dropped", "failed") else "dropped"
    if said.verdict is None:
        line = "Every rule is met"
        open_rows = sum(1 for row in said.rows if not row.signal)
        if open_rows:
            line += f" <small>({label(open_rows, 'stage')} judging nothing here)</small>"
    else:
        stage, _, why = said.decision.partition(": ")
        stage = stage.removeprefix("dropped by ").removeprefix("failed in ")
        line = f"{compared(esc(why))} <small>in {esc(stage)}</small>"
    return (
        f'<header><p class="over">{name}</p><p class="verdict {kind}">{kind}</p>'
        f"<h1>{line}</h1></header>"
    )


def _rules(said: Explanation) -> str:
    deciding = said.deciding
    body = []
    for stage, rows in said.stages():
        body.append(_stage(stage, rows))
        before = ""
        for row in rows:
            if row.signal:
                body.append(_line(row, decides=row is deciding, again=row.signal == before))
                before = row.signal
    if not body:
        return ""
    head = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for name, kind in (
            ("signal", ""),
            ("value", ' class="n"'),
            ("required", ""),
            ("margin", ' class="n"'),
            ("result", ""),
        )
    )
    rules = (
        f'<div class="wide rules"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
    lead = "Every rule of every stage, whatever decides. The margin is the distance to the limit."
    return section("Rule by rule", rules, lead)


def _stage(stage: str, rows: Sequence[Row]) -> str:
    """Return the line that opens a stage: its name, how many rules are met, and its notes."""
    tested = [row for row in rows if row.passed is not None and row.op]
    met = sum(1 for row in tested if row.passed)
    tally = f"<span>{met} of {label(len(tested), 'rule')} met</span>" if tested else ""
    notes = "".join(f"<small>{esc(row.note, 300)}</small>" for row in rows if not row.signal)
    return (
        f'<tr class="stage"><th scope="rowgroup" colspan="5">{tally}<b>{esc(stage, 80)}</b>{notes}'
        "</th></tr>"
    )


def _line(row: Row, decides: bool, again: bool) -> str:
    about = f"<small>{esc(row.about, 200)}</small>" if row.about and not again else ""
    unit = f' <span class="soft unit">{esc(row.unit, 30)}</span>' if row.unit and row.op else ""
    value = '<span class="soft">undefined</span>'
    if row.value is not None:
        value = esc(quantity(row.value), 60)
    result = '<span class="soft">not judged</span>'
    if row.passed:
        result = '<span class="yes">✓ met</span>'
    elif row.passed is False:
        result = f'<span class="no">✗ {"decides" if decides else "not met"}</span>'
    elif row.op:
        result = '<span class="soft">abstains</span>'
    note = f"<small>{esc(row.note, 200)}</small>" if row.note and row.result != "abstains" else ""
    opening = '<tr class="decides">' if decides else "<tr>"
    return (
        f'{opening}<th scope="row">{esc(row.signal, 80)}{about}</th>'
        f'<td class="n">{value}</td><td>{compared(esc(row.requirement))}{unit}</td>'
        f'<td class="n">{signed(row.margin, "−")}</td><td>{result}{note}</td></tr>'
    )


def _text(said: Explanation) -> str:
    count = label(len(said.text), "character")
    shown = block(said.text[:_TEXT])
    lead = f"{count}." if len(said.text) <= _TEXT else f"The first {_TEXT:,} of {count}."
    body = f"<pre>{shown}</pre>" if said.text.strip() else '<p class="soft">No text.</p>'
    signals = pairs(
        (esc(name, 80), esc(quantity(value), 200) or "undefined")
        for name, value in said.document.signals.items()
    )
    every = details("Every signal", signals) if signals else ""
    return section("The text", body, lead) + (f"<section>{every}</section>" if every else "")
