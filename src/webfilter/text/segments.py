"""Unicode words (UAX #29), by NumPy over the code points of a text.

The boundaries are those of Unicode 16.0.0, as the package ``uniseg`` finds them: letters and digits
in a row are one segment, with an apostrophe, period or colon between letters ("can't", "e.g") and a
period or comma between digits ("3.50"); marks stay with what they follow; every other character is
a segment of its own. There is no dictionary and no tailoring: each character of Han, Hiragana,
Thai, Lao, Khmer or Myanmar is a segment (with its combining marks), a run of Katakana is one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from webfilter.text.breaks import (
    ALNUM,
    HEBREW,
    JOINS,
    JOINS_HEBREW,
    JOINS_LETTERS,
    JOINS_NUMBERS,
    LETTER,
    LINE_END,
    PICTURE,
    REGION,
    SINGLE_QUOTE,
    SKIPPED,
    SPACE,
    ZWJ,
    break_table,
)
from webfilter.text.spans import Classes, Codes, Places

__all__ = ["segment_starts", "unicode_spans"]

_Bits = npt.NDArray[np.uint16]
_Bools = npt.NDArray[np.bool_]

_MIDDLE = JOINS_LETTERS | JOINS_NUMBERS | JOINS_HEBREW
_TO_SIDES = JOINS_LETTERS // LETTER  # from the bit of what joins to the bit of what is joined


def _joined(bits: _Bits, present: int) -> _Bools:
    """Return which characters stay with the one before (WB5 to WB16), none of them `SKIPPED`.

    Args:
        bits: of each character, as `break_table` gives them.
        present: union of the bits.
    """
    found = np.zeros(len(bits), dtype=np.bool_)
    np.not_equal(bits[1:] & bits[:-1] & JOINS, 0, out=found[1:])
    if present & _MIDDLE:
        middle = np.flatnonzero(bits[1:-1] & _MIDDLE) + 1
        before, here, after = (bits.take(middle + k) for k in (-1, 0, 1))
        both = middle[(before & after & (here & _MIDDLE) // _TO_SIDES) != 0]
        found[both] = found[both + 1] = True
    if present & HEBREW:
        quotes = np.flatnonzero(bits[1:] & SINGLE_QUOTE) + 1
        found[quotes[(bits.take(quotes - 1) & HEBREW) != 0]] = True
    if present & REGION:
        regions = np.flatnonzero(bits & REGION)
        order = np.arange(len(regions))
        first = np.ones(len(regions), dtype=np.bool_)
        np.not_equal(regions[1:] - regions[:-1], 1, out=first[1:])
        place = order - np.maximum.accumulate(np.where(first, order, 0))
        found[regions[place % 2 == 1]] = True
    return found


def _joined_across(bits: _Bits, present: int) -> _Bools:
    """Return what `_joined` does, where characters may be `SKIPPED` (WB3c, WB3d, WB4)."""
    skipped = (bits & SKIPPED) != 0
    seen = np.flatnonzero(~skipped)
    looked = bits.take(seen)
    joined = _joined(looked, present)
    across = np.flatnonzero(seen[1:] - seen[:-1] > 1) + 1
    joined[across[(looked.take(across) & SPACE) != 0]] = False
    found = np.zeros(len(bits), dtype=np.bool_)
    found[seen] = joined
    found[1:] |= skipped[1:] & ((bits[:-1] & LINE_END) == 0)
    if present & ZWJ:
        zwj = np.flatnonzero(bits[:-1] & ZWJ)
        found[zwj[(bits.take(zwj + 1) & PICTURE) != 0] + 1] = True
    return found


def _starts(codes: Codes, bits: _Bits) -> Places:
    present = int(np.bitwise_or.reduce(bits))
    joined = _joined_across(bits, present) if present & SKIPPED else _joined(bits, present)
    if present & LINE_END:
        returns = np.flatnonzero(codes[:-1] == ord("\r"))
        joined[returns[codes.take(returns + 1) == ord("\n")] + 1] = True
    np.logical_not(joined, out=joined)
    return np.flatnonzero(joined)


def segment_starts(codes: Codes) -> Places:
    """Return where the segments of a text start, white space and punctuation among them.

    >>> from webfilter.text import code_points
    >>> segment_starts(code_points("It can't be 3.50!")).tolist()
    [0, 2, 3, 8, 9, 11, 12, 16]
    """
    return _starts(codes, break_table().take(codes))


def unicode_spans(text: str, codes: Codes, classes: Classes) -> tuple[Places, Places]:
    """Return where the segments that begin with a letter or digit start and end.

    These are DCLM's words: those of ``uniseg`` of which the first character is alphanumeric.
    """
    bits = break_table().take(codes)
    bounds = np.append(_starts(codes, bits), len(codes))
    kept = np.flatnonzero(bits.take(bounds[:-1]) & ALNUM)
    return bounds.take(kept), bounds.take(kept + 1)
