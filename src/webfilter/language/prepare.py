"""What the embedded model sees of a text: three windows, lower case, punctuation set apart.

The same code prepares training lines and pages, so it is part of the model: change it and the model
must be trained again.
"""

from __future__ import annotations

import re

__all__ = ["WINDOW", "prepare", "windows"]

WINDOW = 200
"""Characters a window; a text of up to three windows is read whole."""

_URL = re.compile(r"(?:https?://|www\.)\S+")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+\.[\w.-]+")
_DIGITS = re.compile(r"\d+")
_MARKS = re.compile(
    r"[!-&(-/:-@\[-`{-~¡-©«-´¶-¹»-¿÷‐-‘‚-‧‰-⁞、-〿・！-／：-＠［-｀｛-･।॥،؛؟…\ufffd]+"
)


def windows(text: str) -> str:
    """Return `text`, or its start, middle and end where it is longer than three windows.

    The start alone misleads: menus and banners are often in another language than the page.

    >>> len(windows("word " * 1000)), windows("short")
    (602, 'short')
    """
    if len(text) <= 3 * WINDOW:
        return text
    middle = (len(text) - WINDOW) // 2
    return "\n".join((text[:WINDOW], text[middle : middle + WINDOW], text[len(text) - WINDOW :]))


def prepare(text: str) -> str:
    """Return one line for the model: no URLs, digits as 0, punctuation as words of its own.

    Lone surrogates become marks and NUL a space; the result is valid UTF-8 on one line.

    >>> prepare("Visit https://example.org/a: It's 25 °C,\\nSIR!")
    "visit it's 0 ° c , sir !"
    """
    text = windows(text).replace("’", "'").replace("\0", " ")
    if "/" in text or "www." in text:
        text = _URL.sub(" ", text)
    if "@" in text:
        text = _MAIL.sub(" ", text)
    text = _MARKS.sub(r" \g<0> ", _DIGITS.sub("0", text.lower()))
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
