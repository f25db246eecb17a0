"""The accurate engine: trafilatura, with its cascade of fallbacks and no memory between pages.

On 300 pages of the WCXB development set (word F1, mean over pages; pages a second on one core):

======================================  =====  =========  ======  =======
options                                    F1  precision  recall  pages/s
======================================  =====  =========  ======  =======
as here                                  .825       .865    .838       16
comments kept                            .825       .860    .841       16
without tables                           .819       .865    .828       15
``favor_recall``                         .798       .864    .812       25
``fast`` (no second opinions)            .782       .868    .788       22
``favor_precision``                      .768       .878    .754       16
======================================  =====  =========  ======  =======

Never ``deduplicate=True``: its store is global to the process, so the same page four times gives
its text three times at most, and what a page gives depends on the pages before it.

Its caches (of lines, stop words, dates) are emptied every 500 pages, which takes 22 ms.

Two shapes of page it is not given. lxml drops, without a word, whatever is nested deeper than 256
elements: its error log is asked. And its time grows with the square of long runs of siblings:
100,000 links take 13 to 19 s, 200,000 table cells 14 s, so beyond 100,000 tags (5 times the most
among 2,450 real pages) another engine is better.

It takes out all that does not print, and so the joiners and non-joiners that Persian, Hindi and
Sinhala spell words with, what parts words in Khmer, and what makes one picture of several. Between
such letters it is given another character instead, which becomes what it was.
"""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from typing import Any, ClassVar

import trafilatura
from lxml.etree import XPathEvalError
from trafilatura.meta import reset_caches
from trafilatura.utils import HTML_PARSER, load_html

from webfilter.extract.engine import Extracted, Options, Unfit
from webfilter.extract.inline import joined

__all__ = ["Trafilatura"]

_MOST_TAGS = 100_000
_PAGES_A_RESET = 500
_parser = threading.Lock()
_SPELLED = "[\u0590-\u1dff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]"
_JOINER = re.compile(f"(?<={_SPELLED})[\u200b-\u200d]+(?={_SPELLED})")
_ANY_JOINER = re.compile("[\u200b-\u200d]|&(?:zw|#820[345]|#x200[bcd])", re.IGNORECASE)
_STAND_INS = "\u168a\u168b\u168c"  # Ogham, which prints
_AWAY = str.maketrans("\u200b\u200c\u200d", _STAND_INS)
_BACK = str.maketrans(_STAND_INS, "\u200b\u200c\u200d")


class Trafilatura:
    """Main content by rules, compared with readability and justext where in doubt."""

    packages: ClassVar[tuple[str, ...]] = ("trafilatura", "lxml", "justext")

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pages = 0

    def extract(self, html: str, url: str | None) -> Extracted:
        """Return the text of the main content; see `Engine`."""
        tags = html.count("<")
        if tags > _MOST_TAGS:
            raise Unfit(f"{tags} tags > {_MOST_TAGS}")
        self._pages += 1
        if self._pages % _PAGES_A_RESET == 0:
            reset_caches()
        with _parser:  # its parser, and so the log of errors, is global
            tree = load_html(html)
            cut = any("depth" in error.message for error in HTML_PARSER.error_log)
        if cut:
            raise Unfit("nested more than 256 deep")
        if tree is None:
            return Extracted("")
        if self._options.markdown and self._options.links:
            _lead(tree, url or "")
        joined_up = _ANY_JOINER.search(html) and not any(letter in html for letter in _STAND_INS)
        if joined_up:
            _replace_joiners(tree)
        try:
            text = trafilatura.extract(
                tree,
                favor_precision=self._options.precision,
                output_format="markdown" if self._options.markdown else "txt",
                include_formatting=self._options.markdown,
                include_links=self._options.markdown and self._options.links,
                include_comments=False,
                include_tables=True,
                deduplicate=False,
                url=url if self._options.links else None,
            )
        except XPathEvalError as error:  # the expressions are constant: libxml2 got no memory
            raise MemoryError(f"lxml: {error}") from error
        return Extracted((text or "").translate(_BACK) if joined_up else text or "")


def _replace_joiners(tree: Any) -> None:
    """Write what stands for them instead of joiners between letters that are spelled with some."""
    for element in tree.iter():
        for part in ("text", "tail"):
            said = getattr(element, part)
            if said and not said.isascii() and _JOINER.search(said):
                new = _JOINER.sub(lambda found: found[0].translate(_AWAY), said)
                with suppress(ValueError):  # lxml reads controls, but does not set them
                    setattr(element, part, new)


def _lead(tree: Any, url: str) -> None:
    """Make the links of `tree` absolute; trafilatura takes all from the root of the site."""
    base = tree.find(".//base[@href]")
    start = url if base is None else joined(url, base.get("href")) or url
    for link in tree.iter("a"):
        with suppress(ValueError):  # lxml reads controls, but does not set them
            if found := joined(start, link.get("href") or ""):
                link.set("href", found)
