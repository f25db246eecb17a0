"""What comes out of annotation, as records: a `Reading`, an `Annotation` of several, the `Cost`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Annotation", "Cost", "Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader made of one excerpt."""

    reader: str
    """The model; from its second reader on with the number, as ``model#2``."""
    model: str
    scores: Mapping[str, float] | None
    """By scale; None where the reader gave none that could be used."""
    reason: str | None = None
    """Why there are no scores."""
    tokens_in: int = 0
    """Of all attempts, also those whose answers could not be used; when it was asked, if cached."""
    tokens_out: int = 0
    estimated: bool = False
    """Whether tokens were reckoned from characters, because the endpoint does not report them."""
    attempts: int = 0
    """Requests made in this run."""
    cached: bool = False
    """Whether the answer was there already."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One excerpt and what its readers said.

    >>> row = Annotation("a@0", "Water boils.", (Reading("m", "m", {"clean": 1.0}),
    ...     Reading("m#2", "m", {"clean": 2.0}), Reading("m#3", "m", None, "HTTP 500")))
    >>> row.scores, row.reason, row.annotators
    ({'clean': 1.5}, None, 2)
    """

    id: str
    """The document's id, with ``@offset`` where only a part of it was sent."""
    text: str
    """The excerpt as it was judged; all of the text if nothing was."""
    readings: tuple[Reading, ...] = ()
    url: str | None = None
    source: str = ""
    """The collection it is from (``src`` or ``source`` of the document), else the document's id."""
    offset: int = 0
    """Where in the document's text the excerpt begins, in characters."""
    unread: str | None = None
    """Why it was not shown to any reader: empty, or dropped earlier."""

    @property
    def scores(self) -> dict[str, float] | None:
        """Mean of the readers that gave scores, by scale; None if none did."""
        found = [reading.scores for reading in self.readings if reading.scores is not None]
        if not found:
            return None
        return {name: sum(s[name] for s in found) / len(found) for name in found[0]}

    @property
    def annotators(self) -> int:
        """How many readers gave scores."""
        return sum(reading.scores is not None for reading in self.readings)

    @property
    def reason(self) -> str | None:
        """Why there are no scores; None where there are."""
        if self.annotators:
            return None
        reasons = dict.fromkeys(r.reason for r in self.readings if r.reason is not None)
        return self.unread or "; ".join(reasons) or "it has no reader"

    @property
    def hash(self) -> str:
        """The sha256 of the excerpt, as hexadecimal digits."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Cost:
    """What was, or would be, asked and paid."""

    questions: int = 0
    """Readings wanted: excerpts times readers."""
    cached: int = 0
    """Of them, those that were answered by the cache."""
    requests: int = 0
    """Requests made: one a question, and more where something went wrong."""
    tokens_in: int = 0
    """Paid for in this run; cached answers add nothing. An answer that broke off or came too late
    tells no tokens and adds none either, though it may be billed: `budget` counts it at its most,
    so where there were many such, an account shows more than this."""
    tokens_out: int = 0
    estimated: bool = False
    """Whether some tokens were reckoned from characters."""
    money: float | None = None
    """In the unit of the prices; None where a model that was asked has no price."""
    by_model: Mapping[str, Cost] = field(default_factory=dict)
    """The same for each model, where there are several."""

    @property
    def cached_share(self) -> float:
        """Share of the questions that the cache answered, 0 to 1."""
        return self.cached / self.questions if self.questions else 0.0

    @classmethod
    def of(cls, readings: Iterable[Reading], prices: Mapping[str, tuple[float, ...]]) -> Cost:
        """Return what `readings` cost at `prices` (input, output) for a million tokens.

        >>> Cost.of([Reading("m", "m", None, "?", 1_000_000, 0, attempts=1)], {"m": (0.5, 2)}).money
        0.5
        """
        by_model: dict[str, list[Reading]] = {}
        for reading in readings:
            by_model.setdefault(reading.model, []).append(reading)
        costs = {name: cls._of(rows, prices.get(name)) for name, rows in by_model.items()}
        if len(costs) == 1:
            return next(iter(costs.values()))
        found = list(costs.values())
        money = [cost.money for cost in found if cost.money is not None]
        return cls(
            questions=sum(cost.questions for cost in found),
            cached=sum(cost.cached for cost in found),
            requests=sum(cost.requests for cost in found),
            tokens_in=sum(cost.tokens_in for cost in found),
            tokens_out=sum(cost.tokens_out for cost in found),
            estimated=any(cost.estimated for cost in found),
            money=sum(money) if found and len(money) == len(found) else None,
            by_model=costs,
        )

    @classmethod
    def _of(cls, rows: list[Reading], price: tuple[float, ...] | None) -> Cost:
        paid = [row for row in rows if not row.cached]
        tokens_in = sum(row.tokens_in for row in paid)
        tokens_out = sum(row.tokens_out for row in paid)
        return cls(
            questions=len(rows),
            cached=len(rows) - len(paid),
            requests=sum(row.attempts for row in paid),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            estimated=any(row.estimated for row in paid),
            money=None if price is None else money_of(tokens_in, tokens_out, price),
        )


def money_of(tokens_in: int, tokens_out: int, price: tuple[float, ...]) -> float:
    """Return what so many tokens cost at a price (input, output) for a million."""
    return (tokens_in * price[0] + tokens_out * price[1]) / 1e6
