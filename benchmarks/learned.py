"""How much does a language model learn from what each chain keeps?

    pip install pyppmd
    python benchmarks/learned.py pages-*.warc.gz --pages wcxb-dev/pages.jsonl.xz \
        --bench arc=doc.query=arc.jsonl.xz --bench sciq=doc.question,doc.support=sciq.jsonl.xz

The model is PPMd (variant I, order 8): it learns while it compresses, in seconds, and draws nothing
by lot. It reads so many bytes of a chain's texts, in any order, then some 3,000 bytes of questions
drawn from a benchmark. What those cost is told in bits a byte: less, where it had learned more of
their words and turns of phrase before. All chains see the same pages, extracted once by the default
engine and told to be English, and the same questions; each draw of texts, with the mean of three
draws of questions, is one observation. With `--code`, functions of Python's own library are asked
too.

With `--without`, the chains are the recipe `educational` with a limit of 1.0, with some of its
filters left out, with FineWeb's limit on repeated lines, and with `Lines` before all of them;
differences are from the recipe. `code as prose` is the recipe where lines of code are cleaned and
counted like others, as in FineWeb's chain.

`as raw` is how many bytes of the pages as they were extracted teach as much, for each byte of the
chain's: from the line through what the raw pages taught at several sizes (bits by the logarithm of
bytes), and no further than these.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import random
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyppmd
from code_kept import as_prose
from repeated_lines import pages, with_limit

import webfilter as wf
from webfilter.heuristics.items import read_items

ORDER, MEMORY = 8, 256 << 20
CHUNK = 3_000
GROWN = (0.5, 1, 2, 4)
CHAINS = ("gopher", "c4", "fineweb", "refinedweb", "dclm", "nemo-curator", "educational")
LIMITS = (1.0, 2.0)
STERN = 0.01
"""FineWeb's limit on repeated lines."""
FILTERS = (("gopher_repetition", "gopher_quality"), ("c4_quality",), ("fineweb_quality",))
MODULES = ("statistics", "calendar", "heapq", "fractions", "textwrap", "csv", "shutil", "random")
ITEM = re.compile(r"^\s*Question:\s*|\n[A-E]\.[^\n]*|\s*Answer:\s*$")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("crawl", nargs="+", help="WARC files")
    parser.add_argument("--pages", type=Path, help="JSON Lines with html and url")
    parser.add_argument("--bench", action="append", required=True, help="NAME=FIELD,FIELD=FILE")
    parser.add_argument("--code", action="store_true", help="ask Python's library too")
    parser.add_argument("--size", type=int, default=600_000, help="bytes of texts to learn from")
    parser.add_argument(
        "--draws", type=int, default=8, help="of texts; three of questions for each"
    )
    parser.add_argument("--without", action="store_true", help="stages of the recipe left out")
    options = parser.parse_args()

    benches = dict(questions(given) for given in options.bench)
    if options.code:
        benches["code"] = library()
    raw = list(pages(options.crawl, options.pages))
    paths = {given.split("=")[0]: given.split("=")[2] for given in options.bench}
    spoiled = sum(not doc.live for doc in wf.Contamination(paths)(raw))
    learned: dict[str, dict[str, list[float]]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for name, texts in variants(raw) if options.without else chains(raw):
        sizes[name] = (len(texts), sum(len(text.encode()) for text in texts))
        learned[name] = bits(texts, benches, options.size, options.draws)
    first = next(iter(learned))
    grown = [] if options.without else [int(options.size * times) for times in GROWN]
    curves = [
        bits([doc.text for doc in raw], benches, size, options.draws)
        for size in grown
        if size < sizes[first][1]
    ]
    print(f"{options.size:,} bytes of each; bits a byte, and the difference from {first}")
    print(f"pages that hold a part of a benchmark: {spoiled}\n")
    for name, found in learned.items():
        row = [f"{name:<24} {sizes[name][0]:>6,} {sizes[name][1] / 1e6:>6.1f} MB"]
        for bench, values in found.items():
            less = [a - b for a, b in zip(values, learned[first][bench], strict=True)]
            error = statistics.stdev(less) / len(less) ** 0.5
            taught = [statistics.mean(curve[bench]) for curve in curves]
            like = same(statistics.mean(values), grown[: len(curves)], taught)
            said = "" if like is None else f", as raw {within(like / options.size)}"
            row.append(
                f"{bench} {statistics.mean(values):.3f} {statistics.mean(less):+.3f} +- "
                f"{2 * error:.3f}{said}"
            )
        print("  ".join(row))


def chains(raw: Sequence[wf.Document]) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each chain, and what it keeps of texts that are there already."""
    yield "raw", [doc.text for doc in raw]
    for name in CHAINS:
        yield name, kept(wf.recipe(name).steps, raw)
    steps = wf.recipe("educational").steps
    scorer = steps[-1]
    assert isinstance(scorer, wf.Educational)
    for limit in LIMITS:
        yield f"educational, {limit}", kept((*steps[:-1], replace(scorer, min_score=limit)), raw)
    yield "educational, code as prose", kept(map(as_prose, steps), raw)
    for limit in LIMITS:
        yield f"score alone, {limit}", kept((replace(scorer, min_score=limit),), raw)


def variants(raw: Sequence[wf.Document]) -> Iterator[tuple[str, list[str]]]:
    """Yield the recipe `educational`, and what it keeps with one stage less or more."""
    *filters, scorer = wf.recipe("educational").steps
    assert isinstance(scorer, wf.Educational)
    scorer = replace(scorer, min_score=LIMITS[0])
    yield "educational", kept((*filters, scorer), raw)
    names = [step.name for step in filters]
    for gone in FILTERS:
        left = [step for step in filters if step.name not in gone]
        yield f"without {' and '.join(gone)}", kept((*left, scorer), raw)
    at = names.index(FILTERS[0][0])
    yield "repeated lines up to .01", kept((*with_limit(filters, STERN), scorer), raw)
    yield "code as prose", kept((*map(as_prose, filters), scorer), raw)
    yield "with lines", kept((*filters[:at], wf.Lines(), *filters[at:], scorer), raw)


def kept(steps: Iterable[Any], raw: Sequence[wf.Document]) -> list[str]:
    """Return the texts that a chain keeps, without its extraction."""
    pipe = wf.Pipeline(tuple(step for step in steps if step.name != "extract"))
    return [doc.text for doc in pipe.kept(raw)]


def questions(given: str) -> tuple[str, list[str]]:
    """Return the name of a benchmark, and its items as texts."""
    name, fields, path = given.split("=")
    items = read_items(Path(path), tuple(fields.split(",")))[0]
    return name, sorted({ITEM.sub("", "\n".join(texts)) for texts in items})


def library() -> list[str]:
    """Return functions of Python's own library, documentation and all."""
    found: set[str] = set()
    for name in MODULES:
        source = inspect.getsource(importlib.import_module(name))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                found.add(ast.get_source_segment(source, node) or "")
    return sorted(found)


def bits(
    texts: Sequence[str], benches: Mapping[str, list[str]], size: int, draws: int
) -> dict[str, list[float]]:
    """Return what each draw of each benchmark costs in bits a byte, after `size` bytes of texts."""
    found: dict[str, list[float]] = {name: [] for name in benches}
    for seed in range(draws):
        before = drawn(texts, size, seed)
        base = compressed(before)
        for name, items in benches.items():
            parts = [drawn(items, CHUNK, 100 * seed + part) for part in range(3)]
            costs = ((compressed(before + asked) - base) * 8 / len(asked) for asked in parts)
            found[name].append(statistics.mean(costs))
    return found


def drawn(texts: Sequence[str], size: int, seed: int) -> bytes:
    """Return the first `size` bytes of the texts in an order by lot.

    Raises:
        SystemExit: there are not so many.
    """
    order, out = list(range(len(texts))), bytearray()
    random.Random(seed).shuffle(order)
    for i in order:
        if len(out) >= size:
            return bytes(out[:size])
        out += texts[i].encode() + b"\n\n"
    if len(out) < size:
        raise SystemExit(f"only {len(out):,} bytes are left of {size:,}: give a lower --size")
    return bytes(out[:size])


def compressed(data: bytes) -> int:
    """Return how many bytes `data` takes."""
    encoder = pyppmd.Ppmd8Encoder(ORDER, MEMORY)
    return len(encoder.encode(data)) + len(encoder.flush())


def same(bits: float, sizes: Sequence[int], taught: Sequence[float]) -> float | None:
    """Return the size after which the curve has these bits, by a line through logarithms.

    None where more of the same does not always teach more, or nothing is known.
    """
    if not sizes or not all(later < before for before, later in pairwise(taught)):
        return None
    slope, start = np.polyfit(np.log(sizes), taught, 1)
    return float(np.exp((bits - start) / slope))


def within(times: float) -> str:
    """Return how many times as much, as far as raw pages were tried."""
    if times > GROWN[-1]:
        return f"over {GROWN[-1]}"
    return f"under {GROWN[0]}" if times < GROWN[0] else f"{times:.1f}"


if __name__ == "__main__":
    main()
