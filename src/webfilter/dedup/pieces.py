"""Cut a batch of documents or texts into pieces that fit a processor's cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from webfilter.document import Document

__all__ = ["CHARACTERS", "pieces"]

CHARACTERS = 250_000
"""Hashed at once: measured; more of them are slower."""

Item = TypeVar("Item", str, Document)


def pieces(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield `items` in lists of about `CHARACTERS` characters.

    >>> [len(piece) for piece in pieces(["x" * 250_000, "y", "z"])]
    [1, 2]
    """
    piece: list[Item] = []
    size = 0
    for item in items:
        piece.append(item)
        size += len(item if isinstance(item, str) else item.text)
        if size >= CHARACTERS:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
