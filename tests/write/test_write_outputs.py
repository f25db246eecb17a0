import errno
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import types
from concurrent.futures import Future

import fsspec
import pyarrow.parquet as pq
import pytest
from toys import KILL, KILLED

from webfilter import read
from webfilter.document import Document
from webfilter.errors import ConfigError, OutputError
from webfilter.write import (
    Memory,
    Sink,
    check_writable,
    jsonl,
    memory,
    open_sink,
    open_tiers,
    parquet,
)
from webfilter.write import lock as locks
from webfilter.write.jsonl import JsonlSink
from webfilter.write.lock import lock
from webfilter.write.parts import PartSink

DOCS = [Document(str(i), "text " * 50) for i in range(30)]
FORMATS = ["parquet", "jsonl", "jsonl.zst", "jsonl.gz"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("format", FORMATS)
def test_part_files_have_their_names_only_after_close(tmp_path, format):
    sink = open_sink(tmp_path / "a" / "kept", format=format)
    sink.write(DOCS)
    assert all(name.endswith(".tmp") for name in names(tmp_path / "a" / "kept"))
    sink.close()
    sink.close()
    sink.abort()
    assert names(tmp_path / "a" / "kept") == [f"part-00000.{format}"]


@pytest.mark.parametrize("format", FORMATS)
def test_abort_leaves_nothing(tmp_path, format):
    for docs in ([], DOCS):
        sink = open_sink(tmp_path, format=format)
        sink.write(docs)
        sink.abort()
        sink.abort()
        assert names(tmp_path) == []


def test_an_error_in_a_with_block_aborts(tmp_path):
    def interrupted():
        with parquet(tmp_path, group_rows=5, part_bytes=1) as sink:
            sink.write(DOCS)
            assert len(names(tmp_path)) == 6
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_crash_leaves_temporary_names_and_a_restart_removes_them(tmp_path, kind):
    code = (
        "import os, sys\n"
        "from webfilter.document import Document\n"
        "from webfilter import write\n"
        "sink = getattr(write, sys.argv[2])(sys.argv[1], part_bytes=500_000)\n"
        "sink.write([Document(str(i), os.urandom(600).hex()) for i in range(2100)])\n"
        f"os.kill(os.getpid(), {int(KILL)})\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), kind], check=False)
    assert done.returncode == KILLED
    left = names(tmp_path)
    assert len(left) >= 2
    assert all(name.endswith(".tmp") for name in left)
    (tmp_path / "part-notes.tmp").write_text("not ours")
    (tmp_path / f"part-00000.{kind}.tmp").write_text("of an older version")
    with open_sink(tmp_path, format=kind) as sink:
        sink.write(DOCS)
    assert names(tmp_path) == [f"part-00000.{kind}", "part-notes.tmp"]


@pytest.fixture
def no_locks(monkeypatch):
    monkeypatch.setattr("webfilter.write.folders.lock", lambda folder, owner: None)


@pytest.fixture
def windows_locks(monkeypatch):
    """Locks as on Windows: of bytes in files, between handles, whoever holds them."""
    held = {}

    def locking(handle, how, size):
        stat = os.fstat(handle)
        key = (stat.st_dev, stat.st_ino, os.lseek(handle, 0, os.SEEK_CUR), size)
        if how == msvcrt.LK_UNLCK:
            assert held.pop(key) == handle
        elif held.setdefault(key, handle) != handle:
            raise PermissionError(errno.EACCES, "Permission denied")

    msvcrt = types.SimpleNamespace(LK_UNLCK=0, LK_NBLCK=2, locking=locking)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    return msvcrt


needs_locks = pytest.mark.skipif(os.name == "nt", reason="of folders themselves")


@needs_locks  # and there all tests of locks test it
def test_windows_locks_a_file_beside_the_folder(tmp_path, windows_locks):
    first = parquet(tmp_path / "kept")
    first.write(DOCS)
    assert names(tmp_path) == [".kept.lock", "kept"]
    link = tmp_path / "other"
    link.symlink_to(tmp_path / "kept", target_is_directory=True)
    for name in ("kept", "other"):
        with pytest.raises(OutputError, match=r"another run.*wait until it is done, or give"):
            jsonl(tmp_path / name, overwrite=True)
    link.unlink()
    first.close()
    assert names(tmp_path) == ["kept"]
    (tmp_path / ".kept.lock").touch()  # of a killed run
    jsonl(tmp_path / "kept", overwrite=True).close()
    assert names(tmp_path) == ["kept"]
    assert names(tmp_path / "kept") == ["part-00000.jsonl"]


@needs_locks
def test_windows_without_locks_is_written_to(tmp_path, windows_locks):
    def locking(handle, how, size):
        raise OSError(errno.EINVAL, "no locks here")

    windows_locks.locking = locking
    first, second = jsonl(tmp_path / "kept"), jsonl(tmp_path / "kept")
    second.abort()
    first.close()
    assert names(tmp_path) == ["kept"]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("tiers", [False, True])
def test_a_second_sink_is_refused_until_the_first_is_done(tmp_path, overwrite, tiers):
    tiered = open_tiers(tmp_path, ["a"], format="jsonl") if tiers else None
    first = tiered or parquet(tmp_path, group_rows=5)
    docs = [doc.with_signals({"tier": "a"}) for doc in DOCS]
    first.write(docs)
    for second in (parquet, jsonl):
        with pytest.raises(OutputError, match=r"another run.*wait until it is done, or give"):
            second(tmp_path, overwrite=overwrite)
    first.close()
    reader = read.jsonl if tiers else read.parquet
    assert [doc.id for doc in reader(tmp_path)] == [doc.id for doc in DOCS]
    with jsonl(tmp_path, overwrite=True) as sink:
        sink.write(docs)


@needs_locks
def test_a_sink_that_is_over_holds_nobody_up(tmp_path, monkeypatch):
    parquet(tmp_path).abort()
    forgotten = parquet(tmp_path)
    forgotten.write(DOCS)
    del forgotten
    gc.collect()
    broken = jsonl(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(JsonlSink, "_add", lambda self, doc: os.stat(tmp_path / "nothing"))
        with pytest.raises(OutputError, match="No such file"):
            broken.write(DOCS)
    with jsonl(tmp_path) as sink:
        sink.write(DOCS)
    with pytest.raises(OutputError, match="already holds") as refused:
        jsonl(tmp_path)
    assert refused.tb  # which keeps the refused sink alive
    jsonl(tmp_path, overwrite=True).close()


@needs_locks
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_neither_keeps_the_lock_nor_releases_it(tmp_path):
    code = (
        "import os, signal, sys, time\n"
        "from webfilter.write import jsonl\n"
        "sink = jsonl(sys.argv[1])\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    sys.exit()\n"  # runs the finalizers
        "os.waitpid(child, 0)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os.closerange(1, 3)\n"
        "    time.sleep(60)\n"
        "print(child, flush=True)\n"
        "sys.stdin.read()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    run = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], **pipes)
    orphan = int(run.stdout.readline())
    try:
        with pytest.raises(OutputError, match="another run"):
            jsonl(tmp_path)
        assert run.communicate()[1] == b""
        assert run.returncode == -signal.SIGKILL
        jsonl(tmp_path).close()
    finally:
        os.kill(orphan, signal.SIGKILL)


@needs_locks
def test_a_lock_leaves_nothing_behind(tmp_path):
    held, owner = set(locks._held), memory()
    release = lock(tmp_path, owner)
    assert f".{tmp_path.name}.lock" not in names(tmp_path.parent)  # of the folder itself
    [handle] = locks._held - held
    forked = os.dup(handle)  # as a child has it that was forked without Python's knowledge
    free = os.dup(handle)
    os.close(free)
    with pytest.raises(BlockingIOError):
        lock(tmp_path, owner)
    assert not _is_open(free)
    release()
    assert locks._held == held
    lock(tmp_path, owner)()
    os.close(forked)


def _is_open(handle):
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True


def test_without_locks_two_sinks_leave_each_other_alone(tmp_path, no_locks, caplog):
    first, others = jsonl(tmp_path), jsonl(tmp_path)
    assert caplog.text == ""
    first.write(DOCS)
    others.write(DOCS[:3])
    with caplog.at_level(logging.WARNING, "webfilter"):
        third = jsonl(tmp_path)
    assert "holds temporary files (2) of another run; remove them" in caplog.text
    third.abort()
    first.close()
    whole = (tmp_path / "part-00000.jsonl").read_bytes()
    with pytest.raises(OutputError, match=r"already holds a part file.*overwrite=True"):
        others.close()
    others.abort()
    assert names(tmp_path) == ["part-00000.jsonl"]
    assert (tmp_path / "part-00000.jsonl").read_bytes() == whole
    assert whole.count(b"\n") == len(DOCS)


@needs_locks
@pytest.mark.parametrize("error", [errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_written_to(tmp_path, monkeypatch, error):
    def flock(handle, how):
        raise OSError(error, "no locks here")

    monkeypatch.setattr("fcntl.flock", flock)
    before = len(os.listdir("/dev/fd"))
    first, second = jsonl(tmp_path), jsonl(tmp_path, overwrite=True)
    assert len(os.listdir("/dev/fd")) == before
    for sink in (first, second):
        sink.write(DOCS)
        sink.close()
    assert names(tmp_path) == ["part-00000.jsonl"]


def test_part_files_of_an_earlier_run_are_not_overwritten_unasked(tmp_path):
    with jsonl(tmp_path) as sink:
        sink.write(DOCS)
    for attempt in (check_writable, parquet, jsonl, open_sink):
        with pytest.raises(OutputError, match=r"already holds a part file.*overwrite=True"):
            attempt(tmp_path)


def test_overwriting_keeps_the_old_files_until_the_new_are_complete(tmp_path):
    with jsonl(tmp_path, part_bytes=1_000) as sink:
        sink.write(DOCS)
    old = names(tmp_path)
    assert len(old) > 1
    check_writable(tmp_path, overwrite=True)
    given_up = parquet(tmp_path, overwrite=True)
    given_up.write(DOCS)
    given_up.abort()
    assert names(tmp_path) == old
    with parquet(tmp_path, overwrite=True) as sink:
        sink.write(DOCS)
        assert set(old) <= set(names(tmp_path))
    assert names(tmp_path) == ["part-00000.parquet"]


def test_check_leaves_everything_as_it_was(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert names(tmp_path) == []
    (tmp_path / "a").mkdir()
    check_writable(tmp_path / "a")
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == []


def test_a_file_in_the_way_is_named_with_the_fix(tmp_path):
    (tmp_path / "kept").write_text("mine")
    for target in (tmp_path / "kept", tmp_path / "kept" / "deeper"):
        for attempt in (check_writable, parquet):
            with pytest.raises(OutputError, match=r"kept.*give a folder"):
                attempt(target)
    assert (tmp_path / "kept").read_text() == "mine"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_place_where_nothing_can_be_created_is_refused():
    for attempt in (check_writable, parquet):
        with pytest.raises(OutputError, match=r"/proc/webfilter.*give"):
            attempt("/proc/webfilter/kept")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="may write"):
        check_writable(tmp_path)


def test_permission_errors_say_so(tmp_path, monkeypatch):
    def refuse(self, name):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("webfilter.write.folders._Local.create", refuse)
    with pytest.raises(OutputError, match="Permission denied; give a folder that you may write to"):
        check_writable(tmp_path / "kept")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("", "give the path of a folder"),
        (b"kept", "give the path of a folder"),
        ("a\0b", "a path cannot contain a NUL character"),
        ("nosuchscheme://bucket/kept", "nosuchscheme"),
    ],
    ids=["empty", "bytes", "nul", "scheme"],
)
def test_targets_that_name_no_folder_are_refused(target, why):
    for attempt in (check_writable, parquet):
        with pytest.raises(OutputError, match=f"cannot write to .*{why}"):
            attempt(target)


@pytest.mark.parametrize(
    "error", [ImportError("Install s3fs to access S3"), OSError("no such key")]
)
def test_a_url_that_cannot_be_reached_is_named(monkeypatch, error):
    def unknown(url):
        raise error

    monkeypatch.setattr("fsspec.core.url_to_fs", unknown)
    with pytest.raises(OutputError, match=rf"cannot write to 's3://bucket/kept': {error}"):
        check_writable("s3://bucket/kept")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="of Linux")
def test_a_disk_that_takes_nothing_is_refused_before_the_run(tmp_path, monkeypatch):
    def full(self, name):
        return os.fdopen(os.open("/dev/full", os.O_WRONLY), "wb")

    monkeypatch.setattr("webfilter.write.folders._Local.create", full)
    with pytest.raises(OutputError, match="No space left on device"):
        check_writable(tmp_path / "kept")
    assert names(tmp_path) == []


def test_a_name_that_is_too_long_is_refused(tmp_path):
    said = "cannot write" if os.name == "nt" else "name too long"  # Windows has many words for it
    with pytest.raises(OutputError, match=said):
        check_writable(tmp_path / ("x" * 5_000))


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_is_an_output_error_and_abort_cleans_up(tmp_path, monkeypatch, format):
    original = PartSink._part

    def full(self):
        file = original(self)
        if self._count:
            raise OSError(errno.ENOSPC, "No space left on device")
        return file

    sink = open_sink(tmp_path, format=format)
    monkeypatch.setattr(PartSink, "_part", full)
    with pytest.raises(OutputError, match="No space left"):
        sink.write(DOCS * 100)
    for again in (lambda: sink.write(DOCS), sink.close):
        with pytest.raises(OutputError, match="broken"):
            again()
    sink.abort()
    assert names(tmp_path) == []


@pytest.mark.parametrize("at", ["next group", "close"])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError),
        (MemoryError("no room"), MemoryError),
    ],
    ids=["disk", "memory"],
)
def test_what_goes_wrong_in_the_thread_that_writes_is_told(tmp_path, monkeypatch, at, error, told):
    def full(*args, **settings):
        raise error

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    sink = parquet(tmp_path, group_rows=len(DOCS))
    sink.write(DOCS)
    with pytest.raises(told, match=error.args[-1]):
        sink.write(DOCS) if at == "next group" else sink.close()
    monkeypatch.undo()
    with pytest.raises(OutputError, match="broken"):
        sink.write(DOCS)
    with pytest.raises(OutputError, match="broken"):
        sink.close()
    sink.abort()
    assert names(tmp_path) == []


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_interrupted_cannot_be_taken_for_complete(tmp_path, format):
    def interrupted():
        yield DOCS[0]
        raise KeyboardInterrupt

    sink = open_sink(tmp_path, format=format)
    with pytest.raises(KeyboardInterrupt):
        sink.write(interrupted())
    with pytest.raises(OutputError, match="broken"):
        sink.close()
    sink.abort()
    assert names(tmp_path) == []


