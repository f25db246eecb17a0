"""Phone numbers, by the layouts in which countries write them.

Found without further evidence: "+" or "00" with an assigned country code and as many digits as that
country's numbers have; an area code in brackets; a trunk zero in two or more groups of 9 to 12
digits; North America's 3-3-4 (area and exchange not below 200); Russia's 8 + 3-3-2-2; Spain's
3-2-2-2; Poland's 2-3-2-2; Brazil's 2-5-4; China's mobile 3-4-4; Australia's 1300 and 1800. Behind a
word such as "Tel.", "call" or "тел.": any 7 to 15 digits, and what follows such a number in a list
("; ", " or "); so before "(cell)" and phrases for "call on" (`words` lists both by language).
Behind a word such as "contact": 9 to 12 digits that begin with a trunk zero, or 10 in one piece
that begin as mobile numbers of India do.

Not found: digits in one piece without such a word; 7 and 8 digits in groups without an area code
(dates, ranges of pages and years, scores look the same); groups of three parted by blanks, which is
how half of the world writes a million. Dates, ranges of years, currencies, percentages, what is
part of a word, path or decimal, and numbers behind "ISBN", "order no." and the like are left.
"""

from __future__ import annotations

import numpy as np

from webfilter.heuristics.personal.beside import PAIRS, pairs
from webfilter.heuristics.personal.cues import IDENTIFIER, PHONE, TRUNK, cues_after, cues_before
from webfilter.heuristics.personal.eights import FIRST, Eights, Lookup, eights
from webfilter.heuristics.personal.folded import (
    ALNUM,
    LETTERS,
    NONE,
    Bytes,
    Mask,
    Places,
    Spans,
    members,
)
from webfilter.heuristics.personal.plans import FIXED, Look
from webfilter.heuristics.personal.runs import Chains, Runs
from webfilter.heuristics.personal.separators import CLOSES, LEVELS, OPENS, gaps_of

__all__ = ["phones"]

_MOST_RUNS = 8
_MOST_DIGITS = 17
_LEAST_DIGITS = 7
_ROUNDS = 3
_PLUS, _OPEN, _LEFT, _ALONE, _LEFT_OF_PLUS, _LETTER = 1, 2, 1, 2, 4, 8


def _digit(codes: Places) -> Mask:
    result: Mask = (codes >= 48) & (codes < 58)
    return result


def _before_table() -> Bytes:
    """Return for two characters before a digit: `_PLUS`, `_OPEN`, and how many belong to it.

    That is in bits 2 and 3 if its first run does not end with a bracket, else in 4 and 5.
    """
    earlier, before = PAIRS
    plus, bracket = before == 43, before == 40
    wrapped = bracket & (earlier == 43)
    alone = np.where(wrapped, 2, plus)
    closed = np.where(wrapped | (plus & (earlier == 40)), 2, plus | bracket)
    table = (plus | wrapped) * _PLUS | bracket * _OPEN | alone << 2 | closed << 4
    result: Bytes = table.astype(np.uint8)
    return result


def _left_table() -> Bytes:
    """Return for two characters before a number with its plus or bracket what may follow them."""
    earlier, before = PAIRS
    word = ALNUM[before] != 0
    number = _digit(earlier) | (earlier == 62)
    tag = (before == 62) & (earlier >= 65) & (earlier <= 90)
    left = ~word & (members("_#$%&=/\\@~^")[before] == 0) & ~tag
    left &= (members(",.:")[before] == 0) | ~number
    left &= (before != 45) | (earlier == 32) | (earlier == 10)
    left &= (before != 32) | (earlier != 36)  # "$ 212"
    alone = (before != 32) | ~number
    left_of_plus = ~word & ~tag  # "5+49 30" is a sum, and so is "<PHONE>+49 30"
    letter = LETTERS[before] != 0
    table = left * _LEFT | alone * _ALONE | left_of_plus * _LEFT_OF_PLUS | letter * _LETTER
    result: Bytes = table.astype(np.uint8)
    return result


