"""All kinds together: each looks at what the kinds before it left."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias, get_args

import numpy as np

from webfilter.heuristics.personal.card import cards
from webfilter.heuristics.personal.email import emails
from webfilter.heuristics.personal.folded import NONE, PAD, Bytes, Spans, clear, disjoint, fold
from webfilter.heuristics.personal.iban import ibans
from webfilter.heuristics.personal.ip import ipv4, ipv6
from webfilter.heuristics.personal.phone import phones
from webfilter.heuristics.personal.runs import Runs, digit_runs

__all__ = ["KINDS", "Kind", "find"]

Kind: TypeAlias = Literal["email", "ip", "iban", "card", "phone"]
_WINDOW = 1 << 18
"""Characters looked at together: bounds the memory, and long texts cost few calls."""
_AROUND = 512
"""Characters around them that are seen, too: more than any match with what decides about it."""
_OF_DIGITS: tuple[Kind, ...] = ("ip", "card", "phone")
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds, in the order in which they are looked for."""


def find(text: str, kinds: Collection[Kind], *, spelled: bool = True) -> dict[Kind, Spans]:
    """Return where each of `kinds` stands in `text`; no match crosses a line end or another match.

    Args:
        text: any text.
        kinds: what to look for.
        spelled: whether ``ann(at)firm.de`` is an e-mail address.

    >>> found = find("Write to ann@firm.example or call +49 30 901820.", KINDS)
    >>> {kind: [(int(s), int(e)) for s, e in zip(*spans)] for kind, spans in found.items()}
    {'email': [(9, 25)], 'ip': [], 'iban': [], 'card': [], 'phone': [(34, 47)]}
    """
    parts: dict[Kind, list[Spans]] = {kind: [] for kind in KINDS if kind in kinds}
    for begin in range(0, len(text), _WINDOW):
        first = max(0, begin - _AROUND)
        part = text[first : begin + _WINDOW + _AROUND]
        codes = fold(part)
        runs: Runs | None = None
        waiting = [*parts]
        for kind in waiting:
            if runs is None and kind in _OF_DIGITS:
                runs = digit_runs(codes, part)
            starts, ends = _find(codes, kind, runs, spelled)
            if len(starts):
                clear(codes, (starts, ends))
                runs = None  # some of them are no more
                shift = first - PAD
                mine = (starts + shift >= begin) & (starts + shift < begin + _WINDOW)
                parts[kind].append((starts[mine] + shift, ends[mine] + shift))
                if kind == "phone" and "card" in parts:
                    waiting.append("card")  # one with a blank between stands alone now
    return {kind: _joined(found) for kind, found in parts.items()}


def _joined(parts: list[Spans]) -> Spans:
    if not parts:
        return NONE
    starts, ends = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(starts, kind="stable")
    return starts[order], ends[order]


def _find(codes: Bytes, kind: Kind, runs: Runs | None, spelled: bool) -> Spans:
    if kind == "email":
        return emails(codes, spelled=spelled)
    if kind == "iban":
        return ibans(codes)
    if not runs:
        return NONE
    if kind == "card":
        return cards(runs)
    if kind == "phone":
        return phones(runs)
    first, second = ipv4(runs), ipv6(codes)
    starts = np.concatenate((first[0], second[0]))
    order = np.argsort(starts, kind="stable")
    ends = np.concatenate((first[1], second[1]))
    return disjoint(starts[order], ends[order])  # version 4 may stand within version 6
