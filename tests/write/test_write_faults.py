"""What is left of an output when the disk refuses its k-th operation, for every k."""

import errno
import io
import itertools
import os
from pathlib import Path
from typing import ClassVar

import pytest

from webfilter.document import Document
from webfilter.errors import OutputError
from webfilter.write import jsonl, parquet
from webfilter.write.folders import _Local
from webfilter.write.parts import is_part
from webfilter.write.tiers import TieredSink

DOCS = [Document(f"d{n}", "text " * 50, signals={"tier": "ab"[n % 2]}) for n in range(6)]
KINDS = {
    "parquet": lambda place: parquet(place, part_bytes=1, group_rows=2, overwrite=True),
    "jsonl": lambda place: jsonl(place, part_bytes=1, overwrite=True),
    "gz": lambda place: jsonl(place, part_bytes=1, overwrite=True, compression="gz"),
    "tiers": lambda place: TieredSink(place, ("a", "b"), KINDS["jsonl"]),
}


class Refusing(_Local):
    """A folder on a disk that refuses its `at`-th operation, counted over all such folders."""

    at, count, said, always = 0, 0, "", False
    synced: ClassVar = {}  # bytes that are safe from a power cut, by inode

    @classmethod
    def operation(cls, name):
        cls.count += 1
        if cls.always or cls.count == cls.at:
            cls.said = name
            raise OSError(errno.ENOSPC, "No space left on device")

    def make(self):
        self.operation("make")
        super().make()

    def names(self):
        self.operation("names")
        return super().names()

    def create(self, name):
        self.operation("create")
        return io.BufferedWriter(Raw(self._path / name, "wb"), 1 << 20)

    def rename(self, old, new):
        self.operation("rename")
        if is_part(new):
            stat = os.stat(self._path / old)
            assert self.synced[stat.st_ino] == stat.st_size
        super().rename(old, new)

    def remove(self, name):
        self.operation("remove")
        super().remove(name)


class Raw(io.FileIO):
    def write(self, data):
        Refusing.operation("write")
        return super().write(data)

    def close(self):
        done = self.closed
        super().close()
        if not done:
            Refusing.operation("close")


def fsync(handle):
    Refusing.operation("fsync")
    stat = os.fstat(handle)
    Refusing.synced[stat.st_ino] = stat.st_size


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def refusing(monkeypatch):
    for module in ("parts", "tiers"):
        monkeypatch.setattr(f"webfilter.write.{module}.folder_at", lambda at: Refusing(Path(at)))
    monkeypatch.setattr(os, "fsync", fsync)
    Refusing.at = Refusing.count = 0
    return Refusing


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_refuses_any_one_operation_costs_no_more_than_the_output(
    tmp_path, refusing, kind
):
    whole = tmp_path / "whole"
    with KINDS[kind](whole) as sink:
        sink.write(DOCS)
    parts = {"parquet": 3, "tiers": 6 + 3 + 1}  # one a row group or document, and no empty one
    assert len(contents(whole)) == parts.get(kind, 6)
    seen = set()
    for at in itertools.count(1):
        folder = tmp_path / str(at)
        old = {f"part-0000{n}.{'jsonl' if kind == 'jsonl' else 'old'}": b"old" for n in range(9)}
        folder.mkdir()
        for name, data in old.items():
            (folder / name).write_bytes(data)
        refusing.at, refusing.count, refusing.said = at, 0, ""
        sink = None
        try:
            sink = KINDS[kind](folder)
            sink.write(DOCS)
            sink.close()
        except OutputError as error:
            said = str(error)
            assert said.startswith(f"cannot write to {str(folder)!r}"[:-1])
            assert said.count("cannot write to") == said.count("No space left on device") == 1
        else:
            break
        seen.add(refusing.said)
        if sink is not None:
            sink.abort()
            assert not [name for name in contents(folder) if name.endswith(".tmp")]
        if "rename" not in seen:
            assert old.items() <= contents(folder).items()
        refusing.at = 0
        with KINDS[kind](folder) as sink:  # nobody holds it
            sink.write(DOCS)
        left = {name: data for name, data in contents(folder).items() if data != b"old"}
        assert left == contents(whole)
    assert not refusing.said
    assert seen >= {"make", "names", "create", "write", "close", "rename"}


@pytest.mark.parametrize("kind", KINDS)
def test_giving_up_never_raises_and_holds_nobody_up(tmp_path, refusing, monkeypatch, kind):
    sink = KINDS[kind](tmp_path)
    sink.write(DOCS[:3])
    with monkeypatch.context() as patch:
        patch.setattr(refusing, "always", True)
        sink.abort()
    sink.abort()
    with KINDS[kind](tmp_path) as sink:
        if os.name != "nt":
            with pytest.raises(OutputError, match=r"^another run, or a sink that was not closed"):
                KINDS[kind](tmp_path)
        sink.write(DOCS)
    assert not [name for name in contents(tmp_path) if name.endswith(".tmp")]
