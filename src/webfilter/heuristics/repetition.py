"""Gopher's repetition rules: does the page say the same thing again and again?

From "Scaling Language Models: Methods, Analysis & Insights from Training Gopher" (Rae et al. 2021,
table A1), as datatrove 0.10 measures them. DCLM shares the limits and measures otherwise: it counts
all copies, not only the later ones, divides by the characters without blank lines, ignores a most
common n-gram that occurs once, and takes the longest of those that are equally common.

It looks inside one page only; copies of whole pages are the business of `webfilter.dedup`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from webfilter.document import Document, Value
from webfilter.heuristics.counts import CHARACTERS
from webfilter.heuristics.limits import limit
from webfilter.heuristics.ngrams import (
    MOST_DOCUMENTS,
    TokenRuns,
    duplicate_characters,
    top_characters,
)
from webfilter.stage import Rule, Scorer, Signal
from webfilter.text import Words, check_words, tokenize_all, tokenizer_version

__all__ = ["GopherRepetition"]

_TOP = (2, 3, 4)
_DUPLICATE = (5, 6, 7, 8, 9, 10)
_TOGETHER = 16_000  # tokens measured together: more would leave the processor's cache


def _signals() -> tuple[Signal, ...]:
    found = [CHARACTERS]
    for unit in ("paragraph", "line"):
        again = f"{unit}s that occurred before in the text"
        found += [
            Signal(f"duplicate_{unit}_ratio", "float", again, "share", 0, 1),
            Signal(
                f"duplicate_{unit}_character_ratio",
                "float",
                f"Characters in {again}",
                "share",
                0,
                1,
            ),
        ]
    for n in _TOP:
        about = f"characters in the most common {n}-gram of words, all its occurrences"
        found.append(Signal(f"top_{n}gram_character_ratio", "float", about, "share", 0))
    for n in _DUPLICATE:
        about = f"characters in {n}-grams of words that occurred before"
        found.append(Signal(f"duplicate_{n}gram_character_ratio", "float", about, "share", 0, 1))
    return tuple(found)


_NAMES = tuple(signal.name for signal in _signals())


@dataclass(frozen=True)
class GopherRepetition(Scorer):
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

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words(self.words)

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

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document: None where there is nothing to divide by."""
        texts = [doc.text for doc in docs]
        found = [_of_parts(text, dict.fromkeys(_NAMES)) for text in texts]
        tokens = tokenize_all(texts, self.words)
        for part in _parts([len(each) for each in tokens]):
            runs = TokenRuns.of(tokens[part])
            for n in _TOP:
                _set_shares(found[part], f"top_{n}gram_character_ratio", top_characters(runs, n))
            for n in _DUPLICATE:
                name = f"duplicate_{n}gram_character_ratio"
                _set_shares(found[part], name, duplicate_characters(runs, n))
        return found


def _of_parts(text: str, found: dict[str, Value]) -> dict[str, Value]:
    """Return `found` with what is measured on paragraphs and lines."""
    found["characters"] = len(text)
    if text:
        for unit, parts in (("paragraph", _paragraphs(text)), ("line", _lines(text))):
            number, characters = _again(parts)
            found[f"duplicate_{unit}_ratio"] = number / len(parts)
            found[f"duplicate_{unit}_character_ratio"] = characters / len(text)
    return found


def _set_shares(
    found: Sequence[dict[str, Value]], name: str, characters: Sequence[int | None]
) -> None:
    for signals, part in zip(found, characters, strict=True):
        whole = signals["characters"]
        if part is not None and isinstance(whole, int) and whole:
            signals[name] = part / whole


def _parts(sizes: Sequence[int]) -> Iterator[slice]:
    """Yield slices of documents to measure together: few enough, and not too many tokens."""
    start = total = 0
    for place, size in enumerate(sizes):
        if place > start and (total + size > _TOGETHER or place - start == MOST_DOCUMENTS):
            yield slice(start, place)
            start, total = place, 0
        total += size
    if start < len(sizes):
        yield slice(start, len(sizes))


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
