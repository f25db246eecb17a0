"""Cut a text into windows of about the length that the model was trained on.

The excerpts behind the educational model have about 1,000 characters, so a page is scored in pieces
of that length. What it does not: look at sentences or markup; a window starts and ends at white
space where there is some within a tenth of a window, and in the middle of a word where not.
"""

from __future__ import annotations

from itertools import pairwise

__all__ = ["windows"]


def windows(text: str, size: int = 1_000, most: int = 8) -> list[str]:
    """Return up to `most` pieces of `text`, each of at most `size` characters, in order.

    A text of up to ``size * most`` characters is covered whole, by pieces of about equal length. A
    longer one is sampled: `most` windows of `size`, evenly spread, the first at the start and the
    last at the end, so the work per page is bounded. Which ones is a function of the text alone.

    Args:
        text: any text; white space around it is ignored.
        size: longest window, in characters.
        most: largest number of windows.

    Returns:
        Non-empty pieces; no piece at all for an empty or blank text.

    >>> [len(piece) for piece in windows("word " * 500)]
    [829, 834, 834]
    >>> windows("   ")
    []
    """
    if 0 < len(text) <= size and not (text[0].isspace() or text[-1].isspace()):
        return [text]
    first, last = _inside(text)
    length = last - first
    if length <= 0:
        return []
    if length <= size:
        return [text[first:last]]
    if length > size * most:
        step = (length - size) / (most - 1) if most > 1 else 0.0
        starts = [_forward(text, first + round(step * i), size // 10) for i in range(most)]
        spans = [
            (start, _back(text, min(start + size, last), last, size // 10)) for start in starts
        ]
    else:
        edges = [first]
        for left in range(-(-length // size), 1, -1):
            # an equal share of what is left; never more than `size` for any that follow
            wanted = edges[-1] + -(-(last - edges[-1]) // left)
            slack = min(size // 10, size * (left - 1) - (last - wanted))
            edges.append(_back(text, wanted, last, slack))
        edges.append(last)
        spans = list(pairwise(edges))
    return [piece for start, end in spans if (piece := text[start:end].strip())]


def _inside(text: str) -> tuple[int, int]:
    first = len(text) - len(text.lstrip())
    return first, len(text.rstrip())


def _back(text: str, at: int, last: int, slack: int) -> int:
    """Return the end of the word before `at`, or `at` where none ends within `slack`."""
    if at >= last or text[at].isspace():
        return at
    for i in range(at, at - slack, -1):
        if text[i - 1].isspace():
            return i
    return at


def _forward(text: str, at: int, slack: int) -> int:
    """Return the start of the next word at or after `at`, or `at` where none is near."""
    if at == 0 or text[at - 1].isspace():
        return at
    for i in range(at, min(at + slack, len(text))):
        if text[i].isspace():
            return i
    return at
