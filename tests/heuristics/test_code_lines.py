import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import webfilter as wf
from webfilter import C4Quality, Document, FineWebQuality, GopherRepetition, Lines
from webfilter.testing import check_stage
from webfilter.text.code_lines import MARKS, code_lines, marks, near, without_code

PROSE = [
    "A loop does the same work for every item of a list, and that is why we need it here.",
    "The numbers of a week of rain are added, one day after the other, and the sum is shown.",
]
SAMPLES = {
    "python": """def mean(rain_by_day):
    total = 0

    for day in rain_by_day:
        total += day
    if not rain_by_day:
        return None
    return total / len(rain_by_day)""",
    "javascript": """const total = rain.reduce((sum, day) => sum + day, 0);
if (rain.length === 0) {
  throw new Error("no rain");
}

console.log(total / rain.length);
}""",
    "c": """int main(void) {
    int total = 0;
    for (int i = 0; i < DAYS; i++) {
        total += rain[i];
    }
    printf("%d\\n", total);
    return 0;
}""",
    "html": """<ul class="rain">
  <li>
    12
  </li>
  <li>
    7
  </li>
</ul>""",
    "json": """{
  "station_id": "north",
  "rain_mm": [
    12,
    7
  ],
  "first_day": "2024-05-01",
  "last_day": "2024-05-02",
  "is_valid": true
}""",
    "shell": """$ mkdir -p rain/north
$ cd rain/north
$ curl -o week_1.csv https://rain.example/week_1.csv
$ python mean.py --days 7 week_1.csv
9.5""",
}


def page(name):
    return [PROSE[0], "", *SAMPLES[name].split("\n"), "", PROSE[1]]


@pytest.mark.parametrize("name", SAMPLES)
def test_code_between_prose_is_found(name):
    code = code_lines(page(name))
    assert code == [False, False, *[True] * (len(code) - 4), False, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "one = two",
        "\n".join(PROSE * 9),
        "\n".join(f"{n}. Add a cup of flour (about 120 g); stir well." for n in range(20)),
        "\n".join(f"Home | Shop | Page {n}" for n in range(20)),
        "\n".join(
            f"Q: Who was born in {n}?\nA: My aunt -- she told me so." for n in range(1900, 1920)
        ),
        "The rose is red,\nthe sky is blue;\nthe bee is fed,\nand so are you;\n" * 5,
        "Dear Ann <ann@bees.example>,\n\nthe hive_2 key is under the mat {left}.\n\nYours\n-- Bo",
        "\n".join(f"Name{n} Surname{n}\t{n}:{n}\t(=)" for n in range(20)),
    ],
)
def test_what_is_no_code_is_not_taken_for_it(text):
    assert not any(code_lines(text.split("\n")))
    assert without_code(text) == text


def test_prose_between_two_samples_is_no_code():
    code = SAMPLES["python"].split("\n")
    found = code_lines([*code, PROSE[0], *code])
    assert found == [*[True] * 8, False, *[True] * 8]


def test_what_is_left_without_code():
    assert without_code("\n".join(page("c"))) == f"{PROSE[0]}\n\n\n{PROSE[1]}"
    assert without_code(SAMPLES["c"]) == SAMPLES["c"]


@given(st.lists(st.text("ab ={}();<>/_'\"-.:#A1\u00e9\u0e01", max_size=12), max_size=30))
@example(["{", "}"] * 9)
@example([" "] * 9)
def test_every_line_has_an_answer_and_blank_ones_are_code_only_within(raw):
    code = code_lines(raw)
    assert len(code) == len(raw)
    assert code == code_lines([f"  {line}\t" for line in raw])
    blank = [not line.strip() for line in raw]
    for place in range(len(raw)):
        if code[place] and blank[place]:
            assert any(c and not b for c, b in zip(code[:place], blank, strict=False))
            assert any(c and not b for c, b in zip(code[place:], blank[place:], strict=True))


@pytest.mark.parametrize(
    "part", ["(", "}", "},", "},)", "=", "a_", '"', " ab", " -", "<a ", "a:", "'"]
)
def test_long_lines_take_no_longer_by_the_character(part):
    for end in ("", "a", " ", "\x00"):
        code_lines([part * 100_000 + end, "{" * 4])


def test_marks_around_a_line_do_not_count_itself():
    found = marks(["}", "a_b", "}", "", "Bees fly."])
    bracket, snake = list(MARKS).index("bracket"), list(MARKS).index("snake")
    assert found.shape == (5, len(MARKS))
    assert near(found)[:, bracket].tolist() == [1 / 3, 2 / 4, 1 / 4, 2 / 4, 1 / 3]
    assert near(found)[:, snake].tolist() == [1 / 3, 0, 1 / 4, 1 / 4, 1 / 3]
    assert np.array_equal(near(found[:1]), np.zeros((1, len(MARKS))))


