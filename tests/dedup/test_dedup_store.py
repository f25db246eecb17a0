"""What an online stage remembers, against a plain list of everything."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.dedup import segment
from webfilter.dedup.files import replacing
from webfilter.dedup.segment import PARTS, REACH, Record
from webfilter.dedup.sieve import Sieve
from webfilter.dedup.store import MANIFEST, Store, _remove
from webfilter.errors import ConfigError, OutputError, RunError, SourceError
from webfilter.run.work import work_folder

SETTINGS = {"stage": "toy", "rows": 4}
SMALL = 20_000  # bytes: about 10 records in memory


def spread(key):
    return (key * 0x9E3779B97F4A7C15 + 1) % 2**64


def record(number, arrival=None):
    name = f"doc-{number}" if number % 7 else f"döc\ud800-{number}"
    return Record(
        number if arrival is None else arrival, name, bytes([number % 256]) * (number % 9)
    )


def found(store, keys):
    places, numbers = store.find(np.array([spread(key) for key in keys], dtype=np.uint64))
    return sorted(zip(places.tolist(), numbers.tolist(), strict=True))


def expected(table, keys):
    return sorted(
        (place, number)
        for place, key in enumerate(keys)
        for number in [n for n, some in enumerate(table) if key in some][-REACH:]
    )


def table_of(size, seed):
    """Return keys of so many records; lists that Hypothesis draws are mostly too short to seal."""
    rng = random.Random(seed)
    return [set(rng.sample(range(31), rng.randint(1, 6))) for _ in range(size)]


RECORDS = st.builds(table_of, st.integers(0, 150), st.integers(0, 1_000))


@settings(max_examples=40, deadline=None)
@given(
    RECORDS,
    st.sampled_from([SMALL, 10**9]),
    st.sets(st.integers(0, 150), max_size=3),
    st.sampled_from([1 << 16, 5]),
)
def test_it_finds_what_a_list_finds(tmp_path_factory, table, memory, saves, at_once):
    """However much is merged, copied, and looked for at once."""
    copied = mock.patch.multiple(segment, _AT_ONCE=at_once, _COPIED=at_once)
    with copied, mock.patch("webfilter.dedup.store._LOOKS", at_once):
        finds_what_a_list_finds(tmp_path_factory, table, memory, saves)


def finds_what_a_list_finds(tmp_path_factory, table, memory, saves):
    store = Store(memory)
    folder = tmp_path_factory.mktemp("state")
    for number, keys in enumerate(table):
        store.add(record(number), [spread(key) for key in keys])
        store.seen += 1
        if number in saves:
            store.save(folder, SETTINGS)
            store = Store.load(folder, SETTINGS, "toy", memory)
        if number % 40 == 39:
            assert found(store, range(31)) == expected(table[: number + 1], range(31))
    assert found(store, range(31)) == expected(table, range(31))
    assert len(store) == len(table)
    for number in range(len(table)):
        assert store.record(number) == record(number)


def filled(memory=SMALL, count=1_000, window=None, near=None):
    store = Store(memory, window, near)
    for number in range(count):
        store.add(record(number), [spread(number), spread(number // 2 + 10**6), spread(10**9)])
        store.seen += 1
    return store


def test_there_are_few_segments_and_they_are_on_disk():
    store = filled()
    assert 2 <= len(store._segments) <= 12
    assert store._weight < SMALL
    assert all(len(segment.maps) >= 3 for segment in store._segments)
    left = len(list(store._folder.iterdir()))  # unlinked once mapped, Windows: once not mapped
    assert left == (len(PARTS) * len(store._segments) if sys.platform == "win32" else 0)
    asked = np.array([spread(n) for n in range(1_000)], dtype=np.uint64)
    places, numbers = store.find(asked)
    assert dict(zip(places.tolist(), numbers.tolist(), strict=True)) == {n: n for n in range(1_000)}


def test_a_run_that_works_beside_a_state_leaves_it_what_it_uses(tmp_path):
    store = filled(near=tmp_path / "state")
    [folder] = tmp_path.iterdir()
    os.utime(folder, (0, 0))
    with work_folder(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == [folder]
    store.save(tmp_path / "state", SETTINGS)


def test_a_folder_whose_files_are_mapped_yet_is_removed_at_the_end(tmp_path):
    (tmp_path / "folder").mkdir()
    with mock.patch("shutil.rmtree") as remove, mock.patch("atexit.register") as register:
        _remove(tmp_path / "folder")
        _remove(tmp_path / "gone")
    register.assert_called_once_with(remove, tmp_path / "folder", ignore_errors=True)
    _remove(tmp_path / "folder")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("most", "share"), [(10**6, 0.05), (10_000, 0.08), (5_000, 0.22)])
def test_a_sieve_holds_back_most_strangers_and_nobody_else(most, share):
    """Of two hashes: at most (1 - exp(-2 * keys / bits)) ** 2 come through."""
    known, strangers = np.random.default_rng(3).integers(0, 2**64, (2, 10_000), np.uint64)
    sieve = Sieve(10_000, most)
    sieve.add(known[:6_000])
    sieve.add(known[6_000:])
    assert sieve.passes(known).all()
    assert sieve.passes(strangers).mean() < share
    assert sieve.nbytes <= min(most, 2 * 10_000)


def test_a_key_of_everybody_keeps_the_latest():
    for store in (filled(10**9), filled()):
        _, numbers = store.find(np.array([spread(10**9)], dtype=np.uint64))
        assert sorted(numbers.tolist()) == list(range(1_000 - REACH, 1_000))
    assert sum(len(segment.keys) for segment in store._segments) < 1_000 * 2 + REACH * 20


def test_the_window_bounds_what_is_kept():
    stores = {window: filled(count=2_000, window=window) for window in (5, 200)}
    assert len(stores[5]) < 60
    assert not stores[5]._segments  # what fits in memory stays there
    assert 200 <= len(stores[200]) < 2 * 200 + 60
    for window in (5, 200):
        store = stores[window]
        asked = np.array([spread(n) for n in range(2_000 - window, 2_000)], dtype=np.uint64)
        assert len(store.find(asked)[0]) == window
        assert store.within(record(2_000 - window), 2_000)
        assert not store.within(record(2_000 - window - 1), 2_000)


def test_mapped_files_are_given_back(monkeypatch):
    store = filled()
    let_go = []
    monkeypatch.setattr("webfilter.dedup.store._mapped_memory", lambda: 10**12)
    monkeypatch.setattr("webfilter.dedup.segment.Segment.let_go", lambda self: let_go.append(self))
    for n in range(40):
        found(store, [n])
    assert len(let_go) >= 40 * len(store._segments) > 0


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux only")
def test_memory_stays_within_its_bound():
    """In a process of its own: 40 MB of records, of which a dict would take 120, in 16 MB."""
    code = """
