"""Train the educational model, or one with other heads: `fit`.

One ridge regression for all heads over three blocks of features (words, meaning, style; see
`webfilter.score.model`). Calibration and interval come from a group-wise cross-validation inside
the training set, so from predictions on groups whose labels the predicting regression has not seen.

Texts are taken as they are: one row each, of about the length that will be scored. What it does not
do: cut long texts or evaluate (`webfilter.score.trainer` does both).
"""

from __future__ import annotations

import hashlib
import warnings as warning
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from webfilter.errors import ConfigError
from webfilter.score.blocks import Blocks
from webfilter.score.calibrate import curve, need, same_length, spread
from webfilter.score.model import OFF, Model
from webfilter.score.settings import Settings

__all__ = [
    "MOST",
    "Pseudo",
    "Settings",
    "check_heads",
    "check_labels",
    "check_texts",
    "fit",
    "folds",
    "key",
]

Floats = npt.NDArray[np.float64]

MOST = 100_000
"""Most texts to train on: about 45 kB of memory each."""
GOOD = 300
"""Least number of good texts for limits on order and repetition."""
_HEAVIEST = 1e9
"""Largest weight of a row: sums of them are nowhere near the largest float."""
LEAST = 20
"""Fewest labels of a head: what one bin of the calibration curve needs."""
_INSIDE = "calibration_folds in Settings (an evaluation leaves fewer groups than were given)"


@dataclass(frozen=True)
class Pseudo:
    """Texts that a model has labeled: they train, but never calibrate or evaluate."""

    texts: Sequence[str]
    labels: npt.ArrayLike
    """Shape (n, t), NaN where a head has none."""
    weights: npt.ArrayLike
    """How much each counts beside a real label, above 0; a number or shape (n,)."""
    by_fold: npt.NDArray[np.float64] | None = None
    """The same labels by models that have not seen the k-th calibration fold, shape (folds, n, t):
    else calibration sees, through the teacher, the labels that it is to be surprised by."""


def fit(
    texts: Sequence[str],
    labels: npt.ArrayLike,
    *,
    groups: Sequence[Any] | npt.NDArray[Any] | None = None,
    tops: Sequence[float],
    names: Sequence[str],
    settings: Settings = Settings(),  # noqa: B008  frozen
    seed: int = 0,
    weights: npt.ArrayLike | None = None,
    calibrating: npt.ArrayLike | None = None,
    unlabeled: Sequence[str] | None = None,
    pseudo: Pseudo | None = None,
) -> Model:
    """Return a calibrated model; the same arrays for the same arguments.

    One thread: how a sum is split between threads would show in its last bits.

    Args:
        texts: about 1,000 characters each.
        labels: shape (n, t), each from 0 to the top of its head; NaN where nobody judged.
        groups: what must not be split between training and calibration (a domain, a book), shape
            (n,); each distinct text for itself where None.
        tops: highest label of each head.
        names: of the heads.
        settings: sizes and weights.
        seed: of word vectors and folds.
        weights: how much each row counts, at least 0, shape (n,); all the same where None.
        calibrating: which rows are like the texts that will be scored, shape (n,) of bool: the
            others (hard cases that were picked, say) train only; all where None.
        unlabeled: texts that only teach which words go together.
        pseudo: texts labeled by another model. Where that model has seen `labels`, intervals come
            out too narrow, unless there is `Pseudo.by_fold`.

    Returns:
        A model that scores texts like these, at most 8,000 characters each.

    Raises:
        ConfigError: texts, labels or groups cannot be trained on; the message says which and why.
        MissingExtra: scikit-learn is not installed.
    """
    need("sklearn.isotonic")
    texts = check_texts(texts)
    names, highest = check_heads(names, tops)
    ys = check_labels(labels, len(texts), names, highest)
    ws = _weights(weights, len(texts))
    groups = _groups(groups, texts)
    like = np.ones(len(texts), bool) if calibrating is None else np.array(calibrating, dtype=bool)
    if like.shape != (len(texts),):
        raise ConfigError(f"training: calibrating must be {len(texts)} times true or false")
    used = ws > 0
    if not used.all():
        texts = [text for text, use in zip(texts, used, strict=True) if use]
        ys, ws, groups, like = ys[used], ws[used], groups[used], like[used]
    _enough(ys[like], names)
    fold = folds(ys[:, 0], groups, settings.calibration_folds, seed, _INSIDE)
    by_fold: Floats | None = None
    if pseudo is not None and len(pseudo.texts):
        more = check_texts(pseudo.texts, "pseudo-labeled text")
        added = check_labels(pseudo.labels, len(more), names, highest)
        heavy = _weights(np.broadcast_to(np.asarray(pseudo.weights, float), len(more)), len(more))
        live = heavy > 0
        texts = texts + [text for text, use in zip(more, live, strict=True) if use]
        ys, ws = np.concatenate([ys, added[live]]), np.concatenate([ws, heavy[live]])
        if pseudo.by_fold is not None:
            wanted = (settings.calibration_folds, *added.shape)
            if pseudo.by_fold.shape != wanted:
                raise ConfigError(
                    f"training: pseudo by_fold has shape {pseudo.by_fold.shape}, not {wanted}"
                )
            by_fold = pseudo.by_fold[:, live]
    if len(texts) > MOST:
        raise ConfigError(
            f"training: {len(texts):,} texts, the most is {MOST:,}: pass a sample of them, and the "
            "others as unlabeled"
        )
    with threadpool_limits(1):
        blocks = Blocks(
            texts,
            settings,
            seed,
            check_texts(() if unlabeled is None else unlabeled, "unlabeled text"),
        )
        return _calibrated(blocks, ys, ws, fold, like, by_fold, highest, names)


