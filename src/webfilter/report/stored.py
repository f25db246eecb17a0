"""The documents of a run as columns: out of its Parquet or JSONL folders, or out of a list.

Of Parquet only the columns that are asked for are read, so millions of documents take seconds, and
never more memory than one chunk. JSONL has no columns: it is read through.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from webfilter.document import Document
from webfilter.errors import SourceError
from webfilter.report.bounds import Plan
from webfilter.report.figures import label, number
from webfilter.report.judged import Chunk, Coded, Column

if TYPE_CHECKING:
    import pyarrow as pa

    from webfilter.report.funnel import Report

__all__ = ["Stored", "folder_of", "signals_of", "verdicts_of"]

ROWS = 16_384
"""Documents a chunk."""
TEXTS = 1_000
"""Documents a chunk, where their texts are read too."""
_KINDS = ("kept", "dropped", "failed")
_VERDICT = ("stage", "reason", "signal", "limit", "op", "kind")


def folder_of(report: Report, kind: str) -> str | None:
    """Return where the documents of a kind are now; None where the run did not write them.

    Of nested tiers it is the folder of the widest, which holds all of them.

    A run folder may have been moved: what lies beside the ``report.json`` that was loaded comes
    before the path that it tells of.

    Raises:
        SourceError: it was written and is not there.
    """
    said = report.outputs.get(kind)
    if not isinstance(said, str) or not said:
        return None
    widest = report.tiers[0].name if report.tiers and kind == "kept" else ""
    if "://" in said and not said.startswith("file://"):
        return f"{said.rstrip('/')}/{widest}" if widest else said
    tried = [said]
    if report.folder is not None:
        tried.insert(0, str(Path(report.folder) / re.split(r"[/\\]", said.rstrip("/\\"))[-1]))
        if not os.path.isabs(said):
            tried.append(str(Path(report.folder) / said))
    found = next((path for path in tried if os.path.isdir(path.removeprefix("file://"))), None)
    if found is None:
        raise SourceError(
            f"the {kind} documents of the run are not there any more: looked in "
            f"{' and '.join(map(repr, dict.fromkeys(tried)))}"
        )
    return f"{found}/{widest}" if widest else found


class Stored:
    """The documents of the run that `report` tells of.

    Args:
        report: of the run.
        names: of the stages.
        kept_only: do with what was kept, where the other documents are not there.

    Raises:
        SourceError: the run did not write what was kept or dropped, or it is not there.
    """

    def __init__(self, report: Report, names: Sequence[str], *, kept_only: bool = False) -> None:
        self._report, self._names = report, tuple(names)
        self._held = report.documents
        self._folders: dict[str, str] = {}
        if self._held is not None:
            return
        for kind in _KINDS:
            spared = kept_only and kind != "kept"
            try:
                folder = folder_of(report, kind)
            except SourceError:
                if not spared:
                    raise
                folder = None
            if folder is not None:
                self._folders[kind] = folder
            elif kind != "failed" and not spared and getattr(report, kind):
                raise SourceError(
                    f"the run did not write its {kind} documents to a folder, so their signals are "
                    f"not stored: run with out=..., or make the report from the documents with "
                    f"Report.of(pipe, docs)"
                )

    @property
    def missing(self) -> int:
        """Documents of the run that are not stored, of those that it dropped or failed on."""
        if self._held is not None:
            return 0
        return sum(getattr(self._report, kind) for kind in _KINDS if kind not in self._folders)

    def chunks(
        self,
        plan: Plan,
        wanted: Set[str],
        *,
        ids: bool = False,
        characters: bool = False,
        texts: bool = False,
        of: bool = False,
        meta: str | None = None,
        kinds: Collection[str] = _KINDS,
    ) -> Iterator[Chunk]:
        """Yield all documents.

        Args:
            plan: of the pipeline that ran.
            wanted: the signals to read.
            ids: read the ids too.
            characters: measure the texts too.
            texts: read the texts too.
            of: read too which document each one duplicates; with `ids`, the URLs as well.
            meta: a field of the documents' `meta` to be read.
            kinds: read no other folders; documents in memory all come, whatever they are.

        Raises:
            SourceError: the files are not those of the run, or damaged.
        """
        if self._held is not None:
            yield from _of_documents(self._held, None, plan, wanted, self._report, meta)
            return
        for kind, folder in self._folders.items():
            if kind not in kinds:
                continue
            seen = 0
            more = (ids, characters, texts, of)
            for chunk in self._of_folder(kind, folder, plan, wanted, more, meta):
                seen += chunk.size
                yield chunk
            self._check(kind, folder, seen)

    def _check(self, kind: str, folder: str, seen: int) -> None:
        said = getattr(self._report, kind)
        if seen != said:
            raise SourceError(
                f"{folder} holds {label(seen, 'document')}, but the run {_DID[kind]} "
                f"{number(said)}: these are not the files that it wrote"
            )

    def _of_folder(
        self,
        kind: str,
        folder: str,
        plan: Plan,
        wanted: Set[str],
        more: tuple[bool, ...],
        meta: str | None,
    ) -> Iterator[Chunk]:
        from webfilter.read.paths import files

        ids, characters, texts, of = more
        for file in files([folder], None, {}):
            if file.kind == "parquet":
                yield from _of_parquet(
                    file, kind, plan, wanted, self._report,
                    ids=ids, characters=characters, texts=texts, of=of, meta=meta,
                )  # fmt: skip
            elif file.kind == "jsonl":
                docs = _lines(file.path, kind)
                yield from _of_documents(docs, kind, plan, wanted, self._report, meta)

    def document(self, place: Any) -> Document:
        """Return the document at a place that a chunk told of."""
        if isinstance(place, Document):
            return place
        from webfilter.read.options import Options
        from webfilter.read.tables import rows

        file, row = place
        with file.open({}) as handle:
            table = _opened(handle, file.path)
            for group in range(table.num_row_groups):
                size = table.metadata.row_group(group).num_rows
                if row < size:
                    break
                row -= size
            names = [name for name in table.schema_arrow.names if name != "html"]
            whole = table.read_row_group(group, columns=names, use_threads=False)
            [batch] = whole.slice(row, 1).to_batches()
            [doc] = rows(batch, Options(verdicts=True), file.path)
        return doc


_DID = {"kept": "kept", "dropped": "dropped", "failed": "failed on"}


def signals_of(report: Report, kinds: Sequence[str] = _KINDS) -> dict[str, str]:
    """Return the signals that the Parquet files of a run have columns for, with their kinds.

    Args:
        report: of the run.
        kinds: look into no other folders.
    """
    from webfilter.read.paths import files
    from webfilter.read.tables import stored_signals

    found: dict[str, str] = {}
    for kind in kinds:
        folder = folder_of(report, kind)
        for file in files([folder], None, {}) if folder is not None else ():
            if file.kind == "parquet":
                with file.open({}) as handle:
                    schema = _opened(handle, file.path).schema_arrow
                found.update((signal.name, signal.kind) for signal in stored_signals(schema))
                break
    return found


def verdicts_of(stored: Stored, names: Sequence[str]) -> Counter[tuple[str, str, str, Any]]:
    """Return (stage, signal, comparison, limit) of the verdicts of a run, counted."""
    seen: Counter[tuple[str, str, str, Any]] = Counter()
    for chunk in stored.chunks(Plan(tuple(names), measures=[()] * len(names)), set()):
        gone = (chunk.at >= 0) & (chunk.at < len(names)) & ~chunk.failed
        columns = (chunk.at, chunk.signal.codes, chunk.op.codes, chunk.limit)
        for at, signal, op, limit in zip(*(column[gone] for column in columns), strict=True):
            named = chunk.signal.values[signal] if signal >= 0 else ""
            words = chunk.op.values[op] if op >= 0 else ""
            seen[names[at], named, words, None if math.isnan(limit) else float(limit)] += 1
    return seen


def _opened(handle: Any, path: str) -> Any:
    """Return a Parquet file, to be read with ``use_threads=False``.

    Threads of pyarrow may outlive the last read, and then abort a process that is about to end.
    """
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(handle, pre_buffer=False, page_checksum_verification=True)
    except Exception as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise SourceError(f"{path}: not a readable Parquet file: {said}") from error


def _of_parquet(
    file: Any,
    kind: str,
    plan: Plan,
    wanted: Set[str],
    report: Report,
    *,
    ids: bool,
    characters: bool,
    texts: bool,
    of: bool,
    meta: str | None,
) -> Iterator[Chunk]:
    from webfilter.read.tables import layout

    with file.open({}) as handle:
        table = _opened(handle, file.path)
        schema = table.schema_arrow
        present = layout(schema)
        if present is None:
            raise SourceError(f"{file.path}: not a file that a run of webfilter wrote")
        said = json.loads(schema.metadata[b"webfilter"]).get("fingerprint", report.fingerprint)
        if report.fingerprint and said != report.fingerprint:
            raise SourceError(
                f"{file.path} is of another run: its fingerprint is {said}, the report's "
                f"{report.fingerprint}"
            )
        doubtful = _doubtful(plan, report)
        signals = set(wanted) | {name for step in doubtful for name in plan.measures[step]}
        columns = [name for name in present if name in signals]
        extra = signals - set(columns)  # not declared when they were written
        asked = [*columns, *(f"verdict.{name}" for name in _VERDICT)]
        asked += ["meta"] * bool(extra or meta) + ["id"] * ids + ["text"] * (characters or texts)
        asked += ["verdict.of", *["url"] * ids] * of
        start = 0
        try:
            size = TEXTS if texts else ROWS
            for batch in table.iter_batches(size, columns=asked, use_threads=False):
                values = {name: _column(batch.column(name)) for name in columns}
                values.update(_undeclared(batch, extra))
                chunk = _chunk(batch, kind, plan, values)
                _locate(chunk, batch, file, start, ids)
                if meta is not None:
                    chunk.meta = Coded.of(_field(said, meta) for said in _metas(batch, meta))
                if characters:
                    chunk.characters = _lengths(batch.column("text"))
                if report.measure_all:
                    chunk.measured = {
                        step: _any(chunk, plan.measures[step], step in doubtful)
                        for step in range(len(plan.names))
                    }
                start += batch.num_rows
                yield chunk
        except (OSError, ValueError) as error:
            if isinstance(error, SourceError):
                raise
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise SourceError(f"{file.path}: cannot be read: {said}") from error


def _locate(chunk: Chunk, batch: Any, file: Any, start: int, ids: bool) -> None:
    chunk.place = lambda row: (file, start + row)
    if ids:
        named = batch.column("id")
        chunk.ids = lambda rows: named.take(rows).to_pylist()
    if "text" in batch.schema.names:
        said = batch.column("text")
        chunk.texts = lambda: said.to_pylist()
    if "url" in batch.schema.names:
        found = batch.column("url")
        chunk.urls = lambda rows: found.take(rows).to_pylist()


def _doubtful(plan: Plan, report: Report) -> set[int]:
    """Return the steps that broke on documents that had been dropped before."""
    broke = {row.name for row in report.stages if row.unmeasured}
    return {step for step, name in enumerate(plan.names) if name in broke}


def _any(chunk: Chunk, names: Sequence[str], doubtful: bool) -> Any:
    """Return which documents a step has measured: all, or those that have any of its signals."""
    measured = np.full(chunk.size, not doubtful)
    if doubtful:
        for name in names:
            column = chunk.values.get(name)
            if column is not None:
                measured |= column.codes >= 0 if isinstance(column, Coded) else ~np.isnan(column)
    return measured


def _coded(array: pa.Array) -> Coded:
    encoded = array.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Coded(codes.astype(np.int64), encoded.dictionary.to_pylist())


def _column(array: pa.Array) -> Column:
    import pyarrow as pa

    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return _coded(array)
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    numbers: Any = array.to_numpy(zero_copy_only=False)
    return numbers.astype(np.float64)  # type: ignore[no-any-return]


def _lengths(array: pa.Array) -> Any:
    import pyarrow.compute as pc

    return pc.utf8_length(array).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


def _undeclared(batch: Any, names: Set[str]) -> dict[str, Column]:
    """Return signals that have no column: they stand in ``meta``."""
    if not names:
        return {}
    from webfilter.read.items import own_signals

    rows = [own_signals(meta) for meta in _metas(batch, "_signals")]
    return {name: _listed([row.get(name) for row in rows]) for name in names}


def _metas(batch: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yield the `meta` of each row, where it may have a field of that name; else an empty one."""
    sought = json.dumps(name, ensure_ascii=False)
    for said in batch.column("meta").to_pylist():
        meta = json.loads(said) if said and sought in said else {}
        yield meta if isinstance(meta, dict) else {}


