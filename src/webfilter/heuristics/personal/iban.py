"""International bank account numbers: a country's layout, and check digits that fit (ISO 13616).

Written together or parted by single blanks or hyphens, in capitals or small letters. The layouts
are those of SWIFT's registry (89 countries): other numbers of that form are no IBAN.
"""

from __future__ import annotations

import re

import numpy as np

from webfilter.heuristics.personal.eights import EACH, FIRST, eights
from webfilter.heuristics.personal.folded import (
    ALNUM,
    NONE,
    Bytes,
    Mask,
    Places,
    Spans,
    classify,
    disjoint,
    members,
)

__all__ = ["ibans"]

_LAYOUTS = """
AD4n4n12c AE3n16n AL8n16c AT5n11n AZ4a20c BA3n3n8n2n BE3n7n2n BG4a4n2n8c BH4a14c BI5n5n11n2n
BR8n5n10n1a1c BY4c4n16c CH5n12c CR4n14n CY3n5n16c CZ4n16n DE8n10n DJ5n5n11n2n DK4n9n1n DO4c20n
EE2n14n EG4n4n17n ES4n4n1n1n10n FI3n11n FK2a12n FO4n9n1n FR5n5n11c2n GB4a6n8n GE2a16n GI4a15c
GL4n9n1n GR3n4n16c GT4c20c HN4a20n HR7n10n HU3n4n1n15n1n IE4a6n8n IL3n3n13n IQ4a3n12n IS4n2n6n10n
IT1a5n5n12c JO4a4n18c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c LT5n11n LU3n13c LV4a13c LY3n3n15n
MC5n5n11c2n MD2c18c ME3n13n2n MK3n10c2n MN4n12n MR5n5n11n2n MT4a5n18c MU4a2n2n12n3n3a NI4a20n
NL4a10n NO4n6n1n OM3n16c PK4a16c PL8n16n PS4a21c PT4n4n11n2n QA4a21c RO4a16c RS3n13n2n RU9n5n15c
SA2n18c SC4a2n2n16n3a SD2n12n SE3n16n1n SI5n8n2n SK4n6n10n SM1a5n5n12c SO4n3n12n ST4n4n11n2n
SV4a20n TL3n14n2n TN2n3n13n2n TR5n1n16c UA6n19c VA3n15n VG4a16n XK4n10n2n YE4a4n18c
"""
"""Country, then the rest behind the check digits: n digits, a letters, c either."""
_WIDTH = 40  # the longest, 34, in eights


def _layouts() -> tuple[Places, Bytes]:
    """Return the length of each country's IBANs (26 * first + second letter) and what may stand.

    The second, shape (5, 676, 8) for the characters by eights, has 1 for a digit, 2 for a letter, 3
    for either, 4 for any beyond the end.
    """
    lengths = np.zeros(676, dtype=np.intp)
    allowed = np.full((676, _WIDTH), 4, dtype=np.uint8)
    for layout in _LAYOUTS.split():
        country = (ord(layout[0]) - 65) * 26 + ord(layout[1]) - 65
        allowed[country, :4] = 2, 2, 1, 1
        place = 4
        for count, kind in re.findall(r"(\d+)([nac])", layout):
            allowed[country, place : place + int(count)] = {"n": 1, "a": 2, "c": 3}[kind]
            place += int(count)
        lengths[country] = place
    return lengths, np.ascontiguousarray(allowed.reshape(676, -1, 8).swapaxes(0, 1))


_LENGTHS, _ALLOWED = _layouts()
_AZ = np.zeros(256, dtype=np.uint8)
_AZ[65:91] = _AZ[97:123] = 1


def _countries(codes: Bytes, places: Places) -> Places:
    first, second = codes.take(places) | 32, codes.take(places + 1) | 32
    return (first.astype(np.intp) - 97) * 26 + second - 97


def _anchors(codes: Bytes) -> Places:
    """Return where two letters and two digits begin a word, the letters those of a country."""
    digit = (codes - np.uint8(48)) < 10
    places = np.flatnonzero(digit[2:-1] & digit[3:] & ~digit[1:-2])
    places = places.compress(_BEGINS.take(codes.take(places - 1)) != 0)
    letters = (_AZ.take(codes.take(places)) & _AZ.take(codes.take(places + 1))) != 0
    places = places.compress(letters)
    return places.compress(_LENGTHS.take(_countries(codes, places)) > 0)


_BEGINS = 1 - (ALNUM | members("_"))


def ibans(codes: Bytes) -> Spans:
    """Return the spans of IBANs."""
    places = _anchors(codes)
    if not len(places):
        return NONE
    alnum = classify(ALNUM, codes)
    part = (codes == 32) | (codes == 45)
    part[1:-1] &= alnum[:-2] & alnum[2:]
    kept = np.flatnonzero(~part)
    places = np.searchsorted(kept, places)
    packed = codes.take(kept)
    places, country = _fitting(packed, places, _countries(packed, places))
    if not len(places):
        return NONE
    lengths = _LENGTHS.take(country)
    good = _checked(packed, places, lengths)
    places, lengths = places.compress(good), lengths.compress(good)
    starts, ends = kept.take(places), kept.take(places + lengths - 1) + 1
    after = codes.take(ends)
    whole = (ALNUM.take(after) == 0) & (after != 95)
    return disjoint(starts.compress(whole), ends.compress(whole))


def _fitting(packed: Bytes, places: Places, country: Places) -> Spans:
    """Return the places whose characters fit the layout of their country, with the countries."""
    for begin in range(0, _WIDTH, 8):
        each = eights(packed, places + begin).view(np.uint8)
        kind = (each - np.uint8(48) < 10).astype(np.uint8)
        kind |= ((each | 32) - np.uint8(97) < 26).view(np.uint8) << 1 | 4
        fits = kind & _ALLOWED[begin >> 3].take(country, axis=0).reshape(-1)
        good = (fits != 0).view(np.uint64) == EACH
        places, country = places.compress(good), country.compress(good)
    return places, country


def _checked(packed: Bytes, places: Places, lengths: Places) -> Mask:
    """Return which have a remainder of 1 by 97, the first four characters moved to the end."""
    rest = np.zeros(len(places), dtype=np.intp)
    ends = places + lengths
    for left in (32, 24, 16, 8, 0):  # what is before the fifth character counts as zeros
        found = eights(packed, ends - left if left else places)
        each = found.view(np.uint8)
        digit = each - np.uint8(48)
        values = np.where(digit < 10, digit, (each | 32) - np.uint8(87)).view(np.uint64)
        if left:
            values &= ~FIRST.take(np.clip(4 - lengths + left, 0, 8))
        for place in range(8 if left else 4):
            value = (values >> 8 * place & 255).view(np.int64)
            rest = rest * np.where(value < 10, 10, 100) + value
        rest %= 97
    result: Mask = rest == 1
    return result
