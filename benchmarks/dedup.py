"""How fast and exact is near-duplicate search, from texts to the list of duplicates, on one core?

    python benchmarks/dedup.py texts.jsonl.xz more.jsonl --documents 27000 --planted 0.2

Documents are windows of 60 to 1,500 words cut from the texts, log-uniform in length; a share of
them gets a copy in which words were replaced, dropped or inserted at a known rate. The truth is
every pair of documents whose sets of word 5-grams have a Jaccard similarity of .75 or more, found
by an exact prefix-filtered join over words that this script makes itself. Compared in the same
run, each in its own process, medians of `--runs`: webfilter's `MinHash` (28 bands of 4, verified),
its reference layout (14 bands of 8, unverified), and of the peers those that are installed
(``pip install datasketch rensa "xxhash<3.6" "datatrove[processing]" spacy tokenizers``):

- datasketch as its documentation shows it, and its bulk path with xxhash: 14 bands of 8;
- rensa: `RMinHash` of 112 values and `RMinHashLSH` with 14 bands, on words shingled in Python;
- datatrove: signature, buckets and cluster as its example has them, on one core (the filter that
  follows in a pipeline is not counted); 14 buckets of 8.

Peers take the shingles of this script, made in Python, as their users do; datatrove makes its own.
Recall: share of the true pairs of which at most one document stays. Wrong: documents that are
dropped though nothing that stays is .75 like them. Precision: share of the pairs in one cluster
that are true.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import math
import os
import random
import re
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from pathlib import Path

NGRAM = 5
SIMILAR = 0.75
Pair = tuple[int, int]
Clusters = list[list[int]]
Search = Callable[[list[str]], Clusters]

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def shingles(text: str) -> set[str]:
    """Return the set of word 5-grams of `text`, normalized as webfilter says it does."""
    plain = unicodedata.normalize("NFD", NUMBER.sub("0", text.lower()))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    words = re.findall(r"[^\W_]+", plain)
    return {" ".join(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}


def read(paths: list[Path]) -> Iterator[str]:
    """Yield the texts (``text`` or ``gold_text``) of JSONL files, plain, gz or xz."""
    for path in paths:
        opener = {".xz": lzma.open, ".gz": gzip.open}.get(path.suffix, open)
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                text = record.get("text") or record.get("gold_text")
                if text:
                    yield text


def corpus(paths: list[Path], documents: int, planted: float, seed: int) -> list[str]:
    """Return windows of the texts with edited copies among them, shuffled."""
    rng = random.Random(seed)
    found = [window for text in read(paths) for window in windows(text, rng)]
    rng.shuffle(found)
    found = found[: int(documents / (1 + planted))]
    vocabulary = " ".join(found[:200]).split()
    chosen = rng.sample(found, int(planted * len(found)))
    found += [edited(text, math.exp(rng.uniform(-7, -2.5)), vocabulary, rng) for text in chosen]
    rng.shuffle(found)
    return found


def windows(text: str, rng: random.Random) -> Iterator[str]:
    """Yield consecutive windows of 60 to 1,500 words."""
    ends = [word.end() for word in re.finditer(r"\S+\s*", text)]
    begin = 0
    while len(ends) - begin >= 60:
        size = min(int(math.exp(rng.uniform(math.log(60), math.log(1500)))), len(ends) - begin)
        yield text[ends[begin - 1] if begin else 0 : ends[begin + size - 1]]
        begin += size


def edited(text: str, rate: float, vocabulary: list[str], rng: random.Random) -> str:
    """Return `text` with each word replaced, dropped or followed by another at `rate`."""
    words = []
    for word in text.split():
        kind = rng.randrange(3) if rng.random() < rate else 3
        words += {0: [rng.choice(vocabulary)], 1: [], 2: [word, rng.choice(vocabulary)]}.get(
            kind, [word]
        )
    return " ".join(words)


def truth(texts: list[str]) -> dict[Pair, float]:
    """Return all pairs of similarity `SIMILAR` or more, exactly (prefix filter, then count)."""
    sets = [shingles(text) for text in texts]
    frequency = Counter(shingle for found in sets for shingle in found)
    index: dict[str, list[int]] = defaultdict(list)
    pairs: dict[Pair, float] = {}
    for right, found in enumerate(sets):
        ordered = sorted(found, key=lambda shingle: (frequency[shingle], shingle))
        prefix = ordered[: len(ordered) - math.ceil(SIMILAR * len(ordered)) + 1]
        for left in {left for shingle in prefix for left in index[shingle]}:
            similarity = jaccard(sets[left], found)
            if similarity >= SIMILAR:
                pairs[left, right] = similarity
        for shingle in prefix:
            index[shingle].append(right)
    return pairs


def jaccard(left: set[str], right: set[str]) -> float:
    """Return the share of what is in either set that is in both."""
    common = len(left & right)
    return common / max(len(left) + len(right) - common, 1)


def ours(profile: str) -> Search:
    """Return webfilter's search as a function of texts."""
    from webfilter.dedup import MinHash
    from webfilter.document import Document

    stage = MinHash.profile(profile)

    def run(texts: list[str]) -> Clusters:
        docs = [Document(str(row), text) for row, text in enumerate(texts)]
        return [[int(name) for name in cluster] for cluster in stage.clusters(docs)]

    return run


