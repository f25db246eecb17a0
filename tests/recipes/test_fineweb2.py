import importlib.util
import random
from dataclasses import replace

import pytest
import yaml

import webfilter as wf
from webfilter import ConfigError, MissingExtra, Pipeline, UnknownName
from webfilter.cli import main

# the values of FineWeb-2's configs for German and Thai
GERMAN = {
    "dup_line_frac": 0.263,
    "dup_n_grams": [[5, 0.141], [6, 0.134], [7, 0.126], [8, 0.117], [9, 0.108], [10, 0.098]],
    "language_score": 0.821,
    "line_punct_thr": 0.0,
    "max_avg_word_length": 15,
    "max_non_alpha_words_ratio": 0.774,
    "min_avg_word_length": 0,
    "new_line_ratio": 0.152,
    "stopwords": ["der", "und", "die", "in", "von", "den", "des", "mit", "das", "für"],
    "top_n_grams": [[2, 0.169], [3, 0.153], [4, 0.137]],
}
THAI = {
    "dup_line_frac": 0.349,
    "dup_n_grams": [[5, 0.185], [6, 0.168], [7, 0.152], [8, 0.137], [9, 0.124], [10, 0.111]],
    "language_score": 0.9,
    "line_punct_thr": 0.0,
    "max_avg_word_length": 10,
    "max_non_alpha_words_ratio": 0.9,
    "min_avg_word_length": 2,
    "new_line_ratio": 0.153,
    "stopwords": ["ใน", "ที่", "และ", "ของ", "เป็น", "มี", "การ", "ได้"],
    "top_n_grams": [[2, 0.221], [3, 0.197], [4, 0.162]],
}
GERMAN_TEXT = (
    "Der Fluss entspringt in den Bergen und fließt durch weite Täler bis zum Meer. Im Frühling "
    "steigt das Wasser, weil der Schnee auf den Höhen schmilzt. Die Bauern warten jedes Jahr auf "
    "diese Tage, denn die Wiesen brauchen viel Feuchtigkeit. Früher gab es hier eine Mühle, die "
    "das Korn aus drei Dörfern mahlte. Heute erinnert nur noch ein alter Stein an sie, und die "
    "Kinder spielen gern in seiner Nähe."
)
THAI_TEXT = (
    "แม่น้ำสายนี้เริ่มต้นจากภูเขาทางเหนือและไหลผ่านทุ่งนากว้างใหญ่จนถึงทะเล "
    "ในฤดูฝนระดับน้ำจะสูงขึ้นมากเพราะมีฝนตกหนักหลายวันติดต่อกัน ชาวนาที่อาศัยอยู่ริมฝั่งรอเวลานี้ทุกปี "
    "เพื่อจะได้ปลูกข้าวและจับปลาเป็นอาหารให้ครอบครัว เด็กเล็กชอบว่ายน้ำเล่นกันตอนเย็นหลังเลิกเรียน "
    "ส่วนผู้ใหญ่มักนั่งพูดคุยกันใต้ต้นไม้"
)


def filters(pipe):
    return pipe.steps[4:7]


def test_the_limits_of_a_config_are_those_of_the_filters():
    repetition, lines, quality = filters(wf.fineweb2({"deu_Latn": GERMAN}))
    assert repetition == wf.GopherRepetition.profile(
        "fineweb-2",
        max_duplicate_line_ratio=0.263,
        max_top_2gram_character_ratio=0.169,
        max_top_3gram_character_ratio=0.153,
        max_top_4gram_character_ratio=0.137,
        max_duplicate_5gram_character_ratio=0.141,
        max_duplicate_6gram_character_ratio=0.134,
        max_duplicate_7gram_character_ratio=0.126,
        max_duplicate_8gram_character_ratio=0.117,
        max_duplicate_9gram_character_ratio=0.108,
        max_duplicate_10gram_character_ratio=0.098,
        words="hyphenated",
    )
    assert lines == wf.FineWebQuality.profile(
        "fineweb-2",
        min_terminal_line_ratio=0.0,
        max_newline_word_ratio=0.152,
        words="hyphenated",
    )
    assert quality == wf.GopherQuality.profile(
        "datatrove-2024-12",
        min_mean_word_length=None,
        max_mean_word_length=15,
        min_alpha_word_ratio=0.774,
        stop_words=tuple(GERMAN["stopwords"]),
        words="hyphenated",
    )
    quality = filters(wf.fineweb2({"nno_Latn": GERMAN}))[2]
    assert quality.min_alpha_word_ratio == 0.762  # the period of "1." is a token here


