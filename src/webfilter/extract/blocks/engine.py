"""The engine `Blocks`: reads, judges, writes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from webfilter import packaged
from webfilter.errors import ConfigError
from webfilter.extract import jsonld
from webfilter.extract.blocks.model import Model, see
from webfilter.extract.dom import Dom, read
from webfilter.extract.engine import Extracted, Options, Unfit
from webfilter.extract.render import render

__all__ = ["Blocks"]

_FOLDER = Path(__file__).parents[1] / "models"
_FIX = "reinstall webfilter, or train it again with classifiers/extraction/train.py"
_WORD = re.compile(r"\w+")
_KEPT, _SURE = 0.5, 0.7
_MOST_BLOCKS = 50_000
_LEAST_CARRIED, _MUCH_MORE = 300, 4


@cache
def _packaged() -> Model:
    try:
        return Model.load(packaged.data(_FOLDER, "blocks", _FIX))
    except (ValueError, KeyError, OSError) as error:
        raise ConfigError(f"model 'blocks': its file cannot be used: {error}; {_FIX}") from error


class Blocks:
    """Main content by a small network over the blocks of a page.

    With ``precision`` it keeps what it is sure of (.7 instead of .5).

    Args:
        options: what is asked for.
        model: another model than the packaged one.
    """

    packages: ClassVar[tuple[str, ...]] = ("webfilter", "selectolax")

    def __init__(self, options: Options, model: Model | None = None) -> None:
        self._options = options
        self._model = _packaged() if model is None else model

    def extract(self, html: str, url: str | None) -> Extracted:
        """Return the text of the main content; see `Engine`."""
        asked = self._options
        dom = read(html, links=asked.links)
        if not dom.blocks:
            return self._carried(html, url, Extracted("", 0.0))
        if len(dom.blocks) > _MOST_BLOCKS:
            raise Unfit(f"{len(dom.blocks)} blocks > {_MOST_BLOCKS}")
        seen = see(html, dom, url)
        chances = self._model.probabilities(seen)
        kept = _once(dom, np.flatnonzero(chances > (_SURE if asked.precision else _KEPT)).tolist())
        if not kept:
            return self._carried(html, url, Extracted("", 0.0))
        text = render(dom, kept, asked.markdown, asked.links, url)
        sure = self._model.confidence(chances, seen.page.size, kept)
        return self._carried(html, url, Extracted(text, sure))

    def _carried(self, html: str, url: str | None, found: Extracted) -> Extracted:
        """Return `found`, unless the page carries far more text for search engines only."""
        if "application/ld+json" not in html:
            return found
        texts = jsonld.texts(html)
        if sum(map(len, texts)) < max(_LEAST_CARRIED, _MUCH_MORE * len(found.text)):
            return found
        asked = self._options
        parts = []
        for text in texts:
            dom = read(text, links=asked.links)
            every = range(len(dom.blocks))
            parts.append(render(dom, every, asked.markdown, asked.links, url))
        return Extracted(("\n\n" if asked.markdown else "\n").join(parts), found.confidence)


def _once(dom: Dom, kept: list[int]) -> list[int]:
    """Return `kept` without copies: pages hold a text twice, for narrow and for wide screens."""
    seen: set[str] = set()
    found = []
    for i in kept:
        text = dom.blocks[i].text
        words = _WORD.findall(text)
        if len(words) >= 3 or len(text) >= 15:
            key = " ".join(words).lower()
            if key in seen:
                continue
            seen.add(key)
        found.append(i)
    return found
