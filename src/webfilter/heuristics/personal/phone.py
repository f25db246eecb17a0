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
4-5: 290
4-7: 683 690
4-11: 352
4-12: 598
5-5: 500 682
5-6: 247
5-7: 676 677 678 688
5-8: 386 686
5-10: 685
5-11: 852
5-12: 358 971
6-6: 298 299 672 687
6-7: 597
6-9: 40 252 355 376 421 508 681 689
6-10: 53 95 98 880
6-11: 375 595
6-12: 39 43 49 63 359 381
7-7: 238 239 246 248 269 291 297 592 673 674 680 691 692
7-8: 241 599 670 675 853 961 965 975
7-9: 46 220 231 245 265 354 423 967 968
7-10: 230 243 254 263 267 353 372 960
7-11: 501 503 507 679 974
7-12: 86 882
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
_POINTS = members(",.:")
_ROUNDS = 3


def _gap_ids(runs: Runs) -> npt.NDArray[np.uint8]:
    """Return the number of the gap behind each run; 0 for one that holds nothing together."""
    codes, ends, gaps = runs.codes, runs.ends[:-1], runs.gaps
    ids = _SINGLE[codes[ends]] * (gaps == 1)
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
    ids[opens] = 0
    return np.concatenate((ids, np.zeros(1, dtype=np.uint8)))


def phones(runs: Runs) -> Spans:
    """Return the spans of phone numbers."""
    if len(runs) < 1:
        return NONE
    ids = _gap_ids(runs)
    taken = np.zeros(len(runs), dtype=np.bool_)
    seen = [np.zeros(len(runs), dtype=np.intp) for _ in _LEVELS]
    found: list[Spans] = []
    for _ in range(_ROUNDS):
        again = False
        for number, level in enumerate(_LEVEL_TABLES):
            joined = level[ids[:-1]]
            if found:
                joined = joined & ~taken[:-1] & ~taken[1:]
            chains = runs.chains(joined)
            can = (chains.digits >= 7) & ~taken[chains.firsts]
            for judged in seen:
                can &= judged[chains.firsts] != chains.counts
            seen[number][chains.firsts] = chains.counts
            if not can.any():
                continue
            whole = chains[(chains.digits >= 7) & (chains.counts > 1)]
            can &= (chains.digits <= _MOST_DIGITS) & (chains.counts <= _MOST_RUNS)
            numbers, spans = _numbers(chains[can], ids)
            if len(numbers):
                found.append(spans)
                again = again or number > 0
                for run in range(_MOST_RUNS):
                    taken[numbers.firsts[numbers.counts > run] + run] = True
            if taken[whole.firsts].all():
                break  # there is nothing left to part
        if not again:  # else what stood beside a number may be one, now that it stands alone
            break
    if not found:
        return NONE
    starts = np.concatenate([span[0] for span in found])
    order = np.argsort(starts, kind="stable")
    return starts[order], np.concatenate([span[1] for span in found])[order]


def _numbers(chains: Chains, ids: Bytes) -> tuple[Chains, Spans]:
    """Return those of `chains` that are phone numbers, and their spans with "+" and bracket."""
    codes = chains.runs.codes
    chains = chains[_ends_well(codes, chains.ends)]
    first = chains.starts
    before, earlier = codes[first - 1], codes[first - 2]
    gap = ids[chains.firsts] * (chains.counts > 1)
    plus = (before == 43) | ((before == 40) & (earlier == 43))
    bracket = (before == 40) & _CLOSES[gap]
    possible = (chains.counts > 1) & (bracket | (codes[first] == 48) | _OPENS[gap])
    packed = _packed(chains)
    possible |= _is_fixed(packed)
    words = np.zeros(len(chains), dtype=np.int64)
    asked = np.flatnonzero(~plus)
    words[asked] = words_before(codes, first[asked])
    phone = cued(words, PHONE)
    other = cued(words, IDENTIFIER)
    needed = plus | phone | (possible & ~other)
    chains, plus, phone, possible = chains[needed], plus[needed], phone[needed], possible[needed]
    look = _Look(chains, ids, packed[needed])
    international = look.abroad & look.left_of_plus
    told = (chains.digits <= 15) & ~look.date & ~look.years & (look.slashes <= 1)
    told = (told | look.zeros) & (look.left | (LETTERS[look.before] != 0))
    plain = look.layout & look.left & ~look.date & ~look.counting
    good = np.where(plus, international, (phone & told) | (possible & plain))
    return chains[good], (look.starts[good], chains.ends[good])


def _ends_well(codes: Bytes, ends: Places) -> Mask:
    """Return which of `ends` are no part of a word, decimal, time, amount or path."""
    after, later = codes[ends], codes[ends + 1]
    digit = (later - np.uint8(48)) < 10
    good = _RIGHT[after] | (((after | 32) == 120) & digit)  # "x12" is an extension
    bad = ((after == 45) | (after == 46)) & (LETTERS[later] != 0)
    bad |= (after == 58) & _BEFORE_NUMBER[later]
    bad |= (after == 44) & digit & ((codes[ends + 3] - np.uint8(48)) >= 10)
    bad |= (after == 32) & ((later == 36) | (later == 37))
    result: Mask = good & ~bad
    return result


