"""From what a user gives as an output to the sink that takes the documents."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from webfilter.errors import ConfigError
from webfilter.stage import Signal
from webfilter.write.jsonl import JsonlSink
from webfilter.write.parquet import ParquetSink
from webfilter.write.sink import Sink
from webfilter.write.tiers import TieredSink

__all__ = ["Format", "open_sink", "open_tiers"]

Format = Literal["parquet", "jsonl", "jsonl.zst", "jsonl.gz"]
"""How part files are written."""


def open_sink(
    target: str | os.PathLike[str] | Sink,
    *,
    signals: Sequence[Signal] = (),
    metadata: Mapping[str, str] | None = None,
    html: bool = False,
    format: Format = "parquet",
    overwrite: bool = False,
) -> Sink:
    """Return the sink for `target`: itself if it is one, else one that writes part files there.

    Args:
        target: a folder (path, or URL for fsspec), or anything with `write`, `close` and `abort`.
        signals: what gets a column (Parquet); the others are written too, in ``meta``.
        metadata: joins the metadata of Parquet files.
        html: write the pages too.
        format: of the part files.
        overwrite: replace the part files that the folder holds.

    Raises:
        ConfigError: an unknown format, or a target that is neither a path nor a sink.
        OutputError: the folder cannot be written, another sink is writing there, or it holds part
            files and `overwrite` is false.

    >>> from webfilter.write import memory
    >>> sink = memory()
    >>> open_sink(sink) is sink
    True
    """
    if format not in get_args(Format):
        known = ", ".join(map(repr, get_args(Format)))
        raise ConfigError(f"format = {format!r} is not known; it takes {known}")
    if not isinstance(target, (str, os.PathLike)):
        if isinstance(target, Sink) and not isinstance(target, type):
            return target
        raise ConfigError(
            f"{target!r} is no place to write to: give the path of a folder, or an object with "
            "write, close and abort"
        )
    shared: dict[str, Any] = {"html": html, "overwrite": overwrite}
    if format == "parquet":
        return ParquetSink(target, signals=signals, metadata=metadata, **shared)
    return JsonlSink(target, compression=format.removeprefix("jsonl").removeprefix("."), **shared)  # type: ignore[arg-type]


def open_tiers(target: str | os.PathLike[str], names: Sequence[str], **settings: Any) -> TieredSink:
    """Return the sink that writes each tier to a folder of its own in `target`.

    Args:
        target: a folder.
        names: of the tiers, the widest first.
        settings: as `open_sink` takes them.

    Raises:
        ConfigError, OutputError: see `open_sink`.
    """
    return TieredSink(target, names, lambda folder: open_sink(folder, **settings))
