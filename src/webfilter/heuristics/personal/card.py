"""Payment card numbers: an issuer's first digits, its length, and a check digit that fits (Luhn).

Written together or in the groups that are printed on cards, parted by single blanks or hyphens.
"""

from __future__ import annotations

import numpy as np

from webfilter.heuristics.personal.cues import IDENTIFIER, cued, words_before
from webfilter.heuristics.personal.folded import ALNUM, NONE, Mask, Places, Spans, members
from webfilter.heuristics.personal.runs import Chains, Runs

__all__ = ["cards"]

_ISSUERS = (
    # first four digits from, to, numbers of digits
    (4000, 4999, (13, 16, 19)),  # Visa
    (5100, 5599, (16,)),  # Mastercard
    (2221, 2720, (16,)),  # Mastercard
    (3400, 3499, (15,)),  # American Express
    (3700, 3799, (15,)),  # American Express
    (3000, 3059, (14,)),  # Diners Club
    (3600, 3699, (14,)),  # Diners Club
    (3800, 3999, (14,)),  # Diners Club
    (6011, 6011, (16, 19)),  # Discover
    (6440, 6599, (16, 19)),  # Discover
    (3528, 3589, (16, 19)),  # JCB
    (6200, 6299, (16, 17, 18, 19)),  # UnionPay
    (5018, 5018, (12, 13, 14, 15, 16, 17, 18, 19)),  # Maestro
    (5020, 5038, (16, 18, 19)),  # Maestro
    (6304, 6304, (16, 18, 19)),  # Maestro
    (6759, 6763, (16, 18, 19)),  # Maestro
)
_GROUPS = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1))
_BESIDE = ALNUM | members("_$%./#@&=")
_LONGEST = 19


def cards(runs: Runs) -> Spans:
    """Return the spans of payment card numbers."""
    codes = runs.codes
    if not len(runs):
        return NONE
    gap = codes[runs.ends[:-1]]
    joined = (runs.gaps == 1) & ((gap == 32) | (gap == 45))
    if not ((runs.lengths >= 12) | (runs.lengths == 4)).any():
        return NONE
    chains = runs.chains(joined)
    chains = chains[(chains.digits >= 12) & (chains.digits <= _LONGEST) & (chains.counts <= 5)]
    if not len(chains):
        return NONE
    chains = chains[_grouped(chains)]
    digits = chains.values(_LONGEST)
    good = _issued(digits, chains.digits) & _luhn(digits, chains.digits)
    starts, ends = chains.starts, chains.ends
    good &= (_BESIDE[codes[starts - 1]] == 0) & (ALNUM[codes[ends]] == 0)
    good &= ~(np.isin(codes[ends], (46, 44, 45, 95)) & (ALNUM[codes[ends + 1]] != 0))
    good &= codes[starts - 1] != 45
    good &= ~cued(words_before(codes, starts), IDENTIFIER)
    return starts[good], ends[good]


def _grouped(chains: Chains) -> Mask:
    """Return which chains are one run, or runs as on cards with the same separator between."""
    lengths = chains.lengths(5)
    found: Mask = chains.counts == 1
    for groups in _GROUPS:
        wanted = np.array([*groups, *[0] * (5 - len(groups))])
        found |= (lengths == wanted).all(axis=1)
    runs = chains.runs
    first = runs.codes[runs.ends[chains.firsts]]
    for group in range(1, 4):
        there = chains.counts > group + 1
        gap = runs.codes[runs.ends.take(chains.firsts + group, mode="clip")]
        found &= ~there | (gap == first)
    return found


def _issued(digits: np.typing.NDArray[np.uint8], count: Places) -> Mask:
    head = digits[:, :4].astype(np.intp) @ np.array([1000, 100, 10, 1])
    found = np.zeros(len(digits), dtype=np.bool_)
    for low, high, counts in _ISSUERS:
        found |= (head >= low) & (head <= high) & np.isin(count, counts)
    return found


def _luhn(digits: np.typing.NDArray[np.uint8], count: Places) -> Mask:
    """Return which have the check digit of Luhn's rule (ISO/IEC 7812)."""
    doubled = (np.arange(_LONGEST) + count[:, None]) % 2 == 0
    values = np.where(doubled, digits * 2 - 9 * (digits > 4), digits)
    values = values * (np.arange(_LONGEST) < count[:, None])
    found: Mask = values.sum(axis=1, dtype=np.intp) % 10 == 0
    return found