def _calibrated(
    blocks: Blocks,
    labels: Floats,
    weights: Floats,
    fold: npt.NDArray[np.intp],
    like: npt.NDArray[np.bool_],
    by_fold: Floats | None,
    tops: Sequence[float],
    names: Sequence[str],
) -> Model:
    """Return the model of all rows, calibrated on the first ones: those that have a fold."""
    settings, real = blocks.settings, len(fold)
    plain = blocks.solve(labels, weights, tops, names)
    raw, familiar = np.zeros((real, len(tops))), np.zeros(real)
    for k in np.unique(fold):
        known = np.append(fold != k, np.ones(len(labels) - real, dtype=bool))
        told = labels if by_fold is None else np.concatenate([labels[:real], by_fold[k]])
        raw[fold == k] = blocks.held_out(told, weights, known)
        familiar[fold == k] = blocks.familiar(known)
    curves, spreads = [], []
    for t, top in enumerate(tops):
        of = np.flatnonzero(~np.isnan(labels[:real, t]) & like)
        ys, ws = labels[of, t], weights[of]
        xs, means = curve(raw[of, t], ys, ws, settings.calibration_bins)
        curves.append((xs, means))
        calibrated = np.clip(np.interp(raw[of, t], xs, means), 0.0, top)
        spreads.append(spread(calibrated, ys, ws, settings.calibration_interval))
    # a small vocabulary knows few words of a text like those that it was taken from
    full = min(settings.guard_full, 0.6 * float(np.median(familiar[like])))
    low = settings.guard_low * full / settings.guard_full
    if full <= 0:
        raise ConfigError(
            "training: texts of different groups have no words in common: give more texts, or "
            "unlabeled texts of the same kind"
        )
    return replace(
        plain,
        curve=same_length(curves, rise=0.05),
        spread=same_length(spreads, rise=0.0),
        guard=np.array([(low, full), *_guards(blocks.guarded, labels[:, 0], like, tops[0])]),
    )


def _guards(
    measured: Floats, labels: Floats, like: npt.NDArray[np.bool_], top: float
) -> list[tuple[float, float]]:
    """Return from where to where each guarded measure makes good texts worth less.

    Below all but one in a thousand of the good texts, and in full half as far below as their median
    is above (or at half of a limit above 0): words in any order lie much lower, but a lesson full
    of formulas, of a kind that training has not seen, just below. Good ones have the upper half of
    the first head's labels; of few, nothing can be said of their thousandth. Those that calibrate
    and all together (a teacher knows good texts of more kinds) each give a limit, and the lower one
    holds.
    """
    good = labels >= top / 2
    limits = []
    for texts in (measured[: len(like)][good[: len(like)] & like], measured[good]):
        if len(texts) < GOOD:
            return [OFF] * measured.shape[1]
        full, middle = np.quantile(texts, (0.001, 0.5), axis=0)
        low = np.maximum(
            full - np.maximum(0.5 * (middle - full), 1e-3), np.where(full > 0, full / 2, -np.inf)
        )
        limits.append((low, full))
    low, full = np.min(limits, axis=0)
    return list(zip(low.tolist(), full.tolist(), strict=True))


def folds(
    labels: Floats, groups: npt.NDArray[Any], count: int, seed: int, setting: str = "folds"
) -> npt.NDArray[np.intp]:
    """Return the fold of each row: groups stay whole, the mix of labels is about the same.

    Raises:
        ConfigError: there are fewer groups than folds, or `count` or `seed` is no number for it;
            `setting` is what `count` is called.
    """
    for what, value, least, most in (("folds", count, 2, MOST), ("seed", seed, 0, 2**32 - 1)):
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise ConfigError(
                f"training: {what} = {value!r} must be a whole number from {least} to {most:,}"
            )
    there = len(np.unique(groups))
    if there < count:
        raise ConfigError(
            f"training: {there} groups cannot be put into {count} folds: give finer groups (or "
            f"none: then only equal texts are a group), or fewer {setting}"
        )
    splitter = need("sklearn.model_selection").StratifiedGroupKFold(
        count, shuffle=True, random_state=seed
    )
    classes = np.rint(np.nan_to_num(labels, nan=-1.0)).astype(int)
    if np.unique(classes, return_counts=True)[1].max() < count:
        classes = np.zeros(len(labels), dtype=int)  # too few of any label for a mix
    fold = np.zeros(len(labels), dtype=np.intp)
    with warning.catch_warnings():
        warning.filterwarnings("ignore", "The least populated class", UserWarning)
        for k, (_, held) in enumerate(splitter.split(classes, classes, groups)):
            fold[held] = k
    return fold


