"""Engine ``embedded``: our own fastText model, in the package, with calibrated probabilities.

Trained by ``classifiers/language/train.py``; the model card there says on what, and how good it is.
Around the model stand three things: a text without letters is ``und`` outright; a label whose
language is not written in the text's script gives way to the best one that is; and raw
probabilities go through a table fitted on held-out texts, by length.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from webfilter.errors import ConfigError
from webfilter.language.codes import UNDETERMINED
from webfilter.language.engines import Guess, ranked
from webfilter.language.fasttext_file import installed, load
from webfilter.language.prepare import prepare, windows
from webfilter.language.scripts import main_script

__all__ = ["Embedded", "calibrate", "manifest"]


def manifest() -> dict[str, Any]:
    """Return the card of the packaged model: file, sha256, labels with scripts, calibration."""
    text = (files("webfilter.language") / "models" / "manifest.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def calibrate(tables: Sequence[Mapping[str, Any]], length: int, raw: float) -> float:
    """Return the probability for a raw score, by the first table that takes texts of `length`.

    Args:
        tables: each with `up_to` (characters, or None for any) and the knots `raw`, `probability`.
        length: characters of the prepared text.
        raw: the model's softmax, 0 to 1.

    >>> calibrate([{"up_to": None, "raw": [0, 1], "probability": [0, 0.9]}], 50, 0.5)
    0.45
    """
    table = next(t for t in tables if t["up_to"] is None or length <= t["up_to"])
    return float(np.interp(raw, table["raw"], table["probability"]))


class Embedded:
    """The packaged model; the file is read at the first prediction."""

    def __init__(self) -> None:
        self._card = manifest()
        self._scripts = {name: frozenset(of) for name, of in self._card["labels"].items()}

    @property
    def languages(self) -> frozenset[str]:
        """The codes that the model was trained on."""
        return frozenset(name.partition("_")[0] for name in self._scripts)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The model's version and sha256, and the distribution that provides fastText."""
        return {
            "language_model": f"{self._card['version']} sha256:{self._card['sha256']}",
            "fasttext": ", ".join(installed()),
        }

    @cached_property
    def _model(self) -> Any:
        packed = files("webfilter.language") / "models" / self._card["file"]
        with as_file(packed) as path:
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
            if digest != self._card["sha256"]:
                raise ConfigError(
                    f"language: the packaged model {self._card['file']} is damaged (sha256 "
                    f"{digest[:12]}, not {self._card['sha256'][:12]}); install webfilter again"
                )
            return load(path, "language: packaged model")

    def predict(self, texts: Sequence[str], top: int = 1) -> list[Guess]:
        """Return one guess a text; what is no language at all is ``und``."""
        scripts = [main_script(windows(text)) for text in texts]
        lines = [prepare(text) for text in texts]
        labels, scores = self._model.predict(lines, k=top if top == 1 else 3 * top)
        found = []
        for line, script, names, values in zip(lines, scripts, labels, scores, strict=True):
            if script is None or not len(names):
                found.append(Guess(UNDETERMINED, None, 1.0))
                continue
            name, raw = names[0].removeprefix("__label__"), float(values[0])
            if not self._fits(name, script):
                name, raw = self._best_in(script, line)
            code, _, variant = name.partition("_")
            probability = calibrate(self._card["calibration"], len(line), raw)
            rest = (
                (n.removeprefix("__label__").partition("_")[0], round(float(v), 4))
                for n, v in zip(names, values, strict=True)
                if self._fits(n.removeprefix("__label__"), script)
            )
            others = ranked(((c, p) for c, p in rest if c != code), top - 1)
            found.append(Guess(code, variant or script, round(probability, 4), tuple(others)))
        return found

    def _fits(self, name: str, script: str) -> bool:
        return name == UNDETERMINED or script in self._scripts[name]

    def _best_in(self, script: str, line: str) -> tuple[str, float]:
        """Return the best label written in `script`, its share among those; ``und`` if none is."""
        labels, scores = self._model.predict([line], k=-1)
        names = [label.removeprefix("__label__") for label in labels[0]]
        fitting = [
            (name, float(score))
            for name, score in zip(names, scores[0], strict=True)
            if self._fits(name, script)
        ]
        total = sum(score for _, score in fitting)
        if not any(name != UNDETERMINED for name, _ in fitting) or total <= 0:
            return UNDETERMINED, 1.0
        name, score = fitting[0]
        return name, score / total
