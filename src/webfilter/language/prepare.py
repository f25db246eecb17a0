"""What the embedded model sees of a text: three windows, without addresses.

A letter and its mark are read as the one character that they are in texts to train on (of Bengali
and its kin, which have both, as they stand). An address ends where a script begins that is written
without spaces, as people put none around it.

The same code prepares training texts and pages, so it is part of the model: change it and the model
must be trained again.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["WINDOW", "prepare", "windows"]

WINDOW = 200
"""Characters a window; a text of up to three windows is read whole."""

# Thai, Lao, Burmese, Khmer; Chinese, Japanese, Korean with their marks
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7a3\uff00-\uffef"
_URL = re.compile(rf"(?:https?://|www\.)[^\s{_UNSPACED}]+")
_LONGEST = 500  # characters before a window in which a URL that reaches into it may begin
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+\.[\w.-]+", re.ASCII)
_MARKED = re.compile(
    "[^\\W_][\u0300-\u036f\u3099\u309a]{1,4}|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"
)


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
    for url in _URL.finditer(text, start - len(word), start + WINDOW):  # perhaps after a bracket
        if url.start() < start < url.end():
            return window[url.end() - start :]
    return window


def prepare(text: str) -> str:
    """Return the windows of `text` without URLs and mail addresses, composed.

    >>> prepare("Visit https://example.org/a or write to me@example.org, sir!")
    'Visit   or write to  , sir!'
    >>> prepare("请看https://example.org/a，好。"), prepare("u\\u0308ber")
    ('请看 ，好。', 'über')
    """
    text = windows(text)
    if "/" in text or "www." in text:
        text = _URL.sub(" ", text)
    if "@" in text:
        text = _MAIL.sub(" ", text)
    if not unicodedata.is_normalized("NFC", text):
        text = _MARKED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    return text