def _packed(chains: Chains) -> Places:
    """Return the digits of each chain's runs as one number, four bits a run."""
    packed = np.zeros(len(chains), dtype=np.intp)
    for run, row in enumerate(chains.rows(chains.runs.short, _MOST_RUNS)):
        packed |= row.astype(np.intp) << (4 * run)
    return packed


def _shape(*lengths: int) -> int:
    return sum(length << (4 * run) for run, length in enumerate(lengths))


def _is_fixed(packed: Places) -> Mask:
    """Return which have the groups of a layout that is told by its groups alone."""
    place = np.searchsorted(_FIXED, packed)
    found: Mask = _FIXED.take(place, mode="clip") == packed
    return found


_NORTH_AMERICA, _WITH_ONE = _shape(3, 3, 4), _shape(1, 3, 3, 4)
_RUSSIA, _SPAIN, _ITALY, _POLAND = (
    _shape(1, 3, 3, 2, 2),
    _shape(3, 2, 2, 2),
    _shape(3, 7),
    _shape(2, 3, 2, 2),
)
_BRAZIL, _BRAZIL_OLD, _CHINA, _AUSTRALIA = (
    _shape(2, 5, 4),
    _shape(2, 4, 4),
    _shape(3, 4, 4),
    _shape(4, 3, 3),
)
_POSTAL, _POSTAL_RANGE = _shape(5, 4), _shape(5, 5)  # "02134-1234", "02134 - 02140"
_FIXED = np.unique(
    [
        *(_NORTH_AMERICA, _WITH_ONE, _RUSSIA, _SPAIN, _ITALY, _POLAND),
        *(_BRAZIL, _BRAZIL_OLD, _CHINA, _AUSTRALIA),
    ]
)


