"""How large is an index of earlier runs, how fast is it made and asked, within how much memory?

    python benchmarks/dedup_index.py --documents 1e6 1e7 --grams 400
    python benchmarks/dedup_index.py --documents 1e7 --profile datatrove

Synthetic sketches, so that nothing but the index is measured: signatures of random documents,
n-gram sets of half to one and a half times `--grams`, ids as web archives have them. Asked for are
as many as `--asked` documents: half of them variants of indexed ones (similarity .85 to 1), the
others new. All are added in one call, then asked for in a fresh process, 1,000 and 64 at a time (64
is a batch of a pipeline), before and after `compact`. Times are CPU time, without what it takes to
make the sketches. Memory is the part of resident memory that is not mapped files (the system has
those back when it wants), at its largest where it was looked at: after each batch.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from webfilter.dedup import MinHash
from webfilter.dedup.index import MinHashIndex
from webfilter.dedup.signature import band_keys
from webfilter.dedup.sketch import Details, Keys, Sketch, named
from webfilter.dedup.verify import Sets
from webfilter.text.points import mix

BATCH = 10_000
STEP = np.uint64(0x9E3779B97F4A7C15)


def memory() -> int:
    """Return the memory of this process that is no mapped file, in MB (Linux)."""
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


def sketch(step: MinHash, numbers: np.ndarray, similarity: np.ndarray, grams: int) -> Sketch:
    """Return what a batch of documents would leave behind.

    Args:
        step: the settings.
        numbers: whose signature and n-grams each has.
        similarity: how similar it is to those; 1: it is that document.
        grams: n-grams of a document, on average.
    """
    rng = np.random.default_rng([int(numbers[0]), len(numbers)])
    bands, rows = step.layout
    base = numbers.astype(np.uint64)[:, None] * STEP
    signs = mix(base + np.arange(bands * rows, dtype=np.uint64))
    other = rng.random(signs.shape, dtype=np.float32) >= similarity[:, None]
    signs[other] = rng.integers(0, 2**64, int(other.sum()), dtype=np.uint64)
    variant = np.where(similarity < 1, "~", "").tolist()
    ids = [
        f"<urn:uuid:0a1b2c3d-4e5f-6071-8293-{n:012d}>{more}"
        for n, more in zip(numbers.tolist(), variant, strict=True)
    ]
    hashed, raw = named(ids)
    sets = None
    if step.threshold is not None:
        lengths = grams // 2 + (mix(numbers.astype(np.uint64)) % np.uint64(grams)).astype(np.intp)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        hashes = mix(np.repeat(base[:, 0], lengths) + place.astype(np.uint64) + STEP)
        shared = np.repeat(2 * similarity / (1 + similarity), lengths)
        replaced = rng.random(len(hashes)) >= shared
        hashes[replaced] = rng.integers(0, 2**64, int(replaced.sum()), dtype=np.uint64)
        sets = Sets.of(hashes, offsets)
    scheme = step.sketch([]).keys.scheme
    keys = Keys(hashed, band_keys(signs, bands, rows)[:, :, None], scheme)
    return Sketch(keys, Details(hashed, raw, [b""] * len(raw), sets, scheme))


def made(step: MinHash, size: int, grams: int, figures: dict[str, float]) -> Iterator[Sketch]:
    """Yield the sketches to add; count in `figures` what it takes to make them."""
    for begin in range(0, size, BATCH):
        start = time.process_time()
        numbers = np.arange(begin, min(begin + BATCH, size))
        found = sketch(step, numbers, np.ones(len(numbers)), grams)
        figures["making"] += time.process_time() - start
        figures["memory"] = max(figures["memory"], memory())
        yield found


def build(folder: Path, profile: str, size: int, grams: int) -> dict[str, float]:
    """Make an index; return figures."""
    figures: dict[str, float] = {"making": 0, "memory": 0}
    index = MinHashIndex.create(folder, MinHash.profile(profile))
    start = time.process_time()
    index.add(made(index.step, size, grams, figures))
    figures["seconds"] = time.process_time() - start - figures["making"]
    figures["segments"] = len(index._segments)
    figures["bytes"] = index.size / size
    held = [file for entry in index._manifest.segments for file in entry.files.items()]
    figures["grams"] = sum(about[0] for name, about in held if name.startswith("gram")) / size
    return figures


def ask(folder: Path, size: int, asked: int, grams: int) -> dict[str, float]:
    """Ask an index; return figures."""
    figures: dict[str, float] = {}
    before = memory()
    start = time.process_time()
    index = MinHashIndex.open(folder)
    figures["open"] = time.process_time() - start
    rng = np.random.default_rng(7)
    numbers = rng.integers(0, size, asked)
    numbers[::2] += size
    similarity = np.where(np.arange(asked) % 2, rng.uniform(0.85, 1, asked), 1.0)
    peak = 0
    for some in (1_000, 64):
        spent, found = 0.0, 0
        for at in range(0, asked, some):
            one = sketch(index.step, numbers[at : at + some], similarity[at : at + some], grams)
            start = time.process_time()
            answers = index.query([one])
            spent += time.process_time() - start
            found += sum(answer is not None for answer in answers[1::2])
            peak = max(peak, memory())
        figures[f"by {some}"] = spent / asked * 1e6
        figures["recall"] = found / (asked // 2)
    figures["memory"] = peak - before
    return figures


def main() -> None:
    """Print a table with two rows a size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=float, nargs="+", default=[1e6])
    parser.add_argument("--asked", type=float, default=2e4)
    parser.add_argument("--grams", type=int, default=400, help="n-grams of a document, on average")
    parser.add_argument("--profile", default="webfilter", choices=list(MinHash.profiles))
    parser.add_argument("--child", choices=["build", "ask", "compact"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        size = int(given.documents[0])
        if given.child == "build":
            print(json.dumps(build(given.folder, given.profile, size, given.grams)))
        elif given.child == "ask":
            print(json.dumps(ask(given.folder, size, int(given.asked), given.grams)))
        else:
            start = time.process_time()
            index = MinHashIndex.open(given.folder)
            index.compact()
            seconds = time.process_time() - start
            print(json.dumps({"seconds": seconds, "segments": len(index._segments)}))
        return
    print(
        "| documents | made in CPU s | MB | bytes a document | of it n-grams | segments "
        "| asked, CPU µs a document by 1,000 | by 64 | MB | found |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for size in given.documents:
        with tempfile.TemporaryDirectory() as work:
            command = [sys.executable, __file__, "--documents", str(size), "--folder", f"{work}/in"]
            command += ["--grams", str(given.grams), "--profile", given.profile]
            command += ["--asked", str(given.asked), "--child"]

            def child(what: str, command: list[str] = command) -> dict[str, float]:
                said = subprocess.run([*command, what], check=True, stdout=subprocess.PIPE)
                return json.loads(said.stdout)

            b = child("build")
            for n, again in enumerate(("ask", "compact")):
                if n:
                    c = child(again)
                    b.update(segments=c["segments"], seconds=c["seconds"], memory=0)
                a = child("ask")
                print(
                    f"| {int(size):,}{' compact' * n} | {b['seconds']:.0f} | {b['memory'] or ''} "
                    f"| {b['bytes']:.0f} | {b['grams']:.0f} | {b['segments']:.0f} "
                    f"| {a['by 1000']:.0f} | {a['by 64']:.0f} | {a['memory']:.0f} "
                    f"| {a['recall']:.4f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
