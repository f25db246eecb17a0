"""Arrow tables: Parquet files, data frames of any library, record batches.

Rows are taken in small slices, so that a large batch is never turned into Python objects at once,
and what is too large is not turned into any.
Tables that webfilter wrote (their schema's metadata says so) give back signals, `meta` and, where
asked for, verdicts; other tables are read like mappings, a column a field. A column of texts or
URLs may be of bytes: Impala and Hive have no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from webfilter.document import Document
from webfilter.errors import SourceError
from webfilter.read.asked import See
from webfilter.read.cells import values
from webfilter.read.items import COLUMNS, METADATA, from_columns, from_mapping
from webfilter.read.marks import content_id, dropped, failed
from webfilter.read.options import Options
from webfilter.read.remote import Lost
from webfilter.read.rowsizes import ROWS, row_sizes, rows_at_a_time
from webfilter.read.stored import Meter
from webfilter.stage import Signal

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_columns", "layout", "parquet_schema", "read_parquet", "rows", "stored_signals"]


def check_columns(schema: pa.Schema, options: Options, what: str) -> None:
    """Make sure that a table has a column of texts or pages, and each role one column.

    Those of ids and URLs may be a field of ``metadata`` or ``meta``; what a text there holds is not
    known, so only a name that is like that of a column is taken for a mistake.

    Raises:
        SourceError: it has none, or one that was asked for by name is missing, or two have its
            name.
    """
    from difflib import get_close_matches

    default, names = Options(), schema.names
    for key in ("text", "html", "id", "url"):
        wanted = getattr(options, key)
        if wanted != getattr(default, key) and wanted not in names:
            near = get_close_matches(wanted, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else _columns(names)
            if key in ("text", "html") or not _may_hold(schema, wanted, not near):
                raise SourceError(f"{what}: no column {wanted!r}: {hint}")
        if names.count(wanted) > 1:
            raise SourceError(
                f"{what}: {names.count(wanted)} columns are called {wanted!r}: rename all but the "
                "one that is meant"
            )
    if options.text not in names and options.html not in names:
        raise SourceError(
            f"{what}: no column {options.text!r} or {options.html!r}; "
            f"name the one that holds the texts with text=, or the pages with html=; "
            f"{_columns(names)}"
        )


def _may_hold(schema: pa.Schema, name: str, unsure: bool) -> bool:
    """Return whether a column ``metadata`` or ``meta`` has a field `name`; `unsure`: of a text."""
    import pyarrow as pa

    kinds = [schema.field(at).type for at, key in enumerate(schema.names) if key in METADATA]
    structs = [kind for kind in kinds if pa.types.is_struct(kind)]
    inner = {kind.field(at).name for kind in structs for at in range(kind.num_fields)}
    return name in inner or (unsure and len(structs) < len(kinds))


def _columns(names: list[str]) -> str:
    return f"columns: {', '.join(names[:30]) or 'none'}"


def layout(schema: pa.Schema) -> list[str] | None:
    """Return the names of the signal columns of a table that webfilter wrote, else None."""
    try:
        said = json.loads((schema.metadata or {}).get(b"webfilter", b"null"))
        signals = [str(name) for name in said["signals"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return [name for name in signals if name in schema.names and name not in COLUMNS]


def stored_signals(schema: pa.Schema) -> list[Signal]:
    """Return the signals that a table that webfilter wrote has columns for; none of other tables.

    What they are about is not stored.
    """
    kinds: dict[str, Any] = {"int64": "int", "double": "float", "bool": "bool"}
    return [
        Signal(name, kinds.get(str(schema.field(name).type), "str"), "")
        for name in layout(schema) or ()
    ]


def rows(
    batch: pa.RecordBatch,
    options: Options,
    where: str = "",
    limit: int | None = None,
    see: See | None = None,
) -> Iterator[Document]:
    """Yield a document for each row of `batch`.

    Args:
        batch: the rows.
        options: of the reader.
        where: source, for what is said of failures.
        limit: bytes of texts and binary values above which a row is not loaded but dropped.
        see: is shown each row that webfilter did not write.
    """
    signals = layout(batch.schema)
    names = batch.schema.names
    wanted = [
        index
        for index, name in enumerate(names)
        if not name.startswith("__index_level_")
        and (options.verdicts or signals is None or name != "verdict")
    ]
    for start in range(0, batch.num_rows, ROWS):
        part = batch.slice(start, ROWS)
        # no row is larger than all of them together, of which shared values are counted once
        if limit is not None and part.nbytes > limit and max(sizes := row_sizes(part)) > limit:
            for index, size in enumerate(sizes):
                one = part.slice(index, 1)
                if size > limit:
                    yield _too_large(one, size, options, where)
                else:
                    yield from rows(one, options, where, see=see)
            continue
        columns = {names[index]: values(part.column(index)) for index in wanted}
        texts = () if signals is not None else {options.text, options.url} - options.pages
        for name in columns.keys() & texts:
            columns[name] = [*map(_text, columns[name])]
        for index in range(part.num_rows):
            row = {name: column[index] for name, column in columns.items()}
            if signals is None:
                if see is not None:
                    see(row)
                yield from_mapping(row, options, where)
            else:
                yield _own(row, signals, options.verdicts, where)


def _text(value: Any) -> Any:
    """Return bytes of a column of texts as the text that they are."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _too_large(row: pa.RecordBatch, size: int, options: Options, where: str) -> Document:
    digest = blake2b(digest_size=16)
    known: dict[str, str] = {}
    for name, column in zip(row.schema.names, row.columns, strict=True):
        cell = column[0].value if hasattr(column, "dictionary") else column[0]
        if not (hasattr(cell, "as_buffer") and cell.is_valid):
            continue
        content = memoryview(cell.as_buffer())
        digest.update(content)
        if name in (options.id, options.url) and len(content) < 10_000:
            known[name] = bytes(content).decode("utf-8", "replace")
    meta = {"source": where, "content_length": size}
    id = known.get(options.id) or digest.hexdigest()
    return dropped(id, "too_large", known.get(options.url) or None, meta)


