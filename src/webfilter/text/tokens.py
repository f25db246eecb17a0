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
from collections.abc import Callable, Sequence
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
    kind_table,
)
from webfilter.text.english import cuts, specials
from webfilter.text.points import code_points, mix, powers, sum_spans

__all__ = ["Tokens", "Words", "tokenize", "tokenize_lines", "tokenizer_version"]

Words: TypeAlias = Literal["english", "scripts", "whitespace", "spacy"]
"""The names of what a word can be."""

_Bools: TypeAlias = npt.NDArray[np.bool_]
_Classes: TypeAlias = npt.NDArray[np.uint16]
_Codes: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
_Hashes: TypeAlias = npt.NDArray[np.uint64]
_Kinds: TypeAlias = npt.NDArray[np.uint8]
_Places: TypeAlias = npt.NDArray[np.intp]

_CORE = LETTER | DIGIT
_PLAIN = EDGE | DOT | COLON
_MARK = DOT | COLON


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
    def classes(self) -> _Classes:
        """Classes (`webfilter.text.chars`) of each character of the text."""
        return class_table().take(self.codes)

    @cached_property
    def contents(self) -> _Classes:
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


def _keys(codes: _Codes, starts: _Places, ends: _Places) -> npt.NDArray[np.uint32]:
    """Return a number below 2**17 for each word, from four of its characters and its length."""
    found = (ends - starts).astype(np.uint32) * np.uint32(0x27D4EB2F)
    places = (starts, np.minimum(starts + 2, ends - 1), np.maximum(ends - 2, starts), ends - 1)
    for place, factor in zip(places, (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x165667B1), strict=True):
        found += codes[place].astype(np.uint32) * np.uint32(factor)
    return found >> np.uint32(15)


