"""What is to be said of a folder that a writer left with some of its part files renamed.

A sink of `webfilter.write.parts` writes all parts under temporary names and then renames them, the
first one first. So where the first is still called ``.tmp``, the writer is at work, or was ended at
work, and has changed nothing of what else is there. Where only later ones are, it was ended amid
renaming: its first parts look like a whole output.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

__all__ = ["said_of_unfinished", "warn_of_unfinished"]

_log = logging.getLogger("webfilter")

_LEFT = re.compile(
    r"(.*)[/\\](part-(\d{5,})\.(?:parquet|jsonl(?:\.zst|\.gz)?)(\.[0-9a-f]{8}\.tmp))", re.S
)


def warn_of_unfinished(paths: Iterable[str]) -> None:
    """Log what `said_of_unfinished` says."""
    for said in said_of_unfinished(paths):
        _log.warning("%s", said)


def said_of_unfinished(paths: Iterable[str]) -> list[str]:
    """Return a sentence for each folder whose files, among `paths`, are a part of what was written.

    >>> ended = ["kept/part-00000.parquet", "kept/part-00001.parquet.2f6e09ab.tmp"]
    >>> [said.partition(":")[0] for said in said_of_unfinished(ended)]
    ["kept holds 'part-00001.parquet.2f6e09ab.tmp'"]
    >>> said_of_unfinished(["kept/part-00000.parquet", "kept/part-00000.parquet.2f6e09ab.tmp"])
    []
    """
    writers: dict[tuple[str, str], tuple[int, str]] = {}
    for path in paths:
        if found := _LEFT.fullmatch(path):
            folder, name, number, ending = found.groups()
            part = int(number), name
            writers[folder, ending] = min(part, writers.get((folder, ending), part))
    return [
        f"{folder} holds {name!r}: a writer was ended while it renamed its files, or is doing so "
        "now; a part of its documents is not read. Let it write the folder again; or take "
        f"{ending!r} off their names, since its files are complete (those of an earlier output "
        "have to go)"
        for (folder, ending), (first, name) in sorted(writers.items())
        if first > 0
    ]
