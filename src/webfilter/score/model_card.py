"""``card.md``: a model card after Mitchell et al. (2019), from the report of a training run.

It says what was measured and no more; what only a person can say (where the labels come from, the
license of the texts) is left to that person, visibly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from webfilter.score.pictures import stems
from webfilter.score.training import Disagreement, HeadReport, TrainingReport

__all__ = ["model_card"]


def model_card(report: TrainingReport, pictures: Sequence[str] = ()) -> str:
    """Return the model card as Markdown; `pictures` are file names that it shows."""
    parts = [
        "# Model card",
        f"Scores a text on {_heads(report)}. Written by the training run itself; every figure "
        f"is of texts held out by group, {report.folds} folds, everything trained anew in each.",
        "## Data and model",
        _facts(report),
        *(["## Worth checking", _list(report.warnings)] if report.warnings else []),
        "## Figures",
        _figures(report.heads),
        "Kappa is quadratic, of rounded values. Brackets are 95 % intervals from sampling groups.",
        *(
            _head(head, [name for name in pictures if name.startswith(f"{stem}-")], report)
            for head, stem in zip(
                report.heads, stems([head.name for head in report.heads]), strict=True
            )
        ),
        *(["## Learning curve", _learning(report, pictures)] if report.learning else []),
        *(["## Teacher", _teacher(report)] if report.teacher is not None else []),
        "## Limits",
        "- It reads vocabulary and manner, not truth, and only what resembles its training texts; "
        "text whose words it does not know scores 0.\n"
        "- Scores are means of what such texts were given, so they shrink toward the middle: rank "
        "by them rather than wait for the highest.\n"
        "- The share of good texts above shows what was labeled, not what is in a crawl: where "
        "good texts are rarer, precision is lower.\n"
        "- It must not be used to grade people or their writing.",
        "## To be filled in by hand",
        "- Who labeled the texts, by what rubric, and how well two of them agree.\n"
        "- Where the texts come from, and their license.\n"
        "- What the scores are for.",
    ]
    return "\n\n".join(parts) + "\n"


def _heads(report: TrainingReport) -> str:
    names = [f"{_code(head.name)} (0-{head.top:g})" for head in report.heads]
    return ", ".join(names[:-1]) + (" and " if names[1:] else "") + names[-1]


def _facts(report: TrainingReport) -> str:
    lines = [
        f"- {report.texts:,} labeled texts in {report.groups:,} groups",
        f"- texts: sha256 `{report.texts_sha256}`",
        f"- labels: sha256 `{report.labels_sha256}`",
        f"- model.npz: {report.model_bytes:,} bytes, sha256 `{report.model_sha256}`",
        f"- seed {report.seed}; " + ", ".join(f"{k} {v:g}" for k, v in report.settings.items()),
    ]
    if report.unlabeled:
        lines.insert(1, f"- {report.unlabeled:,} unlabeled texts")
    return "\n".join(lines)


def _figures(heads: Iterable[HeadReport]) -> str:
    rows = []
    for head in heads:
        cells = [_name(head), f"{head.labels:,}"]
        for name, value in head.figures.items():
            ends = head.bounds.get(name)
            cells.append(
                _number(value) + (f" [{_number(ends[0])}, {_number(ends[1])}]" if ends else "")
            )
        cells.append(_number(head.calibration_error))
        rows.append(cells)
    head_row = ["head", "labels", "kappa", "Pearson", "Spearman", "mean error", "calibration error"]
    return _table(head_row, rows)


def _head(head: HeadReport, shown: Sequence[str], report: TrainingReport) -> str:
    edges = [f"{head.top * i / 10:g}-{head.top * (i + 1) / 10:g}" for i in range(10)]
    parts = [
        f"## {_name(head)}",
        *([" ".join(f"![{name.removesuffix('.svg')}]({name})" for name in shown)] if shown else []),
        _table(
            ["cut", "share at or above", "kept", "precision", "recall", "F1"],
            [
                [f"{at:g}", *map(_number, (c.share, c.kept, c.precision, c.recall, c.f1))]
                for at, c in head.cuts.items()
            ],
        ),
        "Calibration:",
        _table(
            ["score", "count", "mean score", "mean label"],
            [
                [f"{b.low:g}-{b.high:g}", f"{b.count:,}", _number(b.score), _number(b.label)]
                for b in head.bins
            ],
        ),
        f"The {100 * report.coverage_wanted:g} % interval holds {_number(head.interval.holds)} of "
        f"the labels; mean width {_number(head.interval.mean_width)}.",
        "Labels and scores by range:",
        _table(
            ["range", "labels", "scores"],
            [
                [edge, f"{a:,}", f"{b:,}"]
                for edge, a, b in zip(
                    edges, head.label_histogram, head.score_histogram, strict=True
                )
            ],
        ),
        "Worst disagreements:",
        _worst(head.worst),
    ]
    return "\n\n".join(parts)


def _worst(rows: Sequence[Disagreement]) -> str:
    texts = any(row.text is not None for row in rows)
    return _table(
        ["id", "group", "label", "score", "interval", *(["text"] if texts else [])],
        [
            [
                _code(row.id),
                _code(row.group),
                f"{row.label:g}",
                f"{row.score:.2f}",
                f"{row.low:.2f}-{row.high:.2f}",
                *([_code(row.text or "", 200)] if texts else []),
            ]
            for row in rows
        ],
    )


def _learning(report: TrainingReport, pictures: Sequence[str]) -> str:
    shown = [f"![{name.removesuffix('.svg')}]({name})" for name in pictures if "learning" in name]
    rows = [
        [f"{step.texts:,}", *(_number(step.figures[name]) for name in ("kappa", "pearson", "mae"))]
        for step in report.learning
    ]
    return "\n\n".join([*shown, _table(["texts", "kappa", "Pearson", "mean error"], rows)])


def _teacher(report: TrainingReport) -> str:
    found = report.teacher or {}
    rows = [
        [row["name"], *(_number(row[name]) for name in ("kappa", "pearson", "mae"))]
        for row in found["rows"]
    ]
    table = _table(["first head, held out", "kappa", "Pearson", "mean error"], rows)
    return f"{table}\n\n{found['verdict']}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "not defined"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _name(head: HeadReport) -> str:
    return head.name if head.name.isidentifier() else _code(head.name)


def _code(text: str, most: int = 80) -> str:
    """Return foreign text as inline code that cannot leave its cell; what does not print is shown.

    Marks that change the direction of writing do not print either.
    """
    short = text if len(text) <= most else text[: most - 1] + "…"
    safe = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)
    return f"`{safe.replace('`', 'ˋ').replace('|', '¦')}`"
