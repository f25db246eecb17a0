"""Where tokens start and end, by NumPy: the plain chunks of a text at once, the others by rule.

Most chunks (runs without white space) are plain: one run of letters, or of digits, with punctuation
at the edges that always splits off. Those are found and cut for the whole text in a few passes over
runs of characters of one kind. Apostrophes, hyphens, abbreviations and all else go to
`webfilter.text.english`, chunk by chunk. The result is the same as by rule for every chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.text.chars import (
    BLANK,
    COLON,
    DIGIT,
    DOT,
    EDGE,
    HARD,
    HEAD,
    LEAD,
    LETTER,
    SOLO,
    TO_DOT_BIT,
    UPPER_BIT,
    class_table,
    kind_table,
)
from webfilter.text.english import cut_all
from webfilter.text.exceptions import specials
from webfilter.text.points import code_points

__all__ = ["Codes", "Places", "english_spans", "scripts_spans", "whitespace_spans"]

Codes: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
"""Code points; uint8 where all are ASCII."""
Places: TypeAlias = npt.NDArray[np.intp]
"""Places in a text."""

_Bools: TypeAlias = npt.NDArray[np.bool_]
_Kinds: TypeAlias = npt.NDArray[np.uint8]

_CORE = LETTER | DIGIT
_PLAIN = EDGE | DOT | COLON
_MARK = DOT | COLON


def _keys(codes: Codes, starts: Places, ends: Places) -> npt.NDArray[np.uint32]:
    """Return a number below 2**17 for each word, from four of its characters and its length."""
    found = (ends - starts).astype(np.uint32) * np.uint32(0x27D4EB2F)
    places = (starts, np.minimum(starts + 2, ends - 1), np.maximum(ends - 2, starts), ends - 1)
    for place, factor in zip(places, (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x165667B1), strict=True):
        found += codes[place].astype(np.uint32) * np.uint32(factor)
    return found >> np.uint32(15)


@cache
def _sieve() -> _Bools:
    """Return which keys a run of letters may have that is an exception, alone or with a period."""
    names = {name.removesuffix(".") for name in specials()}
    ordered = sorted(name for name in names if len(name) > 1 and name.isalpha())
    ends = np.cumsum([len(name) for name in ordered])
    starts = ends - np.array([len(name) for name in ordered])
    found = np.zeros(1 << 17, dtype=np.bool_)
    found[_keys(code_points("".join(ordered)), starts, ends)] = True
    return found


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of characters of one kind (the low classes exclude each other), shape (r,) each."""

    starts: Places
    ends: Places
    kinds: _Kinds
    before: _Kinds
    """Kind of the run before; `BLANK` at the start of the text."""
    after: _Kinds
    """Kind of the run after; `BLANK` at the end of the text."""
    chunks: Places
    """Number of the chunk (the characters up to white space) that the run is in."""

    @classmethod
    def of(cls, codes: Codes) -> _Runs:
        found = kind_table().take(codes)
        changes = np.flatnonzero(found[1:] != found[:-1])
        bounds = np.empty(len(changes) + 2, dtype=np.intp)
        bounds[0], bounds[-1] = 0, len(found)
        np.add(changes, 1, out=bounds[1:-1])
        padded = np.full(len(bounds) + 1, BLANK, dtype=np.uint8)
        kinds = padded[1:-1]
        kinds[:] = found[bounds[:-1]]
        chunks = np.cumsum(kinds == BLANK)
        return cls(bounds[:-1], bounds[1:], kinds, padded[:-2], padded[2:], chunks)


