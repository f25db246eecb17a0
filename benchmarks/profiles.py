"""Which profile of a filter keeps what careful readers value, and drops what they do not?

For every profile of the four heuristics: the share dropped among excerpts that readers scored as
educational (2.5 and more of 5), as reasoning (2 and more of 3), as clean (2 of 2), as unclean (less
than 1 of 2) and as of no educational value (less than 0.5). Then the same rule by rule for the
default and for datatrove's: each rule alone, whatever the others say.

The excerpts have about 1,000 characters, so rules on length and on the number of sentences or lines
mean little here; the others do. Source: JSONL with ``text``, ``edu``, ``reason``, ``clean``, plain,
.gz or .xz::

    python benchmarks/profiles.py train.jsonl.xz
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import webfilter as wf
from webfilter.errors import WebfilterError

FAMILIES = (wf.GopherQuality, wf.GopherRepetition, wf.C4Quality, wf.FineWebQuality)
GROUPS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "educational": lambda row: row["edu"] >= 2.5,
    "reasoning": lambda row: row["reason"] >= 2,
    "clean": lambda row: row["clean"] >= 2,
    "unclean": lambda row: row["clean"] < 1,
    "of no value": lambda row: row["edu"] < 0.5,
}


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the excerpts."""
    opened: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def line(name: str, gone: Sequence[bool], groups: Mapping[str, Sequence[bool]]) -> str:
    """Return a row of the table: the share of each group that is gone."""
    shares = (
        sum(g and m for g, m in zip(gone, member, strict=True)) / sum(member)
        for member in groups.values()
    )
    return f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path)
    found = rows(parser.parse_args().path)
    groups = {name: [bool(test(row)) for row in found] for name, test in GROUPS.items()}
    docs = [wf.Document(str(row["id"]), row["text"]) for row in found]
    counts = ", ".join(f"{sum(member):,} {name}" for name, member in groups.items())
    print(f"{len(docs):,} excerpts: {counts}\n")
    head = f"| dropped of | {' | '.join(groups)} |\n|{' --- |' * (len(groups) + 1)}"
    print(head)
    for family in FAMILIES:
        for name in family.profiles:
            try:
                marked = family.profile(name).process(docs)
            except WebfilterError as error:
                print(f"| {family.name} {name} | {error} |")
                continue
            print(line(f"{family.name} {name}", [not doc.live for doc in marked], groups))
    print(f"\nRule by rule\n\n{head}")
    for family, profile in [(family, next(iter(family.profiles))) for family in FAMILIES] + [
        (wf.GopherQuality, "datatrove-2024-12"),
        (wf.C4Quality, "fineweb"),
        (wf.FineWebQuality, "datatrove-2024-04"),
    ]:
        stage = family.profile(profile)
        marked = stage.process(docs)
        for rule in stage.rules:
            gone = [rule.violated(doc.signals[rule.signal]) is not None for doc in marked]
            if any(gone):
                print(line(f"{family.name} {profile}: {rule.signal}", gone, groups))


if __name__ == "__main__":
    main()
