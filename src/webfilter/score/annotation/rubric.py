"""What readers judge by: scales with their steps, as data that has a version and a checksum.

The packaged rubric was written by us and is the one behind the educational model. Anybody's own is
a TOML file of the same shape::

    name = "politeness"
    version = "1"
    about = "You see a forum post. Judge the tone, not the opinion."

    [[scale]]
    name = "polite"
    lowest = 0
    highest = 2
    about = "How the writer treats others."
    levels = ["insults", "neutral", "friendly"]    # one for each whole number, lowest first

What it does not do: word the question (see `prompt`) or read the answer (see `reply`).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from webfilter.config import build, conform
from webfilter.errors import ConfigError, UnknownName

__all__ = ["Rubric", "Scale"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_MOST = 1_000  # steps of a scale: each is spelled out to the reader
_TAKEN = frozenset(
    ("id", "src", "url", "offset", "text", "hash", "annotators", "rubric", "readings")
)


@dataclass(frozen=True)
class Scale:
    """One number that a reader gives.

    Raises:
        ConfigError: ends, step and levels do not go together.

    >>> Scale("clean", 0, 2).values
    (0.0, 1.0, 2.0)
    """

    name: str
    """Key of the score: letters, digits and underscores."""
    lowest: float
    highest: float
    about: str = ""
    """What the scale measures, and how to use it; shown to readers."""
    levels: tuple[str, ...] = ()
    """What each whole number from `lowest` to `highest` means; shown to readers."""
    step: float = 1.0
    """Distance between allowed scores: 1, or 0.5 where halves are allowed."""
    column: str = ""
    """Key in written label files, where it is another one; ``edu`` for ``educational``."""

    def __post_init__(self) -> None:
        what = f"scale {self.name!r}"
        conform(self, what)
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"{what}: a name takes letters, digits and underscores")
        object.__setattr__(self, "column", self.column or self.name)
        if not (math.isfinite(self.lowest) and math.isfinite(self.highest)):
            raise ConfigError(f"{what}: lowest and highest must be finite numbers")
        if not (self.step in (1.0, 0.5) and self.lowest % 1 == 0 == self.highest % 1):
            raise ConfigError(f"{what}: lowest and highest are whole numbers, step is 1 or 0.5")
        if not 0 < self.highest - self.lowest <= _MOST:
            raise ConfigError(f"{what}: highest must be above lowest, by at most {_MOST:,}")
        wanted = int(self.highest - self.lowest) + 1
        if self.levels and len(self.levels) != wanted:
            raise ConfigError(
                f"{what}: {len(self.levels)} levels do not fit; give {wanted}, one for each whole "
                f"number from {self.lowest:g} to {self.highest:g}"
            )

    @cached_property
    def values(self) -> tuple[float, ...]:
        """Every score that is allowed, in order."""
        count = round((self.highest - self.lowest) / self.step)
        return tuple(self.lowest + self.step * i for i in range(count + 1))


@dataclass(frozen=True)
class Rubric:
    """Scales that belong together, with what readers are told about all of them.

    Raises:
        ConfigError: no scales, or two with the same name or column.

    >>> rubric = Rubric.packaged("educational")
    >>> [(scale.name, scale.highest) for scale in rubric.scales]
    [('educational', 5.0), ('reasoning', 3.0), ('lasting', 2.0), ('clean', 2.0)]
    """

    name: str
    version: str
    """For people; that an answer belongs to this text is told by `checksum`."""
    scales: tuple[Scale, ...]
    """The scales, in the order of columns of labels."""
    about: str = ""
    """What readers are told before the scales."""

    def __post_init__(self) -> None:
        what = f"rubric {self.name!r}"
        conform(self, what)
        if not self.scales:
            raise ConfigError(f"{what}: it has no scale; give at least one [[scale]]")
        keys = [key for scale in self.scales for key in sorted({scale.name, scale.column})]
        for key in keys:
            if keys.count(key) > 1 or key in _TAKEN:
                fix = "give each scale its own" if key not in _TAKEN else "rows have it already"
                raise ConfigError(f"{what}: the name or column {key!r} is taken; {fix}")

    @classmethod
    def packaged(cls, name: str) -> Rubric:
        """Return the rubric called `name` that comes with webfilter.

        Raises:
            UnknownName: there is none of that name.
        """
        found = {
            entry.name.removesuffix(".toml"): entry
            for entry in files(__package__).joinpath("rubrics").iterdir()
            if entry.name.endswith(".toml")
        }
        if name not in found:
            raise UnknownName("rubric", name, found)
        return _parsed(cls, found[name].read_text("utf-8"), f"rubric {name}")

    @classmethod
    def from_toml(cls, source: str | Path) -> Rubric:
        """Build a rubric from a path or from TOML text (which has more than one line).

        Raises:
            ConfigError: it cannot be read, or something in it is missing, unknown or out of range.

        >>> Rubric.from_toml('''
        ... name = "tone"
        ... version = "1"
        ... scale = [{name = "polite", lowest = 0, highest = 2}]
        ... ''').scales[0].values
        (0.0, 1.0, 2.0)
        """
        if isinstance(source, str) and "\n" in source:
            return _parsed(cls, source, "rubric")
        try:
            return _parsed(cls, Path(source).read_text("utf-8"), f"rubric {source}")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"rubric {source}: cannot be read: {error}") from None

    @cached_property
    def checksum(self) -> str:
        """The sha256 of everything that the rubric says, as hexadecimal digits."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scales, in order."""
        return tuple(scale.name for scale in self.scales)


def _parsed(cls: type[Rubric], text: str, what: str) -> Rubric:
    try:
        values: dict[str, Any] = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{what}: it is not TOML: {error}") from None
    if "scale" in values:
        values["scales"] = values.pop("scale")
    rubric: Rubric = build(cls, what, values)
    return rubric
