"""Phone numbers, by the layouts in which countries write them.

Found without further evidence: "+" or "00" with an assigned country code and as many digits as that
country's numbers have; an area code in brackets; a trunk zero in two or more groups of 9 to 12
digits; North America's 3-3-4 (area and exchange not below 200); Russia's 8 + 3-3-2-2; Spain's
3-2-2-2; Poland's 2-3-2-2; Brazil's 2-5-4; China's mobile 3-4-4; Australia's 1300 and 1800. Behind a
word such as "Tel." or "call": any 7 to 15 digits.

Not found: digits in one piece without such a word; 7 and 8 digits in groups without an area code
(dates, ranges of pages and years, scores look the same); groups of three parted by blanks, which is
how half of the world writes a million. Dates, ranges of years, currencies, percentages, what is
part of a word, path or decimal, and numbers behind "ISBN", "order no." and the like are left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.personal.cues import IDENTIFIER, PHONE, cued, words_before
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
from webfilter.heuristics.personal.runs import Chains, Runs

__all__ = ["phones"]

_NATIONAL = """
5-5: 290 500 682
6-6: 247 298 299 672 687
7-7: 238 239 246 248 269 291 297 592 597 673 674 676 677 678 680 683 688 690 691 692
7-8: 241 386 599 670 675 686 853 961 965 975
7-9: 40 46 220 231 245 252 265 354 355 376 421 423 508 681 689 967 968
7-10: 53 95 98 230 243 254 263 267 353 372 685 880 960
7-11: 352 375 501 503 507 595 679 852 974
7-12: 39 43 49 63 86 358 359 381 598 882 971
8-8: 45 47 216 222 223 226 227 228 232 235 236 253 257 266 350 356 357 370 371 373 374 389 505
8-8: 509 800 808 973 993
8-9: 32 36 51 213 224 233 237 250 258 264 268 377 382 385 387 591 886 962 963 972
8-10: 20 60 64 82 378 506 850 855 856 964 970 976
8-11: 55 57 65 502 504 593 977
8-12: 62 66 92 383 883
9-9: 27 31 33 34 41 48 61 93 94 211 212 218 221 240 242 244 249 251 255 256 260 261 262 351 420
9-9: 590 594 596 979 992 994 995 998
9-10: 44 81 84 380 881 966 996
9-11: 56
9-12: 870
10-10: 1 7 30 52 58 90 91 225 229
10-11: 54
10-12: 234
11-11: 888
12-12: 878
"""
"""Least and most digits behind the country code, and the country codes."""

_GAPS = (" ", "-", ".", "/", ")", "(", ") ", " (", ")-", "-(", "- ", " -", "/ ", " /", ")/", ") (")
_WIDE_GAPS = (" - ", " / ", ") - ")
_IDS = {gap: number for number, gap in enumerate((*_GAPS, *_WIDE_GAPS), 1)}
_LEVELS = (
    frozenset(_IDS),
    frozenset(_IDS) - {"/", "- ", " -", "/ ", " /", ")/", *_WIDE_GAPS},
    frozenset("-./()") | {")-", "-("},
)
"""What holds a number together: tried in this order, so that two numbers in a row are two."""
_MOST_RUNS = 8
_MOST_DIGITS = 17


def _gap_table() -> npt.NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    for gap, number in _IDS.items():
        if len(gap) == 1:
            table[ord(gap)] = number
    return table


_SINGLE = _gap_table()
_LONGER = [(gap.encode(), number) for gap, number in _IDS.items() if len(gap) > 1]


def _country_table() -> npt.NDArray[np.intp]:
    """Return (digits of the code, least, most digits behind it) for the first three digits."""
    table = np.zeros((1000, 3), dtype=np.intp)
    for line in _NATIONAL.strip().splitlines():
        span, _, codes = line.partition(": ")
        low, high = map(int, span.split("-"))
        for code in codes.split():
            width = 10 ** (3 - len(code))
            table[int(code) * width : (int(code) + 1) * width] = len(code), low, high
    return table


_COUNTRIES = _country_table()


def _ids(*gaps: str) -> npt.NDArray[np.bool_]:
    """Return a table that holds for the numbers of `gaps`, shape (number of gaps + 1,)."""
    table = np.zeros(len(_IDS) + 1, dtype=np.bool_)
    table[[_IDS[gap] for gap in gaps]] = True
    return table


_OPENS = _ids("(", " (", "-(", ") (")
_CLOSES = _ids(")", ") ", ")-", ")/", ") - ", ") (")
_SLASHES = _ids("/", "/ ", " /", " / ", ")/")
_HYPHENS = _ids("-", ")-", "- ", " -", " - ", ") - ")
_LEVEL_TABLES = [_ids(*level) for level in _LEVELS]
_LEFT = ~(ALNUM | members("_#$%&=/\\@~^")).astype(np.bool_)
_AFTER_NUMBER = members("0123456789>").astype(np.bool_)
_BEFORE_NUMBER = members("0123456789<").astype(np.bool_)
_RIGHT = ~(ALNUM | members("_#$%&=\\@~^")).astype(np.bool_)
_ROUNDS = 3


def _gap_ids(runs: Runs) -> npt.NDArray[np.uint8]:
    """Return the number of the gap behind each run but the last; 0 for none that holds together."""
    codes, ends, gaps = runs.codes, runs.ends[:-1], runs.gaps
    ids = np.where(gaps == 1, _SINGLE[codes[ends]], np.uint8(0))
    longer = np.flatnonzero((gaps >= 2) & (gaps <= 4))
    if len(longer):
        around = [codes[ends[longer] + place] for place in range(4)]
        for gap, number in _LONGER:
            hit = gaps[longer] == len(gap)
            for place, char in enumerate(gap):
                hit = hit & (around[place] == char)
            ids[longer[hit]] = number
    opens = _OPENS[ids] & (runs.lengths[:-1] > 3)  # a number is over where "(212)" begins
    opens[1:] |= _OPENS[ids[1:]] & (ids[:-1] != 0)
    begins = runs.starts[1:]
    opens |= (runs.lengths[1:] > 3) & (codes[begins] == 48) & (codes[begins + 1] == 48)  # "0049"
    ids[opens] = 0
    return ids


def phones(runs: Runs) -> Spans:
    """Return the spans of phone numbers."""
    if not len(runs):
        return NONE
    ids = _gap_ids(runs)
    taken = np.zeros(len(runs), dtype=np.bool_)
    found: list[Spans] = []
    for _ in range(_ROUNDS):  # what stands beside a number may be one, now that it is taken
        before = len(found)
        seen = np.zeros(len(runs), dtype=np.intp)
        for level in _LEVEL_TABLES:
            joined = level[ids]
            if found:
                joined = joined & ~taken[:-1] & ~taken[1:]
            chains = runs.chains(joined)
            fresh = seen[chains.firsts] != chains.counts
            seen[chains.firsts] = chains.counts
            can = (chains.digits >= 7) & (chains.digits <= _MOST_DIGITS) & fresh
            can &= (chains.counts <= _MOST_RUNS) & ~taken[chains.firsts]
            chains = chains[can]
            if not len(chains):
                continue
            numbers, spans = _numbers(chains, ids)
            if len(numbers):
                found.append(spans)
                for run in range(_MOST_RUNS):
                    there = numbers.counts > run
                    taken[numbers.firsts[there] + run] = True
        if len(found) == before or len(found) - before == 1 and before == 0 and taken.all():
            break
    if not found:
        return NONE
    starts = np.concatenate([span[0] for span in found])
    order = np.argsort(starts, kind="stable")
    return starts[order], np.concatenate([span[1] for span in found])[order]


def _numbers(chains: Chains, ids: npt.NDArray[np.uint8]) -> tuple[Chains, Spans]:
    """Return those of `chains` that are phone numbers, and their spans with "+" and bracket."""
    codes = chains.runs.codes
    look = _Look(chains, ids)
    plain = look.layout & look.left & ~look.date & ~look.counting
    near = np.flatnonzero(look.right & ~look.plus)
    words = words_before(codes, chains.starts[near])
    phone = np.zeros(len(chains), dtype=np.bool_)
    other = phone.copy()
    phone[near] = cued(words, PHONE)
    other[near] = cued(words, IDENTIFIER)
    told = phone & (chains.digits <= 15) & ~look.date & ~look.years & (look.slashes <= 1)
    told &= look.left | (LETTERS[look.before] != 0)
    international = look.plus & look.abroad & look.left_of_plus
    good = look.right & (international | told | (look.zeros & phone) | (plain & ~other))
    return chains[good], (look.starts[good], chains.ends[good])


class _Look:
    """What `_numbers` asks of chains, each an array with one value a chain."""

    def __init__(self, chains: Chains, ids: npt.NDArray[np.uint8]) -> None:
        runs, codes = chains.runs, chains.runs.codes
        self.count, self.total = chains.counts, chains.digits
        self.lengths = chains.lengths(_MOST_RUNS)
        run = chains.firsts[:, None] + np.arange(_MOST_RUNS)
        inside = np.arange(1, _MOST_RUNS) < self.count[:, None]
        self.gaps = np.where(inside, ids.take(run[:, :-1], mode="clip"), 0)
        self.digits = chains.values(8).astype(np.intp)
        places = runs.starts.take(run, mode="clip")
        self.tens = codes[places].astype(np.intp) - 48
        self.ones = codes[places + 1].astype(np.intp) - 48
        self.slashes = _SLASHES[self.gaps].sum(axis=1)
        self._around(codes, chains.starts, chains.ends)
        self._dates()
        self.abroad = self._abroad(0)
        self.zeros = (self.digits[:, 0] == 0) & (self.digits[:, 1] == 0) & self._abroad(2)
        self.zeros &= self.lengths[:, 0] >= 2
        self.layout = self._layouts()

    def _around(self, codes: Bytes, first: Places, ends: Places) -> None:
        before, earlier = codes[first - 1], codes[first - 2]
        plus = before == 43
        wrapped = ((before == 40) & (earlier == 43)) | (
            (before == 43) & (earlier == 40) & _CLOSES[self.gaps[:, 0]]
        )
        self.plus = plus | wrapped
        self.bracket = (before == 40) & _CLOSES[self.gaps[:, 0]]
        self.starts = first - np.where(wrapped, 2, plus | self.bracket)
        self.before = codes[self.starts - 1]
        earlier = codes[self.starts - 2]
        self.left = _LEFT[self.before]
        self.left &= ~(np.isin(self.before, (44, 46, 58)) & _AFTER_NUMBER[earlier])  # , . :
        self.left &= (self.before != 45) | (earlier == 32) | (earlier == 10)
        self.left &= ~((self.before == 32) & (earlier == 36))  # "$ 212"
        self.left_of_plus = ALNUM[self.before] == 0
        after, later = codes[ends], codes[ends + 1]
        self.right = _RIGHT[after] | (((after | 32) == 120) & (later - np.uint8(48) < 10))
        self.right &= ~(((after == 45) | (after == 46)) & (LETTERS[later] != 0))
        self.right &= ~((after == 58) & _BEFORE_NUMBER[later])
        third = codes[ends + 3] - np.uint8(48) < 10
        self.right &= ~((after == 44) & (later - np.uint8(48) < 10) & ~third)
        self.right &= ~((after == 32) & ((later == 36) | (later == 37)))

    def _dates(self) -> None:
        year = (self.lengths == 4) & (
            ((self.tens == 1) & (self.ones == 9)) | ((self.tens == 2) & (self.ones == 0))
        )
        small = (self.lengths == 1) | ((self.lengths == 2) & (self.tens <= 3))
        same = self.gaps[:, :-1] == self.gaps[:, 1:]
        last = small[:, :-2] & small[:, 1:-1] & year[:, 2:]
        first = year[:, :-2] & small[:, 1:-1] & small[:, 2:]
        self.year = year
        self.date = ((last | first) & same[:, : last.shape[1]]).any(axis=1)
        self.years = year[:, 0] & year[:, 1]
        values = self.tens * 10 + self.ones
        inside = np.arange(1, _MOST_RUNS) < self.count[:, None]
        rising = (values[:, 1:] == values[:, :-1] + 1) | ~inside
        self.counting = rising.all(axis=1) & (self.count > 2) & (self.lengths[:, 0] == 2)

    def _abroad(self, skipped: int) -> Mask:
        """Return which have an assigned country code, and as many digits as numbers there."""
        head = self.digits[:, skipped : skipped + 3] @ np.array([100, 10, 1])
        code, least, most = _COUNTRIES[head].T
        trunk = (self.lengths[:, 1] == 1) & (self.tens[:, 1] == 0) & _OPENS[self.gaps[:, 0]]
        rest = self.total - skipped - code - trunk
        rows = np.arange(len(code))
        zeros = [self.digits[rows, skipped + code + place] == 0 for place in range(3)]
        given = ~(zeros[0] & zeros[1] & zeros[2]) & ((head < 200) <= (head > 119))
        return given & (code > 0) & (rest >= least) & (rest <= most + (zeros[0] & ~trunk))

    def _is(self, *lengths: int) -> Mask:
        wanted = np.array([*lengths, *[0] * (_MOST_RUNS - len(lengths))])
        found: Mask = (self.lengths == wanted).all(axis=1)
        return found

    def _layouts(self) -> Mask:
        """Return which are written as some country writes its numbers."""
        first, second = self.digits[:, 0], self.digits[:, 1]
        later = (self.lengths[:, 1:] >= 2) | (self.lengths[:, 1:] == 0)
        whole = later.all(axis=1) & (self.count > 1) & (self.slashes <= 1)
        dots = self.gaps == _IDS["."]
        rest = np.arange(_MOST_RUNS - 1) < self.count[:, None] - 1
        even = ~dots[:, 1:].any(axis=1) | (dots[:, 1:] | ~rest[:, 1:]).all(axis=1)
        even &= ~dots[:, 0] | (dots | ~rest).all(axis=1)
        area = self.lengths[:, 0]
        trunk = (first == 0) & (second != 0) & (area >= 2) & (area <= 5) & even & whole
        trunk &= (self.total >= 9) & (self.total <= 12) & (self.count <= 6)
        hyphen = _HYPHENS[self.gaps].any(axis=1)
        bracket = self.bracket & (area >= 2) & (area <= 5) & ~self.year[:, 0] & whole
        bracket &= (self.total >= 9 - hyphen) & (self.total <= 12) & (self.count <= 5)
        return (
            trunk
            | bracket
            | (self.zeros & (self.count > 1))
            | (self._middle_bracket() & whole)
            | (self._north_american() & (self.slashes <= 1))
            | (self._is(1, 3, 3, 2, 2) & ((first == 7) | (first == 8)))
            | (self._is(3, 2, 2, 2) & (first >= 6))
            | (self._is(3, 7) & (first == 3))
            | (self._is(2, 3, 2, 2) & (first >= 1))
            | (self._is(2, 5, 4) & (first >= 1) & hyphen)
            | (self._is(2, 4, 4) & (first >= 1) & hyphen & (self.gaps[:, 0] == _IDS[" "]))
            | (self._is(3, 4, 4) & (first == 1) & (second >= 3))
            | (self._is(4, 3, 3) & (first == 1) & ((second == 3) | (second == 8)) & self._round())
        )

    def _round(self) -> Mask:
        """Return which begin with a number like 1300 or 1800."""
        return (self.digits[:, 2] == 0) & (self.digits[:, 3] == 0)

    def _middle_bracket(self) -> Mask:
        """Return which have an area code in brackets behind a country code or trunk digit."""
        found = _OPENS[self.gaps[:, 0]] & _CLOSES[self.gaps[:, 1]] & (self.lengths[:, 0] <= 3)
        found &= (self.lengths[:, 1] >= 2) | self.abroad
        return found & (self.total >= 10) & (self.total <= 13)

    def _north_american(self) -> Mask:
        rows = np.arange(len(self.total))
        shift = ((self.lengths[:, 0] == 1) & (self.digits[:, 0] == 1)).astype(np.intp)
        found = self._is(3, 3, 4) | (self._is(1, 3, 3, 4) & (shift == 1))
        area, exchange = self.tens[rows, shift], self.tens[rows, shift + 1]
        return found & (area >= 2) & (exchange >= 2) & (self.ones[rows, shift] < 9)
