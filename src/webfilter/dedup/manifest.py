"""What an index consists of: one JSON file, replaced whole, that names its segments.

Whatever is not named in it is not part of the index. So a writer prepares new segments beside the
old ones and then replaces the manifest: killed at any moment, it leaves the index as it was before
or as it was to become.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webfilter.dedup.archive import Entry
from webfilter.dedup.segmentfiles import sync
from webfilter.dedup.sketch import Scheme
from webfilter.errors import OutputError, SourceError, because

__all__ = ["MANIFEST", "VERSION", "Manifest", "locked"]

MANIFEST = "manifest.json"
VERSION = 1
"""Of the files; what is newer is refused."""
_FORMAT = "webfilter minhash index"
_SEGMENT = re.compile(r"segment-\d{6,}")
_OURS = re.compile(r"segment-\d{6,}(\.tmp)?|manifest\.json\.tmp")
_LOCK = "lock"
_FIX = "restore the folder, or make the index again from its documents"


@dataclass(frozen=True)
class Manifest:
    """The settings of an index and its segments, in order."""

    settings: Mapping[str, Any]
    """Fields of the `MinHash` that sketches for it."""
    scheme: Scheme
    segments: tuple[Entry, ...] = ()
    next: int = 1
    """Number of the next segment; numbers never come again."""

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of the index in `folder`.

        Raises:
            SourceError: there is none, or it is damaged, foreign, or of a newer version.
        """
        path = folder / MANIFEST
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SourceError(
                f"no index in {folder}: {MANIFEST} is missing; make one with "
                f"MinHashIndex.create({str(folder)!r}, MinHash())"
            ) from None
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{path} is damaged: it is no JSON ({error}); {_FIX}") from None
        if not isinstance(held, dict) or held.get("format") != _FORMAT:
            raise SourceError(f"{path} is not the manifest of a webfilter index")
        version = held.get("version")
        if type(version) is not int or version > VERSION:
            raise SourceError(
                f"{path} has version {version!r} of the format, this webfilter reads up to "
                f"{VERSION}; install a newer webfilter"
            )
        try:
            return cls._of(held)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"{type(error).__name__}: {error}"
            raise SourceError(f"{path} is damaged: {said}; {_FIX}") from None

    @classmethod
    def _of(cls, held: Mapping[str, Any]) -> Manifest:
        segments = tuple(
            Entry(
                _segment(entry["name"]),
                _count(entry["rows"]),
                _count(entry["digest"]),
                {
                    str(name): (_count(about["bytes"]), str(about["blake2b"]))
                    for name, about in entry["files"].items()
                },
            )
            for entry in held["segments"]
        )
        settings, scheme = dict(held["settings"]), dict(held["scheme"])
        return cls(settings, scheme, segments, _count(held["next"]))

    def write(self, folder: Path) -> None:
        """Replace the manifest of the index in `folder`, atomically.

        Raises:
            OutputError: it cannot be written.
        """
        held = {
            "format": _FORMAT,
            "version": VERSION,
            "settings": self.settings,
            "scheme": self.scheme,
            "next": self.next,
            "segments": [
                {
                    "name": entry.name,
                    "rows": entry.rows,
                    "digest": entry.digest,
                    "files": {
                        name: {"bytes": size, "blake2b": digest}
                        for name, (size, digest) in entry.files.items()
                    },
                }
                for entry in self.segments
            ],
        }
        half = folder / f"{MANIFEST}.tmp"
        try:
            with open(half, "w", encoding="utf-8", newline="\n") as file:
                json.dump(held, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(half, folder / MANIFEST)
            sync(folder)
        except OSError as error:
            raise OutputError(f"cannot write {half}: {because(error)}") from error

    def sweep(self, folder: Path) -> None:
        """Remove segments that are not part of the index: merged ones, and a killed writer's."""
        kept = {entry.name for entry in self.segments}
        for path in folder.iterdir():
            if not _OURS.fullmatch(path.name) or path.name in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)  # Windows: once nobody reads it any more
            else:
                path.unlink(missing_ok=True)


def _segment(name: str) -> str:
    if not _SEGMENT.fullmatch(name):  # a path that leads elsewhere
        raise ValueError(f"{name!r} is no segment")
    return name


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the index in `folder`, so that nobody else writes.

    The system releases it when the process ends, however it ends.

    Raises:
        OutputError: somebody else holds it, or the folder cannot be written.
    """
    path = folder / _LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {because(error)}") from None
    try:
        try:
            _lock(handle, True)
        except OSError:
            raise OutputError(
                f"somebody else writes to the index {folder}; wait until they are done "
                "(reading goes on meanwhile)"
            ) from None
        try:
            yield
        finally:
            _lock(handle, False)  # closing is not enough where a child was forked meanwhile
    finally:
        os.close(handle)


def _lock(handle: int, hold: bool) -> None:
    if os.name == "nt":
        import msvcrt

        kind = "LK_NBLCK" if hold else "LK_UNLCK"
        msvcrt.locking(handle, getattr(msvcrt, kind), 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if hold else fcntl.LOCK_UN)
