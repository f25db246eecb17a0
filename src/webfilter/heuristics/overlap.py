"""The n-grams of benchmarks as sorted hashes, and where they occur in documents.

Every text of an item gives all its runs of n words, each with a 64-bit hash; a short text gives
shorter ones (`Options`). A lookup asks a sieve first, which nearly always says no, and searches the
sorted hashes for the few that pass.

Two different n-grams have the same hash with a probability of 2**-64: a million n-grams of
benchmarks looked up in a trillion words meet by chance .05 times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.items import Items
from webfilter.text.folded import FoldedWords, folded_words
from webfilter.text.points import powers

__all__ = ["MOST_SPANS", "Match", "NgramIndex", "Options", "Span", "build"]

_Hashes: TypeAlias = npt.NDArray[np.uint64]
_Places: TypeAlias = npt.NDArray[np.intp]
_Numbers: TypeAlias = npt.NDArray[np.int32]
_Bools: TypeAlias = npt.NDArray[np.bool_]

_LABEL = re.compile(r"\s*(?:question|problem|passage|context|answer|q|a)\s*:", re.IGNORECASE)
_LAST_LABEL = re.compile(r"[\r\n][ \t]*(?:answer|a)[ \t]*:\Z", re.IGNORECASE)
_CALCULATION = re.compile(r"<<[^<>\n]*>>")
_POSTINGS = 16
"""Items of a benchmark that are remembered for one n-gram."""
MOST_SPANS = 8
"""Stretches that are told of one document."""
_TELLING = 3
"""Different words an n-gram must have to count."""
_SLOTS = 8
"""Slots of the sieve for an n-gram, at least."""


@dataclass(frozen=True)
class Options:
    """What n-grams count; see the fields of `Contamination`.

    A text of w words has n-grams of ``share * w`` words, rounded down, but at least `shortest`
    (None: `n`) and at most `n`.
    """

    n: int
    shortest: int | None
    commonest: int | None
    share: float = 1.0
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Sums:
    """Hashes of runs of words, any length, from prefix sums of the words' hashes."""

    sums: _Hashes
    inverse: _Hashes

    @classmethod
    def of(cls, hashes: _Hashes) -> _Sums:
        sums = np.zeros(len(hashes) + 1, dtype=np.uint64)
        np.cumsum(hashes * powers(len(hashes)), out=sums[1:])
        return cls(sums, powers(len(hashes) + 1, inverse=True))

    def all(self, n: int) -> _Hashes:
        """Return the hash of the `n` words from each word on, where there are as many."""
        size = max(0, len(self.sums) - n)
        found: _Hashes = self.sums[n:] - self.sums[:size]
        found *= self.inverse[:size]
        return found

    def at(self, places: _Places, lengths: _Places | int) -> _Hashes:
        """Return the hash of as many words as `lengths` says from each of `places` on."""
        found: _Hashes = self.sums[places + lengths] - self.sums[places]
        found *= self.inverse[places]
        return found


@dataclass(frozen=True, eq=False)
class _Sieve:
    """Says of a hash that it is not among some, or perhaps is: a Bloom filter of one look."""

    slots: npt.NDArray[np.uint8]
    """By the first bits of a hash: a bit for what its last three bits are."""
    shift: np.uint64

    @classmethod
    def of(cls, hashes: _Hashes) -> _Sieve:
        bits = min(max((_SLOTS * len(hashes)).bit_length(), 18), 28)
        slots = np.zeros(1 << bits, dtype=np.uint8)
        shift = np.uint64(64 - bits)
        np.bitwise_or.at(slots, (hashes >> shift).view(np.int64), _last_bits(hashes))
        return cls(slots, shift)

    def passing(self, hashes: _Hashes) -> _Places:
        """Return the places of those of `hashes` that may be among them."""
        found = self.slots.take((hashes >> self.shift).view(np.int64))
        places = np.flatnonzero(found)
        return places.compress((found[places] & _last_bits(hashes[places])) != 0)


def _last_bits(hashes: _Hashes) -> npt.NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (hashes & np.uint64(7)).astype(np.uint8))


