"""One interface over the decompressors of gzip, zstd, lz4, xz and bz2, for one member at a time.

A *member* is a unit that was compressed on its own: a gzip member, a zstd or lz4 frame, an xz or
bz2 stream. WARC files have one a record, so a damaged one need not spoil the next. The output of
one call is bounded, however well the input was compressed.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import Any, Protocol

from webfilter.errors import MissingExtra

__all__ = [
    "MAGIC",
    "SUFFIXES",
    "Broken",
    "Decoder",
    "begins_with",
    "codec_named",
    "codec_of",
    "decoder_for",
    "require",
]

OUTPUT = 1 << 20
"""Bytes that one call gives at most (zstd: give or take what 1 KB of input expands to)."""

MAGIC = {
    "gzip": re.compile(rb"\x1f\x8b\x08[\x00-\x1f]"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd"),
    "lz4": re.compile(rb"\x04\x22\x4d\x18"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "bz2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
}
"""How a member of each codec begins."""

SUFFIXES = {
    ".gz": "gzip",
    ".gzip": "gzip",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".lz4": "lz4",
    ".xz": "xz",
    ".bz2": "bz2",
}

_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # zstd and lz4 frames without content


class Broken(Exception):
    """The input cannot be decompressed; `salvaged` is what came out before the fault."""

    def __init__(self, what: str, salvaged: bytes = b"") -> None:
        super().__init__(what)
        self.salvaged = salvaged


class Decoder(Protocol):
    """Decompresses one member."""

    eof: bool
    """The member is complete, and its checksum right."""
    unused: bytes
    """What was given beyond the member's end."""
    pending: bool
    """More output can be had by `push` without input."""

    def push(self, data: bytes) -> bytes:
        """Take the next `data`, return what can be decompressed.

        Raises:
            Broken: the data is damaged.
        """


def codec_named(name: str) -> str | None:
    """Return the codec that a file is compressed with by its name; None: it says none.

    >>> codec_named("crawl/a.warc.GZ")
    'gzip'
    """
    return SUFFIXES.get(PurePosixPath(name).suffix.lower())


def codec_of(head: bytes, named: str | None = None) -> str | None:
    """Return the codec that a file beginning with `head` is compressed with; None: plain.

    Args:
        head: the beginning.
        named: the codec that its name says; asked where `head` fits two of them.

    >>> codec_of(b"WARC/1.0")
    """
    for codec, magic in MAGIC.items():
        if magic.match(head):
            return codec
    if len(head) >= 4 and _SKIPPABLE.match(head):
        after = 8 + int.from_bytes(head[4:8], "little")
        if MAGIC["lz4"].match(head, after):
            return "lz4"
        return "lz4" if named == "lz4" and not MAGIC["zstd"].match(head, after) else "zstd"
    return None


def skippable(head: bytes) -> int | None:
    """Return the size of the frame without content that `head` begins with, else None."""
    if len(head) >= 8 and _SKIPPABLE.match(head):
        return 8 + int.from_bytes(head[4:8], "little")
    return None


def require(codec: str | None) -> None:
    """Make sure that `codec` can be read.

    Raises:
        MissingExtra: its package is not installed.
    """
    if codec == "lz4" and find_spec("lz4") is None:
        raise MissingExtra("reading lz4 files", "lz4")


def decoder_for(
    codec: str, dictionary: bytes | None = None, after: Decoder | None = None
) -> Decoder:
    """Return a decoder for the next member.

    Args:
        codec: of the member.
        dictionary: the one of a zstd file.
        after: the decoder of the member before, of the same codec and dictionary, which is not
            used any more. Zstd takes over its memory: a new one takes longer than a small member.
    """
    if codec == "gzip":
        return _Gzip()
    if codec == "zstd":
        return _Zstd(dictionary, after if isinstance(after, _Zstd) else None)
    if codec == "bz2":
        return _Buffered(bz2.BZ2Decompressor())
    if codec == "xz":
        return _Buffered(lzma.LZMADecompressor(memlimit=1 << 30))
    require(codec)
    import lz4.frame

    return _Buffered(lz4.frame.LZ4FrameDecompressor())


