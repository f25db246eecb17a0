"""E-mail addresses, plain (``ann@firm.example``) and with the sign in words (``ann(at)firm.de``,
``(ät)``).

Looked for from the sign: letters and digits of a domain to its right, of a mailbox to its left.
The domain has a dot, and after the last one at least two letters that are no file extension
(``logo@2x.png``). Not found: quoted mailboxes, addresses at an IP, mailboxes of over 64 characters.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from webfilter.heuristics.personal.eights import (
    EACH,
    FIRST,
    Eights,
    Lookup,
    eights,
    is_alnum,
    is_byte,
    ones_after,
    ones_before,
)
from webfilter.heuristics.personal.folded import (
    ALNUM,
    LETTER,
    LETTERS,
    NONE,
    Bytes,
    Mask,
    Places,
    Spans,
    disjoint,
    members,
)

__all__ = ["emails"]

_AT, _DOT, _HYPHEN = 64, 46, 45
_LOCAL = ALNUM | members("._-+%'&!#$*^~`")
_DOMAIN = ALNUM | members(".-")
_CLOSES = members(")]}")
_LONGEST_LOCAL = 64
_LONGEST_LABEL = 63
_LONGEST_DOMAIN = 253
_EXTENSIONS = [
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "avif",
    "bmp",
    "css",
    "js",
    "mjs",
    "json",
    "html",
    "htm",
    "php",
    "pdf",
    "tgz",
    "mp3",
    "mp4",
]


_LOOKUP = Lookup({int.from_bytes(word.encode(), "little"): 1 for word in _EXTENSIONS})


def _anchors(codes: Bytes, spelled: bool) -> Spans:
    """Return where the mailbox ends and where the domain starts, for each sign."""
    signs = np.flatnonzero(codes == _AT)
    left, right = signs, signs + 1
    if spelled:
        opened = np.flatnonzero((codes == 40) | (codes == 91) | (codes == 123))
        around = eights(codes, opened) | 0x202000
        said = around >> 8 & 0xFFFF
        can = (said == 0x7461) | (said == 0x7400 + LETTER)  # "at", "ät"
        opened = opened.compress(can & (_CLOSES.take(codes.take(opened + 3)) != 0))
        if len(opened):
            blank_left = codes[opened - 1] == 32
            blank_right = codes[opened + 4] == 32
            left = np.concatenate((left, opened - blank_left))
            right = np.concatenate((right, opened + 4 + blank_right))
            order = np.argsort(left, kind="stable")
            left, right = left[order], right[order]
    return left, right


def _label(found: Eights) -> Eights:
    return is_alnum(found) | is_byte(found, _HYPHEN)


def _local(found: Eights) -> Eights:
    """Return 1 in each byte of `found` that is in `_LOCAL`, which is faster than a table."""
    each = found.view(np.uint8)
    other = (each - np.uint8(35) < 5) | (each - np.uint8(42) < 2) | (each - np.uint8(45) < 2)
    other |= (each - np.uint8(94) < 3) | (each == 33) | (each == 126)
    return is_alnum(found) | other.view(np.uint64)


def _back(codes: Bytes, kind: Callable[[Eights], Eights], ends: Places, longest: int) -> Places:
    """Return where the run of a `kind` before each of `ends` starts, `longest` before at most."""
    starts = ends.copy()
    going = np.arange(len(ends))
    for _ in range(0, longest, 8):
        count = ones_before(kind(eights(codes, starts.take(going) - 8)))
        starts[going] -= count
        going = going.compress(count == 8)
        if not len(going):
            break
    return np.maximum(starts, ends - longest)


def emails(codes: Bytes, *, spelled: bool = True) -> Spans:
    """Return the spans of e-mail addresses; `spelled`: of ``name(at)host``, too."""
    left, right = _anchors(codes, spelled)
    if not len(left):
        return NONE
    can = (_LOCAL.take(codes.take(left - 1)) & ALNUM.take(codes.take(right))) != 0
    left, right = left.compress(can), right.compress(can)
    can = np.ones(len(right), dtype=np.bool_)
    for place in (1, 2, 3):
        can &= _DOMAIN.take(codes.take(right + place)) != 0
    left, right = left.compress(can), right.compress(can)
    if not len(left):
        return NONE
    ends = _domain_ends(codes, right)
    last = _back(codes, _label, ends, _LONGEST_LABEL)  # after the last dot
    can = (codes.take(last - 1) == _DOT) & (last - 1 > right)
    can &= (LETTERS.take(codes.take(last)) & LETTERS.take(codes.take(last + 1))) != 0
    can &= ends - right <= _LONGEST_DOMAIN
    # "Ann (at) ann.b@firm.de" is a name before an address
    can &= (codes.take(left) == _AT) | (codes.take(ends) != _AT)
    left, last, ends = left.compress(can), last.compress(can), ends.compress(can)
    can = ~_is_file(codes, last, ends - last)
    left, last, ends = left.compress(can), last.compress(can), ends.compress(can)
    ends = _unhyphenated(codes, last, ends)
    starts = _back(codes, _local, left, _LONGEST_LOCAL)
    can = _LOCAL.take(codes.take(starts - 1)) == 0
    starts, left, ends = starts.compress(can), left.compress(can), ends.compress(can)
    loose = np.flatnonzero(_BEGINS.take(codes.take(starts)) == 0)
    while len(loose):  # quotes, dots and the like do not begin an address
        starts[loose] += 1
        first = starts.take(loose)
        again = (_BEGINS.take(codes.take(first)) == 0) & (first < left.take(loose))
        loose = loose.compress(again)
    can = starts < left
    return disjoint(starts.compress(can), ends.compress(can))


_BEGINS = ALNUM | members("_")


def _domain_ends(codes: Bytes, starts: Places) -> Places:
    """Return where the domain at each of `starts` ends: before a dot or hyphen that ends it.

    Somewhere behind the longest that there may be if it is longer.
    """
    ends = starts.copy()
    going = np.arange(len(starts))
    for _ in range(0, _LONGEST_DOMAIN + 1, 8):
        place = ends.take(going)
        read = eights(codes, place)
        here: Eights = is_alnum(read)
        here |= is_byte(read, _HYPHEN) << np.uint64(1)
        here |= is_byte(read, _DOT) << np.uint64(2)
        final: Eights = _CLASSES.take(codes.take(place + 8)).astype(np.uint64)
        following: Eights = (here >> np.uint64(8)) | (final << np.uint64(56))
        hyphen, dot = here >> np.uint64(1), here >> np.uint64(2)
        following |= following >> np.uint64(1) & hyphen  # a hyphen may follow a hyphen, no dot
        count = ones_after(here | ((hyphen | dot) & following))
        ends[going] += count
        going = going.compress(count == 8)
        if not len(going):
            break
    return ends


_CLASSES = ALNUM | 2 * members("-") | 4 * members(".")


def _unhyphenated(codes: Bytes, starts: Places, ends: Places) -> Places:
    """Return where the last label ends, before a hyphen ("com-Phone") unless it is punycode."""
    lengths = ends - starts
    hyphens = is_byte(eights(codes, starts), _HYPHEN) & FIRST.take(lengths, mode="clip")
    long = np.flatnonzero((hyphens != 0) | (lengths > 8))
    long = long[_back(codes, is_alnum, ends[long], _LONGEST_LABEL) != starts[long]]
    long = long[(codes[starts[long] + 2] != _HYPHEN) | (codes[starts[long] + 3] != _HYPHEN)]
    if not len(long):
        return ends
    ends = ends.copy()
    going, place = long, starts.copy()
    while len(going):
        going = going[ALNUM[codes[place[going]]] != 0]
        place[going] += 1
    ends[long] = place[long]
    return ends


def _is_file(codes: Bytes, starts: Places, lengths: Places) -> Mask:
    """Return which of the last labels are file extensions, told by up to four letters."""
    low: Eights = eights(codes, starts) | np.uint64(32 * EACH)
    found = _LOOKUP.of(low & FIRST.take(lengths, mode="clip"))
    result: Mask = (found != 0) & (lengths <= 4)
    return result
