"""A folder that gets part files: on this machine, or anywhere fsspec reaches.

Only what part files need: lock, list, create, rename, remove. Whether a folder can be written is
found out by writing to it, since permissions, mounts and quotas cannot be read off reliably.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol, cast

from webfilter.errors import OutputError, because
from webfilter.write.lock import lock

__all__ = ["Folder", "folder_at", "local_path", "refused", "resolved"]


class Folder(Protocol):
    """The few things that part files need of a folder."""

    def make(self) -> None:
        """Create the folder and its parents, where missing."""

    def lock(self, owner: object) -> Callable[[], object] | None:
        """Keep others from writing here until what this returns is called, or `owner` is gone.

        Returns:
            What ends it; None: this place knows no locks.

        Raises:
            OutputError: somebody else is writing here.
        """

    def names(self) -> list[str]:
        """Return the names of the files in it; none where it does not exist."""

    def create(self, name: str) -> IO[bytes]:
        """Open a new file for writing."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, replacing what has it."""

    def remove(self, name: str) -> None:
        """Delete a file; nothing happens where it is missing."""

    def probe(self) -> None:
        """Write a file and delete it; leave everything as it was."""


def refused(folder: object, error: BaseException, fix: str = "") -> OutputError:
    """Return the error that says why `folder` cannot be written, and what to do."""
    return OutputError(f"cannot write to {str(folder)!r}: {because(error, fix)}")


def folder_at(target: str | os.PathLike[str]) -> Folder:
    """Return the folder at a path, or at a URL that fsspec knows (``s3://bucket/kept``).

    Raises:
        OutputError: the target is empty, or nobody knows the URL's scheme.
    """
    path = local_path(target)
    return _Remote(os.fspath(target)) if path is None else _Local(path)


def local_path(target: str | os.PathLike[str]) -> Path | None:
    """Return the path of a folder on this machine; None for a URL of elsewhere.

    Raises:
        OutputError: the target names no folder.

    >>> local_path("file:///runs/1").as_posix(), local_path("s3://bucket/runs/1")
    ('/runs/1', None)
    >>> local_path("file:///C:/runs/1").as_posix()
    'C:/runs/1'
    """
    text = os.fspath(target)
    if not isinstance(text, str) or not text:
        raise OutputError(f"cannot write to {target!r}: give the path of a folder")
    for scheme in ("file://", "local://"):
        if text.startswith(scheme):
            text = re.sub(r"^/+(?=[A-Za-z]:)", "", text.removeprefix(scheme))
    if "://" in text:
        return None
    if "\0" in text:
        raise OutputError(f"cannot write to {text!r}: a path cannot contain a NUL character")
    return Path(text)


def resolved(target: str | os.PathLike[str]) -> str:
    """Return what is the same for every way to name a folder: its URL, or its path without links.

    Raises:
        OutputError: the target names no folder.

    >>> resolved("file:///kept/") == resolved("/kept/../kept")
    True
    """
    path = local_path(target)
    if path is None:
        return os.fspath(target).rstrip("/")
    return os.path.normcase(os.path.realpath(path))


class _Local:
    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> None:
        self._path.mkdir(parents=True, exist_ok=True)

    def lock(self, owner: object) -> Callable[[], object] | None:
        try:
            return lock(self._path, owner)
        except BlockingIOError:
            raise OutputError(
                f"another run, or a sink that was not closed, is writing to {str(self._path)!r}: "
                "wait until it is done, or give another folder"
            ) from None

    def names(self) -> list[str]:
        try:
            return sorted(os.listdir(self._path))
        except FileNotFoundError:
            return []

    def create(self, name: str) -> IO[bytes]:
        return open(self._path / name, "wb", buffering=1 << 20)

    def rename(self, old: str, new: str) -> None:
        os.replace(self._path / old, self._path / new)

    def remove(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def probe(self) -> None:
        missing = [p for p in (self._path, *self._path.parents) if not p.exists()]
        try:
            self.make()
            name = f".webfilter-{uuid.uuid4().hex}.tmp"
            try:
                with self.create(name) as file:
                    file.write(b"webfilter")
            finally:
                with suppress(OSError):
                    self.remove(name)
        finally:
            for path in missing:  # innermost first
                with suppress(OSError):
                    path.rmdir()


class _Remote:
    def __init__(self, url: str) -> None:
        import fsspec

        try:
            files, path = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            raise refused(url, error) from error
        self._files, self._path = cast(Any, files), path.rstrip("/")

    def make(self) -> None:
        self._files.makedirs(self._path, exist_ok=True)

    def lock(self, owner: object) -> Callable[[], object] | None:
        return None

    def names(self) -> list[str]:
        try:
            found = self._files.ls(self._path, detail=False, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(name.rstrip("/").rsplit("/", 1)[-1] for name in found)

    def create(self, name: str) -> IO[bytes]:
        return cast(IO[bytes], self._files.open(f"{self._path}/{name}", "wb"))

    def rename(self, old: str, new: str) -> None:
        self.remove(new)
        self._files.mv(f"{self._path}/{old}", f"{self._path}/{new}")

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._files.rm_file(f"{self._path}/{name}")

    def probe(self) -> None:
        self.make()
        name = f".webfilter-{uuid.uuid4().hex}.tmp"
        with self.create(name) as file:
            file.write(b"webfilter")
        self.remove(name)
