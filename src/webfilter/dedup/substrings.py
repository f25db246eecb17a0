"""Repeated spans: runs of 50 words that occur twice are cut out, the pages stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from webfilter.dedup import columns
from webfilter.dedup import prefer as preference
from webfilter.dedup.columns import Column, flags
from webfilter.dedup.cuts import without
from webfilter.dedup.fingerprints import (
    TOKENS,
    gram_starts,
    grams,
    near,
    token_hashes,
    winnowed,
)
from webfilter.dedup.frequent import frequent
from webfilter.dedup.pieces import pieces
from webfilter.dedup.ranks import Ranking
from webfilter.dedup.removal import Removal, hashed, preferred, removal_signals
from webfilter.dedup.table import Table
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.stage import CorpusStage, Signal
from webfilter.text import tokenize_all, tokenizer_version

__all__ = ["RepeatedSpans", "SpanSketch", "SubstringDedup"]

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]

_SIGNALS = removal_signals("repeated_spans", "repeated_span_ratio", "Repeated spans", "spans")


@dataclass(frozen=True)
class RepeatedSpans(Removal):
    """Cuts the spans that `SubstringDedup` found out of the documents they were found in.

    A document whose text is not the one that was sketched is left alone.
    """

    name: ClassVar[str] = "substring_dedup"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS

    spans: Table = field(default_factory=Table)
    """Hash of id and text, first word, word after the last: sorted, none overlaps another."""

    @property
    def artifacts(self) -> Mapping[str, str]:
        """What words are."""
        return {"words": f"{TOKENS} {tokenizer_version(TOKENS)}"}

    def remove(self, docs: Sequence[Document]) -> list[tuple[str, int | None]]:
        """Return each text without its repeated spans, and how many went."""
        results: list[tuple[str, int | None]] = [(doc.text, 0) for doc in docs]
        found = self.spans_of(docs)
        cut = [place for place, spans in enumerate(found) if spans]
        tokens = tokenize_all([docs[place].text for place in cut], TOKENS)
        for place, each in zip(cut, tokens, strict=True):
            text = without(docs[place].text, each, found[place])
            results[place] = (text, len(found[place]))
        return results

    def spans_of(self, docs: Sequence[Document]) -> list[list[tuple[int, int]]]:
        """Return of each document the spans that go: first word, and word after the last."""
        begins, ends = self.spans.find(_named(docs))
        found: list[list[tuple[int, int]]] = [[] for _ in docs]
        for place in np.flatnonzero(begins < ends).tolist():
            rows = slice(begins[place], ends[place])
            first, last = (column[rows].tolist() for column in self.spans.columns[1:])
            found[place] = list(zip(first, last, strict=True))
        return found


@dataclass(frozen=True, eq=False)
class SpanSketch:
    """What a batch leaves behind: runs of words, by document."""

    names: Hashes
    """Hashes of id and text of the documents that have runs."""
    order: Sequence[bytes]
    """How they are preferred (`removal.preferred`)."""
    sizes: Places
    """Runs of each."""
    hashes: Hashes
    """Hashes of the runs, in order, one document after the other."""
    starts: npt.NDArray[np.uint32]
    """Number of the word each begins with."""


@dataclass(frozen=True)
class SubstringDedup(CorpusStage[SpanSketch]):
    """Cut out runs of `tokens` words or more that occur twice, in one document or in several.

    ExactSubstr (Lee et al. 2022, "Deduplicating Training Data Makes Language Models Better"): a
    word goes if it is in any run of 50 that occurs elsewhere too. So what goes in one place can be
    longer than what repeats. Deviations: words, not BPE tokens; the first copy stays, where Lee et
    al. cut all (``keep="none"``); no suffix array. RefinedWeb cuts likewise, and drops what has
    fewer than 20 characters left (`min_characters_left`). C4 and datatrove's `SentenceDedup` remove
    spans of three sentences, however short, and none that crosses a sentence: that is not offered.

    Words are Unicode's (UAX #29, without marks; each Han, Hiragana or Thai character is one), in
    their case and with their digits: two texts that differ in a number are two texts. White space
    and punctuation do not count, and go with the words they touch.

    With ``keep="first"`` the first copy of each run is that in the preferred document, and there
    the leftmost; all later ones go. Every word that goes is left somewhere else, at the same place
    of the same run. Where a text repeats itself at once, one period of it is left: "buy now " fifty
    times becomes "buy now". The cut ends are joined by a blank line, line end or space, whichever
    is the greatest that was there.

    All such repeats are found and nothing else, up to equal 64-bit hashes. In a pipeline, which
    can read documents again, that takes two rounds: first a few fingerprints of each document
    (`webfilter.dedup.fingerprints`, 5 bytes in 8 words) say which runs may repeat, then only those
    are sketched, with 12 bytes each. By hand, ``resolve([sketch(docs)])``, all runs are: 12 bytes a
    word. Memory is fixed but for the spans found (24 bytes each) and the copies of any one run
    while they are compared (about 70 bytes each).

    Put it after deduplication of documents, which is cheaper, and `Length` after it.

    It is the same for any order and batching. Running it again on what is left can find a little
    more: runs across the cuts.

    Raises:
        ConfigError: `tokens` is less than 2, or an impossible `prefer`.

    >>> leaf = "plants make sugar from light and keep some of it for the night"
    >>> docs = [Document("a", f"{leaf}."), Document("b", f"We know that {leaf}. So do you.")]
    >>> dedup = SubstringDedup(tokens=10, prefer="id")
    >>> stage = dedup.resolve([dedup.sketch(docs)])
    >>> [doc.text for doc in stage.process(docs)][1]
    'We know that So do you.'
    """

    name: ClassVar[str] = "substring_dedup"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    beside: ClassVar[tuple[str, ...]] = preference.BESIDE

    tokens: int = 50
    """Words of the shortest run that is cut, at least 2."""
    keep: Literal["first", "none"] = "first"
    """Which copy of a run stays: the first, or none."""
    prefer: str | tuple[str, ...] = ("-length", "url", "id")
    """With ``keep="first"``, which document is first: keys in order, ``-`` for largest first, None
    last, ties by id. Signals measured earlier, or ``length``, ``url``, ``id``, ``date``
    (``meta["date"]``)."""
    min_characters_left: int | None = 1
    """Least characters that must stay of a document; None drops none. RefinedWeb has 20."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokens < 2:
            raise ConfigError(f"{self.name}: tokens = {self.tokens!r} must be at least 2")
        object.__setattr__(self, "prefer", preference.keys(self.prefer, self.name))

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that `prefer` names."""
        return preference.signals(tuple(self.prefer)) if self.keep == "first" else ()

    @property
    def artifacts(self) -> Mapping[str, str]:
        """What words are."""
        return {"words": f"{TOKENS} {tokenizer_version(TOKENS)}"}

    @property
    def lean(self) -> CorpusStage[Any]:
        """The stage in two rounds: fingerprints of everything, then what may repeat."""
        return _Fingerprints(self)

    def sketch(self, batch: Sequence[Document]) -> SpanSketch:
        """Return all runs of `batch`: 12 bytes a word."""
        return _sketched(self, batch, None)

    def resolve(self, sketches: Iterable[SpanSketch]) -> RepeatedSpans:
        """Return the stage that cuts out the repeated spans."""
        with TemporaryDirectory(prefix="webfilter-", ignore_cleanup_errors=True) as folder:
            return self.resolve_in(sketches, Path(folder))

    def resolve_in(self, sketches: Iterable[SpanSketch], folder: Path) -> RepeatedSpans:
        """Return the stage that cuts out the repeated spans, compared on disk part by part."""
        return RepeatedSpans(
            min_characters_left=self.min_characters_left,
            spans=Table(*_found(self, sketches, folder)),
        )

    @property
    def gram(self) -> int:
        """Words of a fingerprint: with `window` of them any run of `tokens` has one selected."""
        return self.tokens // 2 + 1

    @property
    def window(self) -> int:
        """Fingerprints of which one is selected."""
        return self.tokens - self.gram + 1


@dataclass(frozen=True)
class _Fingerprints(CorpusStage[Hashes]):
    """The first round: which fingerprints occur twice?"""

    name: ClassVar[str] = "substring_dedup"

    whole: SubstringDedup

    def sketch(self, batch: Sequence[Document]) -> Hashes:
        """Return the fingerprints of `batch`, each once, or twice where it occurs again."""
        found = [np.zeros(0, dtype=np.uint64)]
        for docs in pieces(batch):
            hashes, offsets = token_hashes([doc.text for doc in docs])
            starts, bounds = gram_starts(offsets, self.whole.gram)
            all_ = grams(hashes, starts, self.whole.gram)
            found.append(all_[winnowed(all_, bounds, self.whole.window)])
        once, counts = np.unique(np.concatenate(found), return_counts=True)
        return np.concatenate((once, once[counts > 1]))

    def resolve(self, sketches: Iterable[Hashes]) -> Any:
        """Cannot be: the second round needs a folder that stays."""
        raise NotImplementedError("this is the form of SubstringDedup for pipelines")

    def resolve_in(self, sketches: Iterable[Hashes], folder: Path) -> _Windows:
        """Return the second round, which knows the fingerprints that occur twice."""
        hashes = Column(folder / "fingerprints", np.uint64)
        for sketch in sketches:
            hashes.append(sketch)
        repeated = Column(folder / "repeated", np.uint64)
        for found, _ in frequent(hashes.array(), 1, folder):
            repeated.append(np.unique(found))
        hashes.delete()
        return _Windows(self.whole, repeated.array())


@dataclass(frozen=True, eq=False)
class _Windows(CorpusStage[SpanSketch]):
    """The second round: what repeats, among the runs that hold a fingerprint that does?"""

    name: ClassVar[str] = "substring_dedup"

    whole: SubstringDedup
    repeated: Any
    """Ascending."""

    def sketch(self, batch: Sequence[Document]) -> SpanSketch:
        """Return the runs of `batch` that may occur elsewhere."""
        return _sketched(self.whole, batch, self.repeated)

    def resolve(self, sketches: Iterable[SpanSketch]) -> RepeatedSpans:
        """Return the stage that cuts out the repeated spans."""
        return self.whole.resolve(sketches)

    def resolve_in(self, sketches: Iterable[SpanSketch], folder: Path) -> RepeatedSpans:
        """Return the stage that cuts out the repeated spans."""
        return self.whole.resolve_in(sketches, folder)


def _named(docs: Sequence[Document]) -> Hashes:
    return hashed([f"{doc.id}\0{doc.text}" for doc in docs])


def _sketched(
    whole: SubstringDedup, batch: Sequence[Document], repeated: Hashes | None
) -> SpanSketch:
    """Return the runs of `batch`: all, or those that hold one of the `repeated` fingerprints."""
    kept: list[Document] = []
    sizes: list[Places] = [np.zeros(0, dtype=np.intp)]
    found: list[Hashes] = [np.zeros(0, dtype=np.uint64)]
    begins: list[npt.NDArray[np.uint32]] = [np.zeros(0, dtype=np.uint32)]
    for docs in pieces(batch):
        hashes, offsets = token_hashes([doc.text for doc in docs])
        starts, bounds = gram_starts(offsets, whole.tokens)
        if repeated is not None:
            candidates = _candidates(whole, hashes, offsets, repeated)
            held = near(candidates, starts, whole.window)
            bounds = np.concatenate(([0], np.cumsum(held)))[bounds]
            starts = starts[held]
        counts = np.diff(bounds)
        filled = np.flatnonzero(counts)
        kept.extend(docs[place] for place in filled)
        sizes.append(counts[filled])
        found.append(grams(hashes, starts, whole.tokens))
        begins.append((starts - np.repeat(offsets[:-1], counts)).astype(np.uint32))
    return SpanSketch(
        names=_named(kept),
        order=preferred(kept, tuple(whole.prefer)) if whole.keep == "first" else [],
        sizes=np.concatenate(sizes),
        hashes=np.concatenate(found),
        starts=np.concatenate(begins),
    )


def _candidates(
    whole: SubstringDedup, hashes: Hashes, offsets: Places, repeated: Hashes
) -> npt.NDArray[np.bool_]:
    """Return at which words a selected fingerprint begins that is one of `repeated`."""
    marked = np.zeros(len(hashes), dtype=np.bool_)
    starts, bounds = gram_starts(offsets, whole.gram)
    all_ = grams(hashes, starts, whole.gram)
    selected = np.flatnonzero(winnowed(all_, bounds, whole.window))
    if len(repeated):
        wanted = all_[selected]
        at = np.minimum(np.searchsorted(repeated, wanted), len(repeated) - 1)
        marked[starts[selected[repeated[at] == wanted]]] = True
    return marked


def _found(
    whole: SubstringDedup, sketches: Iterable[SpanSketch], folder: Path
) -> tuple[Hashes, Places, Places]:
    """Return the spans to cut: names of documents, first words, words after the last."""
    hashes = Column(folder / "hashes", np.uint64)
    starts = Column(folder / "starts", np.uint32)
    names = Column(folder / "names", np.uint64)
    ends = Column(folder / "ends", np.int64)
    ranking = Ranking(folder)
    for sketch in sketches:
        ends.append(len(hashes) + np.cumsum(sketch.sizes))
        hashes.append(sketch.hashes)
        starts.append(sketch.starts)
        names.append(sketch.names)
        ranking.add(sketch.order)
    first = whole.keep == "first"
    documents, named, begins = ends.array(), names.array(), starts.array()
    seats = ranking.ranks() if first else named
    gone = flags(folder / "gone", len(begins))
    for part, at in frequent(hashes.array(), 1, folder):
        rows = np.searchsorted(documents, at, "right")
        gone[at[_later(part, seats[rows], begins[at], first)]] = True
    spans = [(np.zeros(0, np.uint64), np.zeros(0, np.intp), np.zeros(0, np.intp))]
    for rows, words in _marked(gone, begins, documents):
        fresh = np.ones(len(rows), dtype=np.bool_)
        fresh[1:] = (rows[1:] != rows[:-1]) | (words[1:] > words[:-1] + whole.tokens)
        lasts = np.append(np.flatnonzero(fresh)[1:], len(rows)) - 1
        spans.append((named[rows[fresh]], words[fresh], words[lasts] + whole.tokens))
    hashes.delete()
    name, begin, end = (np.concatenate(column) for column in zip(*spans, strict=True))
    return name, begin, end


def _later(keys: Hashes, seats: npt.NDArray[Any], words: npt.NDArray[Any], first: bool) -> Places:
    """Return which runs go: those with a key that two places have, or all but the first of it.

    A place is a seat and a word; two rows of one place (a document sketched twice) are one.
    """
    order = np.lexsort((words, seats, keys))
    if not len(order):
        return order
    keys, seats, words = keys[order], seats[order], words[order]
    begins = np.ones(len(keys), dtype=np.bool_)
    begins[1:] = keys[1:] != keys[:-1]
    another = begins.copy()
    another[1:] |= (seats[1:] != seats[:-1]) | (words[1:] != words[:-1])
    place = np.cumsum(another)
    group = np.cumsum(begins) - 1
    least = place[begins]
    most = np.append(place[np.flatnonzero(begins)[1:] - 1], place[-1])
    goes = (most > least)[group]
    if first:
        goes &= place != least[group]
    found: Places = order[goes]
    return found


def _marked(
    gone: npt.NDArray[np.bool_], starts: npt.NDArray[np.uint32], ends: Places
) -> Iterator[tuple[Places, Places]]:
    """Yield documents and first words of the runs that are `gone`, whole documents at a time."""
    row = begin = 0
    while row < len(ends):
        row = max(row + 1, int(np.searchsorted(ends, begin + columns.ROWS, "right")))
        end = int(ends[row - 1])
        at = begin + np.flatnonzero(gone[begin:end])
        if len(at):
            yield np.searchsorted(ends, at, "right"), starts[at].astype(np.intp)
        begin = end
