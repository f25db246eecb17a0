"""Engine ``fasttext``: any language model in fastText's format, such as lid.176, OpenLID, GlotLID.

The text goes in whole, with every run of white space as one space and nothing else changed. That
is FineWeb's way but for two things. There only newlines become spaces, and fastText ends words at
ASCII white space alone, so what a no-break space joins is one word, which the model hardly knows:
some English pages fail for it (``benchmarks/conformance_chain.py``). And the word ``</s>``, at
which fastText would stop reading, is left out.

Probabilities are the model's own, not calibrated, and those of its labels: where two labels are one
code (``zho_Hans`` and ``zho_Hant``), that of the better one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from webfilter.codes import UNDETERMINED, canonical, known, script_of
from webfilter.errors import ConfigError
from webfilter.language.engines import Guess, ranked, readable
from webfilter.language.fasttext_file import inspect, installed, load, require
from webfilter.language.scripts import main_script

__all__ = ["FastTextModel"]

_WHAT = "model"


class FastTextModel:
    """A fastText model from a file; loaded at the first prediction, checked when built.

    Raises:
        ConfigError: the file is missing or damaged, or its labels are not language codes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        require(_WHAT)
        file = inspect(path, _WHAT)
        codes = {label: canonical(label) for label in file.labels}
        if not file.supervised or not known() & set(codes.values()):
            shown = ", ".join(file.labels[:3]) or "none"
            raise ConfigError(f"{_WHAT} = {str(path)!r} is no language model; its labels: {shown}")
        if "__label__als" in codes and "__label__sq" in codes:
            codes["__label__als"] = "gsw"  # lid.176 was trained on als.wikipedia.org: Alemannic
        if "__label__no" in codes:
            codes["__label__no"] = "nb"  # beside nn, what is called no is Bokmål
        self._codes = codes
        self._doubles = len(codes) - len(set(codes.values()))

    @property
    def languages(self) -> frozenset[str]:
        """The codes of the model's labels."""
        return frozenset(self._codes.values()) | {UNDETERMINED}

    @cached_property
    def artifacts(self) -> Mapping[str, str]:
        """The file's sha256 and the distribution that provides fastText."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"language_model": f"sha256:{digest}", "fasttext": ", ".join(installed())}

    @cached_property
    def _model(self) -> Any:
        return load(self.path, _WHAT)

    def predict(self, texts: Sequence[str], top: int = 1) -> list[Guess]:
        """Return one guess a text; a text without letters is ``und``."""
        scripts = [main_script(text) for text in texts]
        lines = [" ".join(readable(text.replace("\0", " ")).split()) for text in texts]
        # labels that are one code with a better one take places, so ask for as many more
        wanted = top if top == 1 else top + self._doubles
        labels, scores = self._model.predict(lines, k=wanted)
        return [
            self._guess(script, found, score, top)
            for script, found, score in zip(scripts, labels, scores, strict=True)
        ]

    def _guess(
        self, script: str | None, labels: Sequence[str], scores: Sequence[float], top: int
    ) -> Guess:
        if script is None:
            return Guess(UNDETERMINED, None, 1.0)
        if not len(labels):
            return Guess(UNDETERMINED, script, None)
        codes = (self._codes[label] for label in labels)
        (code, probability), *others = ranked(zip(codes, scores, strict=True), top)
        return Guess(code, script_of(labels[0]) or script, probability, tuple(others))
