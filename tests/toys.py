"""Small stages to test pipelines with; importable, so that worker processes find them."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from webfilter.document import Document, Value, Verdict
from webfilter.stage import CorpusStage, Filter, OnlineStage, Rule, Signal, Stage, Transform

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""For `os.kill`: ends a process at once. Windows has the latter only, and it is as sudden there."""
KILLED = -KILL if os.name == "posix" else int(KILL)
"""The exit code of who was."""


@dataclass(frozen=True)
class Length(Filter):
    """Drops texts that are too short or too long."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("length", "int", "Characters of the text", "characters", 0),
    )
    min_length: int | None = 3
    max_length: int | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        rules = []
        if self.min_length is not None:
            rules.append(Rule("length", ge=self.min_length))
        if self.max_length is not None:
            rules.append(Rule("length", le=self.max_length))
        return tuple(rules)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        return {"length": len(doc.text)}


def is_short(doc: Document) -> bool:
    """Return whether the text has at most 100 characters."""
    return len(doc.text) <= 100


@dataclass(frozen=True)
class Upper(Transform):
    """Makes the text upper-case, at most `cut` characters of it."""

    measures: ClassVar[tuple[Signal, ...]] = (Signal("cut", "int", "Characters cut", "", 0),)
    cut: int = 1000
    max_cut: int | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        return () if self.max_cut is None else (Rule("cut", le=self.max_cut),)

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        text = doc.text.upper()
        return text[: self.cut], {"cut": max(0, len(text) - self.cut)}


@dataclass(frozen=True)
class Breaks(Stage):
    """Raises on texts with "boom", kills its process on "die", loses documents on "lose"."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        for doc in batch:
            if "boom" in doc.text:
                raise ValueError(f"cannot digest\n{doc.text}")
            if "die" in doc.text:
                os.kill(os.getpid(), KILL)
        return [doc for doc in batch if "lose" not in doc.text]


@dataclass(frozen=True)
class Lingers(Stage):
    """Makes the file that a text names, then takes five minutes."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        for doc in batch:
            Path(doc.text).touch()
            time.sleep(300)
        return batch


@dataclass(frozen=True)
class Locks(Stage):
    """Puts into each document what cannot be pickled."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        return [replace(doc, meta={"lock": threading.Lock()}) for doc in batch]


@dataclass(frozen=True)
class Notes(Stage):
    """Does what no stage may: changes documents in place, two of four."""

    name: ClassVar[str] = "notes"

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        for doc in batch:
            if doc.meta["n"] % 4 < 2:
                doc.meta["list"].append("noted")  # type: ignore[attr-defined]
        return batch


@dataclass(frozen=True)
class Same(Stage):
    """Marks those whose text occurs under a smaller id."""

    table: Mapping[str, str]
    name: ClassVar[str] = "first_of"
    measures: ClassVar[tuple[Signal, ...]] = (Signal("copies", "int", "Equal texts", "", 0),)

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        marked = []
        for doc in batch:
            first = self.table.get(doc.text, doc.id)
            doc = doc.with_signals({"copies": int(first != doc.id)})
            marked.append(
                doc if first == doc.id else doc.drop(Verdict(self.name, "copy", of=first))
            )
        return marked


@dataclass(frozen=True)
class FirstOf(CorpusStage[list[tuple[str, str]]]):
    """Keeps, of equal texts, the one with the smallest id."""

    measures: ClassVar[tuple[Signal, ...]] = Same.measures

    def sketch(self, batch: Sequence[Document]) -> list[tuple[str, str]]:
        if any("unsketchable" in doc.text for doc in batch):
            raise ValueError("no sketch")
        return [(doc.text, doc.id) for doc in batch]

    def resolve(self, sketches: Iterable[list[tuple[str, str]]]) -> Stage:
        table: dict[str, str] = {}
        for sketch in sketches:
            for text, name in sketch:
                table[text] = min(table.get(text, name), name)
        return Same(table)


@dataclass(frozen=True)
class Quota(OnlineStage[dict[str, int]]):
    """Lets the first `most` documents pass, whatever they are."""

    measures: ClassVar[tuple[Signal, ...]] = (Signal("arrival", "int", "Rank of arrival", "", 1),)
    most: int = 3

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (Rule("arrival", le=self.most),)

    def start(self) -> dict[str, int]:
        return {"seen": 0}

    def observe(self, state: dict[str, int], batch: Sequence[Document]) -> Sequence[Document]:
        marked = []
        for doc in batch:
            state["seen"] += 1
            doc = replace(doc, signals={**doc.signals, "arrival": state["seen"]})
            over = Verdict(self.name, "arrival", "arrival", state["seen"], self.most, op=">")
            marked.append(doc.drop(over) if state["seen"] > self.most else doc)
        return marked

    def save(self, state: dict[str, int], path: Path) -> None:
        path.write_text(json.dumps(state))

    def load(self, path: Path) -> dict[str, int]:
        state: dict[str, Any] = json.loads(path.read_text())
        return state


@dataclass(frozen=True)
class Tells(Stage):
    """Notes the id of each document that it works on in a file, and marks what a text holds."""

    path: str = field(compare=False)
    name: ClassVar[str] = "tells"
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("share", "float", "A share", "", 0, 1),
        Signal("first", "str", "First letter", ""),
    )

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        marked = []
        for doc in batch:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{doc.id}\n")
            if "boom" in doc.text:
                raise ValueError(f"boom in {doc.text!r}")
            signals = {**doc.signals, "share": len(doc.text) / 7e3, "first": doc.text[:1] or None}
            meta: dict[Any, Any] = {**doc.meta, "words": doc.text.split(), "\ud800": 1.0}
            if "n" in meta:
                meta["n"] = meta["n"] == 1
            if "odd" in doc.text:
                meta["odd"] = (doc.id, {1: 2})
            doc = replace(doc, text=doc.text.title(), signals=signals, meta=meta)
            if "drop" in doc.text.lower():
                verdict = Verdict("x", "share", "share", doc.signals["share"], 0.5, op="<")
                doc = replace(doc, verdict=verdict)
            marked.append(doc)
        return marked
