"""Files that are whole or not there: written under a temporary name, synced, renamed, checksummed.

What an online stage remembers must outlive a crash in the middle of saving it. Everything here is
plain data: raw arrays and JSON, never pickles.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from webfilter.errors import OutputError, because

__all__ = ["beside", "checksum", "file_checksum", "put_in_place", "replacing", "write_arrays"]

_AT_ONCE = 1 << 22  # bytes


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` once it is complete and on disk.

    Until then it is called ``path.tmp`` and the old file, if there is one, stays as it is: whoever
    reads `path` sees the old file or the new one, even if this process is killed. Its folder is
    made where there is none.

    Raises:
        OutputError: it cannot be written.
    """
    with beside(path) as file:
        yield file
    put_in_place(path)


@contextmanager
def beside(path: Path) -> Iterator[BinaryIO]:
    """Open a file that stands beside `path`, complete and on disk, until `put_in_place` is called.

    Raises:
        OutputError: it cannot be written.
    """
    with _removed(path) as temporary:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())


def put_in_place(path: Path) -> None:
    """Give the file that `beside` wrote the name `path`.

    Raises:
        OutputError: it cannot be renamed.
    """
    with _removed(path) as temporary:
        temporary.replace(path)
        _sync_folder(path.parent)


@contextmanager
def _removed(path: Path) -> Iterator[Path]:
    """Give the temporary name of `path`; remove what has it if something goes wrong."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        yield temporary
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(f"cannot write {path}: {because(error)}") from error
        raise


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can."""
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_arrays(file: BinaryIO, arrays: Iterable[npt.NDArray[Any]]) -> str:
    """Write the bytes of `arrays`, one after the other, and return the checksum of all."""
    hashed = blake2b(digest_size=16)
    for array in arrays:
        raw = np.ascontiguousarray(array).data.cast("B") if array.size else b""
        hashed.update(raw)
        file.write(raw)
    return hashed.hexdigest()


def checksum(raw: bytes | memoryview) -> str:
    """Return the checksum of `raw`: 128 bits of BLAKE2, as hex digits.

    >>> checksum(b"")
    'cae66941d9efbd404e4d88758ea67670'
    """
    return blake2b(raw, digest_size=16).hexdigest()


def file_checksum(path: Path) -> str:
    """Return the checksum of the file `path`, read a few megabytes at a time."""
    hashed = blake2b(digest_size=16)
    with open(path, "rb") as file:
        while piece := file.read(_AT_ONCE):
            hashed.update(piece)
    return hashed.hexdigest()
