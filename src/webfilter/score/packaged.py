"""The model files that come with the package, checked against their checksums when loaded.

See `webfilter.packaged`; a file is read once per process.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from webfilter import packaged
from webfilter.errors import ConfigError
from webfilter.score.model import Model
from webfilter.score.reader import Reader

__all__ = ["FOLDER", "checksum", "entry", "load", "load_file", "load_reader"]

FOLDER = Path(__file__).parent / "models"
"""Where the packaged models lie."""

M = TypeVar("M", Model, Reader)

_FIX = "reinstall webfilter, or train it again with classifiers/educational"


def load(name: str, folder: Path = FOLDER) -> Model:
    """Return the model `name`, read and checked at the first call in this process.

    Raises:
        ConfigError: the file or its manifest is missing or damaged.
    """
    return _load(name, folder)


def checksum(name: str, folder: Path = FOLDER) -> str:
    """Return the sha256 of the model `name` that the manifest promises, as hexadecimal digits.

    >>> len(checksum("educational"))
    64
    """
    return str(entry(name, folder)["sha256"])


def entry(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Return what the manifest says of the model `name`."""
    return packaged.entry(folder, name, _FIX)


@cache
def load_reader(folder: Path = FOLDER) -> Reader:
    """Return the packaged reader, read and checked at the first call in this process.

    Raises:
        ConfigError: the file or its manifest is missing or damaged.
    """
    return _checked(Reader, "reader", folder)


@cache
def _load(name: str, folder: Path) -> Model:
    return _checked(Model, name, folder)


def _checked(kind: type[M], name: str, folder: Path) -> M:
    data = packaged.data(folder, name, _FIX)
    try:
        return kind.load(data)
    except Exception as error:  # zipfile and numpy raise many kinds
        raise ConfigError(f"model {name!r}: its file cannot be used: {error}; {_FIX}") from error


@cache
def load_file(path: str) -> tuple[Model, str]:
    """Return a model of one's own and its sha256, read at the first call in this process.

    Raises:
        ConfigError: the file is missing, or no model that can be used here.
    """
    fix = "give the model.npz that EducationalTrainer wrote"
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"model {path!r}: cannot be read: {error.strerror}; {fix}") from None
    try:
        return Model.load(data), hashlib.sha256(data).hexdigest()
    except Exception as error:  # zipfile and numpy raise many kinds
        raise ConfigError(f"model {path!r}: its file cannot be used: {error}; {fix}") from error
