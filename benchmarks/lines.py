"""Which lines are noise: `Lines` against human labels, beside other people's rules.

    python benchmarks/lines.py turku_lines.jsonl.xz [--half report] [--fineweb sample.jsonl.xz]

One JSON object a line: ``id``, ``lang``, ``lines``, ``line_labels`` (1 keep, 0 noise). Documents
are split in halves by a hash of their id. Everything that was fitted or chosen, the length of the
baseline too, was so on the tuning half; figures are of the reporting half.

Precision, recall and F1 are of removing noise, in each language over all of its lines, then the
mean over languages; once by line and once by words. Seconds are processor time, one thread.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from justext.core import classify_paragraphs, revise_paragraph_classification
from justext.paragraph import Paragraph
from justext.utils import get_stoplist
from trafilatura.utils import RE_FILTER

from webfilter.document import Document
from webfilter.heuristics.c4 import C4Quality
from webfilter.heuristics.lines import Lines

LANGUAGES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "sv": "Swedish",
}


@dataclass(frozen=True)
class Labeled:
    """A document with a label for each line; no line is blank."""

    id: str
    language: str
    lines: tuple[str, ...]
    noise: tuple[bool, ...]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


Judge = Callable[[Labeled], Sequence[bool]]
Bools = npt.NDArray[np.bool_]


def is_tuning(name: str) -> bool:
    """Return whether the document of this id is in the tuning half."""
    return hashlib.blake2b(name.encode(), digest_size=8).digest()[0] % 2 == 0


def read(path: Path) -> list[Labeled]:
    """Read the documents; what splits a line within becomes a space."""
    docs: list[Labeled] = []
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            lines = tuple(" ".join(line.splitlines()) for line in row["lines"])
            noise = tuple(label == 0 for label in row["line_labels"])
            docs.append(Labeled(row["id"], row["lang"], lines, noise))
    return docs


def by_stage(stage: Lines) -> Judge:
    """Judge by our stage."""
    return lambda doc: [cause is not None for _, _, cause in stage.judge_lines(doc.text)]


def by_c4(stage: C4Quality) -> Judge:
    """Judge by the line rules of C4, a line at a time."""
    return lambda doc: [
        not stage.transform(Document("a", line))[1]["c4_lines"] for line in doc.lines
    ]


def by_length(least: int) -> Judge:
    """Remove lines that are shorter than `least` characters."""
    return lambda doc: [len(line.strip()) < least for line in doc.lines]


def by_trafilatura(doc: Labeled) -> list[bool]:
    """Judge by trafilatura's filter of texts, and its duplicates: long ones from the fourth on."""
    seen: dict[str, int] = {}
    found: list[bool] = []
    for line in map(str.strip, doc.lines):
        seen[line] = seen.get(line, 0) + 1
        found.append(bool(RE_FILTER.match(line)) or (len(line) > 100 and seen[line] > 3))
    return found


class _Path:
    dom = xpath = "p"


def by_justext(doc: Labeled) -> list[bool]:
    """Judge by jusText, each line a paragraph without links."""
    paragraphs = []
    for line in doc.lines:
        paragraph = Paragraph(_Path())
        paragraph.append_text(line)
        paragraphs.append(paragraph)
    classify_paragraphs(paragraphs, get_stoplist(LANGUAGES[doc.language]))
    revise_paragraph_classification(paragraphs)
    return [paragraph.is_boilerplate for paragraph in paragraphs]


@dataclass(frozen=True)
class Figures:
    """How well one judge removes noise; shares."""

    lines: dict[str, tuple[float, float, float]]
    """Language to precision, recall and F1 by line."""
    words: dict[str, tuple[float, float, float]]
    """The same, each line counted with its words."""
    lost: float
    """Share of the words of good lines that went; mean over languages."""
    speed: float
    """Documents a second."""

    def mean(self, of: dict[str, tuple[float, float, float]], which: int) -> float:
        """Return a mean over languages: 0 precision, 1 recall, 2 F1."""
        return float(np.mean([found[which] for found in of.values()]))


def measure(judge: Judge, docs: Sequence[Labeled]) -> Figures:
    """Judge `docs` and compare with the labels."""
    judge(docs[0])
    gone: dict[str, list[bool]] = {}
    noise: dict[str, list[bool]] = {}
    words: dict[str, list[int]] = {}
    began = time.process_time()
    judged = [judge(doc) for doc in docs]
    seconds = time.process_time() - began
    for doc, found in zip(docs, judged, strict=True):
        gone.setdefault(doc.language, []).extend(found)
        noise.setdefault(doc.language, []).extend(doc.noise)
        words.setdefault(doc.language, []).extend(len(line.split()) for line in doc.lines)
    lines: dict[str, tuple[float, float, float]] = {}
    weighed: dict[str, tuple[float, float, float]] = {}
    lost: list[float] = []
    for code in sorted(gone):
        g, n, w = np.array(gone[code]), np.array(noise[code]), np.array(words[code])
        lines[code] = _scores(g, n, np.ones(len(g), dtype=np.intp))
        weighed[code] = _scores(g, n, w)
        lost.append(float(w[g & ~n].sum() / w[~n].sum()))
    return Figures(lines, weighed, float(np.mean(lost)), len(docs) / max(seconds, 1e-9))


