"""What the stages around other people's models share: one signal, its range, windows of a text.

Such a stage measures one signal, whose name is a field, because several of them may stand in one
pipeline. What it does not do: load models; `fasttext_quality`, `estimator` and `transformers_model`
each know one kind.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from webfilter.errors import ConfigError
from webfilter.score.windows import windows as cut
from webfilter.stage import Rule, Signal

__all__ = ["at_least", "by_windows", "check_fields", "score_signal", "within"]

UNIT = "score"
"""The unit of every such signal, so that one stage may take another's place under its name."""


def score_signal(
    name: str, about: str, low: float | None = None, high: float | None = None
) -> tuple[Signal, ...]:
    """Return the one signal that such a stage declares."""
    return (Signal(name, "float", about, UNIT, low, high),)


def at_least(signal: str, limit: float | None) -> tuple[Rule, ...]:
    """Return the rule that `signal` is at least `limit`; none for None."""
    return () if limit is None else (Rule(signal, ge=limit),)


def check_fields(
    stage: str,
    signal: str,
    limit: float | None,
    low: float | None,
    high: float | None,
    field: str = "min_score",
) -> None:
    """Check a signal's name, its range, and that the limit called `field` lies in it.

    Raises:
        ConfigError: names stage, field, value and fix.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", signal):
        raise ConfigError(
            f"{stage}: signal = {signal!r} is no name for a signal; use lower-case letters, digits "
            "and underscores, such as 'hq'"
        )
    for name, value in (("low", low), ("high", high), (field, limit)):
        if value is not None and not math.isfinite(value):
            raise ConfigError(f"{stage}: {name} = {value} is not a finite number")
    if low is not None and high is not None and low >= high:
        raise ConfigError(f"{stage}: low = {low} is not below high = {high}")
    if limit is None:
        return
    if (low is not None and limit < low) or (high is not None and limit > high):
        raise ConfigError(f"{stage}: {field} = {limit} is outside the range {low} to {high}")


def within(value: float, low: float | None, high: float | None, digits: int) -> float:
    """Return `value` rounded to `digits` decimals and clipped to the range.

    Raises:
        ValueError: it is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"the score is {value}")
    rounded = round(value, digits) + 0.0  # no negative zero
    if low is not None and rounded < low:
        return low
    return high if high is not None and rounded > high else rounded


def by_windows(
    texts: Sequence[str],
    score: Callable[[list[str]], Sequence[float]],
    window: int | None,
    most: int,
    blank: float | None,
) -> list[float]:
    """Score each text, or the mean of its windows weighted by their lengths.

    Args:
        texts: any texts.
        score: scores pieces of text, in order; called once, or not at all.
        window: longest piece, in characters; None scores whole texts.
        most: largest number of pieces a text; a longer text is sampled evenly.
        blank: the score of a text of white space only; None asks `score` about it.

    >>> by_windows(["aaa bb", " "], lambda pieces: [p.count("a") for p in pieces], 4, 8, -1.0)
    [1.8, -1.0]
    """
    groups: list[list[str]] = []
    for text in texts:
        if not text or text.isspace():
            groups.append([] if blank is not None else [text])
        else:
            groups.append([text] if window is None else cut(text, window, most))
    pieces = [piece for group in groups for piece in group]
    scores = list(score(pieces)) if pieces else []
    found: list[float] = []
    at = 0
    for group in groups:
        of = scores[at : at + len(group)]
        at += len(group)
        if len(of) == 1:
            found.append(of[0])
        elif not of:
            assert blank is not None
            found.append(blank)
        else:
            lengths = [len(piece) for piece in group]
            total = math.fsum(n * value for n, value in zip(lengths, of, strict=True))
            found.append(total / sum(lengths))
    return found
