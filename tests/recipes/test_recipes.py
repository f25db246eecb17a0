from dataclasses import replace
from pathlib import Path

import pytest

import webfilter as wf
from webfilter import ConfigError, Pipeline, Rule, UnknownName
from webfilter.recipes import available, load


def test_every_packaged_recipe_builds_and_comes_back_from_its_own_toml():
    assert {"educational", "fineweb"} <= set(available())
    for name in available():
        pipe = wf.recipe(name)
        assert Pipeline.from_toml(pipe.to_toml()) == pipe
        assert Pipeline.from_toml(pipe.to_toml(full=True)) == pipe


@pytest.mark.parametrize("name", ["educational", "phases"])
def test_a_lesson_that_repeats_lines_passes_the_filters_of(name):
    """FineWeb's limit drops it: see benchmarks/repeated_lines.py."""
    lesson = """Try it yourself before you read on.
A loop does the same work for every item of a list, and that is why we need it.
Here the numbers of a week of rain are added, one day after the other, and the sum is shown.
total = 0
for day in rain:
    total = total + day
print(total)
Try it yourself before you read on.
The mean is the sum by the number of days, so we have to know how long the list is before we divide.
Python tells it with a function that has a short name, because people ask for it all the time.
total = 0
for day in rain:
    total = total + day
print(total / len(rain))
What happens if nobody has written down anything? Then the list is empty, and nothing can be divided
by zero: the program stops with an error that names the line. A good program first asks if there
is something to divide, and says in plain words what is missing.
Can you see which lines both examples have in common? A function gives such lines a name, and
everybody who reads the program later will be glad to find them in one place only."""
    filters = [s for s in wf.recipe(name).steps if "gopher" in s.name or "_quality" in s.name]
    [doc] = Pipeline(tuple(filters))([wf.Document("a", lesson)])
    assert doc.live, doc.verdict
    assert doc.text == lesson
    assert 0.01 < doc.signals["fineweb_duplicate_line_character_ratio"] < 0.1


def test_composites_and_rules_survive_toml():
    pipe = (
        wf.Language(None)
        | wf.ByLanguage({"en": wf.Sample(0.5), "de": wf.Sample(0.25)}, default=wf.Sample(1.0))
        | wf.Judge((Rule("language", isin=frozenset({"en", "de"})), Rule("sample_rank", lt=0.1)))
    )
    assert Pipeline.from_toml(pipe.to_toml()) == pipe
    assert Pipeline.from_toml(pipe.to_toml()).fingerprint() == pipe.fingerprint()


def test_a_path_that_a_stage_takes_as_text_too_survives():
    for stage in (wf.SeenBefore, wf.MinHashOnline):
        pipe = Pipeline((stage(state=Path("some") / "state"),))
        assert Pipeline.from_toml(pipe.to_toml()) == pipe
        assert Pipeline.from_toml(pipe.to_toml()).fingerprint() == pipe.fingerprint()


def test_text_that_toml_cannot_hold_is_refused():
    with pytest.raises(ConfigError, match=r"bad_words: a recipe cannot hold .* 'a\\ud800'"):
        Pipeline((wf.BadWords(words=("a\ud800",)),)).to_toml()


def test_strings_that_need_escaping_survive():
    pipe = Pipeline((wf.UrlFilter(blocked_substrings=('a"b\\c\n\t\x7fü', "x")),))
    assert Pipeline.from_toml(pipe.to_toml()) == pipe


def test_a_mapping_with_the_key_use_is_no_stage(tmp_path):
    path = tmp_path / "use.txt"
    path.write_text("A farmer has 17 sheep and sells all but 9 of them. How many are left?")
    pipe = Pipeline((wf.Contamination([path]), wf.Pii(mask={"email": "<mail>"})))
    assert "{use = " in pipe.to_toml()
    assert Pipeline.from_toml(pipe.to_toml()) == pipe


def test_a_recipe_is_found_by_name_path_or_text(tmp_path):
    path = tmp_path / "mine=1.toml"
    path.write_text('[[stage]]\nuse = "sample"\nrate = 0.5\n')
    assert load(path) == load(str(path)) == load(path.read_text()) == Pipeline((wf.Sample(0.5),))


def test_a_recipe_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[stage]]\nuse = "sample"\nrate = 0.5\n', "utf-8-sig", newline="\r\n")
    assert load(path) == load(path.read_text("utf-8")) == Pipeline((wf.Sample(0.5),))


