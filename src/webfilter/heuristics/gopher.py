"""Gopher's quality rules: is this prose at all?

From "Scaling Language Models: Methods, Analysis & Insights from Training Gopher" (Rae et al. 2021,
appendix A.1.1). Every system has its own reading of that page; `PROFILES` says what each counts.

It does not look at repetition (`webfilter.heuristics.repetition`) nor at what the text is about.
The defaults are English; `GopherQuality.for_language` takes stop words and words of another
language from the table `webfilter.languages`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.heuristics.counts import WORDS, between, bounds_of, contents_of, ratio, worded
from webfilter.heuristics.gopher_spaced import SPACED
from webfilter.heuristics.limits import limit
from webfilter.languages import language_facts
from webfilter.profiles import Profile, Profiled
from webfilter.stage import Rule, Scorer, Signal
from webfilter.text import (
    Tokens,
    Words,
    check_words,
    code_points,
    hash_spans,
    tokenize_all,
    tokenizer_version,
)
from webfilter.text.chars import ALPHABETIC

__all__ = ["PROFILES", "STOP_WORDS", "GopherQuality"]

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Gopher's eight, as the paper lists them."""

_log = logging.getLogger("webfilter")

_WORD_LENGTHS = tuple(
    f"{side}_{kind}_word_length" for side in ("min", "max") for kind in ("mean", "median")
)
_SHORT, _LONG = 2.0, 15.0
"""Least and greatest mean length of a word that languages other than English are held to."""
_LINES = "between the ends that `str.splitlines` knows; blank ones count"
_ORDER = (
    "inside the limits, these included; words, mean length, hashes, ellipses, bullets, lines with "
    "an ellipsis, share of alphabetic words, stop words: the first violation decides"
)
_ZERO = "a limit of 0 is a limit (there it switches the rule off)"

PROFILES = {
    "webfilter-2026-11": Profile(
        source="the default: datatrove's rules (2024-12) with one repaired",
        words=(
            "as datatrove-2024-12; but the share of alphabetic words is of words, not of all "
            "tokens with the punctuation among them"
        ),
        lines=_LINES,
        order=_ORDER,
        deviations=(
            "from datatrove: the alphabetic share. With punctuation counted, its limit of 0.8 "
            "drops 30 % of excerpts that careful readers call educational (benchmarks/profiles.py)"
        ),
    ),
    "datatrove-2024-12": Profile(
        source="datatrove since December 2024 (compared: 0.10), GopherQualityFilter",
        words=(
            "tokens of spaCy's blank English tokenizer, punctuation among them: by our own "
            'tokenizer of the same rules, or with words="spacy" by spaCy itself. Words are those '
            "with a character outside datatrove's punctuation set; ratios are of all tokens"
        ),
        lines=_LINES,
        order=_ORDER,
        deviations=f"{_ZERO}; a text without tokens has undefined ratios, no division by zero",
        settings={"version": "datatrove-2024-12"},
    ),
    "datatrove-2024-04": Profile(
        source="datatrove 0.2 (April 2024), which made FineWeb, GopherQualityFilter",
        words=(
            'as datatrove-2024-12, but for the exact tokens of that time give words="nltk" '
            "(word_tokenize); and every occurrence of a stop word counts: 'the the' has two"
        ),
        lines=_LINES,
        order=_ORDER,
        deviations=f"{_ZERO}; a text without tokens has undefined ratios, no division by zero",
        settings={"version": "datatrove-2024-04"},
    ),
    "gopher-paper": Profile(
        source="Rae et al. 2021, appendix A.1.1, to the letter where it is clear",
        words="runs between white space; stop words in any case, different ones",
        lines="between newlines, stripped, blank ones not counted (the paper does not say)",
        order=f"{_ORDER} (the paper names no order)",
        deviations="bullet points are taken to be • * -, ellipses ... and …: the paper lists none",
        settings={"version": "gopher-paper"},
    ),
    "dclm": Profile(
        source="DCLM, dclm_baseline_refinedweb.yaml and content_filters.py",
        words=(
            "runs between white space; the number of words is of those that begin with a letter or "
            "digit (fastText's tokenizer); stop words in any case, every occurrence"
        ),
        lines="between newlines, stripped, blank ones not counted; bullets are ● • * -",
        order=f"{_ORDER}. Hashes and ellipses (... . . . …) share one limit",
        deviations="ratios are divided, DCLM multiplies the limit: they can differ at equality",
        settings={"version": "dclm"},
    ),
    "dolma": Profile(
        source="Dolma 1.x, tagger gopher_v1 with the exclusions of dolma-v1_5/mixing/cc-head.yaml",
        words="runs between white space; median length; symbols are words with # or …",
        lines="between newlines, not stripped, blank ones count; bullets are * -, ellipsis is …",
        order=(
            "inside the limits, these included; words, median length, symbols, share of "
            "alphabetic words, stop words (every occurrence, in this case), bullets, ellipses"
        ),
        deviations="none known; Dolma tags an empty text with zeros, here its ratios are undefined",
        settings={
            "version": "dolma",
            "min_mean_word_length": None,
            "max_mean_word_length": None,
            "min_median_word_length": 3.0,
            "max_median_word_length": 10.0,
            "max_ellipsis_word_ratio": None,
        },
    ),
    "nemo-curator": Profile(
        source="NeMo Curator 0.7 to 1.4, heuristic_filter_english_pipeline.yaml: Gopher's rules",
        words=(
            "runs between white space; symbols are words that are an ellipsis (... [...] …) or "
            "hashes (#); stop words in lower case, every occurrence"
        ),
        lines=(
            "between newlines, stripped, blank ones not counted; bullets are • ● ○ and the like, "
            'no * or -; "read more" at the end of a line is an ellipsis'
        ),
        order=(
            "inside the limits, these included; symbols, words, share of alphabetic words, stop "
            "words, mean length, ellipses, bullets"
        ),
        deviations=(
            "a text without words has undefined ratios (there it ends the run); a letter is what "
            "`str.isalpha` says, so Ⅳ or a vowel sign alone is none (there it is)"
        ),
        settings={"version": "nemo-curator", "max_ellipsis_word_ratio": None},
    ),
}
"""What "Gopher quality" means, by system and time; the first is the default."""

