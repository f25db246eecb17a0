"""A page in pieces of about 300 characters, to tell which languages it is in and by how much.

Pieces end at line ends: people change the language from line to line, seldom within one. Lines of a
few words are joined, since no engine can tell them; long ones are cut, at a space where there is
one. So of a line in two languages, or of short lines that alternate, the larger part decides. Time
is linear in the length of the page, whatever is in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

__all__ = ["MOST", "Shares", "letter_count", "pieces", "shares"]

MOST = 64
"""Most pieces of a page that an engine is asked about: about 10,000 to 19,000 characters. Of a
longer one they are taken evenly, so a share is off by 6 points at most (one standard error)."""

_LONG = 300
_ENOUGH = 150
"""A piece ends at the first line end after so many characters."""
_LITTLE = 50
"""Fewer characters do not make a piece."""

_NO_LETTERS = bytes(byte for byte in range(256) if not (byte < 128 and chr(byte).isalpha()))
_BEYOND = re.compile("[^\x00-\x7f]")

Shares = Counter[str]
"""Letters by language code."""


def pieces(text: str, most: int = MOST) -> list[str]:
    """Return `text` in pieces, at most `most` of them, taken evenly where it has more.

    >>> pieces("Kurz.\\n\\nNoch eine kurze Zeile.\\n"), [len(p) for p in pieces("word " * 150)]
    (['Kurz.\\nNoch eine kurze Zeile.'], [244, 249, 254])
    """
    found = _joined(text)
    if len(found) <= most:
        return found
    return [found[(2 * place + 1) * len(found) // (2 * most)] for place in range(most)]


def _joined(text: str) -> list[str]:
    found: list[str] = []
    held: list[str] = []
    size = 0
    for line in text.splitlines():
        line = line.strip()
        if not line:
            continue
        if size >= _LITTLE and size + len(line) > _LONG:
            found.append("\n".join(held))
            held, size = [], 0
        held.append(line)
        size += len(line)
        if size >= _ENOUGH:
            found += _cut("\n".join(held))
            held, size = [], 0
    if held and size < _LITTLE and found:
        found[-1] += "\n" + "\n".join(held)
    elif held:
        found.append("\n".join(held))
    return found


def _cut(text: str) -> Iterator[str]:
    """Yield `text` in equal parts of at most about `_LONG` characters, but for blank ones."""
    parts = -(-len(text) // _LONG)
    start = 0
    for part in range(1, parts + 1):
        end = len(text) * part // parts
        if part < parts:
            space = text.rfind(" ", max(start + 1, end - _LITTLE), end)
            end = space if space > 0 else end
        if piece := text[start:end].strip():
            yield piece
        start = end


def letter_count(text: str) -> int:
    """Return for how many characters `str.isalpha` holds; those of ASCII are counted as bytes.

    >>> letter_count("Ça va? 2½")
    4
    """
    raw = text.encode("utf-8", "replace")
    if 2 * len(raw) > 3 * len(text):  # hardly any
        return sum(map(str.isalpha, text))
    count = len(raw.translate(None, _NO_LETTERS))
    return count if text.isascii() else count + sum(map(str.isalpha, _BEYOND.findall(text)))


def shares(found: Sequence[tuple[str, str]]) -> Shares:
    """Return the letters of each language among pieces with their codes.

    >>> shares([("de", "Hallo!"), ("en", "Hi 2"), ("de", "ja")])
    Counter({'de': 7, 'en': 2})
    """
    counts: Shares = Counter()
    for code, piece in found:
        letters = letter_count(piece)
        if letters:
            counts[code] += letters
    return counts
