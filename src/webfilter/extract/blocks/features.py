"""Numbers that describe a block: its text, its place in the tree, what surrounds it, its page.

Everything is computed for all blocks of a page at once. What an element contains is a range of
blocks, so sums over any ancestor are differences of running sums.
"""

from __future__ import annotations

import math
import re
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.blocks.names import CLASSES, kinds
from webfilter.extract.dom import Dom

__all__ = ["Page", "features", "first_words", "word_hashes"]

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
_HEAD_WORDS = 8

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
    """Names of each element."""
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


def names_of(dom: Dom) -> list[str]:
    """Return class, id, role and itemprop of each element in one string."""
    found = []
    for _, _, at in dom.elements:
        said = ""
        if at:
            for key in _NAMING:
                if key in at and (value := at[key]):
                    said = f"{said} {value}" if said else value
        found.append(said)
    return found


def _tag_bits(dom: Dom) -> Ints:
    found = []
    for tag, _, at in dom.elements:
        bits = _TAG_MASK.get(tag, 0)
        if at:
            if "hidden" in at:
                bits |= 1 << _HIDDEN
            if at.get("aria-hidden") == "true":
                bits |= 1 << _ARIA
            style = at.get("style")
            if style and _NONES.search(style):
                bits |= 1 << _NONE
        found.append(bits)
    return np.array(found, dtype=np.int64)


def _nearest(masks: Ints, count: int, parents: Ints, depths: Ints) -> Floats:
    """Return how far up each bit is set, from each element (elements x bits); CHAIN if nowhere.

    Downwards by level: one more than at the parent, and 0 where the element has the bit itself.
    """
    has = (masks[:, None] >> np.arange(count) & 1).astype(bool)
    out = np.full((len(masks), count), CHAIN, dtype=np.float32)
    order = np.argsort(depths, kind="stable")
    starts = np.searchsorted(depths[order], np.arange(depths.max() + 2))
    for low, high in pairwise(starts.tolist()):
        level = order[low:high]
        if low:
            out[level] = np.minimum(out[parents[level]] + 1, CHAIN)
        out[level] = np.where(has[level], 0, out[level])
    return out


