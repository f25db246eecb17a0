"""Fit the weights of `webfilter.text.code_lines`.

    python classifiers/lines/train_code.py PAGES.jsonl.xz pages-*.warc.gz --lines LABELS.jsonl.xz

What is code is known from HTML: pages are extracted as Markdown, what stands in a fence is code,
and then the fences are taken away. Pages without code, and the tuning half of the lines with human
labels (`benchmarks/lines.py`), are examples of what is none. A logistic regression of the line on
its marks and those around it gives the score; a second one, on the score and the logarithm of how
many lines of the text score above 1, the decision. The weights are rounded to .1. Printed are the
weights, and how well they do in five folds by site: in each, the fit knows nothing of its sites.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

import webfilter as wf
from webfilter.text.code_lines import CLEAR, MARKS, Weights, is_code, marks, near

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from lines import is_tuning, read
from repeated_lines import as_fetched

FOLDS = 5
_FENCE = re.compile(r"\s*`{3,}")
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Text:
    """The lines of a text that are not blank."""

    site: str
    kind: str
    """``code``, ``page`` (without code) or ``lines`` (those with human labels)."""
    marks: Floats
    """Shape (lines, marks)."""
    code: Bools


def text_of(site: str, kind: str, lines: Sequence[str], code: Sequence[bool]) -> Text:
    """Measure one text."""
    kept = [place for place, line in enumerate(lines) if line.strip()]
    found = marks([lines[place].strip() for place in kept])
    return Text(site, kind, found, np.array([code[place] for place in kept]))


def unfenced(markdown: str) -> tuple[list[str], list[bool]]:
    """Return the lines of a Markdown text without fences, and which of them stood in one.

    >>> unfenced("# To fly\\n\\n```\\nfly()\\n```")
    (['To fly', '', 'fly()'], [False, False, True])
    """
    lines: list[str] = []
    code: list[bool] = []
    opened = ""
    for line in markdown.splitlines():
        fence = _FENCE.match(line)
        if fence and (not opened or line.strip() == opened):
            opened = "" if opened else fence[0].strip()
        else:
            lines.append(line if opened else re.sub(r"^#+ ", "", line))
            code.append(bool(opened))
    return lines, code


def fit(texts: Sequence[Text]) -> Weights:
    """Return the weights, rounded."""
    y = np.concatenate([t.code for t in texts])
    around = [np.hstack([t.marks, near(t.marks)]) for t in texts]
    first = LogisticRegression(max_iter=1000).fit(np.vstack(around), y)
    weights, bias = first.coef_[0].round(1), round(float(first.intercept_[0]), 1)
    scores = [x @ weights + bias for x in around]
    many = [np.full(len(s), np.log1p((s > CLEAR).sum())) for s in scores]
    second = LogisticRegression(max_iter=1000).fit(
        np.stack([np.concatenate(scores), np.concatenate(many)], axis=1), y
    )
    score, more = second.coef_[0].round(2).tolist()
    least = round(float(-second.intercept_[0]), 2)
    return Weights(*np.split(weights, 2), bias, score, more, least)


def main() -> None:
    """Print the weights and the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("wcxb", type=Path)
    parser.add_argument("crawl", nargs="*")
    parser.add_argument("--lines", type=Path, required=True)
    args = parser.parse_args()
    texts: list[Text] = []
    extract = wf.Extract(markdown=True, engine="blocks", fallback=None)
    for doc in extract.kept(as_fetched(args.crawl, args.wcxb)):
        lines, code = unfenced(doc.text)
        if any(map(str.strip, lines)):
            site = urlsplit(doc.url or "").hostname or doc.id
            texts.append(text_of(site, "code" if any(code) else "page", lines, code))
    labeled = (each for each in read(args.lines) if is_tuning(each.id))
    texts += [text_of(d.id, "lines", d.lines, [False] * len(d.lines)) for d in labeled]
    print({kind: sum(t.kind == kind for t in texts) for kind in ("code", "page", "lines")})
    hits: dict[tuple[str, bool], list[int]] = {}
    for fold in range(FOLDS):
        rest = [t for t in texts if crc32(t.site.encode()) % FOLDS != fold]
        weights = fit(rest)
        for t in texts:
            if crc32(t.site.encode()) % FOLDS == fold:
                said = np.array(is_code(t.marks, weights))
                for truth in (False, True):
                    count = hits.setdefault((t.kind, truth), [0, 0])
                    count[0] += int(said[t.code == truth].sum())
                    count[1] += int((t.code == truth).sum())
    for (kind, truth), (said, of) in sorted(hits.items()):
        if of:
            what = "code" if truth else "other"
            print(f"{kind}: of {of} {what} lines {said / of:.4f} are called code")
    weights = fit(texts)
    for name, own, around in zip(MARKS, weights.own, weights.around, strict=True):
        print(f"{name:10} {own:5.1f} {around:5.1f}")
    print(f"bias {weights.bias}, score {weights.score}, many {weights.many}, least {weights.least}")


if __name__ == "__main__":
    main()
