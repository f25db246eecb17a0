"""Words as they are compared across copies: typography taken away, places kept.

Where `webfilter.text.tokens` cuts a text as it stands, this cuts what is left of it when case,
accents, punctuation, character references and compatibility forms are taken away, and still knows
where in the text each word stands. Two copies of a passage that differ in such things have the same
words with the same hashes.

- A word is a run of letters, marks and numbers; everything else parts words.
- Apostrophes (' ’ ` and the like), soft hyphens, zero-width characters and accents are left out, so
  "don’t" is "dont" and "é" is "e", composed or not.
- Characters are folded by Unicode's NFKC and case folding: "ﬁ" is "fi", full-width "Ａ" is "a".
- Character references that were left in the text (``&quot;``, ``&#39;``, ``&amp;#39;``) count as
  the character they mean.
- Han, kana, Thai, Lao, Khmer and Myanmar are written without spaces: every character is a word.
  `FoldedWords.weights` says how many of these make about one word.

What it does not do: unfold Hangul or kana that come decomposed, or cut other scripts that have no
spaces (a stretch of Javanese is one word from mark to mark).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.text.points import code_points, hash_spans

__all__ = ["FOLDED_VERSION", "FoldedWords", "folded_words"]

FOLDED_VERSION = f"folded-1 unicode {unicodedata.unidata_version}"
"""What the words depend on beside the text, for a stage's artifacts."""

_Codes: TypeAlias = npt.NDArray[np.uint32]
_Places: TypeAlias = npt.NDArray[np.intp]
_Hashes: TypeAlias = npt.NDArray[np.uint64]

_PARTS = 0
"""Fold of what parts words."""
_GONE = 0x110000
"""Fold of what is left out; above it stand the numbers of folds of several characters."""
_LEFT_OUT = frozenset("'`´ʹʻʼʽˈ‘’‚‛′＇՚׳")
_UNSPACED = 0x0E00
"""Least code point of a script written without spaces."""
_WEIGHTS = (
    (0x0E00, 0x0EFF, 4),  # Thai, Lao
    (0x1000, 0x109F, 4),  # Myanmar
    (0x1780, 0x17FF, 4),  # Khmer
    (0x3005, 0x3007, 2),  # iteration and closing marks, zero
    (0x3040, 0x30FF, 2),  # kana
    (0x3400, 0x9FFF, 2),  # Han
    (0x20000, 0x323AF, 2),  # Han, planes 2 and 3
)
_REFERENCE = re.compile(r"&(?:amp;)*(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_TOGETHER = 60_000  # characters folded at once: more would leave the processor's cache


def _is_accent(char: str) -> bool:
    """Whether `char` is a mark that people leave out: of Latin, Greek, Cyrillic, Hebrew, Arabic."""
    over = unicodedata.combining(char)
    return 10 <= over <= 36 or over >= 200


def _fold(char: str) -> str:
    """Return the fold of `char`: nothing where it is left out, a space where it parts words."""
    kind = unicodedata.category(char)
    if char in _LEFT_OUT or kind in ("Cf", "Me"):
        return ""
    if kind[0] not in "LMN":
        return " "
    if _is_accent(char) or "\ufe00" <= char <= "\ufe0f":
        return ""
    if not unicodedata.decomposition(char) and char.casefold() == char:
        return char
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
    if not whole.isascii():
        bare = [c for c in unicodedata.normalize("NFD", whole) if not _is_accent(c)]
        whole = unicodedata.normalize("NFC", "".join(bare))
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in whole)


@dataclass(frozen=True, eq=False)
class _Table:
    folds: _Codes
    """By code point: its fold, `_PARTS`, `_GONE`, or above that 1 + the row of `several`."""
    sizes: _Places
    """Characters of the fold: of what is left out (0), then of each row of `several`."""
    several: _Codes
    """Folds of several characters, filled up with 0; row 0 is empty."""
    weights: npt.NDArray[np.uint8]
    """By fold: characters that make about one word, for those that are words; else 0."""


@cache
def _table() -> _Table:
    """Return the table: 6 MB, built on first use in a tenth of a second."""
    folds = np.zeros(0x110000, dtype=np.uint32)
    several = [""]
    numbers: dict[str, int] = {}
    for low, high in ((0, 0x3400), (0xA000, 0xAC00), (0xD7B0, 0x20000), (0x2F800, 0x2FA20)):
        for code in range(low, high):
            fold = _fold(chr(code))
            if len(fold) == 1:
                folds[code] = ord(fold) if fold != " " else _PARTS
            elif not fold:
                folds[code] = _GONE
            else:
                if fold not in numbers:
                    numbers[fold] = len(several)
                    several.append(fold)
                folds[code] = _GONE + numbers[fold]
    for low, high in ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0x20000, 0x2F800)):
        folds[low:high] = np.arange(low, high)  # Han and Hangul: letters that fold to themselves
    folds[0x30000:0x323B0] = np.arange(0x30000, 0x323B0)
    folds[0xE0000:0xE0200] = _GONE  # tags and variation selectors
    rows = np.zeros((len(several), max(map(len, several))), dtype=np.uint32)
    for row, fold in enumerate(several):
        rows[row, : len(fold)] = [_PARTS if char == " " else ord(char) for char in fold]
    weights = np.zeros(0x110000, dtype=np.uint8)
    for low, high, weight in _WEIGHTS:
        weights[low : high + 1] = weight
    return _Table(folds, np.array([len(fold) for fold in several], dtype=np.intp), rows, weights)


