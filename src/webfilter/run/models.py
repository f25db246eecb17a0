"""What a run was begun with (models, versions of what judges), and whether it was so to the end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from webfilter.errors import WebfilterError

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.stage import Step

__all__ = ["artifacts", "changed"]

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


def _of(step: Step) -> Mapping[str, str]:
    try:
        return step.artifacts
    except (WebfilterError, OSError):
        return {}
