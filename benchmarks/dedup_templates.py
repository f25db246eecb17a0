"""What do pages made from one template cost near-duplicate search, and how does that grow?

    python benchmarks/dedup_templates.py --documents 2000 5000 10000 20000

Pages of one host share a long template and differ in what is filled in, so most pairs of them share
a band and lie near or below the threshold. Synthetic pages of some kinds: `products` (a template
and a description of its own), `weather` (every few words a value of a short list), `calendar` (a
list of days, each with one of few entries), `profiles` (a template and phrases out of fifty),
`mixed` (twenty templates of all kinds, and as many ordinary texts), and `ordinary` (no template, a
tenth of them edited copies). Per kind and number of documents, each in a process of its own:
similarity of random pairs, candidates, pairs asked about, pairs compared by all their n-grams,
processor seconds, and peak memory of `MinHash` from texts to clusters; the same of `MinHashOnline`
with ``--online``. *Left* are pairs of documents that stay, share a band and are at least as similar
as was asked, looked for among all pairs of up to 2,000 documents: there should be none. A checksum
of the clusters says whether two versions, run by two values of
``PYTHONPATH``, find the same.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from webfilter.dedup import candidates as candidates_module
from webfilter.dedup import minhash_online, verify
from webfilter.dedup.candidates import Candidates
from webfilter.dedup.minhash import MinHash
from webfilter.dedup.minhash_online import MinHashOnline
from webfilter.document import Document

WORDS = [
    a + b + c + d for a in "bdfklmnprst" for b in "aeiou" for c in "bdglmnrst" for d in ("", "ina")
]
ALL_PAIRS = 2_000
WEIGHTS = [1 / (n + 1) for n in range(len(WORDS))]
Page = Callable[[random.Random], str]


def words(rng: random.Random, size: int) -> list[str]:
    """Return words of a text, few of them often."""
    return rng.choices(WORDS, WEIGHTS, k=size)


def products(rng: random.Random) -> Page:
    """A template of 240 words around 55 to 75 of the page's own."""
    head, tail = words(rng, 90), words(rng, 150)
    return lambda own: " ".join(head + words(own, own.randint(55, 75)) + tail)


def weather(rng: random.Random) -> Page:
    """Sentences, each with a value of a short list, half of them the usual one."""
    parts = [(words(rng, rng.randint(14, 24)), words(rng, 8)) for _ in range(16)]
    return lambda own: " ".join(
        " ".join([*fixed, own.choice(values[: own.choice((1, 8))])]) for fixed, values in parts
    )


def calendar(rng: random.Random) -> Page:
    """Thirty days, each with the usual entry or one of a dozen others."""
    days = [words(rng, 7) for _ in range(30)]
    usual = words(rng, 6)
    entries = [words(rng, 6) for _ in range(12)]
    return lambda own: " ".join(
        " ".join([*day, *(usual if own.random() < 0.85 else own.choice(entries))]) for day in days
    )


def profiles(rng: random.Random) -> Page:
    """A template of 200 words, and eight of fifty phrases."""
    head, tail = words(rng, 80), words(rng, 120)
    phrases = [words(rng, 8) for _ in range(50)]
    return lambda own: " ".join(
        head + [word for phrase in own.sample(phrases, 8) for word in phrase] + tail
    )


def ordinary(rng: random.Random) -> Page:
    """No template; one in ten is an earlier text with a few words replaced."""
    texts: list[list[str]] = []

    def page(own: random.Random) -> str:
        if texts and own.random() < 0.1:
            text = list(own.choice(texts))
            for _ in range(own.randint(0, 12)):
                text[own.randrange(len(text))] = own.choice(WORDS)
        else:
            text = words(own, own.randint(80, 500))
            texts.append(text)
        return " ".join(text)

    return page


KINDS: dict[str, Callable[[random.Random], Page]] = {
    "products": products,
    "weather": weather,
    "calendar": calendar,
    "profiles": profiles,
    "ordinary": ordinary,
}


def documents(kind: str, size: int) -> list[Document]:
    """Return `size` pages of a kind."""
    rng = random.Random(f"{kind} 1")
    if kind == "mixed":
        made = [KINDS[name](rng) for _, name in zip(range(20), [*KINDS][:4] * 5, strict=True)]
        makers = made + [ordinary(rng)] * len(made)
        return [Document(f"{n:06}", rng.choice(makers)(rng)) for n in range(size)]
    page = KINDS[kind](rng)
    return [Document(f"{n:06}", page(rng)) for n in range(size)]


