"""What Gopher's quality rules measure where words are the runs between white space.

The paper, DCLM, Dolma and NeMo Curator do so; each counts something else. These are the plain loops
of their sources, one function a system, so that they can be read beside them. (Words with
punctuation apart, as datatrove and the default have them, are counted in
`webfilter.heuristics.gopher`.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from statistics import median

from webfilter.document import Value
from webfilter.heuristics.counts import ratio

__all__ = ["SPACED", "dclm_words"]

_FASTTEXT = re.compile(r"[^ \n\r\t\v\f\x00]+")


def dclm_words(text: str) -> int:
    """Return how many words DCLM counts: fastText's, if they begin with a letter or digit.

    >>> dclm_words("So – it rains (again).")
    3
    """
    return sum(word[0].isalnum() for word in _FASTTEXT.findall(text))


def _alphabetic(words: list[str]) -> int:
    return sum(word.isalpha() or any(map(str.isalpha, word)) for word in words)


def _paper(text: str, stop_words: Collection[str]) -> dict[str, Value]:
    words = text.split()
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    bullets = sum(line.startswith(("•", "*", "-")) for line in lines)
    ellipses = sum(line.endswith(("...", "…")) for line in lines)
    return {
        "words": len(words),
        "mean_word_length": ratio(sum(map(len, words)), len(words)),
        "symbol_word_ratio": ratio(text.count("#"), len(words)),
        "ellipsis_word_ratio": ratio(text.count("...") + text.count("…"), len(words)),
        "bullet_line_ratio": ratio(bullets, len(lines)),
        "ellipsis_line_ratio": ratio(ellipses, len(lines)),
        "alpha_word_ratio": ratio(_alphabetic(words), len(words)),
        "stop_words": len(set(map(str.lower, words)).intersection(stop_words)),
    }


def _dclm(text: str, stop_words: Collection[str]) -> dict[str, Value]:
    words = text.split()
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    bullets = sum(line.startswith(("●", "•", "*", "-")) for line in lines)
    ellipses = sum(line.endswith(("...", ". . .", "…")) for line in lines)
    symbols = sum(map(text.count, ("#", "...", ". . .", "…")))
    return {
        "words": dclm_words(text),
        "mean_word_length": ratio(sum(map(len, words)), len(words)),
        "symbol_word_ratio": ratio(symbols, len(words)),
        "bullet_line_ratio": ratio(bullets, len(lines)),
        "ellipsis_line_ratio": ratio(ellipses, len(lines)),
        "alpha_word_ratio": ratio(_alphabetic(words), len(words)),
        "stop_words": sum(word.lower() in stop_words for word in words),
    }


def _dolma(text: str, stop_words: Collection[str]) -> dict[str, Value]:
    words = text.split()
    lines = text.split("\n")
    symbols = sum("#" in word or "…" in word for word in words)
    return {
        "words": len(words),
        "median_word_length": float(median(map(len, words))) if words else None,
        "symbol_word_ratio": ratio(symbols, len(words)),
        "bullet_line_ratio": ratio(sum(line.startswith(("*", "-")) for line in lines), len(lines)),
        "ellipsis_line_ratio": ratio(sum(line.endswith("…") for line in lines), len(lines)),
        "alpha_word_ratio": ratio(_alphabetic(words), len(words)),
        "stop_words": sum(word in stop_words for word in words),
    }


_BULLETS = ("•", "‣", "⁃", "⁌", "⁍", "∙", "○", "●", "◘", "◦", "⦾", "⦿")
_ELLIPSES = ("...", "[...]", "…", "(...)", "[…]", "-»")
_MORE = (*_ELLIPSES, "read more", "read more..")
_LONGEST = len(_MORE[-1])
_HASHES = re.compile("#(?:[^#]#)*")
"""What has more hash signs, each by itself, than other characters."""


def _nemo(text: str, stop_words: Collection[str]) -> dict[str, Value]:
    words = text.split()
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    symbols = sum(map(words.count, _ELLIPSES))
    if "#" in text:
        symbols += sum(_HASHES.fullmatch(word) is not None for word in words)
    ellipses = sum(line[-_LONGEST:].lower().endswith(_MORE) for line in lines)
    return {
        "words": len(words),
        "mean_word_length": ratio(sum(map(len, words)), len(words)),
        "symbol_word_ratio": ratio(symbols, len(words)),
        "bullet_line_ratio": ratio(sum(line.startswith(_BULLETS) for line in lines), len(lines)),
        "ellipsis_line_ratio": ratio(ellipses, len(lines)),
        "alpha_word_ratio": ratio(_alphabetic(words), len(words)),
        "stop_words": sum(word in stop_words for word in words),
    }


SPACED: dict[str, Callable[[str, Collection[str]], dict[str, Value]]] = {
    "gopher-paper": _paper,
    "dclm": _dclm,
    "dolma": _dolma,
    "nemo-curator": _nemo,
}
"""By version: text and stop words in, signals out; what a system does not measure is left out."""
