"""NeMo Curator's rules as plain loops: the profiles of its name, and the stage Composition."""

import re
from collections import Counter
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import webfilter as wf
from webfilter import Composition, Document, GopherQuality, GopherRepetition
from webfilter.heuristics.composition import BOILERPLATE

QUALITY = GopherQuality.profile("nemo-curator")
REPETITION = GopherRepetition.profile("nemo-curator")
ELLIPSES = {"...", "[...]", "…", "(...)", "[…]", "-»"}
STOPS = {"the", "be", "to", "of", "and", "that", "have", "with"}

PIECE = st.sampled_from(
    [
        *("the", "The", "a", "ab", "b a", "#", "##", "#a#", "#a#b", "1", "٣", "²", "x…", "(a) [b]"),
        *("...", "…", "-»", "[…]", "• b", "○", "* c", "- d", "Read More", "read more..", "a.", '"'),
        *("?", "!", "'"),
        *("\n", "\n\n", " ", "\t", "\x0c", "\x85", "\b", "⟨", "⟩", "ü", "İ", "\ud800", "\x00"),
        *("http://a.b/%41%4", "https://", "http://x.de<b>", "HTTP://a", "use cookies", "Cookie"),
        *("lorem", "Lorem Ipsum", "Privacy\nPolicy", "terms of use", "\u212a"),
    ]
)
TEXT = st.lists(PIECE, max_size=40).map(" ".join) | st.lists(PIECE, max_size=40).map("".join)
SMALL = st.lists(st.sampled_from(["a", "b", "ab", "c", "\n", "\n\n", " ", "ba"]), max_size=80)


def measured(stage, *texts):
    return stage.measure_batch([Document(str(n), text) for n, text in enumerate(texts)])


def by(part, whole):
    return part / whole if whole else None


# --- Composition --------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_shares_are_those_of_the_loops(text):
    found = Composition().measure(Document("a", text))
    size = len(text)
    assert found["characters"] == size
    alphanumeric = len(re.findall(r"[a-zA-Z0-9\n?!,.]", text))
    assert found["non_alphanumeric_ratio"] == by(size - alphanumeric, size)
    assert found["digit_ratio"] == by(sum(c in "0123456789" for c in text), size)
    assert found["white_space_ratio"] == by(sum(c in "\t\n\r\b " for c in text), size)
    assert found["bracket_ratio"] == by(sum(c in "{}⟨⟩[]()" for c in text), size)
    address = r"https?://(?:[A-Za-z0-9$\-_@.&+/:=?#~]|[!*\(\),]|(?:%[0-9A-Fa-f]{2}))+"
    in_addresses = sum(map(len, re.findall(address, text)))
    assert found["url_character_ratio"] == by(in_addresses, size)
    assert found["longest_word"] == max(map(len, text.split()), default=None)
    lines = [line for line in text.split("\n") if line.strip()]
    ends = (".", "?", "!", '"', "'")
    assert found["unterminated_line_ratio"] == by(
        sum(not line.strip().endswith(ends) for line in lines), len(lines)
    )
    paragraphs = [part.strip().lower() for part in text.split("\n\n")]
    notices = sum(any(phrase in part for phrase in BOILERPLATE) for part in paragraphs)
    share = notices / len(paragraphs)
    if any("lorem ipsum" in part for part in paragraphs):
        share = 1.0
    assert found["boilerplate_paragraph_ratio"] == (share if text else None)


LIMITS = [field.name for field in fields(Composition)]


def reason(stage, text):
    [doc] = stage.process([Document("a", text)])
    return None if doc.live else doc.verdict.reason


