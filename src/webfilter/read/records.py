"""WARC records, one after the other, from files in any condition.

What it does: splits a WARC file (1.0, 1.1 and the older 0.x) into records. Whatever is clipped,
garbled or shorter than it says becomes a record with a `problem`, one for each damage; reading goes
on at the next record that can be found.

What it does not: look inside records (`webfilter.read.pages` does).

It is our own because the parsers there are lose records in silence. FastWARC 2.0.1 takes a clipped
file for a complete one, gives a record without headers where a gzip member is cut, and ends at the
first damaged member; warcio 1.8 gives out bodies shorter than their Content-Length.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from webfilter.read.options import Options
from webfilter.read.stored import Damage, Inflater
from webfilter.read.tape import Tape

__all__ = ["Record", "records"]

_NEWLINES = re.compile(rb"[\r\n]*")
_VERSION = re.compile(rb"WARC/\d{1,2}\.\d{1,3}[ \t]*\r?\n")
_HEADER = re.compile(rb"WARC/\d{1,2}\.\d{1,3}[ \t]*\r?\n[A-Za-z][\w-]*[ \t]*:")
_ID = re.compile(rb"\nwarc-record-id:([^\r\n]*)", re.IGNORECASE)
_HEAD_END = re.compile(rb"\n\r?\n")
_MAX_HEAD = 1 << 20
_PEEK = 1 << 16
_OVERLAP = 64
_REPEAT = 1 << 28


@dataclass(slots=True)
class Record:
    """One record, or what is left of it."""

    headers: dict[str, str] = field(default_factory=dict)
    """WARC headers, names in lower case."""
    length: int = 0
    """Content-Length, in bytes."""
    block: bytes | None = None
    """The content; None where it was not loaded."""
    head: bytes = b""
    """Beginning of a content that was not loaded."""
    offset: int | None = None
    """Where in the file the record begins, in bytes, if one can start reading there."""
    problem: str | None = None
    """What is wrong with it."""
    at: int = 0
    """Where the problem is in the file: the record's beginning, or the nearest place known."""

    @property
    def type(self) -> str:
        """WARC-Type in lower case; ``unknown`` where it is missing."""
        return self.headers.get("warc-type", "").strip().lower() or "unknown"


def records(inflater: Inflater, options: Options) -> Iterator[Record]:
    """Yield every record of a file; those with a `problem` are damaged. Never raises."""
    yield from _Walk(inflater, options).records()


class _Short(Exception):
    """The record ends before it should: after `got` bytes of its body; None: in its header."""

    def __init__(self, got: int | None, ended: bool) -> None:
        super().__init__()
        self.got, self.ended = got, ended


