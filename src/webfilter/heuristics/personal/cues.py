"""Which word stands before a number: "Tel.", "Order no.", "version"."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.personal.folded import (
    LETTERS,
    OTHER,
    SIGN,
    Bytes,
    Mask,
    Places,
    members,
)

__all__ = ["ADDRESS", "IDENTIFIER", "PHONE", "VERSION", "cued", "words_before"]

_Packed: TypeAlias = npt.NDArray[np.int64]

_LETTERS = 7
"""Letters of a word that are compared, its last ones; a listed word that is shorter is whole."""
_BLANKS = 6
"""Characters that may stand between word and number."""
_BETWEEN = members(" :.(+#-*/\"'=[") | members(chr(OTHER))


def _pack(word: str) -> int:
    return int.from_bytes(word.encode("ascii")[-_LETTERS:], "big")


def _cues(words: str) -> _Packed:
    return np.unique(np.array([_pack(word) for word in words.split()], dtype=np.int64))


PHONE = _cues(
    "tel tele phone telephone telephones fon telefon telefono telefone telefoon mobiltelefon fax "
    "telefax telefaks faks facsimile mobile mobil movil mob cell cellphone cel cellular celular "
    "whatsapp viber call calls ph tlf tfn dial hotline handy handynummer mobilnummer portable gsm "
    "telefonnummer faxnummer rufnummer sms puh tfno telef telf fono fone voicemail pager telefonia"
)
"""Words after which any grouping of digits is a phone number."""
_SIGNED = _pack("phone")
IDENTIFIER = _cues(
    "isbn issn ean upc gtin asin sku doi pmid oclc lccn isrc order invoice ref reference item part "
    "model serial patent case docket account acct tracking code codes id ids vat tin ein ssn nip "
    "nif cif siret siren uid hrb art article artikel artnr bestellnr bestellnummer artikelnummer "
    "kundennummer ticket version page pages vol volume arxiv zip plz lot batch barcode iban bic "
    "konto kontonummer steuernummer catalog product"
)
"""Words after which a number is some other identifier."""
VERSION = _cues(
    "version versions ver v release build firmware software chrome kernel driver drivers patch sdk "
    "rev section sections chapter clause oid paragraph"
)
"""Words after which four numbers are a version or section."""
ADDRESS = _cues(
    "ip ips ipv address addresses addr adresse adressen direcci indirizzo host server servers "
    "dns nameserver ping from client gateway router login visitor visitors proxy peer endpoint"
)
"""Words after which four small numbers are an IP address."""
_PASSED = _cues("number numbers num nummer numero no nr is at on us me our my the toll free now")
"""Words that are passed over: "Phone no.", "call us at"."""


def _before(codes: Bytes, starts: Places) -> tuple[_Packed, Places]:
    """Return the packed word before each of `starts`, 0 for none, and where it begins."""
    packed = np.zeros(len(starts), dtype=np.int64)
    place = starts - 1
    going = np.arange(len(starts))
    for _ in range(_BLANKS):
        going = going[_BETWEEN[codes[place[going]]] != 0]
        if not len(going):
            break
        place[going] -= 1
    code = codes[place]
    packed[code == SIGN] = _SIGNED
    going = np.flatnonzero(LETTERS[code] != 0)
    for letter in range(_LETTERS):
        if not len(going):
            break
        packed[going] |= (codes[place[going]] | 32).astype(np.int64) << (8 * letter)
        place[going] -= 1
        going = going[LETTERS[codes[place[going]]] != 0]
    return packed, place + 1


def words_before(codes: Bytes, starts: Places) -> _Packed:
    """Return the packed word before each of `starts`, 0 for none; "no.", "is" are passed over."""
    packed, begins = _before(codes, starts)
    for _ in range(3):
        passed = np.flatnonzero(_among(packed, _PASSED))
        if not len(passed):
            break
        earlier, begins_earlier = _before(codes, begins[passed])
        packed[passed], begins[passed] = earlier, begins_earlier
    return packed


def _among(packed: _Packed, cues: _Packed) -> Mask:
    place = np.searchsorted(cues, packed)
    found: Mask = cues.take(place, mode="clip") == packed
    return found


def cued(words: _Packed, cues: _Packed) -> Mask:
    """Return which of the packed `words` are one of `cues`.

    >>> from webfilter.heuristics.personal.folded import fold, PAD
    >>> text = "Phone no.: 5551234"
    >>> cued(words_before(fold(text), np.array([PAD + text.index("5")])), PHONE).tolist()
    [True]
    """
    return _among(words, cues)
