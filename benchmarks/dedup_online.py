"""How fast, how complete and how small is deduplication of an endless stream?

    python benchmarks/dedup_online.py --documents 1000000
    python benchmarks/dedup_online.py texts.jsonl.xz --documents 20000
    python benchmarks/dedup_online.py --bloom

Without paths the documents are synthetic: 60 to 300 words of a Zipf distribution over 50,000
made-up words. With paths they are windows of 60 to 300 words of those texts. One in twenty is an
exact copy of an earlier one, anywhere in the stream, one in ten a near copy in which words were
replaced at a rate between .001 and .08. The stream is written to a file once; each system reads it
in a process of its own, and no time of that counts.

`planted`: share of the near copies with a Jaccard similarity of word 5-grams of .75 or more to
their original, and of all exact copies, that were dropped. `of batch`: share of what the batch
stage of the same bands drops (with the first of each cluster kept) that was dropped, too. `wrong`:
documents dropped that are no copy of anything. Memory is VmHWM over what it was before the first
document, on Linux. ``--bloom`` fills Bloom filters of several sizes to their capacity with random
keys, many of the small ones, and counts which of a million others they take for old ones.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SIMILAR = 0.75
EXACT, NEAR = 50, 100  # copies in a thousand
SHORT, LONG = 60, 300  # words


def mixed(values: np.ndarray) -> np.ndarray:
    """Return pseudo-random 64-bit values, one for each of `values` (splitmix64)."""
    with np.errstate(over="ignore"):
        z = values * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return z ^ z >> np.uint64(31)


class Stream:
    """Documents by number: words of a Zipf distribution, or windows of given texts."""

    def __init__(self, paths: Sequence[str], seed: int) -> None:
        self.seed = seed
        syllables = [
            a + b for a in "bcdfghjklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an", "er")
        ]
        rng = np.random.default_rng(seed)
        made: dict[str, None] = {}
        while len(made) < 50_000:
            made["".join(rng.choice(syllables, rng.integers(1, 5)))] = None
        self.words = list(made)
        weights = 1 / np.arange(1, 50_001) ** 1.0
        cumulated = np.cumsum(weights) / weights.sum()
        self.slots = np.searchsorted(cumulated, (np.arange(1 << 20) + 0.5) / (1 << 20))
        self.windows = [w for path in paths for w in windows(path)]

    def _random(self, number: int, kind: int, count: int) -> np.ndarray:
        base = (self.seed * 1_000_003 + number) * 4096 + kind * 1024
        return mixed(np.arange(base, base + count, dtype=np.uint64))

    def plan(self, number: int) -> tuple[str, int]:
        """Return what document `number` is, and the number of the original that it copies."""
        kind, of = self._random(number, 0, 2).tolist()
        share = kind % 1000
        if number == 0 or share >= EXACT + NEAR:
            return "original", number
        _, original = self.plan(of % number)
        return ("exact" if share < EXACT else "near"), original

    def original(self, number: int) -> list[str]:
        """Return the words of an original."""
        if self.windows:
            return self.windows[number % len(self.windows)]
        values = self._random(number, 1, LONG + 1)
        size = SHORT + int(values[-1]) % (LONG - SHORT + 1)
        return [self.words[n] for n in self.slots[values[:size] >> np.uint64(44)].tolist()]

    def document(self, number: int) -> list[str]:
        """Return the words of document `number`."""
        kind, original = self.plan(number)
        words = self.original(original)
        if kind == "near":
            values = self._random(number, 2, len(words) + 1)
            rate = 0.001 * 80 ** (int(values[-1]) / 2**64)
            edits = np.flatnonzero(values[:-1] < np.uint64(int(rate * 2**64)))
            words = list(words)
            for place in edits.tolist():
                words[place] = self.words[int(values[place]) % 50_000]
        return words


def windows(path: str) -> Iterator[list[str]]:
    """Yield windows of `SHORT` to `LONG` words of the texts of a JSONL file."""
    opener = {".xz": lzma.open, ".gz": gzip.open}.get(Path(path).suffix, open)
    with opener(path, "rt", encoding="utf-8") as lines:
        for row, line in enumerate(lines):
            record = json.loads(line)
            words = (record.get("text") or record.get("gold_text") or "").split()
            size = SHORT + row * 7919 % (LONG - SHORT + 1)
            for begin in range(0, len(words) - SHORT, size):
                yield words[begin : begin + size]


def similarity(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the Jaccard similarity of the sets of 5-grams of words."""
    left, right = ({tuple(w[n : n + 5]) for n in range(len(w) - 4)} for w in (one, other))
    return len(left & right) / len(left | right)


