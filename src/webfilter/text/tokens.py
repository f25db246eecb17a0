"""Words of a text, by NumPy over its code points: where they are, what is in them, their hashes.

What a word is has a name, because filters of the same name differ in nothing so much:

- ``english`` (the default): the tokens of spaCy's blank English tokenizer, which datatrove has used
  since December 2024. Punctuation is a token, contractions are two ("do", "n't"), a hyphen between
  letters is a token, addresses and numbers stay whole, abbreviations keep their period. Text
  without spaces between words (Chinese, Japanese, Thai) is one token from mark to mark.
- ``spaced``: for other languages that part words by spaces: the tokens of spaCy's multi-language
  class ("xx"), which are those of ``english`` without its list of contractions and abbreviations
  ("im" and "dont" are one word, "ca." is two tokens); of the list, emoticons and single letters
  with a period stay. A hyphen between a digit and a letter parts nothing.
- ``hyphenated``: as ``spaced``, but a hyphen between letters parts nothing, either ("E-Mail"), as
  in spaCy's tokenizers of German, Spanish, Swedish and others; dashes and several hyphens do.
- ``elided``: as ``hyphenated``, and an apostrophe between letters ends a token ("l'", "homme"), as
  in spaCy's French, Italian and Catalan.
- ``scripts``: as ``english``, and cut further where words are written together: every Han and
  Hiragana character, every run of Katakana and every Thai, Lao or Khmer cluster (a consonant with
  its vowels and marks) is a token. These are smaller than words, so limits must be set for them.
- ``unicode``: the segments of Unicode's word boundaries (UAX #29, Unicode 16) that begin with a
  letter or digit: ``uniseg``'s words without punctuation, as DCLM's repetition filters have counted
  since June 2024. Contractions and decimals stay whole, a hyphen parts, punctuation and emoji are
  no tokens, nor is what begins with "_". Han, Hiragana and Thai fall into single characters, so
  limits must be set for them.
- ``whitespace``: runs between white space, as C4 and Dolma have them (and, it seems, the Gopher
  paper), and the other filters of DCLM (which counts only those that begin with a letter or digit
  for the length).
- ``nltk``: NLTK's ``word_tokenize`` with its English punkt model, which datatrove used until
  December 2024, and so FineWeb. It differs from ``english`` in hyphens and units (not split),
  periods within a line (kept on the word unless a sentence ends), brackets and quotes: a straight
  double quote counts as two characters and differs as it opens or closes. Much slower. Needs the
  extra ``nltk`` and the model: see `webfilter.text.treebank`.
- ``spacy``: by spaCy itself, for an exact comparison, and much slower. Needs the extra ``spacy``.

Where punctuation is no token (``unicode``, ``whitespace``), sentences are counted in ``english``
tokens.

Nothing is normalized: case and form of the characters stay, so "The" is not "the".
"""

from __future__ import annotations

import importlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib.util import find_spec
from itertools import accumulate
from typing import Any, Literal, TypeAlias, get_args
from unicodedata import unidata_version

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError, MissingExtra
from webfilter.text.chars import class_table
from webfilter.text.manners import SpacedWords
from webfilter.text.points import code_points, mix, sum_spans, union_spans
from webfilter.text.segments import unicode_spans
from webfilter.text.sentences import sentence_starts
from webfilter.text.spans import (
    Classes,
    Codes,
    Places,
    english_spans,
    scripts_spans,
    whitespace_spans,
)
from webfilter.text.treebank import nltk_spans, nltk_tokenizer, nltk_version

__all__ = [
    "Tokens",
    "Words",
    "check_words",
    "forget",
    "recall",
    "remember",
    "tokenize",
    "tokenize_all",
    "tokenizer_version",
]

Words: TypeAlias = Literal[SpacedWords, "scripts", "unicode", "whitespace", "nltk", "spacy"]
"""The names of what a word can be."""

