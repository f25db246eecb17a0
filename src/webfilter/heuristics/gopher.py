"""Gopher's quality rules: is this prose at all?

From "Scaling Language Models: Methods, Analysis & Insights from Training Gopher" (Rae et al. 2021,
appendix A.1.1), as datatrove 0.10 applies them: its order, its comparisons, its words.

It does not look at repetition (`webfilter.heuristics.repetition`) nor at what the text is about.
The stop words are English and so are the words: for other languages give `stop_words` and limits of
their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from webfilter.document import Document, Value
from webfilter.heuristics.counts import WORDS, between, bounds_of, contents_of, worded
from webfilter.heuristics.limits import limit
from webfilter.stage import Rule, Scorer, Signal
from webfilter.text import (
    Tokens,
    Words,
    check_words,
    code_points,
    hash_spans,
    tokenize_all,
    tokenizer_version,
)
from webfilter.text.chars import ALPHABETIC

__all__ = ["STOP_WORDS", "GopherQuality"]

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Gopher's eight, as the paper lists them."""


@dataclass(frozen=True)
class GopherQuality(Scorer):
    """Drop pages that do not read like prose, by the rules of Gopher.

    Decides as datatrove's ``GopherQualityFilter`` does, with these intended differences: a limit
    of 0 is a limit (there it switches the rule off), hashes and ellipses have a limit each, and a
    text without tokens has undefined ratios where datatrove divides by zero.

    Punctuation counts as words in the ratios, as there. That makes `min_alpha_word_ratio` far
    harsher than the paper's: a technical paragraph of .97 by white space can be .76 here.

    >>> stage = GopherQuality(min_words=5)
    >>> stage.measure(Document("a", "The cat and the dog sat with me."))["words"]
    8
    """

    name: ClassVar[str] = "gopher_quality"
    measures: ClassVar[tuple[Signal, ...]] = (
        WORDS,
        Signal("mean_word_length", "float", "Mean length of these words", "characters", 1),
        Signal("symbol_word_ratio", "float", "Hash signs a token", "a token", 0),
        Signal("ellipsis_word_ratio", "float", "Ellipses (... or …) a token", "a token", 0),
        Signal("bullet_line_ratio", "float", "Lines that begin with • or -", "share", 0, 1),
        Signal("ellipsis_line_ratio", "float", "Lines that end with an ellipsis", "share", 0, 1),
        Signal("alpha_word_ratio", "float", "Tokens with an alphabetic character", "share", 0, 1),
        Signal("stop_words", "int", "Different stop words that occur", "words", 0),
    )

    min_words: int | None = 50
    """Least words."""
    max_words: int | None = 100_000
    """Most words."""
    min_mean_word_length: float | None = 3.0
    """Least mean length of a word, in characters."""
    max_mean_word_length: float | None = 10.0
    """Greatest mean length of a word, in characters."""
    max_symbol_word_ratio: float | None = 0.1
    """Most hash signs a token."""
    max_ellipsis_word_ratio: float | None = 0.1
    """Most ellipses a token."""
    max_bullet_line_ratio: float | None = 0.9
    """Greatest share of lines that begin with a bullet; blank lines count as lines."""
    max_ellipsis_line_ratio: float | None = 0.3
    """Greatest share of lines that end with an ellipsis; blank lines count as lines."""
    min_alpha_word_ratio: float | None = 0.8
    """Least share of tokens with an alphabetic character; punctuation counts as tokens."""
    min_stop_words: int | None = 2
    """Least number of different stop words."""
    stop_words: tuple[str, ...] = STOP_WORDS
    """The stop words, in the case in which they must occur."""
    words: Words = "english"
    """What a word is: see `webfilter.text.tokens`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words(self.words)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in datatrove's order; the first one that is violated decides."""
        return (
            *limit("words", ge=self.min_words, le=self.max_words),
            *limit("mean_word_length", ge=self.min_mean_word_length, le=self.max_mean_word_length),
            *limit("symbol_word_ratio", le=self.max_symbol_word_ratio),
            *limit("ellipsis_word_ratio", le=self.max_ellipsis_word_ratio),
            *limit("bullet_line_ratio", le=self.max_bullet_line_ratio),
            *limit("ellipsis_line_ratio", le=self.max_ellipsis_line_ratio),
            *limit("alpha_word_ratio", ge=self.min_alpha_word_ratio),
            *limit("stop_words", ge=self.min_stop_words),
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of the tokenizer."""
        return {"words": tokenizer_version(self.words)}

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document; None where there is nothing to divide by."""
        texts = [doc.text for doc in docs]
        tokens = tokenize_all(texts, self.words)
        counts = zip(*_counts(tokens, self.stop_words), strict=True)
        found: list[dict[str, Value]] = []
        for text, each, (words, characters, alphabetic, stop_words) in zip(
            texts, tokens, counts, strict=True
        ):
            lines = text.splitlines()
            bullets = sum(line.lstrip().startswith(("•", "-")) for line in lines)
            ellipses = sum(line.rstrip().endswith(("...", "…")) for line in lines)
            dots = text.count("...") + text.count("…")
            found.append(
                {
                    "words": words,
                    "mean_word_length": _ratio(characters, words),
                    "symbol_word_ratio": _ratio(text.count("#"), len(each)),
                    "ellipsis_word_ratio": _ratio(dots, len(each)),
                    "bullet_line_ratio": _ratio(bullets, len(lines)),
                    "ellipsis_line_ratio": _ratio(ellipses, len(lines)),
                    "alpha_word_ratio": _ratio(alphabetic, len(each)),
                    "stop_words": stop_words,
                }
            )
        return found


def _counts(tokens: Sequence[Tokens], stop_words: tuple[str, ...]) -> list[list[int]]:
    """Return for each text its words, their characters, alphabetic tokens, different stop words."""
    bounds, contents = bounds_of(tokens), contents_of(tokens)
    lengths = np.concatenate([each.lengths for each in tokens] or [bounds[:0]])
    hashes = np.concatenate([each.hashes for each in tokens] or [np.zeros(0, dtype=np.uint64)])
    words = worded(contents)
    alphabetic = (contents & ALPHABETIC) != 0
    stopped = np.zeros(len(tokens), dtype=np.intp)
    for stop in _hashed(stop_words):
        places = np.flatnonzero(hashes == stop)
        occurs = np.zeros(len(tokens), dtype=np.bool_)
        occurs[np.searchsorted(bounds, places, side="right") - 1] = True
        stopped += occurs
    summed = (between(each, bounds) for each in (words, lengths * words, alphabetic))
    return [*summed, stopped.tolist()]


@lru_cache(maxsize=64)
def _hashed(words: tuple[str, ...]) -> tuple[np.uint64, ...]:
    """Return the hash of each of the different `words`."""
    different = sorted(set(words) - {""})
    ends = np.cumsum([len(word) for word in different], dtype=np.intp)
    starts = np.concatenate((np.zeros(1, dtype=np.intp), ends))[:-1]
    return tuple(hash_spans(code_points("".join(different)), starts, ends))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
