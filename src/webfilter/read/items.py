"""Documents from what people have in memory: documents, texts, pages, mappings.

A mapping is read the same way whether it comes from a list, a line of JSON or a row of a table.
Three layouts are known: free (``text``, ``html``, ``url``, ``id``; the other fields go to `meta`),
datatrove's (``text``, ``id``, ``metadata``), and webfilter's own, as JSON or as columns: those of
its Parquet files, which come through pandas, DuckDB or a dataset as rows with `meta` as text.
Fields ``metadata`` and ``meta`` that hold a JSON object as text, as columns of published data sets
do, are read as that object; datatrove's readers do so with the former.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
from collections.abc import Collection, Mapping
from typing import Any

from webfilter.document import Document, Verdict, plain
from webfilter.errors import DocumentError
from webfilter.read.cells import cell
from webfilter.read.marks import content_id, dropped, failed
from webfilter.read.options import Options
from webfilter.read.sniff import charset_of

__all__ = ["COLUMNS", "METADATA", "decoded", "document", "from_columns", "from_mapping"]

COLUMNS = frozenset(("id", "text", "url", "meta", "verdict", "html"))
"""Columns of a table that webfilter wrote, beside those of signals."""

METADATA = ("meta", "metadata")
"""Fields whose fields are the document's own; the latter goes before the former."""

_DEFAULT_ID = Options().id
_RESERVED = re.compile("_{2,}signals")
_TAKES = "give a Document, a str (text), bytes (HTML), a mapping or a table"


def document(item: Any, options: Options) -> Document:
    """Return `item` as a document; one that has failed, if it cannot be one.

    >>> document("Water boils at 100 °C.", Options()).text
    'Water boils at 100 °C.'
    >>> str(document(7, Options()).verdict)
    'read failed: an item is int: give a Document, a str (text), bytes (HTML), a mapping or a table'
    """
    if isinstance(item, Document):
        return item
    if isinstance(item, str):
        text = str(item)
        return Document(content_id(None, text), text) if text else dropped(content_id(""), "empty")
    if isinstance(item, (bytes, bytearray, memoryview)):
        page = bytes(item)
        id = content_id(None, page)
        return Document(id, html=page) if page else dropped(id, "empty")
    if hasattr(item, "as_py"):  # what iterating over an Arrow column gives; a struct is a Mapping
        return document(cell(item), options)
    if isinstance(item, Mapping):
        return from_mapping(item, options)
    try:
        seen = repr(item)
    except Exception:
        seen = "?"
    return failed(content_id(seen), f"an item is {type(item).__name__}: {_TAKES}")


class _Wrong(Exception):
    pass


def from_mapping(row: Mapping[Any, Any], options: Options, where: str = "") -> Document:
    """Return the document in `row`; a failed one if its fields do not fit. Never raises.

    Args:
        row: the fields.
        options: names of the fields.
        where: file and line, for what is said of a failure.
    """
    url: str | None = None
    id: str | None = None
    try:
        fields = {key if type(key) is str else str(key): value for key, value in row.items()}
        if {"meta", "signals", "verdict"} <= fields.keys() and isinstance(fields["signals"], dict):
            return _own(fields, options)
        if _has_columns(fields):
            return from_columns(fields, None, options.verdicts)
        html = fields.pop(options.html, None) if options.pages else None
        text = fields.pop(options.text, None)
        meta = _meta(fields)
        url = _url(_given(fields, meta, options.url, "url"))
        id = _id(_given(fields, meta, options.id))
        for key, value in fields.items():
            meta.setdefault(key, value)
        if options.text not in row and options.html not in row:
            raise _Wrong(_lacks(row, options))
        return _assemble(id, text, html, url, meta)
    except Exception as error:
        said = str(error) if isinstance(error, _Wrong) else f"{type(error).__name__}: {error}"
        reason = f"{said} ({where})" if where else said
        return failed(id or content_id(url, _shown(row)), reason, url)


