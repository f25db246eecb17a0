"""Who is kept: documents by language, host, source or whatever else they have in common.

Filters do not take alike from all. This is the answer (`Breakdown` of `Group`) to which languages,
hosts or parts of a crawl lose more than others, by which rule, and who makes up what is kept;
`webfilter.report.grouping` counts the stored documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from webfilter.report.exact import Counted
from webfilter.report.figures import aligned, label, number, quantity, remarks, share, visible

__all__ = ["SAID", "Breakdown", "Group", "legend", "named", "unlike"]

SAID = 2
"""Reasons that a line holds."""


@dataclass(frozen=True)
class Group:
    """The documents that have a value in common."""

    value: str | None
    """What they have in common; None: those that have nothing there, or left before it was known.
    Of `Breakdown.rest`: nothing in particular."""
    documents: int
    kept: int
    failed: int
    size: int
    """Tokens, or words, of those that were kept."""
    mean: float | None
    """Mean of the signal asked for over those that were kept; None where none has it."""
    reasons: tuple[tuple[str, int], ...]
    """Why the others left, the most frequent first: ``stage: reason``, or the stage alone where the
    reason has its name; at most three."""

    @property
    def share(self) -> Counted:
        """The share that was kept, with its exact 95 % interval."""
        return Counted(self.kept, self.documents)


@dataclass(frozen=True)
class Breakdown:
    """The documents of a run by what they have in common; see `Report.breakdown`."""

    by: str
    """What they have in common: ``language``, ``host``, ``meta.source``."""
    rows: tuple[Group, ...]
    """The largest groups, by documents, equal ones by value; that of those without a value is
    among them wherever there are such."""
    rest: Group | None
    """All further groups together."""
    others: int
    """How many these are."""
    documents: int
    """Documents of the run."""
    kept: int
    """Documents kept."""
    size: int
    """Tokens, or words, of all that was kept."""
    unit: str
    """``tokens`` or ``words``; empty where they were not counted."""
    mean: str | None = None
    """The signal whose means are told."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Group]:
        return iter(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON data, with the interval of each share."""

        def told(group: Group) -> dict[str, Any]:
            of = group.share
            return {**asdict(group), "share": of.value, "low": of.low, "high": of.high}

        return {
            **asdict(self),
            "rows": [told(row) for row in self.rows],
            "rest": None if self.rest is None else told(self.rest),
        }

    def __str__(self) -> str:
        kept = share(self.kept, self.documents)
        of = f" ({kept})" if kept else ""
        lines = [f"{number(self.kept)} of {label(self.documents, 'document')} kept{of}", ""]
        head = [visible(self.by, 30), "documents", "kept", "of group", "", "of kept"]
        head += [f"{self.unit} kept"] * bool(self.unit) + [visible(f"mean {self.mean}", 30)] * (
            self.mean is not None
        )
        cells = [(*head, "why documents left")]
        for row in (*self.rows, *([self.rest] if self.rest else [])):
            figures = [
                visible(named(self, row), 60),
                number(row.documents),
                number(row.kept) if row.kept else "-",
                share(row.kept, row.documents),
                {1: "+", -1: "-", 0: ""}[unlike(self, row)],
                share(row.kept, self.kept) if row.kept else "",
            ]
            figures += [share(row.size, self.size) if row.kept else ""] * bool(self.unit)
            figures += [quantity(row.mean)] * (self.mean is not None)
            why = ", ".join(
                f"{visible(reason, 60)} {share(count, row.documents)}"
                for reason, count in row.reasons[:SAID]
            )
            cells.append((*figures, why))
        lines += aligned(cells, right=range(1, len(head)))
        return "\n".join([*lines, "", *remarks(legend(self))])

    def to_html(self) -> str:
        """Return the table as one page that needs nothing else."""
        from webfilter.report.breakdown_page import breakdown_page

        return breakdown_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.breakdown_page import breakdown_fragment

        return breakdown_fragment(self)


def named(found: Breakdown, group: Group) -> str:
    """Return what a group is called."""
    if group is found.rest:
        return f"({number(found.others)} more)"
    return "(not known)" if group.value is None else group.value


def unlike(found: Breakdown, group: Group) -> int:
    """Return 1 where more of a group is kept than of all other documents, -1 where less is.

    0 where the exact 95 % intervals of both shares overlap, so that chance may explain it.
    """
    others = Counted(found.kept - group.kept, found.documents - group.documents)
    return int(group.share.low > others.high) - int(group.share.high < others.low)


def legend(found: Breakdown) -> list[str]:
    """Return what the columns mean."""
    said = [
        "of group: the share of the group that was kept, + where that is more and - where it is "
        "less than of all other documents, beyond chance (95 % intervals apart); of kept: the "
        "group's share of all that was kept"
    ]
    if any(row.value is None for row in found.rows):
        said.append(
            f"(not known): without {found.by}, many of them because they left before it was known"
        )
    return said