def grouped(size: int, pairs: Iterable[Pair]) -> Clusters:
    """Return the connected components of two or more, by union-find, the least member first."""
    parent = list(range(size))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = row = parent[parent[row]]
        return row

    for left, right in pairs:
        one, other = sorted((root(left), root(right)))
        parent[other] = one
    groups: dict[int, list[int]] = defaultdict(list)
    for row in range(size):
        groups[root(row)].append(row)
    return [group for group in groups.values() if len(group) > 1]


def datasketch() -> Search:
    """Return datasketch's search, written as its documentation shows, as a function of texts."""
    from datasketch import MinHash, MinHashLSH

    def run(texts: list[str]) -> Clusters:
        index = MinHashLSH(num_perm=112, params=(14, 8))
        pairs: list[Pair] = []
        for row, text in enumerate(texts):
            found = [shingle.encode() for shingle in shingles(text)]
            if not found:
                continue
            sketch = MinHash(num_perm=112)
            sketch.update_batch(found)
            pairs += [(row, other) for other in index.query(sketch)]
            index.insert(row, sketch)
        return grouped(len(texts), pairs)

    return run


def datasketch_bulk() -> Search:
    """Return the fastest path that datasketch has: bulk signatures, xxhash, one insertion session.

    Hashes are made once a shingle; signatures and buckets are datasketch's.
    """
    import xxhash
    from datasketch import MinHash, MinHashLSH

    def run(texts: list[str]) -> Clusters:
        index = MinHashLSH(num_perm=112, params=(14, 8))
        found = [[shingle.encode() for shingle in shingles(text)] for text in texts]
        rows = [row for row, each in enumerate(found) if each]
        sketches = MinHash.bulk(
            [found[row] for row in rows], num_perm=112, hashfunc=xxhash.xxh32_intdigest
        )
        pairs: list[Pair] = []
        for row, sketch in zip(rows, sketches, strict=True):
            pairs += [(row, other) for other in index.query(sketch)]
            index.insert(row, sketch)
        return grouped(len(texts), pairs)

    return run


def rensa() -> Search:
    """Return rensa's search as a function of texts."""
    from rensa import RMinHash, RMinHashLSH

    def run(texts: list[str]) -> Clusters:
        index = RMinHashLSH(threshold=SIMILAR, num_perm=112, num_bands=14)
        pairs: list[Pair] = []
        for row, text in enumerate(texts):
            found = list(shingles(text))
            if not found:
                continue
            sketch = RMinHash(num_perm=112, seed=42)
            sketch.update(found)
            pairs += [(row, other) for other in index.query(sketch)]
            index.insert(row, sketch)
        return grouped(len(texts), pairs)

    return run


