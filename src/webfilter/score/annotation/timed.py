"""HTTP with one time limit for a whole answer.

The timeout of Python's sockets is for each read, so a server that sends a byte now and then holds
its asker for as long as it likes: in the status line, the headers, chunk sizes, trailers. Here each
read has what is left of the time. Sending and the TLS handshake have one limit each in Python.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
import urllib.request
from typing import IO, Any

__all__ = ["Plain", "Secure"]


class _Reads(io.RawIOBase):
    """The bytes that come, until the time is up."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline
        self._raw: Any = sock.makefile("rb", 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        found: int | None = self._raw.readinto(buffer)
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Timed:
    """A socket, to what reads an answer from it."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def makefile(self, mode: str) -> IO[bytes]:
        return io.BufferedReader(_Reads(self._sock, self._deadline))


class _Connection(http.client.HTTPConnection):
    """For one question: its time runs from when it is made."""

    def __init__(self, host: str, *, timeout: float, **more: Any) -> None:
        super().__init__(host, timeout=timeout, **more)
        deadline = time.monotonic() + timeout

        def response(sock: Any, *args: Any, **more: Any) -> http.client.HTTPResponse:
            timed: Any = _Timed(sock, deadline)
            return http.client.HTTPResponse(timed, *args, **more)

        self.response_class = response  # type: ignore[assignment]


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    pass


class Plain(urllib.request.HTTPHandler):
    """Opens http URLs."""

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Return the answer, of which the status and headers have come."""
        return self.do_open(_Connection, req)  # type: ignore[arg-type]


class Secure(urllib.request.HTTPSHandler):
    """Opens https URLs."""

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Return the answer, of which the status and headers have come."""
        return self.do_open(_SecureConnection, req)  # type: ignore[arg-type]
