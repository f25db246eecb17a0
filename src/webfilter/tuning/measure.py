"""Measure a corpus: what the limits of a pipeline are compared with, on every document.

The limits that are looked for are switched off, then the pipeline runs. So each document is
measured by every stage, and what the rest of the pipeline drops (languages, blocked addresses,
curly brackets) is counted and takes no part: no limit could win it back. Texts are not kept, only
the numbers.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.codes import canonical
from webfilter.document import Document, Verdict
from webfilter.pipeline import Pipeline
from webfilter.read import read
from webfilter.report.ledger import READ, Ledger
from webfilter.run.local import apply, describe
from webfilter.stage import Stage, judge
from webfilter.tuning.knobs import Knob, turned

__all__ = ["Corpus", "measure"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_MOST = 1e300
"""Larger numbers count as this, so that differences of any two are finite."""


@dataclass(frozen=True)
class Corpus:
    """What was measured on one of the two corpora; rows are sorted, so their order says nothing."""

    label: str
    """``good`` or ``bad``."""
    ids: npt.NDArray[np.uint64]
    """A hash of each document's id."""
    values: Floats
    """One row a limit, one column a document; NaN where the signal is undefined."""
    languages: npt.NDArray[np.str_]
    """The code in the signal ``language`` of each document; empty where there is none."""
    gone: Mapping[str, int]
    """Documents dropped by what is not tuned, by stage."""
    failed: Mapping[str, int]
    """Documents on which a stage, or the reader, broke, by stage."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def chosen(self) -> Mask:
        """Which documents limits are chosen on; on the others their effect is measured."""
        return (self.ids & np.uint64(1)).astype(np.bool_)

    @property
    def halved(self) -> int:
        """Documents in the smaller half."""
        return int(min(self.chosen.sum(), (~self.chosen).sum()))

    def part(self, mask: Mask) -> Corpus:
        """Return the documents in `mask` as a corpus of its own."""
        return replace(
            self,
            ids=self.ids[mask],
            values=self.values[:, mask],
            languages=self.languages[mask],
            gone={},
            failed={},
        )


def measure(
    source: Any,
    label: str,
    pipe: Pipeline,
    knobs: Sequence[Knob],
    *,
    given: bool = False,
    seed: int = 0,
    batch_size: int = 256,
) -> Corpus:
    """Return what the limits `knobs` of `pipe` are compared with on the documents of `source`.

    Args:
        source: whatever `webfilter.read` takes.
        label: name of the corpus.
        pipe: the pipeline; corpus and online stages are left out.
        knobs: its limits.
        given: take the signals that the documents come with instead of running the stages.
        seed: another one makes other halves.
        batch_size: documents a batch; changes no result.
    """
    steps = turned(pipe.steps, {knob: knob.off for knob in knobs})
    stages = [
        (place, name, step)
        for place, (name, step) in enumerate(zip(pipe.names, steps, strict=True))
        if isinstance(step, Stage)
    ]
    at = {
        place: [n for n, knob in enumerate(knobs) if knob.step == place] for place, _, _ in stages
    }
    columns = [array("d") for _ in knobs]
    ids, languages = array("Q"), []
    left: dict[str, Counter[str]] = {"dropped": Counter(), "failed": Counter()}
    for batch in _batches(source, batch_size, left["failed"]):
        docs = batch
        rows: list[list[float]] = [[] for _ in docs]
        for place, name, stage in stages:
            docs = _judged(stage, name, docs) if given else apply(stage, name, docs, Ledger())
            for doc in docs:
                if doc.verdict is not None:
                    left[doc.verdict.kind][name] += 1
            live = [n for n, doc in enumerate(docs) if doc.live]
            docs, rows = [docs[n] for n in live], [rows[n] for n in live]
            for doc, row in zip(docs, rows, strict=True):
                row += [_number(doc.signals.get(knobs[n].signal)) for n in at[place]]
        for doc, row in zip(docs, rows, strict=True):
            ids.append(_hash(doc.id, seed))
            language = doc.signals.get("language")
            languages.append(canonical(language) if isinstance(language, str) else "")
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    return _sorted(label, ids, columns, languages, left)


def _batches(source: Any, size: int, failed: Counter[str]) -> Iterator[list[Document]]:
    """Yield batches of documents to judge afresh; count those that never came to be."""
    batch: list[Document] = []
    for doc in read(source):
        verdict = doc.verdict
        if verdict is not None and (verdict.kind == "failed" or verdict.stage == READ):
            failed[verdict.stage] += 1
            continue
        batch.append(doc if verdict is None else replace(doc, verdict=None))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _judged(stage: Stage, name: str, docs: Sequence[Document]) -> list[Document]:
    marked = []
    for doc in docs:
        try:
            verdict = judge(stage.rules_for(doc), doc.signals, name)
        except TypeError as error:  # a signal from elsewhere is no number
            verdict = Verdict(name, describe(error), kind="failed")
        marked.append(doc if verdict is None else doc.drop(verdict))
    return marked


def _number(value: object) -> float:
    return float(max(-_MOST, min(_MOST, value))) if isinstance(value, (int, float)) else math.nan


def _hash(name: str, seed: int) -> int:
    key = f"{seed}:{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")


def _sorted(
    label: str,
    ids: array[int],
    columns: Sequence[array[float]],
    languages: Sequence[str],
    left: Mapping[str, Counter[str]],
) -> Corpus:
    hashes = np.array(ids, dtype=np.uint64)
    values = np.array(columns, dtype=np.float64).reshape(len(columns), len(hashes))
    spoken = np.array(languages, dtype=np.str_)
    order = np.lexsort((*values, spoken, hashes))
    return Corpus(
        label,
        hashes[order],
        values[:, order],
        spoken[order],
        dict(sorted(left["dropped"].items())),
        dict(sorted(left["failed"].items())),
    )
