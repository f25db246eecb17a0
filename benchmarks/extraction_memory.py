"""How much memory does a worker gain in 5,000 pages?

    python benchmarks/extraction_memory.py PAGES.warc.gz ... [--engines ...] [--pages 5000]

Each engine gets a fresh process that extracts real pages, again from the first when they end, in
the order they come. Resident memory is read every 100 pages; the gain is from the highest of the
first tenth (by then every page shape was met once) to the highest of the last tenth. Trafilatura
is measured with its caches reset as the engine does, and as it is otherwise (``--kept``). Linux.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

WORK = """
import json, sys
from itertools import cycle, islice
from pathlib import Path
import webfilter as wf
import webfilter.extract.trafilatura as ours

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))

name, count, kept, *paths = sys.argv[1:]
if kept == "kept":
    ours._PAGES_A_RESET = 10**9
docs = [doc for doc in wf.read.files(paths) if doc.live]
stage = wf.Extract(engine=name, fallback=None, seconds=None, memory_mb=None)
seen = []
for number, doc in enumerate(islice(cycle(docs), int(count)), start=1):
    stage([doc])
    if number % 100 == 0:
        seen.append(resident())
print(json.dumps(seen))
"""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--engines", nargs="+", default=["trafilatura", "resiliparse", "justext"])
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--kept", action="store_true", help="trafilatura without resets too")
    options = parser.parse_args()
    print("| engine | MiB after 100 pages | highest of the first tenth | of the last | gain |")
    print("| --- | --- | --- | --- | --- |")
    wanted = [(name, "reset") for name in options.engines]
    if options.kept:
        wanted.append(("trafilatura", "kept"))
    for name, caches in wanted:
        done = subprocess.run(
            [sys.executable, "-c", WORK, name, str(options.pages), caches, *options.files],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seen = json.loads(done.stdout)
        tenth = max(len(seen) // 10, 1)
        first, last = max(seen[:tenth]), max(seen[-tenth:])
        shown = name if caches == "reset" else f"{name}, caches kept"
        print(
            f"| {shown} | {seen[0]:.0f} | {first:.0f} | {last:.0f} | {last - first:+.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
