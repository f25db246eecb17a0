"""Which stages of a pipeline may change places: the same documents are kept, with equal signals.

A document is kept if it passes every stage. As `pure` stages change nothing but signals, and say
the same of a document wherever they stand, that is true in any order of them. What is bound to its
place: whatever changes texts (`Transform`), looks at other documents (corpus and online stages) or
at what follows (a `Cascade` screens drafts by the stages behind it: order first, then cascade), and
functions of yours (`Where`), which may read any signal. Between those lie stretches of stages that
commute but for pairs of which one reads, or measures again, what the other measures, and pairs of
one name, whose unique names (``length``, ``length_2``) go by their order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from itertools import groupby

from webfilter.extract.cascade import Cascade
from webfilter.stage import Stage, Step

__all__ = ["bound", "reads", "stretches"]

_MOST = 10
"""Stages that are ordered at once; a longer stretch is cut."""
_COUNT = re.compile(r"(_\d+)+\Z")


def stretches(steps: Sequence[Step]) -> tuple[range, ...]:
    """Return the places of stages that stand side by side and of which some may change places.

    >>> from webfilter import Extract, GopherQuality, Language, Length
    >>> stretches((Language({"en"}), Extract(), Language({"en"}), GopherQuality(), Length()))
    (range(2, 5),)
    """
    screens = (isinstance(step, Cascade) and step.screen is None for step in steps)
    last = next((place for place, screen in enumerate(screens) if screen), len(steps))
    pure = [isinstance(step, Stage) and step.pure for step in steps[:last]]
    found = []
    for may, group in groupby(range(last), pure.__getitem__):
        places = list(group)
        for first in range(0, len(places) if may else 0, _MOST):
            part = places[first : first + _MOST]
            found.append(range(part[0], part[-1] + 1))
    return tuple(part for part in found if _free([steps[place] for place in part]))


def _free(steps: Sequence[Step]) -> bool:
    return any(not bound(a, b) for n, b in enumerate(steps) for a in steps[:n])


def bound(earlier: Step, later: Step) -> bool:
    """Return whether two pure stages must stay in this order.

    >>> from webfilter import Judge, Language, Length, Rule
    >>> bound(Length(), Judge((Rule("words", ge=20),))), bound(Length(), Language({"en"}))
    (True, False)
    """
    first = {signal.name for signal in earlier.measures}
    second = {signal.name for signal in later.measures}
    return (
        _COUNT.sub("", earlier.name) == _COUNT.sub("", later.name)
        or not first.isdisjoint(second)
        or not first.isdisjoint(reads(later))
        or not second.isdisjoint(reads(earlier))
    )


def reads(step: Step) -> Set[str]:
    """Return the signals of other stages that `step` goes by."""
    own = {signal.name for signal in step.measures}
    nested = (rule for rules in step.nested.values() for rule in rules)
    judged = {rule.signal for rule in (*step.rules, *nested)}
    return {*step.needs, *step.ranked, *(judged - own)}
