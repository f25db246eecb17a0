"""The texts in disorder that the reader learns to see through: made of good ones, and of what."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).parents[2] / "classifiers" / "educational" / "disordered.py"
_SPEC = spec_from_file_location("educational_disordered", SCRIPT)
assert _SPEC is not None
assert _SPEC.loader is not None
made = module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)


@cache
def texts() -> tuple[list[str], np.ndarray]:
    """Return 1,700 good texts of ten sentences, and 100 bad ones."""
    rng = random.Random(0)
    words = [f"w{i}" for i in range(300)]
    good = [
        " ".join(" ".join(rng.choices(words, k=8)) + "." for _ in range(10)) for _ in range(1_700)
    ]
    labels = np.array([[3.0, 2.0, 1.5, 2.0]] * 1_700 + [[2.0, 1.0, 1.0, 1.0]] * 100)
    return [*good, *["bad text. " * 10] * 100], labels


def test_what_is_made_has_the_words_of_good_texts_and_the_labels_of_its_kind() -> None:
    given, labels = texts()
    found, worth = made.disordered(given, labels)
    known = {word for text in given[:1_700] for word in text.split()}
    assert {word for text in found for word in text.split()} <= known
    assert worth.shape == (len(found), 4) == (2_000, 4)  # each text has sentences enough
    first = made.SHUFFLED + made.NEARLY + made.CHAINS
    assert not worth[:first].any()
    assert (
        worth[first : first + made.SENTENCES].round(6).tolist()
        == [[1.8, 0.8, 1.2, 1.0]] * made.SENTENCES
    )
    assert (worth[first + made.SENTENCES :] == [1.0, 0.2, 1.2, 0.8]).all()


def test_shuffled_texts_keep_their_words_and_lose_their_order() -> None:
    given, labels = texts()
    found, _ = made.disordered(given, labels)
    bags = {frozenset(Counter(text.split()).items()): text for text in given}
    for i, text in enumerate(found[: made.SHUFFLED + made.NEARLY]):
        whole = bags[frozenset(Counter(text.split()).items())].split()
        assert text.split() != whole
        if i < made.SHUFFLED:
            continue
        moved = [abs(i - whole.index(word)) for i, word in enumerate(text.split())]
        assert sorted(moved)[len(moved) // 2] < 8  # in runs of at most eight words


def test_in_a_chain_every_pair_stands_somewhere() -> None:
    given, labels = texts()
    found, _ = made.disordered(given, labels)
    pairs = {pair for text in given for pair in pairwise(text.split())}
    start = made.SHUFFLED + made.NEARLY
    for text in found[start : start + 20]:
        words = text.split()
        assert 90 <= len(words) < 170
        assert sum(p in pairs for p in pairwise(words)) > 0.9 * len(words)


def test_bare_texts_lose_points_and_capitals_and_only_the_last_label() -> None:
    given = [f"It's number {i}. Why—because; yes (really), it IS “so”!" for i in range(1_500)]
    labels = np.tile([2.0, 1.5, 1.0, 2.0], (1_500, 1))
    labels[:200, 0] = 0.5
    found, worth = made.bare(given, labels)
    assert len(found) == len(set(found)) == made.BARE
    numbers = {int(text.split()[3]) for text in found}
    assert min(numbers) >= 200
    for text in found[:20]:
        i = int(text.split()[3])
        assert text == f"it s number {i} why because yes really it is so"
    assert (worth == [2.0, 1.5, 1.0, 1.0]).all()


def test_the_same_seed_gives_the_same_texts() -> None:
    given, labels = texts()
    assert made.disordered(given, labels)[0] == made.disordered(given, labels)[0]
    assert made.disordered(given, labels, 8)[0] != made.disordered(given, labels)[0]


def test_code_is_bare_and_drawn_alike():
    found, worth = made.code()
    assert len(found) == len(worth) == made.CODE
    assert found == made.code()[0]
    assert found != made.code(14)[0]
    assert (worth[:, 0] < 2).all()
    assert all(200 < len(piece) <= 1_000 for piece in found[:100])
    kept = made._uncommented(
        '"""Says."""\n\ndef f(x):  # why\n    \'\'\'Doc.\'\'\'\n    return "#1"\n'
    )
    assert kept == 'def f(x):\n    return "#1"'
