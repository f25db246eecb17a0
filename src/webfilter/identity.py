"""Configuration as JSON data that is equal exactly where the configuration is, for fingerprints.

Most of it is plain: fields of stages (those that their equality looks at), paths, sets. The rest is
functions (`webfilter.Where`) and the classes of stages of your own: two lambdas have the same name,
so a function counts by what it does as far as that can be seen: its bytecode, constants and names,
its default values, and what it takes from the scope around it or from its module, where that is a
plain value, a pattern, or a function of the same module.

What cannot be seen: functions of other modules (they count by name), what other objects hold (by
their class), files, and what changes later. Bytecode differs between versions of Python, and so
does the fingerprint of a pipeline with functions of its own.
"""

from __future__ import annotations

import dis
import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from functools import cached_property, partial
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType
from typing import Any

from webfilter.stage import Step

__all__ = ["canonical", "code", "versions"]

_SEEN = (bool, int, float, complex, str, bytes, type(None), PurePath)


def canonical(value: Any) -> Any:
    """Return `value` as JSON data.

    >>> canonical(lambda doc: len(doc.text) > 100) == canonical(lambda doc: len(doc.text) > 100)
    True
    >>> canonical(lambda doc: len(doc.text) > 100) == canonical(lambda doc: len(doc.text) > 99)
    False
    """
    if is_dataclass(value) and not isinstance(value, type):
        name = value.name if isinstance(value, Step) else type(value).__name__
        told = {f.name: canonical(getattr(value, f.name)) for f in fields(value) if f.compare}
        own = _Code().classes(type(value)) if isinstance(value, Step) else []
        return [name, told, own] if own else [name, told]
    if isinstance(value, Set):
        return sorted((canonical(v) for v in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [canonical(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): canonical(v) for k, v in value.items()}
    if isinstance(value, float):
        return value + 0.0  # -0.0 equals 0.0
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, re.Pattern):
        return _pattern(value)
    return _Code().of(value) if callable(value) else str(value)


def versions() -> list[str]:
    """Return what the work of any stage may depend on beside its configuration.

    The version of webfilter, and that of the Unicode tables of this Python: each new Python knows
    more characters as letters, digits and marks (3.11: Unicode 14, 3.14: Unicode 16).

    >>> len(versions())
    2
    """
    from webfilter import __version__

    return [__version__, f"unicode {unicodedata.unidata_version}"]


def code(kind: type) -> Any:
    """Return what the methods of a class of somebody's own do, as JSON data; of ours, nothing.

    >>> code(dict)
    []
    """
    return _Code().classes(kind)


class _Code:
    """Tells what a function does. One that calls itself is told once."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    def of(self, value: Any) -> Any:
        """Return a function, or an object that can be called, as JSON data."""
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            return [self.of(value.__func__), self._state(value.__self__)]
        if isinstance(value, partial):
            taken = [self._taken(v, "") for v in (value.args, value.keywords)]
            return ["partial", self.of(value.func), *taken]
        call = type(value).__call__
        if isinstance(call, FunctionType) and not isinstance(value, type):
            return [self._function(call), self._state(value)]
        return _name(value)

    def classes(self, kind: type) -> list[Any]:
        """Return what a class and those that it is made of do, but for ours and Python's own.

        Annotations do nothing; from Python 3.14 on they are a function that holds its whole class.
        """
        return [
            [
                _name(cls),
                {
                    name: self._member(item, cls)
                    for name, item in vars(cls).items()
                    if not name.startswith("__")
                    or (isinstance(item, FunctionType) and name != "__annotate_func__")
                },
            ]
            for cls in kind.__mro__
            if cls.__module__.partition(".")[0] not in ("webfilter", "builtins", "abc", "typing")
        ]

    def _member(self, item: Any, cls: type) -> Any:
        if isinstance(item, (classmethod, staticmethod)):
            item = item.__func__
        parts = (item.fget, item.fset) if isinstance(item, property) else (item,)
        if isinstance(item, cached_property):
            parts = (item.func,)
        return [
            self._function(part)
            if isinstance(part, FunctionType)
            else self._taken(part, cls.__module__)
            for part in parts
        ]

    def _state(self, value: Any) -> Any:
        state = {} if isinstance(value, type) else getattr(value, "__dict__", {})
        return [_name(type(value)), self._taken(state, type(value).__module__)]

    def _function(self, function: FunctionType) -> Any:
        if id(function) in self._told:
            return _name(function)
        self._told.add(id(function))
        code, module = function.__code__, function.__module__
        around = {
            name: function.__globals__[name]
            for name in sorted(_looked_up(code) & function.__globals__.keys())
        }
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                around[f"{name} around"] = cell.cell_contents
            except ValueError:  # not set yet
                continue
        defaults = (function.__defaults__, function.__kwdefaults__)
        return [
            _name(function),
            _code(code),
            self._taken(defaults, module),
            {name: self._taken(value, module) for name, value in around.items()},
        ]

    def _taken(self, value: Any, module: str) -> Any:
        """Return what a function of `module` takes from around it."""
        if isinstance(value, (list, tuple)):
            return [type(value).__name__, *(self._taken(v, module) for v in value)]
        if isinstance(value, dict):
            return [[self._taken(k, module), self._taken(v, module)] for k, v in value.items()]
        if isinstance(value, (set, frozenset)):
            return sorted((self._taken(v, module) for v in value), key=repr)
        if isinstance(value, FunctionType) and value.__module__ == module:
            return self._function(value)
        if isinstance(value, re.Pattern):
            return _pattern(value)
        return repr(value) if isinstance(value, _SEEN) else _name(value)


def _pattern(value: re.Pattern[Any]) -> str:
    return f"re.compile({value.pattern!r}, {value.flags})"  # its repr is cut at 200 characters


def _name(value: Any) -> str:
    named = value if hasattr(value, "__qualname__") else type(value)
    own = getattr(value, "__name__", "")
    return f"{getattr(named, '__module__', '')}.{named.__qualname__} {own}".rstrip()


def _looked_up(code: CodeType) -> set[str]:
    """Return the names that `code`, or a function inside it, looks up in its module."""
    found = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    for const in code.co_consts:
        if isinstance(const, CodeType):
            found |= _looked_up(const)
    return found


def _code(code: CodeType) -> Any:
    consts = [_code(c) if isinstance(c, CodeType) else _const(c) for c in code.co_consts]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags]
    return [code.co_code.hex(), code.co_exceptiontable.hex(), consts, *map(list, names), counts]


def _const(value: Any) -> str:
    if isinstance(value, frozenset):  # of ``x in {...}``; its order changes from run to run
        return f"frozenset {sorted(map(_const, value))}"
    return f"({' '.join(map(_const, value))})" if isinstance(value, tuple) else repr(value)
