"""Clusters and diffs as pages, in the look of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from webfilter.report.borderline import beginning
from webfilter.report.cluster import Cluster, Member
from webfilter.report.clusters import Clusters
from webfilter.report.diff import Diff, Fold, Piece, Row
from webfilter.report.figures import label, number, share
from webfilter.report.html import bar, details, esc, fragment, notes, page, section, table

__all__ = [
    "clusters_fragment",
    "clusters_page",
    "clusters_section",
    "diff_fragment",
    "diff_page",
]

_TEXT = 180
_MEMBERS = 3
"""Absorbed documents of a cluster that a report shows."""
_ROWS = 400
"""Rows of a diff that a report shows."""
_SAME = ("Their words are the same.", "Even the least similar of these has the same words.")


def clusters_page(found: Clusters) -> str:
    """Return the whole page."""
    return page(f"Clusters of {found.stage}: webfilter", _clusters(found))


def clusters_fragment(found: Clusters) -> str:
    """Return the clusters, for a notebook."""
    return fragment(_clusters(found))


def clusters_section(stages: Sequence[Clusters]) -> str:
    """Return the section of a report; nothing where no stage found a cluster."""
    said = []
    for found in stages:
        if found.sizes:
            named = f"<h3>{esc(found.stage, 60)}</h3>" if len(stages) > 1 else ""
            counted = details("Clusters by size", _sizes(found))
            said.append(
                f'{named}<p class="lead">{label(found.total, "cluster")}: {_lead(found)}</p>'
                f"{_list(found, _MEMBERS)}{counted}"
            )
    return section("Largest clusters", "".join(said))


def diff_page(found: Diff) -> str:
    """Return the whole page."""
    return page("Side by side: webfilter clusters", _whole(found))


def diff_fragment(found: Diff) -> str:
    """Return the diff, for a notebook."""
    return fragment(_whole(found))


def _lead(found: Clusters) -> str:
    of = share(found.dropped, found.all_dropped)
    return (
        f"{number(found.dropped)} of {label(found.documents, 'document')} dropped as duplicates"
        + (f", {of} of all that were dropped." if of else ".")
    )


def _clusters(found: Clusters) -> str:
    title = f"{label(found.total, 'cluster')} <small>{esc(found.stage, 60)}</small>"
    return (
        f'<header><p class="over">webfilter clusters</p><h1>{title}</h1>'
        f'<p class="lead">{_lead(found)}</p></header>{notes(found.notes)}'
        + section("Clusters by size", _sizes(found) if found.sizes else "")
        + section("The largest", _list(found, None) if len(found) else "")
    )


def _sizes(found: Clusters) -> str:
    most = max((row.dropped for row in found.sizes), default=1)
    rows = [
        (
            row.said,
            bar([("dropped", row.dropped / most)]),
            number(row.clusters),
            number(row.dropped),
            share(row.dropped, found.dropped),
        )
        for row in found.sizes
    ]
    head = ("documents in it", "", "clusters", "dropped", "of the duplicates")
    return f'<div class="sizes">{table(head, rows, figures={2, 3, 4})}</div>'


def _list(found: Clusters, members: int | None) -> str:
    lines = "".join(_cluster(cluster, found, members) for cluster in found)
    return f'<ol class="clusters">{lines}</ol>'


def _cluster(cluster: Cluster, found: Clusters, most: int | None) -> str:
    part = share(cluster.absorbed, found.dropped)
    like = dict(zip((each.id for each in cluster.members), cluster.likeness, strict=True))
    least = cluster.least_similar
    chosen = list(cluster.members)
    if most is not None and len(chosen) > most:  # the least similar one tells most
        chosen.sort(key=lambda each: each is not least)
        chosen = sorted(chosen[:most], key=lambda each: each.id)
    stayed = _stayed(cluster)
    gone = "".join(_member(each, "dropped", _alike(like[each.id])) for each in chosen)
    more = cluster.absorbed - len(chosen)
    rest = f'<p class="soft">and {label(more, "more", "more")}</p>' if more > 0 else ""
    hosts = ""
    if len(cluster.hosts) + cluster.other_hosts > 1:
        hosts = f'<p class="soft">on <bdi>{esc(cluster.said_hosts(), 300)}</bdi></p>'
    side = ""
    if cluster.survivor is not None and least is not None:
        name = f"<bdi>{esc(least.url or least.id, 120)}</bdi>"
        beside = cluster.diff()
        side = (
            f'<p class="soft">{_SAME[len(cluster.members) > 1]}</p>'
            if beside.equal
            else details(f"Side by side with {name}", _diff(beside, _ROWS))
        )
    return (
        f'<li><div class="size"><b>{number(cluster.size)}</b>'
        f"<small>{part} of the drops</small></div>"
        f"<div>{stayed}{gone}{rest}{hosts}{side}</div></li>"
    )


def _stayed(cluster: Cluster) -> str:
    shown = cluster.survivor
    if shown is None:
        return (
            '<div class="doc"><span class="verdict">stayed</span><div><p class="soft">not at '
            f'hand</p><p class="over"><bdi>{esc(cluster.of, 200)}</bdi></p></div></div>'
        )
    later = shown.verdict
    return _member(shown, "stayed", "" if later is None else f"left later: {esc(later, 120)}")


def _member(member: Member, how: str, more: str) -> str:
    kind = " dropped" if how == "dropped" else ""
    text = esc(beginning(member.text, _TEXT), _TEXT) or '<span class="soft">no text</span>'
    facts = [label(member.length, "character"), more]
    return (
        f'<div class="doc"><span class="verdict{kind}">{how}</span><div><p><bdi>{text}</bdi></p>'
        f'<p class="over"><bdi title="{esc(member.id, 200)}">'
        f"{esc(member.url or member.id, 200)}</bdi> · "
        f"{' · '.join(fact for fact in facts if fact)}</p></div></div>"
    )


def _alike(how: float | None) -> str:
    return "" if how is None else f"{share(how, 1)} alike"


def _whole(found: Diff) -> str:
    return (
        '<header><p class="over">webfilter clusters</p>'
        f"<h1>{share(found.similarity, 1)} alike <small>word 5-grams in common</small></h1>"
        f'<p class="lead">{esc(found.counted)}.</p></header>{notes(found.notes)}'
        f'<section class="beside">{_diff(found, None, summary=False)}</section>'
    )


def _diff(found: Diff, most: int | None, *, summary: bool = True) -> str:
    rows = list(found.folded())
    shown = rows if most is None else rows[:most]
    drawn = "".join(_fold(row) if isinstance(row, Fold) else _row(row) for row in shown)
    if len(shown) < len(rows):
        drawn += f'<li class="fold">{label(len(rows) - len(shown), "more line")}</li>'
    lead = [found.summary, *found.notes] if summary else []
    said = f'<p class="lead">{esc(". ".join(lead), 600)}.</p>' if lead else ""
    head = _over(found.left, "stayed") + _over(found.right, "dropped")
    return f'{said}<ol class="diff"><li class="head">{head}</li>{drawn}</ol>'


def _over(member: Member, how: str) -> str:
    kind = " dropped" if how == "dropped" else ""
    return (
        f'<div><span class="verdict{kind}">{how}</span> '
        f'<bdi title="{esc(member.id, 200)}">{esc(member.url or member.id, 200)}</bdi></div>'
    )


def _fold(fold: Fold) -> str:
    return f'<li class="fold">{label(fold.rows, "equal line")}</li>'


def _row(row: Row) -> str:
    kind = ' class="same"' if row.equal else ""
    return f"<li{kind}>{_side(row.left, 'del')}{_side(row.right, 'ins')}</li>"


def _side(pieces: Iterable[Piece], tag: str) -> str:
    said = "".join(
        f"<{tag}>{esc(piece.text)}</{tag}>" if piece.changed else esc(piece.text)
        for piece in pieces
    )
    return f'<p dir="auto">{said}</p>'
