"""How a language is written: stop words, marks that end a sentence, how its words are parted.

One table, `languages.tsv`, that everybody can read and the heuristics share: `language_facts` looks
a language up. Scripts were described by hand, from Unicode; stop words were counted (see
`classifiers/language/stop_words.py`): words that stand in most texts of every corpus of the
language, so no names, no boilerplate, and no word of the law from the declaration of human rights.

A language that only the declaration is known of has no stop words, and neither have Shan and the
others whose words nothing here can cut; `for_language` of the stages then switches the rule off and
says so. A list is not a grammar: it is for telling prose from what is none, not for telling
languages apart (relatives share most of it), and not for search engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

from webfilter.codes import canonical
from webfilter.errors import UnknownName

if TYPE_CHECKING:  # jusText asks here, and a child of it needs no tables of characters
    from webfilter.text import Words

__all__ = [
    "LanguageFacts",
    "Script",
    "Segmentation",
    "find_language",
    "known_languages",
    "language_facts",
    "scripts",
    "words_of",
]

Segmentation: TypeAlias = Literal["spaces", "characters", "clusters", "syllables"]
"""How words are parted in writing. ``spaces``: by spaces. Without spaces: ``characters`` (Chinese,
Japanese), ``clusters`` of a consonant with its vowels and marks (Thai, Lao, Khmer, Burmese), and
``syllables`` parted by a mark (Tibetan): there only a dictionary finds words."""


class Script(NamedTuple):
    """How words and sentences are parted in a script."""

    segmentation: Segmentation
    words: Words | None
    """What cuts it, of `webfilter.text`; None: nothing here does. See `words_of`."""
    terminal_marks: tuple[str, ...]
    """The marks that end a sentence; empty where none do."""
    source: str
    """Where this comes from."""


@dataclass(frozen=True)
class LanguageFacts:
    """What the table says of one language.

    >>> german = language_facts("deu_Latn")
    >>> german.code, german.segmentation, german.terminal_marks, german.stop_words[:3]
    ('de', 'spaces', ('.', '!', '?'), ('und', 'die', 'der'))
    """

    code: str
    """Canonical code (`webfilter.canonical`)."""
    scripts: tuple[str, ...]
    """ISO 15924 scripts that it is written in, the commonest first."""
    segmentation: Segmentation
    """How words are parted in the commonest script."""
    words: Words | None
    """What cuts its text in the commonest script for counting, as in ``GopherQuality(words=...)``:
    characters, clusters and syllables are smaller than words. None: nothing here does (Yi)."""
    terminal_marks: tuple[str, ...]
    """The marks that end a sentence in any of the scripts; empty where none do (Thai, Lao)."""
    stop_words: tuple[str, ...]
    """Function words in lower case (NFC), the commonest first, those of the commonest script first.
    Empty where the texts at hand were too few or could not be cut."""
    source: str
    """The corpora that agree on the stop words; where the scripts' marks and words come from."""

    @property
    def spaced(self) -> bool:
        """Whether spaces part its words."""
        return self.segmentation == "spaces"


@cache
def _rows() -> tuple[Mapping[str, Script], Mapping[str, Words], Mapping[str, LanguageFacts]]:
    scripts: dict[str, Script] = {}
    own_words: dict[str, Words] = {}
    languages: dict[str, LanguageFacts] = {}
    text = (files("webfilter") / "languages.tsv").read_text("utf-8")
    for line in text.splitlines():
        kind, _, row = line.partition("\t")
        if kind == "script":
            code, segmentation, words, marks, source = row.split("\t")
            scripts[code] = Script(
                cast(Segmentation, segmentation),
                None if words == "-" else cast("Words", words),
                () if marks == "-" else tuple(marks.split()),
                source,
            )
        elif kind == "words":
            words, codes, _ = row.split("\t")
            own_words |= dict.fromkeys(codes.split(), cast("Words", words))
        elif kind == "language":
            code, written, stop_words, corpora = row.split("\t")
            names = tuple(written.split())
            marks_of = (mark for name in names for mark in scripts[name].terminal_marks)
            first = scripts[names[0]]
            said = "; ".join(f"{name}: {scripts[name].source}" for name in names)
            languages[code] = LanguageFacts(
                code,
                names,
                first.segmentation,
                own_words.get(code, first.words) if first.words == "spaced" else first.words,
                tuple(dict.fromkeys(marks_of)) if first.terminal_marks else (),
                tuple(stop_words.split()),
                f"stop words: {corpora or 'none'}; {said}",
            )
    return MappingProxyType(scripts), MappingProxyType(own_words), MappingProxyType(languages)


def scripts() -> Mapping[str, Script]:
    """Return what the table says of each script, by its ISO 15924 code.

    >>> scripts()["Thai"].segmentation, scripts()["Thai"].terminal_marks
    ('clusters', ())
    """
    return _rows()[0]


def words_of(code: str, script: str) -> Words | None:
    """Return what cuts the language `code` (canonical) in `script`; None: nothing here does.

    >>> words_of("de", "Latn"), words_of("pl", "Latn"), words_of("ja", "Jpan")
    ('hyphenated', 'spaced', 'scripts')
    """
    words = scripts()[script].words
    return _rows()[1].get(code, words) if words == "spaced" else words


def known_languages() -> frozenset[str]:
    """Return the canonical codes of the languages in the table.

    >>> {"de", "th", "yue"} <= known_languages()
    True
    """
    return frozenset(_rows()[2])


def find_language(language: str) -> LanguageFacts | None:
    """Return what the table says of `language`, in any spelling; None: it does not have it.

    >>> find_language("zh-Hant-TW").segmentation, find_language("xx")
    ('characters', None)
    """
    return _rows()[2].get(canonical(language))


def language_facts(language: str) -> LanguageFacts:
    """Return what the table says of `language`, in any spelling (``de``, ``deu_Latn``, ``German``).

    Raises:
        UnknownName: the table does not have it; carries the nearest code that it has.

    >>> language_facts("Thai").terminal_marks, language_facts("th").words
    ((), 'scripts')
    """
    found = find_language(language)
    if found is None:
        raise UnknownName("language", language, known_languages())
    return found
