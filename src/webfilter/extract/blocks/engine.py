"""The engine `Blocks`: reads, judges, writes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from webfilter import packaged
from webfilter.errors import ConfigError
from webfilter.extract import jsonld
from webfilter.extract.blocks.model import LEAST, Floats, Model, Seen, choose, see
from webfilter.extract.blocks.tree import Tree, ints
from webfilter.extract.dom import HEADINGS, Dom, read, uncollected
from webfilter.extract.engine import Extracted, Options, Unfit
from webfilter.extract.render import render
from webfilter.tex import is_formula

__all__ = ["Blocks"]

_FOLDER = Path(__file__).parents[1] / "models"
_FIX = "reinstall webfilter, or train it again with classifiers/extraction/train.py"
_SURE = 0.7
_MOST_BLOCKS = 50_000
_WHOLES = (("table",), ("ul", "ol", "dl"))
_PART_CHARACTERS = 200
_LISTED = frozenset(("td", "th", "li", "dt", "dd"))
_LEAST_ALIKE = 3
_NO_DIGITS = dict.fromkeys(b"0123456789")
_LEAST_CARRIED, _MUCH_MORE = 300, 4
_LEAST_COPIED = 100
_MAY_BE_ALIKE = ("li", "dt", "dd", *HEADINGS)


@cache
def _packaged() -> Model:
    try:
        return Model.load(packaged.data(_FOLDER, "blocks", _FIX))
    except (ValueError, KeyError, OSError) as error:
        raise ConfigError(f"model 'blocks': its file cannot be used: {error}; {_FIX}") from error


class Blocks:
    """Main content by a small network over the blocks of a page.

    With ``precision`` it keeps only what it is sure of (.7).

    Args:
        options: what is asked for.
        model: another model than the packaged one.
    """

    packages: ClassVar[tuple[str, ...]] = ("webfilter", "selectolax")

    def __init__(self, options: Options, model: Model | None = None) -> None:
        self._options = options
        self._model = _packaged() if model is None else model

    @staticmethod
    def models() -> dict[str, str]:
        """Return the checksum of the packaged model."""
        return {"blocks.npz": str(packaged.entry(_FOLDER, "blocks", _FIX)["sha256"])}

    def extract(self, html: str, url: str | None) -> Extracted:
        """Return the text of the main content; see `Engine`."""
        with uncollected():
            return self._extract(html, url)

    def _extract(self, html: str, url: str | None) -> Extracted:
        asked = self._options
        dom = read(html, links=asked.links)
        if not dom.blocks:
            return self._carried(html, url, Extracted("", 0.0))
        if len(dom.blocks) > _MOST_BLOCKS:
            raise Unfit(f"{len(dom.blocks)} blocks > {_MOST_BLOCKS}")
        seen = see(html, dom, url)
        chances = _whole(dom, self._model.probabilities(seen), seen)
        least = _SURE if asked.precision else LEAST
        kept = _once(dom, choose(chances, seen.page.size + 1, least))
        text = render(dom, kept, asked.markdown, asked.links, url) if kept else ""
        sure = self._model.confidence(chances, seen.page.size, kept)
        return self._carried(html, url, Extracted(text, sure))

    def _carried(self, html: str, url: str | None, found: Extracted) -> Extracted:
        """Return `found`, unless the page carries far more text for search engines only.

        That text was not chosen, so there is no confidence in the choice.
        """
        if jsonld.KIND not in html:
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
        return Extracted(("\n\n" if asked.markdown else "\n").join(parts))


def _whole(dom: Dom, chances: Floats, seen: Seen) -> Floats:
    """Return `chances` with one value for all of a table or list of short parts: no half is kept.

    So for what looks like a list (see `_alike`). In lists of longer parts, a term is as likely as
    what explains it, at least; so is a formula as what stands beside it. A heading is judged by
    itself and by what stands under it, half and half.

    A definition without its term, a question without one of its answers are worse than neither,
    which a bag of words does not say (benchmarks/lists_kept.py): its F1 is the same, .884 in five
    folds. With one value for lists of longer parts it falls. Of 15,934 headings that the gold texts
    of WCXB have above text that is kept, 398 were left out without this, and 139 are; of those that
    they have not, 105 fewer stay.
    """
    long = ints([*map(len, seen.texts)]) > _PART_CHARACTERS
    size = seen.page.size + 1
    for within in (*(_around(dom, *names) for names in _WHOLES), _alike(seen.page.tree)):
        wholes, part_of = np.unique(within, return_inverse=True)
        mean = np.bincount(part_of, chances * size) / np.bincount(part_of, size)
        judged = ((wholes >= 0) & (np.bincount(part_of, long) == 0))[part_of]
        chances[judged] = mean[part_of][judged]
    for term in reversed(dom.holders["dt"]):  # so that the last of several is the first
        first, after = dom.first[term], dom.last[term]
        if after < dom.last[dom.parents[term]]:
            chances[first:after] = np.maximum(chances[first:after], chances[after])
    for i, text in enumerate(seen.texts):
        if is_formula(text):
            chances[i] = chances[max(0, i - 1) : i + 2].max()
    headings = sorted(at for name in HEADINGS for at in dom.holders[name])
    for first, after in reversed([(dom.first[at], dom.last[at]) for at in headings]):
        if after < len(chances):
            chances[first:after] = (chances[first:after] + chances[after]) / 2
    return chances


def _alike(tree: Tree) -> NDArray[np.intp]:
    """Return for each block a number that it shares with those that stand as it does, or -1.

    At least three share one: in one element, with the same three elements around each, by tags and
    names but for digits. Parts of lists and tables have none.
    """
    kinds: dict[tuple[str, str], int] = {}
    tags, names = zip(*tree.looks, strict=True)
    named = "\0".join(names).translate(_NO_DIGITS).split("\0")
    kind = ints([kinds.setdefault(look, len(kinds)) for look in zip(tags, named, strict=True)])
    listed = np.array([tag in _LISTED for tag in tags])
    key = tree.chain[:, 3]
    for level in range(3):
        key = key * len(kinds) + kind[tree.look[tree.chain[:, level]]]
    _, found, count = np.unique(key, return_inverse=True, return_counts=True)
    found[(count[found] < _LEAST_ALIKE) | listed[tree.look[tree.chain[:, 0]]]] = -1
    return found


def _around(dom: Dom, *names: str) -> NDArray[np.intp]:
    """Return for each block the innermost element around it that has one of `names`, or -1.

    The names are of those that `Dom.holders` has.
    """
    found = np.full(len(dom.blocks), -1)
    for at in sorted(at for name in names for at in dom.holders[name]):  # the inner ones later
        found[dom.first[at] : dom.last[at]] = at
    return found


def _once(dom: Dom, kept: list[int]) -> list[int]:
    """Return `kept` without copies: pages hold a text twice, for narrow and for wide screens.

    A paragraph of 15 characters or three words that stood before is a copy. Items of lists and
    headings, which may be alike, are only in a run of blocks of which each, and each two in a row,
    stood before, and which has 100 characters (what repeats in itself counts once); a heading is
    one right behind itself, too. Nothing in a table or ``pre`` is a copy. On WCXB that has a word
    F1 of .885, as has leaving out every line that stood before, or only long runs; no look for
    copies .879. Lines that stand twice are then more than FineWeb allows on 21 % of the pages, 13 %
    and 27 %; in the gold texts on 22 %.
    """
    apart = _around(dom, "table", "pre").tolist()
    listed = _around(dom, *_MAY_BE_ALIKE).tolist()
    keys = {i: dom.blocks[i].text.lower().replace("\n", " ") for i in kept if apart[i] < 0}
    seen: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    runs: list[list[int]] = [[]]
    copies: set[int] = set()
    before = ""
    for i in kept:
        key = keys.get(i, "")
        if (before, key) not in pairs:
            runs.append([])
        if key in seen:
            runs[-1].append(i)
            if listed[i] < 0:
                again = len(key) >= 15 or len(key.split()) >= 3
            else:
                again = key == before and dom.tags[listed[i]] in HEADINGS
            if again:
                copies.add(i)
        if key:
            pairs.add((before, key))
            seen.add(key)
        before = key
    for run in runs:
        if sum(map(len, {keys[i] for i in run})) >= _LEAST_COPIED:
            copies.update(run)
    return [i for i in kept if i not in copies]