def _unclear(codes: Codes, runs: _Runs) -> _Bools:
    """Return which runs the plain rule must not cut, and so not the chunk that they are in.

    The plain rule: a chunk is one run of letters, or of digits, with punctuation of class EDGE at
    either end, and perhaps one final period or colon; every mark is a token.
    """
    kinds, before, after = runs.kinds, runs.before, runs.after
    core = (kinds & _CORE) != 0
    single = runs.ends - runs.starts == 1
    found = (kinds == HARD) | ((kinds | after) == _CORE)
    # one character with a mark beside it ("8)", "a."), marks without a core
    found |= core & single & (((before | after) & _PLAIN) != 0)
    found |= (before == BLANK) & ((kinds & _PLAIN) != 0) & ~(single & ((after & _CORE) != 0))
    marks = np.flatnonzero(kinds & _MARK)
    if len(marks):
        found[marks] = ~_is_final(codes, runs, marks) | ~single[marks]
    # an exception ("cannot", "Mr."); two cores in a chunk
    cores = np.flatnonzero(core)
    found[cores[_sieve()[_keys(codes, runs.starts[cores], runs.ends[cores])]]] = True
    chunks = runs.chunks[cores]
    found[cores[1:][chunks[1:] == chunks[:-1]]] = True
    unclear: _Bools = found
    return unclear


def _is_final(codes: Codes, runs: _Runs, marks: Places) -> _Bools:
    """Return which of the runs `marks` (periods, colons) split off at the end of their chunk."""
    before, after, starts = runs.before[marks], runs.after[marks], runs.starts[marks]
    one = class_table()[codes[np.maximum(starts - 1, 0)]]
    two = class_table()[codes[np.maximum(starts - 2, 0)]]
    dot = ((one & TO_DOT_BIT) | (one & two & UPPER_BIT)) != 0
    dot &= (before & (BLANK | _MARK) | after & (_CORE | _MARK)) == 0
    colon = ((before & _CORE) != 0) & (after == BLANK)
    found: _Bools = np.where(runs.kinds[marks] == DOT, dot, colon)
    return found


def english_spans(text: str, codes: Codes) -> tuple[Places, Places]:
    """Return where tokens start and end: plain chunks at once, the others by rule."""
    runs = _Runs.of(codes)
    hard = np.zeros(int(runs.chunks[-1]) + 1, dtype=np.bool_)
    hard[runs.chunks[_unclear(codes, runs)]] = True
    ruled = hard[runs.chunks]
    ink = runs.kinds != BLANK
    plain = ink & ~ruled
    ruled &= ink
    first = runs.starts[ruled & (runs.before == BLANK)]
    last = runs.ends[ruled & (runs.after == BLANK)]
    firsts = first.tolist()
    chunks = [text[start:end] for start, end in zip(firsts, last.tolist(), strict=True)]
    both = [
        start + cut for start, cuts in zip(firsts, cut_all(chunks), strict=True) for cut in cuts
    ]
    several = plain & (runs.ends - runs.starts > 1) & (runs.kinds == EDGE)
    if several.any():
        marks = zip(runs.starts[several].tolist(), runs.ends[several].tolist(), strict=True)
        both += [place for start, end in marks for place in range(start + 1, end)]
    inside = np.array(both, dtype=np.intp)
    starts = np.concatenate((runs.starts[plain], first, inside))
    ends = np.concatenate((runs.ends[plain], last, inside))
    starts.sort()
    ends.sort()
    return starts, ends


def _after(mask: _Bools) -> _Bools:
    """Return whether `mask` holds for the character before."""
    found = np.zeros_like(mask)
    found[1:] = mask[:-1]
    return found


def scripts_spans(text: str, codes: Codes) -> tuple[Places, Places]:
    """Return where tokens start and end, cut further where a script has no spaces."""
    classes = class_table().take(codes)
    solo = (classes & SOLO) != 0
    head = (classes & HEAD) != 0
    lead = (classes & LEAD) != 0
    further = (solo | _after(solo) | (head & ~_after(lead))) & ((classes & BLANK) == 0)
    starts, ends = english_spans(text, codes)
    first, last = np.zeros(len(codes) + 1, dtype=np.bool_), np.zeros(len(codes) + 1, dtype=np.bool_)
    first[starts] = last[ends] = True
    inside = np.flatnonzero(further & ~first[:-1])
    first[inside] = last[inside] = True
    return np.flatnonzero(first), np.flatnonzero(last)


def whitespace_spans(text: str, codes: Codes) -> tuple[Places, Places]:
    """Return where the runs between white space start and end."""
    runs = _Runs.of(codes)
    ink = runs.kinds != BLANK
    starts = runs.starts[ink & (runs.before == BLANK)]
    return starts, runs.ends[ink & (runs.after == BLANK)]
