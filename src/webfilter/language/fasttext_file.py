"""Opens fastText model files safely: checks the file first, then loads it, quietly.

fastText's own loader trusts its input: a clipped file makes it divide by zero (which ends the
process), loop without end, or predict nonsense, and numbers that contradict each other make it read
outside of its arrays. `inspect` walks the file's structure, compares it with the file's length and
its parts with each other, without loading it; `load` refuses what does not fit.

Format: fasttext.cc's binary, version 12 (``.bin`` and ``.ftz``), as of fastText 0.9.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, NamedTuple

from webfilter.errors import ConfigError
from webfilter.language.fasttext_module import Predictor, installed, open_model, require

__all__ = ["ModelFile", "inspect", "installed", "load", "require"]

_MAGIC, _VERSION = 793712314, 12
_WORD, _LABEL = 0, 1
_SUPERVISED = 3
_LOSSES = range(1, 5)
_LONGEST_NGRAM = 1_000  # beyond any model's; the work per word grows with it
_MOST_COUNT = 10**15  # fastText's "no count yet" when it builds the tree of a hierarchical softmax


class ModelFile(NamedTuple):
    """What is told by the file alone."""

    labels: tuple[str, ...]
    """With their prefix, such as ``__label__en``."""
    words: int
    supervised: bool


class _Clipped(Exception):
    """The file ends before its parts do."""


class _Misfit(Exception):
    """Its numbers contradict each other, or nothing a model can have."""


_OTHERS = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it: gunzip FILE"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it: unzstd FILE"),
    (b"\xfd7zXZ", "is compressed with xz; unpack it: unxz FILE"),
    (b"BZh", "is compressed with bzip2; unpack it: bunzip2 FILE"),
    (b"PK\x03\x04", "is a zip archive; unpack it"),
    (b"version https://git-lfs", "is a Git LFS pointer, not the model; fetch the file it names"),
    (b"<", "is not a fastText model but a page; its address answered with an error or a login"),
)
"""What is often found in a model's place, by how it begins."""


class _Walk:
    """A place in a model file, moved on by what is read."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at, self.size = data, 0, len(data)

    def skip(self, count: int) -> None:
        _need(count >= 0)
        if self.at + count > self.size:
            raise _Clipped(f"{self.size:,}")
        self.at += count

    def read(self, layout: str) -> tuple[Any, ...]:
        start = self.at
        self.skip(struct.calcsize(layout))
        return struct.unpack_from(layout, self.data, start)

    def entry(self) -> tuple[bytes, int]:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise _Clipped(f"{self.size:,}")
        word, self.at = self.data[self.at : end], end + 1
        count, kind = self.read("<qb")
        _need(0 <= count < _MOST_COUNT)
        return word, kind

    def quantizer(self, wanted: int) -> int:
        """Pass a quantizer of `wanted` columns; return into how many parts it cuts a row."""
        dim, parts, size, last = self.read("<4i")
        _need(min(dim, parts, size, last) > 0 and (parts - 1) * size + last == dim == wanted)
        self.skip(dim * 256 * 4)
        return int(parts)

    def matrix(self, dim: int, quantized: bool) -> int:
        """Pass a matrix of `dim` columns; return its rows."""
        if not quantized:
            rows, columns = self.read("<qq")
            _need(rows >= 0 and columns == dim)
            self.skip(rows * columns * 4)
            return int(rows)
        norms, rows, columns, codes = self.read("<?qqi")
        _need(rows >= 0 and columns == dim)
        self.skip(codes)
        parts = self.quantizer(dim)
        _need(codes == rows * parts)
        if norms:
            self.skip(rows)
            self.quantizer(1)
        return int(rows)


def inspect(path: Path, what: str) -> ModelFile:
    """Return what the file at `path` says of its model.

    Args:
        path: a fastText ``.bin`` or ``.ftz``.
        what: names the file in errors, such as ``language: model``.

    Raises:
        ConfigError: the file is missing, no fastText model (a compressed one, a web page and a
            Git LFS pointer are told so), clipped, or damaged.
    """
    try:
        with path.open("rb") as file:
            problem = _foreign(file.read(64))
            if problem is None:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    return _walk(_Walk(data))
    except _Clipped as size:
        problem = f"is clipped: its parts go on after its {size} bytes; fetch it again"
    except _Misfit:
        problem = "is damaged: its parts do not fit together; fetch it again"
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({error})"
    raise ConfigError(f"{what} = {str(path)!r} {problem}")


def _foreign(start: bytes) -> str | None:
    """Return what is wrong with a file that begins so, or None for a fastText model."""
    if not start:
        return "is empty; fetch it again"
    if struct.pack("<i", _MAGIC).startswith(start[:4]):
        if len(start) < 8:
            return f"is clipped: it has {len(start)} bytes; fetch it again"
        (version,) = struct.unpack_from("<i", start, 4)
        return None if version == _VERSION else f"is fastText's of version {version}, not 12"
    said = (problem for sign, problem in _OTHERS if start.lstrip().startswith(sign))
    return next(said, "is not a fastText model (.bin or .ftz)")


def _walk(file: _Walk) -> ModelFile:
    file.skip(8)
    settings = file.read("<12id")
    dim, ngrams, loss, kind, buckets, longest = (settings[i] for i in (0, 5, 6, 7, 8, 10))
    entries, words, labels, _, pruned = file.read("<iiiqq")
    supervised = kind == _SUPERVISED
    _need(entries == words + labels and min(words, labels) >= 0 < min(dim, entries))
    _need(loss in _LOSSES and 0 <= min(ngrams, longest) <= max(ngrams, longest) <= _LONGEST_NGRAM)
    _need(buckets > 0 or (buckets == 0 and ngrams <= 1 and longest == 0))
    found = [file.entry() for _ in range(entries)]
    _need(all(k == (_WORD if i < words else _LABEL) for i, (_, k) in enumerate(found)))
    kept = _pruned(file, pruned, buckets)
    (quantized,) = file.read("<?")
    _need(quantized or pruned < 0)
    _need(file.matrix(dim, quantized) >= words + kept)
    (quantized_output,) = file.read("<?")
    rows = file.matrix(dim, quantized and quantized_output)
    _need(rows == (labels if supervised else words) and file.at == file.size)
    names = tuple(word.decode("utf-8", "replace") for word, _ in found[words:])
    return ModelFile(names, words, supervised)


def _pruned(file: _Walk, count: int, buckets: int) -> int:
    """Pass the table of the buckets that were kept; return how many rows they need."""
    if count < 0:
        return buckets
    start = file.at
    file.skip(8 * count)
    rows = struct.iter_unpack("<ii", file.data[start : file.at])
    return max((row + 1 for _, row in rows if _need(row >= 0)), default=0)


def _need(holds: bool) -> bool:
    if not holds:
        raise _Misfit
    return True


def load(path: Path, what: str) -> Predictor:
    """Return the fastText model at `path`, checked before and by a first prediction after loading.

    Raises:
        ConfigError: `inspect` refuses the file, or the installed ``fasttext`` cannot use it.
        MissingExtra: there is no module ``fasttext``.
    """
    inspect(path, what)
    return open_model(str(path), what)
