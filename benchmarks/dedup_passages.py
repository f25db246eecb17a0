"""Which near-duplicates among short texts are found, and how fast, on one core?

    python benchmarks/dedup_passages.py texts.jsonl.xz more.jsonl --documents 20000 --planted 0.2

Documents are passages of 30 to 120 words cut from the texts; a share of them gets a copy with one
kind of edit: 1, 2, 3 or 5 words replaced, dropped or inserted (words drawn from the corpus), a
sentence of another passage added, its sentences (or halves) put in another order, words replaced by
synonyms from a small list, numbers changed. The truth is every pair of passages whose TF-IDF cosine
is .8 or more, by brute force over all pairs with scikit-learn, from words that this script makes
itself. Each method in its own process, with one thread; medians.

The first table: pair recall is the share of true pairs that end in one cluster, pair precision the
share of pairs in one cluster that are true. Longer ones stay: drop recall is the share dropped of
the documents that, in order of length, have a true partner among those that stay; wrong drops are
documents dropped without any true partner. The second table: share of planted copies that end in
one cluster with their original, whatever their cosine, by kind of edit.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

BATCH = 1000
SIMILAR = 0.8
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
LIST = """
big large, small little, begin start, began started, help assist, show display, use employ,
need require, many numerous, important significant, often frequently, also additionally,
but however, buy purchase, get obtain, make create, made created, find discover,
found discovered, people persons, children kids, fast quick, hard difficult, easy simple,
about regarding, before prior, after following, said stated, says states, good fine,
new novel, old ancient, whole entire, part portion, way manner, think believe, end finish,
give provide, given provided, like such, near close, most nearly, because since,
work labor, job task, home house, car automobile, doctor physician, company firm,
different various, several some, main principal, best finest, great excellent
"""
SYNONYMS = {
    word: other
    for pair in LIST.split(",")
    for word, other in (pair.split(), reversed(pair.split()))
}

Pair = tuple[int, int]
Clusters = list[list[int]]
Edit = Callable[[list[str], random.Random, list[str]], list[str] | None]


def words(text: str) -> list[str]:
    """Return the words of `text`, normalized as webfilter says it does."""
    plain = unicodedata.normalize("NFD", NUMBER.sub("0", text.lower()))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.findall(r"[^\W_]+", plain)


def shingles(text: str) -> set[str]:
    """Return the set of word 5-grams of `text`."""
    found = words(text)
    return {" ".join(found[i : i + 5]) for i in range(len(found) - 4)}


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


def passages(text: str, rng: random.Random) -> Iterator[str]:
    """Yield consecutive windows of 30 to 120 words."""
    ends = [word.end() for word in re.finditer(r"\S+\s*", text)]
    begin = 0
    while len(ends) - begin >= 30:
        size = min(rng.randint(30, 120), len(ends) - begin)
        yield text[ends[begin - 1] if begin else 0 : ends[begin + size - 1]]
        begin += size


def scattered(kind: str, count: int) -> Edit:
    """Return an edit that replaces, drops or inserts `count` words."""

    def edit(found: list[str], rng: random.Random, vocabulary: list[str]) -> list[str]:
        at = set(rng.sample(range(len(found)), count))
        edited = []
        for place, word in enumerate(found):
            if place not in at:
                edited.append(word)
            elif kind == "replaced":
                edited.append(rng.choice(vocabulary))
            elif kind == "inserted":
                edited += [word, rng.choice(vocabulary)]
        return edited

    return edit


def added(found: list[str], rng: random.Random, vocabulary: list[str]) -> list[str]:
    """Add a sentence of eight to sixteen words that stand together elsewhere."""
    size = rng.randint(8, 16)
    begin = rng.randrange(len(vocabulary) - size)
    return found + vocabulary[begin : begin + size]


def reordered(found: list[str], rng: random.Random, vocabulary: list[str]) -> list[str]:
    """Put the sentences in another order; of fewer than three, the halves."""
    sentences = re.split(r"(?<=[.!?]) ", " ".join(found))
    if len(sentences) < 3:
        return found[len(found) // 2 :] + found[: len(found) // 2]
    first = sentences[:]
    while sentences == first:
        rng.shuffle(sentences)
        if len(set(first)) == 1:
            break
    return " ".join(sentences).split()


def synonyms(found: list[str], rng: random.Random, vocabulary: list[str]) -> list[str] | None:
    """Replace all words that `SYNONYMS` knows; None where there is none."""
    edited = [SYNONYMS.get(word, word) for word in found]
    return edited if edited != found else None


def numbers(found: list[str], rng: random.Random, vocabulary: list[str]) -> list[str] | None:
    """Change every number; None where there is none."""
    edited = [NUMBER.sub(lambda _: str(rng.randint(1, 9999)), word) for word in found]
    return edited if edited != found else None


EDITS: dict[str, Edit] = {
    **{
        f"{count} {kind}": scattered(kind, count)
        for kind in ("replaced", "dropped", "inserted")
        for count in (1, 2, 3, 5)
    },
    "sentence added": added,
    "reordered": reordered,
    "synonyms": synonyms,
    "numbers changed": numbers,
}


def corpus(
    paths: list[Path], documents: int, planted: float, seed: int
) -> tuple[list[str], dict[str, list[Pair]]]:
    """Return passages with edited copies among them, shuffled, and which are copies by edit."""
    rng = random.Random(seed)
    found = [passage for text in read(paths) for passage in passages(text, rng)]
    rng.shuffle(found)
    found = found[: int(documents / (1 + planted))]
    vocabulary = " ".join(found[:500]).split()
    kinds = list(EDITS)
    made: list[tuple[int, str, str]] = []
    for row in rng.sample(range(len(found)), int(planted * len(found))):
        kind = kinds[len(made) % len(kinds)]
        edited = EDITS[kind](found[row].split(), rng, vocabulary)
        if edited is None:  # nothing to change: the next kind
            kind = "1 replaced"
            edited = EDITS[kind](found[row].split(), rng, vocabulary)
        assert edited is not None
        made.append((row, kind, " ".join(edited)))
    texts = found + [text for _, _, text in made]
    order = list(range(len(texts)))
    rng.shuffle(order)
    place = {row: at for at, row in enumerate(order)}
    copies: dict[str, list[Pair]] = {kind: [] for kind in EDITS}
    for number, (row, kind, _) in enumerate(made):
        one, other = place[row], place[len(found) + number]
        copies[kind].append((min(one, other), max(one, other)))
    return [texts[row] for row in order], copies


def truth(texts: list[str]) -> dict[Pair, float]:
    """Return all pairs of TF-IDF cosine `SIMILAR` or more, by brute force."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(sublinear_tf=True, analyzer=words).fit_transform(texts).tocsr()
    turned = vectors.T.tocsr()
    pairs: dict[Pair, float] = {}
    for begin in range(0, len(texts), 500):
        found = (vectors[begin : begin + 500] @ turned).tocoo()
        chosen = (found.data >= SIMILAR) & (found.row + begin < found.col)
        rows, columns = found.row[chosen] + begin, found.col[chosen]
        pairs.update(
            zip(zip(rows.tolist(), columns.tolist(), strict=True), found.data[chosen], strict=True)
        )
    return pairs


