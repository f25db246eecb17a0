"""What a run has done so far, on disk, so that the same run goes on there after an interruption.

A `Journal` stands between the flow and the runner. Each batch that the ordinary stages of a segment
have marked is noted: what the stages made of each document, and the counts. A later run into the
same folder reads its source from the beginning, and takes the work on a batch from here if the
segment is the same (`canonical`: fields, models, code) and so are the documents (a hash of all that
a stage can see). From the first batch that differs, or that is damaged, it works again. So it does
not matter how a run ended, and what it writes is what a run without interruption writes. Where all
of a journal is of no use, because stages, documents or batches are others, the run says so.

Not noted, and done again: reading, writing, what corpus stages resolve, and batches whose stages
took less than `WORTH` a document. A record is JSON, compressed: nothing that is read from a folder
is ever unpickled. It holds of `meta` only what stages changed; where they put something there that
JSON does not give back as it was, or changed a page, that batch is done again, too.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import shutil
import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from webfilter.document import Document, Verdict
from webfilter.errors import OutputError
from webfilter.identity import canonical
from webfilter.report.ledger import Ledger, Tally
from webfilter.run.local import Done, Runner, Segment, sketch
from webfilter.stage import CorpusStage, Step
from webfilter.write.jsontext import json_text
from webfilter.write.lock import lock

__all__ = ["Journal", "half_placed"]

logger = logging.getLogger("webfilter")

WORTH = 1e-3
"""Seconds a document, in its stages, from which on a batch is noted: it costs a tenth of that."""

_PLACING = "placing"
"""File that names the folders of outputs while they get their files."""
_HEAD = struct.Struct("<Q16s")  # bytes of what follows, hash of the documents
_AGAIN = b""
_OTHER_STAGES = "its stages, their settings or models, or the version of webfilter, are others"
_OTHER_DOCUMENTS = "its first documents, or the size of its batches, are others, or it is damaged"
_EMPTY = _HEAD.size + len(zlib.compress(b"", 1))
"""Bytes of a file that has a head and no record."""


class Journal:
    """A runner that notes what another one does, and knows what was done before.

    Args:
        runner: does what is not known.
        cut: the pipeline's segments.
        measure_all: as the runner has it.
        folder: where records are kept; made if it is missing.

    Raises:
        OutputError: the folder cannot be written, or another run keeps its journal there.
    """

    def __init__(
        self, runner: Runner, cut: Sequence[Segment], measure_all: bool, folder: Path
    ) -> None:
        self._runner, self._cut = runner, cut
        self.folder = folder
        """Where records are, and what else lasts as long as the run may lie."""
        self._keys = [_key(segment, measure_all) for segment in cut]
        self._logs: list[_Log] = []
        self.known = 0
        """Documents on which work was known, at the segment where most were."""
        self.said: list[str] = []
        """Why nothing of a journal that was here could be used; the logger was told, too."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._release = lock(folder, self)
        except BlockingIOError:
            raise OutputError(
                f"another run keeps its journal in {str(folder)!r}: wait until it is done, or give "
                "another folder"
            ) from None
        except OSError as error:
            raise _unwritable(folder, error) from error

    def map(self, segment: int, batches: Iterable[Sequence[Document] | Done]) -> Iterator[Done]:
        """Yield what becomes of each batch at `segment`, in order."""
        if not self._cut[segment].stages:  # sketches alone
            yield from self._runner.map(segment, batches)
            return
        log = _Log(self.folder / f"{segment}.log", self._keys[segment])
        self._logs.append(log)
        self._say(log, segment)
        waiting: deque[tuple[Sequence[Document], bytes] | None] = deque()
        known = 0

        def work() -> Iterator[Sequence[Document] | Done]:
            nonlocal known
            for batch in batches:
                if isinstance(batch, Done):
                    waiting.append(None)
                    yield batch
                    continue
                digest = _digest(batch)
                noted = log.next(digest, len(batch))
                if noted is None:
                    self._say(log, segment)
                    waiting.append((batch, digest))
                    yield batch
                    continue
                waiting.append(None)
                done = self._known(segment, batch, noted)
                if done is not None:
                    known += len(batch)
                    self.known = max(self.known, known)
                yield batch if done is None else done

        for done in self._runner.map(segment, work()):
            new = waiting.popleft()
            if new is not None:
                log.append(new[1], _note(new[0], done))
            yield done

    def placing(self, folders: Iterable[str]) -> None:
        """Note that the files of outputs are about to be put into `folders`, one after another.

        A run that ends before the last one is there, or its report, can so be begun again.

        Raises:
            OutputError: the disk is full, or gone.
        """
        try:
            (self.folder / _PLACING).write_text(json.dumps(list(folders)), "utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def placed(self) -> None:
        """Take back what `placing` noted."""
        (self.folder / _PLACING).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the runner and the records; they stay on disk, if there are any."""
        self._runner.close()
        for log in self._logs:
            log.close()
        worth = any(path.stat().st_size > _EMPTY for path in self.folder.glob("*.log"))
        if not worth and not (self.folder / _PLACING).exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._release is not None:
            self._release()

    def _say(self, log: _Log, segment: int) -> None:
        """Tell, once, of a journal that is of no use for the first stages; what follows may be."""
        first = next(place for place, part in enumerate(self._cut) if part.stages)
        if log.useless and segment == first and not self.said:
            text = f"nothing in {str(self.folder)!r} can be used, work begins anew: {log.useless}"
            logger.warning(text)
            self.said.append(text)

    def _known(self, segment: int, batch: Sequence[Document], noted: bytes) -> Done | None:
        """Return what was noted of `batch`; None if it is to be done again."""
        try:
            said = json.loads(noted)
            docs = [_made(doc, row) for doc, row in zip(batch, said["docs"], strict=True)]
            done = Done(docs, Ledger.of(map(Tally.from_dict, said["rows"])))
        except Exception:  # nothing was noted, or nothing of ours
            return None
        barrier = self._cut[segment].barrier
        if barrier is not None and isinstance(barrier[1], CorpusStage):
            sketch(barrier[1], barrier[0], done)
        return done


def half_placed(folder: Path) -> frozenset[str]:
    """Return the folders of outputs that a run ended amid, told by its journal in `folder`."""
    try:
        said = json.loads((folder / _PLACING).read_text("utf-8"))
    except (OSError, ValueError):  # there is none, or not yet
        return frozenset()
    return frozenset(map(str, said)) if isinstance(said, list) else frozenset()


def _key(segment: Segment, measure_all: bool) -> str:
    """Return what changes whenever the results of a segment may."""
    from webfilter import __version__

    steps: list[tuple[str, Step]] = list(segment.stages)
    if segment.barrier is not None:
        steps.append(segment.barrier)
    told = [[name, canonical(step), sorted(step.artifacts.items())] for name, step in steps]
    text = json.dumps([__version__, measure_all, told], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def _digest(batch: Sequence[Document]) -> bytes:
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


def _note(batch: Sequence[Document], done: Done) -> bytes:
    """Return the record of what became of `batch`; of nothing where it is to be done again."""
    rows = done.ledger.rows()
    if sum(row.nanoseconds for row in rows) < WORTH * 1e9 * len(batch):
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


class _Log:
    """Records, one after the other: first those of before are read, then new ones are added.

    A record that is damaged, or of other documents than the next ones, and all that follow it are
    cut off where the first new one is added: whoever ends a run that says that they are of no use,
    before it has done any work, still has them.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        try:
            self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._reading = self._unread = True
        self._cut: int | None = None  # where the records end that stay, if others follow
        self._head = b""  # what is to be noted before the first new record
        self.useless = ""
        """Why none of the records could be used, where there were some."""
        digest = sha256(key.encode()).digest()[:16]
        if self._next(digest, _OTHER_STAGES) is None:
            self._head = digest

    def next(self, digest: bytes, size: int) -> bytes | None:
        """Return the next record, if it is of so many documents with this hash; None from its end.

        Raises:
            OutputError: the disk is gone.
        """
        first, self._unread = self._unread, False
        return self._next(digest, _OTHER_DOCUMENTS if first else "", size)

    def _next(self, digest: bytes, otherwise: str, size: int = 0) -> bytes | None:
        if not self._reading:
            return None
        try:
            start = self._file.tell()
            of, found = self._record()
            if of == digest and found is not None:
                return found
            self._reading = False
            if of:
                self.useless = otherwise and (_batches(found, size) or otherwise)
            if self._file.tell() > start:
                self._cut = start
        except OSError as error:
            raise _unwritable(self._path, error) from error
        return None

    def _record(self) -> tuple[bytes, bytes | None]:
        """Return of what the next record is (b"": of nothing), and the record, None if damaged."""
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return b"", None
        size, of = _HEAD.unpack(head)
        if size > os.fstat(self._file.fileno()).st_size:
            return of, None
        try:
            return of, zlib.decompress(self._file.read(size))  # it has a checksum
        except zlib.error:
            return of, None

    def append(self, digest: bytes, record: bytes) -> None:
        """Add a record.

        Raises:
            OutputError: the disk is full, or gone.
        """
        data = _packed(digest, record)
        if self._head:
            data, self._head = _packed(self._head, b"") + data, b""
        try:
            if self._cut is not None:
                self._file.seek(self._cut)
                self._file.truncate()
                self._cut = None
            whole = memoryview(data)
            while whole:
                whole = whole[self._file.write(whole) :]
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def close(self) -> None:
        self._file.close()


def _packed(digest: bytes, record: bytes) -> bytes:
    data = zlib.compress(record, 1)
    return _HEAD.pack(len(data), digest) + data


def _batches(record: bytes | None, size: int) -> str:
    """Return that the batches had another size, if `record` tells of one that is not `size`."""
    try:
        noted = len(json.loads(record or b"")["docs"])
    except (ValueError, KeyError, TypeError):
        return ""
    return f"its batches have {noted:,} documents, this run's {size:,}" if noted != size else ""


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot keep the journal of the run in {str(path)!r}: {error.strerror}; resume=False "
        "keeps none"
    )
