"""Word F1, snippets and speed of every extraction engine, in one run over the same pages.

    python classifiers/extraction/train.py WCXB/pages.jsonl.xz --crawl WARC ... --folds FOLDS
    python benchmarks/extraction.py WCXB/pages.jsonl.xz --folds FOLDS

With ``--folds`` the engine ``blocks`` judges each page by the model that saw no page of its site;
without, by the packaged model, which was trained on these very pages: then its F1 says nothing.

Word F1 is that of WCXB: bags of lower-cased ``\\w+``, mean over pages, 1 where both gold and text
are empty. ``with`` / ``without``: share of the snippets that must / must not be in the text and
are / are not (compared as words). Speed is pages per second of processor time in one process,
median of several samples, engines in turn: on pages that the process has not seen, and on the same
again, as engines remember names of elements or words from page to page. (``auto`` comes last, and
has no first look: ``blocks`` in it remembers.)
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from webfilter.extract.blocks.engine import Blocks
from webfilter.extract.blocks.model import Model
from webfilter.extract.engine import ENGINES, Extracted, Options, Unfit, engine, versions
from webfilter.extract.page import AUTO, UNSURE

WORD = re.compile(r"\w+")
Run = Callable[[dict[str, Any]], Extracted]


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Compare extraction engines.")
    parser.add_argument("data", type=Path, help="WCXB pages, .jsonl or .jsonl.xz")
    parser.add_argument("--folds", type=Path, help="models by fold, of classifiers/extraction")
    parser.add_argument("--engines", nargs="+", default=[AUTO, *ENGINES])
    parser.add_argument("--every", type=int, default=1, help="take every n-th page only")
    parser.add_argument("--timed", type=int, default=150, help="pages of each sample for speed")
    parser.add_argument("--runs", type=int, default=5, help="samples for speed")
    parser.add_argument("--markdown", action="store_true", help="also F1 of the Markdown")
    args = parser.parse_args()
    pages = list(read(args.data))[:: args.every]
    runs = {name: runner(name, args.folds, Options()) for name in args.engines}
    if args.markdown:
        runs |= {
            f"{name}, Markdown": runner(name, args.folds, Options(markdown=True))
            for name in args.engines
        }
    for name in args.engines:
        if name != AUTO:
            print(f"{name}: {dict(versions(name))}")
    print()
    speed(pages, runs, args.timed, args.runs)  # first, as pages count that were not seen before
    print()
    quality(pages, runs)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the pages."""
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def runner(name: str, folds: Path | None, options: Options) -> Run:
    """Return what extracts a page; failures give no text."""
    if name == AUTO:
        chosen = {one: runner(one, folds, options) for one in ("blocks", "trafilatura")}
        reserve = runner("resiliparse", None, options)

        def choose(page: dict[str, Any]) -> Extracted:
            """As `Extract` does it, with the model that did not see the site."""
            found = chosen["blocks"](page)
            if not found.text:
                return reserve(page)
            if found.confidence is not None and found.confidence < UNSURE:
                other = chosen["trafilatura"](page)
                return other if other.text else found
            return found

        return choose
    if name == "blocks" and folds is not None:
        of = json.loads((folds / "folds.json").read_text(encoding="utf-8"))
        made = {
            fold: Blocks(options, Model.load((folds / f"{fold}.npz").read_bytes()))
            for fold in set(of.values())
        }
        any_one = min(made)

        def extract(page: dict[str, Any]) -> Extracted:
            # pages without blocks are in no fold: there is nothing to judge
            return made[of.get(page["id"], any_one)].extract(page["html"], page["url"])
    else:

        def extract(page: dict[str, Any]) -> Extracted:
            return engine(name, options).extract(page["html"], page["url"])

    def run(page: dict[str, Any]) -> Extracted:
        try:
            return extract(page)
        except Unfit:
            return Extracted("")

    return run


