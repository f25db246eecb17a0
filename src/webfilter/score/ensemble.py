"""Several scores made one: `Ensemble` of the scores themselves, `RankEnsemble` of their ranks.

Both read signals that earlier stages measured, so they go with any models::

    Educational(min_score=None) | FastTextQuality("hq.bin", min_score=None) \\
        | Ensemble(("educational", "fasttext_quality"), min_score=0.5)

What they do not do: train weights. Scores of different models mean different things even on one
scale; where that matters take ranks, which compare each model with itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from webfilter.document import Document, Value
from webfilter.errors import ConfigError, UnknownName
from webfilter.score.educational import Educational
from webfilter.score.foreign import at_least, check_fields, score_signal
from webfilter.stage import CorpusStage, Filter, Rule, Signal

__all__ = ["Ensemble", "RankEnsemble"]

_DIGITS = 6

_RANGES = {signal.name: (signal.low or 0.0, signal.high or 1.0) for signal in Educational.measures}

Weights = dict[str, Counter[float]]
"""For each signal, how much text there is at each value."""


@dataclass(frozen=True)
class Ensemble(Filter):
    """Combine several scores of a document into one between 0 and 1, and judge that.

    Each signal is scaled to 0-1 by its range first. A document on which one of them is None has
    None too, which no rule judges. One whose value lies outside of its range is a failed document:
    the range was not the signal's.

    Raises:
        ConfigError: no signals, or one twice; a range or weight that does not fit.
        UnknownName: a range or weight for a signal that is not among `signals`.

    >>> both = Ensemble(("educational", "hq"), weights={"educational": 3})
    >>> both.measure(Document("a", signals={"educational": 2.5, "hq": 0.9}))
    {'quality': 0.6}
    """

    name: ClassVar[str] = "ensemble"

    signals: tuple[str, ...]
    """What to combine: signals that earlier stages measure."""
    how: Literal["mean", "max", "min"] = "mean"
    """``mean``; ``max``: good by any of them; ``min``: good by all of them."""
    min_score: float | None = None
    """Least combined score, 0-1; None only measures."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """For ``mean``: how much a signal counts; those not named count 1."""
    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Least and greatest value of a signal, as ``{"logit": (-3, 3)}``. Known: those that
    `Educational` measures (``educational`` 0-5 and so on). The others are taken to be 0-1."""
    signal: str = "quality"
    """What the combined signal is called."""

    def __post_init__(self) -> None:
        if self.how in ("max_rank", "max_ranks", "rank", "ranks"):
            raise ConfigError(
                f"{self.name}: how = {self.how!r} needs the whole corpus: take RankEnsemble"
            )
        super().__post_init__()
        check_fields(self.name, self.signal, self.min_score, 0.0, 1.0)
        _check_signals(self.name, self.signals, self.signal)
        for key in ("weights", "ranges"):
            for named in getattr(self, key):
                if named not in self.signals:
                    raise UnknownName(f"signal in {key} of {self.name}", named, self.signals)
        for named, ends in self.ranges.items():
            if len(ends) != 2 or not -1e300 < ends[0] < ends[1] < 1e300:
                raise ConfigError(
                    f"{self.name}: ranges[{named!r}] = {ends} is not a least and a greatest value"
                )
        if self.weights and self.how != "mean":
            raise ConfigError(f"{self.name}: weights go with how = 'mean' only")
        given = [self.weights.get(named, 1.0) for named in self.signals]
        if not all(0 <= weight < 1e300 for weight in given) or not sum(given):
            raise ConfigError(
                f"{self.name}: weights = {dict(self.weights)} does not fit; it takes numbers of 0 "
                "or more, of which one is above 0"
            )

    def __hash__(self) -> int:
        return hash((self.signals, self.how, self.min_score, self.signal))

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """The combined score."""
        about = f"{self.how.capitalize()} of {', '.join(self.signals)}, each scaled to 0-1"
        return score_signal(self.signal, about, 0.0, 1.0)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One, unless `min_score` is None."""
        return at_least(self.signal, self.min_score)

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that are combined."""
        return self.signals

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the combined score of `doc`.

        Raises:
            TypeError, ValueError: a signal is no number, or outside of its range.
        """
        scaled: list[float] = []
        for named in self.signals:
            value = doc.signals.get(named)
            if value is None:
                return {self.signal: None}
            low, high = self.ranges.get(named) or _RANGES.get(named, (0.0, 1.0))
            number = _number(named, value)
            if not low <= number <= high:
                raise ValueError(
                    f"signal {named!r} is {number:g}, outside {low:g} to {high:g}: give its range "
                    f"as ranges={{{named!r}: (least, greatest)}}"
                )
            scaled.append((number - low) / (high - low))
        if self.how != "mean":
            return {self.signal: round(max(scaled) if self.how == "max" else min(scaled), _DIGITS)}
        weights = [self.weights.get(named, 1.0) for named in self.signals]
        top = max(weights)  # weights of any size, without overflow
        shares = [weight / top for weight in weights]
        total = sum(s * value for s, value in zip(shares, scaled, strict=True))
        return {self.signal: min(round(total / sum(shares), _DIGITS), 1.0)}


@dataclass(frozen=True)
class RankEnsemble(CorpusStage[Weights]):
    """Rank the documents by each score, and give each the best of its ranks: Nemotron-CC's.

    Each signal cuts the corpus into `buckets` of equal weight, 0 the worst; a document gets the
    highest bucket that any of the signals puts it in. So a model that is sure about one kind of
    good text need not be held back by one that does not know it, whatever their scales.

    Source: Nemotron-CC (Su et al. 2024), as NVIDIA's code has it: thresholds at every 5 % of the
    text by bytes, the greatest of the buckets. Two deviations. A document's rank is the share of
    text that scores strictly *below* it (there: below or equal), so that a fifth of a crawl that
    ties at 0 is in bucket 0 and not 3. And values count by four significant digits, which keeps
    the summary of a corpus small; those that differ by less share a bucket.

    A signal that is None on a document gives it no rank; with none at all its bucket is None, which
    no rule judges. The ranks are those among the documents that reach this stage, so put it behind
    the filters and dedup.

    Raises:
        ConfigError: no signals, or one twice; fewer than 2 buckets, a limit outside of them.

    >>> docs = [Document(str(i), "text", signals={"a": i / 4, "b": -i}) for i in range(4)]
    >>> ranked = RankEnsemble(("a", "b"), buckets=4)
    >>> [ranked.resolve([ranked.sketch(docs)]).measure(doc)["quality_bucket"] for doc in docs]
    [3, 2, 2, 3]
    """

    name: ClassVar[str] = "rank_ensemble"

    signals: tuple[str, ...]
    """What to rank by: signals that earlier stages measure; more is better."""
    buckets: int = 20
    """How many buckets of equal weight; 20 hold 5 % of the text each."""
    min_bucket: int | None = None
    """Least bucket, 0 to `buckets` - 1; None only measures. Nemotron-CC calls 18 and 19 of its 20
    the highest quality."""
    weight: Literal["bytes", "documents"] = "bytes"
    """What the buckets hold equal shares of: text (bytes of UTF-8) or documents."""
    signal: str = "quality_bucket"
    """What the signal is called."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.buckets < 2:
            raise ConfigError(f"{self.name}: buckets = {self.buckets} is not at least 2")
        check_fields(self.name, self.signal, self.min_bucket, 0.0, self.buckets - 1.0, "min_bucket")
        _check_signals(self.name, self.signals, self.signal)

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """The best bucket."""
        return (_bucket_signal(self.signal, self.signals, self.buckets),)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One, unless `min_bucket` is None."""
        return at_least(self.signal, self.min_bucket)

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that are ranked."""
        return self.signals

    def sketch(self, batch: Sequence[Document]) -> Weights:
        """Return how much text there is at each value of each signal.

        Raises:
            TypeError, ValueError: a signal is no number.
        """
        found: Weights = {named: Counter() for named in self.signals}
        for doc in batch:
            weight = 1
            if self.weight == "bytes":
                weight = len(doc.text.encode("utf-8", "surrogatepass"))
            for named in self.signals:
                value = doc.signals.get(named)
                if value is not None:
                    found[named][_key(_number(named, value))] += weight
        return found

    def resolve(self, sketches: Iterable[Weights]) -> Ranked:
        """Return the stage that looks up the buckets."""
        total: Weights = {named: Counter() for named in self.signals}
        for sketch in sketches:
            for named, counts in sketch.items():
                total[named].update(counts)
        edges = {named: _edges(counts, self.buckets) for named, counts in total.items()}
        return Ranked(self.signals, edges, self.buckets, self.min_bucket, self.signal)


