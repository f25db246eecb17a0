"""Exact duplicates in an endless stream: has this text, or this address, come before?"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from webfilter.dedup.address import normalized_url
from webfilter.dedup.bloom import BloomFilter, Hashes, bloom_size, key_hashes
from webfilter.dedup.exact import normalized_text
from webfilter.dedup.segment import Record
from webfilter.dedup.store import Store, check_settings, saved
from webfilter.document import Document, Value, Verdict
from webfilter.errors import ConfigError
from webfilter.stage import OnlineStage, Signal

__all__ = ["SeenBefore"]

logger = logging.getLogger("webfilter")

Filled = npt.NDArray[np.bool_]
"""Which document has a key of which kind."""

_WIDTH = 16  # bytes of a hash
_PROBE = ("\u00adProbe  Å\u0301 ß", "HTTP://Probe.example:80/a/../%7e?b=1&utm_source=x")


def _url(doc: Document) -> str:
    return normalized_url(doc.url) if doc.url is not None else ""


def _text(doc: Document) -> str:
    return normalized_text(doc.text)


_KEYS: dict[str, Callable[[Document], str]] = {"text": _text, "url": _url}


@dataclass(frozen=True)
class SeenBefore(OnlineStage[Store | BloomFilter]):
    """Drop documents whose text, or URL, has come before; in arrival order, in bounded memory.

    The first of equal documents stays, whatever comes later: order of arrival is part of the
    contract. (`ExactDedup` sees everything first and keeps the best.) Texts are compared by
    `normalized_text`, URLs by `webfilter.dedup.address.normalized_url`. Dropped documents count as
    seen, too: with ``by=("text", "url")`` agreeing in either is enough, and that is transitive. A
    document without text, or without a URL, has no key of that kind and is not dropped for it.

    With a `false_positive_rate` of 0 it is exact: 128-bit hashes, in memory up to `memory_mb` and
    in sorted files beyond, and `Verdict.of` names the document that stayed. With a rate above 0 a
    Bloom filter of fixed size takes their place: then about that share of *new* documents is
    dropped wrongly once `capacity` documents have come, more after that (with a logged warning),
    and nobody knows of what a document is a copy.

    With `state` a pipeline goes on where its last complete run stopped. One run at a time may use
    a state. Put the stage after those that drop most: what it lets through counts as seen, also if
    a later stage drops it.

    Raises:
        ConfigError: `by` is empty, a number is out of its range, a Bloom filter that does not fit
            in `memory_mb`, or one with a `window`. From `start` and `load`: the saved state means
            other keys.
        SourceError: from `start` and `load`: the saved state is damaged.

    >>> seen = SeenBefore()
    >>> docs = [Document("a", "Same text."), Document("b", "same  text."), Document("c", "Other")]
    >>> [str(doc.verdict) for doc in seen.observe(seen.start(), docs)]
    ['None', 'seen_before: duplicate (of a)', 'None']
    """

    whole: ClassVar[bool] = True
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal(
            "seen_before",
            "bool",
            "The same text or URL came before; None where the document has neither",
        ),
    )

    by: Literal["text", "url"] | tuple[Literal["text", "url"], ...] = ("text",)
    """What must agree: ``"text"``, ``"url"``, or a tuple of both, where either is enough."""
    false_positive_rate: float = 0.0
    """Share of new documents that may be dropped wrongly, 0 to 1. 0: none, exact hashes. Above: a
    Bloom filter."""
    capacity: int = 10_000_000
    """Documents for which a Bloom filter keeps its rate, at least 1."""
    window: int | None = None
    """Forget what came more than this many documents ago, at least 1; None: never. A document that
    stays silences its copies for so long, and dropped copies do not prolong it."""
    memory_mb: float = 256.0
    """About how much memory it may take, in MB (1,000,000 bytes), at least 1."""
    state: str | Path | None = None
    """Where to go on from and to save to: a folder, with a Bloom filter a file. None: nowhere."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.by:
            raise ConfigError(f"{self.name}: by = {self.by!r} is empty; give 'text', 'url' or both")
        object.__setattr__(self, "by", tuple(sorted(set(self._kinds))))
        if not 0 <= self.false_positive_rate < 1:
            raise ConfigError(
                f"{self.name}: false_positive_rate = {self.false_positive_rate!r} must be at "
                "least 0 and below 1"
            )
        for field in ("capacity", "window", "memory_mb"):
            value = getattr(self, field)
            if value is not None and not 1 <= value < float("inf"):
                raise ConfigError(f"{self.name}: {field} = {value!r} must be at least 1")
        if self.state == "":
            raise ConfigError(f"{self.name}: state = '' names no folder; None keeps nothing")
        if self.state is not None:
            object.__setattr__(self, "state", str(self.state))
        if self.false_positive_rate > 0:
            self._check_bloom()

    def _check_bloom(self) -> None:
        if self.window is not None:
            raise ConfigError(
                f"{self.name}: window = {self.window!r} goes with exact hashes only; a Bloom "
                "filter cannot forget: set false_positive_rate = 0, or window = None"
            )
        keys = self.capacity * len(self._kinds)
        size = bloom_size(keys, self.false_positive_rate)[0] / 8e6
        if size > self.memory_mb:
            raise ConfigError(
                f"{self.name}: a Bloom filter of capacity = {self.capacity!r} and "
                f"false_positive_rate = {self.false_positive_rate!r} takes {size:,.1f} MB, more "
                f"than memory_mb = {self.memory_mb:g}: raise that or the rate"
            )

    @property
    def _kinds(self) -> tuple[str, ...]:
        return (self.by,) if isinstance(self.by, str) else self.by

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of Unicode that folds case and composes characters."""
        return {"unicode": unicodedata.unidata_version}

    @property
    def _settings(self) -> dict[str, Value]:
        """What a saved state depends on."""
        probe = key_hashes([normalized_text(_PROBE[0]), normalized_url(_PROBE[1])])
        return {
            "stage": self.name,
            "by": ", ".join(self._kinds),
            "unicode": unicodedata.unidata_version,
            "normalization": f"{int(np.bitwise_xor.reduce(probe, axis=None)):016x}",
        }

    def start(self) -> Store | BloomFilter:
        """Return what `state` holds, or an empty state where there is none yet."""
        if self.state is not None and saved(Path(self.state), self.name):
            return self.load(Path(self.state))
        if self.false_positive_rate > 0:
            return BloomFilter(self.capacity * len(self._kinds), self.false_positive_rate)
        return Store(int(self.memory_mb * 1e6), self.window, self._near)

    @property
    def _near(self) -> Path | None:
        return None if self.state is None else Path(self.state)

    def observe(self, state: Store | BloomFilter, batch: Sequence[Document]) -> Sequence[Document]:
        """Return `batch` marked, and remember its keys."""
        texts = [[_KEYS[kind](doc) for kind in self._kinds] for doc in batch]
        filled = np.array([[bool(t) for t in found] for found in texts], dtype=np.bool_)
        filled = filled.reshape(len(batch), len(self._kinds))
        hashes = key_hashes(f"{n} {t}" for ts in texts for n, t in enumerate(ts) if t)
        if isinstance(state, BloomFilter):
            return self._by_bloom(state, batch, filled, hashes)
        return self._exactly(state, batch, filled, hashes)

    def _by_bloom(
        self, state: BloomFilter, batch: Sequence[Document], filled: Filled, hashes: Hashes
    ) -> list[Document]:
        before = state.count // state.capacity
        old = iter((~state.add(hashes)).tolist())
        if state.count // state.capacity > before:
            logger.warning(
                f"{self.name}: the Bloom filter holds {state.count:,} keys and is made for "
                f"{state.capacity:,}: it now drops {state.expected_rate:.2%} of new documents "
                "wrongly; give it more capacity"
            )
        marked = []
        for doc, row in zip(batch, filled.tolist(), strict=True):
            found = [next(old) for has in row if has]
            marked.append(self._marked(doc, any(found) if found else None))
        return marked

    def _exactly(
        self, state: Store, batch: Sequence[Document], filled: Filled, hashes: Hashes
    ) -> list[Document]:
        raw = hashes.astype("<u8").tobytes()
        each = iter([raw[at : at + _WIDTH] for at in range(0, len(raw), _WIDTH)])
        known = self._known(state, raw, hashes)
        marked = []
        for doc, row in zip(batch, filled.tolist(), strict=True):
            keys = [next(each) for has in row if has]
            records = [known.get(key) for key in keys]
            live = [r for r in records if r is not None and state.within(r, state.seen)]
            new = [k for k, r in zip(keys, records, strict=True) if r not in live]
            if new:  # what has been dropped stands for the document that stayed
                name = live[0].id if live else doc.id
                record = Record(state.seen, name, b"".join(new))
                state.add(record, [int.from_bytes(key[:8], "little") for key in new])
                known.update(dict.fromkeys(new, record))
            state.seen += 1
            of = live[0].id if live else None
            marked.append(self._marked(doc, bool(live) if keys else None, of))
        return marked

    def _known(self, state: Store, raw: bytes, hashes: Hashes) -> dict[bytes, Record]:
        """Return the latest record of each hash that came before this batch."""
        known: dict[bytes, Record] = {}
        places, numbers = state.find(hashes[:, 0])
        for place, number in sorted(zip(places.tolist(), numbers.tolist(), strict=True)):
            key, record = raw[place * _WIDTH : (place + 1) * _WIDTH], state.record(number)
            parts = range(0, len(record.payload), _WIDTH)
            if any(record.payload[at : at + _WIDTH] == key for at in parts):
                known[key] = record
        return known

    def _marked(self, doc: Document, seen: bool | None, of: str | None = None) -> Document:
        signals = {**doc.signals, "seen_before": seen}
        verdict = Verdict(self.name, "duplicate", of=of) if seen else None
        return Document(doc.id, doc.text, doc.html, doc.url, signals, doc.meta, verdict)

    def save(self, state: Store | BloomFilter, path: Path) -> None:
        """Write `state` to `path`: a folder, or for a Bloom filter a file.

        Raises:
            OutputError: it cannot be written.
        """
        state.save(path, self._settings)

    def load(self, path: Path) -> Store | BloomFilter:
        """Read a state that `save` wrote.

        Raises:
            SourceError: it is damaged, or something else.
            ConfigError: it means other keys.
        """
        bloom = self.false_positive_rate > 0
        if path.is_dir() if bloom else path.is_file():
            raise ConfigError(
                f"{self.name}: false_positive_rate = {self.false_positive_rate!r} does not go with "
                f"{path}, which is {'a folder' if bloom else 'a file'} and so no "
                f"{'Bloom filter' if bloom else 'set of exact hashes'}: give another state"
            )
        if not bloom:
            memory = int(self.memory_mb * 1e6)
            return Store.load(path, self._settings, self.name, memory, self.window, self._near)
        read = BloomFilter.load(path)
        size = {"false_positive_rate": self.false_positive_rate}
        size["capacity"] = self.capacity * len(self._kinds)
        saved = {**read.about, **{field: getattr(read, field) for field in size}}
        check_settings(saved, {**self._settings, **size}, self.name, path)
        return read

    def finish(self, state: Store | BloomFilter) -> None:
        """Save `state` where the field `state` says."""
        self.finishing(state)()

    def finishing(self, state: Store | BloomFilter) -> Callable[[], object]:
        """Write `state` beside what the field `state` names; return what puts it in place."""
        if self.state is None:
            return lambda: None
        return state.written(Path(self.state), self._settings)
