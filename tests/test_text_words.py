"""Words that are not spaCy's: Unicode's segments, NLTK's tokens."""

import sys
import time
import types
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.errors import ConfigError, MissingExtra
from webfilter.heuristics.gopher import GopherQuality
from webfilter.heuristics.length import Length
from webfilter.heuristics.repetition import GopherRepetition
from webfilter.text import (
    check_words,
    code_points,
    hash_spans,
    tokenize,
    tokenizer_version,
    treebank,
)
from webfilter.text.chars import ALPHABETIC
from webfilter.text.segments import segment_starts
from webfilter.text.tokens import _tokens

# "|" stands at every boundary, as UAX #29 and its rules (named) have them
SEGMENTED = [
    ("", ""),
    ("\r\n", "WB3"),
    ("a|\r\n|b", "WB3a WB3b"),
    ("\n|\r|\r\n|\n", "WB3"),
    ("a|\x0b|\u0308|b", "WB3a: nothing stays with a line end"),
    ("\u2028|\u0308", "WB3a"),
    ("👩\u200d🔬", "WB3c"),
    ("👩\u0308\u200d🔬", "WB3c across a mark"),
    ("a\u200d✈", "WB3c after a letter"),
    ("👩|🔬", "no WB3c without a joiner"),
    ("a|  \u2003|b", "WB3d"),
    ("a|\t|\t|b", "tabs are no WSegSpace"),
    ("a|  \u0308| |b", "WB3d: not across a mark"),
    ("a| |\u200b| |b", "a zero width space is neither"),
    ("e\u0301\u0302te\u0301", "WB4"),
    ("\u0301|a", "WB4 at the start"),
    (".\u0308\u200d|a", "WB4"),
    ("so\u00adft", "WB4: Format"),
    ("a\u0308'\u0308b\u0308", "WB6 WB7 across marks"),
    ("Ünïcode", "WB5"),
    ("Москва", "WB5"),
    ("can't", "WB6 WB7"),
    ("can’t", "WB6 WB7"),
    ("e.g|.", "WB6 WB7"),
    ("a:b", "WB6 WB7"),
    ("l·l", "WB6 WB7"),
    ("a|'|'|b", "WB6: one mark only"),
    ("'|a|'", "WB6"),
    ("a|.|1", "WB6 not before a number"),
    ("1|:|2", "WB12: no colon"),
    ("a|,|b", "WB6: no comma"),
    ("א'", "WB7a"),
    ('א"א', "WB7b WB7c"),
    ('א|"|a', "WB7b: both Hebrew"),
    ("א'|'", "WB7a"),
    ('a|"|b', "WB7b: Hebrew only"),
    ("א'א", "WB6"),
    ("123", "WB8"),
    ("a1b2", "WB9 WB10"),
    ("3.50", "WB11 WB12"),
    ("1,000.5", "WB11 WB12"),
    ("1|,|,|2", "WB11"),
    ("1|.|a", "WB12 not before a letter"),
    ("1'2", "WB11"),
    ("1;2|;", "WB11"),
    ("٣٫٥", "WB8: Arabic"),
    ("カタカナ", "WB13"),
    ("カ|a|カ|1", "WB13 only with itself"),
    ("a_b__1_カ_", "WB13a WB13b"),
    ("_|.|_", "WB13a"),
    ("a\u202fb", "WB13a: narrow space"),
    ("🇩🇪|🇫🇷|🇪", "WB15"),
    ("a|🇩🇪|🇫|a|🇷🇪", "WB16"),
    ("🇩\u0308🇪|🇫", "WB15 across a mark"),
    ("🇩\u200d🇪|🇫", "WB15"),
    ("光|合|作|用", "Han"),
    ("ひ|ら|が|な|カナ", "Hiragana"),
    ("ไ|ท|ย|เ|ก่|า", "Thai has no dictionary"),
    ("ខ្|មែ|រ", "Khmer"),
    ("한국어", "WB5: Hangul"),
    ("The| |quick| |(|“|brown|”|)| |fox| |can’t| |jump| |32.3| |feet|,| |right|?", "UAX #29"),
    ("well|-|known| |a|/|b| |x|@|y.z| |#|tag| |$|3", "WB999"),
    ("\ud800|a|\udfff", "surrogates"),
    ("a|\x00|b", "NUL"),
]


