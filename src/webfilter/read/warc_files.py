"""WARC, WET and WAT files: their records as documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from webfilter.document import Document
from webfilter.read.marks import failed
from webfilter.read.options import Options
from webfilter.read.pages import page
from webfilter.read.records import records
from webfilter.read.stored import Damage, Inflater, Raw

__all__ = ["read_warc"]


def read_warc(raw: Raw, source: str, options: Options, skipped: Counter[str]) -> Iterator[Document]:
    """Yield a document for every record that holds a page, and for every damage.

    Args:
        raw: the open file.
        source: its path, for `meta` and for what is said of damage.
        options: of the reader.
        skipped: counts the other records, by type.
    """
    try:
        inflater = Inflater(raw, source)
    except Damage as damage:
        yield failed(f"{source}@0", f"{source} {damage}", meta={"source": source})
        return
    for record in records(inflater, options):
        doc = page(record, source, options)
        if doc is None:
            skipped[record.type] += 1
        else:
            yield doc
