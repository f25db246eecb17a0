"""What lines and spans have in common: a stage that takes parts out of texts, a batch at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from webfilter.dedup.pieces import pieces
from webfilter.dedup.prefer import places
from webfilter.dedup.sketch import named
from webfilter.document import Document, Value
from webfilter.stage import Rule, Signal, Transform, judge

__all__ = ["Removal", "hashed", "preferred", "removal_signals"]


@dataclass(frozen=True)
class Removal(Transform):
    """Takes parts out of texts. A subclass finds them and declares `removal_signals`."""

    min_characters_left: int | None = 1
    """Least characters that must stay, white space at the ends not counted: by default only what
    comes out empty is dropped. RefinedWeb has 20."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The limit on what stays."""
        if self.min_characters_left is None:
            return ()
        return (Rule("characters_left", ge=self.min_characters_left),)

    @abstractmethod
    def remove(self, docs: Sequence[Document]) -> list[tuple[str, int | None]]:
        """Return each new text, and how many parts went; None where the stage does not apply."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Take out the parts, then judge each document."""
        rules = self.rules
        marked: list[Document] = []
        for docs in pieces(batch):
            for doc, (text, parts) in zip(docs, self.remove(docs), strict=True):
                signals = {**doc.signals, **self._signals(doc, text, parts)}
                verdict = judge(rules, signals, self.name)
                marked.append(replace(doc, text=text, signals=signals, verdict=verdict))
        return marked

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        """Return the text without the parts, and the signals."""
        [(text, parts)] = self.remove([doc])
        return text, self._signals(doc, text, parts)

    def _signals(self, doc: Document, text: str, parts: int | None) -> dict[str, Value]:
        count, ratio, left = (signal.name for signal in self.measures)
        size = len(doc.text)
        share = (size - len(text)) / size if size and parts is not None else None
        return {count: parts, ratio: share, left: len(text.strip())}


def removal_signals(count: str, ratio: str, what: str, unit: str) -> tuple[Signal, Signal, Signal]:
    """Return the declarations of the signals of a `Removal`, named `count` and `ratio`."""
    return (
        Signal(count, "int", f"{what} removed", unit, 0),
        Signal(
            ratio, "float", f"Characters of the text that went with {unit} removed", "share", 0, 1
        ),
        Signal("characters_left", "int", "Characters of the text that stays", "characters", 0),
    )


def preferred(docs: Sequence[Document], prefer: Sequence[str]) -> list[bytes]:
    """Return bytes for each document that sort as `prefer` does, ties by id: the best is least."""
    ids = (doc.id.encode("utf-8", "surrogatepass") for doc in docs)
    return [place + name for place, name in zip(places(docs, prefer), ids, strict=True)]


def hashed(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each of `texts` (BLAKE2b).

    >>> hashed(["a", "b", "a"]).tolist()[0] == hashed(["a"]).tolist()[0]
    True
    """
    return named(texts)[0]