@dataclass(frozen=True, eq=False)
class _Window:
    """The n-grams of one length."""

    n: int
    hashes: _Hashes
    """Sorted, each once."""
    firsts: _Numbers
    """First posting of each hash, and their number."""
    texts: _Numbers
    """Of each posting: the text that the n-gram is in."""
    offsets: _Numbers
    """Of each posting: its place in that text, in words."""

    @classmethod
    def of(cls, n: int, grams: _Grams) -> _Window:
        order = np.lexsort((grams.texts, grams.hashes))
        hashes = grams.hashes[order]
        new = np.ones(len(hashes), dtype=np.bool_)
        np.not_equal(hashes[1:], hashes[:-1], out=new[1:])
        firsts = np.append(np.flatnonzero(new), len(hashes))
        hashes = hashes[new]
        texts, offsets = grams.texts[order].astype(np.int32), grams.offsets[order].astype(np.int32)
        return cls(n, hashes, firsts.astype(np.int32), texts, offsets)

    def find(self, places: _Places, hashes: _Hashes) -> _Found | None:
        """Return the postings of `hashes`, which stand at `places`; None if there are none."""
        if not len(self.hashes):
            return None
        among = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        hits = np.flatnonzero(self.hashes[among] == hashes)
        if not len(hits):
            return None
        places, among = places[hits], among[hits]
        firsts = self.firsts[among].astype(np.intp)
        postings, _, repeats = _runs(firsts, self.firsts[among + 1] - firsts)
        lengths = np.full(len(postings), self.n, dtype=np.intp)
        return _Found(places[repeats], lengths, self.texts[postings], self.offsets[postings])


@dataclass(frozen=True, eq=False)
class _Group:
    """N-grams of several lengths that are looked up by their first words.

    Those of n words are looked up by all of them, the shorter ones by as many as the shortest has.
    """

    n: int
    """How many words that is."""
    sieve: _Sieve
    windows: tuple[_Window, ...]


@dataclass(frozen=True, eq=False)
class _Found:
    """Occurrences of n-grams: first word, number of words, text of an item, place in that text."""

    places: _Places
    lengths: _Places
    texts: _Numbers
    offsets: _Numbers

    @classmethod
    def joined(cls, parts: Sequence[_Found]) -> _Found:
        return cls(
            np.concatenate([part.places for part in parts]),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate([part.texts for part in parts]),
            np.concatenate([part.offsets for part in parts]),
        )

    def where(self, kept: _Bools | _Places) -> _Found:
        return _Found(self.places[kept], self.lengths[kept], self.texts[kept], self.offsets[kept])


class Span(NamedTuple):
    """A stretch of a document that is in one item."""

    benchmark: str
    item: int
    """Its number in the file, from 0."""
    start: int
    """In characters of the document."""
    end: int
    """Exclusive."""


@dataclass(frozen=True)
class Match:
    """What of the benchmarks is in one document."""

    ngrams: int
    """Places in the document at which an n-gram of a benchmark stands."""
    words: int
    """Words of the document in such n-grams."""
    whole: int
    """Words of the document."""
    item_ratio: float
    """Greatest share of the words of one text of an item that are in n-grams found."""
    names: tuple[str, ...]
    """Of the benchmarks, sorted."""
    spans: tuple[Span, ...]
    """Stretches of such n-grams, the longest first, at most `MOST_SPANS`."""
    stretches: int
    """How many there are."""


