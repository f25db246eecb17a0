"""The largest clusters of a run, out of its stored documents.

The dropped documents are read as columns: who was dropped for whom (``verdict.of``), and the size
of the cluster where the stage has stored it. Then the few documents that are to be shown are read.
Memory is bounded: where sizes are not stored, what was dropped for each document is counted by
hash, a part of the hashes at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError, UnknownName
from webfilter.report.again import opened
from webfilter.report.cluster import Cluster, Member
from webfilter.report.clusters import Clusters, sizes
from webfilter.report.figures import label
from webfilter.report.judged import Coded
from webfilter.report.largest import Gather, cluster_signals_of

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.report.bounds import Plan
    from webfilter.report.funnel import Report
    from webfilter.report.judged import Chunk
    from webfilter.report.stored import Stored
    from webfilter.stage import Step

__all__ = ["clusters"]

AT_ONCE = 4_000_000
"""Hashes counted at once: 8 bytes each, and as much again to sort them."""

Rows = npt.NDArray[np.intp]
Sizes = npt.NDArray[np.int64]
SizesOf = Callable[["Chunk", Rows], Sizes]
"""Returns the size of the cluster of each of some rows; 0: another time."""


def clusters(
    report: Report,
    stage: str | None,
    n: int,
    *,
    members: int,
    pipe: Pipeline | Step | None = None,
) -> Clusters:
    """Return the largest clusters; see `Report.clusters`."""
    for name, value in (("n", n), ("members", members)):
        if type(value) is not int or value < 1:
            raise ConfigError(f"{name} = {value!r}; it takes a whole number, 1 or more")
    plan, stored = opened(report, pipe)
    run = _Run(plan, stored)
    step = run.chosen(stage)
    gather: Gather[Any] = Gather(n)
    counts: Counter[int] = Counter()
    for sizes_of in run.passes(step):
        run.gather(step, sizes_of, gather, counts, members)
    run.survivors(gather)
    found = gather.clusters(lambda place: Member.of(stored.document(place)))
    return Clusters(
        stage=plan.names[step],
        largest=found,
        documents=report.total,
        sizes=sizes(counts),
        all_dropped=report.dropped,
        notes=_notes(found),
    )


def _notes(found: tuple[Cluster, ...]) -> tuple[str, ...]:
    missing = sum(cluster.survivor is None for cluster in found)
    if not missing:
        return ()
    are = "is" if missing == 1 else "are"
    return (
        f"of {label(missing, 'cluster')} the document that stayed {are} not among those of this "
        "run: it was in an index of earlier ones",
    )


@dataclass
class _Dropped:
    """What a stage dropped for another document."""

    rows: int = 0
    unsized: int = 0
    """Of which the size of the cluster is not stored."""


class _Run:
    """The dropped documents of a run, read as often as it takes."""

    def __init__(self, plan: Plan, stored: Stored) -> None:
        self._plan, self._stored = plan, stored
        self._declared = _declared(plan)
        self._dropped = self._count()

    def _count(self) -> Mapping[int, _Dropped]:
        """Return, for each step, how much it dropped for another document."""
        found: dict[int, _Dropped] = {}
        wanted = set(self._declared.values())
        for chunk in self._stored.chunks(self._plan, wanted, of=True, kinds=("dropped",)):
            for step in set(chunk.at[_duplicates(chunk)].tolist()):
                rows = np.flatnonzero(_duplicates(chunk) & (chunk.at == step))
                row = found.setdefault(step, _Dropped())
                row.rows += len(rows)
                signal = self._declared.get(step)
                sized = 0 if signal is None else int((_column(chunk, signal, rows) >= 2).sum())
                row.unsized += len(rows) - sized
        found.pop(-1, None)  # what the reader took
        return found

    def chosen(self, stage: str | None) -> int:
        """Return the step that is meant.

        Raises:
            UnknownName: there is no such stage.
            ConfigError: it drops no duplicates, or it could be several or none.
        """
        names = self._plan.names
        steps = sorted({*self._declared, *self._dropped})
        told = [names[step] for step in steps]
        if stage is not None and stage not in names:
            raise UnknownName("stage", str(stage), names)
        if not steps:
            raise ConfigError(
                "clusters: no stage of this run drops documents as duplicates of others"
            )
        if stage is None:
            if len(steps) > 1:
                raise ConfigError(f"{' and '.join(told)} drop duplicates: say which with stage=")
            return steps[0]
        if stage not in told:
            do = "does" if len(told) == 1 else "do"
            raise ConfigError(f"{stage} drops no duplicates: {' and '.join(told)} {do}")
        return names.index(stage)

    def passes(self, step: int) -> list[SizesOf]:
        """Return how to tell the sizes of clusters, for each time that all rows must be read."""
        dropped = self._dropped.get(step, _Dropped())
        if not dropped.rows:
            return []
        signal = self._declared.get(step)
        final = step not in self._plan.online  # there, clusters still grow
        if signal is not None and final and not dropped.unsized:
            return [lambda chunk, rows: _column(chunk, signal, rows)]
        parts = -(-dropped.rows // AT_ONCE)
        return [self._counted(step, part, parts) for part in range(parts)]

    def _counted(self, step: int, part: int, parts: int) -> SizesOf:
        """Return sizes by counting; nothing is counted before the first is asked for."""
        table: list[Any] = []

        def fill() -> None:
            hashes = [np.zeros(0, np.int64)]
            for chunk in self._stored.chunks(self._plan, set(), of=True, kinds=("dropped",)):
                found = _hashed(chunk, np.flatnonzero(_duplicates(chunk) & (chunk.at == step)))
                hashes.append(found[found % parts == part])
            table.extend(np.unique(np.concatenate(hashes), return_counts=True))

        def of_rows(chunk: Chunk, rows: Rows) -> Sizes:
            if not table:
                fill()
            names, counts = table
            found = _hashed(chunk, rows)
            mine = found % parts == part
            known = np.zeros(len(rows), dtype=np.int64)
            known[mine] = counts[np.searchsorted(names, found[mine])] + 1
            return known

        return of_rows

    def gather(
        self,
        step: int,
        sizes_of: SizesOf,
        gather: Gather[Any],
        counts: Counter[int],
        members: int,
    ) -> None:
        """Read all duplicates; gather the largest clusters, count all by size."""
        signal = self._declared.get(step)
        wanted = set() if signal is None else {signal}
        for chunk in self._stored.chunks(self._plan, wanted, ids=True, of=True, kinds=("dropped",)):
            assert chunk.of is not None
            rows = np.flatnonzero(_duplicates(chunk) & (chunk.at == step))
            found = sizes_of(chunk, rows)
            told, times = np.unique(found[found > 0], return_counts=True)
            counts.update(dict(zip(told.tolist(), times.tolist(), strict=True)))
            near = (found > 0) & (found >= gather.least)
            rows, found = rows[near], found[near]
            columns = zip(
                rows.tolist(), found.tolist(), chunk.ids(rows), chunk.urls(rows), strict=True
            )
            for row, size, name, url in columns:
                entry = gather.offer(size, chunk.of.values[chunk.of.codes[row]])
                if entry is not None:
                    entry.absorb(members, name, url, partial(chunk.place, row))

    def survivors(self, gather: Gather[Any]) -> None:
        """Find the documents that stayed, wherever they went afterwards."""
        wanted = set(gather.entries)
        for chunk in self._stored.chunks(self._plan, set(), ids=True):
            if not wanted:
                return
            for row, name in enumerate(chunk.ids(np.arange(chunk.size))):
                if name in wanted:
                    wanted.discard(name)
                    gather.entries[name].survivor = chunk.place(row)


def _declared(plan: Plan) -> dict[int, str]:
    """Return, for each step that stores them, the signal for the sizes of clusters."""
    found = {}
    for step, names in enumerate(plan.measures):
        signals = cluster_signals_of(plan.signals[name] for name in names)
        if signals is not None:
            found[step] = signals[1]
    return found


def _duplicates(chunk: Chunk) -> npt.NDArray[np.bool_]:
    """Return which documents were dropped for another one."""
    if chunk.of is None:
        return np.zeros(chunk.size, dtype=np.bool_)
    return (chunk.of.codes >= 0) & ~chunk.failed


def _column(chunk: Chunk, signal: str, rows: Rows) -> Sizes:
    """Return a signal that is a size; 0 where it is None."""
    column = chunk.values.get(signal)
    if column is None or isinstance(column, Coded):
        return np.zeros(len(rows), dtype=np.int64)
    return np.nan_to_num(column[rows]).astype(np.int64)


def _hashed(chunk: Chunk, rows: Rows) -> npt.NDArray[np.int64]:
    """Return a hash of what each row duplicates: the same within this process."""
    if chunk.of is None:
        return np.zeros(0, dtype=np.int64)
    names = np.fromiter(map(hash, chunk.of.values), np.int64, len(chunk.of.values))
    return names[chunk.of.codes[rows]]