def begins_with(codec: str, data: bytes, prefix: bytes, dictionary: bytes | None = None) -> bool:
    """Return whether `data` is the beginning of a member whose content begins with `prefix`."""
    if codec == "gzip":  # many places look like one, so this is the quick way
        try:
            return zlib.decompressobj(31).decompress(data, len(prefix)) == prefix
        except zlib.error:
            return False
    try:
        return decoder_for(codec, dictionary).push(data).startswith(prefix)
    except Broken as error:
        return error.salvaged.startswith(prefix)


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)
        self._fresh = True
        self._tail = b""
        self.eof = self.pending = False
        self.unused = b""

    def push(self, data: bytes) -> bytes:
        inner = self._inner
        if self._tail:
            data = self._tail + data
        before = None if self._fresh else inner.copy()
        try:
            out = inner.decompress(data, OUTPUT)
        except zlib.error as error:
            before = before or zlib.decompressobj(31)
            raise Broken(_said(error), _salvage(before.decompress, data)) from None
        self._fresh = False
        self._tail = inner.unconsumed_tail
        if inner.eof:
            self.eof, self.pending, self.unused = True, False, inner.unused_data
        else:
            self.pending = len(out) >= OUTPUT
        return out


def _salvage(decompress: Callable[[bytes], bytes], data: bytes) -> bytes:
    """Return all that comes out before the fault: zlib loses the output of the call that fails."""
    out = []
    try:
        for at in range(len(data)):
            out.append(decompress(data[at : at + 1]))  # noqa: PERF401 - kept when it raises
    except zlib.error:
        pass
    return b"".join(out)


def _said(error: Exception) -> str:
    return str(error).rpartition(": ")[2] or type(error).__name__


class _Zstd:
    _PIECE = 1024  # its decompressor has no output limit, and 128 KB come from 4 bytes at worst

    def __init__(self, dictionary: bytes | None, after: _Zstd | None) -> None:
        import zstandard

        if after is None:
            options: dict[str, Any] = {"max_window_size": 2**31}  # as written by zstd --long=31
            if dictionary is not None:
                options["dict_data"] = zstandard.ZstdCompressionDict(dictionary)
            self._memory = zstandard.ZstdDecompressor(**options)
        else:
            self._memory = after._memory
        self._inner = self._memory.decompressobj()
        self._error = zstandard.ZstdError
        self._tail = b""
        self._at = 0
        self.eof = self.pending = False
        self.unused = b""

    def push(self, data: bytes) -> bytes:
        tail = self._tail = self._tail[self._at :] + data if self.pending else data
        out: list[bytes] = []
        at = size = 0
        while at < len(tail) and size < OUTPUT and not self._inner.eof:
            try:
                got = self._inner.decompress(tail[at : at + self._PIECE])
            except self._error as error:
                raise Broken(_said(error), b"".join(out)) from None
            at += self._PIECE
            size += len(got)
            out.append(got)
        self._at = at
        if self._inner.eof:
            self.eof, self.pending = True, False
            self.unused = self._inner.unused_data + tail[at:]
        else:
            self.pending = at < len(tail)
        return b"".join(out)


class _Buffered:
    """The decompressors that hold back input by themselves: bz2, lzma, lz4."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.eof = self.pending = False
        self.unused = b""

    def push(self, data: bytes) -> bytes:
        try:
            out: bytes = self._inner.decompress(data, OUTPUT)
        except (OSError, EOFError, RuntimeError, ValueError, lzma.LZMAError) as error:
            raise Broken(_said(error)) from None
        self.eof = self._inner.eof
        self.pending = not self.eof and not self._inner.needs_input
        if self.eof:
            self.unused = self._inner.unused_data or b""
        return out
