"""Fits the embedded model's arrays: n-gram vectors, then few of them in four bits, then retrained.

A log-linear classifier over the mean of n-gram vectors, by Adam on mini-batches. Features that are
rare in the training texts have no row from the start; after a first training only the `rows` that
weigh most (how far one lifts its best label, times the root of its frequency) stay. What is left is
trained on with its numbers rounded to four bits in the forward pass (straight-through), so that it
learns to live with the rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from webfilter.language.features import BITS, Characters, letters, ngrams, points_of
from webfilter.language.prepare import prepare
from webfilter.language.weights import OFFSET

__all__ = ["Fitted", "fit", "matrix", "probabilities", "vocabulary"]

_BATCH = 1000


@dataclass
class Fitted:
    """A model in floating point; `kept` says which features its rows are."""

    kept: NDArray[np.int64]
    vectors: NDArray[np.float32]
    output: NDArray[np.float32]
    bias: NDArray[np.float32]
    scale: NDArray[np.float32] | None = None
    """(dim,) step of the four-bit numbers; None before they are rounded."""

    def rounded(self) -> NDArray[np.float32]:
        """Return the vectors as the packed model has them."""
        if self.scale is None:
            return self.vectors
        return np.float32(self.numbers().astype(np.float32) - OFFSET) * self.scale

    def numbers(self) -> NDArray[np.uint8]:
        """Return the numbers from 0 to 15 that stand for the vectors."""
        assert self.scale is not None
        steps = np.rint(self.vectors / self.scale)
        return (np.clip(steps, -OFFSET, 15 - OFFSET) + OFFSET).astype(np.uint8)


def _features(
    texts: Sequence[str], characters: Characters
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for start in range(0, len(texts), _BATCH):
        points, bounds = points_of([prepare(text) for text in texts[start : start + _BATCH]])
        of = letters(points, bounds)
        single = characters.singles.take(of.points)
        times = np.where(single < 0, 0, of.times)
        found, owner = [np.repeat(single, times)], [np.repeat(of.owners, times)]
        for features, at in ngrams(points, characters):
            found.append(features.astype(np.int64))
            owner.append(np.searchsorted(bounds[1:], at, side="right"))
        yield np.concatenate(found), np.concatenate(owner)


def vocabulary(
    texts: Sequence[str], characters: Characters, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the features in at least `least` texts, and in how many each is."""
    counts = np.zeros(1 << BITS, np.int64)
    for features, owner in _features(texts, characters):
        once = np.unique(features * _BATCH + owner)
        counts += np.bincount(once // _BATCH, minlength=1 << BITS)
    kept = np.flatnonzero(counts >= least)
    return kept, counts[kept]


def matrix(texts: Sequence[str], characters: Characters, kept: NDArray[np.int64]) -> Any:
    """Return the CSR matrix (texts, kept): the share of a text's features that each is.

    Features that are not kept count as features, so that a row may add up to less than 1.
    """
    place = np.full(1 << BITS, -1, np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    parts = []
    for number, (features, owner) in enumerate(_features(texts, characters)):
        rows = place[features]
        held = rows >= 0
        size = min(_BATCH, len(texts) - number * _BATCH)
        each = (1 / np.maximum(np.bincount(owner, minlength=size), 1)).astype(np.float32)
        owner, rows = owner[held], rows[held]
        parts.append(sparse.csr_matrix((each[owner], (owner, rows)), shape=(size, len(kept))))
    return sparse.vstack(parts).tocsr()


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    logits = np.exp(logits - logits.max(axis=1, keepdims=True))
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def probabilities(model: Fitted, shares: Any) -> NDArray[np.float32]:
    """Return (texts, labels) probabilities, for the matrix of texts that `matrix` makes."""
    return _softmax((shares @ model.rounded()) @ model.output + model.bias)


class _Adam:
    def __init__(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        self.arrays = arrays
        self.first = {name: np.zeros_like(a) for name, a in arrays.items()}
        self.second = {name: np.zeros_like(a) for name, a in arrays.items()}
        self.times = 0

    def step(self, gradients: Mapping[str, NDArray[np.float32]], rate: float) -> None:
        self.times += 1
        rate *= float(np.sqrt(1 - 0.99**self.times) / (1 - 0.9**self.times))
        for name, gradient in gradients.items():
            first, second = self.first[name], self.second[name]
            first *= 0.9
            first += 0.1 * gradient
            second *= 0.99
            gradient *= gradient
            gradient *= 0.01
            second += gradient
            np.sqrt(second, out=gradient)
            gradient += 1e-8
            np.divide(first, gradient, out=gradient)
            gradient *= rate
            self.arrays[name] -= gradient


def _train(
    model: Fitted,
    shares: Any,
    labels: NDArray[np.int64],
    settings: Mapping[str, Any],
    epochs: int,
    rate: float,
    said: Callable[[str], None],
) -> None:
    rng = np.random.default_rng(settings["seed"])
    batch, dropout = settings["batch"], settings["dropout"]
    opt = _Adam({"vectors": model.vectors, "output": model.output, "bias": model.bias})
    steps, done, loss = epochs * (len(labels) // batch), 0, 0.0
    for epoch in range(epochs):
        order = rng.permutation(len(labels))
        for start in range(0, len(labels) - batch + 1, batch):
            take = order[start : start + batch]
            some, wanted = shares[take], labels[take]
            if dropout:
                some.data *= rng.random(len(some.data), np.float32) >= dropout
            mean = some @ model.rounded()
            wrong = _softmax(mean @ model.output + model.bias)
            here = np.arange(batch)
            loss += 0.01 * (float(-np.log(wrong[here, wanted] + 1e-9).mean()) - loss)
            wrong[here, wanted] -= 1
            wrong /= batch
            done += 1
            opt.step(
                {
                    "vectors": np.asarray(some.T @ (wrong @ model.output.T)),
                    "output": mean.T @ wrong,
                    "bias": wrong.sum(axis=0),
                },
                rate * min(1.0, done / 100) * (1.02 - done / steps),
            )
        said(f"epoch {epoch + 1} of {epochs}: loss {loss:.3f}")


def _reach(model: Fitted) -> NDArray[np.float32]:
    """Return how far each feature alone lifts its best label above the mean label."""
    parts = np.array_split(model.vectors, max(1, len(model.vectors) // 10_000))
    logits = (part @ model.output for part in parts)
    return np.concatenate([each.max(axis=1) - each.mean(axis=1) for each in logits])


def fit(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    names: int,
    characters: Characters,
    settings: Mapping[str, Any],
    said: Callable[[str], None],
) -> Fitted:
    """Train a model on `texts`.

    Args:
        texts: training texts.
        labels: (texts,) numbers of their labels, below `names`.
        names: how many labels there are.
        characters: the character tables.
        settings: `seed`, `least` (texts a feature must be in), `dim`, `epochs`, `rate`, `batch`,
            `dropout` (share of a text's features left out), and `rows` and `rounded_epochs` for the
            second part; 0 rows leave it out.
        said: takes a line on how it goes.
    """
    rng = np.random.default_rng(settings["seed"])
    kept, counts = vocabulary(texts, characters, settings["least"])
    shares = matrix(texts, characters, kept)
    said(f"{len(kept):,} features, {shares.nnz:,} counts")
    dim = settings["dim"]
    model = Fitted(
        kept,
        rng.normal(0, 0.5, (len(kept), dim)).astype(np.float32),
        rng.normal(0, 0.1, (dim, names)).astype(np.float32),
        np.zeros(names, np.float32),
    )
    _train(model, shares, labels, settings, settings["epochs"], settings["rate"], said)
    if not settings["rows"]:
        return model
    weight = _reach(model) * np.sqrt(np.minimum(counts, 2000))
    best = np.sort(np.argsort(-weight, kind="stable")[: settings["rows"]])
    vectors = np.ascontiguousarray(model.vectors[best])
    scale = (vectors.std(axis=0) * 3 / 7.5).astype(np.float32)
    model = Fitted(kept[best], vectors, model.output, model.bias, scale)
    shares = shares[:, best].tocsr()
    _train(model, shares, labels, settings, settings["rounded_epochs"], settings["rate"] / 4, said)
    return model
