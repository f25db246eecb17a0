"""What two characters beside a number say about it, looked up in tables of all pairs."""

from __future__ import annotations

import numpy as np

from webfilter.heuristics.personal.folded import Bytes, Places

__all__ = ["PAIRS", "pairs"]

PAIRS: tuple[Places, Places] = (np.arange(1 << 16) & 255, np.arange(1 << 16) >> 8)
"""First and second character of each pair, to make tables from, shape (65536,) each."""


def pairs(codes: Bytes, places: Places, table: Bytes) -> Bytes:
    """Return what `table` has for the two characters at each of `places`."""
    found = codes.take(places + 1).astype(np.intp)
    found <<= 8
    found |= codes.take(places)
    result: Bytes = table.take(found)
    return result