@pytest.mark.parametrize("name", SAMPLES)
def test_lines_and_c4_keep_code_as_it_is(name):
    text = "\n".join([*page(name), "Log in", "Home"])
    assert SAMPLES[name] in Lines().transform(Document("a", text))[0]
    kept, signals = C4Quality.profile("fineweb", keep_code=True).transform(Document("a", text))
    assert kept == "\n".join([PROSE[0], SAMPLES[name], PROSE[1]])
    assert signals["c4_lines"] == len(page(name)) - 2
    assert SAMPLES[name] not in C4Quality.profile("fineweb").transform(Document("a", text))[0]


@pytest.mark.parametrize("name", ["c", "javascript", "json"])
def test_without_keep_code_lines_takes_code_apart(name):
    text = "\n".join(page(name))
    assert SAMPLES[name] not in Lines(keep_code=False).transform(Document("a", text))[0]


FORMULAS = (r"\[\gamma\approx0.5772\]", r"2. \(x^ay^a = (xy)^a\)", "$$ a^2 + b^2 $$")


def test_formulas_are_as_code():
    text = [PROSE[0], *FORMULAS, r"where the bee \(b\) flies on its own", PROSE[1], "$$ or not"]
    assert code_lines(text) == [False, True, True, True, False, False, False]
    assert without_code("\n".join(text)).split("\n") == [text[0], *text[4:]]


def test_lines_and_c4_keep_formulas():
    text = "\n".join([PROSE[0], *FORMULAS, PROSE[1]])
    assert Lines().transform(Document("a", text))[0] == text
    stage = C4Quality.profile("fineweb", keep_code=True)
    assert stage.transform(Document("a", text))[0] == text
    for stage in (Lines(keep_code=False), C4Quality.profile("fineweb")):
        assert FORMULAS[0] not in stage.transform(Document("a", text))[0]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("In 1990[3] the bee[4][12] was seen[edit], [5] so.", "In 1990 the bee was seen,  so."),
        ("Then x[1] and bees[0] and my_[2] are int[] of bees.", None),
        ("So a[0][1] is what bees[0][1] are.", None),
    ],
)  # fmt: skip
def test_an_index_in_a_sentence_is_no_citation_where_code_is_kept(line, kept):
    stage = C4Quality.profile("fineweb", keep_code=True)
    found, signals = stage.transform(Document("a", line))
    assert found == (kept or line)
    assert signals["c4_citations"] == (4 + 1 if kept else 0)


@pytest.mark.parametrize("one", [r"\(", r"\[a", "$$a", r"\(a\\"])
def test_open_formulas_take_linear_time(one):
    start = time.perf_counter()
    code_lines([one * 50_000] * 4)
    assert time.perf_counter() - start < 5


def test_lines_of_a_fence_go_without_keep_code():
    text = "\n".join([*PROSE, "```", "}", "```", *PROSE])
    assert "```\n}\n```" in Lines().transform(Document("a", text))[0]
    assert "}" not in Lines(keep_code=False).transform(Document("a", text))[0]


def test_c4_looks_for_brackets_and_lorem_ipsum_in_code_that_it_keeps():
    stage = C4Quality.profile("fineweb", keep_code=True, min_sentences=None)
    [braces] = stage([SAMPLES["c"]])
    assert braces.verdict.reason == "curly_bracket"
    [lorem] = replace(stage, drop_curly_bracket=False)(
        [SAMPLES["c"].replace("rain", "Lorem ipsum")]
    )
    assert lorem.verdict.reason == "lorem_ipsum"
    assert (
        stage.transform(Document("a", "squares = []\n" + SAMPLES["python"]))[1]["c4_citations"] == 0
    )


def test_indentation_of_the_first_line_stays():
    code = SAMPLES["python"].split("\n", 1)[1]
    stage = C4Quality.profile("fineweb", keep_code=True)
    assert stage.transform(Document("a", f"\n{code}\n\n"))[0] == code


@pytest.mark.parametrize("stage", [GopherRepetition(), FineWebQuality()])
def test_code_counts_only_where_it_is_to(stage):
    text = "\n".join([*PROSE, *SAMPLES["c"].split("\n") * 3, "It ends here."])
    same, without = stage([text])[0], replace(stage, count_code=False)([text])[0]
    assert without.text == text
    [prose] = stage(["\n".join([*PROSE, "It ends here."])])
    assert without.signals == prose.signals
    assert same.verdict is not None
    assert without.verdict is None
    only = SAMPLES["c"] * 3
    assert replace(stage, count_code=False)([only])[0].signals == stage([only])[0].signals


