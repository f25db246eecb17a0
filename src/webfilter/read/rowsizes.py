"""How large the rows of Arrow tables and Parquet files are, told before they are loaded.

A value that many rows share stands once in a Parquet file, so a file of kilobytes may hold
gigabytes. Its metadata tells the sizes as stored; how long the shared values are, only the header
of the page that they stand in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webfilter.read.remote import Remote

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROWS", "row_sizes", "rows_at_a_time"]

ROWS = 256
"""Rows that are loaded at a time, at most."""
_BYTES = 1 << 26
_NUMBER_BYTES = 8
_VARINT_BYTES = 5  # at most, of 32 bits


def row_sizes(batch: pa.RecordBatch) -> list[int]:
    """Return the bytes in the texts and binary values of each row of `batch`; in no inner ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sizes = [0] * batch.num_rows
    for column in batch.columns:
        shared = isinstance(column, pa.DictionaryArray)
        values = column.dictionary if shared else column
        try:
            lengths = pc.binary_length(values)
        except pa.ArrowException:  # numbers, lists, ...
            continue
        lengths = lengths.take(column.indices) if shared else lengths
        sizes = [size + (more or 0) for size, more in zip(sizes, lengths.to_pylist(), strict=True)]
    return sizes


def rows_at_a_time(file: Any, group: int, handle: Any) -> int:
    """Return how many rows of a row group fit into 64 MiB of memory, from 1 to `ROWS`.

    Files far away are not asked for the sizes of shared values: each is a request more.

    Args:
        file: a `pyarrow.parquet.ParquetFile`.
        group: number of the row group.
        handle: the open file that it reads.

    Raises:
        Exception: of pyarrow, where the row group cannot be read.
    """
    told = file.metadata.row_group(group)
    rows = max(told.num_rows, 1)
    each: int = told.total_byte_size // rows
    if told.num_rows and not isinstance(handle, Remote):
        _check(file, group, handle)
        for index in range(told.num_columns):
            chunk = told.column(index)
            values = -(-chunk.num_values // rows)  # of lists several a row
            shared = chunk.has_dictionary_page
            size = _page_size(handle, chunk.dictionary_page_offset) if shared else _NUMBER_BYTES
            each = max(each, values * size)
    return max(1, min(ROWS, _BYTES // max(each, 1)))


def _check(file: Any, group: int, handle: Any) -> None:
    """Read a row: damaged metadata raises here, where asking for it would abort the process."""
    import pyarrow.parquet as pq

    with_buffer = pq.ParquetFile(handle, metadata=file.metadata, buffer_size=1 << 16)
    next(iter(with_buffer.iter_batches(1, row_groups=[group], use_threads=False)), None)


def _page_size(handle: Any, at: int) -> int:
    """Return the bytes of the page whose header is at byte `at` of a file, when decompressed.

    The header is a structure of Thrift's compact protocol. Its first two fields are a number each:
    the kind of the page, and this. A number is a byte 0x15 and its double, seven bits a byte.
    """
    handle.seek(at)
    header: bytes = handle.read(2 * (1 + _VARINT_BYTES))
    place: int = 0
    size: int = 0
    for _ in range(2):
        place, shift, size = place + 1, 0, 0
        while place < len(header):
            size |= (header[place] & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if header[place - 1] < 0x80:
                break
    return size >> 1
