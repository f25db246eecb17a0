"""The `Language` stage: measures the language of a text and keeps the languages asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal

from webfilter.codes import (
    accepted,
    branches,
    canonical,
    keyed,
    recognized,
    script_of,
    under,
)
from webfilter.config import AnyPath
from webfilter.document import Document, Value
from webfilter.errors import ConfigError, UnknownName
from webfilter.language.engines import Engine, Guess, engine
from webfilter.language.scripts import SCRIPTS
from webfilter.language.segments import pieces, shares
from webfilter.models.running import loading
from webfilter.stage import Rule, Scorer, Signal
from webfilter.text.code_lines import without_code

__all__ = ["Language", "language_of"]

_MOST_TOP = 5
_MOST_SHARES = 5
_SPLIT = {"zh": ("Hans", "Hant"), "sr": ("Cyrl", "Latn")}
"""Languages in common use in two scripts that a code may choose between."""

_ALWAYS = (
    Signal("language", "str", "ISO 639-1 code, 639-3 where there is none; und: no language"),
    Signal("language_score", "float", "That the code is right", "probability", 0, 1),
    Signal("language_script", "str", "ISO 15924 script of most letters, such as Latn"),
)
_TOP = Signal("language_top", "str", "Likeliest codes with their probabilities: nl:0.62 af:0.31")
_SHARES = (
    Signal("language_share", "float", "Letters that are in `language`", "share", 0, 1),
    Signal("language_shares", "str", "Languages of the page by share: de:0.62 en:0.38"),
)


@dataclass(frozen=True)
class Language(Scorer):
    """Keeps texts in the languages asked for, recognized with enough confidence.

    A text in no language (code, figures, base64, random letters, nothing at all) is ``und``.
    The embedded model reads a start, middle and end of 200 characters each, so a page whose second
    half is in another language may be told by either; below about 20 letters it mostly guesses, and
    near relatives (Bosnian, Croatian, Serbian; Malay, Indonesian; Zulu, Xhosa) get mixed up.

    On a mixed page `language` is what the engine says of the page as a whole, and nothing tells how
    much of it that is: neither a high score (both halves may be clear) nor a low one. With `shares`
    the page is cut at line ends into pieces of about 300 characters, and each is recognized by
    itself; `language` stays what it was, and may even be the smaller part. `LanguageParts` tells
    where the parts stand, and cuts the page.

    One limit for all languages keeps too much of those that others are taken for (English) and too
    little of small ones beside a large relative. FineWeb-2 (Penedo et al. 2025) sets one limit for
    each language, `min_scores`: the median of the scores of the pages told to be in it, less their
    standard deviation, but within .3 and .9. So run ``Language(None)`` over a sample of your crawl
    and do the same, for the engine you use; then read pages beside the limit, which
    `Report.borderline` shows, and raise it where they are in another language. With texts to keep
    and texts to drop, ``tune(..., by="language")`` finds such a table.

    Source: FineWeb's ``score > 0.65``, strict (Penedo et al. 2024); `engine="fasttext"` with
    lid.176.bin reproduces it, except that a text without letters is ``und`` there, too, and that
    words end at no-break spaces, which FineWeb's do not: some English pages score higher here.

    Raises:
        UnknownName: the engine cannot recognize a language asked for, nobody knows it, or no text
            is ever told to be in a script asked for; carries a near match.
        ConfigError: no language or no script at all, a score or share outside 0 to 1, a limit for a
            language that is not asked for, `min_share` without `shares`, a model without the engine
            ``fasttext`` or the reverse, a model file that is missing or damaged.
        MissingExtra: `engine` needs a package that is not installed.

    >>> stage = Language({"eng_Latn", "DE"}, min_scores={"deu": 0.5})
    >>> sorted(stage.languages), stage.min_scores
    (['de', 'en'], {'de': 0.5})
    >>> stage.measure(Document("a", "Der Mond ist aufgegangen, die Sterne prangen."))["language"]
    'de'
    """

    languages: Set[str] | None = frozenset({"en"})
    """Languages to keep; None only measures. Any spelling of a code is taken (``en``, ``eng``,
    ``eng_Latn``, ``en-US``, ``English``) and held as ISO 639-1, or 639-3 where that has none. A
    macrolanguage accepts its members: ``no`` keeps ``nb`` and ``nn``, ``zh`` keeps ``yue``."""
    min_score: float | None = 0.65
    """Keep texts with a `language_score` strictly above; 0 to 1. Not judged without `languages`."""
    min_scores: Mapping[str, float] = field(default_factory=dict)
    """Limits for single languages in place of `min_score`, in any spelling of their codes. That of
    a macrolanguage is for its members, too, unless they have their own. With any, a stored run can
    still be swept: by ``language=``."""
    scripts: Set[str] | None = None
    """ISO 15924 scripts to keep, such as ``Latn``; None keeps all. Chinese is ``Hans`` or
    ``Hant``."""
    engine: Literal["embedded", "fasttext", "langdetect", "lingua"] = "embedded"
    """``embedded`` (ours, packaged), ``fasttext`` (the file `model`), ``langdetect``, or
    ``lingua`` (accurate on a few words, slow). Scores of one engine mean nothing for another."""
    model: AnyPath | None = None
    """fastText language model for the engine ``fasttext``: lid.176, OpenLID, GlotLID, your own."""
    top: int | None = None
    """2 to 5 measures `language_top`: so many codes, the first that of `language`, and none after
    it likelier."""
    shares: bool = False
    """Measure `language_share` and `language_shares`: pieces of the page, counted by letters. A
    macrolanguage's members are counted apart, and what is no language as ``und``."""
    min_share: float | None = None
    """Keep texts with a `language_share` of at least so much; 0 to 1. Needs `shares`."""
    count_code: bool = True
    """Whether lines of program code are looked at (`webfilter.text.code_lines`), so that a lesson
    which begins with much of it is ``und``. Without them a text is told by the rest of it, if
    there is any."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("min_score", "min_share"):
            self._check_share(name, getattr(self, name))
        if self.min_share is not None and not self.shares:
            raise ConfigError(
                f"{self.name}: min_share = {self.min_share} judges language_share, which is "
                "measured with shares=True only"
            )
        if self.top is not None and not 2 <= self.top <= _MOST_TOP:
            raise ConfigError(
                f"{self.name}: top = {self.top} is not 2 to {_MOST_TOP}; None measures the first "
                "only"
            )
        if (self.engine == "fasttext") != (self.model is not None):
            raise ConfigError(
                f"{self.name}: engine = {self.engine!r} with model = {self.model!r}: the engine "
                "'fasttext' needs a model file, the others take none"
            )
        if self.scripts is not None:
            object.__setattr__(self, "scripts", self._scripts(self.scripts))
        if self.languages is not None:
            object.__setattr__(self, "languages", self._known(self.languages))
        else:
            self._engine()
        if self.min_scores:
            object.__setattr__(self, "min_scores", self._limits(self.min_scores))

    def __hash__(self) -> int:
        limits = tuple(sorted(self.min_scores.items()))
        rest = (self.languages, self.min_score, self.scripts, self.engine, self.model)
        return hash((limits, *rest, self.top, self.shares, self.min_share, self.count_code))

    def _check_share(self, name: str, value: float | None) -> None:
        if value is not None and not 0 <= value <= 1:
            raise ConfigError(f"{self.name}: {name} = {value!r} is not in 0 to 1")

    def _engine(self) -> Engine:
        return engine(self.engine, self.model, self.name)

    def _scripts(self, scripts: Set[str]) -> frozenset[str]:
        if not scripts:
            raise ConfigError(f"{self.name}: scripts is empty, so nothing is kept; None keeps all")
        named = {script.strip().title(): script for script in sorted(scripts)}
        for code, asked in named.items():
            # labels of a fastText model may name any script of ISO 15924
            if code not in SCRIPTS and (self.engine != "fasttext" or len(code) != len("Latn")):
                raise UnknownName(f"script of {self.name}", asked, SCRIPTS)
        return frozenset(named)

    def _known(self, languages: Set[str]) -> frozenset[str]:
        if not languages:
            raise ConfigError(
                f"{self.name}: languages is empty, so nothing is kept; None keeps all"
            )
        can = self._engine().languages
        for asked in sorted(languages):
            code, script = canonical(asked), script_of(asked)
            if not accepted({code}) & can:
                recognized(asked, f"language of {self.name}")
                raise UnknownName(f"language of {self.name} (engine {self.engine!r})", asked, can)
            if script in _SPLIT.get(code, ()) and self.scripts is None:
                raise ConfigError(
                    f"{self.name}: {asked!r} asks for one script of {code!r}; say so by "
                    f"languages={{{code!r}}}, scripts={{{script!r}}}"
                )
        return frozenset(map(canonical, languages))

    def _limits(self, given: Mapping[str, float]) -> dict[str, float]:
        codes = keyed(given, f"key of {self.name}: min_scores")
        asked = accepted(self.languages or ())
        for code, key in codes.items():
            self._check_share(f"min_scores[{key!r}]", given[key])
            if code not in asked:
                told = ", ".join(sorted(self.languages)) if self.languages else "none"
                raise ConfigError(
                    f"{self.name}: min_scores has a limit for {key!r}, which languages does not "
                    f"ask for ({told}); add it there, or take it out"
                )
        return {code: given[codes[code]] for code in sorted(codes)}

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """Code, score and script; what `top` and `shares` ask for."""
        more = () if self.top is None else (_TOP,)
        return (*_ALWAYS, *more, *(_SHARES if self.shares else ()))

    def _judges(self, scores: Sequence[float | None]) -> tuple[Rule, ...]:
        rules = []
        if self.languages is not None:
            rules.append(_among("language", accepted(self.languages)))
            rules += [_above(score) for score in scores if score is not None]
        if self.scripts is not None:
            rules.append(_among("language_script", frozenset(self.scripts)))
        if self.min_share is not None:
            rules.append(Rule("language_share", ge=self.min_share))
        return tuple(rules)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The language is one asked for, then the score, the script and the share.

        With `min_scores` the limits of all languages; `rules_for` gives those of a document's.
        """
        return self._judges(tuple(dict.fromkeys((self.min_score, *self.min_scores.values()))))

    @property
    def by_document(self) -> bool:
        """Whether languages have limits of their own."""
        return bool(self.min_scores)

    @property
    def branches(self) -> Mapping[str, frozenset[str]]:
        """The codes that each of `min_scores` is for."""
        return branches(self.min_scores)

    def rules_for(self, doc: Document) -> tuple[Rule, ...]:
        """Return the rules for the language that was measured on `doc`."""
        return self._rules_of(doc.signals.get("language"))

    def _rules_of(self, language: Value) -> tuple[Rule, ...]:
        own = under(language, self.min_scores) if isinstance(language, str) else None
        return self._judges((self.min_score if own is None else self.min_scores[own],))

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The engine's model and version."""
        return self._engine().artifacts

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Measure the batch, then judge each document by the rules of its language."""
        if not self.min_scores:
            return super().process(batch)
        rules: dict[Value, tuple[Rule, ...]] = {}
        marked = []
        for doc, signals in zip(batch, self.measure_batch(batch), strict=True):
            language = signals["language"]
            if language not in rules:
                rules[language] = self._rules_of(language)
            marked.append(self._mark(doc, signals, rules[language]))
        return marked

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return code, probability and script of each text, and what else is asked for."""
        texts = [doc.text if self.count_code else without_code(doc.text) for doc in docs]
        with loading(self.name):
            guesses = self._engine().predict(texts, self.top or 1)
        rows: list[dict[str, Value]] = [
            {
                "language": guess.code,
                "language_score": guess.probability,
                "language_script": guess.script,
            }
            for guess in guesses
        ]
        if self.top is not None:
            for row, guess in zip(rows, guesses, strict=True):
                row["language_top"] = _top(guess)
        if self.shares:
            for row, more in zip(rows, self._shared(texts, guesses), strict=True):
                row |= more
        return rows

    def _shared(
        self, texts: Sequence[str], guesses: Sequence[Guess]
    ) -> Sequence[Mapping[str, Value]]:
        """Return the shares of the languages on each page, from one question to the engine."""
        cut = [pieces(text) for text in texts]
        asked = [piece for found in cut if len(found) > 1 for piece in found]
        codes = iter([guess.code for guess in self._engine().predict(asked)] if asked else ())
        rows: list[Mapping[str, Value]] = []
        for found, guess in zip(cut, guesses, strict=True):
            if len(found) > 1:
                letters = shares([(next(codes), piece) for piece in found])
            else:  # it is the page, which was recognized before
                letters = Counter({guess.code: 1} if any(map(str.isalpha, "".join(found))) else {})
            total = letters.total()
            share = round(letters[guess.code] / total, 4) if total else None
            falling = sorted(letters.items(), key=lambda item: (-item[1], item[0]))
            told = [(code, count / total) for code, count in falling[:_MOST_SHARES]]
            rows.append({"language_share": share, "language_shares": _said(told) or None})
        return rows


def language_of(
    stage: str, languages: Set[str] | None, engine: Any, model: AnyPath | None
) -> Language:
    """Return what recognizes `languages` for another stage, and complains in the name of that."""
    return _named(stage)(languages, None, engine=engine, model=model)


@cache
def _named(name: str) -> type[Language]:
    return type("Language", (Language,), {"name": name})


@lru_cache(maxsize=256)
def _among(signal: str, codes: frozenset[str]) -> Rule:
    return Rule(signal, isin=codes)


@lru_cache(maxsize=1024)
def _above(score: float) -> Rule:
    return Rule("language_score", gt=score)


def _top(guess: Guess) -> str | None:
    if guess.probability is None:
        return None
    return _said([(guess.code, guess.probability), *guess.others])


def _said(pairs: Sequence[tuple[str, float]]) -> str:
    """Return codes with numbers on one line: ``nl:0.62 af:0.31``."""
    return " ".join(f"{code}:{number:.2f}" for code, number in pairs)
