"""Near-duplicate passages: short texts whose TF-IDF vectors point in nearly the same direction."""

from __future__ import annotations

import math
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from webfilter.dedup import prefer as preference
from webfilter.dedup.buckets import Buckets
from webfilter.dedup.candidates import Candidates
from webfilter.dedup.clusters import Clusters
from webfilter.dedup.columns import forget
from webfilter.dedup.marked import Duplicates, cluster_signals
from webfilter.dedup.shelf import PassageSketch, Shelf
from webfilter.dedup.sketch import Details, Keys, Scheme, compared, named
from webfilter.dedup.stars import Test
from webfilter.dedup.terms import Bags, Frequencies, Vocabulary
from webfilter.dedup.tfidf import VectorColumns, Vectors, cosine, weighted_keys
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.stage import CorpusStage, Signal, Stage
from webfilter.text.points import mix

__all__ = ["PassageDedup", "PassageDuplicates"]

_SURE = 0.9995  # chance that a pair at the threshold is compared
_MOST_ROWS, _LEAST_ROWS = 4, 2
_MOST_BANDS = 64  # beyond it, rather fewer rows
_LEAST_BANDS = 20  # leaves something to pairs that repeat words unequally often
_LEAST = 0.5
_PAIRS = 1 << 17  # compared until the pages of their vectors are let go of
_BATCH = 1_000  # documents, where all are at hand

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]

_SIGNALS = cluster_signals("passage_cluster", "near-duplicate passages of the document")


@dataclass(frozen=True)
class PassageDuplicates(Duplicates):
    """Drops all but the preferred document of each cluster that `PassageDedup` found."""

    name: ClassVar[str] = "passage_dedup"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    reason: ClassVar[str] = "near_duplicate"


