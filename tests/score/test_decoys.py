"""Texts made to teach nothing, and what the model learns from order."""

import numpy as np
import pytest
from decoys import KINDS, decoys

from webfilter.document import Document
from webfilter.score import Educational
from webfilter.score.features import features
from webfilter.score.model import orderly
from webfilter.score.packaged import load

LESSON = (
    "A leaf makes sugar from light. Chlorophyll takes up the energy of the light, and with it the "
    "leaf splits water into oxygen, which leaves through its pores, and hydrogen, which it binds "
    "to carbon dioxide. This is why a plant in the dark loses weight: it burns more sugar than it "
    "makes. For example, a potato that sprouts in a cellar becomes lighter from day to day, "
    "although its shoots grow."
)


@pytest.mark.parametrize(
    "texts", [[LESSON], ["word"], ["... !!! 1 2"], ["", LESSON], ["日本語 。"]]
)
def test_every_kind_is_made_of_any_texts(texts: list[str]) -> None:
    made = decoys(texts, 5 * len(KINDS), seed=1)
    assert len(made) == 5 * len(KINDS)
    assert all(isinstance(text, str) and len(text) <= 1_000 for text in made)
    assert made == decoys(texts, 5 * len(KINDS), seed=1)
    assert made != decoys(texts, 5 * len(KINDS), seed=2) or texts in (["word"], ["日本語 。"])


def test_nothing_is_made_of_nothing() -> None:
    assert decoys([], 8) == []
    assert decoys(["", "  \n"], 8) == []


def test_order_is_seen_where_words_are_not() -> None:
    model = load("educational")
    rng = np.random.default_rng(0)
    words = LESSON.split()
    turned = [" ".join(words[i] for i in rng.permutation(len(words))) for _ in range(20)]
    usual, *others = orderly(features([LESSON, *turned]), model.common, model.order)[:, 0]
    assert usual > max(others)


@pytest.mark.parametrize("kind", ["drawn", "listed", "shuffled"])
def test_what_only_looks_like_a_lesson_scores_below_it(kind: str) -> None:
    stage = Educational(min_score=None)
    real = stage.measure(Document("lesson", LESSON))["educational"]
    assert isinstance(real, float)
    assert real > 2.5
    for text in decoys([LESSON], 5 * len(KINDS), seed=3)[list(KINDS).index(kind) :: len(KINDS)]:
        fake = stage.measure(Document("decoy", text))["educational"]
        assert isinstance(fake, float)
        assert fake < 2.5, text[:80]


def test_one_sentence_again_and_again_scores_nothing() -> None:
    text = "Chlorophyll takes up the energy of the light, because its molecules absorb it. " * 12
    assert Educational(min_score=None).measure(Document("again", text))["educational"] == 0.0


def test_a_few_words_are_not_judged_by_their_order() -> None:
    stage = Educational(min_score=None)
    short = "Photosynthesis: plants make glucose."
    assert stage.measure(Document("short", short))["educational"] != 0.0
