"""How many characters of each kind every block has, in one pass over all text of the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "Characters", "characters"]

KINDS = (
    "alnum", "digit", "upper", "space", "end", "comma", "quote", "money", "bar",
    "line", "copyright", "at",
)  # fmt: skip
"""Kinds of characters; one may be of several, many are of none."""
_ENDS = ".!?。！？…؟।"
_COMMAS = ",;:、，；：،"
_QUOTES = "\"'“”‘’«»„「」"
_BARS = "|•·›>/→▸–-"
_CODES = 65536  # those beyond count as the last


class Characters(NamedTuple):
    """The characters of texts."""

    counts: NDArray[np.float32]
    """By kind (kinds x texts)."""
    first: NDArray[np.int64]
    """Kinds of the first character of each text, as bits."""
    last: NDArray[np.int64]
    """Kinds of the last character of each text, as bits."""


class _Tables(NamedTuple):
    sort: NDArray[np.uint8]
    """Combination of kinds by code point."""
    ascii: bytes
    """The same for `bytes.translate`."""
    kinds: NDArray[np.float32]
    """Kinds of each combination (combinations x kinds), 1 or 0."""
    bits: NDArray[np.int64]
    """The same as bits."""


@cache
def _tables() -> _Tables:
    bits = np.array([_kinds(chr(code)) for code in range(_CODES)])
    combinations, at = np.unique(bits, return_inverse=True)
    kinds = combinations[:, None] >> np.arange(len(KINDS)) & 1
    sort: NDArray[np.uint8] = at.astype(np.uint8)
    return _Tables(sort, sort[:256].tobytes(), kinds.astype(np.float32), combinations)


def _kinds(c: str) -> int:
    return (
        c.isalnum()
        | c.isdigit() << 1
        | c.isupper() << 2
        | c.isspace() << 3
        | (c in _ENDS) << 4
        | (c in _COMMAS) << 5
        | (c in _QUOTES) << 6
        | (c in "$€£¥₹%") << 7
        | (c in _BARS) << 8
        | (c == "\n") << 9
        | (c == "©") << 10
        | (c == "@") << 11
    )


def characters(texts: Sequence[str]) -> Characters:
    """Return the kinds of the characters of `texts`, none of which is empty."""
    tables = _tables()
    joined = "\n".join(texts) + "\n"
    if joined.isascii():
        sorts = np.frombuffer(joined.encode("ascii").translate(tables.ascii), dtype=np.uint8)
    else:
        codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32)
        sorts = tables.sort[np.minimum(codes, _CODES - 1)]
    n, several = len(texts), len(tables.bits)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=n) + 1
    ends = np.cumsum(lengths)
    starts = ends - lengths
    keys = np.repeat(np.arange(n) * several, lengths)
    keys += sorts
    by_sort: NDArray[Any] = np.bincount(keys, minlength=n * several).reshape(n, several)
    counts = np.ascontiguousarray((by_sort.astype(np.float32) @ tables.kinds).T)
    counts[KINDS.index("space")] -= 1  # the newline after each
    counts[KINDS.index("line")] -= 1
    first, last = tables.bits[sorts[starts]], tables.bits[sorts[ends - 2]]
    return Characters(counts, first, last)
