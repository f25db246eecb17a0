"""Which document of a cluster stays: a stated order, read from words such as ``-length, url``.

Keys are compared one after the other, ties go to the least id. ``-`` in front: largest first. A
key is one of `BUILT_IN` or the name of a signal that an earlier stage measured.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.document import Document, Value
from webfilter.errors import ConfigError

__all__ = ["BUILT_IN", "keys", "ranks", "signals", "values"]

BUILT_IN = ("length", "url", "id", "date")
"""Keys that are no signals: characters of the text, address, id, and ``meta["date"]``."""


def keys(prefer: str | Iterable[str], stage: str) -> tuple[str, ...]:
    """Return the keys of `prefer`, a comma-separated str or an iterable of keys, tidied.

    Raises:
        ConfigError: a key is empty or stands twice.

    >>> keys("-educational, url", "minhash")
    ('-educational', 'url')
    """
    found = tuple(key.strip() for key in (prefer.split(",") if isinstance(prefer, str) else prefer))
    names = [key.removeprefix("-").strip() for key in found]
    if not all(names):
        raise ConfigError(
            f"{stage}: prefer = {prefer!r} has an empty key; "
            "it takes keys such as '-educational, -length, url'"
        )
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{stage}: prefer = {prefer!r} has {name!r} twice; keep one")
    signs = ("-" if key.startswith("-") else "" for key in found)
    return tuple(sign + name for sign, name in zip(signs, names, strict=True))


def signals(prefer: Sequence[str]) -> tuple[str, ...]:
    """Return the signals among the keys `prefer`."""
    names = (key.removeprefix("-") for key in prefer)
    return tuple(name for name in names if name not in BUILT_IN)


def values(batch: Sequence[Document], key: str) -> list[Value]:
    """Return what each document has under `key`, None where it has nothing."""
    name = key.removeprefix("-")
    if name == "length":
        return [len(doc.text) for doc in batch]
    if name == "url":
        return [doc.url for doc in batch]
    if name == "id":
        return [doc.id for doc in batch]
    if name == "date":
        return [_date(doc.meta.get("date")) for doc in batch]
    return [doc.signals.get(name) for doc in batch]


def _date(value: Any) -> Value:
    """Return a date as a number or ISO 8601 text (UTC where it has a zone), else None."""
    if isinstance(value, datetime.datetime):
        here = value if value.tzinfo is None else value.astimezone(datetime.UTC)
        return here.replace(tzinfo=None).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return int(value)
    return str(value) if isinstance(value, str) else None


def ranks(found: Sequence[Value], descending: bool) -> npt.NDArray[np.intp]:
    """Return the rank of each value: numbers, then strings, then None, whichever the direction.

    >>> ranks([0.5, "b", None, 2, "a", True], descending=True).tolist()
    [2, 3, 5, 0, 4, 1]
    """
    numbers = {value for value in found if value is not None and not isinstance(value, str)}
    strings = {value for value in found if isinstance(value, str)}
    ordered: list[Value] = [
        *sorted(numbers, reverse=descending),
        *sorted(strings, reverse=descending),
        None,
    ]
    place = {value: rank for rank, value in enumerate(ordered)}
    return np.array([place[value] for value in found], dtype=np.intp)
