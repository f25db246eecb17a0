"""Numbers that describe a block: its text, its place in the tree, what surrounds it, its page.

Everything is computed for all blocks of a page at once.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.blocks.characters import KINDS, characters
from webfilter.extract.blocks.tree import SIGNS, Tree, ints, tree
from webfilter.extract.dom import Dom

__all__ = [
    "HEAD_WORDS",
    "NAMES",
    "SHORT",
    "Page",
    "features",
    "first_words",
    "word_hashes",
]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Sums = NDArray[np.float64]

_NEAR = 5  # ancestors described whatever they hold
_SHARES = (10, 30, 60)  # and the first that hold so many percent of the page's text
_OWN_NAMES = (
    "p li div span td th h1 h2 h3 h4 h5 h6 a button dt dd pre blockquote figcaption label option "
    "section article main header footer nav summary address body form ul ol table tr"
)
_OWN = _OWN_NAMES.split()
_OWN_CODE = {tag: i for i, tag in enumerate(_OWN)}
_P, _FIRST_HEADING, _LAST_HEADING = (_OWN_CODE[tag] for tag in ("p", "h1", "h6"))
# begin with the digit (nothing of a word before it), as search for one class of characters is fast
_DATE = re.compile(
    r"\d(?<!\w\d)(?:(?:(?<=1)9|(?<=2)0)\d\d\b|\d?[:/.]\d{1,2}\b"
    r"|\d*\s*(?:min|hours?|days?|weeks?|months?|years?)\b)"
)
_PRICE = re.compile(r"[$€£¥₹]\s*\d|\d\s*[$€£¥₹]|\b(?:USD|EUR|GBP)\b")
_LOOKED_AT = 300  # characters of a block, for dates and prices
_EARLY = 200
_LONG = 150  # characters of a block that is not compared with the title
_BEGINNING = 45
_IMAGE, _FIELD, _ARTICLE, _TIME, _MAIN, _PRE = range(1, 7)
_COUNTED = {
    "img": _IMAGE, "input": _FIELD, "select": _FIELD, "button": _FIELD, "article": _ARTICLE,
    "time": _TIME, "main": _MAIN, "pre": _PRE,
}  # fmt: skip
_SPLIT = re.compile(r"\w+")
_PLAIN = "".join(c.lower() if c.isalnum() or c == "_" else " " for c in map(chr, range(128)))
HEAD_WORDS = 4
"""First words of a block that the model looks at."""
SHORT = 60
"""Characters of a block that is known as a whole."""

_TEXT = (
    "size words word_length digits upper ends end_count commas quotes money bars alnum first_upper "
    "first_digit first_alnum last_end last_comma last_alnum linked links pieces lines date price "
    "copyright at tag custom seen_before copies"
)
_ELEMENT = "size share own linked ends blocks mean p at images fields"
_OWN_SHARE, _AT = (_ELEMENT.split().index(stat) for stat in ("own", "at"))
_GROUP = "count size mean linked ends share span order at"
_BESIDE = "size linked ends heading p tag"
_WHOLE = (
    "blocks chars linked ends p mean long long_share images fields prices dates articles mains pre "
    "times"
)


def _all_names() -> list[str]:
    found = [*_TEXT.split(), *SIGNS]
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


class Page(NamedTuple):
    """A page as the model sees it, without the words."""

    tree: Tree
    """What is around the blocks."""
    size: Floats
    """Letters and digits of each block."""
    numbers: Floats
    """The features (blocks x `NAMES`)."""


def first_words(texts: Sequence[str]) -> list[list[str]]:
    """Return the lower-cased words of the first 200 characters of each of `texts`.

    Of a long one, at least `HEAD_WORDS`: more are not asked for.
    """
    found = []
    for text in texts:
        if len(text) < _LONG:
            words = _words(text)
        else:
            words = _words(text[:_BEGINNING])
            if len(words) <= HEAD_WORDS:  # the last may be cut
                words = _words(text[:_EARLY])
        found.append(words)
    return found


def _words(text: str) -> list[str]:
    """Return the runs of letters, digits and underscores, lower-case."""
    if text.isascii():
        return text.translate(_PLAIN).split()  # a third of the time
    return _SPLIT.findall(text.lower())


class _Texts(NamedTuple):
    """Numbers of each block that its text alone gives."""

    alnum: Floats
    linked: Floats
    """Letters and digits in links."""
    ends: Floats
    """Ends of sentences."""
    paragraph: Floats
    """1 or 0."""
    place: Floats
    """Number of the block by that of all."""
    total: float
    """Letters and digits of the page."""

    def running(self) -> Sums:
        """Return sums of the blocks before each: sizes, linked, ends, blocks, paragraphs' sizes."""
        n = len(self.alnum)
        sums = np.zeros((5, n + 1))
        parts: tuple[Any, ...] = (
            self.alnum, self.linked, self.ends, 1, self.paragraph * self.alnum,
        )  # fmt: skip
        for i, part in enumerate(parts):
            sums[i, 1:] = part
        return np.cumsum(sums, axis=1, out=sums)