@cache
def _sieve() -> _Bools:
    """Return which keys a run of letters may have that is an exception, alone or with a period."""
    names = {name.removesuffix(".") for name in specials()}
    ordered = sorted(name for name in names if len(name) > 1 and name.isalpha())
    ends = np.cumsum([len(name) for name in ordered])
    starts = ends - np.array([len(name) for name in ordered])
    found = np.zeros(1 << 17, dtype=np.bool_)
    found[_keys(code_points("".join(ordered)), starts, ends)] = True
    return found


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of characters of one kind (the low classes exclude each other), shape (r,) each."""

    starts: _Places
    ends: _Places
    kinds: _Kinds
    before: _Kinds
    """Kind of the run before; `BLANK` at the start of the text."""
    after: _Kinds
    """Kind of the run after; `BLANK` at the end of the text."""
    chunks: _Places
    """Number of the chunk (the characters up to white space) that the run is in."""

    @classmethod
    def of(cls, codes: _Codes) -> _Runs:
        found = kind_table().take(codes)
        changes = np.flatnonzero(found[1:] != found[:-1])
        bounds = np.empty(len(changes) + 2, dtype=np.intp)
        bounds[0], bounds[-1] = 0, len(found)
        np.add(changes, 1, out=bounds[1:-1])
        padded = np.full(len(bounds) + 1, BLANK, dtype=np.uint8)
        kinds = padded[1:-1]
        kinds[:] = found[bounds[:-1]]
        chunks = np.cumsum(kinds == BLANK)
        return cls(bounds[:-1], bounds[1:], kinds, padded[:-2], padded[2:], chunks)


def _unclear(codes: _Codes, runs: _Runs) -> _Bools:
    """Return which runs the plain rule must not cut, and so not the chunk that they are in.

    The plain rule: a chunk is one run of letters, or of digits, with punctuation of class EDGE at
    either end, and perhaps one final period or colon; every mark is a token.
    """
    kinds, before, after = runs.kinds, runs.before, runs.after
    core = (kinds & _CORE) != 0
    single = runs.ends - runs.starts == 1
    found = (kinds == HARD) | ((kinds | after) == _CORE)
    # one character with a mark beside it ("8)", "a."), marks without a core
    found |= core & single & (((before | after) & _PLAIN) != 0)
    found |= (before == BLANK) & ((kinds & _PLAIN) != 0) & ~(single & ((after & _CORE) != 0))
    marks = np.flatnonzero(kinds & _MARK)
    if len(marks):
        found[marks] = ~_is_final(codes, runs, marks) | ~single[marks]
    # an exception ("cannot", "Mr."); two cores in a chunk
    cores = np.flatnonzero(core)
    found[cores[_sieve()[_keys(codes, runs.starts[cores], runs.ends[cores])]]] = True
    chunks = runs.chunks[cores]
    found[cores[1:][chunks[1:] == chunks[:-1]]] = True
    return found


def _is_final(codes: _Codes, runs: _Runs, marks: _Places) -> _Bools:
    """Return which of the runs `marks` (periods, colons) split off at the end of their chunk."""
    before, after, starts = runs.before[marks], runs.after[marks], runs.starts[marks]
    one = class_table()[codes[np.maximum(starts - 1, 0)]]
    two = class_table()[codes[np.maximum(starts - 2, 0)]]
    dot = ((one & TO_DOT_BIT) | (one & two & UPPER_BIT)) != 0
    dot &= (before & (BLANK | _MARK) | after & (_CORE | _MARK)) == 0
    colon = ((before & _CORE) != 0) & (after == BLANK)
    found: _Bools = np.where(runs.kinds[marks] == DOT, dot, colon)
    return found


def _english(text: str, codes: _Codes) -> tuple[_Places, _Places]:
    """Return where tokens start and end: plain chunks at once, the others by rule."""
    runs = _Runs.of(codes)
    hard = np.zeros(int(runs.chunks[-1]) + 1, dtype=np.bool_)
    hard[runs.chunks[_unclear(codes, runs)]] = True
    ruled = hard[runs.chunks]
    ink = runs.kinds != BLANK
    plain = ink & ~ruled
    ruled &= ink
    more_starts: list[int] = []
    more_ends: list[int] = []
    first = runs.starts[ruled & (runs.before == BLANK)].tolist()
    last = runs.ends[ruled & (runs.after == BLANK)].tolist()
    for start, end in zip(first, last, strict=True):
        places = [start + place for place in cuts(text[start:end])]
        more_starts += [start, *places]
        more_ends += [*places, end]
    several = plain & (runs.kinds == EDGE) & (runs.ends - runs.starts > 1)
    if several.any():
        for start, end in zip(
            runs.starts[several].tolist(), runs.ends[several].tolist(), strict=True
        ):
            more_starts.extend(range(start + 1, end))
            more_ends.extend(range(start + 1, end))
    starts = np.concatenate((runs.starts[plain], np.array(more_starts, dtype=np.intp)))
    ends = np.concatenate((runs.ends[plain], np.array(more_ends, dtype=np.intp)))
    starts.sort()
    ends.sort()
    return starts, ends


def _after(mask: _Bools) -> _Bools:
    """Return whether `mask` holds for the character before."""
    found = np.zeros_like(mask)
    found[1:] = mask[:-1]
    return found


def _scripts(text: str, codes: _Codes) -> tuple[_Places, _Places]:
    """Return where tokens start and end, cut further where a script has no spaces."""
    classes = class_table().take(codes)
    solo = (classes & SOLO) != 0
    head = (classes & HEAD) != 0
    lead = (classes & LEAD) != 0
    further = (solo | _after(solo) | (head & ~_after(lead))) & ((classes & BLANK) == 0)
    starts, ends = _english(text, codes)
    first, last = np.zeros(len(codes) + 1, dtype=np.bool_), np.zeros(len(codes) + 1, dtype=np.bool_)
    first[starts] = last[ends] = True
    inside = np.flatnonzero(further & ~first[:-1])
    first[inside] = last[inside] = True
    return np.flatnonzero(first), np.flatnonzero(last)


def _whitespace(text: str, codes: _Codes) -> tuple[_Places, _Places]:
    runs = _Runs.of(codes)
    ink = runs.kinds != BLANK
    starts = runs.starts[ink & (runs.before == BLANK)]
    return starts, runs.ends[ink & (runs.after == BLANK)]


@cache
def _spacy() -> Any:
    try:
        import spacy
    except ImportError:
        raise MissingExtra('words="spacy"', "spacy") from None
    return spacy.blank("en")


def _by_spacy(text: str, codes: _Codes) -> tuple[_Places, _Places]:
    safe = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate becomes "?"
    doc = _spacy().tokenizer(safe)
    starts = [token.idx for token in doc if not token.is_space]
    lengths = [len(token) for token in doc if not token.is_space]
    found = np.array(starts, dtype=np.intp)
    return found, found + np.array(lengths, dtype=np.intp)


_CUTTERS: dict[str, Callable[[str, _Codes], tuple[_Places, _Places]]] = {
    "english": _english,
    "scripts": _scripts,
    "whitespace": _whitespace,
    "spacy": _by_spacy,
}


def _codes(text: str) -> _Codes:
    return np.frombuffer(text.encode(), dtype=np.uint8) if text.isascii() else code_points(text)


def _tokenize(text: str, words: Words) -> Tokens:
    codes = _codes(text)
    if not len(codes):
        none = np.zeros(0, dtype=np.intp)
        return Tokens(none, none, codes)
    return Tokens(*_CUTTERS[words](text, codes), codes)


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
    tokens = _recent.get(text, words)
    if tokens is None:
        tokens = _tokenize(text, words)
        _recent.put(text, words, tokens)
    return tokens


def tokenize_lines(
    text: str, starts: Sequence[int], ends: Sequence[int], words: Words = "english"
) -> Tokens:
    """Return the tokens of the lines ``text[start:end]`` joined by newlines.

    For a text that was made by dropping lines: the tokens of `text` are reused, and those of the
    result remembered, so that it costs little. Spans are in order and begin and end at white space
    or an end of `text`.

    >>> tokens = tokenize_lines("Home\\nTea is hot.\\nMore", [5], [16])
    >>> tokens.words("Tea is hot.")
    ['Tea', 'is', 'hot', '.']
    """
    joined = "\n".join(text[start:end] for start, end in zip(starts, ends, strict=True))
    tokens = _recent.get(joined, words)
    if tokens is not None or words == "spacy" or not joined:
        return tokenize(joined, words) if tokens is None else tokens
    whole = tokenize(text, words)
    begins, stops = np.array(starts, dtype=np.intp), np.array(ends, dtype=np.intp)
    low, high = np.searchsorted(whole.starts, begins), np.searchsorted(whole.starts, stops)
    counts = high - low
    placed = np.concatenate(([0], np.cumsum(stops - begins + 1)[:-1]))
    index = np.arange(counts.sum()) + np.repeat(low - np.cumsum(counts) + counts, counts)
    moved = np.repeat(placed - begins, counts)
    tokens = Tokens(whole.starts[index] + moved, whole.ends[index] + moved, _codes(joined))
    _recent.put(joined, words, tokens)
    return tokens


def tokenizer_version(words: Words) -> str:
    """Return what the tokens depend on beside the text, for a stage's artifacts.

    >>> tokenizer_version("whitespace").split()[0]
    'whitespace-1'
    """
    if words == "spacy":
        return f"spacy {_spacy().meta['spacy_version']}"
    return f"{words}-1 unicode {unidata_version}"
