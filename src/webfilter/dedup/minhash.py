"""Near-duplicates: documents that share most of their word n-grams, by MinHash and banding."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from webfilter.dedup import prefer as preference
from webfilter.dedup.components import Sketch, Test, clusters
from webfilter.dedup.marked import Duplicates, cluster_signals
from webfilter.dedup.signature import band_keys, shingles, signatures
from webfilter.dedup.verify import Sets, jaccard
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.stage import CorpusStage, Signal

__all__ = ["MinHash", "NearDuplicates"]

_AT_ONCE = 250_000  # characters hashed at once: what fits a processor's cache, measured

_SIGNALS = cluster_signals("duplicate_cluster", "near-duplicates of the document")


@dataclass(frozen=True)
class NearDuplicates(Duplicates):
    """Drops all but the preferred document of each cluster that `MinHash` found."""

    name: ClassVar[str] = "minhash"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    reason: ClassVar[str] = "near_duplicate"


@dataclass(frozen=True)
class MinHash(CorpusStage[Sketch]):
    """Drop near-duplicates: documents whose sets of word n-grams overlap (Broder 1997).

    A signature of ``bands * rows`` values estimates the Jaccard similarity of the n-gram sets;
    documents that agree in all rows of any band become one cluster, transitively. At similarity s
    that happens with probability ``1 - (1 - s**rows)**bands`` (`match_probability`); the defaults,
    those of datatrove and FineWeb, give .56, .77, .92, .99 at .70, .75, .80, .85. With `threshold`,
    candidates are compared before they are linked.

    Words are those of datatrove's MinHash up to its tokenizer: lower case, numbers as ``0``, every
    character that is not a letter, mark or number a separator, accents removed. Deviations: words
    end at separators (spaCy also splits "cannot"); all symbols separate, not a list of punctuation;
    "1,234,567" is one number; every character of Han, kana, Thai, Lao, Khmer and Myanmar script is
    a word; the signature is a fast similarity sketch (see `signature`). Signatures are therefore
    not comparable with other systems'.

    A document of fewer than `ngram` words has no signature and is never dropped. Short documents
    and chunks of a paragraph or two change a large share of their n-grams with every edit: expect
    few matches there.

    Raises:
        ConfigError: a number out of its range, or an impossible `prefer`.

    >>> near = MinHash()
    >>> text = "the quick brown fox jumps over the lazy dog and runs away"
    >>> docs = [Document("a", text), Document("b", text.title() + "!"), Document("c", "no")]
    >>> near.resolve([near.sketch(docs[:1]), near.sketch(docs[1:])]).clusters
    (('b', 'a'),)
    >>> round(near.match_probability(0.8), 3)
    0.924
    """

    name: ClassVar[str] = "minhash"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    commutes: ClassVar[bool] = True

    ngram: int = 5
    """Words in a shingle, at least 1."""
    bands: int = 14
    """Bands of the signature, at least 1: more of them find more."""
    rows: int = 8
    """Values in a band, at least 1: more of them demand more similarity."""
    seed: int = 1
    """Selects the hash functions."""
    prefer: str | tuple[str, ...] = ("-length", "url", "id")
    """Which document of a cluster stays: keys in order, ``-`` for largest first, None last, ties
    by id. Signals measured earlier, or ``length``, ``url``, ``id``, ``date`` (``meta["date"]``).
    A str is split at commas: ``"-educational, -words, url"``."""
    threshold: float | None = None
    """Least Jaccard similarity of the n-gram sets, 0 to 1, that a pair sharing a band must have to
    be linked. None: sharing a band is enough. Costs up to 4 KB a document until resolved; exact
    below 1,024 distinct n-grams, estimated beyond (`verify`)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("ngram", "bands", "rows"):
            value = getattr(self, field)
            if value < 1:
                raise ConfigError(f"{self.name}: {field} = {value!r} must be at least 1")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ConfigError(
                f"{self.name}: threshold = {self.threshold!r} must be between 0 and 1, or None"
            )
        object.__setattr__(self, "prefer", preference.keys(self.prefer, self.name))

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that `prefer` names."""
        return preference.signals(tuple(self.prefer))

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of Unicode whose case pairs and categories fold the words."""
        return {"unicode": unicodedata.unidata_version}

    def match_probability(self, similarity: float) -> float:
        """Return the probability that two documents of this Jaccard similarity share a band.

        Raises:
            ValueError: `similarity` is not between 0 and 1.
        """
        if not 0 <= similarity <= 1:
            raise ValueError(f"similarity must be between 0 and 1, not {similarity!r}")
        return float(1 - (1 - similarity**self.rows) ** self.bands)

    def sketch(self, batch: Sequence[Document]) -> Sketch:
        """Return the band keys of `batch`: 112 bytes a document, beside id and preference."""
        kept: list[Document] = []
        found: list[np.ndarray] = [np.zeros((0, self.bands, 1), np.uint64)]
        sets = [Sets(np.zeros(0, np.uint32), np.zeros(1, np.intp))]
        for docs in _pieces(batch):
            hashes, offsets = shingles([doc.text for doc in docs], self.ngram, self.seed)
            filled = np.flatnonzero(np.diff(offsets))
            kept.extend(docs[place] for place in filled)
            offsets = np.concatenate((offsets[filled], offsets[-1:]))
            signs = signatures(hashes, offsets, self.bands * self.rows)
            found.append(band_keys(signs, self.bands, self.rows)[:, :, None])
            if self.threshold is not None:
                sets.append(Sets.of(hashes, offsets))
        return Sketch(
            ids=[doc.id for doc in kept],
            keys=np.concatenate(found),
            order=tuple(preference.values(kept, key) for key in self.prefer),
            sets=Sets.join(sets) if self.threshold is not None else None,
        )

    def resolve(self, sketches: Iterable[Sketch]) -> NearDuplicates:
        """Return the stage that drops all but the preferred document of each cluster."""
        test = None if self.threshold is None else partial(_similar, self.threshold)
        return NearDuplicates(clusters(sketches, tuple(self.prefer), test))


def _similar(threshold: float, sets: Sets) -> Test:
    return lambda left, right: jaccard(sets, left, right) >= threshold


def _pieces(batch: Sequence[Document]) -> Iterator[list[Document]]:
    """Split `batch` into pieces of about `_AT_ONCE` characters."""
    piece: list[Document] = []
    size = 0
    for doc in batch:
        piece.append(doc)
        size += len(doc.text)
        if size >= _AT_ONCE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
