"""The model files that come with the package, checked against their checksums when read.

A folder ``models`` holds ``manifest.json`` with name, size and sha256 of each file beside it.
Nothing in a file is unpickled: it is plain arrays.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from webfilter.errors import ConfigError

__all__ = ["data", "entry"]


def entry(folder: Path, name: str, fix: str) -> dict[str, Any]:
    """Return what the manifest in `folder` says of the model `name`: ``file``, ``sha256``, more.

    Raises:
        ConfigError: there is no such entry; the message ends with `fix`.
    """
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))[name]
        return {**found, "file": str(found["file"]), "sha256": str(found["sha256"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"model {name!r}: no entry in {path.name} ({error}); {fix}") from None


def data(folder: Path, name: str, fix: str) -> bytes:
    """Return the file of the model `name`, after comparing its checksum.

    Raises:
        ConfigError: the file or its entry is missing or damaged; the message ends with `fix`.
    """
    about = entry(folder, name, fix)
    path = folder / str(about["file"])
    try:
        found = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"model {name!r}: {error}; {fix}") from None
    digest = hashlib.sha256(found).hexdigest()
    if digest != about["sha256"]:
        raise ConfigError(
            f"model {name!r}: {path.name} is damaged: its sha256 begins with {digest[:12]}, "
            f"the manifest says {about['sha256'][:12]}; {fix}"
        )
    return found
