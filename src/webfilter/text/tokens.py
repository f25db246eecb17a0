"""Words of a text, by NumPy over its code points: where they are, what they are made of, their hashes.

What a word is has a name, because filters of the same name differ in nothing so much:

- ``english`` (the default): the tokens of spaCy's blank English tokenizer, which datatrove has used
  since December 2024. Punctuation is a token, contractions are two ("do", "n't"), a hyphen between
  letters is a token, addresses and numbers stay whole, abbreviations keep their period. NLTK's
  ``word_tokenize`` (datatrove before, so FineWeb) differs in hyphens, units, brackets and quotes.
  Text without spaces between words (Chinese, Japanese, Thai) is one token from mark to mark.
- ``scripts``: the same, and cut further where words are written together: every Han and Hiragana
  character, every run of Katakana and every Thai, Lao or Khmer cluster (a consonant with its vowels
  and marks) is a token. These are smaller than words (about 1.7 characters a word in Chinese, two
  clusters in Thai), so limits on counts and lengths must be set for them.
- ``whitespace``: runs between white space, as C4 and Dolma have them. (DCLM counts uniseg words
  without punctuation: not offered.)
- ``spacy``: by spaCy itself, for an exact comparison; 20 times slower. Needs the extra ``spacy``.

Most chunks between white space are plain (letters or digits, with plain punctuation at the edges) and
are cut for the whole text at once; the others are cut one by one by `webfilter.text.english`.

It does no normalization: case and form of the characters stay, so "The" is not "the".
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache, cached_property
from unicodedata import unidata_version
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError, MissingExtra
from webfilter.text.chars import (
    BLANK,
    COLON,
    DIGIT,
    DOT,
    EDGE,
    HARD,
    HEAD,
    LEAD,
    LETTER,
    SOLO,
    TO_DOT_BIT,
    UPPER_BIT,
    class_table,
)
from webfilter.text.english import cuts, specials
from webfilter.text.points import code_points, mix, powers, sum_spans

__all__ = ["Tokens", "Words", "tokenize", "tokenizer_version"]

Words: TypeAlias = Literal["english", "scripts", "whitespace", "spacy"]
"""The names of what a word can be."""

_Bools: TypeAlias = npt.NDArray[np.bool_]
_Classes: TypeAlias = npt.NDArray[np.uint16]
_Codes: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
_Hashes: TypeAlias = npt.NDArray[np.uint64]
_Places: TypeAlias = npt.NDArray[np.intp]

_BLANK = np.uint16(BLANK)
_CORE = np.uint16(LETTER | DIGIT)
_PLAIN = np.uint16(EDGE | DOT | COLON)
_MARK = np.uint16(DOT | COLON)


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of one text, in order. What is measured on them is computed when first asked for.

    >>> tokens = tokenize("Don't panic: it's 42.")
    >>> tokens.words("Don't panic: it's 42.")
    ['Do', "n't", 'panic', ':', 'it', "'s", '42', '.']
    >>> len(tokens), tokens.lengths.tolist()
    (8, [2, 3, 5, 1, 2, 2, 2, 1])
    """

    starts: _Places
    """Where each token starts in the text, in characters, shape (n,)."""
    ends: _Places
    """Where each token ends in the text, exclusive, shape (n,)."""
    codes: _Codes
    """The text's code points."""
    classes: _Classes
    """Their classes (`webfilter.text.chars`)."""

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> _Places:
        """Characters of each token, shape (n,)."""
        return self.ends - self.starts

    @cached_property
    def offsets(self) -> _Places:
        """Characters in the first 0, 1, ... n tokens together, shape (n + 1,)."""
        found = np.zeros(len(self) + 1, dtype=np.intp)
        np.cumsum(self.lengths, out=found[1:])
        return found

    @cached_property
    def kinds(self) -> _Classes:
        """Union of the classes in each token, shape (n,). `BLANK` may be among them: ignore it."""
        if not len(self):
            return np.zeros(0, dtype=np.uint16)
        found: _Classes = np.bitwise_or.reduceat(self.classes, self.starts)
        return found

    @cached_property
    def _polynomials(self) -> _Hashes:
        return sum_spans(self.codes, self.starts, self.ends)

    @cached_property
    def hashes(self) -> _Hashes:
        """64-bit hash of each token, as `hash_spans` gives it, shape (n,)."""
        return mix(self._polynomials.copy())

    def ngrams(self, count: int) -> _Hashes:
        """Return a hash of each run of `count` tokens, shape (n - count + 1,), empty if too few."""
        size = max(0, len(self) - count + 1)
        found = np.zeros(size, dtype=np.uint64)
        for k, factor in enumerate(powers(count).tolist()):
            found += self.hashes[k : k + size] * np.uint64(factor)
        return found

    @cached_property
    def _joined(self) -> tuple[_Hashes, _Hashes]:
        total = int(self.offsets[-1])
        sums = np.zeros(len(self) + 1, dtype=np.uint64)
        np.cumsum(self._polynomials * powers(total + 1)[self.offsets[:-1]], out=sums[1:])
        return sums, powers(total + 1, inverse=True)[self.offsets[:-1]]

    def joined(self, count: int) -> _Hashes:
        """Return a hash of each run of `count` tokens written without separator.

        It is of the characters alone: ("ab", "c") and ("a", "bc") have the same. Shape
        (n - count + 1,), empty if there are too few tokens.
        """
        if len(self) < count:
            return np.zeros(0, dtype=np.uint64)
        sums, origin = self._joined
        found: _Hashes = sums[count:] - sums[:-count]
        found *= origin[: len(found)]
        return found

    def words(self, text: str) -> list[str]:
        """Return the tokens as strings, out of the `text` that they are of."""
        bounds = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        return [text[start:end] for start, end in bounds]


