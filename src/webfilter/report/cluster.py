"""A cluster of duplicates: the document that stayed, and those that were dropped for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.report.figures import label, number, visible

if TYPE_CHECKING:
    from webfilter.report.diff import Diff

__all__ = ["Cluster", "Member", "host_of"]

_HOSTS = 3


@dataclass(frozen=True)
class Member:
    """A document of a cluster."""

    document: Document
    length: int
    """Characters of its text, of which `document` may hold the first only."""
    left: str | None = None
    """Its verdict in words, where ``report.json`` told of it, which holds no more."""

    @classmethod
    def of(cls, document: Document, most: int | None = None) -> Self:
        """Return the member that `document` is, with at most `most` characters of its text."""
        length = len(document.text)
        if most is not None:
            document = Document(
                document.id, document.text[:most], url=document.url, verdict=document.verdict
            )
        return cls(document, length)

    @property
    def id(self) -> str:
        """Id of the document."""
        return self.document.id

    @property
    def url(self) -> str | None:
        """Its URL, where it has one."""
        return self.document.url

    @property
    def text(self) -> str:
        """Its text, as far as it is at hand."""
        return self.document.text

    @property
    def host(self) -> str:
        """Host of its URL, in lower case; empty where there is none."""
        return host_of(self.url)

    @property
    def verdict(self) -> str | None:
        """Why it left, in words; None: it was kept."""
        return self.left if self.document.verdict is None else str(self.document.verdict)

    @property
    def title(self) -> str:
        """URL or id, to be shown."""
        return visible(self.url or self.id, 200)

    def to_dict(self) -> dict[str, Any]:
        """Return the member as JSON data, with the text that is at hand."""
        return {
            "id": self.id,
            "url": self.url,
            "length": self.length,
            "verdict": self.verdict,
            "text": self.text,
        }

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Self:
        """Return the member that `to_dict` gave, with its verdict in words."""
        document = Document(said["id"], said["text"], url=said["url"])
        return cls(document, said["length"], said.get("verdict"))


@dataclass(frozen=True)
class Cluster:
    """One document that stayed, and those that were dropped for it.

    >>> kept, gone = (Member.of(Document(name, f"Water boils at {name}.")) for name in "ab")
    >>> Cluster(2, "a", kept, (gone,)).diff().removed
    1
    """

    size: int
    """Documents, the one that stayed included."""
    of: str
    """Id of the one that stayed."""
    survivor: Member | None
    """The one that stayed; None where it is not among the documents of the run (an index of
    earlier runs named it), or is not at hand. A later stage may have dropped it."""
    members: tuple[Member, ...]
    """Some of those that were absorbed, by id: drawn by a hash, so the same for any order of
    input."""
    hosts: tuple[tuple[str, int], ...] = ()
    """Hosts of the absorbed documents, with their counts, the most frequent first; at most 100."""
    other_hosts: int = 0
    """Further hosts that were counted; counting stops at some thousand."""

    @property
    def absorbed(self) -> int:
        """Documents dropped."""
        return self.size - 1

    @cached_property
    def likeness(self) -> tuple[float | None, ...]:
        """For each member, the share of word 5-grams that it has in common with the survivor.

        None where a text is not at hand. It is measured on words in lower case, and is no signal of
        the stage that linked them.
        """
        from webfilter.report.diff import compared
        from webfilter.report.matching import similarity

        one = None if self.survivor is None else compared(self.survivor)
        others = map(compared, self.members)
        return tuple(
            None if one is None or other is None else similarity(one, other) for other in others
        )

    @property
    def least_similar(self) -> Member | None:
        """The member that has least in common with the survivor; None where texts are missing."""
        known = [(how, place) for place, how in enumerate(self.likeness) if how is not None]
        return self.members[min(known)[1]] if known else None

    def diff(self, member: int | str | None = None) -> Diff:
        """Return survivor and member side by side.

        Args:
            member: its index among `members`, or its id; None takes the least similar one, which
                tells soonest whether the cluster is right.

        Raises:
            ConfigError: the texts are not at hand, or no such member is.
        """
        from webfilter.report.diff import diff

        chosen: Member | None
        if member is None:
            chosen = self.least_similar
        elif isinstance(member, str):
            chosen = next((each for each in self.members if each.id == member), None)
            if chosen is None:
                raise UnknownName("member", member, [each.id for each in self.members])
        elif type(member) is int and -len(self.members) <= member < len(self.members):
            chosen = self.members[member]
        else:
            raise ConfigError(
                f"member = {member!r}: {label(len(self.members), 'member')} of {self.size - 1:,} "
                "are at hand; give an index, an id, or ask for more with members="
            )
        if self.survivor is None or chosen is None:
            raise ConfigError(
                f"no diff: the text of {self.of!r} or of a document that it absorbed is not among "
                "the documents of this run"
            )
        return diff(self.survivor, chosen)

    def said_hosts(self) -> str:
        """Return the hosts in words: ``a.com 12, b.org 3``."""
        said = [f"{visible(host or '(no host)', 60)} {number(n)}" for host, n in self.hosts]
        rest = len(said) - _HOSTS + self.other_hosts
        if rest > 1:
            said = [*said[:_HOSTS], label(rest, "more host")]
        return ", ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Return the cluster as JSON data."""
        return {
            "size": self.size,
            "of": self.of,
            "survivor": None if self.survivor is None else self.survivor.to_dict(),
            "members": [each.to_dict() for each in self.members],
            "hosts": [[host, count] for host, count in self.hosts],
            "other_hosts": self.other_hosts,
        }

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Self:
        """Return the cluster that `to_dict` gave."""
        survivor = said["survivor"]
        return cls(
            said["size"],
            said["of"],
            None if survivor is None else Member.from_dict(survivor),
            tuple(map(Member.from_dict, said["members"])),
            tuple((host, count) for host, count in said["hosts"]),
            said["other_hosts"],
        )


def host_of(url: str | None) -> str:
    """Return the host of a URL, in lower case; empty where there is none.

    >>> host_of("https://Example.com/a"), host_of("http://[broken"), host_of(None)
    ('example.com', '', '')
    """
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""
