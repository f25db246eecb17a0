"""Texts of any length in, scores by models that saw nothing of their groups out.

`judge` scores whole texts as the stage does; `cross_validate` does so with a model of the other
groups for each fold. What it does not do: train (it is told how).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError
from webfilter.score.figures import kappa, pearson
from webfilter.score.fit import folds, key
from webfilter.score.model import Model
from webfilter.score.pages import pages
from webfilter.score.windows import windows

__all__ = ["Rows", "bounds", "cross_validate", "cut", "judge", "leaks", "learning"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Texts cut into windows: what a model is trained on."""

    texts: list[str]
    owner: npt.NDArray[np.intp]
    """Which text each window belongs to."""
    weights: Floats
    """The windows of a text share its weight."""

    def means(self, scores: Floats, count: int) -> Floats:
        """Return the means of windows' scores for each of `count` texts, by length of window."""
        lengths = np.array([len(piece) for piece in self.texts], dtype=np.float64)
        sums, total = np.zeros((count, scores.shape[1])), np.zeros(count)
        np.add.at(sums, self.owner, scores * lengths[:, None])
        np.add.at(total, self.owner, lengths)
        means: Floats = sums / np.maximum(total, 1)[:, None]
        alone = np.flatnonzero(np.bincount(self.owner, minlength=count)[self.owner] == 1)
        means[self.owner[alone]] = scores[alone]  # to the last bit
        return means


def cut(texts: Sequence[str], weights: Floats | None = None) -> Rows:
    """Return the windows of `texts`; a blank text has none.

    >>> cut(["water boils", "", "word " * 300]).owner.tolist()
    [0, 2, 2]
    """
    pieces = [windows(text) for text in texts]
    counts = np.array([len(group) for group in pieces], dtype=np.intp)
    owner = np.repeat(np.arange(len(texts)), counts)
    whole = np.ones(len(texts)) if weights is None else weights
    return Rows(
        [piece for group in pieces for piece in group],
        owner,
        (whole / np.maximum(counts, 1))[owner],
    )


def judge(model: Model, texts: Sequence[str]) -> tuple[Floats, Floats]:
    """Return scores of whole texts, shape (n, t), and the ends of their intervals, (n, t, 2).

    The interval of a blank text is 0 to 0.
    """
    scores = pages(model, texts)
    heads = [model.intervals(scores[:, t], t) for t in range(scores.shape[1])]
    ends: Floats = np.stack(heads, axis=1)
    ends[[not text.strip() for text in texts]] = 0.0
    return scores, ends


def cross_validate(
    texts: Sequence[str],
    labels: Floats,
    groups: npt.NDArray[Any],
    make: Callable[[npt.NDArray[np.intp]], Model],
    count: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """Return scores, shape (n, t), and interval ends, shape (n, t, 2), of held-out texts.

    Args:
        texts: of any length.
        labels: shape (n, t); the first head is spread evenly over folds.
        groups: what stays together, shape (n,).
        make: returns a model trained on the rows that it is given.
        count: number of folds.
        seed: of the folds.

    Raises:
        ConfigError: there are fewer groups than folds.
    """
    fold = folds(labels[:, 0], groups, count, seed)
    scores, ends = np.zeros(labels.shape), np.zeros((*labels.shape, 2))
    for k in np.unique(fold):
        model = make(np.flatnonzero(fold != k))
        held = np.flatnonzero(fold == k)
        scores[held], ends[held] = judge(model, [texts[i] for i in held.tolist()])
    return scores, ends


def learning(
    texts: Sequence[str],
    labels: Floats,
    groups: npt.NDArray[Any],
    make: Callable[[npt.NDArray[np.intp]], Model],
    count: int,
    seed: int,
) -> list[tuple[int, Floats]]:
    """Return held-out scores of the first head by models of ever more groups.

    An eighth, a quarter, half and all of the groups of each fold; with each, how many texts the
    models were trained on, as a mean. Parts that are too small to train on are left out.
    """
    names, place = np.unique(groups, return_inverse=True)
    rank = np.random.default_rng(seed).permutation(len(names))[place] / len(names)
    steps = []
    for share in (0.125, 0.25, 0.5, 1.0):
        of_share = np.flatnonzero(rank < share)
        sizes: list[int] = []

        def part(
            of: npt.NDArray[np.intp],
            kept: npt.NDArray[np.intp] = of_share,
            sizes: list[int] = sizes,
        ) -> Model:
            rows = np.intersect1d(of, kept)
            sizes.append(len(rows))
            return make(rows)

        try:
            scores, _ = cross_validate(texts, labels, groups, part, count, seed)
        except ConfigError:
            continue
        steps.append((round(float(np.mean(sizes))), scores[:, 0]))
    return steps


def leaks(texts: Sequence[str], groups: npt.NDArray[Any]) -> int:
    """Return how many texts stand in another group too, up to case and white space.

    >>> leaks(["Water boils.", "water  boils.", "Ice"], np.array(["a", "b", "b"]))
    2
    """
    where: dict[str, set[str]] = {}
    keys = [key(" ".join(text.lower().split())) for text in texts]
    for name, group in zip(keys, groups.tolist(), strict=True):
        where.setdefault(name, set()).add(str(group))
    return sum(len(where[name]) > 1 for name in keys)


def bounds(
    labels: Floats, scores: Floats, groups: npt.NDArray[Any], top: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Return 95 % intervals of kappa and Pearson, from 200 samples of whole groups."""
    known = ~np.isnan(labels)
    labels, scores = labels[known], scores[known]
    _, place = np.unique(groups[known], return_inverse=True)
    order = np.argsort(place, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(place))[:-1])
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {"kappa": [], "pearson": []}
    for _ in range(200):
        of = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        found["kappa"].append(kappa(labels[of], scores[of], top))
        found["pearson"].append(pearson(labels[of], scores[of]))
    ends = {}
    for name, values in found.items():
        there = np.array([v for v in values if v == v])
        low, high = np.quantile(there, (0.025, 0.975)) if len(there) else (np.nan, np.nan)
        ends[name] = (float(low), float(high))
    return ends
