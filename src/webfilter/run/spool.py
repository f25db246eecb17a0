"""Hold live documents on disk while a corpus stage looks at all of them.

One Arrow IPC stream, zstd, in the work folder. Strings are stored as bytes, so lone surrogates
pass; signals and meta are JSON, with dates, decimals and bytes tagged so that they come back as
they were. Nothing is pickled.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from webfilter.document import Document, Verdict
from webfilter.errors import OutputError

__all__ = ["Spool"]


class Spool:
    """Documents in, the same documents out, in order; on disk in between.

    Args:
        path: the file to write.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._path = path
        self._schema = pa.schema(
            [
                ("id", pa.binary()),
                ("text", pa.large_binary()),
                ("html", pa.large_binary()),
                ("url", pa.binary()),
                ("rest", pa.large_binary()),
            ]
        )
        try:
            self._writer = pa.ipc.new_stream(
                str(path), self._schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
            )
        except OSError as error:
            raise OutputError(f"cannot spool to {path}: {error}") from error

    def write(self, docs: Sequence[Document]) -> None:
        """Append `docs` as one record batch."""
        import pyarrow as pa

        if not docs:
            return
        columns: list[list[bytes | None]] = [
            [_bytes(doc.id) for doc in docs],
            [_bytes(doc.text) for doc in docs],
            [doc.html for doc in docs],
            [_bytes(doc.url) for doc in docs],
            [_rest(doc) for doc in docs],
        ]
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))

    def finish(self) -> None:
        """Close the file for writing; idempotent."""
        self._writer.close()

    def read(self) -> Iterator[list[Document]]:
        """Yield the documents, batch by batch, in the order in which they were written."""
        import pyarrow as pa

        self.finish()
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as stream:
            for batch in stream:
                rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
                yield [_document(*row) for row in rows]

    def delete(self) -> None:
        """Remove the file."""
        self.finish()
        self._path.unlink(missing_ok=True)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogatepass")


def _str(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _rest(doc: Document) -> bytes:
    v = doc.verdict
    verdict = None
    if v is not None:
        verdict = [v.stage, v.reason, v.signal, v.value, v.limit, v.kind, v.of, v.op]
    rest = [dict(doc.signals), {str(k): _tag(x) for k, x in doc.meta.items()}, verdict]
    return json.dumps(rest).encode("ascii")


def _document(
    id_: bytes, text: bytes, html: bytes | None, url: bytes | None, rest: bytes
) -> Document:
    signals, meta, verdict = json.loads(rest)
    doc = Document(
        _str(id_),
        _str(text),
        html,
        None if url is None else _str(url),
        signals,
        {key: _untag(value) for key, value in meta.items()},
    )
    return doc if verdict is None else replace(doc, verdict=Verdict(*verdict))


_TAG = "$webfilter"


def _tag(value: Any) -> Any:
    """Return `value` as JSON data; what JSON lacks becomes a tagged object, the unknown its str."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, dict):
        return {str(k): _tag(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_tag(v) for v in value]
    if isinstance(value, tuple):
        return {_TAG: "tuple", "value": [_tag(v) for v in value]}
    if isinstance(value, bytes):
        return {_TAG: "bytes", "value": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Decimal):
        return {_TAG: "decimal", "value": str(value)}
    for kind in (datetime, date, time):  # a datetime is a date, so it comes first
        if isinstance(value, kind):
            return {_TAG: kind.__name__, "value": value.isoformat()}
    return _tag(value.item()) if getattr(value, "ndim", None) == 0 else str(value)


def _untag(value: Any) -> Any:
    if isinstance(value, list):
        return [_untag(v) for v in value]
    if not isinstance(value, dict):
        return value
    tag = value.get(_TAG)
    if tag is None:
        return {k: _untag(v) for k, v in value.items()}
    raw = value["value"]
    if tag == "tuple":
        return tuple(_untag(v) for v in raw)
    if tag == "bytes":
        return base64.b64decode(raw)
    if tag == "decimal":
        return Decimal(raw)
    kinds: dict[str, Any] = {"datetime": datetime, "date": date, "time": time}
    return kinds[tag].fromisoformat(raw)
