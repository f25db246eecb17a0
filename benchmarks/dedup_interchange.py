"""Do datatrove's steps find in our signatures what we find, and we in its what it does?

    python benchmarks/dedup_interchange.py texts.jsonl.xz --peer PEER/bin/python --documents 5000

PEER: an environment with ``datatrove[processing]``, xxhash and spaCy. Documents are windows of the
texts, a share of them with an edited copy (as in dedup.py), in three ranks. Both ways, at 64 and 32
bits a value:

- ours out: `to_datatrove` writes our signatures; datatrove's MinhashDedupBuckets (14 and 28 tasks,
  so with one and two workers a bucket) and MinhashDedupCluster run on them; expected are the
  clusters of ``MinHash.profile("datatrove")``.
- theirs in: datatrove's MinhashDedupSignature signs the same texts and its steps find clusters;
  `from_datatrove` and `linked` find the others.

Clusters are compared as sets of sets of documents. With datasketch in this environment the same is
done with it: its MinHashLSH of 14 bands of 8 over our exported signatures, and ours over its own.
"""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from dedup import corpus

Clusters = set[frozenset[str]]
RANKS = 3

PEER = """
import json, sys
from pathlib import Path
from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.hashing import HashConfig
from datatrove.utils.logging import logger

logger.remove()
work, sign, precision, tasks = Path(sys.argv[1]), sys.argv[2] == "sign", *map(int, sys.argv[3:])
config = MinhashConfig(hash_config=HashConfig(precision=precision))
if sign:
    for path in sorted(work.glob("texts-*.json")):
        rank = int(path.stem.removeprefix("texts-"))
        docs = (Document(text=t, id=str(n)) for n, t in enumerate(json.loads(path.read_text())))
        MinhashDedupSignature(str(work / "signatures"), config=config).run(docs, rank, 3)
for rank in range(tasks):
    step = MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"), config=config)
    step.run(None, rank, tasks)
step = MinhashDedupCluster(
    str(work / "buckets"), str(work / "removed"), config=config, save_cluster_id=True
)
step.run(None, 0, 1)
"""


def place(rank: int, number: int) -> str:
    """Return what `from_datatrove` calls a document."""
    return f"{rank:05d}:{number:010d}"


def run_peer(python: str, work: Path, sign: bool, precision: int, tasks: int) -> None:
    """Run datatrove's steps in `work`."""
    job = [python, "-c", PEER, str(work), "sign" if sign else "-", str(precision), str(tasks)]
    subprocess.run(job, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def peer_clusters(work: Path) -> Clusters:
    """Return the clusters that datatrove wrote: pairs of document and cluster, 32 bits each."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in (work / "removed").glob("*.clusters"):
        for number, cluster in struct.iter_unpack("<2I", path.read_bytes()):
            found[cluster].add(place(int(path.name.split(".")[0]), number))
    return {frozenset(cluster) for cluster in found.values()}


def row(what: str, expected: Clusters, found: Clusters) -> None:
    """Print one line of the table."""
    members = len(set().union(*expected))
    verdict = "equal" if expected == found else f"{len(expected ^ found)} differ"
    print(f"| {what} | {len(expected):,} | {members:,} | {len(found):,} | {verdict} |", flush=True)


def main() -> None:
    """Compare, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--peer", required=True, help="Python of an environment with datatrove")
    parser.add_argument("--documents", type=int, default=5_000)
    given = parser.parse_args()

    from webfilter.dedup import MinHash
    from webfilter.dedup.interchange import linked
    from webfilter.dedup.sigfiles import from_datatrove, to_datatrove
    from webfilter.document import Document

    texts = corpus(given.texts, given.documents, 0.2, seed=1)
    texts[::50] = ["too short for any"] * len(texts[::50])
    size = -(-len(texts) // RANKS)
    parts = [texts[at : at + size] for at in range(0, len(texts), size)]
    docs = [
        [Document(place(rank, n), text) for n, text in enumerate(part)]
        for rank, part in enumerate(parts)
    ]
    every = [doc for part in docs for doc in part]
    print(f"{len(every):,} documents in {len(parts)} ranks\n")
    print("| signatures, found by | clusters expected | documents in them | found | |")
    print("| --- | --- | --- | --- | --- |")
    step = MinHash.profile("datatrove")
    ours = {frozenset(cluster) for cluster in step.clusters(every)}
    for precision, tasks in ((64, 14), (64, 28), (32, 14)):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            for rank, part in enumerate(docs):
                to_datatrove(step, part, work / "signatures", rank=rank, precision=precision)
            run_peer(given.peer, work, False, precision, tasks)
            label = f"ours in {precision} bits, datatrove with {tasks} tasks"
            row(label, ours, peer_clusters(work))
    for precision in (64, 32):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            for rank, part in enumerate(parts):
                (work / f"texts-{rank}.json").write_text(json.dumps(part))
            run_peer(given.peer, work, True, precision, 14)
            found = linked(from_datatrove(work / "signatures", precision=precision))
            label = f"datatrove's in {precision} bits, ours"
            row(label, peer_clusters(work), {frozenset(cluster) for cluster in found})
    datasketch(every, ours)


def datasketch(docs: list, ours: Clusters) -> None:
    """Compare with datasketch's LSH, where it is installed."""
    try:
        import datasketch as theirs
    except ImportError:
        print("datasketch is not installed", file=sys.stderr)
        return
    from dedup import shingles

    from webfilter.dedup import MinHash
    from webfilter.dedup.interchange import from_datasketch, linked, to_datasketch

    def lsh(signed: list) -> Clusters:
        index = theirs.MinHashLSH(num_perm=112, params=(14, 8))
        for name, one in signed:
            index.insert(name, one)
        parent = {name: name for name, _ in signed}

        def root(name: str) -> str:
            while parent[name] != name:
                parent[name] = name = parent[parent[name]]
            return name

        for name, one in signed:
            for other in index.query(one):
                parent[root(name)] = root(other)
        found: dict[str, set[str]] = defaultdict(set)
        for name in parent:
            found[root(name)].add(name)
        return {frozenset(cluster) for cluster in found.values() if len(cluster) > 1}

    version = theirs.__version__
    exported = to_datasketch(MinHash.profile("datatrove"), docs)
    row(f"ours as LeanMinHash, MinHashLSH of datasketch {version}", ours, lsh(exported))
    native = []
    for doc in docs:
        if found := shingles(doc.text):
            one = theirs.MinHash(num_perm=112)
            one.update_batch([gram.encode() for gram in found])
            native.append((doc.id, theirs.LeanMinHash(one)))
    clusters = {frozenset(cluster) for cluster in linked([from_datasketch(native)])}
    row(f"datasketch {version}'s, ours", lsh(native), clusters)


if __name__ == "__main__":
    main()
