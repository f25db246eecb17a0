"""Does our MinHash link the documents that others' MinHash links, with their n-grams and bands?

- ``text-dedup``: ``embed_func`` of an installed text-dedup 0.4 with the defaults of its command:
  5-grams of what ``\\W`` separates, 250 permutations, threshold .7.
- ``data-juicer``: ``DocumentMinhashDeduplicator`` of an installed py-data-juicer 1.6 with
  its defaults: 5-grams of lower case between spaces (a line end is none), 256 permutations,
  threshold .7.

Both choose 25 bands of 10 rows; ours has the same, ``MinHash(threshold=None, bands=25, rows=10)``,
with our words. Documents that share a band are linked, transitively; of linked ones the first
stays. No two hash families link the same pairs, so two counts tell what of a difference is chance:
the pairs of copies that share a band, and how many their similarity lets expect, each with its own
n-grams.

    pip install text-dedup   # or py-data-juicer, in an environment of its own, with webfilter
    python benchmarks/conformance_minhash.py text-dedup texts.jsonl.xz --texts 300

Texts are the first of 20 words or more of JSONL files with ``text``, plain, .gz or .xz, white space
collapsed, each followed by four copies in which words were replaced, dropped or added at rates from
.1 to 8 %.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from conformance_others import texts
from dedup import edited, grouped

import webfilter as wf

NGRAM, BANDS, ROWS = 5, 25, 10
Pair = tuple[int, int]
Grams = Callable[[str], set[str]]


def text_dedup() -> tuple[Grams, Callable[[str], Sequence[bytes]]]:
    """Return the n-grams and the bands of a text as text-dedup has them."""
    from text_dedup.minhash import NON_ALPHA, RNG, embed_func
    from text_dedup.utils import ngrams, optimal_param
    from text_dedup.utils.hashfunc import sha1_hash

    bands, rows = optimal_param(0.7, 250)
    most, prime = np.uint32((1 << 32) - 1), np.uint64((1 << 61) - 1)
    draws = (RNG.randint(low, prime, size=250, dtype=np.uint64) for low in (1, 0))
    settings = {
        "num_perm": 250,
        "ngram_size": NGRAM,
        "min_length": 5,
        "hashranges": [(band * rows, (band + 1) * rows) for band in range(bands)],
        "permutations": tuple(draws),
        "hash_func": lambda data: sha1_hash(data, d=32),
        "dtype": np.uint64,
        "max_hash": most,
        "modulo_prime": prime,
    }

    def grams(text: str) -> set[str]:
        return {" ".join(gram) for gram in ngrams(NON_ALPHA.split(text.lower()), NGRAM, 5)}

    return grams, lambda text: embed_func(text, 0, **settings)["__signatures__"]


def data_juicer() -> tuple[Grams, Callable[[str], Sequence[bytes]]]:
    """Return the n-grams and the bands of a text as Data-Juicer has them."""
    from data_juicer.ops.common import split_on_whitespace
    from data_juicer.ops.deduplicator.document_minhash_deduplicator import (
        DocumentMinhashDeduplicator,
    )
    from data_juicer.utils.constant import HashKeys

    step = DocumentMinhashDeduplicator()

    def grams(text: str) -> set[str]:
        words = split_on_whitespace(text.lower())
        return {" ".join(words[at : at + NGRAM]) for at in range(len(words) - NGRAM + 1)}

    return grams, lambda text: step.compute_hash({"text": text})[HashKeys.minhash]


SYSTEMS = {"text-dedup": text_dedup, "data-juicer": data_juicer}


def our_grams(text: str) -> set[str]:
    """Return the n-grams of a text by the hashes of our words."""
    from webfilter.dedup.words import word_hashes

    words = [str(value) for value in word_hashes([text])[0].tolist()]
    return {" ".join(words[at : at + NGRAM]) for at in range(len(words) - NGRAM + 1)}


def sharing(bands: Sequence[Sequence[bytes]]) -> set[Pair]:
    """Return the pairs of documents that share a band."""
    found: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for row, keys in enumerate(bands):
        for band, key in enumerate(keys):
            found[band, key].append(row)
    return {pair for rows in found.values() for pair in itertools.combinations(rows, 2)}


def expected(sets: Sequence[set[str]], pairs: Sequence[Pair]) -> float:
    """Return how many of `pairs` should share a band."""
    total = 0.0
    for left, right in pairs:
        common = len(sets[left] & sets[right])
        similarity = common / max(1, len(sets[left]) + len(sets[right]) - common)
        total += 1 - (1 - similarity**ROWS) ** BANDS
    return total


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--texts", type=int, default=300, help="texts that copies are made of")
    args = parser.parse_args()
    rng = random.Random(1)
    read = (text for path in args.paths for _, text in texts(path))
    own = [" ".join(text.split()) for text in read if len(text.split()) >= 20]
    own = own[: args.texts]
    vocabulary = " ".join(own[:50]).split()
    documents = [
        copy
        for text in own
        for copy in (text, *(edited(text, r, vocabulary, rng) for r in (0.001, 0.01, 0.03, 0.08)))
    ]
    step = wf.MinHash(threshold=None, ngram=NGRAM, bands=BANDS, rows=ROWS)
    docs = [wf.Document(f"{row:06}", text) for row, text in enumerate(documents)]
    placed = {doc.id: row for row, doc in enumerate(docs)}
    signed, keys = step.keyed(docs)
    ours: list[list[bytes]] = [[] for _ in docs]
    for doc, row in zip(signed, keys[:, :, 0], strict=True):
        ours[placed[doc.id]] = [value.tobytes() for value in row]
    grams, signature = SYSTEMS[args.system]()
    theirs = [signature(text) for text in documents]
    copies = [
        pair
        for first in range(0, len(documents), 5)
        for pair in itertools.combinations(range(first, first + 5), 2)
    ]
    print(f"{len(documents):,} documents, {len(copies):,} pairs of copies\n")
    print("| | pairs of copies that share a band | expected | dropped |")
    print("| --- | --- | --- | --- |")
    dropped = []
    for name, cut, bands in ((args.system, grams, theirs), ("webfilter", our_grams, ours)):
        pairs = sharing(bands)
        sets = [cut(text) for text in documents]
        gone = {row for group in grouped(len(docs), pairs) for row in group[1:]}
        shared = len(pairs.intersection(copies))
        print(f"| {name} | {shared:,} | {expected(sets, copies):,.0f} | {len(gone):,} |")
        dropped.append(gone)
    there, here = dropped
    print(f"\ndropped by both {len(there & here):,}, there only {len(there - here):,}, ", end="")
    print(f"here only {len(here - there):,}")


if __name__ == "__main__":
    main()
