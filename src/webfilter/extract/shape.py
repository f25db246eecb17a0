"""Shapes of page that a parser of HTML should not be given: lexbor's time or memory grows with
their square.

==============================================  =======  =======================
shape                                              size  time of lexbor (memory)
==============================================  =======  =======================
``option`` in a ``select``                       10,000  .6 s
                                                 20,000  2.2 s
attributes of one tag                            10,000  .2 s
                                                 20,000  .8 s
``div`` in ``div``                               20,000  .8 s
``ul`` in ``li``                                  8,000  .7 s
                                                 20,000  more than 6 s
``<span><div></span></div>``, which leaves the   20,000  1.6 s
``span`` open: its end is not that of the        40,000  8 s
``div`` it stands in
``li`` in ``dd`` in ``li``, left open; ``rt`` in   20,000  .4 s
``rt``, outside of ``ruby``                        80,000  8 s
``<font id=1><p>x<font id=2><p>x``, left open     1,000  .3 s (.3 GB)
                                                  2,000  3 s (.9 GB)
==============================================  =======  =======================

What is looked at is the markup, by one rough pass that knows no tree; it counts too much rather
than too little on honest pages, and its limits are far from theirs. It is made where a look at all
tags at once cannot rule the shape out; that look takes .03 ms a page (median; 95 % less than .7).

Attributes are counted where 10,000 characters hold no ``<``, so a tag that has it in its values is
not seen: for that there is the time limit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.engine import Unfit

__all__ = ["check", "most_open"]

_MOST_OPTIONS = 10_000
_MOST_ATTRIBUTES = 10_000
_MOST_STEPS = 300_000_000  # open elements summed over all tags: 1 to 2 s
_MOST_COPIES = 1_000_000
_MANY = 3_000  # tags
_ANY_NESTING = 20_000  # tags that take a second or less, however they nest
_STRIDE = 10_000

_FORMATTING_NAMES = "a b big code em font i nobr s small strike strong tt u"
_FORMATTING = frozenset(_FORMATTING_NAMES.split())
_ENDED_NAMES = (
    "area base br col embed hr img input link meta param source track wbr p li dd dt tr td th "
    "tbody thead tfoot colgroup caption option button form html head body"
)
_ENDED = frozenset(_ENDED_NAMES.split())
_ITEMS = frozenset(("li", "dt", "dd", "tr", "td", "th"))
"""Never open for long: void, or ended by the next of its kind."""
_ORDINARY_NAMES = (
    "abbr acronym bdi bdo cite data del dfn ins kbd label mark output q ruby samp span sub sup "
    "time var"
)
_RUBY = frozenset(("rt", "rp", "rb", "rtc"))
"""Ended by the next of their kind within ``ruby``, else ordinary."""
_ORDINARY = _RUBY.union(_ORDINARY_NAMES.split())
"""Ended by their own tags only where no other element has begun within and is still open."""
_LISTED = {"li": "li", "dt": "dd", "dd": "dd"}
"""Items that do not end those of the other kind."""
_RAW_START = re.compile(r"<(!--|script|style|iframe|textarea)", re.IGNORECASE)
_RAW_END = {"!--": re.compile("-->")} | {
    name: re.compile(f"</{name}", re.IGNORECASE)
    for name in ("script", "style", "iframe", "textarea")
}
_TAG = re.compile(r"<(?:!--|(/?)([a-zA-Z][^\s/>]*)([^>]*))")
_NAME = re.compile(r"<[a-zA-Z][^\s/>]*")
_ATTRIBUTE = re.compile(r"[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?")


def check(html: str, raw: bytes | None = None) -> None:
    """Raise if parsing `html` would take a parser for ever, or all memory.

    Args:
        html: the page.
        raw: the same in UTF-8, where it is at hand: saves time.

    Raises:
        Unfit: it has too many options, attributes of one tag, elements in elements, or formatting
            elements that are never closed.
    """
    _check_attributes(html)
    if raw is None:
        if html.count("<") <= _MANY:
            return
        raw = html.encode("utf-8", "ignore")
    less = np.frombuffer(raw, dtype=np.uint8) == ord("<")
    tags = int(np.count_nonzero(less))
    if tags <= _MANY:
        return
    if tags > _MOST_OPTIONS:
        options = html.count("<option") + html.count("<OPTION")
        if options > _MOST_OPTIONS:
            raise Unfit(f"{options} options > {_MOST_OPTIONS}")
    opened, marked = _rough(raw, less)
    if tags > _ANY_NESTING or marked * opened > _MOST_COPIES:
        _check_nesting(html)


def most_open(html: str) -> int:
    """Return an upper bound on how many elements of `html` are open at once.

    Tags without an end (``br``, ``img``) count too, so the nesting of honest pages is less.
    """
    raw = html.encode("utf-8", "ignore")
    return _rough(raw, np.frombuffer(raw, dtype=np.uint8) == ord("<"))[0]


def _rough(raw: bytes, less: NDArray[np.bool_]) -> tuple[int, int]:
    """Return `most_open`, and how many tags look like formatting, by their first two letters."""
    codes = np.frombuffer(raw + b"   ", dtype=np.uint8)
    at = np.flatnonzero(less) + 1
    closing = codes[at] == ord("/")
    at += closing
    small = codes[at] | 32
    letter = (small >= ord("a")) & (small <= ord("z"))
    second = codes[at + 1]
    second = np.where((second <= ord("/")) | (second == ord(">")), 0, second | 32)  # 0: no more
    pairs = small.astype(np.uint16) << 8 | second
    pairs, closing = pairs[letter], closing[letter]
    return _most_at_once(pairs, closing), int(_looks()[pairs[~closing]].sum())


def _most_at_once(names: NDArray[np.integer[Any]], closing: NDArray[np.bool_]) -> int:
    """Return the sum over all names of how many tags of that name are open at most.

    What closes a name that is not open counts for nothing.
    """
    order = np.argsort(names, kind="stable")
    names, steps = names[order], np.where(closing[order], -1, 1)
    starts = np.flatnonzero(np.diff(names, prepend=names[:1] + 1))
    if not len(starts):
        return 0
    sizes = np.diff(starts, append=len(names))
    total = np.cumsum(steps)
    total -= np.repeat(total[starts] - steps[starts], sizes)  # each name by itself
    apart = np.repeat(np.arange(len(starts)) * (2 * len(names)), sizes)
    least = np.minimum.accumulate(np.minimum(total, 0) - apart) + apart
    return int(np.maximum.reduceat(total - least, starts).sum())


@cache
def _looks() -> NDArray[np.bool_]:
    table = np.zeros(65536, dtype=np.bool_)
    for name in _FORMATTING - {"a"}:
        table[ord(name[0]) << 8 | (ord(name[1]) if len(name) > 1 else 0)] = True
    return table


def _check_attributes(html: str) -> None:
    at = 0
    read = 0  # up to here it is known what is script, style or comment
    while at < len(html):
        if html.find("<", at, at + _STRIDE) < 0:
            start = html.rfind("<", 0, at)
            name = _NAME.match(html, start) if start >= 0 else None
            if name is not None and _many_attributes(html, name.end()):
                while read < start and (raw := _RAW_START.search(html, read, start + 1)):
                    end = _RAW_END[raw[1].lower()].search(html, raw.end())
                    read = end.end() if end is not None else len(html)
                if read <= start:
                    raise Unfit(f"more than {_MOST_ATTRIBUTES} attributes of one tag")
            at = html.find("<", at)
            if at < 0:
                return
        at += _STRIDE


def _many_attributes(html: str, at: int) -> bool:
    for _ in range(_MOST_ATTRIBUTES):
        found = _ATTRIBUTE.match(html, at)
        if found is None:
            return False
        at = found.end()
    return True


def _check_nesting(html: str) -> None:
    """Walk through the tags with a count of those open, by name only.

    An ordinary element is left open by an end tag that stands in another element than its beginning
    does, and ends with the one around it.

    The standard keeps at most three formatting elements that are open and alike, and copies all
    that are open into each block that follows.
    """
    opened: dict[str, int] = {}
    marks: dict[str, list[str]] = {}  # open formatting elements by name, as written
    alike: dict[str, int] = {}
    ordinary = [_Open()]  # those open, by the elements around them
    depth = left = steps = copies = root = at = 0
    while (tag := _TAG.search(html, at)) is not None:
        at = tag.end()
        closing, name, rest = tag.groups()
        if name is None:
            at = html.find("-->", at)
            if at < 0:
                return
            continue
        name = name.lower()
        steps += depth
        if steps > _MOST_STEPS:
            raise Unfit(f"nested: tags times those around them > {_MOST_STEPS}")
        if closing:
            if name == "p":
                depth -= _paragraph(ordinary)
            elif name in _ORDINARY:
                if ordinary[-1][name] > 0:
                    ordinary[-1][name] -= 1
                    depth -= 1
            elif name in _LISTED:
                depth -= ordinary[-1].end(name)
            elif opened.get(name):
                opened[name] -= 1
                depth -= 1
                if name not in _FORMATTING:
                    depth -= _paragraph(ordinary) + ordinary.pop().total()
                if marks.get(name):
                    alike[marks[name].pop()] -= 1
                    left -= 1
            continue
        copies += left
        if copies > _MOST_COPIES:
            raise Unfit(f"formatting left open: more than {_MOST_COPIES} copies")
        if name in _ITEMS:
            depth -= _paragraph(ordinary)
            depth += ordinary[-1].begin(name)
        if name in ("td", "th"):  # ends the formatting of the one before
            for mark in _FORMATTING:
                depth -= opened.pop(mark, 0)
            marks.clear()
            alike.clear()
            left = 0
        elif name in _RAW_END:
            end = _RAW_END[name].search(html, at)
            if end is None:
                return
            at = end.start()
        elif name in _FORMATTING:
            if name == "a" and marks.get(name):
                continue  # it ends the one before
            written = name + rest
            if alike.get(written, 0) < 3:
                alike[written] = alike.get(written, 0) + 1
                marks.setdefault(name, []).append(written)
                left += 1
            opened[name] = opened.get(name, 0) + 1
            depth += 1
        elif name in _ORDINARY:
            if not (name in _RUBY and ordinary[-1]["ruby"]):
                ordinary[-1][name] += 1
                depth += 1
        elif name == "p":
            depth -= _paragraph(ordinary)
            ordinary.append(_Open(p=0))
        elif name in ("html", "body"):
            root += rest.count("=")
            if root > _MOST_ATTRIBUTES:
                raise Unfit(f"more than {_MOST_ATTRIBUTES} attributes of {name}")
        elif name not in _ENDED and not (rest.endswith("/") and _foreign(opened)):
            opened[name] = opened.get(name, 0) + 1
            depth += 1 - _paragraph(ordinary)
            ordinary.append(_Open())


class _Open(Counter[str]):
    """How many ordinary elements of each name are open in an element, and items in items there."""

    item: str | None = None
    """The innermost item of a list, while it is open."""

    def begin(self, name: str) -> int:
        """Begin an item; return how many more elements are open."""
        kind = _LISTED.get(name)
        nests = kind is not None and self.item is not None and _LISTED[self.item] != kind
        ended = 0 if nests or (kind and self.item is None) else self._left_open()
        if kind is not None:
            self.item = name
        self["li"] += nests
        return nests - ended

    def end(self, name: str) -> int:
        """End an item; return how many elements fewer are open, at least."""
        if name not in ("li", self.item):
            return 0
        self.item = None
        if not self["li"]:
            return self._left_open()
        self["li"] -= 1
        return 1

    def _left_open(self) -> int:
        """End what was left open in an item, unless it is in others; return how many they were."""
        ended = 0
        if not self["li"]:
            ended = self.total()
            self.clear()
        return ended


def _paragraph(ordinary: list[_Open]) -> int:
    """End the paragraph, if one is the innermost; return how many elements end with it."""
    return ordinary.pop().total() if "p" in ordinary[-1] else 0


def _foreign(opened: Mapping[str, int]) -> bool:
    """Whether a slash ends an element, as it does in drawings and formulas only."""
    return bool(opened.get("svg") or opened.get("math"))
