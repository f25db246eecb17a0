"""Does near-duplicate search find pairs as often as theory says, at each similarity?

    python benchmarks/dedup_curve.py fineweb_sample.jsonl.xz train.jsonl.xz --pairs 20000

Real texts of 100 to 1,000 words, each with a copy that was changed in one of three ways until the
Jaccard similarity of their word 5-grams, counted by this script, is what was asked for (.5 to .95):
a block replaced by one of another text; words replaced all over; boilerplate put before and behind.
Per similarity, the share of pairs that share a band of an unverified layout, beside what
``1 - (1 - s**rows)**bands`` gives on average over the same pairs; and what the verified default
does: how many pairs of .75 or more it finds, how many below it takes for duplicates.
"""

from __future__ import annotations

import argparse
import math
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
from dedup import jaccard, read, shingles

from webfilter.dedup import MinHash
from webfilter.document import Document

KINDS = ("block", "scattered", "boilerplate")
EDGES = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]


def changed(
    words: list[str], other: list[str], kind: str, wanted: float, rng: random.Random
) -> str:
    """Return `words` changed so that about `wanted` of the 5-grams of both are shared."""
    size = len(words)
    if kind == "block":  # m of n grams lost and m new ones: (n - m) / (n + m)
        count = max(1, round(size * (1 - wanted) / (1 + wanted)) - 4)
        begin = rng.randrange(size - count + 1)
        return " ".join(words[:begin] + other[:count] + words[begin + count :])
    if kind == "boilerplate":  # m new ones only: n / (n + m)
        count = max(2, round(size * (1 / wanted - 1)))
        more = (other * (count // len(other) + 1))[:count]
        cut = rng.randrange(count)
        return " ".join(more[:cut] + words + more[cut:])
    rate = 1 - (2 * wanted / (1 + wanted)) ** 0.2  # a gram stays if its five words do
    return " ".join(rng.choice(other) if rng.random() < rate else word for word in words)


def pairs(paths: list[Path], count: int, seed: int) -> list[tuple[str, str, str]]:
    """Return (text, changed text, kind of change)."""
    rng = random.Random(seed)
    texts = [words for text in read(paths) if len(words := text.split()) >= 100]
    found = []
    while len(found) < count:
        words, other = rng.choice(texts), rng.choice(texts)
        size = min(len(words), int(math.exp(rng.uniform(math.log(100), math.log(1000)))))
        begin = rng.randrange(len(words) - size + 1)
        kind = KINDS[len(found) % 3]
        words = words[begin : begin + size]
        copy = changed(words, other, kind, rng.uniform(0.48, 0.97), rng)
        found.append((" ".join(words), copy, kind))
    return found


def shared(stage: MinHash, given: list[tuple[str, str, str]]) -> np.ndarray:
    """Return which pairs share a band."""
    keys = []
    for side in (0, 1):
        docs = [Document(str(n), pair[side]) for n, pair in enumerate(given)]
        keys.append(stage.keyed(docs)[1])
    return (keys[0] == keys[1]).all(axis=2).any(axis=1)


def main() -> None:
    """Print a table of shares by similarity, and what the default decides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="+", help="JSONL with text, plain, gz or xz")
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = pairs(given.paths, given.pairs, given.seed)
    truth = np.array([jaccard(shingles(one), shingles(other)) for one, other, _ in found])
    layouts = [MinHash.profile("datatrove"), MinHash(threshold=None, bands=14, rows=9), MinHash()]
    matched = [shared(stage, found) for stage in layouts]
    expected = [np.array([stage.match_probability(s) for s in truth]) for stage in layouts]
    heads = [" x ".join(map(str, stage.layout)) for stage in layouts]
    print(f"| similarity | pairs | {' | '.join(f'{h}: found | theory' for h in heads)} |")
    print(f"|{' --- |' * (2 + 2 * len(layouts))}")
    for low, high in pairwise(EDGES):
        here = (truth >= low) & (truth < high)
        cells = [
            f"{found_[here].mean():.3f} | {theory[here].mean():.3f}"
            for found_, theory in zip(matched, expected, strict=True)
        ]
        print(f"| {low:.2f} to {high:.2f} | {here.sum():,} | {' | '.join(cells)} |")
    print("\n| change | pairs | 14 x 8: found | theory |\n| --- | --- | --- | --- |")
    kinds = np.array([kind for _, _, kind in found])
    for kind in KINDS:
        here = kinds == kind
        row = f"{matched[0][here].mean():.3f} | {expected[0][here].mean():.3f}"
        print(f"| {kind} | {here.sum():,} | {row} |")
    stage = MinHash()
    like = np.array(
        [
            len(stage.clusters([Document("a", one), Document("b", other)])) > 0
            for one, other, _ in found[:2000]
        ]
    )
    true = truth[:2000] >= 0.75
    print(
        f"\nThe default, first 2,000 pairs: {(like & true).sum()} of {true.sum()} pairs of .75 or "
        f"more found; {(like & ~true).sum()} of {(~true).sum()} below taken for duplicates."
    )


if __name__ == "__main__":
    main()
