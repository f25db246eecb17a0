"""JSON Lines part files: one document a line, plain, gzip or zstd.

::

    {"id": ..., "text": ..., "url": ..., "meta": {...}, "signals": {...}, "verdict": {...} | null}

UTF-8, unescaped; keys of `meta` and `signals` sorted; undefined signals are null; the page, where
asked for, is ``html_base64``. Values that JSON does not have follow `webfilter.write.jsontext`. The
same documents give the same bytes, however they were batched: compression sees one line at a time,
one zstd frame or gzip member a file, with its checksum, and gzip's header has no date.

With ``layout="datatrove"`` a line is what datatrove's ``JsonlWriter`` writes (compared: 0.10)::

    {"text": ..., "id": ..., "metadata": {"url": ..., "language": ..., "filter_reason": ...}}

`metadata` holds `meta`, the signals and the URL; where two have one name, the later of these
stands. ``filter_reason`` is ``stage.reason`` of the verdict, where datatrove's filters say why they
excluded a document. Read again, signals and verdict are part of `meta`. A list of datatrove's
media, which reading puts into `meta`, goes back to its own key, ``media``.
"""

from __future__ import annotations

import gzip
import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import IO, Any, Literal, get_args

from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.stage import Signal
from webfilter.write.columns import verdict_fields
from webfilter.write.jsontext import json_text
from webfilter.write.parts import PART_BYTES, PartSink

__all__ = ["JsonlSink", "jsonl", "line"]

_MEDIA = frozenset(
    ("id", "type", "url", "alt", "path", "offset", "length", "media_bytes", "metadata")
)
"""The fields of one of datatrove's media."""

Compression = Literal["", "gz", "zst"]
Layout = Literal["webfilter", "datatrove"]


def line(doc: Document, *, html: bool = False, layout: Layout = "webfilter") -> str:
    """Return `doc` as one line of JSON, without the newline. Never raises.

    >>> line(Document("a", "Hi.", signals={"words": 1}))
    '{"id": "a", "text": "Hi.", "url": null, "meta": {}, "signals": {"words": 1}, "verdict": null}'
    >>> line(Document("a", "Hi.", signals={"words": 1}), layout="datatrove")
    '{"text": "Hi.", "id": "a", "metadata": {"words": 1}}'
    """
    if layout == "datatrove":
        found = {**doc.meta, **doc.signals}
        if doc.url is not None:
            found["url"] = doc.url
        if doc.verdict is not None:
            found["filter_reason"] = f"{doc.verdict.stage}.{doc.verdict.reason}"
        media = {"media": found.pop("media")} if _are_media(found.get("media")) else {}
        return _object({"text": doc.text, "id": doc.id, **media, "metadata": found})
    verdict = None if doc.verdict is None else verdict_fields(doc.verdict)
    cells = {
        "id": json_text(doc.id),
        "text": json_text(doc.text),
        "url": json_text(doc.url),
        "meta": json_text(doc.meta),
        "signals": json_text(doc.signals),
        "verdict": "null" if verdict is None else _object(verdict),
    }
    if html:
        page = None if doc.html is None else b64encode(doc.html).decode("ascii")
        cells["html_base64"] = json_text(page)
    return "{" + ", ".join(f'"{key}": {cell}' for key, cell in cells.items()) + "}"


def _are_media(value: Any) -> bool:
    """Whether datatrove's reader would take `value` for media: it fails on anything else."""
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and item.keys() == _MEDIA for item in value
    )


def _object(values: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f'"{key}": {json_text(item)}' for key, item in values.items()) + "}"


class JsonlSink(PartSink):
    """Writes documents to ``part-00000.jsonl`` and so on; see `jsonl` for the arguments."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        compression: Compression = "",
        html: bool = False,
        layout: Layout = "webfilter",
        overwrite: bool = False,
        part_bytes: int = PART_BYTES,
    ) -> None:
        if part_bytes < 1:
            raise ConfigError("jsonl: part_bytes must be at least 1")
        if compression not in ("", "gz", "zst"):
            raise ConfigError(f"jsonl: compression = {compression!r}; it takes '', 'gz' or 'zst'")
        if layout not in get_args(Layout):
            raise UnknownName("layout", str(layout), get_args(Layout))
        if html and layout == "datatrove":
            raise ConfigError("jsonl: datatrove's layout has no place for pages (html=True)")
        suffix = f".jsonl.{compression}" if compression else ".jsonl"
        super().__init__(folder, suffix, part_bytes, overwrite)
        self._compression, self._html, self._layout = compression, html, layout
        self._stream: Any = None

    def _add(self, doc: Document) -> None:
        file = self._part()
        self._stream.write(line(doc, html=self._html, layout=self._layout).encode() + b"\n")
        if file.tell() >= self._part_bytes:
            self._end_part()

    def _begin(self, file: IO[bytes]) -> None:
        if self._compression == "gz":
            self._stream = gzip.GzipFile("", "wb", 6, file, mtime=0)
        elif self._compression == "zst":
            import zstandard

            packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
            self._stream = packer.stream_writer(file, closefd=False)
        else:
            self._stream = file

    def _complete(self) -> None:
        if self._compression:
            self._stream.close()

    def _finish(self) -> None:
        """Nothing is held in memory."""

    def _discard(self) -> None:
        if self._stream is not None:
            self._stream.close()


def jsonl(
    folder: str | os.PathLike[str],
    *,
    signals: Sequence[Signal] = (),
    metadata: Mapping[str, str] | None = None,
    compression: Compression = "",
    html: bool = False,
    layout: Layout = "webfilter",
    overwrite: bool = False,
    part_bytes: int = PART_BYTES,
) -> JsonlSink:
    """Return a sink that writes JSON Lines part files to `folder`.

    They have temporary names until the sink is closed.

    Args:
        folder: a path, or a URL for fsspec; created where missing.
        signals: not used: a line holds whatever signals its document has.
        metadata: not used: JSON Lines has no place for it.
        compression: ``""``, ``"gz"`` or ``"zst"``.
        html: write the pages too, as ``html_base64``; not in datatrove's layout.
        layout: ``"webfilter"``, or ``"datatrove"`` for readers of ``text, id, metadata``.
        overwrite: replace the part files that the folder holds.
        part_bytes: size on disk after which a file ends, in bytes.

    Raises:
        OutputError: the folder cannot be written, another sink is writing there, or it holds part
            files and `overwrite` is false.
        ConfigError: an unknown compression or layout, pages in datatrove's, or a size below 1.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, jsonl(folder, compression="zst") as sink:
    ...     sink.write([Document("a", "Water boils at 100 °C.")])
    """
    return JsonlSink(
        folder,
        compression=compression,
        html=html,
        layout=layout,
        overwrite=overwrite,
        part_bytes=part_bytes,
    )
