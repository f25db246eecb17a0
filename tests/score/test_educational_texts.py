"""The texts that benchmarks/educational.py scores: enough of them, and changed as they say."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import educational_texts as own


def test_there_are_many_pages_of_many_kinds_and_none_twice() -> None:
    pages = own.adversarial()
    assert len(pages) >= 60
    assert len({page.name for page in pages}) == len({page.text for page in pages}) == len(pages)
    assert len({page.kind for page in pages}) >= 10
    assert all(len(page.text) > 200 for page in pages if page.kind != "language")


def test_every_lesson_stands_in_every_variety() -> None:
    names = set(own.lessons("standard"))
    assert len(own.varieties()) == 9
    for variety in own.varieties():
        assert set(own.lessons(variety)) == names
    lengths = [len(text.split()) for v in own.varieties() for text in own.lessons(v).values()]
    assert max(lengths) < 1.6 * min(lengths)  # the same content at about the same length
    assert len(own.topics()) >= 15


def test_what_is_made_of_a_lesson_has_its_words() -> None:
    lesson = own.lessons("standard")["forces"]
    made = {page.name: page.text for page in own.adversarial()}
    for name in ("words shuffled (forces)", "sentences shuffled (forces)"):
        assert made[name] != lesson
        assert Counter(made[name].split()) == Counter(lesson.split())


@given(st.lists(st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,5}[.!?]", fullmatch=True), max_size=20))
def test_sentences_are_the_text_in_pieces(parts: list[str]) -> None:
    assert [part.strip() for part in own.sentences(" ".join(parts))] == parts


def test_a_tenth_of_the_sentences_goes_each_time() -> None:
    text = " ".join(f"This is sentence {i}." for i in range(30))
    cut = own.thinned(text, 20, seed=1)
    assert cut == own.thinned(text, 20, seed=1)
    assert {len(own.sentences(one)) for one in cut} == {27}
    assert len(set(cut)) > 15
