"""From a question about a run to what answers it: its pipeline, its documents, the limit meant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from webfilter.codes import canonical
from webfilter.errors import ConfigError, UnknownName, WebfilterError
from webfilter.report.bounds import Bound, Branch, Plan, plan_of, plan_of_verdicts
from webfilter.report.figures import label
from webfilter.report.ledger import READ
from webfilter.report.marked import pipeline_of
from webfilter.report.stored import Stored, signals_of, verdicts_of
from webfilter.stage import Signal, Step

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.report.funnel import Report

__all__ = ["Aim", "Op", "aim", "check_limit", "opened", "said_of"]

Op = Literal["ge", "gt", "le", "lt"]
"""Which of a rule's limits: what the value must be to be kept."""


def opened(report: Report, pipe: Pipeline | Step | None) -> tuple[Plan, Stored]:
    """Return the plan of the pipeline that ran, and its documents.

    The pipeline is the one given, else the one at hand, else that of the recipe; where none can be
    had, the rules are taken from the verdicts.

    Raises:
        ConfigError: `pipe` is not the one that ran.
        SourceError: the documents are not stored, or not there.
    """
    names = tuple(row.name for row in report.stages if row.name != READ)
    stored = Stored(report, names)
    why = "the report has no recipe"
    chosen = report.pipe if pipe is None else pipeline_of(pipe)
    if chosen is None and "[[stage]]" in report.recipe:
        from webfilter.pipeline import Pipeline

        try:
            chosen = Pipeline.from_toml(report.recipe)
        except WebfilterError as error:
            why = f"the recipe cannot be built here ({error})"
    elif chosen is None and report.recipe:
        why = report.recipe.splitlines()[0].removeprefix("# ")  # what no recipe can hold
    if chosen is None:
        kinds: dict[str, Signal] = {
            name: Signal(name, kind, "")  # type: ignore[arg-type]
            for name, kind in signals_of(report).items()
        }
        plan = plan_of_verdicts(names, kinds, verdicts_of(stored, names))
        plan.notes.append(
            f"{why}, so the rules are those that the verdicts name; a rule that decided nothing "
            "is not known: give the pipeline as pipe="
        )
        plan.signals.update(
            (bound.signal, Signal(bound.signal, "float", ""))
            for bound in plan.bounds
            if bound.signal not in plan.signals
        )
    else:
        if chosen.names != names:
            raise ConfigError(
                f"pipe: this is not the pipeline that ran: it has the stages "
                f"{', '.join(chosen.names)}; the report has {', '.join(names) or 'none'}"
            )
        plan = plan_of(chosen)
    broke = {row.name for row in report.stages if row.failed}
    plan.fragile = {i for i, name in enumerate(names) if name in broke} - plan.compared
    return plan, stored


@dataclass(frozen=True)
class Aim:
    """The limit that is meant."""

    signal: Signal
    stage: str
    """Name of the stage that judges, or that measured what nobody judges."""
    op: str
    """A key of `webfilter.report.bounds.OPS`."""
    limit: float | None
    """What it was in the run; None: there was none."""
    bounds: tuple[Bound, ...]
    """One; where several languages share the limit, one for each."""
    places: tuple[int, ...]
    """Their indexes among the bounds of the plan; empty for a new one."""
    language: str | None = None


def aim(plan: Plan, signal: str, bound: str | None, stage: str | None, language: str | None) -> Aim:
    """Return the limit that is meant by a signal, and by what else was said.

    Raises:
        UnknownName: nobody measures the signal, or there is no such stage, bound or language.
        ConfigError: it could be several, is none that can be moved, or was not stored.
    """
    known = set(plan.signals) | {each.signal for each in plan.bounds} | set(plan.given)
    if not isinstance(signal, str) or signal not in known:
        raise UnknownName("signal", str(signal), known)
    if bound is not None and bound not in get_args(Op):
        raise UnknownName("bound", str(bound), get_args(Op))
    if stage is not None and stage not in plan.names:
        raise UnknownName("stage", str(stage), plan.names)
    said = plan.signals.get(signal) or Signal(signal, "float", "")
    judging = [each for each in plan.bounds if each.signal == signal]
    _refuse(plan, said, judging, stage)
    if stage is not None:
        if judging and not any(each.stage == stage for each in judging):
            raise ConfigError(f"{stage} does not judge {signal!r}: {_stages(judging)} does")
        judging = [each for each in judging if each.stage == stage]
    elif len({each.stage for each in judging}) > 1:
        raise ConfigError(f"{signal!r} is judged by {_stages(judging)}: say which with stage=")
    judging = _spoken(signal, judging, language)
    if not judging and bound is None:
        raise ConfigError(
            f"no rule judges {signal!r}, so say which way: bound='ge' drops what is below the "
            f"limit, bound='le' what is above{''.join(f' ({note})' for note in plan.notes)}"
        )
    op = bound or judging[0].op
    same = [each for each in judging if each.op == op]
    first = {each.branch: each for each in reversed(same)}  # a second one of a stage stays
    chosen = tuple(each for each in same if first[each.branch] is each)
    limits = {each.limit for each in chosen}
    if len(limits) > 1:
        told = ", ".join(f"{b.branch and b.branch.label}: {b.limit:g}" for b in chosen)
        raise ConfigError(
            f"{signal!r} has another limit for each language ({told}): say which with language="
        )
    if chosen:
        places = tuple(plan.bounds.index(each) for each in chosen)
        limit = next(iter(limits))
        return Aim(said, chosen[0].stage, op, limit, chosen, places, language)
    return _new(plan, said, op, judging, stage, language)


