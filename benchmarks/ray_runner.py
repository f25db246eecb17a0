"""What working on a Ray cluster costs against worker processes, on one machine.

    python benchmarks/ray_runner.py pages-00.warc.gz --workers 2 --repeats 5

Runs a recipe over crawl files in fresh processes: with worker processes, and with as many Ray
workers on a Ray that was started before; in turn, several times. Prints medians of the seconds that
Ray takes to start, of the wall seconds of the run, of CPU seconds during it (of all processes,
those of Ray included), and of a worker's peak memory. It makes sure that all runs wrote the same
bytes. Needs ``pip install "webfilter[ray]" psutil``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import psutil
from resume import written

import webfilter as wf
from webfilter.write import Sink

WAYS = ("processes", "ray")
TOLD = ("start", "run", "cpu", "worker")


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", help="crawl files")
    parser.add_argument("--recipe", default="educational")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(run(args.one, args.files, args.recipe, args.workers, args.out)))
        return
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(args.repeats):
        with tempfile.TemporaryDirectory() as folder:
            for way in WAYS:
                given = [*args.files, "--recipe", args.recipe, "--workers", str(args.workers)]
                done = subprocess.run(
                    [sys.executable, __file__, *given, "--one", way, "--out", f"{folder}/{way}"],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                found[way].append(json.loads(done.stdout.splitlines()[-1]))
            if written(Path(folder, "processes")) != written(Path(folder, "ray")):
                raise SystemExit("the runs did not write the same")
    for way in WAYS:
        medians = {key: statistics.median(one[key] for one in found[way]) for key in TOLD}
        print(
            f"{way:10} start {medians['start']:5.2f} s, run {medians['run']:6.2f} s, "
            f"{medians['cpu']:6.2f} s of CPU time, {medians['worker'] / 2**20:4.0f} MB a worker"
        )


def run(way: str, files: list[str], recipe: str, workers: int, out: str) -> dict[str, float]:
    """Run the recipe in one of the ways; return what it took, in seconds and bytes."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    begin = perf_counter()
    if way == "ray":
        import ray

        ray.init(address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False)
    start = perf_counter() - begin
    many: int | wf.RayWorkers = wf.RayWorkers(workers) if way == "ray" else workers
    pipe = wf.recipe(recipe)
    meter = Meter(wf.write.parquet(Path(out, "kept"), signals=pipe.signals))
    report = pipe.run(wf.read(files), out, workers=many, progress=False, kept=meter)
    return {
        "start": start,
        "run": report.seconds,
        "cpu": meter.seconds,
        "worker": report.peak_worker or 0,
    }


class Meter:
    """A sink before another one, that looks at the CPU time of all before the workers end."""

    def __init__(self, sink: Sink) -> None:
        self.seconds = 0.0
        self._sink, self._before = sink, used()

    def write(self, docs: Sequence[wf.Document]) -> None:
        """Hand on `docs`."""
        self._sink.write(docs)

    def close(self) -> None:
        """Finish, and measure."""
        self._sink.close()
        self.seconds = used() - self._before

    def abort(self) -> None:
        """Give up."""
        self._sink.abort()


def used() -> float:
    """Return the CPU seconds of this process and of all below it that live, or were waited for."""
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


if __name__ == "__main__":
    main()
