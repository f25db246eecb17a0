"""One writer a folder: a lock that the system releases when its holder ends, however it ends.

The folder itself is locked, so there is no file that readers could take for data or that a killed
run could leave behind. Windows locks no folders: there it is a file beside the folder,
``.NAME.lock``, which goes with the lock; an empty one that a killed run left keeps nobody away.
Where neither can be locked (some network file systems) `lock` says so, and part files rely on
names of their own.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

__all__ = ["lock"]

_held: set[int] = set()
"""Descriptors of the folders, or files beside them, that this process has locked."""


def lock(folder: str | os.PathLike[str], owner: object) -> Callable[[], object] | None:
    """Lock an existing folder until what this returns is called, or `owner` is gone.

    Returns:
        What releases the lock; None: this folder cannot be locked.

    Raises:
        BlockingIOError: it is locked already, here or in another process.
    """
    beside = None if _fcntl() else _beside(folder)
    try:
        if beside is None:
            handle = os.open(folder, os.O_RDONLY)
        else:
            handle = os.open(beside, os.O_RDWR | os.O_CREAT)
    except OSError:
        return None
    try:
        _take(handle)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:  # NFS locks nothing that is not open for writing
        _let_go(handle, beside)
        return None
    _held.add(handle)
    return weakref.finalize(owner, _release, handle, beside)


def _fcntl() -> Any:
    """Return the module; None on Windows."""
    try:
        import fcntl
    except ImportError:
        return None
    return fcntl


def _beside(folder: str | os.PathLike[str]) -> str:
    parent, name = os.path.split(os.path.realpath(folder))
    return os.path.join(parent, f".{name}.lock")


def _take(handle: int) -> None:
    """Lock what is open.

    Raises:
        BlockingIOError: it is locked.
        OSError: it cannot be locked.
    """
    if fcntl := _fcntl():
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    import msvcrt

    try:
        _byte(msvcrt, handle, "LK_NBLCK")
    except PermissionError as error:
        raise BlockingIOError(error.errno, "locked already") from None


def _byte(msvcrt: Any, handle: int, how: str) -> None:
    """Lock or release the first byte, which need not be there."""
    os.lseek(handle, 0, os.SEEK_SET)
    msvcrt.locking(handle, getattr(msvcrt, how), 1)


def _release(handle: int, beside: str | None) -> None:
    if handle not in _held:
        return
    _held.remove(handle)
    with suppress(OSError):
        # closing is not enough where somebody forked without Python's knowledge
        if fcntl := _fcntl():
            fcntl.flock(handle, fcntl.LOCK_UN)
        else:
            import msvcrt

            _byte(msvcrt, handle, "LK_UNLCK")
    _let_go(handle, beside)


def _let_go(handle: int, beside: str | None) -> None:
    os.close(handle)
    if beside is not None:
        with suppress(OSError):  # Windows removes nothing that the next one has open
            os.unlink(beside)


def _leave() -> None:
    """Let a forked child neither keep the locks of its parent nor release them."""
    while _held:
        with suppress(OSError):
            os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave)