_Hashes: TypeAlias = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class _Cut:
    """One text, or several with a newline between, cut and measured together."""

    starts: Places
    ends: Places
    codes: Codes
    classes: Classes
    unmarked: bool = False
    """Whether punctuation is no token of its own, so that sentences are found in others."""
    rewritten: str | None = None
    """The text that all else is of, where it is not the one that came in."""

    @cached_property
    def lengths(self) -> Places:
        return self.ends - self.starts

    @cached_property
    def contents(self) -> Classes:
        return union_spans(self.classes, self.starts, self.ends)

    @cached_property
    def sums(self) -> _Hashes:
        return sum_spans(self.codes, self.starts, self.ends)

    @cached_property
    def hashes(self) -> _Hashes:
        return mix(self.sums.copy())

    @cached_property
    def sentence_starts(self) -> Places:
        starts, ends, contents = self.starts, self.ends, self.contents
        if self.unmarked:
            text = self.codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
            starts, ends = english_spans(text, self.codes, self.classes)
            contents = union_spans(self.classes, starts, ends)
        return sentence_starts(self.codes, self.classes, starts, ends, contents)


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of one text, in order. What is measured on them is computed when first asked for.

    >>> tokens = tokenize("Don't panic: it's 42.")
    >>> tokens.words("Don't panic: it's 42.")
    ['Do', "n't", 'panic', ':', 'it', "'s", '42', '.']
    >>> len(tokens), tokens.lengths.tolist()
    (8, [2, 3, 5, 1, 2, 2, 2, 1])
    """

    _cut: _Cut
    """What this text was cut together with: measured together, once."""
    _first: int
    """Which token there is the first of these."""
    _last: int
    """Which token there is the first that is not of these any more."""
    _place: int
    """Where this text starts there, in characters."""
    _size: int
    """How many characters it has."""

    @classmethod
    def cut(cls, text: str, starts: Places, ends: Places, words: Words) -> Tokens:
        """Return the tokens of `text` that are known to start and end there."""
        codes = _codes(text)
        cut = _Cut(starts, ends, codes, class_table().take(codes), unmarked=words in _UNMARKED)
        return cls(cut, 0, len(starts), 0, len(codes))

    def __len__(self) -> int:
        return self._last - self._first

    @property
    def starts(self) -> Places:
        """Where each token starts in the text, in characters, shape (n,)."""
        return self._cut.starts[self._first : self._last] - self._place

    @property
    def ends(self) -> Places:
        """Where each token ends in the text, exclusive, shape (n,)."""
        return self._cut.ends[self._first : self._last] - self._place

    @property
    def codes(self) -> Codes:
        """The text's code points."""
        return self._cut.codes[self._place : self._place + self._size]

    @property
    def lengths(self) -> Places:
        """Characters of each token, shape (n,)."""
        return self._cut.lengths[self._first : self._last]

    @property
    def contents(self) -> Classes:
        """Union of the classes (`webfilter.text.chars`) in each token, shape (n,)."""
        return self._cut.contents[self._first : self._last]

    @property
    def sums(self) -> _Hashes:
        """Polynomial of each token, as `sum_spans` gives it, shape (n,)."""
        return self._cut.sums[self._first : self._last]

    @property
    def hashes(self) -> _Hashes:
        """64-bit hash of each token, as `hash_spans` gives it, shape (n,)."""
        return self._cut.hashes[self._first : self._last]

    @property
    def sentence_starts(self) -> Places:
        """Where sentences start, in characters, but for the first of each line; shape (s,)."""
        found = self._cut.sentence_starts
        first, last = found.searchsorted((self._place, self._place + self._size)).tolist()
        return found[first:last] - self._place

    @property
    def sentences(self) -> int:
        """Sentences of the text (`webfilter.text.sentences`): at least one a line, blank or not.

        >>> tokenize("Dr. Smith left. She was late!\\nA heading").sentences
        3
        """
        return len(self.sentence_starts) + int(np.count_nonzero(self.codes == 10)) + 1

    def words(self, text: str) -> list[str]:
        """Return the tokens as strings, out of the `text` that came in."""
        text = text if self._cut.rewritten is None else self._cut.rewritten
        bounds = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        return [text[start:end] for start, end in bounds]


def check_words(words: Words, stage: str = "") -> None:
    """Raise what `tokenize` would raise for `words`, before there is a text.

    Args:
        words: as for `tokenize`.
        stage: who asks, as errors name it.

    Raises:
        MissingExtra: `words` is ``"spacy"`` or ``"nltk"`` and that is not installed.
        ConfigError: `words` is ``"nltk"`` and NLTK's English punkt model is not on this machine.
    """
    what = f"{stage and stage + ': '}words = {words!r}"
    if words in ("spacy", "nltk") and find_spec(words) is None:
        raise MissingExtra(what, words)
    if words == "nltk":
        nltk_tokenizer(what)


@cache
def _spacy() -> Any:
    check_words("spacy")
    return importlib.import_module("spacy").blank("en")


def _by_spacy(text: str, codes: Codes, classes: Classes) -> tuple[Places, Places]:
    safe = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate becomes "?"
    doc = _spacy().tokenizer(safe)
    starts = [token.idx for token in doc if not token.is_space]
    lengths = [len(token) for token in doc if not token.is_space]
    found = np.array(starts, dtype=np.intp)
    return found, found + np.array(lengths, dtype=np.intp)


_CUTTERS: dict[str, Callable[[str, Codes, Classes], tuple[Places, Places]]] = {
    "english": english_spans,
    "spaced": partial(english_spans, words="spaced"),
    "hyphenated": partial(english_spans, words="hyphenated"),
    "elided": partial(english_spans, words="elided"),
    "scripts": scripts_spans,
    "unicode": unicode_spans,
    "whitespace": whitespace_spans,
    "spacy": _by_spacy,
}


_UNMARKED = ("unicode", "whitespace")


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode(), dtype=np.uint8) if text.isascii() else code_points(text)


