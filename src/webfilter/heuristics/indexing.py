"""From the texts of benchmarks to the index of their n-grams.

Every text of an item gives all its runs of n words, each with a 64-bit hash; a short text gives
shorter ones. What many items share, what is ignored and what says nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.items import Items
from webfilter.heuristics.overlap import (
    Grams,
    Group,
    NgramIndex,
    Sieve,
    Sums,
    Window,
    covered_words,
    runs_from,
)
from webfilter.text.folded import FoldedWords, folded_words

__all__ = ["Options", "build"]

_Hashes: TypeAlias = npt.NDArray[np.uint64]
_Places: TypeAlias = npt.NDArray[np.intp]
_Numbers: TypeAlias = npt.NDArray[np.int32]
_Bools: TypeAlias = npt.NDArray[np.bool_]

_LABEL = re.compile(r"\s*(?:question|problem|passage|context|answer|q|a)\s*:", re.IGNORECASE)
_LAST_LABEL = re.compile(r"[\r\n][ \t]*(?:answer|a)[ \t]*:\Z", re.IGNORECASE)
_CALCULATION = re.compile(r"<<[^<>\n]*>>")
_POSTINGS = 16
"""Items of a benchmark that are remembered for one n-gram."""
_TELLING = 3
"""Different words an n-gram must have to count."""


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


class _Builder:
    """Gathers the n-grams of texts, by length."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._grams: dict[int, dict[int, list[Grams]]] = {}  # by first words, then by length
        self._begins: dict[int, list[_Hashes]] = {}  # the same first words, hashed
        self._texts: list[tuple[int, int]] = []
        self._seen: set[tuple[int, int]] = set()

    def add(self, words: FoldedWords, owners: Sequence[tuple[int, int]]) -> None:
        """Take texts in, each with its benchmark and item."""
        n = self._options.n
        shortest = min(n, self._options.shortest or n)
        sums = Sums.of(words.hashes)
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
                places, offsets, repeats = runs_from(firsts[chosen], sizes[chosen] - count + 1)
                grams = Grams(sums.at(places, count), numbers[chosen][repeats], offsets)
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
                grams = _first(Grams(*map(np.concatenate, zip(*parts, strict=True))))
                numbers, covered = covered_words(grams.texts, grams.offsets, n)
                lengths[numbers] = covered
                kept = self._counted(grams, n, benchmarks, items)
                windows.append(Window.of(n, grams.where(kept)))
            sieve = Sieve.of(np.concatenate(self._begins[first]))
            groups.append(Group(first, sieve, tuple(windows)))
        return NgramIndex(names, benchmarks, items, lengths, tuple(groups))

    def _counted(
        self, grams: Grams, n: int, benchmarks: _Numbers, items: _Numbers
    ) -> npt.NDArray[np.bool_]:
        """Return which of `grams` count: not ignored, not in too many items of a benchmark."""
        ignored = [Sums.of(words.hashes).all(n) for words in folded_words(self._options.ignore)]
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


def _first(grams: Grams) -> Grams:
    """Return `grams` without those that occurred before in the same text."""
    order = np.lexsort((grams.offsets, grams.hashes, grams.texts))
    hashes, texts = grams.hashes[order], grams.texts[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (texts[1:] != texts[:-1])
    return Grams(hashes[new], texts[new], grams.offsets[order][new])


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