import re, pathlib
import numpy as np
from webfilter.dedup.segment import Record
from webfilter.dedup.store import Store

def peak():
    return int(re.search("VmHWM:\\s+([0-9]+)", pathlib.Path("/proc/self/status").read_text())[1])

def fill(count, memory):
    store = Store(memory)
    rng = np.random.default_rng(0)
    for number in range(0, count, 100):
        keys = rng.integers(0, 2**64, (100, 28), dtype=np.uint64)
        store.find(keys.ravel())
        for row in keys.tolist():
            store.add(Record(number, "name", bytes(700)), row)
    return store

fill(1_500, 10**6)
pathlib.Path("/proc/self/clear_refs").write_text("5")
before = peak()
store = fill(35_000, 16 * 10**6)
assert len(store._segments) > 1
print(peak() - before)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1024 * int(said.stdout) < 24 * 10**6


def test_a_state_replaces_the_one_before_and_leaves_foreign_files(tmp_path):
    (tmp_path / "notes.index").write_text("mine")
    (tmp_path / f"{0:016x}.keys.tmp").write_text("left behind by a process that was killed")
    store = filled()
    store.save(tmp_path, SETTINGS)
    first = {p.name for p in tmp_path.iterdir()}
    store.save(tmp_path, SETTINGS)  # nothing new: the same files
    assert {p.name for p in tmp_path.iterdir()} == first
    store = Store.load(tmp_path, SETTINGS, "toy", SMALL)
    for number in range(1_000, 2_000):
        store.add(record(number), [spread(number)])
    store.save(tmp_path, SETTINGS)
    names = {p.name for p in tmp_path.iterdir()}
    assert {"notes.index", MANIFEST} <= names
    assert len(names) == 2 + len(PARTS) * len(store._segments)
    other = tmp_path / "elsewhere"
    store.save(other, SETTINGS)
    assert len(list(other.iterdir())) == 1 + len(PARTS) * len(store._segments)
    assert len(Store.load(other, SETTINGS, "toy", SMALL)) == 2_000


def test_another_meaning_is_refused_by_the_name_of_the_field(tmp_path):
    filled(count=3).save(tmp_path, SETTINGS)
    with pytest.raises(ConfigError, match=r"toy: .* rows = 4, this stage 8"):
        Store.load(tmp_path, {**SETTINGS, "rows": 8}, "toy", SMALL)
    with pytest.raises(ConfigError, match="stage = 'toy'"):
        Store.load(tmp_path, {**SETTINGS, "stage": "other"}, "other", SMALL)
    with pytest.raises(ConfigError, match="seed = None, this stage 1"):
        Store.load(tmp_path, {**SETTINGS, "seed": 1}, "toy", SMALL)


