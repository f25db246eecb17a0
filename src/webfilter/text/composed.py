"""Normalization form C in time linear in the text, whatever stands in it."""

from __future__ import annotations

import re
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
        text = _runs().sub(_in_order, text)
    return unicodedata.normalize("NFC", text)


def _in_order(run: re.Match[str]) -> str:
    parts = [part for mark in run[0] for part in unicodedata.normalize("NFD", mark)]
    return "".join(sorted(parts, key=unicodedata.combining))


@cache
def _marks() -> frozenset[str]:
    """Return the characters that decompose into nothing but marks that can be out of order."""
    return frozenset(char for char in map(chr, range(0x300, _LAST)) if _is_mark(char))


def _is_mark(char: str) -> bool:
    if unicodedata.combining(char):
        return True
    parts = unicodedata.normalize("NFD", char) if unicodedata.decomposition(char) else "x"
    return all(map(unicodedata.combining, parts))


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(f"[{''.join(sorted(_marks()))}]{{{_RUN},}}")
