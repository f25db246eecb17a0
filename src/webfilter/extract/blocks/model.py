"""How much a block belongs to the main content: a small network over all blocks of a page.

Three parts, trained in this order, each on what the ones before say about pages of other domains:

1. *names and words*: a logistic regression over hashed parts of the names of the elements around
   (near: the innermost three; far: the rest) and of the first words of the block.
2. *page type*: a logistic regression over hashed hints (address, body classes, declared types) and
   the page's own numbers, to one of seven types.
3. *network*: the features of each block with the above, one hidden layer, three convolutions over
   the neighbors (1, 2 and 4 blocks away), a summary of the page by attention, and the probability.
   It is trained for word F1 itself, one page one vote. A few of them, from other seeds, agree on
   the mean.

Inference is NumPy over plain arrays. `classifiers/extraction` trains it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from webfilter.extract.blocks.features import (
    HEAD_WORDS,
    SHORT,
    Page,
    features,
    first_words,
    hashed,
)
from webfilter.extract.blocks.hints import hints, title_of
from webfilter.extract.blocks.names import MOST_PARTS, split
from webfilter.extract.dom import Dom

__all__ = [
    "DILATIONS",
    "LAYERS",
    "NEAR",
    "TYPES",
    "Model",
    "Seen",
    "choose",
    "see",
    "spread",
    "surety",
]

Floats = NDArray[np.float32]

TYPES = ("article", "service", "listing", "forum", "product", "documentation", "collection")
"""Types of pages, as in the WCXB data set."""
NEAR = 3
"""Innermost elements whose names count as near."""
_CLIP = 4.0
_MOST_CACHED = 50_000
LEAST = 0.2
"""Least probability of a block that is kept."""
_ALL_MASS = 0.8
DILATIONS = (1, 2, 4)


@dataclass(frozen=True)
class Seen:
    """A page as the model sees it."""

    page: Page
    numbers: Floats
    """Features (blocks x features)."""
    names: list[str]
    """What the columns of `numbers` are."""
    hints: list[int]
    """Hashes of what the page says of its type."""
    tags: list[str]
    """Tag of each element."""
    texts: list[str]
    """Of each block."""
    first: list[list[str]]
    """The first words of each block."""


def see(html: str, dom: Dom, url: str | None) -> Seen:
    """Return what the model needs to know of a page that has blocks."""
    first = first_words(dom)
    page, numbers, names = features(dom, title_of(html), first)
    tags = [element.tag for element in dom.elements]
    texts = [block.text for block in dom.blocks]
    return Seen(page, numbers, names, hints(html, dom, url), tags, texts, first)


def spread(numbers: Floats, names: Sequence[str]) -> Floats:
    """Return the features with distances as nearness, 1 to 0."""
    out = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
    far = [i for i, name in enumerate(names) if name.startswith(("in_", "tag_"))]
    out[:, far] = np.exp(-out[:, far] / 4)
    return out


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
    return float(2 * mass[at].sum() / max(size[at].sum() + mass.sum(), 1e-6))


class Model:
    """The trained arrays; see the module for what they do."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._a = {
            key: value.astype(np.float32) if value.dtype == np.float16 else value
            for key, value in arrays.items()
        }
        self._of_parts: dict[str, tuple[float, float] | None] = {}
        self._of_words: dict[str, float | None] = {}
        self._of_names: dict[tuple[str, str], tuple[float, float]] = {}

    @classmethod
    def load(cls, data: bytes) -> Model:
        """Read a model from the bytes of an ``.npz`` file; nothing in it is unpickled."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(dict(arrays))

    @cached_property
    def _near_far(self) -> dict[int, tuple[float, float]]:
        a = self._a
        pairs = zip(a["near"].tolist(), a["far"].tolist(), strict=True)
        return dict(zip(a["token_hashes"].tolist(), pairs, strict=True))

    @cached_property
    def _words(self) -> dict[int, float]:
        a = self._a
        return dict(zip(a["word_hashes"].tolist(), a["words"].tolist(), strict=True))

    @cached_property
    def _hints(self) -> dict[int, int]:
        return {h: i for i, h in enumerate(self._a["hint_hashes"].tolist())}

    def linear(self, seen: Seen) -> Floats:
        """Return what near names, far names and words say of each block (blocks x 3)."""
        cache = self._of_names
        if len(cache) > _MOST_CACHED:
            cache.clear()
        chain = seen.page.chain
        scores = np.zeros((len(seen.tags), 2), dtype=np.float32)
        for i in seen.page.needed[1:].tolist():  # the root says nothing
            key = (seen.tags[i], seen.page.names[i])
            found = cache.get(key)
            if found is None:
                found = cache[key] = self._named(*key)
            scores[i] = found
        out = np.empty((len(chain), 3), dtype=np.float32)
        out[:, 0] = scores[chain[:, :NEAR], 0].sum(axis=1)
        out[:, 1] = scores[chain[:, NEAR:], 1].sum(axis=1)
        said = zip(seen.texts, seen.first, strict=True)
        out[:, 2] = [self._said(text, words) for text, words in said]
        return out

    def _named(self, tag: str, names: str) -> tuple[float, float]:
        """Return what an element says near and far: the sums over its `tokens`.

        A pair of parts, or a part with its tag, can only be known if the parts are.
        """
        known, alone = self._near_far, self._of_parts
        if len(alone) > _MOST_CACHED:
            alone.clear()
        parts = split(names)[:MOST_PARTS]
        hits: dict[str, tuple[float, float]] = {}
        for part in dict.fromkeys((tag, *parts)):
            if part not in alone:
                alone[part] = known.get(hashed(part))
            if (pair := alone[part]) is not None:
                hits[part] = pair
        more = [f"{a} {b}" for a, b in pairwise(parts) if a in hits and b in hits]
        if tag in hits:
            more += [f"{tag}.{part}" for part in parts if part in hits]
        others = dict.fromkeys(map(hashed, more))
        found = [*hits.values(), *(known[h] for h in others if h in known)]
        return sum(pair[0] for pair in found), sum(pair[1] for pair in found)

    def _said(self, text: str, words: list[str]) -> float:
        """Return what the first words of a block say: the sum over its `word_hashes`.

        A pair can only be known if both words are, so most need no hash.
        """
        alone, known = self._of_words, self._words
        if len(alone) > _MOST_CACHED:
            alone.clear()
        total, complete = 0.0, True
        hits: dict[str, None] = {}  # in order: a sum of floats depends on it
        for word in words[:HEAD_WORDS]:
            if word in hits:
                continue
            if word not in alone:
                alone[word] = known.get(hashed(word))
            weight = alone[word]
            if weight is None:
                complete = False
            else:
                total += weight
                hits[word] = None
        if hits:
            pairs = pairwise(words[:HEAD_WORDS])
            for pair in dict.fromkeys(f"{a} {b}" for a, b in pairs if a in hits and b in hits):
                if pair not in alone:
                    alone[pair] = known.get(hashed(pair))
                total += alone[pair] or 0.0
        if complete and len(text) <= SHORT:
            total += known.get(hashed("=" + " ".join(words[:HEAD_WORDS])), 0.0)
        return total

    def types(self, seen: Seen) -> Floats:
        """Return the probabilities of `TYPES`."""
        a = self._a
        at = [i for i, name in enumerate(seen.names) if name.startswith("page_")]
        numbers = np.clip((seen.numbers[0, at] - a["page_mean"]) / a["page_std"], -_CLIP, _CLIP)
        logits = numbers @ a["type_numbers"] + a["type_bias"]
        rows = [self._hints[h] for h in seen.hints if h in self._hints]
        logits = logits + a["type_hints"][rows].sum(axis=0)
        odds = np.exp(logits - logits.max())
        return np.asarray(odds / odds.sum(), dtype=np.float32)

    def probabilities(self, seen: Seen) -> Floats:
        """Return for each block the probability that it is main content."""
        n = len(seen.numbers)
        whole = np.concatenate(
            [
                spread(seen.numbers, seen.names),
                self.linear(seen),
                np.tile(self.types(seen), (n, 1)),
            ],
            axis=1,
        )
        return self.network(whole, seen.page.size + 1)

    def confidence(self, chances: Floats, size: Floats, kept: Sequence[int]) -> float:
        """Return the word F1 to expect of the blocks `kept`, as pages of other sites had it."""
        return round(float(np.interp(surety(chances, size, kept), *self._a["confidence"])), 4)

    def network(self, inputs: Floats, size: Floats) -> Floats:
        """Return the probabilities from unscaled inputs (blocks x inputs), averaged."""
        a = self._a
        x = np.clip((inputs - a["mean"]) / a["std"], -_CLIP, _CLIP).astype(np.float32)
        total = np.zeros(len(x), dtype=np.float32)
        members = len(a["w1"])
        # matrices this small take ten times as long when BLAS shares them out among threads
        with _pools().limit(limits=1, user_api="blas"):
            for m in range(members):
                total += _member({key: a[key][m] for key in LAYERS}, x, size)
        return np.asarray(total / members, dtype=np.float32)


_NAMES = "w1 b1 c0 cb0 c1 cb1 c2 cb2 wa wg bg w2 b2 wo bo"
LAYERS = tuple(_NAMES.split())


@cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()


def _member(p: Mapping[str, Floats], x: Floats, size: Floats) -> Floats:
    h = np.maximum(x @ p["w1"] + p["b1"], 0)
    for i, by in enumerate(DILATIONS):
        around = np.concatenate([_moved(h, by), h, _moved(h, -by)], axis=1)
        h = h + np.maximum(around @ p[f"c{i}"] + p[f"cb{i}"], 0)
    a = (h @ p["wa"])[:, 0] + np.log1p(size)
    a = np.exp(a - a.max())
    g = np.concatenate([(a / a.sum()) @ h, h.mean(axis=0), (size / size.sum()) @ h])
    g = np.maximum(g @ p["wg"] + p["bg"], 0)
    h = np.maximum((h + g) @ p["w2"] + p["b2"], 0)
    z = np.clip((h @ p["wo"])[:, 0] + p["bo"][0], -30, 30)
    return np.asarray(1 / (1 + np.exp(-z)), dtype=np.float32)


def _moved(h: Floats, by: int) -> Floats:
    out = np.zeros_like(h)
    if abs(by) < len(h):
        if by > 0:
            out[by:] = h[:-by]
        else:
            out[:by] = h[-by:]
    return out