class _Look:
    """What `_numbers` asks of chains, each an array with one value a chain."""

    def __init__(self, chains: Chains, ids: Bytes, packed: Places) -> None:
        runs, codes = chains.runs, chains.runs.codes
        self.count, self.total = chains.counts, chains.digits
        self.packed = packed
        self.lengths = chains.rows(runs.short, _MOST_RUNS)
        self.gaps = chains.rows(ids, _MOST_RUNS)
        for run in range(_MOST_RUNS):  # the gap behind the last run is none
            self.gaps[run] *= self.count > run + 1
        self.digits = chains.values(8)
        self.tens = chains.rows(codes[runs.starts] - np.uint8(48), _MOST_RUNS)
        self.ones = chains.rows(codes[runs.starts + 1] - np.uint8(48), _MOST_RUNS)
        self.slashes = _SLASHES[self.gaps].sum(axis=0)
        self._around(codes, chains.starts)
        self._dates()
        self.abroad = self._abroad(0)
        self.zeros = (self.digits[0] == 0) & (self.digits[1] == 0) & self._abroad(2)
        self.zeros &= (self.lengths[0] >= 2) & self.alone
        self.layout = self._layouts()

    def _around(self, codes: Bytes, first: Places) -> None:
        before, earlier = codes[first - 1], codes[first - 2]
        plus = before == 43
        closed = _CLOSES[self.gaps[0]]
        wrapped = ((before == 40) & (earlier == 43)) | (plus & (earlier == 40) & closed)
        self.bracket = (before == 40) & closed
        self.starts = first - np.where(wrapped, 2, plus | self.bracket)
        self.before = codes[self.starts - 1]
        earlier = codes[self.starts - 2]
        self.left = _LEFT[self.before]
        self.left &= ~((_POINTS[self.before] != 0) & _AFTER_NUMBER[earlier])
        self.left &= (self.before != 45) | (earlier == 32) | (earlier == 10)
        self.left &= ~((self.before == 32) & (earlier == 36))  # "$ 212"
        self.alone = (self.before != 32) | ~_AFTER_NUMBER[earlier]
        self.left_of_plus = ALNUM[self.before] == 0  # "5+49 30" is a sum, and so is "<PHONE>+49 30"
        tag = (self.before == 62) & (earlier >= 65) & (earlier <= 90)
        self.left_of_plus &= ~tag
        self.left &= ~tag

    def _dates(self) -> None:
        four = self.lengths == 4
        year = four & (self.tens == 1) & (self.ones == 9)
        year |= four & (self.tens == 2) & (self.ones == 0)
        small = (self.lengths == 1) | ((self.lengths == 2) & (self.tens <= 3))
        same = self.gaps[:-2] == self.gaps[1:-1]
        last = small[:-2] & small[1:-1] & year[2:]
        first = year[:-2] & small[1:-1] & small[2:]
        self.year, self.second_year = year[0], year[1]
        self.date = ((last | first) & same).any(axis=0)
        self.years = year[0] & year[1]
        values = self.tens * np.uint8(10) + self.ones
        rising = self.lengths[0] == 2
        for run in range(1, _MOST_RUNS):
            rising &= (self.count <= run) | (values[run] == values[run - 1] + 1)
        self.counting = rising & (self.count > 2)

    def _abroad(self, skipped: int) -> Mask:
        """Return which have an assigned country code, and as many digits as numbers there."""
        digits = self.digits[skipped:].astype(np.intp)
        head = digits[0] * 100 + digits[1] * 10 + digits[2]
        code, least, most = _COUNTRIES[head].T
        trunk = (self.lengths[1] == 1) & (self.tens[1] == 0) & _OPENS[self.gaps[0]]
        rest = self.total - skipped - code - trunk
        rows = np.arange(len(code))
        national = [digits[code + place, rows] for place in range(3)]
        given = (national[0] != 0) | (national[1] != 0) | (national[2] != 0)
        given &= (code != 1) | (national[0] > 1)  # no area of North America is below 200
        result: Mask = (
            given & (code > 0) & (rest >= least) & (rest <= most + ((national[0] == 0) & ~trunk))
        )
        return result

    def _layouts(self) -> Mask:
        """Return which are written as some country writes its numbers."""
        first, second = self.digits[0], self.digits[1]
        whole = (self.count > 1) & (self.slashes <= 1) & (self.lengths[1:] != 1).all(axis=0)
        area = self.lengths[0]
        hyphen = _HYPHENS[self.gaps].any(axis=0)
        trunk = (first == 0) & (second != 0) & (area >= 2) & self._even() & whole
        trunk &= (area <= 5) | ((area == 6) & (second == 1))
        twos = (area == 2) & (self.lengths[1] == 2)  # a date, docket or part, but "01 23 45 67 89"
        trunk &= ~twos | ((self.lengths[2] == 2) & (self.count > 3))
        trunk &= (
            (self.packed != _POSTAL)
            & ((self.packed != _POSTAL_RANGE) | ~hyphen)
            & (self.total >= 9)
            & (self.total <= 12)
            & (self.count <= 6)
        )
        bracket = self.bracket & (area >= 2) & (area <= 5) & ~self.year & whole
        bracket &= (self.total >= 9 - hyphen) & (self.total <= 12) & (self.count <= 5)
        packed = self.packed
        result: Mask = (
            trunk
            | bracket
            | (self.zeros & (self.count > 1))
            | (self._middle_bracket() & whole)
            | (self._north_american() & (self.slashes <= 1))
            | ((packed == _RUSSIA) & ((first == 7) | (first == 8)))
            | ((packed == _SPAIN) & (first >= 6))
            | ((packed == _ITALY) & (first == 3))
            | ((packed == _POLAND) & (first >= 1))
            | ((packed == _BRAZIL) & (first >= 1) & hyphen)
            | ((packed == _BRAZIL_OLD) & (first >= 1) & hyphen & (self.gaps[0] == _IDS[" "]))
            | ((packed == _CHINA) & (first == 1) & (second >= 3))
            | ((packed == _AUSTRALIA) & self._shared_cost())
        )
        return result

    def _even(self) -> Mask:
        """Return which have dots everywhere, everywhere but in the first gap, or nowhere."""
        dots = (self.gaps == _IDS["."]).sum(axis=0)
        first = self.gaps[0] == _IDS["."]
        result: Mask = (dots == 0) | (dots == self.count - 1) | (~first & (dots == self.count - 2))
        return result

    def _shared_cost(self) -> Mask:
        """Return which begin with 1300 or 1800."""
        second = (self.digits[1] == 3) | (self.digits[1] == 8)
        result: Mask = (
            (self.digits[0] == 1) & second & (self.digits[2] == 0) & (self.digits[3] == 0)
        )
        return result

    def _middle_bracket(self) -> Mask:
        """Return which have an area code in brackets behind a country code or trunk digit."""
        found = _OPENS[self.gaps[0]] & _CLOSES[self.gaps[1]] & (self.lengths[0] <= 3)
        found &= (self.lengths[1] >= 2) | self.abroad
        result: Mask = found & ~self.second_year & (self.total >= 10) & (self.total <= 13)
        return result

    def _north_american(self) -> Mask:
        one = (self.packed == _WITH_ONE) & (self.digits[0] == 1)
        area = np.where(one, self.tens[1], self.tens[0])
        second = np.where(one, self.ones[1], self.ones[0])
        exchange = np.where(one, self.tens[2], self.tens[1])
        grouped = one | (self.packed == _NORTH_AMERICA)
        result: Mask = grouped & (area >= 2) & (exchange >= 2) & (second < 9)
        return result
