"""`read`: one name that finds out what it was given, with the explicit readers beside it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from webfilter.document import Document
from webfilter.errors import SourceError
from webfilter.read.options import MAX_BYTES, Options
from webfilter.read.source import Source, file_source, memory_source

__all__ = ["Paths", "Reader", "read"]

Paths = str | os.PathLike[str] | BinaryIO | Iterable[str | os.PathLike[str] | BinaryIO]
"""One path or several: files, folders, glob patterns, URLs for fsspec, ``-`` for standard input.

An open binary file will do, too, such as what `gzip.open` or `urllib.request.urlopen` return.
"""


class Reader:
    """What `read` is: call it, or use the reader of one kind that is among its attributes."""

    def __call__(
        self,
        source: Any,
        *,
        text: str = "text",
        html: str = "html",
        id: str = "id",
        url: str = "url",
        verdicts: bool = False,
        max_bytes: int | None = MAX_BYTES,
        http_headers: Sequence[str] = (),
        digests: bool = False,
        storage: Mapping[str, Any] | None = None,
    ) -> Source:
        """Return the documents in `source`, whatever it is.

        Args:
            source: a path, folder, glob pattern or URL, ``-`` for standard input, an open binary
                file (of JSON Lines, WARC or HTML, plain or compressed), or a list of these;
                a list or any other iterable of texts (str), pages (bytes), mappings, documents or
                parts of a table (data frames, record batches); a data frame or Arrow table; a
                Hugging Face dataset; or a `Source`, which is returned as it is.
            text: field or column that holds the text.
            html: field or column that holds the page; ``html="text"`` where pages are called so.
            id: field or column that holds the id; rows without one are named by their content.
            url: field or column that holds the URL. Both may stand within a field ``metadata``
                or ``meta``: ``id="WARC-Record-ID", url="WARC-Target-URI"``.
            verdicts: keep the verdicts in files that webfilter wrote, so that what was dropped
                stays dropped; otherwise rules judge afresh.
            max_bytes: size above which a page, record, line or row of a file is not loaded but
                dropped (``too_large``); None: no limit.
            http_headers: HTTP response headers to keep in `meta`, under their names in lower case
                with ``_`` for ``-``.
            digests: check WARC block digests, about a quarter slower; what differs is failed.
            storage: arguments for the fsspec file system of URLs, such as credentials.

        Raises:
            SourceError: nothing can be read there; says what and why.
            MissingExtra: lz4 files, and lz4 is not installed.
            ConfigError: an option does not fit.

        >>> [doc.text for doc in read(["Water boils at 100 °C.", {"text": "Ice melts at 0 °C."}])]
        ['Water boils at 100 °C.', 'Ice melts at 0 °C.']
        """
        if isinstance(source, Source):
            return source
        options = Options(
            text=text,
            html=html,
            id=id,
            url=url,
            verdicts=verdicts,
            max_bytes=max_bytes,
            http_headers=_names(http_headers),
            digests=digests,
            storage=storage or {},
        )
        return _detect(source, options)

    @staticmethod
    def files(
        paths: Paths,
        *,
        text: str = "text",
        html: str = "html",
        id: str = "id",
        url: str = "url",
        max_bytes: int | None = MAX_BYTES,
        verdicts: bool = False,
        storage: Mapping[str, Any] | None = None,
    ) -> Source:
        """Return the documents in the files at `paths`, each read by its kind.

        Unlike `read` it never takes a list of str for texts.

        Raises:
            SourceError: a path leads nowhere, or to nothing that can be read.
        """
        options = Options(
            text=text,
            html=html,
            id=id,
            url=url,
            max_bytes=max_bytes,
            verdicts=verdicts,
            storage=storage or {},
        )
        return file_source(_several(paths), None, options)

    @staticmethod
    def warc(
        paths: Paths,
        *,
        max_bytes: int | None = MAX_BYTES,
        http_headers: Sequence[str] = (),
        digests: bool = False,
        storage: Mapping[str, Any] | None = None,
    ) -> Source:
        """Return the pages in WARC files (plain, gz, zst, lz4, xz, bz2).

        Args:
            paths: files, folders, glob patterns, URLs.
            max_bytes: size above which a record is not loaded, in bytes.
            http_headers: HTTP response headers to keep in `meta`.
            digests: check the records' block digests.
            storage: arguments for fsspec.

        Raises:
            SourceError: nothing is there, or no WARC file in a folder or pattern. A file
                that is named is read as one, whatever its name ends with.
        """
        options = Options(
            max_bytes=max_bytes,
            http_headers=_names(http_headers),
            digests=digests,
            storage=storage or {},
        )
        return file_source(_several(paths), "warc", options)

    @staticmethod
    def wet(
        paths: Paths,
        *,
        max_bytes: int | None = MAX_BYTES,
        digests: bool = False,
        storage: Mapping[str, Any] | None = None,
    ) -> Source:
        """Return the texts in WET files, as Common Crawl makes them; see `warc`."""
        options = Options(max_bytes=max_bytes, digests=digests, storage=storage or {})
        return file_source(_several(paths), "wet", options)

    @staticmethod
    def html(
        paths: Paths,
        *,
        max_bytes: int | None = MAX_BYTES,
        storage: Mapping[str, Any] | None = None,
    ) -> Source:
        """Return one page for each HTML file; its id is its path in the folder given.

        Raises:
            SourceError: nothing is there, or no HTML file in a folder or pattern. A file
                that is named is read as one, whatever its name ends with.
        """
        options = Options(max_bytes=max_bytes, storage=storage or {})
        return file_source(_several(paths), "html", options)

    @staticmethod
    def jsonl(
        paths: Paths,
        *,
        text: str = "text",
        html: str = "html",
        id: str = "id",
        url: str = "url",
        verdicts: bool = False,
        max_bytes: int | None = MAX_BYTES,
        storage: Mapping[str, Any] | None = None,
    ) -> Source:
        """Return one document for each line of JSON Lines files (plain, gz, zst, xz, bz2, lz4).

        Fields without a role go to `meta`. datatrove's layout (``text, id, metadata``) and
        webfilter's own are understood. Of a folder or pattern those files are read that are called
        ``.jsonl``, ``.ndjson``, ``.jsonlines``, or, where they are compressed, ``.json``.

        Raises:
            SourceError: nothing is there, or no JSON Lines file in a folder or pattern. A file
                that is named is read as one, whatever its name ends with.
        """
        options = Options(text, html, id, url, verdicts, max_bytes, storage=storage or {})
        return file_source(_several(paths), "jsonl", options)

    @staticmethod
    def parquet(
        paths: Paths,
        *,
        text: str = "text",
        html: str = "html",
        id: str = "id",
        url: str = "url",
        verdicts: bool = False,
        max_bytes: int | None = MAX_BYTES,
        storage: Mapping[str, Any] | None = None,
    ) -> Source:
        """Return one document for each row of Parquet files.

        Columns without a role go to `meta`. Files that webfilter wrote give back signals too.

        Raises:
            SourceError: a path leads nowhere, or to no Parquet file with such columns.
        """
        options = Options(text, html, id, url, verdicts, max_bytes, storage=storage or {})
        return file_source(_several(paths), "parquet", options)

    @staticmethod
    def frame(
        table: Any,
        *,
        text: str = "text",
        html: str = "html",
        id: str = "id",
        url: str = "url",
        verdicts: bool = False,
    ) -> Source:
        """Return one document for each row of a pandas, polars or Arrow table.

        Whatever has Arrow's PyCapsule interface will do. Columns without a role go to `meta`.

        Raises:
            SourceError: it is no table, or has no such columns.
        """
        from webfilter.read.frames import frame_source

        return frame_source(table, Options(text, html, id, url, verdicts))

    @staticmethod
    def memory(
        items: Iterable[Any],
        *,
        text: str = "text",
        html: str = "html",
        id: str = "id",
        url: str = "url",
        verdicts: bool = False,
    ) -> Source:
        """Return a document for each of `items`: texts (str), pages (bytes), mappings, documents.

        Of a table (a data frame, a record batch) among them each row is one. Unlike `read` it never
        takes a str for a path. An iterator is read lazily, and once.

        Raises:
            SourceError: `items` is one item, or cannot be iterated.

        >>> [doc.text for doc in Reader.memory(["pages.html"])]
        ['pages.html']
        """
        _check_items(items)
        return memory_source(items, Options(text, html, id, url, verdicts))


read = Reader()
"""Reads whatever it is given; see `Reader.__call__`."""


def _names(names: Any) -> Any:
    """Return the names as `Options` takes them; what are none, it will refuse."""
    if isinstance(names, str):
        return (names,)
    return tuple(names) if isinstance(names, Iterable) else names


def _several(paths: Any) -> list[Any]:
    if isinstance(paths, (str, bytes, os.PathLike)) or hasattr(paths, "read"):
        return [paths]
    if not isinstance(paths, Iterable):
        raise SourceError(f"a path is {type(paths).__name__}: give str or Path, or a list of them")
    return list(paths)


def _is_file(thing: Any) -> bool:
    return hasattr(thing, "read") and not hasattr(thing, "chunksize")  # which pandas' readers have


def _check_items(items: Any) -> None:
    if isinstance(items, (str, bytes, bytearray, Document)):
        raise SourceError(f"a single {type(items).__name__} was given: put it in a list")
    if isinstance(items, Mapping):
        names = list(items)[:5]
        raise SourceError(
            f"a single mapping was given ({', '.join(map(repr, names))}): put it in a list, or "
            "choose one split of a dataset dictionary"
        )
    if _is_file(items):
        raise SourceError("an open file was given: wf.read takes it, or its path")
    if not isinstance(items, Iterable) and not hasattr(items, "__getitem__"):
        hint = "; call it to get its items" if callable(items) else ""
        raise SourceError(
            f"{type(items).__name__} cannot be read: give paths, texts, mappings, a table or "
            f"a dataset{hint}"
        )


def _detect(source: Any, options: Options) -> Source:
    from webfilter.read.frames import frame_source, is_frame

    if isinstance(source, (str, os.PathLike)):
        return file_source([source], None, options)
    if is_frame(source):
        return frame_source(source, options)
    if _is_file(source):
        return file_source([source], None, options)
    _check_items(source)
    if isinstance(source, (list, tuple, set, frozenset)) and _are_paths(source):
        return file_source(source, None, options)
    return memory_source(source, options)


def _are_paths(items: Iterable[Any]) -> bool:
    """Return whether a list holds paths or open files.

    Texts are the rule: a list of str must look like paths.

    Raises:
        SourceError: it could be either.
    """
    from webfilter.read.paths import looks_like_path

    like = unlike = None
    for item in items:
        if isinstance(item, os.PathLike) or (isinstance(item, str) and looks_like_path(item)):
            like = like or repr(str(item))
        elif hasattr(item, "read"):
            like = like or repr(item)
        elif not isinstance(item, str) or any(char.isspace() for char in item):
            return False
        else:
            unlike = unlike or item
    if like is not None and unlike is not None:
        raise SourceError(
            f"{like} looks like a path and {unlike[:60]!r} does not: read paths with "
            "wf.read.files, texts with wf.read.memory"
        )
    return like is not None
