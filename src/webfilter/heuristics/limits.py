"""Rules out of limits, where a limit of None is no limit."""

from __future__ import annotations

from webfilter.stage import Rule

__all__ = ["limit"]


def limit(
    signal: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> tuple[Rule, ...]:
    """Return the rule on `signal` with these bounds, or no rule if all of them are None.

    >>> limit("words", ge=0)
    (Rule(signal='words', ge=0.0, gt=None, le=None, lt=None, isin=None),)
    >>> limit("words", ge=None)
    ()
    """
    if ge is None and gt is None and le is None and lt is None:
        return ()
    return (Rule(signal, ge=ge, gt=gt, le=le, lt=lt),)
