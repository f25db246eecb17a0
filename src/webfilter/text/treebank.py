"""Words by NLTK's ``word_tokenize``: Penn Treebank tokens within punkt's sentences.

It needs the extra ``nltk`` and, on this machine already, NLTK's English punkt model: nothing is
downloaded. NLTK writes a straight double quote as two back quotes or two apostrophes, by where it
stands, and counts them as such. So the tokens are of a text that is rewritten in the same way: its
lengths, hashes and n-grams are exactly those of NLTK's tokens.

The tokens are those of the installed NLTK, and its rules move: NLTK 3.10 parts final periods before
curly quotes, dashes and opening apostrophes that 3.9.1 leaves, in 92 of 200 web documents. For what
datatrove had in 2024 install ``nltk==3.9.1``. The version is an artifact of the stage.

Time is NLTK's: some fifty to hundred times that of the other words, and on hostile texts not
linear; since 3.10 NLTK gives up on a text after five seconds, so its document fails.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from webfilter.errors import ConfigError, MissingExtra
from webfilter.text.spans import Places

__all__ = ["nltk_sentences", "nltk_spans", "nltk_tokenizer", "nltk_version"]

_MODEL = "tokenizers/punkt_tab/english/"
_REWRITTEN = ('"', "''")


@cache
def nltk_tokenizer(what: str = "words = 'nltk'") -> Callable[[str], list[str]]:
    """Return ``word_tokenize``, ready to use.

    Args:
        what: names in errors what needs it.

    Raises:
        MissingExtra: NLTK is not installed, or is older than 3.9 (whose models are pickles).
        ConfigError: NLTK's English punkt model is not on this machine.
    """
    try:
        tokenize: Any = importlib.import_module("nltk.tokenize")
        _ = tokenize.punkt.PunktTokenizer
    except (ImportError, AttributeError):
        raise MissingExtra(what, "nltk") from None
    try:
        importlib.import_module("nltk.data").find(_MODEL)
    except LookupError:
        raise ConfigError(
            f"{what} needs NLTK's English punkt model, which is not on this machine; get it "
            "once with: python -m nltk.downloader punkt_tab (into a folder of your own with "
            "-d FOLDER and the environment variable NLTK_DATA=FOLDER)"
        ) from None
    found: Callable[[str], list[str]] = tokenize.word_tokenize
    return found


def nltk_sentences(text: str) -> int:
    """Return the number of punkt's sentences in the lines of `text`."""
    nltk_tokenizer()
    split: Any = importlib.import_module("nltk.tokenize").sent_tokenize
    return sum(len(split(line)) for line in text.split("\n"))


def nltk_version() -> str:
    """Return the version of the installed NLTK: its rules change with it."""
    nltk_tokenizer()
    return str(importlib.import_module("nltk").__version__)


def nltk_spans(text: str) -> tuple[str, Places, Places]:
    """Return the text with its quotes as NLTK writes them, and where tokens start and end in it."""
    written: list[str] = []
    starts: list[int] = []
    lengths: list[int] = []
    place = size = 0
    for token in nltk_tokenizer()(text):
        begin = place
        while text[begin].isspace():
            begin += 1
        own = token
        if not text.startswith(token, begin):
            own = next((quote for quote in _REWRITTEN if text.startswith(quote, begin)), "")
            if not own or token not in ("``", "''"):
                raise ValueError(f"NLTK's token {token!r} is not in the text at {begin}")
        written += (text[place:begin], token)
        starts.append(size + begin - place)
        lengths.append(len(token))
        size = starts[-1] + len(token)
        place = begin + len(own)
    written.append(text[place:])
    found = np.array(starts, dtype=np.intp)
    return "".join(written), found, found + np.array(lengths, dtype=np.intp)
