"""Which kind of file it is: by its name, else by how it begins."""

from __future__ import annotations

from pathlib import PurePosixPath

from webfilter.read.decoders import SUFFIXES
from webfilter.read.sniff import sniffs_html
from webfilter.read.stored import Damage, Inflater, Raw

__all__ = ["KINDS", "kind_among", "kind_by_content", "kind_by_name"]

KINDS: dict[str, tuple[str, ...]] = {
    "warc": (".warc",),
    "wet": (".wet",),
    "wat": (".wat",),
    "html": (".html", ".htm", ".xhtml", ".shtml"),
    "jsonl": (".jsonl", ".ndjson", ".jsonlines"),
    "parquet": (".parquet", ".pq"),
}
"""Endings of file names by kind; the endings of compressed files may follow."""

_BY_SUFFIX = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes}


def kind_by_name(name: str) -> str | None:
    """Return the kind of file that `name` says it is, None if it says none.

    >>> kind_by_name("CC-MAIN-00000.warc.wet.gz"), kind_by_name("README.md")
    ('wet', None)
    """
    return _BY_SUFFIX.get(_suffix(name)[0])


def kind_among(name: str) -> str | None:
    """Return the kind of the file `name` in a folder or pattern, None if it is not to be read.

    C4, Dolma and RedPajama call their JSON Lines ``.json.gz``. What is not compressed and called
    ``.json`` rather says something about a data set.

    >>> kind_among("c4-train.00000-of-01024.json.gz"), kind_among("dataset_info.json")
    ('jsonl', None)
    """
    suffix, compressed = _suffix(name)
    return "jsonl" if compressed and suffix == ".json" else _BY_SUFFIX.get(suffix)


def _suffix(name: str) -> tuple[str, bool]:
    """Return the ending of `name` before that of a compressed file, and whether it is one."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name.replace("\\", "/")).suffixes]
    compressed = bool(suffixes) and suffixes[-1] in SUFFIXES
    if compressed:
        suffixes.pop()
    return suffixes[-1] if suffixes else "", compressed


def kind_by_content(raw: Raw) -> str | None:
    """Return the kind of an open file, None if it is none that can be read.

    Raises:
        MissingExtra: it is compressed with lz4, and that is not installed.
    """
    try:
        got = Inflater(raw).next()
    except Damage:
        return None
    head = got[0].lstrip() if got else b""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"WARC/"):
        return "warc"
    if head.startswith((b"{", b"\xef\xbb\xbf{")):
        return "jsonl"
    if head.startswith(b"filedesc://"):  # ARC, full of pages
        return None
    return "html" if sniffs_html(head) else None