def test_zero_switches_off_where_it_does_there_and_so_does_what_is_not_given():
    config = {
        **GERMAN,
        "new_line_ratio": 0.12345,
        "dup_line_frac": 0,
        "max_avg_word_length": 0,
        "max_non_alpha_words_ratio": 0,
        "dup_n_grams": [[10, 0.1]],
    }
    repetition, lines, quality = filters(wf.fineweb2({"sw": config}))
    assert lines.max_newline_word_ratio == 0.12345
    assert repetition.max_duplicate_line_ratio is None
    assert quality.max_mean_word_length is None
    assert quality.min_alpha_word_ratio is None
    assert repetition.max_duplicate_9gram_character_ratio is None
    assert repetition.max_duplicate_10gram_character_ratio == 0.1


def test_a_file_is_read_as_a_mapping_is(tmp_path):
    path = tmp_path / "deu_Latn.yml"
    path.write_text(yaml.safe_dump(GERMAN), "ascii")  # as theirs: "f\xFCr"
    assert "xFC" in path.read_text()
    assert wf.fineweb2({"deu_Latn": path}) == wf.fineweb2({"deu_Latn": GERMAN})
    assert wf.fineweb2({"deu_Latn": str(path)}) == wf.fineweb2({"deu_Latn": GERMAN})


def test_it_comes_back_from_its_own_toml():
    for configs in ({"de": GERMAN}, {"deu_Latn": GERMAN, "tha_Thai": THAI}):
        pipe = wf.fineweb2(configs)
        assert Pipeline.from_toml(pipe.to_toml()) == pipe


def test_each_language_has_its_own_limits_and_others_are_dropped():
    pipe = wf.fineweb2({"deu_Latn": {**GERMAN, "max_avg_word_length": 4}, "tha_Thai": THAI})
    english = "The river begins in the hills and runs to the sea. " * 9
    docs = pipe([wf.Document(str(n), t) for n, t in enumerate((GERMAN_TEXT, THAI_TEXT, english))])
    said = {doc.id: doc.verdict and doc.verdict.reason for doc in docs}
    assert said == {"0": "mean_word_length", "1": None, "2": "language"}
    [german] = wf.fineweb2({"deu_Latn": GERMAN})([GERMAN_TEXT])
    assert german.live


def test_good_pages_pass_copies_go_first_and_the_last_steps_mend_the_text():
    text = f"{GERMAN_TEXT}\n|  |  |\nFragen an anna@firma.example über die Mühle."
    copy = wf.Document("b", text.replace("Mühle.", "Mühlen."))
    first = wf.Document("a", text, url="https://a.example")
    done = wf.fineweb2({"de": GERMAN})([first, copy])
    kept = [doc for doc in done if doc.live]
    assert [doc.verdict.stage for doc in done if not doc.live] == ["minhash"]
    assert "|" not in kept[0].text
    assert "firma" not in kept[0].text
    assert "email@example.com" in kept[0].text


def test_texts_are_compared_within_their_language():
    minhash = wf.fineweb2({"de": GERMAN}).steps[3]
    assert minhash == wf.MinHash.profile("datatrove", scope="language")


def test_without_spaces_the_limits_are_for_smaller_tokens():
    repetition, lines, quality = filters(wf.fineweb2({"tha_Thai": THAI}))
    assert repetition.words == lines.words == quality.words == "scripts"
    assert repetition.max_duplicate_10gram_character_ratio == 0.185
    assert repetition.max_duplicate_5gram_character_ratio is None
    assert repetition.max_duplicate_9gram_character_ratio is None
    assert repetition.max_top_2gram_character_ratio == 0.221
    assert quality.min_mean_word_length is quality.max_mean_word_length is None
    assert quality.stop_words == wf.language_facts("th").stop_words


def test_limits_on_tokens_move_where_the_tokenizers_cut_otherwise():
    _, lines, quality = filters(wf.fineweb2({"tha_Thai": THAI}))
    assert quality.min_words == 132  # 50 words of 2.65 tokens
    assert quality.min_alpha_word_ratio == 0.96  # 9 to 1 are 23.85 to 1
    assert lines.max_newline_word_ratio == 0.058
    _, lines, quality = filters(wf.fineweb2({"kor_Hang": THAI}))
    assert quality.min_words == 25
    assert quality.min_alpha_word_ratio == 0.865
    assert lines.max_newline_word_ratio == 0.306
    for short, long in (("th", "tha_Thai"), ("ko", "kor_Hang")):
        assert filters(wf.fineweb2({short: THAI})) == filters(wf.fineweb2({long: THAI}))