@dataclass(frozen=True, eq=False)
class NgramIndex:
    """The n-grams of some benchmarks."""

    names: tuple[str, ...]
    benchmarks: _Numbers
    """By text: number of its benchmark."""
    items: _Numbers
    """By text: number of its item in the benchmark, from 0."""
    lengths: _Numbers
    """By text: its words, those in n-grams that occurred in it before not counted."""
    groups: tuple[_Group, ...]

    @property
    def ngrams(self) -> int:
        """Different n-grams."""
        return sum(len(window.hashes) for group in self.groups for window in group.windows)

    @property
    def present(self) -> set[str]:
        """Names of the benchmarks that have n-grams which count."""
        texts = [window.texts for group in self.groups for window in group.windows]
        numbers = {n for each in texts for n in np.unique(self.benchmarks[each]).tolist()}
        return {self.names[number] for number in numbers}

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, in bytes."""
        windows = [window for group in self.groups for window in group.windows]
        arrays = [a for w in windows for a in (w.hashes, w.firsts, w.texts, w.offsets)]
        arrays += [self.benchmarks, self.items, self.lengths]
        return sum(a.nbytes for a in (*arrays, *(group.sieve.slots for group in self.groups)))

    def matches(self, texts: Sequence[str]) -> Iterator[Match]:
        """Yield what of the benchmarks is in each of `texts`."""
        for words in folded_words(texts):
            found = self._find(words)
            yield from self._told(words, found)

    def _find(self, words: FoldedWords) -> _Found | None:
        """Return all occurrences in some documents; None if there is none."""
        sums = _Sums.of(words.hashes)
        parts: list[_Found | None] = []
        for group in self.groups:
            begins = group.sieve.passing(sums.all(group.n))
            for window in group.windows if len(begins) else ():
                places = begins[begins <= len(words.hashes) - window.n]
                parts.append(window.find(places, sums.at(places, window.n)))
        some = [part for part in parts if part is not None]
        if not some:
            return None
        found = _Found.joined(some)
        ends = words.bounds[np.searchsorted(words.bounds, found.places, side="right")]
        found = found.where(found.places + found.lengths <= ends)  # none across two documents
        return found if len(found.places) else None

    def _told(self, words: FoldedWords, found: _Found | None) -> Iterator[Match]:
        sizes = np.diff(words.bounds).tolist()
        if found is None:
            yield from (Match(0, 0, size, 0.0, (), (), 0) for size in sizes)
            return
        found = found.where(np.lexsort((found.texts, found.places)))
        cuts = np.searchsorted(found.places, words.bounds).tolist()
        for document, size in enumerate(sizes):
            first, last = cuts[document], cuts[document + 1]
            if first == last:
                yield Match(0, 0, size, 0.0, (), (), 0)
            else:
                part = found.where(np.arange(first, last))
                yield self._match(words, document, size, part)

    def _match(self, words: FoldedWords, document: int, size: int, found: _Found) -> Match:
        runs = np.unique(found.places << 20 | found.lengths)
        starts, lengths = runs >> 20, runs & 0xFFFFF
        reach = np.maximum.accumulate(starts + lengths)
        added = lengths.copy()
        added[1:] = np.maximum(reach[1:] - np.maximum(reach[:-1], starts[1:]), 0)
        owners = self.benchmarks[found.texts].astype(np.int64) << 32
        owners |= self.items[found.texts]
        names = sorted({self.names[number] for number in np.unique(owners >> 32).tolist()})
        spans, number = self._spans(words, document, found, owners)
        ratio = self._item_ratio(found)
        return Match(len(runs), int(added.sum()), size, ratio, tuple(names), spans, number)

    def _item_ratio(self, found: _Found) -> float:
        numbers, covered = _covered(found.texts, found.offsets, found.lengths)
        return float((covered / self.lengths[numbers]).max())

    def _spans(
        self, words: FoldedWords, document: int, found: _Found, owners: npt.NDArray[np.int64]
    ) -> tuple[tuple[Span, ...], int]:
        """Return the longest stretches of words in n-grams of one item, and how many there are."""
        order = np.lexsort((found.places, owners))
        owners, starts = owners[order], found.places[order]
        new = np.ones(len(starts), dtype=np.bool_)
        new[1:] = owners[1:] != owners[:-1]
        shift = np.cumsum(new) * (int(words.bounds[-1]) + 1)  # so that no item reaches the next
        reach = np.maximum.accumulate(starts + found.lengths[order] + shift) - shift
        new[1:] |= starts[1:] > reach[:-1]
        begins = np.flatnonzero(new)
        firsts, ends = starts[begins], np.maximum.reduceat(reach, begins)
        longest = np.lexsort((owners[begins], firsts, firsts - ends))[:MOST_SPANS]
        spans = []
        for k in longest.tolist():
            benchmark, item = divmod(int(owners[begins[k]]), 1 << 32)
            start, end = words.span(document, int(firsts[k]), int(ends[k]) - 1)
            spans.append(Span(self.names[benchmark], item, start, end))
        return tuple(spans), len(begins)


def build(benchmarks: Mapping[str, Items], options: Options) -> NgramIndex:
    """Return the index of `benchmarks`: for each its items, and for each of these its texts.

    Equal texts of a benchmark count once, as of their first item. The labels of prompts
    ("Question: ", "Answer:") at either end are no part of a text; the calculations in the solutions
    of GSM8K (``<<3*4=12>>``) may be there or not.
    """
    names = tuple(benchmarks)
    texts: list[str] = []
    owners: list[tuple[int, int]] = []
    for benchmark, name in enumerate(names):
        for item, strings in enumerate(benchmarks[name]):
            for text in (variant for string in strings for variant in _variants(string)):
                texts.append(text)
                owners.append((benchmark, item))
    builder = _Builder(options)
    done = 0
    for words in folded_words(texts):
        count = len(words.bounds) - 1
        builder.add(words, owners[done : done + count])
        done += count
    return builder.finish(names)


def _variants(text: str) -> Iterator[str]:
    text = _LAST_LABEL.sub("", text.rstrip())
    label = _LABEL.match(text)
    text = text[label.end() :] if label else text
    yield text
    if "<<" in text:
        yield _CALCULATION.sub("", text)


class _Grams(NamedTuple):
    """N-grams of one length: their hashes, the texts they are in, their places there in words."""

    hashes: _Hashes
    texts: _Places
    offsets: _Places

    def where(self, kept: _Bools) -> _Grams:
        return _Grams(self.hashes[kept], self.texts[kept], self.offsets[kept])


class _Builder:
    """Gathers the n-grams of texts, by length."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._grams: dict[int, dict[int, list[_Grams]]] = {}  # by first words, then by length
        self._begins: dict[int, list[_Hashes]] = {}  # the same first words, hashed
        self._texts: list[tuple[int, int]] = []
        self._seen: set[tuple[int, int]] = set()

    def add(self, words: FoldedWords, owners: Sequence[tuple[int, int]]) -> None:
        """Take texts in, each with its benchmark and item."""
        n = self._options.n
        shortest = min(n, self._options.shortest or n)
        sums = _Sums.of(words.hashes)
        firsts, sizes = words.bounds[:-1], np.diff(words.bounds)
        factors = _factors(words, sizes)
        enough = np.flatnonzero(sizes >= shortest * factors)
        numbers = np.full(len(sizes), -1, dtype=np.intp)
        wholes = sums.at(firsts[enough], sizes[enough]).tolist()
        for k, whole in zip(enough.tolist(), wholes, strict=True):
            benchmark, item = owners[k]
            if (benchmark, whole) not in self._seen:
                self._seen.add((benchmark, whole))
                numbers[k] = len(self._texts)
                self._texts.append((benchmark, item))
        for factor in np.unique(factors[numbers >= 0]).tolist():
            mine = (numbers >= 0) & (factors == factor)
            part = (self._options.share * sizes).astype(np.intp)
            counts = np.clip(part, shortest * factor, n * factor)  # words of an n-gram, by text
            for count in np.unique(counts[mine]).tolist():
                first = count if count == n * factor else shortest * factor
                chosen = np.flatnonzero(mine & (counts == count))
                places, offsets, repeats = _runs(firsts[chosen], sizes[chosen] - count + 1)
                grams = _Grams(sums.at(places, count), numbers[chosen][repeats], offsets)
                kept = _telling(words, places, count)
                self._grams.setdefault(first, {}).setdefault(count, []).append(grams.where(kept))
                self._begins.setdefault(first, []).append(sums.at(places[kept], first))

    def finish(self, names: tuple[str, ...]) -> NgramIndex:
        """Return the index of what was taken in."""
        table = np.array(self._texts, dtype=np.int32).reshape(-1, 2)
        benchmarks, items = (np.ascontiguousarray(column) for column in table.T)
        lengths = np.ones(len(table), dtype=np.int32)
        groups = []
        for first, by_length in sorted(self._grams.items()):
            windows = []
            for n, parts in sorted(by_length.items()):
                grams = _first(_Grams(*map(np.concatenate, zip(*parts, strict=True))))
                numbers, covered = _covered(grams.texts, grams.offsets, n)
                lengths[numbers] = covered
                kept = self._counted(grams, n, benchmarks, items)
                windows.append(_Window.of(n, grams.where(kept)))
            sieve = _Sieve.of(np.concatenate(self._begins[first]))
            groups.append(_Group(first, sieve, tuple(windows)))
        return NgramIndex(names, benchmarks, items, lengths, tuple(groups))

    def _counted(
        self, grams: _Grams, n: int, benchmarks: _Numbers, items: _Numbers
    ) -> npt.NDArray[np.bool_]:
        """Return which of `grams` count: not ignored, not in too many items of a benchmark."""
        ignored = [_Sums.of(words.hashes).all(n) for words in folded_words(self._options.ignore)]
        kept = ~np.isin(grams.hashes, np.concatenate([grams.hashes[:0], *ignored]))
        owners, of = items[grams.texts], benchmarks[grams.texts]
        order = np.lexsort((owners, grams.hashes, of))
        hashes, of, owners = grams.hashes[order], of[order], owners[order]
        other = np.ones(len(order), dtype=np.bool_)
        other[1:] = (hashes[1:] != hashes[:-1]) | (of[1:] != of[:-1])
        another = other.copy()
        another[1:] |= owners[1:] != owners[:-1]
        groups, begins = np.cumsum(other) - 1, np.flatnonzero(other)
        nth = np.cumsum(another)
        nth = nth - nth[begins][groups] + 1  # which item with this n-gram, from 1
        few = nth <= _POSTINGS
        if self._options.commonest is not None:
            few &= (np.maximum.reduceat(nth, begins) <= self._options.commonest)[groups]
        kept[order] &= few
        return kept


