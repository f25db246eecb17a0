"""Line by line: take out what is on a page and is not its text.

Menus, buttons to share, cookie notices, forms, counters, footers, lists of links, repeated lines.
Each line that goes has one cause, and a page that loses too many of its words goes as a whole, as
in RefinedWeb ("The RefinedWeb Dataset for Falcon LLM", Penedo et al. 2023, appendix G.2).

Two kinds of evidence. Phrases, from lists that anybody can read (`webfilter.heuristics.phrases`).
And, without any language, the surroundings: a short line between sentences is a heading, a short
line among short lines after the last sentence of the page is a link. Measured on human labels in
six languages (`benchmarks/lines.py`).

It does not see markup: what an extractor left out is gone, and a list of links looks like any list.
It is wrong for pages whose text is short lines without marks and capitals at their start: tables of
facts, lists of names, some poems. Of languages, see `phrases`; Thai, Lao and Khmer put no marks
between sentences, so their lines count as sentences by length alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.heuristics.gopher_spaced import dclm_words
from webfilter.heuristics.limits import limit
from webfilter.heuristics.lines_dclm import CAUSES, cleaned
from webfilter.heuristics.phrases import PhraseSet, digest, phrases
from webfilter.heuristics.surroundings import Line, measured, surroundings_of
from webfilter.profiles import Profile, Profiled
from webfilter.stage import Rule, Signal, Transform
from webfilter.text.code_lines import code_lines

__all__ = ["PROFILES", "Lines"]

_LISTED = ("consent", "browser", "legal", "sharing", "counter", "account", "navigation")
_CAUSES = ("symbols", "numbers", *_LISTED, "short", "uppercase", "repeated", "fragment")

_LETTER = re.compile(r"[^\W\d_]")
_FENCE = re.compile(r"\s*(`{3,})([^`]*)$")

_ORDER = "the tests in the order of the class; the first that applies is the line's cause"

PROFILES = {
    "webfilter-2026-11": Profile(
        source="the default: our own lists and surroundings, fitted to human labels",
        words="between white space, for limits and shares; phrases are looked for in any case",
        lines="between the ends that `str.splitlines` knows, stripped; blank ones do not count",
        order=f"{_ORDER}. A page goes if more than 0.6 of its words did",
        deviations="it is nobody else's",
    ),
    "refinedweb": Profile(
        source="RefinedWeb (Penedo et al. 2023), appendix G.2, as DCLM reads it",
        words="between white space; Chinese, Japanese and Korean characters are one each",
        lines="between the ends that `str.splitlines` knows, stripped; blank ones do not count",
        order=(
            "a line goes that is mostly capitals, numbers only, a counter (3 likes) or one word; "
            "or of up to ten words with sign-in, read more... or items in cart. A page goes if "
            "more than 0.05 of its words did"
        ),
        deviations=(
            "the paper gives examples, not its lists; a line with a phrase goes as a whole, there "
            "the phrase alone does; numbers only means no letter ($ 19.99), there nothing but "
            "digits; marks at the ends of a line do not count (Read more without dots)"
        ),
        settings={
            "max_line_removed_word_ratio": 0.05,
            "phrase_set": "refinedweb",
            "phrase_max_words": 10,
            "part_max_words": 10,
            "line_min_words": 2,
            "line_max_uppercase_ratio": 0.5,
            "remove_symbols": False,
            "remove_repeated": False,
            "keep_code": False,
            "fragment_length": None,
        },
    ),
    "dclm": Profile(
        source="DCLM, dclm_baseline_refinedweb.yaml, from newline_removal_modifier on",
        words="as of GopherQuality's dclm, for the share removed; for limits between white space",
        lines="between newlines, as they are; of more than two newlines two stay",
        order=(
            "lines go that are mostly capitals, nothing but digits, a counter (3 likes) or one "
            "word; then, in lines of up to ten words, items in cart anywhere, read more and three "
            "characters at the end, sign-in at the start go, alone. The text is stripped, and a "
            "page goes if more than 0.05 of its words did"
        ),
        deviations="a page without words is kept, for GopherQuality to drop",
        settings={
            "version": "dclm",
            "max_line_removed_word_ratio": 0.05,
            "phrase_max_words": 10,
            "line_min_words": 2,
            "line_max_uppercase_ratio": 0.5,
        },
    ),
}
"""Whose rules on lines; the first is the default."""


@dataclass(frozen=True)
class Lines(Profiled, Transform):
    """Remove the lines of a page that are not its text; drop pages that lose too many words.

    The tests, in this order; the first that applies is the line's cause:

    - ``symbols``: no letter and no digit; ``numbers``: no letter.
    - ``consent``, ``browser``, ``legal``, ``sharing``, ``counter``, ``account``, ``navigation``:
      a phrase of that list is the line, its start or end, or part of it.
    - ``short``, ``uppercase``: too few words, too many capitals. Off, unless you set a limit.
    - ``repeated``: the page has had this line before.
    - ``fragment``: shorter than its surroundings let it be. The limit, in characters, starts at
      `fragment_length` and shrinks with the share of running lines among the six before and after
      (to a fiftieth where all are), with the number of sentences and long lines further down (to a
      quarter for ten), and to two fifths if the line itself is a running one. Sentences of 40
      characters and all lines of 250 are no fragments anywhere; neither is a line above one of
      these that is three times as long: a heading. A text of one or two lines has no surroundings.

    A running line ends with a sentence's mark or a comma, or goes on in lower case in the next.
    Program code stays, whatever its lines look like (`keep_code`): what stands in a closed Markdown
    fence (three backticks or more), what reads like code, and formulas
    (`webfilter.text.code_lines`).
    The rule under the head of a Markdown table does not go for its symbols. The lines kept are
    joined as they came; blank lines stay, but not two together where something went. A text that
    loses no line comes back as it was.

    The defaults take out most of what people call noise at some cost to good lines: see
    `benchmarks/README.md`. `fragment_length` is the knob.

    >>> page = (
    ...     "Home\\n\\nWhy leaves are green\\n\\nPlants make sugar from light, and what is left"
    ...     " they keep for the night.\\nShare on Facebook\\nWe use cookies to improve our service."
    ... )
    >>> text, signals = Lines().transform(Document("a", page))
    >>> print(text)
    Why leaves are green
    <BLANKLINE>
    Plants make sugar from light, and what is left they keep for the night.
    >>> signals["lines_sharing"], signals["lines_consent"]
    (1, 1)
    """

    name: ClassVar[str] = "lines"
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("lines", "int", "Lines kept; blank ones do not count", "lines", 0),
        Signal("line_removed_word_ratio", "float", "Words in the lines removed", "share", 0, 1),
        Signal("lines_symbols", "int", "Lines removed: no letter, no digit", "lines", 0),
        Signal("lines_numbers", "int", "Lines removed: numbers only", "lines", 0),
        Signal("lines_consent", "int", "Lines removed: cookies and consent", "lines", 0),
        Signal("lines_browser", "int", "Lines removed: scripts and browsers", "lines", 0),
        Signal("lines_legal", "int", "Lines removed: copyright and terms", "lines", 0),
        Signal("lines_sharing", "int", "Lines removed: share, follow, subscribe", "lines", 0),
        Signal("lines_counter", "int", "Lines removed: comments, votes, stamps", "lines", 0),
        Signal("lines_account", "int", "Lines removed: login, forms, basket", "lines", 0),
        Signal("lines_navigation", "int", "Lines removed: menus, paging, teasers", "lines", 0),
        Signal("lines_short", "int", "Lines removed: too few words", "lines", 0),
        Signal("lines_uppercase", "int", "Lines removed: mostly capitals", "lines", 0),
        Signal("lines_repeated", "int", "Lines removed: seen before on the page", "lines", 0),
        Signal("lines_fragment", "int", "Lines removed: short among the like", "lines", 0),
    )

    version: Literal["webfilter-2026-11", "dclm"] = "webfilter-2026-11"
    """Whose way to go through lines. Of the fields below, ``dclm`` heeds the limits on words and
    capitals, `phrase_max_words`, and whether numbers, counters, account and navigation go."""
    max_line_removed_word_ratio: float | None = 0.6
    """Greatest share of words that may go before the page is dropped. RefinedWeb has 0.05, for text
    that trafilatura extracted and a few rules that seldom apply; with these rules on pages as they
    are, that would drop more than half of them, and half of the good words. Of the words of pages
    above 0.6 two thirds are noise."""
    fragment_length: int | None = 1000
    """Characters below which a line is a fragment in the worst surroundings; None: none is. Less of
    it removes less noise and less good text: 400 loses a fifth less good text than 1,000."""
    phrase_set: PhraseSet = "web"
    """Whose lists of phrases: ours (`web`) or the paper's (`refinedweb`)."""
    phrase_max_words: int = 20
    """Most words of a line that a phrase at its start or end removes."""
    part_max_words: int = 60
    """Most words of a line that a phrase in any part of it removes, such as a cookie notice."""
    line_min_words: int | None = None
    """Least words of a line."""
    line_max_uppercase_ratio: float | None = None
    """Greatest share of capitals among the characters of a line."""
    remove_symbols: bool = True
    """Whether to remove lines without a letter or digit."""
    remove_numbers: bool = True
    """Whether to remove lines with digits and without a letter."""
    remove_consent: bool = True
    """Whether to remove notices about cookies."""
    remove_browser: bool = True
    """Whether to remove what a browser without scripts is told."""
    remove_legal: bool = True
    """Whether to remove copyright, imprint, terms and privacy."""
    remove_sharing: bool = True
    """Whether to remove invitations to share, follow and subscribe."""
    remove_counter: bool = True
    """Whether to remove counts, stamps and forms of comments, votes and visits."""
    remove_account: bool = True
    """Whether to remove login, forms and baskets."""
    remove_navigation: bool = True
    """Whether to remove menus, paging and teasers."""
    remove_repeated: bool = True
    """Whether to remove a line that the page has had before, in any case."""
    keep_code: bool = True
    """Whether lines of program code and of formulas stay."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The limit on what may go."""
        return limit("line_removed_word_ratio", le=self.max_line_removed_word_ratio)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The checksum of the lists of phrases."""
        if self.version == "dclm":
            return {}
        return {f"phrases {self.phrase_set}": digest(self.phrase_set)}

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        """Return the lines kept as one text, and the signals."""
        if self.version == "dclm":
            return self._as_dclm(doc.text)
        found = self.judge_lines(doc.text)
        counts = dict.fromkeys(_CAUSES, 0)
        kept = words = removed = 0
        for _, number, cause in found:
            words += number
            if cause is None:
                kept += number > 0
            else:
                counts[cause] += 1
                removed += number
        text = doc.text if not any(counts.values()) else "\n".join(_joined(found))
        return text, {
            "lines": kept,
            "line_removed_word_ratio": removed / words if words else None,
            **{f"lines_{cause}": number for cause, number in counts.items()},
        }

    def _as_dclm(self, text: str) -> tuple[str, Mapping[str, Value]]:
        left, removed = cleaned(
            text,
            max_uppercase=self.line_max_uppercase_ratio,
            min_words=self.line_min_words,
            phrase_words=self.phrase_max_words,
            off=[cause for cause in CAUSES if not getattr(self, f"remove_{cause}")],
        )
        words = dclm_words(text)
        return left, {
            "lines": sum(map(bool, map(str.strip, left.split("\n")))),
            "line_removed_word_ratio": (words - dclm_words(left)) / words if words else None,
            **{f"lines_{cause}": removed.get(cause, 0) for cause in _CAUSES},
        }

    def judge_lines(self, text: str) -> list[tuple[str, int, str | None]]:
        """Return each line of `text` with its words and why it goes, or None if it stays.

        >>> Lines().judge_lines("Log in\\nIt rains.")
        [('Log in', 2, 'account'), ('It rains.', 2, None)]

        Raises:
            ConfigError: of version ``dclm``, which goes through the text once for each rule.
        """
        if self.version == "dclm":
            raise ConfigError("lines: judge_lines has no cause for each line of version 'dclm'")
        raw = text.splitlines()
        lines = measured(raw, text)
        causes = self._listed_causes(lines)
        if self.fragment_length is not None and len(lines) > 2:
            open_ = [cause is None for cause in causes]
            for place, each in surroundings_of([line for _, line in lines], open_):
                if each.is_fragment(self.fragment_length):
                    causes[place] = "fragment"
        found: list[tuple[str, int, str | None]] = [(line, 0, None) for line in raw]
        code = _code(raw, text) if self.keep_code else frozenset()
        for (place, line), cause in zip(lines, causes, strict=True):
            found[place] = (raw[place], line.words, None if place in code else cause)
        return found

    def _listed_causes(self, lines: Sequence[tuple[int, Line]]) -> list[str | None]:
        """Return the cause of each line that goes for what it is, whatever is around it."""
        wanted = tuple(cause for cause in _LISTED if getattr(self, f"remove_{cause}"))
        listed = phrases(self.phrase_set, wanted)
        most = self.part_max_words
        parts = listed.within("\n".join(line.lowered for _, line in lines if line.words <= most))
        seen: set[str] = set()
        causes: list[str | None] = []
        before = ""
        for _, line in lines:
            cause = self._form(line, before)
            if cause is None and line.words <= most:
                cause = listed.cause(line.lowered, line.words, self.phrase_max_words)
                if cause is None and parts:
                    cause = next((why for part, why in parts if part in line.lowered), None)
            if cause is None:
                cause = self._limits(line)
            if self.remove_repeated:
                if cause is None and line.lowered in seen:
                    cause = "repeated"
                seen.add(line.lowered)
            causes.append(cause)
            before = line.text
        return causes

    def _form(self, line: Line, before: str) -> str | None:
        if _LETTER.search(line.text):
            return None
        if any(map(str.isdigit, line.text)):
            return "numbers" if self.remove_numbers else None
        if not self.remove_symbols or (before[:1] == line.text[:1] == "|" and "---" in line.text):
            return None
        return "symbols"

    def _limits(self, line: Line) -> str | None:
        if self.line_min_words is not None and line.words < self.line_min_words:
            return "short"
        if self.line_max_uppercase_ratio is not None:
            capitals = sum(map(str.isupper, line.text))
            if capitals > self.line_max_uppercase_ratio * len(line.text):
                return "uppercase"
        return None


def _code(raw: Sequence[str], text: str) -> frozenset[int]:
    """Return the places of the lines of `text` that are code."""
    fenced = _fenced(raw) if "```" in text else frozenset()
    return fenced.union(place for place, is_code in enumerate(code_lines(raw)) if is_code)


def _fenced(raw: Sequence[str]) -> frozenset[int]:
    """Return the places of the lines in closed Markdown fences, with the fences.

    As in CommonMark, what closes a fence is at least as long and stands alone.
    """
    found: list[int] = []
    opened, size = -1, 0
    for place, line in enumerate(raw):
        mark = _FENCE.match(line)
        if mark is None:
            continue
        if opened < 0:
            opened, size = place, len(mark[1])
        elif len(mark[1]) >= size and not mark[2].strip():
            found += range(opened, place + 1)
            opened = -1
    return frozenset(found)


def _joined(found: Sequence[tuple[str, int, str | None]]) -> Iterator[str]:
    """Yield the lines kept; of the blank ones around a line that went, one at most."""
    gap: list[str] = []
    started = went = False
    for line, words, cause in found:
        if cause is not None:
            went = True
        elif not words:
            gap.append(line)
        else:
            if started:
                yield from gap[:1] if went else gap
            yield line
            gap, started, went = [], True, False