def test_a_recipe_on_one_long_line_is_no_file_name():
    line = 'stage = [{use = "sample", rate = 0.5}' + ', {use = "sample", rate = 0.5}' * 20 + "]"
    assert load(line) == Pipeline((wf.Sample(0.5),) * 21)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(line + line)
    with pytest.raises(ConfigError, match="unknown recipe"):
        load("educational" * 100)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[stage]]\nuse = "gofer_quality"',
            "unknown stage 'gofer_quality': did you mean 'gopher_",
        ),
        ('[[stage]]\nuse = "sample"\nrat = 1', "key of sample 'rat': did you mean 'rate'"),
        (
            '[[stage]]\nuse = "sample"\nrate = "x"',
            "sample: rate = 'x' does not fit; it takes float",
        ),
        ('[[stage]]\nuse = "sample"\nrate = 2', "between 0 and 1"),
        ("[[stage]]\nrate = 1", "stage 1 has no use"),
        (
            'stages = 1\n[[stage]]\nuse="sample"',
            "key at the top 'stages': did you mean 'stage'",
        ),
        ('name = "x"\n', r"no \[\[stage\]\]"),
        ("[[stage]\n", "not valid TOML"),
        (
            '[[stage]]\nuse="sample"\n'
            '[[stage]]\nuse="judge"\njudged=[{signal="sample_ranc", le=1}]',
            "did you mean 'sample_rank'",
        ),
        ('[[stage]]\nuse="by_language"', "stages"),
        ('[[stage]]\nuse="sample"\nrate = 1' + "0" * 400, r"sample: rate = 10+\.{3} does not fit"),
        ('[[stage]]\nuse="sample"\nrate = 1' + "0" * 5_000, "not valid TOML"),
        ("a = " + "[" * 10_000, "recipe: its tables or lists are nested too deeply"),
        (f'[[stage]]\nuse="sample"\n{".".join("a" * 3_000)} = 1', "nested too deeply"),
        ('[[stage]]\nuse="os.system"', "unknown stage 'os.system'"),
    ],
)
def test_mistakes_are_named_with_the_fix(text, said):
    with pytest.raises(ConfigError, match=said):
        load(text + "\n")


def test_an_unknown_recipe_has_a_near_match():
    with pytest.raises(UnknownName, match="did you mean 'educational'"):
        load("educatonal")
    with pytest.raises(ConfigError, match="no such file"):
        load("no/such.toml")


def test_a_stage_from_elsewhere_is_refused_by_to_toml():
    from toys import Length

    with pytest.raises(ConfigError, match="not in the catalogue"):
        Pipeline((Length(),)).to_toml()


def test_a_profile_in_a_recipe_is_under_the_other_keys_and_comes_back_as_fields():
    pipe = Pipeline.from_toml(
        '[[stage]]\nuse = "gopher_quality"\nprofile = "dolma"\nmin_words = 20\nmax_words = false\n'
        "max_median_word_length = 12"
    )
    changes = {"min_words": 20, "max_words": None, "max_median_word_length": 12.0}
    assert pipe == Pipeline((wf.GopherQuality.profile("dolma", **changes),))
    assert Pipeline.from_toml(pipe.to_toml()) == pipe
    with pytest.raises(UnknownName, match="profile of gopher_quality 'dolmar': did you mean"):
        load('[[stage]]\nuse = "gopher_quality"\nprofile = "dolmar"')
    for odd in ('["dolma"]', "{}", "1"):
        with pytest.raises(UnknownName, match="profile of gopher_quality"):
            load(f'[[stage]]\nuse = "gopher_quality"\nprofile = {odd}')
    with pytest.raises(UnknownName, match="key of sample 'profile'"):
        load('[[stage]]\nuse = "sample"\nprofile = "half"')


def test_the_recipe_fineweb_is_of_april_2024_and_masks_as_it_did():
    steps = {step.name: step for step in wf.recipe("fineweb").steps}
    assert steps["fineweb_quality"] == wf.FineWebQuality.profile("datatrove-2024-04")
    assert steps["gopher_quality"].version == steps["gopher_repetition"].version
    assert steps["pii"] == wf.Pii.profile("fineweb")


@pytest.mark.parametrize("name", ["fineweb", "refinedweb"])
def test_where_trafilatura_made_the_texts_no_other_engine_does(name):
    [extract] = [step for step in wf.recipe(name).steps if step.name == "extract"]
    bare = wf.Document("a", html=b"<p>Hi")  # which another engine would take for text
    [doc] = replace(extract, seconds=None, memory_mb=None)([bare])
    assert doc.verdict is not None
    assert doc.verdict.signal == "extracted_characters"


def test_the_recipe_phases_is_educational_with_a_second_phase_inside_the_first():
    one, two = wf.recipe("educational"), wf.recipe("phases")
    assert two.steps[:-2] == one.steps[:-1]
    assert two.steps[-2] == replace(one.steps[-1], min_score=None)
    good = {"educational": 2.6, "reasoning": 1.2, "lasting": 1.6}
    docs = [
        wf.Document("none", signals=good | {"educational": 1.4}),
        wf.Document("first", signals=good | {"lasting": 1.4}),
        wf.Document("second", signals=good),
    ]
    assert [d.signals["tier"] for d in two.steps[-1].process(docs)] == [None, "phase1", "phase2"]


