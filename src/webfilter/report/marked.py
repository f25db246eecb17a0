"""A report of documents that a pipeline has marked in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from webfilter.document import Document
from webfilter.errors import ConfigError, WebfilterError
from webfilter.report.abstained import abstained
from webfilter.report.largest import Largest
from webfilter.report.ledger import READ, Ledger
from webfilter.report.tiers import Counts
from webfilter.stage import Signal, Step

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline
    from webfilter.report.funnel import Report

__all__ = ["declared", "pipeline_of", "recipe_of", "report_of"]

R = TypeVar("R", bound="Report")


def recipe_of(pipe: Pipeline) -> str:
    """Return the pipeline as TOML, or as comments where a stage is one that no recipe can name."""
    try:
        return pipe.to_toml(full=True)
    except ConfigError as error:
        return "\n".join([f"# {error}", *(f"# {step!r}" for step in pipe.steps)])


def pipeline_of(pipe: Pipeline | Step) -> Pipeline:
    """Return `pipe`; a stage alone as the pipeline of one that it is."""
    from webfilter.pipeline import Pipeline

    return pipe if isinstance(pipe, Pipeline) else Pipeline((pipe,))


def declared(report: Report) -> tuple[Signal, ...]:
    """Return the signals of the pipeline that ran; none where it is not at hand nor in a recipe."""
    from webfilter.pipeline import Pipeline

    if report.pipe is not None:
        return report.pipe.signals
    try:
        return Pipeline.from_toml(report.recipe).signals if "[[stage]]" in report.recipe else ()
    except WebfilterError:  # such as a model that is not on this machine
        return ()


def report_of(
    cls: type[R], pipe: Pipeline | Step, docs: Iterable[Document], measure_all: bool = False
) -> R:
    """Return the report of `docs`, marked by `pipe`; see `Report.of`."""
    pipe = pipeline_of(pipe)
    held = tuple(docs)
    for doc in held:
        if not isinstance(doc, Document):
            raise ConfigError(f"Report.of: give documents, marked by the pipeline, not {doc!r:.60}")
    ledger = Ledger(pipe.names)
    steps = {name: step for step, name in enumerate(pipe.names)}
    at = [_step(doc, steps) for doc in held]
    early = [doc for doc, step in zip(held, at, strict=True) if step < 0]
    if early:
        ledger.add(READ, len(early), early)
    for index, (name, step) in enumerate(zip(pipe.names, pipe.steps, strict=True)):
        came = [(doc, left) for doc, left in zip(held, at, strict=True) if left >= index]
        results = [doc if left == index else replace(doc, verdict=None) for doc, left in came]
        ledger.add(name, len(results), results)
        ledger.abstain(name, abstained(step, results))
    ledger.check(len(held))
    largest, tiers = Largest(pipe), Counts(pipe)
    largest.see(held)
    tiers.see(held)
    dropped = sum(doc.verdict is not None and doc.verdict.kind == "dropped" for doc in held)
    return cls(
        stages=ledger.rows(len(held)),
        total=len(held),
        fingerprint=pipe.fingerprint(),
        recipe=recipe_of(pipe),
        measure_all=measure_all,
        tiers=tiers.rows(),
        largest=largest.found(len(held), dropped),
        documents=held,
        pipe=pipe,
    )


def _step(doc: Document, steps: dict[str, int]) -> int:
    """Return at which step `doc` left: after the last, if it was kept; -1: it came judged."""
    return len(steps) if doc.verdict is None else steps.get(doc.verdict.stage, -1)
