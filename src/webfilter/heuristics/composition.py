"""What a text is made of: shares of digits, addresses, white space, brackets, boilerplate.

The rules of NeMo Curator's English chain that are not Gopher's (which are the profiles
``nemo-curator`` of `GopherQuality` and `GopherRepetition`): its
``heuristic_filter_english_pipeline.yaml``, the same as ``heuristic_filter_en.yaml`` of 2024, which
its tutorial on Nemotron-CC has, too. All but the longest word and the ends of lines are shares of
the characters, so they cost a few passes over the bytes.

It knows English: letters beyond a-z count as not alphanumeric, the phrases are English. Its chain
for other languages leaves the first of these rules out (``max_non_alphanumeric_ratio=None``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from webfilter.document import Document, Value
from webfilter.heuristics.counts import CHARACTERS, ratio
from webfilter.heuristics.limits import limit
from webfilter.stage import Filter, Rule, Signal

__all__ = ["BOILERPLATE", "Composition"]

BOILERPLATE = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "privacy overview",
    "use of cookies",
    "use cookies",
    "privacy & cookies policy",
    "privacy and cookies policy",
    "necessary cookies are absolutely essential for the website to function properly. this "
    "category only includes cookies that ensures basic functionalities and security features of "
    "the website. these cookies do not store any personal information.",
    "any cookies that may not be particularly necessary for the website to function and is used "
    "specifically to collect user personal data via analytics, ads, other embedded contents are "
    "termed as non-necessary cookies. it is mandatory to procure user consent prior to running "
    "these cookies on your website.",
    "if you continue to browse this site without changing your cookie settings, you agree to this "
    "use. acceptread more",
)
"""What makes a paragraph boilerplate, in lower case: NeMo Curator's phrases (Apache-2.0), but for
two that have a shorter one in them."""

_LOREM = "lorem ipsum"
_TELLING = ("cookie", "privacy", "terms of use", _LOREM)
"""One of these is in each phrase."""
_ENDS = (".", "?", "!", '"', "'")
_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9$\-_@.&+/:=?#~!*(),]+|%[0-9A-Fa-f]{2})+")
_DIGITS = b"0123456789"
_ALPHANUMERIC = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + _DIGITS + b"\n?!,."
_BLANK = b"\t\n\r\b "
_BRACKETS = b"{}[]()"


@dataclass(frozen=True)
class Composition(Filter):
    """Drop texts that are made of something else than sentences: numbers, addresses, notices.

    Decides as the filters of NeMo Curator (1.3 and 1.4; earlier ones let more marks be a part of an
    address) that are named beside the fields, with their English limits. A text without words
    breaks those on lines and words there, and has undefined signals here; `min_characters` and
    `GopherQuality` drop it.

    >>> stage = Composition()
    >>> found = stage.measure(Document("a", "Call 555-0100 (day) or 555-0101 (night)"))
    >>> found["digit_ratio"] > stage.max_digit_ratio, found["longest_word"]
    (True, 8)
    """

    measures: ClassVar[tuple[Signal, ...]] = (
        CHARACTERS,
        Signal(
            "non_alphanumeric_ratio",
            "float",
            "Characters beside a-z, 0-9, line ends and ? ! , . (blanks are some)",
            "share",
            0,
            1,
        ),
        Signal("digit_ratio", "float", "Digits 0-9", "share", 0, 1),
        Signal("url_character_ratio", "float", "Characters in http(s):// addresses", "share", 0, 1),
        Signal("white_space_ratio", "float", "Spaces, tabs, line ends", "share", 0, 1),
        Signal("bracket_ratio", "float", "Brackets: ( ) [ ] { } ⟨ ⟩", "share", 0, 1),
        Signal(
            "boilerplate_paragraph_ratio",
            "float",
            'Paragraphs on cookies, privacy and terms of use; all, if one has "lorem ipsum"',
            "share",
            0,
            1,
        ),
        Signal(
            "unterminated_line_ratio",
            "float",
            "Lines that end with none of . ? ! or a straight quote; blank ones do not count",
            "share",
            0,
            1,
        ),
        Signal("longest_word", "int", "Longest run without white space", "characters", 1),
    )

    min_characters: int | None = 1
    """Least characters: an empty text is dropped."""
    max_non_alphanumeric_ratio: float | None = 0.25
    """Greatest share of other characters than ASCII letters and digits, line ends and ? ! , .
    (NonAlphaNumericFilter). Spaces are such characters; English prose has about 0.2."""
    max_digit_ratio: float | None = 0.15
    """Greatest share of the digits 0-9 (NumbersFilter)."""
    max_url_character_ratio: float | None = 0.2
    """Greatest share of characters in addresses (UrlsFilter)."""
    max_white_space_ratio: float | None = 0.25
    """Greatest share of white space (WhiteSpaceFilter)."""
    max_bracket_ratio: float | None = 0.1
    """Greatest share of brackets, not of what is in them (ParenthesesFilter)."""
    max_boilerplate_paragraph_ratio: float | None = 0.4
    """Greatest share of paragraphs with a phrase of `BOILERPLATE` (BoilerPlateStringFilter)."""
    max_unterminated_line_ratio: float | None = 0.85
    """Greatest share of lines without a mark at their end (PunctuationFilter)."""
    max_longest_word: int | None = 1000
    """Most characters without white space (LongWordFilter)."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in NeMo Curator's order; the first one that is violated decides."""
        return (
            *limit("characters", ge=self.min_characters),
            *limit("non_alphanumeric_ratio", le=self.max_non_alphanumeric_ratio),
            *limit("digit_ratio", le=self.max_digit_ratio),
            *limit("url_character_ratio", le=self.max_url_character_ratio),
            *limit("white_space_ratio", le=self.max_white_space_ratio),
            *limit("bracket_ratio", le=self.max_bracket_ratio),
            *limit("boilerplate_paragraph_ratio", le=self.max_boilerplate_paragraph_ratio),
            *limit("unterminated_line_ratio", le=self.max_unterminated_line_ratio),
            *limit("longest_word", le=self.max_longest_word),
        )

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the signals of `doc`; None where there is nothing to divide by."""
        text, size = doc.text, len(doc.text)
        data = text.encode("utf-8", "surrogatepass")
        brackets = _among(data, _BRACKETS) + text.count("⟨") + text.count("⟩")
        lines = [line for line in map(str.rstrip, text.split("\n")) if line]
        unterminated = sum(not line.endswith(_ENDS) for line in lines)
        return {
            "characters": size,
            "non_alphanumeric_ratio": ratio(size - _among(data, _ALPHANUMERIC), size),
            "digit_ratio": ratio(_among(data, _DIGITS), size),
            "url_character_ratio": ratio(_in_addresses(text), size),
            "white_space_ratio": ratio(_among(data, _BLANK), size),
            "bracket_ratio": ratio(brackets, size),
            "boilerplate_paragraph_ratio": _boilerplate(text) if text else None,
            "unterminated_line_ratio": ratio(unterminated, len(lines)),
            "longest_word": max(map(len, text.split()), default=None),
        }


def _among(data: bytes, characters: bytes) -> int:
    """Return how many of the ASCII `characters` are in `data`, which is UTF-8."""
    return len(data) - len(data.translate(None, characters))


def _in_addresses(text: str) -> int:
    return sum(map(len, _ADDRESS.findall(text))) if "://" in text else 0


def _boilerplate(text: str) -> float:
    """Return the share of paragraphs of a `text` that have a phrase of `BOILERPLATE`."""
    lower = text.lower()
    if not any(word in lower for word in _TELLING):
        return 0.0
    if _LOREM in lower:
        return 1.0
    paragraphs = lower.split("\n\n")
    found = sum(any(phrase in part for phrase in BOILERPLATE) for part in paragraphs)
    return found / len(paragraphs)