def _runs(firsts: _Places, counts: _Places) -> tuple[_Places, _Places, _Places]:
    """Return `counts` numbers from each of `firsts` on: themselves, the nth they are, of which."""
    repeats = np.repeat(np.arange(len(firsts)), counts)
    nth = np.arange(len(repeats)) - (np.cumsum(counts) - counts)[repeats]
    return firsts[repeats] + nth, nth, repeats


def _first(grams: _Grams) -> _Grams:
    """Return `grams` without those that occurred before in the same text."""
    order = np.lexsort((grams.offsets, grams.hashes, grams.texts))
    hashes, texts = grams.hashes[order], grams.texts[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (texts[1:] != texts[:-1])
    return _Grams(hashes[new], texts[new], grams.offsets[order][new])


def _covered(
    texts: npt.NDArray[Any], offsets: npt.NDArray[Any], lengths: _Places | int
) -> tuple[_Places, _Places]:
    """Return which texts there are, and how many of the words of each are in the runs given.

    Args:
        texts: of each run of words: its text.
        offsets: where the run begins there.
        lengths: its words.
    """
    order = np.lexsort((offsets, texts))
    texts, offsets = texts[order], offsets[order]
    added = np.broadcast_to(lengths, texts.shape)[order].astype(np.intp)
    same = texts[1:] == texts[:-1]
    added[:-1][same] = np.minimum(added[:-1], offsets[1:] - offsets[:-1])[same]
    begins = np.flatnonzero(np.append(np.ones(min(len(texts), 1), dtype=np.bool_), ~same))
    return texts[begins].astype(np.intp), np.add.reduceat(added, begins)


def _telling(words: FoldedWords, places: _Places, n: int) -> _Bools:
    """Return which of the runs of `n` words from `places` on say enough to be told by.

    They need `_TELLING` different words that are neither numbers nor single letters (a character
    that is a word by itself is one): "1 2 3 ... 13" and "A B C ... M" are on every second page.
    """
    begins = words.codes[words.starts]
    number = (begins >= ord("0")) & (begins <= ord("9"))
    telling = ((words.ends - words.starts > 1) & ~number) | (words.weights > 1)
    order = np.argsort(words.hashes, kind="stable")
    before = np.full(len(order), -1, dtype=np.intp)
    same = words.hashes[order[1:]] == words.hashes[order[:-1]]
    before[order[1:][same]] = order[:-1][same]  # where the same word stands before
    counts = np.zeros(len(places), dtype=np.intp)
    for k in range(n):
        counts += telling[places + k] & (before[places + k] < places)
    return counts >= _TELLING


def _factors(words: FoldedWords, sizes: _Places) -> _Places:
    """Return for each text how many of its words, as they are cut, make about one."""
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    twos = np.bincount(numbers[words.weights == 2], minlength=len(sizes))
    fours = np.bincount(numbers[words.weights == 4], minlength=len(sizes))
    return np.where(2 * (twos + fours) <= sizes, 1, np.where(fours > twos, 4, 2))
