"""Texts to words, and words to 64-bit hashes, by NumPy over a batch of texts at once.

A word is a run of letters, marks and numbers after folding (`folding`): lower case, numbers as
``0``, no accents, everything else a separator. In scripts written without spaces (Han, kana, Thai,
Lao, Khmer, Myanmar) every character is a word. No Python loop runs over characters or words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from webfilter.composed import composed
from webfilter.dedup.folding import (
    ASCII,
    DIGIT,
    DOCUMENT,
    PAD,
    POINT,
    SINGLE,
    SPACE,
    folding,
)

__all__ = ["character_hashes", "term_hashes", "word_hashes"]

Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]

_LOAD = 8  # bytes read at once
_TERM = 3  # letters of Thai, Lao, Khmer and Myanmar, of which a few dozen are in every text
_LETTERS = SINGLE + 1  # greatest lead byte of theirs
_LONG = 64  # bytes of a word beyond which it is hashed alone, in Python
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_THIRD = np.uint64(0x94D049BB133111EB)
_MASKS = np.array([256**size - 1 for size in range(_LOAD + 1)], dtype=np.uint64)


def word_hashes(texts: Sequence[str]) -> tuple[Hashes, Places]:
    """Return the hashes of the words of all `texts` in order, and where each text's begin.

    Text i has the hashes ``[offsets[i]:offsets[i + 1]]``; `offsets` has one entry more than
    `texts`. Memory is about 25 bytes a character, so callers hand over a megabyte or so at a time.

    >>> hashes, offsets = word_hashes(["Café 1,234!", "cafe 99", "北京"])
    >>> offsets.tolist(), bool((hashes[:2] == hashes[2:4]).all())
    ([0, 2, 4, 6], True)
    """
    folded = _folded(texts)
    starts, ends = _spans(folded)
    between = np.flatnonzero(folded[:-_LOAD] == DOCUMENT)
    offsets = np.searchsorted(starts, between[: len(texts) + 1])
    return _hashed(folded, starts, ends - starts), offsets


def term_hashes(texts: Sequence[str]) -> tuple[Hashes, Places]:
    """Return the hashes of words that tell texts apart, even when their order is forgotten.

    Those of `word_hashes`; but in Thai, Lao, Khmer and Myanmar script, whose few dozen letters are
    in every text, a letter stands with the two before it, as far as they are in the same run.

    >>> hashes, offsets = term_hashes(["Café 北京", "การ", "กา"])
    >>> offsets.tolist(), bool((hashes[:3] == word_hashes(["cafe 北京"])[0]).all())
    ([0, 3, 6, 8], True)
    >>> bool((hashes[3:5] == hashes[6:]).all()), bool(hashes[5] == term_hashes(["ร"])[0][0])
    (True, False)
    """
    folded = _folded(texts)
    starts, ends = _spans(folded)
    between = np.flatnonzero(folded[:-_LOAD] == DOCUMENT)
    offsets = np.searchsorted(starts, between[: len(texts) + 1])
    hashes = _hashed(folded, starts, ends - starts)
    letters = (folded[starts] >= SINGLE) & (folded[starts] <= _LETTERS)
    if letters.any():
        follows = letters[1:] & letters[:-1] & (starts[1:] == ends[:-1])
        before, run = hashes.copy(), follows
        for back in range(1, _TERM):
            places = np.flatnonzero(run) + back
            hashes[places] = (hashes[places] ^ before[places - back]) * _FIRST
            run = run[:-1] & follows[back:]
        hashes[letters] ^= hashes[letters] >> np.uint64(32)
    return hashes, offsets


def character_hashes(texts: Sequence[str]) -> tuple[Hashes, Places]:
    """Return the hashes of the characters of the folded words, one space between words.

    Otherwise as `word_hashes`.

    >>> hashes, offsets = character_hashes(["Café, au lait!", "cafe au lait"])
    >>> offsets.tolist(), bool((hashes[:12] == hashes[12:]).all())
    ([0, 12, 24], True)
    """
    folded = _folded(texts)[:-_LOAD]
    keep = folded != SPACE
    keep[1:] |= folded[:-1] > SPACE
    folded = folded[keep]
    keep = folded != SPACE
    keep[:-1] |= folded[1:] != DOCUMENT
    folded = np.append(folded[keep], np.zeros(_LOAD, np.uint8))
    starts = np.flatnonzero(((folded[:-_LOAD] & 0xC0) != 0x80) & (folded[:-_LOAD] != 0))
    sizes = np.diff(starts, append=len(folded) - _LOAD)
    inside = folded[starts] != DOCUMENT
    offsets = np.concatenate(([0], np.cumsum(inside)))[np.flatnonzero(~inside)]
    return _hashed(folded, starts[inside], sizes[inside]), offsets


def _folded(texts: Sequence[str]) -> Bytes:
    """Return the folded bytes of `texts`, `DOCUMENT` before and after each, then `_LOAD` more."""
    folded, composes = _beyond_ascii(_ascii_folded(texts))
    if composes:
        whole = [composed(text) for text in texts]
        folded, _ = _beyond_ascii(_ascii_folded(whole))
    return _numbers(folded)


def _ascii_folded(texts: Sequence[str]) -> Bytes:
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    joined = b"\xff".join([b"", *parts, bytes((SPACE,)) * _LOAD])
    return np.frombuffer(bytearray(joined.translate(ASCII)), dtype=np.uint8)


def _beyond_ascii(raw: Bytes) -> tuple[Bytes, bool]:
    """Fold all characters beyond ASCII; also say whether one of them may want NFC first."""
    leads = raw >= 0xC0
    if not leads.any():
        return raw, False
    table = folding()
    composes = False
    at = np.flatnonzero(leads)
    lead = raw[at]
    for size, low, high in ((2, 0xC0, 0xE0), (3, 0xE0, 0xF0), (4, 0xF0, 0xFF)):
        here = at[(lead >= low) & (lead < high)]
        if not len(here):
            continue
        points = (raw[here] & (0x7F >> size)).astype(np.uint32)
        for byte in range(1, size):
            points <<= np.uint32(6)
            points |= raw[here + byte] & 0x3F
        composes = composes or bool(table.composes[points].any())
        folds = table.folds[points]
        for byte in range(size):
            raw[here + byte] = (folds >> np.uint32(8 * byte)).astype(np.uint8)
    return raw[raw != PAD], composes


def _numbers(raw: Bytes) -> Bytes:
    """Make every number one `DIGIT`, decimal points and thousands separators included."""
    points = np.flatnonzero(raw == POINT)
    inside = (raw[points - 1] == DIGIT) & (raw[points + 1] == DIGIT)
    raw[points] = np.where(inside, DIGIT, SPACE)
    digits = raw == DIGIT
    again = digits[1:] & digits[:-1]
    if not again.any():
        return raw
    keep = np.ones(len(raw), dtype=np.bool_)
    np.logical_not(again, out=keep[1:])
    return raw[keep]


def _spans(folded: Bytes) -> tuple[Places, Places]:
    inside = folded > SPACE
    single = np.flatnonzero(folded >= SINGLE)
    if not len(single):
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        return edges[0::2], edges[1::2]
    begins = inside.copy()
    begins[1:] &= ~inside[:-1]
    after = single + np.where(folded[single] == 0xFE, 4, 3)
    begins[single] = True
    begins[after] |= inside[after]
    finishes = inside[:-1] & (begins[1:] | ~inside[1:])
    return np.flatnonzero(begins), np.flatnonzero(finishes) + 1


def _hashed(folded: Bytes, starts: Places, sizes: Places) -> Hashes:
    """Hash each span, eight bytes at a time."""
    loads = np.ndarray((len(folded) - _LOAD + 1,), "<u8", folded.data, strides=(1,))
    hashes = loads[starts]
    hashes &= _MASKS[np.minimum(sizes, _LOAD)]
    hashes *= _FIRST
    hashes ^= hashes >> np.uint64(32)
    rest = np.flatnonzero(sizes > _LOAD)
    for done in range(_LOAD, _LONG, _LOAD):
        if not len(rest):
            break
        more = loads[starts[rest] + done]
        more &= _MASKS[np.minimum(sizes[rest] - done, _LOAD)]
        more ^= hashes[rest]
        more *= _FIRST
        more ^= more >> np.uint64(32)
        hashes[rest] = more
        rest = rest[sizes[rest] > done + _LOAD]
    for word in rest:
        raw = folded[starts[word] : starts[word] + sizes[word]].tobytes()
        digest = hashlib.blake2b(raw, digest_size=8).digest()
        hashes[word] = int.from_bytes(digest, "little")
    hashes *= _THIRD
    hashes ^= hashes >> np.uint64(29)
    return hashes
