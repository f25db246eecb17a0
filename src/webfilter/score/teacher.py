"""A slow teacher labels texts that nobody judged, so that the fast model learns from more.

The teacher is a ridge regression on the vectors of an encoder that the user has, stacked with the
fast model itself (Wolpert 1992): weights come from predictions on held-out groups. `distill` finds
by cross-validation how much its labels should count, and whether they should count at all. What it
does not do: fetch an encoder, or fine-tune one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from webfilter.errors import ConfigError
from webfilter.score.embeddings import Embeddings, Encoder
from webfilter.score.figures import agreement, pearson
from webfilter.score.fit import (
    Pseudo,
    Settings,
    check_heads,
    check_labels,
    check_texts,
    fit,
    folds,
)  # fmt: skip
from webfilter.score.groups import grouped
from webfilter.score.model import Model
from webfilter.score.readout import Linear, Ridge, mix
from webfilter.score.validate import Rows, cut, judge

__all__ = ["Distilled", "Encoder", "Teacher", "distill"]

Floats = npt.NDArray[np.float64]

_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Tried for the ridge on vectors, whose mean squared length is made 1."""


class Teacher:
    """A slow model that labels texts as the labeled ones were.

    Args:
        encoder: has a method ``encode`` that takes a list of texts and returns one vector each.
        cache: folder for vectors, so that a text is encoded once; None remembers nothing.
        name: of the encoder in the cache; the name of its class where empty.
        batch: texts for one call of the encoder.
        stack: mix the fast model's scores in, rather than use the vectors alone.

    Raises:
        ConfigError: the encoder has no method ``encode``, or `batch` is below 1.

    >>> class Lengths:
    ...     def encode(self, texts):
    ...         return [[len(text), text.count("because")] for text in texts]
    >>> Teacher(Lengths()).embed(["water", "because"]).tolist()
    [[5.0, 0.0], [7.0, 1.0]]
    """

    def __init__(
        self,
        encoder: Encoder,
        cache: str | Path | None = None,
        name: str = "",
        batch: int = 64,
        stack: bool = True,
    ) -> None:
        folder = None if cache is None else Path(cache)
        self._embeddings = Embeddings(encoder, folder, name, batch)
        self.stack = stack
        self._taught: _Taught | None = None

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts, shape (n, d), from the cache where they are."""
        return self._embeddings.of(check_texts(texts)).astype(np.float64)

    def fit(
        self,
        texts: Sequence[str],
        labels: npt.ArrayLike,
        *,
        groups: Sequence[Any] | npt.NDArray[Any] | None = None,
        tops: Sequence[float],
        names: Sequence[str],
        settings: Settings = Settings(),  # noqa: B008  frozen
        seed: int = 0,
    ) -> Self:
        """Learn from labeled texts; arguments as for `webfilter.score.fit.fit`.

        Texts may have any length: they are cut into windows.
        """
        rows = check_texts(texts)
        heads, highest = check_heads(names, tops)
        ys = check_labels(labels, len(rows), heads, highest)
        task = _Task(tuple(heads), tuple(highest), settings, seed, self.stack)
        pieces = cut(rows)
        found = grouped(groups, rows)[pieces.owner]
        vectors = self.embed(pieces.texts)
        with threadpool_limits(1):
            self._taught = task.teach(pieces, vectors, ys[pieces.owner], found)
        return self

    def label(self, texts: Iterable[str], batch: int = 1_024) -> Iterator[Floats]:
        """Yield the scores of each text, shape (t,), clipped to 0..top; `batch` texts at a time.

        Raises:
            ConfigError: `fit` was not called, or `batch` is below 1.
        """
        if self._taught is None:
            raise ConfigError("Teacher: call fit before label")
        if batch < 1:
            raise ConfigError(f"Teacher: batch = {batch!r} must be a whole number from 1")
        waiting = iter(texts)
        while part := list(islice(waiting, batch)):
            rows = cut(check_texts(part))
            scores = self._taught.scores(rows.texts, self.embed(rows.texts))
            yield from rows.means(scores, len(part))


@dataclass(frozen=True)
class Distilled:
    """What a teacher was found to change, on held-out groups."""

    rows: tuple[Mapping[str, Any], ...]
    """For the fast model alone, encoder, stack and each student: `name`, and kappa, Pearson,
    Spearman and mean absolute error of the first head; `heads` has those of every head."""
    weight: float
    """What a label of the teacher counts beside a real one; 0 where it should not be used."""
    gain: float
    """Mean Pearson of the heads of the best student minus that of the fast model alone."""
    error: float
    """Standard error of `gain`, from sampling groups."""
    verdict: str
    """The same in words."""
    scores: Floats
    """Of what was chosen, shape (n, t), and interval ends, shape (n, t, 2)."""
    ends: Floats
    pseudo: Pseudo | None
    """For `fit`: labels by a teacher that saw all texts; None where `weight` is 0."""

    @property
    def helps(self) -> bool:
        """Whether the teacher is used."""
        return self.weight > 0

    def to_dict(self) -> dict[str, Any]:
        """Return figures and verdict as plain data."""
        return {
            "rows": [dict(row) for row in self.rows],
            "weight": self.weight,
            "gain": self.gain,
            "standard_error": self.error,
            "verdict": self.verdict,
        }


def distill(
    texts: Sequence[str],
    labels: npt.ArrayLike,
    unlabeled: Sequence[str],
    teacher: Teacher,
    *,
    groups: Sequence[Any] | npt.NDArray[Any] | None = None,
    tops: Sequence[float],
    names: Sequence[str],
    settings: Settings = Settings(),  # noqa: B008  frozen
    seed: int = 0,
    weights: Sequence[float] = (0.1, 0.3, 1.0),
    folds: int = 5,
) -> Distilled:
    """Find out how much the labels of a teacher should count.

    In each fold by group a teacher is fitted to the other groups, labels the unlabeled texts, and
    students learn from both; all are measured on the groups held out. The best weight is used if
    its gain exceeds its standard error (the rule of Breiman et al. 1984), else none.

    Args:
        texts: labeled texts of any length.
        labels: shape (n, t), NaN where nobody judged.
        unlabeled: texts for the teacher to label.
        teacher: see `Teacher`; it is fitted to all labeled texts at the end.
        groups: URLs or other groups, shape (n,).
        tops: highest label of each head.
        names: of the heads.
        settings: of the fast model.
        seed: of folds and samples.
        weights: what a label of the teacher may count, each above 0.
        folds: of the cross-validation.

    Raises:
        ConfigError: something cannot be trained on; the message says what.
    """
    if not weights or not all(np.isfinite(w) and w > 0 for w in weights):
        raise ConfigError(f"distill: weights = {list(weights)} must be numbers above 0")
    rows = check_texts(texts)
    heads, highest = check_heads(names, tops)
    ys = check_labels(labels, len(rows), heads, highest)
    found = grouped(groups, rows)
    pieces, more = cut(rows), cut(check_texts(unlabeled, "unlabeled text")).texts
    if not more:
        raise ConfigError("distill: there are no unlabeled texts to label")
    task = _Task(tuple(heads), tuple(highest), settings, seed, teacher.stack, more)
    vectors, others = teacher.embed(pieces.texts), teacher.embed(more)
    with threadpool_limits(1):
        tried = _tried(task, rows, ys, found, pieces, vectors, more, others, weights, folds)
        weight, gain, error = _chosen(tried, ys, found, weights, seed)
        pseudo = None
        teacher._taught = task.teach(pieces, vectors, ys[pieces.owner], found[pieces.owner])
        if weight:
            pseudo = teacher._taught.pseudo(more, others, weight)
    scores, ends = tried[_student(weight)] if weight else tried["fast"]
    figures = [_figures(name, task, ys, values[0]) for name, values in tried.items()]
    verdict = _verdict(figures, weight, gain, error, len(weights))
    return Distilled(tuple(figures), weight, gain, error, verdict, scores, ends, pseudo)


@dataclass(frozen=True)
class _Task:
    names: tuple[str, ...]
    tops: tuple[float, ...]
    settings: Settings
    seed: int
    stack: bool
    unlabeled: Sequence[str] = ()
    """Windows that the fast model may learn words from where no teacher labels them."""

    def fast(
        self, rows: Rows, labels: Floats, groups: npt.NDArray[Any], of: Any, pseudo: Pseudo | None
    ) -> Model:
        """Return the fast model of some windows."""
        return fit(
            [rows.texts[i] for i in of],
            labels[of],
            groups=groups[of],
            tops=self.tops,
            names=self.names,
            settings=self.settings,
            seed=self.seed,
            weights=rows.weights[of],
            unlabeled=self.unlabeled if pseudo is None else (),
            pseudo=pseudo,
        )

    def teach(
        self, rows: Rows, vectors: Floats, labels: Floats, groups: npt.NDArray[Any]
    ) -> _Taught:
        """Return a teacher of these windows; mixing weights come from held-out groups.

        The folds are those that `fit` will calibrate on.
        """
        fold = folds(labels[:, 0], groups, self.settings.calibration_folds, self.seed)
        everything = np.arange(len(labels))
        held = {penalty: np.zeros_like(labels) for penalty in _PENALTIES}
        fast = np.zeros_like(labels)
        ridges: list[Ridge] = []
        models: list[Model | None] = []
        for k in range(self.settings.calibration_folds):
            of, out = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            ridges.append(Ridge(vectors[of], labels[of], rows.weights[of]))
            for penalty, values in held.items():
                values[out] = ridges[k].solve(penalty)(vectors[out])
            models.append(self.fast(rows, labels, groups, of, None) if self.stack else None)
            if (model := models[k]) is not None:
                fast[out] = model.predict([rows.texts[i] for i in out]).values
        ridge = Ridge(vectors, labels, rows.weights)
        best, mixes = [], []
        for t in range(labels.shape[1]):
            known = ~np.isnan(labels[:, t])
            if not known.any():
                raise ConfigError(f"training: head {self.names[t]!r} has no labels to teach it by")
            ws = rows.weights[known]
            errors = {
                p: float((ws * (held[p][known, t] - labels[known, t]) ** 2).sum())
                for p in _PENALTIES
            }
            best.append(min(_PENALTIES, key=errors.__getitem__))
            inputs = np.column_stack([fast[known, t], held[best[t]][known, t]])
            mixes.append(mix(inputs, labels[known, t], ws))
        whole = self.fast(rows, labels, groups, everything, None) if self.stack else None
        mixed, tops = np.array(mixes), np.array(self.tops)
        parts = tuple(
            _Taught(model, [part.solve(penalty) for penalty in best], mixed, tops)
            for model, part in zip(models, ridges, strict=True)
        )
        return _Taught(whole, [ridge.solve(penalty) for penalty in best], mixed, tops, parts)


@dataclass(frozen=True)
class _Taught:
    model: Model | None
    readouts: list[Linear]
    mixes: Floats
    """Weight of fast model, of vectors, and constant; shape (t, 3)."""
    tops: Floats
    parts: tuple[_Taught, ...] = ()
    """Teachers that have not seen the k-th fold."""

    def pseudo(self, texts: Sequence[str], vectors: Floats, weight: float) -> Pseudo:
        """Return labels of windows to train on."""
        by_fold = np.stack([part.scores(texts, vectors) for part in self.parts])
        return Pseudo(texts, self.scores(texts, vectors), weight, by_fold)

    def encoder(self, vectors: Floats) -> Floats:
        """Return scores from vectors alone, shape (n, t)."""
        columns = [readout(vectors)[:, t] for t, readout in enumerate(self.readouts)]
        return np.clip(np.column_stack(columns), 0.0, self.tops)

    def scores(self, texts: Sequence[str], vectors: Floats) -> Floats:
        """Return scores of windows, shape (n, t)."""
        if not len(texts):
            return np.zeros((0, len(self.tops)))
        if self.model is None:
            return self.encoder(vectors)
        fast = self.model.predict(texts).values
        slow = np.column_stack([readout(vectors)[:, t] for t, readout in enumerate(self.readouts)])
        mixed = fast * self.mixes[:, 0] + slow * self.mixes[:, 1] + self.mixes[:, 2]
        return np.clip(mixed, 0.0, self.tops)


def _tried(
    task: _Task,
    texts: list[str],
    labels: Floats,
    groups: npt.NDArray[Any],
    rows: Rows,
    vectors: Floats,
    more: list[str],
    others: Floats,
    weights: Sequence[float],
    count: int,
) -> dict[str, tuple[Floats, Floats]]:
    """Return held-out scores and interval ends of everything that is compared."""
    fold = folds(labels[:, 0], groups, count, task.seed)
    names = ["fast", "encoder", *(["stack"] if task.stack else []), *map(_student, weights)]
    tried = {name: (np.zeros(labels.shape), np.zeros((*labels.shape, 2))) for name in names}
    by_row, groups_of = labels[rows.owner], groups[rows.owner]
    for k in np.unique(fold):
        of = np.flatnonzero(fold[rows.owner] != k)
        held = np.flatnonzero(fold == k)
        texts_held = [texts[i] for i in held]
        part = Rows([rows.texts[i] for i in of], rows.owner[of], rows.weights[of])
        taught = task.teach(part, vectors[of], by_row[of], groups_of[of])
        fast = taught.model or task.fast(rows, by_row, groups_of, of, None)
        students: dict[str, Model] = {"fast": fast}
        pseudo = taught.pseudo(more, others, 1.0)
        for weight in weights:
            given = replace(pseudo, weights=weight)
            students[_student(weight)] = task.fast(rows, by_row, groups_of, of, given)
        for name, model in students.items():
            scores, ends = tried[name]
            scores[held], ends[held] = judge(model, texts_held)
        at = np.flatnonzero(fold[rows.owner] == k)
        pieces = Rows(
            [rows.texts[i] for i in at], np.searchsorted(held, rows.owner[at]), rows.weights[at]
        )
        tried["encoder"][0][held] = pieces.means(taught.encoder(vectors[at]), len(held))
        if task.stack:
            stacked = taught.scores(pieces.texts, vectors[at])
            tried["stack"][0][held] = pieces.means(stacked, len(held))
    return tried


def _student(weight: float) -> str:
    return f"student, weight {weight:g}"


def _mean_pearson(labels: Floats, scores: Floats) -> float:
    """Return the mean over the heads for which it is defined; NaN for none."""
    each = [pearson(labels[:, t], scores[:, t]) for t in range(labels.shape[1])]
    known = [value for value in each if value == value]
    return float(np.mean(known)) if known else float("nan")


def _chosen(
    tried: Mapping[str, tuple[Floats, Floats]],
    labels: Floats,
    groups: npt.NDArray[Any],
    weights: Sequence[float],
    seed: int,
) -> tuple[float, float, float]:
    """Return the weight to use, the gain of the best one, and its standard error."""
    plain = tried["fast"][0]
    base = _mean_pearson(labels, plain)
    gains = {w: _mean_pearson(labels, tried[_student(w)][0]) - base for w in weights}
    best = max(gains, key=lambda w: (np.nan_to_num(gains[w], nan=-np.inf), -w))
    student = tried[_student(best)][0]
    _, place = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(200):
        of = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        samples.append(
            _mean_pearson(labels[of], student[of]) - _mean_pearson(labels[of], plain[of])
        )
    known = [value for value in samples if value == value]
    error = float(np.std(known)) if known else float("nan")
    gain = float(gains[best])
    return (float(best) if gain > error else 0.0), gain, error


def _figures(name: str, task: _Task, labels: Floats, scores: Floats) -> dict[str, Any]:
    heads = {
        head: agreement(labels[:, t], scores[:, t], task.tops[t])
        for t, head in enumerate(task.names)
    }
    return {"name": name, **heads[task.names[0]], "heads": heads}


def _verdict(
    rows: Sequence[Mapping[str, Any]], weight: float, gain: float, error: float, tried: int
) -> str:
    said = (
        f"The best of {tried} students gains {gain:+.4f} in mean Pearson of the heads over the "
        f"fast model alone, standard error {error:.4f}"
    )
    if weight:
        return (
            f"{said}: the teacher is used, each of its labels counts {weight:g}. The weight was "
            "chosen on the same folds, so the student's figures are a little flattered."
        )
    return f"{said}: the teacher is not used."
