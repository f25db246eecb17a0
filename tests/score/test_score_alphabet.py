"""The alphabet of bytes, against what Python says of each character."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webfilter.score import alphabet as module
from webfilter.score.alphabet import CONTROL, KINDS, alphabet, folded, kinds

SMALL = [chr(code) for code in range(0x3000)]
"""All characters up to the first Chinese ones; each is looked at alone."""


def bytes_of(chars: list[str]) -> np.ndarray:
    return alphabet("".join(chars))


def test_ascii_stands_for_itself() -> None:
    text = "".join(map(chr, range(128)))
    assert alphabet(text).tolist() == list(range(128))
    assert alphabet(text + "é")[:128].tolist() == list(range(128))  # the other way through


def test_what_characters_are_is_what_python_says() -> None:
    found = bytes_of(SMALL)
    category = [unicodedata.category(char) for char in SMALL]
    plain = set("".join(SMALL)) - set("·")  # a mark that is no letter, whatever its category
    for i, char in enumerate(SMALL):
        one = found[i : i + 1]
        assert module.is_space(one)[0] == char.isspace(), hex(ord(char))
        assert module.is_digit(one)[0] == (category[i] == "Nd"), hex(ord(char))
        if char in plain:
            assert module.is_lower(one)[0] == (category[i] == "Ll"), hex(ord(char))
            assert module.is_upper(one)[0] == (category[i] in ("Lu", "Lt")), hex(ord(char))
            made_of = category[i][0] in "LMN" or char == "_"
            assert module.is_word(one)[0] == made_of, hex(ord(char))


def test_beyond_the_first_scripts_there_are_letters_symbols_and_what_is_neither() -> None:
    assert module.is_word(alphabet("中の한ꙋ")).all()
    assert not module.is_word(alphabet("\uffff\ufffd\U0001f600\U00020000\ue000\udfff")).any()
    assert kinds()[alphabet("\U0001f600€☃")].tolist() == [
        CONTROL - 1,
        kinds()[ord("$")],
        CONTROL - 1,
    ]


def test_case_is_folded_and_digits_are_one() -> None:
    for char in SMALL:
        lower = char.lower()
        letter = unicodedata.category(char) in ("Lu", "Lt")  # not numerals, not letters in circles
        if letter and len(lower) == 1 and lower in SMALL:
            assert folded(alphabet(char)) == folded(alphabet(lower)), hex(ord(char))
    assert len({*folded(alphabet("0123456789٣")).tolist()}) == 1
    marks = alphabet("".join(chr(i) for i in range(128) if not chr(i).isalnum()))
    assert (folded(marks) == marks).all()


@pytest.mark.parametrize(
    ("same", "other"),
    [
        ("“”„", '"'),
        ("’‘", "'"),
        ("–—", "-"),
        ("€£", "$"),
        ("\u2028\x85", "\n"),
        ("\u3000\xa0", " "),
    ],
)
def test_what_means_the_same_is_the_same(same: str, other: str) -> None:
    found = alphabet(same)
    assert module.is_newline(found).all() == (other == "\n")
    if other != "\n":
        assert set(found.tolist()) == {ord(other)}


def test_every_byte_has_the_kind_that_comparisons_say() -> None:
    every = np.arange(256, dtype=np.uint8)
    assert (kinds() < KINDS).all()
    assert ((kinds() <= module.WORD) == module.is_word(every)).all()
    assert ((kinds() == module.LOWER) == module.is_lower(every)).all()
    assert ((kinds() == module.UPPER) == module.is_upper(every)).all()
    assert ((kinds() == module.NEWLINE) == module.is_newline(every)).all()
    white = (kinds() == module.SPACE) | (kinds() == module.NEWLINE)
    assert (white == module.is_space(every)).all()
    assert [int(kinds()[ord(mark)]) for mark in ".!?"] == list(module.STOPS)
    assert not module.is_space(alphabet("\x00\x7f\ud800\ue000")).any()
    assert len({int(kinds()[byte]) for byte in alphabet("\x00\x7f\ud800\ue000")}) == 1


@given(st.text())
def test_each_character_is_one_byte_in_any_company(text: str) -> None:
    found = alphabet(text)
    assert len(found) == len(text)
    assert [int(alphabet(char)[0]) for char in text] == found.tolist()
