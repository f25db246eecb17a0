"""TF-IDF vectors of short texts: their cosine, and keys that similar ones share.

The weight of a term is ``(1 + ln(count)) * (ln((1 + texts) / (1 + texts with it)) + 1)``: sublinear
counts and smooth inverse document frequencies, as scikit-learn's ``TfidfVectorizer(
sublinear_tf=True)`` has them.

Keys are those of a weighted MinHash: each value of a signature is a race among the terms of a text,
in which one wins with probability proportional to its idf squared. So two texts agree in a value
with the probability of their *weighted* Jaccard similarity: rare words decide, common ones hardly
take part. As the weight is that of the term and not of the text, one exponential race a term is
enough (no consistent weighted sampling is needed). Where no text has a term oftener than the other,
texts of cosine c have a weighted Jaccard similarity of c * c at least (one contains the other) and
of c / (2 - c) where both are equally long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.dedup.columns import Column
from webfilter.dedup.signature import band_keys
from webfilter.dedup.terms import Bags, Vocabulary
from webfilter.text.points import mix

__all__ = ["VectorColumns", "Vectors", "cosine", "weighted_keys"]

Hashes = npt.NDArray[np.uint64]
Terms = npt.NDArray[np.uint32]
Places = npt.NDArray[np.intp]
Weights = npt.NDArray[np.float64]

_AT_ONCE = 1 << 20  # terms compared at once, which bounds memory
_RACING = 1 << 18  # terms of texts whose races are run at once
_TABLE = 1 << 23  # times held at once
_FEW = 16
_BLOCK = 512  # terms whose times are drawn at once: what fits a processor's cache
_STEP = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_BYTE = np.uint32(0xFF)
_DRAWS = 4  # 16-bit draws in a hash
_DIGITS = 9


def weighted_keys(bags: Bags, vocabulary: Vocabulary, bands: int, rows: int) -> Hashes:
    """Return one 64-bit key a band of `rows` values, shape (len(bags), bands).

    Two texts of weighted Jaccard similarity s share a band's key with probability ``s**rows``. It
    takes memory for 8 million times and time for all terms, whatever the texts; no bag is empty.

    >>> nothing = Vocabulary(3, np.zeros(0, np.uint32), np.zeros(0, np.uint32))
    >>> keys = weighted_keys(Bags.of(["red fish", "Fish, red", "blue bird"]), nothing, 9, 2)
    >>> keys.shape, bool((keys[0] == keys[1]).all()), bool((keys[0] == keys[2]).any())
    ((3, 9), True, False)
    """
    signs = np.zeros((len(bags), bands * rows), dtype=np.uint64)
    begin = 0
    while begin < len(bags):
        most = bags.offsets[begin] + _RACING
        end = max(begin + 1, int(np.searchsorted(bags.offsets, most, side="right")) - 1)
        low, high = bags.offsets[begin], bags.offsets[end]
        terms = bags.terms[low:high]
        distinct = np.sort(terms)
        distinct = distinct[np.concatenate(([True], distinct[1:] != distinct[:-1]))]
        rates = vocabulary.idf(distinct) ** 2
        runners = np.searchsorted(distinct, terms)
        step = max(_TABLE // len(distinct) // _DRAWS, 1) * _DRAWS
        for first in range(0, bands * rows, step):
            times = _races(distinct, rates, range(first, min(first + step, bands * rows)))
            found = _winners(times, runners, bags.offsets[begin : end + 1] - low)
            signs[begin:end, first : first + step] = found
        begin = end
    return band_keys(signs, bands, rows)


def _winners(times: Terms, runners: Places, offsets: Places) -> Terms:
    """Return the least time in each race of the runners of each text.

    One runner of all texts after the other (several times faster than `np.minimum.reduceat`), then
    what is left of the few longest texts.
    """
    sizes = np.diff(offsets)
    order = np.argsort(-sizes, kind="stable")
    sizes, begins = sizes[order], offsets[:-1][order]
    found = times[runners[begins]]
    together = int(sizes[_FEW]) if len(sizes) > _FEW else 1
    running = len(sizes) - np.searchsorted(sizes[::-1], np.arange(1, together), side="right")
    for place, count in enumerate(running.tolist(), start=1):
        some = times[runners[begins[:count] + place]]
        np.minimum(found[:count], some, out=found[:count])
    for row in np.flatnonzero(sizes > together).tolist():
        rest = runners[begins[row] + together : begins[row] + sizes[row]]
        np.minimum(found[row], times[rest].min(axis=0), out=found[row])
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return np.asarray(found[back])


def _races(terms: Terms, rates: Weights, races: range) -> Terms:
    """Return how long each term takes in each of `races`, shape (len(terms), len(races)).

    Positive floats, exponentially distributed with the `rates`, read as integers, which have the
    same order. The last byte tells terms apart that take equally long.
    """
    draw = np.arange(races.start // _DRAWS, -(-races.stop // _DRAWS), dtype=np.uint64)
    times = np.empty((len(terms), len(draw) * _DRAWS), dtype=np.float32)
    for begin in range(0, len(terms), _BLOCK):
        here = slice(begin, begin + _BLOCK)
        hashes = terms[here].astype(np.uint64) * _STEP
        draws = mix(hashes[:, None] + (draw + np.uint64(1))).view(np.uint16)
        np.divide(_exponential().take(draws), rates[here, None].astype(np.float32), out=times[here])
    found = times.view(np.uint32)
    found &= ~_BYTE
    found |= terms[:, None] & _BYTE
    return found[:, : len(races)]


@cache
def _exponential() -> npt.NDArray[np.float32]:
    """Return the time that each of 2**16 equally likely draws stands for."""
    return (-np.log((np.arange(1 << 16) + 0.5) / (1 << 16))).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Vectors:
    """TF-IDF vectors, not normalized, one after the other; terms ascend in each."""

    terms: Terms
    weights: Weights
    offsets: Places
    """Vector i has ``terms[offsets[i]:offsets[i + 1]]``."""

    @classmethod
    def of(cls, bags: Bags, vocabulary: Vocabulary) -> Vectors:
        """Return the vectors of `bags`."""
        counts, which = np.unique(bags.counts, return_inverse=True)
        distinct, place = np.unique(bags.terms, return_inverse=True)
        weights = np.array([1 + math.log(count) for count in counts.tolist()])[which]
        weights *= vocabulary.idf(distinct)[place]
        return cls(bags.terms, weights, bags.offsets)


class VectorColumns:
    """Vectors on disk.

    Args:
        folder: an existing folder for the files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     held = VectorColumns(Path(folder))
    ...     held.add(Vectors(np.array([7, 9]), np.array([1.5, 2.0]), np.array([0, 1, 2])))
    ...     held.vectors().weights.tolist()
    [1.5, 2.0]
    """

    def __init__(self, folder: Path) -> None:
        self._terms = Column(folder / "vectors.terms", np.uint32)
        self._weights = Column(folder / "vectors.weights", np.float64)
        self._sizes = Column(folder / "vectors.sizes", np.int64)

    def add(self, vectors: Vectors) -> None:
        """Write `vectors` after those that are there."""
        self._terms.append(vectors.terms)
        self._weights.append(vectors.weights)
        self._sizes.append(np.diff(vectors.offsets))

    def vectors(self) -> Vectors:
        """Return all of them, mapped into memory; nothing can be added now."""
        offsets = np.concatenate(([0], np.cumsum(self._sizes.array())))
        return Vectors(self._terms.array(), self._weights.array(), offsets)


def cosine(vectors: Vectors, left: Places, right: Places) -> Weights:
    """Return the cosine of each pair of vectors (left[i], right[i]), rounded to nine digits.

    Terms are added in the order of their hashes, so it does not depend on what else is compared.

    >>> bags = Bags.of(["a fish", "Fish, a ...", "a bird"])
    >>> vectors = Vectors.of(bags, Vocabulary(3, np.zeros(0, np.uint32), np.zeros(0, np.uint32)))
    >>> cosine(vectors, np.array([0, 0]), np.array([1, 2])).tolist()
    [1.0, 0.5]
    """
    found = np.zeros(len(left))
    sizes = np.diff(vectors.offsets)
    cost = np.cumsum(sizes[left] + sizes[right])
    begin = 0
    while begin < len(left):
        spent = cost[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(cost, spent + _AT_ONCE)))
        found[begin:end] = _cosine(vectors, left[begin:end], right[begin:end])
        begin = end
    return np.round(found, _DIGITS)


def _cosine(vectors: Vectors, left: Places, right: Places) -> Weights:
    pairs = len(left)
    sides = [_side(vectors, rows) for rows in (left, right)]
    norms = [
        np.bincount((keys >> _HALF).astype(np.intp), weights * weights, minlength=pairs)
        for keys, weights in sides
    ]
    keys = np.concatenate([keys for keys, _ in sides])
    weights = np.concatenate([weights for _, weights in sides])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    both = np.flatnonzero(keys[1:] == keys[:-1])
    shared = weights[order[both]] * weights[order[both + 1]]
    dots = np.bincount((keys[both] >> _HALF).astype(np.intp), shared, minlength=pairs)
    return np.asarray(dots / np.sqrt(norms[0] * norms[1]))


def _side(vectors: Vectors, rows: Places) -> tuple[Hashes, Weights]:
    """Return pair and term in one number, and weight, of each term of `rows`."""
    sizes = np.diff(vectors.offsets)[rows]
    begins = np.cumsum(sizes) - sizes
    source = np.repeat(vectors.offsets[rows] - begins, sizes)
    source += np.arange(len(source))
    owner = np.repeat(np.arange(len(rows), dtype=np.uint64), sizes)
    return owner << _HALF | vectors.terms[source], vectors.weights[source]
