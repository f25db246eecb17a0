"""Data frames and Arrow tables, of any library that speaks Arrow's PyCapsule interface."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from webfilter.document import Document
from webfilter.errors import SourceError
from webfilter.read.asked import asked
from webfilter.read.marks import failed
from webfilter.read.options import Options
from webfilter.read.source import Source
from webfilter.read.tables import check_columns, rows

__all__ = ["frame_source", "is_frame"]


def is_frame(thing: Any) -> bool:
    """Whether `thing` is a table for `frame_source`; a single column is none."""
    name, kinds = type(thing).__name__, {kind.__name__ for kind in type(thing).__mro__}
    if kinds & {"Series", "ChunkedArray", "Array"} and name != "StructArray":
        return False
    return (
        hasattr(thing, "__arrow_c_stream__")
        or hasattr(thing, "scanner")  # pyarrow.dataset
        or hasattr(thing, "__arrow_c_array__")
        or (name == "DataFrame" and hasattr(thing, "to_dict"))  # pandas before 2.2
        or (name == "LazyFrame" and hasattr(thing, "collect"))
    )


def frame_source(table: Any, options: Options) -> Source:
    """Return the source over the rows of `table`.

    Raises:
        SourceError: it is no table, or has no column of texts or pages.
    """
    if type(table).__name__ == "LazyFrame" and hasattr(table, "collect"):
        table = table.collect()
    import pyarrow as pa

    try:
        reader = _reader(table)
    except (pa.ArrowException, TypeError, ValueError, AttributeError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise SourceError(f"{type(table).__name__} cannot be read as a table: {said}") from error
    check_columns(reader.schema, options, type(table).__name__)
    once = isinstance(table, pa.RecordBatchReader)
    return Source(partial(_from_table, table, [reader], options), once=once)


def _reader(table: Any) -> Any:
    import pyarrow as pa

    if isinstance(table, pa.RecordBatchReader):
        return table
    if isinstance(table, pa.StructArray):  # some of its rows may be null
        table = pa.RecordBatch.from_struct_array(table)
    if hasattr(table, "scanner"):
        return table.scanner().to_reader()
    if hasattr(table, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(table)
    if hasattr(table, "__arrow_c_array__"):
        batch = pa.record_batch(table)
        return pa.RecordBatchReader.from_batches(batch.schema, [batch])
    return pa.Table.from_pandas(table).to_reader()


def _from_table(
    table: Any, opened: list[Any], options: Options, source: Source
) -> Iterator[Document]:
    """Yield the rows; where the table is damaged, a failed document instead of it and the rest."""
    import pyarrow as pa

    name = type(table).__name__
    reader = opened.pop() if opened else _reader(table)
    done = 0
    with asked(options, name) as see:
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (pa.ArrowException, OSError) as error:
                said = (str(error).splitlines() or [type(error).__name__])[0]
                fix = "; read its files by their paths: there damage costs only itself"
                reason = f"cannot be read from row {done} on: {said} ({name})"
                reason += fix if hasattr(table, "scanner") else ""  # which reads ahead
                yield failed(f"{name}@{done}", reason)
                return
            yield from rows(batch, options, name, see=see)
            done += batch.num_rows