def _right_table() -> Bytes:
    """Return for two characters behind a number whether it may end there, 2: if it is no decimal.

    It does not in words, decimals, times, amounts and paths.
    """
    after, later = PAIRS
    good = (ALNUM[after] == 0) & (members("_#$%&=\\@~^")[after] == 0)
    good |= ((after | 32) == 120) & _digit(later)  # "x12" is an extension
    good &= ((after != 45) & (after != 46)) | (LETTERS[later] == 0)
    good &= (after != 58) | ~(_digit(later) | (later == 60))
    good &= (after != 32) | ((later != 36) & (later != 37))
    result: Bytes = good.astype(np.uint8) << ((after == 44) & _digit(later)).astype(np.uint8)
    return result


_DIGIT = members("0123456789")
_SIGNS = (",", ";", "/", "(", "|", ", ", "; ", " / ", " (", " | ")
_OR = ("or", "and", "und", "oder", "y", "o", "et", "ou", "e", "i", "en", "och", "og", "eller")
_LISTED = (*_SIGNS, *(f" {word} " for word in _OR))
_BETWEEN = Lookup(
    {int.from_bytes(f"{gap}{more}".encode(), "little"): 1 for gap in _LISTED for more in ("", "(")}
)
"""What parts the numbers of a list."""
_BEFORE, _SIDES, _AFTER = _before_table(), _left_table(), _right_table()


def phones(runs: Runs) -> Spans:
    """Return the spans of phone numbers."""
    if not len(runs):
        return NONE
    gaps = gaps_of(runs)
    taken = np.zeros(len(runs) + 1, dtype=np.bool_)
    judged = np.zeros(len(runs), dtype=np.intp)  # runs of the chain judged last that begins there
    found: list[Spans] = []
    asked, joined = np.arange(len(runs)), gaps[:-8] != 0
    for _ in range(_ROUNDS):
        whole = _judged(runs.parts(asked, joined), gaps, taken, judged, found)
        parted, members = len(found), whole.members()
        for level in LEVELS[1:]:
            asked = members.compress(~taken.take(members))
            if not len(asked):
                break
            joined = level.take(gaps.take(asked)) & ~taken.take(asked + 1)
            _judged(runs.parts(asked, joined), gaps, taken, judged, found)
        if len(found) == parted:
            break  # else what stood beside a number may be one, now that it stands alone
        begins = np.cumsum(whole.counts) - whole.counts
        asked = whole[np.logical_or.reduceat(taken.take(members), begins)].members()
        asked = asked.compress(~taken.take(asked))
        joined = (gaps.take(asked) != 0) & ~taken.take(asked + 1)
    if not found:
        return NONE
    starts = np.concatenate([span[0] for span in found])
    order = np.argsort(starts, kind="stable")
    return starts.take(order), np.concatenate([span[1] for span in found]).take(order)


def _judged(chains: Chains, gaps: Bytes, taken: Mask, judged: Places, found: list[Spans]) -> Chains:
    """Note the numbers among `chains` in `found` and `taken`; return what can be parted."""
    chains = chains[chains.digits >= _LEAST_DIGITS]
    new = judged.take(chains.firsts) != chains.counts
    judged[chains.firsts] = chains.counts
    new &= (chains.digits <= _MOST_DIGITS) & (chains.counts <= _MOST_RUNS)
    numbers, starts = _numbers(chains[new], gaps)
    if len(numbers):
        found.append((starts, numbers.ends))
        taken[numbers.members()] = True
    return chains[(chains.counts > 1) & ~taken.take(chains.firsts)]


