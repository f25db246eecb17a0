"""What tuning found as a page, in the look of the report: no scripts, no network.

Each signal is drawn on both corpora, good above the line and bad below it, with the limits on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from webfilter.codes import accepted
from webfilter.errors import ConfigError
from webfilter.report.figures import label, number, quantity, share
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
    section,
    table,
)
from webfilter.tuning.evidence import Share
from webfilter.tuning.knobs import Knob
from webfilter.tuning.result import Histogram, Profile, Proposal, Tuning, ends, span

__all__ = ["tuning_fragment", "tuning_page"]


def tuning_page(tuning: Tuning) -> str:
    """Return the whole page."""
    found = label(len(tuning.pooled.limits), "limit")
    body = _top(tuning) + _limits(tuning) + _languages(tuning) + _signals(tuning) + _recipe(tuning)
    return page(f"{found}: webfilter tuning", body)


def tuning_fragment(tuning: Tuning) -> str:
    """Return effect and limits, for a notebook."""
    return fragment(_top(tuning) + _limits(tuning))


def _top(tuning: Tuning) -> str:
    found = label(len(tuning.pooled.limits), "limit") if tuning.pooled.limits else "No limit"
    loss = f"for a loss of at most {share(tuning.max_loss, 1)}"
    told = [
        ("good kept", _percent(tuning.after.good), esc(ends(tuning.after.good))),
        ("bad kept", _percent(tuning.after.bad), esc(ends(tuning.after.bad))),
    ]
    for name, kind, counts in (
        ("good documents", "kept", tuning.pooled.good),
        ("bad documents", "dropped", tuning.pooled.bad),
    ):
        more = f"{number(counts.held_out)} held out"
        told.append((f'<i class="key {kind}"></i>{name}', number(counts.used), more))
    if tuning.languages:
        told.append(("languages", number(len(tuning.languages)), "with limits of their own"))
    return (
        f'<header><p class="over">webfilter tuning</p><h1>{found} <small>{loss}</small></h1>'
        f"{facts(told)}</header>{notes(tuning.warnings, 'Worth checking')}"
        + section("What they keep", _effects(tuning), _KEEP)
    )


_KEEP = (
    "Of the documents that limits were not chosen on, with 95 % intervals. "
    "Good documents should stay, bad ones should go."
)


def _effects(tuning: Tuning) -> str:
    rows = [
        (f"{side}, {name}", bar([(kind, part.value)]), _percent(part), esc(ends(part)))
        for side, kind in (("good", "kept"), ("bad", "dropped"))
        for name, effect in (("limits before", tuning.before), ("tuned", tuning.after))
        for part in (getattr(effect, side),)
    ]
    head = ("documents", "kept", "share", "interval")
    return f'<div class="effect">{table(head, rows, {2, 3})}</div>'


def _percent(part: Share | None) -> str:
    return "" if part is None else share(part.count, part.of)


def _limits(tuning: Tuning) -> str:
    proposed = [p for p in tuning.proposals if p.status == "proposed"]
    if not proposed:
        return ""
    lead = (
        "In the order of what each adds to those above it. The shares are what each removes by "
        "itself, of the documents held out."
    )
    return section("Limits", _table(proposed), lead)


_HEAD = ("signal", "before", "tuned", "95 % interval", "good lost", "bad removed")


def _table(proposals: Iterable[Proposal]) -> str:
    rows = [
        (
            f"{esc(p.knob.signal, 80)}<small>{esc(p.knob.stage, 80)}</small>",
            compared(esc(p.said(p.knob.current))),
            f"<b>{compared(esc(p.said(p.proposed)))}</b>",
            esc(span(p.interval)),
            _percent(p.good_lost),
            _percent(p.bad_removed),
        )
        for p in proposals
    ]
    return f'<div class="limits">{table(_HEAD, rows, {4, 5})}</div>'


def _languages(tuning: Tuning) -> str:
    if not tuning.languages and not tuning.few:
        return ""
    rows = [_language(name, profile) for name, profile in tuning.languages.items()]
    head = ("language", "good", "bad", "limits", "good kept", "before", "bad kept", "before")
    body = table(head, rows, range(1, 8)) if rows else ""
    for name, profile in tuning.languages.items():
        own = [p for p in profile.proposals if p.status == "proposed"]
        body += details(f"Limits for {esc(name, 40)}", _table(own)) if own else ""
    if tuning.few:
        said = ", ".join(f"{esc(n, 40)} ({g:,} + {b:,})" for n, (g, b) in tuning.few.items())
        body += f'<p class="lead">Too few documents for limits of their own: {said}.</p>'
    lead = "All others have the limits above."
    if accepted(tuning.languages) - {*tuning.languages, *tuning.few}:
        lead += " A language that neither corpus has goes with its macrolanguage."
    return section("Languages", body, lead)


def _language(name: str, profile: Profile) -> Sequence[str]:
    kept: list[str] = []
    for side in ("good", "bad"):
        kept += [_percent(getattr(effect, side)) for effect in (profile.after, profile.before)]
    counts = (profile.good.used, profile.bad.used, len(profile.limits))
    return (esc(name, 40), *map(number, counts), *kept)


def _signals(tuning: Tuning) -> str:
    by_signal: dict[tuple[str, str], list[Proposal]] = {}
    for found in sorted(tuning.proposals, key=lambda p: -p.distance):
        by_signal.setdefault((found.knob.stage, found.knob.signal), []).append(found)
    cards = "".join(_card(proposals) for proposals in by_signal.values())
    lead = (
        '<span class="keys"><span><i class="key kept"></i>good above the line</span>, '
        '<span><i class="key dropped"></i>bad below</span></span>; heights are square roots of '
        "shares, so that tails show. A full line is a tuned limit and the gray what it removes, a "
        "broken one the limit before. Sorted by distance: the most that any limit could remove of "
        "bad beyond what it loses of good."
    )
    return section("Signals", f'<ul class="signals">{cards}</ul>', lead)


def _card(proposals: Sequence[Proposal]) -> str:
    knob, drawn = proposals[0].knob, proposals[0].histogram
    about = f'<p class="lead">{esc(knob.about, 120)}</p>' if knob.about else ""
    figure = _figure(proposals, drawn) if drawn else '<p class="soft">undefined everywhere</p>'
    said = "".join(_line(p) for p in proposals)
    return (
        f"<li><h3>{esc(knob.signal, 80)} <small>{esc(knob.stage, 80)}</small></h3>{about}{figure}"
        f"{said}</li>"
    )


def _line(found: Proposal) -> str:
    given = compared(esc(found.said(found.knob.current)))
    tuned = (
        f"<b>{compared(esc(found.said(found.proposed)))}</b>"
        if found.proposed is not None
        else "no limit"
    )
    why = f" <small>{esc(found.remark)}</small>" if found.remark else ""
    return (
        f'<p class="said">before {given}, tuned {tuned}{why}<span>{found.distance:.3f}</span></p>'
    )


def _figure(proposals: Sequence[Proposal], drawn: Histogram) -> str:
    bins = len(drawn.good)
    most = math.sqrt(max(*drawn.good, *drawn.bad, 1e-9))
    parts = []
    for found in proposals:
        at = _place(drawn, found.proposed, found.knob)
        if at is not None:
            left, width = (0.0, at) if found.knob.sign > 0 else (at, 100 - at)
            parts.append(
                f'<rect class="gone" x="{left:.2f}" y="0" width="{width:.2f}" height="60"/>'
            )
    for kind, shares in (("kept", drawn.good), ("dropped", drawn.bad)):
        for place, part in enumerate(shares):
            if part > 0:
                height = max(0.5, 28 * math.sqrt(part) / most)
                top = 30 - height if kind == "kept" else 30
                x, width = 100 * place / bins, 100 / bins
                parts.append(
                    f'<rect class="{kind}" x="{x + 0.08 * width:.2f}" y="{top:.2f}" '
                    f'width="{0.84 * width:.2f}" height="{height:.2f}"/>'
                )
    parts.append('<path class="base" d="M0 30H100"/>')
    for found in proposals:
        for kind, value in (("given", found.knob.current), ("tuned", found.proposed)):
            at = _place(drawn, value, found.knob)
            if at is not None:
                parts.append(f'<path class="{kind}" d="M{at:.2f} 0V60"/>')
    named = f"Distribution of {esc(proposals[0].knob.signal, 80)} on both corpora"
    unit = esc(proposals[0].knob.unit, 30)
    low, high = (quantity(float(f"{end:.3g}")) for end in drawn.ends)
    undefined = ""
    if max(drawn.undefined) > 0:
        good, bad = (share(part, 1) for part in drawn.undefined)
        undefined = f'<p class="soft">undefined on {good} of good, {bad} of bad</p>'
    return (
        f'<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" aria-label="{named}">'
        f'{"".join(parts)}</svg><p class="axis"><span>{low}</span>'
        f"<span>{unit}</span><span>{high}</span></p>{undefined}"
    )


def _place(drawn: Histogram, value: float | None, knob: Knob) -> float | None:
    """Return where the limit `value` is in the figure, 0 to 100; None if it is off or outside."""
    edges = drawn.edges
    if value is not None and edges[0] % 1 == 0.5 and edges[1] - edges[0] == 1:
        value += 0.5 * knob.sign * (1 if knob.strict else -1)  # between two bars, not on one
    if value is None or not edges[0] <= value <= edges[-1]:
        return None
    place = next(n for n, edge in enumerate(edges[1:]) if value <= edge)
    inside = (value - edges[place]) / (edges[place + 1] - edges[place])
    return 100 * (place + inside) / (len(edges) - 1)


def _recipe(tuning: Tuning) -> str:
    try:
        recipe = tuning.to_toml()
    except ConfigError as error:
        recipe = f"# {error}"
    return section("Recipe", details("As TOML", f"<pre>{block(recipe)}</pre>"))
