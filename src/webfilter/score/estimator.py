"""`Estimator`: score texts with an estimator that you have in memory, scikit-learn's or your own.

All it must have is one method over a list of texts, such as ``predict``: a scikit-learn pipeline
with a vectorizer in front, a grid search around one, an object of your own class. It travels to
worker processes by its own pickle; nothing is ever unpickled from a path, so a recipe cannot name
one, and what is trained is kept as you keep it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from webfilter.document import Document, Value
from webfilter.errors import ConfigError, UnknownName
from webfilter.identity import code
from webfilter.score.foreign import at_least, by_windows, check_fields, score_signal, within
from webfilter.stage import Rule, Scorer, Signal

__all__ = ["Estimator"]

_DIGITS = 4
_ADDRESS = "_stop_words_id"
_PROBE = "A line of text, to see what the estimator returns."


@dataclass(frozen=True)
class Estimator(Scorer):
    """Score texts with an estimator in memory, and keep those that reach `min_score`.

    The estimator is asked about one short text when the stage is built, so that one that is not
    fitted, or does not take texts, is an error then and not on every page. What it returns is
    checked each time: one finite number a text; clipped to `low` and `high` where they are given;
    rounded to 4 decimals. A document on which it raises or answers nonsense is a failed one, and
    costs only itself. A blank text scores the least that is possible (`low`; 0 for probabilities);
    where there is no least, the estimator is asked.

    It must answer for each text alone: the same number, to within rounding, whatever else it is
    asked about at the same time. scikit-learn's do. One that does not (it scales by the batch, or
    draws random numbers) makes results depend on batches; `webfilter.testing.check_stage` tells.

    Two stages are equal when their estimators have the same pickle when the stages are built: do
    not fit an estimator again that is in a stage; build a new stage. A script that fits one anew is
    resumed if fitting gives the same again; a ``GridSearchCV`` notes how long it took, so give its
    ``best_estimator_``. The code of its class counts too, but not of what is inside it.

    Raises:
        ConfigError: the estimator lacks the method, is not fitted, does not return one number a
            text, or cannot be pickled; a field does not fit.
        UnknownName: it has no such class; carries the nearest one.

    >>> class Length:
    ...     def predict(self, texts):
    ...         return [len(text) / 100 for text in texts]
    >>> stage = Estimator(Length(), signal="hundreds", min_score=0.1)
    >>> [doc.live for doc in stage([Document("a", "Water boils."), Document("b", "No.")])]
    [True, False]
    """

    name: ClassVar[str] = "estimator"

    model: Any = field(compare=False)
    """The estimator, fitted. It sees plain lists of str."""
    signal: str = "estimate"
    """What the signal is called."""
    min_score: float | None = None
    """Least score; None only measures."""
    method: Literal["predict", "predict_proba", "expected", "decision_function"] = "predict"
    """``predict`` (a number a text), ``predict_proba`` (the probability of `label`), ``expected``
    (the mean of the classes, which are numbers, by their probabilities: a finer score than the
    likeliest class) or ``decision_function``."""
    label: str | int | float | None = None
    """The class whose probability is the score; needed where there are more than two. Of two the
    second, as scikit-learn orders them. With ``predict`` of a model that has several heads, as an
    `EducationalTrainer` may, the head: one of its ``names_``."""
    low: float | None = None
    """Least possible score; lower ones are set to it. None: 0 for probabilities, else unbounded."""
    high: float | None = None
    """Greatest possible score; higher ones are set to it. None: 1 for probabilities."""
    window: int | None = None
    """Longest piece that is scored, in characters; a longer text scores the mean of its pieces,
    weighted by length. None scores the whole text at once."""
    windows: int = 8
    """Largest number of pieces; a longer text is sampled, evenly."""
    sha256: str = field(init=False, repr=False, default="")
    """Checksum of the estimator's pickle."""

    def __post_init__(self) -> None:
        super().__post_init__()
        what = "predict_proba" if self.method == "expected" else self.method
        if not callable(getattr(self.model, what, None)):
            hint = " (models are not read from paths: build the stage in Python)"
            raise ConfigError(
                f"{self.name}: model = {_short(self.model)} has no method {what}"
                f"{hint if isinstance(self.model, str) else ''}"
            )
        heads = self.method == "predict" and hasattr(self.model, "names_")
        if self.label is not None and self.method != "predict_proba" and not heads:
            raise ConfigError(
                f"{self.name}: label goes with method = 'predict_proba' only, or with a fitted "
                "model of several heads"
            )
        if self.method == "predict_proba":
            object.__setattr__(self, "low", 0.0 if self.low is None else self.low)
            object.__setattr__(self, "high", 1.0 if self.high is None else self.high)
        check_fields(self.name, self.signal, self.min_score, self.low, self.high)
        for key in ("window", "windows"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise ConfigError(f"{self.name}: {key} = {value} is not at least 1")
        self._probe()  # first: some keep what they work out for the first text
        object.__setattr__(self, "sha256", self._digest())

    def _digest(self) -> str:
        try:
            # once through pickle first: then what is pickled again has the same bytes for ever
            data = _pickled(pickle.loads(pickle.dumps(self.model, 5)), pickle.Pickler)
        except Exception as problem:
            try:
                import cloudpickle

                data = _pickled(self.model, cloudpickle.Pickler)
            except Exception:
                raise ConfigError(
                    f"{self.name}: model = {_short(self.model)} cannot be pickled ({problem}); "
                    "define its parts in a module, without lambdas, or "
                    'pip install "webfilter[workers]"'
                ) from problem
        return hashlib.sha256(data).hexdigest()

    def _probe(self) -> None:
        try:
            self._scores([_PROBE])
        except ConfigError:
            raise
        except Exception as error:
            raise ConfigError(
                f"{self.name}: model = {_short(self.model)} cannot score a text by {self.method}: "
                f"{type(error).__name__}: {error}"
            ) from error

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """The one score."""
        about = f"Score by {type(self.model).__name__}.{self.method}"
        return score_signal(self.signal, about, self.low, self.high)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One, unless `min_score` is None."""
        return at_least(self.signal, self.min_score)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The class of the estimator, its checksum, and the version or the code of that class."""
        kind = type(self.model)
        package = kind.__module__.partition(".")[0]
        found = {self.signal: f"{kind.__module__}.{kind.__qualname__} sha256:{self.sha256}"}
        if package == "sklearn":
            import sklearn

            found["scikit-learn"] = str(sklearn.__version__)
        elif own := code(kind):
            told = json.dumps(own, sort_keys=True).encode()
            found["code"] = f"sha256:{hashlib.sha256(told).hexdigest()}"
        return found

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the score of each text."""
        texts = [doc.text for doc in docs]
        scores = by_windows(texts, self._scores, self.window, self.windows, self.low)
        return [{self.signal: within(s, self.low, self.high, _DIGITS)} for s in scores]

    def _scores(self, texts: list[str]) -> list[float]:
        """Return the estimator's answer as one float a text, checked.

        Raises:
            TypeError, ValueError: the answer is not one finite number a text.
        """
        who = f"{type(self.model).__name__}.{self.method}"
        if self.method in ("predict_proba", "expected"):
            answer = self.model.predict_proba(texts)
        else:
            answer = getattr(self.model, self.method)(texts)
        rows = answer.tolist() if hasattr(answer, "tolist") else list(answer)
        if len(rows) != len(texts):
            raise ValueError(f"{who} returned {len(rows)} rows for {len(texts)} texts")
        if self.method in ("predict_proba", "expected"):
            return [self._of_classes(row, who) for row in rows]
        return [_number(self._of_heads(row), who) for row in rows]

    def _of_heads(self, row: Any) -> Any:
        """Return what a model of several heads says by the one asked for; else `row`."""
        heads = list(getattr(self.model, "names_", ()))
        several = isinstance(row, list) and len(row) == len(heads) > 1
        if self.label is not None and self.label not in heads:
            raise UnknownName(f"head of {type(self.model).__name__}", str(self.label), heads)
        if self.label is None and several:
            raise ConfigError(
                f"{self.name}: the model has {len(heads)} heads: give label = one of "
                f"{', '.join(map(str, heads))}"
            )
        return row[heads.index(self.label)] if several else row

    def _of_classes(self, row: Any, who: str) -> float:
        if not isinstance(row, (list, tuple)):
            raise TypeError(f"{who} must return one probability a class, not {row!r}")
        classes = list(getattr(self.model, "classes_", range(len(row))))
        if len(classes) != len(row):
            raise ValueError(f"{who} returned {len(row)} probabilities for {len(classes)} classes")
        values = [_number(value, who) for value in row]
        if self.method == "expected":
            numbers = [_number(c, f"{who}: a class") for c in classes]
            return math.fsum(c * p for c, p in zip(numbers, values, strict=True))
        if self.label is None:
            if len(row) != 2:
                shown = ", ".join(map(str, classes))
                raise ConfigError(
                    f"{self.name}: the estimator has {len(row)} classes: give label = one of "
                    f"{shown}, or method = 'expected' where they are numbers"
                )
            return values[1]
        for known, value in zip(classes, values, strict=True):
            if known == self.label:
                return value
        raise UnknownName(
            f"class of {type(self.model).__name__}", str(self.label), map(str, classes)
        )


def _pickled(model: Any, kind: Any) -> bytes:
    """Return the pickle of `model`, without where something lies in this process's memory.

    scikit-learn's vectorizers note the address of their list of stop words: the same model has
    another one in each process, and a run of it would not know its own journal.
    """

    class Pickler(kind):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if not isinstance(obj, type) and _ADDRESS in getattr(obj, "__dict__", ()):
                make, given, state, *rest = obj.__reduce_ex__(5)
                if isinstance(state, dict):
                    told = {name: part for name, part in state.items() if name != _ADDRESS}
                    return make, given, told, *rest
            own = getattr(super(), "reducer_override", None)
            return NotImplemented if own is None else own(obj)

    out = io.BytesIO()
    Pickler(out, 5).dump(model)
    return out.getvalue()


def _number(value: Any, who: str) -> float:
    if isinstance(value, list) and len(value) == 1:  # a column of its own
        [value] = value
    if hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, (int, float)):
        kind = f"{len(value)} values" if isinstance(value, list) else repr(value)
        hint = "; take method = 'predict_proba'" if isinstance(value, str) else ""
        raise TypeError(f"{who} must return one number a text, not {kind}{hint}")
    if not math.isfinite(value):
        raise ValueError(f"{who} returned {value}")
    return float(value)


def _short(model: Any) -> str:
    text = " ".join(repr(model).split())
    return text if len(text) <= 100 else f"{text[:97]}..."
