"""Numbered part files: written under temporary names, renamed when all of them are complete.

So a folder holds either a whole output or ``part-*.tmp`` files, which the next run removes. One
sink at a time writes to a folder: a second one is refused. Where the system cannot tell whether
another one is at work (URLs, Windows, some network file systems), both write, each under temporary
names of its own; what an interrupted run left then stays, and a warning says so.

A part ends when it has reached its size after a document (JSONL) or a row group (Parquet), so where
parts end depends on the documents only.
"""

from __future__ import annotations

import io
import logging
import os
import re
import uuid
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

from webfilter.document import Document
from webfilter.errors import OutputError
from webfilter.write.folders import folder_at, refused
from webfilter.write.sink import Closing

__all__ = ["PART_BYTES", "PartSink", "check_writable", "is_part"]

PART_BYTES = 128_000_000
"""Size on disk at which a part file ends."""

logger = logging.getLogger("webfilter")

_PART = re.compile(r"part-\d{5,}\.(parquet|jsonl|jsonl\.zst|jsonl\.gz)")
_LEFT = re.compile(_PART.pattern + r"(\.[0-9a-f]{8})?\.tmp")
_OVERWRITE = "give another folder, or overwrite=True to replace them"


def is_part(name: str) -> bool:
    """Return whether a file of this name is a complete part.

    >>> is_part("part-00000.parquet"), is_part("part-00000.parquet.tmp")
    (True, False)
    """
    return _PART.fullmatch(name) is not None


def check_writable(folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Make sure that part files can be written to `folder`; changes nothing.

    Args:
        folder: a path, or a URL for fsspec; it need not exist.
        overwrite: accept a folder that holds part files: they will be replaced.

    Raises:
        OutputError: it is a file, cannot be created or written, or already holds part files. Says
            which path, why and what to do.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     check_writable(f"{folder}/kept")
    """
    place = folder_at(folder)
    try:
        present = place.names()
        if not overwrite and any(map(is_part, present)):
            raise _occupied(folder, present)
        place.probe()
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        raise refused(folder, error, _fix(error)) from error


def _occupied(folder: object, present: Sequence[str]) -> OutputError:
    count = sum(1 for name in present if is_part(name))
    files = "a part file" if count == 1 else f"{count:,} part files"
    return OutputError(f"{str(folder)!r} already holds {files}: {_OVERWRITE}")


def _fix(error: BaseException) -> str:
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "there is a file of that name: give a folder"
    if isinstance(error, PermissionError):
        return "give a folder that you may write to"
    return "give another folder"


class PartSink(Closing):
    """What the sinks for Parquet and JSONL share: part files, and when they get their names.

    Args:
        folder: where the parts go; created where missing.
        suffix: of the part files, such as ``.parquet``.
        part_bytes: size on disk at which a part ends.
        overwrite: replace the part files that the folder holds, when this sink closes.

    Raises:
        OutputError: the folder cannot be written, another sink is writing there, or it holds part
            files and `overwrite` is false.
    """

    def __init__(
        self, folder: str | os.PathLike[str], suffix: str, part_bytes: int, overwrite: bool
    ) -> None:
        self._folder, self._suffix, self._part_bytes = folder, suffix, part_bytes
        self._overwrite, self._mark = overwrite, uuid.uuid4().hex[:8]
        self._place = folder_at(folder)
        self._count = 0
        self._open: IO[bytes] | None = None
        self._state = "open"
        self._unlock: Callable[[], object] | None = None
        try:
            self._place.make()
            self._unlock = self._place.lock(self)
            self._check_free()
            self._sweep()
        except (OSError, ValueError) as error:
            self._let_go()
            if isinstance(error, OutputError):
                raise
            raise refused(folder, error, _fix(error)) from error

    def _check_free(self) -> None:
        present = self._place.names()
        if not self._overwrite and any(map(is_part, present)):
            raise _occupied(self._folder, present)

    def _sweep(self) -> None:
        """Remove what an interrupted run left; what a run that goes on may need stays."""
        left = [name for name in self._place.names() if _LEFT.fullmatch(name)]
        if self._unlock is not None:
            for name in left:
                self._place.remove(name)
        elif left:
            logger.warning(
                f"{str(self._folder)!r} holds temporary files ({len(left):,}) of another run; "
                "remove them if it is over"
            )

    def _let_go(self) -> None:
        if self._unlock is not None:
            self._unlock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._folder)!r})"

    def write(self, docs: Sequence[Document]) -> None:
        """Append `docs`.

        Raises:
            OutputError: the sink is closed, or the folder takes no more (the disk is full).
            Exception: whatever else went wrong. After any error the sink can only be given up:
                some of the documents may be lost.
        """
        if self._state != "open":
            raise OutputError(f"cannot write to {str(self._folder)!r}: this sink is {self._state}")
        try:
            for doc in docs:
                self._add(doc)
        except BaseException as error:
            self._break()
            if isinstance(error, OSError):
                raise refused(self._folder, error) from error
            raise

    def close(self) -> None:
        """Complete the last part, then give every part its final name.

        Where the folder held older parts, those are replaced or removed now. No documents make one
        empty, valid part.

        Raises:
            OutputError: the folder takes no more, an earlier `write` broke, or somebody else has
                put part files there and `overwrite` is false.
        """
        if self._state == "closed":
            return
        if self._state != "open":
            raise OutputError(f"cannot close {str(self._folder)!r}: this sink is {self._state}")
        try:
            self._finish()
            if self._open is not None or self._count == 0:
                self._end_part()
            self._check_free()
            final = [self._name(index) for index in range(self._count)]
            for index, name in enumerate(final):
                self._place.rename(self._temporary(index), name)
            for name in filter(is_part, self._place.names()):
                if name not in final:
                    self._place.remove(name)
        except BaseException as error:
            self._break()
            if isinstance(error, OSError) and not isinstance(error, OutputError):
                raise refused(self._folder, error) from error
            raise
        self._state = "closed"
        self._let_go()

    def abort(self) -> None:
        """Remove the temporary files; parts that the folder held before stay. Never raises."""
        if self._state in ("closed", "aborted"):
            return
        self._state = "aborted"
        with suppress(Exception):
            self._discard()
        if self._open is not None:
            with suppress(Exception):
                self._open.close()
            self._open = None
        for index in range(self._count):
            with suppress(OSError):
                self._place.remove(self._temporary(index))
        self._let_go()

    def _break(self) -> None:
        self._state = "broken"
        self._let_go()

    def _name(self, index: int) -> str:
        return f"part-{index:05d}{self._suffix}"

    def _temporary(self, index: int) -> str:
        return f"{self._name(index)}.{self._mark}.tmp"

    def _part(self) -> IO[bytes]:
        """Return the file of the part being written, opened when first needed."""
        if self._open is None:
            self._open = self._place.create(self._temporary(self._count))
            self._count += 1
            self._begin(self._open)
        return self._open

    def _end_part(self) -> None:
        file = self._part()
        self._complete()
        file.flush()
        with suppress(AttributeError, io.UnsupportedOperation):  # remote files have no descriptor
            os.fsync(file.fileno())
        file.close()
        self._open = None

    @abstractmethod
    def _add(self, doc: Document) -> None:
        """Take one document."""

    @abstractmethod
    def _begin(self, file: IO[bytes]) -> None:
        """Start a part."""

    @abstractmethod
    def _complete(self) -> None:
        """Write what ends the part; leave the file open."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what is still held in memory."""

    @abstractmethod
    def _discard(self) -> None:
        """Forget what is held in memory, and let go of the open part."""
