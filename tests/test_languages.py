"""The table of languages: what it holds, and that the heuristics decide by it."""

from __future__ import annotations

import pickle
import unicodedata

import pytest

from webfilter import (
    ByLanguage,
    C4Quality,
    Document,
    FineWebQuality,
    GopherQuality,
    GopherRepetition,
)
from webfilter.codes import canonical
from webfilter.errors import ConfigError, UnknownName
from webfilter.extract.justext import _unspaced
from webfilter.heuristics.gopher import STOP_WORDS
from webfilter.language.embedded import Embedded
from webfilter.language.scripts import main_script
from webfilter.languages import (
    find_language,
    known_languages,
    language_facts,
    scripts,
    words_of,
)
from webfilter.testing import check_stage
from webfilter.text import tokenize, tokenize_all
from webfilter.text.chars import TERMINAL_MARKS

EVERY = sorted(known_languages())
LISTED = [code for code in EVERY if language_facts(code).stop_words]

# one clause each, written for this test, in the plainest words; each has two of its stop words
SENTENCES = {
    "ar": "كان الولد في البيت مع أمه ولم يخرج إلى المدرسة",
    "bg": "Момчето е на двора и се смее",
    "cs": "Pes je na zahradě a kočka spí v domě",
    "de": "Das Kind und der Hund sind in dem Garten",
    "el": "Το παιδί και η μητέρα του είναι στο σπίτι",
    "es": "El niño y la madre de Juan están en casa",
    "fi": "Lapsi on kotona ja koira ei ole",
    "fr": "Le chat est dans la maison et le chien dort",
    "he": "הילד הוא חבר של דוד, והוא לא בבית עם אמא",
    "hi": "लड़का घर में है और माँ के साथ है",
    "hu": "A kutya és a macska az udvaron van",
    "id": "Anak itu tidak ada di rumah dan ibunya pergi",
    "it": "Il cane è in casa e la madre non dorme",
    "ja": "犬は庭で遊び、子供が家に帰った",
    "ko": "그 개는 집에 있는 아이와 함께 놀 수 있다",
    "nl": "De hond en het kind zijn in de tuin van oma",
    "pl": "Pies jest w domu i nie śpi na podłodze",
    "pt": "O menino e a mãe do João não estão em casa",
    "ro": "Copilul este în casă și câinele nu doarme",
    "ru": "Мальчик не был в школе и играл на дворе",
    "sr": "Пас је у кући и не спава на поду",
    "sv": "Hunden och barnet är i huset på landet",
    "th": "เด็กไม่ได้ไปโรงเรียนและจะอยู่ที่บ้าน",
    "tr": "Bu köpek ve bir kedi ev için olarak",
    "uk": "Хлопчик не був у школі і грав на подвір'ї",
    "ur": "بچہ گھر میں ہے اور ماں کے ساتھ ہے",
    "vi": "Con chó và đứa trẻ không ở trong nhà của bà",
    "zh": "孩子在家里，他的狗不睡觉",
}  # fmt: skip

# what ends a sentence in each script, from its descriptions and keyboards: not from our table
ENDS = {
    "ru": ".", "el": ";", "hy": "։", "ka": ".", "ar": "؟", "ur": "۔", "he": ".", "hi": "।",
    "bn": "।", "ta": ".", "am": "።", "sat": "᱾", "zh": "。", "ja": "！", "ko": ".", "km": "។",
    "my": "။", "bo": "།", "iu": "᙮", "syr": "܀", "es": "?", "tr": "!",
}  # fmt: skip


def test_every_language_of_the_embedded_model_is_there() -> None:
    assert set(EVERY) >= Embedded().languages - {"und"}


def test_every_row_is_well_formed() -> None:
    for code in EVERY:
        check_row(code)


def check_row(code: str) -> None:
    facts = language_facts(code)
    assert facts.code == canonical(code) == code
    assert facts.scripts
    assert set(facts.scripts) <= set(scripts())
    assert facts.segmentation == scripts()[facts.scripts[0]].segmentation
    assert len(set(facts.stop_words)) == len(facts.stop_words)
    assert len(set(facts.terminal_marks)) == len(facts.terminal_marks)
    assert all(len(mark) == 1 for mark in facts.terminal_marks)
    assert facts.source.startswith("stop words: none;") != bool(facts.stop_words)
    assert all(f"{name}: " in facts.source for name in facts.scripts)
    words = facts.stop_words
    cut = tokenize_all(words, facts.words or "english")
    assert [tokens.words(word) for word, tokens in zip(words, cut, strict=True)] == [
        [word] for word in words
    ]
    for word in words:
        assert word == unicodedata.normalize("NFC", word) == word.lower()
        written = {"Hans": "Hani", "Hant": "Hani"}.get(main_script(word) or "", main_script(word))
        assert written in {*facts.scripts, "Hani" if code == "ja" else ""}


