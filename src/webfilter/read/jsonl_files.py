"""JSON Lines, plain or compressed: one document a line.

A line that is no JSON object is one failed document that says the file, the line and what the
parser says. Lines end with a newline only, so that the separators Unicode has stay in texts.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from webfilter.document import Document
from webfilter.read.asked import See
from webfilter.read.items import from_mapping
from webfilter.read.marks import content_id, dropped, failed
from webfilter.read.options import Options
from webfilter.read.stored import Damage, Inflater, Raw

__all__ = ["read_jsonl"]


@dataclass(frozen=True, slots=True)
class _TooLong:
    size: int
    digest: str


def read_jsonl(
    raw: Raw, source: str, options: Options, skipped: Counter[str], see: See
) -> Iterator[Document]:
    """Yield a document for every line that is not blank, and for every damage of the file.

    Args:
        raw: the open file.
        source: its path, for what is said of failures.
        options: of the reader.
        skipped: counts blank lines.
        see: is shown each object.
    """
    number = 0
    for line in _lines(raw, source, options.max_bytes):
        if isinstance(line, Damage):
            at = f"{line}, at byte {line.member} of {source}, after line {number}"
            meta = {"source": source, "offset": line.member}
            yield failed(f"{source}@{line.member}", at, meta=meta)
            continue
        number += 1
        where = f"{source}, line {number}"
        if isinstance(line, _TooLong):
            meta = {"source": source, "line": number, "content_length": line.size}
            yield dropped(line.digest, "too_large", meta=meta)
            continue
        line = line.removeprefix(codecs.BOM_UTF8)  # files put behind one another have several
        try:
            row: Any = json.loads(line.decode())
        except (ValueError, RecursionError) as error:
            if not line.strip():
                skipped["blank line"] += 1
                continue
            yield _malformed(line, f"malformed JSON: {_said(error, line)}", source, number)
            continue
        if isinstance(row, dict):
            see(row)
            yield from_mapping(row, options, where)
        else:
            hint = "; jq -c '.[]' makes lines from an array" if isinstance(row, list) else ""
            said = f"a line holds {type(row).__name__}, not an object{hint}"
            yield _malformed(line, said, source, number)


def _malformed(line: bytes, said: str, source: str, number: int) -> Document:
    meta = {"source": source, "line": number}
    return failed(content_id(line), f"{said} ({source}, line {number})", meta=meta)


def _said(error: Exception, line: bytes) -> str:
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "the file is UTF-16: iconv -f UTF-16 -t UTF-8 makes UTF-8 of it"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} of the line is not UTF-8"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _lines(raw: Raw, source: str, limit: int | None) -> Iterator[bytes | _TooLong | Damage]:
    """Yield the lines of a file; a broken place instead of the line that it is in."""
    try:
        inflater = Inflater(raw, source)
    except Damage as damage:
        yield damage
        return
    while True:
        try:
            yield from _stretch(inflater, limit)
            return
        except Damage as damage:
            yield damage
            if not inflater.resync(b"{"):
                return


def _stretch(inflater: Inflater, limit: int | None) -> Iterator[bytes | _TooLong]:
    rest: list[bytes] = []  # of an unfinished line
    size = 0
    digest = None
    while (got := inflater.next()) is not None:
        first, *others = got[0].split(b"\n")
        rest.append(first)
        size += len(first)
        for piece in (*others, None):
            if limit is not None and size > limit:
                digest = digest or blake2b(digest_size=16)
                for part in rest:
                    digest.update(part)
                rest = []
            if piece is None:
                break
            yield b"".join(rest) if digest is None else _TooLong(size, digest.hexdigest())
            rest, size, digest = [piece], len(piece), None
    if digest is not None:
        yield _TooLong(size, digest.hexdigest())
    elif size:
        yield b"".join(rest)
