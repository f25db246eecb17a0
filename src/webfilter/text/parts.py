"""Tokens of a text that is made of lines of another, without cutting it again.

White space parts tokens, so those of a line are the same wherever it stands. A filter that keeps
some lines of a page (`webfilter.heuristics.c4`, `webfilter.heuristics.lines`) hands the tokens of
what it kept on to the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webfilter.text.tokens import Tokens, Words, recall, remember

__all__ = ["LOCAL", "keep_parts"]

LOCAL: tuple[Words, ...] = ("english", "spaced", "hyphenated", "elided", "whitespace")
"""Words of which it is known that a line has the same wherever it stands."""


def keep_parts(
    text: str, kept: str, parts: Sequence[tuple[int, int]], words: Words = "english"
) -> None:
    """Remember the tokens of `kept`, if those of `text` are remembered; else do nothing.

    It only saves time: `tokenize_all` finds the same tokens for `kept` by itself.

    Args:
        text: the text that `kept` was taken from.
        kept: ``"\\n".join(text[start:end] for start, end in parts)``.
        parts: in order, without overlap, each with white space or an end of `text` at either side
            and neither beginning nor ending with white space.
        words: what a token is; kinds whose tokens look beyond white space are left alone.

    >>> from webfilter.text import tokenize
    >>> tokens = tokenize("Home\\nLeaves make sugar.\\nLog in")
    >>> keep_parts("Home\\nLeaves make sugar.\\nLog in", "Leaves make sugar.", [(5, 23)])
    >>> tokenize("Leaves make sugar.").starts.tolist()
    [0, 7, 12, 17]
    """
    whole = recall(text, words) if words in LOCAL and kept != text else None
    if whole is None or not parts:
        return
    begins, ends = np.array(parts, dtype=np.intp).T
    first, last = np.searchsorted(whole.starts, begins), np.searchsorted(whole.starts, ends)
    counts = last - first
    before = np.cumsum(counts) - counts
    taken = np.arange(int(counts.sum()), dtype=np.intp) + (first - before).repeat(counts)
    places = np.cumsum(ends - begins + 1) - (ends - begins + 1)
    moved = (begins - places).repeat(counts)
    starts, stops = whole.starts.take(taken) - moved, whole.ends.take(taken) - moved
    remember(kept, words, Tokens.cut(kept, starts, stops, words))
