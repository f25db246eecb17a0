"""Pages of two halves: what the draft sees, then what the final text is; importable by workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from webfilter.document import Document, Value
from webfilter.stage import Filter, Rule, Signal, Stage, Transform


def two(draft: str, final: str, wide: str | None = None) -> bytes:
    """Return a page whose draft, final text and second draft are these."""
    return "|".join((draft, final, draft if wide is None else wide)).encode()


@dataclass(frozen=True)
class Half(Transform):
    """Takes one part of the page; breaks on "boom", says it cannot on "unfit"."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("html_bytes", "int", "Size of the page", "bytes", 0),
        Signal("part", "int", "Which part was taken", "", 0),
    )
    at: int = 0

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        marked = []
        for doc in batch:
            text, signals = self.transform(doc)
            doc = Document(doc.id, text, None, doc.url, {**doc.signals, **signals}, doc.meta)
            marked.append(doc.fail(self.name, "unfit") if text == "unfit" else doc)
        return marked

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        if doc.html is None:
            return doc.text, {"html_bytes": None, "part": None}
        parts = doc.html.decode("utf-8", "replace").split("|")
        text = parts[self.at] if self.at < len(parts) else parts[0]
        if text == "boom":
            raise ValueError("boom")
        return text, {"html_bytes": len(doc.html), "part": self.at}


@dataclass(frozen=True)
class Letters(Filter):
    """Drops texts with few letters, or many a."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("letters", "int", "Letters", "letters", 0),
        Signal("a_share", "float", "Share of a", "share", 0, 1),
        Signal("shouts", "bool", "Whether there is an exclamation mark"),
    )
    min_letters: int | None = 100
    max_a_share: float | None = 0.5
    quiet: bool = False

    @property
    def rules(self) -> tuple[Rule, ...]:
        rules = []
        if self.min_letters is not None:
            rules.append(Rule("letters", ge=self.min_letters))
        if self.max_a_share is not None:
            rules.append(Rule("a_share", le=self.max_a_share))
        if self.quiet:
            rules.append(Rule("shouts", le=0))
        return tuple(rules)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        if doc.text.startswith("break"):
            raise ValueError("letters cannot")
        letters = sum(map(str.isalpha, doc.text))
        share = doc.text.count("a") / letters if letters else None
        return {"letters": letters, "a_share": share, "shouts": "!" in doc.text}


@dataclass(frozen=True)
class Tongue(Filter):
    """Tells the language by the first letter, surely where it is a capital one."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("tongue", "str", "x or other"),
        Signal("tongue_score", "float", "How sure", "probability", 0, 1),
    )

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (Rule("tongue", isin={"x"}),)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        first = doc.text[:1]
        name = "x" if first.lower() == "x" else "other"
        return {"tongue": name, "tongue_score": 0.95 if first.isupper() else 0.6}


@dataclass(frozen=True)
class Cut(Transform):
    """Takes away everything behind a hash."""

    measures: ClassVar[tuple[Signal, ...]] = (Signal("cut_off", "int", "Characters", "", 0),)

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        kept = doc.text.partition("#")[0]
        return kept, {"cut_off": len(doc.text) - len(kept)}


@dataclass(frozen=True)
class Plainly(Stage):
    """Does nothing."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        return batch
