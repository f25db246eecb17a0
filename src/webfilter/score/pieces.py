"""Words in pieces of a fixed vocabulary, as BERT has them (WordPiece, Schuster and Nakajima 2012).

A text is made lower case and loses its accents; a word is a run of letters and digits, or one mark.
From its start, the longest piece in the vocabulary is taken, then the longest that goes on from
there (written ``##ing``), and so on. Differs from BERT's own in what hardly occurs in English text:
symbols such as the degree sign are marks of their own, and Chinese characters make words together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import chain

__all__ = ["MOST", "Pieces"]

MOST = 256
"""Most pieces of a text, the first and last ones that stand for its ends included."""
_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
_LONGEST = 100
"""Characters from which on a word is unknown as a whole."""
_KEPT = 50_000
"""Words that are remembered with their pieces, so that memory is bounded."""


class Pieces:
    """Cuts texts into the numbers of their pieces.

    >>> pieces = Pieces(["[UNK]", "[CLS]", "[SEP]", "boil", "##ing", "water"])
    >>> pieces("Boiling WATER?")
    [1, 3, 4, 5, 0, 2]
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Take the pieces in the order of their numbers.

        Raises:
            ValueError: it lacks ``[UNK]``, ``[CLS]`` or ``[SEP]``.
        """
        self._numbers = {piece: i for i, piece in enumerate(vocabulary)}
        missing = [name for name in ("[UNK]", "[CLS]", "[SEP]") if name not in self._numbers]
        if missing:
            raise ValueError(f"its vocabulary lacks {', '.join(missing)}")
        self._unknown, self._first, self._last = (
            self._numbers[name] for name in ("[UNK]", "[CLS]", "[SEP]")
        )
        self._longest = max(map(len, vocabulary))
        self._words: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self._numbers)

    def __call__(self, text: str, most: int = MOST) -> list[int]:
        """Return the numbers of the first pieces of `text`, at most `most`, with its two ends."""
        found = [self._word(word) for word in _WORD.findall(_plain(text[: most * _LONGEST]))]
        numbers = [self._first, *chain.from_iterable(found)]
        return [*numbers[: most - 1], self._last]

    def _word(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST:
            return (self._unknown,)
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= _KEPT:
                self._words.clear()
            known = self._words[word] = self._cut(word)
        return known

    def _cut(self, word: str) -> tuple[int, ...]:
        found: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = range(min(len(word), start + self._longest), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._numbers), None)
            if end is None:
                return (self._unknown,)
            found.append(self._numbers[mark + word[start:end]])
            start = end
        return tuple(found)


def _plain(text: str) -> str:
    text = text.lower()
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")