def _numbers(chains: Chains, gaps: Bytes) -> tuple[Chains, Places]:
    """Return those of `chains` that are phone numbers, and where "+" and all of them start."""
    codes = chains.runs.codes
    right = pairs(codes, chains.ends, _AFTER)
    decimal = np.flatnonzero(right == 2)
    third = chains.ends.take(decimal) + 3
    right[decimal] = _DIGIT.take(codes.take(third)) & (codes.take(third - 1) != 10)
    chains = chains[right != 0]
    first = chains.starts
    before = pairs(codes, first - 2, _BEFORE)
    lengths = chains.eights(chains.runs.short)
    gap = gaps.take(chains.firsts) * (chains.counts > 1)
    opened, closed = (gap & OPENS) != 0, (gap & CLOSES) != 0
    plus, bracket = (before & _PLUS) != 0, ((before & _OPEN) != 0) & closed
    possible = (chains.counts > 1) & (bracket | opened | (codes.take(first) == 48))
    for shape in FIXED:
        possible |= lengths == shape
    cues = cues_before(chains.runs, first)
    asked = np.flatnonzero(~plus & (cues == 0))
    cues[asked] = cues_after(chains.runs, chains.ends.take(asked))
    phone = _listed(chains, (cues & PHONE) != 0)
    if (cues & TRUNK).any():
        phone |= ((cues & TRUNK) != 0) & _trunk_zero(chains)
    possible &= (cues & IDENTIFIER) == 0
    needed = plus | phone | possible
    chains = chains[needed]
    if not len(chains):
        return chains, chains.starts
    each = (plus, phone, possible, bracket, closed, before, lengths)
    good, starts = _looked_at(chains, gaps, *(values.compress(needed) for values in each))
    return chains[good], starts.compress(good)


def _listed(chains: Chains, phone: Mask) -> Mask:
    """Return which are told by a word (`phone`) or stand behind such in a list of numbers.

    One of a list has as many digits as the one before, or fewer and the same last group
    ("(495) 123-45-67, 123-45-68"), or begins with a zero.
    """
    if len(chains) < 2 or not phone.any():
        return phone
    befores, ends = chains.ends[:-1], chains.starts[1:]
    sizes = np.minimum(ends - befores, 8)
    near = np.flatnonzero((sizes < 8) & ~phone[1:])
    between = eights(chains.runs.codes, befores.take(near)) & FIRST.take(sizes.take(near))
    near = near.compress(_BETWEEN.of(between) != 0)
    digits = chains.digits
    lasts = chains.runs.lengths.take(chains.firsts + chains.counts - 1)
    alike = digits.take(near + 1) == digits.take(near)
    alike |= (digits.take(near + 1) < digits.take(near)) & (
        lasts.take(near + 1) == lasts.take(near)
    )
    alike |= chains.runs.codes.take(ends.take(near)) == 48
    linked = np.zeros(len(chains), dtype=np.bool_)
    linked[near.compress(alike) + 1] = True
    heads = np.maximum.accumulate(np.where(linked, 0, np.arange(len(chains))))
    result: Mask = phone.take(heads)
    return result


def _trunk_zero(chains: Chains) -> Mask:
    """Return which begin with one zero, as national numbers, or are one run as mobiles of India."""
    codes, first, digits = chains.runs.codes, chains.starts, chains.digits
    result: Mask = (codes.take(first) == 48) & (codes.take(first + 1) != 48)
    result &= (digits >= 9) & (digits <= 12) & (chains.runs.lengths.take(chains.firsts) > 1)
    result |= (chains.counts == 1) & (digits == 10) & (codes.take(first) >= 54)
    return result


def _looked_at(
    chains: Chains,
    gaps: Bytes,
    plus: Mask,
    phone: Mask,
    possible: Mask,
    bracket: Mask,
    closed: Mask,
    before: Bytes,
    lengths: Eights,
) -> tuple[Mask, Places]:
    """Return which are phone numbers, and where each starts."""
    starts = chains.starts - (np.where(closed, before >> 4, before >> 2) & 3)
    sides = pairs(chains.runs.codes, starts - 2, _SIDES)
    left = (sides & _LEFT) != 0
    look = Look(chains, lengths, gaps)
    zeros = (look.figures & 0xFFFF == 0) & (lengths & 255 >= 2) & ((sides & _ALONE) != 0)
    zeros = look.abroad(zeros, 2)
    told = (chains.digits <= 15) & ~look.date & ~look.years & look.few_slashes
    told = (told | zeros) & (left | ((sides & _LETTER) != 0))
    good: Mask = phone & told
    possible &= left & ~look.date & ~look.counting
    if possible.any():
        good |= possible & look.laid_out(bracket, zeros)
    if plus.any():
        abroad = look.abroad(plus & ((sides & _LEFT_OF_PLUS) != 0))
        good = np.where(plus, abroad, good)
    return good, starts
