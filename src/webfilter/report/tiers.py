"""Nested tiers in numbers: how many documents and tokens each one holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from webfilter.document import Document
from webfilter.errors import RunError
from webfilter.report.figures import aligned, limit, number, share, visible
from webfilter.report.html import bar, compared, esc, section
from webfilter.stage import SIGNS, Rule

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline

__all__ = ["Counts", "TierRow", "tier_lines", "tiers_section"]


@dataclass(frozen=True)
class TierRow:
    """What one tier holds; the tiers after it are inside."""

    name: str
    limits: str
    """What it takes beyond the tier before it, such as ``educational >= 2.5``."""
    documents: int
    tokens: int | None
    """Sum of the signal ``tokens``; None where nobody measured it."""
    characters: int
    counted: str = ""
    """What the signal ``tokens`` is."""


class Counts:
    """Counts kept documents by tier.

    Args:
        pipe: the pipeline; without a stage that makes tiers, nothing is counted.
    """

    def __init__(self, pipe: Pipeline) -> None:
        sets = [step.nested for step in pipe.steps if step.nested]
        self.nested: Mapping[str, tuple[Rule, ...]] = sets[-1] if sets else {}
        self._ranks = {name: rank for rank, name in enumerate(self.nested)}
        signals = (signal for step in pipe.steps for signal in step.measures)
        about = (signal.about for signal in signals if signal.name == "tokens")
        self._counted = next(about, "")  # the first one counts: `Tiers` takes what is there
        self._documents, self._tokens, self._characters = ([0] * len(self._ranks) for _ in "dtc")

    def see(self, docs: Iterable[Document]) -> None:
        """Count those of `docs` that are kept.

        Raises:
            RunError: one of them has no tier.
        """
        if not self._ranks:
            return
        for doc in docs:
            if doc.verdict is not None:
                continue
            rank = self._ranks.get(str(doc.signals.get("tier")))
            if rank is None:
                raise RunError(f"document {doc.id!r} is kept without one of the tiers")
            tokens = doc.signals.get("tokens")
            self._documents[rank] += 1
            self._tokens[rank] += int(tokens) if isinstance(tokens, (int, float)) else 0
            self._characters[rank] += len(doc.text)

    def rows(self) -> tuple[TierRow, ...]:
        """Return what each tier holds: its own documents and those of the tiers inside it."""
        return tuple(
            TierRow(
                name,
                ", ".join(_said(rule) for rule in rules),
                sum(self._documents[rank:]),
                sum(self._tokens[rank:]) if self._counted else None,
                sum(self._characters[rank:]),
                self._counted,
            )
            for rank, (name, rules) in enumerate(self.nested.items())
        )

    def check(self, kept: int, written: Sequence[int] | None) -> None:
        """Make sure that the first tier is what was kept, and each tier inside the one before.

        Args:
            kept: documents that were kept.
            written: documents written to each tier's folder; None where there are none.

        Raises:
            RunError: it is not so.
        """
        found = [row.documents for row in self.rows()]
        if not found:
            return
        if found[0] != kept or found != sorted(found, reverse=True):
            raise RunError(f"{kept:,} documents were kept, but the tiers hold {found}")
        if written is not None and list(written) != found:
            raise RunError(f"the tiers hold {found} documents, but {list(written)} were written")


def _said(rule: Rule) -> str:
    if rule.isin is not None:
        return f"{rule.signal} in {', '.join(sorted(rule.isin))}"
    return f"{rule.signal} " + " and ".join(f"{SIGNS[op]} {limit(x)}" for op, x in rule.bounds())


def rows_from(said: Iterable[Mapping[str, Any]]) -> tuple[TierRow, ...]:
    """Return the rows that `rows_to` gave."""
    return tuple(TierRow(**row) for row in said)


def rows_to(rows: Iterable[TierRow]) -> list[dict[str, Any]]:
    """Return `rows` as JSON data."""
    return [asdict(row) for row in rows]


def tier_lines(rows: Sequence[TierRow], total: int) -> list[str]:
    """Return the tiers as lines for a terminal.

    Args:
        rows: of the tiers.
        total: documents that came to the pipeline.

    >>> row = TierRow("phase1", "educational >= 1.5", 3, 900, 4_000)
    >>> for line in tier_lines([row], total=12)[1:]:
    ...     print(line)
    tiers, each inside the one before
      tier    documents          tokens         beyond the tier before
      phase1          3  25.0 %     900  100 %  educational >= 1.5
    """
    if not rows:
        return []
    head = ("  tier", "documents", "", "tokens", "", "beyond the tier before")
    cells = [
        (
            f"  {visible(row.name, 40)}",
            number(row.documents),
            share(row.documents, total),
            "-" if row.tokens is None else number(row.tokens),
            share(row.tokens or 0, rows[0].tokens or 0),
            visible(row.limits, 80),
        )
        for row in rows
    ]
    return ["", "tiers, each inside the one before", *aligned([head, *cells], right={1, 2, 3, 4})]


def tiers_section(rows: Sequence[TierRow], total: int) -> str:
    """Return the tiers as a section of a page.

    Args:
        rows: of the tiers.
        total: documents that came to the pipeline.
    """
    if not rows:
        return ""
    widest = rows[0]
    unit = "characters" if widest.tokens is None else "tokens"
    whole = _size(widest)
    head = (
        '<li class="head" aria-hidden="true"><span>tier</span><span class="bar" '
        f'style="visibility:hidden"></span><span class="n">{unit}</span>'
        '<span class="n lost">share</span><span class="n">documents</span></li>'
    )
    drawn = []
    for row in rows:
        part = bar([("kept", _size(row) / whole if whole else 0)])
        limits = compared(esc(row.limits, 300))
        drawn.append(
            f'<li><span title="{esc(row.name)}"><b>{esc(row.name, 60)}</b>'
            f'<small>{limits}</small></span>{part}<span class="n">{number(_size(row))}</span>'
            f'<span class="n lost">{share(_size(row), whole)}</span>'
            f'<span class="n soft">{number(row.documents)}<small>{share(row.documents, total)}'
            "</small></span></li>"
        )
    lead = (
        "Each tier is inside the one before, and wants what stands below its name in addition. "
        f"Each bar is a share of the {unit} of {esc(widest.name, 60)}; documents are shares of all "
        f"that came. {esc(widest.counted, 200)}{'.' if widest.counted else ''}"
    )
    return section("Tiers", f'<ol class="funnel tiers">{head}{"".join(drawn)}</ol>', lead)


def _size(row: TierRow) -> int:
    """Return what bars stand for: tokens, or characters where nobody measured those."""
    return row.characters if row.tokens is None else row.tokens
