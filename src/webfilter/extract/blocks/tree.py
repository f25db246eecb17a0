"""The elements around the blocks of a page as arrays.

What an element contains is a range of blocks, so sums over any ancestor are differences of running
sums. What an element is by its tag and names, its *look*, recurs (items of a list, cells of a
table), so that whatever follows from the look alone is found once for each.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.blocks.names import CLASSES, Said, understood
from webfilter.extract.dom import Dom

__all__ = ["CHAIN", "SIGNS", "Tree", "ints", "tree"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

CHAIN = 24
"""Elements around a block that are looked at."""
_TAG_NAMES = (
    "nav footer header aside main article form table ul ol li section figure blockquote pre button "
    "details dialog noscript template select dl p h1 h2 h3 h4 h5 h6 td th a span label fieldset"
)
_TAGS = _TAG_NAMES.split()
_TAG_MASK = {tag: 1 << i for i, tag in enumerate(_TAGS)}
_HIDDEN, _ARIA, _NONE = (1 << len(_TAGS) + i for i in range(3))
_NONES = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ODD = 0x5851F42D4C957F2D  # a multiplier that spreads bits (Knuth's, for random numbers)
_NAMING = ("id", "role", "itemprop")  # and class

SIGNS = (
    *(f"in_{name}" for name in CLASSES),
    *(f"tag_{name}" for name in (*_TAGS, "hidden", "aria", "none")),
)
"""What elements may be: of a class of names, of a tag, or hidden in one of three ways."""
_COLUMNS = [*range(len(CLASSES)), *range(64, 64 + len(_TAGS) + 3)]


class Tree(NamedTuple):
    """What is around the blocks of a page.

    Its elements are those around any block, and the first of the page, in the order of the page and
    with numbers of their own.
    """

    chain: Ints
    """Elements around each block, the innermost first; 0 where there are no more (blocks x
    `CHAIN`)."""
    looks: list[tuple[str, str]]
    """Tag and names (class, id, role, itemprop in one string), each pair once."""
    said: Said
    """What these names say."""
    look: Ints
    """Which of `looks` each element has."""
    start: Ints
    """Number of each element among all elements of the page."""
    end: Ints
    """One past the last element of the page in each element."""
    first: Ints
    """First block of each element."""
    last: Ints
    """One past the last block of each element."""
    group: Ints
    """Which blocks have the same path of tags."""
    like: Ints
    """Which blocks have the same two innermost elements by their looks."""
    near: NDArray[np.uint8]
    """How far up the nearest element with each of `SIGNS` is, `CHAIN` if there is none (blocks x
    signs)."""


def ints(values: Sequence[int]) -> Ints:
    """Return `values` as an array, read-only; `numpy.array` takes four times as long."""
    return np.frombuffer(struct.pack(f"{len(values)}q", *values), dtype=np.int64)


def tree(dom: Dom) -> Tree:
    """Return what is around the blocks of `dom`, which has some."""
    firsts, lasts = ints(dom.first), ints(dom.last)
    inside = firsts < lasts
    inside[0] = True
    start = np.flatnonzero(inside)
    end = ints(dom.ends)[start]
    place = np.cumsum(inside) - 1
    parents = place[np.maximum(ints(dom.parents)[start], 0)]
    at = own = place[ints([block.element for block in dom.blocks])]
    chain = np.empty((len(own), CHAIN), dtype=np.int64)
    for k in range(CHAIN):
        chain[:, k] = at
        at = parents[at]
    looks, look, hidden = _looks(dom, start.tolist())
    said = understood([names for _, names in looks])
    over = np.where(own > 0, look[chain[:, 1]], len(looks))
    like = np.unique(look[own] * (len(looks) + 1) + over, return_inverse=True)[1]
    tags = np.array([(_TAG_MASK.get(tag, 0), hash(tag)) for tag, _ in looks])
    signs = np.stack((said.classes, tags[:, 0]), axis=1).astype("<i8")[look]
    signs[:, 1] |= hidden
    has = np.unpackbits(signs.view(np.uint8), axis=1, bitorder="little")[:, _COLUMNS]
    levels = np.arange(len(start)) - np.searchsorted(np.sort(end), start, side="right")
    near, paths = _downwards(has, tags[look, 1], parents, levels)
    group = np.unique(paths[own], return_inverse=True)[1]
    return Tree(
        chain, looks, said, look, start, end, firsts[start], lasts[start], group, like, near[own]
    )


def _looks(dom: Dom, elements: list[int]) -> tuple[list[tuple[str, str]], Ints, Ints]:
    """Return the looks, which of them each of `elements` has, and in which ways it is hidden."""
    looks: dict[tuple[str, str], int] = {}
    look: list[int] = []
    hidden = np.zeros(len(elements), dtype=np.int64)
    tags, attributes = dom.tags, dom.attributes
    for i in elements:
        tag, said = tags[i], attributes[i]
        names = ""
        if said and tag != "a":  # those of links are not always read
            names = said.get("class") or ""
            if len(said) > 1 or not names:
                for key in _NAMING:
                    if value := said.get(key):
                        names = f"{names} {value}" if names else value
                if bits := _hidden(said):
                    hidden[len(look)] = bits
        look.append(looks.setdefault((tag, names), len(looks)))
    return list(looks), ints(look), hidden


def _hidden(said: Any) -> int:
    bits = _HIDDEN if "hidden" in said else 0
    if "aria-hidden" in said and said["aria-hidden"] == "true":
        bits |= _ARIA
    if "style" in said and (style := said["style"]) and _NONES.search(style):
        bits |= _NONE
    return bits


def _downwards(
    has: NDArray[np.uint8], tags: Ints, parents: Ints, levels: Ints
) -> tuple[NDArray[np.uint8], Ints]:
    """Return what follows from the elements around each, level by level.

    That is how far up each bit is set (elements x bits; `CHAIN` if it is not among so many), one
    more than at the parent, or 0 where the element has the bit itself; and a hash of the path of
    tags, which is another in every process: it only tells paths apart.
    """
    order = np.argsort(levels, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    above = rank[parents[order]]
    near = np.where(has[order], np.uint8(0), np.uint8(CHAIN))
    paths = tags[order]
    for low, high in pairwise(np.cumsum(np.bincount(levels)).tolist()):
        at, level = above[low:high], near[low:high]
        np.minimum(level, near[at] + np.uint8(1), out=level)
        paths[low:high] += paths[at] * _ODD
    return near[rank], paths[rank]
