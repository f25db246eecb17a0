"""Gather the excerpts that were read in addition: find their texts again, and align the readers.

    python classifiers/educational/more.py DATA more.jsonl.xz --pool pool.jsonl.xz --manuals FOLDER

``readings.csv`` holds what readers made of 7,400 further excerpts, one reading each: hashes and
labels, no texts. This script cuts the same windows from the collections in DATA, keeps those whose
hash is there, and writes them with labels as `data.read` wants them. The readers also read 400
excerpts of ``edu/train.jsonl.xz`` again, blind; a line through these pairs maps their labels to
those of the first readers (they are a tenth of a point sterner).

With `--pool` it also writes the windows that nobody labeled and the teacher read (``teacher.npz``:
hashes and scores, no texts), and with `--unread` the English windows that nobody labeled, for a
teacher to read (``finetune.py``).

Windows of the crawl depend on the extractor, and those of manuals (GIMP, Maxima, Octave, LilyPond,
KStars, Step, R, the Debian handbook; for the pool PostgreSQL, Python, pandas, SciPy, scikit-learn
and statsmodels, too: Debian 12, unpacked into one folder a package) are left out without
`--manuals`; what is not found is counted, and changes the model a little (README.md says which
version of the extractor finds all of them).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import lzma
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import teacher
from data import LABELS, TOPS, digest, lines

import webfilter as wf
from webfilter.score.windows import windows

READINGS = Path(__file__).parent / "readings.csv"
TEACHER = Path(__file__).parent / "teacher.npz"
AGAIN = "again"
"""Source of the readings of excerpts that have labels already."""
MANUAL = "manual-"


LEAST = 200
"""Characters of a window that a teacher is to read."""
OF_A_MANUAL = 500
"""Most of them from one package."""


def main() -> None:
    """Gather from the command line."""
    parser = argparse.ArgumentParser(description="Find the excerpts of readings.csv.")
    parser.add_argument("data", type=Path, help="folder of the collections")
    parser.add_argument("out", type=Path, help="labeled excerpts, .jsonl.xz")
    parser.add_argument("--manuals", type=Path, help="folder of unpacked packages")
    parser.add_argument("--pool", type=Path, help="windows that the teacher read, .jsonl.xz")
    parser.add_argument("--unread", type=Path, help="windows for a teacher to read, .jsonl.xz")
    args = parser.parse_args()
    readings = read_readings()
    labeled = {
        digest(row["text"]): [row[name] for name in LABELS]
        for row in lines(args.data / "edu" / "train.jsonl.xz")
    }
    slopes = align(readings, labeled)
    known = {f"{number:016x}" for number in teacher.read(TEACHER).digests.tolist()}
    rows: dict[str, dict[str, Any]] = {}
    pool: dict[str, dict[str, Any]] = {}
    unread: dict[str, dict[str, Any]] = {}
    for source, name, url, text in _windows(args.data, args.manuals):
        key = digest(text)
        row = {"id": f"{source}:{name}", "src": source, "url": url, "text": text}
        if key in readings:
            if key not in rows and readings[key][0] != AGAIN:
                found, values = readings[key]
                row |= {"id": f"{found}:{name}", "src": found}
                kept = np.clip([np.polyval(slopes[t], v) for t, v in enumerate(values)], 0, TOPS)
                rows[key] = row | dict(zip(LABELS, kept.round(3).tolist(), strict=True))
        elif key not in labeled:
            if key in known:
                pool[key] = row
            if args.unread and len(text) >= LEAST:
                unread[key] = row
    _write(args.out, rows)
    wanted = sum(source != AGAIN for source, _ in readings.values())
    print(f"{args.out}: {len(rows):,} of {wanted:,} excerpts found")
    if args.pool:
        _write(args.pool, pool)
        print(f"{args.pool}: {len(pool):,} of {len(known):,} windows found")
    if args.unread:
        _write(args.unread, english(unread))


def read_readings() -> dict[str, tuple[str, list[int]]]:
    """Return source and labels by digest; of two readings of one text the first."""
    found: dict[str, tuple[str, list[int]]] = {}
    with READINGS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["text"], (row["source"], [int(row[name]) for name in LABELS]))
    return found


def align(
    readings: dict[str, tuple[str, list[int]]], labeled: dict[str, list[float]]
) -> list[np.ndarray[Any, Any]]:
    """Return, for each label, the line from the new readers' to the first readers' scale."""
    pairs = [
        (values, labeled[key])
        for key, (source, values) in readings.items()
        if source == AGAIN and key in labeled
    ]
    if len(pairs) < 100:
        raise SystemExit(f"only {len(pairs)} excerpts were read twice: is this the same DATA?")
    new, old = np.array(pairs, dtype=np.float64).transpose(1, 0, 2)
    return [np.polyfit(new[:, t], old[:, t], 1) for t in range(len(LABELS))]


def english(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the rows in English; of each manual the first by hash."""
    keys = sorted(rows)
    measured = wf.Language(None).measure_batch([wf.Document(k, rows[k]["text"]) for k in keys])
    taken: Counter[str] = Counter()
    kept = {}
    for key, signals in zip(keys, measured, strict=True):
        source = rows[key]["src"]
        if signals["language"] == "en" and taken[source] < OF_A_MANUAL:
            taken[source] += source.startswith(MANUAL)
            kept[key] = rows[key]
    return kept


