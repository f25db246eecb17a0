"""A small regression over words, evaluated in exact integer arithmetic.

The score of a window is ``words + meaning + style + constant``:

- words: a weight for each hashed word and pair of words, times its log frequency;
- meaning: a quadratic form of the window's place in a space of 64 directions (latent semantic
  analysis: the mean of its words' vectors, scaled to length 1), which sees what goes together;
- style: a weight for the rank of each style measure (punctuation, case, word lengths).

A monotone curve then makes the mean label at a score s about s, and a second pair of curves gives
the interval that held 80 % of the labels around s. Weights and inputs are integers (quantized when
trained) and every sum is small enough to be exact in any order: a score does not depend on the
batch, the number of threads or the BLAS that NumPy was built with.

What it does not do: train (classifiers/ does), cut texts (windows.py does), or read anything but
plain arrays.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from webfilter.score.features import BITS, CHUNK, STYLE, Features, features
from webfilter.text import code_points, hash_spans

__all__ = ["UNIT", "Model", "Scores", "fingerprint", "meaning", "style_ranks"]

UNIT = 1_000
"""Length of a window's meaning vector, in integer steps."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """What `Model.predict` returns for n windows and t targets."""

    values: Floats
    """Calibrated scores, clipped to 0..top, shape (n, t)."""
    raw: Floats
    """Before calibration, shape (n, t)."""
    known: Floats
    """Share of the letters that stand in words of the model's vocabulary, 0-1, shape (n,)."""


