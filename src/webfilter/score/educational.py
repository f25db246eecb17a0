"""How much a text would teach: `Educational`, a packaged regression over words.

The model is small and reads words, not arguments: it knows the vocabulary and manner of teaching
texts. It was trained on English web text and textbooks; put `Language` before it, and a limit on
words, since a few words score as the texts that have them ("neurons" alone: 4). What it does not
do: check facts, notice a subtle error, or judge text in other languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.models.running import loading
from webfilter.score.model import Model
from webfilter.score.packaged import checksum, load, load_file, load_reader
from webfilter.score.pages import read_pages
from webfilter.score.reader import Reader
from webfilter.stage import Rule, Scorer, Signal

__all__ = ["Educational"]

Floats = npt.NDArray[np.float64]

_TOPS = {"educational": 5, "reasoning": 3, "lasting": 2, "clean": 2}
_TARGETS = tuple(_TOPS)
_LIMITS = ("min_score", "min_reasoning", "min_lasting", "min_clean")
_MEANING = {
    "educational": "How much the text would teach",
    "reasoning": "Explanation, argument, derivation",
    "lasting": "Knowledge still of use in years",
    "clean": "Running text, not boilerplate",
}
_DIGITS = 4


@dataclass(frozen=True)
class Educational(Scorer):
    """Score how much a text would teach, from 0 to 5, and keep what teaches enough.

    The scale is additive, after FineWeb-Edu (Penedo et al. 2024), in our own rubric (see
    ``classifiers/educational``): 0-1 shop, chatter, news; 2 informative; 3 of use in a course; 4-5
    textbook and tutorial. FineWeb-Edu keeps >= 3 of a rounded score, which is 2.5 here.

    A long text is cut into windows of at most 1,000 characters (the length that the model learned
    from), at most eight, evenly spread; the scores of its windows are averaged by length. The mean,
    because a page is trained on as a whole: the best window would let a page in for one good
    paragraph, the worst would throw out a chapter for its list of links.

    What a page says twice counts once: the share of its characters in lines (of 40 characters or
    more) that stood there before scores 0.

    An empty text scores 0 on every scale: nothing on the rubric holds for it, so no `min_score`
    above 0 lets it pass. Text whose words the model does not know (another language or script,
    random bytes) scores 0 too, rather than the average; the score falls off linearly below about
    the share of known words of the strangest English training texts.

    With `read_from`, documents that score so much are read: a small encoder (BERT's architecture,
    four layers, NumPy) judges their windows, and its scores, mixed with the others, take their
    place. It sees what a sum over words cannot: whether sentences say something. It is much slower
    (a dozen windows a second and core), so read only what may be kept; what scores below is as
    it was.

    Each score has an interval, which held 90 % of the labels around it in cross-validation. Labels
    are whole numbers, so its ends step over them now and then as the score rises.

    Raises:
        ConfigError: the model is missing or damaged, or lacks what a limit judges.

    >>> shop = "Add to cart. Free shipping on orders over $50. 20% off today only! Sign in."
    >>> Educational().measure(Document("shop", shop))["educational"] < 1.5
    True
    """

    name: ClassVar[str] = "educational"
    measures: ClassVar[tuple[Signal, ...]] = tuple(
        Signal(f"{head}{end}", "float", text, "score", 0, _TOPS[head])
        for head in _TARGETS
        for end, text in (
            ("", _MEANING[head]),
            ("_low", f"Low end of the 90 % interval of `{head}`"),
            ("_high", f"High end of the 90 % interval of `{head}`"),
        )
    )

    min_score: float | None = 2.5
    """Least `educational`, 0-5; None only measures."""
    min_reasoning: float | None = None
    """Least `reasoning`, 0-3."""
    min_lasting: float | None = None
    """Least `lasting`, 0-2."""
    min_clean: float | None = None
    """Least `clean`, 0-2."""

    model: str | Path | None = None
    """Path of a model of your own, as `EducationalTrainer` writes it; None is the packaged one. It
    scores the heads that it has, at least `educational`; signals of the others are None."""

    read_from: float | None = None
    """Least `educational`, 0-5, from which on a document is read; None reads none, 0 all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.model, Path):
            object.__setattr__(self, "model", str(self.model))
        if self.read_from is not None and self.model is not None:
            raise ConfigError(
                "educational: read_from belongs to the packaged model; leave it out with "
                f"model = {self.model!r}"
            )
        if self.read_from is not None and not 0 <= self.read_from <= _TOPS["educational"]:
            raise ConfigError(f"educational: read_from = {self.read_from} is not from 0 to 5")
        for field, head in zip(_LIMITS, _TARGETS, strict=True):
            limit = getattr(self, field)
            if limit is not None and not 0 <= limit <= _TOPS[head]:
                raise ConfigError(f"educational: {field} = {limit} is not from 0 to {_TOPS[head]}")
        _ = self._reader  # a damaged file is told of now, not in the middle of a run
        heads = _heads(self._model, self.model)
        for rule in (Rule("educational", ge=0), *self.rules):
            if rule.signal not in heads:
                raise ConfigError(
                    f"educational: the model {self.model!r} has no head {rule.signal!r}, which the "
                    f"stage needs; it has {', '.join(map(repr, heads))}"
                )

    @property
    def _model(self) -> Model:
        return load("educational") if self.model is None else load_file(self.model)[0]

    @property
    def _reader(self) -> Reader | None:
        return None if self.read_from is None else load_reader()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One rule for each limit that is not None."""
        limits = (getattr(self, field) for field in _LIMITS)
        return tuple(
            Rule(name, ge=limit)
            for name, limit in zip(_TARGETS, limits, strict=True)
            if limit is not None
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The checksums of what judges."""
        if self.model is not None:
            return {"model": f"sha256:{load_file(self.model)[1]}"}
        names = ("educational",) if self.read_from is None else ("educational", "reader")
        return {f"{name}.npz": f"sha256:{checksum(name)}" for name in names}

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return scores and intervals of each document; the same bits in any batch."""
        with loading(self.name):
            model, reader = self._model, self._reader
        means, read = read_pages(model, [doc.text for doc in docs], reader, self.read_from)
        means = np.round(means, _DIGITS)
        blank = [not doc.text or doc.text.isspace() for doc in docs]
        columns: dict[str, Floats] = {}
        for t, head in enumerate(model.names.tolist()):
            ends = model.intervals(means[:, t], t)
            if reader is not None:
                ends[read] = reader.intervals(means[read, t], t)
            ends = np.round(ends, _DIGITS)
            ends[blank] = 0.0  # nothing there: no doubt about it
            columns[head] = means[:, t]
            columns[f"{head}_low"], columns[f"{head}_high"] = ends.T
        table = np.column_stack(list(columns.values())).tolist()
        rows: list[dict[str, Value]] = [dict(zip(columns, row, strict=False)) for row in table]
        missing = {signal.name: None for signal in self.measures if signal.name not in columns}
        if missing:
            for row in rows:
                row.update(missing)
        return rows


def _heads(model: Model, path: str | Path | None) -> list[str]:
    """Return the heads of a model.

    Raises:
        ConfigError: one is unknown, or on another scale than its signal.
    """
    heads: list[str] = model.names.tolist()
    for head, top in zip(heads, model.top.tolist(), strict=True):
        if _TOPS.get(head) != top:
            scale = f"goes from 0 to {top:g}, the signal to {_TOPS[head]}" if head in _TOPS else (
                f"is none of {', '.join(_TARGETS)}"
            )  # fmt: skip
            raise ConfigError(
                f"educational: head {head!r} of the model {path!r} {scale}; use "
                f"Estimator(EducationalTrainer.load(path), label={head!r}, signal=...), or "
                "train with EducationalTrainer(names=rubric.names) on labels of our rubric, so "
                "that its heads are called like its scales"
            )
    return heads
