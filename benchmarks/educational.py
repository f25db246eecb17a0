"""How fast and how good is the educational score? One run, figures as a table.

    python benchmarks/educational.py train.jsonl.xz            speed, load time, size
    python benchmarks/educational.py train.jsonl.xz --quality  and cross-validation (minutes)

Speed is documents per second of CPU time in one process, median of the repeats, so that a busy
machine disturbs it less; set OMP_NUM_THREADS=1 to count one core. Load time is that of reading,
checking and unpacking the model in a fresh process, imports not counted.
"""

from __future__ import annotations

import argparse
import json
import lzma
import statistics
import subprocess
import sys
import time
from pathlib import Path

from webfilter.document import Document
from webfilter.score import Educational
from webfilter.score.packaged import FOLDER, entry

EVALUATE = Path(__file__).parents[1] / "classifiers" / "educational" / "evaluate.py"
_LOAD = """
import time
from webfilter.score.packaged import load
start = time.perf_counter()
load("educational")
print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure the educational score.")
    parser.add_argument("data", type=Path, help="labeled excerpts, .jsonl.xz")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch", type=int, default=1_000, help="documents a batch")
    parser.add_argument("--quality", action="store_true", help="cross-validate, too")
    args = parser.parse_args()
    with lzma.open(args.data, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    size = (FOLDER / entry("educational")["file"]).stat().st_size
    load = statistics.median(_load_time() for _ in range(args.repeats))
    print("| what | figure |\n| --- | --- |")
    print(f"| windows of 1,000 characters / s | {speed(texts, args.batch, args.repeats):,.0f} |")
    pages = ["\n".join(texts[i : i + 5]) for i in range(0, len(texts) - 5, 5)]
    print(f"| pages of 5,000 characters / s | {speed(pages, args.batch, args.repeats):,.0f} |")
    print(f"| load time, s | {load:.3f} |\n| file, bytes | {size:,} |")
    if args.quality:
        for by in ("group", "page"):
            print(f"\nCross-validation by {by}:", flush=True)
            subprocess.run([sys.executable, EVALUATE, args.data, "--by", by], check=True)


def speed(texts: list[str], batch: int, repeats: int) -> float:
    """Return documents per second of CPU time, the median of `repeats` after one warm-up."""
    stage = Educational(min_score=None)
    docs = [Document(str(i), text) for i, text in enumerate(texts)]
    stage.process(docs[:batch])
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        for i in range(0, len(docs), batch):
            stage.process(docs[i : i + batch])
        rates.append(len(docs) / (time.process_time() - start))
    return statistics.median(rates)


def _load_time() -> float:
    done = subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, check=True, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
