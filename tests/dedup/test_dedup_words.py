"""Folding and words against a plain reading of the rules, one character at a time."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webfilter.dedup.folding import folding
from webfilter.dedup.words import character_hashes, term_hashes, word_hashes

ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff々〆〇\u3040-\u30ff㐀-\u9fff\U00020000-\U0003ffff]"
)


def plain_words(text: str) -> list[str]:
    out = []
    for char in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(char)
        if char in ".,٫٬⎖":
            out.append("\x02")
        elif kind == "Nd":
            out.append("0")
        elif kind in ("Mn", "Cf"):
            continue
        elif kind[0] in "PSZ" or kind in ("Cc", "Cs", "Co"):
            out.append(" ")
        else:
            low = unicodedata.normalize("NFD", char.lower().replace("ς", "σ"))
            base = "".join(c for c in low if unicodedata.category(c) != "Mn")
            folded = unicodedata.normalize("NFC", base)
            out.append(folded if len(folded) == 1 else char)
    joined = re.sub("(?<=0)\x02(?=0)", "0", "".join(out)).replace("\x02", " ")
    joined = ALONE.sub(lambda found: f" {found[0]} ", re.sub("0+", "0", joined))
    return joined.split()


def words_by_hash(texts: list[str]) -> list[list[int]]:
    hashes, offsets = word_hashes(texts)
    assert len(offsets) == len(texts) + 1
    assert offsets[-1] == len(hashes)
    return [hashes[a:b].tolist() for a, b in pairwise(offsets)]


HARD = st.text(
    st.one_of(
        st.sampled_from(
            "aAbéÉßẞİıȺⱥςσΣKÅ0٣५., ٫\u0301\u00ad\u200b\ufe0f\n\x00\x01\x02\xff\u212a한각ᄀ가"
        ),
        st.sampled_from("漢字かなカナไทย\U00020000\U0002f81aﬁＡ😀\ud800ோௌ'’-_"),
        st.characters(),
    ),
    max_size=80,
)


@given(st.lists(HARD, max_size=5))
@example(["ab\u1100\u1161\u11a8", "ab각"])
@example(["x" * 63, "x" * 64, "x" * 65, "x" * 64 + "y", "é" * 33])
@example(["12345678", "123456789", "abcdefgh", "abcdefghi", "abcdefg hi"])
def test_words_are_those_of_the_plain_reading(texts: list[str]) -> None:
    expected = [plain_words(text) for text in texts]
    found = words_by_hash(texts)
    assert [len(words) for words in found] == [len(words) for words in expected]
    names: dict[int, str] = {}
    for words, hashes in zip(expected, found, strict=True):
        for word, hashed in zip(words, hashes, strict=True):
            assert names.setdefault(hashed, word) == word
    assert len(names) == len({word for words in expected for word in words})


@given(st.lists(HARD, min_size=1, max_size=6))
def test_words_do_not_depend_on_the_neighbors_in_a_batch(texts: list[str]) -> None:
    assert words_by_hash(texts) == [words_by_hash([text])[0] for text in texts]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Quick, brown fox!", "the quick brown fox"),
        ("Café Ångström naïve", "cafe angstrom naive"),
        ("It cost 1,234.56 in 2019", "it cost 7 in 8"),
        ("zero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("“Quotes” — and… dashes", "quotes and dashes"),
        ("Größe", "GRÖßE"),
        ("٣٤ كتاب", "9 كتاب"),
        ("ΟΔΟΣ", "οδος"),
        ("cafe\u0301", "café"),
        ("한국어", unicodedata.normalize("NFD", "한국어")),
        ("北京，大学", "北京大学"),
    ],
)
def test_typography_does_not_matter(one: str, other: str) -> None:
    assert words_by_hash([one]) == words_by_hash([other])


@pytest.mark.parametrize(
    ("one", "other"),
    [("rock n roll", "rock and roll"), ("3rd", "3 rd"), ("北京", "京北"), ("a", "b")],
)
def test_words_matter(one: str, other: str) -> None:
    assert words_by_hash([one]) != words_by_hash([other])


def test_no_fold_is_longer_than_its_character() -> None:
    folds = folding().folds.view(np.uint8).reshape(-1, 4)
    points = np.arange(0x110000)
    room = 1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000)
    used = (folds != 0x01).sum(axis=1)
    assert (used[0x80:] <= room[0x80:]).all()


def test_long_words_that_differ_in_one_letter_differ() -> None:
    words = ["x" * at + "y" + "x" * (99 - at) for at in range(100)]
    hashes, _ = word_hashes([" ".join(words)])
    assert len(np.unique(hashes)) == 100


def test_hashes_stay_what_they_are_across_releases() -> None:
    """States and indexes on disk hold what was made of them."""
    text = f"Straße 1,234 ÅNGSTRÖM counterrevolutionaries 北京 カナ ไทย 각 {'ab' * 40} ٣٤ x.y"
    made = [word_hashes([text]), character_hashes([text]), term_hashes([text])]
    found = [hashlib.sha256(hashes.astype("<u8").tobytes()).hexdigest()[:8] for hashes, _ in made]
    assert found == GOLDEN


GOLDEN = ["cd2a6ec7", "b0148e09", "a25fd7ef"]


def test_hashes_are_spread_evenly_over_all_bits() -> None:
    hashes, _ = word_hashes(
        [" ".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(676))]
    )
    bits = (hashes[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4.5 * 0.5 / 676**0.5
