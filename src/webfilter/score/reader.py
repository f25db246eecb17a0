"""A small encoder that reads: it sees what a regression over words cannot, and is much slower.

The architecture is that of BERT (Devlin et al. 2019), with few layers: vectors of word pieces and
places, layers of attention and of a hidden layer, the mean of what comes out (and its greatest
values) and a linear head. A window's raw score is a mix of that and of the regression's raw score;
the same kinds of curves as there make it mean what it says. It runs in NumPy, one window at a time,
so a score does not depend on what else is in the batch.

Weights are whole numbers with a scale for each output. What it does not do: train (classifiers/
does), or decide what is worth reading (`Educational` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from webfilter.blas import one_thread
from webfilter.score.arrays import from_bytes, to_bytes
from webfilter.score.model import around, check_knots, curved
from webfilter.score.pieces import Pieces

__all__ = ["Reader"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Small = npt.NDArray[np.int8]
_TINY = np.float32(1e-12)
_BEND = np.float32(-1.702)
_PRODUCTS = ("asked", "told", "opened", "closed")


@dataclass(frozen=True)
class Reader:
    """The arrays of one model. Shapes: v pieces, d inner width, k layers, h hidden, t targets."""

    vocabulary: npt.NDArray[np.uint8]
    """UTF-8 of the pieces, a line each."""
    heads: npt.NDArray[np.int64]
    """Heads of attention in each layer, shape (k,)."""
    pieces: Small
    """Vectors of pieces, shape (v, d), in units of `pieces_unit`, shape (v,)."""
    pieces_unit: Singles
    places: npt.NDArray[np.float16]
    """Vectors of places, shape (longest, d)."""
    asked: Small
    """Queries, keys and values together, shape (k, d, 3 d); units (k, 3 d)."""
    asked_unit: Singles
    told: Small
    """From attention back, shape (k, d, d); units (k, d)."""
    told_unit: Singles
    opened: Small
    """Into the hidden layer, shape (k, d, h); units (k, h)."""
    opened_unit: Singles
    closed: Small
    """Out of it, shape (k, h, d); units (k, d)."""
    closed_unit: Singles
    asked_base: Singles
    told_base: Singles
    opened_base: Singles
    closed_base: Singles
    """What is added after each product, shape (k, width)."""
    norms: Singles
    """Gain and shift of the normalisations, shape (1 + 2 k, 2, d)."""
    head: Singles
    """Shape (2 d, t)."""
    base: Floats
    """What is added to it, shape (t,): then the encoder's score is on the scale of the labels."""
    mixed: Floats
    """Weights of the encoder's score and of the regression's raw score, shape (t, 2)."""
    constant: Floats
    """What is added to these, shape (t,)."""
    curve: Floats
    """Raw score and calibrated score of each knot, shape (t, 2, k)."""
    spread: Floats
    """Score, offset of the low end and of the high end of the interval, shape (t, 3, k)."""
    top: Floats
    """Highest score of each target, shape (t,)."""
    names: npt.NDArray[np.str_]
    """Of the targets, shape (t,)."""

    @classmethod
    def load(cls, data: bytes) -> Reader:
        """Read a model from the bytes of an ``.npz`` file, without pickle.

        Raises:
            ValueError: arrays are missing, or do not fit each other.
        """
        reader = cls(**from_bytes(cls, data))
        reader._check()
        return reader

    def _check(self) -> None:
        """Raise ValueError unless the arrays fit each other."""
        (v, d), (k, _, h), t = self.pieces.shape, self.opened.shape, len(self.top)
        shapes = {
            "heads": (k,), "pieces_unit": (v,), "places": (len(self.places), d),
            "asked": (k, d, 3 * d), "told": (k, d, d), "opened": (k, d, h), "closed": (k, h, d),
            "norms": (1 + 2 * k, 2, d), "head": (2 * d, t), "base": (t,),
            "mixed": (t, 2), "constant": (t,),
            "curve": (t, 2, self.curve.shape[-1]), "spread": (t, 3, self.spread.shape[-1]),
            "names": (t,),
        }  # fmt: skip
        for name in _PRODUCTS:
            shapes[f"{name}_unit"] = shapes[f"{name}_base"] = (k, shapes[name][2])
        for name, shape in shapes.items():
            found = getattr(self, name)
            if found.shape != shape:
                raise ValueError(f"its array {name} has shape {found.shape}, not {shape}")
            if found.dtype.kind == "f" and not np.isfinite(found).all():
                raise ValueError(f"its array {name} holds numbers that are not finite")
        check_knots(self.curve, self.spread)
        if any(d % heads for heads in self.heads.tolist()):
            raise ValueError("its array heads does not divide the inner width")
        if len(self._pieces) != v:
            raise ValueError(f"its vocabulary has {len(self._pieces)} pieces, not {v}")

    def save(self) -> bytes:
        """Return the bytes of an ``.npz`` file; the same for the same arrays."""
        return to_bytes(self)

    def predict(self, texts: Sequence[str], raw: Floats) -> Floats:
        """Return calibrated scores of windows, clipped to 0..top, shape (n, t).

        Args:
            texts: windows of about 1,000 characters; what is beyond 256 word pieces is not read.
            raw: the regression's scores of the same windows before calibration, shape (n, t).
        """
        mixed = self.encode(texts) * self.mixed[:, 0] + raw * self.mixed[:, 1] + self.constant
        return curved(mixed, self.curve, self.top)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return what the encoder alone says of windows, before it is mixed, shape (n, t)."""
        with one_thread(), np.errstate(over="ignore"):  # GELU far below 0: by infinity, 0
            said = np.array([self._read(text) for text in texts], dtype=np.float64)
        return said.reshape(len(texts), len(self.top)) + self.base

    def intervals(self, values: Floats, target: int = 0) -> Floats:
        """Return low and high end of the interval around each calibrated score, shape (n, 2)."""
        return around(values, self.spread[target], self.top[target])

    def _read(self, text: str) -> Singles:
        numbers = self._pieces(text, len(self.places))
        rows = self.pieces.take(numbers, axis=0).astype(np.float32)
        rows *= self.pieces_unit.take(numbers)[:, None]
        x = _normal(rows + self.places[: len(numbers)], self.norms[0])
        for i, (asked, told, opened, closed) in enumerate(self._layers):
            heard = _attention(x @ asked + self.asked_base[i], int(self.heads[i]))
            x = _normal(x + heard @ told + self.told_base[i], self.norms[1 + 2 * i])
            inner = x @ opened + self.opened_base[i]
            inner /= 1 + np.exp(_BEND * inner)  # GELU, nearly
            x = _normal(x + inner @ closed + self.closed_base[i], self.norms[2 + 2 * i])
        found: Singles = np.concatenate([x.mean(axis=0), x.max(axis=0)]) @ self.head
        return found

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces(self.vocabulary.tobytes().decode().split("\n"))

    @cached_property
    def _layers(self) -> list[tuple[Singles, ...]]:
        """The four products of each layer, as they are computed."""
        return [
            tuple(getattr(self, name)[i] * getattr(self, f"{name}_unit")[i] for name in _PRODUCTS)
            for i in range(len(self.heads))
        ]


def _attention(x: Singles, heads: int) -> Singles:
    """Return the mean of the values for each place, by how well queries and keys agree."""
    count, width = len(x), x.shape[1] // 3
    queries, keys, values = x.reshape(count, 3, heads, width // heads).transpose(1, 2, 0, 3)
    fit: Singles = queries @ keys.transpose(0, 2, 1)
    fit *= np.float32((width // heads) ** -0.5)
    fit -= fit.max(axis=2, keepdims=True)
    np.exp(fit, out=fit)
    found: Singles = np.matmul(fit, values)
    found /= fit.sum(axis=2)[:, :, None]
    return found.transpose(1, 0, 2).reshape(count, width)


def _normal(x: Singles, norm: Singles) -> Singles:
    """Return rows with mean 0 and variance 1, times a gain, plus a shift."""
    x = x - x.mean(axis=1, keepdims=True)
    x /= np.sqrt(np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1]) + _TINY)[:, None]
    x *= norm[0]
    x += norm[1]
    return x
