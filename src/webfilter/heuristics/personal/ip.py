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

from webfilter.heuristics.personal.cues import ADDRESS, VERSION, cued, words_before
from webfilter.heuristics.personal.folded import (
    ALNUM,
    LETTERS,
    NONE,
    Bytes,
    Mask,
    Places,
    Spans,
    members,
    window,
)
from webfilter.heuristics.personal.runs import Runs

__all__ = ["ipv4", "ipv6"]

_DOT, _COLON, _SLASH, _HYPHEN, _SIGN = 46, 58, 47, 45, 37  # a paragraph sign is a "%"
_RESERVED = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 "
    "192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3"
)
_WORD = ALNUM | members("_")
_HEX = members("0123456789abcdefABCDEF")


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
    dotted = (runs.gaps == 1) & (codes[runs.ends[:-1]] == _DOT)
    short = runs.lengths <= 3
    if len(runs) < 4:
        return NONE
    can = dotted[:-2] & dotted[1:-1] & dotted[2:]
    can &= short[:-3] & short[1:-2] & short[2:-1] & short[3:]
    can[1:] &= ~dotted[:-3]
    can[:-1] &= ~dotted[3:]
    first = np.flatnonzero(can)
    if not len(first):
        return NONE
    starts, ends = runs.starts[first], runs.ends[first + 3]
    parts = [_value(runs, first + part) for part in range(4)]
    address = (parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]
    good = np.ones(len(first), dtype=np.bool_)
    for part in parts:
        good &= (part >= 0) & (part < 256)
    for network, shift in _NETWORKS:
        good &= (address >> shift) != network
    good &= _alone(codes, starts, ends)
    good &= ~_section(codes, starts, ends, parts)
    words = words_before(codes, starts)
    good &= ~cued(words, VERSION)
    small = np.maximum.reduce(parts) < 32
    good &= ~small | np.isin(address, _RESOLVERS) | cued(words, ADDRESS)
    return starts[good], ends[good]


def _value(runs: Runs, run: Places) -> Places:
    """Return the value of each run of up to three digits; -1 with a leading zero."""
    codes, starts, lengths = runs.codes, runs.starts[run], runs.lengths[run]
    value = codes[starts].astype(np.intp) - 48
    zero = (value == 0) & (lengths > 1)
    for place in (1, 2):
        value = np.where(lengths > place, value * 10 + codes[starts + place] - 48, value)
    return np.where(zero, -1, value)


def _alone(codes: Bytes, starts: Places, ends: Places) -> Mask:
    """Return which spans are not a part of a name, version or longer number."""
    before, after = codes[starts - 1], codes[ends]
    good = (_WORD[before] == 0) & (_WORD[after] == 0)
    good &= ~((before == _SLASH) & (_WORD[codes[starts - 2]] != 0))
    good &= ~((before == _HYPHEN) & (LETTERS[codes[starts - 2]] != 0))
    good &= (before != _DOT) & (before != _SIGN) & ~((before == 32) & (codes[starts - 2] == _SIGN))
    good &= ~((after == _HYPHEN) & (LETTERS[codes[ends + 1]] != 0))
    result: Mask = good
    return result


def _section(codes: Bytes, starts: Places, ends: Places, parts: list[Places]) -> Mask:
    """Return which spans are section numbers: short parts, first on a line with a title behind."""
    begins = codes[starts - 1] == 10
    titled = ((codes[ends] == 32) | (codes[ends] == _DOT)) & (codes[ends + 1] > 32)
    small = np.ones(len(starts), dtype=np.bool_)
    for part in parts:
        small &= part < 32
    result: Mask = begins & titled & small
    return result


def ipv6(codes: Bytes) -> Spans:
    """Return the spans of public IPv6 addresses, which begin with 2 or 3 (IANA's 2000::/3)."""
    colons = np.flatnonzero(codes == _COLON)
    if len(colons) < 2:
        return NONE
    starts = colons - 4
    lead = codes[starts]
    can = ((lead == 50) | (lead == 51)) & (_HEX[window(codes, starts, 1, 4)] != 0).all(axis=1)
    before = codes[starts - 1]
    can &= (_WORD[before] == 0) & (before != _COLON) & (before != _DOT)
    starts = starts[can]
    if not len(starts):
        return NONE
    ends, good = _read(codes, starts)
    good &= _global(codes, starts)
    good &= (_WORD[codes[ends]] == 0) & (codes[ends] != _COLON)
    return starts[good], ends[good]


_LONGEST = 39


def _read(codes: Bytes, starts: Places) -> tuple[Places, Mask]:
    """Return where the address at each of `starts` ends, and whether it is one."""
    size = len(starts)
    ends = starts + 5
    groups, length, doubles = (
        np.ones(size, np.intp),
        np.zeros(size, np.intp),
        np.zeros(size, np.intp),
    )
    bad = np.zeros(size, dtype=np.bool_)
    going = np.arange(size)
    for _ in range(_LONGEST + 1 - 5):
        code = codes[ends[going]]
        colon = code == _COLON
        going, colon = going[colon | (_HEX[code] != 0)], colon[colon | (_HEX[code] != 0)]
        if not len(going):
            break
        paired, single = going[colon], going[~colon]
        doubles[paired] += length[paired] == 0
        length[paired] = 0
        groups[single] += length[single] == 0
        length[single] += 1
        bad[single] |= length[single] > 4
        ends[going] += 1
        going = going[~bad[going]]
    double = codes[ends - 2] == _COLON
    trailing = (length == 0) & ~double  # "2001:4860::1:" is followed by a colon of the sentence
    ends = ends - trailing
    whole = (doubles == 0) & (groups == 8)
    shortened = (doubles == 1) & (groups < 8)
    return ends, ~bad & (whole | shortened)


def _global(codes: Bytes, starts: Places) -> Mask:
    """Return which addresses are in no special range of 2000::/3."""
    low = window(codes, starts, 0, 9) | 32
    first = low[:, :4]
    is_2001 = (first == np.frombuffer(b"2001", np.uint8)).all(axis=1)
    documented = is_2001 & (low[:, 5:9] == np.frombuffer(b"db8:", np.uint8) | 32).all(axis=1)
    documented |= is_2001 & (low[:, 5:9] == np.frombuffer(b"0db8", np.uint8)).all(axis=1)
    tail = window(codes, starts, 5, 9)
    width = (np.cumprod(_HEX[tail], axis=1)).sum(axis=1)
    # 2001::/23: a second group under 0200 in hexadecimal
    assigned = is_2001 & ((width < 3) | ((width == 3) & (tail[:, 0] < 50)))
    assigned |= is_2001 & (width == 4) & (tail[:, 0] == 48) & (tail[:, 1] < 50)
    relayed = (first == np.frombuffer(b"2002", np.uint8)).all(axis=1)
    example = (low[:, :5] == np.frombuffer(b"3fff:", np.uint8) | 32).all(axis=1)
    example &= (width < 4) | (tail[:, 0] == 48)
    result: Mask = ~(documented | assigned | relayed | example)
    return result
