"""Near-duplicates in an endless stream: does this text share most n-grams with an earlier one?"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from webfilter.dedup.pieces import pieces
from webfilter.dedup.segment import Record
from webfilter.dedup.signature import band_keys, shingles, signatures
from webfilter.dedup.store import Store, saved
from webfilter.dedup.verify import Sets, jaccard
from webfilter.document import Document, Value, Verdict
from webfilter.errors import ConfigError
from webfilter.stage import OnlineStage, Signal

__all__ = ["CANDIDATES", "MOST", "MinHashOnline"]

CANDIDATES = 64
"""Earlier documents that one document is compared with: those that share the most bands."""

MOST = 4096
"""N-grams kept of one document, those of the least hashes: at most 16 KB."""

_GRAM = 4  # bytes of an n-gram
_PROBE = "Near-duplicates: 1,234 Straße 北京 Å\u0301 again and again, to probe the hash functions."


class _Known(NamedTuple):
    """What is known of a document before it is compared."""

    keys: list[int]
    """One a band; empty where it has no signature."""
    grams: bytes
    """Its hashed n-grams, 32 bits each, ascending; empty where they are not compared."""


@dataclass(frozen=True)
class MinHashOnline(OnlineStage[Store]):
    """Drop documents that are nearly the same as an earlier one; in arrival order.

    The same n-grams, signatures and bands as `MinHash`. A document that agrees with an earlier one
    in all rows of a band is a candidate; with `threshold` it is dropped if the Jaccard similarity
    of their sets of n-grams reaches that, else at once. `Verdict.of` names the earlier document:
    the most similar one, or the one that shares the most bands. At similarity s a pair shares a
    band with probability ``1 - (1 - s**rows)**bands``; the defaults give .9995 at .70 and .99998 at
    .75, and the comparison leaves no pair below the threshold. ``bands=14, rows=8, threshold=None``
    are those of datatrove and FineWeb.

    How it differs from `MinHash`: the first of similar documents stays, whatever comes later, so
    order of arrival is part of the contract. Only documents that stay are remembered. So clusters
    are not transitive: of a chain whose neighbors are similar and whose ends are not, both ends
    may stay. Of the documents that share a band's key, the latest `REACH` (64) are remembered, and
    a document is compared with the `CANDIDATES` (64) that share the most bands with it.

    Memory is bounded by `memory_mb`: what is older goes to sorted files beyond it, about 360 bytes
    a document, its id, and 4 bytes an n-gram (at most 4,096) with the defaults. `window` bounds
    those, too.

    With `state` a pipeline goes on where its last complete run stopped. One run at a time may use
    a state. Put the stage after those that drop most: what it lets through is remembered, also if a
    later stage drops it. A document of fewer than `ngram` words has no signature and stays.

    Raises:
        ConfigError: a number out of its range. From `start` and `load`: the saved state has other
            bands, hash functions or words.
        SourceError: from `start` and `load`: the saved state is damaged.

    >>> near = MinHashOnline()
    >>> text = "the quick brown fox jumps over the lazy dog and runs away"
    >>> docs = [Document("a", text), Document("b", text.title() + "!"), Document("c", "no")]
    >>> [str(doc.verdict) for doc in near.observe(near.start(), docs)]
    ['None', 'minhash_online: near_duplicate (of a)', 'None']
    """

    name: ClassVar[str] = "minhash_online"
    whole: ClassVar[bool] = True
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal(
            "earlier_duplicate",
            "str",
            "Id of the earlier document that it nearly equals; None where there is none",
        ),
        Signal(
            "earlier_similarity",
            "float",
            "Jaccard similarity of word n-grams to the most similar earlier document that shares a "
            "band; None where there is none, or nothing is compared",
            "share",
            0,
            1,
        ),
    )

    ngram: int = 5
    """Words (or characters) in a shingle, at least 1."""
    bands: int = 28
    """Bands of the signature, at least 1: more of them find more."""
    rows: int = 4
    """Values in a band, at least 1: more of them demand more similarity."""
    seed: int = 1
    """Selects the hash functions."""
    threshold: float | None = 0.75
    """Least Jaccard similarity of the n-gram sets, 0 to 1, to an earlier document of a document
    that is dropped. None: sharing a band is enough. Exact below `MOST` (4,096) distinct n-grams;
    beyond, estimated from so many with a standard error of at most .008."""
    unit: Literal["word", "character"] = "word"
    """What `ngram` counts. Characters are those of the words, with one space where something
    separates them: 20 or more are usual."""
    window: int | None = None
    """Forget what came more than this many documents ago, at least 1; None: never."""
    memory_mb: float = 256.0
    """About how much memory it may take, in MB (1,000,000 bytes), at least 1."""
    state: str | Path | None = None
    """Folder where to go on from and to save to. None: nowhere."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("ngram", "bands", "rows", "window", "memory_mb"):
            value = getattr(self, field)
            if value is not None and not 1 <= value < float("inf"):
                raise ConfigError(f"{self.name}: {field} = {value!r} must be at least 1")
        if self.state == "":
            raise ConfigError(f"{self.name}: state = '' names no folder; None keeps nothing")
        if self.state is not None:
            object.__setattr__(self, "state", str(self.state))
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ConfigError(
                f"{self.name}: threshold = {self.threshold!r} must be between 0 and 1, or None"
            )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of Unicode whose case pairs and categories fold the words."""
        return {"unicode": unicodedata.unidata_version}

    @property
    def _settings(self) -> dict[str, Value]:
        """What a saved state depends on."""
        [(keys, _)] = self._known([_PROBE])
        probe = int(np.bitwise_xor.reduce(np.array(keys or [0], dtype=np.uint64)))
        return {
            "stage": self.name,
            "unit": self.unit,
            "ngram": self.ngram,
            "bands": self.bands,
            "rows": self.rows,
            "seed": self.seed,
            "compared": self.threshold is not None,
            "unicode": unicodedata.unidata_version,
            "words and hash functions": f"{probe:016x}",
        }

    def start(self) -> Store:
        """Return what `state` holds, or an empty state where there is none yet."""
        if self.state is not None and saved(Path(self.state), self.name):
            return self.load(Path(self.state))
        return Store(int(self.memory_mb * 1e6), self.window, self._near)

    @property
    def _near(self) -> Path | None:
        return None if self.state is None else Path(self.state)

    def observe(self, state: Store, batch: Sequence[Document]) -> Sequence[Document]:
        """Return `batch` marked, and remember the documents that stay."""
        known = self._known([doc.text for doc in batch])
        marked: list[Document] = []
        for begin, end in _runs(known):
            marked += self._apart(state, batch[begin:end], known[begin:end])
        return marked

    def _known(self, texts: Sequence[str]) -> list[_Known]:
        known: list[_Known] = []
        for piece in pieces(texts):
            hashes, offsets = shingles(piece, self.ngram, self.seed, self.unit)
            filled = np.flatnonzero(np.diff(offsets))
            offsets = np.concatenate((offsets[filled], offsets[-1:]))
            signs = signatures(hashes, offsets, self.bands * self.rows)
            keys = band_keys(signs, self.bands, self.rows).tolist()
            found = [_Known([], b"")] * len(piece)
            sets = Sets.of(hashes, offsets) if self.threshold is not None else None
            for row, place in enumerate(filled.tolist()):
                grams = b""
                if sets is not None:
                    begin, end = sets.offsets[row : row + 2].tolist()
                    grams = sets.hashes[begin : min(end, begin + MOST)].astype("<u4").tobytes()
                found[place] = _Known(keys[row], grams)
            known += found
        return known

    def _apart(
        self, state: Store, docs: Sequence[Document], known: Sequence[_Known]
    ) -> list[Document]:
        """Mark documents of which no two share a band: each by what came before all of them."""
        earlier = self._candidates(state, known)
        alike = self._similarities(known, earlier)
        marked = []
        for doc, (keys, grams), found, similar in zip(docs, known, earlier, alike, strict=True):
            best, of = None, found[0].id if found else None
            if self.threshold is not None and found:
                place = int(np.argmax(similar))
                best = float(similar[place])
                of = found[place].id if best >= self.threshold else None
            signals = {**doc.signals, "earlier_duplicate": of, "earlier_similarity": best}
            verdict = None if of is None else Verdict(self.name, "near_duplicate", of=of)
            # several times as fast as `replace`
            marked.append(Document(doc.id, doc.text, doc.html, doc.url, signals, doc.meta, verdict))
            if keys and verdict is None:
                state.add(Record(state.seen, doc.id, grams), keys)
            state.seen += 1
        return marked

    def _candidates(self, state: Store, known: Sequence[_Known]) -> list[list[Record]]:
        """Return the records that each document is to be compared with, best first."""
        flat = np.array([key for keys, _ in known for key in keys], dtype=np.uint64)
        owner = np.repeat(np.arange(len(known)), [len(keys) for keys, _ in known])
        places, numbers = state.find(flat)
        found: list[list[Record]] = [[] for _ in known]
        if not len(places):
            return found
        span = int(numbers.max()) + 1
        pairs, shared = np.unique(owner[places] * span + numbers, return_counts=True)
        order = np.lexsort((pairs, -shared))  # of one document, the earlier records first
        rows, numbers = np.divmod(pairs[order], span)
        for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
            if len(found[row]) < CANDIDATES:
                record = state.record(number)
                if state.within(record, state.seen + row):
                    found[row].append(record)
        return found

    def _similarities(
        self, known: Sequence[_Known], earlier: Sequence[Sequence[Record]]
    ) -> list[np.ndarray]:
        """Return the similarity of each document to each of its candidates."""
        counts = [len(records) for records in earlier]
        if self.threshold is None or not sum(counts):
            return [np.zeros(count) for count in counts]
        sides: list[bytes] = []
        pairs: list[tuple[int, int]] = []
        for (_, grams), records in zip(known, earlier, strict=True):
            own = len(sides)
            sides.append(grams)
            for record in records:
                one, other = _comparable(grams, record.payload)
                if one is not grams:
                    sides.append(one)
                pairs.append((own if one is grams else len(sides) - 1, len(sides)))
                sides.append(other)
        offsets = np.cumsum([0, *(len(side) // _GRAM for side in sides)])
        sets = Sets(np.frombuffer(b"".join(sides), dtype="<u4").astype(np.uint32), offsets)
        left, right = np.array(pairs, dtype=np.intp).T
        return np.split(jaccard(sets, left, right), np.cumsum(counts)[:-1])

    def save(self, state: Store, path: Path) -> None:
        """Write `state` to the folder `path`.

        Raises:
            OutputError: it cannot be written.
        """
        state.save(path, self._settings)

    def load(self, path: Path) -> Store:
        """Read a state that `save` wrote.

        Raises:
            SourceError: it is damaged, or something else.
            ConfigError: it has other bands, hash functions or words.
        """
        memory = int(self.memory_mb * 1e6)
        return Store.load(path, self._settings, self.name, memory, self.window, self._near)

    def finish(self, state: Store) -> None:
        """Save `state` where the field `state` says."""
        self.finishing(state)()

    def finishing(self, state: Store) -> Callable[[], object]:
        """Write `state` beside what the field `state` names; return what puts it in place."""
        if self.state is None:
            return lambda: None
        return state.written(Path(self.state), self._settings)


def _comparable(one: bytes, other: bytes) -> tuple[bytes, bytes]:
    """Return two sets of n-grams up to the hash up to which both are known."""
    full = MOST * _GRAM
    if len(one) < full and len(other) < full:
        return one, other
    both = [np.frombuffer(raw, dtype="<u4") for raw in (one, other)]
    ceiling = min(grams[-1] for grams in both if len(grams) == MOST)
    ends = [int(np.searchsorted(grams, ceiling, side="right")) * _GRAM for grams in both]
    return one[: ends[0]], other[: ends[1]]


def _runs(known: Sequence[_Known]) -> Iterator[tuple[int, int]]:
    """Cut a batch so that no two documents of a run share a band's key: (begin, end) of each."""
    begin = 0
    used: set[int] = set()
    for place, (keys, _) in enumerate(known):
        if not used.isdisjoint(keys):
            yield begin, place
            begin, used = place, set()
        used.update(keys)
    if begin < len(known):
        yield begin, len(known)