def _after(mask: _Bools, first: bool = False) -> _Bools:
    """Return whether `mask` holds for the character before; `first` for the first one."""
    found = np.empty_like(mask)
    found[:1] = first
    found[1:] = mask[:-1]
    return found


def _key(first: _Codes, second: _Codes, last: _Codes, length: _Places) -> npt.NDArray[np.uint32]:
    """Return a number below 2**16 from three characters of a word and its length."""
    found = first.astype(np.uint32) * np.uint32(0x9E3779B1)
    found += second.astype(np.uint32) * np.uint32(0x85EBCA77)
    found += last.astype(np.uint32) * np.uint32(0xC2B2AE3D)
    found += length.astype(np.uint32) * np.uint32(0x27D4EB2F)
    return found >> np.uint32(16)


@cache
def _sieve() -> _Bools:
    """Return which keys a run of letters may have that is an exception, alone or with a period."""
    names = {name.removesuffix(".") for name in specials()}
    names = {name for name in names if len(name) > 1 and name.isalpha()}
    codes = [code_points(name[:2] + name[-1]) for name in sorted(names)]
    lengths = np.array([len(name) for name in sorted(names)])
    found = np.zeros(1 << 16, dtype=np.bool_)
    found[_key(*np.stack(codes, axis=1), lengths)] = True
    return found


def _unclear(
    codes: _Codes, classes: _Classes, plain: _Bools, firsts: _Bools, chunks: _Places
) -> _Places:
    """Return places, one at least in each chunk that the plain rule must not cut.

    The plain rule: a chunk is one run of letters, or of digits, with punctuation of class EDGE at
    either end, and perhaps one final period or colon; every mark is a token. `firsts` says which
    characters are the first of their chunk, `chunks` where those are.
    """
    size = len(classes)
    padded = np.zeros(size + 4, dtype=np.uint16)
    padded[2:-2] = classes
    found = [np.flatnonzero(classes & np.uint16(HARD))]
    marks = np.flatnonzero(classes & _MARK)
    if len(marks):
        here, before, after = classes[marks], padded[marks + 1], padded[marks + 3]
        dot = ((before & np.uint16(TO_DOT_BIT)) | (before & padded[marks] & np.uint16(UPPER_BIT))) != 0
        dot &= (before & _MARK) | (after & (_CORE | _MARK)) == 0
        colon = ((before & _CORE) != 0) & ((after == 0) | ((after & _BLANK) != 0))
        found.append(marks[~np.where(here & np.uint16(DOT), dot, colon)])
    inner = classes & _CORE
    core = inner != 0
    begins = np.flatnonzero(core & ~_after(core))
    core_after = np.zeros_like(core)
    core_after[:-1] = core[1:]
    last = np.flatnonzero(core & ~core_after)
    # an exception ("cannot", "Mr."), or one character with a mark beside it ("8)", "a.")
    second = codes[np.minimum(begins + 1, size - 1)]
    found.append(begins[_sieve()[_key(codes[begins], second, codes[last], last - begins + 1)]])
    beside = ((padded[begins + 1] | padded[last + 3]) & _PLAIN) != 0
    found.append(begins[beside & (begins == last)])
    # letters beside digits; two runs in a chunk; marks and no run
    found.append(np.flatnonzero((inner[1:] | inner[:-1]) == _CORE))
    later = np.flatnonzero(~firsts[begins])
    later = later[later > 0]
    chunk = chunks[np.searchsorted(chunks, begins[later], side="right") - 1]
    found.append(begins[later[chunk <= begins[later - 1]]])
    leading = chunks[plain[chunks]]
    found.append(leading[(padded[leading + 3] & _CORE) == 0])
    return np.concatenate(found)


