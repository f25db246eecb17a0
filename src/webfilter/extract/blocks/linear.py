"""What the names of the elements around a block and its first words say: two sums of weights.

Both are known by CRC-32, which goes on where it stopped: that of a pair needs no string of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
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
_Ints = NDArray[np.int64]


class _Index:
    """Where each hash is.

    Args:
        hashes: each once.
    """

    def __init__(self, hashes: NDArray[Any]) -> None:
        order = np.argsort(hashes)
        self._sorted = np.append(hashes[order], hashes[order[-1:]])  # what is beyond is not equal
        self._at = np.append(order, -1)

    def __call__(self, hashes: NDArray[np.uint32]) -> _Ints:
        """Return the number of each of `hashes`, -1 if it is not known."""
        found = np.searchsorted(self._sorted[:-1], hashes)
        return np.where(self._sorted[found] == hashes, self._at[found], -1)


def _encoded(words: Iterable[Sequence[str]]) -> list[bytes]:
    """Return the words, none of which has a space, of all sequences."""
    return " ".join(chain.from_iterable(words)).encode("utf-8", "replace").split(b" ")


def _array(hashes: list[int]) -> NDArray[np.uint32]:
    return np.array(hashes, dtype=np.uint32)


def _joined(hashes: list[int], sign: bytes, words: list[bytes]) -> list[int]:
    """Return the hash of each word after what has the hash before it, with `sign` between."""
    return list(map(crc32, words, map(crc32, repeat(sign), hashes)))


class Names:
    """What elements say, near and far, by their tags and names.

    Args:
        hashes: of the tokens of names (see `webfilter.extract.blocks.names.tokens`).
        near: weight of each in one of the `NEAR` innermost elements.
        far: weight of each in an element around these.
    """

    def __init__(self, hashes: NDArray[Any], near: NDArray[Any], far: NDArray[Any]) -> None:
        self._weights = np.stack((near, far)).astype(np.float64)
        self._index = _Index(hashes)
        self._kept: dict[tuple[str, str], tuple[float, float]] = {}  # pages of a site are alike

    def __call__(self, over: Tree) -> NDArray[np.float32]:
        """Return the sums for each block (2 x blocks)."""
        if len(self._kept) > _MOST_KEPT:
            self._kept = {}
        kept = self._kept
        looks = [(tag[:LONGEST], names[:LONGEST]) for tag, names in over.looks]
        new = {look: said for look, said in zip(looks, over.said, strict=True) if look not in kept}
        if new:
            sums = self._sums([(tag, *said.parts) for (tag, _), said in new.items()])
            kept.update(zip(new, zip(*sums.tolist(), strict=True), strict=True))
        near, far = np.array([kept[look] for look in looks], dtype=np.float32)[over.look].T
        near[0] = far[0] = 0  # the first element says nothing
        return np.stack(
            (near[over.chain[:, :NEAR]].sum(axis=1), far[over.chain[:, NEAR:]].sum(axis=1))
        )

    def _sums(self, said: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Return the sums over the `tokens` of looks, each token once (2 x looks).

        Each of `said` is a tag with the parts of names. A pair of parts, or a part with its tag,
        can only be known if the parts are.
        """
        count = np.fromiter(map(len, said), dtype=np.int64, count=len(said))
        look = np.repeat(np.arange(len(said)), count)
        of_tag = (np.cumsum(count) - count)[look]
        flat = _encoded(said)
        hashes = list(map(crc32, flat))
        at = self._index(_array(hashes))
        known = at >= 0
        part = known & (of_tag != np.arange(len(flat)))
        pair = part[:-1] & part[1:]  # between looks there is a tag
        tagged = part & known[of_tag]
        of_tags = _array(hashes)[of_tag].tolist()
        more = np.concatenate(
            (
                _array(_joined(hashes, b" ", flat[1:]))[pair],
                _array(_joined(of_tags, b".", flat))[tagged],
            )
        )
        at = np.concatenate((at, self._index(more)))
        look = np.concatenate((look, look[:-1][pair], look[tagged]))
        many = self._weights.shape[1]
        each = np.sort((look * many + at)[at >= 0])
        each = each[np.diff(each, prepend=-1) > 0]
        look, at = np.divmod(each, many)
        return np.stack([np.bincount(look, w[at], len(said)) for w in self._weights])


class Words:
    """What blocks say by their first words.

    Args:
        hashes: of words, pairs and short wholes (see
            `webfilter.extract.blocks.features.word_hashes`).
        weights: of each.
    """

    def __init__(self, hashes: NDArray[Any], weights: NDArray[Any]) -> None:
        self._weights = np.append(weights.astype(np.float64), 0.0)  # the last is for the unknown
        self._index = _Index(hashes)

    def __call__(self, texts: Sequence[str], words: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return the sum over the `word_hashes` of each block, given its text and first words.

        A pair, or a whole, can only be known if all its words are.
        """
        heads = [said[:HEAD_WORDS] for said in words]
        count = np.fromiter(map(len, heads), dtype=np.int64, count=len(heads))
        flat = _encoded(heads)
        hashes = list(map(crc32, flat))
        filled = np.arange(HEAD_WORDS) < count[:, None]
        at = np.full(filled.shape, -1)
        at[filled] = self._index(_array(hashes))
        known = at >= 0
        both = known[:, :-1] & known[:, 1:]
        ends = np.cumsum(count)
        left = ((ends - count)[:, None] + np.arange(HEAD_WORDS - 1))[both]
        pairs = np.full(both.shape, -1)
        pairs[both] = self._index(_array(_joined(hashes, b" ", flat[1:]))[left])
        total = self._sum(at) + self._sum(pairs)
        short = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) <= SHORT
        whole = np.flatnonzero(short & (known.sum(axis=1) == count))
        spans = zip((ends - count)[whole].tolist(), ends[whole].tolist(), strict=True)
        wholes = [crc32(b"=" + b" ".join(flat[low:high])) for low, high in spans]
        total[whole] += self._weights[self._index(_array(wholes))]
        return total.astype(np.float32)

    def _sum(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the sum of the weights in each row, each weight once."""
        at.sort(axis=1)
        at[:, 1:][at[:, 1:] == at[:, :-1]] = -1
        found: NDArray[np.float64] = self._weights[at].sum(axis=1)
        return found