def _own(row: Mapping[str, Any], signals: list[str], verdicts: bool, where: str) -> Document:
    try:
        return from_columns(row, signals, verdicts)
    except Exception as error:
        reason = f"{type(error).__name__}: {error} ({where})"
        return failed(content_id(repr(row)), reason)


def parquet_schema(handle: Any) -> pa.Schema:
    """Return the schema of an open Parquet file.

    Raises:
        Exception: of pyarrow, where it is none.
    """
    import pyarrow.parquet as pq

    return pq.ParquetFile(handle).schema_arrow


def read_parquet(
    handle: Any, source: str, options: Options, size: int | None, meter: Meter, see: See
) -> Iterator[Document]:
    """Yield a document for each row of a Parquet file, row group by row group.

    A row group that cannot be read, or whose checksums tell of damage, is one failed document that
    says which; the next ones are read.
    So is a file that has other numbers of rows than it says. Of a row group so many rows are loaded
    at a time as fit into some memory.

    Args:
        handle: the open file.
        source: its path, for what is said of failures.
        options: of the reader.
        size: of the file, in bytes, if known.
        meter: counts up to `size`, in proportion to the rows.
        see: see `rows`.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(handle, page_checksum_verification=True)  # where there are any
        total, groups = file.metadata.num_rows, file.num_row_groups
        check_columns(file.schema_arrow, options, source)
    except Lost:
        raise
    except Exception as error:
        said = f"not a readable Parquet file: {_said(error, source)} ({source})"
        yield failed(f"{source}@0", said, meta={"source": source})
        return
    begin, done, broken = meter.position, 0, False
    for group in range(groups):
        try:
            some = rows_at_a_time(file, group, handle)
            for batch in file.iter_batches(some, row_groups=[group], use_threads=False):
                yield from rows(batch, options, source, options.max_bytes, see)
                done += batch.num_rows
                if size is not None and total:
                    meter.position = begin + size * done // total
        except Lost:
            raise
        except Exception as error:
            broken = True
            said = f"row group {group} of {groups} cannot be read: {_said(error, source)}"
            meta = {"source": source, "row_group": group}
            yield failed(f"{source}@group{group}", f"{said} ({source})", meta=meta)
    if done != total and not broken:
        said = f"damaged: it has {done:,} rows and says it has {total:,} ({source})"
        yield failed(f"{source}@{done}", said, meta={"source": source})


def _said(error: Exception, source: str) -> str:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return first.removeprefix(f"{source}: ")
