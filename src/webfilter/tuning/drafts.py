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
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from webfilter.stage import Rule, Stage

__all__ = ["Drafts", "Limit", "measured"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


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
    """Shortfall of the draft. Of a rule on a text: the score, where the text is not accepted."""
    kept: Mask
    """Whether the pipeline keeps the final text, dedup apart."""
    ranks: Floats
    """A number in 0 to 1 from the id of each page, rising."""
    gone: Mapping[str, int]
    """Documents that take no part: dropped before the page is extracted, failed, without HTML."""
    seconds: Mapping[str, float]
    """CPU or wall seconds (of children) for ``draft``, ``screen`` and ``final``, all pages."""

    def __len__(self) -> int:
        return len(self.kept)

    def part(self, mask: Mask) -> Drafts:
        """Return the pages in `mask`."""
        return replace(
            self,
            final=self.final[:, mask],
            draft=self.draft[:, mask],
            kept=self.kept[mask],
            ranks=self.ranks[mask],
        )


def measured(
    pipe: Pipeline, source: Any, *, seed: int = 0, batch_size: int = 64
) -> Drafts:
    """Run the drafts and the final texts of `source` through the stages of a cascaded `pipe`.

    Args:
        pipe: a pipeline with one `Cascade`.
        source: whatever `webfilter.read` takes; documents that were judged come in afresh.
        seed: another one orders the pages otherwise.
        batch_size: documents a batch; changes no result.

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
    seconds = dict.fromkeys(("draft", "screen", "final"), 0.0)
    rows: list[tuple[float, bool, dict[int, float], dict[int, float]]] = []
    for batch in _batches(source, batch_size):
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
        drafts = _timed(seconds, "draft", lambda: isolated(cascade.draft, docs))
        drafted = [doc for doc in drafts if doc.live]
        on_drafts = dict(
            zip(
                (doc.id for doc in drafted),
                _timed(seconds, "screen", lambda: judges.shortfalls(cascade.follows, drafted, True)),
                strict=True,
            )
        )
        first = [("cascade", cascade.final)]
        finals = _timed(seconds, "final", lambda: _run(first, docs))
        on_finals = judges.shortfalls(cascade.follows, finals, False)
        for doc, found in zip(_run(later, finals), on_finals, strict=True):
            if doc.verdict is not None and doc.verdict.kind == "failed":
                gone[doc.verdict.stage] += 1
                continue
            rows.append((_rank(doc.id, seed), doc.live, found, on_drafts.get(doc.id, {})))
    rows.sort(key=lambda row: row[0])
    limits = judges.limits
    return Drafts(
        limits=tuple(limits),
        final=_table(len(limits), [row[2] for row in rows]),
        draft=_table(len(limits), [row[3] for row in rows]),
        kept=np.array([row[1] for row in rows], dtype=np.bool_),
        ranks=np.array([row[0] for row in rows], dtype=np.float64),
        gone=dict(sorted(gone.items())),
        seconds=seconds,
    )


def _stages(named: Sequence[tuple[str, Any]]) -> list[tuple[str, Stage]]:
    return [(name, step) for name, step in named if isinstance(step, Stage)]


def _run(stages: Sequence[tuple[str, Stage]], docs: Sequence[Document]) -> list[Document]:
    """Run stages over documents; dropped ones are measured on, and keep their first verdict."""
    marked = list(docs)
    for name, stage in stages:
        marked = apply(stage, name, marked, Ledger(), measure_all=True)
    return marked


def _timed(seconds: dict[str, float], what: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    done = work()
    seconds[what] += time.perf_counter() - start
    return done


def _batches(source: Any, size: int) -> Iterator[list[Document]]:
    stream = iter(read(source))
    while batch := list(islice(stream, size)):
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
    """The limits of a screen, numbered as they are met."""

    def __init__(self, cascade: Cascade) -> None:
        self.limits: list[Limit] = []
        self._places: dict[str, int] = {}
        self._kinds = {
            signal.name: signal.kind for _, stage in cascade.follows for signal in stage.measures
        }
        for name, stage in cascade.follows:
            for rule in stage.rules:
                for op, limit in self._bounds(rule):
                    self._place(name, rule.signal, op, None if stage.by_document else limit)
        if not self.limits:
            raise ConfigError(
                "fit_cascade: no stage after the extraction has a limit that can judge drafts"
            )

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

    def shortfalls(
        self, stages: Sequence[tuple[str, Stage]], docs: Sequence[Document], drafts: bool
    ) -> list[dict[int, float]]:
        """Return by how much each document misses each limit, by the limit's number."""
        found: list[dict[int, float]] = [{} for _ in docs]
        marked = [replace(doc, verdict=None) for doc in docs]
        broken = [False] * len(marked)
        for name, stage in stages:
            marked = isolated(stage, [replace(doc, verdict=None) for doc in marked])
            for n, (doc, row) in enumerate(zip(marked, found, strict=True)):
                broken[n] |= doc.verdict is not None and doc.verdict.kind == "failed"
                if broken[n]:
                    continue
                for rule in stage.rules_for(doc):
                    for op, limit in self._bounds(rule):
                        place = self._place(name, rule.signal, op, limit)
                        value = _shortfall(doc, rule, op, limit, drafts)
                        row[place] = max(row.get(place, -math.inf), value)
        return found


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
