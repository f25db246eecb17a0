"""Documents as columns: the schema of the Parquet files and of `to_arrow`.

======== ======= ==============================================================================
column   type    holds
======== ======= ==============================================================================
id       string
text     string
url      string  null where there is none
meta     string  the source's own fields as JSON (`webfilter.write.jsontext` has the rules)
*signal* int64,  one column for each declared signal, of its declared kind; null where it is
         float64 undefined or was not measured. An int where a float is declared becomes one. A run
         bool,   over Parquet files of an earlier run has their columns too.
         string
verdict  struct  stage, reason, signal, value (as JSON), limit (float64), op, kind, of; null for
                 a document that is kept
html     binary  only where asked for
======== ======= ==============================================================================

A signal that nobody declared, or a value that is not of the declared kind, is not lost: it stands
in `meta` under ``_signals``, and readers put it back. A field of the source that is itself called
``_signals`` gets one more underscore in front.

Lone surrogates become U+FFFD everywhere. The schema's metadata, key ``webfilter``, is JSON: the
names of the signal columns (``signals``), ``version`` (of this layout, 1), and what the run adds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from webfilter.document import Document, Verdict, plain
from webfilter.errors import DocumentError
from webfilter.stage import Signal
from webfilter.write.jsontext import json_text, utf8, without_surrogates

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["VERSION", "Columns", "to_arrow", "verdict_fields"]

VERSION = 1
"""Of the layout that this module describes."""

GROUP_ROWS = 1_000
"""Rows at which a row group ends."""
GROUP_BYTES = 32_000_000
"""Uncompressed bytes at which a row group ends."""

_OWN = ("id", "text", "url", "meta", "verdict", "html")
_RESERVED = re.compile("_+signals")
_INT64 = 2**63

_Name = Literal["float", "int", "bool", "str"]


class _Kind(NamedTuple):
    """What a column of signals holds."""

    exact: type
    fit: Callable[[Sequence[Any]], bool]
    """Whether values of exactly that type all stand in such a column as they are; it may say no
    where one by one they do."""


def verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """Return the fields of `verdict` in the order of its column; `value` as it is."""
    return {
        "stage": _string(verdict.stage),
        "reason": _string(verdict.reason),
        "signal": _string(verdict.signal),
        "value": verdict.value,
        "limit": _number(verdict.limit),
        "op": _string(verdict.op),
        "kind": _string(verdict.kind),
        "of": _string(verdict.of),
    }


def _number(value: Any) -> float | None:
    """Return `value` as a float; None for what is no number, NaN, or beyond all floats."""
    try:
        return float(value) if isinstance(value, (int, float)) and value == value else None
    except OverflowError:
        return None


def _string(value: Any) -> str | None:
    return None if value is None else without_surrogates(str(value))


class Columns:
    """Collects documents, and gives them back as an Arrow table.

    Args:
        signals: what gets a column. A name that is declared twice has the first kind (float, where
            one of them is int and the other float); a name that a column of ours has gets none.
        metadata: joins the schema's metadata.
        html: keep the pages too.
    """

    def __init__(
        self,
        signals: Sequence[Signal] = (),
        metadata: Mapping[str, str] | None = None,
        html: bool = False,
    ) -> None:
        kinds: dict[str, _Name] = {}
        for signal in signals:
            name = without_surrogates(signal.name)
            if name not in _OWN and not _RESERVED.fullmatch(name):
                first = kinds.setdefault(name, signal.kind)
                if {first, signal.kind} == {"int", "float"}:
                    kinds[name] = "float"
        self._kinds, self._names = kinds, frozenset(kinds)
        self._html = html
        ours = {"signals": list(kinds), "version": VERSION}
        self.metadata: dict[str, Any] = {**(metadata or {}), **ours}
        self.schema = _schema(kinds, html, self.metadata)
        self._rows: list[tuple[Any, ...]] = []
        self._signals: list[Mapping[str, Any]] = []
        self._extra: dict[int, dict[str, Any]] = {}  # by row, what stands in no column

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, doc: Document) -> int:
        """Append `doc` as a row; return about how many bytes it takes, uncompressed."""
        meta: Mapping[str, Any] = doc.meta
        if any(map(_reserved, meta)):
            meta = {f"_{key}" if _reserved(key) else key: item for key, item in meta.items()}
        verdict = None
        if doc.verdict is not None:
            verdict = verdict_fields(doc.verdict)
            verdict["value"] = json_text(verdict["value"])
        identity, text = utf8(doc.id), utf8(doc.text)
        url = None if doc.url is None else utf8(doc.url)
        packed = utf8(json_text(meta))
        page = (doc.html,) if self._html else ()
        size = len(identity) + len(text) + len(url or b"") + len(packed) + 9 * len(self._kinds) + 32
        if not doc.signals.keys() <= self._names:
            extra = {name: item for name, item in doc.signals.items() if name not in self._names}
            self._extra[len(self._rows)] = extra
            size += len(json_text(extra))
        self._rows.append((identity, text, url, packed, verdict, *page))
        self._signals.append(doc.signals)
        return size + (len(doc.html) if self._html and doc.html is not None else 0)

    def take(self) -> pa.Table:
        """Return the rows so far as a table, and forget them."""
        import pyarrow as pa

        own = list(zip(*self._rows, strict=True)) or [()] * (len(self.schema) - len(self._kinds))
        measured = [self._column(name, kind) for name, kind in self._kinds.items()]
        meta = list(own[3])
        for row, signals in self._extra.items():
            meta[row] = utf8(json_text({**json.loads(meta[row]), "_signals": signals}))
        self._rows, self._signals, self._extra = [], [], {}
        columns = (*own[:3], meta, *measured, *own[4:])
        arrays = [
            pa.array(column, type=field.type)
            for column, field in zip(columns, self.schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def _column(self, name: str, kind: _Name) -> list[Any]:
        """Return the cells of a signal; note the values that do not fit."""
        cells = [signals.get(name) for signals in self._signals]
        exact, fit = _KINDS[kind]
        types = set(map(type, cells)) - {NoneType}
        if types <= {exact} and fit([value for value in cells if value is not None]):
            return cells
        for row, value in enumerate(cells):
            fits, cells[row] = _fit(name, value, kind)
            if not fits:
                cells[row] = None
                self._extra.setdefault(row, {})[name] = value
        return cells


def _reserved(key: Any) -> bool:
    return isinstance(key, str) and _RESERVED.fullmatch(key) is not None


def _fit(name: str, value: Any, kind: _Name) -> tuple[bool, Any]:
    """Return whether `value` fits a column of `kind` without loss, and what then stands there."""
    try:
        value = plain(name, value)
    except DocumentError:
        return False, None
    if value is None:  # NaN and infinities are undefined
        return True, None
    if kind == "float" and type(value) is int:
        try:
            return float(value) == value, float(value)
        except OverflowError:
            return False, None
    if kind == "str" and type(value) is str:
        return True, without_surrogates(value)
    exact, fit = _KINDS[kind]
    return type(value) is exact and fit((value,)), value


_KINDS: dict[_Name, _Kind] = {
    "float": _Kind(float, lambda values: math.isfinite(sum(values))),
    "int": _Kind(int, lambda values: not values or -_INT64 <= min(values) <= max(values) < _INT64),
    "bool": _Kind(bool, lambda values: True),
    "str": _Kind(str, lambda values: "".join(values).isascii()),
}


def _schema(kinds: Mapping[str, str], html: bool, metadata: Mapping[str, Any]) -> pa.Schema:
    import pyarrow as pa

    arrow = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "str": pa.string()}
    verdict = pa.struct(
        [
            (name, pa.float64() if name == "limit" else pa.string())
            for name in verdict_fields(Verdict("", ""))
        ]
    )
    fields = [(name, pa.string()) for name in ("id", "text", "url", "meta")]
    fields += [(name, arrow[kind]) for name, kind in kinds.items()]
    fields += [("verdict", verdict)]
    fields += [("html", pa.binary())] if html else []
    return pa.schema(fields, metadata={"webfilter": json_text(metadata)})


def to_arrow(
    docs: Sequence[Document], signals: Sequence[Signal] | None = None, *, html: bool = False
) -> pa.Table:
    """Return `docs` as an Arrow table with the columns of the Parquet files.

    pandas, polars, DuckDB and Hugging Face `datasets` take it as it is (Arrow's PyCapsule
    interface).

    Args:
        docs: any documents, kept or not.
        signals: what gets a column; None finds them out from the documents.
        html: add the pages, as the column ``html``.

    >>> table = to_arrow([Document("a", "Water boils.", signals={"words": 2})])
    >>> table.column("words").to_pylist()
    [2]
    """
    import pyarrow as pa

    columns = Columns(_found(docs) if signals is None else signals, html=html)
    tables = []
    rest = iter(docs)
    while chunk := list(islice(rest, GROUP_ROWS)):  # a string column holds 2 GB at most
        for doc in chunk:
            columns.add(doc)
        tables.append(columns.take())
    return pa.concat_tables(tables or [columns.take()])


def _found(docs: Sequence[Document]) -> list[Signal]:
    """Return the signals that `docs` have, each of the first kind that one of its values is of."""
    kinds: dict[str, set[type]] = {}
    for doc in docs:
        for name, value in doc.signals.items():
            kinds.setdefault(name, set()).add(type(value))
    found = []
    kinds.pop("", None)  # a name for JSON only
    for name, types in kinds.items():
        types.discard(type(None))
        for kind, (exact, _) in _KINDS.items():
            if exact in types or not types:
                found.append(Signal(name, kind, ""))
                break
    return found