class _Walk:
    def __init__(self, inflater: Inflater, options: Options) -> None:
        self._inflater, self._limit = inflater, options.max_bytes
        self._tape = Tape(inflater)
        self._body = 0  # where the body of the last record begins
        self._last: Record | None = None  # read, and not yet known to end well
        self._open: Record | None = None  # being read
        self._gap = b""  # the newlines behind it
        self._again = 0  # bytes read twice
        self._told = -1  # the place of the last damage, until a record is read behind it

    def records(self) -> Iterator[Record]:
        going = True
        while going:
            try:
                follows = self._next_thing()
                if follows == "record":
                    yield from self._settle()
                    going = yield from self._record()
                elif follows == "noise":
                    yield from self._noise()
                    going = self._find()
                else:
                    yield from self._settle()
                    return
            except Damage as damage:
                yield from self._damaged(damage)
                self._tape.restart()
                going = self._inflater.resync(b"WARC/")

    def _settle(self) -> Iterator[Record]:
        last, self._last = self._last, None
        if last is not None:
            self._told = -1
            yield last

    def _tell(self, broken: Record) -> Iterator[Record]:
        """Yield a damaged record, unless it is more of the damage that was told of last."""
        broken.block = None
        if broken.headers or broken.at != self._told:
            yield broken
        self._told = broken.at

    def _record(self) -> Generator[Record, None, bool]:
        here = self._tape.here
        record = Record(offset=self._tape.stored_at(here), at=self._tape.near(here))
        self._open = record
        self._read(record)
        self._open = None
        if record.problem is None:
            self._last = record
            return True
        yield from self._tell(record)
        return self._find()

    def _noise(self) -> Iterator[Record]:
        """Tell whether the last record is cut, or sound and followed by garbage."""
        last = self._last
        if last is None or self._ends_well(last):
            yield from self._settle()
            yield from self._tell(
                Record(problem="no WARC record", at=self._tape.near(self._tape.here))
            )
            return
        self._last = None
        self._rewind(last)
        last.problem = f"its body does not end after the {last.length} bytes of its Content-Length"
        yield from self._tell(last)

    def _damaged(self, damage: Damage) -> Iterator[Record]:
        """Yield the damage, as the record that it is in.

        A member's checksum comes at its end, so the last record, if it stands in that member alone
        or first, is not known to be sound.
        """
        broken, self._open = self._open, None
        if self._last is not None and self._last.offset == damage.member:  # then none is open
            broken, self._last = self._last, None
        yield from self._settle()
        if broken is None:
            broken = Record(at=damage.member)
        elif not broken.headers:
            broken.headers = _headers(self._tape.buf[self._tape.pos :], clipped=True)
        broken.problem = str(damage)
        yield from self._tell(broken)

    def _next_thing(self) -> str:
        """Go behind the newlines that end a record; return what follows there."""
        tape, self._gap = self._tape, b""
        while True:
            found = _NEWLINES.match(tape.buf, tape.pos)
            assert found is not None
            if found.end() > tape.pos:
                self._gap = (self._gap + found.group())[-4:]
                tape.pos = found.end()
            if len(tape.buf) - tape.pos >= 12:
                break
            if not tape.more():
                if tape.pos == len(tape.buf):
                    return "end"
                break
        return "record" if _VERSION.match(tape.buf, tape.pos) else "noise"

    def _find(self) -> bool:
        """Go to the next thing that looks like the header of a record; False if there is none."""
        tape = self._tape
        while True:
            found = _HEADER.search(tape.buf, tape.pos)
            if found is not None and found.end() < len(tape.buf):
                tape.pos = found.start()
                return True
            tape.pos = max(tape.pos, len(tape.buf) - _OVERLAP)
            if not tape.more():
                return False

    def _within(self) -> bool:
        """Make the window longer inside a record.

        Raises:
            _Short: a member begins that begins with a record: this one is over.
        """
        tape = self._tape
        known = len(tape.buf) - tape.pos
        if not tape.more():
            return False
        begins = tape.here + known
        if tape.members_in(begins, begins + 1) and _HEADER.match(tape.buf, tape.pos + known):
            tape.pos += known
            raise _Short(None, ended=False)
        return True

    def _read(self, record: Record) -> None:
        tape = self._tape
        try:
            size = self._read_head(record)
            if size is None:
                return
            self._body = tape.here
            if self._limit is not None and size > self._limit:
                self._skip(record, size)
            else:
                record.block = self._take(size)
        except _Short as short:
            where = "the file ends" if short.ended else "the next record begins"
            record.problem = f"{where} inside its header"
            if short.got is not None:
                record.problem = f"{where} after {short.got} of its {record.length} bytes"

    def _read_head(self, record: Record) -> int | None:
        """Read the header of a record; return the size of its body, None if that is not said."""
        tape, window = self._tape, 1024
        while True:
            # in steps, so that a file of heads without ends takes linear time
            found = _HEAD_END.search(tape.buf, tape.pos, tape.pos + window)
            end = tape.pos + window if found is None else found.start()
            inner = None
            if tape.buf.find(b"WARC/", tape.pos + 5, end) >= 0:  # else nothing to search for
                inner = _HEADER.search(tape.buf, tape.pos + 5, end)
            if inner is not None:
                record.headers = _headers(tape.buf[tape.pos : inner.start()], clipped=True)
                tape.pos = inner.start()
                raise _Short(None, ended=False)
            if found is not None:
                break
            if window >= _MAX_HEAD:
                record.problem = f"its header does not end within {_MAX_HEAD} bytes"
                tape.pos += 5
                return None
            if len(tape.buf) - tape.pos > window:
                window *= 8
            elif not self._within():
                record.headers = _headers(tape.buf[tape.pos :], clipped=True)
                tape.pos += 5
                raise _Short(None, ended=True)
        head = tape.buf[tape.pos : found.start()]
        tape.pos = found.end()
        if b"\0" in head:  # a hole, behind which the header of another record may go on
            record.headers = _headers(head[: head.index(b"\0")], clipped=True)
            record.problem = "its header has zero bytes in it"
            return None
        record.headers = headers = _headers(head)
        # what was between them is gone (to count first is quicker)
        if head.lower().count(b"\nwarc-record-id:") > 1 and len(set(_ID.findall(head))) > 1:
            record.problem = "its header has the ids of several records"
            return None
        said = headers.get("content-length", "")
        if not (said.isascii() and said.isdigit()) or len(said) > 18:
            record.problem = f"Content-Length is {said!r}" if said else "it has no Content-Length"
            return None
        record.length = int(said)
        if not headers.get("warc-type"):
            record.problem = "it has no WARC-Type"
            return None
        return record.length

    def _take(self, size: int) -> bytes:
        tape, start = self._tape, self._body
        have = len(tape.buf) - tape.pos
        if have >= size:
            block = tape.buf[tape.pos : tape.pos + size]
            tape.pos += size
        else:
            if self._beyond(size) is not None:
                raise _Short(self._beyond(size), ended=True)
            parts = [tape.buf[tape.pos :]]
            tape.pos = len(tape.buf)
            while have < size:
                try:
                    more = self._within()
                except _Short:
                    raise _Short(have, ended=False) from None
                if not more:
                    if self._may_repeat(have):
                        tape.put_back(b"".join(parts), start)
                    raise _Short(have, ended=True)
                parts.append(tape.buf[: size - have])
                have += len(tape.buf)
                tape.pos = len(parts[-1])
            block = b"".join(parts)
        return block

    def _skip(self, record: Record, size: int) -> None:
        """Go behind a body that is too large to load; keep its beginning."""
        tape = self._tape
        while (have := len(tape.buf) - tape.pos) < min(size, _PEEK):
            try:
                if not self._within():
                    break
            except _Short:
                raise _Short(have, ended=False) from None
        record.head = tape.buf[tape.pos : tape.pos + min(size, _PEEK)]
        if self._inflater.seekable:
            if self._beyond(size) is not None:
                raise _Short(self._beyond(size), ended=True)
            self._inflater.seek(self._body + size)
            tape.restart(self._body + size)
            return
        left = size
        while left > len(tape.buf) - tape.pos:
            left -= len(tape.buf) - tape.pos
            tape.pos = len(tape.buf)
            try:
                more = self._within()
            except _Short:
                raise _Short(size - left, ended=False) from None
            if not more:
                raise _Short(size - left, ended=True)
        tape.pos += left

    def _beyond(self, size: int) -> int | None:
        """Return how much there is of a body of `size` bytes if the file is known to be shorter."""
        if not self._inflater.seekable:
            return None
        there = self._inflater.end() - self._body
        return max(0, there) if there < size else None

    def _may_repeat(self, size: int) -> bool:
        """Whether `size` bytes may be searched again: a few times the file, not once a record."""
        self._again += size
        return self._again <= _REPEAT + 4 * self._body

    def _ends_well(self, last: Record) -> bool:
        """Return whether `last` is whole although no record follows it."""
        said = digest_matches(last)
        if said is not None:
            return said
        tape = self._tape
        if tape.members_in(tape.here, tape.here + 1):
            return True
        return self._gap.endswith((b"\r\n\r\n", b"\n\n"))

    def _rewind(self, last: Record) -> None:
        """Go back to the beginning of the body of `last`, as far as that is possible."""
        tape = self._tape
        if not self._may_repeat(last.length):
            return
        if self._inflater.seekable:
            self._inflater.seek(self._body)
            tape.restart(self._body)
        elif last.block is not None:
            gap = tape.here - self._body - len(last.block)
            tape.put_back(last.block + b"\n" * gap, self._body)


