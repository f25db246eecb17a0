"""Check from the files that written tiers are nested."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from webfilter.errors import RunError, SourceError
from webfilter.read import read
from webfilter.write import inside
from webfilter.write.jsonl import line
from webfilter.write.tiers import MARK

__all__ = ["check_tiers"]

_HELD = 1 << 20

Hashes = npt.NDArray[np.uint64]


def check_tiers(
    folder: str | os.PathLike[str], tiers: Sequence[str] | None = None
) -> dict[str, int]:
    """Make sure that the tiers which a run wrote to `folder` are nested; return their documents.

    All files are read. A document of a tier must be in the one before it with the same id, text,
    signals and everything else, once, and the signal ``tier`` must say so. Documents are compared
    by 64-bit hashes: 8 bytes each in memory, for the two tiers at hand.

    Args:
        folder: what the run was given as ``kept``, or the ``kept`` folder of its run folder.
        tiers: names of the tiers, the widest first; None takes them from ``tiers.json`` there.

    Raises:
        RunError: a tier is not inside the one before, or does not hold what was written to it.
        SourceError: a folder is not there, or cannot be read.

    >>> from tempfile import TemporaryDirectory
    >>> from webfilter import Document, Pipeline
    >>> from webfilter.score.tiers import Tiers
    >>> tiers = Tiers({"good": {"educational": 1.5}, "best": {"educational": 2.5}}, given=True)
    >>> docs = [Document(str(n), signals={"educational": n}) for n in range(5)]
    >>> with TemporaryDirectory() as folder:
    ...     report = Pipeline((tiers,)).run(docs, kept=folder)
    ...     check_tiers(folder)
    {'good': 3, 'best': 2}
    """
    names, counts = _said(folder, tiers)
    before: Hashes | None = None
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        here = _hashes(inside(folder, name), names[place:])
        if len(np.unique(here)) != len(here):
            raise RunError(f"{inside(folder, name)} holds a document twice")
        if before is not None:
            missing = int((~np.isin(here, before)).sum())
            if missing:
                raise RunError(
                    f"{missing:,} of the {len(here):,} documents of {name} are not, or not the "
                    f"same, in {names[place - 1]}: {str(folder)!r} holds no nested tiers"
                )
        if counts and counts[place] != len(here):
            raise RunError(
                f"{inside(folder, name)} holds {len(here):,} documents; {counts[place]:,} were "
                "written"
            )
        found[name] = len(here)
        before = here
    return found


def _said(
    folder: str | os.PathLike[str], tiers: Sequence[str] | None
) -> tuple[Sequence[str], Sequence[int]]:
    """Return the names of the tiers, and how many documents were written to each."""
    if tiers is not None:
        return tiers, ()
    import fsspec

    mark = inside(folder, MARK)
    try:
        with fsspec.open(mark, "rb") as file:
            said = json.loads(file.read())
        names, counts = said["tiers"], said["documents"]
        if not names or len(names) != len(counts) or not all(isinstance(n, str) for n in names):
            raise ValueError("it says nothing of tiers")
        if not all(type(n) is int and n >= 0 for n in counts):
            raise ValueError(f"documents is {counts!r:.60}, not a list of counts")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{mark} cannot be read ({error}): give the folder in which a run with tiers wrote "
            "them (kept/), or the names of the tiers as tiers="
        ) from error
    return names, counts


def _hashes(folder: str, allowed: Sequence[str]) -> Hashes:
    """Return a hash of each document in `folder`, of which the tier is one of `allowed`."""
    parts = [np.array(some, dtype=np.uint64) for some in _some(folder, frozenset(allowed))]
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def _some(folder: str, allowed: frozenset[str]) -> Iterator[list[int]]:
    held: list[int] = []
    for doc in read.files([folder], verdicts=True, max_bytes=None):
        if doc.verdict is not None and doc.verdict.kind == "failed":
            raise SourceError(f"{folder}: damaged: {doc.verdict}")
        if doc.signals.get("tier") not in allowed:
            raise RunError(
                f"{folder} holds document {doc.id!r}, whose tier is {doc.signals.get('tier')!r}"
            )
        raw = line(replace(doc, verdict=None)).encode()  # the reader says that a text is empty
        held.append(int.from_bytes(blake2b(raw, digest_size=8).digest(), "big"))
        if len(held) >= _HELD:
            yield held
            held = []
    if held:
        yield held