def linked(count: int, pairs: Iterator[Pair]) -> Clusters:
    """Return the groups of two or more that `pairs` link."""
    parent = list(range(count))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = row = parent[parent[row]]
        return row

    for one, other in pairs:
        parent[root(one)] = root(other)
    groups: dict[int, list[int]] = defaultdict(list)
    for row in range(count):
        groups[root(row)].append(row)
    return [group for group in groups.values() if len(group) > 1]


def ours(name: str, **settings: object) -> Callable[[list[str]], Clusters]:
    """Return one of webfilter's stages as a function of texts."""
    from webfilter.dedup import MinHash
    from webfilter.dedup.passages import PassageDedup
    from webfilter.document import Document

    stage = {"MinHash": MinHash, "PassageDedup": PassageDedup}[name](**settings)

    def run(texts: list[str]) -> Clusters:
        docs = [Document(f"{row:09}", text) for row, text in enumerate(texts)]
        return [[int(name) for name in cluster] for cluster in stage.clusters(docs)]

    return run


def datasketch() -> Callable[[list[str]], Clusters]:
    """Return datasketch's search, written as its documentation shows, as a function of texts."""
    from datasketch import MinHash, MinHashLSH

    def run(texts: list[str]) -> Clusters:
        index = MinHashLSH(threshold=0.7, num_perm=128)

        def pairs() -> Iterator[Pair]:
            for row, text in enumerate(texts):
                found = [shingle.encode() for shingle in shingles(text)]
                if found:
                    sketch = MinHash(num_perm=128)
                    sketch.update_batch(found)
                    for other in index.query(sketch):
                        yield row, other
                    index.insert(row, sketch)

        return linked(len(texts), pairs())

    return run


def rensa() -> Callable[[list[str]], Clusters]:
    """Return rensa's search, written as its documentation shows, as a function of texts."""
    from rensa import RMinHash, RMinHashLSH

    def run(texts: list[str]) -> Clusters:
        index = RMinHashLSH(threshold=0.7, num_perm=128, num_bands=16)

        def pairs() -> Iterator[Pair]:
            for row, text in enumerate(texts):
                found = list(shingles(text))
                if found:
                    sketch = RMinHash(num_perm=128, seed=42)
                    sketch.update(found)
                    for other in index.query(sketch):
                        yield row, other
                    index.insert(row, sketch)

        return linked(len(texts), pairs())

    return run


