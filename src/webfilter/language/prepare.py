"""What the embedded model sees of a text: three windows, without addresses.

The same code prepares training texts and pages, so it is part of the model: change it and the model
must be trained again.
"""

from __future__ import annotations

import re

__all__ = ["WINDOW", "prepare", "windows"]

WINDOW = 200
"""Characters a window; a text of up to three windows is read whole."""

_URL = re.compile(r"(?:https?://|www\.)\S+")
_LONGEST = 500  # characters before a window in which a URL that reaches into it may begin
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+\.[\w.-]+")


def windows(text: str) -> str:
    """Return `text`, or its start, middle and end where it is longer than three windows.

    The start alone misleads: menus and banners are often in another language than the page. A URL
    that reaches into a window is left out of it.

    >>> len(windows("word " * 1000)), windows("short")
    (602, 'short')
    """
    if len(text) <= 3 * WINDOW:
        return text
    middle, last = (len(text) - WINDOW) // 2, len(text) - WINDOW
    parts = (text[:WINDOW], text[middle : middle + WINDOW], text[last:])
    if "/" not in text:
        return "\n".join(parts)
    return "\n".join((parts[0], _cut_url(text, middle, parts[1]), _cut_url(text, last, parts[2])))


def _cut_url(text: str, start: int, window: str) -> str:
    """Return `window`, which begins at `start`, without the rest of a URL that begins before it."""
    before = text[max(start - _LONGEST, 0) : start]
    word = "" if before[-1:].isspace() else before.rsplit(None, 1)[-1]
    url = _URL.search(text, start - len(word), start + WINDOW)  # perhaps after a bracket
    return window[url.end() - start :] if url and url.start() < start else window


def prepare(text: str) -> str:
    """Return the windows of `text` without URLs and mail addresses.

    >>> prepare("Visit https://example.org/a or write to me@example.org, sir!")
    'Visit   or write to  , sir!'
    """
    text = windows(text)
    if "/" in text or "www." in text:
        text = _URL.sub(" ", text)
    if "@" in text:
        text = _MAIL.sub(" ", text)
    return text
