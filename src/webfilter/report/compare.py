"""Two runs, matched document by document: from their folders to a `Comparison`.

Documents are matched by 64-bit hashes of their ids; texts only go by. Of each document 20 bytes are
held: hashes of id (8) and text (4, of what was kept), outcome (4) and place (4), and 16 more of
those of a run while it is sorted. So a million documents that are in both runs take 56 MB. Two
different ids share a hash about once in 10**3 comparisons of 100 million documents; a text that was
changed looks unchanged once in 4 * 10**9.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.document import Document
from webfilter.errors import ConfigError, SourceError
from webfilter.report.altered import altered, rules_of
from webfilter.report.borderline import beginning
from webfilter.report.bounds import Plan
from webfilter.report.comparison import KINDS, REWRITTEN, Comparison, Example, Move, Outcome
from webfilter.report.figures import label, number, quantity
from webfilter.report.funnel import Report
from webfilter.report.judged import Chunk, Coded
from webfilter.report.ledger import READ, failure_class
from webfilter.report.stored import Stored, signals_of

__all__ = ["compare"]

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_AT_ONCE = 100_000
_SIZES = ("words", "tokens")
_EXCERPT = 160
_BEFORE = 40
"""Characters shown before the first difference of two texts."""


def compare(
    before: str | os.PathLike[str] | Report,
    after: str | os.PathLike[str] | Report,
    *,
    examples: int = 20,
) -> Comparison:
    """Return what changed from one run to another: who was kept or dropped, by which rule, and why.

    Documents are matched by id, so the runs should have read the same source. Where several of a
    run share an id, they are paired in turn. Signals, verdicts and texts are as stored: nothing is
    measured again.

    Args:
        before: a run folder, its ``report.json``, or a `Report`.
        after: the same.
        examples: documents of each transition to hold, with their rules and an excerpt.

    Raises:
        SourceError: one is no run that was completed, what it kept is not stored, or its files are
            damaged or not those of its report.
        ConfigError: `examples` is below 0, or a run is neither path nor report.

    >>> from tempfile import TemporaryDirectory
    >>> from webfilter import Document, Length, Pipeline
    >>> docs = [Document("a", "Water boils."), Document("b", "Water boils at 100 °C.")]
    >>> with TemporaryDirectory() as folder:
    ...     for limit in (2, 4):
    ...         run = f"{folder}/{limit}"
    ...         _ = Pipeline((Length(min_words=limit),)).run(docs, run, progress=False)
    ...     found = compare(f"{folder}/2", f"{folder}/4")
    >>> found.transitions, [(each.name, each.before, each.after) for each in found.changes]
    ({'kept -> kept': 1, 'kept -> dropped': 1}, [('length.min_words', '2', '4')])
    """
    if type(examples) is not int or examples < 0:
        raise ConfigError(f"examples = {examples!r}; it takes a whole number, 0 or more")
    outcomes: dict[Outcome, int] = {}
    one, other = (_Run(_report(run), outcomes) for run in (before, after))
    joined = _Join(one, other, outcomes, examples)
    return Comparison(
        runs=(one.name, other.name),
        counts={name: (one.counts[name], other.counts[name]) for name in one.counts},
        moves=joined.moves,
        rewritten=joined.rewritten,
        rules=rules_of(one.report, other.report),
        changes=altered(one.report, other.report),
        notes=tuple(_notes(one, other, joined.both)),
        drawn=joined.examples(),
    )


def _report(run: Any) -> Report:
    if isinstance(run, Report):
        return run
    if not isinstance(run, (str, os.PathLike)):
        raise ConfigError(f"compare: {run!r:.60} is no run: give its folder, or its report")
    if os.path.isdir(run) and not os.path.exists(os.path.join(run, "report.json")):
        raise SourceError(
            f"{str(run)!r} holds no report.json: it is no run folder, or the run into it was "
            "interrupted (the command that began it, given again, goes on where it stopped)"
        )
    return Report.load(run)


class _Run:
    """The documents of a run as columns of numbers, in the order of their ids' hashes."""

    def __init__(self, report: Report, outcomes: dict[Outcome, int]) -> None:
        self.report, self._outcomes = report, outcomes
        self.name = report.folder or str(next(map(os.path.dirname, report.outputs.values()), ""))
        self.name = self.name or "in memory"
        self._names = tuple(row.name for row in report.stages)
        self._plan = Plan(self._names, measures=[()] * len(self._names))
        self._stored = Stored(report, self._names, kept_only=True)
        self.missing = self._stored.missing
        declared = signals_of(report, KINDS[:1])
        self._sizes = [name for name in _SIZES if not declared or name in declared]
        self._sums = dict.fromkeys(("characters", *_SIZES), 0.0)
        size = report.kept + report.dropped + report.failed - self.missing
        columns = [np.zeros(size, kind) for kind in ("u8", "i4", "u4")]
        at = 0
        for chunk in self._chunks(texts=True):  # it raises where they are more, or less
            for column, part in zip(columns, self._part(chunk), strict=True):
                column[at : at + chunk.size] = part[: max(0, size - at)]
            at += chunk.size
        order = np.lexsort((columns[1], columns[0]))
        self.keys, self.what, self.text = (columns.pop(0)[order] for _ in "kwt")
        self._row = order.astype(np.uint32 if len(order) < 2**32 else np.int64)
        self.repeated = int((self.keys[1:] == self.keys[:-1]).sum())
        sums = {name: None if value != value else int(value) for name, value in self._sums.items()}
        for name in _SIZES:
            if name not in self._sizes and report.kept:
                sums[name] = None
        self.counts = {"in": report.total, "kept": report.kept, "dropped": report.dropped,
                       "failed": report.failed, **sums}  # fmt: skip

    def _chunks(self, *, texts: bool) -> Iterator[Chunk]:
        """Yield all documents, what was kept first, and of that the texts too."""
        wanted = {*self._sizes, *(["tier"] if self.report.tiers else [])}
        held = self.report.documents is not None
        for kinds in [KINDS] if held else [KINDS[:1], KINDS[1:]]:
            read = texts and "kept" in kinds
            yield from self._stored.chunks(self._plan, wanted, ids=texts, texts=read, kinds=kinds)

    def _part(self, chunk: Chunk) -> tuple[npt.NDArray[Any], ...]:
        """Return hashes of ids, outcomes and hashes of texts; add up what was kept."""
        kept = chunk.at == len(self._names)
        texts = chunk.texts() if kept.any() else [""] * chunk.size
        self._sums["characters"] += sum(len(texts[row]) for row in np.flatnonzero(kept).tolist())
        for name in self._sizes if kept.any() else ():
            column = chunk.values.get(name)
            known = isinstance(column, np.ndarray)  # NaN, where one is None, stays in the sum
            self._sums[name] += float(column[kept].sum()) if known else np.nan  # type: ignore[index]
        ids = chunk.ids(np.arange(chunk.size))
        return _hashes(ids, 8), self._coded(chunk, kept), _hashes(texts, 4)

    def _coded(self, chunk: Chunk, kept: Flags) -> npt.NDArray[np.int32]:
        """Return the outcome of each document, as its number among all outcomes."""
        tier = chunk.values.get("tier") if self.report.tiers else None
        tiers = tier if isinstance(tier, Coded) else Coded(np.full(chunk.size, -1), [])
        rows = np.stack(
            [chunk.at, chunk.failed, chunk.reason.codes, chunk.op.codes, tiers.codes], axis=1
        )
        rows[~kept, 4] = -1  # a stage may drop what is in a tier
        distinct, back = np.unique(rows, axis=0, return_inverse=True)
        codes = []
        for at, failed, *said in distinct.tolist():
            coded = zip((chunk.reason, chunk.op, tiers), said, strict=True)
            words = [column.values[code] for column, code in coded if code >= 0]
            stage = self._names[at] if 0 <= at < len(self._names) else READ
            if at == len(self._names):
                found = Outcome("kept", "", " ".join(words))
            elif failed:
                found = Outcome("failed", stage, failure_class(words[0] if words else ""))
            else:
                found = Outcome("dropped", stage, " ".join(words))
            codes.append(self._outcomes.setdefault(found, len(self._outcomes)))
        return np.array(codes, dtype=np.int32)[back.reshape(-1)]

    def documents(self, rows: Iterable[int]) -> dict[int, Document]:
        """Return documents by their row; there is none at -1."""
        wanted = {int(self._row[row]): row for row in rows if row >= 0}
        places, found, start = np.array(sorted(wanted), dtype=np.int64), {}, 0
        for chunk in self._chunks(texts=False) if wanted else ():
            low, high = np.searchsorted(places, (start, start + chunk.size))
            for place in places[low:high].tolist():
                found[wanted[place]] = self._stored.document(chunk.place(place - start))
            start += chunk.size
        return found


