"""The stage that a top share or a token budget resolves into, and how documents are ranked."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from webfilter.codes import canonical
from webfilter.document import Document, Value, Verdict, plain
from webfilter.score.ranking import Cuts, Rows, Standing
from webfilter.stage import Rule, Signal, Stage

__all__ = ["Above", "group_of", "number", "tie_of"]

_DIGITS = 4


@dataclass(frozen=True)
class Above(Stage):
    """Drops what is below the cut that a `TopShare` or `TokenBudget` found."""

    of: Any
    cuts: Cuts = field(repr=False, compare=False)
    standing: Standing | None = field(repr=False, compare=False)
    digest: str = field(init=False)
    """Of cuts and standing: what makes two of these equal."""

    def __post_init__(self) -> None:
        found = hashlib.blake2b(digest_size=8)
        for column in (*self.cuts, *(self.standing or ())):
            found.update(np.asarray(column).tobytes())
        object.__setattr__(self, "digest", found.hexdigest())

    @property
    def name(self) -> str:  # type: ignore[override]
        """That of the corpus stage."""
        return str(self.of.name)

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """Those of the corpus stage."""
        return tuple(self.of.measures)

    @property
    def needs(self) -> tuple[str, ...]:
        """Those of the corpus stage."""
        return tuple(self.of.needs)

    @property
    def given(self) -> bool:
        """That of the corpus stage."""
        return bool(self.of.given)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """What was found."""
        return {"cuts": self.digest}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The limit found; of several groups the least one."""
        limits = self.cuts.limits(self.cuts.group[self.cuts.key > 0])
        return self._rule(float(limits.min())) if len(limits) else ()

    def rules_for(self, doc: Document) -> tuple[Rule, ...]:
        """Return the limit found for the group of `doc`."""
        group = np.array([group_of(doc, self.of.by)], dtype=np.uint64)
        return self._rule(float(self.cuts.limits(group)[0]))

    def _rule(self, limit: float) -> tuple[Rule, ...]:
        # of an unknown group there is none, nor where all are kept or none with a number is
        return (Rule(self.of.signal, ge=limit),) if math.isfinite(limit) else ()

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Mark the documents: what is equal to the last that is kept may have lost the tie."""
        places = [n for n, doc in enumerate(batch) if doc.signals.get(self.of.signal) is not None]
        found: Rows = self.of.ranks([batch[n] for n in places])
        verdicts: dict[int, Verdict] = {}
        if self.of.judges:
            kept, limits = self.cuts.keep(found).tolist(), self.cuts.limits(found.group).tolist()
            verdicts = {
                n: self._verdict(batch[n], limit)
                for n, good, limit in zip(places, kept, limits, strict=True)
                if not good
            }
        above: dict[int, float] = {}
        measured = self.measures[0].name if self.standing is not None else None
        if self.standing is not None:
            ranks = (round(rank, _DIGITS) for rank in self.standing.percentiles(found))
            above = dict(zip(places, ranks, strict=True))
        return [
            _marked(doc, measured, above.get(n), verdicts.get(n, doc.verdict))
            for n, doc in enumerate(batch)
        ]

    def _verdict(self, doc: Document, limit: float) -> Verdict:
        signal = self.of.signal
        value = doc.signals[signal]
        if limit == math.inf:
            reason = f"{self.of.reason}: full of documents without {signal}"
            return Verdict(self.name, reason, signal, value)
        op = "<" if number(signal, value) < limit else "<="
        return Verdict(self.name, self.of.reason, signal, value, limit, op=op)


def _marked(
    doc: Document, measured: str | None, rank: float | None, verdict: Verdict | None
) -> Document:
    """Return `doc` with its rank as the signal `measured`, if there is one, and its verdict."""
    signals = doc.signals
    if measured is not None:
        signals = {**signals, measured: plain(measured, rank)}
    return Document(doc.id, doc.text, doc.html, doc.url, signals, doc.meta, verdict)


def number(signal: str, value: Value) -> float:
    """Return what a document is ranked by; infinite where its signal is undefined.

    Raises:
        TypeError, ValueError: the value is a text, or NaN.

    >>> number("educational", True), number("educational", None)
    (1.0, inf)
    """
    if value is None:
        return math.inf
    if isinstance(value, str):
        raise TypeError(f"signal {signal!r} is {value!r}: a text cannot be ranked")
    if value != value:
        raise ValueError(f"signal {signal!r} is {value!r}: it cannot be ranked")
    try:
        return float(value)
    except OverflowError:  # an integer of more than 300 digits
        return sys.float_info.max if value > 0 else -sys.float_info.max


def group_of(doc: Document, by: str | None) -> int:
    """Return a hash of what `doc` is compared within; 0 where that is everything."""
    if by is None:
        return 0
    value = _host(doc.url) if by == "host" else doc.signals.get(by)
    if by == "language" and isinstance(value, str):  # given, it may be spelled in several ways
        value = canonical(value)
    return _hash(repr(value), b"group")


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url.strip()).hostname if url else None
    except ValueError:
        return None


def tie_of(name: str) -> int:
    """Return a hash of the id `name`, of 63 bits."""
    return _hash(name, b"tie") >> 1


def _hash(text: str, person: bytes) -> int:
    raw = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8, person=person).digest(), "big")
