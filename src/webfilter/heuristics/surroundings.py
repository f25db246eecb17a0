"""What is around a line: how much running text, above and below, and what it leaves of a limit.

Nothing here knows a language. Scripts matter in two ways: characters of Chinese, Japanese and
Korean say more than a letter does, so they count as more; and Thai, Lao and Khmer put no marks
between sentences, so a line of theirs counts as a sentence by its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import exp, log1p
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from webfilter.text import code_points
from webfilter.text.chars import TERMINAL_MARKS

__all__ = ["Line", "Surroundings", "measured", "surroundings", "surroundings_of"]

_NEAR = 6
_RUNNING, _AFTER, _OWN = -4.0, -0.6, -0.9
"""How the limit of a fragment shrinks; `classifiers/lines/train.py` fits them."""
_PROSE_WORDS, _PROSE_LENGTH = 5, 80
_SENTENCE, _LONGEST = 40, 250
"""Widths from which a line that ends like a sentence, and any line, is no fragment."""
_HEADING = 3
"""How many times as long such a line must be for the line above it to be its heading."""

_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_WIDTH = 2.5
_UNMARKED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff]")
_CLOSING = "\"'”’»›)]」』）*_"
_TERMINAL = TERMINAL_MARKS | frozenset("!?.།༎፡")  # Tibetan; "፡፡", which Ethiopic has for "።"
_COMMAS = frozenset(",;:،؛、，；：")
_ELLIPSES = ("...", "…")


class Line(NamedTuple):
    """A line that is not blank."""

    text: str
    lowered: str
    words: int
    width: float
    """Characters; those of Chinese, Japanese and Korean count as more."""
    ends: bool
    """Whether it ends like a sentence."""


def measured(raw: Sequence[str], text: str) -> list[tuple[int, Line]]:
    """Return the lines that are not blank, each with its place in `raw`, the lines of `text`.

    >>> [(place, line.text, line.ends) for place, line in measured([" a", "", "b."], " a\\n\\nb.")]
    [(0, 'a', False), (2, 'b.', True)]
    """
    wide, unmarked = (False, False) if text.isascii() else _scripts(code_points(text))
    found: list[tuple[int, Line]] = []
    for place, each in enumerate(raw):
        line = each.strip()
        if not line:
            continue
        words = len(line.split())
        width: float = len(line)
        if wide:
            more = len(_WIDE.findall(line))
            words += max(more - 1, 0)
            width += (_WIDTH - 1) * more
        end = line[-1]
        if end in _CLOSING:
            end = line.rstrip(_CLOSING)[-1:]
        ends = end in _TERMINAL and not line.endswith(_ELLIPSES)
        if unmarked and width >= _PROSE_LENGTH:
            ends = ends or _UNMARKED.search(line) is not None
        found.append((place, Line(line, line.casefold(), words, width, ends)))
    return found


def _scripts(codes: npt.NDArray[np.unsignedinteger[Any]]) -> tuple[bool, bool]:
    """Return whether a text may have wide characters, and letters of scripts without marks."""
    high = codes[codes >= 0x0E00]
    return bool((high >= 0x2E80).any()) or bool((high < 0x1200).any()), bool((high < 0x1800).any())


class Surroundings(NamedTuple):
    """What the limit of a fragment depends on, for one line that is not blank."""

    width: float
    """Characters; those of Chinese, Japanese and Korean count as more."""
    running: float
    """Share of running lines among the six before and the six after, 0 to 1."""
    after: int
    """Sentences and long lines further down."""
    own: bool
    """Whether the line itself is a running one."""
    safe: bool
    """Whether it is a sentence of some length, a heading, or so long that it is no fragment."""

    def is_fragment(self, length: float) -> bool:
        """Return whether the line is shorter than its surroundings let it be."""
        if self.safe or self.width >= length:
            return False
        shrunk = _RUNNING * self.running + _OWN * self.own + _AFTER * log1p(self.after)
        return self.width < length * exp(shrunk)


def surroundings(text: str) -> list[Surroundings]:
    """Return the surroundings of each line of `text` that is not blank.

    >>> found = surroundings("Menu\\n\\nIt rains today, and it will not stop.\\nHome")
    >>> [each.after for each in found]
    [1, 0, 0]
    """
    lines = [line for _, line in measured(text.splitlines(), text)]
    return [each for _, each in surroundings_of(lines, [True] * len(lines))]


def surroundings_of(
    lines: Sequence[Line], wanted: Sequence[bool]
) -> Iterator[tuple[int, Surroundings]]:
    """Yield the places and surroundings of the lines that are wanted."""
    flow = [line.ends or line.text[-1] in _COMMAS for line in lines]
    for place, line in enumerate(lines):
        if line.text[0].islower() and line.words > 1:
            flow[place] = True
            if place and lines[place - 1].words > 1:
                flow[place - 1] = True
    flows = [0, *accumulate(flow)]
    prose = [0, *accumulate(map(_is_prose, lines))]
    last = len(lines)
    for place, line in enumerate(lines):
        if not wanted[place]:
            continue
        start, end = max(0, place - _NEAR), min(last, place + _NEAR + 1)
        own = flow[place]
        running = (flows[end] - flows[start] - own) / max(end - start - 1, 1)
        safe = _is_safe(line)
        if not safe and place + 1 < last:
            below = lines[place + 1]
            safe = below.width >= _HEADING * line.width and _is_safe(below)
        after = prose[last] - prose[place + 1]
        yield place, Surroundings(line.width, running, after, own, safe)


def _is_safe(line: Line) -> bool:
    return line.width >= (_SENTENCE if line.ends else _LONGEST)


def _is_prose(line: Line) -> bool:
    return line.width >= _PROSE_LENGTH or (line.ends and line.words >= _PROSE_WORDS)
