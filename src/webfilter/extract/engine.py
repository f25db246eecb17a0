"""What an engine is: HTML to text by one method, and which ones there are.

An engine gets decoded HTML and gives the text of the main content, paragraphs separated by
newlines, or raises `Unfit` before it starts on a page that it cannot do in reasonable time or
would silently lose text of. It keeps no state between pages.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Protocol

from webfilter.errors import UnknownName

__all__ = ["ENGINES", "Engine", "Unfit", "engine"]


class Unfit(Exception):
    """The page is of a shape that the engine should not be given; the message says which."""


class Engine(Protocol):
    """HTML to text."""

    def extract(self, html: str, url: str | None) -> str:
        """Return the text of the main content; empty if there is none.

        Raises:
            Unfit: the page is of a shape that this engine should not be given.
        """


ENGINES: dict[str, str] = {
    "trafilatura": "webfilter.extract.trafilatura:Trafilatura",
    "resiliparse": "webfilter.extract.resiliparse:Resiliparse",
}
"""Engines by name; each class takes ``precision``. Imported when first used."""


@cache
def engine(name: str, precision: bool) -> Engine:
    """Return the engine called `name`, one a process.

    Raises:
        UnknownName: there is none of that name.
    """
    if name not in ENGINES:
        raise UnknownName("extraction engine", name, ENGINES)
    module, _, attribute = ENGINES[name].partition(":")
    made: Engine = getattr(importlib.import_module(module), attribute)(precision)
    return made
