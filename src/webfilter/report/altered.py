"""What differs in the pipelines of two runs: settings, order, versions, models; and by rule."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from webfilter.report.comparison import Change, RuleChange
from webfilter.report.ledger import READ

if TYPE_CHECKING:
    from webfilter.report.funnel import Report

__all__ = ["altered", "rules_of"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_LIMIT = re.compile(r"(.*?[<>]=?) (\S+)")


def altered(before: Report, after: Report) -> tuple[Change, ...]:
    """Return what differs: settings by stage, the order of stages, versions, models."""
    old, new = _settings(before), _settings(after)
    common = old.keys() & new.keys()
    found: list[Change] = []
    for stage in _merged(list(old), list(new)):
        if stage in common:
            found += _differing(old[stage], new[stage], f"{stage}.")
        else:
            found.append(Change(stage, _whole(old.get(stage)), _whole(new.get(stage))))
    one, other = ([name for name in each if name in common] for each in (old, new))
    moved = [i for i, both in enumerate(zip(one, other, strict=True)) if both[0] != both[1]]
    if moved:
        part = slice(moved[0], moved[-1] + 1)
        found.append(Change("order", ", ".join(one[part]), ", ".join(other[part])))
    found += _differing(_made(before, common), _made(after, common), "")
    return tuple(found)


def _made(report: Report, stages: Sequence[str] | Any) -> dict[str, str]:
    """Return versions and models, of the latter only those of `stages`."""
    models = {k: v for k, v in report.artifacts.items() if k.partition(": ")[0] in stages}
    return {"measure_all": json.dumps(report.measure_all), **report.versions, **models}


def _differing(old: Mapping[str, str], new: Mapping[str, str], head: str) -> Iterator[Change]:
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield Change(f"{head}{key}".rstrip("."), old.get(key), new.get(key))


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the names of both, in the order of `new`; what is only in `old` behind what it was.

    >>> _merged(["a", "x", "b"], ["b", "a", "y"])
    ['b', 'a', 'x', 'y']
    """
    found = list(new)
    for place, name in enumerate(old):
        if name not in found:
            found.insert(found.index(old[place - 1]) + 1 if place else 0, name)
    return found


def _whole(settings: Mapping[str, str] | None) -> str | None:
    if settings is None:
        return None
    return ", ".join(f"{key} = {said}" if key else said for key, said in settings.items())


def _settings(report: Report) -> dict[str, dict[str, str]]:
    """Return the settings of each stage, as JSON, by dotted keys."""
    names = [row.name for row in report.stages if row.name != READ]
    try:
        tables = tomllib.loads(report.recipe)["stage"]
        return {name: dict(_flat(table, "")) for name, table in zip(names, tables, strict=True)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # a stage that no recipe can name: then the recipe ends with a comment for each stage
        lines = [line.removeprefix("# ") for line in report.recipe.splitlines()]
        said = lines[-len(names) :] if len(names) < len(lines) else ["?"] * len(names)
        return {name: _fields(line) for name, line in zip(names, said, strict=False)}


def _fields(said: str) -> dict[str, str]:
    """Return the fields in the repr of a stage, sets in order; the whole where it is no Python.

    >>> _fields("Tongue(known=frozenset({'en', 'de'}), sure=0.5)")
    {'known': "frozenset({'de', 'en'})", 'sure': '0.5'}
    >>> _fields("Where(predicate=<function <lambda> at 0x7fee09>, reason='short')")
    {'': "Where(predicate=<function <lambda>>, reason='short')"}
    """
    whole = {"": _ADDRESS.sub("", said)}
    try:
        call = ast.parse(said, mode="eval").body
        for each in ast.walk(call):
            if isinstance(each, ast.Set):
                each.elts.sort(key=ast.unparse)
        keywords = call.keywords if isinstance(call, ast.Call) else []
        return {each.arg or "": ast.unparse(each.value) for each in keywords} or whole
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return whole


def _flat(table: Mapping[str, Any], head: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            value = {str(place): v for place, v in enumerate(value, 1)}  # rules, or tiers
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{head}{key}.")
        else:
            yield f"{head}{key}", json.dumps(value, ensure_ascii=False, default=str)


def rules_of(before: Report, after: Report) -> tuple[RuleChange, ...]:
    """Return what each rule took out in both runs, in the order of stages."""
    counts: dict[tuple[str, str, str], tuple[Counter[str], Counter[str]]] = {}
    for place, report in enumerate((before, after)):
        for row in report.stages:
            for reason in row.reasons():
                parts = _LIMIT.fullmatch(reason.limit)
                op, limit = parts.groups() if parts else (reason.limit, "")
                key = (row.name, f"{reason.name} {op}".rstrip(), reason.kind)
                both = counts.setdefault(key, (Counter(), Counter()))
                both[place][limit] += reason.count
    stages = _merged(*([row.name for row in report.stages] for report in (before, after)))
    return tuple(
        RuleChange(*key, (_limits(old), _limits(new)), (old.total(), new.total()))
        for key, (old, new) in sorted(counts.items(), key=lambda item: stages.index(item[0][0]))
    )


def _limits(counts: Counter[str]) -> str:
    return ", ".join(filter(None, counts))
