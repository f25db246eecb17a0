"""What a run has done so far, on disk, so that the same run goes on there after an interruption.

A `Journal` stands between the flow and the runner. Each batch that the ordinary stages of a segment
have marked is noted: what the stages made of each document, and the counts. A later run into the
same folder reads its source from the beginning, and takes the work on a batch from here if the
segment is the same (`canonical`: fields, models, code; `versions`) and so are the documents (a hash
of all that a stage can see). From the first batch that differs, or that is damaged, it works again.
So it does not matter how a run ended, and what it writes is what a run without interruption writes.
Where all of a journal is of no use, because stages, documents or batches are others, the run says
so.

Not noted, and done again: reading, writing, what corpus stages resolve, batches whose stages took
less than `WORTH` a document, and those of which a record cannot tell all (`webfilter.run.record`).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from webfilter.document import Document
from webfilter.errors import OutputError
from webfilter.identity import canonical, versions
from webfilter.run.local import Done, Runner, Segment, sketch
from webfilter.run.record import HEAD, digest, made, packed, record
from webfilter.stage import CorpusStage, Step
from webfilter.write.lock import lock

__all__ = ["Journal", "half_placed"]

logger = logging.getLogger("webfilter")

WORTH = 1e-3
"""Seconds a document, in its stages, from which on a batch is noted: it costs a tenth of that."""

_PLACING = "placing"
"""File that names the folders of outputs while they get their files."""
_OTHER_STAGES = (
    "its stages, their settings or models, the version of webfilter, or that of the Unicode tables "
    "of Python, are others"
)
_OTHER_DOCUMENTS = (
    "its first documents, the paths they are read from, or the size of its batches, are others, or "
    "it is damaged"
)
_EMPTY = len(packed(bytes(16), b""))
"""Bytes of a file that has a head and no record."""


class Journal:
    """A runner that notes what another one does, and knows what was done before.

    Args:
        runner: does what is not known.
        cut: the pipeline's segments.
        measure_all: as the runner has it.
        folder: where records are kept; made if it is missing.
        trial: the run is to read a part of its source only. Then what a longer one noted stays:
            nothing of it is cut off, and what differs is not noted.

    Raises:
        OutputError: the folder cannot be written, or another run keeps its journal there.
    """

    def __init__(
        self,
        runner: Runner,
        cut: Sequence[Segment],
        measure_all: bool,
        folder: Path,
        trial: bool = False,
    ) -> None:
        self._runner, self._cut, self._trial = runner, cut, trial
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
        log = _Log(self.folder / f"{segment}.log", self._keys[segment], self._trial)
        self._logs.append(log)
        self._say(log, segment)
        waiting: deque[Sequence[Document] | None] = deque()  # to be noted
        known = 0

        def work() -> Iterator[Sequence[Document] | Done]:
            nonlocal known
            for batch in batches:
                if isinstance(batch, Done):
                    waiting.append(None)
                    yield batch
                    continue
                noted = log.next(digest(batch), len(batch)) if log.reading else None
                if noted is None:
                    self._say(log, segment)
                    waiting.append(batch)
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
                log.append(done.record or record(new, done, WORTH))
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

    @property
    def longer(self) -> bool:
        """Whether a longer run than this one, a trial, was interrupted, and can still go on."""
        return any(log.longer for log in self._logs)

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
        done = made(batch, noted)
        barrier = self._cut[segment].barrier
        if done is not None and barrier is not None and isinstance(barrier[1], CorpusStage):
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
    steps: list[tuple[str, Step]] = list(segment.stages)
    if segment.barrier is not None:
        steps.append(segment.barrier)
    told = [[name, canonical(step), sorted(step.artifacts.items())] for name, step in steps]
    text = json.dumps([versions(), measure_all, told], sort_keys=True)
    return sha256(text.encode()).hexdigest()


class _Log:
    """Records, one after the other: first those of before are read, then new ones are added.

    A record that is damaged, or of other documents than the next ones, and all that follow it are
    cut off where the first new one is added: whoever ends a run that says that they are of no use,
    before it has done any work, still has them. A `trial` cuts nothing off, and adds nothing then.
    """

    def __init__(self, path: Path, key: str, trial: bool = False) -> None:
        self._path, self._trial = path, trial
        try:
            self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        self.reading = True
        """Whether there may be a record that is not read yet."""
        self._unread = True
        self._cut: int | None = None  # where the records end that stay, if others follow
        self._head = b""  # what is to be noted before the first new record
        self.useless = ""
        """Why none of the records could be used, where there were some."""
        self.longer = False
        """Whether records stay for a longer run than this, a trial; known once it is closed."""
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
        if not self.reading:
            return None
        try:
            start = self._file.tell()
            of, found = self._record()
            if of == digest and found is not None:
                return found
            self.reading = False
            if of:
                self.useless = otherwise and (_batches(found, size) or otherwise)
            if self._file.tell() > start:
                self._cut = start
                self.longer = self._trial and found is not None
        except OSError as error:
            raise _unwritable(self._path, error) from error
        return None

    def _record(self) -> tuple[bytes, bytes | None]:
        """Return of what the next record is (b"": of nothing), and the record, None if damaged."""
        head = self._file.read(HEAD.size)
        if len(head) < HEAD.size:
            return b"", None
        size, of = HEAD.unpack(head)
        if size > os.fstat(self._file.fileno()).st_size:
            return of, None
        try:
            return of, zlib.decompress(self._file.read(size))  # it has a checksum
        except zlib.error:
            return of, None

    def append(self, data: bytes) -> None:
        """Add a record.

        Raises:
            OutputError: the disk is full, or gone.
        """
        if self.longer:
            return
        if self._head:
            data, self._head = packed(self._head, b"") + data, b""
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
        if self._trial and self.reading:
            self.longer = bool(self._record()[0])
        self._file.close()


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
