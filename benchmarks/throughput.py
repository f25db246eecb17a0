"""Pages per second and core of the chain from WARC to filtered text, beside datatrove's.

Both run the same chain over the same files in the same session: WARC reader, trafilatura with
precision (or resiliparse, or our default engine without), Gopher repetition, Gopher quality, C4
without the terminal punctuation rule, FineWeb, JSONL. Runs alternate (ours, theirs, ours, ...);
figures are medians. CPU seconds are user + system time of the whole process tree, so pages per CPU
second is the figure per core, however many processes share the work.

    python benchmarks/throughput.py PAGES.warc.gz ... --peer PEER/bin/python --runs 3

PEER is an environment with ``pip install "datatrove[io,processing]" spacy lxml_html_clean``.
Without ``--peer`` only our own figures are measured. Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS = """
import sys, json, webfilter as wf
engine, out, *paths = sys.argv[1:]
chain = {
    "full": lambda: wf.recipe("educational"),
}
if engine in chain:
    pipe = chain[engine]()
else:
    pipe = (wf.Extract(engine=engine, precision=engine != "auto") | wf.GopherRepetition()
            | wf.GopherQuality.profile("datatrove-2024-12") | wf.C4Quality.profile("fineweb")
            | wf.FineWebQuality.profile("datatrove-2024-12"))
report = pipe.run(wf.read.files(paths), kept=out, format="jsonl", progress=False)
seconds = {row.name: row.seconds for row in report.stages}
print(json.dumps({"in": report.total, "kept": report.kept, "stages": seconds}))
"""

THEIRS = """
import sys, json, glob, os, logging
from loguru import logger
logger.remove()
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import WarcReader
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter)
from datatrove.pipeline.writers import JsonlWriter
out, *paths = sys.argv[1:]
folder = os.path.dirname(os.path.abspath(paths[0]))
names = out + ".paths"
open(names, "w").write("\\n".join(os.path.basename(p) for p in paths))
steps = [
    WarcReader(folder, paths_file=names),
    Trafilatura(favour_precision=True, timeout=10),
    GopherRepetitionFilter(),
    GopherQualityFilter(),
    C4QualityFilter(filter_no_terminal_punct=False),
    FineWebQualityFilter(),
    JsonlWriter(out, compression=None),
]
executor = LocalPipelineExecutor(steps, tasks=1, workers=1, logging_dir=out + ".logs")
executor.run()
stats = json.load(open(glob.glob(out + ".logs/stats.json")[0]))
seconds = {s["name"].split(":")[-1].strip(): s["time_stats"]["total"] for s in stats}
kept = sum(1 for p in glob.glob(out + "/*.jsonl") for _ in open(p))
print(json.dumps({"in": stats[0]["stats"].get("documents", {}).get("total"), "kept": kept,
                  "stages": seconds}))
"""


def measure(python: str, code: str, args: list[str]) -> dict[str, float]:
    """Run `code` in a fresh process; return its answer with wall, CPU seconds and peak memory."""
    start = time.perf_counter()
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([python, "-c", code, *args], stdout=out, stderr=err, env=env)
        _, status, usage = os.wait4(process.pid, 0)  # of this process and those it waited for
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(err.read().decode()[-3000:])
        answer = json.loads(out.read().decode().strip().splitlines()[-1])
    peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {**answer, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_mb": peak}


def main() -> None:
    """Measure, and print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("warc", nargs="+", type=Path)
    parser.add_argument("--peer", help="python of the environment with datatrove")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    paths = [str(p.resolve()) for p in args.warc]

    contestants = {
        "webfilter, trafilatura": (sys.executable, OURS, ["trafilatura"]),
        "webfilter, blocks": (sys.executable, OURS, ["auto"]),
        "webfilter, resiliparse": (sys.executable, OURS, ["resiliparse"]),
        "webfilter, recipe educational": (sys.executable, OURS, ["full"]),
    }
    if args.peer:
        contestants["datatrove"] = (args.peer, THEIRS, [])
    found: dict[str, list[dict]] = {name: [] for name in contestants}
    for run in range(args.runs):
        for name, (python, code, extra) in contestants.items():
            with tempfile.TemporaryDirectory() as folder:
                result = measure(python, code, [*extra, str(Path(folder) / "out"), *paths])
            found[name].append(result)
            print(f"run {run + 1}: {name}: {result['wall']:.1f} s wall", file=sys.stderr)

    pages = found["webfilter, trafilatura"][0]["in"]
    median = {
        name: {key: statistics.median(r[key] for r in runs) for key in ("wall", "cpu", "peak_mb")}
        for name, runs in found.items()
    }
    print(f"{pages} records, {args.runs} runs, medians\n")
    print("| | in | kept | wall s | CPU s | pages / CPU s | peak MB (largest process) | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, m in median.items():
        first = found[name][0]
        base = median.get("datatrove", m)
        print(
            f"| {name} | {first['in']} | {first['kept']} | {m['wall']:.1f} | {m['cpu']:.1f} "
            f"| {pages / m['cpu']:.1f} | {m['peak_mb']:.0f} | {base['cpu'] / m['cpu']:.2f} |"
        )
    for name, runs in found.items():
        print(f"\n{name}, share of the time by stage (median seconds):\n")
        for stage in runs[0]["stages"]:
            seconds = statistics.median(r["stages"][stage] for r in runs)
            whole = sum(statistics.median(r["stages"][s] for r in runs) for s in runs[0]["stages"])
            print(f"- {stage}: {seconds:.2f} s ({seconds / whole:.1%})")


if __name__ == "__main__":
    main()
