"""The folder where fetched models lie, and what names in it mean.

``WEBFILTER_MODELS`` names the folder. Without it: ``$XDG_CACHE_HOME/webfilter/models`` (usually
``~/.cache/webfilter/models``), on macOS ``~/Library/Caches/webfilter/models``, on Windows
``%LOCALAPPDATA%\\webfilter\\models``. Beside each file lies ``FILE.sha256``, the checksum it was
fetched with, as ``sha256sum -c`` reads it; a checksum in the table of known models goes before it.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Literal, NamedTuple

from webfilter.errors import ConfigError
from webfilter.models.table import KNOWN, KnownModel, find

__all__ = ["Stored", "checksum", "digest", "folder", "resolve", "stored", "verify"]

_HEX = re.compile(r"[0-9a-f]{64}")


class Stored(NamedTuple):
    """A known model, or a file in the store."""

    name: str
    path: Path
    known: KnownModel | None
    state: Literal["absent", "verified", "unchecked", "damaged"]
    """``unchecked``: the file is there, and nothing says what its checksum should be."""


def folder() -> Path:
    """Return the folder of fetched models; it need not exist.

    Raises:
        ConfigError: ``WEBFILTER_MODELS`` is not set and there is no home folder.
    """
    try:
        if given := os.environ.get("WEBFILTER_MODELS"):
            return Path(given).expanduser().absolute()
        return _cache() / "webfilter" / "models"
    except RuntimeError:
        raise ConfigError(
            "models: there is no home folder to keep them in; name one in WEBFILTER_MODELS"
        ) from None


def _cache() -> Path:
    if sys.platform == "win32":
        given, usual = os.environ.get("LOCALAPPDATA"), "AppData/Local"
    elif sys.platform == "darwin":
        given, usual = None, "Library/Caches"
    else:
        given, usual = os.environ.get("XDG_CACHE_HOME"), ".cache"
    # a relative path there is to be ignored, says the XDG standard
    return Path(given) if given and Path(given).is_absolute() else Path.home() / usual


def resolve(model: str | os.PathLike[str], what: str = "model") -> Path:
    """Return the file that `model` means: a path, or the name of a model that was fetched.

    What exists as a file is that file; otherwise the name of a known model, or of a file in the
    store. Nothing is fetched, and checksums are not compared again (`verify` does that): a file
    was put into the store only after its checksum had been right.

    Args:
        model: a path, or a name such as ``lid.176``.
        what: names the setting in errors, such as ``language: model``.

    Raises:
        ConfigError: there is no such file and no known model is called so, or the known model has
            not been fetched; the message says how to.

    >>> resolve("lid167", "language: model")
    Traceback (most recent call last):
    webfilter.errors.ConfigError: language: model = 'lid167' cannot be read (no such file, and no \
known model is called so; did you mean 'lid.176'?)
    """
    path, name = Path(model), os.fspath(model)
    if _is_file(path):
        return path
    if path.name == name:
        found = find(name)
        kept = folder() / (found.file if found else name)
        if _is_file(kept):
            return kept
        if found:
            raise ConfigError(
                f"{what} = {name!r} has not been fetched; fetch it with: "
                f"webfilter models fetch {found.name}"
                + ("" if found.sha256 else f" --sha256 HEX (see {found.source})")
            )
    names = [known.name for known in KNOWN]
    near = difflib.get_close_matches(path.name.lower(), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    raise ConfigError(
        f"{what} = {name!r} cannot be read (no such file"
        + (f", and no known model is called so; {hint})" if path.name == name else ")")
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long, a folder that may not be read
        return False


def digest(path: Path) -> str:
    """Return the sha256 of a file.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def checksum(text: str) -> str:
    """Return the checksum that somebody gave, in lower case and without ``sha256:``.

    Raises:
        ConfigError: it is none.

    >>> checksum("sha256:" + 64 * "A") == 64 * "a"
    True
    """
    bare = text.strip().lower().removeprefix("sha256:")
    if not _HEX.fullmatch(bare):
        raise ConfigError(f"sha256 = {text!r} is not a checksum: 64 hexadecimal digits")
    return bare


def note(path: Path) -> Path:
    """Return the file that holds the checksum of the file at `path`."""
    return path.with_name(f"{path.name}.sha256")


def _expected(path: Path) -> str | None:
    """Return what the checksum of the file at `path` should be, if anything says so."""
    if path.parent == folder():
        model = next((model for model in KNOWN if model.file == path.name), None)
        if model and model.sha256:
            return model.sha256
    try:
        with note(path).open(encoding="utf-8", errors="replace") as file:
            found = _HEX.match(file.read(64).lower())
    except OSError:
        return None
    return found[0] if found else None


def verify(model: str | os.PathLike[str], *, sha256: str | None = None) -> str:
    """Return the sha256 of a model's file, after comparing it.

    It is compared with `sha256`; else with what is known of the name, or was noted when the file
    was fetched; a file from anywhere also passes where it is a known model.

    Raises:
        ConfigError: it is another one (both are said), nothing says what it should be, or there is
            no such file.
    """
    path = resolve(model)
    wanted = checksum(sha256) if sha256 is not None else _expected(path.absolute())
    got = digest(path)
    if wanted is None and got not in {known.sha256 for known in KNOWN}:
        raise ConfigError(
            f"{path}: its sha256 is {got}, and nothing says what it should be; give the right one "
            "with --sha256"
        )
    if wanted is not None and got != wanted:
        raise ConfigError(f"{path}: wrong checksum: expected {wanted}, got {got}; fetch it again")
    return got


def stored() -> tuple[Stored, ...]:
    """Return every known model, then every other file in the store; files are read to be checked.

    Raises:
        ConfigError: the store cannot be read.
    """
    place = folder()
    try:
        there = {p.name: p for p in place.iterdir() if p.is_file()} if place.is_dir() else {}
    except OSError as error:
        raise ConfigError(f"{place}: cannot be read: {error.strerror}") from None
    rows = [
        Stored(m.name, place / m.file, m, _state(place / m.file) if m.file in there else "absent")
        for m in KNOWN
    ]
    files = {model.file for model in KNOWN}
    others = sorted(there.keys() - files)
    rows += [
        Stored(name, there[name], None, _state(there[name]))
        for name in others
        if not name.startswith(".") and not name.endswith(".sha256")
    ]
    return tuple(rows)


def _state(path: Path) -> Literal["verified", "unchecked", "damaged"]:
    wanted = _expected(path)
    if wanted is None:
        return "unchecked"
    return "verified" if digest(path) == wanted else "damaged"
