"""How much shorter a text would be without its repetitions: as NeMo Curator counts them.

Lines are those that are not blank, paragraphs stand between two newlines; neither is stripped. Runs
of words are parted by white space, and of each kind of run

- the most common one is removed wherever it stands in the text with one space between its words, in
  the middle of other words, too, and not where a line ends within it;
- the later copies are removed word by word, each word once, with the spaces between them.

Shares are of all characters of the text, and all of it where it has fewer words than the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from webfilter.heuristics.copies import Copies
from webfilter.heuristics.ngrams import TokenRuns, most_common
from webfilter.text import Tokens

__all__ = ["later_copies", "most_common_removed", "written_parts"]


def written_parts(text: str) -> dict[str, list[str]]:
    """Return the lines that are not blank and all paragraphs of `text`."""
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    return {"paragraph": text.split("\n\n"), "line": lines}


def most_common_removed(
    runs: TokenRuns, n: int, texts: Sequence[str], tokens: Sequence[Tokens]
) -> Iterator[float]:
    """Yield for each text the share of it that goes with its most common n-gram.

    The first of those equally common is taken.

    Args:
        runs: the tokens of all texts.
        n: words an n-gram.
        texts: the texts.
        tokens: the tokens of each.
    """
    firsts = (most_common(runs, n)[0] - runs.bounds[:-1]).tolist()
    for text, each, first in zip(texts, tokens, firsts, strict=True):
        if len(each) < n:
            yield 1.0
            continue
        spans = slice(first, first + n)
        starts, ends, codes = each.starts[spans].tolist(), each.ends[spans].tolist(), each.codes
        words = (codes[start:end].tolist() for start, end in zip(starts, ends, strict=True))
        gram = " ".join("".join(map(chr, word)) for word in words)
        yield len(gram) * text.count(gram) / len(text)


def later_copies(runs: TokenRuns, n: int, texts: Sequence[str]) -> list[float]:
    """Return for each text the share of it in n-grams that occurred before.

    Each word counts once, and so does a space between two of them; there is none between two copies
    that follow each other and share no word.
    """
    places, hashes = runs.recurring_ngrams(n)
    later = np.ones(len(places), dtype=np.bool_)
    later[np.unique(hashes, return_index=True)[1]] = False
    again = Copies(runs, n, places[later], np.ones(int(later.sum()), dtype=np.intp))
    apart = np.ones(len(again.places), dtype=np.bool_)
    apart[1:] = again.places[1:] - again.places[:-1] >= n
    pieces = np.bincount(again.documents[apart], minlength=len(runs.bounds) - 1).tolist()
    sizes = np.diff(runs.bounds).tolist()
    found = zip(texts, again.covered(spaces=1), pieces, sizes, strict=True)
    return [1.0 if size < n else (part - cut) / len(text) for text, part, cut, size in found]
