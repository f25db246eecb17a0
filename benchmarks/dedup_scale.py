"""How do time, memory and disk of near-duplicate search grow with the number of documents?

    python benchmarks/dedup_scale.py --documents 1e6 3e6 1e7

Synthetic sketches, so that nothing but the resolving is measured: documents in families, 30 % of
them near-duplicates of the head of theirs (similarity .75 to 1, most of them near 1; sizes of
families follow a power law, up to thousands), 20 % only akin to it (.2 to .7, as pages made from
one template are), the rest alone. A document has 100 to 800 n-grams; signatures are drawn so that
two agree in each value with the probability that their n-gram sets have by similarity. Everything
else is the code that a pipeline runs: keys to disk, band by band, candidates' n-grams to disk,
exact verification, the best of each cluster stays. Each size in a process of its own; what it takes
to make the sketches is not counted. Disk is what lies in the work folder when it is largest; memory
is peak resident memory, mapped files included.
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
from webfilter.dedup.rounds import Deduplication
from webfilter.dedup.signature import band_keys
from webfilter.dedup.sketch import Details, Keys, named
from webfilter.dedup.verify import Sets
from webfilter.text.points import mix

BATCH = 20_000
STEP = np.uint64(0x9E3779B97F4A7C15)


class Families:
    """Which family each document is of, and how similar it is to the head of it."""

    def __init__(self, size: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        kind = rng.random(size)
        self.size = size
        near = 1 - 0.25 * rng.random(size) * rng.random(size)
        akin = rng.uniform(0.2, 0.7, size)
        self.similarity = np.where(kind < 0.3, near, akin).astype(np.float32)
        members = np.minimum(rng.pareto(1.2, size // 4) + 1, 5_000).astype(np.int64)
        owner = np.repeat(np.arange(len(members)), members)[:size]
        rng.shuffle(owner)
        alone = kind >= 0.5
        self.family = np.where(alone, np.arange(size) + size, np.resize(owner, size))
        self.similarity[alone] = 1
        self.lengths = (100 * np.exp(rng.random(2 * size) * np.log(8))).astype(np.int32)

    def keys(self, begin: int, end: int, bands: int, rows: int) -> np.ndarray:
        """Return the band keys of the documents from `begin` to `end`."""
        rng = np.random.default_rng([1, begin])
        count = end - begin
        values = mix(
            self.family[begin:end, None].astype(np.uint64) * STEP
            + np.arange(bands * rows, dtype=np.uint64)
        )
        other = rng.random((count, bands * rows), dtype=np.float32)
        other = other >= self.similarity[begin:end, None]
        values[other] = rng.integers(0, 2**64, int(other.sum()), dtype=np.uint64)
        return band_keys(values, bands, rows)[:, :, None]

    def sets(self, docs: np.ndarray) -> Sets:
        """Return n-gram sets of `docs`: those of the family, some of them replaced."""
        lengths = self.lengths[self.family[docs] % len(self.lengths)].astype(np.intp)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        family = np.repeat(self.family[docs], lengths).astype(np.uint64)
        place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        hashes = mix(family * STEP + place.astype(np.uint64) + STEP)
        own = mix(np.repeat(docs, lengths).astype(np.uint64) * STEP + place.astype(np.uint64))
        shared = 2 * self.similarity[docs] / (1 + self.similarity[docs])
        replaced = (own >> np.uint64(40)).astype(np.float64) / 2**24 >= np.repeat(shared, lengths)
        hashes[replaced] = mix(own[replaced])
        return Sets.of(hashes, offsets)


def names(begin: int, end: int) -> list[str]:
    """Return ids as long as those of web archives."""
    return [f"<urn:uuid:0a1b2c3d-4e5f-6071-8293-{n:012d}>" for n in range(begin, end)]


class Clock:
    """What was spent on making sketches, and how large the folder was then."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def over(self, items: Iterator[object]) -> Iterator[object]:
        """Yield `items`, and count the time they take."""
        while True:
            start = time.perf_counter()
            item = next(items, None)
            self.seconds += time.perf_counter() - start
            if item is None:
                return
            yield item


