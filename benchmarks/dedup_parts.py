"""Repeated lines and repeated spans: how fast, how large on disk, and how right?

    python benchmarks/dedup_parts.py crawl.jsonl more.jsonl.xz [--pages WCXB/pages.jsonl.xz]
        [--labels turku_lines.jsonl.xz] [--planted 1000] [--scale 1000000 3000000]

Texts are JSONL, plain or xz, with ``text`` and, where known, ``id`` and ``url``. Tables:

1. Each stage on each file, one process each: processor time of sketching, resolving and applying,
   peak memory, bytes that go to disk, what is removed. Documents are read from the file as often
   as a pipeline reads its spool.
2. The ten most repeated lines, by counts alone.
3. Of lines removed from whole pages (`pages`; extracted with the engine ``plain``, which leaves
   nothing out): how many are not in the text that people call the page's own. And of lines of
   labeled documents (`labels`), counted over everything: how many are labeled noise.
4. Spans: copies of 50 to 200 words planted between the texts, each at a random place of another
   text. Found: words of copies that go. Then the words that go, against a suffix array of all
   texts (pydivsufsort, if installed) with ``keep="none"``: what either has and the other has not.
5. Resolving alone, with random sketches of so many documents (`scale`).
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from webfilter import Document, Extract
from webfilter.dedup.fingerprints import TOKENS, gram_starts, token_hashes
from webfilter.dedup.lines import LineDedup, LineSketch
from webfilter.dedup.substrings import SubstringDedup
from webfilter.dedup.words import word_hashes
from webfilter.stage import CorpusStage
from webfilter.text import tokenize

BATCH = 64
STAGES: dict[str, Callable[[], CorpusStage[Any]]] = {
    "LineDedup()": LineDedup,
    "LineDedup(max_pages=1)": lambda: LineDedup(max_pages=1),
    'LineDedup(max_pages=1, scope=None, keep="first")': lambda: LineDedup(
        max_pages=1, scope=None, keep="first"
    ),
    "SubstringDedup(), two rounds": lambda: SubstringDedup().lean,
    "SubstringDedup(), one round": SubstringDedup,
    'SubstringDedup(keep="none"), two rounds': lambda: SubstringDedup(keep="none").lean,
}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSONL file."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a file of texts."""
    for number, row in enumerate(rows(path)):
        yield Document(str(row.get("id", number)), row["text"], url=row.get("url"))


def batches(docs: Iterator[Document]) -> Iterator[list[Document]]:
    """Cut `docs` into batches."""
    batch: list[Document] = []
    for doc in docs:
        batch.append(doc)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def size_of(sketch: Any) -> int:
    """Return the bytes that a sketch becomes on disk (the order: from half a million documents)."""
    if isinstance(sketch, np.ndarray):
        return sketch.nbytes
    fields = vars(sketch)
    order = sum(12 + len(key) for key in fields["order"])
    return order + sum(value.nbytes for value in fields.values() if isinstance(value, np.ndarray))


