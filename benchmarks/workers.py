"""How many workers can one process feed?

    python benchmarks/workers.py texts.jsonl.xz pages-00.warc.gz pages-01.warc.gz --repeats 3

The process that calls `Pipeline.run` reads, hands out batches, takes the results, keeps the
journal, and writes. So a document costs time there and time in a worker, and where there are more
workers than the second has of the first, they wait. This measures both: CPU time a document of the
process itself, of its main thread alone, and of all it started, with two workers. Texts go through
filters, and through filters with deduplication; crawl files through the recipe ``educational``.
In a fresh process all documents are run once, so that imports and tables are loaded, then a few,
then all again: what the last took more than the few, a document more, is what counts, and no start
of a worker. Texts are repeated with other words in them (``--copies``) for there to be enough.
Medians. Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import webfilter as wf

FEW = 300
FIELDS = "this process", "its main thread", "workers"


def chain(name: str) -> wf.Pipeline:
    """Return the chain of that name."""
    if name == "pages":
        return wf.recipe("educational")
    filters = (
        wf.Language({"en"})
        | wf.GopherRepetition()
        | wf.GopherQuality()
        | wf.C4Quality()
        | wf.FineWebQuality()
    )
    return filters if name == "filters" else filters | wf.MinHash() | wf.Educational(min_score=1.5)


def texts(path: str, copies: int) -> Iterator[dict[str, str]]:
    """Yield the texts of `path`, and copies with every fifth word changed."""
    for copy in range(copies):
        for doc in wf.read(path):
            words = doc.text.split(" ")
            for place in range(copy, len(words), 5) if copy else ():
                words[place] += str(copy)
            yield {"id": f"{copy}-{doc.id}", "url": doc.url or "", "text": " ".join(words)}


def used(who: int) -> float:
    """Return the CPU seconds of this process, or of those it started that have ended."""
    times = resource.getrusage(who)
    return times.ru_utime + times.ru_stime


def one(name: str, files: list[str], workers: int) -> dict[str, float]:
    """Run a chain; return CPU microseconds a document."""
    pipe = chain(name)
    few = list(islice(wf.read(files), FEW))
    spent: list[list[float]] = []
    for docs in (wf.read(files), wf.read(few), wf.read(files)):
        with tempfile.TemporaryDirectory() as folder:
            before = used(resource.RUSAGE_SELF), time.thread_time(), used(resource.RUSAGE_CHILDREN)
            report = pipe.run(docs, Path(folder, "out"), workers=workers, progress=False)
            after = used(resource.RUSAGE_SELF), time.thread_time(), used(resource.RUSAGE_CHILDREN)
        spent.append([end - begin for begin, end in zip(before, after, strict=True)])
    more = report.total - len(few)
    each = [1e6 * (whole - part) / more for part, whole in zip(*spent[1:], strict=True)]
    counts = {"documents": report.total, "kept": report.kept}
    return {**dict(zip(FIELDS, each, strict=True)), **counts}


def main() -> None:
    """Print a row a chain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="a file of texts (JSONL), and crawl files (WARC)")
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--one", choices=("filters", "deduplication", "pages"))
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(args.one, args.files, args.workers)))
        return
    crawl = [path for path in args.files if ".warc" in path]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "texts.jsonl")
        with open(corpus, "w", encoding="utf-8", newline="\n") as file:
            for path in sorted({*args.files} - {*crawl}):
                for row in texts(path, args.copies):
                    file.write(json.dumps(row) + "\n")
        names = ("filters", "deduplication") if corpus.stat().st_size else ()
        print("| | documents | kept | " + " | ".join(FIELDS) + " | workers it can feed |")
        print("| --- |" + " --- |" * 6)
        for name in (*names, *(("pages",) if crawl else ())):
            files = crawl if name == "pages" else [str(corpus)]
            runs = []
            for _ in range(args.repeats):
                command = [sys.executable, __file__, *files, "--one", name]
                command += ["--workers", str(args.workers)]
                said = subprocess.run(command, check=True, capture_output=True, text=True)
                runs.append(json.loads(said.stdout))
            row = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
            fed = row["workers"] / row["this process"]
            cells = [f"{row['documents']:,.0f}", f"{row['kept']:,.0f}"]
            cells += [f"{row[field]:,.0f}" for field in FIELDS] + [f"{fed:.1f}"]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