@dataclass(frozen=True)
class Model:
    """The arrays of one model, as the module explains them. Shapes: t targets, d directions."""

    words: npt.NDArray[np.int16]
    """Weight of each bucket, shape (2**BITS, t)."""
    rows: npt.NDArray[np.uint16]
    """Row of `vectors` for each bucket, 0 for unknown, shape (2**BITS,)."""
    vectors: npt.NDArray[np.int8]
    """Word vectors, row 0 all zero, shape (v, d)."""
    form: npt.NDArray[np.int32]
    """Quadratic form of each target, shape (t, d, d), and its linear part below."""
    slope: npt.NDArray[np.int32]
    """Shape (t, d)."""
    knots: Floats
    """Quantiles of each style measure, shape (len(STYLE), q)."""
    style: npt.NDArray[np.int32]
    """Weight of each style rank, shape (len(STYLE), t)."""
    scales: Floats
    """What an integer step of words, form, slope and style is worth, shape (4, t)."""
    constant: Floats
    """Shape (t,)."""
    curve: Floats
    """Calibration: raw score and calibrated score of each knot, shape (t, 2, k)."""
    spread: Floats
    """Score, offset of the low end and of the high end of the interval, shape (t, 3, k)."""
    top: Floats
    """Highest score of each target, shape (t,)."""
    guard: Floats
    """Known share up to which a window scores 0, and from which it counts in full, shape (2,)."""
    hashing: npt.NDArray[np.uint64]
    """Fingerprint of the hash function that it was trained with, shape (1,)."""
    names: npt.NDArray[np.str_]
    """Of the targets, shape (t,)."""

    @classmethod
    def load(cls, data: bytes) -> Model:
        """Read a model from the bytes of an ``.npz`` file, without pickle.

        Raises:
            ValueError: arrays are missing, or the model belongs to other features or hashes.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        if "names" not in arrays and "top" in arrays:  # a file older than the names
            arrays["names"] = np.array([f"head_{t + 1}" for t in range(len(arrays["top"]))])
        wanted = {field.name for field in fields(cls)}
        if set(arrays) != wanted:
            raise ValueError(f"its arrays are {sorted(arrays)}, not {sorted(wanted)}")
        model = cls(**arrays)
        if model.words.shape[0] != 1 << BITS or len(model.knots) != len(STYLE):
            raise ValueError("it was trained with other features")
        if int(model.hashing[0]) != fingerprint():
            raise ValueError("it was trained with another hash function")
        return model

    def save(self) -> bytes:
        """Return the bytes of an ``.npz`` file; the same for the same arrays."""
        out = io.BytesIO()
        arrays: Mapping[str, npt.NDArray[np.generic]] = {
            field.name: getattr(self, field.name) for field in fields(self)
        }
        np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
        return out.getvalue()

    def predict(self, texts: Sequence[str]) -> Scores:
        """Score windows, each for itself: the same bits whatever else is in `texts`.

        Windows have up to about 1,000 characters; sums are exact up to 8,000.
        """
        parts = [self._raw(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
        targets = len(self.top)
        raw = np.concatenate([part[0] for part in parts] or [np.zeros((0, targets))])
        known = np.concatenate([part[1] for part in parts] or [np.zeros(0)])
        low, full = self.guard
        trust = np.clip((known - low) / (full - low), 0.0, 1.0)
        values = np.column_stack(
            [
                np.clip(_along(raw[:, t], self.curve[t, 0], self.curve[t, 1]), 0.0, top)
                for t, top in enumerate(self.top)
            ]
        )
        return Scores(values * trust[:, None], raw, known)

    def intervals(self, values: Floats, target: int = 0) -> Floats:
        """Return low and high end of the interval around each calibrated score, shape (n, 2)."""
        at, low, high = self.spread[target]
        down = np.minimum(_along(values, at, low), 0.0)
        up = np.maximum(_along(values, at, high), 0.0)
        return np.clip(np.column_stack([values + down, values + up]), 0.0, self.top[target])

    def _raw(self, texts: Sequence[str]) -> tuple[Floats, Floats]:
        found = features(texts)
        sums = _products(found.one_tf, self.words[found.ones], found.one_ends)
        sums += _products(found.two_tf, self.words[found.twos], found.two_ends)
        total = _sums(found.one_tf, found.one_ends) + _sums(found.two_tf, found.two_ends)
        place, known = meaning(found, self.rows, self._vectors)
        turned = place @ self._form  # (n, t * d)
        by_target = turned.reshape(len(place), len(self.top), -1)
        bent = (by_target * place[:, None, :]).sum(axis=2)
        ranks = style_ranks(found.style, self.knots)
        worth = self.scales
        raw = sums * worth[0] / np.sqrt(np.maximum(total, 1))[:, None]
        raw = raw + bent * worth[1]
        raw = raw + (place @ self.slope.T.astype(np.float64)) * worth[2]
        raw = raw + (ranks @ self.style.astype(np.float64)) * worth[3]
        return raw + self.constant, known

    @cached_property
    def _form(self) -> Floats:
        targets, width = self.slope.shape
        form = self.form.astype(np.float64).transpose(2, 0, 1)
        return np.ascontiguousarray(form.reshape(width, targets * width))

    @cached_property
    def _vectors(self) -> npt.NDArray[np.float32]:
        return self.vectors.astype(np.float32)


def fingerprint() -> int:
    """Return a number that changes when the hash of a token does."""
    codes = code_points("water")
    return int(hash_spans(codes, np.array([0]), np.array([len(codes)]))[0])


def meaning(
    found: Features, rows: npt.NDArray[np.uint16], vectors: npt.NDArray[np.float32]
) -> tuple[Floats, Floats]:
    """Return the meaning vectors, integers of length about `UNIT`, (n, d), and known shares, (n,).

    Sums of at most some thousand small integers are exact in float32, in any order.
    """
    at = rows[found.ones]
    tf = found.one_tf.astype(np.float32)
    place = np.zeros((found.count, vectors.shape[1]))
    for i, (start, end) in enumerate(pairwise(found.one_ends.tolist())):
        place[i] = tf[start:end] @ vectors[at[start:end]]
    length = np.sqrt((place * place).sum(axis=1))
    place = np.rint(place * (UNIT / np.maximum(length, 1.0))[:, None])
    letters = _sums(found.letters, found.one_ends)
    familiar = _sums(np.where(at > 0, found.letters, 0), found.one_ends)
    return place, familiar / np.maximum(letters, 1)


def style_ranks(style: Floats, knots: Floats) -> Floats:
    """Return where each style measure stands among its `knots`: integers, 0 to twice their number.

    Counts the knots below twice as "below or equal" plus "below", so ties are in the middle.
    """
    ranks = np.empty_like(style)
    for j, edges in enumerate(knots):
        column = style[:, j]
        ranks[:, j] = np.searchsorted(edges, column, "left")
        ranks[:, j] += np.searchsorted(edges, column, "right")
    return ranks


def _products(
    tf: npt.NDArray[np.int64], weights: npt.NDArray[np.int16], ends: npt.NDArray[np.int64]
) -> Floats:
    """Return the sums of frequency times weights of each window, shape (n, t); exact in float64."""
    frequencies, by_row = tf.astype(np.float64), weights.astype(np.float64)
    found = np.zeros((len(ends) - 1, weights.shape[1]))
    for i, (start, end) in enumerate(pairwise(ends.tolist())):
        found[i] = frequencies[start:end] @ by_row[start:end]
    return found


def _sums(values: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the sums of ``values[ends[i]:ends[i + 1]]``, shape (n,)."""
    totals = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=totals[1:])
    return totals[ends[1:]] - totals[ends[:-1]]


def _along(points: Floats, xs: Floats, ys: Floats) -> Floats:
    """Interpolate between knots, and extend the first and last piece.

    Unlike np.interp, the arithmetic does not depend on how many points there are.
    """
    piece = np.clip(np.searchsorted(xs, points, "right") - 1, 0, len(xs) - 2)
    slopes = np.diff(ys) / np.diff(xs)
    return ys[piece] + (points - xs[piece]) * slopes[piece]
