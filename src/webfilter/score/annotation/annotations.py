"""The labels that came out, as a result that answers the next questions.

How far do readers agree, with each other and with people? What did it cost? What failed, and why?
And it goes on from there: texts and labels for a trainer, a file for ``classifiers/educational``.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from webfilter.config import conform
from webfilter.errors import OutputError, SourceError
from webfilter.score.annotation.agreement import Agreement, agreement
from webfilter.score.annotation.reply import check
from webfilter.score.annotation.rows import Annotation, Cost, Reading
from webfilter.score.annotation.rubric import Rubric

__all__ = ["Annotations", "line"]

Labels = Mapping[str, Mapping[str, float]]


class Annotations(Sequence[Annotation]):
    """Annotated excerpts, in the order of their documents.

    Args:
        rows: what the readers said.
        rubric: what they read by.
        prices: for a million tokens of input and output, by model.

    >>> rubric = Rubric.packaged("educational")
    >>> scores = {"educational": 4.0, "reasoning": 2.0, "lasting": 2.0, "clean": 2.0}
    >>> found = Annotations([Annotation("a", "Water boils.", (Reading("m", "m", scores),)),
    ...     Annotation("b", "", unread="empty")], rubric)
    >>> found, found.labels.tolist(), found.reasons
    (Annotations(1 labeled, 1 failed), [[4.0, 2.0, 2.0, 2.0]], {'empty': 1})
    """

    def __init__(
        self,
        rows: Iterable[Annotation],
        rubric: Rubric,
        prices: Mapping[str, tuple[float, ...]] | None = None,
    ) -> None:
        self.rows: tuple[Annotation, ...] = tuple(rows)
        """All of them, those that failed too."""
        self.rubric: Rubric = rubric
        """What they were read by."""
        self.prices: dict[str, tuple[float, ...]] = dict(prices or {})
        """By model, for a million tokens of input and of output."""

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Annotation: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Annotation, ...]: ...
    def __getitem__(self, at: int | slice) -> Annotation | tuple[Annotation, ...]:
        return self.rows[at]

    def __iter__(self) -> Iterator[Annotation]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"Annotations({len(self.labeled):,} labeled, {len(self.failed):,} failed)"

    @property
    def labeled(self) -> tuple[Annotation, ...]:
        """The rows that have scores."""
        return tuple(row for row in self.rows if row.annotators)

    @property
    def failed(self) -> tuple[Annotation, ...]:
        """The rows that have none; each has a `reason`."""
        return tuple(row for row in self.rows if not row.annotators)

    @property
    def reasons(self) -> dict[str, int]:
        """How many rows failed for each reason, the most frequent first."""
        return dict(Counter(str(row.reason) for row in self.failed).most_common())

    @property
    def texts(self) -> list[str]:
        """The excerpts that have scores."""
        return [row.text for row in self.labeled]

    @property
    def labels(self) -> npt.NDArray[np.float64]:
        """Their scores, shape (n, scales), columns in the order of the rubric.

        Columns have no names: ``EducationalTrainer(names=annotations.rubric.names)`` calls the
        heads like the scales, as the stage `Educational` wants those of our rubric.
        """
        names = self.rubric.names
        rows = [[scores[name] for name in names] for row in self.rows if (scores := row.scores)]
        return np.array(rows, dtype=np.float64).reshape(-1, len(names))

    @property
    def cost(self) -> Cost:
        """What was asked and paid in the run that this came from."""
        return Cost.of((reading for row in self.rows for reading in row.readings), self.prices)

    def agreement(
        self, other: Annotations | Labels | str | os.PathLike[str] | None = None
    ) -> tuple[Agreement, ...]:
        """Return how far labels agree, scale by scale.

        Without `other`: each two readers, where both gave scores. With it: the means here against
        the labels there, of rows with the same id; or the same text, for annotations and files.

        Args:
            other: annotations, ``{id: {scale: label}}``, or a JSONL file as `write` makes it (of
                people, for instance: ``id`` or ``text``, and a label for each scale, by its name or
                column). Scales that a row there lacks are passed over.

        Raises:
            SourceError: the file cannot be read.
        """
        if other is None:
            return self._between_readers()
        by_id, by_text = self._known(other)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in self.rubric.names}
        for row in self.labeled:
            there = by_id.get(row.id) or by_text.get(row.text)
            scores = row.scores or {}
            for name in found:
                label = None if there is None else _label(there.get(name))
                if label is not None:
                    found[name].append((scores[name], label))
        return tuple(
            agreement(s.name, "mean", "other", found[s.name], whole=s.step == 1)
            for s in self.rubric.scales
        )

    def disagreements(self, count: int = 10) -> list[Annotation]:
        """Return the rows on which readers differ most, by the sum of ranges over the scales."""

        def apart(row: Annotation) -> float:
            found = [r.scores for r in row.readings if r.scores is not None]
            return sum(
                (max(s[scale.name] for s in found) - min(s[scale.name] for s in found))
                / (scale.highest - scale.lowest)
                for scale in self.rubric.scales
            )

        several = [(apart(row), row) for row in self.rows if row.annotators > 1]
        several.sort(key=lambda pair: (-pair[0], pair[1].id))
        return [row for distance, row in several[:count] if distance > 0]

    def write(self, path: str | os.PathLike[str]) -> Path | None:
        """Write the labeled rows to `path` as JSONL, and those that failed beside it.

        A line holds ``id``, ``src``, ``url``, ``offset``, ``text``, ``annotators`` and the labels,
        under the name of each scale and under its column (``educational`` and ``edu``); so training
        scripts read it as it is. Failed rows go to ``NAME.failed.jsonl``, each with the reason as
        ``failed``. Files are complete or not there; with ``.xz`` at the end they are compressed.

        Returns:
            The path of the failed rows; None, and no such file, where none failed.

        Raises:
            OutputError: a file cannot be written.
        """
        place = Path(path)
        end = ".jsonl.xz" if place.suffix == ".xz" else ".jsonl"
        beside = place.with_name(f"{place.name.removesuffix(end)}.failed{end}")
        _write(place, (line(row, self.rubric) for row in self.labeled))
        if self.failed:
            _write(beside, (line(row, self.rubric) for row in self.failed))
            return beside
        try:
            beside.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{str(beside)!r} cannot be removed: {error}") from error
        return None

    @classmethod
    def read(cls, path: str | os.PathLike[str], rubric: Rubric) -> Annotations:
        """Return annotations as `write` wrote them, single readings included.

        Raises:
            SourceError: the file cannot be read, or a line is not one that `write` made.
        """
        rows = []
        for number, fields in _lines(path):
            try:
                readings = tuple(Reading(**reading) for reading in fields["readings"])
                for reading in readings:
                    conform(reading, "a reading")
                    if reading.scores is not None:
                        check(reading.scores, rubric)
                row = Annotation(
                    fields["id"], fields["text"], readings, fields["url"], fields["src"],
                    fields["offset"], fields.get("unread"),
                )  # fmt: skip
                conform(row, "an annotation")
            except (KeyError, TypeError, ValueError) as error:
                raise SourceError(f"{path}, line {number}: no annotation: {error!r}") from None
            rows.append(row)
        return cls(rows, rubric)

    def _between_readers(self) -> tuple[Agreement, ...]:
        readers = list(dict.fromkeys(r.reader for row in self.rows for r in row.readings))
        by_reader = [{r.reader: r.scores for r in row.readings if r.scores} for row in self.rows]
        found = []
        for first, second in combinations(readers, 2):
            both = [(row[first], row[second]) for row in by_reader if {first, second} <= set(row)]
            for scale in self.rubric.scales:
                pairs = [(a[scale.name], b[scale.name]) for a, b in both]
                whole = scale.step == 1
                found.append(agreement(scale.name, first, second, pairs, whole=whole))
        return tuple(found)

    def _known(self, other: Annotations | Labels | str | os.PathLike[str]) -> tuple[Labels, Labels]:
        if isinstance(other, Annotations):
            rows = [(row.id, row.text, row.scores or {}) for row in other.labeled]
            return {id: s for id, _, s in rows}, {text: s for _, text, s in rows}
        if isinstance(other, Mapping):
            return other, {}
        by_id, by_text = {}, {}
        for _, fields in _lines(other):
            given = {s.name: fields.get(s.column, fields.get(s.name)) for s in self.rubric.scales}
            labels = {k: v for k, value in given.items() if (v := _label(value)) is not None}
            if isinstance(fields.get("id"), str):
                by_id[fields["id"]] = labels
            if isinstance(fields.get("text"), str):
                by_text[fields["text"]] = labels
        return by_id, by_text


def _label(value: object) -> float | None:
    """Return a label, or None for what is none: not a number, NaN, infinite."""
    if not isinstance(value, (int, float)) or type(value) is bool:
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer of hundreds of digits
        return None


def line(row: Annotation, rubric: Rubric) -> str:
    """Return `row` as a line of JSON, without the newline."""
    scores = row.scores
    fields: dict[str, Any] = {
        "id": row.id,
        "src": row.source or row.id,
        "url": row.url,
        "offset": row.offset,
        "text": row.text,
    }
    if scores is None:
        fields |= {"failed": row.reason, "unread": row.unread}
    else:
        for scale in rubric.scales:
            fields[scale.name] = fields[scale.column] = scores[scale.name]
    fields |= {
        "annotators": row.annotators,
        "hash": row.hash,
        "rubric": f"{rubric.name} {rubric.version} {rubric.checksum[:16]}",
        "readings": [
            {name: getattr(reading, name) for name in Reading.__slots__} for reading in row.readings
        ],
    }
    return json.dumps(fields)  # ASCII: lone surrogates stay what they are


def _write(path: Path, lines: Iterable[str]) -> None:
    half = path.with_name(f"{path.name}.tmp")
    opened: Any = open
    if path.suffix == ".xz":
        from lzma import open as opened
    try:
        with opened(half, "wt", encoding="ascii", newline="\n") as out:
            out.writelines(f"{text}\n" for text in lines)
        os.replace(half, path)
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written: {error}") from error


def _lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        data = Path(path).read_bytes()
        if Path(path).suffix == ".xz":
            import lzma

            data = lzma.decompress(data)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error}") from None
    except Exception as error:  # lzma.LZMAError
        raise SourceError(f"{path}: is no xz file: {error}") from None
    for number, text in enumerate(data.split(b"\n"), start=1):
        if text.strip():
            try:
                fields = json.loads(text)
            except (ValueError, RecursionError):
                raise SourceError(f"{path}, line {number}: not JSON") from None
            if not isinstance(fields, dict):
                raise SourceError(f"{path}, line {number}: no JSON object")
            yield number, fields
