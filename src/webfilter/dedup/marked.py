"""The stage that a deduplication resolves into: it knows the clusters and marks their members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

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

    clusters: tuple[tuple[str, ...], ...] = ()
    """Ids of the documents of each cluster of two or more, the survivor first, then in order of
    preference; clusters in order of their survivor's id."""

    @cached_property
    def _cluster_of(self) -> Mapping[str, tuple[str, ...]]:
        return {member: cluster for cluster in self.clusters for member in cluster}

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Mark the members of clusters."""
        return [self._mark(doc) for doc in batch]

    def _mark(self, doc: Document) -> Document:
        named, sized = (signal.name for signal in self.measures)
        cluster = self._cluster_of.get(doc.id)
        if cluster is None:
            return doc.with_signals({named: None, sized: None})
        marked = doc.with_signals({named: cluster[0], sized: len(cluster)})
        if doc.id == cluster[0]:
            return marked
        return marked.drop(Verdict(self.name, self.reason, of=cluster[0]))


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
