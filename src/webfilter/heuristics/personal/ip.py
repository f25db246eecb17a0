"""Public IP addresses, version 4 and 6. Addresses that name nobody's machine are left.

Left are private, shared, loopback, link-local, documentation, benchmark, multicast, reserved and
broadcast ranges (IANA's special-purpose registries, 2024). Left, too, is what only looks like an
address: version numbers ("version 81.2.3.4", "Chrome/81.2.3.4", "81.2.3.4-rc"), object identifiers
of five parts, and four numbers that are all below 32, which are versions and sections nearly always
("TWRP 2.8.6.0", "1.2.3.4 Scope") and addresses once in 4,096 - unless a word like "IP" or "server"
stands before them, or they are resolvers that everybody knows (8.8.8.8, 1.1.1.1).
"""

from __future__ import annotations

import numpy as np

from webfilter.heuristics.personal.beside import PAIRS, pairs
from webfilter.heuristics.personal.cues import ADDRESS, VERSION, cues_before
from webfilter.heuristics.personal.eights import EACH, Eights, eights, ones_after
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
from webfilter.heuristics.personal.runs import Runs

__all__ = ["ipv4", "ipv6"]

_DOT, _COLON, _SLASH, _HYPHEN, _SIGN = 46, 58, 47, 45, 37  # a paragraph sign is a "%"
_RESERVED = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 "
    "192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3"
)
_WORD = ALNUM | members("_")


def _networks(spec: str) -> list[tuple[int, int]]:
    """Return (address, shift) of each network: an address is in it if equal without these bits."""
    found = []
    for network in spec.split():
        address, _, bits = network.partition("/")
        value = int.from_bytes(bytes(map(int, address.split("."))), "big")
        found.append((value >> 32 - int(bits), 32 - int(bits)))
    return found


_NETWORKS = _networks(_RESERVED)
_RESOLVERS = (0x01010101, 0x01000001, 0x08080808, 0x08080404, 0x09090909, 0x04020202, 0x04020201)
"""Addresses of four small parts that everybody knows: 1.1.1.1, 8.8.8.8 and the like."""


def ipv4(runs: Runs) -> Spans:
    """Return the spans of public IPv4 addresses."""
    codes = runs.codes
    if len(runs) < 4:
        return NONE
    dotted = (runs.gaps == 1) & (codes.take(runs.ends[:-1]) == _DOT)
    short = runs.short[: len(runs)] <= 3
    can = dotted[:-2] & dotted[1:-1] & dotted[2:]
    can &= short[:-3] & short[1:-2] & short[2:-1] & short[3:]
    can[1:] &= ~dotted[:-3]
    can[:-1] &= ~dotted[3:]
    first = np.flatnonzero(can)
    if not len(first):
        return NONE
    starts, ends = runs.starts.take(first), runs.ends.take(first + 3)
    good = (pairs(codes, starts - 2, _LEFT) & pairs(codes, ends, _RIGHT)) != 0
    first, starts, ends = first.compress(good), starts.compress(good), ends.compress(good)
    parts = [_value(runs, first + part) for part in range(4)]
    high, low = (parts[0] << 8) | parts[1], (parts[2] << 8) | parts[3]
    most = np.maximum.reduce(parts)
    special = _SPECIAL.take(high, mode="clip")
    good = (most < 256) & (special != 1)
    near = np.flatnonzero(special == 2)
    for network, shift in _NETWORKS:
        good[near] &= (((high[near] << 16) | low[near]) >> shift) != network
    small = most < 32
    good &= ~(small & _section(codes, starts, ends))
    cues = cues_before(runs, starts)
    good &= (cues & VERSION) == 0
    known = np.zeros(len(first), dtype=np.bool_)
    for address in _RESOLVERS:
        known |= ((high << 16) | low) == address
    good &= ~small | known | ((cues & ADDRESS) != 0)
    return starts.compress(good), ends.compress(good)


def _value(runs: Runs, run: Places) -> Places:
    """Return the value of each run of up to three digits; over 65,535 with a leading zero."""
    starts, lengths = runs.starts.take(run), runs.lengths.take(run)
    digits = (eights(runs.codes, starts) & 0x0F0F0F) << ((3 - lengths) << 3).view(np.uint64)
    value = (digits & 15) * 100 + (digits >> 8 & 15) * 10 + (digits >> 16 & 15)
    zero = (runs.codes.take(starts) == 48) & (lengths > 1)
    result: Places = (value | zero.astype(np.uint64) << 16).view(np.int64)
    return result


def _special() -> Bytes:
    """Return for the first 16 bits of an address whether all behind them, 2: or some, are left."""
    table = np.zeros(1 << 16, dtype=np.uint8)
    for network, shift in _NETWORKS:
        if shift < 16:
            table[network >> (16 - shift)] = 2
        else:
            table[network << (shift - 16) : (network + 1) << (shift - 16)] = 1
    return table