def test_of_korean_no_stop_words_are_asked_for_theirs_are_morphemes():
    quality = filters(wf.fineweb2({"kor_Hang": {**THAI, "stopwords": ["의", "다", "는"]}}))[2]
    assert quality.min_stop_words is None
    assert quality.min_mean_word_length == 2


def test_a_language_in_another_script_is_cut_as_that_is():
    config = {**GERMAN, "max_non_alpha_words_ratio": 0.7744}
    repetition, _, quality = filters(wf.fineweb2({"jpn_Latn": config}))
    assert (repetition.words, quality.min_words) == ("spaced", 50)
    assert quality.min_alpha_word_ratio == 0.7744
    assert quality.stop_words == tuple(GERMAN["stopwords"])
    assert filters(wf.fineweb2({"pan_Guru": GERMAN}))[0].words == "unicode"
    assert filters(wf.fineweb2({"pan_Arab": GERMAN}))[0].words == "spaced"
    quality = filters(wf.fineweb2({"jav_Java": GERMAN}))[2]  # which nothing here cuts
    assert quality.min_words is quality.min_stop_words is quality.max_mean_word_length is None


def test_pages_are_extracted_as_there_and_only_lines_of_marks_go():
    steps = wf.fineweb2({"de": GERMAN}).steps
    assert steps[1] == wf.Extract(engine="trafilatura", precision=True, fallback=None)
    text = "12\n| |\nTeilen\nTeilen\nWir verwenden Cookies.\n---"
    done = steps[-1].transform(wf.Document("a", text))[0]
    assert done == "12\nTeilen\nTeilen\nWir verwenden Cookies."
    assert steps[-1].rules == ()


def test_a_script_that_is_named_is_kept_alone():
    assert wf.fineweb2({"srp_Cyrl": GERMAN}).steps[2].scripts == {"Cyrl"}
    assert wf.fineweb2({"srp_Cyrl": GERMAN, "deu_Latn": GERMAN}).steps[2].scripts == {
        "Cyrl",
        "Latn",
    }
    assert wf.fineweb2({"srp_Cyrl": GERMAN, "de": GERMAN}).steps[2].scripts is None
    language = wf.fineweb2({"cmn_Hani": THAI}).steps[2]
    for text in (
        "我们昨天傍晚沿着河边散步，谈到工作，也谈到早上应该做什么。",
        "我們昨天傍晚沿著河邊散步，談到工作，也談到早上應該做什麼。",
    ):
        assert language.process([wf.Document("a", text)])[0].live


@pytest.fixture(scope="module")
def glotlid(tmp_path_factory):
    """A model with labels as GlotLID has them, sure of some texts and not of others."""
    fasttext = pytest.importorskip("fasttext")
    rng = random.Random(0)
    words = {
        "deu_Latn": "der die und nicht wasser schnee wiese mühle stein kinder",
        "srp_Cyrl": "река вода снег ливада млин камен деца нису село дан",
        "srp_Latn": "reka voda sneg livada mlin kamen deca nisu selo dan",
        "aai_Latn": "naatu boro sabuw orot isan baise etei anayabin ayu tur",
    }
    folder = tmp_path_factory.mktemp("glotlid")
    with (folder / "train.txt").open("w", encoding="utf-8") as file:
        for _ in range(300):
            for label, known in words.items():
                file.write(f"__label__{label} {' '.join(rng.sample(known.split(), 5))}\n")
    model = fasttext.train_supervised(
        str(folder / "train.txt"), dim=8, epoch=20, thread=1, verbose=0
    )
    model.save_model(str(folder / "model.bin"))
    return folder / "model.bin"


def test_with_glotlid_its_labels_scripts_and_scores_count(glotlid):
    configs = {"deu_Latn": GERMAN, "srp_Cyrl": {**GERMAN, "language_score": 0.3}}
    language = wf.fineweb2(configs, model=glotlid).steps[2]
    assert (language.engine, language.min_scores) == ("fasttext", {"de": 0.821, "sr": 0.3})
    texts = ["schnee wasser mühle und stein", "река вода снег млин", "naatu boro sabuw isan"]
    texts += ["wasser река und вода"]  # nobody is sure of it
    docs = language.process([wf.Document(str(n), text) for n, text in enumerate(texts)])
    assert [doc.live for doc in docs[:3]] == [True, True, False]
    assert docs[3].signals["language_score"] < 0.99
    strict = replace(language, min_scores={"de": 0.99, "sr": 0.99})
    assert not strict.process(docs[3:])[0].live
    alone = wf.fineweb2({"srp_Cyrl": GERMAN}, model=glotlid).steps[2]
    [latin] = alone.process([wf.Document("a", "reka voda sneg mlin kamen")])
    assert str(latin.verdict) == "language: language_script 'Latn' not in the accepted set"


