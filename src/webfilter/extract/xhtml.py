"""Pages in XML, as parsers of HTML read them right: elements that end at once, by a slash.

HTML knows no such slash. So ``<title/>`` or ``<script src="a.js"/>``, right in XHTML, would hide
all of the page that follows, and ``<a id="p1"/>`` make it a link.
"""

from __future__ import annotations

import re

__all__ = ["opened"]

_TYPES = re.compile(r"\s*(?:application/xhtml\+xml|(?:application|text)/xml)\s*(?:;|$)", re.I)
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
# A lookahead gives nothing back. Nor does (...)*+, but Python 3.11.2 matches that one wrongly. The
# bound is for memory: what is tried in a lookahead is remembered until its end.
_EMPTY = re.compile(
    rf"<(?!(?:{_VOID})[\s/])([A-Za-z][\w:.\-]*+)"
    r"(?=((?:[^<>\"'/]++|/(?!>)|\"[^\"<]*\"|'[^'<]*'){0,9999}))\2/>",
    re.IGNORECASE,
)


def opened(html: str, content_type: object = None) -> str:
    """Return `html` with an end tag behind what ends at once, if it is XML; else as it is.

    It is XML if its header says so, or if it has none and begins with an XML declaration. Elements
    that have no end in HTML (``br``) stay as they are.

    Args:
        html: the page, decoded.
        content_type: the HTTP header; anything but a str counts as absent.

    >>> opened('<title/><br/><a id="p1"/>Bees', "application/xhtml+xml")
    '<title></title><br/><a id="p1"></a>Bees'
    """
    said = isinstance(content_type, str)
    is_xml = _TYPES.match(str(content_type)) if said else html[:100].lstrip().startswith("<?xml")
    return _EMPTY.sub(r"<\1\2></\1>", html) if is_xml and "/>" in html else html
