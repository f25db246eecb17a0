"""Near-duplicates: documents that share most of their n-grams, by MinHash, banding and a check."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from webfilter.dedup import prefer as preference
from webfilter.dedup.marked import Duplicates, cluster_signals
from webfilter.dedup.pieces import pieces
from webfilter.dedup.rounds import Deduplication
from webfilter.dedup.signature import band_keys, shingles, signatures
from webfilter.dedup.sketch import Scheme
from webfilter.dedup.verify import Sets
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.profiles import Profile, Profiled
from webfilter.stage import Signal

__all__ = ["MinHash", "NearDuplicates"]

_BANDS = 28
_SURE = 0.9995  # chance that a pair at the threshold is a candidate, where rows are ours to choose
_MOST_ROWS = 16

Hashes = npt.NDArray[np.uint64]

_SIGNALS = cluster_signals("duplicate_cluster", "near-duplicates of the document")

_WORDS = "webfilter's words; see MinHash"


def _reference(
    source: str, bands: int, rows: int, deviations: str = "", **settings: int | str
) -> Profile:
    return Profile(
        source=source,
        words=_WORDS,
        order="documents that share a band are linked, transitively; nothing is verified",
        deviations=deviations
        or "another hash family, so signatures cannot be compared with it; the preferred copy "
        "stays, there the first",
        settings={"bands": bands, "rows": rows, "threshold": None, **settings},
    )


PROFILES: Mapping[str, Profile] = {
    "webfilter": Profile(
        source="ours: the default; bands that are loose, and exact n-gram Jaccard decides",
        words=_WORDS,
        order="in order of preference, a document is dropped for a better one that stays",
    ),
    "datatrove": _reference("datatrove's and FineWeb's MinHash (Penedo et al. 2024)", 14, 8),
    "refinedweb": _reference(
        "RefinedWeb (Penedo et al. 2023)", 450, 20, "it takes 5-grams of GPT-2 tokens, not words"
    ),
    "nemo-curator": _reference(
        "NeMo Curator's fuzzy deduplication (its defaults in 1.4)",
        20,
        13,
        "it takes characters of the text as it stands: capitals, accents, punctuation and blanks; "
        "texts of fewer than 24 are compared whole there, and here have no signature",
        unit="character",
        ngram=24,
    ),
    "redpajama-v2": _reference(
        "RedPajama-V2's signatures at .7 (Weber et al. 2024)",
        14,
        9,
        "it deletes ASCII punctuation, and words end at blanks; at .8 it has bands=9, rows=13",
        ngram=13,
    ),
}


@dataclass(frozen=True)
class NearDuplicates(Duplicates):
    """Drops all but the preferred document of each cluster that `MinHash` found."""

    name: ClassVar[str] = "minhash"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    reason: ClassVar[str] = "near_duplicate"


@dataclass(frozen=True, repr=False)
class MinHash(Profiled, Deduplication):
    """Drop near-duplicates: documents whose sets of n-grams overlap (Broder 1997).

    A signature of ``bands * rows`` values stands for the n-gram set of a document; those that agree
    in all rows of any band are candidates, which at Jaccard similarity s happens with probability
    ``1 - (1 - s**rows)**bands`` (`match_probability`). Candidates are compared by all their
    n-grams. In order of preference, a document is dropped where a better one that stays is at
    least as similar as `threshold`: so each dropped document really is that similar to the one its
    verdict names, and chains of ever less similar documents are cut. With ``threshold=None``
    candidates are linked without a look, transitively, as datatrove and others do
    (``MinHash.profile("datatrove")``; see `profiles`).

    Words are those of datatrove's MinHash up to its tokenizer: lower case, numbers as ``0``, every
    character that is not a letter, mark or number a separator, accents removed. Deviations: words
    end at separators (spaCy also splits "cannot"); all symbols separate, not a list of punctuation;
    "1,234,567" is one number; characters of formatting (soft hyphens) are removed; every character
    of Han, kana, Thai, Lao, Khmer and Myanmar script is a word; the signature is a fast similarity
    sketch (see `signature`). Signatures are therefore not comparable with other systems'.

    A document of fewer than `ngram` words has no signature and is never dropped. Short documents
    and chunks of a paragraph or two change a large share of their n-grams with every edit: expect
    few matches there.

    In a pipeline it holds 8 bytes a band and 8 more of every document, on disk (232 with the
    defaults, 120 with 14 bands), and of the candidates ids and n-grams; in memory one band at a
    time. Documents are read twice, from the pipeline's spool.

    Raises:
        ConfigError: a number out of its range, or an impossible `prefer` or `scope`.

    >>> near = MinHash()
    >>> text = "the quick brown fox jumps over the lazy dog and runs away"
    >>> docs = [Document("a", text), Document("b", text.title() + "!"), Document("c", "no")]
    >>> near.clusters(docs)
    (('b', 'a'),)
    >>> near.resolve([near.sketch(docs[:1]), near.sketch(docs[1:])]).clusters
    (('b', 'a'),)
    >>> round(MinHash.profile("datatrove").match_probability(0.8), 3)
    0.924
    """

    name: ClassVar[str] = "minhash"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    marks: ClassVar[type[Duplicates]] = NearDuplicates
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES

    ngram: int = 5
    """Words (or characters) in a shingle, at least 1."""
    bands: int | None = None
    """Bands of the signature, at least 1: more of them find more. None: 28 with a `threshold`, 14
    without."""
    rows: int | None = None
    """Values in a band, at least 1: more of them demand more similarity. None: with a `threshold`
    as many as leave a pair at the threshold a chance of .9995 or more to be compared (4 at .75);
    8 without."""
    seed: int = 1
    """Selects the hash functions."""
    prefer: str | tuple[str, ...] = ("-length", "url", "id")
    """Which document of a cluster stays: keys in order, ``-`` for largest first, None last, ties
    by id. Signals measured earlier, or ``length``, ``url``, ``host``, ``id``, ``date``
    (``meta["date"]``), ``meta.NAME`` (``"meta.source, meta.offset"``: the first in WARC files).
    A str is split at commas: ``"-educational, -words, url"``."""
    threshold: float | None = 0.75
    """Least Jaccard similarity of the n-gram sets of duplicates, 0 to 1; exact, but for collisions
    of 32-bit hashes. None: sharing a band is enough."""
    scope: str | tuple[str, ...] = ()
    """Only documents that agree in these keys are compared, such as ``"host"``, ``"language"``,
    ``"meta.crawl"``; those of which a key is undefined are a scope of their own. Empty: all."""
    unit: Literal["word", "character"] = "word"
    """What `ngram` counts. Characters are those of the words, with one space where something
    separates them: 20 or more are usual."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("ngram", "bands", "rows"):
            value = getattr(self, field)
            if value is not None and value < 1:
                raise ConfigError(f"{self.name}: {field} = {value!r} must be at least 1")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ConfigError(
                f"{self.name}: threshold = {self.threshold!r} must be between 0 and 1, or None"
            )
        object.__setattr__(self, "prefer", preference.keys(self.prefer, self.name))
        object.__setattr__(self, "scope", preference.keys(self.scope, self.name, "scope"))

    def __repr__(self) -> str:
        bands, rows = self.layout
        given = [
            f"{f.name}={getattr(self, f.name)!r}"
            for f in fields(self)
            if getattr(self, f.name) != f.default
        ]
        curve = ", ".join(f"{s:.2g}: {self.match_probability(s):.3f}" for s in _CURVE)
        return f"MinHash({', '.join(given)}) <{bands} bands of {rows}; compares {curve}>"

    @property
    def layout(self) -> tuple[int, int]:
        """Number of bands, and of rows in each."""
        if self.threshold is None:
            return self.bands or 14, self.rows or 8
        bands = self.bands or _BANDS
        return bands, self.rows or _rows(bands, self.threshold)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of Unicode whose case pairs and categories fold the words."""
        return {"unicode": unicodedata.unidata_version}

    @property
    def scheme(self) -> Scheme:
        """How signatures are made, and with what."""
        bands, rows = self.layout
        return {
            "signature": "fast similarity sketch 2",
            "tokenizer": "webfilter words 1",
            "unit": self.unit,
            "ngram": self.ngram,
            "seed": self.seed,
            "bands": bands,
            "rows": rows,
            **self.artifacts,
        }

    @property
    def least(self) -> float | None:
        """The threshold."""
        return self.threshold

    def match_probability(self, similarity: float) -> float:
        """Return the probability that two documents of this Jaccard similarity share a band.

        Raises:
            ValueError: `similarity` is not between 0 and 1.
        """
        if not 0 <= similarity <= 1:
            raise ValueError(f"similarity must be between 0 and 1, not {similarity!r}")
        bands, rows = self.layout
        return float(1 - (1 - similarity**rows) ** bands)

    def signatures(self, batch: Sequence[Document]) -> tuple[list[Document], Hashes]:
        """Return the documents of `batch` that have a signature, and those.

        Shape (documents, bands * rows). The share of values in which two signatures agree
        estimates the Jaccard similarity of the n-gram sets.
        """
        bands, rows = self.layout
        kept: list[Document] = []
        found: list[Hashes] = [np.zeros((0, bands * rows), np.uint64)]
        for docs in pieces(batch):
            hashes, offsets = self._shingles(docs)
            filled = np.flatnonzero(np.diff(offsets))
            kept.extend(docs[place] for place in filled.tolist())
            offsets = np.concatenate((offsets[filled], offsets[-1:]))
            found.append(signatures(hashes, offsets, bands * rows))
        return kept, np.concatenate(found)

    def keyed(self, batch: Sequence[Document]) -> tuple[list[Document], Hashes]:
        """Return the documents that have a signature, and its bands as 64-bit hashes."""
        docs, signs = self.signatures(batch)
        return docs, band_keys(signs, *self.layout)[:, :, None]

    def sets(self, docs: Sequence[Document]) -> Sets | None:
        """Return the sets of n-grams of `docs`; None without a threshold."""
        if self.threshold is None:
            return None
        return Sets.join([Sets.of(*self._shingles(piece)) for piece in pieces(docs)])

    def _shingles(self, docs: Sequence[Document]) -> tuple[Hashes, npt.NDArray[np.intp]]:
        return shingles([doc.text for doc in docs], self.ngram, self.seed, self.unit)


_CURVE = (0.5, 0.6, 0.7, 0.75, 0.8, 0.9)


def _rows(bands: int, threshold: float) -> int:
    """Return the most rows that leave a pair at `threshold` a chance of `_SURE` or more."""
    fitting = (
        rows for rows in range(_MOST_ROWS, 1, -1) if 1 - (1 - threshold**rows) ** bands >= _SURE
    )
    return next(fitting, 1)
