"""The documents nearest to a limit, to be read: is it where it should be?"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.report.bounds import OPS
from webfilter.report.figures import aligned, label, limit, quantity, remarks, visible

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.report.funnel import Report
    from webfilter.stage import Step

__all__ = ["Borderline", "Case", "borderline"]

_TEXT = 48


@dataclass(frozen=True)
class Case:
    """A document near the limit."""

    document: Document
    value: Value
    """Of the signal."""
    margin: float
    """Distance to the limit, in the signal's unit: negative where the rule drops the document."""
    kept: bool
    """Whether the rule keeps the document, whatever other rules say."""

    @property
    def side(self) -> str:
        """``kept`` or ``dropped``, by this rule."""
        return "kept" if self.kept else "dropped"


@dataclass(frozen=True)
class Borderline(Sequence[Document]):
    """The documents nearest to a limit, on either side of it: a sequence of documents.

    Nearest first, equally near ones by id. `cases` has them with value, margin and side.

    >>> case = Case(Document("a", "Water boils."), 48, -2.0, False)
    >>> print(Borderline("gopher_quality", "words", "ge", 50.0, (case,)))
    words in gopher_quality: 1 document nearest to < 50
    <BLANKLINE>
    words  margin  by this rule  document
       48      -2  dropped       a         Water boils.
    """

    stage: str
    """Unique name of the stage that judges."""
    signal: str
    op: str
    """Which limit it is: ``ge``, ``gt``, ``le`` or ``lt``."""
    limit: float
    cases: tuple[Case, ...]
    """The documents with what was measured on them, nearest first."""
    others: bool = False
    """Whether documents that other rules drop are among them."""
    language: str | None = None
    """The language whose limit it is, where each has its own."""
    unit: str = ""
    notes: tuple[str, ...] = ()
    """What must be known to read the list."""

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Document, ...]: ...
    def __getitem__(self, index: int | slice) -> Document | tuple[Document, ...]:
        if isinstance(index, slice):
            return tuple(case.document for case in self.cases[index])
        return self.cases[index].document

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Document]:
        return (case.document for case in self.cases)

    @property
    def title(self) -> str:
        """Which limit, in words."""
        of = f" ({self.language})" if self.language is not None else ""
        return visible(f"{self.signal} in {self.stage}{of}", 120)

    @property
    def sorted(self) -> list[Case]:
        """The cases from the clearest drop to the clearest keep; the limit lies between."""
        return sorted(self.cases, key=lambda case: (case.margin, case.kept, case.document.id))

    def to_dict(self) -> dict[str, Any]:
        """Return the list as JSON data, with whole texts."""
        return {
            "stage": self.stage,
            "signal": self.signal,
            "op": self.op,
            "limit": self.limit,
            "language": self.language,
            "unit": self.unit,
            "others": self.others,
            "notes": list(self.notes),
            "cases": [
                {
                    "id": case.document.id,
                    "url": case.document.url,
                    "value": case.value,
                    "margin": case.margin,
                    "side": case.side,
                    "verdict": None
                    if case.document.verdict is None
                    else str(case.document.verdict),
                    "text": case.document.text,
                }
                for case in self.cases
            ],
        }

    def __str__(self) -> str:
        from webfilter.report.explanation import signed

        lines = [
            f"{self.title}: {label(len(self), 'document')} nearest to "
            f"{OPS[self.op]} {limit(self.limit)}",
            "",
        ]
        cells = [(visible(self.signal, 40), "margin", "by this rule", "document", "")]
        drawn = self.sorted
        cells += [
            (
                quantity(case.value),
                signed(case.margin),
                case.side,
                visible(case.document.url or case.document.id, 40),
                visible(beginning(case.document.text, _TEXT), _TEXT),
            )
            for case in drawn
        ]
        split = next((i for i, case in enumerate(drawn, 1) if case.kept), None)
        rule = split if split is not None and split > 1 else None
        lines += aligned(cells, right={0, 1}, rule_before=rule)
        return "\n".join([*lines, *([""] if self.notes else []), *remarks(self.notes)])

    def to_html(self) -> str:
        """Return the list as one page that needs nothing else."""
        from webfilter.report.moved import borderline_page

        return borderline_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.moved import borderline_fragment

        return borderline_fragment(self)


def beginning(text: str, most: int) -> str:
    """Return the first words of a text, on one line.

    >>> beginning("Water boils\\n\\n at 100 °C.", 12)
    'Water boils at 100 °C.'
    """
    return " ".join(text[: 4 * most].split())


def borderline(
    report: Report,
    signal: str,
    n: int,
    *,
    bound: str | None = None,
    stage: str | None = None,
    language: str | None = None,
    others: bool = False,
    pipe: Pipeline | Step | None = None,
) -> Borderline:
    """Return the documents nearest to the limit; see `Report.borderline`."""
    import numpy as np

    from webfilter.report.again import aim, opened
    from webfilter.report.judged import Coded, Judged

    if type(n) is not int or n < 1:
        raise ConfigError(f"n = {n!r}; it takes a whole number, 1 or more")
    plan, stored = opened(report, pipe)
    meant = aim(plan, signal, bound, stage, language)
    if meant.limit is None:
        raise ConfigError(
            f"{meant.stage} had no limit {meant.op!r} on {signal!r} in the run, so nothing is near "
            "it: sweep tries limits"
        )
    at = meant.limit
    nearest: list[tuple[float, str, float, bool, Any]] = []
    for chunk in stored.chunks(plan, plan.columns() | {signal}, ids=True):
        judged = Judged(plan, chunk)
        column = chunk.values.get(signal)
        if column is None or isinstance(column, Coded):
            continue
        free = judged.total.copy()
        for place in meant.places:
            free -= judged.violated[place]
        has = np.zeros(chunk.size, dtype=np.bool_)
        for each in meant.bounds:
            has |= judged.has(each)
        if not others:
            has &= free == 0
        rows = np.flatnonzero(has)
        away = np.abs(column[rows] - at)
        if len(rows) > n:  # ties beyond the n-th stay: ids decide among them
            near = away <= np.partition(away, n - 1)[n - 1]
            rows, away = rows[near], away[near]
        broken = judged.at_limit(meant.bounds, at)
        found = zip(away.tolist(), chunk.ids(rows), rows.tolist(), strict=True)
        nearest += [
            (distance, name, float(column[row]), bool(broken[row]), chunk.place(row))
            for distance, name, row in heapq.nsmallest(n, found)
        ]
        nearest = heapq.nsmallest(n, nearest, key=lambda item: item[:2])
    cases = []
    for distance, _, value, dropped, place in nearest:
        doc = stored.document(place)
        margin = 0.0 if not distance else -distance if dropped else distance
        cases.append(Case(doc, doc.signals.get(signal, value), margin, not dropped))
    return Borderline(
        stage=meant.stage,
        signal=signal,
        op=meant.op,
        limit=at,
        cases=tuple(cases),
        others=others,
        language=language,
        unit=meant.signal.unit,
        notes=tuple(plan.notes),
    )
