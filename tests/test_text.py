import hashlib
import random
import threading
import time
import unicodedata
from importlib.util import find_spec
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.errors import ConfigError, MissingExtra
from webfilter.text import check_words, code_points, hash_spans, tokenize, tokenize_all
from webfilter.text.chars import SENTENCE_END, SYMBOLS, TERMINAL_MARKS
from webfilter.text.english import _common, _cut
from webfilter.text.exceptions import specials
from webfilter.text.manners import SpacedWords, manner
from webfilter.text.tokens import _Recent, _tokens

# what spaCy 3.8's blank English tokenizer makes of sentences of ours
AS_SPACY = [
    ("Don't panic: it's 42.", "Do n't panic : it 's 42 ."),
    ("The U.S. spends $3.50 (e.g. in 2010).", "The U.S. spends $ 3.50 ( e.g. in 2010 ) ."),
    ("well-known 5-year-old co-op", "well - known 5 - year - old co - op"),
    (
        "see https://a.example/b?c=d). Or me@x.example, please",
        "see https://a.example/b?c=d ) . Or me@x.example , please",
    ),
    ("“She’s here,” he said…", "“ She ’s here , ” he said …"),
    ("Wait... what?!", "Wait ... what ? !"),
    ("10km at 5.5% or 1,000,000 kg", "10 km at 5.5 % or 1,000,000 kg"),
    ("Mr. Smith's dogs' toys cannot go.", "Mr. Smith 's dogs ' toys can not go ."),
    ("word.Word lower.lower a.b", "word . Word lower.lower a.b"),
    ("C++ and C# and #tag", "C++ and C # and # tag"),
    ("He said:yes/no a=b", "He said : yes / no a = b"),
    ("12:30pm 8am", "12:30pm 8 am"),
    ("text:) (8) :-( x-Mr.", "text :) ( 8) :-( x - Mr."),
    ("and/or w/o o'clock", "and/or w/o o'clock"),
    ("2010-2011 3-4 x-1 1-x", "2010 - 2011 3 - 4 x-1 1 - x"),
    ("naïve café Москва-река", "naïve café Москва - река"),
    ("光合作用是植物，利用阳光。", "光合作用是植物，利用阳光 。"),
    ("I'm gonna dont wed im", "I 'm gon na do nt we d i m"),
    ("don’t we’ll I’d’ve", "do n’t we ’ll I ’d ’ve"),
    ("'quoted' \"double\"", "' quoted ' \" double \""),
    ("U.K.. etc.. A. B.", "U.K .. etc .. A. B."),
    ("£5 €6 US$7 5€", "£ 5 € 6 US$ 7 5 €"),
    ("¿Qué? ¡Sí!", "¿ Qué ? ¡ Sí !"),
    ("a--b a---b a—b a – b", "a -- b a --- b a — b a – b"),
    ("(word) [word] {word} <word>", "( word ) [ word ] { word } < word >"),
    ("e-mail/web 24/7 1/2", "e - mail / web 24/7 1/2"),
    ("😀smile 👍👍 ok©", "😀 smile 👍 👍 ok ©"),
    ("192.168.0.1 8.8.8.8 10.1.2.3", "192.168.0.1 8.8.8.8 10.1.2.3"),
    ("www.site.example site.example/path", "www.site.example site.example/path"),
    ("no_underscore __init__ _x_", "no_underscore _ _ init _ _ _ x _"),
    ("100+ +5 5+5 +a", "100 + +5 5 + 5 + a"),
    ("5*3 a*b 2^8", "5 * 3 a*b 2 ^ 8"),
    ("°C. 20°C 20°C.", "° C . 20 ° C 20 ° C ."),
    ('the end.’ the end."', 'the end . ’ the end . "'),
    ("1. 2) a) (b)", "1 . 2 ) a ) ( b )"),
    ("¯\\(ツ)/¯ <3 ^_^", "¯\\(ツ)/¯ <3 ^_^"),
    ('place(s) yes?no "half."b', 'place(s ) yes?no " half . "b'),
    ("text:)) text:-(( a.m.:)", "text :)) text:- ( ( a.m. :)"),
    ("word…… ……word word…", "word …… … … word word …"),
    ("}}………}}……}…}}}…", "} } … … … } } …… } … } } } …"),
    ("..’’°’’’’’.’’°!°", ".. ’’ ° ’’ ’ ’’ . ’’ ° ! °"),
    ("Mr.Mr. x'' f**k a_b", "Mr. Mr. x '' f**k a_b"),
    ("1.5.2 v.1.0.3 L.Ed.2d F.2d", "1.5.2 v.1.0.3 L.Ed.2d F.2d"),
    ("’s. ‘s.,", "’ s. ‘ s. ,"),
    ("end...so so...End", "end ... so so ... End"),
    ("dogs’ 'em 'word 'cant", "dogs ’ 'em ' word ' ca nt"),
    ("COVID-19 8-D 8-Day 31-year 5km 5kms", "COVID-19 8-D 8 - Day 31 - year 5 km 5kms"),
]

