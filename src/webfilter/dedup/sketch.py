"""What documents leave behind for deduplication: keys of all of them, details of candidates.

`Keys` are all that is held of every document: the hash of its id and its band keys. `Details` are
held of candidates only, documents that share a key with another: id, preference, n-grams. A
`Sketch` has both, for those who resolve by hand. Each says under which scheme it was made, and what
was made differently is never compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from webfilter.dedup.verify import Sets
from webfilter.errors import ConfigError

__all__ = ["Details", "Keys", "Scheme", "Sketch", "compared", "named"]

Hashes = npt.NDArray[np.uint64]
Scheme = Mapping[str, int | str]
"""All that two sketches must have in common: how they were made, and with what."""


@dataclass(frozen=True, eq=False)
class Keys:
    """The keys of a batch of documents: 8 bytes a document, and 8 a band."""

    names: Hashes
    """Hashes of the ids (`named`)."""
    keys: Hashes
    """Shape (len(names), bands, width): `width` words of 64 bits a key. A key of zeros is none."""
    scheme: Scheme

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class Details:
    """What else is needed of documents that may be duplicates; rows are documents."""

    names: Hashes
    ids: Sequence[bytes]
    """The ids in UTF-8, lone surrogates passed."""
    order: Sequence[bytes]
    """What the preference comes to: the least stays (`prefer.places`)."""
    sets: Sets | None
    """Hashed n-grams, where candidates are to be verified."""
    scheme: Scheme

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: npt.NDArray[np.intp]) -> Details:
        """Return the details of the documents `rows`, in that order."""
        picked = rows.tolist()
        return Details(
            self.names[rows],
            [self.ids[row] for row in picked],
            [self.order[row] for row in picked],
            None if self.sets is None else self.sets.take(rows),
            self.scheme,
        )


@dataclass(frozen=True, eq=False)
class Sketch:
    """Keys and details of a batch of documents, those without a key left out."""

    keys: Keys
    details: Details

    def __len__(self) -> int:
        return len(self.keys)


def named(ids: Sequence[str]) -> tuple[Hashes, list[bytes]]:
    """Return 64-bit hashes of `ids`, the hash that makes ids unique in a run, and their bytes."""
    raw = [name.encode("utf-8", "surrogatepass") for name in ids]
    digests = b"".join(blake2b(name, digest_size=8).digest() for name in raw)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64), raw


def compared(stage: str, one: Scheme, other: Scheme) -> None:
    """Make sure that sketches of these schemes can be compared.

    Raises:
        ConfigError: they cannot; names the first setting that differs.

    >>> compared("minhash", {"ngram": 5}, {"ngram": 6})
    Traceback (most recent call last):
    webfilter.errors.ConfigError: minhash: sketches made with ngram = 5 and ngram = 6 cannot be \
compared; sketch all of them with the same settings and version
    """
    for key in sorted({*one, *other}):
        if one.get(key) != other.get(key):
            raise ConfigError(
                f"{stage}: sketches made with {key} = {one.get(key)!r} and {key} = "
                f"{other.get(key)!r} cannot be compared; sketch all of them with the same settings "
                "and version"
            )
