"""The order of documents by preference, for more of them than one wants in memory.

Each document is a row of bytes that sort as it is preferred (`prefer.places`, then its id). They
lie on disk, and Arrow sorts them there: in memory are 16 bytes a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webfilter.dedup.columns import Column, forget

__all__ = ["Ranking"]

_AT_ONCE = 1 << 16

Places = npt.NDArray[np.intp]


class Ranking:
    """Rows of bytes on disk, to be sorted, the least first.

    Args:
        folder: an existing folder for the files.
        name: what their names begin with.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ranking = Ranking(Path(folder))
    ...     ranking.add([b"pear", b"fig", b"pear"])
    ...     ranking.order().tolist(), ranking.ranks().tolist(), ranking.take(np.array([1]))
    ([1, 0, 2], [1, 0, 1], [b'fig'])
    """

    def __init__(self, folder: Path, name: str = "ranking") -> None:
        self._bytes = Column(folder / f"{name}.bytes", np.uint8)
        self._lengths = Column(folder / f"{name}.lengths", np.int32)
        self._strings: Any = None
        self._mapped: Any = None

    def add(self, rows: Sequence[bytes]) -> None:
        """Add rows at the end."""
        self._bytes.append(np.frombuffer(b"".join(rows), dtype=np.uint8))
        self._lengths.append(np.array([len(row) for row in rows], dtype=np.int32))

    def order(self) -> Places:
        """Return the rows, the least first, equal ones as they came; nothing can be added now."""
        import pyarrow.compute as pc

        order = np.asarray(pc.array_sort_indices(self._arrow())).astype(np.intp)
        forget(self._mapped)
        return order

    def ranks(self) -> Places:
        """Return the rank of each row; equal rows share one, and none is left out."""
        import pyarrow as pa
        import pyarrow.compute as pc

        order = self.order()
        new = np.ones(len(order), dtype=np.bool_)
        for begin in range(1, len(order), _AT_ONCE):
            some = self._arrow().take(pa.array(order[begin - 1 : begin + _AT_ONCE]))
            new[begin : begin + _AT_ONCE] = pc.not_equal(some[1:], some[:-1]).to_numpy(False)
        found = np.empty(len(order), dtype=np.intp)
        found[order] = np.cumsum(new) - 1
        return found

    def take(self, rows: Places) -> list[bytes]:
        """Return the bytes of `rows`."""
        import pyarrow as pa

        found: list[bytes] = self._arrow().take(pa.array(rows)).to_pylist()
        return found

    def _arrow(self) -> Any:
        """Return all rows as an Arrow array over the file."""
        import pyarrow as pa

        if self._strings is None:
            offsets = np.concatenate(([0], np.cumsum(self._lengths.array(), dtype=np.int64)))
            self._mapped = self._bytes.array()
            buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self._mapped)]
            kind = pa.large_binary()
            self._strings = pa.LargeBinaryArray.from_buffers(kind, len(offsets) - 1, buffers)
        return self._strings
