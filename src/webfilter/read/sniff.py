"""What a payload is, told by its first bytes, and text from bytes.

The HTML signatures follow the WHATWG MIME Sniffing Standard (section 7.1), with XHTML beside them.
"""

from __future__ import annotations

import re

__all__ = ["charset_of", "decode_text", "media_type", "sniffs_html", "sniffs_text"]

_LOOK = 1 << 14
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# a lookahead: where no tag follows, nothing of it is tried again, which would take exponential time
# (so does (...)*+, but in Python 3.11.2 it matches wrongly)
_PREAMBLE = rb"(?=((?:\s++|<!--.{0,4096}?-->|<\?xml[^>]{0,512}>)*))\1"
_TAGS = (
    rb"!doctype\s+html|html|head|body|title|meta|base|link|script|style|iframe|frameset|div|"
    rb"table|h1|font|br|p|a|b"
)
_HTML = re.compile(_PREAMBLE + rb"<(?:" + _TAGS + rb")(?=[\s>/])", re.I | re.S)
_ROOT = re.compile(rb"<html[\s>]", re.I)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?\s*+([\w.:+-]+)", re.I)


def _head(payload: bytes) -> bytes:
    """Return the beginning of `payload`, as ASCII-compatible bytes."""
    head = payload[:_LOOK]
    for mark, charset in _BOMS:
        if head.startswith(mark):
            return head[len(mark) :].decode(charset, "replace").encode()
    return head


def sniffs_html(payload: bytes) -> bool:
    """Return whether `payload` begins like an HTML page.

    >>> sniffs_html(b"  <!DOCTYPE html><p>Hi"), sniffs_html(b"%PDF-1.7")
    (True, False)
    """
    head = _head(payload)
    if b"\0" in head[:1024]:
        return False
    return _HTML.match(head) is not None or _ROOT.search(head[:2048]) is not None


def sniffs_text(payload: bytes) -> bool:
    """Return whether `payload` begins like text: no control characters that texts do not have."""
    return _BINARY.search(_head(payload)[:1024]) is None


def media_type(content_type: str | None) -> str:
    """Return the bare media type of a Content-Type header, in lower case; empty without one.

    >>> media_type("Text/HTML; charset=utf-8")
    'text/html'
    """
    return (content_type or "").partition(";")[0].strip().lower()


def charset_of(content_type: str | None) -> str | None:
    """Return the charset that a Content-Type header names, if any."""
    found = _CHARSET.search(content_type or "")
    return found.group(1) if found else None


def decode_text(payload: bytes, charset: str | None = None) -> str:
    """Return `payload` as text; what cannot be decoded becomes U+FFFD.

    A byte order mark goes before `charset` (the HTTP header), and that before UTF-8; what is not
    UTF-8 is left to resiliparse's detector. Labels mean what browsers take them for, so that
    ``iso-8859-1`` is Windows-1252.
    """
    for mark, codec in _BOMS:
        if payload.startswith(mark):
            return payload[len(mark) :].decode(codec, "replace")
    if charset is None or charset.lower().replace("_", "-") in ("utf-8", "utf8"):
        try:
            return payload.decode()
        except UnicodeDecodeError:
            if charset is not None:
                return payload.decode("utf-8", "replace")
    from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

    known = None if charset is None else map_encoding_to_html5(charset, fallback_utf8=False)
    try:
        return payload.decode(known or detect_encoding(payload) or "utf-8", "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")
