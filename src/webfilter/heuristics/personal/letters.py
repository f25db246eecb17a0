"""Words of any script beside places in a text, looked up letter by letter.

The folded text tells letters of ASCII only. Here each letter is itself, but for case, accents and
what may be left out (vowel points, joiners, the signs of Indic scripts that kill a vowel), and
letters of Arabic that look alike are one. It is slower, so it is asked about few places.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from typing import Literal

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.personal.eights import Eights
from webfilter.heuristics.personal.folded import (
    LETTERS,
    OTHER,
    SIGN,
    Bytes,
    Mask,
    Places,
    members,
)
from webfilter.heuristics.personal.runs import Runs

__all__ = ["Words", "is_letter", "plain", "signs_at"]

_EDGE, _OPENS, _CLOSES, _DIGIT, _SKIPPED = 1, 2, 3, 4, 5
"""What is no letter; letters are their code points."""
_FIRST_LETTER = 32
_LONGEST = 24
"""Characters that are read at most."""
_TABLE_SIZE = 0x10000
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_LEFT_OUT = "\u0640\u0903\u0983\ufe0e\ufe0f"  # tatweel; visarga, used as a colon; variants
_ALIKE = str.maketrans(
    {
        "\u0649": "\u064a",  # alef maksura and the yeh of Persian: yeh
        "\u06cc": "\u064a",
        "\u06a9": "\u0643",  # the kaf of Persian: kaf
        "\u0629": "\u0647",  # teh marbuta, the hehs of Urdu, ae: heh
        "\u06be": "\u0647",
        "\u06c1": "\u0647",
        "\u06d5": "\u0647",
        "\u03c2": "\u03c3",  # final sigma
        "\u0131": "i",
    }
)
_BY_CODE = LETTERS | members(chr(OTHER) + chr(SIGN))
_OTHER_SIGNS = _OPENS * members("([") + _CLOSES * members(")]") + _DIGIT * members("0123456789")


def _canonical(char: str) -> int:
    """Return the code point that stands for `char`, `_SKIPPED`, or `_EDGE` if it is no letter."""
    category = unicodedata.category(char)
    if char in _LEFT_OUT or category == "Cf" or unicodedata.combining(char):
        return _SKIPPED
    if category[0] not in "LM":
        return _EDGE
    low = char.lower()
    bases = [c for c in unicodedata.normalize("NFKD", low) if not unicodedata.combining(c)]
    one = bases[0] if len(bases) == 1 else low[0]
    return ord(one.translate(_ALIKE)) if ord(one) < _TABLE_SIZE else ord(char)


def plain(word: str) -> str:
    """Return `word` as it is written where there are no accents.

    >>> plain("téléphone numarası")
    'telephone numarasi'
    """
    parts = unicodedata.normalize("NFD", word.replace("ı", "i"))
    kept = "".join(char for char in parts if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", kept)


@cache
def _table() -> npt.NDArray[np.uint16]:
    """Return `_canonical` of all code points up to U+FFFF."""
    table = np.arange(_TABLE_SIZE, dtype=np.uint16)  # Chinese and Hangul stand for themselves
    for first, last in ((0, 0x3400), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xE000, _TABLE_SIZE)):
        table[first:last] = [_canonical(chr(code)) for code in range(first, last)]
    table[0xD800:0xE000] = _EDGE
    table.flags.writeable = False
    return table


def signs_at(runs: Runs, places: Places) -> Eights:
    """Return what stands at `places` of the text: a letter's code point, or what else it is."""
    codes = runs.codes.take(places)
    read = np.flatnonzero(_BY_CODE.take(codes))
    found: Eights = np.maximum(_OTHER_SIGNS.take(codes), _EDGE).astype(np.uint64)
    found[read] = _table().take(runs.points.take(places.take(read)), mode="clip")
    return found


def is_letter(signs: Eights) -> Mask:
    """Return which of `signs` are letters."""
    result: Mask = signs >= _FIRST_LETTER
    return result


class Words:
    """Words with a byte each, looked for to the left of a place (`step` -1) or to its right (1).

    An entry has "_" for a blank. It is a whole word; with a hyphen on the side that is read last,
    there may be more letters.
    """

    def __init__(self, entries: Mapping[str, int], step: Literal[-1, 1]) -> None:
        self._step = step
        values: dict[int, int] = {}
        for entry, byte in entries.items():
            for form in {entry, unicodedata.normalize("NFD", entry)}:
                *begun, whole = self._keys_of(form)
                values[whole] = values.get(whole, 0) | byte
                for key in begun:  # so that a reader knows when to go on
                    values.setdefault(key, 0)
        self._keys = np.array(sorted(values), dtype=np.uint64)
        self._bytes = np.array([values[key] for key in sorted(values)], dtype=np.uint8)

    def _keys_of(self, entry: str) -> list[int]:
        """Return a number for the first sign read, the first two, and so on."""
        brackets, table = {"_": _EDGE, "(": _OPENS, ")": _CLOSES}, _table()
        signs = [brackets.get(char) or int(table[ord(char)]) for char in entry.strip("-")]
        signs = [sign for sign in signs if sign != _SKIPPED][:: self._step]
        if "-" not in entry:
            signs.append(_EDGE)
        powers = (pow(int(_FACTOR), place, 1 << 64) for place in range(len(signs)))
        each = (sign * power for sign, power in zip(signs, powers, strict=True))
        return [key % (1 << 64) for key in accumulate(each)]

    def beside(self, runs: Runs, places: Places) -> tuple[Bytes, Places]:
        """Return the byte of the shortest word that begins at each of `places`, and its far end.

        To the left, "begins" is where it ends for a reader. 0: none does. No word crosses a line.
        """
        found, reached = np.zeros(len(places), dtype=np.uint8), places.copy()
        going, at = np.arange(len(places)), places
        key = np.zeros(len(places), dtype=np.uint64)
        power, edge = key + np.uint64(1), key > 0
        for _ in range(_LONGEST):
            if not len(going):
                break
            sign = signs_at(runs, at)
            if self._step < 0:
                sign[sign < _SKIPPED] = _EDGE
            read = (sign != _SKIPPED) & ((sign != _EDGE) | ~edge)
            key = key + sign * power * read
            power = np.where(read, power * _FACTOR, power)
            edge = np.where(read, sign == _EDGE, edge)
            slot = np.searchsorted(self._keys, key)
            known = self._keys.take(slot, mode="clip") == key
            byte = self._bytes.take(slot, mode="clip") * (known & read)
            found[going] = byte
            reached[going] = at - self._step * (sign < _FIRST_LETTER)
            keep = (byte == 0) & (known | (key == 0)) & (runs.codes.take(at) != 10)
            kept = np.flatnonzero(keep)
            going, at = going.take(kept), at.take(kept) + self._step
            key, power, edge = key.take(kept), power.take(kept), edge.take(kept)
        return found, reached