def _field(meta: Mapping[str, Any], name: str) -> str | None:
    """Return a field of `meta`; what is no text as JSON."""
    said = meta.get(name)
    if said is None or isinstance(said, str):
        return said
    try:
        return json.dumps(said, ensure_ascii=False, sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):  # in memory it may be anything
        return f"<{type(said).__name__}>"


def _listed(values: Sequence[Any]) -> Column:
    """Return the values of a signal as a column."""
    if any(isinstance(value, str) for value in values):
        return Coded.of(value if isinstance(value, str) else None for value in values)
    return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: Any) -> float:
    try:
        return math.nan if value is None else float(value)
    except OverflowError:  # an int beyond all floats
        return math.copysign(sys.float_info.max, value > 0 or -1)


def _chunk(batch: Any, kind: str, plan: Plan, values: Mapping[str, Column]) -> Chunk:
    """Return the chunk of a batch of rows, without what finds them again."""
    size = batch.num_rows
    whole = batch.column("verdict")
    verdict = dict(zip((field.name for field in whole.type), whole.flatten(), strict=True))
    stage = _coded(verdict["stage"])
    steps = {name: step for step, name in enumerate(plan.names)}
    table = np.array([*(steps.get(name, -1) for name in stage.values), -1], dtype=np.int64)
    at = np.full(size, len(plan.names)) if kind == "kept" else table[stage.codes]
    limit = verdict["limit"].to_numpy(zero_copy_only=False).astype(np.float64)
    return Chunk(
        size=size,
        at=at,
        failed=_coded(verdict["kind"]).among(("failed",)),
        signal=_coded(verdict["signal"]),
        op=_coded(verdict["op"]),
        limit=limit,
        reason=_coded(verdict["reason"]),
        values=values,
        of=_coded(verdict["of"]) if "of" in verdict else None,
    )