def test_english_alone_has_the_words_of_english() -> None:
    assert [code for code in EVERY if language_facts(code).words == "english"] == ["en"]
    found = [language_facts(code).words for code in ("de", "fr", "pl", "ru", "hy", "zh", "ii")]
    assert found == ["hyphenated", "elided", "spaced", "spaced", "unicode", "scripts", None]
    # own words are for scripts with spaces that have no others
    assert words_of("sr", "Cyrl") == words_of("sr", "Latn") == "hyphenated"
    assert words_of("ku", "Latn") == words_of("ku", "Arab") == "spaced"
    assert words_of("de", "Jpan") == "scripts"


def test_every_stage_takes_the_words_of_the_language() -> None:
    for family in (GopherQuality, GopherRepetition, FineWebQuality, C4Quality):
        found = [family.for_language(code).words for code in ("en", "de", "it", "cs")]
        assert found == ["english", "hyphenated", "elided", "spaced"], family
    # its sentences can be counted as those of English
    assert C4Quality.for_language("de").min_sentences == C4Quality().min_sentences


def test_german_im_is_a_stop_word_that_can_be_found() -> None:
    stage = GopherQuality.for_language("de", min_words=1)
    assert "im" in stage.stop_words
    assert stage.measure(Document("a", "Wer wohnt im Wald im Mai?"))["stop_words"] == 1
    french = GopherQuality.for_language("fr", min_words=1, stop_words=("l'", "dont"))
    assert french.measure(Document("a", "L'eau dont l'homme boit."))["stop_words"] == 2


def test_lists_have_enough_words_and_those_of_gopher_for_english() -> None:
    assert len(LISTED) > 150
    assert not [code for code in LISTED if len(language_facts(code).stop_words) < 5]
    with_the = {code for code in LISTED if "the" in language_facts(code).stop_words}
    assert with_the == {"en"}  # English is everywhere on the web; FineWeb-2 has it for Turkish
    assert language_facts("en").stop_words == STOP_WORDS


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_plain_sentence_has_two_stop_words(code: str) -> None:
    stage = GopherQuality.for_language(code)
    assert stage.measure(Document("a", SENTENCES[code]))["stop_words"] >= 2


def test_sentences_of_other_languages_mostly_have_none() -> None:
    # relatives do (Spanish, Portuguese); unrelated ones must not
    for code, other in (("de", "pl"), ("fr", "fi"), ("ru", "bg"), ("ja", "th"), ("tr", "hu")):
        found = GopherQuality.for_language(code).measure(Document("a", SENTENCES[other]))
        assert found["stop_words"] < (2 if code != "ru" else 4), (code, other)


def test_marks_are_those_of_datatrove_but_for_the_named() -> None:
    found = {mark for script in scripts().values() for mark in script.terminal_marks}
    named = {";", ":", "།", "༎", "᨞", "꧈", "᭞", "᭟", "፡"}
    assert found - TERMINAL_MARKS == named - TERMINAL_MARKS


@pytest.mark.parametrize("code", sorted(ENDS))
def test_a_mark_ends_sentences_where_it_is_written(code: str) -> None:
    assert ENDS[code] in language_facts(code).terminal_marks


def test_spaces_part_words_but_in_the_scripts_without() -> None:
    without = {"zh", "yue", "ja", "th", "lo", "km", "my", "shn", "bo", "dz"}
    assert without <= {code for code in EVERY if not language_facts(code).spaced}
    assert all(language_facts(code).spaced for code in ("ko", "vi", "am", "hi", "jv", "mn", "tpi"))
    assert not any(language_facts(code).terminal_marks for code in ("th", "lo"))


def test_words_leave_no_period_on_a_word() -> None:
    letters = {"Latn": "ab", "Arab": "اب", "Ethi": "ሀለ", "Armn": "աբ", "Gujr": "કખ", "Hani": "的",
               "Geor": "აბ", "Tibt": "དང", "Mymr": "ကို", "Deva": "कख", "Hang": "가나"}  # fmt: skip
    for name, word in letters.items():
        script = scripts()[name]
        assert script.words
        for mark in set(script.terminal_marks) - set("॥؞．｡"):
            text = f"{word}{mark} {word}"
            assert tokenize(text, script.words).words(text)[0] == word, (name, mark)


