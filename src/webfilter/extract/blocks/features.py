"""Numbers that describe a block: its text, its place in the tree, what surrounds it, its page.

Everything is computed for all blocks of a page at once. What an element contains is a range of
blocks, so sums over any ancestor are differences of running sums.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.blocks.names import CLASSES, kinds
from webfilter.extract.dom import Dom

__all__ = [
    "HEAD_WORDS",
    "NAMES",
    "SHORT",
    "Page",
    "features",
    "first_words",
    "hashed",
    "word_hashes",
]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Numbers = NDArray[Any]

CHAIN = 24  # ancestors looked at
_NEAR = 5
_TAG_NAMES = (
    "nav footer header aside main article form table ul ol li section figure blockquote pre button "
    "details dialog noscript template select dl p h1 h2 h3 h4 h5 h6 td th a span label fieldset"
)
_TAGS = _TAG_NAMES.split()
_TAG_MASK = {tag: 1 << i for i, tag in enumerate(_TAGS)}
_HIDDEN, _ARIA, _NONE = len(_TAGS), len(_TAGS) + 1, len(_TAGS) + 2
_NONES = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_OWN_NAMES = (
    "p li div span td th h1 h2 h3 h4 h5 h6 a button dt dd pre blockquote figcaption label option "
    "section article main header footer nav summary address body form ul ol table tr"
)
_OWN = _OWN_NAMES.split()
_OWN_CODE = {tag: i for i, tag in enumerate(_OWN)}
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[:/.]\d{1,2}\b|\b\d+\s*(?:min|hours?|days?|weeks?|months?|years?)\b"
)
_PRICE = re.compile(r"[$€£¥₹]\s*\d|\d\s*[$€£¥₹]|\b(?:USD|EUR|GBP)\b")
_NAMING = ("class", "id", "role", "itemprop")
_FIELDS = frozenset(("input", "select", "button"))
_SPLIT = re.compile(r"\w+")
HEAD_WORDS = 8
SHORT = 60
"""Characters of a block that is known as a whole."""

_SHARES = (10, 30, 60)


_TEXT = (
    "size words word_length digits upper ends end_count commas quotes money bars alnum first_upper "
    "first_digit first_alnum last_end last_comma last_alnum linked links pieces lines date price "
    "copyright at tag custom seen_before copies"
)
_ELEMENT = "size share own linked ends blocks mean p at images fields"
_GROUP = "count size mean linked ends share span order at"
_BESIDE = "size linked ends heading p tag"
_WHOLE = (
    "blocks chars linked ends p mean long long_share images fields prices dates articles mains pre "
    "times"
)


def _all_names() -> list[str]:
    found = _TEXT.split()
    found += [f"in_{name}" for name in CLASSES]
    found += [f"tag_{name}" for name in (*_TAGS, "hidden", "aria", "none")]
    found += ["place", "text_place", "from_start", "from_end", "depth"]
    stats = _ELEMENT.split()
    found += [f"up{k}_{stat}" for k in range(_NEAR) for stat in stats]
    found += [f"big{share}_{stat}" for share in _SHARES for stat in (*stats, "level")]
    found += [f"{label}_{stat}" for label in ("path", "like") for stat in _GROUP.split()]
    found += [f"{name}{-by:+d}" for by in (1, 2, 3, -1, -2, -3) for name in _BESIDE.split()]
    found += ["same_parent_before"]
    found += [f"around{width}_{stat}" for width in (5, 15) for stat in ("size", "linked")]
    found += ["title_overlap", "after_h1", "h1_count", "since_heading"]
    return found + [f"page_{stat}" for stat in _WHOLE.split()]


NAMES = _all_names()
"""What the features are, in order."""

# ---- characters ---------------------------------------------------------------------------------

_KINDS_OF_CHARACTER = ("alnum", "digit", "upper", "space", "end", "comma", "quote", "money", "bar")
_ENDS = ".!?。！？…؟।"
_COMMAS = ",;:、，；：،"
_QUOTES = "\"'“”‘’«»„「」"
_BARS = "|•·›>/→▸–-"


@cache
def _table() -> NDArray[np.uint16]:
    table = np.zeros(65536, dtype=np.uint16)
    for code in range(65536):
        c = chr(code)
        table[code] = (
            c.isalnum()
            | c.isdigit() << 1
            | c.isupper() << 2
            | c.isspace() << 3
            | (c in _ENDS) << 4
            | (c in _COMMAS) << 5
            | (c in _QUOTES) << 6
            | (c in "$€£¥₹%") << 7
            | (c in _BARS) << 8
        )
    return table


def _characters(texts: list[str]) -> tuple[Floats, Numbers, Numbers]:
    """Return counts by kind of character (kinds x texts), and the kinds of first and last."""
    joined = "\n".join(texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32)
    bits = _table()[np.minimum(codes, 65535)]
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate(([0], np.cumsum(lengths[:-1] + 1)))
    counts = np.stack(
        [
            np.add.reduceat((bits >> k & 1).astype(np.int32), starts)
            for k in range(len(_KINDS_OF_CHARACTER))
        ]
    ).astype(np.float32)
    counts[3, :-1] -= 1  # the newline between
    return counts, bits[starts], bits[starts + lengths - 1]


# ---- the page -----------------------------------------------------------------------------------


class Page(NamedTuple):
    """What the features of a page are computed from, kept for the second look."""

    names: list[str]
    """Names of each element that is in a chain."""
    size: Floats
    """Letters and digits of each block."""
    chain: Ints
    """Ancestors of each block, the innermost first (blocks x CHAIN)."""
    first: Ints
    last: Ints
    """Range of blocks of each element."""
    group: Ints
    """Which blocks have the same path of tags."""
    like: Ints
    """Which blocks have the same path of tags and names."""
    linked: Floats
    ends: Floats
    """Ends of sentences in each block."""
    parents: Ints
    """Parent of each element; 0 for the first too."""
    needed: Ints
    """The elements that are in a chain, ascending."""


def _names(dom: Dom, needed: list[int]) -> list[str]:
    """Return class, id, role and itemprop of each element in one string; empty if not `needed`."""
    found = [""] * len(dom.elements)
    for i in needed:
        at = dom.elements[i].attributes
        if at:
            said = ""
            for key in _NAMING:
                if key in at and (value := at[key]):
                    said = f"{said} {value}" if said else value
            found[i] = said
    return found


def _tag_bits(dom: Dom, needed: list[int]) -> Ints:
    found = []
    for i in needed:
        tag, _, at = dom.elements[i]
        bits = _TAG_MASK.get(tag, 0)
        if at:
            if "hidden" in at:
                bits |= 1 << _HIDDEN
            if "aria-hidden" in at and at["aria-hidden"] == "true":
                bits |= 1 << _ARIA
            if "style" in at and (style := at["style"]) and _NONES.search(style):
                bits |= 1 << _NONE
        found.append(bits)
    return np.array(found, dtype=np.int64)


def _nearest(has: NDArray[np.bool_], parents: Ints) -> Floats:
    """Return how far up each bit is set, from each element (elements x bits); CHAIN if nowhere.

    Downwards by level: one more than at the parent, and 0 where the element has the bit itself.
    The parent of an element is before it, or -1.
    """
    depths = [0] * len(parents)
    for i, parent in enumerate(parents.tolist()):
        if parent >= 0:
            depths[i] = depths[parent] + 1
    levels = np.array(depths)
    order = np.argsort(levels, kind="stable")
    starts = np.searchsorted(levels[order], np.arange(max(depths) + 2))
    out = np.where(has, np.float32(0), np.float32(CHAIN))
    for low, high in pairwise(starts[1:].tolist()):
        level = order[low:high]
        out[level] = np.minimum(out[level], out[parents[level]] + 1)
    return out


def _page_of(dom: Dom, counts: Floats) -> Page:
    """Return the tables of `dom` as arrays."""
    parents = np.array([max(e.parent, 0) for e in dom.elements], dtype=np.int64)
    here = np.array([b.element for b in dom.blocks], dtype=np.int64)
    chain = np.empty((len(here), CHAIN), dtype=np.int64)
    for k in range(CHAIN):
        chain[:, k] = here
        here = parents[here]
    inside = np.zeros(len(parents), dtype=bool)
    inside[chain] = True
    inside[0] = True
    needed = np.flatnonzero(inside)
    names = _names(dom, needed.tolist())
    paths: dict[int, int] = {-1: -1}
    known: dict[tuple[int, str], int] = {}
    seen: dict[tuple[str, str, str, str], int] = {}
    group: list[int] = []
    like: list[int] = []
    elements = dom.elements
    for block in dom.blocks:
        at = block.element
        above = []
        while at not in paths:
            above.append(at)
            at = elements[at].parent
        path = paths[at]
        for at in reversed(above):
            path = paths[at] = known.setdefault((path, elements[at].tag), len(known))
        group.append(path)
        tag, parent, _ = elements[block.element]
        over = (elements[parent].tag, names[parent]) if parent >= 0 else ("", "")
        like.append(seen.setdefault((tag, names[block.element], *over), len(seen)))
    _, groups = np.unique(group, return_inverse=True)
    _, likes = np.unique(like, return_inverse=True)
    linked = np.fromiter(
        (min(1.0, b.linked / len(b.text)) for b in dom.blocks), np.float32, len(dom.blocks)
    )
    size = counts[0]
    return Page(
        names, size, chain, np.array(dom.first), np.array(dom.last), groups, likes, linked * size,
        counts[4], parents, needed,
    )  # fmt: skip


def _running(values: Numbers) -> NDArray[np.float64]:
    return np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))


def _grouped(group: Ints, page: Page, place: Numbers) -> list[Floats]:
    count = np.bincount(group)
    size = np.bincount(group, page.size)
    linked = np.bincount(group, page.linked)
    ends = np.bincount(group, page.ends)
    order = np.zeros(len(group))
    low = np.full(len(count), np.inf)
    high = np.full(len(count), -np.inf)
    np.minimum.at(low, group, place)
    np.maximum.at(high, group, place)
    sort = np.argsort(group, kind="stable")
    starts = np.concatenate(([0], np.cumsum(count)[:-1]))
    order[sort] = np.arange(len(group)) - starts[group[sort]]
    total = max(1.0, float(page.size.sum()))
    columns = [
        np.log1p(count), np.log1p(size), np.log1p(size / count), linked / np.maximum(size, 1),
        ends / np.maximum(size, 1) * 100, size / total, high - low,
    ]  # fmt: skip
    found = [column[group] for column in columns]
    return [*found, order, order / count[group]]


def first_words(dom: Dom) -> list[list[str]]:
    """Return the lower-cased words of the first 200 characters of each block."""
    return [_SPLIT.findall(block.text[:200].lower()) for block in dom.blocks]


def features(dom: Dom, title: str, words: list[list[str]]) -> tuple[Page, Floats, list[str]]:
    """Return the page as arrays, the features (blocks x features) and their names.

    `words` are the `first_words` of the blocks.
    """
    texts = [block.text for block in dom.blocks]
    counts, head, tail = _characters(texts)
    page = _page_of(dom, counts)
    n = len(texts)
    rows = np.empty((len(NAMES), n), dtype=np.float32)
    at = 0

    def add(*values: Any) -> None:
        nonlocal at
        for value in values:
            rows[at] = value
            at += 1

    alnum, digit, upper, space, end, comma, quote, money, bar = counts
    length = np.fromiter(map(len, texts), np.float32, n)
    some = np.maximum(alnum, 1)
    density = page.linked / some
    total = max(1.0, float(alnum.sum()))
    gaps = space + 1
    size, often = np.log1p(alnum), end / some * 100
    add(size, np.log1p(gaps), alnum / gaps, digit / some, upper / some, often, np.log1p(end))
    add(comma / some * 100, quote / some * 100, money / some, bar / some, alnum / length)
    add(head >> 2 & 1, head >> 1 & 1, head & 1, tail >> 4 & 1, tail >> 5 & 1, tail & 1)
    add(density, [b.links for b in dom.blocks], [min(len(b.pieces), 50) for b in dom.blocks])
    digits = (digit > 0).tolist()
    dates = [d and _DATE.search(t[:300]) is not None for d, t in zip(digits, texts, strict=True)]
    prices = [d and _PRICE.search(t[:300]) is not None for d, t in zip(digits, texts, strict=True)]
    add([t.count("\n") for t in texts], dates, prices)
    add(["©" in t[:200] for t in texts], ["@" in t[:200] for t in texts])
    all_tags = [element.tag for element in dom.elements]
    tags = [all_tags[b.element] for b in dom.blocks]
    own = np.array([_OWN_CODE.get(tag, -1) for tag in tags], dtype=np.float32)
    add(own, ["-" in tag for tag in tags])
    seen: dict[str, int] = {}
    again = []
    for t in texts:
        again.append(seen.get(t, 0))
        seen[t] = again[-1] + 1
    add(again, [seen[t] for t in texts])
    near = _around(dom, page)
    rows[at : at + near.shape[1]] = near.T
    at += near.shape[1]
    index = np.arange(n, dtype=np.float32)
    paragraph = np.array([tag == "p" for tag in tags], dtype=np.float32)
    runs = np.stack([_running(v) for v in (alnum, page.linked, end, np.ones(n), paragraph * alnum)])
    add(index / n, runs[0, :-1] / total, np.log1p(index), np.log1p(n - 1 - index))
    add((page.chain != 0).sum(axis=1))
    images = np.cumsum([0] + [tag == "img" for tag in all_tags])
    fields = np.cumsum([0] + [tag in _FIELDS for tag in all_tags])
    above, levels = _above(page, runs[0], total)
    for k, stats in enumerate(_stats(dom, page, above, alnum, runs, images, fields, total)):
        add(*stats)
        if k >= _NEAR:
            add(levels[k - _NEAR])
    for group in (page.group, page.like):
        add(*_grouped(group, page, index / n))
    heading = np.array([t[0] == "h" and len(t) == 2 for t in tags], dtype=np.float32)
    padded = np.full((6, n + 6), -1, dtype=np.float32)
    padded[:, 3 : n + 3] = size, density, often, heading, paragraph, own
    for by in (1, 2, 3, -1, -2, -3):
        add(*padded[:, 3 - by : n + 3 - by])
    same = page.chain[:, 0]
    add(np.concatenate(([0], same[1:] == same[:-1])))
    spots = np.arange(n)
    for width in (5, 15):
        if n > 2 * width:
            low, high = np.maximum(spots - width, 0), np.minimum(spots + width + 1, n)
            s, li = runs[:2, high] - runs[:2, low]
        else:
            s, li = np.full(n, total), np.full(n, page.linked.sum())
        add(np.log1p(s), li / np.maximum(s, 1))
    wanted = set(_SPLIT.findall(title.lower()))
    heads = [i for i, t in enumerate(tags) if t == "h1"]
    add([_overlap(w, wanted) if len(t) < 150 else 0 for w, t in zip(words, texts, strict=True)])
    add(index - heads[0] if heads else -999, len(heads))
    ranked = [t[0] == "h" and len(t) == 2 and t[1].isdigit() for t in tags]
    add(index - np.maximum.accumulate(np.where(ranked, index, -1)))
    long = alnum > 150
    add(math.log1p(n), math.log1p(total), float(page.linked.sum()) / total)
    add(float(end.sum()) / total * 100, float(runs[4, -1]) / total, math.log1p(total / n))
    add(float(long.mean()), float(alnum[long].sum()) / total)
    add(math.log1p(float(images[-1])), math.log1p(float(fields[-1])))
    add(math.log1p(sum(prices)), math.log1p(sum(dates)), math.log1p(all_tags.count("article")))
    add(float("main" in all_tags), float("pre" in all_tags), math.log1p(all_tags.count("time")))
    return page, np.ascontiguousarray(rows.T), NAMES


def _around(dom: Dom, page: Page) -> Floats:
    """Return how far the nearest element of each kind of name and of each tag is from a block."""
    needed = page.needed
    inner = needed.tolist()
    masks = [kinds(said) if (said := page.names[i]) else 0 for i in inner]
    has = np.concatenate(
        [
            np.array(masks, dtype=np.int64)[:, None] >> np.arange(len(CLASSES)) & 1,
            _tag_bits(dom, inner)[:, None] >> np.arange(len(_TAGS) + 3) & 1,
        ],
        axis=1,
    ).astype(bool)
    place = np.full(len(page.parents), -1)
    place[needed] = np.arange(len(needed))
    parents = place[page.parents[needed]]
    parents[0] = -1
    near: Floats = _nearest(has, parents)[place[page.chain[:, 0]]]
    return near


def _above(page: Page, run: NDArray[np.float64], total: float) -> tuple[Ints, list[Ints]]:
    """Return the ancestors that blocks are described by (ancestors x blocks).

    The innermost five, and the first that hold a tenth, three tenths and six tenths of the page's
    text; and how far up the latter are.
    """
    sizes = run[page.last[page.chain]] - run[page.first[page.chain]]
    rows, levels = [page.chain[:, k] for k in range(_NEAR)], []
    every = np.arange(len(page.chain))
    for share in _SHARES:
        enough = sizes >= share / 100 * total
        level = np.where(enough.any(axis=1), enough.argmax(axis=1), CHAIN - 1)
        rows.append(page.chain[every, level])
        levels.append(level)
    return np.stack(rows), levels


def _stats(
    dom: Dom, page: Page, above: Ints, alnum: Floats, runs: Numbers, images: Ints, fields: Ints,
    total: float,
) -> Iterator[tuple[Numbers, ...]]:  # fmt: skip
    """Yield for each row of `above` the numbers of these elements."""
    first, last = page.first[above], page.last[above]
    size, linked, end, count, paragraph = runs[:, last] - runs[:, first]
    several, many = np.maximum(size, 1), np.maximum(count, 1)
    ends = np.array(dom.ends)[above]
    columns = (
        np.log1p(size), size / total, alnum / several, linked / several, end / several * 100,
        np.log1p(count), np.log1p(size / many), paragraph / several,
        (np.arange(above.shape[1], dtype=np.float32) - first) / many,
        np.log1p(images[ends] - images[above]), np.log1p(fields[ends] - fields[above]),
    )  # fmt: skip
    yield from zip(*columns, strict=True)


def _overlap(words: list[str], wanted: set[str]) -> float:
    if not words or wanted.isdisjoint(words):
        return 0.0
    said = set(words)
    return len(said & wanted) / len(said | wanted)


def word_hashes(text: str, words: list[str]) -> list[int]:
    """Return the hashes of the first words of a block, the pairs of them, and of a short whole."""
    parts = words[:HEAD_WORDS]
    said = set(parts)
    said.update(f"{a} {b}" for a, b in pairwise(parts))
    if len(text) <= SHORT:
        said.add("=" + " ".join(parts))
    return sorted({hashed(part) for part in said})


def hashed(text: str) -> int:
    """Return the hash by which the model knows `text`."""
    return crc32(text.encode("utf-8", "replace"))
