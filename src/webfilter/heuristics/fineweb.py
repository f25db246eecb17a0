"""FineWeb's own quality rules: lists, fragments and repeated lines.

From "The FineWeb Datasets: Decanting the Web for the Finest Text Data at Scale" (Penedo et al.
2024, section 3.5), as datatrove applied them. Two filters bear the name:

=================  ====================================  =====================================
..                 ``datatrove-2024-04`` (FineWeb)       ``datatrove-2024-12`` (FineWeb-2)
=================  ====================================  =====================================
lines              between "\\n"; blank lines count       without blank lines; none left: dropped
terminal marks     . ' " ! ?                             159 marks of all scripts, no quotes
terminal lines     dropped at 0.12 and below             dropped below 0.12
short lines        dropped at 0.67 and above             dropped above 0.67
repeated lines     dropped at 0.01 and above             dropped above 0.01
=================  ====================================  =====================================

The paper prints 0.1 for repeated lines; the code that made FineWeb has 0.01.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from webfilter.document import Document, Value
from webfilter.heuristics.counts import ratio
from webfilter.heuristics.limits import limit
from webfilter.languages import language_facts
from webfilter.profiles import Profile, Profiled
from webfilter.stage import Rule, Scorer, Signal
from webfilter.text import Words, check_words, tokenize_all, tokenizer_version
from webfilter.text.chars import TERMINAL_MARKS
from webfilter.text.code_lines import without_code

__all__ = ["PROFILES", "FineWebQuality"]

_SHORT_IN_CHARACTERS = 12
"""Characters of a short line where each is a syllable or word, and not a letter."""
_MARKS = {"datatrove-2024-04": frozenset(".'\"!?"), "datatrove-2024-12": TERMINAL_MARKS}
_ORDER = (
    "terminal lines, short lines, characters in repeated lines, line ends a token; the first "
    "violation decides"
)

PROFILES = {
    "datatrove-2024-12": Profile(
        source="datatrove since December 2024 (compared: 0.10), FineWebQualityFilter: the default",
        words=(
            "tokens of spaCy's blank English tokenizer, punctuation among them: by our own "
            'tokenizer of the same rules, or with words="spacy" by spaCy itself'
        ),
        lines="between newlines, not stripped, without blank ones; none left: dropped",
        order=f"dropped beyond the limits, these are kept; {_ORDER}",
        deviations="ratios of nothing are undefined, no division by zero",
    ),
    "datatrove-2024-04": Profile(
        source="datatrove 0.2 (April 2024), which made FineWeb, FineWebQualityFilter",
        words='as datatrove-2024-12, but for the tokens of that time give words="nltk"',
        lines="between newlines, not stripped; blank ones count, but not among repeated ones",
        order=f"dropped at the first three limits, above the last; {_ORDER}",
        deviations="ratios of nothing are undefined, no division by zero",
        settings={"version": "datatrove-2024-04"},
    ),
    "fineweb-2": Profile(
        source="FineWeb-2 (December 2024), its pipeline",
        words="as datatrove-2024-12; its limits by language: `fineweb2` takes its files",
        lines="as datatrove-2024-12; no rule on short lines",
        order=f"dropped beyond the limits, these are kept; {_ORDER}",
        deviations="as datatrove-2024-12",
        settings={"max_short_line_ratio": None, "max_duplicate_line_character_ratio": 0.1},
    ),
}
"""What "FineWeb quality" means, by time; the first is the default."""


@dataclass(frozen=True)
class FineWebQuality(Profiled, Scorer):
    """Drop pages made of lists, fragments or repeated lines, by the rules that made FineWeb.

    `version` chooses between the two filters of this name; `PROFILES` tells them apart. The default
    is the later one, which an installed datatrove has had since December 2024. The earlier one,
    which made FineWeb, counts blank lines as short ones without a terminal mark: of excerpts that
    careful readers call educational it drops 44 % (the later one 28 %), of unclean ones 65 % (56 %;
    benchmarks/profiles.py).

    Lines are tested as they are, not stripped.

    >>> stage = FineWebQuality()
    >>> menu = "Home\\nAbout us\\nPrices\\nLeaves make sugar from light, all day long."
    >>> stage.measure(Document("a", menu))["fineweb_short_line_ratio"]
    0.75
    """

    name: ClassVar[str] = "fineweb_quality"
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("fineweb_lines", "int", "Lines; blank ones count in 2024-04 only", "lines", 0),
        Signal("fineweb_terminal_line_ratio", "float", "Lines with a terminal mark", "share", 0, 1),
        Signal("fineweb_short_line_ratio", "float", "Short lines", "share", 0, 1),
        Signal(
            "fineweb_duplicate_line_character_ratio",
            "float",
            "Characters in lines that occurred before",
            "share",
            0,
            1,
        ),
        Signal("fineweb_newline_word_ratio", "float", "Line ends a token", "a token", 0),
    )

    version: Literal["datatrove-2024-04", "datatrove-2024-12"] = "datatrove-2024-12"
    """Whose lines, terminal marks and comparisons."""
    min_lines: int | None = 1
    """Least lines: drops a page of blank lines in 2024-12, where these do not count."""
    min_terminal_line_ratio: float | None = 0.12
    """Least share of lines that end with a terminal mark; just this is too little in 2024-04."""
    max_short_line_ratio: float | None = 0.67
    """Greatest share of short lines; just this is too much in 2024-04."""
    max_duplicate_line_character_ratio: float | None = 0.01
    """Greatest share of characters in repeated lines; just this is too much in 2024-04."""
    max_newline_word_ratio: float | None = 0.3
    """Most line ends a token."""
    short_line_length: int = 30
    """Most characters of a short line."""
    terminal_marks: tuple[str, ...] | None = None
    """What a line may end with; None: the marks of `version`."""
    count_code: bool = True
    """Whether lines of program code count (`webfilter.text.code_lines`), and their tokens.
    They are short, end in no mark and repeat, so that pages which teach programming go for them;
    without them a page is judged by the rest of it, if there is any."""
    line_min_words: int | None = None
    """Least words, by white space, of a line that counts, if any has so many; None: all count.
    FineWeb judges what C4's rules leave, and these take out lines of fewer than three words:
    with 3, pages that keep such lines are judged as if they had none."""
    words: Words = "english"
    """What a token is: see `webfilter.text.tokens`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words(self.words, self.name)

    @classmethod
    def for_language(cls, language: str, profile: str | None = None, **changes: Any) -> Self:
        """Return the stage for texts in `language`: its words, and its marks beside those there.

        The 159 marks of 2024-12 are of all scripts, and few languages need more (the Greek ";", the
        Tibetan shad); the five of 2024-04 are Latin. Where no mark ends a sentence (Thai, Lao), the
        rule on terminal lines is off, as in FineWeb-2 (`line_punct_thr` 0). A short line has 30
        characters; 12 in Chinese and Japanese, where 30 are a sentence (the declaration of human
        rights has .3 and .4 of the characters of the English one). The profile ``fineweb-2`` has
        that rule off. For English it is the stage without arguments.

        Args:
            language: any spelling (``de``, ``deu_Latn``, ``German``).
            profile: a key of `profiles`; None is the default.
            changes: fields to set otherwise.

        Raises:
            UnknownName: the table does not have the language; carries a near match.

        >>> FineWebQuality.for_language("Thai").min_terminal_line_ratio is None
        True
        >>> "।" in FineWebQuality.for_language("hi", "datatrove-2024-04").terminal_marks
        True
        """
        facts = language_facts(language)
        settings = cls.profile(profile or next(iter(cls.profiles)))
        fitted: dict[str, Any] = {}
        known = _MARKS[changes.get("version", settings.version)]
        if not facts.terminal_marks:
            fitted["min_terminal_line_ratio"] = None
        elif more := [mark for mark in facts.terminal_marks if mark not in known]:
            fitted["terminal_marks"] = (*sorted(known), *more)
        if facts.words is not None:
            fitted["words"] = facts.words
        if facts.segmentation == "characters":
            fitted["short_line_length"] = _SHORT_IN_CHARACTERS
        return replace(settings, **{**fitted, **changes})

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in datatrove's order; the first one that is violated decides."""
        terminal, short = self.min_terminal_line_ratio, self.max_short_line_ratio
        again = self.max_duplicate_line_character_ratio
        if self.version == "datatrove-2024-04":
            judged = (
                *limit("fineweb_terminal_line_ratio", gt=terminal),
                *limit("fineweb_short_line_ratio", lt=short),
                *limit("fineweb_duplicate_line_character_ratio", lt=again),
            )
        else:
            judged = (
                *limit("fineweb_terminal_line_ratio", ge=terminal),
                *limit("fineweb_short_line_ratio", le=short),
                *limit("fineweb_duplicate_line_character_ratio", le=again),
            )
        return (
            *limit("fineweb_lines", ge=self.min_lines),
            *judged,
            *limit("fineweb_newline_word_ratio", le=self.max_newline_word_ratio),
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of the tokenizer."""
        return {"words": tokenizer_version(self.words)}

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document; None where there is nothing to divide by."""
        texts = [self._counted(doc.text) for doc in docs]
        tokens = tokenize_all(texts, self.words)
        return [self._measured(text, len(each)) for text, each in zip(texts, tokens, strict=True)]

    def _counted(self, text: str) -> str:
        if not self.count_code:
            text = without_code(text)
        fewest = self.line_min_words or 0
        if fewest < 1:
            return text
        long = [line for line in text.split("\n") if len(line.split(None, fewest)) >= fewest]
        return "\n".join(long) if long else text

    def _measured(self, text: str, tokens: int) -> dict[str, Value]:
        lines = text.split("\n")
        newlines = len(lines) - 1
        written = [line for line in lines if line and not line.isspace()]
        if self.version == "datatrove-2024-12":
            lines = written
        characters = sum(map(len, written)) - sum(map(len, set(written)))
        short = sum(len(line) <= self.short_line_length for line in lines)
        return {
            "fineweb_lines": len(lines),
            "fineweb_terminal_line_ratio": ratio(self._terminated(lines), len(lines)),
            "fineweb_short_line_ratio": ratio(short, len(lines)),
            "fineweb_duplicate_line_character_ratio": ratio(characters, len(text) - newlines),
            "fineweb_newline_word_ratio": ratio(newlines, tokens),
        }

    def _terminated(self, lines: list[str]) -> int:
        if self.terminal_marks is not None:
            return sum(line.endswith(self.terminal_marks) for line in lines)
        marks = _MARKS[self.version]
        return sum(line[-1:] in marks for line in lines)
