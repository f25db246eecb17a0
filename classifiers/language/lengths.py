"""Makes held-out texts of one length for measuring: cut where longer, joined where shorter."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from data import Example, cut

__all__ = ["of_length"]


def of_length(found: Sequence[Example], size: int, each: int, seed: int = 3) -> list[Example]:
    """Return up to `each` texts a label of about `size` characters, none used twice."""
    rng, by = random.Random(seed), defaultdict(list)
    for example in found:
        by[example.label].append(example)
    made = []
    for label in sorted(by):
        texts, count = sorted(by[label], key=lambda example: example.text), 0
        rng.shuffle(texts)
        while texts and count < each:
            text = texts.pop().text
            while len(text) < size and texts:
                text = f"{text} {texts.pop().text}"
            if len(text) >= 0.8 * size:
                made.append(Example(cut(text, size, rng), label, found[0].source))
                count += 1
    return made