def memory(reset: bool = False) -> float:
    """Return the most memory this process has had since the last reset, in MB (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


class Counts:
    """Counts what passes through some functions of the library."""

    def __init__(self) -> None:
        self.candidates = self.asked = self.compared = self.hashes = 0

    def watch(self, module: Any, name: str, see: Callable[..., None]) -> None:
        """Let `see` have the arguments of every call of ``module.name``."""
        real = getattr(module, name)

        def watched(*args: Any, **named: Any) -> Any:
            see(*args, **named)
            return real(*args, **named)

        setattr(module, name, watched)

    def see_added(self, candidates: Any, details: Any) -> None:
        """Count documents that share a band with another."""
        self.candidates += len(details)

    def see_asked(self, sets: Any, left: Any, *_: Any) -> None:
        """Count pairs whose similarity is asked for."""
        self.asked += len(left)

    def see_compared(self, sets: Any, left: Any, right: Any) -> None:
        """Count pairs whose n-grams are compared, and those n-grams."""
        self.compared += len(left)
        sizes = np.diff(sets.offsets)
        self.hashes += int(sizes[left].sum() + sizes[right].sum())


def pairs_left(stage: MinHash, stay: list[Document]) -> int:
    """Return how many pairs of `stay` share a band and are alike, by looking at all pairs."""
    sets, keys = stage.sets(stay), stage.keyed(stay)[1][:, :, 0]
    found = 0
    for row in range(len(stay) - 1):
        others = row + 1 + np.flatnonzero((keys[row + 1 :] == keys[row]).any(axis=1))
        similar = verify.jaccard(sets, np.full(len(others), row), others)
        found += int((similar >= stage.threshold).sum())
    return found


def child(kind: str, size: int, online: bool) -> None:
    """Print as JSON what one kind of pages took."""
    docs = documents(kind, size)
    rng, counts = random.Random(7), Counts()
    sets = MinHash().sets([rng.choice(docs) for _ in range(400)])
    at = np.arange(0, 400, 2)
    likely = np.quantile(verify.jaccard(sets, at, at + 1), (0.1, 0.5, 0.9))
    stage: Any = MinHashOnline() if online else MinHash()
    if online:
        stage.observe(stage.start(), [Document("0", "a b c d e f g é")])
        counts.watch(minhash_online, "jaccard", counts.see_compared)
    else:
        stage.clusters([Document(n, "a b c d e f g é") for n in "ab"])
        counts.watch(Candidates, "add", counts.see_added)
        counts.watch(candidates_module, "verified", counts.see_asked)
        counts.watch(verify, "jaccard", counts.see_compared)
    memory(reset=True)
    before, start = memory(), time.process_time()
    if online:
        state, found = stage.start(), []
        for begin in range(0, size, 64):
            found += stage.observe(state, docs[begin : begin + 64])
        said = repr([(doc.signals, doc.verdict) for doc in found])
        dropped = sum(not doc.live for doc in found)
    else:
        clusters = stage.clusters(docs)
        said = repr([*clusters])
        dropped = clusters.members - len(clusters)
    seconds, grown = time.process_time() - start, memory() - before
    told, left = counts.__dict__.copy(), None
    if not online and size <= ALL_PAIRS:
        gone = {name for cluster in clusters for name in cluster[1:]}
        left = pairs_left(stage, [doc for doc in docs if doc.id not in gone])
    print(json.dumps({
        "kind": kind, "documents": size, "similarity": likely.round(2).tolist(),
        "candidates": told["candidates"], "asked": told["asked"] / size,
        "compared": told["compared"] / size, "hashes": told["hashes"] / size,
        "ms": 1000 * seconds / size, "mb": grown, "dropped": dropped, "left": left,
        "found": blake2b(said.encode(), digest_size=4).hexdigest(),
    }))  # fmt: skip


def main() -> None:
    """Measure each kind at each size and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", nargs="*", type=int, default=[2_000, 5_000, 10_000, 20_000])
    parser.add_argument("--kinds", nargs="*", default=[*KINDS, "mixed"])
    parser.add_argument("--online", action="store_true", help="`MinHashOnline`, not `MinHash`")
    parser.add_argument("--child", nargs=2, metavar=("KIND", "SIZE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child[0], int(given.child[1]), given.online)
        return
    print("| pages | documents | similarity of pairs | candidates | asked a document ", end="")
    print("| compared | n-grams of those | ms a document | peak MB | dropped | left | clusters |")
    print("| --- " * 12 + "|")
    for kind in given.kinds:
        for size in given.documents:
            command = [sys.executable, __file__, "--child", kind, str(size)]
            command += ["--online"] * given.online
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            took = json.loads(said.stdout)
            low, middle, high = took["similarity"]
            left = "-" if took["left"] is None else f"{took['left']:,}"
            print(
                f"| {kind} | {size:,} | {low:.2f}, {middle:.2f}, {high:.2f} "
                f"| {took['candidates']:,} | {took['asked']:,.1f} | {took['compared']:,.1f} "
                f"| {took['hashes']:,.0f} | {took['ms']:,.2f} | {took['mb']:,.0f} "
                f"| {took['dropped']:,} | {left} | {took['found']} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