def _lines(path: str, kind: str) -> Iterator[Document]:
    from webfilter.read import read

    for doc in read.jsonl(path, verdicts=True, max_bytes=None):
        verdict = doc.verdict
        if kind != "failed" and verdict is not None and verdict.kind == "failed":
            raise SourceError(f"{path}: damaged: {verdict.reason}")
        yield doc


def _of_documents(
    docs: Sequence[Document] | Iterator[Document],
    kind: str | None,
    plan: Plan,
    wanted: Set[str],
    report: Report,
    meta: str | None,
) -> Iterator[Chunk]:
    """Yield chunks of documents that are at hand, those of a folder as that folder's kind."""
    stream = iter(docs)
    steps = {name: step for step, name in enumerate(plan.names)}
    doubtful = _doubtful(plan, report)
    while part := list(islice(stream, ROWS if kind is None else 4_096)):
        verdicts = [None if kind == "kept" else doc.verdict for doc in part]
        yield Chunk(
            size=len(part),
            at=np.array(
                [len(steps) if v is None else steps.get(v.stage, -1) for v in verdicts],
                dtype=np.int64,
            ),
            failed=np.array([v is not None and v.kind == "failed" for v in verdicts], dtype=bool),
            signal=Coded.of(v and v.signal for v in verdicts),
            op=Coded.of(v and v.op for v in verdicts),
            limit=np.array([_number(v and v.limit) for v in verdicts], dtype=np.float64),
            reason=Coded.of(v and v.reason for v in verdicts),
            values={name: _listed([doc.signals.get(name) for doc in part]) for name in wanted},
            characters=np.array([len(doc.text) for doc in part], dtype=np.int64),
            measured=_measured(part, plan, None if kind is None else doubtful)
            if report.measure_all
            else {},
            ids=lambda rows, part=part: [part[row].id for row in rows],  # type: ignore[misc]
            texts=lambda part=part: [doc.text for doc in part],  # type: ignore[misc]
            place=part.__getitem__,
            of=Coded.of(v and v.of for v in verdicts),
            urls=lambda rows, part=part: [part[row].url for row in rows],  # type: ignore[misc]
            meta=None if meta is None else Coded.of(_field(doc.meta, meta) for doc in part),
        )


def _measured(
    part: Sequence[Document], plan: Plan, doubtful: Set[int] | None
) -> dict[int, npt.NDArray[np.bool_]]:
    """Return for each step which documents it measured: those with a signal that is its alone."""
    found: dict[int, npt.NDArray[np.bool_]] = {}
    before: set[str] = set()
    for step, measured in enumerate(plan.measures):
        names = set(measured) - before
        before |= names
        if names and (doubtful is None or step in doubtful):
            has = [not names.isdisjoint(doc.signals) for doc in part]
            found[step] = np.array(has, dtype=np.bool_)
        else:
            found[step] = np.full(len(part), doubtful is None or step not in doubtful)
    return found
