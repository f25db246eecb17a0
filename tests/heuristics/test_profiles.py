"""Profiles against the rules of their sources, written out as plain loops over small texts."""

from collections import Counter
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter import C4Quality, Document, FineWebQuality, GopherQuality, GopherRepetition
from webfilter.errors import ConfigError, UnknownName
from webfilter.profiles import Profile
from webfilter.testing import check_stage

FAMILIES = (GopherQuality, GopherRepetition, C4Quality, FineWebQuality)
EVERY = [(family, name) for family in FAMILIES for name in family.profiles]
STOPS = {"the", "be", "to", "of", "and", "that", "have", "with"}

PIECE = st.sampled_from(
    [
        "the",
        "The",
        "a",
        "ab",
        "#1",
        "1",
        "...",
        ". . .",
        "x…",
        "- b",
        "* c",
        "● d",
        "\n",
        "\n\n",
        " ",
    ]
)
TEXT = st.lists(PIECE, min_size=1, max_size=40).map(" ".join)


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_every_profile_keeps_the_contract_and_says_what_it_means(family, name):
    stage = family.profile(name)
    check_stage(stage)
    said = family.profiles[name]
    assert isinstance(said, Profile)
    assert all((said.source, said.words, said.lines, said.order, said.deviations))
    assert str(said).startswith(said.source)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_profile_is_the_default(family):
    name = next(iter(family.profiles))
    assert family.profile(name) == family()
    assert ": the default" in family.profiles[name].source or "the default:" in str(
        family.profiles[name]
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_an_unknown_profile_has_a_near_match_and_a_change_is_checked(family):
    with pytest.raises(UnknownName, match=f"profile of {family.__name__} 'datatrove-2024-11'"):
        family.profile("datatrove-2024-11")
    with pytest.raises(ConfigError, match="words"):
        family.profile("datatrove-2024-12", words="klingon")


def test_a_change_wins_over_the_profile():
    stage = GopherRepetition.profile(
        "dolma", max_duplicate_line_character_ratio=0.5, words="unicode"
    )
    assert stage.max_duplicate_line_character_ratio == 0.5
    assert (stage.version, stage.words) == ("dolma", "unicode")


def test_words_that_a_version_cannot_count_are_refused():
    with pytest.raises(ConfigError, match="words = 'scripts' does not go with version = 'dclm'"):
        GopherQuality.profile("dclm", words="scripts")


# --- quality ------------------------------------------------------------------------------------


def by(part, whole):
    return part / whole if whole else None


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_dclm_quality(text):
    words, lines = text.split(), [x.strip() for x in text.split("\n") if x.strip()]
    found = GopherQuality.profile("dclm").measure(Document("a", text))
    symbols = text.count("#") + text.count("...") + text.count(". . .") + text.count("…")
    assert found["words"] == len([w for w in words if w[0].isalnum()])
    assert found["mean_word_length"] == by(sum(map(len, words)), len(words))
    assert found["symbol_word_ratio"] == by(symbols, len(words))
    assert found["ellipsis_word_ratio"] is None
    starts, ends = ("●", "•", "*", "-"), ("...", ". . .", "…")
    assert found["bullet_line_ratio"] == by(sum(x.startswith(starts) for x in lines), len(lines))
    assert found["ellipsis_line_ratio"] == by(sum(x.endswith(ends) for x in lines), len(lines))
    assert found["stop_words"] == sum(w.lower() in STOPS for w in words)


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_dolma_quality(text):
    words, lines = text.split(), text.split("\n")
    found = GopherQuality.profile("dolma").measure(Document("a", text))
    assert found["words"] == len(words)
    assert found["mean_word_length"] is None
    assert found["median_word_length"] == (median(map(len, words)) if words else None)
    assert found["symbol_word_ratio"] == by(sum("#" in w or "…" in w for w in words), len(words))
    assert found["bullet_line_ratio"] == sum(x[:1] in ("*", "-") for x in lines) / len(lines)
    assert found["ellipsis_line_ratio"] == sum(x[-1:] == "…" for x in lines) / len(lines)
    assert found["stop_words"] == sum(w in STOPS for w in words)


def test_stop_words_are_different_ones_or_every_one():
    doc = Document("a", "the cat and the dog and the The")
    counts = {
        name: GopherQuality.profile(name).measure(doc)["stop_words"]
        for name in (
            "webfilter-2026-11",
            "datatrove-2024-12",
            "datatrove-2024-04",
            "gopher-paper",
            "dclm",
            "dolma",
            "nemo-curator",
        )
    }
    assert counts == {
        "webfilter-2026-11": 2,
        "datatrove-2024-12": 2,
        "datatrove-2024-04": 5,
        "gopher-paper": 2,
        "dclm": 6,
        "dolma": 5,
        "nemo-curator": 5,
    }


def test_technical_text_is_prose_by_default_and_not_for_datatrove():
    line = "Let f(x) = 2x + 1; then f'(x) = 2, so f(3) = 7 (see fig. 4), and f(-1) = -1.\n"
    text = "The slope of a line tells how fast it grows, and that is what we want to have.\n" + line
    ratio = {
        name: GopherQuality.profile(name).measure(Document("a", text))["alpha_word_ratio"]
        for name in ("webfilter-2026-11", "datatrove-2024-12")
    }
    assert ratio["datatrove-2024-12"] < 0.6 < 0.75 < ratio["webfilter-2026-11"]
    marks = "a , b . c ! 1 2"  # 3 of 5 words, 3 of 8 tokens
    found = GopherQuality().measure(Document("a", marks))
    assert found["alpha_word_ratio"] == 3 / 5


def judged(stage):
    return [(rule.signal, *(limit for _, limit in rule.bounds())) for rule in stage.rules]


def test_dolma_judges_by_the_limits_and_in_the_order_of_its_configuration():
    assert judged(GopherQuality.profile("dolma")) == [
        ("words", 50, 100_000),
        ("median_word_length", 3, 10),
        ("symbol_word_ratio", 0.1),
        ("alpha_word_ratio", 0.8),
        ("stop_words", 2),
        ("bullet_line_ratio", 0.9),
        ("ellipsis_line_ratio", 0.3),
    ]
    tops, copies = (0.2, 0.18, 0.16), (0.15, 0.14, 0.13, 0.12, 0.11, 0.1)
    assert judged(GopherRepetition.profile("dolma")) == [
        ("duplicate_line_ratio", 0.3),
        ("duplicate_line_character_ratio", 0.3),
        *((f"top_{n}gram_character_ratio", most) for n, most in enumerate(tops, 2)),
        *((f"duplicate_{n}gram_character_ratio", most) for n, most in enumerate(copies, 5)),
    ]


# --- repetition ---------------------------------------------------------------------------------


def grams(words, n):
    return list(zip(*(words[k:] for k in range(n)), strict=False))


def copies_covered(words, n):
    counts = Counter(grams(words, n))
    inside = {
        place + k for place, g in enumerate(grams(words, n)) if counts[g] > 1 for k in range(n)
    }
    return sum(len(words[k]) for k in inside)


def top_longest(words, n):
    counts = Counter(grams(words, n))
    most = max(counts.values(), default=0)
    if most < 2:
        return None
    return most * max(sum(map(len, g)) for g, count in counts.items() if count == most)


SMALL = st.lists(st.sampled_from(["a", "b", "ab", "c", "a b", "\n", "\n\n"]), max_size=60)


@settings(max_examples=200, deadline=None)
@given(SMALL.map(" ".join))
def test_dclm_and_paper_repetition(text):
    docs = [Document("a", text), Document("b", "x y"), Document("c", text[::-1])]
    for name in ("dclm", "gopher-paper"):
        for doc, found in zip(
            docs, GopherRepetition.profile(name).measure_batch(docs), strict=True
        ):
            words = doc.text.split()  # of letters alone: the same in both
            whole = sum(map(len, words))
            for unit, end in (("line", "\n"), ("paragraph", "\n\n")):
                parts = [p.strip() for p in doc.text.split(end) if p.strip()]
                again = [p for p in parts if parts.count(p) > 1]
                assert found[f"duplicate_{unit}_ratio"] == by(len(again), len(parts))
                share = by(sum(map(len, again)), sum(map(len, parts)))
                assert found[f"duplicate_{unit}_character_ratio"] == share
            for n in (2, 3, 4):
                top = top_longest(words, n)
                value = None if top is None else top / whole
                assert found[f"top_{n}gram_character_ratio"] == value
            for n in range(5, 11):
                share = by(copies_covered(words, n), whole)
                assert found[f"duplicate_{n}gram_character_ratio"] == share


@settings(max_examples=200, deadline=None)
@given(SMALL.map(" ".join))
def test_dolma_repetition(text):
    docs = [Document("a", text), Document("b", "x y"), Document("c", text[::-1])]
    for doc, found in zip(docs, GopherRepetition.profile("dolma").measure_batch(docs), strict=True):
        words, lines = doc.text.split(), doc.text.split("\n")
        whole = sum(map(len, words))
        if doc.text:
            again = [line for line in lines if lines.count(line) > 1]
            assert found["duplicate_line_ratio"] == len(again) / len(lines)
            assert found["duplicate_line_character_ratio"] == by(sum(map(len, again)), whole)
        assert found["duplicate_paragraph_ratio"] is None
        for n in (2, 3, 4):
            counts = Counter(grams(words, n)).most_common(1)
            value = counts[0][1] * sum(map(len, counts[0][0])) / whole if counts else None
            assert found[f"top_{n}gram_character_ratio"] == value
        for n in range(5, 11):
            counts = Counter(grams(words, n))
            every = sum(count * sum(map(len, g)) for g, count in counts.items())
            several = sum(c * sum(map(len, g)) for g, c in counts.items() if c > 1)
            assert found[f"duplicate_{n}gram_character_ratio"] == by(several, every)


def test_lines_of_april_are_those_of_splitlines():
    text = "a\r\nb\r\na\r\n\r\n"
    april = GopherRepetition.profile("datatrove-2024-04").measure(Document("a", text))
    december = GopherRepetition().measure(Document("a", text))
    assert april["duplicate_line_ratio"] == 1 / 4  # a, b, a, blank
    assert december["duplicate_line_ratio"] == 1 / 5  # "a\r", "b\r", "a\r", "\r", ""


def test_dclm_judges_lines_before_paragraphs():
    names = [rule.signal for rule in GopherRepetition.profile("dclm").rules][1:5]
    assert names == [
        "duplicate_line_ratio",
        "duplicate_paragraph_ratio",
        "duplicate_line_character_ratio",
        "duplicate_paragraph_character_ratio",
    ]


# --- C4, FineWeb --------------------------------------------------------------------------------


def test_c4_limits_are_those_of_datatrove():
    stage = C4Quality()
    assert (stage.line_min_words, stage.line_max_word_length, stage.min_sentences) == (3, 1000, 5)


def test_tfds_counts_words_after_citations_and_no_apostrophe_ends_a_line():
    text = "One two three [1] [2] end.\nOne two three four five.\nShe said 'one two three'"
    assert C4Quality.profile("tfds-2019").transform(Document("a", text))[0] == (
        "One two three four five."
    )
    kept = C4Quality().transform(Document("a", text))[0]
    assert kept.count("\n") == 2


def test_fineweb_has_no_rule_on_terminal_marks():
    text = "One two three four\n" * 5
    assert C4Quality.profile("fineweb").transform(Document("a", text))[0] == text.strip()
    assert C4Quality().transform(Document("a", text))[0] == ""


def test_tfds_needs_three_sentences():
    two = "One two three four five. Six seven eight nine ten."
    for text, live in ((two, False), (f"{two} Eleven is the last.", True)):
        [doc] = C4Quality.profile("tfds-2019").process([Document("a", text)])
        assert doc.live is live
        assert not C4Quality().process([Document("a", text)])[0].live


def test_fineweb_2_has_no_rule_on_short_lines():
    signals = [rule.signal for rule in FineWebQuality.profile("fineweb-2").rules]
    assert "fineweb_short_line_ratio" not in signals
    again = next(r for r in FineWebQuality.profile("fineweb-2").rules if "duplicate" in r.signal)
    assert again.bounds() == (("le", 0.1),)


def test_dolma_takes_lines_out_that_do_not_end_with_a_mark_and_nothing_else():
    text = "Home\n\n  It is {so}... \nJavaScript\nTry JavaScript [1].\nOne.\n'Two'\n\"Three\"\n"
    [doc] = C4Quality.profile("dolma").process([Document("a", f"{text}lorem ipsum: use cookies!")])
    assert doc.live
    assert doc.text == (
        'It is {so}...\nTry JavaScript [1].\nOne.\n"Three"\nlorem ipsum: use cookies!'
    )
