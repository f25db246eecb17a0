"""Gopher's repetition rules: does the page say the same thing again and again?

From "Scaling Language Models: Methods, Analysis & Insights from Training Gopher" (Rae et al. 2021,
table A1). The limits are the same everywhere, what is measured is not: `PROFILES` tells.

It looks inside one page only; copies of whole pages are the business of `webfilter.dedup`.
Its words are parted by spaces: for Chinese, Japanese, Thai and other languages without, take
`GopherRepetition.for_language`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

from webfilter.document import Document, Value
from webfilter.heuristics.counts import CHARACTERS
from webfilter.heuristics.limits import limit
from webfilter.heuristics.ngrams import MOST_DOCUMENTS
from webfilter.heuristics.repetition_counts import DUPLICATE, TOP, of_parts, set_runs
from webfilter.languages import language_facts
from webfilter.profiles import Profile, Profiled
from webfilter.stage import Rule, Scorer, Signal
from webfilter.text import Words, check_words, tokenize_all, tokenizer_version
from webfilter.text.code_lines import without_code

__all__ = ["PROFILES", "GopherRepetition"]

_TOGETHER = 16_000  # tokens measured together: more would leave the processor's cache


def _signals() -> tuple[Signal, ...]:
    found = [CHARACTERS]
    for unit in ("paragraph", "line"):
        again = f"{unit}s that occurred before in the text"
        found += [
            Signal(f"duplicate_{unit}_ratio", "float", again.capitalize(), "share", 0, 1),
            # no more than 1, but in Dolma, which divides by the characters in words alone
            Signal(
                f"duplicate_{unit}_character_ratio", "float", f"Characters in {again}", "share", 0
            ),
        ]
    for n in TOP:
        about = f"Characters in the most common {n}-gram of words, all its occurrences"
        found.append(Signal(f"top_{n}gram_character_ratio", "float", about, "share", 0))
    for n in DUPLICATE:
        about = f"Characters in {n}-grams of words that occurred before"
        found.append(Signal(f"duplicate_{n}gram_character_ratio", "float", about, "share", 0, 1))
    return tuple(found)


_NAMES = tuple(signal.name for signal in _signals())
_LINES_FIRST = (_NAMES[3], _NAMES[1], _NAMES[4], _NAMES[2], *_NAMES[5:])


_ORDER = (
    "dropped above the limits; paragraphs (count, characters), lines (count, characters), most "
    "common 2 to 4-gram, repeated 5 to 10-grams: the first violation decides"
)
_LATER = "the second and later copies count, and every share is of all characters of the text"
_ALL = "all copies count, the first one too"
_ZERO = "a limit of 0 is a limit (there it switches a rule on lines or paragraphs off)"
_BETWEEN = (
    "between newlines (paragraphs between two), stripped, blank ones not counted; {}, and shares "
    "are of the characters in them"
)

PROFILES = {
    "datatrove-2024-12": Profile(
        source="datatrove since December 2024 (compared: 0.10), its repetition filter: the default",
        words=(
            "tokens of spaCy's blank English tokenizer, punctuation among them: by our own "
            'tokenizer of the same rules, or with words="spacy" by spaCy itself. The most common '
            "n-gram is as long as with spaces between, the first of those equally common; repeated "
            "ones are found by a walk that jumps behind each, compared without spaces"
        ),
        lines=f"between one or more newlines, paragraphs between two or more; {_LATER}",
        order=_ORDER,
        deviations=_ZERO,
    ),
    "datatrove-2024-04": Profile(
        source="datatrove 0.2 (April 2024), which made FineWeb, GopherRepetitionFilter",
        words='as datatrove-2024-12, but for the tokens of that time give words="nltk"',
        lines=(
            "between the ends that `str.splitlines` knows, blank ones count; paragraphs between "
            f"two or more newlines; {_LATER}"
        ),
        order=_ORDER,
        deviations=f"{_ZERO}; an empty text is dropped (there it divides by zero)",
        settings={"version": "datatrove-2024-04"},
    ),
    "fineweb-2": Profile(
        source="FineWeb-2 (December 2024), its pipeline",
        words="as datatrove-2024-12; its limits by language: `fineweb2` takes its files",
        lines="as datatrove-2024-12, with the rules on paragraphs and characters in lines off",
        order=_ORDER,
        deviations=_ZERO,
        settings={
            "max_duplicate_paragraph_ratio": None,
            "max_duplicate_paragraph_character_ratio": None,
            "max_duplicate_line_character_ratio": None,
        },
    ),
    "gopher-paper": Profile(
        source="Rae et al. 2021, table A1, as one may read it",
        words=(
            f"runs between white space; {_ALL}, each character once; shares are of the characters "
            "in words; the longest of equally common n-grams, if it occurs twice"
        ),
        lines=_BETWEEN.format(_ALL),
        order=f"{_ORDER} (the paper names no order)",
        deviations="the paper leaves open whether the first copy counts: here, as in DCLM, it does",
        settings={"version": "gopher-paper", "words": "whitespace"},
    ),
    "dclm": Profile(
        source="DCLM, massive_web_repetition_filters",
        words=(
            f"Unicode words (UAX 29) that begin with a letter or digit; {_ALL}, each character "
            "once; shares are of the characters in words; the longest of equally common n-grams, "
            "if it occurs twice"
        ),
        lines=_BETWEEN.format(_ALL),
        order=(
            "dropped above the limits; lines (count), paragraphs (count), lines (characters), "
            "paragraphs (characters), most common 2 to 4-gram, repeated 5 to 10-grams"
        ),
        deviations="a page of white space alone is kept, for GopherQuality to drop",
        settings={"version": "dclm", "words": "unicode"},
    ),
    "dolma": Profile(
        source="Dolma 1.x, tagger gopher_v1 with the exclusions of dolma-v1_5/mixing/cc-head.yaml",
        words=(
            f"runs between white space; {_ALL}. The most common n-gram may occur once, and is the "
            "first of those equally common; the share of repeated ones is of the characters of all "
            "n-grams, overlaps counted each time"
        ),
        lines=(
            f"between newlines, not stripped, blank ones count; {_ALL}; the share of characters is "
            "of those in words, so it can exceed 1; no paragraphs"
        ),
        order="dropped above the limits; lines (count, characters), 2 to 4-gram, 5 to 10-grams",
        deviations=(
            "the limits on the most common 2 to 4-gram are in force: the mixer of Dolma asks for "
            "attributes that its tagger names otherwise, so there they never apply"
        ),
        settings={
            "version": "dolma",
            "words": "whitespace",
            "min_characters": None,
            "max_duplicate_paragraph_ratio": None,
            "max_duplicate_paragraph_character_ratio": None,
            "max_duplicate_line_character_ratio": 0.3,
        },
    ),
    "nemo-curator": Profile(
        source="NeMo Curator 0.7 to 1.4, heuristic_filter_english_pipeline.yaml: its repetition",
        words=(
            "runs between white space. The most common n-gram is removed wherever it stands with "
            "single spaces, within words too, and not across a line end; of repeated ones the "
            "later copies count, each word once, with the spaces between. Shares are of all "
            "characters of the text; fewer words than an n-gram has are all of it"
        ),
        lines=(
            "between newlines, blank ones not counted, shares are of the characters in them; "
            "paragraphs between two newlines, blank ones count; neither is stripped; the second "
            "and later copies count"
        ),
        order=(
            "dropped above the limits; lines (count), paragraphs (count), lines (characters), "
            "paragraphs (characters), most common 2 to 4-gram, repeated 5 to 10-grams"
        ),
        deviations=(
            "of equally common n-grams the first is taken (there any, another in another process); "
            "an empty text is dropped (there it, and one of blank lines, ends the run)"
        ),
        settings={"version": "nemo-curator", "words": "whitespace"},
    ),
}
"""What "Gopher repetition" means, by system and time; the first is the default."""


@dataclass(frozen=True)
class GopherRepetition(Profiled, Scorer):
    """Drop pages with too much repetition: of paragraphs, lines or runs of words.

    The default decides as datatrove's ``GopherRepetitionFilter`` does, with one intended
    difference: a limit of 0 is a limit (there it switches a rule on lines or paragraphs off). Every
    share is of the characters of the text, line ends included.

    >>> text = "\\n".join(["Add to cart"] * 3 + ["A red chair of oak"])
    >>> GopherRepetition().measure(Document("a", text))["duplicate_line_ratio"]
    0.5
    >>> GopherRepetition.profile("dclm").measure(Document("a", text))["duplicate_line_ratio"]
    0.75
    """

    name: ClassVar[str] = "gopher_repetition"
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES
    measures: ClassVar[tuple[Signal, ...]] = _signals()

    min_characters: int | None = 1
    """Least characters: an empty text is dropped."""
    max_duplicate_paragraph_ratio: float | None = 0.3
    """Greatest share of paragraphs (between empty lines) that occurred before."""
    max_duplicate_paragraph_character_ratio: float | None = 0.2
    """Greatest share of the characters in such paragraphs."""
    max_duplicate_line_ratio: float | None = 0.3
    """Greatest share of non-empty lines that occurred before."""
    max_duplicate_line_character_ratio: float | None = 0.2
    """Greatest share of the characters in such lines."""
    max_top_2gram_character_ratio: float | None = 0.20
    """Greatest share of the characters in the most common pair of words."""
    max_top_3gram_character_ratio: float | None = 0.18
    """The same for three words."""
    max_top_4gram_character_ratio: float | None = 0.16
    """The same for four words."""
    max_duplicate_5gram_character_ratio: float | None = 0.15
    """Greatest share of the characters in runs of five words that occurred before."""
    max_duplicate_6gram_character_ratio: float | None = 0.14
    """The same for six words."""
    max_duplicate_7gram_character_ratio: float | None = 0.13
    """The same for seven words."""
    max_duplicate_8gram_character_ratio: float | None = 0.12
    """The same for eight words."""
    max_duplicate_9gram_character_ratio: float | None = 0.11
    """The same for nine words."""
    max_duplicate_10gram_character_ratio: float | None = 0.10
    """The same for ten words."""
    version: Literal[
        "datatrove-2024-12", "datatrove-2024-04", "gopher-paper", "dclm", "dolma", "nemo-curator"
    ] = "datatrove-2024-12"
    """Whose way of counting: lines, copies, what shares are of. `PROFILES` tells them apart."""
    words: Words = "english"
    """What a word is: see `webfilter.text.tokens`."""
    count_code: bool = True
    """Whether lines of program code count (`webfilter.text.code_lines`). They repeat more
    than prose; without them a page is judged by the rest of it, if there is any."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words(self.words, self.name)

    @classmethod
    def for_language(cls, language: str, profile: str | None = None, **changes: Any) -> Self:
        """Return the stage for texts in `language`: its words, and limits for runs of them.

        Where no spaces part words, the stage as it is sees a Chinese paragraph as one word, and no
        repetition within. Cut into characters, clusters or syllables, ten of which are about five
        words, everybody repeats runs of five: so `max_duplicate_10gram_character_ratio` is what the
        five words may have, and the limits on shorter runs are off (`benchmarks/repetition.py`).
        Elsewhere all limits stay those of English. For English it is the stage without arguments.

        FineWeb-2 cuts by a tokenizer for each language and fits every limit; `webfilter tune` finds
        your own.

        Args:
            language: any spelling (``de``, ``deu_Latn``, ``German``).
            profile: a key of `profiles`; None is the default. Its words stay if they are not those
                of English, unless the language is written without spaces.
            changes: fields to set otherwise.

        Raises:
            UnknownName: the table does not have the language; carries a near match.

        >>> stage = GopherRepetition.for_language("zh")
        >>> stage.words, stage.max_duplicate_9gram_character_ratio
        ('scripts', None)
        >>> stage.max_duplicate_10gram_character_ratio
        0.15
        """
        facts = language_facts(language)
        settings = cls.profile(profile or next(iter(cls.profiles)))
        fitted: dict[str, Any] = {}
        if facts.words is not None and (settings.words == "english" or not facts.spaced):
            fitted["words"] = facts.words
        if facts.words is not None and not facts.spaced:
            first, *between, last = (f"max_duplicate_{n}gram_character_ratio" for n in DUPLICATE)
            fitted |= dict.fromkeys((first, *between))
            fitted[last] = getattr(settings, first)
        return replace(settings, **{**fitted, **changes})

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the version; the first one that is violated decides."""
        names = _LINES_FIRST if self.version in ("dclm", "nemo-curator") else _NAMES[1:]
        judged = (limit(name, le=getattr(self, f"max_{name}")) for name in names)
        return (
            *limit("characters", ge=self.min_characters),
            *(r for found in judged for r in found),
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of the tokenizer."""
        return {"words": tokenizer_version(self.words)}

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document: None where there is nothing to divide by."""
        texts = [doc.text if self.count_code else without_code(doc.text) for doc in docs]
        found = [
            dict.fromkeys(_NAMES) | {"characters": len(text)} | of_parts(text, self.version)
            for text in texts
        ]
        tokens = tokenize_all(texts, self.words)
        for part in _parts([len(each) for each in tokens]):
            set_runs(found[part], self.version, texts[part], tokens[part])
        return found


def _parts(sizes: Sequence[int]) -> Iterator[slice]:
    """Yield slices of documents to measure together: few enough, and not too many tokens."""
    start = total = 0
    for place, size in enumerate(sizes):
        if place > start and (total + size > _TOGETHER or place - start == MOST_DOCUMENTS):
            yield slice(start, place)
            start, total = place, 0
        total += size
    if start < len(sizes):
        yield slice(start, len(sizes))
