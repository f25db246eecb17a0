"""Any value as JSON text: never raises, and the same value gives the same text.

It is used for what the source said of a page (`Document.meta`), which may hold anything. It is no
pickling: what JSON does not have becomes the nearest thing that it has, by these rules, and stays
that when it is read again.

=================================  =====================================================
value                              becomes
=================================  =====================================================
str, int, float, bool, None        themselves; NaN and infinities become null; integers of
                                   more than about 4,200 digits become hexadecimal text
mapping                            object; keys become text, sorted
list, tuple, set, frozenset        array; sets sorted by their JSON text
date, datetime, time               text, ISO 8601
bytes, bytearray, memoryview       text, base64
NumPy scalar; array of NumPy,      the number; nested arrays of numbers
Arrow, the standard library
dataclass, Path, Decimal, UUID ... ``str(value)`` without addresses in memory; ``<Name>`` where
                                   a class has no text of its own
deeper than 64 levels, or circular ``"..."``
lone surrogate in any text         U+FFFD
=================================  =====================================================
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

__all__ = ["json_text", "utf8", "without_surrogates"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]{6,}")  # of functions, locks, generators
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_DEPTH = 64
_BITS = 14_000  # Python writes integers of up to 4,300 digits as decimals


def without_surrogates(text: str) -> str:
    r"""Return `text` with each lone surrogate replaced by U+FFFD, so that it is valid Unicode.

    >>> without_surrogates("a\ud800b") == "a\ufffdb"
    True
    """
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def utf8(text: str) -> bytes:
    """Return `text` in UTF-8, lone surrogates as U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text).encode()


def json_text(value: Any) -> str:
    """Return `value` as one line of JSON, by the rules of this module. Never raises.

    >>> json_text({"b": float("nan"), "a": b"hi"})
    '{"a": "aGk=", "b": null}'
    """
    shaped = _plain(value, set())
    return without_surrogates(_ENCODE(shaped))


def _plain(value: Any, path: set[int]) -> Any:
    """Return `value` in JSON's own types; `path` holds the ids of what it is part of."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is int:
        return value if value.bit_length() < _BITS else hex(value)
    if len(path) >= _DEPTH or id(value) in path:
        return "..."
    path.add(id(value))
    try:
        return _shaped(value, path)
    except Exception:  # a foreign object whose own methods break
        return f"<{kind.__name__}>"
    finally:
        path.discard(id(value))


def _shaped(value: Any, path: set[int]) -> Any:
    if isinstance(value, Mapping):
        pairs = sorted(((_key(key), item) for key, item in value.items()), key=_first)
        return {key: _plain(item, path) for key, item in pairs}
    if isinstance(value, (list, tuple)):
        return [_plain(item, path) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item, path) for item in value), key=json.dumps)
    if isinstance(value, date):  # or datetime; the text of a time is ISO 8601 as it is
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, str):  # members of an enum
        return str.__str__(value)
    if isinstance(value, (int, float)):
        return _plain(int(value) if isinstance(value, int) else float(value), path)
    if hasattr(value, "tolist"):
        return _plain(value.tolist(), path)
    kind: Any = type(value)
    if (kind.__str__, kind.__repr__) == (object.__str__, object.__repr__):
        return f"<{kind.__name__}>"
    return _ADDRESS.sub("", str(value))


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, bytes):
        return key.decode("utf-8", "replace")
    return _ADDRESS.sub("", str(key))
