"""Where tokens start and end, by NumPy: the plain chunks of a text at once, the others by rule.

Most chunks (runs without white space) are plain: one run of letters, or of digits, with punctuation
at the edges that always splits off. Those are found and cut for the whole text in a few passes over
runs of characters of one kind. Apostrophes, hyphens, abbreviations and all else go to
`webfilter.text.english`, chunk by chunk. The result is the same as by rule for every chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain
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
)
from webfilter.text.english import cut_all
from webfilter.text.manners import SpacedWords, manner
from webfilter.text.points import code_points

__all__ = ["Classes", "Codes", "Places", "english_spans", "scripts_spans", "whitespace_spans"]

Codes: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
"""Code points; uint8 where all are ASCII."""
Places: TypeAlias = npt.NDArray[np.intp]
"""Places in a text."""

Classes: TypeAlias = npt.NDArray[np.uint16]
"""Classes (`webfilter.text.chars`) of each character."""

_Bools: TypeAlias = npt.NDArray[np.bool_]
_Kinds: TypeAlias = npt.NDArray[np.uint8]

_CORE = LETTER | DIGIT
_PLAIN = EDGE | DOT | COLON
_MARK = DOT | COLON


def _keys(codes: Codes, starts: Places, ends: Places) -> npt.NDArray[np.uint32]:
    """Return a number below 2**17 for each word, from four of its characters and its length."""
    found = (ends - starts).astype(np.uint32)
    found *= np.uint32(0x27D4EB2F)
    last = ends - 1
    places = (starts, np.minimum(starts + 2, last), np.maximum(ends - 2, starts), last)
    for place, factor in zip(places, (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x165667B1), strict=True):
        chars = codes.take(place).astype(np.uint32, copy=False)
        chars *= np.uint32(factor)
        found += chars
    found >>= np.uint32(15)
    return found


@cache
def _sieve(words: SpacedWords) -> _Bools:
    """Return which keys a run of letters may have that is an exception, alone or with a period."""
    names = {name.removesuffix(".") for name in manner(words).specials}
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
    def of(cls, found: _Kinds) -> _Runs:
        changes = np.flatnonzero(found[1:] != found[:-1])
        bounds = np.empty(len(changes) + 2, dtype=np.intp)
        bounds[0], bounds[-1] = 0, len(found)
        np.add(changes, 1, out=bounds[1:-1])
        padded = np.full(len(bounds) + 1, BLANK, dtype=np.uint8)
        kinds = padded[1:-1]
        kinds[:] = found.take(bounds[:-1])
        chunks = np.cumsum(kinds == BLANK)
        return cls(bounds[:-1], bounds[1:], kinds, padded[:-2], padded[2:], chunks)


def _kinds(classes: Classes) -> _Kinds:
    """Return the kind of each character: the one class of BLANK to HARD it has."""
    found = classes.astype(np.uint8)
    found &= np.uint8(2 * HARD - 1)
    return found


def _unclear(codes: Codes, classes: Classes, runs: _Runs, words: SpacedWords) -> Places:
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
    marks = np.flatnonzero((kinds & _MARK) != 0)
    if len(marks):
        found[marks] = ~(_is_final(classes, runs, marks) & single.take(marks))
    # an exception ("cannot", "Mr."); two cores in a chunk
    cores = np.flatnonzero(core)
    keys = _keys(codes, runs.starts.take(cores), runs.ends.take(cores))
    found[cores.take(np.flatnonzero(_sieve(words).take(keys)))] = True
    chunks = runs.chunks.take(cores)
    found[cores.take(np.flatnonzero(chunks[1:] == chunks[:-1]) + 1)] = True
    return np.flatnonzero(found)


def _is_final(classes: Classes, runs: _Runs, marks: Places) -> _Bools:
    """Return which of the runs `marks` (periods, colons) split off at the end of their chunk."""
    before, after, starts = runs.before.take(marks), runs.after.take(marks), runs.starts.take(marks)
    one = classes.take(np.maximum(starts - 1, 0))
    two = classes.take(np.maximum(starts - 2, 0))
    dot = ((one & TO_DOT_BIT) | (one & two & UPPER_BIT)) != 0
    dot &= (before & (BLANK | _MARK) | after & (_CORE | _MARK)) == 0
    colon = ((before & _CORE) != 0) & (after == BLANK)
    found: _Bools = np.where(runs.kinds.take(marks) == DOT, dot, colon)
    return found


def english_spans(
    text: str, codes: Codes, classes: Classes, words: SpacedWords = "english"
) -> tuple[Places, Places]:
    """Return where tokens start and end: plain chunks at once, the others by rule."""
    if not text:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    kinds = _kinds(classes)
    runs = _Runs.of(kinds)
    hard = np.zeros(int(runs.chunks[-1]) + 1, dtype=np.bool_)
    hard[runs.chunks.take(_unclear(codes, classes, runs, words))] = True
    ruled = hard.take(runs.chunks)
    ink = runs.kinds != BLANK
    several = ink & ~ruled & (runs.kinds == EDGE) & (runs.ends - runs.starts > 1)
    ruled &= ink
    within = np.flatnonzero(ruled)
    starts, ends = runs.starts.take(within), runs.ends.take(within)
    first = starts[runs.before.take(within) == BLANK]
    last = ends[runs.after.take(within) == BLANK]
    long = np.flatnonzero(last - first > 1)
    firsts, lasts = first.take(long), last.take(long)
    bounds = zip(firsts.tolist(), lasts.tolist(), strict=True)
    cuts = cut_all([text[start:end] for start, end in bounds], words)
    inside = np.repeat(firsts, list(map(len, cuts)))
    inside += np.fromiter(chain.from_iterable(cuts), dtype=np.intp, count=len(inside))
    marks: list[int] = []
    for run in np.flatnonzero(several).tolist():
        marks += range(int(runs.starts[run]) + 1, int(runs.ends[run]))
    # every run starts and ends a token, but where the rules have it otherwise
    begins, finishes = np.zeros((2, len(codes) + 1), dtype=np.bool_)
    np.not_equal(kinds, BLANK, out=begins[:-1])
    finishes[1:] = begins[:-1]
    changes = kinds[1:] != kinds[:-1]
    begins[1:-1] &= changes
    finishes[1:-1] &= changes
    begins[starts] = finishes[ends] = False
    begins[first] = finishes[last] = True
    begins[inside] = finishes[inside] = True
    begins[marks] = finishes[marks] = True
    return np.flatnonzero(begins), np.flatnonzero(finishes)


def _after(mask: _Bools) -> _Bools:
    """Return whether `mask` holds for the character before."""
    found = np.zeros_like(mask)
    found[1:] = mask[:-1]
    return found


def scripts_spans(text: str, codes: Codes, classes: Classes) -> tuple[Places, Places]:
    """Return where tokens start and end, cut further where a script has no spaces."""
    solo = (classes & SOLO) != 0
    head = (classes & HEAD) != 0
    lead = (classes & LEAD) != 0
    further = (solo | _after(solo) | (head & ~_after(lead))) & ((classes & BLANK) == 0)
    starts, ends = english_spans(text, codes, classes)
    first, last = np.zeros(len(codes) + 1, dtype=np.bool_), np.zeros(len(codes) + 1, dtype=np.bool_)
    first[starts] = last[ends] = True
    inside = np.flatnonzero(further & ~first[:-1])
    first[inside] = last[inside] = True
    return np.flatnonzero(first), np.flatnonzero(last)


def whitespace_spans(text: str, codes: Codes, classes: Classes) -> tuple[Places, Places]:
    """Return where the runs between white space start and end."""
    ink = np.zeros(len(codes) + 2, dtype=np.bool_)
    np.equal(classes & BLANK, 0, out=ink[1:-1])
    starts = np.flatnonzero(ink[1:] & ~ink[:-1])
    return starts, np.flatnonzero(ink[:-1] & ~ink[1:])
