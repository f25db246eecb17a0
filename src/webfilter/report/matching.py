"""Two texts as words, and the words that they have in common, in order: linear time always.

`difflib` is quadratic, and cubic on texts made for it. Here anchors are word n-grams that occur
once in either text (patience diff, with long n-grams first), the longest rising chain of them is
taken, and each is extended while words are equal; what lies between is matched again with shorter
ones. What no unique n-gram tells apart is matched occurrence by occurrence. So a match is a true
common subsequence, though not always the longest.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Run", "Word", "matched", "similarity", "words_of"]

_SIZES = (8, 3, 1)
"""Words of an anchor, round by round."""
_NGRAM = 5
"""Words in a row by which `similarity` compares."""

# a word is what lies between white space and punctuation, marks included; in Han, kana, Thai and
# Lao, which have no spaces, a character (with its marks) is one; so is each sign of punctuation
_SIGNS = r"!-/:-@\[-`{-~\u00a1\u00ab\u00bb\u00bf\u060c\u061b\u061f\u06d4\u0964\u2010-\u205e"
_ALONE = r"\u0e00-\u0eff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff0f\U00020000-\U0003ffff"
_MARKS = r"\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u3099\u309a"
_WORD = re.compile(rf"([^\s{_SIGNS}{_ALONE}]{{1,64}}|[{_ALONE}][{_MARKS}]*|[{_SIGNS}])(\s*)")
_ENDS = frozenset(".!?…。！？؟۔।")
_BREAK = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a sign, with what follows it."""

    text: str
    spaced: bool
    """Whether white space follows."""
    ends: bool
    """Whether it ends a sentence."""
    broken: bool
    """Whether a line ends after it."""

    @property
    def sign(self) -> bool:
        """Whether it is punctuation."""
        return not any(map(str.isalnum, self.text))


@dataclass(frozen=True, slots=True)
class Run:
    """Equal words: ``size`` of them, from ``left`` in one text and from ``right`` in the other."""

    left: int
    right: int
    size: int


def words_of(text: str) -> list[Word]:
    """Return the words of a text.

    >>> [word.text for word in words_of("It boils, 沸騰!")]
    ['It', 'boils', ',', '沸', '騰', '!']
    """
    return [
        Word(
            text=found[1],
            spaced=bool(found[2]),
            ends=found[1] in _ENDS
            and (bool(found[2]) or found[1] > "\u3000" or found.end() == len(text)),
            broken=bool(found[2]) and _BREAK.search(found[2]) is not None,
        )
        for found in _WORD.finditer(text)
    ]


def similarity(one: Sequence[Word], other: Sequence[Word]) -> float:
    """Return which share of their word 5-grams (Jaccard) two texts have in common, 0 to 1.

    Case and punctuation do not count. Where a text has fewer words, single ones are compared.

    >>> similarity(words_of("Water boils at 100."), words_of("water boils at 90"))
    0.6
    """
    sides = [[word.text.lower() for word in side if not word.sign] for side in (one, other)]
    size = _NGRAM if min(map(len, sides)) >= _NGRAM else 1
    left, right = (set(_grams(side, 0, len(side), size)) for side in sides)
    return len(left & right) / len(left | right) if left or right else 1.0


