"""A small regression over words, evaluated in exact integer arithmetic.

The score of a window is ``words + form + constant``:

- words: a weight for each hashed word and pair of words, times its log frequency;
- form: a quadratic form of the window's place and manner. Its place stands in a space of 64
  directions (latent semantic analysis: the mean of its words' vectors, scaled to length 1), its
  manner is the rank of each style measure (punctuation, case, word lengths, repetition, and how
  usual the order of its commonest words is), so the form sees what goes together.

A monotone curve then makes the mean label at a score s about s, and a second pair of curves gives
the interval that held so many of the labels around s as it was fitted for (90 %). Weights and
inputs are integers (quantized when trained) and every sum is small enough to be exact in any order:
a score does not depend on the batch, the number of threads or the BLAS that NumPy was built with.

What it does not do: train (classifiers/ does), cut texts (windows.py does), or read anything but
plain arrays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.score.arrays import from_bytes, to_bytes
from webfilter.score.features import BITS, CHUNK, STYLE, Features, features, sums

__all__ = [
    "ENOUGH", "GUARDED", "OFF", "ORDER", "ORDERLY", "UNIT", "Model", "Scores", "along", "around",
    "check_knots", "curved", "fingerprint", "meaning", "orderly", "style_ranks",
]  # fmt: skip

UNIT = 127
"""Length of a window's meaning vector, in integer steps."""
ORDER = 256
"""Steps of the log ratios in `Model.order`."""
ORDERLY = ("order", "common_pairs")
"""The columns of `orderly`: the mean log ratio, and the pairs for each token."""
GUARDED = ("order", "common_pairs", "distinct_pairs")
"""Measures of style that make a window worth nothing where they are far too low: its words stand in
no order, in no sentences, or are the same again and again."""
OFF = (-9.0, -8.0)
"""Limits below any measure: no guard."""
ENOUGH = 100
"""Tokens from which on a window is judged by them in full; of fewer, in proportion."""

Floats = npt.NDArray[np.float64]
_SAMPLE = "Émile's “water” (1905): boils at 100 °C – an interdisciplinarily agreed_on fact; не так…"
_BLOCK = 8 * CHUNK
"""Windows whose form is evaluated at once."""
_KINDS = {
    "words": "int8", "rows": "uint16", "vectors": "int8", "common": "uint8", "order": "int16",
    "form": "int16", "slope": "int32",
}  # fmt: skip
"""Of the arrays whose sums are exact because their numbers are small."""
_NEAR = 16
"""Windows whose word vectors are taken at once: they stay in the processor's caches."""


@dataclass(frozen=True)
class Scores:
    """What `Model.predict` returns for n windows and t targets."""

    values: Floats
    """Calibrated scores, clipped to 0..top, shape (n, t)."""
    raw: Floats
    """Before calibration, shape (n, t)."""
    known: Floats
    """Share of the letters that stand in words of the model's vocabulary, 0-1, shape (n,)."""
    trust: Floats
    """By how much the guards let the values count, 0-1, shape (n,)."""


