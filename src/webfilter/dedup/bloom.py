"""A Bloom filter (Bloom 1970) over batches of keys, by NumPy: fixed memory, no forgotten key.

A key that was added is always found; one that was not is found with a probability that grows with
the number of keys and reaches the stated rate at the capacity.

Keys are 128-bit hashes. From their halves a and b come the positions
``mix(a + i * b) mod bits`` for i = 0, 1, ...: each is mixed anew (splitmix64), so that the rate is
that of independent hash functions at any size. Plain double hashing, ``a + i * b``, exceeds the
theory where filters are small or rates low. The remainder is taken of all 64 bits, so every bit
can be reached. (A well-known implementation masks the hash with a count of bytes, which leaves two
positions in a filter of a megabyte.)

It does not count, so nothing can be removed again, and it says not which key it took another for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.dedup.files import beside, checksum, put_in_place
from webfilter.document import Value
from webfilter.errors import ConfigError, SourceError
from webfilter.text.points import mix

__all__ = ["BloomFilter", "bloom_size", "key_hashes"]

Hashes = npt.NDArray[np.uint64]

_KIND, _VERSION = "webfilter bloom filter", 1
_AT_ONCE = 1 << 15  # keys
_WORD = np.uint64(6)  # bits of a bit's place within a word
_PLACE = np.uint64(63)
_ONE = np.uint64(1)


def key_hashes(keys: Iterable[str | bytes]) -> Hashes:
    """Return the 128-bit hash of each key, shape (n, 2). A str is hashed as UTF-8.

    >>> key_hashes(["a", "b", "a"]).shape
    (3, 2)
    """
    raw = bytearray()
    for key in keys:
        data = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
        raw += blake2b(data, digest_size=16).digest()
    return np.frombuffer(bytes(raw), dtype="<u8").astype(np.uint64).reshape(-1, 2)


def bloom_size(capacity: int, false_positive_rate: float) -> tuple[int, int]:
    """Return the least number of bits, a multiple of 64, and hashes that keep the rate.

    After `capacity` keys a share ``(1 - exp(-hashes * capacity / bits)) ** hashes`` of the keys
    that were never added is found.

    Raises:
        ConfigError: `capacity` is below 1, or the rate not between 0 and 1.

    >>> bloom_size(1_000_000, 0.01)
    (9592960, 7)
    """
    if capacity < 1:
        raise ConfigError(f"Bloom filter: capacity = {capacity!r} must be at least 1")
    if not 0 < false_positive_rate < 1:
        raise ConfigError(
            f"Bloom filter: false_positive_rate = {false_positive_rate!r} "
            "must be above 0 and below 1"
        )
    best = -math.log2(false_positive_rate)
    found = []
    for hashes in {max(1, math.floor(best)), max(1, math.ceil(best))}:
        unset = -math.log1p(-(false_positive_rate ** (1 / hashes)))
        found.append((math.ceil(hashes * capacity / unset / 64) * 64, hashes))
    return min(found)


class BloomFilter:
    """A set that takes little memory and now and then takes a new key for an old one.

    Args:
        capacity: keys for which the rate is kept. More can be added: then it grows.
        false_positive_rate: share of new keys that are taken for old ones at `capacity`.

    Raises:
        ConfigError: `capacity` is below 1, or the rate not between 0 and 1.

    >>> seen = BloomFilter(capacity=1000, false_positive_rate=0.001)
    >>> seen.add(key_hashes(["a", "b", "a"])).tolist()
    [True, True, False]
    >>> seen.contains(key_hashes(["b", "c"])).tolist()
    [True, False]
    """

    def __init__(self, capacity: int, false_positive_rate: float) -> None:
        self.capacity, self.false_positive_rate = capacity, float(false_positive_rate)
        self.bits, self.hashes = bloom_size(capacity, false_positive_rate)
        self.count = 0
        """Keys that were new when they were added; after `union` an estimate."""
        self.about: dict[str, Value] = {}
        """What was saved along with it."""
        self._words = np.zeros(self.bits // 64, dtype=np.uint64)
        self._set = 0

    def __repr__(self) -> str:
        return f"BloomFilter({self.capacity}, {self.false_positive_rate})"

    @property
    def nbytes(self) -> int:
        """Memory of the bits, in bytes; it never changes."""
        return self._words.nbytes

    @property
    def fill(self) -> float:
        """Share of the bits that are set, 0 to 1: about one half at the capacity."""
        return self._set / self.bits

    @property
    def expected_rate(self) -> float:
        """Probability that a key that was never added is found now."""
        return self.fill**self.hashes

    def add(self, keys: Hashes) -> npt.NDArray[np.bool_]:
        """Add 128-bit `keys`, shape (n, 2); return which were new, as if added one by one.

        A key that comes twice in `keys` is new once.
        """
        new = np.zeros(len(keys), dtype=np.bool_)
        for begin in range(0, len(keys), _AT_ONCE):
            found = self._positions(keys[begin : begin + _AT_ONCE])
            unset = ~self._look(found)
            rows, _ = np.nonzero(unset)
            places, first = np.unique(found[unset], return_index=True)
            new[begin + rows[first]] = True  # whoever is first to set a bit is new
            np.bitwise_or.at(self._words, places >> _WORD, _ONE << (places & _PLACE))
            self._set += len(places)
        self.count += int(np.count_nonzero(new))
        return new

    def contains(self, keys: Hashes) -> npt.NDArray[np.bool_]:
        """Return which of the 128-bit `keys`, shape (n, 2), were added (or seem to have been)."""
        found = np.zeros(len(keys), dtype=np.bool_)
        for begin in range(0, len(keys), _AT_ONCE):
            end = begin + _AT_ONCE
            found[begin:end] = self._look(self._positions(keys[begin:end])).all(axis=1)
        return found

    def union(self, other: BloomFilter) -> BloomFilter:
        """Return the filter that holds the keys of both.

        Raises:
            ConfigError: they differ in capacity or rate, so that their bits mean other keys.
        """
        for field in ("capacity", "false_positive_rate"):
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine != theirs:
                raise ConfigError(
                    f"Bloom filters of {field} = {mine!r} and {theirs!r} have no union: "
                    "build both with the same"
                )
        both = BloomFilter(self.capacity, self.false_positive_rate)
        both._take(self._words | other._words)
        empty = max(1 - both.fill, 1 / both.bits)
        estimate = round(-both.bits / both.hashes * math.log(empty))
        most = self.count + other.count
        both.count = min(max(estimate, self.count, other.count), most)
        return both

    def save(self, path: str | Path, about: Mapping[str, Value] | None = None) -> None:
        """Write the filter to the file `path`, which is complete or not there.

        Args:
            path: the file.
            about: what to save along with it, such as what its keys mean.

        Raises:
            OutputError: it cannot be written.
        """
        self.written(path, about)()

    def written(
        self, path: str | Path, about: Mapping[str, Value] | None = None
    ) -> Callable[[], None]:
        """Write the filter beside the file `path`; return what gives it that name. See `save`."""
        words = self._words.astype("<u8", copy=False).data.cast("B")
        header = {
            "kind": _KIND,
            "version": _VERSION,
            "capacity": self.capacity,
            "false_positive_rate": self.false_positive_rate,
            "count": self.count,
            "bits": self.bits,
            "hashes": self.hashes,
            "about": dict(self.about if about is None else about),
        }
        shown = json.dumps({**header, "checksum": checksum(words)}).encode("ascii")
        with beside(Path(path)) as file:
            file.write(shown + b"\n" + checksum(shown).encode("ascii") + b"\n")
            file.write(words)
        return partial(put_in_place, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> BloomFilter:
        """Read a filter that `save` wrote.

        Raises:
            SourceError: there is no such file, it is none of ours, of another version, or damaged.
        """
        try:
            with open(path, "rb") as file:
                shown = file.readline(10_000).removesuffix(b"\n")
                guard = file.readline(100).removesuffix(b"\n")
                header = _header(shown, path)
                if checksum(shown).encode("ascii") != guard:
                    raise SourceError(f"{path} is damaged: its header does not fit its checksum")
                read = cls(header["capacity"], header["false_positive_rate"])
                words = np.fromfile(file, dtype="<u8", count=len(read._words))
                whole = len(words) == len(read._words) and not file.read(1)
        except OSError as error:
            if isinstance(error, SourceError):
                raise
            raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
        if (read.bits, read.hashes) != (header["bits"], header["hashes"]):
            raise SourceError(f"{path} was written by another version: its size has other bits")
        if not whole or checksum(words.data.cast("B")) != header["checksum"]:
            raise SourceError(f"{path} is damaged: its bits do not fit its checksum")
        read._take(words.astype(np.uint64, copy=False))
        read.count, read.about = header["count"], header["about"]
        return read

    def _take(self, words: Hashes) -> None:
        self._words = words
        pieces = np.array_split(words.view(np.uint8), max(1, words.nbytes >> 22))
        self._set = sum(int(np.unpackbits(piece).sum()) for piece in pieces)

    def _positions(self, keys: Hashes) -> Hashes:
        """Return the bits of each key, shape (n, hashes)."""
        turns = np.arange(self.hashes, dtype=np.uint64)
        found = mix(keys[:, :1] + (keys[:, 1:] | _ONE) * turns)
        found %= np.uint64(self.bits)
        return found

    def _look(self, positions: Hashes) -> npt.NDArray[np.bool_]:
        """Return which bits are set."""
        words = self._words[positions >> _WORD]
        return np.asarray(words >> (positions & _PLACE) & _ONE, dtype=np.bool_)


def _header(shown: bytes, path: str | Path) -> dict[str, Any]:
    try:
        header = json.loads(shown)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or header.get("kind") != _KIND:
        raise SourceError(f"{path} is not a Bloom filter that webfilter saved, or is damaged")
    if header.get("version") != _VERSION:
        raise SourceError(
            f"{path} is a Bloom filter of version {header.get('version')!r}; "
            f"this webfilter reads version {_VERSION}"
        )
    return header
