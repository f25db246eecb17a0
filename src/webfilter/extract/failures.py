"""Pages that broke an engine, kept so that the failure can be shown to whoever can mend it.

Each becomes two files in a folder of the user's choice: ``HASH.html`` with the bytes as fetched
(``HASH.txt`` for a document that has only text) and ``HASH.json`` with what is known: id, URL,
content type, stage, engine, versions, limits, reason, and the last words or traceback of the child.
The hash is that of the bytes, so a page that fails again is written once. Files appear whole or not
at all, a folder gets at most `MOST` pages, and a disk that fails is logged and fails nothing.

To replay one, read it back and give it to a stage::

    doc = read_failure("failures/0f3c9a1b2d4e5f60.json")
    Extract(engine="trafilatura", seconds=60)([doc])
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webfilter.document import Document

__all__ = ["MOST", "read_failure", "save_failure"]

MOST = 1000
"""Most pages in one folder; later ones are not written."""

_log = logging.getLogger("webfilter")


def save_failure(folder: Path, doc: Document, about: Mapping[str, Any]) -> Path | None:
    """Write `doc` and what is known `about` its failure; return the JSON file.

    None: it was there already, the folder is full, or the disk failed (which is logged).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     doc = Document("a", html=b"<p>Water", url="https://a.example/")
    ...     path = save_failure(Path(folder), doc, {"reason": "timeout after 30 s"})
    ...     read_failure(path) == doc
    True
    """
    if doc.html is None:
        content, suffix = doc.text.encode("utf-8", "surrogatepass"), ".txt"
    else:
        content, suffix = doc.html, ".html"
    name = hashlib.sha256(content).hexdigest()[:16]
    known = {
        "id": doc.id, "url": doc.url, "content_type": doc.meta.get("content_type"),
        "file": name + suffix, "bytes": len(content), **about,
    }  # fmt: skip
    path = folder / f"{name}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.scandir(folder) as entries:
            names = {entry.name for entry in entries}
        if path.name in names or sum(name.endswith(".json") for name in names) >= MOST:
            return None
        _write(folder / f"{name}{suffix}", content)
        _write(path, json.dumps(known, indent=1, default=repr).encode())
    except OSError as error:
        _log.warning("the page %r that failed could not be saved: %s", doc.id, error)
        return None
    return path


def read_failure(path: str | Path) -> Document:
    """Return the document that was saved with the JSON file `path`.

    Raises:
        OSError: a file is not there.
        ValueError: `path` is not a file that `save_failure` wrote.
    """
    path = Path(path)
    try:
        known = json.loads(path.read_text("utf-8"))
        file = path.parent / Path(known["file"]).name
        id, url, said = known["id"], known["url"], known["content_type"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not describe a saved page: {error!r}") from None
    meta = {} if said is None else {"content_type": said}
    if file.suffix == ".txt":
        text = file.read_bytes().decode("utf-8", "surrogatepass")
        return Document(id, text, url=url, meta=meta)
    return Document(id, html=file.read_bytes(), url=url, meta=meta)


def _write(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    half = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        half.write_bytes(content)
        os.replace(half, path)
    except BaseException:
        with contextlib.suppress(OSError):
            half.unlink()
        raise
