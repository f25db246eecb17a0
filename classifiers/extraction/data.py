"""Pages with gold texts: what is read from them for training, and which go together.

A block is positive as far as its words stand in the gold text in runs of three (over the borders
of blocks); short blocks also if they are a line of the gold text and stand beside positive ones.
"""

from __future__ import annotations

import json
import lzma
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.blocks.hints import hints
from webfilter.extract.blocks.model import TYPES, Seen, see
from webfilter.extract.dom import read as read_dom

__all__ = ["Example", "examples", "folds", "pages", "site", "words"]

_WORD = re.compile(r"\w+")
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "net", "org"}


def words(text: str) -> list[str]:
    """Return the lower-cased words of `text` as the metric counts them."""
    return _WORD.findall(text.lower())


def pages(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a WCXB file: ``html``, ``gold_text``, ``page_type``, ``domain`` ..."""
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def site(record: dict[str, Any]) -> str:
    """Return the registrable domain: pages of one site stay on one side of every split."""
    parts = (record["domain"] or record["id"]).lower().split(".")
    three = len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVEL
    return ".".join(parts[-3:] if three else parts[-2:])


def folds(sites: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each page; a site is in one."""
    known = sorted(set(sites))
    order = np.random.RandomState(seed).permutation(len(known))
    fold = {known[at]: i % count for i, at in enumerate(order)}
    return np.array([fold[name] for name in sites])


@dataclass
class Example:
    """A page ready for training."""

    id: str
    site: str
    type: int
    gold: int
    """Words of the gold text."""
    seen: Seen
    unlocated: Seen
    """The same as without its address, which not every crawl knows."""
    labels: NDArray[np.float32]
    """Share of each block in the gold text."""
    counts: NDArray[np.float32]
    """Words of each block; 0 for a copy of a block before, as it is written once."""


def examples(path: Path) -> Iterator[Example]:
    """Yield what has blocks at all."""
    for record in pages(path):
        dom = read_dom(record["html"])
        if not dom.blocks:
            continue
        said = [words(block.text) for block in dom.blocks]
        seen = see(record["html"], dom, record["url"])
        hidden = replace(seen, hints=hints(record["html"], dom, None))
        yield Example(
            record["id"], site(record), TYPES.index(record["page_type"]),
            len(words(record["gold_text"])), seen, hidden, _labels(said, record["gold_text"]),
            _counts(said),
        )  # fmt: skip


def _labels(said: list[list[str]], gold_text: str) -> NDArray[np.float32]:
    gold = words(gold_text)
    runs = set(zip(gold, gold[1:], gold[2:], strict=False))
    stream = [word for block in said for word in block]
    covered = np.zeros(len(stream), dtype=bool)
    for i, run in enumerate(zip(stream, stream[1:], stream[2:], strict=False)):
        if run in runs:
            covered[i : i + 3] = True
    found = np.zeros(len(said), dtype=np.float32)
    at = 0
    for i, block in enumerate(said):
        found[i] = covered[at : at + len(block)].mean() if block else 0
        at += len(block)
    lines = Counter(" ".join(words(line)) for line in gold_text.split("\n"))
    lines.subtract(" ".join(b) for b, f in zip(said, found, strict=True) if f >= 0.5)
    for i, block in enumerate(said):
        line = " ".join(block)
        if block and found[i] < 0.5 and lines[line] > 0:
            beside = np.delete(found[max(0, i - 2) : i + 3], min(i, 2))
            if (beside >= 0.5).any():
                found[i] = 0.9
                lines[line] -= 1
    return found


def _counts(said: list[list[str]]) -> NDArray[np.float32]:
    seen: set[str] = set()
    counts = np.zeros(len(said), dtype=np.float32)
    for i, block in enumerate(said):
        line = " ".join(block)
        if len(block) < 3 or line not in seen:
            counts[i] = len(block)
        seen.add(line)
    return counts
