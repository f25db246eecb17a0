"""Does any page crash, hang or overeat an engine in the sandbox?

    python benchmarks/extraction_robustness.py CRAWL [--engines ...] [--seconds 30] [--memory 1024]

CRAWL is a folder with WARC files (quirky and clipped ones included, at any depth). Every engine
gets every page of them, and monsters made here, each through ``Extract`` with limits on time and
memory and no fallback, so that each engine answers for itself. For each engine it prints how many
documents were kept, dropped and failed (they add up to those read), the longest page by the clock,
the highest memory of child and parent, and what became of each monster. It ends with status 1 if a
document is lost, a page takes longer than the limit and 5 seconds, or a process holds more than the
limit and what it had before. Memory is read on Linux only: of the child the private writable memory
that its limit counts (``VmData``), of the parent its growth in resident memory.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import webfilter as wf
from webfilter.document import Document
from webfilter.errors import SourceError
from webfilter.extract import ENGINES
from webfilter.extract.sandbox import _idle

TEXT = b"Bees see a light that we cannot see, and many flowers carry marks in this light. " * 4


def monsters(scale: float = 1.0) -> dict[str, bytes]:
    """Return hostile pages by name; `scale` makes them smaller."""

    def many(unit: bytes, count: float) -> bytes:
        return unit * max(1, int(count * scale))

    article = b"<html><body><article><p>" + TEXT + b"</p>%s</article></body></html>"
    row = b"<tr>" + b"<td>12</td>" * 100 + b"</tr>"
    return {
        "nothing": b"",
        "1e6 nested tags": many(b"<b>", 1e6) + TEXT,
        "1e6 nested div": many(b"<div>", 1e6) + TEXT,
        "20,000 nested div, closed": many(b"<div>", 2e4) + TEXT + many(b"</div>", 2e4),
        "4,000 nested lists": many(b"<ul><li>x", 4e3),
        "3,000 nested tables": many(b"<table><tr><td>", 3e3) + TEXT,
        "100 MB of attributes": b"<p " + many(b'a="b" ', 1.7e7) + b">" + TEXT,
        "200,000 attributes": b"<p "
        + b" ".join(b"a%d='b'" % n for n in range(int(2e5 * scale)))
        + b">"
        + TEXT,
        "one attribute of 20 MB": b'<p title="' + many(b"x", 2e7) + b'">' + TEXT,
        "one 50 MB text node": b"<p>" + many(b"word ", 1e7),
        "50 MB without a space": b"<p>" + many(b"x", 5e7),
        "colspan 2^53": article % b'<table><tr><td colspan="9007199254740992" rowspan="4294967297">'
        b'<td colspan="-1"><td rowspan="1e99">x</table>',
        "NUL bytes": article % many(b"\0 a\0b", 1e5),
        "only NUL": many(b"\0", 1e6),
        "half a gzip": gzip.compress(article % TEXT)[:-20] * 200,
        "UTF-16 said to be UTF-8": (article % TEXT).decode().encode("utf-16"),
        "UTF-8 said to be UTF-16": b'<meta charset="utf-16">' + article % "Grüße".encode(),
        "Shift JIS said to be UTF-8": b'<meta charset="utf-8">'
        + ("<p>" + "空は青く、水は冷たい。" * 200).encode("shift_jis"),
        "every byte": bytes(range(256)) * 4000,
        "lone surrogates": article % b"\xed\xa0\x80 \xed\xbf\xbf &#xD800;&#0;&#x110000;",
        "100,000 links": article % many(b'<a href="/x">link</a> ', 1e5),
        "200,000 cells": b"<table>" + many(row, 2e3) + b"</table>",
        "100,000 short paragraphs": many(b"<p>ab</p>", 1e5),
        "50,000 headings": many(b"<h2>a</h2>", 5e4),
        "100,000 options": b"<select>" + many(b"<option>x", 1e5),
        "30,000 forms": many(b"<form>", 3e4) + TEXT,
        "30,000 links unclosed": many(b"<a href=x>", 3e4) + TEXT,
        "30,000 misnested": many(b"<b><p><i></b>", 3e4) + TEXT,
        "300,000 comments": many(b"<!-- x -->", 3e5) + TEXT,
        "a comment without end": b"<!-- " + many(b"x", 1e6),
        "2e6 entities": b"<p>" + many(b"&amp;", 2e6),
        "1e6 less-than": many(b"<", 1e6),
        "1e6 meta": many(b"<meta ", 1e6),
        "nested JSON-LD": b'<script type="application/ld+json">' + many(b'{"a":[', 1e5),
        "100,000 scripts": many(b"<script>a<b</script>", 1e5) + TEXT,
        "50,000 svg": many(b"<svg><g></g></svg>", 5e4) + TEXT,
        "templates": many(b"<template><p>", 2e4) + TEXT,
    }


def pages(folder: Path) -> Iterator[Document]:
    """Yield every page of every WARC file below `folder`, whatever state it is in."""
    for path in sorted(folder.rglob("*.warc*")):
        try:
            for doc in wf.read.files([path]):
                if doc.html is not None:
                    yield doc
        except SourceError:
            continue


class Watch(threading.Thread):
    """Looks at the memory of this process and of the children, in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.child = self.parent = 0.0

    def run(self) -> None:
        """Look every 20 ms."""
        while not self.done.wait(0.02):
            self.parent = max(self.parent, memory("self", "VmRSS"))
            for pid in children():
                self.child = max(self.child, memory(pid, "VmData"))


