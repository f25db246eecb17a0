"""Folders for what does not fit into memory: spools, and what corpus stages sort on disk.

They last as long as the run. What a run leaves that was killed, the next one in the same place
removes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time

from webfilter.errors import OutputError
from webfilter.write.lock import lock

__all__ = ["ELSEWHERE", "inner_folder", "work_folder"]

ELSEWHERE = "make room, or give another folder with work= (of a run) or as TMPDIR (where none is)"
"""What to do where such a folder takes no more."""

_WORK = ".webfilter-"
"""How the names of work folders begin."""
_UNLOCKED = 60.0
"""Seconds in which a work folder of another run may not be locked yet."""


@contextmanager
def work_folder(parent: Path | None = None, unlocked: float = _UNLOCKED) -> Iterator[Path]:
    """A folder in `parent`, or where the system has such things, that is removed in the end.

    Work folders in `parent` that nobody holds any more are removed first: of runs that were killed.

    Args:
        parent: made where it is missing.
        unlocked: seconds; one that is so old, or older, would be locked by who works in it.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
            _sweep(parent, unlocked)
        folder = tempfile.TemporaryDirectory(
            prefix=_WORK if parent else "webfilter-",
            dir=parent,
            ignore_cleanup_errors=True,  # Windows removes nothing that is open: the next run does
        )
    except OSError as error:
        raise _refused(parent, error) from error
    with folder as path:
        unlock = lock(path, folder) or _nothing
        try:
            yield Path(path)
        finally:
            unlock()


def inner_folder(parent: Path, name: str) -> Path:
    """Make a folder in a work folder, and return it.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    except OSError as error:
        raise _refused(parent, error) from error


def _refused(parent: Path | None, error: OSError) -> OutputError:
    place = "for temporary files" if parent is None else f"in {str(parent)!r}"
    return OutputError(f"cannot make a work folder {place}: {error.strerror}; {ELSEWHERE}")


def _sweep(parent: Path, unlocked: float) -> None:
    for left in parent.glob(f"{_WORK}*/"):
        with suppress(OSError):  # it is in use, or somebody else was faster
            if time() - left.stat().st_mtime < unlocked:
                continue
            if (unlock := lock(left, _sweep)) is not None:
                try:
                    shutil.rmtree(left)
                finally:
                    unlock()


def _nothing() -> None:
    pass
