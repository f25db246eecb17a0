"""What happened to documents, counted: cheap, picklable, mergeable.

Each worker keeps a `Ledger` for its batches; the parent merges them. Merging is associative and
commutative (times are whole nanoseconds, examples the first in alphabetical order), so it does not
matter who did what. A ledger counts and nothing else: it neither judges nor keeps documents.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from webfilter.document import Document, Verdict
from webfilter.errors import RunError
from webfilter.report.figures import limit

__all__ = ["READ", "Ledger", "Reason", "Tally", "failure_class"]

READ = "read"
"""Name of the row for documents that the reader judged; always the first."""

_EXAMPLES = 5
_LONG = 200
_BUG = "this is a bug of the run, its outputs are not complete"
_TIMEOUT = re.compile(r"time[ds]?[ -]?(out|limit)|deadline", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][\w.]*\Z")
_PLAIN_WORDS = re.compile(r"[^\W\d]+(?:[ -][^\W\d]+){0,3}")


def failure_class(reason: str) -> str:
    """Return what kind of failure the free text `reason` tells of.

    >>> failure_class("ValueError: bad thing 17"), failure_class("gave up: time limit of 10 s")
    ('ValueError', 'timeout')
    >>> failure_class("no such codec 'x-9'"), failure_class("")
    ('no such codec', 'unknown')
    """
    head = reason.partition(":")[0].strip()
    if _NAME.match(head):
        return "timeout" if head.lower() in ("timeout", "timeouterror") else head[:60]
    if _TIMEOUT.search(reason[:_LONG]):
        return "timeout"
    words = _PLAIN_WORDS.match(head)
    return words.group()[:60] if words else "unknown"


@dataclass(frozen=True)
class Reason:
    """Why some documents left at a stage."""

    name: str
    """The verdicts' reason, or the class of failure."""
    limit: str
    """The limit that was violated, such as ``< 50``; empty where there is none."""
    count: int
    kind: Literal["dropped", "failed"]


@dataclass
class Tally:
    """What happened at one stage."""

    name: str
    """Unique name of the stage in its pipeline."""
    docs_in: int = 0
    """Documents that came, still live."""
    kept: int = 0
    """Documents that went on."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Documents dropped, by reason."""
    failed: Counter[str] = field(default_factory=Counter)
    """Documents that the stage broke on, by class of failure (`failure_class`)."""
    undefined: Counter[str] = field(default_factory=Counter)
    """Documents on which a judged signal was None, by signal: its rules abstained."""
    unmeasured: int = 0
    """Documents dropped before, on which the stage broke when everything was to be measured."""
    nanoseconds: int = 0
    """Time spent in the stage, over all workers."""
    limits: dict[str, Counter[str]] = field(default_factory=dict)
    """For each reason the limits that were violated, as words (``< 50``), with their counts."""
    examples: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each class of failure up to 5 different messages, each with the id of a document."""

    @property
    def seconds(self) -> float:
        """Time spent in the stage, over all workers, in seconds."""
        return self.nanoseconds / 1e9

    @property
    def gone(self) -> int:
        """Documents that left here, dropped or failed."""
        return self.dropped.total() + self.failed.total()

    def reasons(self) -> list[Reason]:
        """Return why documents left here: first the dropped, then the failed, by falling count."""
        found: list[Reason] = []
        for name, count in self.dropped.items():
            words = self.limits.get(name, Counter())
            found += [Reason(name, limit, n, "dropped") for limit, n in words.items()]
            if count > words.total():
                found.append(Reason(name, "", count - words.total(), "dropped"))
        found += [Reason(name, "", count, "failed") for name, count in self.failed.items()]
        return sorted(found, key=lambda r: (r.kind, -r.count, r.name, r.limit))

    def count(self, results: Iterable[Document]) -> None:
        """Count where each of `results` went."""
        for doc in results:
            verdict = doc.verdict
            if verdict is None:
                self.kept += 1
            elif verdict.kind == "failed":
                group = failure_class(verdict.reason)
                self.failed[group] += 1
                message = verdict.reason[:_LONG]
                self.examples[group] = _first(self.examples.get(group, {}), {message: doc.id})
            else:
                self.dropped[verdict.reason] += 1
                words = _limit_words(verdict)
                if words:
                    self.limits.setdefault(verdict.reason, Counter())[words] += 1

    def merge(self, other: Tally) -> None:
        """Add the counts of `other`."""
        self.docs_in += other.docs_in
        self.kept += other.kept
        self.dropped.update(other.dropped)
        self.failed.update(other.failed)
        self.undefined.update(other.undefined)
        self.unmeasured += other.unmeasured
        self.nanoseconds += other.nanoseconds
        for reason, words in other.limits.items():
            self.limits.setdefault(reason, Counter()).update(words)
        for group, found in other.examples.items():
            self.examples[group] = _first(self.examples.get(group, {}), found)

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON data; reasons by falling count."""
        said: dict[str, Any] = {
            "name": self.name,
            "in": self.docs_in,
            "kept": self.kept,
            "dropped": _falling(self.dropped),
            "failed": _falling(self.failed),
            "seconds": self.seconds,
        }
        if self.undefined:
            said["undefined"] = _falling(self.undefined)
        if self.unmeasured:
            said["unmeasured"] = self.unmeasured
        if self.limits:
            said["limits"] = {
                reason: _falling(self.limits[reason]) for reason in sorted(self.limits)
            }
        if self.examples:
            said["examples"] = {
                group: [{"message": m, "id": i} for m, i in self.examples[group].items()]
                for group in sorted(self.examples)
            }
        return said

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Tally:
        """Return the row that `to_dict` gave."""
        return cls(
            name=said["name"],
            docs_in=said["in"],
            kept=said["kept"],
            dropped=Counter(said["dropped"]),
            failed=Counter(said["failed"]),
            undefined=Counter(said.get("undefined", {})),
            unmeasured=said.get("unmeasured", 0),
            nanoseconds=round(said["seconds"] * 1e9),
            limits={reason: Counter(words) for reason, words in said.get("limits", {}).items()},
            examples={
                group: {item["message"]: item["id"] for item in found}
                for group, found in said.get("examples", {}).items()
            },
        )