def segments(text):
    starts = [*segment_starts(code_points(text)).tolist(), len(text)]
    return [text[i:j] for i, j in pairwise(starts)]


def words(text, kind="unicode"):
    return tokenize(text, kind).words(text)


@pytest.mark.parametrize(("expected", "rule"), SEGMENTED)
def test_segments_are_those_of_the_rules(expected, rule):
    assert segments(expected.replace("|", "")) == [part for part in expected.split("|") if part]


LETTERS, HEBREW, DIGITS, KANA, CONNECTORS = "aé", "אב", "19", "カ", "_\u202f"
MARKS, FORMATS, SPACES, ENDS = "\u0301", "\u00ad\u200e", " \u2003", "\r\n\u2028"
PICTURES, REGIONS, OTHERS = "👩❤", "🇩🇪", "\t光ไ@\u200b\ud800"
MID_LETTER, MID_NUMBER, MID_EITHER = ":·", ",;", ".’"
EVERY = (
    f"{LETTERS}{HEBREW}{DIGITS}{KANA}{CONNECTORS}{MARKS}{FORMATS}{SPACES}{ENDS}{PICTURES}"
    f"{REGIONS}{OTHERS}{MID_LETTER}{MID_NUMBER}{MID_EITHER}\u200d'\""
)


def stays(text, place):
    """Whether the character at `place` stays with the one before: the rules in their order."""
    before, here = text[place - 1], text[place]
    if before in ENDS or here in ENDS:  # WB3, 3a, 3b
        return before + here == "\r\n"
    if before == "\u200d" and here in PICTURES:  # WB3c
        return True
    if before in SPACES and here in SPACES:  # WB3d
        return True
    skipped = MARKS + FORMATS + "\u200d"
    if here in skipped:  # WB4
        return True
    left = [char for char in text[:place] if char not in skipped]
    right = [char for char in text[place + 1 :] if char not in skipped]
    two, one = (["", "", *left])[-2:]
    after = (right or [""])[0]

    def among(char, chars):
        return char != "" and char in chars

    letter = LETTERS + HEBREW
    for joined, middle in (
        (letter, MID_LETTER + MID_EITHER + "'"),  # WB6, 7
        (DIGITS, MID_NUMBER + MID_EITHER + "'"),  # WB11, 12
        (HEBREW, '"'),  # WB7b, 7c
    ):
        if among(one, joined) and here in middle and among(after, joined):
            return True
        if among(two, joined) and among(one, middle) and here in joined:
            return True
    if among(one, HEBREW) and here == "'":  # WB7a
        return True
    for run in (letter + DIGITS, KANA):  # WB5, 8, 9, 10, 13
        if among(one, run) and here in run:
            return True
    word = letter + DIGITS + KANA + CONNECTORS
    if among(one, word) and here in word and (one in CONNECTORS or here in CONNECTORS):  # WB13a, b
        return True
    flags = 0
    while flags < len(left) and left[-1 - flags] in REGIONS:
        flags += 1
    return here in REGIONS and flags % 2 == 1  # WB15, 16


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(EVERY), max_size=24).map("".join))
def test_segments_are_those_of_the_plain_rules(text):
    starts = [place for place in range(len(text)) if place == 0 or not stays(text, place)]
    assert segment_starts(code_points(text)).tolist() == starts


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_unicode_words_are_the_segments_that_begin_with_letter_or_digit(text):
    assert words(text) == [part for part in segments(text) if part[0].isalnum()]


def test_unicode_words_are_dclms():
    text = "“Don’t,” she said: e.g. 3.50 well-known #tags 👍 _x_ — I’m 光合作用!"
    expected = "Don’t she said e.g 3.50 well known tags I’m 光 合 作 用"
    assert words(text) == expected.split()


def test_what_is_between_words_is_in_none_of_them():
    tokens = tokenize("42 _abc 7", "unicode")
    assert tokens.words("42 _abc 7") == ["42", "7"]
    assert not (tokens.contents & ALPHABETIC).any()
    assert (tokenize("42 abc 7", "unicode").contents & ALPHABETIC).tolist() == [0, ALPHABETIC, 0]


