"""Vectors of texts from a slow encoder, each text encoded once: `Embeddings`.

The cache is a folder of parts, ``<name>.npy`` with vectors and ``<name>.txt`` with the sha256 of
each text, written whole or not at all: an interrupted run goes on where it stopped, and several
runs may write to one folder. What it does not do: load an encoder, or notice that one has changed
(give another `name` then).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError, OutputError, because
from webfilter.score.fit import key

__all__ = ["Embeddings", "Encoder"]

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """What a slow model must have; one of sentence-transformers fits as it is."""

    def encode(self, texts: list[str], /) -> Any:
        """Return one vector a text, shape (n, d), finite."""


@dataclass(frozen=True)
class Embeddings:
    """Encode texts in batches, and remember.

    Raises:
        ConfigError: `batch` is below 1, the encoder has no method ``encode``, or the folder holds
            vectors of an encoder of another name.
    """

    encoder: Encoder
    cache: Path | None = None
    """Folder for vectors; None remembers nothing."""
    name: str = ""
    """Of the encoder, so that two never share a folder; the name of its class where empty."""
    batch: int = 64
    """Texts for one call of the encoder."""
    part: int = 256
    """Texts in one file of the cache: at most so many are encoded again after an interruption."""

    def __post_init__(self) -> None:
        if not callable(getattr(self.encoder, "encode", None)):
            kind = type(self.encoder).__name__
            raise ConfigError(
                f"Teacher: encoder of type {kind} has no method encode(list of texts): wrap it in "
                "a class that has one"
            )
        for field in ("batch", "part"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"Teacher: {field} = {value!r} must be a whole number from 1")

    @property
    def called(self) -> str:
        """The name of the encoder."""
        return self.name or type(self.encoder).__name__

    def of(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of `texts`, shape (n, d); equal texts are encoded once.

        Raises:
            ConfigError: the encoder returns something else than one finite vector a text.
            OutputError: the cache cannot be written.
        """
        keys = [key(text) for text in texts]
        known = self._read(set(keys))
        self._check_widths(known.values())
        missing = {name: text for name, text in zip(keys, texts, strict=True) if name not in known}
        waiting = iter(missing.items())
        while part := dict(islice(waiting, self.part)):
            found = self._encode(list(part.values()))
            self._check_widths([found[0], *islice(known.values(), 1)])
            self._keep(list(part), found)
            known.update(zip(part, found, strict=True))
        if not keys:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([known[name] for name in keys])

    def _check_widths(self, rows: Iterable[Vectors]) -> None:
        widths = list(dict.fromkeys(map(len, rows)))
        if len(widths) > 1:
            raise ConfigError(
                f"Teacher: encoder {self.called!r} gives vectors of {widths[0]} numbers, the cache "
                f"holds {widths[1]}: give it another name or folder"
            )

    def _encode(self, texts: list[str]) -> Vectors:
        # sorted by length, so that a batch pads little; lone surrogates crash tokenizers
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows: list[Vectors] = []
        for i in range(0, len(order), self.batch):
            batch = [
                texts[j].encode("utf-8", "replace").decode() for j in order[i : i + self.batch]
            ]
            said = self.encoder.encode(batch)
            try:
                with np.errstate(over="ignore"):
                    found = np.asarray(said, dtype=np.float32)
            except (TypeError, ValueError, RuntimeError) as error:  # the last is torch's
                raise ConfigError(
                    f"Teacher: encoder {self.called!r} returns no table of numbers: {error}"
                ) from None
            if found.ndim != 2 or len(found) != len(batch) or not found.shape[1]:
                raise ConfigError(
                    f"Teacher: encoder {self.called!r} returns shape {found.shape} for "
                    f"{len(batch)} texts, it must be ({len(batch)}, d)"
                )
            if not np.isfinite(found).all():
                raise ConfigError(f"Teacher: encoder {self.called!r} returns NaN or infinity")
            if rows and found.shape[1] != rows[0].shape[1]:
                raise ConfigError(
                    f"Teacher: encoder {self.called!r} returns vectors of {rows[0].shape[1]} "
                    f"numbers, then of {found.shape[1]}"
                )
            rows.append(found)
        out = np.empty((len(texts), rows[0].shape[1]), dtype=np.float32)
        out[order] = np.concatenate(rows)
        return out

    def _keep(self, keys: list[str], vectors: Vectors) -> None:
        if self.cache is None:
            return
        name = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:24]
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            about = self.cache / "encoder.json"
            if not about.exists():
                _replace(about, json.dumps({"name": self.called}).encode())
            whole = self.cache / f"{name}.npy.{os.getpid()}.tmp"
            with whole.open("wb") as file:
                np.save(file, vectors, allow_pickle=False)
            whole.replace(self.cache / f"{name}.npy")
            _replace(self.cache / f"{name}.txt", "\n".join(keys).encode())  # last: it says complete
        except OSError as error:
            raise OutputError(f"Teacher: cache {self.cache}: {because(error)}") from None

    def _read(self, wanted: set[str]) -> dict[str, Vectors]:
        """Return the vectors of `wanted` that the cache has; damaged parts are encoded again."""
        if self.cache is None or not self.cache.is_dir():
            return {}
        about = self.cache / "encoder.json"
        try:
            other = (
                json.loads(about.read_text(encoding="utf-8"))["name"] if about.exists() else None
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(f"Teacher: {about} is damaged: delete the folder") from None
        if other not in (None, self.called):
            raise ConfigError(
                f"Teacher: cache {self.cache} holds vectors of {other!r}, not of {self.called!r}: "
                "give another folder"
            )
        found: dict[str, Vectors] = {}
        for keys, path in self._parts():
            places = [i for i, name in enumerate(keys) if name in wanted]
            if not places:
                continue
            try:
                vectors = np.load(path, mmap_mode="r", allow_pickle=False)
            except Exception:  # of many kinds: NumPy hands on what Python's tokenizer says
                continue
            if vectors.ndim == 2 and len(vectors) == len(keys):
                rows = np.array(vectors[places], dtype=np.float32)
                if np.isfinite(rows).all():
                    found.update(zip((keys[i] for i in places), rows, strict=True))
        return found

    def _parts(self) -> Iterator[tuple[list[str], Path]]:
        assert self.cache is not None
        for path in sorted(self.cache.glob("*.txt")):
            yield (
                path.read_text(encoding="utf-8", errors="replace").split(),
                path.with_suffix(".npy"),
            )


def _replace(path: Path, data: bytes) -> None:
    whole = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    whole.write_bytes(data)
    whole.replace(path)
