"""The record that travels: a `Document` gathers signals and at most one `Verdict`.

Both are frozen. A stage returns new documents made by `Document.with_signals`, `Document.drop` or
`Document.fail`; nobody else's document is ever changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from typing import Any, Literal

from webfilter.errors import DocumentError

__all__ = ["Document", "Value", "Verdict"]

Value = float | int | bool | str | None
"""What a signal can be. None: undefined here, so rules abstain. NaN never occurs."""

_SHOWN, _SIGNALS = 60, 12
"""Characters of a value, and signals, that the repr of a document shows."""
_PLAIN = (int, str, bool, type(None))


def plain(name: str, value: Any) -> Value:
    """Return `value` as a `Value`: NumPy scalars unwrapped, NaN and infinities as None.

    Raises:
        DocumentError: the value is not a scalar.
    """
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind in _PLAIN:
        return value  # type: ignore[no-any-return]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain(name, value.item())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (int, str)):  # subclasses such as enum members
        return str(value) if isinstance(value, str) else int(value)
    raise DocumentError(
        f"signal {name!r} is a {kind.__name__}: signals are int, float, bool, str or None"
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a document left the pipeline. A document without one is still in.

    >>> str(Verdict("gopher_quality", "words", "words", 12, 50.0, op="<"))
    'gopher_quality: words 12 < 50'
    """

    stage: str
    """Unique name of the stage in its pipeline, such as ``gopher_quality``."""
    reason: str
    """What was violated (the signal's name), or what broke (``ValueError: ...``)."""
    signal: str | None = None
    """The signal that was judged, if one was."""
    value: Value = None
    """Its value."""
    limit: float | None = None
    """The limit it violated, if that is a number."""
    kind: Literal["dropped", "failed"] = "dropped"
    """``failed`` means that the stage broke on the document; never mixed with ``dropped``."""
    of: str | None = None
    """Id of the document that this one duplicates."""
    op: str | None = None
    """How value and limit compare: ``<``, ``<=``, ``>``, ``>=`` or ``not in``."""

    def __str__(self) -> str:
        said = f"{self.stage}: {self.reason}"
        if self.kind == "failed":
            said = f"{self.stage} failed: {self.reason}"
        elif self.signal is not None and self.op is not None:
            value = f"{self.value:.4g}" if isinstance(self.value, float) else repr(self.value)
            limit = "the accepted set" if self.limit is None else f"{self.limit:g}"
            said = f"{self.stage}: {self.signal} {value} {self.op} {limit}"
            if self.reason != self.signal:
                said += f" ({self.reason})"
        return f"{said} (of {self.of})" if self.of is not None else said


@dataclass(frozen=True, slots=True)
class Document:
    """One page, or one text, with what has been measured on it.

    Raises:
        DocumentError: `id` is empty or not a str, or `text`, `html`, `url` have the wrong type.

    >>> page = Document("a", "Water boils at 100 °C.")
    >>> page.with_signals({"words": 5}).drop(Verdict("gopher_quality", "words")).live
    False
    """

    id: str
    """Stable name: from the URL, the record id or the content; never a row number."""
    text: str = ""
    """Empty until a page has been extracted."""
    html: bytes | None = None
    """The page as fetched, undecoded; None once the text has been extracted."""
    url: str | None = None
    """Where it was found; None where the source does not say, and rules about URLs abstain."""
    signals: Mapping[str, Value] = field(default_factory=dict)
    """What was measured so far; scalars only, so each is one column."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """The source's own fields, untouched."""
    verdict: Verdict | None = None
    """Why it left the pipeline; None: it is still in."""

    def __post_init__(self) -> None:
        if type(self.id) is not str or not self.id:
            raise DocumentError(f"document id must be a non-empty str, not {self.id!r}")
        if type(self.text) is not str:
            raise DocumentError(_wrong(self.id, "text", "str", self.text))
        if self.html is not None and type(self.html) is not bytes:
            raise DocumentError(_wrong(self.id, "html", "bytes or None", self.html))
        if self.url is not None and type(self.url) is not str:
            raise DocumentError(_wrong(self.id, "url", "str or None", self.url))

    def __repr__(self) -> str:
        """Return a line that tells the document: long values are cut, `meta` is left out.

        >>> Document("a", "Water boils at 100 °C.", signals={"words": 5})
        Document(id='a', text='Water boils at 100 °C.' (22 characters), signals={'words': 5})
        """
        said = [
            f"id={_brief(self.id)}",
            f"text={_brief(self.text)} ({len(self.text):,} characters)",
        ]
        if self.html is not None:
            said.append(f"html={len(self.html):,} bytes")
        if self.url is not None:
            said.append(f"url={_brief(self.url)}")
        if self.signals:
            pairs = islice(self.signals.items(), _SIGNALS)
            told = [f"{_brief(name)}: {_brief(value)}" for name, value in pairs]
            more = len(self.signals) - len(told)
            told += [f"... {more} more"] if more > 0 else []
            said.append(f"signals={{{', '.join(told)}}}")
        if self.verdict is not None:
            said.append(f"verdict={_brief(self.verdict)}")
        return f"Document({', '.join(said)})"

    @property
    def live(self) -> bool:
        """Whether the document is still in the pipeline."""
        return self.verdict is None

    def with_signals(self, signals: Mapping[str, Any]) -> Document:
        """Return the document with `signals` added; NaN and infinities become None.

        Raises:
            DocumentError: a value is not a scalar.
        """
        merged = dict(self.signals)
        for name, value in signals.items():
            merged[name] = plain(name, value)
        return replace(self, signals=merged)

    def drop(self, verdict: Verdict) -> Document:
        """Return the document with `verdict`, unless it has one already: the first one decides."""
        return self if self.verdict is not None else replace(self, verdict=verdict)

    def fail(self, stage: str, reason: str) -> Document:
        """Return the document as failed in `stage`, because of `reason`."""
        return self.drop(Verdict(stage, reason, kind="failed"))


def _brief(value: object) -> str:
    """Return `value` on one line, cut where it is long; never raises."""
    try:
        value = str(value) if isinstance(value, Verdict) else value
        if isinstance(value, str):
            return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}..."
        shown = repr(value)
    except Exception:  # such as an int of thousands of digits
        return f"<{type(value).__name__}>"
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _wrong(name: str, field_: str, wanted: str, got: object) -> str:
    return f"document {name!r}: {field_} must be {wanted}, not {type(got).__name__}"


# what sets the slots of a frozen class
_id, _text, _html, _url, _signals, _meta, _verdict = (
    Document.__dict__[field.name].__set__ for field in fields(Document)
)
_stage, _reason, _signal, _value, _limit, _kind, _of, _op = (
    Verdict.__dict__[field.name].__set__ for field in fields(Verdict)
)


def marked(doc: Document, signals: Mapping[str, Value], verdict: Verdict | None) -> Document:
    """Return `doc` with `signals` instead of its own, and `verdict`; both unchecked.

    For stages, which do it for every document: it costs half of what the constructor does.
    """
    made = object.__new__(Document)
    _id(made, doc.id), _text(made, doc.text), _html(made, doc.html), _url(made, doc.url)
    _signals(made, signals), _meta(made, doc.meta), _verdict(made, verdict)
    return made


def broken(stage: str, signal: str, value: Value, limit: float | None, op: str) -> Verdict:
    """Return the verdict on a broken rule, like the constructor's at half of its cost."""
    made = object.__new__(Verdict)
    _stage(made, stage), _reason(made, signal), _signal(made, signal), _value(made, value)
    _limit(made, limit), _kind(made, "dropped"), _of(made, None), _op(made, op)
    return made