def matched(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[Run]:
    """Return the runs of equal items, ascending in both; neighbors do not touch in both.

    Time is O(n log n) in the items, whatever they are.

    >>> matched("a b c d".split(), "a x c d".split())
    [Run(left=0, right=0, size=1), Run(left=2, right=2, size=2)]
    """
    codes: dict[Hashable, int] = {}
    one = [codes.setdefault(item, len(codes)) for item in left]
    other = [codes.setdefault(item, len(codes)) for item in right]
    runs: list[Run] = []
    for size in (*_SIZES, 0):
        found = [
            run
            for gap in _gaps(runs, len(one), len(other))
            for run in _within(one, other, gap, size)
        ]
        runs = sorted([*runs, *found], key=lambda run: run.left)
    return _joined(runs)


Gap = tuple[int, int, int, int]
"""Begin and end in one text, begin and end in the other."""


def _gaps(runs: Sequence[Run], ends: int, other_ends: int) -> Iterator[Gap]:
    """Yield what lies between runs, where both sides have something."""
    at, other = 0, 0
    for run in (*runs, Run(ends, other_ends, 0)):
        if at < run.left and other < run.right:
            yield at, run.left, other, run.right
        at, other = run.left + run.size, run.right + run.size


def _within(one: list[int], other: list[int], gap: Gap, size: int) -> Iterator[Run]:
    """Yield runs inside a gap: equal ends first, then those of anchors of `size` items."""
    low, high, other_low, other_high = gap
    most = min(high - low, other_high - other_low)
    same = 0
    while same < most and one[low + same] == other[other_low + same]:
        same += 1
    if same:
        yield Run(low, other_low, same)
        low, other_low, most = low + same, other_low + same, most - same
    same = 0
    while same < most and one[high - 1 - same] == other[other_high - 1 - same]:
        same += 1
    if same:
        high, other_high = high - same, other_high - same
        yield Run(high, other_high, same)
    if low == high or other_low == other_high:
        return
    inner = (low, high, other_low, other_high)
    pairs = _anchors(one, other, inner, size) if size else _occurrences(one, other, inner)
    for at, there in _rising(pairs):
        if at < low or there < other_low:  # inside the run before
            continue
        begin, end = at, at
        while (
            begin > low
            and at - begin < there - other_low
            and (one[begin - 1] == other[there - (at - begin) - 1])
        ):
            begin -= 1
        while end < high and there + end - at < other_high and one[end] == other[there + end - at]:
            end += 1
        yield Run(begin, there - (at - begin), end - begin)
        low, other_low = end, there + end - at


def _anchors(one: list[int], other: list[int], gap: Gap, size: int) -> list[tuple[int, int]]:
    """Return where n-grams begin that occur once on either side, in order of the left."""
    low, high, other_low, other_high = gap
    once = _once(one, low, high, size)
    there = _once(other, other_low, other_high, size)
    return [(at, there[gram]) for gram, at in once.items() if at >= 0 and there.get(gram, -1) >= 0]


def _once(items: list[int], low: int, high: int, size: int) -> dict[tuple[int, ...], int]:
    """Return the place of each n-gram; -1 where it comes again."""
    places: dict[tuple[int, ...], int] = {}
    for at, gram in enumerate(_grams(items, low, high, size), low):
        places[gram] = -1 if gram in places else at
    return places


def _grams(items: Sequence[Hashable], low: int, high: int, size: int) -> Iterator[tuple]:  # type: ignore[type-arg]
    return zip(*(items[low + step : high] for step in range(size)), strict=False)


def _occurrences(one: list[int], other: list[int], gap: Gap) -> list[tuple[int, int]]:
    """Return the first of an item with the first of it there, the second with the second ..."""
    low, high, other_low, other_high = gap
    places: dict[int, list[int]] = {}
    for at in range(other_high - 1, other_low - 1, -1):
        places.setdefault(other[at], []).append(at)
    found = []
    for at in range(low, high):
        left = places.get(one[at])
        if left:
            found.append((at, left.pop()))
    return found


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest part of `pairs` that rises in both; they rise in the first already."""
    tops: list[int] = []  # least last place of a chain, by its length
    ends: list[int] = []
    before: list[int] = []
    for index, (_, there) in enumerate(pairs):
        length = bisect_left(tops, there)
        before.append(ends[length - 1] if length else -1)
        if length == len(tops):
            tops.append(there)
            ends.append(index)
        else:
            tops[length], ends[length] = there, index
    chain = []
    at = ends[-1] if ends else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _joined(runs: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in runs:
        last = joined[-1] if joined else None
        if last and (last.left + last.size, last.right + last.size) == (run.left, run.right):
            joined[-1] = Run(last.left, last.right, last.size + run.size)
        else:
            joined.append(run)
    return joined
