"""How far two readers agree on a scale: quadratic kappa, and the plain shares beside it.

Kappa is one minus the mean squared difference over what it would be if the readings of one were
dealt out at random to the texts of the other (Cohen 1968, quadratic weights); the same as
scikit-learn's ``cohen_kappa_score(weights="quadratic")`` on whole numbers, and defined for halves.
It depends on how spread out the labels are: compare it only between readings of the same texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webfilter.score.figures import quadratic_kappa

__all__ = ["Agreement", "agreement"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two readers on one scale."""

    scale: str
    first: str
    second: str
    count: int
    """Texts that both have read."""
    kappa: float | None
    """Quadratic kappa, 1 at best, about 0 by chance; None where all labels are the same, or none
    are there."""
    exact: float | None
    """Share of texts with the same label, 0 to 1."""
    near: float | None
    """Share of texts whose labels differ by at most 1."""
    bias: float | None
    """Mean of second minus first: above 0 where the second is the more generous."""


def agreement(
    scale: str, first: str, second: str, pairs: Sequence[tuple[float, float]], *, whole: bool = True
) -> Agreement:
    """Return how `first` and `second` agree on `pairs` of their labels.

    Args:
        scale: what they read.
        first, second: who.
        pairs: the labels of both, a text each.
        whole: round the labels (halves up) before they are compared, since means of readers and
            the scores of models are not whole.

    >>> agreement("clean", "a", "b", [(0, 0), (1, 2), (2, 2)]).near
    1.0
    """
    if not pairs:
        return Agreement(scale, first, second, 0, None, None, None, None)
    columns = np.array(pairs, dtype=np.float64)
    bias = float((columns[:, 1] - columns[:, 0]).mean())
    if whole:
        columns = np.floor(columns + 0.5)
    apart = np.abs(columns[:, 0] - columns[:, 1])
    return Agreement(
        scale,
        first,
        second,
        len(pairs),
        quadratic_kappa(columns[:, 0], columns[:, 1]),
        float((apart == 0).mean()),
        float((apart <= 1).mean()),
        bias,
    )
