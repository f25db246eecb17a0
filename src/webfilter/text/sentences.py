"""Where sentences start, by the marks that end the one before.

As spaCy's ``sentencizer`` finds them, which datatrove uses: a token that is one of the sentence
marks of any script (., !, ?, 。 and so on) ends a sentence when a token follows on the line that is
more than punctuation. Abbreviations with their period are one token, so they end none. There is no
model and no list of words behind it: "Smith et al. left." is two sentences.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from webfilter.text.chars import BLANK, NO_PUNCTUATION, SENTENCE_END_BIT
from webfilter.text.spans import Codes, Places

__all__ = ["sentence_starts"]

_NEWLINE, _SPACE = 10, 32


def sentence_starts(
    codes: Codes,
    classes: npt.NDArray[np.uint16],
    starts: Places,
    ends: Places,
    contents: npt.NDArray[np.uint16],
) -> Places:
    """Return where sentences start, in characters, but for the first of each line.

    Args:
        codes: the text's code points.
        classes: their classes.
        starts: where tokens start.
        ends: where they end.
        contents: union of the classes in each token.
    """
    marks = (classes.take(starts) & SENTENCE_END_BIT) != 0
    marks &= ends - starts == 1
    ended = starts[marks]
    if not len(ended):
        return np.zeros(0, dtype=np.intp)
    openers = (contents & NO_PUNCTUATION) != 0
    openers &= ~marks
    opened = np.concatenate((starts[openers], _blank_tokens(codes, classes)))
    opened.sort()
    following = np.searchsorted(opened, ended)
    ended = ended[following < len(opened)]
    following = opened.take(following[following < len(opened)])
    newlines = np.flatnonzero(codes == _NEWLINE)
    following = following[np.searchsorted(newlines, ended) == np.searchsorted(newlines, following)]
    new = np.ones(len(following), dtype=np.bool_)
    np.not_equal(following[1:], following[:-1], out=new[1:])
    found: Places = following[new]
    return found


def _blank_tokens(codes: Codes, classes: npt.NDArray[np.uint16]) -> Places:
    """Return where white space is a token for spaCy: all but a single space after a token."""
    blank = (classes & BLANK) != 0
    blank &= codes != _NEWLINE
    begins = blank.copy()
    begins[1:] &= ~blank[:-1]
    places = np.flatnonzero(begins)
    last = len(codes) - 1
    alone = ~blank.take(np.minimum(places + 1, last)) | (places == last)
    before = codes.take(np.maximum(places - 1, 0))
    after_ink = (before != _NEWLINE) & (places > 0)
    found: Places = places[~((codes.take(places) == _SPACE) & after_ink & alone)]
    return found
