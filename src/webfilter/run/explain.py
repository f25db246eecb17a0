"""Say what every rule of every stage finds on one page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from webfilter.document import Document, Value, Verdict
from webfilter.report.explanation import Explanation, Row
from webfilter.report.ledger import Ledger
from webfilter.run.local import apply
from webfilter.stage import SIGNS, CorpusStage, Rule, Signal, Stage, Step

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline

__all__ = ["explain"]

_MOST = sys.float_info.max
_KEPT = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "not in": "in"}


def explain(pipe: Pipeline, doc: Document) -> Explanation:
    """Run every stage on `doc`, whatever its verdict; see `Pipeline.explain`."""
    rows: list[Row] = []
    first: Verdict | None = doc.verdict
    for name, step in zip(pipe.names, pipe.steps, strict=True):
        if not isinstance(step, Stage):
            needs = "whole corpus" if isinstance(step, CorpusStage) else "documents before it"
            rows.append(_silent(name, f"needs the {needs}: not judged on one page"))
            continue
        [marked] = apply(step, name, [replace(doc, verdict=None)], Ledger(), measure_all=True)
        verdict = marked.verdict
        first = first or verdict
        found = _rows(name, step, marked)
        if verdict is not None and verdict.kind == "dropped" and step.thorough is not step:
            found.append(_by_itself(name, verdict))
            thorough = step.thorough
            assert isinstance(thorough, Stage)
            [marked] = apply(
                thorough, name, [replace(doc, verdict=None)], Ledger(), measure_all=True
            )
            found += _rows(name, thorough, marked)
            verdict = marked.verdict
        if verdict is not None and verdict.kind == "failed":
            found = [_silent(name, f"failed: {verdict.reason}", passed=False)]
        rows.extend(found or [_silent(name, f"no rules: {_did(doc.text, marked.text)}")])
        doc = replace(marked, verdict=None)
    return Explanation(
        document=replace(doc, verdict=first), rows=tuple(rows), verdict=first, text=doc.text
    )


def _silent(name: str, note: str, passed: bool | None = None) -> Row:
    return Row(name, "", None, "", None, None, passed, note=note)


def _did(before: str, after: str) -> str:
    if before == after:
        return "measures only"
    return f"changes the text, {len(before):,} characters before, {len(after):,} after"


def _by_itself(name: str, verdict: Verdict) -> Row:
    """Return the row of a verdict that no rule of its stage explains."""
    return Row(
        name,
        verdict.reason,
        verdict.value,
        _KEPT.get(verdict.op or "", ""),
        verdict.limit if verdict.limit is not None else "",
        None,
        False,
        note="on the draft; what follows is of the final text",
    )


def _rows(name: str, step: Step, doc: Document) -> list[Row]:
    rows = _judged(name, step, step.rules_for(doc), doc)
    for tier, rules in islice(step.nested.items(), 1, None):  # the first is what the stage judges
        rows += _judged(f"{name}: {tier}", step, rules, doc)
    return rows


def _judged(name: str, step: Step, rules: Sequence[Rule], doc: Document) -> list[Row]:
    known = {signal.name: signal for signal in step.measures}
    rows = []
    for rule in rules:
        limits: list[tuple[str, float | frozenset[str]]] = [*rule.bounds()]
        if rule.isin is not None:
            limits.append(("in", frozenset(rule.isin)))
        signal, value = known.get(rule.signal), doc.signals.get(rule.signal)
        rows += [_row(name, signal, rule, op, limit, value) for op, limit in limits]
    return rows


def _row(
    name: str,
    signal: Signal | None,
    rule: Rule,
    op: str,
    limit: float | frozenset[str],
    value: Value,
) -> Row:
    margin = None
    if isinstance(limit, frozenset):
        passed = None if value is None else value in limit
        shown: float | str = ", ".join(sorted(limit))
    else:
        one = Rule(rule.signal, **{op: limit})  # type: ignore[arg-type]
        passed = None if value is None else one.violated(value) is None
        if isinstance(value, (int, float)):
            near = max(-_MOST, min(_MOST, value))  # an int may be beyond all floats
            margin = near - limit if op in ("ge", "gt") else limit - near
        shown, op = limit, SIGNS[op]
    return Row(
        name,
        rule.signal,
        value,
        op,
        shown,
        margin,
        passed,
        note="undefined here: the rule abstains" if value is None else "",
        about=signal.about if signal else "",
        unit=signal.unit if signal else "",
    )
