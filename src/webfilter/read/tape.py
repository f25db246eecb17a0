"""The decompressed content of a file as a buffer that a parser walks along."""

from __future__ import annotations

from collections import deque

from webfilter.read.stored import Inflater

__all__ = ["Tape"]


class Tape:
    """A window on the content: ``buf[pos:]`` comes next, and `more` makes it longer.

    Attributes:
        buf: the window.
        pos: where the parser is in it.
        base: offset of ``buf[0]`` in the content.
    """

    def __init__(self, inflater: Inflater) -> None:
        self._inflater = inflater
        self.buf = b""
        self.pos = 0
        self.base = 0
        self._starts: deque[tuple[int, int]] = deque()  # (offset in content, offset in file)

    @property
    def here(self) -> int:
        """Offset of the parser in the content."""
        return self.base + self.pos

    def more(self) -> bool:
        """Append the next chunk, and forget what lies behind `pos`; False at the end.

        Raises:
            Damage: the file is broken here.
        """
        got = self._inflater.next()
        if got is None:
            return False
        data, begins = got
        if begins >= 0 and self._inflater.codec is not None:
            self._starts.append((self.base + len(self.buf), begins))
        self.base += self.pos
        self.buf = self.buf[self.pos :] + data if self.pos < len(self.buf) else data
        self.pos = 0
        return True

    def stored_at(self, at: int) -> int | None:
        """Return where in the file the content from `at` begins, if a reader could start there.

        That is so in a plain file, and at the beginning of a member. Forgets earlier members.
        """
        near = self.near(at)
        if self._inflater.codec is None:
            return near
        return near if self._starts and self._starts[0][0] == at else None

    def near(self, at: int) -> int:
        """Return the last place in the file where a reader could start to get to `at`."""
        if self._inflater.codec is None:
            return at
        starts = self._starts
        while len(starts) > 1 and starts[1][0] <= at:
            starts.popleft()
        return starts[0][1] if starts else 0

    def members_in(self, start: int, end: int) -> list[int]:
        """Return the offsets in the content, from `start` to before `end`, where members begin."""
        return [at for at, _ in self._starts if start <= at < end]

    def put_back(self, data: bytes, at: int) -> None:
        """Make ``data + buf[pos:]``, which begins at `at` of the content, what comes next."""
        self.buf = data + self.buf[self.pos :]
        self.base, self.pos = at, 0

    def restart(self, at: int = 0) -> None:
        """Forget the window: the content goes on elsewhere, at `at`."""
        self.buf, self.pos, self.base = b"", 0, at
        self._starts.clear()