def features(dom: Dom, title: str, words: list[list[str]]) -> Page:
    """Return the features of the blocks of a page, and what they were made from.

    `words` are the `first_words` of the blocks.
    """
    own, texts, pieces, in_links, links = zip(*dom.blocks, strict=True)
    n = len(texts)
    known = characters(texts)
    over = tree(dom)
    rows = np.empty((len(NAMES), n), dtype=np.float32)
    at = 0

    def add(*values: Any) -> None:
        nonlocal at
        for value in values:
            rows[at] = value
            at += 1

    def add_all(values: Any) -> None:
        nonlocal at
        rows[at : at + len(values)] = values
        at += len(values)

    alnum, digit, upper, space, end, comma, quote, money, bar, lines, copyright, at_sign = (
        known.counts
    )
    length = ints([*map(len, texts)])
    tags = [dom.tags[i] for i in own]
    tag = np.fromiter(map(_OWN_CODE.get, tags, repeat(-1)), np.float32, n)
    paragraph = (tag == _P).astype(np.float32)
    linked = np.minimum(1.0, ints(in_links) / length).astype(np.float32) * alnum
    index = np.arange(n, dtype=np.float32)
    total = max(1.0, float(alnum.sum()))
    of = _Texts(alnum, linked, end, paragraph, index / np.float32(n), total)
    some, gaps = np.maximum(alnum, 1), space + 1
    density, size, often = linked / some, np.log1p(alnum), end / some * 100
    add(size, np.log1p(gaps), alnum / gaps, digit / some, upper / some, often, np.log1p(end))
    add(comma / some * 100, quote / some * 100, money / some, bar / some, alnum / length)
    for bits, kinds in (
        (known.first, ("upper", "digit", "alnum")),
        (known.last, ("end", "comma", "alnum")),
    ):
        add(*(bits >> KINDS.index(kind) & 1 for kind in kinds))
    dates, prices = _dates(texts, digit), _prices(texts, digit, money)
    add(density, ints(links), np.minimum(ints([*map(len, pieces)]), 50))
    add(lines, dates, prices, _early(texts, copyright, "©"), _early(texts, at_sign, "@"))
    custom = np.zeros(n)
    for i in np.flatnonzero(tag < 0).tolist():
        custom[i] = "-" in tags[i]
    add(tag, custom, *_copies(texts))
    add_all(over.near.T)
    runs = of.running()
    add(of.place, runs[0, :-1] / total, np.log1p(index), np.log1p(n - 1 - index))
    add((over.chain != 0).sum(axis=1))
    counted = np.fromiter(map(_COUNTED.get, dom.tags, repeat(0)), np.int64, len(dom.tags))
    images, fields = np.flatnonzero(counted == _IMAGE), np.flatnonzero(counted == _FIELD)
    add_all(_ancestors(over, of, runs, images, fields))
    for group in (over.group, over.like):
        add_all(_grouped(group, of))
    heading = (tag >= _FIRST_HEADING) & (tag <= _LAST_HEADING)
    padded = np.full((6, n + 6), -1, dtype=np.float32)
    padded[:, 3 : n + 3] = size, density, often, heading, paragraph, tag
    for by in (1, 2, 3, -1, -2, -3):
        add_all(padded[:, 3 - by : n + 3 - by])
    inner = over.chain[:, 0]
    add(np.concatenate(([0], inner[1:] == inner[:-1])))
    for width in (5, 15):
        add(*_window(runs, width))
    wanted = set(_words(title))
    heads = np.flatnonzero(tag == _FIRST_HEADING)
    add(_overlaps(texts, words, wanted))
    add(index - heads[0] if len(heads) else -999, len(heads))
    add(index - np.maximum.accumulate(np.where(heading, index, -1)))
    long = alnum > 150
    add(math.log1p(n), math.log1p(total), float(linked.sum()) / total)
    add(float(end.sum()) / total * 100, float(runs[4, -1]) / total, math.log1p(total / n))
    add(float(long.mean()), float(alnum[long].sum()) / total)
    add(math.log1p(len(images)), math.log1p(len(fields)))
    has = np.bincount(counted, minlength=_PRE + 1).tolist()
    add(math.log1p(prices.sum()), math.log1p(dates.sum()), math.log1p(has[_ARTICLE]))
    add(has[_MAIN] > 0, has[_PRE] > 0, math.log1p(has[_TIME]))
    return Page(over, alnum, rows.T)


def _early(texts: Sequence[str], count: Floats, sign: str) -> NDArray[np.bool_]:
    """Return which texts have `sign`, which they have `count` times, near their beginning."""
    found = count > 0
    for i in np.flatnonzero(found).tolist():
        found[i] = sign in texts[i][:_EARLY]
    return found


def _dates(texts: Sequence[str], digit: Floats) -> NDArray[np.bool_]:
    """Return which texts begin with something that speaks of a time."""
    found = np.zeros(len(texts), dtype=bool)
    for i in np.flatnonzero(digit).tolist():
        found[i] = _DATE.search(texts[i][:_LOOKED_AT]) is not None
    return found


