"""Payment card numbers: an issuer's first digits, its length, and a check digit that fits (Luhn).

Written together or in the groups that are printed on cards, parted by single blanks or hyphens.
A date or security code may stand beside it: "4111 1111 1111 1111 12/27 123". Two numbers side by
side with one blank between are left, for so are rows of tables.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.personal.cues import IDENTIFIER, cues_before
from webfilter.heuristics.personal.eights import EACH, Eights
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
_LEAD_DIGITS, _TAIL_DIGITS, _TAIL_RUNS = 4, 9, 3  # beside a number: "27", "12 2027 123"
_PARTS = tuple((lead, size) for lead in (0, 1) for size in (5, 4, 3, 1))
"""Runs before a number and runs of it, in the order in which they are tried."""


def cards(runs: Runs) -> Spans:
    """Return the spans of payment card numbers, without dates and codes beside them."""
    codes = runs.codes
    if not len(runs) or not ((runs.lengths >= 12) | (runs.lengths == 4)).any():
        return NONE
    gap = codes.take(runs.ends[:-1])
    chains = runs.chains((runs.gaps == 1) & ((gap == 32) | (gap == 45)))
    longest = _LONGEST + _LEAD_DIGITS + _TAIL_DIGITS
    chains = chains[(chains.digits >= 12) & (chains.digits <= longest)]
    found = [NONE]
    for lead, size in _PARTS:
        if not len(chains):
            break
        part = chains[(chains.counts >= lead + size) & (chains.counts <= lead + size + _TAIL_RUNS)]
        good = _numbers(part, lead, size)
        found.append((good.starts, good.ends))
        chains = chains[~np.isin(chains.firsts, good.firsts - lead)]
    starts, ends = map(np.concatenate, zip(*found, strict=True))
    order = np.argsort(starts)
    return starts[order], ends[order]


def _numbers(chains: Chains, lead: int, size: int) -> Chains:
    """Return which runs are a card number: `size` of each of `chains`, behind `lead` others."""
    chains = chains[_date_before(chains, lead) & _date_behind(chains, lead + size)]
    last = chains.ends
    bare = chains.counts == lead + size
    numbers = Chains(chains.runs, chains.firsts + lead, np.full(len(chains), size, dtype=np.intp))
    good = (numbers.digits >= 12) & (numbers.digits <= _LONGEST) & _grouped(numbers)
    codes = chains.runs.codes
    good &= np.where(bare, _alone(codes, numbers.starts, last), _apart(codes, numbers.starts, last))
    numbers = numbers[good]
    numbers = numbers[_issued(numbers.figures(), numbers.digits)]
    numbers = numbers[_luhn(numbers)]
    return numbers[(cues_before(chains.runs, numbers.starts) & IDENTIFIER) == 0]


def _date_before(chains: Chains, lead: int) -> Mask:
    """Return which begin with as many runs as `lead` says, the last of a date or a count."""
    if not lead:
        return np.ones(len(chains), dtype=np.bool_)
    digits = chains.runs.lengths.take(chains.firsts)
    result: Mask = (digits <= 2) | _year(chains.runs, chains.firsts)
    return result


def _date_behind(chains: Chains, size: int) -> Mask:
    """Return which have nothing behind `size` runs, or a month ("12", "1227"), year or code."""
    runs = chains.runs
    first = np.minimum(chains.firsts + size, len(runs) - 1)
    digits, pair = runs.lengths.take(first), runs.pairs.take(first)
    month = ((digits == 2) | (digits == 4)) & (pair >= 1) & (pair <= 12)
    code = (digits == 3) & (chains.counts == size + 1)
    before = runs.before
    left = before.take(chains.firsts + chains.counts) - before.take(first)
    result: Mask = chains.counts == size
    result |= (month | code | _year(runs, first)) & (left <= _TAIL_DIGITS)
    return result


def _year(runs: Runs, places: Places) -> Mask:
    result: Mask = (runs.lengths.take(places) == 4) & (runs.pairs.take(places) == 20)
    return result


def _apart(codes: Bytes, starts: Places, ends: Places) -> Mask:
    """Return which spans, with a date behind them, are no part of a word, path or longer number."""
    before = codes[starts - 1]
    result: Mask = (_BESIDE[before] == 0) & (before != 45) & (ALNUM[codes[ends]] == 0)
    return result


def _alone(codes: Bytes, starts: Places, ends: Places) -> Mask:
    """Return which spans are no part of a word, path or longer number."""
    before, after = codes[starts - 1], codes[ends]
    good = (_BESIDE[before] == 0) & (before != 45) & (ALNUM[after] == 0)
    good &= ~((_JOINS[after] != 0) & (ALNUM[codes[ends + 1]] != 0))
    result: Mask = good
    return result


def _grouped(chains: Chains) -> Mask:
    """Return which chains are one run, or runs as on cards with the same separator between."""
    lengths = chains.eights(chains.runs.short)
    found: Mask = chains.counts == 1
    for groups in _GROUPS:
        found |= lengths == int.from_bytes(bytes(groups), "little")
    runs = chains.runs
    first = runs.codes.take(runs.ends.take(chains.firsts))
    for group in range(1, 4):
        there = chains.counts > group + 1
        gap = runs.codes.take(runs.ends.take(chains.firsts + group, mode="clip"))
        found &= ~there | (gap == first)
    return found


def _issuers() -> npt.NDArray[np.int64]:
    """Return for each four first digits the possible numbers of digits, a bit each."""
    table = np.zeros(10_000, dtype=np.int64)
    for low, high, counts in _ISSUERS:
        table[low : high + 1] |= sum(1 << count for count in counts)
    return table


_COUNTS = _issuers()


def _issued(figures: Eights, count: Places) -> Mask:
    """Return which begin as some issuer's numbers do, and are as long."""
    head = np.zeros(len(count), dtype=np.int64)
    for place in range(4):
        head = head * 10 + (figures >> 8 * place & 255).view(np.int64)
    result: Mask = (_COUNTS.take(head) >> count & 1) != 0
    return result


_DOUBLED: Eights = np.array([0x00FF00FF00FF00FF, 0xFF00FF00FF00FF00], dtype=np.uint64)
"""The digits that are doubled of an even and of an odd number of digits."""


def _luhn(chains: Chains) -> Mask:
    """Return which have the check digit of Luhn's rule (ISO/IEC 7812)."""
    total = np.zeros(len(chains), dtype=np.uint64)
    doubled = _DOUBLED.take(chains.digits & 1)
    for skipped in (0, 8, 16):  # beyond the last digit there are zeros
        figures = chains.figures(skipped)
        twice = figures * 2 - 9 * ((figures + 0x7B * EACH) >> 7 & EACH)  # digits above 4: less 9
        total += ((twice & doubled | figures & ~doubled) * EACH) >> 56
    found: Mask = total % 10 == 0
    return found
