"""The educational score: what it prefers, and what it must never do."""

from __future__ import annotations

import hashlib
import json
import math
import pickle
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.score import Educational
from webfilter.score.features import BITS, features
from webfilter.score.packaged import FOLDER, checksum, entry, load
from webfilter.testing import check_stage

LESSON = (
    "When a force acts on a body, the body accelerates in the direction of that force. The "
    "acceleration is proportional to the force and inversely proportional to the mass, which is "
    "why the same push moves an empty cart more quickly than a loaded one. For example, suppose a "
    "force of 10 newtons acts on a cart of 5 kilograms. Dividing the force by the mass gives an "
    "acceleration of 2 meters per second squared. If we double the mass and keep the force, the "
    "acceleration is halved. Notice that the equation says nothing about speed: a body can move "
    "fast and have no acceleration at all, because its velocity does not change."
)
SHOP = (
    "Classic Leather Wallet - Brown\n$39.99 $24.99 Sale!\nAdd to cart\nFree shipping on orders over"
    " $50\n4.5 stars (212 reviews)\nCustomers also bought\nSlim Card Holder $19.99\nLeather Belt "
    "$29.99\nSign up for our newsletter and get 10% off your first order!\nReturns within 30 days\n"
    "Size guide | Contact us | Store locator"
)
NAVIGATION = (
    "Home\nAbout\nNews\nContact\nLogin\nRegister\nForgot password?\nSearch\nHome > News > Archive\n"
    "Previous | 1 | 2 | 3 | Next\nShare on Facebook\nTweet\nPrint\nPrivacy Policy\nTerms of Use\n"
    "Copyright 2019 All rights reserved"
)
CHAT = (
    "lol yeah i saw that too!! can't wait for saturday, are u guys coming? i'll bring the drinks "
    "haha. btw did anyone find my jacket, i think i left it at mike's place last weekend. let me "
    "know ok? thx"
)
SAMPLES = (LESSON, SHOP, NAVIGATION, CHAT)


def score(text: str) -> dict[str, float]:
    return dict(Educational(min_score=None).measure(Document("a", text)))


def test_a_lesson_scores_far_above_shop_navigation_and_chat() -> None:
    lesson = score(LESSON)
    for text in (SHOP, NAVIGATION, CHAT):
        other = score(text)
        assert lesson["educational"] > other["educational"] + 2
        assert lesson["reasoning"] > other["reasoning"] + 1
        assert lesson["lasting"] > other["lasting"]
    assert lesson["clean"] > score(NAVIGATION)["clean"] + 1
    assert score(CHAT)["clean"] > score(NAVIGATION)["clean"]


def test_the_default_limit_keeps_the_lesson_and_drops_the_rest() -> None:
    docs = Educational().process([Document(str(i), text) for i, text in enumerate(SAMPLES)])
    assert [doc.live for doc in docs] == [True, False, False, False]
    verdict = docs[1].verdict
    assert verdict is not None
    assert (verdict.stage, verdict.signal, verdict.limit) == ("educational", "educational", 2.5)


def test_the_packaged_model_scores_as_when_it_was_measured() -> None:
    """Change the numbers with the model only: words and style must be read as in training.

    The fingerprint in the file tells of other hashes, and nothing else of other measures of style.
    """
    text = (
        "“Schrödinger’s equation” (E. Schrödinger, 1926): iħ ∂ψ/∂t = Ĥψ – for H₂O, NaCl & CO₂ at "
        "21 °C; ΔE ≈ 3.2 eV!\n\nWHY is this SO? Because waves add up; e.g. 1/2 + 1/3 = 5/6. See "
        "www.example.org/a_b?q=1 or mail me@example.org :-)\n- Émile: \"C'est l'eau qui bout à 100 "
        '°C."\n- Москва, 北京, القاهرة, €5 — 50 % off… [1] {x} <b> | $9 #1 @home *now* `x`\n'
    )
    found = load("educational").predict([text])
    assert found.raw[0] == pytest.approx([1.593098, 1.026548, 0.971831, 0.951581], abs=1e-6)
    assert found.known == pytest.approx(0.827815, abs=1e-6)
    lesson = score(LESSON)
    assert [lesson[name] for name in ("educational", "reasoning", "lasting", "clean")] == (
        pytest.approx([4.0811, 2.3263, 1.8006, 1.875], abs=2e-4)
    )


def test_keeps_the_contract_of_a_stage() -> None:
    check_stage(Educational())
    check_stage(Educational(min_score=1.0, min_reasoning=0.5, min_lasting=0.5, min_clean=1.0))