def _prices(texts: Sequence[str], digit: Floats, money: Floats) -> NDArray[np.bool_]:
    """Return which texts begin with something that has a price."""
    found = np.zeros(len(texts), dtype=bool)
    for i, signs in zip(np.flatnonzero(digit).tolist(), money[digit > 0].tolist(), strict=True):
        text = texts[i]
        if signs or "USD" in text or "EUR" in text or "GBP" in text:  # the search is slow
            found[i] = _PRICE.search(text[:_LOOKED_AT]) is not None
    return found


def _copies(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Return how often each text stands before, and in all."""
    often = Counter(texts)
    every = np.fromiter(map(often.__getitem__, texts), np.int64, len(texts))
    before, seen = np.zeros_like(every), Counter[str]()
    for i in np.flatnonzero(every > 1).tolist():
        before[i] = seen[texts[i]]
        seen[texts[i]] += 1
    return before, every


def _ancestors(over: Tree, of: _Texts, runs: Sums, images: Ints, fields: Ints) -> Floats:
    """Return what the elements around the blocks hold (numbers x blocks).

    The innermost five, and the first that hold a tenth, three tenths and six tenths of the page's
    text; of the latter also how far up they are.
    """
    n = len(of.alnum)
    size, linked, end, count, paragraph = runs[:, over.last] - runs[:, over.first]
    several, many = np.maximum(size, 1), np.maximum(count, 1)
    held = [
        np.searchsorted(at, over.end) - np.searchsorted(at, over.start) for at in (images, fields)
    ]
    by_element = np.array(
        (
            np.log1p(size), size / of.total, several, linked / several, end / several * 100,
            np.log1p(count), np.log1p(size / many), paragraph / several, many,
            np.log1p(held[0]), np.log1p(held[1]),
        ),
        dtype=np.float32,
    )  # fmt: skip
    sizes = size[over.chain]
    every, deepest = np.arange(n), over.chain.shape[1] - 1
    chosen, levels = list(over.chain[:, :_NEAR].T), []
    for share in _SHARES:
        enough = sizes >= share / 100 * of.total
        level = np.where(enough.any(axis=1), enough.argmax(axis=1), deepest)
        chosen.append(over.chain[every, level])
        levels.append(level)
    elements = np.stack(chosen)
    found = np.empty((len(elements), len(by_element) + 1, n), dtype=np.float32)
    found[:, :-1] = by_element[:, elements].transpose(1, 0, 2)
    found[:, _OWN_SHARE] = of.alnum / found[:, _OWN_SHARE]
    found[:, _AT] = (every - over.first[elements]) / found[:, _AT]
    found[_NEAR:, -1] = levels
    return np.concatenate([found[:_NEAR, :-1].reshape(-1, n), found[_NEAR:].reshape(-1, n)])


def _grouped(group: Ints, of: _Texts) -> list[Any]:
    """Return what the blocks of the same group have together, and the place of each among them.

    Not all numbers up to the highest need be those of a group.
    """
    count = np.bincount(group)
    size = np.bincount(group, of.alnum)
    linked = np.bincount(group, of.linked)
    ends = np.bincount(group, of.ends)
    order = np.argsort(group, kind="stable")
    after = np.cumsum(count)
    place = of.place[order].astype(np.float64)
    span = place[after - 1] - place[after - count]
    number = np.empty(len(group))
    number[order] = np.arange(len(group)) - np.repeat(after - count, count)
    some, several = np.maximum(size, 1), np.maximum(count, 1)
    by_group = np.array(
        (
            np.log1p(count), np.log1p(size), np.log1p(size / several), linked / some,
            ends / some * 100, size / of.total, span, count,
        )
    )  # fmt: skip
    found = by_group[:, group]
    return [*found[:-1], number, number / found[-1]]


def _window(runs: Sums, width: int) -> tuple[Sums, Sums]:
    """Return size and share of links in the `width` blocks before and after each."""
    n = runs.shape[1] - 1
    low, high = np.array([0]), np.array([n])
    if n > 2 * width:
        at = np.arange(n)
        low, high = np.maximum(at - width, 0), np.minimum(at + width + 1, n)
    size, linked = runs[:2, high] - runs[:2, low]
    return np.log1p(size), linked / np.maximum(size, 1)


def _overlaps(texts: Sequence[str], words: list[list[str]], wanted: set[str]) -> list[float]:
    """Return the share of the words of each short text and `wanted` that both have."""
    found = []
    for text, said in zip(texts, words, strict=True):
        share = 0.0
        if len(text) < _LONG and not wanted.isdisjoint(said):
            every = set(said)
            both = len(every & wanted)
            share = both / (len(every) + len(wanted) - both)
        found.append(share)
    return found


def word_hashes(text: str, words: list[str]) -> list[int]:
    """Return the hashes of the first words of a block, each as often as it stands there, and of
    all of a short one."""
    said = words[:HEAD_WORDS]
    if len(text) <= SHORT:
        said = [*said, "=" + text.lower()]
    return [crc32(part.encode()) for part in said]