def test_damage_is_said(tmp_path):
    filled(count=40).save(tmp_path, SETTINGS)
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        places = range(0, len(whole), 41) if path.name == MANIFEST else (0, len(whole) - 1)
        for place in places:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(SourceError, match=r"damaged|version|not a"):
                Store.load(tmp_path, SETTINGS, "toy", SMALL)
        for other in (whole[:-1], b"[" * 100_000):
            path.write_bytes(other)
            with pytest.raises(SourceError, match="damaged"):
                Store.load(tmp_path, SETTINGS, "toy", SMALL)
        path.unlink()
        with pytest.raises(SourceError, match=r"not there|no folder"):
            Store.load(tmp_path, SETTINGS, "toy", SMALL)
        path.write_bytes(whole)
    assert len(Store.load(tmp_path, SETTINGS, "toy", SMALL)) == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_killed_while_it_saves_the_old_state_stays(tmp_path):
    """In a process of its own: at each step of a save a copy of it is killed."""
    code = f"""
import os, sys, signal, pathlib
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_dedup_store import *
folder = Path({str(tmp_path)!r})
outcomes = []
for step in range(99):
    place = folder / str(step)
    filled(10**9, count=30).save(place, SETTINGS)
    pid = os.fork()
    if not pid:
        store = Store.load(place, SETTINGS, "toy", 10**9)
        for number in range(30, 90):
            store.add(record(number), [spread(number)])
        left = [step]
        def killing(call):
            def wrapped(*args, **kwargs):
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return call(*args, **kwargs)
            return wrapped
        os.fsync = killing(os.fsync)
        pathlib.Path.replace = killing(pathlib.Path.replace)
        pathlib.Path.unlink = killing(pathlib.Path.unlink)
        store.save(place, SETTINGS)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    store = Store.load(place, SETTINGS, "toy", SMALL)
    assert len(store) in (30, 90), len(store)
    assert all(store.record(n) == record(n) for n in range(len(store)))
    outcomes.append((len(store), os.WIFSIGNALED(status)))
    if not outcomes[-1][1]:
        break
    store.save(place, SETTINGS)
    assert len(list(place.iterdir())) == 1 + len(PARTS) * len(store._segments)
print(len(outcomes), outcomes[0][0], outcomes[-1])
assert {{n for n, killed in outcomes if killed}} == {{30, 90}}
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert " 30 (90, False)" in said.stdout


def test_a_full_disk_stops_the_run_and_a_save_says_where(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    store = Store(10**9)
    store.add(record(1), [1])
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OutputError, match="No space left"):
            store.save(tmp_path / "state", SETTINGS)
    store.save(tmp_path / "state", SETTINGS)
    assert len(Store.load(tmp_path / "state", SETTINGS, "toy", SMALL)) == 1
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot save"):
        store.save(tmp_path / "file", SETTINGS)
    store.add(record(2), [2])
    with monkeypatch.context() as patched:
        patched.setattr("webfilter.dedup.segment._Writer.add", full)
        with pytest.raises(OutputError, match="No space left"):
            store.save(tmp_path / "state", SETTINGS)
    store.save(tmp_path / "state", SETTINGS)  # nothing is lost
    assert len(Store.load(tmp_path / "state", SETTINGS, "toy", SMALL)) == 2
    monkeypatch.setattr("webfilter.dedup.segment._Writer.add", full)
    with pytest.raises(RunError, match="the disk takes no more"):
        filled()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no disk that is always full")
def test_a_disk_that_is_full_amid_a_segment_is_called_full(tmp_path):
    with segment._Writer(tmp_path) as writer, open("/dev/full", "wb", buffering=0) as full:
        kept, writer._files["keys"] = writer._files["keys"], full
        with pytest.raises(OSError, match="No space left on device"):
            writer.add("keys", np.arange(9, dtype=np.uint64))
        writer._files["keys"] = kept


@pytest.mark.parametrize(
    ("field", "said"), [("kind", "is a 'other', not a 'webfilter"), ("version", "version 'other'")]
)
def test_a_manifest_of_something_else_says_so(tmp_path, field, said):
    Store(10**9).save(tmp_path, SETTINGS)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**manifest, field: "other"}))
    with pytest.raises(SourceError, match=said):
        Store.load(tmp_path, SETTINGS, "toy", SMALL)


def test_what_saves_that_failed_left_does_not_add_up(tmp_path, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    store, state = Store(10**9), tmp_path / "state"
    for saved in (False, True):
        before = set(state.glob("*")) if saved else set()
        with monkeypatch.context() as patched:
            patched.setattr("webfilter.dedup.store.beside", full)
            for _ in range(3):
                other = Store.load(state, SETTINGS, "toy", SMALL) if saved else Store(10**9)
                other.add(record(9), [9])
                with pytest.raises(OutputError, match="No space left"):
                    other.written(state, SETTINGS)
                there = set(state.iterdir())
                assert before < there
                assert len(there - before) == len(PARTS)
        store.add(record(1), [1])
        store.save(state, SETTINGS)
    assert len(Store.load(state, SETTINGS, "toy", SMALL)) == 2


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "f"
    path.write_text("old")

    def broken():
        yield b"new"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.writelines(broken())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
