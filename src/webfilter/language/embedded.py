"""Engine ``embedded``: our own model, in the package, with calibrated probabilities.

Trained by ``classifiers/language/train.py``; the model card there says on what, and how good it is.
Around the model stand three things: a text without letters is ``und`` outright; only languages that
are written in the text's script compete; and raw probabilities go through a table fitted on
held-out texts, by length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import as_file, files
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from webfilter.codes import UNDETERMINED
from webfilter.errors import ConfigError
from webfilter.language.engines import Guess
from webfilter.language.features import letters, points_of
from webfilter.language.prepare import prepare
from webfilter.language.scripts import SCRIPTS, main_scripts
from webfilter.language.weights import Weights
from webfilter.packaged import data, entry

__all__ = ["Embedded", "calibrated", "handicaps", "manifest", "softmax"]

_NAME, _FIX = "language", "install webfilter again"
_CHUNK = 256


def manifest() -> dict[str, Any]:
    """Return the card of the packaged model: file, sha256, labels with scripts, calibration."""
    with as_file(files("webfilter.language") / "models") as folder:
        return entry(folder, _NAME, _FIX)


def _weights() -> Weights:
    with as_file(files("webfilter.language") / "models") as folder:
        return Weights.read(data(folder, _NAME, _FIX))


def calibrated(
    tables: Sequence[Mapping[str, Any]], lengths: NDArray[np.int64], raw: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability for each raw score, by the first table that takes its text's length.

    Args:
        tables: each with `up_to` (rising; characters, or None in the last, for any) and the knots
            `raw`, `probability`.
        lengths: characters of the prepared texts.
        raw: the model's softmax, 0 to 1.

    >>> table = {"up_to": None, "raw": [0, 1], "probability": [0, 0.9]}
    >>> calibrated([table], np.array([50]), np.array([0.5])).tolist()
    [0.45]
    """
    ends = [np.inf if table["up_to"] is None else table["up_to"] for table in tables]
    first = np.searchsorted(ends, lengths)
    out = np.empty_like(raw)
    for place in set(first.tolist()):
        table, take = tables[place], first == place
        out[take] = np.interp(raw[take], table["raw"], table["probability"])
    return out


def handicaps(labels: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """Return what each label's score loses in each script: (scripts, labels).

    All, where the language is not written in the script; ``und`` competes in every one.
    """
    return np.array(
        [
            [0.0 if name == UNDETERMINED or s in scripts else -np.inf
             for name, scripts in labels.items()]
            for s in SCRIPTS
        ]
    )  # fmt: skip


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (texts, labels) shares that add up to 1 a text."""
    found: NDArray[np.float64] = np.exp(logits - logits.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    return found


class Embedded:
    """The packaged model; the file is read at the first prediction.

    Raises:
        ConfigError: the model's card is missing; at the first prediction, if its file is damaged.
    """

    def __init__(self) -> None:
        self._card = manifest()
        names = [name.partition("_") for name in self._card["labels"]]
        self._codes = [code for code, _, _ in names]
        self._variants = [variant or None for _, _, variant in names]
        self._handicaps = handicaps(self._card["labels"])

    @property
    def languages(self) -> frozenset[str]:
        """The codes that the model was trained on."""
        return frozenset(self._codes)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The model's version and sha256."""
        return {"language_model": f"{self._card['version']} sha256:{self._card['sha256']}"}

    @cached_property
    def _weights(self) -> Weights:
        try:
            found = _weights()
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise ConfigError(
                f"language: the packaged model does not fit this version ({error}); {_FIX}"
            ) from error
        if len(found.bias) != len(self._codes):
            raise ConfigError(f"language: the packaged model has no label for some rows; {_FIX}")
        return found

    def predict(self, texts: Sequence[str], top: int = 1) -> list[Guess]:
        """Return one guess a text; what is no language at all is ``und``.

        Args:
            texts: of any length; three windows of 200 characters are read.
            top: how many languages to name: the guess, and up to ``top - 1`` others.
        """
        found: list[Guess] = []
        for start in range(0, len(texts), _CHUNK):
            found += self._chunk([prepare(text) for text in texts[start : start + _CHUNK]], top)
        return found

    def _chunk(self, texts: Sequence[str], top: int) -> list[Guess]:
        points, bounds = points_of(texts)
        found = letters(points, bounds)
        scripts = main_scripts(found, len(texts))
        logits, known = self._weights.scores(points, bounds, found)
        logits += self._handicaps[scripts]
        shares = softmax(logits)
        best = shares.argmax(axis=1)
        raw = shares[np.arange(len(texts)), best]
        lengths = bounds[1:] - bounds[:-1] - 1
        sure = calibrated(self._card["calibration"], lengths, raw).round(4).tolist()
        others = self._others(shares, best, raw, sure, top)
        named = [None if place < 0 else SCRIPTS[place] for place in scripts.tolist()]
        told = zip(named, known.tolist(), best.tolist(), sure, others, strict=True)
        codes, variants = self._codes, self._variants
        return [
            Guess(codes[label], variants[label] or script, probability, rest)
            if script and spoke
            else Guess(UNDETERMINED, script, 1.0)
            for script, spoke, label, probability, rest in told
        ]

    def _others(
        self,
        shares: NDArray[np.float64],
        best: NDArray[np.int64],
        raw: NDArray[np.float64],
        sure: Sequence[float],
        top: int,
    ) -> list[tuple[tuple[str, float], ...]]:
        if top < 2:
            return [()] * len(best)
        found = []
        order = np.argsort(-shares, axis=1, kind="stable")[:, 1:top]
        for at, row in enumerate(order.tolist()):
            # what is left of the calibrated probability goes to the others by their raw shares,
            # but none is likelier than the first
            rest, most = (1 - sure[at]) / max(1 - float(raw[at]), 1e-12), sure[at]
            likely = (min(float(shares[at, o]) * rest, most) for o in row)
            pairs = ((self._codes[o], round(p, 4)) for o, p in zip(row, likely, strict=True))
            found.append(tuple(pair for pair in pairs if pair[1] > 0))
        return found
