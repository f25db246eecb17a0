"""Normalization form C in time linear in the text, whatever stands in it."""

from __future__ import annotations

import unicodedata
from functools import cache

__all__ = ["composed"]

_RUN = 128
"""Marks in a row from which on they are put in order here."""
_LAST = 0x20000  # no mark is encoded beyond


def composed(text: str) -> str:
    """Return `text` in NFC.

    `unicodedata.normalize` sorts marks that follow each other by insertion, which takes minutes for
    a page of them in bad order; long runs are therefore sorted before. The result is the same: of
    marks of different classes the order does not matter, and of those of one class it is kept.

    >>> composed("e\\u0301") == "é"
    True
    """
    if not text.isascii() and not _marks().isdisjoint(text[_RUN - 1 :: _RUN]):  # any run has one
        text = _in_order(text)
    return unicodedata.normalize("NFC", text)


def _in_order(text: str) -> str:
    """Return `text` with each long run of marks decomposed and sorted by class."""
    marks, parts, done = _marks(), [], 0
    for at in range(_RUN - 1, len(text), _RUN):
        if at < done or text[at] not in marks:
            continue
        first, last = at, at + 1
        while first > done and text[first - 1] in marks:
            first -= 1
        while last < len(text) and text[last] in marks:
            last += 1
        if last - first >= _RUN:
            run = [part for mark in text[first:last] for part in unicodedata.normalize("NFD", mark)]
            parts += [text[done:first], *sorted(run, key=unicodedata.combining)]
            done = last
    return "".join([*parts, text[done:]])


@cache
def _marks() -> frozenset[str]:
    """Return the characters that decompose into nothing but marks that can be out of order."""
    return frozenset(char for char in map(chr, range(0x300, _LAST)) if _is_mark(char))


def _is_mark(char: str) -> bool:
    if unicodedata.combining(char):
        return True
    parts = unicodedata.normalize("NFD", char) if unicodedata.decomposition(char) else "x"
    return all(map(unicodedata.combining, parts))
