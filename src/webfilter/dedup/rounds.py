"""Deduplication in two rounds: keys of all documents, then details of those that share a key.

`Deduplication` is what `ExactDedup` and `MinHash` have in common: which documents share a key, of
those which are duplicates, and which one stays. Resolved by hand, its sketches hold everything. In
a pipeline its `lean` form runs: the first round holds 8 bytes a document and 8 a band, on disk
(`buckets`); the second reads the spooled documents again, and takes ids, preferences and n-grams of
the candidates only (`candidates`), on disk too.
"""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from webfilter.dedup import prefer as preference
from webfilter.dedup.buckets import Buckets
from webfilter.dedup.candidates import Candidates
from webfilter.dedup.clusters import Clusters
from webfilter.dedup.marked import Duplicates
from webfilter.dedup.sketch import Details, Keys, Scheme, Sketch, compared, named
from webfilter.dedup.verify import Sets
from webfilter.document import Document
from webfilter.stage import CorpusStage, Stage
from webfilter.text.points import mix

__all__ = ["Deduplication"]

_BATCH = 1_000

Hashes = npt.NDArray[np.uint64]


class Deduplication(CorpusStage[Sketch]):
    """Drops all but the preferred document of each cluster. Subclasses say what makes a cluster."""

    marks: ClassVar[type[Duplicates]] = Duplicates
    """What it resolves into."""
    commutes: ClassVar[bool] = True
    beside: ClassVar[tuple[str, ...]] = preference.BESIDE

    prefer: str | tuple[str, ...]
    scope: str | tuple[str, ...]

    @property
    @abstractmethod
    def scheme(self) -> Scheme:
        """What two sketches must have in common to be compared."""

    @abstractmethod
    def keyed(self, batch: Sequence[Document]) -> tuple[list[Document], Hashes]:
        """Return the documents of `batch` that have a key, and the keys: see `Keys.keys`."""

    def sets(self, docs: Sequence[Document]) -> Sets | None:
        """Return what tells how similar candidates are; None where sharing a key is enough."""
        return None

    @property
    def least(self) -> float | None:
        """The similarity from which two candidates are duplicates; None: any."""
        return None

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that `prefer` and `scope` name."""
        return preference.signals((*self.prefer, *self.scope))

    @property
    def lean(self) -> CorpusStage[Any]:
        """The first of two rounds: see the module."""
        return _First(self)

    def clusters(self, docs: Sequence[Document]) -> Clusters:
        """Return the clusters among `docs`, whatever their verdicts: for notebooks and tests.

        The same that a pipeline finds, which need not hold all documents at once.
        """
        found: Stage | CorpusStage[Any] = self.lean
        with tempfile.TemporaryDirectory(prefix="webfilter-", ignore_cleanup_errors=True) as work:
            while isinstance(found, CorpusStage):
                parts = (docs[at : at + _BATCH] for at in range(0, len(docs), _BATCH))
                found = found.resolve_in(map(found.sketch, parts), Path(work))
        assert isinstance(found, Duplicates)
        return found.clusters

    def sketch(self, batch: Sequence[Document]) -> Sketch:
        """Return keys and details of `batch`."""
        docs, keys = self._keys(batch)
        return Sketch(keys, self.details(docs))

    def resolve(self, sketches: Iterable[Sketch]) -> Stage:
        """Return the stage that drops all but the preferred document of each cluster.

        Raises:
            ConfigError: sketches that were made differently, or by another stage.
        """
        held = list(sketches)
        with tempfile.TemporaryDirectory(prefix="webfilter-", ignore_cleanup_errors=True) as work:
            for sketch in held:
                compared(self.name, self._whole_scheme, sketch.keys.scheme)
            buckets = Buckets(self.name, (sketch.keys for sketch in held), Path(work))
            found = Candidates(buckets, Path(work))
            for sketch in held:
                found.add(sketch.details)
            return self.marks(found.clusters(self.least))

    def details(self, docs: Sequence[Document]) -> Details:
        """Return the details of `docs`."""
        names, ids = named([doc.id for doc in docs])
        order = preference.places(docs, tuple(self.prefer))
        return Details(names, ids, order, self.sets(docs), self._whole_scheme)

    def _keys(self, batch: Sequence[Document]) -> tuple[list[Document], Keys]:
        docs, keys = self.keyed(batch)
        if self.scope and docs:
            keys = _scoped(keys, docs, tuple(self.scope))
        names, _ = named([doc.id for doc in docs])
        return docs, Keys(names, keys, self._whole_scheme)

    @property
    def _whole_scheme(self) -> Scheme:
        return {"stage": self.name, **self.scheme, "scope": ", ".join(self.scope)}


def _scoped(keys: Hashes, docs: Sequence[Document], scope: tuple[str, ...]) -> Hashes:
    """Return `keys` such that they are equal only within a scope; zeros stay zeros."""
    raw = [repr(value).encode("utf-8", "surrogatepass") for value in _values(docs, scope)]
    digests = b"".join(blake2b(value, digest_size=8).digest() for value in raw)
    scopes = np.frombuffer(digests, dtype="<u8").astype(np.uint64)
    mixed = mix(keys ^ scopes[:, None, None])
    return np.where((keys != 0).any(axis=2, keepdims=True), mixed, keys)


def _values(docs: Sequence[Document], scope: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return list(zip(*(preference.values(docs, key) for key in scope), strict=True))


@dataclass(frozen=True)
class _First(CorpusStage[Keys]):
    """Sketches the keys of all documents."""

    step: Any

    def sketch(self, batch: Sequence[Document]) -> Keys:
        keys: Keys = self.step._keys(batch)[1]
        return keys

    def resolve(self, sketches: Iterable[Keys]) -> Stage:
        raise NotImplementedError("it has two rounds: use resolve_in")

    def resolve_in(self, sketches: Iterable[Keys], folder: Path) -> CorpusStage[Any]:
        return _Second(self.step, Buckets(self.step.name, sketches, folder))


@dataclass(frozen=True)
class _Second(CorpusStage[Details]):
    """Sketches the details of candidates."""

    step: Any
    buckets: Any

    def sketch(self, batch: Sequence[Document]) -> Details:
        names, _ = named([doc.id for doc in batch])
        chosen = np.flatnonzero(self.buckets.among(names)).tolist()
        details: Details = self.step.details([batch[row] for row in chosen])
        return details

    def resolve(self, sketches: Iterable[Details]) -> Stage:
        raise NotImplementedError("it needs the folder of the first round: use resolve_in")

    def resolve_in(self, sketches: Iterable[Details], folder: Path) -> Stage:
        found = Candidates(self.buckets, folder)
        for details in sketches:
            found.add(details)
        marked: Stage = self.step.marks(found.clusters(self.step.least))
        return marked