def test_of_a_language_without_facts_the_script_says_what_words_are(glotlid):
    with pytest.raises(UnknownName, match="engine 'embedded'\\) 'aai'"):
        wf.fineweb2({"aai_Latn": GERMAN})
    repetition, _, quality = filters(wf.fineweb2({"aai_Latn": GERMAN}, model=glotlid))
    assert repetition.words == quality.words == "spaced"
    assert quality.stop_words == tuple(GERMAN["stopwords"])
    with pytest.raises(UnknownName, match="'aai'"):
        wf.fineweb2({"aai": GERMAN}, model=glotlid)


@pytest.mark.parametrize(
    ("configs", "said"),
    [
        ({}, "configs = {} names no language"),
        ("deu_Latn.yml", "configs = 'deu_Latn.yml' names no language; give a dict"),
        ({"de": None}, "config of 'de': None is neither"),
        (
            {"germn": GERMAN},
            "unknown language of fineweb2's configs 'germn': did you mean 'german'",
        ),
        ({"de": GERMAN, "deu_Latn": GERMAN}, "are the same language, 'de'"),
        ({"de": {**GERMAN, "dup_line_fraq": 1}}, "'dup_line_fraq': did you mean 'dup_line_frac'"),
        (
            {"de": {**GERMAN, "stopwords": ["der", True]}},
            "config of 'de': stopwords = .* list of str",
        ),
        ({"de": {"dup_line_frac": 0.2}}, "config of 'de': no value for top_n_grams, dup_n_grams, "),
        ({"de": {**GERMAN, "top_n_grams": [[5, 0.1]]}}, r"top_n_grams = \[5.0, 0.1\] .* 2 to 4"),
        ({"de": {**GERMAN, "dup_n_grams": [[5]]}}, r"dup_n_grams = \[5.0\] .* 5 to 10"),
        ({"de": "none.yml"}, "config of 'de': 'none.yml' cannot be read: .*No such file"),
    ],
)
def test_mistakes_are_named(configs, said):
    with pytest.raises(ConfigError, match=said):
        wf.fineweb2(configs)


@pytest.mark.parametrize("text", ["a: [", "- a\n", "", "1: 2\na: 1\n", "a: \ud800"])
def test_what_is_no_config_is_refused(tmp_path, text):
    path = tmp_path / "deu_Latn.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError, match=r"config of 'de': .*deu_Latn\.yml"):
        wf.fineweb2({"de": path})


def test_a_file_needs_an_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"webfilter\[yaml\]"):
        wf.fineweb2({"de": tmp_path / "deu_Latn.yml"})


def test_the_command_writes_a_recipe(tmp_path, capsys):
    for name, config in (("deu_Latn", GERMAN), ("tha_Thai", THAI)):
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(config))
    command = ["fineweb2", *map(str, sorted(tmp_path.glob("*.yml")))]
    command += ["--out", str(tmp_path / "two.toml")]
    assert main(command) == 0
    assert "two.toml" in capsys.readouterr().out
    made = Pipeline.from_toml(tmp_path / "two.toml")
    assert made == wf.fineweb2({"deu_Latn": GERMAN, "tha_Thai": THAI})
    assert main(command) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([command[0], str(tmp_path / "deu_Latn.yml"), *command[1:], "--overwrite"]) == 2
    assert "one language" in capsys.readouterr().err
    none = str(tmp_path / "none.bin")
    assert main([*command, "--overwrite", "--model", none]) == 2
    assert "none.bin" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["fineweb-2", "fineweb2", "FineWeb-2"])
def test_who_asks_for_a_recipe_of_that_name_is_told_of_its_files(name, capsys, tmp_path):
    with pytest.raises(ConfigError, match=r"webfilter fineweb2 deu_Latn\.yml"):
        wf.recipe(name)
    assert main(["run", name, "a.jsonl", "--out", str(tmp_path / "out")]) == 2
    assert "other limits in each language" in capsys.readouterr().err
