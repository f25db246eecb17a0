"""How well does `LanguageParts` cut pages in two languages, and does it leave the others alone?

    python benchmarks/language_parts.py LID/lingua_sentences.jsonl.xz [--crawl pages-00.warc.gz ...]

Made pages: two languages in turn, two blocks of each, three paragraphs a block, of one sentence or
of three. The first language is asked for. Lost are its letters that went, left those of the other.

Crawl pages: those that `Language` tells to be in one language, at .8 or more, with .98 or more of
the letters in it: by language, the share of letters that goes and of pages that lose any.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import webfilter as wf
from webfilter.codes import canonical

PAIRS = (
    "en de", "en fr", "de nl", "es pt", "fi et", "cs sk", "ru uk", "ar fa", "hi en", "en zh",
    "zh en", "ja zh", "da nb", "id ms",
)  # fmt: skip
PAGES = 60


def made(sentences: dict[str, list[str]], pair: str, size: int) -> list[list[tuple[str, str]]]:
    """Return pages, each a list of paragraphs of `size` sentences with their languages."""
    rng = random.Random(7)
    first, second = pair.split()
    found = []
    for _ in range(PAGES):
        blocks = [first, second, first, second]
        codes = [code for code in blocks for _ in range(3)]
        found.append([(code, " ".join(rng.sample(sentences[code], size))) for code in codes])
    return found


def letters(text: str) -> int:
    """Return the number of letters."""
    return sum(map(str.isalpha, text))


def mixed(sentences: dict[str, list[str]], pair: str, size: int) -> tuple[float, float]:
    """Return the share of letters lost of the first language, and left of the second."""
    first = pair.split()[0]
    stage = wf.LanguageParts({first}, max_foreign_letter_ratio=None)
    whole, kept = dict.fromkeys(pair.split(), 0), dict.fromkeys(pair.split(), 0)
    for page in made(sentences, pair, size):
        text, _ = stage.transform(wf.Document("a", "\n\n".join(each for _, each in page)))
        lines = iter(text.split("\n\n"))
        line = next(lines, None)
        for code, paragraph in page:
            whole[code] += letters(paragraph)
            if paragraph == line:
                kept[code] += letters(paragraph)
                line = next(lines, None)
    first, second = pair.split()
    return 1 - kept[first] / whole[first], kept[second] / whole[second]


def crawled(files: Sequence[str]) -> None:
    """Print what goes of pages in one language."""
    told = wf.Extract() | wf.Language(None, shares=True)
    by: dict[str, list[wf.Document]] = defaultdict(list)
    for doc in told.kept(wf.read(list(files))):
        signals = doc.signals
        if (signals["language_share"] or 0) >= 0.98 and (signals["language_score"] or 0) > 0.8:
            by[str(signals["language"])].append(doc)
    print("| language | pages | letters that go | pages that lose any |\n| --- | --- | --- | --- |")
    for code, docs in sorted(by.items(), key=lambda item: -len(item[1])):
        if len(docs) < 15 or code == "und":
            continue
        marked = wf.LanguageParts({code}).process(docs)
        gone = [float(doc.signals["foreign_letter_ratio"] or 0) for doc in marked]
        sizes = [letters(doc.text) for doc in docs]
        share = sum(g * size for g, size in zip(gone, sizes, strict=True)) / sum(sizes)
        pages = sum(g > 0 for g in gone) / len(docs)
        print(f"| {code} | {len(docs)} | {share:.2%} | {pages:.1%} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sentences", type=Path)
    parser.add_argument("--crawl", nargs="*", default=())
    options = parser.parse_args()
    sentences: dict[str, list[str]] = defaultdict(list)
    with lzma.open(options.sentences, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["kind"] == "sentences":
                sentences[canonical(row["lang"])].append(" ".join(row["text"].split()))
    print("| kept, cut | one sentence: lost, left | three: lost, left |\n| --- | --- | --- |")
    for pair in PAIRS:
        shares = [mixed(sentences, pair, size) for size in (1, 3)]
        cells = " | ".join(f"{lost:.1%}, {left:.1%}" for lost, left in shares)
        print(f"| {pair.replace(' ', ', ')} | {cells} |")
    if options.crawl:
        print()
        crawled(options.crawl)


if __name__ == "__main__":
    main()
