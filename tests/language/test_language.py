"""The Language stage: what it recognizes, how it judges, and that nothing breaks it."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import random
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.codes import canonical
from webfilter.document import Document
from webfilter.errors import ConfigError, MissingExtra, UnknownName
from webfilter.language import Language
from webfilter.language import embedded as embedded_module
from webfilter.language.engines import engine
from webfilter.language.prepare import prepare, windows
from webfilter.language.scripts import main_script

SENTENCES = {
    "en": (
        "Latn",
        "The committee meets every second Thursday in the old library near the station.",
    ),
    "de": ("Latn", "Der Zug nach München hatte gestern wieder eine halbe Stunde Verspätung."),
    "fr": ("Latn", "Nous avons passé l'après-midi au bord de la rivière avec les enfants."),
    "es": (
        "Latn",
        "El ayuntamiento aprobó ayer el presupuesto para la nueva biblioteca del barrio.",
    ),
    "it": ("Latn", "Domani mattina andiamo al mercato a comprare il pesce e la verdura fresca."),
    "pt": ("Latn", "A reunião foi adiada porque não havia cadeiras suficientes para todos."),
    "nl": ("Latn", "Het regende de hele dag, dus bleven we thuis en speelden een spelletje."),
    "sv": ("Latn", "På lördag ska vi åka till sommarstugan och plocka blåbär i skogen."),
    "fi": ("Latn", "Lapset juoksivat rantaan heti, kun aurinko alkoi paistaa pilvien takaa."),
    "pl": ("Latn", "Wczoraj wieczorem długo rozmawialiśmy o książce, którą pożyczyła mi siostra."),
    "cs": ("Latn", "Včera jsme šli do divadla a představení se nám moc líbilo."),
    "hu": ("Latn", "A nagymamám minden vasárnap húslevest főz az egész családnak."),
    "ro": ("Latn", "Vecinii noștri au cumpărat o casă la țară și își petrec acolo toată vara."),
    "tr": ("Latn", "Dün akşam arkadaşlarımızla birlikte deniz kenarında yemek yedik."),
    "id": (
        "Latn",
        "Karena hujan deras, banyak sepeda motor mogok dan kantor saya kebanjiran kemarin.",
    ),
    "vi": ("Latn", "Hôm qua chúng tôi đi chợ mua rau và cá tươi cho bữa tối."),
    "sw": ("Latn", "Watoto wanacheza mpira uwanjani kila siku baada ya kutoka shuleni."),
    "ru": ("Cyrl", "Вчера вечером мы долго гуляли по набережной и разговаривали о работе."),
    "uk": ("Cyrl", "Учора ввечері ми довго гуляли набережною і розмовляли про роботу."),
    "bg": ("Cyrl", "Вчера вечерта дълго се разхождахме край морето и говорихме за работа."),
    "el": ("Grek", "Χθες το βράδυ περπατήσαμε δίπλα στη θάλασσα και μιλήσαμε για τη δουλειά."),
    "he": ("Hebr", "אתמול בערב טיילנו לאורך החוף ודיברנו על העבודה החדשה שלי."),
    "ar": ("Arab", "ذهبنا أمس إلى السوق واشترينا الخضار والفاكهة الطازجة للعشاء."),
    "fa": ("Arab", "دیروز عصر با دوستانمان کنار رودخانه قدم زدیم و درباره کار حرف زدیم."),
    "hi": ("Deva", "कल शाम हम नदी के किनारे टहलने गए और देर तक बातें करते रहे।"),
    "bn": ("Beng", "গতকাল বিকেলে আমরা নদীর ধারে হাঁটতে গিয়েছিলাম এবং অনেক গল্প করেছি।"),
    "ta": ("Taml", "நேற்று மாலை நாங்கள் ஆற்றங்கரையில் நடந்து சென்று நீண்ட நேரம் பேசினோம்."),
    "th": ("Thai", "เมื่อวานเย็นเราไปเดินเล่นริมแม่น้ำและคุยกันเรื่องงานอยู่นาน"),
    "ko": ("Hang", "어제 저녁에 우리는 강가를 산책하면서 오랫동안 이야기를 나누었다."),
    "ja": ("Jpan", "昨日の夕方、私たちは川沿いを散歩しながら仕事の話をしました。"),
    "zh": ("Hans", "昨天傍晚我们沿着河边散步，聊了很久关于工作的事情。"),
}
HOSTILE = [
    "", " \n\t ", "\0", "a\0b" * 50, "\ud800", "word \udfff word", "7 8 9 2024-01-01", "🙂🙃" * 40,
    "x" * 1_000_000, "مرحبا " * 200_000, "a.b@c" * 3_000, "\u202e\u200b\u0301" * 99, "ﷺ" * 999,
    "<" * 100_000, "𐌰𐌱𐌲 " * 30, "ꯃꯅꯤꯄꯨꯔꯤ ꯂꯣꯟ", "http://a.example/" * 500,
]  # fmt: skip


def measured(text: str, stage: Language | None = None) -> dict:
    (out,) = (stage or Language(None)).process([Document("a", text)])
    return dict(out.signals)


@pytest.mark.parametrize("code", SENTENCES)
def test_sentences_are_recognized_with_their_script(code: str) -> None:
    script, text = SENTENCES[code]
    signals = measured(text)
    assert (signals["language"], signals["language_script"]) == (code, script)
    assert 0.65 < signals["language_score"] <= 1


def test_traditional_chinese_is_chinese_in_another_script() -> None:
    signals = measured("昨天傍晚我們沿著河邊散步，聊了很久關於工作的事情，後來還去吃了飯。")
    assert (signals["language"], signals["language_script"]) == ("zh", "Hant")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-05-01 12:30:45 99.5 % +49 30 1234567",
        "🙂 ✈ → € §",
        "TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dCBieSB0aGlz" * 3,
        "function f(a) { var b = a[0] || null; return b.c(); } if (x === 1) { f(x++); }",
        "def get_items(self, node=None):\n    for i in range(10):\n        node.items[i] += 1\n"
        "    return self._cache.get(key, None)\n",
        "xkqj vzzt qpwf jjxkl brrtz mnbvq wqzx kjhgf zzxq plmkn vbgtr qqwx",
        "d41d8cd98f00b204e9800998ecf8427e e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca4",
    ],
)
def test_what_is_no_language_is_und(text: str) -> None:
    assert measured(text)["language"] == "und"
    assert Language({"en"}).process([Document("a", text)])[0].verdict is not None
    assert Language({"und"}, min_score=None).process([Document("a", text)])[0].verdict is None


def test_languages_asked_for_stay_and_others_go() -> None:
    stage = Language({"de", "fra_Latn"})
    docs = [Document(code, text) for code, (_, text) in SENTENCES.items()]
    kept = {doc.id for doc in stage.process(docs) if doc.verdict is None}
    assert kept == {"de", "fr"}


def test_none_judges_nothing() -> None:
    for text in (*HOSTILE[:6], SENTENCES["de"][1]):
        assert Language(None).process([Document("a", text)])[0].verdict is None
    assert Language(None).rules == ()


def test_the_score_must_be_strictly_above_the_limit() -> None:
    text = SENTENCES["en"][1]
    score = measured(text)["language_score"]
    (at,) = Language({"en"}, min_score=score).process([Document("a", text)])
    assert at.verdict is not None
    assert (at.verdict.reason, at.verdict.op) == ("language_score", "<=")
    (below,) = Language({"en"}, min_score=score - 1e-6).process([Document("a", text)])
    assert below.verdict is None
    assert Language({"en"}, min_score=None).process([Document("a", text)])[0].verdict is None


def test_scripts_are_judged_by_their_own_field() -> None:
    text = SENTENCES["zh"][1]
    assert Language({"zh"}, scripts={"hans"}).process([Document("a", text)])[0].verdict is None
    (out,) = Language({"zh"}, scripts={"Hant"}).process([Document("a", text)])
    assert out.verdict is not None
    assert out.verdict.reason == "language_script"
    with pytest.raises(ConfigError, match="scripts"):
        Language({"zho_Hant"})


@pytest.mark.parametrize(("asked", "near"), [("Latin", "Latn"), ("Kyrl", "Cyrl"), ("jp", None)])
def test_an_unknown_script_is_an_error_when_built(asked: str, near: str | None) -> None:
    with pytest.raises(UnknownName, match="script of language") as caught:
        Language({"en"}, scripts={"Latn", asked})
    assert caught.value.near == near


def test_codes_are_normalized_at_the_boundary() -> None:
    for spelling in ("eng", "eng_Latn", "EN", "en-US", "English"):
        assert Language({spelling}) == Language({"en"})
        assert hash(Language({spelling})) == hash(Language({"en"}))
    assert Language({"no"}).rules[0].isin == {"no", "nb", "nn"}


@pytest.mark.parametrize(("asked", "near"), [("germn", "german"), ("enn", "en"), ("qqq", None)])
def test_an_unknown_language_is_an_error_when_built(asked: str, near: str | None) -> None:
    with pytest.raises(UnknownName, match=asked) as caught:
        Language({"de", asked})
    if near is not None:
        assert "did you mean" in str(caught.value)


def test_configuration_errors_name_field_and_fix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="languages is empty"):
        Language(frozenset())
    with pytest.raises(ConfigError, match="scripts is empty"):
        Language({"en"}, scripts=frozenset())
    with pytest.raises(ConfigError, match="min_score = 65"):
        Language({"en"}, min_score=65)
    with pytest.raises(ConfigError, match="languages = 'en'"):
        Language("en")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="needs a model file"):
        Language({"en"}, engine="fasttext")
    with pytest.raises(ConfigError, match="take none"):
        Language({"en"}, model=tmp_path / "lid.ftz")
    with pytest.raises(ConfigError, match="cannot be read"):
        Language({"en"}, engine="fasttext", model=tmp_path / "lid.ftz")
    with pytest.raises(ConfigError, match="engine = 'cld3'"):
        Language({"en"}, engine="cld3")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", ["embedded", "langdetect"])
def test_hostile_text_is_measured(text: str, name: str) -> None:
    signals = measured(text, Language(None, engine=name))  # type: ignore[arg-type]
    assert set(signals) == {"language", "language_score", "language_script"}
    assert isinstance(signals["language"], str)
    score = signals["language_score"]
    assert score is None or 0 <= score <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text() | st.sampled_from([s for _, s in SENTENCES.values()]), max_size=8))
def test_neighbors_do_not_matter(texts: list[str]) -> None:
    stage = Language({"en"})
    docs = [Document(str(i), text) for i, text in enumerate(texts)]
    assert list(stage.process(docs)) == [stage.process([doc])[0] for doc in docs]


def test_line_breaks_are_spaces_and_do_not_glue_words() -> None:
    text = SENTENCES["en"][1]
    assert measured(text.replace(" ", "\n")) == measured(text)
    assert measured(text.replace(" ", "\r\n")) == measured(text)


def test_capitals_do_not_change_the_language() -> None:
    for code in ("en", "de", "fr", "ru", "pl"):
        assert measured(SENTENCES[code][1].upper())["language"] == code


def test_a_menu_in_another_language_does_not_hide_the_page() -> None:
    menu = "Home | About us | Contact | Privacy policy | Sign in | Search\n"
    assert measured(menu + " ".join([SENTENCES["de"][1]] * 30))["language"] == "de"


def test_letters_of_a_script_no_label_is_written_in_are_und() -> None:
    assert measured("𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂 𐌸𐌿 𐌹𐌽 𐌷𐌹𐌼𐌹𐌽𐌰𐌼")["language"] == "und"


def test_pickles_small_and_measures_the_same() -> None:
    stage = Language({"de"})
    stage.process([Document("a", SENTENCES["de"][1])])
    data = pickle.dumps(stage)
    assert len(data) < 1_000
    again = pickle.loads(data)
    assert again == stage
    assert measured(SENTENCES["de"][1], again) == measured(SENTENCES["de"][1])
    assert replace(stage, min_score=0.5).min_score == 0.5


def test_langdetect_does_not_depend_on_what_came_before() -> None:
    stage = Language(None, engine="langdetect")
    text = "Hotel Roma Bar"
    first = measured(text, stage)
    for code in ("de", "fi", "tr"):
        assert measured(SENTENCES[code][1], stage)["language"] == code
    assert measured(text, stage) == first
    assert measured("12345 67", stage)["language"] == "und"


def test_langdetect_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from webfilter.language import engines

    monkeypatch.setitem(sys.modules, "langdetect", None)
    engines._open.cache_clear()
    with pytest.raises(MissingExtra, match=r"webfilter\[langdetect\]"):
        Language({"en"}, engine="langdetect")
    engines._open.cache_clear()


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny fastText language model with lid.176's kind of labels."""
    import fasttext

    folder = tmp_path_factory.mktemp("lid")
    rng = random.Random(1)
    with (folder / "train.txt").open("w", encoding="utf-8") as file:
        for _ in range(400):
            for code in ("en", "de", "ru", "sv"):
                words = SENTENCES[code][1].split()
                file.write(f"__label__{code} {' '.join(rng.sample(words, 6))}\n")
    model = fasttext.train_supervised(
        str(folder / "train.txt"), dim=8, minn=2, maxn=3, bucket=5000, epoch=5, thread=1, verbose=0
    )
    model.save_model(str(folder / "lid.bin"))
    return folder / "lid.bin"


