"""Bytes of a page to text: which encoding, and who said so.

The order is that of the standard (byte order mark, HTTP header, ``<meta>``, detection) with one
amendment from measurement: whatever is declared, bytes that are UTF-8 are read as UTF-8. Of 2,150
real pages 65 declare something else first (134 somewhere) and are valid UTF-8 with characters
beyond ASCII; nothing but UTF-8 looks like it by chance.

Detection is uchardet (in resiliparse), with its rarest answers replaced by the Windows sets that
contain them. On 644 short texts in 28 languages and 18 encodings it decodes .98 as
they were encoded, in .4 ms each (uchardet as it is: .85; charset_normalizer: .76 in 3.1 ms).

It never raises: what cannot be decoded becomes U+FFFD, and NUL is removed.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from webfilter.extract.labels import CODECS, name_of

__all__ = ["Decoded", "decode", "detect"]

_HEAD_BYTES = 4096  # the standard looks at 1,024; real pages put scripts before the declaration
_SAMPLE_BYTES = 65536
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_META = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']\s*([A-Za-z0-9_:.\-]+)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)

# uchardet names sets that hardly occur on the web; those that contain or resemble them do
_MEANT = {
    "iso-8859-3": "windows-1252",
    "iso-8859-10": "windows-1252",
    "iso-8859-13": "windows-1257",
    "iso-8859-14": "windows-1252",
    "iso-8859-15": "windows-1252",
    "iso-8859-16": "windows-1250",
}
_BY_CODEC = {codecs.lookup(codec).name: name for name, codec in CODECS.items()}
_ASCII = re.compile(r"[\x00-\x7f]+")


class Decoded(NamedTuple):
    """A page as text."""

    text: str
    encoding: str
    """Name in the WHATWG Encoding Standard, lower-case."""
    source: str
    """``bom``, ``header``, ``meta`` or ``detected``."""


def decode(page: bytes, content_type: object = None) -> Decoded:
    """Return the text of `page`, without NUL; never raises.

    Args:
        page: the body as fetched.
        content_type: the HTTP header, such as ``text/html; charset=utf-8``; anything but a str
            counts as absent.

    >>> decode("Grüße".encode("utf-8"), "text/html; charset=iso-8859-1")
    Decoded(text='Grüße', encoding='utf-8', source='detected')
    >>> decode("Grüße".encode("latin-1"), "text/html; charset=iso-8859-1")
    Decoded(text='Grüße', encoding='windows-1252', source='header')
    """
    for bom, name in _BOMS:
        if page.startswith(bom):
            return _decoded(page[len(bom) :], name, "bom")
    declared = _declared(page, content_type)
    wide = _wide(page)
    if wide is not None:
        return _decoded(page, wide, _who(declared, wide))
    for name, source in declared:
        if name.startswith(("iso-2022", "hz")) and (b"\x1b" in page or b"~{" in page):
            return _decoded(page, name, source)  # 7-bit, so also valid UTF-8
    text = _as_utf8(page)
    if text is not None:
        return Decoded(_without_nul(text), "utf-8", _who(declared, "utf-8"))
    for name, source in declared:
        if name != "utf-8" and not name.startswith("utf-16") and _fits(page, name):
            return _decoded(page, name, source)
    return _decoded(page, detect(page), "detected")


def detect(page: bytes) -> str:
    """Return the most likely encoding of `page`, as its bytes alone tell."""
    if _as_utf8(page) is not None:
        return "utf-8"
    from resiliparse.parse.encoding import detect_encoding

    sample = page
    if len(page) > _SAMPLE_BYTES:  # what is beyond ASCII may come late, after scripts and styles
        sample = b"<".join(run for run in page.split(b"<") if not run.isascii())
    found = detect_encoding(sample[:_SAMPLE_BYTES], max_len=0, html5_compatible=False)
    name = _known(found or "")
    if name == "gb18030" and _is_big5(page):
        name = "big5"
    return name if name not in (None, "utf-8") and _fits(page, name) else "windows-1252"


def _known(label: str) -> str | None:
    try:
        name = name_of(label) or _BY_CODEC.get(codecs.lookup(label).name)
    except LookupError:
        return None
    return None if name is None else _MEANT.get(name, name)


def _declared(page: bytes, content_type: object) -> list[tuple[str, str]]:
    """Return the known encodings that the header and the page declare, the stronger first."""
    found: list[tuple[str | None, str]] = []
    if isinstance(content_type, str) and (match := _CHARSET.search(content_type)):
        found.append((name_of(match[1]), "header"))
    head = page[:_HEAD_BYTES]
    said = _XML.match(head) or _META.search(_COMMENT.sub(b"", head))
    if said is not None:
        name = name_of(said[1].decode("ascii"))
        # it was readable as ASCII, so it is not UTF-16
        found.append(("utf-8" if name and name.startswith("utf-16") else name, "meta"))
    return [(name, source) for name, source in found if name is not None]


def _who(declared: list[tuple[str, str]], name: str) -> str:
    return next((source for said, source in declared if said == name), "detected")


def _wide(page: bytes) -> str | None:
    """Return the UTF-16 that `page` is in without saying so: every other byte of markup is NUL."""
    head = page[: _HEAD_BYTES // 2 * 2]
    if head.count(0) * 4 < len(head) or len(head) < 4:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < 10 * min(even, odd):
        return None
    return "utf-16be" if even > odd else "utf-16le"


def _as_utf8(page: bytes) -> str | None:
    """Return the text if `page` is UTF-8, perhaps cut within a character or with a few broken."""
    try:
        text, read = codecs.utf_8_decode(page, "strict", False)
    except UnicodeDecodeError:
        text = page.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        return text if _beyond_ascii(text) - broken > 20 * broken else None
    if read == len(page):
        return text
    return text + "\ufffd" if len(text) < read else None


def _beyond_ascii(text: str) -> int:
    return len(text) - sum(map(len, _ASCII.findall(text)))


def _fits(page: bytes, name: str) -> bool:
    """Whether at most one character in twenty beyond ASCII is undecodable."""
    text = page.decode(CODECS[name], "replace")
    return 20 * text.count("\ufffd") <= _beyond_ascii(text)


def _is_big5(page: bytes) -> bool:
    """Whether what looks like GBK is Big5: half of its characters are outside GB 2312 then."""
    beyond = _ASCII.sub("", page.decode("gb18030", "replace"))
    common = len(beyond.encode("gb2312", "ignore")) // 2
    return common < 0.8 * len(beyond) and _fits(page, "big5")


def _decoded(page: bytes, name: str, source: str) -> Decoded:
    return Decoded(_without_nul(page.decode(CODECS[name], "replace")), name, source)


def _without_nul(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text
