"""What every place for documents can do, and the one that keeps them in memory."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from webfilter.document import Document
from webfilter.errors import OutputError

__all__ = ["Memory", "Sink", "memory"]


@runtime_checkable
class Sink(Protocol):
    """Where documents go. Whatever has these three methods is one; no need to subclass.

    A pipeline calls `write` any number of times, from one process and in the order of the source,
    then either `close` or `abort`, once.
    """

    def write(self, docs: Sequence[Document]) -> None:
        """Take `docs`. How they are cut into calls must not matter."""

    def close(self) -> None:
        """Finish: from now on what was written can be read."""

    def abort(self) -> None:
        """Give up: leave nothing behind. After `close` it does nothing."""


class Closing:
    """Lets a sink be used in a ``with`` block: closed at the end, aborted on an error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def close(self) -> None:
        """Finish."""
        raise NotImplementedError

    def abort(self) -> None:
        """Give up."""
        raise NotImplementedError


class Memory(Closing):
    """Keeps documents in a list: for notebooks, tests and small jobs."""

    def __init__(self) -> None:
        self.docs: list[Document] = []
        """What was written, in order."""
        self.closed: bool = False
        """Whether `close` or `abort` was called."""

    def write(self, docs: Sequence[Document]) -> None:
        """Append `docs`.

        Raises:
            OutputError: the sink is closed.
        """
        if self.closed:
            raise OutputError("cannot write: this sink is closed")
        self.docs.extend(docs)

    def close(self) -> None:
        """Refuse further documents."""
        self.closed = True

    def abort(self) -> None:
        """Forget the documents, unless the sink was closed."""
        if not self.closed:
            self.docs.clear()
        self.closed = True


def memory() -> Memory:
    """Return a sink that keeps documents in its list ``docs``.

    >>> sink = memory()
    >>> sink.write([Document("a", "Water boils at 100 °C.")])
    >>> [doc.id for doc in sink.docs]
    ['a']
    """
    return Memory()
