"""Word and host lists of the URL filter: our own, as data, and those that users bring.

A list is plain UTF-8 text, one entry a line, ``#`` for comments, optionally gzipped. `read_list`
takes such files from anywhere: domain lists (UT1's ``domains``), URL lists, and hosts files
(``0.0.0.0 ads.example.com``).

Our own lists are small and precise on purpose, and all our own work: they hold what is unambiguous
and leave coverage to lists that are maintained every day. They know mostly English. ``domains``
alone is no work of ours: the top-level domains there are.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from webfilter.errors import ConfigError

__all__ = ["entries", "read_list", "shipped"]

_LOCAL = frozenset({"localhost", "localhost.localdomain", "broadcasthost", "local"})
_ADDRESSES = frozenset({"0.0.0.0", "127.0.0.1", "::", "::1", "255.255.255.255", "fe80::1%lo0"})


def entries(text: str) -> list[str]:
    """Return the entries of a list, without comments, blank lines and the address of hosts files.

    >>> entries("# ads\\n0.0.0.0 ads.example.com # one\\nspam.example.com\\n127.0.0.1 localhost")
    ['ads.example.com', 'spam.example.com']
    """
    found: list[str] = []
    for line in text.splitlines():
        entry = line.strip()
        if not entry or entry[0] in "#!":
            continue
        if " #" in entry or "\t#" in entry:
            entry = entry.replace("\t#", " #").partition(" #")[0].strip()
        first, *rest = entry.split(None, 1)
        if rest and first in _ADDRESSES:
            found.extend(name for name in rest[0].split() if name not in _LOCAL)
        else:
            found.append(entry)
    return found


@lru_cache(maxsize=64)
def _read(
    path: Path, _changed: tuple[int, int], clean: Callable[[str], str]
) -> tuple[frozenset[str], str]:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    text = data.decode("utf-8-sig", "replace")
    return frozenset(filter(None, map(clean, entries(text)))), digest


def read_list(path: Path, clean: Callable[[str], str], what: str) -> tuple[frozenset[str], str]:
    """Return the entries of the file at `path`, each through `clean`, and the file's sha256.

    Read once per process as long as the file does not change.

    Args:
        path: plain or gzipped text.
        clean: brings an entry to the form it is compared in; an empty result is left out.
        what: the field that names the file, for the error, such as ``url_filter: host_files``.

    Raises:
        ConfigError: the file is missing or cannot be read.
    """
    try:
        stat = path.stat()
        return _read(path, (stat.st_mtime_ns, stat.st_size), clean)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise ConfigError(
            f"{what} = {str(path)!r} cannot be read ({error}); give a text or .gz file, "
            "one entry a line"
        ) from None


@lru_cache(maxsize=64)
def shipped(name: str) -> tuple[frozenset[str], str]:
    """Return the entries of our own list `name` (``adult/hosts``) and its sha256.

    >>> "pornhub" in shipped("adult/words")[0], "essex" in shipped("adult/exceptions")[0]
    (True, True)
    """
    folder = files("webfilter.heuristics.lists")
    data = folder.joinpath(*f"{name}.txt".split("/")).read_bytes()
    return frozenset(entries(data.decode("utf-8"))), hashlib.sha256(data).hexdigest()
