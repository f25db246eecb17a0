"""Known pipelines as data: TOML in, a `Pipeline` out, and back.

A recipe is a list of stages in order; the keys of each are the fields of its dataclass::

    name = "short"
    about = "Texts of at least 50 words"

    [[stage]]
    use = "gopher_quality"
    min_words = 50
    max_words = false        # TOML has no null: false switches a limit off

    [[stage]]
    use = "fineweb_quality"
    profile = "fineweb-2"    # the settings of a named profile, under those of the other keys

Names are looked up in the catalogue, so a recipe runs no code that is not installed.
"""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from webfilter.catalog import name_of, names, stage_class
from webfilter.config import build, field_types
from webfilter.errors import ConfigError, UnknownName
from webfilter.stage import Step

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline

__all__ = ["about", "available", "dump", "literal", "load", "recipe", "toml_of"]

_TOP = ("name", "about", "stage")


def available() -> list[str]:
    """Return the names of the packaged recipes.

    >>> "educational" in available()
    True
    """
    found = (entry.name for entry in files(__name__).iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def about(name: str) -> str:
    """Return what the packaged recipe called `name` says of itself, in one line.

    >>> about("dclm").split(" (")[0]
    'The heuristics of DCLM-Baseline'
    """
    return str(tomllib.loads(toml_of(name))["about"])


def recipe(name: str) -> Pipeline:
    """Return the packaged pipeline called `name`.

    Raises:
        UnknownName: there is none of that name.
        ConfigError: it is FineWeb-2, which has a chain for each language.
    """
    if name.lower().replace("-", "") == "fineweb2":
        raise ConfigError(
            f"recipe {name!r}: FineWeb-2 has other limits in each language: make a recipe of its "
            "files with `webfilter fineweb2 deu_Latn.yml --out german.toml`, or see wf.fineweb2"
        )
    if name not in available():
        raise UnknownName("recipe", name, available())
    return _pipeline(toml_of(name), f"recipe {name}")


def toml_of(name: str) -> str:
    """Return the packaged recipe called `name` as it is written."""
    return files(__name__).joinpath(f"{name}.toml").read_text("utf-8")


def load(source: str | Path) -> Pipeline:
    """Build a pipeline from a path, the name of a packaged recipe, or TOML text.

    Raises:
        ConfigError, UnknownName: see `Pipeline.from_toml`.
    """
    text = str(source)
    path = Path(source)
    if isinstance(source, str) and ("\n" in text or ("=" in text and not _is_file(path))):
        return _pipeline(text, "recipe")
    if _is_file(path):
        try:
            return _pipeline(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"recipe {path}: cannot be read: {error}") from error
    if isinstance(source, str) and path.suffix != ".toml" and len(path.parts) == 1:
        return recipe(text)
    raise ConfigError(f"recipe {text!r}: no such file; packaged recipes: {', '.join(available())}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # a recipe on one line is too long for a name
        return error.errno != errno.ENAMETOOLONG


def _pipeline(text: str, where: str) -> Pipeline:
    from webfilter.pipeline import Pipeline

    try:
        data = _parsed(text)
        for key in data:
            if key not in _TOP:
                raise UnknownName("key at the top", key, _TOP)
        tables = data.get("stage")
        if not isinstance(tables, list) or not tables:
            raise ConfigError('there is no [[stage]]; write one table a stage, with use = "..."')
        return Pipeline(tuple(_stage(table, n) for n, table in enumerate(tables, 1)))
    except UnknownName as error:
        error.args = (f"{where}: {error}",)
        raise
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    except RecursionError:
        raise ConfigError(f"{where}: its tables or lists are nested too deeply") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))  # which editors of Windows put first
    except ValueError as error:  # a number of thousands of digits is no TOMLDecodeError
        raise ConfigError(f"not valid TOML: {error}") from None


