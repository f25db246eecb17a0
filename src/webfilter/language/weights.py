"""The embedded model's arrays: read from one small file, and how they make a text into scores.

A log-linear model over the mean of n-gram vectors (the shape of fastText's classifier; Joulin et
al. 2016), with three differences that make it small, fast, and the same everywhere. Only the
n-grams that matter have a row, found by rank in a bitmap. A row's numbers have four bits, sixteen
in a 64-bit word, and are added as integers, so that sums are exact in any order. And no string is
cut: see `webfilter.language.features`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webfilter.language.features import BITS, Characters, ngrams

__all__ = ["OFFSET", "Weights"]

OFFSET = 7
"""A stored number from 0 to 15 stands for itself less this, times its column's scale."""
_WORD = 16  # numbers in a word of a row
_LANES = np.uint64(0x000F_000F_000F_000F)  # every fourth, with room to add 4,369 of them
_FOURTHS, _MASK = np.arange(0, 64, 16, dtype=np.uint64), np.uint64(0xFFFF)
_ROWS = 64  # one shape for every product, so that a text's scores do not depend on its neighbors


@dataclass(frozen=True)
class Weights:
    """What the file holds, laid out for use."""

    characters: Characters
    ranks: NDArray[np.int32]
    """Row of each feature; -1 where it has none."""
    words: NDArray[np.uint64]
    """(dim / 16, rows): sixteen numbers of a row in each word, the first in the lowest bits."""
    scale: NDArray[np.float64]
    """(dim,)"""
    output: NDArray[np.float64]
    """(dim, labels)"""
    bias: NDArray[np.float64]
    """(labels,)"""

    @classmethod
    def read(cls, data: bytes) -> Weights:
        """Lay out what `pack` made.

        Raises:
            ValueError: shapes or values do not fit together.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            kept = np.unpackbits(found["kept"]).view(bool)
            packed = found["rows"]
            scale, output, bias = (found[n].astype(np.float64) for n in ("scale", "output", "bias"))
            characters = Characters.of(found["starts"], found["kinds"], found["folded"])
        rows, dim = len(packed), 2 * packed.shape[1]
        if len(kept) != 1 << BITS or kept.sum() != rows or dim % _WORD:
            raise ValueError(f"{kept.sum()} features for {rows} rows of {dim} numbers")
        if scale.shape != (dim,) or output.shape != (dim, len(bias)):
            raise ValueError(f"shapes {scale.shape} and {output.shape} for {dim} numbers a row")
        ranks = np.where(kept, np.cumsum(kept, dtype=np.int32) - np.int32(1), np.int32(-1))
        words = np.ascontiguousarray(packed.view("<u8").astype(np.uint64).T)
        return cls(characters, ranks, words, scale, output, bias)

    @staticmethod
    def pack(
        kept: NDArray[np.bool_],
        rows: NDArray[np.uint8],
        scale: NDArray[np.float32],
        output: NDArray[np.float32],
        bias: NDArray[np.float32],
        characters: tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint32]],
    ) -> bytes:
        """Return the file: `rows` are numbers from 0 to 15, one row a kept feature, in order."""
        file = io.BytesIO()
        starts, kinds, folded = characters
        np.savez_compressed(
            file, kept=np.packbits(kept), rows=rows[:, ::2] | (rows[:, 1::2] << 4), scale=scale,
            output=output, bias=bias, starts=starts, kinds=kinds, folded=folded,
        )  # fmt: skip
        return file.getvalue()

    def scores(
        self, points: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return a score for each label of up to 64 texts, and how many features each has.

        Args:
            points: code points as of `features.points_of`.
            ends: where each text ends in `points`.

        Returns:
            (texts, labels) logits; (texts,) counts of the features with a row.
        """
        bounds = np.concatenate(([0], ends))
        found, sizes = [], []
        for features, real, places in ngrams(points, self.characters):
            at = np.flatnonzero(real)
            rows = self.ranks.take(features.take(at))
            held = np.flatnonzero(rows >= 0)
            at = at.take(held)
            at = at if places is None else places.take(at)
            sizes.append(np.diff(np.searchsorted(at, bounds)))
            found.append(rows.take(held))
        rows, lengths = np.concatenate(found), np.array(sizes)
        counts = np.zeros(_ROWS, np.int64)
        here = slice(0, len(ends))
        counts[here] = lengths.sum(axis=0)
        some = lengths > 0
        begins = (np.cumsum(lengths) - lengths.ravel())[some.ravel()]
        lanes = np.zeros((_ROWS, len(self.words), 1, 4), np.uint64)
        of = np.zeros(lengths.shape, np.uint64)
        for part, column in enumerate(self.words if len(rows) else ()):
            word = column.take(rows, mode="clip")
            for step in range(4):
                of[some] = np.add.reduceat((word >> np.uint64(4 * step)) & _LANES, begins)
                lanes[here, part, 0, step] = of.sum(axis=0)
        sums = (lanes >> _FOURTHS[:, None]) & _MASK
        mean = sums.reshape(_ROWS, -1) / np.maximum(counts, 1)[:, None]
        mean -= OFFSET * (counts > 0)[:, None]
        logits = (mean * self.scale) @ self.output + self.bias
        return logits[here], counts[here]