def _english(text: str, codes: _Codes, classes: _Classes, blank: _Bools) -> _Bools:
    """Return at which characters a token starts: plain chunks at once, the others by rule."""
    after_blank = _after(blank, first=True)
    found: _Bools = after_blank & ~blank
    chunks = np.flatnonzero(found)
    plain = (classes & _PLAIN) != 0
    hard = np.zeros(len(chunks), dtype=np.bool_)
    places = _unclear(codes, classes, plain, found, chunks)
    hard[np.searchsorted(chunks, places, side="right") - 1] = True
    cut = np.flatnonzero((plain | _after(plain)) & ~(after_blank | blank))
    found[cut[~hard[np.searchsorted(chunks, cut, side="right") - 1]]] = True
    starts, ends = chunks[hard], _ends(blank, blank)[hard]
    extra = [
        start + place
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        for place in cuts(text[start:end])
    ]
    found[extra] = True
    return found


def _ends(blank: _Bools, stops: _Bools) -> _Places:
    """Return the places after the ink that `stops` (or the end of the text) ends."""
    found: _Places = np.flatnonzero(stops[1:] & ~blank[:-1]) + 1
    return found if blank[-1] else np.append(found, len(blank))


def _scripts(classes: _Classes) -> _Bools:
    """Return at which characters text without spaces is cut, by script."""
    solo = (classes & np.uint16(SOLO)) != 0
    head = (classes & np.uint16(HEAD)) != 0
    lead = (classes & np.uint16(LEAD)) != 0
    found: _Bools = solo | _after(solo) | (head & ~_after(lead))
    return found


def _tokenize(text: str, words: Words) -> Tokens:
    codes: _Codes = code_points(text)
    if text.isascii():
        codes = np.frombuffer(text.encode(), dtype=np.uint8)
    classes = class_table().take(codes)
    blank = (classes & _BLANK) != 0
    if blank.all():
        none = np.zeros(0, dtype=np.intp)
        return Tokens(none, none, codes, classes)
    if words == "spacy":
        found = np.zeros(len(blank), dtype=np.bool_)
        found[_spacy_starts(text)] = True
    elif words == "whitespace":
        found = _after(blank, first=True) & ~blank
    else:
        found = _english(text, codes, classes, blank)
        if words == "scripts":
            found |= _scripts(classes) & ~blank
    return Tokens(np.flatnonzero(found), _ends(blank, blank | found), codes, classes)


@cache
def _spacy() -> Any:
    try:
        import spacy
    except ImportError:
        raise MissingExtra('words="spacy"', "spacy") from None
    return spacy.blank("en")


def _spacy_starts(text: str) -> list[int]:
    safe = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate becomes "?"
    doc = _spacy().tokenizer(safe)
    return [token.idx for token in doc if not token.is_space]


class _Recent:
    """The tokens of recent texts, so that stages that follow each other share them.

    Bounded by texts and by characters. It changes no result: tokens are a function of the text.
    """

    def __init__(self, texts: int, characters: int) -> None:
        self._texts, self._characters = texts, characters
        self._held = 0
        self._tokens: OrderedDict[tuple[str, str], Tokens] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str, words: Words) -> Tokens:
        key = (text, words)
        with self._lock:
            tokens = self._tokens.get(key)
            if tokens is not None:
                self._tokens.move_to_end(key)
                return tokens
        tokens = _tokenize(text, words)
        with self._lock:
            if key not in self._tokens and len(text) <= self._characters:
                self._tokens[key] = tokens
                self._held += len(text)
                while len(self._tokens) > self._texts or self._held > self._characters:
                    (old, _), _ = self._tokens.popitem(last=False)
                    self._held -= len(old)
        return tokens


_recent = _Recent(texts=256, characters=4_000_000)


def tokenize(text: str, words: Words = "english") -> Tokens:
    """Return the tokens of `text`. Those of recent texts are remembered, within bounds.

    Raises:
        ConfigError: `words` is not one of `Words`.
        MissingExtra: `words` is ``"spacy"`` and spaCy is not installed.

    >>> text = "The U.S. spends $3.50 (e.g. in 2010)."
    >>> tokenize(text).words(text)
    ['The', 'U.S.', 'spends', '$', '3.50', '(', 'e.g.', 'in', '2010', ')', '.']
    >>> tokenize(text, "whitespace").words(text)
    ['The', 'U.S.', 'spends', '$3.50', '(e.g.', 'in', '2010).']
    """
    if words not in get_args(Words):
        known = ", ".join(map(repr, get_args(Words)))
        raise ConfigError(f"words = {words!r} does not fit; it takes one of {known}")
    return _recent.get(text, words)


def tokenizer_version(words: Words) -> str:
    """Return what the tokens depend on beside the text, for a stage's artifacts.

    >>> tokenizer_version("whitespace").split()[0]
    'whitespace-1'
    """
    if words == "spacy":
        return f"spacy {_spacy().meta['spacy_version']}"
    return f"{words}-1 unicode {unidata_version}"
