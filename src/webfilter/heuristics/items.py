"""Items of a benchmark out of a file: JSON Lines, JSON, Parquet, CSV, TSV or plain text.

An item is a row, and its texts are the strings in it, at any depth: question, passage and options
are texts of their own, never glued together. A file that cannot be read to its last line is an
error: half a benchmark would let the other half pass unseen.
"""

from __future__ import annotations

import bz2
import csv
import difflib
import gzip
import hashlib
import io
import json
import lzma
import os
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path, PurePath
from typing import Any

from webfilter.errors import SourceError, UnknownName

__all__ = ["SUFFIXES", "Items", "read_items", "stem"]

SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet", ".csv", ".tsv", ".txt")
"""Endings of file names that say what a file holds."""
_PACKED = (".gz", ".xz", ".bz2", ".zst")

Items = list[list[str]]
"""Texts of each item."""


def _unzstd(data: bytes) -> bytes:
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return bytes(reader.read())


_MAGIC: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"\xfd7zXZ\x00", lzma.decompress),
    (b"BZh", bz2.decompress),
    (b"\x28\xb5\x2f\xfd", _unzstd),
)


def stem(path: PurePath) -> str:
    """Return the name of a file without the endings that say how it is written.

    >>> stem(PurePath("bench/gsm8k_test.jsonl.xz")), stem(PurePath("arc.v2.csv"))
    ('gsm8k_test', 'arc.v2')
    """
    name = path.name
    for endings in (_PACKED, SUFFIXES):
        name = next((name[: -len(e)] for e in endings if name.lower().endswith(e)), name)
    return name


def _kind(path: PurePath) -> str | None:
    name = path.name.lower()
    name = next((name[: -len(e)] for e in _PACKED if name.endswith(e)), name)
    return next((e for e in SUFFIXES if name.endswith(e)), None)


def read_items(path: Path, fields: Collection[str] | None = None) -> tuple[Items, set[str], str]:
    """Return the items of the file at `path`, the `fields` that occur, and the file's sha256.

    Args:
        path: the file; its ending says what it holds, its content how it is compressed.
        fields: keys, or paths of keys (``doc.question``), whose strings are the texts; None: all.

    Raises:
        SourceError: it is missing, empty, or not what its ending says; names the line.
        UnknownName: none of `fields` occurs in it.
    """
    data = _bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    kind = _kind(path)
    if kind is None:
        raise SourceError(f"{path}: cannot tell what it holds; name it {', '.join(SUFFIXES)}")
    items: Items = []
    known: dict[str, None] = {}
    found: set[str] = set()
    for row in _rows(kind, _unpacked(data, path), path):
        texts: list[str] = []
        for keys, text in _strings(row):
            here = None if fields is None else _wanted(keys, fields)
            if fields is None or here is not None:
                texts.append(text)
                found.update(() if here is None else (here,))
            elif len(known) < 1000:
                known.update(dict.fromkeys(key for key in keys if key))
        items.append(texts)
    if not items:
        raise SourceError(f"{path}: has no items; give a file with one a line")
    if fields and not found:
        raise UnknownName(f"field of {path} in fields", sorted(fields)[0], known)
    return items, found, digest


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        present = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, present, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}?" if near else "give the path of a benchmark's file"
        raise SourceError(f"{path}: no such file; {hint}") from None
    except (OSError, ValueError) as error:
        if os.path.isdir(path):  # "permission denied", says Windows
            raise SourceError(f"{path}: is a folder; name each of its files") from None
        raise SourceError(f"{path}: cannot be read: {error}") from None


def _unpacked(data: bytes, path: Path) -> bytes:
    unpack = next((unpack for magic, unpack in _MAGIC if data.startswith(magic)), None)
    if unpack is None:
        return data
    import zstandard

    try:
        return unpack(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise SourceError(f"{path}: damaged: {error}; get it again") from None
    except zstandard.ZstdError as error:
        raise SourceError(f"{path}: damaged: {error}; get it again") from None


def _rows(kind: str, data: bytes, path: Path) -> Iterable[Any]:
    if kind == ".parquet":
        return _parquet(data, path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: byte {error.start} is not UTF-8; convert the file") from None
    if kind in (".csv", ".tsv"):
        return _table(text, "," if kind == ".csv" else "\t", path)
    if kind == ".txt":
        return [line for line in text.splitlines() if line.strip()]
    if kind == ".json":
        try:
            return _listed(json.loads(text))
        except ValueError as error:
            if not str(error).startswith("Extra data"):  # else JSON Lines by another name
                raise SourceError(f"{path}: malformed JSON: {error}") from None
        except RecursionError:
            raise SourceError(f"{path}: malformed JSON: nested too deeply") from None
    return _lines(text, path)


def _lines(text: str, path: Path) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except ValueError as error:
            raise SourceError(f"{path}, line {number}: malformed JSON: {error}") from None
        except RecursionError:
            raise SourceError(f"{path}, line {number}: nested too deeply") from None


def _listed(value: Any) -> list[Any]:
    """Return the rows of a JSON file: a list, or the one list of objects that an object holds."""
    if isinstance(value, dict):
        lists = [v for v in value.values() if isinstance(v, list) and v]
        lists = [v for v in lists if all(isinstance(row, dict) for row in v)]
        return lists[0] if len(lists) == 1 else [value]
    return value if isinstance(value, list) else [value]


def _table(text: str, delimiter: str, path: Path) -> Iterator[Any]:
    """Yield the rows of a table. The first names the fields, and counts as an item if it may be."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] = []
    limit = csv.field_size_limit(len(text) + 1)
    try:
        for row in reader:
            if not header:
                header = row
                if any(len(name.split()) > 3 for name in row):  # a table without header
                    yield row
            else:
                yield dict(zip(header, row, strict=False)) | {"": row[len(header) :]}
    except csv.Error as error:
        raise SourceError(f"{path}, line {reader.line_num}: malformed table: {error}") from None
    finally:
        csv.field_size_limit(limit)


def _parquet(data: bytes, path: Path) -> list[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[Any] = pq.read_table(pa.BufferReader(data)).to_pylist()
        return rows
    except (pa.ArrowException, OSError, ValueError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise SourceError(f"{path}: not a readable Parquet file: {said}") from None


def _strings(row: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the strings of `row` in order, each with the keys that lead to it."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), row)]
    while waiting:
        keys, value = waiting.pop()
        if isinstance(value, str):
            yield keys, value
        elif isinstance(value, dict):
            waiting.extend(((*keys, str(k)), v) for k, v in reversed(value.items()))
        elif isinstance(value, (list, tuple)):
            waiting.extend((keys, v) for v in reversed(value))


def _wanted(keys: tuple[str, ...], fields: Collection[str]) -> str | None:
    """Return which of `fields` the keys lead through: one key, or a path of several."""
    for key in keys:
        if key in fields:
            return key
    for end in range(2, len(keys) + 1):
        for start in range(end - 1):
            path = ".".join(keys[start:end])
            if path in fields:
                return path
    return None