def status(key: str) -> int:
    """Return a figure of this process in MB, from the system (Linux)."""
    found = re.search(rf"{key}:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


def largest(folder: Path) -> int:
    """Return the bytes in `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def resolve(step: Deduplication, size: int, seed: int) -> dict[str, float]:
    """Resolve the sketches of `size` documents; return figures."""
    families = Families(size, seed)
    bands, rows = step.layout  # type: ignore[attr-defined]
    scheme = step.sketch([]).keys.scheme
    clock = Clock()
    figures: dict[str, float] = {"before": status("VmRSS")}
    anonymous = 0

    def keys() -> Iterator[Keys]:
        for begin in range(0, size, BATCH):
            end = min(begin + BATCH, size)
            hashed, _ = named(names(begin, end))
            yield Keys(hashed, families.keys(begin, end, bands, rows), scheme)

    def details(second: object) -> Iterator[Details]:
        nonlocal anonymous
        for begin in range(0, size, BATCH):
            ids = names(begin, min(begin + BATCH, size))
            hashed, raw = named(ids)
            chosen = np.flatnonzero(second.buckets.among(hashed))  # type: ignore[attr-defined]
            order = [b"%08d" % n for n in families.lengths[chosen + begin].tolist()]
            sets = families.sets(chosen + begin) if step.least is not None else None
            anonymous = max(anonymous, status("RssAnon"))
            yield Details(hashed[chosen], [raw[n] for n in chosen.tolist()], order, sets, scheme)

    with tempfile.TemporaryDirectory() as work:
        folders = [Path(work, name) for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        start = time.perf_counter()
        first = step.lean

        def last(items: Iterator[Keys]) -> Iterator[Keys]:
            yield from items
            figures["keys"] = largest(folders[0]) / size

        second = first.resolve_in(clock.over(last(keys())), folders[0])
        figures["first"] = time.perf_counter() - start - clock.seconds
        figures["candidates"] = len(second.buckets.candidates)  # type: ignore[union-attr]

        def at_last(items: Iterator[Details]) -> Iterator[Details]:
            yield from items
            figures["disk"] = largest(Path(work)) / size

        stage = second.resolve_in(  # type: ignore[union-attr]
            clock.over(at_last(details(second))), folders[1]
        )
        figures["seconds"] = time.perf_counter() - start - clock.seconds
        figures["making"] = clock.seconds
        figures["clusters"] = len(stage.clusters)  # type: ignore[union-attr]
        figures["dropped"] = stage.clusters.members - len(stage.clusters)  # type: ignore[union-attr]
    figures["peak"] = status("VmHWM")
    figures["anonymous"] = max(anonymous, status("RssAnon"))
    return figures


def main() -> None:
    """Print a table with a row a size and setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=float, nargs="+", default=[1e6, 3e6, 1e7])
    parser.add_argument("--profile", default="webfilter", choices=list(MinHash.profiles))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        step = MinHash.profile(given.profile)
        print(json.dumps(resolve(step, int(given.documents[0]), given.seed)))
        return
    columns = "documents", "candidates", "dropped", "minutes", "of it bands", "peak MB"
    columns += "disk for keys, bytes a document", "at most"
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for size in given.documents:
        command = [sys.executable, __file__, "--child", "--profile", given.profile]
        command += ["--documents", str(size), "--seed", str(given.seed)]
        said = subprocess.run(command, check=True, capture_output=True, text=True)
        f = json.loads(said.stdout)
        print(
            f"| {int(size):,} | {f['candidates']:,} | {f['dropped']:,} | {f['seconds'] / 60:.1f} "
            f"| {f['first'] / 60:.1f} | {f['peak']:,} | {f['keys']:.0f} | {f['disk']:.0f} |",
            flush=True,
        )
        print(json.dumps(f), file=sys.stderr)


if __name__ == "__main__":
    main()