def page_of(dom: Dom, names: list[str], counts: Floats) -> Page:
    """Return the tables of `dom` as arrays."""
    parents = np.array([max(e.parent, 0) for e in dom.elements], dtype=np.int64)
    here = np.array([b.element for b in dom.blocks], dtype=np.int64)
    chain = np.empty((len(here), CHAIN), dtype=np.int64)
    for k in range(CHAIN):
        chain[:, k] = here
        here = parents[here]
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
    size = counts[0] + 0.0
    return Page(
        names, size, chain, np.array(dom.first), np.array(dom.last), groups, likes, linked * size,
        counts[4], parents,
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


def _shift(values: Floats, by: int, fill: float) -> Floats:
    out = np.full_like(values, fill)
    if by > 0:
        out[by:] = values[:-by]
    else:
        out[:by] = values[-by:]
    return out


def first_words(dom: Dom) -> list[list[str]]:
    """Return the lower-cased words of the first 200 characters of each block."""
    return [_SPLIT.findall(block.text[:200].lower()) for block in dom.blocks]


def features(dom: Dom, title: str, words: list[list[str]]) -> tuple[Page, Floats, list[str]]:
    """Return the page as arrays, the features (blocks x features) and their names.

    `words` are the `first_words` of the blocks.
    """
    texts = [block.text for block in dom.blocks]
    counts, head, tail = _characters(texts)
    element_names = names_of(dom)
    page = page_of(dom, element_names, counts)
    n = len(texts)
    columns: list[Any] = []
    names: list[str] = []

    def add(name: str, values: Any) -> None:
        names.append(name)
        columns.append(values)

    alnum, digit, upper, space, end, comma, quote, money, bar = counts
    length = np.fromiter(map(len, texts), np.float32, n)
    some = np.maximum(alnum, 1)
    density = page.linked / some
    total = max(1.0, float(alnum.sum()))
    gaps = space + 1
    add("size", np.log1p(alnum))
    add("words", np.log1p(gaps))
    add("word_length", alnum / gaps)
    add("digits", digit / some)
    add("upper", upper / some)
    add("ends", end / some * 100)
    add("end_count", np.log1p(end))
    add("commas", comma / some * 100)
    add("quotes", quote / some * 100)
    add("money", money / some)
    add("bars", bar / some)
    add("alnum", alnum / length)
    add("first_upper", head >> 2 & 1)
    add("first_digit", head >> 1 & 1)
    add("first_alnum", head & 1)
    add("last_end", tail >> 4 & 1)
    add("last_comma", tail >> 5 & 1)
    add("last_alnum", tail & 1)
    add("linked", density)
    add("links", [b.links for b in dom.blocks])
    add("pieces", [min(len(b.pieces), 50) for b in dom.blocks])
    add("lines", [b.text.count("\n") for b in dom.blocks])
    digits = (digit > 0).tolist()
    dates = [d and _DATE.search(t[:300]) is not None for d, t in zip(digits, texts, strict=True)]
    prices = [d and _PRICE.search(t[:300]) is not None for d, t in zip(digits, texts, strict=True)]
    add("date", dates)
    add("price", prices)
    add("copyright", ["©" in t[:200] for t in texts])
    add("at", ["@" in t[:200] for t in texts])
    tags = [dom.elements[b.element].tag for b in dom.blocks]
    add("tag", [_OWN_CODE.get(tag, -1) for tag in tags])
    add("custom", ["-" in tag for tag in tags])
    seen: dict[str, int] = {}
    again = []
    for t in texts:
        again.append(seen.get(t, 0))
        seen[t] = again[-1] + 1
    add("seen_before", again)
    add("copies", [seen[t] for t in texts])
    # names around
    masks = np.array([kinds(said) if said else 0 for said in element_names], dtype=np.int64)
    depths = [0] * len(dom.elements)
    for i, element in enumerate(dom.elements):
        if element.parent >= 0:
            depths[i] = depths[element.parent] + 1
    levels = np.array(depths)
    own = page.chain[:, 0]
    near = _nearest(masks, len(CLASSES), page.parents, levels)[own]
    for i, name in enumerate(CLASSES):
        add(f"in_{name}", near[:, i])
    near = _nearest(_tag_bits(dom), len(_TAGS) + 3, page.parents, levels)[own]
    for i, name in enumerate([*_TAGS, "hidden", "aria", "none"]):
        add(f"tag_{name}", near[:, i])
    # place
    index = np.arange(n, dtype=np.float32)
    run = _running(alnum)
    add("place", index / n)
    add("text_place", run[:-1] / total)
    add("from_start", np.log1p(index))
    add("from_end", np.log1p(n - 1 - index))
    depth = (page.chain != 0).sum(axis=1)
    add("depth", depth)
    # ancestors
    sums = [
        _running(v) for v in (alnum, page.linked, end, np.ones(n), np.isin(tags, ("p",)) * alnum)
    ]
    runs = np.stack(sums)
    all_tags = [element.tag for element in dom.elements]
    images = np.cumsum([0] + [tag == "img" for tag in all_tags])
    fields = np.cumsum([0] + [tag in _FIELDS for tag in all_tags])
    ends_at = np.array(dom.ends)

    def ancestor(label: str, element: Ints) -> None:
        s, li, en, k, p = runs[:, page.last[element]] - runs[:, page.first[element]]
        several = np.maximum(s, 1)
        add(f"{label}_size", np.log1p(s))
        add(f"{label}_share", s / total)
        add(f"{label}_own", alnum / several)
        add(f"{label}_linked", li / several)
        add(f"{label}_ends", en / several * 100)
        add(f"{label}_blocks", np.log1p(k))
        add(f"{label}_mean", np.log1p(s / np.maximum(k, 1)))
        add(f"{label}_p", p / several)
        add(f"{label}_at", (index - page.first[element]) / np.maximum(k, 1))
        add(f"{label}_images", np.log1p(images[ends_at[element]] - images[element]))
        add(f"{label}_fields", np.log1p(fields[ends_at[element]] - fields[element]))

    for k in range(_NEAR):
        ancestor(f"up{k}", page.chain[:, k])
    sizes = runs[0][page.last[page.chain]] - runs[0][page.first[page.chain]]
    for share in (0.1, 0.3, 0.6):
        enough = sizes >= share * total
        level = np.where(enough.any(axis=1), enough.argmax(axis=1), CHAIN - 1)
        ancestor(f"big{int(share * 100)}", page.chain[index.astype(int), level])
        add(f"big{int(share * 100)}_level", level)
    # children of the smallest ancestor with several blocks: siblings
    for label, group in (("path", page.group), ("like", page.like)):
        for name, values in zip(
            ("count", "size", "mean", "linked", "ends", "share", "span", "order", "at"),
            _grouped(group, page, index / n),
            strict=True,
        ):
            add(f"{label}_{name}", values)
    # neighbors
    base = [("size", np.log1p(alnum)), ("linked", density), ("ends", end / some * 100)]
    base += [("heading", np.array([t[0] == "h" and len(t) == 2 for t in tags], dtype=np.float32))]
    base += [("p", np.array([t == "p" for t in tags], dtype=np.float32))]
    base += [("tag", np.array([_OWN_CODE.get(t, -1) for t in tags], dtype=np.float32))]
    for by in (1, 2, 3, -1, -2, -3):
        for name, values in base:
            add(f"{name}{-by:+d}", _shift(values.astype(np.float32), by, -1))
    same = page.chain[:, 0]
    add("same_parent_before", np.concatenate(([0], same[1:] == same[:-1])))
    for width in (5, 15):
        kernel = np.ones(2 * width + 1)
        s = np.convolve(alnum, kernel, "same")[:n] if n >= len(kernel) else np.full(n, total)
        li = (
            np.convolve(page.linked, kernel, "same")[:n]
            if n >= len(kernel)
            else np.full(n, page.linked.sum())
        )
        add(f"around{width}_size", np.log1p(s))
        add(f"around{width}_linked", li / np.maximum(s, 1))
    # title and headings
    wanted = set(_SPLIT.findall(title.lower()))
    heads = [i for i, t in enumerate(tags) if t == "h1"]
    add(
        "title_overlap",
        [_overlap(w, wanted) if len(t) < 150 else 0 for w, t in zip(words, texts, strict=True)],
    )
    first_head = heads[0] if heads else -1
    add("after_h1", index - first_head if heads else np.full(n, -999))
    add("h1_count", np.full(n, len(heads)))
    last_head = np.maximum.accumulate(
        np.where([t[0] == "h" and len(t) == 2 and t[1].isdigit() for t in tags], index, -1)
    )
    add("since_heading", index - last_head)
    # page
    whole = {
        "blocks": math.log1p(n),
        "chars": math.log1p(total),
        "linked": float(page.linked.sum()) / total,
        "ends": float(end.sum()) / total * 100,
        "p": float(sums[4][-1]) / total,
        "mean": math.log1p(total / n),
        "long": float((alnum > 150).mean()),
        "long_share": float(alnum[alnum > 150].sum()) / total,
        "images": math.log1p(float(images[-1])),
        "fields": math.log1p(float(fields[-1])),
        "prices": math.log1p(sum(prices)),
        "dates": math.log1p(sum(dates)),
        "articles": math.log1p(all_tags.count("article")),
        "mains": float("main" in all_tags),
        "pre": float("pre" in all_tags),
        "times": math.log1p(all_tags.count("time")),
    }
    for name, value in whole.items():
        add(f"page_{name}", np.full(n, value))
    matrix = np.empty((len(columns), n), dtype=np.float32)
    for i, values in enumerate(columns):
        matrix[i] = values
    return page, np.ascontiguousarray(matrix.T), names


def _overlap(words: list[str], wanted: set[str]) -> float:
    if not words or wanted.isdisjoint(words):
        return 0.0
    said = set(words)
    return len(said & wanted) / len(said | wanted)


def word_hashes(text: str, words: list[str]) -> list[int]:
    """Return the hashes of the first words of a block, the pairs of them, and of a short whole."""
    parts = words[:_HEAD_WORDS]
    said = set(parts)
    said.update(f"{a} {b}" for a, b in pairwise(parts))
    if len(text) <= 60:
        said.add("=" + " ".join(parts))
    return sorted({crc32(part.encode("utf-8", "replace")) for part in said})
