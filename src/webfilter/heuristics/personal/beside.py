"""What two characters beside a number say about it, looked up in tables of all pairs."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.personal.folded import Bytes, Mask, Places

__all__ = ["PAIRS", "pairs"]

_Pairs: TypeAlias = npt.NDArray[np.uint16]

PAIRS: tuple[Places, Places] = (np.arange(1 << 16) & 255, np.arange(1 << 16) >> 8)
"""First and second character of each pair, to make tables from, shape (65536,) each."""


def pairs(codes: Bytes, places: Places, table: Bytes | Mask) -> Bytes:
    """Return what `table` has for the two characters at each of `places`."""
    found: _Pairs = np.ndarray((len(codes) - 1,), "<u2", codes, strides=(1,))[places]
    result: Bytes = table.take(found)
    return result