def _assemble(
    id: str | None, text: Any, html: Any, url: str | None, meta: dict[str, Any]
) -> Document:
    page, body = _page(html, meta), _text(text)
    content: str | bytes = page if page else body
    name = id or content_id(url, content)
    return (
        Document(name, body, page, url, {}, meta) if content else dropped(name, "empty", url, meta)
    )


def _lacks(row: Mapping[Any, Any], options: Options) -> str:
    names = ", ".join(sorted(map(str, row))[:20]) or "none"
    return (
        f"no field {options.text!r} or {options.html!r} (fields: {names}): "
        "name it with text= or html="
    )


def _missing(value: Any) -> bool:
    """Whether `value` stands for nothing: None, NaN (as in pandas), NaT, or an empty text."""
    if value is None or value == "":
        return True
    try:
        return bool(value != value)
    except Exception:
        return False


def _url(value: Any) -> str | None:
    if isinstance(value, str):
        return str(value) or None
    if _missing(value):
        return None
    raise _Wrong(f"url is {type(value).__name__}, not str")


def _id(value: Any) -> str | None:
    if isinstance(value, str):
        return str(value) or None
    if _missing(value):
        return None
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, (bool, Mapping, list, tuple, set, frozenset)):
        raise _Wrong(f"id is {type(value).__name__}, not str or int")
    if hasattr(value, "is_integer") and value.is_integer():  # ints that pandas made floats
        value = int(value)
    return str(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if _missing(value):
        return ""
    hint = "; bytes go into html" if isinstance(value, (bytes, bytearray)) else ""
    raise _Wrong(f"text is {type(value).__name__}, not str{hint}")


def _page(value: Any, meta: dict[str, Any]) -> bytes | None:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str) and value:
        # we encode it, so whatever charset was said before is no longer true
        said = meta.get("content_type")
        charset = charset_of(said) if isinstance(said, str) else None
        if (charset or "").lower() not in ("utf-8", "utf8"):
            meta["content_type"] = "text/html; charset=utf-8"
        return value.encode("utf-8", "surrogatepass")
    if _missing(value):
        return None
    raise _Wrong(f"html is {type(value).__name__}, not bytes or str")


def _meta(fields: dict[str, Any]) -> dict[str, Any]:
    """Take the mappings ``metadata`` and ``meta`` out of `fields`, as one; as JSON text, too."""
    meta: dict[str, Any] = {}
    for key in METADATA:
        found = decoded(fields.get(key))
        if isinstance(found, Mapping):
            meta.update((str(name), value) for name, value in found.items())
            del fields[key]
    return meta


def _given(fields: dict[str, Any], meta: Mapping[str, Any], name: str, *more: str) -> Any:
    """Take the field `name` out of `fields`; where it is missing, find it or `more` in `meta`.

    An ``id`` in `meta` is one only for those who call it so: nobody said what it names.
    """
    found = fields.pop(name, None)
    for key in (name, *more):
        if _missing(found) and key != _DEFAULT_ID:
            found = meta.get(key)
    return found


