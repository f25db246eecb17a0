"""Do our heuristics decide as datatrove's do, and how much faster?

Runs each of the four filters of datatrove and our profile ``datatrove-2024-12`` on the same texts,
alone, and compares the decision (kept or dropped), the reason, and the text that C4 rewrites; every
difference is printed, with our signals. Then what we do not inherit: documents on which a filter of
datatrove breaks or a limit of 0 means nothing there, each listed. `benchmarks/heuristics.py` times
them.

FineWebQuality exists twice: ``2024-12`` is compared with the filter that is installed, ``2024-04``
with its rules written out as plain loops here, over datatrove's words, because the installed
datatrove no longer has it. `benchmarks/conformance_others.py` compares the other profiles.

Needs ``pip install datatrove[processing] spacy warcio trafilatura`` beside webfilter. Sources are
WARC files (extracted by trafilatura, once, to --cache) or JSONL with ``text``, plain, .gz or .xz::

    python benchmarks/conformance.py pages.warc.gz texts.jsonl.xz --cache /tmp/texts

With ``--random N`` and no sources, the texts are N random ones, of few different pieces each.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import logging
import lzma
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from conformance_reasons import REASONS
from datatrove.data import Document as Theirs
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.filters.gopher_repetition_filter import find_duplicates
from datatrove.utils.text import split_into_words

from webfilter import C4Quality, Document, FineWebQuality, GopherQuality, GopherRepetition
from webfilter.stage import Stage


def april_2024(doc: Theirs) -> bool | tuple[bool, str]:
    """Judge `doc` by the FineWeb rules of April 2024, as they are described, in plain loops."""
    lines = doc.text.split("\n")
    if len([x for x in lines if x.endswith((".", "'", '"', "!", "?"))]) / len(lines) <= 0.12:
        return False, "line_punct_ratio"
    if len([x for x in lines if len(x) <= 30]) / len(lines) >= 0.67:
        return False, "short_line_ratio"
    repeated = find_duplicates([x for x in lines if x.strip()])[1]
    if repeated / len(doc.text.replace("\n", "")) >= 0.01:
        return False, "char_dup_ratio"
    if doc.text.count("\n") / len(split_into_words(doc.text)) > 0.3:
        return False, "list_ratio"
    return True


def pairs(words: str) -> dict[str, tuple[Callable[[Theirs], Any], Stage]]:
    """Return by name their judge and our stage."""
    name = "datatrove-2024-12"
    c4 = C4Quality.profile(name, words=words)
    return {
        "gopher_repetition": (
            GopherRepetitionFilter().filter,
            GopherRepetition.profile(name, words=words),
        ),
        "gopher_quality": (GopherQualityFilter().filter, GopherQuality.profile(name, words=words)),
        "c4_quality": (C4QualityFilter().filter, c4),
        "c4_quality, lines unterminated": (
            C4QualityFilter(filter_no_terminal_punct=False).filter,
            replace(c4, terminal_punctuation=False),
        ),
        "fineweb_quality 2024-04": (
            april_2024,
            FineWebQuality.profile("datatrove-2024-04", words=words),
        ),
        "fineweb_quality 2024-12": (
            FineWebQualityFilter().filter,
            FineWebQuality.profile(name, words=words),
        ),
    }


def texts(path: Path, cache: Path) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of the documents of `path`."""
    if ".warc" in path.name:
        path = extracted(path, cache)
    opened: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opened(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            yield str(row.get("id", f"{path.name}:{number}")), row["text"]


def extracted(path: Path, cache: Path) -> Path:
    """Return a JSONL file of the texts of the WARC file `path`, made by trafilatura once."""
    from trafilatura import extract
    from warcio.archiveiterator import ArchiveIterator

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL + 1)
    size = path.stat().st_size
    name = hashlib.sha256(f"{path.resolve()} {size}".encode()).hexdigest()[:16]
    found = cache / f"{name}.jsonl"
    if not found.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = found.with_suffix(".partial")
        with path.open("rb") as stream, partial.open("w", encoding="utf-8") as out:
            for number, record in enumerate(ArchiveIterator(stream)):
                if record.rec_type == "response":
                    page = record.content_stream().read()
                    text = extract(page, deduplicate=False) or ""
                    out.write(json.dumps({"id": f"{path.name}:{number}", "text": text}) + "\n")
        partial.rename(found)
    return found


PIECES = [
    *("a", "ab", "b", "ba", "the", "of", "and", "to", "1", "2024", "é", "日本語", "ไทย", "😀", "K"),
    *(".", "...", "…", "#", "- x", "• y", "{", "'", '"', "“q”", "-", "—", "(", ")", ". ", "? "),
    *("lorem ipsum", "javascript", "use cookies", "[1]", "[edit]", "Hello world.", "It is so!"),
    *("don't", "U.S.", "e.g.", "$3.50", "x@y.zz", "http://a.b/c", "can't.", "’s", "well-known"),
    *("a.b.c", ": ", " ", "  ", "\n", "\n\n", "\r\n", "\u2028", "\x0b", "\t", "\x1c", "\u00a0"),
]


