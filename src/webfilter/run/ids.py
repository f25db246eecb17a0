"""Make document ids unique within a run, in bounded memory.

Readers name a document by its record id, URL or content, so two equal texts in a list share an id.
The second and later ones get ``#2``, ``#3`` behind it, and the report counts them: otherwise a
document could not be found again, and dedup could not tell which of the two stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from webfilter.document import Document
from webfilter.write.jsontext import utf8

__all__ = ["UniqueIds"]


class UniqueIds:
    """Remembers ids as 64-bit hashes: 8 bytes a document, whether its id is new or repeated.

    Beside that about 100 MB: the newest million, which wait to be sorted, and the last numbers of
    100,000 repeated ids; and for a moment, while they are merged, 8 bytes a document more.

    Two different ids share a hash about once in 10**4 runs over 100 million documents; then one of
    them is renamed without need.
    """

    _RECENT = 1_000_000
    _COUNTS = 100_000

    def __init__(self) -> None:
        self.renamed = 0
        self._recent: set[int] = set()
        self._counts: dict[str, int] = {}  # the last numbers given; forgotten ones are searched for
        self._old: list[Any] = []  # sorted uint64 arrays, each at least twice as long as the next

    def over(self, docs: Iterable[Document]) -> Iterator[Document]:
        """Yield `docs` with unique ids."""
        for doc in docs:
            if not self._added(doc.id):
                doc = replace(doc, id=self._free(doc.id))
                self.renamed += 1
            yield doc

    def _free(self, name: str) -> str:
        count = self._counts.get(name, 1) + 1
        if not self._added(f"{name}#{count}"):
            count = self._next(name, count)
            self._added(f"{name}#{count}")
        if len(self._counts) >= self._COUNTS:
            self._counts.clear()
        self._counts[name] = count
        return f"{name}#{count}"

    def _next(self, name: str, taken: int) -> int:
        """Return a number that is free where the one before is not, in logarithmic time."""
        low, high = taken, 2 * taken
        while self._known(_key(f"{name}#{high}")):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if self._known(_key(f"{name}#{middle}")):
                low = middle
            else:
                high = middle
        return high

    def _added(self, name: str) -> bool:
        """Remember `name`; return whether it is new."""
        key = _key(name)
        if self._known(key):
            return False
        self._recent.add(key)
        if len(self._recent) >= self._RECENT:
            self._compact()
        return True

    def _known(self, key: int) -> bool:
        return key in self._recent or (bool(self._old) and self._in_old(key))

    def _in_old(self, key: int) -> bool:
        import numpy as np

        wanted = np.uint64(key)
        for keys in self._old:
            at = int(keys.searchsorted(wanted))
            if at < len(keys) and keys[at] == wanted:
                return True
        return False

    def _compact(self) -> None:
        import numpy as np

        keys = np.fromiter(self._recent, np.uint64, len(self._recent))
        self._recent = set()
        while self._old and len(self._old[-1]) < 2 * len(keys):
            keys = np.concatenate([self._old.pop(), keys])
        keys.sort()
        self._old.append(keys)


def _key(name: str) -> int:
    digest = blake2b(utf8(name), digest_size=8).digest()  # as it is written: no two alike there
    return int.from_bytes(digest, "big")