PIECES = [
    *sorted(specials()),
    *"aZé北я019 .,-–—~:;/()[]'’\"”“$€%#&*+=<>^_@|…°²•👍\t\n\u00a0ไทยのア",
]
PIECES += ["km", "www.", ".com", "http://", "'s", "US$", "--", "...", "word", "Word", "US", "1.5"]
SPACED = get_args(SpacedWords)
messy = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def words(text, kind="english"):
    return tokenize(text, kind).words(text)


def by_rule(text, kind="english"):
    """Tokens chunk by chunk, without any of the short cuts."""
    found = []
    for chunk in text.split():
        cuts = [0, *_cut(chunk, manner(kind)), len(chunk)]
        found += [chunk[i:j] for i, j in pairwise(cuts)]
    return found


@pytest.mark.parametrize(("text", "expected"), AS_SPACY)
def test_english_words_are_those_of_spacy(text, expected):
    assert words(text) == expected.split()


shaped = st.lists(
    st.sampled_from([*"aBsSDx189.,:;/()'’‘\"”“%…-–—$", "--", "...", "word", "Word", "'s", "km"]),
    min_size=1,
    max_size=7,
).map("".join)


@settings(max_examples=600, deadline=None)
@given(shaped | st.sampled_from(sorted(specials())), st.sampled_from(SPACED))
def test_short_cuts_of_simple_shapes_are_those_of_the_rules(chunk, kind):
    found = _common(chunk, manner(kind))
    assert found is None or found == _cut(chunk, manner(kind))


@settings(max_examples=400, deadline=None)
@given(messy, st.sampled_from(SPACED))
def test_cutting_all_at_once_is_cutting_chunk_by_chunk(text, kind):
    assert words(text, kind) == by_rule(text, kind)


@settings(max_examples=200, deadline=None)
@given(st.lists(messy, max_size=6), st.sampled_from([*SPACED, "scripts", "unicode", "whitespace"]))
def test_many_texts_together_are_the_texts_alone(texts, kind):
    alone = [_tokens(text, kind) for text in texts]
    for text, one, other in zip(texts, alone, tokenize_all(texts, kind), strict=True):
        assert one.words(text) == other.words(text)
        assert one.hashes.tolist() == other.hashes.tolist()
        assert one.sums.tolist() == other.sums.tolist()
        assert [c & ~1 for c in one.contents.tolist()] == [c & ~1 for c in other.contents.tolist()]
        assert one.sentences == other.sentences


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from([*SPACED, "scripts", "whitespace"]))
def test_tokens_are_all_that_is_written(text, kind):
    found = words(text, kind)
    assert "".join(found) == "".join(text.split())
    assert all(found)


@given(st.text())
def test_whitespace_words_are_those_of_split(text):
    assert words(text, "whitespace") == text.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("光合作用を、テストした。", "光 合 作 用 を 、 テスト し た 。"),
        ("ไทยเก่า", "ไท ย เก่า"),
        ("ພາສາ", "ພາ ສາ"),
        ("plain English, too", "plain English , too"),
    ],
)
def test_scripts_without_spaces_are_cut_further(text, expected):
    assert words(text, "scripts") == expected.split()


def test_hashes_are_equal_exactly_for_equal_words():
    text = "the cat and The dog and the bird sat on a mat in the sun, and the sun shone."
    tokens = tokenize(text)
    found = tokens.words(text)
    assert len(set(tokens.hashes.tolist())) == len(set(found))
    for word, value in zip(found, tokens.hashes.tolist(), strict=True):
        codes = code_points(word)
        assert int(hash_spans(codes, np.array([0]), np.array([len(codes)]))[0]) == value


def test_hashes_do_not_depend_on_the_other_characters():
    assert tokenize("sun").hashes[0] == tokenize("Ω sun").hashes[1]


def test_hash_of_a_span_beyond_the_kept_powers():
    text = "x" * 140_000 + "abc"
    codes = code_points(text)
    late = hash_spans(codes, np.array([140_000]), np.array([140_003]))
    assert late[0] == hash_spans(code_points("abc"), np.array([0]), np.array([3]))[0]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 1),
        ("no end", 1),
        ("One. Two! Three?", 3),
        ("One... two", 1),
        ("Dr. No said 3.5. Then he left.", 2),
        ('"Go." he said. (Why?) Yes', 4),
        ("One.\nTwo.", 2),
        ("\n\n", 3),
        (". . . a", 2),
        ("。日本。語", 2),
        ("日本 。 語", 2),
        ("End.  ", 2),
        ("End. ", 1),
        ("a.  . b", 2),
        ("ab.  . b", 3),
        ("End.\tNext", 2),
        (" lead. b", 2),
    ],
)
def test_sentences_are_those_of_spacys_sentencizer(text, sentences):
    assert tokenize(text).sentences == sentences