def test_an_interrupt_leaves_no_thread_writing(tmp_path, monkeypatch):
    going, done = threading.Event(), []
    write, result = pq.ParquetWriter.write_table, Future.result

    def slow(self, *args, **settings):
        assert going.wait(30)
        write(self, *args, **settings)
        done.append("written")

    def interrupted(self, timeout=None):
        monkeypatch.setattr(Future, "result", result)
        threading.Timer(0.2, going.set).start()
        raise KeyboardInterrupt

    monkeypatch.setattr(pq.ParquetWriter, "write_table", slow)
    sink = parquet(tmp_path, group_rows=len(DOCS))
    sink.write(DOCS)
    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sink.write(DOCS)
    sink.abort()
    assert done == ["written"]
    assert names(tmp_path) == []


def test_writing_after_close_is_refused(tmp_path):
    for sink in (parquet(tmp_path), memory()):
        sink.close()
        with pytest.raises(OutputError, match="closed"):
            sink.write(DOCS)


def test_memory_keeps_documents_and_forgets_them_on_abort():
    sink = memory()
    sink.write(DOCS[:2])
    sink.write(DOCS[2:3])
    assert sink.docs == DOCS[:3]
    sink.abort()
    assert sink.docs == []
    with pytest.raises(OutputError, match="closed"):
        sink.write(DOCS)
    with memory() as sink:
        sink.write(DOCS)
    sink.abort()
    assert sink.docs == DOCS


