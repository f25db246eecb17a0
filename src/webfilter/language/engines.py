"""The seam between the `Language` stage and what recognizes languages.

An `Engine` has one method; `engine` opens the ones we ship, once per process. Engines return codes
that are canonical already (see `codes`), and never raise on a text. What they share is here, too: a
text as the libraries around other people's models can take it, and one guess from ranked labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from webfilter.config import AnyPath
from webfilter.errors import ConfigError, MissingExtra
from webfilter.models import resolve
from webfilter.models.held import held

__all__ = ["Engine", "Guess", "engine", "ranked", "readable"]


class Guess(NamedTuple):
    """What an engine says of one text."""

    code: str
    """Canonical language code; ``und`` where the engine finds none."""
    script: str | None
    """ISO 15924; None where the text has no letters."""
    probability: float | None
    """That the code is right, 0 to 1; None where the engine gives none."""
    others: tuple[tuple[str, float], ...] = ()
    """Further codes with their probabilities, the best first; each code once, and not `code`."""


class Engine(Protocol):
    """Recognizes the language of texts."""

    def predict(self, texts: Sequence[str], top: int = 1) -> Sequence[Guess]:
        """Return one guess a text, in order; the same whatever else is in the batch.

        Args:
            texts: any texts.
            top: most codes to name; the first is the same for every number.
        """

    @property
    def languages(self) -> frozenset[str]:
        """Every canonical code that the engine can return."""

    @property
    def artifacts(self) -> Mapping[str, str]:
        """Versions and checksums of what the guesses depend on."""


def engine(name: str, model: AnyPath | None, stage: str = "language") -> Engine:
    """Return the engine called `name`.

    Args:
        name: ``embedded``, ``fasttext``, ``langdetect`` or ``lingua``.
        model: the model file, for ``fasttext``.
        stage: who asks, as errors name it.

    Raises:
        ConfigError: the model file is missing, damaged, or no language model.
        MissingExtra: the engine needs a package that is not installed.
    """
    changed = (0, 0)
    if model is not None:
        model = resolve(model, f"{stage}: model")
        stat = model.stat()
        changed = (stat.st_mtime_ns, stat.st_size)
    try:
        return _open(name, model, changed)
    except MissingExtra as error:
        raise MissingExtra(f"{stage}: engine {name!r}", error.extra) from None
    except ConfigError as error:
        raise ConfigError(f"{stage}: {error}") from None


@held
def _open(name: str, model: Path | None, _changed: tuple[int, int]) -> Engine:
    if name == "fasttext":
        from webfilter.language.fasttext_model import FastTextModel

        assert model is not None
        return FastTextModel(model)
    if name == "langdetect":
        from webfilter.language.langdetect_seeded import SeededLangdetect

        return SeededLangdetect()
    if name == "lingua":
        from webfilter.language.lingua_detector import LinguaDetector

        return LinguaDetector()
    from webfilter.language.embedded import Embedded

    return Embedded()


def readable(text: str) -> str:
    """Return `text` as UTF-8 can hold it: lone surrogates as question marks.

    >>> readable("a\\ud800b")
    'a?b'
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def ranked(found: Iterable[tuple[str, float]], top: int) -> list[tuple[str, float]]:
    """Return the first `top` of `found`, each code once, with probabilities within 0 to 1.

    Labels such as ``zho_Hans`` and ``zho_Hant`` are one code; the better one stands for both.

    >>> ranked([("zh", 0.5), ("zh", 0.3), ("ja", 0.2), ("ko", 0.1)], 2)
    [('zh', 0.5), ('ja', 0.2)]
    """
    best: dict[str, float] = {}
    for code, probability in found:
        if code not in best:
            if len(best) == top:
                break
            best[code] = min(max(float(probability), 0.0), 1.0)
    return list(best.items())
