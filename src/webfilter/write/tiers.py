"""Nested outputs: a folder for each tier, a document in that of every tier that it is in.

::

    kept/tiers.json           names, widest first, and the documents in each
    kept/phase1/part-*        all of them
    kept/phase2/part-*        those that are in phase2 too, with the same bytes a document

``tiers.json`` is written last, so where it is, the tiers are complete; while they take the place of
older ones, it still tells of those, and `webfilter.run.tiers.check_tiers` finds the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress

from webfilter.document import Document
from webfilter.errors import OutputError, RunError
from webfilter.write.folders import folder_at, refused
from webfilter.write.parts import is_part
from webfilter.write.sink import Closing, Sink

__all__ = ["MARK", "TieredSink", "forget_tiers", "inside", "tier_folders"]

MARK = "tiers.json"
"""Stands in a folder whose subfolders are tiers."""

Target = str | os.PathLike[str]


def inside(target: Target, name: str) -> str:
    """Return the folder `name` in `target`, a path or a URL.

    >>> inside("s3://bucket/kept/", "phase1")
    's3://bucket/kept/phase1'
    """
    return f"{os.fspath(target).rstrip('/')}/{name}"


class TieredSink(Closing):
    """Sends each document to the sink of every tier that it is in, by its signal ``tier``.

    Args:
        target: the folder of the tiers.
        names: of the tiers, the widest first.
        open_one: opens the sink for a tier's folder.

    Raises:
        OutputError: a folder cannot be written, another sink is writing there, or it holds part
            files and must not be replaced.

    >>> from tempfile import TemporaryDirectory
    >>> from webfilter.write import memory
    >>> opened = {}
    >>> def open_one(folder):
    ...     return opened.setdefault(folder.rpartition("/")[2], memory())
    >>> with TemporaryDirectory() as folder, TieredSink(folder, ("a", "b"), open_one) as sink:
    ...     sink.write([Document(tier * 2, signals={"tier": tier}) for tier in "ab"])
    >>> {name: [doc.id for doc in sink.docs] for name, sink in opened.items()}
    {'a': ['aa', 'bb'], 'b': ['bb']}
    """

    def __init__(
        self, target: Target, names: Sequence[str], open_one: Callable[[str], Sink]
    ) -> None:
        self._target, self._names = target, tuple(names)
        self._ranks = {name: rank for rank, name in enumerate(names)}
        self._sinks: list[Sink] = []
        self.counts = [0] * len(names)
        """Documents written to each tier."""
        self._unlock: Callable[[], object] | None = None
        try:
            self._unlock = _locked(target, self)
            for name in names:
                self._sinks.append(open_one(inside(target, name)))
        except BaseException:
            self.abort()
            raise

    def write(self, docs: Sequence[Document]) -> None:
        """Write `docs`, in order, to all of their tiers.

        Raises:
            RunError: a document has no tier.
        """
        ranks = [self._rank(doc) for doc in docs]
        for place, sink in enumerate(self._sinks):
            chosen = [doc for doc, rank in zip(docs, ranks, strict=True) if rank >= place]
            sink.write(chosen)
            self.counts[place] += len(chosen)

    def _rank(self, doc: Document) -> int:
        tier = doc.signals.get("tier")
        if not isinstance(tier, str) or tier not in self._ranks:
            raise RunError(f"document {doc.id!r} is kept, but its tier is {tier!r}: none of ours")
        return self._ranks[tier]

    def close(self) -> None:
        """Complete the tiers, the widest last, then say so in ``tiers.json``.

        Raises:
            OutputError: a folder takes no more.
        """
        for sink in reversed(self._sinks):
            sink.close()
        said = {"tiers": list(self._names), "documents": self.counts}
        place = folder_at(self._target)
        try:
            with place.create(f"{MARK}.tmp") as file:
                file.write(json.dumps(said).encode() + b"\n")
            place.rename(f"{MARK}.tmp", MARK)
        except OSError as error:
            with suppress(OSError):
                place.remove(f"{MARK}.tmp")
            raise refused(self._target, error) from error
        self._let_go()

    def abort(self) -> None:
        """Remove the temporary files. Never raises."""
        for sink in self._sinks:
            sink.abort()
        self._let_go()

    def _let_go(self) -> None:
        if self._unlock is not None:
            self._unlock()


def _locked(target: Target, owner: object) -> Callable[[], object] | None:
    place = folder_at(target)
    try:
        place.make()
        return place.lock(owner)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise refused(target, error) from error


def tier_folders(target: Target) -> list[str]:
    """Return the names of the folders in `target` that hold the tiers of an earlier run."""
    try:
        present = folder_at(target).names()
        if MARK not in present:
            return []
        return [name for name in present if name != MARK and _has_parts(inside(target, name))]
    except (OSError, ValueError) as error:
        raise refused(target, error) from error


def _has_parts(folder: str) -> bool:
    try:
        return any(map(is_part, folder_at(folder).names()))
    except OSError:  # a file
        return False


def forget_tiers(target: Target, keep: Sequence[str]) -> None:
    """Remove what an earlier run left in `target`, now that another output is complete there.

    Args:
        target: the folder of the output.
        keep: the tiers of the new output; none: it has no tiers.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        for name in tier_folders(target):
            if name not in keep:
                _remove_parts(inside(target, name))
        if keep:
            _remove_parts(target)  # of a run without tiers
        else:
            folder_at(target).remove(MARK)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise refused(target, error) from error


def _remove_parts(folder: Target) -> None:
    place = folder_at(folder)
    for name in filter(is_part, place.names()):
        place.remove(name)
