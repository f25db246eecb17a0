"""Signatures out to other systems and in from them: datasketch's objects; see also `sigfiles`.

What two systems make of one text cannot be compared: words, n-grams, hash functions and the way to
draw minima differ. So signatures travel as wholes: all of a comparison from one maker. What comes
in says in its scheme who made it and how, and is compared only with what was made alike; what goes
out is labelled so that it is not taken for another's.

Signatures that came in have no texts: `linked` finds clusters by shared bands, unverified.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from webfilter.dedup.buckets import Buckets
from webfilter.dedup.candidates import Candidates
from webfilter.dedup.clusters import Clusters
from webfilter.dedup.minhash import MinHash
from webfilter.dedup.signature import band_keys
from webfilter.dedup.sketch import Details, Keys, Scheme, Sketch, compared, named
from webfilter.document import Document
from webfilter.errors import ConfigError, MissingExtra

__all__ = ["Signed", "banded", "from_datasketch", "linked", "to_datasketch"]

Hashes = npt.NDArray[np.uint64]

_BATCH = 1_000
_LOW = np.uint64(0xFFFFFFFF)
_ROUND_BITS = np.uint64(7)
_MAXIMA = {"datasketch affine64": np.uint64(2**64 - 1)}  # what a set of nothing has everywhere


class Signed(Protocol):
    """What `from_datasketch` takes: `MinHash` and `LeanMinHash` of datasketch have it."""

    @property
    def seed(self) -> int:
        """Selects the hash functions."""

    @property
    def hashvalues(self) -> npt.NDArray[Any]:
        """The signature."""


def to_datasketch(step: MinHash, docs: Iterable[Document]) -> list[tuple[str, Any]]:
    """Return id and ``datasketch.LeanMinHash`` of each document that has a signature.

    Their ``jaccard()`` estimates the similarity of the n-gram sets, ``MinHashLSH`` finds by bands
    what ours do, ``merge`` makes the signature of both texts' n-grams. Their ``seed`` is a hash
    of the settings of `step`: datasketch refuses to estimate across seeds, so signatures made with
    other settings, and datasketch's own, are not compared by mistake. ``MinHashLSH`` does not look
    at seeds: never put both into one.

    datasketch before 2.0 holds 32 bits a value; there values are cut to 32 bits (of two that differ
    one pair in about 100,000 becomes equal), which `from_datasketch` tells apart.

    Raises:
        MissingExtra: datasketch is not installed.

    >>> import pytest
    >>> _ = pytest.importorskip("datasketch")
    >>> text = "the quick brown fox jumps over the lazy dog and runs away"
    >>> docs = [Document("a", text), Document("b", text.title() + "!")]
    >>> (_, one), (_, other) = to_datasketch(MinHash(), docs)
    >>> one.jaccard(other)
    1.0
    """
    try:
        theirs = importlib.import_module("datasketch")
    except ImportError:
        raise MissingExtra("signatures for datasketch", "datasketch") from None
    families = hasattr(theirs.MinHash(num_perm=1), "scheme")  # since 2.0
    labels = {"scheme": "affine64"} if families else {}
    seed = _seed(step._whole_scheme)
    found: list[tuple[str, Any]] = []
    for batch in _batches(docs):
        kept, signs = step.signatures(batch)
        values = signs if families else _cut(signs)
        found.extend(
            (doc.id, theirs.LeanMinHash(seed=seed, hashvalues=row, **labels))
            for doc, row in zip(kept, values, strict=True)
        )
    return found


def _seed(scheme: Scheme) -> int:
    """Return 32 bits that stand for a scheme: what NumPy takes as a seed."""
    said = repr(sorted(scheme.items())).encode()
    return int.from_bytes(blake2b(said, digest_size=4).digest(), "little")


def _cut(signs: Hashes) -> Hashes:
    """Return `signs` in 32 bits, in the same order: 7 bits of the round, 25 of the value."""
    rounds: Hashes = np.minimum(signs >> np.uint64(32), np.uint64(2**7 - 1))
    return (rounds << (np.uint64(32) - _ROUND_BITS)) | ((signs & _LOW) >> _ROUND_BITS)


def _batches(docs: Iterable[Document]) -> Iterable[list[Document]]:
    batch: list[Document] = []
    for doc in docs:
        batch.append(doc)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def from_datasketch(signed: Iterable[tuple[str, Signed]], bands: int = 14, rows: int = 8) -> Sketch:
    """Return the signatures of datasketch's objects, by id, as a sketch that `linked` resolves.

    The scheme of the sketch names datasketch's hash family (``affine32``, ``affine64``, or
    ``legacy``: all before 2.0, which it does not say itself), seed and number of values: what
    differs in one of them cannot be compared. That the hash function given to datasketch and the
    n-grams were the same is for the caller to know. Signatures of nothing are left out.

    Args:
        signed: pairs of id and ``MinHash`` or ``LeanMinHash``; anything with ``seed`` and
            ``hashvalues``. Ids are unique.
        bands: bands to look at.
        rows: values in a band; of more than ``bands * rows`` values the first ones count.

    Raises:
        ConfigError: signatures of different families, seeds or lengths, or too short ones.

    >>> class Toy:
    ...     seed, scheme, hashvalues = 1, "affine32", np.arange(128, dtype=np.uint32)
    >>> linked([from_datasketch([("a", Toy()), ("b", Toy())])])
    (('a', 'b'),)
    """
    ids: list[str] = []
    found: list[npt.NDArray[Any]] = []
    scheme: Scheme | None = None
    for name, one in signed:
        own: Scheme = {
            "signature": f"datasketch {getattr(one, 'scheme', 'legacy')}",
            "seed": int(one.seed),
            "num_perm": len(one.hashvalues),
        }
        scheme = scheme or own
        compared("from_datasketch", scheme, own)
        ids.append(name)
        found.append(one.hashvalues)
    if scheme is None:
        return banded((), np.zeros((0, bands * rows), np.uint64), bands, rows, {})
    values = np.array(found, dtype=np.uint64)
    if values.shape[1] < bands * rows:
        raise ConfigError(
            f"from_datasketch: bands = {bands} and rows = {rows} need {bands * rows} values, the "
            f"signatures have num_perm = {values.shape[1]}"
        )
    some = np.flatnonzero((values != _MAXIMA.get(str(scheme["signature"]), _LOW)).any(axis=1))
    ids = [ids[n] for n in some.tolist()]
    return banded(ids, values[some, : bands * rows], bands, rows, scheme)


def banded(
    ids: Sequence[str], signs: npt.NDArray[Any], bands: int, rows: int, made: Scheme
) -> Sketch:
    """Return signatures from anywhere as a sketch that `linked` resolves.

    Args:
        ids: of the documents, each once.
        signs: shape (len(ids), bands * rows), unsigned integers.
        bands: bands to look at.
        rows: values in a band.
        made: how they were made: sketches are compared only where it is equal.

    Raises:
        ConfigError: the shape does not fit.
    """
    if bands < 1 or rows < 1 or signs.shape != (len(ids), bands * rows):
        raise ConfigError(
            f"banded: signs has shape {signs.shape}; {len(ids)} ids, bands = {bands} and rows = "
            f"{rows} need ({len(ids)}, {bands * rows})"
        )
    keys = band_keys(signs.astype(np.uint64), bands, rows)
    return keyed(ids, keys, {**made, "bands": bands, "rows": rows})


def keyed(ids: Sequence[str], keys: Hashes, scheme: Scheme) -> Sketch:
    """Return a sketch of documents of which the band keys are known, shape (len(ids), bands)."""
    names, raw = named(ids)
    order = [b""] * len(raw)  # ties go to the least id
    return Sketch(Keys(names, keys[:, :, None], scheme), Details(names, raw, order, None, scheme))


def linked(sketches: Iterable[Sketch]) -> Clusters:
    """Return the clusters of documents that share a band, directly or through others.

    Nothing is verified: chains of ever less similar documents are one cluster, as in datatrove and
    with ``MinHash(threshold=None)``. The first of a cluster is the one that its maker's sketch
    prefers, of imported signatures the least id. Memory is that of one band, and of all ids; keys
    are on disk.

    Raises:
        ConfigError: sketches that were made differently.
    """
    held: list[Details] = []

    def keys() -> Iterable[Keys]:
        for sketch in sketches:
            if len(sketch):
                held.append(sketch.details)
                yield sketch.keys

    with tempfile.TemporaryDirectory(prefix="webfilter-", ignore_cleanup_errors=True) as work:
        buckets = Buckets("linked", keys(), Path(work))
        found = Candidates(buckets, Path(work))
        for details in held:
            found.add(details)
        return found.clusters(None)
