import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.heuristics.fineweb import FineWebQuality

OFF = {
    "min_lines": None,
    "min_terminal_line_ratio": None,
    "max_short_line_ratio": None,
    "max_duplicate_line_character_ratio": None,
    "max_newline_word_ratio": None,
}
APRIL = {"version": "datatrove-2024-04"}
TERMINAL = "fineweb_terminal_line_ratio"
SHORT = "fineweb_short_line_ratio"
AGAIN = "fineweb_duplicate_line_character_ratio"
NEWLINES = "fineweb_newline_word_ratio"


def measured(text, **fields):
    return FineWebQuality(**{**APRIL, **fields}).measure(Document("a", text))


def reason(text, **fields):
    [doc] = FineWebQuality(**{**APRIL, **OFF, **fields}).process([Document("a", text)])
    return doc.verdict.reason if doc.verdict else None


FOUR = "One.\ntwo\nthree\nfour"  # one of four lines ends; 3 newlines, 5 tokens
LONG = "x" * 31
LENGTHS = f"{LONG}\n{'y' * 30}\n{LONG}z\nshort"  # two of four lines are short
COPIES = "abcd\nefgh\nabcd\n  "  # 4 of 14 characters in a repeated line


@pytest.mark.parametrize(
    ("text", "field", "signal", "value"),
    [
        (FOUR, "min_terminal_line_ratio", TERMINAL, 1 / 4),
        (LENGTHS, "max_short_line_ratio", SHORT, 2 / 4),
        (COPIES, "max_duplicate_line_character_ratio", AGAIN, 4 / 14),
    ],
)
def test_a_value_at_its_limit_is_dropped_in_april_and_kept_in_december(text, field, signal, value):
    worse = value + 1e-9 if field.startswith("min") else value - 1e-9
    better = value - 1e-9 if field.startswith("min") else value + 1e-9
    for version, at_limit in (("datatrove-2024-04", signal), ("datatrove-2024-12", None)):
        assert measured(text, version=version)[signal] == value
        assert reason(text, version=version, **{field: value}) == at_limit
        assert reason(text, version=version, **{field: worse}) == signal
        assert reason(text, version=version, **{field: better}) is None


@pytest.mark.parametrize("version", ["datatrove-2024-04", "datatrove-2024-12"])
def test_newline_limit_is_inclusive_in_both(version):
    assert measured(FOUR, version=version)[NEWLINES] == 3 / 5
    assert reason(FOUR, version=version, max_newline_word_ratio=3 / 5) is None
    assert reason(FOUR, version=version, max_newline_word_ratio=0.59) == NEWLINES


def test_zero_is_a_limit():
    assert reason("a\nb", max_newline_word_ratio=0) == NEWLINES
    assert reason("a", max_short_line_ratio=1.0, version="datatrove-2024-12") is None
    assert reason(LONG, max_short_line_ratio=0, version="datatrove-2024-12") is None
    assert reason(LONG, max_short_line_ratio=0) == SHORT  # 0 >= 0


def test_blank_lines_count_in_april_only():
    text = "One.\n\n \nTwo."
    assert measured(text)["fineweb_lines"] == 4
    assert measured(text)[TERMINAL] == 0.5
    december = measured(text, version="datatrove-2024-12")
    assert december["fineweb_lines"] == 2
    assert december[TERMINAL] == 1.0
    assert measured("\n\n\n")[AGAIN] is None
    assert measured(" \n \n")[AGAIN] == 0


def test_terminal_marks_differ():
    quotes = "He said \"yes\"\nShe said 'no'\nnow."
    assert measured(quotes)[TERMINAL] == 1.0
    assert measured(quotes, version="datatrove-2024-12")[TERMINAL] == 1 / 3
    other = "你好。\nمرحبا؟\nनमस्ते।"
    assert measured(other)[TERMINAL] == 0.0
    assert measured(other, version="datatrove-2024-12")[TERMINAL] == 1.0
    assert measured("a;\nb…\nc.", terminal_marks=(";", "…"))[TERMINAL] == 2 / 3


def test_lines_are_not_stripped():
    assert measured("One. \nTwo.\r\nThree.")[TERMINAL] == 1 / 3
    assert measured(" " * 31)[SHORT] == 0


def test_short_lines_have_a_length_of_their_own():
    assert measured("abc\nabcd", short_line_length=3)[SHORT] == 0.5


def test_empty_text_is_dropped_in_both():
    [april] = FineWebQuality(**APRIL).process([Document("a", "")])
    assert str(april.verdict) == f"fineweb_quality: {TERMINAL} 0 <= 0.12"
    for text in ("", "\n", " \n\t"):
        [december] = FineWebQuality(version="datatrove-2024-12").process([Document("a", text)])
        assert str(december.verdict) == "fineweb_quality: fineweb_lines 0 < 1"


@pytest.mark.parametrize(
    ("version", "ops"),
    [
        ("datatrove-2024-04", ("gt", "lt", "lt", "le")),
        ("datatrove-2024-12", ("ge", "le", "le", "le")),
    ],
)
def test_defaults_and_order_are_those_of_the_version(version, ops):
    rules = [(rule.signal, rule.bounds()) for rule in FineWebQuality(version=version).rules]
    pairs = zip((TERMINAL, SHORT, AGAIN, NEWLINES), ops, (0.12, 0.67, 0.01, 0.3), strict=True)
    limits = [(name, ((op, limit),)) for name, op, limit in pairs]
    assert rules == [("fineweb_lines", (("ge", 1),)), *limits]


def test_reasons_come_in_the_order_of_the_rules():
    fields = {
        "min_terminal_line_ratio": 0.12,
        "max_short_line_ratio": 0.67,
        "max_duplicate_line_character_ratio": 0.01,
        "max_newline_word_ratio": 0.3,
    }
    for field, signal in zip(list(fields), (TERMINAL, SHORT, AGAIN, NEWLINES), strict=True):
        assert reason("a\na\na", **fields) == signal
        fields[field] = None


def test_unknown_version_names_the_known_ones():
    with pytest.raises(ConfigError, match="'datatrove-2024-04' or 'datatrove-2024-12'"):
        FineWebQuality(version="2024")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=5),
    st.sampled_from(["datatrove-2024-04", "datatrove-2024-12"]),
)
def test_any_batch_is_measured_like_its_documents(texts, version):
    stage = FineWebQuality(version=version)
    docs = [Document(str(k), text) for k, text in enumerate(texts)]
    together = stage.measure_batch(docs)
    assert list(together) == [stage.measure(doc) for doc in docs]
    for values in together:
        assert all(v is None or math.isfinite(v) for v in values.values())