def _headers(head: bytes, clipped: bool = False) -> dict[str, str]:
    """Return the headers of `head` by name in lower case; of a repeated one the first.

    Of a `clipped` head the last line is left out, for it may not be whole.
    """
    if clipped:
        head = head[: max(0, head.rfind(b"\n"))]
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    pieces: dict[str, list[str]] = {}  # joined once: a head may be one header of folded lines
    name = ""
    for line in text.split("\n")[1:]:
        if line[:1] in (" ", "\t") and name:  # a folded line
            pieces[name].append(line.strip())
            continue
        key, colon, value = line.partition(":")
        if colon:
            name = key.strip().lower()
            pieces.setdefault(name, [value.strip()])
    return {name: " ".join(parts) for name, parts in pieces.items()}


def digest_matches(record: Record) -> bool | None:
    """Return whether the block has the digest that the record says; None where that is unknown."""
    said = record.headers.get("warc-block-digest", "")
    name, _, value = said.partition(":")
    name = name.strip().lower().replace("-", "")
    value = value.strip().rstrip("=")  # with it, an MD5 in base32 is as long as one in hex
    if record.block is None or name not in ("sha1", "sha256", "sha512", "md5"):
        return None
    digest = hashlib.new(name, record.block, usedforsecurity=False).digest()
    if len(value) == 2 * len(digest):
        return value.lower() == digest.hex()
    try:
        padded = value.upper() + "=" * (-len(value) % 8)
        return base64.b32decode(padded) == digest
    except ValueError:  # no base32
        return None
