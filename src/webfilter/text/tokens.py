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
from webfilter.text.points import code_points, hash_spans, mix, powers

__all__ = ["Tokens", "Words", "tokenize", "tokenizer_version"]

Words: TypeAlias = Literal["english", "scripts", "whitespace", "spacy"]
"""The names of what a word can be."""

_Bools: TypeAlias = npt.NDArray[np.bool_]
_Places: TypeAlias = npt.NDArray[np.intp]
_Hashes: TypeAlias = npt.NDArray[np.uint64]

_CORE = np.uint16(LETTER | DIGIT)
_PLAIN = np.uint16(EDGE | DOT | COLON)


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of one text, in order. Arrays are read-only; hashes are computed when asked for.

    >>> tokens = tokenize("Don't panic: it's 42.")
    >>> tokens.words("Don't panic: it's 42.")
    ['Do', "n't", 'panic', ':', 'it', "'s", '42', '.']
    >>> len(tokens), tokens.lengths.tolist()
    (8, [2, 3, 5, 1, 2, 2, 2, 1])
    """

    starts: _Places
    """Where each token starts in the text, in characters, shape (n,)."""
    lengths: _Places
    """Characters of each token, shape (n,)."""
    classes: npt.NDArray[np.uint16]
    """Union of the character classes (`webfilter.text.chars`) in each token, shape (n,)."""
    sums: _Hashes
    """Polynomial sums over the characters of the first 0, 1, ... n tokens, shape (n + 1,)."""

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def ends(self) -> _Places:
        """Where each token ends in the text, exclusive, shape (n,)."""
        return self.starts + self.lengths

    @cached_property
    def offsets(self) -> _Places:
        """Characters in the first 0, 1, ... n tokens together, shape (n + 1,)."""
        found = np.zeros(len(self.lengths) + 1, dtype=np.intp)
        np.cumsum(self.lengths, out=found[1:])
        return found

    @cached_property
    def hashes(self) -> _Hashes:
        """64-bit hash of each token, as `hash_spans` gives it, shape (n,)."""
        return mix(self.joined(1))

    def joined(self, count: int) -> _Hashes:
        """Return a hash of each run of `count` tokens written without separator.

        It is of the characters alone: ("ab", "c") and ("a", "bc") have the same. Shape
        (n - count + 1,), empty if there are fewer tokens; not mixed.
        """
        if len(self) < count:
            return np.zeros(0, dtype=np.uint64)
        origin = self._inverse[: len(self) - count + 1]
        found: _Hashes = (self.sums[count:] - self.sums[:-count]) * origin
        return found

    @cached_property
    def _inverse(self) -> _Hashes:
        found: _Hashes = powers(int(self.offsets[-1]) + 1, inverse=True)[self.offsets[:-1]]
        return found

    def words(self, text: str) -> list[str]:
        """Return the tokens as strings, out of the `text` that they are of."""
        bounds = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        return [text[start:end] for start, end in bounds]


def _shifted(mask: _Bools) -> _Bools:
    """Return `mask` one place to the right: whether it holds for the character before."""
    found = np.empty_like(mask)
    found[:1] = False
    found[1:] = mask[:-1]
    return found


@cache
def _exceptions() -> _Bools:
    """Return which 16-bit hash prefixes a plain token may have that is an exception: a sieve."""
    names = [name.removesuffix(".") for name, parts in specials().items()]
    names = [name for name in names if len(name) > 1 and name.isalpha()]
    joined = "".join(names)
    ends = np.cumsum([len(name) for name in names])
    starts = ends - np.array([len(name) for name in names])
    found = np.zeros(1 << 16, dtype=np.bool_)
    found[hash_spans(code_points(joined), starts, ends) >> np.uint64(48)] = True
    return found


def _mark_hard(classes: npt.NDArray[np.uint16], core: _Bools, starts: _Bools) -> None:
    """Add the class HARD, in place, to punctuation that cannot be split off without a closer look."""
    size = len(classes)
    padded = np.zeros(size + 3, dtype=np.uint16)
    padded[2:-1] = classes
    dots = np.flatnonzero(classes & np.uint16(DOT | COLON))
    if len(dots):
        here, before, after = classes[dots], padded[dots + 1], padded[dots + 3]
        two = padded[dots] & before & np.uint16(UPPER_BIT)
        dot = (here & np.uint16(DOT)) != 0
        plain = ((before & np.uint16(TO_DOT_BIT)) != 0) | (two != 0)
        plain &= (before & np.uint16(DOT | COLON)) == 0
        plain &= (after & np.uint16(LETTER | DIGIT | DOT | COLON)) == 0
        colon = ((before & _CORE) != 0) & ((after == 0) | ((after & np.uint16(BLANK)) != 0))
        classes[dots[~np.where(dot, plain, colon)]] |= np.uint16(HARD)
    single = np.flatnonzero(starts & ~np.append(core[1:], False))
    if len(single):
        beside = (padded[single + 1] | padded[single + 3]) & _PLAIN
        classes[single[beside != 0]] |= np.uint16(HARD)


def _english(text: str, classes: npt.NDArray[np.uint16], blank: _Bools) -> _Bools:
    """Return at which characters a token starts: of the plain chunks at once, of others by rule."""
    core = (classes & _CORE) != 0
    core_starts = core & ~_shifted(core)
    _mark_hard(classes, core, core_starts)
    plain = (classes & _PLAIN) != 0
    after_blank = _shifted(blank)
    after_blank[0] = True
    found: _Bools = (after_blank | plain | _shifted(plain)) & ~blank
    chunks = np.flatnonzero(after_blank & ~blank)
    inside = np.bitwise_or.reduceat(classes, chunks)
    runs = np.add.reduceat(core_starts, chunks, dtype=np.intp)
    mixed = np.uint16(LETTER | DIGIT)
    hard = (inside & np.uint16(HARD)) != 0
    hard |= (inside & mixed) == mixed
    hard |= (runs != 1) & ((inside & _PLAIN) != 0)
    _cut_each(text, found, chunks[hard], _chunk_ends(blank)[hard])
    return found


def _chunk_ends(blank: _Bools) -> _Places:
    ends: _Places = np.flatnonzero(blank[1:] & ~blank[:-1]) + 1
    return ends if blank[-1] else np.append(ends, len(blank))


def _cut_each(text: str, found: _Bools, starts: _Places, ends: _Places) -> None:
    """Cut the chunks between `starts` and `ends` by rule, in place."""
    extra: list[int] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        found[start + 1 : end] = False
        extra.extend([start + cut for cut in cuts(text[start:end])])
    found[extra] = True


def _scripts(classes: npt.NDArray[np.uint16]) -> _Bools:
    """Return at which characters text without spaces is cut, by script."""
    solo = (classes & np.uint16(SOLO)) != 0
    head = (classes & np.uint16(HEAD)) != 0
    lead = (classes & np.uint16(LEAD)) != 0
    found: _Bools = solo | _shifted(solo) | (head & ~_shifted(lead))
    return found


def _blank_tokens() -> Tokens:
    none = np.zeros(0, dtype=np.intp)
    return Tokens(none, none, np.zeros(0, dtype=np.uint16), np.zeros(1, dtype=np.uint64))


def _gather(
    codes: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint16], ink: _Bools, found: _Bools
) -> Tokens:
    """Return the tokens that start where `found` holds and together are all of `ink`."""
    starts = np.flatnonzero(found)
    written = codes[ink].astype(np.uint64)
    offsets = np.flatnonzero(found[ink])
    lengths = np.diff(offsets, append=len(written))
    written += np.uint64(1)
    written *= powers(len(written))
    sums = np.zeros(len(starts) + 1, dtype=np.uint64)
    np.cumsum(np.add.reduceat(written, offsets), out=sums[1:])
    return Tokens(starts, lengths, np.bitwise_or.reduceat(classes, starts), sums)


def _restore_exceptions(text: str, tokens: Tokens, blank: _Bools, found: _Bools) -> bool:
    """Cut again, in place, the chunks whose plain tokens may be exceptions ("cannot", "Mr.")."""
    hits = tokens.starts[_exceptions()[tokens.hashes >> np.uint64(48)]]
    if not len(hits):
        return False
    ends = _chunk_ends(blank)
    starts = np.flatnonzero(~blank & np.concatenate(([True], blank[:-1])))
    chunks = np.unique(np.searchsorted(ends, hits, side="right"))
    before = found.copy()
    _cut_each(text, found, starts[chunks], ends[chunks])
    return not np.array_equal(found, before)


def _tokenize(text: str, words: Words) -> Tokens:
    codes = code_points(text)
    classes = class_table()[codes]
    blank = (classes & np.uint16(BLANK)) != 0
    ink = ~blank
    if not ink.any():
        return _blank_tokens()
    if words == "spacy":
        found = np.zeros(len(codes), dtype=np.bool_)
        found[_spacy_starts(text)] = True
        return _gather(codes, classes, ink, found)
    if words == "whitespace":
        found = ink & np.concatenate(([True], blank[:-1]))
        return _gather(codes, classes, ink, found)
    found = _english(text, classes, blank)
    if words == "scripts":
        further = _scripts(classes) & ink
    tokens = _gather(codes, classes, ink, found)
    if _restore_exceptions(text, tokens, blank, found):
        tokens = _gather(codes, classes, ink, found)
    if words == "scripts" and (further & ~found).any():
        tokens = _gather(codes, classes, ink, found | further)
    return tokens


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
