"""Fetches a model file: streams it beside its place, compares length and checksum, then renames.

Only what is asked for is fetched, only by `fetch` and the command line. What arrives goes to a
hidden temporary file in the target's folder, which is gone after any failure or Ctrl-C; the file
itself appears whole or not at all. A connection that breaks is taken up where it broke, if the
server says that the file is still the same (an entity tag or a date), else from the start; a file
left by an earlier, killed process is not taken up but removed after a day. The standard library
does the work, so proxies are those of the environment (``HTTPS_PROXY``, ``NO_PROXY``).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlsplit

from webfilter import __version__
from webfilter.errors import ConfigError, OutputError, SourceError
from webfilter.models.store import checksum, digest, folder, note
from webfilter.models.table import KnownModel, find, known

__all__ = ["fetch", "obtain"]

_CHUNK = 1 << 17
_TIMEOUT = 30.0
_ATTEMPTS = 8
_PAUSE = 0.5
"""Seconds before the second attempt; doubled each time."""
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
"""Answers of servers that may be better off later."""
_STALE = 24 * 3600.0


class _Cut(Exception):
    """The transfer broke; it may be taken up."""


def fetch(
    model: str,
    *,
    to: str | os.PathLike[str] | None = None,
    sha256: str | None = None,
    url: str | None = None,
    progress: bool = False,
) -> Path:
    """Fetch a model file, and return where it lies.

    A file that is there already and has the right checksum is left alone, and nothing is fetched.

    Args:
        model: the name of a known model, or the address (``https``, ``http``, ``file``) or path of
            any file.
        to: the folder to put it in; None is the store, where stages find it by name.
        sha256: its checksum; needed where webfilter knows none.
        url: fetch the known model from this address or path instead: a mirror, a memory stick.
        progress: show a bar on standard error, if that is a terminal.

    Raises:
        UnknownName: `model` is no address and nothing known; carries the nearest name.
        ConfigError: no checksum is known or given, or it contradicts the known one.
        SourceError: the file cannot be reached, breaks off, or is another one.
        OutputError: the file cannot be written.

    >>> fetch("https://example.org/my.bin")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    webfilter.errors.ConfigError: https://example.org/my.bin: no checksum of it is known, ...
    """
    return obtain(model, to=to, sha256=sha256, url=url, progress=progress)[0]


def obtain(
    model: str,
    *,
    to: str | os.PathLike[str] | None = None,
    sha256: str | None = None,
    url: str | None = None,
    progress: bool = False,
) -> tuple[Path, bool]:
    """Do as `fetch`; return also whether anything was fetched."""
    about = find(model)
    if about is None and "://" not in model and not Path(model).is_file():
        about = known(model)  # says which name is near
    if about is None and url is not None:
        raise ConfigError(f"{model!r} is an address already; a second one goes with a known name")
    address = url or (about.url if about else model)
    wanted = _checksum(model, about, sha256)
    place = Path(to).expanduser() if to is not None else folder()
    target = place / (about.file if about else _file_name(address))
    taken = None if about or to is not None else find(target.name)
    if taken and taken.sha256 != wanted:
        raise ConfigError(
            f"{address}: in the store, {target.name} is the name of a known model; fetch that by "
            f"webfilter models fetch {taken.name} --from {address}; put yours elsewhere with --to"
        )
    fetched = not (target.is_file() and digest(target) == wanted)
    with _written(place):
        place.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise OutputError(f"{target}: there is a folder of that name")
    if fetched:
        _fetch(address, target, wanted, about.bytes if about else None, progress)
        with _written(place):
            note(target).write_text(f"{wanted}  {target.name}\n", "utf-8")
    return target, fetched


def _checksum(model: str, about: KnownModel | None, given: str | None) -> str:
    right = about.sha256 if about else None
    if given is None and right is None:
        where = f" ({about.source} states it)" if about else ""
        raise ConfigError(
            f"{model}: no checksum of it is known, so say which one it should have{where}: "
            f"webfilter models fetch {model} --sha256 HEX"
        )
    wanted = checksum(given) if given is not None else right
    assert wanted is not None
    if right is not None and wanted != right:
        raise ConfigError(
            f"{model}: the sha256 given, {wanted}, is not that of the model known as {model}, "
            f"{right}; another file is fetched by its address"
        )
    return wanted


def _file_name(address: str) -> str:
    path = unquote(urlsplit(address).path) if "://" in address else address
    name = Path(path.replace("\\", "/")).name
    if not name or name.startswith(".") or name.endswith(".sha256") or not name.isprintable():
        raise ConfigError(f"{address}: its last part, {name!r}, does not do as a file name")
    return name


def _fetch(address: str, target: Path, wanted: str, length: int | None, progress: bool) -> None:
    _sweep(target)
    part = target.with_name(f".{target.name}.{os.urandom(4).hex()}.part")
    try:
        with _written(target.parent), part.open("xb") as file:
            transfer = _Transfer(address, file, length, _bar(target.name, progress))
            try:
                got = transfer.run()
            finally:
                transfer.bar.close()
            file.flush()
            os.fsync(file.fileno())
        if got != wanted:
            raise SourceError(
                f"{address}: wrong checksum: expected {wanted}, got {got} "
                f"({transfer.got:,} bytes); nothing was kept"
            )
        with _written(target.parent):
            part.replace(target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _sweep(target: Path) -> None:
    """Remove what a killed process left of this file, a day ago or more."""
    with contextlib.suppress(OSError):
        for part in target.parent.glob(f".{escape(target.name)}.*.part"):
            if time.time() - part.stat().st_mtime > _STALE:
                part.unlink(missing_ok=True)


@contextmanager
def _written(place: Path) -> Iterator[None]:
    """Turn what the file system refuses into an `OutputError`."""
    try:
        yield
    except (SourceError, OutputError):
        raise
    except OSError as error:
        raise _unwritten(place, error) from None


def _unwritten(place: Path, error: OSError) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{place}: the disk is full; nothing was kept")
    return OutputError(f"{place}: cannot be written: {error.strerror or error}")


class _Nothing:
    """No bar."""

    n = 0
    total: int | None = None

    def update(self, count: int) -> None: ...
    def refresh(self) -> None: ...
    def close(self) -> None: ...


def _bar(name: str, progress: bool) -> Any:
    if not progress:
        return _Nothing()
    from tqdm.auto import tqdm

    return tqdm(unit="B", unit_scale=True, desc=name, disable=None, leave=False)


class _Transfer:
    """What has arrived of a file so far; `run` gets all of it and returns its sha256."""

    def __init__(self, address: str, file: BinaryIO, length: int | None, bar: Any) -> None:
        self.address, self.file, self.length, self.bar = address, file, length, bar
        self.got = 0
        self.hash = hashlib.sha256()
        self.same: str | None = None  # what makes sure that the rest is of the same file

    def run(self) -> str:
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
