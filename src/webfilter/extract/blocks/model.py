"""How much a block belongs to the main content: a small network over all blocks of a page.

Three parts, trained in this order, each on what the ones before say about pages of other domains:

1. *names and words*: a logistic regression over hashed parts of the names of the elements around
   (near: the innermost three; far: the rest) and of the first words of the block.
2. *page type*: a logistic regression over hashed hints (address, body classes, declared types) and
   the page's own numbers, to one of seven types.
3. *network*: the features of each block with the above, one hidden layer, three convolutions over
   the neighbors (1, 2 and 4 blocks away), a summary of the page by attention, and the probability.
   It is trained for word F1 itself, one page one vote. Where there are several, from other seeds,
   their mean counts; the packaged model has one.

Inference is NumPy over plain arrays. `classifiers/extraction` trains it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webfilter.blas import one_thread
from webfilter.extract.blocks.features import NAMES, Page, features, first_words
from webfilter.extract.blocks.hints import head_of, hints, title_of
from webfilter.extract.blocks.linear import Names, Words
from webfilter.extract.blocks.tree import SIGNS
from webfilter.extract.dom import Dom

__all__ = [
    "DILATIONS",
    "LAYERS",
    "OF_PAGE",
    "TYPES",
    "Model",
    "Seen",
    "choose",
    "inputs",
    "see",
    "surety",
]

Floats = NDArray[np.float32]

TYPES = ("article", "service", "listing", "forum", "product", "documentation", "collection")
"""Types of pages, as in the WCXB data set."""
_CLIP = 4.0
_FAR = slice(NAMES.index(SIGNS[0]), NAMES.index(SIGNS[-1]) + 1)
OF_PAGE = [i for i, name in enumerate(NAMES) if name.startswith("page_")]
"""Features that all blocks of a page share."""
LEAST = 0.2
"""Least probability of a block that is kept."""
_ALL_MASS = 0.8
DILATIONS = (1, 2, 4)


@dataclass(frozen=True)
class Seen:
    """A page as the model sees it."""

    page: Page
    hints: list[int]
    """Hashes of what the page says of its type."""
    texts: list[str]
    """Of each block."""
    first: list[list[str]]
    """The first words of each block."""


def see(html: str, dom: Dom, url: str | None) -> Seen:
    """Return what the model needs to know of a page that has blocks."""
    texts = [block.text for block in dom.blocks]
    first = first_words(texts)
    head = head_of(html)
    page = features(dom, title_of(head), first)
    return Seen(page, hints(html, head, dom, url), texts, first)


def inputs(numbers: Floats, *more: Floats) -> Floats:
    """Return the features with distances as nearness, and `more` (rows x blocks, or rows x 1)."""
    at = numbers.shape[1]
    out = np.empty((at + sum(map(len, more)), len(numbers)), dtype=np.float32)
    out[:at] = numbers.T
    near = out[_FAR]
    near /= -4
    np.exp(near, out=near)
    for rows in more:
        out[at : at + len(rows)] = rows
        at += len(rows)
    return out.T


def choose(chances: Floats, size: Floats, least: float = LEAST) -> list[int]:
    """Return the blocks whose text has the best F1 to be expected, ascending.

    The most probable ones, as many as maximize ``2 mass / (size + 0.8 all mass)``, where the mass
    of a block is its size times its probability. The .8 is for the networks' optimism about what
    they would leave out. None below `least` is taken.
    """
    order = np.argsort(-chances, kind="stable")
    mass = (chances * size)[order].cumsum(dtype=np.float64)
    f1 = 2 * mass / np.maximum(size[order].cumsum(dtype=np.float64) + _ALL_MASS * mass[-1], 1e-6)
    kept = order[: int(f1.argmax()) + 1]
    return np.sort(kept[chances[kept] > least]).tolist()  # type: ignore[no-any-return]


def surety(chances: Floats, size: Floats, kept: Sequence[int]) -> float:
    """Return the F1 of the blocks `kept` if the probabilities were right: 0 to 1, uncalibrated."""
    mass = chances * size
    at = list(kept)
    return float(2 * mass[at].sum() / np.maximum(size[at].sum() + mass.sum(), 1e-6))


class Model:
    """The trained arrays; see the module for what they do."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._a = {
            key: value.astype(np.float32) if value.dtype == np.float16 else value
            for key, value in arrays.items()
        }

    @classmethod
    def load(cls, data: bytes) -> Model:
        """Read a model from the bytes of an ``.npz`` file; nothing in it is unpickled."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(dict(arrays))

    @cached_property
    def _names(self) -> Names:
        return Names(self._a["token_hashes"], self._a["near"], self._a["far"])

    @cached_property
    def _words(self) -> Words:
        return Words(self._a["word_hashes"], self._a["words"])

    @cached_property
    def _hints(self) -> dict[int, int]:
        return {h: i for i, h in enumerate(self._a["hint_hashes"].tolist())}

    def linear(self, seen: Seen) -> Floats:
        """Return what near names, far names and words say of each block (3 x blocks)."""
        words = self._words(seen.texts, seen.first)
        return np.concatenate((self._names(seen.page.tree), words[None]))

    def types(self, seen: Seen) -> Floats:
        """Return the probabilities of `TYPES`."""
        a = self._a
        numbers = seen.page.numbers[0, OF_PAGE]
        numbers = np.clip((numbers - a["page_mean"]) / a["page_std"], -_CLIP, _CLIP)
        logits = numbers @ a["type_numbers"] + a["type_bias"]
        rows = [self._hints[h] for h in seen.hints if h in self._hints]
        logits = logits + a["type_hints"][rows].sum(axis=0)
        odds = np.exp(logits - logits.max())
        return np.asarray(odds / odds.sum(), dtype=np.float32)

    def probabilities(self, seen: Seen) -> Floats:
        """Return for each block the probability that it is main content."""
        page = seen.page
        said = self.linear(seen), self.types(seen)[:, None]
        return self.network(inputs(page.numbers, *said), page.size + 1)

    def confidence(self, chances: Floats, size: Floats, kept: Sequence[int]) -> float:
        """Return the word F1 to expect of the blocks `kept`, as pages of other sites had it."""
        return round(float(np.interp(surety(chances, size, kept), *self._a["confidence"])), 4)

    def network(self, unscaled: Floats, size: Floats) -> Floats:
        """Return the probabilities from `inputs` (blocks x inputs; overwritten), averaged."""
        least, most = self._bounds
        x = np.maximum(unscaled, least, out=unscaled)
        np.minimum(x, most, out=x)  # np.clip takes three times as long
        total = np.zeros(len(x), dtype=np.float32)
        # matrices this small take ten times as long when BLAS shares them out among threads
        with one_thread():
            first = x @ self._first[0]
            first += self._first[1]
            np.maximum(first, 0, out=first)
            shares = np.empty((3, len(x)), dtype=np.float32)
            shares[1], shares[2] = 1 / len(x), size / size.sum()
            hidden = np.split(first, len(self._members), axis=1)
            logs = np.log1p(size)
            for member, h in zip(self._members, hidden, strict=True):
                total += _member(member, np.ascontiguousarray(h), logs, shares)
        return np.asarray(total / len(self._members), dtype=np.float32)

    @cached_property
    def _first(self) -> tuple[Floats, Floats]:
        """The first layers of all members in one, for inputs that are not scaled."""
        weights: Floats = np.concatenate(self._a["w1"], axis=1) / self._a["std"][:, None]
        bias = np.concatenate(self._a["b1"]) - self._a["mean"].astype(np.float64) @ weights
        return weights, np.asarray(bias, dtype=np.float32)

    @cached_property
    def _bounds(self) -> tuple[Floats, Floats]:
        """Least and greatest of each input: those beyond say no more."""
        mean: Floats = self._a["mean"]
        reach: Floats = self._a["std"] * np.float32(_CLIP)
        return mean - reach, mean + reach

    @cached_property
    def _members(self) -> list[dict[str, Floats]]:
        found = []
        for m in range(len(self._a["w1"])):
            member = {key: self._a[key][m] for key in LAYERS}
            for i in range(len(DILATIONS)):
                before, here, after = np.split(member[f"c{i}"], 3)
                member[f"c{i}"] = np.concatenate((before, here, after), axis=1)
            found.append(member)
        return found


_NAMES = "w1 b1 c0 cb0 c1 cb1 c2 cb2 wa wg bg w2 b2 wo bo"
LAYERS = tuple(_NAMES.split())


def _member(p: Mapping[str, Floats], h: Floats, size: Floats, shares: Floats) -> Floats:
    """Return the probabilities of one network.

    Args:
        p: its weights, those of a convolution side by side: one product instead of three.
        h: what its first layer makes of the blocks; overwritten.
        size: logarithm of the sizes of the blocks.
        shares: three rows, the latter two the shares of blocks in the page; the first is filled.
    """
    width = h.shape[1]
    for i, by in enumerate(DILATIONS):
        moved = h @ p[f"c{i}"]
        y = moved[:, width : 2 * width] + p[f"cb{i}"]
        y[by:] += moved[:-by, :width]
        y[:-by] += moved[by:, 2 * width :]
        np.maximum(y, 0, out=y)
        h += y
    a = (h @ p["wa"])[:, 0] + size
    a = np.exp(a - a.max())
    shares[0] = a / a.sum()
    g = np.maximum((shares @ h).reshape(-1) @ p["wg"] + p["bg"], 0)
    h += g
    y = h @ p["w2"]
    y += p["b2"]
    np.maximum(y, 0, out=y)
    z = np.clip((y @ p["wo"])[:, 0] + p["bo"][0], -30, 30)
    return np.asarray(1 / (1 + np.exp(-z)), dtype=np.float32)
