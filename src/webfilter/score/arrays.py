"""Models that are dataclasses of arrays, as the bytes of ``.npz`` files: no pickle in them."""

from __future__ import annotations

import io
from dataclasses import fields
from typing import Any

import numpy as np

__all__ = ["from_bytes", "to_bytes"]


def from_bytes(kind: Any, data: bytes) -> dict[str, Any]:
    """Return the arrays of a file by the names of the fields of the dataclass `kind`.

    Raises:
        ValueError: arrays are missing, or some belong to something else.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    wanted = {field.name for field in fields(kind)}
    if set(arrays) != wanted:
        raise ValueError(f"its arrays are {sorted(arrays)}, not {sorted(wanted)}")
    return arrays


def to_bytes(model: Any) -> bytes:
    """Return the file of a dataclass of arrays; the same bytes for the same arrays."""
    out = io.BytesIO()
    np.savez_compressed(out, **{field.name: getattr(model, field.name) for field in fields(model)})
    return out.getvalue()
