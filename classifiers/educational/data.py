"""Read labeled excerpts, and say which of them must stay together when folds are made.

Each line of the file is a JSON object with `text`, the labels `edu` 0-5, `reason` 0-3, `lasting`
0-2, `clean` 0-2, and `id`, `src`, `url` (or null), `offset`. Nothing is cut or cleaned here.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.score.groups import domain

LABELS = ("edu", "reason", "lasting", "clean")
TARGETS = ("educational", "reasoning", "lasting", "clean")
TOPS = (5, 3, 2, 2)


@dataclass(frozen=True)
class Excerpts:
    """Labeled excerpts as columns."""

    texts: list[str]
    labels: npt.NDArray[np.float64]
    """Shape (n, 4), in the order of `LABELS`."""
    groups: npt.NDArray[np.str_]
    """Registered domain of the URL, or the source (a whole book or set) where there is none."""
    pages: npt.NDArray[np.str_]
    """The page or chapter that an excerpt was taken from, so that its windows stay together."""
    sources: npt.NDArray[np.str_]
    main: npt.NDArray[np.bool_]
    """Whether an excerpt is one of the file that calibrates and evaluates; the others train."""

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.intp]) -> Excerpts:
        """Return the excerpts of `rows`."""
        return Excerpts(
            [self.texts[i] for i in rows],
            self.labels[rows],
            self.groups[rows],
            self.pages[rows],
            self.sources[rows],
            self.main[rows],
        )


def read(path: Path, more: Path | None = None) -> Excerpts:
    """Read a labeled file, ``.jsonl`` or ``.jsonl.xz``, and one of more excerpts to train on."""
    rows = list(lines(path))
    count = len(rows)
    if more is not None:
        rows += lines(more)
    if not count:
        raise SystemExit(f"{path}: no excerpts in it")
    return Excerpts(
        texts=[row["text"] for row in rows],
        labels=np.array([[row[name] for name in LABELS] for row in rows], dtype=np.float64),
        groups=np.array([group(row) for row in rows]),
        pages=np.array([page(row) for row in rows]),
        sources=np.array([row["src"] for row in rows]),
        main=np.arange(len(rows)) < count,
    )


def group(row: Mapping[str, Any]) -> str:
    """Return the registered domain of a row's URL, or its source."""
    return domain(row["url"]) if row.get("url") else row["src"]


def page(row: Mapping[str, Any]) -> str:
    """Return the URL of a row, or its name without the place in the page."""
    return row.get("url") or re.sub(r"@\d+$", "", row["id"])


def digest(text: str) -> str:
    """Return what stands for a text in ``readings.csv`` and ``teacher.npz``."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines, ``.jsonl`` or ``.jsonl.xz``."""
    data = path.read_bytes()
    text = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8")
    yield from (json.loads(line) for line in text.split("\n") if line.strip())
