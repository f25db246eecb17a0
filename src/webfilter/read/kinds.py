"""Which kind of file it is: by its name, else by how it begins."""

from __future__ import annotations

from pathlib import PurePosixPath

from webfilter.read.decoders import SUFFIXES
from webfilter.read.sniff import sniffs_html
from webfilter.read.stored import Damage, Inflater, Raw

__all__ = ["KINDS", "kind_by_content", "kind_by_name"]

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
    suffixes = [suffix.lower() for suffix in PurePosixPath(name.replace("\\", "/")).suffixes]
    if suffixes and suffixes[-1] in SUFFIXES:
        suffixes.pop()
    return _BY_SUFFIX.get(suffixes[-1]) if suffixes else None


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
