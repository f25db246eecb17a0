"""What other limits would keep, told from stored signals: nothing is measured again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from webfilter.errors import ConfigError
from webfilter.report.bounds import OPS
from webfilter.report.figures import aligned, label, limit, number, remarks, share, visible

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.report.funnel import Report
    from webfilter.stage import Step

__all__ = ["Sweep", "SweepRow", "sweep"]


@dataclass(frozen=True)
class SweepRow:
    """What one limit does."""

    limit: float | None
    """The limit; None: switched off."""
    violated: int
    """Documents that violate it, whatever else drops them."""
    kept: int
    """Documents that the pipeline would keep, all other rules unchanged."""
    change: int
    """The same against what the run kept."""
    undecided: int
    """Documents more that would be kept, or not: what later stages would say is not stored."""
    uncompared: int
    """Of `kept`, those that a later stage which compares documents (dedup) never saw."""


@dataclass(frozen=True)
class Sweep:
    """What a pipeline would keep at other limits of one rule.

    It is exact where every signal is stored (``measure_all=True``) and no stage after the rule
    compares documents with each other. Where it is not, `undecided`, `uncompared` and `unmeasured`
    say by how much, and `notes` why.

    >>> row = SweepRow(20.0, 5, 90, 10, 0, 0)
    >>> print(Sweep("gopher_quality", "words", "ge", 50.0, (row,), 100, 80, 0, 0))
    words in gopher_quality: dropped where < limit
    the run: < 50, 80 of 100 documents kept
    <BLANKLINE>
    limit  violated         kept          change
       20         5  5.0 %    90  90.0 %     +10
    """

    stage: str
    """Unique name of the stage that judges."""
    signal: str
    op: str
    """Which limit moves: ``ge``, ``gt``, ``le`` or ``lt`` is what a value must be to be kept."""
    limit: float | None
    """The limit of the run; None: there was none."""
    rows: tuple[SweepRow, ...]
    """One for each limit, in the order given."""
    documents: int
    """Documents of the run."""
    kept: int
    """Documents that the run kept."""
    unmeasured: int
    """Documents that another stage dropped before the signal was measured."""
    undefined: int
    """Documents on which it was measured and is None: the rule abstains."""
    language: str | None = None
    """The language whose limit moves, where each has its own."""
    unit: str = ""
    notes: tuple[str, ...] = ()
    """What must be known to read the counts."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[SweepRow]:
        return iter(self.rows)

    @property
    def exact(self) -> bool:
        """Whether a run with each limit would keep just as many."""
        return not self.notes and not any(row.undecided or row.uncompared for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the sweep as JSON data."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows], "exact": self.exact,
                "notes": list(self.notes)}  # fmt: skip

    @property
    def title(self) -> str:
        """What is swept, in words."""
        of = f" ({self.language})" if self.language is not None else ""
        return visible(f"{self.signal} in {self.stage}{of}", 120)

    def __str__(self) -> str:
        words = OPS[self.op]
        was = "no such limit" if self.limit is None else f"{words} {limit(self.limit)}"
        lines = [
            f"{self.title}: dropped where {words} limit",
            f"the run: {was}, {number(self.kept)} of {label(self.documents, 'document')} kept",
            "",
        ]
        open_ = any(row.undecided for row in self.rows)
        loose = any(row.uncompared for row in self.rows)
        head = ("limit", "violated", "", "kept", "", "change", "undecided" * open_)
        cells = [(*head, "not deduplicated" * loose, "")]
        cells += [
            (
                "off" if row.limit is None else limit(row.limit),
                number(row.violated),
                share(row.violated, self.documents),
                number(row.kept),
                share(row.kept, self.documents),
                changed(row.change),
                number(row.undecided) if open_ else "",
                number(row.uncompared) if loose else "",
                "as run" if row.limit == self.limit else "",
            )
            for row in self.rows
        ]
        lines += aligned(cells, right=range(8))
        said = [*unjudged(self), *self.notes]
        return "\n".join([*lines, *([""] if said else []), *remarks(said)])

    def to_html(self) -> str:
        """Return the sweep as one page that needs nothing else."""
        from webfilter.report.moved import sweep_page

        return sweep_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.moved import sweep_fragment

        return sweep_fragment(self)


def changed(count: int, minus: str = "-") -> str:
    """Return a change with its sign.

    >>> changed(1200), changed(-3), changed(0)
    ('+1,200', '-3', '0')
    """
    sign = "+" if count > 0 else minus if count < 0 else ""
    return sign + number(abs(count))


def unjudged(swept: Sweep) -> list[str]:
    """Return on how many documents the signal is not known, or undefined."""
    said = []
    if swept.unmeasured:
        said.append(
            f"{label(swept.unmeasured, 'document')} had been dropped before {swept.signal} was "
            "measured, and may violate it too"
        )
    if swept.undefined:
        said.append(f"undefined on {label(swept.undefined, 'document')}: the rule abstains")
    return said


def sweep(
    report: Report,
    signal: str,
    limits: Iterable[float | None],
    *,
    bound: str | None = None,
    stage: str | None = None,
    language: str | None = None,
    pipe: Pipeline | Step | None = None,
) -> Sweep:
    """Return what `limits` would keep; see `Report.sweep`."""
    import numpy as np

    from webfilter.report.again import aim, check_limit, opened, said_of
    from webfilter.report.judged import Judged

    if isinstance(limits, (str, bytes)) or not isinstance(limits, Iterable):
        raise ConfigError(f"limits = {limits!r}: give a list of numbers")
    asked = [check_limit(each) for each in limits]
    if not asked:
        raise ConfigError("limits is empty: give at least one")
    plan, stored = opened(report, pipe)
    meant = aim(plan, signal, bound, stage, language)
    counts = np.zeros((len(asked), 4), dtype=np.int64)
    unmeasured = undefined = odd = kept = documents = 0
    for chunk in stored.chunks(plan, plan.columns() | {signal}):
        judged = Judged(plan, chunk)
        others = judged.total.copy()
        for place in meant.places:
            others -= judged.violated[place]
        known = np.ones(chunk.size, dtype=np.bool_)
        has = np.zeros(chunk.size, dtype=np.bool_)
        for each in meant.bounds:
            known &= judged.known(each)
            has |= judged.has(each)
        documents += chunk.size
        kept += int(judged.kept.sum())
        unmeasured += int(judged.unmeasured(meant.bounds).sum())
        came = judged.judges(meant.bounds) & (chunk.at >= 0) & ~chunk.failed
        undefined += int((known & ~has & came).sum())
        odd += int(judged.odd.sum())
        free = others == 0
        for row, each_limit in zip(counts, asked, strict=True):
            broken = judged.at_limit(meant.bounds, each_limit)
            passes = free & ~broken
            sure = passes & ~judged.unknown
            row += [
                int(part.sum())
                for part in (broken, sure, passes & judged.unknown, sure & judged.uncompared)
            ]
    rows = tuple(
        SweepRow(each, violated, now, now - kept, open_, loose)
        for each, (violated, now, open_, loose) in zip(asked, counts.tolist(), strict=True)
    )
    after = min(each.step for each in meant.bounds)
    most = (max(row.undecided for row in rows), max(row.uncompared for row in rows))
    return Sweep(
        stage=meant.stage,
        signal=signal,
        op=meant.op,
        limit=meant.limit,
        rows=rows,
        documents=documents,
        kept=kept,
        unmeasured=unmeasured,
        undefined=undefined,
        language=language,
        unit=meant.signal.unit,
        notes=said_of(plan, odd, *most, after),
    )
