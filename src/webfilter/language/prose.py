"""The text of a page that tells its language, without parsing the page.

What is looked for is prose: runs of text of 40 bytes or more between two tags. Menus, buttons and
dates are shorter, so an English cookie banner with its menu does not make a German page English; in
scripts without spaces 40 bytes are 13 to 20 characters, which say as much. Only a page with less
than 400 bytes of such runs is told by its short ones, too. Text in ``script``, ``style``,
``noscript``, ``template``, ``svg`` and comments is not read.

It costs a fifth of what resiliparse needs for the text of a page (the engine ``plain``). Of a large
page it looks at three pieces only, and in each at the places of ``<`` and ``>``, by NumPy. That is
linear in the piece whatever it holds: each ``<`` is looked at once, and the search for an end tag
that is not there is made once.

It does not know attributes: ``>`` in one may begin a run that is none. Nor does it know CSS: what
is hidden counts. `webfilter.extract` knows better, and comes later.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.encoding import decode

__all__ = ["prose"]

_PIECE = 65_536
_BACK = 262_144  # how far the start of a script is looked for
_LEAST = 40
_ENOUGH = 400  # bytes of runs; below, short ones are read too
_SHORTEST = 4
_TELLING = 100  # bytes of all runs; fewer ("Skip", "OK") tell nothing
_HEAD = 4096  # where `decode` looks for a declaration
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HIDDEN = {
    b"<script": b"</script",
    b"<style": b"</style",
    b"<!--": b"-->",
    b"<noscript": b"</noscript",
    b"<template": b"</template",
    b"<svg": b"</svg",
}
_BY_PAIR = {opener[1:3]: (opener, closer) for opener, closer in _HIDDEN.items()}
_SWALLOWS = frozenset((b"</script", b"</style", b"-->"))  # all that follows, if there is no end


class _Texts(NamedTuple):
    piece: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def prose(page: bytes, content_type: object = None) -> str:
    """Return the longer runs of text of `page`, a line each, entities unresolved; never raises.

    Less than 100 bytes of it tell nothing, and come back as none.

    Args:
        page: the body as fetched; of more than 192 KiB a start, middle and end are read.
        content_type: the HTTP header; see `webfilter.extract.encoding.decode`, which decodes here
            too, and is told of the page what it looks at: its head and the runs.

    >>> page = b"<nav><a>Home</a></nav><p>The moon has risen. " + b"The stars are shining. " * 5
    >>> prose(page).splitlines()[0], prose(page * 9).count("Home")
    ('Home', 0)
    >>> prose(b"<script>var text = 'The moon has risen. " + b"The stars are shining. " * 5)
    ''
    """
    head = page[:_HEAD]
    if page.startswith(_WIDE) or b"\0" in head or b"\x1b" in head:  # bytes are not letters here
        page = decode(page[: 3 * _PIECE], content_type).text.encode("utf-8", "replace")
        head = b""
        content_type = None
    texts = [_texts(piece) for piece in _pieces(page)]
    runs = _runs(texts, _LEAST)
    if sum(map(len, runs)) < _ENOUGH:
        runs = _runs(texts, _SHORTEST)
    if sum(map(len, runs)) < _TELLING:
        return ""
    told = head.rpartition(b"<")[0] + b"\n<" + b"\n".join(runs)
    return decode(told, content_type).text.rpartition("<")[2]


def _pieces(page: bytes) -> Iterator[bytes]:
    """Yield `page`, or its start, middle and end, cut where a tag begins and after a script."""
    if len(page) <= 3 * _PIECE:
        yield page
        return
    middle = (len(page) - _PIECE) // 2
    for at in (0, middle, len(page) - _PIECE):
        piece = page[at : at + _PIECE]
        first = 0
        if at:
            before = page[max(at - _BACK, 0) : at].lower()
            within = before.rfind(b"<script") > before.rfind(b"</script")
            first = piece.lower().find(b"</script" if within else b"<")
        last = piece.rfind(b"<") if at < len(page) - _PIECE else _PIECE
        if 0 <= first < last:
            yield piece[first:last]


def _texts(piece: bytes) -> _Texts:
    """Return where `piece` has text between two tags that is read, short or blank included."""
    piece = b">" + piece + b"<  "
    codes = np.frombuffer(piece, dtype=np.uint8)
    marks = np.flatnonzero(codes | 2 == ord(">"))  # "<" too
    less = codes[marks] == ord("<")
    between = np.flatnonzero(less[1:] & ~less[:-1] & (marks[1:] - marks[:-1] > _SHORTEST))
    starts = marks[between]
    seen = _seen(starts, _hidden(piece, codes, marks[less]))
    return _Texts(piece, starts[seen] + 1, marks[between + 1][seen])


def _runs(texts: Sequence[_Texts], least: int) -> list[bytes]:
    """Return what of `texts` has at least `least` bytes, stripped."""
    runs = []
    for piece, starts, ends in texts:
        long = ends - starts >= least
        for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
            run = piece[start:end].strip()
            if len(run) >= least:
                runs.append(run)
    return runs


def _seen(starts: NDArray[np.int64], hidden: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return which of the places `starts` are in none of the spans `hidden`, which are in order."""
    spans = np.array([(-1, -1), *hidden])
    around = np.searchsorted(spans[:, 0], starts, side="right") - 1
    seen: NDArray[np.bool_] = starts >= spans[around, 1]
    return seen


def _hidden(
    piece: bytes, codes: NDArray[np.uint8], less: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Return where `piece` holds no text to read: from the start of a tag to that of its end."""
    pairs = (codes[less + 1] | 32).astype(np.uint16) << 8 | (codes[less + 2] | 32)
    lower = piece.lower()
    found = []
    at = 0
    missing = set()
    for start in less[_looks()[pairs]].tolist():
        opener, closer = _BY_PAIR[lower[start + 1 : start + 3]]
        if start < at or closer in missing or not lower.startswith(opener, start):
            continue
        at = lower.find(closer, start + 2)  # "<!-->" is a whole comment
        if at < 0:
            missing.add(closer)
            at = len(piece) if closer in _SWALLOWS else 0
        if at:
            found.append((start, at))
    return found


@cache
def _looks() -> NDArray[np.bool_]:
    """Return which pairs of bytes after ``<`` may begin what is hidden."""
    table = np.zeros(65536, dtype=np.bool_)
    table[[first << 8 | second for first, second in _BY_PAIR]] = True
    return table
