"""What an engine is: HTML to text by one method, and which ones there are.

An engine gets decoded HTML and gives the text of the main content, paragraphs separated by
newlines, or raises `Unfit` before it starts on a page that it cannot do in reasonable time or
would silently lose text of. It keeps no state between pages.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple, Protocol

from webfilter.errors import UnknownName

__all__ = ["ENGINES", "Engine", "Extracted", "Options", "Unfit", "engine", "versions"]


class Unfit(Exception):
    """The page is of a shape that the engine should not be given; the message says which."""


@dataclass(frozen=True)
class Options:
    """What is asked of an engine; one that cannot do a thing says so in its docstring."""

    precision: bool = False
    """Leave out what is doubtful: less boilerplate, less text."""
    markdown: bool = False
    """Write Markdown (headings, lists, tables, code) instead of plain text."""
    links: bool = False
    """Keep the targets of links; in Markdown only."""


class Extracted(NamedTuple):
    """What an engine makes of a page."""

    text: str
    """The main content; empty if there is none."""
    confidence: float | None = None
    """Expected word F1 of the text, 0 to 1; None: the engine does not know."""


class Engine(Protocol):
    """HTML to text."""

    def extract(self, html: str, url: str | None) -> Extracted:
        """Return the main content.

        Raises:
            Unfit: the page is of a shape that this engine should not be given.
        """


ENGINES: dict[str, str] = {
    "blocks": "webfilter.extract.blocks.engine:Blocks",
    "trafilatura": "webfilter.extract.trafilatura:Trafilatura",
    "resiliparse": "webfilter.extract.resiliparse:Resiliparse",
    "justext": "webfilter.extract.justext:Justext",
    "plain": "webfilter.extract.plain:Plain",
}
"""Engines by name; each class takes `Options`. Imported when first used."""


@cache
def engine(name: str, options: Options = Options()) -> Engine:
    """Return the engine called `name`, one a process.

    Raises:
        UnknownName: there is none of that name.
    """
    made: Engine = _class(name)(options)
    return made


@cache
def versions(name: str) -> Mapping[str, str]:
    """Return the versions of what the engine called `name` depends on, its own first.

    Remembered, as reading them takes a millisecond and every page tells them.
    """
    made = _class(name)
    found = {package: version(package) for package in made.packages}
    return found | made.models() if hasattr(made, "models") else found


@cache
def _class(name: str) -> Any:
    if name not in ENGINES:
        raise UnknownName("extraction engine", name, ENGINES)
    module, _, attribute = ENGINES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