PROSE = "The leaf is green, and that is the color of the light that it has no use for.\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PROSE * 4, None),
        ("", "characters"),
        (PROSE.replace(" ", "  "), "non_alphanumeric_ratio"),
        (PROSE * 2 + "1234567890 " * 3, "digit_ratio"),
        (PROSE + "http://leaf.example/why.is.it.green", "url_character_ratio"),
        (PROSE * 2 + "\n" * 60, "white_space_ratio"),
        ("Leaves." * 30 + "()" * 12, "bracket_ratio"),
        (PROSE + "\n\nWe Use Cookies.", "boilerplate_paragraph_ratio"),
        (PROSE * 9 + "\n\nLorem ipsum.", "boilerplate_paragraph_ratio"),
        ("Leaves and light\n" * 9 + "Yes.", "unterminated_line_ratio"),
        (PROSE * 30 + "a" * 1000 + ".", "longest_word"),
        (PROSE * 30 + "a" * 999 + ".", None),
    ],
)
def test_each_rule_drops_what_it_is_for(text, why):
    assert reason(Composition(), text) == why


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ("max_digit_ratio", "1" * 15 + "a" * 85),
        ("max_non_alphanumeric_ratio", " " * 25 + "a" * 75),
        ("max_white_space_ratio", "\n" * 25 + "a" * 75),
        ("max_bracket_ratio", "(" * 10 + "a" * 90),
        ("max_url_character_ratio", "http://a.b" + "a" * 10 + " " + "b" * 79),
        ("max_boilerplate_paragraph_ratio", "use cookies.\n\n" * 2 + "a.\n\nb.\n\nc."),
        ("max_unterminated_line_ratio", "a\n" * 17 + "b.\n" * 3),
        ("max_longest_word", "a" * 1000),
    ],
)
def test_what_is_at_the_limit_is_kept(limit, text):
    """As there; a hair less and it goes."""
    rest = {name: None for name in LIMITS if name != limit}
    stage = Composition(**rest)
    assert reason(stage, text) is None
    value = getattr(stage, limit)
    lower = value - 1 if limit == "max_longest_word" else value - 1e-9
    assert reason(replace(stage, **{limit: lower}), text) == limit.removeprefix("max_")


def test_phrases_are_lower_case_and_none_is_in_another():
    assert all(phrase == phrase.lower() for phrase in BOILERPLATE)
    for phrase in BOILERPLATE:
        assert not any(other in phrase for other in BOILERPLATE if other != phrase)
        assert Composition().measure(Document("a", phrase))["boilerplate_paragraph_ratio"] == 1.0


NOTICES = """\
Terms of Use
Our Privacy Policy.
Cookie Policy
This website uses cookies to improve your experience while you navigate through the website.
Privacy Overview
About our use of cookies
We use cookies!
Privacy & Cookies Policy
Privacy and Cookies Policy
Necessary cookies are absolutely essential for the website to function properly. This category \
only includes cookies that ensures basic functionalities and security features of the website. \
These cookies do not store any personal information.
Any cookies that may not be particularly necessary for the website to function and is used \
specifically to collect user personal data via analytics, ads, other embedded contents are termed \
as non-necessary cookies. It is mandatory to procure user consent prior to running these cookies \
on your website.
If you continue to browse this site without changing your cookie settings, you agree to this use. \
AcceptRead More"""


@pytest.mark.parametrize("notice", NOTICES.split("\n"))
def test_each_notice_is_known_as_pages_write_it(notice):
    found = Composition().measure(Document("a", f"Cookies are baked.\n\n{notice}"))
    assert found["boilerplate_paragraph_ratio"] == 0.5


# --- Gopher quality -----------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_quality_is_that_of_the_loops(text):
    [found] = measured(QUALITY, text)
    words, lines = text.split(), [x.strip() for x in text.split("\n") if x.strip()]

    def symbol(word):
        return word in ELLIPSES or len(re.findall("#+", word)) / len(word) > 0.5

    assert found["words"] == len(words)
    assert found["mean_word_length"] == by(sum(map(len, words)), len(words))
    assert found["symbol_word_ratio"] == by(sum(map(symbol, words)), len(words))
    assert found["stop_words"] == sum(word in STOPS for word in words)
    letters = sum(any(map(str.isalpha, word)) for word in words)
    assert found["alpha_word_ratio"] == by(letters, len(words))
    bullets = sum(line[0] in "•‣⁃⁌⁍∙○●◘◦⦾⦿" for line in lines)
    assert found["bullet_line_ratio"] == by(bullets, len(lines))
    marks = (*ELLIPSES, "read more..", "read more")
    ellipses = sum(line.lower().endswith(marks) for line in lines)
    assert found["ellipsis_line_ratio"] == by(ellipses, len(lines))


def judged(stage):
    return [(rule.signal, *(limit for _, limit in rule.bounds())) for rule in stage.rules]


def test_limits_and_order_are_those_of_the_configuration():
    assert judged(QUALITY) == [
        ("symbol_word_ratio", 0.1),
        ("words", 50, 100_000),
        ("alpha_word_ratio", 0.8),
        ("stop_words", 2),
        ("mean_word_length", 3, 10),
        ("ellipsis_line_ratio", 0.3),
        ("bullet_line_ratio", 0.9),
    ]
    tops, copies = (0.2, 0.18, 0.16), (0.15, 0.14, 0.13, 0.12, 0.11, 0.1)
    assert judged(REPETITION) == [
        ("characters", 1),
        ("duplicate_line_ratio", 0.3),
        ("duplicate_paragraph_ratio", 0.3),
        ("duplicate_line_character_ratio", 0.2),
        ("duplicate_paragraph_character_ratio", 0.2),
        *((f"top_{n}gram_character_ratio", most) for n, most in enumerate(tops, 2)),
        *((f"duplicate_{n}gram_character_ratio", most) for n, most in enumerate(copies, 5)),
    ]


