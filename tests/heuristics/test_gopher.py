import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.heuristics.gopher import GopherQuality

OFF = {
    "min_words": None,
    "max_words": None,
    "min_mean_word_length": None,
    "max_mean_word_length": None,
    "max_symbol_word_ratio": None,
    "max_ellipsis_word_ratio": None,
    "max_bullet_line_ratio": None,
    "max_ellipsis_line_ratio": None,
    "min_alpha_word_ratio": None,
    "min_stop_words": None,
}


def measured(text, **fields):
    return GopherQuality(**fields).measure(Document("a", text))


def reason(text, **fields):
    [doc] = GopherQuality(**{**OFF, **fields}).process([Document("a", text)])
    return doc.verdict.reason if doc.verdict else None


FIVE = "one two three, four five."  # tokens: 5 words, 2 marks; 19 characters in words
DECIMAL = "# a b c d e f g h i"  # 10 tokens, 1 of them a hash
ELLIPSIS = "a b c ... d e f g h i"  # 10 tokens
BULLETS = "- a\n • b\nc\n\n-d"  # 5 lines, 3 with bullets
TRAILS = "a...\nb… \nc ....\nd\n"  # 4 lines, 3 with ellipses
ALPHA = "a b c 1 ,"  # 4 words, 3 with letters
STOPS = "The to to of Be"  # to, of


@pytest.mark.parametrize(
    ("text", "field", "kept", "dropped", "signal"),
    [
        (FIVE, "min_words", 5, 6, "words"),
        (FIVE, "max_words", 5, 4, "words"),
        (FIVE, "min_mean_word_length", 3.8, 3.81, "mean_word_length"),
        (FIVE, "max_mean_word_length", 3.8, 3.79, "mean_word_length"),
        (DECIMAL, "max_symbol_word_ratio", 0.1, 0.09, "symbol_word_ratio"),
        (ELLIPSIS, "max_ellipsis_word_ratio", 0.1, 0.09, "ellipsis_word_ratio"),
        (BULLETS, "max_bullet_line_ratio", 0.6, 0.59, "bullet_line_ratio"),
        (TRAILS, "max_ellipsis_line_ratio", 0.75, 0.74, "ellipsis_line_ratio"),
        (ALPHA, "min_alpha_word_ratio", 0.75, 0.76, "alpha_word_ratio"),
        (STOPS, "min_stop_words", 2, 3, "stop_words"),
    ],
)
def test_each_limit_is_inclusive(text, field, kept, dropped, signal):
    assert reason(text, **{field: kept}) is None
    assert reason(text, **{field: dropped}) == signal
    assert reason(text, **{field: None}) is None


def test_defaults_are_those_of_datatrove():
    rules = [(rule.signal, rule.bounds()) for rule in GopherQuality().rules]
    assert rules == [
        ("words", (("ge", 50), ("le", 100_000))),
        ("mean_word_length", (("ge", 3), ("le", 10))),
        ("symbol_word_ratio", (("le", 0.1),)),
        ("ellipsis_word_ratio", (("le", 0.1),)),
        ("bullet_line_ratio", (("le", 0.9),)),
        ("ellipsis_line_ratio", (("le", 0.3),)),
        ("alpha_word_ratio", (("ge", 0.8),)),
        ("stop_words", (("ge", 2),)),
    ]


def test_reasons_come_in_the_order_of_the_rules():
    worst = "- # # ... \n- # ... 1 1 …\n" * 3
    fields = {
        "min_words": 50,
        "min_mean_word_length": 3,
        "max_symbol_word_ratio": 0.1,
        "max_ellipsis_word_ratio": 0.1,
        "max_bullet_line_ratio": 0.9,
        "max_ellipsis_line_ratio": 0.3,
        "min_alpha_word_ratio": 0.8,
        "min_stop_words": 2,
    }
    seen = []
    for field in fields:
        seen.append(reason(worst, **fields))
        fields[field] = None
    assert seen == [
        "words",
        "mean_word_length",
        "symbol_word_ratio",
        "ellipsis_word_ratio",
        "bullet_line_ratio",
        "ellipsis_line_ratio",
        "alpha_word_ratio",
        "stop_words",
    ]


def test_zero_is_a_limit():
    assert reason("# word", max_symbol_word_ratio=0) == "symbol_word_ratio"
    assert reason("word", max_symbol_word_ratio=0) is None
    assert reason("... word", max_ellipsis_word_ratio=0.0) == "ellipsis_word_ratio"


def test_marks_alone_are_no_words_but_a_bullet_is():
    assert measured("one , -- ?! • two")["words"] == 3
    assert measured("one , two")["mean_word_length"] == 3.0


def test_ellipses_are_counted_without_overlap():
    assert measured("..... ...... … x")["ellipsis_word_ratio"] == 4 / 4


def test_stop_words_count_once_each_and_in_their_case():
    assert measured("the THE The the, of-the")["stop_words"] == 2
    assert measured("le la der", stop_words=("le", "la", "les", "le", ""))["stop_words"] == 2
    assert measured("the and", stop_words=())["stop_words"] == 0


def test_lines_are_those_of_splitlines_blank_ones_among_them():
    assert measured("- a\r\n\u2028b\x0b- c")["bullet_line_ratio"] == 2 / 4


def test_empty_text_has_too_few_words_and_no_ratios():
    values = measured("")
    assert values.pop("words") == values.pop("stop_words") == 0
    assert set(values.values()) == {None}
    [doc] = GopherQuality().process([Document("a", "")])
    assert str(doc.verdict) == "gopher_quality: words 0 < 50"
    assert reason("", min_alpha_word_ratio=1.0) is None


def test_technical_paragraph_scores_less_than_by_white_space():
    text = "Set x = 3.5 (or 4), then y := x + 1; print(y) -> 4.5!"
    by_token = measured(text, version="datatrove-2024-12")["alpha_word_ratio"]
    by_space = measured(text, words="whitespace")["alpha_word_ratio"]
    assert by_token < by_space
    assert by_token < measured(text)["alpha_word_ratio"]


def test_limits_that_are_no_numbers_are_refused():
    with pytest.raises(ConfigError, match="min_words"):
        GopherQuality(min_words="many")
    with pytest.raises(ConfigError, match="words"):
        GopherQuality(words="treebank")


def test_stop_words_at_either_end_belong_to_their_own_document():
    docs = [Document(str(k), text) for k, text in enumerate(["the end of", "of the", "", "with"])]
    assert [found["stop_words"] for found in GopherQuality().measure_batch(docs)] == [2, 2, 0, 1]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_any_batch_is_measured_like_its_documents(texts):
    stage = GopherQuality()
    docs = [Document(str(k), text) for k, text in enumerate(texts)]
    together = stage.measure_batch(docs)
    assert list(together) == [stage.measure(doc) for doc in docs]
    for values in together:
        assert all(v is None or math.isfinite(v) for v in values.values())
        assert set(values) == {signal.name for signal in stage.measures}
