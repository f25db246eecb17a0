"""Near-duplicates against the documents of earlier runs: `MinHashIndex`, a folder on disk.

The folder holds ``manifest.json`` (`manifest`), ``lock``, and one folder a segment (`archive`).
Segments never change. Adding writes new ones, merged with others as they double (`growth`), and
replaces the manifest last. Killed at any moment, the index is as it was before or as it was to
become; who reads meanwhile goes on with what was there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webfilter.config import build
from webfilter.dedup.archive import Fresh, Rows, Segment
from webfilter.dedup.growth import Growth
from webfilter.dedup.manifest import MANIFEST, Manifest, locked
from webfilter.dedup.matching import Match, matches
from webfilter.dedup.minhash import MinHash
from webfilter.dedup.postings import MOST_ROWS, Hashes
from webfilter.dedup.segmentfiles import check
from webfilter.dedup.sketch import Sketch, compared, named
from webfilter.document import Document
from webfilter.errors import ConfigError, OutputError, SourceError, because

__all__ = ["Match", "MinHashIndex"]

_BATCH = 1_000  # documents sketched or asked for at once
_FLUSH = 1 << 26  # bytes of sketches held before a segment is written


class MinHashIndex:
    """The sketches of documents, on disk, to be asked for near-duplicates of others.

    Made by `create`, opened by `open`. With a threshold it holds the n-grams of documents, so that
    candidates are verified although their texts are gone: 4 bytes an n-gram beside 8 a band and
    32 and the id. With ``threshold=None`` it has none, and sharing a band is enough.

    Raises:
        SourceError: the folder holds no index, or a damaged, foreign or newer one.

    >>> import tempfile
    >>> text = "the quick brown fox jumps over the lazy dog and runs away"
    >>> index = MinHashIndex.create(tempfile.mkdtemp(), MinHash())
    >>> index.add([Document("old", text), Document("other", text[::-1])])
    2
    >>> index.query([Document("new", text.upper() + "!"), Document("short", "the fox")])
    [Match(id='old', similarity=1.0), None]
    >>> len(index), "old" in index
    (2, True)
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._segments: list[Segment] = []
        self._refresh()

    @classmethod
    def create(
        cls, folder: str | Path, step: MinHash | None = None, *, exist_ok: bool = False
    ) -> MinHashIndex:
        """Make an empty index in `folder`, which must not exist or be empty.

        Args:
            folder: where to make it.
            step: says what is compared, and how: n-grams, bands, threshold, scope. What it prefers
                does not matter. By default ``MinHash()``.
            exist_ok: open the index that is there, if it compares in the same way.

        Raises:
            OutputError: the folder is not empty, or cannot be written.
            ConfigError: `step` is no `MinHash`, or the index that is there compares otherwise.
        """
        step = MinHash() if step is None else step
        if not isinstance(step, MinHash):
            raise ConfigError(f"MinHashIndex: step = {step!r} is not a MinHash; give MinHash(...)")
        bands, rows = step.layout
        step = replace(step, bands=bands, rows=rows, prefer="id")
        folder = Path(folder)
        if not (folder / MANIFEST).exists():
            _check_empty(folder)
            with locked(folder):
                if not (folder / MANIFEST).exists():  # nobody has made one meanwhile
                    settings = {f.name: getattr(step, f.name) for f in fields(step)}
                    Manifest(settings, step._whole_scheme).write(folder)
                    return cls(folder)
        if not exist_ok:
            raise OutputError(
                f"there is an index in {folder}: open it with MinHashIndex.open, or give "
                "exist_ok=True"
            )
        index = cls(folder)
        index._comparable(step)
        if index.step.threshold != step.threshold:
            raise ConfigError(
                f"minhash index: {folder} has threshold = {index.step.threshold!r}, not "
                f"{step.threshold!r}; open it, or give another folder"
            )
        return index

    @classmethod
    def open(cls, folder: str | Path) -> MinHashIndex:
        """Open the index in `folder`, as it is now. What others add later is not seen.

        Raises:
            SourceError: it holds no index, or a damaged, foreign or newer one.
        """
        return cls(folder)

    @property
    def step(self) -> MinHash:
        """What is compared, and how."""
        return self._step

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with what the index answers.

        They do not depend on the order in which documents were added, nor on segments.
        """
        total = sum(segment.entry.digest for segment in self._segments) % 2**64
        said = [sorted(self._manifest.scheme.items()), self._step.threshold, len(self), total]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        held = [size for entry in self._manifest.segments for size, _ in entry.files.values()]
        return sum(held)

    def __len__(self) -> int:
        """Return the number of documents."""
        return sum(map(len, self._segments))

    def __contains__(self, name: object) -> bool:
        """Return whether a document of this id is in the index."""
        return isinstance(name, str) and not self._new(named([name])[0], self._segments)[0]

    def __repr__(self) -> str:
        return (
            f"MinHashIndex({str(self.folder)!r}) <{len(self):,} documents, "
            f"{self.size / 1e6:,.1f} MB in {len(self._segments)} segments; {self._step!r}>"
        )

    def query(self, items: Iterable[Document | Sketch]) -> list[Match | None]:
        """Return for each document the one in the index that it duplicates, None where none.

        Documents may come as what `MinHash.sketch` made of them; a sketch has those with words.

        The most similar one, of equally similar ones that with the least id; without a threshold
        that with which it shares the most bands. It may have the id of the document itself. The
        answer does not depend on the order in which documents were added. Where more than `REACH`
        documents have a key in common, those of the least hashes of ids stand for all of them.

        Raises:
            ConfigError: this version of Unicode folds otherwise than that which made the index, or
                a sketch was made differently.
            SourceError: a file of the index is damaged.
        """
        self._comparable(self._step)
        found: list[Match | None] = []
        for item in _batches(items):
            found.extend(self._asked(item) if isinstance(item, Sketch) else self._matches(item))
        return found

    def _matches(self, batch: list[Document]) -> list[Match | None]:
        docs, keys = self._step._keys(batch)
        found = matches(
            self._segments,
            keys.keys[:, :, 0],
            self._step.threshold,
            lambda rows: self._step.sets([docs[row] for row in rows.tolist()]),
        )
        answers: list[Match | None] = [None] * len(batch)
        at = 0
        for doc, match in zip(docs, found, strict=True):  # those with words, in order
            while batch[at] is not doc:
                at += 1
            answers[at] = match
            at += 1
        return answers

    def _asked(self, sketch: Sketch) -> list[Match | None]:
        self._fits(sketch)
        sets = sketch.details.sets
        return matches(
            self._segments,
            sketch.keys.keys[:, :, 0],
            self._step.threshold,
            lambda rows: None if sets is None else sets.take(rows),
        )

    def add(self, items: Iterable[Document | Sketch]) -> int:
        """Add documents, or what `MinHash.sketch` made of them; return how many are new.

        All of them are added, or none. A document whose id is in the index is not added again, so
        adding twice is safe; neither is one that has a verdict, or no signature. Memory does not
        grow with their number.

        Raises:
            OutputError: somebody else writes to the index, or it cannot be written.
            ConfigError: a sketch was made differently.
        """
        with locked(self.folder):
            self._refresh()
            self._manifest.sweep(self.folder)
            parts = (Fresh(sketches, self._verifies) for sketches in self._flushes(items))
            return self._append(parts)

    def merge(self, other: MinHashIndex | str | Path) -> int:
        """Add what is in another index; return how many documents are new.

        The same as adding its documents, those it has now. The other index stays as it is.

        Raises:
            ConfigError: the other index compares otherwise; names the setting.
            OutputError: somebody else writes to this index, or it cannot be written.
            SourceError: a file is damaged.
        """
        other = MinHashIndex(other.folder if isinstance(other, MinHashIndex) else other)
        other._comparable(self._step, self.folder)
        with locked(self.folder):
            self._refresh()
            self._manifest.sweep(self.folder)
            return self._append(other._segments)

    def compact(self) -> None:
        """Merge all segments into one (or one for each 16 million documents): fastest to ask.

        Raises:
            OutputError: somebody else writes to the index, or it cannot be written.
            SourceError: a file is damaged.
        """
        with locked(self.folder):
            self._refresh()
            self._manifest.sweep(self.folder)
            groups: list[list[Segment]] = []
            for segment in self._segments:
                if not groups or sum(map(len, groups[-1])) + len(segment) > MOST_ROWS:
                    groups.append([])
                groups[-1].append(segment)
            growth = self._growth()
            self._commit([growth.joined(group) for group in groups], growth)

    def check(self) -> None:
        """Read all files that the index has now and compare their checksums.

        Raises:
            SourceError: a file is damaged or missing; names it.
        """
        for segment in MinHashIndex(self.folder)._segments:
            check(self.folder, segment.entry)

    @property
    def _verifies(self) -> bool:
        return self._step.threshold is not None

    def _refresh(self) -> None:
        """Take the index as it is now."""
        manifest = Manifest.read(self.folder)
        while True:
            try:
                self._open(manifest)
                return
            except FileNotFoundError as error:
                newer = Manifest.read(self.folder)
                if newer == manifest:
                    raise SourceError(f"{error.filename} is missing from the index") from None
                manifest = newer  # somebody has merged segments since it was read

    def _open(self, manifest: Manifest) -> None:
        step: MinHash = build(MinHash, f"settings in {self.folder / MANIFEST}", manifest.settings)
        held = {segment.entry.name: segment for segment in self._segments}
        bands, _ = step.layout
        verifies = step.threshold is not None
        self._segments = [
            held[entry.name]
            if entry.name in held and held[entry.name].entry == entry
            else Segment(self.folder, entry, bands, verifies)
            for entry in manifest.segments
        ]
        self._step, self._manifest = step, manifest

    def _comparable(self, step: MinHash, whose: Path | None = None) -> None:
        compared("minhash index", self._manifest.scheme, step._whole_scheme)
        if self._verifies != (step.threshold is not None):
            raise ConfigError(
                f"minhash index: {self.folder} has threshold = {self._step.threshold!r} and "
                f"{whose or 'the other'} {step.threshold!r}: only one of them holds n-grams"
            )

    def _new(self, names: Hashes, segments: Sequence[Segment]) -> npt.NDArray[np.bool_]:
        known = np.zeros(len(names), dtype=np.bool_)
        for segment in segments:
            known |= segment.has(names)
        return ~known

    def _flushes(self, items: Iterable[Document | Sketch]) -> Iterator[list[Sketch]]:
        """Yield sketches of about `_FLUSH` bytes at a time."""
        held: list[Sketch] = []
        size = 0
        for item in _batches(items):
            sketch = item if isinstance(item, Sketch) else self._sketched(item)
            if not len(sketch):
                continue
            self._fits(sketch)
            sets = sketch.details.sets
            held.append(sketch)
            size += sketch.keys.keys.nbytes + (0 if sets is None else sets.hashes.nbytes)
            if size >= _FLUSH:
                yield held
                held, size = [], 0
        if held:
            yield held

    def _sketched(self, batch: list[Document]) -> Sketch:
        return self._step.sketch([doc for doc in batch if doc.live])

    def _fits(self, sketch: Sketch) -> None:
        compared("minhash index", self._manifest.scheme, sketch.keys.scheme)
        if self._verifies and sketch.details.sets is None:
            raise ConfigError(
                f"minhash index: {self.folder} has threshold = {self._step.threshold!r}, the "
                "sketch was made without one and holds no n-grams"
            )

    def _append(self, parts: Iterable[Rows]) -> int:
        """Add what is new of `parts`; return how many documents that is."""
        before = len(self)
        growth = self._growth()
        try:
            for part in parts:
                new = self._new(part.names, [*self._segments, *growth.fresh])
                growth.take(part, np.flatnonzero(new))
            if growth.fresh:
                self._commit(growth.after(self._segments), growth)
        finally:
            growth.fresh.clear()  # Windows removes nothing that is mapped
            self._manifest.sweep(self.folder)
        return len(self) - before

    def _growth(self) -> Growth:
        return Growth(self.folder, self._manifest, self._step.layout[0], self._verifies)

    def _commit(self, segments: list[Segment], growth: Growth) -> None:
        entries = tuple(segment.entry for segment in segments)
        manifest = replace(self._manifest, segments=entries, next=growth.next)
        manifest.write(self.folder)
        self._manifest, self._segments = manifest, segments
        manifest.sweep(self.folder)


def _check_empty(folder: Path) -> None:
    """Make `folder` where there is none, and make sure that there is nothing but an index in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()} - {"lock", f"{MANIFEST}.tmp"}
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {because(error)}") from None
    if names and MANIFEST not in names:  # else somebody has just made one
        raise OutputError(f"{folder} is not empty ({min(names)}): give another folder")


def _batches(items: Iterable[Document | Sketch]) -> Iterator[Sketch | list[Document]]:
    """Yield sketches as they come, and documents some at a time, in order."""
    batch: list[Document] = []
    for item in items:
        if isinstance(item, Document):
            batch.append(item)
        elif not isinstance(item, Sketch):
            raise ConfigError(
                f"minhash index: takes documents (webfilter.read makes them) or sketches, not "
                f"{type(item).__name__}"
            )
        if batch and (len(batch) == _BATCH or isinstance(item, Sketch)):
            yield batch
            batch = []
        if isinstance(item, Sketch):
            yield item
    if batch:
        yield batch
