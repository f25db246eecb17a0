"""Texts made of others: what a reader must learn to see through, and what it must not mind.

Words in any order, in any order within short runs, and drawn one after the other as they follow
each other somewhere (a Markov chain), teach nothing. Sentences of a lesson in any order teach
little, and sentences of several lessons less. Without points and commas a text teaches what it did.
Code without a word of explanation teaches little.
"""

from __future__ import annotations

import io
import re
import sysconfig
import tokenize
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SHUFFLED, NEARLY, CHAINS, SENTENCES, MIXED = 350, 350, 400, 600, 300
"""How many of each; of the fourth kind, those with at least `LEAST` sentences."""
LEAST = 6
GOOD = 2.5
BARE, TAUGHT = 1_200, 1.0
"""How many without points, of texts with a first label of at least so much."""
CODE = 500
_FOLLOWED = 1_500
_POINTS = re.compile(r"[.,;:!?'’\"“”()–—-]+")
_END = re.compile(r"(?<=[.!?])\s+")


def disordered(texts: Sequence[str], labels: Floats, seed: int = 7) -> tuple[list[str], Floats]:
    """Return texts made of those with a first label of at least `GOOD`, and labels, (n, 4)."""
    rng = np.random.default_rng(seed)
    good = np.flatnonzero(labels[:, 0] >= GOOD)
    made: list[tuple[str, list[float]]] = []
    nothing = [0.0, 0.0, 0.0, 0.0]
    for i in rng.choice(good, SHUFFLED, replace=False):
        words = texts[i].split()
        rng.shuffle(words)
        made.append((" ".join(words), nothing))
    for i in rng.choice(good, NEARLY, replace=False):
        words, size, out = texts[i].split(), int(rng.integers(3, 9)), []
        for start in range(0, len(words), size):
            run = words[start : start + size]
            rng.shuffle(run)
            out += run
        made.append((" ".join(out), nothing))
    made += [(text, nothing) for text in _chains(texts, good, rng)]
    for i in rng.choice(good, SENTENCES, replace=False):
        sentences = _END.split(texts[i])
        if len(sentences) >= LEAST:
            rng.shuffle(sentences)
            first, reasoning, lasting, clean = labels[i].tolist()
            worth = [min(first, 1.8), reasoning * 0.4, lasting * 0.8, min(clean, 1.0)]
            made.append((" ".join(sentences), worth))
    for _ in range(MIXED):
        sentences = []
        for i in rng.choice(good, 4, replace=False):
            found = _END.split(texts[i])
            sentences += [found[j] for j in rng.permutation(len(found))[:3]]
        rng.shuffle(sentences)
        made.append((" ".join(sentences)[:1_000], [1.0, 0.2, 1.2, 0.8]))
    return [text for text, _ in made], np.array([worth for _, worth in made])


def bare(texts: Sequence[str], labels: Floats, seed: int = 9) -> tuple[list[str], Floats]:
    """Return texts without points, commas and capitals, and labels: only the last one is lower."""
    rng = np.random.default_rng(seed)
    taken = rng.choice(np.flatnonzero(labels[:, 0] >= TAUGHT), BARE, replace=False)
    worth = labels[taken].copy()
    worth[:, 3] = np.minimum(worth[:, 3], 1.0)
    return [" ".join(_POINTS.sub(" ", texts[i]).lower().split()) for i in taken], worth


def code(seed: int = 13) -> tuple[list[str], Floats]:
    """Return pieces of Python's own library without comments and docstrings, and labels, (n, 4)."""
    rng = np.random.default_rng(seed)
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    made: list[str] = []
    for place in rng.permutation(len(files)):
        lines = _uncommented(files[place].read_text("utf-8", errors="replace")).split("\n")
        pieces = ("\n".join(lines[i : i + 30]) for i in range(20, len(lines) - 30, 120))
        made += [piece[: int(rng.integers(300, 1_000))] for piece in pieces]
        if len(made) >= CODE:
            break
    return made[:CODE], np.array([[1.0, 0.6, 1.2, 1.0]] * len(made[:CODE]))


def _uncommented(source: str) -> str:
    """Return Python code without comments, docstrings and blank lines."""
    found, starts = [], True
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type != tokenize.COMMENT and not (starts and token.type == tokenize.STRING):
                found.append(token)
            if token.type not in (tokenize.COMMENT, tokenize.NL):
                starts = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        text = tokenize.untokenize(found)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return ""
    return "\n".join(line.rstrip(" \\") for line in text.split("\n") if line.strip(" \\"))


def _chains(
    texts: Sequence[str], good: npt.NDArray[np.intp], rng: np.random.Generator
) -> list[str]:
    """Return texts of words of which each follows the one before it somewhere."""
    after: dict[str, list[str]] = defaultdict(list)
    for i in rng.choice(good, _FOLLOWED, replace=False):
        words = texts[i].split()
        for one, two in pairwise(words):
            after[one].append(two)
    starts, made = list(after), []
    for _ in range(CHAINS):
        words = [starts[rng.integers(len(starts))]]
        size = int(rng.integers(90, 170))
        while len(words) < size:
            choice = after.get(words[-1], starts)
            words.append(choice[rng.integers(len(choice))])
        made.append(" ".join(words))
    return made
