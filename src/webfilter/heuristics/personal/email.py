"""E-mail addresses, plain (``ann@firm.example``) and with the sign in words (``ann(at)firm.de``).

Looked for from the sign: letters and digits of a domain to its right, of a mailbox to its left.
The domain has a dot, and after the last one at least two letters that are no file extension
(``logo@2x.png``). Not found: quoted mailboxes, addresses at an IP, mailboxes of over 64 characters.
"""

from __future__ import annotations

import numpy as np

from webfilter.heuristics.personal.folded import (
    ALNUM,
    LETTERS,
    NONE,
    Bytes,
    Mask,
    Places,
    Spans,
    classify,
    disjoint,
    members,
)

__all__ = ["emails"]

_AT, _DOT, _HYPHEN = 64, 46, 45
_LOCAL = ALNUM | members("._-+%'&!#$*^~`")
_DOMAIN = ALNUM | members(".-")
_LABEL = ALNUM
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


def _pack(word: str) -> int:
    return int.from_bytes(word.encode().ljust(4, b"\0"), "big")


_PACKED = [_pack(word) for word in _EXTENSIONS]


def _anchors(codes: Bytes, spelled: bool) -> Spans:
    """Return where the mailbox ends and where the domain starts, for each sign."""
    signs = np.flatnonzero(codes == _AT)
    left, right = signs, signs + 1
    if spelled:
        low = codes | 32
        inside = (low[1:-2] == 97) & (low[2:-1] == 116)
        opened = np.flatnonzero(inside & (codes[:-3] != 10))
        opened = opened[
            np.isin(codes[opened], (40, 91, 123)) & np.isin(codes[opened + 3], (41, 93, 125))
        ]
        if len(opened):
            blank_left = codes[opened - 1] == 32
            blank_right = codes[opened + 4] == 32
            left = np.concatenate((left, opened - blank_left))
            right = np.concatenate((right, opened + 4 + blank_right))
            order = np.argsort(left, kind="stable")
            left, right = left[order], right[order]
    return left, right


def _back(codes: Bytes, table: Bytes, ends: Places, longest: int) -> Places:
    """Return where the run of `table` before each of `ends` starts, at most `longest` before it."""
    starts = ends.copy()
    going = np.arange(len(ends))
    for _ in range(longest):
        going = going[table[codes[starts[going] - 1]] != 0]
        if not len(going):
            break
        starts[going] -= 1
    return starts


def emails(codes: Bytes, *, spelled: bool = True) -> Spans:
    """Return the spans of e-mail addresses; `spelled`: of ``name(at)host``, too."""
    left, right = _anchors(codes, spelled)
    if not len(left):
        return NONE
    can = (_LOCAL[codes[left - 1]] != 0) & (ALNUM[codes[right]] != 0)
    left, right = left[can], right[can]
    for place in range(1, 4):
        can = _DOMAIN[codes[right + place]] != 0
        left, right = left[can], right[can]
    if not len(left):
        return NONE
    ends = _domain_ends(codes, right)
    last = _back(codes, _LABEL | members("-"), ends, _LONGEST_LABEL)  # after the last dot
    can = (codes[last - 1] == _DOT) & (last - 1 > right)
    can &= (LETTERS[codes[last]] != 0) & (LETTERS[codes[last + 1]] != 0)
    can &= ~_is_file(codes, last, ends - last) & (ends - right <= _LONGEST_DOMAIN)
    left, last, ends = left[can], last[can], ends[can]
    ends = _unhyphenated(codes, last, ends)
    starts = _back(codes, _LOCAL, left, _LONGEST_LOCAL)
    can = _LOCAL[codes[starts - 1]] == 0
    starts, left, ends = starts[can], left[can], ends[can]
    for _ in range(_LONGEST_LOCAL):  # quotes, dots and the like do not begin an address
        loose = (_BEGINS[codes[starts]] == 0) & (starts < left)
        if not loose.any():
            break
        starts += loose
    can = starts < left
    return disjoint(starts[can], ends[can])


_BEGINS = ALNUM | members("_")


def _domain_ends(codes: Bytes, starts: Places) -> Places:
    """Return where the domain at each of `starts` ends: before a dot or hyphen that ends it."""
    domain = classify(_DOMAIN, codes).copy()
    following = classify(ALNUM | members("-"), codes)
    mark = np.flatnonzero((codes == _DOT) | (codes == _HYPHEN))
    domain[mark[~following[mark + 1]]] = False
    dot_hyphen = mark[(codes[mark] == _DOT) & (codes[mark + 1] == _HYPHEN)]
    domain[dot_hyphen] = False
    stops = np.flatnonzero(~domain)
    found: Places = stops[np.searchsorted(stops, starts)]
    return found


def _unhyphenated(codes: Bytes, starts: Places, ends: Places) -> Places:
    """Return where the last label ends, before a hyphen ("com-Phone") unless it is punycode."""
    long = np.flatnonzero(_back(codes, _LABEL, ends, _LONGEST_LABEL) != starts)
    long = long[(codes[starts[long] + 2] != _HYPHEN) | (codes[starts[long] + 3] != _HYPHEN)]
    if not len(long):
        return ends
    ends = ends.copy()
    going, place = long, starts.copy()
    while len(going):
        going = going[_LABEL[codes[place[going]]] != 0]
        place[going] += 1
    ends[long] = place[long]
    return ends


def _is_file(codes: Bytes, starts: Places, lengths: Places) -> Mask:
    """Return which of the last labels are file extensions, told by up to four letters."""
    packed = np.zeros(len(starts), dtype=np.int32)
    for place in range(4):
        code = (codes[starts + place] | 32) * (lengths > place)
        packed = (packed << 8) | code
    found = np.zeros(len(starts), dtype=np.bool_)
    for extension in _PACKED:
        found |= packed == extension
    return found & (lengths <= 4)
