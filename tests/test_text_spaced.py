"""Words of other languages that spaces part, beside spaCy's multi-language class."""

import hashlib
import random
from functools import cache
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.text import tokenize, tokenize_all

KINDS = ("spaced", "hyphenated", "elided")

# tokens by kind where they differ, else of all three; "|" parts them
CUT = [
    ("Im Mai im dont cant ill", "Im|Mai|im|dont|cant|ill"),
    ("I'm can't gonna", "I'm|can't|gonna", "I'm|can't|gonna", "I'|m|can'|t|gonna"),
    ("e.g. Mr. Smith's 8am", "e.g|.|Mr|.|Smith|'s|8am"),
    ("1. Mai, z. B., u.a. bzw.", "1|.|Mai|,|z.|B.|,|u.a|.|bzw|."),
    ("d'accord", "d'accord", "d'accord", "d'|accord"),
    ("(l’homme,", "(|l’homme|,", "(|l’homme|,", "(|l’|homme|,"),
    ("qu'est-ce", "qu'est|-|ce", "qu'est-ce", "qu'|est-ce"),
    ("Nord-Süd.", "Nord|-|Süd|.", "Nord-Süd|.", "Nord-Süd|."),
    ("E-Mail-Adresse", "E|-|Mail|-|Adresse", "E-Mail-Adresse", "E-Mail-Adresse"),
    ("31-jährig 5-10 2-a-b", "31-jährig|5|-|10|2-a|-|b", "31-jährig|5|-|10|2-a-b"),
    ("ab–cd ab--cd ab~cd ab—cd", "ab|–|cd|ab|--|cd|ab|~|cd|ab|—|cd"),
    ("31–jährig ab/cd ab:cd 3=x", "31–jährig|ab|/|cd|ab|:|cd|3|=|x"),
    ("'opened' rock'n'", "'|opened|'|rock'n|'", "'|opened|'|rock'n|'", "'|opened|'|rock'|n|'"),
    ("1'000 a'1 O'A'B", "1'000|a'1|O'A'B", "1'000|a'1|O'A'B", "1'000|a'1|O'|A'|B"),
    (":) 10km 20°C. C++ o_O", ":)|10|km|20|°|C|.|C++|o_O"),
    ("ΑΒ’Γ в’я", "ΑΒ’Γ|в’я", "ΑΒ’Γ|в’я", "ΑΒ’|Γ|в’|я"),
]

PIECES = [
    *"aZéя019.,-–~:;/()[]'’\"”“$€%#&*+=<_@|…°²•👍",
    *["km", "kg.", "www.", ".com", "http://", "'s", "’S", "US$", "--", "---", "...", "word"],
    *["Word", "US", "1.5", "Mr.", "can't", "l'", "d’", "E-Mail", ":)", "8-D", "光合", "ノ", "°C."],
    *["ไทย", "»", "、", "。", "C++", "5'", "..", "im", "dont", "a.", "ü.", "xD", "^_^", ":')"],
]
SPACY_SAYS = {
    "spaced": ["757e4267", "fd775853", "75e958d2", "3d1b53a8"],
    "hyphenated": ["30a583a9", "b06c3576", "b04a3f6e", "060ef23a"],
    "elided": ["05bcd26a", "70b12ef6", "06d9480b", "162a347b"],
}
"""SHA-256 of the tokens that spaCy 3.8.18 finds, each text alone, by seed."""


@cache
def spacy(kind):
    """Return the multi-language tokenizer, with the infixes of `kind`."""
    import spacy
    from spacy.lang.char_classes import ALPHA, HYPHENS
    from spacy.util import compile_infix_regex

    nlp = spacy.blank("xx")
    infixes = list(nlp.Defaults.infixes)
    if kind != "spaced":
        (place,) = (place for place, infix in enumerate(infixes) if HYPHENS in infix)
        dashes = "|".join(sign for sign in HYPHENS.split("|") if sign != "-")
        infixes[place] = infixes[place].replace(HYPHENS, dashes)
    if kind == "elided":
        infixes.append(f"(?<=[{ALPHA}]['’])(?=[{ALPHA}])")
    nlp.tokenizer.infix_finditer = compile_infix_regex(infixes).finditer
    return nlp.tokenizer


def words(text, kind):
    return tokenize(text, kind).words(text)


def odd_texts(seed):
    rng = random.Random(seed)
    return ["".join(rng.choices(PIECES, k=rng.randrange(1, 9))) for _ in range(500)]


def digest(found):
    return hashlib.sha256("\0".join(found).encode()).hexdigest()[:8]


@pytest.mark.parametrize("row", CUT)
@pytest.mark.parametrize("place", range(3))
def test_words_by_hand(row, place):
    text, *expected = row
    assert words(text, KINDS[place]) == expected[min(place, len(expected) - 1)].split("|")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_odd_chunks_are_cut_as_spacys_multi_language_class_cut_them(kind, seed):
    texts = odd_texts(seed)
    cut = tokenize_all(texts, kind)
    found = [word for text, tokens in zip(texts, cut, strict=True) for word in tokens.words(text)]
    assert digest(found) == SPACY_SAYS[kind][seed]


@pytest.mark.skipif(find_spec("spacy") is None, reason="spaCy is not installed")
@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.sampled_from(KINDS))
def test_words_are_those_of_the_installed_spacy(text, kind):
    assert words(text, kind) == [token.text for token in spacy(kind)(text) if not token.is_space]