class _Join:
    """Every document of two runs, once: counted by its outcomes, some of them drawn."""

    def __init__(self, one: _Run, other: _Run, outcomes: dict[Outcome, int], most: int) -> None:
        self._runs, self._most = (one, other), most
        absent, unstored = (
            outcomes.setdefault(Outcome(kind), len(outcomes)) for kind in ("absent", "unstored")
        )
        names = list(outcomes)
        kept = np.array([outcome.kind == "kept" for outcome in names])
        counts: Counter[tuple[Outcome, Outcome]] = Counter()
        self._drawn: dict[tuple[Outcome, Outcome] | None, list[tuple[int, int]]] = {}
        self.rewritten = self.both = 0
        for at, to in _matched(one.keys, other.keys):
            old, new = (
                np.where(rows < 0, unstored if run.missing else absent, _at(run.what, rows))
                for run, rows in ((one, at), (other, to))
            )
            pairs = old.astype(np.int64) * len(names) + new
            for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
                move = names[pair // len(names)], names[pair % len(names)]
                counts[move] += int(count)
                if move[0] != move[1]:
                    self._draw(move, at, to, pairs == pair)
            both = (at >= 0) & (to >= 0)
            differ = both & kept[old] & kept[new] & (_at(one.text, at) != _at(other.text, to))
            self._draw(None, at, to, differ)
            self.both += int(both.sum())
            self.rewritten += int(differ.sum())
        self.moves = tuple(sorted((Move(*move, n) for move, n in counts.items()), key=_rank))
        self._check()

    def _draw(self, move: tuple[Outcome, Outcome] | None, at: Rows, to: Rows, which: Flags) -> None:
        """Take the first documents of a move, up to the number asked for; None: the rewritten."""
        drawn = self._drawn.setdefault(move, [])
        if len(drawn) < self._most:
            rows = np.flatnonzero(which)[: self._most - len(drawn)]
            drawn += zip(at[rows].tolist(), to[rows].tolist(), strict=True)

    def _check(self) -> None:
        """Make sure that every document of either run is in one move, as its report has it.

        Raises:
            SourceError: the files of a run say otherwise than its report.
        """
        for side, run in enumerate(self._runs):
            seen: Counter[str] = Counter()
            for move in self.moves:
                seen[(move.before, move.after)[side].kind] += move.documents
            read, kept = sum(seen[kind] for kind in KINDS[:3]), seen["kept"]
            if (read + run.missing, kept) != (run.report.total, run.report.kept):
                raise SourceError(
                    f"{run.name}: {number(kept)} of {label(read, 'document')} are kept in its "
                    f"files, {number(run.report.kept)} of {number(run.report.total)} in its "
                    "report: these are not the files that it tells of"
                )

    def examples(self) -> tuple[Example, ...]:
        """Return the documents drawn: of each transition, of each of its moves in turn."""
        turns: dict[str, list[tuple[int, int, tuple[int, int]]]] = {REWRITTEN: []}
        for rank, move in enumerate(self.moves):
            drawn = self._drawn.get((move.before, move.after), ())
            turns.setdefault(move.transition, []).extend(
                (n, rank, at) for n, at in enumerate(drawn)
            )
        turns[REWRITTEN] = [(n, 0, at) for n, at in enumerate(self._drawn.get(None, ()))]
        chosen = [
            (name, at) for name, drawn_ in turns.items() for *_, at in sorted(drawn_)[: self._most]
        ]
        old, new = (
            run.documents(at[side] for _, at in chosen) for side, run in enumerate(self._runs)
        )
        return tuple(_example(name, old.get(at), new.get(to)) for name, (at, to) in chosen)


def _rank(move: Move) -> tuple[Any, ...]:
    kinds = (KINDS.index(move.before.kind), KINDS.index(move.after.kind))
    return (*kinds, -move.documents, move.before, move.after)


def _matched(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of rows with one hash, every row of both runs once; -1: it has no counterpart."""
    seen = np.zeros(len(one), dtype=np.bool_)
    for start in range(0, len(other), _AT_ONCE):
        keys = other[start : start + _AT_ONCE]
        to = np.arange(start, start + len(keys))
        at = np.searchsorted(one, keys) + to - np.searchsorted(other, keys)  # ids that come again
        at[_at(one, np.where(at < len(one), at, -1)) != keys] = -1
        at[at >= len(one)] = -1
        seen[at[at >= 0]] = True
        yield at, to
    for start in range(0, len(one), _AT_ONCE):
        rest = start + np.flatnonzero(~seen[start : start + _AT_ONCE])
        yield rest, np.full(len(rest), -1)


def _at(column: npt.NDArray[Any], rows: Rows) -> npt.NDArray[Any]:
    """Return a column at rows, and anything at -1."""
    return column[rows] if len(column) else np.zeros(len(rows), column.dtype)


def _hashes(texts: list[str], size: int) -> npt.NDArray[Any]:
    whole = b"".join(blake2b(_bytes(text), digest_size=size).digest() for text in texts)
    return np.frombuffer(whole, dtype=f"<u{size}")


def _bytes(text: str) -> bytes:
    """Return a text in UTF-8, lone surrogates as files have them."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).encode()


def _example(name: str, old: Document | None, new: Document | None) -> Example:
    kinds = name.split(" -> ")  # of what was kept, a reader says whether the text is empty
    before = old.verdict if old is not None and kinds[0] in KINDS[1:3] else None
    after = new.verdict if new is not None and kinds[-1] in KINDS[1:3] else None
    doc, verdict = new or old, after or before
    assert doc is not None
    said = [str(each) for each in (before, after) if each is not None]
    other = old if after else new
    if verdict is not None and other is not None and (before is None or after is None):
        measured = other.signals.get(verdict.signal or "")
        if measured is not None:
            said.append(f"{quantity(measured)} {'before' if after else 'after'}")
    if verdict is None and old is not None and new is not None and name != REWRITTEN:
        said = [f"{old.signals.get('tier', 'no tier')} -> {new.signals.get('tier', 'no tier')}"]
    excerpt, rewritten = doc.text, ""
    if name == REWRITTEN and old is not None and new is not None:
        both = zip(old.text, new.text, strict=False)
        same = next(
            (n for n, (a, b) in enumerate(both) if a != b), min(map(len, (old.text, new.text)))
        )
        start = max(0, same - _BEFORE)
        excerpt, rewritten = old.text[start:], new.text[start:]
    return Example(
        doc.id,
        doc.url,
        name,
        rule=f"{verdict.stage} {verdict.reason}" if verdict else "",
        value=verdict.value if verdict else None,
        limit=verdict.limit if verdict else None,
        said="; ".join(said),
        excerpt=beginning(excerpt, _EXCERPT)[:_EXCERPT],
        rewritten=beginning(rewritten, _EXCERPT)[:_EXCERPT],
    )


def _notes(one: _Run, other: _Run, both: int) -> Iterator[str]:
    """Yield what must be known to read the counts."""
    for name, run in (("before", one), ("after", other)):
        report = run.report
        if run.missing:
            yield (
                f"{name}: {label(run.missing, 'document')} that it dropped or failed on are not "
                "stored; unstored: not among those stored, so it was one of them, or never read"
            )
        if run.repeated:
            many = label(run.repeated, "document")
            yield f"{name}: {many} have an id that another one has; such were paired in turn"
        if report.renamed_ids:
            yield (
                f"{name}: {label(report.renamed_ids, 'id')} came again and got a number, in the "
                "order of the input: another input gives it to other documents"
            )
        if report.folder and os.path.isdir(os.path.join(report.folder, ".journal")):
            yield f"{name}: a later run into the folder was interrupted; this is the one before it"
    old, new = ({path for path, _ in run.report.inputs} for run in (one, other))
    if old != new:
        yield (
            f"they read other inputs: {number(len(old - new))} only before, "
            f"{number(len(new - old))} only after; absent: not in that run"
        )
    if len(one.keys) and len(other.keys) and not both:
        yield "no document is in both: these runs have no source in common, or other ids"
