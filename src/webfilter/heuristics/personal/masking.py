"""What was found in a text, in order, and the text with other words in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from webfilter.heuristics.personal.folded import Bytes, Places, Spans, covered
from webfilter.heuristics.personal.kinds import KINDS, Kind
from webfilter.text import code_points

__all__ = ["Matches", "masked"]

_FEW = 64  # matches up to which joining strings is faster than arrays


@dataclass(frozen=True, eq=False)
class Matches:
    """Matches of all kinds by place; they do not overlap."""

    starts: Places
    ends: Places
    kinds: Places
    """Place of each match's kind in `KINDS`."""

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(cls, found: Mapping[Kind, Spans]) -> Matches:
        """Return the matches of `find`, sorted."""
        none = np.zeros(0, dtype=np.intp)
        starts = np.concatenate([none, *(spans[0] for spans in found.values())])
        ends = np.concatenate([none, *(spans[1] for spans in found.values())])
        numbers = [np.full(len(found[k][0]), KINDS.index(k), dtype=np.intp) for k in found]
        order = np.argsort(starts, kind="stable")
        return cls(starts[order], ends[order], np.concatenate([none, *numbers])[order])

    def parted(self, bounds: Places) -> Iterator[Matches]:
        """Yield the matches from each bound to the next, counted from that bound."""
        cuts = np.searchsorted(self.starts, bounds).tolist()
        for bound, first, last in zip(bounds.tolist(), cuts, cuts[1:], strict=False):
            part = slice(first, last)
            yield Matches(self.starts[part] - bound, self.ends[part] - bound, self.kinds[part])

    def other_than(self, text: str, masks: Mapping[Kind, Sequence[str]]) -> Matches:
        """Return the matches in `text` that are not one of their kind's `masks` already."""
        options = [frozenset(masks[kind]) for kind in KINDS]
        triples = zip(self.starts.tolist(), self.ends.tolist(), self.kinds.tolist(), strict=True)
        other = [text[start:end] not in options[kind] for start, end, kind in triples]
        chosen = np.array(other, dtype=np.bool_)
        return Matches(self.starts[chosen], self.ends[chosen], self.kinds[chosen])


def masked(text: str, found: Matches, masks: Mapping[Kind, Sequence[str]]) -> str:
    """Return `text` with each match replaced by a mask of its kind, the masks taken in turns.

    >>> one = Matches(np.array([4]), np.array([11]), np.array([KINDS.index("ip")]))
    >>> masked("Ask 8.8.8.8.", one, {kind: ("<IP>",) for kind in KINDS})
    'Ask <IP>.'
    """
    words = [mask for kind in KINDS for mask in masks[kind]]
    chosen = np.zeros(len(found), dtype=np.intp)
    first = 0
    for kind, name in enumerate(KINDS):
        mine = np.flatnonzero(found.kinds == kind)
        chosen[mine] = first + np.arange(len(mine)) % len(masks[name])
        first += len(masks[name])
    if len(found) > _FEW:
        return _spliced(text, found, words, chosen)
    pieces: list[str] = []
    at = 0
    places = zip(found.starts.tolist(), found.ends.tolist(), chosen.tolist(), strict=True)
    for start, end, word in places:
        pieces += text[at:start], words[word]
        at = end
    return "".join([*pieces, text[at:]])


def _spliced(text: str, found: Matches, words: Sequence[str], chosen: Places) -> str:
    """Return `text` with each match replaced by one of `words`."""
    plain = text.isascii() and "".join(words).isascii()
    codes = _bytes if plain else code_points
    lengths = np.array([len(word) for word in words])
    said = np.zeros((len(words), lengths.max()), dtype=np.uint8 if plain else np.uint32)
    for row, word in zip(said, words, strict=True):
        row[: len(word)] = codes(word)
    old, grown = codes(text), lengths.take(chosen)
    there = np.arange(said.shape[1]) < lengths[:, None]
    new = said.take(chosen, axis=0)[there.take(chosen, axis=0)]
    moved = np.cumsum(grown - (found.ends - found.starts))
    result = np.empty(len(old) + int(moved[-1]), dtype=old.dtype)
    ends = found.ends + moved
    masks = covered(len(result), ends - grown, ends)
    result[masks] = new
    result[~masks] = old.compress(~covered(len(old), found.starts, found.ends))
    return result.tobytes().decode("ascii" if plain else "utf-32-le", "surrogatepass")


def _bytes(text: str) -> Bytes:
    return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
