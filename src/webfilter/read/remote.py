"""Files far away: what fsspec opens, asked again where the way to it breaks.

A crawl is read from object stores for days, and a connection does not last so long. A file that is
not there or not for us stays so, and costs itself only; anything else may pass, so it is waited
for, the file opened anew and read on from where it stood. What does not pass ends the reading: the
next file would be lost likewise, and a run that is started again goes on from there.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from contextlib import suppress
from time import sleep
from typing import IO, TypeVar

from webfilter.errors import SourceError

__all__ = ["WAITS", "Lost", "Remote"]

logger = logging.getLogger("webfilter")

T = TypeVar("T")

WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to wait before each further try: a minute in all."""
_LASTING = (
    FileNotFoundError, PermissionError, IsADirectoryError, NotImplementedError, ValueError,
    SourceError,
)  # fmt: skip
"""What another try would not change."""
_PASSED = 1 << 20
_PASSING = (408, 425, 429)
"""Answers of HTTP among 400 to 499 that another try may change."""


class Lost(SourceError):
    """A file far away cannot be reached any more, so reading ends here."""


class Remote(io.RawIOBase):
    """A file that is opened by `reopen`, as often as it takes.

    Args:
        url: of the file, for what is said of it.
        reopen: opens it at its beginning; raises whatever the file system raises.

    Raises:
        Lost: it cannot be reached, though tried for a minute.
        OSError: it cannot be read, and that will not change. So do the methods.
    """

    def __init__(self, url: str, reopen: Callable[[], IO[bytes]]) -> None:
        super().__init__()
        self._url, self._reopen = url, reopen
        self._inner: IO[bytes] | None = None
        self._at = 0
        self._tried(lambda inner: None)

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes; none at the end."""
        data = self._tried(lambda inner: inner.read(size))
        self._at += len(data)
        return data

    def seek(self, at: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file; return it."""

        def sought(inner: IO[bytes]) -> int:
            inner.seek(at, whence)
            return inner.tell()

        self._at = self._tried(sought)
        return self._at

    def tell(self) -> int:
        """Return the place in the file."""
        return self._at

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return whether `seek` works, as found out by doing it."""

        def sought(inner: IO[bytes]) -> bool:
            if not inner.seekable():
                return False
            try:
                inner.seek(self._at + 1)  # not far: in archives that means to unpack
            except ValueError:  # a stream; that of fsspec's HTTP says that it can
                return False
            inner.seek(self._at)
            return True

        return self._tried(sought)

    def close(self) -> None:
        """Close the file; a failure to do so is of no interest."""
        self._drop()
        super().close()

    def _tried(self, do: Callable[[IO[bytes]], T]) -> T:
        """Return what `do` does with the file, opened anew where that breaks."""
        for wait in (*WAITS, None):
            try:
                if self._inner is None:
                    self._inner = self._reopen()
                    if self._at:
                        _go(self._inner, self._at)
                return do(self._inner)
            except Exception as error:  # each file system has errors of its own
                said = f"{type(error).__name__}: {error}"
                if _lasts(error):
                    raise OSError(said) from error
                self._drop()
                if wait is None:
                    raise Lost(
                        f"{self._url}: cannot be reached any more, after {len(WAITS) + 1} tries: "
                        f"{said}; when it can be, start again"
                    ) from error
                logger.warning(f"{self._url}: {said}; tried again in {wait:.0f} s")
                sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _drop(self) -> None:
        inner, self._inner = self._inner, None
        with suppress(Exception):
            if inner is not None:
                inner.close()


def _go(inner: IO[bytes], at: int) -> None:
    """Go to the place `at` in a file that was just opened; in a stream by reading up to there."""
    try:
        inner.seek(at)
    except ValueError:
        while at:
            passed = len(inner.read(min(at, _PASSED)))
            if not passed:
                raise
            at -= passed


def _lasts(error: Exception) -> bool:
    """Return whether another try would raise the same."""
    if isinstance(error, _LASTING):
        return True
    for teller in (error, getattr(error, "response", None)):
        for name in ("status", "status_code", "code"):
            said = getattr(teller, name, None)
            if isinstance(said, int) and 400 <= said < 500:
                return said not in _PASSING
    return False
