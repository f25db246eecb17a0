"""Phrases that give a line of a page away: ours and those of others, as lists.

A list is a file in ``lists/lines/SET/CAUSE.txt``, one phrase a line, in lower case, each number as
``0``. An asterisk says where more may stand: ``read more`` is a whole line, ``read more*`` its
start, ``*read more`` its end, ``*use cookies*`` any part of it. Marks at the ends of a line do not
count, so ``» Read more...`` is ``read more``. Starts and ends are whole words.

They know what can be listed, in the common languages of the web, and no more.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

from webfilter.heuristics.lists import shipped

__all__ = ["PhraseSet", "Phrases", "phrases"]

PhraseSet: TypeAlias = Literal["web", "refinedweb"]
"""``web``: our own. ``refinedweb``: the few that the paper names."""

_CAUSES = {
    "web": ("consent", "browser", "legal", "sharing", "counter", "account", "navigation"),
    "refinedweb": ("counter", "account", "navigation"),
}
"""The lists of each set; of two that hold a phrase the first has it."""

_EDGE = " \t-–—•·*|<>«»‹›→←↑↓▲▼►◄…,.:;!?\"'“”„()[]{}+=/\\_#~。、,・：！？【】「」\u200b\ufeff\xa0"
_NUMBER = re.compile(r"\d+(?:[., ]\d+)*")
_ANCHOR = 6
_NEAR = 2  # characters by which starts and ends are looked up


class Phrases:
    """The phrases of some causes, arranged for looking up.

    >>> found = phrases("web", ("navigation", "counter"))
    >>> found.cause("» read more...", 2, 10), found.cause("12 comments", 2, 10)
    ('navigation', 'counter')
    >>> found.cause("read on", 2, 10)
    """

    def __init__(self, listed: Iterable[tuple[str, str]]) -> None:
        self._whole: dict[str, str] = {}
        starts: dict[str, dict[str, str]] = defaultdict(dict)
        ends: dict[str, dict[str, str]] = defaultdict(dict)
        within: dict[str, str] = {}
        for entry, cause in listed:
            bare = entry.strip("*")
            phrase = plain(bare) or bare
            if entry[0] == "*" and entry[-1] == "*":
                within.setdefault(bare, cause)
            elif entry[0] == "*":
                ends[phrase[-_NEAR:]].setdefault(phrase, cause)
            else:
                self._whole.setdefault(phrase, cause)
                if entry[-1] == "*":
                    starts[phrase[:_NEAR]].setdefault(phrase, cause)
        self._starts = {near: (tuple(some), some) for near, some in starts.items()}
        self._ends = {near: (tuple(some), some) for near, some in ends.items()}
        self._longest = max(map(len, self._whole), default=0)
        self._within = _anchored(within)

    def within(self, lowered: str) -> tuple[tuple[str, str], ...]:
        """Return the (phrase, cause) pairs of any part of a line that occur in `lowered`."""
        plainly = lowered.isascii()
        return tuple(
            pair
            for anchor, pairs in self._within
            if not (plainly and not anchor.isascii()) and anchor in lowered
            for pair in pairs
            if pair[0] in lowered
        )

    def cause(self, lowered: str, words: int, most: int) -> str | None:
        """Return the cause of a phrase that is the line, or its start or end, or None.

        Args:
            lowered: the line in lower case.
            words: how many words it has.
            most: how many it may have, where the phrase is its start or end only.
        """
        if words > most and len(lowered) > 2 * self._longest:
            return None
        line = plain(lowered)
        if not line:
            return None
        found = self._whole.get(line)
        if found is not None or words > most:
            return found
        some = self._starts.get(line[:_NEAR]) or self._starts.get(line[:1])
        if some is not None and line.startswith(some[0]):
            for phrase, cause in some[1].items():
                if line.startswith(phrase) and _parted(phrase[-1], line[len(phrase)]):
                    return cause
        some = self._ends.get(line[-_NEAR:])
        if some is not None and line.endswith(some[0]):
            for phrase, cause in some[1].items():
                if line.endswith(phrase) and (
                    len(line) == len(phrase) or _parted(phrase[0], line[-len(phrase) - 1])
                ):
                    return cause
        return None


def _anchored(within: dict[str, str]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the phrases under strings that many of them share, to look for these first.

    ``cookie`` stands for a hundred phrases that hold it: few pages have it, so few searches.
    """
    left = dict(within)
    found: list[tuple[str, tuple[tuple[str, str], ...]]] = []
    while left:
        shared = Counter(part for phrase in left for part in _parts(phrase))
        anchor = max(shared, key=lambda part: (shared[part], len(part), part))
        found.append((anchor, tuple(pair for pair in left.items() if anchor in pair[0])))
        left = {phrase: cause for phrase, cause in left.items() if anchor not in phrase}
    return tuple(found)


def _parts(phrase: str) -> set[str]:
    size = min(len(phrase), _ANCHOR)
    return {phrase[k : k + size] for k in range(len(phrase) - size + 1)} | {phrase}


def plain(lowered: str) -> str:
    """Return a line without the marks at its ends, each number as ``0``.

    >>> plain("» 1,204 comments:")
    '0 comments'
    """
    line = lowered.strip(_EDGE)
    if line.isalpha():
        return line
    return _NUMBER.sub("0", line)


def _parted(inner: str, outer: str) -> bool:
    """Return whether a word ends between two characters; written together, words end anywhere."""
    return not (inner.isalnum() and outer.isalnum()) or inner > "\u2e7f"


@lru_cache(maxsize=64)
def phrases(name: PhraseSet, causes: tuple[str, ...]) -> Phrases:
    """Return the phrases of the set `name` for `causes`."""
    wanted = [cause for cause in _CAUSES[name] if cause in causes]
    return Phrases((e, cause) for cause in wanted for e in sorted(_entries(name, cause)))


def _entries(name: str, cause: str) -> frozenset[str]:
    return shipped(f"lines/{name}/{cause}")[0]


@lru_cache(maxsize=8)
def digest(name: PhraseSet) -> str:
    """Return a sha256 over all lists of the set, for a stage's artifacts."""
    sums = "".join(shipped(f"lines/{name}/{cause}")[1] for cause in _CAUSES[name])
    return hashlib.sha256(sums.encode()).hexdigest()