def key(text: str) -> str:
    """Return the sha256 of a text as hexadecimal digits; lone surrogates are allowed.

    >>> key("water")[:8]
    '0f416849'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_texts(texts: Sequence[str], what: str = "text") -> list[str]:
    """Return texts as a list.

    Raises:
        ConfigError: it is one text, or a table, or a row is not a string; the message names the
            row.
    """
    if isinstance(texts, (str, bytes)):
        raise ConfigError(f"training: a list of {what}s is needed, not one {what}")
    if isinstance(texts, Mapping) or hasattr(texts, "columns") or getattr(texts, "ndim", 1) != 1:
        # a table would pass for the list of its column's names
        raise ConfigError(f"training: a list of {what}s is needed: give that column of the table")
    listed = getattr(texts, "to_pylist", None) or getattr(texts, "tolist", None)
    rows: list[Any] = list(texts) if listed is None else listed()
    for i, text in enumerate(rows):
        if not isinstance(text, str):
            kind = type(text).__name__
            raise ConfigError(f"training: {what} {i} is of type {kind}, it must be a string")
    return rows


def check_labels(
    labels: npt.ArrayLike, count: int, names: Sequence[str], tops: Sequence[float]
) -> Floats:
    """Return labels as an array of shape (n, t); None becomes NaN.

    Raises:
        ConfigError: the shape is another, or a label is off its scale; row and head are named.
    """
    try:
        ys = np.array(labels, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"training: labels must be numbers, NaN or None: {error}") from None
    if ys.ndim == 1:
        ys = ys[:, None]
    if ys.shape != (count, len(names)):
        raise ConfigError(
            f"training: labels have shape {ys.shape}, {count} texts and {len(names)} heads "
            f"({', '.join(names)}) need {(count, len(names))}"
        )
    for t, (name, top) in enumerate(zip(names, tops, strict=True)):
        off = np.flatnonzero(~np.isnan(ys[:, t]) & ~((ys[:, t] >= 0) & (ys[:, t] <= top)))
        if len(off):
            raise ConfigError(
                f"training: label {ys[off[0], t]:g} of row {off[0]} and head {name!r} is off its "
                f"scale, 0 to {top:g}"
            )
    return ys


def check_heads(names: Sequence[str], tops: Sequence[float]) -> tuple[list[str], list[float]]:
    """Return names and tops of the heads as lists.

    Raises:
        ConfigError: they are no lists of names and of numbers, one of each a head.
    """
    try:
        heads, highest = [str(name) for name in names], [float(top) for top in tops]
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(
            f"training: names = {names!r} and tops = {tops!r} must be lists of names and of numbers"
        ) from None
    good = all(name.strip() and name.isprintable() and len(name) <= 100 for name in heads)
    if isinstance(names, str) or not heads or len(set(heads)) != len(heads) or not good:
        raise ConfigError(
            f"training: names = {names!r} must be a list of distinct names, printable and of up to "
            "100 characters"
        )
    if len(highest) != len(heads):
        raise ConfigError(f"training: {len(heads)} names and {len(highest)} tops: one of each")
    for name, top in zip(heads, highest, strict=True):
        if not 0 < top <= 1_000:
            raise ConfigError(f"training: top {top:g} of head {name!r} must be above 0, up to 1000")
    return heads, highest


def _weights(weights: npt.ArrayLike | None, count: int) -> Floats:
    if weights is None:
        return np.ones(count)
    ws = np.array(weights, dtype=np.float64)
    if ws.shape != (count,) or not ((ws >= 0) & (ws <= _HEAVIEST)).all():
        raise ConfigError(f"training: weights must be {count} numbers from 0 to {_HEAVIEST:g}")
    return ws


def _groups(groups: Sequence[Any] | npt.NDArray[Any] | None, texts: list[str]) -> npt.NDArray[Any]:
    """Return groups as one array that can be sorted; equal texts are one group where None."""
    if groups is None:
        return np.array([key(text) for text in texts])
    found = groups if isinstance(groups, np.ndarray) else np.array([str(g) for g in groups])
    if found.shape != (len(texts),):
        raise ConfigError(f"training: {len(found)} groups for {len(texts)} texts: one a text")
    return found.astype(str) if found.dtype.kind == "O" else found


def _enough(labels: Floats, names: Sequence[str]) -> None:
    for t, name in enumerate(names):
        there = int((~np.isnan(labels[:, t])).sum())
        if there < LEAST:
            raise ConfigError(
                f"training: head {name!r} has {there} labels to train on, it needs at least "
                f"{LEAST} (cross-validation leaves some out)"
            )
