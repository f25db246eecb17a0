"""The seam between the `Language` stage and what recognizes languages.

An `Engine` has one method; `engine` opens the ones we ship, once per process. Engines return codes
that are canonical already (see `codes`), and never raise on a text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from webfilter.models import resolve

__all__ = ["Engine", "Guess", "engine"]


class Guess(NamedTuple):
    """What an engine says of one text."""

    code: str
    """Canonical language code; ``und`` where the engine finds none."""
    script: str | None
    """ISO 15924; None where the text has no letters."""
    probability: float | None
    """That the code is right, 0 to 1; None where the engine gives none."""


class Engine(Protocol):
    """Recognizes the language of texts."""

    def predict(self, texts: Sequence[str]) -> Sequence[Guess]:
        """Return one guess a text, in order; the same whatever else is in the batch."""

    @property
    def languages(self) -> frozenset[str]:
        """Every canonical code that the engine can return."""

    @property
    def artifacts(self) -> Mapping[str, str]:
        """Versions and checksums of what the guesses depend on."""


def engine(name: str, model: Path | None) -> Engine:
    """Return the engine called `name`: ``embedded``, ``fasttext`` (with `model`) or ``langdetect``.

    Raises:
        ConfigError: the model file is missing, damaged, or no language model.
        MissingExtra: the engine needs a package that is not installed.
    """
    changed = (0, 0)
    if model is not None:
        model = resolve(model, "language: model")
        stat = model.stat()
        changed = (stat.st_mtime_ns, stat.st_size)
    return _open(name, model, changed)


@lru_cache(maxsize=4)
def _open(name: str, model: Path | None, _changed: tuple[int, int]) -> Engine:
    if name == "fasttext":
        from webfilter.language.fasttext_model import FastTextModel

        assert model is not None
        return FastTextModel(model)
    if name == "langdetect":
        from webfilter.language.langdetect_seeded import SeededLangdetect

        return SeededLangdetect()
    from webfilter.language.embedded import Embedded

    return Embedded()
