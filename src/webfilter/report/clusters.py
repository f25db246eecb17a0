"""What a deduplication put together: its largest clusters, and all of them by size.

This is the answer (`Clusters` of `Cluster` of `Member`); `webfilter.report.absorbed` finds it among
stored documents, `webfilter.report.largest` while a run goes by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, overload

from webfilter.errors import ConfigError
from webfilter.report.borderline import beginning
from webfilter.report.cluster import Cluster, Member
from webfilter.report.figures import aligned, label, number, remarks, share, visible

if TYPE_CHECKING:
    from webfilter.report.diff import Diff

__all__ = ["Clusters", "SizeRow", "sizes"]

_TEXT, _NAME = 60, 60
_KEPT_TEXT = 200
"""Characters of a text that ``report.json`` holds."""


@dataclass(frozen=True)
class SizeRow:
    """Clusters of some sizes."""

    low: int
    """Least size."""
    high: int
    """Largest size: a power of two."""
    clusters: int
    """How many clusters there are."""
    dropped: int
    """Documents that they dropped."""

    @property
    def said(self) -> str:
        """The sizes in words: ``2``, ``3 to 4``."""
        return number(self.low) if self.low == self.high else f"{self.low:,} to {self.high:,}"


def sizes(counts: Mapping[int, int]) -> tuple[SizeRow, ...]:
    """Return clusters by size, in powers of two; sizes that no cluster has are left out.

    Args:
        counts: documents dropped, by the size of their cluster.

    >>> [(row.said, row.clusters, row.dropped) for row in sizes({2: 5, 3: 4, 4: 3, 9: 8})]
    [('2', 5, 5), ('3 to 4', 3, 7), ('9 to 16', 1, 8)]
    """
    found: dict[int, list[int]] = {}
    for size, dropped in sorted(counts.items()):
        row = found.setdefault((size - 1).bit_length(), [0, 0])
        row[0] += -(-dropped // (size - 1))
        row[1] += dropped
    return tuple(SizeRow(2 ** (p - 1) + 1, 2**p, *row) for p, row in found.items())


@dataclass(frozen=True)
class Clusters(Sequence[Cluster]):
    """The largest clusters of a deduplication: a sequence of `Cluster`, the largest first.

    Clusters of one size come by the id of the document that stayed.

    >>> from webfilter import Document
    >>> kept, gone = (Member.of(Document(name, "Water boils.")) for name in "ab")
    >>> cluster = Cluster(2, "a", kept, (gone,))
    >>> print(Clusters("minhash", (cluster,), 3, sizes({2: 1}), all_dropped=2))
    minhash: 1 cluster, 1 of 3 documents dropped as duplicates (50.0 % of all drops)
    <BLANKLINE>
    size  clusters  dropped
       2         1        1  100 %
    <BLANKLINE>
    the largest
       size  of the drops  document
    1     2         100 %  a         Water boils.
                             absorbed: b (12 characters, 100 % alike)
    """

    stage: str
    """Unique name of the stage in its pipeline."""
    largest: tuple[Cluster, ...]
    documents: int
    """Documents of the run."""
    sizes: tuple[SizeRow, ...]
    """All clusters, by size."""
    all_dropped: int = 0
    """Documents that the run dropped, for whatever reason."""
    notes: tuple[str, ...] = ()
    """What must be known to read it."""

    @overload
    def __getitem__(self, index: int) -> Cluster: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Cluster, ...]: ...
    def __getitem__(self, index: int | slice) -> Cluster | tuple[Cluster, ...]:
        return self.largest[index]

    def __len__(self) -> int:
        return len(self.largest)

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.largest)

    @property
    def total(self) -> int:
        """Clusters, all of them."""
        return sum(row.clusters for row in self.sizes)

    @property
    def dropped(self) -> int:
        """Documents that the stage dropped as duplicates."""
        return sum(row.dropped for row in self.sizes)

    def diff(self, index: int = 0, member: int | str | None = None) -> Diff:
        """Return survivor and member of a cluster side by side; see `Cluster.diff`.

        Raises:
            ConfigError: there is no such cluster or member, or their texts are not at hand.
        """
        if type(index) is not int or not -len(self) <= index < len(self):
            raise ConfigError(f"no cluster {index!r}: {label(len(self), 'cluster')} are listed")
        return self.largest[index].diff(member)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON data, with whole texts where they are at hand."""
        return {
            "stage": self.stage,
            "documents": self.documents,
            "all_dropped": self.all_dropped,
            "clusters": self.total,
            "dropped": self.dropped,
            "sizes": [
                {"low": r.low, "high": r.high, "clusters": r.clusters, "dropped": r.dropped}
                for r in self.sizes
            ],
            "largest": [cluster.to_dict() for cluster in self.largest],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Self:
        """Return what `to_dict` gave."""
        return cls(
            said["stage"],
            tuple(Cluster.from_dict(each) for each in said["largest"]),
            said["documents"],
            tuple(SizeRow(**row) for row in said["sizes"]),
            said["all_dropped"],
            tuple(said["notes"]),
        )

    def brief(self) -> Clusters:
        """Return the answer with the beginnings of texts only: what ``report.json`` holds."""

        def cut(member: Member) -> Member:
            short = Member.of(member.document, _KEPT_TEXT)
            return replace(short, length=member.length)

        return replace(
            self,
            largest=tuple(
                replace(
                    cluster,
                    survivor=cluster.survivor and cut(cluster.survivor),
                    members=tuple(map(cut, cluster.members)),
                )
                for cluster in self.largest
            ),
        )

    def __str__(self) -> str:
        of = share(self.dropped, self.all_dropped)
        lines = [
            f"{visible(self.stage, 40)}: {label(self.total, 'cluster')}, {number(self.dropped)} of "
            f"{label(self.documents, 'document')} dropped as duplicates"
            + (f" ({of} of all drops)" if of else "")
        ]
        if self.sizes:
            cells = [("size", "clusters", "dropped", "")]
            cells += [
                (r.said, number(r.clusters), number(r.dropped), share(r.dropped, self.dropped))
                for r in self.sizes
            ]
            lines += ["", *aligned(cells, right=range(4)), "", "the largest"]
            lines += list(_lines(self))
        if self.notes:
            lines += ["", *remarks(self.notes)]
        return "\n".join(lines)

    def to_html(self) -> str:
        """Return the answer as one page that needs nothing else."""
        from webfilter.report.clustered import clusters_page

        return clusters_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.clustered import clusters_fragment

        return clusters_fragment(self)


def _lines(found: Clusters) -> Iterator[str]:
    """Yield each cluster as a line of a table, and below it who was absorbed."""
    cells = [("", "size", "of the drops", "document", "")]
    for place, cluster in enumerate(found, 1):
        shown = cluster.survivor
        text = "(not among these documents)" if shown is None else beginning(shown.text, _TEXT)
        name = visible(cluster.of, _NAME) if shown is None else visible(shown.title, _NAME)
        part = share(cluster.absorbed, found.dropped)
        cells.append((number(place), number(cluster.size), part, name, visible(text, _TEXT)))
    drawn = aligned(cells, right={0, 1, 2})
    indent = " " * (drawn[0].index("document") + 2)
    yield drawn[0]
    for line, cluster in zip(drawn[1:], found, strict=True):
        yield line
        if cluster.survivor is not None and cluster.survivor.url:
            yield f"{indent}id: {visible(cluster.of, 90)}"
        if cluster.survivor is not None and cluster.survivor.verdict is not None:
            said = visible(cluster.survivor.verdict, 90)
            yield f"{indent}left later: {said}"
        if len(cluster.hosts) + cluster.other_hosts > 1:
            yield f"{indent}hosts: {cluster.said_hosts()}"
        for member, how in zip(cluster.members, cluster.likeness, strict=True):
            alike = "" if how is None else f", {share(how, 1)} alike"
            facts = f"{label(member.length, 'character')}{alike}"
            yield f"{indent}absorbed: {visible(member.title, _NAME)} ({facts})"
        more = cluster.absorbed - len(cluster.members)
        if more > 0:
            yield f"{indent}and {number(more)} more"