@dataclass(frozen=True)
class PassageDedup(CorpusStage[PassageSketch]):
    """Drop near-duplicates among short texts: paragraphs, chunks, questions, titles.

    Two texts are duplicates from a TF-IDF cosine of `threshold`. One edit changes five word 5-grams
    of the fifty or so that a paragraph has, so `MinHash` misses most lightly edited copies at that
    length; the cosine hardly moves, and less so where common words were changed than where rare
    ones were, which tell texts apart.

    The weight of a word is ``(1 + ln(count)) * (ln((1 + texts) / (1 + texts with it)) + 1)``, that
    of scikit-learn's ``TfidfVectorizer(sublinear_tf=True)``, over all documents that reach the
    stage and have a word (whatever their scope). Words are those of `MinHash`: lower case, no
    accents, every number ``0``, every character of Han and kana a word; of Thai, Lao, Khmer and
    Myanmar script, any three letters in a row, as single ones are in every text. So texts that
    differ in nothing but numbers, punctuation or the order of words are duplicates: do not use it
    where those are the point (tables of figures, exercises in arithmetic).

    Candidates share a band of a MinHash weighted by rareness (`webfilter.dedup.tfidf`), and the
    exact cosine decides. In order of preference, a document is dropped where a better one that
    stays is at least as similar as `threshold`. At the threshold a pair is compared with a chance
    of .9995 or more if no word stands oftener in one text than in the other. How often a word
    stands in a text enters the cosine only: of pairs alike by a few words that both repeat many
    times, some may be missed.

    A text of one word duplicates the same word; one without words (empty, symbols only) is never
    dropped. Longer texts can be given, but what is alike in vocabulary need not be a copy there.

    It reads documents once. On disk it holds 6 bytes a distinct word, 8 a band, and id and
    preference of each document: about 1 KB for a paragraph. In memory one band, the documents
    that are candidates (bytes each; their words stay on disk), and a part of the vocabulary.

    Raises:
        ConfigError: a `threshold` below .5 or above 1, or an impossible `prefer` or `scope`.

    >>> near = PassageDedup()
    >>> docs = [
    ...     Document("a", "Plants make sugar from light, and with it they grow."),
    ...     Document("b", "Plants make their sugar from light and with it they grow"),
    ...     Document("c", "Nothing here is like the rest."),
    ... ]
    >>> near.clusters(docs)
    (('b', 'a'),)
    """

    name: ClassVar[str] = "passage_dedup"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    beside: ClassVar[tuple[str, ...]] = preference.BESIDE
    commutes: ClassVar[bool] = False  # what was dropped before changes which words are rare

    threshold: float = 0.8
    """Least TF-IDF cosine of duplicates, .5 to 1; exact to nine digits, but for collisions of
    32-bit hashes of words. Lower ones take more bands: 20 at .9, 42 at .8, 61 at .7."""
    prefer: str | tuple[str, ...] = ("-length", "url", "id")
    """Which document of a cluster stays: keys in order, ``-`` for largest first, None last, ties
    by id. Signals measured earlier, or ``length``, ``url``, ``host``, ``id``, ``date``
    (``meta["date"]``), ``meta.NAME`` (``"meta.source, meta.offset"``: the first in WARC files).
    A str is split at commas: ``"-educational, -words, url"``."""
    scope: str | tuple[str, ...] = ()
    """Only documents that agree in these keys are compared, such as ``"host"``, ``"language"``,
    ``"meta.crawl"``; those of which a key is undefined are a scope of their own. Empty: all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _LEAST <= self.threshold <= 1:
            raise ConfigError(
                f"{self.name}: threshold = {self.threshold!r} must be between {_LEAST} and 1; "
                "copies of a passage have a TF-IDF cosine of about 0.8 or more"
            )
        object.__setattr__(self, "prefer", preference.keys(self.prefer, self.name))
        object.__setattr__(self, "scope", preference.keys(self.scope, self.name, "scope"))

    @property
    def layout(self) -> tuple[int, int]:
        """Number of bands, and of rows in each."""
        for rows in range(_MOST_ROWS, _LEAST_ROWS, -1):
            if (bands := _bands(rows, self.threshold)) <= _MOST_BANDS:
                return bands, rows
        return _bands(_LEAST_ROWS, self.threshold), _LEAST_ROWS

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that `prefer` and `scope` name."""
        return preference.signals((*self.prefer, *self.scope))

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of Unicode whose case pairs and categories fold the words."""
        return {"unicode": unicodedata.unidata_version}

    @property
    def scheme(self) -> Scheme:
        """What two sketches must have in common to be compared."""
        return {
            "stage": self.name,
            "tokenizer": "webfilter words 1",
            "scope": ", ".join(self.scope),
            **self.artifacts,
        }

    def clusters(self, docs: Sequence[Document]) -> Clusters:
        """Return the clusters among `docs`, whatever their verdicts: for notebooks and tests."""
        parts = (docs[at : at + _BATCH] for at in range(0, len(docs), _BATCH))
        stage = self.resolve(map(self.sketch, parts))
        assert isinstance(stage, PassageDuplicates)
        return stage.clusters

    def sketch(self, batch: Sequence[Document]) -> PassageSketch:
        """Return the words of `batch`, and what says which of them stay."""
        bags = Bags.of([doc.text for doc in batch])
        rows = np.flatnonzero(bags.sizes)
        docs = [batch[row] for row in rows.tolist()]
        names, ids = named([doc.id for doc in docs])
        order = preference.places(docs, tuple(self.prefer))
        details = Details(names, ids, order, None, self.scheme)
        return PassageSketch(details, bags.take(rows), _scopes(docs, tuple(self.scope)))

    def resolve(self, sketches: Iterable[PassageSketch]) -> Stage:
        """Return the stage that drops all but the preferred document of each cluster.

        Raises:
            ConfigError: sketches that were made differently, or by another stage.
        """
        with tempfile.TemporaryDirectory(prefix="webfilter-", ignore_cleanup_errors=True) as work:
            return self.resolve_in(sketches, Path(work))

    def resolve_in(self, sketches: Iterable[PassageSketch], folder: Path) -> Stage:
        """Resolve with all that is held of the documents in `folder`."""
        shelf, counted = Shelf(self.scheme, folder), Frequencies(folder)
        for sketch in sketches:
            compared(self.name, self.scheme, sketch.details.scheme)
            shelf.add(sketch)
            counted.add(sketch.bags)
        vocabulary = counted.vocabulary()
        keys = (self._keys(some, vocabulary) for some in shelf.chunks())
        buckets = Buckets(self.name, keys, folder)
        found = Candidates(buckets, folder)
        columns = VectorColumns(folder)
        for some in shelf.chunks():
            rows = np.flatnonzero(buckets.among(some.details.names))
            found.add(some.details.take(rows))
            columns.add(Vectors.of(some.bags.take(rows), vocabulary))
        return PassageDuplicates(found.clusters(self.threshold, _compared(columns.vectors())))

    def _keys(self, some: PassageSketch, vocabulary: Vocabulary) -> Keys:
        keys = weighted_keys(some.bags, vocabulary, *self.layout)
        if self.scope:
            keys = mix(keys ^ some.scopes[:, None])
        return Keys(some.details.names, keys[:, :, None], self.scheme)


def _compared(vectors: Vectors) -> Test:
    """Return what compares candidates, and lets go of the pages of their vectors in time."""
    compared = 0

    def similar(left: Places, right: Places) -> npt.NDArray[np.float64]:
        nonlocal compared
        compared += len(left)
        if compared > _PAIRS:
            forget(vectors.terms)
            forget(vectors.weights)
            compared = len(left)
        return cosine(vectors, left, right)

    return similar


def _bands(rows: int, threshold: float) -> int:
    """Return how many bands leave a pair at `threshold` a chance of `_SURE` or more."""
    similarity = threshold**2  # the least weighted Jaccard similarity: see tfidf
    missed = 1 - similarity**rows
    needed = math.ceil(math.log(1 - _SURE) / math.log(missed)) if missed else 1
    return max(needed, _LEAST_BANDS)


def _scopes(docs: Sequence[Document], scope: tuple[str, ...]) -> Hashes:
    """Return a hash of what each document has under the keys `scope`."""
    if not scope:
        return np.zeros(len(docs), np.uint64)
    rows = zip(*(preference.values(docs, key) for key in scope), strict=True)
    raw = [repr(row).encode("utf-8", "surrogatepass") for row in rows]
    digests = b"".join(blake2b(value, digest_size=8).digest() for value in raw)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)
