"""Fetches a model file: streams it beside its place, compares length and checksum, then renames.

Only what is asked for is fetched, only by `fetch` and the command line. What arrives goes to a
hidden temporary file in the target's folder, which is gone after any failure or Ctrl-C; the file
itself appears whole or not at all. What a killed process left is not taken up but removed after a
day.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from webfilter.errors import ConfigError, OutputError, SourceError
from webfilter.models.store import checksum, digest, folder, note
from webfilter.models.table import KnownModel, find, known
from webfilter.models.transfer import Transfer, bar

__all__ = ["fetch", "obtain"]

_STALE = 24 * 3600.0


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
    if about is None and "://" not in model and not os.path.isfile(model):
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
            note(target).write_text(f"{wanted}  {target.name}\n", "utf-8", newline="\n")
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
            transfer = Transfer(address, file, length, bar(target.name, progress))
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
