"""What each rule removes: by itself, first, and that no other rule would remove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from webfilter.report.bounds import OPS, Bound
from webfilter.report.figures import aligned, label, limit, number, remarks, share, visible

if TYPE_CHECKING:
    import numpy.typing as npt

    from webfilter.pipeline import Pipeline
    from webfilter.report.funnel import Report
    from webfilter.report.judged import Chunk, Judged
    from webfilter.stage import Step

__all__ = ["Removal", "RuleRemoval", "removal"]


@dataclass(frozen=True)
class RuleRemoval:
    """What one limit of one rule removes."""

    stage: str
    reason: str
    """The signal, or the reason of verdicts that no rule explains (``duplicate``)."""
    op: str | None
    """``ge``, ``gt``, ``le``, ``lt``, ``in`` (a set); None: the verdict has to be taken as given,
    it cannot be judged again."""
    limit: float | None
    language: str | None
    """The documents it judges, where each language has its own rules."""
    violated: int
    """Documents that violate it, whatever else drops them; a lower bound where `unmeasured`."""
    unmeasured: int
    """Documents that another stage dropped before the signal was measured."""
    decided: int
    """Documents that it dropped in the run: the first rule violated decides."""
    only: int
    """Documents that nothing else removes: what the run would keep more, were the rule off."""
    undecided: int
    """Documents more of which that may be true: what later stages would say is not stored."""
    uncompared: int
    """Of `only`, those that a later stage which compares documents (dedup) never saw."""
    violated_size: int
    """Words (or characters) in the documents that violate it."""
    only_size: int
    """Words (or characters) in those that only this rule removes."""

    @property
    def rule(self) -> str:
        """The violation in words: ``words < 50``."""
        said = self.reason
        if self.op == "in":
            said += " not in the accepted set"
        elif self.op is not None and self.limit is not None:
            said += f" {OPS[self.op]} {limit(self.limit)}"
        return said if self.language is None else f"{said} ({self.language})"


@dataclass(frozen=True)
class Removal:
    """What each rule of a pipeline removes.

    It is exact where the run measured everything (``measure_all=True``); elsewhere `violated` is a
    lower bound, and `only` lies between itself and itself plus `undecided`.
    """

    rows: tuple[RuleRemoval, ...]
    """One for each limit, in pipeline order; verdicts taken as given after those of their stage."""
    documents: int
    """Documents of the run."""
    kept: int
    """Documents kept."""
    size: int
    """Words (or characters) of all documents."""
    kept_size: int
    """The same of what was kept."""
    unit: str = ""
    """``words`` or ``characters``; empty where the sizes of some documents are not known."""
    notes: tuple[str, ...] = ()
    """What must be known to read the counts."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[RuleRemoval]:
        return iter(self.rows)

    @property
    def exact(self) -> bool:
        """Whether everything was measured, so that no count is a bound."""
        return not any(row.unmeasured or row.undecided or row.uncompared for row in self.rows)

    def stages(self) -> Iterator[tuple[str, list[RuleRemoval]]]:
        """Yield each stage with its rows, in pipeline order."""
        for stage, rows in groupby(self.rows, key=lambda row: row.stage):
            yield stage, list(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON data."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows], "exact": self.exact,
                "notes": list(self.notes)}  # fmt: skip

    def __str__(self) -> str:
        lines = [f"{number(self.kept)} of {label(self.documents, 'document')} kept", ""]
        sized = bool(self.unit)
        head = ("stage", "broken", "violated", "", "decided", "only this", f"{self.unit}" * sized)
        cells = [(*head, "only this" * sized)]
        for stage, rows in self.stages():
            shown = visible(stage, 40)
            for row in filter(broken, rows):
                cells.append(
                    (
                        shown,
                        visible(row.rule, 60),
                        at_least(row.violated, row.unmeasured),
                        share(row.violated, self.documents),
                        number(row.decided) if row.decided else "-",
                        between(row.only, row.undecided),
                        share(row.violated_size, self.size) if sized and row.violated_size else "",
                        share(row.only_size, self.size) if sized and row.only_size else "",
                    )
                )
                shown = ""
            idle = sum(1 for row in rows if not broken(row))
            if idle:
                cells.append((shown, unbroken(idle), "-", "", "", "", "", ""))
        lines += aligned(cells, right=range(2, 8))
        said = [*legend(self), *self.notes]
        return "\n".join([*lines, "", *remarks(said)])

    def to_html(self) -> str:
        """Return the table as one page that needs nothing else."""
        from webfilter.report.moved import removal_page

        return removal_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.moved import removal_fragment

        return removal_fragment(self)


def broken(row: RuleRemoval) -> bool:
    """Return whether any document breaks the rule."""
    return bool(row.violated or row.decided)


def unbroken(count: int) -> str:
    """Return what is said of rules that no document breaks.

    >>> unbroken(1), unbroken(3)
    ('1 rule, never broken', '3 rules, never broken')
    """
    return f"{label(count, 'rule')}, never broken"


def at_least(count: int, more: int) -> str:
    """Return a count that may be larger.

    >>> at_least(12, 0), at_least(12, 5), at_least(0, 0)
    ('12', '>= 12', '-')
    """
    return f">= {number(count)}" if more else number(count) if count else "-"


