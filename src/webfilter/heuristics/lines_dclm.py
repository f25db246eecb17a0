"""RefinedWeb's corrections of lines as DCLM wrote them: one pass through the text for each rule.

The steps of ``dclm_baseline_refinedweb.yaml`` from ``newline_removal_modifier`` to the last
``substring_line_modifier``, in their order, as plain loops: each sees what the one before left,
and most strip the text, so that a first or last line loses its white space on the way. `Lines` has
them as its version ``dclm``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping

__all__ = ["CAUSES", "cleaned"]

CAUSES = ("numbers", "counter", "account", "navigation")
"""The causes of `Lines` that DCLM knows and that have no limit."""

_NEWLINES = re.compile(r"\n{3,}")
_COUNTER = re.compile(
    r"\W*\d[,.\d]*[kmb]?\s+(?:likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|"
    r"downvotes|downloads|views|followers)\W*\Z"
)
_PHRASES = (
    ("account", re.compile(r"\s?items in cart", re.IGNORECASE)),
    ("navigation", re.compile(r"\s?read more...\Z", re.IGNORECASE)),  # any three characters
    ("account", re.compile(r"\Asign-in\s?", re.IGNORECASE)),
)


def cleaned(
    text: str,
    *,
    max_uppercase: float | None,
    min_words: int | None,
    phrase_words: int,
    off: Collection[str],
) -> tuple[str, Mapping[str, int]]:
    """Return `text` without what DCLM takes out, and how many lines lost something, by cause.

    Args:
        text: of a page; blank lines count as lines, and stay.
        max_uppercase: greatest share of capitals among the characters of a line; None: any.
        min_words: least words between white space of a line; None: any.
        phrase_words: most words of a line that loses a phrase.
        off: those of `CAUSES` for which nothing goes.

    >>> text = "3 likes\\nGreen leaves. Read more...\\n\\n\\n\\nSign-in to see roots"
    >>> cleaned(text, max_uppercase=0.5, min_words=2, phrase_words=10, off=())
    ('Green leaves.\\n\\nto see roots', {'counter': 1, 'account': 1, 'navigation': 1})
    """
    removed: Counter[str] = Counter()

    def without(cause: str, goes: Callable[[str], bool], text: str) -> str:
        lines = text.split("\n")
        kept = [line for line in lines if not (line and goes(line))]
        removed[cause] += len(lines) - len(kept)
        return "\n".join(kept)

    text = _NEWLINES.sub("\n\n", text)
    if max_uppercase is not None:
        most = max_uppercase
        text = without("uppercase", lambda line: _capitals(line) > most * len(line), text).strip()
    if "numbers" not in off:
        text = without("numbers", str.isdigit, text).strip()
    if "counter" not in off:
        text = without("counter", lambda line: bool(_COUNTER.match(line.lower())), text).strip()
    if min_words is not None:
        least = min_words
        text = without("short", lambda line: len(line.split()) < least, text)
    for cause, phrase in _PHRASES:
        if cause not in off:
            text = _without_phrase(text, phrase, phrase_words, cause, removed).strip()
    return text, {cause: number for cause, number in removed.items() if number}


def _capitals(line: str) -> int:
    return sum(map(str.isupper, line))


def _without_phrase(
    text: str, phrase: re.Pattern[str], most: int, cause: str, removed: Counter[str]
) -> str:
    """Return `text` without `phrase` in lines of up to `most` words; they go if blank then."""
    lines: list[str] = []
    for line in text.split("\n"):
        left = phrase.sub("", line) if len(line.split()) <= most else line
        removed[cause] += left != line
        if left.strip() or not line:
            lines.append(left)
    return "\n".join(lines)
