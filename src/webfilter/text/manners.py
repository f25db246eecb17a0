"""In what the kinds of words that spaces part differ: exceptions, hyphens, apostrophes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from typing import Literal, TypeAlias

from webfilter.text.chars import ALPHA
from webfilter.text.exceptions import common_specials, specials

__all__ = ["DIGITS", "Manner", "SpacedWords", "manner"]

SpacedWords: TypeAlias = Literal["english", "spaced", "hyphenated", "elided"]
"""Those of `webfilter.text.Words` that are cut by the same rules but for a `Manner`."""

DIGITS = frozenset("0123456789")


@dataclass(frozen=True, eq=False)
class Manner:
    """What one kind has that another has not."""

    specials: dict[str, tuple[str, ...]]
    """Chunks whose tokens are listed, with these."""
    before_dash: frozenset[str]
    """After which characters a dash, or several hyphens, and a letter are three tokens."""
    before_hyphen: frozenset[str]
    """After which characters a hyphen and a letter are."""
    elision: bool
    """Whether an apostrophe between letters ends a token."""

    @cached_property
    def cuts(self) -> dict[str, tuple[int, ...]]:
        """Where the tokens of each exception after the first one start."""
        return {
            chunk: tuple(accumulate(len(part) for part in parts[:-1]))
            for chunk, parts in self.specials.items()
        }

    @cached_property
    def longest(self) -> int:
        """Characters of the longest exception."""
        return max(map(len, self.specials))


@cache
def manner(words: SpacedWords) -> Manner:
    """Return the manner of that name.

    >>> manner("english").cuts["can't"], "im" in manner("spaced").cuts
    ((2,), False)
    """
    if words == "english":
        return Manner(specials(), ALPHA | DIGITS, ALPHA | DIGITS, elision=False)
    before_hyphen = ALPHA if words == "spaced" else frozenset[str]()
    return Manner(common_specials(), ALPHA, before_hyphen, elision=words == "elided")
