"""Repeated lines and paragraphs: boilerplate found by how many pages of a host have it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from webfilter.dedup import prefer as preference
from webfilter.dedup.columns import Column
from webfilter.dedup.frequent import frequent
from webfilter.dedup.pieces import pieces
from webfilter.dedup.ranks import Ranking
from webfilter.dedup.removal import Removal, hashed, preferred, removal_signals
from webfilter.dedup.table import Table
from webfilter.dedup.words import word_hashes
from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.stage import CorpusStage, Signal
from webfilter.text.points import hash_spans

__all__ = ["LineDedup", "LineSketch", "RepeatedLines"]

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]
Unit = Literal["line", "paragraph"]

_SIGNALS = removal_signals("repeated_lines", "repeated_line_ratio", "Repeated lines", "lines")
_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@dataclass(frozen=True)
class RepeatedLines(Removal):
    """Removes the lines or paragraphs that `LineDedup` found."""

    name: ClassVar[str] = "line_dedup"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS

    unit: Unit = "line"
    """What is removed as a whole."""
    unit_min_words: int = 1
    """Least words of what is looked at."""
    scope: str | None = "host"
    """Within what lines were counted."""
    repeated: Table = field(default_factory=Table)
    """Hashes of the repeated lines in their scope; with a second column where one copy stays: the
    hash of the id of the document that has it."""

    def remove(self, docs: Sequence[Document]) -> list[tuple[str, int | None]]:
        """Return each text without its repeated lines, and how many went."""
        results: list[tuple[str, int | None]] = []
        for doc, gone in zip(docs, self.judge_lines(docs), strict=True):
            if gone is None or not any(gone):
                results.append((doc.text, None if gone is None else 0))
            else:
                results.append((_without(doc.text, self.unit, gone), sum(gone)))
        return results

    def judge_lines(self, docs: Sequence[Document]) -> list[list[bool] | None]:
        """Return of each line (or paragraph) that is not blank whether it goes, by document.

        None for a document outside every scope.
        """
        found = _Units.of(docs, self.unit, self.unit_min_words, self.scope)
        begins, ends = self.repeated.find(found.hashes)
        gone = (begins < ends) & found.counts
        if len(self.repeated.columns) > 1 and gone.any():
            keeper = self.repeated.columns[1][np.minimum(begins, len(self.repeated) - 1)]
            own = hashed([doc.id for doc in docs])
            gone &= keeper != own[found.owners]
        each = np.split(gone, found.offsets[1:-1])
        pairs = zip(each, found.scopes, strict=True)
        return [None if scope is None else part.tolist() for part, scope in pairs]


@dataclass(frozen=True, eq=False)
class LineSketch:
    """What a batch leaves behind: 8 bytes a distinct line of each document, and its name."""

    names: Hashes
    """Hashes of the ids of documents that have lines."""
    order: Sequence[bytes]
    """How they are preferred (`removal.preferred`); empty where no copy stays."""
    sizes: Places
    """Lines of each."""
    hashes: Hashes
    """Hashes of their lines in their scope, one document after the other, each line once."""


@dataclass(frozen=True)
class LineDedup(CorpusStage[LineSketch]):
    """Remove lines, or paragraphs, that stand on more than `max_pages` pages of a host.

    Menus, notices and footers that an extractor left in are the same on every page of their site:
    boilerplate found without markup. Pages count, not occurrences: a line that stands twice on one
    page counts once there, and all its occurrences go or stay together.

    Two lines are the same if their words are, in order: lower case, numbers as ``0``, accents and
    punctuation out, as datatrove normalizes for MinHash (`webfilter.dedup.words`; CCNet keeps
    accents, ASCII marks and the count of digits). So "3 comments" is "12 Comments". Lines without a
    letter or digit are never removed. They are compared by 64-bit hashes: with 10 billion lines in
    a scope of everything, about one in two billion is taken for another.

    Relatives: CCNet (Wenzek et al. 2020) removes every line that occurs twice anywhere in a shard
    (``max_pages=1, scope=None``); Dolma keeps the first copy of a paragraph, which is a line there
    (``max_pages=1, scope=None, keep="first"``, but letter by letter, and no copy within the page).
    FineWeb (Penedo et al. 2024) tried such removal over all of its hosts, with and without a least
    length, and trained worse models on what was left; hence our defaults: within a host, and only
    from the fourth page on.

    A document outside every scope (no URL, or the signal undefined) is not touched, its first two
    signals are None, and no line of it counts. Blank lines stay, but not two together where
    something went. What is dropped is only what comes out empty (`min_characters_left`), so put
    `Length` after it; and deduplication of documents before it: of a page that is there four times
    no line would stay. The result is the same for any order and batching; running it again on what
    is left removes nothing.

    Sketches are 8 bytes a line on disk; memory is fixed but for the hashes of the repeated lines
    (8 bytes each, 16 with ``keep="first"``) and the copies of any one line while they are counted
    (about 50 bytes each).

    Raises:
        ConfigError: a number out of its range, an empty `scope`, or an impossible `prefer`.

    >>> pages = [
    ...     Document(str(n), f"Menu | Login\\n{text}", url=f"https://a.example/{n}")
    ...     for n, text in enumerate(["Leaves are green.", "Ice floats.", "Salt dissolves."])
    ... ]
    >>> dedup = LineDedup(max_pages=2)
    >>> stage = dedup.resolve([dedup.sketch(pages)])
    >>> [doc.text for doc in stage.process(pages)]
    ['Leaves are green.', 'Ice floats.', 'Salt dissolves.']
    """

    name: ClassVar[str] = "line_dedup"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    beside: ClassVar[tuple[str, ...]] = preference.BESIDE

    unit: Unit = "line"
    """What is compared and removed as a whole: ``"line"``, or ``"paragraph"``, the lines between
    two blank ones."""
    max_pages: int = 3
    """Most documents of a scope that may have a line, at least 1: on more it is removed."""
    unit_min_words: int = 1
    """Least words of a line or paragraph to be looked at, at least 1. More of it spares headings
    that are the same on many pages ("Ingredients"), and most menus: what goes is no more often
    boilerplate, only less (`benchmarks/README.md`)."""
    scope: str | None = "host"
    """Within what documents are counted: ``"host"`` of the URL, the name of a signal measured
    earlier, or None: everything."""
    keep: Literal["none", "first"] = "none"
    """Which copy of a repeated line stays: none, or that of the preferred document."""
    prefer: str | tuple[str, ...] = ("-length", "url", "id")
    """With ``keep="first"``, the document that keeps its copy: keys in order, ``-`` for largest
    first, None last, ties by id. Signals measured earlier, or ``length``, ``url``, ``id``, ``date``
    (``meta["date"]``)."""
    min_characters_left: int | None = 1
    """Least characters that must stay of a document; None drops none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("max_pages", "unit_min_words"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{self.name}: {name} = {value!r} must be at least 1")
        if self.scope is not None and not self.scope.strip():
            raise ConfigError(
                f"{self.name}: scope = {self.scope!r} is empty; it takes 'host', the name of a "
                "signal, or None"
            )
        object.__setattr__(self, "prefer", preference.keys(self.prefer, self.name))

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that `scope` and `prefer` name."""
        scope = () if self.scope in (None, "host") else preference.signals((str(self.scope),))
        order = preference.signals(tuple(self.prefer)) if self.keep == "first" else ()
        return tuple(dict.fromkeys((*scope, *order)))

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of Unicode whose case pairs and categories fold the words."""
        return {"unicode": unicodedata.unidata_version}

    def sketch(self, batch: Sequence[Document]) -> LineSketch:
        """Return the hashes of the lines of `batch`."""
        kept: list[Document] = []
        sizes: list[Places] = [np.zeros(0, dtype=np.intp)]
        hashes: list[Hashes] = [np.zeros(0, dtype=np.uint64)]
        for docs in pieces(batch):
            found = _Units.of(docs, self.unit, self.unit_min_words, self.scope)
            owners, lines = found.owners[found.counts], found.hashes[found.counts]
            order = np.lexsort((lines, owners))
            owners, lines = owners[order], lines[order]
            once = np.ones(len(lines), dtype=np.bool_)
            once[1:] = (lines[1:] != lines[:-1]) | (owners[1:] != owners[:-1])
            counts = np.bincount(owners[once], minlength=len(docs))
            filled = np.flatnonzero(counts)
            kept.extend(docs[place] for place in filled)
            sizes.append(counts[filled])
            hashes.append(lines[once])
        first = self.keep == "first"
        return LineSketch(
            names=hashed([doc.id for doc in kept]),
            order=preferred(kept, tuple(self.prefer)) if first else [],
            sizes=np.concatenate(sizes),
            hashes=np.concatenate(hashes),
        )

    def resolve(self, sketches: Iterable[LineSketch]) -> RepeatedLines:
        """Return the stage that removes the repeated lines."""
        with TemporaryDirectory(prefix="webfilter-", ignore_cleanup_errors=True) as folder:
            return self.resolve_in(sketches, Path(folder))

    def resolve_in(self, sketches: Iterable[LineSketch], folder: Path) -> RepeatedLines:
        """Return the stage that removes the repeated lines, counted on disk part by part."""
        first = self.keep == "first"
        hashes = Column(folder / "hashes", np.uint64)
        names = Column(folder / "names", np.uint64)
        ends = Column(folder / "ends", np.int64)
        ranking = Ranking(folder)
        for sketch in sketches:
            ends.append(len(hashes) + np.cumsum(sketch.sizes))
            hashes.append(sketch.hashes)
            names.append(sketch.names)
            ranking.add(sketch.order)
        seats = ranking.ranks() if first else names.array()
        found: list[Hashes] = [np.zeros(0, dtype=np.uint64)]
        keepers: list[Hashes] = [np.zeros(0, dtype=np.uint64)]
        documents, named = ends.array(), names.array()
        for lines, rows in _repeated(hashes.array(), documents, seats, self.max_pages, folder):
            found.append(lines)
            if first:
                keepers.append(named[rows])
        hashes.delete()
        columns = (found, keepers) if first else (found,)
        return RepeatedLines(
            min_characters_left=self.min_characters_left,
            unit=self.unit,
            unit_min_words=self.unit_min_words,
            scope=self.scope,
            repeated=Table(*map(np.concatenate, columns)),
        )


def _repeated(
    hashes: Hashes, ends: Places, seats: npt.NDArray[np.int64], most: int, folder: Path
) -> Iterator[tuple[Hashes, Places]]:
    """Yield the hashes on more than `most` documents, and for each the row of the least seat.

    A document is a row of `ends`, which says where its hashes end; rows of equal seats are one.
    """
    for part, at in frequent(hashes, most, folder):
        if not len(part):
            continue
        rows = np.searchsorted(ends, at, "right")
        seat = seats[rows]
        order = np.lexsort((seat, part))
        part, seat, rows = part[order], seat[order], rows[order]
        begins = np.ones(len(part), dtype=np.bool_)
        begins[1:] = part[1:] != part[:-1]
        another = begins.copy()
        another[1:] |= seat[1:] != seat[:-1]
        first = np.flatnonzero(begins)
        many = first[np.add.reduceat(another, first, dtype=np.intp) > most]
        yield part[many], rows[many]


@dataclass(frozen=True, eq=False)
class _Units:
    """The lines or paragraphs of some documents, in order; blank lines are none."""

    hashes: Hashes
    """In their scope."""
    counts: npt.NDArray[np.bool_]
    """Whether it is looked at: it has the words, and its document a scope."""
    offsets: Places
    """Document i has those from offsets[i] to offsets[i + 1]."""
    owners: Places
    """Which document each is of."""
    scopes: Sequence[Value]
    """Of each document; None: it is in none."""

    @classmethod
    def of(cls, docs: Sequence[Document], unit: Unit, least: int, scope: str | None) -> _Units:
        cut = [_units(doc.text, unit) for doc in docs]
        sizes = np.fromiter(map(len, cut), dtype=np.intp, count=len(docs))
        words, bounds = word_hashes([text for texts in cut for text in texts])
        hashes = hash_spans(words, bounds[:-1], bounds[1:])
        scopes = _scopes(docs, scope)
        owners = np.repeat(np.arange(len(docs)), sizes)
        within = np.array([value is not None for value in scopes], dtype=np.bool_)
        if scope is not None:
            hashes ^= hashed([repr(value) for value in scopes])[owners]
        counts = (np.diff(bounds) >= least) & within[owners]
        return cls(hashes, counts, np.concatenate(([0], np.cumsum(sizes))), owners, scopes)


def _scopes(docs: Sequence[Document], scope: str | None) -> Sequence[Value]:
    """Return what each document is counted within; None: within nothing."""
    if scope is None:
        return [""] * len(docs)
    return preference.values(docs, scope)


def _units(text: str, unit: Unit) -> list[str]:
    """Return the lines of `text` that are not blank, or the runs of them between blank ones."""
    lines = text.splitlines()
    if unit == "line":
        return [line for line in lines if line and not line.isspace()]
    found: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        if line and not line.isspace():
            run.append(line)
        elif run:
            found.append("\n".join(run))
            run = []
    return found


def _without(text: str, unit: Unit, gone: Sequence[bool]) -> str:
    """Return `text` without the units that are `gone`; all else as it came.

    Of the blank lines around what went one stays at most, and none at the ends of the text.
    """
    kept: list[str] = []
    gap: list[str] = []
    number, went, inside = -1, False, False
    for line in text.splitlines(keepends=True):
        if line.isspace():
            gap.append(line)
            inside = False
            continue
        if unit == "line" or not inside:
            number += 1
        inside = True
        if gone[number]:
            went = True
            continue
        if kept or not went:
            kept.extend(gap[:1] if went else gap)
        kept.append(line)
        gap, went = [], False
    if went:
        return "".join(kept).rstrip(_ENDS)
    return "".join((*kept, *gap))
