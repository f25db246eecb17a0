"""What an online stage remembers: records found by their keys, in bounded memory, on disk beyond.

The latest records are in a dict of this process. When they take their share of the memory they
become a sorted `Segment` on disk, and segments merge as they double, so that there are few of them
(a log-structured merge tree, O'Neil et al. 1996). What is found depends on what was added and
nothing else: not on when memory was full, nor on saving and loading in between.

Saved, a store is a folder: the files of its segments, which never change, and a manifest that is
replaced in one step once they are complete. A process that is killed while saving leaves the old
manifest and all of its files.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.dedup.files import beside, checksum, put_in_place
from webfilter.dedup.segment import PARTS, REACH, Record, Segment
from webfilter.document import Value
from webfilter.errors import ConfigError, OutputError, RunError, SourceError, because

__all__ = ["MANIFEST", "Store", "check_settings", "saved"]

Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]

MANIFEST = "manifest.json"
_KIND, _VERSION = "webfilter online state", 1
_OURS = re.compile(f"([0-9a-f]{{16}})\\.({'|'.join(PARTS)})(\\.tmp)?")
_KEY, _RECORD = 90, 250  # bytes of memory that one takes at most, beside payload and id
_NEWEST, _SIEVE, _MAPPED = 0.3, 0.07, 0.15  # shares of memory; the rest is for making segments
_LOOKS = 64  # keys looked for between two looks at the memory that mapped files take


class Store:
    """Records in order of arrival, each with some keys; found by key.

    Args:
        memory: bytes that it may take, about.
        window: forget records older than so many arrivals; None: never.
        near: folder beside which it puts files beyond `memory`; None: the system's place for them.
    """

    def __init__(self, memory: int, window: int | None = None, near: Path | None = None) -> None:
        self.seen = 0
        """Documents that have arrived, whether or not there is a record of them."""
        self._memory, self._window, self._near = memory, window, near
        self._segments: list[Segment] = []
        self._newest: dict[int, int] = {}  # key to the latest record that has it
        self._shared: dict[int, tuple[int, ...]] = {}  # all of them, where there are several
        self._records: list[Record] = []
        self._first = 0  # number of the first of them
        self._weight = 0
        self._mapped = 0  # memory of mapped files that are none of ours, such as libraries
        self._folder: Path | None = None

    def __len__(self) -> int:
        return len(self._records) + sum(map(len, self._segments))

    def find(self, keys: Keys) -> tuple[Places, Places]:
        """Return which records have which of `keys`: places in `keys`, numbers of records.

        Of each key the latest `REACH` records, whether or not the window has passed over them.
        """
        places: list[int] = []
        numbers: list[int] = []
        newest = self._newest.get
        for place, found in enumerate(map(newest, keys.tolist())):
            if found is not None:
                some = self._shared.get(int(keys[place]), (found,))
                places += [place] * len(some)
                numbers += some
        if not self._segments:
            return np.array(places, np.intp), np.array(numbers, np.intp)
        most = REACH - np.bincount(np.array(places, np.intp), minlength=len(keys))
        order = np.argsort(keys)
        ordered, most = keys[order], most[order]
        parts = [(np.array(places, np.intp), np.array(numbers, np.intp))]
        for segment in reversed(self._segments):
            may = np.flatnonzero(segment.sieve.passes(ordered))
            for begin in range(0, len(may), _LOOKS):
                here = may[begin : begin + _LOOKS]
                at, rows = segment.find(ordered[here], most[here])
                if len(at):
                    at = here[at]
                    most -= np.bincount(at, minlength=len(keys))
                    parts.append((order[at], rows))
                self._trim()
        return np.concatenate([p for p, _ in parts]), np.concatenate([n for _, n in parts])

    def record(self, number: int) -> Record:
        """Return a record that `find` found."""
        if number >= self._first:
            return self._records[number - self._first]
        for segment in reversed(self._segments):
            if segment.first <= number:
                return segment.record(number)
        raise KeyError(number)

    def within(self, record: Record, arrival: int) -> bool:
        """Return whether the window at `arrival` still holds `record`."""
        return self._window is None or record.arrival >= arrival - self._window

    def add(self, record: Record, keys: Sequence[int]) -> None:
        """Remember `record` under `keys`.

        Raises:
            RunError: memory is full and the disk takes no more.
        """
        number = self._first + len(self._records)
        self._records.append(record)
        if not self._newest.keys().isdisjoint(keys):
            for key in self._newest.keys() & keys:
                earlier = self._shared.get(key, (self._newest[key],))
                self._shared[key] = (*earlier[1 - REACH :], number)
        self._newest.update(zip(keys, repeat(number)))
        self._weight += _RECORD + len(record.payload) + len(record.id) + _KEY * len(keys)
        if self._weight > _NEWEST * self._memory:
            self._make_room()

    def _oldest(self) -> int:
        """Return the number of the oldest record that the window holds, or will."""
        if self._window is None:
            return 0
        arrival = self.seen - self._window
        for segment in self._segments:
            if segment.index[-1, 0] >= max(arrival, 0):
                return segment.from_arrival(arrival)
        records = self._records
        gone = next((n for n, r in enumerate(records) if r.arrival >= arrival), len(records))
        return self._first + gone

    def _make_room(self) -> None:
        """Forget what the window has passed over; if that is little, put the rest on disk."""
        gone = max(self._oldest() - self._first, 0)
        if gone > len(self._records) // 4:
            del self._records[:gone]
            self._first += gone
            self._newest = {key: n for key, n in self._newest.items() if n >= self._first}
            shared = (
                (key, [n for n in ns if n >= self._first]) for key, ns in self._shared.items()
            )
            self._shared = {key: tuple(ns) for key, ns in shared if len(ns) > 1}
            self._weight = sum(_RECORD + len(r.payload) + len(r.id) for r in self._records)
            self._weight += _KEY * (len(self._newest) + sum(map(len, self._shared.values())))
            self._drop()
            return
        try:
            self._seal()
        except OSError as error:
            raise RunError(
                f"memory is full and the disk takes no more in {self._folder}: {because(error)}"
            ) from error

    def _drop(self) -> None:
        oldest = self._oldest()
        self._segments = [one for one in self._segments if one.last >= oldest]

    def _seal(self) -> None:
        """Make a segment on disk of the records in memory, then merge what has doubled."""
        if not self._records:
            return
        earlier = [(key, n) for key, numbers in self._shared.items() for n in numbers[:-1]]
        size = len(self._newest) + len(earlier)
        keys = np.fromiter(chain(self._newest, (key for key, _ in earlier)), np.uint64, size)
        rows = np.fromiter(chain(self._newest.values(), (n for _, n in earlier)), np.intp, size)
        self._newest, self._shared = {}, {}
        rows -= self._first
        sieve = int(_SIEVE * self._memory)  # of the largest segment; the others are smaller
        sealed = Segment.of(self._first, keys, rows, self._records, sieve)
        self._first += len(self._records)
        self._records, self._weight = [], 0
        self._segments.append(sealed)
        self._segments[-1] = sealed.moved(self._scratch())
        self._drop()
        while len(self._segments) > 1:
            older, later = self._segments[-2:]
            if len(older) > 1.5 * len(later) or later.last - older.first >= 2**32:
                break
            merged = older.merged(later, self._oldest(), self._scratch(), sieve)
            self._segments[-2:] = [merged]

    def _scratch(self) -> Path:
        if self._folder is None:
            self._mapped = _mapped_memory()
            parent = None if self._near is None else self._near.absolute().parent
            if parent is not None:
                parent.mkdir(parents=True, exist_ok=True)
            # not named as work folders: a run that works in `parent` removes those nobody locks
            prefix = "webfilter-" if parent is None else ".seen-"
            self._folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            weakref.finalize(self, _remove, self._folder)
        return self._folder

    def _trim(self) -> None:
        """Give back the memory of mapped files where it is more than their share."""
        if _mapped_memory() - self._mapped > _MAPPED * self._memory:
            for segment in self._segments:
                segment.let_go()

    def save(self, path: Path, settings: Mapping[str, Value]) -> None:
        """Write everything to the folder `path`, replacing what was saved there in one step.

        Raises:
            OutputError: it cannot be written; what was saved there before is still there.
        """
        self.written(path, settings)()

    def written(self, path: Path, settings: Mapping[str, Value]) -> Callable[[], None]:
        """Write everything to the folder `path`; return what replaces what was saved there.

        Raises:
            OutputError: see `save`.
        """
        try:
            self._seal()
            path.mkdir(parents=True, exist_ok=True)
            folder = path.resolve()
            with contextlib.suppress(SourceError):  # what a save that failed left takes room
                there = _manifest(folder)["segments"] if (folder / MANIFEST).exists() else []
                homes = [segment.home[1] for segment in self._segments if segment.home]
                _sweep(folder, {entry["name"] for entry in [*there, *homes]})
            self._segments = [segment.saved(folder) for segment in self._segments]
            entries = [segment.home[1] for segment in self._segments if segment.home]
            content = {"seen": self.seen, "next": self._first, "segments": entries}
            saved = {"kind": _KIND, "version": _VERSION, "settings": dict(settings), **content}
            text = json.dumps({**saved, "checksum": _checksum(saved)}, indent=1)
            with beside(folder / MANIFEST) as file:
                file.write(text.encode("ascii"))
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise OutputError(f"cannot save to {path}: {because(error)}") from error
        return partial(_replace, folder, {entry["name"] for entry in entries})

    @classmethod
    def load(
        cls,
        path: Path,
        settings: Mapping[str, Value],
        stage: str,
        memory: int,
        window: int | None = None,
        near: Path | None = None,
    ) -> Store:
        """Read what `save` wrote to the folder `path`.

        Args:
            path: the folder.
            settings: what must be as it was when it was saved.
            stage: who asks; errors name it.
            memory: see the class.
            window: see the class; it may differ from what it was.
            near: see the class.

        Raises:
            SourceError: nothing was saved there, it is of another version, or it is damaged.
            ConfigError: a setting differs.
        """
        saved = _manifest(path)
        check_settings(saved["settings"], settings, stage, path)
        store = cls(memory, window, near)
        store.seen, store._first = saved["seen"], saved["next"]
        store._mapped = _mapped_memory()
        folder = path.resolve()
        for entry in saved["segments"]:
            try:
                damaged = Segment.damage(folder, entry)
                if damaged is None:
                    store._segments.append(Segment.opened(folder, entry, int(_SIEVE * memory)))
            except OSError as error:
                raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
            if damaged is not None:
                raise SourceError(
                    f"{path / damaged} is damaged or not there: restore the folder, or remove it "
                    "to begin anew"
                )
        return store


def _replace(folder: Path, names: Set[str]) -> None:
    """Put a manifest that names the segments `names` in place; remove the files of others."""
    put_in_place(folder / MANIFEST)
    _sweep(folder, names)


def _sweep(folder: Path, names: Set[str]) -> None:
    """Remove the files of segments that are not among `names`."""
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            ours = _OURS.fullmatch(left.name)
            if ours and ours[1] not in names:
                with contextlib.suppress(OSError):  # another run may have it mapped
                    left.unlink()


def saved(path: Path, stage: str) -> bool:
    """Return whether a state lies at `path`, of the stage called `stage`.

    Raises:
        ConfigError: nothing can lie there: the name is too long, or no text.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise ConfigError(f"{stage}: state = {str(path)!r} cannot be used: {error}") from None
    return path.is_file() or (path / MANIFEST).exists()


