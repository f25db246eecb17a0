import math
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.heuristics.repetition import GopherRepetition

OFF = {
    f"max_{signal.name}": None
    for signal in GopherRepetition.measures
    if signal.name != "characters"
}


def measured(text, **fields):
    return GopherRepetition(**fields).measure(Document("a", text))


def reason(text, **fields):
    [doc] = GopherRepetition(**{**OFF, **fields}).process([Document("a", text)])
    return doc.verdict.reason if doc.verdict else None


def slow_top(words, n):
    grams = [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]
    best, times = max(Counter(grams).items(), key=lambda item: item[1])  # the first of the greatest
    return len(best) * times


def slow_duplicate(words, n):
    seen, total, i = set(), 0, 0
    while i + n <= len(words):
        gram = "".join(words[i : i + n])
        if gram in seen:
            total += len(gram)
            i += n
        else:
            seen.add(gram)
            i += 1
    return total


def slow_again(parts):
    seen, times, characters = set(), 0, 0
    for part in parts:
        if part in seen:
            times += 1
            characters += len(part)
        seen.add(part)
    return times, characters


def slowly(text):
    """All signals by the definitions, word by word."""
    found = dict.fromkeys([signal.name for signal in GopherRepetition.measures])
    found["characters"] = len(text)
    if not text:
        return found
    words = text.split()
    paragraphs, lines = re.split(r"\n{2,}", text.strip()), re.split(r"\n+", text)
    for unit, parts in (("paragraph", paragraphs), ("line", lines)):
        times, characters = slow_again(parts)
        found[f"duplicate_{unit}_ratio"] = times / len(parts)
        found[f"duplicate_{unit}_character_ratio"] = characters / len(text)
    for n in (2, 3, 4):
        if len(words) >= n:
            found[f"top_{n}gram_character_ratio"] = slow_top(words, n) / len(text)
    for n in range(5, 11):
        found[f"duplicate_{n}gram_character_ratio"] = slow_duplicate(words, n) / len(text)
    return found


few = st.lists(st.sampled_from(["a", "bb", "b", "abb", "c\n", "\n\n", "c\n\n\n"]), max_size=90)


@settings(max_examples=500, deadline=None)
@given(few.map(" ".join))
def test_every_measure_is_that_of_the_plain_loops(text):
    assert measured(text, words="whitespace") == slowly(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(few.map("".join), max_size=7), st.text(max_size=40))
def test_documents_measured_together_are_measured_alone(texts, other):
    docs = [Document(str(k), text) for k, text in enumerate([*texts, other, *texts])]
    stage = GopherRepetition()
    together = stage.measure_batch(docs)
    assert list(together) == [stage.measure(doc) for doc in docs]
    for values in together:
        assert all(v is None or math.isfinite(v) for v in values.values())


def test_more_documents_than_are_measured_at_once():
    docs = [Document(str(k), "to be or not to be " * (k % 9)) for k in range(600)]
    stage = GopherRepetition()
    assert list(stage.measure_batch(docs)) == [stage.measure(doc) for doc in docs]


def test_written_without_spaces_other_cuts_count_as_equal():
    text = "ab c d e f x a bc d e f"
    assert measured(text)["duplicate_5gram_character_ratio"] == 6 / len(text)


def test_the_walk_goes_on_behind_a_repeat():
    text = " ".join("abcde" * 3)  # repeats at 5 and at 10, none across
    assert measured(text)["duplicate_5gram_character_ratio"] == 10 / len(text)


def test_top_ngram_may_occur_once_and_ties_go_to_the_first():
    assert measured("one two three")["top_2gram_character_ratio"] == len("one two") / 13
    text = "a b x a b, c long d c long"
    assert measured(text)["top_2gram_character_ratio"] == 2 * len("a b") / len(text)


TEXT = "aaaa\n\naaaa\n\nbb\ncc"  # 17 characters; paragraphs aaaa aaaa bb\ncc; lines aaaa aaaa bb cc


@pytest.mark.parametrize(
    ("text", "signal", "value"),
    [
        (TEXT, "duplicate_paragraph_ratio", 1 / 3),
        (TEXT, "duplicate_paragraph_character_ratio", 4 / 17),
        (TEXT, "duplicate_line_ratio", 1 / 4),
        (TEXT, "duplicate_line_character_ratio", 4 / 17),
        ("a b a b c", "top_2gram_character_ratio", 6 / 9),
        ("a b c a b c d", "top_3gram_character_ratio", 10 / 13),
        ("a b c d e", "top_4gram_character_ratio", 7 / 9),
        ("a b c d e " * 2, "duplicate_5gram_character_ratio", 5 / 20),
        ("a b c d e f " * 2, "duplicate_6gram_character_ratio", 6 / 24),
        ("a b c d e f g " * 2, "duplicate_7gram_character_ratio", 7 / 28),
        ("a b c d e f g h " * 2, "duplicate_8gram_character_ratio", 8 / 32),
        ("a b c d e f g h i " * 2, "duplicate_9gram_character_ratio", 9 / 36),
        ("a b c d e f g h i j " * 2, "duplicate_10gram_character_ratio", 10 / 40),
    ],
)
def test_each_limit_is_inclusive(text, signal, value):
    assert measured(text)[signal] == value
    assert reason(text, **{f"max_{signal}": value}) is None
    assert reason(text, **{f"max_{signal}": value - 1e-9}) == signal
    assert reason(text, **{f"max_{signal}": 0}) == signal


def test_defaults_and_order_are_those_of_datatrove():
    rules = [(rule.signal, rule.bounds()) for rule in GopherRepetition().rules]
    limits = [0.3, 0.2, 0.3, 0.2, 0.2, 0.18, 0.16, 0.15, 0.14, 0.13, 0.12, 0.11, 0.10]
    names = [
        *(f"duplicate_{u}_{k}ratio" for u in ("paragraph", "line") for k in ("", "character_")),
        *(f"top_{n}gram_character_ratio" for n in (2, 3, 4)),
        *(f"duplicate_{n}gram_character_ratio" for n in range(5, 11)),
    ]
    pairs = [(name, (("le", limit),)) for name, limit in zip(names, limits, strict=True)]
    assert rules == [("characters", (("ge", 1),)), *pairs]


def test_reasons_come_in_the_order_of_the_rules():
    text = "\n\n".join(["one two one two one two one two one two one two"] * 9)
    fields = {f"max_{s.name}": 0.0 for s in GopherRepetition.measures if s.name != "characters"}
    for field in list(fields):
        assert reason(text, **fields) == field.removeprefix("max_")
        fields[field] = None
    assert reason(text, **fields) is None


def test_empty_text_is_dropped_and_has_no_ratios():
    [doc] = GopherRepetition().process([Document("a", "")])
    assert str(doc.verdict) == "gopher_repetition: characters 0 < 1"
    assert {v for k, v in doc.signals.items() if k != "characters"} == {None}
    [doc] = GopherRepetition(min_characters=None).process([Document("a", "")])
    assert doc.live


def test_newlines_alone_are_two_equal_lines():
    assert measured("\n\n\n")["duplicate_line_ratio"] == 0.5
    assert measured("\n\n\n")["duplicate_paragraph_ratio"] == 0
