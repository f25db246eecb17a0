"""Count the stored documents of a run by what they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError, UnknownName
from webfilter.report.bounds import Plan
from webfilter.report.breakdown import Breakdown, Group
from webfilter.report.cluster import host_of
from webfilter.report.figures import number, quantity
from webfilter.report.judged import Chunk, Coded
from webfilter.report.ledger import READ
from webfilter.report.marked import declared
from webfilter.report.stored import Stored, signals_of

if TYPE_CHECKING:
    from webfilter.document import Document
    from webfilter.report.funnel import Report

__all__ = ["breakdown"]

_NUMBERS = 100
"""Values of a number beyond which it makes no groups."""
_REASONS = 3
_FIRST = 5
"""Documents that are looked into for what may be asked for."""
_SIZES = ("tokens", "words")
_META = "meta."


def breakdown(report: Report, by: str, n: int = 20, *, mean: str | None = None) -> Breakdown:
    """Return the documents of a run by what they have in common; see `Report.breakdown`."""
    if not isinstance(by, str) or by in ("", _META):
        raise ConfigError(
            f"by = {by!r}: give 'host', a signal such as 'language', or 'meta.source'"
        )
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ConfigError(f"n = {n!r}: give how many groups to tell of, at least 1")
    documents = _Documents(report, by, mean)
    sums = _Sums()
    for chunk in documents.chunks():
        size, meant = _numbers(chunk, documents.unit), _numbers(chunk, mean)
        sums.add(documents.groups(chunk), chunk, documents.kept(chunk), size, meant)
    table, values = sums.table, list(sums.places)
    documents.check(sums)
    order = sorted(range(len(values)), key=lambda at: (-table[at, 0], values[at] or ""))
    order = [at for at in order if table[at, 0]]
    unknown = [0] * bool(table[0, 0])
    shown = [at for at in order if at][: n - len(unknown)] + unknown
    shown.sort(key=order.index)
    rest = sorted(set(order) - set(shown))
    reasons = documents.reasons(sums, shown)
    unit = documents.unit if table[:, 1].any() and not table[:, 4].any() else ""

    def group(value: str | None, places: Sequence[int], why: Counter[str]) -> Group:
        count, kept, failed, size, _, total, meant = table[list(places)].sum(axis=0).tolist()
        first = sorted(why.items(), key=lambda item: (-item[1], item[0]))[:_REASONS]
        return Group(
            value=value,
            documents=int(count),
            kept=int(kept),
            failed=int(failed),
            size=int(size) if unit else 0,
            mean=total / meant if meant else None,
            reasons=tuple(first),
        )

    return Breakdown(
        by=by,
        rows=tuple(group(values[at], [at], reasons[at]) for at in shown),
        rest=group(None, rest, reasons[-1]) if rest else None,
        others=len(rest),
        documents=int(table[:, 0].sum()),
        kept=int(table[:, 1].sum()),
        size=int(table[:, 3].sum()) if unit else 0,
        unit=unit,
        mean=mean,
    )


class _Documents:
    """The stored documents of a run, and what they have in common.

    Raises:
        SourceError: they are not stored, or not there.
    """

    def __init__(self, report: Report, by: str, mean: str | None) -> None:
        self._by, self._mean, self._total = by, mean, report.total
        self._names = tuple(row.name for row in report.stages if row.name != READ)
        self._stored = Stored(report, self._names)
        self._plan = Plan(self._names, measures=[()] * len(self._names))
        self._kinds = _kinds(report, self._some())
        self.unit = next((s for s in _SIZES if self._kinds.get(s) in ("int", "float")), _SIZES[-1])
        """``tokens`` where they are counted, else ``words``, if those are."""
        self._numbers = False
        self._field = by.removeprefix(_META) if by.startswith(_META) else None
        self._wanted = {self.unit, *([mean] if mean else [])}
        if by != "host" and self._field is None:
            self._wanted.add(by)

    def chunks(self) -> Iterator[Chunk]:
        """Yield them."""
        urls = self._by == "host"
        yield from self._stored.chunks(
            self._plan, self._wanted, ids=urls, of=urls, meta=self._field
        )

    def kept(self, chunk: Chunk) -> npt.NDArray[np.bool_]:
        """Return which were kept."""
        kept: npt.NDArray[np.bool_] = chunk.at == len(self._names)
        return kept

    def groups(self, chunk: Chunk) -> Coded:
        """Return what each has in common with others."""
        if self._by == "host":
            urls = chunk.urls(np.arange(chunk.size))
            return Coded.of(host_of(url) or None for url in urls)
        column = chunk.meta if self._field is not None else chunk.values[self._by]
        if isinstance(column, Coded):
            return column
        assert column is not None
        known = np.flatnonzero(~np.isnan(column))
        if self._by not in self._kinds and len(known):  # neither declared nor in the first ones
            doc = self._stored.document(chunk.place(int(known[0])))
            self._kinds[self._by] = type(doc.signals[self._by]).__name__
        if self._kinds.get(self._by) == "bool":
            return Coded.of(None if v != v else quantity(bool(v)) for v in column.tolist())
        self._numbers = True
        return Coded.of(None if v != v else quantity(v) for v in column.tolist())

    def reasons(self, sums: _Sums, shown: Sequence[int]) -> Mapping[int, Counter[str]]:
        """Return why documents left: of the groups at the places shown, and of all others as -1."""
        found: dict[int, Counter[str]] = {place: Counter() for place in (*shown, -1)}
        for chunk in self.chunks():
            groups = self.groups(chunk)
            place = sums.of(groups)[groups.codes + 1]
            place = np.where(np.isin(place, shown), place, -1)
            gone = ~self.kept(chunk)
            rows = np.stack([place[gone], chunk.at[gone], chunk.reason.codes[gone]])
            combined, counts = np.unique(rows, axis=1, return_counts=True)
            for (at, step, reason), count in zip(combined.T.tolist(), counts.tolist(), strict=True):
                stage = self._names[step] if step >= 0 else READ
                why = chunk.reason.values[reason]
                found[at][stage if why == stage else f"{stage}: {why}"] += count
        return found

    def check(self, sums: _Sums) -> None:
        """Refuse what no document has, and numbers of too many values.

        Raises:
            UnknownName, ConfigError: see `Report.breakdown`.
        """
        by, mean, kinds = self._by, self._mean, self._kinds
        if not self._total:
            return
        if mean is not None and not sums.meant:
            if mean in kinds:
                raise ConfigError(
                    f"mean = {mean!r}: it is no number, or none of the documents has it"
                )
            raise UnknownName("signal", mean, {s for s in kinds if kinds[s] in ("int", "float")})
        values = len(sums.places) - 1
        if not values and by not in kinds:
            if by == "host":
                raise ConfigError("by = 'host': no document of the run has a URL")
            if self._field is not None:
                fields = {str(name) for doc in self._some() for name in doc.meta}
                raise UnknownName("field of meta", by, map(_META.__add__, fields))
            raise UnknownName("signal to break down by", by, {*kinds, "host", "meta.source"})
        if self._numbers and values > _NUMBERS:
            raise ConfigError(
                f"by = {by!r}: it has {number(values)} numbers, too many to be groups; "
                f"sweep({by!r}, limits) tells what limits keep"
            )

    def _some(self) -> Iterator[Document]:
        """Yield the first few documents: of what was kept, if anything was."""
        for chunk in islice(self._stored.chunks(self._plan, set()), 1):
            for row in range(min(chunk.size, _FIRST)):
                yield self._stored.document(chunk.place(row))


class _Sums:
    """Counts for each value, and for None."""

    def __init__(self) -> None:
        self.places: dict[str | None, int] = {None: 0}
        self.meant = False
        """Whether any document, kept or not, has a number to take the mean of."""
        self._table = np.zeros((1, 7))

    def add(self, groups: Coded, chunk: Chunk, kept: Any, size: Any, mean: Any) -> None:
        """Count a chunk. `size` and `mean` are NaN where they are not known."""
        place = self.of(groups)
        if len(self.places) > len(self._table):
            grown = np.zeros((2 * len(self.places), self._table.shape[1]))
            grown[: len(self._table)] = self._table
            self._table = grown
        self.meant = self.meant or not np.isnan(mean).all()
        sized, meant = kept & ~np.isnan(size), kept & ~np.isnan(mean)
        parts = (
            np.ones(chunk.size), kept, chunk.failed, np.where(sized, size, 0), kept & ~sized,
            np.where(meant, mean, 0), meant,
        )  # fmt: skip
        codes = groups.codes + 1
        for column, part in enumerate(parts):
            sums = np.bincount(codes, weights=part, minlength=len(place))
            np.add.at(self._table[:, column], place, sums)

    def of(self, groups: Coded) -> npt.NDArray[np.int64]:
        """Return the place of each value of a chunk, of None first."""
        values = (None, *groups.values)
        return np.array([self.places.setdefault(v, len(self.places)) for v in values])

    @property
    def table(self) -> npt.NDArray[np.float64]:
        """Documents, kept, failed, size, kept without size, sum of means, kept with one."""
        return self._table[: len(self.places)]


def _kinds(report: Report, some: Iterable[Document]) -> dict[str, str]:
    """Return the kinds of the signals that are stored: as declared, or as in some documents."""
    kinds: dict[str, str] = {}
    for doc in report.documents or some:
        for name, value in doc.signals.items():
            if value is not None:
                kinds.setdefault(name, type(value).__name__)
    kinds.update((signal.name, signal.kind) for signal in declared(report))
    if report.documents is None:
        kinds.update(signals_of(report))
    return kinds


def _numbers(chunk: Chunk, name: str | None) -> npt.NDArray[np.float64]:
    """Return the values of a signal that is a number; NaN where there is none."""
    column = chunk.values.get(name or "")
    return column if isinstance(column, np.ndarray) else np.full(chunk.size, np.nan)
