"""Models that are dataclasses of arrays, as the bytes of ``.npz`` files: no pickle in them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

__all__ = ["from_bytes", "to_bytes"]

_LOCAL, _CENTRAL, _END = "<I5H3I2H", "<I6H3I5H2I", "<I4H2IH"
"""The records of a zip file (PKWARE's APPNOTE, 4.3)."""
_COMMON = (20, 0, zlib.DEFLATED, 0, 0x21)
"""Version, flags, method, time and day (the first there is) of each entry."""

_WAYS = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY)


def from_bytes(kind: Any, data: bytes) -> dict[str, Any]:
    """Return the arrays of a file by the names of the fields of the dataclass `kind`.

    Raises:
        ValueError: it is no such file, arrays are missing, or some belong to something else.
    """
    wanted = {field.name for field in fields(kind)}
    if not data.startswith(
        b"PK\x03\x04"
    ):  # NumPy would take it for a pickle, and propose to load that
        raise ValueError("it is no .npz file")
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        if set(found.files) != wanted:
            raise ValueError(f"its arrays are {sorted(found.files)}, not {sorted(wanted)}")
        return {name: found[name] for name in found.files}


def to_bytes(model: Any) -> bytes:
    """Return the file of a dataclass of arrays; the same bytes for the same arrays.

    Like np.savez_compressed, but each array is deflated in the shorter of two ways: with a search
    for what repeats, or by how often each byte stands alone. In weights nothing repeats, and what
    seems to costs a tenth of the size.
    """
    files = {}
    for field in fields(model):
        out = io.BytesIO()
        np.save(out, getattr(model, field.name), allow_pickle=False)
        files[f"{field.name}.npy"] = out.getvalue()
    return _zipped(files)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file: zipfile's leave no choice of how to deflate."""
    body, index = b"", b""
    for path, data in files.items():
        name = path.encode("ascii")
        small = min((_deflated(data, way) for way in _WAYS), key=len)
        sizes = (zlib.crc32(data), len(small), len(data), len(name), 0)
        start = len(body)
        body += struct.pack(_LOCAL, 0x04034B50, *_COMMON, *sizes) + name + small
        index += struct.pack(_CENTRAL, 0x02014B50, 20, *_COMMON, *sizes, 0, 0, 0, 0, start) + name
    count = len(files)
    end = struct.pack(_END, 0x06054B50, 0, 0, count, count, len(index), len(body), 0)
    return body + index + end


def _deflated(data: bytes, way: int) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS, strategy=way)
    return packer.compress(data) + packer.flush()
