"""The stage `Extract`: from the page as fetched to its main text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import ClassVar

from webfilter.binary import binary_kind
from webfilter.composed import composed
from webfilter.config import AnyPath
from webfilter.document import Document, Value
from webfilter.errors import ConfigError, UnknownName
from webfilter.extract.encoding import decode
from webfilter.extract.engine import ENGINES, Extracted, Options, Unfit, engine, versions
from webfilter.extract.metadata import page_metadata
from webfilter.extract.repair import check_repair, repaired
from webfilter.extract.sandbox import check_limits, process_apart
from webfilter.extract.windows import meant
from webfilter.extract.xhtml import opened
from webfilter.stage import Rule, Signal, Transform, judge

__all__ = ["AUTO", "UNSURE", "Extract"]

AUTO = "auto"
"""What `Extract` calls the choice of engine by page."""
_AUTO = ("blocks", "trafilatura")
UNSURE = 0.5
"""Confidence below which ``auto`` asks another engine."""
_CONTROLS = bytes((*range(9), *range(14, 32), 127))
_UNSEEN = "\u2060\u2061\u2062\u2063\u2064\ufeff"
_SOFT = re.compile("(?<![\xc2\xc3\xc5-\xd5\xd7-\xdb\xdd\xde])\xad+(?![\x80-\xbf])")
"""A soft hyphen, but where it may be half of a letter that was read as Latin-1."""
_PARTED = "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]"  # Thai, Lao, Tibetan, Burmese, Khmer
_ZERO_WIDTH = re.compile(f"(?<!{_PARTED})\u200b+(?!{_PARTED})")


@dataclass(frozen=True)
class Extract(Transform):
    r"""Turns the HTML of a page into its main text, by one engine with another in reserve.

    Documents without HTML (WET, JSONL) pass with the text they have. With `seconds` or `memory_mb`
    the work is done in a child process, and a page that hangs, crashes or needs too much memory
    fails alone, with that reason; so does what is no page but an image, a document, an archive.
    What the page declares about itself is added to ``meta``, never over what the source gave:
    ``title``, ``author``, ``date_published``, ``site``, ``language_declared``, ``canonical_url``,
    ``page_type``. What a reader of the page would not see is left out of its text: soft hyphens,
    control characters, spaces without width (but those that part Thai words). Control characters
    that stand for quotes and dashes of Windows-1252 are read as these, and letters with their
    marks as one character where there is one (NFC).

    With ``blocks``, formulas are TeX between ``\(`` and ``\)`` or ``\[`` and ``\]``, in Markdown
    between dollars, and exponents and indices are marked (10^-6, x_i); items of numbered lists have
    their numbers.

    Raises:
        UnknownName: there is no such engine.
        ConfigError: a time or memory limit is not positive, links are wanted in plain text, or
            failures are to be saved without limits.
        MissingExtra: `repair` is wanted and ftfy is not installed.

    >>> page = b"<html><body><article><p>Water boils at 100 degrees.</p></article></body></html>"
    >>> extract = Extract(engine="resiliparse", seconds=None, memory_mb=None)
    >>> [doc] = extract([Document("a", html=page)])
    >>> doc.text, doc.signals["extract_engine"], doc.signals["encoding"]
    ('Water boils at 100 degrees.', 'resiliparse', 'utf-8')
    """

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("html_bytes", "int", "Size of the page as fetched", "bytes", 0),
        Signal("encoding", "str", "Encoding the page was read in, by its WHATWG name"),
        Signal("encoding_from", "str", "Who said so: bom, header, meta or detected"),
        Signal("repaired", "bool", "Whether mojibake was found and undone; None: not looked for"),
        Signal("extract_engine", "str", "Engine that made the text; None: the text was given"),
        Signal("extract_version", "str", "Version of that engine"),
        Signal("extract_confidence", "float", "Expected word F1 of the text", "share", 0, 1),
        Signal("extract_fallback", "str", "Why it was not the first engine; None: it was"),
        Signal("extracted_characters", "int", "Length of the text", "characters", 0),
    )
    gates: ClassVar[tuple[str, ...]] = ("html_bytes",)

    engine: str = "auto"
    """``auto``: ``blocks``, our own (most accurate), and ``trafilatura`` where that is unsure. Or
    one of `ENGINES` alone: these two, ``resiliparse`` (fast), ``justext`` (paragraphs that read
    like sentences of the declared language), ``plain`` (all visible text)."""
    precision: bool = False
    """Leave out what is doubtful; costs much text (see the engines for figures)."""
    markdown: bool = False
    """Write Markdown (headings, lists, tables, code) instead of plain text."""
    links: bool = False
    """Keep the targets of links; in Markdown only."""
    repair: bool = False
    """Undo mojibake (UTF-8 read as Windows-1252 and saved again), in texts without HTML too; needs
    the extra ``ftfy``."""
    metadata: bool = True
    """Add what the page declares about itself to ``meta``: see `webfilter.extract.metadata`."""
    fallback: str | None = "resiliparse"
    """Engine for pages that the first cannot do, or finds nothing on; None (or the same engine):
    such pages fail, or stay empty."""
    seconds: float | None = 30.0
    """Time limit for one page, wall clock; None: no limit."""
    memory_mb: int | None = 1024
    """Limit on the private memory of the child process in MiB, about 100 of which it needs itself;
    None: no limit. Enforced on Linux only."""
    save_failures: AnyPath | None = None
    """Folder for the pages that time out, crash or run out of memory in the child process, so that
    it can be replayed: see `webfilter.extract.failures`. None: they are not saved."""
    max_bytes: int | None = 20_000_000
    """Most bytes of HTML; larger pages are dropped unread. None: no limit."""
    min_characters: int | None = 1
    """Least characters of extracted text; None: keep even pages without any."""
    keep_html: bool = False
    """Keep the HTML in the document, beside the text. What is dropped or fails here keeps it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_limits(self.name, self.seconds, self.memory_mb)
        if self.save_failures is not None and self.seconds is None and self.memory_mb is None:
            raise ConfigError(
                f"{self.name}: save_failures = {str(self.save_failures)!r} needs a limit: without "
                "seconds and memory_mb there is no child process that could fail"
            )
        if self.repair:
            check_repair(self.name)
        if self.links and not self.markdown:
            raise ConfigError(f"{self.name}: links = True needs markdown = True")
        if self.engine not in (AUTO, *ENGINES):
            raise UnknownName(f"engine of {self.name}", self.engine, (AUTO, *ENGINES))
        if self.fallback is not None and self.fallback not in ENGINES:
            raise UnknownName(f"fallback engine of {self.name}", self.fallback, ENGINES)

    @property
    def _options(self) -> Options:
        return Options(self.precision, self.markdown, self.links)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Not too large, not empty."""
        rules = []
        if self.max_bytes is not None:
            rules.append(Rule("html_bytes", le=self.max_bytes))
        if self.min_characters is not None:
            rules.append(Rule("extracted_characters", ge=self.min_characters))
        return tuple(rules)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """Versions of the engines and of the parsers under them."""
        found = dict(versions("resiliparse"))  # it detects encodings too
        for name in self._engines:
            found |= versions(name)
        if self.repair:
            found["ftfy"] = version("ftfy")
        return dict(sorted(found.items()))

    @property
    def _engines(self) -> tuple[str, ...]:
        """Every engine that may be asked, the first first."""
        names = (*_AUTO, self.fallback) if self.engine == AUTO else (self.engine, self.fallback)
        return tuple(name for name in dict.fromkeys(names) if name is not None)

    def load(self) -> None:
        """Import the engines now, so that the first page is no slower than the rest."""
        for name in self._engines:
            engine(name, self._options)

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Extract each page of `batch`, in a child process if there are limits."""
        rules = self.rules
        if self.seconds is None and self.memory_mb is None:
            return [self._judged(self._extracted(doc), rules) for doc in batch]
        apart = [i for i, doc in enumerate(batch) if self._reads(doc)]
        # rules are for the parent, so that one child serves whatever limits are tried
        inner = replace(
            self, seconds=None, memory_mb=None, save_failures=None,
            max_bytes=None, min_characters=None, keep_html=True,
        )  # fmt: skip
        pages = [batch[i] for i in apart]
        done = process_apart(
            inner, pages, self.seconds, self.memory_mb, self.name, self.save_failures
        )
        marked = dict(zip(apart, done, strict=True))
        return [
            self._judged(marked[i] if i in marked else self._extracted(doc), rules)
            for i, doc in enumerate(batch)
        ]

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        """Return the main text of `doc` and how it was made.

        Raises:
            Unfit: it is no page, or of a shape that no engine should be given.
        """
        text, signals, _ = self._extract(doc)
        return text, signals

    def _reads(self, doc: Document) -> bool:
        if doc.html is None:
            return False
        return self.max_bytes is None or len(doc.html) <= self.max_bytes

    def _extracted(self, doc: Document) -> Document:
        try:
            text, signals, said = self._extract(doc)
        except Unfit as unfit:
            return doc.fail(self.name, str(unfit))
        new = {key: value for key, value in said.items() if key not in doc.meta}
        meta = {**doc.meta, **new} if new else doc.meta
        return replace(doc, text=text, signals={**doc.signals, **signals}, meta=meta)

    def _judged(self, doc: Document, rules: Sequence[Rule]) -> Document:
        if doc.verdict is not None:
            return doc
        verdict = judge(rules, doc.signals, self.name)
        html = doc.html if self.keep_html or verdict is not None else None
        return replace(doc, html=html, verdict=verdict)

    def _extract(self, doc: Document) -> tuple[str, dict[str, Value], dict[str, str]]:
        """Return text, signals, and what goes into `meta`."""
        signals: dict[str, Value] = dict.fromkeys(signal.name for signal in self.measures)
        if doc.html is None:
            text = repaired(doc.text) if self.repair else doc.text
            signals["repaired"] = text is not doc.text if self.repair else None
            signals["extracted_characters"] = len(text)
            return text, signals, {}
        signals["html_bytes"] = len(doc.html)
        if not self._reads(doc):
            return doc.text, signals, {}
        decoded, encoding, source = decode(doc.html, doc.meta.get("content_type"))
        if (kind := binary_kind(doc.html, encoding)) is not None:
            raise Unfit(f"not a page: {kind}")
        decoded = meant(opened(decoded, doc.meta.get("content_type")))
        html = repaired(decoded) if self.repair else decoded
        (found, confidence), by, why = self._run(html, doc.url)
        text = repaired(found) if self.repair else found  # it may have been written as entities
        signals |= {
            "encoding": encoding,
            "encoding_from": source,
            "repaired": (html is not decoded or text is not found) if self.repair else None,
            "extract_engine": by,
            "extract_version": next(iter(versions(by).values())),
            "extract_confidence": confidence,
            "extract_fallback": why,
            "extracted_characters": len(text),
        }
        return text, signals, page_metadata(html, doc.url) if self.metadata else {}

    def _run(self, html: str, url: str | None) -> tuple[Extracted, str, str | None]:
        """Return the text, the engine that made it, and why not the first one."""
        first, other = self._engines[0], self.fallback
        unfit = True
        found = Extracted("")
        try:
            found = _tidy(engine(first, self._options).extract(html, url))
            unfit, why = False, None if found.text else "nothing found"
        except MemoryError:
            raise
        except Exception as error:  # whatever an engine trips over, the other may not
            if other in (None, first):
                raise
            why = str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"
        sure = found.confidence
        if why is None and self.engine == AUTO and sure is not None and sure < UNSURE:
            other, why = _AUTO[1], f"{first} is unsure: {sure:.2f} < {UNSURE}"
        if why is None or other in (None, first):
            return found, first, None
        try:
            second = _tidy(engine(other, self._options).extract(html, url))
        except Unfit as also:
            if unfit:
                raise Unfit(f"{first}: {why}; {other}: {also}") from also
            second = Extracted("")
        return (second, other, why) if second.text or unfit else (found, first, None)


def _tidy(found: Extracted) -> Extracted:
    """Return `found` with its text stripped and composed, newlines plain, without what nobody sees.

    That is control characters, soft hyphens, marks of byte order and joiners of words, and spaces
    without width but beside letters of scripts that part words with them; and lone surrogates.
    """
    text = found.text.replace("\r\n", "\n").replace("\r", "\n")
    for unseen in _UNSEEN:
        text = text.replace(unseen, "")
    if "\xad" in text:
        text = _SOFT.sub("", text)
    if "\u200b" in text:
        text = _ZERO_WIDTH.sub("", text)
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        raw = text.encode()
    left = raw.translate(None, _CONTROLS)
    text = left.decode() if len(left) < len(raw) else text
    return found._replace(text=composed(text).strip())