def test_whatever_has_the_three_methods_is_a_sink():
    class Mine:
        def write(self, docs): ...
        def close(self): ...
        def abort(self): ...

    mine = Mine()
    assert open_sink(mine) is mine
    assert isinstance(Memory(), Sink)
    for wrong in (3, None, Mine, [], b"kept"):
        with pytest.raises((ConfigError, OutputError)):
            open_sink(wrong)


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"'csv'.*'parquet'"):
        open_sink(tmp_path, format="csv")


@pytest.mark.parametrize("format", FORMATS)
def test_urls_of_fsspec_work_like_folders(format):
    url = f"memory://webfilter-{format}/kept"
    files = fsspec.filesystem("memory")
    check_writable(url)
    with open_sink(url, format=format) as sink:
        sink.write(DOCS)
    found = [
        path.rsplit("/", 1)[-1] for path in files.ls(f"/webfilter-{format}/kept", detail=False)
    ]
    assert found == [f"part-00000.{format}"]
    with pytest.raises(OutputError, match="already holds"):
        check_writable(url)
    aborted = open_sink(url, format=format, overwrite=True)
    aborted.write(DOCS)
    aborted.abort()
    with open_sink(f"{url}/", format=format, overwrite=True) as sink:
        sink.write(DOCS[:1])
    assert len(files.ls(f"/webfilter-{format}/kept", detail=False)) == 1
    files.rm(f"/webfilter-{format}", recursive=True)


@pytest.mark.parametrize("scheme", ["file", "local"])
def test_urls_of_this_machine_are_its_folders(tmp_path, scheme):
    with jsonl(f"{scheme}://{tmp_path.as_posix()}/kept") as sink:
        sink.write(DOCS)
        with pytest.raises(OutputError, match="another run"):
            jsonl(tmp_path / "kept")
    assert names(tmp_path / "kept") == ["part-00000.jsonl"]
