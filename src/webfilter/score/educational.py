"""How much a text would teach: `Educational`, a packaged regression over words.

The model is small and reads words, not arguments: it knows the vocabulary and manner of teaching
texts. It was trained on English web text and textbooks; put `Language` before it. What it does not
do: check facts, notice a subtle error, or judge text in other languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from webfilter.document import Document, Value
from webfilter.score.packaged import checksum, load
from webfilter.score.windows import windows
from webfilter.stage import Rule, Scorer, Signal

__all__ = ["Educational"]

_TARGETS = ("educational", "reasoning", "lasting", "clean")
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

    An empty text scores 0 on every scale: nothing on the rubric holds for it, so no `min_score`
    above 0 lets it pass. Text whose words the model does not know (another language or script,
    random bytes) scores 0 too, rather than the average; the score falls off linearly below about
    the share of known words of the strangest English training texts.

    Raises:
        ConfigError: the packaged model is missing or damaged.

    >>> shop = "Add to cart. Free shipping on orders over $50. 20% off today only! Sign in."
    >>> Educational().measure(Document("shop", shop))["educational"] < 1.5
    True
    """

    name: ClassVar[str] = "educational"
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("educational", "float", "How much the text would teach", "score", 0, 5),
        Signal("educational_low", "float", "Low end of the 80 % interval", "score", 0, 5),
        Signal("educational_high", "float", "High end of the 80 % interval", "score", 0, 5),
        Signal("reasoning", "float", "Explanation, argument, derivation", "score", 0, 3),
        Signal("lasting", "float", "Knowledge still of use in years", "score", 0, 2),
        Signal("clean", "float", "Running text, not boilerplate", "score", 0, 2),
    )

    min_score: float | None = 2.5
    """Least `educational`, 0-5; None only measures."""
    min_reasoning: float | None = None
    """Least `reasoning`, 0-3."""
    min_lasting: float | None = None
    """Least `lasting`, 0-2."""
    min_clean: float | None = None
    """Least `clean`, 0-2."""

    def __post_init__(self) -> None:
        super().__post_init__()
        load("educational")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One rule for each limit that is not None."""
        limits = (self.min_score, self.min_reasoning, self.min_lasting, self.min_clean)
        return tuple(
            Rule(name, ge=limit)
            for name, limit in zip(_TARGETS, limits, strict=True)
            if limit is not None
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The checksum of the packaged model."""
        return {"educational.npz": f"sha256:{checksum('educational')}"}

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return scores and interval of each document; the same bits in any batch."""
        model = load("educational")
        pieces = [windows(doc.text) for doc in docs]
        scores = model.predict([piece for group in pieces for piece in group]).values
        means = np.round(_means(scores, pieces), _DIGITS)
        ends = np.round(model.intervals(means[:, 0]), _DIGITS)
        ends[[not group for group in pieces]] = 0.0  # nothing there: no doubt about it
        names = (*_TARGETS, "educational_low", "educational_high")
        rows = np.column_stack([means, ends]).tolist()
        return [dict(zip(names, row, strict=True)) for row in rows]


def _means(
    scores: npt.NDArray[np.float64], pieces: Sequence[Sequence[str]]
) -> npt.NDArray[np.float64]:
    """Return the mean of each document's windows, weighted by their lengths; zeros for none."""
    means = np.zeros((len(pieces), len(_TARGETS)))
    at = 0
    for i, group in enumerate(pieces):
        if len(group) == 1:
            means[i] = scores[at]
        elif group:
            lengths = [len(piece) for piece in group]
            rows = scores[at : at + len(group)].tolist()
            means[i] = [
                sum(n * value for n, value in zip(lengths, column, strict=True)) / sum(lengths)
                for column in zip(*rows, strict=True)
            ]
        at += len(group)
    return means
