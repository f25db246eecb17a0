"""Opens fastText model files safely: checks the file first, then loads it, quietly.

fastText's own loader trusts its input: a clipped file makes it divide by zero (which ends the
process), loop without end, or predict nonsense. `inspect` walks the file's structure and compares
it with the file's length, without loading it; `load` refuses what does not fit.

Format: fasttext.cc's binary, version 12 (``.bin`` and ``.ftz``), as of fastText 0.9.
"""

from __future__ import annotations

import mmap
import struct
from functools import lru_cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any, NamedTuple

from webfilter.errors import ConfigError

__all__ = ["ModelFile", "inspect", "installed", "load"]

_MAGIC, _VERSION = 793712314, 12
_LABEL = 1


class ModelFile(NamedTuple):
    """What is told by the file alone."""

    labels: tuple[str, ...]
    """With their prefix, such as ``__label__en``."""
    words: int
    supervised: bool


class _Clipped(Exception):
    pass


class _Walk:
    """A place in a model file, moved on by what is read."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at, self.size = data, 0, len(data)

    def skip(self, count: int) -> None:
        if count < 0 or self.at + count > self.size:
            raise _Clipped
        self.at += count

    def read(self, layout: str) -> tuple[Any, ...]:
        start = self.at
        self.skip(struct.calcsize(layout))
        return struct.unpack_from(layout, self.data, start)

    def entry(self) -> tuple[bytes, int]:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise _Clipped
        word, self.at = self.data[self.at : end], end + 1
        return word, self.read("<qb")[1]

    def quantizer(self) -> None:
        dim, parts, size, last = self.read("<4i")
        if min(dim, parts, size, last) <= 0 or (parts - 1) * size + last != dim:
            raise _Clipped
        self.skip(dim * 256 * 4)

    def matrix(self, dim: int, quantized: bool) -> None:
        if not quantized:
            rows, columns = self.read("<qq")
            if columns != dim:
                raise _Clipped
            self.skip(rows * columns * 4)
            return
        norms, rows, columns, codes = self.read("<?qqi")
        if columns != dim:
            raise _Clipped
        self.skip(codes)
        self.quantizer()
        if norms:
            self.skip(rows)
            self.quantizer()


def inspect(path: Path, what: str) -> ModelFile:
    """Return what the file at `path` says of its model.

    Args:
        path: a fastText ``.bin`` or ``.ftz``.
        what: names the file in errors, such as ``language: model``.

    Raises:
        ConfigError: the file is missing, no fastText model, clipped or damaged.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _walk(_Walk(data))
    except _Clipped:
        problem = "is damaged: it ends early, or its parts do not fit together; fetch it again"
    except OSError as error:
        problem = f"cannot be read ({error})"
    except ValueError:
        problem = "is not a fastText model (.bin or .ftz)"
    raise ConfigError(f"{what} = {str(path)!r} {problem}")


def _walk(file: _Walk) -> ModelFile:
    if file.size < 8 or file.read("<ii") != (_MAGIC, _VERSION):
        raise ValueError
    settings = file.read("<12id")
    entries, words, labels, _, pruned = file.read("<iiiqq")
    if entries != words + labels or min(entries, words, labels) < 0 or settings[0] <= 0:
        raise _Clipped
    found = [
        word.decode("utf-8", "replace") for word, kind in _entries(file, entries) if kind == _LABEL
    ]
    if len(found) != labels:
        raise _Clipped
    file.skip(8 * max(pruned, 0))
    (quantized,) = file.read("<?")
    file.matrix(settings[0], quantized)
    (quantized_output,) = file.read("<?")
    file.matrix(settings[0], quantized and quantized_output)
    if file.at != file.size:
        raise _Clipped
    return ModelFile(tuple(found), words, supervised=settings[7] == 3)


def _entries(file: _Walk, count: int) -> list[tuple[bytes, int]]:
    return [file.entry() for _ in range(count)]


@lru_cache(maxsize=1)
def installed() -> tuple[str, ...]:
    """Return the distributions that claim the module ``fasttext``, with versions.

    Several do (fasttext, fasttext-wheel, fasttext-community, fasttext-predict, ...) and overwrite
    each other's files.
    """
    names = sorted(set(packages_distributions().get("fasttext", ())))
    return tuple(f"{name} {version(name)}" for name in names)


def load(path: Path, what: str) -> Any:
    """Return the fastText model at `path`, checked before and by a first prediction after loading.

    Raises:
        ConfigError: `inspect` refuses the file, or the installed ``fasttext`` cannot use it, or
            there is none.
    """
    inspect(path, what)
    try:
        import fasttext.FastText
    except ImportError:
        raise ConfigError(
            f"{what}: the module fasttext is missing, a dependency of webfilter; install it with: "
            "pip install fasttext-community"
        ) from None
    quiet = getattr(fasttext.FastText, "_FastText", None)
    try:
        # load_model of older distributions prints a warning to stderr; the class does not
        model = fasttext.load_model(str(path)) if quiet is None else quiet(model_path=str(path))
        model.predict(["one line"], k=1)
    except Exception as error:
        claims = installed()
        many = (
            " (they overwrite each other: keep fasttext-community only)" if len(claims) > 1 else ""
        )
        raise ConfigError(
            f"{what} = {str(path)!r} does not load or predict ({type(error).__name__}: {error}); "
            f"the module fasttext comes from {', '.join(claims) or 'an unknown distribution'}{many}"
        ) from error
    return model