_ORDERS = {
    "dolma": (
        *("words", "mean_word_length", "median_word_length", "symbol_word_ratio"),
        *("ellipsis_word_ratio", "alpha_word_ratio", "stop_words", "bullet_line_ratio"),
    ),
    "nemo-curator": (
        *("symbol_word_ratio", "ellipsis_word_ratio", "words", "alpha_word_ratio", "stop_words"),
        *("mean_word_length", "median_word_length", "ellipsis_line_ratio"),
    ),
}
"""By version, the signals in the order of its rules, if it is not that of the others."""


@dataclass(frozen=True)
class GopherQuality(Profiled, Scorer):
    """Drop pages that do not read like prose, by the rules of Gopher.

    The default is datatrove's filter with one rule repaired: `min_alpha_word_ratio` is the share
    of *words* with a letter. datatrove counts punctuation among the words there, so that a
    technical paragraph of .97 by white space is .76 and dropped. Take
    ``GopherQuality.profile("datatrove-2024-12")`` to decide as datatrove does.

    A text without words has undefined ratios, on which no rule judges; `min_words` drops it.

    >>> stage = GopherQuality(min_words=5)
    >>> stage.measure(Document("a", "The cat and the dog sat with me."))["words"]
    8
    """

    name: ClassVar[str] = "gopher_quality"
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES
    measures: ClassVar[tuple[Signal, ...]] = (
        WORDS,
        Signal("mean_word_length", "float", "Mean length of these words", "characters", 1),
        Signal("median_word_length", "float", "Median length (version dolma)", "characters", 1),
        Signal("symbol_word_ratio", "float", "Hash signs a word", "a word", 0),
        Signal("ellipsis_word_ratio", "float", "Ellipses (... or …) a word", "a word", 0),
        Signal("bullet_line_ratio", "float", "Lines that begin with a bullet", "share", 0, 1),
        Signal("ellipsis_line_ratio", "float", "Lines that end with an ellipsis", "share", 0, 1),
        Signal("alpha_word_ratio", "float", "Words with an alphabetic character", "share", 0, 1),
        Signal("stop_words", "int", "Stop words that occur", "words", 0),
    )

    min_words: int | None = 50
    """Least words."""
    max_words: int | None = 100_000
    """Most words."""
    min_mean_word_length: float | None = 3.0
    """Least mean length of a word, in characters."""
    max_mean_word_length: float | None = 10.0
    """Greatest mean length of a word, in characters."""
    min_median_word_length: float | None = None
    """Least median length of a word; measured in the version ``dolma`` only, instead of the mean.
    """
    max_median_word_length: float | None = None
    """Greatest median length of a word; the same."""
    max_symbol_word_ratio: float | None = 0.1
    """Most hash signs a word."""
    max_ellipsis_word_ratio: float | None = 0.1
    """Most ellipses a word."""
    max_bullet_line_ratio: float | None = 0.9
    """Greatest share of lines that begin with a bullet."""
    max_ellipsis_line_ratio: float | None = 0.3
    """Greatest share of lines that end with an ellipsis."""
    min_alpha_word_ratio: float | None = 0.8
    """Least share of words with an alphabetic character."""
    min_stop_words: int | None = 2
    """Least number of stop words."""
    stop_words: tuple[str, ...] = STOP_WORDS
    """The stop words, in the case in which they must occur (lower case for those in any case)."""
    version: Literal[
        "webfilter-2026-11",
        "datatrove-2024-12",
        "datatrove-2024-04",
        "gopher-paper",
        "dclm",
        "dolma",
        "nemo-curator",
    ] = "webfilter-2026-11"
    """Whose way of counting: words, lines, symbols, bullets. `PROFILES` tells them apart."""
    words: Words = "english"
    """What a token is (`webfilter.text.tokens`); the last four versions split at white space."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words(self.words, self.name)
        if self.version in SPACED and self.words not in ("english", "whitespace"):
            raise ConfigError(
                f"gopher_quality: words = {self.words!r} does not go with version = "
                f"{self.version!r}, whose words are the runs between white space; leave it out"
            )

    @classmethod
    def for_language(cls, language: str, profile: str | None = None, **changes: Any) -> Self:
        """Return the stage for texts in `language`: its stop words, its words.

        ``ByLanguage({code: GopherQuality.for_language(code) for code in ("de", "pl", "th")})``
        judges each page by its own language. For English it is the stage without arguments.

        Limits that would drop everything are off. `min_stop_words` where the table has no stop
        words; the log says so. The length of words where no spaces part them: there the tokens are
        characters, clusters or syllables, so `min_words` asks for less text, too. Elsewhere the
        limits on it are 2 to 15 characters where they are narrower: 3 to 10 is for English, and
        drops prose in languages with short words (Fon, Hawaiian), with a character for a syllable
        (Korean) and with long words (Malayalam, Tamil). All other limits stay those of English,
        although two stop words are much to ask of 50 words where words are long
        (`benchmarks/stop_words.py`).

        FineWeb-2 does so: 2 of 8 to 22 words a language, counted in Wikipedia (its configs, in
        which there is a "the" for Turkish and a zero-width space for Lao). It fits the other limits
        to each language as well; `webfilter tune` finds your own.

        Args:
            language: any spelling (``de``, ``deu_Latn``, ``German``).
            profile: a key of `profiles`; None is the default.
            changes: fields to set otherwise.

        Raises:
            UnknownName: the table does not have the language; carries a near match.
            ConfigError: the profile splits at white space, which the language does not write; or
                `min_stop_words` is asked for and there are no stop words.

        >>> stage = GopherQuality.for_language("de", min_words=5)
        >>> stage.measure(Document("a", "Der Mond und die Sterne sind aufgegangen."))["stop_words"]
        2
        >>> GopherQuality.for_language("en") == GopherQuality()
        True
        """
        facts = language_facts(language)
        settings = cls.profile(profile or next(iter(cls.profiles)))
        spaced_only = changes.get("version", settings.version) in SPACED
        if spaced_only and not facts.spaced:
            raise ConfigError(
                f"gopher_quality: version = {changes.get('version', settings.version)!r} takes the "
                f"runs between white space for words, and {facts.code!r} writes words without "
                "spaces; take another profile"
            )
        fitted: dict[str, Any] = {"stop_words": facts.stop_words}
        if not facts.stop_words and "stop_words" not in changes:
            if changes.get("min_stop_words") is not None:
                raise ConfigError(
                    f"gopher_quality: min_stop_words = {changes['min_stop_words']!r} needs stop "
                    f"words, and none are known for {facts.code!r}: give stop_words or leave it out"
                )
            fitted["min_stop_words"] = None
            _log.warning(
                "gopher_quality: no stop words are known for %r, so min_stop_words is off",
                facts.code,
            )
        if not spaced_only and facts.words is not None:
            fitted["words"] = facts.words
        if not facts.spaced:
            fitted |= dict.fromkeys(_WORD_LENGTHS)
        elif facts.code != "en":
            for name in _WORD_LENGTHS:
                at = getattr(settings, name)
                if at is not None:
                    fitted[name] = min(at, _SHORT) if name.startswith("min") else max(at, _LONG)
        if facts.words is None:
            fitted["min_words"] = None
        return replace(settings, **{**fitted, **changes})

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the version; the first one that is violated decides."""
        found = (
            *limit("words", ge=self.min_words, le=self.max_words),
            *limit("mean_word_length", ge=self.min_mean_word_length, le=self.max_mean_word_length),
            *limit(
                "median_word_length",
                ge=self.min_median_word_length,
                le=self.max_median_word_length,
            ),
            *limit("symbol_word_ratio", le=self.max_symbol_word_ratio),
            *limit("ellipsis_word_ratio", le=self.max_ellipsis_word_ratio),
            *limit("bullet_line_ratio", le=self.max_bullet_line_ratio),
            *limit("ellipsis_line_ratio", le=self.max_ellipsis_line_ratio),
            *limit("alpha_word_ratio", ge=self.min_alpha_word_ratio),
            *limit("stop_words", ge=self.min_stop_words),
        )
        if self.version not in _ORDERS:
            return found
        rank = {name: place for place, name in enumerate(_ORDERS[self.version])}
        return tuple(sorted(found, key=lambda rule: rank.get(rule.signal, len(rank))))

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of the tokenizer."""
        return {"words": tokenizer_version("whitespace" if self.version in SPACED else self.words)}

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document; None where there is nothing to divide by."""
        texts = [doc.text for doc in docs]
        if self.version in SPACED:
            count, stop_words = SPACED[self.version], frozenset(self.stop_words)
            return [_NOTHING | count(text, stop_words) for text in texts]
        tokens = tokenize_all(texts, self.words)
        counted = _Counted.of(tokens)
        alphabetic, of = counted.alphabetic, [len(each) for each in tokens]
        if self.version == "webfilter-2026-11":
            alphabetic, of = counted.alphabetic_words, counted.words
        every = self.version == "datatrove-2024-04"
        stop_words_found = counted.stop_words(self.stop_words, every)
        return [
            _measured(text, len(each), *counts)
            for text, each, *counts in zip(
                texts,
                tokens,
                counted.words,
                counted.characters,
                alphabetic,
                of,
                stop_words_found,
                strict=True,
            )
        ]