def memory(pid: str, what: str) -> float:
    """Return a line of /proc/PID/status in MiB; 0 where there is none."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(x.split()[1]) / 1024 for x in lines if x.startswith(what + ":")), 0.0)


def children() -> list[str]:
    """Return the processes that this one started, less those that do not run their program yet.

    Between fork and exec a child has the memory of this process.
    """
    found: list[str] = []
    try:
        for path in Path("/proc/self/task").glob("*/children"):
            found += path.read_text().split()
        return [pid for pid in found if command(pid) != command("self")]
    except OSError:
        return []


def command(pid: str) -> bytes:
    """Return the command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def main() -> None:
    """Print one table of engines and one of monsters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crawl", type=Path, nargs="?", help="folder; none: monsters only")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES))
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--memory", type=int, default=1024, help="MiB")
    parser.add_argument("--scale", type=float, default=1.0, help="of the monsters")
    parser.add_argument("--every", type=int, default=1, help="only one page in so many")
    options = parser.parse_args()
    made = monsters(options.scale)
    docs = [Document(name, html=html) for name, html in made.items()]
    real = list(pages(options.crawl))[:: options.every] if options.crawl else []
    for child in [child for _, child in _idle]:
        child.close()
    fates: dict[str, dict[str, str]] = {name: {} for name in made}
    wrong = []
    print("| engine | pages | kept | dropped | failed | most s | child MiB | parent MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in options.engines:
        stage = wf.Extract(
            engine=name, fallback=None, max_bytes=None,
            seconds=options.seconds, memory_mb=options.memory,
        )  # fmt: skip
        before = memory("self", "VmRSS")
        watch = Watch()
        watch.start()
        counts: Counter[str] = Counter()
        longest = 0.0
        for doc in [*docs, *real]:
            began = time.monotonic()
            [marked] = stage([doc])
            seconds = time.monotonic() - began
            longest = max(longest, seconds)
            fate = "kept" if marked.verdict is None else marked.verdict.kind
            counts[fate] += 1
            if doc.id in fates:
                said = "kept" if marked.verdict is None else str(marked.verdict)
                fates[doc.id][name] = f"{said.removeprefix('extract ')} ({seconds:.1f} s)"
            if seconds > options.seconds + 5:
                wrong.append(f"{name}: {doc.id} took {seconds:.1f} s")
        watch.done.set()
        watch.join()
        total = len(docs) + len(real)
        if counts.total() != total:
            wrong.append(f"{name}: {counts.total()} of {total} documents came back")
        if watch.child > options.memory:
            wrong.append(f"{name}: the child held {watch.child:.0f} MiB")
        if watch.parent - before > options.memory:
            wrong.append(f"{name}: the parent grew by {watch.parent - before:.0f} MiB")
        print(
            f"| {name} | {total} | {counts['kept']} | {counts['dropped']} | {counts['failed']} "
            f"| {longest:.1f} | {watch.child:.0f} | {max(watch.parent - before, 0):.0f} |",
            flush=True,
        )
    print("\n| monster |", " | ".join(options.engines), "|")
    print("| --- |" + " --- |" * len(options.engines))
    for monster, by in fates.items():
        print(f"| {monster} |", " | ".join(by[name] for name in options.engines), "|")
    if wrong:
        sys.exit("\n".join(["", "wrong:", *wrong]))


if __name__ == "__main__":
    main()