def _write(path: Path, rows: dict[str, dict[str, Any]]) -> None:
    with lzma.open(path, "wt", encoding="utf-8") as file:
        for key in sorted(rows):
            file.write(json.dumps(rows[key], ensure_ascii=False) + "\n")


def _windows(data: Path, manuals: Path | None) -> Iterator[tuple[str, str, str | None, str]]:
    """Yield source, name, URL and text of everything that was drawn from."""
    for row in lines(data / "text" / "fineweb_sample.jsonl.xz"):
        yield from _cut("fineweb", row["id"], row["url"], row["text"])
    for row in lines(data / "wcxb-dev" / "pages.jsonl.xz"):
        yield from _cut("wcxb-dev", str(row["id"]), row["url"], row["gold_text"] or "")
    for i, row in enumerate(lines(data / "lid" / "hplt2_weak.jsonl.xz")):
        if row["lang"].startswith("en"):
            yield "hplt2", f"lid{i}@0", None, row["text"][:1_000]
    for i, row in enumerate(lines(data / "bench" / "olmo_sciq.jsonl.xz")):
        yield from _cut("sciq", f"sciq{i}", None, row["doc"].get("support") or "")
    extract = wf.Extract()
    for doc in wf.Pipeline((extract,))(wf.read(data / "crawl" / "*.warc.gz")):
        if doc.live:
            yield from _cut("crawl", doc.id, doc.url, doc.text)
    if manuals:
        for doc in wf.Pipeline((extract,))(_manuals(manuals)):
            if doc.live:
                yield from _cut(MANUAL + doc.id.split("/")[0], doc.id, None, doc.text)


def _manuals(folder: Path) -> Iterator[wf.Document]:
    for path in sorted(folder.rglob("*")):
        if re.search(r"\.(html|docbook(\.gz)?)$", path.name) and path.is_file():
            page = path.read_bytes()
            if path.suffix == ".gz":
                page = gzip.decompress(page)
            if "docbook" in path.name:
                page = re.sub(rb"<!DOCTYPE[^>]*\[.*?\]>", b"", page, flags=re.DOTALL)
                page = re.sub(rb"<(/?)para\b[^>]*>", rb"<\1p>", page)
                page = re.sub(rb"<(/?)title\b[^>]*>", rb"<\1h2>", page)
            yield wf.Document(str(path.relative_to(folder)), html=page)


def _cut(
    source: str, name: str, url: str | None, text: str
) -> Iterator[tuple[str, str, str | None, str]]:
    for piece in windows(text, 1_000, 64):
        yield source, f"{name}@{text.find(piece)}", url, piece


if __name__ == "__main__":
    main()
