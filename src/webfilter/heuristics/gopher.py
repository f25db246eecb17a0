"""Gopher's quality rules: is this prose at all?

From "Scaling Language Models: Methods, Analysis & Insights from Training Gopher" (Rae et al. 2021,
appendix A.1.1), as datatrove 0.10 applies them: its order, its comparisons, its words.

It does not look at repetition (`webfilter.heuristics.repetition`) nor at what the text is about. The
stop words are English and so are the words: for other languages give `stop_words` and limits of
their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from webfilter.document import Document, Value
from webfilter.heuristics.limits import limit
from webfilter.stage import Filter, Rule, Signal
from webfilter.text import (
    Tokens,
    Words,
    code_points,
    hash_spans,
    tokenize,
    tokenizer_version,
)
from webfilter.text.chars import ALPHABETIC, NO_SYMBOL

__all__ = ["STOP_WORDS", "GopherQuality"]

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Gopher's eight, as the paper lists them."""


@dataclass(frozen=True)
class GopherQuality(Filter):
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
        Signal("words", "int", "words: tokens that are not punctuation alone", "words", 0),
        Signal("mean_word_length", "float", "mean length of these words", "characters", 1),
        Signal("symbol_word_ratio", "float", "hash signs a token", "a token", 0),
        Signal("ellipsis_word_ratio", "float", "ellipses (... or …) a token", "a token", 0),
        Signal("bullet_line_ratio", "float", "lines that begin with • or -", "share", 0, 1),
        Signal("ellipsis_line_ratio", "float", "lines that end with an ellipsis", "share", 0, 1),
        Signal("alpha_word_ratio", "float", "tokens with an alphabetic character", "share", 0, 1),
        Signal("stop_words", "int", "different stop words that occur", "words", 0),
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

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the signals of `doc`; ratios are None where there is nothing to divide by."""
        text = doc.text
        tokens = tokenize(text, self.words)
        contents = tokens.contents
        worded = (contents & np.uint16(NO_SYMBOL)) != 0
        words = int(np.count_nonzero(worded))
        alphabetic = int(np.count_nonzero(contents & np.uint16(ALPHABETIC)))
        lines = text.splitlines()
        bullets = sum(line.lstrip().startswith(("•", "-")) for line in lines)
        ellipses = sum(line.rstrip().endswith(("...", "…")) for line in lines)
        return {
            "words": words,
            "mean_word_length": _ratio(int(tokens.lengths[worded].sum()), words),
            "symbol_word_ratio": _ratio(text.count("#"), len(tokens)),
            "ellipsis_word_ratio": _ratio(text.count("...") + text.count("…"), len(tokens)),
            "bullet_line_ratio": _ratio(bullets, len(lines)),
            "ellipsis_line_ratio": _ratio(ellipses, len(lines)),
            "alpha_word_ratio": _ratio(alphabetic, len(tokens)),
            "stop_words": _occurring(tokens, self.stop_words),
        }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@lru_cache(maxsize=64)
def _hashed(words: tuple[str, ...]) -> tuple[npt.NDArray[np.uint64], int]:
    """Return the hash of each of the different `words`, shape (n, 1), and their greatest length."""
    different = sorted(set(words) - {""})
    ends = np.cumsum([len(word) for word in different], dtype=np.intp)
    starts = np.concatenate((np.zeros(1, dtype=np.intp), ends))[:-1]
    hashes = hash_spans(code_points("".join(different)), starts, ends)
    return hashes[:, np.newaxis], max(map(len, different), default=0)


def _occurring(tokens: Tokens, words: tuple[str, ...]) -> int:
    hashes, longest = _hashed(words)
    short = tokens.hashes[tokens.lengths <= longest]
    return int(np.count_nonzero((short == hashes).any(axis=1)))
