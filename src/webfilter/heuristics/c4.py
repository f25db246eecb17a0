"""C4's rules: keep the lines that look like sentences, drop pages of code and filler.

From "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer" (Raffel et
al. 2020, section 2.2) and its code, as datatrove 0.10 applies them: line by line, in its order.
`PROFILES` tells how others do.

Left out, as there: the list of bad words (`webfilter.heuristics.badwords`) and the removal of
repeated three-sentence spans.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, get_args

import numpy as np

from webfilter.document import Document, Value
from webfilter.heuristics.limits import limit
from webfilter.languages import language_facts
from webfilter.profiles import Profile, Profiled
from webfilter.stage import Rule, Signal, Transform, judge
from webfilter.text import (
    LOCAL,
    Tokens,
    Words,
    check_words,
    keep_parts,
    nltk_sentences,
    tokenize_all,
    tokenizer_version,
)
from webfilter.text.code_lines import code_lines
from webfilter.text.manners import SpacedWords

__all__ = ["PROFILES", "C4Quality"]

_CITATION = re.compile(r"\[(?:\d*|edit|citation needed)\]")
_NO_INDEX = re.compile(
    r"(?:(?<=[^\W\d_]{2})|(?<![^\W\d_]))(?<!_)(?<!\[0\])\[(?:[1-9]\d*|edit|citation needed)\]"
)
_LOREM = "lorem ipsum"
_SCRIPT = "javascript"
_POLICY = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)
_CLOSING = ("”", "’", "“", "»", "«", "」", "』")
"""What else a sentence ends with outside English, where C4 takes the straight quotes."""
_CAUSES = ("long_word", "unterminated", "short", "javascript", "policy")
_LINES = "between the ends that `str.splitlines` knows, stripped; blank ones go"
_ORDER = (
    "a line goes for the first of: an overlong word, (citations are taken out,) no terminal mark, "
    "too few words, javascript, a phrase on cookies and terms. A page goes for lorem ipsum or { in "
    "a line that got so far, and for too few sentences in the lines kept"
)
_FIRST = (
    "a page with both { and lorem ipsum is dropped for the latter, whichever comes first; a limit "
    "of None, not of -1, switches a rule off"
)

PROFILES = {
    "datatrove-2024-12": Profile(
        source="datatrove since December 2024 (compared: 0.10), C4QualityFilter: the default",
        words=(
            "of a line: by white space, counted before citations are taken out. Sentences are "
            "those of spaCy's sentencizer, by our own tokenizer of the same rules"
        ),
        lines=_LINES,
        order=_ORDER,
        deviations=_FIRST,
    ),
    "datatrove-2024-04": Profile(
        source="datatrove 0.2 (April 2024), C4QualityFilter",
        words='as datatrove-2024-12, but for the sentences of that time give words="nltk" (Punkt)',
        lines=_LINES,
        order=_ORDER,
        deviations=_FIRST,
    ),
    "fineweb": Profile(
        source="FineWeb (2024): datatrove's filter without the rule on terminal marks",
        words="as datatrove-2024-12",
        lines=_LINES,
        order=_ORDER,
        deviations=_FIRST,
        settings={"terminal_punctuation": False},
    ),
    "tfds-2019": Profile(
        source="TensorFlow Datasets, c4_utils.py of 2019, which made C4",
        words=(
            "of a line: by white space, counted after citations are taken out, at least 5. At "
            'least 3 sentences; for those of that time give words="nltk" (Punkt)'
        ),
        lines=f'{_LINES}; they end with one of . ? ! " (no apostrophe)',
        order=f"{_ORDER}. No line goes for an overlong word",
        deviations=(
            f"{_FIRST}; bad words, repeated sentences and the limit of 190,000 characters are "
            "other stages (`BadWords`, `Length`)"
        ),
        settings={
            "min_sentences": 3,
            "terminal_marks": (".", "?", "!", '"'),
            "line_min_words": 5,
            "line_max_word_length": None,
            "citations_count": False,
        },
    ),
    "dolma": Profile(
        source='Dolma 1.x (Soldaini et al. 2024), "C4 NoPunc": one rule of its tagger c4_v1',
        words="none are counted",
        lines="between the ends that `str.splitlines` knows, stripped (there: between newlines)",
        order='a line goes that does not end with one of . ? ! "; no page is dropped',
        deviations="white space at either end of a line goes; blank lines go, as there",
        settings={
            "min_sentences": None,
            "terminal_marks": (".", "?", "!", '"'),
            "ellipsis_ends": True,
            "remove_citations": False,
            "line_min_words": None,
            "line_max_word_length": None,
            "remove_javascript_lines": False,
            "remove_policy_lines": False,
            "drop_lorem_ipsum": False,
            "drop_curly_bracket": False,
        },
    ),
}
"""What "C4 quality" means, by system and time; the first is the default."""


@dataclass(frozen=True)
class C4Quality(Profiled, Transform):
    """Keep the lines of a page that look like sentences; drop pages with too few of them.

    Each line, stripped, goes through these tests, and the first that fails removes it: no overlong
    word; (citation marks are taken out); terminal punctuation; enough words; no "javascript"; none
    of six phrases on cookies and terms. A page with "lorem ipsum" or "{" in a line that got so far
    is dropped. The new text is the lines that are left, one below the other. Blank lines go for
    their last character or their words; with neither rule they stay and count, as in datatrove.

    Decides as datatrove's ``C4QualityFilter`` with ``split_paragraph=True``, with one intended
    difference: a page with both "{" and "lorem ipsum" is dropped for the latter, whichever comes
    first. As there, a line that ends with a citation ("... in 1990. [3]") keeps the space before
    it, so it does not end with punctuation.

    A limit on lines (`line_min_words`, `line_max_word_length`) is no limit on the page: loosening
    it keeps more lines, and one of these can hold a "{".

    >>> page = "Home\\n\\nPlants make sugar from light.\\nPlease enable JavaScript to go on."
    >>> C4Quality().transform(Document("a", page))[0]
    'Plants make sugar from light.'
    """

    name: ClassVar[str] = "c4_quality"
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("c4_lines", "int", "Lines kept", "lines", 0),
        Signal("c4_long_word_lines", "int", "Lines removed for an overlong word", "lines", 0),
        Signal(
            "c4_unterminated_lines", "int", "Lines removed for their last character", "lines", 0
        ),
        Signal("c4_short_lines", "int", "Lines removed for too few words", "lines", 0),
        Signal("c4_javascript_lines", "int", 'Lines removed for "javascript"', "lines", 0),
        Signal("c4_policy_lines", "int", "Lines removed on cookies and terms", "lines", 0),
        Signal("c4_citations", "int", "Citation marks taken out", "marks", 0),
        Signal("c4_sentences", "int", "Sentences in the lines kept", "sentences", 0),
        Signal("lorem_ipsum", "bool", 'Whether "lorem ipsum" occurs in a line that counts'),
        Signal("curly_bracket", "bool", 'Whether "{" occurs in a line that counts'),
    )

    min_sentences: int | None = 5
    """Least sentences in the lines kept."""
    terminal_punctuation: bool = True
    """Whether a line must end with a terminal mark; FineWeb has this off."""
    terminal_marks: tuple[str, ...] = (".", "?", "!", '"', "'")
    """The terminal marks."""
    ellipsis_ends: bool = False
    """Whether "..." ends a line as a period does; in C4 it does not."""
    remove_citations: bool = True
    """Whether to take out "[1]", "[]", "[edit]" and "[citation needed]"."""
    line_min_words: int | None = 3
    """Least words a line, by white space."""
    citations_count: bool = True
    """Whether citation marks count among these words."""
    line_max_word_length: int | None = 1000
    """Most characters a word in a line."""
    remove_javascript_lines: bool = True
    """Whether to remove lines with "javascript" in any case."""
    remove_policy_lines: bool = True
    """Whether to remove lines with "privacy policy", "use cookies" and the like, in any case."""
    keep_code: bool = False
    """Whether lines of program code and of formulas stay as they are, with their indentation and
    the blank lines between them: see `webfilter.text.code_lines`. No other system does; C4's rules
    take braces and short lines out of code. And whether "x[1]", "[0]" and "[]" are code in a
    sentence, which they read as citations."""
    drop_lorem_ipsum: bool = True
    """Whether to drop pages with "lorem ipsum", in any case."""
    drop_curly_bracket: bool = True
    """Whether to drop pages with "{"."""
    words: Words = "english"
    """The tokens in which sentences are counted: see `webfilter.text.tokens`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words(self.words, self.name)

    @classmethod
    def for_language(cls, language: str, profile: str | None = None, **changes: Any) -> Self:
        """Return the stage for texts in `language`: its marks beside C4's, its words.

        A line may end with a mark of the language or a closing quote of any. Where no mark ends a
        sentence (Thai, Lao), that rule is off; where no spaces part words, so are the limits on the
        words of a line; and where the sentences cannot be counted (no marks, or marks that the
        tokenizer leaves on the word before: Armenian, Ethiopic, Burmese, Khmer and others),
        `min_sentences` is. The phrases on cookies and terms stay English. For English it is the
        stage without arguments.

        mC4 ("mT5", Xue et al. 2021) gave up the rule on marks for the same reason; FineWeb-2 leaves
        all of C4 out.

        Args:
            language: any spelling (``de``, ``deu_Latn``, ``German``).
            profile: a key of `profiles`; None is the default.
            changes: fields to set otherwise.

        Raises:
            UnknownName: the table does not have the language; carries a near match.

        >>> stage = C4Quality.for_language("hi", min_sentences=None)
        >>> stage.transform(Document("a", "पौधे प्रकाश से शर्करा बनाते हैं।\\nमुख्य पृष्ठ देखें"))[0]
        'पौधे प्रकाश से शर्करा बनाते हैं।'
        """
        facts = language_facts(language)
        settings = cls.profile(profile or next(iter(cls.profiles)))
        if facts.code == "en":
            return replace(settings, **changes)
        fitted: dict[str, Any] = {}
        if facts.terminal_marks:
            marks = (*settings.terminal_marks, *facts.terminal_marks, *_CLOSING)
            fitted["terminal_marks"] = tuple(dict.fromkeys(marks))
        else:
            fitted["terminal_punctuation"] = False
        if not facts.spaced:
            fitted |= {"line_min_words": None, "line_max_word_length": None}
        if facts.words is not None:
            fitted["words"] = facts.words
        if facts.words not in get_args(SpacedWords) and facts.segmentation != "characters":
            fitted["min_sentences"] = None
        return replace(settings, **{**fitted, **changes})

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in datatrove's order; the first one that is violated decides."""
        return (
            *limit("lorem_ipsum", le=0 if self.drop_lorem_ipsum else None),
            *limit("curly_bracket", le=0 if self.drop_curly_bracket else None),
            *limit("c4_sentences", ge=self.min_sentences),
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of the tokenizer."""
        return {"words": tokenizer_version(self.words)}

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        """Return the lines kept as one text, and the signals."""
        return self._transform_all([doc])[0]

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Transform the batch, its texts tokenized together, then judge each document."""
        rules = self.rules
        found: list[Document] = []
        for doc, (text, signals) in zip(batch, self._transform_all(batch), strict=True):
            merged = {**doc.signals, **signals}
            verdict = judge(rules, merged, self.name)
            found.append(Document(doc.id, text, doc.html, doc.url, merged, doc.meta, verdict))
        return found

    def _transform_all(self, docs: Sequence[Document]) -> list[tuple[str, dict[str, Value]]]:
        found = [self._keep_lines(doc.text) for doc in docs]
        if self.words == "nltk":
            for kept in found:
                kept.signals["c4_sentences"] = nltk_sentences(kept.text) if kept.places else 0
            return [(kept.stripped, kept.signals) for kept in found]
        # sentences are counted in lines, so those of the lines kept are known from the whole page;
        # only where a line was changed must the new text be tokenized itself
        pages = zip(docs, found, strict=True)
        counted = [doc.text if kept.whole else kept.text for doc, kept in pages]
        for doc, kept, tokens in zip(docs, found, tokenize_all(counted, self.words), strict=True):
            kept.signals["c4_sentences"] = _sentences(kept, tokens) if kept.places else 0
            if kept.whole:
                keep_parts(doc.text, kept.text, kept.places, self.words)
        return [(kept.stripped, kept.signals) for kept in found]

    def _keep_lines(self, text: str) -> _Kept:
        """Return the lines kept and all signals but the sentences."""
        causes: list[str] = []
        citations = 0
        lorem_ipsum = curly_bracket = False
        telling = _is_telling(text)
        citing = self.remove_citations and "[" in text
        citation = _NO_INDEX if self.keep_code else _CITATION
        longest = sys.maxsize if self.line_max_word_length is None else self.line_max_word_length
        fewest = self.line_min_words or 0
        terminal = self.terminal_marks if self.terminal_punctuation else None
        ellipsis = "\n" if self.ellipsis_ends else "..."  # no line ends with a newline
        lines: list[str] = []
        places: list[tuple[int, int]] = []
        after = 0
        pieces = text.splitlines(keepends=True)
        code = code_lines(pieces) if self.keep_code else [False] * len(pieces)
        for raw, is_code in zip(pieces, code, strict=True):
            line, place = raw.strip(), after
            after += len(raw)
            if is_code:
                lorem_ipsum |= _LOREM in line.lower()
                curly_bracket |= "{" in line
                lines.append(raw.rstrip())
                places.append((place, place + len(line)))
                continue
            cleaned, marks = line, 0
            if citing and "[" in line:
                cleaned, marks = citation.subn("", line)
            if len(line) > longest and max(map(len, line.split())) > longest:
                causes.append("long_word")
                continue
            if terminal is not None and (
                not cleaned.endswith(terminal) or cleaned.endswith(ellipsis)
            ):
                causes.append("unterminated")
                continue
            counted = line if self.citations_count else cleaned
            if fewest > 0 and len(counted.split(None, fewest - 1)) < fewest:
                causes.append("short")
                continue
            if telling or marks:
                lower = cleaned.lower()
                lorem_ipsum |= _LOREM in lower
                if self.remove_javascript_lines and _SCRIPT in lower:
                    causes.append("javascript")
                    continue
                curly_bracket |= "{" in cleaned
                if self.remove_policy_lines and any(phrase in lower for phrase in _POLICY):
                    causes.append("policy")
                    continue
            lines.append(cleaned)
            citations += marks
            if line and raw[0] != line[0]:
                place += len(raw) - len(raw.lstrip())
            places.append((place, place + len(line)))
        signals: dict[str, Value] = {
            "c4_lines": len(lines),
            **{f"c4_{cause}_lines": causes.count(cause) for cause in _CAUSES},
            "c4_citations": citations,
            "lorem_ipsum": lorem_ipsum,
            "curly_bracket": curly_bracket,
        }
        coded = any(code)
        whole = not citations and not coded and self.words in LOCAL
        return _Kept("\n".join(lines), signals, places, whole, coded)


@dataclass(frozen=True)
class _Kept:
    """What is left of a page."""

    text: str
    signals: dict[str, Value]
    places: list[tuple[int, int]]
    """Where each line kept stood in the page, stripped."""
    whole: bool
    """Whether their tokens are those of the page there: no citation was taken out of a line, and
    no line is code, which keeps its indentation."""
    coded: bool

    @property
    def stripped(self) -> str:
        """The text without space around, but with the indentation of code in its first line."""
        return self.text.rstrip().lstrip("\n") if self.coded else self.text.strip()


def _sentences(kept: _Kept, tokens: Tokens) -> int:
    """Return the sentences in the lines kept, out of the tokens of the page or of the new text."""
    if not kept.whole:
        return tokens.sentences
    starts = tokens.sentence_starts
    if not len(starts):
        return len(kept.places)
    inside = starts.searchsorted(np.array(kept.places, dtype=np.intp))
    return len(kept.places) + int((inside[:, 1] - inside[:, 0]).sum())


_TELLING = (b"lorem ipsum", b"javascript", b"cookie", b"privacy policy", b"terms of use")


def _is_telling(text: str) -> bool:
    """Return whether a phrase that the rules look for may be in `text`: most pages have none."""
    # bytes are lowered many times faster; beside ASCII, only the Kelvin sign lowers to ASCII
    lower = text.encode("utf-8", "surrogatepass").lower()
    return "{" in text or "\u212a" in text or any(phrase in lower for phrase in _TELLING)
