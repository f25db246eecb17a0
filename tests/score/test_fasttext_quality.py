"""FastTextQuality: DCLM's way of reading a text, any supervised file, and none that crashes us."""

from __future__ import annotations

import hashlib
import pickle
import random
import subprocess
import sys
from pathlib import Path

import pytest

from webfilter import Pipeline
from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.language.fasttext_file import inspect
from webfilter.score.fasttext_quality import FastTextQuality
from webfilter.testing import check_stage

GOOD = ["because", "the", "force", "of", "water", "explains", "energy", "and", "light"]
BAD = ["buy", "cheap", "sale", "cart", "price", "offer", "shipping", "now", "discount"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny models of each kind of file: plain, pairs of words, subwords, tree, quantized."""
    import fasttext

    folder = tmp_path_factory.mktemp("fasttext")
    rng = random.Random(1)
    with (folder / "train.txt").open("w", encoding="utf-8") as file:
        for _ in range(300):
            for label, words in (("hq", GOOD), ("cc", BAD)):
                file.write(f"__label__{label} {' '.join(rng.choices(words, k=8))}\n")
    kinds = {
        "plain": {},
        "pairs": {"wordNgrams": 2, "bucket": 200},
        "parts": {"minn": 2, "maxn": 3, "bucket": 200},
        "tree": {"loss": "hs", "wordNgrams": 2, "bucket": 2000},
    }
    for name, settings in kinds.items():
        model = fasttext.train_supervised(
            str(folder / "train.txt"), dim=8, thread=1, verbose=0, epoch=5, **settings
        )
        model.save_model(str(folder / f"{name}.bin"))
    model.quantize(str(folder / "train.txt"), retrain=False, qnorm=True, cutoff=300)
    model.save_model(str(folder / "small.ftz"))
    return folder


def score(stage: FastTextQuality, text: str) -> float:
    value = stage.measure(Document("a", text))[stage.signal]
    assert type(value) is float
    return value


@pytest.mark.parametrize("name", ["plain.bin", "pairs.bin", "parts.bin", "tree.bin", "small.ftz"])
def test_every_kind_of_file_serves_and_keeps_the_contract(folder: Path, name: str) -> None:
    stage = FastTextQuality(folder / name, min_score=0.5)
    assert score(stage, " ".join(GOOD)) > 0.8
    assert score(stage, " ".join(BAD)) < 0.2
    if name in ("pairs.bin", "small.ftz"):
        check_stage(stage)


def test_the_probability_is_fasttexts_own_on_one_line(folder: Path) -> None:
    import fasttext

    model = fasttext.FastText._FastText(model_path=str(folder / "pairs.bin"))
    stage = FastTextQuality(folder / "pairs.bin")
    for text in ("force\nbuy\r\nwater\n", "  the energy\u2028cheap light\t", "unseen words only"):
        line = " ".join(text.strip().splitlines())
        labels, values = model.predict([line], k=2)
        expected = dict(zip(labels[0], values[0], strict=True))["__label__hq"]
        assert score(stage, text) == pytest.approx(min(float(expected), 1.0), abs=1e-6)
    # the newline is a space, so words on two lines are two words
    assert score(stage, "force\nwater") == score(stage, "force water")


def test_another_label_is_the_complement_and_a_misspelt_one_an_error(folder: Path) -> None:
    good = FastTextQuality(folder / "pairs.bin")
    bad = FastTextQuality(folder / "pairs.bin", label="__label__cc", signal="cc")
    text = "the force of a cheap sale"
    assert score(good, text) + score(bad, text) == pytest.approx(1.0, abs=1e-4)
    for label, match in (("hq", "known: __label__cc, __label__hq"), ("__label_hq", "did you mean")):
        with pytest.raises(UnknownName, match=match):
            FastTextQuality(folder / "pairs.bin", label=label)


def test_the_profile_is_dclms(folder: Path) -> None:
    stage = FastTextQuality.profile("dclm", path=folder / "pairs.bin")
    assert stage == FastTextQuality(folder / "pairs.bin")
    assert [rule.bounds() for rule in stage.rules] == [(("ge", 0.018112),)]
    assert "DCLM" in str(FastTextQuality.profiles["dclm"])


@pytest.mark.parametrize("text", ["", " \n\t ", "\0\0"])
def test_a_blank_text_scores_nothing_and_is_dropped(folder: Path, text: str) -> None:
    stage = FastTextQuality(folder / "pairs.bin")
    assert score(stage, text) == 0.0
    assert not stage([Document("a", text)])[0].live


def test_of_unknown_words_it_says_what_it_says_of_a_line_end(folder: Path) -> None:
    stage = FastTextQuality(folder / "plain.bin")
    unknown = score(stage, "zzz qqq")
    assert unknown > 0
    assert unknown == score(stage, "\u672c\u8a9e") != score(stage, "energy")


def test_only_the_beginning_where_asked(folder: Path) -> None:
    text = " ".join(GOOD) + " " + " ".join(BAD * 50)
    whole = FastTextQuality(folder / "pairs.bin")
    start = FastTextQuality(folder / "pairs.bin", chars=40)
    assert score(whole, text) < 0.3 < 0.8 < score(start, text)


def test_it_pickles_by_path_and_says_what_it_ran_with(folder: Path) -> None:
    path = folder / "pairs.bin"
    stage = FastTextQuality(path, min_score=0.1)
    assert score(stage, "force") > 0
    data = pickle.dumps(stage)
    assert len(data) < 1_000
    assert score(pickle.loads(data), "force") == score(stage, "force")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert stage.artifacts["pairs.bin"] == f"sha256:{digest}"
    other = FastTextQuality(folder / "plain.bin", min_score=0.1)
    assert Pipeline((stage,)).fingerprint() != Pipeline((other,)).fingerprint()


def test_settings_that_do_not_fit_are_named(folder: Path, tmp_path: Path) -> None:
    path = folder / "pairs.bin"
    for settings, match in (
        ({"min_score": 1.5}, r"min_score = 1\.5 is outside the range 0\.0 to 1\.0"),
        ({"signal": "Hi there"}, "signal = 'Hi there' is no name"),
        ({"chars": 0}, "chars = 0"),
    ):
        with pytest.raises(ConfigError, match=match):
            FastTextQuality(path, **settings)
    with pytest.raises(ConfigError, match="cannot be read"):
        FastTextQuality(tmp_path / "none.bin")
    (tmp_path / "other.bin").write_bytes(b"\x80\x04pickle, or whatever")
    with pytest.raises(ConfigError, match="is not a fastText model"):
        FastTextQuality(tmp_path / "other.bin")


def test_vectors_without_labels_are_no_classifier(folder: Path, tmp_path: Path) -> None:
    import fasttext

    model = fasttext.train_unsupervised(
        str(folder / "train.txt"), dim=4, thread=1, verbose=0, epoch=1, bucket=50, minCount=1
    )
    model.save_model(str(tmp_path / "vectors.bin"))
    assert not inspect(tmp_path / "vectors.bin", "x").supervised
    with pytest.raises(ConfigError, match="no supervised model"):
        FastTextQuality(tmp_path / "vectors.bin")


_FUZZ = """
import random, sys
from pathlib import Path
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.score.fasttext_quality import FastTextQuality, _open
out, rng, refused, used = Path(sys.argv[1]), random.Random(0), 0, 0
texts = ["the force of a cheap sale", "", "the " * 300, "\\u00e9\\u4e00 xyz"]
for name in sys.argv[2:]:
    whole = Path(name).read_bytes()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 2, 4))):
            at = rng.randrange(rng.choice((90, 300, len(data) - 4)))
            numbers = (0, 1, 255, 2**31 - 1, -1, -(2**31), rng.randrange(256))
            data[at : at + 4] = rng.choice(numbers).to_bytes(4, "little", signed=True)
        out.write_bytes(data if rng.random() < 0.9 else data[: rng.randrange(len(data))])
        _open.cache_clear()
        try:
            stage = FastTextQuality(out)
            for text in texts:
                stage.process([Document("a", text)])
            used += 1
        except (ConfigError, RuntimeError, ValueError):  # NaN weights raise on a text
            refused += 1
print(refused, used)
"""


def test_no_damage_to_a_file_ends_the_process(folder: Path, tmp_path: Path) -> None:
    names = [str(folder / name) for name in ("plain.bin", "pairs.bin", "tree.bin", "small.ftz")]
    command = [sys.executable, "-c", _FUZZ, str(tmp_path / "bad.bin"), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr[-500:])
    refused, used = map(int, done.stdout.split())
    assert refused > 200
    assert used > 20  # damage to weights is not seen, and need not be
