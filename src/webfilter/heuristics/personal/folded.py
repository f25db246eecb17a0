"""A text as bytes in which ASCII rules are enough, so that every kind is looked for in one way.

Digits of all scripts become 0 to 9, full-width forms ASCII, blanks of all widths a space, hyphens
and dashes "-", currency signs "$", the signs of angles and shares "%". Letters of alphabets that
are written like ours (Latin, Greek, Cyrillic), and accents that stand apart, become one byte,
`LETTER`; those of other scripts another, `OTHER`, and marks and signs `MARK`. A place in the folded
text is the same place in the text.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.text import code_points

__all__ = [
    "ALNUM",
    "LETTER",
    "LETTERS",
    "MARK",
    "NONE",
    "OTHER",
    "PAD",
    "SIGN",
    "Bytes",
    "Mask",
    "Places",
    "Spans",
    "classify",
    "clear",
    "covered",
    "disjoint",
    "fold",
    "members",
    "window",
]

Bytes: TypeAlias = npt.NDArray[np.uint8]
Mask: TypeAlias = npt.NDArray[np.bool_]
Places: TypeAlias = npt.NDArray[np.intp]
Spans: TypeAlias = tuple[Places, Places]
"""Where each match starts and ends (exclusive), sorted."""

PAD = 80
"""Line ends before and after the folded text, so that looking around needs no test for its ends."""
LETTER = 0xE0
OTHER = 0xF0
MARK = 0xA0
"""Quotes, bullets, emoji and the like. Letters have the two highest bits set, these the first."""
SIGN = 0xF1
"""A sign for telephones, or the character that words for them end with in Chinese and Japanese."""

_NOTHING = np.zeros(0, dtype=np.intp)
NONE: Spans = (_NOTHING, _NOTHING)
"""No match at all."""


def members(chars: str) -> Bytes:
    """Return a table that is 1 for each of `chars`, shape (256,)."""
    table = np.zeros(256, dtype=np.uint8)
    table[[ord(char) for char in chars]] = 1
    return table


_AZ = "".join(map(chr, range(97, 123)))
LETTERS = members(_AZ + _AZ.upper() + chr(LETTER))
"""Letters of alphabets, shape (256,)."""
ALNUM = LETTERS | members("0123456789")
"""These and digits, shape (256,)."""


def classify(table: Bytes, codes: Bytes) -> Mask:
    """Return which of `codes` are in `table`: `take`, at the speed of `bytes.translate`."""
    found = codes.tobytes().translate(table.tobytes())
    return np.frombuffer(found, dtype=np.bool_)


_ALPHABETS = (
    (0x80, 0x52F),
    (0x1C80, 0x1C8F),  # Cyrillic C
    (0x1D00, 0x1DBF),  # phonetic
    (0x1E00, 0x1FFF),  # Latin of Vietnamese and others, Greek with several accents
    (0x2C60, 0x2C7F),  # Latin C
    (0xA640, 0xA69F),  # Cyrillic B
    (0xA720, 0xA7FF),  # Latin D
    (0xAB30, 0xAB6F),  # Latin E
)


@cache
def _table() -> Bytes:
    """Return the folded byte of every code point, shape (0x110000,)."""
    table = np.full(sys.maxunicode + 1, OTHER, dtype=np.uint8)
    table[:128] = np.arange(128)
    for code in range(128, 0x1FC00):
        char = chr(code)
        if any(first <= code <= last for first, last in _ALPHABETS) and char.isalpha():
            table[code] = LETTER
        elif char.isdecimal():
            table[code] = 48 + unicodedata.decimal(char)
        elif 0x2000 <= code < 0x3040 or code < 0x100 or code in (0x1680, 0xFE58, 0xFE63):
            group = unicodedata.category(char)
            other = OTHER if group[0] in "LM" or group == "Cf" else MARK  # joiners are in words
            table[code] = {"Zs": 32, "Pd": 45, "Sc": 36}.get(group, other)
    table[0x300:0x370] = LETTER
    table[0x1F000:0x1FC00][table[0x1F000:0x1FC00] == OTHER] = MARK
    table[[ord(char) for char in "话話机機☎☏✆📞📱📲📠"]] = SIGN
    table[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)
    table[0x2212] = 45
    table[[ord(char) for char in "°º′″‰§"]] = 37
    table[[0x85, 0x2028, 0x2029]] = 10
    table.flags.writeable = False
    return table


def fold(text: str) -> Bytes:
    """Return `text` folded, with `PAD` line ends before and after it.

    >>> bytes(fold("Tel.: ０３–１２€")[PAD:-PAD])
    b'Tel.: 03-12$'
    """
    folded = np.full(len(text) + 2 * PAD, 10, dtype=np.uint8)
    if text.isascii():
        folded[PAD : PAD + len(text)] = np.frombuffer(text.encode(), dtype=np.uint8)
    else:
        np.take(_table(), code_points(text), out=folded[PAD : PAD + len(text)], mode="clip")
    return folded


def window(codes: Bytes, places: Places, low: int, high: int) -> Bytes:
    """Return ``codes[place + low : place + high]`` for each place, shape (n, high - low)."""
    result: Bytes = codes[places[:, None] + np.arange(low, high)]
    return result


def disjoint(starts: Places, ends: Places) -> Spans:
    """Return sorted spans without what an earlier one covers; what is left of none goes."""
    if len(starts) < 2:
        return starts, ends
    covered = np.maximum.accumulate(ends)[:-1]
    starts = starts.copy()
    np.maximum(starts[1:], covered, out=starts[1:])
    left = starts < ends
    return starts[left], ends[left]


def covered(size: int, starts: Places, ends: Places) -> Mask:
    """Return which of `size` places are in the spans, which do not overlap, shape (size,)."""
    steps = np.zeros(size + 1, dtype=np.int8)
    steps[starts] = 1
    steps[ends] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8).view(np.bool_)


def clear(codes: Bytes, spans: Spans) -> None:
    """Overwrite `spans` of `codes` by what a tag looks like: "<", capitals, ">"."""
    starts, ends = spans
    if not len(starts):
        return
    codes[covered(len(codes), starts, ends)] = 65
    codes[starts] = 60
    codes[ends - 1] = 62
