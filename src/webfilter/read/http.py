"""HTTP responses as they stand in WARC records: head, transfer coding, content coding.

Archives are not always what their headers say: the body may have been unchunked or unpacked with
the headers left as they were, and Content-Length is often wrong. So Content-Length is not looked
at (the record's own length counts), a body that does not begin with a chunk size is taken as it
is, and one that cannot be unpacked but reads as text is taken as it is.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from webfilter.read.decoders import MAGIC, Broken, Decoder, decoder_for
from webfilter.read.sniff import sniffs_html, sniffs_text

__all__ = ["BadBody", "Head", "TooLarge", "body", "parse_head"]

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?!\d)")
_HEAD_END = re.compile(rb"\n\r?\n")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CHUNK_END = re.compile(rb"\r?\n")
_MOST_CODINGS = 5  # as curl and urllib3
_MOST_MEMBERS = 100_000  # a server that flushes a page in pieces makes some hundreds
_FIRST_PIECE, _MOST_PIECE = 1 << 10, 1 << 20


class BadBody(ValueError):
    """The body is not coded the way its headers say."""


class TooLarge(ValueError):
    """The decoded body is over the limit."""


@dataclass(slots=True)
class Head:
    """The head of a response."""

    status: int | None
    """None where the status line is malformed."""
    line: str
    """The status line."""
    headers: dict[str, str]
    """By name in lower case; of a repeated one the first, but codings are joined."""
    size: int
    """Where the body begins, in bytes."""


def parse_head(block: bytes) -> Head | None:
    r"""Return the head of the response `block`, None if it does not begin with one.

    Interim responses (``100 Continue``) before the real one are passed over.

    >>> head = parse_head(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Hi")
    >>> head.status, head.headers, head.size
    (200, {'content-type': 'text/html'}, 44)
    """
    start = 0
    while True:
        if not block.startswith(b"HTTP/", start):
            return None
        found = _HEAD_END.search(block, start)
        end, size = (found.start(), found.end()) if found else (len(block), len(block))
        status = _STATUS.match(block, start)
        interim = status is not None and status[1][:1] == b"1"
        if not (interim and block.startswith(b"HTTP/", size)):
            break
        start = size
    raw = block[start:end]
    try:
        lines = raw.decode().split("\n")
    except UnicodeDecodeError:
        lines = raw.decode("latin-1").split("\n")
    pieces: dict[str, list[str]] = {}  # joined once: a page without a head's end is all head
    name = ""
    for line in lines[1:]:
        if line[:1] in (" ", "\t") and name:
            pieces[name].append(f" {line.strip()}")
            continue
        key, colon, value = line.partition(":")
        if not colon:
            continue
        name, value = key.strip().lower(), value.strip()
        if name not in pieces:
            pieces[name] = [value]
        elif name in ("content-encoding", "transfer-encoding"):
            pieces[name].append(f", {value}")
    headers = {name: "".join(parts) for name, parts in pieces.items()}
    return Head(None if status is None else int(status[1]), lines[0].strip(), headers, size)


def body(head: Head, payload: bytes, limit: int | None, clipped: bool = False) -> bytes:
    """Return the body of a response, unchunked and unpacked.

    Args:
        head: the response's head.
        payload: its body as archived.
        limit: size of the result to give up at, in bytes.
        clipped: the archive says that the body was cut; then what can be decoded is enough.

    Raises:
        BadBody: chunks or codings are broken, or the coding is unknown.
        TooLarge: over `limit`.
    """
    codings = _codings(head.headers.get("transfer-encoding", ""))
    if "chunked" in codings:
        payload = _unchunk(payload, clipped)
    packed = _codings(head.headers.get("content-encoding", ""))
    packed += [coding for coding in codings if coding in _UNPACK]  # of the transfer, done last
    if len(packed) > _MOST_CODINGS:  # each may be as large as the limit
        raise BadBody(f"{len(packed)} content codings > {_MOST_CODINGS}")
    for coding in reversed(packed):
        try:
            payload = _unpack(coding, payload, limit, clipped)
        except BadBody:
            # unpacked by the archiver, its header left as it was
            if sniffs_html(payload) or (payload and sniffs_text(payload)):
                break
            raise
    if limit is not None and len(payload) > limit:
        raise TooLarge
    return payload


def _codings(header: str) -> list[str]:
    names = (part.strip().lower() for part in header.split(","))
    return [name for name in names if name not in ("", "identity", "none")]


def _unchunk(payload: bytes, clipped: bool) -> bytes:
    parts: list[bytes] = []
    at = 0
    while True:
        found = _CHUNK.match(payload, at)
        if found is None:
            if at == 0:  # unchunked by the archiver, its header left as it was
                return payload
            if clipped:
                break
            if at >= len(payload):
                raise BadBody("bad chunking: the last chunk is missing")
            raise BadBody(f"bad chunking: no chunk size at byte {at} of the body")
        size = int(found[1], 16)
        if size == 0:
            break
        start, at = found.end(), found.end() + size
        parts.append(payload[start:at])
        if at > len(payload):
            if clipped:
                break
            left = len(payload) - start
            raise BadBody(
                f"bad chunking: a chunk of {size} bytes has {left} (byte {start} of the body)"
            )
        end = _CHUNK_END.match(payload, at)
        if end is None:
            if clipped and payload[at:] in (b"", b"\r"):
                break
            raise BadBody(f"bad chunking: no end of chunk at byte {at} of the body")
        at = end.end()
    return b"".join(parts)


def _unpack(coding: str, data: bytes, limit: int | None, clipped: bool) -> bytes:
    unpack = _UNPACK.get(coding)
    if unpack is None:
        raise BadBody(f"content-encoding {coding!r} is not known")
    bound = (1 << 62) if limit is None else limit
    got, problem = unpack(data, bound)
    if len(got) > bound:
        raise TooLarge
    if problem is not None and not (clipped and got):
        raise BadBody(f"content-encoding {coding}: {problem}")
    return got


# each unpacker returns what it got (at most a byte more than the limit, about) and what went wrong


def _members(codec: str, data: bytes, limit: int) -> tuple[bytes, str | None]:
    parts: list[bytes] = []
    size = at = members = 0
    decoder: Decoder | None = None
    while at < len(data) and size <= limit:
        if parts and not MAGIC[codec].match(data, at):  # padding behind the last member
            break
        if members == _MOST_MEMBERS:
            return b"".join(parts), f"it has more than {_MOST_MEMBERS:,} members"
        members += 1
        decoder, piece = decoder_for(codec, after=decoder), _FIRST_PIECE
        try:
            while size <= limit and not decoder.eof:
                given = b""
                if not decoder.pending:
                    # small at first: what a member leaves is read again, and there may be millions
                    given = data[at : at + piece]
                    at, piece = at + len(given), min(2 * piece, _MOST_PIECE)
                    if not given:
                        return b"".join(parts), "it ends too early"
                parts.append(decoder.push(given))
                size += len(parts[-1])
        except Broken as error:
            return b"".join((*parts, error.salvaged)), str(error)
        at -= len(decoder.unused)
    return b"".join(parts), None


def _gzip(data: bytes, limit: int) -> tuple[bytes, str | None]:
    return _members("gzip", data, limit)


def _zstd(data: bytes, limit: int) -> tuple[bytes, str | None]:
    return _members("zstd", data, limit)


def _deflate(data: bytes, limit: int) -> tuple[bytes, str | None]:
    """Undo ``deflate``: zlib's format by the standard, a bare stream from many servers."""
    got, problem = _inflate(zlib.decompressobj(15), data, limit)
    if problem is not None and not got:
        bare, said = _inflate(zlib.decompressobj(-15), data, limit)
        if said is None:
            return bare, None
    return got, problem


def _inflate(inner: zlib._Decompress, data: bytes, limit: int) -> tuple[bytes, str | None]:
    parts: list[bytes] = []
    size = 0
    try:
        while not inner.eof and size <= limit:
            got = inner.decompress(data, min(1 << 20, limit - size + 1))
            parts.append(got)
            size += len(got)
            data = inner.unconsumed_tail
            if not got and not data and not inner.eof:
                return b"".join(parts), "it ends too early"
    except zlib.error as error:
        return b"".join(parts), str(error).rpartition(": ")[2]
    return b"".join(parts), None


def _brotli(data: bytes, limit: int) -> tuple[bytes, str | None]:
    import pyarrow as pa

    stream = pa.CompressedInputStream(pa.BufferReader(data), "brotli")
    parts: list[bytes] = []
    size = 0
    try:
        while size <= limit and (got := stream.read(1 << 12)):  # what fails gives nothing
            parts.append(got)
            size += len(got)
    except OSError as error:
        return b"".join(parts), str(error)
    return b"".join(parts), None


_UNPACK: dict[str, Callable[[bytes, int], tuple[bytes, str | None]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
