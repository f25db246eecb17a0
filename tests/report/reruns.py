"""Pipelines, documents and the truth that stored signals are held against: running again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import webfilter as wf
from webfilter import Document, Filter, Pipeline, Report, Rule, Signal, Transform
from webfilter.document import Value

WORDS = (
    *("the", "of", "and", "water", "boils", "at", "sea", "level", "plants", "make", "sugar"),
    *("that", "have", "from", "sunlight", "with", "a", "temperature", "be", "to", "hundred"),
)
MARKS = (".", ".", ".", ".", ".", "!", "...", "", "?", "[1]")


@dataclass(frozen=True)
class Vowels(Filter):
    """Share of vowels among the letters: undefined without letters."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("vowel_ratio", "float", "Share of vowels", "share", 0, 1),
        Signal("shouts", "bool", "Whether there is an exclamation mark"),
    )
    min_vowel_ratio: float | None = 0.3
    max_vowel_ratio: float | None = 0.45
    quiet: bool = True

    @property
    def rules(self) -> tuple[Rule, ...]:
        rules = []
        if self.min_vowel_ratio is not None or self.max_vowel_ratio is not None:
            low, high = self.min_vowel_ratio, self.max_vowel_ratio
            rules.append(Rule("vowel_ratio", gt=low, lt=high))
        if self.quiet:
            rules.append(Rule("shouts", le=0))
        return tuple(rules)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        letters = [c for c in doc.text.lower() if c.isalpha()]
        ratio = sum(c in "aeiou" for c in letters) / len(letters) if letters else None
        return {"vowel_ratio": ratio, "shouts": "!" in doc.text}


@dataclass(frozen=True)
class Cut(Transform):
    """Cuts texts after some characters: what comes later sees what is left."""

    measures: ClassVar[tuple[Signal, ...]] = (Signal("cut", "int", "Characters cut", "", 0),)
    after: int = 150
    max_cut: int | None = 120

    @property
    def rules(self) -> tuple[Rule, ...]:
        return () if self.max_cut is None else (Rule("cut", le=self.max_cut),)

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        return doc.text[: self.after], {"cut": max(0, len(doc.text) - self.after)}


def texts(rng: random.Random, count: int) -> list[Document]:
    """Return documents of some lines each, a few without a letter or with nothing at all."""
    docs = []
    for number in range(count):
        lines = []
        for _ in range(rng.randrange(13)):
            said = " ".join(rng.choices(WORDS, k=rng.randrange(1, 12)))
            lines.append(said + rng.choice(MARKS))
        text = "\n".join(lines) if rng.random() < 0.9 else rng.choice(["", "1 2 3!", "{ }", "-"])
        language = rng.choice(["en", "de", "fr", None])
        docs.append(Document(f"d{number:04}", text, signals={"language": language}))
    return docs


def measured(pipe: Pipeline, docs: list[Document], *, measure_all: bool = True) -> Report:
    """Return the report of a run in memory."""
    sinks = {kind: wf.write.memory() for kind in ("kept", "dropped", "failed")}
    pipe.run(docs, **sinks, measure_all=measure_all, progress=False)
    found = [doc for sink in sinks.values() for doc in sink.docs]
    return Report.of(pipe, found, measure_all=measure_all)


def again(pipe: Pipeline, index: int, **limits: float | None) -> Pipeline:
    """Return `pipe` with other limits in one of its stages."""
    steps = list(pipe.steps)
    steps[index] = replace(steps[index], **limits)
    return Pipeline(tuple(steps))


def kept(pipe: Pipeline, docs: list[Document]) -> set[str]:
    """Return the ids of what a run of `pipe` keeps."""
    return {doc.id for doc in pipe(docs) if doc.live}
