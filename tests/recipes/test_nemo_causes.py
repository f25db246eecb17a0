"""How benchmarks/conformance_nemo.py tells why a rule decides otherwise there and here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import conformance_nemo as chain

import webfilter as wf

ORDER = ("words", "stop_words", "longest_word")
TIE = "several n-grams are the most common: there any of them, here the first"


def test_the_first_rule_that_is_broken_decides_and_one_that_fails_ends_the_run() -> None:
    assert chain.Found(frozenset()).first(ORDER) == "kept"
    assert chain.Found(frozenset({"longest_word", "stop_words"})).first(ORDER) == "stop_words"
    failed = frozenset({"stop_words"})
    assert chain.Found(frozenset({"longest_word"}), failed).first(ORDER) == "breaks the run"
    assert chain.Found(frozenset({"words"}), failed).first(ORDER) == "words"


@pytest.mark.parametrize(
    ("signal", "text", "limit", "why"),
    [
        ("top_2gram_character_ratio", "green leaves\na b", 0.5, TIE),
        ("top_2gram_character_ratio", "green leaves\na b", 0.9, "unexplained"),
        ("top_2gram_character_ratio", "green leaves\na b a b", 0.5, "unexplained"),
        ("words", "green leaves", 50.0, "unexplained"),
    ],
)
def test_a_difference_has_its_cause(signal, text, limit, why) -> None:
    assert chain.cause(signal, text, limit) == why


def test_letters_are_more_to_regex() -> None:
    pytest.importorskip("regex")
    why = "marks and numerals that are letters to regex, and not to str.isalpha"
    assert chain.cause("alpha_word_ratio", "leaf Ⅳ", 0.8) == why
    assert chain.cause("alpha_word_ratio", "leaf IV 4", 0.8) == "unexplained"


def test_theirs_may_fail_and_ours_tell_every_rule_that_is_broken() -> None:
    class Asked:
        def score_document(self, text: str) -> float:
            return 1 / len(text.split())

        def keep_document(self, score: float) -> bool:
            return score < 0.5

    filters = {"words": Asked()}
    assert chain.theirs(filters, "one two") == chain.Found(frozenset({"words"}))
    assert chain.theirs(filters, "\n") == chain.Found(frozenset(), frozenset({"words"}))
    assert chain.theirs(filters, "one two three") == chain.Found(frozenset())
    assert chain.chained(filters, ["one two", "\n", "one two three"]) == 1
    stages = [wf.Composition(), wf.GopherQuality.profile("nemo-curator")]
    [found, none] = chain.ours(stages, ["The 12345 leaves and [[[]]]", "\n"])
    broken = {"non_alphanumeric_ratio", "digit_ratio", "bracket_ratio", "unterminated_line_ratio"}
    assert found == chain.Found(frozenset(broken | {"words", "stop_words", "alpha_word_ratio"}))
    assert none.broken == {"white_space_ratio", "words", "stop_words"}


def test_every_rule_belongs_to_a_family() -> None:
    counts = dict.fromkeys(map(chain.family, chain.SIGNALS.values()), 0)
    for signal in chain.SIGNALS.values():
        counts[chain.family(signal)] += 1
    assert sorted(counts.values()) == [3, 4, 6, 7, 8]


def test_texts_are_made_alike_each_time() -> None:
    assert chain.made(20) == chain.made(20)
    assert len(set(chain.made(20))) > 40
