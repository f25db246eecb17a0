"""Windows and features: checked against plain Python."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.score.features import BITS, CHUNK, STYLE, TF, features
from webfilter.score.model import style_ranks
from webfilter.score.windows import windows
from webfilter.text import code_points, hash_spans


def bucket(token: str) -> int:
    codes = code_points(token)
    found = hash_spans(codes, np.array([0]), np.array([len(codes)]))
    return int(found[0]) >> (64 - BITS)


def test_tokens_are_words_and_single_marks() -> None:
    text = "The cat's 12 kittens -- “Tom” & Jerry_2 -- weren’t cold.\nThe cat was."
    plain = text.lower().replace("“", '"').replace("”", '"').replace("’", "'")
    tokens = re.findall(r"\w+|[^\w\s]", re.sub(r"\d", "0", plain))
    wanted: Counter[int] = Counter(map(bucket, tokens))
    found = features([text])
    frequencies = {key: round(TF * (1 + math.log(n))) for key, n in wanted.items()}
    assert dict(zip(found.ones.tolist(), found.one_tf.tolist(), strict=True)) == frequencies
    assert len(found.twos) == len(set(pairwise(tokens)))


def test_pairs_do_not_cross_windows_and_have_an_order() -> None:
    both = features(["red fox", "lazy dog"])
    assert np.diff(both.two_ends).tolist() == [1, 1]
    assert features(["red fox"]).twos.tolist() != features(["fox red"]).twos.tolist()
    assert features(["red fox"]).twos.tolist() == features(["Red\n FOX"]).twos.tolist()


def test_style_measures_what_it_says() -> None:
    style = dict(zip(STYLE, features(["A long sentence, indeed. Is it?"]).style[0], strict=True))
    assert style["capitalized"] == pytest.approx(2 / 6)
    assert style["word_length"] == pytest.approx(23 / 6)
    assert style["long_words"] == pytest.approx(1 / 6)
    assert style["sentence"] == pytest.approx(6 / 2)
    assert style["distinct"] == 1.0


def test_features_of_nothing() -> None:
    found = features([])
    assert found.count == 0
    assert features(["", " \n"]).one_ends.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match=str(CHUNK)):
        features([""] * (CHUNK + 1))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), max_size=6), st.text())
def test_a_window_has_the_same_features_in_any_company(others: list[str], text: str) -> None:
    alone, among = features([text]), features([*others, text, *others])
    i = len(others)
    for rows, tf, ends in (("ones", "one_tf", "one_ends"), ("twos", "two_tf", "two_ends")):
        span = slice(*getattr(among, ends)[i : i + 2])
        assert getattr(among, rows)[span].tolist() == getattr(alone, rows).tolist()
        assert getattr(among, tf)[span].tolist() == getattr(alone, tf).tolist()
    assert (among.style[i] == alone.style[0]).all()
    assert np.isfinite(alone.style).all()


def test_ranks_put_ties_in_the_middle() -> None:
    knots = np.array([[0.0, 0.0, 1.0]])
    assert style_ranks(np.array([[-1.0], [0.0], [0.5], [2.0]]), knots).tolist() == [
        [-3],
        [-1],
        [1],
        [3],
    ]


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab \n"), max_size=400),
    st.integers(10, 60),
    st.integers(1, 8),
)
def test_windows_are_short_few_and_in_order(text: str, size: int, most: int) -> None:
    found = windows(text, size, most)
    assert len(found) <= most
    assert all(0 < len(piece) <= size for piece in found)
    at = 0
    for piece in found:
        assert piece == piece.strip()
        at = text.index(piece, max(0, at - len(piece)))
    if len(text.strip()) <= size * most:
        assert "".join("".join(found).split()) == "".join(text.split())


def test_windows_cut_at_white_space_where_there_is_some() -> None:
    text = " ".join(f"word{i}" for i in range(900))
    whole = set(text.split())
    for piece in windows(text):
        assert set(piece.split()) <= whole
    for piece in windows(text * 10):
        assert len(piece) >= 800
        assert set(piece.split()[1:-1]) <= whole | {"word899word0"}


def test_windows_of_one_endless_word() -> None:
    assert list(map(len, windows("x" * 2_500))) == [834, 833, 833]
    assert list(map(len, windows("x" * 1_000_000))) == [1_000] * 8


def test_digits_and_marks_are_no_letters() -> None:
    found = features(["2024 !! 7", "water"])
    assert found.letters.tolist() == [0, 0, 0, 5]
