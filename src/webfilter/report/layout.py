"""What stands in ``report.json``, and of which type: checked before anything is made of it.

Other fields than these are not looked at, nor is whether counts add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webfilter.errors import SourceError

__all__ = ["VERSION", "check_layout"]

VERSION = 1
"""Of ``report.json``."""


@dataclass(frozen=True)
class _Kind:
    """One value, a scalar."""

    name: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True)
class _Each:
    """A mapping from any text to values of one shape."""

    shape: Any


def _or_null(kind: _Kind) -> _Kind:
    return _Kind(f"{kind.name} or null", lambda value: value is None or kind.fits(value))


_TEXT = _Kind("a text", lambda value: isinstance(value, str))
_FLAG = _Kind("true or false", lambda value: isinstance(value, bool))
_COUNT = _Kind("a count", lambda value: type(value) is int and value >= 0)
_SECONDS = _Kind(
    "a number of seconds",
    lambda value: type(value) in (int, float) and 0 <= value < 1e12,
)
_HOST = _Kind(
    "a host and its count",
    lambda v: (
        isinstance(v, list | tuple) and len(v) == 2 and _TEXT.fits(v[0]) and _COUNT.fits(v[1])
    ),
)
_TEXT_OR_NULL, _COUNT_OR_NULL = _or_null(_TEXT), _or_null(_COUNT)

# a name that ends in "?" may be missing
_STAGE = {
    "name": _TEXT, "in": _COUNT, "kept": _COUNT, "seconds": _SECONDS, "unmeasured?": _COUNT,
    "dropped": _Each(_COUNT), "failed": _Each(_COUNT), "undefined?": _Each(_COUNT),
    "limits?": _Each(_Each(_COUNT)), "examples?": _Each([{"message": _TEXT, "id": _TEXT}]),
}  # fmt: skip
_TIER = {
    "name": _TEXT, "limits": _TEXT, "documents": _COUNT, "tokens": _COUNT_OR_NULL,
    "characters": _COUNT, "counted?": _TEXT,
}  # fmt: skip
_MEMBER = {
    "id": _TEXT, "url": _TEXT_OR_NULL, "length": _COUNT, "text": _TEXT, "verdict?": _TEXT_OR_NULL,
}  # fmt: skip
_CLUSTER = {
    "size": _COUNT, "of": _TEXT, "survivor": (_MEMBER,), "members": [_MEMBER],
    "hosts": [_HOST],
    "other_hosts": _COUNT,
}  # fmt: skip
_SIZES = {"low": _COUNT, "high": _COUNT, "clusters": _COUNT, "dropped": _COUNT}
_CLUSTERS = {
    "stage": _TEXT, "documents": _COUNT, "all_dropped": _COUNT, "sizes": [_SIZES],
    "largest": [_CLUSTER], "notes": [_TEXT],
}  # fmt: skip
_REPORT = {
    "in": _COUNT, "seconds": _SECONDS, "workers": _COUNT, "started": _TEXT, "fingerprint": _TEXT,
    "measure_all?": _FLAG, "warnings": [_TEXT], "stages": [_STAGE],
    "inputs": [{"path": _TEXT, "bytes": _COUNT_OR_NULL}], "outputs": _Each(_TEXT),
    "skipped_records": _Each(_COUNT), "renamed_ids": _COUNT, "resumed?": _COUNT,
    "peak_memory": {"parent": _COUNT_OR_NULL, "worker": _COUNT_OR_NULL},
    "artifacts": _Each(_TEXT), "versions": _Each(_TEXT), "recipe": _TEXT,
    "tiers?": [_TIER], "clusters?": [_CLUSTERS],
}  # fmt: skip


def check_layout(said: Any) -> None:
    """Make sure that `said` is a report as JSON data.

    Raises:
        SourceError: it is none, of another version, or a field has a value that does not fit.

    >>> check_layout({"version": 9})
    Traceback (most recent call last):
    webfilter.errors.SourceError: the report has version 9; this webfilter reads 1: install another
    """
    if not isinstance(said, Mapping) or "version" not in said:
        raise SourceError(
            "this is no report of webfilter: give the report.json of a run, or its folder"
        )
    version = said["version"]
    if type(version) is int and version > VERSION:
        raise SourceError(
            f"the report has version {version}; this webfilter reads {VERSION}: install another"
        )
    if type(version) is not int or version != VERSION:
        raise SourceError(f"the report has version {version!r}; this webfilter reads {VERSION}")
    found = _misfit(said, _REPORT, "")
    if found is not None:
        raise SourceError(f"in the report, {found}; restore the file, or run again")


def _misfit(said: Any, shape: Any, at: str) -> str | None:
    """Return what is wrong with the value `at` a place, None if nothing is."""
    if isinstance(shape, _Kind):
        return None if shape.fits(said) else f"{at} is {_shown(said)}, not {shape.name}"
    if isinstance(shape, tuple):
        return None if said is None else _misfit(said, shape[0], at)
    if isinstance(shape, list):
        if not isinstance(said, list | tuple):
            return f"{at} is {_shown(said)}, not a list"
        parts = ((value, shape[0], f"{at}[{place}]") for place, value in enumerate(said))
    else:
        if not isinstance(said, Mapping):
            return f"{at} is {_shown(said)}, not an object"
        dot = f"{at}." if at else ""
        if isinstance(shape, _Each):
            parts = ((value, shape.shape, f"{dot}{name}") for name, value in said.items())
        else:
            for name in shape:
                if not name.endswith("?") and name not in said:
                    return f"{dot}{name} is missing"
            named = ((name.removesuffix("?"), inner) for name, inner in shape.items())
            parts = ((said[name], inner, f"{dot}{name}") for name, inner in named if name in said)
    return next((found for part in parts if (found := _misfit(*part)) is not None), None)


def _shown(value: Any) -> str:
    said = repr(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return said[:60]
