"""Exact duplicates: documents with the same text, address or field, the first two normalized."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from webfilter.composed import composed
from webfilter.dedup import prefer as preference
from webfilter.dedup.address import normalized_url
from webfilter.dedup.marked import Duplicates, cluster_signals
from webfilter.dedup.rounds import Deduplication
from webfilter.dedup.sketch import Scheme
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.stage import Signal

__all__ = ["ExactDedup", "ExactDuplicates", "normalized_text"]

Hashes = npt.NDArray[np.uint64]

_SIGNALS = cluster_signals("exact_duplicate_cluster", "exact duplicates of the document")
_INVISIBLE = ("\u00ad", "\u200b", "\ufeff")  # soft hyphen, zero-width space, byte order mark


def normalized_text(text: str) -> str:
    """Return what makes two texts exact duplicates: NFC, case folded, white space collapsed.

    Soft hyphens, zero-width spaces and byte order marks go; punctuation and accents stay.

    >>> normalized_text("Water  BOILS\\u00a0at 100 °C.\\n")
    'water boils at 100 °c.'
    """
    if text.isascii():
        return " ".join(text.lower().split())
    for char in _INVISIBLE:
        text = text.replace(char, "")
    folded = composed(composed(text).casefold())
    return " ".join(folded.split())


def _url(doc: Document) -> str:
    return normalized_url(doc.url) if doc.url is not None else ""


def _text(doc: Document) -> str:
    return normalized_text(doc.text)


_KEYS: dict[str, Callable[[Document], str]] = {"text": _text, "url": _url}


def _key(doc: Document, kind: str) -> str:
    """Return what `doc` has in common with its duplicates of that kind; empty: it has no key."""
    if kind in _KEYS:
        return _KEYS[kind](doc)
    [value] = preference.values([doc], kind)
    return "" if value is None or value == "" else repr(value)


def _is_kind(name: object) -> bool:
    field = isinstance(name, str) and name.startswith(preference.META) and name != preference.META
    return name in ("text", "url") or field


@dataclass(frozen=True)
class ExactDuplicates(Duplicates):
    """Drops all but the preferred document of each cluster that `ExactDedup` found."""

    name: ClassVar[str] = "exact_dedup"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS


@dataclass(frozen=True)
class ExactDedup(Deduplication):
    """Drop exact duplicates: the same text, or the same URL, after normalization.

    Texts are compared by `normalized_text`, URLs by `webfilter.dedup.address.normalized_url`,
    fields of the source as they are; all as 128-bit BLAKE2 hashes. With ``by=("text", "url")``
    agreeing in either is enough, and that is transitive. A document without text, without a URL, or
    without the field, has no key of that kind and is not dropped for it.

    Before `Extract` a page has no text yet: ``by="meta.payload_digest"`` finds the WARC records
    whose writer said that they hold the same page.

    Raises:
        ConfigError: `by` is empty or no kind of key, or an impossible `prefer`.

    >>> exact = ExactDedup(prefer="-educational, id")
    >>> docs = [
    ...     Document("a", "Same text.", signals={"educational": 1.5}),
    ...     Document("b", "same  text.", signals={"educational": 3.0}),
    ... ]
    >>> stage = exact.resolve([exact.sketch(docs)])
    >>> [str(doc.verdict) for doc in stage.process(docs)]
    ['exact_dedup: duplicate (of b)', 'None']
    """

    name: ClassVar[str] = "exact_dedup"
    measures: ClassVar[tuple[Signal, ...]] = _SIGNALS
    marks: ClassVar[type[Duplicates]] = ExactDuplicates

    by: str | tuple[str, ...] = ("text",)
    """What must agree: ``"text"``, ``"url"``, ``"meta.NAME"`` (a field of the source that holds a
    number, a text or a date), or a tuple of several, where any is enough."""
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
        kinds = (self.by,) if isinstance(self.by, str) else self.by
        if not kinds or not all(map(_is_kind, kinds)):
            raise ConfigError(
                f"{self.name}: by = {self.by!r}; it takes 'text', 'url', 'meta.NAME', or several"
            )
        object.__setattr__(self, "by", tuple(sorted(set(kinds))))
        object.__setattr__(self, "prefer", preference.keys(self.prefer, self.name))
        object.__setattr__(self, "scope", preference.keys(self.scope, self.name, "scope"))

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of Unicode that folds case and composes characters."""
        return {"unicode": unicodedata.unidata_version}

    @property
    def scheme(self) -> Scheme:
        """What is compared, and under which version of Unicode."""
        return {"by": ", ".join(self.by), **self.artifacts}

    def keyed(self, batch: Sequence[Document]) -> tuple[list[Document], Hashes]:
        """Return the documents that have a key of any kind, and 128-bit hashes of all kinds."""
        kept: list[Document] = []
        raw = bytearray()
        for doc in batch:
            texts = [_key(doc, kind) for kind in self.by]
            if any(texts):
                kept.append(doc)
                for text in texts:
                    raw += _hash(text) if text else bytes(16)
        keys = np.frombuffer(bytes(raw), dtype="<u8").astype(np.uint64)
        return kept, keys.reshape(len(kept), len(self.by), 2)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