_NOTHING: dict[str, Value] = dict.fromkeys(signal.name for signal in GopherQuality.measures)


def _measured(
    text: str,
    tokens: int,
    words: int,
    characters: int,
    alphabetic: int,
    alphabetic_of: int,
    stop_words: int,
) -> dict[str, Value]:
    """Return the signals of one text out of its counts."""
    lines = text.splitlines()
    bullets = ellipses = dots = 0
    if "-" in text or "•" in text:
        bullets = sum(line.lstrip().startswith(("•", "-")) for line in lines)
    if "..." in text or "…" in text:
        ellipses = sum(line.rstrip().endswith(("...", "…")) for line in lines)
        dots = text.count("...") + text.count("…")
    return {
        "words": words,
        "mean_word_length": ratio(characters, words),
        "median_word_length": None,
        "symbol_word_ratio": ratio(text.count("#"), tokens),
        "ellipsis_word_ratio": ratio(dots, tokens),
        "bullet_line_ratio": ratio(bullets, len(lines)),
        "ellipsis_line_ratio": ratio(ellipses, len(lines)),
        "alpha_word_ratio": ratio(alphabetic, alphabetic_of),
        "stop_words": stop_words,
    }


@dataclass(frozen=True, eq=False)
class _Counted:
    """Counts over the tokens of many texts at once, one figure a text."""

    hashes: npt.NDArray[np.uint64]
    bounds: npt.NDArray[np.intp]
    words: list[int]
    """Tokens that are not punctuation alone."""
    characters: list[int]
    """Characters in these."""
    alphabetic: list[int]
    """Tokens with an alphabetic character."""
    alphabetic_words: list[int]
    """Those among `words`: all but a few that the punctuation set counts, such as full-width ones.
    """

    @classmethod
    def of(cls, tokens: Sequence[Tokens]) -> _Counted:
        bounds, contents = bounds_of(tokens), contents_of(tokens)
        lengths = np.concatenate([bounds[:0], *(each.lengths for each in tokens)])
        hashes = np.concatenate([_NO_HASHES, *(each.hashes for each in tokens)])
        words = worded(contents)
        alphabetic = (contents & ALPHABETIC) != 0
        counts = (words, lengths * words, alphabetic, alphabetic & words)
        return cls(hashes, bounds, *(between(each, bounds) for each in counts))

    def stop_words(self, stop_words: tuple[str, ...], every: bool) -> list[int]:
        """Return how many of `stop_words` occur in each text; or `every` occurrence of one."""
        found = np.zeros(len(self.bounds) - 1, dtype=np.intp)
        for stop in _hashed(stop_words):
            texts = np.searchsorted(self.bounds, np.flatnonzero(self.hashes == stop), "right") - 1
            if every:
                found += np.bincount(texts, minlength=len(found))
            else:
                occurs = np.zeros(len(found), dtype=np.bool_)
                occurs[texts] = True
                found += occurs
        as_list: list[int] = found.tolist()
        return as_list


_NO_HASHES = np.zeros(0, dtype=np.uint64)


@lru_cache(maxsize=64)
def _hashed(words: tuple[str, ...]) -> tuple[np.uint64, ...]:
    """Return the hash of each of the different `words`."""
    different = sorted(set(words) - {""})
    ends = np.cumsum([len(word) for word in different], dtype=np.intp)
    starts = np.concatenate((np.zeros(1, dtype=np.intp), ends))[:-1]
    return tuple(hash_spans(code_points("".join(different)), starts, ends))
