"""Which fields of a pipeline are limits on signals: found by trying, not by their names.

A field called ``min_...`` or ``max_...`` that takes a number is set to two different values; where
one bound of one rule follows it, the field is a limit, and that bound says on which signal and in
which direction. So it works for stages that nobody here knows. Fields that no rule shows (C4's
``line_min_words``), lists, flags, stages that choose their rules by document, and the stages inside
of other stages are left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.config import field_types
from webfilter.errors import UnknownName
from webfilter.pipeline import Pipeline
from webfilter.stage import Signal, Stage, Step

__all__ = ["Knob", "knobs", "turned"]

Floats = npt.NDArray[np.float64]

_PROBES: dict[bool, tuple[tuple[Any, Any], ...]] = {
    True: ((2, 3), (20, 30), (0, 1)),
    False: ((0.25, 0.75), (2.5, 3.5), (25.0, 75.0), (-0.25, -0.75)),
}
_HUGE = {True: 2**53, False: 1e18}


@dataclass(frozen=True)
class Knob:
    """One limit of a pipeline: a field of a stage, and the bound of a rule that it sets."""

    step: int
    """Place of the stage in the pipeline."""
    stage: str
    """Unique name of the stage in the pipeline."""
    field: str
    signal: str
    op: str
    """How the signal must compare with the limit: ``ge``, ``gt``, ``le`` or ``lt``."""
    whole: bool
    """Whether the field takes whole numbers only."""
    current: float | None
    """The limit as given; None: switched off."""
    off: float | None
    """The value that switches the limit off: None, or for a field without None a huge number."""
    about: str = ""
    unit: str = ""

    @property
    def name(self) -> str:
        """Stage and field, such as ``gopher_quality.min_words``."""
        return f"{self.stage}.{self.field}"

    @property
    def sign(self) -> int:
        """1 where small values are removed, -1 where large ones are."""
        return 1 if self.op in ("ge", "gt") else -1

    @property
    def strict(self) -> bool:
        """Whether a value that equals the limit is removed."""
        return self.op in ("gt", "lt")

    def removes(self, values: Floats, limit: float | None) -> npt.NDArray[np.bool_]:
        """Return which of `values` violate `limit`; undefined ones (NaN) never do."""
        if limit is None:
            return np.zeros(len(values), dtype=np.bool_)
        mirrored, at = values * self.sign, limit * self.sign
        return mirrored <= at if self.strict else mirrored < at


def knobs(pipe: Pipeline, skip: Iterable[str] = ()) -> tuple[Knob, ...]:
    """Return the limits of `pipe`, in its order.

    Args:
        pipe: the pipeline.
        skip: what to leave as it is: signals, stages, fields or ``stage.field``.

    Raises:
        UnknownName: a name in `skip` is none of these.

    >>> from webfilter import GopherQuality
    >>> found = knobs(Pipeline((GopherQuality(),)), skip=["words"])
    >>> found[0].name, found[0].signal, found[0].op, found[0].current
    ('gopher_quality.min_mean_word_length', 'mean_word_length', 'ge', 3.0)
    """
    declared = {signal.name: signal for signal in pipe.signals}
    found = []
    for place, (name, step) in enumerate(zip(pipe.names, pipe.steps, strict=True)):
        if isinstance(step, Stage):
            found += _of_stage(place, name, step, declared)
    skipped = set(skip)
    known = {part for k in found for part in _called(k)}
    for asked in sorted(skipped - known):
        raise UnknownName("limit in skip", asked, known)
    return tuple(k for k in found if not skipped & _called(k))


def _called(knob: Knob) -> set[str]:
    return {knob.signal, knob.stage, knob.field, knob.name}


def _of_stage(place: int, name: str, stage: Stage, declared: Mapping[str, Signal]) -> list[Knob]:
    found: list[Knob] = []
    if stage.by_document:  # a limit does not judge every document
        return found
    for f in fields(stage):  # type: ignore[arg-type]
        if not (f.init and f.name.startswith(("min_", "max_"))):
            continue
        kinds = _kinds(type(stage), f.name)
        if bool in kinds or not kinds & {int, float}:
            continue
        whole = float not in kinds
        tied = _tied(stage, f.name, whole)
        if tied is None:
            continue
        signal, op = tied
        about = declared.get(signal)
        if about is not None and about.kind not in ("int", "float"):
            continue
        for off in _ways_off(stage, f.name, op, whole, about):
            text = (about.about, about.unit) if about is not None else ("", "")
            current = getattr(stage, f.name)
            found.append(Knob(place, name, f.name, signal, op, whole, current, off, *text))
            break
    return found


def _kinds(cls: type, name: str) -> set[Any]:
    wanted = field_types(cls)[name]
    return set(getattr(wanted, "__args__", (wanted,)))


def _bounds(stage: Stage) -> Counter[tuple[str, str, float]]:
    return Counter((rule.signal, op, at) for rule in stage.rules for op, at in rule.bounds())


def _tied(stage: Stage, name: str, whole: bool) -> tuple[str, str] | None:
    """Return signal and op of the one bound that follows the field, if there is one."""
    for one, other in _PROBES[whole]:
        try:
            first = _bounds(replace(stage, **{name: one}))  # type: ignore[type-var]
            second = _bounds(replace(stage, **{name: other}))  # type: ignore[type-var]
        except ValueError:  # out of the stage's range; ConfigError is one
            continue
        came, went = first - second, second - first
        if came.total() == went.total() == 1:
            (signal, op, at), (signal_2, op_2, at_2) = *came, *went
            if (signal, op, at, at_2) == (signal_2, op_2, one, other):
                return signal, op
        return None
    return None


def _ways_off(
    stage: Stage, name: str, op: str, whole: bool, about: Signal | None
) -> Iterator[float | None]:
    """Yield values of the field at which its rule removes nothing, the best first."""
    small = op in ("ge", "gt")
    candidates: list[float | None] = [None, -_HUGE[whole] if small else _HUGE[whole]]
    if about is not None and op in ("ge", "le"):
        end = about.low if small else about.high
        candidates += [] if end is None else [int(end) if whole else end]
    for value in candidates:
        with suppress(ValueError):
            replace(stage, **{name: value})  # type: ignore[type-var]
            yield value


def turned(steps: Sequence[Step], limits: Mapping[Knob, float | None]) -> tuple[Step, ...]:
    """Return `steps` with each of `limits` set.

    Raises:
        ConfigError: a stage does not take its limit.
    """
    changes: dict[int, dict[str, Any]] = {}
    for knob, value in limits.items():
        given = int(value) if knob.whole and value is not None else value
        changes.setdefault(knob.step, {})[knob.field] = given
    return tuple(
        replace(step, **changes[place]) if place in changes else step  # type: ignore[type-var]
        for place, step in enumerate(steps)
    )
