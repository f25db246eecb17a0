"""Rules with slack: what a value measured on a draft of a text must not miss by more than.

A draft measures other values than the final text, so a limit is moved outward before it judges a
draft. By how much is its slack, in the units of the signal. Where no slack is given, the limit
moves a share of the way to the end of the signal's range: at .5, ``words >= 50`` becomes 25 (the
range begins at 0) and ``duplicate_line_ratio <= .3`` becomes .65 (it ends at 1). Where the range
has no end on that side, the limit is divided by what is left of that way (at .5: doubled).

Rules on flags say nothing about drafts, unless a slack is given: a draft has the flag or not, and
there is no far side of it. A rule on a text (``language``) counts only where the stage is sure of
it: its slack is the least value of the signal named ``..._score`` at which the text is believed.
An infinite slack switches a rule off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webfilter.document import Value
from webfilter.errors import UnknownName
from webfilter.stage import Rule, Signal, Step

__all__ = ["Loose", "check_slack", "loosened"]

_BELIEVED = 0.9


@dataclass(frozen=True)
class Loose:
    """One limit of one rule of one stage, moved outward."""

    reason: str
    """Stage and signal: ``gopher_quality.words``."""
    rule: Rule
    """The limit as moved."""
    sure: Rule | None = None
    """What must hold for the rule to count; None: it always does."""

    def broken(self, signals: Mapping[str, Value]) -> tuple[Value, str, float | None] | None:
        """Return value, comparison and limit if `signals` break the rule, else None."""
        value = signals.get(self.rule.signal)
        found = self.rule.violated(value)
        if found is None or (self.sure is not None and not self._is_sure(self.sure, signals)):
            return None
        return (value, *found)

    @staticmethod
    def _is_sure(sure: Rule, signals: Mapping[str, Value]) -> bool:
        score = signals.get(sure.signal)
        return score is not None and sure.violated(score) is None


def loosened(
    stage: str,
    rules: Sequence[Rule],
    declared: Mapping[str, Signal],
    slack: Mapping[str, float],
    share: float,
) -> tuple[Loose, ...]:
    """Return the limits of `rules` as a draft is judged by them; those that are off are left out.

    Args:
        stage: unique name of the stage whose rules they are.
        rules: the rules as they judge the final text.
        declared: the signals known, by name.
        slack: by ``stage.signal.op`` (as in ``gopher_quality.words.ge``), or ``stage.signal`` for
            all limits on that signal.
        share: of the way to the end of the range, for limits without a slack; 0 to 1.

    >>> words = Signal("words", "int", "Words", "words", 0)
    >>> [loose] = loosened("length", [Rule("words", ge=50)], {"words": words}, {}, 0.5)
    >>> loose.rule, loose.broken({"words": 20})
    (Rule(signal='words', ge=25.0, gt=None, le=None, lt=None, isin=None), (20, '<', 25.0))
    """
    found = []
    for rule in rules:
        reason = f"{stage}.{rule.signal}"
        signal = declared.get(rule.signal)
        if rule.isin is not None:
            given = slack.get(f"{reason}.in", slack.get(reason))
            loose = _believed(reason, rule, declared, given, share)
            found += [] if loose is None else [loose]
        for op, limit in rule.bounds():
            given = slack.get(f"{reason}.{op}", slack.get(reason))
            moved = _moved(op, limit, signal, share) if given is None else _by(op, limit, given)
            if math.isfinite(moved):
                bound = Rule(rule.signal, **{op: moved})  # type: ignore[arg-type]
                found.append(Loose(reason, bound))
    return tuple(found)


def _by(op: str, limit: float, slack: float) -> float:
    return limit - slack if op in ("ge", "gt") else limit + slack


def _moved(op: str, limit: float, signal: Signal | None, share: float) -> float:
    """Return the limit moved outward; infinite where there is no telling how far."""
    outward = -1.0 if op in ("ge", "gt") else 1.0
    if share == 1.0 or signal is None or signal.kind in ("bool", "str"):
        return outward * math.inf
    end = signal.low if outward < 0 else signal.high
    if end is not None:
        return limit + share * (end - limit) if (end - limit) * outward > 0 else outward * math.inf
    if limit == 0.0:
        return outward * math.inf
    wide = abs(limit) / (1.0 - share)
    return outward * wide if limit * outward > 0 else limit * (1.0 - share)


def _believed(
    reason: str, rule: Rule, declared: Mapping[str, Signal], slack: float | None, share: float
) -> Loose | None:
    score = f"{rule.signal}_score"
    if slack is None and (share == 1.0 or score not in declared):
        return None
    least = _BELIEVED if slack is None else slack
    if math.isinf(least):
        return None
    return Loose(reason, rule, Rule(score, ge=least) if score in declared else None)


def check_slack(name: str, slack: Mapping[str, float], steps: Mapping[str, Step]) -> None:
    """Raise where a key of `slack` names one of `steps` and a limit that it can never have.

    Steps that are not there are nobody's mistake yet: a pipeline is built piece by piece. Nor are
    limits that are switched off.

    Raises:
        UnknownName: with the nearest limit that there is.
    """
    for key in slack:
        stage = key.partition(".")[0]
        if stage not in steps:
            continue
        step = steps[stage]
        kinds = {rule.signal: "str" if rule.isin is not None else "int" for rule in step.rules}
        kinds |= {signal.name: signal.kind for signal in step.measures}
        known = {f"{stage}.{signal}" for signal in kinds}
        for signal, kind in kinds.items():
            known |= {f"{stage}.{signal}.{op}" for op in _OPS[kind == "str"]}
        if key not in known:
            raise UnknownName(f"limit in the slack of {name}", key, known)


_OPS = {False: ("ge", "gt", "le", "lt"), True: ("in",)}