def test_any_fasttext_model_serves(small_model: Path) -> None:
    assert Language(None, engine="fasttext", model=small_model, scripts={"osge"}).scripts == {
        "Osge"
    }
    with pytest.raises(UnknownName):
        Language(None, engine="fasttext", model=small_model, scripts={"Latin"})
    stage = Language({"deu_Latn"}, engine="fasttext", model=small_model)
    docs = [Document(c, SENTENCES[c][1].replace(" ", "\n")) for c in ("en", "de", "ru")]
    assert [doc.id for doc in stage.process(docs) if doc.verdict is None] == ["de"]
    assert "sha256" in stage.artifacts["language_model"]
    assert measured("\ud800 \0 text", stage)["language"] in {"en", "de", "ru", "sv"}
    assert measured("", stage)["language"] == "und"
    with pytest.raises(UnknownName, match="'fr'"):
        Language({"fr"}, engine="fasttext", model=small_model)


def test_no_break_spaces_end_words_for_fasttext(small_model: Path) -> None:
    stage = Language(None, engine="fasttext", model=small_model)
    words = SENTENCES["en"][1]
    assert measured(words.replace(" ", "\u00a0"), stage) == measured(words, stage)


def test_a_damaged_model_is_an_error_and_never_a_crash(small_model: Path, tmp_path: Path) -> None:
    data = small_model.read_bytes()
    bad = tmp_path / "bad.bin"
    for size in (0, 1, 8, 50, 100, 500, len(data) // 2, len(data) - 1):
        bad.write_bytes(data[:size])
        with pytest.raises(ConfigError, match="language: model"):
            Language({"de"}, engine="fasttext", model=bad)
    for other in (data + b"x", b"PK\x03\x04 no model at all"):
        bad.write_bytes(other)
        with pytest.raises(ConfigError, match=r"bad\.bin"):
            Language(None, engine="fasttext", model=bad)


def test_a_model_of_something_else_is_refused(tmp_path: Path) -> None:
    import fasttext

    (tmp_path / "t.txt").write_text("__label__hq good text\n__label__lq bad text\n" * 20, "utf-8")
    model = fasttext.train_supervised(str(tmp_path / "t.txt"), dim=4, thread=1, verbose=0)
    model.save_model(str(tmp_path / "quality.bin"))
    with pytest.raises(ConfigError, match="no language model"):
        Language({"en"}, engine="fasttext", model=tmp_path / "quality.bin")


def test_the_packaged_model_is_checked_when_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(embedded_module.__file__).parent / "models"
    models = tmp_path / "models"
    shutil.copytree(source, models)
    monkeypatch.setattr(embedded_module, "files", lambda package: tmp_path)
    file = models / embedded_module.manifest()["file"]
    data = file.read_bytes()
    assert embedded_module.Embedded().predict(["Guten Morgen, liebe Nachbarn"])[0].code == "de"
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ConfigError, match=r"damaged.*install webfilter again"):
        embedded_module.Embedded().predict(["text"])
    file.write_bytes(b"")
    card = json.loads((models / "manifest.json").read_text("utf-8"))
    card["language"]["sha256"] = hashlib.sha256(b"").hexdigest()
    (models / "manifest.json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(ConfigError, match=r"does not fit.*install webfilter again"):
        embedded_module.Embedded().predict(["text"])
    (models / "manifest.json").unlink()
    with pytest.raises(ConfigError, match=r"no entry.*install webfilter again"):
        embedded_module.Embedded()


def test_the_packaged_model_is_what_its_card_says() -> None:
    card = embedded_module.manifest()
    path = Path(embedded_module.__file__).parent / "models" / card["file"]
    assert path.stat().st_size == card["bytes"] <= 2_000_000
    found = embedded_module.Embedded()
    assert len(found._weights.bias) == len(card["labels"])
    assert len(found.languages - {"und"}) >= 180
    assert all(canonical(code) == code for code in found.languages)
    for table in card["calibration"]:
        assert table["probability"] == sorted(table["probability"])
    assert card["sha256"] in Language().artifacts["language_model"]


def test_loading_is_quiet() -> None:
    code = (
        "from webfilter.language import Language\nfrom webfilter.document import Document\n"
        "print(Language(None).measure(Document('a', 'Guten Morgen, liebe Nachbarn'))['language'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("de\n", "")


def test_preparation_is_short_and_without_addresses() -> None:
    for text in HOSTILE:
        assert len(prepare(text)) <= 602
    assert prepare("see https://a.example/b?c=d and me@b.example, now").split() == [
        "see", "and", ",", "now",
    ]  # fmt: skip


@pytest.mark.parametrize("before", ["see ", "\n", "", "[see](", "<", "see:"])
def test_a_url_that_reaches_into_a_window_is_taken_out_whole(before: str) -> None:
    url = "https://site.example/morning/garden/lesson?of=the-old-school"
    text = f"{before}{url}\n" * 30
    assert len(text) > 1_800
    for extra in range(len(url)):
        left = prepare("x" * extra + " " + text)
        assert not any(word in left for word in ("site", "example", "garden", "lesson", "school"))
        whole = "x" * extra + " " + "near " * 9 + ("https://site.example/a " + "near " * 25) * 14
        middle = (len(whole) - 200) // 2
        parts = (whole[:200], whole[middle : middle + 200], whole[-200:])
        assert prepare(whole).count("near") == sum(part.count("near") for part in parts)
    said = "word/word " * 300
    assert prepare(said) == windows(said)  # a slash alone makes no URL
    assert len(prepare("a" * 5_000 + "/")) == 602


def test_an_address_ends_where_a_script_without_spaces_begins() -> None:
    story = "今天我们去了学校，老师给我们讲了很多有趣的故事。"
    for link in ("http://blog.example/a.html", "www.blog.example/a", "ann@blog.example"):
        assert prepare(f"来自{link}{story}") == f"来自 {story}"
        assert prepare(f"来自{link}，{story}") == f"来自 ，{story}"
    assert prepare("см. http://site.example/страница, да") == "см.   да"
    [doc] = Language(None).process([Document("a", f"http://blog.example/a.html{story}")])
    assert doc.signals["language"] == "zh"


def test_of_addresses_without_spaces_around_the_one_that_reaches_into_a_window_is_cut() -> None:
    """That before it, and what stands between, is not."""
    story, link = "今天我们去了学校，老师讲了很多故事", "http://blog.example/morning/garden"
    middle = 950  # of 2,100 characters
    for inside in range(1, len(link)):
        head = "字" * (middle - inside - len(story + link)) + link + story + link
        text = head + "字" * (2_100 - len(head))
        assert prepare(text).split("\n")[1] == "字" * (200 - len(link) + inside)
    text = "字" * 900 + link + "字" * (1_200 - len(link))  # it ends before the window
    assert prepare(text).split("\n")[1] == "字" * 200


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ko", "오늘 우리는 학교에 갔고 선생님은 재미있는 이야기를 많이 들려주셨습니다."),
        ("cs", "Dnes ráno jsme šli do školy a paní učitelka nám vyprávěla příběhy."),
        ("vi", "Hôm nay chúng tôi đến trường và thầy giáo kể cho chúng tôi nhiều chuyện."),
        ("ja", "きょうはがっこうでせんせいがたくさんのおはなしをしてくださいました。"),
    ],
)
def test_letters_apart_from_their_marks_are_the_same_language(language: str, text: str) -> None:
    """As Mac OS writes them, and windows-1258 the tones of Vietnamese."""
    apart = unicodedata.normalize("NFD", text)
    assert apart != text
    docs = Language(None).process([Document("a", text), Document("b", apart)])
    assert [doc.signals["language"] for doc in docs] == [language] * 2
    assert docs[0].signals == docs[1].signals


def test_of_letters_that_nfc_takes_apart_none_is() -> None:
    """Bengali has two letters that mostly tell it from Assamese."""
    assert prepare("\u09df\u09dc") == "\u09df\u09dc"


def test_scripts_of_letters() -> None:
    assert main_script("Привет, world! Как дела?") == "Cyrl"
    assert main_script("1234 !?") is None
    assert main_script("ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ") == "Cher"
    assert json.dumps(main_script("ꦗꦮ")) == '"Java"'
    assert main_script("\U00020000\U000323af") == "Hani"  # rare ideographs, in a plane of their own


def test_tags_selectors_and_private_use_are_no_letters() -> None:
    england = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    for text in (f"2:1 {england}", "\U0010fffd" * 9, "\U000f0000 \U000e0100"):
        assert main_script(text) is None
        assert measured(text)["language"] == "und"
    signals = measured(f"The team {england * 12} won the match at home again today, after a wait.")
    assert (signals["language"], signals["language_script"]) == ("en", "Latn")
    assert signals["language_score"] > 0.9


def test_engines_are_opened_once() -> None:
    assert engine("embedded", None) is engine("embedded", None)
