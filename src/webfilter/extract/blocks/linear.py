"""What the names of the elements around a block and its first words say: two sums of weights.

Tokens are known by their CRC-32. What one weighs is remembered by its text, as most recur from page
to page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.blocks.features import HEAD_WORDS, SHORT
from webfilter.extract.blocks.names import LONGEST
from webfilter.extract.blocks.tree import Tree

__all__ = ["NEAR", "Names", "Words"]

_MOST_KEPT = 20_000
NEAR = 3
"""Innermost elements whose names count as near."""


class _Weights(dict[str, complex]):
    """What each token weighs, found when it is first asked for.

    Args:
        of: weight by hash.
        tag: tokens weigh more with this before them; what is not known without it, is not with it.
    """

    def __init__(self, of: Mapping[int, complex], tag: str | None = None) -> None:
        self._of = of
        self._start = None if tag is None else crc32(f"{tag}.".encode())

    def __missing__(self, token: str) -> complex:
        raw = token.encode()
        found = self._of.get(crc32(raw))
        if found is None:
            found = 0
        elif self._start is not None:
            found += self._of.get(crc32(raw, self._start), 0)
        self[token] = found
        return found


class Names:
    """What elements say, near and far, by their tags and names.

    Args:
        hashes: of the tokens of names (see `webfilter.extract.blocks.names.tokens`).
        near: weight of each in one of the `NEAR` innermost elements.
        far: weight of each in an element around these.
    """

    def __init__(self, hashes: NDArray[Any], near: NDArray[Any], far: NDArray[Any]) -> None:
        both = near + 1j * far  # two sums at once
        self._weights = dict(zip(hashes.tolist(), both.tolist(), strict=True))
        self._kept: dict[str, _Weights] = {}
        """By tag, what the parts of names weigh there."""

    def __call__(self, over: Tree) -> NDArray[np.float32]:
        """Return the sums for each block (2 x blocks)."""
        if sum(map(len, self._kept.values())) + len(self._kept) > _MOST_KEPT:
            self._kept = {}
        sums = [
            self._sum(tag, said.parts) for (tag, _), said in zip(over.looks, over.said, strict=True)
        ]
        both = np.array(sums, dtype=np.complex64)[over.look]
        both[0] = 0  # the first element says nothing
        near = both.real[over.chain[:, :NEAR]].sum(axis=1)
        far = both.imag[over.chain[:, NEAR:]].sum(axis=1)
        return np.stack((near, far))

    def _sum(self, tag: str, parts: Sequence[str]) -> complex:
        """Return what a tag and the parts of its names weigh."""
        short = tag[:LONGEST]
        weights = self._kept.get(short)
        if weights is None:
            weights = self._kept[short] = _Weights(self._weights, short)
            weights[""] = self._weights.get(crc32(short.encode()), 0)  # of the tag itself
        return sum(map(weights.__getitem__, parts), weights[""])


class Words:
    """What blocks say by their first words.

    Args:
        hashes: of words and short wholes (see `webfilter.extract.blocks.features.word_hashes`).
        weights: of each.
    """

    def __init__(self, hashes: NDArray[Any], weights: NDArray[Any]) -> None:
        self._weights: dict[int, float] = dict(zip(hashes.tolist(), weights.tolist(), strict=True))
        self._kept = _Weights(self._weights)

    def __call__(self, texts: Sequence[str], words: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return the sum over the `word_hashes` of each block, given its text and first words."""
        if len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        of = self._kept.__getitem__
        found = [sum(map(of, said[:HEAD_WORDS])) for said in words]
        for i, text in enumerate(texts):
            if len(text) <= SHORT:
                found[i] += self._weights.get(crc32(("=" + " ".join(words[i])).encode()), 0)
        return np.array(found, dtype=np.float32)
