"""Says what every code point is to the model: its kind, and which letter it is read as.

Taken from this Python's Unicode tables and stored with the model, so that a model reads the same
characters under any Python.
"""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

from webfilter.language.features import LETTER, SIGN, SPACE, TOP, UPPER

__all__ = ["character_runs"]

_APOSTROPHES = "'’ʼ"


def character_runs() -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint32]]:
    """Return (starts, kinds, folded) as `features.Characters.of` takes them."""
    kinds = np.full(TOP, LETTER, np.uint8)
    folded = []
    for point in range(TOP - 1):
        char = chr(point)
        category = unicodedata.category(char)
        if category in ("Lu", "Lt"):
            kinds[point] = UPPER
            folded.append((point, ord(char.lower()[0])))
        elif category == "Nd":
            kinds[point] = SIGN
            folded.append((point, ord("0")))
        elif category[0] == "Z" or category in ("Cc", "Cn", "Co", "Cs"):
            kinds[point] = SPACE
        elif category[0] in "PSN":
            kinds[point] = SIGN
    for char in _APOSTROPHES:
        kinds[ord(char)] = LETTER
        folded.append((ord(char), ord("'")))
    starts = np.flatnonzero(np.diff(kinds, prepend=np.uint8(255)))
    return starts.astype(np.uint32), kinds[starts], np.array(sorted(folded), np.uint32)