def _refuse(plan: Plan, signal: Signal, judging: Sequence[Bound], stage: str | None) -> None:
    """Raise where a rule on the signal cannot be judged again."""
    name = signal.name
    given = sorted(plan.given.get(name, ()))
    asked = [i for i in given if stage is None or plan.names[i] == stage]
    if asked and not any(stage is None or each.stage == stage for each in judging):
        index = asked[0]
        again = [plan.names[i] for i in range(index + 1, len(plan.names))]
        again = [n for n in again if name in plan.measures[plan.names.index(n)]]
        why = f"{plan.names[index]} does not judge each document by its signals alone"
        if again:
            why = f"{again[-1]} measures it again, so what {plan.names[index]} saw is not stored"
        raise ConfigError(f"{name!r} cannot be judged again: {why}")
    if signal.kind == "str" or any(each.op == "in" for each in judging):
        raise ConfigError(
            f"{name!r} is a text that is judged by a set of accepted values (isin), so there is no "
            "limit to move: run a Judge with another set over the stored documents"
        )


def _spoken(signal: str, judging: list[Bound], language: str | None) -> list[Bound]:
    if language is None:
        return judging
    labels = {each.branch.label for each in judging if each.branch is not None}
    if not labels:
        raise ConfigError(f"language={language!r}: {signal!r} is not judged by language")
    meant = {
        each.branch.label
        for each in judging
        if each.branch and (language == each.branch.label or _is_in(language, each.branch))
    }
    if not meant:
        raise UnknownName("language", str(language), labels)
    return [each for each in judging if each.branch and each.branch.label in meant]


def _is_in(language: str, branch: Branch) -> bool:
    """Return whether a branch is the one for a language, in any spelling of its code."""
    return branch.inside and canonical(str(language)) in branch.codes


def _new(
    plan: Plan,
    signal: Signal,
    op: str,
    judging: Sequence[Bound],
    stage: str | None,
    language: str | None,
) -> Aim:
    """Return a limit that the run did not have."""
    owner = plan.owner(signal.name, len(plan.names) - 1)
    step = judging[0].step if judging else owner
    if stage is not None:
        step = plan.names.index(stage)
        if step < owner and signal.name in plan.measures[step]:
            raise ConfigError(
                f"{plan.names[owner]} measures {signal.name!r} again, so what {stage} saw is not "
                "stored"
            )
        if step < owner:
            raise ConfigError(f"{stage} comes before {signal.name!r} is measured")
    step = max(step, 0)
    name = plan.names[step] if plan.names else ""
    owner = plan.owner(signal.name, step)
    if owner < 0 and judging:  # of verdicts only, nobody knows who measures what
        owner = judging[0].owner
    elif owner < 0 and not any(plan.measures):
        if stage is None:
            raise ConfigError(
                f"which stage measured {signal.name!r} is not known here, and no rule that "
                "dropped anything judges it: give the pipeline that ran as pipe=, or stage="
            )
        owner = step
    branches = tuple(dict.fromkeys(each.branch for each in judging)) or (None,)
    bounds = tuple(
        Bound(step, name, signal.name, op, None, branch=branch, owner=owner) for branch in branches
    )
    return Aim(signal, name, op, None, bounds, (), language)


def _stages(bounds: Sequence[Bound]) -> str:
    return " and ".join(dict.fromkeys(each.stage for each in bounds))


def check_limit(limit: object) -> float | None:
    """Return a limit as it is compared.

    Raises:
        ConfigError: it is no finite number, and not None.
    """
    if limit is None:
        return None
    if isinstance(limit, bool) or not hasattr(limit, "__float__"):
        raise ConfigError(f"limit {limit!r} is no number; None switches the limit off")
    try:
        value = float(limit)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ConfigError(f"limit {limit!r} is not finite; None switches the limit off")
    return value


def said_of(plan: Plan, odd: int, open_: int, uncompared: int, after: int) -> tuple[str, ...]:
    """Return what a reader of the counts must know.

    Args:
        plan: of the pipeline.
        odd: documents whose signals do not lead to their verdict.
        open_: the largest number of documents that may be kept or not.
        uncompared: the largest number kept that a comparing stage never saw.
        after: the step whose limit moves.
    """
    notes = list(plan.notes)
    if open_:
        notes.append(
            f"undecided: up to {label(open_, 'document')} whose later signals are not stored, so "
            "they may be kept or not (measure_all=True stores them)"
        )
    comparing = [plan.names[step] for step in sorted(plan.compared) if step > after]
    if comparing:
        compare = "compare" if len(comparing) > 1 else "compares"
        most = f" ({label(uncompared, 'document')} at most)" if uncompared else ""
        notes.append(
            f"{' and '.join(comparing)} {compare} documents with each other: what is freed here "
            f"was never compared and counts as kept{most}, copies of what is dropped stay dropped"
        )
    if odd:
        notes.append(
            f"the stored signals of {label(odd, 'document')} do not lead to the verdicts of the "
            "run: those verdicts were taken as given"
        )
    return tuple(notes)
