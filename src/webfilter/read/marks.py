"""Documents that the reader itself gives up on, and ids made from content."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Literal

from webfilter.document import Document, Verdict

__all__ = ["STAGE", "content_id", "dropped", "failed"]

STAGE = "read"
"""Name of the stage in the verdicts of readers."""


def content_id(*parts: str | bytes | None) -> str:
    """Return an id made from `parts`: 32 hexadecimal digits, the same everywhere.

    >>> content_id("https://a.example/", "Water boils.") == content_id(
    ...     "https://a.example/", b"Water boils."
    ... )
    True
    """
    digest = blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else (part or "").encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def _marked(
    kind: Literal["dropped", "failed"],
    id: str,
    reason: str,
    url: str | None,
    meta: Mapping[str, Any] | None,
) -> Document:
    return Document(id, url=url, meta=meta or {}, verdict=Verdict(STAGE, reason, kind=kind))


def dropped(
    id: str, reason: str, url: str | None = None, meta: Mapping[str, Any] | None = None
) -> Document:
    """Return a document that is no usable page, for `reason` (one word of a small set)."""
    return _marked("dropped", id, reason, url, meta)


def failed(
    id: str, reason: str, url: str | None = None, meta: Mapping[str, Any] | None = None
) -> Document:
    """Return a document that could not be read; `reason` says what is wrong, and where."""
    return _marked("failed", id, reason, url, meta)
