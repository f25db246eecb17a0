"""Are labelled near-duplicates found?

    python benchmarks/dedup_labelled.py DIR

DIR holds one folder a set, each with ``docs.jsonl.xz`` (``id``, ``text``, perhaps ``title`` and
``cluster``) and perhaps ``pairs.jsonl.xz`` (``a``, ``b``). Where there are pairs, those are the
positives and all other pairs count as negative; else documents of one ``cluster`` are. A text is
the title and the text. Recall: share of positive pairs that end in one cluster; precision: share of
the pairs in one cluster that are positive.
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

from webfilter.dedup import MinHash
from webfilter.dedup.passages import PassageDedup
from webfilter.document import Document

METHODS: dict[str, Any] = {
    "`MinHash()`": MinHash(),
    '`MinHash(unit="character", ngram=5, threshold=0.6)`': MinHash(
        unit="character", ngram=5, threshold=0.6
    ),
    "`PassageDedup()`": PassageDedup(),
    "`PassageDedup(threshold=0.6)`": PassageDedup(threshold=0.6),
}


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the records of a JSONL file in xz."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def pairs(groups: list[list[str]]) -> set[tuple[str, str]]:
    """Return all pairs within groups."""
    return {(min(p), max(p)) for group in groups for p in combinations(group, 2)}


def labelled(folder: Path, records: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return the positive pairs of the set in `folder`."""
    file = folder / "pairs.jsonl.xz"
    if file.exists():
        return {(min(p["a"], p["b"]), max(p["a"], p["b"])) for p in lines(file)}
    clusters: dict[str, list[str]] = defaultdict(list)
    for record in records:
        clusters[record["cluster"]].append(record["id"])
    return pairs(list(clusters.values()))


def main() -> None:
    """Print a table with a row a set and method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    print("| set | documents | labelled pairs | method | found | recall | precision | dropped |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for folder in sorted(path.parent for path in given.folder.glob("*/docs.jsonl.xz")):
        records = lines(folder / "docs.jsonl.xz")
        true = labelled(folder, records)
        docs = [
            Document(r["id"], "\n".join(filter(None, (r.get("title"), r["text"])))) for r in records
        ]
        for name, stage in METHODS.items():
            clusters = stage.clusters(docs)
            found = pairs([list(cluster) for cluster in clusters])
            hits = len(found & true)
            print(
                f"| {folder.name} | {len(docs):,} | {len(true)} | {name} | {hits} "
                f"| {hits / max(len(true), 1):.3f} | {hits / max(len(found), 1):.3f} "
                f"| {clusters.members - len(clusters)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
