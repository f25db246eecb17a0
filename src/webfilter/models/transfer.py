"""Reads a file from an address to its end, whatever the connection does on the way.

A connection that breaks is taken up where it broke, if the server says that the file is still the
same (an entity tag or a date), else from the start, eight times at most. What is plainly no model
(a web page, a Git LFS pointer, another length) is refused at its beginning. The standard library
does the work, so proxies are those of the environment (``HTTPS_PROXY``, ``NO_PROXY``).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from webfilter import __version__
from webfilter.errors import OutputError, SourceError

__all__ = ["Transfer", "bar"]

_CHUNK = 1 << 17
_TIMEOUT = 30.0
_ATTEMPTS = 8
_PAUSE = 0.5
"""Seconds before the second attempt; doubled each time."""
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
"""Answers of servers that may be better off later."""


class _Cut(Exception):
    """The transfer broke; it may be taken up."""


class _Nothing:
    """No bar."""

    n = 0
    total: int | None = None

    def update(self, count: int) -> None: ...
    def refresh(self) -> None: ...
    def close(self) -> None: ...


def bar(name: str, progress: bool) -> Any:
    """Return a progress bar, or what takes its place."""
    if not progress or sys.stderr is None:
        return _Nothing()
    from tqdm.auto import tqdm

    return tqdm(unit="B", unit_scale=True, desc=name, disable=None, leave=False)


class Transfer:
    """What has arrived of a file so far.

    Args:
        address: where it is: ``http``, ``https``, ``file``, or a path.
        file: where it goes, empty.
        length: how long it must be, if that is known.
        bar: is told of every byte.
    """

    def __init__(self, address: str, file: BinaryIO, length: int | None, bar: Any) -> None:
        self.address, self.file, self.length, self.bar = address, file, length, bar
        self.got = 0
        self.hash = hashlib.sha256()
        self.same: str | None = None  # what makes sure that the rest is of the same file

    def run(self) -> str:
        """Get all of it; return its sha256.

        Raises:
            SourceError: it cannot be reached, breaks off again and again, or is no such file.
            OutputError: the disk has no room for it.
            OSError: it cannot be written.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._pull()
                return self.hash.hexdigest()
            except _Cut as cut:
                if attempt == _ATTEMPTS:
                    raise SourceError(
                        f"{self.address}: {cut}, {attempt} times; nothing was kept"
                    ) from None
            if self.same is None:
                self._restart()
            time.sleep(min(_PAUSE * 2 ** (attempt - 1), 30.0))
        raise AssertionError

    def _restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.hash = hashlib.sha256()
        self.bar.update(-self.got)
        self.got = 0

    def _pull(self) -> None:
        """Read until the end of what there is.

        Raises:
            _Cut: it broke off, and another attempt may help.
            SourceError: it will not.
        """
        with self._open() as answer:
            total = self._total(answer)
            if self.length and total not in (None, self.length) and (self.got or not total):
                raise SourceError(self._other(f"{total:,} bytes"))
            self._room(total)
            while chunk := self._read(answer):
                if not self.got:
                    self._look(chunk, total)
                self._take(chunk)
            end = self.length if self.length is not None else total
            if end is not None and self.got < end:
                raise _Cut(f"the connection broke after {self.got:,} of {end:,} bytes")

    def _open(self) -> Any:
        scheme = urlsplit(self.address).scheme if "://" in self.address else ""
        if scheme in ("", "file"):
            return self._local(scheme)
        if scheme not in ("http", "https"):
            raise SourceError(f"{self.address}: {scheme} is not read; http, https and file are")
        return self._remote()

    def _local(self, scheme: str) -> Any:
        from urllib.request import url2pathname

        path = Path(url2pathname(urlsplit(self.address).path) if scheme else self.address)
        try:
            if path.exists() and not path.is_file():  # a folder, or a device without an end
                raise SourceError(f"{self.address}: is not a file")
            return path.open("rb")
        except SourceError:
            raise
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise SourceError(f"{self.address}: cannot be read: {said}") from None

    def _remote(self) -> Any:
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.request import Request, build_opener

        headers = {"User-Agent": f"webfilter/{__version__}", "Accept-Encoding": "identity"}
        if self.got and self.same:
            headers |= {"Range": f"bytes={self.got}-", "If-Range": self.same}
        try:
            url = quote(self.address, safe="%/:=&?~#+!$,;'@()*[]")
            # urlopen would keep the proxies of its first call in this process
            answer = build_opener().open(Request(url, headers=headers), timeout=_TIMEOUT)
        except HTTPError as error:
            error.close()
            if error.code in _AGAIN:
                raise _Cut(f"the server answers {error.code} {error.reason}") from None
            if error.code == 416 and self.got:
                self.same = None
                raise _Cut("the server has no more of it") from None
            raise SourceError(f"{self.address}: {error.code} {error.reason}") from None
        except URLError as error:
            if isinstance(error.reason, (TimeoutError, ConnectionResetError)):
                raise _Cut(f"no connection ({error.reason})") from None
            raise SourceError(self._unreached(error.reason)) from None
        except (TimeoutError, ConnectionError) as error:
            raise _Cut(f"no answer ({error})") from None
        except (OSError, HTTPException, ValueError) as error:
            raise SourceError(f"{self.address}: cannot be fetched: {error}") from None
        if self.got and not self._continues(answer):
            self._restart()
        tag, date = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        self.same = tag if tag and not tag.startswith("W/") else date
        return answer

    def _continues(self, answer: Any) -> bool:
        if answer.status != 206:
            return False
        start = (answer.headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
        if start != str(self.got):
            self.same = None
            answer.close()
            raise _Cut("the server sends another part than it was asked for")
        return True

    def _unreached(self, reason: object) -> str:
        from socket import gaierror
        from urllib.request import getproxies, proxy_bypass

        parts = urlsplit(self.address)
        host = parts.hostname or ""
        proxy = None if proxy_bypass(host) else getproxies().get(parts.scheme)
        if isinstance(reason, gaierror):
            reason = "no such host, or no network"
        through = f"through the proxy {urlsplit(proxy).hostname}" if proxy else "directly"
        return (
            f"{self.address}: {host} cannot be reached ({reason}; tried {through}); "
            "HTTPS_PROXY names a proxy, and --from another place that has the file"
        )

    def _total(self, answer: Any) -> int | None:
        """Return the length of the whole file, as far as it is told."""
        if not hasattr(answer, "headers"):
            return int(os.fstat(answer.fileno()).st_size)
        said = answer.headers.get("Content-Length")
        return self.got + int(said) if said and said.isdecimal() and len(said) < 19 else None

    def _room(self, total: int | None) -> None:
        need = (self.length or total or 0) - self.got
        place = Path(self.file.name).parent
        free = shutil.disk_usage(place).free
        if need > free:
            raise OutputError(f"{place}: the disk has room for {free:,} bytes, not for {need:,}")
        if self.bar.total is None:
            self.bar.total = self.length or total
            self.bar.refresh()

    def _read(self, answer: Any) -> bytes:
        from http.client import HTTPException

        try:
            chunk: bytes = answer.read(_CHUNK)
            return chunk
        except (OSError, HTTPException) as error:
            said = "the server was silent" if isinstance(error, TimeoutError) else str(error)
            raise _Cut(f"the connection broke after {self.got:,} bytes ({said})") from None

    def _look(self, chunk: bytes, total: int | None) -> None:
        """Refuse at its beginning what is no model."""
        start = chunk[:512].lstrip().lower()
        if start.startswith((b"<!doctype html", b"<html")):
            raise SourceError(self._other("a web page, perhaps an error or a login"))
        if start.startswith(b"version https://git-lfs"):
            raise SourceError(self._other("a Git LFS pointer: use the address of the download"))
        if self.length is not None and total not in (None, self.length):
            raise SourceError(self._other(f"{total:,} bytes"))

    def _other(self, found: str) -> str:
        wanted = f" of {self.length:,} bytes" if self.length is not None else ""
        return f"{self.address}: not the model{wanted}: what is there is {found}; nothing was kept"

    def _take(self, chunk: bytes) -> None:
        if self.length is not None and self.got + len(chunk) > self.length:
            raise SourceError(self._other("longer"))
        self.file.write(chunk)
        self.hash.update(chunk)
        self.got += len(chunk)
        self.bar.update(len(chunk))
