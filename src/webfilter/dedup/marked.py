"""The stage that a deduplication resolves into: it knows the clusters and marks their members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from webfilter.dedup.clusters import Clusters
from webfilter.document import Document, Verdict
from webfilter.stage import Signal, Stage

__all__ = ["Duplicates"]


@dataclass(frozen=True)
class Duplicates(Stage):
    """Drops all but the first document of each cluster.

    It is data: `clusters` can be read, stored and compared. Documents in no cluster pass with both
    signals None. Subclasses name the stage, its two signals and the reason of its verdicts.
    """

    reason: ClassVar[str] = "duplicate"
    """Reason of the verdicts."""

    clusters: Clusters = field(default_factory=partial(Clusters.of, ()))
    """Ids of the documents of each cluster of two or more, the survivor first, then in order of
    preference; clusters in order of their survivor's id. A sequence of tuples; any is taken."""

    def __post_init__(self) -> None:
        if not isinstance(self.clusters, Clusters):
            object.__setattr__(self, "clusters", Clusters.of(self.clusters))

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Mark the members of clusters."""
        found = self.clusters.find([doc.id for doc in batch]).tolist()
        return [self._mark(doc, number) for doc, number in zip(batch, found, strict=True)]

    def _mark(self, doc: Document, number: int) -> Document:
        named, sized = (signal.name for signal in self.measures)
        if number < 0:
            return doc.with_signals({named: None, sized: None})
        survivor = self.clusters.survivor(number)
        marked = doc.with_signals({named: survivor, sized: self.clusters.size(number)})
        if doc.id == survivor:
            return marked
        return marked.drop(Verdict(self.name, self.reason, of=survivor))


def cluster_signals(prefix: str, what: str) -> tuple[Signal, Signal]:
    """Return the declarations of the two signals of a deduplication, named after `prefix`."""
    return (
        Signal(
            prefix,
            "str",
            f"Id of the document that stays for all {what}; None where there are none",
        ),
        Signal(
            f"{prefix}_size",
            "int",
            f"Number of {what}, the one that stays included; None where there are none",
            "documents",
            low=2,
        ),
    )
