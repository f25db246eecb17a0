"""From what a user gives as a path to the files that will be read.

A path is a file, a folder (searched to the bottom) or a glob pattern, on this machine or anywhere
fsspec reaches (over HTTP, a folder ends with a slash); or ``-``, standard input. The files come
sorted and each once, so the order in which they were given makes no difference. All that can be
wrong with a path is found out here, before any work.
"""

from __future__ import annotations

import contextlib
import difflib
import glob
import logging
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

from webfilter.errors import SourceError
from webfilter.read.decoders import require
from webfilter.read.kinds import KINDS, kind_among, kind_by_content, kind_by_name
from webfilter.read.remote import Remote
from webfilter.read.stored import Raw
from webfilter.read.streams import STDIN, Stream, standard_input
from webfilter.read.unfinished import warn_of_unfinished

__all__ = ["File", "files", "is_url", "looks_like_path"]

_log = logging.getLogger("webfilter")

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*(?:::|://)")
_MAGIC = re.compile(r"[*?\[]")
_ARC = "warcio recompress makes WARC from ARC"
_RUN = frozenset(("report.html", "report.json", "card.md"))
"""What a run writes beside its documents: no pages."""
_JSON = "JSON Lines has one object a line: jq -c '.[]' makes it from an array"
_LINK = "it is a link to nothing"
_NAMED = "JSON Lines called .json are read where the file itself is named, in a list for several"


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read."""

    path: str
    """As given, or as found in the folder given."""
    name: str
    """The path within the folder given, else the name; with ``/`` between its parts."""
    kind: str
    """A key of `KINDS`."""
    size: int | None
    """In bytes, if known."""
    stream: Stream | None = None
    """What is open already, and can be read once."""

    def open(self, storage: Mapping[str, Any]) -> IO[bytes] | Remote | Stream:
        """Open the file for reading.

        Raises:
            OSError: of whatever kind.
            Lost: it is far away and cannot be reached.
        """
        if self.stream is not None:
            return self.stream
        return _open(self.path, storage)


def is_url(path: str) -> bool:
    """Whether `path` is for fsspec; ``C:\\pages`` and ``file://`` paths are not."""
    return _URL.match(path) is not None and not path.startswith("file://")


def looks_like_path(text: str) -> bool:
    """Whether `text`, met in a list, is a path rather than a text.

    >>> looks_like_path("crawl/*.warc.gz"), looks_like_path("Water boils at 100 °C.")
    (True, False)
    """
    if not text or len(text) > 4096 or any(char in text for char in "\n\r\0"):
        return False
    if _URL.match(text) is not None:
        return " " not in text
    if kind_by_name(text) is not None and not text.rstrip().endswith((" ", ".")):
        return True
    try:
        return os.path.exists(text)
    except (OSError, ValueError):
        return False


def files(paths: Iterable[Any], kind: str | None, storage: Mapping[str, Any]) -> list[File]:
    """Return the files at `paths`, sorted by path, each once.

    Args:
        paths: files, folders, glob patterns, an open binary file.
        kind: what the files are; None: whatever each of them is. In folders, and among what
            patterns match, only files of that kind (or any known kind) are taken.
        storage: arguments for fsspec.

    Raises:
        SourceError: a path leads nowhere, or to nothing that can be read.
        MissingExtra: a file needs lz4, and that is not installed.
    """
    found: dict[str, File] = {}
    given = list(paths)
    if not given:
        raise SourceError("no paths given: the list is empty")
    each = dict.fromkeys(item if hasattr(item, "read") else _text(item) for item in given)
    for place, path in enumerate(each):
        for file in _files(path, kind, storage):
            key = file.path if is_url(file.path) else os.path.abspath(file.path)
            if not isinstance(path, str):  # others that are open may be called the same
                key += f"\0{place:09}"
            known = found.get(key)
            if known is None or (file.path, file.name) < (known.path, known.name):
                found[key] = file
    return [found[key] for key in sorted(found, key=lambda key: key.replace(os.sep, "/"))]


def _text(path: Any) -> str:
    try:
        text = os.fspath(path)
    except TypeError:
        raise SourceError(f"a path is {type(path).__name__}: give str or Path") from None
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    if not text.strip():
        raise SourceError("a path is empty: give the path of a file or folder")
    if "\0" in text or "\n" in text or text.lstrip().startswith("<"):
        raise SourceError(
            f"{text[:60]!r} is no path; texts are read from a list: wf.read([text]), and a page "
            "from wf.read([html_as_bytes])"
        )
    return cast(str, text)


def _files(path: Any, kind: str | None, storage: Mapping[str, Any]) -> Iterator[File]:
    if not isinstance(path, str) or path == STDIN:
        yield _streamed(standard_input() if path == STDIN else Stream(path), kind)
        return
    if is_url(path):
        yield from _remote(path, kind, storage)
        return
    if path.startswith("file://"):
        path = path.removeprefix("file://")
        path = path.lstrip("/") if re.match(r"/+[A-Za-z]:", path) else path
    try:
        if os.path.isdir(path):
            yield from _in_folder(path, kind)
        elif os.path.lexists(path) or not _is_pattern(path):
            yield _single(path, kind)
        else:
            yield from _in_glob(path, kind)
    except (OSError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _single(path: str, kind: str | None) -> File:
    if not os.path.exists(path):
        linked = os.path.islink(path)
        raise SourceError(f"{path}: cannot be read: {_LINK}" if linked else _not_found(path))
    if stat.S_ISFIFO(os.stat(path).st_mode):  # to open it twice would be too often
        pipe = open(path, "rb")  # noqa: SIM115 - it is closed when it has been read
        return _streamed(Stream(pipe, path, ours=True), kind or kind_by_name(path))
    if not os.path.isfile(path) and kind_by_name(path) is None and kind is None:
        raise SourceError(f"{path}: not a file or folder")
    try:
        with open(path, "rb", buffering=0) as handle:
            known = kind or kind_by_name(path) or kind_by_content(Raw(handle))
            if path.endswith(".lz4"):
                require("lz4")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    if known is None:
        raise SourceError(f"{path}: {_unknown(path)}")
    return File(path, os.path.basename(path), known, os.stat(path).st_size)


def _streamed(stream: Stream, kind: str | None) -> File:
    with contextlib.ExitStack() as undo:
        undo.enter_context(stream)
        found = kind or stream.kind()
        if found == "parquet":
            raise SourceError(
                f"{stream.name}: Parquet is read from its end, and a stream has none yet: give the "
                "path of a file, or the table that pyarrow.parquet.read_table makes of it"
            )
        undo.pop_all()
    return File(stream.name, os.path.basename(stream.name), found, None, stream)


def _unknown(path: str) -> str:
    fix = f"; {_JSON}" if path.endswith(".json") else ""
    fix = f"; {_ARC}" if path.endswith((".arc", ".arc.gz")) else fix
    return f"not a kind of file that webfilter reads ({_known(None)}){fix}"


def _known(kind: str | None) -> str:
    chosen = KINDS.items() if kind is None else [(kind, KINDS[kind])]
    named = [suffix for _, suffixes in chosen for suffix in suffixes]
    return ", ".join(named + [".json.gz"] * (kind in (None, "jsonl")))


def _not_found(path: str) -> str:
    folder, name = os.path.split(path.rstrip("/" + os.sep))
    try:
        present = os.listdir(folder or ".")
    except OSError:
        while folder and not os.path.isdir(folder) and os.path.dirname(folder) != folder:
            folder = os.path.dirname(folder)
        return f"{path}: no such file or folder; {folder or '.'!s} is there, what follows is not"
    like = _near(name, present)
    if not like and not folder and any(map(str.isspace, path)) and kind_by_name(path) is None:
        like = "; if it is a text, put it in a list: [text]"
    return f"{path}: no such file or folder{like}"


def _near(name: str, present: list[str]) -> str:
    near = difflib.get_close_matches(name, present, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def _takes(name: str, kind: str | None) -> str | None:
    """Return the kind of a file found in a folder if it is to be read."""
    found = kind_among(name)
    return found if kind is None or found == kind else None


def _in_folder(folder: str, kind: str | None) -> Iterator[File]:
    count, others = 0, set()
    for at, subfolders, names in os.walk(folder, onerror=_refuse):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in subfolders:
            if os.path.islink(path := os.path.join(at, name)):
                _log.warning("%s is a link to a folder, and not followed: give it, too", path)
        about_run = _RUN if _RUN.issubset(names) else frozenset()
        warn_of_unfinished(os.path.join(at, name) for name in names)
        for name in sorted(names):
            if name.startswith(".") or name in about_run:
                continue
            path = os.path.join(at, name)
            taken = _takes(name, kind)
            if taken is None or (os.path.exists(path) and not os.path.isfile(path)):
                others.add(os.path.splitext(name)[1] or name)
                continue
            count += 1
            yield _found(path, os.path.relpath(path, folder), taken)
    if not count:
        raise SourceError(f"{folder}: {_none_there(kind, others)}")


def _none_there(kind: str | None, others: set[str]) -> str:
    there = f"; {_there(others)}" if others else "; it is empty"
    return f"no files to read in this folder (wanted: {_known(kind)}){there}"


def _there(others: set[str]) -> str:
    return f"there are {', '.join(sorted(others)[:8])}" + (
        f"; {_NAMED}" if ".json" in others else ""
    )


def _refuse(error: OSError) -> None:
    raise SourceError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _found(path: str, name: str, kind: str) -> File:
    if not os.access(path, os.R_OK):
        why = "Permission denied" if os.path.exists(path) else f"{_LINK}, or gone"
        raise SourceError(f"{path}: cannot be read: {why}")
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):  # a pipe that nobody writes to would be waited for
        raise SourceError(f"{path}: no ordinary file: give a pipe by itself, not by a pattern")
    if path.endswith(".lz4"):
        require("lz4")
    return File(path, name.replace(os.sep, "/"), kind, about.st_size)


def _in_glob(pattern: str, kind: str | None) -> Iterator[File]:
    matches = glob.glob(pattern, recursive=True)
    if not matches:
        raise SourceError(f"{pattern}: no file matches{_near_pattern(pattern)}")
    parts, base = _parts(pattern)
    count, others = 0, set()
    seen: dict[str, str] = {}  # real folders, as they were met first: links may go in circles
    met: dict[str, str] = {}
    for path in sorted(matches, key=lambda path: (path.count(os.sep), path)):
        at = os.path.dirname(path)
        if "**" in parts and at not in met:
            met[at] = seen.setdefault(os.path.realpath(at), at)
        if met.get(at, at) != at:
            continue
        if os.path.isdir(path):
            inner: Iterable[File] = _quietly(path, kind) if "**" not in parts else ()
        elif (taken := _takes(path, kind)) is not None:
            inner = (_found(path, path, taken),)
        else:
            others.add(os.path.splitext(path)[1] or os.path.basename(path))
            continue
        for file in inner:
            count += 1
            name = os.path.relpath(file.path, base).replace(os.sep, "/")
            yield File(file.path, name, file.kind, file.size)
    if not count:
        wanted = f"(wanted: {_known(kind)}; {_there(others)})"
        raise SourceError(f"{pattern}: what matches cannot be read {wanted}")


def _is_pattern(path: str) -> bool:
    """Whether there is a wildcard in `path`; the drive of ``\\\\?\\C:\\pages`` has none."""
    return _MAGIC.search(os.path.splitdrive(path)[1]) is not None


def _parts(pattern: str) -> tuple[list[str], str]:
    """Return the parts of a pattern's path, and the folder before the first with a wildcard."""
    drive, rest = os.path.splitdrive(pattern)
    parts = re.split(r"[/\\]" if os.sep == "\\" else "/", rest)
    fixed = next(index for index, part in enumerate(parts) if _MAGIC.search(part))
    return parts, drive + ("/".join(parts[:fixed]) or ("/" if fixed else "."))


def _quietly(folder: str, kind: str | None) -> list[File]:
    """Return the files in a folder that a pattern matches; it may have none."""
    found: list[File] = []
    try:
        found.extend(_in_folder(folder, kind))
    except SourceError as error:
        if error.__cause__ is not None:
            raise
    return found


def _near_pattern(pattern: str) -> str:
    folder = os.path.dirname(pattern)
    while _is_pattern(folder):
        folder = os.path.dirname(folder)
    if folder and not os.path.isdir(folder):
        return f"; there is no folder {folder!r}"
    try:
        present = sorted(name for name in os.listdir(folder or ".") if not name.startswith("."))
    except OSError as error:
        return f"; {folder or '.'} cannot be read: {error.strerror}"
    shown = ", ".join(present[:5]) + (", ..." if len(present) > 5 else "")
    return f"; {folder or '.'} has {shown}" if present else f"; {folder or '.'} is empty"


def _open(path: str, storage: Mapping[str, Any]) -> IO[bytes] | Remote:
    if not is_url(path):
        return open(path, "rb", buffering=0)

    def reopen() -> IO[bytes]:
        system, inner = _system(path, storage)
        return cast(IO[bytes], system.open(inner, "rb"))

    return Remote(path, reopen)


def _system(url: str, storage: Mapping[str, Any]) -> tuple[Any, str]:
    import fsspec

    try:
        system, inner = fsspec.core.url_to_fs(url, **storage)
    except ImportError as error:
        raise SourceError(f"{url}: {error}") from error
    except Exception as error:
        raise SourceError(f"{url}: cannot be opened: {error}") from error
    return system, str(inner)


def _remote(url: str, kind: str | None, storage: Mapping[str, Any]) -> Iterator[File]:
    system, inner = _system(url, storage)
    chain = url.rpartition("::")[0]
    chain = chain and f"{chain}::"
    try:
        if _MAGIC.search(inner) and not system.exists(inner):
            found = system.glob(inner, detail=True)
            base = inner[: _MAGIC.search(inner).start()].rpartition("/")[0]  # type: ignore[union-attr]
        elif _is_folder(system, inner):
            found, base = system.find(inner, detail=True), inner.rstrip("/")
            warn_of_unfinished(chain + str(system.unstrip_protocol(path)) for path in found)
        elif system.exists(inner):
            found, base = {inner: system.info(inner)}, ""
        else:
            raise SourceError(f"{url}: no such file or folder")
    except SourceError:
        raise
    except Exception as error:  # each file system has errors of its own
        raise SourceError(f"{url}: cannot be read: {type(error).__name__}: {error}") from error
    count = 0
    for path, info in sorted(found.items()):
        name = path.removeprefix(base).lstrip("/") if base else path.rpartition("/")[2]
        hidden = any(part.startswith(".") for part in name.split("/"))
        if info.get("type") == "directory" or (base and hidden):
            continue
        full = url if not base else chain + str(system.unstrip_protocol(path))
        taken = _takes(path, kind) if base else kind or kind_by_name(path) or _peek(full, storage)
        if taken is not None:
            count += 1
            if path.endswith(".lz4"):
                require("lz4")
            size = info.get("size")
            yield File(full, name, taken, size if isinstance(size, int) else None)
    if not count:
        said = _unknown(url) if not base else f"no files to read (wanted: {_known(kind)})"
        raise SourceError(f"{url}: {said}")


def _is_folder(system: Any, inner: str) -> bool:
    """Return whether a path is a folder: over HTTP, where any page has links, one that ends so."""
    if inner.startswith(("http://", "https://")) and not inner.endswith("/"):
        return False
    return bool(system.isdir(inner))


def _peek(url: str, storage: Mapping[str, Any]) -> str | None:
    try:
        with _open(url, storage) as handle:
            return kind_by_content(Raw(handle))
    except OSError as error:
        raise SourceError(f"{url}: cannot be read: {error}") from error
