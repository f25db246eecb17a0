"""What does a look at the language of raw HTML save, and what does it lose?

    python benchmarks/draft_language.py pages-00.warc.gz pages-01.warc.gz pages-02.warc.gz

Loss: every page is extracted by each engine and its text judged by `Language`, and its HTML by
`DraftLanguage`; lost are the pages that the chain ``Extract() | Language({...})`` keeps and the
draft drops. They are listed with what was told of them, to be read by eye (``--show`` characters of
their text). `own language` asks of each page whether it would be dropped where its language, as
`Language` tells it, is the one asked for. Intervals are exact (Clopper-Pearson, 95 %).

Speed: the chain with and without, and both as a cascade, over a part of the pages chosen by a hash,
in one process without sandboxes, alternately; CPU seconds, medians.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import webfilter as wf
from webfilter.codes import UNDETERMINED, accepted
from webfilter.document import Document
from webfilter.extract import Cascade
from webfilter.language import Language
from webfilter.language.draft import DraftLanguage
from webfilter.language.prose import prose
from webfilter.report.exact import Counted

HERE: dict[str, Any] = {"seconds": None, "memory_mb": None}
SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure the language check before extraction.")
    parser.add_argument("warc", nargs="+", type=Path)
    parser.add_argument("--languages", nargs="+", default=["en", "de"])
    parser.add_argument("--engines", nargs="+", default=["auto", "trafilatura"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--timed", type=int, default=300, help="pages of the timed chains")
    parser.add_argument("--show", type=int, default=0, help="characters of each page lost")
    args = parser.parse_args()
    docs = [doc for doc in wf.read.files(args.warc) if doc.html is not None]
    costs(docs, args.runs)
    for engine in args.engines:
        finals = wf.Pipeline((wf.Extract(engine=engine, **HERE), Language(None)))(docs)
        for language in args.languages:
            losses(docs, finals, engine, language, args.show)
        own(docs, finals, engine)
    ranked = sorted(docs, key=lambda doc: hashlib.sha256(doc.id.encode()).digest())
    for engine in args.engines:
        for language in args.languages:
            speed(ranked[: args.timed], engine, language, args.runs)


def costs(docs: Sequence[Document], runs: int) -> None:
    """Print what a page costs."""
    stage = DraftLanguage(None)
    plain = wf.Extract(engine="plain", fallback=None, **HERE)
    ways: dict[str, Callable[[Sequence[Document]], object]] = {
        "prose": lambda batch: [
            prose(doc.html or b"", doc.meta.get("content_type")) for doc in batch
        ],
        "DraftLanguage": stage.process,
        "engine `plain`": plain.process,
    }
    for way in ways.values():
        way(docs[:20])
    print(
        f"{len(docs):,} pages, {runs} runs, batches of 64\n\n| a page costs | ms |\n| --- | --- |"
    )
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            start = time.process_time()
            for at in range(0, len(docs), 64):
                way(docs[at : at + 64])
            seconds[name].append(time.process_time() - start)
    for name, found in seconds.items():
        print(f"| {name} | {1e3 * statistics.median(found) / len(docs):.2f} |", flush=True)


def losses(
    docs: Sequence[Document], finals: Sequence[Document], engine: str, language: str, show: int
) -> None:
    """Print what limits drop and lose of one language asked for, and the pages that are lost."""
    stage = DraftLanguage({language}, min_score=None)
    drafts = stage.process(docs)
    keeps = Language({language})
    kept = {doc.id for doc in keeps(plainly(finals)) if doc.live}
    asked = accepted({language})
    others = {doc.id for doc in finals if other(doc, asked)}
    print(f"\n`{language}`, engine `{engine}`: {len(kept)} pages kept, {len(others)} in others\n")
    print("| min_score | pages in other languages dropped | kept pages lost | all pages dropped |")
    print("| --- | --- | --- | --- |")
    for limit in SCORES:
        dropped = {doc.id for doc in drafts if below(doc, limit)}
        lost = Counted(len(dropped & kept), len(kept))
        share = Counted(len(dropped & others), len(others))
        print(f"| {limit} | {share} | {lost} | {len(dropped) / len(docs):.1%} |")
    default = DraftLanguage({language}).min_score
    assert default is not None
    for draft, final in zip(drafts, finals, strict=True):
        if final.id in kept and below(draft, default):
            said = f"{final.signals['language']} {final.signals['language_score']}"
            seen = f"{draft.signals['draft_language']} {draft.signals['draft_language_score']}"
            print(f"\nlost: {final.url}: text {said}, draft {seen}", end="")
            print(f"\n    {final.text[:show]!r}" if show else "", flush=True)


def own(docs: Sequence[Document], finals: Sequence[Document], engine: str) -> None:
    """Print how many pages are lost to whoever asks for their own language."""
    by: dict[str, list[Document]] = {}
    for doc, final in zip(docs, finals, strict=True):
        if other(final, frozenset()):
            by.setdefault(str(final.signals["language"]), []).append(doc)
    lost = {
        code: [doc.url for doc in DraftLanguage({code}).process(pages) if not doc.live]
        for code, pages in sorted(by.items())
    }
    found = Counted(sum(map(len, lost.values())), sum(map(len, by.values())))
    print(f"\nown language, engine `{engine}`, {len(by)} languages: {found} lost")
    for code, urls in lost.items():
        print("".join(f"\n{code}: {url}" for url in urls), end="")
    print(flush=True)


def plainly(finals: Sequence[Document]) -> list[Document]:
    """Return what extraction kept, without what was measured."""
    return [Document(doc.id, doc.text) for doc in finals if doc.live]


def other(doc: Document, asked: frozenset[str]) -> bool:
    """Whether a final text is surely in a language that is not asked for."""
    score, code = doc.signals.get("language_score"), doc.signals.get("language")
    sure = isinstance(score, float) and score > 0.65
    return sure and code != UNDETERMINED and code not in asked


def below(doc: Document, limit: float) -> bool:
    """Whether a page would be dropped at `limit`."""
    score = doc.signals["draft_language_score"]
    return isinstance(score, float) and score < limit


def speed(docs: Sequence[Document], engine: str, language: str, runs: int) -> None:
    """Print how long the chain takes with and without a draft, a cascade, both."""
    plain = wf.Extract(engine=engine, **HERE) | Language({language})
    cascade = inside(plain.cascaded(audit=0.0))
    first = DraftLanguage({language})
    pipes = {
        "without": plain,
        "DraftLanguage": first | plain,
        "cascade": cascade,
        "DraftLanguage and cascade": first | cascade,
    }
    seconds: dict[str, list[float]] = {name: [] for name in pipes}
    kept: dict[str, set[str]] = {}
    for pipe in pipes.values():
        pipe(docs[:5])
    for _ in range(runs):
        for name, pipe in pipes.items():
            start = time.process_time()
            kept[name] = {doc.id for doc in pipe.kept(docs)}
            seconds[name].append(time.process_time() - start)
    base = statistics.median(seconds["without"])
    print(f"\n`{language}`, engine `{engine}`, {len(docs)} pages, {runs} runs, medians\n")
    print("| | CPU s | ms / page | ratio | kept | lost |\n| --- | --- | --- | --- | --- | --- |")
    for name, found in seconds.items():
        middle = statistics.median(found)
        row = f"{middle:.2f} | {1e3 * middle / len(docs):.1f} | {base / middle:.2f}"
        lost = len(kept["without"] - kept[name])
        print(f"| {name} | {row} | {len(kept[name])} | {lost} |", flush=True)


def inside(pipe: wf.Pipeline) -> wf.Pipeline:
    """Return `pipe` with both drafts of its cascade made in this process."""
    [cascade] = (step for step in pipe.steps if isinstance(step, Cascade))
    drafts = [wf.Extract(engine=name, fallback=None, **HERE) for name in ("resiliparse", "plain")]
    made = Cascade(cascade.final, drafts[0], drafts[1], audit=0.0)
    return wf.Pipeline(tuple(made if step is cascade else step for step in pipe.steps))


if __name__ == "__main__":
    main()