def datatrove() -> Search:
    """Return datatrove's search, its stages run one after the other, as a function of texts."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup.minhash import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupSignature,
    )
    from datatrove.utils.hashing import HashConfig

    def run(texts: list[str]) -> Clusters:
        config = MinhashConfig(
            hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8
        )
        with tempfile.TemporaryDirectory() as work:
            docs = (Document(text=text, id=str(row)) for row, text in enumerate(texts))
            MinhashDedupSignature(f"{work}/signs", config=config).run(docs)
            for bucket in range(14):
                step = MinhashDedupBuckets(f"{work}/signs", f"{work}/buckets", config=config)
                step.run(None, bucket, 14)
            step = MinhashDedupCluster(
                f"{work}/buckets", f"{work}/gone", config=config, save_cluster_id=True
            )
            step.run(None, 0, 1)
            found = Path(work, "gone", "000000.clusters")
            raw = found.read_bytes() if found.exists() else b""
        groups: dict[int, list[int]] = defaultdict(list)
        for row, cluster in struct.iter_unpack("<II", raw):
            groups[cluster].append(row)
        return [sorted(group) for group in groups.values() if len(group) > 1]

    return run


SYSTEMS: dict[str, Callable[[], Search]] = {
    "webfilter `MinHash()`: 28 x 4, verified": lambda: ours("webfilter"),
    'webfilter `MinHash.profile("datatrove")`: 14 x 8': lambda: ours("datatrove"),
    "datasketch, 14 x 8": datasketch,
    "datasketch, bulk, xxhash, 14 x 8": datasketch_bulk,
    "rensa, 14 x 8": rensa,
    "datatrove, 14 x 8": datatrove,
}


def memory(reset: bool = False) -> int:
    """Return the most memory this process has had, in KB; on Linux since the last reset.

    On Linux from VmHWM: ru_maxrss starts there with what the parent had, and cannot be reset.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])


def child(system: str, path: str) -> None:
    """Run one system on the texts of `path` and print what it took as JSON."""
    with open(path, encoding="utf-8") as lines:
        texts = [json.loads(line) for line in lines]
    run = SYSTEMS[system]()
    run(texts[:50])  # imports and tables are paid once a process, not once a corpus
    before = memory(reset=True)
    wall, cpu = time.perf_counter(), time.process_time()
    clusters = run(texts)
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    took["mb"] = (memory() - before) / 1024
    print(json.dumps({**took, "clusters": clusters}))


def measure(system: str, path: str, runs: int, true: dict[Pair, float], size: int) -> str:
    """Return a row of the table: medians of `runs` processes, recall and precision."""
    single = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    results = []
    for _ in range(runs):
        command = [sys.executable, __file__, "--child", system, path]
        said = subprocess.run(command, check=False, capture_output=True, text=True, env=single)
        if said.returncode:
            return f"| {system} | {said.stderr.strip().splitlines()[-1][:80]} |"
        results.append(json.loads(said.stdout.splitlines()[-1]))
    clusters: Clusters = results[0]["clusters"]
    pairs = {pair for cluster in clusters for pair in combinations(sorted(cluster), 2)}
    gone = {row for cluster in clusters for row in cluster[1:]}
    hits = sum(not gone.isdisjoint(pair) for pair in true)
    near: dict[int, set[int]] = defaultdict(set)
    for left, right in true:
        near[left].add(right)
        near[right].add(left)
    wrong = sum(not near[row] - gone for row in gone)
    wall, cpu, peak = (statistics.median(r[key] for r in results) for key in ("wall", "cpu", "mb"))
    precise = sum(pair in true for pair in pairs) / max(len(pairs), 1)
    return (
        f"| {system} | {wall:.2f} | {cpu:.2f} | {size / cpu:,.0f} | {peak:,.0f} "
        f"| {hits / max(len(true), 1):.4f} | {len(gone):,} | {wrong} | {precise:.3f} |"
    )


def main() -> None:
    """Build the corpus and its truth, then print a table with a row a system."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="*", help="JSONL with text, plain, gz or xz")
    parser.add_argument("--documents", type=int, default=27_000)
    parser.add_argument("--planted", type=float, default=0.2, help="edited copies per document")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", nargs=2, metavar=("SYSTEM", "TEXTS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(*given.child)
        return
    if not given.paths:
        parser.error("give at least one JSONL file")
    texts = corpus(given.paths, given.documents, given.planted, given.seed)
    true = truth(texts)
    words = sum(len(text.split()) for text in texts)
    print(f"{len(texts):,} documents, {words:,} words, {len(true):,} pairs at >= {SIMILAR}")
    columns = "", "wall s", "CPU s", "documents/CPU s", "peak MB", "recall", "dropped", "wrong"
    print(f"| {' | '.join((*columns, 'precision'))} |\n|{' --- |' * (len(columns) + 1)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.json")
        path.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
        for system in SYSTEMS:
            print(measure(system, str(path), given.runs, true, len(texts)), flush=True)


if __name__ == "__main__":
    main()