def between(count: int, more: int) -> str:
    """Return a count that may be larger by at most `more`.

    >>> between(12, 0), between(0, 5), between(3, 4), between(0, 0)
    ('12', '<= 5', '3 to 7', '-')
    """
    if not more:
        return number(count) if count else "-"
    return f"{number(count)} to {number(count + more)}" if count else f"<= {number(more)}"


def legend(removed: Removal) -> list[str]:
    """Return what the columns mean."""
    said = [
        "violated: documents that break the rule; decided: those for which it was the first one "
        "broken; only this: those that nothing else removes, so what the run would keep without it"
    ]
    if any(row.unmeasured for row in removed.rows):
        said.append(
            ">=: documents dropped before were not measured (measure_all=True measures them)"
        )
    return said


class _Counts:
    """Sums over chunks, for the bounds of a plan and for the verdicts taken as given."""

    def __init__(self, bounds: int) -> None:
        self.of = [[0] * 8 for _ in range(bounds)]
        self.given: dict[tuple[int, str], list[int]] = {}
        self.documents = self.kept = self.size = self.kept_size = self.odd = 0
        self.unsized = 0

    def add(self, judged: Judged, sizes: npt.NDArray[Any]) -> None:
        """Count a chunk; `sizes` are NaN where they are not known."""
        chunk, plan = judged.chunk, judged.plan
        unsized = sizes != sizes
        self.unsized += int((unsized & (chunk.at >= 0) & ~chunk.failed).sum())
        sizes[unsized] = 0
        self.documents += chunk.size
        self.kept += int(judged.kept.sum())
        self.size += int(sizes.sum())
        self.kept_size += int(sizes[judged.kept].sum())
        self.odd += int(judged.odd.sum())
        for bound, row, broken, decided in zip(
            plan.bounds, self.of, judged.violated, judged.decided, strict=True
        ):
            unmeasured = int(judged.unmeasured((bound,)).sum())
            _count(row, judged, broken, decided, unmeasured, sizes)
        left = judged.fixed & ~chunk.failed
        for step in set(chunk.at[left].tolist()):
            here = left & (chunk.at == step)
            for code in set(chunk.reason.codes[here].tolist()):
                mine = here & (chunk.reason.codes == code)
                reason = chunk.reason.values[code] if code >= 0 else ""
                row = self.given.setdefault((step, reason), [0] * 8)
                _count(row, judged, mine, mine, 0, sizes)


def _count(
    row: list[int], judged: Judged, broken: Any, decided: Any, unmeasured: int, sizes: Any
) -> None:
    alone = broken & (judged.total == 1) & (judged.chunk.at >= 0)  # what no reader took is no page
    sure = alone & ~judged.unknown
    parts = (broken, None, decided, sure, alone & judged.unknown, sure & judged.uncompared)
    for place, part in enumerate(parts):
        row[place] += unmeasured if part is None else int(part.sum())
    row[6] += int(sizes[broken].sum())
    row[7] += int(sizes[sure].sum())


def removal(
    report: Report, *, characters: bool = False, pipe: Pipeline | Step | None = None
) -> Removal:
    """Return what each rule removes; see `Report.removal`."""
    from webfilter.report.again import opened, said_of
    from webfilter.report.judged import Judged

    plan, stored = opened(report, pipe)
    words = plan.signals.get("words")
    counted = words is not None and words.kind in ("int", "float")
    unit = "characters" if characters else "words" if counted else ""
    counts = _Counts(len(plan.bounds))
    wanted = plan.columns() | ({"words"} if unit == "words" else set())
    for chunk in stored.chunks(plan, wanted, characters=characters):
        counts.add(Judged(plan, chunk), _sizes(chunk, unit))
    rows = [
        (bound.step, 0, _row(bound, numbers))
        for bound, numbers in zip(plan.bounds, counts.of, strict=True)
    ]
    rows += [
        (step, 1, _given(plan.names[step] if step >= 0 else "read", reason, numbers))
        for (step, reason), numbers in sorted(counts.given.items())
    ]
    found = tuple(row for _, _, row in sorted(rows, key=lambda item: item[:2]))
    most = (max((r.undecided for r in found), default=0), max((r.uncompared for r in found), default=0))  # fmt: skip  # noqa: E501
    notes = said_of(plan, counts.odd, *most, min((b.step for b in plan.bounds), default=0))
    if unit and counts.unsized:
        notes += (
            f"shares of words are left out: {label(counts.unsized, 'document')} left before words "
            "were counted (characters=True measures the texts as they are stored)",
        )
    return Removal(
        rows=found,
        documents=counts.documents,
        kept=counts.kept,
        size=counts.size,
        kept_size=counts.kept_size,
        unit=unit if counts.size and not counts.unsized else "",
        notes=notes,
    )


def _sizes(chunk: Chunk, unit: str) -> npt.NDArray[Any]:
    """Return the words or characters of each document; NaN where they are not known."""
    import numpy as np

    if unit == "characters" and chunk.characters is not None:
        return chunk.characters.astype(np.float64)
    words = chunk.values.get("words")
    if unit == "words" and isinstance(words, np.ndarray):
        return words.copy()
    return np.zeros(chunk.size)


def _row(bound: Bound, numbers: list[int]) -> RuleRemoval:
    language = None if bound.branch is None else bound.branch.label
    return RuleRemoval(bound.stage, bound.signal, bound.op, bound.limit, language, *numbers)


def _given(stage: str, reason: str, numbers: list[int]) -> RuleRemoval:
    return RuleRemoval(stage, reason, None, None, None, *numbers)
