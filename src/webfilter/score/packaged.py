"""The model files that come with the package, checked against their checksums when loaded.

See `webfilter.packaged`; a file is read once per process, and one of a user's own again
when it has changed.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from webfilter import packaged
from webfilter.errors import ConfigError
from webfilter.models.held import held
from webfilter.score.model import Model
from webfilter.score.reader import Reader

__all__ = ["FOLDER", "checksum", "entry", "load", "load_file", "load_reader", "tried"]

FOLDER = Path(__file__).parent / "models"
"""Where the packaged models lie."""

M = TypeVar("M", Model, Reader)

_FIX = "reinstall webfilter, or train it again with classifiers/educational"
_GIVE = "give the model.npz that EducationalTrainer wrote"


@cache
def load(name: str, folder: Path = FOLDER) -> Model:
    """Return the model `name`, read and checked at the first call in this process.

    Raises:
        ConfigError: the file or its manifest is missing or damaged.
    """
    return _checked(Model, name, folder)


def checksum(name: str) -> str:
    """Return the sha256 of the model `name` that the manifest promises, as hexadecimal digits.

    >>> len(checksum("educational"))
    64
    """
    return str(entry(name)["sha256"])


def entry(name: str) -> dict[str, Any]:
    """Return what the manifest says of the model `name`."""
    return packaged.entry(FOLDER, name, _FIX)


@cache
def load_reader() -> Reader:
    """Return the packaged reader, read and checked at the first call in this process.

    Raises:
        ConfigError: the file or its manifest is missing or damaged.
    """
    return _checked(Reader, "reader", FOLDER)


def _checked(kind: type[M], name: str, folder: Path) -> M:
    data = packaged.data(folder, name, _FIX)
    try:
        return kind.load(data)
    except Exception as error:  # zipfile and numpy raise many kinds
        raise ConfigError(f"model {name!r}: its file cannot be used: {error}; {_FIX}") from error


def load_file(path: str | Path) -> tuple[Model, str]:
    """Return a model of one's own and its sha256; read again when the file has changed.

    Raises:
        ConfigError: the file is missing, or no model that can be used here.
    """
    try:
        file = Path(path).resolve()
        stat = file.stat()
    except (OSError, ValueError) as error:  # a path may hold no NUL
        raise _unread(path, error) from None
    return _open(file, path, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@held
def _open(file: Path, path: str | Path, _changed: tuple[int, ...]) -> tuple[Model, str]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise _unread(path, error) from None
    try:
        return tried(data), hashlib.sha256(data).hexdigest()
    except Exception as error:  # zipfile and numpy raise many kinds
        raise ConfigError(f"model {path!r}: its file cannot be used: {error}; {_GIVE}") from error


def tried(data: bytes) -> Model:
    """Return the model of a file from anywhere, after it has scored a text.

    Raises:
        Exception: it is no model, or only looks like one; zipfile and numpy raise many kinds.
    """
    model = Model.load(data)
    scores = model.predict(["a file that only looks like a model fails here"])
    for target in range(len(model.top)):
        model.intervals(scores.values[:, target], target)
    return model


def _unread(path: str | Path, error: OSError | ValueError) -> ConfigError:
    said = getattr(error, "strerror", None) or error
    return ConfigError(f"model {path!r}: cannot be read: {said}; {_GIVE}")
