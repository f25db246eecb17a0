"""Do tuned limits keep more of the good and less of the bad than the published ones?

Two pairs of corpora, either or both::

    python benchmarks/tune.py --labels train.jsonl.xz
    python benchmarks/tune.py --good fineweb_sample.jsonl.xz --crawl pages-*.warc.gz

The first is made of labeled excerpts (fields ``id``, ``text``, ``edu`` and ``clean``): those that
teach against those that do not, and clean against unclean ones. All excerpts have about 1,000
characters, so limits on length mean nothing there and are left as they are. The second is a
filtered data set against raw pages, as resiliparse extracts them.

All shares are of documents that limits were not chosen on and that the rest of the pipeline (curly
brackets, limits left as they are) lets pass. The last row of each pair tunes for the loss that the
limits given have. ``--null N`` splits the first good corpus N times in two by chance and tunes one
part against the other: no limit should be found in at least 95 % of the splits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import webfilter as wf
from webfilter.document import Document
from webfilter.tuning import Effect, tune

LENGTHS = ("words", "characters", "c4_sentences")


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Compare tuned limits with the published ones.")
    parser.add_argument("--labels", type=Path, help="labeled excerpts, .jsonl.xz")
    parser.add_argument("--good", type=Path, help="a filtered data set, .jsonl.xz")
    parser.add_argument("--crawl", type=Path, nargs="+", help="raw pages, WARC")
    parser.add_argument("--max-loss", type=float, nargs="+", default=[0.01, 0.05])
    parser.add_argument("--null", type=int, metavar="N", default=0)
    args = parser.parse_args()
    pairs: list[tuple[str, list[Document], list[Document], Sequence[str]]] = []
    if args.labels is not None:
        rows = _rows(args.labels)
        for name, field, low, high in (
            ("teaches (edu >= 2.5) against not (< 1)", "edu", 1.0, 2.5),
            ("clean (2) against unclean (< 1)", "clean", 1.0, 2.0),
        ):
            good = [Document(r["id"], r["text"]) for r in rows if r[field] >= high]
            bad = [Document(r["id"], r["text"]) for r in rows if r[field] < low]
            pairs.append((name, good, bad, LENGTHS))
    if args.good is not None and args.crawl is not None:
        rows = _rows(args.good)
        good = [Document(str(n), row["text"]) for n, row in enumerate(rows)]
        extracted = wf.Extract(engine="resiliparse")(wf.read.files(args.crawl))
        bad = [Document(doc.id, doc.text) for doc in extracted if doc.live]
        pairs.append(("filtered data set against raw pages", good, bad, ()))
    print("| good against bad | limits | number | good kept | bad kept |")
    print("| --- | --- | --- | --- | --- |")
    for name, good, bad, skip in pairs:
        compare(name, good, bad, skip, args.max_loss)
    if args.null and pairs:
        found = sum(null(pairs[0][1], pairs[0][3], seed) for seed in range(args.null))
        print(f"\nThe first good corpus against itself: limits in {found} of {args.null} splits.")


def _rows(path: Path) -> list[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def compare(
    name: str, good: list[Document], bad: list[Document], skip: Sequence[str], losses: list[float]
) -> None:
    """Print one row for the limits given and one for each loss allowed."""
    start = time.process_time()
    given = tune(good, bad, skip=skip)
    seconds = time.process_time() - start
    counts = f"{given.pooled.good.held_out:,} against {given.pooled.bad.held_out:,} held out"
    number = sum(p.knob.current is not None for p in given.proposals)
    print(f"| {name}: {counts} | published | {number} | {_kept(given.before)} |")
    for loss, lift in [*((loss, 2.0) for loss in losses), (1 - given.before.good.value, 1.0)]:
        tuned = tune(good, bad, skip=skip, max_loss=min(0.99, loss), min_lift=lift)
        row = f"tuned, loss {100 * loss:.1f} %, lift {lift:g}"
        print(f"| | {row} | {len(tuned.pooled.limits)} | {_kept(tuned.after)} |", flush=True)
    total = len(good) + len(bad)
    print(f"| | {total:,} documents, {seconds:.1f} s of CPU time | | | |")


def _kept(effect: Effect) -> str:
    return " | ".join(
        f"{100 * part.value:.1f} % ({100 * part.low:.1f}-{100 * part.high:.1f})"
        for part in (effect.good, effect.bad)
    )


def null(docs: list[Document], skip: Sequence[str], seed: int) -> bool:
    """Return whether limits are found where there is nothing to find."""
    parts: tuple[list[Document], list[Document]] = ([], [])
    for doc in docs:
        digest = hashlib.blake2b(f"{seed} {doc.id}".encode(), digest_size=1).digest()
        parts[digest[0] & 1].append(doc)
    return bool(tune(*parts, skip=skip, max_loss=0.05, seed=seed).pooled.limits)


if __name__ == "__main__":
    main()