def _stage(table: Any, number: int) -> Step:
    use = table.get("use") if isinstance(table, dict) else None
    if not isinstance(use, str):
        raise ConfigError(f'stage {number} has no use = "..."; known: {", ".join(names())}')
    cls = stage_class(use)
    kinds = field_types(cls)
    values = {
        key: _nested(v, number) if _holds_stages(kinds.get(key, Any)) else v
        for key, v in table.items()
        if key != "use"
    }
    profiles: Mapping[str, Any] = getattr(cls, "profiles", {})
    if profiles and "profile" in values:
        profile = values.pop("profile")
        if not isinstance(profile, str) or profile not in profiles:
            raise UnknownName(f"profile of {use}", str(profile), profiles)
        values = {**profiles[profile].settings, **values}
    step: Step = build(cls, use, values)
    return step


def _holds_stages(kind: Any) -> bool:
    """Whether a field of the type `kind` can hold a stage; else ``use`` is a key like others."""
    if isinstance(kind, type) and issubclass(kind, Step):
        return True
    return kind is Any or any(map(_holds_stages, get_args(kind)))


def _nested(value: Any, number: int) -> Any:
    """Turn tables with a ``use`` into stages, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get("use"), str):
            return _stage(value, number)
        return {key: _nested(v, number) for key, v in value.items()}
    return [_nested(v, number) for v in value] if isinstance(value, list) else value


def dump(pipe: Pipeline, *, full: bool = False) -> str:
    """Return `pipe` as TOML; see `Pipeline.to_toml`.

    Raises:
        ConfigError: a stage is not in the catalogue, or a field is not data.
    """
    tables = []
    for name, step in zip(pipe.names, pipe.steps, strict=True):
        lines = [f"{key} = {literal(value, name)}" for key, value in _entries(step, name, full)]
        tables.append("\n".join(["[[stage]]", *lines]))
    return "\n\n".join(tables) + "\n"


def _entries(step: Step, name: str, full: bool) -> list[tuple[str, Any]]:
    use = name_of(type(step))
    if use is None:
        raise ConfigError(
            f"{name}: {type(step).__name__} is not in the catalogue, so a recipe cannot name it; "
            f"offer it by the entry point group webfilter.stages"
        )
    entries: list[tuple[str, Any]] = [("use", use)]
    for f in fields(step):  # type: ignore[arg-type]
        value = getattr(step, f.name)
        default = f.default if f.default_factory is MISSING else f.default_factory()
        if f.init and (full or default is MISSING or value != default):
            entries.append((f.name, value))
    return entries


def literal(value: Any, where: str) -> str:
    """Return `value` as it stands in a recipe; ``false`` for None. Errors call its stage `where`.

    Raises:
        ConfigError: TOML cannot hold it.

    >>> literal(frozenset({"en", "de"}), "language"), literal(None, "language")
    ('["de", "en"]', 'false')
    """
    if value is None:
        return "false"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (str, Path)):
        return _string(str(value), where)
    if isinstance(value, (set, frozenset)):
        return "[" + ", ".join(sorted(literal(v, where) for v in value)) + "]"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(literal(v, where) for v in value) + "]"
    if isinstance(value, Step):
        return _table(_entries(value, where, False), where)
    if isinstance(value, Mapping):
        return _table(list(value.items()), where)
    if is_dataclass(value) and not isinstance(value, type):
        pairs = [(f.name, getattr(value, f.name)) for f in fields(value)]
        return _table([(key, v) for key, v in pairs if v is not None], where)
    raise ConfigError(f"{where}: a recipe cannot hold {value!r}; use plain values")


def _table(entries: list[tuple[Any, Any]], where: str) -> str:
    inside = (f"{_key(str(key), where)} = {literal(value, where)}" for key, value in entries)
    return "{" + ", ".join(inside) + "}"


def _key(key: str, where: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _string(key, where)


def _string(text: str, where: str) -> str:
    if re.search("[\ud800-\udfff]", text):
        raise ConfigError(f"{where}: a recipe cannot hold the lone surrogate in {text!r}")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
    )
