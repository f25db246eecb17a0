"""What ``webfilter list`` says: all stages and recipes in short, or one in full.

`help` does not show what stands under the fields of a dataclass, so `described` reads it from the
source: the docstring of a field is the string on the line after it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, fields
from functools import cache
from itertools import pairwise
from typing import Any

from webfilter import recipes
from webfilter.catalog import names, stage_class, summary
from webfilter.config import field_types, say
from webfilter.errors import ConfigError, UnknownName, WebfilterError
from webfilter.stage import Step

__all__ = ["described", "field_notes", "overview"]

_LONGEST = 70
"""Characters of a default that are shown: word lists and tables are longer."""


def overview() -> str:
    """Return the names of all stages, with their signals, and of all recipes, with what they are.

    A plug-in that cannot be loaded is named with what is wrong with it.
    """
    lines = ["stages"]
    for name in names():
        try:
            cls = stage_class(name)
        except ConfigError as error:
            lines.append(f"  {name:<18} cannot be used: {error}")
            continue
        lines.append(f"  {name:<18} {summary(name)}")
        lines += [f"      {line}" for line in (*_profiles(cls), *_measured(cls))]
    lines += ["", "recipes"]
    lines += [f"  {name:<18} {recipes.about(name)}" for name in recipes.available()]
    return "\n".join(lines)


def described(name: str) -> str:
    """Return all there is to say of the stage or packaged recipe called `name`, or of both.

    Of a stage: what it says of itself, its fields (the keys of a recipe) with default, type and
    meaning, its profiles and its signals. Of a recipe: its TOML.

    Raises:
        UnknownName: there is none of that name.
        ConfigError: it is of a plug-in that is broken.

    >>> print(described("sample"))  # doctest: +ELLIPSIS
    sample: wf.Sample
    <BLANKLINE>
      Keeps a random share of the documents...
      rate = 0.01  (float)
    ...
    """
    stages, packaged = names(), recipes.available()
    if name not in stages and name not in packaged:
        raise UnknownName("stage or recipe", name, [*stages, *packaged])
    parts = [_of_stage(name)] if name in stages else []
    if name in packaged:
        toml = recipes.toml_of(name)
        parts.append(f"recipe {name}\n\n{textwrap.indent(toml.rstrip(), '  ')}")
    return "\n\n".join(parts)


def _of_stage(name: str) -> str:
    cls = stage_class(name)
    import webfilter

    ours = getattr(webfilter, cls.__name__, None) is cls
    title = f"wf.{cls.__name__}" if ours else f"{cls.__module__}.{cls.__qualname__}"
    blocks = [f"{name}: {title}", textwrap.indent(inspect.getdoc(cls) or "", "  ")]
    blocks += _profiles(cls)
    notes = field_notes(cls)
    lines = []
    for f in fields(cls):  # type: ignore[arg-type]
        if f.init:
            kind = say(field_types(cls)[f.name])
            lines.append(f"  {f.name}{_default(f, name)}  ({kind})")
            lines += textwrap.indent(notes.get(f.name, ""), " " * 6).splitlines()
    blocks.append("\n".join(["fields, as a recipe has them (false where Python has None)", *lines]))
    blocks.append("\n".join(["signals", *(f"  {line}" for line in _measured(cls))]))
    return "\n\n".join(blocks)


def field_notes(cls: type[Step]) -> dict[str, str]:
    """Return what the source of `cls` and its bases says under each field; nothing without source.

    >>> from webfilter import Sample
    >>> sorted(field_notes(Sample))
    ['rate', 'seed']
    """
    notes: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base is not Step and issubclass(base, Step):
            notes.update(_noted(base))
    return {f.name: notes[f.name] for f in fields(cls) if f.name in notes}  # type: ignore[arg-type]


@cache
def _noted(cls: type) -> tuple[tuple[str, str], ...]:
    """Return what `cls` itself says under what it annotates."""
    try:
        [tree] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError, ValueError):  # such as one written in a shell
        return ()
    return tuple(_under(getattr(tree, "body", [])))


def _under(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for at, after in pairwise(body):
        if (
            isinstance(at, ast.AnnAssign)
            and isinstance(at.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            yield at.target.id, inspect.cleandoc(after.value.value).strip()


def _default(field: Field[Any], name: str) -> str:
    value = field.default if field.default_factory is MISSING else field.default_factory()
    if value is MISSING:
        return ", to be given"
    try:
        text = recipes.literal(value, name)
    except ConfigError:  # what a recipe cannot hold
        text = repr(value)
    return f" = {text}" if len(text) <= _LONGEST else f" = {text[: _LONGEST - 3]}..."


def _profiles(cls: type[Step]) -> list[str]:
    profiles = getattr(cls, "profiles", {})
    return [f"profiles: {', '.join(profiles)}"] if profiles else []


def _measured(cls: type[Step]) -> list[str]:
    """Return a line for each signal, of the default configuration where that decides."""
    declared: Any = cls.measures
    if not isinstance(declared, tuple):
        try:
            declared = cls().measures
        except (TypeError, WebfilterError):  # a field has to be given
            return ["its signals depend on its fields"]
    return [f"{s.name}: {s.meaning}" for s in declared]