@pytest.mark.parametrize(
    "text", ["", " \n\t\u00a0\u2003 ", "\x00", "\ud800" * 300, "2024 12 31 " * 90]
)
def test_a_text_without_words_scores_zero_and_is_dropped(text: str) -> None:
    found = score(text)
    assert {v for name, v in found.items() if not name.endswith("_high")} == {0.0}
    assert not Educational(min_score=0.01).process([Document("a", text)])[0].live


@pytest.mark.parametrize(
    "text",
    [
        "水在一百度的时候沸腾，因为它的蒸汽压力等于空气的压力。" * 30,
        "Вода кипит при ста градусах, потому что давление пара равно давлению воздуха. " * 10,
        "يغلي الماء عند مئة درجة لأن ضغط البخار يساوي ضغط الهواء. " * 10,
        "Wasser siedet bei hundert Grad, weil der Dampfdruck dem Druck der Luft gleicht. " * 10,
        "".join(random.Random(1).choices([chr(c) for c in range(33, 591)], k=3_000)),
        random.Random(2).randbytes(3_000).decode("latin-1"),
        "😀🎉🔥" * 300,
    ],
    ids=["chinese", "russian", "arabic", "german", "symbols", "bytes", "emoji"],
)
def test_what_the_model_cannot_read_scores_low(text: str) -> None:
    assert score(text)["educational"] < 1.0


def test_every_signal_is_in_its_range_and_the_interval_holds_the_score() -> None:
    rng = random.Random(0)
    words = " ".join(SAMPLES).split()
    texts = [" ".join(rng.choices(words, k=rng.randrange(1, 400))) for _ in range(200)]
    texts += [LESSON * n for n in (2, 5, 40)]
    ranges = {signal.name: (signal.low, signal.high) for signal in Educational.measures}
    stage = Educational(min_score=None)
    for found in stage.measure_batch([Document(str(i), text) for i, text in enumerate(texts)]):
        assert set(found) == set(ranges)
        for name, value in found.items():
            low, high = ranges[name]
            assert type(value) is float
            assert math.isfinite(value)
            assert low <= value <= high
        assert found["educational_low"] <= found["educational"] <= found["educational_high"]


def test_a_score_has_the_same_bits_in_every_batch() -> None:
    rng = random.Random(3)
    words = " ".join(SAMPLES).split()
    docs = [
        Document(str(i), " ".join(rng.choices(words, k=rng.choice((0, 1, 20, 150, 900)))))
        for i in range(700)
    ]
    stage = Educational(min_score=None)
    whole = stage.measure_batch(docs)
    assert [stage.measure(doc) for doc in docs[::7]] == whole[::7]
    assert stage.measure_batch(docs[::-1])[::-1] == whole
    assert stage.measure_batch(docs[:13]) == whole[:13]


def test_raw_scores_are_exact_sums_whatever_the_batch() -> None:
    model = load("educational")
    texts = [LESSON[i : i + 400] for i in range(0, 200, 3)] + [SHOP, NAVIGATION, CHAT]
    whole = model.predict(texts)
    for i in (0, 5, len(texts) - 1):
        alone = model.predict([texts[i]])
        assert (alone.raw[0] == whole.raw[i]).all()
        assert (alone.values[0] == whole.values[i]).all()


def test_sums_of_the_longest_windows_are_exact_even_with_the_heaviest_words() -> None:
    heavy = np.array([-128, 127, 127, -127], dtype=np.int8)
    model = replace(load("educational"), words=np.tile(heavy, (1 << BITS, 1)))
    for text in ("\u4e00 " * 2_000 + "".join(map(chr, range(0x2200, 0x22FF))) * 15, "a" * 8_000,
                 "".join(f"{chr(97 + i % 26)}{i} ;" for i in range(2_000))[:8_000]):  # fmt: skip
        found = features([text])
        words = model._read([text])[0][0]
        total = int(found.one_tf.astype(int).sum() + found.two_tf.astype(int).sum())
        assert words.tolist() == (heavy.astype(int) * total).tolist()


def test_a_long_page_is_the_mean_of_its_parts() -> None:
    good, bad = (LESSON + " ") * 6, (SHOP + " ") * 8  # one line: nothing stood there before
    mixed = score(good + bad)["educational"]
    assert score(bad)["educational"] + 0.5 < mixed < score(good)["educational"] - 0.5


def test_a_huge_page_costs_no_more_than_eight_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    model = load("educational")
    predict = type(model).predict

    def counted(self: object, texts: list[str]) -> object:
        seen.append(sum(map(len, texts)))
        return predict(model, texts)

    monkeypatch.setattr(type(model), "predict", counted)
    score("word " * 200_000)
    assert seen == [pytest.approx(8_000, rel=0.1)]


