"""What is to be said when the output of a run is read as a whole.

A run folder holds what was kept beside what was not, and tiers hold the same documents again:
whoever reads the folder gets all of them, live. That is allowed, and seldom meant.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from webfilter.read.paths import File

__all__ = ["said_of_runs"]


def said_of_runs(found: Iterable[File]) -> list[str]:
    """Return a sentence for each folder that was given, or is below one, and holds such files.

    >>> run = ("kept/part-0.jsonl", "failed/part-0.jsonl")
    >>> [said] = said_of_runs(File(f"run/{name}", name, "jsonl", 9) for name in run)
    >>> said.partition(";")[0]
    'run is a run folder: dropped and failed documents are read too, live'
    >>> said_of_runs([File("run/kept/part-0.jsonl", "part-0.jsonl", "jsonl", 9)])
    []
    """
    inside: dict[str, set[str]] = {}
    for file in found:
        parts = file.path.replace(os.sep, "/").split("/")
        if not parts[-1].startswith("part-"):
            continue
        given = len(parts) - file.name.count("/") - 1
        for at in range(max(1, given), len(parts) - 1):
            inside.setdefault("/".join(parts[:at]), set()).add(parts[at])
    said = []
    for folder, names in sorted(inside.items()):
        if "kept" in names and names & {"dropped", "failed"}:
            said.append(
                f"{folder} is a run folder: dropped and failed documents are read too, live; "
                f"{folder + '/kept'!r} is what was kept"
            )
        elif folder.split("/")[-1] == "kept" and len(names) > 1:
            one = f"{folder}/{min(names)}"
            said.append(
                f"{folder} looks like tiers of a run: a document is then read from each that it "
                f"is in; {one!r} is one of them"
            )
    return said
