"""How many workers can one process feed?

    python benchmarks/workers.py texts.jsonl.xz pages-00.warc.gz pages-01.warc.gz --repeats 3

The process that calls `Pipeline.run` reads, hands out batches, takes the results and writes. So a
document costs time there beside the time in a worker, and more workers than the first goes into the
second have to wait. This measures CPU time a document: of the process itself with two workers, of
its main thread alone, and of everything where one process does it all. Texts go through filters,
and through filters with deduplication; crawl files through the recipe ``educational``.

All figures are differences between a run of all documents and one of the first few, so that imports
and starts are left out: of the process itself, the third and the second run in a
process that had run all before; of everything, two fresh processes. Texts are repeated with other
words in them (``--copies``) for there to be enough. Medians. Linux and macOS.
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
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import webfilter as wf

FEW = 300


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


def run(name: str, docs: object, workers: int) -> list[float]:
    """Run a chain; return CPU seconds of this process and of this thread, documents, and kept."""
    with tempfile.TemporaryDirectory() as folder:
        before = used(resource.RUSAGE_SELF), time.thread_time()
        out = Path(folder, "out")
        report = chain(name).run(wf.read(docs), out, workers=workers, progress=False)
        after = used(resource.RUSAGE_SELF), time.thread_time()
    return [after[0] - before[0], after[1] - before[1], report.total, report.kept]


def each(some: Sequence[float], whole: Sequence[float], documents: float) -> list[float]:
    """Return what the whole took more than some, in microseconds a document."""
    return [1e6 * (a - b) / (documents - FEW) for a, b in zip(whole, some, strict=True)]


def fresh(*arguments: str) -> tuple[list[list[float]], float]:
    """Run this script in a process of its own; return what it says, and its CPU seconds."""
    before = used(resource.RUSAGE_CHILDREN)
    said = subprocess.run(
        [sys.executable, __file__, *arguments], check=True, capture_output=True, text=True
    )
    return json.loads(said.stdout), used(resource.RUSAGE_CHILDREN) - before


def main() -> None:
    """Print a row a chain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="a file of texts (JSONL), and crawl files (WARC)")
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--chain", choices=("filters", "deduplication", "pages"))
    parser.add_argument("--child", choices=("workers", "few", "all"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        few = list(islice(wf.read(args.files), FEW))
        runs = {"workers": (args.files, few, args.files), "few": (few,), "all": (args.files,)}
        workers = 2 if args.child == "workers" else 1
        print(json.dumps([run(args.chain, docs, workers) for docs in runs[args.child]]))
        return
    crawl = [path for path in args.files if ".warc" in path]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "texts.jsonl")
        with open(corpus, "w", encoding="utf-8", newline="\n") as file:
            for path in sorted({*args.files} - {*crawl}):
                for row in texts(path, args.copies):
                    file.write(json.dumps(row) + "\n")
        names = ("filters", "deduplication") if corpus.stat().st_size else ()
        columns = "this process", "its main thread", "everything", "times faster at most"
        print(f"| | documents | kept | {' | '.join(columns)} |\n| --- |{' --- |' * 6}")
        for name in (*names, *(("pages",) if crawl else ())):
            if args.chain not in (None, name):
                continue
            given = [*(crawl if name == "pages" else [str(corpus)]), "--chain", name, "--child"]
            rows = []
            for _ in range(args.repeats):
                (_, some, whole), _ = fresh(*given, "workers")
                (_, few_seconds), (_, all_seconds) = fresh(*given, "few"), fresh(*given, "all")
                own = each(some[:2], whole[:2], whole[2])
                rows.append([*whole[2:], *own, *each([few_seconds], [all_seconds], whole[2])])
            found = [statistics.median(column) for column in zip(*rows, strict=True)]
            cells = [f"{value:,.0f}" for value in found] + [f"{found[4] / found[2]:.1f}"]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
