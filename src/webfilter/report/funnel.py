"""The result of a run: how many documents came, where they left, and why.

A `Report` is data with three faces: a table for the terminal (``str``), JSON (``report.json``), and
a page (`webfilter.report.page`). A `Ledger` has counted the documents; what other limits would do
to them is asked of the stored ones: `Report.sweep`, `Report.borderline`, `Report.removal`,
`Report.audit`, `Report.clusters`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from webfilter.document import Document
from webfilter.errors import OutputError, SourceError, because
from webfilter.report.figures import aligned, duration, label, number, rate, share, size, visible
from webfilter.report.layout import VERSION, check_layout
from webfilter.report.ledger import READ, Tally
from webfilter.report.tiers import TierRow, rows_from, rows_to, tier_lines
from webfilter.stage import Step

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.report.again import Op
    from webfilter.report.audit import Audit
    from webfilter.report.borderline import Borderline
    from webfilter.report.breakdown import Breakdown
    from webfilter.report.clusters import Clusters
    from webfilter.report.removal import Removal
    from webfilter.report.sweep import Sweep

__all__ = ["Report"]

_MANY = 12
"""Reasons a stage that the terminal shows."""


@dataclass(kw_only=True)
class Report:
    """What a run did.

    >>> from webfilter.report import Ledger
    >>> ledger = Ledger(["gopher_quality"])
    >>> ledger.add("gopher_quality", 0, [])
    >>> report = Report(stages=ledger.rows(), total=0)
    >>> Report.from_dict(report.to_dict()) == report
    True
    """

    stages: Sequence[Tally]
    """What happened at each stage, in pipeline order; ``read`` first, where the reader judged."""
    total: int
    """Documents that came from the source."""
    seconds: float = 0.0
    """Wall time of the run, in seconds."""
    workers: int = 1
    """Processes that worked."""
    started: str = ""
    """When the run started, ISO 8601."""
    fingerprint: str = ""
    """Of the pipeline: changes whenever results may."""
    recipe: str = ""
    """The pipeline as TOML; empty where it cannot be written so."""
    inputs: Sequence[tuple[str, int | None]] = ()
    """What was read: path, and size in bytes where known."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Folder of each kind of documents: ``kept``, ``dropped``, ``failed``."""
    skipped_records: Mapping[str, int] = field(default_factory=dict)
    """Records of the source that are no pages (requests, metadata ...), by type."""
    renamed_ids: int = 0
    """Documents whose id another one had, and that got a new one."""
    resumed: int = 0
    """Documents whose work was done by an interrupted run into the same folder."""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    """Versions and checksums of models and engines."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of the software, and the machine."""
    peak_parent: int | None = None
    """Largest memory of the parent process, in bytes."""
    peak_worker: int | None = None
    """Largest memory of a worker process, in bytes."""
    warnings: Sequence[str] = ()
    """What a person should look at."""
    measure_all: bool = False
    """Whether dropped documents were measured by the later stages too."""
    tiers: Sequence[TierRow] = ()
    """What each nested tier holds, the widest first, where the pipeline has `Tiers`: documents,
    tokens, characters."""
    largest: Sequence[Clusters] = field(default=(), compare=False, repr=False)
    """The largest clusters of each deduplication, as far as they were seen going by (`clusters`
    finds all of them); after `load`, with the beginnings of texts only."""
    folder: str | None = field(default=None, compare=False, repr=False)
    """Where the run wrote the report, or `load` found it; its documents lie beside it, wherever it
    was moved."""
    documents: Sequence[Document] | None = field(default=None, compare=False, repr=False)
    """The marked documents, where they are in memory (`of`)."""
    pipe: Pipeline | None = field(default=None, compare=False, repr=False)
    """The pipeline that ran, where it is at hand; else it is built from `recipe` when needed."""

    def __post_init__(self) -> None:
        self.stages = tuple(self.stages)
        self.inputs = tuple((path, count) for path, count in self.inputs)
        self.warnings = tuple(self.warnings)
        self.tiers = tuple(self.tiers)

    @property
    def kept(self) -> int:
        """Documents kept."""
        return self.stages[-1].kept if self.stages else self.total

    @property
    def dropped(self) -> int:
        """Documents dropped by a rule."""
        return sum(row.dropped.total() for row in self.stages)

    @property
    def failed(self) -> int:
        """Documents on which a stage, or the reader, broke."""
        return sum(row.failed.total() for row in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON data: what ``report.json`` holds."""
        said: dict[str, Any] = {
            "version": VERSION,
            "in": self.total,
            "kept": self.kept,
            "dropped": self.dropped,
            "failed": self.failed,
            "seconds": self.seconds,
            "workers": self.workers,
            "started": self.started,
            "fingerprint": self.fingerprint,
            "measure_all": self.measure_all,
            "warnings": list(self.warnings),
            "stages": [row.to_dict() for row in self.stages],
            "inputs": [{"path": path, "bytes": count} for path, count in self.inputs],
            "outputs": dict(self.outputs),
            "skipped_records": dict(self.skipped_records),
            "renamed_ids": self.renamed_ids,
            "resumed": self.resumed,
            "peak_memory": {"parent": self.peak_parent, "worker": self.peak_worker},
            "artifacts": dict(self.artifacts),
            "versions": dict(self.versions),
            "recipe": self.recipe,
        }
        if self.tiers:
            said["tiers"] = rows_to(self.tiers)
        if self.largest:
            said["clusters"] = [found.brief().to_dict() for found in self.largest]
        return said

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Self:
        """Return the report that `to_dict` gave.

        Raises:
            SourceError: it is not a report, of a version that is not known here, or a field has a
                value that does not fit.
        """
        check_layout(said)
        return cls(
            stages=tuple(Tally.from_dict(row) for row in said["stages"]),
            total=said["in"],
            inputs=tuple((item["path"], item["bytes"]) for item in said["inputs"]),
            warnings=tuple(said["warnings"]),
            measure_all=said.get("measure_all", False),
            resumed=said.get("resumed", 0),
            tiers=rows_from(said.get("tiers", ())),
            largest=_largest(said.get("clusters", ())),
            peak_parent=said["peak_memory"]["parent"],
            peak_worker=said["peak_memory"]["worker"],
            **{name: said[name] for name in _AS_IS},
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write ``report.json`` to `path`, under a temporary name first.

        Raises:
            OutputError: it cannot be written.
        """
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)
        whole = Path(path)
        part = whole.with_name(whole.name + ".tmp")
        try:
            part.write_bytes(text.encode("utf-8", "replace") + b"\n")
            part.replace(whole)
        except OSError as error:
            why = because(error)
            raise OutputError(f"cannot write the report to {str(path)!r}: {why}") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a report that `save` wrote: ``report.json``, or the run folder that holds it.

        Raises:
            SourceError: the file cannot be read, is no report, or is not on this machine.
        """
        if "://" in str(path):
            raise SourceError(
                f"cannot read the report {str(path)!r}: it is read from this machine only; copy "
                "the run folder here"
            )
        try:
            place = Path(path)
            place = place / "report.json" if place.is_dir() else place
            said = json.loads(place.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise SourceError(
                f"cannot read the report {str(path)!r}: {error}; restore the file, or run again"
            ) from error
        try:
            report = cls.from_dict(said)
        except SourceError as error:
            raise SourceError(f"cannot read the report {str(path)!r}: {error}") from None
        report.folder = str(place.parent)
        return report

    @classmethod
    def of(
        cls, pipe: Pipeline | Step, docs: Iterable[Document], *, measure_all: bool = False
    ) -> Self:
        """Return the report of documents that `pipe` has marked in memory, and hold them.

        So `sweep`, `borderline` and `removal` work on ``pipe(docs)`` as on a run folder.

        Args:
            pipe: the pipeline that marked them.
            docs: all of them, kept, dropped and failed.
            measure_all: whether the run measured dropped ones too (the lists of memory sinks of
                ``pipe.run(..., measure_all=True)``; ``pipe(docs)`` does not).

        >>> from webfilter import Judge, Rule
        >>> pipe = Judge((Rule("words", ge=50, le=900),), given=True)
        >>> docs = [Document(str(n), signals={"words": n}) for n in (10, 40, 60, 1000)]
        >>> report = Report.of(pipe, pipe(docs))
        >>> [(row.limit, row.kept, row.change) for row in report.sweep("words", [20, 50, 100])]
        [(20.0, 2, 1), (50.0, 1, 0), (100.0, 0, -1)]
        >>> [doc.id for doc in report.borderline("words", n=2)]
        ['40', '60']
        >>> [(row.rule, row.only) for row in report.removal()]
        [('words < 50', 2), ('words > 900', 1)]
        """
        from webfilter.report.marked import report_of

        return report_of(cls, pipe, docs, measure_all)

    def sweep(
        self,
        signal: str,
        limits: Iterable[float | None],
        *,
        bound: Op | None = None,
        stage: str | None = None,
        language: str | None = None,
        pipe: Pipeline | Step | None = None,
    ) -> Sweep:
        """Return what the pipeline would keep at other `limits` of the rule on `signal`.

        Nothing is measured again: the stored signals are judged anew. That is exact where the run
        had ``measure_all=True`` and no later stage compares documents (dedup); elsewhere the result
        says how many documents are undecided.

        Args:
            signal: what the rule judges; one that no rule judges can be tried too, with `bound`.
            limits: the limits to try; None switches the limit off.
            bound: which limit of the rule: ``ge`` or ``gt`` (least), ``le`` or ``lt`` (most); None
                takes the only one, or the first.
            stage: the stage, where several judge the signal.
            language: the language, where `ByLanguage` has another limit for each (``other``: those
                without a stage of their own).
            pipe: the pipeline that ran; needed where its recipe cannot name a stage.

        Raises:
            UnknownName: no such signal, bound, stage or language.
            ConfigError: no number, or a rule that has no limit to move or cannot be judged again.
            SourceError: the documents of the run are not stored, or not there.
        """
        from webfilter.report.sweep import sweep

        return sweep(self, signal, limits, bound=bound, stage=stage, language=language, pipe=pipe)

    def borderline(
        self,
        signal: str,
        n: int = 20,
        *,
        bound: Op | None = None,
        stage: str | None = None,
        language: str | None = None,
        others: bool = False,
        pipe: Pipeline | Step | None = None,
    ) -> Borderline:
        """Return the `n` documents nearest to the limit on `signal`, on either side of it.

        Args:
            signal: what the rule judges.
            n: how many; equally near ones by id.
            bound: see `sweep`.
            stage: see `sweep`.
            language: see `sweep`.
            others: take documents too that another rule drops, whatever this limit is.
            pipe: see `sweep`.

        Raises:
            UnknownName, ConfigError, SourceError: see `sweep`.
        """
        from webfilter.report.borderline import borderline

        return borderline(
            self, signal, n, bound=bound, stage=stage, language=language, others=others, pipe=pipe
        )

    def removal(self, *, characters: bool = False, pipe: Pipeline | Step | None = None) -> Removal:
        """Return for each rule what it removes: by itself, first, and as the only one.

        What only one rule removes is what the pipeline would keep more without it. That is exact
        where the run had ``measure_all=True``; elsewhere the counts are bounds, and say so.

        Args:
            characters: tell shares of characters (reads the texts), not of the signal ``words``.
            pipe: see `sweep`.

        Raises:
            ConfigError, SourceError: see `sweep`.
        """
        from webfilter.report.removal import removal

        return removal(self, characters=characters, pipe=pipe)

    def breakdown(self, by: str, n: int = 20, *, mean: str | None = None) -> Breakdown:
        """Return who is kept: the documents by language, host, source or what else they share.

        For each group how many there are, how many were kept, whether that is more or less than of
        the others beyond chance, why the rest left, and what part it has in all that is kept.

        Args:
            by: ``"host"`` of the URL, a signal, such as ``"language"``, or a field of `meta`, such
                as ``"meta.source"`` (the file that was read).
            n: groups to tell of, the largest first; the others are told together.
            mean: a signal whose mean over the kept documents is told, such as ``"educational"``.

        Raises:
            UnknownName: nobody measured the signal, or no document has the field.
            ConfigError: none has a URL, or a number has too many values for groups.
            SourceError: see `sweep`.

        >>> from webfilter import ExactDedup, Pipeline
        >>> pipe = Pipeline((ExactDedup(),))
        >>> docs = [Document(n, "Hi.", url=f"https://{n}.example/") for n in "abc"]
        >>> [(row.value, row.kept) for row in Report.of(pipe, pipe(docs)).breakdown("host")]
        [('a.example', 1), ('b.example', 0), ('c.example', 0)]
        """
        from webfilter.report.grouping import breakdown

        return breakdown(self, by, n, mean=mean)

    def clusters(
        self,
        stage: str | None = None,
        n: int = 20,
        *,
        members: int = 5,
        pipe: Pipeline | Step | None = None,
    ) -> Clusters:
        """Return the largest clusters of a deduplication: who stayed, and who was dropped for it.

        Args:
            stage: its name; None takes the only one.
            n: how many; equally large ones by the id of the document that stayed.
            members: documents of each that are returned, beside the one that stayed: drawn by a
                hash of the id.
            pipe: see `sweep`; without it, and without a recipe, the verdicts tell all the same.

        Raises:
            UnknownName: there is no such stage.
            ConfigError: the stage drops no duplicates, there are several such stages, or none.
            SourceError: see `sweep`.

        >>> from webfilter import ExactDedup, Pipeline
        >>> pipe = Pipeline((ExactDedup(),))
        >>> docs = [Document(name, "Water boils.") for name in "abc"]
        >>> [(cluster.of, cluster.size) for cluster in Report.of(pipe, pipe(docs)).clusters()]
        [('a', 3)]
        """
        from webfilter.report.absorbed import clusters

        return clusters(self, stage, n, members=members, pipe=pipe)

    def audit(self, *, pipe: Pipeline | Step | None = None) -> Audit:
        """Return how many documents that a `Cascade` dropped would have been kept, by its audit.

        Args:
            pipe: see `sweep`.

        Raises:
            ConfigError: the pipeline has no cascade.
            SourceError: see `sweep`.
        """
        from webfilter.report.audit import audit

        return audit(self, pipe=pipe)

    def __str__(self) -> str:
        parts = [f"{_headline(self)}\n", _table(self)]
        if any(row.gone for row in self.stages):
            parts += ["", "why documents left", *_reasons(self)]
        if any(row.undefined for row in self.stages):
            parts += ["", "undefined signals, whose rules abstained", *_undefined(self)]
        parts += tier_lines(self.tiers, self.total)
        parts += ["", *(f"warning: {visible(text)}" for text in self.warnings), _footer(self)]
        return "\n".join(parts)

    def to_html(self) -> str:
        """Return the report as one page that needs nothing else: no scripts, no network."""
        from webfilter.report.page import report_page

        return report_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.page import report_fragment

        return report_fragment(self)

    def card(self) -> str:
        """Return a data card for the kept documents, as Markdown."""
        from webfilter.report.card import card

        return card(self)


def _largest(said: Iterable[Mapping[str, Any]]) -> tuple[Clusters, ...]:
    from webfilter.report.clusters import Clusters

    return tuple(Clusters.from_dict(each) for each in said)


_AS_IS = (
    *("seconds", "workers", "started", "fingerprint", "recipe", "outputs", "skipped_records"),
    *("renamed_ids", "artifacts", "versions"),
)


def _headline(report: Report) -> str:
    of = f" ({share(report.kept, report.total)})" if report.total else ""
    return f"{number(report.kept)} of {label(report.total, 'document')} kept{of}"


def _table(report: Report) -> str:
    head = ("stage", "in", "kept", "", "dropped", "failed", "time")
    body = [
        (
            visible(row.name, 40),
            number(row.docs_in),
            number(row.kept),
            share(row.kept, row.docs_in),
            _count(row.dropped.total()),
            _count(row.failed.total()),
            duration(row.seconds) if row.name != READ or row.seconds else "",
        )
        for row in report.stages
    ]
    last = (
        "all",
        number(report.total),
        number(report.kept),
        share(report.kept, report.total),
        _count(report.dropped),
        _count(report.failed),
        duration(sum(row.seconds for row in report.stages)),
    )
    return "\n".join(aligned([head, *body, last], right=range(1, 7), rule_before=len(body) + 1))


def _count(value: int) -> str:
    return number(value) if value else "-"


def _reasons(report: Report) -> list[str]:
    cells = []
    for row in report.stages:
        reasons = row.reasons()
        shown = reasons[:_MANY] if len(reasons) > _MANY + 1 else reasons
        stage = visible(row.name, 40)
        for reason in shown:
            text = visible(f"{reason.name} {reason.limit}".rstrip(), 60)
            text += " (failed)" if reason.kind == "failed" else ""
            cells.append(
                (f"  {stage}", text, number(reason.count), share(reason.count, row.docs_in))
            )
            stage = ""
        if len(shown) < len(reasons):
            rest = sum(reason.count for reason in reasons[len(shown) :])
            text = f"{len(reasons) - len(shown):,} more reasons"
            cells.append(("", text, number(rest), share(rest, row.docs_in)))
    return aligned(cells, right={2, 3})


def _undefined(report: Report) -> list[str]:
    cells = []
    for row in report.stages:
        for signal, count in sorted(row.undefined.items()):
            stage = f"  {visible(row.name, 40)}"
            share_of = share(count, row.docs_in)
            cells.append((stage, visible(signal, 60), number(count), share_of))
    return aligned(cells, right={2, 3})


def _footer(report: Report) -> str:
    said = [label(report.workers, "worker")]
    if report.seconds > 0:
        new = report.total - report.resumed
        said += [duration(report.seconds), f"{rate(new, report.seconds)} documents/s"]
    if report.resumed:
        said.append(f"{number(report.resumed)} done before an interruption")
    if report.peak_parent:
        more = f" + {size(report.peak_worker)} a worker" if report.peak_worker else ""
        said.append(f"memory {size(report.peak_parent)}{more}")
    if report.fingerprint:
        said.append(f"fingerprint {visible(report.fingerprint)}")
    return ", ".join(said)
