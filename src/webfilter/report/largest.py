"""The largest clusters, collected in one pass, in any order of documents, in bounded memory.

`Gather` holds at most `n` clusters, and of each a few members. It is exact: clusters have a total
order (size, then id), so one that is among the largest in the end was among them when its first
document came, and was never let go. `Largest` does so while a run's documents go by.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Generic, TypeVar

from webfilter.document import Document
from webfilter.report.cluster import Cluster, Member, host_of
from webfilter.report.clusters import Clusters, sizes
from webfilter.report.diff import MOST
from webfilter.stage import OnlineStage, Signal

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline

__all__ = ["Gather", "Largest", "cluster_signals_of"]

T = TypeVar("T")

TOP = 10
"""Clusters that ``report.html`` shows."""
FEW = 5
"""Members that are collected of each."""
_HOSTS = 2_000
"""Different hosts that are counted of a cluster."""
_SHOWN = 100
"""Of which the answer names the most frequent."""
_LONG = 300
"""Characters of a host that are held."""


def cluster_signals_of(signals: Iterable[Signal]) -> tuple[str, str] | None:
    """Return the names of the signals for cluster and size, if they are among those of a stage.

    >>> from webfilter import MinHash
    >>> cluster_signals_of(MinHash().measures)
    ('duplicate_cluster', 'duplicate_cluster_size')
    """
    kinds = {signal.name: signal.kind for signal in signals}
    for name, kind in kinds.items():
        if kind == "str" and kinds.get(f"{name}_size") == "int":
            return name, f"{name}_size"
    return None


class _Entry(Generic[T]):
    """A cluster that is among the largest so far; `T` is what stands for a document."""

    def __init__(self, size: int, of: str) -> None:
        self.size, self.of = size, of
        self.survivor: T | None = None
        self.members: list[tuple[bytes, str, T]] = []
        self.hosts: Counter[str] = Counter()

    def absorb(self, few: int, name: str, url: str | None, what: Callable[[], T]) -> None:
        """Count a member, and keep it if its hash is among the `few` least."""
        host = host_of(url)[:_LONG]
        if host in self.hosts or len(self.hosts) < _HOSTS:
            self.hosts[host] += 1
        rank = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if len(self.members) < few or (rank, name) < self.members[-1][:2]:
            insort(self.members, (rank, name, what()), key=lambda item: item[:2])
            del self.members[few:]

    def cluster(self, member: Callable[[T], Member]) -> Cluster:
        """Return the cluster; `member` makes what is shown of what was kept."""
        hosts = sorted(self.hosts.items(), key=lambda item: (-item[1], item[0]))
        return Cluster(
            self.size,
            self.of,
            None if self.survivor is None else member(self.survivor),
            tuple(member(what) for _, _, what in sorted(self.members, key=lambda item: item[1])),
            tuple(hosts[:_SHOWN]),
            max(0, len(hosts) - _SHOWN),
        )


class Gather(Generic[T]):
    """The `n` largest clusters of those offered; equally large ones by id."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._order: list[tuple[int, str]] = []
        self.entries: dict[str, _Entry[T]] = {}

    @property
    def least(self) -> int:
        """The least size that can still get in."""
        return -self._order[-1][0] if len(self._order) == self._n else 0

    def offer(self, size: int, of: str) -> _Entry[T] | None:
        """Return the entry of a cluster; None where `n` others come before it."""
        entry = self.entries.get(of)
        if entry is not None:
            return entry
        key = (-size, of)
        if len(self._order) == self._n:
            if key > self._order[-1]:
                return None
            del self.entries[self._order.pop()[1]]
        insort(self._order, key)
        entry = self.entries[of] = _Entry(size, of)
        return entry

    def clusters(self, member: Callable[[T], Member]) -> tuple[Cluster, ...]:
        """Return the clusters, the largest first."""
        return tuple(self.entries[of].cluster(member) for _, of in self._order)


class _Stage:
    """A dedup stage, as it is watched."""

    def __init__(self, name: str, step: int, signals: tuple[str, str], again: bool) -> None:
        self.name, self.step = name, step
        self.named, self.sized = signals
        self.again = again  # a later stage overwrites the signals of what is kept
        self.gather: Gather[Member] = Gather(TOP)
        self.sizes: Counter[int] = Counter()

    def absorb(self, doc: Document) -> None:
        assert doc.verdict is not None
        size, of = doc.signals.get(self.sized), doc.verdict.of
        if type(size) is not int or size < 2 or of is None:
            return
        self.sizes[size] += 1
        if size >= self.gather.least:
            entry = self.gather.offer(size, of)
            if entry is not None:
                entry.absorb(FEW, doc.id, doc.url, lambda: Member.of(doc, MOST))

    def stay(self, doc: Document) -> None:
        """Take a document that the stage let pass, if it is the survivor of a large cluster."""
        entry = self.gather.entries.get(doc.id)
        if entry is None and not self.again and doc.signals.get(self.named) == doc.id:
            size = doc.signals.get(self.sized)
            if type(size) is int and size >= max(2, self.gather.least):
                entry = self.gather.offer(size, doc.id)
        if entry is not None:
            entry.survivor = Member.of(doc, MOST)


class Largest:
    """Watches the documents of a run as they leave; see `found`.

    It knows the stages that declare a cluster and its size (`cluster_signals_of`) and see all
    documents before they judge: what an online stage says of sizes is not final. Where two such
    stages measure the same signals, the first one's survivors may be missing.
    """

    def __init__(self, pipe: Pipeline) -> None:
        self._steps = {name: place for place, name in enumerate(pipe.names)}
        declared = [
            None if isinstance(step, OnlineStage) else cluster_signals_of(step.measures)
            for step in pipe.steps
        ]
        self._stages = [
            _Stage(name, place, signals, signals in declared[place + 1 :])
            for place, (name, signals) in enumerate(zip(pipe.names, declared, strict=True))
            if signals is not None
        ]

    def see(self, docs: Sequence[Document]) -> None:
        """Look at documents that leave the run, each once, in any order."""
        if not self._stages:
            return
        for doc in docs:
            at = self._left(doc)
            for stage in self._stages:
                if at > stage.step:
                    stage.stay(doc)
                elif at == stage.step and doc.verdict and doc.verdict.kind == "dropped":
                    stage.absorb(doc)

    def _left(self, doc: Document) -> int:
        if doc.verdict is None:
            return len(self._steps)
        return self._steps.get(doc.verdict.stage, -1)

    def found(self, documents: int, dropped: int) -> tuple[Clusters, ...]:
        """Return the largest clusters of each stage.

        Args:
            documents: of the run.
            dropped: documents that it dropped.
        """
        return tuple(
            Clusters(
                stage.name,
                stage.gather.clusters(lambda member: member),
                documents,
                sizes(stage.sizes),
                dropped,
            )
            for stage in self._stages
        )
