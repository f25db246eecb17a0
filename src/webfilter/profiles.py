"""Named, versioned settings of a filter: what a name that everybody uses means, exactly.

"Gopher quality" is another filter in every system, and in two versions of one. A `Profile` pins one
of them down: the settings, and in words what they count, compare and in which order, and where we
decide otherwise. ``GopherQuality.profile("dclm")`` builds the stage; every setting can be changed
by keyword. Profiles are data in a plain dict, one a family, and nothing else depends on them.

A profile runs with our own words. Where its source takes them from another package, that package's
words can be asked for (``words="spacy"``, ``words="nltk"``) for an exact comparison;
`benchmarks/conformance.py` measures how near our own are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from webfilter.errors import UnknownName

__all__ = ["Profile", "Profiled"]


@dataclass(frozen=True)
class Profile:
    """What one system, at one time, meant by the name of a filter."""

    source: str
    """Paper, or system and version, that it follows."""
    words: str = ""
    """What a word is, and which words count; empty, as below, where it does not apply."""
    lines: str = ""
    """What a line (and a paragraph) is."""
    order: str = ""
    """How values are compared with the limits, and in which order."""
    deviations: str = ""
    """Where we decide otherwise than the source, on purpose."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the stage that differ from its defaults."""

    def __str__(self) -> str:
        said = (self.words, self.lines, self.order, self.deviations)
        names = ("words", "lines", "order", "deviations")
        rows = [f"  {name}: {text}" for name, text in zip(names, said, strict=True) if text]
        return "\n".join([self.source, *rows])


class Profiled:
    """A stage with named profiles.

    >>> from webfilter import GopherQuality
    >>> GopherQuality.profile("dolma", min_words=20).min_words
    20
    """

    profiles: ClassVar[Mapping[str, Profile]]
    """What each name means; the first is the default: the stage without arguments."""

    @classmethod
    def profile(cls, name: str, **changes: Any) -> Self:
        """Return the stage with the settings of the profile called `name`.

        Args:
            name: a key of `profiles`.
            changes: fields to set otherwise.

        Raises:
            UnknownName: there is no such profile; carries the nearest one.
            ConfigError: a change does not fit.
            MissingExtra: the words asked for need an optional package.
        """
        if name not in cls.profiles:
            raise UnknownName(f"profile of {cls.__name__}", name, cls.profiles)
        return cls(**{**cls.profiles[name].settings, **changes})
