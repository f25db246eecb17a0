"""From vectors to scores: ridge regression for many penalties, and a mix of two scores. NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Linear", "Ridge", "mix"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """A fitted regression: call it with vectors, shape (n, d), for scores, shape (n, t)."""

    middle: Floats
    slopes: Floats
    constant: Floats

    def __call__(self, vectors: Floats) -> Floats:
        """Return the scores of vectors."""
        found: Floats = (vectors - self.middle) @ self.slopes + self.constant
        return found


@dataclass
class Ridge:
    """Ridge regression for many penalties and heads, from one decomposition a set of rows."""

    vectors: Floats
    labels: Floats
    weights: Floats
    _parts: list[tuple[npt.NDArray[np.intp], Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.middle = np.average(self.vectors, axis=0, weights=self.weights)
        self.unit = float(((self.vectors - self.middle) ** 2).sum(axis=1).mean()) or 1.0
        known = ~np.isnan(self.labels)
        for pattern in np.unique(known, axis=1).T:
            if not pattern.any():  # nobody judged these heads on any row: they score 0
                continue
            heads = np.flatnonzero((known == pattern[:, None]).all(axis=0))
            x, w = self.vectors[pattern], self.weights[pattern]
            middle = np.average(x, axis=0, weights=w)  # of the rows judged: they may lie apart
            x = x - middle
            ys = self.labels[np.ix_(np.flatnonzero(pattern), heads)]
            base = np.average(ys, axis=0, weights=w)
            values, axes = np.linalg.eigh((x * w[:, None]).T @ x / self.unit)
            right = axes.T @ ((x * w[:, None]).T @ (ys - base)) / self.unit
            self._parts.append((heads, (np.maximum(values, 0.0), axes, right, base, middle)))

    def solve(self, penalty: float) -> Linear:
        """Return the regression with this penalty."""
        slopes = np.zeros((self.vectors.shape[1], self.labels.shape[1]))
        constant = np.zeros(self.labels.shape[1])
        for heads, (values, axes, right, base, middle) in self._parts:
            slopes[:, heads] = axes @ (right / (values + penalty)[:, None])
            constant[heads] = base + (self.middle - middle) @ slopes[:, heads]
        return Linear(self.middle, slopes, constant)


def mix(inputs: Floats, labels: Floats, weights: Floats) -> Floats:
    """Return weights of two predictions, none negative, and a constant: least squares."""
    best: tuple[float, Floats] | None = None
    for kept in ((0, 1), (0,), (1,), ()):
        x = np.column_stack([inputs[:, list(kept)], np.ones(len(labels))])
        root = np.sqrt(weights)
        solved = np.linalg.lstsq(x * root[:, None], labels * root, rcond=None)[0]
        if (solved[:-1] < 0).any():
            continue
        error = float((weights * (x @ solved - labels) ** 2).sum())
        if best is None or error < best[0]:
            whole = np.zeros(3)
            whole[[*kept, 2]] = solved
            best = error, whole
    assert best is not None  # the constant alone always stands
    return best[1]
