"""The limits of a pipeline as a flat list, each with what it takes to judge it again later.

A signal that is stored can be judged again only as its stage saw it: where a later stage measures a
signal of that name too, the stored value is the later one, and the earlier verdict is taken as
given. So are the verdicts of stages that judge by more than rules (dedup, quotas, custom code).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from webfilter.document import Document
from webfilter.stage import Filter, OnlineStage, Rule, Signal, Stage, Step, Transform

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline

__all__ = ["OPS", "Bound", "Branch", "Plan", "plan_of", "plan_of_verdicts"]

OPS = {"ge": "<", "gt": "<=", "le": ">", "lt": ">=", "in": "not in"}
"""How a bound is called in a `Rule` (``in``: a set), and how its violation is in a `Verdict`."""
_BY_WORDS = {words: op for op, words in OPS.items()}


@dataclass(frozen=True)
class Branch:
    """The documents that one of a stage's `branches` judges: by the signal ``language``."""

    label: str
    """The language, or ``other``."""
    codes: frozenset[str]
    inside: bool
    """Whether the language is one of `codes`; else it is none of them, or undefined."""


@dataclass(frozen=True)
class Bound:
    """One limit of one rule of one stage."""

    step: int
    """Index of the stage in the pipeline."""
    stage: str
    """Its unique name there."""
    signal: str
    op: str
    """A key of `OPS`."""
    limit: float | None
    """What the value is compared with; None for a set, and for a bound that judges nothing."""
    accepted: frozenset[str] | None = None
    """The set."""
    branch: Branch | None = None
    """Which documents it judges; None: all."""
    owner: int = -1
    """Index of the stage that measured the signal; -1: it came with the documents."""
    gate: bool = False
    """Whether the stage leaves a document that breaks it unmeasured (`Step.gates`)."""

    @property
    def words(self) -> str:
        """How a violation compares: ``<``."""
        return OPS[self.op]


@dataclass
class Plan:
    """What is known of a pipeline for judging its documents again."""

    names: tuple[str, ...]
    """Unique names of the steps."""
    bounds: list[Bound] = field(default_factory=list)
    """What can be judged again, in pipeline order: the first one violated decides."""
    given: dict[str, set[int]] = field(default_factory=dict)
    """Signals that steps judge whose verdicts have to be taken as given, with those steps."""
    closed: set[int] = field(default_factory=set)
    """Steps of which nobody knows what they would say of a document that never reached them."""
    compared: set[int] = field(default_factory=set)
    """Steps that compare documents with each other: dedup, quotas."""
    online: set[int] = field(default_factory=set)
    """Those of them that judge each document by what came before it."""
    fragile: set[int] = field(default_factory=set)
    """Steps that broke on documents, so that one that never reached them might fail there."""
    measures: list[tuple[str, ...]] = field(default_factory=list)
    """Names of the signals of each step."""
    signals: dict[str, Signal] = field(default_factory=dict)
    """Every signal declared."""
    notes: list[str] = field(default_factory=list)

    def owner(self, signal: str, before: int) -> int:
        """Return the last step up to `before` that measures `signal`; -1: none does."""
        return max((i for i in range(before + 1) if signal in self.measures[i]), default=-1)

    def columns(self) -> set[str]:
        """Return the signals that must be read to judge again."""
        named = {bound.signal for bound in self.bounds}
        return named | ({"language"} if any(bound.branch for bound in self.bounds) else set())


def plan_of(pipe: Pipeline) -> Plan:
    """Return the plan of `pipe`."""
    measures = [tuple(signal.name for signal in step.measures) for step in pipe.steps]
    plan = Plan(pipe.names, measures=measures, signals={s.name: s for s in pipe.signals})
    for index, step in enumerate(pipe.steps):
        if not isinstance(step, Stage):
            plan.compared.add(index)
            if isinstance(step, OnlineStage):
                plan.online.add(index)
            _give(plan, index, step.rules)
            continue
        branches = _branches(step)
        later = {name for names in measures[index + 1 :] for name in names}
        if branches is None or (branches[0][0] is not None and "language" in later):
            plan.closed.add(index)
            _give(plan, index, step.rules)
            continue
        for branch, rules in branches:
            for rule in rules:
                if rule.signal in later:
                    plan.closed.add(index)
                    _give(plan, index, (rule,))
                else:
                    plan.bounds += _bounds(plan, index, step, rule, branch)
    return plan


def _give(plan: Plan, index: int, rules: Sequence[Rule]) -> None:
    for rule in rules:
        plan.given.setdefault(rule.signal, set()).add(index)


def _bounds(
    plan: Plan, index: int, step: Step, rule: Rule, branch: Branch | None
) -> Iterator[Bound]:
    limits: list[tuple[str, float | None]] = [*rule.bounds()]
    if rule.isin is not None:
        limits.append(("in", None))
    for op, limit in limits:
        yield Bound(
            step=index,
            stage=plan.names[index],
            signal=rule.signal,
            op=op,
            limit=limit,
            accepted=None if rule.isin is None else frozenset(rule.isin),
            branch=branch,
            owner=plan.owner(rule.signal, index),
            gate=rule.signal in _gates(step),
        )


def _inner(step: Step) -> Step:
    """Return the stage that a wrapper such as `Sandboxed` runs."""
    inner = getattr(step, "stage", None)
    return _inner(inner) if isinstance(inner, Stage) else step


def _gates(step: Step) -> tuple[str, ...]:
    return _inner(step).gates


def _branches(step: Step) -> list[tuple[Branch | None, tuple[Rule, ...]]] | None:
    """Return which rules judge which documents; None where that cannot be told."""
    from webfilter.compose import ByLanguage

    inner = _inner(step)
    if isinstance(inner, ByLanguage):
        others = () if inner.default is None else (inner.default,)
        for each in map(_branches, (*inner.stages.values(), *others)):
            if each is None or each[0][0] is not None:  # one in the other: by both languages
                return None
    if inner.branches:
        found: list[tuple[Branch | None, tuple[Rule, ...]]] = [
            (Branch(label, codes, True), inner.rules_for(_speaking(label)))
            for label, codes in inner.branches.items()
        ]
        codes = frozenset(code for of in inner.branches.values() for code in of)
        return [*found, (Branch("other", codes, False), inner.rules_for(_speaking(None)))]
    if inner.by_document or not isinstance(inner, (Filter, Transform)):
        return None
    return [(None, inner.rules)]


def _speaking(language: str | None) -> Document:
    return Document("language", signals={"language": language})


def plan_of_verdicts(
    names: Sequence[str],
    measures: Mapping[str, Signal],
    seen: Mapping[tuple[str, str, str, Any], int],
) -> Plan:
    """Return the plan of a pipeline that cannot be built here: rules are what verdicts tell of.

    Args:
        names: of the steps.
        measures: the signals that the files hold.
        seen: (stage, signal, comparison, limit) of the verdicts, with their counts.
    """
    plan = Plan(tuple(names), measures=[()] * len(names), signals=dict(measures))
    for (stage, signal, words, limit), _ in sorted(seen.items(), key=lambda item: -item[1]):
        if stage in names and words in _BY_WORDS and limit is not None:
            index, op = plan.names.index(stage), _BY_WORDS[words]
            plan.bounds.append(Bound(index, stage, signal, op, limit, owner=index))
        elif stage in names and words == OPS["in"]:
            plan.given.setdefault(signal, set()).add(plan.names.index(stage))
        elif stage in names:
            plan.compared.add(plan.names.index(stage))
    plan.bounds.sort(key=lambda bound: (bound.step, list(OPS).index(bound.op)))
    return plan
