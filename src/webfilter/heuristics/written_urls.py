"""Addresses of pages that are written as such, in any script: what `TextUrls` takes out by default.

One begins with ``http://``, ``https://``, ``ftp://``, ``ftps://`` or ``sftp://``, with ``www.``, or
with a name that ends in a top-level domain before a slash (``leaf.com/why``). With a scheme, any
host will do: ``http://intranet/x``, ``http://[2001:db8::1]/``, ``https://müller.de``.

It goes on with the characters of RFC 3986 and letters of any script (RFC 3987): white space, quotes
and marks of sentences beyond ASCII end it, and so does a bracket that was not opened in it. Letters
of scripts that write words together belong to it from a slash, ``=``, ``_``, ``-``, ``(`` or
``www.`` on (``leaf.jp/wiki/東京``); elsewhere they are the text again (``www.leaf.cn是``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from webfilter.heuristics.lists import shipped

__all__ = ["written"]

_BEGINS = re.compile(
    r"(?:https?|s?ftps?)://(?=[^\W_]|\[[0-9a-f:])"
    r"|(?<![a-z0-9@-])www\.(?=[^\W_][\w-]*\.\w)"
    r"|\.([^\W\d_]{2,24})(?::[0-9]{1,5})?/",
    re.IGNORECASE,
)
_TOGETHER = (  # Thai, Lao, Burmese, Khmer, kana, Han; Korean particles stand so, too
    "\u0e00-\u0eff\u1000-\u1049\u104c-\u109f\u1780-\u17d3\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff"
)
_MARKS = (  # white space, marks of sentences, quotes, symbols, forms of those, half characters
    "\x80-\xbf×÷\u05c3\u060c\u061b\u061f\u06d4\u0964\u0965\u104a\u104b\u1361-\u1368\u1680"
    "\u17d4-\u17da\u2000-\u200b\u200e-\u2bff\u2e00-\u2e7f\u3000-\u303f\ud800-\udfff\ufe10-\ufe6f"
    "\uff00-\uffff\U0001f000-\U0001faff"
)
_LETTER = rf"[^\x00-\x7f{_MARKS}{_TOGETHER}]"
_FROM = rf"(?:(?<=[/=_({_TOGETHER}-])|(?<=[wW{_TOGETHER}]\.))"
_SOME = rf"(?:[-a-zA-Z0-9_.~:/?#@!$&*+,;=%]++|{_LETTER}++|{_FROM}[{_TOGETHER}]++)"
_NAME = re.compile(rf"[-.a-zA-Z0-9]|{_LETTER}")
_RUN = re.compile(rf"(?:{_SOME}|(?<=\w)'(?=\w\w)|\({_SOME}*\)|\{{{_SOME}*\}}|\[[\w:.]*+\])*")
_NOT_BEFORE = frozenset("@/\\_~+=%")
_LONGEST = 256


def written(line: str) -> Iterator[tuple[int, int]]:
    """Yield where addresses are in a line, in their order, with the marks that follow them.

    >>> line = "Ask http://a.com/x, b.de/y_(z) (or www.müller.de/größe) but not b.de."
    >>> [line[start:end] for start, end in written(line)]
    ['http://a.com/x,', 'b.de/y_(z)', 'www.müller.de/größe']
    """
    if "/" not in line and "www." not in line.lower():  # as most: quickly told
        return
    end = 0
    for found in _BEGINS.finditer(line):
        start = found.start()
        if start < end:
            continue
        if found[1]:
            if found[1] not in shipped("domains")[0]:
                continue
            first = max(end, start - _LONGEST)
            while start > first and _NAME.match(line, start - 1):
                start -= 1
            if start == found.start() or line[start - 1 : start] in _NOT_BEFORE:
                continue
        end = _RUN.match(line, found.start()).end()  # type: ignore[union-attr]
        yield start, end
