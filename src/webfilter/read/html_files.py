"""Single HTML files, plain or compressed: one document a file."""

from __future__ import annotations

from webfilter.document import Document
from webfilter.read.marks import dropped, failed
from webfilter.read.options import Options
from webfilter.read.stored import Damage, Inflater, Raw

__all__ = ["read_html"]


def read_html(raw: Raw, source: str, name: str, options: Options) -> Document:
    """Return the page in a file.

    Args:
        raw: the open file.
        source: its path, for `meta`; if it is one of the web, the page's address, too.
        name: its path in the folder that was given, which becomes the id.
        options: of the reader.
    """
    meta = {"source": source}
    parts: list[bytes] = []
    size = 0
    try:
        inflater = Inflater(raw, source)
        while (got := inflater.next()) is not None:
            parts.append(got[0])
            size += len(got[0])
            if options.max_bytes is not None and size > options.max_bytes:
                return dropped(name, "too_large", meta=meta)
    except Damage as damage:
        return failed(name, f"{damage}, at byte {damage.member} of {source}", meta=meta)
    if not size:
        return dropped(name, "empty", meta=meta)
    url = source if source.startswith(("http://", "https://")) else None
    return Document(name, html=b"".join(parts), url=url, meta=meta)