@pytest.mark.parametrize("spelling", ["de", "deu", "ger", "DE", "deu_Latn", "de-AT", "German"])
def test_every_spelling_finds_the_language(spelling: str) -> None:
    assert language_facts(spelling).code == "de"


def test_an_unknown_language_has_a_near_match() -> None:
    with pytest.raises(UnknownName, match="'xyz'"):
        language_facts("xyz")
    with pytest.raises(UnknownName, match="did you mean 'kab'"):
        GopherQuality.for_language("kabx")
    assert find_language("xyz") is None


def test_facts_are_values() -> None:
    facts = language_facts("de")
    assert pickle.loads(pickle.dumps(facts)) == facts
    assert hash(facts) == hash(language_facts("German"))


@pytest.mark.parametrize("family", [GopherQuality, GopherRepetition, C4Quality, FineWebQuality])
def test_english_is_the_stage_itself(family: type[GopherQuality]) -> None:
    for name in family.profiles:
        assert family.for_language("en", name) == family.profile(name)
    assert family.for_language("en") == family()


@pytest.mark.parametrize(
    ("family", "code"),
    [
        (GopherQuality, "de"),
        (GopherQuality, "zh"),
        (GopherRepetition, "th"),
        (C4Quality, "th"),
        (FineWebQuality, "el"),
    ],
)
def test_stages_for_a_language_keep_the_contract(family: type[GopherQuality], code: str) -> None:
    check_stage(family.for_language(code))


def test_every_language_has_its_stages() -> None:
    for code in EVERY:
        C4Quality.for_language(code)
        FineWebQuality.for_language(code)
        GopherRepetition.for_language(code)
        stage = GopherQuality.for_language(code)
        assert (stage.min_stop_words is None) == (not stage.stop_words)


def test_a_language_without_a_list_is_not_judged_by_it_and_the_log_says_so(caplog) -> None:
    code = next(code for code in EVERY if code not in LISTED)
    stage = GopherQuality.for_language(code)
    assert stage.min_stop_words is None
    assert f"no stop words are known for {code!r}" in caplog.text
    with pytest.raises(ConfigError, match="min_stop_words = 2 needs stop words"):
        GopherQuality.for_language(code, min_stop_words=2)
    given = GopherQuality.for_language(code, stop_words=("ka",), min_stop_words=1)
    assert (given.stop_words, given.min_stop_words) == (("ka",), 1)


def test_changes_win_and_profiles_compose() -> None:
    assert GopherQuality.for_language("de", min_stop_words=3, words="unicode").words == "unicode"
    dolma = GopherQuality.for_language("de", "dolma")
    assert (dolma.version, dolma.max_median_word_length) == ("dolma", 15.0)
    assert dolma.stop_words == language_facts("de").stop_words
    assert GopherQuality.for_language("ka", "dclm").words == "english"
    with pytest.raises(ConfigError, match="without spaces"):
        GopherQuality.for_language("zh", "dclm")
    with pytest.raises(UnknownName):
        GopherQuality.for_language("de", "dlcm")


def test_by_language_judges_each_page_by_its_own() -> None:
    fields = {"min_words": 5, "min_mean_word_length": None}
    stage = ByLanguage({code: GopherQuality.for_language(code, **fields) for code in ("de", "pl")})
    docs = [
        Document(f"{text}-{called}", SENTENCES[text], signals={"language": called})
        for text in ("de", "pl")
        for called in ("de", "pl")
    ]
    kept = [doc.id for doc in stage.process(docs) if doc.live]
    assert kept == ["de-de", "pl-pl"]


def test_prose_without_spaces_is_kept_and_lists_are_not() -> None:
    prose = "孩子在家里，他的狗也不睡觉。我们都在学校学习，老师和学生是好朋友。" * 4
    names = "北京、上海、广州、深圳、天津、重庆、苏州、武汉、杭州、南京。" * 4
    stage = GopherQuality.for_language("zh")
    marked = stage.process([Document("a", prose), Document("b", names)])
    assert marked[0].live
    assert str(marked[1].verdict) == "gopher_quality: stop_words 0 < 2"


def test_repetition_is_seen_where_no_spaces_part_words() -> None:
    prose = (
        "孩子在家里，他的狗也不睡觉。我们都在学校学习，老师和学生是好朋友。夏天的时候大家去海边，"
    )
    prose += "冬天下雪了，河水结冰，人们在山上滑雪，晚上围着火炉喝茶，讲从前的故事。"
    stuffed = f"{prose[:40]}{'北京旅游特价酒店预订' * 9}{prose[40:]}"
    docs = [Document("prose", prose), Document("stuffed", stuffed)]
    assert not GopherRepetition().process(docs)[0].live  # two "words" are half of it
    marked = GopherRepetition.for_language("zh").process(docs)
    assert [doc.live for doc in marked] == [True, False]


