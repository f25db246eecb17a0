"""What can be seen of a run while it works: a bar on a terminal, lines in the log elsewhere.

A batch system shows no bar, and a run of hours that says nothing looks like one that hangs. So each
minute a line of level INFO goes to the logger ``webfilter``; the command line writes it to standard
error where that is no terminal.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterable, Iterator
from time import perf_counter

from webfilter.document import Document
from webfilter.read import Source
from webfilter.report.figures import duration, number, rate, share, size

__all__ = ["EVERY", "shown"]

logger = logging.getLogger("webfilter")

EVERY = 60.0
"""Seconds between two lines of the log."""


def shown(docs: Iterable[Document], source: Source, progress: bool | None) -> Iterator[Document]:
    """Yield `docs` behind a progress bar; on a terminal or in a notebook unless told otherwise.

    Args:
        docs: the documents of `source`.
        source: tells how much there is, and where it is read.
        progress: show the bar; None: where there is somebody to see it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook without widgets it takes the plain bar
        from tqdm.auto import tqdm

    disable = None if progress is None else not progress
    if sys.stderr is None:  # closed: there is nowhere to show it
        disable = True
    whole = source.size
    start = perf_counter()
    due = start + EVERY
    total, unit = (whole, "B") if whole else (source.limit, " docs")
    with tqdm(total=total, unit=unit, unit_scale=True, disable=disable) as bar:
        before = 0
        for count, doc in enumerate(docs, 1):
            if not whole:
                bar.update()
            elif (position := source.position) > before:
                bar.update(position - before)
                before = position
            if count % 64 == 0:
                bar.set_postfix_str(f"{count:,} documents", refresh=False)
            if (now := perf_counter()) >= due:
                due = now + EVERY
                logger.info(_line(count, source.position, whole, now - start))
            yield doc


def _line(count: int, position: int, whole: int | None, seconds: float) -> str:
    """Return how far the reader is after so many `seconds`.

    >>> _line(90_000, 1_000_000, 4_000_000, 60.0)
    '90,000 documents read, 25.0 % of 4.0 MB, 1,500 documents/s; 3 min 0 s more at this rate'
    >>> _line(12, 0, None, 60.0)
    '12 documents read, 0.2 documents/s'
    """
    pace = f"{rate(count, seconds)} documents/s"
    if not whole or not position:
        return f"{number(count)} documents read, {pace}"
    left = duration(seconds * max(0, whole - position) / position)
    part = f"{share(min(position, whole), whole)} of {size(whole)}"
    return f"{number(count)} documents read, {part}, {pace}; {left} more at this rate"
