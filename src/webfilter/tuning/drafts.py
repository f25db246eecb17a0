"""Measure pages twice, on the draft and on the final text: how far off a draft is, limit by limit.

What counts of a value is its shortfall: by how much it misses the limit, in the units of the
signal, negative where it keeps it. So limits in both directions look the same: a draft is dropped
where its shortfall exceeds the slack.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.extract.cascade import Cascade
from webfilter.extract.screen import isolated
from webfilter.pipeline import Pipeline
from webfilter.read import read
from webfilter.report.ledger import READ, Ledger
from webfilter.run.local import apply
from webfilter.stage import Filter, Rule, Stage

__all__ = ["Drafts", "Limit", "measured"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Row = dict[int, float]
"""Shortfalls of one text, by the number of the limit."""


@dataclass(frozen=True)
class Limit:
    """One limit that drafts can be judged by."""

    stage: str
    signal: str
    op: str
    """``ge``, ``gt``, ``le``, ``lt``, or ``in``: a text, believed from a score on."""
    limit: float | None
    """The limit on the final text; None: a set, or another for each document."""

    @property
    def key(self) -> str:
        """The limit as the slack of a `Cascade` names it."""
        return f"{self.stage}.{self.signal}.{self.op}"


@dataclass(frozen=True)
class Drafts:
    """What was measured; one row a limit, one column a page, in order of a hash of the id."""

    limits: tuple[Limit, ...]
    final: Floats
    """Shortfall of the final text; -inf where the limit says nothing of it."""
    draft: Floats
    """Shortfall of the draft; -inf where there is none. Of a rule on a text: the score, where the
    text is not accepted."""
    second: Floats | None
    """The same of the second draft; None: the cascade makes none."""
    drafted: Mask
    """Whether the first draft was made; where it was not, the second one stands in."""
    kept: Mask
    """Whether the pipeline keeps the final text, dedup apart."""
    ranks: Floats
    """A number in 0 to 1 from the id of each page, rising."""
    gone: Mapping[str, int]
    """Documents that take no part: dropped before the page is extracted, failed, without HTML."""
    seconds: Mapping[str, float]
    """Wall seconds for a page: ``draft``, ``second``, ``final``, and each stage of the screen on
    one draft."""
    always: Mapping[str, bool]
    """Whether a stage of the screen must run where a later one judges: it changes the text."""

    def __len__(self) -> int:
        return len(self.kept)

    def part(self, mask: Mask) -> Drafts:
        """Return the pages in `mask`."""
        return replace(
            self,
            final=self.final[:, mask],
            draft=self.draft[:, mask],
            second=None if self.second is None else self.second[:, mask],
            drafted=self.drafted[mask],
            kept=self.kept[mask],
            ranks=self.ranks[mask],
        )


_BATCH = 64


def measured(pipe: Pipeline, source: Any, *, seed: int = 0) -> Drafts:
    """Run the drafts and the final texts of `source` through the stages of a cascaded `pipe`.

    Args:
        pipe: a pipeline with one `Cascade`.
        source: whatever `webfilter.read` takes; documents that were judged come in afresh.
        seed: another one orders the pages otherwise.

    Raises:
        ConfigError: the pipeline has no cascade, or its screen has no limit to give slack.
    """
    places = [n for n, step in enumerate(pipe.steps) if isinstance(step, Cascade)]
    if len(places) != 1:
        raise ConfigError("fit_cascade: the pipeline must have one Cascade, or one Extract")
    cascade = pipe.steps[places[0]]
    assert isinstance(cascade, Cascade)
    named = list(zip(pipe.names, pipe.steps, strict=True))
    before = _stages(named[: places[0]])
    later = _stages(named[places[0] + 1 :])
    judges = _Judges(cascade)
    gone: Counter[str] = Counter()
    rows: list[tuple[float, bool, Row, Row, Row]] = []
    pages = 0
    for batch in _batches(source):
        docs = []
        for doc in _run(before, batch):
            if doc.verdict is not None:
                gone[doc.verdict.stage] += 1
            elif doc.html is None:
                gone["without HTML"] += 1
            else:
                docs.append(doc)
        if not docs:
            continue
        pages += len(docs)
        first = judges.on_drafts(cascade.draft, "draft", docs)
        second = judges.on_drafts(cascade.second, "second", docs)
        with judges.timed("final"):
            finals = apply(cascade.final, "cascade", docs, Ledger())
        on_finals = judges.shortfalls(finals, draft=False)
        found = zip(on_finals, first, second, strict=True)
        for doc, shortfalls in zip(_run(later, finals), found, strict=True):
            if doc.verdict is not None and doc.verdict.kind == "failed":
                gone[doc.verdict.stage] += 1
                continue
            rows.append((_rank(doc.id, seed), doc.live, *shortfalls))
    rows.sort(key=lambda row: row[0])
    limits = judges.limits
    return Drafts(
        limits=tuple(limits),
        final=_table(len(limits), [row[2] for row in rows]),
        draft=_table(len(limits), [row[3] for row in rows]),
        second=None if cascade.second is None else _table(len(limits), [row[4] for row in rows]),
        drafted=np.array([bool(row[3]) for row in rows], dtype=np.bool_),
        kept=np.array([row[1] for row in rows], dtype=np.bool_),
        ranks=np.array([row[0] for row in rows], dtype=np.float64),
        gone=dict(sorted(gone.items())),
        seconds={
            what: seconds / max(1, judges.texts if what in judges.names else pages)
            for what, seconds in judges.seconds.items()
        },
        always={name: not isinstance(stage, Filter) for name, stage in cascade.follows},
    )


def _stages(named: Sequence[tuple[str, Any]]) -> list[tuple[str, Stage]]:
    return [(name, step) for name, step in named if isinstance(step, Stage)]


def _run(stages: Sequence[tuple[str, Stage]], docs: Sequence[Document]) -> list[Document]:
    """Run stages over documents; dropped ones are measured on, and keep their first verdict."""
    marked = list(docs)
    for name, stage in stages:
        marked = apply(stage, name, marked, Ledger(), measure_all=True)
    return marked


def _batches(source: Any) -> Iterator[list[Document]]:
    stream = iter(read(source))
    while batch := list(islice(stream, _BATCH)):
        yield [
            replace(doc, verdict=None)
            for doc in batch
            if doc.verdict is None or (doc.verdict.kind == "dropped" and doc.verdict.stage != READ)
        ]


def _rank(name: str, seed: int) -> float:
    key = f"fit cascade:{seed}:{name}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(key, digest_size=8).digest()
    return float((int.from_bytes(digest, "big") >> 11) / 2**53)


def _table(limits: int, rows: Sequence[Mapping[int, float]]) -> Floats:
    table = np.full((limits, len(rows)), -math.inf)
    for column, row in enumerate(rows):
        for place, value in row.items():
            table[place, column] = value
    return table


class _Judges:
    """Runs drafts and the screen; numbers the limits as they are met, and takes the time."""

    def __init__(self, cascade: Cascade) -> None:
        self.limits: list[Limit] = []
        self.seconds: dict[str, float] = dict.fromkeys(("draft", "second", "final"), 0.0)
        self.texts = 0
        self._cascade = cascade
        self._places: dict[str, int] = {}
        self._kinds = {
            signal.name: signal.kind for _, stage in cascade.follows for signal in stage.measures
        }
        self.names = {name for name, _ in cascade.follows}
        for name, stage in cascade.follows:
            self.seconds[name] = 0.0
            for rule in stage.rules:
                for op, limit in self._bounds(rule):
                    self._place(name, rule.signal, op, None if stage.by_document else limit)
        if not self.limits:
            raise ConfigError(
                "fit_cascade: no stage after the extraction has a limit that can judge drafts"
            )

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Add the time that the block takes."""
        start = time.perf_counter()
        yield
        self.seconds[what] += time.perf_counter() - start

    def on_drafts(self, draft: Stage | None, what: str, docs: Sequence[Document]) -> list[Row]:
        """Return by how much a draft of each page misses each limit."""
        if draft is None:
            return [{} for _ in docs]
        with self.timed(what):
            drafts = isolated(draft, docs)
        return self.shortfalls(drafts, draft=True)

    def _bounds(self, rule: Rule) -> list[tuple[str, float | None]]:
        if rule.isin is not None:
            return [("in", None)]
        return [] if self._kinds.get(rule.signal) == "bool" else [*rule.bounds()]

    def _place(self, stage: str, signal: str, op: str, limit: float | None) -> int:
        made = Limit(stage, signal, op, limit)
        if made.key not in self._places:
            self._places[made.key] = len(self.limits)
            self.limits.append(made)
        return self._places[made.key]

    def shortfalls(self, docs: Sequence[Document], *, draft: bool) -> list[Row]:
        """Return by how much each text misses each limit; nothing for a draft that there is not."""
        found: list[Row] = [{} for _ in docs]
        failed = [doc.verdict is not None and (draft or not _dropped(doc)) for doc in docs]
        marked = [replace(doc, verdict=None) for doc in docs]
        self.texts += len(docs) * draft
        for name, stage in self._cascade.follows:
            if draft:
                with self.timed(name):
                    marked = isolated(stage, marked)
            else:
                marked = isolated(stage, marked)
            for n, doc in enumerate(marked):
                failed[n] |= doc.verdict is not None and not _dropped(doc)
                if not failed[n]:
                    self._judge(name, stage.rules_for(doc), doc, found[n], draft)
            marked = [replace(doc, verdict=None) for doc in marked]
        return found

    def _judge(
        self, name: str, rules: Sequence[Rule], doc: Document, row: Row, draft: bool
    ) -> None:
        for rule in rules:
            for op, limit in self._bounds(rule):
                place = self._place(name, rule.signal, op, None)
                value = _shortfall(doc, rule, op, limit, draft)
                row[place] = max(row.get(place, -math.inf), value)


def _dropped(doc: Document) -> bool:
    return doc.verdict is not None and doc.verdict.kind == "dropped"


def _shortfall(doc: Document, rule: Rule, op: str, limit: float | None, draft: bool) -> float:
    value = doc.signals.get(rule.signal)
    if value is None:
        return -math.inf
    if limit is None:
        if rule.violated(value) is None:
            return -math.inf
        score = doc.signals.get(f"{rule.signal}_score")
        return float(score) if draft and isinstance(score, (int, float)) else math.inf
    if isinstance(value, str):
        return -math.inf
    return limit - value if op in ("ge", "gt") else value - limit