def test_a_lesson_in_code_has_the_language_of_its_words():
    text = "\n".join([SAMPLES["json"], SAMPLES["c"], *PROSE, SAMPLES["html"], SAMPLES["json"]])
    whole, words = wf.Language(None), wf.Language(None, count_code=False)
    assert whole([text])[0].signals["language"] != "en"
    assert words([text])[0].signals == wf.Language(None)(["\n".join(PROSE)])[0].signals
    assert words([SAMPLES["c"]])[0].signals == whole([SAMPLES["c"]])[0].signals
    assert hash(whole) != hash(words)


@pytest.mark.parametrize(
    "stage",
    [
        wf.Language(count_code=False),
        C4Quality(keep_code=True),
        FineWebQuality(count_code=False),
        GopherRepetition(count_code=False),
        Lines(keep_code=False),
    ],
)
def test_contract(stage):
    check_stage(stage)


LESSON = [
    *PROSE,
    "Whoever wants to know how much it rains in a place has to measure it for a long time.",
    "A gauge is read once a day, at the same hour, and the number goes into a list.",
    "What happens if nobody has written down anything? Then there is nothing to divide by.",
    "A good program asks for that first, and it says in plain words what is missing.",
    "The same work in another language looks different, but it takes the same steps.",
    "Can you see which lines both of them have in common? Write down what each of them does.",
]


JUDGES = ("language", "gopher_repetition", "gopher_quality", "c4_quality", "fineweb_quality")


@pytest.mark.parametrize("name", ["educational", "phases"])
def test_code_comes_out_of_the_recipe_as_it_went_in(name):
    steps = [step for step in wf.recipe(name).steps if step.name in JUDGES]
    assert [step.name for step in steps] == [*JUDGES]
    code = [SAMPLES[kind] for kind in ("json", "c", "html")]
    text = "\n".join([*code, *LESSON[:5], SAMPLES["python"], *LESSON[5:], *code])
    [doc] = wf.Pipeline(tuple(steps))([text])
    assert doc.live, doc.verdict
    assert doc.text == text
    for place in (0, 1, 4):
        counted = list(steps)
        counted[place] = replace(steps[place], count_code=True)
        if place == 4:  # most lines of code have few words
            counted[place] = replace(counted[place], line_min_words=None)
        assert not wf.Pipeline(tuple(counted))([text])[0].live, JUDGES[place]


SHORT = (
    ("Words", "Cloud", "Water that hangs in the air in small drops.", "Rain", "Drops that fall."),
    ("1. What do we measure it with?", "A. A gauge", "B. A clock", "- Rain", r"\[ m = s / n \]"),
)


@pytest.mark.parametrize("name", ["educational", "phases"])
def test_headings_terms_answers_and_formulas_come_out_of_the_recipe(name):
    steps = [step for step in wf.recipe(name).steps if step.name in JUDGES]
    text = "\n".join([*SHORT[0], *LESSON[:5], *SHORT[1], *LESSON[5:]])
    [doc] = wf.Pipeline(tuple(steps))([text])
    assert doc.live, doc.verdict
    assert doc.text == text
    c4, fineweb = JUDGES.index("c4_quality"), JUDGES.index("fineweb_quality")
    steps[c4] = C4Quality.profile("fineweb", drop_curly_bracket=False)
    [doc] = wf.Pipeline(tuple(steps))([text])
    left = doc.text.split("\n")
    assert [line for line in (*SHORT[0], *SHORT[1]) if line not in left] == [
        "Words", "Cloud", "Rain", "- Rain"
    ]  # fmt: skip
    steps[fineweb] = replace(steps[fineweb], line_min_words=None)
    [same] = wf.Pipeline(tuple(steps))([text])
    assert same.signals == doc.signals  # as if they were not there


def test_fineweb_does_not_count_lines_of_few_words_if_it_is_told():
    text = "\n".join([*PROSE, "Home", "About us", " \t", "Home", "It ends here."])
    stage = FineWebQuality(line_min_words=3)
    assert stage.measure(Document("a", text)) == FineWebQuality().measure(
        Document("a", "\n".join([*PROSE, "It ends here."]))
    )
    assert stage.measure(Document("a", "Home\nHome")) == FineWebQuality().measure(
        Document("a", "Home\nHome")
    )
    for none in (None, 0):
        assert replace(stage, line_min_words=none).measure(Document("a", text)) == (
            FineWebQuality().measure(Document("a", text))
        )
    check_stage(stage)