def _scores(gone: Bools, noise: Bools, weights: npt.NDArray[np.intp]) -> tuple[float, float, float]:
    hits = weights[gone & noise].sum()
    precision = hits / max(weights[gone].sum(), 1)
    recall = hits / max(weights[noise].sum(), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def best_length(docs: Sequence[Labeled]) -> int:
    """Return the length below which removing gives the best mean F1 by line."""

    def score(least: int) -> float:
        found = measure(by_length(least), docs)
        return found.mean(found.lines, 2)

    return max(range(10, 201, 10), key=score)


PHRASES = {
    f"remove_{cause}": False
    for cause in ("consent", "browser", "legal", "sharing", "counter", "account", "navigation")
}


def judges(least: int) -> dict[str, Judge]:
    """Return everything that is compared."""
    without = {"min_sentences": None}
    return {
        "remove nothing": lambda doc: [False] * len(doc.lines),
        "remove everything": lambda doc: [True] * len(doc.lines),
        f"shorter than {least} characters": by_length(least),
        "C4": by_c4(C4Quality(**without)),
        "C4 without the terminal rule (FineWeb)": by_c4(
            C4Quality(terminal_punctuation=False, **without)
        ),
        "RefinedWeb (our profile)": by_stage(Lines.profile("refinedweb")),
        "trafilatura's text filter": by_trafilatura,
        "jusText": by_justext,
        "**Lines**": by_stage(Lines()),
        "Lines, fragment_length=400": by_stage(Lines(fragment_length=400)),
        "Lines, fragment_length=200": by_stage(Lines(fragment_length=200)),
        "Lines, fragment_length=None": by_stage(Lines(fragment_length=None)),
        "Lines, no phrases": by_stage(Lines(**PHRASES)),
    }


def causes(docs: Sequence[Labeled]) -> str:
    """Return a table of the lines that each cause removed, and how many were noise."""
    counts: dict[str, list[int]] = {}
    for doc in docs:
        for (_, _, cause), noise in zip(Lines().judge_lines(doc.text), doc.noise, strict=True):
            if cause is not None:
                counts.setdefault(cause, [0, 0])[noise] += 1
    rows = sorted(counts.items(), key=lambda item: -sum(item[1]))
    cells = [f"| {c} | {sum(n)} | {n[1] / sum(n):.2f} |" for c, n in rows]
    return "\n".join(["| cause | lines | of these noise |", "| --- | --- | --- |", *cells])


def dropped(docs: Sequence[Labeled]) -> str:
    """Return a table of what the limit on a page's removed words does at several values."""
    stage = Lines(max_line_removed_word_ratio=None)
    ratios, bad, all_words = [], [], []
    for doc in docs:
        ratios.append(stage.transform(Document("a", doc.text))[1]["line_removed_word_ratio"] or 0)
        words = [len(line.split()) for line in doc.lines]
        bad.append(sum(w for w, n in zip(words, doc.noise, strict=True) if n))
        all_words.append(sum(words))
    ratio, noise, total = np.array(ratios), np.array(bad), np.array(all_words)
    rows = []
    for limit in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        gone = ratio > limit
        shares = (
            gone.mean(),
            noise[gone].sum() / max(total[gone].sum(), 1),
            (noise[gone] > total[gone] / 2).mean() if gone.any() else 0,
            (total - noise)[gone].sum() / (total - noise).sum(),
        )
        rows.append(f"| {limit} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    head = "| limit | pages dropped | noise among their words | mostly noise | good words lost |"
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])


def prose(path: Path) -> str:
    """Return what goes of documents that others filtered already."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        docs = [Document("a", json.loads(row)["text"]) for row in file]
    stage = Lines()
    began = time.process_time()
    marked = stage.process(docs)
    seconds = time.process_time() - began
    ratios = [doc.signals["line_removed_word_ratio"] or 0 for doc in marked]
    pages = np.mean([not doc.live for doc in marked])
    size = np.mean([len(doc.text) for doc in docs])
    return (
        f"{len(docs)} documents of {size:.0f} characters: {np.mean(ratios):.3f} of the words of a "
        f"page go (median {np.median(ratios):.3f}), {pages:.4f} of the pages; "
        f"{len(docs) / seconds:.0f} documents a second"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=("report", "tune"), default="report")
    parser.add_argument("--fineweb", type=Path, help="documents with a text, .jsonl.xz")
    options = parser.parse_args()
    docs = read(options.data)
    tuning = [doc for doc in docs if is_tuning(doc.id)]
    chosen = [doc for doc in docs if is_tuning(doc.id) == (options.half == "tune")]
    codes = sorted({doc.language for doc in docs})
    print(f"{len(chosen)} documents, {sum(len(doc.lines) for doc in chosen)} lines\n")
    print(
        "| | P | R | F1 | "
        + " | ".join(codes)
        + " | words: P | R | F1 | "
        + " | ".join(codes)
        + " | lost | docs/s |"
    )
    print("| --- |" + " --- |" * (2 * len(codes) + 8))
    for name, judge in judges(best_length(tuning)).items():
        f = measure(judge, chosen)
        cells = [f"{f.mean(f.lines, k):.3f}" for k in range(3)]
        cells += [f"{f.lines[code][2]:.3f}" for code in codes]
        cells += [f"{f.mean(f.words, k):.3f}" for k in range(3)]
        cells += [f"{f.words[code][2]:.3f}" for code in codes]
        print(f"| {name} | " + " | ".join(cells) + f" | {f.lost:.3f} | {f.speed:.0f} |")
    print("\n" + causes(chosen))
    print("\n" + dropped(chosen))
    if options.fineweb:
        print("\n" + prose(options.fineweb))


if __name__ == "__main__":
    main()
