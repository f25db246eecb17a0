"""`FastTextQuality`: the probability of one label by a supervised fastText model of yours.

DCLM's quality filter is one (Li et al. 2024, "DataComp-LM"): two labels, trained on instruction
data and Reddit explanations against web text, cut at about the best tenth. Any other supervised
``.bin`` or ``.ftz`` serves. The file is checked before it is loaded, so a damaged or hostile one is
a `ConfigError` and not a crash; nothing is downloaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from webfilter.config import AnyPath
from webfilter.document import Document, Value
from webfilter.errors import ConfigError, UnknownName
from webfilter.language.engines import readable
from webfilter.language.fasttext_file import inspect, installed, load, require
from webfilter.models import resolve
from webfilter.models.held import held
from webfilter.models.running import loading
from webfilter.profiles import Profile, Profiled
from webfilter.score.foreign import at_least, check_fields, score_signal, within
from webfilter.stage import Rule, Scorer, Signal

__all__ = ["FastTextQuality"]

_DIGITS = 6


@dataclass(frozen=True)
class FastTextQuality(Profiled, Scorer):
    """Keep texts to which a fastText model of yours gives a label with enough probability.

    The text goes in on one line (stripped, line ends as spaces), as DCLM does; lone surrogates and
    NUL cannot go in and become a question mark and a space; the word ``</s>``, at which fastText
    would stop reading, is left out. The signal is the model's probability of `label` among all its
    labels, rounded to 6 digits; it is not calibrated. A blank text scores 0, so that no `min_score`
    above 0 lets it pass. Of a text without a word that the model knows it says what it says of the
    end of the line alone, which may be much (a model with subwords or pairs, what their buckets
    happen to hold): put `Language` before it. It is 0 only where the model knows no line ends
    either.

    fastText weighs every word alike, so a long page is judged by what most of it is; `chars`
    judges its beginning only.

    Deviation from DCLM: it takes the probability of the likeliest label, and 1 minus that where
    the label is ``__label__cc``. With its two labels that is the same; with more it is not.

    Raises:
        ConfigError: the file is missing, damaged, or no supervised model; a field does not fit.
        UnknownName: the model has no such label; carries the nearest one.

    >>> FastTextQuality.profile("dclm", path="missing.bin")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    webfilter.errors.ConfigError: fasttext_quality: path = 'missing.bin' cannot be read ...
    """

    name: ClassVar[str] = "fasttext_quality"
    profiles: ClassVar[Mapping[str, Profile]] = {
        "dclm": Profile(
            source="DCLM-Baseline (Li et al. 2024), fasttext_filter.yaml, quality_filter",
            words="fastText's own: runs between ASCII white space",
            lines="the whole text, stripped, line ends as spaces",
            order="inside the limit, this included",
            deviations="NUL, lone surrogates and blank texts (0) are defined; probability 6 digits",
            settings={"label": "__label__hq", "min_score": 0.018112},
        ),
    }

    path: AnyPath
    """The model: a supervised fastText ``.bin`` or ``.ftz``."""
    label: str = "__label__hq"
    """The label whose probability is the score, with its prefix."""
    min_score: float | None = 0.018112
    """Least probability, 0-1; None only measures. The default is DCLM's for its own model (about a
    tenth of its web text passes): for another model it means nothing, so set it."""
    signal: str = "fasttext_quality"
    """What the signal is called."""
    chars: int | None = None
    """Read only so many characters from the start; None reads the whole text."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self.name, self.signal, self.min_score, 0.0, 1.0)
        if self.chars is not None and self.chars < 1:
            raise ConfigError(f"{self.name}: chars = {self.chars} is not at least 1")
        self._model()

    def _model(self) -> _Model:
        path = resolve(self.path, f"{self.name}: path")
        model = _open(path, _state(path))
        if self.label not in model.labels:
            raise UnknownName(f"label of {Path(self.path).name}", self.label, model.labels)
        return model

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """The probability of the label."""
        return score_signal(self.signal, f"Probability of {self.label}, by fastText", 0.0, 1.0)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One, unless `min_score` is None."""
        return at_least(self.signal, self.min_score)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The file's sha256 and the distribution that provides fastText."""
        return {Path(self.path).name: self._model().checksum, "fasttext": ", ".join(installed())}

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the probability of the label for each text."""
        lines = [_line(doc.text[: self.chars]) for doc in docs]
        with loading(self.name):
            model = self._model().loaded()
        found, probabilities = model.predict(lines, k=-1)
        return [
            {self.signal: _of(self.label, labels, values) if line else 0.0}
            for line, labels, values in zip(lines, found, probabilities, strict=True)
        ]


class _Model:
    """A checked file; loaded when first asked for, once per process."""

    def __init__(self, path: Path) -> None:
        what = "fasttext_quality: path"
        require(what)
        file = inspect(path, what)
        if not file.supervised or not file.labels:
            raise ConfigError(f"{what} = {str(path)!r} is no supervised model: it has no labels")
        self.path, self.labels = path, frozenset(file.labels)
        with path.open("rb") as opened:
            self.checksum = f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}"
        self._loaded: Any = None

    def loaded(self) -> Any:
        if self._loaded is None:
            self._loaded = load(self.path, "fasttext_quality: path")
        return self._loaded


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@held
def _open(path: Path, _changed: tuple[int, int]) -> _Model:
    return _Model(path)


def _line(text: str) -> str:
    line = " ".join(text.replace("\0", " ").strip().splitlines())
    return readable(line)


def _of(label: str, labels: Sequence[str], values: Sequence[float]) -> float:
    for found, value in zip(labels, values, strict=True):
        if found == label:
            return within(float(value), 0.0, 1.0, _DIGITS)
    return 0.0
