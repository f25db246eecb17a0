"""The stage `DraftLanguage`: drops pages in no language asked for, before they are extracted.

In a crawl of the whole web most pages are in a language that nobody asked for. Extracting one costs
10 to 30 ms, only for `Language` to drop it afterwards; a look at its HTML costs less than one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from html import unescape
from typing import ClassVar

from webfilter.codes import UNDETERMINED, accepted
from webfilter.config import AnyPath
from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.language.language import Language, language_of
from webfilter.models.running import loading
from webfilter.stage import Rule, Scorer, Signal

__all__ = ["DraftLanguage"]

_PARTS = 4
_SIZE = 300


@dataclass(frozen=True)
class DraftLanguage(Scorer):
    """Drops pages that are clearly in no language asked for, by their HTML, before `Extract`.

    Up to four parts of the page's prose, 300 characters each and evenly spread, are recognized one
    by one. A page is dropped only if every part is in another language, and surely so: what the
    best part leaves to the languages asked for is `draft_language_score`. So a mixed page passes,
    and so does one with nothing to go by: hardly any text, or none in a language (figures). What
    the page declares (``lang``) is not asked, as it is often wrong. `Language` still has to judge
    what passes.

    It stands before `Extract`, and before a `Cascade`, whose drafts cost several times as much and
    are judged by `Language` only later. The audit of a cascade does not see what is dropped here: a
    run with ``measure_all`` does. Documents without HTML are not judged, as `Language` is as cheap.

    ``benchmarks/draft_language.py`` measures what it drops, and what of that wrongly. Near
    relatives (Serbian and Bosnian, Malay and Indonesian) get mixed up here as in `Language`, so ask
    for both. A part in a language asked for that is less than a quarter of a page's prose may be
    missed.

    Raises:
        UnknownName, ConfigError, MissingExtra: as `Language` does.

    >>> page = b"<p>Der Wald steht schwarz und schweiget, die goldnen Sternlein prangen. " * 3
    >>> [doc] = DraftLanguage({"en"})([Document("a", html=page)])
    >>> doc.verdict.reason, doc.signals["draft_language"]
    ('draft_language_score', 'de')
    """

    languages: Set[str] | None = frozenset({"en"})
    """Languages to keep, as for `Language`; None only measures."""
    min_score: float | None = 0.3
    """Keep pages with a `draft_language_score` of at least this; 0 to 1. At .3 each part must be in
    another language with a probability above .7 for the page to be dropped. None only measures."""
    engine: str = "embedded"
    """As for `Language`. The slower ones cost more here than they save."""
    model: AnyPath | None = None
    """As for `Language`."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("draft_language", "str", "Language of most parts of the page; None: not told"),
        Signal(
            "draft_language_score",
            "float",
            "Most that a part of the page leaves to the languages asked for; None: not told",
            "probability",
            0,
            1,
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise ConfigError(f"{self.name}: min_score = {self.min_score!r} is not in 0 to 1")
        object.__setattr__(self, "languages", self._language().languages)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The score, if there are languages asked for."""
        if self.languages is None or self.min_score is None:
            return ()
        return (Rule("draft_language_score", ge=self.min_score),)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The engine's model and version."""
        return self._language().artifacts

    def _language(self) -> Language:
        return language_of(self.name, self.languages, self.engine, self.model)

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the language of each page, and what it leaves to those asked for."""
        parts = [_parts(doc) for doc in docs]
        texts = [Document("part", part) for found in parts for part in found]
        with loading(self.name):
            language = self._language()
        told = iter(language.measure_batch(texts))
        asked = None if self.languages is None else accepted(self.languages)
        return [_together([next(told) for _ in found], asked) for found in parts]


def _parts(doc: Document) -> list[str]:
    """Return texts of 300 characters at most from all over the page's prose."""
    from webfilter.language.prose import prose  # brings the extraction's decoder: slow to import

    text = "" if doc.html is None else prose(doc.html, doc.meta.get("content_type"))
    if not text:
        return []
    count = min(_PARTS, -(-len(text) // _SIZE))
    last = max(len(text) - _SIZE, 0)
    starts = [last * n // max(count - 1, 1) for n in range(count)]
    # as written it is longer: entities, indentation
    return [" ".join(unescape(text[at : at + 2 * _SIZE]).split())[:_SIZE] for at in starts]


def _together(told: Sequence[Mapping[str, Value]], asked: Set[str] | None) -> dict[str, Value]:
    """Return the signals of a page from those of its parts; `asked` None: any language is.

    An engine tells its first guess only. Another language at .9 leaves .1 to those asked for; one
    asked for leaves its own score, or whatever it leaves to others that may be asked for as well.
    """
    weights: defaultdict[str, float] = defaultdict(float)
    left = []
    for signals in told:
        code, score = signals["language"], signals["language_score"]
        if code == UNDETERMINED and (asked is None or code not in asked):
            continue
        sure = score if isinstance(score, float) else 0.5
        weights[str(code)] += sure
        left.append(max(sure, 1 - sure) if asked is None or code in asked else 1 - sure)
    if not left:
        return {"draft_language": None, "draft_language_score": None}
    main = max(weights, key=weights.__getitem__)
    return {"draft_language": main, "draft_language_score": round(max(left), 4)}
