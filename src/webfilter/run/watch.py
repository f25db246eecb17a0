"""Says early that a stage keeps nothing, and by what.

A limit in the wrong unit, a code spelled otherwise (``eng`` against ``en``), a missing extraction:
each empties an output without an error, and hours later there is nothing. So the first thousand
documents that reach a stage are watched, in the parent process; a stage that has kept none of them
is told of once, with its commonest reason and the commonest value there. A stage that has dropped
none is noted in the report only: many pages are fine. But it is told of where it judges a signal
that no stage measures (``Judge(..., given=True)``) and no document came with.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Sequence, Set
from statistics import median_low
from typing import TYPE_CHECKING

from webfilter.document import Document, Verdict
from webfilter.report.ledger import Ledger, failure_class

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.stage import Step

__all__ = ["FEW", "FIRST", "Watch"]

logger = logging.getLogger("webfilter")

FIRST = 1_000
"""After so many documents at a stage, keeping none or all of them is worth a word. A stage that
keeps one page in two hundred keeps none of a thousand in one run of 150, and a thousand pages take
seconds or minutes, not hours."""
FEW = 10
"""At the end of a run, keeping none of so many is."""
_NAMED = 5
"""Accepted values that a message names."""
_MOST = sys.float_info.max
_EXTRACTED = "extracted_characters"
_COMMON = 0.1
"""A value with a smaller share of those that a limit drops says nothing; then the median does."""


class Watch:
    """Counts why documents leave, until a stage has seen enough of them.

    Args:
        pipe: the pipeline that runs.
    """

    def __init__(self, pipe: Pipeline) -> None:
        self.said: list[str] = []
        """What was noted, for the report; what was warned of went to the logger, too."""
        named = tuple(zip(pipe.names, pipe.steps, strict=True))
        self._open: dict[str, Step] = {
            name: step for name, step in named if step.rules or step.by_document
        }
        measured = {signal.name for _, step in named for signal in step.measures}
        self._given = {
            name: [r.signal for r in step.rules if r.signal not in measured] for name, step in named
        }
        extracts = [any(s.name == _EXTRACTED for s in step.measures) for _, step in named]
        self._advice = {name: _advice(extracts, place) for place, name in enumerate(pipe.names)}
        self._verdicts: dict[str, Counter[Verdict]] = {}
        self._empty: Counter[str] = Counter()

    def see(self, docs: Sequence[Document], names: Set[str], ledger: Ledger) -> None:
        """Take note of the documents that left at the stages called `names`.

        Args:
            docs: what came out of these stages.
            names: of the stages.
            ledger: has counted `docs`; a stage that has seen enough is looked at and forgotten.
        """
        if self._open.keys().isdisjoint(names):
            return
        for doc in docs:
            verdict = doc.verdict
            if verdict is None or verdict.stage not in names or verdict.stage not in self._open:
                continue
            self._verdicts.setdefault(verdict.stage, Counter())[_group(verdict)] += 1
            self._empty[verdict.stage] += not doc.text.strip()
        self._look(ledger, FIRST)

    def finish(self, ledger: Ledger, least: int = FEW) -> None:
        """Look once more, when the last document is through, at what has seen `least`."""
        self._look(ledger, least, at_end=True)

    def _look(self, ledger: Ledger, least: int, *, at_end: bool = False) -> None:
        for row in ledger.rows():
            if row.name not in self._open or row.docs_in < least:
                continue
            step = self._open.pop(row.name)
            found = self._verdicts.pop(row.name, Counter())
            if row.kept == 0:
                bare = 2 * self._empty[row.name] > row.docs_in
                share = _share(self._empty[row.name], row.docs_in)
                text = f"{row.name} kept none of the first {row.docs_in:,} documents"
                advice = self._advice[row.name] if bare else ""
                why = _why(step, found, advice and f"{share} {advice}", row.docs_in)
                text += f": {why}" if why else ""
                logger.warning(text)
                self.said.append(text)
            elif missing := [s for s in self._given[row.name] if row.undefined[s] == row.docs_in]:
                name = missing[0]
                text = (
                    f"{row.name}: none of the first {row.docs_in:,} documents has the signal "
                    f"{name!r}, so its rule drops nothing; if a field of the source is meant, make "
                    f"it a signal: doc.with_signals({{{name!r}: doc.meta[{name!r}]}})"
                )
                logger.warning(text)
                self.said.append(text)
            elif row.kept == row.docs_in and not at_end:
                self.said.append(f"{row.name} dropped none of the first {row.docs_in:,} documents")


def _group(verdict: Verdict) -> Verdict:
    """Return `verdict` without what differs from document to document."""
    if verdict.kind == "failed":
        return Verdict(verdict.stage, failure_class(verdict.reason), kind="failed")
    v = verdict
    return Verdict(v.stage, v.reason, v.signal, v.value, v.limit, op=v.op)


def _advice(extracts: Sequence[bool], place: int) -> str:
    """Return what is to be said of documents without a text at `place`, if anything."""
    if not any(extracts):
        return "have no text: is the extraction missing?"
    return "" if any(extracts[: place + 1]) else "have no text yet: the extraction comes later"


def _why(step: Step, found: Counter[Verdict], advice: str, total: int) -> str:
    """Return the commonest reason with its commonest value, and what to check: `advice`, if any."""
    if not found:
        return ""
    reasons: Counter[tuple[str, str]] = Counter()
    for verdict, count in found.items():
        reasons[verdict.kind, verdict.reason] += count
    (kind, reason), count = min(reasons.items(), key=lambda item: (-item[1], item[0]))
    if kind == "failed":
        return f"{_share(count, total)} failed with {reason}"
    within = [(n, v) for v, n in found.items() if (v.kind, v.reason) == (kind, reason)]
    often, verdict = min(within, key=lambda item: (-item[0], repr(item[1].value)))
    if verdict.signal is None:
        return f"{_share(count, total)} by {reason}; check that limit"
    said = f"{verdict.signal} is {_shown(verdict.value)} for {_share(often, total)}"
    if often < _COMMON * count and isinstance(verdict.value, (int, float)):
        said = f"{verdict.signal} is {_shown(_median(within))} in the median"
    if verdict.op == "not in":
        values = {v for r in step.rules if r.signal == verdict.signal for v in r.isin or ()}
        asked = sorted(values, key=lambda v: (len(v), v))  # the codes of many languages have two
        more = ", ..." if len(asked) > _NAMED else ""
        check = advice or "check what is asked for, and what these documents are"
        return f"{said}; asked for: {', '.join(asked[:_NAMED])}{more}; {check}"
    limit = "" if verdict.limit is None else f" {verdict.op} {verdict.limit:g}"
    if reason == verdict.signal:
        said = f"{_share(count, total)} by {reason}{limit}; {said}"
    else:
        said = f"{_share(count, total)} by {reason} ({verdict.signal}{limit}); {said}"
    return f"{said}; {advice or 'check that limit, and what these documents are'}"


def _share(count: int, total: int) -> str:
    return f"{100 * min(count, total) / total:.0f} %"


def _median(within: Sequence[tuple[int, Verdict]]) -> float:
    numbers = (v.value for n, v in within for _ in range(n) if isinstance(v.value, (int, float)))
    return float(max(-_MOST, min(_MOST, median_low(numbers))))


def _shown(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
