"""Read an answer: whatever a model wrote in, exactly the rubric's scores out, or what is wrong.

Strict, because a guess would be a false label: one flat JSON object with every scale and nothing
else, each an allowed number. Around it are accepted: a finished ``<think>`` block, a code fence,
words without braces; within it one comma too many before the closing brace. Linear in its length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from webfilter.score.annotation.rubric import Rubric

__all__ = ["Malformed", "check", "parse"]

_OPENED = re.compile("<(think(?:ing)?)>", re.IGNORECASE)
_CLOSED = re.compile("</think(?:ing)?>", re.IGNORECASE)
_MOST = 4_000  # characters of an answer, thoughts aside: the object takes some dozens


class Malformed(ValueError):
    """The answer cannot be used; says why in words that a reader can act upon."""


def parse(content: str, rubric: Rubric) -> dict[str, float]:
    r"""Return the scores in `content`, by scale in the rubric's order.

    Raises:
        Malformed: there is not exactly one object, or it is not exactly the scales, in range.

    >>> rubric = Rubric.from_toml('''name = "tone"
    ... version = "1"
    ... scale = [{name = "polite", lowest = 0, highest = 2}]''')
    >>> parse('<think>Give {"polite": 0}?</think>```json\n{"polite": 2}\n```', rubric)
    {'polite': 2.0}
    """
    said = content[max((found.end() for found in _CLOSED.finditer(content)), default=0) :]
    if _OPENED.search(said):
        raise Malformed("its thoughts do not end")
    if len(said) > _MOST:
        raise Malformed(f"it has {len(said):,} characters; give the JSON object only")
    first, last = said.find("{"), said.rfind("}")
    if first < 0 or last < first:
        raise Malformed("there is no JSON object in it")
    inside = said[first + 1 : last].rstrip()
    if "{" in inside or "}" in inside or "[" in inside or "{" in said[last:]:
        raise Malformed("there is more than one flat JSON object in it")
    inside = inside.removesuffix(",")
    try:
        found = json.loads("{" + inside + "}", object_pairs_hook=_pairs, parse_constant=_constant)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("it is not valid JSON") from None
    return check(found, rubric)


def check(found: Any, rubric: Rubric) -> dict[str, float]:
    """Return `found` if it is a mapping of exactly the rubric's scales to allowed scores.

    Raises:
        Malformed: it is not.
    """
    if not isinstance(found, Mapping) or set(found) != set(rubric.names):
        raise Malformed(f"its keys must be exactly {', '.join(rubric.names)}")
    scores: dict[str, float] = {}
    for scale in rubric.scales:
        value = found[scale.name]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or value not in scale.values:
            kind = "whole" if scale.step == 1 else "whole or half"
            raise Malformed(
                f"{scale.name} must be a {kind} number from {scale.lowest:g} to {scale.highest:g}"
            )
        scores[scale.name] = float(value) + 0.0  # -0.0 is 0.0
    return scores


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key stands in it twice")
    return found


def _constant(name: str) -> Any:
    raise Malformed(f"{name} is not a score")
