"""Payment card numbers: an issuer's first digits, its length, and a check digit that fits (Luhn).

Written together or in the groups that are printed on cards, parted by single blanks or hyphens.
"""

from __future__ import annotations

import numpy as np

from webfilter.heuristics.personal.cues import IDENTIFIER, cued, words_before
from webfilter.heuristics.personal.folded import ALNUM, NONE, Bytes, Mask, Places, Spans, members
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
_JOINS = members(".,-_")
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
    chains = chains[_grouped(chains) & _alone(codes, chains.starts, chains.ends)]
    chains = chains[_issued(chains.values(4), chains.digits)]
    chains = chains[_luhn(chains.values(_LONGEST), chains.digits)]
    other = cued(words_before(codes, chains.starts), IDENTIFIER)
    return chains.starts[~other], chains.ends[~other]


def _alone(codes: Bytes, starts: Places, ends: Places) -> Mask:
    """Return which spans are no part of a word, path or longer number."""
    before, after = codes[starts - 1], codes[ends]
    good = (_BESIDE[before] == 0) & (before != 45) & (ALNUM[after] == 0)
    good &= ~((_JOINS[after] != 0) & (ALNUM[codes[ends + 1]] != 0))
    result: Mask = good
    return result


def _grouped(chains: Chains) -> Mask:
    """Return which chains are one run, or runs as on cards with the same separator between."""
    lengths = chains.rows(chains.runs.short, 5)
    found: Mask = chains.counts == 1
    for groups in _GROUPS:
        fits = chains.counts == len(groups)
        for row, length in zip(lengths, groups, strict=False):
            fits = fits & (row == length)
        found |= fits
    runs = chains.runs
    first = runs.codes[runs.ends[chains.firsts]]
    for group in range(1, 4):
        there = chains.counts > group + 1
        gap = runs.codes[runs.ends.take(chains.firsts + group, mode="clip")]
        found &= ~there | (gap == first)
    return found


def _issued(digits: Bytes, count: Places) -> Mask:
    """Return which begin as some issuer's numbers do, and are as long."""
    head = np.array([1000, 100, 10, 1]) @ digits.astype(np.intp)
    found = np.zeros(len(head), dtype=np.bool_)
    for low, high, counts in _ISSUERS:
        mine = np.flatnonzero((head >= low) & (head <= high))
        found[mine] = np.isin(count[mine], counts)
    return found


def _luhn(digits: Bytes, count: Places) -> Mask:
    """Return which have the check digit of Luhn's rule (ISO/IEC 7812)."""
    total = np.zeros(len(count), dtype=np.uint8)
    odd = (count % 2).astype(np.bool_)
    for place, digit in enumerate(digits):  # beyond the last digit there are zeros
        twice = digit * 2 - 9 * (digit > 4).astype(np.uint8)
        total += np.where(odd == (place % 2 == 1), twice, digit)
    found: Mask = total % 10 == 0
    return found
