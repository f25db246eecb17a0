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
    TOP,
    UPPER,
    Characters,
    letters,
    ngrams,
    points_of,
)


@pytest.fixture(scope="module")
def characters() -> Characters:
    return Embedded()._weights.characters


def features_of(text: str, characters: Characters) -> Counter[int]:
    """Features of more than one character."""
    points, _ = points_of([text])
    return Counter(f for found, _ in ngrams(points, characters) for f in found.tolist())


def orders_of(text: str, characters: Characters) -> list[int]:
    """Return how many there are: 2, 3, 4 letters, long words, short words, letters alone."""
    points, _ = points_of([text])
    return [len(found) for found, _ in ngrams(points, characters)]


def test_ngrams_stay_within_words(characters: Characters) -> None:
    assert orders_of("abcd", characters) == [3, 2, 1, 0, 1, 0]
    assert orders_of("abcde", characters) == [4, 3, 2, 1, 0, 0]
    assert orders_of("a cde", characters) == [2, 1, 0, 0, 1, 1]
    assert orders_of("ab,cde", characters) == [3, 1, 0, 0, 2, 0]  # a sign is a word, but no letter
    assert orders_of("我a 们说。", characters) == [2, 0, 0, 0, 2, 0]
    assert orders_of("我 -12345", characters) == [5, 4, 3, 1, 0, 1]
    assert orders_of("  ", characters) == orders_of("", characters) == [0] * 6


def test_words_differ_by_their_beginning_end_and_length(characters: Characters) -> None:
    def word(text: str) -> int:
        points, _ = points_of([text])
        found = [*ngrams(points, characters)]
        [feature] = [int(f) for f in np.concatenate([found[3][0], found[4][0]])]
        return feature

    words = "it its tis site sate sited houses mouses houseboat houseboet nouseboat hoouseboat"
    assert len({word(text) for text in words.split()}) == 12
    assert word("Freundschaft") == word("FREUNDSCHAFT") == word("freunXYchaft".lower())


def test_a_letter_alone_is_not_what_it_is_in_a_word(characters: Characters) -> None:
    (alone,) = features_of("y", characters)
    assert alone not in features_of("yes by eyes", characters)
    assert alone != characters.singles[ord("y")]
    assert features_of("y", characters) == features_of("Y", characters)


def test_letters_are_counted_by_text() -> None:
    texts = ["abba", "", "a b", "\U0002f800\U0003ffff漢"]
    for limit in (4_000_000, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("webfilter.language.features._TABLE", limit)
            owners, points, times = letters(*points_of(texts))
        assert (np.diff(owners) >= 0).all()
        for number, text in enumerate(texts):
            wanted = Counter(min(ord(c), TOP - 1) for c in f"{text}\n")
            at = owners == number
            assert dict(zip(points[at].tolist(), times[at].tolist(), strict=True)) == wanted


def test_characters_alone_are_features_but_white_space(characters: Characters) -> None:
    singles = characters.singles
    assert (singles[[ord(c) for c in " \n\u3000"]] == -1).all()
    assert singles[ord("Ä")] == singles[ord("ä")] != singles[ord("a")]
    assert singles[ord("1")] == singles[ord("9")]


def test_a_word_has_the_same_features_in_every_text(characters: Characters) -> None:
    alone = features_of("märchen", characters)
    for text in ("märchen buch", "ein märchen", "ein\nmärchen\tda"):
        assert alone <= features_of(text, characters)


def test_the_beginning_and_end_of_a_word_count(characters: Characters) -> None:
    inner, outer = features_of("xabcx", characters), features_of("abc", characters)
    assert sum((inner & outer).values()) == 0
    common = features_of("xabcdx", characters) & features_of("xabcdy", characters)
    assert sum(common.values()) == 9


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
    points, bounds = points_of([first, second])
    both: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for found, at in ngrams(points, characters):
        assert (np.diff(at) > 0).all()
        assert (found < 1 << BITS).all()
        for feature, owner in zip(found, np.searchsorted(bounds[1:], at, "right"), strict=True):
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
    wanted = [sum(max(0, len(word) - n + 1) for word in whole) for n in (2, 3, 4)]
    words = [sum(len(w) > 4 for w in whole), sum(1 < len(w) < 5 for w in whole)]
    assert orders_of(text, characters) == [*wanted, *words, 0]
