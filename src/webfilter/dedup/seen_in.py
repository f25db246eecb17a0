"""A stage that drops what earlier runs had: near-duplicates of the documents of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from webfilter.config import AnyPath
from webfilter.dedup.index import MinHashIndex
from webfilter.document import Document, Value, Verdict
from webfilter.errors import RunError, SourceError
from webfilter.stage import Scorer, Signal

__all__ = ["SeenIn"]

_HELD = 4


@dataclass(frozen=True)
class SeenIn(Scorer):
    """Drop documents that are near-duplicates of one in an index of earlier runs.

    The index (`MinHashIndex`) says what is compared and how similar is a duplicate. It is only
    read, as it is when the stage is built; build the stage again to see what was added. What a run
    kept is added afterwards: ``index.add(wf.read("out/kept"))``.

    A document that is in the index itself is a duplicate of itself, or of one with the same text
    and a lesser id. Documents without a signature (fewer words than an n-gram has) stay.

    Raises:
        SourceError: there is no index, or a damaged, foreign or newer one.
        ConfigError: the index was made with another version of Unicode.

    >>> import tempfile
    >>> from webfilter.dedup.minhash import MinHash
    >>> text = "the quick brown fox jumps over the lazy dog and runs away"
    >>> index = MinHashIndex.create(tempfile.mkdtemp(), MinHash())
    >>> index.add([Document("old", text)])
    1
    >>> [doc] = SeenIn(index.folder)([Document("new", text + "!")])
    >>> str(doc.verdict), doc.signals["indexed_similarity"]
    ('seen_in: near_duplicate (of old)', 1.0)
    """

    name: ClassVar[str] = "seen_in"
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal(
            "indexed_duplicate",
            "str",
            "Id of the most similar document of the index that is a duplicate; None where none is",
        ),
        Signal(
            "indexed_similarity",
            "float",
            "Jaccard similarity of the n-grams of the two; None where none, or nothing is verified",
            "share",
            0,
            1,
        ),
    )

    index: AnyPath
    """The folder of the index."""

    def __post_init__(self) -> None:
        super().__post_init__()
        folder = Path(self.index).absolute()
        try:
            index = MinHashIndex.open(folder)
            index.query([])  # says whether it can be asked here
        except SourceError as error:
            raise SourceError(f"{self.name}: {error}") from None
        # absolute, so that workers find it wherever they run; no field, so recipes can travel
        object.__setattr__(self, "_folder", folder)
        object.__setattr__(self, "_fingerprint", index.fingerprint)
        object.__setattr__(self, "_needs", index.step.needs)
        object.__setattr__(self, "_made", dict(index.step.artifacts))
        _hold(folder, index)

    @property
    def needs(self) -> tuple[str, ...]:
        """The signals that the scope of the index names."""
        needs: tuple[str, ...] = self._needs  # type: ignore[attr-defined]
        return needs

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The fingerprint of the index, and the version of Unicode that folds words."""
        made: dict[str, str] = self._made  # type: ignore[attr-defined]
        return {"index": self._fingerprint, **made}  # type: ignore[attr-defined]

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document.

        Raises:
            RunError: the index is no longer what it was when the stage was built.
        """
        index = _seen(self._folder, self._fingerprint)  # type: ignore[attr-defined]
        names = [signal.name for signal in self.measures]
        return [dict(zip(names, match or (None, None), strict=True)) for match in index.query(docs)]

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Measure, then drop duplicates, naming the document of the index."""
        marked = []
        for doc, signals in zip(batch, self.measure_batch(batch), strict=True):
            doc = doc.with_signals(signals)
            of = signals["indexed_duplicate"]
            if isinstance(of, str):
                doc = doc.drop(Verdict(self.name, "near_duplicate", of=of))
            marked.append(doc)
        return marked


_held: dict[tuple[Path, str], MinHashIndex] = {}


def _hold(folder: Path, index: MinHashIndex) -> None:
    """Keep an open index for this process, and few others."""
    while len(_held) >= _HELD:
        del _held[next(iter(_held))]
    _held[folder, index.fingerprint] = index


def _seen(folder: Path, fingerprint: str) -> MinHashIndex:
    """Return the index in `folder`; opened once in a process."""
    if (folder, fingerprint) not in _held:
        try:
            _hold(folder, MinHashIndex.open(folder))
        except SourceError as error:
            raise RunError(f"seen_in: the index is gone or damaged: {error}") from None
    try:
        return _held[folder, fingerprint]
    except KeyError:
        raise RunError(
            f"seen_in: the index {folder} changed since the stage was built: build it again"
        ) from None