def measured(path: Path, name: str) -> dict[str, Any]:
    """Run one stage over one file; return what it cost and removed."""
    spent: Counter[str] = Counter()

    def clocked(what: str, call: Callable[..., Any], *args: Any) -> Any:
        start = time.process_time()
        try:
            return call(*args)
        finally:
            spent[what] += time.process_time() - start  # type: ignore[assignment]

    step: Any = STAGES[name]()
    step.sketch([Document("first", "tables are built on first use: é")])
    disk = 0
    with TemporaryDirectory() as folder:
        while isinstance(step, CorpusStage):
            place = Path(folder, f"{step.name}-{len(list(Path(folder).iterdir()))}")
            place.mkdir()
            sketches = []
            for batch in batches(documents(path)):
                sketches.append(clocked("sketch", step.sketch, batch))
                disk += size_of(sketches[-1])
            step = clocked("resolve", step.resolve_in, sketches, place)
            del sketches
        found: Counter[str] = Counter()
        for batch in batches(documents(path)):
            marked = clocked("apply", step.process, batch)
            for doc, after in zip(batch, marked, strict=True):
                parts = after.signals[step.measures[0].name] or 0
                found["documents"] += 1
                found["characters"] += len(doc.text)
                found["left"] += len(after.text)
                found["parts"] += parts
                found["touched"] += parts > 0
                found["dropped"] += bool(doc.text.strip()) and not after.live
    return {
        **found,
        **spent,
        "disk": disk,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def costs(paths: Sequence[Path]) -> None:
    """Print the first table."""
    print(
        "| texts | stage | documents/s | MB/s | sketch s | resolve s | apply s | peak MB "
        "| bytes/document | parts | documents touched | characters removed | dropped |\n"
        "| " + "--- | " * 13
    )
    for path in paths:
        for name in ["nothing", *STAGES]:
            command = [sys.executable, __file__, "--one", name, str(path)]
            found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            if name == "nothing":
                print(f"| {path.name} | reading only | | | | | | {found['memory']:.0f} | | | | | |")
                continue
            seconds = found["sketch"] + found["resolve"] + found["apply"]
            count = found["documents"]
            gone = 1 - found["left"] / found["characters"]
            print(
                f"| {path.name} | `{name}` | {count / seconds:,.0f} "
                f"| {found['characters'] / 1e6 / seconds:.1f} | {found['sketch']:.2f} "
                f"| {found['resolve']:.2f} | {found['apply']:.2f} | {found['memory']:.0f} "
                f"| {found['disk'] / count:,.0f} | {found['parts']:,.0f} | {found['touched']:,.0f} "
                f"| {gone:.1%} | {found['dropped']:.0f} |"
            )


def resolved(stage: Any, docs: Sequence[Document]) -> Any:
    """Resolve by hand."""
    return stage.resolve([stage.sketch(docs)])


def units(text: str) -> list[str]:
    """Return the lines that are not blank."""
    return [line for line in text.splitlines() if line.strip()]


def most_repeated(paths: Sequence[Path]) -> None:
    """Print on how many pages of its host each of the ten most repeated lines stands."""
    print("\n| texts | pages of a host that have the line, and words of it: the ten highest |")
    print("| --- | --- |")
    for path in paths:
        docs = [doc for doc in documents(path) if doc.url]
        stage = LineDedup()
        pages: Counter[int] = Counter()
        for doc in docs:
            pages.update(stage.sketch([doc]).hashes.tolist())
        wanted = dict(pages.most_common(10))
        sizes: dict[int, int] = {}
        for doc in docs:
            for line in units(doc.text):
                for key in stage.sketch([Document("a", line, url=doc.url)]).hashes.tolist():
                    if key in wanted:
                        sizes[key] = len(word_hashes([line])[0])
            if len(sizes) == len(wanted):
                break
        shown = ", ".join(f"{count} ({sizes[key]})" for key, count in wanted.items())
        print(f"| {path.name} | {shown} |")


def of_pages(path: Path) -> None:
    """Print how right removed lines are, by the text that is each page's own."""
    found = list(rows(path))
    domains = Counter(row["domain"] for row in found)
    docs, good = [], []
    extract = Extract(engine="plain")
    for row in found:
        if domains[row["domain"]] < 2:
            continue
        page = Document(
            row["id"], html=row["html"].encode("utf-8", "surrogatepass"), url=row["url"]
        )
        [doc] = extract([page])
        if doc.live:
            docs.append(Document(doc.id, doc.text, url=row["url"], signals={"d": row["domain"]}))
            good.append(own_lines(units(doc.text), row["gold_text"]))
    sizes = [np.array([len(line) for line in units(doc.text)]) for doc in docs]
    right, size = np.concatenate(good), np.concatenate(sizes)
    print(
        f"\n{len(docs)} pages of the {sum(n > 1 for n in domains.values())} domains with two or "
        f"more, all of their text, counted within a domain. {right.mean():.1%} of the lines are of "
        f"the page's own text, with {size[right].sum() / size.sum():.1%} of the characters.\n"
    )
    print(
        "| max_pages | unit_min_words | lines removed | of their characters foreign "
        "| of foreign characters removed | of own characters lost |"
    )
    print("| " + "--- | " * 6)
    for most in (1, 2, 3):
        for least in (1, 2, 3, 5):
            stage = LineDedup(max_pages=most, unit_min_words=least, scope="d")
            gone = np.concatenate(resolved(stage, docs).judge_lines(docs))
            lost = size[gone & right].sum()
            taken = size[gone].sum()
            print(
                f"| {most} | {least} | {gone.sum():,} | {1 - lost / taken:.1%} "
                f"| {(taken - lost) / size[~right].sum():.1%} | {lost / size[right].sum():.2%} |"
            )


def own_lines(lines: Sequence[str], gold: str) -> Any:
    """Return which lines are a line of `gold`, or five words or more of it in a row."""
    whole = f" {words(gold)} "
    parts = {words(line) for line in gold.splitlines()}
    plain = [words(line) for line in lines]
    return np.array([p in parts or (p.count(" ") > 3 and f" {p} " in whole) for p in plain], bool)


def words(text: str) -> str:
    """Return the words of `text`, in lower case, with single spaces."""
    return " ".join(tokenize(text.lower(), TOKENS).words(text.lower()))


def of_labels(path: Path) -> None:
    """Print how many of the removed lines people call noise; one scope for each language."""
    docs, labeled = [], []
    for row in rows(path):
        lines = [" ".join(line.splitlines()) for line in row["lines"]]
        pairs = [(s, x) for s, x in zip(lines, row["line_labels"], strict=True) if s.strip()]
        docs.append(Document(row["id"], "\n".join(s for s, _ in pairs), signals={"l": row["lang"]}))
        labeled += [label == 0 for _, label in pairs]
    noise = np.array(labeled)
    print(
        f"\n{len(docs):,} labeled documents without addresses, counted within a language. Of all "
        f"lines {noise.mean():.3f} are noise.\n"
    )
    print("| max_pages | unit_min_words | removed | noise among them | of all noise |")
    print("| --- | --- | --- | --- | --- |")
    for most in (1, 2, 3):
        for least in (1, 3, 5):
            stage = LineDedup(max_pages=most, unit_min_words=least, scope="l")
            gone = np.concatenate(resolved(stage, docs).judge_lines(docs))
            labels = noise[gone]
            print(
                f"| {most} | {least} | {len(labels):,} | {labels.mean():.3f} "
                f"| {labels.sum() / noise.sum():.1%} |"
            )


def planted(paths: Sequence[Path], count: int, seed: int = 3) -> None:
    """Plant copies and look for them; then compare with a suffix array."""
    rng = random.Random(seed)
    docs = [doc for path in paths for doc in documents(path)]
    base = spans(SubstringDedup(keep="none"), docs)
    texts = [doc.text for doc in docs]
    sizes = [len(tokenize(text, TOKENS)) for text in texts]
    clean = [n for n, doc in enumerate(docs) if not base[doc.id] and sizes[n] > 400]
    rng.shuffle(clean)
    pairs = list(zip(clean[::2], clean[1::2], strict=False))[:count]
    copies = []
    for source, target in pairs:
        taken, into = (tokenize(texts[n], TOKENS) for n in (source, target))
        size = rng.randint(50, 200)
        begin, at = rng.randrange(len(taken) - size), rng.randrange(len(into))
        copy = texts[source][taken.starts[begin] : taken.ends[begin + size - 1]]
        place = into.starts[at]
        texts[target] = f"{texts[target][:place]} {copy} {texts[target][place:]}"
        copies.append(((source, begin, size), (target, at, size)))
    docs = [Document(f"{n}", text) for n, text in enumerate(texts)]
    print(f"\n{len(copies):,} copies of 50 to 200 words planted in {len(docs):,} texts.\n")
    print("| keep | one of the two goes whole | both do | words that go | seconds |")
    print("| " + "--- | " * 5)
    for keep in ("first", "none"):
        start = time.process_time()
        found = spans(SubstringDedup(keep=keep), docs)  # type: ignore[arg-type]
        seconds = time.process_time() - start
        went = [sum(_inside(found[f"{n}"], at, size) for n, at, size in two) for two in copies]
        total = sum(end - begin for each in found.values() for begin, end in each)
        print(f"| {keep} | {went.count(1):,} | {went.count(2):,} | {total:,} | {seconds:.1f} |")
    against_suffixes(docs, found)


def _inside(found: Sequence[tuple[int, int]], at: int, size: int) -> bool:
    return any(begin <= at and at + size <= end for begin, end in found)


def spans(stage: SubstringDedup, docs: Sequence[Document]) -> dict[str, list[tuple[int, int]]]:
    """Return the spans of each document that go, found in two rounds."""
    step: Any = stage.lean
    with TemporaryDirectory() as folder:
        for number in range(2):
            Path(folder, str(number)).mkdir()
            sketches = (step.sketch(docs[at : at + BATCH]) for at in range(0, len(docs), BATCH))
            step = step.resolve_in(sketches, Path(folder, str(number)))
    return dict(zip((doc.id for doc in docs), step.spans_of(docs), strict=True))


def against_suffixes(docs: Sequence[Document], found: dict[str, list[tuple[int, int]]]) -> None:
    """Compare the words that go with those in runs of 50 that a suffix array says repeat."""
    try:
        from pydivsufsort import divsufsort, kasai
    except ImportError:
        print("\npydivsufsort is not installed: not compared.")
        return
    hashes, offsets = token_hashes([doc.text for doc in docs])
    start = time.process_time()
    _, numbers = np.unique(hashes, return_inverse=True)
    marked = np.zeros(len(numbers) + len(docs), dtype=np.int64)
    owner = np.repeat(np.arange(len(docs)), np.diff(offsets))
    marked[np.arange(len(numbers)) + owner] = numbers  # each text is followed by a mark of its own
    marked[offsets[1:] + np.arange(len(docs))] = numbers.max() + 1 + np.arange(len(docs))
    order = divsufsort(marked.astype(np.uint32))
    common = kasai(marked.astype(np.uint32), order)
    repeats = np.zeros(len(marked), dtype=np.bool_)
    long = np.flatnonzero(np.asarray(common)[: len(order) - 1] >= 50)
    repeats[order[long]] = repeats[order[long + 1]] = True
    seconds = time.process_time() - start
    starts, bounds = gram_starts(offsets, 50)
    own = np.zeros(len(numbers), dtype=np.bool_)
    for number, doc in enumerate(docs):
        for begin, end in found.get(doc.id, ()):
            own[offsets[number] + begin : offsets[number] + end] = True
    theirs = np.zeros(len(numbers) + 1, dtype=np.int64)
    begins = starts[repeats[starts + owner[starts]]]
    np.add.at(theirs, begins, 1)
    np.add.at(theirs, begins + 50, -1)
    other = np.cumsum(theirs)[:-1] > 0
    print(
        f'\nWith keep="none", of {len(numbers):,} words: {own.sum():,} go; a suffix array says '
        f"{other.sum():,} ({seconds:.1f} s for it and the common prefixes). Only here: "
        f"{(own & ~other).sum():,}; only there: {(other & ~own).sum():,}. Runs of 50: "
        f"{bounds[-1]:,}."
    )


def scaled(count: int, kind: str) -> dict[str, float]:
    """Resolve random sketches of `count` documents."""
    rng = np.random.default_rng(1)
    batch, lines, prints = 10_000, 30, 75

    def line_sketches() -> Iterator[LineSketch]:
        for at in range(0, count, batch):
            fresh = rng.integers(0, 2**64, (batch, lines), dtype=np.uint64)
            shared = rng.integers(0, count // 20, (batch, lines // 5)).astype(np.uint64)
            fresh[:, : lines // 5] = shared * np.uint64(0x9E3779B97F4A7C15)
            names = np.arange(at, at + batch, dtype=np.uint64)
            yield LineSketch(names, [], np.full(batch, lines), fresh.ravel())

    def fingerprints() -> Iterator[Any]:
        for _ in range(0, count, batch):
            fresh = rng.integers(0, 2**64, batch * prints, dtype=np.uint64)
            some = rng.integers(0, count * 4, batch * prints // 10).astype(np.uint64)
            fresh[: len(some)] = some * np.uint64(0x9E3779B97F4A7C15)
            yield fresh

    start = time.perf_counter()
    with TemporaryDirectory() as folder:
        if kind == "lines":
            found = len(LineDedup().resolve_in(line_sketches(), Path(folder)).repeated)
        else:
            second: Any = SubstringDedup().lean.resolve_in(fingerprints(), Path(folder))
            found = len(second.repeated)
    return {
        "found": found,
        "wall": time.perf_counter() - start,
        "seconds": time.process_time(),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def scales(counts: Sequence[int]) -> None:
    """Print the last table."""
    print("\n| documents | resolved | rows | repeated | CPU s | wall s | peak MB |")
    print("| " + "--- | " * 7)
    for kind, rows_ in (("lines", 30), ("fingerprints", 75)):
        for count in counts:
            command = [sys.executable, __file__, "--one", f"{kind} {count}", "."]
            found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            print(
                f"| {count:,} | {kind} | {count * rows_:,} | {found['found']:,} "
                f"| {found['seconds']:.0f} | {found['wall']:.0f} | {found['memory']:.0f} |"
            )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--planted", type=int, default=0)
    parser.add_argument("--scale", type=int, nargs="*", default=[])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        kind, _, count = args.one.partition(" ")
        if args.one == "nothing":
            total = sum(len(doc.text) for doc in documents(args.texts[0]))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"characters": total, "memory": memory}))
        elif kind in ("lines", "fingerprints"):
            print(json.dumps(scaled(int(count), kind)))
        else:
            print(json.dumps({k: float(v) for k, v in measured(args.texts[0], args.one).items()}))
        return
    costs(args.texts)
    most_repeated(args.texts)
    if args.pages:
        of_pages(args.pages)
    if args.labels:
        of_labels(args.labels)
    if args.planted:
        planted(args.texts, args.planted)
    if args.scale:
        scales(args.scale)


if __name__ == "__main__":
    main()
