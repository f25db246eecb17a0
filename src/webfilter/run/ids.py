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

__all__ = ["UniqueIds"]


class UniqueIds:
    """Remembers ids as 64-bit hashes: about 8 bytes each beyond the newest million.

    Two different ids share a hash about once in 10**4 runs over 100 million documents; then one of
    them is renamed without need.
    """

    _RECENT = 1_000_000

    def __init__(self) -> None:
        self.renamed = 0
        self._recent: set[int] = set()
        self._counts: dict[str, int] = {}
        self._old: list[Any] = []  # sorted uint64 arrays, each at least twice as long as the next

    def over(self, docs: Iterable[Document]) -> Iterator[Document]:
        """Yield `docs` with unique ids."""
        for doc in docs:
            if self._seen(doc.id):
                doc = replace(doc, id=self._free(doc.id))
                self.renamed += 1
            yield doc

    def _free(self, name: str) -> str:
        count = self._counts.get(name, 1)
        while True:
            count += 1
            if not self._seen(f"{name}#{count}"):
                self._counts[name] = count
                return f"{name}#{count}"

    def _seen(self, name: str) -> bool:
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        key = int.from_bytes(digest, "big")
        if key in self._recent or (self._old and self._in_old(key)):
            return True
        self._recent.add(key)
        if len(self._recent) >= self._RECENT:
            self._compact()
        return False

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
