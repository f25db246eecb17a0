"""What do the largest clusters of a run cost: while it runs, and when they are asked for?

    python benchmarks/clusters.py --documents 1000000

Documents of 30 words from a seeded word list, two in five of them copies of earlier ones (sizes of
clusters fall off as a power law), pass `ExactDedup` into a run folder of Parquet files. Then, each
in its own process: the time that a run spends on watching its documents for its report, and time
and memory of `Report.clusters`, with the sizes that the stage stored and by counting (as for a
stage that stores none). Last, `Cluster.diff` of two texts of 1 MB, easy and hostile. Processor
seconds; memory is what the process gained.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from webfilter import Document, ExactDedup, Pipeline, Report, read
from webfilter.report.cluster import Member
from webfilter.report.diff import diff
from webfilter.report.largest import Largest

WORDS = [f"{a}{b}" for a in ("ba", "re", "mi", "to", "lu", "sa") for b in ("nk", "rd", "st", "lm")]


def documents(count: int) -> Iterator[Document]:
    """Yield `count` documents, two in five of them copies."""
    rng = random.Random(0)
    texts: list[str] = []
    for number in range(count):
        if texts and rng.random() < 0.4:
            text = texts[int(len(texts) * rng.random() ** 4)]  # early ones are copied most
        else:
            text = " ".join(rng.choices(WORDS, k=30))
            texts.append(text)
        host = f"h{int(3_000 * rng.random() ** 2)}.example"
        yield Document(f"d{number:08}", text, url=f"https://{host}/{number}")


def memory() -> float:
    """Return the most memory this process has had, in MB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def asked(run: Path, how: str) -> dict[str, float | int]:
    """Ask the run folder for its largest clusters."""
    report = Report.load(run)
    if how == "counted":
        report.recipe = ""  # so nobody knows which signal holds the sizes
    Pipeline((ExactDedup(),))([Document("a", "Loads what it needs.")])
    next(iter(read.parquet(str(run / "kept"))))
    before, start = memory(), time.process_time()
    found = report.clusters(n=20)
    seconds = time.process_time() - start
    return {"seconds": seconds, "mb": memory() - before, "clusters": found.total,
            "dropped": found.dropped, "largest": found[0].size}  # fmt: skip


def watched(run: Path, how: str) -> dict[str, float | int]:
    """Watch the documents of the run as it did."""
    watch = Largest(Pipeline((ExactDedup(),)))
    spent, count = 0.0, 0
    batch: list[Document] = []
    for kind in ("dropped", "kept"):
        for doc in read.parquet(str(run / kind), verdicts=True):
            batch.append(doc)
            if len(batch) == 1_000:
                start = time.process_time()
                watch.see(batch)
                spent += time.process_time() - start
                count += len(batch)
                batch = []
    [found] = watch.found(count, count)
    return {"seconds": spent, "mb": 0.0, "clusters": found.total, "dropped": found.dropped,
            "largest": found.largest[0].size}  # fmt: skip


def texts() -> dict[str, tuple[str, str]]:
    """Return pairs of texts of 1 MB."""
    rng = random.Random(1)
    easy = " ".join(rng.choices(WORDS, k=200_000))
    return {
        "one word changed in twenty": (easy, re.sub(r"(\w+ ){20}", r"\g<0>new ", easy)),
        "the same word again": ("a " * 500_000, "a " * 499_000 + "b"),
        "two words in turn": ("a b " * 250_000, "b a " * 250_000),
        "eight words at random": tuple(" ".join(rng.choices("abcdefgh", k=500_000)) for _ in "ab"),
        "signs only": (".!?" * 333_333, "?!." * 333_333),
    }


def main() -> None:
    """Run it, print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        what, run = args.part
        do = watched if what == "watched" else asked
        print(json.dumps(do(Path(run), what)))
        return
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        start = time.process_time()
        report = Pipeline((ExactDedup(),)).run(documents(args.documents), run, progress=False)
        whole = time.process_time() - start
        print(f"{report.total:,} documents, {report.dropped:,} dropped, run: {whole:.1f} s\n")
        print("| | seconds | memory gained | clusters | dropped | largest |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for part, name in (
            ("watched", "watching while the run goes by"),
            ("sized", "`Report.clusters(n=20)`, sizes stored"),
            ("counted", "the same by counting"),
        ):
            command = [sys.executable, __file__, "--part", part, str(run)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            said = json.loads(out)
            gained = f"{said['mb']:,.0f} MB" if said["mb"] else ""
            figures = " | ".join(f"{said[key]:,}" for key in ("clusters", "dropped", "largest"))
            print(f"| {name} | {said['seconds']:.2f} | {gained} | {figures} |")
    print("\n| two texts of 1 MB | seconds, diff | with page |")
    print("| --- | ---: | ---: |")
    for name, pair in texts().items():
        start = time.process_time()
        found = diff(*(Member.of(Document(str(n), text)) for n, text in enumerate(pair)))
        compared = time.process_time() - start
        found.to_html()
        print(f"| {name} | {compared:.2f} | {time.process_time() - start:.2f} |")


if __name__ == "__main__":
    main()
