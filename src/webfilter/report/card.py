"""``card.md``: a data card for the documents that a run kept, as Markdown.

It says what is known and no more; what only a person can say (the license of the pages, what the
data is for) is left to that person, visibly.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from html import escape

from webfilter.report.figures import label, number, share, size, visible
from webfilter.report.funnel import Report
from webfilter.report.marked import declared
from webfilter.stage import Signal

__all__ = ["card"]

_INPUTS = 20


def card(report: Report) -> str:
    """Return the data card of the documents that a run kept."""
    of = f" ({share(report.kept, report.total)})" if report.total else ""
    parts = [
        "# Data card",
        f"{label(report.kept, 'document')}{of} that a webfilter pipeline kept of "
        f"{number(report.total)}. Written by the run itself.",
        "## What is in it",
        "One row a document: `id`, `text`, `url`, `meta` (the source's own fields, as JSON), one "
        "column for each measured signal, `verdict` (empty: these documents were kept).",
        "```python\nimport webfilter as wf\n\n"
        f"for doc in wf.read({_folder(report)}\n    doc.text, doc.signals\n```",
        *(["### Signals", _signals(signals)] if (signals := declared(report)) else []),
        *(["### Tiers", _tiers(report)] if report.tiers else []),
        "## How it was made",
        _facts(report),
        _stages(report),
        *(["### Recipe", _fenced(report.recipe, "toml")] if report.recipe else []),
        *(["### Versions and checksums", _versions(report)] if _versions(report) else []),
        *(["## Known problems", _list(report.warnings)] if report.warnings else []),
        "## License and care",
        "The texts come from web pages. Their authors keep their rights; this card grants none. "
        "Before sharing the data, check the terms of the crawl and the law where you are, and add "
        "the license here. Filters leave personal data, errors and bias in what they keep, and "
        "what they drop is not spread evenly over languages, dialects and subjects: the dropped "
        "documents and their reasons tell how.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _folder(report: Report) -> str:
    """Return the folder of the documents as code; beside the card it goes by its name alone."""
    folder = report.outputs.get("kept", "kept")
    beside = os.path.dirname(folder) == report.folder
    folder = visible(os.path.basename(folder) if beside else folder, 300)
    widest = f"{folder}/{report.tiers[0].name}" if report.tiers else folder
    return f"{json.dumps(widest, ensure_ascii=False)}):{'  # beside this card' if beside else ''}"


def _signals(signals: Iterable[Signal]) -> str:
    lines = ["| column | kind | what it is |", "| --- | --- | --- |"]
    for signal in signals:
        said = escape(visible(signal.meaning, 200), quote=False).replace("|", "\\|")
        lines.append(f"| {_code(signal.name, 60)} | {signal.kind} | {said} |")
    return "\n".join(lines)


def _tiers(report: Report) -> str:
    lines = [
        "Nested: each is a subset of the one before, and has a folder of its own that holds all of "
        "its documents.",
        "",
        "| tier | beyond the tier before | documents | tokens | characters |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for row in report.tiers:
        tokens = "" if row.tokens is None else number(row.tokens)
        figures = (number(row.documents), tokens, number(row.characters))
        limits = _code(row.limits) if row.limits else "the same"
        lines.append(f"| {_code(row.name, 60)} | {limits} | {' | '.join(figures)} |")
    counted = report.tiers[0].counted
    return "\n".join([*lines, *(["", f"{visible(counted, 200)}."] if counted else [])])


def _code(text: str, most: int = 200) -> str:
    """Return foreign text as inline code; a bar would end a table's cell, a backtick the code."""
    return f"`{visible(text, most).replace('`', 'ˋ').replace('|', '¦')}`"


def _fenced(text: str, language: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = "\n".join(visible(line) for line in text.strip().splitlines())
    return f"{fence}{language}\n{lines}\n{fence}"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {_code(str(item), 500)}" for item in items)


def _facts(report: Report) -> str:
    said = []
    if report.started:
        said.append(f"- started: {_code(report.started)}")
    if report.fingerprint:
        said.append(f"- pipeline: {_code(report.fingerprint)} (changes whenever results may)")
    for path, count in report.inputs[:_INPUTS]:
        said.append(f"- input: {_code(path, 300)}{'' if count is None else f', {size(count)}'}")
    if len(report.inputs) > _INPUTS:
        said.append(f"- and {label(len(report.inputs) - _INPUTS, 'more input')}")
    return "\n".join(said)


def _stages(report: Report) -> str:
    lines = [
        "| stage | in | kept | dropped | failed | main reason |",
        "| --- |" + " ---: |" * 4 + " --- |",
    ]
    for row in report.stages:
        reasons = row.reasons()
        main = ""
        if reasons:
            top = max(reasons, key=lambda reason: reason.count)
            main = f"{_code(f'{top.name} {top.limit}'.rstrip(), 80)} {share(top.count, row.gone)}"
        figures = (row.docs_in, row.kept, row.dropped.total(), row.failed.total())
        lines.append(f"| {_code(row.name, 60)} | {' | '.join(map(number, figures))} | {main} |")
    total = (report.total, report.kept, report.dropped, report.failed)
    lines.append(f"| **all** | {' | '.join(map(number, total))} | |")
    return "\n".join(lines)


def _versions(report: Report) -> str:
    both = [*report.versions.items(), *report.artifacts.items()]
    return "\n".join(f"- {_code(str(name), 80)}: {_code(str(value))}" for name, value in both)
