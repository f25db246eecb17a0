"""Does code come through as it was written?

    python benchmarks/code_kept.py pages-*.warc.gz --pages wcxb-dev/pages.jsonl.xz

Three questions, of the lines that stand in ``pre`` (three characters at least; read with lxml,
without numbers that count on at the beginning of all lines):

1. Of those that an extraction engine keeps, how many are in its text as they were written? A line
   is kept if its characters, without spaces, stand in the text without spaces, once at least; it
   is as written if it is a line of the text, as often as it is on the page.
2. Of those that the default engine gives, how many are left as they were after stages and recipes
   that clean lines? (Whole pages dropped do not count: their rules are off.)
3. How many pages, and how many by score, does the recipe `educational` keep with code counted and
   cleaned like prose, and as it is?
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import lxml.html
from lxml import etree
from repeated_lines import as_fetched

import webfilter as wf
from webfilter.extract.windows import meant

ENGINES = ("blocks", "trafilatura", "resiliparse", "justext", "plain")
CLEANERS: Mapping[str, wf.Stage] = {
    "Lines()": wf.Lines(),
    "Lines(keep_code=False)": wf.Lines(keep_code=False),
    "Lines, RefinedWeb's": wf.Lines.profile("refinedweb"),
    "C4Quality, FineWeb's": wf.C4Quality.profile("fineweb"),
    "C4Quality, FineWeb's, keep_code=True": wf.C4Quality.profile("fineweb", keep_code=True),
    "C4Quality, C4's own": wf.C4Quality.profile("tfds-2019"),
}
LIMITS = (1.0, 1.5, 2.0, 2.5)
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"\s*(\d{1,6})(?!\d)")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("crawl", nargs="*", help="WARC files")
    parser.add_argument("--pages", type=Path, help="JSON Lines with html and url")
    options = parser.parse_args()
    pages = list(as_fetched(options.crawl, options.pages))
    coded = [(page, lines) for page in pages if (lines := code_of(page.html or b""))]
    print(f"{len(pages)} pages, {len(coded)} with code of {sum(len(c) for _, c in coded)} lines\n")

    print("| engine | lines of code kept | of these as written |\n| --- | --- | --- |")
    texts: dict[str, list[str]] = {}
    for name in ENGINES:
        stage = wf.Extract(engine=name, min_characters=None)
        texts[name] = [doc.text for doc in stage([page for page, _ in coded])]
        kept = whole = 0
        for text, (_, lines) in zip(texts[name], coded, strict=True):
            counts = count(text, lines)
            kept, whole = kept + counts[0], whole + counts[1]
        share = kept / sum(len(lines) for _, lines in coded)
        print(f"| {name} | {share:.3f} | {whole / max(kept, 1):.3f} |")

    given = [
        (text, written(text, lines))
        for text, (_, lines) in zip(texts["blocks"], coded, strict=True)
    ]
    print("\n| after | lines of code left | as written |\n| --- | --- | --- |")
    for name, stage in CLEANERS.items():
        judged = without_limits(stage)(wf.Document(str(n), t) for n, (t, _) in enumerate(given))
        left = whole = 0
        for doc, (_, lines) in zip(judged, given, strict=True):
            counts = count(doc.text, lines)
            left, whole = left + counts[0], whole + counts[1]
        total = sum(len(lines) for _, lines in given)
        print(f"| {name} | {left / total:.3f} | {whole / total:.3f} |")

    steps = wf.recipe("educational").steps
    extracted = [step for step in steps if step.name in ("url_filter", "extract")]
    texts_of_all = list(wf.Pipeline(tuple(extracted)).kept(pages))
    print("\n| educational | kept |", " | ".join(f">= {limit}" for limit in LIMITS), "|")
    print("| --- |" + " --- |" * (len(LIMITS) + 1))
    rest = [step for step in steps if step not in extracted]
    for name, chain in (("code as prose", map(as_prose, rest)), ("as it is", rest)):
        scores = [doc.signals["educational"] for doc in measured(chain).kept(texts_of_all)]
        found = [
            sum(isinstance(score, float) and score >= limit for score in scores) for limit in LIMITS
        ]
        print(f"| {name} | {len(scores)} |", " | ".join(map(str, found)), "|")


def code_of(html: bytes) -> list[str]:
    """Return the lines in the ``pre`` of a page, without space at their ends.

    Control characters that stand for marks of Windows-1252 are read as `webfilter.Extract` does.
    """
    text = meant(html.decode("utf-8", "replace"))
    if "<pre" not in text.lower():
        return []
    root = lxml.html.document_fromstring(
        text.encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )
    etree.strip_elements(root, "style", "script", with_tail=False)
    for br in root.iter("br"):
        br.tail = "\n" + (br.tail or "")
    lines = (
        line.rstrip()
        for pre in root.iter("pre")
        for line in unnumbered(pre.text_content().strip("\n").split("\n"))
    )
    return [line for line in lines if len(_SPACE.sub("", line)) >= 3]


def unnumbered(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines of a ``pre`` without numbers that count on at the beginning of them all."""
    found = [_NUMBER.match(line) for line in lines]
    numbers = [int(number[1]) for number in found if number]
    if len(lines) < 2 or numbers != list(range(1, len(lines) + 1)):
        return lines
    return [_NUMBER.sub("", line, count=1) for line in lines]


def count(text: str, code: Sequence[str]) -> tuple[int, int]:
    """Return how many lines of `code` stand in `text`, and how many as lines as they are."""
    joined = _SPACE.sub("", text)
    kept = [line for line in code if _SPACE.sub("", line) in joined]
    return len(kept), len(written(text, kept))


def written(text: str, code: Sequence[str]) -> list[str]:
    """Return the lines of `code` that are lines of `text`, each as often as in both."""
    return list((Counter(code) & Counter(map(str.rstrip, text.split("\n")))).elements())


def without_limits(stage: Any) -> Any:
    """Return the stage with every limit on pages off."""
    names = [f.name for f in fields(stage)]
    off = {name: None for name in names if name.startswith(("min_", "max_"))}
    return replace(stage, **off, **{n: False for n in names if n.startswith("drop_")})


def measured(steps: Iterable[Any]) -> wf.Pipeline:
    """Return the steps as a pipeline that drops by no score."""
    off = {"min_score": None}
    return wf.Pipeline(tuple(replace(s, **off) if s.name == "educational" else s for s in steps))


def as_prose(step: Any) -> Any:
    """Return a step that cleans and counts lines of code like others."""
    prose = {"keep_code": False, "count_code": True}
    return replace(step, **{name: value for name, value in prose.items() if hasattr(step, name)})


if __name__ == "__main__":
    main()
