"""The model's arrays: what a file holds, against plain arithmetic, and damaged files."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from webfilter.language.embedded import Embedded, calibrated
from webfilter.language.features import BITS, Characters, letters, ngrams, points_of
from webfilter.language.scripts import main_script, main_scripts
from webfilter.language.weights import OFFSET, Weights

RUNS = (
    np.array([0, 65, 91, 97], np.uint32),
    np.array([0, 3, 2, 1], np.uint8),
    np.array([[65 + n, 97 + n] for n in range(26)], np.uint32),
)


def made(rows: int = 5_000, dim: int = 16, labels: int = 3) -> tuple[bytes, dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    kept = np.zeros(1 << BITS, bool)
    kept[rng.choice(1 << BITS, rows, replace=False)] = True
    points, _ = points_of(["the quick brown fox"])
    for features, _ in ngrams(points, Characters.of(*RUNS)):
        kept[features[::2]] = True
    kept[Characters.of(*RUNS).singles[[ord(char) for char in "thxz["]]] = True
    parts = {
        "rows": rng.integers(0, 16, (int(kept.sum()), dim)).astype(np.uint8),
        "scale": rng.random(dim).astype(np.float32),
        "output": rng.normal(size=(dim, labels)).astype(np.float32),
        "bias": rng.normal(size=labels).astype(np.float32),
    }
    return Weights.pack(kept, **parts, characters=RUNS), {"kept": kept, **parts}


def scores(weights: Weights, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    points, bounds = points_of(texts)
    return weights.scores(points, bounds, letters(points, bounds))


def test_scores_are_what_plain_arithmetic_gives() -> None:
    data, parts = made()
    weights = Weights.read(data)
    texts = ["the quick brown fox", "", "fox fox", "zzz", "", "qqq", "[", "the quick fox " * 30]
    texts += texts * 10
    logits, known = scores(weights, texts)
    place = np.cumsum(parts["kept"]) - 1
    for text, got, spoke in zip(texts, logits, known, strict=True):
        points, _ = points_of([text])
        single = weights.characters.singles[[ord(char) for char in text]]
        found = [single[single >= 0], *(f for f, _ in ngrams(points, weights.characters))]
        found = np.concatenate(found).astype(int)
        held = found[parts["kept"][found]]
        assert spoke == (len(held) > 0)
        numbers = parts["rows"][place[held]].astype(float) - OFFSET
        mean = numbers.sum(axis=0) / max(len(found), 1)  # what has no row counts as zeros
        wanted = (mean * parts["scale"]) @ parts["output"].astype(float) + parts["bias"]
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


def test_sums_of_the_longest_text_do_not_run_over() -> None:
    _, parts = made()
    parts["rows"][:] = 15
    weights = Weights.read(Weights.pack(**parts, characters=RUNS))
    logits, _ = scores(weights, ["the quick brown fox " * 30] * 64)
    one, _ = scores(weights, ["the quick brown fox"])
    np.testing.assert_allclose(logits, np.repeat(one, 64, axis=0), rtol=1e-9)


@pytest.mark.parametrize("at", [0, 10, 1_000, -100, -1])
def test_a_clipped_file_is_an_error(at: int) -> None:
    data, _ = made()
    with pytest.raises((ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile)):
        Weights.read(data[:at])


def test_parts_that_do_not_fit_are_an_error() -> None:
    _, parts = made()
    for name, value in (
        ("rows", parts["rows"][1:]),
        ("scale", parts["scale"][1:]),
        ("output", parts["output"][:, 1:]),
    ):
        with pytest.raises(ValueError, match=r"features|shapes"):
            Weights.read(Weights.pack(**{**parts, name: value}, characters=RUNS))


def test_the_packaged_file_holds_no_objects() -> None:
    weights = Embedded()._weights
    assert weights.words.dtype == np.uint64
    assert np.isfinite(weights.output).all()


def test_scripts_of_many_texts_are_those_of_each() -> None:
    texts = ["Привет", "", "ab漢", "漢字かな", "我们说话", "12", "ᏣᎳᎩ", "𐌰𐌱", "𠀀𠀁", "ω a b"]
    from webfilter.language.scripts import SCRIPTS

    places = main_scripts(letters(*points_of(texts)), len(texts))
    assert [SCRIPTS[p] if p >= 0 else None for p in places] == [main_script(t) for t in texts]
    assert [main_script(t) for t in texts] == [
        "Cyrl", None, "Latn", "Jpan", "Hans", None, "Cher", "Goth", "Hani", "Latn",
    ]  # fmt: skip


def test_han_beside_kana_is_japanese_and_counts_with_it() -> None:
    assert main_script("漢字漢字か abc") == "Jpan"
    assert main_script("漢字漢字か abcdef") == "Latn"


def test_a_letter_counts_as_often_as_it_stands() -> None:
    assert main_script("aaaaaa бвг") == "Latn"
    assert main_script("aaaaaa бвгбвгб") == "Cyrl"


def test_each_text_is_calibrated_by_the_first_table_that_takes_its_length() -> None:
    tables = [
        {"up_to": 10, "raw": [0, 1], "probability": [0, 0.5]},
        {"up_to": 20, "raw": [0, 1], "probability": [0, 0.8]},
        {"up_to": None, "raw": [0, 1], "probability": [0, 1.0]},
    ]
    lengths = np.array([5, 10, 11, 20, 21, 600])
    found = calibrated(tables, lengths, np.full(6, 0.5))
    assert found.tolist() == [0.25, 0.25, 0.4, 0.4, 0.5, 0.5]


def test_letters_without_a_single_known_feature_are_und() -> None:
    (guess,) = Embedded().predict(["\uab30\ua7f7"])  # Latin letters of phoneticians
    assert guess == ("und", "Latn", 1.0, ())


def test_guesses_do_not_depend_on_what_is_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["the brown fox", "", "ein kleiner Fuchs", "漢字かな", "12:30", "лиса и собака"] * 50
    engine = Embedded()
    together = engine.predict(texts, 3)
    monkeypatch.setattr("webfilter.language.embedded._CHUNK", 7)
    assert engine.predict(texts, 3) == together
    assert [engine.predict([text], 3)[0] for text in texts[:6]] == together[:6]