def check_settings(
    saved: Mapping[str, Value], wanted: Mapping[str, Value], stage: str, path: Path
) -> None:
    """Make sure that what was saved means the same now.

    Raises:
        ConfigError: a setting differs; names it.
    """
    for name in {**wanted, **saved}:
        old, new = saved.get(name), wanted.get(name)
        if old != new:
            raise ConfigError(
                f"{stage}: what was saved in {path} has {name} = {old!r}, this stage {new!r}, so "
                "the two cannot be compared: make them equal, or give another folder as state"
            )


def _checksum(saved: Mapping[str, Any]) -> str:
    return checksum(json.dumps(saved, sort_keys=True).encode("ascii"))


def _manifest(path: Path) -> dict[str, Any]:
    try:
        text = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path} is no folder that an online stage saved: {error.strerror or error}"
        ) from error
    try:
        saved = json.loads(text)
        guard = saved.pop("checksum")
        kind, version = saved["kind"], saved["version"]
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise SourceError(f"{path / MANIFEST} is damaged, or not ours") from None
    if kind != _KIND:
        raise SourceError(f"{path / MANIFEST} is a {kind!r}, not a {_KIND!r}")
    if version != _VERSION:
        raise SourceError(
            f"{path} has version {version!r}; this webfilter reads version {_VERSION}"
        )
    if guard != _checksum(saved):
        raise SourceError(f"{path / MANIFEST} is damaged: it does not fit its checksum")
    return dict(saved)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # Windows, while files in it are mapped
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _mapped_memory() -> int:
    """Return the bytes of files that are in this process's memory; 0 where that is unknown."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[2]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
