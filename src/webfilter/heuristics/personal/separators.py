"""What stands between the runs of digits of a phone number: a byte a gap, a bit a trait."""

from __future__ import annotations

import numpy as np

from webfilter.heuristics.personal.eights import FIRST, Lookup, eights
from webfilter.heuristics.personal.folded import Bytes, Mask
from webfilter.heuristics.personal.runs import Runs

__all__ = [
    "BLANK",
    "CLOSES",
    "DOT",
    "HYPHEN",
    "LEVELS",
    "OPENS",
    "SLASH",
    "gaps_of",
]

SLASH, HYPHEN, OPENS, CLOSES, DOT = 1, 2, 4, 8, 16
_NUMBER = 32
"""Gaps with the same traits are told apart by a number from 1 to 7 in the highest bits."""
_WIDE = (" - ", " / ", ") - ")
_GAPS = (
    *(" ", "-", ".", "/", ")", "(", ") ", " (", ")-", "-(", "- ", " -", "/ ", " /", ")/", ") ("),
    *_WIDE,
)


def _numbered() -> dict[str, int]:
    found: dict[str, int] = {}
    for gap in _GAPS:
        traits = SLASH * ("/" in gap) | OPENS * ("(" in gap) | CLOSES * (")" in gap)
        traits |= DOT * (gap == ".") | HYPHEN * ("-" in gap and "(" not in gap)
        like = sum(other & (_NUMBER - 1) == traits for other in found.values())
        found[gap] = traits | _NUMBER * (like + 1)
    return found


_BYTES = _numbered()
BLANK = _BYTES[" "]
_LOOKUP = Lookup({int.from_bytes(gap.encode(), "little"): byte for gap, byte in _BYTES.items()})
_SINGLE = np.zeros(256, dtype=np.uint8)
_SINGLE[[ord(gap) for gap in _GAPS if len(gap) == 1]] = [_BYTES[g] for g in _GAPS if len(g) == 1]


def _level(*gaps: str) -> Mask:
    """Return a table that holds for the bytes of `gaps`, shape (256,)."""
    table = np.zeros(256, dtype=np.bool_)
    table[[_BYTES[gap] for gap in gaps]] = 1
    return table


LEVELS = (
    _level(*_GAPS),
    _level(*set(_GAPS) - {"/", "- ", " -", "/ ", " /", ")/", *_WIDE}),
    _level(*"-./()", ")-", "-("),
)
"""What holds a number together: tried in this order, so that two numbers in a row are two."""


def gaps_of(runs: Runs) -> Bytes:
    """Return the byte of the gap behind each run, 0 if it holds nothing together, and 8 zeros."""
    found = np.zeros(len(runs) + 8, dtype=np.uint8)
    sizes = np.minimum(runs.gaps, 5).astype(np.uint8)
    single = _SINGLE.take(runs.codes.take(runs.ends[:-1]))
    np.multiply(single, sizes == 1, out=found[: len(sizes)])
    near = np.flatnonzero((sizes > 1) & (sizes < 5))
    between = eights(runs.codes, runs.ends.take(near)) & FIRST.take(sizes.take(near))
    found[near] = _LOOKUP.of(between)
    opens = (found & OPENS) != 0
    if opens.any():
        over = opens[: len(runs)] & (runs.lengths > 3)  # a number is over where "(212)" begins
        over[1:] |= opens[1 : len(runs)] & (found[: len(runs) - 1] != 0)
        found[: len(runs)][over] = 0
    return found
