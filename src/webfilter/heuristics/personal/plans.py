"""How countries write phone numbers, asked of chains of runs of digits."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from webfilter.heuristics.personal.eights import EACH, FIRST, Eights, eights, is_byte
from webfilter.heuristics.personal.folded import Bytes, Mask
from webfilter.heuristics.personal.runs import Chains
from webfilter.heuristics.personal.separators import BLANK, CLOSES, DOT, HYPHEN, OPENS, SLASH

__all__ = ["FIXED", "Look"]

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


def _country_table() -> npt.NDArray[np.int64]:
    """Return for three digits a byte each: digits of the code, least and most behind it."""
    table = np.zeros(1000, dtype=np.int64)
    for line in _NATIONAL.strip().splitlines():
        span, _, codes = line.partition(": ")
        low, high = map(int, span.split("-"))
        for code in codes.split():
            width = 10 ** (3 - len(code))
            table[int(code) * width : (int(code) + 1) * width] = len(code) | low << 8 | high << 16
    return table


_COUNTRIES = _country_table()


def _shape(*lengths: int) -> int:
    return int.from_bytes(bytes(lengths), "little")


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
FIXED = (
    *(_NORTH_AMERICA, _WITH_ONE, _RUSSIA, _SPAIN, _ITALY, _POLAND),
    *(_BRAZIL, _BRAZIL_OLD, _CHINA, _AUSTRALIA),
)
"""Lengths of the runs, a byte each, of layouts that are told by these alone."""
_WITHIN: Eights = FIRST >> np.uint64(8)
"""All bits of the gaps within n runs, for n from 0 to 8."""


class Look:
    """What is asked of chains, each an array with one value a chain.

    `lengths` and `gaps` have a byte for each of the first eight runs, `figures` for eight digits.
    """

    def __init__(self, chains: Chains, lengths: Eights, gaps: Bytes) -> None:
        self.count, self.total, self.lengths = chains.counts, chains.digits, lengths
        self.within: Eights = _WITHIN.take(self.count)
        gap: Eights = eights(gaps, chains.firsts) & self.within
        self.gaps = gap
        self.figures = chains.figures()
        slashes: Eights = gap & np.uint64(SLASH * EACH)
        self.few_slashes: Mask = slashes & (slashes - np.uint64(1)) == 0  # one or none
        self.hyphen: Mask = (gap & (HYPHEN * EACH)) != 0
        self.opened: Mask = (gap & OPENS) != 0
        self._dates(chains.eights(chains.runs.pairs))

    def _dates(self, pairs: Eights) -> None:
        four, two = is_byte(self.lengths, 4), is_byte(self.lengths, 2)
        year = four & (is_byte(pairs, 19) | is_byte(pairs, 20))
        small = is_byte(self.lengths, 1) | (two & (pairs.view(np.uint8) < 40).view(np.uint64))
        same = is_byte(self.gaps ^ (self.gaps >> np.uint64(8)), 0)
        last = small & (small >> 8) & (year >> 16)
        first = year & (small >> 8) & (small >> 16)
        self.date: Mask = ((last | first) & same) != 0
        self.year: Mask = (year & 1) != 0
        self.second_year: Mask = (year & 256) != 0
        self.years = self.year & self.second_year
        next_pairs = (pairs >> 8).view(np.uint8)
        rises = (next_pairs == pairs.view(np.uint8) + np.uint8(1)).view(np.uint64)
        needed = self.within & EACH
        self.counting: Mask = (rises & needed == needed) & (two & 1 != 0) & (self.count > 2)

    @cached_property
    def trunk(self) -> Mask:
        """Which have a zero in brackets behind the first run."""
        place = (self.lengths & 7) << 3  # a run before a bracket has three digits at most
        zero = (self.figures >> place) & 255 == 0
        result: Mask = self.opened & ((self.lengths >> 8) & 255 == 1) & zero
        return result

    def abroad(self, asked: Mask, skipped: int = 0) -> Mask:
        """Return which of `asked` have an assigned country code, and as many digits as there.

        The code is looked for behind the first `skipped` digits.
        """
        result = np.zeros(len(asked), dtype=np.bool_)
        where = np.flatnonzero(asked)
        if not len(where):
            return result
        figures = self.figures.take(where) >> 8 * skipped
        trunk = self.trunk.take(where)
        head = (figures & 255) * 100 + (figures >> 8 & 255) * 10 + (figures >> 16 & 255)
        country = _COUNTRIES.take(head.view(np.int64))
        code = country & 255
        rest = self.total.take(where) - skipped - code - trunk
        national = (figures >> (code << 3).view(np.uint64)) & 0xFFFFFF
        first = national & 255
        given = (national != 0) & (code > 0)
        given &= (code != 1) | (first > 1)  # no area of North America is below 200
        given &= rest >= (country >> 8 & 255)
        given &= rest <= (country >> 16) + ((first == 0) & ~trunk)
        result[where] = given
        return result

    def laid_out(self, bracket: Mask, zeros: Mask) -> Mask:
        """Return which are written as some country writes its numbers.

        Args:
            bracket: which have their first run in brackets.
            zeros: which begin with "00" and a country code.
        """
        first, second = self.figures & 255, self.figures >> 8 & 255
        lengths, total, count = self.lengths, self.total, self.count
        whole = self.few_slashes & (count > 1) & (is_byte(lengths, 1) >> 8 == 0)
        area = lengths & 255
        trunk = (first == 0) & (second != 0) & (area >= 2) & self._even() & whole
        trunk &= (area <= 5) | ((area == 6) & (second == 1))
        twos = lengths & 0xFFFF == 0x0202  # a date, docket or part, but "01 23 45 67 89"
        trunk &= ~twos | ((lengths >> 16 & 255 == 2) & (count > 3))
        trunk &= (lengths != _POSTAL) & ((lengths != _POSTAL_RANGE) | ~self.hyphen)
        trunk &= (total >= 9) & (total <= 12) & (count <= 6)
        bracket = bracket & (area >= 2) & (area <= 5) & ~self.year & whole
        bracket &= (total >= 9 - self.hyphen) & (total <= 12) & (count <= 5)
        brazil = (lengths == _BRAZIL_OLD) & (self.gaps & 255 == BLANK) | (lengths == _BRAZIL)
        result: Mask = (
            trunk
            | bracket
            | (zeros & (count > 1))
            | (self._middle_bracket() & whole)
            | (self._north_american() & self.few_slashes)
            | ((lengths == _RUSSIA) & ((first == 7) | (first == 8)))
            | ((lengths == _SPAIN) & (first >= 6))
            | ((lengths == _ITALY) & (first == 3))
            | ((lengths == _POLAND) & (first >= 1))
            | (brazil & (first >= 1) & self.hyphen)
            | ((lengths == _CHINA) & (first == 1) & (second >= 3))
            | ((lengths == _AUSTRALIA) & self._shared_cost())
        )
        return result

    def _even(self) -> Mask:
        """Return which have dots everywhere, everywhere but in the first gap, or nowhere."""
        dots, all_dots = self.gaps & (DOT * EACH), self.within & (DOT * EACH)
        result: Mask = (dots == 0) | (dots == all_dots) | (dots == all_dots & ~np.uint64(255))
        return result

    def _shared_cost(self) -> Mask:
        """Return which begin with 1300 or 1800."""
        four = self.figures & 0xFFFFFFFF
        result: Mask = (four == _shape(1, 3, 0, 0)) | (four == _shape(1, 8, 0, 0))
        return result

    def _middle_bracket(self) -> Mask:
        """Return which have an area code in brackets behind a country code or trunk digit."""
        found: Mask = self.opened & ((self.gaps & CLOSES << 8) != 0) & (self.lengths & 255 <= 3)
        found &= ~self.second_year & (self.total >= 10) & (self.total <= 13)
        short = found & (self.lengths >> 8 & 255 < 2)
        return found & (~short | self.abroad(short))

    def _north_american(self) -> Mask:
        one = (self.lengths == _WITH_ONE) & (self.figures & 255 == 1)
        figures = np.where(one, self.figures >> 8, self.figures)
        area, second, exchange = figures & 255, figures >> 8 & 255, figures >> 24 & 255
        grouped = one | (self.lengths == _NORTH_AMERICA)
        result: Mask = grouped & (area >= 2) & (exchange >= 2) & (second < 9)
        return result