@dataclass(frozen=True, eq=False)
class FoldedWords:
    """The folded words of some texts, one text behind the other: n words of t texts."""

    hashes: _Hashes
    """64-bit hash of each word, shape (n,)."""
    weights: npt.NDArray[np.uint8]
    """1, or 2 (Han, kana) or 4 (Thai and others) where as many make about a word, shape (n,)."""
    bounds: _Places
    """First word of each text, and n, shape (t + 1,)."""
    starts: _Places
    """Where each word starts among the folded characters, shape (n,)."""
    ends: _Places
    """Where it ends there, exclusive, shape (n,)."""
    codes: _Codes
    """The folded characters of the texts joined."""
    places: _Places | None
    """Where each folded character stands in the texts joined; None: at its own place."""
    origins: _Places
    """Where each text starts in the texts joined, shape (t,)."""

    def span(self, text: int, first: int, last: int) -> tuple[int, int]:
        """Return where the words `first` to `last` stand in text number `text`, in characters.

        >>> [words] = folded_words(["So: «Don’t panic!»"])
        >>> words.span(0, 1, 2)
        (5, 16)
        """
        start, end = int(self.starts[first]), int(self.ends[last]) - 1
        if self.places is not None:
            start, end = int(self.places[start]), int(self.places[end])
        origin = int(self.origins[text])
        return start - origin, end + 1 - origin


def folded_words(texts: Sequence[str]) -> Iterator[FoldedWords]:
    """Yield the words of `texts`, some texts at a time: as many as the processor's cache holds.

    >>> [words] = folded_words(["Café &#39;Ａ&#39;", "cafe\u0301 (a)", "北京"])
    >>> words.bounds.tolist(), bool((words.hashes[:2] == words.hashes[2:4]).all())
    ([0, 2, 4, 6], True)
    """
    group: list[str] = []
    size = 0
    for text in texts:
        if group and size + len(text) > _TOGETHER:
            yield _together(group)
            group, size = [], 0
        group.append(text)
        size += len(text) + 1
    if group:
        yield _together(group)


def _together(texts: list[str]) -> FoldedWords:
    table = _table()
    joined = "\n".join(texts)
    folded = table.folds.take(code_points(joined))
    if "&" in joined:
        for found in _REFERENCE.finditer(joined):
            meant = html.unescape(f"&{found[1]};")
            if len(meant) <= 2:  # else nobody's name
                folded[found.start()] = table.folds[ord(meant[0])] if meant else _PARTS
                folded[found.start() + 1 : found.end()] = _GONE
    places = None
    odd = np.flatnonzero(folded >= _GONE)
    if len(odd):
        folded, places = _spread(folded, odd, table)
    starts, ends, weights = _cut(folded, table)
    origins = np.cumsum([0, *(len(text) + 1 for text in texts)], dtype=np.intp)
    begins = origins if places is None else np.searchsorted(places, origins)
    bounds = np.searchsorted(starts, begins)
    hashes = hash_spans(folded, starts, ends)
    return FoldedWords(hashes, weights, bounds, starts, ends, folded, places, origins[:-1])


def _spread(folded: _Codes, odd: _Places, table: _Table) -> tuple[_Codes, _Places]:
    """Take out what is left out, put in folds of several characters; with the place of each."""
    rows = folded[odd] - np.uint32(_GONE)
    if not rows.any():
        kept = np.ones(len(folded), dtype=np.bool_)
        kept[odd] = False
        places = np.flatnonzero(kept)
        return folded.take(places), places
    counts = np.ones(len(folded), dtype=np.intp)
    counts[odd] = table.sizes.take(rows)
    places = np.repeat(np.arange(len(folded)), counts)
    spread = folded.take(places)
    many = np.flatnonzero(spread > _GONE)
    nth = many - (np.cumsum(counts) - counts).take(places[many])
    spread[many] = table.several[spread[many] - np.uint32(_GONE), nth]
    return spread, places


def _cut(folded: _Codes, table: _Table) -> tuple[_Places, _Places, npt.NDArray[np.uint8]]:
    """Return where words start and end, and what each weighs."""
    inside = np.zeros(len(folded) + 2, dtype=np.bool_)
    np.not_equal(folded, _PARTS, out=inside[1:-1])
    if not len(folded) or folded.max() < _UNSPACED:
        changes = np.flatnonzero(inside[1:] != inside[:-1])
        starts, ends = changes[::2], changes[1::2]
        return starts, ends, np.ones(len(starts), dtype=np.uint8)
    heavy = np.zeros(len(inside), dtype=np.uint8)
    heavy[1:-1] = table.weights.take(folded)
    alone = heavy > 0
    here = inside[1:-1]
    starts = np.flatnonzero(here & (~inside[:-2] | alone[:-2] | alone[1:-1]))
    ends = np.flatnonzero(here & (~inside[2:] | alone[2:] | alone[1:-1])) + 1
    return starts, ends, np.maximum(heavy[1:-1].take(starts), 1)
