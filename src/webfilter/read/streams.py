"""Standard input, named pipes and open files: bytes that come by once.

A stream has no name that says what it holds, so its first bytes do; they are kept, and read again.
Nothing can be read from anywhere but the beginning, so Parquet, which is read from its end, cannot
be a stream; and behind damage only what lies ahead is searched.
"""

from __future__ import annotations

import errno
import sys
from typing import Any

from webfilter.errors import SourceError
from webfilter.read.kinds import kind_by_content
from webfilter.read.stored import Raw

__all__ = ["STDIN", "Stream", "standard_input"]

STDIN = "-"
"""The path that means standard input."""


class Stream:
    """An open file, read once from where it stands. Leaving it as a context closes what is `ours`.

    Args:
        handle: the open file, binary.
        name: what to call it; None: what it calls itself.
        ours: nobody else will close it.

    Raises:
        SourceError: it gives no bytes, or waits for somebody to type them.
    """

    def __init__(self, handle: Any, name: str | None = None, *, ours: bool = False) -> None:
        own = getattr(handle, "name", None)
        self.name = name or (own if isinstance(own, str) and own else f"<{_type(handle)}>")
        self._handle, self._ours = handle, ours
        self._ahead = b""
        try:
            nothing, terminal = handle.read(0), _is_terminal(handle)
        except Exception as error:  # each kind of handle has errors of its own
            raise SourceError(f"{self.name}: cannot be read: {_said(error)}") from error
        if not isinstance(nothing, bytes | None):
            raise SourceError(
                f"{self.name} gives {_type(nothing)}, not bytes: open it with mode 'rb', take its "
                "buffer (sys.stdin.buffer), or give its path"
            )
        if terminal:
            raise SourceError(f"{self.name} is a terminal: pipe something into it")

    def kind(self) -> str:
        """Return the kind of what it holds, told by how it begins; as much is read.

        Raises:
            SourceError: it holds nothing, or nothing that can be read from a stream.
        """
        try:
            self._ahead = self.read(1)
        except Exception as error:
            raise SourceError(f"{self.name}: cannot be read: {_said(error)}") from error
        if not self._ahead:
            raise SourceError(f"{self.name} is empty: see why what is piped into it gives nothing")
        begins = _Noted(self)
        found = kind_by_content(Raw(begins))
        self._ahead = b"".join(begins.parts)
        if found is None:
            raise SourceError(
                f"{self.name} begins like none of JSON Lines, WARC and HTML, plain or compressed; "
                "JSON Lines has one object a line: jq -c '.[]' makes it from an array"
            )
        return found

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end.

        Raises:
            OSError: it cannot be read on.
        """
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        parts, wanted = [data], size - len(data)
        while wanted > 0:
            got = self._handle.read(wanted)
            if got is None:
                raise BlockingIOError(errno.EAGAIN, "it does not wait for what comes")
            if not got:
                break
            parts.append(got)
            wanted -= len(got)
        return b"".join(parts)

    def seekable(self) -> bool:
        """Return False: what has gone by is gone."""
        return False

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self._handle.close()


def standard_input() -> Stream:
    """Return standard input.

    Raises:
        SourceError: there is none, or it is a terminal.
    """
    handle = getattr(sys.stdin, "buffer", None)
    if handle is None:
        raise SourceError(f"{STDIN}: standard input is closed; pipe something into it")
    return Stream(handle, "<stdin>")


class _Noted:
    """Reads from a stream, and keeps what was read."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.parts: list[bytes] = []

    def read(self, size: int) -> bytes:
        self.parts.append(self._stream.read(size))
        return self.parts[-1]

    def seekable(self) -> bool:
        return False


def _is_terminal(handle: Any) -> bool:
    asked = getattr(handle, "isatty", None)
    return bool(asked()) if callable(asked) else False


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or _type(error)


def _type(value: object) -> str:
    return type(value).__name__
