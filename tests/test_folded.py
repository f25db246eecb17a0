"""Folded words, against folding one text at a time with Python's own functions."""

import html
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.text.folded import folded_words


def hashes(text):
    return np.concatenate([words.hashes for words in folded_words([text])]).tolist()


def cut(text):
    """The words of `text` as they stand in it."""
    [words] = folded_words([text])
    spans = [words.span(0, k, k) for k in range(len(words.hashes))]
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Don’t stop", "DON'T STOP!"),
        ("Don&#39;t", "don`t"),
        ("&quot;Tom&quot; &amp; Jerry", "“tom” jerry"),
        ("it&amp;#8217;s", "its"),
        ("café naïve Ångström", "cafe\u0301 nai\u0308ve A\u030angstro\u0308m"),
        ("ﬁrst ﬂoor ﬀ", "first floor ff"),
        ("Straße", "STRASSE"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("soft\u00adhyphen zero\u200bwidth\ufeff", "softhyphen zerowidth"),
        ("x² 10½", "x2 101 2"),
        ("a_b-c/d", "a b c d"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("\x00a\ud800b\udfff", "a b"),
        ("&nbsp;a&nbsp;b &notareference; &", "a b notareference"),
        ("&#1;a&#x7F;b&amp;#65534;", "a b"),  # to html.unescape they mean nothing
    ],
)
def test_what_differs_in_typography_only_has_the_same_words(one, other):
    assert hashes(one) == hashes(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ab c", "a bc"), ("कि", "का"), ("ที่", "ทา"), ("1.5", "15"), ("が", "か")]
)
def test_what_differs_in_more_does_not(one, other):
    assert hashes(one) != hashes(other)


def test_a_character_is_a_word_where_words_are_written_together():
    assert cut("光合作用 in 2024年、スシ") == [*"光合作用", "in", "2024", "年", "ス", "シ"]
    [words] = folded_words(["光a ส한국 ၁"])
    assert words.weights.tolist() == [2, 1, 4, 1, 4]


def test_places_are_those_in_the_text():
    text = "“Don’t,” she said – ﬁve ½ times &amp; so\u0301 on."
    assert cut(text) == ["Don’t", "she", "said", "ﬁve", "½", "½", "times", "so", "on"]


def plain(text):
    """The words of `text` by Python's own functions, for scripts with spaces."""
    text = re.sub(r"['’]", "", html.unescape(text))
    text = unicodedata.normalize("NFKC", text).casefold()
    bare = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in bare if unicodedata.combining(c) < 200)
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", bare))


PIECES = st.sampled_from(
    ["a", "B", "é", "ß", "ﬁ", "’", "'", " ", "\n", ".", "-", "7", "Ж", "&quot;", "&#39;", "&", ";"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_words_are_those_of_plain_python(text):
    assert hashes(text) == hashes(" ".join(plain(text)))
    assert len(hashes(text)) == len(plain(text))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_texts_are_cut_together_as_alone(texts):
    found = [words for words in folded_words(texts)]
    together = [
        words.hashes[first:last].tolist()
        for words in found
        for first, last in zip(words.bounds, words.bounds[1:], strict=False)
    ]
    assert together == [hashes(text) for text in texts]
    for words in found:
        for number, text in enumerate(texts):
            for k in range(words.bounds[number], words.bounds[number + 1]):
                start, end = words.span(number, k, k)
                assert 0 <= start < end <= len(text)
