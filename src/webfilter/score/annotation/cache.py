"""Keep answers, so that no question is paid for twice: a folder of append-only JSONL files.

Each run writes a file of its own, created with its first answer, and reads those of all others when
it starts. So two runs at once never write to the same file, and one that is killed in the middle of
a line leaves a last line that is not JSON, which is passed over: nothing is ever appended to it.
Files of two folders are merged by copying them together.

A record holds the key (a hash, see `Cache.key`), the scores and the tokens: no text, no API key.
Answers are handed to the operating system one by one, so they survive the process, not a power cut.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from webfilter.config import AnyPath
from webfilter.errors import OutputError
from webfilter.score.annotation.reply import Malformed, check
from webfilter.score.annotation.rubric import Rubric

__all__ = ["Answer", "Cache"]

_log = logging.getLogger("webfilter")


@dataclass(frozen=True, slots=True)
class Answer:
    """Scores in the rubric's order, and what they cost in tokens."""

    scores: tuple[float, ...]
    tokens_in: int
    tokens_out: int
    estimated: bool


class Cache:
    """Answers to questions under one rubric, by key.

    Args:
        folder: where the files are; None keeps answers in memory only, for repeated texts.
        rubric: what scores are checked against when read.
        read_only: only look: make no folder.

    Raises:
        OutputError: the folder cannot be made, read or written.
    """

    def __init__(self, folder: AnyPath | None, rubric: Rubric, *, read_only: bool = False) -> None:
        self._folder = None if folder is None else Path(folder)
        self._rubric = rubric
        self._found: dict[bytes, Answer] = {}
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()
        self.damaged = 0
        """Lines that could not be used."""
        if self._folder is not None:
            self._load(self._folder, read_only)

    @staticmethod
    def key(*parts: Any) -> str:
        """Return the sha256 of `parts`, which are JSON data, as hexadecimal digits.

        >>> Cache.key("a", 1)[:8], Cache.key("a", "1")[:8]
        ('135f17a4', '1d48e495')
        """
        said = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(said.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: str) -> Answer | None:
        """Return the answer under `key`, if there is one."""
        return self._found.get(bytes.fromhex(key))

    def put(self, key: str, answer: Answer) -> None:
        """Keep `answer`, on disk before this returns.

        Raises:
            OutputError: it cannot be written: better to stop than to pay for answers and lose them.
        """
        with self._lock:
            self._found[bytes.fromhex(key)] = answer
            if self._folder is None:
                return
            record = {
                "key": key,
                "rubric": self._rubric.checksum[:16],
                "scores": dict(zip(self._rubric.names, answer.scores, strict=True)),
                "tokens_in": answer.tokens_in,
                "tokens_out": answer.tokens_out,
                "estimated": answer.estimated,
            }
            try:
                if self._file is None:
                    self._file = self._new(self._folder)
                line = json.dumps(record).encode() + b"\n"
                if self._file.write(line) != len(line):
                    raise OSError("the disk is full")
            except OSError as error:
                raise self._failed(error) from error

    def close(self) -> None:
        """Close the file of this run."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _new(self, folder: Path) -> IO[bytes]:
        # names sort by time, and the first answer to a question stays the one that counts
        name = f"answers-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:12]}"
        return (folder / f"{name}.jsonl").open("xb", buffering=0)

    def _load(self, folder: Path, read_only: bool) -> None:
        mine = self._rubric.checksum[:16]
        try:
            if not read_only:
                folder.mkdir(parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK):
                    raise PermissionError(f"{folder} is read-only")
            for path in sorted(folder.glob("*.jsonl")):
                with path.open("rb") as lines:
                    for line in lines:
                        self._take(line, mine)
        except OSError as error:
            raise self._failed(error) from error
        if self.damaged:
            _log.warning("%s: %d lines of the cache cannot be used", folder, self.damaged)

    def _take(self, line: bytes, mine: str) -> None:
        try:
            record = json.loads(line)
            if record["rubric"] != mine:
                return  # of another rubric: neither ours nor damaged
            key = bytes.fromhex(record["key"])
            scores = check(record["scores"], self._rubric)
            asked, said = record["tokens_in"], record["tokens_out"]
            if len(key) != 32 or any(type(n) is not int or n < 0 for n in (asked, said)):
                raise ValueError("not a record")
        except (ValueError, KeyError, TypeError, RecursionError, Malformed):
            self.damaged += bool(line.strip())
            return
        answer = Answer(tuple(scores.values()), asked, said, bool(record.get("estimated")))
        self._found.setdefault(key, answer)

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(
            f"annotator: cache {str(self._folder)!r} cannot be used: {error}; give another folder, "
            "or make room"
        )
