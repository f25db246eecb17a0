"""Which document of a cluster stays: a stated order, read from words such as ``-length, url``.

Keys are compared one after the other, ties go to the least id. ``-`` in front: largest first. A
key is one of `BUILT_IN`, ``meta.`` and the name of a field of `Document.meta`, or the name of a
signal that an earlier stage measured.
"""

from __future__ import annotations

import contextlib
import datetime
import math
import struct
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from webfilter.document import Document, Value
from webfilter.errors import ConfigError

__all__ = ["BESIDE", "BUILT_IN", "META", "host", "keys", "places", "signals", "values"]

BUILT_IN = ("length", "url", "host", "id", "date")
"""Keys that are no signals: characters of the text, address, its host, id, ``meta["date"]``."""
META = "meta."
"""Begins keys that stand for a field of the source: ``meta.source``."""
BESIDE = (*BUILT_IN, f"{META}FIELD")
"""All keys that are no signals, as errors tell them."""

_HALF = 1 << 15
_TURNED = bytes(range(255, -1, -1))


def keys(prefer: str | Iterable[str], stage: str, field: str = "prefer") -> tuple[str, ...]:
    """Return the keys of `prefer`, a comma-separated str or an iterable of keys, tidied.

    Raises:
        ConfigError: a key is empty or stands twice; names the stage and the field.

    >>> keys("-educational, url", "minhash")
    ('-educational', 'url')
    """
    found = tuple(key.strip() for key in (prefer.split(",") if isinstance(prefer, str) else prefer))
    names = [key.removeprefix("-").strip() for key in found]
    if not all(names):
        raise ConfigError(
            f"{stage}: {field} = {prefer!r} has an empty key; "
            "it takes keys such as '-educational, -length, url'"
        )
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{stage}: {field} = {prefer!r} has {name!r} twice; keep one")
    signs = ("-" if key.startswith("-") else "" for key in found)
    return tuple(sign + name for sign, name in zip(signs, names, strict=True))


def signals(prefer: Sequence[str]) -> tuple[str, ...]:
    """Return the signals among the keys `prefer`."""
    names = (key.removeprefix("-") for key in prefer)
    return tuple(name for name in names if name not in BUILT_IN and not name.startswith(META))


def host(url: str | None) -> str | None:
    """Return the host of `url` in lower case, None where it has none.

    >>> host("HTTPS://User@Example.com:443/a")
    'example.com'
    """
    if not url:
        return None
    try:
        return urlsplit(url.strip()).hostname
    except ValueError:
        return None


def values(batch: Sequence[Document], key: str) -> list[Value]:
    """Return what each document has under `key`, None where it has nothing.

    Equal numbers come as one, 2024.0 as 2024: a column of whole numbers with a gap is often floats.
    """
    name = key.removeprefix("-")
    if name == "length":
        return [len(doc.text) for doc in batch]
    if name == "url":
        return [doc.url for doc in batch]
    if name == "id":
        return [doc.id for doc in batch]
    if name == "host":
        return [host(doc.url) for doc in batch]
    if name == "date":
        return [_plain(doc.meta.get("date")) for doc in batch]
    if name.startswith(META):
        return [_plain(doc.meta.get(name.removeprefix(META))) for doc in batch]
    return [_whole(doc.signals.get(name)) for doc in batch]


def _whole(value: Value) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(value: Any) -> Value:
    """Return a source's own value as a number or str (a date as ISO 8601, in UTC), else None.

    Scalars of NumPy count as what they hold, decimal fractions as the nearest float.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Decimal):
        value = math.nan if value.is_snan() else float(value)
    if isinstance(value, datetime.date) and value != value:  # pandas' NaT
        return None
    if isinstance(value, datetime.datetime):
        here: datetime.datetime = value
        if here.tzinfo is not None:
            with contextlib.suppress(OverflowError):  # on the first and last day: as it stands
                here = here.astimezone(datetime.UTC)
        return here.replace(tzinfo=None).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float):
        return _whole(float(value)) if math.isfinite(value) else None
    if isinstance(value, int):
        return int(value)
    return str(value) if isinstance(value, str) else None


def places(batch: Sequence[Document], prefer: Sequence[str]) -> list[bytes]:
    """Return bytes for each document whose order is that of preference, the best least.

    Numbers come first, then strings, then what is undefined, whichever the direction. Integers
    beyond 64 bits may tie.

    >>> docs = [Document("a", "long text"), Document("b", "text", url="http://a.org")]
    >>> one, other = places(docs, ("-length", "url"))
    >>> one < other
    True
    """
    columns = [
        [_sortable(value, key.startswith("-")) for value in values(batch, key)] for key in prefer
    ]
    return (
        [b"".join(parts) for parts in zip(*columns, strict=True)] if prefer else [b""] * len(batch)
    )


def _sortable(value: Value, descending: bool) -> bytes:
    if value is None:
        return b"\x02"
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass").replace(b"\0", b"\0\xff") + b"\0\0"
        return b"\x01" + (raw.translate(_TURNED) if descending else raw)
    sign = -1 if descending else 1
    try:
        nearest = float(value)
    except OverflowError:
        nearest = math.inf if value > 0 else -math.inf
    rest = 0 if math.isinf(nearest) else int(value - int(nearest)) if type(value) is int else 0
    rest = max(min(sign * rest, _HALF - 1), -_HALF)
    bits = int.from_bytes(struct.pack(">d", sign * nearest + 0.0), "big")
    bits = bits ^ (2**64 - 1) if bits >> 63 else bits | 1 << 63
    return b"\0" + struct.pack(">QH", bits, rest + _HALF)
