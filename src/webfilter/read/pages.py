"""From a WARC record to a document: the page's bytes, or why there is no page.

Every response, resource, conversion and revisit record becomes one document. Reasons of dropped
ones: ``revisit``, ``http_status`` (not 2xx), ``content_type`` (neither HTML nor text), ``metadata``
(what a crawler says of itself), ``too_large``, ``empty``. Failed ones say what is broken.
"""

from __future__ import annotations

from typing import Any

from webfilter.binary import binary_kind
from webfilter.document import Document
from webfilter.read.http import BadBody, Head, TooLarge, body, parse_head
from webfilter.read.marks import content_id, dropped, failed
from webfilter.read.options import Options
from webfilter.read.records import Record, digest_matches
from webfilter.read.sniff import charset_of, decode_text, media_type, sniffs_html

__all__ = ["PAGES", "page"]

PAGES = frozenset(("response", "resource", "conversion", "revisit"))
"""Types of the records that become documents."""

_HTML = frozenset(("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"))
_XML = frozenset(("text/xml", "application/xml"))
_UNSAID = frozenset(
    (
        "",
        "application/octet-stream",
        "binary/octet-stream",
        "application/x-unknown-content-type",
        "application/unknown",
        "unknown/unknown",
        "application/force-download",
        "*/*",
    )
)
_KEPT = (
    ("warc-date", "date"),
    ("warc-truncated", "truncated"),
    ("warc-identified-payload-type", "identified_type"),
    ("warc-identified-content-language", "identified_language"),
    ("warc-payload-digest", "payload_digest"),
    ("warc-refers-to", "refers_to"),
    ("warc-trec-id", "trec_id"),
)


def page(record: Record, source: str, options: Options) -> Document | None:
    """Return the document of `record`, None if its type is none that holds pages.

    ``meta`` has ``source`` (the file), ``record_type``, ``offset`` (bytes into the file, where a
    reader could start there), ``date``, ``http_status``, ``content_type`` (the HTTP header, or the
    record's own), ``content_language``, ``location``; and where the archive says so
    ``identified_language``, ``identified_type``, ``truncated``, ``payload_digest``, ``refers_to``.
    """
    headers, kind = record.headers, record.type
    if record.problem is None and kind not in PAGES:
        return None
    url = headers.get("warc-target-uri", "").strip().removeprefix("<").removesuffix(">") or None
    meta: dict[str, Any] = {"source": source}
    if headers:
        meta["record_type"] = kind
    if record.offset is not None:
        meta["offset"] = record.offset
    for header, key in _KEPT:
        if value := headers.get(header):
            meta[key] = value
    id = headers.get("warc-record-id")
    if record.problem is not None:
        meta.setdefault("offset", record.at)
        where = "in the record at byte" if headers else "at byte"
        reason = f"{record.problem}, {where} {record.at} of {source}"
        return failed(id or f"{source}@{record.at}", reason, url, meta)
    block = record.block
    if not id:
        id = content_id(url, meta.get("date"), record.head if block is None else block)
    if options.digests and digest_matches(record) is False:
        reason = f"its block is not what {headers['warc-block-digest']} was made of"
        return failed(id, f"{reason}, in the record at byte {record.at} of {source}", url, meta)
    return _content(record, id, url, meta, options)


def _content(
    record: Record, id: str, url: str | None, meta: dict[str, Any], options: Options
) -> Document:
    headers, kind = record.headers, record.type
    block = record.head if record.block is None else record.block
    content_type = headers.get("content-type")
    head: Head | None = None
    if kind in ("response", "revisit"):
        head = parse_head(block)
        if head is not None:
            content_type = head.headers.get("content-type")
        elif media_type(content_type) == "application/http":
            content_type = None
            if kind == "response" and block and not sniffs_html(block):
                return failed(id, "HTTP response without a status line", url, meta)
    if head is not None:
        if head.status is not None:
            meta["http_status"] = head.status
        for header, key in (("content-language", "content_language"), ("location", "location")):
            if value := head.headers.get(header):
                meta[key] = value
        for name in options.http_headers:
            if value := head.headers.get(name.lower()):
                meta[name.lower().replace("-", "_")] = value
    if content_type:
        meta["content_type"] = content_type
    if kind == "revisit":
        return dropped(id, "revisit", url, meta)
    if head is not None and head.status is None:
        return failed(id, f"malformed HTTP status line {head.line[:80]!r}", url, meta)
    if head is not None and not 200 <= (head.status or 0) < 300:
        return dropped(id, "http_status", url, meta)
    if kind == "resource" and (url or "").startswith("metadata:"):
        return dropped(id, "metadata", url, meta)
    start = 0 if head is None else head.size
    if start >= (record.length if record.block is None else len(block)):
        return dropped(id, "empty", url, meta)
    wanted = _wanted(media_type(content_type), kind)
    if wanted is None:
        return dropped(id, "content_type", url, meta)
    if record.block is None:
        meta["content_length"] = record.length
        return dropped(id, "too_large", url, meta)
    payload = block[start:] if start else block
    if head is not None:
        try:
            payload = body(head, payload, options.max_bytes, "truncated" in meta)
        except TooLarge:
            return dropped(id, "too_large", url, meta)
        except BadBody as error:
            return failed(id, str(error), url, meta)
    if not payload:
        return dropped(id, "empty", url, meta)
    if wanted == "text":
        if binary_kind(payload) is not None:  # of HTML extraction says so, which knows encodings
            return dropped(id, "content_type", url, meta)
        text = decode_text(payload, "utf-8" if kind == "conversion" else charset_of(content_type))
        return Document(id, text, None, url, {}, meta) if text else dropped(id, "empty", url, meta)
    if wanted == "sniff" and not sniffs_html(payload):
        return dropped(id, "content_type", url, meta)
    return Document(id, "", payload, url, {}, meta)


def _wanted(kind: str, record_type: str) -> str | None:
    """Return how to take a payload of the media type `kind`: html, text, sniff, or not at all."""
    if kind in _HTML:
        return "html"
    if kind == "text/plain" or (record_type == "conversion" and kind == ""):
        return "text"
    if kind in _UNSAID or kind in _XML or "/" not in kind:
        return "sniff"
    return None
