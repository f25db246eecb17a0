"""Hold live documents on disk while a corpus stage looks at all of them.

One Arrow IPC stream, zstd, in the work folder. Strings are stored as bytes, so lone surrogates
pass. Signals and meta are pickled, those of a batch together in its first row, so that they come
back as they were, whatever a source puts there (arrays, time stamps, sets): the file lies in a
folder that only its user can open, lasts as long as the run, and nobody but the process that wrote
it reads it. A field of meta that cannot be pickled (a lock, nesting too deep) becomes what would be
written of it: see `webfilter.write.jsontext`.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from webfilter.document import Document, Verdict
from webfilter.errors import OutputError
from webfilter.run.work import ELSEWHERE
from webfilter.write.jsontext import json_text

__all__ = ["Spool"]


class Spool:
    """Documents in, the same documents out, in order; on disk in between.

    Args:
        path: the file to write.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._path = path
        self._read: list[Any] = []
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
            self._file = pa.OSFile(os.fsencode(path), "wb")  # its name may be no text
            self._writer = pa.ipc.new_stream(
                self._file, self._schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
            )
        except OSError as error:
            raise self._refused(error) from error

    def write(self, docs: Sequence[Document]) -> None:
        """Append `docs` as one record batch.

        Raises:
            OutputError: the disk is full.
        """
        import pyarrow as pa

        if not docs:
            return
        columns: list[list[bytes | None]] = [
            [_bytes(doc.id) for doc in docs],
            [_bytes(doc.text) for doc in docs],
            [doc.html for doc in docs],
            [_bytes(doc.url) for doc in docs],
            [_rests(docs)] + [None] * (len(docs) - 1),
        ]
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        try:
            self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        except OSError as error:
            raise self._refused(error) from error

    def finish(self) -> None:
        """Close the file for writing; idempotent.

        Raises:
            OutputError: the disk is full.
        """
        if self._file.closed:
            return
        try:
            with self._file:
                self._writer.close()
        except OSError as error:
            raise self._refused(error) from error

    def read(self) -> Iterator[list[Document]]:
        """Yield the documents, batch by batch, in the order in which they were written."""
        import pyarrow as pa

        self.finish()
        with pa.OSFile(os.fsencode(self._path)) as file, pa.ipc.open_stream(file) as stream:
            self._read.append(file)
            for batch in stream:
                *columns, (packed, *_) = (column.to_pylist() for column in batch.columns)
                rests = pickle.loads(packed)
                yield [_document(*row) for row in zip(*columns, rests, strict=True)]

    def delete(self) -> None:
        """Remove the file, whoever is still reading it."""
        with suppress(OutputError):  # what was spooled is not needed any more
            self.finish()
        for file in self._read:  # Windows removes nothing that is open
            file.close()
        self._path.unlink(missing_ok=True)

    def _refused(self, error: OSError) -> OutputError:
        why = os.strerror(error.errno) if error.errno else str(error)
        return OutputError(f"cannot spool to {self._path}: {why}; {ELSEWHERE}")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogatepass")


def _str(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


_GLOBAL = b"\x93"  # without this opcode there are only plain values in a pickle


def _rests(docs: Sequence[Document]) -> bytes:
    """Return what is not in other columns, of all `docs`: names that recur are held once."""
    rests = [(doc.signals, doc.meta, _fields(doc.verdict)) for doc in docs]
    try:
        data = pickle.dumps(rests, protocol=5)
        if _GLOBAL in data:  # it has to be read, too
            pickle.loads(data)
    except Exception:
        data = pickle.dumps([tuple(map(_lasting, rest)) for rest in rests], protocol=5)
    return data


def _fields(v: Verdict | None) -> tuple[Any, ...] | None:
    if v is None:
        return None
    return (v.stage, v.reason, v.signal, v.value, v.limit, v.kind, v.of, v.op)


def _document(
    id_: bytes,
    text: bytes,
    html: bytes | None,
    url: bytes | None,
    rest: tuple[Mapping[str, Any], Mapping[str, Any], tuple[Any, ...] | None],
) -> Document:
    signals, meta, verdict = rest
    return Document(
        _str(id_),
        _str(text),
        html,
        None if url is None else _str(url),
        signals,
        meta,
        None if verdict is None else Verdict(*verdict),
    )


def _lasting(value: Any) -> Any:
    """Return `value` as it is if it can be pickled, else with the fields written that cannot."""
    if _lasts(value):
        return value
    if isinstance(value, Mapping):
        fields = {key: item if _lasts(item) else _written(item) for key, item in value.items()}
        if _lasts(fields):
            return fields
    return _written(value)


def _lasts(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps([(value,)], protocol=5))  # as deep as in `_rests`
    except Exception:
        return False
    return True


def _written(value: Any) -> Any:
    return json.loads(json_text(value))
