"""Hashes of runs of words, and a few of them that are enough to find every longer repeat.

Winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003): of every `window` consecutive n-grams the
one with the least hash is selected. Two texts that share ``window + n - 1`` consecutive words share
a whole window, and so select the same n-gram in it: such a repeat is never missed, while about
2 / (window + 1) of the n-grams are selected. Where the least hash occurs twice in a window both are
selected (the paper takes the last), which changes nothing in that promise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.text import Words, tokenize_all
from webfilter.text.points import hash_spans

__all__ = ["TOKENS", "gram_starts", "grams", "near", "token_hashes", "winnowed"]

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

TOKENS: Words = "unicode"
"""What a word is (`webfilter.text.tokens`): Unicode's word boundaries, marks left out."""


def token_hashes(texts: Sequence[str]) -> tuple[Hashes, Places]:
    """Return the hashes of the words of all `texts` in order, and where each text's begin.

    >>> hashes, offsets = token_hashes(["To be", "or to be."])
    >>> offsets.tolist(), bool(hashes[1] == hashes[4]), bool(hashes[0] == hashes[3])
    ([0, 2, 5], True, False)
    """
    tokens = tokenize_all(texts, TOKENS)
    offsets = np.concatenate(([0], np.cumsum([len(each) for each in tokens], dtype=np.intp)))
    parts = [each.hashes for each in tokens]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *parts]), offsets


def gram_starts(offsets: Places, size: int) -> tuple[Places, Places]:
    """Return where each run of `size` words begins, none across texts, and their offsets.

    >>> starts, bounds = gram_starts(np.array([0, 3, 4, 6]), 2)
    >>> starts.tolist(), bounds.tolist()
    ([0, 1, 4], [0, 2, 2, 3])
    """
    counts = np.maximum(np.diff(offsets) - size + 1, 0)
    bounds = np.concatenate(([0], np.cumsum(counts)))
    starts = np.arange(bounds[-1]) + np.repeat(offsets[:-1] - bounds[:-1], counts)
    return starts, bounds


def grams(hashes: Hashes, starts: Places, size: int) -> Hashes:
    """Return the hash of each run of `size` of the `hashes` that begins at one of `starts`."""
    return hash_spans(hashes, starts, starts + size)


def winnowed(hashes: Hashes, bounds: Places, window: int) -> Bools:
    """Return which n-grams are selected: those with the least hash of some window.

    Text i has the n-grams ``[bounds[i]:bounds[i + 1]]``; with fewer than `window`, none is.

    >>> winnowed(np.array([5, 1, 7, 3, 9], dtype=np.uint64), np.array([0, 5]), 3).tolist()
    [False, True, False, True, False]
    """
    if len(hashes) < window:
        return np.zeros(len(hashes), dtype=np.bool_)
    least = np.zeros(len(hashes) + window - 1, dtype=np.uint64)
    whole, _ = gram_starts(bounds, window)
    least[whole + window - 1] = _sliding(hashes, window, np.minimum)[whole]
    selected: Bools = _sliding(least, window, np.maximum) == hashes
    return selected


def near(marked: Bools, starts: Places, window: int) -> Bools:
    """Return for each of `starts` whether any of the `window` places from it on is `marked`.

    >>> near(np.array([False, False, True, False]), np.array([0, 1, 3]), 2).tolist()
    [False, True, False]
    """
    total = np.concatenate(([0], np.cumsum(marked)))
    found: Bools = total[np.minimum(starts + window, len(marked))] > total[starts]
    return found


def _sliding(values: Hashes, size: int, pick: Callable[[Any, Any], Any]) -> Hashes:
    """Return ``pick`` of each run of `size` values, by doubling."""
    found = values
    span = 1
    while 2 * span <= size:
        found = pick(found[:-span], found[span:])
        span *= 2
    rest = size - span
    return pick(found[:-rest], found[rest:]) if rest else found
