"""The regression behind `webfilter.score.model`: three blocks of features, and one kernel.

Ridge regression for all targets at once, solved in its dual form: time grows with the third power
of the number of texts and memory with the second. What it does not do: calibrate, or check what it
is given (`webfilter.score.fit` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError
from webfilter.score.calibrate import need
from webfilter.score.features import BITS, CHUNK, STYLE, TF, Features, features
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

_WORD_STEPS, _FORM_STEPS = 2**15 - 1, 2**24
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
        self.meaning = np.concatenate(places) / UNIT

        # style: ranks, with 0 in the middle
        self.common, self.order = _usual(parts)
        style = np.concatenate(
            [np.hstack([part.style, orderly(part, self.common, self.order)]) for part in parts]
        )
        self.knots = np.quantile(style, _middles(settings.style_knots), axis=0).T
        self.guarded = style[:, [(*STYLE, *ORDERLY).index(name) for name in GUARDED]]
        ranks = style_ranks(style, self.knots)
        self.step = 1 / np.sqrt((ranks * ranks).sum(axis=1).mean() or 1.0)
        self.manner = ranks * self.step  # of length about 1

        alike = self.manner @ self.manner.T
        bend = settings.style_bend
        near = (1 + self.meaning @ self.meaning.T + bend * alike) / (2 + bend)
        self.kernel = (
            (self.words @ self.words.T).toarray()
            + settings.meaning_share * near**2
            + settings.style_share * alike
        )

    def held_out(self, labels: Floats, weights: Floats, known: Mask) -> Floats:
        """Return raw predictions for the rows that are not `known`, from those that are."""
        dual, base = self._dual(labels, weights, known)
        found: Floats = self.kernel[np.ix_(~known, known)] @ dual + base
        return found

    def _dual(self, labels: Floats, weights: Floats, known: Mask) -> tuple[Floats, Floats]:
        """Return the weight of each known row for each target, and each target's mean label.

        A row counts as often as its weight says; one without a label for a target counts nothing.
        """
        linalg = need("scipy.linalg")
        dual = np.zeros((int(known.sum()), labels.shape[1]))
        base = np.zeros(labels.shape[1])
        judged = ~np.isnan(labels) & known[:, None]
        for pattern in np.unique(judged, axis=1).T:  # targets judged on the same rows: one solution
            heads = np.flatnonzero((judged == pattern[:, None]).all(axis=0))
            rows = np.flatnonzero(pattern)
            if not len(rows):
                continue
            ys = labels[np.ix_(rows, heads)]
            base[heads] = np.average(ys, axis=0, weights=weights[rows])
            kernel = self.kernel[np.ix_(rows, rows)]
            penalized = kernel + self.settings.ridge_penalty * np.diag(1 / weights[rows])
            places = np.searchsorted(np.flatnonzero(known), rows)
            solved = linalg.solve(penalized, ys - base[heads], assume_a="pos")
            dual[np.ix_(places, heads)] = solved
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
        words = (self.words.T @ dual) * self.idf[:, None] / np.sqrt(TF)
        # ((1 + v.v') / c)**2 = (1 + 2 v.v' + (v.v')**2) / c**2: the dual gives each part's weights
        share = settings.meaning_share / (2 + settings.style_bend) ** 2
        where = np.hstack([self.meaning, np.sqrt(settings.style_bend) * self.manner])
        worth = np.ones(where.shape[1]) / UNIT  # of an integer step
        worth[self.meaning.shape[1] :] = np.sqrt(settings.style_bend) * self.step
        form = np.einsum("nt,ni,nj->tij", dual, where, where, optimize=True) * share
        form *= worth[:, None] * worth
        slope = (dual.T @ where) * 2 * share * worth
        slope[:, self.meaning.shape[1] :] += (
            settings.style_share * (dual.T @ self.manner) * self.step
        )
        constant = base + dual.sum(axis=0) * share
        quantized = [
            _quantize(words, (0,), _WORD_STEPS, np.int16),
            _quantize(form, (1, 2), _FORM_STEPS, np.int32),
            _quantize(slope, (1,), _FORM_STEPS, np.int32),
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
