"""Three blocks of features of the training texts, and the model that a regression makes of them.

What it does not do: calibrate, or check what it is given (`webfilter.score.fit` does); the
regression is `webfilter.score.kernel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError
from webfilter.score.calibrate import need
from webfilter.score.features import BITS, CHUNK, STYLE, TF, Features, features
from webfilter.score.kernel import Kernel
from webfilter.score.model import (
    GUARDED,
    OFF,
    ORDER,
    ORDERLY,
    UNIT,
    Model,
    fingerprint,
    meaning,
    orderly,
    style_ranks,
)  # fmt: skip
from webfilter.score.settings import Settings

__all__ = ["Blocks"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_WORD_STEPS, _FORM_STEPS, _SLOPE_STEPS = 127, 2**12, 2**24
_COMMON = 120
"""Number of commonest tokens whose order is looked at."""
_VECTORS = 2**16 - 1
"""Most words with a vector: their rows are 16-bit numbers and 0 means none."""


class Blocks:
    """The three blocks of features of the training texts, and the kernel that they make.

    `unlabeled` texts have a part in the vocabulary and the word vectors only.
    """

    def __init__(
        self, texts: Sequence[str], settings: Settings, seed: int, unlabeled: Sequence[str] = ()
    ) -> None:
        sp = need("scipy.sparse")
        self.settings = settings
        parts = _parts(texts)
        ones = _matrix(parts, "ones", "one_tf", "one_ends")
        both = (ones + _matrix(parts, "twos", "two_tf", "two_ends")).tocsr()

        # words: log frequency times inverse document frequency, over the root of the frequencies
        seen = np.bincount(both.indices, minlength=both.shape[1])
        idf = np.log((1 + len(texts)) / (1 + seen)) + 1
        idf[seen < settings.words_min_texts] = 0
        total = np.asarray(both.sum(axis=1)).ravel()
        words = sp.diags(1 / np.sqrt(np.maximum(total, 1))) @ both @ sp.diags(idf)
        unit = np.sqrt(words.multiply(words).sum(axis=1).mean()) or 1.0
        self.words = (words / unit).tocsr()
        self.words.eliminate_zeros()
        self.idf = idf / unit

        # meaning: latent semantic analysis, quantized first so that the fit sees what is shipped
        self.letters = _matrix(parts, "ones", "letters", "one_ends")
        self.elsewhere = np.zeros(1 << BITS, dtype=np.int64)
        if unlabeled:
            more = _matrix(_parts(unlabeled), "ones", "one_tf", "one_ends")
            self.elsewhere = np.bincount(more.indices, minlength=1 << BITS)
            ones = sp.vstack([ones, more], format="csr")
        self.rows, self.vectors = _space(ones, settings, seed)
        places = [meaning(part, self.rows, self.vectors)[0] for part in parts]
        place = np.concatenate(places) / UNIT

        # style: ranks, with 0 in the middle
        self.common, self.order = _usual(parts)
        style = np.concatenate(
            [np.hstack([part.style, orderly(part, self.common, self.order)]) for part in parts]
        )
        self.knots = np.quantile(style, _middles(settings.style_knots), axis=0).T
        self.guarded = style[:, [(*STYLE, *ORDERLY).index(name) for name in GUARDED]]
        ranks = style_ranks(style, self.knots)
        self.step = 1 / np.sqrt((ranks * ranks).sum(axis=1).mean() or 1.0)
        manner = ranks * self.step  # of length about 1
        self.middle = np.concatenate([place.mean(axis=0), manner.mean(axis=0)])
        self.kernel = Kernel.of(
            self.words, place - place.mean(axis=0), manner - manner.mean(axis=0), settings
        )
        self.started: Floats | None = None

    def held_out(self, labels: Floats, weights: Floats, known: Mask) -> Floats:
        """Return raw predictions for the rows that are not `known`, from those that are."""
        dual, base = self._dual(labels, weights, known)
        found: Floats = self.kernel.rows(np.flatnonzero(~known)).apply(self.kernel.weights(dual))
        return found + base

    def _dual(self, labels: Floats, weights: Floats, known: Mask) -> tuple[Floats, Floats]:
        """Return the weight of each row for each target, and each target's mean label.

        A row counts as often as its weight says; one that is not known, or without a label for a
        target, counts nothing.
        """
        dual, base = np.zeros(labels.shape), np.zeros(labels.shape[1])
        judged = ~np.isnan(labels) & known[:, None]
        for pattern in np.unique(judged, axis=1).T:  # targets judged on the same rows: one solution
            heads = np.flatnonzero((judged == pattern[:, None]).all(axis=0))
            rows = np.flatnonzero(pattern)
            if not len(rows):
                continue
            at = np.ix_(rows, heads)
            base[heads] = np.average(labels[at], axis=0, weights=weights[rows])
            dual[at] = self.kernel.rows(rows).solve(
                labels[at] - base[heads],
                weights[rows],
                self.settings.ridge_penalty,
                None if self.started is None else self.started[at],
            )
        if self.started is None:
            self.started = dual  # the next ones leave some rows out: most of the way is gone
        return dual, base

    def familiar(self, known: Mask) -> Floats:
        """Return the share of letters in known words of the rows not `known`, 0-1.

        Known is what a model of the known rows alone would call so.
        """
        of = self.letters[np.flatnonzero(known)]
        seen = self.elsewhere + np.bincount(of.indices, minlength=of.shape[1])
        letters = self.letters[np.flatnonzero(~known)]
        some = np.asarray(letters.sum(axis=1)).ravel()
        found = letters @ (seen >= self.settings.meaning_min_texts).astype(np.float64)
        shares: Floats = found / np.maximum(some, 1)
        return shares

    def solve(
        self, labels: Floats, weights: Floats, tops: Sequence[float], names: Sequence[str]
    ) -> Model:
        """Return the model fitted to all rows, quantized, with calibration that changes nothing."""
        settings = self.settings
        dual, base = self._dual(labels, weights, np.ones(len(labels), dtype=bool))
        found = self.kernel.weights(dual)
        words = found.words * self.idf[:, None] / np.sqrt(TF)
        # the model's measures are whole numbers, not around their means: the same sums
        middle = self.middle
        across = found.form @ middle
        constant = base + found.constant + across @ middle - found.slope @ middle
        worth = np.ones(len(middle)) / UNIT  # of an integer step
        worth[self.vectors.shape[1] :] = self.step
        form = found.form * worth[:, None] * worth
        slope = (found.slope - 2 * across) * worth
        quantized = [
            _quantize(words, (0,), _WORD_STEPS, np.int8),
            _quantize(form, (1, 2), _FORM_STEPS, np.int16),
            _quantize(slope, (1,), _SLOPE_STEPS, np.int32),
        ]
        same = np.array([0.0, 1.0])
        return Model(
            words=quantized[0][0],
            rows=self.rows,
            vectors=self.vectors,
            common=self.common,
            order=self.order,
            knots=self.knots,
            form=quantized[1][0],
            slope=quantized[2][0],
            scales=np.array([scale for _, scale in quantized]),
            constant=constant,
            curve=np.array([[same, same]] * len(tops)),
            spread=np.array([[same, same * 0, same * 0]] * len(tops)),
            top=np.array(tops, dtype=np.float64),
            guard=np.array([(settings.guard_low, settings.guard_full), *[OFF] * len(GUARDED)]),
            hashing=np.array([fingerprint()], dtype=np.uint64),
            names=np.array(names),
        )


def _usual(parts: list[Features]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int16]]:
    """Return the numbers of the commonest tokens, and how usual each pair: `Model.order`.

    The log of how often a pair stands, over how often it would if order did not matter; one of each
    pair is added, so a pair that never stands is not infinitely rare.
    """
    buckets = np.concatenate([part.tokens for part in parts])
    owner = np.concatenate(
        [
            np.repeat(np.arange(part.count), np.diff(part.token_ends)) + i * CHUNK
            for i, part in enumerate(parts)
        ]
    )
    seen = np.bincount(buckets, minlength=1 << BITS)
    most = np.argsort(-seen, kind="stable")[:_COMMON]
    most = most[seen[most] > 0]
    common = np.zeros(1 << BITS, dtype=np.uint8)
    common[most] = np.arange(1, len(most) + 1)
    number, size = common[buckets].astype(np.int64), len(most) + 1
    at = np.flatnonzero((number[:-1] > 0) & (number[1:] > 0) & (owner[:-1] == owner[1:]))
    pairs = np.bincount(number[at] * size + number[at + 1], minlength=size * size)
    together = pairs.reshape(size, size)[1:, 1:] + 1.0
    share = np.bincount(number, minlength=size)[1:] / max(len(number), 1)
    expected = share[:, None] * share * max(len(number), 1)
    order = np.zeros((size, size), dtype=np.int16)
    order[1:, 1:] = np.rint(np.clip(np.log(together / expected), -8, 8) * ORDER)
    return common, order


def _parts(texts: Sequence[str]) -> list[Features]:
    return [features(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]


def _space(
    ones: Any, settings: Settings, seed: int
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int8]]:
    """Return the vector row of each bucket, and the vectors: `Model.rows` and `Model.vectors`."""
    sp = need("scipy.sparse")
    count = ones.shape[0]
    seen = np.bincount(ones.indices, minlength=ones.shape[1])
    kept = np.flatnonzero(seen >= settings.meaning_min_texts)
    if len(kept) > _VECTORS:
        kept = np.sort(kept[np.argsort(-seen[kept], kind="stable")[:_VECTORS]])
    if len(kept) < 2:
        raise ConfigError(
            f"training: only {len(kept)} words stand in at least meaning_min_texts = "
            f"{settings.meaning_min_texts} of {count} texts: give more texts, or unlabeled texts "
            "of the same kind"
        )
    weight = np.log(count / seen[kept])
    normalize = need("sklearn.preprocessing").normalize
    by_word = normalize((ones[:, kept] @ sp.diags(weight)).tocsr())
    width = min(settings.meaning_directions, len(kept) - 1, count - 1)
    _, _, axes = need("sklearn.utils.extmath").randomized_svd(
        by_word, width, n_iter=4, random_state=seed
    )
    vectors = weight[:, None] * axes.T
    steps = 127 / (np.quantile(np.abs(vectors), 0.9995) or 1.0)
    quantized = np.zeros((len(kept) + 1, width), dtype=np.int8)
    quantized[1:] = np.clip(np.rint(vectors * steps), -127, 127)
    rows = np.zeros(1 << BITS, dtype=np.uint16)
    rows[kept] = np.arange(1, len(kept) + 1)
    return rows, quantized


def _matrix(parts: list[Features], buckets: str, frequencies: str, ends: str) -> Any:
    columns = np.concatenate([getattr(part, buckets) for part in parts])
    values = np.concatenate([getattr(part, frequencies) for part in parts]) / TF
    sizes = np.concatenate([np.diff(getattr(part, ends)) for part in parts])
    starts = np.concatenate(([0], np.cumsum(sizes)))
    return need("scipy.sparse").csr_matrix((values, columns, starts), shape=(len(sizes), 1 << BITS))


def _middles(count: int) -> Floats:
    middles: Floats = (np.arange(count) + 0.5) / count
    return middles


def _quantize(
    weights: Floats, axes: tuple[int, ...], steps: int, kind: type[np.signedinteger[Any]]
) -> tuple[npt.NDArray[Any], Floats]:
    """Return integers and what a step of each target is worth."""
    largest = np.abs(weights).max(axis=axes, keepdims=True)
    scale = np.where(largest > 0, largest, 1.0) / steps
    return np.rint(weights / scale).astype(kind), scale.ravel()
