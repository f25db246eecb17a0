"""What lines of one or two words are worth, which C4's rules take out of every page.

    python benchmarks/short_lines.py WCXB/pages.jsonl.xz --folds FOLDS pages-*.warc.gz

First, lines of the text that `blocks` finds on the pages of WCXB, by their words (as C4 counts
them) and by the educational score of the page: are they lines of the gold text, do they stand
within it, or not in it at all? Lines of code, which the recipe keeps anyway, are left out. Compared
are letters and digits, without the marks of lists; a line that stands within may have been a line
of its own to somebody else. ``blocks`` judges each page by the model that saw no page of its site.

Then pages of a crawl and of WCXB that the recipe `educational` keeps, by limit of the score, as it
is and with C4's three words a line: FineWeb's limits, which come after, count what lines are left.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from extraction import read as pages_of
from extraction import runner
from repeated_lines import as_fetched

import webfilter as wf
from webfilter.extract.engine import Options
from webfilter.text.code_lines import code_lines

BANDS = ((2.5, "2.5 or more"), (1.5, "1.5 to 2.5"), (0.0, "below"))
LENGTHS = ((2, "1 or 2"), (5, "3 to 5"), (10, "6 to 10"))
LIMITS = (1.0, 1.5, 2.0, 2.5)
_LISTED = re.compile(r"(?:- |\d{1,9}\. |[a-zA-Z]\. )")


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, help="WCXB pages, .jsonl or .jsonl.xz")
    parser.add_argument("crawl", nargs="*", help="WARC files")
    parser.add_argument("--folds", type=Path, help="models by fold, of classifiers/extraction")
    args = parser.parse_args()
    print(
        "| pages that score | words a line | lines | lines of the gold text | within | not in it |"
    )
    print("|" + " --- |" * 6)
    counts = counted(pages_of(args.data), args.folds)
    for _, band in BANDS:
        for _, length in LENGTHS:
            found = [counts[band, length, where] for where in ("line", "within", "no")]
            shares = " | ".join(f"{part / max(1, sum(found)):.3f}" for part in found)
            print(f"| {band} | {length} | {sum(found):,} | {shares} |")
    print("\n| educational | kept |", " | ".join(f">= {limit}" for limit in LIMITS), "|")
    print("|" + " --- |" * (2 + len(LIMITS)))
    steps = wf.recipe("educational").steps
    apart = [step.name for step in steps].index("extract") + 1
    texts = list(wf.Pipeline(tuple(steps[:apart])).kept(as_fetched(args.crawl, args.data)))
    for name, words in (("as it is", 0), ("three words a line", 3)):
        scores = [doc.signals["educational"] for doc in chain(steps[apart:], words).kept(texts)]
        found = [sum(isinstance(score, float) and score >= at for score in scores) for at in LIMITS]
        print(f"| {name} | {len(scores):,} | {' | '.join(map(str, found))} |")


def counted(pages: Iterable[dict[str, Any]], folds: Path | None) -> Counter[tuple[str, str, str]]:
    """Return how many lines there are by score of the page, length, and place in the gold text."""
    run = runner("blocks", folds, Options())
    score = wf.Educational(min_score=None)
    counts: Counter[tuple[str, str, str]] = Counter()
    for page in pages:
        text = run(page).text
        [doc] = score([wf.Document("a", text=text)])
        said = doc.signals.get("educational")
        if not isinstance(said, float):
            continue
        band = next(name for least, name in BANDS if said >= least)
        gold = {plain(line) for line in page["gold_text"].split("\n")}
        whole = plain(page["gold_text"])
        lines = text.split("\n")
        for line, is_code in zip(lines, code_lines(lines), strict=True):
            words, letters = len(line.split()), plain(line)
            length = next((name for most, name in LENGTHS if words <= most), None)
            if letters and length and not is_code:
                where = "line" if letters in gold else "within" if letters in whole else "no"
                counts[band, length, where] += 1
    return counts


def plain(line: str) -> str:
    """Return the letters and digits of a line in lower case, without its mark of a list."""
    return "".join(filter(str.isalnum, _LISTED.sub("", line.strip(), count=1).lower()))


def chain(steps: Iterable[Any], words: int) -> wf.Pipeline:
    """Return the steps with so many words a line, and without a limit on the score."""
    changed: dict[str, dict[str, Any]] = {
        "c4_quality": {"line_min_words": words},
        "educational": {"min_score": None},
    }
    return wf.Pipeline(tuple(replace(step, **changed.get(step.name, {})) for step in steps))


if __name__ == "__main__":
    main()