def decoded(value: Any) -> Any:
    """Return what the text `value` is in JSON, `value` itself if it is none."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _own(fields: dict[str, Any], options: Options) -> Document:
    """Return a document that webfilter wrote as JSON."""
    meta = fields["meta"]
    if not isinstance(meta, Mapping):
        raise _Wrong(f"meta is {type(meta).__name__}, not a mapping")
    html = fields.get("html")
    packed = fields.get("html_base64")
    if isinstance(packed, str):
        try:
            html = base64.b64decode(packed, validate=True)
        except binascii.Error as error:
            raise _Wrong(f"html_base64 is not base64: {error}") from None
    return _restored(
        fields.get("id"),
        fields.get("text"),
        html,
        fields.get("url"),
        fields["signals"],
        dict(meta),
        fields["verdict"] if options.verdicts else None,
    )


def _has_columns(fields: Mapping[str, Any]) -> bool:
    """Whether `fields` are a row of a table that webfilter wrote."""
    if not fields.keys() >= COLUMNS - {"html"} or not isinstance(fields["meta"], str):
        return False
    verdict = fields["verdict"]
    if not (
        _missing(verdict) or (isinstance(verdict, Mapping) and {"stage", "kind"} <= {*verdict})
    ):
        return False
    try:
        return isinstance(json.loads(fields["meta"]), dict)
    except (ValueError, RecursionError):
        return False


def from_columns(
    row: Mapping[str, Any], signals: Collection[str] | None, verdicts: bool
) -> Document:
    """Return a document that webfilter wrote as columns. A column that somebody added is meta.

    Args:
        row: the columns.
        signals: which columns are signals; None, where nothing says so: all that hold scalars.
        verdicts: give back the verdict.

    Raises:
        Exception: of many kinds; `row` is not what webfilter wrote.
    """
    said = row.get("meta")
    meta = json.loads(said) if said else {}
    if not isinstance(meta, dict):
        meta = {"meta": meta}
    undeclared = own_signals(meta)
    measured: dict[str, Any] = {}
    for key, value in row.items():
        if signals is None and key not in COLUMNS:
            try:
                measured[key] = plain(key, value)
            except DocumentError:
                meta.setdefault(key, value)
        elif signals is not None and key in signals:
            measured[key] = value
        elif key not in COLUMNS:
            meta.setdefault(key, value)
    verdict = row.get("verdict") if verdicts else None
    verdict = None if _missing(verdict) else verdict
    if verdict is not None and verdict.get("value") is not None:
        verdict = {**verdict, "value": json.loads(verdict["value"])}
    measured.update(undeclared)
    return _restored(
        row.get("id"), row.get("text"), row.get("html"), row.get("url"), measured, meta, verdict
    )


def _restored(
    id: Any,
    text: Any,
    html: Any,
    url: Any,
    signals: Mapping[str, Any],
    meta: dict[str, Any],
    verdict: Any,
) -> Document:
    """Return a document as webfilter wrote it, its signals measured and `verdict` as given.

    Raises:
        DocumentError: a signal is not a scalar.
    """
    doc = _assemble(_id(id), text, html, _url(url), meta)
    measured = {str(name): plain(name, value) for name, value in signals.items()}
    given = None if verdict is None else _verdict(verdict)
    return Document(doc.id, doc.text, doc.html, doc.url, measured, meta, given or doc.verdict)


def own_signals(meta: dict[str, Any]) -> dict[str, Any]:
    """Take the undeclared signals out of `meta`, where the Parquet writer puts them."""
    found = meta.pop("_signals", None)
    for key in sorted((key for key in meta if _RESERVED.fullmatch(key)), key=len):
        meta[key[1:]] = meta.pop(key)  # the shortest first: its place is free
    return found if isinstance(found, dict) else {}


def _verdict(fields: Any) -> Verdict:
    if not isinstance(fields, Mapping):
        raise _Wrong(f"verdict is {type(fields).__name__}, not a mapping")
    known = {key: fields.get(key) for key in ("signal", "value", "limit", "of", "op")}
    kind = fields.get("kind")
    if kind not in ("dropped", "failed"):
        raise _Wrong(f"the verdict's kind is {kind!r}, not 'dropped' or 'failed'")
    for key in ("signal", "of", "op"):
        if not isinstance(known[key], str | None):
            raise _Wrong(f"the verdict's {key} is {type(known[key]).__name__}, not a text")
    limit = known["limit"]
    if not isinstance(limit, int | float | None):
        raise _Wrong(f"the verdict's limit is {type(limit).__name__}, not a number")
    if isinstance(limit, int) and abs(limit) > sys.float_info.max:
        raise _Wrong("the verdict's limit is beyond all floats")
    try:
        known["value"] = plain("value", known["value"])
    except DocumentError:
        known["value"] = str(known["value"])
    return Verdict(str(fields.get("stage")), str(fields.get("reason")), kind=kind, **known)


def _shown(row: Mapping[Any, Any]) -> str:
    try:
        return repr(dict(row))
    except Exception:
        return type(row).__name__