# --- Gopher repetition --------------------------------------------------------------------------


def grams(text, n):
    words = text.split()
    return list(zip(*(words[k:] for k in range(n)), strict=False))


def top(text, n):
    if not (found := grams(text, n)):
        return 1.0
    counts = Counter(found)  # in the order of the text, so max takes the first
    removed = text.replace(" ".join(max(counts, key=counts.__getitem__)), "")
    return (len(text) - len(removed)) / len(text)


def again(text, n):
    if not (found := grams(text, n)):
        return 1.0
    seen, characters, overlap = set(), 0, 0
    for gram in found:
        if gram in seen:
            characters += sum(map(len, gram[overlap:])) + min(n - overlap, n - 1)
            overlap = n
        seen.add(gram)
        overlap = max(overlap - 1, 0)
    return characters / len(text)


@settings(max_examples=400, deadline=None)
@given(SMALL.map(" ".join), SMALL.map("".join))
def test_repetition_is_that_of_the_loops(one, other):
    texts = [one, "x y", other, one[::-1], "\n\n", "a b " * 9]
    for text, found in zip(texts, measured(REPETITION, *texts), strict=True):
        lines = [line for line in text.split("\n") if line.strip()]
        parts = {"line": lines, "paragraph": text.split("\n\n") if text else []}
        for unit, every in parts.items():
            later = len(every) - len(set(every))
            assert found[f"duplicate_{unit}_ratio"] == by(later, len(every))
            size = len("".join(every))
            characters = size - len("".join(set(every)))
            assert found[f"duplicate_{unit}_character_ratio"] == by(characters, size)
        for n in (2, 3, 4):
            assert found[f"top_{n}gram_character_ratio"] == top(text, n)
        for n in range(5, 11):
            assert found[f"duplicate_{n}gram_character_ratio"] == again(text, n)


def test_the_most_common_run_goes_within_words_and_not_over_a_line_end():
    [within, across] = measured(REPETITION, "a b a b cba bad", "a\nb a\nb c")
    assert within["top_2gram_character_ratio"] == 9 / 15  # three times
    assert across["top_2gram_character_ratio"] == 0.0


def test_no_space_counts_between_copies_that_follow_each_other():
    text = "a b c d e x a b c d e a b c d e"
    [found] = measured(REPETITION, text)
    assert found["duplicate_5gram_character_ratio"] == (9 + 9) / len(text) == again(text, 5)


def test_a_text_of_fewer_words_than_a_run_is_all_repetition():
    tops = ("max_top_2gram_character_ratio", "max_top_3gram_character_ratio")
    stage = replace(REPETITION, **dict.fromkeys(tops))
    assert reason(stage, "Leaves are green.") == "top_4gram_character_ratio"
    assert reason(stage, "") == "characters"


# --- the recipe ---------------------------------------------------------------------------------


def test_the_recipe_has_every_filter_of_the_chain_once():
    stages = wf.recipe("nemo-curator").steps
    assert [stage.name for stage in stages[:2]] == ["extract", "language"]
    assert stages[2:] == (Composition(), QUALITY, REPETITION)
    signals = [rule.signal for stage in stages[2:] for rule in stage.rules]
    assert len(set(signals) - {"characters"}) == 28 == len(signals) - 2


def test_the_recipe_keeps_prose_and_says_why_it_drops():
    said = (
        "Plants make sugar from light. The green pigment in their leaves takes up the energy of "
        "the sun, and with it they join water to the gas that we breathe out. This is how nearly "
        "all of the food on Earth begins. When the light is gone, the work stops, and the plant "
        "lives on what it has stored."
    )
    texts = {
        said: "None",
        f"{said}\n\nThis site uses cookies.\n\nPrivacy policy.": (
            "composition: boilerplate_paragraph_ratio 0.6667 > 0.4"
        ),
        f"{said[:151]}.": "gopher_quality: words 31 < 50",
        " ".join([said] * 3): "gopher_repetition: duplicate_5gram_character_ratio",
    }
    docs = [wf.Document(str(n), text) for n, text in enumerate(texts)]
    for doc, verdict in zip(wf.recipe("nemo-curator")(docs), texts.values(), strict=True):
        assert str(doc.verdict).startswith(verdict)
