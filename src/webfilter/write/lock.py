"""One writer a folder: a lock that the system releases when its holder ends, however it ends.

The folder itself is locked, so there is no file that readers could take for data or that a killed
run could leave behind. Where folders cannot be locked (Windows, some network file systems) `lock`
says so, and part files rely on names of their own.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from contextlib import suppress

__all__ = ["lock"]

_held: set[int] = set()
"""Descriptors of the folders that this process has locked."""


def lock(folder: str | os.PathLike[str], owner: object) -> Callable[[], object] | None:
    """Lock an existing folder until what this returns is called, or `owner` is gone.

    Returns:
        What releases the lock; None: this folder cannot be locked.

    Raises:
        BlockingIOError: it is locked already, here or in another process.
    """
    try:
        import fcntl
    except ImportError:
        return None
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:  # NFS locks nothing that is not open for writing
        os.close(handle)
        return None
    _held.add(handle)
    return weakref.finalize(owner, _release, handle)


def _release(handle: int) -> None:
    if handle in _held:
        import fcntl

        _held.remove(handle)
        with suppress(OSError):
            # closing is not enough where somebody forked without Python's knowledge
            fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _leave() -> None:
    """Let a forked child neither keep the locks of its parent nor release them."""
    while _held:
        with suppress(OSError):
            os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave)