def test_runs_of_ten_pieces_of_words_may_repeat_as_runs_of_five_words_do() -> None:
    stage = GopherRepetition.for_language("th", max_duplicate_9gram_character_ratio=0.3)
    assert stage.words == "scripts"
    assert stage.max_duplicate_5gram_character_ratio is None
    assert stage.max_duplicate_9gram_character_ratio == 0.3
    assert stage.max_duplicate_10gram_character_ratio == 0.15
    # spaces part these; nothing here cuts the last
    for code, words in (("de", "hyphenated"), ("hy", "unicode"), ("ii", "english")):
        assert GopherRepetition.for_language(code) == GopherRepetition(words=words)
    assert GopherRepetition.for_language("de", "dolma") == GopherRepetition.profile("dolma")
    assert GopherRepetition.for_language("ja", "dclm").words == "scripts"


def test_words_may_be_short_or_long_outside_english() -> None:
    korean = "그 개는 집에 있는 아이와 함께 놀 수 있다. 나는 오늘 학교에서 아이들과 노래를 불렀다. "
    stage = GopherQuality.for_language("ko", min_words=5)
    (doc,) = stage.process([Document("a", korean)])
    assert doc.live
    assert doc.signals["mean_word_length"] < 3
    assert GopherQuality.for_language("ko", min_mean_word_length=3.0).min_mean_word_length == 3
    assert GopherQuality.for_language("ko", "dolma").min_median_word_length == 2
    assert GopherQuality.for_language("ko", "dolma").min_mean_word_length is None
    assert GopherQuality.for_language("ml").max_mean_word_length == 15
    assert GopherQuality.for_language("zh").min_mean_word_length is None


def test_a_sentence_in_characters_is_no_short_line() -> None:
    text = "树叶是绿色的，因为它吸收红光和蓝光。\n夜晚变长的时候，叶子就变黄了。\n首页\n"
    ratio = "fineweb_short_line_ratio"
    assert FineWebQuality(words="scripts").measure(Document("a", text))[ratio] == 1
    found = FineWebQuality.for_language("zh").measure(Document("a", text))
    assert found[ratio] == pytest.approx(1 / 3)
    assert FineWebQuality.for_language("ko").short_line_length == 30


def test_uzbek_in_cyrillic_has_stop_words() -> None:
    text = "Болалар ва уларнинг онаси уйда, бу ит билан ўйнаш учун ҳовлига чиқишди"
    assert GopherQuality.for_language("uz").measure(Document("a", text))["stop_words"] >= 2


def test_lines_end_with_the_marks_of_the_language() -> None:
    text = "पौधे प्रकाश से शर्करा बनाते हैं।\nमुख्य पृष्ठ देखें और पढ़ें"
    assert C4Quality().transform(Document("a", text))[0] == ""
    assert C4Quality.for_language("hi").transform(Document("a", text))[0] == text.split("\n")[0]
    amharic = "ልጆቹ ዛሬ ጠዋት ወደ ትምህርት ቤት ሄዱ፡፡"  # as keyboards have it
    assert C4Quality.for_language("am").transform(Document("a", amharic))[0] == amharic
    thai = "เด็กไม่ได้ไปโรงเรียนและจะอยู่ที่บ้าน"
    assert C4Quality.for_language("th").transform(Document("a", thai))[0] == thai
    asked = {code: C4Quality.for_language(code).min_sentences for code in ("de", "zh", "th", "hy")}
    assert asked == {"de": 5, "zh": 5, "th": None, "hy": None}  # where sentences can be counted
    old = {"profile": "datatrove-2024-04"}
    ratio = "fineweb_terminal_line_ratio"
    assert FineWebQuality.profile("datatrove-2024-04").measure(Document("a", text))[ratio] == 0
    stage = FineWebQuality.for_language("hi", **old)
    assert stage.measure(Document("a", text))[ratio] == 0.5
    assert stage.terminal_marks[:5] == tuple(sorted(stage.terminal_marks[:5]))  # in each process


def test_justext_knows_the_same_languages_without_spaces() -> None:
    assert all(map(_unspaced, ("zh", "ja", "th", "lo", "km", "my", "bo", "yue")))
    assert not any(map(_unspaced, ("de", "ko", "vi", "", "xx", "jp" * 1000)))
