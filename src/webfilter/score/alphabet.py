"""Texts in an alphabet of bytes, so that a character's kind is told by a comparison or two.

ASCII stands for itself. What means the same stands for it, too: curly quotes for straight ones,
long dashes for hyphens, currencies for "$", other digits for "0", all white space for space or
newline. Other letters share 112 bytes, small ones apart from capitals and from letters without
case; a few marks (bullets, dots, trade marks) have bytes of their own, other symbols share five.
Which of the letters that share a byte it was, `rare_letters` tells.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.text import code_points

__all__ = [
    "CONTROL", "DIGIT", "KINDS", "LETTER", "LOWER", "NEWLINE", "SPACE", "STOPS", "UPPER", "WORD",
    "alphabet", "folded", "is_digit", "is_lower", "is_newline", "is_space", "is_upper", "is_word",
    "kinds", "rare_letters",
]  # fmt: skip

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

# kinds of characters; those up to WORD make words
LOWER, UPPER, DIGIT, LETTER, WORD = 0, 1, 2, 3, 4
SPACE, NEWLINE = 5, 6
_MARKS = (".", ",", "!", "?", ":", ";", "()[]{}", '"', "'", "$", "|", "=+<>^~%", "-", "/", "\\",
          "@&", "*", "#", "`", "\x80", "\x81", "\x82")  # fmt: skip
_OTHER = 7 + len(_MARKS)
CONTROL = _OTHER + 1
KINDS = CONTROL + 1
STOPS = tuple(7 + _MARKS.index(mark) for mark in ".!?")
"""Kinds of the marks that end sentences."""

_PLAIN = {
    "“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "×": "=", "÷": "=",
    "±": "=", "…": "\x81",
    **dict.fromkeys("£€¥¢", "$"), **dict.fromkeys("•·»›▪◦►", "\x80"),
    **dict.fromkeys("©®™", "\x82"),
}  # fmt: skip
_NEWLINES = "\n\r\x0b\x0c\x85\u2028\u2029"
# the bytes above ASCII: three marks, symbols, then letters small, capital and without case
_SYMBOLS, _SMALL, _CAPITALS, _CASELESS = (0x83, 5), (0x90, 40), (0xB8, 40), (0xE0, 32)
_SHIFT = np.uint8(_CAPITALS[0] - _SMALL[0])
_TOP = 0x3000  # code points from here are CJK, Hangul and the like: letters without case
_ASTRAL = 0x10000  # beyond the basic plane: emoji and rare scripts, seen as symbols


def alphabet(text: str) -> Bytes:
    """Return the byte of each character of `text`, shape (len(text),).

    >>> alphabet("É… “a” €5").tobytes().decode("latin-1")[1:]
    '\\x81 "a" $5'
    """
    if text.isascii():
        return np.frombuffer(text.encode(), dtype=np.uint8)
    codes = code_points(text)
    found = codes.astype(np.uint8)
    others = np.flatnonzero(codes > 0x7F)
    found[others] = _table().take(codes.take(others), mode="clip")  # all beyond are as its last
    return found


def rare_letters(text: str, found: Bytes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint32]]:
    """Return where letters that share a byte stand, and which: the code points of small letters.

    >>> text = "Ça va, là"
    >>> where, codes = rare_letters(text, alphabet(text))
    >>> where.tolist(), [chr(code) for code in codes]
    ([0, 8], ['ç', 'à'])
    """
    where = np.flatnonzero(found >= _SMALL[0])
    if not len(where):
        return where, np.zeros(0, dtype=np.uint32)
    return where, _lower().take(code_points(text).take(where))  # none is beyond: those are symbols


def is_lower(found: Bytes) -> Bools:
    """Return which bytes are small letters."""
    return _within(found, ord("a"), 26) | _within(found, *_SMALL)


def is_upper(found: Bytes) -> Bools:
    """Return which bytes are capital letters."""
    return _within(found, ord("A"), 26) | _within(found, *_CAPITALS)


def is_digit(found: Bytes) -> Bools:
    """Return which bytes are digits."""
    return _within(found, ord("0"), 10)


def is_word(found: Bytes) -> Bools:
    """Return which bytes make words: letters, digits, underscores."""
    word = _within(found | np.uint8(0x20), ord("a"), 26)  # either case
    word |= is_digit(found)
    word |= found >= _SMALL[0]
    word |= found == ord("_")
    return word


def is_space(found: Bytes) -> Bools:
    """Return which bytes are white space, newlines included."""
    return _within(found, 0x09, 5) | _within(found, 0x1C, 5)


def is_newline(found: Bytes) -> Bools:
    """Return which bytes end lines."""
    return _within(found, 0x0A, 4)


def folded(found: Bytes) -> Bytes:
    """Return bytes with capitals made small and every digit a 0.

    >>> folded(alphabet("In 1905, Émile")).tobytes() == folded(alphabet("in 2024, émile")).tobytes()
    True
    """
    plain = found + (_within(found, ord("A"), 26).view(np.uint8) << np.uint8(5))
    plain -= _within(found, *_CAPITALS).view(np.uint8) * _SHIFT
    digit = found - np.uint8(ord("0"))
    digit *= (digit < 10).view(np.uint8)
    plain -= digit
    return plain


@cache
def kinds() -> Bytes:
    """Return the kind of each byte, shape (256,)."""
    every = np.arange(256, dtype=np.uint8)
    found = np.full(256, _OTHER, dtype=np.uint8)
    found[np.r_[0:0x20, 0x7F]] = CONTROL
    found[0x90:] = LETTER
    for kind, of in ((LOWER, is_lower), (UPPER, is_upper), (DIGIT, is_digit), (SPACE, is_space),
                     (NEWLINE, is_newline)):  # fmt: skip
        found[of(every)] = kind
    found[ord("_")] = WORD
    for i, marks in enumerate(_MARKS):
        found[[ord(mark) for mark in marks]] = 7 + i
    return found


@cache
def _table() -> Bytes:
    """Return the byte of each code point up to _ASTRAL."""
    found: Bytes = _shared(np.arange(_ASTRAL + 1, dtype=np.uint64), _CASELESS).astype(np.uint8)
    for code in range(_TOP):
        found[code] = _byte(chr(code))
    found[0x3000] = ord(" ")
    found[0xD800:0xF900] = 0x7F  # lone surrogates, private use
    found[0xFFF0:] = _SYMBOLS[0]
    return found


@cache
def _lower() -> npt.NDArray[np.uint32]:
    """Return the code point of the small letter for each code point up to _ASTRAL."""
    found = np.arange(_ASTRAL + 1, dtype=np.uint32)
    for code in range(_TOP):
        lower = chr(code).lower()
        found[code] = ord(lower) if len(lower) == 1 else code
    return found


def _byte(char: str) -> int:
    """Return the byte of a character with a code point below _TOP."""
    if char.isascii():
        return ord(char)
    if char in _PLAIN:
        return ord(_PLAIN[char])
    if char.isspace():
        return ord("\n" if char in _NEWLINES else " ")
    category, lower = unicodedata.category(char), char.lower()
    if category == "Nd":
        return ord("0")
    if category[0] == "C":
        return 0x7F
    if category == "Ll":
        return int(_shared(ord(char), _SMALL))
    if category in ("Lu", "Lt"):
        if lower.isascii():  # the signs of kelvin and the like
            return ord(lower.upper())
        return int(_shared(ord(lower if len(lower) == 1 else char), _CAPITALS))
    return int(_shared(ord(char), _CASELESS if category[0] in "LMN" else _SYMBOLS))


def _shared(code: Any, span: tuple[int, int]) -> Any:
    """Return a byte of `span` (first, count) for a code point or many, the same for the same."""
    first, count = span
    return first + (code * 0x9E3779B1 >> 16 & 0xFFFF) % count


def _within(found: Bytes, first: int, count: int) -> Bools:
    """Return which bytes are among the `count` from `first` on: one comparison, as they wrap."""
    return (found - np.uint8(first)) < count