def test_sentences_do_not_depend_on_punctuation_being_words():
    text = "Dr. No came. He left! Why?\nA heading"
    assert tokenize(text, "unicode").sentences == tokenize(text).sentences == 4


def test_unicode_words_of_a_long_text_take_linear_time():
    for unit in ("\u0301", "🇩", "a'", "\u200d👩", 'א"', "1.", "_", "光"):
        began = time.process_time()
        _tokens(unit * (200_000 // len(unit)), "unicode")
        assert time.process_time() - began < 2


# NLTK

NLTK_TEXT = "He said \"go away\" to (Mr.) Smith. ''She'' cannot,\n\n\"go\"."
AS_NLTK = "He said `` go away '' to ( Mr. ) Smith . '' She '' can not , '' go '' ."
NLTK_TOKENS = AS_NLTK.split()


@pytest.fixture
def nltk(monkeypatch):
    """NLTK of a given behavior: what its `word_tokenize` returns, whether it has its model."""

    def build(tokens, model=True):
        def find(name):
            if not model:
                raise LookupError(name)

        package = types.ModuleType("nltk")
        package.__spec__ = ModuleSpec("nltk", None)
        package.__version__ = "3.9"
        package.tokenize = types.ModuleType("nltk.tokenize")
        package.tokenize.punkt = types.SimpleNamespace(PunktTokenizer=None)
        package.tokenize.word_tokenize = lambda text: list(tokens)
        package.data = types.ModuleType("nltk.data")
        package.data.find = find
        for module in (package, package.tokenize, package.data):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        treebank.nltk_tokenizer.cache_clear()
        return package

    yield build
    treebank.nltk_tokenizer.cache_clear()


def test_nltk_tokens_keep_their_lengths_and_hashes(nltk):
    nltk(NLTK_TOKENS)
    tokens = _tokens(NLTK_TEXT, "nltk")
    assert tokens.words(NLTK_TEXT) == NLTK_TOKENS
    assert tokens.lengths.tolist() == [len(token) for token in NLTK_TOKENS]
    for token, value in zip(NLTK_TOKENS, tokens.hashes.tolist(), strict=True):
        codes = code_points(token)
        assert value == int(hash_spans(codes, np.array([0]), np.array([len(codes)]))[0])
    assert tokens.sentences == 4  # three lines, and a mark that a word follows


def test_nltk_tokens_that_are_not_in_the_text_are_refused(nltk):
    nltk(["a", "other"])
    with pytest.raises(ValueError, match="'other' is not in the text at 2"):
        _tokens("a b", "nltk")


def test_missing_model_says_how_to_get_it(nltk):
    nltk([], model=False)
    for build in (GopherQuality, GopherRepetition):
        said = rf"^{build.name}: words = 'nltk' needs .* python -m nltk\.downloader punkt_tab"
        with pytest.raises(ConfigError, match=said):
            build(words="nltk")


def test_old_nltk_is_refused(nltk):
    del nltk([]).tokenize.punkt
    with pytest.raises(MissingExtra, match=r"^length: words = 'nltk': .*webfilter\[nltk\]"):
        Length(words="nltk")


def test_version_of_nltk_is_an_artifact(nltk):
    nltk([])
    assert tokenizer_version("nltk") == "nltk 3.9"
    assert GopherQuality(words="nltk").artifacts == {"words": "nltk 3.9"}


@pytest.mark.skipif(find_spec("nltk") is not None, reason="NLTK is installed")
def test_missing_nltk_says_how_to_install_it():
    for call in (check_words, tokenizer_version, lambda kind: tokenize("text", kind)):
        with pytest.raises(MissingExtra, match=r"webfilter\[nltk\]"):
            call("nltk")


def has_nltk():
    if find_spec("nltk") is None:
        return False
    try:
        check_words("nltk")
    except ConfigError:
        return False
    return True


@pytest.mark.skipif(not has_nltk(), reason="NLTK or its model is not installed")
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*"aZ1. ,!?()[]'\"`“”\n-", "''", "``", "n't", "cannot"])).map("".join)
)
def test_nltk_tokens_are_those_of_the_installed_nltk(text):
    from nltk import word_tokenize

    assert words(text, "nltk") == word_tokenize(text)
