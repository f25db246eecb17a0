"""Parquet part files with a declared schema (`webfilter.write.columns` describes it).

A row group ends after a thousand documents or 32 MB of them, a part after the row group with which
it reaches its size on disk. Both follow from the sequence of documents alone, and nothing else
enters the files (no dates, no names of machines), so the same documents give the same bytes however
they were batched, as long as pyarrow is the same. zstd; dictionaries only where values recur; each
page has its checksum, by which damage is told from other text.

A row group is compressed and written by a thread while the next one is collected. What goes wrong
there is raised when the next is full, or at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import IO, Any

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.stage import Signal
from webfilter.write.columns import GROUP_BYTES, GROUP_ROWS, Columns
from webfilter.write.jsontext import json_text
from webfilter.write.parts import PART_BYTES, PartSink

__all__ = ["ParquetSink", "parquet"]

_LEVEL = 3
_PLAIN = {"id", "text", "url", "meta", "verdict.value", "verdict.of"}
_NO_RANGE = {"text", "meta", "html"}


class ParquetSink(PartSink):
    """Writes documents to ``part-00000.parquet`` and so on; see `parquet` for the arguments."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        signals: Sequence[Signal] = (),
        metadata: Mapping[str, str] | None = None,
        html: bool = False,
        overwrite: bool = False,
        part_bytes: int = PART_BYTES,
        group_rows: int = GROUP_ROWS,
        group_bytes: int = GROUP_BYTES,
    ) -> None:
        if min(part_bytes, group_rows, group_bytes) < 1:
            raise ConfigError("parquet: part_bytes, group_rows and group_bytes must be at least 1")
        super().__init__(folder, ".parquet", part_bytes, overwrite)
        self._columns = Columns(signals, metadata, html)
        self._group_rows, self._group_bytes = group_rows, group_bytes
        self._bytes = self._rows = 0
        self._writer: Any = None
        self._writing: Future[None] | None = None

    def _add(self, doc: Document) -> None:
        self._bytes += self._columns.add(doc)
        if len(self._columns) >= self._group_rows or self._bytes >= self._group_bytes:
            self._flush()

    def _flush(self) -> None:
        self._wait()
        if self._open is not None and self._open.tell() >= self._part_bytes:
            self._end_part()
        self._part()
        self._rows += len(self._columns)
        table = self._columns.take()
        self._writing = Future()  # first: whoever interrupts the start of a thread may find it here
        _beside(
            partial(self._writer.write_table, table, row_group_size=table.num_rows), self._writing
        )
        self._bytes = 0

    def _wait(self) -> None:
        """Let the row group be written that is on its way."""
        if self._writing is not None:
            self._writing.result()

    def _begin(self, file: IO[bytes]) -> None:
        import pyarrow.parquet as pq

        schema = self._columns.schema
        leaves = [
            f"{field.name}.{child.name}" if field.name == "verdict" else field.name
            for field in schema
            for child in (field.type if field.name == "verdict" else [field])
        ]
        kinds = {field.name: str(field.type) for field in schema}
        recurring = [
            leaf
            for leaf in leaves
            if leaf not in _PLAIN and kinds.get(leaf, "string") in ("string", "int64")
        ]
        self._rows = 0
        self._writer = pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            compression_level=_LEVEL,
            write_page_checksum=True,
            use_dictionary=recurring,
            write_statistics=[leaf for leaf in leaves if leaf not in _NO_RANGE],
        )

    def _complete(self) -> None:
        self._wait()
        said = {**self._columns.metadata, "documents": self._rows}
        self._writer.add_key_value_metadata({"webfilter": json_text(said)})
        self._writer.close()

    def _finish(self) -> None:
        if len(self._columns):
            self._flush()

    def _discard(self) -> None:
        self._columns = Columns()
        if self._writing is not None and not self._writing.cancel():  # it has begun
            with suppress(Exception):
                self._wait()
        if self._writer is not None:
            self._writer.close()


def _beside(work: Callable[[], None], ended: Future[None]) -> None:
    """Do `work` in a thread of its own, here if there can be none; `ended` tells how it went."""

    def do() -> None:
        if not ended.set_running_or_notify_cancel():
            return
        try:
            work()
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(None)

    try:
        Thread(target=do, name="webfilter-write").start()
    except RuntimeError:  # the limit of the machine is reached, or the interpreter is ending
        do()


def parquet(
    folder: str | os.PathLike[str],
    *,
    signals: Sequence[Signal] = (),
    metadata: Mapping[str, str] | None = None,
    html: bool = False,
    overwrite: bool = False,
    part_bytes: int = PART_BYTES,
    group_rows: int = GROUP_ROWS,
    group_bytes: int = GROUP_BYTES,
) -> ParquetSink:
    """Return a sink that writes Parquet part files to `folder`.

    They have temporary names until the sink is closed. Each file's metadata, key ``webfilter``,
    holds as JSON what `metadata` says, the names of the signal columns, and the number of
    ``documents`` in the file.

    Args:
        folder: a path, or a URL for fsspec; created where missing.
        signals: what gets a column; other signals stand in ``meta``, under ``_signals``.
        metadata: joins each file's metadata, such as a fingerprint.
        html: write the pages too, as the column ``html``.
        overwrite: replace the part files that the folder holds.
        part_bytes: size on disk after which a file ends, in bytes.
        group_rows: documents after which a row group ends.
        group_bytes: uncompressed bytes after which a row group ends; with `group_rows` this bounds
            the memory in use.

    Raises:
        OutputError: the folder cannot be written, another sink is writing there, or it holds part
            files and `overwrite` is false.
        ConfigError: a size below 1.

    >>> from tempfile import TemporaryDirectory
    >>> words = Signal("words", "int", "Words.")
    >>> with TemporaryDirectory() as folder, parquet(folder, signals=[words]) as sink:
    ...     sink.write([Document("a", "Water boils at 100 °C.", signals={"words": 5})])
    """
    return ParquetSink(
        folder,
        signals=signals,
        metadata=metadata,
        html=html,
        overwrite=overwrite,
        part_bytes=part_bytes,
        group_rows=group_rows,
        group_bytes=group_bytes,
    )
