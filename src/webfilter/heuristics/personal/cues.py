"""Which word stands before a number: "Tel.", "Order no.", "version"."""

from __future__ import annotations

import numpy as np

from webfilter.heuristics.personal.eights import EACH, Lookup, eights
from webfilter.heuristics.personal.folded import (
    LETTER,
    LETTERS,
    OTHER,
    SIGN,
    Bytes,
    Places,
    members,
)

__all__ = ["ADDRESS", "IDENTIFIER", "PHONE", "VERSION", "cues_before"]

_LETTERS = 7
"""Letters of a word that are compared, its last ones; a listed word that is shorter is whole."""
_BLANKS = 6
"""Characters that may stand between word and number."""
_BETWEEN = members(" :.(+#-*/\"'=[") | members(chr(OTHER))
_ASKED = LETTERS | members(chr(SIGN))

PHONE, IDENTIFIER, VERSION, ADDRESS, _PASSED = 1, 2, 4, 8, 16
_WORDS = {
    # words after which any grouping of digits is a phone number
    PHONE: (
        "tel tele phone telephone telephones fon telefon telefono telefone telefoon "
        "mobiltelefon fax telefax telefaks faks facsimile mobile mobil movil mob cell "
        "cellphone cel cellular celular whatsapp viber call calls ph tlf tfn dial hotline "
        "handy handynummer mobilnummer portable gsm telefonnummer faxnummer rufnummer sms puh "
        "tfno telef telf fono fone voicemail pager telefonia"
    ),
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
    _PASSED: ("number numbers num nummer numero no nr is at on us me our my the toll free now"),
}


def _lookup() -> Lookup:
    """Return the bits of each word by its last letters, the very last in the highest byte."""
    found: dict[int, int] = {}
    for bit, words in _WORDS.items():
        for word in words.split():
            key = int.from_bytes(word.encode("ascii")[-_LETTERS:].rjust(8, b"\0"), "little")
            found[key] = found.get(key, 0) | bit
    return Lookup(found)


_LOOKUP = _lookup()


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


def cues_before(codes: Bytes, starts: Places) -> Bytes:
    """Return the bits (`PHONE` and so on) of the word before each of `starts`, 0 for none of these.

    Words such as "no." and "is" are passed over.

    >>> from webfilter.heuristics.personal.folded import fold, PAD
    >>> text = "Phone no.: 5551234"
    >>> cues_before(fold(text), np.array([PAD + text.index("5")])).tolist() == [PHONE]
    True
    """
    found, begins = _before(codes, starts)
    for _ in range(3):
        passed = np.flatnonzero(found & _PASSED)
        if not len(passed):
            break
        found[passed], begins[passed] = _before(codes, begins.take(passed))
    return found