def _limit_words(verdict: Verdict) -> str:
    if verdict.op is None:
        return ""
    if verdict.limit is None:
        words = "not in the accepted set" if verdict.op == "not in" else verdict.op
    else:
        words = f"{verdict.op} {limit(verdict.limit)}"
    return words if verdict.signal in (None, verdict.reason) else f"{verdict.signal} {words}"


def _first(mine: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """Return the first messages of both in alphabetical order, each with its least id."""
    both = dict(mine)
    for message, name in others.items():
        both[message] = min(name, both.get(message, name))
    return {message: both[message] for message in sorted(both)[:_EXAMPLES]}


def _falling(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@dataclass
class Ledger:
    """Counts by stage, in pipeline order.

    Args:
        stages: unique names in pipeline order, so that a stage without documents has a row too;
            stages that are not named get theirs when they are first added.

    >>> ledger = Ledger(["length"])
    >>> page = Document("a").drop(Verdict("length", "words", "words", 0, 50.0, op="<"))
    >>> ledger.add("length", 2, [page, Document("b")], seconds=0.5)
    >>> ledger.check(2)
    >>> row = ledger.rows()[0]
    >>> row.docs_in, row.kept, dict(row.dropped), row.limits["words"]
    (2, 1, {'words': 1}, Counter({'< 50': 1}))
    """

    _rows: dict[str, Tally]

    def __init__(self, stages: Iterable[str] = ()) -> None:
        self._rows = {name: Tally(name) for name in stages}

    @classmethod
    def of(cls, rows: Iterable[Tally]) -> Ledger:
        """Return the ledger that holds `rows`."""
        ledger = cls()
        ledger._rows = {row.name: row for row in rows}
        return ledger

    def add(
        self, stage: str, docs_in: int, results: Sequence[Document], seconds: float = 0.0
    ) -> None:
        """Count what `stage` made of a batch.

        Args:
            stage: its unique name; ``read`` for what comes from the reader.
            docs_in: documents that came to it, still live.
            results: those documents as it left them. Documents that left the pipeline before are
                not among them, even where they were measured again. For ``read``: all documents,
                or only those that the reader judged.
            seconds: time that it took.
        """
        row = self._row(stage)
        row.docs_in += docs_in
        row.nanoseconds += round(seconds * 1e9)
        row.count(results)

    def abstain(self, stage: str, signals: Iterable[str]) -> None:
        """Count the judged `signals` that were None on a document at `stage`."""
        self._row(stage).undefined.update(signals)

    def unmeasured(self, stage: str) -> None:
        """Count a document, dropped before, on which `stage` broke when it was measured too."""
        self._row(stage).unmeasured += 1

    def merge(self, other: Ledger) -> None:
        """Add the counts of `other`."""
        for name, row in other._rows.items():
            self._row(name).merge(row)

    def _row(self, name: str) -> Tally:
        if name not in self._rows:
            self._rows[name] = Tally(name)
        return self._rows[name]

    def rows(self, total: int | None = None) -> tuple[Tally, ...]:
        """Return the rows in pipeline order, ``read`` first.

        Args:
            total: all documents of the run; the row ``read`` is then completed by those that the
                reader had nothing to say of.
        """
        read = self._rows.get(READ)
        others = tuple(row for name, row in self._rows.items() if name != READ)
        if read is None:
            return others
        whole = Tally(READ)
        whole.merge(read)
        if total is not None and total > read.docs_in and read.kept == 0:
            whole.docs_in, whole.kept = total, total - read.docs_in
        return (whole, *others)

    def check(self, total: int) -> None:
        """Make sure that every document is accounted for.

        Args:
            total: documents that came from the source.

        Raises:
            RunError: at some stage, or between two, ``in != kept + dropped + failed``.
        """
        left = total
        for row in self.rows(total):
            if row.docs_in != row.kept + row.gone:
                raise RunError(
                    f"{row.name}: {row.docs_in:,} documents came in, but {row.kept:,} kept + "
                    f"{row.dropped.total():,} dropped + {row.failed.total():,} failed = "
                    f"{row.kept + row.gone:,}; {_BUG}"
                )
            if row.docs_in != left:
                raise RunError(
                    f"{left:,} documents were on their way to {row.name}, but {row.docs_in:,} came "
                    f"in; {_BUG}"
                )
            left = row.kept
