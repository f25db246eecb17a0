"""The texts in other Englishes that the reader learns not to mind: made of others by rules."""

from __future__ import annotations

import difflib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "classifiers" / "educational" / "englishes.py"
_SPEC = spec_from_file_location("educational_englishes", SCRIPT)
assert _SPEC is not None
assert _SPEC.loader is not None
made = module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)

LESSON = """The heart pumps the blood through two loops. A valve opens when the pressure behind it
rises, and it closes when the blood flows back. Why does the left side have a thicker wall? Because
it pushes the blood through the whole body, which needs more pressure. If you carry many bags up the
stairs, the muscles need more oxygen. The heart gives them what they want: it beats faster."""


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("_going_on", "It gives heat. He carries and stops.",
         "It is giving heat. He is carrying and is stopping."),
        ("_going_on", "It seems to have sees.", "It is seeming to have is seeing."),
        ("_no_s", "She has it, it goes, it carries, it pushes.",
         "She have it, it go, it carry, it push."),
        ("_many", "Information and research.", "Informations and researches."),
        ("_one", "Many cells and two loops.", "Many cell and two loop."),
        ("_again", "It stops. The water is hot.", "It stops. The water, it is hot."),
        ("_statement_questions", "Why does the wall bend? Where is it?",
         "Why the wall bend? Where it is?"),
    ],
)  # fmt: skip
def test_rules(rule, text, expected):
    assert getattr(made, rule)(text, Never()) == expected


class Never:
    """Draws so that a rule never leaves anything as it is."""

    def uniform(self, low, high):
        return 1.0

    def random(self):
        return 0.0


def test_articles_go_and_capitals_stay():
    assert made._no_articles("The heart and a valve.", Never()) == "Heart and valve."


@pytest.mark.parametrize("english", range(5))
def test_each_english_changes_a_lesson_and_leaves_most_of_it(english):
    rules, _ = made._ENGLISHES[english]
    rng = np.random.default_rng(3)
    for _ in range(20):
        text = LESSON
        for rule in rules:
            text = rule(text, rng)
        assert text != LESSON
        alike = difflib.SequenceMatcher(None, LESSON.split(), text.split(), autojunk=False).ratio()
        assert alike > 0.35


def test_labels_stay_and_draws_repeat():
    rng = np.random.default_rng(0)
    texts = [f"{LESSON} It is number {i}." for i in range(400)]
    labels = rng.uniform(0, 4, (400, 4))
    found, worth = made.englishes(texts, labels)
    again, _ = made.englishes(texts, labels)
    assert found == again
    assert found != made.englishes(texts, labels, seed=12)[0]
    numbers = [int(text.split()[-1].rstrip(".,")) if text.split()[-1][0].isdigit() else None
               for text in found]  # fmt: skip
    known = [(n, row) for n, row in zip(numbers, worth, strict=True) if n is not None]
    assert len(known) > 200
    assert all((labels[n] == row).all() for n, row in known)
    assert len(found) == len(worth) == 400


def test_how_many_are_made(monkeypatch):
    monkeypatch.setattr(made, "COUNT", 30)
    monkeypatch.setattr(made, "OTHERS", 10)
    labels = np.repeat([[3.0], [1.0]], 50, axis=0) * np.ones(4)
    _, worth = made.englishes([LESSON] * 100, labels)
    assert (worth[:, 0] >= made.TAUGHT).sum() == 30
    assert (worth[:, 0] < made.TAUGHT).sum() == 10
