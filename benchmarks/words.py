"""Are our Unicode words those of uniseg, and our NLTK words those of NLTK, and how fast are they?

    pip install uniseg "webfilter[nltk]"
    python benchmarks/words.py TEXTS.jsonl.xz ... [--nltk]

TEXTS: JSON Lines with ``text``. Boundaries are compared on every code point by itself, on each
text, and on random strings of code points of all kinds; tokens of NLTK one by one (``--nltk``; its
English punkt model must be on the machine). Then documents of 5,000 characters a second, of ours
and of the other, in turns, medians.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import webfilter as wf
from webfilter.text import code_points, tokenize
from webfilter.text.segments import segment_starts
from webfilter.text.treebank import nltk_spans

SIZE = 5_000


def main() -> None:
    """Compare from the command line."""
    parser = argparse.ArgumentParser(description="Compare words with uniseg's and NLTK's.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--nltk", action="store_true", help="compare with NLTK, too")
    parser.add_argument("--texts", type=int, default=3_000, help="of each file, evenly spread")
    parser.add_argument("--random", type=int, default=20_000, help="random strings")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    by_file = {path.name: spread(path, args.texts) for path in args.files}
    by_file["random strings"] = list(strings(args.random))
    by_file["code points"] = [chr(code) for code in range(sys.maxunicode + 1) if not _half(code)]
    from uniseg.wordbreak import word_boundaries

    def theirs(text: str) -> list[int]:
        return list(word_boundaries(text))[:-1]

    def ours(text: str) -> list[int]:
        return [int(place) for place in segment_starts(code_points(text))]

    print("| texts | number | other boundaries than uniseg |\n| --- | ---: | ---: |")
    for name, texts in by_file.items():
        print(f"| {name} | {len(texts):,} | {sum(ours(t) != theirs(t) for t in texts):,} |")
    texts = [text for path in args.files for text in by_file[path.name]]
    if args.nltk:
        from nltk.tokenize import word_tokenize

        other = sum(_nltk(text) != word_tokenize(text) for text in texts)
        print(f"\nNLTK: {other:,} of {len(texts):,} texts have other tokens")
    long = [page for page in pages(texts) if len(page) == SIZE][:200]
    ways: dict[str, Callable[[str], object]] = {
        "ours, unicode": lambda text: tokenize(text, "unicode"),
        "uniseg": theirs,
    }
    if args.nltk:
        ways["ours, nltk"] = lambda text: tokenize(text, "nltk")
    print(f"\n{len(long)} documents of {SIZE:,} characters, a second, {args.repeats} rounds")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(args.repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            for text in long:
                way(text)
            seconds[name].append(time.perf_counter() - start)
    for name, taken in seconds.items():
        print(f"| {name} | {len(long) / statistics.median(taken):,.0f} |")


def spread(path: Path, most: int) -> list[str]:
    """Return at most `most` texts of a file, evenly spread."""
    texts = [doc.text for doc in wf.read.jsonl(path) if doc.live]
    return texts[:: max(1, -(-len(texts) // most))]


def pages(texts: Sequence[str]) -> list[str]:
    """Return the texts, put together and cut to the same size."""
    whole = "\n".join(texts)[: 1_000_000 + SIZE]
    return [whole[at : at + SIZE] for at in range(0, len(whole), SIZE)]


def strings(count: int) -> list[str]:
    """Return random strings of up to 12 code points, most of them of the kinds that rules name."""
    dice = random.Random(0)
    kinds = "aé1 .,:;'\"\u2019_\t\n\r\u05d0\u0627\u3042\u30a2\u4e2d\ud55c\u0e01\u0301\u200d\u00ad"
    kinds += "\U0001f469\U0001f1e9\U0001f1ea\u200b\u2028\u00b7\u203f"
    found = []
    for _ in range(count):
        codes = [
            ord(dice.choice(kinds)) if dice.random() < 0.9 else dice.randrange(sys.maxunicode + 1)
            for _ in range(dice.randint(1, 12))
        ]
        found.append("".join(chr(code) for code in codes if not _half(code)))
    return [text for text in found if text]


def _nltk(text: str) -> list[str]:
    written, starts, ends = nltk_spans(text)
    return [written[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]


def _half(code: int) -> bool:
    return 0xD800 <= code <= 0xDFFF


if __name__ == "__main__":
    main()
