"""Train a model of your own: `EducationalTrainer`, a regressor of scikit-learn over texts.

It clones, pickles and stands in `GridSearchCV`, `cross_val_score` and `Pipeline` like any other.
`train` does everything in one call: fit, calibrate, evaluate by group, write model, card and
pictures. scikit-learn is needed to train, not to load and predict.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError, SourceError, UnknownName
from webfilter.score import figures
from webfilter.score.calibrate import need
from webfilter.score.fit import Pseudo, Settings, check_heads, check_labels, check_texts, fit, key
from webfilter.score.groups import grouped
from webfilter.score.model import Model
from webfilter.score.packaged import tried
from webfilter.score.pages import pages
from webfilter.score.teacher import Encoder, Teacher, distill
from webfilter.score.training import Step, TrainingReport, flaws, head_report
from webfilter.score.validate import cross_validate, cut, judge, learning
from webfilter.score.written import make_folder, write_file, write_training

__all__ = ["TOPS", "EducationalTrainer"]

Floats = npt.NDArray[np.float64]
Column = npt.ArrayLike | Sequence[float | None]
Labels = Column | Sequence[Sequence[float | None]] | Mapping[str, Column]

TOPS = {"educational": 5.0, "reasoning": 3.0, "lasting": 2.0, "clean": 2.0}
"""Highest score of the heads of our rubric."""

_LOG = logging.getLogger("webfilter")


class EducationalTrainer:
    """A small calibrated regression over texts, for any number of heads from 0 to a top.

    A text longer than 1,000 characters is cut into windows, as the stage `Educational` does: they
    share its label and weight, and its score is their mean by length. A blank text scores 0 and
    teaches nothing.

    `score` is R2, as of every regressor of scikit-learn, unless `scoring` says otherwise.
    ``scoring=`` of `GridSearchCV` takes scikit-learn's names, such as "neg_mean_absolute_error".
    Settings are searched as ``settings__ridge_penalty`` and so on.

    Args:
        names: of the heads; where None, the keys of `y` if it is a dict, else "educational" for
            one head and "head_1", "head_2", ... for several.
        tops: highest label of each head; where None, that of our rubric for its names, and the
            highest label, rounded up, for others. Give them in a search: folds may differ.
        settings: sizes and weights; the defaults of `Settings` where None.
        seed: of word vectors and folds; the same seed gives the same bytes.
        scoring: what `score` returns, the mean over heads: "r2", "kappa" (quadratic, of rounded
            values), "pearson", "spearman", or "mae" (negative, so that more is better).

    >>> texts = [f"{word} {n % 7} because of a cart" for n in range(30)
    ...          for word in ("energy", "sale")]
    >>> trainer = EducationalTrainer(tops=[5]).fit(texts, [4, 0] * 30)
    >>> lesson, shop = trainer.predict(["energy 3 because of a cart", "sale 3 because of a cart"])
    >>> bool(lesson > 3.5), bool(shop < 0.5)
    (True, True)
    """

    _estimator_type = "regressor"  # for scikit-learn before 1.6

    model_: Model
    """After `fit`: the model."""
    names_: tuple[str, ...]
    """After `fit`: names of the heads, in the order of columns."""
    tops_: tuple[float, ...]
    """After `fit`: the highest label of each head."""
    single_: bool
    """Whether it was fitted to one column of labels, shape (n,), and predicts so."""

    def __init__(
        self,
        names: Sequence[str] | None = None,
        tops: Sequence[float] | None = None,
        settings: Settings | None = None,
        seed: int = 0,
        scoring: str = "r2",
    ) -> None:
        self.names = names
        self.tops = tops
        self.settings = settings
        self.seed = seed
        self.scoring = scoring

    # -- as scikit-learn expects it -------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of the constructor, and with `deep` each setting too."""
        found = {name: getattr(self, name) for name in _arguments()}
        if deep:
            found |= {f"settings__{name}": value for name, value in asdict(self._settings).items()}
        return found

    def set_params(self, **params: Any) -> Self:
        """Set arguments of the constructor, or single settings as ``settings__name``.

        Raises:
            UnknownName: there is no such argument or setting.
        """
        known = [*_arguments(), *(f"settings__{field.name}" for field in fields(Settings))]
        for name in params:
            if name not in known:
                raise UnknownName("parameter of EducationalTrainer", name, known)
        whole = {name: value for name, value in params.items() if "__" not in name}
        for name, value in whole.items():
            setattr(self, name, value)
        parts = {
            name.removeprefix("settings__"): value
            for name, value in params.items()
            if name not in whole
        }
        if parts:
            self.settings = replace(self._settings, **parts)
        return self

    def fit(
        self,
        X: Sequence[str],
        y: Labels,
        groups: Sequence[Any] | npt.NDArray[Any] | None = None,
        sample_weight: npt.ArrayLike | None = None,
        *,
        unlabeled: Sequence[str] | None = None,
        pseudo: Pseudo | None = None,
    ) -> Self:
        """Train and calibrate on texts.

        Args:
            X: texts.
            y: labels, shape (n,) or (n, t), or a dict of columns by head; NaN or None where nobody
                judged.
            groups: what calibration must not split, such as URLs (their domain counts) or books;
                each distinct text for itself where None.
            sample_weight: how much each text counts, shape (n,): as if it stood there so often, so
                large ones weaken the ridge's penalty. Around 1 the default is right.
            unlabeled: texts that only teach which words go together.
            pseudo: texts that a teacher labeled.

        Raises:
            ConfigError: texts or labels cannot be trained on; the message says which and why.
            MissingExtra: scikit-learn is not installed.
        """
        texts = check_texts(X)
        ys, names, tops, single = self._heads(texts, y)
        weights = None if sample_weight is None else _column(sample_weight, len(texts))
        found = grouped(groups, texts)
        more = check_texts(() if unlabeled is None else unlabeled, "unlabeled text")
        self.model_ = self._fit(texts, ys, found, names, tops, weights, more, pseudo)
        self.names_, self.tops_, self.single_ = tuple(names), tuple(tops), single
        return self

    def predict(self, X: Sequence[str]) -> Floats:
        """Return calibrated scores, shape (n,) or (n, t) as the labels were."""
        scores = pages(self._model(), check_texts(X))
        return scores[:, 0] if self.single_ else scores

    def predict_interval(self, X: Sequence[str]) -> Floats:
        """Return low and high end of the interval, shape (n, 2) or (n, t, 2)."""
        _, ends = judge(self._model(), check_texts(X))
        return ends[:, 0] if self.single_ else ends

    def score(
        self,
        X: Sequence[str],
        y: Labels,
        sample_weight: npt.ArrayLike | None = None,
    ) -> float:
        """Return the figure that `scoring` names, the mean over heads; more is better.

        Raises:
            UnknownName: there is no such figure.
            ConfigError: texts, labels or weights do not fit each other; the message says how.
        """
        if self.scoring not in figures.SCORING:
            raise UnknownName("scoring of EducationalTrainer", self.scoring, figures.SCORING)
        if sample_weight is not None and self.scoring != "r2":
            raise ConfigError(
                f"EducationalTrainer: scoring = {self.scoring!r} knows no sample_weight; r2 does"
            )
        texts = check_texts(X)
        scores = self.predict(texts).reshape(len(texts), len(self.tops_))
        named = _by_name(y)
        columns = _stacked(named, self.names_, len(texts)) if isinstance(named, Mapping) else named
        ys = check_labels(columns, len(texts), self.names_, [np.inf] * len(self.names_))
        weights = None if sample_weight is None else _column(sample_weight, len(texts))
        found = []
        for t, top in enumerate(self.tops_):
            if self.scoring == "r2":
                found.append(figures.r2(ys[:, t], scores[:, t], weights))
            elif self.scoring == "kappa":
                found.append(figures.kappa(ys[:, t], scores[:, t], top))
            else:
                value = getattr(figures, self.scoring)(ys[:, t], scores[:, t])
                found.append(-value if self.scoring == "mae" else value)
        return float(np.mean(found))

    def __sklearn_tags__(self) -> Any:
        utils = need("sklearn.utils")
        return utils.Tags(
            estimator_type="regressor",
            target_tags=utils.TargetTags(required=True, multi_output=True),
            input_tags=utils.InputTags(one_d_array=True, two_d_array=False, string=True),
            regressor_tags=utils.RegressorTags(),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __repr__(self) -> str:
        default = inspect.signature(type(self).__init__).parameters
        given = [
            f"{name}={value!r}"
            for name, value in self.get_params(deep=False).items()
            if repr(value) != repr(default[name].default)  # arrays have no one `!=`
        ]
        return f"{type(self).__name__}({', '.join(given)})"

    # -- files -----------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the model as ``.npz``, plain arrays; the same bytes for the same model.

        Raises:
            OutputError: it cannot be written.
        """
        return write_file(Path(path), self._model().save())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return a fitted trainer from a file that `save` or `train` wrote. Nothing is unpickled.

        Raises:
            SourceError: there is no such file.
            ConfigError: it is no model, or belongs to another version of webfilter.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise SourceError(
                f"EducationalTrainer: {path}: {error.strerror or error}; give the model.npz that "
                "train or save wrote"
            ) from None
        try:
            model = tried(data)
        except Exception as error:  # zipfile and numpy raise many kinds
            raise ConfigError(f"EducationalTrainer: {path} is no model: {error}") from error
        found = cls(names=tuple(map(str, model.names)), tops=tuple(map(float, model.top)))
        found.model_ = model
        found.names_, found.tops_ = tuple(map(str, model.names)), tuple(map(float, model.top))
        found.single_ = len(found.names_) == 1
        return found

    # -- everything in one call ------------------------------------------------------------------

    def train(
        self,
        texts: Sequence[str],
        labels: Labels,
        *,
        groups: Sequence[Any] | npt.NDArray[Any] | None = None,
        out: str | Path | None = None,
        unlabeled: Sequence[str] | None = None,
        teacher: Teacher | Encoder | None = None,
        ids: Sequence[str] | None = None,
        folds: int = 5,
        learning_curve: bool = False,
        show_texts: bool = False,
    ) -> TrainingReport:
        """Train, calibrate, evaluate by groups held out, and write model, card and pictures.

        Args:
            texts: of any length.
            labels: as for `fit`.
            groups: URLs, whose domain counts, or other groups; each distinct text where None.
            out: folder for ``model.npz``, ``manifest.json``, ``report.json``, ``card.md`` and
                pictures; nothing is written where None.
            unlabeled: texts without labels: for word vectors, and for the teacher to label.
            teacher: a `Teacher`, or an encoder with a method ``encode``; it labels `unlabeled`, and
                is used where cross-validation finds that it helps.
            ids: names of the texts for the list of disagreements; row numbers where None.
            folds: of the evaluation.
            learning_curve: evaluate on an eighth, a quarter and half of the groups too, where that
                is enough to train on.
            show_texts: put texts into the list of disagreements.

        Returns:
            Every figure. The trainer is fitted to all texts afterwards.

        Raises:
            ConfigError: texts, labels or groups cannot be trained on; the message says why.
            OutputError: the folder cannot be written; told before the work where that is known.
        """
        rows = check_texts(texts)
        ys, names, tops, single = self._heads(rows, labels)
        found = grouped(groups, rows)
        more = check_texts(() if unlabeled is None else unlabeled, "unlabeled text")
        named = [f"row {i}" for i in range(len(rows))] if ids is None else [str(i) for i in ids]
        if len(named) != len(rows):
            raise ConfigError(f"EducationalTrainer: {len(named)} ids for {len(rows)} texts")
        if out is not None:
            make_folder(Path(out))

        def make(of: npt.NDArray[np.intp]) -> Model:
            part = [rows[i] for i in of]
            return self._fit(part, ys[of], found[of], names, tops, None, more, None)

        told, pseudo, vocabulary = None, None, more
        if teacher is not None:
            if not more:
                raise ConfigError("EducationalTrainer: a teacher needs unlabeled texts to label")
            known = teacher if isinstance(teacher, Teacher) else Teacher(teacher)
            result = distill(
                rows, ys, more, known, groups=found, names=names, tops=tops,
                settings=self._settings, seed=self.seed, folds=folds,
            )  # fmt: skip
            told, pseudo = result.to_dict(), result.pseudo
            vocabulary = more if pseudo is None else []  # they are trained on as they are
            scores, ends = result.scores, result.ends
        else:
            scores, ends = cross_validate(rows, ys, found, make, folds, self.seed)
        steps = learning(rows, ys, found, make, folds, self.seed) if learning_curve else []
        self.model_ = self._fit(rows, ys, found, names, tops, None, vocabulary, pseudo)
        self.names_, self.tops_, self.single_ = tuple(names), tuple(tops), single
        heads = tuple(
            head_report(
                name, top, ys[:, t], scores[:, t], ends[:, t], found, named,
                worst=20 if t == 0 else 5, texts=rows if show_texts else None, seed=self.seed,
            )
            for t, (name, top) in enumerate(zip(names, tops, strict=True))
        )  # fmt: skip
        data, wanted = self.model_.save(), self._settings.calibration_interval
        report = TrainingReport(
            heads=heads,
            texts=len(rows),
            groups=len(np.unique(found)),
            folds=int(folds),  # NumPy's integers stand in no JSON
            seed=int(self.seed),
            coverage_wanted=wanted,
            settings=asdict(self._settings),
            texts_sha256=hashlib.sha256("\n".join(map(key, rows)).encode()).hexdigest(),
            labels_sha256=hashlib.sha256(ys.astype("<f8").tobytes()).hexdigest(),
            model_sha256=hashlib.sha256(data).hexdigest(),
            model_bytes=len(data),
            unlabeled=len(more),
            warnings=tuple(flaws(rows, ys, found, groups is None, heads, wanted)),
            learning=tuple(
                Step(size, figures.agreement(ys[:, 0], held, tops[0])) for size, held in steps
            ),
            teacher=told,
        )
        for text in report.warnings:
            _LOG.warning("EducationalTrainer: %s", text)
        return report if out is None else write_training(report, Path(out), data)

    # -- inside ----------------------------------------------------------------------------------

    @property
    def _settings(self) -> Settings:
        if self.settings is None:
            return Settings()
        if not isinstance(self.settings, Settings):
            kind = type(self.settings).__name__
            raise ConfigError(f"EducationalTrainer: settings is of type {kind}, not Settings")
        return self.settings

    def _model(self) -> Model:
        if not hasattr(self, "model_"):
            message = "EducationalTrainer: call fit or load before predict"
            try:
                raise need("sklearn.exceptions").NotFittedError(message)
            except ImportError:
                raise ConfigError(message) from None
        return self.model_

    def _heads(
        self, texts: list[str], labels: Labels
    ) -> tuple[Floats, list[str], list[float], bool]:
        """Return labels (n, t), names, tops, and whether labels were one column."""
        if isinstance(self.names, str) or not (self.names is None or np.iterable(self.names)):
            raise ConfigError(f"training: names = {self.names!r} must be a list of names")
        names = None if self.names is None else [str(name) for name in self.names]
        values: Any = _by_name(labels)
        if isinstance(values, Mapping):
            names = names or [str(name) for name in values]
            values = _stacked(values, names, len(texts))
        try:
            array = np.array(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"training: labels must be numbers, NaN or None: {error}") from None
        if not len(texts) or not array.size:
            raise ConfigError("training: there are no texts, or no labels")
        if not array.ndim:
            raise ConfigError(f"training: labels = {labels!r} is one number: one a text is needed")
        single = array.ndim == 1
        width = 1 if single else array.shape[-1]
        if names is None:
            names = ["educational"] if width == 1 else [f"head_{t + 1}" for t in range(width)]
        columns = array.reshape(len(array), -1)
        found = [_top(name, columns[:, t : t + 1]) for t, name in enumerate(names)]
        names, tops = check_heads(names, found if self.tops is None else self.tops)
        return check_labels(array, len(texts), names, tops), names, tops, single

    def _fit(
        self,
        texts: list[str],
        labels: Floats,
        groups: npt.NDArray[Any],
        names: Sequence[str],
        tops: Sequence[float],
        weights: Floats | None,
        unlabeled: Sequence[str],
        pseudo: Pseudo | None,
    ) -> Model:
        rows = cut(texts, weights)
        return fit(
            rows.texts,
            labels[rows.owner],
            groups=groups[rows.owner],
            tops=tops,
            names=names,
            settings=self._settings,
            seed=self.seed,
            weights=rows.weights,
            unlabeled=cut(unlabeled).texts,
            pseudo=pseudo,
        )


def _arguments() -> list[str]:
    found = inspect.signature(EducationalTrainer.__init__).parameters
    return [name for name in found if name != "self"]


def _by_name(labels: Any) -> Any:
    """Return a data frame as a dict of its columns, anything else as it is."""
    if not hasattr(labels, "columns"):
        return labels
    return {str(name): np.asarray(labels[name]) for name in labels.columns}


def _stacked(labels: Mapping[str, Column], names: Sequence[str], count: int) -> Floats:
    """Return the columns of `names` side by side, shape (n, t)."""
    for name in names:
        if name not in labels:
            raise UnknownName("head among the labels", name, map(str, labels))
    columns = [_column(labels[name], count, f"labels of {name!r}") for name in names]
    return np.array(columns, dtype=np.float64).T


def _column(values: Column, count: int, what: str = "sample_weight") -> Floats:
    try:
        found = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"training: {what} must be numbers: {error}") from None
    if found.shape != (count,):
        raise ConfigError(
            f"training: {what} have shape {found.shape}, {count} texts need ({count},)"
        )
    return found


def _top(name: str, labels: Floats) -> float:
    known = labels[np.isfinite(labels)]
    highest = float(known.max()) if len(known) else 0.0
    return max(TOPS.get(name, 1.0), float(np.ceil(highest)))