def sentencized(line):
    """Sentences of one line by spaCy's loop, white space tokens and all."""
    tokens, place = [], 0
    while place < len(line):
        end = place
        while end < len(line) and line[end].isspace() == line[place].isspace():
            end += 1
        run = line[place:end]
        if not run.isspace():
            tokens += by_rule(run)
        else:
            rest = run[1:] if run[0] == " " and place > 0 else run
            tokens += [rest] if rest else []
        place = end
    starts, seen = {0}, False
    for i, token in enumerate(tokens):
        mark = token in SENTENCE_END
        if seen and not mark and not all(unicodedata.category(c)[0] == "P" for c in token):
            starts.add(i)
            seen = False
        elif mark:
            seen = True
    return len(starts)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*'aB.!?…)" \t\n。', "U.S.", "  "])).map("".join))
def test_sentences_are_those_of_the_plain_loop(text):
    assert tokenize(text).sentences == sum(map(sentencized, text.split("\n")))


def test_mark_sets_have_the_sizes_of_their_sources():
    assert len(TERMINAL_MARKS) == 159
    assert len(SENTENCE_END) == 128
    assert len(SYMBOLS) == 281
    assert "•" not in SYMBOLS
    assert SENTENCE_END <= TERMINAL_MARKS <= SYMBOLS


def test_unknown_words_name_the_known_ones():
    with pytest.raises(ConfigError, match="'scripts', 'unicode', 'whitespace', 'nltk', 'spacy'"):
        tokenize("text", "treebank")


@pytest.mark.skipif(find_spec("spacy") is not None, reason="spaCy is installed")
def test_missing_spacy_says_how_to_install_it():
    with pytest.raises(MissingExtra, match=r"webfilter\[spacy\]"):
        check_words("spacy")
    with pytest.raises(MissingExtra):
        tokenize("text", "spacy")


SPACY_PIECES = [
    *"aZéя019.,-–~:;/()[]'’\"”“$€%#&*+=<_@|…°²•👍",
    *["km", "kg.", "www.", ".com", "http://", "'s", "’S", "US$", "--", "...", "word", "Word", "US"],
    *["MR", "1.5", "Mr.", "e.g.", "a.m.", "can't", "cannot", "I'd've", ":)", "8-D", "光合", "ノ"],
    *["ไทย", "»", "、", "。", "C++", "5'", "..", "gonna"],
]
SPACY_SAYS = ["4541001e", "539d0bc1", "30b10b6c", "6b32dd20", "7310b4c6", "69e7835b", "271c3e8b"]
"""SHA-256 of the tokens that spaCy 3.8.18 finds, each text alone, by seed."""


@pytest.mark.parametrize(("seed", "said"), list(enumerate(SPACY_SAYS)))
def test_odd_chunks_are_cut_as_spacy_cut_them(seed, said):
    rng = random.Random(seed)
    texts = ["".join(rng.choices(SPACY_PIECES, k=rng.randrange(1, 9))) for _ in range(500)]
    cut = tokenize_all(texts)
    found = [word for text, tokens in zip(texts, cut, strict=True) for word in tokens.words(text)]
    assert hashlib.sha256("\0".join(found).encode()).hexdigest()[:8] == said


@pytest.mark.skipif(find_spec("spacy") is None, reason="spaCy is not installed")
@settings(max_examples=300, deadline=None)
@given(messy)
def test_english_words_are_those_of_the_installed_spacy(text):
    assert words(text) == words(text, "spacy")


def test_recent_tokens_are_bounded_by_texts_and_characters():
    recent = _Recent(texts=3, characters=100)
    for k in range(9):
        recent.put(f"text {k}", "english", _tokens(f"text {k}", "english"))
    assert [recent.get(f"text {k}", "english") is not None for k in range(9)] == [False] * 6 + [
        True
    ] * 3
    recent.put("x" * 101, "english", _tokens("x", "english"))
    assert recent.get("x" * 101, "english") is None
    recent.put("y" * 90, "english", _tokens("y", "english"))
    assert recent.get("text 7", "english") is None
    assert recent.get("text 8", "english") is not None


def test_threads_get_the_same_tokens():
    texts = [f"Text {k % 37}: it's the {k % 11}th, isn't it?" for k in range(600)]
    expected = [by_rule(text) for text in texts]
    wrong = []

    def work():
        wrong.extend(t for t, e in zip(texts, expected, strict=True) if words(t) != e)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "unit",
    [
        ")",
        "(:",
        ".",
        "a-",
        "a.",
        "a@",
        "a.b@",
        "'s",
        "1km",
        "{",
        "+",
        "Mr.",
        ":",
        "a:",
        "…",
        "\ud800",
    ],
)
def test_long_chunks_take_linear_time(unit):
    began = time.process_time()
    tokens = _tokens(unit * (100_000 // len(unit)), "english")
    assert time.process_time() - began < 3  # a quadratic step takes minutes
    assert int(tokens.lengths.sum()) == 100_000 // len(unit) * len(unit)
