"""What is noted of a batch in the journal of a run: what stages made of its documents, and counts.

A record is JSON, compressed, behind a hash of all that a stage could see of the batch: nothing that
is read from a folder is ever unpickled. It holds of `meta` only what stages changed; where they put
something there that JSON does not give back as it was, or changed a page, nothing is noted, and the
batch is done again. The hash is taken after the work, so that what a stage changed in place, which
it must not, is done again, too. Records are made where the work is done, in the workers if there
are some.
"""

from __future__ import annotations

import json
import pickle
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import Any

from webfilter.document import Document, Verdict
from webfilter.report.ledger import Ledger, Tally
from webfilter.run.local import Done
from webfilter.write.jsontext import json_text

__all__ = ["HEAD", "digest", "made", "packed", "record"]

HEAD = struct.Struct("<Q16s")
"""Before each record: bytes of what follows, hash of the documents."""
_AGAIN = b""


def record(batch: Sequence[Document], done: Done, worth: float) -> bytes:
    """Return the record of what became of a batch, as it lies on disk.

    Args:
        batch: as it came.
        done: as it is now.
        worth: seconds a document; where stages took less, the record says nothing.
    """
    return packed(digest(batch), _note(batch, done, worth))


def packed(of: bytes, said: bytes) -> bytes:
    """Return the record that says `said` of what has the hash `of`."""
    data = zlib.compress(said, 1)
    return HEAD.pack(len(data), of) + data


def made(batch: Sequence[Document], said: bytes) -> Done | None:
    """Return what the record `said` tells of `batch`; None where nothing is told."""
    try:
        noted = json.loads(said)
        docs = [_made(doc, row) for doc, row in zip(batch, noted["docs"], strict=True)]
        return Done(docs, Ledger.of(map(Tally.from_dict, noted["rows"])))
    except Exception:  # nothing was noted, or nothing of ours
        return None


def digest(batch: Sequence[Document]) -> bytes:
    """Return a hash of all that stages can see of `batch`."""
    whole = blake2b(digest_size=16)
    for doc in batch:
        rest = json_text(doc.meta) if doc.meta else ""
        verdict = doc.verdict and asdict(doc.verdict)
        said = repr((doc.id, doc.url, dict(doc.signals), verdict, rest))
        for part in (doc.text, said):
            data = part.encode("utf-8", "surrogatepass")
            whole.update(len(data).to_bytes(8, "little"))
            whole.update(data)
        whole.update((-1 if doc.html is None else len(doc.html)).to_bytes(8, "little", signed=True))
        whole.update(doc.html or b"")
    return whole.digest()


def _note(batch: Sequence[Document], done: Done, worth: float) -> bytes:
    """Return what is to be said of `batch`; nothing where it is to be done again."""
    rows = done.ledger.rows()
    if sum(row.nanoseconds for row in rows) < worth * 1e9 * len(batch):
        return _AGAIN
    try:
        docs = [_changes(doc, after) for doc, after in zip(batch, done.docs, strict=True)]
        said = {"docs": docs, "rows": [row.to_dict() for row in rows]}
        return json.dumps(said, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        return _AGAIN


def _changes(before: Document, after: Document) -> dict[str, Any]:
    """Return what a segment made of a document, as JSON gives it back.

    Raises:
        ValueError: JSON does not.
    """
    said: dict[str, Any] = {"signals": dict(after.signals)}
    if after.text != before.text:
        said["text"] = after.text
    if after.url != before.url:
        said["url"] = after.url
    if after.html is None and before.html is not None:
        said["html"] = None
    elif after.html != before.html:
        raise ValueError("the page was changed")
    meta = {key: _change(before.meta, key, value) for key, value in after.meta.items()}
    if any(meta.values()) or list(after.meta) != list(before.meta):
        said["meta"] = meta
    if after.verdict is not None:
        said["verdict"] = asdict(after.verdict)
    return said


def _change(before: Mapping[str, Any], key: Any, value: Any) -> list[Any]:
    """Return nothing if a field of meta is what it was, else its value.

    Raises:
        ValueError: JSON does not give it back as it is.
    """
    if not isinstance(key, str):
        raise ValueError("a key that is no text")
    if key in before and _same(before[key], value):
        return []
    if not _as_json(value):
        raise ValueError("a value that JSON does not give back")
    return [value]


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, str):
        return bool(one == other)
    try:
        # 1 equals True, and arrays are no bool; protocol 5 tells arrays that were sent apart
        return pickle.dumps(one, protocol=4) == pickle.dumps(other, protocol=4)
    except Exception:
        return False


def _as_json(value: Any) -> bool:
    kind = type(value)
    if kind is dict:
        return all(type(key) is str and _as_json(item) for key, item in value.items())
    if kind is list:
        return all(map(_as_json, value))
    return value is None or kind in (str, int, float, bool)


def _made(before: Document, said: Mapping[str, Any]) -> Document:
    """Return the document that `_changes` told of."""
    fields = ("text", "url", "html", "signals")
    new: dict[str, Any] = {key: said[key] for key in fields if key in said}
    if "meta" in said:
        new["meta"] = {
            key: change[0] if change else before.meta[key] for key, change in said["meta"].items()
        }
    verdict = said.get("verdict")
    return replace(before, **new, verdict=None if verdict is None else Verdict(**verdict))