def write(stream: Stream, documents: int, path: Path) -> None:
    """Write the stream to `path`, a text a line, and the truth beside it, as JSON.

    That is the numbers of the exact copies, of the near ones of .75 or more, and of the originals.
    """
    found: dict[str, list[int]] = {"exact": [], "near": [], "original": []}
    with open(path, "w", encoding="utf-8") as lines:
        for number in range(documents):
            kind, original = stream.plan(number)
            words = stream.document(number)
            lines.write(" ".join(words) + "\n")
            if kind == "near":
                if similarity(words, stream.original(original)) >= SIMILAR:
                    found[kind].append(number)
            elif kind == "exact" or not stream.windows or number < len(stream.windows):
                found[kind].append(number)
    path.with_suffix(".json").write_text(json.dumps(found))


def lines(path: str) -> Iterator[str]:
    """Yield the lines of the file `path`."""
    with open(path, encoding="utf-8") as file:
        yield from file


def memory(reset: bool = False) -> int:
    """Return the most memory this process has had, in KB; on Linux since the last reset."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])


SYSTEMS: dict[str, dict[str, Any]] = {
    "MinHashOnline()": {},
    "MinHashOnline(window=100_000)": {"window": 100_000},
    "MinHashOnline(bands=14, rows=8, threshold=None)": {"bands": 14, "rows": 8, "threshold": None},
    "MinHash(bands=28, rows=4, threshold=0.75)": {
        "kind": "batch", "bands": 28, "rows": 4, "threshold": 0.75,
    },
    "MinHash(bands=14, rows=8, threshold=None)": {
        "kind": "batch", "bands": 14, "rows": 8, "threshold": None,
    },
    "SeenBefore()": {"kind": "seen"},
    "SeenBefore(false_positive_rate=1e-3), full": {"kind": "seen", "false_positive_rate": 1e-3},
    "SeenBefore(false_positive_rate=1e-6), full": {"kind": "seen", "false_positive_rate": 1e-6},
    "set of 128-bit hashes": {"kind": "set"},
}  # fmt: skip


def child(system: str, path: str, documents: int, batch: int) -> None:
    """Run one system over the stream; print as JSON what it took and what it dropped."""
    from webfilter.dedup.bloom import key_hashes
    from webfilter.dedup.exact import normalized_text
    from webfilter.dedup.minhash import MinHash
    from webfilter.dedup.minhash_online import MinHashOnline
    from webfilter.dedup.seen import SeenBefore
    from webfilter.document import Document

    fields = dict(SYSTEMS[system])
    kind = fields.pop("kind", "online")
    if "full" in system:  # so that the last documents meet the stated rate
        fields["capacity"] = round(documents * (1000 - EXACT) / 1000)
    docs = (Document(f"{n:09}", line[:-1]) for n, line in enumerate(lines(path)))
    gone = np.zeros(documents, dtype=np.bool_)
    took = {"seconds": 0.0}

    def timed(call: Callable[..., Any], *args: Any) -> Any:
        begin = time.process_time()
        found = call(*args)
        took["seconds"] += time.process_time() - begin
        return found

    def seen(some: Sequence[Document]) -> list[bool]:
        flags = []
        for key in key_hashes(normalized_text(doc.text) for doc in some):
            raw = key.tobytes()
            flags.append(raw in table)
            table.add(raw)
        return flags

    table: set[bytes] = set()
    sketches: list[Any] = []
    stage: Any = {"seen": SeenBefore, "online": MinHashOnline, "batch": MinHash}.get(kind)
    if kind == "batch":
        stage = stage(prefer="id", **fields)
        stage.resolve([stage.sketch([Document("0", "a b c d e f g é")])])
    elif kind != "set":
        stage = stage(**fields)
        stage.observe(stage.start(), [Document("0", "a b c d e f g é")])
    before = memory(reset=True)
    state = stage.start() if kind in ("seen", "online") else None
    done, shown = 0, time.perf_counter()
    while some := [doc for _, doc in zip(range(batch), docs, strict=False)]:
        if kind == "batch":
            sketches.append(timed(stage.sketch, some))
        elif kind == "set":
            gone[done : done + len(some)] = timed(seen, some)
        else:
            marked = timed(stage.observe, state, some)
            gone[done : done + len(some)] = [not doc.live for doc in marked]
        done += len(some)
        if time.perf_counter() - shown > 30:
            shown = time.perf_counter()
            print(f"{system}: {done:,} {memory() // 1024} MB", file=sys.stderr)
    if kind == "batch":
        resolved = timed(stage.resolve, sketches)
        ids = [Document(f"{n:09}") for n in range(documents)]
        gone[:] = [not doc.live for doc in resolved.process(ids)]
    took["mb"] = (memory() - before) / 1024
    if state is not None:
        with tempfile.TemporaryDirectory() as folder:
            saved = Path(folder, "state")
            begin = time.perf_counter()
            stage.save(state, saved)
            took["saved"] = time.perf_counter() - begin
            files = saved.iterdir() if saved.is_dir() else [saved]
            took["disk"] = sum(file.stat().st_size for file in files) / 1e6
            begin = time.perf_counter()
            stage.load(saved)
            took["loaded"] = time.perf_counter() - begin
            took["saved_mb"] = (memory() - before) / 1024
    print(json.dumps({**took, "gone": np.flatnonzero(gone).tolist()}))


def bloom(seed: int) -> None:
    """Print the share of new keys that Bloom filters take for old ones at their capacity."""
    from webfilter.dedup.bloom import BloomFilter

    rng, rates = np.random.default_rng(seed), (1e-2, 1e-3)
    print(f"| bits | {' | '.join(f'asked {rate:g}' for rate in rates)} |\n| --- | --- | --- |")
    for power in (10, 14, 18, 22, 24):
        cells = []
        for rate in rates:
            capacity = int(2**power * math.log(2) ** 2 / -math.log(rate))
            filters = max(1, 2 ** (20 - power))
            found = 0
            for _ in range(filters):
                keys = rng.integers(0, 2**64, (capacity + 10**6 // filters, 2), dtype=np.uint64)
                one = BloomFilter(capacity, rate)
                one.add(keys[:capacity])
                found += int(one.contains(keys[capacity:]).sum())
            cells.append(f"{found / (10**6 // filters * filters):.5f}")
        print(f"| 2^{power} | {' | '.join(cells)} |", flush=True)


@cache
def single() -> dict[str, str]:
    """Return an environment with one thread."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    """Run every system and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", help="JSONL with text, plain, gz or xz")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=64, help="documents handed over at once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="systems whose name contains one of these")
    parser.add_argument("--keep", metavar="FOLDER", help="leave the stream there, or find it there")
    parser.add_argument("--bloom", action="store_true", help="only false positives by size")
    parser.add_argument("--child", nargs=2, metavar=("SYSTEM", "STREAM"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(*given.child, given.documents, given.batch)
        return
    if given.bloom:
        bloom(given.seed)
        return
    results: dict[str, Any] = {}
    chosen = [name for name in SYSTEMS if any(part in name for part in given.only or [""])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(given.keep or folder, "stream.txt")
        if not path.with_suffix(".json").exists():
            write(Stream(given.paths, given.seed), given.documents, path)
        true = {k: set(v) for k, v in json.loads(path.with_suffix(".json").read_text()).items()}
        exact, near, original = true["exact"], true["near"], true["original"]
        for system in chosen:
            command = [sys.executable, __file__, "--child", system, str(path)]
            command += ["--documents", str(given.documents), "--batch", str(given.batch)]
            said = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=single()
            )
            results[system] = json.loads(said.stdout)
    print(f"{given.documents:,} documents: {len(exact):,} exact copies, {len(near):,} near ones\n")
    print("| | documents / CPU s | peak MB | dropped | planted | of batch | wrong ", end="")
    print("| state MB | save s | load s | MB with those |\n" + "| --- " * 11 + "|")
    for system in chosen:
        took = results[system]
        gone = set(took["gone"])
        copies = exact | (near if "MinHash" in system else set())
        batch = next((set(r["gone"]) for other, r in results.items() if twin(system, other)), None)
        cells = [
            system,
            f"{given.documents / took['seconds']:,.0f}",
            f"{took['mb']:,.0f}",
            f"{len(gone):,}",
            f"{len(gone & copies) / len(copies):.5f}",
            f"{len(gone & batch) / len(batch):.5f}" if batch else "",
            f"{len(gone & original):,}",
            *(
                f"{took[key]:,.1f}" if key in took else ""
                for key in ("disk", "saved", "loaded", "saved_mb")
            ),
        ]
        print("| " + " | ".join(cells) + " |")


def twin(system: str, other: str) -> bool:
    """Return whether `other` is the batch stage with the bands of the online stage `system`."""
    if not system.startswith("MinHashOnline") or not other.startswith("MinHash("):
        return False
    return ("bands=14" in system) == ("bands=14" in other)


if __name__ == "__main__":
    main()