@dataclass(frozen=True)
class Model:
    """The arrays of one model, as the module explains them. Shapes: t targets, d directions."""

    words: npt.NDArray[np.int8]
    """Weight of each bucket, shape (2**BITS, t)."""
    rows: npt.NDArray[np.uint16]
    """Row of `vectors` for each bucket, 0 for unknown, shape (2**BITS,)."""
    vectors: npt.NDArray[np.int8]
    """Word vectors, row 0 all zero, shape (v, d)."""
    common: npt.NDArray[np.uint8]
    """Number of each bucket among the commonest tokens, 0 for others, shape (2**BITS,)."""
    order: npt.NDArray[np.int16]
    """How usual each pair of them is: log ratio in steps of 1 / `ORDER`, shape (c + 1, c + 1)."""
    knots: Floats
    """Quantiles of each style measure, shape (s, q): `STYLE`, then `ORDERLY`."""
    form: npt.NDArray[np.int16]
    """Quadratic form of each target over place and manner, shape (t, d + s, d + s)."""
    slope: npt.NDArray[np.int32]
    """Its linear part, shape (t, d + s)."""
    scales: Floats
    """What an integer step of words, form and slope is worth, shape (3, t)."""
    constant: Floats
    """Shape (t,)."""
    curve: Floats
    """Calibration: raw score and calibrated score of each knot, shape (t, 2, k)."""
    spread: Floats
    """Score, offset of the low end and of the high end of the interval, shape (t, 3, k)."""
    top: Floats
    """Highest score of each target, shape (t,)."""
    guard: Floats
    """Up to which value a window scores 0, and from which it counts in full, shape (4, 2): the
    share of letters in known words, and the style measures `GUARDED`."""
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
        model = cls(**from_bytes(cls, data))
        model._check()
        if int(model.hashing[0]) != fingerprint():
            raise ValueError("it was trained with another hash function")
        return model

    def _check(self) -> None:
        """Raise ValueError unless the arrays fit each other and the features."""
        t, d, width = len(self.top), self.vectors.shape[-1], self.slope.shape[-1]
        commonest = int(self.common.max(initial=0)) + 1
        shapes = {
            "words": (1 << BITS, t), "rows": (1 << BITS,), "common": (1 << BITS,),
            "vectors": (int(self.rows.max(initial=0)) + 1, d), "order": (commonest, commonest),
            "knots": (width - d, self.knots.shape[-1]), "form": (t, width, width),
            "slope": (t, width), "scales": (3, t), "constant": (t,), "names": (t,), "top": (t,),
            "guard": (1 + len(GUARDED), 2),
            "curve": (t, 2, self.curve.shape[-1]), "spread": (t, 3, self.spread.shape[-1]),
        }  # fmt: skip
        for name, shape in shapes.items():
            found = getattr(self, name)
            if found.shape != shape:
                raise ValueError(f"its array {name} has shape {found.shape}, not {shape}")
            if name in _KINDS and found.dtype != _KINDS[name]:
                raise ValueError(f"its array {name} is of {found.dtype}, not {_KINDS[name]}")
            if name not in _KINDS and found.dtype.kind != ("U" if name == "names" else "f"):
                wanted = "texts" if name == "names" else "floats"
                raise ValueError(f"its array {name} is of {found.dtype}, not {wanted}")
            if found.dtype.kind == "f" and not np.isfinite(found).all():
                raise ValueError(f"its array {name} holds numbers that are not finite")
        if not (self.top > 0).all():
            raise ValueError("its array top is not above 0")
        if not (self.guard[:, 0] < self.guard[:, 1]).all():
            raise ValueError("its array guard does not rise")
        check_knots(self.curve, self.spread)
        if len(self.knots) != len(STYLE) + len(ORDERLY):
            raise ValueError("it was trained with other features")

    def save(self) -> bytes:
        """Return the bytes of an ``.npz`` file; the same for the same arrays."""
        return to_bytes(self)

    def predict(self, texts: Sequence[str]) -> Scores:
        """Score windows, each for itself: the same bits whatever else is in `texts`.

        Windows have up to about 1,000 characters; sums are exact up to 8,000.
        """
        blocks = [self._raw(texts[i : i + _BLOCK]) for i in range(0, len(texts), _BLOCK)]
        targets = len(self.top)
        raw = np.concatenate([block[0] for block in blocks] or [np.zeros((0, targets))])
        known, trust = (
            np.concatenate([block[i] for block in blocks] or [np.zeros(0)]) for i in (1, 2)
        )
        values = curved(raw, self.curve, self.top)
        return Scores(values * trust[:, None], raw, known, trust)

    def intervals(self, values: Floats, target: int = 0) -> Floats:
        """Return low and high end of the interval around each calibrated score, shape (n, 2)."""
        return around(values, self.spread[target], self.top[target])

    def _raw(self, texts: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """Return raw scores, known shares, and by how much scores count, 0-1."""
        parts = [self._read(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
        words, total, place, known, style, sizes = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        where = np.hstack([place, style_ranks(style, self.knots)])
        turned = (where.astype(self._form.dtype) @ self._form).astype(np.float64)
        bent = np.einsum("nti,ni->nt", turned.reshape(len(where), len(self.top), -1), where)
        worth = self.scales
        raw = words * worth[0] / np.sqrt(np.maximum(total, 1))[:, None]
        raw = raw + bent * worth[1]
        raw = raw + (where @ self.slope.T.astype(np.float64)) * worth[2]
        return raw + self.constant, known, self._trust(known, style, sizes)

    def _read(self, texts: Sequence[str]) -> tuple[npt.NDArray[Any], ...]:
        """Return weights' sums, frequencies' sums, place, known share, style, tokens of windows."""
        found = features(texts)
        words = self._products(found.ones, found.one_tf, found.one_ends)
        words += self._products(found.twos, found.two_tf, found.two_ends)
        total = sums(found.one_tf, found.one_ends) + sums(found.two_tf, found.two_ends)
        place, known = meaning(found, self.rows, self.vectors)
        style = np.hstack([found.style, orderly(found, self.common, self.order)])
        return words, total, place, known, style, np.diff(found.token_ends)

    def _products(
        self,
        buckets: npt.NDArray[np.int64],
        tf: npt.NDArray[np.int32],
        ends: npt.NDArray[np.int64],
    ) -> Floats:
        """Return the sums of weights times frequencies of each window, shape (n, t).

        Exact: n tokens have frequencies of `TF` n together at most, and 8,000 times that times 127
        is below 2**24.
        """
        products = self.words.take(buckets, axis=0).T.astype(np.float32, order="C")
        products *= tf.astype(np.float32)
        return sums(products, ends, np.float32).T.astype(np.float64)

    def _trust(self, known: Floats, style: Floats, sizes: npt.NDArray[np.int64]) -> Floats:
        """Return 1 for what reads like a language that it knows, 0 for what surely does not."""
        low, full = self.guard[0]
        trust: Floats = np.clip((known - low) / (full - low), 0.0, 1.0)
        enough = np.minimum(sizes / ENOUGH, 1.0)  # of a few words, they say little
        for name, (low, full) in zip(GUARDED, self.guard[1:].tolist(), strict=True):
            column = style[:, (*STYLE, *ORDERLY).index(name)]
            trust = trust * (1 - enough * (1 - np.clip((column - low) / (full - low), 0.0, 1.0)))
        return trust

    @cached_property
    def _form(self) -> npt.NDArray[np.floating[Any]]:
        """The form as one matrix, of 32 bits if no sum over it can pass 2**24."""
        targets, width = self.slope.shape
        place, manner = self.vectors.shape[1], self.knots.shape
        longest = UNIT * place**0.5 + place + manner[0] * manner[1]
        exact = longest * np.abs(self.form.astype(np.int64)).max(initial=0) < 1 << 24
        form = self.form.transpose(2, 0, 1).reshape(width, targets * width)
        return np.ascontiguousarray(form, dtype=np.float32 if exact else np.float64)


def fingerprint() -> int:
    """Return a number that changes when the hash of a token or of a pair does."""
    found = features([_SAMPLE])
    seen = np.concatenate([found.tokens, found.twos]).astype("<u4").tobytes()
    return int.from_bytes(hashlib.sha256(seen).digest()[:8], "little")


def meaning(
    found: Features, rows: npt.NDArray[np.uint16], vectors: npt.NDArray[np.int8]
) -> tuple[Floats, Floats]:
    """Return the meaning vectors, integers of length about `UNIT`, (n, d), and known shares, (n,).

    Sums of at most some thousand small integers are exact in float32, in any order.
    """
    at = rows.take(found.ones).astype(np.intp)
    tf = found.one_tf.astype(np.float32)
    totals = np.zeros((found.count, vectors.shape[1]), dtype=np.float32)
    for i in range(0, found.count, _NEAR):
        ends = found.one_ends[i : i + _NEAR + 1].tolist()
        first = ends[0]
        near = vectors.take(at[first : ends[-1]], axis=0).astype(np.float32)
        for j, (start, end) in enumerate(pairwise(ends), i):
            tf[start:end].dot(near[start - first : end - first], out=totals[j])
    place = totals.astype(np.float64)
    length = np.sqrt((place * place).sum(axis=1))
    place = np.rint(place * (UNIT / np.maximum(length, 1.0))[:, None])
    letters = sums(found.letters, found.one_ends)
    familiar = sums(np.where(at > 0, found.letters, 0), found.one_ends)
    return place, familiar / np.maximum(letters, 1)


def orderly(found: Features, common: npt.NDArray[np.uint8], order: npt.NDArray[np.int16]) -> Floats:
    """Return the measures `ORDERLY` of each window, shape (n, 2).

    Words in any order have the same words: but "of the" is common and "the of" is not. Averages how
    usual each neighboring pair of the commonest tokens is, and counts such pairs.
    """
    number = common.take(found.tokens).astype(np.intp)
    ends = found.token_ends
    sizes = np.diff(ends)
    both = number > 0  # this one and the next
    both[:-1] &= both[1:]
    both[ends[1:][sizes > 0] - 1] = False  # pairs do not cross windows
    pairs = number * len(order)
    pairs[:-1] += number[1:]
    there = sums(both, ends)
    usual = sums(order.take(pairs) * both, ends)
    return np.column_stack([usual / ORDER / np.maximum(there, 1), there / np.maximum(sizes, 1)])


def style_ranks(style: Floats, knots: Floats) -> Floats:
    """Return where each style measure stands among its `knots`: integers, 0 in the middle.

    Counts the knots below and subtracts those above, so ties are in the middle.
    """
    ranks = np.empty(style.shape[::-1])
    for column, edges, row in zip(style.T, knots, ranks, strict=True):
        both = np.sort(np.concatenate([edges, np.nextafter(edges, -np.inf)]))  # below, at or below
        row[:] = both.searchsorted(column)
    ranks -= knots.shape[1]
    return ranks.T


def curved(raw: Floats, curve: Floats, top: Floats) -> Floats:
    """Return raw scores, shape (n, t), along the curve of each target, clipped to 0..top."""
    columns = [along(raw[:, t], *curve[t]) for t in range(len(top))]
    return np.clip(np.column_stack(columns), 0.0, top)


def check_knots(curve: Floats, spread: Floats) -> None:
    """Raise ValueError unless each curve has two knots at least, one after the other."""
    for name, curves in (("curve", curve), ("spread", spread)):
        if curves.shape[-1] < 2 or not (np.diff(curves[:, 0]) > 0).all():
            raise ValueError(f"the knots of its array {name} do not rise, or are fewer than two")


def around(values: Floats, spread: Floats, top: float) -> Floats:
    """Return low and high end of the interval around each score, clipped to 0..top, shape (n, 2).

    Args:
        values: calibrated scores, shape (n,).
        spread: score, offset of the low end and of the high end at each knot, shape (3, k).
        top: highest score.
    """
    at, low, high = spread
    down = np.minimum(along(values, at, low), 0.0)
    up = np.maximum(along(values, at, high), 0.0)
    return np.clip(np.column_stack([values + down, values + up]), 0.0, top)


def along(points: Floats, xs: Floats, ys: Floats) -> Floats:
    """Interpolate between knots, and extend the first and last piece.

    Unlike np.interp, the arithmetic does not depend on how many points there are.
    """
    piece = np.clip(np.searchsorted(xs, points, "right") - 1, 0, len(xs) - 2)
    slopes = np.diff(ys) / np.diff(xs)
    return ys[piece] + (points - xs[piece]) * slopes[piece]
