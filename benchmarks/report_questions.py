"""How long it takes to ask a run about its limits, against reading its documents again.

    python benchmarks/report_questions.py RUN [--signal words] [--limits 20 50 100]

RUN is a run folder. CPU seconds of this process, best of three, as Markdown.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import webfilter as wf
from webfilter import Report


def best(ask: Callable[[], Any]) -> float:
    """Return the least CPU time of three calls, in seconds."""
    times = []
    for _ in range(3):
        start = time.process_time()
        ask()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Time the questions, then reading all documents."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--signal", default="words")
    parser.add_argument("--limits", type=float, nargs="+", default=[20, 50, 100])
    parser.add_argument("--by", default="host", help="what to break the run down by")
    args = parser.parse_args()

    report = Report.load(args.run)
    questions: dict[str, Callable[[], Any]] = {
        f"`sweep`, {len(args.limits)} limits": lambda: report.sweep(args.signal, args.limits),
        "`borderline`, n=20": lambda: report.borderline(args.signal, 20),
        "`removal`": report.removal,
        "`removal(characters=True)`": lambda: report.removal(characters=True),
        f"`breakdown`, {args.by}": lambda: report.breakdown(args.by),
    }
    print("| question | CPU s | documents/s |\n| --- | --- | --- |")
    for name, ask in questions.items():
        seconds = best(ask)
        print(f"| {name} | {seconds:.2f} | {report.total / seconds:,.0f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    folders = [args.run / "kept", args.run / "dropped"]
    seconds = best(lambda: sum(1 for _ in wf.read(folders)))
    print(f"| `wf.read` of all documents | {seconds:.2f} | {report.total / seconds:,.0f} |")
    megabytes = peak / (1e6 if sys.platform == "darwin" else 1e3)
    print(f"\n{report.total:,} documents; peak memory of the questions {megabytes:,.0f} MB")


if __name__ == "__main__":
    main()