def quality(pages: list[dict[str, Any]], runs: dict[str, Run]) -> None:
    """Print F1 by page type, and snippets."""
    kinds = [kind for kind, _ in Counter(page["page_type"] for page in pages).most_common()]
    print(
        f"{len(pages)} pages; "
        + ", ".join(f"{kind} {sum(p['page_type'] == kind for p in pages)}" for kind in kinds)
    )
    print()
    columns = ["F1", "precision", "recall", *kinds, "with", "without"]
    print("| engine | " + " | ".join(columns) + " |\n|" + " --- |" * (len(columns) + 1))
    told = []
    for name, run in runs.items():
        scores = defaultdict(list)
        for page in pages:
            found = run(page)
            precision, recall, f1 = word_scores(found.text, page["gold_text"])
            scores["F1"].append(f1)
            scores["precision"].append(precision)
            scores["recall"].append(recall)
            scores[page["page_type"]].append(f1)
            text = plain(found.text)
            scores["with"] += [plain(snippet) in text for snippet in page["with"]]
            scores["without"] += [plain(snippet) not in text for snippet in page["without"]]
            if found.confidence is not None:
                told.append((name, found.confidence, f1))
        means = [f"{statistics.mean(scores[column]):.3f}" for column in columns]
        print(f"| {name} | " + " | ".join(means) + " |", flush=True)
    if told:
        print("\nConfidence and F1 (mean), by tenths of the pages:\n")
        print("| engine | " + " | ".join(f"{n}" for n in range(1, 11)) + " |\n|" + " --- |" * 11)
        for name in dict.fromkeys(name for name, _, _ in told):
            mine = sorted((c, f) for n, c, f in told if n == name)
            parts = [mine[len(mine) * n // 10 : len(mine) * (n + 1) // 10] for n in range(10)]
            cells = [
                " ".join(f"{statistics.mean(column):.2f}" for column in zip(*part, strict=True))
                for part in parts
            ]
            print(f"| {name} | " + " | ".join(cells) + " |")


def word_scores(text: str, gold: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the bags of words."""
    said, wanted = WORD.findall(text.lower()), WORD.findall(gold.lower())
    if not said or not wanted:
        same = float(not said and not wanted)
        return same, same, same
    common = sum((Counter(said) & Counter(wanted)).values())
    return common / len(said), common / len(wanted), 2 * common / (len(said) + len(wanted))


def plain(text: str) -> str:
    """Return the words of `text` between single spaces, with one at each end."""
    return f" {' '.join(WORD.findall(text.lower()))} "


def speed(pages: list[dict[str, Any]], runs: dict[str, Run], size: int, times: int) -> None:
    """Print pages per second on samples of pages, each seen for the first and the second time."""
    mixed = random.Random(0).sample(pages, len(pages))
    for page in mixed[:20]:
        for run in runs.values():
            run(page)
    size = min(size, max(1, (len(mixed) - 20) // times))
    seconds: dict[tuple[str, int], list[float]] = defaultdict(list)
    for k in range(times):
        sample = mixed[20 + k * size : 20 + (k + 1) * size]
        for name in sorted(runs, key=lambda name: name.startswith(AUTO)):
            run = runs[name]
            for look in range(2):
                start = time.process_time()
                for page in sample:
                    run(page)
                seconds[name, look].append(time.process_time() - start)
    print(f"{times} samples of {size} pages; medians of pages per second, and of the ratio\n")
    print("| engine | first look | of trafilatura | again | of trafilatura |")
    print("| --- | --- | --- | --- | --- |")
    for name in runs:
        cells = []
        for look in range(2):
            mine = seconds[name, look]
            base = seconds.get(("trafilatura", look), [])
            cells.append(f"{size / statistics.median(mine):.1f}")
            ratios = [b / m for b, m in zip(base, mine, strict=True)] if base else []
            cells.append(f"{statistics.median(ratios):.2f}" if ratios else "")
        if name.startswith(AUTO):
            cells[:2] = "", ""
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
