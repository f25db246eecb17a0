"""A stage whose signals a test sets, and corpora with known distributions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from webfilter.document import Document, Value
from webfilter.stage import Filter, Rule, Signal


@dataclass(frozen=True)
class Traits(Filter):
    """Judges three numbers that come with the document, in all four directions."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("height", "float", "A number", "metres"),
        Signal("width", "float", "Another"),
        Signal("count", "int", "A whole number", "things", 0),
    )
    min_height: float | None = None
    max_height: float | None = None
    min_width: float | None = None
    max_width: float | None = None
    min_count: int | None = None
    max_count: int | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        bounds = (
            ("height", "ge", self.min_height),
            ("height", "le", self.max_height),
            ("width", "gt", self.min_width),
            ("width", "lt", self.max_width),
            ("count", "ge", self.min_count),
            ("count", "le", self.max_count),
        )
        return tuple(Rule(s, **{op: at}) for s, op, at in bounds if at is not None)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        if "boom" in doc.text:
            raise ValueError("boom")
        return {name: doc.meta[name] for name in ("height", "width", "count")}


@dataclass(frozen=True)
class Spoken(Filter):
    """Says the language that comes with the document."""

    measures: ClassVar[tuple[Signal, ...]] = (Signal("language", "str", "A code"),)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        return {"language": doc.meta["language"]}


def corpus(tag, heights, widths=None, counts=None, text="text"):
    """Return documents with these traits; what is not given is the same everywhere."""
    n = len(heights)
    columns = {
        "height": np.asarray(heights, dtype=float).tolist(),
        "width": [0.0] * n if widths is None else np.asarray(widths, dtype=float).tolist(),
        "count": [7] * n if counts is None else np.asarray(counts).tolist(),
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [Document(f"{tag}{k}", f"{text} {k}", meta=row) for k, row in enumerate(rows)]