def random_texts(number: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of `number` texts made to find differences."""
    rng = random.Random(seed)
    for n in range(number):
        pieces = rng.sample(PIECES, rng.choice((3, 6, 15, len(PIECES))))
        glue, size = rng.choice(("", " ", " ")), rng.choice((3, 10, 40, 150, 400))
        yield f"random:{n}", glue.join(rng.choice(pieces) for _ in range(size))


@dataclass
class Tally:
    """Agreement of one filter."""

    documents: int = 0
    dropped: int = 0
    decisions: int = 0
    reasons: int = 0
    rewritten: int = 0
    differences: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Documents on which theirs divides by zero: not compared, listed."""

    def add(self, name: str, text: str, judge: Callable[[Theirs], Any], stage: Stage) -> None:
        """Count one document."""
        theirs = Theirs(text=text, id=name)
        try:
            outcome = judge(theirs)
        except ZeroDivisionError:
            self.broken.append(name)
            return
        kept, reason = (outcome, "") if isinstance(outcome, bool) else outcome
        [ours] = stage.process([Document(name, text)])
        if reason == "empty":
            reason = "characters" if stage.name == "gopher_repetition" else "fineweb_lines"
        reason = REASONS.get(reason, reason)
        our_reason = ours.verdict.reason if ours.verdict else ""
        same_text = not kept or ours.text == theirs.text
        self.documents += 1
        self.dropped += not kept
        self.decisions += kept == ours.live
        self.reasons += reason == our_reason
        self.rewritten += same_text
        if kept != ours.live or reason != our_reason or not same_text:
            values = {signal.name: ours.signals[signal.name] for signal in stage.measures}
            told = "other text" if not same_text else f"theirs {reason or 'kept'}"
            self.differences.append(f"{name}: {told}, ours {ours.verdict or 'kept'}; {values}")


def compare(documents: Iterable[tuple[str, str]], words: str) -> dict[str, Tally]:
    """Return the agreement of each pair on `documents`, with our tokens called `words`."""
    judges = pairs(words)
    tallies = {name: Tally() for name in judges}
    for name, text in documents:
        for pair, (judge, stage) in judges.items():
            tallies[pair].add(name, text, judge, stage)
    return tallies


FAULTS: dict[str, tuple[Callable[[Theirs], Any], Stage]] = {
    "a limit of 0 (max_ellipsis_lines_ratio)": (
        GopherQualityFilter(max_ellipsis_lines_ratio=0).filter,
        GopherQuality.profile("datatrove-2024-12", max_ellipsis_line_ratio=0),
    ),
    "a limit of 0 (dup_line_frac)": (
        GopherRepetitionFilter(dup_line_frac=0).filter,
        GopherRepetition(max_duplicate_line_ratio=0),
    ),
}


def faults(documents: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return for each fault of theirs that we do not inherit the documents that it touches."""
    found: dict[str, list[str]] = {name: [] for name in FAULTS}
    found['"lorem ipsum" and "{": the reason is whichever line comes first'] = []
    for name, text in documents:
        for fault, (judge, stage) in FAULTS.items():
            try:
                kept = judge(Theirs(text=text, id=name))
            except ZeroDivisionError:
                continue
            [ours] = stage.process([Document(name, text)])
            if (kept is True) != ours.live:
                found[fault].append(name)
        if "{" in text and "lorem ipsum" in text.lower():
            found['"lorem ipsum" and "{": the reason is whichever line comes first'].append(name)
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(), help="folder for extracted texts")
    parser.add_argument("--random", type=int, default=0, help="random texts beside the sources")
    parser.add_argument("--every", type=int, default=1, help="take every n-th document")
    parser.add_argument("--words", nargs="*", default=["english", "spacy"], help="our tokens")
    args = parser.parse_args()
    documents = [pair for path in args.paths for pair in texts(path, args.cache)][:: args.every]
    documents += random_texts(args.random)
    characters = sum(len(text) for _, text in documents)
    print(f"{len(documents)} documents, {characters / max(1, len(documents)):.0f} characters each")
    for words in args.words:
        tallies = compare(documents, words)
        print(f"\n| filter (words: {words}) | dropped | decision | reason | text |")
        print("| --- | --- | --- | --- | --- |")
        for name, tally in tallies.items():
            shares = (tally.decisions, tally.reasons, tally.rewritten)
            cells = " | ".join(f"{share / tally.documents:.2%}" for share in shares)
            print(f"| {name} | {tally.dropped / tally.documents:.1%} | {cells} |")
        for name, tally in tallies.items():
            for difference in tally.differences:
                print(f"{name}: {difference}")
        broken = {name: tally.broken for name, tally in tallies.items() if tally.broken}
        print(f"\ntheirs divides by zero, not compared: {broken or 'on none'}")
    print("\nnot inherited, and the documents touched:")
    for fault, names in faults(documents).items():
        print(f"- {fault}: {len(names)} {names[:20]}")


if __name__ == "__main__":
    main()
