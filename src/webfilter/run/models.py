"""The models of a run: as it began and as it ended, and which take the place of others."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from webfilter.errors import WebfilterError
from webfilter.stage import Scorer, Transform

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.stage import Step

__all__ = ["artifacts", "changed", "overtaken"]

logger = logging.getLogger("webfilter")


def artifacts(pipe: Pipeline) -> dict[str, str]:
    """Return the artifacts of all stages, such as ``"educational: model"`` and its checksum.

    Those of a model that cannot be read any more are left out.
    """
    return {
        f"{name}: {key}": value
        for name, step in zip(pipe.names, pipe.steps, strict=True)
        for key, value in _of(step).items()
    }


def changed(pipe: Pipeline, before: Mapping[str, str]) -> list[str]:
    """Return, and warn of, what is not as it was `before`.

    A stage takes the file of its model as it is: where that is replaced amid a run, documents
    before and after are not judged alike.
    """
    now = artifacts(pipe)
    said = [
        f"{name} changed or went away during the run, so documents may not have been judged "
        "alike: run it again with overwrite=True (--overwrite)"
        for name, value in before.items()
        if now.get(name) != value
    ]
    for text in said:
        logger.warning(text)
    return said


def overtaken(pipe: Pipeline) -> list[str]:
    """Return which scores take the place of another model's, of the same text."""
    said: list[str] = []
    scored: dict[str, tuple[str, Mapping[str, str]]] = {}
    for name, step in zip(pipe.names, pipe.steps, strict=True):
        if isinstance(step, Transform):
            scored.clear()
        if not isinstance(step, Scorer):
            continue
        models = _of(step)
        lost: dict[str, str] = {}
        for signal in step.measures:
            before, others = scored.get(signal.name, ("", models))
            if others != models:
                lost.setdefault(before, signal.name)
            scored[signal.name] = name, models
        said += [
            f"{name} scores {signal} again, by another model: what {before} made of it was judged "
            "there, and is not stored"
            for before, signal in lost.items()
        ]
    return said


def _of(step: Step) -> Mapping[str, str]:
    try:
        return step.artifacts
    except (WebfilterError, OSError):
        return {}
