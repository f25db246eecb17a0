"""Judge stored signals again, a chunk of documents at a time, as NumPy arrays.

The outcome is exactly what the stages would say where their signals are stored. Where they are not
(the document was dropped before, and not everything was measured), that is said, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from webfilter.codes import canonical
from webfilter.report.bounds import Bound, Plan

__all__ = ["Chunk", "Coded", "Flags", "Judged"]

Flags = npt.NDArray[np.bool_]


@dataclass
class Coded:
    """Texts that recur: an index for each document, -1 for None."""

    codes: npt.NDArray[np.int64]
    values: list[str]

    @classmethod
    def of(cls, values: Iterable[object]) -> Self:
        """Return the texts of as many documents; what is no text becomes one.

        >>> Coded.of(["b", None, "a", "b"])
        Coded(codes=array([ 0, -1,  1,  0]), values=['b', 'a'])
        """
        seen: dict[str, int] = {}
        codes = [-1 if v is None else seen.setdefault(str(v), len(seen)) for v in values]
        return cls(np.array(codes, dtype=np.int64), list(seen))

    def among(self, wanted: Iterable[str]) -> Flags:
        """Return which documents have one of `wanted`."""
        asked = set(wanted)
        table = np.array([*(value in asked for value in self.values), False], dtype=np.bool_)
        return table[self.codes]  # -1 is the last


Column = npt.NDArray[np.float64] | Coded
"""Values of a signal; NaN and -1 where it is None."""


@dataclass
class Chunk:
    """Some documents of a run, as columns."""

    size: int
    at: npt.NDArray[np.int64]
    """Index of the step at which each document left: -1 for the reader, the number of steps for
    what was kept."""
    failed: Flags
    signal: Coded
    """What the verdicts judged."""
    op: Coded
    limit: npt.NDArray[np.float64]
    reason: Coded
    values: Mapping[str, Column]
    characters: npt.NDArray[np.int64] | None = None
    measured: Mapping[int, Flags] = field(default_factory=dict)
    """For each step which of the documents that were dropped before it measured all the same."""
    ids: Callable[[npt.NDArray[np.int64]], list[str]] = lambda rows: []
    """Returns the ids of the documents at some rows."""
    texts: Callable[[], list[str]] = list
    """Returns the texts of all."""
    place: Callable[[int], Any] = int
    """Returns what `Stored.document` finds a document by, given its row."""
    of: Coded | None = None
    """Ids of the documents that they duplicate."""
    urls: Callable[[npt.NDArray[np.int64]], list[str | None]] = lambda rows: []
    """Returns the URLs of the documents at some rows."""
    meta: Coded | None = None
    """A field of ``meta``, what is no text as JSON."""


class Judged:
    """What the bounds of a plan say of a chunk.

    Args:
        plan: of the pipeline.
        chunk: the documents.
    """

    def __init__(self, plan: Plan, chunk: Chunk) -> None:
        self.plan, self.chunk = plan, chunk
        steps, at, size = len(plan.names), chunk.at, chunk.size
        self.kept: Flags = at == steps
        """Which were kept by the run."""
        self.unknown: Flags = np.zeros(size, dtype=np.bool_)
        """Of which some later stage cannot be known to keep them."""
        self.uncompared: Flags = np.zeros(size, dtype=np.bool_)
        """Which were gone before a stage that compares documents with each other."""
        self.odd: Flags = np.zeros(size, dtype=np.bool_)
        """Whose stored signals do not lead to the verdict that they have."""
        self._void: dict[int, Flags] = {}
        self._spared: dict[Bound, Flags] = {}
        self.violated: list[Flags] = []
        """For each bound, which documents violate it."""
        self.decided: list[Flags] = []
        """For each bound, which documents it dropped in the run."""
        explained: Flags = np.zeros(size, dtype=np.bool_)
        self.total: npt.NDArray[np.int64] = np.zeros(size, dtype=np.int64)
        """For each document, the bounds it violates, and its verdict where that must be taken as
        given."""
        for bound in plan.bounds:
            broken = self.broken(bound)
            self._spared[bound] = broken & self._passed(bound.step)
            self.odd |= self._spared[bound]
            broken &= ~self._spared[bound]
            named = self._named(bound)
            decided = named & broken & ~explained
            explained |= decided
            self.violated.append(broken)
            self.decided.append(decided)
            self.total += broken
            if bound.gate:
                before = self._void.get(bound.step)
                self._void[bound.step] = broken if before is None else before | broken
            self.unknown |= ~self.known(bound)
        for void in self._void.values():
            self.unknown |= void
        for step in plan.closed:
            self.unknown |= at < step
        for step in plan.fragile:
            self.unknown |= ~self.ran(step)
        for step in plan.compared:
            self.uncompared |= at < step
        self.fixed: Flags = (at < steps) & ~explained
        """Whose verdict must be taken as given."""
        self.total += self.fixed
        judges = np.array([*self._judging(), False], dtype=np.bool_)
        self.odd |= self.fixed & ~chunk.failed & (chunk.signal.codes >= 0) & judges[at.clip(-1)]

    def _judging(self) -> list[bool]:
        """Return for each step whether its verdicts are those of bounds; last: the kept."""
        plan = self.plan
        given = {step for steps in plan.given.values() for step in steps}
        rules = {bound.step for bound in plan.bounds} - given - plan.closed - plan.compared
        return [*(step in rules for step in range(len(plan.names))), False]

    def _passed(self, step: int) -> Flags:
        passed: Flags = self.chunk.at > step
        return passed

    def _named(self, bound: Bound) -> Flags:
        """Return whose verdict is the one of `bound`."""
        chunk = self.chunk
        named: Flags = (chunk.at == bound.step) & ~chunk.failed
        if named.any():
            compared = chunk.op.among((bound.words,)) | (chunk.op.codes < 0)  # `Where` says no op
            named &= chunk.signal.among((bound.signal,)) & compared
            same = np.isnan(chunk.limit) if bound.limit is None else chunk.limit == bound.limit
            named &= same
        return named

    def ran(self, step: int) -> Flags:
        """Return which documents the step has measured; those with signals from elsewhere for -1.

        A document that was dropped before counts where the run measured everything.
        """
        chunk = self.chunk
        if step < 0:
            return np.ones(chunk.size, dtype=np.bool_)
        ran: Flags = (chunk.at > step) | ((chunk.at == step) & ~chunk.failed)
        if step in chunk.measured and step not in self.plan.compared:
            ran = ran | ((chunk.at >= 0) & (chunk.at < step) & ~chunk.failed & chunk.measured[step])
        return ran

    def unmeasured(self, bounds: Iterable[Bound]) -> Flags:
        """Return which dropped documents it is not known of what one of `bounds` says.

        What the reader or a failure took out is not among them: no rule ever judges it.
        """
        chunk = self.chunk
        known: Flags = np.ones(chunk.size, dtype=np.bool_)
        for bound in bounds:
            known &= self.known(bound)
        return ~known & (chunk.at >= 0) & ~chunk.failed

    def applies(self, bound: Bound) -> Flags | None:
        """Return which documents are of the bound's branch; None: all."""
        if bound.branch is None:
            return None
        language = self.chunk.values.get("language")
        if isinstance(language, Coded):
            codes = bound.branch.codes
            inside = language.among(said for said in language.values if canonical(said) in codes)
        else:
            inside = np.zeros(self.chunk.size, dtype=np.bool_)
        return inside if bound.branch.inside else ~inside

    def known(self, bound: Bound) -> Flags:
        """Return of which documents it is known what the bound says, or that it says nothing."""
        known = self.ran(bound.owner)
        applies = self.applies(bound)
        if applies is not None:
            spoken = self.ran(self.plan.owner("language", bound.step))
            known = spoken & (known | ~applies)
        return known

    def broken(self, bound: Bound, limit: float | None = None) -> Flags:
        """Return which documents are known to violate `bound`, or the same bound at `limit`."""
        column = self.chunk.values.get(bound.signal)
        limit = bound.limit if limit is None else limit
        size = self.chunk.size
        broken: Flags = np.zeros(size, dtype=np.bool_)
        if isinstance(column, Coded):
            if bound.accepted is not None:
                broken = (column.codes >= 0) & ~column.among(bound.accepted)
        elif column is not None and bound.op == "in":
            broken = ~np.isnan(column)
        elif column is not None and limit is not None:
            broken = _BREAKS[bound.op](column, limit)
        broken = broken & self.known(bound)
        applies = self.applies(bound)
        if applies is not None:
            broken &= applies
        for step, void in self._void.items():
            if step <= bound.owner and not (bound.gate and step == bound.step):
                broken &= ~void
        return broken

    def has(self, bound: Bound) -> Flags:
        """Return which documents have a value that the bound judges."""
        column = self.chunk.values.get(bound.signal)
        if column is None:
            return np.zeros(self.chunk.size, dtype=np.bool_)
        has: Flags = column.codes >= 0 if isinstance(column, Coded) else ~np.isnan(column)
        has = has & self.known(bound)
        applies = self.applies(bound)
        return has if applies is None else has & applies

    def judges(self, bounds: Iterable[Bound]) -> Flags:
        """Return which documents one of `bounds` is for."""
        judges: Flags = np.zeros(self.chunk.size, dtype=np.bool_)
        for bound in bounds:
            applies = self.applies(bound)
            judges = judges | (True if applies is None else applies)
        return judges

    def at_limit(self, bounds: Iterable[Bound], limit: float | None) -> Flags:
        """Return which documents break one of `bounds` if its limit is `limit`; None: it is off."""
        broken: Flags = np.zeros(self.chunk.size, dtype=np.bool_)
        if limit is not None:
            for bound in bounds:
                spared = self._spared.get(bound)
                now = self.broken(bound, limit)
                broken |= now if spared is None else now & ~spared
        return broken


_BREAKS = {
    "ge": np.less,
    "gt": np.less_equal,
    "le": np.greater,
    "lt": np.greater_equal,
}
