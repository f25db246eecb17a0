"""Gopher's repetition rules: does the page say the same thing again and again?

From "Scaling Language Models: Methods, Analysis & Insights from Training Gopher" (Rae et al. 2021,
table A1), as datatrove 0.10 measures them. DCLM shares the limits and measures otherwise: it counts
all copies, not only the later ones, divides by the characters without blank lines, ignores a most
common n-gram that occurs once, and takes the longest of those that are equally common.

It looks inside one page only; copies of whole pages are the business of `webfilter.dedup`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.document import Document, Value
from webfilter.heuristics.limits import limit
from webfilter.stage import Filter, Rule, Signal
from webfilter.text import Tokens, Words, tokenize, tokenizer_version

__all__ = ["GopherRepetition"]

_TOP = (2, 3, 4)
_DUPLICATE = (5, 6, 7, 8, 9, 10)
_Hashes: TypeAlias = npt.NDArray[np.uint64]


def _signals() -> tuple[Signal, ...]:
    found = [Signal("characters", "int", "length of the text", "characters", 0)]
    for unit in ("paragraph", "line"):
        again = f"{unit}s that occurred before in the text"
        found += [
            Signal(f"duplicate_{unit}_ratio", "float", again, "share", 0, 1),
            Signal(
                f"duplicate_{unit}_character_ratio", "float", f"characters in {again}", "share", 0, 1
            ),
        ]
    for n in _TOP:
        about = f"characters in the most common {n}-gram of words, all its occurrences"
        found.append(Signal(f"top_{n}gram_character_ratio", "float", about, "share", 0))
    for n in _DUPLICATE:
        about = f"characters in {n}-grams of words that occurred before"
        found.append(Signal(f"duplicate_{n}gram_character_ratio", "float", about, "share", 0, 1))
    return tuple(found)


@dataclass(frozen=True)
class GopherRepetition(Filter):
    """Drop pages with too much repetition: of paragraphs, lines or runs of words.

    Decides as datatrove's ``GopherRepetitionFilter`` does, with one intended difference: a limit of
    0 is a limit (there it switches a rule on lines or paragraphs off). Every share is of the
    characters of the text, line ends included.

    >>> text = "\\n".join(["Add to cart"] * 3 + ["A red chair of oak"])
    >>> GopherRepetition().measure(Document("a", text))["duplicate_line_ratio"]
    0.5
    """

    name: ClassVar[str] = "gopher_repetition"
    measures: ClassVar[tuple[Signal, ...]] = _signals()

    min_characters: int | None = 1
    """Least characters: an empty text is dropped."""
    max_duplicate_paragraph_ratio: float | None = 0.3
    """Greatest share of paragraphs (between empty lines) that occurred before."""
    max_duplicate_paragraph_character_ratio: float | None = 0.2
    """Greatest share of the characters in such paragraphs."""
    max_duplicate_line_ratio: float | None = 0.3
    """Greatest share of non-empty lines that occurred before."""
    max_duplicate_line_character_ratio: float | None = 0.2
    """Greatest share of the characters in such lines."""
    max_top_2gram_character_ratio: float | None = 0.20
    """Greatest share of the characters in the most common pair of words."""
    max_top_3gram_character_ratio: float | None = 0.18
    """The same for three words."""
    max_top_4gram_character_ratio: float | None = 0.16
    """The same for four words."""
    max_duplicate_5gram_character_ratio: float | None = 0.15
    """Greatest share of the characters in runs of five words that occurred before."""
    max_duplicate_6gram_character_ratio: float | None = 0.14
    """The same for six words."""
    max_duplicate_7gram_character_ratio: float | None = 0.13
    """The same for seven words."""
    max_duplicate_8gram_character_ratio: float | None = 0.12
    """The same for eight words."""
    max_duplicate_9gram_character_ratio: float | None = 0.11
    """The same for nine words."""
    max_duplicate_10gram_character_ratio: float | None = 0.10
    """The same for ten words."""
    words: Words = "english"
    """What a word is: see `webfilter.text.tokens`."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in datatrove's order; the first one that is violated decides."""
        found = [*limit("characters", ge=self.min_characters)]
        for signal in self.measures[1:]:
            found += limit(signal.name, le=getattr(self, f"max_{signal.name}"))
        return tuple(found)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of the tokenizer."""
        return {"words": tokenizer_version(self.words)}

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the signals of `doc`: ratios of an empty text are None, and so is an absent top."""
        text = doc.text
        found: dict[str, Value] = {signal.name: None for signal in self.measures}
        found["characters"] = len(text)
        if not text:
            return found
        for unit, parts in (("paragraph", _paragraphs(text)), ("line", _lines(text))):
            number, characters = _again(parts)
            found[f"duplicate_{unit}_ratio"] = number / len(parts)
            found[f"duplicate_{unit}_character_ratio"] = characters / len(text)
        tokens = tokenize(text, self.words)
        for n in _TOP:
            if len(tokens) >= n:
                found[f"top_{n}gram_character_ratio"] = _top(tokens, n) / len(text)
        for n in _DUPLICATE:
            found[f"duplicate_{n}gram_character_ratio"] = _duplicate(tokens, n) / len(text)
        return found


