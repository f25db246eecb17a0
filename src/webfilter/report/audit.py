"""What a cascade's screen cost, told by the documents that it let through for the audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from webfilter.errors import ConfigError
from webfilter.report.exact import Counted
from webfilter.report.figures import aligned, label, number, remarks, share

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.report.funnel import Report
    from webfilter.stage import Step

__all__ = ["Audit", "AuditRow", "audit"]

AUDITED, SCREENED = "cascade_audit", "screened_by"
"""The signals of a `Cascade` that tell of its screen."""


@dataclass(frozen=True)
class AuditRow:
    """What one limit of the screen did."""

    reason: str
    """Stage and signal: ``gopher_quality.words``."""
    dropped: int
    """Documents that it dropped."""
    audited: int
    """Documents that it would have dropped, and that were extracted all the same."""
    kept: int
    """Of these, how many the pipeline kept in the end."""


@dataclass(frozen=True)
class Audit:
    """How many of the documents that a cascade dropped on their drafts would have been kept.

    The audited documents are a random share of those that its screen would drop, so what became of
    them tells what would have become of the others. Intervals are exact, at 95 %.

    >>> print(Audit((AuditRow("length.words", 970, 30, 0),), kept=150))
    1,000 drafts failed the screen: 970 documents dropped, 30 extracted for the audit
    kept of the audited: 0 of 30 (0 %, 0 to 12 %)
    so of the dropped about 0 would have been kept (0 to 112): 0 % of all kept (0 % to 42.8 %)
    <BLANKLINE>
    limit         dropped  audited  kept of them
    length.words      970       30             0
    """

    rows: tuple[AuditRow, ...]
    """One for each limit that dropped or would have, the largest first."""
    kept: int
    """Documents that the run kept."""
    failed: int = 0
    """Audited documents on which a stage broke; they count as not kept."""

    def __iter__(self) -> Iterator[AuditRow]:
        return iter(self.rows)

    @property
    def dropped(self) -> int:
        """Documents dropped on their drafts."""
        return sum(row.dropped for row in self.rows)

    @property
    def audited(self) -> Counted:
        """Documents kept in the end, of those audited."""
        return Counted(sum(r.kept for r in self.rows), sum(r.audited for r in self.rows))

    @property
    def missed(self) -> tuple[float, float, float]:
        """Documents dropped that would have been kept: estimate, and the ends of its interval."""
        found = self.audited
        return (
            self.dropped * found.value,
            self.dropped * found.low,
            self.dropped * found.high,
        )

    @property
    def loss(self) -> tuple[float, float, float]:
        """The same as a share of all that would have been kept."""
        least, low, high = (part / (part + self.kept) if part else 0.0 for part in self.missed)
        return least, low, high

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as JSON data."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows],
                "missed": list(self.missed), "loss": list(self.loss)}  # fmt: skip

    def __str__(self) -> str:
        found, missed, loss = self.audited, self.missed, self.loss
        drafts = number(self.dropped + found.of)
        lines = [
            f"{drafts} drafts failed the screen: {label(self.dropped, 'document')} dropped, "
            f"{number(found.of)} extracted for the audit",
            f"kept of the audited: {found}",
            f"so of the dropped about {missed[0]:,.0f} would have been kept "
            f"({missed[1]:,.0f} to {missed[2]:,.0f}): {share(loss[0], 1)} of all kept "
            f"({share(loss[1], 1)} to {share(loss[2], 1)})",
            "",
        ]
        cells: list[tuple[str, ...]] = [("limit", "dropped", "audited", "kept of them")]
        cells += [
            (row.reason, number(row.dropped), number(row.audited), number(row.kept))
            for row in self.rows
        ]
        lines += aligned(cells, right=range(1, 4))
        if self.failed:
            of = share(self.failed, found.of)
            said = f"a stage broke on {label(self.failed, 'audited document')} ({of})"
            lines += ["", *remarks([said])]
        return "\n".join(lines)


def audit(report: Report, *, pipe: Pipeline | Step | None = None) -> Audit:
    """Return what the audit of a cascade found; see `Report.audit`."""
    from webfilter.report.again import opened
    from webfilter.report.judged import Coded

    plan, stored = opened(report, pipe)
    if AUDITED not in plan.signals:
        raise ConfigError("audit: the pipeline of this run has no Cascade")
    dropped: Counter[str] = Counter()
    audited: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    total = failed = 0
    last = len(plan.names)
    cascade = plan.owner(AUDITED, last - 1)
    for chunk in stored.chunks(plan, {AUDITED, SCREENED}):
        total += int((chunk.at == last).sum())
        by, checked = chunk.values.get(SCREENED), chunk.values.get(AUDITED)
        if not isinstance(by, Coded) or checked is None or isinstance(checked, Coded):
            continue  # no document of this chunk has failed the screen
        # what was gone before is measured by ``measure_all``, and is no document of the cascade
        for place in ((by.codes >= 0) & (chunk.at >= cascade)).nonzero()[0].tolist():
            reason = by.values[by.codes[place]]
            if checked[place] != 1.0:
                dropped[reason] += 1
                continue
            audited[reason] += 1
            kept[reason] += bool(chunk.at[place] == last)
            failed += bool(chunk.failed[place])
    reasons = sorted(dropped | audited, key=lambda name: (-dropped[name] - audited[name], name))
    rows = tuple(AuditRow(name, dropped[name], audited[name], kept[name]) for name in reasons)
    return Audit(rows, total, failed)