@dataclass(frozen=True)
class Ranked(Filter):
    """Give each document the best bucket that its scores reach: a `RankEnsemble`, resolved."""

    name: ClassVar[str] = "rank_ensemble"

    signals: tuple[str, ...]
    edges: Mapping[str, tuple[float, ...]]
    """For each signal the least values of its buckets from 1 on, as far as any value is so high."""
    buckets: int
    min_bucket: int | None
    signal: str

    def __hash__(self) -> int:
        return hash((self.signals, tuple(sorted(self.edges.items())), self.min_bucket))

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """The best bucket."""
        return (_bucket_signal(self.signal, self.signals, self.buckets),)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One, unless `min_bucket` is None."""
        return at_least(self.signal, self.min_bucket)

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that are ranked."""
        return self.signals

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the best bucket of `doc`; None where no signal is defined."""
        best: int | None = None
        for named in self.signals:
            value = doc.signals.get(named)
            if value is not None:
                bucket = bisect_right(self.edges[named], _key(_number(named, value)))
                best = bucket if best is None else max(best, bucket)
        return {self.signal: best}


def _edges(counts: Mapping[float, int], buckets: int) -> tuple[float, ...]:
    """Return the least value of each bucket from 1 on; whole numbers only, so exact.

    >>> _edges({0.0: 2, 0.1: 1, 0.2: 1}, 4)
    (0.1, 0.1, 0.2)
    """
    total = sum(counts.values())
    edges: list[float] = []
    below = 0
    for value, weight in sorted(counts.items()):
        reached = buckets * below // total if total else 0
        edges += [value] * (reached - len(edges))
        below += weight
    return tuple(edges[: buckets - 1])


def _key(value: float) -> float:
    return float(f"{value:.4g}") + 0.0  # no negative zero


def _number(name: str, value: Value) -> float:
    if isinstance(value, str) or value is None:
        raise TypeError(f"signal {name!r} is {value!r}: an ensemble takes numbers")
    if value != value:
        raise ValueError(f"signal {name!r} is {value!r}: an ensemble takes numbers")
    return float(value)


def _bucket_signal(name: str, signals: Sequence[str], buckets: int) -> Signal:
    about = f"Best bucket among the ranks by {', '.join(signals)}"
    return Signal(name, "int", about, "bucket", 0, buckets - 1)


def _check_signals(stage: str, signals: Sequence[str], own: str) -> None:
    if not signals:
        raise ConfigError(f"{stage}: signals is empty; name what earlier stages measure")
    if len(set(signals)) != len(signals):
        raise ConfigError(f"{stage}: signals = {tuple(signals)} has one twice")
    if own in signals:
        raise ConfigError(f"{stage}: signal = {own!r} is among the signals that it combines")
