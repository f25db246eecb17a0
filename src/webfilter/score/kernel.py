"""The regression behind `webfilter.score.model`: ridge regression with a kernel that is never made.

Two texts are alike by their words, by the square of how alike place and manner are, and by manner
alone. Such a kernel is a product of features: the weights that a dual solution stands for can be
written down (`Weights`), and the conjugate gradient method needs nothing else. What a thousand of
the texts say of all others shows it the way (Nystrom preconditioning, as in FALKON: Rudi, Carratino
and Rosasco 2017): ten to twenty steps instead of hundreds. Memory grows with the number of texts,
not with its square.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.score.calibrate import need
from webfilter.score.settings import Settings

__all__ = ["Kernel", "Weights"]

Floats = npt.NDArray[np.float64]

_LEVEL = 0.25
"""What the square adds to: so place and manner count a little by themselves, too."""
_CLOSE, _STEPS = 1e-4, 400
"""Residual, as a share of the labels' length, at which a solution is good enough; most steps."""
_SOME = 1_000
"""Texts that all others are compared with."""


@dataclass(frozen=True)
class Weights:
    """A solution as the model holds it, for t targets, b buckets and w measures."""

    words: Floats
    """Shape (b, t)."""
    form: Floats
    """Quadratic form over the measures, shape (t, w, w)."""
    slope: Floats
    """Its linear part, shape (t, w)."""
    constant: Floats
    """Shape (t,)."""


@dataclass(frozen=True)
class Kernel:
    """The features of n texts, and what they count."""

    words: Any
    """Sparse matrix, shape (n, b)."""
    back: Any
    """The same, the other way round, shape (b, n)."""
    measures: Floats
    """Place and manner around their means, shape (n, w)."""
    bent: Floats
    """What each measure counts in the square, shape (w,)."""
    straight: Floats
    """What it counts by itself, shape (w,)."""
    share: float
    """What the square counts beside words."""
    seen: npt.NDArray[np.float32]
    """Each text as `_SOME` of them see it: products of rows are about the kernel. Shape (n, m)."""

    @classmethod
    def of(cls, words: Any, place: Floats, manner: Floats, settings: Settings) -> Kernel:
        """Return the kernel of texts; `manner` has about length 1, and the means are 0."""
        share = settings.meaning_share
        bent = np.repeat([1.0, settings.style_bend], [place.shape[1], manner.shape[1]])
        alone = np.repeat([0.0, settings.style_share], [place.shape[1], manner.shape[1]])
        straight = 2 * _LEVEL * share * bent + alone
        words, measures = words.tocsr(), np.hstack([place, manner])
        some = np.unique(np.linspace(0, len(measures) - 1, _SOME).astype(np.intp))
        alike = (words @ words[some].T).toarray()
        alike += share * (_LEVEL + (measures * bent) @ measures[some].T) ** 2
        alike += (measures * alone) @ measures[some].T
        linalg = need("scipy.linalg")
        among = alike[some] + 1e-6 * np.trace(alike[some]) / len(some) * np.eye(len(some))
        root = linalg.cholesky(among, lower=True)
        seen = linalg.solve_triangular(root, alike.T, lower=True).T.astype(np.float32)
        return cls(words, words.T.tocsr(), measures, bent, straight, share, seen)

    def rows(self, rows: npt.NDArray[np.intp]) -> Kernel:
        """Return the kernel of some of the texts."""
        words = self.words[rows]
        return replace(
            self,
            words=words,
            back=words.T.tocsr(),
            measures=self.measures[rows],
            seen=self.seen[rows],
        )

    def weights(self, dual: Floats) -> Weights:
        """Return what the features weigh where text i counts ``dual[i]``, shape (n, t)."""
        square = self.share * self.bent[:, None] * self.bent
        form = [(self.measures.T * column) @ self.measures * square for column in dual.T]
        return Weights(
            self.back @ dual,
            np.array(form),
            (dual.T @ self.measures) * self.straight,
            self.share * _LEVEL**2 * dual.sum(axis=0),
        )

    def apply(self, weights: Weights) -> Floats:
        """Return the sums of features times weights of each text, shape (n, t)."""
        bent = [((self.measures @ form) * self.measures).sum(axis=1) for form in weights.form]
        straight = self.measures @ weights.slope.T
        sums: Floats = self.words @ weights.words + np.column_stack(bent) + straight
        return sums + weights.constant

    def solve(
        self, labels: Floats, weights: Floats, penalty: float, start: Floats | None = None
    ) -> Floats:
        """Return the dual solution of ridge regression, shape (n, t), by conjugate gradients.

        To a residual of `_CLOSE`, or as near as `_STEPS` steps bring it (tiny penalties).

        Args:
            labels: shape (n, t), around 0.
            weights: how often each text counts, above 0, shape (n,).
            penalty: of the squared weights.
            start: a solution for labels like these; the nearer, the fewer steps.
        """
        root = np.sqrt(weights)[:, None]
        linalg = need("scipy.linalg")
        seen = self.seen * root.astype(np.float32)
        among = (seen.T @ seen).astype(np.float64)
        # what 32 bits round off: of each text, and of the sums of texts that are much alike
        least = max(penalty, np.trace(among) * max(1e-5 / len(among), 1e-6))
        core = linalg.cho_factor(among + least * np.eye(len(among)), lower=True)

        def turned(x: Floats) -> Floats:
            inner = linalg.cho_solve(core, seen.T @ x.astype(np.float32))
            found: Floats = (x - seen @ inner.astype(np.float32)) / least
            return found

        def product(x: Floats) -> Floats:
            return root * self.apply(self.weights(root * x)) + penalty * x

        wanted = root * labels
        found = np.zeros_like(wanted) if start is None else start / root
        rest = wanted - product(found) if start is not None else wanted.copy()
        better = turned(rest)
        way = better.copy()
        size = (rest * better).sum(axis=0)
        enough = _CLOSE**2 * (wanted * wanted).sum(axis=0)
        for _ in range(_STEPS):
            if ((rest * rest).sum(axis=0) <= enough).all():
                break
            ahead = product(way)
            step = _ratio(size, (way * ahead).sum(axis=0))
            found += step * way
            rest -= step * ahead
            better = turned(rest)
            new = (rest * better).sum(axis=0)
            way = better + _ratio(new, size) * way
            size = new
        return root * found


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return the quotients, 0 for a target that has nothing left to explain."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
