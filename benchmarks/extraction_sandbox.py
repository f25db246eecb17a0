"""What does the sandbox cost: the same engine in this process, and in a child with limits?

    python benchmarks/extraction_sandbox.py PAGES.warc.gz ... [--engines resiliparse] [--rounds 5]

Batches of 64 pages, by turns inside and apart; of each batch the quickest round counts, as
whatever else the machine does only ever adds. Seconds are wall clock, so what overlaps (the parent
sends ahead while the child works) costs nothing; processor time of parent and child together is
beside it, on Linux. Pages a second are of the whole stage: decoding, metadata, text.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import webfilter as wf
from webfilter.document import Document
from webfilter.extract import ENGINES
from webfilter.extract.sandbox import _idle

BATCH = 64


def processor_seconds() -> float:
    """Return what this process and the idle children have used so far."""
    seconds = time.process_time()
    if sys.platform == "linux":
        for _, child in _idle:
            pid = child._running._process.pid if child._running else None
            if pid is not None:
                stat = Path(f"/proc/{pid}/schedstat").read_text().split()
                seconds += int(stat[0]) / 1e9
    return seconds


def measure(stage: wf.Extract, batch: Sequence[Document]) -> tuple[float, float]:
    """Return seconds by the clock and of the processor."""
    before, began = processor_seconds(), time.perf_counter()
    stage.process(batch)
    return time.perf_counter() - began, processor_seconds() - before


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument("--engines", nargs="+", default=["resiliparse", "trafilatura"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=int, default=1000, help="pages")
    options = parser.parse_args()
    docs = [doc for doc in wf.read.files(options.pages) if doc.live][: options.most]
    batches = [docs[at : at + BATCH] for at in range(0, len(docs), BATCH)]
    print(f"{len(docs)} pages, {os.cpu_count()} processors\n")
    print("| engine | pages/s inside | pages/s apart | overhead | of processor time |")
    print("| --- | --- | --- | --- | --- |")
    for name in options.engines:
        if name not in ENGINES:
            parser.error(f"unknown engine {name}: {', '.join(ENGINES)}")
        stages = (
            wf.Extract(engine=name, seconds=None, memory_mb=None),
            wf.Extract(engine=name),
        )
        for stage in stages:
            stage.process(docs[:4])
        clock, processor = [0.0, 0.0], [0.0, 0.0]
        for batch in batches:
            rounds = [[measure(stage, batch) for stage in stages] for _ in range(options.rounds)]
            for at in (0, 1):
                clock[at] += min(one[at][0] for one in rounds)
                processor[at] += min(one[at][1] for one in rounds)
        print(
            f"| {name} | {len(docs) / clock[0]:.0f} | {len(docs) / clock[1]:.0f} "
            f"| {clock[1] / clock[0] - 1:+.1%} | {processor[1] / processor[0] - 1:+.1%} |"
        )


if __name__ == "__main__":
    main()
