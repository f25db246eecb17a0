"""How much to keep, where the limit follows from the corpus: a share of it, or a budget of tokens.

Both rank the documents by a signal, the largest first, and of equal ones by a hash of the id, so
that a tie at the cut neither keeps too many nor depends on an order. `webfilter.score.ranking` says
how the cut is found: exactly, in bounded memory, whatever the order, batches or workers.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.score.above import Above, group_of, number, tie_of
from webfilter.score.ranking import Bins, Cuts, Rows, Standing, binned, cuts, keys, merged, rows
from webfilter.stage import CorpusStage, Signal, Stage

__all__ = ["TokenBudget", "TopShare"]

_MOST = 1 << 40
"""Most tokens of a document: sums of millions of such stay within 64 bits."""


class _Best(CorpusStage[Rows]):
    """Keeps the best of the documents, or of each group. Subclasses say how many."""

    light: ClassVar[bool] = False
    """Whether a document may weigh nothing."""

    signal: str
    by: str | None
    given: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.signal:
            raise ConfigError(f"{self.name}: signal is empty; name one, such as 'educational'")
        if self.by == "":
            raise ConfigError(f"{self.name}: by is empty; None compares all documents")

    @property
    def needs(self) -> tuple[str, ...]:
        """The signal to rank by, and the one of the groups, unless they are given."""
        by = () if self.by is None or self.by == "host" else (self.by,)
        return () if self.given else (self.signal, *by)

    @property
    def ranked(self) -> tuple[str, ...]:
        """Signals that must be numbers."""
        return (self.signal,)

    @property
    def lean(self) -> CorpusStage[Any]:
        """The first of two looks: counts by number, then the documents next to the cut."""
        return _First(self)

    def sketch(self, batch: Sequence[Document]) -> Rows:
        """Return the rank of each document of `batch`: 32 bytes each.

        Raises:
            TypeError: a signal is a text.
        """
        docs = [doc for doc in batch if self.counts(doc)]
        weight = np.array([self.weight(doc) for doc in docs], dtype=np.int64)
        return self.ranks(docs)._replace(weight=weight)

    def resolve(self, sketches: Iterable[Rows]) -> Stage:
        """Return the stage that keeps the best documents."""
        whole = rows(sketches)
        found = merged([binned(whole)])
        edges = cuts(found, self.target, light=self.light)
        return self.resolved(found, edges.refined(edges.inside(whole)))

    def resolved(self, found: Bins, edges: Cuts) -> Stage:
        """Return the stage of these cuts."""
        return Above(self, edges, Standing.of(found) if self.measures else None)

    def ranks(self, docs: Sequence[Document]) -> Rows:
        """Return the rows of `docs`, without weights; what has no number goes first."""
        numbers = [number(self.signal, doc.signals.get(self.signal)) for doc in docs]
        return Rows(
            np.array([group_of(doc, self.by) for doc in docs], dtype=np.uint64),
            keys(np.array(numbers, dtype=np.float64)),
            np.array([tie_of(doc.id) for doc in docs], dtype=np.int64),
            np.zeros(len(docs), dtype=np.int64),
        )

    @property
    @abstractmethod
    def reason(self) -> str:
        """Why others are dropped."""

    @abstractmethod
    def target(self, whole: int) -> int:
        """Return the weight to keep at most, of a group that weighs `whole`."""

    @property
    def within(self) -> str:
        """What a document is compared within, in words; empty where that is everything."""
        return "" if self.by is None else f" of its {self.by}"

    def counts(self, doc: Document) -> bool:
        """Return whether a document has a part in what is kept."""
        return True

    def weight(self, doc: Document) -> int:
        """Return what a document weighs."""
        return 1

    @property
    def judges(self) -> bool:
        """Whether anything is dropped."""
        return True


@dataclass(frozen=True)
class TopShare(_Best):
    """Keep the best share of the documents by a signal, whatever the scale of the signal.

    ``TopShare("educational", share=0.1)`` keeps the best tenth, rounded down to whole documents:
    exactly, since equal scores are parted by a hash of the id. With ``by="language"`` it is the
    best tenth of each language, so that a score which runs lower in one does not empty it.

    It measures ``educational_percentile`` (0 to 100): how many percent of the documents (of its
    language) score less, equal ones counted by half, to four digits. Beyond a million distinct
    numbers those that share a bin count as equal (`webfilter.score.ranking`), the cut stays exact.
    With ``share=None`` it only measures, for `Judge` or `Tiers` behind it.

    Where the signal is undefined there is no rank: such a document stays, does not count, and the
    report says how many there are. What is kept depends on what came: a stage that drops half the
    corpus before it leaves a tenth of half.

    DCLM kept the top tenth by a fastText score in this way, over the whole corpus.

    Raises:
        ConfigError: `share` is not between 0 and 1, or `min_each` below 0.

    >>> from webfilter import Pipeline
    >>> docs = [Document(str(n), signals={"educational": n / 10}) for n in range(20)]
    >>> pipe = Pipeline((TopShare("educational", share=0.1, given=True),))
    >>> marked = pipe(docs)
    >>> [doc.id for doc in marked if doc.live]
    ['18', '19']
    >>> str(marked[7].verdict), marked[7].signals["educational_percentile"]
    ('top_share: educational 0.7 < 1.8 (top 10 %)', 37.5)
    """

    name: ClassVar[str] = "top_share"

    signal: str = "educational"
    """A numeric signal that an earlier stage measured; the largest are the best."""
    share: float | None = 0.1
    """Share to keep, 0 to 1; None only measures the percentile."""
    by: str | None = None
    """A signal (``language``) or ``host``: the share of each value of it, with those that have none
    as one more; None: of all. Takes about 24 bytes for each distinct pair of group and number."""
    min_each: int = 0
    """Documents to keep at least, of all or of each group, where there are so many."""
    given: bool = False
    """Whether the signals come with the documents (read from an earlier run's output), so that no
    stage of this pipeline needs to measure them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share is not None and not 0.0 <= self.share <= 1.0:
            raise ConfigError(
                f"{self.name}: share = {self.share} is not between 0 and 1 (0.1 is the top 10 %)"
            )
        if self.min_each < 0:
            raise ConfigError(f"{self.name}: min_each = {self.min_each} is below 0")

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """The percentile."""
        about = f"Share of the documents{self.within} whose {self.signal} is less"
        return (Signal(f"{self.signal}_percentile", "float", about, "percent", 0, 100),)

    @property
    def reason(self) -> str:
        """Such as ``top 10 %``, or ``top 10 % of its language``."""
        return f"top {100 * (self.share or 0.0):.10g} %{self.within}"

    @property
    def judges(self) -> bool:
        """Whether there is a share."""
        return self.share is not None

    def target(self, whole: int) -> int:
        """Return how many of `whole` documents to keep."""
        if self.share is None:
            return whole
        exact = math.floor(Fraction(repr(self.share)) * whole)  # .29 of 100 is 29
        return max(exact, min(self.min_each, whole))

    def counts(self, doc: Document) -> bool:
        """Return whether it has a rank."""
        return doc.signals.get(self.signal) is not None


@dataclass(frozen=True)
class TokenBudget(_Best):
    """Keep the best documents by a signal until a budget of tokens is full.

    ``Educational(min_score=None) | Tokens(tokenizer) | TokenBudget(10_000_000_000)`` keeps the best
    ten billion tokens. The budget is met from below: what is kept has at most so many tokens, and
    the next document in the order would not fit. Equal scores are parted by a hash of the id. The
    limit that was found stands in the verdicts and in the report.

    `Tokens` measures the signal ``tokens`` that is summed. A document without a score stays, as
    wherever a signal is undefined, and its tokens are taken from the budget first. One whose tokens
    are undefined, negative, no whole number or more than 2**40 is a failed one.

    Raises:
        ConfigError: `tokens` is below 0, or not finite.

    >>> from webfilter import Pipeline
    >>> docs = [Document(str(n), signals={"educational": n, "tokens": 300}) for n in range(9)]
    >>> marked = Pipeline((TokenBudget(1_000, given=True),))(docs)
    >>> [doc.id for doc in marked if doc.live], str(marked[0].verdict)
    (['6', '7', '8'], 'token_budget: educational 0 < 6 (best 1,000 tokens)')
    """

    name: ClassVar[str] = "token_budget"
    light: ClassVar[bool] = True

    tokens: int | float
    """Most tokens to keep; ``10e9`` will do."""
    signal: str = "educational"
    """A numeric signal that an earlier stage measured; the largest are the best."""
    by: str | None = None
    """A signal (``language``) or ``host``: so many tokens of each value of it; None: of all."""
    given: bool = False
    """Whether the signals come with the documents (read from an earlier run's output), so that no
    stage of this pipeline needs to measure them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.tokens < 2**63:
            raise ConfigError(f"{self.name}: tokens = {self.tokens} is not between 0 and 2**63")
        object.__setattr__(self, "tokens", int(self.tokens))

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals to rank by, to sum, and of the groups, unless they are given."""
        return () if self.given else tuple(dict.fromkeys((*super().needs, "tokens")))

    @property
    def ranked(self) -> tuple[str, ...]:
        """Signals that must be numbers."""
        return (self.signal, "tokens")

    @property
    def reason(self) -> str:
        """Such as ``best 10,000 tokens``."""
        return f"best {self.tokens:,} tokens{self.within}"

    def target(self, whole: int) -> int:
        """Return the budget."""
        return int(self.tokens)

    def weight(self, doc: Document) -> int:
        """Return its tokens.

        Raises:
            TypeError, ValueError: they are no whole number from 0 to 2**40.
        """
        said = doc.signals.get("tokens")
        if isinstance(said, bool) or not isinstance(said, (int, float)):
            raise TypeError(f"signal 'tokens' is {said!r}: the budget needs a number")
        if not 0 <= said <= _MOST or said != int(said):
            raise ValueError(
                f"signal 'tokens' is {said!r}: it must be a whole number, 0 or more, up to 2**40"
            )
        return int(said)


@dataclass(frozen=True)
class _First(CorpusStage[Bins]):
    """Counts by number."""

    step: Any

    def sketch(self, batch: Sequence[Document]) -> Bins:
        return binned(self.step.sketch(batch))

    def resolve(self, sketches: Iterable[Bins]) -> Stage:
        raise NotImplementedError("it may look twice: use resolve_in")

    def resolve_in(self, sketches: Iterable[Bins], folder: Path) -> Stage | CorpusStage[Any]:
        found = merged(sketches)
        edges = cuts(found, self.step.target, light=self.step.light)
        if not edges.partial.any():
            resolved: Stage = self.step.resolved(found, edges)
            return resolved
        return _Second(self.step, found, edges)


@dataclass(frozen=True)
class _Second(CorpusStage[Rows]):
    """Ranks the documents of the bins that a cut goes through."""

    step: Any
    bins: Bins
    cuts: Cuts

    def sketch(self, batch: Sequence[Document]) -> Rows:
        return self.cuts.inside(self.step.sketch(batch))

    def resolve(self, sketches: Iterable[Rows]) -> Stage:
        resolved: Stage = self.step.resolved(self.bins, self.cuts.refined(rows(sketches)))
        return resolved
