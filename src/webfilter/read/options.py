"""What a reader can be told, checked when the source is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webfilter.config import conform
from webfilter.errors import ConfigError

__all__ = ["MAX_BYTES", "Options"]

MAX_BYTES = 32 * 2**20
"""Default size above which a page is not loaded, in bytes."""


@dataclass(frozen=True)
class Options:
    """Options of all readers; each reader looks at those that concern it.

    Raises:
        ConfigError: a value does not fit.
    """

    text: str = "text"
    """Field or column that holds the text."""
    html: str = "html"
    """Field or column that holds the page; of a field that is named for both, whichever of the two
    was given: ``html="text"`` reads pages."""
    id: str = "id"
    """Field or column that holds the id; where a row has none, its content is hashed."""
    url: str = "url"
    """Field or column that holds the URL. It and the id may be within ``metadata`` or ``meta``."""
    verdicts: bool = False
    """Keep the verdicts in files that webfilter wrote; otherwise rules judge afresh."""
    max_bytes: int | None = MAX_BYTES
    """Bytes above which a page, record, line or row of a file is not loaded; None: no limit."""
    http_headers: tuple[str, ...] = ()
    """HTTP response headers to keep in `meta`, such as ``("Last-Modified",)``."""
    digests: bool = False
    """Check WARC block digests (sha1, sha256, sha512, md5); records that differ are failed."""
    storage: Mapping[str, Any] = field(default_factory=dict)
    """Arguments for the fsspec file system of a URL, such as credentials."""

    @property
    def pages(self) -> frozenset[str]:
        """The field of pages; none where its name is that of texts, and was not given."""
        return frozenset() if self.text == self.html == "html" else frozenset((self.html,))

    def __post_init__(self) -> None:
        conform(self, "read")
        if self.max_bytes is not None and self.max_bytes < 1:
            raise ConfigError(
                f"read: max_bytes = {self.max_bytes} does not fit; it takes a number of bytes "
                "above 0, or None for no limit"
            )
