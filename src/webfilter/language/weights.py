"""The embedded model's arrays: read from one small file, and how they make a text into scores.

A log-linear model over the mean of n-gram vectors (the shape of fastText's classifier; Joulin et
al. 2016), with three differences that make it small, fast, and the same everywhere. Only the
n-grams that matter have a row, found by rank in a bitmap. A row's numbers have four bits, and rows
are added as integers, four numbers in one 64-bit word, so that sums are exact in any order. And no
string is cut: see `webfilter.language.features`.
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
_LANES = 4
_ROWS = 64  # one shape for every product, so that a text's scores do not depend on its neighbors


@dataclass(frozen=True)
class Weights:
    """What the file holds, laid out for use."""

    characters: Characters
    ranks: NDArray[np.int32]
    """Row of each feature; -1 where it has none."""
    columns: NDArray[np.uint64]
    """(dim / 4, rows): four numbers of a row in each word, 16 bits apart."""
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
            arrays = [np.float64(found[name]) for name in ("scale", "output", "bias")]
            characters = Characters.of(found["starts"], found["kinds"], found["folded"])
        scale, output, bias = arrays
        numbers = np.empty((len(packed), 2 * packed.shape[1]), "<u2")
        numbers[:, ::2], numbers[:, 1::2] = packed >> 4, packed & 15
        rows, dim = numbers.shape
        if len(kept) != 1 << BITS or kept.sum() != rows or dim % _LANES:
            raise ValueError(f"{kept.sum()} features for {rows} rows of {dim} numbers")
        if scale.shape != (dim,) or output.shape != (dim, len(bias)):
            raise ValueError(f"shapes {scale.shape} and {output.shape} for {dim} numbers a row")
        ranks = np.where(kept, np.cumsum(kept, dtype=np.int32) - np.int32(1), np.int32(-1))
        columns = np.ascontiguousarray(numbers.view("<u8").astype(np.uint64).T)
        return cls(characters, ranks, columns, scale, output, bias)

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
            file, kept=np.packbits(kept), rows=(rows[:, ::2] << 4) | rows[:, 1::2], scale=scale,
            output=output, bias=bias, starts=starts, kinds=kinds, folded=folded,
        )  # fmt: skip
        return file.getvalue()

    def scores(
        self, points: NDArray[np.uint32], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return a score for each label of up to 64 texts, and how many features each has.

        Args:
            points: code points as of `features.points_of`.
            ends: where each text ends in `points`.

        Returns:
            (texts, labels) logits; (texts,) counts of the features with a row.
        """
        found, cuts, size = [], [], 0
        bounds = np.concatenate(([0], ends))
        for features, places in ngrams(points, self.characters):
            rows = self.ranks.take(features)
            held = np.flatnonzero(rows >= 0)
            cuts.append(np.searchsorted(places[held], bounds) + size)
            found.append(rows[held])
            size += len(held)
        all_rows, cut = np.concatenate(found), np.array(cuts)
        sums = np.zeros((_ROWS, len(self.columns)), np.uint64)
        counts = np.zeros(_ROWS, np.int64)
        here = slice(0, len(ends))
        counts[here] = np.diff(cut).sum(0)
        running = np.zeros(size + 1, np.uint64)
        for at, column in enumerate(self.columns):
            np.cumsum(column.take(all_rows, mode="clip"), out=running[1:])
            at_cuts = running[cut]  # differences of sums that wrapped around are exact, too
            sums[here, at] = (at_cuts[:, 1:] - at_cuts[:, :-1]).sum(0)
        shifts = np.arange(_LANES, dtype=np.uint64) * np.uint64(16)
        lanes = (sums[:, :, None] >> shifts) & np.uint64(0xFFFF)
        mean = (
            lanes.reshape(_ROWS, -1) / np.maximum(counts, 1)[:, None]
            - OFFSET * (counts > 0)[:, None]
        )
        logits = (mean * self.scale) @ self.output + self.bias
        return logits[here], counts[here]
