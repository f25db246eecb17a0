"""What the names of the elements around a block and its first words say: two sums of weights.

Tokens are known by their CRC-32. What one weighs is remembered by its text, as most recur from page
to page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from webfilter.extract.blocks.features import HEAD_WORDS, SHORT
from webfilter.extract.blocks.names import LONGEST
from webfilter.extract.blocks.tree import Tree

__all__ = ["NEAR", "Names", "Words"]

_MOST_KEPT = 20_000
_EQUALS = crc32(b"=")
NEAR = 3
"""Innermost elements whose names count as near."""


class _Parts(dict[bytes, complex]):
    """What each part of a name weighs, found by its hash when it is first asked for."""

    def __init__(self, of: Mapping[int, complex]) -> None:
        self._of = of

    def __missing__(self, part: bytes) -> complex:
        found = self[part] = self._of.get(crc32(part), 0)
        return found


class _Words(dict[str, float]):
    """The same of words."""

    def __init__(self, of: Mapping[int, float]) -> None:
        self._of = of

    def __missing__(self, word: str) -> float:
        found = self[word] = self._of.get(crc32(word.encode()), 0)
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
        self._kept = _Parts(dict(zip(hashes.tolist(), both.tolist(), strict=True)))

    def __call__(self, over: Tree) -> NDArray[np.float32]:
        """Return the sums for each block (2 x blocks)."""
        if len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        of = self._kept.__getitem__
        parts = np.fromiter(map(of, over.said.parts), np.complex128, len(over.said.parts))
        tags = [of(tag[:LONGEST].encode()) for tag, _ in over.looks]
        both = (np.add.reduceat(parts, over.said.starts) + tags)[over.look]
        both[0] = 0  # the first element says nothing
        near = both.real[over.chain[:, :NEAR]].sum(axis=1)
        far = both.imag[over.chain[:, NEAR:]].sum(axis=1)
        return np.stack((near, far))


class Words:
    """What blocks say by their first words.

    Args:
        hashes: of words and short wholes (see `webfilter.extract.blocks.features.word_hashes`).
        weights: of each.
    """

    def __init__(self, hashes: NDArray[Any], weights: NDArray[Any]) -> None:
        self._weights: dict[int, float] = dict(zip(hashes.tolist(), weights.tolist(), strict=True))
        self._kept = _Words(self._weights)

    def __call__(self, texts: Sequence[str], words: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return the sum over the `word_hashes` of each block, given its text and first words."""
        heads = [said[:HEAD_WORDS] for said in words]
        counts = np.fromiter(map(len, heads), np.int64, len(heads))
        if len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        of = self._kept.__getitem__
        each = np.fromiter(map(of, chain.from_iterable(heads)), np.float64, counts.sum())
        sums = np.bincount(np.repeat(np.arange(len(heads)), counts), each, len(heads))
        known = self._weights.get
        whole = [
            known(crc32(text.lower().encode(), _EQUALS), 0) if len(text) <= SHORT else 0
            for text in texts
        ]
        return np.asarray(sums + whole, dtype=np.float32)
