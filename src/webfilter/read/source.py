"""A `Source`: documents to be had by iterating, with what a progress bar needs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from webfilter.document import Document
from webfilter.errors import ConfigError, SourceError
from webfilter.read.asked import See, asked
from webfilter.read.items import document
from webfilter.read.marks import content_id, failed
from webfilter.read.options import Options
from webfilter.read.paths import File, files
from webfilter.read.remote import Lost
from webfilter.read.runs import said_of_runs
from webfilter.read.stored import Meter, Raw
from webfilter.stage import Signal

__all__ = ["Source", "file_source", "memory_source"]

_log = logging.getLogger("webfilter")


class Source:
    """Documents from somewhere. Iterating again reads again, where that is possible.

    What is no usable page comes with a verdict already, its stage ``read``.

    Args:
        start: returns a fresh iterator over the documents, given the source itself.
        paths: the files.
        size: of all files together, in bytes.
        once, signals: see the attributes.
    """

    def __init__(
        self,
        start: Callable[[Source], Iterator[Document]],
        *,
        paths: Sequence[str] = (),
        size: int | None = None,
        once: bool = False,
        signals: Sequence[Signal] = (),
    ) -> None:
        self.paths: list[str] = list(paths)
        """The files that are read, sorted; empty for what is in memory."""
        self.size: int | None = size
        """Bytes of all files, as stored; None where unknown or in memory."""
        self.skipped: Counter[str] = Counter()
        """Records that hold no pages (request, metadata, ...) by type; of the latest iteration."""
        self.signals: list[Signal] = list(signals)
        """What Parquet files of an earlier run have columns for; a run over them has them too."""
        self.meter: Meter = Meter()
        """Counts what `position` tells."""
        self.once: bool = once
        """The documents can be had once only: they come from an iterator or an open stream."""
        self.limit: int | None = None
        """Documents after which reading ends, where `take` was asked for; None: at the end."""
        self._start, self._begun = start, False

    @property
    def position(self) -> int:
        """Bytes read so far, of `size`, in the latest iteration."""
        return self.meter.position

    def __iter__(self) -> Iterator[Document]:
        if self.once and self._begun:
            raise SourceError(
                "this source is used up: it was made from an iterator, a pipe or an open file, and "
                "they can be read once; make it from a list, or from paths, to read it again"
            )
        self._begun = True
        self.meter.position = 0
        self.skipped.clear()
        return self._start(self)

    def take(self, count: int) -> Source:
        """Return the source of the first `count` documents: to try a recipe on some of a crawl.

        They are those that come first when all are read, whatever then works on them. A run over
        them is a whole run of its own, and its report says that no more was read; an online stage
        with a state remembers them.

        Args:
            count: documents, 1 or more; those that the reader itself drops, or cannot read, count.

        Raises:
            ConfigError: `count` is no such number.

        >>> from webfilter.read import read
        >>> [doc.text for doc in read(["One.", "Two.", "Three."]).take(2)]
        ['One.', 'Two.']
        """
        if type(count) is not int or count < 1:
            raise ConfigError(f"take: {count!r} documents; it takes a whole number, 1 or more")
        start = partial(_first, self, count)
        taken = Source(start, paths=self.paths, once=self.once, signals=self.signals)
        taken.limit = min(count, self.limit or count)
        taken.meter, taken.skipped = self.meter, self.skipped
        return taken

    def __repr__(self) -> str:
        said = []
        if self.paths:
            said += [self.paths[0] if len(self.paths) == 1 else f"{len(self.paths):,} files"]
        if self.size is not None:
            said += [f"{self.size:,} bytes"]
        if self.limit is not None:
            said += [f"the first {self.limit:,} documents"]
        return f"Source({', '.join(said)})"


def file_source(paths: Any, kind: str | None, options: Options) -> Source:
    """Return the source over the files at `paths`; see `webfilter.read.paths.files`."""
    found = files(paths, kind, options.storage)
    for said in said_of_runs(found) if not options.verdicts else ():
        _log.warning("%s", said)
    signals = _check(found, options)
    sizes = [file.size for file in found]
    known = [size for size in sizes if size is not None]
    return Source(
        partial(_from_files, found, options),
        paths=[file.path for file in found],
        size=sum(known) if len(known) == len(sizes) else None,
        once=any(file.stream is not None for file in found),
        signals=signals,
    )


def memory_source(items: Iterable[Any], options: Options) -> Source:
    """Return the source over `items`, which may be endless."""
    once = isinstance(items, Iterator)
    return Source(partial(_from_items, items, options), once=once)


def _first(whole: Source, count: int, taken: Source) -> Iterator[Document]:
    return islice(whole, count)


def _from_items(items: Iterable[Any], options: Options, source: Source) -> Iterator[Document]:
    from webfilter.read.frames import frame_source, is_frame

    with asked(options, type(items).__name__) as see:
        for item in items:
            if isinstance(item, (Document, str, bytes, Mapping)) or not is_frame(item):
                if isinstance(item, Mapping):
                    see(item)
                yield document(item, options)
                continue
            try:  # a part of a table: what pandas and Parquet files give in chunks
                yield from frame_source(item, options)
            except SourceError as error:
                yield failed(content_id(repr(item)), str(error))


def _check(found: Sequence[File], options: Options) -> list[Signal]:
    """Open Parquet files: all that are here, and the first that is elsewhere; return the signals.

    A signal of several files comes several times, in case they have it of several kinds.
    """
    from webfilter.read.paths import is_url

    seen = False
    signals: dict[Signal, None] = {}
    for file in found:
        if file.kind != "parquet" or (seen and is_url(file.path)):
            continue
        from webfilter.read.tables import check_columns, parquet_schema, stored_signals

        seen = seen or is_url(file.path)
        try:
            with file.open(options.storage) as handle:
                schema = parquet_schema(handle)
        except Exception as error:
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise SourceError(f"{file.path}: not a readable Parquet file: {said}") from error
        check_columns(schema, options, file.path)
        signals.update(dict.fromkeys(stored_signals(schema)))
    return list(signals)


def _from_files(found: Sequence[File], options: Options, source: Source) -> Iterator[Document]:
    end = 0
    for file in found:
        try:
            handle = file.open(options.storage)
        except Lost:
            raise
        except (OSError, ValueError) as error:
            said = f"{file.path} cannot be opened: {error}"
            yield failed(f"{file.path}@0", said, meta={"source": file.path})
        else:
            with handle, asked(options, file.path) as see:
                yield from _from_file(file, handle, options, source, see)
        end += file.size or 0
        source.meter.position = max(end, source.meter.position if file.size is None else 0)


def _from_file(
    file: File, handle: Any, options: Options, source: Source, see: See
) -> Iterator[Document]:
    if file.kind == "parquet":
        from webfilter.read.tables import read_parquet

        yield from read_parquet(handle, file.path, options, file.size, source.meter, see)
        return
    raw = Raw(handle, source.meter)
    if file.kind == "html":
        from webfilter.read.html_files import read_html

        yield read_html(raw, file.path, file.name, options)
    elif file.kind == "jsonl":
        from webfilter.read.jsonl_files import read_jsonl

        yield from read_jsonl(raw, file.path, options, source.skipped, see)
    else:
        from webfilter.read.warc_files import read_warc

        yield from read_warc(raw, file.path, options, source.skipped)
