"""The n-grams of benchmarks as sorted hashes, and where they occur in documents.

`webfilter.heuristics.indexing` makes the index. A lookup asks a sieve first, which nearly always
says no, and searches the sorted hashes for the few that pass.

Two different n-grams have the same hash with a probability of 2**-64: a million n-grams of
benchmarks looked up in a trillion words meet by chance .05 times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.text.folded import FoldedWords, folded_words
from webfilter.text.points import powers

__all__ = [
    "MOST_SPANS",
    "Grams",
    "Group",
    "Match",
    "NgramIndex",
    "Sieve",
    "Span",
    "Sums",
    "Window",
    "covered_words",
    "runs_from",
]

_Hashes: TypeAlias = npt.NDArray[np.uint64]
_Places: TypeAlias = npt.NDArray[np.intp]
_Numbers: TypeAlias = npt.NDArray[np.int32]
_Bools: TypeAlias = npt.NDArray[np.bool_]

MOST_SPANS = 8
"""Stretches that are told of one document."""
_SLOTS = 8
"""Slots of the sieve for an n-gram, at least."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Hashes of runs of words, any length, from prefix sums of the words' hashes."""

    sums: _Hashes
    inverse: _Hashes

    @classmethod
    def of(cls, hashes: _Hashes) -> Sums:
        """Return the sums over words with these hashes."""
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
class Sieve:
    """Says of a hash that it is not among some, or perhaps is: a Bloom filter of one look."""

    slots: npt.NDArray[np.uint8]
    """By the first bits of a hash: a bit for what its last three bits are."""
    shift: np.uint64

    @classmethod
    def of(cls, hashes: _Hashes) -> Sieve:
        """Return the sieve that these hashes pass."""
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


class Grams(NamedTuple):
    """N-grams of one length: their hashes, the texts they are in, their places there in words."""

    hashes: _Hashes
    texts: _Places
    offsets: _Places

    def where(self, kept: _Bools) -> Grams:
        """Return those of the n-grams that are `kept`."""
        return Grams(self.hashes[kept], self.texts[kept], self.offsets[kept])


@dataclass(frozen=True, eq=False)
class Window:
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
    def of(cls, n: int, grams: Grams) -> Window:
        """Return `grams`, which have `n` words each, in the order of their hashes."""
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
        postings, _, repeats = runs_from(firsts, self.firsts[among + 1] - firsts)
        lengths = np.full(len(postings), self.n, dtype=np.intp)
        return _Found(places[repeats], lengths, self.texts[postings], self.offsets[postings])


@dataclass(frozen=True, eq=False)
class Group:
    """N-grams of several lengths that are looked up by their first words.

    Those of n words are looked up by all of them, the shorter ones by as many as the shortest has.
    """

    n: int
    """How many words that is."""
    sieve: Sieve
    windows: tuple[Window, ...]


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
    groups: tuple[Group, ...]

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
        sums = Sums.of(words.hashes)
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
        numbers, covered = covered_words(found.texts, found.offsets, found.lengths)
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


def runs_from(firsts: _Places, counts: _Places) -> tuple[_Places, _Places, _Places]:
    """Return `counts` numbers from each of `firsts` on: themselves, the nth they are, of which."""
    repeats = np.repeat(np.arange(len(firsts)), counts)
    nth = np.arange(len(repeats)) - (np.cumsum(counts) - counts)[repeats]
    return firsts[repeats] + nth, nth, repeats


def covered_words(
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