def test_a_lower_limit_never_drops_more() -> None:
    docs = [Document(str(i), text) for i, text in enumerate(SAMPLES)]
    kept = [
        {doc.id for doc in Educational(min_score=limit).process(docs) if doc.live}
        for limit in (None, 0, 0.5, 2.5, 4.9)
    ]
    assert kept[0] == kept[1] == {"0", "1", "2", "3"}
    assert all(more >= fewer for more, fewer in pairwise(kept))
    assert Educational(min_score=None).rules == ()
    assert [rule.bounds() for rule in Educational(min_score=0).rules] == [(("ge", 0.0),)]


def test_each_limit_judges_its_own_signal() -> None:
    stage = Educational(min_score=None, min_reasoning=1, min_lasting=1, min_clean=1)
    assert [rule.signal for rule in stage.rules] == ["reasoning", "lasting", "clean"]
    judged = stage.process([Document("a", SHOP)])[0]
    assert judged.verdict is not None
    assert judged.verdict.reason == "reasoning"


def test_a_pickled_stage_is_small_and_scores_the_same() -> None:
    stage = Educational(min_score=3)
    data = pickle.dumps(stage)
    assert len(data) < 1_000
    assert pickle.loads(data) == stage
    assert pickle.loads(data).measure(Document("a", LESSON)) == stage.measure(Document("a", LESSON))
    assert replace(stage, min_score=None).min_score is None


def test_the_packaged_file_is_small_and_has_the_promised_checksum() -> None:
    data = (FOLDER / entry("educational")["file"]).read_bytes()
    assert len(data) == entry("educational")["bytes"] <= 5_000_000
    assert hashlib.sha256(data).hexdigest() == checksum("educational")
    assert Educational().artifacts == {"educational.npz": f"sha256:{checksum('educational')}"}


def test_the_packaged_file_holds_no_pickle() -> None:
    with np.load(FOLDER / "educational.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "iufU" for name in arrays.files)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("educational.npz", "manifest.json"):
        shutil.copy(FOLDER / name, tmp_path / name)
    return tmp_path


def test_a_damaged_file_is_refused_with_the_fix(folder: Path) -> None:
    path = folder / "educational.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"educational\.npz is damaged.*sha256.*reinstall"):
        load("educational", folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [("min_score", 5.1), ("min_score", -1), ("min_clean", 3), ("min_reasoning", float("inf"))],
)
def test_a_limit_that_no_score_can_reach_is_refused(field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{field} = .* is not from 0 to"):
        Educational(**{field: value})


def test_a_limit_that_is_a_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="min_score"):
        Educational(min_score="2.5")  # type: ignore[arg-type]


def test_a_path_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: .*embedded null"):
        Educational(model="a\0b")


def test_a_missing_file_or_manifest_is_refused(folder: Path) -> None:
    (folder / "educational.npz").unlink()
    with pytest.raises(ConfigError, match="reinstall"):
        load("educational", folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        load("educational", folder / ".")


@pytest.mark.parametrize("change", ["hashing", "missing", "pickle"])
def test_a_file_that_does_not_belong_is_refused(folder: Path, change: str) -> None:
    path = folder / "educational.npz"
    with np.load(path) as found:
        arrays = {name: found[name] for name in found.files}
    if change == "hashing":
        arrays["hashing"] = arrays["hashing"] + np.uint64(1)
    elif change == "missing":
        del arrays["curve"]
    else:
        arrays["curve"] = np.array([{"a": 1}], dtype=object)
    with path.open("wb") as out:
        np.savez(out, **arrays)
    entries = json.loads((folder / "manifest.json").read_text())
    entries["educational"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(entries))
    with pytest.raises(ConfigError, match="cannot be used"):
        load("educational", folder)


def test_importing_the_package_loads_no_training_library() -> None:
    code = (
        "import sys; from webfilter.score import Educational; Educational(); "
        "print([m for m in ('sklearn', 'scipy', 'pyarrow', 'trafilatura') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_page_says_twice_counts_once() -> None:
    once = score(LESSON)
    again = score("\n\n".join([LESSON] * 8))
    assert again["educational"] == pytest.approx(once["educational"] / 8, rel=0.35)
    assert score(LESSON + "\nshort line" * 8)["educational"] > once["educational"] / 2


def test_white_space_says_nothing_twice() -> None:
    lines = [f"{part.strip()} {i}." for i, part in enumerate(LESSON.split(". "))]
    plain = score("\n\n".join(lines))["educational"]
    for width in (39, 40, 60):
        padded = score(f"\n{' ' * width}\n".join(lines))["educational"]
        assert padded == pytest.approx(plain, abs=0.1)
    assert score("\n".join(f"{line}{' ' * 60}" for line in lines))["educational"] > plain - 0.1


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_of_a_blank_page_there_is_no_doubt(text: str) -> None:
    assert set(score(text).values()) == {0.0}
