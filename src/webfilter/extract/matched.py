"""Markdown of what an engine without Markdown has chosen: its lines are looked up in the page.

The lines of its text are matched with the blocks of our own reading of the page, in order, and the
blocks that are found are written as Markdown. What occurs once on both sides is matched first
(longest increasing run), the rest between those. Lines that are not found become paragraphs, so no
text is lost; if that is most of them, the text stays plain.

On every fourth of 200 pages of the WCXB development set, 100 % of the words are found on the median
page, and 90 % on 46 of 49 (resiliparse), 48 of 50 (plain) and 46 of 50 pages (justext).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise

from webfilter.extract.dom import Dom, read
from webfilter.extract.engine import Unfit
from webfilter.extract.inline import escaped, started
from webfilter.extract.render import render

__all__ = ["as_markdown", "matched"]

_LEAST_FOUND = 0.5
_WORD = re.compile(r"\w+")


def as_markdown(html: str, text: str, links: bool, url: str | None) -> str:
    """Return as Markdown what `text`, made from `html` by any engine, has of the page.

    Args:
        html: the page.
        text: what an engine made of it, plain.
        links: keep the targets of links.
        url: address of the page.

    Returns:
        Markdown, or `text` if less than half of its words are found in the page, or the page is
        unfit for `webfilter.extract.dom.read`.
    """
    try:
        dom = read(html, links)
    except Unfit:
        return text
    parts: list[str] = []
    found = 0
    for is_line, members in groupby(matched(dom, text), key=lambda part: isinstance(part, str)):
        if is_line:
            parts.extend(started(escaped(str(line))) for line in members)
        else:
            kept = [int(i) for i in members]
            found += sum(len(_WORD.findall(dom.blocks[i].text)) for i in kept)
            parts.append(render(dom, kept, True, links, url))
    if found < _LEAST_FOUND * len(_WORD.findall(text)):
        return text
    return "\n\n".join(parts)


def matched(dom: Dom, text: str) -> list[int | str]:
    """Return `text` as blocks of the page, and as lines where none is found, in order."""
    lines = [line for line in re.split(r"[\n\t]", text) if line.strip()]
    keys = list(map(_key, lines))
    known = set(keys)
    units: list[tuple[str, int]] = []
    for i, block in enumerate(dom.blocks):
        whole = _key(block.text)
        parts = [whole] if whole in known else map(_key, block.text.split("\n"))
        units.extend((key, i) for key in parts if key)
    at = {line: units[u][1] for u, line in _pairs([key for key, _ in units], keys)}
    found: list[int | str] = []
    last = -1
    for k, line in enumerate(lines):
        if k not in at:
            found.append(line.strip())
        elif at[k] != last:
            last = at[k]
            found.append(last)
    return found


def _key(line: str) -> str:
    return "".join(line.split())


def _pairs(units: Sequence[str], lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return which of `units` is which of `lines`, in the order of both."""
    often_u, often_l = Counter(units), Counter(lines)
    places: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        places.setdefault(line, []).append(at)
    once = [
        (u, places[key][0])
        for u, key in enumerate(units)
        if often_u[key] == 1 and often_l[key] == 1
    ]
    anchors = [(-1, -1), *_rising(once), (len(units), len(lines))]
    found = []
    for (u0, l0), (u1, l1) in pairwise(anchors):
        if u0 >= 0:
            found.append((u0, l0))
        low = l0 + 1
        for u in range(u0 + 1, u1):
            here = places.get(units[u])
            if here is None:
                continue
            k = bisect_left(here, low)
            if k < len(here) and here[k] < l1:
                found.append((u, here[k]))
                low = here[k] + 1
    return found


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest run of `pairs` (by the first, ascending) in which the second ascends."""
    tails: list[int] = []
    at_tail: list[int] = []
    before: list[int] = []
    for i, (_, line) in enumerate(pairs):
        k = bisect_right(tails, line)
        before.append(at_tail[k - 1] if k else -1)
        if k == len(tails):
            tails.append(line)
            at_tail.append(i)
        else:
            tails[k] = line
            at_tail[k] = i
    run = []
    i = at_tail[-1] if at_tail else -1
    while i >= 0:
        run.append(pairs[i])
        i = before[i]
    return run[::-1]
