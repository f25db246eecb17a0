"""Which word stands beside a number: "Tel.", "Order no.", "version".

Words of ASCII letters are told from eight bytes. Only where there is something beyond ASCII near
the number, or these say too little, words are read letter by letter (`letters`).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from webfilter.heuristics.personal.eights import EACH, Eights, Lookup, eights
from webfilter.heuristics.personal.folded import (
    LETTER,
    LETTERS,
    MARK,
    OTHER,
    PAD,
    SIGN,
    Bytes,
    Places,
    fold,
    members,
)
from webfilter.heuristics.personal.letters import Words, is_letter, plain, signs_at
from webfilter.heuristics.personal.runs import Runs
from webfilter.heuristics.personal.words import AFTER, AFTER_WITH_ZERO, BEFORE, PASSED, WITH_ZERO

__all__ = ["ADDRESS", "IDENTIFIER", "PHONE", "TRUNK", "VERSION", "cues_after", "cues_before"]

_LETTERS = 7
"""Letters of a word that are compared, its last ones; a listed word that is shorter is whole."""
_BLANKS = 6
"""Characters that may stand between word and number."""
_MARKS = members(" :.(+#-*/\"'=[" + chr(MARK))
_BETWEEN = _MARKS | members(chr(OTHER))
_BLANKS_AFTER, _MARKS_AFTER = 2, members(" '-" + chr(MARK))
_PASSES = 3
_HIGHEST = np.uint64(128 * EACH)
_ASKED = LETTERS | members(chr(SIGN))

PHONE, IDENTIFIER, VERSION, ADDRESS, _PASSED, TRUNK, _UNSURE = 1, 2, 4, 8, 16, 32, 64
_WORDS = {
    # words after which any grouping of digits is a phone number
    PHONE: " ".join(BEFORE.values()),
    # words after which it is one if it begins as national numbers do
    TRUNK: WITH_ZERO,
    # words after which a number is some other identifier
    IDENTIFIER: (
        "isbn issn ean upc gtin asin sku doi pmid oclc lccn isrc order invoice ref reference "
        "item part model serial patent case docket account acct tracking code codes id ids "
        "vat tin ein ssn nip nif cif siret siren uid hrb art article artikel artnr bestellnr "
        "bestellnummer artikelnummer kundennummer ticket version page pages vol volume arxiv "
        "zip plz lot batch barcode iban bic konto kontonummer steuernummer catalog product"
    ),
    # words after which four numbers are a version or section
    VERSION: (
        "version versions ver v release build firmware software chrome kernel driver drivers "
        "patch sdk rev section sections chapter clause oid paragraph"
    ),
    # words after which four small numbers are an IP address
    ADDRESS: (
        "ip ips ipv address addresses addr adresse adressen direcci indirizzo host server "
        "servers dns nameserver ping from client gateway router login visitor visitors proxy "
        "peer endpoint"
    ),
    # words that are passed over: "Phone no.", "call us at"
    _PASSED: " ".join(PASSED.values()),
}
_ENDINGS = ("nummer", "nommer", "numero", "portable")
"""Of words of which seven letters say too little: "Kundennummer", "comfortable"."""


def _lookup() -> Lookup:
    """Return the bits of each word by its last letters, the very last in the highest byte."""
    found: dict[int, int] = {}
    for bit, words in _WORDS.items():
        for word in filter(str.isascii, plain(words).split()):
            long = len(word) > _LETTERS and (bit == _PASSED or word.endswith(_ENDINGS))
            key = int.from_bytes(word.encode("ascii")[-_LETTERS:].rjust(8, b"\0"), "little")
            found[key] = found.get(key, 0) | (_UNSURE if long else bit)
    return Lookup(found)


def _words() -> Words:
    """Return the same words and those of other letters, for the closer look to the left."""
    found: dict[str, int] = {}
    for bit, words in _WORDS.items():
        for word in plain(words).split():
            entry = f"-{word}" if word.isascii() and len(word) >= _LETTERS else word
            found[entry] = found.get(entry, 0) | bit
    return Words(found, -1)


def _after() -> dict[str, int]:
    """Return what may stand behind a number: "(cell)", and phrases of languages with last verbs."""
    found = {entry: TRUNK for entry in AFTER_WITH_ZERO.split()}
    found |= {entry: PHONE for phrases in AFTER.values() for entry in phrases.split()}
    for words in BEFORE.values():
        for word in words.replace("-", "").split():
            found |= {f"({word})-": PHONE, f"({word}_)-": PHONE}
    return found


def _words_after() -> Words:
    return Words(_after(), 1)


_LOOKUP, _LEFT, _RIGHT = _lookup(), cache(_words), cache(_words_after)
_FOUR = np.uint64(0xFFFFFFFF)


@cache
def _openings() -> Lookup:
    """Return which four folded characters may begin what stands behind a number."""
    found: dict[int, int] = {}
    for entry in _after():
        codes = fold(entry.strip("-")[:4].replace("_", " ").ljust(4))[PAD : PAD + 4] | 32
        for edge in " .":
            found[int.from_bytes(codes.tobytes().replace(b" ", edge.encode()), "little")] = 1
    return Lookup(found)


def _before(codes: Bytes, starts: Places) -> tuple[Bytes, Places]:
    """Return the bits of the word before each of `starts`, and where it begins."""
    places = starts - 1
    going = np.flatnonzero(_BETWEEN.take(codes.take(places)))
    for _ in range(_BLANKS - 1):
        if not len(going):
            break
        places[going] -= 1
        going = going.compress(_BETWEEN.take(codes.take(places.take(going))))
    places[going] -= 1
    found = np.zeros(len(starts), dtype=np.uint8)
    code = codes.take(places)
    asked = np.flatnonzero(_ASKED.take(code))
    if not len(asked):
        return found, places
    last = places.take(asked)
    low = eights(codes, last - 7) | 32 * EACH
    each = low.view(np.uint8)
    other = ((each - np.uint8(97) >= 26) & (each != LETTER)).view(np.uint64)
    for shift in (8, 16, 32):  # what is no letter, and all before it
        other |= other >> shift
    found[asked] = _LOOKUP.of(low & ~((other | 1) * 255))
    found[asked] |= code.take(asked) == SIGN  # PHONE
    places[asked] -= _LETTERS - (((other | 1) * EACH) >> 56).view(np.int64) + 1
    return found, places + 1


def _signs_skipped(runs: Runs, places: Places, step: int, most: int, marks: Bytes) -> Places:
    """Return `places` moved on over at most so many of `marks` and of signs beyond ASCII."""
    places = places.copy()
    going = np.arange(len(places))
    for _ in range(most):
        at = places.take(going)
        code = runs.codes.take(at)
        passed = marks.take(code) != 0
        passed |= (code == OTHER) & ~is_letter(signs_at(runs, at))
        going = going.compress(passed)
        if not len(going):
            break
        places[going] += step
    return places


def _beyond_ascii(found: Eights) -> Eights:
    """Return 128 in each byte of `found` that is a letter beyond ASCII, 0 in the others."""
    result: Eights = found & (found << np.uint64(1)) & _HIGHEST
    return result


def _closer(runs: Runs, starts: Places) -> tuple[Bytes, Places]:
    """Return what `_before` does, the words of other scripts included."""
    codes = runs.codes
    found, begins = _before(codes, starts)
    beyond = _beyond_ascii(eights(codes, starts - 8)) | _beyond_ascii(eights(codes, starts - 16))
    asked = np.flatnonzero((beyond != 0) | ((found & _UNSURE) != 0))
    if len(asked):
        places = _signs_skipped(runs, starts.take(asked) - 1, -1, _BLANKS, _MARKS)
        bits, far = _LEFT().beside(runs, places)
        said = np.flatnonzero(bits)
        found[asked.take(said)], begins[asked.take(said)] = bits.take(said), far.take(said)
    return found & ~np.uint8(_UNSURE), begins


def cues_before(runs: Runs, starts: Places) -> Bytes:
    """Return the bits (`PHONE` and so on) of the word before each of `starts`, 0 for none of these.

    Words such as "no." and "is" are passed over.

    >>> from webfilter.heuristics.personal.folded import fold
    >>> from webfilter.heuristics.personal.runs import digit_runs
    >>> text = "Phone no.: 5551234"
    >>> runs = digit_runs(fold(text), text)
    >>> cues_before(runs, runs.starts).tolist() == [PHONE]
    True
    """
    if not len(starts):
        return np.zeros(0, dtype=np.uint8)
    found, begins = _closer(runs, starts)
    for _ in range(_PASSES):
        passed = np.flatnonzero(found & _PASSED)
        if not len(passed):
            break
        more, begins[passed] = _closer(runs, begins.take(passed))
        found[passed] = found.take(passed) & ~np.uint8(_PASSED) | more
    return found


def cues_after(runs: Runs, ends: Places) -> Bytes:
    """Return `PHONE` or `TRUNK` for numbers that end there and are named a phone behind that.

    >>> from webfilter.heuristics.personal.folded import fold
    >>> from webfilter.heuristics.personal.runs import digit_runs
    >>> text = "5551234 (cell), 5551234"
    >>> runs = digit_runs(fold(text), text)
    >>> cues_after(runs, runs.ends).tolist()
    [1, 0]
    """
    found = np.zeros(len(ends), dtype=np.uint8)
    if not len(ends):
        return found
    codes = runs.codes
    first: Eights = eights(codes, ends) | np.uint64(32 * EACH)
    asked = _openings().of(first & _FOUR)
    for skipped in range(1, _BLANKS_AFTER + 1):
        asked |= _openings().of(first >> np.uint64(8 * skipped) & _FOUR)
    where = np.flatnonzero(asked)
    if len(where):
        places = _signs_skipped(runs, ends.take(where), 1, _BLANKS_AFTER, _MARKS_AFTER)
        found[where] = _RIGHT().beside(runs, places)[0]
    return found
