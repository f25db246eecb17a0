"""What stands in Arrow's columns, as Python objects; a bad value costs no more than itself.

Bytes that are no UTF-8 are replaced, at any depth; a time that Python does not have becomes its
number, as text; a struct in which two fields share a name, pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["cell", "values"]


def values(column: pa.Array) -> list[Any]:
    """Return a column as Python objects; what Arrow cannot give out becomes None."""
    try:
        found: list[Any] = column.to_pylist()
        return found
    except Exception:  # of many types: a time zone that nobody knows is a KeyError
        return [_at(column, index) for index in range(len(column))]


def cell(scalar: pa.Scalar) -> Any:
    """Return a scalar as a Python object; None where Arrow cannot give it out."""
    try:
        return _plain(scalar)
    except Exception:
        return None


def _at(column: pa.Array | pa.StructScalar, index: int) -> Any:
    try:
        return _plain(column[index])
    except Exception:
        return None


def _plain(item: Any) -> Any:
    import pyarrow as pa

    try:
        return item.as_py()
    except Exception:
        if hasattr(item, "as_buffer"):
            return item.as_buffer().to_pybytes().decode("utf-8", "replace")
        if isinstance(item, pa.StructScalar):
            pairs = [(name, _at(item, index)) for index, name in enumerate(item)]
            return dict(pairs) if len(set(item)) == len(pairs) else pairs
        inner = item.values if hasattr(item, "values") else item.value
        if isinstance(inner, pa.Array):
            found = values(inner)
            is_map = isinstance(item, pa.MapScalar)
            return [tuple(pair.values()) for pair in found] if is_map else found
        return _plain(inner) if isinstance(inner, pa.Scalar) else str(inner)
