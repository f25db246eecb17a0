"""The table that folds characters for near-duplicate search, by code point.

Case, accents and the shape of digits are taken away and everything that is not a letter, mark or
number becomes a separator, so that two copies of a page that differ in typography read the same.
The table works on UTF-8 in place: a character's fold is written over its own bytes and what is
left of them is filled with `PAD`, so no fold may be longer than the character.

It does not fold compatibility forms (full-width Latin, ligatures): those count as other letters.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["ASCII", "DIGIT", "DOCUMENT", "PAD", "POINT", "SINGLE", "SPACE", "Folding", "folding"]

PAD = 0x01
"""Byte to delete: what is left of a character that folds to something shorter."""
POINT = 0x02
"""Byte of a decimal point or thousands separator: part of a number between two digits."""
DOCUMENT = 0x0A
"""Byte between two documents."""
SPACE = 0x20
"""Byte between two words; every byte above it belongs to a word."""
DIGIT = 0x30
"""Byte of any digit of any script."""
SINGLE = 0xF5
"""Least lead byte of a character that is a word by itself; UTF-8 uses none of 0xF5 to 0xFF."""

# Lead bytes of the scripts written without spaces, and what stands for them.
_LEADS = (0xE0, 0xE1, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xF0)
_SINGLES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # iteration and closing marks, zero
    (0x3040, 0x30FF),  # kana
    (0x3400, 0x9FFF),  # Han
    (0x20000, 0x3FFFF),  # Han, planes 2 and 3
)


def _ascii() -> bytes:
    table = bytearray(range(256))
    for byte in range(0x80):
        char = chr(byte)
        table[byte] = ord(char.lower()) if char.isalpha() else DIGIT if char.isdigit() else SPACE
    table[ord(".")] = table[ord(",")] = POINT
    table[0xFF] = DOCUMENT
    return bytes(table)


ASCII = _ascii()
"""For `bytes.translate`: the fold of ASCII; other UTF-8 stays, 0xFF becomes `DOCUMENT`."""


@dataclass(frozen=True, eq=False)
class Folding:
    """The folds of all characters beyond ASCII."""

    folds: npt.NDArray[np.uint32]
    """By code point: the bytes of its fold, first byte lowest, filled up with `PAD`."""
    composes: npt.NDArray[np.bool_]
    """By code point: may be the second half of a letter, so the text wants NFC first."""


@cache
def folding() -> Folding:
    """Return the table: 5.6 MB, built on first use in a tenth of a second (and 50 MB)."""
    target = np.arange(0x110000, dtype=np.uint32)  # by code point: that of its fold
    composes = np.zeros(0x110000, dtype=np.bool_)
    longer: dict[int, int] = {}
    for point in (*range(0x80, 0x20000), *range(0x2F800, 0x2FA20)):
        char = chr(point)
        kind = unicodedata.category(char)
        if kind == "Cn":
            continue  # letters of a Unicode version to come: kept as they are
        if kind in ("Mn", "Cf"):
            target[point] = PAD
        elif kind == "Nd":
            target[point] = DIGIT
        elif kind[0] in "PSZC":
            target[point] = POINT if char in "٫٬⎖" else SPACE
        elif unicodedata.decomposition(char) or char.lower() != char or char == "ς":
            fold, parts = _letter(point)
            target[point] = fold
            composes[parts[1:]] = True
            if _size(fold) > _size(point):
                longer[fold] = point
    for fold, point in longer.items():
        target[target == fold] = point
    composes[0x1160:0x1200] = True  # vowels and final consonants of Hangul syllables
    target[0xE0000:0xE0200] = PAD  # tags and variation selectors
    target[0xF0000:] = SPACE  # private use
    return Folding(_packed(target), composes)


def _letter(point: int) -> tuple[int, list[int]]:
    """Return the fold of a letter and, where that has several parts, those parts."""
    parts = "".join(
        part
        for part in unicodedata.normalize("NFD", chr(point).lower().replace("ς", "σ"))
        if unicodedata.category(part) != "Mn"
    )
    whole = unicodedata.normalize("NFC", parts)
    return ord(whole) if len(whole) == 1 else point, [ord(part) for part in parts]


def _size(point: int) -> int:
    return len(chr(point).encode("utf-8", "surrogatepass"))


def _packed(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return the UTF-8 of each code point in one integer, filled up with `PAD`.

    Characters that are words by themselves get a lead byte of their own.
    """
    ends = [points & 0x3F | 0x80, points >> 6 & 0x3F | 0x80, points >> 12 & 0x3F | 0x80]
    packed = np.select(
        [points < 0x80, points < 0x800, points < 0x10000],
        [
            points | PAD << 8 | PAD << 16 | PAD << 24,
            points >> 6 | 0xC0 | ends[0] << 8 | PAD << 16 | PAD << 24,
            points >> 12 | 0xE0 | ends[1] << 8 | ends[0] << 16 | PAD << 24,
        ],
        points >> 18 | 0xF0 | ends[2] << 8 | ends[1] << 16 | ends[0] << 24,
    )
    lead = np.arange(256, dtype=np.uint32)
    lead[list(_LEADS)] = np.arange(SINGLE, SINGLE + len(_LEADS))
    for low, high in _SINGLES:
        alone = (points >= low) & (points <= high)
        packed[alone] = packed[alone] & 0xFFFFFF00 | lead[packed[alone] & 0xFF]
    return packed
