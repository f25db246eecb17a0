"""The model files that come with the package, checked against their checksums when loaded.

``models/manifest.json`` holds name, size and sha256 of each file. A file is read once per process,
and never unpickled: it is plain arrays.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from webfilter.errors import ConfigError
from webfilter.score.model import Model

__all__ = ["FOLDER", "checksum", "entry", "load"]

FOLDER = Path(__file__).parent / "models"
"""Where the packaged models lie."""

_FIX = "reinstall webfilter, or train it again with classifiers/educational/train.py"


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
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))[name]
        return {"file": str(found["file"]), "sha256": str(found["sha256"]), **found}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"model {name!r}: no entry in {path.name} ({error}); {_FIX}") from None


@cache
def _load(name: str, folder: Path) -> Model:
    about = entry(name, folder)
    path = folder / about["file"]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"model {name!r}: {error}; {_FIX}") from None
    found = hashlib.sha256(data).hexdigest()
    if found != about["sha256"]:
        raise ConfigError(
            f"model {name!r}: {path.name} is damaged: its sha256 begins with {found[:12]}, "
            f"the manifest says {about['sha256'][:12]}; {_FIX}"
        )
    try:
        return Model.load(data)
    except Exception as error:  # zipfile and numpy raise many kinds
        raise ConfigError(f"model {name!r}: {path.name} cannot be used: {error}; {_FIX}") from error
