"""Take the addresses of pages (URLs) out of a text, before anything is counted.

RefinedWeb removes all URLs right after extraction, by expressions that are not published (Penedo et
al. 2023, section 3.1). DCLM wrote its own (``url_removal_modifier``); these are its rules, found
without running an expression over every character:

An address is up to 256 ASCII letters, digits and ``-@:%._+~#=``, a dot and a top-level domain in
lower case, ``http://``, ``https://`` or ``ftp://`` before it, if it is there, and what follows of
those characters and ``()?&/``. Or it is four numbers with dots between. Up to ten characters of
white space before it go with it, so a line that is an address goes as a whole.

They take the form for the thing. A mailbox is an address (``ann@firm.example.com``), and where no
space follows a dot, words are (``it rained.so we went``); a path ends at its first letter beyond
ASCII, and what follows stays. So the default goes by what is written as an address
(`webfilter.heuristics.written_urls`) and takes nothing else: `bare_names` decides which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from webfilter.document import Document, Value
from webfilter.heuristics.counts import ratio
from webfilter.heuristics.lists import shipped
from webfilter.heuristics.written_urls import written
from webfilter.profiles import Profile, Profiled
from webfilter.stage import Signal, Transform

__all__ = ["PROFILES", "TextUrls"]

_NAME = frozenset("-@:%._+~#=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_LONGEST = 256
_BLANKS = 10
_SCHEMES = ("http://", "https://", "ftp://")
_TAIL = r"[-a-zA-Z0-9()@:%_+.~#?&/=]*"

_DOT = re.compile(r"\.(?<=[-a-zA-Z0-9@:%._+~#=]\.)([^\W\d_]\w*)")
_REST = re.compile(_TAIL)
_NUMBERS = re.compile(
    rf"\s{{0,10}}\b(?:(?:https?|ftp)://)?(?:[0-2]?[0-9]{{1,2}}\.){{3}}[0-2]?[0-9]{{1,2}}{_TAIL}"
)
_SOME_NUMBERS = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]")
_MARKS = ".,:;!?*"
_PAIRS = ("()", "<>", "[]")

PROFILES = {
    "webfilter-2026-11": Profile(
        source="the default: addresses that are written as addresses, in every text",
        words="with http://, https:// or ftp://, with www., or with a path behind the name",
        lines=(
            "one that has letters or digits in addresses only goes; of blank lines around it one "
            "stays; others stay lines"
        ),
        deviations=(
            "names (Amazon.com) and mailboxes stay, and so do the marks after an address; brackets "
            "around nothing else go with it; paths and hosts in any script, and any host behind a "
            "scheme, are known"
        ),
    ),
    "refinedweb": Profile(
        source="RefinedWeb (Penedo et al. 2023), section 3.1, by DCLM's rules",
        words="names (Amazon.com) and mailboxes, too, with the marks after them",
        deviations="the paper does not publish its expressions; new lines are not counted here",
        settings={"bare_names": True, "keep_marks": False},
    ),
    "dclm": Profile(
        source="DCLM, dclm_baseline_refinedweb.yaml, url_removal_modifier, as its code runs",
        words="as refinedweb",
        order=(
            "names only in texts that begin with the letters of a top-level domain in any case "
            "(The: .th; We is none): there `match` stands where `search` is meant; numbers in all"
        ),
        deviations=(
            "top-level domains that a mark parts (.भारत) are not known; one beyond ASCII that "
            "follows another one stays (a.com.рф)"
        ),
        settings={"bare_names": True, "keep_marks": False, "every_text": False},
    ),
}
"""Whose rules on addresses within texts; the first is the default."""


@dataclass(frozen=True)
class TextUrls(Profiled, Transform):
    """Take addresses out of a text: those of pages, and with `bare_names` all that looks like one.

    >>> doc = Document("a", "See http://leaf.com/why?p=2, or ask ann@firm.com\\nwww.leaf.de")
    >>> text, signals = TextUrls().transform(doc)
    >>> text, signals["text_urls"]
    ('See, or ask ann@firm.com', 2)
    >>> TextUrls.profile("refinedweb").transform(doc)[0]
    'See, or ask'
    """

    name: ClassVar[str] = "text_urls"
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("text_urls", "int", "Addresses taken out of the text", "matches", 0),
        Signal("text_url_character_ratio", "float", "Characters taken out so", "share", 0, 1),
    )

    bare_names: bool = False
    """Whether by DCLM's rules, by which names without ``http://``, ``www.`` or a path go, too:
    Amazon.com, ann@firm.com and what only looks so, such as ``rained.so`` and, of numbers,
    versions like 2.8.6.0."""
    keep_marks: bool = True
    """Whether marks of the sentence (``.,:;!?*)``) at the end of an address stay."""
    every_text: bool = True
    """Whether in every text; False: as DCLM's code runs, names go only where the text begins with
    the letters of a top-level domain, as three in five do (`benchmarks/README.md`)."""

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The checksum of the list of top-level domains."""
        return {"domains": shipped("domains")[1]}

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        """Return the text without addresses, and the signals."""
        found, text = 0, doc.text
        if self.every_text or _begins().match(text):
            if self.bare_names:
                found, text = _without(text, self._kept(text, _named(text)))
            else:
                found, text = self._without_written(text)
        if self.bare_names and _SOME_NUMBERS.search(text):
            numbers = (match.span() for match in _NUMBERS.finditer(text))
            more, text = _without(text, self._kept(text, numbers))
            found += more
        gone = len(doc.text) - len(text)
        return text, {"text_urls": found, "text_url_character_ratio": ratio(gone, len(doc.text))}

    def _kept(self, text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Yield `spans` without the marks at their ends that stay."""
        for start, end in spans:
            if self.keep_marks:
                address = text[start:end]
                end = start + len(address.rstrip(_MARKS if "(" in address else f"{_MARKS})"))
            yield start, end

    def _without_written(self, text: str) -> tuple[int, str]:
        """Return how many addresses go of `text`, and it without them.

        >>> TextUrls()._without_written("Leaves\\n- http://a.com.\\nwww.b.de is on roots")
        (2, 'Leaves\\nis on roots')
        """
        number = 0
        gone = False  # since the last line with something on it
        lines: list[str] = []
        for line in text.split("\n"):
            spans = [_with_brackets(line, *span) for span in self._kept(line, written(line))]
            number += len(spans)
            left = _without(line, spans)[1]
            if spans and not spans[0][0]:
                left = left.lstrip()
            if spans and not any(map(str.isalnum, left)):
                gone = True
            elif left.strip() or not gone or (lines and lines[-1].strip()):
                lines.append(left)
                gone = gone and not left.strip()
        return number, "\n".join(lines) if number else text


def _without(text: str, spans: Iterable[tuple[int, int]]) -> tuple[int, str]:
    """Return how many `spans` there are, and `text` without them."""
    parts: list[str] = []
    last = 0
    for start, end in spans:
        parts.append(text[last:start])
        last = end
    return len(parts), "".join([*parts, text[last:]])


def _with_brackets(line: str, start: int, end: int) -> tuple[int, int]:
    """Return a span with the brackets around it, and the white space before it.

    >>> _with_brackets("Leaves  (http://a.com)", 9, 21)
    (6, 22)
    """
    if start and line[start - 1] + line[end : end + 1] in _PAIRS:
        start, end = start - 1, end + 1
    while start and line[start - 1].isspace():
        start -= 1
    return start, end


def _named(text: str) -> Iterator[tuple[int, int]]:
    """Yield where addresses with a name are, with the white space before them.

    >>> text = "Ask http://a.com/x or b.de"
    >>> [text[start:end] for start, end in _named(text)]
    [' http://a.com/x', ' b.de']
    """
    domains = shipped("domains")[0]
    end = 0
    for dot in _DOT.finditer(text):
        if dot[1] not in domains or dot.start() <= end:
            continue
        start = dot.start()
        first = max(end, start - _LONGEST)
        while start > first and text[start - 1] in _NAME:
            start -= 1
        start -= next((len(some) for some in _SCHEMES if text.endswith(some, end, start)), 0)
        first = max(end, start - _BLANKS)
        while start > first and text[start - 1].isspace():
            start -= 1
        end = _REST.match(text, dot.end()).end()  # type: ignore[union-attr]
        yield start, end


@cache
def _begins() -> re.Pattern[str]:
    """Return what finds a top-level domain at the start of a text, in any case."""
    return re.compile("|".join(sorted(shipped("domains")[0])), re.IGNORECASE)