BOILING = [
    "Water boils when its vapor presses as hard as the air above it.",
    "On a mountain the air is thin, so water boils before it is hot enough for beans.",
    "A lid keeps the vapor in, and the beans are done in half of the time.",
    "Salt raises the temperature a little, too little to be of any use to a cook.",
    "The steam that leaves the pot carries with it the heat that the fire has given.",
]
RISING = [
    "Bread rises since yeast eats the sugar of the flour and breathes out a gas.",
    "What holds the gas is the gluten, which the baker has made strong by kneading.",
    "Left in the cold, the yeast is slow, and the dough has time to get its taste.",
    "In the oven the bubbles grow once more, until the crust is hard and holds them.",
    "That is what the cut on the top of a loaf is for: it tells the bread where to open.",
]


def test_the_recipe_c4_leaves_one_copy_of_a_line_and_pages_of_three_sentences():
    tried = "All of these were tried by the editors of this page."
    pages = [
        wf.Document("a", "\n".join([*BOILING, tried, tried.upper()]), url="https://a.example/"),
        wf.Document("b", "\n".join([tried, *RISING[:1], BOILING[0]]), url="https://b.example/"),
        wf.Document("c", RISING[1], url="https://c.example/", meta={"date": "2024-01-01"}),
        wf.Document("d", "\n".join([*RISING, "Log in"]), url="https://c.example",
                    meta={"date": "2025-01-01"}),
    ]  # fmt: skip
    a, b, c, d = wf.recipe("c4")(pages)
    left = ["\n".join([*BOILING, tried]), RISING[0], "\n".join(RISING[1:])]
    assert [doc.text for doc in (a, b, d)] == left
    assert [str(doc.verdict) for doc in (a, b, c, d)] == [
        "None", "c4_quality_2: c4_sentences 1 < 3", "exact_dedup: duplicate (of d)", "None",
    ]  # fmt: skip


def test_the_recipe_refinedweb_cuts_out_what_another_page_has():
    first = wf.Document("a", "\n\n".join([*BOILING, *RISING]), url="https://a.example/")
    second = wf.Document("b", "\n\n".join(RISING), url="https://b.example/")
    third = wf.Document("c", "\n\n".join([*RISING[::-1], *BOILING[::-1]]), url="https://c.example/")
    pages = wf.recipe("refinedweb")([first, second, third])
    assert [doc.live for doc in pages] == [True, False, True]
    assert [pages[0].text, pages[2].text] == ["\n\n".join(BOILING), third.text]
    assert str(pages[1].verdict) == "substring_dedup: characters_left 0 < 20"


def test_addresses_go_before_a_text_is_counted_in_the_recipes_that_say_so():
    for name in ("dclm", "refinedweb"):
        steps = [step.name for step in wf.recipe(name).steps]
        assert steps[2:4] == ["text_urls", "language"]
    said = "The leaf is green, and that is the color of the light that it has no use for."
    text = "\n".join([said, "We saw it at http://leaf.example.com/why and leaf.com.", *BOILING])
    [doc] = wf.recipe("dclm")([wf.Document("a", f"{text}\n3 likes\nRead more...")])
    assert doc.live
    assert doc.text == "\n".join([said, "We saw it at and", *BOILING])
    assert doc.signals["text_urls"] == 2
    assert [doc.signals[f"lines_{cause}"] for cause in ("counter", "navigation")] == [1, 1]


def test_a_model_that_is_no_path_is_a_clear_error():
    with pytest.raises(ConfigError, match=r"model .* cannot be read"):
        load('[[stage]]\nuse = "educational"\nmodel = "a\\u0000b"')


def test_shards_and_then_dedup_keep_what_one_run_keeps(tmp_path):
    # five texts, in six forms each: the same, or with a word more
    texts = [" ".join(first + "x" * n for n in range(40)) for first in "abcde"]
    docs = [wf.Document(f"d{n}", texts[n % 5] + " more" * (n % 3)) for n in range(30)]
    filters = wf.Pipeline((wf.Length(min_words=5),))
    dedup = wf.recipe("dedup")
    whole = (filters | dedup).run([*docs, "Short."], tmp_path / "whole", progress=False)
    for rank in range(3):
        filters.run(docs[rank::3], tmp_path / "shards" / str(rank), progress=False)
    parts = dedup.run(str(tmp_path / "shards/*/kept"), tmp_path / "all", progress=False)
    one, other = ({doc.id for doc in wf.read(tmp_path / out / "kept")} for out in ("whole", "all"))
    assert one == other
    assert (whole.kept, parts.kept, parts.total) == (5, 5, 30)
