"""What a page says about itself in its head: title and language. Cheap, by pattern, no parsing."""

from __future__ import annotations

import re
from html import unescape

__all__ = ["about"]

_HEAD_CHARACTERS = 65536
_TITLE_CHARACTERS = 500
_TITLE = re.compile(r"<title\b[^<>]{0,500}>([^<]{1,2000})", re.IGNORECASE)
_LANGUAGE = re.compile(
    r"<html\b[^<>]{0,2000}?\s(?:xml:)?lang\s*=\s*[\"']?\s*([A-Za-z0-9\-_]{1,35})", re.IGNORECASE
)


def about(html: str) -> dict[str, str]:
    """Return ``title`` and ``language_declared``, where the page has them.

    >>> about('<html lang="de-AT"><head><title> Caf&eacute;\\n Central </title>')
    {'title': 'Café Central', 'language_declared': 'de-AT'}
    """
    head = html[:_HEAD_CHARACTERS]
    found = {}
    if match := _TITLE.search(head):
        title = " ".join(unescape(match[1]).split())[:_TITLE_CHARACTERS]
        if title:
            found["title"] = title.encode("utf-8", "replace").decode()
    if match := _LANGUAGE.search(head):
        found["language_declared"] = match[1]
    return found
