"""Filters whose cost is counted, not timed: each has a letter, and drops texts that have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from webfilter.document import Document, Value
from webfilter.stage import Filter, Rule, Signal
from webfilter.text import tokenize
from webfilter.text.tokens import recall


class Meter:
    """A clock that goes on when a stage works, and at no other time."""

    now = 0.0

    def __call__(self) -> float:
        return Meter.now


@dataclass(frozen=True)
class _Letter(Filter):
    cost: float = 1.0
    shared: float = 0.0
    """What it costs in addition to be the first that asks for the tokens of a text."""
    letter: ClassVar[str]

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (Rule(f"has_{self.letter}", le=0),)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        Meter.now += self.cost
        if self.shared:
            Meter.now += self.shared if recall(doc.text, "english") is None else 0.0
            tokenize(doc.text)
        if f"break {self.letter}" in doc.text:
            raise ValueError(f"cannot digest {self.letter}")
        return {f"has_{self.letter}": self.letter in doc.text}


def _made(letter: str) -> type[_Letter]:
    about = (Signal(f"has_{letter}", "bool", f"Whether there is a {letter}"),)
    body = {"letter": letter, "name": letter, "measures": about, "__doc__": "Drops a letter."}
    return dataclass(frozen=True)(type(letter.upper(), (_Letter,), body))


A, B, C, D = map(_made, "ABCD")
