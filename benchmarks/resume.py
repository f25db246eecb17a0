"""What the journal of a run costs, and what it saves when the run was interrupted.

    python benchmarks/resume.py pages-00.warc.gz

Runs a recipe over crawl files in fresh processes: without a journal, with one, interrupted when all
pages have been read, and once more from there; in turn, several times. Prints medians of CPU
seconds, of all processes together, and makes sure that all runs wrote the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import webfilter as wf

WAYS = ("without", "with", "interrupted", "again")


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", help="crawl files")
    parser.add_argument("--recipe", default="educational")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        run(args.one, args.files, args.recipe, args.out)
        return
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(args.repeats):
        with tempfile.TemporaryDirectory() as folder:
            outs = {"without": "a", "with": "b", "interrupted": "c", "again": "c"}
            for way in WAYS:
                given = [*args.files, "--recipe", args.recipe, "--one", way]
                before = used()
                subprocess.run(
                    [sys.executable, __file__, *given, "--out", str(Path(folder, outs[way]))],
                    check=True,
                )
                seconds[way].append(used() - before)
            if len({written(Path(folder, name)) for name in outs.values()}) > 1:
                raise SystemExit("the runs did not write the same")
    whole = statistics.median(seconds["without"])
    for way in WAYS:
        median = statistics.median(seconds[way])
        print(f"{way:12} {median:6.2f} s of CPU time, {median / whole:.3f}")


def run(way: str, files: list[str], recipe: str, out: str) -> None:
    """Run the recipe in one of the ways."""
    pipe, source = wf.recipe(recipe), wf.read(files)

    def broken() -> Iterator[wf.Document]:
        yield from source
        raise KeyboardInterrupt

    if way != "interrupted":
        report = pipe.run(source, out, resume=way != "without", progress=False)
        print(f"{way}: {report.resumed:,} of {report.total:,} documents taken over", flush=True)
        return
    try:
        pipe.run(broken(), out, progress=False)
    except KeyboardInterrupt:
        files_left = Path(out, ".journal").glob("*.log")
        print(f"{way}: journal of {sum(path.stat().st_size for path in files_left):,} bytes")


def used() -> float:
    """Return the CPU seconds of all processes that were started here and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def written(out: Path) -> str:
    """Return a hash of the documents in a run folder."""
    whole = hashlib.sha256()
    for kind in ("kept", "dropped", "failed"):
        for path in sorted((out / kind).iterdir()):
            whole.update(f"{kind} {path.name}".encode() + path.read_bytes())
    return whole.hexdigest()


if __name__ == "__main__":
    main()
