import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.heuristics.c4 import C4Quality
from webfilter.text import LOCAL, keep_parts, tokenize
from webfilter.text.tokens import _tokens, recall

LINE = "This line is long enough."
FIVE = "\n".join(f"Sentence number {k} is here." for k in range(5))


def transformed(text, **fields):
    return C4Quality(**fields).transform(Document("a", text))


def kept(text, **fields):
    return transformed(text, **fields)[0]


def reason(text, **fields):
    [doc] = C4Quality(**fields).process([Document("a", text)])
    return doc.verdict.reason if doc.verdict else None


@pytest.mark.parametrize("end", [".", "?", "!", '"', "'"])
def test_lines_with_terminal_punctuation_are_kept(end):
    assert kept(f"This line ends so{end}") == f"This line ends so{end}"


@pytest.mark.parametrize("end", ["", ",", "...", "…", ":", "。", ". )", "”"])
def test_other_lines_are_removed_unless_the_rule_is_off(end):
    line = f"This line ends so{end}"
    text, signals = transformed(line)
    assert text == ""
    assert signals["c4_unterminated_lines"] == 1
    assert kept(line, terminal_punctuation=False) == line


@pytest.mark.parametrize(
    ("line", "field", "keeps", "removes", "signal"),
    [
        ("Two words now.", "line_min_words", 3, 4, "c4_short_lines"),
        ("One [1] two.", "line_min_words", 3, 4, "c4_short_lines"),
        (f"A {'b' * 9}.  word.", "line_max_word_length", 10, 9, "c4_long_word_lines"),
    ],
)
def test_line_limits_are_inclusive(line, field, keeps, removes, signal):
    assert transformed(line, **{field: keeps})[1]["c4_lines"] == 1
    assert transformed(line, **{field: removes})[1][signal] == 1
    assert transformed(line, **{field: None})[1]["c4_lines"] == 1


def test_zero_words_a_line_is_a_limit_that_all_lines_meet():
    assert kept("a.\n\nb.", line_min_words=0) == "a.\nb."
    for fewest in (0, None):
        lines = kept("a.\n\nb.", line_min_words=fewest, terminal_punctuation=False)
        assert lines == "a.\n\nb."
    assert transformed("a b c.", line_max_word_length=0)[1]["c4_long_word_lines"] == 1


def test_lines_are_stripped_and_blank_ones_go():
    assert kept(f"  {LINE}\t\r\n\n \n{LINE}\x0b{LINE}") == f"{LINE}\n{LINE}\n{LINE}"


def test_citations_are_taken_out_of_the_lines_kept():
    text, signals = transformed("It[1] was[] so[citation needed] then[edit] [a] too[12b].")
    assert text == "It was so then [a] too[12b]."
    assert signals["c4_citations"] == 4
    assert "[1]" in kept("It[1] was so here.", remove_citations=False)


def test_a_line_that_ends_with_a_citation_keeps_its_space_and_goes():
    assert kept("It was found so in 1990. [3]") == ""
    assert kept("It was found so in 1990.[3]") == "It was found so in 1990."
    assert kept("It was found so in 1990. [3]", terminal_punctuation=False).endswith("1990.")


def test_a_phrase_that_a_citation_divides_is_seen():
    assert transformed("Turn on java[1]script to go on.")[1]["c4_javascript_lines"] == 1


def test_javascript_and_policy_lines_go_in_any_case():
    text = f"Enable JavaScript now.\nOur Privacy Policy is here.\n{LINE}\nThis site USES cookies."
    result, signals = transformed(text)
    assert result == LINE
    assert signals["c4_javascript_lines"] == 1
    assert signals["c4_policy_lines"] == 2
    assert kept(text, remove_javascript_lines=False, remove_policy_lines=False) == text


@pytest.mark.parametrize(
    "phrase",
    [
        "terms of use",
        "privacy policy",
        "cookie policy",
        "uses cookies",
        "use of cookies",
        "use cookies",
    ],
)
def test_each_policy_phrase_removes_its_line(phrase):
    assert kept(f"Read about our {phrase} here.") == ""


@pytest.mark.parametrize(
    ("inserted", "field", "signal"),
    [
        ("Then Lorem Ipsum dolor sit amet.", "drop_lorem_ipsum", "lorem_ipsum"),
        ("The code is { here.", "drop_curly_bracket", "curly_bracket"),
    ],
)
def test_filler_and_code_drop_the_page(inserted, field, signal):
    text = f"{FIVE}\n{inserted}"
    assert reason(FIVE) is None
    assert reason(text) == signal
    assert reason(text, **{field: False}) is None


