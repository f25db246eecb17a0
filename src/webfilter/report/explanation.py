"""Why a pipeline keeps or drops one page: every rule of every stage, with value, limit and margin.

`Pipeline.explain` fills an `Explanation`; here is how it is told, on a terminal and as a page.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from math import inf
from typing import Any

from webfilter.document import Document, Value, Verdict
from webfilter.report.figures import aligned, label, limit, quantity, visible

__all__ = ["Explanation", "Row"]

_TEXT = 600


@dataclass(frozen=True)
class Row:
    """One rule on one signal, or what there is to say where nothing was judged."""

    stage: str
    """Unique name of the stage in its pipeline."""
    signal: str = ""
    """The signal that was measured; empty where the row only has a note."""
    value: Value = None
    """Its value; None where it is undefined, and rules abstain."""
    op: str = ""
    """The requirement, such as ``>=`` or ``in``; empty where no rule judges the signal."""
    limit: float | str | None = None
    """What the value is compared with."""
    margin: float | None = None
    """Distance to the limit, in the signal's unit: positive inside, negative outside."""
    passed: bool | None = None
    """Whether the requirement is met; None where there is none, or it abstains."""
    note: str = ""
    """Such as ``needs the whole corpus: not judged on one page``."""
    about: str = ""
    """What the signal measures, in one line."""
    unit: str = ""
    """Of value, limit and margin."""

    @property
    def requirement(self) -> str:
        """The rule in words: ``>= 50``; empty where there is none."""
        if not self.op:
            return ""
        said = limit(self.limit) if isinstance(self.limit, (int, float)) else self.limit or ""
        return visible(f"{self.op} {said}".rstrip(), 80)

    @property
    def result(self) -> str:
        """``pass``, ``FAIL``, ``abstains`` (undefined), or empty where no rule judges."""
        if self.passed is None:
            return "abstains" if self.op and self.value is None else ""
        return "pass" if self.passed else "FAIL"


@dataclass(frozen=True)
class Explanation:
    """What every rule of a pipeline says of one page.

    >>> row = Row("gopher_quality", "words", 12, ">=", 50.0, -38.0, passed=False)
    >>> verdict = Verdict("gopher_quality", "words", "words", 12, 50.0, op="<")
    >>> print(Explanation(Document("a", "Short."), (row,), verdict, "Short."))
    dropped by gopher_quality: words 12 < 50
    a
    <BLANKLINE>
    gopher_quality
      words  12  >= 50  -38  FAIL  <- decides
    <BLANKLINE>
    text, 6 characters
      Short.
    """

    document: Document
    """The page after all stages, with every signal."""
    rows: tuple[Row, ...] = ()
    """Every rule and signal, in pipeline order."""
    verdict: Verdict | None = None
    """What the pipeline decides; None: it keeps the page."""
    text: str = ""
    """The text that was extracted."""

    @property
    def kept(self) -> bool:
        """Whether the pipeline keeps the page."""
        return self.verdict is None

    @property
    def deciding(self) -> Row | None:
        """The row of the rule that decides, if one does."""
        verdict = self.verdict
        if verdict is None or verdict.kind == "failed":
            return None
        broken = [r for r in self.rows if r.stage == verdict.stage and r.passed is False]
        named = [r for r in broken if r.signal == verdict.signal]
        exact = [r for r in named if r.limit == verdict.limit]
        return next(iter(exact or named or broken), None)

    @property
    def decision(self) -> str:
        """One line: kept, or by whom and why not."""
        if self.verdict is None:
            return "kept"
        how = "failed in" if self.verdict.kind == "failed" else "dropped by"
        said = str(self.verdict).removeprefix(f"{self.verdict.stage} failed: ")
        said = said.removeprefix(f"{self.verdict.stage}: ")
        return visible(f"{how} {self.verdict.stage}: {said}", 300)

    def stages(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield each stage with its rows, in pipeline order."""
        for stage, rows in groupby(self.rows, key=lambda row: row.stage):
            yield stage, list(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON data, infinite limits and margins as None."""
        verdict = self.verdict
        return {
            "id": self.document.id,
            "url": self.document.url,
            "kept": self.kept,
            "decision": self.decision,
            "verdict": None if verdict is None else _finite(asdict(verdict)),
            "rows": [_finite(asdict(row)) | {"decides": row is self.deciding} for row in self.rows],
            "signals": dict(self.document.signals),
            "text": self.text,
        }

    def __str__(self) -> str:
        lines = [self.decision, visible(self.document.url or self.document.id, 200)]
        deciding = self.deciding
        judged = [row for row in self.rows if row.signal]
        cells = [
            (
                visible(row.signal, 40),
                "undefined" if row.value is None else visible(quantity(row.value), 32),
                row.requirement,
                signed(row.margin),
                row.result,
                _remark(row, row is deciding),
            )
            for row in judged
        ]
        drawn = iter(aligned(cells, right={1, 3}))
        for stage, rows in self.stages():
            lines += ["", visible(stage, 80)]
            lines += [f"  {next(drawn) if row.signal else visible(row.note, 200)}" for row in rows]
        lines += ["", f"text, {label(len(self.text), 'character')}"]
        start = visible(" ".join(self.text[: 4 * _TEXT].split()), _TEXT)
        lines += [f"  {line}" for line in textwrap.wrap(start, 96) or ["(none)"]]
        return "\n".join(lines)

    def to_html(self) -> str:
        """Return the explanation as one page that needs nothing else."""
        from webfilter.report.explained import explanation_page

        return explanation_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.explained import explanation_fragment

        return explanation_fragment(self)


def _finite(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: None if item in (inf, -inf) else item for key, item in fields.items()}


def _remark(row: Row, decides: bool) -> str:
    if decides:
        return "<- decides"
    return "" if row.result == "abstains" else visible(row.note, 80)


def signed(margin: float | None, minus: str = "-") -> str:
    """Return a margin with its sign.

    >>> signed(38.0), signed(-0.25), signed(0.0), signed(None)
    ('+38', '-0.25', '0', '')
    """
    if margin is None:
        return ""
    sign = "+" if margin > 0 else minus if margin < 0 else ""
    return sign + quantity(abs(margin))
