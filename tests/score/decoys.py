"""Texts that look like lessons to a model of words, and teach nothing: made to test against.

Good texts are taken apart and put together wrongly, as spam and templates do: words in any order,
words drawn at random, chains that go on as texts do for two words at a time, lists of subjects, the
same sentence again and again, only the beginnings of sentences, forms that nobody filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

__all__ = ["KINDS", "decoys"]

_SIZE = 1_000
_CONTENT = re.compile(r"[A-Za-z]{5,}")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")

Rng = np.random.Generator


def _shuffled(texts: Sequence[str], rng: Rng) -> str:
    words = _some(texts, rng).split()
    return " ".join(words[i] for i in rng.permutation(len(words)))


def _drawn(texts: Sequence[str], rng: Rng) -> str:
    words = [word for _ in range(8) for word in _some(texts, rng).split()]
    return " ".join(words[i] for i in rng.integers(len(words), size=150))


def _chained(texts: Sequence[str], rng: Rng) -> str:
    words = [word for _ in range(12) for word in _some(texts, rng).split()]
    after: dict[str, list[str]] = {}
    for word, then in pairwise(words):
        after.setdefault(word, []).append(then)
    out = [words[int(rng.integers(len(words)))]]
    while len(out) < 160:
        following = after.get(out[-1]) or words
        out.append(following[int(rng.integers(len(following)))])
    return " ".join(out)


def _listed(texts: Sequence[str], rng: Rng) -> str:
    found = [word for _ in range(6) for word in _CONTENT.findall(_some(texts, rng))] or ["word"]
    size = int(rng.integers(1, 4))
    items = [
        " ".join(found[i] for i in rng.integers(len(found), size=size)) for _ in range(120 // size)
    ]
    mark = (", ", " ", "\n", " | ", " #", "\n- ", "? ")[int(rng.integers(7))]
    return mark.join(items)


def _asked(texts: Sequence[str], rng: Rng) -> str:
    found = [word for _ in range(4) for word in _CONTENT.findall(_some(texts, rng))] or ["word"]
    forms = ("What is {}?", "{} explained", "Learn {} online", "Introduction to {}",
             "Best {} guide", "How does {} work?", "{} for beginners", "Define {}")  # fmt: skip
    few = rng.permutation(len(forms))[: int(rng.integers(1, 4))]
    return "\n".join(
        forms[few[i % len(few)]].format(found[int(rng.integers(len(found)))]) for i in range(40)
    )


def _repeated(texts: Sequence[str], rng: Rng) -> str:
    found = [part.strip() for part in _SENTENCE.findall(_some(texts, rng)) if len(part) > 20]
    if not found:
        return "again " * 100
    at = int(rng.integers(len(found)))
    piece = " ".join(found[at : at + int(rng.integers(1, 3))])
    mark = " " if rng.integers(2) else "\n"
    return mark.join([piece] * max(3, _SIZE // max(len(piece), 1)))


def _begun(texts: Sequence[str], rng: Rng) -> str:
    found = [p.split() for _ in range(5) for p in _SENTENCE.findall(_some(texts, rng))]
    size = int(rng.integers(2, 5))
    return "\n".join(" ".join(words[:size]).rstrip(".,;:") for words in found if words)


def _unfilled(texts: Sequence[str], rng: Rng) -> str:
    blank = ("____", "[...]", "[insert text here]", "XXXX", "...")[int(rng.integers(5))]
    return _CONTENT.sub(blank, _some(texts, rng))


KINDS: dict[str, Callable[[Sequence[str], Rng], str]] = {
    "asked": _asked,
    "begun": _begun,
    "chained": _chained,
    "drawn": _drawn,
    "listed": _listed,
    "repeated": _repeated,
    "shuffled": _shuffled,
    "unfilled": _unfilled,
}
"""By name: what makes one text of a kind from some good ones."""


def decoys(texts: Sequence[str], count: int, seed: int = 0) -> list[str]:
    """Return `count` texts of up to 1,000 characters that teach nothing, of all kinds in turn.

    Args:
        texts: good ones, to be taken apart; those without a word are left out.
        count: how many to make.
        seed: the same texts for the same arguments.

    >>> lesson = "Water boils when its vapor presses as hard as the air above it does."
    >>> made = decoys([lesson], 8)
    >>> len(made), made[6] != lesson, sorted(made[6].split()) == sorted(lesson.split())
    (8, True, True)
    """
    good = [text for text in texts if text.split()]
    if not good:
        return []
    rng = np.random.default_rng(seed)
    makers = list(KINDS.values())
    return [makers[i % len(makers)](good, rng)[:_SIZE] for i in range(count)]


def _some(texts: Sequence[str], rng: Rng) -> str:
    return texts[int(rng.integers(len(texts)))]