def brute() -> Callable[[list[str]], Clusters]:
    """Return the truth's own search, its pairs linked."""
    return lambda texts: linked(len(texts), iter(truth(texts)))


SYSTEMS: dict[str, Callable[[], Callable[[list[str]], Clusters]]] = {
    "`PassageDedup()`": lambda: ours("PassageDedup"),
    "`MinHash()`": lambda: ours("MinHash"),
    '`MinHash(unit="character", ngram=5, threshold=0.6)`': lambda: ours(
        "MinHash", unit="character", ngram=5, threshold=0.6
    ),
    "`MinHash(ngram=1, threshold=0.65)`": lambda: ours("MinHash", ngram=1, threshold=0.65),
    "datasketch MinHashLSH, 5-grams, .7": datasketch,
    "rensa RMinHashLSH, 5-grams, .7": rensa,
    "scikit-learn, all pairs": brute,
}


def memory(reset: bool = False) -> int:
    """Return the most memory this process has had, in KB; on Linux since the last reset."""
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


def measured(system: str, path: str, runs: int) -> dict[str, object]:
    """Return the clusters of a system, and the medians of what `runs` processes took."""
    single = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    results = []
    for _ in range(runs):
        command = [sys.executable, __file__, "--child", system, path]
        said = subprocess.run(command, check=True, capture_output=True, text=True, env=single)
        results.append(json.loads(said.stdout))
    medians = {key: statistics.median(r[key] for r in results) for key in ("wall", "cpu", "mb")}
    return {**medians, "clusters": results[0]["clusters"]}


def droppable(texts: list[str], true: dict[Pair, float]) -> set[int]:
    """Return the documents that have a true partner among the longer ones that stay."""
    partners: dict[int, list[int]] = defaultdict(list)
    for one, other in true:
        partners[one].append(other)
        partners[other].append(one)
    stays: set[int] = set()
    for document in sorted(range(len(texts)), key=lambda n: (-len(texts[n]), n)):
        if stays.isdisjoint(partners[document]):
            stays.add(document)
    return set(range(len(texts))) - stays


def row(system: str, found: dict, texts: list[str], true: dict[Pair, float]) -> str:
    """Return a row of the first table."""
    clusters = [sorted(cluster, key=lambda n: (-len(texts[n]), n)) for cluster in found["clusters"]]
    pairs = {pair for cluster in clusters for pair in combinations(sorted(cluster), 2)}
    hits = sum(pair in true for pair in pairs)
    partner = {document for pair in true for document in pair}
    expected = droppable(texts, true)
    dropped = [document for cluster in clusters for document in cluster[1:]]
    wrong = sum(document not in partner for document in dropped)
    return (
        f"| {system} | {found['cpu']:.2f} | {len(texts) / found['cpu']:,.0f} | {found['mb']:.0f} "
        f"| {hits / max(len(true), 1):.4f} | {hits / max(len(pairs), 1):.4f} "
        f"| {len(expected & set(dropped)) / max(len(expected), 1):.4f} | {wrong} |"
    )


def main() -> None:
    """Build the corpus and its truth, then print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="*", help="JSONL with text, plain, gz or xz")
    parser.add_argument("--documents", type=int, default=20_000)
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
    texts, copies = corpus(given.paths, given.documents, given.planted, given.seed)
    true = truth(texts)
    count = sum(len(pairs) for pairs in copies.values())
    print(
        f"{len(texts):,} passages, {sum(len(text.split()) for text in texts):,} words, "
        f"{count:,} planted copies, {len(true):,} pairs of cosine >= {SIMILAR}\n"
    )
    print(
        "| method | CPU s | passages a second | peak MB | pair recall | pair precision "
        "| drop recall | wrong drops |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    of: dict[str, dict[int, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.json")
        path.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
        for system in SYSTEMS:
            try:
                found = measured(system, str(path), given.runs)
            except subprocess.CalledProcessError as error:
                print(f"| {system} | {error.stderr.strip().splitlines()[-1]} | | | | | | |")
                continue
            clusters = found["clusters"]
            of[system] = {doc: n for n, cluster in enumerate(clusters) for doc in cluster}
            print(row(system, found, texts, true), flush=True)
    print(f"\n| edit | copies | cosine >= {SIMILAR} | {' | '.join(of)} |")
    print("| --- " * (3 + len(of)) + "|")
    for kind, pairs in copies.items():
        alike = sum(pair in true for pair in pairs) / max(len(pairs), 1)
        shares = [
            sum(where.get(a, -1) == where.get(b, -2) for a, b in pairs) / max(len(pairs), 1)
            for where in of.values()
        ]
        print(f"| {kind} | {len(pairs)} | {alike:.3f} | {' | '.join(f'{s:.3f}' for s in shares)} |")


if __name__ == "__main__":
    main()
