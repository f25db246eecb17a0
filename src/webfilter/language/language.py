"""The `Language` stage: measures the language of a text and keeps the languages asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from webfilter.document import Document, Value
from webfilter.errors import ConfigError, UnknownName
from webfilter.language.codes import accepted, canonical, script_of
from webfilter.language.engines import Engine, engine
from webfilter.stage import Rule, Scorer, Signal

__all__ = ["Language"]


@dataclass(frozen=True)
class Language(Scorer):
    """Keeps texts in the languages asked for, recognized with enough confidence.

    A text in no language (code, figures, base64, random letters, nothing at all) is ``und``.
    The embedded model reads a start, middle and end of 200 characters each, so a page whose second
    half is in another language may be told by either; below about 20 letters it mostly guesses, and
    near relatives (Bosnian, Croatian, Serbian; Malay, Indonesian; Zulu, Xhosa) get mixed up.

    Source: FineWeb's ``score > 0.65``, strict (Penedo et al. 2024); `engine="fasttext"` with
    lid.176.bin reproduces it, except that a text without letters is ``und`` there, too.

    Raises:
        UnknownName: the engine cannot recognize a language asked for; carries a near match.
        ConfigError: no language at all, a score outside 0 to 1, a model without the engine
            ``fasttext`` or the reverse, a model file that is missing or damaged.
        MissingExtra: `engine` needs a package that is not installed.

    >>> stage = Language({"eng_Latn", "DE"})
    >>> sorted(stage.languages)
    ['de', 'en']
    >>> stage.measure(Document("a", "Der Mond ist aufgegangen, die Sterne prangen."))["language"]
    'de'
    """

    languages: Set[str] | None = frozenset({"en"})
    """Languages to keep; None only measures. Any spelling of a code is taken (``en``, ``eng``,
    ``eng_Latn``, ``en-US``, ``English``) and held as ISO 639-1, or 639-3 where that has none. A
    macrolanguage accepts its members: ``no`` keeps ``nb`` and ``nn``, ``zh`` keeps ``yue``."""
    min_score: float | None = 0.65
    """Keep texts with a `language_score` strictly above; 0 to 1. Not judged without `languages`."""
    scripts: Set[str] | None = None
    """ISO 15924 scripts to keep, such as ``Latn``; None keeps all. Chinese is ``Hans`` or
    ``Hant``."""
    engine: Literal["embedded", "fasttext", "langdetect"] = "embedded"
    """``embedded`` (ours, packaged), ``fasttext`` (the file `model`), or ``langdetect``."""
    model: Path | None = None
    """fastText language model for the engine ``fasttext``: lid.176, OpenLID, GlotLID, your own."""

    measures = (
        Signal("language", "str", "ISO 639-1 code, 639-3 where there is none; und: no language"),
        Signal("language_score", "float", "That the code is right", "probability", 0, 1),
        Signal("language_script", "str", "ISO 15924 script of most letters, such as Latn"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise ConfigError(f"{self.name}: min_score = {self.min_score!r} is not in 0 to 1")
        if (self.engine == "fasttext") != (self.model is not None):
            raise ConfigError(
                f"{self.name}: engine = {self.engine!r} with model = {self.model!r}: the engine "
                "'fasttext' needs a model file, the others take none"
            )
        if self.scripts is not None:
            scripts = frozenset(script.strip().title() for script in self.scripts)
            object.__setattr__(self, "scripts", scripts)
        if self.languages is not None:
            object.__setattr__(self, "languages", self._known(self.languages))
        else:
            self._engine()

    def _engine(self) -> Engine:
        return engine(self.engine, self.model)

    def _known(self, languages: Set[str]) -> frozenset[str]:
        if not languages:
            raise ConfigError(
                f"{self.name}: languages is empty, so nothing is kept; None keeps all"
            )
        can = self._engine().languages
        for asked in sorted(languages):
            code, script = canonical(asked), script_of(asked)
            if not accepted({code}) & can:
                raise UnknownName(f"language of the engine {self.engine!r}", asked, can)
            if script in _SPLIT.get(code, ()) and self.scripts is None:
                raise ConfigError(
                    f"{self.name}: {asked!r} asks for one script of {code!r}; say so by "
                    f"languages={{{code!r}}}, scripts={{{script!r}}}"
                )
        return frozenset(map(canonical, languages))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The language is one asked for, then the score, then the script."""
        rules = []
        if self.languages is not None:
            rules.append(Rule("language", isin=accepted(self.languages)))
            if self.min_score is not None:
                rules.append(Rule("language_score", gt=self.min_score))
        if self.scripts is not None:
            rules.append(Rule("language_script", isin=self.scripts))
        return tuple(rules)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The engine's model and version."""
        return self._engine().artifacts

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return code, probability and script of each text."""
        guesses = self._engine().predict([doc.text for doc in docs])
        return [
            {"language": code, "language_score": probability, "language_script": script}
            for code, script, probability in guesses
        ]


_SPLIT = {"zh": ("Hans", "Hant"), "sr": ("Cyrl", "Latn")}
"""Languages in common use in two scripts that a code may choose between."""
