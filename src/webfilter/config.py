"""A stage is its configuration: its fields are checked when it is built.

`conform` converts what people naturally write (a list or set for a tuple or frozenset, an int for
a float, integers and float64 of NumPy, a dict for a `Rule`) and refuses everything else, naming the
stage, the field, the value and what it takes. It understands the types a stage field may have: int,
float, bool, str, Path, `AnyPath` (held as a Path), None, Literal, tuple[X, ...], Sequence[X] (held
as a tuple), Set[X] (held as a frozenset), Mapping[str, X], dataclasses, unions of these, Callable
and Any.
"""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from webfilter.errors import ConfigError, UnknownName

__all__ = ["AnyPath", "build", "conform", "field_types", "say"]

AnyPath = str | os.PathLike[str]
"""A path as people write it. As the type of a field it is held as a Path."""

_SHOWN = 200
"""Characters of a value that an error shows: a model or an array would fill the screen."""


class _Misfit(Exception):
    pass


@cache
def field_types(cls: Any) -> dict[str, Any]:
    """Return the resolved annotation of every field of the dataclass `cls`.

    Raises:
        ConfigError: an annotation has a name that is not there when a stage is built.
    """
    try:
        hints = get_type_hints(cls)
    except NameError as error:
        raise ConfigError(
            f"{cls.__name__}: the types of its fields are looked up when it is built, and {error}: "
            "import or define it in the module, outside of functions and `if TYPE_CHECKING:`"
        ) from error
    return {f.name: hints[f.name] for f in fields(cls)}


def conform(self: Any, name: str) -> None:
    """Convert and check the fields of the frozen dataclass `self`; errors call it `name`.

    Raises:
        ConfigError: a field's value does not fit its annotation.
    """
    cls: Any = type(self)
    for key, wanted in field_types(cls).items():
        value = getattr(self, key)
        try:
            fitted = _fit(value, wanted)
        except _Misfit:
            raise ConfigError(
                f"{name}: {key} = {_shown(value)} does not fit; it takes {say(wanted)}"
            ) from None
        if fitted is not value:
            object.__setattr__(self, key, fitted)


def build(cls: type, name: str, values: Mapping[str, Any]) -> Any:
    """Build the dataclass `cls` from plain `values`, as read from a recipe.

    TOML has no null: ``false`` stands for None where the field takes None and not a bool.

    Raises:
        UnknownName: a key is not a field.
        ConfigError: a value does not fit, or a required field is missing.
    """
    wanted = {f.name: field_types(cls)[f.name] for f in fields(cls) if f.init}
    for key in values:
        if key not in wanted:
            raise UnknownName(f"key of {name}", key, wanted)
    given = {
        key: None if value is False and _takes_none_not_bool(wanted[key]) else value
        for key, value in values.items()
    }
    needed = (f for f in fields(cls) if f.init and f.default is f.default_factory is MISSING)
    if missing := [f.name for f in needed if f.name not in given]:
        raise ConfigError(f"{name}: no value for {', '.join(missing)}, and no default: give one")
    try:
        return cls(**given)
    except TypeError as error:
        raise ConfigError(f"{name}: {error}") from None


def _members(wanted: Any) -> tuple[Any, ...]:
    if get_origin(wanted) in (Union, types.UnionType):
        parts = tuple(m for part in get_args(wanted) for m in _members(part))
        if os.PathLike[str] not in parts:
            return parts
        return tuple(Path if m == os.PathLike[str] else m for m in parts if m is not str)
    return (wanted,)


def _takes_none_not_bool(wanted: Any) -> bool:
    members = _members(wanted)
    return type(None) in members and bool not in members


def _fit(value: Any, wanted: Any) -> Any:
    members = _members(wanted)
    if len(members) > 1:
        for member in sorted(members, key=lambda m: not _exact(value, m)):
            try:
                return _fit(value, member)
            except _Misfit:
                continue
        raise _Misfit
    [wanted] = members
    origin, args = get_origin(wanted), get_args(wanted)
    if wanted is Any or origin is Callable or wanted is Callable:
        return value
    if wanted in (None, type(None)):
        return _need(value is None, value)
    if wanted is float:
        _need(isinstance(value, (Integral, float)) and not isinstance(value, bool), value)
        return _need(value == value, _plain(float, value))
    if wanted is int:
        _need(isinstance(value, Integral) and not isinstance(value, bool), value)
        return _plain(int, value)
    if wanted is Path:
        given = os.fspath(value) if isinstance(value, os.PathLike) else value
        return Path(_need(isinstance(given, str) and given != "", given))
    if origin is Literal:
        return _need(value in args, value)
    if origin is Sequence or (origin is tuple and len(args) == 2 and args[1] is Ellipsis):
        _need(isinstance(value, (list, tuple)), value)
        return value if _same(value, tuple, args[0]) else tuple(_fit(v, args[0]) for v in value)
    if origin in (frozenset, Set):
        _need(isinstance(value, (list, tuple, set, frozenset)), value)
        return frozenset(_fit(v, args[0]) for v in value)
    if origin is not None and issubclass(origin, Mapping):
        _need(isinstance(value, Mapping), value)
        return {_fit(k, args[0]): _fit(v, args[1]) for k, v in value.items()}
    if isinstance(wanted, type):
        if is_dataclass(wanted) and isinstance(value, Mapping):
            return build(wanted, wanted.__name__, value)
        return _need(isinstance(value, wanted), value)
    return value


def _plain(kind: type, value: Any) -> Any:
    """Return a number as Python's own: NumPy's have another repr, and stand in no recipe."""
    try:
        return value if type(value) is kind else kind(value)
    except OverflowError:  # an int beyond all floats
        raise _Misfit from None


def _exact(value: Any, wanted: Any) -> bool:
    return isinstance(wanted, type) and type(value) is wanted


def _same(value: Any, kind: type[Any], item: Any) -> bool:
    return type(value) is kind and all(type(v) is item for v in value)


def _need(holds: bool, value: Any) -> Any:
    if not holds:
        raise _Misfit
    return value


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
        return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    except Exception:  # such as an int of thousands of digits
        return f"a value of type {type(value).__name__}"


def say(wanted: Any) -> str:
    """Return the annotation `wanted` in words.

    >>> say(tuple[str, ...] | None)
    'a list of str or None'
    """
    members = _members(wanted)
    if len(members) > 1:
        return " or ".join(say(m) for m in members)
    [wanted] = members
    if wanted in (None, type(None)):
        return "None"
    if get_origin(wanted) is Literal:
        return " or ".join(repr(a) for a in get_args(wanted))
    if get_origin(wanted) in (tuple, Sequence, frozenset, Set):
        return f"a list of {say(get_args(wanted)[0])}"
    return getattr(wanted, "__name__", str(wanted))
