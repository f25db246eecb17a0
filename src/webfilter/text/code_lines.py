"""Which lines of a text are program code, for stages that clean lines and must leave code whole.

An extractor knows what stood in ``pre``; plain text does not say. A line is judged by marks that
code has more often than prose (and by two of prose), in itself and in the three lines before and
after, and by how many lines of the text are clearly code. The weights are those of a logistic
regression on real pages (`classifiers/lines/train_code.py`).

A line that is mostly formulas, as TeX between delimiters, is as code: it has no words and no full
stop, and what cleans prose would take it out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, product
from math import log1p
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from webfilter.tex import is_formula

__all__ = [
    "CLEAR",
    "MARKS",
    "Weights",
    "code_lines",
    "is_code",
    "is_formula",
    "marks",
    "near",
    "without_code",
]

MARKS = {
    "bracket": r"^(?:(?=[^\w\s]+$)[^{}()\[\]]*[{}()\[\]]|.*[{}\]][,;)]*$)",
    "closed": r"\)[;:{,]?$",
    "goes on": r"[,:]$",
    "set": r"^[\w.\[\]\"'$ ]{1,40} ?=",
    "key": r"^[\"']?[\w-]+[\"']? ?:(?: |$)",
    "comment": r"^(?://|/\*|\*/|\* |#|--\s|<!--|;;|%)",
    "prompt": r"^(?:[$#>] |>>>|\.\.\. )",
    "tag": r"^</?[a-zA-Z!][^<>]*>",
    "snake": r"[a-z0-9]_[a-z0-9]",
    "flag": r"(?:^| )--?[a-z]",
    "quote": r"[\"'][^\"']*[\"']",
    "sentence": r"[a-z]{2}[.!?]$",
    "words": r"(?: [a-z]{2,}){5}",
    "lower": r"^[a-z]",
}
"""Patterns by name; a stripped line that one is found in has the mark."""
_FIND = tuple(  # `match` does not go on to look where "^" cannot be
    getattr(re.compile(pattern), "match" if pattern[0] == "^" else "search")
    for pattern in MARKS.values()
)
_NEAR = 3
"""Lines before and after that count; blank ones do not."""
CLEAR = 1.0
"""Score above which a line is clearly code."""
_PROSE, _SENTENCE = -0.9, -2.0
"""Sums of own weights up to which a line reads like prose, and like a whole sentence."""
_GAP = 2
"""Lines beside or between lines of code that are code with them: those without a mark of prose, and
between any but sentences."""
_LETTERS = ("{", "}", "=", "_", "<", "--", "()", ";\n")
_FEWEST = 4
"""A text with fewer of these has no code worth a look: nine of ten pages, a hundredth of code."""

Floats = npt.NDArray[np.float64]


class Weights(NamedTuple):
    """What `is_code` goes by."""

    own: Floats
    """By mark."""
    around: Floats
    """By mark, for the share of the lines around that have it."""
    bias: float
    score: float
    """Of the sum of these, in the decision."""
    many: float
    """Of the logarithm of 1 and the lines that are clearly code."""
    least: float
    """What these must give."""


_FITTED = Weights(
    own=np.array([2.4, 1.1, -1.0, 3.0, 1.2, 1.8, 1.6, 5.9, 0.9, 2.6, 1.1, -0.8, -1.4, 1.6]),
    around=np.array([4.0, 1.9, 2.6, 5.3, 2.3, 2.8, 1.6, 7.1, 3.7, 7.4, 1.8, -0.8, 0.9, 4.0]),
    bias=-5.4,
    score=0.65,
    many=0.75,
    least=2.77,
)


def code_lines(raw: Sequence[str]) -> list[bool]:
    """Return for each line of a text whether it is code or formulas; blank lines are, within code.

    Two or three lines are no code to it, unless there is more on the page.

    >>> code = ["int old = 0;", "", "while (is_there(bee)) {", "  old += is_old(bee);", "}"]
    >>> code_lines(["Each bee is asked for its age.", *code, "That is all that there is to it."])
    [False, True, True, True, True, True, False]
    """
    lines = [line.strip() for line in raw]
    text = "\n".join([*lines, ""])
    found = [False] * len(raw)
    if "\\" in text or "$$" in text:
        found = [is_formula(line) for line in lines]
    if sum(map(text.count, _LETTERS)) < _FEWEST:
        return found
    places = [place for place, line in enumerate(lines) if line]
    code = is_code(marks([lines[place] for place in places]))
    for at, (here, after) in enumerate(pairwise([*places, len(raw)])):
        if code[at]:
            blank = after if code[at + 1 : at + 2] == [True] else here + 1
            found[here:blank] = [True] * (blank - here)
    return found


def without_code(text: str) -> str:
    r"""Return `text` without its lines of code; as it is, where nothing else is in it.

    >>> code = "bees[n++] = old_bee;\n\nif (n > 9) {\n  return old_bee;\n}\n"
    >>> without_code(f"It is done in four steps, in any order that you like.\n{code}{code}")
    'It is done in four steps, in any order that you like.\n'
    >>> without_code(code) == code
    True
    """
    raw = text.split("\n")
    code = code_lines(raw)
    rest = [line for line, is_code in zip(raw, code, strict=True) if not is_code]
    return text if len(rest) == len(raw) or not any(map(str.strip, rest)) else "\n".join(rest)


def marks(lines: Sequence[str]) -> Floats:
    """Return which marks each line, stripped, has: shape (lines, marks), 0 or 1."""
    rows = [[find(line) is not None for find in _FIND] for line in lines]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(_FIND))


def near(found: Floats) -> Floats:
    """Return the share of the lines around each that have a mark; same shape."""
    sums = np.vstack([np.zeros(found.shape[1]), np.cumsum(found, axis=0)])
    at = np.arange(len(found))
    start, end = np.maximum(0, at - _NEAR), np.minimum(len(found), at + _NEAR + 1)
    around: Floats = (sums[end] - sums[start] - found) / np.maximum(end - start - 1, 1)[:, None]
    return around


def is_code(found: Floats, weights: Weights = _FITTED) -> list[bool]:
    """Return which lines that are not blank are code, given the marks of all of them."""
    own = found @ weights.own
    score = own + near(found) @ weights.around + weights.bias
    clear = int((score > CLEAR).sum())
    sure = weights.score * score + weights.many * log1p(clear) > weights.least
    code: list[bool] = (sure & (own > _PROSE)).tolist()
    at = [place for place, is_sure in enumerate(code) if is_sure]
    for place, after in pairwise(at):
        if after - place - 1 <= _GAP and bool((own[place:after] > _SENTENCE).all()):
            code[place:after] = [True] * (after - place)
    for place, step in product(at, (-1, 1)):
        for beside in range(place + step, place + step * (_GAP + 1), step):
            if not 0 <= beside < len(code) or own[beside] < 0:
                break
            code[beside] = True
    return code