def _left_table() -> Bytes:
    """Return which two characters may stand before an address: no name, version or number."""
    earlier, before = PAIRS
    bad = (before == _SLASH) & (_WORD[earlier] != 0) | (before == _HYPHEN) & (LETTERS[earlier] != 0)
    bad |= (before == _DOT) | (before == _SIGN) | ((before == 32) & (earlier == _SIGN))
    result: Bytes = ((_WORD[before] == 0) & ~bad).astype(np.uint8)
    return result


def _right_table() -> Bytes:
    """Return which two characters may stand behind an address."""
    after, later = PAIRS
    bad = (after == _HYPHEN) & (LETTERS[later] != 0)
    result: Bytes = ((_WORD[after] == 0) & ~bad).astype(np.uint8)
    return result


_SPECIAL, _LEFT, _RIGHT = _special(), _left_table(), _right_table()


def _section(codes: Bytes, starts: Places, ends: Places) -> Mask:
    """Return which spans may be section numbers: first on a line with a title behind."""
    after = codes.take(ends)
    titled = ((after == 32) | (after == _DOT)) & (codes.take(ends + 1) > 32)
    result: Mask = titled & (codes.take(starts - 1) == 10)
    return result


def ipv6(codes: Bytes) -> Spans:
    """Return the spans of public IPv6 addresses, which begin with 2 or 3 (IANA's 2000::/3)."""
    colons = np.flatnonzero(codes == _COLON)
    if len(colons) < 2:
        return NONE
    lead, before = codes.take(colons - 4), codes.take(colons - 5)
    can = ((lead | 1) == 51) & ((_WORD.take(before) | (before == _COLON) | (before == _DOT)) == 0)
    first = np.flatnonzero(can)
    hexes = _hexes(eights(codes, colons.take(first) - 4))
    first = first.compress(hexes & 0x01010101 == 0x01010101)
    if not len(first):
        return NONE
    ends, good = _read(codes, colons, first)
    starts = colons.take(first) - 4
    after = codes.take(ends)
    good &= ((_WORD.take(after) | (after == _COLON)) == 0) & _global(codes, starts)
    return starts.compress(good), ends.compress(good)


def _hexes(found: Eights) -> Eights:
    """Return 1 in each byte of `found` that is a hexadecimal digit."""
    each = found.view(np.uint8)
    return ((each - np.uint8(48) < 10) | ((each | 32) - np.uint8(97) < 6)).view(np.uint64)


def _width(codes: Bytes, starts: Places) -> Places:
    """Return how many hexadecimal digits stand from each of `starts` on, 8 for more."""
    return ones_after(_hexes(eights(codes, starts)))


def _read(codes: Bytes, colons: Places, first: Places) -> tuple[Places, Mask]:
    """Return where the address whose first colon each `first` is ends, and whether it is one."""
    ends = colons.take(first) + 1
    groups, doubles = np.ones(len(first), np.intp), np.zeros(len(first), np.intp)
    good = np.ones(len(first), dtype=np.bool_)
    going = np.arange(len(first))
    for _ in range(_MOST_COLONS):
        width = _width(codes, ends.take(going))
        good[going] &= width <= 4
        groups[going] += width > 0
        ends[going] += width
        colon = codes.take(ends.take(going)) == _COLON
        empty = width == 0
        doubles[going] += empty & colon
        # "2001:4860::1:" ends with a colon of the sentence, and is none
        good[going] &= ~empty | colon | (codes.take(ends.take(going) - 2) == _COLON)
        going = going.compress(colon & good.take(going) & (doubles.take(going) < 2))
        if not len(going):
            break
        ends[going] += 1
    whole = (doubles == 0) & (groups == 8)
    shortened = (doubles == 1) & (groups < 8)
    return ends, good & (whole | shortened)


_MOST_COLONS = 10


def _global(codes: Bytes, starts: Places) -> Mask:
    """Return which addresses are in no special range of 2000::/3."""
    low = eights(codes, starts) | 32 * EACH
    first, tail = low & 0xFFFFFFFF, eights(codes, starts + 5)
    low_tail = (tail | 32 * EACH) & 0xFFFFFFFF
    width = np.minimum(_width(codes, starts + 5), 4)
    one, two = tail & 255, tail >> 8 & 255
    is_2001 = first == _four("2001")
    documented = (low_tail == _four("db8:")) | (low_tail == _four("0db8"))
    # 2001::/23: a second group under 0200 in hexadecimal
    assigned = (width < 3) | ((width == 3) & (one < 50))
    assigned |= (width == 4) & (one == 48) & (two < 50)
    example = (first == _four("3fff")) & ((width < 4) | (one == 48))
    result: Mask = ~((is_2001 & (documented | assigned)) | (first == _four("2002")) | example)
    return result


def _four(text: str) -> int:
    return int.from_bytes(text.encode("ascii"), "little")
