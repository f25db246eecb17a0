"""Amid a run a model that cannot be loaded is no document's fault: it ends the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from webfilter.errors import ConfigError, MissingExtra, RunError

__all__ = ["loading"]


@contextmanager
def loading(stage: str) -> Iterator[None]:
    """Load a model within this wherever a stage does so to judge documents.

    It was there when the stage was built. If its file has gone since then, or a worker has none
    (or not the package that reads it), every document would fail for that, and a run that goes on
    later would take their failures over.

    Args:
        stage: the name of the stage, for the message.

    Raises:
        RunError: what was done in here found the model or its package missing or damaged.

    >>> with loading("educational"):
    ...     raise ConfigError("model 'mine.npz': cannot be read")
    Traceback (most recent call last):
    webfilter.errors.RunError: educational: its model cannot be loaded: model 'mine.npz': cannot \
be read
    """
    try:
        yield
    except (ConfigError, MissingExtra, OSError) as error:
        raise RunError(f"{stage}: its model cannot be loaded: {error}") from error