def _paragraphs(text: str) -> list[str]:
    """Return what ``re.split(r"\\n{2,}", text.strip())`` does, four times as fast."""
    parts = text.strip().split("\n\n")
    return [part.lstrip("\n") for part in parts if part not in ("", "\n")] or [""]


def _lines(text: str) -> list[str]:
    """Return what ``re.split(r"\\n+", text)`` does, four times as fast."""
    parts = [part for part in text.split("\n") if part]
    return [""] * text.startswith("\n") + parts + [""] * text.endswith("\n")


def _again(parts: Sequence[str]) -> tuple[int, int]:
    """Return how many of `parts` occurred before, and their characters."""
    different = set(parts)
    if len(different) == len(parts):
        return 0, 0
    characters = sum(map(len, parts)) - sum(map(len, different))
    return len(parts) - len(different), characters


def _among(hashes: _Hashes, values: _Hashes) -> npt.NDArray[np.bool_]:
    """Return which of `hashes` are among `values`, which are sorted and not empty."""
    places = np.searchsorted(values, hashes)
    found: npt.NDArray[np.bool_] = values[np.minimum(places, len(values) - 1)] == hashes
    return found


def _top(tokens: Tokens, n: int) -> int:
    """Return length times count of the most common n-gram, the first of those equally common.

    Its words count with a space between each two.
    """
    hashes = tokens.ngrams(n)
    ordered = np.sort(hashes)
    new = np.ones(len(ordered) + 1, dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:-1])
    bounds = np.flatnonzero(new)
    counts = bounds[1:] - bounds[:-1]
    count, first = int(counts.max()), 0
    if count > 1:
        values = ordered[bounds[:-1][counts == count]]
        first = int((hashes == values[0] if len(values) == 1 else _among(hashes, values)).argmax())
    offsets = tokens.offsets
    return (int(offsets[first + n] - offsets[first]) + n - 1) * count


def _duplicate(tokens: Tokens, n: int) -> int:
    """Return the characters in n-grams that occurred before, walking from left to right.

    A repeated n-gram adds its characters and the walk goes on behind it, else one word further. Only
    n-grams that occur twice somewhere need be visited: all others are met once and never again.
    """
    hashes = tokens.joined(n)
    ordered = np.sort(hashes)
    repeated = ordered[1:] == ordered[:-1]
    if not repeated.any():
        return 0
    visited = np.flatnonzero(_among(hashes, ordered[1:][repeated]))
    offsets = tokens.offsets
    lengths = (offsets[visited + n] - offsets[visited]).tolist()
    values, places = hashes[visited].tolist(), visited.tolist()
    seen: set[int] = set()
    total = i = 0
    while i < len(places):
        if values[i] in seen:
            total += lengths[i]
            i = bisect_left(places, places[i] + n, i + 1, min(i + n, len(places)))
        else:
            seen.add(values[i])
            i += 1
    return total
