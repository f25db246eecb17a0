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

from webfilter.language.features import BITS, Characters, Letters, ngrams

__all__ = ["OFFSET", "Weights"]

OFFSET = 7
"""A stored number from 0 to 15 stands for itself less this, times its column's scale."""
_WORD = 16  # numbers in a word of a row
_LANES = np.uint64(0x000F_000F_000F_000F)  # every fourth, with room to add 4,369 of them
_NOTHING = np.uint64(0x1111_1111_1111_1111 * OFFSET)
_FOUR = np.uint64(4)
_FOURTHS, _MASK = np.arange(0, 64, 16, dtype=np.uint64), np.uint64(0xFFFF)
_ROWS = 64  # one shape for every product, so that a text's scores do not depend on its neighbors


@dataclass(frozen=True)
class Weights:
    """What the file holds, laid out for use."""

    characters: Characters
    ranks: NDArray[np.int32]
    """Row of each feature; 0 where it has none."""
    singles: NDArray[np.int32]
    """Row of each code point as a feature; 0 where it has none, -1 for white space."""
    words: NDArray[np.uint64]
    """(dim / 16, 1 + rows): sixteen numbers of a row in each word, the first in the lowest bits.

    The first row stands for features without one: zeros."""
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
        ranks = np.where(kept, np.cumsum(kept, dtype=np.int32), np.int32(0))
        features = characters.singles
        singles = np.where(features < 0, np.int32(-1), ranks.take(features, mode="clip"))
        words = np.full((dim // _WORD, rows + 1), _NOTHING)
        words[:, 1:] = packed.view("<u8").T
        return cls(characters, ranks, singles, words, scale, output, bias)

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
        self, points: NDArray[np.int64], bounds: NDArray[np.int64], of: Letters
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return a score for each label of each text, and whether any feature spoke.

        Args:
            points: code points as of `features.points_of`, of texts as `prepare` leaves them: with
                more than 4,369 features in one (they have up to 2,403) its sums would run over.
            bounds: where the texts lie in `points`.
            of: their letters.

        Returns:
            (texts, labels) logits; (texts,) False where no feature has a row.
        """
        texts, found, cuts = len(bounds) - 1, [], []
        for features, at in ngrams(points, self.characters):
            found.append(self.ranks.take(features))
            cuts.append(at.searchsorted(bounds))
        rows = self.singles.take(of.points)
        held = np.flatnonzero(rows >= 0)
        owners, times = of.owners.take(held), of.times.take(held)
        found.append(rows.take(held))
        cuts.append(owners.searchsorted(np.arange(texts + 1)))
        starts = np.array(cuts)
        sizes = starts[:, 1:] - starts[:, :-1]
        counts = sizes[:-1].sum(axis=0) + np.bincount(owners, times, texts).astype(np.int64)
        numbers = self._sums(np.concatenate(found), starts, sizes, times.astype(np.uint64))
        numbers -= OFFSET * counts[:, None]
        blocks = -(-texts // _ROWS)
        mean = np.zeros((blocks * _ROWS, len(self.scale)))
        mean[:texts] = numbers / np.maximum(counts, 1)[:, None] * self.scale
        logits = mean.reshape(blocks, _ROWS, -1) @ self.output + self.bias
        return logits.reshape(blocks * _ROWS, -1)[:texts], (numbers != 0).any(axis=1)

    def _sums(
        self,
        rows: NDArray[np.int32],
        starts: NDArray[np.int64],
        sizes: NDArray[np.int64],
        times: NDArray[np.uint64],
    ) -> NDArray[np.int64]:
        """Return the sums of the numbers from 0 to 15 in the rows of each text: (texts, dim).

        Args:
            rows: the rows of all kinds of features, one kind after the other.
            starts: (kinds, texts + 1) where each text's rows begin within its kind.
            sizes: (kinds, texts) how many they are.
            times: how often each of the last rows counts; the others count once.
        """
        kinds, texts = sizes.shape
        totals = starts[:, -1]
        begins = starts[:, :-1] + (np.cumsum(totals) - totals)[:, None]
        some = np.flatnonzero(sizes)
        begins = begins.ravel().take(some)
        sums = np.zeros((4, len(self.words), kinds * texts), np.uint64)
        if len(rows):
            word = self.words.take(rows, axis=1, mode="clip")
            lane = word & _LANES
            for step in range(4):
                if step:
                    np.right_shift(word, _FOUR, out=word)
                    np.bitwise_and(word, _LANES, out=lane)
                lane[:, len(rows) - len(times) :] *= times
                sums[step][:, some] = np.add.reduceat(lane, begins, axis=1)
        lanes = sums.reshape(4, -1, kinds, texts).sum(axis=2).T  # texts, words, steps
        numbers: NDArray[np.uint64] = (lanes[:, :, None] >> _FOURTHS[:, None]) & _MASK
        return numbers.reshape(texts, -1).astype(np.int64)
