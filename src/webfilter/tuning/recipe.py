"""Write a pipeline that was fitted as a recipe, with what it rests on above it."""

from __future__ import annotations

from pathlib import Path

from webfilter.errors import OutputError
from webfilter.pipeline import Pipeline

__all__ = ["save_recipe"]


def save_recipe(path: str | Path, pipe: Pipeline, about: str) -> None:
    """Write `pipe` as a recipe, the lines of `about` as comments in front.

    Raises:
        ConfigError: it holds what no recipe can.
        OutputError: it cannot be written.
    """
    head = "".join(f"# {line}\n" for line in about.splitlines())
    try:
        Path(path).write_text(f"{head}\n{pipe.to_toml()}", "utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error}") from error
