"""Signatures in datatrove's files: ours for its steps two to four, its for our resolving.

As `MinhashDedupSignature` of datatrove 0.10 lays them out: a folder for each bucket (band), in it a
file for each rank (part of the documents), ``bucket_003/00012.minhash.sig``. A file is records
without a header, ascending: the ``hashes_per_bucket`` values of a document, unsigned little-endian
in 64 or 32 bits, then its number within the rank, from 0, as 32 bits. Documents without a
signature have no record, but they count.

Ours are not datatrove's signatures (other words, another hash family): never mix them in a folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from webfilter.dedup.interchange import keyed
from webfilter.dedup.minhash import MinHash
from webfilter.dedup.signature import band_keys
from webfilter.dedup.sketch import Scheme, Sketch
from webfilter.document import Document
from webfilter.errors import ConfigError, OutputError, SourceError, because
from webfilter.text.points import mix

__all__ = ["from_datatrove", "to_datatrove"]

_BATCH = 1_000
_FILE = re.compile(r"(\d+)\.minhash\.sig")
_BUCKET = re.compile(r"bucket_(\d{3,})")
_BITS = {64: 61, 32: 32}  # datatrove stops reading at the largest value of so many bits

Precision = Literal[32, 64]


def to_datatrove(
    step: MinHash,
    docs: Iterable[Document],
    folder: str | Path,
    *,
    rank: int = 0,
    precision: Precision = 64,
) -> int:
    """Write the signatures of `docs` as one rank in datatrove's layout; return how many documents.

    ``MinhashDedupBuckets`` and ``MinhashDedupCluster`` then find in `folder` the clusters that
    ``MinHash.profile("datatrove")`` finds, when their ``MinhashConfig`` has the bands, rows and
    precision of `step`. Values are mixed and cut to the precision (61 of 64 bits, as datatrove has
    it), so that they spread evenly over its workers; the order of records is that of `docs`, so
    ``MinhashDedupFilter`` must read the documents in the same order.

    Args:
        step: what makes the signatures; `MinHash.layout` says how many buckets and values.
        docs: the documents of the rank, all of them, in order.
        folder: of all ranks.
        rank: number of this part of the documents.
        precision: bits of a value: 64 or 32.

    Raises:
        ConfigError: `rank` or `precision` cannot be.
        OutputError: a file cannot be written.
    """
    if rank < 0 or precision not in (32, 64):
        raise ConfigError(f"to_datatrove: rank = {rank!r}, precision = {precision!r} cannot be")
    bands, rows = step.layout
    paths = [Path(folder, f"bucket_{n:03d}", f"{rank:05d}.minhash.sig") for n in range(bands)]
    record = _record(rows, precision)
    count = 0
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".tmp").write_bytes(b"")
        documents = iter(docs)
        while batch := list(islice(documents, _BATCH)):
            numbers, signs = _numbered(step, batch, count)
            count += len(batch)
            records = np.empty((bands, len(numbers)), record)
            values = signs.reshape(len(numbers), bands, rows).swapaxes(0, 1)
            records["values"] = _cut(values.copy(), precision)
            records["document"] = numbers
            for path, some in zip(paths, records, strict=True):
                with open(path.with_suffix(".tmp"), "ab") as file:
                    file.write(some.tobytes())
        for path in paths:
            half = path.with_suffix(".tmp")
            half.write_bytes(_ascending(np.fromfile(half, record)).tobytes())
            os.replace(half, path)
    except OSError as error:
        raise OutputError(f"cannot write {error.filename or folder}: {because(error)}") from error
    return count


def _cut(values: npt.NDArray[np.uint64], precision: Precision) -> npt.NDArray[np.uint64]:
    """Return `values`, mixed, as datatrove reads them."""
    bits = _BITS[precision]
    mix(values)
    values >>= np.uint64(64 - bits)
    values[values == np.uint64(2**bits - 1)] -= np.uint64(1)
    return values


def _record(rows: int, precision: Precision) -> np.dtype[Any]:
    """Return the type of a record: values, then the number of the document, packed."""
    return np.dtype([("values", f"<u{precision // 8}", (rows,)), ("document", "<u4")])


def _numbered(
    step: MinHash, batch: list[Document], count: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
    """Return the numbers of the documents that have a signature, and those."""
    kept, signs = step.signatures(batch)
    numbers = []
    at = 0
    for doc in kept:
        while batch[at] is not doc:
            at += 1
        numbers.append(count + at)
        at += 1
    return np.array(numbers, dtype=np.uint32), signs


def _ascending(records: npt.NDArray[Any]) -> npt.NDArray[Any]:
    values = records["values"]
    return records[np.lexsort((records["document"], *values.T[::-1]))]


def from_datatrove(
    folder: str | Path,
    *,
    rows: int = 8,
    precision: Precision = 64,
    made: Scheme | None = None,
) -> Iterator[Sketch]:
    """Yield the signatures of each rank in datatrove's layout, as sketches for `linked`.

    A document is called ``rank:number``, as in ``00012:0000000345``, so that ids ascend in the
    order of the documents. Memory is that of one rank: 8 bytes a bucket and document.

    Args:
        folder: what ``MinhashDedupSignature`` wrote.
        rows: values in a bucket (``hashes_per_bucket``); the files do not say.
        precision: bits of a value (``HashConfig.precision``): 64 or 32.
        made: what else the files do not say and must be equal where they are compared, such as
            ``{"n_grams": 5, "seed": 1, "hash": "xxhash"}``.

    Raises:
        SourceError: there are no such files, one is cut or of another layout, or the buckets of a
            rank have different documents; names the file.
        ConfigError: `rows` or `precision` cannot be.
    """
    if rows < 1 or precision not in (32, 64):
        raise ConfigError(f"from_datatrove: rows = {rows!r}, precision = {precision!r} cannot be")
    folder = Path(folder)
    ranks, buckets = _ranks(folder)
    scheme = {
        "signature": "datatrove",
        **(made or {}),
        "precision": precision,
        "bands": buckets,
        "rows": rows,
    }
    for rank, paths in sorted(ranks.items()):
        if len(paths) != buckets:
            raise SourceError(f"{folder}: rank {rank} is in {len(paths)} of {buckets} buckets")
        yield _sketch(rank, paths, rows, precision, scheme)


def _ranks(folder: Path) -> tuple[dict[int, list[Path]], int]:
    """Return the files of each rank, in the order of buckets, and how many buckets there are."""
    found: dict[int, list[Path]] = {}
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    buckets = {
        int(match[1]): path
        for path in inside
        if (match := _BUCKET.fullmatch(path.name)) and path.is_dir()
    }
    for number in sorted(buckets):
        for path in buckets[number].iterdir():
            if match := _FILE.fullmatch(path.name):
                found.setdefault(int(match[1]), []).append(path)
    if not found:
        raise SourceError(
            f"no signatures of datatrove in {folder}: there is no bucket_000/00000.minhash.sig"
        )
    return found, max(buckets) + 1


def _sketch(
    rank: int, paths: list[Path], rows: int, precision: Precision, scheme: Scheme
) -> Sketch:
    record = _record(rows, precision)
    numbers = None
    keys = []
    for path in paths:
        size = path.stat().st_size
        if size % record.itemsize:
            raise SourceError(
                f"{path} is cut or of another layout: {size:,} bytes are no records of "
                f"{record.itemsize}, {rows} values of {precision} bits and a number"
            )
        records = np.fromfile(path, record)
        records = records[np.argsort(records["document"])]
        if numbers is None:
            numbers = records["document"]
            if (numbers[1:] == numbers[:-1]).any():
                raise SourceError(f"{path} has a document twice: it is of another layout")
        if not np.array_equal(numbers, records["document"]):
            raise SourceError(f"{path} has other documents than {paths[0]}")
        keys.append(band_keys(records["values"].astype(np.uint64), 1, rows))
    assert numbers is not None
    ids = [f"{rank:05d}:{number:010d}" for number in numbers.tolist()]
    return keyed(ids, np.concatenate(keys, axis=1), scheme)