def _cut(text: str, words: Words) -> _Cut:
    if not text:
        none = np.zeros(0, dtype=np.intp)
        return _Cut(none, none, _codes(text), np.zeros(0, dtype=np.uint16))
    if words == "nltk":
        text, starts, ends = nltk_spans(text)
        codes = _codes(text)
        return _Cut(starts, ends, codes, class_table().take(codes), rewritten=text)
    codes = _codes(text)
    classes = class_table().take(codes)
    starts, ends = _CUTTERS[words](text, codes, classes)
    return _Cut(starts, ends, codes, classes, unmarked=words in _UNMARKED)


def _tokens(text: str, words: Words) -> Tokens:
    cut = _cut(text, words)
    return Tokens(cut, 0, len(cut.starts), 0, len(cut.codes))


_TOGETHER = 120_000  # characters cut at once: more would leave the processor's cache


def _groups(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield `texts` in groups of about `_TOGETHER` characters."""
    group: list[str] = []
    size = 0
    for text in texts:
        if group and size + len(text) > _TOGETHER:
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text) + 1
    if group:
        yield group


def _tokens_together(texts: list[str], words: Words) -> list[Tokens]:
    """Return the tokens of each text, cut in one pass over all: white space parts texts, too."""
    if len(texts) == 1 or words in ("nltk", "spacy"):
        return [_tokens(text, words) for text in texts]
    cut = _cut("\n".join(texts), words)
    sizes = [len(text) for text in texts]
    places = list(accumulate(sizes, lambda place, size: place + size + 1, initial=0))
    firsts = np.searchsorted(cut.starts, places).tolist()
    return [Tokens(cut, *part) for part in zip(firsts, firsts[1:], places, sizes, strict=False)]


class _Recent:
    """The tokens of recent texts, so that stages that follow each other share them.

    Bounded by texts and by characters. It changes no result: tokens are a function of the text.
    """

    def __init__(self, texts: int, characters: int) -> None:
        self._texts, self._characters = texts, characters
        self._held = 0
        self._tokens: OrderedDict[tuple[str, str], Tokens] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str, words: Words) -> Tokens | None:
        with self._lock:
            tokens = self._tokens.get((text, words))
            if tokens is not None:
                self._tokens.move_to_end((text, words))
            return tokens

    def put(self, text: str, words: Words, tokens: Tokens) -> None:
        with self._lock:
            if (text, words) in self._tokens or len(text) > self._characters:
                return
            self._tokens[text, words] = tokens
            self._held += len(text)
            while len(self._tokens) > self._texts or self._held > self._characters:
                (old, _), _ = self._tokens.popitem(last=False)
                self._held -= len(old)

    def clear(self) -> None:
        with self._lock:
            self._tokens.clear()
            self._held = 0


_recent = _Recent(texts=512, characters=3_000_000)


def recall(text: str, words: Words) -> Tokens | None:
    """Return the tokens of `text` if they are remembered."""
    return _recent.get(text, words)


def remember(text: str, words: Words, tokens: Tokens) -> None:
    """Remember the tokens of `text`, as `tokenize` does."""
    _recent.put(text, words, tokens)


def forget() -> None:
    """Forget all tokens, so that the next stage pays for them as the first one does."""
    _recent.clear()


def tokenize(text: str, words: Words = "english") -> Tokens:
    """Return the tokens of `text`. Those of recent texts are remembered, within bounds.

    Raises:
        ConfigError: `words` is not one of `Words`, or as `check_words` raises it.
        MissingExtra: as `check_words` raises it.

    >>> text = "The U.S. spends $3.50 (e.g. in 2010)."
    >>> tokenize(text).words(text)
    ['The', 'U.S.', 'spends', '$', '3.50', '(', 'e.g.', 'in', '2010', ')', '.']
    >>> tokenize(text, "whitespace").words(text)
    ['The', 'U.S.', 'spends', '$3.50', '(e.g.', 'in', '2010).']
    >>> tokenize(text, "unicode").words(text)
    ['The', 'U.S', 'spends', '3.50', 'e.g', 'in', '2010']
    """
    return tokenize_all([text], words)[0]


def tokenize_all(texts: Sequence[str], words: Words = "english") -> list[Tokens]:
    """Return the tokens of each of `texts`: as `tokenize` does, faster for many short ones.

    >>> [len(tokens) for tokens in tokenize_all(["Tea is hot.", "", "So?"])]
    [4, 0, 2]
    """
    if words not in get_args(Words):
        known = ", ".join(map(repr, get_args(Words)))
        raise ConfigError(f"words = {words!r} does not fit; it takes one of {known}")
    found = {text: _recent.get(text, words) for text in texts}
    for group in _groups([text for text, tokens in found.items() if tokens is None]):
        for text, tokens in zip(group, _tokens_together(group, words), strict=True):
            found[text] = tokens
            _recent.put(text, words, tokens)
    return [tokens for tokens in map(found.get, texts) if tokens is not None]


def tokenizer_version(words: Words) -> str:
    """Return what the tokens depend on beside the text, for a stage's artifacts.

    >>> tokenizer_version("whitespace").split()[0]
    'whitespace-1'
    """
    if words == "spacy":
        return f"spacy {_spacy().meta['spacy_version']}"
    if words == "nltk":
        return f"nltk {nltk_version()}"
    return f"{words}-1 unicode {unidata_version}"
