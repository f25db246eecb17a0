"""Bytes as stored in a file, and the content decompressed from them, damage included.

`Raw` counts what it reads; `Inflater` gives the decompressed content in chunks, tells where members
begin, raises `Damage` where the file is broken, and can go on behind the damage.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, Any

from webfilter.read.decoders import (
    MAGIC,
    Broken,
    Decoder,
    begins_with,
    codec_named,
    codec_of,
    decoder_for,
    skippable,
)
from webfilter.read.remote import Lost
from webfilter.read.sniff import sniffs_text

__all__ = ["Damage", "Inflater", "Meter", "Raw"]

CHUNK = 1 << 17
# bytes from which a member gives its first content: gzip's code tables, others' largest blocks
_PROBE = {"gzip": 512, "zstd": 1 << 18, "lz4": 1 << 18, "xz": 1 << 16, "bz2": 1 << 20}
_FIRST = 512
_PLAIN = 64  # records, lines and pages begin with as many bytes of text
_REPEAT = 1 << 24  # content of damaged members from which, and 16 times the file, no way leads back
_BACK = 1 << 26  # a decoder does not run over more than this before it notices damage


class Meter:
    """Counts the bytes that a source has read."""

    def __init__(self) -> None:
        self.position = 0


class Raw:
    """A file opened for reading, that counts.

    Args:
        handle: the open file.
        meter: where to count.
    """

    def __init__(self, handle: IO[bytes] | Any, meter: Meter | None = None) -> None:
        self._handle = handle
        self._meter = meter or Meter()
        self.at = 0
        try:
            self.seekable = bool(handle.seekable())
        except (AttributeError, OSError, ValueError):
            self.seekable = False

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end."""
        data: bytes = self._handle.read(size)
        self.at += len(data)
        self._meter.position += len(data)
        return data

    def seek(self, at: int) -> None:
        """Go to the byte `at`."""
        self._handle.seek(at)
        self._meter.position += at - self.at
        self.at = at

    def end(self) -> int:
        """Return the size of the file; only where `seekable`."""
        end = self._handle.seek(0, 2)
        self._handle.seek(self.at)
        return int(end if end is not None else self._handle.tell())

    def close(self) -> None:
        """Close the file; a failure to do so is of no interest."""
        with contextlib.suppress(Exception):
            self._handle.close()


class Damage(Exception):
    """The file cannot be read on from here.

    Attributes:
        member: offset of the damaged member in the file, in bytes.
    """

    def __init__(self, what: str, member: int) -> None:
        super().__init__(what)
        self.member = member


