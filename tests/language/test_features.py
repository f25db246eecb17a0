"""The model's features: n-grams within words, the same for a text whatever stands beside it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.language.embedded import Embedded
from webfilter.language.features import (
    BITS,
    LETTER,
    SIGN,
    SPACE,
    UPPER,
    Characters,
    ngrams,
    points_of,
)


@pytest.fixture(scope="module")
def characters() -> Characters:
    return Embedded()._weights.characters


def features_of(text: str, characters: Characters) -> Counter[int]:
    points, _ = points_of([text])
    return Counter(int(f) for found, real, _ in ngrams(points, characters) for f in found[real])


def orders_of(text: str, characters: Characters) -> list[int]:
    points, _ = points_of([text])
    return [int(real.sum()) for _, real, _ in ngrams(points, characters)]


def test_ngrams_stay_within_words(characters: Characters) -> None:
    # letters, pairs, triples, fours, words
    assert orders_of("abcde", characters) == [5, 4, 3, 2, 1]
    assert orders_of("ab cde", characters) == [5, 3, 1, 0, 2]
    assert orders_of("ab,cde", characters) == [6, 3, 1, 0, 3]  # a sign is a word of its own
    assert orders_of("  ", characters) == orders_of("", characters) == [0] * 5


def test_a_word_has_the_same_features_in_every_text(characters: Characters) -> None:
    alone = features_of("märchen", characters)
    for text in ("märchen buch", "ein märchen", "ein\nmärchen\tda"):
        assert alone <= features_of(text, characters)


def test_the_beginning_and_end_of_a_word_count(characters: Characters) -> None:
    inner, outer = features_of("xabcx", characters), features_of("abc", characters)
    assert sum((inner & outer).values()) == 3  # the letters only


def test_case_and_digits_are_folded_but_a_capital_inside_a_word_shows(
    characters: Characters,
) -> None:
    lower = features_of("strasse über 1234", characters)
    assert features_of("STRASSE ÜBER 1234", characters) == lower
    assert features_of("Strasse Über 9876", characters) == lower
    assert features_of("it’s", characters) == features_of("it's", characters)
    assert features_of("getItem", characters) != features_of("getitem", characters)


def test_order_of_words_does_not_matter_order_of_letters_does(characters: Characters) -> None:
    assert features_of("one two six", characters) == features_of("six one two", characters)
    assert features_of("two", characters) != features_of("tow", characters)


def test_kinds_of_characters(characters: Characters) -> None:
    wanted = {
        SPACE: " \n\t\0\u00a0\u2003\ud800",
        LETTER: "aжاक\u093f字ん'’\u0301",
        SIGN: "1٣.,–«€😀",
    }
    wanted[UPPER] = "AÄЖ"
    for kind, chars in wanted.items():
        for char in chars:
            assert characters.kinds[ord(char)] == kind, hex(ord(char))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_texts_of_a_batch_do_not_touch(first: str, second: str) -> None:
    characters = Embedded()._weights.characters
    points, ends = points_of([first, second])
    both: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for found, real, places in ngrams(points, characters):
        at = np.flatnonzero(real) if places is None else places[real]
        assert (np.diff(at) > 0).all()
        assert (found < 1 << BITS).all()
        for feature, owner in zip(found[real], np.searchsorted(ends, at, "right"), strict=True):
            both[owner][int(feature)] += 1
    assert both == (features_of(first, characters), features_of(second, characters))


def test_against_a_slow_reading_by_strings(characters: Characters) -> None:
    """Which substrings are n-grams, told with strings instead of arrays."""
    text = "Das ist Äpfel-Mus, 42.5 km! क्या 日本語"
    words: list[str] = []
    for char in text:
        kind = int(characters.kinds[ord(char)])
        kind = LETTER if kind == UPPER else kind
        if kind == SPACE:
            words.append("")
        elif words and words[-1] and words[-1][0] == str(kind):
            words[-1] += char
        else:
            words.append(f"{kind}{char}")
    whole = [word[1:] for word in words if word]
    wanted = [sum(max(0, len(word) - n + 1) for word in whole) for n in (1, 2, 3, 4)]
    assert orders_of(text, characters) == [*wanted, len(whole)]
