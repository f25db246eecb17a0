"""What is read from pages for training, and which pages go together.

Of pages with a gold text a block is positive as far as its words stand in it in runs of three (over
the borders of blocks), each word of the gold text once; short blocks also if they are a line of the
gold text and stand beside positive ones. Of pages of a crawl readers said which blocks belong to
the main content.
"""

from __future__ import annotations

import json
import lzma
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from webfilter import Document, read
from webfilter.extract.blocks.features import word_hashes
from webfilter.extract.blocks.hints import head_of, hints
from webfilter.extract.blocks.model import TYPES, Seen, see
from webfilter.extract.blocks.names import tokens
from webfilter.extract.dom import Dom
from webfilter.extract.dom import read as read_dom
from webfilter.extract.encoding import decode
from webfilter.extract.metadata import page_metadata

__all__ = [
    "Example", "Hashes", "Label", "crawl", "examples", "fingerprint", "folds", "labelled",
    "labels_of", "numbers", "pages", "shares", "site", "words",
]  # fmt: skip

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


def site(host: str) -> str:
    """Return the registrable domain: pages of one site stay on one side of every split."""
    parts = host.lower().split(".")
    three = len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVEL
    return ".".join(parts[-3:] if three else parts[-2:])


def folds(sites: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each page; a site is in one."""
    known = sorted(set(sites))
    order = np.random.RandomState(seed).permutation(len(known))
    fold = {known[at]: i % count for i, at in enumerate(order)}
    return np.array([fold[name] for name in sites])


class Hashes(NamedTuple):
    """The hashes of many things, one after the other."""

    values: NDArray[np.uint32]
    counts: NDArray[np.int64]
    """How many each of them has."""

    @classmethod
    def of(cls, each: Iterable[Sequence[int]]) -> Hashes:
        """Return those of `each`."""
        each = list(each)
        flat = [h for some in each for h in some]
        return cls(np.array(flat, np.uint32), np.array([len(some) for some in each], np.int64))


@dataclass
class Example:
    """A page ready for training."""

    id: str
    site: str
    type: int | None
    """Index in `TYPES`; None where the page is of none of them (a form, a login)."""
    gold: int
    """Words of the gold text."""
    seen: Seen
    unlocated: Seen
    """The same as without its address, which not every crawl knows."""
    labels: NDArray[np.float32]
    """Share of each block in the gold text."""
    counts: NDArray[np.float32]
    """Words of each block; 0 for a copy of a block before, as it is written once."""
    named: Hashes
    """Of the tag and names of each look."""
    said: Hashes
    """Of the first words of each block."""
    by_reader: bool
    """Whether the labels have the habits of a reader and not those of the gold texts."""


def examples(path: Path) -> Iterator[Example]:
    """Yield the pages of a WCXB file that have blocks at all."""
    for record in pages(path):
        dom = read_dom(record["html"])
        if not dom.blocks:
            continue
        said = [words(block.text) for block in dom.blocks]
        yield _example(
            record["id"], site(record["domain"] or record["id"]), record["page_type"],
            len(words(record["gold_text"])), record["html"], record["url"], dom,
            shares(said, record["gold_text"]), _counts(said), by_reader=False,
        )  # fmt: skip


class Label(NamedTuple):
    """What a reader said of a page of a crawl."""

    id: str
    """Of its WARC record."""
    type: str
    """One of `TYPES`, or ``form``."""
    keep: str
    """Numbers of the blocks of the main content, as in ``0,4-35``."""
    fingerprint: int
    """Of the blocks that the reader saw."""
    habits: str = ""
    """``gold`` of a reader who took those of the gold texts: no title of an article."""


def fingerprint(dom: Dom) -> int:
    """Return a checksum of the blocks of a page: their numbers mean nothing for other blocks."""
    return crc32("\n\n".join(block.text for block in dom.blocks).encode("utf-8", "replace"))


def labels_of(path: Path) -> dict[str, Label]:
    """Return the labels of a ``.jsonl`` file by the id of the record."""
    with path.open(encoding="utf-8") as lines:
        return {label.id: label for label in (Label(**json.loads(line)) for line in lines)}


def crawl(warcs: Sequence[Path]) -> Iterator[tuple[Document, str]]:
    """Yield the pages of `warcs`, each with its HTML."""
    for document in read.warc(warcs):
        if document.html is not None:
            yield document, decode(document.html, document.meta.get("content_type"))[0]


def labelled(path: Path, warcs: Sequence[Path]) -> Iterator[Example]:
    """Yield the pages of `warcs` that readers labelled; those whose blocks changed are left out."""
    wanted = labels_of(path)
    for document, html in crawl(warcs):
        label = wanted.pop(document.id, None)
        if label is None:
            continue
        dom = read_dom(html)
        if fingerprint(dom) != label.fingerprint:
            print(f"{document.id}: other blocks than those that the reader saw; left out")
            continue
        host = urlsplit(document.url or "").hostname or ""
        url = document.url
        if not host or host.endswith(".invalid"):  # the crawl does not know where it is from
            url = None
            host = urlsplit(page_metadata(html).get("canonical_url", "")).hostname or document.id
        kept = numbers(label.keep)
        said = [words(block.text) for block in dom.blocks]
        counts = _counts(said)
        marks = np.array([i in kept for i in range(len(said))], np.float32)
        yield _example(
            document.id, site(host), label.type, int((marks * counts).sum()), html, url, dom,
            marks, counts, by_reader=label.habits != "gold",
        )  # fmt: skip
    if wanted:
        print(f"{len(wanted)} labelled pages are not in these files: {next(iter(wanted))} ...")


def numbers(ranges: str) -> set[int]:
    """Return the numbers that ``3,7-19`` names."""
    found: set[int] = set()
    for part in ranges.split(",") if ranges else ():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def _example(
    name: str, of: str, kind: str, gold: int, html: str, url: str | None, dom: Dom,
    labels: NDArray[np.float32], counts: NDArray[np.float32], *, by_reader: bool,
) -> Example:  # fmt: skip
    seen = see(html, dom, url)
    return Example(
        name, of, TYPES.index(kind) if kind in TYPES else None, gold, seen,
        replace(seen, hints=hints(html, head_of(html), dom, None)), labels, counts,
        Hashes.of(starmap(tokens, seen.page.tree.looks)),
        Hashes.of(map(word_hashes, seen.texts, seen.first)),
        by_reader,
    )  # fmt: skip


def shares(said: list[list[str]], gold_text: str) -> NDArray[np.float32]:
    """Return the share of each block, given as its words, that stands in the gold text."""
    covered = _covered([word for block in said for word in block], words(gold_text))
    found = np.zeros(len(said), dtype=np.float32)
    best: dict[str, float] = {}
    at = 0
    for i, block in enumerate(said):
        found[i] = covered[at : at + len(block)].mean() if block else 0
        at += len(block)
        line = " ".join(block)
        best[line] = max(best.get(line, 0), float(found[i]))
    for i, block in enumerate(said):
        if len(block) >= 3:  # copies: one of them is written, whichever comes first
            found[i] = best[" ".join(block)]
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


def _covered(said: list[str], gold: list[str]) -> NDArray[np.bool_]:
    """Return which words stand in `gold`, in runs of three or more, each of its words used once.

    Longest runs first: what a page says again elsewhere is not what the gold text means.
    """
    starts = defaultdict(list)
    for at, run in enumerate(zip(gold, gold[1:], gold[2:], strict=False)):
        starts[run].append(at)
    runs: list[tuple[int, int, int]] = []  # length, start, start in the gold text
    open_: dict[int, int] = {}  # length of the runs by the last start in the gold text
    for here, three in enumerate([*zip(said, said[1:], said[2:], strict=False), None]):
        found = {at: open_.get(at - 1, 0) + 1 for at in starts.get(three, ())}
        runs += [(n, here - n, at - n + 1) for at, n in open_.items() if at + 1 not in found]
        open_ = found
    covered, used = np.zeros(len(said), dtype=bool), np.zeros(len(gold), dtype=bool)
    for n, start, at in sorted(runs, key=lambda run: (-run[0], run[1], run[2])):
        page, text = covered[start : start + n + 2], used[at : at + n + 2]
        free = ~page & ~text
        page |= free
        text |= free
    return covered


def _counts(said: list[list[str]]) -> NDArray[np.float32]:
    seen: set[str] = set()
    counts = np.zeros(len(said), dtype=np.float32)
    for i, block in enumerate(said):
        line = " ".join(block)
        if len(block) < 3 or line not in seen:
            counts[i] = len(block)
        seen.add(line)
    return counts
