"""``report.html``: what a run did, drawn.

The headline says how much was kept; the funnel shows where documents left, each bar a share of all
documents; below it the reasons with their limits, the time, the failures with examples, and what is
needed to do it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from webfilter.report.clustered import clusters_section
from webfilter.report.figures import duration, label, number, rate, share, size
from webfilter.report.funnel import Report
from webfilter.report.html import (
    bar,
    block,
    compared,
    details,
    esc,
    facts,
    fragment,
    notes,
    page,
    pairs,
    section,
    table,
)
from webfilter.report.ledger import Reason, Tally
from webfilter.report.marked import declared
from webfilter.report.tiers import tiers_section

__all__ = ["report_fragment", "report_page"]

_REASONS = 12
_INPUTS = 40


def report_page(report: Report) -> str:
    """Return the whole page."""
    title = f"{number(report.kept)} of {label(report.total, 'document')} kept: webfilter report"
    return page(
        title,
        _top(report)
        + _funnel(report)
        + tiers_section(report.tiers, report.total)
        + _why(report)
        + _undefined(report)
        + clusters_section(report.largest)
        + _time(report)
        + _made(report),
    )


def report_fragment(report: Report) -> str:
    """Return the headline, the funnel and the tiers, for a notebook."""
    tiers = tiers_section(report.tiers, report.total)
    return fragment(_top(report) + _funnel(report) + tiers + _why(report))


def _top(report: Report) -> str:
    total, kept = report.total, report.kept
    started = report.started.replace("T", " ").replace("+00:00", " UTC")
    over = ["webfilter report", started, report.fingerprint and f"run {report.fingerprint}"]
    said = " · ".join(esc(part, 80) for part in over if part)
    of = f" <small>{share(kept, total)}</small>" if total else ""
    parts = (("kept", kept), ("dropped", report.dropped), ("failed", report.failed))
    whole = bar((kind, count / total if total else 0) for kind, count in parts)
    told = [
        (f'<i class="key {kind}"></i>{kind}', number(count), share(count, total))
        for kind, count in parts
    ]
    if report.seconds > 0:
        told.append(("time", duration(report.seconds), label(report.workers, "worker")))
        before = f"{number(report.resumed)} done before" if report.resumed else ""
        told.append(("documents/s", rate(total - report.resumed, report.seconds), before))
    if report.peak_parent:
        more = f"+ {size(report.peak_worker)} a worker" if report.peak_worker else ""
        told.append(("memory", size(report.peak_parent), more))
    return (
        f'<header class="all"><p class="over">{said}</p>'
        f"<h1>{number(kept)} of {label(total, 'document')} kept{of}</h1>{whole}"
        f"{facts(told)}</header>{notes(report.warnings, 'Worth checking')}"
    )


def _funnel(report: Report) -> str:
    total = report.total
    if not report.stages:
        return ""
    head = (
        '<li class="head" aria-hidden="true"><span>stage</span><span class="bar" '
        'style="visibility:hidden"></span><span class="n">went on</span>'
        '<span class="n">of all</span><span class="n lost">left</span></li>'
    )
    rows = []
    for place, row in enumerate(report.stages):
        drawn = bar(
            (kind, count / total if total else 0)
            for kind, count in (
                ("kept", row.kept),
                ("dropped", row.dropped.total()),
                ("failed", row.failed.total()),
            )
        )
        left = f"−{number(row.gone)}" if row.gone else ""
        end = ' class="end"' if place == len(report.stages) - 1 else ""
        rows.append(
            f'<li{end}><span title="{esc(row.name)}">{esc(row.name, 60)}</span>{drawn}'
            f'<span class="n">{number(row.kept)}</span>'
            f'<span class="n">{share(row.kept, total)}</span>'
            f'<span class="n lost soft">{left}</span></li>'
        )
    lead = (
        'Each bar is a share of all documents. <span class="keys">'
        '<span><i class="key kept"></i>went on</span>, '
        '<span><i class="key dropped"></i>dropped here</span>, '
        '<span><i class="key failed"></i>failed here</span></span>'
    )
    return section("Where documents left", f'<ol class="funnel">{head}{"".join(rows)}</ol>', lead)


def _why(report: Report) -> str:
    most = max((r.count for row in report.stages for r in row.reasons()), default=1)
    said = "".join(_stage_reasons(row, most) for row in report.stages if row.gone)
    lead = "The first limit that a document violates decides. Shares are of what came to the stage."
    return section("Why they left", said, lead)


def _undefined(report: Report) -> str:
    rows = [
        (row, signal, count)
        for row in report.stages
        for signal, count in sorted(row.undefined.items())
    ]
    if not rows:
        return ""
    cells = [
        (esc(row.name, 60), esc(signal, 60), number(count), share(count, row.docs_in))
        for row, signal, count in rows
    ]
    body = table(("stage", "signal", "documents", "of those that came"), cells, {2, 3})
    lead = "Where a signal is undefined, its rules abstain: these documents passed unjudged."
    return section("What was not judged", body, lead)


def _stage_reasons(row: Tally, most: int) -> str:
    reasons = row.reasons()
    shown = reasons[:_REASONS] if len(reasons) > _REASONS + 1 else reasons
    lines = [_reason(reason, row, most) for reason in shown]
    if len(shown) < len(reasons):
        rest = reasons[len(shown) :]
        count = sum(reason.count for reason in rest)
        lines.append(
            _reason(Reason(f"{len(rest):,} more reasons", "", count, "dropped"), row, most)
        )
    return (
        f'<div class="why"><div><h3>{esc(row.name, 60)}</h3>'
        f"<p>{number(row.gone)} of {number(row.docs_in)} left</p></div>"
        f"<ul>{''.join(lines)}</ul></div>"
    )


def _name(name: str, most: int) -> str:
    """Return the name of a signal or reason, which a narrow page breaks behind its words."""
    return esc(name, most).replace("_", "_<wbr>")


def _reason(reason: Reason, row: Tally, most: int) -> str:
    name = _name(reason.name, 120)
    if reason.kind == "failed":
        name = f'<span class="no">failed</span> {name}'
    limit = f' <span class="limit">{compared(esc(reason.limit, 60))}</span>' if reason.limit else ""
    examples = row.examples.get(reason.name, {}) if reason.kind == "failed" else {}
    quoted = "".join(
        f"<q>{esc(message, 200)} <bdi>({esc(name, 120)})</bdi></q>"
        for message, name in examples.items()
    )
    return (
        f"<li><span>{name}{limit}</span>{bar([(reason.kind, reason.count / most)])}"
        f'<span class="n">{number(reason.count)}</span>'
        f'<span class="n soft">{share(reason.count, row.docs_in)}</span>{quoted}</li>'
    )


def _time(report: Report) -> str:
    spent = sum(row.seconds for row in report.stages)
    if spent <= 0:
        return ""
    rows = []
    for row in report.stages:
        if row.nanoseconds:
            each = duration(row.seconds / row.docs_in) if row.docs_in else ""
            rows.append(
                (
                    esc(row.name, 60),
                    bar([("plain", row.seconds / spent)]),
                    duration(row.seconds),
                    share(row.seconds, spent),
                    each,
                )
            )
    lead = (
        f"{duration(spent)} in stages, added over all workers, in {duration(report.seconds)} of "
        "wall time."
    )
    head = ("stage", "share", "time", "of all", "a document")
    return section(
        "Where the time went",
        f'<div class="time">{table(head, rows, figures={2, 3, 4})}</div>',
        lead,
    )


def _made(report: Report) -> str:
    inputs = [
        (f"<bdi>{esc(path, 300)}</bdi>", "" if count is None else size(count))
        for path, count in islice(report.inputs, _INPUTS)
    ]
    known = sum(count for _, count in report.inputs if count is not None)
    read = f"{label(len(report.inputs), 'input')}, {size(known)}." if known else ""
    if len(report.inputs) > _INPUTS:
        inputs.append((f"{label(len(report.inputs) - _INPUTS, 'more input')}", ""))
    beside = [
        *(
            (f"skipped: {esc(kind, 40)}", label(count, "record"))
            for kind, count in report.skipped_records.items()
        ),
        *([("ids that came twice", number(report.renamed_ids))] if report.renamed_ids else []),
        *(
            (f"{esc(kind, 40)} in", f"<bdi>{esc(str(path), 300)}</bdi>")
            for kind, path in report.outputs.items()
        ),
    ]
    body = table(("input", "size"), inputs, figures={1}) if inputs else ""
    signals = [(_name(s.name, 60), esc(s.meaning, 300)) for s in declared(report)]
    meaning = table(("signal", "what it is"), signals)
    meant = details("What the signals are", meaning) if signals else ""
    recipe = details("Recipe (TOML)", f"<pre>{block(report.recipe)}</pre>") if report.recipe else ""
    made = pairs(_names(report.versions) + _names(report.artifacts))
    versions = details("Versions and checksums", made) if made else ""
    return section("Input and output", body + pairs(beside), read) + section(
        "How to do it again", meant + recipe + versions
    )


def _names(items: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(esc(str(k), 80), f"<code>{esc(str(v), 200)}</code>") for k, v in items.items()]