def test_only_lines_that_got_so_far_count():
    assert reason(f"{FIVE}\nlorem ipsum\nfunction() {{\n{{ a b\n") is None
    assert reason(f"{FIVE}\njavascript has {{ in it.") is None
    assert reason(f"{FIVE}\nOur privacy policy has {{ in it.") == "curly_bracket"


def test_lorem_ipsum_comes_before_the_bracket_and_the_sentences():
    assert reason("Lorem ipsum is { here.") == "lorem_ipsum"
    assert reason("This is { here.") == "curly_bracket"


@pytest.mark.parametrize(("limit", "expected"), [(5, None), (6, "c4_sentences"), (None, None)])
def test_sentence_limit_is_inclusive(limit, expected):
    assert transformed(FIVE)[1]["c4_sentences"] == 5
    assert reason(FIVE, min_sentences=limit) == expected


def test_sentences_are_counted_in_the_lines_kept():
    text = "One here is. Two here is! No end here\nThree here is. Dr. No is in it."
    assert transformed(text)[1]["c4_sentences"] == 2
    assert transformed(text, terminal_punctuation=False)[1]["c4_sentences"] == 5


def test_empty_text_has_too_few_sentences():
    [doc] = C4Quality().process([Document("a", "")])
    assert str(doc.verdict) == "c4_quality: c4_sentences 0 < 5"
    assert reason("", min_sentences=0) is None


def test_defaults_and_order_are_those_of_datatrove():
    rules = [(rule.signal, rule.bounds()) for rule in C4Quality().rules]
    assert rules == [
        ("lorem_ipsum", (("le", 0),)),
        ("curly_bracket", (("le", 0),)),
        ("c4_sentences", (("ge", 5),)),
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=5), st.booleans())
def test_a_batch_is_transformed_like_its_documents(texts, terminal):
    stage = C4Quality(terminal_punctuation=terminal)
    docs = [Document(str(k), text) for k, text in enumerate(texts)]
    assert stage.process(docs) == [stage.process([doc])[0] for doc in docs]
    for doc in docs:
        text, signals = stage.transform(doc)
        removed = sum(v for k, v in signals.items() if k.endswith("_lines") and k != "c4_lines")
        assert removed + signals["c4_lines"] == len(doc.text.splitlines())
        assert set(signals) == {signal.name for signal in stage.measures}
        assert stage.transform(Document("a", text))[0] == text or "[" in doc.text


@pytest.mark.parametrize("words", ["english", "scripts", "unicode", "whitespace"])
def test_sentences_do_not_depend_on_what_a_word_is(words):
    text = "Dr. Smith left at 3.50 p.m. today. She was late! Was it so?\nNobody knows. It rains."
    assert C4Quality(words=words).transform(Document("a", text))[1]["c4_sentences"] == 5


PIECES = [
    "It is so.",
    "Home",
    "U.S. law. ",
    " Don't!",
    "[1]",
    "{",
    "\n",
    "\r\n",
    "\u2028",
    "e.g. 3.5%",
    "光。",
]


@pytest.mark.parametrize("words", LOCAL)
def test_a_text_of_which_nothing_is_left_has_one_sentence(words):
    tokenize(" \n", words)
    keep_parts(" \n", "", [(0, 0)], words)
    assert recall("", words).sentences == 1
    assert tokenize("", words).sentences == 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
    st.booleans(),
    st.sampled_from(LOCAL),
)
def test_tokens_and_sentences_handed_on_are_those_of_the_new_text(text, terminal, words):
    stage = C4Quality(
        words=words, terminal_punctuation=terminal, line_min_words=None, min_sentences=None
    )
    tokenize(text, words)  # as an earlier stage did
    [doc] = stage.process([Document("a", text)])
    handed = recall(doc.text, words)
    fresh = _tokens(doc.text, words)
    if handed is not None:
        assert handed.starts.tolist() == fresh.starts.tolist()
        assert handed.hashes.tolist() == fresh.hashes.tolist()
        assert handed.sentences == fresh.sentences
    if doc.text and not doc.signals["c4_citations"]:  # these may leave blanks at the ends
        blank = doc.signals["c4_lines"] - len(doc.text.split("\n"))  # lines lost by the last strip
        assert doc.signals["c4_sentences"] == fresh.sentences + blank
