"""Every engine answers every text, the same way each time, whatever else it is asked about."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.codes import canonical
from webfilter.document import Document
from webfilter.errors import MissingExtra
from webfilter.language import Language
from webfilter.language.engines import Engine, Guess, engine, ranked

TEXTS = {
    "en": "The committee meets every second Thursday in the old library near the station.",
    "de": "Der Zug nach München hatte gestern wieder eine halbe Stunde Verspätung.",
    "sv": "På lördag ska vi åka till sommarstugan och plocka blåbär i skogen.",
    "ru": "Вчера вечером мы долго гуляли по набережной и разговаривали о работе.",
    "zh": "昨天傍晚我们沿着河边散步，聊了很久关于工作的事情。",
}
HOSTILE = [
    "", " \n\t ", "\0", "a\0b" * 50, "\ud800", "word \udfff word", "7 8 9 2024-01-01", "🙂🙃" * 40,
    "x" * 1_000_000, "مرحبا " * 200_000, "a.b@c" * 3_000, "\u202e\u200b\u0301" * 99, "ﷺ" * 999,
    "<" * 100_000, "𐌰𐌱𐌲 " * 30, "ꯃꯅꯤꯄꯨꯔꯤ ꯂꯣꯟ", "http://a.example/" * 500, "e" + "\u0301" * 5_000,
    "ª",
]  # fmt: skip
LINGUA = pytest.param("lingua", marks=pytest.mark.slow)  # 15 s to load for short texts
NAMES = ("embedded", "fasttext", "langdetect", LINGUA)

folder = TemporaryDirectory()


@cache
def small_model() -> Path:
    """Return a fastText model of four languages, two labels of them one code."""
    import fasttext

    rng, path = random.Random(1), Path(folder.name)
    labels = {"en": "eng_Latn", "de": "deu_Latn", "ru": "rus_Cyrl", "zh": "zho_Hans"}
    with (path / "train.txt").open("w", encoding="utf-8") as file:
        for _ in range(300):
            for code, label in labels.items():
                words = TEXTS[code].split() if code != "zh" else list(TEXTS[code])
                file.write(f"__label__{label} {' '.join(rng.sample(words, 6))}\n")
            file.write(f"__label__zho_Hant {' '.join(rng.sample('昨天傍晚我們沿著河邊散步', 6))}\n")
    model = fasttext.train_supervised(
        str(path / "train.txt"), dim=8, minn=1, maxn=2, bucket=3000, epoch=4, thread=1, verbose=0
    )
    model.save_model(str(path / "lid.bin"))
    return path / "lid.bin"


def opened(name: str) -> Engine:
    if name == "lingua":
        pytest.importorskip("lingua")
    return engine(name, small_model() if name == "fasttext" else None)


def stage(name: str, **fields: object) -> Language:
    opened(name)
    model = small_model() if name == "fasttext" else None
    return Language(None, engine=name, model=model, **fields)  # type: ignore[arg-type]


def check(found: Engine, guess: Guess, top: int) -> None:
    assert guess.code in found.languages
    assert guess.probability is None or 0 <= guess.probability <= 1
    named = [guess.code, *(code for code, _ in guess.others)]
    assert len(set(named)) == len(named) <= top
    assert all(canonical(code) == code for code in named)
    assert all(type(p) is float and 0 <= p <= 1 for _, p in guess.others)
    falling = [p for p in (guess.probability, *(p for _, p in guess.others)) if p is not None]
    assert falling == sorted(falling, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_hostile_texts(name: str) -> None:
    found = opened(name)
    guesses = found.predict(HOSTILE, top=5)
    assert len(guesses) == len(HOSTILE)
    for guess in guesses:
        check(found, guess, 5)
    for text, guess in zip(HOSTILE, guesses, strict=True):
        if not any(map(str.isalpha, text)):
            assert guess == Guess("und", None, 1.0)
    assert list(found.predict([])) == []


def some_texts() -> Iterator[st.SearchStrategy[str]]:
    yield st.text(max_size=60)
    yield st.text(st.characters(categories=["L", "M", "Cs", "Cc"]), max_size=40)
    yield st.sampled_from([*TEXTS.values(), *(text for text in HOSTILE if len(text) < 1000)])
    ends = st.sampled_from(["\n", "\0", " 12 ", TEXTS["en"]])
    yield st.builds(lambda a, b: (a + b) * 3, st.sampled_from([*TEXTS.values()]), ends)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(*some_texts()), max_size=5), st.integers(1, 5))
def test_any_text_any_batch_any_number_of_codes(name: str, texts: list[str], top: int) -> None:
    found = opened(name)
    together = list(found.predict(texts, top))
    for text, guess in zip(texts, together, strict=True):
        check(found, guess, top)
        assert [guess] == list(found.predict([text], top))  # alone, and asked again
        [first] = found.predict([text])
        assert guess[:3] == first[:3]  # more codes never change the first
        assert first.others == ()
    assert list(found.predict(texts[::-1], top)) == together[::-1]


@pytest.mark.parametrize("name", ["embedded", "langdetect", LINGUA])
def test_languages_that_all_know(name: str) -> None:
    found = opened(name)
    for code, guess in zip(TEXTS, found.predict(list(TEXTS.values()), 3), strict=True):
        assert guess.code == code
        assert guess.probability is not None
        assert all(p <= guess.probability for _, p in guess.others)


def test_further_codes_are_there_and_each_code_once() -> None:
    found = opened("fasttext")
    [guess] = found.predict([TEXTS["zh"]], top=4)
    codes = [guess.code, *(code for code, _ in guess.others)]
    assert sorted(codes) == ["de", "en", "ru", "zh"]  # of five labels, two of them Chinese
    assert len(found.predict([TEXTS["zh"]], top=2)[0].others) == 1


def test_of_two_labels_with_one_code_the_better_stands() -> None:
    assert ranked([("zh", 0.5), ("zh", 0.4), ("ja", 0.1)], 5) == [("zh", 0.5), ("ja", 0.1)]
    assert ranked([("zh", 1.0000001), ("ja", -0.1)], 5) == [("zh", 1.0), ("ja", 0.0)]
    assert ranked([("zh", 0.5)], 0) == []


def test_langdetect_counts_both_chinese_as_one() -> None:
    class Fixed:
        seed = 0

        def append(self, text: str) -> None: ...

        def get_probabilities(self) -> list[object]:
            kind = type("L", (), {})
            pairs = (("ko", 0.4), ("zh-cn", 0.35), ("zh-tw", 0.25))
            made = []
            for lang, prob in pairs:
                one = kind()
                one.lang, one.prob = lang, prob  # type: ignore[attr-defined]
                made.append(one)
            return made

    from webfilter.language.langdetect_seeded import SeededLangdetect

    found = SeededLangdetect()
    found._factory = type("F", (), {"create": staticmethod(Fixed)})()
    [guess] = found.predict(["漢字"], top=3)
    assert guess == Guess("zh", "Hani", 0.6, (("ko", 0.4),))


def test_lingua_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from webfilter.language import engines

    monkeypatch.setitem(sys.modules, "lingua", None)
    engines._open.cache_clear()
    with pytest.raises(MissingExtra, match=r"webfilter\[lingua\]"):
        Language({"en"}, engine="lingua")
    engines._open.cache_clear()


def test_many_models_are_each_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from webfilter.language import engines, fasttext_model

    opened: list[Path] = []
    monkeypatch.setattr(fasttext_model, "FastTextModel", lambda path: opened.append(path) or path)
    paths = [tmp_path / f"{n}.bin" for n in range(6)]
    for path in paths:
        path.write_bytes(b"a model")
    for path in paths * 2:
        assert engine("fasttext", path) == path  # type: ignore[comparison-overlap]
    assert opened == paths
    engines._open.cache_clear()


def test_lingua_in_a_stage() -> None:
    found = stage("lingua", top=2)
    assert {"nb", "nn", "zh", "und"} <= opened("lingua").languages
    text = "Jeg kan ikke komme i kveld fordi jeg må jobbe lenge på sykehuset. " * 3
    signals = found.measure(Document("a", text))
    assert signals["language"] == "nb"
    assert str(signals["language_top"]).startswith("nb:")
    assert found.measure(Document("a", "12:30"))["language"] == "und"
    assert found.measure(Document("a", "𐌰𐌱𐌲 " * 60))["language"] == "und"  # letters it never met
    assert "lingua-language-detector" in found.artifacts


def test_lingua_reads_no_further_than_it_says() -> None:
    found = opened("lingua")
    head = (TEXTS["de"] + " ") * 200
    assert found.predict([head + TEXTS["ru"] * 500]) == found.predict([head[:10_000]])


@pytest.mark.parametrize("name", NAMES)
def test_stages_keep_the_contract(name: str) -> None:
    from webfilter.testing import check_stage

    if name == "langdetect":
        pytest.skip("slow on the long documents, and the same code as for the others")
    check_stage(stage(name))
