"""How many sentences a text has, by the marks that end them.

As spaCy's ``sentencizer`` counts, which datatrove uses: a token that is one of the sentence marks of
any script (., !, ?, 。, ...) ends a sentence when a token follows on the line that is more than
punctuation. Abbreviations with their period are one token, so they end none. There is no model and
no list of words behind it; "J. Smith" is one sentence only because "J." is one token.
"""

from __future__ import annotations

import numpy as np

from webfilter.text.chars import BLANK, NO_PUNCTUATION, SENTENCE_END_BIT
from webfilter.text.tokens import Tokens

__all__ = ["count_sentences"]


def count_sentences(tokens: Tokens) -> int:
    """Return the sentences of the text of `tokens`: at least one a line, blank or not.

    >>> from webfilter.text import tokenize
    >>> count_sentences(tokenize("Dr. Smith left. She was late!"))
    2
    >>> count_sentences(tokenize("A heading without a period\\nand a line"))
    2
    """
    newlines = np.flatnonzero(tokens.codes == 10)
    lines = len(newlines) + 1
    first = tokens.classes[tokens.starts]
    marks = (first & np.uint16(SENTENCE_END_BIT)) != 0
    marks &= tokens.lengths == 1
    ends = tokens.starts[marks]
    if not len(ends):
        return lines
    openers = (tokens.contents & np.uint16(NO_PUNCTUATION)) != 0
    openers &= ~marks
    starts = np.append(tokens.starts[openers], _blank_tokens(tokens))
    starts.sort()
    following = np.searchsorted(starts, ends)
    ends, following = ends[following < len(starts)], following[following < len(starts)]
    here = np.searchsorted(newlines, ends)
    there = np.searchsorted(newlines, starts[following])
    return lines + len(np.unique(following[here == there]))


def _blank_tokens(tokens: Tokens) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return where white space is a token for spaCy: all but a single space after a token."""
    newline = tokens.codes == 10
    blank = ((tokens.classes & np.uint16(BLANK)) != 0) & ~newline
    size = len(blank)
    begins = blank.copy()
    begins[1:] &= ~blank[:-1]
    after_ink = np.zeros(size, dtype=np.bool_)
    after_ink[1:] = ~newline[:-1]
    alone = np.ones(size, dtype=np.bool_)
    alone[:-1] = ~blank[1:]
    return np.flatnonzero(begins & ~((tokens.codes == 32) & after_ink & alone))
