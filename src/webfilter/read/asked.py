"""What is to be said when a field that was asked for by name is in no record of a file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from typing import Any

from webfilter.read.items import METADATA, decoded
from webfilter.read.options import Options

__all__ = ["See", "asked"]

_log = logging.getLogger("webfilter")

See = Callable[[Mapping[Any, Any]], None]
"""What is shown each record."""


@contextmanager
def asked(options: Options, where: str) -> Iterator[See]:
    """Give what is to be shown each record; warn at the end of fields that none of them has.

    A field counts that has another name than the default, so somebody asked for it. That it is
    empty, or missing in some records, is nothing to be told of. The end is that of the file, or
    where somebody stops reading.

    Args:
        options: names of the fields.
        where: the file, or the kind of object that the records come from.
    """
    roles = ("text", "html", "id", "url")
    named = {role: getattr(options, role) for role in roles}
    missing = {role: name for role, name in named.items() if name != getattr(Options(), role)}
    seen: dict[str, None] = {}
    count = 0

    def see(row: Mapping[Any, Any]) -> None:
        nonlocal count
        if missing:
            count += 1
            names = _names(row)
            if len(seen) < 30:
                seen.update(dict.fromkeys(name[:60] for name in names[:30]))
            for role in [role for role, name in missing.items() if name in names]:
                del missing[role]

    try:
        yield see
    finally:
        for role, name in missing.items() if count else ():
            near = get_close_matches(name, seen, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"fields: {', '.join(seen) or 'none'}"
            _log.warning(
                f"{where}: no field {name!r} ({role}=) in any of {count:,} records: {hint}"
            )


def _names(row: Mapping[Any, Any]) -> list[str]:
    """Return the names of the fields of `row`, and of those within its metadata. Never raises."""
    names: list[str] = []
    with suppress(Exception):  # of somebody's mapping; who makes a document of it will say so
        names += map(str, row)
        for key in METADATA:
            if isinstance(inner := decoded(row.get(key)), Mapping):
                names += map(str, inner)
    return names
