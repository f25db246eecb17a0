"""Two texts side by side: what one has, what the other has, what both have.

Words are matched (`webfilter.report.matching`), not lines, so a text that was wrapped anew does not
look changed; white space never counts. Rows end where a sentence or a line does. The work is
bounded: of each text the first `MOST` characters are compared, in linear time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from webfilter.report.figures import label, number, remarks, share, visible
from webfilter.report.matching import Run, Word, matched, similarity, words_of

if TYPE_CHECKING:
    from webfilter.report.cluster import Member

__all__ = ["MOST", "Diff", "Fold", "Piece", "Row", "compared", "diff"]

MOST = 40_000
"""Characters of each text that are compared: some 6,000 words."""
_WIDE = 60
"""Words at which a row ends, whatever they say."""
_ALONE = 4
"""Equal words that may be a coincidence between words that differ."""
_SLIDE = 64
"""Words by which a stretch is moved at most."""


@dataclass(frozen=True)
class Piece:
    """Some words of a row."""

    text: str
    changed: bool
    """Whether the other text lacks them here."""


@dataclass(frozen=True)
class Row:
    """A sentence, a line, or a part of one, in both texts; empty where one has nothing."""

    left: tuple[Piece, ...]
    right: tuple[Piece, ...]

    @property
    def equal(self) -> bool:
        """Whether both say the same."""
        return not any(piece.changed for piece in (*self.left, *self.right))


@dataclass(frozen=True)
class Fold:
    """Equal rows that are not shown."""

    rows: int


@dataclass(frozen=True)
class Diff:
    """The survivor of a cluster (left) and a document that it absorbed (right), side by side.

    >>> from webfilter.report.cluster import Member
    >>> from webfilter import Document
    >>> kept = Member.of(Document("a", "Water boils. It boils at 100 °C."))
    >>> print(diff(kept, Member.of(Document("b", "Water boils. It boils at 212 °F."))))
    --- a (32 characters)
    +++ b (32 characters)
    20.0 % of their word 5-grams in common; 5 words in both, 2 only in the first, 2 in the second
    <BLANKLINE>
      Water boils.
    - It boils at [-100 °C-].
    + It boils at {+212 °F+}.
    """

    left: Member
    right: Member
    rows: tuple[Row, ...]
    similarity: float
    """Share of their word 5-grams (Jaccard) that both have, 0 to 1."""
    both: int
    """Words in both."""
    removed: int
    """Words only in the left one."""
    added: int
    """Words only in the right one."""
    notes: tuple[str, ...] = ()
    """What must be known to read it."""

    @property
    def equal(self) -> bool:
        """Whether both say the same, up to white space."""
        cut = max(self.left.length, self.right.length) > MOST
        return not cut and all(row.equal for row in self.rows)

    @property
    def counted(self) -> str:
        """How many words they have in common."""
        return (
            f"{label(self.both, 'word')} in both, {number(self.removed)} only in the first, "
            f"{number(self.added)} in the second"
        )

    @property
    def summary(self) -> str:
        """How much they have in common."""
        return f"{share(self.similarity, 1)} of their word 5-grams in common; {self.counted}"

    def folded(self) -> Iterator[Row | Fold]:
        """Yield the rows, long equal stretches folded up to a row at either end."""
        at = 0
        while at < len(self.rows):
            if not self.rows[at].equal:
                yield self.rows[at]
                at += 1
                continue
            end = at
            while end < len(self.rows) and self.rows[end].equal:
                end += 1
            before, after = int(at > 0), int(end < len(self.rows))
            if not before and not after:  # nothing differs: show how it begins
                before = 3
            hidden = end - at - before - after
            if hidden < 2:
                yield from self.rows[at:end]
            else:
                yield from self.rows[at : at + before]
                yield Fold(hidden)
                yield from self.rows[end - after : end]
            at = end

    def to_dict(self) -> dict[str, Any]:
        """Return the diff as JSON data."""
        return {
            "left": self.left.to_dict(),
            "right": self.right.to_dict(),
            "similarity": self.similarity,
            "words": {"both": self.both, "left": self.removed, "right": self.added},
            "rows": [
                {
                    side: [[piece.text, piece.changed] for piece in pieces]
                    for side, pieces in (("left", row.left), ("right", row.right))
                }
                for row in self.rows
            ],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [
            f"--- {self.left.title} ({label(self.left.length, 'character')})",
            f"+++ {self.right.title} ({label(self.right.length, 'character')})",
            *remarks([self.summary, *self.notes]),
            "",
        ]
        for row in self.folded():
            if isinstance(row, Fold):
                lines.append(f"... {label(row.rows, 'equal line')} ...")
            elif row.equal:
                lines.append(f"  {_said(row.left, '', '')}".rstrip())
            else:
                lines += [f"- {_said(row.left, '[-', '-]')}"] if row.left else []
                lines += [f"+ {_said(row.right, '{+', '+}')}"] if row.right else []
        return "\n".join(lines)

    def to_html(self) -> str:
        """Return the diff as one page that needs nothing else."""
        from webfilter.report.clustered import diff_page

        return diff_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.clustered import diff_fragment

        return diff_fragment(self)


def _said(pieces: Sequence[Piece], opening: str, closing: str) -> str:
    if all(piece.changed or not piece.text.strip() for piece in pieces):  # the sign says it
        opening = closing = ""
    return "".join(
        f"{opening}{visible(piece.text)}{closing}" if piece.changed else visible(piece.text)
        for piece in pieces
    )


def compared(member: Member) -> list[Word] | None:
    """Return the words of a document that are compared; None where its text is not at hand."""
    if len(member.text) < min(member.length, MOST):
        return None
    return words_of(member.text[:MOST])


def diff(left: Member, right: Member) -> Diff:
    """Return the diff of two documents, whose texts are at hand; see `Cluster.diff`."""
    one, other = words_of(left.text[:MOST]), words_of(right.text[:MOST])
    runs = matched([word.text for word in one], [word.text for word in other])
    runs = _slid(one, other, _cleaned(runs, len(one), len(other)))
    words = [sum(not word.sign for word in side) for side in (one, other)]
    both = sum(not one[at].sign for run in runs for at in range(run.left, run.left + run.size))
    rows = tuple(_rows(one, other, runs))
    notes = [
        f"{which} is cut: the first {number(MOST)} of {label(member.length, 'character')} are shown"
        for which, member in (("the first", left), ("the second", right))
        if member.length > MOST
    ]
    if not notes and all(row.equal for row in rows):
        same = left.text == right.text
        notes.append("the texts are equal" if same else "the texts differ in white space only")
    return Diff(
        left=left,
        right=right,
        rows=rows,
        similarity=similarity(one, other),
        both=both,
        removed=words[0] - both,
        added=words[1] - both,
        notes=tuple(notes),
    )


def _cleaned(runs: Sequence[Run], ends: int, other_ends: int) -> list[Run]:
    """Return the runs without those few equal words that stand alone among many that differ."""
    kept: list[Run] = []
    for place, run in enumerate(runs):
        before = max(run.left - _end(kept, 0), run.right - _end(kept, 1))
        after = runs[place + 1] if place + 1 < len(runs) else Run(ends, other_ends, 0)
        then = max(after.left - run.left, after.right - run.right) - run.size
        if run.size > _ALONE or 2 * run.size > min(before, then):
            kept.append(run)
    return kept


def _slid(one: Sequence[Word], other: Sequence[Word], runs: Sequence[Run]) -> list[Run]:
    """Return the runs such that what only one text has begins with a sentence, where it can.

    "a. b. c." and "a. c." have the same in common whether "b." or ". b" is what is missing.
    """
    found = list(runs)
    for place in range(len(found) - 1):
        run, after = found[place], found[place + 1]
        at, there = run.left + run.size, run.right + run.size
        if (at == after.left) == (there == after.right):
            continue
        words, begin, end = (one, at, after.left) if there == after.right else (other, there, after.right)  # fmt: skip  # noqa: E501
        for step in _slides(words, begin, end, run.size, after.size):
            if words[begin + step - 1].ends or words[begin + step - 1].broken:
                found[place] = Run(run.left, run.right, run.size + step)
                found[place + 1] = Run(after.left + step, after.right + step, after.size - step)
                break
    return [run for run in found if run.size]


def _slides(words: Sequence[Word], begin: int, end: int, before: int, after: int) -> Iterator[int]:
    """Yield by how much a stretch can be moved while the words around it stay the same."""
    yield 0
    for step in range(1, min(_SLIDE, after) + 1):
        if words[begin + step - 1].text != words[end + step - 1].text:
            break
        yield step
    for step in range(1, min(_SLIDE, before - 1) + 1):
        if words[begin - step].text != words[end - step].text:
            break
        yield -step


def _end(runs: Sequence[Run], side: int) -> int:
    if not runs:
        return 0
    return (runs[-1].right if side else runs[-1].left) + runs[-1].size


class _Open:
    """A row that is being filled."""

    def __init__(self) -> None:
        self.sides: tuple[list[tuple[Word, bool]], list[tuple[Word, bool]]] = ([], [])

    def add(self, side: int, words: Sequence[Word], changed: bool) -> None:
        self.sides[side].extend((word, changed) for word in words)

    def close(self) -> Iterator[Row]:
        """Yield the row, if there is anything in it, and begin the next."""
        if any(self.sides):
            yield Row(_pieces(self.sides[0]), _pieces(self.sides[1]))
        self.sides = ([], [])

    @property
    def full(self) -> bool:
        return max(map(len, self.sides)) >= _WIDE


def _rows(one: Sequence[Word], other: Sequence[Word], runs: Sequence[Run]) -> Iterator[Row]:
    row = _Open()
    at, there = 0, 0
    for run in (*runs, Run(len(one), len(other), 0)):
        parts = zip_longest(_parts(one[at : run.left]), _parts(other[there : run.right]))
        for place, pair in enumerate(parts):
            if place or row.full:
                yield from row.close()
            for side, part in enumerate(pair):
                row.add(side, part or (), True)
        if _finished(one, run.left) and _finished(other, run.right):
            yield from row.close()
        for step in range(run.size):
            left, right = one[run.left + step], other[run.right + step]
            row.add(0, (left,), False)
            row.add(1, (right,), False)
            if (left.ends and right.ends) or (left.broken and right.broken) or row.full:
                yield from row.close()
        at, there = run.left + run.size, run.right + run.size
    yield from row.close()


def _finished(words: Sequence[Word], at: int) -> bool:
    """Return whether a sentence or a line ends before `at`."""
    return at == 0 or words[at - 1].ends or words[at - 1].broken


def _parts(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Yield words by sentence or line, at most `_WIDE` at once."""
    begin = 0
    for at, word in enumerate(words):
        if word.ends or word.broken or at + 1 - begin >= _WIDE:
            yield words[begin : at + 1]
            begin = at + 1
    if begin < len(words):
        yield words[begin:]


def _pieces(words: Sequence[tuple[Word, bool]]) -> tuple[Piece, ...]:
    """Return words as text; the space between two pieces is never marked."""
    pieces: list[tuple[list[str], bool]] = []
    for place, (word, changed) in enumerate(words):
        if not pieces or pieces[-1][1] != changed:
            pieces.append(([], changed))
        pieces[-1][0].append(word.text)
        if word.spaced and place + 1 < len(words):
            if words[place + 1][1] == changed or not changed:
                pieces[-1][0].append(" ")
            else:
                pieces.append(([" "], False))
    return tuple(Piece("".join(texts), changed) for texts, changed in pieces)