class Inflater:
    """The decompressed content of a file. Which codec it has is told by its first bytes.

    Where they are damaged its name tells: ``.gz`` may hold plain text, but no other bytes.

    Args:
        raw: the open file.
        name: of the file.

    Raises:
        Damage: not even the beginning can be read.
    """

    def __init__(self, raw: Raw, name: str = "") -> None:
        self._raw = raw
        self._in = b""  # stored bytes read, not yet decompressed
        self._given = b""  # what was decompressed last
        self._gave = 0  # content of the member, in bytes
        self._again = 0  # of damaged members, whose bytes were searched for others
        self._decoder: Decoder | None = None
        self._ended: Decoder | None = None  # the decoder of the member before
        self._dictionary: bytes | None = None
        self._member = 0
        self._damage: Damage | None = None
        self._fill(_FIRST)
        named = codec_named(name)
        self.codec = codec_of(self._in, named)
        if self.codec is None and named is not None and not sniffs_text(self._in[:_PLAIN]):
            self.codec = named
            what = f"it does not begin like {named} data, which its name says it is"
            self._damage = Damage(what, 0)
        if self.codec == "zstd" and self._in[:4] == b"\x5d\x2a\x4d\x18":
            self._take_dictionary()

    @property
    def seekable(self) -> bool:
        """Whether `seek` works: a plain file that can be read from anywhere."""
        return self.codec is None and self._raw.seekable

    def next(self) -> tuple[bytes, int] | None:
        """Return the next chunk and the offset of the member that it begins, -1 if it begins none.

        A chunk never spans two members. None: the file has ended as it should.

        Raises:
            Damage: the file is broken here; `resync` may find a place behind.
        """
        if self.codec is None:
            if not self._in and not self._read():
                return None
            data, self._in = self._in, b""
            return data, self._raw.at - len(data)
        if self._damage is not None:
            raise self._damage
        begins, got = -1, b""
        while True:
            if self._decoder is None:
                if not self._begin():
                    return None
                begins = self._member
            before = len(got)
            try:
                got += self._push()
            except Broken as error:
                what = f"damaged {self.codec} data ({error})"
                self._damage = Damage(what, self._member)
                got += error.salvaged
            except Damage as error:
                self._damage = error
            self._gave += len(got) - before
            ended = self._decoder is None or self._damage is not None
            if got and (ended or begins < 0 or len(got) >= _FIRST):
                return got, begins
            if self._damage is not None:
                raise self._damage

    def seek(self, at: int) -> None:
        """Go on from byte `at` of a plain file.

        Raises:
            Damage: the file cannot be read any more.
        """
        with self._reading():
            self._raw.seek(at)
        self._in = b""

    def end(self) -> int:
        """Return the size of a plain file.

        Raises:
            Damage: the file cannot be read any more.
        """
        with self._reading():
            return self._raw.end()

    def resync(self, prefix: bytes) -> bool:
        """Go to the next member behind the damaged one whose content begins with `prefix`.

        Returns:
            Whether there is one. Where the file cannot be read backwards, or was too often, only
            what lies ahead is searched; of a stream what was read last, too.
        """
        if self.codec is None or self._damage is None:
            return False
        magic, probe = MAGIC[self.codec], _PROBE[self.codec]
        after = max(self._damage.member + 1, self._raw.at - _BACK)
        self._damage, self._decoder = None, None
        try:
            before = self._raw.at - len(self._in) - after  # bytes of it that are not at hand
            often = self._again > _REPEAT + 16 * self._raw.at
            self._again += self._gave + max(0, before)
            if often:
                self._in = b""
            elif before > 0 and self._raw.seekable:
                self._raw.seek(after)
                self._in = b""
            at = max(0, after - (self._raw.at - len(self._in)))
            while True:
                found = magic.search(self._in, at)
                if found is None:
                    self._in = self._in[max(at, len(self._in) - 9) :]
                    at = 0
                    if not self._read():
                        self._in = b""
                        return False
                    continue
                at = found.start()
                if len(self._in) - at < probe:
                    self._in = self._in[at:]
                    at = 0
                    self._fill(probe)
                if begins_with(self.codec, self._in[at : at + probe], prefix, self._dictionary):
                    self._in = self._in[at:]
                    return True
                at += 1
        except Lost:
            raise
        except (Damage, OSError):
            return False

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def _fill(self, size: int) -> None:
        """Have `size` bytes to decompress, fewer only at the end: one read may give less."""
        while len(self._in) < size and self._read():
            pass

    def _read(self) -> bool:
        with self._reading():
            data = self._raw.read(CHUNK)
        self._in += data
        return bool(data)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except Lost:
            raise
        except (OSError, ValueError) as error:
            raise Damage(f"cannot be read: {error}", self._raw.at) from error

    def _begin(self) -> bool:
        """Go to the beginning of the next member; False at the end of the file."""
        assert self.codec is not None
        self._gave = 0
        while True:
            self._fill(18)
            rest = self._in.lstrip(b"\0") if self._in[:1] == b"\0" else self._in
            if len(rest) < len(self._in):  # padding
                self._in = rest
                continue
            if not rest:
                return False
            self._member = self._raw.at - len(rest)
            if MAGIC[self.codec].match(rest):
                self._decoder = decoder_for(self.codec, self._dictionary, self._ended)
                return True
            size = skippable(rest) if self.codec in ("zstd", "lz4") else None
            if size is None or not self._skip(size):
                self._damage = Damage(f"no {self.codec} data", self._member)
                raise self._damage

    def _skip(self, size: int) -> bool:
        while len(self._in) < size:
            size -= len(self._in)
            self._in = b""
            if not self._read():
                return False
        self._in = self._in[size:]
        return True

    def _push(self) -> bytes:
        decoder = self._decoder
        assert decoder is not None
        data = b""
        if not decoder.pending:
            if not self._in and not self._read():
                self._in = self._given
                raise Damage(f"the file ends inside its {self.codec} data", self._member)
            self._given, self._in = self._in, b""
            data = self._given
        try:
            out = decoder.push(data)
        except Broken:
            self._in = self._given
            raise
        if decoder.eof:
            self._in = decoder.unused
            self._decoder, self._ended = None, decoder
        return out

    def _take_dictionary(self) -> None:
        """Read the dictionary of a ``.warc.zst`` file, in a frame of its own at the beginning."""
        size = skippable(self._in)
        if size is None or size > 1 << 26:
            return
        while len(self._in) < size:
            if not self._read():
                return
        found = self._in[8:size]
        if MAGIC["zstd"].match(found):
            with contextlib.suppress(Broken):
                decoder = decoder_for("zstd")
                found = decoder.push(found)
                while decoder.pending and len(found) < 1 << 26:
                    found += decoder.push(b"")
        self._dictionary = found
