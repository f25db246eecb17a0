"""How long is a text: in characters, words, lines and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from webfilter.document import Document, Value
from webfilter.heuristics.counts import CHARACTERS, WORDS, count_words
from webfilter.heuristics.limits import limit
from webfilter.stage import Rule, Scorer, Signal
from webfilter.text import Words, check_words, tokenize_all, tokenizer_version

__all__ = ["Length"]


@dataclass(frozen=True)
class Length(Scorer):
    """Drop texts that are too short or too long; without limits, only measure.

    All four are always measured. Words are those of `GopherQuality` (tokens that are not
    punctuation alone), characters those of `GopherRepetition` (code points); tokens are shared with
    the stages around it, so they cost once.

    >>> stage = Length(min_words=3)
    >>> dict(stage.measure(Document("a", "Tea is hot.\\n\\nDrink it!")))
    {'characters': 22, 'words': 5, 'lines': 2, 'bytes': 22}
    """

    measures: ClassVar[tuple[Signal, ...]] = (
        CHARACTERS,
        WORDS,
        Signal("lines", "int", "Lines that are not blank", "lines", 0),
        Signal("bytes", "int", "Size of the text in UTF-8", "bytes", 0),
    )

    min_characters: int | None = None
    """Least characters; 1 drops empty texts."""
    max_characters: int | None = None
    """Most characters."""
    min_words: int | None = None
    """Least words."""
    max_words: int | None = None
    """Most words."""
    min_lines: int | None = None
    """Least lines that are not blank."""
    max_lines: int | None = None
    """Most lines that are not blank."""
    min_bytes: int | None = None
    """Least bytes in UTF-8."""
    max_bytes: int | None = None
    """Most bytes in UTF-8."""
    words: Words = "english"
    """What a word is: see `webfilter.text.tokens`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words(self.words, self.name)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The limits, in the order of the fields; the first one that is violated decides."""
        return (
            *limit("characters", ge=self.min_characters, le=self.max_characters),
            *limit("words", ge=self.min_words, le=self.max_words),
            *limit("lines", ge=self.min_lines, le=self.max_lines),
            *limit("bytes", ge=self.min_bytes, le=self.max_bytes),
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of the tokenizer."""
        return {"words": tokenizer_version(self.words)}

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document; lines end where `str.splitlines` ends them."""
        texts = [doc.text for doc in docs]
        words = count_words(tokenize_all(texts, self.words))
        return [
            {
                "characters": len(text),
                "words": count,
                "lines": sum(not line.isspace() and line != "" for line in text.splitlines()),
                "bytes": _bytes(text),
            }
            for text, count in zip(texts, words, strict=True)
        ]


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
