"""Counts that several heuristics share: what a word is, and the signals of that name.

Two stages may not give one signal two meanings, so `CHARACTERS` and `WORDS` are declared here once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.stage import Signal
from webfilter.text import Tokens
from webfilter.text.chars import NO_SYMBOL

__all__ = [
    "CHARACTERS",
    "WORDS",
    "between",
    "bounds_of",
    "contents_of",
    "count_words",
    "ratio",
    "worded",
]

CHARACTERS = Signal("characters", "int", "Length of the text", "characters", 0)
WORDS = Signal("words", "int", "Words: tokens that are not punctuation alone", "words", 0)


def bounds_of(tokens: Sequence[Tokens]) -> npt.NDArray[np.intp]:
    """Return the first token of each text among those of all, and their number."""
    return np.cumsum([0, *map(len, tokens)], dtype=np.intp)


def contents_of(tokens: Sequence[Tokens]) -> npt.NDArray[np.uint16]:
    """Return the classes (`webfilter.text.chars`) of the tokens of all texts."""
    return np.concatenate([np.zeros(0, dtype=np.uint16), *(each.contents for each in tokens)])


def worded(contents: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
    """Return which tokens are words: those that are not punctuation alone."""
    found: npt.NDArray[np.bool_] = (contents & NO_SYMBOL) != 0
    return found


def between(values: npt.NDArray[Any], bounds: npt.NDArray[np.intp]) -> list[int]:
    """Return the sum of `values` from each bound to the next.

    >>> between(np.array([1, 2, 3]), np.array([0, 2, 2, 3]))
    [3, 0, 3]
    """
    sums = np.zeros(len(values) + 1, dtype=np.intp)
    np.cumsum(values, out=sums[1:])
    found: list[int] = np.diff(sums.take(bounds)).tolist()
    return found


def ratio(part: float, whole: float) -> float | None:
    """Return `part` by `whole`; None where there is nothing to divide by."""
    return part / whole if whole else None


def count_words(tokens: Sequence[Tokens]) -> list[int]:
    """Return the words of each text.

    >>> from webfilter.text import tokenize_all
    >>> count_words(tokenize_all(["Don't panic: it's 42.", "", "... !"]))
    [6, 0, 0]
    """
    return between(worded(contents_of(tokens)), bounds_of(tokens))
