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

from webfilter.score.alphabet import alphabet, folded, kinds
from webfilter.score.features import BITS, CHUNK, STYLE, TF, features, sums
from webfilter.score.model import ORDER, UNIT, meaning, orderly, style_ranks
from webfilter.score.windows import windows
from webfilter.text.points import mix


def bucket(token: str) -> int:
    """Return the bucket of a token: its first 16 bytes and length, and letters beyond ASCII."""
    plain, all_ = folded(alphabet(token)).tobytes(), (1 << 64) - 1
    low, high = (int.from_bytes(plain[i : i + 8], "little") for i in (0, 8))
    mixed = low ^ ((high + len(plain)) * 0x9E3779B97F4A7C15 & all_)
    mixed = mixed * 0xBF58476D1CE4E5B9 & all_
    mixed = (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93 & all_
    for i, (char, byte) in enumerate(zip(token, alphabet(token).tolist(), strict=True)):
        if byte >= 0x90:
            lower = char.lower() if ord(char) < 0x3000 and len(char.lower()) == 1 else char
            mixed += int(mix(np.array([ord(lower) + (i << 32)], dtype=np.uint64))[0])
    mixed &= all_
    return mixed >> (64 - BITS)


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


def test_long_words_differ_by_their_beginning_and_length() -> None:
    long = "incomprehensibilities"
    words = (long, long[:-1], "x" + long[1:], long[:14] + "x" + long[15:], long[:16] + "zzzzz")
    found = [features([word]).ones.tolist() for word in words]
    assert found == [[bucket(word)] for word in words]
    assert found[0] == found[-1]
    assert len({bucket for [bucket] in found}) == 4


def test_words_of_other_scripts_are_told_apart() -> None:
    words = [chr(0x4E00 + i) + chr(0x4E00 + j) for i in range(60) for j in range(60)]
    assert len({bucket(word) for word in words}) > 0.98 * len(words)
    assert features(["ÉTÉ Été"]).ones.tolist() == features(["été"]).ones.tolist()
    assert features(["été"]).ones.tolist() != features(["êté"]).ones.tolist()
    assert features(["新聞"]).ones.tolist() != features(["聞新"]).ones.tolist()


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
    for piece in windows(f"{text} " * 10):  # sampled
        assert len(piece) >= 800
        assert set(piece.split()) <= whole


def test_windows_of_one_endless_word() -> None:
    assert list(map(len, windows("x" * 2_500))) == [834, 833, 833]
    assert list(map(len, windows("x" * 1_000_000))) == [1_000] * 8


def test_digits_and_marks_are_no_letters() -> None:
    found = features(["2024 !! 7", "water"])
    assert found.letters.tolist() == [0, 0, 0, 5]


HOSTILE = [
    "", " ", "a", "_", "\n", "\ud800\udfff", "\U0001f600" * 40, "中文 字符。" * 9, "12.5 " * 30,
    "A" * 31 + " " + "b" * 32 + " C9c " * 3, "ÉA ß İı ǅ ٣٤", "e\u0301\u3000x\x00\x85y\u2028z\uffff",
    "“the of” — the of; THE, OF\r\nthe\tof " * 12,
]  # fmt: skip


def kind_of(char: str) -> int:
    return int(kinds()[alphabet(char)[0]])


def parts_of(text: str) -> list[tuple[str, int]]:
    """Return each token and the kind of its first character."""
    found: list[tuple[str, int]] = []
    inside = False
    for char in text:
        kind = kind_of(char)
        if inside and kind <= 4:
            found[-1] = (found[-1][0] + char, found[-1][1])
        elif kind not in (5, 6):
            found.append((char, kind))
        inside = kind <= 4
    return found


def style_of(text: str) -> list[float]:
    seen = Counter(map(kind_of, text))
    tokens = [(bucket(token), len(token), kind) for token, kind in parts_of(text)]
    words = [(size, kind) for _, size, kind in tokens if kind <= 4]
    some = max(len(words), 1)
    return [
        *(seen[kind] / max(len(text), 1) for kind in range(len(STYLE) - 7)),
        sum(size for size, _ in words) / some,
        sum(size >= 8 for size, _ in words) / some,
        sum(size <= 3 for size, _ in words) / some,
        len({token for token, _, _ in tokens}) / max(len(tokens), 1),
        sum(kind == 1 for _, kind in words) / some,
        len(words) / max(seen[7] + seen[9] + seen[10], 1),
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(), st.sampled_from(HOSTILE)), max_size=6))
def test_features_are_those_of_plain_python(texts: list[str]) -> None:
    texts = texts + HOSTILE
    found = features(texts)
    for i, text in enumerate(texts):
        tokens = [(bucket(token), min(len(token), 31), kind) for token, kind in parts_of(text)]
        ones = slice(*found.one_ends[i : i + 2])
        counts = sorted(Counter(token for token, _, _ in tokens).items())
        assert found.ones[ones].tolist() == [token for token, _ in counts]
        assert found.one_tf[ones].tolist() == [round(TF * (1 + math.log(n))) for _, n in counts]
        assert found.letters[ones].tolist() == [
            min(
                size if kind <= 4 and kind != 2 else 0 for other, size, kind in tokens if other == t
            )
            for t, _ in counts
        ]
        assert found.tokens[slice(*found.token_ends[i : i + 2])].tolist() == [
            t for t, _, _ in tokens
        ]
        assert found.style[i, :-1].tolist() == style_of(text)


def test_meaning_and_order_are_those_of_plain_python() -> None:
    random = np.random.default_rng(0)
    rows = random.integers(0, 500, 1 << BITS).astype(np.uint16)
    vectors = random.integers(-127, 128, (500, 8)).astype(np.int8)
    common = random.integers(0, 3, 1 << BITS).astype(np.uint8)
    order = random.integers(-2_000, 2_000, (3, 3)).astype(np.int16)
    found = features(HOSTILE)
    places, _ = meaning(found, rows, vectors)
    orders = orderly(found, common, order)
    for i in range(len(HOSTILE)):
        at = range(*found.one_ends[i : i + 2])
        total = np.zeros(8)
        for k in at:
            total += int(found.one_tf[k]) * vectors[rows[found.ones[k]]].astype(np.float64)
        length = max(math.sqrt(total @ total), 1.0)
        assert places[i].tolist() == np.rint(total * (UNIT / length)).tolist()
        numbers = common[found.tokens[slice(*found.token_ends[i : i + 2])]].tolist()
        usual = [int(order[a, b]) for a, b in pairwise(numbers) if a and b]
        mean = sum(usual) / ORDER / max(len(usual), 1)
        assert orders[i].tolist() == [mean, len(usual) / max(len(numbers), 1)]


def test_a_full_call_has_the_features_of_each_window() -> None:
    texts = [f"window {i}: " + "It is so. " * (i % 7) for i in range(CHUNK - 3)] + ["", "a", ""]
    found = features(texts)
    for i in (0, 127, 128, 129, CHUNK - 4, CHUNK - 3, CHUNK - 2, CHUNK - 1):
        alone = features([texts[i]])
        assert found.twos[slice(*found.two_ends[i : i + 2])].tolist() == alone.twos.tolist()
        assert found.style[i].tolist() == alone.style[0].tolist()


def test_sums_of_empty_spans() -> None:
    ends = np.array([0, 0, 2, 2, 3, 3])
    assert sums(np.array([[1, 2, 4], [0, 1, 0]]), ends).tolist() == [
        [0, 3, 0, 4, 0],
        [0, 1, 0, 0, 0],
    ]
    assert sums(np.zeros(0, dtype=np.int32), np.array([0, 0])).tolist() == [0]
